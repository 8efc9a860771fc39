"""One page of HTML that an auditor can keep (``--format html``): the findings, and what was checked and passed.

Where there is a choice:

* **It is one file that loads nothing.** Its policy (CSP) allows the one style and the one script that are in it, by their hashes: neither
  the network nor what a name or a message holds can bring in more.
* **All of it is there without the script**, which only adds the filters; it can be read aloud, printed, and searched.
* **A severity is a word**, and a colour only beside it; light or dark is what the reader's system says.
* **Suppressed findings are in it**, with their reasons, in a part of their own: what was accepted is what an auditor looks for.
* **Controls are in a part of their own**, each with the rules that support it, why, and how many findings they have. It promises no more.
* **It names no time and no machine**: two runs on the same files give the same page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from json import JSONEncoder

from ..model import LEVELS, Digest, FileStatus, Finding, Result, RuleCoverage, Status, Style, dotted, gathered
from ..redaction.mask import holder_text
from ..text import Excerpt, count, inert, printable
from ..typed import IO, Final
from ._changes import change_of
from ._html_page import FILTERS, PAGE, RULE_FILTERS, SCRIPT, STYLE
from ._places import Place, Placer
from ._words import NO_PROMISE, acceptance_text, by_document, line, notes_of, of_holder, shown, summary, together, used, write_markup

SHOWS_CONTROLS: Final = True
"""Whether it shows the controls that rules support, which only then are read."""
_NO_CATEGORY: Final = "without a category"
_MANY: Final = 500
"""The number of findings beyond which a browser should lay out only the visible ones."""
_SIGNS: Final = {"- ": "del", "+ ": "ins"}
"""The elements for what a fix removes and adds."""
_BRACES: Final = ("", "{", "{}", "[", "[]")
"""Lines that show nothing: what is not there is reported at the start of what lacks it."""


def report(result: Result, stream: IO[str], style: Style = Style()) -> None:
    """Write the page, with references for what the stream cannot hold; ``quiet`` leaves nothing out."""
    write_markup(stream, _page(result, Placer()))


def _page(result: Result, place: Placer) -> str:
    open_ = shown(result)
    accepted = [finding for finding in result.findings if finding.suppressed is not None]
    by_rule = [Counter(finding.rule for finding in findings) for findings in (open_, accepted)]
    nothing = "Nothing was found." if result.files else "Nothing was checked, so nothing was found."
    sections: list[tuple[str, str, Iterable[str]]] = [
        ("findings", "Findings", [_filters(open_, result, place), *_list(open_, result, place)] if open_ else [f"<p>{nothing}</p>"]),
        ("checked", "What was checked", _checked(result, open_, place)),
        ("rules", "Rules", _rules(result, *by_rule)),
        ("controls", "By control", _controls(result, *by_rule)),
    ]
    if accepted:
        listed = ["<p>These are suppressed, with the reasons given.</p>", *_list(accepted, result, place)]
        sections.insert(1, ("accepted", "Accepted findings", listed))
    policy = f"default-src 'none'; style-src '{_hash(STYLE)}'; script-src '{_hash(SCRIPT)}'; base-uri 'none'; form-action 'none'"
    says = _text(summary(result) if result.files else "Nothing was checked")
    texts = {"policy": policy, "says": says, "version": _version(result), "style": STYLE, "script": SCRIPT}
    parts = "\n".join(f'<li><a href="#{name}">{title}</a></li>' for name, title, _ in sections)
    return PAGE.format(**texts, parts=parts, sections="\n".join(_section(*section) for section in sections))


def _version(result: Result) -> str:
    data = result.record().data
    return _text(result.version) + (f" (rules and settings {_code(data)})" if data else "")


def _section(name: str, title: str, content: Iterable[str]) -> str:
    start = f'<section id="{name}" aria-labelledby="{name}-title">\n<h2 id="{name}-title">{title}</h2>'
    return "\n".join((start, *content, "</section>"))


def _hash(content: str) -> str:
    """The hash that a policy uses for a style or script in the page."""
    from base64 import b64encode
    from hashlib import sha256

    return f"sha256-{b64encode(sha256(content.encode()).digest()).decode()}"


# Findings


def _filters(findings: list[Finding], result: Result, place: Placer) -> str:
    levels = Counter(finding.severity for finding in findings)
    boxes = (f'<input type="checkbox" name="severity" value="{level}" checked> {level} ({levels[level]:,})' for level in LEVELS)
    choices = (
        _select("file", "File", (place.file(finding.document.uri).text for finding in findings)),
        _select("category", "Category", (_category(finding, result) for finding in findings)),
        _select("rule", "Rule", (printable(finding.rule) for finding in findings)),
    )
    return FILTERS.format(levels="\n".join(f"<label>{box}</label>" for box in boxes), choices="\n".join(choices))


def _select(name: str, label: str, values: Iterable[str]) -> str:
    counted = sorted(Counter(values).items())
    options = (f'<option value="{_text(value)}">{_text(value)} ({number:,})</option>\n' for value, number in counted)
    start = f'<label><span class="label">{label}</span><select name="{name}"><option value="">all</option>\n'
    return f"{start}{''.join(options)}</select></label>"


def _category(finding: Finding, result: Result) -> str:
    rule = result.rules.get(finding.rule)
    return printable(rule.category) if rule is not None and rule.category else _NO_CATEGORY


def _list(findings: list[Finding], result: Result, place: Placer) -> Iterator[str]:
    ids = _ids(result)
    many = " many" if len(findings) > _MANY else ""
    for document, facts, groups in by_document(findings):
        yield f'<div class="file"><h3>{_code(place.file(document.uri).text)}{_text(facts)}</h3>\n<ol class="findings{many}">'
        for finding in (one for _, group in groups for one in group):
            where = place(finding)
            data = {
                "severity": finding.severity,
                "file": where.file.text,
                "category": _category(finding, result),
                "rule": printable(finding.rule),
            }
            attributes = " ".join(f'data-{name}="{_text(value)}"' for name, value in data.items())
            yield from (f"<li {attributes}>", *_finding(finding, where, ids.get(finding.rule), place), "</li>")
        yield "</ol></div>"


def _finding(finding: Finding, where: Place, rule: str | None, place: Placer) -> Iterator[str]:
    severity = finding.severity
    yield f'<article class="finding {severity}">'
    yield f'<h4><span class="level {severity}">{severity}</span>: {_text(line(finding.says.what))}</h4>'
    setting = f"setting {_code(dotted(finding.path))}, " if finding.path else ""
    name = f'<a href="#{rule}">{_code(finding.rule)}</a>' if rule else _code(finding.rule)
    yield f'<p class="dim">in {_code(where.text)}, {setting}rule {name}</p>'
    excerpt = finding.document.origin.excerpt(finding.path, finding.span)
    if excerpt.text.strip() not in _BRACES:
        yield _excerpt(excerpt)
    if finding.related:
        yield '<ul class="related">'
        for one in finding.related:
            yield f"<li>{_code(place(one).text)}: {_text(line(one.message))}{_text(of_holder(one.document))}"
            yield f"{_excerpt(one.document.origin.excerpt(one.path, one.span))}</li>"
        yield "</ul>"
    if finding.acceptance is not None:
        why = acceptance_text(finding.acceptance, place.file(finding.acceptance.file).text)
        yield f"<p><strong>accepted:</strong> {_text(why)}</p>"
    yield from (f"<p><strong>{what}:</strong> {_text(line(text))}</p>" for what, text in notes_of(finding) if text)
    change = [f"<{_SIGNS[sign]}>{_text(one)}</{_SIGNS[sign]}>" if (sign := one[:2]) in _SIGNS else _text(one) for one in change_of(finding)]
    if change:
        yield "".join(("<pre><code>", "\n".join(change), "</code></pre>"))
    yield "</article>"


def _excerpt(excerpt: Excerpt) -> str:
    before, marked, after = excerpt.text[: excerpt.start], excerpt.text[excerpt.start : excerpt.end], excerpt.text[excerpt.end :]
    number = f'<span class="number" aria-hidden="true">{excerpt.line}  </span>'
    return f"<pre><code>{number}{_text(before)}<mark>{_text(marked)}</mark>{_text(after)}</code></pre>"


# What was checked


def _checked(result: Result, findings: list[Finding], place: Placer) -> Iterator[str]:
    found: Counter[tuple[str, str | None]] = Counter((finding.document.uri, finding.document.environment) for finding in findings)
    if result.files:
        head = ("File", "Kind", "Configures", "Target", "Server", "SHA-256", "Result")
        digests = {(one.uri, one.environment): digest for one, digest in result.record().digests().items()}
        files = ((file, digests.get((file.path, file.environment))) for file in result.files)
        yield _table("Files", head, (_file(file, digest, found, place) for file, digest in files))
    notes = [_text(together(deployment)) for deployment in result.deployments]
    for configuration in result.configurations:
        rules = f" ({', '.join(map(_code, configuration.rules_off))})" if configuration.rules_off else ""
        notes.append(f"Configuration {_code(configuration.path)}: {_text(used(configuration))}{rules}.")
    for options, paths in result.record().options:
        given = "; ".join(f"{name} = {JSONEncoder().encode(value)}" for name, value in options.items())
        notes.append(f"Options in force for {', '.join(map(_code, paths))}: {_code(given)}.")
    times = {document.now for document in result.documents if document.now is not None}
    notes += sorted({f"Certificates are checked as of {now:%Y-%m-%d %H:%M} UTC." for now in times})
    if notes:
        yield f"<ul>{''.join(f'<li>{note}</li>' for note in notes)}</ul>"


def _file(file: FileStatus, digest: Digest | None, found: Counter[tuple[str, str | None]], place: Placer) -> list[str]:
    number = found[file.path, file.environment]
    if file.status == "checked":
        outcome = _text(count(number, "finding")) if number else '<span class="level passed">passed</span>'
    else:
        level = "error" if file.status == "failed" else "note"
        status = "could not be read" if file.status == "failed" else "ignored"
        outcome = f'<span class="level {level}">{status}</span>{_text(f": {line(file.note)}" if file.note else "")}'
    server = "" if file.server is None else file.server.described
    cells = (_text(line(one or "")) for one in (file.kind, holder_text(file), file.target, server))
    summed = "" if digest is None else f"{_code(digest.sha256)}{_text('' if digest.of == 'content' else f' of the {digest.of}')}"
    return [_code(place.file(file.path).text), *cells, summed, outcome]


# Rules


_RESULTS: Final[Mapping[Status, str]] = {
    "found": "found",
    "undecided": "could not be decided",
    "checked": "checked",
    "off": "switched off",
    "not-applicable": "not applicable",
}
"""What the page calls a status, in the order of its rows."""
_CHECKED: Final = frozenset({_RESULTS["found"], _RESULTS["undecided"], _RESULTS["checked"]})


def _rules(result: Result, found: Mapping[str, int], suppressed: Mapping[str, int]) -> Iterator[str]:
    """Every rule with its status and the reason."""
    covered = result.record().rules
    firsts = Counter(_RESULTS[one.statuses[0][0].status] for one in covered)
    yield f"<p>{_text(', '.join(f'{firsts[name]:,} {name}' for name in _RESULTS.values() if firsts[name]))}.</p>" if covered else ""
    every = (name for one in covered for name in {_RESULTS[own.status] for own, _ in one.statuses})
    yield RULE_FILTERS.format(choices=_select("status", "Result", every))
    ids, order = _ids(result), list(_RESULTS)
    ordered = sorted(covered, key=lambda one: order.index(one.statuses[0][0].status))
    rows = (_rule(one, ids[one.rule.id], found, suppressed) for one in ordered)
    yield _table("Rules", ("Rule", "Category", "Title", "Result"), rows)


def _ids(result: Result) -> dict[str, str]:
    """The anchor of each rule."""
    return {one.rule.id: f"rule-{number}" for number, one in enumerate(result.record().rules)}


def _rule(covered: RuleCoverage, id_: str, found: Mapping[str, int], suppressed: Mapping[str, int]) -> list[str]:
    rule = covered.rule
    link = next((link for link in rule.links if link.startswith("https://")), None)
    title = _text(line(rule.title))
    if link is not None:
        label = f"documentation of {printable(rule.id)}"
        title += f' (<a href="{_text(printable(link))}" rel="noreferrer" aria-label="{_text(label)}">documentation</a>)'
    results = []
    for own, number in covered.statuses:
        of = f" in {count(number, 'document')}" if len(covered.statuses) > 1 else ""
        counted = [count(found[rule.id], "finding")] if found[rule.id] else []
        counted += [f"{suppressed[rule.id]:,} accepted"] if suppressed[rule.id] else []
        why = ", ".join(counted) if own.status == "found" else line(own.why)
        name, rest = _RESULTS[own.status], f"{of}{f': {why}' if why else ''}"
        results.append(f'<div><span class="level" data-status="{name}">{name}</span>{_text(rest)}</div>')
    return [f'<span id="{id_}">{_code(rule.id)}</span>', _text(printable(rule.category)), title, "".join(results)]


# Controls


def _controls(result: Result, found: Mapping[str, int], suppressed: Mapping[str, int]) -> Iterator[str]:
    """The controls that rules of this run support, by their frameworks."""
    ids = _ids(result)
    became = {rule.rule.id: _RESULTS[rule.statuses[0][0].status] for rule in result.record().rules}
    supporting = gathered((control, rule) for rule in result.rules.values() for control in rule.controls)
    yield f"<p>{NO_PROMISE if supporting else 'No rule of this run supports a control.'}</p>"
    supported = ((control.framework, control) for control in result.controls.values() if control.id in supporting)
    for framework, controls in gathered(supported).items():
        rows = []
        for control in controls:
            own = supporting[control.id]
            checks = (
                f'<li><a href="#{ids[one.id]}">{_code(one.id)}</a> ({became[one.id]}): {_text(line(one.controls[control.id]))}</li>'
                for one in own
            )
            open_, others = (sum(counted[one.id] for one in own) for counted in (found, suppressed))
            nothing = "no findings" if any(became[one.id] in _CHECKED for one in own) else "not checked"
            outcome = f"{count(open_, 'finding') if open_ else nothing}{f', {others:,} accepted' if others else ''}"
            rows.append([_text(control.name), f"<ul>{''.join(checks)}</ul>", outcome])
        summary = f"{framework.name} ({framework.version}): {count(len(controls), 'control')}"
        table = _table(framework.name, ("Control", "Checks that support it", "Result"), rows)
        yield f"<details><summary>{_text(summary)}</summary>\n{table}\n</details>"


def _table(name: str, head: Iterable[str], rows: Iterable[list[str]]) -> str:
    columns = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    start = f'<div class="wide" role="region" aria-label="{name}" tabindex="0"><table><thead><tr>{columns}</tr></thead><tbody>'
    lines = (f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return "\n".join((start, *lines, "</tbody></table></div>"))


def _code(text: str) -> str:
    return f"<code>{_text(printable(text))}</code>"


def _text(text: str) -> str:
    """A line that is safe to print as HTML, for content and for attributes."""
    return escape(inert(text))
