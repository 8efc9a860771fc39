"""Seeded faults: ``python -m tools.faults`` plants each fault of ``faults.yaml`` in a copy of the project; the quick tests must catch it.

A fault is one small edit that breaks a promise of this project. It names the tests that should catch it, which run first; if they pass,
all quick tests run, those that have most to do with its file first. A test that fails for any edit of the file, such as a comment, does not
catch a fault: at the end all that caught one run on files with a comment instead.

``--random N`` plants faults that no one chose instead: one token each, at places drawn from all of ``linter/``.

Exit code 0: every fault is caught; 1: one is not; 2: a fault no longer fits its file.
"""

from __future__ import annotations

import argparse
import ast
import io
import os
import random
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import textwrap
import tokenize
import venv
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from importlib.util import cache_from_source
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from typing import Final, NamedTuple

import yaml

ROOT = Path(__file__).resolve().parent.parent
FAULTS = Path(__file__).with_suffix(".yaml")
_PATIENCE: Final = 3_600
"""Seconds after which tests are said to hang, which is far more than all quick tests need in one process."""
_OWN_TESTS: Final = "tests/test_faults.py"
"""These do not count: they fail for every fault, for the text that it replaces is gone."""
_NO_TESTS: Final = 5
"""The exit code of pytest where none of the tests is quick."""


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
            return subprocess.run(command, cwd=self.folder, env=kept, capture_output=True, encoding="utf-8", timeout=_PATIENCE, check=False)
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, -1, "the tests do not end\n", "")

    def failing(self, *tests: str, first: bool = True) -> list[str]:
        """What fails of the quick tests among these, or only what does ``first``; where pytest itself fails, what it says."""
        reported = ("--tb=no", "-rfE", "-p", "no:cacheprovider", f"--basetemp={self.folder.parent / 'tests'}")
        options = (*(["-x"] if first else []), "-q", "-n", "0", "-m", "not slow", *reported)
        done = self.run("-m", "pytest", *options, *tests)
        if done.returncode in (0, _NO_TESTS):
            return []
        found = re.findall(r"^(?:FAILED|ERROR) ([^\s\[]+(?:\[.*?\](?= - |$))?)", done.stdout, re.MULTILINE)
        return found or [(done.stderr or done.stdout).strip().rpartition("\n")[2]]

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


class Trial:
    """A place where faults are planted: copies of a project, which are used in turn."""

    def __init__(self, folder: Path, copies: int, root: Path) -> None:
        self._root = root
        self._copies: SimpleQueue[Copy] = SimpleQueue()
        for number in range(copies):
            self._copies.put(Copy(folder / str(number), root))

    def of(self, fault: Fault) -> str:
        """The test that catches a fault, of its own or else of all; empty if none does."""
        with self._copy() as copy, copy.planted(fault):
            found = copy.failing(*fault.tests)
        return found[0] if found else self.all_on(fault)

    def all_on(self, fault: Fault, but: Collection[str] = ()) -> str:
        """The same of all quick tests ``but`` some.

        Generated files are made again first: any edit of a rule or a setting makes them stale, whatever it means.
        """
        with tempfile.TemporaryDirectory(prefix="faults-") as folder:
            copy = Copy(Path(folder), self._root)
            with copy.planted(fault):
                copy.run("tools/generate.py")
                return "".join(copy.failing(*(f"--deselect={test}" for test in but), *by_relevance(fault.file, self._root)))

    def fail_for_any_edit(self, caught: Mapping[Fault, str]) -> set[str]:
        """The tests that fail where each file with a fault has a comment in its place."""
        tests = dict.fromkeys(test for test in caught.values() if "::" in test)
        with self._copy() as copy, ExitStack() as stack:
            for file in {fault.file for fault in caught if fault.file.endswith((".py", ".yaml"))}:
                content = _read(copy.folder / file)
                stack.callback(_write, copy.folder / file, content)
                _write(copy.folder / file, f"{content}# An edit\n")
            return set(copy.failing(*tests, first=False)) if tests else set()

    @contextmanager
    def _copy(self) -> Iterator[Copy]:
        copy = self._copies.get()
        try:
            yield copy
        finally:
            self._copies.put(copy)


def run(faults: Sequence[Fault], jobs: int, root: Path = ROOT) -> int:
    """Plant faults in so many copies of a project at once, and print what became of each; the exit code."""
    with tempfile.TemporaryDirectory(prefix="faults-") as folder, ThreadPoolExecutor(jobs) as pool:
        trial = Trial(Path(folder), jobs, root)
        caught: dict[Fault, str] = {}
        for fault, found in zip(faults, pool.map(trial.of, faults), strict=True):
            _report(fault, found)
            caught[fault] = found
        unfit = trial.fail_for_any_edit(caught)
        again = [fault for fault, found in caught.items() if found in unfit and trial.fail_for_any_edit({fault: found})]  # of its own file
        for fault, found in zip(again, pool.map(partial(trial.all_on, but=unfit), again), strict=True):
            print(f"{caught[fault]} fails for any edit of {fault.file}")
            _report(fault, found)
            caught[fault] = found
    missed = [fault for fault, found in caught.items() if not found]
    print(f"{len(caught) - len(missed)} of {len(caught)} faults are caught")
    return 1 if missed else 0


def _report(fault: Fault, found: str) -> None:
    """Print by which test a fault is caught, and whether it names that."""
    if not found:
        line = f"NOT CAUGHT  {fault.name}, which breaks: {fault.breaks}"
    elif found.startswith(fault.tests):
        line = f"caught      {fault.name} by {found}"
    else:
        line = f"caught      {fault.name} by {found}, not by {' and '.join(fault.tests)}: name that test"
    print(line, flush=True)


# Faults at random


def by_relevance(file: str, root: Path = ROOT) -> list[str]:
    """The test files of a project that can catch a fault: those first that import its file, then those that share rare words with it."""
    words = _test_words(root)
    counts = Counter(word for own in words.values() for word in own)
    package, _, module = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".").rpartition(".")
    imported = re.compile(rf"\b{re.escape(package)}(?:\.{module}\b| import [\w\s,(]*\b{module}\b)")
    here = _words(f"{file} {_read(root / file)}")

    def relevance(test: str) -> tuple[bool, float]:
        return imported.search(_read(root / test)) is None, -sum(1 / counts[word] for word in here & words[test])

    return sorted(words, key=relevance)


@cache
def _test_words(root: Path) -> dict[str, set[str]]:
    tests = sorted(path.relative_to(root).as_posix() for path in (root / "tests").rglob("test_*.py"))
    return {test: _words(f"{test} {_read(root / test)}") for test in tests if test != _OWN_TESTS}


def _words(text: str) -> set[str]:
    return set(re.findall("[a-z]{4,}", text.lower()))


class Change(NamedTuple):
    """One token of Python code, or the value of a ``return``, and what replaces it. Lines count from 1, columns from 0."""

    line: int
    column: int
    old: str
    new: str

    def made(self, content: str) -> str:
        """The content of the file with the change."""
        lines = content.splitlines(keepends=True)
        line = lines[self.line - 1]
        lines[self.line - 1] = line[: self.column] + self.new + line[self.column + len(self.old) :]
        return "".join(lines)


def changes(content: str) -> list[Change]:
    """Every change of one token of Python code that may matter, in order: docstrings and annotations have none. Some do not compile."""
    lines = content.splitlines()
    idle: list[tuple[tuple[int, int], tuple[int, int]]] = []
    found: list[Change] = []
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.Return) and node.value is not None and node.value.lineno == node.value.end_lineno:
            (line, start), (_, end) = _span(node.value, lines)
            found.append(Change(line, start, lines[line - 1][start:end], "None"))
        texts = [node.value] if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) else []
        annotations = [getattr(node, name, None) for name in ("annotation", "returns")]
        idle += [_span(one, lines) for one in (*texts, *annotations) if isinstance(one, ast.expr)]
    for token in tokenize.generate_tokens(io.StringIO(content).readline):
        new = _replacement(token)
        if new is not None and not any(start <= token.start < end for start, end in idle):
            found.append(Change(*token.start, token.string, new))
    return sorted(change for change in found if change.old != change.new)


def _span(node: ast.expr, lines: Sequence[str]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Where an expression begins and ends, as :mod:`tokenize` counts: in characters, and not in bytes."""
    end_line, end = node.end_lineno or node.lineno, node.end_col_offset or 0
    places = ((node.lineno, node.col_offset), (end_line, end))
    first, last = ((line, len(lines[line - 1].encode()[:column].decode())) for line, column in places)
    return first, last


_SWAPPED: Final = [
    *[("<", "<="), (">", ">="), ("==", "!="), ("+", "-"), ("and", "or"), ("True", "False"), ("min", "max"), ("any", "all")],
    *[("break", "continue"), ("startswith", "endswith"), ("partition", "rpartition"), ("find", "rfind"), ("lstrip", "rstrip")],
]
"""Tokens that are replaced by each other."""
_REPLACED: Final = {
    **{old: new for pair in _SWAPPED for old, new in (pair, pair[::-1])},
    "not": "",
    "in": "not in",
    "is": "is not",
    "if": "if not",
}


def _replacement(token: tokenize.TokenInfo) -> str | None:
    """What replaces a token: a number is one less, and zero one more; a text has one more letter."""
    text = token.string
    if token.type == tokenize.NUMBER:
        return str(int(text) - 1 if text != "0" else 1) if re.fullmatch("[0-9][0-9_]*", text) else None
    if token.type == tokenize.STRING and token.start[0] == token.end[0]:
        quotes = text[-3:] if text.endswith(('"""', "'''")) else text[-1]
        return f"{text.removesuffix(quotes)}x{quotes}"
    return _REPLACED.get(text) if token.type in (tokenize.OP, tokenize.NAME) else None


def at_random(number: int, seed: int, root: Path = ROOT) -> list[Fault]:
    """So many faults at places drawn from all of ``linter/``, each place as likely as any other; the same for the same seed and code."""
    files = sorted(path.relative_to(root).as_posix() for path in (root / "linter").rglob("*.py"))
    places = [(file, change) for file in files for change in changes(_read(root / file))]
    random.Random(seed).shuffle(places)
    faults = (_fault(file, change, root) for file, change in places)
    return list(islice((fault for fault in faults if fault is not None), number))


def _fault(file: str, change: Change, root: Path) -> Fault | None:
    """A change as a fault, with as many lines above it as make its text unique; None if it does not compile."""
    content = _read(root / file)
    changed = change.made(content)
    try:
        compile(changed, file, "exec")
    except SyntaxError:
        return None
    before, after = (text.splitlines()[: change.line] for text in (content, changed))
    breaks = f"{change.new or 'nothing'} in place of {change.old} in line {change.line}"
    for first in reversed(range(change.line)):
        old, new = (_unindented(lines[first:]) for lines in (before, after))
        fault = Fault(f"{file}:{change.line}:{change.column}", breaks, file, old, new, tuple(by_relevance(file, root)[:_OWN]))
        try:
            if fault.planted(content) == changed:
                return fault
        except ValueError:
            continue
    return None


_OWN: Final = 8
"""How many test files run first on a fault that was drawn."""


def _unindented(lines: Sequence[str]) -> str:
    """Lines without the indentation of the first."""
    indent = lines[0][: len(lines[0]) - len(lines[0].lstrip())]
    return "\n".join(line.removeprefix(indent) for line in lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Plant the faults that are named, or all of them; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.faults", description="Plant faults that the quick tests must catch.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="the faults to plant [all]")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="how many to plant at once [one a core]")
    parser.add_argument("--list", action="store_true", help="print the faults and what each breaks, and plant none")
    parser.add_argument("--faults", type=Path, default=FAULTS, metavar="FILE", help="read the faults from another file [tools/faults.yaml]")
    parser.add_argument("--random", type=int, metavar="N", help="plant N faults at random places instead")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="which random places [1]")
    parser.add_argument(
        "--keep", type=Path, metavar="FILE", help="write the faults to a file for --faults, which still fits when lines move"
    )
    given = parser.parse_args(arguments)
    faults = read_faults(given.faults) if given.random is None else at_random(given.random, given.seed)
    unknown = set(given.names) - {fault.name for fault in faults}
    if unknown:
        parser.error(f"there is no fault {', '.join(sorted(unknown))}; --list prints all")
    faults = [fault for fault in faults if not given.names or fault.name in given.names]
    if given.keep is not None:
        kept = [{**fault._asdict(), "tests": list(fault.tests)} for fault in faults]
        given.keep.write_text(yaml.safe_dump(kept, sort_keys=False, allow_unicode=True), encoding="utf-8")
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
