"""The blocks of code in README.md and ``docs/``: what is made by running the tool, and what tests and CI run.

A comment before a fenced block says what it is, on every page alike:

``<!-- output: COMMAND -->``
    the command and what it prints; after ``; finding 3`` only the third part of a report (its heading is the first), after
    ``; findings 2-4`` these parts and the summary, after ``; one rule`` JSON with the first of its ``rules``
``<!-- recipe: NAME -->``
    a file of ``recipes/``
``<!-- copy: NAME -->``
    the block of that name on another page
``<!-- tutorial -->``, ``<!-- tutorial: FILE -->``
    commands with what they print, or a file, one after the other in a folder of the page's own

Any other comment names the block; ``python tools/blocks.py NAME`` prints it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
import tempfile
from pathlib import Path

from click.testing import CliRunner

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from linter.cli import cli  # noqa: E402

RECIPES = ROOT / "recipes"

BLOCK = re.compile(r"<!-- (?P<name>[^>\n]+) -->\n(?P<fence>```\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_OUTPUT = re.compile(r"output: (?P<command>.+?)(?:; (?:findings? (?P<first>\d+)(?:-(?P<last>\d+))?|(?P<cut>one rule)))?")


def pages() -> list[Path]:
    """The pages that are written by hand: README.md, and those right in ``docs/``."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def block(name: str) -> str:
    """The text of the block with a name."""
    [text] = [match["text"] for page in pages() for match in BLOCK.finditer(page.read_text(encoding="utf-8")) if match["name"] == name]
    return text


def filled(text: str) -> str:
    """A page, or a part of it, with every block as it is now."""
    with tempfile.TemporaryDirectory() as folder:
        return BLOCK.sub(lambda match: f"<!-- {match['name']} -->\n{match['fence']}\n{_content(match, Path(folder))}```", text)


def _content(match: re.Match[str], folder: Path) -> str:
    kind, _, argument = match["name"].partition(": ")
    output = _OUTPUT.fullmatch(match["name"])
    if output is not None:
        text = printed(output["command"])
        return f"$ {output['command']}\n{_with_one_rule(text) if output['cut'] else _some(text, output['first'], output['last'])}"
    if kind == "recipe":
        return (RECIPES / argument).read_text(encoding="utf-8")
    if kind == "copy":
        return block(argument)
    if kind == "tutorial":
        return _step(argument, match["text"], folder)
    return match["text"]


def _step(file: str, text: str, folder: Path) -> str:
    """A step of a tutorial, done in a folder: a file that it shows, or commands with what they print."""
    if file:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, encoding="utf-8")
        return text
    return "".join(f"$ {command}\n{printed(command, folder)}" for command in re.findall(r"^\$ (.+)$", text, re.MULTILINE))


def printed(command: str, folder: Path = ROOT) -> str:
    """What a command of ours prints in a terminal without colours, in a folder."""
    program, *arguments = shlex.split(command)
    if program != "medplum-lint":
        raise ValueError(f"not a command of ours: {command}")
    here = Path.cwd()
    os.chdir(folder)
    try:
        done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    finally:
        os.chdir(here)
    if done.exit_code > 1:
        raise ValueError(f"{command} exits {done.exit_code}:\n{done.output}")
    return done.output


def _with_one_rule(text: str) -> str:
    report = json.loads(text)
    report["tool"]["data_sha256"] = "…"  # which each edit of a rule changes
    return f"{json.dumps({**report, 'rules': report['rules'][:1]}, indent=2, ensure_ascii=False)}\n"


def _some(text: str, first: str | None, last: str | None) -> str:
    """One finding of a text report, or several with its summary; all of it where none is named."""
    if first is None:
        return text
    *findings, summary = text.split("\n\n")
    if last is None:
        return f"{findings[int(first) - 1]}\n"
    before, after = ["…"] * (int(first) > 1), ["…"] * (int(last) < len(findings))
    return "\n\n".join([*before, *findings[int(first) - 1 : int(last)], *after, summary])


def main(names: list[str]) -> None:
    """Print blocks."""
    for name in names:
        sys.stdout.write(block(name))


if __name__ == "__main__":
    main(sys.argv[1:])
