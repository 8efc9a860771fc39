"""Files as Windows PowerShell writes them: in UTF-16, or in UTF-8 with a byte order mark."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from linter import cli

ENV = (
    "\ufeffMEDPLUM_BASE_URL=https://api.clinic.example\r\n"
    "MEDPLUM_SUPPORT_EMAIL=é😀 <help@clinic.example>\r\nMEDPLUM_DATABASE_HOST=db\r\nMEDPLUM_LOG_LEVEL=LOUD\r\n"
)
CONFIG = '\ufeff{"appBaseUrl": "https://a.clinic.example", "database": {}, "redis": {}}'
WIDE = pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.cli, ["--isolated", *arguments])


def found(*arguments: str) -> list[tuple[str, str, int, int]]:
    result = run(*arguments, "--format", "json")
    findings = json.loads(result.stdout)["findings"]
    return [(one["rule"], one["severity"], *one["range"]["start"].values()) for one in findings]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@WIDE
def test_utf_16_is_read_with_a_note_and_right_places(encoding: str) -> None:
    Path("x.env").write_bytes(ENV.encode(encoding))
    assert found("x.env", "--select", "invalid-encoding,missing-trailing-slash,unknown-value") == [
        ("invalid-encoding", "note", 1, 1),
        ("missing-trailing-slash", "error", 1, 18),
        ("unknown-value", "error", 4, 19),
    ]


@WIDE
def test_a_fix_keeps_the_encoding(encoding: str) -> None:
    Path("x.env").write_bytes(ENV.encode(encoding))
    run("x.env", "--fix", "--unsafe-fixes", "--select", "missing-trailing-slash")
    assert Path("x.env").read_bytes() == ENV.replace("clinic.example\r", "clinic.example/\r", 1).encode(encoding)


@WIDE
def test_the_file_that_the_server_reads_becomes_utf_8(encoding: str) -> None:
    Path("medplum.config.json").write_bytes(CONFIG.encode(encoding))
    assert found("medplum.config.json", "--select", "invalid-encoding,missing-trailing-slash") == [
        ("invalid-encoding", "error", 1, 1),
        ("missing-trailing-slash", "error", 1, 16),
    ]
    run("medplum.config.json", "--fix", "--select", "invalid-encoding,missing-trailing-slash")
    fixed = CONFIG.lstrip("\ufeff").replace("a.clinic.example", "a.clinic.example/")
    assert Path("medplum.config.json").read_text(encoding="utf-8") == fixed


def test_what_is_broken_in_utf_16_is_never_rewritten() -> None:
    content = CONFIG.encode("utf-16-le") + b"\x01"
    Path("medplum.config.json").write_bytes(content)
    assert [one[:2] for one in found("medplum.config.json", "--select", "invalid-encoding")] == [("invalid-encoding", "error")] * 2
    run("medplum.config.json", "--fix", "--unsafe-fixes", "--server-version", "5.1.23")
    assert Path("medplum.config.json").read_bytes() == content


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.env", ENV),
        ("dump.yaml", "\ufeff/medplum/prod/port: '8103'\n"),
        (
            "compose.yaml",
            "\ufeffservices:\n  server:\n    image: medplum/medplum-server:5.1.23\n    environment:\n      MEDPLUM_PORT: 8103\n",
        ),
        (
            "secret.json",
            '\ufeff{"ARN": "arn:aws:secretsmanager:us-east-1:1:secret:a-b", "Name": "a", "SecretString": "{\\"host\\": \\"db\\"}"}',
        ),
    ],
)
def test_a_byte_order_mark_is_harmless_if_no_server_reads_the_bytes(name: str, text: str) -> None:
    Path(name).write_text(text, encoding="utf-8", newline="")
    assert found(name, "--select", "invalid-encoding") == []


@pytest.mark.quick_cases(1)
@WIDE
def test_a_dump_in_utf_16_has_the_findings_of_one_in_utf_8(encoding: str) -> None:
    text = (Path(__file__).parent / "fixtures" / "two-environments" / "input.json").read_text(encoding="utf-8")
    Path("dump.json").write_text(text, encoding="utf-8")
    expected = found("dump.json")
    Path("dump.json").write_bytes(f"\ufeff{text}".encode(encoding))
    assert sorted(found("dump.json")) == sorted([*expected, ("invalid-encoding", "note", 1, 1)])
    assert len(expected) > 2


def test_the_script_says_that_it_is_for_sh() -> None:
    Path("dump.yaml").write_text("/medplum/prod/auditEventLogGroup: x\n", encoding="utf-8")
    result = run("dump.yaml", "--fix-script", "fix.sh", "--unsafe-fixes", "--server-version", "5.1.23")
    assert "not in PowerShell" in Path("fix.sh").read_text(encoding="utf-8")
    assert "with sh (on Windows in Git Bash or WSL)" in result.output
