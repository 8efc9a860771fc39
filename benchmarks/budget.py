"""How many calls five runs make, by module, compared with ``budget.tsv``: so that no run gets slower unless a commit says so.

    python benchmarks/budget.py             # compare, and name the modules that have grown
    python benchmarks/budget.py --accept    # write the numbers of today

Calls of our functions, and of others by ours, are the same on every machine, whatever else it does. They differ between versions of Python,
so the numbers are compared only on the version that they were counted on. Exit code 0: within the tolerance; 1: a run has grown or shrunk
by more.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.inputs import CLEAN, MISTAKES, environment, keys, server_config, write_dump, write_files  # noqa: E402

BUDGET: Final = Path(__file__).with_suffix(".tsv")
TOLERANCE: Final = 0.05
_PYTHON: Final = f"{sys.version_info.major}.{sys.version_info.minor}"
_COUNTING: Final = """
import json, sys
from collections import Counter

calls = Counter()

def count(frame, event, _argument):
    if event in ("call", "c_call"):
        name = frame.f_globals.get("__name__", "")
        if name.startswith("linter"):
            calls[name] += 1

output, *sys.argv[1:] = sys.argv[1:]
sys.setprofile(count)
try:
    from linter.__main__ import main
    main()
except SystemExit:
    pass
sys.setprofile(None)
with open(output, "w", encoding="utf-8") as file:
    json.dump(calls, file)
"""

Calls = Mapping[str, Mapping[str, int]]
"""The calls of each run, by module."""


def runs(folder: Path) -> Iterator[tuple[str, Sequence[str]]]:
    """The name and the arguments of each run; its files are made in a folder."""
    (folder / "clean.json").write_text(CLEAN.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "ten.json").write_text(json.dumps(server_config(MISTAKES), indent=2), encoding="utf-8")
    write_files(folder / "files", 200)
    names = [f"e{number}" for number in range(50)]
    parameters = zip(names, keys(len(names)), strict=True)
    write_dump(folder / "dump.json", (parameter for name, key in parameters for parameter in environment(name, key=key)))
    yield "clean file", ["clean.json"]
    yield "ten findings", ["ten.json"]
    yield "ten findings as SARIF", ["--format", "sarif", "ten.json"]
    yield "200 files", ["files"]
    yield "50 environments", ["dump.json"]


def counted() -> Calls:
    """The calls of each run, each in a process of its own."""
    found: dict[str, Mapping[str, int]] = {}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MEDPLUM_LINT"))}
    variables = {**kept, "PYTHONHASHSEED": "0", "PYTHONPATH": str(ROOT), "MEDPLUM_LINT_DEBUG": "1"}
    with TemporaryDirectory() as path:
        folder = Path(path)
        for name, arguments in runs(folder):
            output = folder / "calls.json"
            command = [sys.executable, "-c", _COUNTING, str(output), *arguments]
            subprocess.run(command, cwd=folder, env=variables, stdout=subprocess.DEVNULL, check=True)
            found[name] = json.loads(output.read_text(encoding="utf-8"))
    return found


def read() -> tuple[str, Calls]:
    """The version of Python of the kept numbers, and these."""
    version, *rows = BUDGET.read_text(encoding="utf-8").splitlines()
    found: dict[str, dict[str, int]] = {}
    for name, module, calls in (row.split("\t") for row in rows):
        found.setdefault(name, {})[module] = int(calls)
    return version.removeprefix("Python "), found


def text_of(calls: Calls) -> str:
    """The numbers as ``budget.tsv`` has them: a row for each module of a run, which begins with all of them."""
    rows = [f"Python {_PYTHON}"]
    for name, modules in calls.items():
        rows += [f"{name}\t{module}\t{count}" for module, count in {"": sum(modules.values()), **dict(sorted(modules.items()))}.items()]
    return "".join(f"{row}\n" for row in rows)


def changed(before: Calls, after: Calls, tolerance: float = TOLERANCE) -> list[str]:
    """A paragraph for each run whose calls have changed by more than the tolerance, with the modules that account for it."""
    found: list[str] = []
    for name, modules in after.items():
        old, new = Counter(before.get(name, {})), Counter(modules)
        known = old.pop("", 0)
        total = sum(new.values())
        if abs(total - known) <= tolerance * known:
            continue
        lines = [f"{name}: {known:,} calls before, {total:,} now ({total / max(known, 1) - 1:+.1%})"]
        largest = sorted({*old, *new}, key=lambda module: -abs(new[module] - old[module]))
        lines += [f"  {module}: {old[module]:,} before, {new[module]:,} now" for module in largest[:8] if new[module] != old[module]]
        found.append("\n".join(lines))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, or accept; the exit code."""
    parser = argparse.ArgumentParser(description="Compare the calls of five runs with those that are kept.")
    parser.add_argument("--accept", action="store_true", help="write the numbers of today")
    given = parser.parse_args(arguments)
    if given.accept:
        BUDGET.write_text(text_of(counted()), encoding="utf-8")
        return 0
    version, before = read()
    if version != _PYTHON:
        print(f"the numbers are of Python {version}, and this is {_PYTHON}: nothing is compared")
        return 0
    found = changed(before, counted())
    if found:
        print(*found, "If the change is worth it, accept it with --accept, and say so in the commit.", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
