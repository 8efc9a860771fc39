"""What the server will hold: each setting as it is written, and as it is after the loader and the defaults."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from .. import settings
from ..formats.placeholders import is_unresolved
from ..model import ABSENT, UNKNOWN, Document, Mark, SettingPath, dotted
from ..redaction.numbers import number_text
from ..redaction.values import is_hidden, shown_value
from ..settings import Catalogue, Setting
from ..settings.kinds import DOCUMENT_KINDS, catalogue_kind

HIDDEN: Final = Mark("HIDDEN")
"""Stands for a value of which nothing may be shown."""


class Effective(NamedTuple):
    """One setting. ``written`` is ``ABSENT`` for a default; ``effective`` may be NaN, or ``UNKNOWN`` where the value cannot be read.

    ``line`` counts from 1 and is None for a default.
    """

    path: SettingPath
    written: Any
    effective: Any
    line: int | None

    @property
    def name(self) -> str:
        """The dotted name."""
        return dotted(self.path)

    @property
    def changed(self) -> bool:
        """Whether the server holds something else than a reader of the file would think."""
        if self.written is ABSENT or self.effective is UNKNOWN:
            return False
        if isinstance(self.written, str) and not isinstance(self.effective, str | dict | list):
            return self.written != number_text(self.effective)
        if isinstance(self.effective, dict | list):
            return False
        return bool(self.written != self.effective)


def catalogue_of(document: Document) -> Catalogue:
    """The settings that documents of this kind have."""
    return settings.catalogue(catalogue_kind(document.kind))


def visible(known: Catalogue, path: SettingPath, value: Any) -> Any:
    """A value as it may be shown (see :func:`~linter.redaction.values.shown_value`); ``HIDDEN`` where nothing of it may be."""
    return HIDDEN if is_hidden(known, path, value) else shown_value(known, path, value)


def effective_settings(document: Document, *, defaults: bool) -> list[Effective]:
    """Every setting that a document gives, in its order, and if asked for the defaults of those that it does not give."""
    given = [_overridden(document, one) for one in _given(document)]
    implied = list(_implied(document))
    known = {one.path for one in implied}
    rows = [one for one in given if one.path not in known] + implied
    return rows + list(_defaults(document, {one.path for one in rows})) if defaults else rows


_DEEPEST: Final = 100
"""Levels of nesting beneath which no setting is, and everything is one row: to name each level takes as much as all before it together."""


def leaves(
    path: SettingPath, value: Any, is_whole: Callable[[SettingPath], bool] = lambda _path: False
) -> Iterator[tuple[SettingPath, Any]]:
    """The scalars in a value, in their order, each with its path; what is empty or ``is_whole``, or is nested too deeply, is one itself."""
    waiting = [(path, value)]
    while waiting:
        at, one = waiting.pop()
        if isinstance(one, dict | list) and one and len(at) < _DEEPEST and not is_whole(at):
            members: Any = one.items() if isinstance(one, dict) else enumerate(one)
            waiting.extend(reversed([((*at, step), member) for step, member in members]))
        else:
            yield at, one


def _given(document: Document) -> Iterator[Effective]:
    def raw_of(path: SettingPath) -> Any:
        return document.origin.facts(path).get("raw")

    for name, member in document.data.items():
        for path, value in leaves((name,), member, lambda path: raw_of(path) is not None):
            raw = raw_of(path)
            line = document.position(document.locate(path).start).line
            yield Effective(path, value if raw is None else raw, _held(document, path, value, raw), line)


def _held(document: Document, path: SettingPath, value: Any, raw: Any) -> Any:
    """What the server holds: for a switch that its loader does not convert the text, which rules take for true."""
    setting = catalogue_of(document).get(path)
    if raw is None or value is not True or setting is None:
        return value
    coercion = DOCUMENT_KINDS[document.kind].coercion
    return raw if coercion is not None and getattr(setting, coercion).newest == "none" else value


def _overridden(document: Document, one: Effective) -> Effective:
    """The default in place of 0 or NaN, for settings of which the server takes it so."""
    setting = catalogue_of(document).get(one.path)
    if setting is not None and setting.zero_means_default and (one.effective == 0 or one.effective != one.effective):
        return one._replace(effective=setting.real_default)
    return one


def _implied(document: Document) -> Iterator[Effective]:
    """What the deprecated proxy endpoints override (``packages/server/src/config/loader.ts``)."""
    for name, database in (("databaseProxyEndpoint", "database"), ("readonlyDatabaseProxyEndpoint", "readonlyDatabase")):
        endpoint = document.get((name,))
        if endpoint is ABSENT:
            continue
        line = document.position(document.locate((name,)).start).line
        for path, value in (((database, "host"), endpoint), ((database, "ssl", "require"), True)):
            written = document.get(path)
            yield Effective(path, written, value, line)


def _defaults(document: Document, given: set[SettingPath]) -> Iterator[Effective]:
    known = catalogue_of(document)
    for name in known.names():
        path: SettingPath = tuple(name.split("."))
        setting = known.get(path)
        if setting is None or setting.real_default is None or "*" in path or path in given:
            continue
        if any(other[: len(path)] == path for other in given) or not isinstance(document.get(path[:-1]), dict):
            continue
        value = _default_value(document, setting)
        if value is not ABSENT:
            yield Effective(path, ABSENT, value, None)


def _default_value(document: Document, setting: Setting) -> Any:
    """A default as a value; ``ABSENT`` where it is only known in words, or depends on what is not known."""
    default = setting.real_default
    if setting.name == "emailProvider":
        return "awsses" if document.get(("smtp",)) is ABSENT else "smtp"
    if not isinstance(default, str):
        return default
    if "string" not in setting.types:
        return ABSENT
    from_base = re.fullmatch(r"baseUrl(?: \+ (\S+))?", default)
    if from_base:
        base = document.get(("baseUrl",))
        if not isinstance(base, str) or is_unresolved(base):
            return ABSENT
        return base if from_base[1] is None else f"{base.rstrip('/')}/{from_base[1]}"
    return ABSENT if " " in default else default
