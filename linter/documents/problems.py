"""Mistakes in the text itself, as sentences: what is wrong, and what it leads to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial

from ..model import UNKNOWN, Message, SettingPath, as_message, dotted, sentence
from ..release import Release
from ..server.loader import has_wholes
from ..settings.kinds import Coercion
from ..syntax.places import Json, SyntaxProblem
from ..text import Edit, Edits, Span, printable
from ..typed import TYPE_CHECKING, Any, Final, TypeVar
from .source import Problem, Repair, SourceFile

if TYPE_CHECKING:
    from ..syntax.yaml import Yaml

_ADVICE = {
    "json-comment": 'delete it, or move it to a "_comment" member',
    "json-trailing-comma": "delete it",
    "json-without-braces": 'write "{" before the first one and "}" after the last, without a comma before it',
}

_MARKED = "the file begins with a byte order mark", ("remove the byte order mark", "save it as UTF-8 without one")
_WIDE = "the file is in UTF-16", ("write it in UTF-8", "save it as UTF-8, without a byte order mark")
_UTF_16 = sentence(
    'the file is in UTF-16, which ">" of Windows PowerShell writes',
    "medplum-lint reads it, but programs that expect UTF-8 do not",
    'write it with "| Out-File -Encoding utf8 FILE" in place of "> FILE"',
)

Entry = TypeVar("Entry")
Consequence = str | Message
"""The consequence of a mistake in a text, as a clause, perhaps with a remedy and whether it keeps the server from starting."""


def _because(what: str, consequence: Consequence, remedy: str = "") -> Message:
    """The message about a mistake that has a consequence."""
    why = as_message(consequence)
    return sentence(what, why.what, why.remedy, stops=why.stops).add("remedy", remedy)


def encoding_problems(file: SourceFile, consequence: Consequence, *, as_it_is: bool = False) -> Iterator[Problem]:
    """Bytes that are not UTF-8. ``as_it_is``: production reads these very bytes, so a byte order mark is a mistake."""
    is_wide, start = file.text.encoding != "utf-8", Span(0, min(1, len(file.text.content)))
    if as_it_is and file.text.bom:
        what, says = _WIDE if is_wide else _MARKED
        repair = Repair(says[0], without_mark=True) if file.encoding_error is None else None
        yield Problem("byte-order-mark", _because(what, consequence, says[1]), start, fatal=True, repair=repair)
    elif is_wide:
        yield Problem("utf-16", _UTF_16, start)
    if file.encoding_error is not None:
        at, remedy = file.encoding_error, "save it as UTF-8"
        why = "what cannot be read becomes the replacement character U+FFFD"
        message = sentence(f"the file is not UTF-{16 if is_wide else 8} from here on", why, remedy)
        message = _because("the file is UTF-16 or not text at all", consequence, remedy) if file.is_binary else message
        yield Problem("not-utf-8", message, Span(at, min(at + 1, len(file.text.content))), lossy=True)


def tree_problems(parsed: Json | Yaml, consequence: Consequence, content: str | None = None) -> Iterator[Problem]:
    """The mistakes in a JSON or YAML document. A duplicate name stops no JSON parser, and not all readers of YAML.

    ``content`` is the text if that is the whole file, which can be fixed.
    """
    repair_of = _repairs_of(parsed, content) if content is not None and parsed.problems else None
    for problem in parsed.problems:
        repair = repair_of(problem) if repair_of is not None else None
        if problem.name in _WHAT_COUNTS:
            name = printable(dotted(problem.path)) if problem.path else "a name deep inside other objects"
            message = sentence(f"{name} is given twice", _WHAT_COUNTS[problem.name], "keep one")
            yield Problem(problem.name, message, problem.span, problem.path, repair=repair)
        else:
            message = _because(problem.message, consequence, _ADVICE.get(problem.name, ""))
            yield Problem(problem.name, message, problem.span, fatal=problem.fatal, lossy=problem.lossy, repair=repair)


def object_problems(
    parsed: Json, consequence: Consequence, otherwise: Message, file: SourceFile | None = None, *, as_it_is: bool = False
) -> tuple[dict[str, Any], list[Problem], bool]:
    """The members of a text that should be an object, the mistakes in it, and whether the members can be checked.

    ``otherwise`` is the message about a text that is something else. ``file`` is the file that the text is the whole of, with mistakes in
    its bytes; ``as_it_is`` as in :func:`encoding_problems`.
    """
    problems = list(encoding_problems(file, consequence, as_it_is=as_it_is)) if file is not None else []
    problems += tree_problems(parsed, consequence, file.text.content if file is not None else None)
    is_object = isinstance(parsed.value, dict)
    if not is_object and parsed.value is not UNKNOWN:
        root = parsed.places.find(())
        start = root.value.start if root is not None else 0
        problems.append(Problem("json-not-an-object", otherwise, Span(start, start + 1), fatal=True, lossy=True))
    return parsed.value if is_object else {}, problems, parsed.whole and is_object


_WHAT_COUNTS: Final = {
    "json-duplicate-key": "the last one counts, and the others are silently dropped",
    "yaml-duplicate-key": "the last one counts, or the whole file is refused",
}
"""What happens to the values of a name that is given twice, by the name of the mistake."""
_REPAIRS: Final = {
    "json-comment": ("delete the comment", 50),
    "json-trailing-comma": ("delete the comma", 50),
    **dict.fromkeys(_WHAT_COUNTS, ("keep the last of the equal values", 30)),
}
"""The repair of each kind of mistake, and the maximum number of such mistakes that are fixed in a text. No configuration has as many, and
each can take time linear in its length."""


def _repairs_of(parsed: Json | Yaml, content: str) -> Callable[[SyntaxProblem], Repair | None]:
    """A function that gives the repair of a mistake in a text; None if there is none."""
    if not isinstance(parsed, Json):
        repeated = [problem.repeated for problem in parsed.problems if problem.repeated is not None]
        says, most = _REPAIRS["yaml-duplicate-key"]
        few = repeated if len(repeated) <= most else []
        lines = {span: [Edit(line, "")] for span in few if (line := _line_alone(content, span)) is not None}
        return lambda problem: Repair(says, partial(list, lines[problem.repeated])) if problem.repeated in lines else None
    counts = Counter(problem.name for problem in parsed.problems)
    fixable = {rule for rule, (_, most) in _REPAIRS.items() if parsed.intact and counts[rule] <= most}

    @cache
    def comments() -> list[Edit]:
        """The edits that remove all comments; adjacent ones are removed together."""
        from ..syntax.json_edits import remove_parts  # only for a mistake

        return remove_parts(content, [problem.span for problem in parsed.problems if problem.name == "json-comment"])

    def edits(problem: SyntaxProblem) -> Edits:
        from ..syntax.json_edits import JsonEditor, remove_comma

        if problem.name == "json-comment":
            return [edit for edit in comments() if edit.span.start <= problem.span.start < edit.span.end]
        if problem.name == "json-trailing-comma":
            return remove_comma(content, problem.span)
        return JsonEditor(content, parsed).remove_earlier(problem.path or ())

    return lambda problem: Repair(_REPAIRS[problem.name][0], partial(edits, problem)) if problem.name in fixable else None


def problems_beside(
    given: Mapping[SettingPath, Entry],
    describe: Callable[[SettingPath, Entry], tuple[Any, str, Span]],
    by: Coercion,
    release: Release,
    order: str = "",
) -> Iterator[Problem]:
    """The problems of entries that give a member of an object that another entry gives as a whole; see :func:`.beside.beside_members`.

    ``describe`` gives the text of an entry, its name, and its place.
    """
    if has_wholes(given):
        from .beside import beside_members  # only after a mistake

        yield from beside_members({path: describe(path, value) for path, value in given.items()}, by, release, order)


def broken_off(file: SourceFile, *documents: Json | Yaml) -> str:
    """Where and why a text cannot be relied on, such as ``not valid JSON (line 1, column 9: …)``; empty if it was read to its end."""
    broken = next((parsed for parsed in documents if not parsed.intact), None)
    problem = next((problem for problem in broken.problems if problem.lossy), None) if broken is not None else None
    if problem is None:
        return ""
    line, column = file.text.position(problem.span.start)
    return f"not valid {'JSON' if isinstance(broken, Json) else 'YAML'} (line {line}, column {column}: {problem.message})"


def _line_alone(content: str, span: Span) -> Span | None:
    """The line of an entry; None if it has several, or shares its line with anything else."""
    from ..syntax.edits import after_break, has_break, line_end, line_start  # only for a mistake

    if has_break(content[slice(*span)]) or content[span.start] in "?&*!":
        return None
    start, end = line_start(content, span.start), line_end(content, span.end)
    around = content[start : span.start] + content[span.end : end]
    behind = after_break(content, end)
    return Span(start, behind) if not around.strip(" \t") and behind > end else None
