"""The sources of one release of the server: a checkout of Medplum, or a revision in a git directory that has its history."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Final, NamedTuple

from linter.release import MAIN, NEWEST, Release

_SERVER: Final = "packages/server"
_CORE: Final = "packages/core"
_ENTRIES: Final = (f"{_SERVER}/src/config/loader.ts", f"{_SERVER}/src/config.ts")
"""The file that has ``loadConfig``, the newest layout first."""
_NEEDED: Final = (
    *_ENTRIES,
    f"{_SERVER}/src/config",
    f"{_SERVER}/src/cloud",
    f"{_SERVER}/package.json",
    f"{_CORE}/src",
    f"{_CORE}/package.json",
)
"""What is taken out of a revision, as far as it is there."""


class Unusable(Exception):
    """Why a release cannot be looked at, for people."""


class Checkout(NamedTuple):
    """Where the sources are: ``entry`` is the file that has ``loadConfig``."""

    root: Path
    entry: Path

    @property
    def server(self) -> Path:
        """The sources of the server."""
        return self.root / _SERVER / "src"

    @property
    def core(self) -> Path:
        """The sources of ``@medplum/core``."""
        return self.root / _CORE / "src"

    def configuration_texts(self) -> list[str]:
        """The sources that read a configuration, without their tests."""
        own = [*self.server.glob("config.ts"), *self.server.glob("config/*.ts"), *self.server.glob("cloud/*/config.ts")]
        return [path.read_text(encoding="utf-8") for path in sorted(own) if not path.name.endswith(".test.ts")]


def find(root: Path) -> Checkout:
    """The sources in a folder. Raises Unusable if it is not a checkout of Medplum."""
    if not root.is_dir():
        raise Unusable(f"{root}: there is no such folder")
    entry = next((root / name for name in _ENTRIES if (root / name).is_file()), None)
    if entry is None:
        hint = "; of a git directory say which --revision" if (root / "objects").is_dir() else ""
        raise Unusable(f"{root}: is no checkout of Medplum, for it has neither {_ENTRIES[0]} nor {_ENTRIES[1]}{hint}")
    if not (root / _CORE / "src/index.ts").is_file():
        raise Unusable(f"{root}: lacks {_CORE}/src/index.ts, which the loader needs")
    return Checkout(root.resolve(), entry.resolve())


def export(repository: Path, revision: str, folder: Path) -> Checkout:
    """The sources of a revision, laid out in a folder. Raises Unusable where git or the repository does not have them."""
    if not repository.is_dir():
        raise Unusable(f"{repository}: there is no such folder")
    if shutil.which("git") is None:
        raise Unusable("git is not found, which --revision needs")
    try:
        commit = _git(repository, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}").decode().split()[-1]
    except Unusable as error:
        raise Unusable(f"{repository}: has no revision {revision} ({str(error).partition('fatal: ')[2]})") from None
    listed = _git(repository, "ls-tree", "--full-tree", "--name-only", commit, "--", *_NEEDED).decode().split()
    if listed:
        with tarfile.open(fileobj=io.BytesIO(_git(repository, "archive", commit, "--", *listed))) as archive:
            archive.extractall(folder, filter="data")
    try:
        return find(folder)
    except Unusable as error:
        raise Unusable(f"{repository} at {revision}: {str(error).partition(': ')[2]}") from None


def _git(repository: Path, *arguments: str) -> bytes:
    done = subprocess.run(["git", "-C", str(repository), *arguments], capture_output=True)
    if done.returncode:
        raise Unusable(f"{repository}: git {arguments[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def release_of(checkout: Checkout) -> Release:
    """The release that the server's package.json names, which is the newest before it on the main branch."""
    path = checkout.root / _SERVER / "package.json"
    try:
        return parse(str(json.loads(path.read_text(encoding="utf-8"))["version"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise Unusable(f"{path}: names no version; say --release {NEWEST} or --release main") from None


def parse(text: str) -> Release:
    """A release that may be newer than all that are known; raises ValueError for an invalid one."""
    if text != str(MAIN) and not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,4}){2}", text):
        raise ValueError(f"{text!r} is no release of the server: give three numbers, or main")
    return Release.of(text)
