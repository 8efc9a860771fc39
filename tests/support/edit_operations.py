"""The edits of a text as operations that a test names, whatever is edited: JSON or YAML."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from linter.text import Edit

Operation = Callable[[str, Any], "list[Edit] | None"]
"""What makes edits out of a text and what was read of it."""


class Operations:
    """The operations of a module that edits one format."""

    def __init__(self, editor: ModuleType) -> None:
        self._editor = editor

    def setting(self, *path: str | int, value: Any, order: tuple[str, ...] = ()) -> Operation:
        return lambda text, parsed: self._editor.set_value(text, parsed, path, value, order)

    def inserting(self, *path: str | int, value: Any) -> Operation:
        return lambda text, parsed: self._editor.insert_item(text, parsed, path, value)

    def removing(self, *path: str | int) -> Operation:
        return lambda text, parsed: self._editor.remove(text, parsed, path)

    def renaming(self, *path: str | int, name: str) -> Operation:
        return lambda text, parsed: self._editor.rename(text, parsed, path, name)
