"""For people in a terminal: each finding with its source line, the fix, and a summary."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import IO, Final

from ..model import LEVELS, Configuration, Deployment, Document, Finding, Fix, Related, Result, Style
from ..redaction.mask import environment_text
from ..text import Excerpt, Span, inert, printable

_COLORS = {"added": "32", "error": "1;31", "warning": "1;33", "note": "1;36", "place": "1", "gutter": "1;34"}


def report(result: Result, stream: IO[str], style: Style = Style()) -> None:
    """Write the findings, and unless ``quiet`` what was left alone and a summary."""
    if not style.quiet:
        stream.writelines(f"{inert(line)}\n" for line in _headline(result))
    for finding in result.findings:
        if finding.suppressed is None:
            stream.writelines(f"{inert(line)}\n" for line in (*_finding(finding, style), ""))
    if style.quiet:
        return
    stream.writelines(f"{inert(line)}\n" for line in _about_the_run(result, style))


def _headline(result: Result) -> Iterator[str]:
    """The servers of the files, with the files of each where there are several; where nothing names one, the summary does."""
    paths = _judged(result)
    if _newest(result):
        return
    for server, judged in paths.items():
        yield f"Judged by {server}." if len(paths) == 1 else f"{_series(list(judged))}: judged by {server}."
    if paths:
        yield ""


def _newest(result: Result) -> str:
    """The server that all files were judged by because nothing names one; empty where something does."""
    servers = {file.server for file in result.files if file.server is not None}
    return next((server.described for server in servers if len(servers) == 1 and not server.is_known), "")


def _judged(result: Result) -> dict[str, dict[str, None]]:
    """The files that were judged by each server."""
    paths: dict[str, dict[str, None]] = {}
    for file in result.files:
        if file.server is not None:
            paths.setdefault(file.server.described, {})[printable(file.path)] = None
    return paths


def _about_the_run(result: Result, style: Style) -> Iterator[str]:
    for file in result.files:
        is_said = style.width and file.status == "failed"  # on the same terminal standard error names it, with the reason
        if file.status != "checked" and not is_said:
            yield f"{printable(file.path)}: {file.status}: {printable(file.note)}"
    yield from map(_together, result.deployments)
    yield from map(_configuration, result.configurations)
    if result.files:
        yield _summary(result)


def _finding(finding: Finding, style: Style) -> Iterator[str]:
    document = finding.document
    place = document.position(finding.span.start)
    path = f"{printable(document.uri)}:{place.line}:{place.column}:"
    label = _paint(f"{finding.severity}[{finding.rule}]", finding.severity, style)
    yield f"{_paint(path, 'place', style)} {label}: {printable(finding.message)}{_environment(document)}"
    excerpt = document.origin.excerpt(finding.path, finding.span)
    yield from _source_line(excerpt, finding.severity, style)
    for related in finding.related:
        yield from [_again(related, excerpt, style)] if related.document is document else _related(related, style)
    if finding.fix is not None:
        kind = ("fix" if finding.fix.safe else "possible fix") if finding.fix.can_be_made else "by hand"
        margin = " " * len(str(excerpt.line))
        yield f"{margin} {_paint('=', 'gutter', style)} {kind}: {printable(finding.fix.description)}"
        for line in _changed_lines(document, finding.fix):
            yield f"{margin}   {_paint(line, 'error' if line[0] == '-' else 'added', style)}"
        for command in finding.fix.commands or ():
            yield from (f"{margin}   {_paint(printable(line), 'added', style)}" for line in command.printed)


_MOST_LINES: Final = 6
"""Lines of an edit at most that are shown: a longer one is for a diff."""


def _changed_lines(document: Document, fix: Fix) -> list[str]:
    """What a fix changes, as a diff has it; nothing where that is not to be seen, or is long."""
    edits = sorted(fix.edits or ()) if fix.shown else []
    if not edits:
        return []
    first, last = document.position(edits[0].span.start).line, document.position(edits[-1].span.end).line
    if last - first >= _MOST_LINES:
        return []
    at, end = document.text.line_span(first).start, document.text.line_span(last).end
    new: list[str] = []
    for edit in edits:
        new += [_masked(document, at, edit.span.start), edit.text]
        at = edit.span.end
    old = _masked(document, document.text.line_span(first).start, end).splitlines()
    made = "".join((*new, _masked(document, at, end))).splitlines()
    while old and made and old[-1] == made[-1]:
        old, made = old[:-1], made[:-1]
    while old and made and old[0] == made[0]:
        old, made = old[1:], made[1:]
    return [*(f"- {printable(line)}" for line in old), *(f"+ {printable(line)}" for line in made)][: 2 * _MOST_LINES]


def _masked(document: Document, start: int, end: int) -> str:
    """A part of a text as it may be shown, line by line."""
    parts: list[str] = []
    while start < end:
        line = document.text.line_span(document.position(start).line)
        stop = min(end, line.end)
        parts += [piece.text for piece in document.origin.pieces(Span(start, stop))] if start < stop else []
        start = max(stop, start + 1)
        if stop < end and stop == line.end:
            parts.append("\n")
            start = stop + (2 if document.text.content[stop : stop + 2] == "\r\n" else 1)
    return "".join(parts)


def _again(related: Related, excerpt: Excerpt, style: Style) -> str:
    """Another place in the same document, in one line without its source."""
    place = related.document.position(related.span.start)
    gutter = f"{' ' * len(str(excerpt.line))} {_paint('=', 'gutter', style)}"
    return f"{gutter} also: {printable(related.document.uri)}:{place.line}:{place.column}: {printable(related.message)}"


def _related(related: Related, style: Style) -> Iterator[str]:
    document = related.document
    place = document.position(related.span.start)
    path = f"{printable(document.uri)}:{place.line}:{place.column}:"
    yield f"{_paint(path, 'place', style)} {printable(related.message)}{_environment(document)}"
    yield from _source_line(document.origin.excerpt(related.path, related.span), "note", style)


def _environment(document: Document) -> str:
    return f" (environment {environment_text(document.environment)})" if document.environment else ""


def _configuration(configuration: Configuration) -> str:
    rules = _count(len(configuration.rules_off), "rule") if configuration.rules_off else "no rules"
    excluded = f"{_count(configuration.excluded, 'path')} excluded" if configuration.excluded else "nothing excluded"
    never = ", fail-on never" if configuration.fail_on == "never" else ""
    accepted = f", {_count(configuration.accepted, 'finding')} accepted" if configuration.accepted else ""
    return f"Configuration {printable(configuration.path)}: {rules} off, {excluded}{accepted}{never}."


def _together(deployment: Deployment) -> str:
    name = f" as environment {environment_text(deployment.name)}" if deployment.name else ""
    documents = [f"{printable(document.uri)}{_environment(document)}" for document in deployment.documents]
    return f"Checked against each other{name}: {_series(documents)}."


_NARROWEST: Final = 20
"""Columns that an excerpt has at least, however narrow the terminal is."""


def _fitting(excerpt: Excerpt, columns: int) -> Excerpt:
    """An excerpt of so many columns at most, in which the start of the part that is meant is seen."""
    columns = max(columns, _NARROWEST)
    if _width(excerpt.text) <= columns:
        return excerpt
    columns //= 2 if _width(excerpt.text) > len(excerpt.text) else 1  # letters that take two columns
    first = 0 if excerpt.end < columns else max(0, min(excerpt.start - columns // 3, len(excerpt.text) - columns))
    last = first + columns
    text = excerpt.text[first:last]
    if first:
        text = f"…{text[1:]}"
    if last < len(excerpt.text):
        text = f"{text[:-1]}…"
    return excerpt._replace(text=text, start=excerpt.start - first, end=min(excerpt.end - first, len(text)))


def _source_line(excerpt: Excerpt, color: str, style: Style) -> Iterator[str]:
    number = str(excerpt.line)
    if style.width:
        excerpt = _fitting(excerpt, style.width - len(number) - 3)
    bar = _paint("|", "gutter", style)
    margin = " " * len(number)
    before = _width(excerpt.text[: excerpt.start])
    under = max(_width(excerpt.text[excerpt.start : excerpt.end]), 1)
    yield f"{margin} {bar}"
    yield f"{_paint(number, 'gutter', style)} {bar} {excerpt.text}".rstrip()
    yield f"{margin} {bar} {' ' * before}{_paint('^' * under, color, style)}"


def _width(text: str) -> int:
    """The columns that a text takes in a terminal."""
    return sum(0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _summary(result: Result) -> str:
    checked = {file.path for file in result.files if file.status == "checked"}
    others = Counter(file.status for file in result.files if file.status != "checked")
    files = _count(len(checked), "file") + "".join(f", {number} {status}" for status, number in sorted(others.items()))
    shown = [finding for finding in result.findings if finding.suppressed is None]
    suppressed = _suppressed(result.findings)
    judged = f", judged by {newest}" if (newest := _newest(result)) else ""
    if not shown:
        return f"No findings in {files}{suppressed}{judged}."
    levels = Counter(finding.severity for finding in shown)
    counts = [_count(levels[level], level) for level in LEVELS if levels[level]]
    return f"Found {_series(counts)} in {files}{suppressed}{judged}.{_fixable(shown)}"


def _suppressed(findings: Iterable[Finding]) -> str:
    """How many findings are accepted, and how many of them by a baseline, in brackets; empty where none is."""
    hidden = Counter(finding.accepted_by == "baseline" for finding in findings if finding.suppressed is not None)
    counts = [f"{hidden[False]:,} suppressed"] * bool(hidden[False]) + [f"{hidden[True]:,} in the baseline"] * bool(hidden[True])
    return f" ({', '.join(counts)})" if counts else ""


def _fixable(findings: list[Finding]) -> str:
    """How many findings can be fixed, and how many the commands that are printed would fix, each as a line of its own."""
    fixes = [finding.fix for finding in findings if finding.fix is not None]
    by_edits = _fixable_with([fix.safe for fix in fixes if fix.edits is not None], "with --fix")
    by_commands = [fix.safe for fix in fixes if fix.commands is not None]
    return by_edits + _fixable_with(by_commands, "by the commands above, or by the script of --fix-script FILE")


def _fixable_with(safe: list[bool], how: str) -> str:
    """How many fixes can be made in one way, of which ``safe`` says whether each is; empty where there are none."""
    if not safe:
        return ""
    unsafe = len(safe) - sum(safe)
    if unsafe == len(safe):
        return f"\n{unsafe} fixable {how} --unsafe-fixes."
    return f"\n{sum(safe)} fixable {how}{f' ({unsafe} more with --unsafe-fixes)' if unsafe else ''}."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _series(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _paint(text: str, color: str, style: Style) -> str:
    return f"\033[{_COLORS[color]}m{text}\033[0m" if style.color else text
