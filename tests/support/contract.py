"""What every source and every reporter has: what it lacks, in sentences that say what to write, and which of the tests' files are its."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from linter import reporters
from linter.documents.source import Source, SourceFile
from linter.reporters import Reporter
from linter.sources import maker_of, modules, modules_for

from .canaries import planted_files
from .checkout import ROOT, run
from .shapes import SHAPES

_MOST_SENTENCES = 8
FIXTURES = ROOT / "tests" / "fixtures"


class Given(NamedTuple):
    """A file of the tests; ``where`` says where it comes from, ``kind`` is None for what the content shows."""

    where: str
    name: str
    data: bytes
    kind: str | None = None


def require(holds: object, sentence: str) -> None:
    """Fail with a sentence unless something holds."""
    demand([] if holds else [sentence])


def demand(sentences: Iterable[str]) -> None:
    """Fail with sentences, if there are any, without a traceback: they say what to do, and where."""
    first = list(islice(sentences, _MOST_SENTENCES))
    if first:
        pytest.fail("\n".join(first), pytrace=False)


# --- Its parts ----------------------------------------------------------------------------------------------------------------------


def source_names() -> list[str]:
    """Every source, as the package itself finds them."""
    return [name_of(module) for module in modules()]


def source(name: str) -> Source:
    """The source of a name."""
    return next(module for module in modules() if name_of(module) == name)


def name_of(module: Source | Reporter) -> str:
    """What a source or reporter is called: its file, without the ending."""
    return module.__name__.rpartition(".")[2]


def incomplete() -> list[str]:
    """What sources and reporters lack without which hardly a test could begin."""
    found = [sentence for module in modules() for sentence in lacks_of_source(module)]
    return [*found, *(sentence for name in reporters.names() for sentence in lacks_of_reporter(reporters.reporter(name)))]


def lacks_of_source(module: Source) -> list[str]:
    """Which parts of a source are missing or are none."""
    file = f"linter/sources/{name_of(module)}.py"
    return [
        *_docstring(module, file, "what it reads"),
        *_texts(module, file, "KINDS", 'the kinds of document that it makes, such as KINDS = ("server/json",)'),
        *_texts(module, file, "NAMES", 'the file names that a search looks for, such as NAMES = ("*.toml",)'),
        *(_texts(module, file, "MARKS", "texts, of which one stands in each JSON file that it reads") if hasattr(module, "MARKS") else ()),
        *(_texts(module, file, "MEMBERS", "names, of which each JSON object has one that it reads") if hasattr(module, "MEMBERS") else ()),
        *([f"{file}: FLAT must be True, or be left out"] if getattr(module, "FLAT", True) is not True else ()),
        *_function(module, file, "detect", ["file"], "says what the content of a file is"),
        *_function(module, file, "load", ["file", "kind"], "gives the documents of a file"),
    ]


def lacks_of_reporter(module: Reporter) -> list[str]:
    """Which parts of a reporter are missing or are none."""
    file = f"linter/reporters/{name_of(module)}.py"
    return [
        *_docstring(module, file, "whom the format is for"),
        *_function(module, file, "report", ["result", "stream", "style"], "writes a run"),
    ]


def mypy_refuses(protocol: type, modules: Iterable[Source | Reporter], folder: Path) -> list[str]:
    """What mypy says of modules that are not as a protocol has them.

    It reads a module against a protocol where one is assigned to the other: so to a program in ``folder`` that does so with each of them.
    """
    names = [module.__name__ for module in modules]
    lines = [f"import {name}; _{number}: {protocol.__name__} = {name}\n" for number, name in enumerate(names)]
    program = folder / "assigned.py"
    program.write_text(f"from {protocol.__module__} import {protocol.__name__}\n{''.join(lines)}", encoding="utf-8")
    done = run(sys.executable, "-m", "mypy", "--config-file", ROOT / "setup.cfg", program, cwd=ROOT, status=None)
    messages: dict[str, list[str]] = {}
    for line, message in re.findall(r"^.*assigned\.py:(\d+): (?:error|note): ?(.*)$", done.stdout, re.MULTILINE):
        messages.setdefault(names[int(line) - 2], []).append(message)
    if done.returncode and not messages:
        return [f"{done.stdout}{done.stderr}"]
    defined = Path(inspect.getfile(protocol)).relative_to(ROOT).as_posix()
    return [
        "\n    ".join([f"{name.replace('.', '/')}.py is no {protocol.__name__} as {defined} has it. mypy says:", *its])
        for name, its in messages.items()
    ]


def _docstring(module: Any, file: str, what: str) -> list[str]:
    return [] if (module.__doc__ or "").strip() else [f"{file} has no docstring: say in its first line {what}"]


def _texts(module: Any, file: str, name: str, what: str) -> list[str]:
    value = getattr(module, name, None)
    if isinstance(value, tuple) and value and all(isinstance(one, str) and one for one in value):
        return []
    return [f"{file} has no {name}, or one that is no tuple of texts: give {what}"]


def _function(module: Any, file: str, name: str, parameters: list[str], what: str) -> list[str]:
    function = getattr(module, name, None)
    if not inspect.isfunction(function):
        return [f"{file} has no function {name}({', '.join(parameters)}), which {what}: write it"]
    found = list(inspect.signature(function).parameters)
    if found != parameters:
        return [f"{file}: {name} takes ({', '.join(found)}): it must take ({', '.join(parameters)})"]
    return [] if inspect.getdoc(function) else [f"{file}: {name} has no docstring: it {what}; say more"]


# --- Its files in the tests ---------------------------------------------------------------------------------------------------------


def fixtures_of(name: str) -> list[Given]:
    """The inputs of fixtures that a source loads."""
    return _by_source("fixtures").get(name, [])


def planted_for(name: str) -> list[Given]:
    """The files with canaries that a source loads."""
    return _by_source("canaries").get(name, [])


def shapes_of(name: str) -> list[Given]:
    """Files of the shapes that a source loads."""
    return _by_source("shapes").get(name, [])


def fixtures() -> list[Given]:
    """The input of each fixture."""
    return [Given(f"tests/fixtures/{path.parent.name}", path.name, path.read_bytes()) for path in sorted(FIXTURES.glob("*/input.*"))]


@cache
def _by_source(what: str) -> dict[str, list[Given]]:
    found: dict[str, list[Given]] = {}
    for given in _FILES[what]():
        found.setdefault(loader(given), []).append(given)
    return found


def _planted() -> list[Given]:
    return [Given("tests/support/canaries.py", one.name, one.content.encode(), one.kind) for one in planted_files(0)]


def _small() -> list[Given]:
    samples = ((name, shape.make(4)) for name, shape in SHAPES.items())
    return [
        Given(f"{name} of tests/support/shapes.py", one.name, one.text.encode("utf-8", "surrogatepass"), one.kind) for name, one in samples
    ]


_FILES = {"fixtures": fixtures, "canaries": _planted, "shapes": _small}


def loader(given: Given) -> str:
    """The name of the source that loads a file, as a run chooses it; empty where none does."""
    file = SourceFile(given.name, given.data)
    if given.kind is not None:
        return name_of(maker_of(file, given.kind))
    answers = [(module, answer) for module in modules_for(file) if (answer := module.detect(file)) is not None]
    if not answers:
        return ""
    module, answer = max(answers, key=lambda pair: pair[1].confidence)
    return name_of(module) if answer.kind is not None else ""
