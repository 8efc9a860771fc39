"""What a release was seen to do, against what the catalogue says of it: the differences, each with the line that would settle it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from linter.model import SettingPath, dotted
from linter.release import MAIN, OLDEST, ByRelease, Release
from linter.server.defaults import with_defaults
from linter.server.loader import SECRETS, coercion_of
from linter.settings import Setting, catalogue
from linter.settings.env_names import PREFIX, sections, setting_of, variable_of
from linter.settings.kinds import Coercion
from linter.settings.releases import NEWEST, RELEASES

from .probes import BASE, COERCIONS, EMPTIES, SECTION_PROBE, Observed, Read, reads_of, same


class Difference(NamedTuple):
    """One thing that the catalogue should say otherwise: where it belongs, what was seen, and what to write, on any number of lines."""

    group: str
    seen: str
    line: str = ""


def differences(observed: Observed, typed: Mapping[str, str], release: Release) -> list[Difference]:
    """All differences, in the order in which they are best settled."""
    return [
        *_release(release),
        *_of_sections(observed.sections, release),
        *_of_secrets(observed.secrets, release),
        *_of_members(observed, typed, release),
        *_of_landings(observed),
        *_of_coercions(observed, typed, release),
        *_of_defaults(observed, release),
        *_of_starts(observed, release),
    ]


def _release(release: Release) -> Iterator[Difference]:
    if release != MAIN and release not in RELEASES:
        yield Difference("linter/settings/releases.py", f"the table lacks {release}", f"{release} and its day")


# --- names ------------------------------------------------------------------------------------------------------------------------------


def _of_sections(found: Mapping[str, SettingPath], release: Release) -> Iterator[Difference]:
    group = "linter/settings/env_names.py"
    for prefix, landed in found.items():
        if setting_of(f"{PREFIX}{prefix}{SECTION_PROBE}", release)[:-1] != landed:
            steps = ", ".join(f'"{step}"' for step in landed)
            line = f'"{prefix}": (Release(({", ".join(map(str, tuple(release)))})), ({steps},)),' if release != MAIN else ""
            yield Difference(group, f"{PREFIX}{prefix}… goes into {dotted(landed)}", line)
    for prefix, path in sections(release).items():
        if prefix not in found:
            yield Difference(group, f"{PREFIX}{prefix}… does not go into {dotted(path)}")


def _of_secrets(secrets: Mapping[str, str], release: Release) -> Iterator[Difference]:
    group = "parameters that name a secret"
    known = catalogue()
    for name, section in secrets.items():
        setting = known.get((name,))
        if SECRETS.get(name) != section:
            yield Difference(group, f"{name} fills {section}", f'SECRETS of linter/server/loader.py: "{name}": "{section}",')
        if setting is None or setting.is_read_by(release) is False:
            yield Difference(group, f"{name} is read", f"{name}:\n  coercion: {{ssm: secret}}\n  first: {release}")
    for name in known.names():
        setting = known.get((name,))
        if setting is not None and setting.ssm_coercion.at(release) == "secret" and setting.is_read_by(release) and name not in secrets:
            yield Difference(group, f"{name} fetches no secret any more", f"{name}:\n  last: {_before(release)}")


def _of_members(observed: Observed, typed: Mapping[str, str], release: Release) -> Iterator[Difference]:
    group = "names of the type MedplumServerConfig"
    for name, type_ in typed.items():
        setting = catalogue().get(tuple(name.split(".")))
        if setting is None:
            yield Difference(group, f"{name} is not in the catalogue", _entry(name, type_, observed, release))
        elif setting.is_read_by(release) is not True and not _is_known_unread(setting):
            line = f"first: {release}" if release < setting.first else f"last: {release}" if release < NEWEST else "(without last)"
            yield Difference(group, f"{name} is in the type, though the catalogue has {_span(setting)}", f"{name}:\n  {line}")
    for name in catalogue().names():
        setting = catalogue().get(tuple(name.split(".")))
        if setting is not None and name not in typed and setting.is_read_by(release) and _is_declared_beside(setting, typed):
            yield Difference(group, f"{name} is not in the type", f"{name}:\n  last: {_before(release)}")


def _is_known_unread(setting: Setting) -> bool:
    """Whether the catalogue says that no release has read it, though a type that several sections share may name it."""
    return setting.status == "obsolete" and setting.last == MAIN


def _is_declared_beside(setting: Setting, typed: Mapping[str, str]) -> bool:
    """Whether the type would name a setting: it is not a parameter of a secret, and names all others beside it."""
    holder, _, leaf = setting.name.rpartition(".")
    above = catalogue().get(tuple(holder.split("."))) if holder else None
    if leaf == "*" or setting.name in SECRETS or (above is not None and above.pass_through):
        return False
    return not holder or any(name.startswith(f"{holder}.") for name in typed)


def _entry(name: str, type_: str, observed: Observed, release: Release) -> str:
    """An entry of the YAML files for a new setting, whose texts are left to write."""
    by_source = {source: seen[name].coercion for source, seen in (("ssm", observed.ssm), ("env", observed.env)) if name in seen}
    histories = {source: with_step(ByRelease("none"), release, found) for source, found in by_source.items() if found in COERCIONS}
    coercion = coercion_field(histories.get("ssm", ByRelease("none")), histories.get("env", ByRelease("none")))
    return "\n".join([f"{name}:", f"  type: {type_}", *([f"  {coercion}"] if coercion else []), f"  first: {release}", "  meaning: …"])


def _span(setting: Setting) -> str:
    by = setting.first if setting.after is None else f"{{after: {setting.after}, by: {setting.first}}}"
    first = f"first: {by}" if setting.first != OLDEST else ""
    last = f"last: {setting.last}" if setting.last != MAIN else ""
    return " and ".join(filter(None, (first, last)))


def _before(release: Release) -> str:
    """The release before one; where it is not in the table the newest."""
    return str(max((one for one in RELEASES if one < release), default=release))


# --- texts ------------------------------------------------------------------------------------------------------------------------------


def _of_landings(observed: Observed) -> Iterator[Difference]:
    """Variables that do not land where the sections that were found say."""
    for name, found in observed.env.items():
        variable = variable_of(tuple(name.split(".")))
        wanted = _landing(variable, observed.sections)
        if found.landed != wanted:
            landed = dotted(found.landed) if found.landed else "nothing"
            yield Difference("where variables land", f"{variable} lands on {landed}, and not on {dotted(wanted)}")


def _landing(variable: str, found: Mapping[str, SettingPath]) -> SettingPath:
    rest = variable[len(PREFIX) :]
    section = max((prefix for prefix in found if rest.startswith(prefix)), key=len, default="")
    return (*found.get(section, ()), *setting_of(PREFIX + rest[len(section) :], _WITHOUT_SECTIONS))


_WITHOUT_SECTIONS: Final = Release((0, 0, 0))
"""Sorts before each release that puts a variable into a section."""


def _of_coercions(observed: Observed, typed: Mapping[str, str], release: Release) -> Iterator[Difference]:
    found: dict[SettingPath, dict[Coercion, str]] = {}
    sources: tuple[tuple[Coercion, Mapping[str, Read]], ...] = (("ssm_coercion", observed.ssm), ("env_coercion", observed.env))
    for by, seen in sources:
        for read in seen.values():
            if read.landed and read.coercion not in ("secret", coercion_of(read.landed, by, release)):
                found.setdefault(read.landed, {})[by] = read.coercion
    for path, coercions in found.items():
        setting = catalogue().get(path)
        if setting is None and dotted(path) in typed:
            continue  # its entry is among the names already
        seen_as = "; ".join(f"{_SOURCE[by]} is {one}, and not {coercion_of(path, by, release)}" for by, one in coercions.items())
        yield Difference("how texts are read", f"{dotted(path)}: {seen_as}", _coercion_line(path, coercions, release))


_SOURCE: Final[Mapping[Coercion, str]] = {"ssm_coercion": "a parameter", "env_coercion": "a variable"}


def _coercion_line(path: SettingPath, found: Mapping[Coercion, str], release: Release) -> str:
    """The field of a setting with what was found in a release; empty where the catalogue has no word for it."""
    if not set(COERCIONS).issuperset(found.values()):
        return ""
    setting = catalogue().get(path)
    histories: dict[Coercion, ByRelease[str]] = {}
    for by in _SOURCE:
        history: ByRelease[str] = getattr(setting, by) if setting is not None else ByRelease("none")
        histories[by] = with_step(history, release, found[by]) if by in found else history
    field = coercion_field(histories["ssm_coercion"], histories["env_coercion"])
    return f"{dotted(path)}:\n  {field or 'coercion: none'}"


def with_step(history: ByRelease[Any], release: Release, value: Any) -> ByRelease[Any]:
    """What depends on the release, with what holds from one release on: of an old one until the next, of which nothing was seen."""
    given = {**{Release.of(text): one for text, one in history.steps.items()}, release: value}
    following = next((one for one in RELEASES if one > release), None)
    if following is not None:
        given.setdefault(following, history.at(following))
    steps: dict[str, Any] = {}
    held = history.before
    for first in sorted(given):
        if not same(given[first], held):
            steps[str(first)] = held = given[first]
    return ByRelease(history.before, steps)


def coercion_field(ssm: ByRelease[str], env: ByRelease[str]) -> str:
    """The field ``coercion`` of a setting as the YAML files have it; empty where it is to be left out."""
    ssm_text, env_text = _by_release(ssm), _by_release(env)
    if ssm_text == env_text:
        return f"coercion: {ssm_text}" if ssm_text != "none" else ""
    named = (f"{source}: {text}" for source, text in (("ssm", ssm_text), ("env", env_text)) if text != "none")
    return f"coercion: {{{', '.join(named)}}}"


def _by_release(history: ByRelease[str]) -> str:
    if not history.steps:
        return history.before
    steps = dict(history.steps) if history.before == "none" else {str(OLDEST): history.before, **history.steps}
    return f"{{{', '.join(f'{release}: {value}' for release, value in steps.items())}}}"


# --- defaults ---------------------------------------------------------------------------------------------------------------------------


def _of_defaults(observed: Observed, release: Release) -> Iterator[Difference]:
    """What the loader adds to a configuration that has nothing but ``baseUrl``, and which given values it replaces."""
    base = {"baseUrl": BASE["baseUrl"]}
    said = with_defaults(base, release)
    for name in dict.fromkeys([*observed.defaults, *said]):
        if name not in observed.defaults:
            yield Difference("defaults", f"{name} is not filled in, though linter/server/defaults.py says {json.dumps(said[name])}")
        elif not same(observed.defaults[name], _said_default(name, said, release)):
            yield _changed_default(name, observed.defaults[name], name in said, release)
    for name, replaced in observed.empties.items():
        kept = [with_defaults({**BASE, name: empty}, release).get(name) for empty in EMPTIES]
        wanted = tuple(empty for empty, value in zip(EMPTIES, kept, strict=True) if not same(empty, value))
        if name in said and replaced != wanted:
            what = f"the default of {name} replaces {_words(replaced)}, and not {_words(wanted)}"
            yield Difference("defaults", what, "_FOR_EMPTY or _FOR_NULL in linter/server/defaults.py")


def _said_default(name: str, said: Mapping[str, Any], release: Release) -> Any:
    """The default that the catalogue has; also of a setting that it says the release does not read, for then that is the difference."""
    setting = catalogue().get((name,))
    is_unread = setting is not None and setting.is_read_by(release) is False
    return setting.default_in(release) if setting is not None and is_unread else said.get(name)


def _changed_default(name: str, value: Any, was_known: bool, release: Release) -> Difference:
    setting = catalogue().get((name,))
    history = getattr(setting, "default_history", None) or ByRelease(None, _first_default(setting))
    steps = with_step(history, release, value).steps
    texts = ", ".join(f"{first}: {json.dumps(one)}" for first, one in steps.items())
    what = "another value" if was_known else "a default that linter/server/defaults.py lacks"
    line = f"{{{texts}}}" if len(steps) > 1 else json.dumps(value)
    return Difference("defaults", f"{name} is filled in with {what}: {json.dumps(value)}", f"{name}:\n  real_default: {line}")


def _first_default(setting: Setting | None) -> dict[str, Any]:
    """The default that always held, as a step from the oldest release on."""
    return {str(OLDEST): setting.real_default} if setting is not None and setting.real_default is not None else {}


def _words(values: tuple[Any, ...]) -> str:
    return " and ".join(map(json.dumps, values)) or "nothing"


# --- start arguments --------------------------------------------------------------------------------------------------------------------


def _of_starts(observed: Observed, release: Release) -> Iterator[Difference]:
    for argument, found in observed.starts.items():
        wanted = reads_of(argument, release)
        if found != wanted:
            what = f"{argument!r} reads {', '.join(found)}, and not {', '.join(wanted)}"
            yield Difference("start arguments", what, "linter/server/start.py")
