"""Files that are made from others are fresh, and say what is so: schema, documentation, the page about policies."""

from __future__ import annotations

import copy
import json
import re
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from support.checkout import ROOT
from support.helpers import within
from support.rules import run_examples

from linter.cli import cli
from linter.options.config import Overrides
from linter.policy import node, rule_set, tree
from linter.policy.grammar import rule_schema
from linter.policy.rule_file import read_rule_file
from linter.run import Options, lint_paths
from linter.settings import KINDS, catalogue
from linter.settings.json_schema import config_schema, schema_text
from linter.sources import infra_json, server_json

sys.path.insert(0, str(ROOT / "tools"))

import address  # noqa: E402
import blocks  # noqa: E402
import generate  # noqa: E402
import schemastore  # noqa: E402

CLEAN: dict[str, Any] = json.loads((ROOT / "benchmarks" / "clean.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", generate.FILES)
def test_it_is_fresh(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == address.filled_in(generate.FILES[name]())


@pytest.mark.parametrize("path", list(address.pages()), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_it_has_the_address(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text == address.filled_in(text)


def test_the_first_output_of_the_readme_is_fresh() -> None:
    beginning = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## ")[0]
    assert blocks.filled(beginning) == beginning


# The schemas of the server's and the infra config


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(config_schema())


def wrong(validator: jsonschema.Draft7Validator, config: Any) -> list[str]:
    """Where a config is not as the schema says."""
    return sorted(".".join(map(str, one.absolute_path)) for error in validator.iter_errors(config) for one in within(error))


def changed(path: str, value: Any) -> Any:
    """The clean config with one setting changed."""
    config = copy.deepcopy(CLEAN)
    *holders, last = path.split(".")
    here = config
    for step in holders:
        here = here[int(step)] if isinstance(here, list) else here.setdefault(step, {})
    here[last] = value
    return config


@pytest.mark.parametrize("kind", ["server", "infra"])
def test_the_schema_is_valid(kind: str) -> None:
    schema = config_schema(kind)
    jsonschema.Draft7Validator.check_schema(schema)
    assert json.loads(schema_text(kind)) == schema and schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert words_of(schema) <= DRAFT_07, "editors read draft-07, and SchemaStore refuses other words"


DRAFT_07 = frozenset(
    "$id $ref $schema additionalProperties anyOf default definitions description enum items maximum minimum pattern patternProperties "
    "properties required title type writeOnly".split()
)
"""The words that the schemas use, all of draft-07."""


def words_of(schema: Any) -> set[str]:
    """Every word that a schema uses. A type is one word, for ajv refuses lists of types in its strict mode."""
    if not isinstance(schema, dict):
        return set()
    assert isinstance(schema.get("type", ""), str)
    named = [one for word in ("properties", "patternProperties", "definitions") for one in schema.get(word, {}).values()]
    inner = [*named, *schema.get("anyOf", ()), schema.get("items"), schema.get("additionalProperties")]
    return set(schema).union(*map(words_of, inner))


def test_the_schema_accepts_clean_configs(validator: jsonschema.Draft7Validator) -> None:
    assert wrong(validator, CLEAN) == []
    assert wrong(validator, {"$schema": "./medplum.schema.json", "_comment": ["local"], "port": 8103}) == []
    assert wrong(validator, {}) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("logLevel", "info"),
        ("redis.connectTimeout", 1000),
        ("redis.tls", {"servername": "redis.clinic.example"}),
        ("bullmq.removeOnComplete", True),
        ("bullmq.removeOnComplete", {"count": 0, "age": 60}),
        ("defaultRateLimit", -1),
        ("workers.enabled", ["cron"]),
        ("_comment", "local"),
        ("database.runMigrations", False),
        ("baseUrl", "http://localhost:8103/"),
        ("baseUrl", "https://${DOMAIN}"),
        ("supportEmail", '"Example" <support@clinic.example>'),
        ("supportEmail", "YOUR_ADDRESS"),
        ("binaryStorage", "file:./binary/"),
        ("maxJsonSize", "1.5MB"),
        ("allowedOrigins", "https://a.clinic.example, http://localhost:3000"),
        ("database.host", "/cloudsql/clinic:europe-west3:medplum"),
        ("dataWarehouse.cron", "at night"),  # a warning
    ],
)
def test_the_schema_accepts(validator: jsonschema.Draft7Validator, path: str, value: Any) -> None:
    assert wrong(validator, changed(path, value)) == []


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("maxSearchOffset", "10000", "maxSearchOffset"),
        ("port", 0, "port"),
        ("port", 65536, "port"),
        ("baseUrl", None, "baseUrl"),
        ("logLevel", "verbose", "logLevel"),
        ("allowedOrigins", ["*"], "allowedOrigins"),
        ("registerEnabled", "true", "registerEnabled"),
        ("defaultRateLimit", 0, "defaultRateLimit"),
        ("defaultRateLimit", "60000/minute", "defaultRateLimit"),
        ("database", "postgres://", "database"),
        ("database.hosst", "localhost", "database"),
        ("database.ssl.require", "false", "database.ssl.require"),
        ("externalAuthProviders.0.issuer", 1, "externalAuthProviders.0.issuer"),
        ("defaultProjectFeatures", "bots", "defaultProjectFeatures"),
        ("DatabaseSecrets", "clinic/database", ""),
        ("adminPassword", "x", ""),
        ("baseUrl", "https://api.clinic.example", "baseUrl"),
        ("issuer", "clinic.example", "issuer"),
        ("binaryStorage", "s3://clinic-storage", "binaryStorage"),
        ("supportEmail", "support at clinic.example", "supportEmail"),
        ("maxJsonSize", "50 megabytes", "maxJsonSize"),
        ("awsRegion", "eu-west-1a", "awsRegion"),
        ("botLambdaRoleArn", "bot-role", "botLambdaRoleArn"),
        ("signingKey", r"-----BEGIN PRIVATE KEY-----\nMII", "signingKey"),
        ("database.ssl.ca", "rds.pem", "database.ssl.ca"),
        ("redis.host", "cache:6379", "redis.host"),
        ("allowedOrigins", "https://app.clinic.example/", "allowedOrigins"),
        ("baseURL", "http://localhost:8103/", ""),
    ],
)
def test_the_schema_refuses(validator: jsonschema.Draft7Validator, path: str, value: Any, where: str) -> None:
    assert wrong(validator, changed(path, value)) == [where]


SECRET = {"system": "aws_ssm_parameter_store", "key": "/medplum/prod/x", "type": "string"}


@pytest.mark.parametrize(
    "part",
    [
        {"_comment": "of ours", "maxAzs": "2", "serverCpu": "512", "vpcId": ""},
        {"accountNumber": SECRET, "apiPort": SECRET, "skipDns": SECRET, "workers": {"enabled": [SECRET]}},
        {"rdsClusterParameters": {"statement_timeout": "60000"}, "environment": {"A": SECRET}},
        {"rdsSecretsArn": "clinic/database", "domainName": "anything", "hostedZoneName": "clinic.example"},
    ],
)
def test_the_schema_of_the_infra_config_accepts(part: dict[str, Any]) -> None:
    example = json.loads((ROOT / "tests" / "fixtures" / "clean-production-infra" / "input.json").read_text(encoding="utf-8"))
    assert wrong(jsonschema.Draft7Validator(config_schema("infra")), {**example, **part}) == []


@pytest.mark.parametrize(
    ("part", "where"),
    [
        ({"region": SECRET}, "region"),
        ({"fargateAutoScaling": SECRET}, "fargateAutoScaling"),
        ({"accountNumber": 123456789012}, "accountNumber"),
        ({"accountNumber": {**SECRET, "system": "vault"}}, "accountNumber.system"),
        ({"vpcId": "vpc-1"}, "vpcId"),
        ({"rdsInstances": "two"}, "rdsInstances"),
        ({"serverMemory": 256}, "serverMemory"),
        ({"apiDomainName": "https://api.clinic.example"}, "apiDomainName"),
        ({"bots": []}, ""),
        ({"rdsInstanceParameters": {}}, ""),
    ],
)
def test_the_schema_of_the_infra_config_refuses(part: dict[str, Any], where: str) -> None:
    assert wrong(jsonschema.Draft7Validator(config_schema("infra")), part) == [where]


@pytest.mark.parametrize("kind", ["server", "infra"])
def test_the_schema_has_every_setting_of_a_json_file(kind: str) -> None:
    known = catalogue(kind)
    for name in known.names():
        setting = known.get(tuple(name.split(".")))
        assert setting is not None
        expected = setting.status != "obsolete" and (kind == "infra" or "json" in setting.readable_from)
        found = schema_of(name, kind)
        assert (found is not None) is expected, name
        if found is not None:
            assert found["title"] == name and setting.meaning in found["description"]
            assert not setting.deprecated or f"Deprecated: use {setting.use} instead." in found["description"]
            assert not setting.removed or "Current servers ignore it." in found["description"]


def schema_of(name: str, kind: str) -> Any:
    here: Any = config_schema(kind)
    for step in name.split("."):
        here = next((one for one in here.get("anyOf", ()) if one.get("type") in ("object", "array")), here)
        here = here.get("items", here.get("additionalProperties")) if step == "*" else here.get("properties", {}).get(step)
        if here is None:
            return None
    return here


# The entries for SchemaStore


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("medplum.config.json", "server"),
        ("packages/server/medplum.config.json", "server"),
        ("medplum.prod.server.json", "server"),
        ("deploy/medplum.prod.config.server.json", "server"),
        ("medplum.prod.config.json", "infra"),
        ("deploy/medplum.staging.config.json", "infra"),
        ("config.json", None),
        ("my.config.json", None),
        ("medplum.json", None),
        (".medplum-lint.toml", None),
    ],
)
def test_a_name_is_that_of_one_kind(name: str, kind: str | None) -> None:
    found = [one for one, globs in schemastore.FILES.items() if any(fnmatchcase(name.rpartition("/")[2], glob) for glob in globs)]
    assert found == ([kind] if kind is not None else [])
    if kind is not None:
        source = {"server": server_json, "infra": infra_json}[kind]
        assert any(fnmatchcase(name.rpartition("/")[2], glob) for glob in source.NAMES), "a search finds it too"


def test_the_page_has_the_names() -> None:
    page = (ROOT / "docs" / "get-started.md").read_text(encoding="utf-8")
    for globs in schemastore.FILES.values():
        assert f'"fileMatch": {json.dumps(globs)}' in page


def test_the_entries_are_as_schemastore_wants_them() -> None:
    for entry in schemastore.entries():
        assert set(entry) == {"name", "description", "fileMatch", "url"}
        assert "schema" not in f"{entry['name']} {entry['description']}".lower()
        assert (ROOT / "schemas" / entry["url"].rpartition("/")[2]).is_file()


# No secret default anywhere


def test_the_default_of_a_secret_is_nowhere() -> None:
    secrets = [
        str(setting.real_default)
        for kind in KINDS
        for setting in (catalogue(kind).get(tuple(name.split("."))) for name in catalogue(kind).names())
        if setting is not None and setting.secret and setting.real_default is not None and "object" not in setting.types
    ]
    assert secrets
    for path in (*(ROOT / "schemas").iterdir(), ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        assert not [secret for secret in secrets if secret in text], path


# The clean config, on which the benchmark and the hooks' tests stand


def test_the_clean_config_is_clean() -> None:
    outcome = lint_paths([str(ROOT / "benchmarks" / "clean.json")], Options(Overrides(fail_on="note")))
    assert [(finding.rule, finding.path) for finding in outcome.result.findings] == []
    assert [file.status for file in outcome.result.files] == ["checked"]


# The pages about policies

PAGE = "".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("your-policies.md", "policies.md"))


def section(title: str) -> str:
    """The text beneath a heading."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def first_column(title: str) -> set[str]:
    """The words in code marks of the first column of a section's table, without what follows a colon."""
    cells = re.findall(r"^\| (`.*?) \|", section(title), re.MULTILINE)
    return {word.partition(":")[0] for cell in cells for word in re.findall(r"`([^`]+)`", cell)}


def test_the_page_has_every_key() -> None:
    assert first_column("Keys") == set(rule_schema()["properties"]) - {"found_by"}


def test_the_page_has_every_fact() -> None:
    facts = set(re.findall(r"`(?:\$@)?(\w+)`", section("Paths")))
    assert {*node.FACTS_OF_A_SETTING, *node.FACTS_OF_A_DOCUMENT} <= facts


def test_the_page_has_every_key_of_an_example() -> None:
    good, bad = (rule_schema()["$defs"][f"{verdict}Example"]["properties"] for verdict in ("good", "bad"))
    assert first_column("Examples are tests") == {*good, *bad}


def test_the_page_has_the_limits() -> None:
    limits = section("Limits")
    assert f"{tree.DEEPEST} levels" in limits and f"{tree.MOST_CLAUSES} clauses" in limits
    assert f"{rule_set.MOST_ENTRIES:,} files and folders" in limits


def policy(name: str = "support-email-domain") -> str:
    found = re.search(rf"<!-- policy: {name} -->\n```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("name", ["support-email-domain", "audit-events"])
def test_the_policies_prove_themselves(name: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.yaml").write_text(policy(name), encoding="utf-8")
    report = run_examples([tmp_path])
    assert (report.errors, report.failures) == ([], [])


def test_a_failing_example_is_reported_as_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("policies").mkdir()
    Path("policies/support-email-domain.yaml").write_text(policy().replace("help@acme", "help@other", 1), encoding="utf-8")
    [failure] = run_examples([Path("policies")]).failures
    assert f"<!-- failing example -->\n```text\n{failure}\n```\n" in PAGE


def test_the_surviving_mutant_is_reported_as_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("policies").mkdir()
    Path("policies/support-email-domain.yaml").write_text(policy(), encoding="utf-8")
    lines = CliRunner().invoke(cli, ["test", "--mutate", "policies"]).output.splitlines()
    page = (ROOT / "docs" / "cookbook.md").read_text(encoding="utf-8")
    assert any(f"<!-- surviving mutant -->\n```text\n{line}\n```\n" in page for line in lines)


def test_the_slip_is_reported_as_the_page_says(tmp_path: Path) -> None:
    path = tmp_path / "support-email-domain.yaml"
    path.write_text(policy().replace("ends_with", "end_with"), encoding="utf-8")
    [error] = read_rule_file(path).errors
    assert error.replace(str(tmp_path), "policies") in PAGE
