"""Whether two installed versions do the same, byte for byte: ``python tools/same_output.py OLD_BIN NEW_BIN``.

Both run the scenarios of ``tools/fuzz/scenarios.py``, one after the other in the same folder. Compared are standard output, standard error,
exit codes, and all files afterwards. Each version is imported once and forked for each command line; some scenarios are run in processes of
their own, too. The exit code is 1 when something differs, and 2 when a version cannot be run.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from fuzz.fork_server import PATIENCE  # noqa: E402
from fuzz.scenarios import HERE, Files, Scenario, Step, scenario  # noqa: E402

_MEMORY: Final = "/dev/shm"
"""A folder in memory, where there is one: disks take longer over the folders of a scenario than a version over a command line."""
_SHOWN: Final = 20
"""The maximum number of distinct differences that are printed, and of lines in each."""
_WIDTH: Final = 300
"""Characters of a line of a difference that are printed."""
_PACE: Final = 1_000
"""Scenarios between two progress messages."""
_ENVIRONMENT: Final = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONHASHSEED": "0"}

_FOLDER: Final = b"a folder"
Outcome = dict[str, bytes]
"""What came of a scenario: by a name, such as ``1: standard output`` or ``here/fixed.json``, what it holds."""
Run = Callable[[Step, Mapping[str, str], str, Path], int]
"""Runs a command line with an environment, a path for standard output, and the folder of a worker; returns the exit code."""


class Unusable(Exception):
    """A version that cannot be run; the text says why."""


class Difference(NamedTuple):
    """Something that differs: the scenario, how it was run, what it is, and the difference in lines."""

    number: int
    how: str
    what: str
    lines: tuple[str, ...]

    @property
    def key(self) -> str:
        """The difference without what varies from one scenario to the next."""
        stream = re.match(r"\d+: (.*)", self.what)
        before, after = (next((line for line in self.lines if line.startswith(sign)), "") for sign in "-+")
        return re.sub(r"\d+", "0", f"{stream[1] if stream else 'a file'}: {before} {after}")


# Versions


class Version:
    """An installed version: the executable, and a process that forks for each command."""

    def __init__(self, given: str) -> None:
        path = Path(given).absolute()
        folder = path if path.is_dir() else path.parent
        self.executable = folder / "medplum-lint"
        command = [str(folder / "python"), str(ROOT / "tools/fuzz/fork_server.py")]
        if not self.executable.exists():
            raise Unusable(f"{self.executable}: there is no such command")
        try:
            self._server = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_ENVIRONMENT, cwd=folder, start_new_session=True
            )
        except OSError as error:
            raise Unusable(f"{command[0]}: cannot be run: {error.strerror}") from None
        greeting = self._answer()
        self.name: str = greeting["version"]
        self.path: str = greeting["path"]

    def _answer(self) -> Any:
        assert self._server.stdout is not None
        line = self._server.stdout.readline()
        if not line:
            raise Unusable(f"{self.executable.parent}: medplum-lint cannot be imported, or has stopped")
        return json.loads(line)

    def forked(self, step: Step, environment: Mapping[str, str], stdout: str, folder: Path) -> int:
        """Run a command line in a fork."""
        request = {"arguments": step.arguments, "environment": environment, "folder": str(folder / "case" / HERE), "stdout": stdout}
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps({**request, "stdin": str(folder / "stdin"), "stderr": str(folder / "stderr")}).encode() + b"\n")
        self._server.stdin.flush()
        return int(self._answer())

    def started(self, step: Step, environment: Mapping[str, str], stdout: str, folder: Path) -> int:
        """Run a command line in a process of its own."""
        with open(folder / "stdin") as given, open(folder / "stderr", "w") as err:
            out = os.open(stdout, os.O_WRONLY | os.O_NOCTTY)
            try:
                command = [str(self.executable), *step.arguments]
                here = folder / "case" / HERE
                return subprocess.run(command, stdin=given, stdout=out, stderr=err, cwd=here, env=environment, timeout=PATIENCE).returncode
            except subprocess.TimeoutExpired:
                return -1
            finally:
                os.close(out)


# Scenarios


def outcome(given: Scenario, run: Run, folder: Path) -> Outcome:
    """What comes of a scenario in a folder of a worker."""
    case = folder / "case"
    shutil.rmtree(case, ignore_errors=True)
    case.mkdir()
    _write(case, given.files)
    found: Outcome = {}
    for number, step in enumerate(given.steps, 1):
        (folder / "stdin").write_bytes(step.stdin)
        (folder / "stderr").write_bytes(b"")
        environment = {**_ENVIRONMENT, "HOME": str(folder), **step.environment}
        with _terminal() if step.terminal else _file(folder / "stdout") as (path, taken):
            code = run(step, environment, path, folder)
        found[f"{number}: standard output"] = taken()
        found[f"{number}: standard error"] = (folder / "stderr").read_bytes()
        found[f"{number}: exit code"] = str(code).encode()
    return found | dict(_read(case))


def _write(folder: Path, files: Files) -> None:
    for name, content in files.items():
        path = folder / name
        if content is None:
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.symlink_to(content)


def _read(folder: Path) -> Iterator[tuple[str, bytes]]:
    """What is in a folder: each file, where each link leads, and that there is a folder."""
    for parent, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(parent, name)
            shown = str(path.relative_to(folder))
            if path.is_symlink():
                yield shown, f"-> {os.readlink(path)}".encode()
            elif path.is_dir():
                yield shown, _FOLDER
            else:
                yield shown, path.read_bytes()
                yield f"{shown} (mode)", oct(path.stat().st_mode).encode()


Taken = Callable[[], bytes]


@contextmanager
def _file(path: Path) -> Iterator[tuple[str, Taken]]:
    """A file for standard output, and what reads it afterwards."""
    path.write_bytes(b"")
    yield str(path), path.read_bytes


@contextmanager
def _terminal() -> Iterator[tuple[str, Taken]]:
    """A terminal for standard output, and what has been written to it."""
    master, slave = os.openpty()
    parts: list[bytes] = []

    def drain() -> None:
        try:
            while part := os.read(master, 1 << 16):
                parts.append(part)
        except OSError:  # nothing has it open any more
            return

    reader = threading.Thread(target=drain)
    reader.start()
    try:
        yield os.ttyname(slave), lambda: b"".join(parts)
    finally:
        os.close(slave)
        reader.join()
        os.close(master)


# Comparison


class Worker:
    """Runs the scenarios of a seed with both versions, in a folder of its own.

    ``same`` are patterns of differences to ignore; ``keep`` is a folder for what both versions made of scenarios in which they differ.
    """

    def __init__(self, folder: Path, versions: Sequence[str], seed: int, same: Sequence[str], keep: Path | None) -> None:
        self.seed = seed
        self.keep = keep
        self.versions = [Version(one) for one in versions]
        names = {one.name for one in self.versions}
        numbers = [rf"(?<![\d.])(?:{'|'.join(map(re.escape, names))})(?![\d.])"] if len(names) > 1 else []
        self.same = [re.compile(pattern.encode()) for pattern in (*same, *numbers)]
        self.folder = folder / str(os.getpid())
        self.folder.mkdir()

    def differences(self, number: int, *, started: bool) -> list[Difference]:
        """What differs in a scenario; ``started``: run it also in processes of its own."""
        given = scenario(self.seed, number)
        ways = {"forked": [one.forked for one in self.versions], **({"started": [one.started for one in self.versions]} if started else {})}
        found: list[Difference] = []
        for how, runs in ways.items():
            old, new = (outcome(given, run, self.folder) for run in runs)
            differing = [Difference(number, how, *one) for one in _differing(self._normal(old), self._normal(new))]
            if differing and self.keep is not None:
                _keep(self.keep / f"{number}-{how}", given, old, new)
            found += differing
        return found

    def _normal(self, found: Outcome) -> Outcome:
        return {what: self._normal_text(data) for what, data in found.items()} if self.same else found

    def _normal_text(self, data: bytes) -> bytes:
        for pattern in self.same:
            data = pattern.sub(b"(the same)", data)
        return data


def _differing(old: Outcome, new: Outcome) -> Iterator[tuple[str, tuple[str, ...]]]:
    for what in dict.fromkeys([*old, *new]):
        if old.get(what) != new.get(what):
            yield what, _difference(_lines(old.get(what)), _lines(new.get(what)))


def _difference(old: list[str], new: list[str]) -> tuple[str, ...]:
    """The first lines that differ, and one before them."""
    same = next((at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), min(len(old), len(new)))
    part = slice(max(same - 1, 0), same + _SHOWN)
    return tuple(difflib.unified_diff(old[part], new[part], lineterm="", n=1))[3 : _SHOWN + 3]  # without its head


def _lines(data: bytes | None) -> list[str]:
    """Lines that can be printed, with what differs at their ends."""
    if data is None:
        return ["(not there)"]
    return [ascii(line.decode("utf-8", "surrogateescape"))[1:-1] for line in data.splitlines(keepends=True)]


def _keep(folder: Path, given: Scenario, old: Outcome, new: Outcome) -> None:
    """Write what both versions made of a scenario to a folder."""
    for side, found in (("old", old), ("new", new)):
        for what, data in found.items():
            if data != _FOLDER:
                path = folder / side / what
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
    (folder / "given").mkdir(parents=True, exist_ok=True)
    _write(folder / "given", given.files)
    (folder / "steps").write_text("".join(f"{_shown(step)}\n" for step in given.steps), encoding="utf-8")


def _shown(step: Step) -> str:
    """A command line for people."""
    variables = [f"{name}={ascii(value)}" for name, value in step.environment.items()]
    return " ".join([*variables, "medplum-lint", *(ascii(word)[1:-1] or "''" for word in step.arguments)])


# The command


def main() -> int:
    """Compare two versions, and print what differs."""
    given = _arguments()
    started = time.monotonic()
    numbers = range(given.cases) if given.case is None else [given.case]
    try:
        for side, path in (("old", given.old), ("new", given.new)):
            version = Version(path)
            print(f"{side}: medplum-lint {version.name}, {version.path}", flush=True)
        differing, ways = _compare(given, numbers)
    except Unusable as error:
        print(f"same_output: {error}", file=sys.stderr)
        return 2
    seconds = time.monotonic() - started
    print(f"{len(numbers):,} scenarios of seed {given.seed} in {seconds:.0f} s: {differing:,} differ, in {len(ways):,} ways")
    for way, times in ways.most_common(_SHOWN) if len(ways) > 1 else ():
        print(f"  {times} times: {way[:_WIDTH]}")
    return 1 if differing else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="same_output.py", description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("old", metavar="OLD_BIN", help="the older version: its medplum-lint, or the folder that it is in")
    parser.add_argument("new", metavar="NEW_BIN", help="the newer version")
    parser.add_argument("--cases", type=int, default=2_000, metavar="N", help="how many scenarios to run (default: 2000)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="what the scenarios follow from (default: 0)")
    parser.add_argument("--case", type=int, metavar="N", help="run this one scenario of the seed only")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="how many scenarios to run at once (default: 2)")
    parser.add_argument(
        "--processes", type=int, default=300, metavar="N", help="how many to run also in processes of their own (default: 300)"
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="a folder for what both versions made of scenarios in which they differ")
    parser.add_argument("--allow", type=Path, metavar="FILE", help="regular expressions, one a line: what they match is taken for the same")
    return parser.parse_args()


def _compare(given: argparse.Namespace, numbers: Sequence[int]) -> tuple[int, Counter[str]]:
    """Run the scenarios; how many differ, and how often they do so in each way."""
    allowed = given.allow.read_text(encoding="utf-8").splitlines() if given.allow else []
    same = [line for line in allowed if line and not line.startswith("#")]
    every = -(-len(numbers) // given.processes) if given.processes else len(numbers) + 1
    scenario(given.seed, 0)  # reads what all workers know
    ways: Counter[str] = Counter()
    differing = 0
    with tempfile.TemporaryDirectory(prefix="same-output-", dir=_MEMORY if os.access(_MEMORY, os.W_OK) else None) as folder:
        make = partial(Worker, Path(folder), (given.old, given.new), given.seed, same, given.keep)
        with ProcessPoolExecutor(given.jobs, initializer=_begin, initargs=(make,)) as pool:
            started = [place % every == every - 1 for place in range(len(numbers))]
            for done, found in enumerate(pool.map(_compared, numbers, started, chunksize=10), 1):
                differing += bool(found)
                if done % _PACE == 0:
                    print(f"{done:,} of {len(numbers):,} scenarios, {differing:,} differ", file=sys.stderr, flush=True)
                for one in found:
                    if one.key not in ways and len(ways) < _SHOWN:
                        _print(one, given.seed)
                    ways[one.key] += 1
    return differing, ways


_worker: Worker
"""What this process runs scenarios with."""


def _begin(make: Callable[[], Worker]) -> None:
    global _worker
    _worker = make()


def _compared(number: int, started: bool) -> list[Difference]:
    return _worker.differences(number, started=started)


def _print(one: Difference, seed: int) -> None:
    given = scenario(seed, one.number)
    print(f"\n{one.what} differs (--seed {seed} --case {one.number}, {one.how}): {given.name}")
    print(*(f"  {_shown(step)}" for step in given.steps), sep="\n")
    print(*(f"    {line[:_WIDTH]}" for line in one.lines), sep="\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
