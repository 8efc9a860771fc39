"""``${path}`` and ``${@fact}`` in the texts of a rule: concatenation only. ``$$`` is a dollar."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..model import ABSENT, UNKNOWN, printable
from .display import number_text, shown
from .errors import RuleError
from .judgement import is_misread
from .node import Node
from .paths import Path, parse_path
from .placeholders import is_unresolved

_PIECE = re.compile(r"\$\$|\$\{([^{}]*)\}|\$")


class Template:
    """A compiled text with places to fill in."""

    __slots__ = ("paths", "pieces")

    def __init__(self, text: str) -> None:
        self.pieces: list[str | Path] = []
        at = 0
        for match in _PIECE.finditer(text):
            self.pieces.append(text[at : match.start()])
            at = match.end()
            if match[0] == "$$":
                self.pieces.append("$")
            elif match[1] is None:
                raise RuleError(f'a dollar in "{text}" begins neither "${{path}}" nor "$$" (which stands for a dollar)')
            else:
                self.pieces.append(_single_path(match[1]))
        self.pieces.append(text[at:])
        self.pieces = [piece for piece in self.pieces if piece != ""]
        self.paths = [piece for piece in self.pieces if isinstance(piece, Path)]

    def value(self, node: Node) -> Any:
        """What the template gives at a node: text, or the very value where the template is one path; ``UNKNOWN`` if any part is."""
        parts: list[Any] = []
        for piece in self.pieces:
            part = piece if isinstance(piece, str) else _known(piece, node)
            if part is UNKNOWN:
                return UNKNOWN
            parts.append(part)
        if len(parts) == 1:
            return parts[0]
        if any(isinstance(part, dict | list) or part is None for part in parts):
            return UNKNOWN
        return "".join(part if isinstance(part, str) else number_text(part) for part in parts)

    def show(self, node: Node, reason: str = "") -> str:
        """The text for people: secret values are masked, what is not known is said so."""
        return "".join(piece if isinstance(piece, str) else _shown(piece, node, reason) for piece in self.pieces)


def _known(path: Path, node: Node) -> Any:
    """What a path leads to; ``UNKNOWN`` where nobody knows what the server will make of it."""
    found = path.single(node)
    value = path.value(found)
    if value is ABSENT or is_unresolved(value) or (path.fact is None and is_misread(node.document, found.path)):
        return UNKNOWN
    return value


def _shown(path: Path, node: Node, reason: str) -> str:
    if path.fact == "reason":
        return reason
    found = path.single(node)
    if path.fact is not None and path.fact != "raw":
        fact = path.value(found)
        return "(unknown)" if fact is ABSENT else printable(str(fact))
    return shown(found.document, found.path, path.value(found))


def _single_path(text: str) -> Path:
    path = parse_path(text)
    if not path.is_single:
        raise RuleError(f'"${{{text}}}" must lead to one setting: no "*", no "**", no tag')
    return path


def compile_value(value: Any) -> Callable[[Node], Any]:
    """A literal or template operand, as a function of the node."""
    if isinstance(value, str) and "$" in value:
        template = Template(value)
        if template.paths:
            return template.value
        literal = "".join(str(piece) for piece in template.pieces)
        return lambda _node: literal
    return lambda _node: value


def show_value(value: Any) -> Callable[[Node], str]:
    """An operand as it is named in a reason or in the description of a fix, secrets masked."""
    if isinstance(value, str) and "$" in value:
        return lambda node: f'"{Template(value).show(node)}"'
    return lambda _node: literal_text(value)


def literal_text(value: Any) -> str:
    """A literal of a rule as people read it in a JSON file."""
    import json

    return json.dumps(value, ensure_ascii=False)
