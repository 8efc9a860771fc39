"""docs/editors.md, and the extension in ``editors/vscode``: its settings are documented, its version is ours. (CI runs its tests.)"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import pytest
from support.checkout import ROOT
from support.pages import code, rows, text_of

from linter import __version__

VSCODE = ROOT / "editors" / "vscode"
MANIFEST: Any = json.loads((VSCODE / "package.json").read_text(encoding="utf-8"))
CONTRIBUTES = MANIFEST["contributes"]
PAGE = text_of("editors.md")


def test_its_version_is_ours() -> None:
    lock = json.loads((VSCODE / "package-lock.json").read_text(encoding="utf-8"))
    assert (MANIFEST["version"], lock["version"]) == (__version__, __version__)
    assert f"\n## {__version__} (" in (VSCODE / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f'\nversion = "{__version__}"\n' in PAGE  # of the extension for Zed


def test_its_licence_is_ours() -> None:
    assert (VSCODE / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


@pytest.mark.parametrize("page", [PAGE, (VSCODE / "README.md").read_text(encoding="utf-8")], ids=["docs", "readme"])
def test_its_settings_are_documented(page: str) -> None:
    documented = {code(name)[0]: json.loads(code(default)[0]) for name, default, *_ in rows(page) if name.startswith("`medplumLint.")}
    assert documented == {name: one["default"] for name, one in CONTRIBUTES["configuration"]["properties"].items()}


def test_its_commands_are_documented() -> None:
    titles = {f"{command['category']}: {command['title']}" for command in CONTRIBUTES["commands"]}
    assert set(re.findall(r'"(medplum-lint: [^"]+)"', PAGE)) == titles


def test_a_workspace_that_is_not_trusted_chooses_no_program() -> None:
    untrusted = MANIFEST["capabilities"]["untrustedWorkspaces"]
    assert (untrusted["supported"], untrusted["restrictedConfigurations"]) == ("limited", ["medplumLint.path"])
    assert CONTRIBUTES["configuration"]["properties"]["medplumLint.path"]["scope"] == "machine-overridable"


@pytest.mark.parametrize("text", re.findall(r"^```json\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
def test_json_to_copy(text: str) -> None:
    assert isinstance(json.loads(text), dict)


@pytest.mark.parametrize("text", re.findall(r"^```toml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
def test_toml_to_copy(text: str) -> None:
    tomllib = pytest.importorskip("tomllib" if sys.version_info >= (3, 11) else "tomli")
    assert tomllib.loads(text)


def test_every_editor_starts_the_server() -> None:
    starts = ("{ 'medplum-lint', 'lsp' }", 'command = "medplum-lint"\nargs = ["lsp"]', 'vec!["lsp".to_string()]', '"medplum-lint lsp"')
    assert [start for start in starts if start not in PAGE] == []
