"""The tree of the rule language: an operator that is added in one file is known to everything that walks the tree."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.checkout import ROOT
from support.helpers import bare, rule, verdict
from support.rules import built_in_files

from linter.commands.explain import asked_clauses, trace
from linter.model import ABSENT
from linter.policy.errors import RuleError
from linter.policy.paths import DEEP, parse_path
from linter.policy.tree import DEEPEST, parse_assertion, parse_clauses, parse_condition, references, walk

INVENTED = '''\
"""Operators that no rule uses."""

from ..template import operand_of
from ..verdict import Failure
from . import ASSERTION, MEMBERS, TEXT, always, never, operator


@operator("longer_than", schema=TEXT, operand='"${path}"', says="is a text that is longer than another one")
def longer_than(operand):
    other = operand_of(operand).value

    def check(value, node):
        return None if not isinstance(other(node), str) else len(value) > len(other(node)) or (Failure("is too short"),)

    return check


@operator("seldom", schema=ASSERTION, operand="assertion", says="satisfies it on some days", checks_unknown=always, asks_value=never)
def seldom(inner):
    return inner[0].check


@operator("some_key", schema=MEMBERS, operand="{name: assertion}", says="is an object of which a member satisfies this", asks_value=never)
def some_key(inner):
    def check(value, node):
        answers = [one.check(node.child(one.member).value, node.child(one.member)) for one in inner]
        return True if True in answers else None if None in answers else (Failure("has no such member"),)

    return check


@operator("mentioned", schema={"type": "boolean"}, operand="true", says="stands there at all", checks_unknown=always, asks_value=never)
def mentioned(operand):
    return lambda value, node: True
'''


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with one more file of operators, beside the rules and schemas that it needs."""
    folder = tmp_path_factory.mktemp("invented")
    for name in ("linter", "rules", "schemas"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "setup.cfg", folder)  # a checkout, in which what is edited counts
    (folder / "linter" / "policy" / "operators" / "invented.py").write_text(INVENTED, encoding="utf-8")
    return folder


def run(package: Path, folder: Path, *arguments: str) -> tuple[int, str]:
    """The exit code, and standard output and error, of a command line in a folder."""
    environment = {"PYTHONPATH": str(package), "PATH": os.defpath}
    done = subprocess.run(
        [sys.executable, "-m", "linter", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    return done.returncode, done.stdout


def write_policy(folder: Path, must: Any, good: Any, bad: Any, finds: list[str]) -> None:
    """Write a policy of a configuration that is found, and the file that it is about."""
    policy = {
        "id": "acme/made-up",
        "title": "Made up",
        "severity": "error",
        "for": "server",
        "must": must,
        "message": "${@path} ${@reason}",
        "docs": "Made up.",
        "examples": {"good": [{"data": good}], "bad": [{"data": bad, "finds": finds}]},
    }
    (folder / "policies").mkdir()
    (folder / "policies" / "made-up.yaml").write_text(yaml.safe_dump(policy, sort_keys=False), encoding="utf-8")
    (folder / "medplum.config.json").write_text(json.dumps(bad), encoding="utf-8")


PUBLIC = {"appBaseUrl": "https://app.hospital.example/", "baseUrl": "https://x.example/"}
LONG = {"appBaseUrl": "https://app.hospital.example/", "baseUrl": "https://api.staging.hospital.example/"}
WORKS: dict[str, tuple[Any, Any, Any, list[str], str]] = {
    "a template": ({"baseUrl": {"longer_than": "${appBaseUrl}"}}, LONG, PUBLIC, ["baseUrl"], "baseUrl is too short"),
    "an assertion": ({"baseUrl": {"seldom": {"longer_than": "${appBaseUrl}"}}}, LONG, PUBLIC, ["baseUrl"], "baseUrl is too short"),
    "its negation": ({"baseUrl": {"not": {"seldom": {"equals": "https://x.example/"}}}}, LONG, PUBLIC, ["baseUrl"], "must not be as it is"),
    "members": (
        {"redis": {"some_key": {"host": {"longer_than": "${baseUrl}"}, "port": {"max": 5}}}},
        {"baseUrl": "h", "redis": {"host": "cache", "port": 6379}},
        {"baseUrl": "https://x.example/", "redis": {"host": "cache", "port": 6379}},
        ["redis"],
        "redis has no such member",
    ),
}


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("name", WORKS)
def test_what_an_invented_operator_finds(name: str, invented: Path, tmp_path: Path) -> None:
    must, good, bad, finds, message = WORKS[name]
    write_policy(tmp_path, must, good, bad, finds)
    assert run(invented, tmp_path, "test", "policies") == (0, "2 examples of 1 rule: all passed.\n")
    code, output = run(invented, tmp_path, "--rules", "policies", "--select", "acme/made-up", "--format", "concise", "medplum.config.json")
    assert (code, message in output) == (1, True), output
    code, output = run(invented, tmp_path, "explain", "acme/made-up", "medplum.config.json", "--rules", "policies")
    ((setting, assertion),) = must.items()
    ((operator, _),) = assertion.items()
    assert code == 0 and f"{setting}: {{{operator}: " in output and message.split(" ", 1)[1] in output, output


REFUSED: dict[str, tuple[Any, str]] = {
    "its name, misspelt": (
        {"baseUrl": {"longer_then": "${appBaseUrl}"}},
        'there is no operator "longer_then"; did you mean "longer_than"?',
    ),
    "its operand": ({"baseUrl": {"longer_than": 5}}, "longer_than must be text: put it in quotes"),
    "a setting in its template": (
        {"baseUrl": {"longer_than": "${appBaseUr}"}},
        'there is no setting "appBaseUr"; did you mean "appBaseUrl"?',
    ),
    "an operator in its assertion": ({"baseUrl": {"seldom": {"equls": 1}}}, 'there is no operator "equls"; did you mean "equals"?'),
    "a setting in its assertion": (
        {"baseUrl": {"seldom": {"longer_than": "${appBaseUr}"}}},
        'there is no setting "appBaseUr"; did you mean "appBaseUrl"?',
    ),
    "one of its members": ({"smtp": {"some_key": {"hots": "present"}}}, 'there is no setting "smtp.hots"; did you mean "smtp.host"?'),
    "a secret": ({"signingKey": {"longer_than": "${baseUrl}"}}, '"signingKey" asks what signingKey holds, which is secret'),
    "a secret in its template": (
        {"baseUrl": {"longer_than": "${signingKey}"}},
        '"${signingKey}" asks what signingKey holds, which is secret',
    ),
    "a secret in its assertion": ({"signingKey": {"seldom": {"equals": "x"}}}, '"signingKey" asks what signingKey holds, which is secret'),
    "a secret among its members": (
        {"redis": {"some_key": {"password": {"equals": "x"}}}},
        '"redis.password" asks what redis.password holds, which is secret',
    ),
}


@pytest.mark.quick_cases(5)
@pytest.mark.parametrize("name", REFUSED)
def test_what_a_found_policy_may_not_say_with_an_invented_operator(name: str, invented: Path, tmp_path: Path) -> None:
    must, sentence = REFUSED[name]
    write_policy(tmp_path, must, LONG, PUBLIC, ["baseUrl"])
    (tmp_path / ".medplum-lint.toml").write_text('rules = ["policies"]\n', encoding="utf-8")
    code, output = run(invented, tmp_path, "medplum.config.json")
    assert (code, "Traceback" in output) == (2, False)
    assert sentence in output and "made-up.yaml:" in output, output


def test_a_found_policy_may_ask_harmless_questions(invented: Path, tmp_path: Path) -> None:
    write_policy(tmp_path, {"signingKey": {"mentioned": True}, "baseUrl": "absent"}, {"port": 8103}, PUBLIC, ["baseUrl"])
    (tmp_path / ".medplum-lint.toml").write_text('rules = ["policies"]\n', encoding="utf-8")
    code, output = run(invented, tmp_path, "--select", "acme/made-up", "--format", "concise", "medplum.config.json")
    assert (code, "baseUrl must not be set" in output) == (1, True), output


def test_the_schema_and_the_documentation_have_an_invented_operator(invented: Path, tmp_path: Path) -> None:
    code, output = run(invented, tmp_path, "schema", "rule")
    assert code == 0
    assert json.loads(output)["$defs"]["operators"]["properties"]["seldom"] == {"$ref": "#/$defs/assertion"}
    shutil.copy(ROOT / "tools" / "policy_docs.py", tmp_path)
    script = "import policy_docs; print(policy_docs.TABLES['operators']())"
    environment = {"PYTHONPATH": f"{invented}{os.pathsep}{tmp_path}", "PATH": os.defpath}
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=True)
    assert "| `some_key: {name: assertion}` | is an object of which a member satisfies this |" in done.stdout


# --- The tree itself ------------------------------------------------------------------------------------------------------------------


def test_places_and_paths_of_a_walk() -> None:
    assertion = {"if": {"type": "object"}, "then": {"keys": {"host": {"not": [{"equals": "${port}"}, "absent"]}}}}
    (clause,) = parse_clauses({"redis": assertion}, ("must",))
    found = [(asked.text, asked.part.name, asked.part.place) for asked in walk(clause)]
    then = ("must", "redis", "then", "keys")
    assert found == [
        ("redis", "if", ("must", "redis", "if")),
        ("redis", "type", ("must", "redis", "if", "type")),
        ("redis", "keys", then),
        ("redis.host", "not", (*then, "host", "not")),
        ("redis.host", "equals", (*then, "host", "not", 0, "equals")),
        ("redis.host", "present", (*then, "host", "not", 1, "present")),
    ]
    named = [(template.text, place) for asked in walk(clause) for template, place in references(asked.part)]
    assert named == [("${port}", (*then, "host", "not", 0, "equals"))]


def test_members_are_explained_everywhere() -> None:
    """Beside another operator as well as alone."""
    members = {"host": {"min_length": 3}, "port": {"max": 5}}
    document = bare({"smtp": {"host": "mail.hospital.example", "port": 587}})
    for assertion in ({"keys": members}, {"keys": members, "type": "object"}):
        (clause,) = asked_clauses(trace(rule({"smtp": assertion}), document))
        shown = [line.split(maxsplit=1) for line in clause.lines if "host: {m" in line or "port: {m" in line][-2:]
        assert shown == [["true", "host: {min_length: 3}"], ["false", "port: {max: 5}: must be at most 5"]]


def test_a_pattern_is_not_a_template() -> None:
    part = parse_assertion({"matches": "${x}"}).parts[0]
    assert list(references(part)) == []


def test_every_built_in_rule_is_walked_to_its_last_word() -> None:
    """Each operator that the data of a rule holds is met once in each case, and in each list of conditions that one is added to."""
    for case in (case for file in built_in_files() if file.rule is not None for case in file.rule.cases):
        for clauses in (case.must, *case.when):
            met = [(asked.text, asked.part.name, asked.part.place) for clause in clauses for asked in walk(clause)]
            assert len(met) == len(set(met)), case.info.id
            assert all({"must", "when"} & {*place[:3:2]} for *_, place in met), case.info.id


def test_a_word_stands_for_operators() -> None:
    """As the documentation says: what is given has a value, and what is missing has none."""
    for word, verdicts in (("given", ([], [], [], True)), ("missing", (True, True, True, []))):
        for value, wanted in zip((ABSENT, None, "", "x"), verdicts, strict=True):
            found = verdict(word, value)
            assert (found is True) is (wanted is True) and found is not None, (word, value)
    deep: Any = "given"
    for _ in range(DEEPEST - 1):
        deep = {"not": deep}
    parse_assertion(deep)


def test_braces_write_several_paths() -> None:
    clauses = parse_clauses({"{redis,cacheRedis}.{host, port}": "given"}, ("must",))
    assert [clause.text for clause in clauses] == ["redis.host", "redis.port", "cacheRedis.host", "cacheRedis.port"]
    assert {clause.place for clause in clauses} == {("must", "{redis,cacheRedis}.{host, port}")}
    (alternative,) = parse_condition({"{redis,cacheRedis}.host": "given"}, ("when",))
    assert [clause.text for clause in alternative] == ["redis.host", "cacheRedis.host"]


@pytest.mark.parametrize("key", ["{redis}.host", "{}", "{redis,}.host", "{redis,cacheRedis.host", "redis}.host", "{{a,b},c}"])
def test_braces_that_are_not_a_list_of_names(key: str) -> None:
    with pytest.raises(RuleError, match="is not a path: ") as caught:
        parse_clauses({key: "given"}, ("must",))
    assert caught.value.path == ("must", key)


def test_braces_cannot_stand_for_thousands_of_paths() -> None:
    with pytest.raises(RuleError, match="a key stands for at most 100 paths"):
        parse_clauses({".".join(["{a,b}"] * 30): "given"}, ("must",))


def test_quoted_braces_are_a_name() -> None:
    (clause,) = parse_clauses({'"{a,b}"': "given"}, ("must",))
    assert clause.path.steps == ("{a,b}",)


def test_a_sibling_at_any_depth_is_at_any_depth() -> None:
    seen = {text: parse_path("^.host").seen_from(parse_path(text)) for text in ("redis.port", "**", "**.port", "a.*")}
    assert {text: path.steps for text, path in seen.items()} == {
        "redis.port": ("redis", "host"),
        "**": (DEEP, "host"),
        "**.port": (DEEP, "host"),
        "a.*": ("a", "host"),
    }
