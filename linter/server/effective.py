"""The configuration in effect: each setting as it is written, and as it is after the loader and the defaults."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import reduce

from ..model import ABSENT, UNKNOWN, Document, Mark, SettingPath, child, children, prefixes
from ..redaction.numbers import is_long_number, number_text
from ..redaction.values import is_read_from_hidden
from ..settings import Catalogue
from ..settings.kinds import DOCUMENT_KINDS, catalogue_kind
from ..typed import Any, Final, NamedTuple
from .defaults import with_defaults
from .loader import SECRETS, assemble
from .shown import HIDDEN, catalogue_of, visible
from .start import merge


class Effective(NamedTuple):
    """One setting. ``written`` is ``ABSENT`` for a default.

    ``effective`` may be NaN; it is ``UNKNOWN`` if the value cannot be read, and ``ABSENT`` if the server keeps nothing of the written
    value. ``line`` counts from 1 and is None for a default; ``uri`` is its file.
    """

    path: SettingPath
    written: Any
    effective: Any
    line: int | None
    uri: str = ""

    @property
    def changed(self) -> bool:
        """Whether the server holds something else than a reader of the file would think."""
        written, effective = self.written, self.effective
        if written is ABSENT or effective is UNKNOWN:
            return False
        if isinstance(written, str):
            if isinstance(effective, dict | list) or is_long_number(written):
                return False  # of a long number it must not reveal whether it has more digits than a double
            return written != (effective if isinstance(effective, str) else number_text(effective))
        return bool(written != effective)


def visible_effective(known: Catalogue, one: Effective) -> Any:
    """The value in effect as it may be shown; ``HIDDEN`` also if it is the number at the start of a hidden text."""
    hidden = is_read_from_hidden(known, one.path, one.effective, one.written)
    return HIDDEN if hidden else visible(known, one.path, one.effective)


def effective_settings(document: Document, *, defaults: bool) -> list[Effective]:
    """Every setting that a document gives, in order, and on request the defaults of those that it does not give."""
    is_server = catalogue_kind(document.kind) == "server"
    held = with_defaults(loaded(document), document.server.release) if is_server else document.data
    implied = list(_implied(document))
    known = {one.path for one in implied}
    given = (one for layer in document.layers for one in _given(layer, held) if document.layer(one.path) is layer)
    rows = [one for one in given if one.path not in known] + implied
    return rows + list(_defaults(document, held, {one.path for one in rows})) if defaults else rows


_DEEPEST: Final = 100
"""The depth beneath which there are no settings, and everything is one row: naming one more level costs as much as all before it."""


def leaves(
    path: SettingPath, value: Any, is_leaf: Callable[[SettingPath, Any], bool] = lambda _path, _value: False
) -> Iterator[tuple[SettingPath, Any]]:
    """The scalars in a value, in order, each with its path; an empty or too deeply nested value is one itself.

    So is a value for which ``is_leaf`` returns true.
    """
    waiting = [(path, value)]
    while waiting:
        at, one = waiting.pop()
        if isinstance(one, dict | list) and one and len(at) < _DEEPEST and not is_leaf(at, one):
            waiting.extend(reversed([((*at, step), member) for step, member in children(one)]))
        else:
            yield at, one


def loaded(document: Document) -> dict[str, Any]:
    """A configuration after the server's loader, before any default."""
    if len(document.layers) > 1:
        return reduce(merge, map(loaded, document.layers), {})
    coercion = DOCUMENT_KINDS[document.kind].coercion if document.given is not None else None
    if document.given is None or coercion is None:
        return document.data
    # From Parameter Store the server requests the parameters directly beneath its path.
    seen = (one for one in document.given if document.kind != "server/ssm" or "/" not in str(one[0][0]))
    return assemble(seen, coercion, document.server.release)[0]


def _at(tree: Any, path: SettingPath) -> Any:
    for step in path:
        if tree is UNKNOWN:
            return UNKNOWN
        if isinstance(tree, list) and isinstance(step, str):
            step = int(step) if re.fullmatch("[0-9]{1,9}", step) else -1
        tree = child(tree, step) if isinstance(tree, dict | list) else ABSENT
    return tree


def _given(document: Document, held: Mapping[str, Any]) -> Iterator[Effective]:
    written: Iterable[tuple[SettingPath, Any]] = document.given or (((name,), value) for name, value in document.data.items())
    for whole, value in written:
        for path, one in leaves(whole, value, lambda at, one: type(one) is not type(_at(held, at))):
            yield Effective(path, one, UNKNOWN if one is UNKNOWN else _at(held, path), *_place(document, path))


def _place(document: Document, path: SettingPath) -> tuple[int, str]:
    """The line of a setting, and its file."""
    holder, inner = document.written_in(path)
    return holder.position(holder.locate(inner).start).line, holder.uri


def _implied(document: Document) -> Iterator[Effective]:
    """The settings that the deprecated proxy endpoints override (``packages/server/src/config/loader.ts``)."""
    for name, database in (("databaseProxyEndpoint", "database"), ("readonlyDatabaseProxyEndpoint", "readonlyDatabase")):
        endpoint = document.get((name,))
        for path, value in (((database, "host"), endpoint), ((database, "ssl", "require"), True)) if endpoint is not ABSENT else ():
            yield Effective(path, document.get(path), value, *_place(document, (name,)))


def _defaults(document: Document, held: Mapping[str, Any], given: set[SettingPath]) -> Iterator[Effective]:
    """The server's defaults, and those that its libraries and the code that reads a setting use."""
    known = catalogue_of(document)
    wholes = {parent for path in given for parent in prefixes(path[:-1])}
    # A default would replace the members of these.
    covered = given.union(path for path in wholes if isinstance(_at(held, path), dict | list | Mark))
    # Settings of these sections that a secret provides are not known here.
    from_secrets = {section for name, section in SECRETS.items() if document.kind == "server/ssm" and name in document.data}
    release = document.server.release
    filled_in = with_defaults({}, release) if held is not document.data else {}
    for path in known.paths():
        if "*" in path or path in covered or path[0] in from_secrets or not given.isdisjoint(prefixes(path[:-1])):
            continue
        value = _at(held, path)
        if value is ABSENT and isinstance(_at(held, path[:-1]), dict) and _at(filled_in, path) is ABSENT:
            setting = known.get(path)
            default = setting.literal_default_in(release) if setting is not None and setting.is_read_by(release) else None
            value = ABSENT if default is None else default
        if value is not ABSENT and value is not UNKNOWN and not (isinstance(value, dict) and value):
            yield Effective(path, ABSENT, value, None)
