"""What puts a mismatch right, where its value or name leaves no doubt: the value or the setting that was meant.

Nothing is invented: a value that can be read in two ways, or in none, has no meaning here, and neither has one that would not fit its
setting. Worked out only for a finding that has a fix.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache

from .. import settings, suggest
from ..formats.placeholders import is_unresolved
from ..formats.urls import origin_of
from ..model import ABSENT, LEFT_OUT, UNKNOWN, Document, SettingPath, dotted
from ..release import MAIN, Release
from ..server.loader import SECRETS, compares_with_true, loaded_value
from ..settings import Catalogue, Setting
from ..settings.kinds import DOCUMENT_KINDS, catalogue_kind
from ..typed import Any, Final
from . import names, tls, values, written
from .mismatch import mismatch_of, mismatches
from .secrets import is_called_secret, is_name_of_secret

_NEAR: Final = 0.8
"""How like another name one must be to be taken for it."""
_NEAR_CHOICE: Final = 0.7
"""The same of the few words that a setting accepts."""
_SHORTEST: Final = 4
"""Letters of a name in which one wrong letter leaves no doubt: ``db`` is not far from anything."""


class _Place:
    """A setting of a document, with what the catalogue says of it and how its loader takes it."""

    def __init__(self, document: Document, path: SettingPath) -> None:
        self.document = document
        self.path = path
        self.value = document.get(path)
        self.kind = catalogue_kind(document.kind)
        self.catalogue = settings.catalogue(self.kind)
        self.setting = self.catalogue.get(path)
        self.release: Release = document.server.release if self.kind == "server" else MAIN
        by = DOCUMENT_KINDS[document.kind].coercion if document.kind in DOCUMENT_KINDS else None
        self.text = document.fact(path, "raw") if by is not None else None
        self.by = by

    def moved_to(self, path: SettingPath, setting: Setting) -> _Place:
        """The same value as that of another setting."""
        there = object.__new__(_Place)
        there.__dict__.update(self.__dict__)
        there.path, there.setting = path, setting
        return there

    def coercion_of(self, setting: Setting) -> str:
        """What the loader makes of a text for a setting; ``none`` too where nothing is converted."""
        return str(getattr(setting, self.by).at(self.release)) if self.by is not None else "none"


def meant_value(document: Document, path: SettingPath) -> Any:
    """The value that was meant by one that does not fit: as the server would hold it, ``LEFT_OUT``, or ``ABSENT`` where nobody knows."""
    if catalogue_kind(document.kind) not in settings.KINDS:
        return ABSENT
    place = _Place(document, path)
    mismatch = mismatch_of(document, path)
    reader = _READERS.get(mismatch.aspect) if mismatch is not None else _without_own_origin
    if place.setting is None or reader is None or place.value is UNKNOWN:
        return ABSENT
    value = reader(place, place.setting)
    return value if value is ABSENT or value is LEFT_OUT or _fits(place, value, place.setting) else ABSENT


def _fits(place: _Place, value: Any, setting: Setting) -> bool:
    """Whether the catalogue has nothing to say of a value but advice."""
    if not setting.types:
        return True
    return _flaw(place, value, setting) is None


def _flaw(place: _Place, value: Any, setting: Setting) -> str | None:
    """The first aspect in which a value does not fit a setting."""
    answers = (
        values.wrong_type(value, setting),
        values.not_allowed(value, setting, place.release),
        values.out_of_range(value, setting),
        values.wrong_format(value, setting),
    )
    return next((answer.aspect for answer in answers if answer is not None and answer.aspect != "advice"), None)


# --- Values ---------------------------------------------------------------------------------------------------------------------------


def _switch(place: _Place, setting: Setting) -> Any:
    if isinstance(place.text, str):
        return _switch_of_text(place, setting, place.text)
    if "false-means-none" in setting.tags and not place.value:
        return LEFT_OUT
    if not isinstance(place.value, str):
        # Whether 0 switches off what is on by default is not known, unless only false does.
        says_off = place.value == 0 and (values.ONLY_FALSE_IS_OFF in setting.tags or not setting.default_in(place.release))
        return bool(place.value) if place.value == 1 or says_off else ABSENT
    word = written.switch(place.value)
    if word is None or (tls.takes_options(setting) and place.value.strip().lower() not in ("true", "false")):
        return ABSENT  # beside true and false such a text can be a name of a mode
    return word


def _switch_of_text(place: _Place, setting: Setting, text: str) -> Any:
    word = written.switch(text)
    if word is None:
        return ABSENT
    if compares_with_true(setting, place.coercion_of(setting)):
        return word
    if word:
        return loaded_value("true", setting, place.coercion_of(setting))
    return ABSENT if setting.default_in(place.release) else LEFT_OUT  # any text is true to the server


def _number(place: _Place, setting: Setting) -> Any:
    if isinstance(place.text, str) and place.coercion_of(setting) != "integer":
        return ABSENT  # it stays text, whatever it is
    text = place.text if isinstance(place.text, str) else place.value
    number = written.whole_number(text, setting.unit) if isinstance(text, str) else None
    return ABSENT if number is None else number


def _of_type(place: _Place, setting: Setting) -> Any:
    """A value of the setting's type that another one stands for."""
    value, types = place.value, setting.types
    if isinstance(value, bool) or value is None:
        return ABSENT
    if isinstance(value, int) and setting.format == "bytes":
        return written.size_of(value) or ABSENT
    if isinstance(value, int) and "string" in types:
        return str(value) if 0 <= value < 10**15 and not setting.enum else ABSENT
    if isinstance(value, list) and types[:1] == ("string",) and setting.format in written.LISTS:
        whole = all(isinstance(one, str) and "," not in one and one.strip() != "*" for one in value)  # "*" would open it to everybody
        return ",".join(value) if value and whole else ABSENT
    if not isinstance(value, str):
        return ABSENT
    if {"integer", "number"}.intersection(types):
        number = written.whole_number(value, setting.unit)
        return ABSENT if number is None else number
    if {"object", "array"}.intersection(types):
        return written.holder(value)
    return ABSENT


def _choice(place: _Place, setting: Setting) -> Any:
    """The one of the choices that a text differs from in case and blanks only, else the only one that it is like."""
    if not isinstance(place.value, str):
        return ABSENT
    choices = {str(one).lower(): one for one in setting.enum_in(place.release)}
    word = place.value.strip().lower()
    near = word if word in choices else suggest.only_near(word, choices, _NEAR_CHOICE)
    return choices[near] if near is not None and setting.allows(str(choices[near]), place.release) else ABSENT


def _form(place: _Place, setting: Setting) -> Any:
    text = written.in_form(setting.format, place.value) if isinstance(place.value, str) else None
    if text is None or (setting.format in ("hostname", "host-or-socket") and not _keeps_port(place, text)):
        return ABSENT
    return text


def _without_own_origin(place: _Place, setting: Setting) -> Any:
    """A list of origins without that of the app, which the server allows in any case; ``ABSENT`` where that is not among them."""
    app = place.document.get(("appBaseUrl",))
    if setting.format != "origins" or not isinstance(place.value, str) or not isinstance(app, str) or is_unresolved(place.value):
        return ABSENT
    entries = [one.strip() for one in place.value.split(",")]
    kept = [one for one in entries if origin_of(one) is None or origin_of(one) != origin_of(app)]
    if len(kept) == len(entries):
        return ABSENT
    return (", " if ", " in place.value else ",").join(kept) or LEFT_OUT


def _keeps_port(place: _Place, host: str) -> bool:
    """Whether a port that a host was written with is given beside it, or is none."""
    port = written.port_of(place.value)
    return port is None or str(place.document.get((*place.path[:-1], "port"))) == port or (place.kind == "infra" and port == "443")


_READERS: Final = {
    "boolean": _switch,
    "boolean-spelling": _switch,
    "integer": _number,
    "integer-spelling": _number,
    "type": _of_type,
    "value": _choice,
    "format": _form,
}


# --- Names ----------------------------------------------------------------------------------------------------------------------------

_OF_NAMES: Final = frozenset({"known", "misspelt", "connection-variable", "variable", "current"})


def meant_name(document: Document, path: SettingPath) -> SettingPath | None:
    """The setting that was meant by a name which is none; None where nobody knows, or where another name was meant for it too."""
    every: Mapping[SettingPath, SettingPath] = document.cached("meant_names", lambda: _meant_names(document))
    return every.get(path)


def _meant_names(document: Document) -> Mapping[SettingPath, SettingPath]:
    if catalogue_kind(document.kind) not in settings.KINDS:
        return {}
    candidates = {path: _candidate(_Place(document, path), one.aspect) for path, one in mismatches(document).items()}
    if document.kind == "server/ssm":
        candidates |= {(name,): _of_nested(_Place(document, (name,)), name) for name in document.data if "/" in name}
    found = {path: target for path, target in candidates.items() if target is not None and document.get(target) is ABSENT}
    rivals = Counter(found.values())
    # Where another name is meant for a member of an object, that object is given, and this name is not the only one that gives it.
    above = {target[:length] for target in rivals for length in range(1, len(target))}
    return {path: target for path, target in found.items() if rivals[target] == 1 and target not in above}


def _candidate(place: _Place, aspect: str) -> SettingPath | None:
    """The setting that a name stands for, given or not."""
    if aspect not in _OF_NAMES:
        return None
    target = _misspelt(place) if aspect == "misspelt" else _of_variable(place) if place.document.kind == "server/env" else _named(place)
    return target if target is not None and _can_take(place, target, mended=aspect == "misspelt") else None


def _of_nested(place: _Place, name: str) -> SettingPath | None:
    """The setting of a parameter whose name has slashes in place of dots."""
    target = tuple(name.split("/"))
    return target if _can_take(place, target) else None


def _misspelt(place: _Place) -> SettingPath | None:
    needed = names.needed_like(str(place.path[0]))
    return (needed,) if needed else None


def _of_variable(place: _Place) -> SettingPath | None:
    """The setting that a variable was meant to set, if one of another name can."""
    from ..settings.env_names import setting_of
    from .variables import meant_setting, near_variable  # only in the environment

    variable = str(place.document.fact(place.path, "name") or "")
    target = meant_setting(variable, place.setting, place.catalogue, place.release)
    if target is None and place.setting is None:
        near = near_variable(variable, place.catalogue, place.release)
        target = place.catalogue.get(setting_of(near, place.release)) if near else None
        target = target if target is not None and _is_near(place, tuple(target.name.split("."))) else None
    if place.path[-1] == "proxyEndpoint":
        return None  # it stands for two settings: the host, and that TLS is on
    if target is None or target.name in SECRETS or target.env_unsettable.at(place.release):
        return None
    return tuple(target.name.split("."))


def _named(place: _Place) -> SettingPath | None:
    if place.setting is not None:
        return tuple(place.setting.use.split(".")) if place.setting.use and place.setting.origin != "never-read" else None
    above, name = place.path[:-1], str(place.path[-1])
    dotted = tuple(part for step in place.path for part in str(step).split("."))
    if "." in name and place.by is None and place.catalogue.get(dotted) is not None:
        return dotted
    members = _members(place.catalogue, place.release, place.catalogue.name_of(above))
    inner = _by_letters(place).get(names.letters_of(name)) if not above and name.lower() not in members else None
    near = name.lower() if name.lower() in members else suggest.only_near(name.lower(), members, _NEAR)
    target = (*above, members[near]) if near is not None else None
    return inner or (target if target is not None and _is_near(place, target) else None)


def _members(catalogue: Catalogue, release: Release, holder: SettingPath) -> Mapping[str, str]:
    """The settings in an object by their last steps in lower case."""
    return _members_of_all(catalogue, release).get(holder, {})


@cache
def _members_of_all(catalogue: Catalogue, release: Release) -> Mapping[SettingPath, Mapping[str, str]]:
    live = names.live_names(catalogue, release)
    return {holder: {one.lower(): one for one in members} for holder, members in live.members.items()}


def _by_letters(place: _Place) -> Mapping[str, SettingPath]:
    """The settings inside of sections by the letters of their whole names, which one at the top can have: ``redis_tls``."""
    return _names_by_letters(place.catalogue, place.release)


@cache
def _names_by_letters(catalogue: Catalogue, release: Release) -> Mapping[str, SettingPath]:
    known: dict[str, list[str]] = {}
    for same in names.live_names(catalogue, release).ending.values():
        for name in same:
            known.setdefault(names.letters_of(name), []).append(name)
    return {letters: tuple(same[0].split(".")) for letters, same in known.items() if len(same) == 1 and "*" not in same[0]}


def _is_near(place: _Place, target: SettingPath) -> bool:
    """Whether a name is a setting's but for case, separators and one letter; a likeness is worth a hint, and no edit."""
    above, name = (names.letters_of(dotted(part)) for part in (place.path[:-1], place.path[-1:]))
    its_above, its_name = (names.letters_of(dotted(part)) for part in (target[:-1], target[-1:]))
    if above != its_above:
        return suggest.is_slip(above + name, its_above + its_name)
    return name == its_name or (min(len(name), len(its_name)) >= _SHORTEST and suggest.is_slip(name, its_name))


def _is_unknown(value: Any) -> bool:
    return value is UNKNOWN or is_unresolved(value)


def _can_take(place: _Place, target: SettingPath, *, mended: bool = False) -> bool:
    """Whether the value of a name can be a setting's: it fits, is read as it is, and is no secret that others see or that another has.

    It need not fit if it can be ``mended``: that is for a setting without which the server does nothing wrong, because it does not start.
    """
    setting = place.catalogue.get(target)
    if setting is None or not setting.is_read_by(place.release) or (target[-1] in SECRETS and place.by != "ssm_coercion"):
        return False
    if not _is_as_secret(place, target):
        return False
    if _is_unknown(place.value):
        return True
    if isinstance(place.text, str):
        loaded = loaded_value(place.text, setting, place.coercion_of(setting))
        if loaded != place.value or type(loaded) is not type(place.value):
            return False
    return _fits(place, place.value, setting) or (mended and _can_be_mended(place, target, setting))


def _can_be_mended(place: _Place, target: SettingPath, setting: Setting) -> bool:
    """Whether the value of a name plainly stands for another one that fits a setting, which the next round of fixes makes of it."""
    reader = _READERS.get(_flaw(place, place.value, setting) or "")
    if reader is None:
        return False
    there = place.moved_to(target, setting)
    value = reader(there, setting)
    return value is not ABSENT and value is not LEFT_OUT and _fits(there, value, setting)


def _is_as_secret(place: _Place, target: SettingPath) -> bool:
    """Whether a name and a setting are both those of secrets, or both are not; but of two secrets neither is meant by the other's name."""
    is_secret = place.catalogue.is_secret(target)
    if place.setting is not None:
        return place.catalogue.is_secret(place.path) == is_secret
    name = str(place.path[-1])
    if names.letters_of(name) in map(names.letters_of, (str(target[-1]), dotted(target))):
        return True
    return is_called_secret(name) == is_secret and not (is_secret and is_name_of_secret(name))
