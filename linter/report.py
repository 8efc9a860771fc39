"""Reporting a run: in a format, to standard output or a file, without what a bug keeps from being reported."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Collection
from contextlib import suppress
from io import StringIO

from .files import Identity, Unreadable, identity, opened
from .log import Log
from .model import LEVELS, Finding, Level, Result, Style
from .output import STANDARD_OUTPUT, Unwritable, is_same_output, write_report, write_standard_output
from .reporters import reporter
from .run import Outcome
from .typed import Final


def is_read(output: str, inputs: Collection[Identity], *, from_stdin: bool) -> bool:
    """Whether an output was read as an input, under this name or another one; that of an earlier run, found by a search, does not count."""
    written = identity(output)
    if written is None or not stat.S_ISREG(os.stat(output).st_mode):
        return False
    with suppress(OSError, ValueError, AttributeError):  # no file of the system
        if from_stdin and os.path.samestat(os.fstat(sys.stdin.fileno()), os.stat(output)):
            return True
    return written in inputs and not _is_a_report(output)


def _is_a_report(output: str) -> bool:
    """Whether this is the report of an earlier run, which a search of its folder has found."""
    with suppress(OSError, Unreadable), opened(output, regular=True) as file:
        head = file.read(1_000)
        return b'"tool"' in head and b'"name": "medplum-lint"' in head
    return False


class _Report(StringIO):
    """A report in memory that knows the encoding of where it will go."""

    encoding = "utf-8"


SUMMARY_LIMIT: Final = 1024 * 1024
"""Bytes that GitHub takes of the summary of a step."""


def write_all(
    outcome: Outcome, outputs: Collection[tuple[str, str]], style: Style, color: str, min_severity: Level | None = None
) -> Outcome:
    """Report a run in each format to its file, and return it with the bugs and errors that came up: one report is there without another.

    A report whose file cannot be written goes to standard output, unless another one does: a folder or a link in the place of the file
    hides no finding. ``min_severity``: what is less severe is left out. Raises :class:`~linter.output.Unwritable` for standard output.
    """
    bugs = dict.fromkeys(outcome.bugs)
    errors: list[str] = []
    unwritten: list[str] = []
    result = at_least(outcome.result, min_severity)
    for output_format, file in outputs:
        try:
            bugs |= dict.fromkeys(write(result, output_format, file, style, color))
        except Unwritable as error:
            if file == STANDARD_OUTPUT:
                raise
            errors.append(f"{file}: cannot be written: {error}")
            unwritten.append(output_format)
    if unwritten and not any(is_same_output(file, STANDARD_OUTPUT) for _, file in outputs):
        bugs |= dict.fromkeys(write(result, unwritten[0], STANDARD_OUTPUT, style, color))
    return outcome._replace(errors=(*outcome.errors, *errors), bugs=tuple(bugs))


def write(result: Result, output_format: str, file: str, style: Style, color: str) -> list[str]:
    """Report a run, and return the bugs that came up: what one finding breaks is reported without it, with a bug for each file.

    ``file`` is "-" for standard output. The summary of a step of GitHub Actions is added to, each other file is replaced.
    Raises :class:`~linter.output.Unwritable`.
    """
    output = None if file == STANDARD_OUTPUT else file
    before = _summary_so_far(output)
    is_colored, width = _wants_color(color, output), _width(output)
    style = style._replace(color=is_colored, width=width, links=is_colored and width > 0)
    if before is not None:
        style = style._replace(room=SUMMARY_LIMIT - len(before))

    def report(*findings: Finding) -> str:
        text = _Report()
        text.encoding = "utf-8" if output is not None else getattr(sys.stdout, "encoding", None) or "utf-8"
        reporter(output_format).report(result._replace(findings=findings), text, style)
        return text.getvalue()

    log = Log()
    try:
        text = report(*result.findings)
    except Exception:
        kept: list[Finding] = []
        for finding in result.findings:
            with log.surviving(finding.document.uri, f"reporting {finding.rule}"):
                report(finding)
                kept.append(finding)
        text = report(*kept)
    if output is None:
        write_standard_output(text)
    else:
        write_report(output, (before or b"") + text.encode("utf-8", "replace"))
    return log.bugs


def _summary_so_far(output: str | None) -> bytes | None:
    """What the summary of this step of GitHub Actions holds already, in whole lines; None for an output that is another file."""
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if not summary or output is None:
        return None
    with suppress(OSError, ValueError, Unreadable):
        if os.path.samefile(output, summary) and stat.S_ISREG(os.stat(output).st_mode):
            with opened(output, regular=True) as file:
                before = file.read()
            return before + b"\n" if before and not before.endswith(b"\n") else before
    return None


def at_least(result: Result, level: Level | None) -> Result:
    """A run with the findings from a severity on; how many are left out is noted in it."""
    if level is None or level == LEVELS[-1]:
        return result
    bar = LEVELS.index(level)
    kept = tuple(finding for finding in result.findings if LEVELS.index(finding.severity) <= bar)
    hidden = [one.severity for one in result.findings if LEVELS.index(one.severity) > bar and one.suppressed is None]
    return result._replace(findings=kept, hidden={level: hidden.count(level) for level in LEVELS if level in hidden})


def fails_unseen(result: Result, min_severity: Level | None) -> bool:
    """Whether there are findings, and a report from a severity on has none of them."""
    left = at_least(result, min_severity)
    return bool(left.hidden) and all(finding.suppressed is not None for finding in left.findings)


def _wants_color(color: str, output: str | None) -> bool:
    """Whether to colour: as the option says, else as variables do, else on a terminal.

    Of the variables ``NO_COLOR`` (https://no-color.org) comes first, as in Python itself, then ``FORCE_COLOR`` and ``CLICOLOR_FORCE``,
    which are off where they are empty or 0, then ``CLICOLOR=0`` and ``TERM=dumb``. A file has colours only if the option asks for them.
    """
    if color != "auto":
        return color == "always"
    if output is not None or sys.stdout is None or os.environ.get("NO_COLOR"):
        return False
    if any(os.environ.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return os.environ.get("CLICOLOR") != "0" and os.environ.get("TERM") != "dumb" and sys.stdout.isatty()


def _width(output: str | None) -> int:
    """The columns of the terminal that the report goes to; 0 where it goes elsewhere, so that what others read has lines of one length."""
    if output is not None or sys.stdout is None or not sys.stdout.isatty():
        return 0
    given = os.environ.get("COLUMNS", "")
    if given.isascii() and given.isdecimal() and len(given) < 6:
        return int(given)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        return 0
