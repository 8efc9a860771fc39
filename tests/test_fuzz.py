"""Every command on made-up inputs with secrets planted in them (tools/fuzz), and that the fuzzer notices what it is there for."""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linter import reporters

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from fuzz import cases, commands, oracle  # noqa: E402
from fuzz.canaries import PUBLIC_TEXTS, SECRET_TEXTS, Canaries, Detector  # noqa: E402
from fuzz.commands import Run  # noqa: E402
from fuzz.oracle import Case, Plan, Room  # noqa: E402

SEEDS = st.integers(0, 2**40)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """A folder for cases; the current one is as before when they are over."""
    before = Path.cwd()
    yield Room(tmp_path_factory.mktemp("fuzz"))
    os.chdir(before)


@pytest.mark.slow
@settings(max_examples=5)  # as many as show that it works: CI gives the fuzzer a minute of its own
@given(SEEDS)
def test_every_promise_holds_on_every_input(room: Room, seed: int) -> None:
    assert oracle.failures(oracle.make_case(seed), room, seed) == []


@pytest.mark.slow
def test_other_processes_say_the_same(room: Room) -> None:
    for seed in (1, 2):
        assert oracle.failures(oracle.make_case(seed), room, seed, outside=True) == []


# The cases


@pytest.mark.slow
@given(SEEDS)
def test_a_seed_makes_the_same_case_each_time(seed: int) -> None:
    assert oracle.make_case(seed)[:3] == oracle.make_case(seed)[:3]


@given(SEEDS)
def test_twins_differ_in_their_secrets_only(seed: int) -> None:
    one, other = Canaries(1), Canaries(2)
    file, twin = cases.make(seed, one), cases.make(seed, other)
    assert [len(text) for text in one.made] == [len(text) for text in other.made]
    assert len(file.data) == len(twin.data) and (file.name, file.kind) == (twin.name, twin.kind)
    if not one.made:
        assert file == twin


@pytest.mark.slow
def test_every_kind_and_every_form_of_secret_is_tried() -> None:
    files, labels = [], set()
    for seed in range(700):
        canaries = Canaries(seed)
        files.append(cases.make(seed, canaries))
        labels |= {needle.label for needle in canaries.needles()}
    assert {file.kind for file in files} >= {"server/json", "server/ssm", "server/env", "server/azure", "infra/json", "secret/database"}
    assert {f"secret, {form}" for form in SECRET_TEXTS} | {f"public, {form}" for form in PUBLIC_TEXTS} <= labels
    assert any(file.data.startswith(b"\xef\xbb\xbf") for file in files) and any(b"\r\n" in file.data for file in files)
    assert any(b"\x00" in file.data for file in files) and any("\n" in file.name for file in files)


# What it notices

SECRET = "gJ4kQ7vW1xZ0zG3qK8"
TEXT = f'{{"baseUrl": "https://api.example.com/",\r\n "password": "{SECRET}"}}\n'
FILE = cases.File("server.json", TEXT.encode(), "server/json", True)


@pytest.fixture
def case() -> Case:
    """A case of one file with one secret."""
    canaries = Canaries(0)
    canaries.made.append(SECRET)
    canaries._labels[SECRET] = "by hand"
    return Case((FILE,), (FILE,), (), (SECRET,), Detector(canaries.needles()))


def noticed(case: Case, plan: str = "check text", out: str = "", err: str = "", code: int = 0, crash: str = "") -> list[str]:
    """The promises that such a run breaks."""
    run = Run(code, out.encode("utf-8", "surrogatepass"), err.encode(), crash)
    return [promise for promise, _ in oracle.broken(run, Plan(plan, ()), case)]


FORMS: list[Callable[[str], str]] = [
    str,
    str.lower,
    str.upper,
    str.swapcase,
    lambda text: text[::-1],
    lambda text: text[:6],
    lambda text: text[7:13],
    lambda text: text[-6:],
    lambda text: base64.b64encode(text.encode()).decode(),
    lambda text: base64.b64encode(b"ab" + text.encode() + b"c").decode(),
    lambda text: text.encode().hex(),
    lambda text: "".join(f"%{ord(char):02x}" for char in text),
    lambda text: "".join(f"\\u{ord(char):04x}" for char in text),
    lambda text: json.dumps(json.dumps(f"\x1b{text}")),
    lambda text: quote(f"/{text}/"),
]


@pytest.mark.parametrize("number", range(len(FORMS)))
def test_a_secret_in_any_form_is_noticed(case: Case, number: int) -> None:
    for text in (FORMS[number](SECRET), f"a line: x{FORMS[number](SECRET)}y\n"):
        assert noticed(case, out=f"{text}\n") == ["a secret is printed"]
        assert noticed(case, err=f"medplum-lint: error: {text}\n", code=2) == ["a secret is printed"]


@pytest.mark.parametrize("text", ["", "••••••", SECRET[:5], "the password is a secret", "7c709c448f4b594c", "gjkqvw"])
def test_values_that_are_not_secret_pass(case: Case, text: str) -> None:
    assert noticed(case, out=text) == []


@pytest.mark.parametrize(
    ("run", "promise"),
    [
        ({"code": 3, "err": "medplum-lint: bug: x\n"}, "the exit code"),
        ({"code": -1, "crash": "Traceback\n  x\nValueError: x"}, "an exception"),
        ({"code": 1, "err": "Traceback (most recent call last):\n"}, "not for a user"),
        ({"code": 1, "err": "x.py:3: DeprecationWarning: x\n"}, "not for a user"),
        ({"code": 2}, "exit code 2 without a reason"),
        ({"out": "a\x1b[2Jb\n"}, "a control character"),
        ({"out": "a\u202eb\n"}, "a control character"),
        ({"code": 2, "err": "a\tb\n"}, "a control character"),
        ({"code": 2, "err": "a\n::error::b\n"}, "a workflow command"),
        ({"plan": "check json", "out": "{"}, "no JSON"),
        ({"plan": "check sarif", "out": "{"}, "no SARIF"),
    ],
)
def test_a_broken_promise_is_noticed(case: Case, run: dict[str, Any], promise: str) -> None:
    assert promise in noticed(case, **run)


def report(*ranges: tuple[int, int, int, int], files: str = "checked") -> str:
    """A report in JSON with findings at these places, as far as the fuzzer reads it."""
    edges = [{"start": {"line": a, "column": b}, "end": {"line": c, "column": d}} for a, b, c, d in ranges]
    findings = [{"rule": "x", "range": edge, "related": []} for edge in edges]
    return json.dumps({"files": [{"path": "server.json", "status": files}], "findings": findings})


LONG = TEXT.index("\r") + 1


@pytest.mark.parametrize("place", [(1, 1, 1, 1), (1, LONG, 1, LONG), (1, 2, 2, 1), (3, 1, 3, 1)])
def test_a_place_in_the_file(case: Case, place: tuple[int, int, int, int]) -> None:
    assert noticed(case, "check json", report(place)) == []


@pytest.mark.parametrize("place", [(0, 1, 1, 1), (1, 0, 1, 1), (1, 2, 1, 1), (2, 1, 1, 1), (1, 1, 1, LONG + 1), (3, 1, 3, 2), (4, 1, 4, 1)])
def test_a_place_outside_the_file(case: Case, place: tuple[int, int, int, int]) -> None:
    assert noticed(case, "check json", report((1, 1, 1, 1), place)) == ["a range outside of the file"]


def test_silence_is_noticed(case: Case) -> None:
    assert noticed(case, "check json", report(files="failed")) == ["a failure, exit 0"]
    assert noticed(case, "check json", json.dumps({"files": [], "findings": []})) == ["nothing read, exit 0"]
    assert noticed(case, "check json", report(files="ignored")) == []


def sarif(**fingerprints: str) -> str:
    """A SARIF log with one result, on the line before that of the secret."""
    region = {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2}
    result = {
        "ruleId": "x",
        "message": {"text": "x."},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": "server.json"}, "region": region}}],
        "partialFingerprints": fingerprints,
    }
    log = {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x", "rules": []}}, "results": [result]}]}
    return json.dumps(log)


def test_a_fingerprint_of_a_secret_is_noticed(case: Case) -> None:
    """By whatever name: the hash of the first line goes on into the second one."""
    raw = oracle.raw_hashes(FILE.data)[0]
    assert noticed(case, "check sarif", sarif(primaryLocationLineHash=f"{raw}:1")) == ["a fingerprint of a secret"]
    assert noticed(case, "check sarif", sarif(**{"other/v1": f"{raw}:1"})) == ["a fingerprint of a secret"]
    assert noticed(case, "check sarif", sarif(primaryLocationLineHash="0:1")) == []


def test_recorded_hashes() -> None:
    """From the tests of github/codeql-action (src/fingerprints.test.ts)."""
    hashes = oracle.raw_hashes(b"x = 2\nx = 1\nprint(x)\nx = 3\nprint(x)\nx = 4\nprint(x)\n")
    assert hashes[:3] == ["e54938cc54b302f1", "bb609acbe9138d60", "1131fd5871777f34"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "change", "promise"),
    [
        ("check text", lambda run, _: run._replace(out=run.out + os.urandom(4).hex().encode()), "two runs differ"),
        ("show json", lambda run, data: run._replace(out=run.out + str(hash(data)).encode()), "another secret, another report"),
        ("show text", lambda run, data: run._replace(out=run.out + str(len(data)).encode()), "the length of a secret"),
    ],
)
def test_what_differs_is_noticed(
    room: Room, monkeypatch: pytest.MonkeyPatch, name: str, change: Callable[[Run, bytes], Run], promise: str
) -> None:
    """A command that says something of what it read, whatever that is."""
    inside = commands.inside

    def tells(arguments: list[str], data: bytes = b"") -> Run:
        run = inside(arguments, data)
        read = data or b"".join(sorted(path.read_bytes() for path in Path().iterdir()))
        return change(run, read) if f"{arguments[0]} {arguments[2]}" == name else run

    monkeypatch.setattr(commands, "inside", tells)
    monkeypatch.setattr(Plan.run, "__defaults__", (tells,))
    found = {failure.promise for seed in range(40) for failure in oracle.failures(oracle.make_case(seed), room, seed, only=name)}
    assert promise in found


def test_a_file_that_changes_is_noticed(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = commands.inside

    def writes(arguments: list[str], data: bytes = b"") -> Run:
        Path("left-behind").write_text("x")
        return inside(arguments, data)

    monkeypatch.setattr(Plan.run, "__defaults__", (writes,))
    assert "a file changed" in {failure.promise for failure in oracle.failures(oracle.make_case(1), room, 1, only="show text")}


@pytest.mark.parametrize(("what", "promise"), [("x", "fixes leave something to fix"), ("{", "fixes break a file")])
def test_bad_fixes_are_noticed(what: str, promise: str, case: Case, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = commands.inside

    def mends(arguments: list[str], data: bytes = b"") -> Run:
        run = inside(arguments, data)
        Path("server.json").write_text(Path("server.json").read_text() + what)
        return run._replace(out=run.out + what.encode(), code=2 if what == "{" and run.code == 2 else 1)

    monkeypatch.setattr(Plan.run, "__defaults__", (mends,))
    assert promise in {failure.promise for failure in oracle.failures(case, room, 1, only=oracle.FIX)}


def test_the_same_commands_for_the_same_seed(room: Room) -> None:
    case = oracle.make_case(5)
    names = room.prepare(case.files, case.twins[0])
    assert oracle.plans(case, names, Random(5)) == oracle.plans(case, names, Random(5))
    assert [plan.name for plan in oracle.plans(case, names, Random(5))] == [
        *(f"check {form}" for form in reporters.names()),
        "check --diff",
        "show text",
        "show json",
        "diff text",
        "diff json",
        *(f"upgrade {form}" for form in ("text", "json", "markdown")),
    ]
