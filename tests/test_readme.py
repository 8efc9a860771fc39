"""README.md says what is so. (What it shows of our output is made by tools/generate.py; tests/test_generated.py sees that it is fresh.)"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, get_args

import click
import pytest
import yaml
from support.checkout import ROOT
from support.readme import README, first_column, section

from linter import __version__
from linter.cli import cli
from linter.load import Input
from linter.model import LEVELS, TARGETS, Notice, NoticeKind
from linter.options.choose import Configurations
from linter.options.config import FAIL_ON_CHOICES
from linter.run import Options, lint_input

sys.path.insert(0, str(ROOT / "tools"))

import address  # noqa: E402
from readme import block, printed  # noqa: E402


def test_the_commands_come_first() -> None:
    assert README.index(block("install")) < README.index(block("test")) < README.index("\n## ")
    assert block("install").count("\n") == block("test").count("\n") == 1


def test_ci_runs_the_command_of_the_readme() -> None:
    assert '"$(python3 tools/readme.py test)"' in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_example_is_there() -> None:
    assert "examples/medplum.config.json" in block("install") and (ROOT / "examples" / "medplum.config.json").is_file()


def options(command: str) -> set[str]:
    [found] = [one for name, one in cli.commands.items() if name == command]
    return {name for option in found.params if isinstance(option, click.Option) for name in (*option.opts, *option.secondary_opts)}


def test_every_option_is_there() -> None:
    assert set(first_column("Options")) >= options("check")
    assert {word for word in first_column("Options") if word.startswith("-")} == options("check")


def test_every_command_is_there() -> None:
    options = section("Options")
    assert [name for name in cli.commands if not re.search(rf"`(medplum-lint )?\[?{name}\b", options)] == []


def test_the_configuration_is_read(tmp_path: Path) -> None:
    """Every key is in it, and each of them is known."""
    (tmp_path / ".medplum-lint.toml").write_text(block("configuration"), encoding="utf-8")
    config = Configurations().of(tmp_path)
    assert config.rules and config.exclude and config.per_file
    assert all(config.general) and config.general.severity and config.include and config.force_exclude and config.secret_names
    [override] = config.per_file.values()
    assert config.environments["staging"].server
    [acceptance] = config.accept
    assert all(acceptance) and config.baseline == tmp_path / "known-findings.jsonl"
    assert override.target and override.ignore
    for word in (*LEVELS, *TARGETS, *FAIL_ON_CHOICES, "off"):
        assert re.search(rf"\b{word}\b", block("configuration")), word


def test_the_configuration_names_rules_that_exist() -> None:
    files = list((ROOT / "rules").rglob("*.yaml"))
    listed = {path.stem for path in files}
    categories = {path.parent.name for path in files}
    text = block("configuration")
    named = {word for line in re.findall(r"^(?:select|extend-select|ignore) = (\[.*?\])", text, re.MULTILINE) for word in json.loads(line)}
    assert named & listed and named & categories and named <= listed | categories
    with_severity = set(re.findall(r"^([a-z-]+) = ", text.partition("[severity]")[2].partition("[per-file")[0], re.MULTILINE))
    assert with_severity & listed and with_severity & categories and with_severity <= listed | categories


def test_the_suppression_comment_is_heeded(tmp_path: Path) -> None:
    def found(text: str) -> dict[str, str | None]:
        outcome = lint_input(Input("server.env", text.encode(), tmp_path / "server.env"), Options(kind="server/env"))
        return {finding.rule: finding.suppressed for finding in outcome.result.findings}

    comment, variable = block("suppression").splitlines()
    rule = "missing-trailing-slash"
    assert found(variable)[rule] is None
    assert found(block("suppression"))[rule] == comment.partition("] ")[2]


# The JSON contract


@pytest.fixture(scope="module")
def report() -> Any:
    return json.loads(printed("medplum-lint --format json examples/ssm-dump.json examples/medplum.prod.config.json"))


def test_the_json_contract_is_whole(report: Any) -> None:
    keys = " ".join(first_column("JSON output"))
    keys = keys.replace(".kind .environment .holders", "findings[].kind findings[].environment findings[].holders")
    keys = keys.replace(".line .message", "notices[].line notices[].message")
    assert {word for word in keys.split() if "[]" not in word} == set(report)
    assert {word.partition("[].")[2] for word in keys.split() if word.startswith("notices[].")} == set(Notice._fields)
    assert set(re.findall(r"`([a-z-]+)`", re.findall(r"^\| `notices\[\].kind` \|(.*)$", README, re.MULTILINE)[0])) == set(
        get_args(NoticeKind)
    )
    for part in ("files", "deployments", "findings"):
        assert {word.partition("[].")[2] for word in keys.split() if word.startswith(f"{part}[].")} == set(report[part][0])
    assert keys_of("tool") == set(report["tool"])
    assert keys_of("summary") == set(report["summary"])
    assert keys_of("deployments[].documents") == set(report["deployments"][0]["documents"][0])
    assert keys_of("findings[].related") == {name for finding in report["findings"] for one in finding["related"] for name in one}


def keys_of(name: str) -> set[str]:
    """The words in code marks in what the row of a name says."""
    [row] = re.findall(rf"^\| `{re.escape(name)}` \|(.*)$", section("JSON output"), re.MULTILINE)
    return set(re.findall(r"`(\w+)`", row))


def test_every_status_is_explained() -> None:
    [row] = re.findall(r"^\| `files\[\].status` \|.*$", section("JSON output"), re.MULTILINE)
    assert set(re.findall(r"`(\w+)`:?;?", row.partition("|")[2].partition("|")[2])) == {"checked", "ignored", "failed"}


def test_exit_codes() -> None:
    assert re.findall(r"^\| (\d) \|", section("Exit codes"), re.MULTILINE) == ["0", "1", "2", "3"]


# What is there to copy


def test_the_hooks_exist() -> None:
    [repository] = yaml.safe_load(block("pre-commit"))["repos"]
    hooks = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
    assert {hook["id"] for hook in repository["hooks"]} < hooks == set(re.findall(r"`(medplum-lint-?[a-z]*)`", section("pre-commit")))


def test_the_action_has_the_inputs() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    inputs = section("GitHub code scanning").rpartition("Its inputs are")[2].partition(". ")[0]
    assert set(re.findall(r"`([a-z-]+)`", inputs)) == set(action["inputs"])


def test_the_workflow_is_safe_to_copy() -> None:
    """(zizmor, which CI runs on it, says more.)"""
    text = block("workflow")
    used = re.findall(r"uses: (\S+)@(\S+) # (v[\d.]+)$", text, re.MULTILINE)
    assert len(used) == text.count("uses:") and all(re.fullmatch("[0-9a-f]{40}", commit) for _, commit, _ in used)
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {}
    assert workflow["jobs"]["lint"]["permissions"] == {"contents": "read", "security-events": "write"}


def test_the_workflow_installs_nothing_but_the_action_at_a_commit() -> None:
    """The action has the hashes of its dependencies; a command of the workflow's own would have none."""
    [lint] = yaml.safe_load(block("workflow"))["jobs"].values()
    assert [sorted(step) for step in lint["steps"]] == [["uses", "with"], ["uses", "with"]]
    assert lint["steps"][1] == {"uses": f"{address.owner()}/medplum-lint@{'0' * 40}", "with": {"fail-on": "never"}}
    inputs = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
    assert set(lint["steps"][1]["with"]) <= set(inputs)


def test_nothing_else_installs_a_dependency_without_its_hash() -> None:
    """But for the two commands at the top, which are for a first look and for the tests."""
    rest = README.replace(block("install"), "").replace(block("test"), "")
    assert re.findall(r"pipx? install [^`\n]*", rest) == [
        "pip install --require-hashes --only-binary :all: -r requirements.txt",
        "pip install --no-deps --no-build-isolation .",
    ]


def test_what_is_copied_is_of_this_version() -> None:
    named = re.findall(r"(?:rev:|medplum-lint|@0{40} #) (v\d+\.\d+\.\d+)\b", README)
    assert len(named) == 3 and set(named) == {f"v{__version__}"}, "README.md: write the version of linter/__init__.py"


def test_one_version_of_each_action() -> None:
    files = [ROOT / "README.md", ROOT / "action.yml", *(ROOT / ".github" / "workflows").glob("*.yml"), *(ROOT / "recipes").iterdir()]
    used = {use for file in files for use in re.findall(r"uses: (\S+@\S+ # \S+)", file.read_text(encoding="utf-8"))}
    assert len(used) == len({use.partition("@")[0] for use in used})
