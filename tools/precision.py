"""How precise the linter is: ``python tools/precision.py [FOLDER]`` compares its findings with verdicts written by hand.

Each folder of ``tests/fixtures/real`` (or of FOLDER) is linted as a user would lint its files, and every finding is matched with a verdict
of its ``expected.txt``, whose form the README of that folder gives. Printed are recall (what of the broken and doubtful is found) and
precision (what of the findings is right), how many findings a file has, which files are read or passed over by mistake, and each mistake by
rule. ``--check`` exits 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from linter.cli import cli

ROOT = Path(__file__).resolve().parent.parent
REAL = ROOT / "tests" / "fixtures" / "real"
DEPLOYMENTS = ROOT / "tests" / "fixtures" / "deployments"
HOSTS: Final = ("local", "public", "template")
LEVELS: Final = ("broken", "doubtful", "advice", "fine")
SEVERITIES: Final = ("error", "warning", "note")
RIGHT: Final = {"error": ("broken",), "warning": ("broken", "doubtful"), "note": ("doubtful", "advice")}
"""On which verdicts a finding of a severity is right."""
NO_SETTING: Final = "-"

_EXPECTED: Final = "expected.txt"
_TODAY: Final = "2026-11-25"
"""The date for certificates, so that runs repeat."""
_GOALS: Final = {
    "broken is found": 98.0,
    "broken is reported as an error": 95.0,
    "doubtful is found": 95.0,
    "errors are right": 99.0,
    "warnings are right": 97.0,
}
"""Per cent, at least."""
_OF_DEPLOYMENTS: Final = {
    "broken is found": 94.0,
    "broken is reported as an error": 85.0,
    "doubtful is found": 85.0,
    "errors are right": 99.0,
    "warnings are right": 90.0,
}
"""The same where several files make a server: some of what is broken there lies in a form that is not read yet, or is a warning."""
_MOST_FINDINGS: Final = {"local": 1, "public": 7}
"""What the median of the findings of a file may be."""


class Verdict(NamedTuple):
    """What a reader says of one cause, and every setting at which it may be reported; ``a.*`` is ``a`` and all below it."""

    level: str
    settings: tuple[str, ...]
    why: str

    def covers(self, setting: str) -> bool:
        return any(setting == one or (one.endswith(".*") and f"{setting}.".startswith(one[:-1])) for one in self.settings)


class Case(NamedTuple):
    """A folder: its files, and what a reader says of them."""

    name: str
    folder: Path
    files: tuple[str, ...]
    host: str
    read: bool
    verdicts: tuple[Verdict, ...]
    others: tuple[str, ...] = ()
    """Files that configure no server and need not be read."""


class Finding(NamedTuple):
    """What the linter reports. ``related`` are the settings that it compared; ``document`` is the file and its environment."""

    rule: str
    severity: str
    setting: str
    related: tuple[str, ...] = ()
    document: tuple[str, str | None] = ("", None)
    fix: str = ""
    """``safe`` or ``unsafe`` where it has a fix."""


class Judged(NamedTuple):
    """A finding with the verdict that it is about. ``verdict`` is None where no verdict names its setting; ``first``: no graver one did."""

    case: str
    finding: Finding
    verdict: Verdict | None
    first: bool

    @property
    def level(self) -> str:
        return "fine" if self.verdict is None else self.verdict.level

    @property
    def fits(self) -> bool:
        return self.level in RIGHT[self.finding.severity]

    @property
    def repeated(self) -> bool:
        return self.fits and not self.first

    @property
    def right(self) -> bool:
        """Whether it counts as right: a second warning on one cause does not, a second error does."""
        return self.fits and (self.first or self.finding.severity == "error")


class Outcome(NamedTuple):
    """What came of one folder. ``unread``: files that should be checked and were not; ``misread``: the other way round."""

    case: Case
    judged: tuple[Judged, ...]
    unread: tuple[str, ...]
    misread: tuple[str, ...]

    def severities(self, verdict: Verdict) -> set[str]:
        """Of which severities findings on a verdict are: those that are about it alone, and those that list its setting among others."""
        return {
            one.finding.severity
            for one in self.judged
            if one.verdict is verdict or any(map(verdict.covers, (one.finding.setting, *one.finding.related)))
        }


# --- Reading and linting ------------------------------------------------------------------------------------------------------------


def read_cases(folder: Path) -> list[Case]:
    """The cases of a folder; raises ValueError for a mistake in an ``expected.txt``."""
    cases = [read_case(one) for one in sorted(folder.iterdir()) if one.is_dir()]
    if not cases:
        raise ValueError(f"{folder}: no folder with an {_EXPECTED}")
    return cases


def read_case(folder: Path) -> Case:
    """One case; raises ValueError for a mistake."""
    header: dict[str, str] = {}
    others: list[str] = []
    verdicts: list[Verdict] = []
    for number, line in enumerate((folder / _EXPECTED).read_text(encoding="utf-8").splitlines(), 1):
        field = re.fullmatch(r"(host|read|other): *(\S+)", line)
        if field is not None and field[1] == "other":
            others.append(field[2])
        elif field is not None:
            header[field[1]] = field[2]
        elif line and not line.startswith("#"):
            verdicts.append(_verdict(line, f"{folder / _EXPECTED}:{number}"))
    if header.get("host") not in HOSTS or header.get("read") not in ("yes", "no"):
        raise ValueError(f"{folder / _EXPECTED}: says no host ({', '.join(HOSTS)}) or not whether to read it (yes, no)")
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path.name != _EXPECTED)
    if not files:
        raise ValueError(f"{folder}: no file to lint")
    if not set(others) <= set(files):
        raise ValueError(f"{folder / _EXPECTED}: other is a file of the folder")
    return Case(folder.name, folder, tuple(files), header["host"], header["read"] == "yes", tuple(verdicts), tuple(others))


def _verdict(line: str, where: str) -> Verdict:
    parts = re.split(r" {2,}", line, maxsplit=2)
    if len(parts) != 3 or parts[0] not in LEVELS or not parts[2]:
        raise ValueError(f"{where}: write LEVEL, SETTINGS and a reason with two blanks between them; a level is {', '.join(LEVELS)}")
    settings = tuple(one.strip() for one in parts[1].split("|"))
    if not all(re.fullmatch(r"\S+", one) for one in settings):
        raise ValueError(f"{where}: write settings as a | b | c.*")
    return Verdict(parts[0], settings, parts[2])


def lint(case: Case) -> Outcome:
    """Lint the files of a case, and match what is found with its verdicts."""
    report = _report(case)
    checked = {file["path"] for file in report["files"] if file["status"] == "checked"} | {one["path"] for one in report["findings"]}
    findings = [
        Finding(
            one["rule"],
            one["severity"],
            _named(one),
            tuple(map(_named, one["related"])),
            (one["path"], one["environment"]),
            "" if one["fix"] is None else "safe" if one["fix"]["safe"] else "unsafe",
        )
        for one in report["findings"]
        if one["suppressed"] is None
    ]
    unread = tuple(file for file in case.files if case.read and file not in checked and file not in case.others)
    misread = tuple(file for file in case.files if not case.read and file in checked)
    return Outcome(case, tuple(match(case, findings)), unread, misread)


def _named(place: Mapping[str, Any]) -> str:
    """The setting at a place; the environment of a server has none."""
    return NO_SETTING if place["kind"] == "workload" else place["setting"] or NO_SETTING


def _report(case: Case) -> Any:
    """The JSON report on the files of a case, in the voice that a user hears."""
    with tempfile.TemporaryDirectory() as folder, _inside(case.folder):
        output = Path(folder) / "report.json"
        arguments = ["check", "--isolated", "--now", _TODAY, "--format", "json", "--output", str(output), *case.files]
        printed = io.StringIO()
        with redirect_stdout(printed), redirect_stderr(printed):
            code: object = 0
            try:
                cli.main(arguments, prog_name="medplum-lint")
            except SystemExit as stop:
                code = stop.code
        if code not in (0, 1, 2) or not output.exists():
            raise RuntimeError(f"{case.name}: exit code {code}\n{printed.getvalue()}")
        return json.loads(output.read_text(encoding="ascii"))


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def match(case: Case, findings: Iterable[Finding]) -> list[Judged]:
    """Give each finding its verdict, the most severe findings first, so that the milder one of two is the repetition."""
    taken: set[tuple[int, tuple[str, str | None]]] = set()
    judged = []
    for finding in sorted(findings, key=lambda one: SEVERITIES.index(one.severity)):
        number = _choose(case.verdicts, finding, taken)
        if number is None:
            judged.append(Judged(case.name, finding, None, True))
            continue
        judged.append(Judged(case.name, finding, case.verdicts[number], (number, finding.document) not in taken))
        taken.add((number, finding.document))
    return judged


def _choose(verdicts: Sequence[Verdict], finding: Finding, taken: set[tuple[int, tuple[str, str | None]]]) -> int | None:
    """The verdict that a finding is about: one on which it is right before others, then a free one, then one of its own setting."""

    def rank(number: int) -> tuple[bool, bool, bool, int]:
        verdict = verdicts[number]
        return (
            verdict.level not in RIGHT[finding.severity],
            (number, finding.document) in taken,
            not verdict.covers(finding.setting),
            number,
        )

    about = (finding.setting, *finding.related)
    return min((number for number, verdict in enumerate(verdicts) if any(map(verdict.covers, about))), key=rank, default=None)


# --- Counting -----------------------------------------------------------------------------------------------------------------------


class Share(NamedTuple):
    """How many of how many."""

    part: int
    whole: int

    @property
    def percent(self) -> float:
        return 100.0 if self.whole == 0 else 100.0 * self.part / self.whole

    def __str__(self) -> str:
        return f"{self.part} of {self.whole} ({self.percent:.1f} %)"


def _share(whole: Iterable[bool]) -> Share:
    all_of_it = list(whole)
    return Share(sum(all_of_it), len(all_of_it))


def shares(outcomes: Sequence[Outcome]) -> dict[str, Share]:
    """Recall and precision, by the names of the goals."""
    verdicts = [(outcome, one) for outcome in outcomes for one in outcome.case.verdicts]
    judged = [one for outcome in outcomes for one in outcome.judged]
    return {
        "broken is found": _share(bool(outcome.severities(one)) for outcome, one in verdicts if one.level == "broken"),
        "broken is reported as an error": _share("error" in outcome.severities(one) for outcome, one in verdicts if one.level == "broken"),
        "doubtful is found": _share(bool(outcome.severities(one)) for outcome, one in verdicts if one.level == "doubtful"),
        **{f"{severity}s are right": _share(one.right for one in judged if one.finding.severity == severity) for severity in SEVERITIES},
    }


def counts(outcomes: Sequence[Outcome], host: str) -> list[int]:
    """How many findings each configuration of a host has."""
    return [len(outcome.judged) for outcome in outcomes if outcome.case.read and outcome.case.host == host]


def missed_goals(outcomes: Sequence[Outcome], goals: Mapping[str, float] = _GOALS) -> list[str]:
    """What is not reached, one sentence each; of deployments only the shares."""
    reached = shares(outcomes)
    missed = [f"{name}: {reached[name]}, not {goal:g} %" for name, goal in goals.items() if reached[name].percent < goal]
    if goals is _OF_DEPLOYMENTS:
        return missed
    for host, most in _MOST_FINDINGS.items():
        found = counts(outcomes, host)
        if found and median(found) > most:
            missed.append(f"findings of a {host} file: the median is {median(found):g}, not at most {most}")
    wrong = sorted({one.finding.rule for outcome in outcomes for one in outcome.judged if not one.right})
    if wrong:
        missed.append(f"rules that are wrong or repeat another: {', '.join(wrong)}")
    mistaken = [outcome.case.name for outcome in outcomes if outcome.unread or outcome.misread]
    if mistaken:
        missed.append(f"read or passed over by mistake: {', '.join(mistaken)}")
    return missed


# --- Printing -----------------------------------------------------------------------------------------------------------------------


def report(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """What is printed, line by line."""
    hosts = Counter(outcome.case.host for outcome in outcomes if outcome.case.read)
    skipped = sum(not outcome.case.read for outcome in outcomes)
    yield f"{len(outcomes)} folders: {', '.join(f'{hosts[host]} {host}' for host in HOSTS)}, {skipped} to be passed over"
    yield ""
    for name, share in shares(outcomes).items():
        yield f"{name:<32} {share}"
    for host in HOSTS:
        found = counts(outcomes, host)
        if found:
            yield f"{f'findings of a {host} file':<32} median {median(found):g}, at most {max(found)}"
    yield from _fixes(outcomes)
    yield from _reading(outcomes)
    yield from _by_rule(outcomes)
    yield from _missed(outcomes)


def _fixes(outcomes: Sequence[Outcome]) -> Iterator[str]:
    findings = [one.finding for outcome in outcomes for one in outcome.judged]
    yield f"{'findings have a fix':<32} {_share(one.fix != '' for one in findings)}"
    for safety in ("safe", "unsafe"):
        yield f"{f'  {safety}':<32} {sum(one.fix == safety for one in findings)}"


def _reading(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield f"{'reading mistakes':<32} {sum(len(outcome.unread) + len(outcome.misread) for outcome in outcomes)}"
    for outcome in outcomes:
        for file in outcome.unread:
            yield f"  not read       {outcome.case.name}/{file}"
        for file in outcome.misread:
            yield f"  read           {outcome.case.name}/{file}, which is no configuration of a server"


def _by_rule(outcomes: Sequence[Outcome]) -> Iterator[str]:
    rules: dict[str, list[Judged]] = defaultdict(list)
    for outcome in outcomes:
        for one in outcome.judged:
            rules[one.finding.rule].append(one)
    yield from ("", f"{'rule':<44} right repeated wrong")
    for rule, judged in sorted(rules.items(), key=lambda item: (sum(one.right for one in item[1]) - len(item[1]), item[0])):
        repeated, wrong = sum(one.repeated for one in judged), sum(not one.fits for one in judged)
        yield f"{rule:<44} {len(judged) - repeated - wrong:>5} {repeated:>8} {wrong:>5}"
        for one in judged:
            if one.repeated or not one.fits:
                mistake = "repeated" if one.repeated else "wrong"
                yield f"  {mistake:<9} {one.finding.severity:<8} {one.case}: {one.finding.setting} is {_description(one)}"


def _description(one: Judged) -> str:
    return "not named, so fine" if one.verdict is None else f"{one.level}: {one.verdict.why}"


def _missed(outcomes: Sequence[Outcome]) -> Iterator[str]:
    lines: dict[str, list[str]] = defaultdict(list)
    for outcome in outcomes:
        for verdict in outcome.case.verdicts:
            found = outcome.severities(verdict)
            line = f"  {verdict.level:<9} {outcome.case.name}: {' | '.join(verdict.settings)}: {verdict.why}"
            if verdict.level in ("broken", "doubtful") and not found:
                lines["missed"].append(line)
            elif verdict.level == "broken" and "error" not in found:
                rules = sorted({one.finding.rule for one in outcome.judged if one.verdict is verdict})
                lines["found, but not as an error"].append(f"{line} ({', '.join(rules)})")
    for heading, them in sorted(lines.items(), reverse=True):
        yield from ("", f"{heading}: {len(them)}", *them)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print; exit code 1 with ``--check`` where a goal is missed."""
    parser = argparse.ArgumentParser(description="Hold the linter's findings against verdicts that were written by hand.")
    parser.add_argument("folder", nargs="?", type=Path, default=REAL, help="folders of files and expected.txt [tests/fixtures/real]")
    parser.add_argument("--check", action="store_true", help="exit 1 when a goal is missed")
    given = parser.parse_args(arguments)
    outcomes = [lint(case) for case in read_cases(given.folder)]
    for line in report(outcomes):
        print(line)
    missed = missed_goals(outcomes, _OF_DEPLOYMENTS if given.folder.resolve() == DEPLOYMENTS else _GOALS)
    for line in missed:
        print(f"\nmissed goal: {line}", end="")
    print("" if missed else "\nevery goal is reached")
    return 1 if given.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
