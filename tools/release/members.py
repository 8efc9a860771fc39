"""The settings that the server's own type of its configuration names: ``MedplumServerConfig``, with the members of what it holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

ROOT: Final = "MedplumServerConfig"

_TOKEN: Final = re.compile(
    r"""(?P<skip>//[^\n]*|/\*.*?\*/|\s+)|(?P<text>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`)|=>|[\w$]+|.""", re.DOTALL
)
_OPEN: Final = {"{": "}", "[": "]", "(": ")", "<": ">"}
_PLAIN: Final = {"string": "string", "boolean": "boolean", "number": "integer"}
_WRAPPERS: Final = ("Partial", "Required", "Readonly", "Omit", "Pick")
_LISTS: Final = ("Array", "ReadonlyArray", "Set")

Tokens = list[str]


def members(texts: Iterable[str]) -> dict[str, str]:
    """The dotted names of the settings, each with its JSON type as the catalogue writes it; of a number it cannot tell which one.

    Members of what another package declares, such as ``KeepJobs`` of bullmq, are not known.
    """
    declared: dict[str, Tokens] = {}
    for text in texts:
        declared.update(_declarations(_tokens(text)))
    return dict(_flatten("", declared.get(ROOT, []), declared, ()))


def _tokens(text: str) -> Tokens:
    return [match[0] for match in _TOKEN.finditer(text) if match["skip"] is None]


def _declarations(tokens: Tokens) -> Iterator[tuple[str, Tokens]]:
    """Each interface and each alias of a type, with the tokens of the type; an interface that extends others is ``A & {…}``."""
    for place, token in enumerate(tokens[:-2]):
        name, rest = tokens[place + 1], tokens[place + 2 :]
        if token == "interface" and "{" in rest:
            opens = rest.index("{")
            above = [word for word in rest[:opens] if word not in ("extends", ",")]
            yield name, [word for one in above for word in (one, "&")] + rest[opens : _end(rest, opens)]
        elif token == "type" and rest[0] == "=":
            yield name, next(iter(_split(rest[1:], ";")), [])


def _end(tokens: Tokens, opens: int) -> int:
    """The place after the bracket that closes the one at a place."""
    depth = 0
    for place in range(opens, len(tokens)):
        depth += (tokens[place] in _OPEN) - (tokens[place] in _OPEN.values())
        if depth == 0:
            return place + 1
    return len(tokens)


def _split(tokens: Tokens, *marks: str) -> Iterator[Tokens]:
    """The non-empty parts between marks outside all brackets."""
    part: Tokens = []
    depth = 0
    for token in [*tokens, marks[0]]:
        depth += (token in _OPEN) - (token in _OPEN.values())
        if depth <= 0 and token in marks:
            if part:
                yield part
            part = []
        else:
            part.append(token)


def _flatten(name: str, type_: Tokens, declared: Mapping[str, Tokens], above: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The settings beneath one of this type, and itself where it has a name. ``above`` are the types that contain it."""
    if name:
        yield name, _json_type(type_, declared)
    for part in _parts(type_):
        element = _element(part)
        if element is not None:
            if not _is_plain(element, declared):
                yield from _flatten(f"{name}.*", element, declared, above)
        elif part[0] == "{" and part[-1] == "}":
            for member, its_type in _members_of(part):
                yield from _flatten(f"{name}.{member}" if name else member, its_type, declared, above)
        elif len(part) == 1 and part[0] in declared and part[0] not in above:
            inner = _flatten(name, declared[part[0]], declared, (*above, part[0]))
            yield from (one for one in inner if one[0] != name)
        elif len(part) > 3 and part[0] in _WRAPPERS and part[1] == "<":
            inner = _flatten(name, next(_split(part[2:-1], ",")), declared, above)
            yield from (one for one in inner if one[0] != name)


def _parts(type_: Tokens) -> list[Tokens]:
    """The types that one is made of, without ``undefined``, ``null`` and ``readonly``."""
    found = []
    for part in _split(type_, "|", "&"):
        part = part[1:] if part[0] == "readonly" else part
        if part[0] == "(" and _end(part, 0) == len(part):
            found += _parts(part[1:-1])
        elif part not in (["undefined"], ["null"]):
            found.append(part)
    return found


def _element(part: Tokens) -> Tokens | None:
    """The type of the items of a list; None if it is not a list."""
    if part[-2:] == ["[", "]"] and len(part) > 2:
        return part[:-2]
    return part[2:-1] if part[0] in _LISTS and part[1:2] == ["<"] else None


def _members_of(body: Tokens) -> Iterator[tuple[str, Tokens]]:
    """The members of ``{…}``, without those of an index signature, and without functions."""
    for member in _split(body[1:-1], ";", ","):
        words = member[1:] if member[0] == "readonly" and member[1:2] not in ([":"], ["?"]) else member
        name, rest = words[0].strip("'\""), words[1:]
        rest = rest[1:] if rest[:1] == ["?"] else rest
        if rest[:1] == [":"] and re.fullmatch("[A-Za-z][A-Za-z0-9]*", name):
            yield name, rest[1:]


def _is_plain(type_: Tokens, declared: Mapping[str, Tokens]) -> bool:
    return _json_type(type_, declared) in _PLAIN.values()


def _json_type(type_: Tokens, declared: Mapping[str, Tokens], depth: int = 0) -> str:
    """The JSON type of the first part of a type."""
    part = next(iter(_parts(type_)), ["object"])
    if _element(part) is not None:
        return "array"
    if len(part) == 1 and part[0] in declared and depth < 10:
        return _json_type(declared[part[0]], declared, depth + 1)
    if part[0][0] in "'\"`":
        return "string"
    if part[0].isdigit():
        return "integer"
    return "boolean" if part[0] in ("true", "false") else _PLAIN.get(part[0], "object")
