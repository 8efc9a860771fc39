"""What holds for a file and what a search takes, each with what says so; the file to begin with; the schema of configuration files."""

from __future__ import annotations

import json
import re
import sys
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from support.checkout import ROOT
from support.helpers import compact
from test_config import MISTAKES

from linter.cli import cli
from linter.commands.accept import toml_text
from linter.options.choose import OWN_FILE, Configurations
from linter.options.config_file import BEGINNING, OPTIONS, Mistake, beginning, configuration_schema, values_in
from linter.policy.rule_set import all_rules
from linter.release import NEWEST

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SERVER = compact(
    {"baseUrl": "https://api.hospital.org", "signingKeyId": "a", "storageBaseUrl": "https://s.hospital.org/", "supportEmail": "a@b.org"}
)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, text: str) -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def lint(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


def settings(*arguments: str) -> dict[str, tuple[str, str]]:
    """The value of each option and what says it, of the only table that is shown."""
    result = lint("--show-settings", *arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    rows = [re.split(r"  +", line.strip()) for line in result.stdout.partition("\n\n")[2].splitlines()]
    return {name: (value, why) for name, value, why in rows}


def files(*arguments: str) -> dict[str, str]:
    """What becomes of each file."""
    result = lint("--show-files", *arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return dict(re.split(r"  +", line, maxsplit=1) for line in result.stdout.splitlines() if "  " in line)


# --- What holds for a file. ---------------------------------------------------------------------------------------------------------

CONFIGURATION = """\
ignore = ["invalid-encoding"]
fail-on = "warning"
baseline = "known"
secret-names = ["acme.token"]
[severity]
urls = "note"

[per-file."deploy/*"]
pedantic = true
extend-select = ["disabled-audit-trail"]

[per-file."*.json"]
severity.missing-host = { production = "error", development = "off" }
ignore = ["tls"]

[environment.prod]
target = "development"

[[accept]]
rule = "missing-setting"
path = "deploy/*"
reason = "so"
"""


def test_everything_that_can_hold() -> None:
    write("deploy/server.json", SERVER)
    write(OWN_FILE, CONFIGURATION)
    given = ["--target", "production", "--extend-select", "missing-host", "--server-version", "4.3.5"]
    assert settings("deploy/server.json", *given) == {
        "rules": ("the built-in ones", "default"),
        "select": ("every rule", "default"),
        "extend-select": ("disabled-audit-trail, missing-host", f"{OWN_FILE}:10, per-file deploy/*, --extend-select"),
        "ignore": ("tls", f"{OWN_FILE}:14, per-file *.json"),
        "severity.urls": ("note", f"{OWN_FILE}:6"),
        "severity.missing-host": ("production error, development off", f"{OWN_FILE}:13, per-file *.json"),
        "target": ("production", "--target"),
        "pedantic": ("true", f"{OWN_FILE}:9, per-file deploy/*"),
        "server-version": ("4.3.5", "--server-version"),
        "fail-on": ("warning", f"{OWN_FILE}:2"),
        "secret-names": ("acme.token", f"{OWN_FILE}:4"),
        "baseline": ("known", f"{OWN_FILE}:3"),
        "accept": ("missing-setting", f"{OWN_FILE}:19"),
    }
    assert settings("deploy/server.json", "--no-baseline")["baseline"] == ("none", "--no-baseline")


def test_without_a_configuration_every_option_is_at_its_default() -> None:
    write("server.json", SERVER)
    assert settings("server.json") == {
        "rules": ("the built-in ones", "default"),
        "select": ("every rule", "default"),
        "extend-select": ("none", "default"),
        "ignore": ("none", "default"),
        "target": ("auto", "default"),
        "pedantic": ("false", "default"),
        "server-version": ("that of an image, else the newest", "default"),
        "fail-on": ("error", "default"),
        "secret-names": ("none", "default"),
        "baseline": ("none", "default"),
    }


def test_each_configured_environment_is_shown_separately() -> None:
    write("ssm.json", json.dumps([{"Name": f"/medplum/{name}/baseUrl", "Value": "x"} for name in ("prod", "qa", "dev")]))
    write(OWN_FILE, CONFIGURATION)
    result = lint("--show-settings", "ssm.json").stdout
    assert re.findall(r"^In .*", result, re.MULTILINE) == ["In environment prod:", "In environment qa, dev:"]
    assert re.findall(r"target +(\S+) +(.*)", result) == [("development", f"{OWN_FILE}:17, environment prod"), ("auto", "default")]


def test_notes_on_the_file() -> None:
    write("deploy/medplum.config.json", SERVER)
    lines = lint("--show-settings", "deploy/medplum.config.json").stdout.splitlines()
    assert lines[:3] == [
        "deploy/medplum.config.json",
        f"  server/json, production, server {NEWEST} (the newest known release)",
        "  no configuration file applies",
    ]
    assert re.fullmatch(r"  \d+ rules are checked", lines[3])
    write("pyproject.toml", "[tool.medplum-lint]\nexclude = [\n  'deploy']\n")
    text = lint("--show-settings", "deploy/medplum.config.json").stdout
    assert "  configuration pyproject.toml: the nearest one above the file\n" in text
    assert '  a search skips it: exclude "deploy" (pyproject.toml:3)\n' in text
    assert "--config names it" in lint("--show-settings", "deploy/medplum.config.json", "--config", "pyproject.toml").stdout
    assert "no configuration file applies" in lint("--show-settings", "deploy/medplum.config.json", "--isolated").stdout
    write("notes.txt", "hello")
    assert "  failed: " in lint("--show-settings", "notes.txt").stdout


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--show-settings"], "--show-settings needs a file"),
        (["--show-settings", "gone.json"], "gone.json: no such file"),
        (["--show-settings", "."], ".: is a folder: name one file"),
        (["--show-settings", "x.json", "--ignore", "missing-hst"], 'there is no rule "missing-hst"; did you mean "missing-host"?'),
        (["--show-settings", "--show-files", "x.json"], "give paths, and no other output"),
        (["--show-files", "--format", "json"], "give paths, and no other output"),
        (["--show-files", "--fix"], "give paths, and no other output"),
        (["--show-settings", "-"], "give paths, and no other output"),
        (["--show-files", "gone.json"], "gone.json: no such file or folder"),
    ],
)
def test_what_cannot_be_shown(arguments: list[str], error: str) -> None:
    write("x.json", SERVER)
    result = lint(*arguments)
    assert result.exit_code == 2 and error in result.stderr


def test_a_configuration_with_a_mistake() -> None:
    write("x.json", SERVER)
    write(OWN_FILE, "targt = 'auto'")
    for option in ("--show-settings", "--show-files"):
        result = lint(option, "x.json")
        assert result.exit_code == 2 and f'{OWN_FILE}:1: there is no option "targt"; did you mean "target"?' in result.stderr


# --- What a search takes. -----------------------------------------------------------------------------------------------------------


def test_what_a_search_takes_and_skips() -> None:
    for name in (
        "medplum.config.json",
        "old/medplum.config.json",
        "a.conf",
        "config/ours.json",
        "node_modules/x/medplum.json",
        ".git/config",
    ):
        write(name, SERVER)
    write("config/other.json", '{"port": 3000}')
    write("medplum.bots.json", '{"bots": []}')
    write("readme.md", "hello")
    write(OWN_FILE, "include = ['*.conf']\nexclude = ['build',\n 'old']\n")
    assert (
        files()
        == files(".")
        == {
            ".git/": "skipped: hidden",
            "a.conf": f'included: server/json (include "*.conf", {OWN_FILE}:1)',
            "config/other.json": "skipped: its content is ambiguous (in a folder that is searched by content)",
            "config/ours.json": "included: server/json (in a folder that is searched by content)",
            "medplum.bots.json": "skipped: a bots configuration (*medplum*.json)",
            "medplum.config.json": "included: server/json (*.config.json)",
            "node_modules/": "skipped: a search never enters a folder called node_modules",
            "old/": f'skipped: exclude "old" ({OWN_FILE}:3)',
        }
    )
    assert lint("--show-files").stdout.splitlines()[-1].startswith("2 files have other names: a search takes *.Dockerfile, ")


def test_files_that_are_named() -> None:
    write("old/server.json", SERVER)
    write("notes.txt", "hello")
    write(OWN_FILE, "exclude = ['old']\n")
    assert files("old/server.json")["old/server.json"] == "included: server/json (named)"
    assert files("notes.txt")["notes.txt"].startswith("not recognised: ")
    forced = files("--force-exclude", "old/server.json")["old/server.json"]
    assert forced == f'skipped: force-exclude and exclude "old" ({OWN_FILE}:1)'


def test_nothing_of_a_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    write("medplum.json", compact({"baseUrl": "x", "database": {"password": "correct-horse"}}))
    assert "correct-horse" not in lint("--show-settings", "medplum.json").stdout + lint("--show-files").stdout


# --- A file to begin with. ----------------------------------------------------------------------------------------------------------


def test_it_is_created_and_never_replaced() -> None:
    result = lint("init")
    assert (result.exit_code, result.stderr) == (0, f"medplum-lint: note: {OWN_FILE}: wrote every option, in a comment\n")
    assert Path(OWN_FILE).read_text(encoding="utf-8") == beginning()
    write(OWN_FILE, "# mine\n")
    assert (lint("init").exit_code, Path(OWN_FILE).read_text(encoding="utf-8")) == (2, "# mine\n")


def test_it_is_not_created_beside_a_project_that_has_one() -> None:
    write("pyproject.toml", "[tool.medplum-lint]\n")
    result = lint("init")
    assert result.exit_code == 2 and result.stderr.startswith(
        "medplum-lint: error: pyproject.toml: has a table [tool.medplum-lint] already"
    )
    write("pyproject.toml", "[project]\n")
    Path(OWN_FILE).symlink_to("elsewhere")
    assert lint("init").exit_code == 2 and not Path("elsewhere").exists()


def test_it_is_all_comments_until_they_are_removed() -> None:
    write(OWN_FILE, beginning())
    assert Configurations().of(Path.cwd()) == Configurations().of(Path.cwd())._replace(general=Configurations().of(Path.cwd()).general)
    assert not any(Configurations().of(Path.cwd()).general)
    examples = beginning().removeprefix(BEGINNING)
    write(OWN_FILE, re.sub(r"^# (?=[\[a-z])", "", examples, flags=re.MULTILINE))
    config = Configurations().of(Path.cwd())
    assert all(config.general) and config.rules and config.include and config.exclude and config.force_exclude
    assert config.per_file and config.environments and config.accept and config.baseline
    ids = {rule.info.id for rule in all_rules(())[0]} | {rule.info.category for rule in all_rules(())[0]}
    assert config.selectors.keys() <= ids


# --- The schema. --------------------------------------------------------------------------------------------------------------------

IDS = ["missing-host", "wrong-type"]
SCHEMA = configuration_schema(IDS, ["tls", "urls"])
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


def as_json(value: Any) -> Any:
    """A value of TOML as editors hold it against a schema: a date is text."""
    if isinstance(value, dict):
        return {name: as_json(one) for name, one in value.items()}
    if isinstance(value, list):
        return [as_json(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


def fits(data: Any) -> bool:
    return bool(VALIDATOR.is_valid(as_json(data)))


def is_read(data: Any) -> bool:
    try:
        values_in((), data if isinstance(data, dict) else {}, OPTIONS, Path("x"))
    except Mistake:
        return False
    return isinstance(data, dict)


def test_the_schema_is_valid_and_has_every_option() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert [one.name for one in OPTIONS] == list(SCHEMA["properties"])
    some = ("select", "extend-select", "ignore", "severity", "target", "pedantic", "server-version")
    assert set(SCHEMA["definitions"]["some"]["properties"]) == set(some)
    printed = json.loads(lint("schema", "configuration").stdout)
    assert printed == json.loads((ROOT / "schemas" / "medplum-lint.schema.json").read_text(encoding="utf-8"))
    assert "tls" in printed["definitions"]["selector"]["anyOf"][0]["enum"]


def test_what_the_page_shows_fits() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    [block] = re.findall(r"<!-- configuration -->\n```toml\n(.*?)```", page, re.DOTALL)
    data = tomllib.loads(block)
    assert fits(data) and is_read(data) and data.keys() == {one.name for one in OPTIONS}


WHAT_ONLY_THE_READER_KNOWS = ("no glob", "no glob per file", "no glob to include", "no TOML", "no TOML at the end", "the same key twice")


@pytest.mark.parametrize("name", [name for name in MISTAKES if name not in WHAT_ONLY_THE_READER_KNOWS])
def test_what_is_a_mistake_to_the_reader_is_one_to_the_schema(name: str) -> None:
    data = tomllib.loads(MISTAKES[name])
    assert not is_read(data) and not fits(data)


GLOBS = ["*.json", "a/**", "x"]
TEXTS: dict[str, list[Any]] = {
    "secret-names": ["acme.x"],
    "rule": ["a", "acme/own"],
    "server-version": ["5.1.23", ">=4.3,<5", "latest"],
    "until": [date(2026, 1, 31), "2026-01-31"],
    "since": [date(2026, 1, 31), "2026-01-31"],
}
WRONG: list[Any] = [7, 1.5, True, "", "x y", [], ["x"], [1], {}, {"x": 1}, {"a": {"b": 1}}]


def values(schema: Any, name: str = "") -> st.SearchStrategy[Any]:
    """Values that fit a part of the schema."""
    if "$ref" in schema:
        return values(SCHEMA["definitions"][schema["$ref"].rpartition("/")[2]], name)
    if "allOf" in schema:
        return values(schema["allOf"][0], name)
    if "anyOf" in schema:
        return st.one_of([values(one, name) for one in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema["type"] == "object":
        known = {key: values(one, key) for key, one in schema.get("properties", {}).items()}
        needed = {key: known[key] for key in schema.get("required", ())}
        others = {key: one for key, one in known.items() if key not in needed}
        if schema.get("additionalProperties"):
            return st.dictionaries(st.sampled_from([*GLOBS, *known]), values(schema["additionalProperties"]), max_size=2)
        return st.fixed_dictionaries(needed, optional=others)
    if schema["type"] == "array":
        return st.lists(values(schema["items"], name), min_size=schema.get("minItems", 0), max_size=2)
    return st.booleans() if schema["type"] == "boolean" else st.sampled_from(TEXTS.get(name, GLOBS))


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values."""
    members = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(inner for key, one in members for inner in places(one, (*path, key)))]


def with_other(data: Any, path: tuple[Any, ...], other: Any) -> Any:
    if not path:
        return other
    copied = dict(data) if isinstance(data, dict) else list(data)
    copied[path[0]] = with_other(data[path[0]], path[1:], other)
    return copied


@given(values(SCHEMA))
def test_what_fits_the_schema_is_read(data: Any) -> None:
    assert fits(data) and is_read(data)


@given(values(SCHEMA), st.data())
def test_what_is_changed_is_a_mistake_to_both_or_to_neither(data: Any, drawn: st.DataObject) -> None:
    path = drawn.draw(st.sampled_from(places(data)))
    other = drawn.draw(st.sampled_from(WRONG))
    changed = with_other(data, path, other)
    if path and path[-1] in ("server-version", "until", "since", "path", "rule") and isinstance(other, str):
        return  # of texts only the reader knows whether they are a version, a date, a glob or a rule
    assert fits(changed) == is_read(changed)


@given(values(SCHEMA), st.data())
def test_an_unknown_name_is_a_mistake_to_both(data: Any, drawn: st.DataObject) -> None:
    tables = [
        path
        for path in places(data)
        if isinstance(_at(data, path), dict) and not (path and path[-1] in ("severity", "per-file", "environment"))
    ]
    path = drawn.draw(st.sampled_from(tables))
    changed = with_other(data, path, {**_at(data, path), "selct": "x"})
    assert not fits(changed) and not is_read(changed)


def _at(data: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        data = data[step]
    return data


@given(st.text())
def test_a_text_is_written_as_toml_reads_it(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    assert tomllib.loads(f"a = {toml_text(text)}") == {"a": text}
