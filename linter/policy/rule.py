"""A rule: read from its data, checked, compiled once to closures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final, NamedTuple

from ..model import LEVELS, TARGETS, UNKNOWN, Change, Fix, Level, RuleInfo, SettingPath, Target, dotted
from ..text import MASK, printable
from .assertions import MOST_CLAUSES, RuleContext, compile_assertion
from .display import may_be_shown
from .errors import RuleError, did_you_mean
from .node import Node
from .paths import Path, parse_path
from .template import LONGEST_VALUE, Template, compile_value, cut, show_value
from .verdict import Check, Verdict

Condition = Callable[[Node], Verdict]


class Clause(NamedTuple):
    """A path and what must hold of each place that it leads to. ``references`` are the settings that it is compared with."""

    path: Path
    check: Check
    references: tuple[Path, ...] = ()


class Setter(NamedTuple):
    """A setting that a fix gives a value; ``show`` names the value for people, with secrets masked."""

    path: Path
    value: Callable[[Node], Any]
    show: Callable[[Node], str]
    makes: bool
    """Whether the value is a new text, not one that stands in the rule or in the document."""


class FixPlan(NamedTuple):
    """The ``fix`` of a rule: :func:`make_fix` makes of it the changes for the node at hand."""

    safe: bool
    when: Condition | None
    set: tuple[Setter, ...]
    remove: tuple[Path, ...]
    store: str | None = None
    """The type that the parameter of the setting at hand is to have."""


class Rule:
    """A rule, whose parts are compiled when they are first asked for: most rules are for other documents, and most find nothing.

    ``must`` is empty for a rule whose findings its source makes (``found_by: source``).
    """

    def __init__(self, data: Mapping[str, Any], *, prepare: bool = False) -> None:
        self.info = _info(data)
        self.enabled = bool(data.get("enabled", True))
        self.trusted = True
        """Whether it may know what secrets hold; see :mod:`linter.policy.trust`."""
        self._data = data
        self._prepare = prepare

    @cached_property
    def when(self) -> Condition | None:
        """The condition under which the rule says anything of a document; None where it always does."""
        return _condition(self._data["when"], ("when",), prepare=self._prepare) if "when" in self._data else None

    @cached_property
    def must(self) -> tuple[Clause, ...]:
        """What must hold of each place that a path leads to; empty for a rule that is ``found_by: source``."""
        clauses = tuple(_clauses(self._data.get("must", {}), ("must",), prepare=self._prepare))
        if len(clauses) > MOST_CLAUSES:
            raise RuleError(f"a rule can have at most {MOST_CLAUSES} clauses", ("must",))
        return clauses

    @cached_property
    def message(self) -> Template | None:
        """The message about a place where it does not hold."""
        return _at(("message",), lambda: Template(self._data["message"])) if "message" in self._data else None

    @cached_property
    def together(self) -> Template | None:
        """The message about all places of a document in one finding; None for a rule that reports each place by itself."""
        return _at(("together",), lambda: Template(self._data["together"])) if "together" in self._data else None

    @property
    def yields_to(self) -> tuple[str, ...]:
        """The ids of the rules that name the cause: where one of them reports a setting, this one has nothing to add."""
        return tuple(self._data.get("yields_to", ()))

    @cached_property
    def fix(self) -> FixPlan | None:
        """What would put a finding right; None where the rule does not say."""
        return _fix(self._data["fix"], prepare=self._prepare) if "fix" in self._data else None


def compile_rule(data: Mapping[str, Any], *, prepare: bool = False) -> Rule:
    """The rule that checked YAML data describes.

    ``prepare`` compiles all of it at once, regular expressions included, and raises :class:`RuleError` with the place in the data where it
    cannot be used.
    """
    rule = Rule(data, prepare=prepare)
    if prepare:
        for part in ("must", "when", "message", "together", "fix"):
            getattr(rule, part)
    return rule


def severity_by_target(data: Any) -> dict[Target, Level | None]:
    """A severity as rules and configuration write it: a level, ``off``, or one of these for each target."""
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
    kinds = data["for"]
    return RuleInfo(
        id=data["id"],
        title=data["title"],
        severity=severity_by_target(data["severity"]),
        kinds=tuple(kinds) if isinstance(kinds, list) else (kinds,),
        tags=tuple(data.get("tags", ())),
        docs=data["docs"].strip(),
        links=tuple(data.get("links", ())),
        fixable="fix" in data,
        security_severity=data.get("security_severity"),
        precision=data.get("precision", "high"),
        category=data.get("category") or data["id"].rpartition("/")[0],
        pedantic=_pedantic(data["pedantic"]) if "pedantic" in data else _NOT_PEDANTIC,
    )


def _at(place: tuple[str | int, ...], make: Callable[[], Any]) -> Any:
    """What ``make`` gives; an error of it gets the place in the rule."""
    try:
        return make()
    except RuleError as error:
        raise RuleError(error.message, error.path or place) from None


def _clauses(data: Mapping[str, Any], place: tuple[str | int, ...], *, prepare: bool = False, condition: bool = False) -> Any:
    for key, given in data.items():
        where = (*place, key)
        text, assertion = _written_out(key, given) if condition else (key, given)
        path = _at(where, lambda text=text: parse_path(text))  # type: ignore[misc]
        check = compile_assertion(assertion, RuleContext(where, prepare=prepare, condition=condition))
        yield Clause(path, check, tuple(_references(assertion)) if "${" in str(assertion) else ())


def _written_out(key: str, assertion: Any) -> tuple[str, Any]:
    """A clause of ``when``, of which one has a short form: ``server: ">=5.0"`` asks for the release that the document is judged by."""
    if key == "server" and isinstance(assertion, str) and assertion not in ("present", "absent"):
        return "$@server", {"server": assertion}
    return key, assertion


def _references(assertion: Any) -> Iterator[Path]:
    """The settings that the operands of an assertion name."""
    if isinstance(assertion, str) and "${" in assertion:
        yield from (path for path in Template(assertion).paths if path.fact is None)
    elif isinstance(assertion, dict | list):
        for one in assertion.values() if isinstance(assertion, dict) else assertion:
            yield from _references(one)


def _condition(data: Any, place: tuple[str | int, ...], *, prepare: bool = False) -> Condition:
    """All clauses of a mapping hold, or those of any mapping of a list. A path with ``*`` holds where any of its places does."""
    if isinstance(data, list):
        conditions = [_condition(one, (*place, index), prepare=prepare) for index, one in enumerate(data)]
        return lambda node: _any(condition(node) for condition in conditions)
    clauses = list(_clauses(data, place, prepare=prepare, condition=place[0] == "when"))
    return lambda node: _all(_any(clause.check(clause.path.value(one), one) for one in clause.path.nodes(node)) for clause in clauses)


def _any(verdicts: Any) -> Verdict:
    result: Verdict = ()  # no place at all: false, without a reason
    for verdict in verdicts:
        if verdict is True:
            return True
        if verdict is None:
            result = None
    return result


def _all(verdicts: Any) -> Verdict:
    result: Verdict = True
    for verdict in verdicts:
        if verdict is None:
            result = None
        elif verdict is not True:
            return verdict  # type: ignore[no-any-return]
    return result


def compile_condition(data: Any) -> Condition:
    """A condition in the words of ``when``, for what is no rule."""
    return _condition(data, ("when",))


def _fix(data: Mapping[str, Any], *, prepare: bool) -> FixPlan:
    return FixPlan(
        safe=data["safe"],
        when=_condition(data["when"], ("fix", "when"), prepare=prepare) if "when" in data else None,
        set=tuple(
            Setter(
                _single(path, ("fix", "set", path)),
                _at(("fix", "set", path), lambda value=value: compile_value(value)),  # type: ignore[misc]
                show_value(value),
                isinstance(value, str) and "${" in value and len(Template(value).pieces) > 1,
            )
            for path, value in data.get("set", {}).items()
        ),
        remove=tuple(_single(path, ("fix", "remove", index)) for index, path in enumerate(data.get("remove", ()))),
        store=data.get("store"),
    )


def _single(text: str, place: tuple[str | int, ...]) -> Path:
    path: Path = _at(place, lambda: parse_path(text))
    if not path.is_single or path.fact is not None:
        raise RuleError(f'"{text}" must lead to one setting: no "*", no "**", no tag, no fact', place)
    return path


def make_fix(plan: FixPlan, node: Node) -> Fix | None:
    """The fix for a finding at ``node``; None where the plan does not apply or needs a value that nobody knows."""
    if plan.when is not None and plan.when(node) is not True:
        return None
    changes: list[Change] = []
    parts: list[str] = []
    made = 0
    for setter in plan.set:
        value, path = setter.value(node), _target(setter.path, node)
        made += len(value) if setter.makes and isinstance(value, str) else 0
        if value is UNKNOWN or made > LONGEST_VALUE:
            return None
        changes.append(Change("set", path, value))
        parts.append(f"set {printable(dotted(path))} to {setter.show(node) if may_be_shown(node.document, path) else MASK}")
    for removed in plan.remove:
        path = _target(removed, node)
        changes.append(Change("remove", path))
        parts.append(f"remove {printable(dotted(path))}")
    if plan.store is not None:
        changes.append(Change("store", node.path, plan.store))
        parts.append(f"store {printable(dotted(node.path))} as {plan.store}")
    return Fix(tuple(changes), plan.safe, cut(", ".join(parts)))


def _target(path: Path, node: Node) -> SettingPath:
    return path.single(node).path


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
