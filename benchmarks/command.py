"""``benchmarks/run``: how fast medplum-lint is, next to other tools and to its own older versions.

Everything is installed in a new folder: each version of ours in an environment of its own, the other tools in two more. The commands of a
row run in turn with each other, so that a busy moment of the machine hits all alike, and ratios are medians of those within one round.
A run of everything writes benchmarks/RESULTS.md; a part of it is printed.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime, timezone
from hashlib import sha256
from pathlib import Path
from typing import Final

from .growth import draw, grow
from .growth import table as growth_table
from .inputs import FULL, QUICK, ROOT, STEPS, size_of
from .install import Installed, NotInstalled, install, install_matplotlib
from .measure import Limits, clean_environment, measure, problem_of, run_once
from .profiles import profiles
from .profiles import tables as profile_tables
from .results import Result, machine, sections, versions_text
from .rows import ROWS, proofs

RESULTS: Final = ROOT / "benchmarks" / "RESULTS.md"
PICTURE: Final = ROOT / "benchmarks" / "growth.png"
FIRST: Final = "0b65050"
"""Version 0.1 as it was first complete, in which the whole of click was imported."""
BEFORE: Final = "45ac6e5"
"""The last version before anything was done only for speed."""
MORE: Final = ("growth", "profile")
"""What can be measured besides rows."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Install, measure, write."""
    options = _parser().parse_args(arguments)
    if not hasattr(os, "wait4"):
        sys.exit("benchmarks/run: this system does not tell how much memory a process took; run it on Linux or macOS")
    asked = options.only or [*ROWS, *MORE]
    with ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="medplum-lint-benchmarks-")))
        folder.mkdir(parents=True, exist_ok=True)
        try:
            text = _measured(options, asked, folder.resolve())
        except NotInstalled as error:
            sys.exit(f"benchmarks/run: this checkout cannot be installed: {error}")
        if options.only or options.quick:
            print(text)
        else:
            RESULTS.write_text(text + "\n", encoding="utf-8")
            _say(f"written: {RESULTS.relative_to(ROOT)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks/run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only", action="append", choices=[*ROWS, *MORE], metavar="ROW", help=f"one of {', '.join([*ROWS, *MORE])}; repeatable"
    )
    parser.add_argument(
        "--quick", action="store_true", help="small files, few runs, no other tools or versions: shows that it runs, and no more"
    )
    parser.add_argument("--runs", type=int, default=30, help="how often each command is run at most (default 30)")
    parser.add_argument("--budget", type=float, default=3, metavar="S", help="seconds for all runs of a command but its first (default 3)")
    parser.add_argument("--timeout", type=float, default=60, metavar="S", help="seconds after which a run is stopped (default 60)")
    parser.add_argument(
        "--against", action="append", metavar="REV", help=f"an older version of ours; repeatable (default {BEFORE} and {FIRST})"
    )
    parser.add_argument("--plot", action="store_true", help=f"draw the growth, with matplotlib, as {PICTURE.relative_to(ROOT)}")
    parser.add_argument("--folder", type=Path, help="keep all in this folder, and take what it has from an earlier run")
    return parser


def _measured(options: argparse.Namespace, asked: Sequence[str], folder: Path) -> str:
    """The page."""
    start = time.monotonic()
    against = options.against if options.against is not None else [] if options.quick else [BEFORE, FIRST]
    installed = install(folder, against, with_tools=not options.quick, say=_say)
    files = folder / ("small" if options.quick else "files")
    _make_files(installed, files, asked, options.quick)
    limits = Limits(3, 0.5, 30) if options.quick else Limits(options.runs, options.budget, options.timeout)
    parts = [_head(installed)]
    _prove(installed, files)
    if results := _rows(installed, files, asked, limits, options.quick):
        parts += sections(results, installed, options.quick)
    if "growth" in asked:
        parts.append(_growth(installed, files, folder, limits, options))
    if "profile" in asked:
        _say("profiling")
        found = profiles(installed.versions, ["clean.json", "files"], files)
        parts.append(f"## Profile\n\n{_PROFILE}\n\n{profile_tables(found)}")
    _say(f"that took {(time.monotonic() - start) / 60:.1f} minutes")
    return "\n\n".join(parts)


_PROFILE: Final = (
    "What a run costs by part, under Python's profiler, which makes every call dearer. The instructions are counted without it. "
    "What C does counts for the Python function that called it."
)


def _head(installed: Installed) -> str:
    given = shlex.join(["benchmarks/run", *sys.argv[1:]])
    day = datetime.now(timezone.utc).strftime("%Y-%m-%d")
    return (
        f"# Results\n\nWritten by `{given}` on {day}; [README.md](README.md) says how it measures.\n\n"
        f"{machine()}.\n\n{versions_text(installed)}"
    )


def _make_files(installed: Installed, folder: Path, asked: Sequence[str], quick: bool) -> None:
    """By the Python of our version, which has cryptography. What an earlier run made is taken if it would be made so again."""
    made_by = sha256((ROOT / "benchmarks" / "inputs.py").read_bytes()).hexdigest()[:12]
    needed = dict.fromkeys(["clean", *(name for name in asked if name != "profile"), *(["files"] if "profile" in asked else [])])
    wanted = [name for name in needed if not (folder / f".{name}-{made_by}").exists()]
    if not wanted:
        return
    _say("making files: " + ", ".join(wanted))
    python = installed.versions[0].commands / "python"
    command = [str(python), "-m", "benchmarks.inputs", str(folder), *wanted, *(["--quick"] if quick else [])]
    subprocess.run(command, cwd=ROOT, env=clean_environment(), check=True)
    for name in wanted:
        (folder / f".{name}-{made_by}").touch()


def _prove(installed: Installed, folder: Path) -> None:
    """That every tool finds a mistake; one that does not is set up wrongly, and its times are worth nothing."""
    for case in proofs(installed):
        problem = problem_of(case, *run_once(case, folder, 60))
        if problem:
            sys.exit(f"benchmarks/run: {case.name} does not find a mistake: {problem}")


def _rows(installed: Installed, folder: Path, asked: Sequence[str], limits: Limits, quick: bool) -> list[Result]:
    results = []
    for name, make in ROWS.items():
        if name in asked:
            _say(f"measuring {name}")
            row = make(installed, folder, QUICK if quick else FULL)
            measured = measure(row.cases, folder, limits)
            for one in measured:
                if one.problem:
                    _say(f"{name}: {one.case.name} {one.case.version}: {one.problem}")
            results.append(Result(row, measured, size_of(folder / row.text)))
    return results


def _growth(installed: Installed, files: Path, folder: Path, limits: Limits, options: argparse.Namespace) -> str:
    _say("measuring growth")
    few = Limits(min(limits.rounds, 5), limits.budget, limits.timeout)
    series, problems = grow(installed.versions[0], files, few, options.quick)
    missing = "".join(f"\n\nNot measured: {problem}." for problem in problems)
    picture = ""
    if options.plot:
        path = folder / "growth.png" if options.quick or options.only else PICTURE
        draw(install_matplotlib(folder, _say), series, path)
        picture = f"\n\n![Time against size for each of them]({path.name})"
    return f"## Growth\n\n{_GROWTH}\n\n{growth_table(series)}{missing}{picture}"


_GROWTH: Final = (
    f"Each is measured in {len(STEPS)} sizes, of which each is twice the one before: the shortest of a few runs. R² says how well a line "
    "fits, 1 is exactly. The last step is what the last doubling adds, as a multiple of what the one before it adds: 2 is linear, "
    "4 quadratic. "
    "Memory is what a byte more of text takes at the peak."
)


def _say(text: str) -> None:
    """How far it is, for who waits."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)
