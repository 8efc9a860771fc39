"""``medplum-lint test``: what examples can set, which files are read, and how a failing example is reported."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.checkout import ROOT
from support.helpers import OWN_POLICY

from linter import cli

HEAD = """\
id: acme/mail
title: supportEmail is not ours
severity: {production: error, development: off}
for: [server, deployment]
when:
  $@environment: {equals: prod}
must:
  supportEmail: {format: email, ends_with: "@acme.example"}
  issuer: {equals: "${baseUrl}"}
  database.password: {min_length: 20}
message: "${@path} ${@reason}"
docs: Patients must only ever receive mail from our own domain.
examples:
  good:
    - data: {supportEmail: help@acme.example}
      environment: prod
"""
BAD = """\
  bad:
    - data: {supportEmail: help@gmail.example}
      environment: prod
      finds: [supportEmail]
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, text: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")


def run_examples(*arguments: str) -> Result:
    return CliRunner().invoke(cli.cli, ["test", *arguments])


def lines(good: str = "", bad: str = "") -> list[str]:
    """The report on a rule with more examples, which begin in lines 17 and 21."""
    write("mail.yaml", HEAD + good + BAD + bad)
    result = run_examples("mail.yaml")
    assert (result.exit_code, result.stderr) == (1, "")
    *found, last = result.stdout.splitlines()
    assert last.endswith("1 failed.")
    return [line.removeprefix("mail.yaml:").replace("acme/mail: ", "") for line in found]


# --- What an example can set. -------------------------------------------------------------------------------------------------------


def test_environment_and_target(tmp_path: Path) -> None:
    good = """\
    - data: {supportEmail: help@gmail.example}
      environment: staging
    - data: {supportEmail: help@gmail.example}
    - data: {supportEmail: help@gmail.example}
      environment: prod
      target: development
"""
    bad = """\
    - data: {supportEmail: help@gmail.example, baseUrl: "http://localhost:8103/"}
      environment: prod
      target: production
      finds: [supportEmail]
    - kind: server/ssm
      data: {Parameters: [{Name: /medplum/prod/supportEmail, Type: String, Value: help@gmail.example}]}
      finds: [supportEmail]
    - kind: server/env
      text: |
        MEDPLUM_SUPPORT_EMAIL=help@gmail.example
      environment: prod
      finds: [supportEmail]
"""
    write("mail.yaml", HEAD + good + BAD + bad)
    assert run_examples("mail.yaml").output == "8 examples of 1 rule: all passed.\n"


def test_they_apply_to_the_members_of_a_deployment() -> None:
    write(
        "port.yaml",
        """\
id: acme/port
title: the ports differ
severity: error
for: deployment
when:
  $@environment: {equals: prod}
  server@target: {equals: development}
must:
  server.port: {equals: "${infra.apiPort}"}
message: "${@path} ${@reason}"
docs: The load balancer asks the port of the CDK.
examples:
  good:
    - data: {infra: {apiPort: 8103}, server: {port: 8104}}
      environment: staging
      target: development
  bad:
    - data: {infra: {apiPort: 8103}, server: {port: 8104}}
      environment: prod
      target: development
      finds: [port]
""",
    )
    assert run_examples("port.yaml").output == "2 examples of 1 rule: all passed.\n"


def test_the_environment_of_a_file_is_in_its_name() -> None:
    write("policies/mail.yaml", HEAD + BAD)
    for name, code in (
        ("medplum.prod.config.json", 1),
        ("medplum.prod.server.json", 1),
        ("medplum.staging.config.json", 0),
        ("prod.json", 0),
    ):
        write(name, '{"supportEmail": "help@gmail.example", "port": 8103, "database": {}, "redis": {}}')
        result = CliRunner().invoke(cli.cli, [name, "--rules", "policies", "--select", "acme"])
        assert result.exit_code == code, name


def test_an_environment_that_the_content_contradicts() -> None:
    bad = """\
    - kind: server/ssm
      data: {Parameters: [{Name: /medplum/prod/supportEmail, Type: String, Value: x@y.example}]}
      environment: staging
      finds: [supportEmail]
"""
    assert lines(bad=bad) == ["21: bad example 2: it says that its environment is staging, but by its content that is prod"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("target: produktion", '17: target must be one of production, development, not "produktion"; did you mean "production"?'),
        ("target: 5", "17: target must be one of production, development"),
        ("environment: 5", "17: environment must be text: put it in quotes"),
        ('environment: ""', "17: environment must not be empty"),
        ("environement: prod", '17: "environement" is not a key of good example 1; did you mean "environment"?'),
    ],
)
def test_a_mistake_in_them(line: str, message: str) -> None:
    write("mail.yaml", HEAD.replace("environment: prod\n", f"{line}\n").replace("{equals: prod}", "present") + BAD)
    result = run_examples("mail.yaml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"medplum-lint: error: mail.yaml:{int(message.partition(':')[0]) - 1}:{message.partition(':')[2]}\n"


# --- What an example finds. ---------------------------------------------------------------------------------------------------------

CASES = """\
id: acme/mail
title: supportEmail is not ours
class: unintended
for: server
what: "${@path} ${@reason}"
cases:
  - must: {supportEmail: {ends_with: "@acme.example"}}
    fix: {safe: true, set: {.: help@acme.example}}
  - class: stops
    must: {issuer: present}
    fix: {safe: false, remove: [supportEmail]}
  - class: {production: hygiene, development: fails}
    must: {"**@name": {not: {equals: logLevel}}, "{port,maxJsonSize}": present}
    together: "${@count}: ${@paths}"
examples:
  good: [{data: {issuer: "https://x.example/", port: 1, maxJsonSize: 1mb}}]
  bad:
    - data: {port: 1, maxJsonSize: 1mb, supportEmail: x@x.example}
      finds: {supportEmail: 1 warning value safe, issuer: 2 stops unsafe}
      fixed: {port: 1, maxJsonSize: 1mb, supportEmail: help@acme.example}
      fixed_unsafely: {port: 1, maxJsonSize: 1mb}
    - {data: {issuer: "https://x.example/"}, finds: {port + maxJsonSize: 3 pedantic unfixed}}
    - {data: {issuer: "https://x.example/", port: 1}, target: development, finds: {maxJsonSize: error unfixed 3}}
"""


def test_the_case_the_severity_the_part_and_the_fix() -> None:
    write("mail.yaml", CASES)
    assert run_examples("mail.yaml").output == "4 examples of 1 rule: all passed.\n"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "1 warning value safe",
            "1 error safe",
            "finds issuer: 2 stops unsafe, supportEmail: 1 warning safe, but should find "
            "issuer: 2 stops unsafe, supportEmail: 1 error safe",
        ),
        (
            "1 warning value safe",
            "1 warning key safe",
            "finds issuer: 2 stops value unsafe, supportEmail: 1 warning value safe, but should find "
            "issuer: 2 stops unsafe, supportEmail: 1 warning key safe",
        ),
        (
            "2 stops unsafe",
            "2 error unsafe",
            "finds issuer: 2 stops value unsafe, supportEmail: 1 warning value safe, but should find "
            "issuer: 2 error unsafe, supportEmail: 1 warning value safe",
        ),
        (
            "fixed: {port: 1, maxJsonSize: 1mb, supportEmail: help@acme.example}",
            "fixed: {port: 1, maxJsonSize: 1mb}",
            'is fixed to {"port": 1, "maxJsonSize": "1mb", "supportEmail": "help@acme.example"}, '
            'but should be fixed to {"port": 1, "maxJsonSize": "1mb"}',
        ),
        (
            "fixed_unsafely: {port: 1, maxJsonSize: 1mb}",
            "fixed_unsafely: {port: 1}",
            'is fixed by unsafe fixes to {"port": 1, "maxJsonSize": "1mb"}, but should be fixed to {"port": 1}',
        ),
    ],
)
def test_what_is_found_otherwise(old: str, new: str, message: str) -> None:
    assert old in CASES
    write("mail.yaml", CASES.replace(old, new))
    assert run_examples("mail.yaml").stdout.splitlines()[0].partition("bad example 1: ")[2] == message


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "1 warning value safe",
            "warning safe",
            "19: finds must say of supportEmail which of the 3 cases finds it, such as {supportEmail: 1 warning safe}",
        ),
        (
            "1 warning value safe",
            "1 safe",
            "19: finds must say of supportEmail its severity, for the cases differ in it, such as {supportEmail: 1 error safe}",
        ),
        (
            "1 warning value safe",
            "1 warning",
            "19: finds must say of supportEmail whether its fix is safe: safe, unsafe, unfixed, such as {supportEmail: 1 warning safe}",
        ),
        (
            "{supportEmail: 1 warning value safe, issuer: 2 stops unsafe}",
            "[supportEmail]",
            "19: finds must say of supportEmail which of the 3 cases "
            "finds it, and its severity, for the cases differ in it, and whether its fix is safe: safe, unsafe, unfixed, "
            "such as {supportEmail: 1 error safe}",
        ),
        ("1 warning value safe", "4 warning safe", "19: the rule has 3 cases, and no case 4"),
        (
            "1 warning value safe",
            "1 warnung safe",
            '19: "warnung" says nothing about a finding: expected the number of a case, or one of stops, error, '
            'warning, note, pedantic, value, key, type, tier, safe, unsafe, unfixed; did you mean "warning"?',
        ),
        ("1 warning value safe", "1 warning error safe", '19: "1 warning error safe" names two values for the severity of a finding'),
        (", issuer: 2 stops unsafe", "", "9: no bad example shows what case 2 finds"),
        (
            "1 warning value safe",
            "true",
            "19: supportEmail must say what is found: the number of the case, its severity, and safe, unsafe or unfixed",
        ),
        ("{supportEmail: 1 warning value safe, issuer: 2 stops unsafe}", "{}", "19: finds must not be empty"),
        (
            "{supportEmail: 1 warning value safe, issuer: 2 stops unsafe}",
            "supportEmail",
            '19: finds must name settings, in a list or in a mapping from each to what is found there, not "supportEmail"',
        ),
    ],
)
def test_what_an_example_leaves_open(old: str, new: str, message: str) -> None:
    assert old in CASES
    write("mail.yaml", CASES.replace(old, new))
    done = run_examples("mail.yaml")
    assert (done.exit_code, done.stderr) == (2, f"medplum-lint: error: mail.yaml:{message}\n")


def test_a_rule_that_yields_to_others() -> None:
    rule = """\
id: acme/address
title: The address is not ours
severity: error
for: server
yields_to: [invalid-url]
must: {baseUrl: {ends_with: acme.example/}}
message: "${@path} ${@reason}"
examples:
  good:
    - {data: {baseUrl: https://api.acme.example/}}
    - {data: {baseUrl: "https://api example"}, yields_to: [invalid-url]}
  bad: [{data: {baseUrl: https://api.example/}, finds: [baseUrl]}]
"""
    write("address.yaml", rule)
    assert run_examples("address.yaml").output == "3 examples of 1 rule: all passed.\n"
    write("address.yaml", rule.replace("https://api example", "https://api.example/"))
    first = run_examples("address.yaml").stdout.splitlines()[0]
    assert first == "address.yaml:11: acme/address: good example 2: finds baseUrl, but should yield to invalid-url"
    write("address.yaml", rule.replace("https://api example", "https://api.acme.example/"))
    first = run_examples("address.yaml").stdout.splitlines()[0]
    assert first == "address.yaml:11: acme/address: good example 2: finds nothing even alone, but should yield to invalid-url"
    write("address.yaml", rule.replace("yields_to: [invalid-url]}", "yields_to: [invalid-uri]}"))
    done = run_examples("address.yaml")
    assert (done.exit_code, done.stderr) == (
        2,
        'medplum-lint: error: address.yaml:11: the rule does not yield to "invalid-uri"; did you mean "invalid-url"?\n',
    )


def test_the_name_of_a_file_and_that_a_server_is_started_with_it() -> None:
    write(
        "facts.yaml",
        """\
id: acme/facts
title: A file is mounted, or a template
severity: error
for: server
when: [{$@template: {equals: true}}, {$@mounted: {equals: true}}, {$@uploaded: {equals: true}}]
must: {port: absent}
message: "${@path} ${@reason}"
examples:
  good: [{data: {port: 1}}]
  bad:
    - {data: {port: 1}, file: medplum.example.json, finds: [port]}
    - {data: {port: 1}, file: medplum.prod.server.json, finds: [port]}
    - {data: {port: 1}, mounted: true, finds: [port]}
""",
    )
    assert run_examples("facts.yaml").output == "4 examples of 1 rule: all passed.\n"


# --- Why an example fails. ----------------------------------------------------------------------------------------------------------


def test_what_is_found_though_it_should_not_be() -> None:
    good = """\
    - name: both
      data: {supportEmail: help@gmail.example, issuer: "https://x.example/", baseUrl: "https://y.example/", database: {password: hunter2}}
      environment: prod
"""
    assert lines(good) == [
        "17: good example 2 (both): finds database.password, issuer, supportEmail, but should find nothing",
        '    line 8: supportEmail is help@gmail.example: must end with "@acme.example", '
        'which supportEmail: {format: email, ends_with: "@acme.example"} does not allow',
        '    line 9: issuer is https://x.example/: must be "https://y.example/", which issuer: {equals: "${baseUrl}"} does not allow',
        "    line 10: database.password is ••••••: must have at least 20 characters, "
        "which database.password: {min_length: 20} does not allow",
    ]


@pytest.mark.parametrize(
    ("example", "reasons"),
    [
        (
            "{data: {supportEmail: x@gmail.example}, environment: staging, finds: [supportEmail]}",
            ['line 6: the condition $@environment: {equals: prod} is false: it is staging: must be "prod"'],
        ),
        (
            "{data: {supportEmail: x@gmail.example}, finds: [supportEmail]}",
            ["line 6: the condition $@environment: {equals: prod} is unknown: it is not given"],
        ),
        (
            "{data: {supportEmail: x@gmail.example}, environment: prod, target: development, finds: [supportEmail]}",
            ["line 3: the rule is off in development, which the example is for"],
        ),
        (
            "{kind: infra/json, data: {name: prod}, finds: [supportEmail]}",
            ["line 4: the rule is not for infra/json, which the example is"],
        ),
        (
            "{data: {supportEmail: x@acme.example}, environment: prod, finds: [supportEmail]}",
            ['line 8: supportEmail is x@acme.example, which supportEmail: {format: email, ends_with: "@acme.example"} allows'],
        ),
        (
            "{data: {supportEmail: TODO}, environment: prod, finds: [supportEmail]}",
            [
                "line 8: supportEmail is TODO: still has to be filled in, "
                'which supportEmail: {format: email, ends_with: "@acme.example"} cannot decide'
            ],
        ),
        (
            '{data: {issuer: "https://x.example/"}, environment: prod, finds: [issuer]}',
            ['line 9: issuer is https://x.example/: baseUrl is not given, which issuer: {equals: "${baseUrl}"} cannot decide'],
        ),
        (
            "{data: {supportEmail: 7}, environment: prod, finds: [supportEmail]}",
            [
                "line 8: supportEmail is ••••••: does not fit the catalogue, which has a finding of its own, "
                'which supportEmail: {format: email, ends_with: "@acme.example"} cannot decide'
            ],
        ),
        (
            "{data: {}, environment: prod, finds: [supportEmial]}",
            ['line 7: no path of must leads to supportEmial; did you mean "supportEmail"?'],
        ),
        (
            "{text: '{', environment: prod, finds: [supportEmail]}",
            ["line 21: reading the text reports invalid-json at 1:1, and too much of it cannot be read"],
        ),
    ],
)
def test_what_is_not_found_though_it_should_be(example: str, reasons: list[str]) -> None:
    first, *others = lines(bad=f"    - {example}\n")
    [name] = example.partition("finds: [")[2].removesuffix("]}").split()
    assert first == f"21: bad example 2: finds nothing, but should find {name}"
    assert [line.strip() for line in others] == reasons


# --- Which files are read. ----------------------------------------------------------------------------------------------------------


def test_files_and_folders_with_all_the_folders_in_them() -> None:
    write("policies/support-email-domain.yaml", OWN_POLICY)
    write("policies/team/deep/mail.yaml", HEAD + BAD)
    write("other/second.yaml", OWN_POLICY.replace("support-email-domain", "second"))
    assert run_examples("policies/team/deep/mail.yaml").output == "2 examples of 1 rule: all passed.\n"
    assert run_examples("policies").output == "4 examples of 2 rules: all passed.\n"
    assert run_examples("policies", "policies/team", "other/second.yaml").output == "6 examples of 3 rules: all passed.\n"


def test_a_file_of_the_configuration() -> None:
    write("policies/support-email-domain.yaml", OWN_POLICY)
    write("policies/broken.yaml", "id: [")
    write(".medplum-lint.toml", 'rules = ["policies/support-email-domain.yaml"]\n')
    assert run_examples().output == "2 examples of 1 rule: all passed.\n"
    write("server.json", '{"supportEmail": "x@gmail.example", "database": {}, "redis": {}}')
    for arguments in ([], ["--isolated", "--rules", "policies/support-email-domain.yaml"]):
        result = CliRunner().invoke(cli.cli, ["server.json", "--select", "acme", *arguments])
        assert "\nerror[acme/support-email-domain]: " in result.stdout and "\n --> server.json:1:18\n" in result.stdout


def test_an_id_that_is_taken_fails_before_the_rule_is_used() -> None:
    write("a/support-email-domain.yaml", OWN_POLICY)
    write("b/support-email-domain.yaml", OWN_POLICY)
    write("b/missing-host.yaml", OWN_POLICY.replace("acme/support-email-domain", "missing-host"))
    result = run_examples("a", "b")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        'medplum-lint: error: b/missing-host.yaml:2: the id "missing-host" is taken by a built-in rule',
        'medplum-lint: error: b/support-email-domain.yaml:2: the id "acme/support-email-domain" is taken by a/support-email-domain.yaml',
    ]


# --- Without policies of one's own. -------------------------------------------------------------------------------------------------


def test_it_can_be_refused_to_test_the_built_in_rules() -> None:
    """For a hook, which passes in a repository that has no policies; a folder that is named and has none is a mistake."""
    result = run_examples("--no-built-in")
    expected = 'medplum-lint: note: there are no policies to test: name their folder in "rules" of the configuration, or as a PATH\n'
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", expected)
    assert run_examples("--no-built-in", "--quiet").output == ""
    write("policies/labels.yaml", "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\n")
    assert run_examples("--no-built-in").exit_code == 0
    Path("policies/labels.yaml").unlink()
    write("empty/README.md", "Policies of our own.\n")
    assert run_examples("--no-built-in", "empty").exit_code == 2

    write("policies/support-email-domain.yaml", OWN_POLICY)
    assert run_examples("--no-built-in", "policies").exit_code == 0
    write(".medplum-lint.toml", 'rules = ["policies"]\n')
    assert run_examples("--no-built-in").output == run_examples("policies").output


def test_built_in_rules_by_their_files_and_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Named so, they were read as custom rules, with ids that are taken."""
    monkeypatch.chdir(ROOT)
    live = list((ROOT / "rules" / "live").glob("*.yaml"))
    for path, rules in (("rules/live", f"{len(live)} rules"), (f"rules/live/{live[0].name}", "1 rule")):
        result = run_examples(path)
        assert (result.exit_code, result.stderr) == (0, "") and result.stdout.endswith(f" examples of {rules}: all passed.\n")
    assert run_examples("rules/nosuch").exit_code == 2
