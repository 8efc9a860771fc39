"""Why a rule says what it says of a document: what each of its clauses answers, at each place that its path leads to, and why.

Nothing here decides anything: the clauses are those of the rule, and the parts of an assertion are asked as it is itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from ..formats.placeholders import is_unresolved
from ..model import ABSENT, UNKNOWN, Document, dotted
from ..text import Span, printable
from ..typed import Any, Final, Literal, NamedTuple
from .display import flow
from .engine import applies, seen_by
from .evaluate import IN_CONDITION, Mode, ask, ask_part, holds, is_given_otherwise_at, is_misread_at, is_unread_at
from .node import Node
from .paths import Path
from .rule import Case, Rule
from .template import shown_at
from .tree import Assertion, Clause, Place
from .verdict import Failure, Verdict

Word = Literal["true", "false", "unknown"]
_MOST_FALSE: Final = 8
_MOST_ALIKE: Final = 3
"""Places of a clause at most that are named one by one: where it does not hold, and of the others those with one answer for one reason."""
_LONGEST: Final = 100
"""Characters of an assertion at most, as it is shown."""


class Answer(NamedTuple):
    """What a clause answers at one place, in ``lines``; the name of the setting in its own document, and what is not right about it."""

    verdict: Word
    setting: str
    says: str
    lines: tuple[str, ...]


class ClauseTrace(NamedTuple):
    """A clause, with where it stands in the rule, and its answers, in ``lines`` too; ``places`` counts all of them by their verdicts."""

    text: str
    place: Place
    answers: list[Answer]
    lines: list[str]
    places: Mapping[Word, int]
    absent: int
    """How many of the unknown answers are about what is not given."""

    @property
    def holds_somewhere(self) -> Word:
        """The answer of the clause in a condition, for which one of its places is enough."""
        return _best(self.places)


def _best(words: Collection[Word]) -> Word:
    """What any of some answers makes true."""
    return "true" if "true" in words else "unknown" if "unknown" in words else "false"


class CaseTrace(NamedTuple):
    """A case of a rule on a document, with the number of the case.

    ``conditions`` are the alternatives of ``when``; ``asked``: whether one of them holds, or there is none.
    """

    number: int
    conditions: tuple[tuple[ClauseTrace, ...], ...]
    asked: Word
    clauses: tuple[ClauseTrace, ...]


class Trace(NamedTuple):
    """A rule on a document: those of its cases that are for documents of this kind."""

    cases: tuple[CaseTrace, ...]

    @property
    def asked(self) -> Word:
        """Whether the condition of any case holds."""
        return _best([case.asked for case in self.cases])

    @property
    def clauses(self) -> list[ClauseTrace]:
        """The clauses of all cases whose conditions hold."""
        return [clause for case in self.cases if case.asked == "true" for clause in case.clauses]


def trace(rule: Rule, document: Document) -> Trace:
    """What the clauses of a rule answer for a document."""
    seen = seen_by(rule, document)
    root = Node(seen, None, seen.data)
    return Trace(tuple(_case(number, case, root) for number, case in enumerate(rule.cases) if applies(case, document)))


def _case(number: int, case: Case, root: Node) -> CaseTrace:
    conditions = tuple(tuple(_traced(clause, root, IN_CONDITION) for clause in clauses) for clauses in case.when)
    asked = _word(holds(case.when, root))
    return CaseTrace(number, conditions, asked, tuple(_traced(clause, root, case.mode) for clause in case.must))


def _traced(clause: Clause, root: Node, mode: Mode) -> ClauseTrace:
    places: Counter[Word] = Counter()
    alike: Counter[str | Word] = Counter()
    answers = []
    for node in clause.path.nodes(root):
        verdict = ask(clause.assertion, clause.path.value(node), node, mode)
        word = _word(verdict)
        reason = _why_unknown(clause.path.value(node), node, clause.compared) if verdict is None else word
        places[word] += 1
        alike[reason] += 1
        if alike[reason] <= (_MOST_FALSE if word == "false" else _MOST_ALIKE):
            answers.append(_answer(clause, node, verdict, mode))
    lines = [line for answer in answers for line in answer.lines]
    named = Counter(answer.verdict for answer in answers)
    lines += [f"      {word:8} at {more:,} more place{'s' * (more != 1)}" for word, more in (places - named).items()]
    if not places:
        lines = [f"      {'false' if mode.condition else '-':8} the path leads to nothing in this document"]
    return ClauseTrace(f"{printable(clause.text)}: {written(clause.data)}", clause.place, answers, lines, places, alike[_NOT_GIVEN])


def _word(verdict: Verdict) -> Word:
    return "unknown" if verdict is None else "true" if verdict is True else "false"


def _answer(clause: Clause, node: Node, verdict: Verdict, mode: Mode) -> Answer:
    value, fact = clause.path.value(node), clause.path.fact
    path = node.path + (verdict[0].path if isinstance(verdict, tuple) and verdict else ())
    document, own_path = node.document.written_in(path)
    name = f"{printable(dotted(path))}{f'@{fact}' if fact else ''}" if path else ""
    shown = shown_at(node, fact)
    if fact is not None:
        shown = _ABSENT if value is ABSENT else str(value).lower() if isinstance(value, bool) else shown
    text = shown
    if own_path and not document.members:
        several = bool(node.document.members or node.document.parts)
        text = f"{name} at {position(document, document.locate(own_path), several)} {shown if shown == _ABSENT else f'is {shown}'}"
    says = f"{name or 'it'} {'is not given' if shown == _ABSENT else f'is {shown}'}"
    why = _why(value, node, verdict, clause.compared)
    parts = () if verdict is None and _lack(value) else _parts(clause.assertion, value, node, clause.compared, mode)
    lines = (_line(6, verdict, text, why), *parts)
    return Answer(_word(verdict), dotted(own_path), f"{says}: {why}" if why and why not in says else says, lines)


def _line(indent: int, verdict: Verdict, text: str, why: str) -> str:
    return f"{' ' * indent}{_word(verdict):8} {text}{why and f': {why}'}"


_ABSENT: Final = "(absent)"


def position(document: Document, span: Span, several: bool = False) -> str:
    """The line and column of a place, with the file where there are ``several``."""
    line, column = document.position(span.start)
    return f"{f'{printable(document.uri)}:' * several}{line}:{column}"


def _why(value: Any, node: Node, verdict: Verdict, compared: list[Path]) -> str:
    """Why an answer is not that it holds."""
    if verdict is None:
        return _why_unknown(value, node, compared)
    return "" if verdict is True else "; ".join(dict.fromkeys(map(_reason, verdict)))


def _reason(failure: Failure) -> str:
    return f"{printable(dotted(failure.path))} {failure.reason.text}" if failure.path else failure.reason.text


def _why_unknown(value: Any, node: Node, compared: list[Path]) -> str:
    if node.value is ABSENT and is_given_otherwise_at(node):
        return "is given under another name, which has a finding of its own"
    if value is node.value and is_unread_at(node):
        return "is not read by this server, which is too old for it"
    lack = _lack(value)
    if lack:
        return lack
    if value is node.value and is_misread_at(node):
        return "does not fit the catalogue, which has a finding of its own"
    for reference in compared:
        other = reference.single(node)
        lack = _lack(reference.value(other))
        if lack or is_misread_at(other):
            return f"{printable(dotted(other.path))} {lack or 'does not fit the catalogue, and what is meant is not clear'}"
    return "cannot be told from what is given"


_NOT_GIVEN: Final = "is not given"


def _lack(value: Any) -> str:
    """What a value lacks to be known, as a clause about its setting."""
    if value is ABSENT:
        return _NOT_GIVEN
    if value is UNKNOWN:
        return "has a value that cannot be read here"
    return "still has to be filled in" if is_unresolved(value) else ""


# --- The parts of an assertion. ----------------------------------------------------------------------------------------------------


def _parts(assertion: Assertion, value: Any, node: Node, compared: list[Path], mode: Mode, indent: int = 10) -> Iterator[str]:
    """The parts of an assertion that is made of others, each with its own answer."""

    def of(word: str, inner: Assertion, mode: Mode = mode, at: Node = node, given: Any = value, indent: int = indent) -> Iterator[str]:
        verdict = ask(inner, given, at, mode)
        yield _line(indent, verdict, f"{word} {written(inner.data)}", _why(given, at, verdict, compared))
        yield from _parts(inner, given, at, compared, mode, indent + 2)

    for one in assertion.alternatives:
        yield from of("or", one)
    for part in assertion.parts:
        if part.name == "if":
            (_, condition), (_, consequence) = part.inner
            in_condition = mode._replace(condition=True)
            yield from of("if", condition, in_condition)
            if not isinstance(ask(condition, value, node, in_condition), tuple):
                yield from of("then", consequence)
            continue
        deeper = indent
        if len(assertion.parts) > 1:
            verdict, deeper = ask_part(part, value, node, mode), indent + 2
            yield _line(indent, verdict, f"{part.name}: {written(part.operand)}", _why(value, node, verdict, compared))
        for member, one in part.inner if isinstance(value, dict) else ():
            if member is not None:
                child = node.child(member)
                yield from of(f"{member}:", one, at=child, given=child.value, indent=deeper)


def written(assertion: Any) -> str:
    """An assertion as YAML has it on one line, cut at 100 characters."""
    text = flow(assertion)
    return printable(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")
