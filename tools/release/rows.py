"""Add the public releases that the catalogue lacks: ``python -m tools.release.rows LIST`` prints them, and with ``--write`` adds them.

LIST is a file with a release and its day in each line, such as ``v5.2.14 2026-11-05``. Only what takes no judgement is written: the rows of
``linter/settings/releases.py``, and ``NEWEST`` in ``linter/release.py``; ``tools/generate.py`` does the rest. ``LAST_READ`` stays, because
a list does not prove that a release was read. Releases before it are skipped.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from linter.release import LAST_READ, NEWEST, Release
from linter.settings.releases import DATES

ROOT: Final = Path(__file__).resolve().parents[2]
_ROW: Final = re.compile(r"v?((?:0|[1-9][0-9]{0,3})(?:\.(?:0|[1-9][0-9]{0,3})){2}) ([0-9]{4}-[0-9]{2}-[0-9]{2})")
_TABLE: Final = re.compile(r'(?<=\n_TABLE: Final = """\n).*?(?=""")', re.DOTALL)
_NEWEST: Final = re.compile(r"(?<=\nNEWEST: Final = Release\(\().*?(?=\)\))")


def lacking(lines: Iterable[str]) -> dict[Release, str]:
    """The releases after ``LAST_READ`` that the table lacks, with their days, in order; a line that is not a release is skipped."""
    rows = (match.groups() for line in lines if (match := _ROW.fullmatch(line.strip())))
    found = {Release.of(release): day for release, day in rows}
    return {release: found[release] for release in sorted(found) if release > LAST_READ and release not in DATES}


def with_rows(table: str, new: Mapping[Release, str]) -> str:
    """The text of the table with more releases in it; lines of other minor releases stay as they are."""
    words = table.split()
    rows = {Release.of(release): day for release, day in zip(words[::2], words[1::2], strict=True)} | dict(new)
    touched = {release[:2] for release in new}
    kept = [line for line in table.splitlines() if line and Release.of(line.split()[0])[:2] not in touched]
    for minor, own in groupby(sorted(release for release in rows if release[:2] in touched), key=lambda release: release[:2]):
        text = "  ".join(f"{release}\N{NO-BREAK SPACE}{rows[release]}" for release in own)
        lines = [line.replace("\N{NO-BREAK SPACE}", " ") for line in textwrap.wrap(text, 140, break_on_hyphens=False)]
        place = sum(Release.of(line.split()[0])[:2] < minor for line in kept)
        kept[place:place] = lines
    return "".join(f"{line}\n" for line in kept)


def write(new: Mapping[Release, str], root: Path = ROOT) -> None:
    """Add releases to the table of a checkout, and say which is the newest."""
    table, names = root / "linter/settings/releases.py", root / "linter/release.py"
    text = table.read_text(encoding="utf-8")
    table.write_text(_TABLE.sub(lambda match: with_rows(match[0], new), text, count=1), encoding="utf-8")
    newest = ", ".join(map(str, tuple(max(NEWEST, *new))))
    names.write_text(_NEWEST.sub(newest, names.read_text(encoding="utf-8"), count=1), encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Print what is new, or write it too; the exit code."""
    if len(arguments) not in (1, 2) or arguments[1:] not in ([], ["--write"]):
        print(__doc__, file=sys.stderr)
        return 2
    new = lacking(Path(arguments[0]).read_text(encoding="utf-8").splitlines())
    print("".join(f"{release} {day}\n" for release, day in new.items()), end="")
    if new and arguments[1:]:
        write(new)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
