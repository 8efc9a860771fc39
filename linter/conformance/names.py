"""What to say of a name that the catalogue does not know, or knows as an old one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

from .. import settings
from ..model import UNKNOWN, SettingPath, dotted
from ..release import MAIN, Release, ServerVersion
from ..settings import Catalogue, Setting
from ..text import as_clause, printable
from ..typed import Any, Final, NamedTuple
from .answer import Mismatch
from .variables import is_live, is_read_later

_CONNECTIONS = ("database", "readonlyDatabase", "redis")
"""The sections without which a server does not start."""
_SAFE_UNREAD: Final = ("sslRejectUnauthorized",)
"""Where variables of a connection land before 5.1.14 without which it works all the same, and is no less safe."""
NEEDED: Final = {
    "baseUrl": "the server does not start without it",
    "appBaseUrl": "without it the server refuses every browser",
    "binaryStorage": "without it every upload fails",
    "supportEmail": "without it mail has no sender",
    "database": "without it the server finds no database",
    "redis": "without it the server finds no Redis",
}
"""The settings at the top that the server cannot do without, and what happens when it does not find one."""
_BY_LETTERS: Final = {name.lower(): name for name in NEEDED}
_NEEDED_BY_VARIABLE: Final = ("baseUrl", "appBaseUrl", "binaryStorage")
"""Those of them that a variable of their own sets."""


def reader_of(catalogue: Catalogue) -> str:
    """Who reads documents with these settings, for a sentence: ``the server`` or ``the CDK``."""
    return "the CDK" if catalogue.kind == "infra" else "the server"


def instead(setting: Setting, reader: str) -> str:
    """The reason of a mismatch for a name that only older versions read, or none ever did, with the one to use.

    Those that no CDK has read are in the catalogue because the page of its settings has them.
    """
    if setting.last != MAIN and reader == "the server":
        return f"is read only by servers up to {setting.last}{f': use {setting.use}' if setting.use else ''}"
    readers = "current servers" if reader == "the server" else reader
    documented = "is documented, but " if reader == "the CDK" and setting.origin == "never-read" else ""
    return f"{documented}is not read by {readers}{f': use {setting.use}' if setting.use else ''}"


_OF_ANYBODY = frozenset({"clientId", "environment", "name", "region"})
"""Settings of the CDK that are called as those of other programs are: beside others of the CDK they are the CDK's too."""


def of_cdk(names: Iterable[str], catalogue: Catalogue) -> frozenset[str]:
    """Which names at the top of a server's configuration are settings of the CDK."""
    if catalogue.kind != "server":
        return frozenset()
    infra = settings.catalogue("infra")
    theirs = frozenset(name for name in names if (setting := infra.get((name,))) is not None and setting.origin != "near-miss")
    return theirs if theirs - _OF_ANYBODY - catalogue.top_level() else frozenset()


def needed_like(name: str) -> str:
    """The setting of :data:`NEEDED` whose name this is but for capitals, hyphens and underscores; empty for any other, and for itself."""
    needed = _BY_LETTERS.get(re.sub("[-_]", "", name).lower(), "")
    return needed if needed != name and len(name) <= 2 * len(needed) else ""


def unknown_reason(path: SettingPath, setting: Setting | None, catalogue: Catalogue, value: Any, release: Release) -> str:
    """The reason of a mismatch for a name that is no setting; ``setting`` is what the catalogue says of it, as a near miss.

    What is guessed can hold the ``value``: an object or list is none of a switch, and the other way round.
    """
    reader = reader_of(catalogue)
    ignored = f"is not a setting of {reader}, which ignores it"
    if setting is not None:
        if not setting.use:
            return f"{ignored}: {as_clause(setting.meaning)}"
        used = catalogue.get(tuple(setting.use.split(".")))
        return ignored if used is not None and is_read_later(used, release) else f"{ignored}; did you mean {setting.use}?"
    meant = _meant(path, catalogue, value, release)
    return f"{ignored}; {meant}" if meant else ignored


def useless_variable(variable: str, path: SettingPath, setting: Setting | None, catalogue: Catalogue, server: ServerVersion) -> Mismatch:
    """The mismatch of a variable that sets no setting; ``path`` is where it lands, ``setting`` what the catalogue says of that."""
    from .variables import meant_setting, near_variable, why_useless  # only after a mistake

    name = dotted(path)
    reason = why_useless(variable, name, setting, catalogue, server)
    if reason is not None:
        meant = meant_setting(variable, setting, catalogue, server.release)
        is_needed = (path[0] in _CONNECTIONS and path[-1] not in _SAFE_UNREAD) or (meant is not None and meant.name in _NEEDED_BY_VARIABLE)
        return Mismatch("connection-variable" if is_needed else "variable", reason)
    near = near_variable(variable, catalogue, server.release)
    hint = f"; did you mean {near}?" if near else ""
    return Mismatch("known", f"is not a setting of the server, which ignores {printable(variable)}{hint}")


def _meant(path: SettingPath, catalogue: Catalogue, value: Any, release: Release) -> str:
    """What was probably meant by an unknown name."""
    name = str(path[-1])
    dotted_path = tuple(part for step in path for part in str(step).split("."))
    if "." in name and catalogue.get(dotted_path) is not None:
        return f"in a JSON file, write {printable(name)} as an object inside an object"
    names = live_names(catalogue, release)
    above = tuple("*" if isinstance(step, int) else step for step in path[:-1])
    from .secrets import is_called_secret  # only after a mistake

    is_secret = is_called_secret(name)

    def can_be(candidate: SettingPath) -> bool:
        return can_hold(catalogue.get(candidate), value) and not (is_secret and catalogue.is_public(candidate))

    near = near_name(name, tuple(one for one in names.members.get(above, ()) if can_be((*above, one))))
    if near:
        return f"did you mean {'.'.join([*map(str, path[:-1]), near])}?"
    # What has this name in an entry of a list is about that entry, and never what was meant elsewhere.
    elsewhere = [one for one in names.ending.get(name, []) if "*" not in one and can_be(tuple(one.split(".")))]
    return f"did you mean {elsewhere[0]}?" if len(elsewhere) == 1 else ""


def can_hold(setting: Setting | None, value: Any) -> bool:
    """Whether a value is of the sort that a setting has: one object or list, or one scalar; what is not known can be of either."""
    if setting is None or not setting.types or value is UNKNOWN or value is None:
        return True
    return isinstance(value, dict | list) == (setting.types[0] in ("object", "array"))


class Names(NamedTuple):
    """The names of the settings that exist: the last steps by those before them, and the whole names by their last steps."""

    members: Mapping[SettingPath, tuple[str, ...]]
    ending: Mapping[str, list[str]]


@cache
def live_names(catalogue: Catalogue, release: Release) -> Names:
    """The names of the settings that exist in a release."""
    members: dict[SettingPath, tuple[str, ...]] = {}
    ending: dict[str, list[str]] = {}
    for name in catalogue.names():
        path = tuple(name.split("."))
        setting = catalogue.get(path)
        if setting is not None and is_live(setting, release):
            members[path[:-1]] = (*members.get(path[:-1], ()), path[-1])
            ending.setdefault(path[-1], []).append(name)
    return Names(members, ending)


def near_name(name: str, known: tuple[str, ...]) -> str:
    """The known name that differs in upper and lower case only, else the one that is most like this one; empty when none is."""
    from .. import suggest  # only after a mistake

    by_lower: dict[str, str] = {}
    for one in reversed(known):
        by_lower[one.lower()] = one
    near = suggest.nearest(name.lower(), by_lower, 0.7)
    return by_lower[near] if near is not None else ""
