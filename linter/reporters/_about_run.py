"""What the formats for people say of a whole run: the servers, what was left alone, a table of the rules, and a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..model import LEVELS, Configuration, Deployment, Document, Finding, Fix, Level, Result, Style
from ..redaction.mask import environment_text, holder_text
from ..text import inert, printable
from ..typed import Final

COLORS: Final = {"added": "32", "error": "1;31", "warning": "1;33", "note": "1;36", "place": "1", "gutter": "1;34"}


def paint(text: str, color: str, style: Style) -> str:
    """A text in a colour, where the style has colours."""
    return f"\033[{COLORS[color]}m{text}\033[0m" if style.color else text


def count(number: int, noun: str) -> str:
    """So many of something."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def series(parts: Sequence[str]) -> str:
    """Several names as people list them."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def shown(result: Result) -> list[Finding]:
    """The findings that no comment accepts."""
    return [finding for finding in result.findings if finding.suppressed is None]


def holder(document: Document) -> str:
    """What of its file a document is: an environment, or of variables the service, containers or the like; empty where it is all."""
    return holder_text(document)


def of_holder(document: Document, holders: Sequence[tuple[str, str]] | None = None) -> str:
    """The same in brackets, to stand behind the name of the file; ``holders`` are those of a finding."""
    what = holder_text(document, holders)
    return f" ({what})" if what else ""


def servers(result: Result) -> Iterator[str]:
    """The servers of the files, with the files of each where there are several; where nothing names one, the summary does."""
    paths = judged(result)
    if _newest(result):
        return
    for server, files in paths.items():
        yield f"Judged by {server}." if len(paths) == 1 else f"{_some(list(files))}: judged by {server}."
    if paths:
        yield ""


_MOST_FILES: Final = 4
"""Files of one server at most that are all named."""


def _some(files: Sequence[str]) -> str:
    """The names of files; of many the first ones, and how many there are besides."""
    if len(files) <= _MOST_FILES:
        return series(files)
    return series([*files[: _MOST_FILES - 1], f"{len(files) - _MOST_FILES + 1:,} other files"])


def _newest(result: Result) -> str:
    """The server that all files were judged by because nothing names one; empty where something does."""
    known = {file.server for file in result.files if file.server is not None}
    return next((server.described for server in known if len(known) == 1 and not server.is_known), "")


def judged(result: Result) -> dict[str, dict[str, None]]:
    """The files that were judged by each server. That several images are newer than what is known is one thing to say."""
    newer = Counter(server.newer for server in {file.server for file in result.files} if server is not None and server.newer)
    paths: dict[str, dict[str, None]] = {}
    for file in result.files:
        if file.server is not None:
            server = file.server._replace(reason="each image") if newer[file.server.newer] > 1 else file.server
            paths.setdefault(printable(server.described), {})[printable(file.path)] = None
    return paths


def about_the_run(result: Result, style: Style, *, with_commands: bool = False) -> Iterator[str]:
    """What was left alone, what was checked together, the configurations, and a summary.

    ``with_commands``: the commands that make fixes in Parameter Store stand above it.
    """
    for file in result.files:
        is_said = style.width and file.status == "failed"  # on the same terminal standard error names it, with the reason
        if file.status != "checked" and not is_said:
            yield f"{printable(file.path)}: {file.status}: {printable(file.note)}"
    yield from map(together, result.deployments)
    yield from map(_configuration, result.configurations)
    if result.files:
        yield _summary(result, with_commands=with_commands)


def _configuration(configuration: Configuration) -> str:
    return f"Configuration {printable(configuration.path)}: {used(configuration)}."


def used(configuration: Configuration) -> str:
    """What a configuration file took away from a run: a clause that follows its name."""
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


def _summary(result: Result, *, with_commands: bool) -> str:
    checked = {file.path for file in result.files if file.status == "checked"}
    others = Counter(file.status for file in result.files if file.status != "checked")
    files = count(len(checked), "file") + "".join(f", {number} {status}" for status, number in sorted(others.items()))
    findings = shown(result)
    accepted = _accepted(result.findings)
    accepted += f", judged by {newest}" if (newest := _newest(result)) else ""
    hidden = _counts(result.hidden)
    left_out = f"\nNot shown for --min-severity: {hidden}." if hidden else ""
    if not findings:
        return f"No findings{' to show' if hidden else ''} in {files}{accepted}.{left_out}"
    fixable = _fixable(findings, with_commands=with_commands)
    return f"Found {_counts(Counter(one.severity for one in findings))} in {files}{accepted}.{left_out}{fixable}"


def _accepted(findings: Iterable[Finding]) -> str:
    """How many findings are accepted, and how many of them by a baseline, in brackets; empty where none is."""
    hidden = Counter(finding.accepted_by == "baseline" for finding in findings if finding.suppressed is not None)
    counts = [f"{hidden[False]:,} suppressed"] * bool(hidden[False]) + [f"{hidden[True]:,} in the baseline"] * bool(hidden[True])
    return f" ({', '.join(counts)})" if counts else ""


def _counts(levels: Mapping[Level, int]) -> str:
    counts = [count(levels[level], level) for level in LEVELS if levels.get(level)]
    return series(counts) if counts else ""


def _fixable(findings: list[Finding], *, with_commands: bool) -> str:
    """How many findings can be fixed, and how many commands would fix, each as a line of its own."""
    fixes = [finding.fix for finding in findings if finding.fix is not None]
    by_edits = _fixable_with([fix.safe for fix in fixes if fix.edits is not None], "with --fix")
    by_commands = [fix.safe for fix in fixes if fix.commands is not None]
    how = "by the commands above, or by the script of --fix-script FILE" if with_commands else "by the script of --fix-script FILE"
    return by_edits + _fixable_with(by_commands, how)


def _fixable_with(safe: list[bool], how: str) -> str:
    """How many fixes can be made in one way, of which ``safe`` says whether each is; empty where there are none."""
    if not safe:
        return ""
    unsafe = len(safe) - sum(safe)
    if unsafe == len(safe):
        return f"\n{unsafe} fixable {how} --unsafe-fixes."
    return f"\n{sum(safe)} fixable {how}{f' ({unsafe} more with --unsafe-fixes)' if unsafe else ''}."


def as_text(lines: Iterable[str]) -> str:
    """Lines of a report as a text, in which none is a command to a runner."""
    return inert("".join([f"{line}\n" for line in lines]))


def folded(lines: Iterable[str], style: Style) -> list[str]:
    """Sentences as lines that fit into the terminal; where there is none they stay lines, for others look for them."""
    if not style.width:
        return list(lines)
    from ._columns import wrapped  # only on a terminal

    return [part for line in lines for sentence in line.split("\n") for part in wrapped(sentence, style.width, indent=2)]


# --- The table of the rules ----------------------------------------------------------------------------------------------------------

MANY: Final = 40
"""Findings beyond which reports that are read from top to bottom have the table without being asked."""


def statistics(findings: Iterable[Finding], style: Style) -> Iterator[str]:
    """A table of the rules, the gravest and most frequent first: how many findings each has, and how many of them can be fixed."""
    groups: dict[tuple[Level, str], list[Fix | None]] = {}
    for finding in findings:
        groups.setdefault((finding.severity, finding.rule), []).append(finding.fix)
    ordered = sorted(groups.items(), key=lambda item: (LEVELS.index(item[0][0]), -len(item[1]), item[0][1]))
    if not ordered:
        return
    from ._columns import UNKNOWN, wrapped  # only with findings

    numbers = max(len("findings"), *(len(f"{len(fixes):,}") for _, fixes in ordered))
    yield f"{'findings':>{numbers}}  severity  rule"
    for (level, rule), fixes in ordered:
        fixable = fixable_of([fix for fix in fixes if fix is not None])
        start = numbers + 12
        name, *more = wrapped(f"{printable(rule)}{f' ({fixable})' if fixable else ''}", style.width or UNKNOWN, start, start)
        yield f"{len(fixes):>{numbers},}  {paint(f'{level:<8}', level, style)}  {name}"
        yield from more


def fixable_of(fixes: Sequence[Fix]) -> str:
    """How many fixes of a rule there are in each way."""
    edited = [fix.safe for fix in fixes if fix.edits is not None]
    printed = sum(fix.commands is not None for fix in fixes)
    safe, unsafe = sum(edited), len(edited) - sum(edited)
    ways = [(safe, "with --fix"), (unsafe, "with --unsafe-fixes"), (printed, "by commands")]
    listed = ", ".join(f"{number:,} {how}" for number, how in ways if number)
    return f"fixable: {listed}" if listed else ""
