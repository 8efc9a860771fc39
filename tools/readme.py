"""What README.md shows: blocks that are made by running the tool, and blocks that others use.

A comment before a fenced block says what it is: ``<!-- output: COMMAND -->`` is filled with the command and what it prints (after
``; findings 2-4`` with these findings only); any other comment names the block, and ``python tools/readme.py NAME`` prints it.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"

_BLOCK = re.compile(r"<!-- (?P<name>[^>]+) -->\n```(?P<language>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_OUTPUT = re.compile(r"output: (?P<command>.+?)(?:; findings (?P<first>\d+)-(?P<last>\d+))?")


def block(name: str) -> str:
    """The text of the block with a name."""
    [text] = [match["text"] for match in _BLOCK.finditer(README.read_text(encoding="utf-8")) if match["name"] == name]
    return text


def build() -> str:
    """The README with every output as it is now."""
    return filled(README.read_text(encoding="utf-8"))


def filled(text: str) -> str:
    """The README, or a part of it, with every output as it is now."""
    return _BLOCK.sub(_output, text)


def _output(match: re.Match[str]) -> str:
    output = _OUTPUT.fullmatch(match["name"])
    if output is None:
        return match[0]
    text = printed(output["command"])
    if output["first"]:
        text = _some(text, int(output["first"]), int(output["last"]))
    return f"<!-- {match['name']} -->\n```{match['language']}\n$ {output['command']}\n{text}```"


def printed(command: str) -> str:
    """What a command of ours prints in a terminal without colours, from the folder of the README."""
    program, *arguments = shlex.split(command)
    if program != "medplum-lint":
        raise ValueError(f"not a command of ours: {command}")
    done = subprocess.run(
        [sys.executable, "-m", "linter", *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    )
    if done.returncode > 1:
        raise ValueError(f"{command} exits {done.returncode}:\n{done.stdout}")
    return done.stdout


def _some(text: str, first: int, last: int) -> str:
    """Some of the findings of a text report, its summary."""
    *findings, summary = text.split("\n\n")
    chosen = findings[first - 1 : last]
    before, after = ["…"] * (first > 1), ["…"] * (last < len(findings))
    return "\n\n".join([*before, *chosen, *after, summary])


def main(names: list[str]) -> None:
    """Print blocks."""
    for name in names:
        sys.stdout.write(block(name))


if __name__ == "__main__":
    main(sys.argv[1:])
