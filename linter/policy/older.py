"""Policies in the previous release's language: their meaning in today's, and what to write instead.

Each entry is removed in the next release of medplum-lint.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..model import LEVELS, TARGETS
from ..text import printable
from ..typed import Any, Final
from .display import flow
from .operators import listed
from .severity import PEDANTIC
from .tree import Place

Older = tuple[Place, str]
"""A key or word that is outdated: its place in the data, and a sentence that says what to write."""


def modernized(data: Any) -> tuple[Any, list[Older]]:
    """The data of a rule in today's language, and the outdated parts. Unknown parts stay as they are."""
    if not isinstance(data, dict):
        return data, []
    older: list[Older] = []
    return _renewed("rule", _without_pedantic(data, older), (), older), older


def _without_pedantic(data: dict[str, Any], older: list[Older]) -> dict[str, Any]:
    """``severity: pedantic`` in place of the key ``pedantic`` beside a level."""
    flags, levels = (given if isinstance(given, dict) else dict.fromkeys(TARGETS, given) for given in map(data.get, (PEDANTIC, "severity")))
    are_flags = flags.keys() == set(TARGETS) and all(isinstance(one, bool) for one in flags.values())
    if not are_flags or levels.keys() != set(TARGETS) or not all(one in (*LEVELS, "off") for one in levels.values()):
        return data  # which has a mistake of its own, or is current
    words = {target: PEDANTIC if flags[target] and levels[target] != "off" else levels[target] for target in TARGETS}
    written = words if len(set(words.values())) > 1 else words[TARGETS[0]]
    older.append(((PEDANTIC,), f'"pedantic" is a severity now: write "severity: {flow(written)}" in place of both'))
    return {**{key: value for key, value in data.items() if key != PEDANTIC}, "severity": written}


# --- Words of assertions. ----------------------------------------------------------------------------------------------------------


_HTTP: Final = {"starts_with": ["http://", "Http://", "HTTP://"]}
_IDS_OF_MEDPLUM: Final = [
    "397236612778-c0b5tnjv98frbo1tfuuha5vkme3cmq4s.apps.googleusercontent.com",
    "6LfHdsYdAAAAAC0uLnnRrDrhcXnziiUwKd8VtLNq",
]
_FORMATS: Final[Mapping[str, dict[str, Any]]] = {
    "https-or-local": {"if": _HTTP, "then": {"host": "local"}},
    "https-or-private": {"if": _HTTP, "then": {"host": "private"}},
    "no-generated-secret": {"not": {"secret": "generated"}},
    "no-issued-credential": {"not": {"secret": "issued"}},
    "no-real-secret": {"not": {"secret": "real"}},
    "not-of-medplum": {"not": [{"host": "medplum"}, {"one_of": _IDS_OF_MEDPLUM}]},
    "not-published": {"not": {"secret": "published"}},
    "private-name": {"host": "private"},
    "public-host": {"not": {"host": "local"}},
    "rds-proxy": {"provider": {"kind": "database", "name": "Amazon RDS Proxy"}},
    "real-host": {"not": {"host": "reserved"}},
    "real-mail-host": {"not": {"host": "reserved"}},
}
"""Formats of the previous release, and their names today."""


def _today(name: str, operand: Any) -> dict[str, Any] | None:
    """Today's form of an operator of the previous release with an operand; None if it is current."""
    if name == "cloudfront_key":
        return {"private_key": {"passphrase": operand, "use": "cloudfront"}}
    if name == "private_key" and isinstance(operand, str):
        return {"private_key": {"passphrase": operand}}
    if (name == "format" and isinstance(operand, str)) or (name == "host" and operand == "rds-proxy"):
        return _FORMATS.get(operand)
    if name == "holds_secret" and isinstance(operand, bool):
        return {"secret": "held"} if operand else {"not": {"secret": "held"}}
    return {"min": operand} if name == "not_smaller_than" else None


_CASE: Final = {"must": "clauses", "when": "clauses", "fix": "fix"}
_WITHIN: Final[Mapping[str, Mapping[str, str]]] = {
    "rule": {**_CASE, "cases": "case"},
    "case": _CASE,
    "fix": {"when": "clauses"},
    "clauses": {"*": "assertion"},
    "assertion": {"not": "assertion", "if": "assertion", "then": "assertion", "keys": "clauses"},
}
"""What the keys of each part of a rule hold, as far as assertions stand in it; ``*`` is any key. Each can be a list of several."""


def _renewed(part: str, data: Any, place: Place, older: list[Older]) -> Any:
    """A part of a rule in today's words."""
    if isinstance(data, list):
        return [_renewed(part, one, (*place, index), older) for index, one in enumerate(data)]
    if not isinstance(data, dict):
        return data
    today = {name: words for name, operand in data.items() if part == "assertion" and (words := _today(name, operand)) is not None}
    within = _WITHIN[part]
    renewed = {key: one for key, one in data.items() if key not in today}
    for key in renewed:
        inner = within.get(key, within.get("*"))
        if inner is not None:
            renewed[key] = _renewed(inner, data[key], (*place, key), older)
    for name, words in today.items():
        older.append(((*place, name), f'write "{_written(words)}" in place of "{_written({name: data[name]})}"'))
        renewed = _both(renewed, words)
    return renewed


def _both(given: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """One assertion that combines two; if both have an operator, as "none of these is not so"."""
    if not given.keys() & more.keys():
        return {**given, **more}
    denied = more["not"] if more.keys() == {"not"} else {"not": more}
    return {**given, "not": [*listed(given.get("not", [])), *listed(denied)]}


def _written(assertion: dict[str, Any]) -> str:
    return printable(flow(assertion)[1:-1])
