"""Names that would steer a terminal or a CI runner: in every place of a name, in every command and format, on both outputs."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from support.formats import foreign_commands

from linter import cli, reporters
from linter.text import printable, printable_lines

pytestmark = pytest.mark.skipif(os.name != "posix", reason="this is about Unix's names")

HOSTILE = [
    "a\n::error::hacked\r\n  ::set-output name=x::y",
    "::error::hacked ##[error]x ##VSO[task.complete]x",
    "\x1b[2J\x1b]0;title\x07a\u202eb\u2066c\u200b\x7f\x9b31m",
    "a\u2028::error::b\u2029c\x85::error::d\x01\x0b\x0c\ttab\ufeff",
    "a\udcff\udce9b",
]
BAD = '{"baseUrl": "https://api.hospital.example", "database": {}, "redis": {}}'
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb]")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def tame(*arguments: str, given: str | None = None, code: int | None = None, quiet: bool = False) -> str:
    """What a command prints, which holds no control character and no command of a runner."""
    result = CliRunner().invoke(cli.cli, list(arguments), input=given)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code != 3 and (code is None or result.exit_code == code)
    form = arguments[arguments.index("--format") + 1] if "--format" in arguments else "text"
    for output, kind in ((result.stdout, form), (result.stderr, "text")):
        assert FORBIDDEN.search(output) is None, repr(output)
        assert "\t" not in output
        assert foreign_commands(kind, output) == []
    assert quiet or result.output
    return result.output


def written(name: str, text: str) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return name


FORMATS = reporters.names()


@pytest.mark.quick_cases(4)
@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("form", FORMATS)
def test_names_of_files(hostile: str, form: str) -> None:
    name = f"medplum-{hostile}.json"
    written(name, BAD)
    written(f"{hostile}/{name}", BAD)
    tame(".", "--format", form, code=1)
    tame(name, "--format", form, code=1)
    tame(f"nowhere {hostile}", "--format", form, code=2)
    tame(f"*{hostile}", "--format", form, code=2)
    tame("[z-a]" + hostile, code=2)
    tame(name, "--max-size", "3", "--format", form, code=2)
    tame("-", "--stdin-filename", hostile, "--format", form, given=BAD, code=1)
    written(f"medplum-b{hostile}.json", '{"bots": []}')
    tame(f"medplum-b{hostile}.json", "--format", form)
    Path(f"x{hostile}").mkdir()
    tame(f"x{hostile}", code=2)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_names_of_outputs(hostile: str) -> None:
    name = written(f"medplum-{hostile}.json", BAD)
    tame(name, "-o", f"no/{hostile}", code=2)
    tame(name, "-o", name, code=2)
    Path(f"folder{hostile}").mkdir()
    tame(name, "-o", f"folder{hostile}", code=2)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_names_in_other_commands(hostile: str) -> None:
    name = written(f"medplum-{hostile}.json", BAD)
    broken = written(f"medplum-{hostile}2.json", "{")
    tame("show", name)
    tame("show", name, "--format", "json")
    tame("show", broken, code=2)
    tame("show", f"nowhere {hostile}", code=2)
    tame("diff", name, name, code=0)
    tame("diff", name, f"{name}#{hostile}", code=2)
    tame("diff", broken, f"nowhere {hostile}", code=2)
    tame("explain", hostile, code=2)
    tame("test", f"nowhere {hostile}", code=2)
    tame("rules", "--rules", f"nowhere {hostile}", code=2)
    tame(name, "--config", f"nowhere {hostile}", code=2)
    other = written(f"other-{hostile}.json", BAD.replace("api.hospital", "api.other"))
    tame("diff", name, other, code=1)


@pytest.mark.quick_cases(24)
@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize(
    "option",
    [
        "--format",
        "--kind",
        "--target",
        "--select",
        "--ignore",
        "--fail-on",
        "--now",
        "--color",
        "--max-size",
        "--rules",
        "--config",
        "--{}",
        "--{}=x",
        "-{}",
    ],
)
def test_values_of_options(hostile: str, option: str) -> None:
    tame("-", option.format(hostile), *([] if "{" in option else [hostile]), given=BAD, code=2)
    tame("show", option.format(hostile), hostile, code=2)


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize(
    "text", ["{} = 1", "[{}]\nx = 1", "fail-on = {}", "ignore = [{}]", "severity = {{{} = 'off'}}", "exclude = [{}]", "rules = [{}]"]
)
def test_names_in_a_configuration(hostile: str, text: str) -> None:
    if "\udcff" in hostile:
        return  # no TOML
    quoted = '"' + "".join(f"\\u{ord(char):04x}" if not char.isalnum() else char for char in hostile) + '"'
    written(".medplum-lint.toml", text.format(quoted) + "\n")
    tame("-", given=BAD)
    if text.startswith("rules"):
        tame("rules")
        tame("test")
    written(".medplum-lint.toml", f"[per-file.{quoted}]\n{text.format(quoted) if '=' in text and '[{' not in text else 'x = 1'}\n")
    tame("-", given=BAD)


def policy(**more: object) -> str:
    base = {
        "id": "acme/p",
        "title": "A policy",
        "severity": "error",
        "for": "server",
        "must": {"baseUrl": {"ends_with": "/"}},
        "message": "it ${@reason}",
        "docs": "Why.",
        "examples": {"good": [{"data": {"baseUrl": "x/"}}], "bad": [{"data": {"baseUrl": "x"}, "finds": ["baseUrl"]}]},
    }
    return yaml.safe_dump({**base, **more})


PLACES: dict[str, Callable[[str], dict[str, object]]] = {
    "id": lambda hostile: {"id": hostile},
    "title": lambda hostile: {"title": hostile},
    "docs": lambda hostile: {"docs": f"Why.\n{hostile}\n{hostile}"},
    "message": lambda hostile: {"message": f"{hostile} ${{@reason}} {hostile}"},
    "operator": lambda hostile: {"must": {"baseUrl": {hostile: 1}}},
    "operand": lambda hostile: {"must": {"baseUrl": {"ends_with": hostile}}},
    "not": lambda hostile: {"must": {"baseUrl": {"not": {"starts_with": [hostile, "https"]}}}},
    "path": lambda hostile: {"must": {hostile: "present"}},
    "quoted path": lambda hostile: {"must": {f'"{hostile}"': "present"}, "message": "${@path} ${@key} ${@reason}"},
    "format": lambda hostile: {"must": {"baseUrl": {"format": hostile}}},
    "pattern": lambda hostile: {"must": {"baseUrl": {"matches": f"({hostile}"}}},
    "kind": lambda hostile: {"for": hostile},
    "key": lambda hostile: {hostile: "x"},
    "links": lambda hostile: {"links": [f"https://x.example/{hostile}"]},
    "tags": lambda hostile: {"tags": [hostile]},
    "example": lambda hostile: {
        "examples": {
            "good": [{"name": hostile, "text": f'{{"baseUrl": "x/"}}\n{hostile}'}],
            "bad": [{"name": hostile, "data": {"baseUrl": hostile, hostile: hostile}, "finds": [hostile]}],
        }
    },
    "fix": lambda hostile: {"fix": {"safe": False, "set": {"baseUrl": f"{hostile}${{.}}", f'"{hostile}"': hostile}}},
}


@pytest.mark.quick_cases(4)
@pytest.mark.parametrize("hostile", [one for one in HOSTILE if "\udcff" not in one])
@pytest.mark.parametrize("place", sorted(PLACES))
def test_texts_of_a_policy(hostile: str, place: str) -> None:
    written("policies/p.yaml", policy(**PLACES[place](hostile)))
    for form in FORMATS:
        tame("-", "--rules", "policies", "--format", form, "--select", "acme/p", given=BAD)
    if place in ("id", "title", "docs", "links", "example"):
        tame("rules", "--rules", "policies")
        tame("rules", "--rules", "policies", "--format", "json")
        tame("explain", "acme/p", "--rules", "policies")
    tame("test", "policies")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_names_of_policies_and_their_folders(hostile: str) -> None:
    written(f"policies {hostile}/{hostile}.yaml", policy())
    written(f"policies {hostile}/b.yaml", f"{{: {hostile}")
    tame("-", "--rules", f"policies {hostile}", given=BAD, code=2)
    tame("test", f"policies {hostile}", code=2)


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize("hostile", [one for one in HOSTILE if "\udcff" not in one])
@pytest.mark.parametrize("form", FORMATS)
def test_names_of_settings_environments_and_parameters(hostile: str, form: str) -> None:
    """And their values, where the setting is public."""
    name = written(
        "medplum.config.json", json.dumps({**json.loads(BAD), hostile: 1, "appBaseUrl": hostile, "redis": {hostile: 1, "port": hostile}})
    )
    dump = {
        "Parameters": [{"Name": f"/medplum/{hostile}/{name}", "Type": "String", "Value": hostile} for name in ("baseUrl", "port", hostile)]
    }
    written("dump.json", json.dumps(dump))
    env = written("server.env", f"MEDPLUM_BASE_URL={hostile!r}\nMEDPLUM_{hostile}=1\nMEDPLUM_PORT='{hostile}'\n")
    manifest = {
        "services": {
            hostile: {"image": "medplum/medplum-server", "environment": {"MEDPLUM_BASE_URL": hostile, f"MEDPLUM_{hostile}": hostile}}
        }
    }
    written("compose.yaml", yaml.safe_dump(manifest))
    container = {
        "name": hostile,
        "image": "medplum/medplum-server",
        "environment": [{"name": "MEDPLUM_BASE_URL", "value": hostile}, {"name": f"MEDPLUM_{hostile}", "value": hostile}],
        "secrets": [{"name": "MEDPLUM_PORT", "valueFrom": hostile}, {"name": "MEDPLUM_PORT", "valueFrom": hostile}],
    }
    written("task-definition.json", json.dumps({"family": hostile, "containerDefinitions": [container, container]}))
    for path in (name, "dump.json", env, "compose.yaml", "task-definition.json"):
        tame(path, "--format", form)
        if form in ("text", "json"):
            tame("show", path, "--format", form)
    tame(name, "dump.json", env, "--format", form)
    if form in ("text", "json"):
        tame("diff", name, "dump.json", "--format", form)


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("hostile", HOSTILE)
def test_which_configuration_was_used(hostile: str) -> None:
    folder = f"deploy {hostile}"
    written(f"{folder}/.medplum-lint.toml", 'ignore = ["missing-host"]')
    written(f"{folder}/medplum.config.json", BAD)
    for form in FORMATS:
        assert "medplum-lint.toml" in tame(folder, "--format", form, code=1)


@given(st.text())
def test_any_text_is_printable(text: str) -> None:
    line = printable(text)
    assert FORBIDDEN.search(line) is None and "\n" not in line and "\t" not in line
    lines = printable_lines(text)
    assert FORBIDDEN.search(lines) is None and foreign_commands("text", lines) == []
    assert lines.count("\n") == text.count("\n")
