"""The tree of settings that a flat list of names and values makes, as the server's loaders build it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from ..model import SettingPath

MOST_STEPS: Final = 50
"""Steps of a dotted name at most. No setting has as many, and a name of thousands would else be thousands of objects, each with a path."""


def dotted_path(name: str) -> SettingPath:
    """The path that a dotted name stands for; a name with more dots than any setting has is one step."""
    return tuple(name.split(".")) if name.count(".") < MOST_STEPS else (name,)


def plant(given: Iterable[tuple[SettingPath, Any]]) -> dict[str, Any]:
    """Set each value at its path, in order. An object that has members of its own is not lost to a text of the same name."""
    tree: dict[str, Any] = {}
    for path, value in given:
        node: Any = tree
        for step in path[:-1]:
            below = node.get(step)
            if not isinstance(below, dict):
                below = node[step] = {}
            node = below
        if not (isinstance(node.get(path[-1]), dict) and not isinstance(value, dict)):
            node[path[-1]] = value
    return tree
