"""Who accepts a finding, until when and since when: as comments, ``[[accept]]`` and baselines say it, and as each report does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import assume, example, given
from hypothesis import strategies as st
from support.formats import tree
from test_variables import lint as lint_text

from linter.cli import cli
from linter.documents.suppression_comments import read_suppression_comments
from linter.options.choose import OWN_FILE
from linter.text import Text

SLASH = "missing-trailing-slash"
NOW = "2026-03-01"
KNOWN = "known.jsonl"
LINE = "MEDPLUM_BASE_URL=https://api.example.com"
ENTRY = {"path": ".env", "setting": "baseUrl", "rule": SLASH}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(".env", f"MEDPLUM_REDIS_HOST=cache\n{LINE}\n")


def write(name: str, text: str) -> None:
    Path(name).write_bytes(text.encode())


def lint(*arguments: str, now: str = NOW) -> Result:
    return CliRunner().invoke(cli, [*arguments, "--now", now])


def reported(name: str, *more: str, now: str = NOW) -> str:
    shown = [] if name in ("json", "html") else ["--show-suppressed"]
    return lint(".env", "--select", SLASH, "--format", name, *shown, *more, now=now).stdout


def found(*more: str, now: str = NOW) -> Any:
    [finding] = json.loads(reported("json", *more, now=now))["findings"]
    return finding


def comment(terms: str = "by=Team since=2026-01-31 until=2027-01-31", reason: str = "a proxy adds it") -> list[str]:
    write(".env", f"MEDPLUM_REDIS_HOST=cache\n# medplum-lint: ignore[{SLASH}] {terms} {reason}\n{LINE}\n")
    return []


def table(terms: str = 'by = "Team"\nsince = 2026-01-31\nuntil = "2027-01-31"') -> list[str]:
    write(OWN_FILE, f'\n[[accept]]\nrule = "{SLASH}"\nreason = "a proxy adds it"\n{terms}\n')
    return []


def baseline(**terms: str) -> list[str]:
    given = terms or {"by": "Team", "since": "2026-01-31", "until": "2027-01-31"}
    write(KNOWN, f"# A baseline\n\n{json.dumps({**ENTRY, **given})}\n")
    return ["--baseline", KNOWN]


SOURCES: dict[str, tuple[Callable[..., list[str]], str, str, int]] = {
    "comment": (comment, "a proxy adds it", ".env", 2),
    "configuration": (table, "a proxy adds it", OWN_FILE, 2),
    "baseline": (baseline, f"in the baseline {KNOWN}", KNOWN, 3),
}
every_source = pytest.mark.parametrize("source", SOURCES)


# --- Reports ------------------------------------------------------------------------------------------------------------------------


@every_source
def test_every_report_says_who_accepts_it(source: str) -> None:
    accept, reason, path, line = SOURCES[source]
    more = accept()
    terms = {"by": "Team", "until": "2027-01-31", "since": "2026-01-31", "path": path, "line": line}
    finding = found(*more)
    assert (finding["suppressed"], finding["accepted_by"]) == (reason, source)
    assert finding["acceptance"] == {"reason": reason, **terms}
    [result] = json.loads(reported("sarif", *more))["runs"][0]["results"]
    kind = "inSource" if source == "comment" else "external"
    assert result["suppressions"] == [{"kind": kind, "status": "accepted", "justification": reason, "properties": terms}]
    said = f"{reason} (by Team, since 2026-01-31, until 2027-01-31, {path}:{line})"
    page = reported("html", *more)
    assert f"<p><strong>accepted:</strong> {said}</p>" in page and '<a href="#accepted">Accepted findings</a>' in page
    assert f"<br>suppressed: {said}<br>" in reported("markdown", *more)
    assert f'message="suppressed: {said}: baseUrl must end' in reported("junit", *more)


@every_source
def test_an_acceptance_without_these_fields_is_unchanged(source: str) -> None:
    accept, reason, path, line = SOURCES[source]
    more = baseline() if source == "baseline" else accept("")
    if source == "baseline":
        write(KNOWN, f"\n\n{json.dumps(ENTRY)}\n")
    nothing = dict.fromkeys(("by", "until", "since"))
    assert found(*more)["acceptance"] == {"reason": reason, **nothing, "path": path, "line": line}
    assert f"suppressed: {reason} ({path}:{line})<br>" in reported("markdown", *more)


HOSTILE = "J\u001b[31m<b>\r\n::error::x\u2028##[error]"


@pytest.mark.parametrize("name", ["json", "sarif", "html", "markdown", "junit"])
def test_a_name_is_only_text(name: str) -> None:
    table(f"by = {json.dumps(HOSTILE)}")
    text = reported(name)
    assert "\u001b" not in text and (name in ("json", "sarif") or "<b>" not in text)
    assert not re.search(r"^\s*(::error|##\[error)", text, re.MULTILINE) and "\u2028" not in text
    if name in ("html", "junit"):
        tree(text)
    assert name != "json" or found()["acceptance"]["by"] == HOSTILE


@every_source
@pytest.mark.parametrize(
    ("by", "shown"), [("ghp_abcdefghijklmnopqrstuvwxyz012345", "••••••"), ("jane@clinic.example", "jane@clinic.example")]
)
def test_a_secret_in_place_of_a_name_is_masked(source: str, by: str, shown: str) -> None:
    more = baseline(by=by) if source == "baseline" else table(f'by = "{by}"') if source == "configuration" else comment(f"by={by}")
    assert found(*more)["acceptance"]["by"] == shown
    assert ("ghp_" in "".join(reported(name, *more) for name in ("json", "sarif", "html", "markdown", "junit"))) is False


# --- Until when ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.quick_cases(6)
@every_source
@pytest.mark.parametrize(
    ("now", "kind"),
    [
        ("2027-01-16", None),
        ("2027-01-17", "expiring-acceptance"),
        ("2027-01-31", "expiring-acceptance"),
        ("2027-02-01", "expired-acceptance"),
    ],
)
def test_ending_soon_is_a_notice_and_an_expired_acceptance_accepts_nothing(source: str, now: str, kind: str | None) -> None:
    accept, reason, path, line = SOURCES[source]
    more = accept()
    assert found(*more, now=now)["suppressed"] == (None if kind == "expired-acceptance" else reason)
    assert found(*more, now=now)["related"] == []
    ends = "expired on 2027-01-31" if kind == "expired-acceptance" else "ends with 2027-01-31"
    what = f"{SLASH} at baseUrl in .env" if source == "baseline" else SLASH
    message = f"the acceptance of {what} {ends}: fix the finding, or decide again and give a later date"
    notices = json.loads(reported("json", *more, now=now))["notices"]
    assert notices == ([] if kind is None else [{"kind": kind, "path": path, "line": line, "message": message}])
    run = lint(".env", "--select", SLASH, *more, now=now)
    assert run.exit_code == (1 if kind == "expired-acceptance" else 0)
    assert run.stderr == ("" if kind is None else f"medplum-lint: note: {path}:{line}: {message}\n")


def test_an_expired_unneeded_comment_is_unused() -> None:
    text = "MEDPLUM_REDIS_HOST=a\nMEDPLUM_REDIS_PORT=6379 # medplum-lint: ignore[misread-number] until=2020-01-01 why\n"
    assert [one.rule for one in lint_text(text, ".env").result.findings] == ["unused-suppression"]


def test_an_expired_comment_leaves_it_to_the_configuration() -> None:
    comment("until=2026-01-31")
    table()
    assert found()["accepted_by"] == "configuration"
    assert [one["kind"] for one in json.loads(reported("json"))["notices"]] == ["expired-acceptance"]


def test_the_entries_of_a_baseline_share_a_notice_for_each_day() -> None:
    more = baseline(until="2026-03-05")
    write(".env", f"MEDPLUM_REDIS_HOST=cache\n{LINE}\nMEDPLUM_STORAGE_BASE_URL=https://storage.example.com\n")
    with Path(KNOWN).open("a", encoding="utf-8") as file:
        file.write(json.dumps({**ENTRY, "setting": "storageBaseUrl", "until": "2026-03-05"}) + "\n")
    [notice] = json.loads(reported("json", *more))["notices"]
    assert notice["message"].startswith(f"the acceptance of {SLASH} at storageBaseUrl in .env and 1 more ends with 2026-03-05: ")


# --- Baselines ----------------------------------------------------------------------------------------------------------------------


def entries() -> list[Any]:
    return [json.loads(line) for line in Path(KNOWN).read_text(encoding="utf-8").splitlines() if line.startswith("{")]


def test_a_baseline_is_written_with_who_accepts_it() -> None:
    arguments = (".env", "--select", SLASH, "--write-baseline", KNOWN)
    assert lint(*arguments, "--by", "IT staff", "--until", "2027-01-31").exit_code == 0
    first = {**ENTRY, "by": "IT staff", "until": "2027-01-31", "since": NOW}
    assert entries() == [first]
    write(".env", f"MEDPLUM_REDIS_HOST=cache\n{LINE}\nMEDPLUM_STORAGE_BASE_URL=https://storage.example.com\n")
    assert lint(*arguments, "--by", "Dev", now="2026-04-01").exit_code == 0
    second = {**ENTRY, "setting": "storageBaseUrl", "by": "Dev", "since": "2026-04-01"}
    assert entries() == [first, second]
    assert lint(*arguments, "--by", "Eva", now="2027-02-01").exit_code == 0  # what has expired is decided again
    assert entries() == [{**ENTRY, "by": "Eva", "since": "2027-02-01"}, second]


def test_a_part_of_a_run_keeps_the_terms_of_the_rest() -> None:
    other = {**ENTRY, "path": "other.env", "by": "Team", "until": "2020-01-31"}
    baseline()
    write(KNOWN, f"{Path(KNOWN).read_text(encoding='utf-8')}{json.dumps(other)}\n")
    before = entries()
    assert lint(".env", "--select", SLASH, "--write-baseline", KNOWN).exit_code == 0
    assert entries() == before


def test_the_first_of_two_equal_entries_counts() -> None:
    more = baseline(by="Team")
    write(KNOWN, f"{json.dumps({**ENTRY, 'by': 'Team'})}\n{json.dumps({**ENTRY, 'by': 'Dev'})}\n")
    assert found(*more)["acceptance"]["by"] == "Team"


TERMS = '"until" and "since" must be dates such as 2026-01-31, and "by" a name'


@pytest.mark.parametrize(
    ("terms", "error"),
    [
        ({"until": "soon"}, TERMS),
        ({"since": "2026-02-30"}, TERMS),
        ({"by": ""}, TERMS),
        ({"by": 1}, "this is not an entry of a baseline"),
        ({"til": "2026-01-31"}, "this is not an entry of a baseline"),
    ],
)
def test_mistakes_in_a_baseline(terms: dict[str, Any], error: str) -> None:
    run = lint(".env", *baseline(**terms))
    assert (run.exit_code, run.stderr) == (2, f"medplum-lint: error: {KNOWN}:3: {error}\n")


@pytest.mark.parametrize("option", [["--by", "Team"], ["--until", "2030-01-31"]])
def test_options_for_a_new_baseline_need_one(option: list[str]) -> None:
    run = lint(".env", *option)
    assert run.exit_code == 2 and "--by and --until are about what a new baseline accepts: give --write-baseline too" in run.stderr


def test_a_baseline_that_ends_in_the_past_is_not_written() -> None:
    run = lint(".env", "--write-baseline", KNOWN, "--until", "2026-02-28")
    assert (run.exit_code, run.stderr) == (2, "medplum-lint: error: --until 2026-02-28 is in the past: nothing would be accepted\n")
    assert not Path(KNOWN).exists()


# --- The command accept -------------------------------------------------------------------------------------------------------------


def test_accept_writes_who_accepts_it() -> None:
    run = lint("accept", ".env", SLASH, "--reason", "so", "--by", ' Team "J" \\Doe ', "--until", NOW)
    assert (run.exit_code, run.stderr) == (0, f"medplum-lint: note: {OWN_FILE}:1: 1 finding is accepted from now on\n")
    lines = ['reason = "so"', 'by = "Team \\"J\\" \\\\Doe"', f"until = {NOW}", f"since = {NOW}"]
    assert Path(OWN_FILE).read_text(encoding="utf-8").splitlines()[-4:] == lines
    assert found()["acceptance"]["by"] == 'Team "J" \\Doe'


def test_accept_asks_for_a_name_and_a_day_to_come() -> None:
    assert "it is blank" in lint("accept", ".env", SLASH, "--reason", "so", "--by", " ").stderr
    run = lint("accept", ".env", SLASH, "--reason", "so", "--until", "2026-02-28")
    assert run.stderr == "medplum-lint: error: --until 2026-02-28 is in the past: nothing would be accepted\n"


def test_a_table_without_a_name_in_by_is_a_mistake() -> None:
    table('by = " "')
    said = "by is empty: leave it out where it is not known who accepts the findings"
    assert lint(".env").stderr == f"medplum-lint: error: {OWN_FILE}:5: {said}\n"


# --- The grammar of comments --------------------------------------------------------------------------------------------------------


def read(words: str) -> Any:
    """What a comment says, or how to correct it."""
    suppressions, problems = read_suppression_comments(Text(f"# medplum-lint: ignore[a] {words}\nx\n"), lambda _at: True)
    if problems:
        [problem] = problems
        assert (
            not suppressions and problem.name == "invalid-suppression" and problem.message.what == "this suppression comment has no effect"
        )
        return problem.message.remedy
    [one] = suppressions
    return *(one.terms.get(name) for name in ("by", "until", "since")), one.reason


DAY = date(2026, 1, 31)
ORDER = 'write "by=", "until=" and "since=" once at most, and no other word with "=" before the reason'

LATE = 'write "until=" and "since=" before the reason, and a name that has spaces in double quotes'


@pytest.mark.parametrize(
    ("words", "means"),
    [
        ("why", (None, None, None, "why")),
        ("by=Team why", ("Team", None, None, "why")),
        ('until=2026-01-31\tby="IT staff"  why not', ("IT staff", DAY, None, "why not")),
        ('since="2026-01-31" by=jane@clinic.example why', ("jane@clinic.example", None, DAY, "why")),
        ("until=2026-01-31 done by=Team until=never", (None, DAY, None, "done by=Team until=never")),
        ("sslmode=disable is right here, by=Team", (None, None, None, "sslmode=disable is right here, by=Team")),
        ("by Team until=soon", (None, None, None, "by Team until=soon")),
        ("by=Team", "write a reason after its brackets"),
        ("by=Team until=2026-01-31", "write a reason after its brackets"),
        ("by= why", 'write a name, in quotes if it has spaces, after "by="'),
        ('by="" why', 'write a name, in quotes if it has spaces, after "by="'),
        ('by="Team why', 'write a name, in quotes if it has spaces, after "by="'),
        ('by="Team"Doe why', 'write a name, in quotes if it has spaces, after "by="'),
        ("until=soon why", 'write a date such as 2026-01-31 after "until="'),
        ("until=2026-02-30 why", 'write a date such as 2026-01-31 after "until="'),
        ("since=20260131 why", 'write a date such as 2026-01-31 after "since="'),
        ("by=Team by=Dev why", ORDER),
        ("untill=2026-01-31 why", ORDER),
        ("Until=2026-01-31 why", ORDER),
        ("by=Team expires=2026-01-31 why", ORDER),
        ("by='IT staff' until=2026-01-31 why", LATE),
        ("by=IT staff until=2026-01-31 why", LATE),
        ("why until=2026-01-31", LATE),
        ('why not (since="2026-01-31")', LATE),
    ],
)
def test_what_a_comment_says(words: str, means: Any) -> None:
    assert read(words) == means


NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters='"\r\n', exclude_categories=("Cc", "Zl", "Zp", "Cs")), min_size=1, max_size=20
)
DAYS = st.dates(min_value=date(1000, 1, 1))
REASONS = st.text(st.sampled_from("ab =\"'#[]\t-0é"), min_size=1, max_size=20)


@given(st.fixed_dictionaries({}, optional={"by": NAMES, "until": DAYS, "since": DAYS}), st.randoms(), st.sampled_from(" \t"), REASONS)
@example({}, None, " ", "a=b c")
def test_what_is_written_is_read(terms: dict[str, Any], random: Any, blank: str, reason: str) -> None:
    name, reason = str(terms.get("by", "-")), reason.strip()
    assume(name.strip() and reason and not re.match("[A-Za-z]+=", reason))
    if "by" in terms:
        terms["by"] = name.strip()
    words = [f'{key}="{value}"' if key == "by" and re.search(r"\s", value) else f"{key}={value}" for key, value in terms.items()]
    if random is not None:
        random.shuffle(words)
    assert read(blank.join([*words, reason])) == (terms.get("by"), terms.get("until"), terms.get("since"), reason)


@given(st.text(st.sampled_from('by=until since"2026-01-3 x\t'), max_size=40))
def test_any_comment_is_read_or_corrected(words: str) -> None:
    """One without a term means what it always did."""
    means = read(words)
    if isinstance(means, tuple):
        assert means[-1] and words.strip().endswith(means[-1])
    if not re.match(r"\s*[A-Za-z]+=", words):
        assert means == ((None, None, None, words.strip()) if words.strip() else "write a reason after its brackets")


# --- The command accepted -----------------------------------------------------------------------------------------------------------


def accepted(*arguments: str, now: str = NOW) -> list[str]:
    """The lines of the table."""
    run = lint("accepted", *arguments, now=now)
    assert (run.exit_code, run.stderr) == (0, "")
    return run.stdout.splitlines()


def listed(*arguments: str, now: str = NOW) -> Any:
    return json.loads(lint("accepted", *arguments, "--format", "json", now=now).stdout)["acceptances"]


def test_the_table_of_what_is_accepted() -> None:
    write(
        ".env",
        f"MEDPLUM_REDIS_HOST=cache\nMEDPLUM_REDIS_PORT=1 # medplum-lint: ignore[misread-number] by=Dev until=2026-02-28 why\n{LINE}\n",
    )
    other = '[[accept]]\nrule = "disabled-audit-trail"\nreason = "x"'
    table(f'by = "IT staff"\nsince = 2026-02-28\nuntil = 2026-03-10\npath = ".env"\nsetting = "baseUrl"\n{other}')
    write(KNOWN, f"{json.dumps({**ENTRY, 'since': '2026-01-31'})}\n{json.dumps({**ENTRY, 'path': 'gone.env', 'environment': 'prod'})}\n")
    assert accepted("--baseline", KNOWN, ".") == [
        "age      state            accepted",
        "unknown  matches nothing  misread-number: why (by Dev, until 2026-02-28, .env:2)",
        f"1 day    ends soon        {SLASH} at baseUrl in .env: a proxy adds it (by IT staff,",
        f"                          since 2026-02-28, until 2026-03-10, {OWN_FILE}:2)",
        f"unknown  not known        disabled-audit-trail: x ({OWN_FILE}:10)",
        f"29 days  matches nothing  {SLASH} at baseUrl in .env: in the baseline {KNOWN}",
        f"                          (since 2026-01-31, {KNOWN}:1)",
        f"unknown  matches nothing  {SLASH} at baseUrl in gone.env (environment prod): in the",
        f"                          baseline {KNOWN} ({KNOWN}:2)",
    ]
    assert accepted(".env", now="2026-03-11")[2].startswith("11 days  expired          ")
    assert accepted("--pedantic", ".")[-1].startswith("unknown  matches nothing  disabled-audit-trail: x")
    assert max(map(len, accepted("--baseline", KNOWN, "."))) <= 100


@every_source
def test_what_is_accepted_as_json(source: str) -> None:
    accept, reason, path, line = SOURCES[source]
    more = accept()
    [one] = listed(".env", *more)
    is_entry = source == "baseline"
    assert one == {
        "rule": SLASH,
        "files": ".env" if is_entry else None,
        "setting": "baseUrl" if is_entry else None,
        "environment": None,
        "accepted_by": source,
        "acceptance": {"reason": reason, "by": "Team", "until": "2027-01-31", "since": "2026-01-31", "path": path, "line": line},
        "age_days": 29,
        "expired": False,
        "matches": True,
    }
    write(".env", Path(".env").read_text(encoding="utf-8").replace(LINE, f"{LINE}/"))
    [one] = listed(".", *more, now="2026-01-30")
    assert (one["matches"], one["age_days"], one["expired"]) == (False, None, False)
    assert listed(".", *more, now="2027-02-01")[0]["expired"] is True


def test_only_what_is_for_the_files_is_listed() -> None:
    table('path = "/other.env"')
    write("other.env", Path(".env").read_text(encoding="utf-8"))
    more = baseline()
    assert [one["acceptance"]["path"] for one in listed(".env", *more)] == [KNOWN]
    assert [one["acceptance"]["path"] for one in listed("other.env", *more)] == [OWN_FILE]


def test_nothing_is_accepted() -> None:
    assert accepted(".env") == ["Nothing is accepted."]
    assert listed(".env") == []


def test_what_cannot_be_read_is_an_error() -> None:
    run = lint("accepted", "gone.json")
    assert (run.exit_code, run.stdout, run.stderr) == (2, "", "medplum-lint: error: gone.json: no such file or folder\n")
    run = lint("accepted", ".env", "--baseline", "gone.jsonl", "--format", "json")
    assert (run.exit_code, run.stdout) == (2, "") and "there is no such baseline" in run.stderr


def test_the_list_is_only_text() -> None:
    table(f"by = {json.dumps(HOSTILE)}")
    text = lint("accepted", ".env").stdout
    assert "\u001b" not in text and "\u2028" not in text and not re.search(r"^\s*(::error|##\[error)", text, re.MULTILINE)
    table('by = "ghp_abcdefghijklmnopqrstuvwxyz012345"')
    assert "ghp_" not in lint("accepted", ".env").stdout + lint("accepted", ".env", "--format", "json").stdout
