"""A user's rule file, read strictly: every mistake gets its line and, if one is near, the word that was meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Set
from pathlib import Path

import jsonschema
import yaml

from ..files import TooLarge, Unreadable, read_regular
from ..text import clipped, printable
from ..typed import Any, Final, NamedTuple
from .controls import check_controls
from .errors import RuleError, did_you_mean
from .grammar import case_schema, rule_schema
from .known import check_settings, with_links
from .operators import listed
from .possible import check_possible
from .proof import check_proof
from .rule import Rule, check_kinds, check_operands, whole_case
from .tree import Place
from .trust import check_knows_no_secret


class RuleFile(NamedTuple):
    """A rule file: the rule, or None and the ``errors`` (``file:line: …``) that say why it is invalid.

    ``data`` is its YAML, with samples filled in.
    """

    path: Path
    rule: Rule | None
    data: Any
    errors: list[str]
    lines: dict[Place, int]

    def line(self, where: Place) -> int:
        """The line (from 1) of a place in the data, or of its nearest parent."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, 1)


def read_rule_file(path: Path, *, trusted: bool = True, category: str = "") -> RuleFile:
    """Read and check one rule file. Never raises because of its content.

    A rule that is not ``trusted`` cannot ask what secrets contain, or change them; see :mod:`linter.policy.trust`. ``category`` is the
    category of a built-in rule.
    """
    read = RuleFile(path, None, None, [], {})
    try:
        data = _read_yaml(path, read.lines)
        mistakes = {(read.line(where), message) for where, message in _schema_errors(data)}
        if mistakes:
            return read._replace(errors=[f"{path}:{line}: {message}" for line, message in sorted(mistakes)])
        read = read._replace(data={**data, "examples": filled(data["examples"], ("examples",))})
        rule = Rule(with_links({**read.data, "category": category}))
        rule.trusted = trusted
        check_operands(rule, built_in=bool(category))
        check_kinds(rule)
        check_controls(read.data, built_in=bool(category))
        check_settings(rule)
        check_possible(rule)
        name = rule.info.id.rpartition("/")[2]
        if path.stem != name:
            raise RuleError(f'the file of the rule "{rule.info.id}" must be called {name}.yaml', ("id",))
        if not trusted:
            check_knows_no_secret(rule)
        check_proof(rule)
    except RuleError as error:
        return read._replace(errors=[f"{path}:{error.line or read.line(error.path)}: {printable(error.message)}"])
    return read._replace(rule=rule)


# --- YAML: a small, plain part of it. ----------------------------------------------------------------------------------------------


LARGEST_FILE = 65_536
"""The maximum size of a rule file, in bytes."""
_TAG = "tag:yaml.org,2002:"
_SCALARS = frozenset({"str", "bool", "int", "float", "null", "timestamp", "value"})
_QUOTE_STAR = '; put a path that begins with "*" in quotes'
DEEPEST_YAML = 40
"""The maximum depth of mappings and lists in a rule file, including examples."""


def _read_yaml(path: Path, lines: dict[Place, int]) -> Any:
    """The data of a file; ``lines`` gets the line of each place. Raises :class:`RuleError`."""
    text = ""
    try:
        text = read_regular(path, LARGEST_FILE).decode("utf-8")
        _check_events(text)
        nodes = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except TooLarge as error:
        raise RuleError(f"a rule file can have at most {LARGEST_FILE:,} bytes (it has {error.size:,})", line=1) from None
    except Unreadable as error:
        raise RuleError(f"cannot be read: {error}", line=1) from None
    except UnicodeDecodeError as error:
        raise RuleError("is not UTF-8", line=error.object.count(b"\n", 0, error.start) + 1) from None
    except yaml.MarkedYAMLError as error:
        mark, problem, hint = error.problem_mark or error.context_mark, str(error.problem), ""
        if error.context == "while scanning an alias":
            hint = _QUOTE_STAR
        elif "cannot start any token" in problem:
            hint = "; indent with spaces" if "\\t" in problem else "; write the text in quotes"
        raise RuleError(f"not valid YAML: {problem}{hint}", line=mark.line + 1 if mark else 1) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise RuleError(f"not valid YAML: the character U+{ord(text[error.position]):04X} is not allowed", line=line) from None
    if len(nodes) > 1:
        raise RuleError("a rule file contains one rule, but a second one begins here", line=_line(nodes[1]))
    if not nodes or nodes[0] is None:
        raise RuleError("holds no rule", line=1)
    return _construct(nodes[0], (), lines)


def _line(node: Any) -> int:
    """The line of a node or event; 1 if it has none."""
    return node.start_mark.line + 1 if node.start_mark is not None else 1


def _check_events(text: str) -> None:
    """Refuse aliases and deep nesting before anything is composed: a few lines of aliases can expand to gigabytes."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if getattr(event, "anchor", None):
            hint = _QUOTE_STAR if isinstance(event, yaml.AliasEvent) else ""
            raise RuleError(f"anchors and aliases are not allowed in rule files{hint}", line=_line(event))
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST_YAML:
            raise RuleError(f"is nested deeper than {DEEPEST_YAML} levels", line=_line(event))


def _construct(node: yaml.Node, where: Place, lines: dict[Place, int]) -> Any:
    lines.setdefault(where, _line(node))
    if isinstance(node, yaml.MappingNode):
        _kind(node, {"map"})
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key, line = str(key_node.value), _line(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                raise RuleError("a key must be text", line=line)
            if _kind(key_node, {*_SCALARS, "merge"}) == "merge":
                raise RuleError(f'the merge key "{key}" is not allowed in rule files', line=line)
            if key in mapping:
                raise RuleError(f'the key "{key}" is given twice', line=line)
            place = (*where, key)
            lines[place] = line
            mapping[key] = _construct(value_node, place, lines)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        _kind(node, {"seq"})
        return [_construct(item, (*where, index), lines) for index, item in enumerate(node.value)]
    kind = _kind(node, {*_SCALARS, "merge"})
    return _scalar(str(node.value), kind, _line(node), is_level="severity" in where[:3:2] or "class" in where[:3:2])


def _kind(node: yaml.Node, allowed: Set[str]) -> str:
    """The type of a node, one of some."""
    kind = str(node.tag).removeprefix(_TAG)
    if kind not in allowed:
        raise RuleError(f"the tag {node.tag.replace(_TAG, '!!')} is not allowed in rule files", line=_line(node))
    return kind


def _scalar(text: str, kind: str, line: int, *, is_level: bool) -> Any:
    """A YAML scalar; YAML 1.1 turns too many texts into booleans and numbers: 010 is 8, 12:30 is 750, 1_0 is 10."""
    if kind == "bool" and not (text == "off" and is_level):  # a severity
        if text not in ("true", "false"):
            raise RuleError(f'"{text}" is a boolean to YAML: write true or false, or put it in quotes', line=line)
        return text == "true"
    if kind in _NUMBERS:
        read, written = _NUMBERS[kind]
        if written.fullmatch(text):
            return read(text)
        shown = text if len(text) <= 40 else f"{text[:40]}…"
        wrong = "is a number to YAML, and perhaps not the one it seems: write plain digits, or put it in quotes"
        raise RuleError(f'"{shown}" {wrong}', line=line)
    return None if kind == "null" else text


_NUMBERS: Mapping[str, tuple[Callable[[str], float], re.Pattern[str]]] = {
    "int": (int, re.compile(r"-?(0|[1-9][0-9]{0,99})")),
    "float": (float, re.compile(r"-?[0-9]+\.[0-9]+([eE][-+][0-9]{1,2})?")),
}


# --- What violates the grammar. ----------------------------------------------------------------------------------------------------


def _schema_errors(data: Any) -> Iterator[tuple[Place, str]]:
    """Every violation of the grammar as its place in the data and a sentence."""
    errors = list(jsonschema.Draft202012Validator(rule_schema()).iter_errors(data))
    if not errors and "cases" in data:
        yield from _errors_of_cases(data)
    described = [one for error in errors for one in _described(error)]
    misspelt = {(where[:-1], message.rpartition("; ")[2]) for where, message, _ in described}
    yield from ((where, message) for where, message, missing in described if (where, f'did you mean "{missing}"?') not in misspelt)


def _errors_of_cases(data: dict[str, Any]) -> Iterator[tuple[Place, str]]:
    """The missing keys in the cases of a rule, each combined with the rule's own keys."""
    validator = jsonschema.Draft202012Validator(case_schema())
    for index, own in enumerate(data["cases"]):
        for error in validator.iter_errors(whole_case(data, own)):
            for where, message, _ in _described(error):
                place = where if where and where[0] not in own else ("cases", index, *where)
                yield place, re.sub(r"\Athe rule\b", f"case {index + 1}", message)


def _described(error: jsonschema.ValidationError) -> Iterator[tuple[Place, str, str]]:
    """The errors in words, each with its place and, where a key is missing, that key."""
    where: Place = tuple(error.absolute_path)
    instance: Any = error.instance
    operand: Any = error.validator_value
    schema: Any = error.schema
    name = _name(where)
    if error.validator == "additionalProperties":
        what = "there is no operator {}" if schema.get("title") == "operators" else f"{{}} is not a key of {name}"
        known = schema["properties"]
        yield from (((*where, key), what.format(f'"{key}"') + did_you_mean(key, known), "") for key in instance if key not in known)
    elif error.validator == "required":
        yield from ((where, f'{name} lacks "{key}"', key) for key in operand if key not in instance)
    elif error.validator == "dependentRequired":
        given, missing = ("if", "then") if "if" in instance else ("then", "if")
        yield (*where, given), f'"if" and "then" need each other: "{missing}" is missing', ""
    elif error.validator == "not":
        named = [key for key in re.findall(r'"(\w+)"', schema["description"]) if key in instance]
        yield (*where, *named[:1]), schema["description"], ""
    else:
        yield where, f"{name} {_must(str(error.validator), operand, instance, schema.get('description'))}", ""


def _must(validator: str, operand: Any, instance: Any, description: str | None) -> str:
    """What a value must be, to be read after its name; from a ``description`` in the grammar if it has one."""
    if instance is None and validator in ("type", "enum"):
        return "has no value"
    is_word = validator == "enum" and isinstance(instance, str)
    near = did_you_mean(instance, map(str, operand)) if is_word else ""
    if description is not None:
        given = f', not "{clipped(instance, 80)}"' if isinstance(instance, str) else ""
        return f"{description}{given}{near}"
    if validator == "enum":
        given = f', not "{instance}"' if is_word else ""
        return f"must be {'one of ' if len(operand) > 1 else ''}{', '.join(map(str, operand))}{given}{near}"
    if validator == "type":
        quotes = ": put it in quotes" if operand == "string" and not isinstance(instance, dict | list) else ""
        return f"must be {' or '.join(_TYPES[name] for name in listed(operand))}{quotes}"
    if validator.startswith("max"):
        return f"can have at most {operand} {'characters' if isinstance(instance, str) else 'entries'} (it has {len(instance)})"
    return f"must be at least {operand}" if validator == "minimum" else "must not be empty"


_TYPES = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
}


def _name(where: Place) -> str:
    """A name for a place in a rule, for people."""
    if not where:
        return "the rule"
    if isinstance(where[-1], str):
        return where[-1]
    if where[0] == "examples" and len(where) == 3:
        return f"{where[1]} example {where[2] + 1}" if isinstance(where[2], int) else str(where[2])
    return f"item {where[-1] + 1} of {_name(where[:-1])}"


# --- Texts that an example refers to: one of a given length, or a key or certificate made for examples. ----------

_FOLDER: Final = Path(__file__).parent / "samples"
_LONGEST: Final = 100_000
"""The maximum length of a text, in characters."""


def sample_names() -> list[str]:
    """The names of the samples."""
    return sorted(path.stem for path in _FOLDER.glob("*.pem"))


def filled(value: Any, place: Place) -> Any:
    """The data of an example with its samples filled in. Raises :class:`RuleError`, with the place, for an unknown one.

    ``{text: {length: 4200}}`` is a text of 4,200 characters, ``{text: {length: 4200, begins: "-----BEGIN"}}`` one with this beginning, and
    ``{text: {sample: certificate}}`` the file ``samples/certificate.pem`` of this package. None of the keys was ever used.
    """
    if isinstance(value, list):
        return [filled(one, (*place, index)) for index, one in enumerate(value)]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"text"} and isinstance(value["text"], dict):
        return _text(value["text"], (*place, "text"))
    return {key: filled(one, (*place, key)) for key, one in value.items()}


def _text(given: dict[str, Any], place: Place) -> str:
    if given.keys() == {"sample"}:
        name = str(given["sample"])
        if name not in sample_names():
            raise RuleError(f'there is no sample "{name}"{did_you_mean(name, sample_names())}', (*place, "sample"))
        return (_FOLDER / f"{name}.pem").read_text(encoding="ascii")
    length, begins = given.get("length"), given.get("begins", "")
    if given.keys() <= {"length", "begins"} and type(length) is int and isinstance(begins, str) and len(begins) <= length <= _LONGEST:
        return begins.ljust(length, "M")  # not "x", a placeholder
    raise RuleError(f'a text is named by its "length" (up to {_LONGEST:,}) and what it "begins" with, or by the "sample" that it is', place)
