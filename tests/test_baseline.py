"""Baselines: what is known, what is new, what is gone, and the file that says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from support.canaries import CANARY
from support.helpers import compact

from linter.acceptance.baseline import Entry, baseline_text, read_baseline
from linter.cli import cli
from linter.commands.check import checker
from linter.documents.inputs import Input
from linter.model import Finding
from linter.options.choose import OWN_FILE
from linter.options.config import ConfigError
from linter.release import NEWEST
from linter.reporters._places import reported_path
from linter.run import Options
from linter.run import check as checking

INFRA = {"name": "prod", "region": "us-east-1", "accountNumber": "123456789012"}
SERVER = {
    "baseUrl": "https://api.hospital.org",
    "appBaseUrl": "https://app.hospital.org/",
    "database": {"host": "db", "dbname": "clinic", "username": "me", "password": CANARY, "ssl": {"require": True}},
    "redis": {"host": "cache"},
    "port": 8103,
}
FILE = "deploy/medplum.config.json"
KNOWN = "known.jsonl"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(FILE, json.dumps(SERVER, indent=2))


def write(name: str, text: str) -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def lint(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(cli, list(arguments), input=given)


def new(*arguments: str, name: str = KNOWN) -> list[str]:
    """The rule and the setting of each finding that is not in the baseline."""
    baseline = ["--baseline", name] if name else []
    report: Any = json.loads(lint(*arguments, *baseline, "--format", "json").stdout)
    return [f"{one['rule']} {one['setting']}" for one in report["findings"] if one["suppressed"] is None]


def notes(*arguments: str) -> list[str]:
    result = lint(*arguments, "--baseline", KNOWN)
    return [line.removeprefix("medplum-lint: ") for line in result.stderr.splitlines()]


def known(*arguments: str) -> list[dict[str, Any]]:
    """Write a baseline, and give its entries."""
    assert lint(*(arguments or ["."]), "--write-baseline", KNOWN).exit_code == 0
    return entries()


def entries() -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(KNOWN).read_text(encoding="ascii").splitlines()[1:]]


# --- Writing. -----------------------------------------------------------------------------------------------------------------------


def test_the_file() -> None:
    result = lint("--write-baseline", KNOWN, "--now", "2026-01-31")
    assert (result.exit_code, result.stderr) == (0, f"medplum-lint: note: {KNOWN}: wrote 4 entries\n")
    assert result.stdout == f"No findings in 1 file (4 in the baseline), checked against server {NEWEST} (the newest known release).\n"
    text = Path(KNOWN).read_text(encoding="ascii")
    assert text.splitlines()[1:] == [
        f'{{"path": "{FILE}", "setting": "baseUrl", "rule": "missing-trailing-slash", "since": "2026-01-31"}}',
        f'{{"path": "{FILE}", "setting": "binaryStorage", "rule": "missing-setting", "since": "2026-01-31"}}',
        f'{{"path": "{FILE}", "setting": "database.password", "rule": "plaintext-secret", "since": "2026-01-31"}}',
        f'{{"path": "{FILE}", "setting": "supportEmail", "rule": "missing-setting", "since": "2026-01-31"}}',
    ]
    assert CANARY not in text
    assert new(".") == new(FILE) == new(f"./{FILE}") == new(str(Path(FILE).absolute())) == []
    lint("--write-baseline", KNOWN)
    assert Path(KNOWN).read_text(encoding="ascii") == text


def test_findings_accepted_elsewhere_are_not_in_it() -> None:
    write(OWN_FILE, "[[accept]]\nrule = 'missing-setting'\nreason = 'x'\n")
    assert "missing-setting" not in {one["rule"] for one in known()}


def test_a_run_on_some_files_keeps_the_other_entries() -> None:
    write("b/medplum.json", compact(SERVER))
    assert len(known(".")) == 8
    write(FILE, json.dumps({**SERVER, "baseUrl": "https://api.hospital.org/"}))
    result = lint(FILE, "--write-baseline", KNOWN)
    assert (
        result.stderr == f"medplum-lint: note: {KNOWN}: wrote 7 entries, of which 4 are about files and rules that this run did not check\n"
    )
    assert len(entries()) == 7 and new(".") == []
    lint(".", "--select", "urls", "--write-baseline", KNOWN)
    assert len(entries()) == 7
    Path("b/medplum.json").unlink()
    lint(".", "--write-baseline", KNOWN)
    assert len(entries()) == 3


@pytest.mark.parametrize(
    "text", [compact(SERVER), "{}", "hello\n", '{"path": "a"}', '{"path": "a", "rule": 1}', '{"path":"a","rule":"b","x":"c"}']
)
def test_no_other_file_is_overwritten(text: str) -> None:
    write("other.json", text)
    result = lint(FILE, "--write-baseline", "other.json")
    assert result.exit_code == 2
    assert result.stderr == "medplum-lint: error: other.json:1: this is not an entry of a baseline; the file is not overwritten\n"
    assert Path("other.json").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    "arguments",
    [
        ["--write-baseline", "x", "--fix"],
        ["--write-baseline", "x", "--diff"],
        ["--write-baseline", "x", "--baseline", "y"],
        ["--write-baseline", "x", "--no-baseline"],
        ["--write-baseline", "x", "--fail-on-stale-baseline"],
        ["--no-baseline", "--baseline", "y"],
        ["--no-baseline", "--fail-on-stale-baseline"],
        ["--baseline", ""],
        ["--fail-on-stale-baseline"],
        ["--baseline", "gone"],
    ],
)
def test_options_that_contradict_each_other(arguments: list[str]) -> None:
    result = lint(FILE, *arguments)
    assert (result.exit_code, result.stdout) == (2, "") and "baseline" in result.stderr
    assert not Path("x").exists()


# --- What is known. -----------------------------------------------------------------------------------------------------------------


def test_new_findings_are_reported() -> None:
    known()
    write(FILE, json.dumps({**SERVER, "logLevel": 1, "signingKey": "abcdefgh"}))
    assert sorted(new(FILE)) == ["malformed-pem signingKey", "plaintext-secret signingKey", "wrong-type logLevel"]
    result = lint(FILE, "--baseline", KNOWN)
    assert result.exit_code == 1 and "the file contains" not in result.stdout
    assert lint(FILE, "--no-baseline").exit_code == 1


def test_lines_may_move_and_names_beside_it_may_change() -> None:
    known()
    moved = {
        "appBaseUrl": "https://a.hospital.org/",
        "loglevel": "info",
        "redis": {"host": "x"},
        "port": 1,
        "database": {"password": "changed", "dbname": "a", "host": "b", "username": "c"},
    }
    write(FILE, "\n\n\n" + json.dumps({**moved, "baseUrl": "https://other.hospital.org"}, separators=(",\n\n", ":\t")))
    assert [one for one in new(FILE) if "loglevel" not in one] == []


def test_a_member_of_a_list_is_any_member() -> None:
    write(FILE, json.dumps({**SERVER, "externalAuthProviders": [{"issuer": 1}]}))
    [issuer] = [one for one in known() if "issuer" in one.get("setting", "")]
    assert issuer["setting"] == "externalAuthProviders.*.issuer"
    write(FILE, json.dumps({**SERVER, "externalAuthProviders": [{"issuer": "https://a.example"}, {"issuer": 1}]}))
    assert [one for one in new(FILE) if one.startswith("wrong-type")] == []
    write(FILE, json.dumps({**SERVER, "externalAuthProviders": [{"issuer": 1}, {"issuer": 1}]}))
    assert [one for one in new(FILE) if one.startswith("wrong-type")] == ["wrong-type externalAuthProviders.1.issuer"]


def test_a_new_first_member_is_not_reported_as_the_last() -> None:
    def providers(*names: str) -> str:
        return json.dumps({**SERVER, "externalAuthProviders": [{"issuer": name, "tokenUrl": "nope"} for name in names]}, indent=1)

    write(FILE, providers("https://a.example", "https://b.example"))
    known()
    assert new(FILE) == []
    write(FILE, providers("https://new.example", "https://a.example", "https://b.example"))
    report = json.loads(lint(FILE, "--baseline", KNOWN, "--format", "json").stdout)
    [found] = [one for one in report["findings"] if one["rule"] == "unknown-setting" and one["suppressed"] is None]
    places = [found["setting"], *(one["setting"] for one in found["related"])]
    assert sorted(places) == [f"externalAuthProviders.{number}.tokenUrl" for number in range(3)]
    doubt = "this may be the new one instead: the baseline counts 2 findings like it, without saying which"
    assert {one["message"] for one in found["related"]} == {doubt}


def test_every_count_is_of_the_same_findings() -> None:
    write(FILE, json.dumps({**SERVER, "signingKey": CANARY, "a": 1, "b": 2}, indent=1))
    write(OWN_FILE, f'baseline = "{KNOWN}"\n')
    report = json.loads(lint(".", "--no-baseline", "--format", "json").stdout)
    number = sum(report["summary"][level] for level in ("errors", "warnings", "notes"))
    wrote = lint(".", "--write-baseline", KNOWN)
    assert f"{KNOWN}: wrote {number} findings in {len(entries())} entries\n" in wrote.stderr and number < len(entries())
    assert f"({number} in the baseline)" in wrote.stdout
    result = lint(".").stdout
    assert f"({number} in the baseline)" in result and f"{number} findings accepted" in result
    assert json.loads(lint(".", "--format", "json").stdout)["summary"]["suppressed"] == number


def test_several_findings_of_one_name_are_counted() -> None:
    text = json.dumps(SERVER, indent=2)
    write(FILE, text.replace('"port"', '// a\n// b\n"port"'))
    [comments] = [one for one in known() if one["rule"] == "invalid-json"]
    assert comments["count"] == 2
    write(FILE, text.replace('"port"', '// a\n// b\n// c\n"port"'))
    assert new(FILE) == ["invalid-json None"]


def test_each_environment_of_a_dump_has_its_own_entries() -> None:
    one = {"Name": "/medplum/prod/baseUrl", "Type": "String", "Value": "https://a.example"}
    write("ssm.json", json.dumps([one]))
    assert {entry.get("environment") for entry in known("ssm.json")} == {"prod"}
    write("ssm.json", json.dumps([one, {**one, "Name": "/medplum/staging/baseUrl"}]))
    found = [one for one in new("ssm.json") if "slash" in one]
    assert found == ["missing-trailing-slash baseUrl"]


def test_the_name_of_an_infra_config_may_change() -> None:
    infra = {"name": "prod", "apiDomainName": "api.hospital.org", "region": "us-east-1", "accountNumber": 1}
    write("medplum.prod.config.json", compact(infra))
    assert {one.get("environment") for one in known("medplum.prod.config.json")} == {None}
    write("medplum.prod.config.json", compact({**infra, "name": "production"}))
    assert new("medplum.prod.config.json") == []


def test_standard_input_and_its_name() -> None:
    text = Path(FILE).read_text(encoding="utf-8")
    known()
    result = lint("-", "--stdin-filename", FILE, "--baseline", KNOWN, given=text)
    assert result.exit_code == 0
    assert lint("-", "--baseline", KNOWN, given=text).exit_code == 1
    assert lint("-", "--write-baseline", KNOWN, given=text).exit_code == 0
    assert lint("-", "--baseline", KNOWN, given=text).exit_code == 0


def test_paths_are_relative_to_the_file_wherever_the_command_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("ci").mkdir()
    assert lint("--write-baseline", "ci/known").exit_code == 0
    assert json.loads(Path("ci/known").read_text(encoding="ascii").splitlines()[1])["path"] == f"../{FILE}"
    (tmp_path / "link").symlink_to(tmp_path / "deploy", target_is_directory=True)
    assert new("link/medplum.config.json", name="ci/known") == []
    monkeypatch.chdir("deploy")
    assert new(".", name="../ci/known") == new("medplum.config.json", name=str(tmp_path / "ci" / "known")) == []


def test_another_format_says_it_is_suppressed() -> None:
    known()
    report = json.loads(lint(FILE, "--baseline", KNOWN, "--format", "json").stdout)
    assert {(one["suppressed"], one["accepted_by"]) for one in report["findings"]} == {(f"in the baseline {KNOWN}", "baseline")}
    assert (report["summary"]["errors"], report["summary"]["suppressed"]) == (0, 4)
    assert json.loads(lint(FILE, "--baseline", KNOWN, "--format", "gitlab").stdout) == []


# --- In the configuration. ----------------------------------------------------------------------------------------------------------


def test_the_configuration_can_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    known()
    write(OWN_FILE, f'baseline = "{KNOWN}"\n')
    assert new(".", name="") == []
    assert "4 findings accepted" in lint(".").stdout
    monkeypatch.chdir("deploy")
    assert new(".", name="") == []
    assert len(new(".", "--no-baseline", name="")) == len(new(".", "--isolated", name="")) == 4
    write("other", "")
    assert len(new(".", name="other")) == 4
    monkeypatch.chdir("..")
    assert lint("--write-baseline", KNOWN).stderr.endswith("wrote 4 entries\n")


def test_a_baseline_that_is_not_there_yet_is_an_error_unless_it_is_written() -> None:
    write(OWN_FILE, f'baseline = "{KNOWN}"\n')
    result = lint(".")
    reason = f"{KNOWN}: there is no such baseline; write it with --write-baseline {KNOWN}"
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"medplum-lint: error: {reason}\n")
    assert lint("--write-baseline", KNOWN).exit_code == 0
    assert lint(".").exit_code == 0


def test_a_configuration_that_is_found_cannot_lead_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "known"
    assert lint("--write-baseline", str(elsewhere)).exit_code == 0
    for name in (str(elsewhere), "link"):
        if name == "link":
            Path("link").symlink_to(elsewhere)
        write(OWN_FILE, f"baseline = {json.dumps(name)}\n")
        error = "leads outside the folder of this configuration file, which was only found: name the baseline with --baseline"
        assert lint(".").stderr == f"medplum-lint: error: {OWN_FILE}:1: {Path(name).name} {error}\n"
        assert lint(".", "--config", OWN_FILE).exit_code == (0 if name != "link" else 1)  # its paths are relative to the link


# --- What is gone. ------------------------------------------------------------------------------------------------------------------


def test_what_is_fixed_can_be_removed() -> None:
    known()
    write(FILE, json.dumps({**SERVER, "baseUrl": "https://api.hospital.org/"}))
    gone = f"missing-trailing-slash at baseUrl in {FILE} (line 2)"
    text = f"1 entry is stale, because the finding is gone: {gone}; delete stale entries, or write the baseline again with --write-baseline"
    for path in (FILE, ".", "deploy"):
        assert notes(path) == [f"note: {KNOWN}:2: {text}"]
    assert lint(FILE, "--baseline", KNOWN).exit_code == 0
    assert lint(FILE, "--baseline", KNOWN, "--fail-on-stale-baseline").exit_code == 1
    assert lint(FILE, "--baseline", KNOWN, "--quiet").stderr == ""
    assert lint(FILE, "--baseline", KNOWN, "--quiet", "--fail-on-stale-baseline").stderr != ""
    [notice] = json.loads(lint(FILE, "--baseline", KNOWN, "--format", "json").stdout)["notices"]
    assert notice == {"kind": "stale-baseline", "path": KNOWN, "line": 2, "message": text}
    known()
    assert notes(".") == []


def test_what_a_run_does_not_check_is_not_stale() -> None:
    write("b/medplum.json", compact(SERVER))
    known()
    stale = ["--fail-on-stale-baseline", "--baseline", KNOWN]
    assert lint(FILE, *stale).exit_code == lint("b", *stale).exit_code == 0
    write(FILE, json.dumps({**SERVER, "baseUrl": "https://api.hospital.org/"}))
    assert lint("b", *stale).exit_code == lint(FILE, *stale, "--ignore", "urls").exit_code == 0
    assert lint(FILE, *stale).exit_code == 1
    write(FILE, json.dumps(SERVER)[:-1])
    assert notes(FILE) == []


def test_a_deleted_file_makes_entries_stale_only_if_it_would_have_been_found() -> None:
    write("b/medplum.json", compact(SERVER))
    known()
    Path(FILE).unlink()
    assert notes("b") == notes("b/medplum.json") == []
    assert len(notes(".")) == 1 and "4 entries are stale" in notes(".")[0]


def test_a_finding_about_two_files_is_stale_only_if_a_search_saw_both() -> None:
    write("d/medplum.prod.config.json", compact({**INFRA, "apiDomainName": "api.other.example"}))
    write("d/medplum.prod.server.json", compact(SERVER))
    assert [one["setting"] for one in known("d") if one["rule"] == "url-differs-from-domain"] == ["baseUrl"]
    stale = ["--fail-on-stale-baseline", "--baseline", KNOWN]
    assert lint("d/medplum.prod.server.json", *stale).exit_code == lint("d", *stale).exit_code == 0
    write("d/medplum.prod.config.json", compact({**INFRA, "apiDomainName": "api.hospital.org"}))
    assert lint("d/medplum.prod.server.json", *stale).exit_code == 0
    assert lint("d", *stale).exit_code == 1


def test_a_finding_about_two_files_stays_if_a_folder_has_only_one() -> None:
    write("infra.json", compact({"name": "prod", "apiDomainName": "api.hospital.org", "region": "us-east-1", "apiPort": 5000}))
    write("app/medplum.prod.config.json", compact(SERVER))
    write("app/medplum.json", "{}")
    port = "server-differs-from-infra"
    assert port in {one["rule"] for one in known(".")}
    before = Path(KNOWN).read_text(encoding="ascii")
    assert notes("app") == []
    lint("app", "--write-baseline", KNOWN)
    assert Path(KNOWN).read_text(encoding="ascii") == before
    write("infra.json", compact({"name": "prod", "apiDomainName": "api.hospital.org", "region": "us-east-1", "apiPort": 8103}))
    assert notes("app") == []
    both = ["infra.json", "app/medplum.prod.config.json"]
    assert [port in note for note in notes(*both)] == [port in note for note in notes(".")] == [True]
    Path("infra.json").unlink()
    assert notes("app") == [] and port in notes(".")[0]


def test_a_finding_in_a_sum_stays_if_some_of_its_files_are_missing() -> None:
    write("s/compose.yaml", SERVICES.format(slash=""))
    write("s/server.env", "MEDPLUM_LOG_LEVEL=LOUD\nMEDPLUM_FOO=1\nMEDPLUM_APP_BASE_URL=https://a.example/\n")
    write("s/compose.override.yaml", "services:\n  api:\n    environment:\n      MEDPLUM_PORT: '8103'\n")
    found = {(one["path"], one["rule"]) for one in known("s")}
    assert {("s/server.env", "unknown-value"), ("s/server.env", "unknown-setting"), ("s/compose.yaml", "missing-setting")} <= found
    before = Path(KNOWN).read_text(encoding="ascii")
    for file in ("s/server.env", "s/compose.override.yaml", "s/compose.yaml"):
        assert notes(file) == []
        lint(file, "--write-baseline", KNOWN)
        assert before.splitlines()[1:] == [line for line in Path(KNOWN).read_text(encoding="ascii").splitlines() if line in before][1:]
        write(KNOWN, before)
    write("s/compose.yaml", SERVICES.format(slash="/"))
    assert ["missing-trailing-slash" in note for note in notes("s/compose.yaml", "s/server.env")] == [True]


SERVICES = """services:
  api:
    image: medplum/medplum-server:5.1.23
    command: env
    env_file: server.env
    environment:
      MEDPLUM_BASE_URL: https://api.hospital.org{slash}
      MEDPLUM_DATABASE_HOST: db
      MEDPLUM_REDIS_HOST: cache
  worker:
    image: medplum/medplum-server:5.1.23
    environment:
      MEDPLUM_BASE_URL: https://api.hospital.org
"""


def test_a_removed_rule() -> None:
    write(KNOWN, json.dumps({"path": FILE, "rule": "old-rule", "setting": "port"}) + "\n")
    assert "old-rule at port" in notes(FILE)[0]


def test_many_stale_entries_are_counted() -> None:
    write(KNOWN, "".join(json.dumps({"path": FILE, "rule": f"old-{number:02}"}) + "\n" for number in range(1_012)))
    [note] = notes(FILE)
    assert "1,012 entries are stale" in note and "old-09" in note and "old-10" not in note and "; and 1,002 more; delete" in note


# --- Fixing. ------------------------------------------------------------------------------------------------------------------------


def test_known_findings_are_not_fixed_and_new_ones_are() -> None:
    known("--select", "missing-trailing-slash")
    write(FILE, json.dumps({**SERVER, "storageBaseUrl": "https://storage.example"}))
    arguments = [FILE, "--baseline", KNOWN, "--unsafe-fixes", "--select", "urls,storage", "--fail-on", "never"]
    difference = lint(*arguments, "--diff")
    assert difference.exit_code == 1 and '"https://storage.example/"' in difference.stdout and "api.hospital.org/" not in difference.stdout
    assert lint(*arguments, "--fix").exit_code == 0
    fixed = json.loads(Path(FILE).read_text(encoding="utf-8"))
    assert (fixed["baseUrl"], fixed["storageBaseUrl"]) == ("https://api.hospital.org", "https://storage.example/")


# --- The file. ----------------------------------------------------------------------------------------------------------------------


def test_both_sides_of_a_merge_can_be_kept() -> None:
    known()
    lines = Path(KNOWN).read_text(encoding="ascii").splitlines()
    write(KNOWN, "\n".join([*lines, "", "# ours", *reversed(lines[1:])]) + "\r\n")
    assert new(FILE) == [] and notes(FILE) == []
    write(KNOWN, "\n".join([*lines[:2], "<<<<<<< HEAD", *lines[2:]]))
    error = f"{KNOWN}:3: a merge conflict is left in the baseline; keep the lines of both sides"
    assert lint(FILE, "--baseline", KNOWN).stderr == f"medplum-lint: error: {error}\n"


@given(st.dictionaries(st.builds(Entry, st.text(min_size=1), st.text(), st.text(), st.text(min_size=1)), st.integers(1, 9), max_size=5))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, counts: dict[Entry, int]) -> None:
    path = tmp_path_factory.mktemp("known") / "known"
    path.write_text(baseline_text(counts), encoding="ascii")
    assert {entry: known.findings for entry, known in read_baseline(path).entries.items()} == counts


@given(st.one_of(st.text(), st.text('[]{}":,apthrule01-#\n')))
def test_no_text_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("known") / "known"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        read_baseline(path)
    except ConfigError as error:
        assert str(error).startswith(str(path))


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"[" * 100_000, b'{"path": "a", "rule": "b", "count": 0}', b'{"path": "a", "rule": "b", "count": true}']
)
def test_files_that_are_not_baselines(content: bytes) -> None:
    Path(KNOWN).write_bytes(content)
    assert lint(FILE, "--baseline", KNOWN).exit_code == 2


def test_the_report_does_not_replace_it() -> None:
    known()
    assert lint(FILE, "--baseline", KNOWN, "--output", KNOWN).exit_code == 2
    assert len(entries()) == 4


def test_nothing_is_said_or_written_where_a_bug_may_hide_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    known()
    before = Path(KNOWN).read_text(encoding="ascii")

    def broken(*_arguments: object) -> list[Finding]:
        raise RuntimeError

    monkeypatch.setattr(checking, "check", broken)
    result = lint(FILE, "--baseline", KNOWN, "--fail-on-stale-baseline")
    assert result.exit_code == 3 and "stale" not in result.stderr
    result = lint(FILE, "--write-baseline", KNOWN)
    assert result.exit_code == 3 and result.stderr.endswith(f"note: {KNOWN}: is not written, because the bug may have hidden findings\n")
    assert Path(KNOWN).read_text(encoding="ascii") == before


def test_the_name_of_a_deployment_is_no_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the same from every folder, and keeps the slash at its end."""
    name = "aws:eu-west-1:/medplum/prod/"
    answer = {"Parameters": [{"Name": "/medplum/prod/port", "Type": "String", "Value": "0"}], "Path": "/medplum/prod/"}
    read = [Input(name, json.dumps(answer).encode(), Path(name))]
    written = checker((), Options(isolated=True, write_baseline=tmp_path / KNOWN), read=read)(None)
    assert written.baseline is not None
    write(KNOWN, written.baseline.text)
    assert {one.path for one in read_baseline(tmp_path / KNOWN).entries} == {name}
    monkeypatch.chdir("deploy")
    outcome = checker((), Options(isolated=True, baseline=tmp_path / KNOWN), read=read)(None)
    assert {one.accepted_by for one in outcome.result.findings} == {"baseline"}
    place = reported_path(name)
    assert (place.text, place.uri, place.relative) == (name, name, False)
    Path(OWN_FILE).write_text(f'[[accept]]\nrule = "number-out-of-range"\nreason = "x"\npath = "{name}"\n', encoding="utf-8")
    outcome = checker((), Options(), read=read)(None)
    assert [one.accepted_by for one in outcome.result.findings if one.rule == "number-out-of-range"] == ["configuration"]
