"""A user's rule file, read strictly: every mistake gets its line and, where one is near, the word that was meant."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import yaml

from .errors import RuleError, did_you_mean
from .rule import LARGEST_FILE, Rule, check_kinds, compile_rule

Where = tuple[str | int, ...]


class RuleFile(NamedTuple):
    """What was read: the rule, or None and the ``errors`` (``file:line: …``) that say why not. ``data`` is the YAML's."""

    path: Path
    rule: Rule | None
    data: Any
    errors: list[str]
    lines: dict[Where, int]

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


def read_rule_file(path: Path, kinds: frozenset[str]) -> RuleFile:
    """Read and check one rule file; ``kinds`` are the kinds of document that exist. Never raises for what the file holds."""
    lines: dict[Where, int] = {}
    try:
        data = _read_yaml(path, lines)
    except _YamlError as error:
        return RuleFile(path, None, None, [f"{path}:{error.line}: {error.message}"], lines)
    errors = [f"{path}:{_line(lines, where)}: {message}" for where, message in _schema_errors(data)]
    rule = None
    if not errors:
        try:
            rule = compile_rule(data, prepare=True)
            check_kinds(rule.info, kinds)
            _check_name(path, rule.info.id)
        except RuleError as error:
            rule = None
            errors.append(f"{path}:{_line(lines, error.path)}: {error.message}")
    return RuleFile(path, rule, data, errors, lines)


def _check_name(path: Path, rule_id: str) -> None:
    name = rule_id.rpartition("/")[2]
    if path.stem != name:
        raise RuleError(f'the file of the rule "{rule_id}" must be called {name}.yaml', ("id",))


# --- YAML: a small, plain part of it. ----------------------------------------------------------------------------------------------


def _read_yaml(path: Path, lines: dict[Where, int]) -> Any:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _YamlError(f"cannot be read: {error.strerror}", 1) from None
    if len(content) > LARGEST_FILE:
        raise _YamlError(f"a rule file can have at most {LARGEST_FILE:,} bytes (it has {len(content):,})", 1)
    try:
        text = content.decode("utf-8")
        _refuse_aliases(text)
        nodes = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except UnicodeDecodeError as error:
        raise _YamlError("is not UTF-8", content[: error.start].count(b"\n") + 1) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _YamlError(f"not valid YAML: {error.problem}", mark.line + 1 if mark else 1) from None
    except yaml.YAMLError as error:
        raise _YamlError(f"not valid YAML: {str(error).splitlines()[0]}", 1) from None
    except RecursionError:
        raise _YamlError("is nested too deeply", 1) from None
    if len(nodes) != 1 or nodes[0] is None:
        raise _YamlError("must hold one rule", nodes[1].start_mark.line + 1 if len(nodes) > 1 and nodes[1] else 1)
    return _construct(nodes[0], (), lines)


def _refuse_aliases(text: str) -> None:
    """Before anything is composed, for a few lines of aliases can stand for gigabytes."""
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if getattr(event, "anchor", None) and event.start_mark is not None:
            raise _YamlError("anchors and aliases are not allowed in rule files", event.start_mark.line + 1)


def _construct(node: yaml.Node, where: Where, lines: dict[Where, int]) -> Any:
    line = node.start_mark.line + 1
    lines.setdefault(where, line)
    if not node.tag.startswith("tag:yaml.org,2002:"):
        raise _YamlError(f"the tag {node.tag} is not allowed in rule files", line)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, where, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_construct(item, (*where, index), lines) for index, item in enumerate(node.value)]
    assert isinstance(node, yaml.ScalarNode)  # a node is one of three
    return _scalar(node, line)


def _mapping(node: yaml.MappingNode, where: Where, lines: dict[Where, int]) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise _YamlError("a key must be text", line)
        key = str(key_node.value)
        if key in mapping:
            raise _YamlError(f'the key "{key}" is given twice', line)
        lines[(*where, key)] = line
        mapping[key] = _construct(value_node, (*where, key), lines)
    return mapping


def _scalar(node: yaml.ScalarNode, line: int) -> Any:
    text, kind = str(node.value), node.tag.rpartition(":")[2]
    if kind == "bool":
        if text == "off":
            return text  # a severity; YAML 1.1 takes it for a boolean
        if text not in ("true", "false"):
            raise _YamlError(f'"{text}" is a boolean to YAML: write true or false, or put it in quotes', line)
        return text == "true"
    if kind == "int":
        if not re.fullmatch(r"-?(0|[1-9][0-9]*)", text):
            raise _YamlError(f'"{text}" is a number to YAML, and not the one that it seems: write plain digits, or put it in quotes', line)
        return int(text)
    if kind == "float":
        try:
            return float(text)
        except ValueError:
            raise _YamlError(f'"{text}" is a number to YAML: write a plain one, or put it in quotes', line) from None
    if kind == "null":
        return None
    if kind in ("timestamp", "str", "value", "merge"):
        return text
    raise _YamlError(f"a value of the type {kind} is not allowed in rule files", line)


# --- The grammar. ------------------------------------------------------------------------------------------------------------------


@cache
def rule_schema() -> dict[str, Any]:
    """The grammar of rule files as JSON Schema (2020-12)."""
    schema: dict[str, Any] = json.loads(Path(__file__).with_name("rule.schema.json").read_bytes())
    return schema


def _schema_errors(data: Any) -> list[tuple[Where, str]]:
    """Every violation of the grammar as its place in the data and a sentence."""
    validator = jsonschema.Draft202012Validator(rule_schema())
    found = [described for error in validator.iter_errors(data) for described in _described(error)]
    return sorted(set(found), key=lambda one: [str(step) for step in one[0]])


def _described(error: jsonschema.ValidationError) -> list[tuple[Where, str]]:
    where: Where = tuple(error.absolute_path)
    operand: Any = error.validator_value
    schema: Any = error.schema
    instance: Any = error.instance
    name = str(where[-1]) if where else "a rule"
    if error.validator == "additionalProperties":
        known = [str(key) for key in schema.get("properties", ())]
        extra = [key for key in instance if key not in known] if isinstance(instance, dict) else []
        return [((*where, key), f'"{key}" is not a key of {name}{did_you_mean(key, known)}') for key in extra]
    if error.validator == "required":
        missing = next(key for key in operand if key not in instance)
        return [(where, f'{name} lacks "{missing}"')]
    if error.validator == "enum" and isinstance(instance, str):
        known = [str(value) for value in operand]
        return [(where, f'"{instance}" is not one of {", ".join(known)}{did_you_mean(instance, known)}')]
    if error.validator == "type":
        return [(where, f"{name} must be {' or '.join(operand) if isinstance(operand, list) else f'of the type {operand}'}")]
    if schema.get("description") and error.validator in ("pattern", "oneOf", "anyOf", "not"):
        return [(where, f"{name} must be {schema['description']}")]
    return [(where, f"{name}: {error.message}")]
