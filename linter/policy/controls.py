"""The controls that checks support: a catalogue of laws, standards and benchmarks, and which of their controls each rule names.

A run that shows no controls neither imports this module nor reads ``_built/controls.json``, which is built from ``controls.yaml`` and
the built-in rules.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from .. import _built
from ..model import Control, Framework, Result, RuleInfo
from ..typed import Any, Final
from .errors import RuleError, did_you_mean

NONE: Final = "none"
"""The value of ``controls`` for a rule that supports none."""
_CATALOGUE: Final = Path(__file__).with_suffix(".yaml")
_RULES: Final = Path(__file__).parents[2] / "rules"
"""The built-in rules of a checkout; an installed package reads only the built file."""


@cache
def catalogue() -> Mapping[str, Control]:
    """The controls that a rule can name, by their ids."""
    controls: dict[str, Control] = {}
    for one in _data()["frameworks"]:
        framework = Framework(**{key: value for key, value in one.items() if key != "controls"})
        controls |= {id_: Control(id_, title or "", framework) for id_, title in one["controls"].items()}
    return controls


def controls_of(info: RuleInfo) -> Mapping[str, str]:
    """The controls that a rule supports, in the order of the catalogue, each with why."""
    given = info.controls or _data()["rules"].get(info.id, {})
    return {control: given[control] for control in catalogue() if control in given}


def covers(wanted: str, control: str) -> bool:
    """Whether a control is the wanted one or a part of it: ``AC-3`` covers ``AC-3(7)``, and ``164.312`` all of its paragraphs."""
    return control.startswith(wanted) and control[len(wanted) :][:1] in ("", "(", ".", "-")


def lines_about(info: RuleInfo) -> list[str]:
    """Lines that name the controls a rule supports, and why; empty if it supports none."""
    return [f"* {catalogue()[control].name}: {why}" for control, why in controls_of(info).items()]


def supports(info: RuleInfo, wanted: str) -> bool:
    """Whether a rule supports a control or a part of it."""
    return any(covers(wanted, control) for control in controls_of(info))


def with_controls(result: Result) -> Result:
    """A run with the controls of its rules, for the reporters that show them."""
    rules = {id_: info._replace(controls=controls_of(info)) for id_, info in result.rules.items()}
    return result._replace(rules=rules, controls=catalogue())


def check_controls(data: Mapping[str, Any], *, built_in: bool) -> None:
    """Raise :class:`RuleError` for a control that is not in the catalogue, and for a built-in rule that does not name its controls."""
    if built_in and "controls" not in data:
        raise RuleError(f'lacks "controls": name each control that the rule supports, with why, or write "controls: {NONE}"')
    for control in data.get("controls", ()) if data.get("controls") != NONE else ():
        if control not in catalogue():
            raise RuleError(f'the catalogue has no control "{control}"{did_you_mean(control, catalogue())}', ("controls", control))


@cache
def _data() -> Any:
    return _built.read("controls", _made_of, _read_yaml)


def _rule_files() -> list[Path]:
    return sorted(_RULES.glob("*/*.yaml"))


def _made_of() -> list[str]:
    return [*map(str, _rule_files()), str(_CATALOGUE), __file__]


def _read_yaml() -> dict[str, Any]:
    frameworks, *rules = map(_built.read_yaml, (_CATALOGUE, *_rule_files()))
    named = {rule["id"]: rule["controls"] for rule in rules if rule.get("controls", NONE) != NONE}
    return {"frameworks": frameworks, "rules": dict(sorted(named.items()))}


def build() -> str:
    """The text of the built file, one control a line."""
    return _built.text(json.dumps(_read_yaml(), ensure_ascii=False, indent=0), _made_of())
