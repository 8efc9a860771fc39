"""The changes that a rule's fix makes for one finding."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence

from .. import settings
from ..formats.placeholders import is_unresolved
from ..model import ABSENT, LEFT_OUT, Change, Document, Fix, SettingPath, dotted, prefixes
from ..release import ANY_SERVER, MAIN, Release, ServerVersion
from ..settings.kinds import DOCUMENT_KINDS, catalogue_kind
from ..text import MASK, printable
from ..typed import Any
from .display import may_be_shown, shown
from .evaluate import AS_WRITTEN, holds
from .node import Node
from .operators.compare import is_partly_unknown
from .rule import Case
from .template import LONGEST_VALUE, Template, cut
from .tree import FixSpec


class _CannotBeMade(Exception):
    """A step needs a value that is not known, or is blocked."""


def make_fix(case: Case, node: Node) -> Fix | None:
    """The fix for a finding at ``node`` by the first way that is possible; None if there is none."""
    for fix in case.fix:
        if holds(fix.when, node, AS_WRITTEN) is not True:
            continue
        try:
            steps = list(_steps(fix, node))
        except _CannotBeMade:
            continue
        changes = tuple(change for change, _ in steps)
        if may_be_made(node.document, changes):
            safe = fix.safe and is_safe_on_all(node.document, changes)
            return Fix(
                tuple(_as_written(node.document, change) for change in changes), safe, cut(", ".join(says for _, says in steps if says))
            )
    return None


def _steps(fix: FixSpec, node: Node) -> Iterator[tuple[Change, str]]:
    """The changes of one way to fix a finding, each with a description. Raises :exc:`_CannotBeMade`."""
    document, made = node.document, 0
    for action, setting, to in fix.steps:
        path = setting.path.single(node).path
        if action == "set":
            value = to.value(node)
            made += len(value) if len(to.pieces) > 1 and isinstance(value, str) else 0
            if is_partly_unknown(value) or made > LONGEST_VALUE or (to.paths and _would_become_visible(document, path, value)):
                raise _CannotBeMade
            yield _set(path, to, value, node)
        elif action == "remove":
            yield _removed(document, path)
        elif action == "rename":
            target = _named(to.value(node), document) if isinstance(to, Template) else to.path.single(node).path
            if document.get(path) is ABSENT or document.get(target) is not ABSENT:
                raise _CannotBeMade
            yield Change("rename", path, target), f"rename {_name(document, path)} to {_name(document, target)}"
        else:
            yield from _split(path, to.path.single(node).path, document)
    if fix.store is not None:
        yield Change("store", node.path, fix.store), f"store {_name(document, node.path)} as {fix.store}"


def _as_written(document: Document, change: Change) -> Change:
    """A change of a document with the paths as they are written."""
    to = document.as_written(change.value)[1] if change.action == "rename" else change.value
    return Change(change.action, document.as_written(change.path)[1], to)


def _name(document: Document, path: SettingPath) -> str:
    return printable(dotted(document.as_written(path)[1]))


def _named(name: Any, document: Document) -> SettingPath:
    """The setting with a dotted name."""
    if not isinstance(name, str):
        raise _CannotBeMade
    path: list[str | int] = []
    for step in name.split("."):
        path.append(int(step) if step.isdecimal() and isinstance(document.get(tuple(path)), list) else step)
    return tuple(path)


def _would_become_visible(document: Document, path: SettingPath, value: Any) -> bool:
    """Whether a masked text would be shown once it is written differently, such as a token in lower case."""
    old = document.get(path)
    if not isinstance(old, str) or not isinstance(value, str) or not may_be_shown(document, path):
        return False
    return shown(document, path, old) == MASK and shown(document, path, value) != MASK


def _split(path: SettingPath, into: SettingPath, document: Document) -> Iterator[tuple[Change, str]]:
    """The members of a connection in place of its URL, if that is complete, and none of them is given separately.

    A member ``host`` with a port in it is split into the two.
    """
    from ..formats.connections import endpoint_of, parts_of  # only for a finding about such a URL

    is_host = path == (*into, "host")
    url = document.get(path)
    parts = (endpoint_of if is_host else parts_of)(url) if isinstance(url, str) and not is_unresolved(url) else None
    if parts is None:
        raise _CannotBeMade
    if is_host:
        port = (*into, "port")
        if document.get(port) is not ABSENT:
            raise _CannotBeMade
        yield Change("set", path, parts["host"]), f"move the port of {_name(document, path)} to {_name(document, port)}"
        yield Change("set", port, parts["port"]), ""
        return
    given = {(*into, *name.split(".")): value for name, value in parts.items()}
    if any(document.get(member) not in (ABSENT, value) for member, value in given.items()):
        raise _CannotBeMade
    if "ssl.require" in parts and not _can_check_certificate(parts["host"], document.get((*into, "ssl", "ca"))):
        raise _CannotBeMade
    for member, value in given.items():
        if document.get(member) is ABSENT:
            yield Change("set", member, _as_storable(value, document, member)), ""
    yield Change("remove", path), f"write {_name(document, path)} as {', '.join(_name(document, member) for member in given)}"


def _can_check_certificate(host: str, ca: Any) -> bool:
    """Whether the client can verify a database's certificate: with its authority's certificate, or one that it trusts."""
    from ..formats.hosts import is_address
    from ..settings import provider_of

    return provider_of("database", host).get("ca") == "public" or (ca not in (ABSENT, None, "") and not is_address(host))


def _set(path: SettingPath, given: Template, value: Any, node: Node) -> tuple[Change, str]:
    """The change to a value, which is a template or a literal of the rule (``given``)."""
    if value is LEFT_OUT:
        return _removed(node.document, path)
    held = _as_storable(value, node.document, path)
    if held != value:
        return Change("set", path, held), f"set {_name(node.document, path)} to {held}"
    text = MASK  # a value derived from a masked one, such as its lower-case form, is masked too
    if not given.paths or (may_be_shown(node.document, path) and shown(node.document, path, node.document.get(path)) != MASK):
        text = given.quoted(node)
    return Change("set", path, value), f"set {_name(node.document, path)} to {text}"


def _as_storable(value: Any, document: Document, path: SettingPath) -> Any:
    """A value as it can be in a document: for empty TLS options, an equivalent where an object is not possible."""
    if value != {}:
        return value
    from ..conformance.tls import ON, takes_options  # only for a fix that switches TLS on

    owner, inner = document.owner(path)
    kind, catalogue = DOCUMENT_KINDS.get(owner.kind), catalogue_kind(owner.kind)
    setting = settings.catalogue(catalogue).get(inner) if catalogue in settings.KINDS else None
    if kind is None or kind.coercion is None or setting is None or not takes_options(setting):
        return value
    return ON if getattr(setting, kind.coercion).at(owner.server.release) == "none" else value


def _removed(document: Document, path: SettingPath) -> tuple[Change, str]:
    return Change("remove", path), f"remove {_name(document, path)}"


def apply_change(data: dict[str, Any], change: Change) -> None:
    """Apply one change to a tree of settings, creating missing objects on the way. The type of a stored parameter is not in it."""
    if change.action == "store":
        return
    node: Any = data
    *above, last = change.path
    for step in above:
        node = node.setdefault(step, {}) if isinstance(node, dict) else node[step]
    if change.action == "set":
        node[last] = copy.deepcopy(change.value)  # the rule shares it between documents, and another change can be to a member of it
        return
    value = node.pop(last, None) if change.action == "remove" and isinstance(node, dict) else node.pop(last)
    if change.action == "rename":
        apply_change(data, Change("set", change.value, value))


def members_first(changes: Sequence[Change]) -> list[Change]:
    """Changes to one document, in an order in which all paths are as in that: an object is renamed after the changes in it."""
    holders = {parent for change in changes for parent in prefixes(change.path[:-1])}
    return sorted(changes, key=lambda one: 1 / len(one.path) if one.action == "rename" and one.path in holders else 0)


# --- Whether a fix may be made on every server that a document may be for. ----------------------------------------------------------


def may_be_made(document: Document, changes: Sequence[Change]) -> bool:
    """Whether changes lose nothing that the server may read, and move nothing to where it may not read it.

    A name that the catalogue lacks is never deleted: a release newer than the catalogue may read it. An obsolete one is deleted only if the
    server is known. A value that moves, or that is replaced, is not lost.
    """
    are_replaced = any(change.action == "set" for change in changes)
    left = [change for change in changes if change.action == "rename" or (change.action == "remove" and not are_replaced)]
    return all(_may_leave(document, change) for change in left)


def _may_leave(document: Document, change: Change) -> bool:
    """Whether a setting may be removed or renamed."""
    document, path = document.owner(change.path)
    kind = catalogue_kind(document.kind)
    if kind not in settings.KINDS:
        return True
    known, is_moved = settings.catalogue(kind), change.action == "rename"
    server = ANY_SERVER if kind == "infra" else document.server  # the version of the CDK is not known
    setting, holder = known.get(path), known.get(path[:-1])
    if setting is None and not is_moved and isinstance(path[-1], str):
        return holder is not None and holder.pass_through
    may_go = (
        not isinstance(path[-1], str) or setting is None or setting.is_read_by(server.release) is not False or setting.is_unread_by(server)
    )
    if not is_moved:
        return may_go
    if setting is not None and setting.last != MAIN and not may_go:
        return False
    new, possible = known.get(document.owner(change.value)[1]), _releases(server) if server.is_known else ()
    return new is None or all(new.is_read_by(release) for release in (*possible, server.release))


def is_safe_on_all(document: Document, changes: Sequence[Change]) -> bool:
    """Whether changes have the same effect on all releases in the stated range as on the newest of them.

    A setting that is replaced must be read by all of them, or by none: a release that ignored it would start to read the new one.
    """
    server = document.server
    if not server.is_known or server.oldest == server.release or catalogue_kind(document.kind) != "server":
        return True
    are_replaced = any(change.action == "set" for change in changes)
    left = (settings.catalogue().get(change.path) for change in changes if change.action in ("remove", "rename"))
    for setting in filter(None, left):
        reads = {setting.is_read_by(release) for release in (*_releases(server), server.release)}
        if None in reads or (len(reads) > 1 and (are_replaced or not setting.is_read_by(server.release))):
            return False
    return True


def _releases(server: ServerVersion) -> Iterator[Release]:
    from ..settings.releases import RELEASES  # only where a range is stated

    return (release for release in RELEASES if server.oldest <= release <= server.release)
