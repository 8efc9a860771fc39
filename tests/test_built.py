"""The files that a start reads in place of YAML and imports: an edit of whatever they are made of counts at once in a checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.checkout import ROOT

from linter import _built

WRONG = '{"baseUrl": "https://api.clinic.test", "port": "8103", "supportEmail": "a@clinic.test"}'


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, as far as a run needs it."""
    copy = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "linter", copy / "linter", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "rules", copy / "rules")
    shutil.copy(ROOT / "setup.cfg", copy)
    return copy


def found(copy: Path) -> str:
    """What a run of the copy prints about a file with mistakes."""
    arguments = ["--stdin-filename", "medplum.config.json", "-"]
    code = f"import sys; sys.path.insert(0, {str(copy)!r}); sys.argv[1:] = {arguments}; from linter.__main__ import main; main()"
    return subprocess.run([sys.executable, "-I", "-c", code], input=WRONG, capture_output=True, text=True, cwd=copy, check=False).stdout


def edited(path: str, before: str, after: str) -> Callable[[Path], None]:
    def edit(copy: Path) -> None:
        file = copy / path
        text = file.read_text(encoding="utf-8")
        assert before in text
        file.write_text(text.replace(before, after), encoding="utf-8")

    return edit


FORMAT = """
from . import format


@format("capitals", "A text in capitals.")
def capitals(text):
    return None if text.isupper() else "must be in capitals"
"""
OPERATOR = """
from . import TEXT, operator
from ..verdict import Failure


@operator("without", schema=TEXT, operand="text", says="is a text without this in it")
def without(operand):
    return lambda value, node: (Failure(f"must not hold {operand}"),) if operand in value else True
"""
RULE = """
id: base-url-in-capitals
title: baseUrl is not in capitals
severity: error
for: server
must: {baseUrl: {MUST}}
message: "${@path} ${@reason}"
docs: A rule of this test.
"""


def with_a_format(copy: Path) -> None:
    (copy / "linter" / "formats" / "capitals.py").write_text(FORMAT, encoding="utf-8")
    (copy / "rules" / "base-url-in-capitals.yaml").write_text(RULE.replace("MUST", "format: capitals"), encoding="utf-8")


def with_an_operator(copy: Path) -> None:
    (copy / "linter" / "policy" / "operators" / "without.py").write_text(OPERATOR, encoding="utf-8")
    (copy / "rules" / "base-url-in-capitals.yaml").write_text(RULE.replace("MUST", "without: clinic"), encoding="utf-8")


DETECT = "def detect(file: SourceFile) -> Recognised | None:"
EDITS = {
    "a rule": (
        edited("rules/urls/missing-trailing-slash.yaml", "class: fails", "class: notable"),
        "note[missing-trailing-slash]",
    ),
    "a setting": (edited("linter/settings/server.yaml", "\nport:\n", "\nhafen:\n"), "port is not known to this version of medplum-lint"),
    "a source": (edited("linter/sources/server_json.py", DETECT, f"{DETECT}\n    return Recognised(None, 99, 'edited')"), "edited"),
    "a format in a module of its own, with a rule that asks for it": (with_a_format, "baseUrl must be in capitals"),
    "an operator in a module of its own, with a rule that asks it": (with_an_operator, "baseUrl must not hold clinic"),
    "a source that the index does not give such files": (
        edited("linter/sources/infra_json.py", DETECT, f"MEMBERS = ()\n\n\n{DETECT}\n    return Recognised(None, 99, 'edited')"),
        "edited",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", EDITS)
def test_an_edit_counts_at_once(what: str, whole: Path, tmp_path: Path) -> None:
    edit, expected = EDITS[what]
    assert expected not in found(whole)
    copy = tmp_path / "checkout"
    shutil.copytree(whole, copy)
    edit(copy)
    assert expected in found(copy)


@pytest.mark.slow
def test_the_folder_of_a_file_counts(tmp_path: Path) -> None:
    """A rule that is moved to another folder is of another category."""
    for folder in ("tls", "mail"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "rule.yaml").write_bytes(b"1")
    assert _built.digest([str(tmp_path / "tls" / "rule.yaml")]) != _built.digest([str(tmp_path / "mail" / "rule.yaml")])


def test_an_installed_package_trusts_what_was_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "linter" / "_built"
    here.mkdir(parents=True)
    monkeypatch.setattr(_built, "HERE", str(here))
    (tmp_path / "source").write_bytes(b"1")
    made_of = [str(tmp_path / "source")]
    assert _built.read("x", lambda: made_of, list) == []
    (here / "x.json").write_text('{"digest": "another", "content": [1]}', encoding="utf-8")
    assert _built.read("x", lambda: made_of, list) == [1]
    (tmp_path / "setup.cfg").touch()
    assert _built.read("x", lambda: made_of, list) == []
    (here / "x.json").write_text(_built.text("[2]", made_of), encoding="utf-8")
    assert _built.read("x", lambda: made_of, list) == [2]
    (tmp_path / "source").write_bytes(b"2")
    assert _built.read("x", lambda: made_of, list) == []
