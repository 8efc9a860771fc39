"""JUnit XML (``--format junit``), as Jenkins, GitLab, Azure Pipelines and CircleCI show the results of tests.

There is no standard for it. These files are valid against the two schemas that are in use, that of Apache Ant (windyroad/JUnit-Schema, the
stricter one) and that of Jenkins (xunit-plugin, ``junit-10.xsd``). Where they leave a choice:

* **A document is a suite**, named after its file, and an unreadable file is one too.
* **A finding is a test.** An error or a warning has failed, and its severity is the type of the failure; a note is skipped, since it does
  not fail. A document without findings is a test that has passed, so that it can be seen that it was checked.
* **A test is named after its rule and setting**, not after its line, so that it is known again when lines move.
* **A file that could not be read is an error** of a test, as JUnit has it: not a test that failed, but one that could not be made.
* **Suppressed findings are left out**, or skipped with their reason where they are asked for.
* **No time and no host**: Ant's schema asks for both, so there are the epoch, or the time at which certificates are checked, and
  ``localhost``.
* **Configuration files that were used** are properties of the suites, or of a suite of their own where there is no other.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ..model import Document, Finding, Result, Style, dotted, gathered
from ..text import inert, printable
from ..typed import IO, Final
from ._places import Placer, related
from ._words import UNREAD, USED, acceptance_text, fix_of, line, message_of, of_holder, unread, used, write_markup

SHOWS_SUPPRESSED: Final = True
"""Whether it has a word for suppressed findings, and so reports them where they are asked for."""
_NO_XML: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot contain, not even escaped."""
_EPOCH: Final = "1970-01-01T00:00:00"


def report(result: Result, stream: IO[str], style: Style = Style()) -> None:
    """Write the suites, with escapes for what the stream cannot hold; ``quiet`` leaves nothing out."""
    root = Element("testsuites")
    configurations = [(f"{USED}: {printable(configuration.path)}", used(configuration)) for configuration in result.configurations]
    for index, suite in enumerate(_suites(result, configurations, style)):
        suite.set("id", str(index))
        root.append(suite)
    indent(root)
    write_markup(stream, f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n')


def _suites(result: Result, configurations: list[tuple[str, str]], style: Style) -> Iterator[Element]:
    place, seen = Placer(), Counter[str]()
    in_order = sorted(result.documents, key=lambda one: (one.uri, one.environment or ""))  # as files are, whatever the command names first
    reported = gathered((finding.document, finding) for finding in result.findings if finding.suppressed is None or style.suppressed)
    findings: dict[Document, list[Finding]] = {**{document: [] for document in in_order}, **reported}
    failed = unread(result.files)
    for document, found in findings.items():
        name, environment = place.file(document.uri).text, of_holder(document)
        cases = [_of_finding(one, name, place, seen) for one in found]
        if document.uri in failed:
            cases.append(_unreadable(name, failed.pop(document.uri), seen))
        cases = cases or [_case(name, f"{line(document.kind)}{environment}", seen)]
        about = [("kind", document.kind), ("target", document.target or "unknown")]
        of_server = (file.server for file in result.files if file.path == document.uri and file.server is not None)
        about += [("server", server.described) for server in islice(of_server, 1)]
        yield _suite(f"{name}{environment}", cases, [*about, *configurations], document)
    for uri, why in failed.items():
        name = place.file(uri).text
        yield _suite(name, [_unreadable(name, why, seen)], configurations)
    if configurations and not findings and not failed:
        yield _suite("medplum-lint", [], configurations)


def _suite(name: str, cases: list[Element], properties: Iterable[tuple[str, str]], document: Document | None = None) -> Element:
    """A suite, with its parts in the one order that Ant's schema accepts."""
    now = document.now if document is not None else None
    outcomes = Counter(outcome.tag for case in cases for outcome in case)
    suite = Element(
        "testsuite",
        name=_text(name) or "-",
        package="medplum-lint",
        hostname="localhost",
        timestamp=now.strftime("%Y-%m-%dT%H:%M:%S") if now is not None else _EPOCH,
        tests=str(len(cases)),
        failures=str(outcomes["failure"]),
        errors=str(outcomes["error"]),
        skipped=str(outcomes["skipped"]),
        time="0",
    )
    holder = SubElement(suite, "properties")
    for key, value in properties:
        SubElement(holder, "property", {"name": _text(key), "value": _text(value)})
    suite.extend(cases)
    SubElement(suite, "system-out")
    SubElement(suite, "system-err")
    return suite


def _of_finding(finding: Finding, path: str, place: Placer, seen: Counter[str]) -> Element:
    name = finding.rule + (f": {dotted(finding.path)}" if finding.path else "") + of_holder(finding.document, finding.held_by)
    case, message = _case(path, name, seen), message_of(finding)
    if finding.acceptance is not None:
        why = acceptance_text(finding.acceptance, place.file(finding.acceptance.file).text)
        SubElement(case, "skipped", {"message": _text(f"suppressed: {why}: {message}")})
        return case
    if finding.severity == "note":
        outcome = SubElement(case, "skipped", {"message": _text(f"note: {message}")})
    else:
        outcome = SubElement(case, "failure", {"message": _text(message), "type": finding.severity})
    where = place(finding).text
    outcome.text = "\n".join(map(_text, filter(None, (f"{where}: {message}", *related(finding, place), fix_of(finding)))))
    return case


def _unreadable(path: str, why: str, seen: Counter[str]) -> Element:
    case = _case(path, UNREAD, seen)
    SubElement(case, "error", {"message": _text(f"{path}: {why}"), "type": UNREAD})
    return case


def _case(path: str, name: str, seen: Counter[str]) -> Element:
    """A test; of several with one name the later ones are numbered, for platforms know a test by its name."""
    path, name = _text(path), _text(name)
    seen[f"{path}\n{name}"] += 1
    number = seen[f"{path}\n{name}"]
    return Element("testcase", {"name": name if number == 1 else f"{name} ({number})", "classname": path, "time": "0"})


def _text(text: str) -> str:
    """A text as an attribute or the content of an element can contain it."""
    return _NO_XML.sub(lambda match: f"\\u{ord(match[0]):04x}", inert(printable(text)))
