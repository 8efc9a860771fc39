"""``${path}`` and ``${@fact}`` in the texts of a rule: only concatenation. ``$$`` is a dollar."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from ..formats.placeholders import is_unresolved
from ..model import ABSENT, UNKNOWN, Mark, Message, SettingPath, dotted, sentence
from ..redaction.mask import environment_text, series
from ..redaction.numbers import number_text
from ..text import MASK, as_clause, clipped, printable
from ..typed import Any, NamedTuple
from .display import may_be_shown, shown
from .errors import RuleError
from .node import FACTS_OF_A_FINDING, SENTENCES, Node
from .paths import Path, parse_path

LONGEST_VALUE = 65_536
"""The maximum length of a template's result, the size limit of a rule file: no setting is longer, and a template that repeats one a hundred
times would exhaust memory. A template that is one path builds nothing: it is the value itself."""
_LONGEST_TEXT = 8_192
"""The maximum length of a message, in characters."""

_MOST_NAMES = 12
"""The maximum number of setting names in a message about several."""

_VALUES = ("raw", "text", "literal", "fallback", "meant", "key_id")
"""The facts that are the value itself, or its replacement: they are shown only if the value may be."""

_LENGTHS = ("length", "used")
"""The facts that say how long a value is."""

_DOLLAR = re.compile(r"(\$\$|\$\{[^{}]*\}|\$)")


def cut(text: str) -> str:
    """A text for people, cut at 8,192 characters."""
    return clipped(text, _LONGEST_TEXT)


class Template:
    """A text of a rule with placeholders (``${path}``, ``${@fact}``), compiled; or any other value, which stands for itself."""

    __slots__ = ("paths", "pieces", "text")

    def __init__(self, text: Any) -> None:
        self.text = text
        self.pieces: list[Any] = [text]
        """Paths, and the texts between them."""
        if isinstance(text, str) and "$" in text:
            pieces = (_path(piece, text) if number % 2 else piece for number, piece in enumerate(_DOLLAR.split(text)))
            self.pieces = [piece for piece in pieces if piece != ""]
        self.paths = [piece for piece in self.pieces if isinstance(piece, Path)]

    def value(self, node: Node) -> Any:
        """The value of the template at a node: a text, or the value itself if the template is one path; ``UNKNOWN`` if any part is."""
        parts = [_known(piece, node) if isinstance(piece, Path) else piece for piece in self.pieces]
        if len(parts) == 1:
            return parts[0]
        if any(part is UNKNOWN or part is None or isinstance(part, dict | list) for part in parts):
            return UNKNOWN
        texts = [part if isinstance(part, str) else number_text(part) for part in parts]
        return "".join(texts) if sum(map(len, texts)) <= LONGEST_VALUE else UNKNOWN

    def literal(self, node: Node) -> Any:
        """The literal value if the template is one path, not its meaning; else like :meth:`value`."""
        path = self.pieces[0] if len(self.pieces) == 1 else None
        return path.value(path.single(node)) if isinstance(path, Path) else self.value(node)

    def show(self, node: Node, **about: str) -> str:
        """The text for people: secret values are masked, unknown ones named as such; cut at 8,192 characters.

        ``about`` are facts of the finding whose message it is; see ``FACTS_OF_A_FINDING``.
        """
        # The shown part of a long value is computed once, however often a text names it.
        shown = {path: _shown(path, node, about) for path in dict.fromkeys(self.paths)}
        made: list[str] = []
        length = 0
        for piece in self.pieces:
            made.append(shown.get(piece, piece))
            if isinstance(piece, Path) and piece.fact in SENTENCES:
                _join_clause(made)
            length += len(made[-1])
            if length > _LONGEST_TEXT:
                break
        return cut("".join(made))

    def outline(self, setting: str) -> str:
        """The text about a setting, with words in capitals for what only a finding has: ``baseUrl REASON: CONSEQUENCE``."""
        return "".join(piece if isinstance(piece, str) else _outlined(piece, setting) for piece in self.pieces)

    def quoted(self, node: Node) -> str:
        """The text for people, in quotes unless it is a value other than a text."""
        if not self.paths:
            return literal_text(self.value(node))
        is_text = len(self.pieces) != 1 or isinstance(self.value(node), str | Mark)
        text = self.show(node)
        return f'"{text}"' if is_text or text == MASK else text


class Texts(NamedTuple):
    """The texts of a case of a rule: what is wrong, why it matters and what to do; ``stops`` says that the server does not start."""

    what: Template
    why: Template | None = None
    remedy: Template | None = None
    stops: bool = False

    def show(self, node: Node, reason: Message, mistake: str = "") -> Message:
        """The message about a node that fails for a ``reason``, because of a kind of ``mistake``."""
        facts = {path.fact for one in self[:3] if one is not None for path in one.paths}
        setting = node.setting if "consequence" in facts else None
        release = node.document.owner(node.path)[0].server.release
        about = {"consequence": setting.consequence_of(mistake, release) if setting is not None else ""}
        message = sentence(self.what.show(node, reason=reason.what, **about))
        about["reason"] = reason.text
        if any(path.fact == "reason" for path in self.what.paths):
            message = reason._replace(what=message.what, text=self.what.show(node, **about))
        stops = self.stops or message.stops or (setting is not None and setting.stops_with(mistake, release))
        if self.why is not None:
            is_clause = isinstance(first := self.why.pieces[0], Path) and first.fact in SENTENCES
            message = message.add("why", self.why.show(node, **about), "; " if is_clause and ": " in message.text else ": ")
        if self.remedy is not None:
            message = message.add("remedy", self.remedy.show(node, **about))
        return message._replace(text=cut(message.text).rstrip(), stops=stops)

    def outline(self, setting: str) -> str:
        """The message about a setting, with words in capitals for what only a finding has."""
        texts = ("" if one is None else one.outline(setting) for one in self[:3])
        return sentence(*texts).text


class Together(NamedTuple):
    """The texts of a case of a rule about several settings at once; without ``what`` they follow the message about the first setting.

    ``over``: they apply if more settings than that are all missing, whichever case of the rule finds each.
    """

    what: Template | None = None
    why: Template | None = None
    remedy: Template | None = None
    also: Template | None = None
    over: int = 0

    def show(self, node: Node, first: Message, places: Sequence[SettingPath], notes: Sequence[str]) -> Message:
        """The message about settings at some places, where ``first`` is about the first one; see :meth:`Template.show`."""
        names = _names(places, notes, len(places) + 1 if self.over else _MOST_NAMES)
        about = {"first": first.text, "count": str(len(places)), "paths": names}
        what, why, remedy, also = ("" if one is None else one.show(node, **about) for one in self[:4])
        message = sentence(what, why, remedy) if self.what is not None else first
        message = message.add("also", also, "; " if self.what is None else ": ")
        return message._replace(text=cut(message.text).rstrip(), stops=first.stops)


@lru_cache(maxsize=1_000)
def template_of(text: str) -> Template:
    """The template of a text, compiled once, because an operand is used for its value, its name, and its references."""
    return Template(text)


def operand_of(given: Any) -> Template:
    """The template of an operand of a rule."""
    return template_of(given) if isinstance(given, str) else Template(given)


def _path(piece: str, text: str) -> Any:
    """The meaning of a piece that begins with a dollar: a path to one setting, or a dollar."""
    if piece == "$":
        raise RuleError(f'a dollar in "{text}" begins neither "${{path}}" nor "$$" (which is a dollar)')
    path = parse_path(piece[2:-1]) if piece != "$$" else None
    if path is not None and not path.is_single:
        raise RuleError(f'"{piece}" must lead to one setting: no "*", no "**", no tag')
    return path or "$"


def _outlined(path: Path, setting: str) -> str:
    if path.fact == "path":
        return setting
    if path.fact is None and path.steps and ".".join(map(str, path.steps)) != setting:
        return f"the value of {'.'.join(map(str, path.steps))}"
    return (path.fact or "value").upper()


def _join_clause(made: list[str]) -> None:
    """Append a clause of the catalogue to the sentence before it: after a colon, or a semicolon if that has a colon already."""
    made[-1] = as_clause(made[-1])
    before = "".join(made[:-1])
    if before.endswith(": ") and (not made[-1] or ": " in before[:-2]):
        made[:-1] = [before[:-2] + ("; " if made[-1] else "")]


def _known(path: Path, node: Node) -> Any:
    """The value at a path; ``UNKNOWN`` if it is not known what the server will make of it.

    The meaning is used for another setting than the current one, because its misspelling is a finding of its own.
    """
    asked = path.single(node)
    value = path.value(asked)
    if value is ABSENT or is_unresolved(value):
        return UNKNOWN
    if path.fact is not None:
        return value
    if asked.path == node.path:
        return UNKNOWN if asked.entry.is_misread else value
    return asked.entry.meaning(value)


def _names(paths: Sequence[SettingPath], notes: Sequence[str], most: int) -> str:
    """The names of settings as a list for people, each with its note in brackets; of many the first ones, and the number of the rest."""
    names = [f"{printable(dotted(path))}{f' ({note})' if note else ''}" for path, note in zip(paths, notes, strict=True)]
    return series(names if len(names) <= most else [*names[: most - 1], f"{len(names) - most + 1} others"])


def _shown(path: Path, node: Node, about: Mapping[str, str]) -> str:
    if path.fact in FACTS_OF_A_FINDING:
        return about.get(path.fact, {"count": "1", "paths": printable(dotted(node.path))}.get(path.fact, ""))
    asked = path.single(node)
    value = path.value(asked)
    if path.fact is not None and path.fact not in _VALUES:
        if path.fact == "environment" and value is not ABSENT:
            return environment_text(str(value))
        return "(unknown)" if value is ABSENT else printable(str(value))
    if path.fact is None and asked.path != node.path and value is not ABSENT and not is_unresolved(value):
        known = asked.entry.meaning(value)
        value = value if known is UNKNOWN else known
    return shown(asked.document, asked.path, value)


def shown_at(node: Node, fact: str | None) -> str:
    """The value at a node, or a fact about it, for people: masked as in a message, including the length of a secret."""
    if fact in _LENGTHS and not may_be_shown(node.document, node.path):
        return MASK
    return _shown(Path("node", (), fact), node, {})


def literal_text(value: Any) -> str:
    """A literal of a rule as people read it in a JSON file."""
    import json

    return json.dumps(value, ensure_ascii=False)
