"""``from linter import check``: what a program gets is what the command line reports, and what its documentation shows."""

from __future__ import annotations

import doctest
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.checkout import ROOT

import linter
from linter import Result, check
from linter.api import CheckOptions
from linter.cli import cli
from linter.options import options_of

WITHOUT_SLASH = '{\n  "baseUrl": "https://api.clinic.org",\n  "port": 8103\n}\n'
FIXED = b'{\n  "baseUrl": "https://api.clinic.org/",\n  "port": 8103\n}\n'


def found(result: Result) -> list[str]:
    return [f"{one.path}:{one.line}:{one.column} {one.rule} {one.severity}" for one in result.findings]


def reported(*arguments: str) -> list[dict[str, Any]]:
    """The findings of the command line."""
    found: list[dict[str, Any]] = json.loads(CliRunner().invoke(cli, [*arguments, "--format", "json"]).stdout)["findings"]
    return found


# --- The package. -------------------------------------------------------------------------------------------------------------------


def test_the_package_has_these_two_names() -> None:
    assert dir(linter) == ["Result", "check"]
    with pytest.raises(AttributeError, match="no attribute 'lint'"):
        linter.lint  # noqa: B018  # type: ignore[attr-defined]


def test_importing_the_package_imports_nothing() -> None:
    program = "import sys; before = set(sys.modules); import linter; print(sorted(set(sys.modules) - before))"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert printed == "['linter']\n"


def test_the_documentation_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "medplum.config.json").write_text(WITHOUT_SLASH, encoding="utf-8")
    results = doctest.testfile(str(ROOT / "docs" / "python.md"), module_relative=False, encoding="utf-8")
    assert results.failed == 0 and results.attempted == 11
    assert (tmp_path / "deploy" / "medplum.config.json").read_bytes() == FIXED


# --- Findings. ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", ["examples/medplum.config.json", "tests/fixtures/compose-mistakes", "tests/fixtures/ssm-mistakes"])
def test_findings_are_those_of_the_command_line(example: str) -> None:
    path = str(ROOT / example)
    assert [
        {
            "rule": one.rule,
            "severity": one.severity,
            "message": one.message,
            "path": one.path,
            "setting": one.setting,
            "environment": one.environment,
            "suppressed": one.suppressed,
            "range": {"start": {"line": one.line, "column": one.column}, "end": {"line": one.end_line, "column": one.end_column}},
        }
        for one in check(path).findings
    ] == [
        {name: one[name] for name in ("rule", "severity", "message", "path", "setting", "environment", "suppressed", "range")}
        for one in reported(path)
    ]


def test_a_text_is_what_its_name_says() -> None:
    assert found(check(text=WITHOUT_SLASH.encode())) == ["medplum.config.json:2:14 missing-trailing-slash error"]
    assert found(check(text="MEDPLUM_MAX_JSON_SIZE=1mb\nMEDPLUM_BASE_URL=https://api.clinic.org\n", name="prod.env")) == [
        "prod.env:2:18 missing-trailing-slash error"
    ]


def test_what_cannot_be_read_is_an_error_and_raises_nothing(tmp_path: Path) -> None:
    (tmp_path / "medplum.config.json").write_text(WITHOUT_SLASH, encoding="utf-8")
    result = check(tmp_path / "medplum.config.json", tmp_path / "none.json")
    assert len(result.findings) == 1 and result.exit_code == 2
    assert result.errors == (f"{tmp_path}/none.json: no such file or folder",)


# --- Options. -----------------------------------------------------------------------------------------------------------------------


def test_every_option_is_one_of_the_command_line() -> None:
    assert CheckOptions.__annotations__.keys() <= {option.names.split()[0].strip("-").replace("-", "_") for option in options_of("check")}


def test_options_do_what_they_do_on_the_command_line() -> None:
    assert check(text=WITHOUT_SLASH, ignore=["urls", "missing-host"]).findings == ()
    assert check(text=WITHOUT_SLASH, select="tls,mail").findings == ()
    assert check(text=WITHOUT_SLASH, select=()).exit_code == 1
    assert check(text=WITHOUT_SLASH, fail_on="never").exit_code == 0
    assert check(text='{"bots": []}', kind="infra/json", isolated=True).exit_code == 1


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"server_version": "four"}, "server_version: 'four' is neither"),
        ({"target": "staging"}, "target: 'staging' is not one of auto, production, development"),
        ({"kind": "server"}, 'kind: "server" is not one of'),
        ({"now": "yesterday"}, "now: "),
        ({"rules": [""]}, "rules: it names no folder"),
        ({"config": "none.toml"}, "none.toml: cannot be read: no such file or directory"),
        ({"config": "none.toml", "isolated": True}, "--isolated uses no configuration file"),
    ],
)
def test_a_value_that_an_option_does_not_take(options: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        check(text="{}", **options)


@pytest.mark.parametrize("options", [{"fix": True}, {"slect": ["tls"]}, {"output": "x"}])
def test_an_option_that_does_not_exist(options: Any) -> None:
    with pytest.raises(TypeError, match=f"check\\(\\) has no option '{next(iter(options))}': it has allow_unrecognized, "):
        check(text="{}", **options)


def test_paths_or_a_text() -> None:
    with pytest.raises(TypeError, match="either paths or a text"):
        check()
    with pytest.raises(TypeError, match="either paths or a text"):
        check("medplum.config.json", text="{}")


# --- Fixes. -------------------------------------------------------------------------------------------------------------------------


def test_fixed_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "medplum.config.json"
    file.write_text(WITHOUT_SLASH, encoding="utf-8")
    result = check(file)
    assert result.fixed() == {}
    assert result.fixed(unsafe=True) == {str(file): FIXED}
    assert file.read_text(encoding="utf-8") == WITHOUT_SLASH


def test_fix_writes_and_tells_what_is_left(tmp_path: Path) -> None:
    file = tmp_path / "medplum.config.json"
    file.write_text(WITHOUT_SLASH.replace("8103", '"a port"'), encoding="utf-8")
    left = check(file).fix(unsafe=True)
    assert [(one.rule, one.setting) for one in left.findings] == [("wrong-type", "port")]
    assert "api.clinic.org/" in file.read_text(encoding="utf-8")


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    file, other = tmp_path / "medplum.config.json", tmp_path / "second.json"
    file.write_text(WITHOUT_SLASH, encoding="utf-8")
    other.hardlink_to(file)
    left = check(file).fix(unsafe=True)
    assert len(left.findings) == 1 and left.exit_code == 2
    assert "more than one name" in left.errors[0]


def test_a_text_has_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "medplum.config.json").write_text(WITHOUT_SLASH, encoding="utf-8")
    with pytest.raises(TypeError, match="a text has no file"):
        check(text=WITHOUT_SLASH).fix(unsafe=True)
    assert (tmp_path / "medplum.config.json").read_text(encoding="utf-8") == WITHOUT_SLASH
