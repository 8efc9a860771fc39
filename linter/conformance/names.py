"""The message for a name that the catalogue does not know, or knows as obsolete."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache, partial

from .. import settings
from ..model import UNKNOWN, Message, SettingPath, dotted, gathered, prefixes, sentence
from ..release import MAIN, NEWEST, Release
from ..settings import Catalogue, Setting, letters_of
from ..text import as_clause
from ..typed import Any, Final
from .reader import Mismatch, Reader, names_in

NEEDED: Final = {
    "baseUrl": "the server does not start without it",
    "appBaseUrl": "without it the server refuses every browser",
    "binaryStorage": "without it every upload fails",
    "supportEmail": "without it mail has no sender",
    "database": "the server does not start without it",
    "redis": "without it the server looks for Redis on its own machine",
    "signingKeyPassphrase": "without it the server cannot use an encrypted signingKey",
}
"""The top-level settings that the server cannot do without, and what happens if one is missing."""
STOPPING: Final = frozenset({"baseUrl", "database"})
"""Those without which the server does not start."""
_OBJECTS: Final[Mapping[str, tuple[str, str]]] = {
    "database": ("misspelt-object", NEEDED["database"]),
    "redis": ("misspelt-object", NEEDED["redis"]),
    "smtp": ("misspelt-object", "without it no mail goes to your mail server"),
    "fission": ("misspelt-object", "without it no bot runs on Fission"),
    "bullmq": ("misspelt-option", "without it jobs run with the default options"),
    "readonlyDatabase": ("misspelt-option", "without it all searches go to database"),
    **dict.fromkeys(
        ("database.ssl", "readonlyDatabase.ssl"), ("misspelt-object", "without it the connection is not encrypted as intended")
    ),
    **dict.fromkeys(
        ("cacheRedis", "rateLimitRedis", "pubSubRedis", "backgroundJobsRedis"), ("misspelt-option", "without it redis is used instead")
    ),
}
"""The objects of which the loss matters, each with the aspect of its mismatch and what happens if it is missing."""
_BY_LETTERS: Final = {name.lower(): name for name in NEEDED}


def old(setting: Setting, reader: Reader) -> Mismatch:
    """The mismatch of a name that only older versions read, or none ever did.

    Some names that no CDK has ever read are in the catalogue because they are documented.
    """
    is_of_server = reader.who == "the server"
    if setting.last != MAIN and is_of_server:
        what = f"is read only by servers up to {setting.last}"
    else:
        documented = "is documented, but " if not is_of_server and setting.origin == "never-read" else ""
        what = f"{documented}is not read by {'current servers' if is_of_server else reader.who}"
    use = sentence(what, remedy=f"use {setting.use}" if setting.use else "", then=": ")
    if is_of_server and setting.is_unread_by(reader.server):
        removal = "the line has no effect and can be deleted"
    elif setting.use:
        removal = ""
    else:
        removal = "remove it unless yours is one of these" if is_of_server and setting.last != MAIN else "remove it"
    return Mismatch("current", use.add("remedy", removal))


_GENERIC_NAMES = frozenset({"clientId", "environment", "name", "region"})
"""Settings of the CDK with names that other programs use too: next to other settings of the CDK they are the CDK's."""


def of_cdk(names: Iterable[str], catalogue: Catalogue) -> frozenset[str]:
    """Which top-level names of a server's configuration are settings of the CDK."""
    if catalogue.kind != "server":
        return frozenset()
    infra = settings.catalogue("infra")
    theirs = frozenset(name for name in names if (setting := infra.get((name,))) is not None and setting.origin != "near-miss")
    return theirs if theirs - _GENERIC_NAMES - catalogue.top_level() else frozenset()


def needed_like(name: str) -> str:
    """The setting of :data:`NEEDED` that this name spells with other case or separators; empty if there is none, or it is spelt right."""
    needed = _BY_LETTERS.get(name.replace("-", "").replace("_", "").lower(), "")
    return needed if needed != name and len(name) <= 2 * len(needed) else ""


def misspelt(path: SettingPath, value: Any, reader: Reader) -> Mismatch | None:
    """The mismatch of a misspelt name, or one that begins with a misspelt one, if the loss of the setting that is meant matters."""
    needed = needed_like(str(path[0])) if len(path) == 1 else ""
    if needed:
        return _misspelt("misspelt", (needed,), f"it is not spelt {needed}, and {NEEDED[needed]}", "rename it")
    unknown: SettingPath = next((one for one in prefixes(path) if reader.catalogue.get(one) is None), ())
    is_object = isinstance(value, dict) if unknown == path else bool(unknown)
    target, is_near = guessed(unknown, {}, reader) if is_object else (None, False)
    if target is None or not is_near or target[:-1] != unknown[:-1] or dotted(target) not in _OBJECTS:
        return None
    aspect, why = _OBJECTS[dotted(target)]
    if unknown == path:
        return _misspelt(aspect, target, f"it is not spelt {dotted(target)}, and {why}", "rename it")
    meant, _ = guessed(path, value, reader)
    remedy = f"did you mean {dotted(meant)}?" if meant is not None else "rename it"
    return _misspelt(aspect, target, f"it does not begin with {dotted(target)}, and {why}", remedy)


def _misspelt(aspect: str, lost: SettingPath, why: str, remedy: str) -> Mismatch:
    return Mismatch(aspect, sentence("is not read", why, remedy, by=", because ", stops=dotted(lost) in STOPPING), lost=lost)


def unknown_name(path: SettingPath, setting: Setting | None, value: Any, reader: Reader) -> Mismatch:
    """The mismatch of a name that is not a setting; ``setting`` is the catalogue's entry for it, such as a near miss.

    A guess must be able to hold the ``value``: no object or list for a switch, and vice versa.
    """
    ignored = sentence(f"is not a setting of {reader.who}, which ignores it")
    if setting is not None:
        return Mismatch("known", lambda: _near_miss(ignored, setting, reader))

    guess = cache(partial(guessed, path, value, reader))  # made for a report only, unless the severity depends on it

    def reason() -> Message:
        target, is_near = guess()
        name = str(path[-1])
        nested = target is not None and "." in name and len(target) > len(path) and reader.by is None
        meant = ".".join(map(str, target or ()))
        instead = f"in a JSON file, write {meant} as an object inside an object" if nested else meant and f"did you mean {meant}?"
        return (ignored if is_near else not_known()).add("remedy", instead)

    return Mismatch("known", reason, may_be_newer=bool(reader.server.newer) and not guess()[1])


def _near_miss(ignored: Message, setting: Setting, reader: Reader) -> Message:
    """The message about a name that the catalogue lists as a near miss."""
    if not setting.use:
        return ignored.add("why", as_clause(setting.meaning), ": ")
    used = reader.catalogue.get(setting.use_path)
    return ignored if used is not None and reader.reads_later(used) else ignored.add("remedy", f"did you mean {setting.use}?")


def not_known(name: str = "it") -> Message:
    """The reason for a name that resembles no setting: it may be one that only newer servers have."""
    from ..settings.releases import DATES  # only after a mistake

    return sentence("is not known to this version of medplum-lint", f"no known release up to {NEWEST} ({DATES[NEWEST]}) reads {name}")


def guessed(path: SettingPath, value: Any, reader: Reader) -> tuple[SettingPath | None, bool]:
    """The setting that an unknown name was meant to be, and whether the name is a near miss of it; otherwise it is only a hint."""
    from .secrets import is_called_secret  # only after a mistake

    catalogue, live = reader.catalogue, names_in(reader.catalogue, reader.release)
    meant = _in_known_objects(path, reader)
    if meant != path and (known_as := catalogue.get(meant)) is not None:
        return known_as.use_path if known_as.origin == "near-miss" and known_as.use else meant, True
    spelt = [one for one in catalogue.spelt(path) if one in live.paths] if len(path) == 1 else []
    name, above = str(meant[-1]), meant[:-1]
    if len(spelt) == 1 and "*" not in spelt[0]:
        return spelt[0], True  # with other case and separators, which can mark a section: ``redis_tls``
    is_secret = is_called_secret(name)
    is_container = None if value is UNKNOWN or value is None else isinstance(value, dict | list)
    known = _that_can_be(catalogue, reader.release, catalogue.name_of(above), is_container, is_secret=is_secret)
    near = _in_other_order(name, known) or near_name(name, known)
    if not near and is_container:  # few settings are objects
        near = next((one for one in known if is_near_miss((name,), (one,))), "")
    if near:
        near_misses = [one for one in {near, *known} if is_near_miss((name,), (one,))]
        return (*above, near), near_misses == [near]
    # A name in an entry of a list is about that entry, so it is never suggested elsewhere.
    every = (one for one in live.paths if one[-1] == name and "*" not in one)
    elsewhere = [one for one in every if _can_be(catalogue, one, is_container, is_secret=is_secret)]
    return (elsewhere[0] if len(elsewhere) == 1 else None), False


def _in_known_objects(path: SettingPath, reader: Reader) -> SettingPath:
    """A path split at its dots, with near misses of objects corrected; unchanged if one of its steps is not an object."""
    catalogue, made = reader.catalogue, path[:0]
    *above, name = (part for step in path for part in (step.split(".") if isinstance(step, str) else (step,)))
    for step in above:
        if catalogue.get((*made, step)) is None:
            near = near_name(str(step), _that_can_be(catalogue, reader.release, catalogue.name_of(made), True, is_secret=False))
            if not near or not is_near_miss((step,), (near,)):
                return path
            step = near
        made = (*made, step)
    return (*made, name)


def is_near_miss(path: SettingPath, other: SettingPath) -> bool:
    """Whether a name differs from another only in case and separators, and by one edit: a letter more, less, other, or two swapped."""
    from ..suggest import is_slip  # only after a mistake

    return is_slip(letters_of(path), letters_of(other))


@settings.derived
def _that_can_be(
    catalogue: Catalogue, release: Release, above: SettingPath, is_container: bool | None, *, is_secret: bool
) -> tuple[str, ...]:
    """The last steps of the settings in an object that an unknown name can stand for."""
    members = (one for one in names_in(catalogue, release).paths if one[:-1] == above)
    return tuple(str(one[-1]) for one in members if _can_be(catalogue, one, is_container, is_secret=is_secret))


def _can_be(catalogue: Catalogue, candidate: SettingPath, is_container: bool | None, *, is_secret: bool) -> bool:
    """Whether a name can stand for a setting, given whether its value is an object or list (None: unknown).

    A name that looks like a secret's cannot stand for a public setting.
    """
    types = catalogue.types(candidate)
    if types and is_container is not None and is_container != (types[0] in ("object", "array")):
        return False
    return not (is_secret and catalogue.is_public(candidate))


def _in_other_order(name: str, known: tuple[str, ...]) -> str:
    """The only known name with the same words in another order, singular or plural: for ``auditEventLog`` it is ``logAuditEvents``."""
    words = _words(name)
    same = _by_words(known).get(words, ()) if len(words) > 1 else ()
    return same[0] if len(same) == 1 else ""


@lru_cache(maxsize=128)
def _by_words(known: tuple[str, ...]) -> dict[tuple[str, ...], list[str]]:
    return gathered((_words(one), one) for one in known)


def _words(name: str) -> tuple[str, ...]:
    return tuple(sorted(word.lower().removesuffix("s") for word in re.findall("[A-Z]?[a-z]+|[A-Z0-9]+", name)))


def near_name(name: str, known: tuple[str, ...]) -> str:
    """The known name that differs in case only, else the most similar one; empty if there is none."""
    from ..suggest import nearest  # only after a mistake

    by_lower = {one.lower(): one for one in reversed(known)}
    return by_lower.get(nearest(name.lower(), by_lower, 0.7) or "", "")
