"""What a document must hold, or lack, for a rule to find anything in it: worked out of the rule's data, once.

Most rules have nothing to look at in most documents, and are not even compiled for these. A guard may let a rule through that then finds
nothing, but never the other way round. That of a built-in rule is in the built file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from ..conformance.mismatch import mismatches
from ..model import ABSENT, Document
from ..settings import catalogue
from ..settings.kinds import DOCUMENT_KINDS, catalogue_kind
from ..typed import Any, Final
from .paths import ANY, DEEP, Path, Tag, parse_path

Test = list[str]
"""One question about a document, as the built file has it: a word of :data:`_TESTS`, and what it asks about."""
Guard = Mapping[str, Any]
"""``must``: tests of which one must hold, absent where there is always something to look at. ``when``: alternatives of tests that must all
hold, absent where the rule's condition cannot be decided by such tests."""


def may_speak(guard: Guard, document: Document, within: Collection[str] | None = None) -> bool:
    """Whether a rule with this guard can find anything in a document, or at or beneath some names at the top of it."""
    when, must = guard.get("when"), guard.get("must")
    if when is not None and not any(all(_holds(test, document) for test in tests) for tests in when):
        return False
    if must is None:
        return True
    if within is None:
        return any(_holds(test, document) for test in must)
    return any(_holds(test, document) and (test[0] != "mismatch" or _has_mismatch_within(test[1], document, within)) for test in must)


def is_of_mismatches(guard: Guard) -> bool:
    """Whether a rule with this guard finds only what does not fit the catalogue."""
    tests = guard.get("must")
    return bool(tests) and all(test[0] == "mismatch" for test in tests or ())


def _holds(test: Test, document: Document) -> bool:
    return _TESTS[test[0]](test[1:], document)


def _is_given(steps: Test, document: Document) -> bool:
    return document.get(tuple(steps)) is not ABSENT


def _is_lacking(steps: Test, document: Document) -> bool:
    return document.get(tuple(steps)) is ABSENT


def _is_blank(steps: Test, document: Document) -> bool:
    return document.get(tuple(steps)) in (ABSENT, None, "")


def _holds_name(names: Test, document: Document) -> bool:
    return names[0] in document.cached("names", lambda: frozenset(_names(document.data)))


def _names(value: Any) -> Iterator[str]:
    """Every name in a tree. A loop, for a document can be 100,000 levels deep."""
    waiting = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield from node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _has_mismatch(aspects: Test, document: Document) -> bool:
    return aspects[0] in document.cached("aspects", lambda: frozenset(one.aspect for one in mismatches(document).values()))


def _has_mismatch_within(aspect: str, document: Document, names: Collection[str]) -> bool:
    return any(path[0] in names and one.aspect == aspect for path, one in mismatches(document).items())


def _has_tagged(tags: Test, document: Document) -> bool:
    answers: dict[str, bool] = document.cached("tagged", dict)
    [tag] = tags
    if tag not in answers:
        answers[tag] = any(path[0] in document.data for path in catalogue(catalogue_kind(document.kind)).tagged(tag))
    return answers[tag]


_TESTS: Final = {
    "given": _is_given,
    "lacking": _is_lacking,
    "blank": _is_blank,
    "name": _holds_name,
    "mismatch": _has_mismatch,
    "tagged": _has_tagged,
}


# --- Out of a rule ----------------------------------------------------------------------------------------------------------------------

_FALSE: Final = 1
_TRUE: Final = 2


def guard_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """The guard of a rule, by its data."""
    guard: dict[str, Any] = {}
    must = [test for path, assertion in data.get("must", {}).items() for test in _tests(parse_path(path), assertion, _FALSE)]
    if ALWAYS not in must:  # where there are no tests, because others find what it reports, nothing is looked at
        guard["must"] = _distinct(must)
    given = data.get("when", [])
    alternatives = [_needed(one) for one in (given if isinstance(given, list) else [given])]
    if alternatives and all(alternatives):
        guard["when"] = alternatives
    return guard


ALWAYS: Final[Test] = []
"""In place of a test, what holds of every document."""


def _needed(clauses: Mapping[str, Any]) -> list[Test]:
    """The tests that hold wherever all clauses of a condition do."""
    tests = (_tests(parse_path(path), assertion, _TRUE, condition=True) for path, assertion in clauses.items() if path != "server")
    return _distinct(one[0] for one in tests if len(one) == 1 and one[0] != ALWAYS)


def _distinct(tests: Iterable[Test]) -> list[Test]:
    return [list(test) for test in dict.fromkeys(map(tuple, tests))]


def _tests(path: Path, assertion: Any, answer: int, *, condition: bool = False) -> list[Test]:
    """Tests of which one must hold for a place that a path leads to to have an answer to an assertion; none where no place can have it."""
    if answer == _FALSE and isinstance(assertion, dict) and list(assertion) == ["fits"]:
        return [["mismatch", assertion["fits"]]]
    if path.start != "root" or not path.steps:
        return [ALWAYS]
    if path.steps[0] is DEEP:
        return _tests_anywhere(path)
    of_absent, of_given = (_answers(assertion, given=given, condition=condition) & answer for given in (False, True))
    if path.fact is not None and not _asks_of_value(assertion):
        of_absent = of_given = answer  # a source can know something of a setting that it gives no value
    if isinstance(path.steps[0], Tag):
        return [ALWAYS] if of_absent or (answer == _TRUE and not of_given) else [["tagged", path.steps[0].name]]
    plain = [step for step in _until_many(path) if isinstance(step, str)]
    if len(plain) < len(path.steps):
        return [["given", *plain]] if plain else [ALWAYS]
    if path.fact is None and answer == _FALSE and assertion in _NO_BLANKS:
        return [["blank", *plain]]
    if of_absent and of_given:
        return [ALWAYS]
    return [["lacking", *plain]] * bool(of_absent) + [["given", *plain]] * bool(of_given)


_NO_BLANKS: Final = tuple({"present": True, "not": one} for one in ({"one_of": [None, ""]}, {"equals": ""}))
"""The assertions of most rules about what is missing."""


def can_fail_where_absent(assertion: Any) -> bool:
    """Whether an assertion of a rule can fail for a setting that is not given."""
    return bool(_answers(assertion, given=False, condition=False) & _FALSE)


def _until_many(path: Path) -> Iterator[Any]:
    """The steps up to the first that leads to several places, or to none."""
    for step in path.steps:
        if step is ANY or step is DEEP or isinstance(step, Tag):
            return
        yield step


def _tests_anywhere(path: Path) -> list[Test]:
    """The tests for ``**``, which with what follows it leads only to what exists."""
    names = [step for step in path.steps if isinstance(step, str)]
    return [["name", names[-1]]] if names else [ALWAYS]


def _answers(assertion: Any, *, given: bool, condition: bool) -> int:
    """Which of false and true an assertion can answer of a setting that is given, or is not; unknown it always can."""
    if assertion in ("present", "absent"):
        return _of_presence(assertion == "present", given=given, condition=condition)
    if isinstance(assertion, list):
        answers = [_answers(one, given=given, condition=condition) for one in assertion]
        return _both(all(one & _FALSE for one in answers), any(one & _TRUE for one in answers))
    parts = [_of_word(name, assertion, given=given, condition=condition) for name in assertion if name != "then"]
    return _both(any(one & _FALSE for one in parts), all(one & _TRUE for one in parts))


def _of_presence(wanted: bool, *, given: bool, condition: bool) -> int:
    if given and condition:
        return _FALSE | _TRUE  # the server can be too old to read it
    return _TRUE if given == wanted else _FALSE


def _of_word(name: str, assertion: Mapping[str, Any], *, given: bool, condition: bool) -> int:
    operand = assertion[name]
    if name == "present":
        return _of_presence(bool(operand), given=given, condition=condition)
    if name == "not":
        answers = _answers(operand, given=given, condition=condition)
        return _both(bool(answers & _TRUE), bool(answers & _FALSE))
    if name == "if":
        asked, wanted = (_answers(one, given=given, condition=condition) for one in (operand, assertion["then"]))
        return _both(bool(asked & _TRUE and wanted & _FALSE), holds=True)
    return _FALSE | _TRUE if given or _is_asked_of_absent(name, operand) else 0


def _both(fails: bool, holds: bool) -> int:
    return (_FALSE if fails else 0) | (_TRUE if holds else 0)


def _is_asked_of_absent(name: str, operand: Any) -> bool:
    """Whether an operator can say anything of a setting that is not given."""
    from .operators import OPERATORS  # only for a rule that is not built in

    if name == "keys" or name == "holds_secret":
        return False
    operator = OPERATORS.get(name)
    return operator is None or operator.checks_unknown(operand)


def _asks_of_value(assertion: Any) -> bool:
    """Whether an assertion about a fact can only fail where the setting itself has a value."""
    return isinstance(assertion, dict) and list(assertion) == ["if", "then"] and list(assertion["if"]) == ["holds_secret"]


# --- What a rule for deployments compares -----------------------------------------------------------------------------------------------

_MEMBERS: Final = frozenset(name for kind in DOCUMENT_KINDS.values() for name in (kind.role, kind.beside) if name not in ("", "server"))
_MEMBER: Final = re.compile(r"(?<![\w.^-])\"?(\w+)\"?(?=[.@}]|$)")


def members_of(data: Mapping[str, Any]) -> frozenset[str]:
    """The members of a deployment that a rule's conditions and assertions name, by its data: all but the server, which always is one."""
    texts = [text for part in ("when", "must") for text in _texts(data.get(part, {}))]
    return frozenset(name for text in texts for name in _MEMBER.findall(text) if name in _MEMBERS)


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for name, value in data.items():
            yield str(name)
            yield from _texts(value)
    elif isinstance(data, list):
        for one in data:
            yield from _texts(one)
