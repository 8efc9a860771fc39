"""The flat map of texts in Azure Key Vault: told apart from a JSON config file, and read as Parameter Store is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.helpers import written
from test_variables import MARKER, assert_no_secret, found, lint

from linter.cli import cli
from linter.model import UNKNOWN

FLAT = {
    "baseUrl": "https://api.example.com/",
    "port": "8103",
    "database.host": "db",
    "database.ssl.require": "true",
    "registerEnabled": "no",
}


def test_texts_become_what_the_loader_makes_of_them() -> None:
    text = json.dumps(FLAT, indent=1)
    document = written(text, "server/azure")
    assert document.data == {
        "baseUrl": "https://api.example.com/",
        "port": 8103,
        "database": {"host": "db", "ssl": {"require": True}},
        "registerEnabled": False,
    }
    assert text[slice(*document.locate(("database", "host")))] == '"db"'
    assert text[slice(*document.locate(("database", "host"), "key"))] == '"database.host"'
    assert text[slice(*document.locate(("database",)))] == '"database.host"'
    assert text[slice(*document.locate(("redis",)))] == "{"
    assert document.origin.facts(("port",)) == {"name": "port", "raw": "8103"}


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (FLAT, "server/azure"),
        ({"baseUrl": "a", "port": "8103", "supportEmail": "b", "binaryStorage": "c"}, "server/azure"),
        ({"baseUrl": "a", "registerEnabled": "false", "supportEmail": "b", "signingKey": "c", "binaryStorage": "d"}, "server/azure"),
        ({"baseUrl": "a", "supportEmail": "b", "binaryStorage": "c", "signingKey": "d"}, "server/json"),
        ({"baseUrl": "a", "port": 8103, "database.host": "b", "supportEmail": "c"}, "server/json"),
        ({"baseUrl": "a", "port": 8103, "database.host": "b", "database.port": 1, "logRequests": True}, "server/json"),
        ({"baseUrl": "a", "port": "8103", "supportEmail": "b", "database": {"host": "c"}}, "server/json"),
        # One value that is not a text does not turn a vault's secret into a JSON config.
        ({**FLAT, "database.port": 5432}, "server/azure"),
        ({**FLAT, "mcpEnabled": True, "redis.port": None}, "server/azure"),
        ({**FLAT, "allowedOrigins": ["a"]}, "server/azure"),
        ({"baseUrl": "a", "port": 8103, "database.host": "b", "database.password": "c"}, "server/azure"),
        ({"acme.host": "a", "acme.port": "1"}, None),
        ({"editor.tabSize": "4"}, None),
        ({}, None),
    ],
)
def test_it_is_distinguished_from_a_json_config(value: Any, kind: str | None) -> None:
    assert [file.kind for file in lint(json.dumps(value), "config.json").result.files] == [kind]


def test_a_value_that_is_not_a_text_is_a_mistake_in_the_secret() -> None:
    given = {**FLAT, "appBaseUrl": "https://app.example.com/", "database.password": 12345, "database.ssl.require": True}
    wanted = ["unquoted-value database.ssl.require", "wrong-type database.password"]
    assert [one for one in found(json.dumps(given), "vault.json") if one.startswith(("wrong-type", "unquoted-value"))] == wanted


def test_values_that_are_not_texts() -> None:
    given = {"baseUrl": "https://a.example.com/", "port": 8103, "registerEnabled": True, "mcpEnabled": False, "externalAuthProviders": []}
    document = written(json.dumps(given), "server/azure")
    assert document.data == {
        "baseUrl": "https://a.example.com/",
        "port": 8103,
        "registerEnabled": UNKNOWN,
        "mcpEnabled": False,
        "externalAuthProviders": UNKNOWN,
    }


@pytest.mark.parametrize(
    "text", ["[]", '"x"', "1", "", "{", '{"a": {"b": 1}}', '{"": "", ".": "a", "a..b": "c", "database.": "x"}', '{"a":1,"a":2}']
)
def test_odd_secrets_do_not_crash(text: str) -> None:
    assert lint(text, "vault.json", "server/azure").bugs == ()


def test_no_secret_is_shown() -> None:
    secrets = {
        "database.password": f"{MARKER}\n",
        "database.passwrod": MARKER,
        "signingKey": MARKER,
        "redis": MARKER,
        "defaultOAuthClients": MARKER,
    }
    text = json.dumps(FLAT | secrets)
    assert len(found(text, "vault.json")) > 3
    assert_no_secret(text, "vault.json")
    assert_no_secret(text[:-20], "vault.json")


@pytest.mark.parametrize("value", ['{"host": "hunter2", "port": 94731}', '[{"baseUrl": "https://hunter2/"}]'])
def test_no_value_in_an_object_is_shown(value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The content is not known, because each entry is a text."""
    monkeypatch.chdir(tmp_path)
    Path("vault.json").write_text(f'{{"baseUrl": "https://api.clinic.example/", "port": 8103, "signing_key": {value}}}')
    for format_ in ("text", "json", "sarif"):
        output = CliRunner().invoke(cli, ["--kind", "server/azure", "--format", format_, "vault.json"]).output
        assert "signing_key" in output and "hunter2" not in output and "94731" not in output
