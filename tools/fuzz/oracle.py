"""What must be true of every command on every input, and whether it is."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple
from xml.etree import ElementTree

from linter import reporters
from linter.settings import KINDS

from . import commands
from .canaries import Canaries, Detector
from .cases import File, make
from .commands import Run
from .corpus import KIND_OF_CATALOGUE, ROOT

SLOW = 20.0
"""Seconds of CPU that no command on a small file may take."""

POLICY: Final = """\
id: fuzz/everything
title: A policy that prints whatever it can
severity: note
for: [server, infra, secret]
must:
  <secret>: {matches: "^never$"}
  <public>: {matches: "^never$"}
  "**.password": {starts_with: "never"}
message: "${@path} is ${.} ${@reason}"
docs: It prints.
examples:
  good: [{data: {}}]
  bad: [{data: {port: 1}, finds: [port]}]
"""


class Failure(NamedTuple):
    """A promise that did not hold: its name, the command, and what shows it."""

    promise: str
    command: str
    detail: str

    @property
    def key(self) -> tuple[str, str, str]:
        """The failure without what differs from case to case."""
        written = re.search(r"written as (.*?)\):", self.detail)
        return self.promise, self.command, written[1] if written else ""


class Case(NamedTuple):
    """The files of a run with their twins, which differ in their secrets only, the secrets, and what finds them.

    ``longer`` are the files with longer secrets, none where these would have other changes.
    """

    files: tuple[File, ...]
    twins: tuple[File, ...]
    longer: tuple[File, ...]
    secrets: tuple[str, ...]
    detector: Detector


def make_case(seed: int) -> Case:
    """The case of a seed: mostly one file, now and then several."""
    random = Random(seed)
    one, other = Canaries(2 * seed), Canaries(2 * seed + 1)
    seeds = [random.getrandbits(48) for _ in range(random.choice([1, 1, 1, 1, 2, 3]))]
    long = Canaries(2 * seed, longer=random.choice([1, 5, 40]))
    files, twins, longer = (tuple(make(each, canaries) for each in seeds) for canaries in (one, other, long))
    same = all(file.whole for file in (*files, *longer))
    return Case(files, twins, longer if same else (), tuple(one.made), Detector([*one.needles(), *other.needles()]))


KINDS_TO_TRY: Final = (
    "server/json",
    "server/ssm",
    "server/env",
    "server/azure",
    "infra/json",
    "secret/database",
    "secret/redis",
)


class Plan(NamedTuple):
    """A command on the files of a case: its name for a report, and its arguments.

    ``stdin`` is the number of the file that is piped; ``output`` is where the report goes if not to standard output.
    """

    name: str
    arguments: tuple[str, ...]
    stdin: int | None = None
    output: str = ""

    def run(self, files: Sequence[File], how: Callable[[Sequence[str], bytes], Run] = commands.inside) -> Run:
        """Run it in the current folder; the content of its output file counts as standard output."""
        done = how(self.arguments, files[self.stdin].data if self.stdin is not None else b"")
        written = Path(self.output) if self.output else None
        if written is None or not written.is_file():
            return done
        try:
            return done._replace(out=done.out + written.read_bytes())
        finally:
            written.unlink()


SERVERS: Final = ("3.0.0", "4.1.0", "4.3", "4.3.5", "5.0.5", "5.1.14", "5.1.23", "5.1.40", "5.2.5", "main", "7", ">=4.3,<5.1.14", "<4")
"""Servers that read settings differently."""


def plans(case: Case, names: Sequence[str], random: Random) -> list[Plan]:
    """The commands to run on the files, which lie in the current folder under ``names``."""
    kind = case.files[0].kind if random.random() < 0.5 and case.files[0].kind else random.choice(KINDS_TO_TRY)
    given = ["--kind", kind] if random.random() < 0.4 else []
    now = ["--now", "2026-01-31"]
    paths = ["--", *(f"./{name}" for name in names)]
    more = ["--rules", "../policies"] if random.random() < 0.3 else []
    piped = random.random() < 0.25 and len(names) == 1
    server = ["--server-version", random.choice(SERVERS)] if random.random() < 0.4 else []
    given = [*given, *server]
    check = ["-", *given, *now, *more] if piped else [*given, *now, *more, *paths]
    stdin = 0 if piped else None
    output = "../report" if random.random() < 0.15 else ""
    aside = ["--output", output] if output else []
    made = [Plan(f"check {form}", ("check", "--format", form, *aside, *check), stdin, output) for form in reporters.names()]
    unsafe = random.choice([(), ("--unsafe-fixes",)])
    made += [Plan("check --diff", ("check", "--diff", *unsafe, *check), stdin)]
    shown = ["-", *given] if piped else [*given, *paths]
    options = random.choice([[], ["--defaults"], ["--only-changed"]])
    made += [Plan(f"show {form}", ("show", "--format", form, *options, *shown), stdin) for form in ("text", "json")]
    other = f"./{random.choice(['twin', *names])}"
    made += [Plan(f"diff {form}", ("diff", "--format", form, "--", f"./{names[0]}", other), None) for form in ("text", "json")]
    upgraded = ("--from", random.choice(["3.0.0", "4.1.12", "5.1.13"]))
    forms = ("text", "json", "markdown")
    made += [Plan(f"upgrade {form}", ("upgrade", "--format", form, *upgraded, *shown), stdin) for form in forms]
    return made


class Room:
    """A folder in which cases are run, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.case = folder / "case"
        (folder / "policies").mkdir(parents=True, exist_ok=True)
        (folder / "policies" / "everything.yaml").write_text(POLICY, encoding="utf-8")

    def prepare(self, files: Sequence[File], twin: File | None) -> list[str]:
        """Write files into the empty folder and make it the current one; their names."""
        os.chdir(self.folder)
        shutil.rmtree(self.case, ignore_errors=True)
        self.case.mkdir()
        os.chdir(self.case)
        names = []
        for number, file in enumerate(files):
            name = file.name if file.name not in names else f"{number}-{file.name}"
            names.append(_write(name, file.data))
        if twin is not None:
            Path("twin").write_bytes(twin.data)
        return names


def _write(name: str, data: bytes) -> str:
    """Write a file under a name, or where no file can have it, under a plain one."""
    try:
        Path(name).write_bytes(data)
    except (OSError, ValueError, UnicodeError):
        name = re.sub(r"[^A-Za-z0-9.]", "_", name)
        Path(name).write_bytes(data)
    return name


def failures(case: Case, room: Room, seed: int, *, outside: bool = False, only: str | None = None) -> list[Failure]:
    """Run every command on a case, and return which promises did not hold. ``only`` names the one command to run."""
    names = room.prepare(case.files, case.twins[0])
    chosen = [plan for plan in plans(case, names, Random(seed)) if only in (None, plan.name)]
    before = _contents(room.case)
    found: list[Failure] = []
    reports: list[Run] = []
    for plan in chosen:
        started = time.process_time()
        run = plan.run(case.files)
        if time.process_time() - started > SLOW:
            found.append(Failure("slow", plan.name, f"{time.process_time() - started:.0f} s of CPU"))
        reports.append(run)
        found += [Failure(promise, plan.name, detail) for promise, detail in broken(run, plan, case)]
    if chosen:
        found += _repeated(chosen[seed % len(chosen)], reports[seed % len(chosen)], case, outside=outside)
    after = _contents(room.case)
    if after != before:
        found.append(Failure("a file changed", "all", ", ".join(sorted(set(after) ^ set(before))) or "contents"))
    if only in (None, FIX):
        found += [Failure(promise, FIX, detail) for promise, detail in _fixed(case, names, room)]
    found += _twins(case, chosen, reports, room)
    found += _lengths(case, chosen, reports, room)
    case.detector.forget()
    return found


FIX: Final = "check --fix"


def _fixed(case: Case, names: Sequence[str], room: Room) -> Iterator[tuple[str, str]]:
    """What is wrong with the files after their fixes are made. They are to be written again before anything else is run.

    A secret under an unknown name may be public under its new name, so reports are not searched for it.
    """
    plan = Plan(FIX, ("check", "--fix", "--unsafe-fixes", "--now", "2026-01-31", "--", *(f"./{name}" for name in names)))
    first = plan.run(case.files)
    yield from _stops(first)
    yield from _printable(first)
    fixed = _contents(room.case)
    second = plan.run(case.files)
    if _contents(room.case) != fixed:
        yield "fixes leave something to fix", ", ".join(name for name, data in _contents(room.case).items() if data != fixed.get(name))
    if second.code not in (0, 1, first.code):
        yield "fixes break a file", second.complaints[:300]


def _contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in os.listdir(folder)}


def _repeated(plan: Plan, first: Run, case: Case, *, outside: bool) -> Iterator[Failure]:
    second = plan.run(case.files, commands.outside if outside else commands.inside)
    for name, one, other in (("code", first.code, second.code), ("output", first.out, second.out), ("errors", first.err, second.err)):
        if one != other:
            yield Failure("two runs differ", plan.name, f"{name}{' of another process' if outside else ''}: {_difference(one, other)}")


def _difference(one: Any, other: Any) -> str:
    if not isinstance(one, bytes):
        return f"{one} and {other}"
    lines, others = one.decode("utf-8", "replace").split("\n"), other.decode("utf-8", "replace").split("\n")
    for first, second in zip(lines, others, strict=False):
        if first != second:
            return f"{first!r} and {second!r}"
    return f"{len(lines)} and {len(others)} lines"


def _twins(case: Case, chosen: Sequence[Plan], reports: Sequence[Run], room: Room) -> Iterator[Failure]:
    """Files that differ in their secrets alone give the same reports: anything else of them in a report, such as a hash of one, shows."""
    names = room.prepare(case.twins, case.files[0])
    for plan, run in zip(chosen, reports, strict=True):
        other = plan.run(case.twins)
        if (run.out, run.err, run.code) != (other.out, other.err, other.code) and len(names) == len(case.files):
            detail = (
                _difference(run.out + run.err, other.out + other.err) if run.code == other.code else f"exit {run.code} and {other.code}"
            )
            yield Failure("another secret, another report", plan.name, detail)


def _lengths(case: Case, chosen: Sequence[Plan], reports: Sequence[Run], room: Room) -> Iterator[Failure]:
    """Files with longer secrets give reports that say the same; only columns after a secret may differ."""
    if [len(_lines(file.data)) for file in case.longer] != [len(_lines(file.data)) for file in case.files]:
        return
    room.prepare(case.longer, case.longer[0])
    for plan, run in zip(chosen, reports, strict=True):
        if plan.name not in ("show text", "show json", "check json"):
            continue
        longer = plan.run(case.longer)
        one, other = _without_columns(plan, run), _without_columns(plan, longer)
        # Of a broken file another part may be read, or none: YAML looks for the colon after a name in 1,024 characters only.
        if (run.code, run.err) == (longer.code, longer.err) and one != other and not _is_broken(run):
            yield Failure("the length of a secret", plan.name, _difference(one, other))


def _is_broken(run: Run) -> bool:
    return b"invalid-yaml" in run.out or b"not recognised" in run.err or b"stops at a mistake" in run.err


def _without_columns(plan: Plan, run: Run) -> bytes:
    """A report with the widths of places for the columns where they begin, which depend on what is before them."""
    report = _parsed(run) if plan.name == "check json" else None
    if report is None:
        return run.out
    for finding in report["findings"]:
        for one in (finding, *finding["related"], *((finding["fix"] or {}).get("edits") or ())):
            start, end = one["range"]["start"], one["range"]["end"]
            end["column"] -= start["column"] if start["line"] == end["line"] else 0
            start["column"] = 0
    report["findings"].sort(key=lambda finding: json.dumps(finding))
    # How long a whole parameter is, is reported where AWS takes no more.
    return re.sub(r"\d[\d,]*(?= characters)", "*", json.dumps(report, indent=1)).encode()


# One run


def broken(run: Run, plan: Plan, case: Case) -> Iterator[tuple[str, str]]:
    """The promises that one run of a command breaks, and what shows it."""
    yield from _stops(run)
    yield from _printable(run, plan.name)
    rest = _rest(case)
    for stream, text in (("output", run.report), ("errors", run.complaints)):
        for needle, line in case.detector.found(text, rest):
            yield "a secret is printed", f"{stream}: {needle}: {line[:300]}"
            break
    if plan.name == "check json":
        yield from _json(run, plan, case)
    if plan.name == "check sarif":
        yield from _sarif(run, plan, case)
    if plan.name == "check gitlab":
        yield from _gitlab(run, case)
    if plan.name == "check junit":
        yield from _junit(run)


def _rest(case: Case) -> str:
    """The input without its secrets."""
    return "\n".join(file.name for file in case.files)


def _stops(run: Run) -> Iterator[tuple[str, str]]:
    if run.crash:
        yield "an exception", run.crash.strip().split("\n")[-1][:300] + " | " + " ".join(run.crash.strip().split("\n")[-3:-1])
    elif run.code not in (0, 1, 2):
        yield "the exit code", f"{run.code}: {run.complaints.strip()[:300]}"
    if re.search(r"Traceback|Warning: |\.py:\d+: ", run.complaints):
        yield "not for a user", run.complaints.strip()[:300]
    if run.code == 2 and not run.complaints.strip():
        yield "exit code 2 without a reason", run.report[-200:]


_CONTROL: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]")


_OWN_COMMANDS: Final = {
    "check github": re.compile(r"^::(?=(?:error|warning|notice) [^:]*::)", re.MULTILINE),
    "check azure": re.compile(r"^##(?=vso\[task\.logissue [^\]]*\])", re.MULTILINE),
}
"""How a command begins that a format is made of."""


def _printable(run: Run, name: str = "") -> Iterator[tuple[str, str]]:
    for stream, text in (("output", run.report), ("errors", run.complaints)):
        control = _CONTROL.search(text)
        if control is not None:
            line = text[text.rfind("\n", 0, control.start()) + 1 :].split("\n")[0]
            yield "a control character", f"{stream}: U+{ord(control[0]):04X} in {line[:200]!r}"
        own = _OWN_COMMANDS.get(name) if stream == "output" else None
        command = re.search(r"^\s*::\w.*|.*##(?:vso)?\[.*", own.sub("", text) if own else text, re.MULTILINE | re.IGNORECASE)
        if command is not None:
            yield "a workflow command", f"{stream}: {command[0][:200]}"


def _parsed(run: Run) -> Any:
    try:
        return json.loads(run.out)
    except ValueError:
        return None


def _json(run: Run, plan: Plan, case: Case) -> Iterator[tuple[str, str]]:
    report = _parsed(run)
    if report is None:
        if run.code != 2:
            yield "no JSON", run.report[:200]
        return
    texts = [_lines(file.data) for file in case.files]
    for finding in report["findings"]:
        for one in (finding, *finding["related"]):
            if not any(_within(one["range"], lines) for lines in texts):
                yield "a range outside of the file", f"{finding['rule']}: {one['range']}"
                break
    yield from _silence(run, plan, report)


def _silence(run: Run, plan: Plan, report: Any) -> Iterator[tuple[str, str]]:
    """What was named and could not be read does not end in exit code 0."""
    statuses = {file["status"] for file in report["files"]}
    if run.code == 0 and "checked" not in statuses and ("--kind" in plan.arguments or not statuses):
        yield "nothing read, exit 0", f"{report['files'][:2]}"
    if run.code == 0 and "failed" in statuses:
        yield "a failure, exit 0", f"{report['files'][:2]}"


_LINE_END: Final = re.compile(r"\r\n|\r|\n")


@cache
def _lines(data: bytes) -> tuple[int, ...]:
    """The length of each line."""
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    return tuple(len(line) for line in _LINE_END.split(text))


def _within(where: Any, lines: tuple[int, ...]) -> bool:
    start, end = ((where[edge]["line"], where[edge]["column"]) for edge in ("start", "end"))
    if not (1, 1) <= start <= end or end[0] > len(lines):
        return False
    return all(1 <= column <= lines[line - 1] + 1 for line, column in (start, end))


def _sarif(run: Run, plan: Plan, case: Case) -> Iterator[tuple[str, str]]:
    log = _parsed(run)
    if log is None:
        if run.code != 2:
            yield "no SARIF", run.report[:200]
        return
    [sarif] = log["runs"]
    yield from _invalid(log)
    if len(case.files) > 1:
        return
    data = case.files[0].data
    raw = raw_hashes(data)
    masked = _lines_with_secrets(data, case.secrets)
    lines = _lines(data)
    for result in sarif["results"]:
        region = result["locations"][0]["physicalLocation"]["region"]
        edges = {
            "start": {"line": region["startLine"], "column": region.get("startColumn", 1)},
            "end": {"line": region.get("endLine", region["startLine"]), "column": region.get("endColumn", 1)},
        }
        if not _within(edges, lines):
            yield "a region outside of the file", f"{result['ruleId']}: {region}"
        line = region["startLine"] - 1
        prints = {value.partition(":")[0] for value in result.get("partialFingerprints", {}).values()}
        if line in masked and line < len(raw) and raw[line] in prints:
            yield "a fingerprint of a secret", f"{result['ruleId']}: line {line + 1}"


def _gitlab(run: Run, case: Case) -> Iterator[tuple[str, str]]:
    issues = _parsed(run)
    if not isinstance(issues, list):
        if run.code != 2:
            yield "no Code Quality report", run.report[:200]
        return
    if len({issue["fingerprint"] for issue in issues}) < len(issues):
        yield "two findings with one fingerprint", ", ".join(issue["check_name"] for issue in issues)[:200]
    last = max(len(_lines(file.data)) for file in case.files)
    for issue in issues:
        if not 1 <= issue["location"]["lines"]["begin"] <= last:
            yield "a line outside of the file", f"{issue['check_name']}: {issue['location']}"


def _junit(run: Run) -> Iterator[tuple[str, str]]:
    try:
        suites = ElementTree.fromstring(run.out)
    except ElementTree.ParseError as error:
        if run.code != 2:
            yield "no JUnit XML", f"{error}: {run.report[:200]}"
        return
    names = [(case.get("classname"), case.get("name")) for case in suites.iter("testcase")]
    if len({*names}) < len(names):
        yield "two tests with one name", f"{max(names, key=names.count)}"


def _invalid(log: Any) -> Iterator[tuple[str, str]]:
    validator = _validator()
    if validator is None:
        return
    for run in log["runs"]:
        run["tool"]["driver"]["rules"] = run["tool"]["driver"]["rules"][:1]  # they are the same each time
        run["results"] = run["results"][:5]
    error = next(iter(validator.iter_errors(log)), None)
    if error is not None:
        yield "SARIF against its schema", f"{error.json_path}: {error.message[:200]}"


@cache
def _validator() -> Any:
    """The validator of SARIF's schema, None where there is none."""
    import jsonschema

    for path in (ROOT / "schemas/sarif-2.1.0.json", ROOT / "node_modules/@microsoft/sarif-multitool-linux/sarif-2.1.0.json"):
        if path.is_file():
            schema = json.loads(path.read_text(encoding="utf-8-sig"))
            return jsonschema.validators.validator_for(schema)(schema)
    return None


# GitHub's line hash, from its definition: nothing in common with what writes it (see linter/reporters/_fingerprint.py)

_WINDOW: Final = 100


def _windows(data: bytes) -> list[tuple[list[int], list[int]]]:
    """For each line the code units that its hash is of, and for each of them the place of its character in the text."""
    text = data.decode("utf-8", "replace")
    units: list[int] = []
    places: list[int] = []
    starts = [0]
    for place, char in enumerate(text):
        if char in " \t" or (char == "\n" and place and text[place - 1] == "\r"):
            continue
        encoded = ("\n" if char == "\r" else char).encode("utf-16-be", "surrogatepass")
        for at in range(0, len(encoded), 2):
            units.append(int.from_bytes(encoded[at : at + 2], "big"))
            places.append(place)
        if char in "\r\n":
            starts.append(len(units))
    units += [65535] + [0] * _WINDOW
    places += [-1] * (_WINDOW + 1)
    return [(units[start : start + _WINDOW], places[start : start + _WINDOW]) for start in starts]


def raw_hashes(data: bytes) -> list[str]:
    """The hash of each line of a file as it is written, secrets and all."""
    return [f"{sum(unit * 37 ** (_WINDOW - 1 - k) for k, unit in enumerate(units)) % 2**64:x}" for units, _ in _windows(data)]


def _lines_with_secrets(data: bytes, secrets: tuple[str, ...]) -> set[int]:
    """The lines, from 0, whose hash would be of some of a secret."""
    text = data.decode("utf-8", "replace")
    secret = {place for one in secrets for match in re.finditer(re.escape(one), text) for place in range(*match.span())}
    return {line for line, (_, places) in enumerate(_windows(data)) if not secret.isdisjoint(places)} if secret else set()


assert set(KIND_OF_CATALOGUE) == set(KINDS)
