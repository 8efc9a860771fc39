"""JUnit XML: what Apache Ant's schema asks for, which is the stricter one of those in use, and what platforms make of it."""

from __future__ import annotations

import io
import re
from datetime import date, datetime, timezone
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.runs import accepted, document, finding, reported, result

from linter.model import LEVELS, Configuration, FileStatus, Fix, Result, Style
from linter.reporters import junit

ATTRIBUTES = {
    "testsuites": {},
    "testsuite": {
        "name": r"[\s\S]+",
        "package": r"[\s\S]*",
        "id": r"\d+",
        "hostname": r"[\s\S]+",
        "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d",
        "tests": r"\d+",
        "failures": r"\d+",
        "errors": r"\d+",
        "skipped": r"\d+",
        "time": r"\d+(\.\d+)?",
    },
    "properties": {},
    "property": {"name": r"[\s\S]+", "value": r"[\s\S]*"},
    "testcase": {"name": r"[\s\S]*", "classname": r"[\s\S]*", "time": r"\d+(\.\d+)?"},
    "failure": {"message": r"[\s\S]*", "type": r"error|warning"},
    "error": {"message": r"[\s\S]*", "type": r"file-not-read"},
    "skipped": {"message": r"[\s\S]*"},
    "system-out": {},
    "system-err": {},
}
"""The attributes of each element, all of which it has, and what each may be."""
CHILDREN = {
    "testsuites": r"(testsuite )*",
    "testsuite": r"properties (testcase )*system-out system-err ",
    "properties": r"(property )*",
    "testcase": r"((skipped|error|failure) )?",
}
"""What is in an element, in order; nothing in all others."""


def check(element: Element) -> None:
    """Whether an element is as the schema has it."""
    attributes = ATTRIBUTES[element.tag]
    assert set(element.attrib) == set(attributes), element.tag
    for name, pattern in attributes.items():
        assert re.fullmatch(pattern, element.attrib[name]), (element.tag, name, element.attrib[name])
    assert re.fullmatch(CHILDREN.get(element.tag, ""), "".join(f"{child.tag} " for child in element)), element.tag
    for child in element:
        check(child)


def suites(run: Result, style: Style = Style()) -> list[Element]:
    """The suites of a report, which is valid and whose sums are right."""
    root = ElementTree.fromstring(reported("junit", run, style))
    check(root)
    for index, suite in enumerate(root):
        assert suite.attrib["id"] == str(index)
        found = [len(suite.findall("testcase")), *(len(suite.findall(f"testcase/{kind}")) for kind in ("failure", "error", "skipped"))]
        assert [int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")] == found
        names = [(case.attrib["classname"], case.attrib["name"]) for case in suite.findall("testcase")]
        assert len({*names}) == len(names)
    return list(root)


def outcome(case: Element) -> tuple[str, str, str] | None:
    return next(((one.tag, one.get("type", ""), one.get("message", "")) for one in case), None)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_levels() -> None:
    where = document()
    [suite] = suites(result(*(finding(f"it is {level}", where, level=level) for level in LEVELS)))
    assert [outcome(case) for case in suite.findall("testcase")] == [
        ("failure", "error", "it is error"),
        ("failure", "warning", "it is warning"),
        ("skipped", "", "note: it is note"),
    ]
    assert suite.attrib["name"] == "server.json"


def test_a_test_keeps_its_name_when_lines_move() -> None:
    def names(text: str) -> list[str]:
        where = document(text)
        run = result(finding("a", where), finding("b", where), finding("c", where, None))
        return [case.attrib["name"] for suite in suites(run) for case in suite.findall("testcase")]

    assert names('{"port": 1}') == names('{\n\n"port": 1}') == ["acme/port: port", "acme/port: port (2)", "acme/port"]


def test_no_two_tests_have_one_name() -> None:
    """Of two services whose names are masked, or two documents of one file, each has its own."""
    documents = [document(environment="a: {b}") for _ in range(3)]
    run = result(*(finding("x", where) for where in documents[:2]))
    suites_ = suites(run._replace(documents=tuple(documents)))
    assert [case.attrib["name"] for suite in suites_ for case in suite.findall("testcase")] == [
        "acme/port: port (environment ••••••)",
        "acme/port: port (environment ••••••) (2)",
        "server/json (environment ••••••)",
    ]


def test_what_is_in_a_failure() -> None:
    [suite] = suites(result(finding("port is 8103", document(environment="prod"), fix=Fix((), True, "set port to 1"))))
    assert suite.attrib["name"] == "server.json (environment prod)"
    assert suite.find("testcase").attrib["name"] == "acme/port: port (environment prod)"  # type: ignore[union-attr]
    assert suite.findtext("testcase/failure") == "server.json:3:11: port is 8103 (environment prod)\nfix: set port to 1"


def test_a_clean_document_is_a_test_that_passed() -> None:
    run = result(finding("accepted", acceptance=accepted("why\nnot", by="Jane ::error::", since=date(2026, 1, 31))))
    [suite] = suites(run)
    [case] = suite.findall("testcase")
    assert (case.attrib["name"], case.attrib["classname"], outcome(case)) == ("server/json", "server.json", None)
    [suite] = suites(run, Style(suppressed=True))
    assert [outcome(case) for case in suite.findall("testcase")] == [
        ("skipped", "", "suppressed: why not (by Jane ::error::, since 2026-01-31, lint.toml:3): accepted")
    ]


def test_a_file_that_could_not_be_read_is_an_error() -> None:
    files = (FileStatus("a.json", None, None, None, "failed", "it is empty"), FileStatus("server.json", None, None, None, "failed", ""))
    first, second = suites(result(finding("x"), files=files))
    assert [outcome(case) for case in first.findall("testcase")] == [
        ("failure", "error", "x"),
        ("error", "file-not-read", "server.json: could not be read"),
    ]
    assert [outcome(case) for case in second.findall("testcase")] == [("error", "file-not-read", "a.json: could not be read: it is empty")]


def test_configurations_are_properties() -> None:
    used = (Configuration("lint.toml", False, ("missing-host",), 0, 0, "never"),)
    for run in (result(finding("x")), result()):
        [suite] = suites(run._replace(configurations=used))
        properties = {one.attrib["name"]: one.attrib["value"] for one in suite.findall("properties/property")}
        assert properties["configuration-used: lint.toml"] == "1 rule off, nothing excluded, fail-on never"


def test_the_time_is_that_of_certificates_or_none() -> None:
    where = document()
    assert suites(result(finding("x", where)))[0].attrib["timestamp"] == "1970-01-01T00:00:00"
    where.now = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
    assert suites(result(finding("x", where)))[0].attrib["timestamp"] == "2026-01-31T12:00:00"


@given(st.text() | st.text(st.sampled_from("\x00\x08\x1b\ufffe\uffff\ud800<>&'\"]\t\n\r \U0001f600")))
def test_any_text_is_xml(text: str) -> None:
    """No control character, half of a surrogate pair, or other character that XML lacks ends up in it; no other one gets lost."""
    where = document(uri=f"x{text}.json")
    [suite] = suites(result(finding(f"a {text} b", where)))
    message = suite.find("testcase/failure").attrib["message"]  # type: ignore[union-attr]
    assert message.startswith("a ") and message.endswith(" b")
    if text.isprintable() and text == " ".join(text.split()) and "##" not in text and "::" not in text:
        assert message == f"a {text} b".replace("  ", " ") or text == ""


def test_a_stream_that_lacks_characters_has_references_for_them() -> None:
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding="latin-1", newline="\n")
    junit.report(result(finding("é \U0001f600")), stream)
    stream.flush()
    failure = ElementTree.fromstring(buffer.getvalue().decode("ascii")).find("testsuite/testcase/failure")
    assert failure is not None and failure.attrib["message"] == "é \U0001f600"
