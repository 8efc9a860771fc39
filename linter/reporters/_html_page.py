"""The page of the HTML report, its style, and the script of its filters; the page refers to both by their hashes."""

from __future__ import annotations

from ..typed import Final

STYLE: Final = """
:root {
  color-scheme: light dark;
  --page: #ffffff; --text: #1c2024; --dim: #545b63; --line: #d5d9de; --panel: #f5f6f8; --link: #0b57a4; --focus: #0b57a4;
  --error: #a8071a; --warning: #8a4b00; --note: #0b57a4; --passed: #17692f; --mark: #ffe08a; --mark-text: #1c2024;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171a; --text: #e6e8ea; --dim: #a9b1b9; --line: #383e45; --panel: #1d2125; --link: #85bdff; --focus: #85bdff;
    --error: #ff9c9c; --warning: #ffc46b; --note: #85bdff; --passed: #7fd89a; --mark: #6b5200; --mark-text: #ffffff;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
header, main { max-width: 75rem; margin: 0 auto; padding: 0 1rem; }
main { padding-bottom: 4rem; }
h1 { margin: 1.5rem 0 0; font-size: 1.6rem; }
h2 { margin: 2.5rem 0 .75rem; font-size: 1.25rem; }
h3 { margin: 1.5rem 0 0; font-size: 1rem; font-weight: 600; }
h4 { margin: 0; font-size: 1rem; font-weight: 600; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
.skip { position: absolute; left: -100rem; padding: .5rem 1rem; background: var(--page); }
.skip:focus { left: .5rem; top: .5rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: .75rem 0; padding: 0; list-style: none; }
.summary { margin: .25rem 0; font-size: 1.1rem; }
.dim { color: var(--dim); }
code, pre { font-family: ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; font-size: .875rem; }
.filters { display: flex; flex-wrap: wrap; gap: .75rem 1.25rem; align-items: end; margin: 0; padding: 1rem; background: var(--panel);
  border: 1px solid var(--line); border-radius: .5rem; }
.filters fieldset { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: 0; padding: 0; border: 0; }
.filters legend, .filters .label { display: block; padding: 0; font-size: .875rem; color: var(--dim); }
.filters select, .filters input[type=search], .filters button { max-width: 100%; min-height: 2.25rem; padding: .25rem .5rem; font: inherit;
  color: inherit; background: var(--page); border: 1px solid var(--dim); border-radius: .25rem; }
.filters select { width: 14rem; }
.count { flex-basis: 100%; margin: 0; }
.findings { margin: 1rem 0 0; padding: 0; list-style: none; }
.finding { margin: 0 0 1rem; padding: .75rem 1rem; border: 1px solid var(--line); border-left: .35rem solid var(--dim);
  border-radius: .25rem; }
.many > li { content-visibility: auto; contain-intrinsic-size: auto 9rem; }
.finding p { margin: .35rem 0; }
.finding.error { border-left-color: var(--error); }
.finding.warning { border-left-color: var(--warning); }
.finding.note { border-left-color: var(--note); }
.level { font-weight: 700; }
.level.error { color: var(--error); }
.level.warning { color: var(--warning); }
.level.note { color: var(--note); }
.level.passed { color: var(--passed); }
pre { margin: .5rem 0; padding: .5rem .75rem; background: var(--panel); border-radius: .25rem; white-space: pre-wrap; }
.number { color: var(--dim); user-select: none; }
mark { background: var(--mark); color: var(--mark-text); border-radius: .15rem; }
del, ins { text-decoration: none; }
del { color: var(--error); }
ins { color: var(--passed); }
mark:empty { padding: 0 .2rem; }
.related { margin: .5rem 0 0; padding-left: 1.25rem; }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: .35rem .75rem .35rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { font-size: .875rem; color: var(--dim); }
th, td { overflow-wrap: normal; }
td:first-child { min-width: 10rem; }
td:last-child { min-width: 7rem; }
td code { overflow-wrap: anywhere; }
td ul { margin: 0; padding-left: 1.25rem; }
summary { cursor: pointer; padding: .25rem 0; }
@media print { .filters, nav, .skip { display: none; } .finding { break-inside: avoid; } .many > li { content-visibility: visible; } }
"""

SCRIPT: Final = """
(() => {
  "use strict";
  const form = document.getElementById("filters");
  if (form) {
    const findings = Array.from(document.querySelectorAll("#findings .findings > li"));
    const texts = findings.map((one) => one.textContent.toLowerCase());
    const count = document.getElementById("count");
    const show = () => {
      const levels = new Set(Array.from(form.querySelectorAll("[name=severity]:checked"), (box) => box.value));
      const words = form.elements.text.value.toLowerCase().split(/\\s+/).filter(Boolean);
      let shown = 0;
      findings.forEach((one, index) => {
        const data = one.dataset;
        const fits = levels.has(data.severity)
          && ["file", "category", "rule"].every((name) => !form.elements[name].value || form.elements[name].value === data[name])
          && words.every((word) => texts[index].includes(word));
        one.hidden = !fits;
        shown += fits ? 1 : 0;
      });
      document.querySelectorAll("#findings .file").forEach((one) => { one.hidden = !one.querySelector(".findings > li:not([hidden])"); });
      count.textContent = shown === findings.length
        ? `All ${findings.length} findings are shown.` : `${shown} of ${findings.length} findings are shown.`;
    };
    form.addEventListener("input", show);
    form.addEventListener("reset", () => setTimeout(show));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    show();
  }
  const choice = document.getElementById("rule-filters");
  if (choice) {
    const rows = Array.from(document.querySelectorAll("#rules tbody tr"));
    const show = () => {
      const status = choice.elements.status.value;
      const words = choice.elements.text.value.toLowerCase().split(/\\s+/).filter(Boolean);
      rows.forEach((row) => {
        const text = row.textContent.toLowerCase();
        const found = Array.from(row.querySelectorAll("[data-status]"), (one) => one.dataset.status);
        row.hidden = (status && !found.includes(status)) || !words.every((word) => text.includes(word));
      });
    };
    choice.addEventListener("input", show);
    choice.addEventListener("submit", (event) => event.preventDefault());
    choice.hidden = false;
    show();
  }
  const open = () => {
    const target = location.hash ? document.getElementById(location.hash.slice(1)) : null;
    const details = target ? target.closest("details") : null;
    if (details) {
      details.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", open);
  open();
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
})();
"""

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
