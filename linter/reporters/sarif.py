"""SARIF 2.1.0 as GitHub code scanning takes it (``--format sarif``).

Where GitHub's documentation, its upload action (github/codeql-action) and the specification leave a choice:

* **Suppressed findings are left out**, unless they are asked for: GitHub ignores ``suppressions`` and opens an alert for each
  (codeql-action #1230). Where they are asked for, each result has ``suppressions`` (3.27.23).
* **Paths are relative to the root of the repository**, whatever the working directory (:mod:`._paths`): GitHub ignores ``uriBaseId``.
* **Nothing of the machine and no time is written**, nor ``versionControlProvenance``: GitHub knows it, and the address of a repository may
  hold a password. ``automationDetails`` is written only for the category that the user names, for it overrides the one of the upload.
* **No snippets**: a snippet is exactly the region's text (3.30.13), and that may be a secret. For the same reason the region of a masked
  value is its first character, and ``primaryLocationLineHash`` is one of masked text where it would be one of a secret.
* **No ``fixes``**: our fixes speak of settings, SARIF's of characters.
* **Messages hold no braces or brackets** but in links to other places of the result, which GitHub shows only where they are linked: in
  SARIF they are placeholders (3.11.5) and links (3.11.6), and readers differ in how they unescape them. Only ``help.markdown``, which
  GitHub shows as it is, keeps them.
* **The weaknesses of rules are a taxonomy**, related to by each rule, and tags: GitHub reads the tags, other readers the taxonomy.
* ``executionSuccessful`` is always true, and notifications are warnings: GitHub refuses the upload of a failed run. A mistake in the text
  of a file is a result like any other.
* At most 25,000 results and 10 MB when compressed, the gravest: GitHub refuses a file with more. A notification says what is left out.

The objects are written here as dictionaries, by the names that they have in SARIF: to import Microsoft's sarif-om takes longer than a whole
run. ``tests/test_sarif.py`` reads logs into its objects, and these must say the same, member by member in the order of their fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from zlib import compress

from ..model import (
    LEVELS,
    TARGETS,
    Configuration,
    Document,
    FileStatus,
    Finding,
    Level,
    Notice,
    Related,
    Result,
    RuleInfo,
    SettingPath,
    Style,
    Target,
    dotted,
)
from ..redaction.mask import holder_text, named_environment, shown_span
from ..text import Edit, Span, Text, printable
from ..typed import IO, Any, Final, NamedTuple
from ._cwe import NAMES, page_of, weaknesses
from ._fingerprint import MaskedWindows, line_hashes, raw_hashes
from ._identity import identity, numbered
from ._json_writer import Written
from ._paths import ReportedPath, reported_path
from ._sarif_texts import first_paragraph, one_line, plain, plain_markdown, sentence, shortened
from ._sarif_writer import SarifWriter

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ABOUT: Final = "https://OWNER.github.io/medplum-lint/"
_ROOT: Final = "%SRCROOT%"
_MESSAGE: Final = "default"

SHOWS_SUPPRESSED: Final = True
"""Whether it has a word for suppressed findings, and so reports them where they are asked for."""

# GitHub's limits: a file beyond the first two is refused, of the rest it shows no more.
_RESULTS: Final = 25_000
_BYTES: Final = 10_000_000
_TAGS: Final = 20
_PLACES: Final = 1_000
_NAME: Final = 255

_PROBLEM: Final = {"error": "error", "warning": "warning", "note": "recommendation"}


def report(result: Result, stream: IO[str], style: Style = Style()) -> None:
    """Write the SARIF log of a run. Its bytes depend on the result and on where the files lie, on nothing else: not on ``quiet`` either."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    writer = SarifWriter(ascii_only=not encoding.lower().startswith("utf"))
    stream.write(_fitting(result, style, writer))
    stream.write("\n")


# The log


def _fitting(result: Result, style: Style, writer: SarifWriter) -> str:
    """The log with as many of the findings, the gravest, as GitHub takes."""
    shown = [finding for finding in result.findings if finding.suppressed is None or style.suppressed]
    most = _RESULTS
    while True:
        kept = _gravest(shown, most)
        text = _written(result, style, writer, len(shown), kept)
        size = _size(text)
        if size <= _BYTES or not kept:
            return text
        most = min(len(kept) - 1, int(len(kept) * 0.95 * _BYTES / size))


def _size(text: str) -> int:
    """The bytes of a file, compressed as the upload does it where it would be too large as it is."""
    data = text.encode("utf-8", "replace")
    return len(data) if len(data) <= _BYTES else len(compress(data)) + _OF_GZIP


_OF_GZIP: Final = 12
"""Bytes that a file of gzip has beside those of zlib."""


_Object = dict[str, Any]
"""An object of SARIF, with its members in the order of sarif-om's fields, required ones first; a version stands before all others."""
_Placer = Callable[[str], _Object]


def _given(**members: Any) -> _Object:
    """An object without the members that have no value."""
    return {name: value for name, value in members.items() if value is not None}


def _written(result: Result, style: Style, writer: SarifWriter, shown: int, kept: list[Finding]) -> str:
    """The log as a text, of which the results are written one by one: they are nearly all of it."""
    rules = _described(result.rules, kept)
    place = cache(_artifact_location)
    log = writer.text(_log(result, style, place, rules.values(), shown, len(kept)))
    before, behind = log.split(_GAP)
    return "".join([before, *writer.listed(_results(kept, _Results(list(rules), place, style, writer)), _DEPTH), behind])


def _log(result: Result, style: Style, place: _Placer, rules: Collection[RuleInfo], shown: int, kept: int) -> _Object:
    """The log, with a gap for the results."""
    taxa = list(dict.fromkeys(weakness for rule in rules for weakness in weaknesses(rule.tags)))
    notifications = [*_unread(result.files, place), *_left_out(shown, kept), *_without_tags(rules)]
    configurations = [*(_used(one, place) for one in result.configurations), *(_noticed(one, place) for one in result.notices)]
    invocation = _given(
        executionSuccessful=True,
        toolConfigurationNotifications=configurations or None,
        toolExecutionNotifications=notifications or None,
    )
    run = _given(
        tool={"driver": _driver(result.version, rules, taxa)},
        automationDetails={"id": f"{style.category}/"} if style.category else None,
        columnKind="unicodeCodePoints",
        invocations=[invocation],
        newlineSequences=["\r\n", "\n", "\r"],
        originalUriBaseIds={_ROOT: {"description": {"text": "The root of the repository."}}},
        properties={"servers": _servers(result.files, place)},
        results=Written(_GAP),
        taxonomies=[_taxonomy(taxa)] if taxa else None,
    )
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _servers(files: Iterable[FileStatus], place: _Placer) -> list[dict[str, Any]]:
    """The releases of the server that files were judged by, where each is known from, and the files."""
    judged: dict[tuple[str, str], dict[str, None]] = {}
    for file in files:
        if file.server is not None:
            judged.setdefault((file.server.text, printable(file.server.why)), {})[place(file.path)["uri"]] = None
    return [{"version": version, "from": why, "files": list(uris)} for (version, why), uris in judged.items()]


def _gravest(findings: list[Finding], most: int) -> list[Finding]:
    """So many of the findings, in the order in which they came; one that is suppressed goes before each that is not."""
    if len(findings) <= most:
        return findings
    by_gravity = sorted(range(len(findings)), key=lambda index: _lightness(findings[index]))
    return [findings[index] for index in sorted(by_gravity[:most])]


def _lightness(finding: Finding) -> tuple[bool, int]:
    return finding.suppressed is not None, LEVELS.index(finding.severity)


def _taxonomy(taxa: list[str]) -> _Object:
    """The weaknesses that rules of the run are about."""
    return {
        "name": _CWE,
        "informationUri": "https://cwe.mitre.org/",
        "organization": "MITRE",
        "shortDescription": {"text": "The MITRE Common Weakness Enumeration."},
        "taxa": [_taxon(weakness) for weakness in taxa],
    }


def _taxon(weakness: str) -> _Object:
    name = NAMES.get(weakness)
    return _given(id=weakness, helpUri=page_of(weakness), shortDescription={"text": f"{name}."} if name else None)


_CWE: Final = "CWE"


def _driver(version: str, rules: Iterable[RuleInfo], taxa: list[str]) -> _Object:
    return _given(
        version=version,
        name="medplum-lint",
        informationUri=_ABOUT,
        rules=[_rule(rule, taxa) for rule in rules],
        semanticVersion=version if _SEMVER.fullmatch(version) else None,
        supportedTaxonomies=[{"index": 0, "name": _CWE}] if taxa else None,
    )


_SEMVER: Final = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?"
    r"(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?",
    re.ASCII,
)


# Rules


def _described(rules: Mapping[str, RuleInfo], findings: Iterable[Finding]) -> dict[str, RuleInfo]:
    """The rules that were checked, and a stand-in for each that is only known from a finding: GitHub needs them all."""
    known = dict(rules)
    for finding in findings:
        if finding.rule not in known:
            title = finding.rule.replace("-", " ")
            severity: dict[Target, Level | None] = dict.fromkeys(TARGETS, finding.severity)
            known[finding.rule] = RuleInfo(finding.rule, title, severity, (), (), "", (), False)
    return known


def _rule(rule: RuleInfo, taxa: list[str]) -> _Object:
    title = sentence(plain_markdown(rule.title or rule.id))
    docs = rule.docs.strip() or title
    text = plain_markdown(docs)
    return _given(
        id=rule.id,
        defaultConfiguration={"level": _level(rule)},
        fullDescription={"text": shortened(sentence(first_paragraph(text)) or title)},
        help={
            "text": "\n\n".join([text, *([plain("See " + ", ".join(rule.links))] if rule.links else [])]),
            "markdown": "\n\n".join([docs, *(["\n".join(f"- <{link}>" for link in rule.links)] if rule.links else [])]),
        },
        helpUri=next(filter(_WEB.fullmatch, rule.links), None),
        messageStrings={_MESSAGE: {"text": "{0}."}},
        name=_pascal(rule.id)[:_NAME] or None,
        properties=_properties(rule),
        relationships=[_relationship(weakness, taxa) for weakness in weaknesses(rule.tags)] or None,
        shortDescription={"text": shortened(title)},
    )


def _relationship(weakness: str, taxa: list[str]) -> _Object:
    """That the weakness is the more general of the two: each finding of the rule is one."""
    component = {"index": 0, "name": _CWE}
    return {"target": {"id": weakness, "index": taxa.index(weakness), "toolComponent": component}, "kinds": ["superset"]}


_WEB: Final = re.compile(r"https?://\S+")
_SEVERITY: Final = re.compile(r"\d{1,2}(\.\d+)?", re.ASCII)


def _properties(rule: RuleInfo) -> dict[str, Any]:
    """What GitHub filters and sorts by; the category is a tag.

    A security severity that is no number in (0, 10] makes it refuse the upload, or means nothing.
    """
    score = _security_severity(rule)
    severity = {"security-severity": score} if score else {"problem.severity": _PROBLEM[_level(rule)]}
    return {"precision": rule.precision, **severity, "tags": _tags(rule)[:_TAGS]}


def _security_severity(rule: RuleInfo) -> str:
    score = rule.security_severity or ""
    return score if _SEVERITY.fullmatch(score) and 0 < float(score) <= 10 else ""


def _tags(rule: RuleInfo) -> list[str]:
    """All tags of a rule, the first of which GitHub takes."""
    security = ["security"] if _security_severity(rule) else []
    return list(dict.fromkeys([*security, *([rule.category] if rule.category else []), *rule.tags]))


def _level(rule: RuleInfo) -> str:
    """The gravest level of a rule; one that is off for every target has none."""
    return rule.level if any(rule.severity.values()) else "note"


def _pascal(id_: str) -> str:
    """``acme/support-email`` as ``AcmeSupportEmail``, which is how SARIF names rules (3.49.7; Microsoft's SARIF2012)."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[\W_]+", id_))


# Results


_DEPTH: Final = 4
"""How many objects and lists of a log a result is in."""
_GAP: Final = "\0"
"""What stands where something is to be written that differs from result to result: no text of JSON has it."""
_NUMBERED: Final = "\1"
"""The same for a fingerprint, which is numbered when all results are known."""


class _Form(NamedTuple):
    """The text of results that are alike, but for their fingerprints, and with ``%s`` for what differs otherwise."""

    before: str
    between: str
    behind: str


class _Result(NamedTuple):
    """A result, for which the hash of its line and what it is about have still to be numbered."""

    before: str
    between: str
    behind: str
    line: int
    masked: int | None
    """The hash of the masked text of the line; None where nothing is masked."""
    subject: str


def _results(findings: list[Finding], writer: _Results) -> list[str]:
    """The results of a log, with what is numbered through all of them."""
    results = writer.written(findings)
    masked: dict[Text, dict[int, int | None]] = {}
    for finding, result in zip(findings, results, strict=True):
        # Of several documents of one text each masks the same: what one shows is what the first one of them shows.
        masked.setdefault(finding.document.text, {}).setdefault(result.line, result.masked)
    lines = {text: line_hashes(raw_hashes(text, max(wanted)), wanted) for text, wanted in masked.items()}
    return [
        f"{one.before}{lines[finding.document.text][one.line]}{one.between}{subject}{one.behind}"
        for finding, one, subject in zip(findings, results, numbered(one.subject for one in results), strict=True)
    ]


class _Results:
    """Makes the results of findings, as texts."""

    def __init__(self, rules: list[str], place: _Placer, style: Style, writer: SarifWriter) -> None:
        self.style = style
        self._indexes = {id_: index for index, id_ in enumerate(rules)}
        self._place = place
        self._writer = writer
        self._forms: dict[object, _Form] = {}
        self._named = cache(reported_path)

    def written(self, findings: Iterable[Finding]) -> list[_Result]:
        """The results of findings, in their order."""
        windows: dict[Text, MaskedWindows] = {}
        masked: dict[tuple[Text, int], int | None] = {}
        results: list[_Result] = []
        for finding in findings:
            document = finding.document
            region = _region(document, finding.path, finding.span)
            line = (document.text, region["startLine"])
            if line not in masked:
                if document.text not in windows:
                    windows[document.text] = MaskedWindows(document.text)
                start = document.text.line_around(min(finding.span.start, len(document.text.content)))[1].start
                masked[line] = windows[document.text].hash_of(start, document.origin.pieces)
            subject = identity(finding, lambda path: str(self._place(path)["uri"]))
            results.append(_Result(*self._text(finding, region), line[1], masked[line], subject))
        return results

    def _text(self, finding: Finding, region: _Object) -> tuple[str, str, str]:
        """The text of a result in three parts, between which its fingerprints belong."""
        message = _message(finding, self._named)
        fixes = _fixes(finding, self._place)
        logical = _logical_locations(finding)
        related = [_related_location(number, one, self._place) for number, one in enumerate(finding.related[:_PLACES], 1)]
        suppressions = _suppressions(finding) if self.style.suppressed else None
        given = (bool(fixes), bool(related), suppressions is not None)
        alike = (finding.rule, finding.severity, finding.document.uri, tuple(one["kind"] for one in logical), given)
        if alike not in self._forms:
            self._forms[alike] = self._form(finding, region, logical, *given)
        form, text = self._forms[alike], self._writer.text
        first = (text(message["arguments"][0]), text(message["text"]), *([text(fixes, _DEPTH + 1)] if fixes else []))
        names = [text(name) for one in logical for member, name in one.items() if member != "kind"]
        last = tuple(text(value, _DEPTH + 1) for value in (related or None, suppressions) if value is not None)
        return form.before % (*first, *names, *region.values()), form.between, form.behind % last

    def _form(self, finding: Finding, region: _Object, logical: list[_Object], fixes: bool, related: bool, suppressions: bool) -> _Form:
        """The text of a result as this one is written, with a gap for whatever another one that is alike has otherwise."""
        gap = Written(_GAP)
        location = _given(
            logicalLocations=[{name: value if name == "kind" else gap for name, value in one.items()} for one in logical] or None,
            physicalLocation={"artifactLocation": self._place(finding.document.uri), "region": dict.fromkeys(region, gap)},
        )
        result = _given(
            message={"arguments": [gap], "id": _MESSAGE, "text": gap},
            fixes=gap if fixes else None,
            level=finding.severity,
            locations=[location],
            partialFingerprints={"primaryLocationLineHash": Written(f'"{_NUMBERED}"'), "medplumLintSetting/v1": Written(f'"{_NUMBERED}"')},
            relatedLocations=gap if related else None,
            ruleId=finding.rule,
            ruleIndex=self._indexes[finding.rule],
            suppressions=gap if suppressions else None,
        )
        text = self._writer.text(result, _DEPTH)
        before, between, behind = (part.replace("%", "%%").replace(_GAP, "%s") for part in text.split(_NUMBERED))
        return _Form(before, between, behind)


def _fixes(finding: Finding, place: _Placer) -> list[_Object]:
    """The fix of a finding, where its edits may be shown."""
    fix, document = finding.fix, finding.document
    if fix is None or fix.edits is None or not fix.shown:
        return []
    replacements = [_replacement(document, edit) for edit in fix.edits]
    if fix.without_mark:  # it has no line and no column (SARIF 2.1.0, 3.30.2)
        replacements.insert(0, {"deletedRegion": {"byteLength": len(document.text.bom.encode()), "byteOffset": 0}})
    changes = [{"artifactLocation": place(document.uri), "replacements": replacements}]
    return [{"artifactChanges": changes, "description": {"text": sentence(plain(printable(one_line(fix.description))))}}]


def _replacement(document: Document, edit: Edit) -> _Object:
    return _given(deletedRegion=_exact(document, edit.span), insertedContent={"text": edit.text} if edit.text else None)


def _exact(document: Document, span: Span) -> _Object:
    (line, column), (end_line, end_column) = document.text.positions(span)
    return {"endColumn": end_column, "endLine": end_line, "startColumn": column, "startLine": line}


def _region(document: Document, path: SettingPath | None, span: Span) -> _Object:
    start, end = shown_span(document, path, span)
    length = len(document.text.content)
    return _exact(document, Span(min(start, length), min(max(start, end), length)))


def _suppressions(finding: Finding) -> list[dict[str, str]]:
    """What accepts a finding: all results of a log have this, or none (3.27.23)."""
    if finding.suppressed is None:
        return []
    reason = printable(one_line(finding.suppressed))
    kind = "external" if finding.accepted_by in ("configuration", "baseline") else "inSource"
    return [{"kind": kind, "status": "accepted"} | ({"justification": reason} if reason else {})]


_LINKS: Final = 10
"""Other places at most that a message links to; all of them are related locations."""


def _message(finding: Finding, named: Callable[[str], ReportedPath]) -> _Object:
    """GitHub reads only ``text``, Microsoft's SARIF2002 wants ``id`` and ``arguments``: they say the same."""
    message = plain(printable(one_line(finding.message))).removesuffix(".") or finding.rule
    holder = holder_text(finding.document, finding.held_by)
    if holder:
        message += f" ({plain(holder)})"
    links = [_link(number, one, named(one.document.uri)) for number, one in enumerate(finding.related[:_LINKS], 1)]
    if links:
        more = len(finding.related) - len(links)
        message += f" (see {', '.join(links)}{f' and {more} more' if more else ''})"
    return {"arguments": [message], "id": _MESSAGE, "text": f"{message}."}


def _link(number: int, related: Related, path: ReportedPath) -> str:
    """A link to a related location (3.11.6), named after its file and line."""
    line = related.document.position(shown_span(related.document, related.path, related.span).start).line
    return f"[{plain(printable(path.path))}:{line}]({number})"


def _related_location(number: int, related: Related, place: _Placer) -> _Object:
    """Another place of a finding, with what is there (GitHub shows it as a link when the message names its number)."""
    region = _region(related.document, related.path, related.span)
    return {
        "id": number,
        "message": {"text": sentence(plain(printable(one_line(related.message))))},
        "physicalLocation": {"artifactLocation": place(related.document.uri), "region": region},
    }


def _logical_locations(finding: Finding) -> list[_Object]:
    locations = []
    if finding.path:
        name, full_name = printable(str(finding.path[-1])), printable(dotted(finding.path))
        locations.append({"fullyQualifiedName": full_name, "kind": "property", "name": name})
    environment = named_environment(finding.document)
    if environment:
        locations.append({"kind": "namespace", "name": environment})
    return locations


# Notifications


def _unread(files: Iterable[FileStatus], place: _Placer) -> list[_Object]:
    failed = {(file.path, file.note): None for file in files if file.status == "failed"}
    return [_notification("file-not-read", _not_read(place(path)["uri"], note), {"artifactLocation": place(path)}) for path, note in failed]


def _not_read(uri: str, note: str) -> str:
    """Named as in the location, since the path as the user wrote it depends on the working directory."""
    reason = f": {note}" if note else ""
    return sentence(printable(one_line(f"'{uri}' could not be read{reason}")))


def _left_out(findings: int, kept: int) -> list[_Object]:
    if findings == kept:
        return []
    limit = f"{_RESULTS}" if kept == _RESULTS else f"{_BYTES // 1_000_000} MB in a compressed file"
    text = f"{findings - kept} of {findings} findings, the least severe, are left out: GitHub accepts {limit}."
    return [_notification("findings-left-out", text)]


def _without_tags(rules: Iterable[RuleInfo]) -> list[_Object]:
    """What says that rules have more tags than GitHub takes."""
    cut = [plain(printable(rule.id)) for rule in rules if len(_tags(rule)) > _TAGS]
    text = f"Of the tags of {', '.join(cut)} the first {_TAGS} are here: GitHub accepts no more of a rule."
    return [_notification("tags-left-out", text)] if cut else []


def _used(one: Configuration, place: _Placer) -> _Object:
    """A configuration that counted, and what it took away from the run."""
    artifact = place(one.path)
    never = ", fail-on never" if one.fail_on == "never" else ""
    accepted = f", {one.accepted} findings accepted" if one.accepted else ""
    text = f"'{artifact['uri']}' configures this run: {len(one.rules_off)} rules off, {one.excluded} paths excluded{accepted}{never}."
    properties = {"rulesOff": list(one.rules_off), "excluded": one.excluded, "accepted": one.accepted}
    return _notification("configuration-used", text, {"artifactLocation": artifact}, level="note") | {"properties": properties}


def _noticed(one: Notice, place: _Placer) -> _Object:
    """What is to be tidied up in a configuration or a baseline."""
    artifact = place(one.path)
    where = _given(artifactLocation=artifact, region={"startLine": one.line} if one.line is not None else None)
    return _notification(one.kind, sentence(printable(one_line(f"'{artifact['uri']}': {one.message}"))), where, level="note")


def _notification(id_: str, text: str, where: _Object | None = None, level: Level = "warning") -> _Object:
    """A notification, with the physical location that it is about, if it is about one."""
    locations = [{"physicalLocation": where}] if where is not None else None
    return _given(message={"text": text}, descriptor={"id": id_}, level=level, locations=locations)


def _artifact_location(path: str) -> _Object:
    """Where GitHub finds the file."""
    reported = reported_path(path)
    return _given(uri=reported.uri, uriBaseId=_ROOT if reported.relative else None)
