"""The words on the left of the table "Words" in CONTRIBUTING.md are in no message, help text, page, rule or recipe."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest
from click.testing import CliRunner
from support.checkout import ROOT

from linter.cli import cli

TABLE = re.compile(r"^\| not \| but \|\n\| --- \| --- \|\n((?:\|.*\n)+)", re.MULTILINE)
FILES = (
    "*.md",
    ".pre-commit-hooks.yaml",
    "action.yml",
    "benchmarks/README.md",
    "docs/**/*.md",
    "editors/vscode/*.md",
    "editors/vscode/package.json",
    "editors/vscode/src/*.ts",
    "linter/**/*.sh",
    "linter/**/*.yaml",
    "man/*",
    "recipes/*",
    "rules/**/*.yaml",
    "tests/fixtures/real/README.md",
)


FOLDERS = sorted(path.name for path in (ROOT / "linter").iterdir() if path.is_dir() and not path.name.startswith("_"))
"""The packages of the program."""


@cache
def words() -> dict[str, str]:
    """Each word or phrase of the table, with what to write instead."""
    [table] = TABLE.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    rows = (line.strip("| ").split(" | ") for line in table.splitlines())
    return {word: instead for left, instead in rows for word in left.split(", ")}


@cache
def pattern() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, words()))})\b".replace(r"\ ", r"\s+"), re.IGNORECASE)


def found_in(name: str, text: str, line: int = 1) -> Iterator[str]:
    """Each word of the table in a text that begins at this line of a file."""
    for match in pattern().finditer(text):
        word = " ".join(match[0].split()).lower()
        yield f'{name}:{line + text.count(chr(10), 0, match.start())}: "{word}": write {words()[word]}'


def strings(source: str) -> Iterator[tuple[int, str]]:
    """The strings of a module with their lines, without docstrings; a value in an f-string is a pair of braces."""
    left_out: set[ast.AST] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr):
            left_out.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            left_out.update(part for part in node.values if isinstance(part, ast.Constant))
            yield node.lineno, "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in left_out:
            yield node.lineno, node.value


@pytest.mark.parametrize("modules", ["linter/*.py", *(f"linter/{folder}/**/*.py" for folder in FOLDERS)])
def test_no_message_has_them(modules: str) -> None:
    sources = ((path, path.read_text(encoding="utf-8")) for path in sorted(ROOT.glob(modules)))
    texts = ((path.relative_to(ROOT).as_posix(), text, line) for path, source in sources for line, text in strings(source))
    wrong = [one for name, text, line in texts for one in found_in(name, text, line)]
    assert not wrong, "\n".join(wrong)


def test_no_page_rule_or_recipe_has_them() -> None:
    paths = {path for glob in FILES for path in ROOT.glob(glob)}
    assert {path.name for path in paths} >= {
        "README.md",
        "cli.md",
        "medplum-lint.1",
        "gitlab-ci.yml",
        "missing-setting.yaml",
        "fix_script.sh",
    }
    texts = ((path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in sorted(paths))
    without_the_table = ((name, TABLE.sub(lambda table: "\n" * table[0].count("\n"), text)) for name, text in texts)
    wrong = [one for name, text in without_the_table for one in found_in(name, text)]
    assert not wrong, "\n".join(wrong)


def test_no_help_has_them() -> None:
    helps = {name: CliRunner().invoke(cli, [*name.split(), "--help"]).output for name in ("", *cli.commands)}
    wrong = [one for name, text in helps.items() for one in found_in(f"medplum-lint {name} --help", text)]
    assert not wrong, "\n".join(wrong)


def test_a_word_is_found() -> None:
    assert list(found_in("a.md", "Nobody\nslipstreams what is laid\n  over it.", line=7)) == [
        'a.md:7: "nobody": write no one, the user, others, or the passive',
        'a.md:8: "laid over": write merged over',
    ]
    source = '"""Anew."""\nX = f"of {1} slip" "s"\n\ndef f():\n    "Nobody."\n    return "all " "else"\n'
    assert list(strings(source)) == [(2, "of {} slips"), (6, "all else")]
