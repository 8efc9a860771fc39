"""Reporting a run: in a format, to standard output or a file, without what a bug keeps from being reported."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from io import StringIO

from .files import Identity, identity
from .load import described
from .model import Finding, Style
from .output import write_report, write_standard_output
from .reporters import reporter
from .run import Outcome


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
    with suppress(OSError), open(output, "rb") as file:
        head = file.read(1_000)
        return b'"tool"' in head and b'"name": "medplum-lint"' in head
    return False


class _Report(StringIO):
    """A report in memory that knows the encoding of where it will go."""

    encoding = "utf-8"


def write(outcome: Outcome, output_format: str, output: str | None, color: str, quiet: bool) -> Outcome:
    """Report a run, and return it with the bugs that came up: what one finding breaks is reported without it.

    ``output`` is a file; None or "-" is standard output. Raises :class:`~linter.output.Unwritable`.
    """
    style = Style(color=_wants_color(color, output), quiet=quiet, width=_width(output))
    to_standard_output = output is None or output == "-"
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8" if to_standard_output else "utf-8"

    def report(one: Outcome) -> str:
        text = _Report()
        text.encoding = encoding
        reporter(output_format).report(one.result, text, style)
        return text.getvalue()

    try:
        text = report(outcome)
    except Exception:
        outcome = without_what_cannot_be_reported(outcome, report)
        text = report(outcome)
    if output is None or output == "-":
        write_standard_output(text)
    else:
        write_report(output, text.encode("utf-8", "replace"))
    return outcome


def _wants_color(color: str, output: str | None) -> bool:
    if color != "auto":
        return color == "always"
    if output is not None or sys.stdout is None:
        return False
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and sys.stdout.isatty()


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


def without_what_cannot_be_reported(outcome: Outcome, report: Callable[[Outcome], object]) -> Outcome:
    """A run without the findings that a bug keeps from being reported, and with a bug noted for each of their files."""
    kept: list[Finding] = []
    bugs: dict[str, None] = {}
    for finding in outcome.result.findings:
        try:
            report(outcome._replace(result=outcome.result._replace(findings=(finding,))))
        except Exception as error:
            bugs[f"{finding.document.uri}: reporting {finding.rule} failed with {described(error)}"] = None
        else:
            kept.append(finding)
    return outcome._replace(result=outcome.result._replace(findings=tuple(kept)), bugs=(*outcome.bugs, *bugs))
