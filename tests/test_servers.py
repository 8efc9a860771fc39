"""What several files give one server, judged over a matrix of deployments: see :mod:`support.deployments`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from support.deployments import EXPECTED, Deployment, matrix
from support.quick import part_and_all

from linter.documents.inputs import Input
from linter.model import dotted
from linter.run import Options, lint_paths

Found = frozenset[tuple[str, str, str]]
EVERY = tuple(matrix())
SOME = part_and_all(23)
BESIDE = ("api/Chart.yaml", "worker/Chart.yaml")
"""What a search finds, and no one names: it has no settings."""
BINARY = "this secret is binary: the server reads SecretString, a text"
IGNORED, NO_OBJECT = "ignored-environment", "invalid-json"
APART = (IGNORED, NO_OBJECT, "unfilled-placeholder")
"""The rules about what is not read, and about the placeholders that stand for secrets here."""
NEIGHBOURS = {
    "other.json": '{"Parameters": [{"Name": "/medplum/staging/baseUrl", "Type": "String", "Value": "https://staging.hospital.health"}]}',
    "web/.env": "MEDPLUM_BASE_URL=https://api.hospital.health/\nGOOGLE_CLIENT_ID=x\n",
    "web/package.json": "{}",
}


@cache
def lint(files: tuple[tuple[str, str], ...]) -> Found:
    """The findings about files, each by its rule, setting and severity, but for notes."""
    outcome = lint_paths([], Options(), [Input(name, text.encode(), Path(name), searched=name in BESIDE) for name, text in files])
    assert outcome.bugs == () and all(error.endswith(BINARY) for error in outcome.errors)
    names = {name for name, _ in files} - NEIGHBOURS.keys()
    every = [one for one in outcome.result.findings if one.severity != "note" and one.document.uri in names]
    found = [(one.rule, dotted(one.path or ()), one.severity) for one in every if one.rule not in APART]
    assert len(found) == len(set(found)), f"one cause is found twice: {sorted(found)}"
    return frozenset((one.rule, dotted(one.path or ()), one.severity) for one in every)


def found_in(one: Deployment) -> Found:
    """What is found in a deployment, but for the variable that its servers ignore, and for secrets that are no objects."""
    return frozenset(finding for finding in lint(tuple(one.files().items())) if finding[0] not in APART)


def demand(violations: list[str]) -> None:
    if violations:
        pytest.fail(f"{len(violations)} violations:\n" + "\n".join(violations[:20]))


@pytest.mark.parametrize("part", SOME)
def test_one_mistake_is_one_finding_and_none_is_none(part: slice) -> None:
    """Whatever is known of the secrets, and however the server is started."""
    violations: list[str] = []
    for one in EVERY[part]:
        found = found_in(one)
        expected = {EXPECTED[one.fault]} if one.fault in EXPECTED else set()
        is_right = {finding[:2] for finding in found} == expected if one.fault != "port" else len(found) == 1
        violations += [] if is_right else [f"{one}: {sorted(found)}, not {sorted(expected)}"]
    demand(violations)


@pytest.mark.parametrize("part", SOME)
def test_what_is_wrong_with_a_source_is_found_at_it(part: slice) -> None:
    """A variable that is not read, and a secret that is no object."""
    for one in EVERY[part]:
        rules = {rule for rule, _, _ in lint(tuple(one.files().items()))}
        assert (IGNORED in rules, NO_OBJECT in rules) == (one.variables == "not read", one.secrets == "no object"), str(one)


@pytest.mark.parametrize("part", SOME)
def test_more_knowledge_never_misleads(part: slice) -> None:
    """Secrets that are read hide nothing, and a task definition neither adds nor hides anything."""
    violations: list[str] = []
    for one in EVERY[part]:
        found = found_in(one)
        for less in (one._replace(secrets="named") if one.secrets == "read" else one, one._replace(variables="no task")):
            if one.source != "both" and {finding[:2] for finding in found_in(less)} != {finding[:2] for finding in found}:
                violations.append(f"{less}: {sorted(found_in(less))}\n  {one}: {sorted(found)}")
    demand(violations)


@pytest.mark.parametrize("part", SOME)
def test_neighbours_do_not_matter(part: slice) -> None:
    violations: list[str] = []
    for one in EVERY[part]:
        files = one.files()
        alone = lint(tuple(files.items()))
        around = lint(tuple(reversed((files | NEIGHBOURS).items())))
        violations += [] if around == alone else [f"{one}: {sorted(alone)}, but among others {sorted(around)}"]
    demand(violations)
