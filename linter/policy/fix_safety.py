"""Whether a fix may be made on every server that a document may be for, and whether one that is safe on the newest is so on all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .. import settings
from ..model import Change, Document, SettingPath
from ..release import ANY_SERVER, MAIN, Release, ServerVersion
from ..settings.kinds import catalogue_kind


def may_be_made(document: Document, changes: Sequence[Change]) -> bool:
    """Whether changes lose nothing that the server may read, and move nothing to where it may not read it.

    A name that the catalogue lacks is deleted on no server: a release that is newer than the catalogue may read it. An old one goes only
    where it is known which server it is. A value that moves is not lost.
    """
    moves = any(change.action == "set" for change in changes)
    return all(
        _may_move(document, change.path, change.value) if change.action == "rename" else moves or _may_go(document, change.path)
        for change in changes
        if change.action in ("remove", "rename")
    )


def _may_go(document: Document, path: SettingPath) -> bool:
    document, path = document.owner(path)
    kind = catalogue_kind(document.kind)
    if kind not in settings.KINDS or not isinstance(path[-1], str):
        return True
    known = settings.catalogue(kind)
    setting = known.get(path)
    if setting is None:
        holder = known.get(path[:-1])
        return holder is not None and holder.pass_through
    server = _server_of(document)
    return setting.is_read_by(server.release) is not False or setting.is_unread_by(server)


def _may_move(document: Document, path: SettingPath, target: SettingPath) -> bool:
    document, path = document.owner(path)
    kind = catalogue_kind(document.kind)
    if kind not in settings.KINDS:
        return True
    known, server = settings.catalogue(kind), _server_of(document)
    old, new = known.get(path), known.get(document.owner(target)[1])
    if old is not None and old.last != MAIN and not _may_go(document, path):
        return False
    possible = _releases(server) if server.is_known else ()
    return new is None or all(new.is_read_by(release) for release in (*possible, server.release))


def _server_of(document: Document) -> ServerVersion:
    """The server of a document; nothing says which CDK reads its config."""
    return ANY_SERVER if catalogue_kind(document.kind) == "infra" else document.server


def is_safe_on_all(document: Document, changes: Sequence[Change]) -> bool:
    """Whether all releases in the stated range make of changes what the newest of them does.

    One in whose place another is set must be read by all of them, or by none: what one of them has ignored would begin to count there.
    """
    server = document.server
    if not server.is_known or server.oldest == server.release or catalogue_kind(document.kind) != "server":
        return True
    moves = any(change.action == "set" for change in changes)
    for change in changes:
        setting = settings.catalogue().get(change.path) if change.action in ("remove", "rename") else None
        if setting is None:
            continue
        reads = {setting.is_read_by(release) for release in (*_releases(server), server.release)}
        if None in reads or (len(reads) > 1 and (moves or not setting.is_read_by(server.release))):
            return False
    return True


def _releases(server: ServerVersion) -> Iterator[Release]:
    from ..settings.releases import RELEASES  # only where a range is stated

    return (release for release in RELEASES if server.oldest <= release <= server.release)
