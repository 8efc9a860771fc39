"""Whether a fix may be made on every server that a document may be for, and whether one that is safe on the newest is so on all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .. import settings
from ..model import Change, Document, SettingPath
from ..release import ANY_SERVER, Release, ServerVersion
from ..settings.kinds import catalogue_kind


def deletes_what_may_be_read(document: Document, changes: Sequence[Change]) -> bool:
    """Whether a name goes that the server may read, and that it is not known to read: what it says would be lost.

    Of a name that the catalogue lacks this is so on every server: a release that is newer than the catalogue may read it. An old one may
    go only where it is known which server it is. A value that moves is not lost.
    """
    moves = any(change.action == "set" for change in changes)
    return any(_may_be_read(document, change.path) for change in changes if change.action == "remove" and not moves)


def _may_be_read(document: Document, path: SettingPath) -> bool:
    document, path = document.owner(path)
    kind = catalogue_kind(document.kind)
    if kind not in settings.KINDS or not isinstance(path[-1], str):
        return False
    known = settings.catalogue(kind)
    setting = known.get(path)
    if setting is None:
        holder = known.get(path[:-1])
        return holder is None or not holder.pass_through
    server = ANY_SERVER if kind == "infra" else document.server  # nothing says which CDK it is
    return setting.is_read_by(server.release) is False and not setting.is_unread_by(server)


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
