"""Seeded faults: ``python -m tools.faults`` plants each fault of ``faults.yaml`` in a copy of the project; the quick tests must catch it.

A fault is one small edit that breaks a promise of this project. It names the tests that should catch it, which run first; if they pass,
all quick tests run. Before any fault is planted, the named tests must pass in the copy as it is.

Exit code 0: every fault is caught; 1: one is not; 2: a fault no longer fits its file, or a named test fails without any fault.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import textwrap
import venv
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from importlib.util import cache_from_source
from pathlib import Path
from queue import SimpleQueue
from typing import Final, NamedTuple

import yaml

ROOT = Path(__file__).resolve().parent.parent
FAULTS = Path(__file__).with_suffix(".yaml")
_WRITER_TIMEOUT: Final = 900
"""Seconds after which tests are taken to hang."""


class Fault(NamedTuple):
    """One seeded fault: the promise that it ``breaks``, the text of ``file`` that it replaces, and the tests that should catch it."""

    name: str
    breaks: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def planted(self, content: str) -> str:
        """The content of its file with the fault in it. Raises ValueError where the text to replace is not there exactly once.

        A text of several lines may be indented there.
        """
        first, *others = map(re.escape, self.old.split("\n"))
        indent = r"^([ \t]*)" if others else "()"
        pattern = "\n".join([indent + first, *(rf"\1{line}" if line else "" for line in others)])
        found = list(re.finditer(pattern, content, re.MULTILINE))
        if len(found) != 1:
            raise ValueError(f"the fault {self.name} no longer fits {self.file}, where its text stands {len(found)} times")
        start, end = found[0].span()
        return content[:start] + textwrap.indent(self.new, found[0][1]) + content[end:]


def read_faults(path: Path = FAULTS) -> list[Fault]:
    """Every fault of a YAML file, in its order. Raises TypeError for one that lacks a member or has another one."""
    return [Fault(**{**one, "tests": tuple(one["tests"])}) for one in yaml.safe_load(path.read_text(encoding="utf-8"))]


def outdated(faults: Sequence[Fault], root: Path = ROOT) -> list[str]:
    """What is wrong with faults whose text is not in their file exactly once."""
    found: list[str] = []
    for fault in faults:
        try:
            fault.planted(_read(root / fault.file))
        except (OSError, ValueError) as error:
            found.append(str(error))
    return found


class Copy:
    """A copy of the working tree with a virtual environment in which ``linter`` is the copy's, in subprocesses too."""

    def __init__(self, folder: Path, source: Path = ROOT) -> None:
        self.folder = folder / "checkout"
        for name in _files(source):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / name, self.folder / name)
        environment = self.folder / ".venv"
        venv.create(environment, symlinks=os.name != "nt", with_pip=False)
        self._bin = environment / ("Scripts" if os.name == "nt" else "bin")
        packages = dict.fromkeys((str(self.folder), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
        target = sysconfig.get_path("purelib", "venv", {"base": str(environment), "platbase": str(environment)})
        Path(target, "copy.pth").write_text("".join(f"{one}\n" for one in packages), encoding="utf-8")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python in the copy."""
        kept = {name: value for name, value in os.environ.items() if not re.match(_OURS, name)}
        command = [str(self._bin / "python"), *arguments]
        try:
            return subprocess.run(
                command, cwd=self.folder, env=kept, capture_output=True, encoding="utf-8", timeout=_WRITER_TIMEOUT, check=False
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, -1, "ERROR the tests do not end\n", "")

    def failing(self, *tests: str) -> str:
        """What fails first of the quick tests among these; empty where all pass."""
        reported = ("--tb=no", "-rfE", "-p", "no:cacheprovider", f"--basetemp={self.folder.parent / 'tests'}")
        options = ("-x", "-q", "-n", "0", "-m", "not slow", *reported)
        done = self.run("-m", "pytest", *options, *tests)
        if done.returncode == 0:
            return ""
        found = re.search(r"^(?:FAILED|ERROR) .*", done.stdout, re.MULTILINE)
        last = (done.stderr or done.stdout).strip().rpartition("\n")[2]
        return found[0] if found is not None else f"ERROR {last}"

    @contextmanager
    def planted(self, fault: Fault) -> Iterator[None]:
        """Have a fault in the copy for a while."""
        path = self.folder / fault.file
        content = _read(path)
        _write(path, fault.planted(content))
        try:
            yield
        finally:
            _write(path, content)


_OURS: Final = "PYTHON|PYTEST|VIRTUAL_ENV|MEDPLUM_LINT|HYPOTHESIS|UPDATE_GOLDEN|GIT_"
"""How variables begin that would change what a test does."""


def _files(root: Path) -> list[str]:
    """The files of the working tree that git knows or would take."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, encoding="utf-8", check=True).stdout
    return [name for name in listed.split("\0") if name and (root / name).is_file()]


def _read(path: Path) -> str:
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


def _write(path: Path, content: str) -> None:
    """Write a file, and drop its bytecode: another content of the same size within the same second would not be noticed."""
    path.write_text(content, encoding="utf-8", newline="")
    if path.suffix == ".py":
        Path(cache_from_source(str(path))).unlink(missing_ok=True)


class Answer(NamedTuple):
    """What became of a fault: whether it is ``caught``, and a line that says by which test."""

    caught: bool
    line: str


def _try(copies: SimpleQueue[Copy], fault: Fault) -> Answer:
    copy = copies.get()
    try:
        with copy.planted(fault):
            found = copy.failing(*fault.tests)
        if _is_of_a_test(found):
            return Answer(True, f"caught      {fault.name} by {_test(found)}")
        if found:
            return Answer(False, f"NOT CAUGHT  {fault.name}: the tests do not run with it: {found}")
        return _try_all(fault)
    finally:
        copies.put(copy)


def _try_all(fault: Fault) -> Answer:
    """Run all quick tests on a fault that its own do not catch.

    Generated files are regenerated first: any edit of a rule or a setting makes them stale.
    """
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        copy = Copy(Path(folder))
        with copy.planted(fault):
            copy.run("tools/generate.py")
            found = copy.failing()
    named = " and ".join(fault.tests)
    if _is_of_a_test(found):
        return Answer(True, f"caught      {fault.name} by {_test(found)}, not by {named}: name that test in tools/faults.yaml")
    return Answer(False, f"NOT CAUGHT  {fault.name}, which breaks: {fault.breaks}{f' ({found})' if found else ''}")


def _is_of_a_test(found: str) -> bool:
    """Whether a test failed, and not the collection of tests."""
    return "::" in found.partition(" - ")[0]


def _test(found: str) -> str:
    return found.partition(" ")[2].partition(" - ")[0]


def _shares(tests: Sequence[str], number: int) -> list[Sequence[str]]:
    return [share for share in (tests[start::number] for start in range(number)) if share]


def run(faults: Sequence[Fault], jobs: int) -> int:
    """Plant faults, by so many copies at once, and print what became of each; the exit code."""
    copies: SimpleQueue[Copy] = SimpleQueue()
    with tempfile.TemporaryDirectory(prefix="faults-") as folder, ThreadPoolExecutor(jobs) as pool:
        for number in range(jobs):
            copies.put(Copy(Path(folder, str(number))))

        def failing(tests: Sequence[str]) -> str:
            copy = copies.get()
            try:
                return copy.failing(*tests)
            finally:
                copies.put(copy)

        named = list(dict.fromkeys(test for fault in faults for test in fault.tests))
        failed = [found for found in pool.map(failing, _shares(named, 4 * jobs)) if found]
        for found in failed:
            print(f"without a fault: {found}", file=sys.stderr)
        if failed:
            return 2
        missed = 0
        for answer in pool.map(partial(_try, copies), faults):
            print(answer.line, flush=True)
            missed += not answer.caught
    print(f"{len(faults) - missed} of {len(faults)} faults are caught")
    return 1 if missed else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Plant the faults that are named, or all of them; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.faults", description="Plant faults that the quick tests must catch.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="the faults to plant [all]")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="how many to plant at once [one a core]")
    parser.add_argument("--list", action="store_true", help="print the faults and what each breaks, and plant none")
    given = parser.parse_args(arguments)
    faults = read_faults()
    unknown = set(given.names) - {fault.name for fault in faults}
    if unknown:
        parser.error(f"there is no fault {', '.join(sorted(unknown))}; --list prints all")
    faults = [fault for fault in faults if not given.names or fault.name in given.names]
    if given.list:
        print("".join(f"{fault.name} ({fault.file}): {fault.breaks}\n" for fault in faults), end="")
        return 0
    wrong = outdated(faults)
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        return 2
    return run(faults, max(1, min(given.jobs, len(faults))))


if __name__ == "__main__":
    sys.exit(main())
