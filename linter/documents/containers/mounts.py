"""What is mounted into a container, and which mounted file a path leads to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from posixpath import normpath

from ...typed import Any, NamedTuple
from ..source import SourceFile


class Mount(NamedTuple):
    """A file or a folder mounted in a container, by its absolute path there.

    ``file`` finds a file by its path beneath the mount, which is empty for the mount itself; None if the content is not known here.
    """

    target: str
    file: Callable[[str], SourceFile | None] = lambda _beneath: None

    def beneath(self, path: str) -> str | None:
        """An absolute path relative to the mount; None if it is elsewhere."""
        target = normpath(self.target)
        is_beneath = self.target != "" and f"{path}/".startswith(f"{target.rstrip('/')}/")
        return path[len(target) :].lstrip("/") if is_beneath else None


class Mounts(NamedTuple):
    """The mounts of a container; ``complete``: there are no others, and nothing else adds files to the image."""

    every: Sequence[Mount] = ()
    complete: bool = False

    def find(self, path: str) -> SourceFile | None:
        """The file at an absolute path in the container; None if it is not known."""
        covering = ((mount, beneath) for mount in self.every if (beneath := mount.beneath(path)) is not None)
        mount, beneath = max(covering, key=lambda pair: len(pair[0].target), default=(None, ""))
        return mount.file(beneath) if mount is not None else None

    def lack(self, path: str) -> bool:
        """Whether there is certainly no file at an absolute path, unless the image has one."""
        is_known = self.complete and all(mount.target and "$" not in mount.target for mount in self.every)
        return is_known and all(mount.beneath(path) is None for mount in self.every)


def target_of(mount: Any) -> str:
    """The path in a container at which something is mounted, as Compose, Kubernetes and ECS write it; empty if it is not known."""
    if isinstance(mount, str):
        return next((part for part in reversed(mount.split(":")) if part.startswith("/")), "")
    path = next((mount[name] for name in ("target", "mountPath", "containerPath") if name in mount), "") if isinstance(mount, dict) else ""
    return path if isinstance(path, str) else ""
