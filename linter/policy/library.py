"""The rules of a run: those that are built in, and those in folders of the user's own.

The built-in rules are written in YAML (``rules/``); ``_built/rules.json`` is built from them, for reading YAML would cost more than
everything else that a run does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from .. import _built
from .errors import did_you_mean
from .rule import Rule, compile_rule

_PACKAGE: Final = Path(__file__).parent.parent
_ONLY_FOR_PEOPLE: Final = ("examples", "since")
"""What a run does not need of a rule."""


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


def read_folders(folders: Iterable[Path], kinds: frozenset[str], taken: Iterable[str]) -> tuple[list[Rule], list[str]]:
    """The rules of a user's folders, and for each that cannot be used an error: ``file:line: what is wrong``.

    ``kinds`` are those that some input has, ``taken`` the ids that a rule must not have.
    """
    from .rulefile import read_rule_file  # with PyYAML and jsonschema: 70 ms that only a user's own rules cost

    rules: list[Rule] = []
    errors: list[str] = []
    ids = dict.fromkeys(taken, "a built-in rule")
    for folder in folders:
        files = rule_files(folder) if folder.is_dir() else []
        if not files:
            errors.append(f"{folder}: {'there is no rule file (*.yaml) in this folder' if folder.is_dir() else 'no such folder'}")
        for path in files:
            source = read_rule_file(path, kinds)
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


def check_ids(ids: Iterable[str], known: Iterable[str]) -> list[str]:
    """For each id that no rule has, an error with the nearest one."""
    known = list(known)
    return [f'there is no rule "{rule_id}"{did_you_mean(rule_id, known)}' for rule_id in ids if rule_id not in known]
