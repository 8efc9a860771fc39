"""The rules of a run: those that are built in, and those in folders of the user's own.

The built-in rules are written in YAML (``rules/``); ``_built/rules.json`` is built from them, for reading YAML would cost more than
everything else that a run does.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

from .. import _built
from .errors import did_you_mean
from .rule import Rule, compile_rule

_PACKAGE: Final = Path(__file__).parent.parent
_ONLY_FOR_PEOPLE: Final = ("examples", "since")
"""What a run does not need of a rule."""


class FoundFolder(NamedTuple):
    """A folder of rules that a configuration names which nobody has named: its rules must not leave the folder ``within``.

    ``place`` (``file:line``) is where the configuration names it.
    """

    path: Path
    within: Path
    place: str


Folder = Path | FoundFolder
"""A folder that the user named, or one of a configuration that was found."""


def rules_folder() -> Path:
    """The folder of the built-in rules: inside the installed package, in a checkout beside it."""
    installed = _PACKAGE / "rules"
    return installed if installed.is_dir() else _PACKAGE.parent / "rules"


def rule_files(folder: Path) -> list[Path]:
    """The rule files of a folder, in the order of their names."""
    return sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml"))


def built_in_rules() -> list[Rule]:
    """Every built-in rule, in the order of the ids."""
    return [compile_rule(data) for data in _built_in_data()]


def _built_in_data() -> list[dict[str, Any]]:
    built = _built.read("rules", _made_of)
    return _read_yaml() if built is None else list(built)


def _made_of() -> list[str]:
    """The paths of all that the built file depends on: the rules and what reads them."""
    return [*map(str, rule_files(rules_folder())), __file__]


def _read_yaml() -> list[dict[str, Any]]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    data = [yaml.load(path.read_bytes(), Loader=loader) for path in rule_files(rules_folder())]  # noqa: S506  # a SafeLoader
    return [{key: value for key, value in rule.items() if key not in _ONLY_FOR_PEOPLE} for rule in data]


def build() -> str:
    """The text of the built file, one rule a line, so that a change of a rule is one line of a diff."""
    rules = ",\n".join(json.dumps(rule, ensure_ascii=False, separators=(",", ":")) for rule in _read_yaml())
    return _built.text(f"[\n{rules}\n]", _made_of())


def read_folders(folders: Iterable[Folder], kinds: frozenset[str], taken: Iterable[str]) -> tuple[list[Rule], list[str]]:
    """The rules of a user's folders, and for each that cannot be used an error: ``file:line: what is wrong``.

    ``kinds`` are those that some input has, ``taken`` the ids that a rule must not have.
    """
    from .rule_file import read_rule_file  # with PyYAML and jsonschema: 70 ms that only a user's own rules cost

    rules: list[Rule] = []
    errors: list[str] = []
    ids = dict.fromkeys(taken, "a built-in rule")
    for folder in distinct(folders):
        files, wrong = files_of(folder)
        errors.extend(wrong)
        for path in files:
            source = read_rule_file(path, kinds, trusted=not isinstance(folder, FoundFolder))
            errors.extend(source.errors)
            if source.rule is None:
                continue
            rule_id = source.rule.info.id
            if rule_id in ids:
                errors.append(f'{path}:{source.line(("id",))}: the id "{rule_id}" is taken by {ids[rule_id]}')
            elif not source.rule.must:
                errors.append(f'{path}:{source.line(("found_by",))}: "found_by" is only for rules whose findings medplum-lint makes itself')
            else:
                rules.append(source.rule)
            ids.setdefault(rule_id, str(path))
    return rules, errors


def distinct(folders: Iterable[Folder]) -> list[Folder]:
    """The folders without one of a found configuration that the user has named too: the user's word counts."""
    every = list(folders)
    named = {_real(folder) for folder in every if isinstance(folder, Path)}
    return [folder for folder in every if isinstance(folder, Path) or _real(folder.path) not in named]


def files_of(folder: Folder) -> tuple[list[Path], list[str]]:
    """The rule files of a folder that may be read, and an error for each that may not, and for a folder without any."""
    path = folder.path if isinstance(folder, FoundFolder) else folder
    if isinstance(folder, FoundFolder) and not _stays(path, folder.within):
        outside = "leads outside the folder of this configuration file, which was only found: name the folder of policies with --rules"
        return [], [f"{folder.place}: {path.name} {outside}"]
    try:
        files = rule_files(path) if path.is_dir() else []
    except OSError as error:
        return [], [f"{path}: cannot be read: {(error.strerror or type(error).__name__).lower()}"]
    if not files:
        return [], [f"{path}: {'there is no rule file (*.yaml) in this folder' if path.is_dir() else 'no such folder'}"]
    if not isinstance(folder, FoundFolder):
        return files, []
    strays = [file for file in files if not _stays(file, folder.within)]
    errors = [f"{file}: leads outside {folder.within}, the folder of the configuration file that names it" for file in strays]
    return [file for file in files if file not in strays], errors


def _stays(path: Path, folder: Path) -> bool:
    real, within = _real(path), _real(folder)
    return real is not None and within is not None and Path(real).is_relative_to(within)


def _real(path: Path) -> str | None:
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):  # the working directory is gone; a name that no file can have
        return None


def check_ids(ids: Iterable[str], known: Iterable[str]) -> list[str]:
    """For each id that no rule has, an error with the nearest one."""
    known = list(known)
    return [f'there is no rule "{rule_id}"{did_you_mean(rule_id, known)}' for rule_id in ids if rule_id not in known]
