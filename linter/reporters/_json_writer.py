"""JSON with two blanks for each level, as ``json.dumps(value, indent=2)`` writes it: its encoder in C does not indent, ours is faster."""

from __future__ import annotations

from collections.abc import Callable

from ..typed import Any, Final

_WORDS: Final = {None: "null", True: "true", False: "false"}


class Written:
    """A value that is written already, with the blanks before its lines that belong where it stands."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class JsonWriter:
    """Writes values; ``string`` is what makes a string of JSON of a text. Names are given to it once each."""

    def __init__(self, string: Callable[[str], str]) -> None:
        self._string = string
        self._names: dict[str, str] = {}

    def text(self, value: Any, indent: str = "\n") -> str:
        """A value as JSON; ``indent`` is the line break and the blanks before its closing bracket.

        Raises :exc:`TypeError` for what JSON has no word for, a number that is none among it.
        """
        if isinstance(value, str):
            return self._string(value)
        deeper = f"{indent}  "
        if isinstance(value, dict):
            return _joined("{", [f"{self._name(name)}: {self.text(item, deeper)}" for name, item in value.items()], "}", indent)
        if isinstance(value, list | tuple):
            return _joined("[", [self.text(item, deeper) for item in value], "]", indent)
        if value is None or isinstance(value, bool):
            return _WORDS[value]
        if isinstance(value, int):
            return int.__repr__(value)
        if isinstance(value, Written):
            return value.text
        raise TypeError(f"a report cannot hold a value of type {type(value).__name__}")

    def _name(self, name: str) -> str:
        written = self._names.get(name)
        if written is None:
            written = self._names[name] = self._string(name)
        return written


def _joined(opening: str, items: list[str], closing: str, indent: str) -> str:
    return f"{opening}{indent}  {f',{indent}  '.join(items)}{indent}{closing}" if items else opening + closing
