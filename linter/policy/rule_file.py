"""A user's rule file, read strictly: every mistake gets its line and, where one is near, the word that was meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from pathlib import Path

import jsonschema
import yaml

from ..files import TooLarge, Unreadable, read_regular
from ..text import printable
from ..typed import Any, NamedTuple
from .errors import RuleError, did_you_mean
from .grammar import case_schema, rule_schema
from .known import check_settings
from .links import with_links
from .older import modernized
from .rule import LARGEST_FILE, Rule, check_kinds, compile_rule, whole_case
from .samples import filled
from .trust import check_asks_no_secret, check_changes_no_secret

Where = tuple[str | int, ...]


class RuleFile(NamedTuple):
    """A rule file that was read: the rule, or None and the ``errors`` (``file:line: …``) that say why not.

    ``data`` is its YAML, with the texts that examples name. ``notes`` say what is written otherwise today, each with its line.
    """

    path: Path
    rule: Rule | None
    data: Any
    errors: list[str]
    lines: dict[Where, int]
    notes: tuple[tuple[int, str], ...] = ()

    def line(self, where: Where) -> int:
        """The line (from 1) of a place in the data, or of what holds it."""
        return _line(self.lines, where)


def _line(lines: dict[Where, int], where: Where) -> int:
    while where and where not in lines:
        where = where[:-1]
    return lines.get(where, 1)


class _YamlError(Exception):
    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


def read_rule_file(path: Path, kinds: frozenset[str], *, trusted: bool = True, category: str = "") -> RuleFile:
    """Read and check one rule file; ``kinds`` are the kinds of document that exist. Never raises for what the file holds.

    A rule that is not ``trusted`` cannot ask what secrets hold, or change them; see :mod:`linter.policy.trust`. ``category`` is that of a
    built-in rule.
    """
    lines: dict[Where, int] = {}
    try:
        data = _read_yaml(path, lines)
    except _YamlError as error:
        return RuleFile(path, None, None, [f"{path}:{error.line}: {error.message}"], lines)
    data, older = modernized(data)
    notes = tuple((_line(lines, one.place), one.says) for one in older)
    mistakes = {(_line(lines, where), message) for where, message in _schema_errors(data)}
    errors = [f"{path}:{line}: {message}" for line, message in sorted(mistakes)]
    rule = None
    if not errors:
        try:
            data = {**data, "examples": filled(data["examples"], ("examples",))}
            rule = compile_rule(with_links({**data, "category": category}), prepare=True)
            check_kinds(rule, kinds)
            check_settings(rule)
            _check_name(path, rule.info.id)
            rule.trusted = trusted
            if not trusted:
                check_asks_no_secret(rule)
                check_changes_no_secret(rule)
        except RuleError as error:
            rule = None
            errors.append(f"{path}:{_line(lines, error.path)}: {printable(error.message)}")
    return RuleFile(path, rule, data, errors, lines, notes)


def _check_name(path: Path, rule_id: str) -> None:
    name = rule_id.rpartition("/")[2]
    if path.stem != name:
        raise RuleError(f'the file of the rule "{rule_id}" must be called {name}.yaml', ("id",))


# --- YAML: a small, plain part of it. ----------------------------------------------------------------------------------------------


_TAG = "tag:yaml.org,2002:"
_SCALARS = frozenset({"str", "bool", "int", "float", "null", "timestamp", "value"})
_QUOTE_STAR = '; put a path that begins with "*" in quotes'
DEEPEST_YAML = 40
"""Levels of mappings and lists in a rule file at most, examples included."""


def _read_yaml(path: Path, lines: dict[Where, int]) -> Any:
    try:
        content = read_regular(path, LARGEST_FILE)
    except TooLarge as error:
        raise _YamlError(f"a rule file can have at most {LARGEST_FILE:,} bytes (it has {error.size:,})", 1) from None
    except Unreadable as error:
        raise _YamlError(f"cannot be read: {error}", 1) from None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _YamlError("is not UTF-8", content[: error.start].count(b"\n") + 1) from None
    nodes = _composed(text)
    if len(nodes) > 1:
        raise _YamlError("a rule file contains one rule, but a second one begins here", nodes[1].start_mark.line + 1 if nodes[1] else 1)
    if not nodes or nodes[0] is None:
        raise _YamlError("holds no rule", 1)
    return _construct(nodes[0], (), lines)


def _composed(text: str) -> list[yaml.Node]:
    try:
        _check_events(text)
        return list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _YamlError(f"not valid YAML: {error.problem}{_hint(error)}", mark.line + 1 if mark else 1) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _YamlError(f"not valid YAML: the character U+{ord(text[error.position]):04X} is not allowed", line) from None


def _hint(error: yaml.MarkedYAMLError) -> str:
    if error.context == "while scanning an alias":
        return _QUOTE_STAR
    if error.problem is not None and "cannot start any token" in error.problem:
        return "; indent with spaces" if "\\t" in error.problem else "; write the text in quotes"
    return ""


def _check_events(text: str) -> None:
    """Refuse aliases and deep nesting before anything is composed: a few lines of aliases can stand for gigabytes."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark is not None else 1
        if getattr(event, "anchor", None):
            hint = _QUOTE_STAR if isinstance(event, yaml.AliasEvent) else ""
            raise _YamlError(f"anchors and aliases are not allowed in rule files{hint}", line)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST_YAML:
            raise _YamlError(f"is nested deeper than {DEEPEST_YAML} levels", line)


def _construct(node: yaml.Node, where: Where, lines: dict[Where, int]) -> Any:
    line = node.start_mark.line + 1
    lines.setdefault(where, line)
    if isinstance(node, yaml.MappingNode):
        _check_tag(node, {"map"})
        return _mapping(node, where, lines)
    if isinstance(node, yaml.SequenceNode):
        _check_tag(node, {"seq"})
        return [_construct(item, (*where, index), lines) for index, item in enumerate(node.value)]
    assert isinstance(node, yaml.ScalarNode)  # a node is one of three
    _check_tag(node, _SCALARS | {"merge"})
    return _scalar(node, line, is_level="severity" in where[:3:2] or "class" in where[:3:2])


def _check_tag(node: yaml.Node, allowed: Set[str]) -> None:
    if node.tag.removeprefix(_TAG) not in allowed:
        tag = node.tag.replace(_TAG, "!!")
        raise _YamlError(f"the tag {tag} is not allowed in rule files", node.start_mark.line + 1)


def _mapping(node: yaml.MappingNode, where: Where, lines: dict[Where, int]) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise _YamlError("a key must be text", line)
        key = str(key_node.value)
        if key_node.tag == f"{_TAG}merge":
            raise _YamlError(f'the merge key "{key}" is not allowed in rule files', line)
        _check_tag(key_node, _SCALARS)
        if key in mapping:
            raise _YamlError(f'the key "{key}" is given twice', line)
        lines[(*where, key)] = line
        mapping[key] = _construct(value_node, (*where, key), lines)
    return mapping


def _scalar(node: yaml.ScalarNode, line: int, *, is_level: bool) -> Any:
    text, kind = str(node.value), node.tag.removeprefix(_TAG)
    if kind == "bool":
        return _boolean(text, line, is_level=is_level)
    if kind in ("int", "float"):
        return _number(text, kind, line)
    return None if kind == "null" else text


def _boolean(text: str, line: int, *, is_level: bool) -> bool | str:
    if text == "off" and is_level:
        return text  # a severity; YAML 1.1 takes it for a boolean
    if text not in ("true", "false"):
        raise _YamlError(f'"{text}" is a boolean to YAML: write true or false, or put it in quotes', line)
    return text == "true"


def _number(text: str, kind: str, line: int) -> int | float:
    """The number that a plain one is; YAML 1.1 takes much more for one: 010 is 8, 12:30 is 750, 1_0 is 10."""
    if kind == "int" and re.fullmatch(r"-?(0|[1-9][0-9]{0,99})", text):
        return int(text)
    if kind == "float" and re.fullmatch(r"-?[0-9]+\.[0-9]+([eE][-+][0-9]{1,2})?", text):
        return float(text)
    shown = text if len(text) <= 40 else f"{text[:40]}…"
    raise _YamlError(f'"{shown}" is a number to YAML, and perhaps not the one it seems: write plain digits, or put it in quotes', line)


# --- What violates the grammar. ----------------------------------------------------------------------------------------------------


def _schema_errors(data: Any) -> list[tuple[Where, str]]:
    """Every violation of the grammar as its place in the data and a sentence."""
    errors = list(jsonschema.Draft202012Validator(rule_schema()).iter_errors(data))
    if not errors and "cases" in data:
        return list(_errors_of_cases(data))
    misspelt = {(tuple(error.absolute_path), did_you_mean(key, known)) for error in errors for key, known in _unknown_keys(error)}
    mistakes = [described for error in errors for described in _described(error)]
    return [(where, message) for where, message, missing in mistakes if (where, f'; did you mean "{missing}"?') not in misspelt]


def _errors_of_cases(data: dict[str, Any]) -> Iterator[tuple[Where, str]]:
    """What the cases of a rule lack, each with what the rule says for all of them."""
    validator = jsonschema.Draft202012Validator(case_schema())
    for index, own in enumerate(data["cases"]):
        for error in validator.iter_errors(whole_case(data, own)):
            for where, message, _ in _described(error):
                place = where if where and where[0] not in own else ("cases", index, *where)
                yield place, re.sub(r"\Athe rule\b", f"case {index + 1}", message)


def _unknown_keys(error: jsonschema.ValidationError) -> list[tuple[str, list[str]]]:
    """The keys that the grammar does not have, each with those that it has there."""
    schema: Any = error.schema
    instance: Any = error.instance
    if error.validator != "additionalProperties" or not isinstance(instance, dict):
        return []
    known = [str(key) for key in schema.get("properties", ())]
    return [(key, known) for key in instance if key not in known]


def _described(error: jsonschema.ValidationError) -> list[tuple[Where, str, str | None]]:
    """The errors in words, each with its place and, where a key is missing, that key."""
    where: Where = tuple(error.absolute_path)
    instance: Any = error.instance
    name = _name(where)
    if error.validator == "additionalProperties":
        what = "there is no operator {}" if _schema_of(error).get("title") == "operators" else f"{{}} is not a key of {name}"
        return [((*where, key), what.format(f'"{key}"') + did_you_mean(key, known), None) for key, known in _unknown_keys(error)]
    if error.validator == "required":
        operand: Any = error.validator_value
        return [(where, f'{name} lacks "{key}"', key) for key in operand if key not in instance]
    if error.validator == "dependentRequired":
        key = "then" if "if" in instance else "if"
        return [((*where, "if" if key == "then" else "then"), f'"if" and "then" need each other: "{key}" is missing', None)]
    if error.validator == "not":
        description = str(_schema_of(error)["description"])
        named = [key for key in re.findall(r'"(\w+)"', description) if key in instance]
        return [((*where, *named[:1]), description, None)]
    return [(where, f"{name} {_must(error)}", None)]


def _must(error: jsonschema.ValidationError) -> str:
    """What a value must be, to be read after its name. A ``description`` in the grammar says it where that is not plain."""
    operand: Any = error.validator_value
    instance: Any = error.instance
    near = did_you_mean(instance, [str(value) for value in operand]) if error.validator == "enum" and isinstance(instance, str) else ""
    if instance is None and error.validator in ("type", "enum"):
        return "has no value"
    description = _schema_of(error).get("description")
    if description is not None:
        return f"{description}{near}"
    if error.validator == "enum":
        given = f', not "{instance}"' if isinstance(instance, str) else ""
        return f"must be {'one of ' if len(operand) > 1 else ''}{', '.join(map(str, operand))}{given}{near}"
    if error.validator == "type":
        quotes = ": put it in quotes" if operand == "string" and not isinstance(instance, dict | list) else ""
        return f"must be {' or '.join(_TYPES[name] for name in ([operand] if isinstance(operand, str) else operand))}{quotes}"
    if error.validator in ("minLength", "minItems", "minProperties"):
        return "must not be empty"
    if error.validator in ("maxLength", "maxItems", "maxProperties"):
        return f"can have at most {operand} {'characters' if isinstance(instance, str) else 'entries'} (it has {len(instance)})"
    return f"must be at least {operand}"  # minimum is all that remains


_TYPES = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
}


def _schema_of(error: jsonschema.ValidationError) -> dict[str, Any]:
    return error.schema if isinstance(error.schema, dict) else {}


def _name(where: Where) -> str:
    """A place in a rule as people call it."""
    if not where:
        return "the rule"
    if isinstance(where[-1], str):
        return where[-1]
    if where[0] == "examples" and len(where) == 3:
        return f"{where[1]} example {where[2] + 1}" if isinstance(where[2], int) else str(where[2])
    return f"item {where[-1] + 1} of {_name(where[:-1])}"
