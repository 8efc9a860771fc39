"""Edits of variables that are set in lines, as in ``.env`` files."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..model import Change
from ..release import Release
from ..syntax.env_edits import add, remove, rename, replace, set_text
from ..text import Edit, Span
from ..typed import Final
from .variables import Variable
from .variables_editor import variable_edits


def line_edits(content: str, read: Callable[[str], Sequence[Variable]], release: Release, changes: Sequence[Change]) -> list[Edit] | None:
    """The edits of a text that make the changes; ``read`` finds the variables in it."""
    return variable_edits(content, lambda text: _Lines(text, read(text)), release, changes)


class _Lines:
    """See :class:`linter.documents.variables_editor.Variables`."""

    def __init__(self, content: str, given: Sequence[Variable]) -> None:
        self.given = given
        self._content = content

    def style(self, _variable: Variable, /) -> None:
        """Quotes are kept where an edit is made."""

    def set(self, variable: Variable, text: str, requote: bool, /) -> list[Edit] | None:
        return set_text(self._content, variable, text) if requote else self._set_as_it_is(variable, text)

    def _set_as_it_is(self, variable: Variable, text: str) -> list[Edit] | None:
        """Give a variable another value in the quotes that it has, with the escapes that it has."""
        start, end = variable.value
        quote = self._content[start : start + 1]
        inner = Span(start + 1, end - 1) if quote in ("'", '"') else Span(start, end)
        old, written = variable.text or "", self._content[slice(*inner)]
        if not _SPECIAL[quote if quote in _SPECIAL else ""].isdisjoint(set(text) - set(old)):
            return None
        for escaped in _ESCAPES:
            if escaped(old) == written:
                return [Edit(inner, escaped(text))]
        return None

    def add(self, name: str, text: str, order: Sequence[str]) -> list[Edit] | None:
        return add(self._content, self.given, name, text, order)

    def replace(self, variable: Variable, new: Sequence[tuple[str, str]]) -> list[Edit] | None:
        return replace(self._content, variable, new)

    def remove(self, variable: Variable) -> list[Edit] | None:
        return remove(self._content, variable)

    def rename(self, variable: Variable, name: str) -> list[Edit] | None:
        return rename(self._content, variable, name)


def _with_backslashes(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


_SPECIAL: Final = {"'": frozenset("'\r\n"), '"': frozenset("\\$`\r\n"), "": frozenset("\\$`#'\r\n\t ;&|<>()*?!~")}
"""What programs do not agree on within quotes, or without any: where a value has none of it, none is written there."""
_ESCAPES: Final[tuple[Callable[[str], str], ...]] = (str, _with_backslashes)
"""How a text stands in a file: as it is, or with backslashes before quotes."""
