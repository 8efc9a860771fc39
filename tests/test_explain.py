"""``medplum-lint explain ID FILE``: why a rule does or doesn't apply to a document."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.canaries import PARTS, planted_files
from support.helpers import OWN_POLICY

from linter import cli
from linter.commands.explain import explained
from linter.commands.rules import built_in_rule_files
from linter.documents.inputs import Input
from linter.options.config import Overrides
from linter.policy.rule_set import all_rules
from linter.release import NEWEST
from linter.run import Options, lint_input

SERVER = {
    "baseUrl": "https://api.clinic.example",
    "supportEmail": "help@gmail.example",
    "database": {"host": "db.clinic.example", "password": "hunter2"},
    "redis": {"host": "cache.clinic.example"},
}
RULE = "missing-trailing-slash"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("server.json", json.dumps(SERVER, indent=2))


def write(name: str, text: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")


def explain(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(cli.cli, ["explain", *arguments], input=given)


def trace(*arguments: str, given: str | None = None) -> str:
    """What is printed, without the name of the rule."""
    result = explain(*arguments, given=given)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout.partition("\n\n")[2]


def verdict(*arguments: str) -> str:
    """Whether the rule applies to the one document, and why not."""
    return trace(*arguments).partition("\n")[0].partition(": ")[2]


def test_a_rule_that_applies() -> None:
    assert trace(RULE, "server.json") == (
        "server.json: 1 finding\n"
        "  kind         server/json\n"
        "  environment  not known\n"
        "  target       production (baseUrl is not local)\n"
        f"  server       {NEWEST} (the newest known release)\n"
        "  severity     error (the rule)\n"
        "  checked      yes\n"
        "  case 1  [line 11]\n"
        "  when\n"
        '    server: ">=4.1.9"  [line 13]\n'
        f"      true     {NEWEST}\n"
        "  or when\n"
        '    binaryStorage: {starts_with: "s3:"}  [line 14]\n'
        "      unknown  binaryStorage at 1:1 (absent): is not given\n"
        "    signingKeyId: present  [line 14]\n"
        "      false    signingKeyId at 1:1 (absent): is missing\n"
        "    signingKey: present  [line 14]\n"
        "      false    signingKey at 1:1 (absent): is missing\n"
        "  must\n"
        '    storageBaseUrl: {if: {format: base-url}, then: {ends_with: "/"}}  [line 15]\n'
        "      unknown  storageBaseUrl at 1:1 (absent): is not given\n"
        "  case 2  [line 25]\n"
        "  must\n"
        '    baseUrl: {if: {format: base-url}, then: {ends_with: "/"}}  [line 25]\n'
        '      false    baseUrl at 2:14 is https://api.clinic.example: must end with "/"\n'
        "          true     if {format: base-url}\n"
        '          false    then {ends_with: "/"}: must end with "/"\n'
        "  case 3  [line 27]\n"
        "  must\n"
        '    appBaseUrl: {if: {format: base-url}, then: {ends_with: "/"}}  [line 27]\n'
        "      unknown  appBaseUrl at 1:1 (absent): is not given\n"
        "  findings\n"
        '    2:14 error: baseUrl must end with "/": where the server appends a path, the slash is missing '
        "(https://api.clinic.examplefhir/R4)\n"
    )


def test_true_false_and_unknown_of_a_condition_and_of_clauses() -> None:
    write(
        "policies/mail.yaml",
        """\
id: acme/mail
title: supportEmail is not ours
severity: error
for: server
when:
- $@target: {equals: development}
- database.ssl: absent
  database.host: {not: {host: private}}
must:
  supportEmail: [absent, {ends_with: "@acme.example"}]
  issuer: {equals: "${baseUrl}"}
  database: {keys: {host: {starts_with: db}, port: present}}
  "**.password": {min_length: 3}
  externalAuthProviders.*.issuer: {format: url}
message: "${@path} ${@reason}"
docs: d
examples:
  good:
    - data: {}
  bad:
    - data: {supportEmail: x@y.z, database: {host: db.y.example, port: 5432}}
      finds: [supportEmail]
""",
    )
    text = trace("acme/mail", "server.json", "--rules", "policies")
    assert text.partition("  when\n")[2] == (
        "    $@target: {equals: development}  [line 6]\n"
        '      false    production: must be "development"\n'
        "  or when\n"
        "    database.ssl: absent  [line 7]\n"
        "      true     database.ssl at 4:15 (absent)\n"
        "    database.host: {not: {host: private}}  [line 8]\n"
        "      true     database.host at 5:13 is db.clinic.example\n"
        "  must\n"
        '    supportEmail: [absent, {ends_with: "@acme.example"}]  [line 10]\n'
        '      false    supportEmail at 3:19 is help@gmail.example: must not be set, or must end with "@acme.example"\n'
        "          false    or absent: must not be set\n"
        '          false    or {ends_with: "@acme.example"}: must end with "@acme.example"\n'
        '    issuer: {equals: "${baseUrl}"}  [line 11]\n'
        "      unknown  issuer at 1:1 (absent): is not given\n"
        "    database: {keys: {host: {starts_with: db}, port: present}}  [line 12]\n"
        "      false    database.port at 4:15 is an object: port is missing\n"
        "          true     host: {starts_with: db}\n"
        "          false    port: present: is missing\n"
        "    **.password: {min_length: 3}  [line 13]\n"
        "      true     database.password at 6:17 is ••••••\n"
        "    externalAuthProviders.*.issuer: {format: url}  [line 14]\n"
        "      -        the path leads to nothing in this document\n"
        "  findings\n"
        '    3:3 error: supportEmail must not be set, or must end with "@acme.example"\n'
        "    4:15 error: database.port is missing\n"
    )


def test_a_rule_for_other_documents() -> None:
    assert trace("missing-infra-setting", "server.json") == "server.json: silent: the rule is for infra, and this is server/json\n"


def test_a_file_that_is_left_alone() -> None:
    write("app.json", '{"baseUrl": "http://localhost:8103/"}')
    assert trace(RULE, "app.json") == "app.json: left alone: a configuration of the Medplum app or of a client\n"


@pytest.mark.parametrize(
    ("configuration", "arguments", "expected"),
    [
        ("", ["--ignore", "urls"], "silent: --ignore names urls"),
        ("", ["--ignore", "urls,missing-t*,tls"], "silent: --ignore names missing-t*"),
        ("", ["--select", "tls"], "silent: --select names other rules"),
        ("", ["--select", "urls", "--ignore", RULE], f"silent: --ignore names {RULE}"),
        ('pedantic = false\nignore = ["tls", "urls"]\n', [], "silent: ignore in .medplum-lint.toml:2 names urls"),
        ('select = ["tls"]\n', [], "silent: select in .medplum-lint.toml:1 names other rules"),
        (
            '\n[severity]\nmissing-trailing-slash = "off"\n',
            [],
            "silent: it is off in production (severity in .medplum-lint.toml:3)",
        ),
        ('[per-file."*.json"]\nignore = ["urls"]\n', [], "silent: ignore in .medplum-lint.toml:2 names urls"),
        ('ignore = ["urls"]\n', ["--select", RULE], "1 finding"),
        ('ignore = ["urls"]\n', ["--isolated"], "1 finding"),
        ('ignore = ["urls"]\n', ["--ignore", "tls"], "1 finding"),
    ],
)
def test_what_the_command_line_and_the_configuration_take_away(configuration: str, arguments: list[str], expected: str) -> None:
    write(".medplum-lint.toml", configuration)
    assert verdict(RULE, "server.json", *arguments) == expected


def test_where_severity_and_target_are_from() -> None:
    write(".medplum-lint.toml", 'target = "development"\n[severity]\nmissing-trailing-slash = "note"\n')
    text = trace(RULE, "server.json")
    assert "\n  target       development (.medplum-lint.toml:1)\n" in text
    assert "\n  severity     note (severity in .medplum-lint.toml:3)\n" in text
    assert "\n    2:14 note: baseUrl must end with" in text
    assert "\n  target       production (--target)\n" in trace(RULE, "server.json", "--target", "production")
    assert "\n  server       4.3.5 (--server-version)\n" in trace(RULE, "server.json", "--server-version", "4.3.5")
    local: dict[str, object] = {"baseUrl": "http://localhost:8103/", "smtp": {"host": "smtp.sendgrid.net"}}
    written = {
        "development (all its URLs are local; production for database and redis, by the host there)": {**SERVER, **local},
        "development (all its URLs are local)": {**local, "database": {"host": "postgres:5432"}},
        "production (it is a whole configuration without a local URL)": {"supportEmail": "help@gmail.example", "redis": {"port": 6379}},
    }
    for says, data in written.items():
        write("server.json", json.dumps(data))
        assert f"\n  target       {says}\n" in trace(RULE, "server.json", "--isolated")
    write(".env", "MEDPLUM_BASE_URL=${URL}\nMEDPLUM_REGISTER_ENABLED=true\nMEDPLUM_DATABASE_PASSWORD=Tr0ub4dor\n")
    assert "silent: it is off in one of the targets (" in trace("open-registration", ".env", "--isolated")
    why = "nothing shows it: secrets are reported, and what applies to both"
    speaks = trace("plaintext-secret", ".env", "--isolated")
    assert f"1 finding\n  kind         server/env\n  environment  not known\n  target       not known ({why})\n" in speaks


def test_advice_that_was_not_requested() -> None:
    rule = next(one.info for one in all_rules([])[0] if len(one.info.pedantic) == 2 and "server" in one.info.kinds)
    expected = f"silent: it is pedantic, so it is checked only on request: --pedantic, or --select {rule.id}"
    assert verdict(rule.id, "server.json") == expected
    assert "pedantic" not in verdict(rule.id, "server.json", "--pedantic")


def test_what_a_policy_is_off_for() -> None:
    write("policies/support-email-domain.yaml", OWN_POLICY + "enabled: false\n")
    arguments = ["acme/support-email-domain", "server.json", "--rules", "policies"]
    assert verdict(*arguments) == (
        "silent: the rule has enabled: false, and is checked only when it is selected by its id: --select acme/support-email-domain"
    )
    assert verdict(*arguments, "--select", "acme/support-email-domain") == "1 finding"


def test_a_finding_that_is_accepted() -> None:
    write(".env", f"# medplum-lint: ignore[{RULE}] the proxy adds it\nMEDPLUM_BASE_URL=https://api.clinic.example\n")
    text = trace(RULE, ".env", "--kind", "server/env")
    assert text.startswith(".env: silent: what it finds is accepted\n")
    assert text.endswith("(https://api.clinic.examplefhir/R4) (accepted: the proxy adds it)\n")


def test_a_finding_that_yields_to_its_cause() -> None:
    write("server.json", json.dumps({**SERVER, "baseUrl": "http://localhost:8103", "appBaseUrl": "https://app.clinic.example/"}))
    write(
        "policies/slash.yaml",
        OWN_POLICY.replace("support-email-domain", "slash")
        .replace('supportEmail: {format: email, ends_with: "@acme.example"}', 'baseUrl: {ends_with: "/"}')
        .replace("for: server", f"for: server\nyields_to: [{RULE}]"),
    )
    text = trace("acme/slash", "server.json", "--rules", "policies")
    assert text.startswith(f"server.json: silent: acme/slash yields to {RULE}, which names the cause at 1:13\n")
    assert text.endswith(f"  findings\n    1:13 not reported: acme/slash yields to {RULE}, which names the cause at 1:13\n")


def test_what_a_source_finds() -> None:
    assert verdict("duplicate-key", "server.json") == "silent: reading the file found nothing of this kind"
    write("server.json", json.dumps(SERVER).replace('"redis"', '"port": 8103, "port": 8104, "redis"'))
    text = trace("duplicate-key", "server.json")
    assert text.startswith("server.json: 1 finding\n")
    assert "  checked      yes\n  findings\n    1:161 warning: port is given twice: " in text


def test_several_documents_of_a_file() -> None:
    names = {"prod": "https://api.clinic.example", "staging": "https://api.staging.example/"}
    parameters = [{"Name": f"/medplum/{name}/baseUrl", "Type": "String", "Value": url} for name, url in names.items()]
    write("dump.json", json.dumps({"Parameters": parameters}, indent=1))
    text = trace(RULE, "dump.json")
    assert text.startswith("dump.json#prod: 1 finding\n")
    assert "\n  environment  prod\n" in text and "\n  environment  staging\n" in text
    assert "\n\ndump.json#staging: silent: every clause is satisfied by what is given\n" in text
    assert "baseUrl at 6:13 is https://api.clinic.example" in text


def test_documents_that_are_compared() -> None:
    write("medplum.prod.config.json", json.dumps({"name": "prod", "region": "us-east-1", "apiPort": 8103, "stackName": "MedplumProd"}))
    parameter = {"Name": "/medplum/prod/awsRegion", "Type": "String", "Value": "eu-west-1"}
    write("dump.json", json.dumps({"Parameters": [parameter]}, indent=1))
    text = trace("server-differs-from-infra", "medplum.prod.config.json", "dump.json")
    assert text.startswith("infra medplum.prod.config.json#prod, server dump.json#prod: 1 finding\n")
    assert '      false    server.awsRegion at dump.json:6:13 is eu-west-1: must be "us-east-1"' in text
    alone = trace("server-differs-from-infra", "dump.json")
    assert alone == "Nothing to explain: the rule is for documents of one environment, with a server's among them: give all of them.\n"


def test_nothing_that_it_asks_about_is_given() -> None:
    write("policies/support-email-domain.yaml", OWN_POLICY)
    arguments = ["acme/support-email-domain", "server.json", "--rules", "policies"]
    write("server.json", json.dumps({"port": 8103, "database": {}, "redis": {}}))
    assert verdict(*arguments) == "silent: what it asks about is not given"
    write("server.json", json.dumps({"supportEmail": "TODO", "database": {}, "redis": {}}))
    assert verdict(*arguments) == "silent: supportEmail still has to be filled in"
    write("server.json", json.dumps({"supportEmail": "help@acme.example", "database": {}, "redis": {}}))
    assert verdict(*arguments) == "silent: every clause is satisfied"


def test_a_few_of_many_places_are_named() -> None:
    write("server.json", json.dumps({**SERVER, **{f"own{number}": number for number in range(30)}}))
    text = trace("unknown-setting", "server.json")
    assert text.startswith("server.json: 1 finding\n")
    clause, _, findings = text.partition("  findings\n")
    assert clause.count("      false    own") == 8 and "      false    at 22 more places\n" in clause
    assert clause.count("      true     ") == 4 and "      true     at 4 more places\n" in clause
    write("policies/all.yaml", OWN_POLICY.replace("support-email-domain", "all").replace("  supportEmail: {format", '  "**": {format'))
    text = trace("acme/all", "server.json", "--rules", "policies")
    assert text.partition("  findings\n")[2].count("\n") == 21 and text.endswith("    and 17 more\n")


def test_standard_input() -> None:
    assert trace(RULE, "-", given=json.dumps(SERVER)).startswith("<stdin>: 1 finding\n")


def test_what_cannot_be_explained() -> None:
    for arguments, message in (
        (["no-such", "server.json"], 'there is no rule "no-such"'),
        ([RULE, "nowhere.json"], "nowhere.json: no such file"),
        ([RULE, "server.json", "--target", "prod"], 'did you mean "production"?'),
        ([RULE, "server.json", "--select", "tsl"], 'there is no rule "tsl"; did you mean "tls"?'),
    ):
        result = explain(*arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert message in result.stderr
    write("notes.txt", "no configuration")
    assert explain(RULE, "notes.txt").exit_code == 2
    write("broken.json", '{"baseUrl": "https://api.clinic.example", "port"')
    result = explain(RULE, "broken.json", "server.json")
    assert (result.exit_code, "server.json: 1 finding" in result.stdout) == (2, True)
    assert "broken.json: not valid JSON" in result.stderr


def test_a_policy_of_a_found_configuration_learns_nothing_of_a_secret() -> None:
    write("policies/any.yaml", OWN_POLICY.replace("support-email-domain", "any").replace("  supportEmail: {format", '  "**": {format'))
    write(".medplum-lint.toml", 'rules = ["policies"]\n')
    text = trace("acme/any", "server.json")
    assert "unknown  database.password at 6:17 is (unknown): has a value that cannot be read here" in text
    assert "hunter2" not in text


@pytest.mark.slow
def test_no_rule_shows_a_secret_of_any_file() -> None:
    """Each built-in rule explains itself on files in which every setting holds a part of a secret."""
    rules = built_in_rule_files()
    shown = 0
    for planted in planted_files(0):
        given = Input(planted.name, planted.content.encode(), Path(planted.name))
        outcome = lint_input(given, Options(Overrides(pedantic=True), planted.kind))
        for rule_file in rules:
            text = explained(rule_file, outcome)
            assert [part for part in PARTS if part in text] == [], (planted.name, rule_file.path.name)
            shown += text.count("\n")
    assert shown > 10_000


def test_the_environment_of_a_server_is_explained() -> None:
    write("compose.yml", (Path(__file__).parent / "fixtures" / "workload-compose-mistakes" / "input.yml").read_text(encoding="utf-8"))
    of_workload = trace("missing-probe-program", "compose.yml")
    assert of_workload.startswith("what surrounds compose.yml#medplum-server: 1 finding\n")
    assert "probes.health.programs at 23:13" in of_workload
    together = trace("local-file-storage", "compose.yml")
    assert "workload.storage.mounted at compose.yml:" in together and "server.binaryStorage at compose.yml:30:31" in together
