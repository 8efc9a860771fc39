"""The edits of a text as operations that a test names, whatever is edited: JSON or YAML."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from linter.syntax.tree_edits import TreeEditor
from linter.text import Edit

Operation = Callable[[str, Any], "list[Edit] | None"]
"""What makes edits out of a text and what was read of it."""


class Operations:
    """The operations of what edits one format."""

    def __init__(self, editor: Callable[[str, Any], TreeEditor]) -> None:
        self._editor = editor

    def setting(self, *path: str | int, value: Any, order: tuple[str, ...] = ()) -> Operation:
        return lambda text, parsed: self._editor(text, parsed).set(path, value, order)

    def inserting(self, *path: str | int, value: Any) -> Operation:
        return lambda text, parsed: self._editor(text, parsed).insert(path, value)

    def removing(self, *path: str | int) -> Operation:
        return lambda text, parsed: self._editor(text, parsed).remove(path)

    def renaming(self, *path: str | int, name: str) -> Operation:
        return lambda text, parsed: self._editor(text, parsed).rename(path, name)
