"""The page of the HTML report, its style, and the script of its filters; the page refers to both by their hashes."""

from __future__ import annotations

from pathlib import Path

from ..typed import Final


def _content(name: str) -> str:
    return "\n" + Path(__file__).with_name(name).read_text(encoding="utf-8")


STYLE: Final = _content("html.css")
SCRIPT: Final = _content("html.js")
PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>medplum-lint: {says}</title>
<style>{style}</style>
</head>
<body>
<a class="skip" href="#findings">Skip to the findings</a>
<header>
<h1>Medplum configuration report</h1>
<p class="summary">{says}.</p>
<p class="dim">Made by medplum-lint {version}. Secrets are masked: they are not in this file.</p>
<nav aria-label="Parts of this report"><ul>
{parts}
</ul></nav>
</header>
<main>
{sections}
</main>
<script>{script}</script>
</body>
</html>
"""

FILTERS: Final = """<form id="filters" class="filters" role="search" aria-label="Filter the findings" hidden>
<fieldset><legend>Severity</legend>
{levels}
</fieldset>
{choices}
<label><span class="label">Text</span><input type="search" name="text" autocomplete="off"></label>
<button type="reset">Show all</button>
<p id="count" class="count" role="status"></p>
</form>"""
"""The filters, hidden until the script that makes them work shows them."""
RULE_FILTERS: Final = """<form id="rule-filters" class="filters" role="search" aria-label="Filter the rules" hidden>
{choices}
<label><span class="label">Text</span><input type="search" name="text" autocomplete="off"></label>
</form>"""
"""The same for the table of rules."""
