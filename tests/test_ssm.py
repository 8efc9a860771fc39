"""Parameter Store dumps in all their shapes: one configuration for each environment, each value and place where it was."""

from __future__ import annotations

import json
import random
import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support.helpers import EVERY_RULE

from linter.documents.inputs import Input
from linter.documents.source import SourceFile
from linter.model import UNKNOWN, Document, Finding, Style, dotted
from linter.reporters import names, reporter
from linter.run import Options, Outcome, lint_input
from linter.sources import server_ssm

SECRET = "hunter2"


def load(text: str, name: str = "dump.json") -> list[Document]:
    file = SourceFile(name, text.encode())
    recognised = server_ssm.detect(file)
    assert recognised is not None and recognised.kind == "server/ssm", recognised
    return [loaded.document for loaded in server_ssm.load(file, "server/ssm")]


def one(text: str, name: str = "dump.json") -> Document:
    (document,) = load(text, name)
    return document


def lint(text: str, name: str = "dump.json", kind: str | None = None) -> Outcome:
    return lint_input(Input(name, text.encode("utf-8", "surrogatepass"), Path("/nowhere") / name), Options(EVERY_RULE, kind))


def found(text: str, *rules: str, name: str = "dump.json") -> list[str]:
    """The findings of some rules: rule, what is underlined, environment and setting."""
    return [_line(finding) for finding in lint(text, name).result.findings if finding.rule in rules]


def _line(finding: Finding) -> str:
    underlined = finding.document.text.content[finding.span.start : finding.span.end]
    setting = "-" if finding.path is None else dotted(finding.path)
    return f"{finding.rule} {underlined} {finding.document.environment} {setting}"


# --- Shapes -------------------------------------------------------------------------------------------------------------------------

PARAMETERS: list[dict[str, Any]] = [
    {"Name": "/medplum/prod/baseUrl", "Type": "String", "Value": "https://api.example.com/", "Version": 3},
    {"Name": "/medplum/prod/port", "Type": "SecureString", "Value": "8103", "Version": 1},
    {"Name": "/medplum/prod/database.ssl.require", "Type": "String", "Value": "true", "Version": 1},
]
DATA = {"baseUrl": "https://api.example.com/", "port": 8103, "database": {"ssl": {"require": True}}}
PAIRS = [[one["Name"], one["Value"]] for one in PARAMETERS]
SHAPES: dict[str, tuple[Any, bool]] = {
    "get-parameters-by-path": ({"Parameters": PARAMETERS}, True),
    "one page": ({"Parameters": PARAMETERS, "NextToken": "x"}, False),
    "get-parameters": ({"Parameters": PARAMETERS, "InvalidParameters": []}, False),
    "a query for objects": ([{"Name": name, "Value": value} for name, value in PAIRS], True),
    "a query for objects with names of its own": ([{"name": name, "value": value} for name, value in PAIRS], True),
    "a query for pairs": (PAIRS, True),
    "a query for rows": ([[one["Name"], one["Type"], one["Value"]] for one in PARAMETERS], True),
    "a query for rows in another order": ([[one["Name"], one["Value"], one["Type"]] for one in PARAMETERS], True),
    "a flat map": ({one["Name"]: one["Value"] for one in PARAMETERS}, True),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("form", ["json", "indented", "yaml", "flow"])
def test_shapes(name: str, form: str) -> None:
    shape, complete = SHAPES[name]
    if form in ("json", "indented"):
        text = json.dumps(shape, indent=4 if form == "indented" else None)
    else:
        text = yaml.safe_dump(shape, sort_keys=False, default_flow_style=form == "flow")
    document = one(text, "dump.json" if form in ("json", "indented") else "dump.yaml")
    assert document.data == DATA
    assert (document.environment, document.complete) == ("prod", complete)
    for path, value in ((("baseUrl",), "https://api.example.com/"), (("port",), "8103"), (("database", "ssl", "require"), "true")):
        assert text[slice(*document.locate(path))].strip("'\"") == value
        assert text[slice(*document.locate(path, "key"))].strip("'\"") == f"/medplum/prod/{'.'.join(path)}"


@pytest.mark.parametrize("comment", ["//", "// note", "// see docs/prod", "/comment"])
def test_a_comment_in_a_config_file_makes_it_no_dump(comment: str) -> None:
    outcome = lint(json.dumps({comment: "production", "baseUrl": "https://api.example.com", "port": 8103}), "medplum.config.json")
    assert [file.kind for file in outcome.result.files] == ["server/json"]
    assert "missing-trailing-slash" in {one.rule for one in outcome.result.findings}


def test_one_parameter() -> None:
    document = one(json.dumps({"Parameter": PARAMETERS[0]}))
    assert document.data == {"baseUrl": "https://api.example.com/"} and not document.complete


def test_a_shell_loop_over_parameters() -> None:
    text = "\n".join(json.dumps(one) for one in PARAMETERS)
    document = one(text, "dump.jsonl")
    assert document.data == DATA and document.complete
    assert text[slice(*document.locate(("port",)))] == '"8103"'


@pytest.mark.parametrize("between", ["", "\n", "\n\n \n"])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_shell_loop_over_environments(between: str, indent: int | None) -> None:
    dumps = [{"Parameters": [{"Name": f"/medplum/{name}/port", "Value": port}]} for name, port in (("a", "1"), ("b", "2"))]
    text = between.join(json.dumps(dump, indent=indent) for dump in dumps)
    first, second = load(text)
    assert [(document.environment, document.data, document.complete) for document in (first, second)] == [
        ("a", {"port": 1}, True),
        ("b", {"port": 2}, True),
    ]
    assert text[slice(*second.locate(("port",)))] == '"2"'
    assert second.locate(("baseUrl",)).start == len(json.dumps(dumps[0], indent=indent)) + len(between)


def test_yaml_documents() -> None:
    text = "---\n/medplum/a/port: 1\n---\n- x\n---\nParameters:\n- {Name: /medplum/b/port, Value: 0123}\n"
    assert [(document.environment, document.data) for document in load(text, "<stdin>")] == [("a", {"port": 1}), ("b", {"port": 123})]


def test_only_the_environment_of_a_whole_dump_is_complete() -> None:
    text = json.dumps({"Parameters": PARAMETERS}) + json.dumps({"Parameter": {"Name": "/medplum/b/port", "Value": "1"}})
    assert [(document.environment, document.complete) for document in load(text)] == [("prod", True), ("b", False)]


@pytest.mark.parametrize(
    "shape", [[one["Name"] for one in PARAMETERS], {"Parameters": [{"Name": one["Name"], "Tier": "Standard"} for one in PARAMETERS]}]
)
def test_names_only(shape: Any) -> None:
    document = one(json.dumps(shape))
    assert document.data == {"baseUrl": UNKNOWN, "port": UNKNOWN, "database": {"ssl": {"require": UNKNOWN}}}
    settings = [line.split()[-1] for line in found(json.dumps(shape), "missing-setting", "missing-trailing-slash")]
    assert settings == ["DatabaseSecrets"]  # which names the others


CIPHERTEXT = "AQICAHh0oWnR3m1v6rRj4yG6kqk1Yb2mF8hCkQm3mB0s7g0d8AHr7QwVn3ZkT2pLxYc9dEwAAAB+MHwGCSqGSIb3DQEHBqBvMG0CAQAwaAYJKoZIhvcNAQ"


@pytest.mark.parametrize(
    "shape",
    [
        {"Parameters": [{"Name": "/medplum/prod/baseUrl", "Type": "SecureString", "Value": CIPHERTEXT}]},
        {"/medplum/prod/baseUrl": CIPHERTEXT},
    ],
)
def test_ciphertext_is_not_checked(shape: Any) -> None:
    assert one(json.dumps(shape)).data == {"baseUrl": UNKNOWN}


def test_scalars_are_texts_to_aws() -> None:
    text = "/medplum/prod/port: 0x10\n/medplum/prod/saveAuditEvents: true\n/medplum/prod/logLevel: 1_0\n/medplum/prod/x:\n"
    document = one(text, "dump.yaml")
    assert [document.origin.facts((name,)).get("raw") for name in ("port", "saveAuditEvents", "logLevel", "x")] == [
        "0x10",
        "true",
        "1_0",
        None,
    ]
    assert one('{"/medplum/prod/port": 8103, "/medplum/prod/x": null}').data == {"port": 8103, "x": UNKNOWN}


def test_a_string_list_is_one_text_to_the_server() -> None:
    text = "- Name: /medplum/prod/allowedOrigins\n  Type: StringList\n  Value: [https://a.example, https://b.example]\n"
    assert one(text, "dump.yaml").data == {"allowedOrigins": "https://a.example,https://b.example"}


def test_places_inside_the_json_of_a_parameter() -> None:
    inner = json.dumps([{"resourceType": "ClientApplication", "redirectUris": "x"}])
    for text in (json.dumps({"/medplum/prod/defaultOAuthClients": inner}), f"/medplum/prod/defaultOAuthClients: '{inner}'\n"):
        document = one(text, "<stdin>")
        assert text[slice(*document.locate(("defaultOAuthClients", 0, "redirectUris")))].strip('\\"') == "x"


# --- Environments and names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (["/medplum/prod/x"], ["prod"]),
        (["/medplum/prod/port", "/medplum/staging/port", "/billing/prod/port"], ["prod", "staging"]),
        (["/acme/medplum/prod/baseUrl", "/acme/medplum/prod/port"], ["prod"]),
        (["/acme/medplum/prod/baseUrl"], []),
        (["/acme/prod/baseUrl", "/acme/prod/port"], []),
        (["/acme/prod/binaryStorage", "/acme/prod/baseUrl"], ["prod"]),
        (["/acme/prod/database.ssl.require", "/acme/prod/port"], ["prod"]),
        (["/acme/prod/binaryStorage", "/acme/prod/port", "/acme/prod/database/host"], ["prod"]),
        (["/medplum/prod/port", "/acme/medplum/prod/baseUrl", "/acme/medplum/prod/port"], ["medplum/prod", "acme/medplum/prod"]),
        (["/medplum/prod/port", "/Medplum/prod/baseUrl", "/medplum/PROD/x"], ["prod"]),
        (["/MEDPLUM/prod/port"], ["prod"]),
        (["medplum/prod/port"], ["prod"]),
        (["/medplum/port"], []),
        (["/medplum/prod/"], ["prod"]),
        (["/"], []),
        (["//"], []),
        (["/port", "/binaryStorage", "/baseUrl"], []),
    ],
)
def test_environments(parameters: list[str], expected: list[str]) -> None:
    text = json.dumps({"Parameters": [{"Name": name, "Value": "1"} for name in parameters]})
    files = [file for file in lint(text).result.files if file.status == "checked"]
    assert sorted(file.environment or "" for file in files) == sorted(expected)
    assert lint(text).bugs == ()


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (["/medplum/prod/port", "/medplum/supportEmail"], ["ignored-parameter 1"]),
        (["/medplum/prod/port", "/medplum/supportEmail", "/medplum/database.ssl.require"], ["ignored-parameter 1", "ignored-parameter 2"]),
        (["/medplum/prod/port", "/medplum/staging/port", "/medplum/port"], ["ignored-parameter 2"]),
        (["/medplum/prod/port", "/medplum/release", "/other/port", "/acme/prod/port", "/acme/prod/baseUrl"], []),
        (["/medplum/prod/port", "/medplum/baseUrl", "/medplum/supportEmail"], ["unusual-parameter-path 1"]),
        (["/medplum/baseUrl", "/medplum/supportEmail"], ["unusual-parameter-path 0"]),
        (["/acme/medplum/prod/baseUrl", "/acme/medplum/prod/port"], ["unusual-parameter-path 0"]),
        (["/${NAME}/prod/binaryStorage", "/${NAME}/prod/baseUrl"], []),
        (["/Medplum/prod/port", "/Medplum/prod/baseUrl"], ["ignored-parameter 0"]),
    ],
)
def test_parameters_outside_the_documented_path(parameters: list[str], expected: list[str]) -> None:
    text = "\n".join(json.dumps({"Name": name, "Value": "1"}) for name in parameters)
    rules = ("ignored-parameter", "unusual-parameter-path")
    found = [one for one in lint(text).result.findings if one.rule in rules]
    assert sorted(f"{one.rule} {one.document.position(one.span.start)[0] - 1}" for one in found) == expected


def test_nothing_else_is_recognised_as_a_dump() -> None:
    others = {
        "package.json": '{"name": "x", "version": "1", "dependencies": {}}',
        "tsconfig.json": '{"compilerOptions": {}}',
        "openapi.yaml": "paths:\n  /medplum/prod/port:\n    get: {}\n",
        "proxy.json": '{"/medplum/prod/api": {"target": "http://localhost"}}',
        "list.json": '["/usr/local/bin/x", "/usr/bin/y"]',
        "values.yaml": "ingress:\n  path: /medplum/prod/port\n",
        "parameters.yaml": "- [1, 2]\n",
        "parameters.json": "[]",
        "ssm.json": '{"Parameters": [1, null, {"Name": 1}, ["x"]]}',
    }
    for name, text in others.items():
        assert not [file for file in lint(text, name).result.files if file.kind == "server/ssm"], name


PATH_CASES = {
    "duplicate-parameter": [
        ([("port", "1"), ("port", "2")], ['duplicate-parameter "/medplum/prod/port" prod port']),
        ([("port", "1"), ("port", "1")], []),
    ],
    "ignored-parameter": [
        ([("port", "1"), ("/medplum/Prod/baseUrl", "x")], ['ignored-parameter "/medplum/prod/port" Prod -']),
        ([("/medplum/Prod/baseUrl", "x"), ("port", "1")], ['ignored-parameter "/medplum/prod/port" Prod -']),
        ([("port", "1"), ("logLevel", "x"), ("/medplum/Prod/baseUrl", "x")], ['ignored-parameter "/medplum/Prod/baseUrl" prod -']),
        ([("port", "1"), ("/medplum/Prod/database/baseUrl", "x")], ['ignored-parameter "/medplum/Prod/database/baseUrl" prod -']),
        ([("/Medplum/prod/port", "1"), ("/Medplum/prod/x", "1")], ['ignored-parameter "/Medplum/prod/port" prod -']),
    ],
    "refused-parameter": [
        ([("base url", "1")], ['refused-parameter "/medplum/prod/base url" prod base url']),
        (
            [("/medplum/prod/" + "a/" * 13 + "b", "1")],
            ["refused-parameter " + '"/medplum/prod/' + "a/" * 13 + 'b" prod ' + "a/" * 13 + "b"],
        ),
        ([("/medplum/prod/" + "a/" * 12 + "b", "1")], []),
        ([("medplum/prod/port", "1")], ['refused-parameter "medplum/prod/port" prod port']),
        ([("ü", "1")], ['refused-parameter "/medplum/prod/\\u00fc" prod ü']),
        ([("allowedOrigins", "x" * 4096)], []),
        ([("allowedOrigins", "x" * 4097)], ['refused-parameter "' + "x" * 4097 + '" prod allowedOrigins']),
        ([("database.ssl.ca", "x" * 4097)], []),
        ([("baseUrl", "https://{{ x }}/")], ['refused-parameter "https://{{ x }}/" prod baseUrl']),
        ([("logLevel", "")], ['refused-parameter "" prod logLevel']),
        ([("signingKey", "{{ x }}"), ("baseUrl", "{{"), ("x", '{"a": {"b": {}}}')], []),
    ],
    "overlapping-settings": [
        (
            [("redis", "{}"), ("redis.host", "x"), ("redis.port", "1")],
            ['overlapping-settings "/medplum/prod/redis.host" prod redis.host'],
        ),
        ([("redis.tls", "{}"), ("redis.host", "x")], []),
    ],
}


@pytest.mark.parametrize(("rule", "given", "expected"), [(rule, *case) for rule, cases in PATH_CASES.items() for case in cases])
def test_mistakes(rule: str, given: list[tuple[str, str]], expected: list[str]) -> None:
    named = [
        (name if "/medplum" in name.lower() or name.startswith("medplum/") else f"/medplum/prod/{name}", value) for name, value in given
    ]
    text = json.dumps([list(pair) for pair in named])
    assert found(text, rule) == expected


def test_a_value_that_aws_holds_fits() -> None:
    stored = {"Name": "/medplum/prod/allowedOrigins", "Type": "String", "Value": "x" * 5000, "ARN": "arn:aws:ssm:eu-west-1:1:parameter/x"}
    assert found(json.dumps({"Parameters": [stored]}), "refused-parameter") == []
    assert found(json.dumps({"Parameters": [stored | {"Tier": "Standard"}]}), "refused-parameter") != []
    assert found(json.dumps({"Parameters": [stored | {"Value": "x" * 8193}]}), "refused-parameter") != []


def test_names_that_aws_did_not_find() -> None:
    text = json.dumps({"Parameters": PARAMETERS, "InvalidParameters": ["/medplum/prod/signingKey", "/billing/x", "/medplum/b/port"]})
    assert found(text, "ignored-parameter") == [
        'ignored-parameter "/medplum/prod/signingKey" prod signingKey',
        'ignored-parameter "/medplum/b/port" b port',
    ]
    assert [document.data for document in load(text)] == [DATA, {}]


def test_a_list_is_separated_by_commas() -> None:
    text = json.dumps({"Parameters": [{"Name": "/medplum/prod/dataWarehouse.includeResourceTypes", "Value": "Patient, Observation"}]})
    assert one(text).data == {"dataWarehouse": {"includeResourceTypes": ["Patient", "Observation"]}}


def test_outputs_about_one_parameter_are_combined() -> None:
    name = "/medplum/prod/signingKey"
    described = {"Parameters": [{"Name": name, "Type": "String", "Tier": "Advanced"}]}
    for dumps in ([{"/medplum/prod/signingKey": "x"}, described], [described, {"/medplum/prod/signingKey": "x"}]):
        text = "\n".join(map(json.dumps, dumps))
        document = one(text)
        assert document.data == {"signingKey": "x"}
        assert document.origin.facts(("signingKey",)) == {
            "name": name,
            "type": "String",
            "tier": "Advanced",
            "raw": "x",
            "length": 1,
            "limit": 8192,
            "used": 100 / 8192,
        }
        assert text[slice(*document.locate(("signingKey",)))] == '"x"'
        assert text[slice(*document.locate(("signingKey",), "tier"))] == '"Advanced"'


def test_the_last_version_of_a_parameter_counts() -> None:
    versions = [{"Name": "/medplum/prod/port", "Value": str(number), "Version": number} for number in (1, 3, 2)]
    text = json.dumps({"Parameters": versions})
    assert one(text).data == {"port": 3}
    assert found(text, "duplicate-parameter") == []


def test_two_accounts_are_distinguished() -> None:
    regions = [
        {"Name": "/medplum/prod/port", "Value": "1", "ARN": f"arn:aws:ssm:{region}:1:parameter/medplum/prod/port", "Version": version}
        for version, region in enumerate(("eu-west-1", "us-east-1"))
    ]
    assert len(found(json.dumps({"Parameters": regions}), "duplicate-parameter")) == 1


def test_suppression_comments_in_yaml() -> None:
    text = "/medplum/prod/logLevel: VERBOSE # medplum-lint: ignore[unknown-value] ours\n/medplum/prod/acme: '# medplum-lint: ignore[x] y'\n"
    (finding,) = (finding for finding in lint(text, "dump.yaml").result.findings if finding.rule == "unknown-value")
    assert finding.suppressed == "ours"


# --- Bad input ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.quick_cases(15)
@pytest.mark.parametrize("cut", range(0, 300, 7))
def test_a_truncated_dump(cut: int) -> None:
    text = json.dumps({"Parameters": PARAMETERS}, indent=1)[:cut]
    for kind in (None, "server/ssm"):
        outcome = lint(text, kind=kind)
        assert outcome.bugs == ()
        assert not any(finding.rule.startswith("missing-") for finding in outcome.result.findings)
    as_yaml = yaml.safe_dump({"Parameters": PARAMETERS})[:cut]
    assert lint(as_yaml, "dump.yaml", "server/ssm").bugs == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a\n- b\n",
        "[]",
        "null",
        "a",
        "---\n---\n",
        "\x00\x01",
        "Parameters:",
        "Parameters: {a: b}",
        "Parameter: []",
        "? [a]\n: b",
        "{" * 500,
        "- " * 500,
    ],
)
def test_files_that_are_not_dumps(text: str) -> None:
    for name in ("dump.json", "dump.yaml", "<stdin>"):
        outcome = lint(text, name, "server/ssm")
        assert outcome.bugs == ()
        assert [file.status for file in outcome.result.files] == ["failed"] and outcome.exit_code == 2


def test_a_line_that_is_broken_hides_no_other() -> None:
    lines = [
        '{"Name": "/medplum/prod/port", "Value": "1"}',
        '{"Name": "/medplum/prod/x", "Value": "1',
        '{"Name": "/medplum/prod/logLevel", "Value": "X"}',
    ]
    text = "\n".join(lines)
    rules = [finding.rule for finding in lint(text, "dump.jsonl").result.findings]
    assert "invalid-json" in rules and "unknown-value" in rules


@pytest.mark.slow
@pytest.mark.parametrize("form", ["json", "lines", "yaml"])
def test_many_parameters_take_linear_time(form: str) -> None:
    count = 20_000  # 2 s here; quadratic time would be minutes
    parameters = [{"Name": f"/medplum/prod/redis.x{index}", "Value": "1"} for index in range(count)]
    if form == "yaml":
        text = yaml.dump(parameters, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper))
    else:
        text = json.dumps(parameters) if form == "json" else "\n".join(map(json.dumps, parameters))
    start = time.process_time()
    outcome = lint(text, "dump.yaml" if form == "yaml" else "dump.json")
    (document,) = outcome.result.documents
    assert len(document.data["redis"]) == count
    assert time.process_time() - start < 30


# --- Secrets ------------------------------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(
    ["signingKey", "database.password", "redis", "pasword", "smtp", "smtp.auth", "defaultOAuthClients", "x y", "redis/auth", "port.x"]
)
VALUES = st.sampled_from(
    [
        "{}",
        "-----BEGIN RSA PRIVATE KEY-----\n{}\nport: {}\n",
        "a: {}",
        '[{{"port": "{}"}}]',
        "{} ",
        "- {}",
        "# {}",
        "'{}'",
        '"{}',
        "{{{{{}}}}}",
        "AQIC{}",
        "{}\n",
    ]
).map(lambda value: value.format(*[SECRET] * 2))


@given(st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=5), st.integers(0, 2**32).map(random.Random))
def test_no_secret_is_printed(given: list[tuple[str, str]], chance: random.Random) -> None:
    parameters: list[Any] = [
        {
            "Name": f"/{chance.choice(['medplum', 'Medplum'])}/prod/{name}",
            "Type": chance.choice(["String", "SecureString", "StringList"]),
            "Value": value,
        }
        for name, value in given
    ]
    parameters.append({"Name": "/medplum/prod/baseUrl", "Type": "String", "Value": "https://example.com"})
    shape = chance.choice(
        [
            {"Parameters": parameters},
            {one["Name"]: one["Value"] for one in parameters},
            [[one["Name"], one["Value"]] for one in parameters],
            parameters,
        ]
    )
    texts = {
        "dump.json": json.dumps(shape, indent=chance.choice([None, 2])),
        "dump.jsonl": "\n".join(json.dumps(one) for one in parameters),
        "dump.yaml": yaml.safe_dump(shape, width=chance.choice([20, 10_000]), default_style=chance.choice([None, "'", '"', "|"])),
    }
    for name, text in texts.items():
        outcome = lint(text, name, "server/ssm")
        assert outcome.bugs == ()
        for format_name in names():
            stream = StringIO()
            reporter(format_name).report(outcome.result, stream, Style())
            assert SECRET not in stream.getvalue(), format_name


@given(
    st.lists(
        st.sampled_from(
            [
                "/medplum/prod/port",
                ": ",
                "- ",
                "\n",
                "Name: ",
                "Value",
                '"',
                "'",
                "{",
                "}",
                "[",
                "]",
                ",",
                "Parameters:\n",
                "*a",
                "&a ",
                "<<",
                "!x ",
                " ",
                "8103",
            ]
        )
    ).map("".join)
)
def test_no_text_crashes(text: str) -> None:
    for name in ("dump.json", "dump.yaml", "<stdin>"):
        for kind in (None, "server/ssm"):
            assert lint(text, name, kind).bugs == ()
