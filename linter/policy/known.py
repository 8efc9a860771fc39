"""The settings that a rule speaks of: those that the catalogue of its kinds does not know are slips, which its own examples would hide.

A name in quotes is meant as it is: ``"acmeFlag"`` is whatever stands there. What the catalogue does not describe because it is handed on to
a library (``redis.tls.servername``) and names that no server reads any more need no quotes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .. import settings
from ..settings import Catalogue
from ..settings.kinds import catalogue_kind
from .errors import RuleError, did_you_mean
from .paths import DEEP, Path, Tag, names_of
from .rule import Case, Rule
from .template import Template
from .tree import Changed, Clause, FixSpec, Place, clauses_of, references, templates_in, walk

Steps = tuple[str, ...]

DEPLOYMENT = {
    "infra": "infra",
    "database": "secret/database",
    "redis": "secret/redis",
    **dict.fromkeys(("server", "parameters", "file", "variables"), "server"),
}
"""The members of a deployment, by the first step of a path, with their catalogues."""


def check_settings(rule: Rule) -> None:
    """Raise :class:`RuleError`, with its place, for the first setting of a rule that none of the catalogues of its kinds knows."""
    for case in rule.cases:
        kinds = case.info.kinds
        for steps, where in _settings(case):
            if not any(_is_known(steps, kind) for kind in kinds):
                name = ".".join(steps)
                names = [known for kind in kinds for known in _names(steps, kind)]
                raise RuleError(f'there is no setting "{name}"{did_you_mean(name, names)} (quote a name to use it as it is)', where)


# --- What a rule names ---------------------------------------------------------------------------------------------------------------


def _settings(case: Case) -> Iterator[tuple[Steps, Place]]:
    """Each setting that a case names, with its place in the data; ``*`` stands for the members of a list."""
    for clause in (*case.must, *clauses_of(case.when)):
        yield from _in_clause(clause, None)
    at = _place(case)
    for text, where in case.texts:
        yield from _in_template(text, at, where)
    for fix in case.fix:
        yield from _in_fix(fix, at)


def _place(case: Case) -> Path | None:
    """The place that the texts and fixes of a case are about; None where it can be one of several, or a member that ``keys`` finds."""
    only = case.must[0] if len(case.must) == 1 else None
    if only is None or '"' in only.text or any(member is not None for asked in walk(only) for member, _ in asked.part.inner):
        return None
    return only.path


def _in_fix(fix: FixSpec, at: Path | None) -> Iterator[tuple[Steps, Place]]:
    for clause in clauses_of(fix.when):
        yield from _in_clause(clause, at)
    for target, value in fix.set:
        yield from _named(target.text, target.path, at, target.place)
        for template, place in templates_in(value, target.place):
            yield from _in_template(template, at, place)
    pairs: Iterable[tuple[Changed, Changed | Template]] = (*((target, target) for target in fix.remove), *fix.split, *fix.rename)
    for target, to in pairs:
        yield from _named(target.text, target.path, at, target.place)
        yield from _in_template(to, at, target.place) if isinstance(to, Template) else _named(to.text, to.path, at, to.place)


def _in_clause(clause: Clause, at: Path | None) -> Iterator[tuple[Steps, Place]]:
    yield from _named(clause.text, clause.path, at, clause.place)
    for path, text, part in walk(clause):
        here = None if '"' in text or (path.start != "root" and at is None) else path if at is None else path.seen_from(at)
        for template, place in references(part):
            yield from _in_template(template, here, place)
        for member, inner in part.inner:
            if member is not None and here is not None:
                yield from _named("", here._replace(steps=(*here.steps, member)), None, inner.place)


def _in_template(template: Template, at: Path | None, where: Place) -> Iterator[tuple[Steps, Place]]:
    for path in template.paths:
        yield from _named(template.text, path, at, where)


def _named(text: str, path: Path, at: Path | None, where: Place) -> Iterator[tuple[Steps, Place]]:
    """The names on a path from the root; none where they are quoted, or depend on the document, or are tags, which are always known."""
    if '"' in text or (path.start != "root" and at is None):
        return
    steps = path.seen_from(at).steps if at is not None else path.steps
    if steps and not any(step is DEEP or isinstance(step, Tag) for step in steps):
        yield names_of(steps), where


# --- What the catalogue knows --------------------------------------------------------------------------------------------------------


def _is_known(steps: Steps, kind: str) -> bool:
    if kind == "deployment":
        return steps[0] in DEPLOYMENT and (len(steps) == 1 or _has(settings.catalogue(DEPLOYMENT[steps[0]]), steps[1:]))
    return _has(settings.catalogue(catalogue_kind(kind)), steps)


def _has(known: Catalogue, steps: Steps) -> bool:
    if steps[0] == "*" or known.get(steps) is not None:
        return True
    holder = known.get(steps[:-1]) if len(steps) > 1 else None
    if holder is None:
        return len(steps) > 1 and _is_handed_on(known, steps[:-1])
    return holder.pass_through or (steps[-1] == "*" and bool({"array", "object"}.intersection(holder.types)))


def _is_handed_on(known: Catalogue, steps: Steps) -> bool:
    holders = (known.get(steps[:length]) for length in range(1, len(steps) + 1))
    return any(holder is not None and holder.pass_through for holder in holders)


def _names(steps: Steps, kind: str) -> list[str]:
    if kind == "deployment":
        names = _names(steps[1:], DEPLOYMENT[steps[0]]) if steps[0] in DEPLOYMENT and steps[1:] else []
        return [f"{steps[0]}.{name}" for name in names] or list(DEPLOYMENT)
    return list(settings.catalogue(catalogue_kind(kind)).names())
