"""What several files give one server, judged over a matrix of deployments: see :mod:`support.deployments`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from support.deployments import ARGUMENT, EXPECTED, Deployment, matrix
from support.quick import part_and_all
from support.stacks import DENIED, Stack, reached

from linter.deployment.members import role
from linter.documents.inputs import Input
from linter.live.read import Wanted, read
from linter.model import dotted, state_of
from linter.run import Options, lint_paths
from linter.settings import catalogue

EVERY = tuple(matrix())
LIVE = tuple(one for one in EVERY if one.source == "dump" and (one.orchestrator == "ecs" or one.variables == "no task"))
"""What can be read from AWS."""
RIGHTS = {
    "ssm:DescribeParameters": Wanted(),
    "secretsmanager:GetSecretValue": Wanted(),
    "ecs:ListClusters": Wanted(),
    "ecs:DescribeTaskDefinition": Wanted(),
    "kms:Decrypt": Wanted(decrypt=False),
}
"""The rights that a run may lack, each with how it is asked for less."""
SETTINGS = [path for path in catalogue("server").current() if "*" not in path]
NAMES = [dotted(path) for path in SETTINGS]
UNNAMED = ("Chart.yaml", "package.json")
"""What a search finds, and no one names: it has no settings."""
BINARY = "this secret is binary: the server reads SecretString, a text"
IGNORED, NO_OBJECT, UNREADABLE = "ignored-environment", "invalid-json", "unreadable-secret"
APART = (IGNORED, NO_OBJECT, "unfilled-placeholder")
"""The rules about what is not read, and about the placeholders that stand for secrets here."""


class Found(NamedTuple):
    """A finding; ``file`` has the setting."""

    file: str
    rule: str
    setting: str
    severity: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.severity}[{self.rule}] {self.setting}: {self.message}"


class Checked(NamedTuple):
    """What is found, and the first letter of the state of each of :data:`SETTINGS` for each server."""

    findings: tuple[Found, ...]
    servers: tuple[str, ...]

    @property
    def mistakes(self) -> list[tuple[str, str, str]]:
        """The rules, settings and severities of findings, except notes and those of rules that are :data:`APART`."""
        return sorted(one[1:4] for one in self.findings if one.severity != "note" and one.rule not in APART)

    def states(self, name: str) -> set[str]:
        """The states of a setting, one of each server."""
        return {server[NAMES.index(name)] for server in self.servers}


def run(inputs: Sequence[Input], start: str | None = None) -> Checked:
    outcome = lint_paths([], Options(start=start), inputs)
    assert outcome.bugs == () and all(error.endswith(BINARY) for error in outcome.errors), outcome
    findings = (Found(one.document.uri, one.rule, dotted(one.path or ()), one.severity, one.message) for one in outcome.result.findings)
    servers = (document for document in outcome.checkable if role(document) == "server")
    return Checked(tuple(sorted(findings)), tuple("".join(state_of(one, path)[0] for path in SETTINGS) for one in servers))


def lint(files: Iterable[tuple[str, str]]) -> Checked:
    return run([Input(name, text.encode(), Path(name), searched=name.endswith(UNNAMED)) for name, text in files])


@cache
def _lint(files: tuple[tuple[str, str], ...]) -> Checked:
    return lint(files)


def of_files(one: Deployment) -> Checked:
    return _lint(tuple(one.files().items()))


def of_aws(one: Deployment, lacking: str = "") -> Checked:
    """What ``aws:`` gives with all rights that the files show, or without one more."""
    stack = Stack(one.files())
    stack.refusals |= {lacking.partition(":")[2]: DENIED} if lacking else {}
    with reached(stack):
        inputs = read([ARGUMENT], RIGHTS.get(lacking, Wanted()), lambda *_step: None)
    return run(inputs.read, inputs.start)


def difference(before: Iterable[object], after: Iterable[object]) -> str:
    """What is only in one of two collections, on a line each; empty if they are the same."""
    old, new = Counter(map(str, before)), Counter(map(str, after))
    return "".join(f"\n  {sign} {one}" for sign, some in (("-", old - new), ("+", new - old)) for one in sorted(some.elements()))


def demand(violations: Collection[str]) -> None:
    if violations:
        pytest.fail(f"{len(violations)} violations:\n" + "\n".join([*violations][:10]), pytrace=False)


def none_but(violations: dict[str, str]) -> None:
    """Fail with the points of the matrix that have a difference."""
    demand([f"{point}:{found}" for point, found in violations.items() if found])


@pytest.mark.parametrize("part", part_and_all(37))
def test_one_mistake_is_one_finding_and_none_is_none(part: slice) -> None:
    """Whatever is known of the secrets, and however the server is started."""
    violations: list[str] = []
    for one in EVERY[part]:
        found = of_files(one).mistakes
        expected = [EXPECTED[one.fault]] if one.fault in EXPECTED else []
        is_right = [finding[:2] for finding in found] == expected if one.fault != "port" else len(found) == 1
        violations += [] if is_right else [f"{one}: {found}, not {expected}"]
    demand(violations)


@pytest.mark.parametrize("part", part_and_all(37))
def test_what_is_wrong_with_a_source_is_found_at_it(part: slice) -> None:
    """A variable that is not read, and a secret that is no object."""
    violations: list[str] = []
    for one in EVERY[part]:
        rules = {finding.rule for finding in of_files(one).findings}
        found, expected = (IGNORED in rules, NO_OBJECT in rules), (one.variables == "not read", one.secrets == "no object")
        violations += [] if found == expected else [f"{one}: {found}, not {expected}"]
    demand(violations)


@pytest.mark.parametrize("part", part_and_all(74))
def test_more_knowledge_never_misleads(part: slice) -> None:
    """Secrets that are read hide nothing, and a task definition neither adds nor hides anything."""
    violations: dict[str, str] = {}
    for one in EVERY[part]:
        more = of_files(one)
        for less in (one._replace(secrets="named") if one.secrets == "read" else one, one._replace(variables="no task")):
            if less.source != "both" or less.variables != "no task":  # else nothing says that the file is over the parameters
                fewer = of_files(less)
                found = difference((rule for rule, *_ in fewer.mistakes), (rule for rule, *_ in more.mistakes))
                violations[f"{one}, compared with {less}"] = found + lost(one, fewer, more)
    none_but(violations)


def lost(one: Deployment, less: Checked, more: Checked) -> str:
    """The settings that a deployment gives, but that are called absent, and those that were given until more was known."""
    given = [f"\n  {name} is given, but called absent" for name in one.gives if "a" in less.states(name) | more.states(name)]
    pairs = ((name, old[at], new[at]) for old in less.servers for new in more.servers for at, name in enumerate(NAMES))
    return "".join([*given, *(f"\n  {name} was given, and becomes absent" for name, old, new in pairs if old == "g" and new == "a")])


@pytest.mark.parametrize("part", part_and_all(74))
def test_neighbours_do_not_matter(part: slice) -> None:
    """The findings of a deployment, with their places and messages, are the same among documents of others, in any order of arguments."""
    violations: dict[str, str] = {}
    for one in EVERY[part]:
        files, own = one.among_others(), one.files()
        around = [finding for finding in lint(files).findings if finding.file in own]
        violations[f"{one}, as {' '.join(name for name, _ in files)}"] = difference(of_files(one).findings, around)
    none_but(violations)


@pytest.mark.parametrize("part", part_and_all(41))
def test_live_is_dump(part: slice) -> None:
    """``aws:`` gives the same rules, settings, severities and messages as the files, whose names and lines are others."""
    violations: dict[str, str] = {}
    for one in LIVE[part]:
        saved, live = ([finding[1:] for finding in checked.findings] for checked in (of_files(one), of_aws(one)))
        if one.secrets == "unreadable":  # of a file this is an error instead
            assert [rule for rule, *_ in live].count(UNREADABLE) == 2, str(one)
            live = [finding for finding in live if finding[0] != UNREADABLE]
        violations[str(one)] = difference(saved, live)
    none_but(violations)


def _says_no_less(known: Found, finding: Found) -> bool:
    """Whether a finding is the same; a missing ``database.ssl`` becomes an error with the host, which the secret gives."""
    is_there = known[:3] == finding[:3] and finding[1:3] == EXPECTED["no TLS"]
    return known == finding or (is_there and (known.severity, finding.severity) == ("error", "warning"))


@pytest.mark.parametrize("part", part_and_all(147))
def test_one_more_right_never_misleads(part: slice) -> None:
    """Without a right nothing is found that is not found with it, or found more severely, and nothing that is given is called absent."""
    violations: dict[str, str] = {}
    for one in LIVE[part]:
        more = of_aws(one)
        for right in RIGHTS:
            less = of_aws(one, right)
            gone = "".join(f"\n  - {finding}" for finding in less.findings if not any(_says_no_less(one, finding) for one in more.findings))
            violations[f"{one}, without {right}"] = gone + lost(one, less, more)
    none_but(violations)
