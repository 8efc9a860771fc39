"""Whether a fix that is safe on the newest server that a document is for is so on the older ones too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .. import settings
from ..model import Change, Document
from ..release import Release, ServerVersion
from ..settings.kinds import catalogue_kind


def is_safe_on_all(document: Document, changes: Sequence[Change]) -> bool:
    """Whether all releases in the stated range make of changes what the newest of them does.

    A setting that is taken away must be one that none of them reads, or the newest does too. One in whose place another is set must be read
    by all of them, or by none: what one of them has ignored would begin to count there.
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
