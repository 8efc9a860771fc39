"""How to fix a mismatch whose value or name is unambiguous: the value or the setting that was meant.

Nothing is invented: a value that can be read in two ways, or in none, is not fixed, and neither is one whose meaning would not fit its
setting. Computed only for a finding that has a fix.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from .. import suggest
from ..formats.placeholders import is_unresolved
from ..formats.urls import origin_of
from ..model import ABSENT, LEFT_OUT, UNKNOWN, Document, SettingPath, prefixes
from ..server.loader import SECRETS, compares_with_true, loaded_value
from ..settings import Setting, letters_of
from ..typed import Any, Final, NamedTuple
from . import names, spellings, tls, values
from .mismatch import OF_NAMES, first_flaw, mismatches
from .reader import Reader, reader_of
from .secrets import is_called_secret, is_name_of_secret
from .table import Entry

_NEAR_CHOICE: Final = 0.7
"""The similarity at which a word counts as one of the few that a setting accepts."""
_SHORTEST: Final = 4
"""The shortest name in which one wrong letter is unambiguous: ``db`` is near to everything."""


class _Place(NamedTuple):
    """A setting of a document, with its catalogue entry and its loader; ``text`` is the text of its own entry."""

    document: Document
    path: SettingPath
    reader: Reader
    value: Any
    text: str | None
    setting: Setting | None

    @property
    def coercion(self) -> str:
        """How the loader converts the text of the setting."""
        return self.reader.coercion(self.setting) if self.setting is not None else "none"


def _place(document: Document, path: SettingPath, reader: Reader) -> _Place:
    text = document.fact(path, "raw") if reader.by is not None else None
    return _Place(document, path, reader, document.get(path), text if isinstance(text, str) else None, reader.catalogue.get(path))


def meant_value(document: Document, path: SettingPath) -> Any:
    """What a value that does not fit was meant to be, as the server would hold it, ``LEFT_OUT``, or ``ABSENT`` if that is not known."""
    reader = reader_of(document)
    place = _place(document, path, reader) if reader is not None else None
    return ABSENT if place is None or place.value is UNKNOWN else _read_as_meant(place, Entry(document, path).aspect)


def _read_as_meant(place: _Place, aspect: str) -> Any:
    """What a value that does not fit in an aspect was meant to be, if that fits; ``ABSENT`` if there is nothing."""
    setting = place.setting
    value = _READERS[aspect](place, setting) if aspect in _READERS and setting is not None else ABSENT
    if value is ABSENT or value is LEFT_OUT or setting is None or not setting.types:
        return value
    return value if first_flaw(value, setting, place.reader) is None else ABSENT


# --- Values ---------------------------------------------------------------------------------------------------------------------------


def _switch(place: _Place, setting: Setting) -> Any:
    default = setting.default_in(place.reader.release)
    if place.text is not None:
        word = spellings.switch(place.text)
        if word is None or compares_with_true(setting, place.coercion):
            return ABSENT if word is None else word
        if word:
            return loaded_value("true", setting, place.coercion)
        return ABSENT if default else LEFT_OUT  # any text is true to the server
    if values.FALSE_MEANS_NONE in setting.tags and not place.value:
        return LEFT_OUT
    if not isinstance(place.value, str):
        # Whether 0 switches off a default of true is not known, unless only false does.
        says_off = place.value == 0 and (values.ONLY_FALSE_IS_OFF in setting.tags or not default)
        return bool(place.value) if place.value == 1 or says_off else ABSENT
    word = spellings.switch(place.value)
    # Besides true and false, a text in place of TLS options can be the name of a mode.
    is_word = not tls.takes_options(setting) or place.value.strip().lower() in ("true", "false")
    return ABSENT if word is None or not is_word else word


def _number(place: _Place, setting: Setting) -> Any:
    if place.text is not None and place.coercion != "integer":
        return ABSENT  # it stays text, whatever it is
    text = place.text if place.text is not None else place.value
    number = spellings.whole_number(text, setting.unit) if isinstance(text, str) else None
    return ABSENT if number is None else number


def _of_type(place: _Place, setting: Setting) -> Any:
    """The value of the setting's type that another value stands for."""
    value, types = place.value, setting.types
    if isinstance(value, bool) or value is None:
        return ABSENT
    if isinstance(value, int) and setting.format == "bytes":
        return spellings.size_of(value) or ABSENT
    if isinstance(value, int) and "string" in types:
        return str(value) if 0 <= value < 10**15 and not setting.enum else ABSENT
    if isinstance(value, list) and types[:1] == ("string",) and setting.format in spellings.LISTS:
        whole = all(isinstance(one, str) and "," not in one and one.strip() != "*" for one in value)  # "*" would open it to everybody
        return ",".join(value) if value and whole else ABSENT
    if not isinstance(value, str):
        return ABSENT
    if {"integer", "number"}.intersection(types):
        number = spellings.whole_number(value, setting.unit)
        return ABSENT if number is None else number
    return spellings.holder(value) if setting.is_container else ABSENT


def _choice(place: _Place, setting: Setting) -> Any:
    """The choice that a text differs from in case and blanks only, else the only similar one."""
    if not isinstance(place.value, str):
        return ABSENT
    release = place.reader.release
    choices = {str(one).lower(): one for one in setting.enum_in(release)}
    word = place.value.strip().lower()
    near = word if word in choices else suggest.only_near(word, choices, _NEAR_CHOICE)
    return choices[near] if near is not None and setting.allows(str(choices[near]), release) else ABSENT


def _form(place: _Place, setting: Setting) -> Any:
    text = spellings.in_form(setting.format, place.value) if isinstance(place.value, str) else None
    port = spellings.port_of(place.value) if text is not None and setting.format in ("hostname", "host-or-socket") else None
    # The port in a host has to be given as a setting too, or to be the one that the CDK uses.
    beside = place.document.get((*place.path[:-1], "port")) if port is not None else None
    is_given = isinstance(beside, int | str) and str(beside) == port
    return text if text is not None and (port is None or is_given or (place.reader.who == "the CDK" and port == "443")) else ABSENT


def _without_own_origin(place: _Place, setting: Setting) -> Any:
    """A list of origins without the app's, which the server always allows; ``ABSENT`` if it does not contain it."""
    app = place.document.get(("appBaseUrl",))
    if setting.format != "origins" or not isinstance(place.value, str) or not isinstance(app, str) or is_unresolved(place.value):
        return ABSENT
    entries = [one.strip() for one in place.value.split(",")]
    kept = [one for one in entries if origin_of(one) is None or origin_of(one) != origin_of(app)]
    if len(kept) == len(entries):
        return ABSENT
    return (", " if ", " in place.value else ",").join(kept) or LEFT_OUT


_READERS: Final = {
    "": _without_own_origin,
    "boolean": _switch,
    "boolean-spelling": _switch,
    "integer": _number,
    "integer-spelling": _number,
    "type": _of_type,
    "value": _choice,
    "format": _form,
}


# --- Names ----------------------------------------------------------------------------------------------------------------------------

_OF_NAMES: Final = OF_NAMES - {"own-name", "all-loaders"}


def meant_name(document: Document, path: SettingPath) -> SettingPath | None:
    """The setting that an unknown name was meant to be; None if that is not known, or if another name was meant for it too."""
    return meant_names(document).get(path)


def meant_names(document: Document) -> Mapping[SettingPath, SettingPath]:
    """The settings that unknown names were meant to be, by their paths; in a flat list also those of the objects above them."""
    return document.cached("meant_names", lambda: _meant_names(document))


def _meant_names(document: Document) -> Mapping[SettingPath, SettingPath]:
    reader = reader_of(document)
    if reader is None:
        return {}
    of_names = {path: one.aspect for path, one in mismatches(document).items() if one.aspect in _OF_NAMES}
    if document.kind == "server/ssm":
        of_names |= {(name,): "nested" for name in document.data if "/" in name}
    if reader.by == "ssm_coercion":
        objects = (parent for path in of_names for parent in prefixes(path[:-1]) if reader.catalogue.get(parent) is None)
        of_names = {**dict.fromkeys(objects, "known"), **of_names}
    candidates = {path: _candidate(_place(document, path, reader), aspect) for path, aspect in of_names.items()}
    found = {path: target for path, target in candidates.items() if target is not None and document.get(target) is ABSENT}
    rivals = Counter(found.values())
    # If another name is meant for a member of an object, the object is given too, and this name is not the only one that gives it.
    above = {parent for path, target in found.items() if found.get(path[:-1]) != target[:-1] for parent in prefixes(target[:-1])}
    return {path: target for path, target in found.items() if rivals[target] == 1 and target not in above}


def _candidate(place: _Place, aspect: str) -> SettingPath | None:
    """The setting that a name stands for, given or not."""
    if aspect == "nested":  # a parameter whose name has slashes in place of dots
        parts = tuple(str(place.path[0]).split("/"))
        target = parts if place.reader.catalogue.get(parts) is not None else _named(place._replace(path=parts))
    else:
        target = _of_variable(place) if place.document.kind == "server/env" else _named(place)
    return target if target is not None and _can_take(place, target, reformed=aspect == "misspelt") else None


def _of_variable(place: _Place) -> SettingPath | None:
    """The setting that a variable was meant to set, if another variable can."""
    from ..settings.env_names import setting_of
    from .variables import meant_setting, near_variable  # only in the environment

    reader = place.reader
    variable = str(place.document.fact(place.path, "name") or "")
    target = meant_setting(variable, place.setting, reader)
    if target is None and place.setting is None and (near := near_variable(variable, reader)):
        target = reader.catalogue.get(setting_of(near, reader.release))
        target = target if target is not None and _is_near(place, target.path) else None
    if place.path[-1] == "proxyEndpoint":
        return None  # it stands for two settings: the host, and that TLS is on
    if target is None or target.name in SECRETS or target.env_unsettable.at(reader.release):
        return None
    return target.path


def _named(place: _Place) -> SettingPath | None:
    setting = place.setting
    if setting is not None:
        return setting.use_path if setting.use and setting.origin != "never-read" else None
    target, is_near = names.guessed(place.path, place.value, place.reader)
    in_json = place.reader.by is None or "." not in str(place.path[-1])
    return target if target is not None and is_near and in_json and _is_near(place, target) else None


def _is_near(place: _Place, target: SettingPath) -> bool:
    """Whether a name differs from a setting only in case, separators and one letter; mere similarity is worth a hint, not an edit."""
    name, its_name = letters_of(place.path[-1:]), letters_of(target[-1:])
    is_long = name == its_name or letters_of(place.path) == letters_of(target) or min(len(name), len(its_name)) >= _SHORTEST
    is_long = is_long or isinstance(place.value, dict)  # few settings are objects
    return is_long and names.is_near_miss(place.path, target)


def _can_take(place: _Place, target: SettingPath, *, reformed: bool) -> bool:
    """Whether a setting can take the value of a name: it fits, is read as it is, and does not expose or mix up secrets.

    It need not fit if it can be ``reformed``, as the next round of fixes does: that is for a setting without which the server does no harm,
    because it does not start.
    """
    reader, value = place.reader, place.value
    setting = reader.catalogue.get(target)
    if setting is None or not setting.is_read_by(reader.release) or (target[-1] in SECRETS and reader.by != "ssm_coercion"):
        return False
    if not _is_as_secret(place, target):
        return False
    if value is UNKNOWN or is_unresolved(value):
        return True
    there = place._replace(path=target, setting=setting)
    if place.text is not None:
        loaded = loaded_value(place.text, setting, there.coercion)
        if loaded != value or type(loaded) is not type(value):
            return False
    flaw = first_flaw(value, setting, reader) if setting.types else None
    return flaw is None or (reformed and _read_as_meant(there, flaw) not in (ABSENT, LEFT_OUT))


def _is_as_secret(place: _Place, target: SettingPath) -> bool:
    """Whether a name and a setting are both secret, or both public. Two different secrets never stand for each other."""
    catalogue = place.reader.catalogue
    is_secret = catalogue.is_secret(target)
    if place.setting is not None:
        return catalogue.is_secret(place.path) == is_secret
    name = str(place.path[-1])
    if isinstance(place.value, dict) or letters_of((name,)) in map(letters_of, (target[-1:], target)):
        return True  # what is secret in an object are its members
    return is_called_secret(name) == is_secret and not (is_secret and is_name_of_secret(name))
