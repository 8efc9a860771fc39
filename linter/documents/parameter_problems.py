"""What is wrong with parameters of Parameter Store whatever their settings are: names, lengths, duplicates, members beside their object."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from .. import settings
from ..model import SettingPath, sentence
from ..release import Release
from ..text import printable
from ..typed import Final
from .parameters import LIMITS, MOST_LEVELS, Environment, Parameter
from .problems import problems_beside
from .source import Problem

_LONGEST_NAME: Final = 1011
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_.\-/]")
_VARIABLE: Final = re.compile(r"\$\{[^{}]*\}")
_TOLD_BY_RULES: Final = frozenset({("database", "ssl", "ca"), ("readonlyDatabase", "ssl", "ca")})
"""Settings whose length rules of their own check."""


def merge(parameters: list[Parameter], environment: Environment) -> tuple[list[Parameter], list[Problem]]:
    """Each parameter once: what two outputs of AWS say of one is put together, and of two that differ the last counts."""
    merged: dict[str, Parameter] = {}
    problems: list[Problem] = []
    for parameter in parameters:
        older = merged.get(parameter.name)
        if older is None:
            merged[parameter.name] = parameter
        elif older.contradicts(parameter, "arn") or (
            not older.contradicts(parameter, "version") and older.contradicts(parameter, "type", "value")  # else its history
        ):
            merged[parameter.name] = parameter
            why = "a name exists once in an account and region, so these come from two of them, or one is out of date"
            message = sentence(f"{printable(parameter.name)} is given twice and differs", f"{why}; here the last one counts")
            problems.append(Problem("duplicate-parameter", message, parameter.span("key"), environment.path(parameter)))
        else:
            merged[parameter.name] = _together(older, parameter)
    return list(merged.values()), problems


def _together(older: Parameter, newer: Parameter) -> Parameter:
    """One parameter that two outputs describe, such as the one with values and the one with tiers. A newer version replaces an older."""
    if (newer.version or 0) < (older.version or 0):
        older, newer = newer, older
    base, more = (older, newer) if isinstance(older.value, str) and not isinstance(newer.value, str) else (newer, older)
    return base._replace(
        type=base.type or more.type,
        tier=base.tier or more.tier,
        stored=base.stored or more.stored,
        arn=base.arn or more.arn,
        key_id=base.key_id or more.key_id,
        written=(*base.written, *more.written),
    )


def misplaced(environment: Environment) -> Iterator[Problem]:
    """Parameters that the server never sees because of their names, or only under conditions, and those that AWS did not find."""
    for parameter in environment.wrong_case:
        why = f"names are case-sensitive, and the others of this environment begin with {printable(environment.prefix)}/"
        message = sentence(f"the server never sees {printable(parameter.name)}", why)
        yield Problem("parameter-name-case", message, parameter.span("key"))
    first = environment.prefix.removeprefix("/").partition("/")[0]
    if first.lower() == "medplum" and first != "medplum" and environment.parameters:
        what = f"{printable(environment.prefix)}/ is not {printable(environment.prefix.replace(first, 'medplum', 1))}/"
        message = sentence(what, "names are case-sensitive", by=", because ")
        message = message.add("why", "the server finds these parameters only if its argument has the same spelling", ": ")
        yield Problem("parameter-name-case", message, environment.parameters[0].span("key"))
    for parameter in environment.strays:
        name = f"{printable(environment.prefix)}/{printable(parameter.name.rpartition('/')[2])}"
        what, remedy = f"{printable(parameter.name)} has no environment in its name", f"put the environment into the name, as in {name}"
        message = sentence(what, "no server of this file reads it", remedy)
        yield Problem("stray-parameter", message, parameter.span("key"))
    if environment.parameters and not has_documented_path(environment.prefix):
        what = f"{printable(environment.prefix)}/ is not of the documented form /medplum/{{environment}}/"
        why = "the server finds these parameters only if its argument has this path"
        message = sentence(what, why, "use the documented one")
        yield Problem("unusual-parameter-path", message, environment.parameters[0].span("key"))
    for parameter in environment.parameters:
        if parameter.missing:
            what, why = f"there is no parameter {printable(parameter.name)}", "AWS found none of this name"
            message = sentence(what, why, "create it, or correct the name")
            yield Problem("parameter-not-found", message, parameter.span("key"), environment.path(parameter))


def has_documented_path(prefix: str) -> bool:
    """Whether the path of parameters has the documented form, but for capitals and slashes, or is none, or may become anything."""
    parts = prefix.strip("/").split("/")
    return not prefix or "$" in prefix or "{" in prefix or (len(parts) == 2 and parts[0].lower() == "medplum")


def checked(
    parameters: list[Parameter],
    environment: Environment,
    release: Release,
    check_parameter: Callable[[Parameter, SettingPath], Problem | None],
) -> Iterator[Problem]:
    """What is wrong with each of some parameters by itself, and with those that give members of another one.

    ``check_parameter`` is what the source of the file itself has to say of one.
    """
    for parameter in parameters:
        path = environment.path(parameter)
        found = (_wrong_name(parameter, path), _too_long(parameter, path), _braces(parameter, path), check_parameter(parameter, path))
        yield from (problem for problem in found if problem is not None)
    by_path = {environment.path(parameter): parameter for parameter in parameters}
    order = ", and AWS promises no order"
    yield from problems_beside(by_path, lambda path, one: (one.value, _shown(path), one.span("key")), "ssm_coercion", release, order)


def _wrong_name(parameter: Parameter, path: SettingPath) -> Problem | None:
    reason = name_reason(parameter.name)
    if reason is None:
        return None
    message = sentence(f"AWS refuses the name {printable(parameter.name)}", f"it {reason}")
    return Problem("invalid-parameter-name", message, parameter.span("key"), path)


def name_reason(name: str) -> str | None:
    """Why AWS refuses a name; None if it does not. What a template replaces in it is taken for fitting."""
    name = _VARIABLE.sub("x", name)
    if not name.startswith("/"):
        return "has levels and must begin with a slash"
    if not name.isascii() or _NOT_IN_NAMES.search(name):
        return "can hold letters, digits, dots, hyphens, underscores and slashes only"
    if "//" in name or name.endswith("/"):
        return "has a level without a name"
    if name.count("/") > MOST_LEVELS:
        return f"has {name.count('/')} levels, and {MOST_LEVELS} are allowed"
    return f"has {len(name):,} characters, and {_LONGEST_NAME:,} are allowed" if len(name) > _LONGEST_NAME else None


def _too_long(parameter: Parameter, path: SettingPath) -> Problem | None:
    if not isinstance(parameter.value, str) or len(parameter.value) <= parameter.limit or path in _TOLD_BY_RULES:
        return None
    what = f"{_shown(path)} has {len(parameter.value):,} characters, but its parameter can hold {parameter.limit:,}"
    message = sentence(what, "AWS refuses it", by=", so ")
    if parameter.limit != LIMITS["Advanced"]:
        message = message.add("why", f"an Advanced parameter can hold {LIMITS['Advanced']:,}")
    return Problem("parameter-too-long", message, parameter.span("value"), path)


def _braces(parameter: Parameter, path: SettingPath) -> Problem | None:
    if not is_refused(parameter, path):
        return None
    message = sentence(f"{_shown(path)} contains {{{{ … }}}}, which AWS refuses", remedy="replace it before you create the parameter")
    return Problem("braces-in-parameter", message, parameter.span("value"), path)


def is_refused(parameter: Parameter, path: SettingPath) -> bool:
    """Whether AWS takes a value for a reference to another parameter. In place of a secret one is how it should be in a template."""
    value = parameter.value
    if not isinstance(value, str) or (start := value.find("{{")) < 0 or value.find("}}", start + 2) < 0:
        return False
    return not settings.catalogue().is_secret(path)


def _shown(path: SettingPath) -> str:
    return printable(".".join(map(str, path)))
