"""The HTML page: one file that loads nothing, in which nothing of a name or a message is markup, and which can be used without seeing it.

A browser runs its script where there is one.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import shutil
import subprocess
from datetime import date, datetime, timezone
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.formats import Tree, tree
from support.runs import RULE, accepted, document, finding, record, reported, result

from linter.model import (
    Command,
    Configuration,
    Deployment,
    FileStatus,
    Fix,
    Operation,
    Record,
    Related,
    Result,
    RuleCoverage,
    RuleStatus,
    sentence,
)
from linter.policy.controls import catalogue
from linter.reporters import html
from linter.reporters._html_page import SCRIPT, STYLE
from linter.text import Edit


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def page(run: Result) -> Tree:
    return tree(reported("html", run))


def rich() -> Result:
    server, other = document(), document(uri="b/other.json", environment="prod")
    related = Related(other, ("baseUrl",), other.locate(("baseUrl",)), "baseUrl is here")
    fix = Fix((), True, "set port", commands=(Command((Operation("put", "/a", ("aws ssm put-parameter --name /a",), ()),)),))
    run = result(
        finding("port is a note", server, level="note"),
        finding("port is 8103", server, related=(related,), fix=fix),
        finding("baseUrl is odd", other, ("baseUrl",), "warning", rule="acme/other"),
        finding("it is accepted", server, acceptance=accepted("everybody knows", by="<Jane>", until=date(2027, 1, 31))),
        files=(FileStatus("locked.json", None, None, None, "failed", "permission denied"),),
    )
    return run._replace(
        record=partial(record, RULE._replace(id="acme/passed", title="It passed", category="", links=("https://x.example/",)), found=True),
        configurations=(Configuration("lint.toml", False, ("missing-host",), 2, 0, None),),
        deployments=(Deployment("prod", (server, other)),),
    )


# --- One file that loads nothing ----------------------------------------------------------------------------------------------------


def test_it_loads_nothing() -> None:
    made = page(rich())
    for name, attributes in made.elements:
        assert name not in ("link", "img", "iframe", "object", "embed", "base", "audio", "video")
        assert not {"src", "srcset", "style", "background", "action"} & set(attributes)
        assert not any(key.startswith("on") for key in attributes)
    assert "url(" not in STYLE and "@import" not in STYLE and "fetch" not in SCRIPT


def test_its_policy_allows_its_own_style_and_script_only() -> None:
    text = reported("html", rich())
    [policy] = (
        attributes["content"] for name, attributes in tree(text).elements if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    allowed = dict(part.split(" ", 1) for part in (policy or "").split("; "))
    for directive, tag in (("style-src", "style"), ("script-src", "script")):
        [content] = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert allowed.pop(directive) == f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
    assert allowed == {"default-src": "'none'", "base-uri": "'none'", "form-action": "'none'"}


@given(st.text() | st.text(st.sampled_from("<>&'\"/=scriptonload !-[]\x00\ud800")))
def test_any_text_is_text(text: str) -> None:
    """As many elements as in a page without it, in a message, a path, a reason, and an attribute."""
    where, plain = document(uri=f"x{text}.json"), document(uri="x.json")
    runs = (
        result(
            finding(f"m{one}", place),
            finding("a", place, acceptance=accepted(f"r{one}", by=f"b{one}", file=f"f{one}")),
            finding("x", place, rule=f"acme/x{one}"),
        )
        for one, place in ((text, where), ("", plain))
    )
    made, expected = map(page, runs)
    assert [name for name, _ in made.elements] == [name for name, _ in expected.elements]
    assert [sorted(attributes) for _, attributes in made.elements] == [sorted(attributes) for _, attributes in expected.elements]


def test_a_link_is_one_of_https_only() -> None:
    for link, expected in (('https://x.example/a"b', ['https://x.example/a"b']), ("javascript:alert(1)", []), ("our wiki", [])):
        run = result()._replace(record=partial(record, RULE._replace(links=(link,))))
        links = [attributes["href"] for name, attributes in page(run).elements if name == "a"]
        assert [one for one in links if not (one or "").startswith("#")] == expected


# --- What is in it ------------------------------------------------------------------------------------------------------------------


def test_findings_are_grouped_by_file_most_severe_first_with_filter_data() -> None:
    shown = [attributes for name, attributes in page(rich()).elements if name == "li" and "data-severity" in attributes]
    assert [(one["data-severity"], one["data-file"], one["data-category"], one["data-rule"]) for one in shown] == [
        ("error", "server.json", "acme", "acme/port"),
        ("note", "server.json", "acme", "acme/port"),
        ("warning", "b/other.json", "without a category", "acme/other"),
        ("error", "server.json", "acme", "acme/port"),  # the accepted one, in a list of its own
    ]


def test_a_control_has_the_rules_that_support_it_why_and_what_they_found() -> None:
    other = RULE._replace(id="acme/other", controls={"SC-8(1)": "TLS <protects>", "CIS-2.2.4": "two zones"})
    silent = RULE._replace(id="acme/silent", controls={"SC-8(1)": "https", "AC-2": "accounts"})
    run = result(
        finding("a", rule="acme/other"), finding("b", rule="acme/other"), finding("c", rule="acme/other", acceptance=accepted("fine"))
    )
    covered = (RuleCoverage(other, ((RuleStatus("found", ""), 1),)), RuleCoverage(silent, ((RuleStatus("off", "--ignore names it"), 1),)))
    run = run._replace(rules={one.id: one for one in (other, silent)}, record=lambda: Record(covered), controls=catalogue())
    text = reported("html", run)
    assert (
        text[text.index('<section id="controls"') : text.index("</main>")]
        == """\
<section id="controls" aria-labelledby="controls-title">
<h2 id="controls-title">By control</h2>
<p>A check supports a control. That it finds nothing does not show that the control is met.</p>
<details><summary>NIST SP 800-53 (Revision 5, OSCAL catalogue 5.1.1+u4): 2 controls</summary>
<div class="wide" role="region" aria-label="NIST SP 800-53" tabindex="0"><table><thead><tr><th scope="col">Control</th>\
<th scope="col">Checks that support it</th><th scope="col">Result</th></tr></thead><tbody>
<tr><td>AC-2, Account Management</td><td><ul>\
<li><a href="#rule-1"><code>acme/silent</code></a> (switched off): accounts</li></ul></td><td>not checked</td></tr>
<tr><td>SC-8(1), Cryptographic Protection</td><td><ul><li><a href="#rule-0"><code>acme/other</code></a> (found): TLS &lt;protects&gt;</li>\
<li><a href="#rule-1"><code>acme/silent</code></a> (switched off): https</li></ul></td><td>2 findings, 1 accepted</td></tr>
</tbody></table></div>
</details>
<details><summary>CIS AWS Foundations Benchmark (5.0.0): 1 control</summary>
<div class="wide" role="region" aria-label="CIS AWS Foundations Benchmark" tabindex="0"><table><thead><tr><th scope="col">Control</th>\
<th scope="col">Checks that support it</th><th scope="col">Result</th></tr></thead><tbody>
<tr><td>CIS-2.2.4</td><td><ul>\
<li><a href="#rule-0"><code>acme/other</code></a> (found): two zones</li></ul></td><td>2 findings, 1 accepted</td></tr>
</tbody></table></div>
</details>
</section>
"""
    )
    assert "<p>No rule of this run supports a control.</p>" in reported("html", rich())


def test_the_place_is_marked_and_secrets_are_masked() -> None:
    text = reported("html", result(finding("password is short", path=("database", "password"))))
    assert (
        '<span class="number" aria-hidden="true">4  </span>  &quot;database&quot;: {&quot;password&quot;: <mark>&quot;••••••&quot;</mark>}'
        in text
    )
    assert "hunter2" not in text


def test_a_finding_has_the_parts_of_the_text_report() -> None:
    where = document()
    says = sentence("port is 8103", "nobody listens there", "set another", stops=True)
    fix = Fix((), False, "set port to 80", (Edit(where.locate(("port",)), "80"),), True)
    made = page(result(finding("late", where, level="note"), finding("", where, fix=fix)._replace(says=says)))
    parts = [
        "server.json (server/json, production): 1 of 2 findings keeps the server from starting",
        "error: port is 8103",
        "why: nobody listens there",
        "fix: set another",
        "fix with --unsafe-fixes: set port to 80",
        '-   "port": 8103,',
        '+   "port": 80,',
        "note: late",
    ]
    places = [made.text.find(part) for part in parts]
    assert -1 not in places and places == sorted(places), dict(zip(parts, places, strict=True))
    assert [name for name, _ in made.elements if name in ("del", "ins")] == ["del", "ins"]


def test_what_was_checked_and_passed() -> None:
    made = page(rich()).text
    for part in (
        "1 error, 1 warning and 1 note in 2 files, 1 failed (1 suppressed).",
        "Made by medplum-lint 1.2.3.",
        "setting port, rule acme/port",
        "b/other.json:2:14: baseUrl is here (environment prod)",
        "server.json (server/json, production)",
        "b/other.json (server/json, environment prod, production)",
        "fix with --fix-script: set port",
        "aws ssm put-parameter --name /a",
        "accepted: everybody knows (by <Jane>, until 2027-01-31, lint.toml:3)",
        "could not be read: permission denied",
        "Checked against each other as environment prod: server.json and b/other.json (environment prod).",
        "Configuration lint.toml: 1 rule off, 2 paths excluded (missing-host).",
        "1 found, 1 checked.",
        "It passed (documentation)",
        "checked: every clause is satisfied",
    ):
        assert part in made, part


def test_a_clean_run() -> None:
    run = result(files=(FileStatus("a.json", "server/json", None, "production", "checked"),))
    made = page(run)
    assert "No findings in 1 file." in made.text and "Nothing was found." in made.text and "passed" in made.text
    assert [attributes["id"] for name, attributes in made.elements if name == "form"] == ["rule-filters"]
    assert "Nothing was checked, so nothing was found." in page(result()).text


def test_the_time_of_certificates() -> None:
    where = document()
    where.now = datetime(2026, 1, 31, tzinfo=timezone.utc)
    assert "Certificates are checked as of 2026-01-31 00:00 UTC." in page(result(finding("x", where))).text


def test_a_missing_setting_has_no_excerpt() -> None:
    assert "<mark>" not in reported("html", result(finding("supportEmail is missing", path=("supportEmail",))))


# --- Who does not see it ------------------------------------------------------------------------------------------------------------


def test_it_can_be_used_without_seeing_it() -> None:
    text = reported("html", rich())
    elements = tree(text).elements
    names = [name for name, _ in elements]
    assert [names.count(one) for one in ("h1", "main", "header", "nav")] == [1, 1, 1, 1]
    assert ("html", {"lang": "en"}) in elements
    levels = [int(name[1]) for name in names if re.fullmatch("h[1-6]", name)]
    assert levels[0] == 1 and all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))
    ids = {attributes["id"] for _, attributes in elements if "id" in attributes}
    assert len(ids) == sum("id" in attributes for _, attributes in elements)
    for name, attributes in elements:
        if name == "a" and (attributes["href"] or "").startswith("#"):
            assert (attributes["href"] or "")[1:] in ids
        if name in ("section", "th", "nav", "form"):
            assert {"aria-labelledby", "aria-label", "scope"} & set(attributes)
        assert (attributes.get("aria-labelledby") or next(iter(ids))) in ids
    assert len(re.findall("<label>.*?<(?:input|select)", text)) == sum(name in ("input", "select") for name in names)
    assert 'role="status"' in text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_can_be_distinguished(scheme: str) -> None:
    """WCAG 2.2 asks for a contrast of 4.5 between a text and its background."""
    block = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[scheme == "dark"]
    colours = dict(re.findall(r"--([\w-]+): #([0-9a-f]{6});", block))
    pairs = [(text, behind) for text in ("text", "dim", "link", "error", "warning", "note", "passed") for behind in ("page", "panel")]
    for text, behind in (*pairs, ("mark-text", "mark")):
        assert _contrast(colours[text], colours[behind]) >= 4.5, (text, behind)


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[index : index + 2], 16) / 255 for index in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
def test_a_browser_runs_the_script_that_the_policy_allows(tmp_path: Path) -> None:
    Path("page.html").write_text(reported("html", rich()), encoding="utf-8")
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
    ]
    command = [str(CHROMIUM), *flags, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", f"file://{tmp_path / 'page.html'}"]
    shown = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, timeout=120).stdout
    assert '<p id="count" class="count" role="status">All 3 findings are shown.</p>' in shown
    assert ' hidden=""' not in shown


def test_a_stream_that_lacks_characters_has_references_for_them() -> None:
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding="ascii", newline="\n")
    html.report(result(finding("é \U0001f600", path=("database", "password"))), stream)
    stream.flush()
    made = tree(buffer.getvalue().decode("ascii"))
    assert "é \U0001f600" in made.text and "••••••" in made.text
    assert (STYLE + SCRIPT).isascii()  # their hashes hold in every encoding
