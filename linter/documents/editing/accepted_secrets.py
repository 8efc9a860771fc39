"""Moves suppression comments about a secret along with it when a fix splits its variable into several.

``ignore[plaintext-secret]`` at a URL is about the password in it, which gets a variable of its own. Acceptances of other rules are about
the address, and stay where that is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ...syntax.edits import after_break, apply_edits, before_blanks, line_end, line_start
from ...text import Edit, Span, Text
from ...typed import Final
from ..source import Suppression
from ..suppression_comments import read_suppression_comments, within
from ..variables.documents import Variable

_OF_SECRETS: Final = re.compile("secret|credential|password|key")
"""Words in the ids of rules about values that are secret but readable by others."""


def with_accepted(content: str, given: Sequence[Variable], first: str, secret: str) -> str:
    """A text in which several variables replaced one, with the comments about secrets moved to ``secret``.

    They are still at ``first``; both are names of variables of the text.
    """
    if "medplum-lint" not in content:
        return content
    standing = {variable.name: variable for variable in given}
    old, new = standing[first], standing[secret]
    key, lines = old.key.start, {line_start(content, at) for at in (old.key.end, old.value.end)}
    if line_start(content, key) == line_start(content, new.key.start):
        return content  # a comment on either is about both
    is_value = within(variable.value for variable in given)
    comments = read_suppression_comments(Text(content), lambda at: not is_value(at)).suppressions
    above = [comment for comment in comments if comment.place.start < key and comment.span.start <= key < comment.span.end]
    # After the variable, or after its name if its value is on the next line.
    behind = [comment for comment in comments if comment.place.start >= old.key.end and line_start(content, comment.place.start) in lines]
    moved = _moved(content, above, line_start(content, new.key.start), lines=True)
    return apply_edits(content, [*moved, *_moved(content, behind, line_end(content, new.value.end), lines=False)])


def _moved(content: str, comments: Sequence[Suppression], at: int, *, lines: bool) -> Iterator[Edit]:
    """Move the suppressions of comments elsewhere; a comment on its own line moves as a whole."""
    text = ""
    for span in (comment.place for comment in comments):
        head, ids, tail = re.split(r"[][]", content[span.start : span.end], maxsplit=2)
        there, here = ([rule for rule in ids.split(",") if bool(_OF_SECRETS.search(rule)) is wanted] for wanted in (True, False))
        if there:
            start = line_start(content, span.start) if lines else before_blanks(content, span.start)
            end = after_break(content, span.end) if lines else span.end
            text += f"{content[start : span.start]}{head}[{_joined(there)}]{tail}{content[span.end : end]}"
            yield Edit(span, f"{head}[{_joined(here)}]{tail}") if here else Edit(Span(start, end), "")
    if text:
        yield Edit(Span(at, at), text)


def _joined(ids: list[str]) -> str:
    return ", ".join(map(str.strip, ids))
