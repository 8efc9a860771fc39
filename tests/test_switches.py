"""What comes of each switch that the server or the CDK reads as the opposite of what is written: an error where that is unsafe.

The table is ``data/switches.tsv``, written by hand. ``true`` and ``false`` say what the switch does when it is read so, ``unsafe`` which of
them endangers data or keeps a part from working, and ``why``. ``json``, ``ssm`` and ``env`` are the severity of a value that is read as its
opposite in a file that is JSON (a secret is one too), in a dump and in a variable. In the last two, ``exact`` says that only exactly
``true`` is true there, ``any`` that any text is. "-" says that no text is read as its opposite there: another rule reports it, or nothing
is known.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from linter import settings
from linter.documents.inputs import Input
from linter.model import SettingPath, dotted
from linter.options.config import Overrides
from linter.run import Options, lint_input

TABLE = Path(__file__).parent / "data" / "switches.tsv"
ROWS = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
UNSAFE = {"true": (True,), "false": (False,), "both": (True, False), "-": ()}
SAYS_TRUE = ("true", "True", "TRUE", "yes", "on", "1")
SAYS_FALSE = ("false", "False", "FALSE", "no", "off", "0")
FILES = {"server": "server/json", "infra": "infra/json", "secret/database": "secret/database", "secret/redis": "secret/redis"}
QUICK = ("true", "True", "yes", "false", "False", "no")
LIKE_THE_DATABASE = ("shards.*.database.", "shards.*.readonlyDatabase.")
RULES = ("misread-boolean", "misread-boolean")

every = pytest.mark.parametrize("row", ROWS, ids=[f"{row['kind']}:{row['setting']}" for row in ROWS])

texts = pytest.mark.parametrize(
    "text", [text if text in QUICK else pytest.param(text, marks=pytest.mark.slow) for text in (*SAYS_TRUE, *SAYS_FALSE)]
)


def switches() -> dict[tuple[str, str], settings.Setting]:
    """Every setting that can be true or false, by its kind and name; what a shard has in common with the database is there already."""
    found = {}
    for kind in settings.KINDS:
        known = settings.catalogue(kind)
        for name in known.names():
            setting = known.get(tuple(name.split(".")))
            if (
                setting is not None
                and "boolean" in setting.types
                and not name.startswith(("shards.*.database.", "shards.*.readonlyDatabase."))
            ):
                found[kind, name] = setting
    return found


def path_of(row: dict[str, str]) -> SettingPath:
    """The path of a member of a list, or of one of the shards, whose names are free."""
    free = "east" if row["setting"].startswith("shards") else 0
    return tuple(free if step == "*" else step for step in row["setting"].split("."))


def nested(path: SettingPath, value: Any) -> Any:
    for step in reversed(path):
        value = [value] if isinstance(step, int) else {step: value}
    return value


def reported(content: str, kind: str, path: SettingPath, rules: tuple[str, ...]) -> list[str]:
    """The severities of what is reported about a setting, by some rules."""
    options = Options(Overrides(target="production", select=rules), kind)
    outcome = lint_input(Input("input", content.encode(), Path("input")), options)
    assert outcome.bugs == ()
    return [one.severity for one in outcome.result.findings if one.path == path]


def in_file(row: dict[str, str], value: Any, rules: tuple[str, ...] = RULES) -> list[str]:
    return reported(json.dumps(nested(path_of(row), value)), FILES[row["kind"]], path_of(row), rules)


def in_dump(row: dict[str, str], text: str, rules: tuple[str, ...] = RULES) -> list[str]:
    parameter = {"Name": f"/medplum/prod/{dotted(path_of(row))}", "Type": "String", "Value": text}
    return reported(json.dumps({"Parameters": [parameter]}), "server/ssm", path_of(row), rules)


def in_variable(row: dict[str, str], text: str, rules: tuple[str, ...] = RULES) -> list[str]:
    setting = switches()[row["kind"], row["setting"]]
    return reported(f"MEDPLUM_BASE_URL=https://api.clinic.example/\n{setting.env}={text}\n", "server/env", path_of(row), rules)


def is_opposite(text: str, reading: str) -> bool:
    """Whether a text is read as the opposite of what it says."""
    says = text in SAYS_TRUE
    return says != (text == "true" if reading == "exact" else True)


def test_every_switch_has_a_row() -> None:
    rows = {(row["kind"], row["setting"]) for row in ROWS}
    lacking = [
        f"tests/data/switches.tsv has no row for {name} ({kind}): say what it does when it is read as true and as false, which of them is "
        f"unsafe and why, and the severity in JSON, dumps and variables of a value that is read as its opposite; give the catalogue the "
        f"unsafe state as unsafe_when"
        for kind, name in switches()
        if (kind, name) not in rows
    ]
    assert not lacking, "\n".join(lacking)
    assert sorted(rows - switches().keys()) == [], "no switch any more: take the row out"


def test_a_shard_is_like_the_database() -> None:
    known = settings.catalogue()
    names = [name for name in known.names() if name.startswith(LIKE_THE_DATABASE)]
    both = [(known.get(tuple(name.split("."))), known.get(tuple(name.split(".")[2:]))) for name in names]
    assert len(both) > 20 and [one.name for one, other in both if one and other and one.unsafe_when != other.unsafe_when] == []


@every
def test_a_row_is_whole_and_the_catalogue_agrees(row: dict[str, str]) -> None:
    assert all(row.values())
    found = switches()[row["kind"], row["setting"]].unsafe_when
    assert found == UNSAFE[row["unsafe"]], "unsafe_when of the catalogue and unsafe of the table say different things"


@every
def test_the_severity_is_an_error_only_where_what_is_read_is_unsafe(row: dict[str, str]) -> None:
    unsafe = UNSAFE[row["unsafe"]]
    for source in ("json", "ssm", "env"):
        reading, _, severity = row[source].rpartition(" ")
        if severity != "-":
            assert severity == ("error" if (reading != "exact") in unsafe else "warning"), source


@pytest.mark.quick_cases(73)
@every
@texts
def test_a_text_in_a_file(row: dict[str, str], text: str) -> None:
    wrong = row["json"] != "-" and is_opposite(text, "any")
    assert in_file(row, text) == ([row["json"]] if wrong else [])


@pytest.mark.quick_cases(46)
@pytest.mark.parametrize("row", [row for row in ROWS if row["kind"] == "server"], ids=lambda row: row["setting"])
@texts
def test_a_text_in_a_dump_and_in_a_variable(row: dict[str, str], text: str) -> None:
    for source, found in (("ssm", in_dump), ("env", in_variable)):
        reading, _, severity = row[source].rpartition(" ")
        wrong = severity != "-" and is_opposite(text, reading)
        assert found(row, text) == ([severity] if wrong else []), source


@every
def test_true_and_false_are_never_misread_in_a_file(row: dict[str, str]) -> None:
    assert (in_file(row, True), in_file(row, False)) == ([], [])


def row_of(name: str, kind: str = "server") -> dict[str, str]:
    return next(row for row in ROWS if (row["kind"], row["setting"]) == (kind, name))


@pytest.mark.parametrize(
    ("name", "severities"),
    [
        ("database.ssl.rejectUnauthorized", ["error"]),  # on by default, and off at an empty text
        ("rateLimitsEnabled", ["error"]),
        ("registerEnabled", ["warning"]),
        ("logRequests", []),  # off by default
        ("redactAuditEvents", []),
        ("vmContextBotsEnabled", []),  # an empty text is false in JavaScript
        ("introspectionEnabled", []),
        ("autoDownloadEnabled", []),
    ],
)
def test_an_empty_variable_says_neither(name: str, severities: list[str]) -> None:
    assert in_variable(row_of(name), "") == severities


def test_an_empty_parameter_is_left_to_its_rule() -> None:
    content = json.dumps({"Parameters": [{"Name": "/medplum/prod/database.ssl.rejectUnauthorized", "Type": "String", "Value": ""}]})
    outcome = lint_input(Input("input", content.encode(), Path("input")), Options(Overrides(), "server/ssm"))
    assert [one.rule for one in outcome.result.findings if one.path == ("database", "ssl", "rejectUnauthorized")] == ["refused-parameter"]


@pytest.mark.parametrize(
    ("kind", "name", "severities"),
    [
        ("server", "registerEnabled", ["error"]),  # only false closes it
        ("server", "database.runMigrations", ["error"]),
        ("server", "allowProjectSmtp", ["error"]),
        ("infra", "apiInternetFacing", ["error"]),
        ("server", "database.ssl.rejectUnauthorized", ["warning"]),
        ("server", "vmContextBotsEnabled", []),
        ("infra", "skipDns", []),
    ],
)
def test_a_zero_turns_off_only_what_is_not_compared_with_false(kind: str, name: str, severities: list[str]) -> None:
    assert in_file(row_of(name, kind), 0) == severities
    assert in_file(row_of(name, kind), 1) == []


STATES = ("vmcontext-bots", "unverified-certificate")


@pytest.mark.parametrize(
    ("name", "text", "source", "severities"),
    [
        ("vmContextBotsEnabled", "true", in_file, ["warning"]),
        ("vmContextBotsEnabled", 1, in_file, ["warning"]),
        ("vmContextBotsEnabled", "yes", in_variable, ["warning"]),
        ("vmContextBotsEnabled", "True", in_dump, ["warning"]),
        ("vmContextBotsEnabled", "false", in_dump, []),  # misread, which is a finding of its own
        ("vmContextBotsEnabled", "", in_variable, []),
        ("database.ssl.rejectUnauthorized", "False", in_dump, ["warning"]),
        ("database.ssl.rejectUnauthorized", "True", in_dump, []),
    ],
)
def test_a_switch_that_is_read_as_meant_is_checked_as_any_other(
    name: str, text: Any, source: Callable[..., list[str]], severities: list[str]
) -> None:
    assert source(row_of(name), text, STATES) == severities
