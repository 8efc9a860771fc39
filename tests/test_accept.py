"""Accepting findings in the configuration: what an acceptance covers, when it is over or not needed, and the command that writes one."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.helpers import compact

from linter.cli import cli
from linter.model import Acceptance
from linter.options.choose import OWN_FILE, Configurations
from linter.options.config import ConfigError

SLASH = "missing-trailing-slash"
SECRET = "plaintext-secret"
BAD = compact({"baseUrl": "https://api.example.com", "database": {"host": "db", "password": "hunter2"}, "signingKey": "${KEY}"})


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("deploy/medplum.config.json", BAD)


def lint(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(cli, list(arguments), input=given)


def write(name: str, text: str) -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def found(*arguments: str) -> dict[str, tuple[str | None, str | None]]:
    """The reason and the source of what accepts the findings of some rules, by rule and setting."""
    result = lint(*arguments, "--format", "json", "--select", f"{SLASH},{SECRET},missing-setting")
    return {f"{one['rule']} {one['setting']}": (one["suppressed"], one["accepted_by"]) for one in json.loads(result.stdout)["findings"]}


def notes(*arguments: str) -> list[str]:
    """What standard error says of a run."""
    return [line.removeprefix("medplum-lint: ") for line in lint(*arguments, "--fail-on", "never").stderr.splitlines()]


def accept(**entry: str) -> str:
    return "[[accept]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in {"reason": "the proxy adds it", **entry}.items())


BY_CONFIGURATION = ("the proxy adds it", "configuration")
NOT = (None, None)


@pytest.mark.parametrize(
    ("entry", "covers"),
    [
        ({}, True),
        ({"path": "medplum.config.json"}, True),
        ({"path": "deploy/*.json"}, True),
        ({"path": "/deploy"}, True),
        ({"path": "/medplum.config.json"}, False),
        ({"path": "other.json"}, False),
        ({"setting": "baseUrl"}, True),
        ({"setting": "baseurl"}, False),
        ({"setting": ""}, False),
        ({"environment": "prod"}, False),
        ({"path": "deploy/medplum.config.json", "setting": "baseUrl", "until": "9999-12-31"}, True),
        ({"until": "2020-01-01"}, False),
    ],
)
def test_what_an_acceptance_covers(entry: dict[str, str], covers: bool) -> None:
    write(OWN_FILE, accept(rule=SLASH, **entry))
    assert found("deploy")[f"{SLASH} baseUrl"] == (BY_CONFIGURATION if covers else NOT)
    assert found("deploy")["missing-setting appBaseUrl"] == NOT
    assert (lint("deploy", "--select", SLASH).exit_code == 0) is covers


def test_it_covers_one_setting_of_a_finding_about_several() -> None:
    write("deploy/medplum.config.json", BAD.replace("${KEY}", "abcdefgh"))
    write(OWN_FILE, accept(rule=SECRET, setting="database.password"))
    assert found("deploy")[f"{SECRET} signingKey"] == NOT
    assert found("deploy")[f"{SECRET} database.password"] == BY_CONFIGURATION
    assert "the file contains" not in lint("deploy", "--select", SECRET).output


def test_a_member_of_a_list_is_named_as_in_the_catalogue_too() -> None:
    write(
        "medplum.json", compact({"baseUrl": "https://a.example/", "database": {}, "externalAuthProviders": [{"issuer": 1}, {"issuer": 2}]})
    )
    for setting, reasons in (("externalAuthProviders.*.issuer", [True, True]), ("externalAuthProviders.1.issuer", [False, True])):
        write(OWN_FILE, accept(rule="wrong-type", setting=setting))
        outcome = json.loads(lint("medplum.json", "--format", "json").stdout)
        issuers = {one["setting"]: one["suppressed"] for one in outcome["findings"] if "issuer" in str(one["setting"])}
        assert [reason is not None for _, reason in sorted(issuers.items())] == reasons


DUMP = json.dumps([{"Name": f"/medplum/{name}/baseUrl", "Type": "String", "Value": "https://a.example"} for name in ("prod", "staging")])


def test_one_environment_of_a_dump() -> None:
    write("ssm.json", DUMP)
    write(OWN_FILE, accept(rule=SLASH, environment="staging"))
    outcome = json.loads(lint("ssm.json", "--format", "json", "--select", SLASH).stdout)
    assert [(one["environment"], one["accepted_by"]) for one in outcome["findings"]] == [("prod", None), ("staging", "configuration")]


def test_a_comment_counts_before_the_configuration() -> None:
    write(".env", f"MEDPLUM_REDIS_HOST=a\n# medplum-lint: ignore[{SLASH}] a comment\nMEDPLUM_BASE_URL=https://api.example.com\n")
    write(OWN_FILE, accept(rule=SLASH, path="/.env"))
    outcome = json.loads(lint(".env", "--format", "json").stdout)
    assert [(one["suppressed"], one["accepted_by"]) for one in outcome["findings"] if one["rule"] == SLASH] == [("a comment", "comment")]
    assert [one["kind"] for one in outcome["notices"]] == ["unused-acceptance"]


# --- Until when. --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "accepted"), [("2026-01-30", True), ("2026-01-31", True), ("2026-01-31T23:59", True), ("2026-02-01", False)]
)
def test_the_last_day_counts(now: str, accepted: bool) -> None:
    write(OWN_FILE, accept(rule=SLASH).rstrip() + "\nuntil = 2026-01-31\n")
    assert found("deploy", "--now", now)[f"{SLASH} baseUrl"] == (BY_CONFIGURATION if accepted else NOT)
    expired = f"the acceptance of {SLASH} expired on 2026-01-31: fix the finding, or decide again and give a later date"
    ends = f"the acceptance of {SLASH} ends with 2026-01-31: fix the finding, or decide again and give a later date"
    kind, message = ("expiring-acceptance", ends) if accepted else ("expired-acceptance", expired)
    assert notes("deploy", "--now", now) == [f"note: {OWN_FILE}:1: {message}"]
    notices = json.loads(lint("deploy", "--now", now, "--format", "json").stdout)["notices"]
    assert notices == [{"kind": kind, "path": OWN_FILE, "line": 1, "message": message}]


def test_an_expired_acceptance_beside_a_valid_one() -> None:
    write(OWN_FILE, f"{accept(rule=SLASH, until='2020-01-01')}\n{accept(rule=SLASH, reason='decided again')}")
    assert found(".")[f"{SLASH} baseUrl"] == ("decided again", "configuration")
    assert notes(".") == [f"note: {OWN_FILE}:1: the acceptance of {SLASH} is unused, because the rule finds nothing there: delete it"]


# --- Not needed. --------------------------------------------------------------------------------------------------------------------

UNUSED = [
    ({"rule": "wrong-type", "path": "deploy/medplum.config.json"}, ["deploy/medplum.config.json"], "the rule finds nothing there"),
    (
        {"rule": "wrong-type", "path": "deploy/medplum.config.json", "environment": "prod"},
        ["deploy"],
        "nothing that was checked matches it",
    ),
    ({"rule": "wrong-type", "path": "/gone.json"}, ["."], "there is no such file"),
    ({"rule": "wrong-type"}, ["."], "the rule finds nothing there"),
    ({"rule": "wrong-type", "path": "*.json"}, ["."], "the rule finds nothing there"),
    ({"rule": "server-differs-from-infra", "path": "deploy/medplum.config.json"}, ["."], "the rule finds nothing there"),
    # What a run on some of the files does not show.
    ({"rule": "wrong-type", "path": "/gone.json"}, ["deploy"], None),
    ({"rule": "wrong-type"}, ["deploy"], None),
    ({"rule": "wrong-type", "path": "*.json"}, ["deploy/medplum.config.json"], None),
    ({"rule": "wrong-type", "path": "medplum.config.json"}, ["deploy/medplum.config.json"], None),
    ({"rule": "server-differs-from-infra", "path": "deploy/medplum.config.json"}, ["deploy/medplum.config.json"], None),
    ({"rule": "wrong-type"}, [".", "--ignore", "wrong-type"], None),
    ({"rule": "misnamed-setting"}, ["."], None),
    ({"rule": "wrong-type", "path": "deploy/notes.txt"}, ["."], None),
    ({"rule": "wrong-type", "path": "deploy/of[*]that.txt"}, ["."], None),
]


@pytest.mark.parametrize(("entry", "arguments", "why"), UNUSED)
def test_an_unneeded_acceptance_is_reported_if_the_run_proves_it(entry: dict[str, str], arguments: list[str], why: str | None) -> None:
    write(OWN_FILE, accept(**entry))
    write("deploy/notes.txt", "")
    write("deploy/of*that.txt", "")
    said = notes(*arguments)
    if why is None:
        assert [note for note in said if "wrong-type" in note or "differs" in note or "variable" in note] == []
    else:
        [note] = said
        assert note.startswith(f"note: {OWN_FILE}:1: the acceptance of {entry['rule']}") and note.endswith(
            f"is unused, because {why}: delete it"
        )


@pytest.mark.parametrize("entry", [{"path": "*.txt"}, {"path": "gone.json"}, {"environment": "other"}])
def test_an_acceptance_for_files_outside_the_search_may_be_needed(entry: dict[str, str]) -> None:
    write(OWN_FILE, accept(rule="wrong-type", **entry))
    [note] = notes(".")
    assert note.endswith("is unused, because nothing that was checked matches it: delete it, unless it is for a file that a search skips")


def test_a_file_that_cannot_be_read_may_need_it() -> None:
    write(OWN_FILE, accept(rule="wrong-type", path="deploy/medplum.config.json"))
    write("deploy/medplum.config.json", BAD[:-1])
    assert [note for note in notes(".") if "unused" in note] == []


def test_quiet_does_not_mention_it() -> None:
    write(OWN_FILE, accept(rule="wrong-type"))
    assert lint(".", "--quiet", "--fail-on", "never").stderr == ""


# --- Reports. -----------------------------------------------------------------------------------------------------------------------


def test_every_report_says_that_a_configuration_accepts_findings() -> None:
    write(OWN_FILE, accept(rule=SLASH))
    arguments = ["deploy", "--select", SLASH]
    assert f"Configuration {OWN_FILE}: no rules off, nothing excluded, 1 finding accepted." in lint(*arguments).stdout
    assert "No findings in 1 file (1 suppressed)" in lint(*arguments).stdout
    report = json.loads(lint(*arguments, "--format", "json").stdout)
    assert (report["configurations"][0]["accepted"], report["summary"]["suppressed"]) == (1, 1)
    [issue] = json.loads(lint(*arguments, "--format", "gitlab").stdout)
    assert issue["description"].endswith("rules off: 0, paths excluded: 0, findings accepted: 1")
    log = json.loads(lint(*arguments, "--format", "sarif").stdout)["runs"][0]["invocations"][0]
    assert log["toolConfigurationNotifications"][0]["properties"]["accepted"] == 1


def test_what_is_accepted_is_not_fixed() -> None:
    write(OWN_FILE, accept(rule=SLASH))
    assert lint("deploy", "--select", SLASH, "--fix", "--unsafe-fixes").exit_code == 0
    assert Path("deploy/medplum.config.json").read_text(encoding="utf-8") == BAD


# --- The command. -------------------------------------------------------------------------------------------------------------------

FILE = "deploy/medplum.config.json"
TODAY = ("--now", "2026-01-31")


def own() -> str:
    return Path(OWN_FILE).read_bytes().decode()


def test_the_command_creates_a_configuration() -> None:
    result = lint("accept", FILE, SLASH, "baseUrl", "--reason", ' the "proxy" adds it\\ ', "--until", "9999-01-31", *TODAY)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"medplum-lint: note: {OWN_FILE}:1: 1 finding is accepted from now on\n"
    lines = [
        f'rule = "{SLASH}"',
        f'path = "{FILE}"',
        'setting = "baseUrl"',
        'reason = "the \\"proxy\\" adds it\\\\"',
        "until = 9999-01-31",
        "since = 2026-01-31",
    ]
    assert own() == "\n".join(["[[accept]]", *lines, ""])
    assert found(".")[f"{SLASH} baseUrl"] == ('the "proxy" adds it\\', "configuration")


@pytest.mark.parametrize(
    "before",
    [
        "",
        "# mine\n",
        "select = ['urls'] # no line end",
        "ignore = []\r\n\r\n[severity]\r\nmissing-host = 'off'\r\n",
        "\ufeff[[accept]]\nrule = 'missing-host'\nreason = 'x'\n[severity]\n",
        "[per-file.'x']\nignore = []\n\n\n",
    ],
)
def test_the_rest_of_the_file_is_unchanged(before: str) -> None:
    write(OWN_FILE, before)
    assert lint("accept", FILE, SLASH, "--reason", "so", *TODAY).exit_code == 0
    after = own()
    assert after.startswith(before) and ("\r\n" in before) == ("\r" in after[len(before) :])
    config = Configurations().of(Path.cwd())
    line = after[: after.rindex("[[accept]]")].count("\n") + 1
    assert config.accept[-1] == Acceptance(SLASH, "so", FILE, "baseUrl", since=date(2026, 1, 31), line=line, file=OWN_FILE)
    assert found(".")[f"{SLASH} baseUrl"] == ("so", "configuration")


def test_a_project_gets_a_table_of_its_own() -> None:
    write("pyproject.toml", "[project]\nname = 'x'\n\n[tool.medplum-lint]\ntarget = 'auto'\n\n[tool.other]\n")
    assert lint("accept", FILE, SLASH, "--reason", "so", *TODAY).exit_code == 0
    assert (
        Path("pyproject.toml")
        .read_text(encoding="utf-8")
        .endswith(
            f'[tool.other]\n\n[[tool.medplum-lint.accept]]\nrule = "{SLASH}"\n'
            + (f'path = "{FILE}"\nsetting = "baseUrl"\nreason = "so"\nsince = 2026-01-31\n')
        )
    )
    assert found(".")[f"{SLASH} baseUrl"] == ("so", "configuration")


def test_a_file_beside_the_configuration_is_named_alone() -> None:
    write("a[1]*.json", BAD)
    assert lint("accept", "a[1]*.json", SLASH, "--reason", "so").exit_code == 0
    assert 'path = "/a[[]1][*].json"' in own()
    assert found("a[1]*.json")[f"{SLASH} baseUrl"] == ("so", "configuration")
    write("deploy/a[1]*.json", BAD)
    assert found("deploy/a[1]*.json")[f"{SLASH} baseUrl"] == NOT


def test_from_another_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    write(OWN_FILE, "")
    monkeypatch.chdir("deploy")
    assert lint("accept", "medplum.config.json", SLASH, "--reason", "so").exit_code == 0
    assert f'path = "{FILE}"' in Path("..", OWN_FILE).read_text(encoding="utf-8")


def test_a_named_configuration_is_written_to() -> None:
    write("ci/lint.toml", "")
    assert lint("accept", FILE, SLASH, "--reason", "so", "--config", "ci/lint.toml").exit_code == 0
    assert f'path = "{FILE}"' in Path("ci/lint.toml").read_text(encoding="utf-8")
    assert found(".", "--config", "ci/lint.toml")[f"{SLASH} baseUrl"] == ("so", "configuration")


def test_an_environment_and_a_pedantic_rule() -> None:
    write("ssm.json", DUMP)
    assert lint("accept", "ssm.json", SLASH, "baseUrl", "--environment", "prod", "--reason", "so").exit_code == 0
    assert 'environment = "prod"' in own()
    assert lint("accept", FILE, "disabled-audit-trail", "--reason", "so").exit_code == 0


def test_a_service_is_named_as_in_reports_also_for_what_it_gets_from_other_files() -> None:
    write("c/base.yml", "services:\n  common:\n    environment:\n      MEDPLUM_SUPPORT_EMAIL: nobody\n")
    write("c/server.env", "MEDPLUM_APP_BASE_URL=https://app.hospital.org\nMEDPLUM_LOG_LEVEL=LOUD\nMEDPLUM_FOO=1\n")
    service = "    image: medplum/medplum-server:5.1.23\n    command: env\n    env_file: server.env\n"
    extends = "    extends: {file: base.yml, service: common}\n"
    write("c/compose.yaml", f"services:\n  api:\n{service}{extends}  worker:\n{service}")
    rules = {"c/base.yml": "invalid-email", "c/server.env": "unknown-setting"}
    for file, rule in rules.items():
        assert lint("accept", file, rule, "--environment", "nobody", "--reason", "so").exit_code == 2
        assert lint("accept", file, rule, "--environment", "api", "--reason", "so").exit_code == 0
    report = json.loads(lint("c", "--format", "json").stdout)
    accepted = {(one["path"], one["rule"]) for one in report["findings"] if one["accepted_by"] == "configuration"}
    assert accepted == set(rules.items()) and notes(".") == []


REFUSED = [
    ([FILE, SLASH, "baseUr", "--reason", "x"], f'{FILE}: {SLASH} finds nothing at baseUr; did you mean "baseUrl"?'),
    ([FILE, "missing-trailing-slsh", "--reason", "x"], f'there is no rule "missing-trailing-slsh"; did you mean "{SLASH}"?'),
    ([FILE, "wrong-type", "port", "--reason", "x"], f"{FILE}: wrong-type finds nothing, so there is nothing to accept"),
    (
        [FILE, SLASH, "--environment", "prod", "--reason", "x"],
        f"{FILE}: {SLASH} finds nothing in prod, so there is nothing to accept",
    ),
    (["gone.json", SLASH, "--reason", "x"], "gone.json: no such file"),
    (["deploy", SLASH, "--reason", "x"], "deploy: is a folder: name one file"),
    ([FILE, SLASH, "--reason", "x", "--until", "2020-01-01"], "--until 2020-01-01 is in the past: nothing would be accepted"),
    (
        ["two.json", SECRET, "--reason", "x"],
        f"two.json: {SECRET} has findings at several settings: name one of database.password, signingKey",
    ),
]


@pytest.mark.parametrize(("arguments", "error"), REFUSED)
def test_what_is_refused(arguments: list[str], error: str) -> None:
    write("two.json", BAD.replace("${KEY}", "abcdefgh"))
    result = lint("accept", *arguments)
    assert (result.exit_code, result.stderr) == (2, f"medplum-lint: error: {error}\n")
    assert not Path(OWN_FILE).exists()


def test_the_same_is_not_accepted_twice() -> None:
    assert lint("accept", FILE, SLASH, "--reason", "so").exit_code == 0
    before = own()
    assert lint("accept", FILE, SLASH, "--reason", "x").stderr == f"medplum-lint: error: {FILE}: {SLASH} is accepted there already: so\n"
    assert own() == before


@pytest.mark.parametrize("reason", ["", " "])
def test_a_reason_is_needed(reason: str) -> None:
    assert lint("accept", FILE, SLASH, "--reason", reason).exit_code == lint("accept", FILE, SLASH).exit_code == 2


@pytest.mark.parametrize(
    ("name", "text"),
    [(OWN_FILE, "accept = []"), ("pyproject.toml", "[tool]\nmedplum-lint = {}"), ("pyproject.toml", "tool.medplum-lint.accept = []")],
)
def test_a_list_on_one_line_is_left_to_the_user(name: str, text: str) -> None:
    write(name, text)
    result = lint("accept", FILE, SLASH, "--reason", "so", *TODAY)
    entry = f'{{rule = "{SLASH}", path = "{FILE}", setting = "baseUrl", reason = "so", since = 2026-01-31}}'
    assert result.exit_code == 2 and f"add {entry} to it" in result.stderr
    assert Path(name).read_text(encoding="utf-8") == text


# --- Mistakes. ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("accept = 1", "1: accept must be a list of tables: write each finding that you accept under [[accept]]"),
        ("[[accept]]\nrul = 'a'", '2: there is no option "rul"; did you mean "rule"?'),
        ("[[accept]]\nreason = 'a'", "1: an acceptance needs a rule: the id of the one whose findings are accepted"),
        ("\n[[accept]]\nrule = 'a'\n", "2: the acceptance of a needs a reason, for later readers"),
        ("[[accept]]\nrule = 'a'\nreason = ' '", "3: the acceptance of a needs a reason, for later readers"),
        ("[[accept]]\nrule = ['a']\nreason = 'x'", "2: rule must be text"),
        (
            "[[accept]]\nrule = 'a'\nreason = 'x'\n[[accept]]\nrule = 'a'\nreason = 'x'\nuntil = 'soon'",
            "7: until must be a date, such as 2026-01-31",
        ),
        ("[[accept]]\nrule = 'a'\nreason = 'x'\nuntil = 2026-01-31T10:00:00", "4: until must be a date, such as 2026-01-31"),
        ("[[accept]]\nrule = 'a'\nreason = 'x'\nuntil = 2026", "4: until must be a date, such as 2026-01-31"),
        ("[[accept]]\nrule = 'a'\nreason = 'x'\npath = ''", "4: path is empty: leave it out to accept the findings of every path"),
        ("[[accept]]\nrule = 'a'\nreason = 'x'\npath = '[z-a]'", '4: "[z-a]" is not a glob'),
        (
            "accept = [\n {rule = 'a', reason = 'x'},\n {reason = 'x', rule = 'b', untill = 1}]",
            '3: there is no option "untill"; did you mean "until"?',
        ),
        ("accept = [{rule = 'a', reason = 'x', untill = 1}]", '1: there is no option "untill"; did you mean "until"?'),
    ],
)
def test_mistakes(text: str, error: str) -> None:
    write(OWN_FILE, text)
    with pytest.raises(ConfigError) as caught:
        Configurations().of(Path.cwd())
    assert str(caught.value) == f"{Path.cwd()}/{OWN_FILE}:{error}"


def test_a_rule_that_does_not_exist() -> None:
    write(OWN_FILE, f"\n{accept(rule='missing-hst')}")
    assert lint(".").stderr == f'medplum-lint: error: {OWN_FILE}:2: there is no rule "missing-hst"; did you mean "missing-host"?\n'


def test_dates_as_toml_and_as_text_are_the_same() -> None:
    write(OWN_FILE, f"{accept(rule=SLASH)}until = 2026-01-31\n{accept(rule=SLASH, until='2026-01-31')}")
    assert [one.until for one in Configurations().of(Path.cwd()).accept] == [date(2026, 1, 31)] * 2
