"""What the tests share that need more than this process: a copy of the repository, commands, and what may be skipped.

With ``MEDPLUM_LINT_REQUIRE_ALL`` set, as in CI, nothing is skipped: what is missing is a failure.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[2]
REQUIRE_ALL = bool(os.environ.get("MEDPLUM_LINT_REQUIRE_ALL"))
_OFFLINE = re.compile(
    "Temporary failure in name resolution|Name or service not known|nodename nor servname|NewConnectionError|NameResolutionError"
    "|No matching distribution found|Network is unreachable|Connection refused|Connection to .* timed out"
    "|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT"
)


def missing(reason: str) -> NoReturn:
    """Skip the test that lacks something; fail where nothing may be skipped."""
    if REQUIRE_ALL:
        pytest.fail(reason)
    pytest.skip(reason)


def needs_git() -> None:
    """Skip the test outside of a checkout."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        missing("this is no git checkout")


def environment(**more: str) -> dict[str, str]:
    """Ours, without what ties a child to this Python, to this checkout or to its git."""
    kept = {name: value for name, value in os.environ.items() if not re.match("PYTHON|VIRTUAL_ENV|GIT_|PRE_COMMIT|MEDPLUM_LINT", name)}
    return {**kept, **more}


@cache
def installation() -> str:
    """A folder with the package as it is installed: its built files are trusted, whatever has been edited in the checkout."""
    folder = TemporaryDirectory()
    atexit.register(folder.cleanup)
    for name in ("linter", "rules", "schemas"):
        shutil.copytree(ROOT / name, Path(folder.name) / name)
    return folder.name


def run(*command: str | Path, cwd: Path, status: int | None = 0, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command; what it prints is in the failure if it exits otherwise. One that needs the network and has none skips the test."""
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=environment(**more), capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL
    )
    if status is not None and done.returncode != status:
        output = f"{done.stdout}{done.stderr}"
        offline(output)
        pytest.fail(f"{' '.join(map(str, command))} exited {done.returncode}:\n{output}")
    return done


def offline(output: str) -> None:
    """Skip the test if that is why a command failed; fail where nothing may be skipped."""
    if not REQUIRE_ALL and _OFFLINE.search(output):
        pytest.skip("offline: packages cannot be installed")


def copy_of_repository(folder: Path) -> Path:
    """The files of the working tree that git knows or would take, without what was built or installed in it."""
    needs_git()
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def new_environment(folder: Path) -> Path:
    """A new virtual environment of this Python; the folder of its commands."""
    run(sys.executable, "-m", "venv", folder, cwd=folder.parent)
    return folder / ("Scripts" if sys.platform == "win32" else "bin")
