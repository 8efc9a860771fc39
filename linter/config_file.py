"""Reading a configuration file: ``.medplum-lint.toml``, or the table ``[tool.medplum-lint]`` of a ``pyproject.toml``."""

from __future__ import annotations

import json
import os.path
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from .config import PROJECT_FILE, Config, ConfigError, Keys, Overrides, line_in
from .config_options import OPTIONS, Mistake, values_in
from .files import LARGEST_CONFIGURATION, Unreadable, is_within, read_regular
from .typed import Any, Final

_PROJECT_TABLE: Final = ("tool", "medplum-lint")
_TABLE: Final = re.compile(
    rb"""
    ^ (?:\xef\xbb\xbf)? [ \t]*
    (?: \[{1,2} [ \t]* ["']?tool["']? [ \t]* \. [ \t]* ["']?medplum[-_]lint\b  # the header of the table, or of one in it, or of a list
    | ["']?tool["']? [ \t]* = [^\n]* \b medplum-lint \b          # [tool] on one line
    | (?:tool [ \t]* \. [ \t]*)? ["']?medplum-lint["']? [ \t]* [.=] )     # a key in [tool], or at the top
    """,
    re.MULTILINE | re.VERBOSE,
)
"""The start of our table in a pyproject.toml. A file without it is not read as TOML."""
_TOKEN: Final = re.compile(
    r"""
    "{3} (?: [^\\] | \\. )*? "{3,5} | '{3} .*? '{3,5} | " (?: [^"\\\n] | \\. )* " | ' [^'\n]* '  # texts
    | \#[^\n]* | \n | [][{}=,.] | [^][{}=,.\#"'\s]+
    """,
    re.DOTALL | re.VERBOSE,
)


_DEEPEST: Final = 8
"""More keys than lead to any option."""


def read_config(path: Path, within: Path | None = None) -> Config | None:
    """The configuration in a file; None for a ``pyproject.toml`` without one.

    With ``within``, the file is one that was found in this folder, from which it must not lead out. Raises :exc:`ConfigError`.
    """
    is_project = path.name == PROJECT_FILE
    if within is not None and not is_project:
        _check_stays(path, within)
    try:
        content = read_regular(path, LARGEST_CONFIGURATION)
    except Unreadable as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    if within is None or not is_project:
        return parsed_file(path, content)
    config = parsed_file(path, content) if _TABLE.search(content) else None
    if config is not None:
        _check_stays(path, within)
    return config


def _check_stays(path: Path, folder: Path) -> None:
    """Refuse a link that leads elsewhere: its author would have us quote the keys of a file that is not theirs."""
    if path.is_symlink() and not is_within(os.path.realpath(path), os.path.realpath(folder)):
        raise ConfigError(f"{path}: is a link to a file outside its folder; name that file with --config")


def parsed_file(path: Path, content: bytes) -> Config | None:
    """The configuration that a file holds with some content; None if it has no such table. Raises :exc:`ConfigError`."""
    try:
        import tomllib  # only when there is a file to read
    except ModuleNotFoundError:
        import tomli as tomllib  # type: ignore[no-redef]  # Python 3.10

    try:
        text = content.decode("utf-8-sig")
        data: Any = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}:{content[: error.start].count(10) + 1}: not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        place = int(line[1]) if line else text.count("\n") + 1
        raise ConfigError(f"{path}:{place}: not valid TOML: {_uncapitalized(str(error).partition(' (at ')[0])}") from None
    except RecursionError:
        raise ConfigError(f"{path}: not usable: lists or tables in it are nested too deeply") from None
    except ValueError as error:  # a number or a date that Python cannot hold
        raise ConfigError(f"{path}: not valid TOML: {_uncapitalized(str(error).partition(':')[0])}") from None
    places = _places(text)
    if path.name == PROJECT_FILE:
        data = _project_table(path, data, places)
        places = {keys[2:]: line for keys, line in places.items() if keys[:2] == _PROJECT_TABLE}
        if data is None:
            return None
    try:
        if not isinstance(data, dict):
            raise Mistake((), "tool.medplum-lint must be a table")
        values = values_in((), data, OPTIONS, path)
    except Mistake as mistake:
        raise ConfigError(f"{path}:{line_in(places, mistake.keys)}: {mistake}") from None
    general = {field: values.pop(field) for field in Overrides._fields if field in values}
    accept = tuple(one._replace(line=line_in(places, ("accept", number))) for number, one in enumerate(values.pop("accept", ())))
    return Config(path, Overrides(**general), accept=accept, places=places, **values)


def _uncapitalized(text: str) -> str:
    return f"{text[:1].lower()}{text[1:]}"


def _project_table(path: Path, data: Any, places: dict[Keys, int]) -> Any:
    """Our table of a ``pyproject.toml``, or None. Raises :exc:`ConfigError` if it has the name of the command as a Python name."""
    tool = data.get("tool")
    if not isinstance(tool, dict):  # perhaps a list of tables, one of which is ours
        for keys, line in places.items():
            if keys[0::2] == _PROJECT_TABLE:
                raise ConfigError(f"{path}:{line}: tool.medplum-lint must be a table")
        return None
    if "medplum_lint" in tool and "medplum-lint" not in tool:
        line = places["tool", "medplum_lint"]
        raise ConfigError(f"{path}:{line}: the table of medplum-lint is [tool.medplum-lint], with a hyphen")
    return tool.get("medplum-lint")


def _places(text: str) -> dict[Keys, int]:
    """The line of each key, table and member of a list in a valid TOML document, which TOML's readers do not tell."""
    places: dict[Keys, int] = {}
    tokens = deque(_tokens(text))

    def note(keys: Keys, line: int) -> None:
        for length in range(min(len(keys), _DEEPEST) + 1):
            places.setdefault(keys[:length], line)

    def names(end: str) -> Iterator[str]:
        """The parts of a key up to a sign, which is passed over too."""
        while (token := tokens.popleft()[0]) != end:
            if token not in ".[":
                yield _name(token)

    def pair(table: Keys) -> None:
        line = tokens[0][1]
        keys = (*table, *names("="))
        note(keys, line)
        value(keys)

    def value(keys: Keys) -> None:
        opening, number = tokens.popleft()[0], 0
        while (token := tokens[0][0]) not in ("]}" if opening in "[{" else "\n,]}"):
            if opening not in "[{" or token in "\n,":
                tokens.popleft()
            elif opening == "{":
                pair(keys)
            else:
                note((*keys, number), tokens[0][1])
                value((*keys, number))
                number += 1
        if opening in "[{":
            tokens.popleft()

    numbers: dict[Keys, int] = {}
    table: Keys = ()
    while tokens:
        token, line = tokens[0]
        if token == "[":
            tokens.popleft()
            is_member = tokens[0][0] == "["
            table = ()
            for name in list(names("]")):
                table = (*table, numbers[table], name) if table in numbers else (*table, name)
            if is_member:
                tokens.popleft()
                numbers[table] = numbers.get(table, -1) + 1
                table = (*table, numbers[table])
            note(table, line)
        elif token == "\n":
            tokens.popleft()
        else:
            pair(table)
    return places


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    """The tokens of a TOML document without its comments, each with its line, and the end of the last line."""
    line = 1
    for match in _TOKEN.finditer(text):
        if match[0][0] != "#":
            yield match[0], line
        line += match[0].count("\n")
    yield "\n", line


def _name(token: str) -> str:
    """The name that a part of a key stands for."""
    if token[0] not in "\"'":
        return token
    try:
        return str(json.loads(token))
    except ValueError:
        return token[1:-1]
