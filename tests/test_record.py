"""What a report records beside its findings: what became of each rule and why, the options in force, and digests that hold no secret."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from support.canaries import encoded, server_files
from support.helpers import compact

from linter.cli import cli
from linter.documents.inputs import Input
from linter.model import Digest
from linter.policy.rule_set import all_rules
from linter.redaction.digest import digest_of
from linter.run import Options, lint_input, lint_paths

SLASH = "missing-trailing-slash"
CLEAN = {
    "baseUrl": "https://api.hospital.org/",
    "appBaseUrl": "https://app.hospital.org/",
    "port": 8103,
    "signingKeyId": "key-1",
    "storageBaseUrl": "https://storage.hospital.org/binary/",
    "supportEmail": '"Support" <support@hospital.org>',
}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def report(*arguments: str) -> dict[str, Any]:
    """The JSON report of a run."""
    done = CliRunner().invoke(cli, ["--format", "json", *arguments])
    assert done.exit_code in (0, 1), done.output
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def became(rule: str, *arguments: str) -> list[tuple[str, str, int]]:
    """What became of a rule: each status with its reason and the number of documents."""
    return [(one["status"], one["why"], one["documents"]) for one in report(*arguments)["rules"] if one["rule"] == rule]


def write(name: str, data: Any) -> str:
    Path(name).write_text(data if isinstance(data, str) else compact(data), encoding="utf-8")
    return name


# --- What became of each rule ---


def test_every_rule_is_listed_in_order() -> None:
    listed = [one["rule"] for one in report(write("medplum.config.json", CLEAN))["rules"]]
    assert listed == sorted(rule.info.id for rule in all_rules([])[0])


def test_what_is_found_and_what_is_accepted() -> None:
    name = write("medplum.config.json", CLEAN | {"baseUrl": "https://api.hospital.org"})
    assert became(SLASH, name) == [("found", "", 1)]
    write(".medplum-lint.toml", f'[[accept]]\nrule = "{SLASH}"\nreason = "a proxy adds it"\n')
    assert became(SLASH, name) == [("found", "what it finds is accepted", 1)]


def test_what_is_checked() -> None:
    name = write("medplum.config.json", CLEAN)
    assert became(SLASH, name) == [("checked", "every clause is satisfied", 1)]
    assert became("invalid-json", name) == [("checked", "reading the file found nothing of this kind", 1)]


@pytest.mark.parametrize(
    ("rule", "arguments", "why"),
    [
        ("string-list-parameter", [], "the rule is for server/ssm, and this is server/json"),
        ("real-development-secret", [], "it is off in production (the rule: off in production, warning in development)"),
        ("vmcontext-bots", [], "what it asks about is not given"),
        ("unreachable-localhost", [], "it compares several documents of one server, and no two are here"),
        ("unusable-email-provider", ["--server-version", "3.0.0"], "this server is too old to read emailProvider"),
    ],
    ids=["kind", "target", "nothing of it is set", "alone", "release"],
)
def test_what_does_not_apply(rule: str, arguments: list[str], why: str) -> None:
    name = write("medplum.config.json", CLEAN | {"emailProvider": "smtp"})
    [(status, says, _)] = became(rule, name, *arguments)
    assert (status, says) == ("not-applicable", why)


def test_what_is_switched_off_and_by_which_line() -> None:
    name = write("medplum.config.json", CLEAN)
    assert became(SLASH, name, "--ignore", "urls") == [("off", "--ignore names urls", 1)]
    assert became(SLASH, name, "--select", "tls") == [("off", "--select names other rules", 1)]
    pedantic = "it is pedantic, so it is checked only on request: --pedantic, or --select disabled-audit-trail"
    assert became("disabled-audit-trail", name) == [("off", pedantic, 1)]
    write(".medplum-lint.toml", f'pedantic = false\nignore = ["tls"]\n\n[severity]\n{SLASH} = "off"\n')
    assert became("unencrypted-database", name) == [("off", "ignore in .medplum-lint.toml:2 names tls", 1)]
    assert became(SLASH, name) == [("off", "it is off in production (severity in .medplum-lint.toml:5)", 1)]


def test_a_severity_of_a_category_switches_off_what_would_be_checked() -> None:
    name = write("medplum.config.json", CLEAN)
    write(".medplum-lint.toml", '[severity]\nurls = "off"\n')
    assert became(SLASH, name) == [("off", "it is off in production (severity in .medplum-lint.toml:2 names urls)", 1)]
    assert [one[0] for one in became("real-development-secret", name)] == ["not-applicable"]


def test_the_line_is_that_of_the_option_that_counts_for_the_file() -> None:
    for name in ("a.config.json", "b.config.json"):
        write(name, CLEAN)
    lines = [f'ignore = ["{SLASH}"]', '[per-file."a.*"]', f'severity = {{{SLASH} = "off"}}', f'ignore = ["tls", "{SLASH}"]']
    write(".medplum-lint.toml", "\n".join([*lines, '[per-file."b.*"]', "ignore = []", "[severity]", f'{SLASH} = "off"']))
    assert became(SLASH, "a.config.json") == [("off", f"ignore in .medplum-lint.toml:4 names {SLASH}", 1)]
    assert became(SLASH, "b.config.json") == [("off", "it is off in production (severity in .medplum-lint.toml:8)", 1)]
    write(".medplum-lint.toml", 'ignore = ["tls"]\nselect = ["mail"]\n')
    assert became(SLASH, "a.config.json") == [("off", "select in .medplum-lint.toml:2 names other rules", 1)]


def test_what_could_not_be_decided() -> None:
    name = write("medplum.config.json", CLEAN | {"baseUrl": "${BASE_URL}"})
    assert ("undecided", "baseUrl still has to be filled in", 1) in became("base-url-path", name, "--pedantic")
    write("dump.json", {"Parameters": [{"Name": "/medplum/prod/baseUrl", "Type": "SecureString", "Value": f"AQICAH{'x0oWnR3m1v6r' * 12}"}]})
    assert became(SLASH, "dump.json") == [("undecided", "baseUrl has a value that cannot be read here", 1)]
    write("page.json", {"Parameters": [{"Name": "/medplum/prod/port", "Type": "String", "Value": "8103"}], "NextToken": "a"})
    [(status, why, _)] = became("missing-setting", "page.json")
    assert (status, why.split(";")[0]) == ("undecided", "baseUrl is not given in the part of the configuration that is here")


ENCRYPTED = f"AQICAH{'x0oWnR3m1v6r' * 12}"


def test_what_cannot_be_read_fits_nothing_yet() -> None:
    """A value that is encrypted, or still to be filled in, leaves open the aspects that its setting can fail in, and no others."""
    given = {"registerEnabled": ENCRYPTED, "signingKey": ENCRYPTED, "supportEmail": ENCRYPTED, "port": "8103"}
    entries = [{"Name": f"/medplum/prod/{one}", "Type": "SecureString", "Value": value} for one, value in given.items()]
    write("dump.json", {"Parameters": entries})
    said = {rule: became(rule, "dump.json") for rule in ("misread-boolean", "malformed-pem", "invalid-email", "published-credential")}
    why = "has a value that cannot be read here"
    assert said == {
        "misread-boolean": [("undecided", f"registerEnabled {why}", 1)],
        "malformed-pem": [("undecided", f"signingKey {why}", 1)],
        "invalid-email": [("undecided", f"supportEmail {why}", 1)],
        "published-credential": [("undecided", f"signingKey {why}", 1)],
    }
    assert [one[0] for one in became("misread-number", "dump.json")] == ["checked"]
    name = write("medplum.config.json", {one: value for one, value in CLEAN.items() if one != "supportEmail"})
    assert became("invalid-email", name) == [("not-applicable", "what it asks about is not given", 1)]
    write(name, CLEAN | {"registerEnabled": "${REGISTER}"})
    assert became("misread-boolean", name) == [("undecided", "registerEnabled still has to be filled in", 1)]


def test_reading_that_breaks_off_leaves_open_what_it_would_find() -> None:
    name = write("medplum.config.json", '{"port": 8103, "a" "b", "registerEnabled": true, "registerEnabled": false}')
    assert became("duplicate-key", name) == [("undecided", "too much of the document cannot be read", 1)]


def test_a_pedantic_rule_is_off_also_where_the_target_is_not_known() -> None:
    write(".env", "MEDPLUM_PORT=8103\nMEDPLUM_DATABASE_HOST=db\n")
    pedantic = "it is pedantic, so it is checked only on request: --pedantic, or --select inexact-value"
    assert became("inexact-value", ".env") == [("off", pedantic, 1)]
    of_one = "it is off in one of the targets (the rule: note on request in production, off in development)"
    assert became("disabled-audit-trail", ".env") == [("not-applicable", of_one, 1)]


def test_an_object_without_what_a_rule_asks_about_leaves_nothing_open() -> None:
    """The condition of ignored-ssl-require is about a member of the connection."""
    name = write("medplum.config.json", CLEAN | {"database": {"host": "db.hospital.org"}})
    [(status, _, _)] = became("ignored-ssl-require", name)
    assert status == "checked"
    write(name, CLEAN | {"database": {"host": "db.hospital.org", "ssl": "${SSL}"}})
    assert [one[0] for one in became("ignored-ssl-require", name)] == ["undecided"]


def test_documents_are_counted() -> None:
    write("a.config.json", CLEAN)
    write("b.config.json", CLEAN | {"baseUrl": "https://api.hospital.org"})
    both = [("found", "", 1), ("checked", "every clause is satisfied", 1)]
    assert became(SLASH, "a.config.json", "b.config.json", "--kind", "server/json") == both


def test_sarif_and_html_have_the_same() -> None:
    name = write("medplum.config.json", CLEAN | {"baseUrl": "https://api.hospital.org"})
    sarif = json.loads(CliRunner().invoke(cli, ["--format", "sarif", "--ignore", "tls", name]).stdout)
    statuses = sarif["runs"][0]["invocations"][0]["properties"]["rules"]
    assert statuses["found"][SLASH] == ""
    assert statuses["off"]["unencrypted-database"] == "--ignore names tls"
    page = CliRunner().invoke(cli, ["--format", "html", "--ignore", "tls", name]).stdout
    assert 'data-status="switched off">' in page and "--ignore names tls" in page


def test_the_filter_of_html_counts_the_rows_that_it_shows() -> None:
    write("a.config.json", CLEAN)
    write("b.config.json", CLEAN | {"baseUrl": "https://api.hospital.org"})
    page = (
        CliRunner().invoke(cli, ["--format", "html", "--select", SLASH, "a.config.json", "b.config.json", "--kind", "server/json"]).stdout
    )
    for status in ("found", "checked"):
        assert f'<option value="{status}">{status} (1)</option>' in page and page.count(f'data-status="{status}">') == 1


# --- What the run depends on ---


def test_two_runs_give_the_same_bytes() -> None:
    name = write("medplum.config.json", CLEAN)
    for form in ("json", "html", "sarif"):
        made = {CliRunner().invoke(cli, ["--format", form, "--now", "2026-01-31", name]).stdout for _ in range(2)}
        assert len(made) == 1
    assert report("--now", "2026-01-31", name)["now"] == "2026-01-31T00:00:00+00:00"
    assert report(name)["now"] is None


def test_the_options_in_force() -> None:
    name = write("medplum.config.json", CLEAN)
    assert report(name)["options"] == []
    write(".medplum-lint.toml", 'fail-on = "warning"\nignore = ["urls"]\n')
    options = {"select": ["tls"], "ignore": ["urls"], "fail-on": "warning", "server": "4.3.5"}
    assert report("--select", "tls", "--server-version", "4.3.5", name)["options"] == [{"options": options, "paths": [name]}]


def test_the_digest_of_a_file_without_secrets_is_that_of_its_bytes() -> None:
    public = {"baseUrl": "https://api.hospital.org/", "port": 8103}
    for content in (json.dumps(public, indent=2), "\ufeff" + json.dumps(public)):
        name = write("medplum.config.json", content)
        digest = {"of": "content", "sha256": hashlib.sha256(Path(name).read_bytes()).hexdigest()}
        assert [one["digest"] for one in report(name, "--kind", "server/json")["files"]] == [digest]


def digests(values: Mapping[tuple[str, ...], str], mark: str) -> dict[tuple[str, str], list[Digest]]:
    """The digests of a file in each format, which holds some values, by its name and by its content with a sign in place of one of them."""
    made = {}
    for name, content, kind in server_files(values):
        outcome = lint_input(Input(name, content.encode(), Path(name)), Options(kind=kind))
        without = content.replace(mark, "…").replace(encoded(mark), "…")
        made[name, without] = [digest_of(one) for one in outcome.result.documents]
    return made


SECRETS = st.from_regex(r"[A-Za-z][A-Za-z0-9+/_~-]{11,60}[A-Za-z]", fullmatch=True)


@pytest.mark.slow
@settings(max_examples=10)
@given(SECRETS, SECRETS)
def test_no_secret_enters_a_digest(first: str, second: str) -> None:
    have_the_same_digests(first, second)


def test_a_secret_enters_no_digest() -> None:
    have_the_same_digests("kJ4jZ7qW/3mXv9RpT2w", "correct-horse-battery-staple")


def have_the_same_digests(first: str, second: str) -> None:
    paths = [("database", "password"), ("signingKeyPassphrase",), ("smtp", "password")]
    made, other = (digests({("port",): "8103", **dict.fromkeys(paths, one)}, one) for one in (first, second))
    compared = made.keys() & other.keys()  # others fold long lines at other places
    assert len(compared) > 20
    for key in compared:
        assert made[key] == other[key] and all(one.of == "masked content" for one in made[key]), key[0]


def test_what_is_public_enters_a_digest() -> None:
    made, other = (digests({("port",): port, ("database", "password"): "hunter2-hunter2"}, port) for port in ("8103", "8104"))
    hidden = {"encoded.yaml", "folded.yaml", "literal.yaml"}  # of these texts nothing is shown
    assert {name for name, content in made if made[name, content] == other[name, content]} == hidden


def test_a_secret_of_several_lines_is_one_mask() -> None:
    found = set()
    for number in (3, 30):
        lines = ["-----BEGIN PRIVATE KEY-----", *["QUJD"] * number, "-----END PRIVATE KEY-----"]
        key = "".join(f"        {one}\n" for one in lines)
        head = "services:\n  server:\n    image: medplum/medplum-server\n    environment:\n      MEDPLUM_PORT: 8103\n"
        name = write("compose.yml", f"{head}      MEDPLUM_SIGNING_KEY: |\n{key}")
        found |= {digest_of(one) for one in lint_paths([name], Options()).result.documents}
    [digest] = found
    assert digest.of == "masked content"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('"QUJD\n\n        QUJD\n"', '"QUJD\n\n        QUJD\n\n        QUJD\n"'),
        ("|\n        QUJD\n          QUJD\n", "|\n        QUJD\n\n\n        QUJD\n         QUJD\n"),
    ],
    ids=["quotes", "block"],
)
def test_the_lines_of_a_secret_do_not_enter_a_digest(first: str, second: str) -> None:
    head = (
        "services:\n  server:\n    image: medplum/medplum-server\n    environment:\n      MEDPLUM_PORT: 8103\n      MEDPLUM_SIGNING_KEY: "
    )
    [one], [other] = ([one["digest"] for one in report(write("compose.yml", f"{head}{key}"))["files"]] for key in (first, second))
    assert one == other


@pytest.mark.parametrize(("first", "second"), [("correct horse", "correct horse battery"), ("a=b", "a"), ("--a", "a")])
def test_the_words_of_a_secret_in_a_broken_text_do_not_enter_a_digest(first: str, second: str) -> None:
    head = "FROM medplum/medplum-server\nENV MEDPLUM_PORT=8103\n"
    for form in ("ENV MEDPLUM_DATABASE_HOST=db MEDPLUM_DATABASE_PASSWORD={} x=y", "ENV MEDPLUM_DATABASE_PASSWORD {}"):
        made = [report(write("Dockerfile", f"{head}{form.format(one)}\n"))["files"][0]["digest"] for one in (first, second)]
        assert made[0] == made[1]
    broken = '{{"port": 8103, "database": {{"password": "a\n{}\n"}}}}'
    made = [
        report(write("medplum.config.json", broken.format(one)), "--kind", "server/json")["files"][0]["digest"] for one in (first, second)
    ]
    assert made[0] == made[1]
