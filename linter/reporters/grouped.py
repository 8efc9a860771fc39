"""For a team with many findings: by rule what comes of it and what to do, once, with all places (``--format grouped``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..model import Finding, Result, Style, gathered
from ..text import count, printable
from ..typed import IO, Final
from ._columns import UNKNOWN, wrapped
from ._drawing import note
from ._words import as_text, fixable_of, framed, of_holder, paint, place, shown

TABLE: Final = True
"""It can have a table of the rules."""


def report(result: Result, stream: IO[str], style: Style = Style()) -> None:
    """Write the rules, the most severe first, each with its places, and unless ``quiet`` the files left alone and a summary."""
    stream.writelines(framed(result, style, (as_text([*_rule(group, style), ""]) for group in _by_rule(shown(result)))))


def _by_rule(findings: Sequence[Finding]) -> list[list[Finding]]:
    """The findings of each rule: first those that keep a server from starting, then by severity, then by frequency."""
    groups = gathered((finding.rule, finding) for finding in sorted(findings, key=lambda one: one.severity_rank))
    return sorted(groups.values(), key=lambda group: (group[0].severity_rank, -len(group), group[0].rule))


def _rule(findings: Sequence[Finding], style: Style) -> Iterator[str]:
    """The findings of one rule: their common text, and each place with its problem."""
    first = findings[0]
    every = [finding.says for finding in findings]
    label = paint(f"{first.severity}[{printable(first.rule)}]", first.severity, style)
    yield f"{label}: {count(len(findings), 'finding')}{fixable_of(finding.fix for finding in findings)}"
    whys, fixes = {parts.why for parts in every}, {parts.remedy for parts in every}
    for what, texts in (("why", whys), ("fix", fixes)):
        if len(texts) == 1 and "" not in texts:
            yield from note(what, next(iter(texts)), 1, style)
    for finding, parts in zip(findings, every, strict=True):
        text = parts.what if len(whys) == len(fixes) == 1 and not parts.also else finding.message
        yield from _place(finding, text if finding.severity == first.severity else f"{finding.severity}: {text}", style)


def _place(finding: Finding, text: str, style: Style) -> Iterator[str]:
    where = f"{place(finding.document, finding.span)}:"
    lines = wrapped(f"{where} {printable(text)}{of_holder(finding.document, finding.held_by)}", (style.width or UNKNOWN) - 2, indent=4)
    yield f"  {paint(where, 'place', style)}{lines[0].removeprefix(where)}"
    yield from (f"  {line}" for line in lines[1:])
