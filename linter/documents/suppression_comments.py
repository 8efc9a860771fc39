"""Suppression comments, by which a file accepts findings: ``# medplum-lint: ignore[rule-id, other-id] reason``.

A comment at the end of a line applies to that line, on a line of its own to the next line that is not empty. A comment without a reason has
no effect: later readers of the file must know why. Before the reason it can say who accepts the findings, until when and since when:
``by=NAME until=2027-01-31 since=2026-01-31``, in any order, with the name in quotes if it has spaces.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from ..model import sentence
from ..suggest import is_slip
from ..text import Span, Text, day_of, lookup
from ..typed import Any, Final, NamedTuple
from .source import Problem, Suppression

_COMMENT = re.compile(r"(?:^|(?<=[ \t]))#+[ \t]*medplum-lint[ \t]*:[ \t]*(?P<rest>[^\r\n]*)", re.MULTILINE)
_IGNORE = re.compile(r"ignore[ \t]*\[(?P<ids>[^\]]*)\][ \t]*(?P<reason>.*)")
_NO_COMMENT = re.compile(r"(?:\A|(?<=[\r\n]))[^\S\r\n]*[^\s#][^\r\n]*")
"""A line with something other than a comment."""
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*(?:/[a-z0-9]+(?:-[a-z0-9]+)*)?")


_TERM = re.compile(r"""(?P<name>[A-Za-z]+)=(?:"(?P<quoted>[^"]*)"(?!\S)|(?P<bare>\S*))[ \t]*""")
_TERMS: Final = ("by", "until", "since")
_LATE: Final = re.compile(r"""\b(?:until|since)=["']?\d""")
"""A date after the start of the reason, which would have no effect."""


class SuppressionComments(NamedTuple):
    """What the suppression comments of a file accept, and the mistakes in those that accept nothing."""

    suppressions: tuple[Suppression, ...]
    problems: tuple[Problem, ...]


def read_suppression_comments(text: Text, is_comment: Callable[[int], bool]) -> SuppressionComments:
    """Every suppression comment of a text.

    ``is_comment`` tells whether a "#" at an offset begins a comment and is not part of a value.
    """
    suppressions: list[Suppression] = []
    problems: list[Problem] = []
    following: re.Match[str] | None = None
    for match in _COMMENT.finditer(text.content) if "medplum-lint" in text.content else ():
        if not is_comment(match.start()):
            continue
        ignore = _IGNORE.fullmatch(match["rest"].rstrip())
        terms, reason, advice = _read(ignore) if ignore is not None else ({}, "", 'write "# medplum-lint: ignore[rule-id] reason"')
        if ignore is None or advice:
            message = sentence("this suppression comment has no effect", remedy=advice, then=": ")
            problems.append(Problem("invalid-suppression", message, Span(*match.span())))
            continue
        _, (start, end) = text.line_around(match.start())
        if not text.content[start : match.start()].strip():  # on a line of its own it applies to the next line that is not a comment, too
            if following is None or following.start() < match.end():
                following = _NO_COMMENT.search(text.content, end)
            end = following.end() if following is not None else end
        ids = frozenset(rule.strip() for rule in ignore["ids"].split(","))
        covered = Span(start, min(end + 1, len(text.content)))
        suppressions.append(Suppression(covered, ids, reason, Span(*match.span()), terms))
    return SuppressionComments(tuple(suppressions), tuple(problems))


def _read(ignore: re.Match[str]) -> tuple[dict[str, Any], str, str]:
    """The terms and the reason after the brackets, and how to correct a comment that has no effect; empty if it has one."""
    terms: dict[str, Any] = {}
    rest, at = ignore["reason"].strip(), 0
    if not all(_ID.fullmatch(rule.strip()) for rule in ignore["ids"].split(",")):
        return terms, "", "write rule ids in its brackets, separated by commas"
    while term := _TERM.match(rest, at):
        name = term["name"]
        # What begins with any other word is a reason, as in "sslmode=disable is right here".
        if name not in _TERMS and not terms and not any(is_slip(name.lower(), term) for term in _TERMS):
            break
        if name not in _TERMS or name in terms:
            return terms, "", 'write "by=", "until=" and "since=" once at most, and no other word with "=" before the reason'
        value = (term["bare"] if term["quoted"] is None else term["quoted"]).strip()
        terms[name] = day_of(value) if name != "by" else value if '"' not in value else None
        if not terms[name]:
            what = "a name, in quotes if it has spaces," if name == "by" else "a date such as 2026-01-31"
            return terms, "", f'write {what} after "{name}="'
        at = term.end()
    if _LATE.search(rest, at):
        return terms, "", 'write "until=" and "since=" before the reason, and a name that has spaces in double quotes'
    return terms, rest[at:], "" if rest[at:] else "write a reason after its brackets"


def within(spans: Iterable[Span]) -> Callable[[int], bool]:
    """A function that says whether an offset is in one of some spans, which must not overlap."""
    found = lookup(lambda: ((span, True) for span in spans))
    return lambda at: found(at) is True
