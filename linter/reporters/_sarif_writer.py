"""Objects of sarif-om as JSON.

jschema_to_python, which sarif-om comes with, drops a ``level`` that equals the class's default (so that the rule's level takes its
place), writes whatever it does not know as text, and copies everything at each depth. Here ``None`` and every other default are left
out, ``level`` never, and an unknown type is an error. (Going over ``json.dumps`` takes twice the time and memory: its encoder in C
does not indent.)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache

import attr

from ..text import inert, printable
from ..typed import Any, Final

_FIRST: Final = ("$schema", "version")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class SarifWriter:
    """Writes a log of sarif-om's objects as indented JSON, in the order of their fields; with ``ascii_only`` in ASCII."""

    def __init__(self, ascii_only: bool) -> None:
        self._scalar = json.JSONEncoder(ensure_ascii=ascii_only, allow_nan=False).encode

    def text(self, value: Any, indent: str = "\n") -> str:
        """A value as JSON; ``indent`` is the line break and the spaces before its closing bracket.

        Raises :exc:`TypeError` for a type that is neither one of JSON nor one of sarif-om.
        """
        if isinstance(value, str):
            text = self._scalar(value if value.isascii() else _SURROGATE.sub("\ufffd", value))
            plain = text.isascii() and "\x7f" not in text and "##" not in text
            return text if plain else inert(printable(text))  # an escape of JSON is written just as what is not printable is
        if isinstance(value, int | float):
            return self._scalar(value)
        deeper = f"{indent}  "
        if isinstance(value, list):
            return _joined("[", [self.text(item, deeper) for item in value], "]", indent)
        members = value.items() if isinstance(value, dict) else _members(value)
        return _joined("{", [f"{self.text(name)}: {self.text(item, deeper)}" for name, item in members], "}", indent)


def _joined(opening: str, items: list[str], closing: str, indent: str) -> str:
    return f"{opening}{indent}  {f',{indent}  '.join(items)}{indent}{closing}" if items else opening + closing


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    for attribute, name, default in _fields(value.__class__):
        item = getattr(value, attribute)
        if item is not None and (item != default or name == "level"):
            yield name, item


@cache
def _fields(class_: type) -> tuple[tuple[str, str, Any], ...]:
    """Of each field the attribute, its name in SARIF and its default; with those first by which a reader knows the format."""
    if not attr.has(class_):
        raise TypeError(f"SARIF cannot hold a value of type {class_.__name__}")
    fields = [(field.name, field.metadata["schema_property_name"], _default(field)) for field in attr.fields(class_)]
    return tuple(sorted(fields, key=lambda field: _FIRST.index(field[1]) if field[1] in _FIRST else len(_FIRST)))


def _default(field: attr.Attribute[Any]) -> Any:
    factory = getattr(field.default, "factory", None)
    return factory() if factory else field.default
