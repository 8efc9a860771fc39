"""README.md and the pages of ``docs/`` say what is so. (What they show of our output is made by tools/generate.py; tests/test_generated.py
sees that it is fresh.)"""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any, get_args

import click
import pytest
import yaml
from support.checkout import ROOT
from support.pages import first_column, section, text_of

from linter import __version__
from linter.cli import cli
from linter.documents.inputs import Input
from linter.model import LEVELS, TARGETS, Notice, NoticeKind
from linter.options.choose import Configurations
from linter.options.config import FAIL_ON_CHOICES
from linter.run import Options, lint_input

sys.path.insert(0, str(ROOT / "tools"))

import address  # noqa: E402
import precision  # noqa: E402
from blocks import block, pages, printed  # noqa: E402

README = text_of("README.md")


def test_the_commands_come_first() -> None:
    assert README.index(block("install")) < README.index(block("test")) < README.index("\n## ")
    assert block("install").count("\n") == block("test").count("\n") == 1


def test_the_site_has_the_same_commands() -> None:
    assert " && ".join(block("install in steps").splitlines()) == block("install").strip()


def test_ci_runs_the_command_of_the_readme() -> None:
    assert '"$(python3 tools/blocks.py test)"' in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_example_is_there() -> None:
    assert "examples/medplum.config.json" in block("install") and (ROOT / "examples" / "medplum.config.json").is_file()


def test_the_first_commands_work(tmp_path: Path) -> None:
    """On files of ours, under the names that the README uses."""
    (tmp_path / "deploy").mkdir()
    for name, example in {"deploy/medplum.prod.config.json": "medplum.prod.config.json", "dump.json": "ssm-dump.json"}.items():
        shutil.copy(ROOT / "examples" / example, tmp_path / name)
    shutil.copy(ROOT / "benchmarks" / "clean.json", tmp_path / "medplum.config.json")
    commands = [line.partition("  #")[0].strip() for line in block("first commands").splitlines()]
    assert [command.split()[1] for command in commands] == ["deploy", "--fix", "show", "upgrade", "accept"]
    for command in commands:
        printed(command, tmp_path)  # which fails for another exit code than 0 and 1
    assert "unserved-oauth-url" in (tmp_path / ".medplum-lint.toml").read_text(encoding="utf-8")


def test_the_numbers_are_those_of_the_fixtures() -> None:
    read = [case for case in precision.read_cases(precision.REAL) if case.read]
    broken = [case for case in read if any(verdict.level == "broken" for verdict in case.verdicts)]
    assert re.findall(r"\b(\d+) configurations .* (\d+) are broken", " ".join(README.split())) == [(str(len(read)), str(len(broken)))]
    goals = precision._GOALS
    [(missed, wrong)] = re.findall(
        r"misses more than (\d+)% of what is broken, or if more than (\d+)% of its errors", " ".join(README.split())
    )
    assert (100 - float(missed), 100 - float(wrong)) == (goals["broken is found"], goals["errors are right"])


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 160


def test_a_page_is_read_in_one_go() -> None:
    written = [*pages(), ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]
    long = {page.name: len(page.read_text(encoding="utf-8").split()) for page in written}
    assert {name: words for name, words in long.items() if words > 2_500 and name not in GENERATED} == {}


GENERATED = {"cli.md", "policy-words.md"}
"""Pages whose greater part is made of the code."""


def options(command: str) -> set[str]:
    [found] = [one for name, one in cli.commands.items() if name == command]
    return {name for option in found.params if isinstance(option, click.Option) for name in (*option.opts, *option.secondary_opts)}


def test_every_option_is_there() -> None:
    assert {word for word in first_column(text_of("options.md")) if word.startswith("-")} == options("check")


def test_every_command_is_there() -> None:
    assert {word.partition(" ")[0] for word in first_column(section("options.md", "Other commands"))} == set(cli.commands) - {"check"}


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


def test_the_suppression_comment_works(tmp_path: Path) -> None:
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
    report, _ = json.JSONDecoder().raw_decode(
        printed("medplum-lint --format json examples/ssm-dump.json examples/medplum.prod.config.json")
    )
    return report  # before the notes


def test_the_json_contract_is_whole(report: Any) -> None:
    keys = " ".join(first_column(section("json.md", "What the names mean")))
    keys = keys.replace(".kind .environment .holders", "findings[].kind findings[].environment findings[].holders")
    keys = keys.replace(".line .message", "notices[].line notices[].message")
    assert {word for word in keys.split() if "[]" not in word} == set(report)
    assert {word.partition("[].")[2] for word in keys.split() if word.startswith("notices[].")} == set(Notice._fields)
    assert set(re.findall(r"`([a-z-]+)`", re.findall(r"^\| `notices\[\].kind` \|(.*)$", text_of("json.md"), re.MULTILINE)[0])) == set(
        get_args(NoticeKind)
    )
    for part in ("files", "deployments", "findings"):
        assert {word.partition("[].")[2] for word in keys.split() if word.startswith(f"{part}[].")} == set(report[part][0])
    assert keys_of("tool") == set(report["tool"])
    assert keys_of("summary") == set(report["summary"])
    assert keys_of("deployments[].documents") == set(report["deployments"][0]["documents"][0])
    assert keys_of("findings[].related") == {name for finding in report["findings"] for one in finding["related"] for name in one}


@pytest.mark.parametrize(
    ("command", "members"),
    [
        ("show examples/medplum.prod.config.json", ["documents", "settings"]),
        ("diff examples/ssm-dump.json#prod examples/ssm-dump.json#staging", ["differences"]),
        ("rules", []),
    ],
)
def test_the_contracts_of_other_commands_are_whole(command: str, members: list[str]) -> None:
    """Every name that they have is in their row."""
    data = json.loads(re.sub(r"^medplum-lint: note: .*\n", "", printed(f"medplum-lint {command} --format json"), flags=re.MULTILINE))
    [row] = re.findall(rf"^\| `{command.split()[0]}` \|(.*)$", section("json.md", "Other commands"), re.MULTILINE)
    named = {"version", *re.findall(r"`(\w+)`", row)}
    for member in [*members, ""]:
        first = data[0] if isinstance(data, list) else data
        assert set(first) <= named
        data = first[member] if member else None


def keys_of(name: str) -> set[str]:
    """The words in code marks in what the row of a name says."""
    [row] = re.findall(rf"^\| `{re.escape(name)}` \|(.*)$", text_of("json.md"), re.MULTILINE)
    return set(re.findall(r"`(\w+)`", row))


def test_every_status_is_explained() -> None:
    [row] = re.findall(r"^\| `files\[\].status` \|.*$", text_of("json.md"), re.MULTILINE)
    assert set(re.findall(r"`(\w+)`:?;?", row.partition("|")[2].partition("|")[2])) == {"checked", "ignored", "failed"}


def test_exit_codes() -> None:
    assert re.findall(r"^\| (\d) \|", text_of("exit-codes.md"), re.MULTILINE) == ["0", "1", "2", "3"]


# What is there to copy


def test_the_hooks_exist() -> None:
    [repository] = yaml.safe_load(block("pre-commit"))["repos"]
    hooks = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
    assert (
        {hook["id"] for hook in repository["hooks"]}
        < hooks
        == set(re.findall(r"`(medplum-lint-?[a-z]*)`", section("pipelines.md", "pre-commit")))
    )


def test_the_action_has_the_inputs() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    table = section("pipelines.md", "GitHub Actions").partition("\n| input | ")[2].partition("\n\n")[0]
    assert set(first_column(table)) == set(action["inputs"])


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
    uses = address.filled_in(f"uses: {address.owner()}/medplum-lint@{'0' * 40}").removeprefix("uses: ")
    assert lint["steps"][1] == {"uses": uses, "with": {"fail-on": "never"}}
    inputs = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
    assert set(lint["steps"][1]["with"]) <= set(inputs)


def test_the_short_workflow_does_what_the_whole_one_does() -> None:
    [short], [whole] = (yaml.safe_load(block(name))["jobs"].values() for name in ("short workflow", "workflow"))
    assert [step["uses"] for step in short["steps"]] == [step["uses"] for step in whole["steps"]]
    assert (short["permissions"], short["runs-on"]) == (whole["permissions"], whole["runs-on"])


def test_nothing_else_installs_a_dependency_without_its_hash() -> None:
    """But for the two commands at the top, for a first look and for the tests, and the other ways to install it, also for editors."""
    rest = (
        "".join(page.read_text(encoding="utf-8") for page in pages())
        .replace(block("install"), "")
        .replace(block("install in steps"), "")
        .replace(block("test"), "")
        .replace(block("install for editors"), "")
        .replace(section("get-started.md", "Other ways to install it"), "")
    )
    assert re.findall(r"pipx? install (?!--quiet)[^`\n]*", rest) == [
        "pip install --require-hashes --only-binary :all: -r requirements.txt",
        "pip install --no-deps --no-build-isolation .",
    ]


def test_what_is_copied_is_of_this_version() -> None:
    for page in pages():
        named = re.findall(r"(?:rev:|medplum-lint|@0{40} #) (v\d+\.\d+\.\d+)\b", page.read_text(encoding="utf-8"))
        assert set(named) <= {f"v{__version__}"}, f"{page.name}: write the version of linter/__init__.py"
    assert len(re.findall(rf"v{re.escape(__version__)}\b", README)) == 2


def test_one_version_of_each_action() -> None:
    files = [*pages(), ROOT / "action.yml", *(ROOT / ".github" / "workflows").glob("*.yml"), *(ROOT / "recipes").iterdir()]
    used = {use for file in files for use in re.findall(r"uses: (\S+@\S+ # \S+)", file.read_text(encoding="utf-8"))}
    assert len(used) == len({use.partition("@")[0] for use in used})
