"""Whether each value of a document fits the catalogue, as the server will see it: the ``fits`` operator of the rule language.

Each place gets at most one mismatch: the first aspect, in the order of :data:`ASPECTS`, in which it does not fit. So one cause gives one
finding, and a misread value is not checked any further.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from functools import partial

from .. import settings
from ..formats.placeholders import is_blank, is_reference
from ..formats.urls import with_other_host
from ..model import ABSENT, UNKNOWN, Document, SettingPath, children, sentence, state_of
from ..server.loader import SECRETS
from ..settings import Setting
from ..settings.kinds import is_uploaded
from ..typed import Any, Final, NamedTuple
from . import names, texts, tls, values
from .reader import Mismatch, Reader, read_later, reader_of

ASPECTS: Final = {
    "known": "the server reads a setting with this name",
    "misspelt": "the name does not differ only in capitals, hyphens or underscores from a setting that the server cannot do without",
    "misspelt-object": "the name of the object is not a typo for one that the server cannot do without",
    "misspelt-option": "the name of the object is not a typo for one without which the server works, but not as intended",
    "connection-variable": "the environment variable sets a part of a connection, or another setting that the server cannot do without",
    "variable": "the environment variable sets a setting",
    "current": "the name is not one that only older versions read",
    "own-name": "the name is not that of a setting of the CDK, nor in the CDK's config one of the server",
    "own-value": "the value is not an external secret of the CDK",
    "boolean": "the server reads the value as the true or false that was meant",
    "unsafe-boolean": "the same, of a value that is unsafe where the server reads it as its opposite",
    "harmless-boolean": "the same, of any other value",
    "boolean-spelling": "true and false are written as they should be",
    "integer": "the server reads the number that is written",
    "integer-spelling": "whole numbers are written as they should be",
    "object": "the server parses an object or array that is given as text",
    "type": "the value has the type that the server expects",
    "harmful-type": "the same, of a value of which it is known what fails because of its type",
    "value": "the value is one that the server accepts",
    "range": "the number works",
    "advice": "the number is advisable",
    "format": "the text has the form that it should have",
    "all-loaders": "the environment variable sets its setting on older servers too",
    "all-versions": "older servers read the value as the newest does",
}
"""The aspects in which a value can fit its setting, in the order in which they are checked, each with its requirement."""
MISREAD: Final = frozenset({"own-value", "boolean", "boolean-spelling", "integer", "integer-spelling", "object", "type"})
"""A value that does not fit in one of these is not checked by other rules."""
OF_NAMES: Final = frozenset(
    {"known", "misspelt", "misspelt-object", "misspelt-option", "connection-variable", "variable", "current", "own-name", "all-loaders"}
)
"""Aspects of a setting that are about its name alone."""


COMMENTS: Final = ("_", "$schema", "//")
"""Prefixes of names that contain comments; a parameter or variable with a ``_`` can be a typo."""
_STOPPING = frozenset({"baseUrl", "storageBaseUrl", "dataWarehouse"})
"""The settings, by their first names, at which the server can stop: see :mod:`linter.server.stops`."""
BOTS: Final = ("bots",)
"""The list that the CLI keeps in the server's file, which is the CLI's own too (``packages/cli/src/utils.ts``)."""


def mismatches(document: Document) -> Mapping[SettingPath, Mismatch]:
    """Every mismatch of a document by its path, in document order; computed once per document."""
    if document.memo is not None:
        document.memo.note(document.memo.ANYTHING)  # the memo records the reads with the check of each setting
    return document.cached(
        "mismatches", lambda: {path: one for name in document.data for path, one in _checked(document, name).mismatches.items()}, noted=True
    )


def has_unknown_object(document: Document) -> bool:
    """Whether a document has an object whose name is not a setting, so that another one may be meant."""
    return document.cached("unknown object", lambda: _has_unknown_object(document), noted=True)


def _has_unknown_object(document: Document) -> bool:
    reader = reader_of(document)
    if reader is None:
        return False
    waiting: list[tuple[SettingPath, Any]] = [((), document.data)]
    while waiting:
        above, holder = waiting.pop()
        for path, value in (((*above, step), member) for step, member in children(holder)):
            if isinstance(value, dict) and reader.catalogue.get(path) is None:
                return True
            if isinstance(value, dict | list) and len(path) < DEEPEST:
                waiting.append((path, value))
    return False


def mismatch_of(document: Document, path: SettingPath) -> Mismatch | None:
    """How a value, or its name, does not fit; None if it does."""
    return _checked(document, str(path[0])).mismatches.get(path) if path else None


_OF_TYPES: Final[Mapping[str, Container[str]]] = {
    "object": ("object", "array"),
    **dict.fromkeys(("boolean", "unsafe-boolean", "harmless-boolean", "boolean-spelling"), ("boolean",)),
    **dict.fromkeys(("integer", "integer-spelling", "range", "advice"), ("integer", "number")),
    **dict.fromkeys(("type", "harmful-type"), ("boolean", "integer", "number", "array")),
    "all-versions": ("boolean", "integer", "number"),
}
"""The types of the settings whose values can fail to fit in an aspect, for the aspects that are about some types only."""


def can_misfit(setting: Setting | None, aspect: str) -> bool:
    """Whether a value of a setting, or of a member of it, can fail to fit in an aspect that is about values."""
    if setting is None or "object" in setting.types:
        return setting is not None
    types = _OF_TYPES.get(aspect)
    if types is not None:
        return any(one in types for one in setting.types)
    return bool(setting.enum if aspect == "value" else aspect == "format" and setting.format)


def unchecked(document: Document) -> dict[SettingPath, Exception]:
    """The settings whose check failed because of a bug in medplum-lint, with the error. All other settings are checked.

    Settings that were not asked for are not included.
    """
    return {path: error for checked in _results(document).values() for path, error in checked.failed.items()}


def check_as(document: Document, mismatches: Mapping[SettingPath, Mismatch]) -> None:
    """Use these as the mismatches of a document, before any other is computed."""
    by_name: dict[str, dict[SettingPath, Mismatch]] = {name: {} for name in document.data}
    for path, one in mismatches.items():
        by_name.setdefault(str(path[0]), {})[path] = one
    _results(document).update((name, _Checked(found)) for name, found in by_name.items())


class _Checked(NamedTuple):
    """The result of checking a top-level setting and its members."""

    mismatches: Mapping[SettingPath, Mismatch]
    failed: Mapping[SettingPath, Exception] = {}


def _results(document: Document) -> dict[str, _Checked]:
    return document.cached("checks", dict, noted=True)


def _checked(document: Document, name: str) -> _Checked:
    """The result of checking a top-level setting, computed on first use."""
    results = _results(document)
    if document.memo is not None:
        results[name] = document.memo.get(("mismatches", name), partial(_check, document, name))
    elif name not in results:
        results[name] = _check(document, name)
    return results[name]


DEEPEST: Final = 100
"""The deepest nesting that is checked. No setting is nested as deeply, and naming one more level costs as much as all before it."""


def _check(document: Document, name: str) -> _Checked:
    """Check a top-level setting and its members. Where several sources give values, each is checked as its own source is read."""
    if len(document.layers) == 1 or not any(name in layer.data for layer in document.layers):  # with the name that is meant none has it
        return _check_source(document, name)
    checks = [(layer, _check_source(layer, name)) for layer in document.layers]
    found = {path: one for layer, check in checks for path, one in check.mismatches.items() if document.layer(path) is layer}
    return _Checked(found, {path: error for _, check in checks for path, error in check.failed.items()})


def _check_source(document: Document, name: str) -> _Checked:
    """Walk a top-level setting and its members, as far as the catalogue knows them."""
    if name in document.members:
        return _Checked({(name, *path): one for path, one in mismatches(document.members[name]).items()})
    value, reader = document.data.get(name, ABSENT), reader_of(document)
    found: dict[SettingPath, Mismatch] = {}
    failed: dict[SettingPath, Exception] = {}
    if value is ABSENT or reader is None:
        return _Checked(found)
    waiting: list[tuple[SettingPath, Any]] = [((name,), value)]
    while waiting:
        path, value = waiting.pop()
        try:
            mismatch, descend = check(document, path, value, reader)
        except Exception as error:  # a bug of ours in one setting must not hide the others
            failed[path] = error
            continue
        if mismatch is not None:
            found[path] = mismatch
        if descend and len(path) < DEEPEST:
            waiting.extend(reversed([((*path, step), member) for step, member in children(value)]))
    return _Checked(found, failed)


def check(document: Document, path: SettingPath, value: Any, reader: Reader) -> tuple[Mismatch | None, bool]:
    """The mismatch of one value, and whether to check its members too."""
    setting, server = reader.catalogue.get(path), reader.server
    if setting is not None and reader.reads_later(setting):
        return Mismatch("known", sentence(read_later(setting), f"your server is {server.text}, which ignores it", by="; ")), False
    if setting is None or (setting.status == "obsolete" and setting.is_read_by(reader.release) is False):
        return _unknown(document, path, value, setting, reader)
    if not setting.types or (reader.who == "the server" and server.is_known and setting.last < server.oldest):
        return None, False
    if value is None and "stops-at-null" in setting.tags:
        return Mismatch("type", "must not be null", part=values.HARMFUL_TYPE), False
    if value is UNKNOWN or value is None or is_reference(value):
        return None, False
    if setting.unread_beside and document.data.get(setting.unread_beside, "") != "":
        return None, False
    text = document.fact(path, "raw") if reader.by is not None else None
    answers = _answers_for_text(text, value, setting, reader) if isinstance(text, str) else _answers(_OF_JSON, value, setting, reader)
    mismatch = next(answers, None)
    if mismatch is not None:
        if is_blank(value):  # checked last because it is slow and nearly every value fits
            return values.wrong_format(with_other_host(value), setting, reader), False
        mismatch = _with_stop(document, mismatch, path, reader)
    return mismatch, isinstance(value, dict | list) and (mismatch is None or mismatch.aspect not in MISREAD)


_Question = Callable[[Any, Setting, Reader], "Mismatch | None"]
_OF_KNOWN_TYPE: Final[tuple[_Question, ...]] = (values.not_allowed, values.out_of_range, values.wrong_format)
_OF_JSON: Final[tuple[_Question, ...]] = (
    values.external_secret,
    tls.text_in_json,
    values.boolean_in_json,
    values.left_out,
    values.inexact_number,
    tls.wrong_type,
    *_OF_KNOWN_TYPE,
)
"""The checks of a value that is not converted, in the order of the aspects."""
VALUES: Final[tuple[_Question, ...]] = (values.wrong_type, *_OF_KNOWN_TYPE)
"""The checks of a value that a loader has converted from a text."""


def _answers(questions: Iterable[_Question], value: Any, setting: Setting, reader: Reader) -> Iterator[Mismatch]:
    return (answer for question in questions if (answer := question(value, setting, reader)) is not None)


def _answers_for_text(text: str, value: Any, setting: Setting, reader: Reader) -> Iterator[Mismatch]:
    """The answers for a text and the value that a loader has made of it."""
    if misread := texts.misread_text(text, value, setting, reader):
        yield misread
    is_parsed = reader.coercion(setting) == "object"
    yield from _answers(VALUES if is_parsed else _OF_KNOWN_TYPE, value, setting, reader)
    yield from _answers((texts.older_loaders, texts.older_versions), text, setting, reader)


def first_flaw(value: Any, setting: Setting, reader: Reader) -> str | None:
    """The first aspect but advice in which a value of a setting does not fit, however it is written; None if it fits."""
    return next((answer.aspect for answer in _answers(VALUES, value, setting, reader) if answer.aspect != "advice"), None)


def stop_at(document: Document, path: SettingPath) -> str:
    """The error with which the server stops at the value of a setting, as a clause; empty if it does not, or that is not known."""
    from ..server.stops import why_it_stops  # only for a value that does not fit

    return why_it_stops(document.data, path, document.server.release)


def _with_stop(document: Document, mismatch: Mismatch, path: SettingPath, reader: Reader) -> Mismatch:
    """A mismatch that also says if the server stops at it."""
    stops = stop_at(document, path) if path[0] in _STOPPING and reader.catalogue.kind == "server" else ""
    if not stops:
        return mismatch
    reason = mismatch.reason._replace(stops=True).add("why", stops, ": ")
    part = values.HARMFUL_TYPE if mismatch.aspect == "type" else mismatch.part
    return mismatch._replace(says=reason, part=part, kind="")


def _unknown(document: Document, path: SettingPath, value: Any, setting: Setting | None, reader: Reader) -> tuple[Mismatch | None, bool]:
    catalogue, name = reader.catalogue, str(path[-1])
    raw = document.fact(path, "raw") if reader.by is not None else None
    if unparsed := texts.unparsed(raw, path, reader):
        return unparsed, False
    holder = catalogue.get(path[:-1])
    if (setting is None and holder is not None and holder.pass_through) or "/" in name:
        return None, False
    if name.startswith(COMMENTS) and (reader.by is None or not name.startswith("_") or name.startswith("_comment")):
        return None, False
    if path == BOTS and isinstance(value, list) and document.kind == "server/json":
        return None, False
    if reader.by is not None and isinstance(value, dict) and raw is None:
        return None, True  # not a parameter itself: its members are unknown
    if setting is not None and setting.origin in ("older-version", "never-read"):
        return names.old(setting, reader), False
    variable = document.fact(path, "name") if document.kind == "server/env" else None
    if variable is not None:
        from .variables import useless_variable  # only after a mistake

        return useless_variable(document, str(variable), path, setting, reader), False
    if setting is None and len(path) == 1:
        of_cdk = document.cached("names of the CDK", lambda: names.of_cdk(map(str, document.data), catalogue))
        if name in of_cdk:
            reason = "is a setting of the CDK, and no known release of the server reads it"
            return Mismatch("own-name", reason, may_be_newer=bool(reader.server.newer)), False
        of_server = settings.catalogue("server").get(path) if catalogue.kind == "infra" else None
        if of_server is not None and of_server.status != "obsolete":
            return Mismatch("own-name", "is a setting of the server, and the CDK does not read it"), False
    misspelt = names.misspelt(path, value, reader) if catalogue.kind == "server" else None
    if misspelt is not None and document.ask(state_of, misspelt.lost) == "absent" and not document.ask(_adds_secret, misspelt.lost):
        return misspelt, False
    written = UNKNOWN if document.fact(path, "raw") is not None else value  # a text can stand for an object
    return names.unknown_name(path, setting, written, reader), False


def _adds_secret(document: Document, path: SettingPath) -> bool:
    """Whether the CDK gives the server the secret that a section becomes, which a file for it does not have."""
    return len(path) == 1 and path[0] in SECRETS.values() and is_uploaded(document.uri)
