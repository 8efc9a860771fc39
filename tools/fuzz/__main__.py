"""Fuzz every command: ``python -m tools.fuzz``; exit code 1 when a promise does not hold."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from . import oracle, shrink
from .oracle import Case, Failure, Room

_OUTSIDE = 25
"""Of so many cases one has a command run again in a process of its own."""
_SHOWN = 1_500
"""Characters of a failing input that are printed."""


def main() -> int:
    """Run cases until the time is up or too many have failed."""
    given = _arguments()
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    print(f"fuzz: seed {seed}", flush=True)
    home = Path.cwd()
    started = time.monotonic()
    failed: dict[tuple[str, str, str], int] = {}
    with tempfile.TemporaryDirectory() as folder:
        room = Room(Path(folder))
        number = given.case or 0
        while time.monotonic() - started < given.seconds and len(failed) < given.most:
            for failure in _failures(seed, number, room):
                failed[failure.key] = failed.get(failure.key, 0) + 1
                if failed[failure.key] == 1:
                    _tell(failure, seed, number, room, home / given.keep if given.keep else None)
            number += 1
            if given.case is not None:
                break
        os.chdir(home)
    cases = number - (given.case or 0)
    print(f"fuzz: seed {seed}, {cases:,} cases in {time.monotonic() - started:.0f} s, {len(failed)} broken promises")
    for key, times in sorted(failed.items(), key=lambda item: -item[1]):
        print(f"  {times} times: {' | '.join(filter(None, key))}")
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, help="what the cases follow from; default: a new one, which is printed")
    parser.add_argument("--seconds", type=float, default=60, help="how long to run (default: 60)")
    parser.add_argument("--case", type=int, help="run this one case of the seed only")
    parser.add_argument("--keep", metavar="DIR", help="a folder for the inputs of failures, as they were and made small")
    parser.add_argument("--most", type=int, default=20, help="stop after so many different failures (default: 20)")
    return parser.parse_args()


def _case_seed(seed: int, number: int) -> int:
    return seed * 10_000_019 + number


def _failures(seed: int, number: int, room: Room) -> list[Failure]:
    case_seed = _case_seed(seed, number)
    return oracle.failures(oracle.make_case(case_seed), room, case_seed, outside=number % _OUTSIDE == _OUTSIDE - 1)


def _tell(failure: Failure, seed: int, number: int, room: Room, keep: Path | None) -> None:
    """Print a failure with the smallest input that shows it, and keep that."""
    case = oracle.make_case(_case_seed(seed, number))
    small = shrink.smaller(case, failure, room, _case_seed(seed, number))
    command = next((plan.arguments for plan in _plans(small, room, seed, number) if plan.name == failure.command), ())
    print(f"\n{failure.promise}: {failure.command} (--seed {seed} --case {number})\n  {failure.detail}")
    print(f"  medplum-lint {' '.join(ascii(word)[1:-1] for word in command)}")
    for file in small.files:
        print(f"  {file.name!r}: {file.data[:_SHOWN]!r}{'…' if len(file.data) > _SHOWN else ''}", flush=True)
    if keep is not None:
        _keep(keep / f"{seed}-{number}", case, small)


def _plans(case: Case, room: Room, seed: int, number: int) -> list[oracle.Plan]:
    names = room.prepare(case.files, case.twins[0])
    return oracle.plans(case, names, Random(_case_seed(seed, number)))


def _keep(folder: Path, case: Case, small: Case) -> None:
    for name, files in (("given", case.files), ("small", small.files)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number, file in enumerate(files):
            (folder / name / f"{number}-{Path(file.name).suffix.strip('.') or 'env'}").write_bytes(file.data)


if __name__ == "__main__":
    sys.exit(main())
