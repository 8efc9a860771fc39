"""``medplum-lint test --mutate``: change rules in small ways, and see whether their examples notice."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..model import gathered
from ..policy.errors import RuleError, did_you_mean
from ..policy.known import with_links
from ..policy.mutants import Mutant, mutants
from ..policy.rule import Rule
from ..policy.rule_file import RuleFile
from ..text import count
from ..typed import Any, NamedTuple
from .examples import documents_of, failure_of
from .layout import columns


class Tried(NamedTuple):
    """A mutant of a rule, whether its examples notice it, and the reason why nothing could, if its file gives one."""

    file: RuleFile
    rule: Rule
    mutant: Mutant
    is_caught: bool
    reason: str


class MutationReport(NamedTuple):
    """The mutants that no example catches and mistakes in what is called equivalent, as ``file:line: …``, and a table by kind of change."""

    survivors: list[str]
    mistakes: list[str]
    summary: list[str]


def mutate(rules: Iterable[tuple[RuleFile, Rule]], others: Mapping[str, Rule], most: int | None, seed: int) -> MutationReport:
    """Try the mutants of rules, or ``most`` of all, drawn with a ``seed``. ``others`` are the rules that these can yield to."""
    known = [(file, rule, list(mutants(_changeable(file)))) for file, rule in rules]
    every = [(file.path, mutant) for file, _, own in known for mutant in own]
    chosen = gathered(every if most is None else random.Random(seed).sample(every, min(most, len(every))))
    tried = [one for file, rule, _ in known if file.path in chosen for one in _tried(file, rule, chosen[file.path], others)]
    mistakes = [mistake for file, _, own in known for mistake in _mistaken(file, {mutant.name for mutant in own})]
    wrong = (one for one in tried if one.reason and one.is_caught)
    mistakes += (_at(one, f"is called equivalent, but an example catches it: {one.mutant.name}") for one in wrong)
    survivors = [_at(one, f"no example notices {one.mutant.name}") for one in tried if not one.is_caught and not one.reason]
    return MutationReport(survivors, mistakes, list(_summary(tried)))


def _changeable(file: RuleFile) -> dict[str, Any]:
    return {key: value for key, value in file.data.items() if key not in ("examples", "equivalent")}


def _tried(file: RuleFile, rule: Rule, own: Sequence[Mutant], others: Mapping[str, Rule]) -> Iterator[Tried]:
    """The results of some mutants of a rule, without those that are no valid rule."""
    data, equivalent = _changeable(file), file.data.get("equivalent", {})
    samples = [(example, documents_of(rule, example)) for example in sorted(rule.examples, key=lambda example: example.is_good)]
    for mutant in own:
        try:
            changed = Rule(with_links({**mutant.of(data), "category": rule.info.category}))
            changed.trusted = rule.trusted
            is_caught = any(failure_of(changed, example, documents, others) for example, documents in samples)
        except RuleError:
            continue
        yield Tried(file, rule, mutant, is_caught, equivalent.get(mutant.name, ""))


def _mistaken(file: RuleFile, names: set[str]) -> Iterator[str]:
    """Names of mutants that a rule file calls equivalent and that do not exist."""
    for name in file.data.get("equivalent", {}):
        if name not in names:
            yield f"{file.path}:{file.line(('equivalent', name))}: there is no mutant {name}{did_you_mean(name, names)}"


def _at(tried: Tried, says: str) -> str:
    return f"{tried.file.path}:{tried.file.line(tried.mutant.place)}: {tried.rule.info.id}: {says}"


def _summary(tried: Sequence[Tried]) -> Iterator[str]:
    """A table of the kinds of changes: how many there are, how many are caught and called equivalent, and the score."""
    rows = [("change", "mutants", "caught", "equivalent", "score")]
    by_kind = Counter(one.mutant.kind for one in tried)
    for kind in [*sorted(by_kind), "all"]:
        own = [one for one in tried if kind in (one.mutant.kind, "all")]
        caught, equivalent = sum(one.is_caught for one in own), sum(bool(one.reason) for one in own)
        score = f"{100 * caught / (len(own) - equivalent):.1f} %" if len(own) > equivalent else "-"
        rows.append((kind, str(len(own)), str(caught), str(equivalent), score))
    yield from columns(rows)
    rules = len({one.file.path for one in tried})
    yield f"{count(len(tried), 'mutant')} of {count(rules, 'rule')}"
