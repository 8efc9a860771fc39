"""Reporting a run: in a format, to standard output or a file, leaving out only findings that a bug keeps from being reported."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from io import StringIO

from ..files import STANDARD_OUTPUT, Identity, Unreadable, identity, opened
from ..log import Log
from ..model import LEVELS, Finding, Level, Result, Style
from ..reporters import reporter
from ..typed import IO
from . import Unwritable, place_of, width_of, write_file, write_standard_output


def is_read(output: str, inputs: Collection[Identity | None]) -> bool:
    """Whether an output was read as an input, under this name or another; an earlier report that a search found does not count."""
    return identity(output) in inputs and os.path.isfile(output) and not _is_a_report(output)


def _is_a_report(output: str) -> bool:
    """Whether this is an earlier run's report that was found by a search of its folder."""
    with suppress(OSError, Unreadable), opened(output, regular=True) as file:
        head = file.read(1_000)
        return b'"tool"' in head and b'"name": "medplum-lint"' in head
    return False


class _Report(StringIO):
    """A report in memory that knows the encoding of its destination."""

    encoding = "utf-8"


def write_all(result: Result, outputs: Collection[tuple[str, str]], style: Style, color: str, log: Log) -> None:
    """Report a run in each format to its file, and log bugs and errors; one failing report does not affect the others.

    A report whose file cannot be written goes to standard output, unless another one does, so that a folder or a link in place of the file
    hides no finding. Raises :class:`~linter.output.Unwritable` for standard output.
    """
    unwritten: list[str] = []
    for output_format, file in outputs:
        try:
            _write(result, output_format, file, style, color, log)
        except Unwritable as error:
            if file == STANDARD_OUTPUT:
                raise
            log.error(str(error))
            unwritten.append(output_format)
    if unwritten and place_of(STANDARD_OUTPUT) not in [place_of(file) for _, file in outputs]:
        _write(result, unwritten[0], STANDARD_OUTPUT, style, color, log)


def _write(result: Result, output_format: str, file: str, style: Style, color: str, log: Log) -> None:
    """Report a run, without findings that cannot be reported, with a bug for each file of those.

    The summary of a GitHub Actions step is appended to, any other file is replaced. Raises :class:`~linter.output.Unwritable`.
    """
    stream = sys.stdout if file == STANDARD_OUTPUT else None
    if getattr(reporter(output_format), "SHOWS_CONTROLS", False):
        from ..policy.controls import with_controls

        result = with_controls(result)
    before = _summary_so_far(file)
    is_colored, width = _wants_color(color, stream), width_of(stream)
    style = style._replace(color=is_colored, width=width, links=is_colored and width > 0, before=len(before))

    def report(*findings: Finding) -> str:
        text = _Report()
        text.encoding = getattr(stream, "encoding", None) or "utf-8"
        reporter(output_format).report(result._replace(findings=findings), text, style)
        return text.getvalue()

    try:
        text = report(*result.findings)
    except Exception:
        kept: list[Finding] = []
        for finding in result.findings:
            with log.surviving(finding.document.uri, f"reporting {finding.rule}"):
                report(finding)
                kept.append(finding)
        text = report(*kept)
    if file == STANDARD_OUTPUT:
        write_standard_output(text)
    else:
        write_file(file, before + text.encode("utf-8", "replace"))


def _summary_so_far(file: str) -> bytes:
    """The existing content of this GitHub Actions step's summary, in whole lines; nothing of an output that is another file."""
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    with suppress(OSError, ValueError, Unreadable):
        if summary and os.path.samefile(file, summary):
            with opened(file, regular=True) as opened_file:
                before = opened_file.read()
            return before + b"\n" if before and not before.endswith(b"\n") else before
    return b""


def at_least(result: Result, level: Level | None) -> Result:
    """A run with only the findings at or above a severity; it records how many are left out."""
    if level is None:
        return result
    levels = LEVELS[: LEVELS.index(level) + 1]
    kept = tuple(finding for finding in result.findings if finding.severity in levels)
    hidden = Counter(one.severity for one in result.findings if one.severity not in levels and one.suppressed is None)
    return result._replace(findings=kept, hidden={one: hidden[one] for one in LEVELS if hidden[one]})


def _wants_color(color: str, stream: IO[str] | None) -> bool:
    """Whether to use colour: by the option, else by variables, else on a terminal. ``stream`` is None for a file.

    Of the variables ``NO_COLOR`` (https://no-color.org) comes first, as in Python itself, then ``FORCE_COLOR`` and ``CLICOLOR_FORCE``,
    which are off if they are empty or 0, then ``CLICOLOR=0`` and ``TERM=dumb``. A file has colours only if the option asks for them.
    """
    if color != "auto":
        return color == "always"
    if stream is None or os.environ.get("NO_COLOR"):
        return False
    if any(os.environ.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return os.environ.get("CLICOLOR") != "0" and os.environ.get("TERM") != "dumb" and stream.isatty()
