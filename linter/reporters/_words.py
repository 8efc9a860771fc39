"""Wording that reports share: about findings, files, and a run as a whole. All of it is safe to print."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..model import LEVELS, Acceptance, Configuration, Deployment, Document, FileStatus, Finding, Fix, Level, Result, Style, gathered
from ..redaction.mask import environment_text, holder_text, named_environment, named_holders, series
from ..text import Span, count, inert, printable
from ..typed import IO, Any, Final

UNREAD: Final = "file-not-read"
"""The name in place of a rule if a file could not be read."""
USED: Final = "configuration-used"
"""The name in place of a rule if a configuration file was used."""
NO_PROMISE: Final = "A check supports a control. That it finds nothing does not show that the control is met."
"""What stands below a list of controls."""
COLORS: Final = {"added": "32", "error": "1;31", "warning": "1;33", "note": "1;36", "place": "1", "gutter": "1;34"}


def paint(text: str, color: str, style: Style) -> str:
    """A text in a colour, if the style has colours."""
    return f"\033[{COLORS[color]}m{text}\033[0m" if style.color else text


def one_line(text: str) -> str:
    """The lines of a text, stripped and joined by blanks."""
    text = text.strip()
    return text if "\n" not in text and "\r" not in text else " ".join(part.strip() for part in re.split(r"[\r\n]+", text))


def line(text: str) -> str:
    """Any text as one line that is safe to print."""
    return printable(one_line(text))


def write_markup(stream: IO[str], text: str) -> None:
    """Write XML, HTML or Markdown, with character references, which mean the same in each encoding, for what a stream cannot encode."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text if encoding.lower().startswith("utf") else text.encode("ascii", "xmlcharrefreplace").decode())


# --- Findings ------------------------------------------------------------------------------------------------------------------------


def shown(result: Result) -> list[Finding]:
    """The findings that are not accepted."""
    return [finding for finding in result.findings if finding.suppressed is None]


def of_holder(document: Document, holders: Sequence[tuple[str, str]] | None = None) -> str:
    """`` (environment prod)`` or `` (service server)``: the document within its file; empty if it is the whole file.

    ``holders`` are those of a finding.
    """
    name = holder_text(document, holders)
    return f" ({name})" if name else ""


Groups = list[tuple[bool, list[Finding]]]
"""The findings of a document by place, and whether that is only what lacks a setting."""


def by_document(findings: Iterable[Finding]) -> Iterator[tuple[Document, str, Groups]]:
    """Each document, the note after its path, and its findings: those that keep the server from starting come first."""
    for document, found in gathered((finding.document, finding) for finding in findings).items():
        places = gathered((None if one.is_missing else one.span, one) for one in found)
        groups = [(span is None, sorted(group, key=lambda one: one.severity_rank)) for span, group in places.items()]
        # Missing settings follow the places that are as severe as the most severe of them.
        ordered = sorted(groups, key=lambda one: (one[1][0].severity_rank, one[0]))
        facts = ", ".join(filter(None, (printable(document.kind), holder_text(document), document.target)))
        stops = sum(one.severity_rank == 0 for one in found)
        what = f": {stops} of {len(found)} findings keep{'s' * (stops == 1)} the server from starting" if stops else ""
        yield document, f" ({facts}){what}", ordered


def notes_of(finding: Finding) -> Iterator[tuple[str, str]]:
    """The notes on a finding besides the problem, each with its heading: why, what to do, and what a fix does."""
    says, fix = finding.says, finding.fix
    yield "why", says.why
    yield "also", says.also
    if set(finding.held_by) != set(finding.document.holders):
        yield "of", holder_text(finding.document, finding.held_by)
    if not (fix is not None and fix.safe and fix.can_be_made):
        yield "fix", says.remedy
    if fix is not None:
        yield _how(fix), fix.description


def _how(fix: Fix) -> str:
    """The heading of a fix: the option that makes it, if there is one."""
    if not fix.can_be_made:
        return "by hand"
    return f"fix with {'--fix' if fix.edits is not None else '--fix-script'}" if fix.safe else "fix with --unsafe-fixes"


def place(document: Document, span: Span) -> str:
    """A place as compilers write it, so that terminals and editors can go there."""
    at = document.position(span.start)
    return f"{printable(document.uri)}:{at.line}:{at.column}"


def message_of(finding: Finding) -> str:
    """The message of a finding, with the environment of its document."""
    return line(finding.message) + of_holder(finding.document, finding.held_by)


def document_terms(document: Document | FileStatus) -> dict[str, Any]:
    """What names a document, for programs: its path and kind, the environment, and what holds it."""
    path = document.uri if isinstance(document, Document) else document.path
    return {"path": path, "kind": document.kind, "environment": named_environment(document), "holders": named_holders(document.holders)}


def acceptance_terms(acceptance: Acceptance, file: str) -> dict[str, Any]:
    """What an acceptance says, for programs: why, by whom, until when and since when, and where that is written: in which ``file``."""
    until, since = (day.isoformat() if day is not None else None for day in (acceptance.until, acceptance.since))
    return {"reason": acceptance.reason, "by": acceptance.by, "until": until, "since": since, "path": file, "line": acceptance.line}


def acceptance_text(acceptance: Acceptance, file: str) -> str:
    """Why a finding is accepted, and in brackets by whom, since when and until when, and where that is written: in which ``file``."""
    facts = [f"{name} {value}" for name in ("by", "since", "until") if (value := getattr(acceptance, name)) is not None]
    where = f"{file}:{acceptance.line}" if acceptance.line is not None else file
    return line(f"{acceptance.reason or 'no reason is given'} ({', '.join([*facts, where])})")


def fix_of(finding: Finding) -> str:
    """The fix of a finding: ``fix: …``, or ``possible fix: …`` if it needs review; empty if there is none."""
    if finding.fix is None:
        return ""
    return f"{'fix' if finding.fix.safe else 'possible fix'}: {line(finding.fix.description)}"


# --- A run ---------------------------------------------------------------------------------------------------------------------------


def unread(files: Iterable[FileStatus]) -> dict[str, str]:
    """Each path that could not be read, as the user gave it, with the reason."""
    failed = {file.path: line(file.note) for file in files if file.status == "failed"}
    return {path: f"could not be read{f': {note}' if note else ''}" for path, note in failed.items()}


def servers(result: Result, most: int | None = None) -> Iterator[str]:
    """Each server that files were checked against, with those files, or the first of them, if there are several servers."""
    newer = Counter(server.newer for server in {file.server for file in result.files} if server is not None and server.newer)
    by_server: dict[str, dict[str, None]] = {}
    for file in result.files:
        if file.server is not None:  # several images that are newer than the known releases are one note
            server = file.server._replace(reason="each image") if newer[file.server.newer] > 1 else file.server
            by_server.setdefault(printable(server.described), {})[printable(file.path)] = None
    for name, files in by_server.items():
        listed = list(files)
        if most is not None and len(listed) > most:
            listed = [*listed[: most - 1], f"{len(listed) - most + 1:,} other files"]
        yield f"Checked against {name}." if len(by_server) == 1 else f"{series(listed)}: checked against {name}."


def _newest(result: Result) -> str:
    """The server that all files were checked against because nothing names one; empty if something does."""
    known = {file.server for file in result.files if file.server is not None}
    return next((server.described for server in known if len(known) == 1 and not server.is_known), "")


def used(configuration: Configuration) -> str:
    """The effect of a configuration file on a run: a clause that follows its name."""
    rules = count(len(configuration.rules_off), "rule") if configuration.rules_off else "no rules"
    excluded = f"{count(configuration.excluded, 'path')} excluded" if configuration.excluded else "nothing excluded"
    never = ", fail-on never" if configuration.fail_on == "never" else ""
    accepted = f", {count(configuration.accepted, 'finding')} accepted" if configuration.accepted else ""
    return f"{rules} off, {excluded}{accepted}{never}"


def together(deployment: Deployment) -> str:
    """Which documents were checked against each other."""
    name = f" as environment {environment_text(deployment.name)}" if deployment.name else ""
    documents = [f"{printable(document.uri)}{of_holder(document)}" for document in deployment.documents]
    return f"Checked against each other{name}: {series(documents)}."


def about_the_run(result: Result, *, failed: bool = False) -> Iterator[str]:
    """The files left alone, and those that ``failed`` to be read if that is asked for, the deployments, and the configurations."""
    for file in result.files:
        if file.status == "ignored" or (failed and file.status == "failed"):
            yield f"{printable(file.path)}: {file.status}: {line(file.note)}"
    yield from map(together, result.deployments)
    yield from (f"Configuration {printable(configuration.path)}: {used(configuration)}." for configuration in result.configurations)


def _counts(levels: Mapping[Level, int]) -> str:
    counts = [count(levels[level], level) for level in LEVELS if levels.get(level)]
    return series(counts) if counts else ""


def _found(result: Result) -> str:
    return _counts(Counter(finding.severity for finding in shown(result)))


def _files(result: Result) -> str:
    checked = {file.path for file in result.files if file.status == "checked"}
    others = Counter(file.status for file in result.files if file.status != "checked")
    return count(len(checked), "file") + "".join(f", {number:,} {status}" for status, number in sorted(others.items()))


def summary(result: Result) -> str:
    """How many findings of each severity there are, in how many files."""
    hidden = len(result.findings) - len(shown(result))
    return f"{_found(result) or 'No findings'} in {_files(result)}{f' ({hidden:,} suppressed)' if hidden else ''}"


# --- For people in a terminal --------------------------------------------------------------------------------------------------------

MANY: Final = 40
"""The number of findings beyond which reports that are read from top to bottom include the table by default."""
_MOST_FILES: Final = 4
"""The maximum number of files of one server that are all named."""


def framed(result: Result, style: Style, body: Iterable[str], *, with_commands: bool = False) -> Iterator[str]:
    """The texts of a report from top to bottom: servers, ``body``, a table of the rules, :func:`last_lines`, and a hint about rules.

    The table is included on request or if there are many findings. ``quiet``: nothing but the body.
    """
    findings = shown(result)
    if not style.quiet and (servers := first_lines(result)):
        yield as_text(folded([*servers, ""], style))
    yield from body
    if findings and (style.statistics or (style.statistics is None and len(findings) > MANY and not style.quiet)):
        yield as_text([*statistics(findings, style), ""])
    if not style.quiet:
        yield as_text(folded(last_lines(result, style, with_commands=with_commands), style))
    if findings and not style.quiet:
        most_severe = min(findings, key=lambda one: one.severity_rank).rule
        yield as_text(folded([f"For more about a rule, run: medplum-lint explain {printable(most_severe)}"], style))


def first_lines(result: Result) -> list[str]:
    """The servers of the files, with the files of each if there are several; if nothing names one, the summary does."""
    return [] if _newest(result) else list(servers(result, _MOST_FILES))


def last_lines(result: Result, style: Style, *, with_commands: bool = False) -> Iterator[str]:
    """The files left alone, the deployments, the configurations, and a summary.

    ``with_commands``: the commands that make fixes in Parameter Store are above it.
    """
    yield from about_the_run(result, failed=not style.width)  # standard error on the same terminal names it, with the reason
    if not result.files:
        return
    newest, hidden, found = _newest(result), _counts(result.hidden), _found(result)
    what = f"Found {found}" if found else f"No findings{' to show' if hidden else ''}"
    by_baseline = Counter(finding.acceptance.source == "baseline" for finding in result.findings if finding.acceptance is not None)
    counts = [f"{by_baseline[at]:,} {how}" for at, how in ((False, "suppressed"), (True, "in the baseline")) if by_baseline[at]]
    accepted = f" ({', '.join(counts)})" if counts else ""
    yield f"{what} in {_files(result)}{accepted}{f', checked against {newest}' if newest else ''}."
    if hidden:
        yield f"Not shown for --min-severity: {hidden}."
    script = f"by {'the commands above, in sh, or by ' if with_commands else ''}the script of --fix-script FILE"
    edited, printed = _fixable(finding.fix for finding in shown(result))
    for is_safe, how in ((edited, "with --fix"), (printed, script)):
        if is_safe[True]:
            yield f"{is_safe[True]} fixable {how}{f' ({is_safe[False]} more with --unsafe-fixes)' if is_safe[False] else ''}."
        elif is_safe[False]:
            yield f"{is_safe[False]} fixable {how} --unsafe-fixes."


def _fixable(fixes: Iterable[Fix | None]) -> tuple[Counter[bool], Counter[bool]]:
    """How many fixes edit a file, and how many are commands, by safety."""
    made = [fix for fix in fixes if fix is not None]
    return Counter(fix.safe for fix in made if fix.edits is not None), Counter(fix.safe for fix in made if fix.commands is not None)


def as_text(lines: Iterable[str]) -> str:
    """Lines of a report as a text, none of which is a command to a CI runner."""
    return inert("".join([f"{line}\n" for line in lines]))


def folded(lines: Iterable[str], style: Style) -> list[str]:
    """Sentences as lines that fit into the terminal; without one they stay lines, because programs search for them."""
    if not style.width:
        return list(lines)
    from ._columns import wrapped  # only on a terminal

    return [part for line in lines for part in wrapped(line, style.width, indent=2)]


def statistics(findings: Iterable[Finding], style: Style) -> Iterator[str]:
    """A table of the rules, the most severe and frequent first: how many findings each has, and how many can be fixed."""
    groups = gathered(((finding.severity, finding.rule), finding.fix) for finding in findings)
    ordered = sorted(groups.items(), key=lambda item: (LEVELS.index(item[0][0]), -len(item[1]), item[0][1]))
    if not ordered:
        return
    from ._columns import UNKNOWN, wrapped  # only with findings

    numbers = max(len("findings"), *(len(f"{len(fixes):,}") for _, fixes in ordered))
    yield f"{'findings':>{numbers}}  severity  rule"
    for (level, rule), fixes in ordered:
        start = numbers + 12
        name, *more = wrapped(f"{printable(rule)}{fixable_of(fixes)}", style.width or UNKNOWN, start, start)
        yield f"{len(fixes):>{numbers},}  {paint(f'{level:<8}', level, style)}  {name}"
        yield from more


def fixable_of(fixes: Iterable[Fix | None]) -> str:
    """How many fixes of a rule there are in each way, in brackets; empty if there are none."""
    edited, printed = _fixable(fixes)
    ways = ((edited[True], "with --fix"), (edited[False], "with --unsafe-fixes"), (printed.total(), "by commands"))
    listed = ", ".join(f"{number:,} {how}" for number, how in ways if number)
    return f" (fixable: {listed})" if listed else ""
