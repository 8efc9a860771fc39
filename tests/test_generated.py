"""Files that are made from others are fresh, and say what is so: schema, documentation, the page about policies."""

from __future__ import annotations

import copy
import json
import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from support.checkout import ROOT, run

from linter.commands.test import run_examples
from linter.options.config import Overrides
from linter.policy import node, rule_set, tree
from linter.policy.grammar import rule_schema
from linter.policy.rule_file import read_rule_file
from linter.run import Options, lint_paths
from linter.settings import KINDS, catalogue
from linter.settings.json_schema import config_schema, schema_text

sys.path.insert(0, str(ROOT / "tools"))

import address  # noqa: E402
import blocks  # noqa: E402
import generate  # noqa: E402
import settings_docs  # noqa: E402

CLEAN: dict[str, Any] = json.loads((ROOT / "benchmarks" / "clean.json").read_text(encoding="utf-8"))


def test_they_are_fresh() -> None:
    assert run(sys.executable, ROOT / "tools" / "generate.py", "--check", cwd=ROOT, status=None).stdout == ""


@pytest.mark.parametrize(
    ("page", "build"),
    [
        ("docs/settings/README.md", settings_docs.index),
        ("docs/settings/storage.md", partial(settings_docs.page, "storage")),
        ("docs/cli.md", partial(generate.page, ROOT / "docs" / "cli.md")),
        ("schemas/medplum-server-config.schema.json", schema_text),
    ],
)
def test_a_page_is_fresh(page: str, build: Callable[[], str]) -> None:
    assert (ROOT / page).read_text(encoding="utf-8") == address.filled_in(build())


def test_the_first_output_of_the_readme_is_fresh() -> None:
    beginning = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## ")[0]
    assert blocks.filled(beginning) == beginning


# The schema of the server's config


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(config_schema())


def wrong(validator: jsonschema.Draft202012Validator, config: Any) -> list[str]:
    """Where a config is not as the schema says."""
    return sorted(".".join(map(str, error.absolute_path)) for error in validator.iter_errors(config))


def changed(path: str, value: Any) -> Any:
    """The clean config with one setting changed."""
    config = copy.deepcopy(CLEAN)
    *holders, last = path.split(".")
    here = config
    for step in holders:
        here = here[int(step)] if isinstance(here, list) else here.setdefault(step, {})
    here[last] = value
    return config


def test_the_schema_is_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(config_schema())
    assert json.loads(schema_text()) == config_schema()


def test_the_schema_accepts_clean_configs(validator: jsonschema.Draft202012Validator) -> None:
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
    ],
)
def test_the_schema_accepts(validator: jsonschema.Draft202012Validator, path: str, value: Any) -> None:
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
        ("baseURL", "http://localhost:8103/", ""),
    ],
)
def test_the_schema_refuses(validator: jsonschema.Draft202012Validator, path: str, value: Any, where: str) -> None:
    assert wrong(validator, changed(path, value)) == [where]


def test_the_schema_has_every_setting_of_a_json_file() -> None:
    known = catalogue("server")
    for name in known.names():
        setting = known.get(tuple(name.split(".")))
        assert setting is not None
        expected = setting.status != "obsolete" and "json" in setting.readable_from
        found = schema_of(name)
        assert (found is not None) is expected, name
        if found is not None:
            assert found["title"] == name and setting.meaning in found["description"]
            assert found.get("deprecated", False) is (setting.deprecated or setting.removed)


def schema_of(name: str) -> Any:
    here: Any = config_schema()
    for step in name.split("."):
        here = here.get("items", here.get("additionalProperties")) if step == "*" else here.get("properties", {}).get(step)
        if here is None:
            return None
    return here


# No secret default anywhere


def test_the_default_of_a_secret_is_nowhere() -> None:
    secrets = [
        str(setting.real_default)
        for kind in KINDS
        for setting in (catalogue(kind).get(tuple(name.split("."))) for name in catalogue(kind).names())
        if setting is not None and setting.secret and setting.real_default is not None and "object" not in setting.types
    ]
    assert secrets
    for path in (ROOT / "schemas" / "medplum-server-config.schema.json", ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
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
    bad = rule_schema()["$defs"]["badExample"]["properties"]
    assert first_column("Examples are tests") == set(bad)


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


def test_the_slip_is_reported_as_the_page_says(tmp_path: Path) -> None:
    path = tmp_path / "support-email-domain.yaml"
    path.write_text(policy().replace("ends_with", "end_with"), encoding="utf-8")
    [error] = read_rule_file(path).errors
    assert error.replace(str(tmp_path), "policies") in PAGE
