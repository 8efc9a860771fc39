"""Names that no known release reads: the messages about them, also for a server newer than the data, and that they stay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from linter import __version__, cli
from linter.model import Finding, dotted
from linter.options.config import Overrides
from linter.run import Options, lint_paths
from linter.settings import catalogue
from linter.settings.releases import DATES, NEWEST, parse_server_version

WHOLE = {
    "baseUrl": "https://api.clinic.example/",
    "appBaseUrl": "https://app.clinic.example/",
    "binaryStorage": "s3:clinic-storage",
    "supportEmail": "help@clinic.example",
    "database": {"host": "db.internal"},
    "redis": {"host": "cache.internal"},
}
NEWER = "99.1.0"
UNKNOWN = f"is not known to this version of medplum-lint: no known release up to {NEWEST} ({DATES[NEWEST]}) reads it"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def found(given: dict[str, Any] | str, server: str = "", name: str = "medplum.config.json") -> list[Finding]:
    """What the rules about names find in a file."""
    Path(name).write_text(given if isinstance(given, str) else json.dumps({**WHOLE, **given}))
    version = parse_server_version(server, "--server-version") if server else None
    rules = ("*unknown*", "misnamed-setting", "ignored-setting", "misplaced-setting")
    outcome = lint_paths([name], Options(Overrides(select=rules, server=version)))
    assert outcome.errors == () and outcome.bugs == ()
    return list(outcome.result.findings)


def said(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(one.severity, one.message) for one in findings]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.cli, list(arguments))


# --- Unknown is not wrong -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["acmeFlag", "enableSharding", "defaultShardId", "emailAdress", "telemetryMode"])
@pytest.mark.parametrize("server", ["", "4.1.12", "5.1.23", str(NEWEST)])
def test_a_name_that_resembles_none_is_not_known_and_nothing_more(name: str, server: str) -> None:
    assert said(found({name: True}, server)) == [("warning", f"{name} {UNKNOWN}")]
    assert said(found({name: True}, NEWER)) == [("note", f"{name} {UNKNOWN}")]


NEAR = {
    "MaxJsonSize": ("1mb", "maxJsonSize"),
    "max_json_size": ("1mb", "maxJsonSize"),
    "maxJsonSizes": ("1mb", "maxJsonSize"),
    "maxJsnSize": ("1mb", "maxJsonSize"),
    "maxJsomSize": ("1mb", "maxJsonSize"),
    "maxJsonSzie": ("1mb", "maxJsonSize"),
}


@pytest.mark.parametrize("name", NEAR)
@pytest.mark.parametrize("server", ["", "4.1.12", "5.1.23", str(NEWEST), NEWER])
def test_a_near_miss_is_wrong_on_every_release(name: str, server: str) -> None:
    value, meant = NEAR[name]
    message = f"{name} is not a setting of the server, which ignores it; did you mean {meant}?"
    assert said(found({name: value}, server)) == [("warning", message)]


@pytest.mark.parametrize("server", ["", NEWER])
def test_what_the_server_cannot_do_without_stays_an_error(server: str) -> None:
    Path("medplum.config.json").write_text(json.dumps({"base_url" if key == "baseUrl" else key: value for key, value in WHOLE.items()}))
    version = parse_server_version(server, "--server-version") if server else None
    findings = lint_paths(["medplum.config.json"], Options(Overrides(select=("misnamed-setting",), server=version))).result.findings
    assert [(one.severity, dotted(one.path or ())) for one in findings] == [("error", "base_url")]


@pytest.mark.parametrize(("server", "level"), [("", "warning"), (NEWER, "note")])
def test_a_likeness_is_a_hint(server: str, level: str) -> None:
    assert said(found({"maxJsonSizeLimit": "1mb"}, server)) == [(level, f"maxJsonSizeLimit {UNKNOWN}; did you mean maxJsonSize?")]


def test_names_of_both_kinds_are_distinguished() -> None:
    near = "maxJsonSizes is not a setting of the server, which ignores it"
    given = {"maxJsonSizes": "1mb", "acmeFlag": 1, "acmeMode": 2}
    assert said(found(given)) == [("warning", f"{near} (did you mean maxJsonSize?); 3 names to check: maxJsonSizes, acmeFlag and acmeMode")]
    assert said(found(given, NEWER)) == [
        ("warning", f"{near}; did you mean maxJsonSize?"),
        ("note", f"acmeFlag {UNKNOWN}; 2 names to check: acmeFlag and acmeMode"),
    ]


def test_a_connection_as_one_url_says_what_the_server_expects() -> None:
    ignored = "is not a setting of the server, which ignores it: the server expects"
    assert said(found({"database": {"host": "db.internal", "url": "postgres://db.internal"}})) == [
        ("warning", f"database.url {ignored} host, port, dbname, username and password separately")
    ]
    assert said(found({"redis": {"host": "cache.internal", "url": "redis://cache.internal"}})) == [
        ("warning", f"redis.url {ignored} host, port and password separately")
    ]


def test_a_blank_at_an_end_of_a_name_can_be_seen() -> None:
    message = '"maxJsonSize " is not a setting of the server, which ignores it; did you mean maxJsonSize?'
    assert said(found({"maxJsonSize ": "1mb"})) == [("warning", message)]


CDK = {"name": "prod", "stackName": "Prod", "region": "us-east-1", "apiDomainName": "api.clinic.example", "apiPort": 8103}


def test_a_setting_of_the_server_in_the_config_of_the_cdk() -> None:
    given = json.dumps({**CDK, "signingKey": "x"})
    is_of_server = "is a setting of the server, and the CDK does not read it"
    [finding] = found(given, name="medplum.prod.config.json")
    assert (finding.rule, finding.message) == (
        "misplaced-setting",
        f"signingKey {is_of_server}; write it into Parameter Store or the server's own file",
    )
    [finding] = found(json.dumps({**CDK, "signingKey": "x", "logLevel": "INFO"}), name="medplum.prod.config.json")
    assert finding.message.endswith("; 2 such settings: signingKey and logLevel")


@pytest.mark.parametrize(("name", "value"), [("audience", "x"), ("signingKeyPasscode", "x"), ("workerz", {}), ("apiPort ", 1)])
def test_an_obsolete_or_unknown_name_in_the_config_of_the_cdk(name: str, value: Any) -> None:
    """The server does not read it either."""
    assert [one.rule for one in found(json.dumps({**CDK, name: value}), name="medplum.prod.config.json")] == ["unknown-setting"]


GONE = "chainedSearchWithReferenceTables"


@pytest.mark.parametrize(
    ("server", "name", "message"),
    [
        ("", "audience", "audience is not read by current servers; remove it"),
        ("5.1.23", "audience", "audience is not read by current servers; the line has no effect and can be deleted"),
        ("", GONE, f"{GONE} is read only by servers up to 3.3.0; remove it unless yours is one of these"),
        ("4.0.0", GONE, f"{GONE} is read only by servers up to 3.3.0; the line has no effect and can be deleted"),
    ],
)
def test_an_old_name_can_be_removed(server: str, name: str, message: str) -> None:
    assert said(found({name: True}, server)) == [("note", message)]


VARIABLES = """\
services:
  server:
    image: medplum/medplum-server
    environment:
      MEDPLUM_BASE_URL: https://api.clinic.example/
      MEDPLUM_ACME_FLAG: x
      MEDPLUM_MAX_JSON_SIZES: 1mb
"""


def test_variables() -> None:
    unknown = f"acmeFlag {UNKNOWN.replace(' reads it', ' reads MEDPLUM_ACME_FLAG')}"
    near = "maxJsonSizes is not a setting of the server, which ignores MEDPLUM_MAX_JSON_SIZES; did you mean MEDPLUM_MAX_JSON_SIZE?"
    assert said(found(VARIABLES, name="compose.yaml")) == [("warning", f"{unknown}; 2 names to check: acmeFlag and maxJsonSizes")]
    newer = ("note", unknown)
    assert said(found(VARIABLES, NEWER, "compose.yaml")) == [newer, ("warning", near)]


def test_a_setting_of_the_cdk_may_be_one_of_a_newer_server_too() -> None:
    message = "apiDomainName is a setting of the CDK, and no known release of the server reads it; move it to the CDK's config"
    assert said(found({"apiDomainName": "api.clinic.example"})) == [("warning", message)]
    assert said(found({"apiDomainName": "api.clinic.example"}, NEWER)) == [("note", message)]


@pytest.mark.parametrize(
    ("server", "effect"),
    [
        ("", ""),
        (NEWER, ""),
        (">=4.1.4", ""),
        ("4.1.5", "; the line has no effect and can be deleted"),
        (">=4.1.5", "; the line has no effect and can be deleted"),
    ],
)
def test_an_old_setting_is_useless_only_where_it_is_known_which_server_it_is(server: str, effect: str) -> None:
    message = "defaultFhirInteractionLimit is read only by servers up to 4.1.4: use defaultFhirQuota"
    assert said(found({"defaultFhirInteractionLimit": 1, "defaultFhirQuota": 2}, server)) == [("note", f"{message}{effect}")]


UNREAD = {
    "acmeFlag": True,
    "enableSharding": True,
    "emailAdress": "a@clinic.example",
    "audience": "x",
    "chainedSearchWithReferenceTables": True,
    "auditEventLogGroup": "x",
}


@pytest.mark.parametrize(
    ("server", "deleted"),
    [
        ("", set()),
        (NEWER, set()),
        (">=3.0,<6", {"audience"}),  # no release since 3.0.0 has read it
        (">=4.1,<6", {"audience", "chainedSearchWithReferenceTables"}),
        ("latest", {"audience", "chainedSearchWithReferenceTables", "auditEventLogGroup"}),
    ],
)
def test_no_fix_deletes_what_the_server_may_read(server: str, deleted: set[str]) -> None:
    path = Path("medplum.config.json")
    path.write_text(json.dumps({**WHOLE, **UNREAD}))
    run("--fix", "--unsafe-fixes", *(("--server-version", server) if server else ()), str(path))
    assert {name for name in UNREAD if name not in json.loads(path.read_text())} == deleted


def test_an_image_says_which_server_it_is() -> None:
    path = Path("compose.yaml")
    path.write_text(VARIABLES.replace("medplum-server", "medplum-server:5.1.23") + "      MEDPLUM_AUDIENCE: x\n")
    run("--fix", "--unsafe-fixes", str(path))
    assert "MEDPLUM_AUDIENCE" not in path.read_text() and "MEDPLUM_ACME_FLAG: x" in path.read_text()


def test_custom_policies_delete_no_unknown_name_either() -> None:
    Path("policies").mkdir()
    Path("policies/unwanted.yaml").write_text(
        "id: x/unwanted\ntitle: Unwanted\nseverity: warning\nfor: server\nmessage: it is there\n"
        "must: {'\"acmeFlag\"': absent, logLevel: absent}\n"
        "fix: {safe: true, reason: why not, remove: [.]}\ndocs: Unwanted.\n"
        "examples:\n  good: [{data: {}}]\n  bad: [{data: {acmeFlag: 1}, finds: {acmeFlag: unfixed}}]\n"
    )
    path = Path("medplum.config.json")
    path.write_text(json.dumps({**WHOLE, "acmeFlag": 1, "logLevel": "INFO"}))
    result = run("--rules", "policies", "--fix", "--select", "x/unwanted", str(path))
    assert json.loads(path.read_text()) == {**WHOLE, "acmeFlag": 1}, result.output


def test_the_config_of_a_cdk_whose_release_nothing_says() -> None:
    path = Path("medplum.prod.config.json")
    given = {
        "name": "prod",
        "stackName": "Prod",
        "region": "us-east-1",
        "domainName": "clinic.example",
        "apiDomainName": "api.clinic.example",
    }
    text = json.dumps({**given, "maxConnections": 5, "rdsInstanceParameters": {"x": "y"}, "acmeFlag": 1})
    path.write_text(text)
    run("--fix", "--unsafe-fixes", "--select", "ignored-setting,unknown-setting", str(path))
    assert path.read_text() == text


@pytest.mark.parametrize(("word", "levels"), [("acmeRuntime", ["error", "note"]), ("vmcontxt", ["error", "error"])])
def test_a_word_that_resembles_none_may_be_one_of_a_newer_server(word: str, levels: list[str]) -> None:
    both = [found({"defaultBotRuntimeVersion": word}, server) for server in (str(NEWEST), NEWER)]
    assert [[one.severity for one in findings] for findings in both] == [[level] for level in levels]
    assert ("as far as this version of medplum-lint knows" in both[1][0].message) == (levels[1] == "note")
    assert levels[1] != "note" or both[1][0].fix is None


@pytest.mark.parametrize("form", ["text", "concise", "grouped", "markdown", "github", "azure"])
def test_a_report_says_once_that_images_are_newer_than_what_is_known(form: str) -> None:
    newer = VARIABLES.replace("medplum-server", f"medplum-server:{NEWER}")
    Path("compose.yaml").write_text(newer)
    assert run("-f", form, "--select", "unknown-setting", "compose.yaml").stdout.count(NEWER) == 1
    for name in ("a", "b"):
        Path(name).mkdir()
        Path(name, "compose.yaml").write_text(newer)
    text = " ".join(run("-f", form, "--select", "unknown-setting", "a", "b").stdout.split())
    assert f"Checked against server {NEWEST} (the newest known release; each image says {NEWER})." in text.replace("\\", "")
    assert text.count(NEWER) == 1


def test_the_version_says_how_old_the_data_is_and_a_report_does_not() -> None:
    day = DATES[NEWEST]
    assert run("--version").output == f"medplum-lint {__version__}\nKnows the releases of Medplum up to {NEWEST} ({day}).\n"
    Path("medplum.config.json").write_text(json.dumps(WHOLE))
    upgrade = run("upgrade", "--from", "5.1.23", "medplum.config.json")
    assert upgrade.stderr == f"medplum-lint: note: knows the releases of Medplum up to {NEWEST} ({day})\n" and day not in upgrade.stdout
    for form in ("text", "json", "sarif", "html"):
        assert day not in run("-f", form, "medplum.config.json").stdout


def test_names_of_later_releases_are_distinguished_from_unknown_ones() -> None:
    """Each of them says since when it is read."""
    given = {"storeBotInput": True, "acmeFlag": 1, "shards": {}, "allowUnsafeOutbound": True, "acmeMode": 1}
    later = "storeBotInput is read by 5.2.13 and later, but not yet by 5.1.38; your server is {}, which ignores it; {} names to check: {}"
    unknown = ("warning", f"acmeFlag {UNKNOWN}; 2 names to check: acmeFlag and acmeMode")
    oldest = later.format("5.1.23", 3, "storeBotInput, shards and allowUnsafeOutbound (from 5.1.27 on)")
    assert said(found(given, "5.1.23")) == [("warning", oldest), unknown]
    assert said(found(given, "5.1.30")) == [("warning", later.format("5.1.30", 2, "storeBotInput and shards")), unknown]
    assert said(found(given, "5.1.41")) == [unknown] == said(found(given, "5.2.13"))
    assert said(found(given, NEWER)) == [("note", unknown[1])]


# --- A guess is not an edit -----------------------------------------------------------------------------------------------------------


def fixed(given: dict[str, Any], *arguments: str) -> dict[str, Any]:
    """What all fixes make of a file."""
    path = Path("medplum.config.json")
    path.write_text(json.dumps({**WHOLE, **given}))
    result = run("--fix", "--unsafe-fixes", *arguments, str(path))
    assert result.exit_code in (0, 1), result.output
    changed: dict[str, Any] = json.loads(path.read_text())
    return {name: value for name, value in changed.items() if name not in WHOLE}


GUESSES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "a likeness": ({"maxJsonSizeLimit": "1mb"}, ()),
    "two letters": ({"maxJsnSizes": "1mb"}, ()),
    "another secret": ({"clientSecret": "x" * 24}, ()),
    "a public name for a secret": ({"smtp": {"host": "mail.clinic.example", "port": 587, "auth": "x"}}, ()),
    "a type that does not fit": ({"registerEnable": "false"}, ("--select", "unknown-setting")),
    "a name that is taken": ({"maxJsonSizes": "1mb", "maxJsonSize": "2mb"}, ()),
    "a server that may read the old name": ({"allowInsecureRestHookUrl": True}, ()),
    "one that reads it": ({"allowInsecureRestHookUrl": True}, ("--server-version", "5.1.26")),
    "several, of which one reads it": ({"allowInsecureRestHookUrl": True}, ("--server-version", ">=5.1.26")),
    "one that is newer than what is known": ({"allowInsecureRestHookUrl": True}, ("--server-version", NEWER)),
    "servers of which one does not read the new name": ({"blockedEmailDomain": ["a.example"]}, ("--server-version", ">=5.1.26")),
    "one that does not": ({"blockedEmailDomain": ["a.example"]}, ("--server-version", "5.1.26")),
}


@pytest.mark.parametrize("name", GUESSES)
def test_a_guess_is_not_an_edit(name: str) -> None:
    given, arguments = GUESSES[name]
    assert fixed(given, *arguments) == given


SURE: dict[str, tuple[dict[str, Any], tuple[str, ...], dict[str, Any]]] = {
    "case": ({"MaxJsonSize": "1mb"}, (), {"maxJsonSize": "1mb"}),
    "separators": ({"max-json_size": "1mb"}, (), {"maxJsonSize": "1mb"}),
    "a letter": ({"maxJsonSizes": "1mb"}, (), {"maxJsonSize": "1mb"}),
    "an alias": (
        {"smtp": {"host": "mail.clinic.example", "port": 587, "user": "x"}},
        (),
        {"smtp": {"host": "mail.clinic.example", "port": 587, "username": "x"}},
    ),
    "a server that reads the new name": ({"allowInsecureRestHookUrl": True}, ("--server-version", "5.1.27"), {"allowUnsafeOutbound": True}),
    "servers that do": ({"blockedEmailDomain": ["a.example"]}, ("--server-version", ">=5.1.37"), {"blockedEmailDomains": ["a.example"]}),
}


@pytest.mark.parametrize("name", SURE)
def test_an_unambiguous_name_is_an_edit(name: str) -> None:
    given, arguments, wanted = SURE[name]
    assert fixed(given, *arguments) == wanted


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        *((one, ["deprecated-setting"]) for one in ("5.1.27", "5.2.13", ">=5.2", "latest", NEWER)),
        *((one, ["deprecated-setting", "misread-boolean"]) for one in ("", ">=5.1.20")),
        ("5.1.26", ["misread-boolean"]),
    ],
)
def test_values_of_unread_settings_are_not_checked(server: str, expected: list[str]) -> None:
    Path("medplum.config.json").write_text(json.dumps({**WHOLE, "allowInsecureRestHookUrl": "false"}))
    version = parse_server_version(server, "--server-version") if server else None
    findings = lint_paths(["medplum.config.json"], Options(Overrides(server=version))).result.findings
    assert sorted(one.rule for one in findings if one.path == ("allowInsecureRestHookUrl",)) == expected


@pytest.mark.parametrize("server", ["5.1.39", "5.2.0", "5.2.5"])
def test_a_slip_that_may_be_a_newer_setting_has_no_edit(server: str) -> None:
    slip = "is not a setting of the server, which ignores"
    (finding,) = found({"storeBotInpu": True}, server)
    assert (finding.severity, finding.message) == ("warning", f"storeBotInpu {slip} it; did you mean storeBotInput?")
    assert finding.fix is None
    variables = "MEDPLUM_BASE_URL=https://api.clinic.example/\nMEDPLUM_DATABASE_HOST=db\nMEDPLUM_STORE_BOT_INPU=true\n"
    (finding,) = found(variables, server, "medplum.env")
    assert (finding.severity, finding.fix) == ("warning", None)
    assert finding.message == f"storeBotInpu {slip} MEDPLUM_STORE_BOT_INPU; did you mean MEDPLUM_STORE_BOT_INPUT?"


@pytest.mark.parametrize(
    ("server", "severity", "fix"),
    [("5.1.38", "error", None), ("5.1.39", "warning", None), ("5.2.5", "warning", None), ("5.2.13", "error", False), ("", "error", False)],
)
def test_a_wrong_word_is_a_warning_where_it_is_not_known_which_words_the_server_allows(
    server: str, severity: str, fix: bool | None
) -> None:
    Path("medplum.config.json").write_text(json.dumps({**WHOLE, "defaultProjectFeatures": ["archiv"]}))
    version = parse_server_version(server, "--server-version") if server else None
    findings = lint_paths(["medplum.config.json"], Options(Overrides(select=("unknown-value",), server=version))).result.findings
    assert [(one.severity, one.fix and one.fix.safe) for one in findings] == [(severity, fix)]


# --- What is suggested is read today --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["auditEventLog", "auditEventLogs", "auditLogEvents", "logAuditEvent"])
@pytest.mark.parametrize("server", ["", "4.3.5"])
def test_a_switch_with_the_words_of_another_order_is_that_switch(name: str, server: str) -> None:
    assert [message.rpartition(" ")[2] for _, message in said(found({name: True}, server))] == ["logAuditEvents?"]


def test_no_deprecated_setting_is_suggested() -> None:
    known = catalogue()
    gone = {dotted(path) for tag in ("deprecated", "removed") for path in known.tagged(tag)}
    for name in gone:
        for written in (f"{name}s", name[:-1], name.lower(), f"{name}Name"):
            assert not {one for one in gone if f"mean {one}?" in str(said(found({written: "x"})))}, written
