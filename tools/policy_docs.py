"""``docs/policies.md``: written by hand, but for the tables between ``<!-- NAME -->`` and ``<!-- end -->``, which are made here.

So is what the commands of its tutorial print, one after the other in a folder with the files that the tutorial shows.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from linter.conformance.mismatch import ASPECTS
from linter.formats import FORMATS
from linter.policy.operators import OPERATORS
from linter.policy.severity import CLASSES
from linter.settings import KINDS, catalogue

PAGE = Path(__file__).resolve().parent.parent / "docs" / "policies.md"
_STEP = re.compile(r"<!-- tutorial(?:: (?P<file>[\w./-]+))? -->\n```\w+\n(?P<text>.*?)```", re.DOTALL)
_TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def build() -> str:
    """The text of the page with its tables and outputs as they are now."""
    page = _TABLE.sub(lambda match: f"{match[1]}\n{TABLES[match[2]]()}\n{match[3]}", PAGE.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        return _STEP.sub(lambda match: _step(match, Path(folder)), page)


def _step(match: re.Match[str], folder: Path) -> str:
    """A step of the tutorial, done in a folder: a file that it shows, or commands with what they print."""
    if match["file"]:
        (folder / match["file"]).write_text(match["text"], encoding="utf-8")
        return match[0]
    commands = re.findall(r"^\$ medplum-lint (.+)$", match["text"], re.MULTILINE)
    outputs = [f"$ medplum-lint {command}\n{_printed(shlex.split(command), folder)}" for command in commands]
    return f"<!-- tutorial -->\n```console\n{''.join(outputs)}```"


def _printed(arguments: list[str], folder: Path) -> str:
    root = str(PAGE.parent.parent)
    done = subprocess.run(
        [sys.executable, "-m", "linter", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": root},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    if done.returncode > 1:
        raise ValueError(f"medplum-lint {shlex.join(arguments)} exits {done.returncode}:\n{done.stdout}")
    return done.stdout


def _operators() -> str:
    """The operators by name; those that say the same in one row, at the first of them."""
    rows: dict[str, list[str]] = {}
    for name, one in OPERATORS.items():
        rows.setdefault(one.says, []).append(f"`{name}: {one.operand}`")
    return _table(("operator", "holds when the value"), ((", ".join(names), says) for says, names in rows.items()))


def _formats() -> str:
    return _table(("format", "what fits"), ((f"`{name}`", form.describes) for name, form in FORMATS.items()))


def _aspects() -> str:
    return _table(("aspect", "what it asks"), ((f"`{name}`", asks) for name, asks in ASPECTS.items()))


def _tags() -> str:
    tags: dict[str, list[str]] = {}
    for kind in KINDS:
        for tag in catalogue(kind).tags():
            tags.setdefault(tag, []).extend(".".join(map(str, path)) for path in catalogue(kind).tagged(tag))
    return _table(("tag", "settings"), ((f"`<{tag}>`", _some(list(dict.fromkeys(names)))) for tag, names in sorted(tags.items())))


def _some(names: list[str], most: int = 3) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _table(head: tuple[str, str], rows: Iterator[tuple[str, str]]) -> str:
    lines = [f"| {head[0]} | {head[1]} |", "| --- | --- |", *(f"| {name} | {says} |".replace("\\", "\\\\") for name, says in rows)]
    return "\n".join(lines) + "\n"


def _classes() -> str:
    rows = [f"| `{name}` | {one.says} | {one.production} | {one.development} |" for name, one in CLASSES.items()]
    return "\n".join(["| class | what comes of it | in production | in development |", "| --- | --- | --- | --- |", *rows, ""])


TABLES: dict[str, Callable[[], str]] = {
    "operators": _operators,
    "formats": _formats,
    "aspects": _aspects,
    "tags": _tags,
    "classes": _classes,
}
