"""A rule: read from its data, checked, compiled once to closures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property

from ..formats.placeholders import is_unresolved
from ..model import ABSENT, LEFT_OUT, LEVELS, TARGETS, UNKNOWN, Change, Document, Fix, Level, RuleInfo, SettingPath, Target, dotted
from ..settings.kinds import DOCUMENT_KINDS, catalogue_kind
from ..text import MASK, printable
from ..typed import Any, Final, NamedTuple
from .assertions import MOST_CLAUSES, RuleContext, compile_assertion
from .display import may_be_shown, shown
from .errors import RuleError, did_you_mean
from .fix_safety import is_safe_on_all, may_be_made
from .node import Node
from .paths import Path, parse_path
from .template import LONGEST_VALUE, Template, compile_value, cut, show_value, template_of
from .verdict import Check, Verdict

Condition = Callable[[Node], Verdict]


class Clause(NamedTuple):
    """A path and what must hold of each place that it leads to. ``references`` are the settings that it is compared with.

    ``aspect`` is the one in which all settings must fit, where the clause asks for nothing else: ``"**": {fits: known}``.
    """

    path: Path
    check: Check
    references: tuple[Path, ...] = ()
    aspect: str | None = None


class Setter(NamedTuple):
    """A setting that a fix gives a value; ``show`` names the value for people, with secrets masked."""

    path: Path
    value: Callable[[Node], Any]
    show: Callable[[Node], str]
    makes: bool
    """Whether the value is a new text, not one that stands in the rule or in the document."""
    literal: bool
    """Whether the value stands in the rule, and so is no secret of a document."""


class Renamer(NamedTuple):
    """A setting to which a fix gives another path; ``target`` is None where nobody knows which."""

    path: Path
    target: Callable[[Node], SettingPath | None]


class Splitter(NamedTuple):
    """A setting with a URL that a fix cuts into the members of another setting."""

    path: Path
    into: Path


class FixPlan(NamedTuple):
    """One way of the ``fix`` of a rule: :func:`make_fix` makes of it the changes for the node at hand.

    ``reason`` says why it is safe, or is not.
    """

    safe: bool
    reason: str
    when: Condition | None
    set: tuple[Setter, ...]
    remove: tuple[Path, ...]
    rename: tuple[Renamer, ...]
    split: tuple[Splitter, ...]
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
        self.data = data
        """As its file has it."""
        self._prepare = prepare

    @cached_property
    def when(self) -> Condition | None:
        """The condition under which the rule says anything of a document; None where it always does."""
        return _condition(self.data["when"], ("when",), prepare=self._prepare) if "when" in self.data else None

    @cached_property
    def must(self) -> tuple[Clause, ...]:
        """What must hold of each place that a path leads to; empty for a rule that is ``found_by: source``."""
        clauses = tuple(clauses_of(self.data.get("must", {}), ("must",), prepare=self._prepare))
        if len(clauses) > MOST_CLAUSES:
            raise RuleError(f"a rule can have at most {MOST_CLAUSES} clauses", ("must",))
        return clauses

    @cached_property
    def message(self) -> Template | None:
        """The message about a place where it does not hold."""
        return _at(("message",), lambda: Template(self.data["message"])) if "message" in self.data else None

    @cached_property
    def together(self) -> Template | None:
        """The message about all places of a document in one finding; None for a rule that reports each place by itself."""
        return _at(("together",), lambda: Template(self.data["together"])) if "together" in self.data else None

    @cached_property
    def members(self) -> frozenset[str]:
        """The members of a deployment, beside the server, that the rule speaks of."""
        return _members_of(self.data)

    @property
    def yields_to(self) -> tuple[str, ...]:
        """The ids of the rules that name the cause: where one of them reports a setting, this one has nothing to add."""
        return tuple(self.data.get("yields_to", ()))

    @cached_property
    def fix(self) -> tuple[FixPlan, ...]:
        """What would put a finding right: the ways, of which the first that can be gone counts; none where the rule does not say."""
        return tuple(_fix(one, place, prepare=self._prepare) for place, one in fixes_of(self.data))


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
    kinds = data["for"]
    return RuleInfo(
        id=data["id"],
        title=data["title"],
        severity=severity_by_target(data["severity"]),
        kinds=tuple(kinds) if isinstance(kinds, list) else (kinds,),
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


def fixes_of(data: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    """The ways to fix a finding of a rule, as its data has them, each with its place in it."""
    fix = data.get("fix", [])
    if isinstance(fix, list):
        yield from ((("fix", index), one) for index, one in enumerate(fix))
    else:
        yield ("fix",), fix


def _at(place: tuple[str | int, ...], make: Callable[[], Any]) -> Any:
    """What ``make`` gives; an error of it gets the place in the rule."""
    try:
        return make()
    except RuleError as error:
        raise RuleError(error.message, error.path or place) from None


def clauses_of(
    data: Mapping[str, Any], place: tuple[str | int, ...], *, prepare: bool = False, condition: bool = False
) -> Iterator[Clause]:
    """The clauses of a mapping of paths to assertions, in its order; of ``when`` if it is a ``condition``."""
    for key, given in data.items():
        where = (*place, key)
        text, assertion = written_out(key, given) if condition else (key, given)
        path = _at(where, lambda text=text: parse_path(text))  # type: ignore[misc]
        check = compile_assertion(assertion, RuleContext(where, prepare=prepare, condition=condition))
        references = references_of(assertion) if "${" in str(assertion) else ()
        aspect = assertion["fits"] if text == "**" and isinstance(assertion, dict) and list(assertion) == ["fits"] else None
        yield Clause(path, check, tuple(reference for reference in references if reference.fact is None), aspect)


def written_out(key: str, assertion: Any) -> tuple[str, Any]:
    """A clause of ``when``, of which one has a short form: ``server: ">=5.0"`` asks for the release that the document is judged by."""
    if key == "server" and isinstance(assertion, str) and assertion not in ("present", "absent"):
        return "$@server", {"server": assertion}
    return key, assertion


def references_of(assertion: Any) -> Iterator[Path]:
    """The settings, and facts of them, that the operands of an assertion name."""
    if isinstance(assertion, str) and "${" in assertion:
        yield from template_of(assertion).paths
    elif isinstance(assertion, dict | list):
        for one in assertion.values() if isinstance(assertion, dict) else assertion:
            yield from references_of(one)


def _condition(data: Any, place: tuple[str | int, ...], *, prepare: bool = False) -> Condition:
    """All clauses of a mapping hold, or those of any mapping of a list. A path with ``*`` holds where any of its places does."""
    if isinstance(data, list):
        conditions = [_condition(one, (*place, index), prepare=prepare) for index, one in enumerate(data)]
        return lambda node: _any(condition(node) for condition in conditions)
    clauses = list(clauses_of(data, place, prepare=prepare, condition=place[0] == "when"))
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


def _fix(data: Mapping[str, Any], place: tuple[str | int, ...], *, prepare: bool) -> FixPlan:
    return FixPlan(
        safe=data["safe"],
        reason=str(data.get("reason", "")).strip(),
        when=_condition(data["when"], (*place, "when"), prepare=prepare) if "when" in data else None,
        set=tuple(_setter(path, value, (*place, "set", path)) for path, value in data.get("set", {}).items()),
        remove=tuple(_single(path, (*place, "remove", index)) for index, path in enumerate(data.get("remove", ()))),
        rename=tuple(_renamer(path, target, (*place, "rename", path)) for path, target in data.get("rename", {}).items()),
        split=tuple(_splitter(path, into, (*place, "split", path)) for path, into in data.get("split", {}).items()),
        store=data.get("store"),
    )


def _setter(path: str, value: Any, place: tuple[str | int, ...]) -> Setter:
    return Setter(
        _single(path, place),
        _at(place, lambda: compile_value(value)),
        show_value(value),
        isinstance(value, str) and "${" in value and len(template_of(value).pieces) > 1,
        "${" not in str(value),
    )


def _renamer(path: str, target: str, place: tuple[str | int, ...]) -> Renamer:
    if "${" not in target:
        to = _single(target, place)
        return Renamer(_single(path, place), lambda node: _target(to, node))
    template: Template = _at(place, lambda: Template(target))
    return Renamer(_single(path, place), lambda node: _named(template, node))


def _splitter(path: str, into: str, place: tuple[str | int, ...]) -> Splitter:
    return Splitter(_single(path, place), _single(into, place))


def _named(template: Template, node: Node) -> SettingPath | None:
    """The setting whose dotted name a template gives."""
    name = template.value(node)
    if not isinstance(name, str):
        return None
    path: list[str | int] = []
    for step in name.split("."):
        path.append(int(step) if step.isdecimal() and isinstance(node.document.get(tuple(path)), list) else step)
    return tuple(path)


def _single(text: str, place: tuple[str | int, ...]) -> Path:
    path: Path = _at(place, lambda: parse_path(text))
    if not path.is_single or path.fact is not None:
        raise RuleError(f'"{text}" must lead to one setting: no "*", no "**", no tag, no fact', place)
    return path


def make_fix(plans: Iterable[FixPlan], node: Node) -> Fix | None:
    """The fix for a finding at ``node`` by the first plan that can be carried out; None where there is none."""
    return next(filter(None, (_planned(plan, node) for plan in plans)), None)


def _planned(plan: FixPlan, node: Node) -> Fix | None:
    """The fix of a plan; None where it does not apply or needs a value that nobody knows."""
    if plan.when is not None and plan.when(node) is not True:
        return None
    steps: list[tuple[Change, str]] = []
    made = 0
    for setter in plan.set:
        value = setter.value(node)
        made += len(value) if setter.makes and isinstance(value, str) else 0
        if _is_unknown(value) or made > LONGEST_VALUE:
            return None
        steps.append(_set(setter, value, node))
    steps += [_removed(_target(removed, node)) for removed in plan.remove]
    for renamer in plan.rename:
        path, target = _target(renamer.path, node), renamer.target(node)
        if target is None or node.document.get(path) is ABSENT or node.document.get(target) is not ABSENT:
            return None
        steps.append((Change("rename", path, target), f"rename {printable(dotted(path))} to {printable(dotted(target))}"))
    for splitter in plan.split:
        parts = _split(splitter, node)
        if parts is None:
            return None
        steps += parts
    if plan.store is not None:
        steps.append((Change("store", node.path, plan.store), f"store {printable(dotted(node.path))} as {plan.store}"))
    changes = tuple(change for change, _ in steps)
    if not may_be_made(node.document, changes):
        return None
    safe = plan.safe and is_safe_on_all(node.document, changes)
    return Fix(changes, safe, cut(", ".join(says for _, says in steps if says)))


def _is_unknown(value: Any) -> bool:
    """Whether nobody knows a value, or one within it."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if one is UNKNOWN:
            return True
        waiting += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
    return False


def _split(splitter: Splitter, node: Node) -> list[tuple[Change, str]] | None:
    """The members of a connection in place of its URL; None where that is no whole one, or one of them is given otherwise.

    A member ``host`` with a port in it is cut into the two.
    """
    from ..formats.connections import endpoint_of, parts_of  # only for a finding about such a URL

    path, into, document = _target(splitter.path, node), _target(splitter.into, node), node.document
    url = document.get(path)
    if path == (*into, "host"):
        parts, port = endpoint_of(url) if isinstance(url, str) and not is_unresolved(url) else None, (*into, "port")
        if parts is None or document.get(port) is not ABSENT:
            return None
        says = f"move the port of {printable(dotted(path))} to {printable(dotted(port))}"
        return [(Change("set", path, parts["host"]), says), (Change("set", port, parts["port"]), "")]
    parts = parts_of(url) if isinstance(url, str) and not is_unresolved(url) else None
    given = {(*into, *name.split(".")): value for name, value in (parts or {}).items()}
    if parts is None or any(document.get(member) not in (ABSENT, value) for member, value in given.items()):
        return None
    new = [Change("set", member, _as_held(value, document, member)) for member, value in given.items() if document.get(member) is ABSENT]
    says = f"write {printable(dotted(path))} as {', '.join(printable(dotted(member)) for member in given)}"
    return [*((change, "") for change in new), (Change("remove", path), says)]


def _set(setter: Setter, value: Any, node: Node) -> tuple[Change, str]:
    path = _target(setter.path, node)
    if value is LEFT_OUT:
        return _removed(path)
    held = _as_held(value, node.document, path)
    if held != value:
        return Change("set", path, held), f"set {printable(dotted(path))} to {held}"
    is_shown = setter.literal or (may_be_shown(node.document, path) and shown(node.document, path, node.document.get(path)) != MASK)
    text = setter.show(node) if is_shown else MASK  # what is made of a value that is masked, such as it in small letters, is masked too
    return Change("set", path, value), f"set {printable(dotted(path))} to {text}"


def _as_held(value: Any, document: Document, path: SettingPath) -> Any:
    """A value as it can be in a document: for options of TLS of which there are none, what does as much where an object cannot be."""
    if value != {}:
        return value
    from .. import settings  # only for a fix that switches TLS on
    from ..conformance.tls import ON, takes_options

    owner, inner = document.owner(path)
    kind, catalogue = DOCUMENT_KINDS.get(owner.kind), catalogue_kind(owner.kind)
    setting = settings.catalogue(catalogue).get(inner) if catalogue in settings.KINDS else None
    if kind is None or kind.coercion is None or setting is None or not takes_options(setting):
        return value
    return ON if getattr(setting, kind.coercion).at(owner.server.release) == "none" else value


def _removed(path: SettingPath) -> tuple[Change, str]:
    return Change("remove", path), f"remove {printable(dotted(path))}"


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


_MEMBERS: Final = frozenset(name for kind in DOCUMENT_KINDS.values() for name in (kind.role, kind.beside) if name not in ("", "server"))
_MEMBER: Final = re.compile(r"(?<![\w.^-])\"?(\w+)\"?(?=[.@}]|$)")


def _members_of(data: Mapping[str, Any]) -> frozenset[str]:
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
