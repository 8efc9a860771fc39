"""The states of ``states.yaml``: configurations of the server, each told by what it has in place of the usual one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

import yaml

FILE = Path(__file__).parent / "states.yaml"

State = Mapping[str, Any]
"""``set`` holds settings by their dotted names; ``~`` leaves a setting out."""


def states() -> dict[str, State]:
    """Every state by its name, the usual one first, which the settings of all others begin with."""
    given = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    usual = given["usual"]
    return {
        "usual": {"set": usual},
        **{name: {**state, "set": {**usual, **state.get("set", {})}} for name, state in given["states"].items()},
    }


def configuration(state: State, values: Mapping[str, Any]) -> dict[str, Any]:
    """The server's configuration in a state; ``values`` are what its texts name (``$port``)."""
    config: dict[str, Any] = {}
    for name, value in state["set"].items():
        *above, last = name.split(".")
        holder = config
        for step in above:
            holder = holder.setdefault(step, {})
        if value == "~":
            holder.pop(last, None)
        else:
            holder[last] = _filled(value, values)
    return config


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    """A value with the names in it replaced; a text that is one name becomes what that names, such as a number."""
    if isinstance(value, dict):
        return {name: _filled(member, values) for name, member in value.items()}
    if isinstance(value, list):
        return [_filled(member, values) for member in value]
    if not isinstance(value, str):
        return value
    return values[value[1:]] if value[:1] == "$" and value[1:] in values else Template(value).substitute(values)
