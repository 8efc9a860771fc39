"""What suppression comments accept of a secret goes with it, where a fix makes several variables of the one that held it.

``ignore[plaintext-secret]`` at a URL is about the password in it, which gets a variable of its own. What a comment accepts by
another rule is about the address, and stays where that is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..syntax.edits import apply_edits, before_blanks, behind_blanks, behind_break, line_end, line_start
from ..text import Edit, Span
from ..typed import Final, NamedTuple
from .variables import Variable

_OF_SECRETS: Final = re.compile("secret|credential|password|key")
"""What the ids of rules have in them that are about a value because it is secret, and stands where others can read it."""
_COMMENT: Final = re.compile(r"(?<![^ \t\r\n])#+[ \t]*medplum-lint[ \t]*:[ \t]*ignore[ \t]*\[(?P<ids>[^\]\r\n]*)\][^\r\n]*")


class _Comment(NamedTuple):
    """A suppression comment that accepts something of a secret: as it is to be there, and here, where it can be empty."""

    span: Span
    there: str
    here: str


def with_accepted(content: str, given: Sequence[Variable], first: str, secret: str) -> str:
    """A text in which variables took the place of one, with the comments about that moved to ``secret`` where they are about a secret.

    They stand at ``first`` yet; both are names of variables of the text.
    """
    if "medplum-lint" not in content:
        return content
    standing = {one.name: one for one in given}
    old, new = standing[first], standing[secret]
    if line_start(content, old.key.start) == line_start(content, new.key.start):
        return content  # what is about the one is about the other
    lines = _moved(content, _above(content, old), line_start(content, new.key.start), lines=True)
    return apply_edits(content, [*lines, *_moved(content, _behind(content, old), line_end(content, new.value.end), lines=False)])


def _moved(content: str, comments: Sequence[_Comment], at: int, *, lines: bool) -> Iterator[Edit]:
    """Put comments elsewhere, those that have a line of their own with that."""
    text = ""
    for span, there, here in comments:
        start = line_start(content, span.start) if lines else before_blanks(content, span.start)
        end = behind_break(content, span.end) if lines else span.end
        text += content[start : span.start] + there + content[span.end : end]
        yield Edit(span, here) if here else Edit(Span(start, end), "")
    if text:
        yield Edit(Span(at, at), text)


def _above(content: str, variable: Variable) -> list[_Comment]:
    """The comments on lines of their own that are about the line of a variable."""
    found: list[_Comment] = []
    at = line_start(content, variable.key.start)
    while at > 0:
        at = line_start(content, at - (2 if content.endswith("\r\n", 0, at) else 1))
        start = behind_blanks(content, at)
        if content[start : start + 1] == "#":
            found[:0] = _read(content, start)
        elif start < line_end(content, start):
            break
    return found


def _behind(content: str, variable: Variable) -> list[_Comment]:
    """The comments behind a variable, or behind its name where its value stands on the next line."""
    ends = dict.fromkeys(line_end(content, at) for at in (variable.key.end, variable.value.end))
    starts = [content.find("#", max(line_start(content, end), variable.key.end), end) for end in ends]
    return [one for start in starts for one in _read_behind(content, start, variable)]


def _read_behind(content: str, start: int, variable: Variable) -> Iterator[_Comment]:
    while start >= 0:
        if not variable.value.start <= start < variable.value.end:
            yield from _read(content, start)
        start = content.find("#", start + 1, line_end(content, start))


def _read(content: str, start: int) -> Iterator[_Comment]:
    """The comment at a place, if it accepts something of a secret."""
    match = _COMMENT.match(content, start)
    if match is None:
        return
    ids = [one.strip() for one in match["ids"].split(",")]
    there, here = (", ".join(one for one in ids if bool(_OF_SECRETS.search(one)) is wanted) for wanted in (True, False))
    if there:
        head, tail = content[start : match.start("ids")], content[match.end("ids") : match.end()]
        yield _Comment(Span(*match.span()), head + there + tail, head + here + tail if here else "")
