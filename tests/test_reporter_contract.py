"""The contract of every reporter: a failure says which file to write or to change."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner
from support.canaries import CANARY, FORMS, printed
from support.checkout import ROOT
from support.contract import demand, lacks_of_reporter, mypy_refuses, require
from support.formats import foreign_commands, parsed
from support.helpers import GOLDEN, compare_with, written
from support.imports import LINTER, ours
from support.pages import rows, text_of

from linter import reporters
from linter.cli import cli
from linter.model import (
    Acceptance,
    Change,
    Configuration,
    Deployment,
    Digest,
    Document,
    FileStatus,
    Finding,
    Fix,
    Notice,
    Record,
    Related,
    Result,
    RuleCoverage,
    RuleInfo,
    RuleStatus,
    SettingPath,
    Style,
    sentence,
)
from linter.reporters import Reporter, reporter
from linter.text import Edit

FORMATS: Final = reporters.names()
every_reporter = pytest.mark.parametrize("name", FORMATS)


def file_of(name: str) -> str:
    return f"linter/reporters/{name}.py"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# --- Runs to report -----------------------------------------------------------------------------------------------------------------

SLASH: Final = RuleInfo(
    id="missing-trailing-slash",
    title="baseUrl does not end with a slash",
    severity={"production": "error", "development": "warning"},
    kinds=("server",),
    tags=("urls",),
    docs="Links are broken without it.",
    links=("https://example.com/base-url",),
    fixable=True,
)
MISSING: Final = SLASH._replace(id="missing-host", title="There is no host", fixable=False)
PORT: Final = SLASH._replace(id="acme/port", title="The port is not ours", severity={"production": "note"}, fixable=False)
KNOWN: Final = Acceptance(
    PORT.id,
    "everybody knows it",
    by="IT staff",
    until=date(2027, 1, 31),
    since=date(2026, 1, 31),
    line=2,
    file="server.env",
    source="comment",
)
SERVER: Final = '{\n  "baseUrl": "https://api.example.com",\n  "port": 8103,\n  "database": {"password": "hunter2-hunter2"}\n}\n'
INFRA: Final = '{"name": "prod", "apiDomainName": "api.example.org"}'


def document(text: str = SERVER, kind: str = "server/json", uri: str = "server.json", environment: str | None = None) -> Document:
    made = written(text, kind)
    return Document(uri, kind, made.text, made.data, made.origin, environment=environment)


def finding(where: Document, path: SettingPath | None, message: str, rule: RuleInfo = SLASH) -> Finding:
    return Finding(rule.id, rule.level, sentence(message), where, path, where.locate(path or ()))


def status(where: Document) -> FileStatus:
    return FileStatus(where.uri, where.kind, where.environment, where.target, "checked")


def result(*findings: Finding, files: tuple[FileStatus, ...] = ()) -> Result:
    documents = tuple({id(one.document): one.document for one in findings}.values())
    rules = {rule.id: rule for rule in (PORT, SLASH)}
    return Result("1.2.3", (*map(status, documents), *files), documents, findings, rules)


def everything() -> Result:
    """A run that has all that a run can have."""
    server, infra = document(), document(INFRA, "infra/json", "deploy/medplum.prod.config.json", "prod")
    fix = Fix((Change("set", ("baseUrl",), "https://api.example.com/"),), True, 'set baseUrl to "https://api.example.com/"')
    made = fix._replace(edits=(Edit(server.origin.locate(("baseUrl",), "value"), '"https://api.example.com/"'),), shown=True)
    related = Related(infra, ("apiDomainName",), infra.locate(("apiDomainName",)), "apiDomainName is api.example.org here")
    run = result(
        finding(server, ("baseUrl",), "baseUrl must end with a slash")._replace(fix=made),
        finding(server, ("baseUrl",), "baseUrl is not the address of the API")._replace(related=(related,), fix=fix._replace(safe=False)),
        finding(server, ("database", "password"), "database.password is short")._replace(severity="warning"),
        finding(server, None, "the file is too large", PORT),
        finding(server, ("port",), "port is 8103", PORT)._replace(acceptance=KNOWN),
        finding(infra, ("name",), "name is not ours", PORT),
        files=(
            FileStatus("app.json", None, None, None, "ignored", "a configuration of the Medplum app"),
            FileStatus("locked.json", None, None, None, "failed", "permission denied"),
        ),
    )
    return run._replace(
        deployments=(Deployment("prod", (server, infra)), Deployment(None, (server,))),
        configurations=(
            Configuration(".medplum-lint.toml", False, ("missing-host",), 2, 0, "never"),
            Configuration("ci/lint.toml", True, (), 0, 1, None),
        ),
        notices=(Notice("unused-acceptance", "ci/lint.toml", 7, "the acceptance of missing-host is unused"),),
        record=lambda: Record(
            (
                RuleCoverage(PORT, ((RuleStatus("found", ""), 2),)),
                RuleCoverage(
                    MISSING,
                    ((RuleStatus("undecided", "port still has to be filled in"), 1), (RuleStatus("off", "--ignore names values"), 1)),
                ),
                RuleCoverage(SLASH, ((RuleStatus("found", ""), 1), (RuleStatus("not-applicable", "it is for another kind"), 1))),
            ),
            (({"ignore": ("values",), "fail-on": "never"}, ("server.json",)),),
            lambda: {server: Digest("masked content", "5" * 64), infra: Digest("content", "6" * 64)},
            "7" * 64,
            "2026-01-31T00:00:00+00:00",
        ),
    )


HOSTILE: Final = "a\x1b[2J\r\n::error::b\u2028::error::c\x00\x85\u202e\ufeff##[error]d\ud800\U0001f600é##VSO[task.x]%0A::e,;]</script>"
"""What steers a terminal, is a command to a runner of CI, or cannot be written in one encoding or another."""


def hostile() -> Result:
    """A run that has it in every text and name."""
    text = json.dumps({HOSTILE: HOSTILE, "baseUrl": HOSTILE})
    where = document(text, uri=f"{HOSTILE}/{HOSTILE}.json", environment=HOSTILE)
    fix = Fix((Change("remove", (HOSTILE,)),), False, HOSTILE)
    related = Related(where, (HOSTILE,), where.locate((HOSTILE,)), HOSTILE)
    rule = SLASH._replace(id=HOSTILE, title=HOSTILE, docs=HOSTILE, tags=(HOSTILE,), links=(HOSTILE,))
    run = result(
        finding(where, (HOSTILE,), f"{HOSTILE}\n{HOSTILE}")._replace(fix=fix, related=(related,)),
        finding(where, ("baseUrl", HOSTILE), HOSTILE)._replace(acceptance=Acceptance(HOSTILE, HOSTILE, by=HOSTILE, file=HOSTILE)),
        finding(where, None, HOSTILE, PORT),
        files=(FileStatus(HOSTILE, HOSTILE, HOSTILE, None, "failed", HOSTILE), FileStatus(HOSTILE, None, None, None, "ignored", HOSTILE)),
    )
    return run._replace(
        rules={**run.rules, HOSTILE: rule},
        deployments=(Deployment(HOSTILE, (where,)),),
        configurations=(Configuration(HOSTILE, True, (HOSTILE,), 1, 0, None),),
        notices=(Notice("unused-acceptance", HOSTILE, None, HOSTILE),),
        record=lambda: Record(
            (RuleCoverage(rule, ((RuleStatus("undecided", HOSTILE), 1),)), RuleCoverage(PORT, ((RuleStatus("found", ""), 1),))),
            (({HOSTILE: HOSTILE}, (HOSTILE,)),),
        ),
    )


def many() -> Result:
    """A run with 300 findings in 30 documents."""
    documents = [document(uri=f"server-{number}.json") for number in range(30)]
    return result(*(finding(documents[number % 30], ("baseUrl",), f"mistake {number} of all") for number in range(300)))


def canaries() -> Result:
    """A run with findings about secrets of every form, at all parts of them."""
    values = {f"zq{number}": form for number, form in enumerate(FORMS)}
    where = document(json.dumps({**values, "signingKey": CANARY, "baseUrl": f"https://u:{CANARY}@x.example"}, indent=1))
    found = [finding(where, (name,), f"{name} is wrong") for name in where.data]
    inner = [one._replace(span=one.span._replace(start=one.span.end - 3)) for one in found]
    return result(*found, *inner, *(one._replace(path=None) for one in found))


MANY: Final = "300 findings"
RUNS: Final[dict[str, Callable[[], Result]]] = {
    "nothing": lambda: Result("1.2.3", (), (), (), {}),
    "a clean file": lambda: result(files=(status(document()),)),
    "a file that failed": lambda: result(files=(FileStatus("a.json", None, None, None, "failed", "it cannot be read"),)),
    "a file that is ignored": lambda: result(files=(FileStatus("a.json", None, None, None, "ignored", "a bots configuration"),)),
    "one that is suppressed": lambda: result(
        finding(document(), ("port",), "port")._replace(acceptance=Acceptance(PORT.id, "it is right"))
    ),
    "one about no setting": lambda: result(finding(document(), None, "the file is wrong")),
    "one about what is not there": lambda: result(finding(document(), ("supportEmail",), "supportEmail is missing")),
    "one in an empty file": lambda: result(finding(document(""), None, "nothing is there")),
    "everything": everything,
    "hostile texts": hostile,
    MANY: many,
    "canaries": canaries,
}
STYLES: Final = (Style(), Style(color=True), Style(quiet=True), Style(color=True, width=40, links=True, statistics=True))
every_run = pytest.mark.parametrize("run", RUNS)


def reported(name: str, run: Result, style: Style = Style()) -> str:
    stream = io.StringIO()
    reporter(name).report(run, stream, style)
    return stream.getvalue()


# --- What it has --------------------------------------------------------------------------------------------------------------------


@every_reporter
def test_it_has_its_parts(name: str) -> None:
    demand(lacks_of_reporter(reporter(name)))


@pytest.mark.slow
def test_mypy_accepts_every_reporter(tmp_path: Path) -> None:
    demand(mypy_refuses(Reporter, map(reporter, FORMATS), tmp_path))


@every_reporter
def test_it_imports_nothing_that_has_values(name: str) -> None:
    allowed = {"text", "typed", "model", "redaction.mask"}
    demand(
        f"{file_of(name)} imports linter.{other}: values come to it masked, in messages and excerpts; it needs no more than "
        "linter.text, linter.typed, linter.model, linter.redaction.mask, and parts of reporters whose names begin with _"
        for other in sorted(ours(LINTER / "reporters" / f"{name}.py") - allowed)
        if not other.startswith("reporters._")
    )


@every_reporter
def test_it_is_among_the_options(name: str) -> None:
    [row] = (row for row in rows(text_of("options.md")) if row[0].startswith("`--format`"))
    require(f"`{name}`" in row[1], f"docs/options.md: the row of `--format` does not say what `{name}` is, which {file_of(name)} writes")


@every_reporter
def test_docs_say_what_it_is_for(name: str) -> None:
    table = (ROOT / "docs" / "outputs.md").read_text(encoding="utf-8").partition("\n## The formats\n")[2].partition("\n### ")[0]
    require(f"\n| `{name}` | " in table, f"docs/outputs.md, The formats: no row says what `{name}` is for, which {file_of(name)} writes")


@every_reporter
def test_the_command_line_offers_it(name: str) -> None:
    Path("server.json").write_text('{"baseUrl": "https://api.example.com", "database": {}, "redis": {}}', encoding="utf-8")
    done = CliRunner().invoke(cli, ["server.json", "--format", name, "--select", SLASH.id])
    require(done.exit_code == 1, f"medplum-lint --format {name}, which {file_of(name)} writes, exits {done.exit_code}: {done.output}")
    require(SLASH.id in done.stdout, f"medplum-lint --format {name}, which {file_of(name)} writes, does not name the rule {SLASH.id}")


@every_reporter
def test_its_golden_file(name: str) -> None:
    compare_with(GOLDEN / f"report.{name}", reported(name, everything()))


# --- What it writes -----------------------------------------------------------------------------------------------------------------


@every_run
@every_reporter
def test_what_it_writes(name: str, run: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The same each time, to its stream alone, in whole lines, and nothing that steers a terminal or a runner of CI."""
    for style in STYLES if run != MANY else STYLES[:1]:
        text, again = (reported(name, RUNS[run](), style) for _ in range(2))
        place = f"{file_of(name)}, {run}, {style}"
        require(text == again, f"{place}: two runs differ: it must depend on the result alone")
        require(text == "" or text.endswith("\n"), f"{place}: what it writes must end with the end of a line")
        plain = re.sub(r"\x1b(?:\[[0-9;]*m|\]8;;[!-~]*\x1b\\)", "", text) if style.color else text
        wrong = sorted({ascii(char) for char in plain if char != "\n" and not char.isprintable()})
        require(wrong == [], f"{place}: it writes {', '.join(wrong)}: write texts with printable() of linter.text")
        commands = foreign_commands(name, text)
        require(commands == [], f"{place}: it writes {commands[:1]}, a command to a runner of CI: write lines with inert() of linter.text")
        parsed(name, text)
    require(tuple(capfd.readouterr()) == ("", ""), f"{file_of(name)} writes to standard output or error: it has a stream")
    require([*Path.cwd().iterdir()] == [], f"{file_of(name)} writes a file: it has a stream")


@pytest.mark.quick_cases(22)
@every_run
@every_reporter
def test_it_fits_any_stream(name: str, run: str) -> None:
    """One whose encoding lacks characters has something else for them, and is a file of the same format."""
    whole = reported(name, RUNS[run]())
    require(_is_unicode(whole), f"{file_of(name)}, {run}: it writes half of a surrogate pair, which no encoding has: use printable()")
    bytes_ = io.BytesIO()
    with io.TextIOWrapper(bytes_, encoding="ascii", errors="replace", newline="\n") as stream:
        reporter(name).report(RUNS[run](), stream, Style())
        stream.flush()
        written_ = bytes_.getvalue().decode("ascii")
    parsed(name, written_)
    if _json(whole) is not None:
        require(_json(whole) == _json(written_), f"{file_of(name)}, {run}: in ASCII its JSON says something else")
    require(written_.count("\n") == whole.count("\n"), f"{file_of(name)}, {run}: in ASCII it has other lines")


def _is_unicode(text: str) -> bool:
    return not re.search("[\ud800-\udfff]", text)


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


@pytest.mark.parametrize("run", ["everything", MANY])
@every_reporter
def test_it_writes_every_finding_that_counts(name: str, run: str) -> None:
    made = RUNS[run]()
    text = reported(name, made)
    demand(
        f"{file_of(name)}, {run}: {what!r} of a finding is not written: {one.message}"
        for one in made.findings
        if one.suppressed is None
        for what in (one.message, one.rule, one.document.uri)
        if what not in text
    )


@every_reporter
def test_it_says_what_could_not_be_read_and_which_configurations_were_used(name: str) -> None:
    """Without it a run that was configured by the author of a pull request looks as one that was not, and a failed one as a clean one."""
    made = everything()
    text = reported(name, made)
    demand(
        f"{file_of(name)}: {path} is not written, {why}: say so, as a finding if the format has nothing else"
        for path, why in (
            *((file.path, "a file that could not be read") for file in made.files if file.status == "failed"),
            *((one.path, "a configuration file that was used") for one in made.configurations),
        )
        if path not in text
    )


@every_reporter
def test_it_reports_suppressed_findings_where_it_says_so(name: str) -> None:
    run = RUNS["one that is suppressed"]()
    plain, asked = reported(name, run), reported(name, run, Style(suppressed=True))
    if getattr(reporter(name), "SHOWS_SUPPRESSED", False):
        require("it is right" not in plain, f"{file_of(name)}: it reports suppressed findings that nobody asks for: heed style.suppressed")
        require("it is right" in asked, f"{file_of(name)} says SHOWS_SUPPRESSED, and does not report why a finding is suppressed")
    else:
        require(plain == asked, f"{file_of(name)} heeds style.suppressed: say SHOWS_SUPPRESSED = True, so that the command line offers it")


@every_reporter
def test_it_is_quiet_or_says_that_it_is_not(name: str) -> None:
    docs = f"{reporter(name).__doc__} {reporter(name).report.__doc__}"
    require("quiet" in docs, f"{file_of(name)}: say in the docstring of report what ``quiet`` leaves out, or that it leaves nothing out")
    if any(reported(name, make()) != reported(name, make(), Style(quiet=True)) for run, make in RUNS.items() if run != MANY):
        silent = reported(name, RUNS["a clean file"](), Style(quiet=True)) == ""
        require(silent, f"{file_of(name)}: with ``quiet`` it writes of a clean run: it must write nothing, or else leave nothing out")


@every_reporter
def test_it_reveals_no_secret(name: str) -> None:
    """(``test_canaries.py`` has it report files of every source, with a secret in every setting.)"""
    for style in STYLES:
        given_away = printed(reported(name, canaries(), style))
        require(given_away == [], f"{file_of(name)}, {style}: it prints {given_away} of a secret: show what Origin.excerpt shows")
