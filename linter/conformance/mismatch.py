"""What the catalogue says of each value of a document, as the server will see it: the ``fits`` operator of the rule language.

Each place gets at most one mismatch: the first aspect, in the order of :data:`ASPECTS`, in which it does not fit. So one cause gives one
finding, and what is misread is not checked any further.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from .. import settings
from ..formats.placeholders import is_blank, is_reference
from ..model import ABSENT, UNKNOWN, Document, SettingPath, is_complete, sentence
from ..release import MAIN, Release, ServerVersion
from ..settings import Setting
from ..settings.env_names import setting_of
from ..settings.history import ByRelease
from ..settings.kinds import DOCUMENT_KINDS, Coercion, catalogue_kind
from ..typed import Any, Final, NamedTuple
from . import names, texts, tls, values
from .answer import Mismatch
from .variables import is_read_later, read_later

ASPECTS: Final = {
    "known": "the server reads a setting with this name",
    "misspelt": "the name is not that of a setting which the server cannot do without, but for capitals, hyphens or underscores",
    "connection-variable": "the environment variable sets a part of a connection, or another setting that the server cannot do without",
    "variable": "the environment variable sets a setting",
    "current": "the name is not one that only older versions read",
    "own-name": "the name is not that of a setting of the CDK",
    "own-value": "the value is not an external secret of the CDK",
    "boolean": "the server reads the value as the true or false that was meant",
    "unsafe-boolean": "the same, of a value that is unsafe where the server reads it as its opposite",
    "harmless-boolean": "the same, of any other value",
    "boolean-spelling": "true and false are written as they should be",
    "integer": "the server reads the number that is written",
    "integer-spelling": "whole numbers are written as they should be",
    "object": "the server parses an object or array that is given as text",
    "type": "the value has the type that the server expects",
    "value": "the value is one that the server accepts",
    "range": "the number works",
    "advice": "the number is advisable",
    "format": "the text has the form that it should have",
    "all-loaders": "the environment variable sets its setting on older servers too",
    "all-versions": "older servers read the value as the newest does",
}
"""The aspects in which a value can fit its setting, in the order in which they are checked, with what each asks."""
MISREAD: Final = frozenset({"own-value", "boolean", "boolean-spelling", "integer", "integer-spelling", "object", "type"})
"""Where a value does not fit in one of these, no other rule checks it."""
OF_NAMES: Final = frozenset({"known", "misspelt", "connection-variable", "variable", "current", "own-name", "all-loaders"})
"""Aspects of a setting that are about its name alone."""


Question = Callable[[Any], "Mismatch | None"]
"""What is asked of a value of a setting: how it does not fit, in one aspect."""

_COMMENT_KEYS = ("_comment", "$schema", "//")
_STOPPING = frozenset({"baseUrl", "storageBaseUrl", "dataWarehouse"})
"""The settings, by their first names, at which the server can stop: see :mod:`linter.server.stops`."""
_BOTS = ("bots",)
"""The list that the CLI keeps in the server's file, which is the CLI's own too (``packages/cli/src/utils.ts``)."""


_NONE: Final[Mapping[SettingPath, Mismatch]] = {}


def mismatches(document: Document) -> Mapping[SettingPath, Mismatch]:
    """Every mismatch of a document by its path, in the order of the document; worked out once for each document."""
    if document.memo is not None:
        document.memo.note_anything()  # what the check of each setting asks is noted with that
    every: Mapping[SettingPath, Mismatch] = document.cached(
        "mismatches", lambda: {path: one for name in document.data for path, one in mismatches_at(document, name).items()}, noted=True
    )
    return every


def mismatches_at(document: Document, name: str) -> Mapping[SettingPath, Mismatch]:
    """The mismatches at and beneath a setting at the top; worked out once for each document."""
    return _checks(document).at(name).mismatches


def mismatch_of(document: Document, path: SettingPath) -> Mismatch | None:
    """How a value, or its name, does not fit; None where it does."""
    return mismatches_at(document, str(path[0])).get(path) if path else None


def unchecked(document: Document) -> dict[SettingPath, Exception]:
    """The settings of a document whose mismatch could not be worked out, for a bug of ours, with what went wrong.

    It is theirs alone: all others are checked. Those that nobody has asked for are not among them.
    """
    return {path: error for checked in _checks(document).known.values() for path, error in checked.failed.items()}


def check_as(document: Document, mismatches: Mapping[SettingPath, Mismatch]) -> None:
    """Take these for the mismatches of a document, before any other is asked for."""
    by_name: dict[str, dict[SettingPath, Mismatch]] = {}
    for path, one in mismatches.items():
        by_name.setdefault(str(path[0]), {})[path] = one
    document.cached("checks", lambda: _Checks(document, lambda _document, name: _Checked(by_name.get(name, _NONE))), noted=True)


class _Checked(NamedTuple):
    """What a check of a setting at the top, and of all beneath it, came to."""

    mismatches: Mapping[SettingPath, Mismatch]
    failed: Mapping[SettingPath, Exception] = {}


class _Checks:
    """The checks of the settings at the top of a document, each made when it is first asked for."""

    def __init__(self, document: Document, check: Callable[[Document, str], _Checked]) -> None:
        self.known: dict[str, _Checked] = {}
        self._document = document
        self._check = check

    def at(self, name: str) -> _Checked:
        memo = self._document.memo
        if memo is not None:
            self.known[name] = memo.get(("mismatches", name), partial(self._check, self._document, name))
        elif name not in self.known:
            self.known[name] = self._check(self._document, name)
        return self.known[name]


def _checks(document: Document) -> _Checks:
    checks: _Checks = document.cached("checks", lambda: _Checks(document, _check), noted=True)
    return checks


DEEPEST: Final = 100
"""Levels of nesting of what is checked. No setting is nested as deeply, and naming each of more takes as much as all before it together."""


def _check(document: Document, name: str) -> _Checked:
    """Walk a setting at the top, and all beneath it that the catalogue knows; beneath an unknown one nothing is checked."""
    value = document.data.get(name, ABSENT)
    if value is ABSENT or catalogue_kind(document.kind) not in settings.KINDS:
        return _Checked(_NONE)
    checker = _Checker(document)
    found: dict[SettingPath, Mismatch] = {}
    failed: dict[SettingPath, Exception] = {}
    waiting = list(checker.reading.members((), None, [(name, value)]))
    while waiting:
        path, value, setting = waiting.pop()
        try:
            mismatch, descend = checker.check(path, value, setting)
        except Exception as error:  # a bug of ours in one setting must not hide the others
            failed[path] = error
            continue
        if mismatch is not None:
            found[path] = mismatch
        if descend and len(path) < DEEPEST:
            members = checker.reading.members(path, setting, value.items() if isinstance(value, dict) else enumerate(value))
            waiting.extend(reversed(list(members)))
    return _Checked(found, failed)


class _Reading:
    """How a server, or the CDK, reads its settings: what is asked of all documents that are for it."""

    def __init__(self, kind: str, server: ServerVersion) -> None:
        self.catalogue = settings.catalogue(kind)
        self.reader = names.reader_of(self.catalogue)
        self.server = server
        self.release = server.release if kind == "server" else MAIN
        self._members: dict[Setting | None, dict[str, Setting]] = {}
        """The settings that members of settings are, by their names: many have the same, in a list of objects."""
        self._asked: dict[tuple[Setting, bool], Sequence[Question]] = {}

    def members(
        self, path: SettingPath, holder: Setting | None, members: Iterable[tuple[str | int, Any]]
    ) -> Iterator[tuple[SettingPath, Any, Setting | None]]:
        """The members of what stands at a path, each with its path, and with its setting where it is one.

        ``holder`` is the setting of that path, None at the top of the document and where there is none.
        """
        known = self._members.setdefault(holder, {}) if holder is not None or not path else {}
        for step, value in members:
            name = "*" if isinstance(step, int) else step
            setting = known.get(name)
            if setting is None:
                setting = self.catalogue.get((*path, step))
                if setting is not None:
                    known[name] = setting
            yield (*path, step), value, setting

    def questions(self, setting: Setting, *, is_text: bool = False) -> Sequence[Question]:
        """What is asked of each value of a setting that is given as it is, or that a loader has made of a text."""
        asked = self._asked.get((setting, is_text))
        if asked is None:
            make = self._questions_of_known if is_text else self._questions
            asked = self._asked[setting, is_text] = tuple(make(setting))
        return asked

    def _questions(self, setting: Setting) -> Iterator[Question]:
        """What can have an answer for a value of a setting that is given as it is, in the order of the aspects."""
        yield values.external_secret
        if tls.takes_options(setting):
            yield lambda value: tls.text_in_json(value, setting)
        if "boolean" in setting.types:
            yield lambda value: values.boolean_in_json(value, setting, self.reader, self.release)
        if values.FALSE_MEANS_NONE in setting.tags:
            yield lambda value: values.left_out(value, setting)
        if values.takes_inexact_numbers(setting, self.release):
            yield lambda value: values.inexact_number(value, setting, self.server)
        yield lambda value: None if tls.works_as_text(value, setting) else values.wrong_type(value, setting)
        yield from self._questions_of_known(setting)

    def _questions_of_known(self, setting: Setting) -> Iterator[Question]:
        """Those that are asked too of a value that a loader has made of a text."""
        if setting.enum:
            yield lambda value: values.not_allowed(value, setting, self.release, is_newer=bool(self.server.newer))
        if values.has_range(setting):
            yield lambda value: values.out_of_range(value, setting)
        if setting.format:
            yield lambda value: values.wrong_format(value, setting)


@settings.derived
def _reading_of(kind: str, server: ServerVersion) -> _Reading:
    return _Reading(kind, server)


class _Checker:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.reading = reading = _reading_of(catalogue_kind(document.kind), document.server)
        self.catalogue, self.reader, self.server, self.release = reading.catalogue, reading.reader, reading.server, reading.release
        self.coercion = DOCUMENT_KINDS[document.kind].coercion if document.kind in DOCUMENT_KINDS else None

    def _is_of_cdk(self, name: str) -> bool:
        """Whether a name at the top of the document is one of the CDK's."""
        every: frozenset[str] = self.document.cached("names of the CDK", lambda: names.of_cdk(map(str, self.document.data), self.catalogue))
        return name in every

    def check(self, path: SettingPath, value: Any, setting: Setting | None) -> tuple[Mismatch | None, bool]:
        """The mismatch of one value, and whether its members are to be checked too; ``setting`` is that of its path, if there is one."""
        if setting is not None and is_read_later(setting, self.release):
            return Mismatch("known", sentence(read_later(setting), f"your server is {self.server.text}, which ignores it", by="; ")), False
        if setting is None or (setting.status == "obsolete" and setting.is_read_by(self.release) is False):
            return self._unknown(path, value, setting)
        if not setting.types or self._is_no_longer_read(setting):
            return None, False
        if value is None and "stops-at-null" in setting.tags:
            return Mismatch("type", "must not be null"), False
        if value is UNKNOWN or value is None or is_reference(value):
            return None, False
        if setting.unread_beside and self.document.data.get(setting.unread_beside, "") != "":
            return None, False
        mismatch = self._mismatch(path, value, setting)
        if mismatch is not None:
            if is_blank(value):  # which takes longer to tell than that nearly every value fits
                return None, False
            mismatch = self._with_stop(mismatch, path)
        return mismatch, isinstance(value, dict | list) and (mismatch is None or mismatch.aspect not in MISREAD)

    def _is_no_longer_read(self, setting: Setting) -> bool:
        """Whether it is known which server it is, and that it is newer than the last release that reads a setting."""
        return self.reader == "the server" and self.server.is_known and setting.last < self.server.oldest

    def _with_stop(self, mismatch: Mismatch, path: SettingPath) -> Mismatch:
        """A mismatch that says too if the server stops at it."""
        if path[0] not in _STOPPING or catalogue_kind(self.document.kind) != "server":
            return mismatch
        from ..server.stops import why_it_stops  # only for a value that does not fit

        stops = why_it_stops(self.document.data, path, self.release)
        if not stops:
            return mismatch
        reason = mismatch.reason._replace(stops=True).add("why", stops, ": ")
        return Mismatch(mismatch.aspect, reason, part=mismatch.part, mistake="")

    def _unknown(self, path: SettingPath, value: Any, setting: Setting | None) -> tuple[Mismatch | None, bool]:
        raw = self.document.fact(path, "raw") if self.coercion is not None else None
        if self.coercion is not None and (unparsed := texts.unparsed(raw, path, self.coercion, self.release)):
            return unparsed, False
        holder = self.catalogue.get(path[:-1]) if len(path) > 1 else None
        name = str(path[-1])
        if (setting is None and holder is not None and holder.pass_through) or name.startswith(_COMMENT_KEYS) or "/" in name:
            return None, False
        if path == _BOTS and isinstance(value, list) and self.document.kind == "server/json":
            return None, False
        if self.coercion is not None and isinstance(value, dict) and len(path) < DEEPEST and raw is None:
            return None, True  # no parameter of its own: what is unknown is beneath it
        if setting is not None and setting.origin in ("older-version", "never-read"):
            return names.old(setting, self.reader, self.server), False
        variable = self.document.fact(path, "name") if self.document.kind == "server/env" else None
        if variable is not None:
            return names.useless_variable(str(variable), path, setting, self.catalogue, self.server), False
        if setting is None and len(path) == 1 and self._is_of_cdk(name):
            reason = "is a setting of the CDK, and no known release of the server reads it"
            return Mismatch("own-name", reason, may_be_newer=bool(self.server.newer)), False
        needed = self._needed(path)
        if needed:
            why = f"it is not spelt {needed}, and {names.NEEDED[needed]}"
            return Mismatch("misspelt", sentence("is not read", why, "rename it", by=", because ", stops=needed == "baseUrl")), False
        written = UNKNOWN if self.document.fact(path, "raw") is not None else value  # a text can stand for an object
        return names.unknown_name(path, setting, self.catalogue, written, self.release, self.server), False

    def _needed(self, path: SettingPath) -> str:
        """The setting that a name was meant to be, if nothing else gives it and the server cannot do without; empty for all others."""
        if len(path) > 1 or not self.document.ask(is_complete) or catalogue_kind(self.document.kind) != "server":
            return ""
        needed = names.needed_like(str(path[0]))
        return needed if needed not in self.document.data else ""

    def _mismatch(self, path: SettingPath, value: Any, setting: Setting) -> Mismatch | None:
        """The first answer in the order of the aspects."""
        text = self.document.fact(path, "raw") if self.coercion is not None else None
        if isinstance(text, str):
            return next((answer for answer in self._of_text(text, value, setting) if answer is not None), None)
        for question in self.reading.questions(setting):
            answer = question(value)
            if answer is not None:
                return answer
        return None

    def _of_text(self, text: str, value: Any, setting: Setting) -> Iterator[Mismatch | None]:
        """The answers for a text and the value that a loader has made of it, each worked out only if the ones before it are None."""
        by: Coercion = self.coercion or "ssm_coercion"
        coercion: ByRelease[str] = getattr(setting, by)
        way_out = texts.way_out_of(setting, self.catalogue, self.document.kind, self.release)
        yield texts.misread_text(text, value, setting, by, self.release, way_out)
        yield values.wrong_type(value, setting) if coercion.at(self.release) == "object" else None
        for question in self.reading.questions(setting, is_text=True):
            yield question(value)
        yield texts.older_loaders(setting, self.catalogue, self.server) if self.document.kind == "server/env" else None
        yield texts.older_versions(text, setting, by, self.server)


def is_misspelt(document: Document, path: SettingPath) -> bool:
    """Whether a setting that is not given stands under another spelling of its name, so that it is not what is missing."""
    owner, inner = document.owner(path)
    if len(inner) != 1 or inner[0] not in names.NEEDED:
        return False
    return any(one.aspect == "misspelt" and names.needed_like(str(at[0])) == inner[0] for at, one in mismatches(owner).items())


def is_set_later(document: Document, path: SettingPath) -> bool:
    """Whether a setting that is not given is set, or a member of it, by a variable that only later servers put there."""
    owner, inner = document.owner(path)
    release = owner.server.release
    if release == MAIN or owner.kind != "server/env":
        return False
    later: frozenset[SettingPath] = owner.cached("set_later", lambda: frozenset(_set_later(owner, release)))
    return inner in later


def _set_later(document: Document, release: Release) -> Iterator[SettingPath]:
    """What the variables of a document set that only servers after a release put where they belong, and what holds that."""
    for given, _ in document.given or ():
        name = str(document.fact(given, "name") or "")
        path = setting_of(name)
        if path != given and setting_of(name, release) == given:
            yield from (path[:length] for length in range(1, len(path) + 1))


def read_since(document: Document, path: SettingPath) -> str:
    """Since when a setting is read that the server of a document is too old to read: ``from 5.1.27 on``; empty for any other setting."""
    owner, inner = document.owner(path)
    release = owner.server.release
    if release == MAIN or catalogue_kind(owner.kind) != "server":
        return ""
    known = settings.catalogue()
    holders = (known.get(inner[:length]) for length in range(1, min(len(inner), DEEPEST) + 1))
    return next((holder.read_from for holder in holders if holder is not None and is_read_later(holder, release)), "")


def is_unread(document: Document, path: SettingPath) -> bool:
    """Whether the server that a document is for is too old to read a setting: given or not, it is nothing to it."""
    return bool(read_since(document, path))


def is_misread(document: Document, path: SettingPath) -> bool:
    """Whether the server makes something else of a value than was meant, or does not read it, so that no rule can check it."""
    if is_unread(document, path):
        return True
    owner, inner = document.owner(path)
    mismatch = mismatch_of(owner, inner)
    return mismatch is not None and mismatch.aspect in MISREAD
