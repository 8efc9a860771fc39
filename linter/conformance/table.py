"""The table of a document's settings: what is known of each, worked out as it is asked.

Rules, their traces and their fixes ask about a setting here, whatever the answer comes from: the catalogue, the release, what was read, how
the value misfits, or the names of others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from ..formats import FORMATS
from ..model import UNKNOWN, Document, SettingPath, prefixes
from ..release import MAIN, Release
from ..settings import Setting
from ..settings.env_names import setting_of
from ..typed import Any, Final
from . import names
from .mismatch import DEEPEST, MISREAD, mismatch_of, mismatches
from .reader import Reader, reader_of
from .spellings import rewritten, whole_number, without_separators
from .values import MEANS_TRUE


class Entry:
    """What is known of one setting, given or not, in the document that holds it (see :meth:`linter.model.Document.owner`)."""

    __slots__ = ("document", "path")

    def __init__(self, document: Document, path: SettingPath) -> None:
        self.document, self.path = document.owner(path)

    @property
    def setting(self) -> Setting | None:
        """Its entry in the catalogue."""
        reader = reader_of(self.document)
        return reader.catalogue.get(self.path) if reader is not None and self.path else None

    @property
    def since(self) -> str:
        """The release that added it, if its server is too old to read it: ``from 5.1.27 on``; else empty."""
        reader = reader_of(self.document)
        if reader is None or reader.release == MAIN:
            return ""
        holders = map(reader.catalogue.get, prefixes(self.path[:DEEPEST]))
        return next((holder.read_from for holder in holders if holder is not None and reader.reads_later(holder)), "")

    @property
    def aspect(self) -> str:
        """The aspect in which its value, or its name, does not fit; empty if it fits."""
        mismatch = mismatch_of(self.document, self.path)
        return mismatch.aspect if mismatch is not None else ""

    @property
    def is_misread(self) -> bool:
        """Whether the server reads its value differently than intended, or ignores it, so that no rule can check it."""
        return self.aspect in MISREAD or bool(self.since)

    def meaning(self, value: Any) -> Any:
        """The evident meaning of its value, for rules that compare with it; ``UNKNOWN`` if there is none."""
        return UNKNOWN if self.since else _meaning_of(value, self.setting, self.aspect, reader_of(self.document))

    def switch(self, value: Any) -> Any:
        """The state of a switch whose value is misspelt but read as meant, such as ``"true"``; ``UNKNOWN`` otherwise."""
        setting = self.setting
        is_one = setting is not None and setting.types == ("boolean",) and self.aspect == "boolean-spelling"
        return self.meaning(value) if is_one else UNKNOWN

    @property
    def may_be_elsewhere(self) -> bool:
        """Whether it may be given by what was not read. The members of a value that is written in one piece are in it, or nowhere."""
        return self.document.ask(Document.is_unread, self.path) and not self.document.ask(_is_in_one_piece, self.path)

    @property
    def is_given_otherwise(self) -> bool:
        """Whether it is absent, but given under another name, which has a finding: misspelt, for later servers, or useless."""
        return self._is_misspelt() or self._is_set_later() or self._is_in_another_variable()

    def _is_misspelt(self) -> bool:
        """Whether it is given under a misspelling of its name; only settings at the top are looked up in any spelling."""
        if len(self.path) != 1 or self.path[0] not in names.NEEDED:
            return False
        return any(one.lost == self.path for one in mismatches(self.document).values())

    def _is_in_another_variable(self) -> bool:
        """Whether it, or a member of it, is what a variable that sets nothing was meant to set, whose finding says so."""
        document = self.document
        if "server/env" not in document.kinds or not self.path or self.path[0] not in names.NEEDED:
            return False
        useless = [at for at, one in mismatches(document).items() if one.aspect == "connection-variable"]
        if not useless:
            return False
        from .variables import lacking  # only after a mistake

        return any(lacking(document.layer(at), at)[: len(self.path)] == self.path for at in useless)

    def _is_set_later(self) -> bool:
        """Whether it, or a member of it, is set by a variable that only later servers map to it."""
        document, release = self.document, self.document.server.release
        if release == MAIN or "server/env" not in document.kinds:
            return False
        return self.path in document.cached("set_later", lambda: frozenset(_set_later(document, release)))


def _set_later(document: Document, release: Release) -> Iterator[SettingPath]:
    """The settings, and their parents, that variables of a document set only on servers later than a release."""
    for given, _ in (one for layer in document.layers if layer.kind == "server/env" for one in layer.given or ()):
        name = str(document.fact(given, "name") or "")
        path = setting_of(name)
        if path != given and setting_of(name, release) == given:
            yield from prefixes(path)


def _is_in_one_piece(document: Document, path: SettingPath) -> bool:
    """Whether the parent of a setting is one object in a file, or one parameter or variable; of several sources objects are merged."""
    if document.given is None:
        of_one = dict | list if len(document.layers) == 1 else list
        return len(path) > 1 and isinstance(document.get(path[:-1]), of_one)
    given = document.cached("given", lambda: {path for path, _ in document.given or ()}, noted=True)
    return any(above in given for above in prefixes(path[:-1]))


# --- The evident meaning of a value. ------------------------------------------------------------------------------------------------------

_HOSTS: Final = ("hostname", "host-or-socket")


def _meaning_of(value: Any, setting: Setting | None, aspect: str, reader: Reader | None) -> Any:
    """The evident meaning of a value of a setting that does not fit in an aspect (empty if it does); ``UNKNOWN`` if there is none.

    ``"accountNumber": 123456789012`` is reported once, as a number where text belongs, and still reveals an ARN of another account.
    """
    if setting is None or (not aspect and not isinstance(value, str)):
        return UNKNOWN if aspect in MISREAD else value
    if aspect in MISREAD:
        if value == "" and aspect == "boolean-spelling" and reader is not None and reader.who == "the CDK":
            return False  # the CDK only tests every switch for JavaScript truth
        return _spelt_otherwise(value, setting, aspect)
    if aspect == "format":
        return _read_otherwise(value, setting)
    if "server-url" in setting.tags:
        is_base = isinstance(value, str) and not value.endswith("/") and FORMATS["base-url"].reason(value) is None
        return f"{value}/" if is_base else value  # the missing slash is reported, but the address is known
    if not aspect and setting.types[:1] == ("integer",):
        # Where the server accepts both, as for a port; any other text, such as the path of a socket, stands for itself.
        return int(value) if re.fullmatch(r"[0-9]{1,18}", value, re.ASCII) else value
    return value.removesuffix(".") if setting.format in _HOSTS and isinstance(value, str) else value


def _spelt_otherwise(value: Any, setting: Setting, aspect: str) -> Any:
    """The meaning of a value of the wrong type, if evident: digits, and words that the server too reads as true."""
    if aspect == "boolean-spelling":
        if isinstance(value, str):
            return True if value.strip().lower() in MEANS_TRUE else UNKNOWN
        return bool(value)
    if aspect not in ("type", "integer-spelling") or isinstance(value, bool):
        return UNKNOWN
    if isinstance(value, int | float):
        return value if setting.types[0] != "string" else _digits(value, setting)
    number = whole_number(value) if isinstance(value, str) and {"integer", "number"}.intersection(setting.types) else None
    return UNKNOWN if number is None else number


def _digits(value: float, setting: Setting) -> Any:
    """The text that a number was meant to be. An account number may have lost leading zeros; few have more than one."""
    if not 0 <= value < 1e15 or value != int(value):
        return UNKNOWN
    text = str(int(value))
    if setting.format != "aws-account":
        return text
    return text.zfill(12) if 9 <= len(text) <= 12 else UNKNOWN


_LONGEST_NAME: Final = 1_000
"""More characters than any name of a host, bucket, region or account has."""


def _read_otherwise(value: Any, setting: Setting) -> Any:
    """A text in the wrong form that can still be compared."""
    if not isinstance(value, str) or setting.format not in _READABLE:
        return value
    text = _READABLE[setting.format](value) if len(value) <= _LONGEST_NAME else None
    return text if text is not None and FORMATS[setting.format].reason(text) is None else UNKNOWN


def _host(text: str) -> str | None:
    around = re.fullmatch(r"\s*(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:[^/\\?#\s]*@)?([^/\\?#@:\s]+?)\.?(?::[0-9]*)?(?:[/\\?#]\S*)?\s*", text)
    return around[1] if around is not None else None


_READABLE: Final[Mapping[str, Callable[[str], str | None]]] = {
    "aws-account": without_separators,
    "aws-region": lambda text: text.strip().lower(),
    "s3-bucket": partial(rewritten, "s3-bucket"),
    **dict.fromkeys(_HOSTS, _host),
}
"""The readable meaning of a text, by the format that it should have."""
