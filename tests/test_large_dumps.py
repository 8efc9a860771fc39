"""Dumps of many parameters, few of them a server's: the others cost little, and change nothing."""

from __future__ import annotations

import gc
import json
import sys
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.helpers import EVERY_RULE

from linter.documents.inputs import Input, as_text, bytes_of
from linter.documents.parameters import store as parameters_module
from linter.documents.parameters.store import Parameter, environments, merge, type_of
from linter.documents.source import SourceFile
from linter.fixes.store_plan import commanded
from linter.model import Stored
from linter.run import Options, Outcome, lint_input
from linter.run.load import load
from linter.sources import server_ssm

OURS: Final = ["baseUrl", "port", "redis.host", "redis", "database.host", "audience", "supportEmail", "notASetting", "deep/er"]
OUR_PATHS: Final = ["/medplum/prod", "/medplum/staging", "/Medplum/prod", "medplum/dev", "/app/medplum", "/clinic/server"]
OTHER_PATHS: Final = ["/billing/x", "/billing/x/y", "", "/", "/medplum", "/clinic/other", "/zz"]
OTHERS: Final = ["setting", "port", "url", "a.b", ""]
VALUES: Final = st.sampled_from(["https://api.example.com/", "http://x", "8103", "true", "", '{"host": "db"}', None, 7])


def parameter(name: str, value: Any, **more: Any) -> dict[str, Any]:
    arn = f"arn:aws:ssm:us-east-1:123456789012:parameter{name}"
    return {"Name": name, "Type": "String", "Value": value, "Version": 1, "LastModifiedDate": "2026-01-05", "ARN": arn, **more}


def named(paths: list[str], settings: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(lambda path, setting, value: parameter(f"{path}/{setting}", value), *map(st.sampled_from, (paths, settings)), VALUES)


def lint(parameters: list[dict[str, Any]], *, options: Options = Options(EVERY_RULE)) -> Outcome:
    return lint_input(Input("dump.json", json.dumps({"Parameters": parameters}).encode(), Path("/nowhere/dump.json")), options)


def said(outcome: Outcome) -> list[Any]:
    """What is found, without where it stands."""
    documents = [(document.environment, document.data, document.given, document.complete) for document in outcome.result.documents]
    found = [
        (finding.rule, finding.severity, finding.message, finding.document.environment, finding.path) for finding in outcome.result.findings
    ]
    return [repr(documents), sorted(map(repr, found)), outcome.bugs, outcome.errors]


@pytest.mark.slow
@given(st.lists(named(OUR_PATHS, OURS), min_size=1, max_size=12), st.lists(named(OTHER_PATHS, OTHERS), max_size=12), st.randoms())
def test_parameters_of_other_programs_change_nothing(ours: list[Any], others: list[Any], chance: Any) -> None:
    recognised = server_ssm.detect(SourceFile("dump.json", json.dumps({"Parameters": ours}).encode()))
    if recognised is None or recognised.kind is None:
        return
    mixed = [*ours]
    for other in others:
        if other["Name"] == "/medplum/port":
            continue  # a setting without an environment is reported
        if not any(one["Name"].startswith(other["Name"].rpartition("/")[0] + "/") for one in ours):
            mixed.insert(chance.randrange(len(mixed) + 1), other)
    assert said(lint(mixed)) == said(lint(ours))


def test_nothing_but_the_name_is_read_of_a_parameter_of_another_program(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    original = server_ssm._as_aws_prints

    def noted(tree: Any, item: dict[str, Any], *more: Any) -> Parameter:
        read.append(item["Name"])
        return original(tree, item, *more)

    monkeypatch.setattr(server_ssm, "_as_aws_prints", noted)
    ours = [parameter(f"/medplum/prod/{name}", "https://api.example.com/") for name in OURS]
    others = [parameter(f"/billing/service-{number}/port", "8103") for number in range(500)]
    lint([*others, *ours, *others])
    assert sorted(read) == sorted(one["Name"] for one in ours), "each of the server's once"


# --- What commands leave of a dump --------------------------------------------------------------------------------------------------------

STORED: Final = st.builds(
    Stored,
    st.builds(lambda path, setting: f"{path}/{setting}", st.sampled_from(OUR_PATHS[:3]), st.sampled_from([*OURS, "new", "newer"])),
    st.sampled_from([None, "x", "y"]),
    st.sampled_from(["", "String", "SecureString"]),
    st.sampled_from(["", "Advanced"]),
    st.sampled_from(["", "alias/x"]),
    st.booleans(),
)


def one_by_one(held: list[Parameter], every: Iterable[Stored]) -> list[Parameter]:
    """The expected parameters after commands: those of one name together, in place of the first, or after all others."""
    names = list(dict.fromkeys(one.name for one in held))
    held = sorted(held, key=lambda one: names.index(one.name))
    for stored in every:
        path = stored.name.rpartition("/")[0]
        beside = [index for index, one in enumerate(held) if one.name.rpartition("/")[0] == path]
        at = next((index for index in beside if held[index].name == stored.name), None)
        if stored.gone:
            held = [one for one in held if one.name != stored.name]
            continue
        if at is None:
            before = Parameter(stored.name, None, complete=any(held[index].complete for index in beside))
            at = len(held)
        else:
            before = held[at]
        new = before._replace(
            text=stored.text,
            type=type_of(stored.type) or before.type,
            tier=stored.tier or before.tier,
            key_id=stored.key_id or before.key_id,
        )
        held = [*(one for one in held[:at] if one.name != stored.name), new, *(one for one in held[at:] if one.name != stored.name)]
    return held


@given(st.lists(st.tuples(named(OUR_PATHS[:3], OURS), st.booleans()), max_size=12), st.lists(STORED, max_size=12))
def test_what_commands_leave_is_in_the_order_in_which_they_are_run(written: list[tuple[Any, bool]], every: list[Stored]) -> None:
    parameters = [Parameter(one["Name"], one["Value"], type="String", complete=complete) for one, complete in written]
    assert server_ssm.after_commands(parameters, every) == one_by_one(merge(parameters)[0], every)


def test_of_other_programs_one_parameter_is_left_in_what_commands_leave() -> None:
    others = [parameter(f"/billing/{number}", "x") for number in range(9)]
    outcome = lint([*others, parameter("/medplum/prod/baseUrl", "https://api.example.com/"), *others])
    [rewriter] = outcome.rewriters.values()
    names = [one["Name"] for one in json.loads(rewriter([]))["Parameters"]]
    assert names == ["/billing/0", "/medplum/prod/baseUrl"]
    gone = json.loads(rewriter([Stored("/medplum/prod/baseUrl", None, gone=True)]))
    assert [one["Name"] for one in gone["Parameters"]] == ["/billing/0"]


def test_a_dump_that_was_checked_is_not_checked_again_before_its_commands_are_tried() -> None:
    dump = json.dumps({"Parameters": [parameter("/medplum/prod/audience", "x"), parameter("/medplum/prod/port", "8103x")]}).encode()
    checks: list[object] = []

    def check(contents: Any) -> Outcome:
        checks.append(contents)
        given_again = Input("dump.json", (contents or {}).get("dump.json", dump), Path("/nowhere/dump.json"))
        return lint_input(given_again, Options(keep_contents=contents is not None))

    whole = commanded(check, check({}), unsafe=True)
    number = len(checks)
    first = check(None)
    checks.clear()
    assert repr(commanded(check, first, unsafe=True).left_out) == repr(whole.left_out)
    assert len(checks) == number - 1
    assert {} not in checks


# --- Which servers there are -----------------------------------------------------------------------------------------------------------


def one_by_one_in_their_paths(parameters: list[Parameter]) -> list[tuple[str, list[Parameter]]]:
    """The paths of servers, with what is directly beneath each and then what is farther down: all parameters are sorted by their paths."""
    by_prefix: dict[str, list[Parameter]] = {}
    for one in parameters:
        levels = one.name.split("/")
        start = 0 if levels[0] else 1
        is_medplum = len(levels) > start + 2 and levels[start].lower() == "medplum"
        by_prefix.setdefault("/".join(levels[: start + 2] if is_medplum else levels[:-1]), []).append(one)

    def is_servers(prefix: str) -> bool:
        return parameters_module.is_medplum(prefix) or parameters_module._configures_server(prefix, by_prefix[prefix])

    ours = {prefix: list(own) for prefix, own in by_prefix.items() if is_servers(prefix)}
    strays = {one.name for one in by_prefix.get("/medplum", ()) if one.name[9:] in OURS and one.name != "/medplum/notASetting"}
    if strays and "/medplum/baseUrl" not in strays and any(map(parameters_module.is_medplum, ours)):
        ours.pop("/medplum", None)
    for prefix, own in by_prefix.items():
        above = parameters_module._above(prefix, ours) if prefix not in ours else None
        if above is not None:
            ours[above] += own
    return list(ours.items())


NAMES: Final = named([*OUR_PATHS, *OTHER_PATHS, "/medplum/prod/x", "/clinic/server/x/y", "/MEDPLUM/prod"], [*OURS, *OTHERS]).map(
    lambda one: str(one["Name"])
)


@given(st.lists(NAMES, max_size=25))
def test_the_servers_are_those_that_all_paths_give(names: list[str]) -> None:
    parameters = [Parameter(name, str(number)) for number, name in enumerate(names)]
    expected = dict(one_by_one_in_their_paths(parameters))
    found = environments(parameters)
    assert {one.prefix: one.parameters for one in found} == {one.prefix: expected[one.prefix] for one in found}
    spelt_otherwise = [one for environment in found for one in environment.wrong_case]
    mains = {one.prefix for one in found}
    assert spelt_otherwise == [
        one
        for environment in found
        for prefix, own in expected.items()
        if prefix not in mains and prefix.lower() == environment.prefix.lower()
        for one in own
    ]
    first = {prefix.lower(): number for number, prefix in reversed(list(enumerate(expected)))}
    assert [one.prefix.lower() for one in found] == sorted(first, key=lambda prefix: first[prefix])


# --- Memory -------------------------------------------------------------------------------------------------------------------------------

FEW: Final = 1_000


def dump(names: Iterable[str], *, indent: int | None) -> str:
    return json.dumps({"Parameters": [parameter(name, f"value of {name}") for name in names]}, indent=indent)


CONFIG: Final = {"baseUrl": "https://a.example/", "database": {"host": "db"}, "redis": {"host": "r"}}
OTHER_NAMES: Final = ["/medplum/prod/baseUrl", *(f"/billing/service-{number}/url" for number in range(FEW))]
MEMORY: Final[dict[str, tuple[str, Callable[[], str], float]]] = {
    "one long text": ("server/json", lambda: json.dumps({**CONFIG, "supportEmail": "a" * 1_000_000}), 3),
    "parameters of other programs": ("server/ssm", lambda: dump(OTHER_NAMES, indent=None), 5),
    "the same on lines of their own": ("server/ssm", lambda: dump(OTHER_NAMES, indent=4), 4),
    "JSON Lines": ("server/ssm", lambda: "\n".join(json.dumps(parameter(name, "x")) for name in OTHER_NAMES), 10),
    "parameters of one server": (
        "server/ssm",
        lambda: dump((f"/medplum/prod/customSetting{number}" for number in range(4 * FEW)), indent=4),  # so that caches weigh little
        6,
    ),
    "unknown settings": (
        "server/json",
        lambda: json.dumps({**CONFIG, **{f"customSetting{n}": f"some value of it {n}" for n in range(15_000)}}),
        7,
    ),
    "short numbers": ("server/json", lambda: json.dumps({**CONFIG, "zq": [number % 100 for number in range(50_000)]}), 5),
}
"""Texts with their kinds, and how many times the characters of each may be in memory at once while it is loaded, its own ones included."""


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("name", MEMORY)
def test_a_text_is_in_memory_a_few_times(name: str) -> None:
    kind, made, most = MEMORY[name]
    text = made()
    small = dump(OTHER_NAMES[:3], indent=4) if kind == "server/ssm" else json.dumps(CONFIG)
    for content in (small, text):  # the small one has made what is made once
        of_this = as_text(Input("x.json", content.encode(), Path("/nowhere/x.json")))
        gc.collect()
        tracemalloc.start()
        reading = load(of_this, kind)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert reading.loaded
    of_older = 1 if sys.version_info < (3, 12) else 0  # where a text takes more, and before 3.11 a member of an object too
    assert peak / len(text) < most - 1 + of_older


@pytest.mark.parametrize("data", [b'{"a": "\xc3\xa9"}', b"\xef\xbb\xbf{}", b"", b"\xff\xfe", "é\r\n\U0001f600".encode()])
def test_the_text_of_an_input_is_its_bytes(data: bytes) -> None:
    file = Input("x.json", data, Path("x.json"))
    assert bytes_of(as_text(file)) == data
    one, other = SourceFile("x.json", data), SourceFile("x.json", as_text(as_text(file)).data)
    assert (one.text.content, one.text.bom, one.encoding_error) == (other.text.content, other.text.bom, other.encoding_error)
