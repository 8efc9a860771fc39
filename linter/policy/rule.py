"""A rule: the keys of its data. What they hold in the rule language is parsed by :mod:`linter.policy.tree`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from ..model import LEVELS, TARGETS, Level, RuleInfo, Target
from ..settings.kinds import DOCUMENT_KINDS
from ..typed import Any, Final, NamedTuple
from .compile import CompiledClause, Holds, Mode, compile_clause, compile_condition
from .errors import RuleError, did_you_mean
from .template import Template
from .tree import (
    Clause,
    Condition,
    FixSpec,
    Place,
    clauses_of,
    parse_clauses,
    parse_condition,
    parse_fixes,
    parse_template,
    references,
    walk,
)


class Example(NamedTuple):
    """A document that shows what a rule finds. ``content`` is its text, or the data that it has as JSON.

    ``finds`` names what a bad one has wrong, by the settings or, where a source finds it, by ``line:column``. ``fixed`` is what the fixes
    make of it. The others are what cannot be seen from the content.
    """

    place: Place
    is_good: bool
    content: Any
    is_text: bool
    name: str = ""
    kind: str = ""
    server: str = ""
    environment: str | None = None
    target: Target | None = None
    now: str = ""
    encoding: str = "utf-8"
    finds: Sequence[str] = ()
    fixed: Any = None

    def written(self, indent: int | None = None) -> str:
        """The text of the document."""
        import json  # only for a rule that is read from its own file

        return self.content if self.is_text else json.dumps(self.content, ensure_ascii=False, indent=indent)


class Rule:
    """A rule, whose parts are parsed and compiled when they are first asked for: most rules are for other documents, and most find nothing.

    Every part raises :class:`RuleError`, with its place in the data, where it cannot be used.
    """

    def __init__(self, data: Mapping[str, Any], *, prepare: bool = False) -> None:
        self.info = _info(data)
        self.enabled = bool(data.get("enabled", True))
        """Whether it is checked unless a configuration says otherwise."""
        self.yields_to = tuple(data.get("yields_to", ()))
        """The ids of the rules that name the cause: where one of them reports a setting, this one has nothing to add."""
        self.trusted = True
        """Whether it may know what secrets hold; see :mod:`linter.policy.trust`."""
        self._data = data
        self._prepare = prepare

    # What it says, parsed.

    @cached_property
    def when(self) -> Condition:
        """The condition under which the rule says anything of a document; empty where it always does."""
        return parse_condition(self._data["when"], ("when",)) if "when" in self._data else ()

    @cached_property
    def must(self) -> tuple[Clause, ...]:
        """What must hold of each place that a path leads to; empty for a rule whose findings its source makes (``found_by: source``)."""
        return parse_clauses(self._data.get("must", {}), ("must",))

    @cached_property
    def message(self) -> Template | None:
        """The message about a place where it does not hold."""
        return self._text("message")

    @cached_property
    def together(self) -> Template | None:
        """The message about all places of a document in one finding; None for a rule that reports each place by itself."""
        return self._text("together")

    @cached_property
    def fix(self) -> tuple[FixSpec, ...]:
        """The ways to fix a finding, in the order in which they are tried."""
        return parse_fixes(self._data["fix"]) if "fix" in self._data else ()

    @property
    def evidence(self) -> tuple[str, ...]:
        """What shows that the rule is right."""
        return _listed(self._data.get("evidence", []))

    @cached_property
    def examples(self) -> tuple[Example, ...]:
        """The examples, good ones first; none where the rule is read from the built file."""
        return tuple(_examples(self._data.get("examples", {})))

    @cached_property
    def members(self) -> frozenset[str]:
        """The members of a deployment, beside the server, that the rule speaks of."""
        return frozenset(name for name in _names(self) if name in _MEMBERS)

    def _text(self, name: str) -> Template | None:
        return parse_template(self._data[name], (name,)) if name in self._data else None

    # What is run.

    @cached_property
    def condition(self) -> Holds | None:
        """``when``, compiled; None where there is none."""
        return compile_condition(self.when, Mode(self._prepare, condition=True)) if self.when else None

    @cached_property
    def checks(self) -> tuple[CompiledClause, ...]:
        """The clauses of ``must``, compiled."""
        return tuple(compile_clause(clause, Mode(self._prepare)) for clause in self.must)

    @cached_property
    def fix_conditions(self) -> tuple[Holds | None, ...]:
        """For each way to fix a finding its ``when``, compiled."""
        return tuple(compile_condition(one.when, Mode(self._prepare)) if one.when else None for one in self.fix)


def compile_rule(data: Mapping[str, Any], *, prepare: bool = False) -> Rule:
    """The rule that checked YAML data describes.

    ``prepare`` compiles all of it at once, regular expressions included, and raises :class:`RuleError` with the place in the data where it
    cannot be used.
    """
    rule = Rule(data, prepare=prepare)
    if prepare:
        for part in ("checks", "condition", "message", "together", "fix_conditions"):
            getattr(rule, part)
    return rule


_MEMBERS: Final = frozenset(name for kind in DOCUMENT_KINDS.values() for name in (kind.role, kind.beside) if name not in ("", "server"))


def _names(rule: Rule) -> Iterator[str]:
    """The first names on the paths of the conditions and assertions of a rule, and the operands that are a name."""
    for asked in (asked for clause in (*clauses_of(rule.when), *rule.must) for asked in walk(clause)):
        paths = [asked.path, *(path for template, _ in references(asked.part) for path in template.paths)]
        yield from (str(path.steps[0]) for path in paths if path.start == "root" and path.steps)
        if isinstance(asked.part.operand, str):
            yield asked.part.operand


def severity_by_target(data: Any) -> dict[Target, Level | None]:
    """A severity as rules and configuration write it: a level, ``off``, or one of these for each target."""
    if data in LEVELS:  # as in most rules
        return dict.fromkeys(TARGETS, data)
    given = data if isinstance(data, dict) else dict.fromkeys(TARGETS, data)
    severity: dict[Target, Level | None] = {}
    for target in TARGETS:
        level: Any = "off" if given.get(target) is False else given.get(target)  # YAML 1.1 reads a plain off as false
        if level not in (*LEVELS, "off"):
            raise RuleError(f"a severity is error, warning, note or off for each of {', '.join(TARGETS)}", ("severity",))
        severity[target] = None if level == "off" else level
    return severity


_NOT_PEDANTIC: Final[frozenset[Target]] = frozenset()


def _pedantic(given: Any) -> frozenset[Target]:
    """The targets on which a rule is pedantic: all or none of them, or those that a mapping says it of."""
    if isinstance(given, dict):
        return frozenset(target for target in TARGETS if given.get(target))
    return frozenset(TARGETS) if given else frozenset()


def _info(data: Mapping[str, Any]) -> RuleInfo:
    return RuleInfo(
        id=data["id"],
        title=data["title"],
        severity=severity_by_target(data["severity"]),
        kinds=_listed(data["for"]),
        tags=tuple(data.get("tags", ())),
        docs=data["docs"].strip(),
        links=tuple(data.get("links", ())),
        fixable=is_fixable(data),
        security_severity=data.get("security_severity"),
        precision=data.get("precision", "high"),
        category=data.get("category") or data["id"].rpartition("/")[0],
        pedantic=_pedantic(data["pedantic"]) if "pedantic" in data else _NOT_PEDANTIC,
    )


def is_fixable(data: Mapping[str, Any]) -> bool:
    """Whether an example of a rule shows it fixed; ``fixable`` says it of a rule without its examples."""
    return bool(data.get("fixable")) or any("fixed" in example for example in data.get("examples", {}).get("bad", ()))


def _listed(given: Any) -> tuple[str, ...]:
    return tuple(given) if isinstance(given, list) else (given,)


def _examples(data: Mapping[str, Any]) -> Iterator[Example]:
    for verdict in ("good", "bad"):
        for index, one in enumerate(data.get(verdict, ())):
            yield Example(
                ("examples", verdict, index),
                verdict == "good",
                content=one["text"] if "text" in one else one["data"],
                is_text="text" in one,
                **{name: one[name] for name in Example._field_defaults if name in one},
            )


def kind_matches(kind: str, wanted: str) -> bool:
    """Whether a document's kind is, or is beneath, a kind that a rule names: ``server/ssm`` is beneath ``server``."""
    return kind == wanted or kind.startswith(f"{wanted}/")


def check_kinds(info: RuleInfo, known: frozenset[str]) -> None:
    """Raise :class:`RuleError` when a rule is for a kind of document that no source reads."""
    for kind in info.kinds:
        if not any(kind_matches(one, kind) for one in known):
            raise RuleError(f'no input is of the kind "{kind}"{did_you_mean(kind, known)}', ("for",))


LARGEST_FILE: Final = 65_536
"""Bytes of a rule file at most."""
