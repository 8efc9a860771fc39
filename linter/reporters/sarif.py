"""SARIF 2.1.0 as GitHub code scanning takes it (``--format sarif``).

Where GitHub's documentation, its upload action (github/codeql-action) and the specification leave a choice:

* **Suppressed findings are left out.** GitHub ignores ``suppressions`` and opens an alert for each (codeql-action #1230). So we need no
  ``Suppression`` of sarif-om either, which writes ``state`` where SARIF 2.1.0 says ``status``.
* **Paths are relative to the root of the repository**, the nearest folder above the file that holds ``.git``, whatever the working
  directory: GitHub ignores ``uriBaseId``. A file in no repository is relative to the root of the one that the run is in, or to the
  working directory: ``../x.json``. Where that would tell where on a machine they lie, only the name is kept: ``<outside>/x.json``.
* **Nothing of the machine and no time is written**, nor ``automationDetails``, which would override the user's ``category``, nor
  ``versionControlProvenance``: GitHub knows both, and the address of a repository may hold a password.
* **No snippets**: a snippet is exactly the region's text (3.30.13), and that may be a secret. For the same reason the region of a masked
  value is its first character, and ``primaryLocationLineHash`` is one of masked text where it would be one of a secret.
* **No ``fixes``**: our fixes speak of settings, SARIF's of characters.
* **Messages hold no braces or brackets**: in SARIF they are placeholders (3.11.5) and links (3.11.6), and readers differ in how they
  unescape them. Only ``help.markdown``, which GitHub shows as it is, keeps them.
* ``executionSuccessful`` is always true, and notifications are warnings: GitHub refuses the upload of a failed run.
* At most 25,000 results, the gravest: GitHub refuses a file with more.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import quote_from_bytes

import attr
import sarif_om as om

from ..model import (
    LEVELS,
    TARGETS,
    Configuration,
    Document,
    FileStatus,
    Finding,
    Level,
    Related,
    Result,
    RuleInfo,
    SettingPath,
    Style,
    Target,
    dotted,
)
from ..redaction.mask import named_environment, shown_span
from ..text import Span, Text, inert, printable
from ._fingerprint import Wanted, line_hashes, result_hashes

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ABOUT: Final = "https://www.medplum.com/docs/self-hosting/server-config"
_ROOT: Final = "%SRCROOT%"
_MESSAGE: Final = "default"
_STDIN: Final = "<stdin>"

# GitHub's limits: a file beyond the first two is refused, of the rest it shows no more.
_RESULTS: Final = 25_000
_TAGS: Final = 20
_NAME: Final = 255
_DESCRIPTION: Final = 1024

_PROBLEM: Final = {"error": "error", "warning": "warning", "note": "recommendation"}


def report(result: Result, stream: IO[str], style: Style = Style()) -> None:
    """Write the SARIF log of a run. Its bytes depend on the result and on where the files lie, on nothing else: not on ``quiet`` either."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    writer = _Writer(ascii_only=not encoding.lower().startswith("utf"))
    stream.write(writer.text(_log(result)))
    stream.write("\n")


# The log


def _log(result: Result) -> om.SarifLog:
    open_ = [finding for finding in result.findings if finding.suppressed is None]
    kept = _gravest(open_)
    rules = _described(result.rules, kept)
    place = cache(_artifact_location)
    notifications = [*_unread(result.files, place), *_left_out(len(open_), len(kept))]
    configurations = [_used(one, place) for one in result.configurations]
    invocation = om.Invocation(
        execution_successful=True,
        tool_execution_notifications=notifications or None,
        tool_configuration_notifications=configurations or None,
    )
    run = om.Run(
        tool=om.Tool(driver=_driver(result.version, rules.values())),
        invocations=[invocation],
        original_uri_base_ids={_ROOT: om.ArtifactLocation(description=om.Message(text="The root of the repository."))},
        column_kind="unicodeCodePoints",
        newline_sequences=["\r\n", "\n", "\r"],
        results=_results(kept, list(rules), place),
    )
    return om.SarifLog(schema_uri=_SCHEMA, version="2.1.0", runs=[run])


def _gravest(findings: list[Finding]) -> list[Finding]:
    """The findings that GitHub takes, in the order in which they came."""
    if len(findings) <= _RESULTS:
        return findings
    by_gravity = sorted(range(len(findings)), key=lambda index: LEVELS.index(findings[index].severity))
    return [findings[index] for index in sorted(by_gravity[:_RESULTS])]


def _driver(version: str, rules: Iterable[RuleInfo]) -> om.ToolComponent:
    return om.ToolComponent(
        name="medplum-lint",
        version=version,
        semantic_version=version if _SEMVER.fullmatch(version) else None,
        information_uri=_ABOUT,
        rules=[_rule(rule) for rule in rules],
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


def _rule(rule: RuleInfo) -> om.ReportingDescriptor:
    title = _sentence(_plain_markdown(rule.title or rule.id))
    docs = rule.docs.strip() or title
    plain = _plain_markdown(docs)
    return om.ReportingDescriptor(
        id=rule.id,
        name=_pascal(rule.id)[:_NAME] or None,
        short_description=om.MultiformatMessageString(text=_shortened(title)),
        full_description=om.MultiformatMessageString(text=_shortened(_sentence(_first_paragraph(plain)) or title)),
        help=om.MultiformatMessageString(
            text="\n\n".join([plain, *([_plain("See " + ", ".join(rule.links))] if rule.links else [])]),
            markdown="\n\n".join([docs, *(["\n".join(f"- <{link}>" for link in rule.links)] if rule.links else [])]),
        ),
        help_uri=next(filter(_WEB.fullmatch, rule.links), None),
        default_configuration=om.ReportingConfiguration(level=_level(rule)),
        message_strings={_MESSAGE: om.MultiformatMessageString(text="{0}.")},
        properties=_properties(rule),
    )


_WEB: Final = re.compile(r"https?://\S+")
_SEVERITY: Final = re.compile(r"\d{1,2}(\.\d+)?", re.ASCII)


def _properties(rule: RuleInfo) -> dict[str, Any]:
    """What GitHub filters and sorts by; the category is a tag.

    A security severity that is no number in (0, 10] makes it refuse the upload, or means nothing.
    """
    score = rule.security_severity or ""
    if _SEVERITY.fullmatch(score) and 0 < float(score) <= 10:
        severity, kind = {"security-severity": score}, ["security"]
    else:
        severity, kind = {"problem.severity": _PROBLEM[_level(rule)]}, []
    tags = dict.fromkeys([*kind, *([rule.category] if rule.category else []), *rule.tags])
    return {"precision": rule.precision, **severity, "tags": list(tags)[:_TAGS]}


def _level(rule: RuleInfo) -> str:
    """The gravest level of a rule; one that is off for every target has none."""
    return rule.level if any(rule.severity.values()) else "note"


def _pascal(id_: str) -> str:
    """``acme/support-email`` as ``AcmeSupportEmail``, which is how SARIF names rules (3.49.7; Microsoft's SARIF2012)."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[\W_]+", id_))


# Results


def _results(findings: list[Finding], rules: list[str], place: Callable[[str], om.ArtifactLocation]) -> list[om.Result]:
    indexes = {id_: index for index, id_ in enumerate(rules)}
    regions = [_region(finding.document, finding.path, finding.span) for finding in findings]
    lines = _line_hashes(findings, regions)
    results = result_hashes(_identity(finding, place) for finding in findings)
    return [
        om.Result(
            rule_id=finding.rule,
            rule_index=indexes[finding.rule],
            level=finding.severity,
            message=_message(finding),
            locations=[_location(finding, region, place)],
            related_locations=[_related_location(number, one, place) for number, one in enumerate(finding.related, 1)] or None,
            partial_fingerprints={"primaryLocationLineHash": line, "medplumLintSetting/v1": result},
        )
        for finding, region, line, result in zip(findings, regions, lines, results, strict=True)
    ]


def _region(document: Document, path: SettingPath | None, span: Span) -> om.Region:
    text, span = document.text, shown_span(document, path, span)
    length = len(text.content)
    start = text.position(min(span.start, length))
    end = text.position(min(max(span.start, span.end), length))
    return om.Region(start_line=start.line, start_column=start.column, end_line=end.line, end_column=end.column)


def _line_hashes(findings: list[Finding], regions: list[om.Region]) -> list[str]:
    """The hash of each finding's line; the lines of a file are read once, as far down as they are needed."""
    wanted: dict[Text, Wanted] = {}
    for finding, region in zip(findings, regions, strict=True):
        # Of several documents of one text each masks the same: what one shows is what the first one of them shows.
        wanted.setdefault(finding.document.text, {}).setdefault(region.start_line, finding.document.origin.pieces)
    hashes = {text: line_hashes(text, lines) for text, lines in wanted.items()}
    return [hashes[finding.document.text][region.start_line] for finding, region in zip(findings, regions, strict=True)]


def _identity(finding: Finding, place: Callable[[str], om.ArtifactLocation]) -> tuple[str, ...]:
    """What a finding is about, wherever in its file that stands: the rule, the document and the setting."""
    document = finding.document
    setting = dotted(finding.path) if finding.path else ""
    return (finding.rule, place(document.uri).uri, document.kind, named_environment(document) or "", setting)


def _message(finding: Finding) -> om.Message:
    """GitHub reads only ``text``, Microsoft's SARIF2002 wants ``id`` and ``arguments``: they say the same."""
    said = _plain(printable(_one_line(finding.message))).removesuffix(".") or finding.rule
    if finding.document.environment:
        said += f" (environment {_plain(named_environment(finding.document) or '')})"
    return om.Message(text=f"{said}.", id=_MESSAGE, arguments=[said])


def _location(finding: Finding, region: om.Region, place: Callable[[str], om.ArtifactLocation]) -> om.Location:
    return om.Location(
        physical_location=om.PhysicalLocation(artifact_location=place(finding.document.uri), region=region),
        logical_locations=_logical_locations(finding) or None,
    )


def _related_location(number: int, related: Related, place: Callable[[str], om.ArtifactLocation]) -> om.Location:
    """Another place of a finding, with what is there (GitHub shows it as a link when the message names its number)."""
    region = _region(related.document, related.path, related.span)
    return om.Location(
        id=number,
        physical_location=om.PhysicalLocation(artifact_location=place(related.document.uri), region=region),
        message=om.Message(text=_sentence(_plain(printable(_one_line(related.message))))),
    )


def _logical_locations(finding: Finding) -> list[om.LogicalLocation]:
    found = []
    if finding.path:
        name, full_name = printable(str(finding.path[-1])), printable(dotted(finding.path))
        found.append(om.LogicalLocation(name=name, fully_qualified_name=full_name, kind="property"))
    if finding.document.environment:
        found.append(om.LogicalLocation(name=named_environment(finding.document), kind="namespace"))
    return found


# Notifications


def _unread(files: Iterable[FileStatus], place: Callable[[str], om.ArtifactLocation]) -> list[om.Notification]:
    failed = {(file.path, file.note): None for file in files if file.status == "failed"}
    return [_notification("file-not-read", _not_read(place(path).uri, note), place(path)) for path, note in failed]


def _not_read(uri: str, note: str) -> str:
    """Named as in the location, since the path as the user wrote it depends on the working directory."""
    said = f"'{uri}' could not be read"
    return _sentence(printable(_one_line(f"{said}: {note}" if note else said)))


def _left_out(found: int, kept: int) -> list[om.Notification]:
    if found == kept:
        return []
    text = f"{found - kept} of {found} findings, the least severe, are left out: GitHub accepts {kept}."
    return [_notification("findings-left-out", text)]


def _used(one: Configuration, place: Callable[[str], om.ArtifactLocation]) -> om.Notification:
    """A configuration that counted, and what it took away from the run."""
    artifact = place(one.path)
    never = ", fail-on never" if one.fail_on == "never" else ""
    text = f"'{artifact.uri}' configures this run: {len(one.rules_off)} rules off, {one.excluded} paths excluded{never}."
    used = _notification("configuration-used", text, artifact)
    used.level = "note"
    used.properties = {"rulesOff": list(one.rules_off), "excluded": one.excluded}
    return used


def _notification(id_: str, text: str, artifact: om.ArtifactLocation | None = None) -> om.Notification:
    where = [om.Location(physical_location=om.PhysicalLocation(artifact_location=artifact))] if artifact else None
    descriptor = om.ReportingDescriptorReference(id=id_)
    return om.Notification(descriptor=descriptor, level="warning", message=om.Message(text=text), locations=where)


# Paths


def _artifact_location(path: str) -> om.ArtifactLocation:
    """Where GitHub finds the file (see above). A name is percent-encoded from its bytes, so one that is no text is no trouble."""
    if path == _STDIN:
        return om.ArtifactLocation(uri=_quoted(path))
    if _WINDOWS.match(path) and not os.path.lexists(path):  # the name of standard input, or a report made elsewhere
        return om.ArtifactLocation(uri=_quoted(f"{_OUTSIDE}/{_BACKSLASH.split(path)[-1]}"))
    try:
        file = Path(os.path.abspath(path))
        relative = _in_repository(file) or _seen_from_here(file)
    except (OSError, ValueError):  # the working directory is gone; a name that no file can have
        relative = None if os.path.isabs(path) else path
    if relative is None:
        return om.ArtifactLocation(uri=_quoted(f"{_OUTSIDE}/{os.path.basename(path)}"))
    return om.ArtifactLocation(uri=_quoted(relative), uri_base_id=_ROOT)


_OUTSIDE: Final = "<outside>"
_WINDOWS: Final = re.compile(r"[A-Za-z]:[\\/]|\\\\")
"""How an absolute path of Windows begins, which elsewhere is no more than a name."""
_BACKSLASH: Final = re.compile(r"[\\/]")


def _seen_from_here(file: Path) -> str | None:
    """The path from the root of the repository that the run is in, or from the working directory; None where they share no folder.

    From ``/`` on the rest would be the machine's own path.
    """
    here = Path.cwd()
    base = next((folder for folder in (here, *here.parents) if os.path.exists(folder / ".git")), here)
    shared = Path(os.path.commonpath([file, base]))
    return Path(os.path.relpath(file, base)).as_posix() if shared == base or len(shared.parts) > 1 else None


def _in_repository(file: Path) -> str | None:
    """The path from the root of the repository; of a link within it, the path of the file it leads to: GitHub cannot show a link."""
    root = next((folder for folder in file.parents if os.path.exists(folder / ".git")), None)
    if root is None:
        return None
    return _below(Path(os.path.realpath(file)), Path(os.path.realpath(root))) or _below(file, root)


def _below(file: Path, folder: Path) -> str | None:
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else None


def _quoted(path: str) -> str:
    """RFC 3986, 3.3: all that a path segment may hold stays, but for the colon, which would make the first one a scheme."""
    try:
        name = path.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        name = path.encode(errors="replace")
    return quote_from_bytes(name, safe="/!$&'()*+,;=@")


# Texts


_PLAIN: Final = str.maketrans("{}[]", "()()")
_FENCE: Final = re.compile(r"^[ \t]*(```|~~~).*\n?", re.MULTILINE)
_LINK: Final = re.compile(r"\[([^][]*)\]\(([^()\s]*)\)")


def _plain(text: str) -> str:
    """The text without what SARIF would take for a placeholder or a link."""
    return text.translate(_PLAIN)


def _one_line(text: str) -> str:
    return " ".join(line.strip() for line in re.split(r"[\r\n]+", text.strip()))


def _sentence(text: str) -> str:
    """One line that ends with a period, if it says anything."""
    line = _plain(_one_line(text)).rstrip(":;,")
    return line if not line or line.endswith((".", "!", "?")) else f"{line}."


def _shortened(text: str) -> str:
    return text if len(text) <= _DESCRIPTION else f"{text[: _DESCRIPTION - 3]}..."


def _plain_markdown(markdown: str) -> str:
    """Markdown as plain text: links written out, code in quotes, no fences."""
    text = _LINK.sub(r"\1 (\2)", _FENCE.sub("", markdown))
    return _plain(re.sub("`+", "'", text)).strip()


def _first_paragraph(text: str) -> str:
    return re.split(r"\n\s*\n", text, maxsplit=1)[0]


# sarif-om's objects as JSON


_FIRST: Final = ("$schema", "version")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class _Writer:
    """Writes objects of sarif-om as JSON, in the order of their fields.

    jschema_to_python, which sarif-om comes with, drops a ``level`` that equals the class's default (so that the rule's level takes its
    place), writes whatever it does not know as text, and copies everything at each depth. Here ``None`` and every other default are left
    out, ``level`` never, and an unknown type is an error. (Going over ``json.dumps`` takes twice the time and memory: its encoder in C
    does not indent.)
    """

    def __init__(self, ascii_only: bool) -> None:
        self._scalar = json.JSONEncoder(ensure_ascii=ascii_only, allow_nan=False).encode

    def text(self, value: Any, indent: str = "\n") -> str:
        """A value as JSON; ``indent`` is the line break before its closing bracket."""
        if isinstance(value, str):
            text = self._scalar(value if value.isascii() else _SURROGATE.sub("\ufffd", value))
            plain = text.isascii() and "\x7f" not in text and "##[" not in text
            return text if plain else inert(printable(text))  # an escape of JSON is written just as what is not printable is
        if isinstance(value, int | float):
            return self._scalar(value)
        deeper = f"{indent}  "
        if isinstance(value, list):
            return _joined("[", [self.text(item, deeper) for item in value], "]", indent)
        members = value.items() if isinstance(value, dict) else _members(value)
        return _joined("{", [f"{self.text(name)}: {self.text(item, deeper)}" for name, item in members], "}", indent)


def _joined(opening: str, items: list[str], closing: str, indent: str) -> str:
    return f"{opening}{indent}  {f',{indent}  '.join(items)}{indent}{closing}" if items else opening + closing


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    for attribute, name, default in _fields(value.__class__):
        item = getattr(value, attribute)
        if item is not None and (item != default or name == "level"):
            yield name, item


@cache
def _fields(class_: type) -> tuple[tuple[str, str, Any], ...]:
    """Of each field the attribute, its name in SARIF and its default; what tells a reader the format first."""
    if not attr.has(class_):
        raise TypeError(f"SARIF cannot hold a value of type {class_.__name__}")
    fields = [(field.name, field.metadata["schema_property_name"], _default(field)) for field in attr.fields(class_)]
    return tuple(sorted(fields, key=lambda field: _FIRST.index(field[1]) if field[1] in _FIRST else len(_FIRST)))


def _default(field: attr.Attribute[Any]) -> Any:
    factory = getattr(field.default, "factory", None)
    return factory() if factory else field.default
