"""Edits of variables in ``NAME=value`` lines, that keep ``export``, blanks, quotes and comments as they are written.

Each function returns the edits, of which there are none where nothing needs to change, or None where the value cannot be written, or where
programs do not agree on what stands there.

Programs agree on a value without anything special in it, and on single quotes. In double quotes some of them take no escape but ``\\n`` for
one, so other escapes are written only where nothing else will do: where a single quote or a line break is in the value, or where it is
nothing but a reference, which some libraries (python-dotenv, dotenv-expand) replace in single quotes too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..text import Span
from ..typed import Protocol
from .edits import Edit, behind_break, break_near, index_in, line_end, line_start
from .quotes import closing_quote, is_nothing_but_references

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=-]*")
_UNQUOTED = re.compile(r"[^\s#'\"\\$`]*")
"""What only a shell does not read as it stands."""
_OTHER_NAME = re.compile(r"[A-Z]_|\{\{")
"""What makes a value without quotes look like the next line, whose start was lost, or like a template."""
_NEVER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_SPECIAL = re.compile(r"[\\\"$`\r\n]")
_REST = re.compile(r"[^\S\r\n]*(?:#[^\r\n]*)?(?=[\r\n]|\Z)")
_ESCAPED = re.compile(r"[\\\"$`]")
"""What needs a backslash in double quotes, which dotenv and Node.js keep as a part of the value."""


class Entry(Protocol):
    """A variable where it is set; ``value`` includes the quotes, and begins before the end of ``key`` where there is no value."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def key(self) -> Span:
        """Where that stands."""

    @property
    def value(self) -> Span:
        """Where its value stands."""


def set_text(content: str, entry: Entry, text: str) -> list[Edit] | None:
    """Give a variable another value, in the quotes that it has if they can hold it."""
    span = _value(content, entry)
    old = content[slice(*span)]
    new = _written(text, old) if _is_sound(content, entry) else None
    return None if new is None else [Edit(span, new)] if new != old else []


def rename(content: str, entry: Entry, name: str) -> list[Edit] | None:
    """Give a variable another name."""
    if _NAME.fullmatch(name) is None:
        return None
    return [] if content[slice(*entry.key)] == name else [Edit(entry.key, name)]


def replace(content: str, entry: Entry, new: Sequence[tuple[str, str]]) -> list[Edit] | None:
    """Set others in place of a variable, by their names and values, each as that is set; the comment behind it stays behind the first."""
    (name, text), *others = new
    head, value = rename(content, entry, name), set_text(content, entry, text)
    lines = [_line(content, entry, *one) for one in others]
    if head is None or value is None or None in lines:
        return None
    at = line_end(content, _value(content, entry).end)
    newline = content[at : behind_break(content, at)] or break_near(content, at)
    return [*head, *value, *([Edit(Span(at, at), "".join(f"{newline}{line}" for line in lines))] if lines else [])]


def remove(content: str, entry: Entry) -> list[Edit] | None:
    """Take out the lines of a variable, with the comment behind it."""
    if not _is_sound(content, entry):
        return None
    start, end = line_start(content, entry.key.start), line_end(content, _value(content, entry).end)
    if end == len(content) and start > 0:  # a text that ends without a line end goes on to do so
        return [Edit(Span(start - (2 if content.endswith("\r\n", 0, start) else 1), end), "")]
    return [Edit(Span(start, behind_break(content, end)), "")]


def add(content: str, entries: Sequence[Entry], name: str, text: str, order: Sequence[str] = ()) -> list[Edit] | None:
    """Set one more variable, as the others of ``entries`` are set, at its place in ``order``; without others, at the end of the text."""
    index = index_in(order, [entry.name for entry in entries], name)
    sibling = entries[max(index - 1, 0)] if entries else None
    line = _line(content, sibling, name, text)
    if line is None or any(entry.name == name for entry in entries):
        return None
    end = len(content) if sibling is None else line_end(content, _value(content, sibling).end)
    at = end if sibling is None or index else line_start(content, sibling.key.start)
    newline = content[end : behind_break(content, end)] or break_near(content, at)
    return [Edit(Span(at, at), line + newline if at == 0 or content[at - 1] in "\r\n" else newline + line)]


def _line(content: str, sibling: Entry | None, name: str, text: str) -> str | None:
    """A line that sets a variable as another one is set."""
    if _NAME.fullmatch(name) is None or (sibling is not None and not _is_sound(content, sibling)):
        return None
    start, end = (0, 0) if sibling is None else _value(content, sibling)
    quote = content[start:end][:1]
    new = _written(text, quote if quote in ("'", '"') else "")
    if new is None or sibling is None:
        return None if new is None else f"{name}={new}"
    return f"{content[line_start(content, sibling.key.start) : sibling.key.start]}{name}{content[sibling.key.end : start]}{new}"


def _value(content: str, entry: Entry) -> Span:
    """Where the value stands, or where it would."""
    if entry.value.start >= entry.key.end:
        return entry.value
    at = content.index("=", entry.key.end) + 1
    return Span(at, at)


def _is_sound(content: str, entry: Entry) -> bool:
    """Whether the value ends where it seems to: its quotes are closed, and nothing but a comment follows."""
    start, end = _value(content, entry)
    if start == end:
        return content[start : start + 1] != "#"
    quote = content[start]
    if quote in "'\"" and closing_quote(content, start, escapes=quote == '"') != end - 1:
        return False
    return _REST.match(content, end) is not None


def _written(text: str, old: str) -> str | None:
    """A value, in the quotes of another one if these can hold it so that all programs read it; None where no quotes can."""
    if _NEVER.search(text) is not None:
        return None
    quote = old[:1] if old[:1] in ("'", '"') else ""
    plain = _PLAIN if _PLAIN.fullmatch(old) is not None else _UNQUOTED
    if not quote and plain.fullmatch(text) is not None and _OTHER_NAME.search(text) is None:
        return text
    # "${" within a value: Compose, dotenv, Node.js, systemd and a shell read it in single quotes as it stands. With "\${" in double quotes
    # dotenv and Node.js keep the backslash. "docker run --env-file" keeps any quotes, with whatever is in them.
    fits_single = not any(sign in text for sign in ("'", "\n", "\r", "{{")) and not is_nothing_but_references(text)
    fits_double = _SPECIAL.search(text) is None and "{{" not in text
    if fits_double and (quote == '"' or not fits_single):
        return f'"{text}"'
    if fits_single:
        return f"'{text}'"
    if "{{" in text or _ESCAPED.search(text) is not None:
        return None
    line = text.replace("\r", "\\r").replace("\n", "\\n")
    return f'"{line}"'
