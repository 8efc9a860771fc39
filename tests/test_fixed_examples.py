"""Every example of a rule that shows a fix, as a file: the text is edited, and holds what the example says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from support.checkout import ROOT
from support.rules import built_in_files

from linter.documents.source import SourceFile
from linter.fixes.plan import Fixes, fixed
from linter.options.config import Overrides
from linter.policy.rule_file import RuleFile
from linter.release import NEWEST
from linter.run import Options, lint_paths
from linter.settings.releases import parse_server_version
from linter.sources import maker_of


def cases() -> Iterator[Any]:
    for rule_file in built_in_files():
        for number, example in enumerate(rule_file.data["examples"]["bad"], 1):
            if "fixed" in example and kind_of(rule_file, example) in ("server/json", "infra/json"):
                yield pytest.param(rule_file, example, id=f"{rule_file.path.stem}-{number}")


def kind_of(rule_file: RuleFile, example: Mapping[str, Any]) -> str:
    assert rule_file.rule is not None
    kind = str(example.get("kind", rule_file.rule.info.kinds[0]))
    return {"server": "server/json", "infra": "infra/json"}.get(kind, kind)


CASES = list(cases())


def fix(rule_id: str, server: str, kind: str) -> Fixes:
    overrides = Overrides(select=(rule_id,), pedantic=True, server=parse_server_version(server, "example"))
    options = Options(overrides, kind, isolated=True, keep_contents=True)
    return fixed(lambda contents: lint_paths(["example.json"], options._replace(instead=contents)), unsafe=True)


def read(content: bytes, kind: str) -> Any:
    """What a file holds."""
    file = SourceFile("example.json", content)
    (loaded,) = maker_of(file, kind).load(file, kind)
    return loaded.document.data


@pytest.mark.quick_cases(17)
@pytest.mark.parametrize(("rule_file", "example"), CASES)
def test_the_text_of_an_example_is_fixed(rule_file: RuleFile, example: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    kind = kind_of(rule_file, example)
    text = example["text"] if "text" in example else json.dumps(example["data"], indent=2)
    Path("example.json").write_bytes(text.encode(example.get("encoding", "utf-8")))
    fixes = fix(rule_file.path.stem, example.get("server", "main"), kind)
    assert (fixes.refused, fixes.bugs) == ((), ())
    (file,) = fixes.files
    if isinstance(example["fixed"], str):
        assert file.after.decode() == example["fixed"]
    else:
        assert read(file.after, kind) == example["fixed"]


def test_every_rule_with_a_fix_shows_it() -> None:
    silent = [one.path.stem for one in built_in_files() if one.rule is not None and any(one.rule.fixes) != one.rule.info.fixable]
    assert silent == []


def test_every_fix_says_why_it_is_safe_or_not() -> None:
    silent = [one.path.stem for one in built_in_files() if one.rule is not None and not all(plan.reason for plan in one.rule.fixes)]
    assert silent == []


def linted(path: Path, *, unsafe: bool) -> Fixes:
    known = parse_server_version(str(NEWEST), "--server-version")  # an old setting is deleted only where it is known which server it is
    options = Options(Overrides(server=known), isolated=True, keep_contents=True)
    return fixed(lambda contents: lint_paths([str(path)], options._replace(instead=contents)), unsafe=unsafe)


def test_a_fix_that_brings_another_finding_is_left_out_and_the_others_are_made() -> None:
    """A key with repaired line breaks is read, and is not a key; a certificate that is checked by mistake would no longer be checked."""
    fixes = linted(ROOT / "tests" / "fixtures" / "twelve-mistakes" / "input.json", unsafe=True)
    assert [file.findings for file in fixes.files] == [12]
    assert [note.partition(": ")[2].partition(" at line")[0] for note in fixes.refused] == [
        "the fixes of malformed-pem are left out, because they would cause error[unusable-signing-key]",
        "the fixes of misread-boolean are left out, because they would cause warning[unverified-certificate]",
    ]
    assert len(fixes.outcome.result.findings) == 8


def test_all_unambiguous_mistakes_are_fixed() -> None:
    path = ROOT / "tests" / "data" / "mistakes-with-one-answer.template.json"
    safe, every = linted(path, unsafe=False), linted(path, unsafe=True)
    assert (safe.refused, safe.bugs, every.refused, every.bugs) == ((), (), (), ())
    assert [finding.rule for finding in every.outcome.result.findings] == []
    assert ([file.findings for file in safe.files], [file.findings for file in every.files]) == ([8], [24])


def test_the_edits_of_a_secret_are_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "medplum.config.json"
    data = {
        "baseUrl": "https://api.clinic.example",
        "signingKey": "-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----",
        "redis": {"host": "cache", "password": 12345},
        "database": {"url": "postgres://clinic:hunter2@db.internal/clinic"},
    }
    path.write_text(json.dumps(data), encoding="utf-8")
    findings = lint_paths([str(path)], Options(Overrides(), isolated=True)).result.findings
    shown = {finding.rule: finding.fix.shown for finding in findings if finding.fix is not None and finding.fix.edits}
    assert shown == {
        "missing-trailing-slash": True,
        "malformed-pem": False,
        "wrong-type": False,
        "misnamed-setting": False,
    }
    said = " ".join(finding.fix.description for finding in findings if finding.fix is not None)
    assert not any(secret in said for secret in ("MIIE", "12345", "hunter2"))


SAFETY: list[tuple[str, dict[str, object], bool]] = [
    ("wrong-type", {"allowedOrigins": ["https://a.example"]}, False),
    ("wrong-type", {"bcryptHashSalt": "10"}, True),
    ("missing-trailing-slash", {"baseUrl": "https://a.example/s/", "storageBaseUrl": "https://a.example/s"}, False),
    ("missing-trailing-slash", {"baseUrl": "https://a.example/", "storageBaseUrl": "https://b.example/s"}, True),
]


@pytest.mark.parametrize(("rule_id", "data", "safe"), SAFETY)
def test_a_fix_is_safe_only_if_it_opens_nothing(rule_id: str, data: dict[str, object], safe: bool, tmp_path: Path) -> None:
    path = tmp_path / "medplum.config.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    findings = lint_paths([str(path)], Options(Overrides(select=(rule_id,)), "server/json", isolated=True)).result.findings
    assert [finding.fix and finding.fix.safe for finding in findings if finding.rule == rule_id] == [safe]


def test_a_name_and_its_value_are_fixed_in_turn(tmp_path: Path) -> None:
    path = tmp_path / "medplum.config.json"
    data = {"database": {}, "redis": {}, "bullmq": {"concurency": 20}, "BinaryStorage": "s3://bucket-x"}
    path.write_text(json.dumps(data), encoding="utf-8")
    rules = ("unknown-setting", "misnamed-setting", "wrong-type", "unknown-storage")
    options = Options(Overrides(select=rules), "server/json", isolated=True, keep_contents=True)
    fixes = fixed(lambda contents: lint_paths([str(path)], options._replace(instead=contents)), unsafe=True)
    assert (fixes.refused, fixes.bugs) == ((), ())
    assert [json.loads(file.after) for file in fixes.files] == [
        {"database": {}, "redis": {}, "bullmq": {"concurrency": 20}, "binaryStorage": "s3:bucket-x"}
    ]


def test_members_of_the_readonly_database_are_in_order(tmp_path: Path) -> None:
    path = tmp_path / "medplum.config.json"
    path.write_text('{"readonlyDatabase": {"port": 5432}, "readonlyDatabaseProxyEndpoint": "proxy.example.com"}', encoding="utf-8")
    options = Options(Overrides(select=("deprecated-proxy-endpoint",)), "server/json", isolated=True, keep_contents=True)
    fixes = fixed(lambda contents: lint_paths([str(path)], options._replace(instead=contents)), unsafe=False)
    assert [list(json.loads(file.after)["readonlyDatabase"]) for file in fixes.files] == [["host", "port", "ssl"]]
