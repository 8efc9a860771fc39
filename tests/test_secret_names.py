"""Settings that a configuration calls secret: masked everywhere, found in plain text, and forgotten with the configuration."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.canaries import CANARY

from linter import reporters, settings
from linter.cli import cli
from linter.options.choose import OWN_FILE, Configurations

NAMES = ["acmeKey", "acme.apiToken", "smtp.username", "externalAuthProviders.*.acmeKey"]
SERVER = {
    "baseUrl": "https://api.hospital.org/",
    "acmeKey": CANARY,
    "acme": {"apiToken": CANARY, "other": "x"},
    "smtp": {"host": "smtp.hospital.org", "username": CANARY},
    "externalAuthProviders": [{"issuer": "https://a.hospital.org", "acmeKey": CANARY}],
    "database": {"host": "db", "username": "medplum"},
}
VARIABLES = f"MEDPLUM_REDIS_HOST=a\nMEDPLUM_ACME_KEY={CANARY}\nMEDPLUM_SMTP_USERNAME={CANARY}\n"
DUMP = json.dumps([{"Name": f"/medplum/prod/{name}", "Type": "String", "Value": CANARY} for name in ("acmeKey", "smtp.username")])


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("medplum.config.json").write_text(json.dumps(SERVER, indent=1), encoding="utf-8")
    Path(".env").write_text(VARIABLES, encoding="utf-8")
    Path("ssm.json").write_text(DUMP, encoding="utf-8")
    Path(OWN_FILE).write_text(f"secret-names = {json.dumps(NAMES)}\n", encoding="utf-8")


def lint(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


def found(*arguments: str) -> dict[str, set[str]]:
    """The settings at which rules about secrets in plain text find something, by rule."""
    report = json.loads(lint(*arguments, "--format", "json").stdout)
    places: dict[str, set[str]] = {}
    for one in report["findings"]:
        for setting in (one["setting"], *(other["setting"] for other in one["related"])):
            places.setdefault(one["rule"], set()).add(setting)
    return places


def test_they_are_found_in_plain_text() -> None:
    here = found("medplum.config.json")
    assert here["plaintext-secret"] == {"acmeKey", "acme.apiToken", "smtp.username", "externalAuthProviders.0.acmeKey"}
    assert here.get("unknown-setting") == {"acme.other"} or "unknown-setting" not in here
    assert found(".env")["plaintext-secret"] == {"acmeKey", "smtp.username"}
    assert found("ssm.json")["unencrypted-parameter"] == {"acmeKey", "smtp.username"}


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("name", reporters.names())
def test_they_are_masked_in_every_report(name: str) -> None:
    assert CANARY not in lint(".", "--format", name, "--pedantic").output


@pytest.mark.parametrize("command", [["show"], ["show", "--format", "json"], ["diff"], ["upgrade"], ["--diff", "--unsafe-fixes"]])
def test_they_are_masked_by_other_commands(command: list[str]) -> None:
    for files in (["medplum.config.json", ".env"], ["ssm.json", "medplum.config.json"]):
        assert CANARY not in lint(*command, *files).output


def test_without_the_configuration_they_are_what_the_catalogue_says() -> None:
    assert "smtp.username" in found("medplum.config.json")["plaintext-secret"]
    assert "smtp.username" not in found("medplum.config.json", "--isolated").get("plaintext-secret", set())
    known = settings.catalogue("server")
    assert known.is_public(("smtp", "username")) and known.get(("acmeKey",)) is None
    assert CANARY in lint("show", "--format", "json", str(_elsewhere())).output


def _elsewhere() -> Path:
    path = Path.cwd() / "elsewhere"
    path.mkdir()
    (path / OWN_FILE).write_text("", encoding="utf-8")
    (path / "medplum.json").write_text(json.dumps(SERVER), encoding="utf-8")
    return path / "medplum.json"


def test_a_declared_name_does_not_make_a_file_a_servers() -> None:
    Path("other.json").write_text('{"acmeKey": "x"}', encoding="utf-8")
    assert "not recognised as a Medplum configuration" in lint("other.json").stderr


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('"MEDPLUM_ACME_KEY"', '"MEDPLUM_ACME_KEY" is a variable: write the name of its setting, "acmeKey"'),
        ('"a b"', '"a b" is not the name of a setting, such as "acme.apiToken"'),
        ('""', '"" is not the name of a setting, such as "acme.apiToken"'),
        ('"*"', '"*" is not the name of a setting, such as "acme.apiToken"'),
        ("1", "secret-names must be a list of strings"),
    ],
)
def test_mistakes(text: str, error: str) -> None:
    Path(OWN_FILE).write_text(f"secret-names = [{text}]", encoding="utf-8")
    assert lint(".").stderr == f"medplum-lint: error: {OWN_FILE}:1: {error}\n"


def test_names_are_read() -> None:
    assert Configurations().of(Path.cwd()).secret_names == tuple(NAMES)


def test_a_test_leaves_none_declared() -> None:
    """As ``conftest.py`` says, this module's tests before this one included."""
    assert settings.catalogue().get(("acmeKey",)) is None
