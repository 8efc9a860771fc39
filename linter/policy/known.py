"""The settings that a rule speaks of: those that the catalogue of its kinds does not know are slips, which its own examples would hide.

A name in quotes is meant as it is: ``"acmeFlag"`` is whatever stands there. What the catalogue does not describe because it is handed on to
a library (``redis.tls.servername``) and names that no server reads any more need no quotes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .. import settings
from ..settings import Catalogue
from ..settings.kinds import catalogue_kind
from ..typed import Any
from .errors import RuleError, did_you_mean
from .paths import ANY, DEEP, Path, Tag, parse_path
from .rule import fixes_of
from .template import Template

Where = tuple[str | int, ...]
Steps = tuple[str, ...]

DEPLOYMENT = {
    "infra": "infra",
    "database": "secret/database",
    "redis": "secret/redis",
    **dict.fromkeys(("server", "parameters", "file", "variables"), "server"),
}
"""The members of a deployment, by the first step of a path, with their catalogues."""


def check_settings(data: Mapping[str, Any]) -> None:
    """Raise :class:`RuleError`, with its place, for the first setting of a rule that none of the catalogues of its kinds knows."""
    kinds = data["for"] if isinstance(data["for"], list) else [data["for"]]
    for steps, where in _settings(data):
        if not any(_is_known(steps, kind) for kind in kinds):
            name = ".".join(steps)
            names = [known for kind in kinds for known in _names(steps, kind)]
            raise RuleError(f'there is no setting "{name}"{did_you_mean(name, names)} (quote a name to use it as it is)', where)


# --- What a rule names ---------------------------------------------------------------------------------------------------------------


def _settings(data: Mapping[str, Any]) -> Iterator[tuple[Steps, Where]]:
    """Each setting that a rule names, with its place in the data; ``*`` stands for the members of a list."""
    must = data.get("must", {})
    yield from _clauses(must, ("must",))
    yield from _condition(data.get("when", {}), ("when",), None)
    only = next(iter(must)) if len(must) == 1 else '""'  # of several the message and the fix are about any
    base = _steps(parse_path(only), None) if '"' not in only else None
    for key in ("message", "together"):
        yield from _in_text(data.get(key, ""), base, (key,))
    for place, fix in fixes_of(data):
        yield from _in_fix(fix, base, place)


def _in_fix(fix: Mapping[str, Any], base: Steps | None, place: Where) -> Iterator[tuple[Steps, Where]]:
    yield from _condition(fix.get("when", {}), (*place, "when"), base)
    for text, value in fix.get("set", {}).items():
        yield from _named(text, base, (*place, "set", text))
        yield from _in_operand(value, base, (*place, "set", text))
    for index, text in enumerate(fix.get("remove", ())):
        yield from _named(text, base, (*place, "remove", index))
    for text, into in fix.get("split", {}).items():
        yield from _named(text, base, (*place, "split", text))
        yield from _named(into, base, (*place, "split", text))
    for text, target in fix.get("rename", {}).items():
        yield from _named(text, base, (*place, "rename", text))
        yield from _in_text(target, base, (*place, "rename", text)) if "${" in target else _named(target, base, (*place, "rename", text))


def _clauses(data: Mapping[str, Any], where: Where, base: Steps | None = None) -> Iterator[tuple[Steps, Where]]:
    for text, assertion in data.items():
        if text == "server" and isinstance(assertion, str):
            continue  # the release of the server, in a condition
        yield from _named(text, base, (*where, text))
        path = parse_path(text)
        yield from _in_operand(assertion, None if '"' in text else _steps(path, base), (*where, text))


def _condition(data: Any, where: Where, base: Steps | None) -> Iterator[tuple[Steps, Where]]:
    for index, one in enumerate(data) if isinstance(data, list) else [("", data)]:
        yield from _clauses(one, (*where, index) if index != "" else where, base)


def _in_operand(operand: Any, base: Steps | None, where: Where) -> Iterator[tuple[Steps, Where]]:
    """The settings in the templates of an assertion, and the members that ``keys`` speaks of."""
    if isinstance(operand, str):
        yield from _in_text(operand, base, where)
    elif isinstance(operand, list):
        for index, one in enumerate(operand):
            yield from _in_operand(one, base, (*where, index))
    elif isinstance(operand, dict):
        for name, one in operand.items():
            if name == "keys" and base is not None:
                for member, assertion in one.items():
                    yield (*base, member), (*where, name, member)
                    yield from _in_operand(assertion, (*base, member), (*where, name, member))
            elif name != "matches":
                yield from _in_operand(one, base, (*where, name))


def _in_text(text: str, base: Steps | None, where: Where) -> Iterator[tuple[Steps, Where]]:
    for path in Template(text).paths if "${" in text else ():
        steps = _steps(path, base)
        if steps and '"' not in text:
            yield steps, where


def _named(text: str, base: Steps | None, where: Where) -> Iterator[tuple[Steps, Where]]:
    steps = None if '"' in text else _steps(parse_path(text), base)
    if steps:
        yield steps, where


def _steps(path: Path, base: Steps | None) -> Steps | None:
    """The names on a path from the root; None where it depends on the document, or on tags, which are always known."""
    if any(step is DEEP or isinstance(step, Tag) for step in path.steps):
        return None
    steps = tuple("*" if step is ANY or str(step).isdecimal() else str(step) for step in path.steps)
    if path.start == "root":
        return steps
    if base is None:
        return None
    return (*base, *steps) if path.start == "node" else (*base[:-1], *steps)


# --- What the catalogue knows --------------------------------------------------------------------------------------------------------


def _is_known(steps: Steps, kind: str) -> bool:
    if kind == "deployment":
        return steps[0] in DEPLOYMENT and (len(steps) == 1 or _has(settings.catalogue(DEPLOYMENT[steps[0]]), steps[1:]))
    return _has(settings.catalogue(catalogue_kind(kind)), steps)


def _has(known: Catalogue, steps: Steps) -> bool:
    if steps[0] == "*" or known.get(steps) is not None:
        return True
    holder = known.get(steps[:-1]) if len(steps) > 1 else None
    if holder is None:
        return len(steps) > 1 and _is_handed_on(known, steps[:-1])
    return holder.pass_through or (steps[-1] == "*" and bool({"array", "object"}.intersection(holder.types)))


def _is_handed_on(known: Catalogue, steps: Steps) -> bool:
    holders = (known.get(steps[:length]) for length in range(1, len(steps) + 1))
    return any(holder is not None and holder.pass_through for holder in holders)


def _names(steps: Steps, kind: str) -> list[str]:
    if kind == "deployment":
        names = _names(steps[1:], DEPLOYMENT[steps[0]]) if steps[0] in DEPLOYMENT and steps[1:] else []
        return [f"{steps[0]}.{name}" for name in names] or list(DEPLOYMENT)
    return list(settings.catalogue(catalogue_kind(kind)).names())
