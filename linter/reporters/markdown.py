"""Markdown for the summary of a job (``--format markdown``), such as ``$GITHUB_STEP_SUMMARY``, or for a comment.

It is the Markdown of GitHub, which GitLab and Azure Pipelines read as well. Where that leaves a choice:

* **A table for each file, in the order of the text report**: what keeps the server from starting comes first.
* **Text is text**: all that could be markup is written as a character reference, which Markdown never takes for markup.
* **It is no longer than GitHub takes**, 1 MiB for a step: the least severe findings are left out, and it says how many.
* **Suppressed findings are left out**, or listed in a table of their own where they are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

from ..model import Finding, Level, Result, Style
from ..text import count, inert, printable
from ..typed import IO, Final
from ._changes import change_of
from ._places import Placer, related
from ._words import acceptance_text, by_document, line, notes_of, servers, shown, summary, together, unread, used, write_markup

SHOWS_SUPPRESSED: Final = True
"""Whether it has a word for suppressed findings, and so reports them where they are asked for."""
LIMIT: Final = 1024 * 1024
"""The maximum size of a step's summary on GitHub, in bytes; it refuses a longer one as a whole."""
_MARKUP: Final = re.compile(r"[\\`*_{}\[\]<>&|~$]|:(?=//)|(?<=[wW][wW][wW])\.")
"""Characters that are markup, or make a link, anywhere in a line."""
_MENTION: Final = re.compile(r"[@#](?=\w)")
"""Text that GitHub turns into a mention, after it has read the Markdown: only something between the sign and the name prevents that."""
_SIGNS: Final[dict[Level, str]] = {"error": "🔴", "warning": "🟠", "note": "🔵"}
_HEAD: Final = "| | where | what |\n| --- | --- | --- |\n"


def report(result: Result, stream: IO[str], style: Style = Style()) -> None:
    """Write the summary of a run and its findings; ``quiet`` leaves nothing out."""
    write_markup(stream, _text(result, LIMIT - style.before, style))


def _text(result: Result, room: int, style: Style) -> str:
    place = Placer()
    accepted = [finding for finding in result.findings if finding.suppressed is not None] if style.suppressed else []
    head = f"## medplum-lint\n\n**{summary(result) if result.files else 'Nothing was checked'}.**\n"
    notes = "".join(f"- {one}\n" for one in _about_the_run(result, place))
    left = room - _size(head) - min(_size(notes), room // 2) - _SPARE
    tables = _tables(shown(result), place, left)
    hidden = _tables(accepted, place, left - _size(tables))
    if hidden:
        hidden = f"<details><summary>{count(len(accepted), 'suppressed finding')}</summary>\n\n{hidden}\n</details>\n"
    parts = [head, tables, hidden, notes if _size(notes) < room // 2 else _shortened(notes, room // 2)]
    return "\n".join(part for part in parts if part)


_SPARE: Final = 1_000
"""Bytes reserved for the text around the tables."""


def _tables(findings: Sequence[Finding], place: Placer, room: int) -> str:
    """A table for each document, with as many findings as fit, the most severe first, and how many did not."""
    every = list(by_document(findings))
    heads = {one: f"### {code(place.file(one.uri).text)}{escaped(facts)}\n\n{_HEAD}" for one, facts, _ in every}
    new, rows = dict(heads), dict[int, str]()
    for finding in sorted(findings, key=lambda one: one.severity_rank):
        row = _row(finding, place)
        room -= _size(new.pop(finding.document, "")) + _size(row) + 1
        if room < 0:
            break
        rows[id(finding)] = row
    parts = [[rows[id(one)] for _, group in groups for one in group if id(one) in rows] for _, _, groups in every]
    tables = [head + "".join(part) for head, part in zip(heads.values(), parts, strict=True) if part]
    left_out = len(findings) - len(rows)
    if left_out:
        tables.append(f"{count(left_out, 'more finding')}, no more severe than these, {'is' if left_out == 1 else 'are'} left out here.\n")
    return "\n".join(tables)


def _shortened(notes: str, room: int) -> str:
    """The first of the lines about the run; a run of very many files has too many to read."""
    lines = notes.splitlines(keepends=True)
    kept = [text for text, size in zip(lines, accumulate(map(_size, lines)), strict=True) if size <= room]
    return "".join([*kept, "- …\n"])


def _row(finding: Finding, place: Placer) -> str:
    """A row of a table: the severity, the place, and in one cell what is wrong, the other places, the notes, the rule and the change."""
    lines = [f"**{escaped(line(finding.says.what))}**", *map(escaped, related(finding, place, _PLACES))]
    lines += [f"{what}: {escaped(line(text))}" for what, text in notes_of(finding) if text]
    if finding.acceptance is not None:
        lines.append(f"suppressed: {escaped(acceptance_text(finding.acceptance, place.file(finding.acceptance.file).text))}")
    change = "&#10;".join(map(escaped, change_of(finding)))
    lines += [f'{code(printable(finding.rule))}{f"""<pre lang="diff">{change}</pre>""" if change else ""}']
    start = place(finding).start
    return f"| {_SIGNS[finding.severity]} {finding.severity} | {start.line}:{start.column} | {'<br>'.join(lines)} |\n"


_PLACES: Final = 5
"""The maximum number of other places of a finding that are listed."""


def _about_the_run(result: Result, place: Placer) -> Iterator[str]:
    for path, why in unread(result.files).items():
        yield f"🔴 {code(place.file(path).text)} {escaped(why)}"
    for file in result.files:
        if file.status == "ignored":
            yield f"{code(printable(file.path))} is ignored: {escaped(line(file.note))}"
    yield from map(escaped, servers(result))
    yield from (escaped(together(deployment)) for deployment in result.deployments)
    for configuration in result.configurations:
        yield f"{code(printable(configuration.path))} configures this run: {used(configuration)}"


def escaped(text: str) -> str:
    """A line of text in which nothing is markup, for any place but the start of a line."""
    plain = _MARKUP.sub(lambda match: f"&#{ord(match[0])};", _MENTION.sub(lambda match: f"{match[0]}\ufeff", inert(text)))
    return plain.replace("\ufeff", "<!-- -->")  # which no text that is safe to print contains


def code(text: str) -> str:
    """A line of text as code, in HTML: a Markdown code span cannot hold every text, and GitHub makes no links in it."""
    return f"<code>{escaped(text)}</code>"


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("ascii", "xmlcharrefreplace"))
