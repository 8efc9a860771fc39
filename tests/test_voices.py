"""Which findings are reported: advice only on request, one finding for one cause."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support.helpers import rule_data

from linter.cli import cli

PUBLIC = {"baseUrl": "https://api.hospital.example/", "port": 1, "supportEmail": "x", "logLevel": "y"}
LOCAL = {**PUBLIC, "baseUrl": "http://localhost:8103/"}


@pytest.fixture
def policies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "policies"
    folder.mkdir()
    return folder


def write_rule(folder: Path, name: str, must: dict[str, Any], **more: Any) -> None:
    examples = {"good": [{"data": {}}], "bad": [{"data": {"port": 0}, "finds": {"port": "unsafe" if "fix" in more else "error"}}]}
    (folder / f"{name}.yaml").write_text(json.dumps(rule_data(must, id=f"acme/{name}", examples=examples, **more)))


def run(*arguments: str, data: dict[str, Any] = PUBLIC, config: str = "") -> Result:
    Path("server.json").write_text(json.dumps(data, indent=2))
    if config:
        Path(".medplum-lint.toml").write_text(config)
    return CliRunner().invoke(cli, ["server.json", "--rules", "policies", *arguments])


def found(*arguments: str, data: dict[str, Any] = PUBLIC, config: str = "", only: str = "acme") -> list[str]:
    """The findings of the policies: severity, rule without its category, setting."""
    report = json.loads(run("-f", "json", *arguments, data=data, config=config).stdout)
    return [
        f"{one['severity']} {one['rule'].removeprefix('acme/')} {one['setting']}"
        for one in report["findings"]
        if one["rule"].startswith(f"{only}/") and not one["suppressed"]
    ]


# --- Advice ---------------------------------------------------------------------------------------------------------------------------


def test_advice_is_given_on_request(policies: Path) -> None:
    write_rule(policies, "advice", {"port": "absent"}, severity="pedantic")
    write_rule(policies, "plain", {"port": "absent"})
    assert found() == ["error plain port"]
    assert found("--pedantic") == ["note advice port", "error plain port"]
    assert found(config="pedantic = true") == ["note advice port", "error plain port"]
    assert found(config='[per-file."server.json"]\npedantic = true') == ["note advice port", "error plain port"]
    assert found("--pedantic", config="pedantic = false") == ["note advice port", "error plain port"]


def test_one_rule_is_requested_by_id_and_not_by_category(policies: Path) -> None:
    write_rule(policies, "advice", {"port": "absent"}, severity="pedantic")
    assert found("--select", "acme") == []
    assert found("--select", "acme/advice") == ["note advice port"]
    assert found(config='[severity]\n"acme/advice" = "note"') == ["note advice port"]
    assert found("--pedantic", "--ignore", "acme/advice") == []


def test_advice_on_one_target_only(policies: Path) -> None:
    write_rule(policies, "advice", {"port": "absent"}, severity={"production": "error", "development": "pedantic"})
    assert found() == ["error advice port"]
    assert found(data=LOCAL) == []
    assert found("--pedantic", data=LOCAL) == ["note advice port"]


def test_a_configuration_that_does_not_ask_switches_nothing_off(policies: Path) -> None:
    write_rule(policies, "advice", {"port": "absent"}, severity="pedantic")
    report = json.loads(run("-f", "json", config="pedantic = false").stdout)
    assert report["configurations"][0]["rules_off"] == []
    report = json.loads(run("-f", "json", "--pedantic", config='ignore = ["acme/advice"]').stdout)
    assert report["configurations"][0]["rules_off"] == ["acme/advice"]


@pytest.mark.parametrize("value", ['"yes"', "1", "[true]"])
def test_pedantic_is_true_or_false(policies: Path, value: str) -> None:
    write_rule(policies, "plain", {"port": "absent"})
    result = run(config=f'fail-on = "error"\npedantic = {value}')
    assert result.exit_code == 2
    assert result.stderr.endswith(".medplum-lint.toml:2: pedantic must be true or false\n")


def test_a_comment_for_advice_that_was_not_requested_is_not_unused(policies: Path) -> None:
    write_rule(policies, "advice", {"port": "absent"}, severity="pedantic")
    Path(".env").write_text("# medplum-lint: ignore[acme/advice] it is fine\nMEDPLUM_PORT=8103\nMEDPLUM_REDIS_HOST=cache\n")

    def unused(*arguments: str) -> bool:
        result = CliRunner().invoke(cli, [".env", "--rules", "policies", *arguments])
        assert "acme/advice]" not in result.stdout
        return "unused-suppression" in result.stdout

    assert not unused()
    assert not unused("--pedantic")


def test_lists_call_advice_pedantic(policies: Path) -> None:
    write_rule(policies, "advice", {"port": "absent"}, severity={"production": "error", "development": "pedantic"})
    write_rule(policies, "off", {"port": "absent"}, severity={"production": "pedantic", "development": "off"})

    def printed(*arguments: str) -> str:
        return CliRunner().invoke(cli, [*arguments, "--rules", "policies"]).stdout

    assert printed("rules", "acme") == "acme:\nacme/advice  error/pedantic  A rule\nacme/off     pedantic/off    A rule\n"
    assert "Severity: error in production, pedantic in development\n" in printed("explain", "acme/advice")
    assert json.loads(printed("rules", "acme", "-f", "json"))[1]["pedantic"] == {"production": True, "development": False}


# --- Several places of one cause ------------------------------------------------------------------------------------------------------

OLD = {"port": "absent", "supportEmail": "absent", "logLevel": "absent"}


def test_places_together_are_one_finding(policies: Path) -> None:
    write_rule(policies, "old", OLD, together="${@count} settings are old: ${@paths}")
    [finding] = [one for one in json.loads(run("-f", "json").stdout)["findings"] if one["rule"] == "acme/old"]
    assert finding["message"] == "3 settings are old: port, supportEmail and logLevel"
    assert (finding["setting"], finding["range"]["start"]["line"]) == ("port", 3)
    assert [(one["setting"], one["range"]["start"]["line"]) for one in finding["related"]] == [("supportEmail", 4), ("logLevel", 5)]
    printed = run("--select", "acme", "--color", "never").stdout
    assert '4 |   "supportEmail": "••••••",\n  |   --------------\n5 |   "logLevel": "••••••"\n  |   ----------\n' in printed
    assert "\n  = also: port, supportEmail and logLevel\n" in printed


def test_one_place_alone_has_its_own_message(policies: Path) -> None:
    write_rule(policies, "old", OLD, together="${@count} settings are old: ${@paths}", message="${@paths} is old (${@count})")
    data = {"baseUrl": PUBLIC["baseUrl"], "port": 1, "redis": {}}
    [finding] = [one for one in json.loads(run("-f", "json", data=data).stdout)["findings"] if one["rule"] == "acme/old"]
    assert (finding["message"], finding["related"]) == ("port is old (1)", [])


def test_fixes_together_are_one(policies: Path) -> None:
    write_rule(policies, "old", OLD, together="${@paths}", fix={"safe": True, "remove": ["."]})
    assert "\n  = fix with --fix: remove port, remove supportEmail, remove logLevel\n" in run("--select", "acme", "--color", "never").stdout


def test_fixes_together_are_safe_only_if_each_is(policies: Path) -> None:
    fix = [{"safe": True, "when": {".": {"type": "integer"}}, "remove": ["."]}, {"safe": False, "reason": "a doubt", "remove": ["."]}]
    write_rule(policies, "old", OLD, together="${@paths}", fix=fix)
    [finding] = [one for one in json.loads(run("-f", "json").stdout)["findings"] if one["rule"] == "acme/old"]
    assert (finding["fix"]["description"], finding["fix"]["safe"]) == ("remove port, remove supportEmail, remove logLevel", False)


def test_a_comment_accepts_one_place_and_the_others_stay(policies: Path) -> None:
    write_rule(policies, "old", OLD, together="${@count} settings are old: ${@paths}")
    Path(".env").write_text(
        "MEDPLUM_REDIS_HOST=cache\nMEDPLUM_PORT=8103 # medplum-lint: ignore[acme/old] known\nMEDPLUM_SUPPORT_EMAIL=x\nMEDPLUM_LOG_LEVEL=y\n"
    )
    report = json.loads(CliRunner().invoke(cli, [".env", "--rules", "policies", "-f", "json"]).stdout)
    findings = {bool(one["suppressed"]): one["message"] for one in report["findings"] if one["rule"] == "acme/old"}
    assert findings == {True: "port must not be set", False: "2 settings are old: supportEmail and logLevel"}


def test_of_many_the_first_are_named(policies: Path) -> None:
    write_rule(policies, "odd", {"defaultProjectSystemSetting.*": "absent"}, together="${@paths}")
    data = {**PUBLIC, "defaultProjectSystemSetting": {f"n{number}": 1 for number in range(20)}}
    [finding] = [one for one in json.loads(run("-f", "json", data=data).stdout)["findings"] if one["rule"] == "acme/odd"]
    assert finding["message"].endswith("defaultProjectSystemSetting.n10 and 9 others")
    assert len(finding["related"]) == 19


# --- Two rules about one cause --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cause", "repetition", "left"),
    [
        ("database.host", "database.host", ["cause"]),
        ("database", "database.host", ["cause"]),
        ("database.host", "database", ["cause"]),
        ("database.host", "database.port", ["cause", "repetition"]),
    ],
)
def test_a_rule_yields_to_the_one_that_names_the_cause(policies: Path, cause: str, repetition: str, left: list[str]) -> None:
    write_rule(policies, "cause", {cause: "absent"})
    write_rule(policies, "repetition", {repetition: "absent"}, yields_to=["acme/cause"])
    data = {**PUBLIC, "database": {"host": "db", "port": 5432}}
    assert [line.split()[1] for line in found(data=data)] == left
    assert [line.split()[1] for line in found("--ignore", "acme/cause", data=data)] == ["repetition"]


def test_rules_that_are_not_there_to_yield_to(policies: Path) -> None:
    write_rule(policies, "plain", {"port": "absent"}, yields_to=["acme/cuase", "missing-host", "acme/cause"])
    write_rule(policies, "cause", {"port": "absent"})
    result = run()
    assert result.exit_code == 2
    assert (
        result.stderr
        == 'medplum-lint: error: policies/plain.yaml:1: there is no rule "acme/cuase" to yield to; did you mean "acme/cause"?\n'
    )
