"""Whether a tag can be released, and what the release says: ``python tools/publish.py v0.1.0 [NOTES-FILE]``.

The workflow that publishes runs it, and stops where it exits 1: the tag, the version, CHANGELOG.md, the recipes and the address of the
repository must agree.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import address  # noqa: E402

from linter import __version__  # noqa: E402


def mistakes(tag: str, changelog: str, repository: str | None) -> Iterator[str]:
    """Why a tag cannot be released; ``repository`` is where it would be, ``owner/name``, None if it is not given."""
    if tag != f"v{__version__}":
        yield f"the tag is {tag}, but linter/__init__.py has the version {__version__}: write the one or the other"
    heading = _heading(changelog, __version__)
    if heading is None:
        yield f'CHANGELOG.md has no heading "## {__version__} (DATE)": write what changed'
    elif not re.fullmatch(r"\d{4}-\d\d-\d\d", heading):
        yield f'CHANGELOG.md says "{__version__} ({heading})": write the day of the release, as 2026-01-31'
    elif not notes(changelog):
        yield f"CHANGELOG.md says nothing of {__version__}: write what changed"
    if address.owner() == address.PLACEHOLDER:
        yield f"setup.cfg still has {address.PLACEHOLDER} in url: write the address of the repository, and run tools/generate.py"
    elif repository is not None and repository != f"{address.owner()}/{address.NAME}":
        yield f"this is {repository}, but url in setup.cfg is {address.repository()}: publish from there, or change it"


def notes(changelog: str) -> str:
    """What the changelog says of this version."""
    section = re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]
    return next((text.partition("\n")[2].strip() for text in section if text.startswith(f"{__version__} ")), "")


def _heading(changelog: str, version: str) -> str | None:
    match = re.search(rf"^## {re.escape(version)} \((.*)\)$", changelog, re.MULTILINE)
    return match[1] if match else None


def main(arguments: list[str]) -> int:
    """Check, and write the notes; the exit code."""
    if len(arguments) not in (1, 2):
        print("usage: python tools/publish.py TAG [NOTES-FILE]")
        return 2
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    found = list(mistakes(arguments[0], changelog, os.environ.get("GITHUB_REPOSITORY")))
    print("".join(f"{mistake}\n" for mistake in found), end="")
    if not found and len(arguments) == 2:
        Path(arguments[1]).write_text(f"{notes(changelog)}\n", encoding="utf-8")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
