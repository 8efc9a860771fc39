"""Say how a release of the server differs from what the catalogue says of it: ``python -m tools.release CHECKOUT``.

Exit code 0 when it does not, 1 when it does, 2 when that cannot be told.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from linter.release import Release

from . import checkout
from .checkout import Checkout, Unusable
from .difference import Difference, differences
from .loader import Loader
from .members import members
from .probes import observe


def main(arguments: Sequence[str]) -> int:
    """Look at one release, and print the differences."""
    given = _arguments(arguments)
    try:
        with tempfile.TemporaryDirectory() as folder:
            return _compare(given, Path(folder))
    except Unusable as error:
        print(f"tools.release: {error}", file=sys.stderr)
        return 2


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.release", description=__doc__)
    parser.add_argument("checkout", type=Path, help="a folder with the sources of Medplum, or with --revision a git directory")
    parser.add_argument("--revision", help="a revision of the git directory to look at, in place of the files of a folder")
    parser.add_argument("--release", type=_release, help="the release that it is, or main (default: what the server's package.json says)")
    parser.add_argument("--checklist", action="store_true", help="print the differences as a checklist in Markdown")
    return parser.parse_args(arguments)


def _release(text: str) -> Release:
    try:
        return checkout.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _compare(given: argparse.Namespace, folder: Path) -> int:
    sources = folder / "sources"
    found = checkout.export(given.checkout, given.revision, sources) if given.revision else checkout.find(given.checkout)
    release = given.release or checkout.release_of(found)
    differing = _differences(found, release, folder)
    if given.checklist:
        print("".join(_checklist(release, differing)), end="")
        return 1 if differing else 0
    print(f"{given.checkout}{f' at {given.revision}' if given.revision else ''}, taken for {release}", end="")
    count = f"{len(differing)} difference{'s' * (len(differing) > 1)} from the catalogue"
    print(f": {count}" if differing else ": as the catalogue says")
    print("".join(_lines(differing)), end="")
    return 1 if differing else 0


def _differences(found: Checkout, release: Release, folder: Path) -> list[Difference]:
    texts = found.configuration_texts()
    typed = members(texts)
    if not typed:
        raise Unusable(f"{found.entry}: there is no type MedplumServerConfig beside it")
    return differences(observe(Loader(found, folder), typed, texts, release), typed, release)


def _lines(differing: Sequence[Difference]) -> list[str]:
    """The differences beneath the title of their group, and the lines to write beneath each."""
    lines = []
    for place, one in enumerate(differing):
        if place == 0 or differing[place - 1].group != one.group:
            lines.append(f"\n{one.group}\n")
        lines.append(f"  {one.seen}\n")
        lines += [f"      {line}\n" for line in one.line.splitlines()]
    return lines


def _checklist(release: Release, differing: Sequence[Difference]) -> list[str]:
    """The differences of a release for a person to review, each a box to tick, with the lines to write beneath it."""
    lines = [f"## {release}\n\n", *([] if differing else ["As the catalogue says.\n"])]
    for one in differing:
        lines.append(f"- [ ] {one.group}: `{one.seen.replace('`', ' ')}`\n")
        lines += ["\n", *(f"      {line}\n" for line in one.line.splitlines()), "\n"] if one.line else []
    return [*lines, "\n"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
