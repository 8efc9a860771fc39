"""The SARIF log: exact files, the schema and Microsoft's validator, and each promise that neither of them checks.

``npm ci`` brings the validator and the schema (package.json); SARIF_MULTITOOL names another folder that holds both. ``UPDATE_GOLDEN=1``
rewrites the golden files, to be read before they are committed.
"""

from __future__ import annotations

import datetime
import gzip
import io
import json
import os
import random
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from support.checkout import REQUIRE_ALL
from support.helpers import compare_with

from linter.cli import cli
from linter.model import (
    Acceptance,
    Configuration,
    Document,
    FileStatus,
    Finding,
    Level,
    Part,
    Related,
    Result,
    RuleInfo,
    SettingPath,
    Style,
    sentence,
)
from linter.policy.controls import catalogue, with_controls
from linter.policy.rule_set import built_in_rules
from linter.reporters import sarif
from linter.reporters._cwe import NAMES, page_of, weaknesses
from linter.reporters.sarif import report
from linter.text import Excerpt, Piece, Span, Text

TESTS = Path(__file__).parent
TOOL = Path(os.environ.get("SARIF_MULTITOOL") or TESTS.parent / "node_modules/@microsoft/sarif-multitool-linux")
needs_tool = pytest.mark.skipif(not TOOL.is_dir() and not REQUIRE_ALL, reason="npm ci has not been run")

LINK = "https://www.medplum.com/docs/self-hosting/server-config#baseurl-required"
SLASH = RuleInfo(
    id="missing-trailing-slash",
    title="baseUrl does not end with a slash",
    severity={"production": "error", "development": "warning"},
    kinds=("server",),
    tags=("correctness",),
    docs="Medplum documents `baseUrl` as a full URL with a trailing slash: see [the page](https://example.com/a).\n"
    'The issuer defaults to it.\n\n```json\n{"baseUrl": "https://api.example.com/"}\n```\n',
    links=(LINK, "https://example.com/more"),
    fixable=True,
)
SECRET = RuleInfo(
    id="acme/unencrypted-parameter",
    title="A secret is stored in a plain `String` parameter.",
    severity={"production": "error", "development": None},
    kinds=("server/ssm",),
    tags=("external/cwe/cwe-312", "security"),
    docs="Whoever may read parameters sees a `String` as it is",
    links=("https://example.com/wiki",),
    fixable=False,
    security_severity="7.5",
)
SYNTAX = RuleInfo(
    id="invalid-syntax",
    title="The file cannot be parsed",
    severity={"production": "error", "development": "error"},
    kinds=(),
    tags=(),
    docs="Nothing else in the file can be checked.",
    links=("https://example.com/json",),
    fixable=False,
)
RULES = {rule.id: rule for rule in (SECRET, SLASH, SYNTAX)}

SERVER = '{\r\n  "name": "\U0001f600", "baseUrl": "https://api.example.com",\r\n\t"port": 8103\r\n}\r\n'
DUMP = '{"Parameters": [\n  {"Name": "/medplum/prod/signingKey", "Type": "String", "Value": "hunter2"}\n]}\n'


class FakeOrigin:
    """No reporter of places and fingerprints needs more than this."""

    def locate(self, path: SettingPath, part: Part) -> Span:
        raise AssertionError("the place is in the finding")

    def facts(self, path: SettingPath) -> Mapping[str, str]:
        return {}

    def with_facts(self) -> None:
        return None

    def excerpt(self, path: SettingPath | None, span: Span) -> Excerpt:
        return Excerpt(1, "", 0, 1)

    def pieces(self, part: Span) -> Iterator[Piece]:
        yield Piece(*part, "all of it")


def document(uri: str = "server.json", content: str = SERVER, environment: str | None = None) -> Document:
    return Document(uri, "server", Text(content), {}, FakeOrigin(), environment=environment)


def finding(
    where: Document,
    part: str,
    message: str = "baseUrl must end with a slash",
    *,
    rule: str = SLASH.id,
    severity: Level = "warning",
    path: SettingPath | None = ("baseUrl",),
    suppressed: str | None = None,
) -> Finding:
    start = where.text.content.index(part)
    by = None if suppressed is None else Acceptance(rule, suppressed, file=where.uri, line=1, source="comment")
    return Finding(rule, severity, sentence(message), where, path, Span(start, start + len(part)), acceptance=by)


def result(*findings: Finding, files: tuple[FileStatus, ...] = (), rules: Mapping[str, RuleInfo] = RULES) -> Result:
    documents = tuple({id(item.document): item.document for item in findings}.values())
    return Result("0.1.0", files, documents, findings, rules)


def written(run: Result, style: Style = Style()) -> str:
    stream = io.StringIO()
    report(run, stream, style)
    return stream.getvalue()


def run_of(run: Result, style: Style = Style()) -> Any:
    return json.loads(written(run, style))["runs"][0]


def only_result(item: Finding) -> Any:
    [found] = run_of(result(item))["results"]
    return found


def rule_of(rule: RuleInfo) -> Any:
    [found] = run_of(result(rules={rule.id: rule}))["tool"]["driver"]["rules"]
    return found


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository as the working directory."""
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    (root / "config" / "deep").mkdir(parents=True)
    monkeypatch.chdir(root)
    return root


# Whole files


def with_findings() -> Result:
    server = document("config/server.json", "\ufeff" + SERVER)
    dump = document("config/dump #1.json", DUMP, environment="prod")
    return result(
        finding(
            dump, '"String"', "'signingKey' is a secret, but its type is String", rule=SECRET.id, severity="error", path=("signingKey",)
        ),
        finding(server, '"https://api.example.com"', 'baseUrl ends in ${x} [here](1) and {0}, not in "/".'),
        finding(server, '"port": 8103\r\n}', "Two lines", severity="note", path=None),
        finding(server, "port", "Known", suppressed="by a comment"),
    )


def clean() -> Result:
    return result(files=(FileStatus("config/server.json", "server/json", None, "production", "checked"),))


def broken() -> Result:
    file = document("config/broken.json", '{"port": 8103,\n')
    return result(
        Finding(SYNTAX.id, "error", sentence("Expecting property name enclosed in double quotes"), file, None, Span(15, 15)),
        files=(
            FileStatus("config/broken.json", "server/json", None, None, "failed", "line 2: it ends too early"),
            FileStatus("config/locked.json", None, None, None, "failed", "Permission denied"),
            FileStatus("README.md", None, None, None, "ignored"),
        ),
    )


def rich() -> Result:
    """A run that has all that a log can have."""
    run = with_findings()
    dump, server = run.documents[:2]
    where = Span(server.text.content.index("port"), server.text.content.index("port") + 4)
    related = tuple(Related(server, ("port",), where, f"port is here, for the {number}. time") for number in range(12))
    compared = finding(dump, '"Value"', "signingKey is that of another file", rule=SECRET.id, severity="error")._replace(related=related)
    many = SLASH._replace(id="acme/many-tags", tags=("external/cwe/cwe-0312", "EXTERNAL/CWE/CWE-4711", *(f"tag-{n}" for n in range(30))))
    tagged = finding(server, "baseUrl", "It has many tags", rule=many.id)
    return run._replace(
        findings=(*run.findings, compared, tagged),
        rules={**run.rules, many.id: many},
        files=broken().files,
        configurations=(Configuration(".medplum-lint.toml", False, ("missing-host",), 2, 0, "never"),),
    )


RICH = Style(category="medplum/production", suppressed=True)
WHOLE: dict[str, Callable[[], str]] = {
    "findings": lambda: written(with_findings()),
    "clean": lambda: written(clean()),
    "broken": lambda: written(broken()),
    "rich": lambda: written(rich(), RICH),
}
whole_files = pytest.mark.parametrize("name", WHOLE)


@whole_files
def test_golden(name: str) -> None:
    compare_with(TESTS / "golden" / f"{name}.sarif", WHOLE[name]())


@whole_files
@needs_tool
def test_schema(name: str) -> None:
    schema = json.loads((TOOL / "sarif-2.1.0.json").read_text(encoding="utf-8-sig"))
    jsonschema.validate(json.loads(WHOLE[name]()), schema)


@needs_tool
def test_schema_refuses() -> None:
    """The schema is found and has teeth."""
    schema = json.loads((TOOL / "sarif-2.1.0.json").read_text(encoding="utf-8-sig"))
    log = json.loads(written(with_findings()))
    log["runs"][0]["results"][0]["suppressions"] = [{"kind": "external", "state": "accepted"}]
    with pytest.raises(jsonschema.ValidationError, match="'state' was unexpected"):
        jsonschema.validate(log, schema)


OFFLINE = """<Properties>
  <Properties Key="SARIF2006.UrisShouldBeReachable.Options">
    <Property Key="RuleEnabled" Value="Disabled" Type="Driver.RuleEnabledState" />
  </Properties>
</Properties>"""


def validator(log: Path) -> Counter[tuple[str, str]]:
    """How often Microsoft's validator reports each level and rule. It exits 0 whatever it finds."""
    executable = TOOL / "Sarif.Multitool"
    if not os.access(executable, os.X_OK):  # as the package's own install script does, which `npm ci --ignore-scripts` skips
        executable.chmod(0o755)
    out, config = log.with_suffix(".out"), log.with_suffix(".xml")
    config.write_text(OFFLINE)
    options = ["--rule-kind", "Sarif;Ghas", "--level", "Error;Warning;Note", "--kind", "Fail", "--log", "ForceOverwrite"]
    subprocess.run(
        [str(executable), "validate", str(log), *options, "--config", str(config), "--output", str(out)],
        env=os.environ | {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    [run] = json.loads(out.read_text(encoding="utf-8-sig"))["runs"]
    assert run["invocations"][0]["executionSuccessful"]
    return Counter((item.get("level", "warning"), item["ruleId"].split("/")[0]) for item in run["results"])


DECLINED = {
    "rich": {"SARIF2003": 1, "SARIF2009": 4, "SARIF2015": 4, "SARIF2010": 6, "SARIF2011": 6},
    "clean": {"SARIF2003": 1, "SARIF2009": 3, "SARIF2015": 3},
    "findings": {"SARIF2003": 1, "SARIF2009": 3, "SARIF2015": 3, "SARIF2010": 3, "SARIF2011": 3},
    "broken": {"SARIF2003": 1, "SARIF2009": 3, "SARIF2015": 3, "SARIF2010": 1, "SARIF2011": 1},
}
"""How often the validator notes what we decline."""


@pytest.mark.slow
@needs_tool
@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("name", DECLINED)
def test_validator(name: str, tmp_path: Path) -> None:
    """No error, no warning, and as notes only what we decline. (2006 is off: it asks the network for every URI.)"""
    log = tmp_path / f"{name}.sarif"
    log.write_text(WHOLE[name](), encoding="utf-8")
    assert validator(log) == {("note", rule): count for rule, count in DECLINED[name].items()}


def test_what_we_decline_has_a_reason() -> None:
    docs = (TESTS.parent / "docs" / "outputs.md").read_text(encoding="utf-8")
    explained = {*re.findall(r"^\| `(SARIF\d+)` \|", docs, re.MULTILINE)}
    assert explained == {"SARIF2006", *(rule for declined in DECLINED.values() for rule in declined)}
    assert DECLINED.keys() == WHOLE.keys()


@needs_tool
@pytest.mark.slow
def test_validator_on_the_controls_of_the_built_in_rules(tmp_path: Path) -> None:
    log = tmp_path / "controls.sarif"
    log.write_text(written(with_controls(result(rules={rule.info.id: rule.info for rule in built_in_rules()}))), encoding="utf-8")
    assert '"CIS-2.2.4"' in log.read_text(encoding="utf-8")
    assert set(validator(log)) == {("note", "SARIF2003"), ("note", "SARIF2009"), ("note", "SARIF2015")}


@needs_tool
@pytest.mark.slow
def test_validator_complains(tmp_path: Path) -> None:
    """The validator is found and has teeth."""
    log = tmp_path / "bad.sarif"
    log.write_text(written(clean()).replace('"help": {', '"properties": {'), encoding="utf-8")
    assert validator(log)["error", "GH2012"] == 3


# Paths


@pytest.mark.parametrize("folder", [".", "config", "config/deep", ".."])
@pytest.mark.parametrize("absolute", [False, True])
def test_the_same_bytes_wherever_it_runs(repository: Path, monkeypatch: pytest.MonkeyPatch, folder: str, absolute: bool) -> None:
    def given() -> Result:
        file = repository / "config" / "server.json"
        uri = file.as_posix() if absolute else os.path.relpath(file)
        return result(finding(document(uri), "baseUrl"), files=(FileStatus(uri, None, None, None, "failed", "oops"),))

    expected = written(given())
    monkeypatch.chdir(folder)
    assert written(given()) == expected
    assert '"uri": "config/server.json"' in expected


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("a.json", "a.json"),
        ("./config/../a.json", "a.json"),
        ("config/two words.json", "config/two%20words.json"),
        ("100%.json", "100%25.json"),
        ("a:b/c?d#e.json", "a%3Ab/c%3Fd%23e.json"),
        ("{prod}[1].json", "%7Bprod%7D%5B1%5D.json"),
        ("@prod+a=b,c.json", "@prod+a=b,c.json"),
        ("é/\U0001f600.json", "%C3%A9/%F0%9F%98%80.json"),
        ("latin-\udce9.json", "latin-%E9.json"),
        ("odd-\ud800.json", "odd-%3F.json"),
        ("nul-\0.json", "nul-%00.json"),
    ],
)
def test_paths_in_the_repository(uri: str, expected: str) -> None:
    found = only_result(finding(document(uri), "baseUrl"))
    assert found["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": expected, "uriBaseId": "%SRCROOT%"}


def location(uri: str) -> Any:
    return only_result(finding(document(uri), "baseUrl"))["locations"][0]["physicalLocation"]["artifactLocation"]


def test_standard_input_is_in_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    assert location("<stdin>") == {"uri": "%3Cstdin%3E"}
    monkeypatch.chdir("config")
    assert location("<stdin>") == {"uri": "%3Cstdin%3E"}


def test_paths_in_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = tmp_path / "outside here"
    outside.mkdir()
    monkeypatch.chdir(outside)
    assert location("x/a.json") == {"uri": "x/a.json", "uriBaseId": "%SRCROOT%"}
    assert location((outside / "a.json").as_posix()) == {"uri": "a.json", "uriBaseId": "%SRCROOT%"}
    assert location("../a.json") == {"uri": "../a.json", "uriBaseId": "%SRCROOT%"}


def test_a_path_tells_nothing_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the name is kept of a file that shares no folder with the run but the root of the machine."""
    monkeypatch.chdir("/")
    far = tmp_path / "far" / "a.json"
    assert location(far.as_posix()) == {"uri": far.as_posix()[1:], "uriBaseId": "%SRCROOT%"}  # here the root is where the run is
    here = tmp_path / "here" / "deep"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    masked = {"uri": "%3Coutside%3E/a.json"}
    assert location(far.as_posix()) == location("../../far/a.json") == {"uri": "../../far/a.json", "uriBaseId": "%SRCROOT%"}
    assert location("/nowhere/secret folder/a.json") == masked
    assert location("../" * 40 + "nowhere/a.json") == masked
    assert location(r"C:\Users\somebody\a.json") == location("C:/Users/somebody/a.json") == location(r"\\server\share\a.json") == masked
    assert location("/") == {"uri": "%3Coutside%3E/"}
    (here / ".git").mkdir()
    (here / "inner").mkdir()
    monkeypatch.chdir("inner")
    assert location("../../x.json") == {"uri": "../x.json", "uriBaseId": "%SRCROOT%"}  # from the root of the repository


def test_a_file_named_like_a_windows_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(r"C:\a.json").write_text("{}")
    assert location(r"C:\a.json") == {"uri": "C%3A%5Ca.json", "uriBaseId": "%SRCROOT%"}


def test_a_work_tree_whose_git_is_a_file(repository: Path) -> None:
    (repository / "config" / ".git").write_text("gitdir: elsewhere")
    assert location("config/deep/a.json")["uri"] == "deep/a.json"


def test_links(repository: Path, tmp_path: Path) -> None:
    """GitHub shows the file that a link leads to, but no link; a link out of the repository keeps its own name."""
    (repository / "config" / "real.json").write_text("{}")
    (repository / "inside.json").symlink_to("config/real.json")
    (tmp_path / "far.json").write_text("{}")
    (repository / "outside.json").symlink_to(tmp_path / "far.json")
    (tmp_path / "door").symlink_to(repository)
    assert location("inside.json")["uri"] == "config/real.json"
    assert location("outside.json")["uri"] == "outside.json"
    assert location(f"{tmp_path}/door/config/real.json")["uri"] == "config/real.json"


def test_a_working_directory_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert location("a b.json")["uri"] == "a%20b.json"
    monkeypatch.chdir(tmp_path)


# Results


def region(where: Document, span: Span) -> tuple[int, ...]:
    found = only_result(Finding(SLASH.id, "error", sentence("x"), where, None, span))
    return tuple(found["locations"][0]["physicalLocation"]["region"].values())


def test_regions() -> None:
    """endColumn, endLine, startColumn, startLine."""
    assert region(document(content="\ufeff\U0001f600ab\r\ncd"), Span(1, 2)) == (3, 1, 2, 1)
    assert region(document(content="\U0001f600ab\r\ncd"), Span(1, 7)) == (3, 2, 2, 1)
    assert region(document(content=""), Span(0, 0)) == (1, 1, 1, 1)
    assert region(document(content="a\n"), Span(2, 2)) == (1, 2, 1, 2)
    assert region(document(content="ab"), Span(7, 9)) == (3, 1, 3, 1)
    assert region(document(content="ab"), Span(1, 0)) == (2, 1, 2, 1)


@pytest.mark.parametrize("level", ["error", "warning", "note"])
def test_the_level_is_always_written(level: Level) -> None:
    """Left out it would be the rule's."""
    assert only_result(finding(document(), "baseUrl", severity=level))["level"] == level


@pytest.mark.parametrize(
    ("message", "environment", "expected"),
    [
        ("a", None, "a."),
        ("a.", None, "a."),
        ("a", "prod", "a (environment prod)."),
        ("a.", "{x}\u202e", "a (environment ••••••)."),
        ("{0} and ${x} [here](1)", None, "(0) and $(x) (here)(1)."),
        ("one\n  two\r\n", None, "one two."),
        ("\ud800 \x1b[31m", None, "\\ud800 \\u001b(31m."),
        ("", None, "missing-trailing-slash."),
    ],
)
def test_messages(message: str, environment: str | None, expected: str) -> None:
    found = only_result(finding(document(environment=environment), "baseUrl", message))
    assert found["message"] == {"arguments": [expected.removesuffix(".")], "id": "default", "text": expected}


def test_logical_locations() -> None:
    def names(path: SettingPath | None, environment: str | None) -> Any:
        found = only_result(finding(document(environment=environment), "baseUrl", path=path))
        return found["locations"][0].get("logicalLocations")

    setting = {"fullyQualifiedName": "externalAuthProviders.0.issuer", "kind": "property", "name": "issuer"}
    assert names(None, None) is names((), None) is None
    assert names(("externalAuthProviders", 0, "issuer"), None) == [setting]
    assert names(("externalAuthProviders", 0, "issuer"), "prod") == [setting, {"kind": "namespace", "name": "prod"}]
    assert names(("a.b", "\ud800"), None) == [{"fullyQualifiedName": '"a.b".\\ud800', "kind": "property", "name": "\\ud800"}]


def test_fingerprints_are_of_the_file_as_it_is() -> None:
    def prints(content: str) -> list[str]:
        file = document(content=content)
        run = run_of(result(finding(file, "c"), finding(file, "a")))
        return [found["partialFingerprints"]["primaryLocationLineHash"] for found in run["results"]]

    assert prints("a\nc\n") != prints("\ufeffa\nc\n")
    assert prints("a\nc\n")[0] == prints("\ufeffa\nc\n")[0]


def test_one_text_in_two_environments() -> None:
    text = Text(DUMP)
    documents = [Document("dump.json", "server/ssm", text, {}, FakeOrigin(), environment=name) for name in ("prod", "test")]
    run = run_of(result(*(finding(item, '"String"') for item in documents)))
    assert [found["message"]["text"][-6:] for found in run["results"]] == ["prod).", "test)."]
    assert len({found["partialFingerprints"]["primaryLocationLineHash"] for found in run["results"]}) == 1


def test_suppressed_findings_on_request() -> None:
    """All results say whether they are suppressed, or none does (3.27.23); sarif-om's own class would write ``state``."""
    file = document()
    comment = Acceptance(
        "r", "why\n not", by="Jane\x1b Doe", until=datetime.date(2027, 1, 31), since=datetime.date(2026, 1, 31), line=4, file="server.env"
    )
    of = [
        comment._replace(source="comment"),
        None,
        Acceptance("r", "", file="lint.toml", line=2),
        Acceptance("r", "known", file="a/b.jsonl", source="baseline"),
    ]
    made = result(*(finding(file, "port")._replace(acceptance=one) for one in of))
    terms = {"by": "Jane\\u001b Doe", "until": "2027-01-31", "since": "2026-01-31", "path": "server.env", "line": 4}
    assert [found["suppressions"] for found in run_of(made, Style(suppressed=True))["results"]] == [
        [{"kind": "inSource", "status": "accepted", "justification": "why not", "properties": terms}],
        [],
        [{"kind": "external", "status": "accepted", "properties": {"path": "lint.toml", "line": 2}}],
        [{"kind": "external", "status": "accepted", "justification": "known", "properties": {"path": "a/b.jsonl"}}],
    ]


def test_the_category_of_an_analysis() -> None:
    """The part before the last slash; it overrides that of the upload, so it is there on request only."""
    assert run_of(clean(), Style(category="medplum/production"))["automationDetails"] == {"id": "medplum/production/"}
    assert "automationDetails" not in run_of(clean())


def test_messages_link_to_the_other_places() -> None:
    """GitHub shows only those that a message links to."""
    other = document("deploy/other [1].json")
    span = Span(other.text.content.index("port"), other.text.content.index("port") + 4)
    related = Related(other, ("port",), span, "port is here")

    def message(count: int) -> str:
        found = only_result(finding(document(), "baseUrl", "It differs.")._replace(related=(related,) * count))
        assert [one["id"] for one in found["relatedLocations"]] == list(range(1, count + 1))
        assert found["message"]["text"] == f"{found['message']['arguments'][0]}."
        return str(found["message"]["text"])

    name = "deploy/other (1).json:3"
    assert message(1) == f"It differs (see [{name}](1))."
    assert message(2) == f"It differs (see [{name}](1), [{name}](2))."
    assert message(13).endswith(f"[{name}](10) and 3 more).")
    many = only_result(finding(document(), "baseUrl")._replace(related=(related,) * 1_200))
    assert len(many["relatedLocations"]) == 1_000 and many["message"]["text"].endswith(f"[{name}](10) and 1190 more).")


def test_suppressed_findings_are_left_out() -> None:
    """GitHub would open an alert for each."""
    file = document()
    run = run_of(result(finding(file, "port", suppressed="why not"), finding(file, "baseUrl")))
    assert [found["locations"][0]["physicalLocation"]["region"]["startLine"] for found in run["results"]] == [2]
    assert "suppress" not in json.dumps(run)


def test_no_more_results_than_github_accepts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The most severe stay, in order, and the log says how many went."""
    assert sarif._RESULTS == 25_000
    monkeypatch.setattr(sarif, "_RESULTS", 250)
    file = document()
    levels: list[Level] = ["note", "warning", "error"]
    run = run_of(result(*(finding(file, "baseUrl", str(number), severity=levels[number % 3]) for number in range(300))))
    kept = [number for number in range(300) if number % 3 or number < 150]
    assert [found["message"]["arguments"] for found in run["results"]] == [[str(number)] for number in kept]
    assert len(run["results"]) == 250
    assert run["invocations"] == [
        {
            "executionSuccessful": True,
            "toolExecutionNotifications": [
                {
                    "message": {"text": "50 of 300 findings, the least severe, are left out: GitHub accepts 250."},
                    "descriptor": {"id": "findings-left-out"},
                    "level": "warning",
                }
            ],
        }
    ]


def test_no_larger_than_github_accepts(monkeypatch: pytest.MonkeyPatch) -> None:
    """10 MB as gzip has it, which is what an upload is measured by."""
    file = document()
    levels: list[Level] = ["note", "warning", "error"]
    noise = random.Random(1)
    messages = ["".join(noise.choices("abcdefghijklmnopqrstuvwxyz0123456789 ", k=400)) for _ in range(600)]
    made = result(*(finding(file, "baseUrl", text, severity=levels[number % 3]) for number, text in enumerate(messages)))
    monkeypatch.setattr(sarif, "_BYTES", 140_000)
    text = written(made)
    assert 100_000 < len(gzip.compress(text.encode(), 6)) <= 140_000
    run = json.loads(text)["runs"][0]
    kept = Counter(found["level"] for found in run["results"])
    assert kept["error"] == 200 and 0 < kept["warning"] + kept["note"] < 400 and (not kept["note"] or kept["warning"] == 200)
    [notification] = run["invocations"][0]["toolExecutionNotifications"]
    left_out = f"{600 - kept.total()} of 600 findings, the least severe, are left out: GitHub accepts "
    assert notification["message"]["text"].startswith(left_out)
    monkeypatch.setattr(sarif, "_BYTES", 100)
    assert json.loads(written(made))["runs"][0]["results"] == []  # even what no finding is in may be too large


def test_suppressed_findings_go_before_others() -> None:
    file = document()
    findings = [finding(file, "port", severity="error", suppressed="why not"), finding(file, "baseUrl", severity="note")]
    assert sarif._most_severe(findings, 1) == findings[1:]


def test_a_rule_that_only_a_finding_knows() -> None:
    run = run_of(result(finding(document(), "port", rule="odd-one", severity="note"), rules={SLASH.id: SLASH}))
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [SLASH.id, "odd-one"]
    assert run["tool"]["driver"]["rules"][1]["defaultConfiguration"] == {"level": "note"}
    assert run["results"][0]["ruleIndex"] == 1


# Rules


def test_the_texts_of_a_rule() -> None:
    rule = rule_of(SLASH)
    assert rule["name"] == "MissingTrailingSlash"
    assert rule["shortDescription"] == {"text": "baseUrl does not end with a slash."}
    paragraph = "Medplum documents 'baseUrl' as a full URL with a trailing slash: see the page (https://example.com/a)."
    assert rule["fullDescription"] == {"text": f"{paragraph} The issuer defaults to it."}
    assert rule["help"] == {
        "text": f'{paragraph}\nThe issuer defaults to it.\n\n("baseUrl": "https://api.example.com/")\n\nSee {LINK}, https://example.com/more',
        "markdown": f"{SLASH.docs.strip()}\n\n- <{LINK}>\n- <https://example.com/more>",
    }
    assert rule["helpUri"] == LINK


def test_a_rule_that_says_little() -> None:
    rule = rule_of(RuleInfo("--", "", {"production": None}, (), (), "", ("our wiki",), False))
    assert rule == {
        "id": "--",
        "shortDescription": {"text": "--."},
        "fullDescription": {"text": "--."},
        "help": {"text": "--.\n\nSee our wiki", "markdown": "--.\n\n- <our wiki>"},
        "defaultConfiguration": {"level": "note"},
        "messageStrings": {"default": {"text": "{0}."}},
        "properties": {"precision": "high", "problem.severity": "recommendation", "tags": []},
    }


def test_the_limits_of_a_rule() -> None:
    tags = tuple(f"tag-{number}" for number in range(30))
    rule = rule_of(SECRET._replace(id="x" * 300, title="t" * 2000, docs="d" * 2000, tags=tags))
    assert len(rule["name"]) == 255
    assert rule["shortDescription"]["text"] == "t" * 1021 + "..."
    assert rule["fullDescription"]["text"] == "d" * 1021 + "..."
    assert rule["properties"]["tags"] == ["security", *tags[:19]]


def test_omitted_tags_are_reported() -> None:
    rules = {name: SLASH._replace(id=name, tags=tuple(f"tag-{number}" for number in range(21))) for name in ("a/b", "a/c")}
    [notification] = run_of(result(rules=rules))["invocations"][0]["toolExecutionNotifications"]
    assert notification["message"]["text"] == "Of the tags of a/b, a/c the first 20 are here: GitHub accepts no more of a rule."
    assert "toolExecutionNotifications" not in run_of(result())["invocations"][0]


def test_weaknesses_are_a_taxonomy_and_tags() -> None:
    rule = SECRET._replace(tags=("external/cwe/cwe-312", "external/cwe/cwe-0798", "external/cwe/cwe-99999", "external/cwe/cwe-x", "cwe-79"))
    run = run_of(result(rules={rule.id: rule, SYNTAX.id: SYNTAX}))
    [taxonomy] = run["taxonomies"]
    assert (taxonomy["name"], run["tool"]["driver"]["supportedTaxonomies"]) == ("CWE", [{"index": 0, "name": "CWE"}])
    assert [(taxon["id"], taxon.get("shortDescription")) for taxon in taxonomy["taxa"]] == [
        ("CWE-312", {"text": "Cleartext Storage of Sensitive Information."}),
        ("CWE-798", {"text": "Use of Hard-coded Credentials."}),
        ("CWE-99999", None),
    ]
    described, other = run["tool"]["driver"]["rules"]
    assert [(one["target"]["id"], one["target"]["index"], one["kinds"]) for one in described["relationships"]] == [
        ("CWE-312", 0, ["superset"]),
        ("CWE-798", 1, ["superset"]),
        ("CWE-99999", 2, ["superset"]),
    ]
    assert "external/cwe/cwe-312" in described["properties"]["tags"]
    assert "relationships" not in other
    assert "taxonomies" not in run_of(result(rules={SYNTAX.id: SYNTAX}))


def test_frameworks_of_controls_are_taxonomies_beside_the_weaknesses() -> None:
    rule = SECRET._replace(controls={"IA-5(7)": "it finds secrets", "164.312(d)": "others have it too", "CIS-2.2.4": "[x]: {y}"})
    run = run_of(result(rules={rule.id: rule, SYNTAX.id: SYNTAX})._replace(controls=catalogue()))
    assert run["tool"]["driver"]["supportedTaxonomies"] == [
        {"index": 0, "name": "CWE"},
        {"index": 1, "name": "HIPAA Security Rule"},
        {"index": 2, "name": "NIST SP 800-53"},
        {"index": 3, "name": "CIS AWS Foundations Benchmark"},
    ]
    _, hipaa, nist, cis = run["taxonomies"]
    assert hipaa == {
        "name": "HIPAA Security Rule",
        "version": "45 CFR Part 164, Subpart C, as amended at 78 FR 5694",
        "releaseDateUtc": "2013-01-25",
        "organization": "U.S. Department of Health and Human Services",
        "informationUri": "https://www.ecfr.gov/current/title-45/subtitle-A/subchapter-C/part-164/subpart-C",
        "shortDescription": {"text": "The safeguards of 45 CFR 164.308, 164.310 and 164.312."},
        "taxa": [
            {
                "id": "164.312(d)",
                "helpUri": "https://www.ecfr.gov/current/title-45/subtitle-A/subchapter-C/part-164/subpart-C",
                "shortDescription": {"text": "Standard: Person or entity authentication."},
            }
        ],
    }
    assert [taxon["id"] for taxon in nist["taxa"]] == ["IA-5(7)"], "only what rules of the run name"
    assert [(taxon["id"], "shortDescription" in taxon) for taxon in cis["taxa"]] == [("CIS-2.2.4", False)]
    described, other = run["tool"]["driver"]["rules"]
    assert described["relationships"][1:] == [
        {
            "target": {"id": id_, "index": 0, "toolComponent": {"index": index, "name": name}},
            "description": {"text": f"This check supports {says}."},
        }
        for id_, index, name, says in (
            ("IA-5(7)", 2, "NIST SP 800-53", "IA-5(7): it finds secrets"),
            ("164.312(d)", 1, "HIPAA Security Rule", "164.312(d): others have it too"),
            ("CIS-2.2.4", 3, "CIS AWS Foundations Benchmark", "CIS-2.2.4: (x): (y)"),
        )
    ]
    assert "relationships" not in other
    assert len(run_of(result(rules={rule.id: rule}))["taxonomies"]) == 1, "without the catalogue there are no controls"


def test_each_weakness_of_a_built_in_rule_has_its_name() -> None:
    found = {weakness for rule in built_in_rules() for weakness in weaknesses(rule.info.tags)}
    assert sorted(found - set(NAMES)) == [], "add them to linter/reporters/_cwe.py, with the names that cwe.mitre.org gives them"
    assert sorted(set(NAMES) - found) == [], "no rule names them: take them out of linter/reporters/_cwe.py"
    assert page_of("CWE-94") == "https://cwe.mitre.org/data/definitions/94.html"


def test_a_mistake_in_the_text_is_a_result_of_a_run_that_succeeded(repository: Path) -> None:
    """GitHub refuses the upload of a run that did not, and shows no notification."""
    Path("medplum.config.json").write_text('{"baseUrl": ')
    done = CliRunner().invoke(cli, ["medplum.config.json", "--format", "sarif"])
    [run] = json.loads(done.stdout)["runs"]
    assert (done.exit_code, [found["ruleId"] for found in run["results"]]) == (1, ["invalid-json"])
    [invocation] = run["invocations"]
    assert invocation["executionSuccessful"] is True and invocation.keys() == {"executionSuccessful", "properties"}
    assert invocation["properties"]["rules"]["found"] == {"invalid-json": ""}


@pytest.mark.parametrize("score", ["0.1", "7.5", "10", "10.0"])
def test_security_rules(score: str) -> None:
    properties = {"precision": "high", "security-severity": score, "tags": ["security", "external/cwe/cwe-312"]}
    assert rule_of(SECRET._replace(security_severity=score))["properties"] == properties


@pytest.mark.parametrize("score", [None, "", "0.0", "10.1", "-1", "high", "nan", "1_0", "٣"])
def test_invalid_security_severities(score: str | None) -> None:
    """GitHub refuses the whole upload for one that is not a number."""
    properties = {"precision": "high", "problem.severity": "error", "tags": ["external/cwe/cwe-312", "security"]}
    assert rule_of(SECRET._replace(security_severity=score))["properties"] == properties


def test_the_category_is_a_tag() -> None:
    """It comes before those of the rule, so that GitHub's limit never takes it away, and once."""
    tags = ("secrets", *(f"tag-{number}" for number in range(30)))
    rule = SECRET._replace(category="secrets", tags=tags)
    assert rule_of(rule)["properties"]["tags"] == ["security", *tags[:19]]
    assert rule_of(rule._replace(security_severity=None))["properties"]["tags"] == list(tags[:20])
    assert rule_of(SLASH._replace(category="urls"))["properties"]["tags"] == ["urls", *SLASH.tags]


@pytest.mark.parametrize(
    ("version", "semantic"), [("1.2.3", True), ("1.2.3-rc.1+x", True), ("1.2", False), ("1.2.3.dev1", False), ("01.2.3", False)]
)
def test_version(version: str, semantic: bool) -> None:
    driver = run_of(clean()._replace(version=version))["tool"]["driver"]
    assert (driver["version"], driver.get("semanticVersion")) == (version, version if semantic else None)


# Writing


def test_nothing_of_the_machine(repository: Path) -> None:
    for make in WHOLE.values():
        text = make()
        assert str(repository) not in text
        assert not re.search(r"\d\d:\d\d", text)
        assert "hunter2" not in text


def test_no_text_breaks_the_encoding() -> None:
    """Neither what a file holds nor what the author of a rule wrote."""
    rule = SLASH._replace(docs="lone \udfff here", tags=("\ud800",))
    text = written(result(finding(document(), "baseUrl", "\ud800 é", path=("\udc80",)), rules={rule.id: rule}))
    assert "lone \ufffd here" in text and "\\\\ud800 é" in text
    assert json.loads(text.encode())


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_streams_of_any_encoding_hold_utf_8(encoding: str) -> None:
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding=encoding, newline="\n")
    report(result(finding(document(), "baseUrl", "é \U0001f600")), stream)
    stream.flush()
    [found] = json.loads(buffer.getvalue().decode())["runs"][0]["results"]
    assert found["message"]["text"] == "é \U0001f600."


def test_it_is_json_as_python_indents_it() -> None:
    text = written(with_findings())
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"
    assert list(json.loads(text)) == ["$schema", "version", "runs"]


@pytest.mark.parametrize("value", [{1}, datetime.datetime.now(), Path("a"), b"a", object()])
def test_unknown_types_are_errors(value: object) -> None:
    with pytest.raises(TypeError, match=type(value).__name__):
        sarif.encoded({"text": value})
