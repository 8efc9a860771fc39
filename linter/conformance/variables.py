"""What to say of an environment variable that sets nothing: where it lands, and which one would work.

Where it lands is what the server's loader does (``packages/server/src/config/loader.ts``); what was meant is known where the catalogue has
the name as a near miss, or where the letters are those of a setting.
"""

from __future__ import annotations

from functools import cache

from ..model import Message, sentence
from ..release import MAIN, NEWEST, Release, ServerVersion
from ..server.loader import SECRETS
from ..settings import Catalogue, Setting
from ..settings.env_names import PREFIX, landings, meant_by, setting_of, variable_of
from ..text import as_clause
from .secrets import is_called_secret


def why_useless(variable: str, landed: str, setting: Setting | None, catalogue: Catalogue, server: ServerVersion) -> Message | None:
    """Why a variable that lands on no setting has no effect, with the one that has; None where nobody knows what was meant.

    ``setting`` is what the catalogue says of the name on which it lands.
    """
    where = sentence(f"sets {landed}, which is not a setting", "the server ignores it", by=", so ")
    later = _read_later(variable, catalogue, server)
    if later is not None:
        return where.add("why", later[0], ": ").add("remedy", later[1], ": ")
    named = _named(variable, setting, catalogue)
    if named is not None and named.status == "obsolete" and not named.use:
        return where.add("why", as_clause(named.meaning), ": ")
    target = meant_setting(variable, setting, catalogue, server.release)
    if target is None:
        return None
    if is_read_later(target, server.release):
        return where.add("why", f"{target.name} {read_later(target)}; your server is {server.text}", ": ")
    spelt = catalogue.get(meant_by(variable, catalogue.names()) or ())
    if spelt is not None and spelt.deprecated:
        where = where.add("why", f"{spelt.name} is deprecated as well")
    return _how_to_set(where, target, catalogue, server.release)


def is_read_later(setting: Setting, release: Release) -> bool:
    """Whether only later releases than this one are known to read a setting, and this one is known not to."""
    return release < setting.first and setting.is_read_by(release) is False


def read_later(setting: Setting) -> str:
    """What to say of a setting that only later servers read; reads on after its name."""
    first, last = setting.first, setting.last
    if first == MAIN:
        since = f"only by servers after {NEWEST}"
    elif last == MAIN:
        since = setting.read_from
    else:
        since = f"only by {first}" if first == last else f"only from {first} to {last}"
    return f"is read {since}"


def _read_later(variable: str, catalogue: Catalogue, server: ServerVersion) -> tuple[str, str] | None:
    """What to say of a variable that a later release puts on a setting, and what to use on this one; None for any other."""
    later = [(first, path) for first, path in landings(variable).items() if first > server.release]
    first, setting = next(((first, found) for first, path in later if (found := catalogue.get(path)) is not None), (MAIN, None))
    if setting is None or setting.status == "obsolete":
        return None
    since = setting.read_from if setting.first >= first else f"from {first} on"
    everywhere = portable(setting, catalogue, server.release) if server.release >= setting.first else ""
    return f"it is read {since}, as {setting.name}; your server is {server.text}", f"use {everywhere}" if everywhere else ""


def meant_setting(variable: str, setting: Setting | None, catalogue: Catalogue, release: Release) -> Setting | None:
    """The setting that was meant by a variable that lands on none; None where nobody knows."""
    named = _named(variable, setting, catalogue)
    if named is None and release != MAIN:
        named = catalogue.get(setting_of(variable))
    if named is None or named.status != "obsolete":
        return named
    return catalogue.get(tuple(named.use.split("."))) if named.use else None


def _named(variable: str, setting: Setting | None, catalogue: Catalogue) -> Setting | None:
    return setting or catalogue.get(meant_by(variable, live_names(catalogue)) or meant_by(variable, catalogue.names()))


def near_variable(variable: str, catalogue: Catalogue, release: Release) -> str:
    """The variable that looks most like this one; empty when none does."""
    from .. import suggest  # only after a mistake

    near = suggest.nearest(variable.removeprefix(PREFIX), _live_variables(catalogue, release), 0.8)
    if near is None or (catalogue.is_public(setting_of(PREFIX + near, release)) and is_called_secret(variable.removeprefix(PREFIX))):
        return ""
    return PREFIX + near


@cache
def _live_variables(catalogue: Catalogue, release: Release) -> tuple[str, ...]:
    """What follows the prefix in the variables of the settings that exist."""
    return tuple(variable_of(tuple(name.split(".")), release).removeprefix(PREFIX) for name in live_names(catalogue, release))


def is_live(setting: Setting, release: Release) -> bool:
    """Whether a setting exists in a release, or may do so; one that is on its way out does in the newest too."""
    return setting.status != "obsolete" if release == MAIN else setting.is_read_by(release) is not False


def portable(setting: Setting, catalogue: Catalogue, oldest: Release) -> str:
    """How to set by a variable, on a release and all later ones, what only newer ones put there by itself; empty where nothing does."""
    path = tuple(setting.name.split("."))
    holder = catalogue.get(path[:-1]) if len(path) > 1 else None
    if holder is None or holder.env_unsettable.at(oldest) or holder.env_coercion.at(oldest) != "object":
        return ""
    value = '"…"' if setting.types[0] == "string" else "true"
    return f"{variable_of(path[:-1])}='{{\"{path[-1]}\": {value}}}'"


@cache
def live_names(catalogue: Catalogue, release: Release = MAIN) -> tuple[str, ...]:
    """The names of the settings that exist in a release, without members of lists."""
    names = []
    for name in catalogue.names():
        setting = catalogue.get(tuple(name.split(".")))
        if setting is not None and is_live(setting, release) and "*" not in name:
            names.append(name)
    return tuple(names)


def _how_to_set(message: Message, target: Setting, catalogue: Catalogue, release: Release) -> Message:
    """The message about a variable with how to set what was meant by it."""
    path = tuple(target.name.split("."))
    if target.name in SECRETS:
        members = f"{variable_of((SECRETS[target.name], 'host'), release)} and so on"
        only = message.add("why", f"{target.name} is read only from Parameter Store", ": ")
        return only.add("remedy", f"give the connection itself, in {members}")
    holder = catalogue.get(path[:-1]) if len(path) > 1 else None
    if not target.env_unsettable.at(release):
        remedy = members_of(target, catalogue, release) or f"use {variable_of(path, release)}"
    elif holder is not None and holder.env_coercion.at(release) == "object":
        remedy = f"give {variable_of(path[:-1], release)} as an object in JSON, with the member {path[-1]}"
    elif target.use:
        remedy = f"use {variable_of(tuple(target.use.split('.')), release)}"
    else:
        return message.add("why", f"no variable sets {target.name}, only a JSON config file does", ": ")
    return message.add("remedy", remedy, ": ")


def members_of(target: Setting, catalogue: Catalogue, release: Release) -> str:
    """How to set an object that the server does not parse from a variable: one variable for each member."""
    if "object" not in target.types or target.env_coercion.at(release) == "object":
        return ""
    inner = [name for name in live_names(catalogue, release) if name.rpartition(".")[0] == target.name]
    first = next((catalogue.get(tuple(name.split("."))) for name in inner), None)
    if first is None or first.env_unsettable.at(release):
        return ""
    return f"give each member in a variable of its own, such as {variable_of(tuple(first.name.split('.')), release)}"
