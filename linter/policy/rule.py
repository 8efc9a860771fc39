"""A rule: the keys of its data. :mod:`linter.policy.tree` parses the rule language in them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property

from ..model import LEVELS, TARGETS, RuleInfo, Target
from ..settings.kinds import DEPLOYMENT, DOCUMENT_KINDS
from ..typed import TYPE_CHECKING, Any, Final
from .errors import RuleError, did_you_mean
from .evaluate import AS_WRITTEN, check_of
from .operators import listed
from .severity import PEDANTIC, severities, stops_server
from .template import Template, Texts, Together
from .tree import (
    Clause,
    Condition,
    FixSpec,
    Place,
    clauses_of,
    mentions,
    parse_clauses,
    parse_condition,
    parse_fixes,
    parse_template,
    walk,
)

if TYPE_CHECKING:
    from .example import Example


class Case:
    """A case of a rule: what it requires, and the message and fix if that does not hold.

    Its parts are parsed on first use: most rules are for other documents, and most find nothing. Each part raises :class:`RuleError`, with
    its place in the data, if it is invalid.
    """

    def __init__(self, data: Mapping[str, Any], number: int, own: Collection[str], around: Any = None) -> None:
        self.info = _info(data)
        """The description of the rule, with the severity and the kinds of document of this case."""
        self.yields_to = tuple(data.get("yields_to", ()))
        """The ids of the rules that name the cause: if one of them reports a setting, this case has nothing to add."""
        self.found_by = tuple(listed(data.get("found_by", [])))
        """The names of the mistakes that it reports if a source finds them."""
        self.data = data
        """The data of the case, combined with its rule's."""
        self._number = number
        self._own = own
        """The keys that the case has itself, as one of several of the rule."""
        self._around = around
        """The condition of the rule, if the case has one of its own too."""

    @cached_property
    def when(self) -> Condition:
        """The condition under which the case applies to a document, that of its rule included; empty if it always does."""
        own = parse_condition(self.data["when"], self.at("when")) if "when" in self.data else ()
        if self._around is None:
            return own
        return tuple((*outer, *inner) for outer in parse_condition(self._around, ("when",)) for inner in own)

    @cached_property
    def must(self) -> tuple[Clause, ...]:
        """The requirement for each place that a path leads to; empty for mistakes that a source finds (``found_by``)."""
        return parse_clauses(self.data.get("must", {}), self.at("must"))

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """The clauses of ``must`` and of ``when``."""
        return (*self.must, *clauses_of(self.when))

    @cached_property
    def message(self) -> Texts | None:
        """The message about a place where it does not hold: what is wrong, why it matters, and what to do."""
        what, message, why, remedy = (self._text(name) for name in ("what", "message", "why", "remedy"))
        first = what or message
        return None if first is None else Texts(first, why, remedy, stops_server(self.data))

    def _text(self, name: str) -> Template | None:
        return parse_template(self.data[name], self.at(name)) if name in self.data else None

    @cached_property
    def together(self) -> Together | None:
        """The message about all places of a document in one finding; None if each place is reported separately."""
        given: Any = self.data.get("together")
        if isinstance(given, str):
            after, what = given.startswith(_THE_FIRST), given.removesuffix(_LISTED)
            given = {"also": given.removeprefix(_THE_FIRST)} if after else {"what": what} | ({"also": _PATHS} if what != given else {})
        if given is None:
            return None
        texts = {name: parse_template(text, (*self.at("together"), name)) for name, text in given.items() if name != "over"}
        return Together(**texts, over=given.get("over", 0))

    @property
    def texts(self) -> Iterator[tuple[Template, Place]]:
        """The texts of messages, each with its place in the data."""
        given = [(self._text(name), self.at(name)) for name in ("what", "why", "remedy", "message")]
        given += [(template, self.at("together")) for template in (self.together or ())[:4]]
        yield from ((template, place) for template, place in given if template is not None)

    @cached_property
    def fix(self) -> tuple[FixSpec, ...]:
        """The ways to fix a finding, in the order in which they are tried."""
        return parse_fixes(self.data["fix"], self.at("fix")) if "fix" in self.data else ()

    def at(self, name: str) -> Place:
        """The place of a key in the data: in the case, or in the rule."""
        return ("cases", self._number, name) if name in self._own else (name,)


class Rule:
    """A rule: one reason to accept or to switch off findings, in one or several cases."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        around = data.get("when")
        cases = enumerate(data.get("cases", [{}]))
        self.cases = tuple(Case(whole_case(data, own), number, own.keys(), around if "when" in own else None) for number, own in cases)
        """The cases in order; if several find something at one place, the first counts."""
        self.info = _info_of_all(self.cases)
        self.enabled = bool(data.get("enabled", True))
        """Whether it is checked unless a configuration says otherwise."""
        self.trusted = True
        """Whether it may see the content of secrets; see :mod:`linter.policy.trust`."""
        self.found_by = {name: number for number, case in enumerate(self.cases) for name in case.found_by}
        """The mistakes found by a source, by name, each with the index of the case that reports it; empty for most rules."""
        self.of_source = all(case.found_by for case in self.cases)
        """Whether sources find all that it reports; some rules have cases of both sorts."""
        self._data = data

    @cached_property
    def examples(self) -> tuple[Example, ...]:
        """The examples, good ones first; empty if the rule is read from the built file."""
        from .example import Example  # only for a rule read from its own file

        return tuple(
            Example(
                ("examples", verdict, index),
                verdict == "good",
                content=one["text"] if "text" in one else one["data"],
                is_text="text" in one,
                **{name: one[name] for name in Example._field_defaults if name in one},
            )
            for verdict in ("good", "bad")
            for index, one in enumerate(self._data.get("examples", {}).get(verdict, ()))
        )

    @property
    def causes(self) -> Iterator[tuple[str, Place]]:
        """The ids of the rules that its cases yield to, each with its place in the data."""
        for case in self.cases:
            yield from ((cause, (*case.at("yields_to"), index)) for index, cause in enumerate(case.yields_to))

    @property
    def fixes(self) -> Iterator[FixSpec]:
        """The ways to fix a finding, of all cases."""
        yield from (fix for case in self.cases for fix in case.fix)

    @cached_property
    def members(self) -> frozenset[str]:
        """The members of a deployment that the rule refers to, other than the server."""
        clauses = [clause for case in self.cases for clause in case.clauses]
        paths = (mention.path for clause in clauses for mention in mentions(clause))
        operands = (asked.part.operand for clause in clauses for asked in walk(clause))
        named = (*(path.steps[0] for path in paths if path.start == "root" and path.steps), *operands)
        return _MEMBERS.intersection(name for name in named if isinstance(name, str))


def check_operands(rule: Rule, *, built_in: bool) -> None:
    """Compile every operator of a rule and parse its texts.

    Raises :class:`RuleError` if one of them is invalid, and if a policy has a pattern that no safe engine can match here.
    """
    for case in rule.cases:
        for clause in (*case.clauses, *(clause for fix in case.fix for clause in clauses_of(fix.when))):
            for asked in walk(clause):
                if not built_in and (why := asked.part.operator.unsafe_here()):
                    raise RuleError(why, asked.part.place)
                check_of(asked.part, AS_WRITTEN)
        list(case.texts)


_THE_FIRST: Final = "${@first}; "
"""The beginning of a text about several settings that follows the message about the first one."""
_PATHS: Final = "${@paths}"
_LISTED: Final = f": {_PATHS}"
"""The end of one that lists the settings."""
_INSTEAD: Final = (
    ("severity", "class"),
    ("class", "severity"),
    ("what", "message"),
    *(("message", key) for key in ("what", "why", "remedy")),
)
"""Keys of a case, each with the key of its rule that it replaces."""


def whole_case(data: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """A case combined with the keys of its rule that it does not set itself."""
    case = {**data, **own}
    for key, other in _INSTEAD:
        if key in own and other in case and other not in own:
            del case[other]
    return case


RULE_KINDS: Final = (*DOCUMENT_KINDS, DEPLOYMENT)
"""Every kind of document that a rule can be for."""
_MEMBERS: Final = frozenset(name for kind in DOCUMENT_KINDS.values() for name in (kind.role, kind.beside) if name not in ("", "server"))


def _info(data: Mapping[str, Any]) -> RuleInfo:
    return RuleInfo(
        id=data["id"],
        title=data["title"],
        kinds=tuple(listed(data["for"])),
        tags=tuple(data.get("tags", ())),
        docs=data.get("docs", "").strip(),
        links=tuple(data.get("links", ())),
        fixable=is_fixable(data),
        category=data.get("category") or data["id"].rpartition("/")[0],
        controls=controls if isinstance(controls := data.get("controls"), Mapping) else {},
        **_graded(severities(data)),
        **{name: data[name] for name in ("security_severity", "precision") if name in data},
    )


def _graded(words: Mapping[Target, str]) -> dict[str, Any]:
    """The severity on each target, for :class:`RuleInfo`."""
    levels = {target: None if word == "off" else "note" if word == PEDANTIC else word for target, word in words.items()}
    return {"severity": levels, "pedantic": frozenset(target for target, word in words.items() if word == PEDANTIC)}


def _info_of_all(cases: Sequence[Case]) -> RuleInfo:
    """The description of a rule with several cases: the highest severity of those enabled by default, and all kinds."""
    if len(cases) == 1:
        return cases[0].info
    words = [severities(case.data) for case in cases]
    most_severe = {target: min((one[target] for one in words), key=(*LEVELS, PEDANTIC, "off").index) for target in TARGETS}
    return cases[0].info._replace(
        **_graded(most_severe),
        kinds=tuple(dict.fromkeys(kind for case in cases for kind in case.info.kinds)),
        security_severity=max(filter(None, (case.info.security_severity for case in cases)), key=float, default=None),
    )


def is_fixable(data: Mapping[str, Any]) -> bool:
    """Whether an example of a rule shows a fix; ``fixable`` is used for a rule without its examples."""
    bad = data.get("examples", {}).get("bad", ())
    return bool(data.get("fixable")) or any({"fixed", "fixed_unsafely"} & example.keys() for example in bad)


def kind_matches(kind: str, wanted: str) -> bool:
    """Whether a document's kind is, or is beneath, a kind in a rule: ``server/ssm`` is beneath ``server``."""
    return kind == wanted or kind.startswith(f"{wanted}/")


def check_kinds(rule: Rule) -> None:
    """Raise :class:`RuleError` if a case of a rule is for a kind of document that no source reads."""
    for case in rule.cases:
        for kind in case.info.kinds:
            if not any(kind_matches(one, kind) for one in RULE_KINDS):
                raise RuleError(f'no input is of the kind "{kind}"{did_you_mean(kind, RULE_KINDS)}', case.at("for"))
