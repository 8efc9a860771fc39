"""SARIF 2.1.0 as GitHub code scanning takes it (``--format sarif``).

Where GitHub's documentation, its upload action (github/codeql-action) and the specification leave a choice:

* **Suppressed findings are left out**, unless they are asked for: GitHub ignores ``suppressions`` and opens an alert for each
  (codeql-action #1230). Where they are asked for, each result has ``suppressions`` (3.27.23).
* **Paths are relative to the root of the repository**, whatever the working directory (:mod:`._places`): GitHub ignores ``uriBaseId``.
* **Nothing of the machine and no time is written**, nor ``versionControlProvenance``: GitHub knows it, and the address of a repository may
  hold a password. ``automationDetails`` is written only for the category that the user names, for it overrides the one of the upload.
* **No snippets**: a snippet is exactly the region's text (3.30.13), and that may be a secret. For the same reason the region of a masked
  value is its first character, and ``primaryLocationLineHash`` is one of masked text where it would be one of a secret.
* **``fixes`` are only those that may be shown**: of a secret not even the characters around it are given.
* **Messages hold no braces or brackets** but in links to other places of the result, which GitHub shows only where they are linked: in
  SARIF they are placeholders (3.11.5) and links (3.11.6), and readers differ in how they unescape them. Only ``help.markdown``, which
  GitHub shows as it is, keeps them.
* **The weaknesses of rules are a taxonomy**, related to by each rule, and tags: GitHub reads the tags, other readers the taxonomy. The
  frameworks of the controls that rules support are taxonomies too, and each relation says why.
* ``executionSuccessful`` is always true, and notifications are warnings: GitHub refuses the upload of a failed run. A mistake in the text
  of a file is a result like any other.
* At most 25,000 results and 10 MB when compressed, the most severe: GitHub refuses a file with more. A notification says what is left out.

The log is made of the objects of Microsoft's sarif-om, which know the names, the order and the defaults of SARIF. Their
``Suppression`` says ``state`` where SARIF 2.1.0 says ``status``, so suppressions are dictionaries.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache, lru_cache
from json.encoder import encode_basestring
from zlib import compress

import attr
import sarif_om as om

from ..model import (
    LEVELS,
    TARGETS,
    Configuration,
    Control,
    FileStatus,
    Finding,
    Level,
    Related,
    Result,
    RuleInfo,
    Style,
    Target,
    dotted,
    gathered,
)
from ..redaction.mask import holder_text, named_environment
from ..text import Position, inert, printable
from ..typed import IO, Any, Final
from ._cwe import NAMES, page_of, weaknesses
from ._fingerprint import identities, line_hashes
from ._places import Placer, ReportedPath
from ._sarif_texts import first_paragraph, plain, plain_markdown, sentence, shortened
from ._words import UNREAD, USED, acceptance_terms, line

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ABOUT: Final = "https://<owner>.github.io/medplum-lint/"
_DOCUMENTED: Final = "https://www.medplum.com/docs/self-hosting/server-config"
"""What the rules are made from: the page about the tool until that has an address, for GitHub and validators ask for one."""
_ROOT: Final = "%SRCROOT%"
_MESSAGE: Final = "default"

SHOWS_SUPPRESSED: Final = True
"""Whether it has a word for suppressed findings, and so reports them where they are asked for."""

SHOWS_CONTROLS: Final = True
"""Whether it shows the controls that rules support, which only then are read."""

# GitHub's limits: it refuses a file beyond the first two, and cuts off the rest.
_RESULTS: Final = 25_000
_BYTES: Final = 10_000_000
_TAGS: Final = 20
_PLACES: Final = 1_000
_NAME: Final = 255

_PROBLEM: Final = {"error": "error", "warning": "warning", "note": "recommendation"}


def report(result: Result, stream: IO[str], style: Style = Style()) -> None:
    """Write the SARIF log of a run. Its bytes depend only on the result and on where the files are, not even on ``quiet``."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    text = _fitting(result, style)
    stream.write(text if encoding.lower().startswith("utf") else _NOT_ASCII.sub(lambda match: json.dumps(match[0])[1:-1], text))
    stream.write("\n")


# The log


def _fitting(result: Result, style: Style) -> str:
    """The log with as many findings, the most severe, as GitHub accepts."""
    shown = [finding for finding in result.findings if finding.suppressed is None or style.suppressed]
    kept = _most_severe(shown, _RESULTS)
    while True:
        text = encoded(_log(result, style, kept, len(shown)))
        size = _size(text)
        if size <= _BYTES or not kept:
            return text
        kept = _most_severe(kept, min(len(kept) - 1, int(len(kept) * 0.95 * _BYTES / size)))


def _size(text: str) -> int:
    """The bytes of a file, compressed like the upload if it would be too large otherwise."""
    data = text.encode("utf-8", "replace")
    return len(data) if len(data) <= _BYTES else len(compress(data)) + _OF_GZIP


_OF_GZIP: Final = 12
"""Bytes that a file of gzip has beside those of zlib."""


_FIRST: Final = ("$schema", "version")
"""The members that stand before all others of their object."""
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_NOT_ASCII: Final = re.compile("[^\0-\x7f]")


def encoded(log: Any) -> str:
    """A log as JSON that is safe to print. Raises :exc:`TypeError` for a value that JSON cannot express."""
    text = _json(log, "\n")
    return inert(text) if "##" in text else text  # no line of JSON begins with a colon


def _json(value: Any, indent: str) -> str:
    """An object as ``json.dumps`` indents it by two blanks, but in a third of the time: its encoder in C does not indent."""
    if isinstance(value, str):
        return printable(encode_basestring(value if value.isascii() else _SURROGATE.sub("\ufffd", value)))
    if value is None or isinstance(value, int):
        return str(value) if type(value) is int else json.dumps(value)
    deeper = f"{indent}  "
    if isinstance(value, list):
        brackets, items = "[]", [_json(one, deeper) for one in value]
    elif isinstance(value, dict):
        brackets, items = "{}", [f"{encode_basestring(name)}: {_json(one, deeper)}" for name, one in value.items()]
    else:  # members whose value is not the default; ``level`` always
        brackets, fields = "{}", _fields(value.__class__)
        held = vars(value)
        items = [
            f"{label}{_json(item, deeper)}"
            for name, label, default in fields
            if (item := held[name]) is not None and (default is None or item != default or name == "level")
        ]
    return f"{brackets[0]}{deeper}{f',{deeper}'.join(items)}{indent}{brackets[1]}" if items else brackets


@cache
def _fields(kind: type[Any]) -> list[tuple[str, str, object]]:
    """The fields of a class: the Python name, the SARIF name as JSON has it before a value, and the default."""
    if not attr.has(kind):
        raise TypeError(f"a report cannot hold a value of type {kind.__name__}")
    default = kind(**{field.name: None for field in attr.fields(kind) if field.default is attr.NOTHING})
    names = {field.name: str(field.metadata["schema_property_name"]) for field in attr.fields(kind)}
    ordered = sorted(names, key=lambda name: _FIRST.index(names[name]) if names[name] in _FIRST else len(_FIRST))
    return [(name, f'"{names[name]}": ', getattr(default, name)) for name in ordered]


def _log(result: Result, style: Style, findings: list[Finding], shown: int) -> om.SarifLog:
    """The log with these findings, out of ``shown``."""
    place = Placer()
    rules = _described(result.rules, findings)
    taxonomies = list(_taxonomies(rules.values(), result.controls))
    taxa = {taxon.id: _reference(taxon, *taxonomy) for taxonomy in enumerate(taxonomies) for taxon in taxonomy[1].taxa}
    notifications = [*_unread(result.files, place), *_limited(rules.values(), shown, len(findings))]
    configurations = [_used(configuration, place.file(configuration.path)) for configuration in result.configurations]
    for notice in result.notices:
        file = place.file(notice.path)
        text = sentence(line(f"'{file.uri}': {notice.message}"))
        configurations.append(_notification(notice.kind, text, file, notice.line, level="note"))
    driver = om.ToolComponent(
        version=result.version,
        name="medplum-lint",
        information_uri=_DOCUMENTED if "<" in _ABOUT else _ABOUT,
        rules=[_rule(rule, taxa) for rule in rules.values()],
        semantic_version=result.version if _SEMVER.fullmatch(result.version) else None,
        supported_taxonomies=[om.ToolComponentReference(index=index, name=one.name) for index, one in enumerate(taxonomies)] or None,
    )
    invocation = om.Invocation(
        execution_successful=True,
        tool_configuration_notifications=configurations or None,
        tool_execution_notifications=notifications or None,
        properties={"rules": statuses} if (statuses := _statuses(result)) else None,
    )
    run = om.Run(
        tool=om.Tool(driver),
        automation_details=om.RunAutomationDetails(id=f"{style.category}/") if style.category else None,
        column_kind="unicodeCodePoints",
        invocations=[invocation],
        newline_sequences=["\r\n", "\n", "\r"],
        original_uri_base_ids={_ROOT: om.ArtifactLocation(description=om.Message(text="The root of the repository."))},
        properties={"servers": _servers(result.files, place)},
        results=list(_results(findings, list(rules), place, style)),
        taxonomies=taxonomies or None,
    )
    return om.SarifLog(version="2.1.0", runs=[run], schema_uri=_SCHEMA)


def _servers(files: Iterable[FileStatus], place: Placer) -> list[dict[str, Any]]:
    """The releases of the server that files were checked against, each with its reason and files."""
    known = ((file.server, place.file(file.path).uri) for file in files if file.server is not None)
    by_server = gathered(((server.text, printable(server.why)), uri) for server, uri in known)
    return [{"version": version, "from": why, "files": list(dict.fromkeys(uris))} for (version, why), uris in by_server.items()]


def _statuses(result: Result) -> dict[str, dict[str, str]]:
    """The status of each rule: by status, the reason for each id."""
    every = ((own, printable(rule.rule.id)) for rule in result.record().rules for own, _ in rule.statuses)
    statuses = gathered((own.status, (id_, own.why)) for own, id_ in every)
    return {status: {id_: "; ".join(why) for id_, why in gathered(rules).items()} for status, rules in statuses.items()}


def _most_severe(findings: list[Finding], most: int) -> list[Finding]:
    """So many findings, in their original order; suppressed ones are dropped before others."""
    weights = [(finding.suppressed is not None, LEVELS.index(finding.severity), index) for index, finding in enumerate(findings)]
    return [findings[index] for index in sorted(index for _, _, index in sorted(weights)[:most])]


def _text(text: str, markdown: str | None = None) -> om.MultiformatMessageString:
    return om.MultiformatMessageString(text=text, markdown=markdown)


_SEMVER: Final = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?"
    r"(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?",
    re.ASCII,
)


# Taxonomies


def _taxonomies(rules: Collection[RuleInfo], controls: Mapping[str, Control]) -> Iterator[om.ToolComponent]:
    """CWE, and each framework that has controls, with those of their taxa that the rules name, if there are any."""
    found = list(dict.fromkeys(weakness for rule in rules for weakness in weaknesses(rule.tags)))
    if found:
        yield om.ToolComponent(
            name="CWE",
            information_uri="https://cwe.mitre.org/",
            organization="MITRE",
            short_description=_text("The MITRE Common Weakness Enumeration."),
            taxa=[_taxon(one, NAMES.get(one, ""), page_of(one)) for one in found],
        )
    named = {control for rule in rules for control in rule.controls}
    for framework, own in gathered((control.framework, control) for control in controls.values() if control.id in named).items():
        yield om.ToolComponent(
            name=framework.name,
            information_uri=framework.url,
            organization=framework.organization,
            release_date_utc=framework.date or None,
            short_description=_text(sentence(framework.says)),
            taxa=[_taxon(one.id, one.title, framework.url) for one in own],
            version=framework.version,
        )


def _taxon(id_: str, title: str, page: str) -> om.ReportingDescriptor:
    return om.ReportingDescriptor(id=id_, help_uri=page, short_description=_text(sentence(title)) if title else None)


def _reference(taxon: om.ReportingDescriptor, index: int, taxonomy: om.ToolComponent) -> om.ReportingDescriptorReference:
    component = om.ToolComponentReference(index=index, name=taxonomy.name)
    return om.ReportingDescriptorReference(id=taxon.id, index=taxonomy.taxa.index(taxon), tool_component=component)


# Rules


def _described(rules: Mapping[str, RuleInfo], findings: Iterable[Finding]) -> dict[str, RuleInfo]:
    """The rules that were checked, and a stand-in for each that only a finding names: GitHub needs them all."""
    known = dict(rules)
    for finding in findings:
        if finding.rule not in known:
            title = finding.rule.replace("-", " ")
            severity: dict[Target, Level | None] = dict.fromkeys(TARGETS, finding.severity)
            known[finding.rule] = RuleInfo(finding.rule, title, severity, (), (), "", (), False)
    return known


def _rule(rule: RuleInfo, taxa: Mapping[str, om.ReportingDescriptorReference]) -> om.ReportingDescriptor:
    title = sentence(plain_markdown(rule.title or rule.id))
    docs = rule.docs.strip() or title
    text = plain_markdown(docs)
    level = rule.level if any(rule.severity.values()) else "note"  # one that is off for every target has none
    score = _security_severity(rule)
    severity = {"security-severity": score} if score else {"problem.severity": _PROBLEM[level]}
    links = "\n".join(f"- <{link}>" for link in rule.links)
    # The weakness is the more general of the two: each finding of the rule is one.
    relations = [om.ReportingDescriptorRelationship(target=taxa[weakness], kinds=["superset"]) for weakness in weaknesses(rule.tags)]
    for control, why in ((one, why) for one, why in rule.controls.items() if one in taxa):
        supports = om.Message(text=sentence(f"This check supports {control}: {line(why)}"))
        relations.append(om.ReportingDescriptorRelationship(target=taxa[control], description=supports))
    return om.ReportingDescriptor(
        id=rule.id,
        default_configuration=om.ReportingConfiguration(level=level),
        full_description=_text(shortened(sentence(first_paragraph(text)) or title)),
        help=_text(f"{text}\n\n{plain('See ' + ', '.join(rule.links))}", f"{docs}\n\n{links}") if links else _text(text, docs),
        help_uri=next(filter(_WEB.fullmatch, rule.links), None),
        message_strings={_MESSAGE: _text("{0}.")},
        # acme/support-email is AcmeSupportEmail, which is how SARIF names rules (3.49.7; Microsoft's SARIF2012).
        name="".join(word[:1].upper() + word[1:] for word in re.split(r"[\W_]+", rule.id))[:_NAME] or None,
        properties={"precision": rule.precision, **severity, "tags": _tags(rule)[:_TAGS]},
        relationships=relations or None,
        short_description=_text(shortened(title)),
    )


_WEB: Final = re.compile(r"https?://\S+")
_SEVERITY: Final = re.compile(r"\d{1,2}(\.\d+)?", re.ASCII)


def _security_severity(rule: RuleInfo) -> str:
    """A number in (0, 10] as text, else nothing: any other makes GitHub refuse the upload, or means nothing."""
    score = rule.security_severity or ""
    return score if _SEVERITY.fullmatch(score) and 0 < float(score) <= 10 else ""


def _tags(rule: RuleInfo) -> list[str]:
    """All tags of a rule, of which GitHub accepts the first ones; the category is one."""
    security = ["security"] if _security_severity(rule) else []
    return list(dict.fromkeys([*security, *([rule.category] if rule.category else []), *rule.tags]))


# Results


def _results(findings: list[Finding], rules: list[str], place: Placer, style: Style) -> Iterator[om.Result]:
    indexes = {id_: index for index, id_ in enumerate(rules)}
    subjects = identities(findings, lambda path: place.file(path).uri)
    for finding, line_hash, subject in zip(findings, line_hashes(findings), subjects, strict=True):
        related = [
            # GitHub shows it as a link when the message names its number.
            om.Location(id=number, message=om.Message(text=sentence(line(one.message))), physical_location=_physical(one, place))
            for number, one in enumerate(finding.related[:_PLACES], 1)
        ]
        here = om.Location(logical_locations=list(_logical_locations(finding)) or None, physical_location=_physical(finding, place))
        yield om.Result(
            message=_message(finding, place),
            fixes=_fixes(finding, place) or None,
            level=finding.severity,
            locations=[here],
            partial_fingerprints={"primaryLocationLineHash": line_hash, "medplumLintSetting/v1": subject},
            related_locations=related or None,
            rule_id=finding.rule,
            rule_index=indexes[finding.rule],
            suppressions=_suppressions(finding, place) if style.suppressed else None,
        )


def _fixes(finding: Finding, place: Placer) -> list[om.Fix]:
    """The fix of a finding, where its edits may be shown."""
    fix, text = finding.fix, finding.document.text
    if fix is None or fix.edits is None or not fix.shown:
        return []
    replacements = [
        om.Replacement(_region(*text.positions(edit.span)), om.ArtifactContent(text=edit.text) if edit.text else None) for edit in fix.edits
    ]
    if fix.without_mark:  # it has no line and no column (SARIF 2.1.0, 3.30.2)
        replacements.insert(0, om.Replacement(om.Region(byte_length=len(text.bom.encode()), byte_offset=0)))
    artifact = _artifact(place.file(finding.document.uri))
    return [om.Fix([om.ArtifactChange(artifact, replacements)], om.Message(text=sentence(line(fix.description))))]


def _physical(finding: Finding | Related, place: Placer) -> om.PhysicalLocation:
    where = place(finding)
    return om.PhysicalLocation(artifact_location=_artifact(where.file), region=_region(where.start, where.end))


@lru_cache(maxsize=1_000)
def _artifact(file: ReportedPath) -> om.ArtifactLocation:
    """Where GitHub finds a file."""
    return om.ArtifactLocation(uri=file.uri, uri_base_id=_ROOT if file.relative else None)


def _region(start: Position, end: Position) -> om.Region:
    return om.Region(end_column=end.column, end_line=end.line, start_column=start.column, start_line=start.line)


def _suppressions(finding: Finding, place: Placer) -> list[dict[str, Any]]:
    """What accepts a finding: all results of a log have this, or none (3.27.23)."""
    one = finding.acceptance
    if one is None:
        return []
    terms = acceptance_terms(one, place.file(one.file).text)
    said = {name: line(value) if isinstance(value, str) else value for name, value in terms.items() if value}
    reason = {"justification": said.pop("reason")} if one.reason else {}
    return [{"kind": "inSource" if one.source == "comment" else "external", "status": "accepted", **reason, "properties": said}]


_LINKS: Final = 10
"""Other places at most that a message links to; all of them are related locations."""


def _message(finding: Finding, place: Placer) -> om.Message:
    """GitHub reads only ``text``, Microsoft's SARIF2002 wants ``id`` and ``arguments``, so there are both."""
    message = plain(line(finding.message)).removesuffix(".") or finding.rule
    holder = holder_text(finding.document, finding.held_by)
    if holder:
        message += f" ({plain(holder)})"
    places = [place(one) for one in finding.related[:_LINKS]]
    # Links to related locations (3.11.6), each named after its file and line.
    links = [f"[{plain(where.file.text)}:{where.start.line}]({number})" for number, where in enumerate(places, 1)]
    if links:
        more = len(finding.related) - len(links)
        message += f" (see {', '.join(links)}{f' and {more} more' if more else ''})"
    return om.Message(arguments=[message], id=_MESSAGE, text=f"{message}.")


def _logical_locations(finding: Finding) -> Iterator[om.LogicalLocation]:
    if finding.path:
        name, full_name = printable(str(finding.path[-1])), printable(dotted(finding.path))
        yield om.LogicalLocation(fully_qualified_name=full_name, kind="property", name=name)
    environment = named_environment(finding.document)
    if environment:
        yield om.LogicalLocation(kind="namespace", name=environment)


# Notifications


def _unread(files: Iterable[FileStatus], place: Placer) -> list[om.Notification]:
    """Each file that could not be read, named as in the location: the user's path depends on the working directory."""
    failed = dict.fromkeys((place.file(file.path), file.note) for file in files if file.status == "failed")
    says = ((file, f"'{file.uri}' could not be read{f': {note}' if note else ''}") for file, note in failed)
    return [_notification(UNREAD, sentence(line(text)), file) for file, text in says]


def _limited(rules: Iterable[RuleInfo], findings: int, kept: int) -> Iterator[om.Notification]:
    """What is left out because of GitHub's limits: findings, and tags of rules."""
    if findings != kept:
        limit = f"{_RESULTS}" if kept == _RESULTS else f"{_BYTES // 1_000_000} MB in a compressed file"
        text = f"{findings - kept} of {findings} findings, the least severe, are left out: GitHub accepts {limit}."
        yield _notification("findings-left-out", text)
    cut = [plain(printable(rule.id)) for rule in rules if len(_tags(rule)) > _TAGS]
    if cut:
        text = f"Of the tags of {', '.join(cut)} the first {_TAGS} are here: GitHub accepts no more of a rule."
        yield _notification("tags-left-out", text)


def _used(configuration: Configuration, file: ReportedPath) -> om.Notification:
    """A configuration that had an effect, and what it removed from the run."""
    never = ", fail-on never" if configuration.fail_on == "never" else ""
    accepted = f", {configuration.accepted} findings accepted" if configuration.accepted else ""
    counts = f"{len(configuration.rules_off)} rules off, {configuration.excluded} paths excluded{accepted}"
    text = f"'{file.uri}' configures this run: {counts}{never}."
    numbers = {"excluded": configuration.excluded, "accepted": configuration.accepted}
    return _notification(USED, text, file, level="note", properties={"rulesOff": list(configuration.rules_off), **numbers})


def _notification(id_: str, text: str, file: ReportedPath | None = None, number: int | None = None, **more: Any) -> om.Notification:
    """A notification, with its file and line, if any; a warning, if ``more`` does not give another level."""
    if file is not None:
        region = om.Region(start_line=number) if number is not None else None
        more["locations"] = [om.Location(physical_location=om.PhysicalLocation(artifact_location=_artifact(file), region=region))]
    return om.Notification(message=om.Message(text=text), descriptor=om.ReportingDescriptorReference(id=id_), **more)
