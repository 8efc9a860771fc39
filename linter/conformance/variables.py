"""The message for an environment variable that sets nothing: which setting it maps to, and which variable would work.

The mapping is the server loader's (``packages/server/src/config/loader.ts``); the meaning is known if the catalogue lists the name as a
near miss, or if the letters are those of a setting.
"""

from __future__ import annotations

from ..model import Document, Message, SettingPath, dotted, sentence, state_of
from ..release import MAIN, Release
from ..server.loader import SECRETS
from ..settings import Catalogue, Setting
from ..settings.env_names import PREFIX, landings, setting_of, variable_of
from ..text import as_clause, printable
from ..typed import Final
from .names import NEEDED, STOPPING, is_near_miss, not_known
from .reader import Mismatch, Reader, names_in, read_later, reader_of
from .secrets import is_called_secret

_CONNECTIONS: Final = ("database", "readonlyDatabase", "redis")
"""The sections without which a server does not start."""
_SAFE_UNREAD: Final = frozenset(
    {("database", "sslRejectUnauthorized"), ("readonlyDatabase", "sslRejectUnauthorized")}
    | {("redis", tls + switch) for tls in ("ssl", "tls") for switch in ("Require", "Enabled", "RejectUnauthorized")}
)
"""The settings of a connection that it works without, before 5.1.14 or, for Redis, on every release."""
_NEEDED: Final = ("baseUrl", "appBaseUrl", "binaryStorage")
"""The settings of :data:`~linter.conformance.names.NEEDED` that have a variable of their own."""
_HOSTS: Final = {
    "database": "the server looks for its database on its own machine and stops",
    "redis": "the server looks for Redis on its own machine",
}
"""The connections of :data:`~linter.conformance.names.NEEDED`, and what happens if one has no host."""
_LACKED: Final = frozenset({*((name,) for name in NEEDED), *((name, "host") for name in _HOSTS)})


def lacking(document: Document, path: SettingPath) -> SettingPath:
    """What a whole configuration lacks because its variable at ``path`` sets nothing: a needed setting, or the host of a connection."""
    reader = reader_of(document)
    if reader is None:
        return ()
    meant = meant_setting(str(document.fact(path, "name") or ""), reader.catalogue.get(path), reader)
    if path[0] in _HOSTS and path[1:] == ("url",):
        lacks: SettingPath = (path[0], "host")
    else:
        lacks = () if meant is None else (SECRETS[meant.name], "host") if meant.name in SECRETS else meant.path
    return lacks if lacks in _LACKED and document.ask(state_of, lacks) == "absent" else ()


def useless_variable(document: Document, variable: str, path: SettingPath, setting: Setting | None, reader: Reader) -> Mismatch:
    """The mismatch of a variable that sets nothing; ``path`` is where it maps to, ``setting`` the catalogue's entry for that."""
    meant, lacks = meant_setting(variable, setting, reader), lacking(document, path)
    where = sentence(f"sets {dotted(path)}, which is not a setting", "the server ignores it", by=", so ")
    if lacks:
        effect = NEEDED[str(lacks[0])] if len(lacks) == 1 else _HOSTS[str(lacks[0])]
        where = where.add("why", f"{dotted(lacks)} is missing, and {effect}")._replace(stops=lacks[0] in STOPPING)
    reason = _why_no_effect(where, variable, setting, meant, reader)
    if reason is not None:
        is_needed = (
            (path[0] in _CONNECTIONS and path not in _SAFE_UNREAD and not _is_default(document, path, meant))
            or (meant is not None and meant.name in _NEEDED)
            or bool(lacks)
        )
        return Mismatch("connection-variable" if is_needed else "variable", reason)
    near, name = near_variable(variable, reader), printable(variable)
    is_near = is_near_miss((variable,), (near,))
    what = sentence(f"is not a setting of the server, which ignores {name}") if is_near else not_known(name)
    hint = f"did you mean {near}?" if near else ""
    return Mismatch("known", what.add("remedy", hint), may_be_newer=bool(reader.server.newer) and not is_near)


def _is_default(document: Document, path: SettingPath, meant: Setting | None) -> bool:
    """Whether the variable only repeats the default: PostgreSQL opens the database that is named after the user."""
    user = document.get((path[0], "username"))
    return meant is not None and meant.path == (path[0], "dbname") and isinstance(user, str) and document.get(path) == user


def _why_no_effect(where: Message, variable: str, setting: Setting | None, meant: Setting | None, reader: Reader) -> Message | None:
    """A message about a variable with why it has no effect, and the one that has; None if the setting that was ``meant`` is not known."""
    catalogue, server = reader.catalogue, reader.server
    later = [(first, path) for first, path in landings(variable).items() if first > server.release]
    first, lands_later = next(((first, found) for first, path in later if (found := catalogue.get(path)) is not None), (MAIN, None))
    if lands_later is not None and lands_later.status != "obsolete":
        since = lands_later.read_from if lands_later.first >= first else f"from {first} on"
        everywhere = portable(lands_later, catalogue, server.release) if server.release >= lands_later.first else ""
        where = where.add("why", f"it is read {since}, as {lands_later.name}; your server is {server.text}", ": ")
        return where.add("remedy", f"use {everywhere}" if everywhere else "", ": ")
    named = _named(variable, setting, catalogue)
    if named is not None and named.status == "obsolete" and not named.use:
        return where.add("why", as_clause(named.meaning), ": ")
    if meant is None:
        return None
    if reader.reads_later(meant):
        return where.add("why", f"{meant.name} {read_later(meant)}; your server is {server.text}", ": ")
    spelt = _spelt(variable, catalogue)
    if spelt and spelt[0].deprecated:
        where = where.add("why", f"{spelt[0].name} is deprecated as well")
    return _how_to_set(where, meant, reader)


def meant_setting(variable: str, setting: Setting | None, reader: Reader) -> Setting | None:
    """The setting that a useless variable was meant to set; None if that is not known."""
    named = _named(variable, setting, reader.catalogue)
    if named is None and reader.release != MAIN:
        named = reader.catalogue.get(setting_of(variable))
    if named is None or named.status != "obsolete":
        return named
    return reader.catalogue.get(named.use_path) if named.use else None


def _named(variable: str, setting: Setting | None, catalogue: Catalogue) -> Setting | None:
    spelt = _spelt(variable, catalogue)
    return setting or next((one for one in spelt if one.status != "obsolete"), None) or next(iter(spelt), None)


def _spelt(variable: str, catalogue: Catalogue) -> list[Setting]:
    """The settings whose names have the same letters as a variable: for ``MEDPLUM_BASEURL`` it is ``baseUrl``."""
    paths = catalogue.spelt((variable.removeprefix(PREFIX),))
    return [setting for path in paths if (setting := catalogue.get(path)) is not None]


def near_variable(variable: str, reader: Reader) -> str:
    """The most similar variable; empty if none is similar."""
    from .. import suggest  # only after a mistake

    catalogue, release, given = reader.catalogue, reader.release, variable.removeprefix(PREFIX)
    near = suggest.nearest(given, names_in(catalogue, release).variables, 0.8)
    if near is None or (catalogue.is_public(setting_of(PREFIX + near, release)) and is_called_secret(given)):
        return ""
    return PREFIX + near


def portable(setting: Setting, catalogue: Catalogue, oldest: Release) -> str:
    """How to set, by a variable that works on this and all later releases, what only newer ones map by default; else empty."""
    path = setting.path
    holder = catalogue.get(path[:-1])
    if holder is None or holder.env_unsettable.at(oldest) or holder.env_coercion.at(oldest) != "object":
        return ""
    value = '"…"' if setting.types[0] == "string" else "true"
    return f"{variable_of(path[:-1])}='{{\"{path[-1]}\": {value}}}'"


def _how_to_set(message: Message, target: Setting, reader: Reader) -> Message:
    """The message about a variable with how to set what it was meant to set."""
    catalogue, release, path = reader.catalogue, reader.release, target.path
    if target.name in SECRETS:
        members = f"{variable_of((SECRETS[target.name], 'host'), release)} and so on"
        only = message.add("why", f"{target.name} is read only from Parameter Store", ": ")
        return only.add("remedy", f"give the connection itself, in {members}")
    holder = catalogue.get(path[:-1])
    if not target.env_unsettable.at(release):
        remedy = members_of(target, reader) or f"use {variable_of(path, release)}"
    elif holder is not None and holder.env_coercion.at(release) == "object":
        remedy = f"give {variable_of(path[:-1], release)} as an object in JSON, with the member {path[-1]}"
    elif target.use:
        remedy = f"use {variable_of(target.use_path, release)}"
    else:
        return message.add("why", f"no variable sets {target.name}, only a JSON config file does", ": ")
    return message.add("remedy", remedy, ": ")


def members_of(target: Setting, reader: Reader) -> str:
    """How to set an object that the server does not parse from a variable: one variable per member."""
    catalogue, release = reader.catalogue, reader.release
    if "object" not in target.types or target.env_coercion.at(release) == "object":
        return ""
    inner = (name for name in names_in(catalogue, release).plain if name.rpartition(".")[0] == target.name)
    path = tuple(next(inner, "").split("."))
    first = catalogue.get(path)
    if first is None or first.env_unsettable.at(release):
        return ""
    return f"give each member in a variable of its own, such as {variable_of(path, release)}"
