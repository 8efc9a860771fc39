"""A configuration that is merely found: what its policies may know of secrets, where they may lie, and what reports say of it."""

from __future__ import annotations

import json
import os
import string
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from support.helpers import bare, rule, rule_data

from linter import cli, reporters, settings
from linter.conformance.mismatch import ASPECTS
from linter.documents.inputs import Input
from linter.formats import FORMATS
from linter.model import UNKNOWN, Document, Finding
from linter.policy.engine import check
from linter.policy.errors import RuleError
from linter.policy.operators import OPERATORS, never
from linter.policy.rule import Rule
from linter.policy.trust import check_knows_no_secret, public_view
from linter.run.load import load
from linter.settings.releases import DATES, NEWEST

SECRET = "pa5sw0rd-hunter2-example"
SERVER = {
    "baseUrl": "https://api.hospital.example/",
    "port": 8103,
    "signingKey": SECRET,
    "recaptchaSecretKey": SECRET,
    "database": {"host": "db.hospital.example", "password": SECRET, "ssl": {"ca": "x", "unheardOf": SECRET}},
    "redis": {"host": "cache.hospital.example", "password": SECRET, "tls": {"servername": SECRET}},
    "smtp": {"host": "smtp.hospital.example", "username": "u", "password": SECRET},
    "externalAuthProviders": [{"issuer": "https://id.example/", "identityProvider": {"clientId": "x", "clientSecret": SECRET}}],
    "unheardOf": SECRET,
    "unheardOfObject": {"inner": SECRET, "list": [SECRET]},
    "approvedSenderEmails": "a@hospital.example",
    "storageBaseUrl": f"https://user:{SECRET}@storage.hospital.example/",
}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tree").mkdir()
    monkeypatch.chdir(tmp_path / "tree")


def lint(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(cli.cli, list(arguments), input=given)


def write(name: str, text: str) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return name


def policy(name: str, must: dict[str, Any], **more: Any) -> str:
    """A whole policy as YAML."""
    examples = {"good": [{"data": {}}], "bad": [{"data": {"port": "x"}, "finds": {"port": "unfixed"}}]}
    given = {"id": f"acme/{name}", "title": "A policy", "severity": "error", "for": "server", "must": must, "message": "it ${@reason}"}
    return yaml.safe_dump({**given, "docs": "Why.", "examples": examples, **more}, sort_keys=False)


def untrusted(must: dict[str, Any], **more: Any) -> Rule:
    compiled = rule(must, **more)
    compiled.trusted = False
    return compiled


# --- Nothing about a secret comes out, whatever is asked. ---------------------------------------------------------------------------


def in_json(values: dict[str, Any]) -> str:
    return json.dumps(values)


def in_ssm(values: dict[str, Any]) -> str:
    def parameters(path: str, value: Any) -> list[dict[str, Any]]:
        if isinstance(value, dict) and path != "/medplum/prod/redis":  # one object in one parameter
            return [one for name, inner in value.items() for one in parameters(f"{path}/{name}".replace("prod/", "prod/", 1), inner)]
        text = value if isinstance(value, str) else json.dumps(value)
        return [{"Name": path, "Type": "SecureString", "Tier": "Standard", "Value": text}]

    every = [one for name, value in values.items() for one in parameters(f"/medplum/prod/{name}", value)]
    head = "/medplum/prod/"
    return json.dumps({"Parameters": [{**one, "Name": head + one["Name"].removeprefix(head).replace("/", ".")} for one in every]})


def in_env(values: dict[str, Any]) -> str:
    from linter.settings.env_names import variable_of

    lines = []
    for name, value in values.items():
        for path, one in [((name, inner), leaf) for inner, leaf in value.items()] if isinstance(value, dict) else [((name,), value)]:
            lines.append(f"{variable_of(path)}='{one if isinstance(one, str) else json.dumps(one)}'")
    return "\n".join(lines) + "\n"


WRITERS = {"server/json": in_json, "server/ssm": in_ssm, "server/env": in_env}


def document(kind: str, secret: str) -> Document:
    text = WRITERS[kind](json.loads(json.dumps(SERVER).replace(json.dumps(SECRET)[1:-1], json.dumps(secret)[1:-1])))
    [loaded] = load(Input("x", text.encode(), Path("x")), kind).loaded
    return loaded.document


def visible(findings: list[Finding]) -> list[tuple[object, ...]]:
    """The parts of findings that do not depend on the length of the text before them."""
    return [
        (one.rule, one.severity, one.message, one.path, one.fix, [(other.path, other.message) for other in one.related]) for one in findings
    ]


PATHS = [
    *("signingKey", "database.password", "redis.password", "redis.tls.servername", "smtp.password", "database", "redis", "smtp"),
    *("unheardOf", "unheardOfObject", "unheardOfObject.inner", "unheardOfObject.list", "database.ssl.unheardOf", "storageBaseUrl"),
    *("externalAuthProviders", "externalAuthProviders.*.identityProvider.clientSecret", "externalAuthProviders.0.identityProvider"),
    *("<secret>", "<public>", "**", "**.password", "**.inner", "*", "*.*", "database.*", "$", "baseUrl", "port"),
]
FACTS = ["", "", "", "@raw", "@fallback", "@length", "@used", "@limit", "@type", "@tier", "@name", "@path", "@meaning"]
NEAR_SECRETS = st.sampled_from(
    [
        SECRET,
        SECRET[:8],
        SECRET[-8:],
        "hunter",
        "12",
        "",
        "true",
        "{}",
        "[]",
        "TODO",
        "${X}",
        "https://x.example/",
        "p.*",
        "[a-p].*",
        ".{24}",
    ]
)
OPERANDS = st.one_of(
    NEAR_SECRETS, st.sampled_from(["${signingKey}", "${database.password}", "${unheardOf}", "${signingKey@raw}", "${baseUrl}"])
)
NUMBERS = st.one_of(st.integers(0, 40), st.sampled_from(["${signingKey}", "${signingKey@length}", "${database.password@used}", "50mb"]))
LEAVES = st.one_of(
    st.sampled_from(["present", "absent"]),
    st.fixed_dictionaries({"equals": OPERANDS}),
    st.fixed_dictionaries({"one_of": st.lists(OPERANDS, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"starts_with": OPERANDS}),
    st.fixed_dictionaries({"ends_with": OPERANDS}),
    st.fixed_dictionaries({"contains": OPERANDS}),
    st.fixed_dictionaries({"matches": st.sampled_from([".*", "p.*", "[0-9]+", ".{24}", ".{25}", "https.*"])}),
    st.fixed_dictionaries({"type": st.sampled_from(["string", "number", "object", "array", "boolean", "integer", "null"])}),
    st.fixed_dictionaries({"format": st.sampled_from(sorted(FORMATS))}),
    st.fixed_dictionaries({"fits": st.sampled_from(sorted(ASPECTS))}),
    st.fixed_dictionaries({"host": st.sampled_from(["local", "private", "reserved", "medplum"])}),
    st.fixed_dictionaries({"provider": st.sampled_from([{"kind": "database"}, {"kind": "mail", "login": "required"}])}),
    st.fixed_dictionaries(
        {"provider_takes": st.fixed_dictionaries({"kind": st.just("mail"), "host": OPERANDS, "column": st.just("password")})}
    ),
    st.fixed_dictionaries({"secret": st.sampled_from(["held", "published", "issued", "generated", "real"])}),
    st.fixed_dictionaries({"min": NUMBERS}),
    st.fixed_dictionaries({"max": NUMBERS}),
    st.fixed_dictionaries({"min_length": st.integers(0, 40)}),
    st.fixed_dictionaries({"max_length": st.integers(0, 40)}),
    st.fixed_dictionaries({"only_keys": st.lists(st.sampled_from(["password", "host", "inner"]), min_size=1, max_size=2)}),
    st.fixed_dictionaries({"unique_by": st.just("issuer")}),
    st.fixed_dictionaries({"private_key": st.fixed_dictionaries({"passphrase": st.just("${signingKeyPassphrase}")})}),
    st.fixed_dictionaries(
        {"private_key": st.fixed_dictionaries({"passphrase": st.just("${signingKeyPassphrase}"), "use": st.just("cloudfront")})}
    ),
    st.fixed_dictionaries({"certificates": st.sampled_from(["usable", "few", "lasting"])}),
    st.fixed_dictionaries({"arn": st.fixed_dictionaries({"region": OPERANDS})}),
)


def nested(inner: Any) -> Any:
    return st.one_of(
        st.fixed_dictionaries({"not": inner}),
        st.fixed_dictionaries({"if": inner, "then": inner}),
        st.lists(inner, min_size=1, max_size=2),
        st.fixed_dictionaries({"keys": st.dictionaries(st.sampled_from(["password", "inner", "host"]), inner, min_size=1, max_size=2)}),
    )


ASSERTIONS = st.recursive(LEAVES, nested, max_leaves=4)
CLAUSES = st.dictionaries(
    st.builds(str.__add__, st.sampled_from([path for path in PATHS if path != "$"]), st.sampled_from(FACTS)),
    ASSERTIONS,
    min_size=1,
    max_size=2,
)
ANOTHER = st.one_of(
    st.sampled_from(
        ["", "x", "8103", "true", "{}", '{"a": 1}', "[1]", "https://x.example/", "TODO", "a" * 5_000, "-----BEGIN RSA PRIVATE KEY-----"]
    ),
    st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=60),
)
MESSAGES = st.sampled_from(["${@path} ${@reason}", "${.} ${@raw} ${@length} ${@used}", "${signingKey} ${database.password} ${unheardOf}"])


@given(
    kind=st.sampled_from(sorted(WRITERS)),
    must=CLAUSES,
    when=st.one_of(st.none(), CLAUSES),
    message=MESSAGES,
    fix_when=st.one_of(st.none(), CLAUSES),
    other=ANOTHER,
)
def test_a_found_policy_says_the_same_whatever_the_secrets_are(
    kind: str, must: dict[str, Any], when: dict[str, Any] | None, message: str, fix_when: dict[str, Any] | None, other: str
) -> None:
    """Two documents that differ in nothing but secrets are one to it. (``x`` is compared too: an empty text is not a placeholder.)

    What is the same for both comes from the policy, which may hold the very text: ``equals: pa5sw0rd…`` is in its reason.
    """
    fix: dict[str, Any] = {"safe": False, "set": {"baseUrl": "${signingKey}${unheardOf}"}, **({"when": fix_when} if fix_when else {})}
    try:
        asked = untrusted(must, message=message, fix=fix, **({"when": when} if when else {}))
    except RuleError:  # no path or assertion: what the reader of a rule refuses
        return
    first, second = (visible(check(asked, document(kind, secret))) for secret in (SECRET, other))
    if kind == "server/env" and (other == "" or "'" in other):
        return  # an empty variable is not passed on
    assert first == second


def test_a_found_policy_knows_that_a_misspelt_object_is_given_but_not_what_is_in_it() -> None:
    seen = bare({"databse": {"host": "db.clinic.example", "password": SECRET, "maxConnections": 5}})
    tried = (
        {"database": "given"},
        {"database.maxConnections": {"max": 3}},
        {"database.password": {"equals": "x"}},
        {"database.ssl": "given"},
    )
    found = [[(one.path, one.document is seen) for one in check(untrusted(must), seen)] for must in tried]
    assert found == [[], [], [], [(("databse", "ssl"), True)]]


TELLING: dict[str, Any] = {
    "equals": {"equals": SECRET},
    "one_of": {"one_of": [SECRET, "x"]},
    "starts_with": {"starts_with": "pa5"},
    "ends_with": {"ends_with": "example"},
    "contains": {"contains": "hunter"},
    "matches": {"matches": ".*hunter.*"},
    "min_length": {"min_length": 10},
    "max_length": {"max_length": 10},
    "format": {"format": "filled-in"},
    "not": {"not": {"contains": "hunter"}},
    "if": {"if": {"contains": "hunter"}, "then": "absent"},
    "then": {"if": "present", "then": {"contains": "hunter"}},
    "present": {"not": {"present": False, "equals": "x"}},
    "secret": {"secret": "held"},
}
"""For an operator an assertion by which a text, trusted, is told from another one."""


CHECK_UNKNOWN = {"format", "fits", "if", "not", "present", "secret"}
"""Operators that are asked of values that are not known: a placeholder is no secret, LEAVES has every aspect of the catalogue, and the
others ask only by the assertions that they hold, or whether anything is there."""


def test_no_operator_is_asked_of_what_may_be_secret() -> None:
    """All others never see a value that is UNKNOWN, as secrets are here."""
    asked = [name for name, operator in OPERATORS.items() if operator.checks_unknown is not never]
    more = [
        f'the operator "{name}" checks values that are not known, and so perhaps secrets for a policy that nobody named: leave out '
        "checks_unknown, or add it to LEAVES and TELLING, which look for a difference, and to CHECK_UNKNOWN"
        for name in asked
        if name not in CHECK_UNKNOWN
    ]
    assert not more, "\n".join(more)
    assert set(asked) == CHECK_UNKNOWN
    assert TELLING.keys() <= set(OPERATORS)


@pytest.mark.parametrize("kind", sorted(WRITERS))
@pytest.mark.parametrize("name", sorted(TELLING))
def test_no_operator_tells_secrets_apart(kind: str, name: str) -> None:
    secret, other = document(kind, SECRET), document(kind, "TODO" if name in ("format", "secret") else "abc")
    paths = ("signingKey", "smtp.password", "unheardOf", "<secret>", "**")
    apart = [
        path for path in paths if visible(check(rule({path: TELLING[name]}), secret)) != visible(check(rule({path: TELLING[name]}), other))
    ]
    assert name == "present" or {"signingKey", "<secret>", "**"} <= set(apart)
    for path in paths:
        assert visible(check(untrusted({path: TELLING[name]}), secret)) == visible(check(untrusted({path: TELLING[name]}), other))


def test_the_generator_does_ask() -> None:
    """The same policies, trusted, tell secrets apart: the property above is not empty."""
    for must in ({"signingKey": {"matches": "p.*"}}, {"signingKey": {"min_length": 30}}, {"**.password": {"not": {"contains": "hunter"}}}):
        first, second = (
            visible(check(rule(must), document("server/json", secret))) for secret in (SECRET, "another-secret-of-thirty-letters")
        )
        assert first != second
        assert visible(check(untrusted(must), document("server/json", SECRET))) == []


@pytest.mark.parametrize("password", [SECRET, "another"])
@pytest.mark.parametrize("operator", ["equals", "one_of"])
def test_an_object_with_a_secret_in_it_is_unknown(operator: str, password: str) -> None:
    """Neither the same as another one nor not the same: a guess has no finding, whether it is right or wrong."""
    database = {"host": "db", "password": SECRET}
    secret = bare({"database": {**database, "password": password}})
    must = {"database": {operator: database if operator == "equals" else [database]}}
    assert check(untrusted(must), secret) == check(untrusted({"database": {"not": must["database"]}}), secret) == []
    assert len(check(rule(must), secret)) == (password != SECRET)


def test_what_it_may_know() -> None:
    dump = document("server/ssm", SECRET)
    asked = {
        "signingKey": "absent",
        "signingKey@type": {"equals": "String"},
        "signingKey@tier": {"equals": "Advanced"},
        "signingKey@name": {"not": {"contains": "prod"}},
        "baseUrl": {"ends_with": "x"},
        "baseUrl@length": {"max": 1},
        "googleClientSecret": "present",
        "unheardOf": {"fits": "known"},
    }
    messages = [f"{one.message}" for one in check(untrusted(asked), dump)]
    assert messages == [
        "signingKey must not be set",
        'baseUrl must end with "x"',
        "googleClientSecret is missing",
        f"unheardOf is not known to this version of medplum-lint: no known release up to {NEWEST} ({DATES[NEWEST]}) reads it",
    ]
    assert [one.document for one in check(untrusted(asked), dump)] == [dump] * 4
    assert [one.message for one in check(untrusted({"signingKey@tier": {"equals": "Advanced"}}), dump)] == ['signingKey must be "Advanced"']
    assert [one.message for one in check(untrusted({"baseUrl@length": {"max": 1}}), dump)] == ["baseUrl must be at most 1"]


def test_the_number_at_the_start_of_a_secret_is_unknown() -> None:
    text = json.dumps({"/medplum/prod/baseUrl": "https://api.hospital.example/", "/medplum/prod/port": "4829hunter2"})
    [loaded] = load(Input("x", text.encode(), Path("x")), "server/ssm").loaded
    assert loaded.document.get(("port",)) == 4829
    assert public_view(loaded.document).get(("port",)) is UNKNOWN


@pytest.mark.parametrize("kind", settings.KINDS)
def test_the_view_holds_no_value_that_the_catalogue_does_not_know_as_public(kind: str) -> None:
    known = settings.catalogue(kind)
    tree: dict[str, Any] = {}
    for name in known.names():
        node: Any = tree
        path = name.split(".")
        for step in path[:-1]:
            node = node.setdefault(step, {}) if isinstance(node, dict) else {}
        if isinstance(node, dict) and not isinstance(node.get(path[-1]), dict):
            node[path[-1]] = f"canary {name}"
    text = json.dumps(tree)
    full = {"server": "server/json", "infra": "infra/json"}.get(kind, kind)
    [loaded] = load(Input("x", text.encode(), Path("x")), full).loaded
    shown = str(public_view(loaded.document).data)
    for name in known.names():
        if not known.is_public(tuple(name.split("."))):
            assert f"canary {name}'" not in shown


def test_a_document_of_any_depth_has_a_view() -> None:
    text = '{"signingKey": "x", "a":' + '{"a":' * 10_000 + '"s"' + "}" * 10_000 + "}"
    [loaded] = load(Input("x", text.encode(), Path("x")), "server/json").loaded
    assert check(untrusted({"**.password": "absent"}), loaded.document) == []


# --- A policy that asks is an error. -------------------------------------------------------------------------------------------------

ASKS = [
    ({"signingKey": {"min_length": 12}}, {}, "signingKey", "signingKey"),
    ({"database.password": {"not": {"matches": "a.*"}}}, {}, "database.password", "database.password"),
    ({"database": {"keys": {"password": {"min_length": 12}}}}, {}, "database.password", "database.password"),
    ({"<secret>": {"format": "filled-in"}}, {}, "<secret>", "signingKey"),
    ({"**.password": {"type": "string"}}, {}, "**.password", "database.password"),
    ({"signingKey@length": {"max": 3}}, {}, "signingKey@length", "signingKey"),
    ({"signingKey@raw": {"equals": "x"}}, {}, "signingKey@raw", "signingKey"),
    ({"baseUrl": {"equals": "${signingKey}"}}, {}, "${signingKey}", "signingKey"),
    ({"port": {"max": "${signingKey@length}"}}, {}, "${signingKey@length}", "signingKey"),
    ({"smtp.username": {"equals": "${^.password}"}}, {}, "${^.password}", "smtp.password"),
    ({"port": "present"}, {"when": [{"port": "present"}, {"signingKey": {"type": "string"}}]}, "signingKey", "signingKey"),
    ({"signingKey": "present"}, {"fix": {"safe": False, "set": {"baseUrl": "${.}"}}}, "${.}", "signingKey"),
    ({"signingKey": "present"}, {"fix": {"safe": False, "when": {".": {"equals": "x"}}, "remove": ["port"]}}, ".", "signingKey"),
    ({"signingKey": [{"equals": "x"}, "absent"]}, {}, "signingKey", "signingKey"),
    ({"signingKey": {"if": "present", "then": {"equals": "x"}}}, {}, "signingKey", "signingKey"),
    (
        {"externalAuthProviders.*.identityProvider.clientSecret": {"min_length": 3}},
        {},
        "externalAuthProviders.*.identityProvider.clientSecret",
        "",
    ),
    ({"server.signingKey": {"min_length": 12}}, {"for": "deployment"}, "server.signingKey", "signingKey"),
    ({"database.password": {"same_as": "server"}}, {"for": "deployment"}, "database.password", "password"),
    ({"password": {"min_length": 12}}, {"for": "secret/database"}, "password", "password"),
]


@pytest.mark.parametrize(("must", "more", "text", "name"), ASKS)
def test_a_found_policy_that_names_a_secret_is_refused(must: dict[str, Any], more: dict[str, Any], text: str, name: str) -> None:
    write("policies/asks.yaml", policy("asks", must, **more))
    write(".medplum-lint.toml", 'rules = ["policies"]\n')
    result = lint("-", "--select", "acme/asks", given=json.dumps(SERVER))
    line = "medplum-lint: error: policies/asks.yaml:"
    assert result.exit_code == 2
    [error] = [one for one in result.stderr.splitlines() if one.startswith(line)]
    assert f': "{text}" asks what {name or text} holds, which is secret: a policy whose configuration file was only found' in error
    assert error.endswith("name its folder with --rules")


@pytest.mark.parametrize("command", [["rules"], ["explain", "missing-setting"], ["test", "--no-built-in"]])
def test_the_other_commands_refuse_it_too(command: list[str]) -> None:
    write("policies/asks.yaml", policy("asks", {"signingKey": {"min_length": 12}}))
    write(".medplum-lint.toml", 'rules = ["policies"]\n')
    result = lint(*command)
    assert result.exit_code == 2
    assert '"signingKey" asks what signingKey holds, which is secret' in result.stderr
    assert lint(*command, "--isolated").exit_code == 0


def test_an_unknown_setting_may_be_a_secret() -> None:
    write("policies/asks.yaml", policy("asks", {'"unheardOf"': {"equals": "x"}}))
    write(".medplum-lint.toml", 'rules = ["policies"]\n')
    message = '""unheardOf"" asks what unheardOf holds, which may be secret, because no setting of this name is known: a policy whose'
    assert message in lint("-", "--kind", "server/json", given="{}").stderr


def test_a_setting_that_is_public_in_documents_of_another_kind() -> None:
    """In documents of a kind that does not know it, its content is hidden."""
    data = {**rule_data({"region": {"equals": "x"}, "awsRegion": {"equals": "x"}}), "for": ["infra", "server"]}
    check_knows_no_secret(Rule(data))
    rule = Rule(data)
    rule.trusted = False
    assert check(rule, bare({"region": "hunter2", "awsRegion": UNKNOWN})) == []
    assert [finding.path for finding in check(rule, bare({"region": "us-east-1"}, "infra/json"))] == [("region",)]
    for kinds in (["infra"], ["server"], ["server", "server/ssm"], ["infra", "server"]):
        for name in ("nobodyKnows", "database.password"):
            with pytest.raises(RuleError, match=f"asks what {name} holds"):
                check_knows_no_secret(Rule({**rule_data({name: {"equals": "x"}}), "for": kinds}))


@pytest.mark.parametrize(
    "must",
    [
        {"signingKey": "present"},
        {"<secret>@type": {"equals": "SecureString"}},
        {"signingKey@tier": {"one_of": ["Standard"]}},
        {"database": {"only_keys": ["host", "password"]}},
        {"database": {"keys": {"password": "present", "host": {"format": "hostname"}}}},
        {"signingKey": {"fits": "known"}},
        {"**": {"not": {"contains": "TODO"}}},
        {"supportEmail": {"ends_with": "@acme.example"}},
        {"defaultOAuthClients.*.redirectUris.*": {"starts_with": "https://"}},
    ],
)
def test_a_found_policy_that_asks_for_nothing_secret_is_fine(must: dict[str, Any]) -> None:
    write("policies/asks.yaml", policy("asks", must))
    write(".medplum-lint.toml", 'rules = ["policies"]\n')
    result = lint("-", "--select", "acme/asks", "--fail-on", "never", given=json.dumps(SERVER))
    assert (result.exit_code, result.stderr) == (0, "")


ATTACK = {f"bit-{index}": {"signingKey": {"not": {"matches": f"{'.' * index}[{SECRET[index]}].*"}}} for index in range(10)}


@pytest.mark.parametrize("named", ["--rules", "--config", "both", ""])
def test_who_may_ask(named: str) -> None:
    """The attack of a pull request: a policy for each letter of a piped password. Whoever is at the command line may."""
    for name, must in ATTACK.items():
        write(f"policies/{name}.yaml", policy(name, must))
    write("other.toml", 'rules = ["policies"]\n')
    write(".medplum-lint.toml", 'rules = ["policies"]\n')
    arguments = {
        "--rules": ["--isolated", "--rules", "policies"],
        "--config": ["--config", "other.toml"],
        "both": ["--rules", "policies"],
        "": [],
    }
    result = lint("-", *arguments[named], "--format", "json", given=json.dumps(SERVER))
    found = [one["rule"] for one in json.loads(result.stdout)["findings"] if one["rule"].startswith("acme/")] if result.stdout else []
    assert sorted(found) == (sorted(f"acme/{name}" for name in ATTACK) if named else [])
    assert result.exit_code == (1 if named else 2)
    assert SECRET not in result.output


# --- What its fixes may change. ------------------------------------------------------------------------------------------------------

NOT_PUBLIC = [
    *(name for name in settings.catalogue().names() if not settings.catalogue().is_public(tuple(name.split(".")))),
    "unheardOf",
    "database.ssl.unheardOf",
    "externalAuthProviders.*.unheardOf",
]
FIXES: dict[str, dict[str, Any]] = {
    "move": {"rename": {"SECRET": "supportEmail"}},
    "move to where a value says": {"rename": {"SECRET": "smtp.${smtp.host}"}},
    "move a public setting here": {"rename": {"baseUrl": "SECRET"}},
    "copy": {"set": {"supportEmail": "${SECRET}"}},
    "copy within a text": {"set": {"supportEmail": "x${SECRET}"}},
    "set": {"set": {"SECRET": "chosen"}},
    "set to an object": {"set": {"SECRET": {"password": "chosen"}}},
    "set to a public setting": {"set": {"SECRET": "${baseUrl}"}},
    "set, and remove another": {"set": {"SECRET": "chosen"}, "remove": ["baseUrl"]},
    "split": {"split": {"SECRET": "cacheRedis"}},
}


def with_secret(name: str) -> Document:
    """A document with a secret at a path; ``smtp.host`` holds the name of a public setting."""
    tree: dict[str, Any] = {"baseUrl": "https://api.hospital.example/", "smtp": {"host": "port"}}
    node = tree
    *above, last = name.split(".")
    for step in above:
        node = node.setdefault(step, {})
    node[last] = f"redis://:{SECRET}@cache.hospital.example:6379"
    return bare(tree)


@pytest.mark.parametrize("how", FIXES)
def test_a_fix_of_a_found_policy_touches_no_secret(how: str) -> None:
    """Refused when it is read; were it not, there would be no fix all the same. For a policy that is named there is one."""
    trusted = 0
    for name in NOT_PUBLIC:
        fix = json.loads(json.dumps({"safe": True, **FIXES[how]}).replace("SECRET", name.replace("*", "0")))
        data = rule_data({"baseUrl": "absent"}, fix=fix)
        known = settings.catalogue().get(tuple(name.split(".")))
        # What an object holds as a whole may be asked for: it is unknown where anything in it is.
        asks = how in ("copy", "copy within a text", "split")
        if not (asks and known is not None and known.is_container):
            with pytest.raises(RuleError, match="a policy whose configuration file was only found cannot do that"):
                check_knows_no_secret(Rule(data))
        given = with_secret("unheard" if how in ("move a public setting here", "set") else name.replace("*", "0"))
        assert [one.fix for one in check(untrusted({"baseUrl": "absent"}, fix=fix), given)] == [None], name
        trusted += any(one.fix is not None for one in check(Rule(data), given))
    assert trusted > len(NOT_PUBLIC) // 2


def test_a_found_policy_moves_nothing_where_only_a_value_names_the_target() -> None:
    """No path of the fix is that of a secret, but the value of another setting leads there, or a value is no public one after all."""
    fix = {"safe": True, "rename": {"baseUrl": "smtp.${smtp.host}"}}
    for target, moved in (("port", True), ("password", False), ("unheardOf", False)):
        given = bare({"baseUrl": "https://api.hospital.example/", "smtp": {"host": target}})
        [finding] = check(untrusted({"baseUrl": "absent"}, fix=fix), given)
        assert (finding.fix is not None) is moved
    hidden = bare({"baseUrl": f"https://user:{SECRET}@api.hospital.example/", "smtp": {"host": "port"}})
    assert [one.fix for one in check(untrusted({"baseUrl": "absent"}, fix=fix), hidden)] == [None]


def test_a_fix_of_a_found_policy_is_never_safe() -> None:
    fixes: list[dict[str, Any]] = [
        {"set": {"supportEmail": "help@hospital.example"}},
        {"set": {"defaultOAuthClients.0.redirectUris.0": "https://hospital.example/"}},
        {"rename": {"baseUrl": "appBaseUrl"}},
        {"remove": ["baseUrl"]},
        {"remove": ["signingKey"]},
        {"store": "SecureString"},
    ]
    clients = [{"redirectUris": ["http://hospital.example/"]}]
    given = bare({"baseUrl": "https://api.hospital.example/", "signingKey": SECRET, "defaultOAuthClients": clients})
    for fix in fixes:
        data = rule_data({"baseUrl": "absent"}, fix={"safe": True, **fix})
        check_knows_no_secret(Rule(data))
        found = [check(one, given)[0].fix for one in (Rule(data), untrusted(data["must"], fix=data["fix"]))]
        assert [one.safe for one in found if one is not None] == [True, False], fix


def test_a_pull_request_cannot_publish_a_password_with_a_fix() -> None:
    config = {**SERVER, "database": {"password": SECRET}}
    write(
        "policies/publish.yaml",
        policy("publish", {"database.dbname": "present"}, fix={"safe": True, "rename": {"database.password": "database.dbname"}}),
    )
    write("policies/port.yaml", policy("port", {"port": "absent"}, fix={"safe": True, "set": {"port": 80}}))
    write(".medplum-lint.toml", 'rules = ["policies"]\n')
    write("medplum.config.json", json.dumps(config))
    result = lint("--fix", "--unsafe-fixes", "medplum.config.json")
    why = "and database.password is secret: a policy whose configuration file was only found cannot do that; name its folder with --rules"
    assert result.exit_code == 2
    assert f'medplum-lint: error: policies/publish.yaml:20: the fix changes "database.password", {why}' in result.stderr.splitlines()
    Path("policies/publish.yaml").unlink()
    lint("--fix", "medplum.config.json")
    assert json.loads(Path("medplum.config.json").read_text())["port"] == 8103
    lint("--fix", "medplum.config.json", "--isolated", "--rules", "policies")
    assert json.loads(Path("medplum.config.json").read_text())["port"] == 80


# --- Where its rules may lie. -------------------------------------------------------------------------------------------------------

FOREIGN = f"aws_secret: {SECRET}\nsplitted: [{SECRET}\n"


def outside(text: str) -> Result:
    write(".medplum-lint.toml", f"# comment\nrules = [{json.dumps(text)}]\n")
    return lint("-", given=json.dumps(SERVER))


@pytest.mark.parametrize("how", ["above", "absolute", "link", "link to a file", "link to a file in a folder", "round about"])
def test_rules_stay_in_the_tree_of_a_found_configuration(how: str, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "foreign.yaml").write_text(FOREIGN)
    link = Path("policies") / ("inner/foreign.yaml" if how.endswith("in a folder") else "foreign.yaml")
    link.parent.mkdir(parents=True)
    folder = {"above": "../elsewhere", "absolute": str(elsewhere), "round about": "policies/../../elsewhere"}.get(how, "policies")
    if how == "link":
        Path("policies").rmdir()
        Path("policies").symlink_to(elsewhere)
    elif how.startswith("link to a file"):
        link.symlink_to(elsewhere / "foreign.yaml")
    result = outside(folder)
    expected = (
        f"medplum-lint: error: {link}: leads outside the folder of the configuration file that names it"
        if how.startswith("link to a file")
        else f"medplum-lint: error: .medplum-lint.toml:2: {Path(folder).name} leads outside the folder of this configuration file, "
        "which was only found: name the folder of policies with --rules"
    )
    assert result.exit_code == 2
    assert expected in result.stderr.splitlines()
    assert SECRET not in result.output and "aws_secret" not in result.output
    assert lint("-", "--isolated", "--fail-on", "never", given=json.dumps(SERVER)).exit_code == 0


def test_rules_within_the_tree_may_be_linked(tmp_path: Path) -> None:
    write("shared/policies/port.yaml", policy("port", {"port": {"type": "integer"}}))
    Path("policies").symlink_to("shared/policies")
    result = outside("policies")
    assert "error: " not in result.stderr


def test_a_folder_that_is_linked_into_policies_is_not_searched(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "foreign.yaml").write_text(FOREIGN)
    write("policies/inner/port.yaml", policy("port", {"port": {"type": "integer"}}))
    Path("policies/link").symlink_to(tmp_path / "elsewhere")
    assert "error: " not in outside("policies").stderr
    assert "acme/port" in lint("rules").output


def test_a_rule_file_is_a_file() -> None:
    Path("policies/sub.yaml").mkdir(parents=True)
    os.mkfifo("policies/pipe.yaml")
    result = outside("policies")
    assert "medplum-lint: error: policies/pipe.yaml:1: cannot be read: it is a pipe, not a file" in result.stderr.splitlines()
    assert "medplum-lint: error: policies/sub.yaml:1: cannot be read: is a directory" in result.stderr.splitlines()


def test_a_found_configuration_must_not_be_a_link_to_another_file(tmp_path: Path) -> None:
    (tmp_path / "foreign.toml").write_text(f'{SECRET} = "x"\n')
    Path(".medplum-lint.toml").symlink_to(tmp_path / "foreign.toml")
    result = lint("-", given=json.dumps(SERVER))
    assert result.exit_code == 2
    assert result.stderr == (
        "medplum-lint: error: .medplum-lint.toml: is a link to a file outside its folder; name that file with --config\n"
    )
    (tmp_path / "foreign.toml").write_text('ignore = ["missing-setting"]\n')
    assert lint("-", "--config", ".medplum-lint.toml", "--fail-on", "never", given=json.dumps(SERVER)).exit_code == 0


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("deploy", "deploy/"),
        ("deploy/medplum.config.json", "deploy/"),
        ("./deploy/../deploy", "deploy/"),
        ("FOLDER/deploy", "FOLDER/deploy/"),
    ],
)
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('ignoer = ["x"]', '.medplum-lint.toml:1: there is no option "ignoer"; did you mean "ignore"?'),
        ('ignore = ["unheard"]', '.medplum-lint.toml:1: there is no rule or category "unheard"'),
        ('baseline = "nope"', "nope: there is no such baseline; write it with --write-baseline PLACEnope"),
        ('rules = ["policies"]', "policies: no such file or folder"),
        ('rules = ["broken"]', "broken/a.yaml:1: the rule must be a mapping"),
        ('select = ["tls"]\nignore = ["tls"]', ".medplum-lint.toml: no rule is left to check: every selected rule is also ignored"),
    ],
)
def test_an_error_about_a_configuration_shows_the_path_as_given(given: str, shown: str, text: str, message: str) -> None:
    """Relative where the path of the checked file is, and absolute where that is."""
    write("deploy/.medplum-lint.toml", text)
    write("deploy/broken/a.yaml", "7\n")
    write("deploy/medplum.config.json", json.dumps(SERVER))
    place, folder = shown.replace("FOLDER", str(Path.cwd())), str(Path.cwd())
    errors = lint(given.replace("FOLDER", folder)).stderr.splitlines()
    assert f"medplum-lint: error: {place}{message.replace('PLACE', place)}" in errors
    Path("elsewhere").mkdir()
    os.chdir("elsewhere")
    if shown == "deploy/":
        errors = lint(f"../{given}").stderr.splitlines()
        assert f"medplum-lint: error: ../deploy/{message.replace('PLACE', '../deploy/')}" in errors


# --- Which configuration counts, and what is reported of it. ----------------------------------------------------------------------------

FINE = "medplum.config.json"


def reports(*arguments: str) -> tuple[str, list[Any], list[str]]:
    """The line of the text report, what the JSON report says, and the notifications of the SARIF report."""
    text, report, sarif = (lint("--format", form, "--fail-on", "never", *arguments).stdout for form in ("text", "json", "sarif"))
    [line] = [line for line in text.splitlines() if line.startswith("Configuration ")] or [""]
    [invocation] = json.loads(sarif)["runs"][0]["invocations"]
    notes = [one["message"]["text"] for one in invocation.get("toolConfigurationNotifications", [])]
    return line, json.loads(report)["configurations"], notes


def test_every_report_says_which_configuration_was_used() -> None:
    write(FINE, json.dumps(SERVER))
    assert reports(".") == ("", [], [])
    write(".medplum-lint.toml", 'ignore = ["missing-setting", "wrong-type"]\nexclude = ["old"]\n[severity]\nunknown-setting = "off"\n')
    write("old/medplum.config.json", "{}")
    write("older/medplum.config.json", json.dumps(SERVER))
    off = ["missing-setting", "unknown-setting", "wrong-type"]
    assert reports(".") == (
        "Configuration .medplum-lint.toml: 3 rules off, 1 path excluded.",
        [{"path": ".medplum-lint.toml", "named": False, "rules_off": off, "excluded": 1, "accepted": 0, "fail_on": None}],
        ["'.medplum-lint.toml' configures this run: 3 rules off, 1 paths excluded."],
    )
    assert reports(".", "--isolated") == ("", [], [])
    assert "Configuration" not in lint(".", "--quiet").output


@pytest.mark.parametrize("more", [[], ["--fail-on", "never"], ["-f", "json"], ["-o", "out.txt"], ["--diff"]])
def test_a_quiet_run_says_that_a_found_configuration_switches_rules_off(more: list[str]) -> None:
    """Whoever sees no finding must know that not all were looked for. Of a configuration that is named that is known."""
    write(FINE, json.dumps(SERVER))
    write("other/.medplum-lint.toml", 'ignore = ["missing-setting"]')
    write("other/" + FINE, json.dumps(SERVER))
    write(".medplum-lint.toml", 'ignore = ["missing-setting", "wrong-type"]\nselect = ["missing-setting", "wrong-type", "tls"]')
    note = "medplum-lint: note: other/.medplum-lint.toml: switches off 1 rule"
    assert note in lint(".", "-q", *more).stderr.splitlines()
    assert note not in lint(".", *more).stderr.splitlines()  # the report has it
    write("other/.medplum-lint.toml", "")
    assert "other/" not in lint("other", "-q", *more).stderr
    assert "switches off" not in lint(FINE, "-q", "--config", ".medplum-lint.toml", *more).stderr
    assert "switches off" not in lint(FINE, "-q", "--isolated", *more).stderr


def test_what_switches_a_rule_off() -> None:
    write(FINE, json.dumps(SERVER))
    listed = json.loads(lint("rules", "--format", "json").stdout)
    every = len([one for one in listed if one["severity"]["production"] and not one["pedantic"]["production"]])

    def off(text: str, *arguments: str) -> int:
        write(".medplum-lint.toml", text)
        return len(reports(FINE, *arguments)[1][0]["rules_off"])

    assert off("") == 0
    default = off('select = ["missing-setting"]') + 1
    assert default == every
    assert off('select = ["missing-setting"]', "--select", "wrong-type") == 0  # the command line has its way
    assert off('ignore = ["missing-setting"]', "--ignore", "wrong-type") == 0
    assert off('[per-file."medplum.*.json"]\nignore = ["missing-setting"]') == 1
    assert off('[per-file."other.json"]\nignore = ["missing-setting"]') == 0
    assert off("[severity]\nmissing-setting = {production = 'off', development = 'error'}") == 1
    assert off("[severity]\nmissing-setting = {production = 'error', development = 'off'}") == 0
    assert off('target = "development"') > 0
    assert off('target = "development"', "--target", "production") == 0
    assert off('target = "production"') == 0


def test_a_configuration_that_makes_the_run_fail_on_nothing() -> None:
    write(FINE, json.dumps(SERVER))
    write(".medplum-lint.toml", 'fail-on = "never"')
    assert lint(FINE).output.splitlines()[-3] == "Configuration .medplum-lint.toml: no rules off, nothing excluded, fail-on never."
    assert lint(FINE, "--fail-on", "error").output.splitlines()[-3] == "Configuration .medplum-lint.toml: no rules off, nothing excluded."


def test_a_configuration_that_is_named() -> None:
    write("deploy/" + FINE, json.dumps(SERVER))
    write("deploy/.medplum-lint.toml", 'select = ["missing-setting"]')
    write("ci/strict.toml", 'ignore = ["missing-setting"]\nexclude = ["deploy/old/**"]\nrules = ["policies"]')
    write("ci/policies/asks.yaml", policy("asks", {"signingKey": {"max_length": 3}}))
    line, configurations, _ = reports("deploy", "--config", "ci/strict.toml")
    assert line == "Configuration ci/strict.toml: 1 rule off, nothing excluded."
    assert configurations[0]["named"] is True
    assert "acme/asks" in lint("deploy", "--config", "ci/strict.toml").output
    write("pyproject.toml", "[tool.medplum-lint]\nignore = []\n")
    assert reports("deploy", "--config", "pyproject.toml")[1][0]["path"] == "pyproject.toml"
    assert "acme/asks" in lint("rules", "--config", "ci/strict.toml").output
    assert lint("explain", "acme/asks", "--config", "ci/strict.toml").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config", "nowhere.toml"], "medplum-lint: error: nowhere.toml: cannot be read: no such file or directory"),
        (["--config", "."], "medplum-lint: error: .: cannot be read: is a directory"),
        (
            ["--config", "empty/pyproject.toml"],
            "medplum-lint: error: empty/pyproject.toml: there is no table [tool.medplum-lint] in this file",
        ),
        (
            ["--config", "x.toml", "--isolated"],
            "Error: --isolated uses no configuration file, but --config names one: give only one of the two",
        ),
    ],
)
def test_a_configuration_that_cannot_be_used(arguments: list[str], message: str) -> None:
    write("empty/pyproject.toml", "[project]\n")
    result = lint("-", *arguments, given="{}")
    assert (result.exit_code, result.stdout, result.stderr.splitlines()[-1]) == (2, "", message)


def test_a_mask_is_not_an_oracle_either() -> None:
    """What a found policy says of a secret never has its value, in any format."""
    write(
        "policies/shows.yaml",
        policy("shows", {"signingKey": "absent", "**": {"not": {"contains": "hunter"}}}, message="it is ${.}, ${signingKey}"),
    )
    write(".medplum-lint.toml", 'rules = ["policies"]')
    for form in reporters.names():
        output = lint("-", "--format", form, given=json.dumps(SERVER)).output
        assert SECRET not in output
        assert "hunter" not in output.replace("policies", "")
