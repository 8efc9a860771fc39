"""What to say of a name that the catalogue does not know, or knows as an old one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache, partial

from .. import settings
from ..model import UNKNOWN, Message, SettingPath, dotted, sentence
from ..release import MAIN, NEWEST, Release, ServerVersion
from ..settings import Catalogue, Setting
from ..text import as_clause, printable
from ..typed import TYPE_CHECKING, Any, Final, NamedTuple
from .answer import Mismatch
from .variables import is_live, is_read_later

if TYPE_CHECKING:
    from ..suggest import Words

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
    "signingKeyPassphrase": "without it the server cannot use an encrypted signingKey",
}
"""The settings at the top that the server cannot do without, and what happens when it does not find one."""
_BY_LETTERS: Final = {name.lower(): name for name in NEEDED}
_NEEDED_BY_VARIABLE: Final = ("baseUrl", "appBaseUrl", "binaryStorage")
"""Those of them that a variable of their own sets."""


def reader_of(catalogue: Catalogue) -> str:
    """Who reads documents with these settings, for a sentence: ``the server`` or ``the CDK``."""
    return "the CDK" if catalogue.kind == "infra" else "the server"


def old(setting: Setting, reader: str, server: ServerVersion) -> Mismatch:
    """The mismatch of a name that only older versions read, or none ever did."""
    unread = reader == "the server" and setting.is_unread_by(server)
    use = sentence(_readers(setting, reader), remedy=f"use {setting.use}" if setting.use else "", then=": ")
    return Mismatch("current", use.add("remedy", "the line has no effect and can be deleted" if unread else ""))


def _readers(setting: Setting, reader: str) -> str:
    """Who reads such a name.

    Those that no CDK has read are in the catalogue because the page of its settings has them.
    """
    if setting.last != MAIN and reader == "the server":
        return f"is read only by servers up to {setting.last}"
    readers = "current servers" if reader == "the server" else reader
    documented = "is documented, but " if reader == "the CDK" and setting.origin == "never-read" else ""
    return f"{documented}is not read by {readers}"


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
    needed = _BY_LETTERS.get(name.replace("-", "").replace("_", "").lower(), "")
    return needed if needed != name and len(name) <= 2 * len(needed) else ""


def unknown_name(
    path: SettingPath, setting: Setting | None, catalogue: Catalogue, value: Any, release: Release, server: ServerVersion
) -> Mismatch:
    """The mismatch of a name that is no setting; ``setting`` is what the catalogue says of it, as a near miss.

    What is guessed can hold the ``value``: an object or list is none of a switch, and the other way round.
    """
    ignored = sentence(f"is not a setting of {reader_of(catalogue)}, which ignores it")
    if setting is not None:
        return Mismatch("known", lambda: _near_miss(ignored, setting, catalogue, release))

    guess = cache(partial(_meant, path, catalogue, value, release))  # made for a report only, unless the severity depends on it

    def reason() -> Message:
        return (ignored if guess().is_near_miss else not_known()).add("remedy", guess().hint)

    return Mismatch("known", reason, may_be_newer=bool(server.newer) and not guess().is_near_miss)


def _near_miss(ignored: Message, setting: Setting, catalogue: Catalogue, release: Release) -> Message:
    """The message about a name that the catalogue has as a near miss."""
    if not setting.use:
        return ignored.add("why", as_clause(setting.meaning), ": ")
    used = catalogue.get(tuple(setting.use.split(".")))
    return ignored if used is not None and is_read_later(used, release) else ignored.add("remedy", f"did you mean {setting.use}?")


def not_known(name: str = "it") -> Message:
    """The reason of a mismatch for a name that resembles none: it may be that of a setting which only newer servers have."""
    from ..settings.releases import DATES  # only after a mistake

    return sentence("is not known to this version of medplum-lint", f"no known release up to {NEWEST} ({DATES[NEWEST]}) reads {name}")


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
    hint = f"did you mean {near}?" if near else ""
    if is_near_miss(variable, near):
        return Mismatch("known", sentence(f"is not a setting of the server, which ignores {printable(variable)}", remedy=hint))
    return Mismatch("known", not_known(printable(variable)).add("remedy", hint), may_be_newer=bool(server.newer))


class _Guess(NamedTuple):
    """What to write instead of an unknown name, as a clause, and whether the name is a near miss of that."""

    hint: str = ""
    is_near_miss: bool = False


def _meant(path: SettingPath, catalogue: Catalogue, value: Any, release: Release) -> _Guess:
    name = str(path[-1])
    dotted_path = tuple(part for step in path for part in str(step).split("."))
    if "." in name and catalogue.get(dotted_path) is not None:
        return _Guess(f"in a JSON file, write {printable(name)} as an object inside an object", is_near_miss=True)
    names = live_names(catalogue, release)
    above = catalogue.name_of(path[:-1])
    from .secrets import is_called_secret  # only after a mistake

    is_secret, sort = is_called_secret(name), _sort(value)
    beside = _that_can_be(catalogue, release, above, sort, is_secret=is_secret) if above in names.members else ()
    near = near_name(name, beside)
    if near:
        return _Guess(f"did you mean {'.'.join([*map(str, path[:-1]), near])}?", is_near_miss(name, near))
    # What has this name in an entry of a list is about that entry, and never what was meant elsewhere.
    every = (tuple(one.split(".")) for one in names.ending.get(name, ()) if "*" not in one)
    elsewhere = [one for one in every if _can_be(catalogue, one, sort, is_secret=is_secret)]
    return _Guess(f"did you mean {'.'.join(elsewhere[0])}?") if len(elsewhere) == 1 else _Guess()


def is_near_miss(name: str, other: str) -> bool:
    """Whether a name is another one but for case and separators, and for one letter more, less or other, or two that changed places."""
    from ..suggest import is_slip  # only after a mistake

    return is_slip(letters_of(name), letters_of(other))


def letters_of(name: str) -> str:
    """A name without case and separators."""
    return name.replace(".", "").replace("_", "").replace("-", "").lower()


@settings.derived
def _that_can_be(catalogue: Catalogue, release: Release, above: SettingPath, sort: bool | None, *, is_secret: bool) -> tuple[str, ...]:
    """The last steps of the settings in an object that can be meant by an unknown name with a value of some sort."""
    members = live_names(catalogue, release).members[above]
    return tuple(one for one in members if _can_be(catalogue, (*above, one), sort, is_secret=is_secret))


def _can_be(catalogue: Catalogue, candidate: SettingPath, sort: bool | None, *, is_secret: bool) -> bool:
    """Whether a setting can be meant by a name with a value of some sort; one that is called as a secret is means nothing public."""
    types = catalogue.types(candidate)
    if types and sort is not None and sort != (types[0] in ("object", "array")):
        return False
    return not (is_secret and catalogue.is_public(candidate))


def _sort(value: Any) -> bool | None:
    """Whether a value is an object or list; None where it can be of either sort."""
    return None if value is UNKNOWN or value is None else isinstance(value, dict | list)


class Names(NamedTuple):
    """The names of the settings that exist: the last steps by those before them, and the whole names by their last steps."""

    members: Mapping[SettingPath, tuple[str, ...]]
    ending: Mapping[str, list[str]]


@cache
def live_names(catalogue: Catalogue, release: Release) -> Names:
    """The names of the settings that exist in a release."""
    members: dict[SettingPath, list[str]] = {}
    ending: dict[str, list[str]] = {}
    for path in _live(catalogue, release):
        last = str(path[-1])
        members.setdefault(path[:-1], []).append(last)
        ending.setdefault(last, []).append(".".join(map(str, path)))
    return Names({above: tuple(names) for above, names in members.items()}, ending)


def _live(catalogue: Catalogue, release: Release) -> Iterator[SettingPath]:
    if release == MAIN:
        return catalogue.current()
    paths = (tuple(name.split(".")) for name in catalogue.names())
    return (path for path in paths if (setting := catalogue.get(path)) is not None and is_live(setting, release))


def near_name(name: str, known: tuple[str, ...]) -> str:
    """The known name that differs in upper and lower case only, else the one that is most like this one; empty when none is."""
    by_lower, words = _in_lower_case(known)
    near = words.nearest(name.lower(), 0.7)
    return by_lower[near] if near is not None else ""


@lru_cache(maxsize=128)
def _in_lower_case(known: tuple[str, ...]) -> tuple[Mapping[str, str], Words]:
    """Names by what they are in lower case, of several the first; and what finds the nearest."""
    from ..suggest import Words  # only after a mistake

    by_lower = {one.lower(): one for one in reversed(known)}
    return by_lower, Words(by_lower)
