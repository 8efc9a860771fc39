"""How reports show things other than settings' values: names, and how far a masked value extends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ..model import Document, FileStatus, SettingPath, gathered
from ..patterns import pattern
from ..text import MASK, Span, printable
from ..typed import Final

_WORDS: Final = pattern(r"[A-Za-z]{1,16}(?:[ /_.-][A-Za-z]{1,16}){0,4}")
"""A name of a few words, which is not the name of an environment if it has blanks, and may be shown all the same."""


def environment_text(name: str) -> str:
    """The name of an environment, service or manifest for people; masked unless it is a valid name, because it may be anything."""
    from .credentials import without_credentials  # as in :func:`linter.redaction.values.shown_text`

    without_unknown = re.sub(r"\$\{[^{}]*\}", "x", name)
    readable = re.fullmatch(r"[\w.-]+(?:/[\w.-]+)*", without_unknown) or _WORDS.fullmatch(name)
    return printable(name) if readable and without_credentials(name) == name else MASK


def named_environment(one: Document | FileStatus) -> str | None:
    """The name of a document's environment as it may be shown; None if it has none, like variables of a service or a container."""
    return None if one.environment is None or one.holders else environment_text(one.environment)


def name_in_file(document: Document) -> str:
    """The name of a document within its file, as it may be shown: an environment or a service; empty if there is none."""
    return "" if document.environment is None else environment_text(document.environment)


def named_holders(holders: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """The holders of a document, for programs: the ``type`` and the ``name`` of each service, container and so on."""
    return [{"type": word, "name": environment_text(name)} for word, name in holders]


_MOST_HOLDERS: Final = 3
"""The maximum number of servers that are named if they share a part."""


def holder_text(document: Document | FileStatus, holders: Sequence[tuple[str, str]] | None = None) -> str:
    """The holders of a document, for people: ``service server``, ``containers api and worker``, else its environment, if any.

    ``holders`` are those of a finding that does not apply to all of them.
    """
    holders = document.holders if holders is None else holders
    if not holders:
        return f"environment {named_environment(document)}" if document.environment else ""
    names = gathered((word, _called(word, name)) for word, name in holders)
    for word, own in names.items():
        more = len(own) - _MOST_HOLDERS
        names[word] = [*own[: _MOST_HOLDERS - 1], f"{more + 1} more"] if more > 0 else own
    return " and ".join(f"{word}{'s' if len(own) > 1 else ''} {series(own)}" for word, own in names.items())


def _called(word: str, name: str) -> str:
    """A name for people: a container's own, with the name of its object."""
    outer, slash, inner = environment_text(name).rpartition("/")
    return f"{inner} of {outer}" if slash and word == "container" else environment_text(name)


def series(names: Sequence[str]) -> str:
    """Several names as a list for people."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def shown_span(document: Document, path: SettingPath | None, span: Span) -> Span:
    """The span that a report may give for a finding: for a masked value only its first character, since its end reveals its length."""
    if span.end - span.start <= 1:
        return span
    text, first = document.text, Span(span.start, span.start + 1)
    if document.origin.excerpt(path, span).masked:
        return first
    start, end = text.position(span.start).line, text.position(span.end).line
    # For several lines, the second shows whether a value continues there, and the last where it ends.
    for line in {start + 1, end} if start < end else ():
        whole = text.line_span(line)
        part = Span(whole.start, min(whole.end, span.end))
        if part.start < part.end and any(piece.masked for piece in document.origin.pieces(part)):
            return first
    return span
