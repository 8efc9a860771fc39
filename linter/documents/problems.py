"""Mistakes in the text itself, put in sentences: what is wrong, and what it leads to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..model import dotted
from ..syntax.places import Json
from ..text import Span, printable
from .source import Problem, SourceFile

if TYPE_CHECKING:
    from ..syntax.yaml import Yaml

_ADVICE = {
    "json-comment": 'delete it, or move it to a "_comment" member',
    "json-trailing-comma": "delete it",
}


def encoding_problems(file: SourceFile, consequence: str) -> Iterator[Problem]:
    """A byte order mark, and bytes that are not UTF-8."""
    if file.text.bom:
        message = f"the file begins with a byte order mark: {consequence}; save it as UTF-8 without one"
        yield Problem("byte-order-mark", message, Span(0, min(1, len(file.text.content))), fatal=True)
    if file.encoding_error is not None:
        at = file.encoding_error
        if file.is_no_text:
            message = f"the file is UTF-16 or not text at all: {consequence}; save it as UTF-8"
            yield Problem("not-utf-8", message, Span(at, min(at + 1, len(file.text.content))), lossy=True)
            return
        message = "the file is not UTF-8 from here on: what cannot be read becomes the replacement character U+FFFD; save it as UTF-8"
        yield Problem("not-utf-8", message, Span(at, min(at + 1, len(file.text.content))), lossy=True)


def json_problems(parsed: Json, consequence: str) -> Iterator[Problem]:
    """What is wrong with the JSON. Only a duplicate key does not stop a JSON parser."""
    for problem in parsed.problems:
        if problem.rule == "json-duplicate-key":
            name = printable(dotted(problem.path)) if problem.path else "a name deep inside other objects"
            message = f"{name} is given twice: the last one counts, and the others are silently dropped; keep one"
            yield Problem(problem.rule, message, problem.span, problem.path)
        else:
            advice = _ADVICE.get(problem.rule)
            message = f"{problem.message}: {consequence}" + (f"; {advice}" if advice else "")
            yield Problem(problem.rule, message, problem.span, fatal=problem.fatal, lossy=problem.lossy)


def broken_off(file: SourceFile, *documents: Json | Yaml) -> str:
    """Where and why a text cannot be relied on, such as ``not valid JSON (line 1, column 9: …)``; empty when it was read to its end."""
    broken = next((parsed for parsed in documents if not (parsed.intact if isinstance(parsed, Json) else parsed.whole)), None)
    problem = next((one for one in broken.problems if one.lossy), None) if broken is not None else None
    if problem is None:
        return ""
    line, column = file.text.position(problem.span.start)
    return f"not valid {'JSON' if isinstance(broken, Json) else 'YAML'} (line {line}, column {column}: {problem.message})"


def yaml_problems(parsed: Yaml, consequence: str) -> Iterator[Problem]:
    """What is wrong with a YAML document. A name that stands twice does not stop all readers."""
    for problem in parsed.problems:
        if problem.rule == "yaml-duplicate-key":
            name = printable(dotted(problem.path or ()))
            message = f"{name} is given twice: the last one counts, or the whole file is refused; keep one"
            yield Problem(problem.rule, message, problem.span, problem.path)
        else:
            yield Problem(problem.rule, f"{problem.message}: {consequence}", problem.span, fatal=problem.fatal, lossy=problem.lossy)
