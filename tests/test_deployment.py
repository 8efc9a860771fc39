"""The documents of one deployment against each other: ``deployment/`` holds one of each kind, with what they disagree about."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from support.helpers import golden

from linter import reporters
from linter.model import Deployment, Result, Style, dotted
from linter.options.config import Overrides
from linter.reporters import reporter
from linter.run import Options, Outcome, lint_paths

FOLDER = Path(__file__).parent / "deployment"
ACROSS = (
    "url-differs-from-domain,foreign-account-arn,foreign-region-arn,server-differs-from-infra,url-differs-from-domain,"
    "server-differs-from-infra,server-differs-from-infra,store-differs-from-file,parameter-differs-from-secret,"
    "server-differs-from-infra,mismatched-key-pair,server-differs-from-infra,server-differs-from-infra,"
    "url-differs-from-domain,variable-differs-from-config,variable-differs-from-config"
).split(",")


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)


def lint(*paths: str) -> Outcome:
    outcome = lint_paths(list(paths), Options(Overrides(select=tuple(ACROSS))))
    assert outcome.bugs == () and outcome.errors == ()
    return outcome


def names(deployments: tuple[Deployment, ...]) -> list[tuple[str | None, list[str]]]:
    return [(one.name, [document.uri for document in one.documents]) for one in deployments]


def write(folder: Path, name: str, content: object) -> str:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def test_what_the_documents_disagree_about_with_both_places() -> None:
    lines = []
    for finding in lint(".").result.findings:
        place = "{}:{}".format(*finding.document.position(finding.span.start))
        lines.append(f"{finding.document.uri}:{place} {finding.severity}[{finding.rule}] {dotted(finding.path or ())}: {finding.message}")
        for related in finding.related:
            place = "{}:{}".format(*related.document.position(related.span.start))
            lines.append(f"    {related.document.uri}:{place} {dotted(related.path)}: {related.message}")
    golden("deployment.txt", lines)


def test_it_is_reported_which_documents_belong_together() -> None:
    result = lint(".").result
    assert names(result.deployments) == [
        ("prod", ["database-secret.json", "medplum.prod.config.json", "prod-ssm.json", "redis-secret.json"]),
    ]
    assert "Checked against each other as environment prod: database-secret.json" in report(result, "text")
    assert json.loads(report(result, "json"))["deployments"][0]["environment"] == "prod"


def report(result: Result, output_format: str) -> str:
    stream = StringIO()
    reporter(output_format).report(result, stream, Style())
    return stream.getvalue()


def test_every_format_has_both_places() -> None:
    result = lint(".").result
    first = result.findings[0]
    assert (first.rule, first.document.uri) == ("server-differs-from-infra", "prod-ssm.json")
    text = report(result, "text")
    assert " --> medplum.prod.config.json:8:14 (environment prod)\n" in text and "---- infra.apiPort is 8103\n" in text
    (related,) = json.loads(report(result, "json"))["findings"][0]["related"]
    assert (related["path"], related["setting"], related["range"]["start"]) == (
        "medplum.prod.config.json",
        "apiPort",
        {"line": 8, "column": 14},
    )
    (place,) = json.loads(report(result, "sarif"))["runs"][0]["results"][0]["relatedLocations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"].endswith("medplum.prod.config.json")
    assert place["physicalLocation"]["region"]["startLine"] == 8
    for output_format in reporters.names():
        assert "not-a-real-secret" not in report(result, output_format)


def dump(**environments: str) -> dict[str, object]:
    return {"Parameters": [{"Name": f"/medplum/{name}/port", "Type": "String", "Value": port} for name, port in environments.items()]}


INFRA = {"stackName": "Medplum", "accountNumber": "123456789012", "apiDomainName": "api.hospital.example", "apiPort": 8103}


def test_each_environment_of_a_dump_goes_with_its_own_config(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "dump.json", dump(prod="5000", staging="8103")),
        write(tmp_path, "a.json", {**INFRA, "name": "prod"}),
        write(tmp_path, "b.json", {**INFRA, "name": "staging", "apiPort": 5000}),
    ]
    found = lint(*paths).result.findings
    assert [(one.rule, one.document.environment) for one in found] == [
        ("server-differs-from-infra", "prod"),
        ("server-differs-from-infra", "staging"),
    ]


SERVER = {"baseUrl": "https://api.hospital.example/", "port": 5000, "database": {}, "redis": {}, "appBaseUrl": "https://a.example/"}
TOGETHER: dict[str, tuple[dict[str, object], list[str]]] = {
    "one environment": (
        {"dump-ssm.json": dump(prod="5000"), "other/infra.json": {**INFRA, "name": "prod"}},
        ["dump-ssm.json other/infra.json"],
    ),
    "two names of environments": ({"dump-ssm.json": dump(production="5000"), "infra.json": {**INFRA, "name": "prod"}}, []),
    "no environment": ({"medplum.config.json": SERVER, "infra.json": INFRA}, ["infra.json medplum.config.json"]),
    "no environment in two folders": ({"medplum.config.json": SERVER, "other/infra.json": INFRA}, []),
    "none beside one": ({"a.config.json": SERVER, "b.config.json": {**INFRA, "name": "prod"}}, ["a.config.json b.config.json"]),
    "none in another folder than one": ({"x/medplum.config.json": SERVER, "y/infra.json": {**INFRA, "name": "prod"}}, []),
    "an image beside": ({"compose.yaml": "services: {a: {image: 'medplum/medplum-server:4.3.4'}}", "medplum.config.json": SERVER}, []),
    "an image elsewhere": ({"x/compose.yaml": "services: {a: {image: 'medplum/medplum-server:4.3.4'}}", "medplum.config.json": SERVER}, []),
    "dumps of one environment": ({"dump-ssm.json": dump(prod="5000"), "tiers-ssm.json": {"Parameters": [{"Name": "/medplum/prod/x"}]}}, []),
}


@pytest.mark.parametrize("case", TOGETHER)
def test_files_are_grouped_the_same_whether_named_or_found(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However their paths are written, and in whatever order they come."""
    files, expected = TOGETHER[case]
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write(tmp_path, name, content)
    monkeypatch.chdir(tmp_path)
    names = list(files)

    def seen(*paths: str) -> object:
        result = lint_paths(list(paths), Options()).result
        there = {file.path: Path(file.path).resolve().relative_to(tmp_path).as_posix() for file in result.files}
        together = [" ".join(sorted(there[one.uri] for one in deployment.documents)) for deployment in result.deployments]
        assert together == expected
        findings = sorted((there[one.document.uri], one.span, one.rule, one.severity) for one in result.findings)
        return findings, {
            (there[file.path], file.environment, file.server and file.server.text) for file in result.files if file.status == "checked"
        }

    found = seen(".")
    assert seen(*names) == seen(*reversed(names)) == found
    assert seen(str(tmp_path / names[0]), f"../{tmp_path.name}/{names[1]}") == found


@pytest.mark.parametrize(("name", "count"), [("prod", 1), ("staging", 0)])
def test_a_server_that_is_started_with_a_dump_has_its_environment(name: str, count: int, tmp_path: Path) -> None:
    container = {"name": "server", "image": "medplum/medplum-server:5.1.20", "command": ["aws:us-east-1:/medplum/prod/"]}
    paths = [
        write(tmp_path, "dump-ssm.json", dump(prod="5000")),
        write(tmp_path, "task.json", {"family": "api", "containerDefinitions": [container]}),
        write(tmp_path, "infra.json", {**INFRA, "name": name}),
    ]
    assert [one.rule for one in lint(*paths).result.findings] == ["server-differs-from-infra"] * count


def test_a_local_server_is_not_compared_with_a_stack(tmp_path: Path) -> None:
    local = {"baseUrl": "http://localhost:8103/", "port": 5000, "database": {}, "redis": {}, "appBaseUrl": "http://localhost:3000/"}
    paths = [write(tmp_path, "medplum.config.json", local), write(tmp_path, "medplum.prod.config.json", {**INFRA, "name": "prod"})]
    assert lint(*paths).result.deployments == ()


def test_two_of_a_kind_are_not_guessed_about(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "a.json", SERVER),
        write(tmp_path, "b.json", SERVER),
        write(tmp_path, "medplum.prod.config.json", {**INFRA, "name": "prod"}),
    ]
    assert lint(*paths).result.deployments == ()
