"""docs/cookbook.md: each recipe is a policy that proves itself, in an editor too, and does no harm beside the others."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml
from click.testing import CliRunner
from support.checkout import ROOT
from support.rules import run_examples

from linter.cli import cli
from linter.policy.grammar import rule_schema
from linter.policy.rule_set import all_rules
from linter.run import Options, lint_paths

PAGE = (ROOT / "docs" / "cookbook.md").read_text(encoding="utf-8")
RECIPES: dict[str, str] = dict(re.findall(r"<!-- policy: ([\w-]+) -->\n```yaml\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """A folder with all recipes."""
    folder = tmp_path / "policies"
    folder.mkdir()
    for name, text in RECIPES.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def test_there_are_twelve() -> None:
    assert len(RECIPES) == 12
    titles = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    assert re.findall(r"^- \[(.+)\]\(#", PAGE, re.MULTILINE) == titles
    assert len(titles[:-1]) == PAGE.count("```yaml") == 12 and titles[-1] == "Mutants"


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_proves_itself(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.yaml"
    path.write_text(RECIPES[name], encoding="utf-8")
    report = run_examples([path])
    assert (report.errors, report.failures) == ([], [])
    assert "bad" in RECIPES[name] and report.summary.endswith("of 1 rule: all passed.")


@pytest.mark.parametrize("name", RECIPES)
def test_an_editor_finds_nothing_wrong_in_a_recipe(name: str) -> None:
    data = yaml.safe_load(RECIPES[name].replace("development: off", 'development: "off"'))
    assert [error.message for error in jsonschema.Draft202012Validator(rule_schema()).iter_errors(data)] == []
    assert max(map(len, RECIPES[name].splitlines())) <= 150


def test_their_examples_notice_each_change(policies: Path) -> None:
    done = CliRunner().invoke(cli, ["test", "--mutate", str(policies)])
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "57 mutants of 12 rules")


def test_they_can_be_used_together(policies: Path) -> None:
    rules, errors = all_rules([policies])
    assert errors == []
    assert [rule.info.id for rule in rules if rule.info.category == "acme"] == sorted(f"acme/{name}" for name in RECIPES)


def test_a_configuration_that_is_only_found_can_have_them(policies: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None of them asks what a secret holds."""
    monkeypatch.chdir(policies.parent)
    Path(".medplum-lint.toml").write_text('rules = ["policies"]\nselect = ["acme"]\n')
    Path("medplum.prod.config.json").write_text(json.dumps({"awsRegion": "eu-west-1", "logLevel": "DEBUG", "database": {}, "redis": {}}))
    outcome = lint_paths(["medplum.prod.config.json"], Options())
    assert outcome.errors == ()
    assert sorted({finding.rule for finding in outcome.result.findings}) == [
        "acme/audit-events-in-production",
        "acme/file-holds-little",
        "acme/log-level-info",
        "acme/no-registration-in-prod",
        "acme/one-way-of-sending-mail",
        "acme/regions-of-our-contracts",
    ]
