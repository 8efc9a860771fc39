"""The settings that a rule speaks of: those that the catalogue of its kinds does not know are slips, which its own examples would hide.

A name in quotes is meant as it is: ``"acmeFlag"`` is whatever stands there. What the catalogue does not describe because it is handed on to
a library (``redis.tls.servername``) and names that no server reads any more need no quotes.
"""

from __future__ import annotations

from collections.abc import Iterator

from .. import settings
from ..settings import Catalogue
from ..settings.kinds import catalogue_kind
from ..typed import Any
from .errors import RuleError, did_you_mean
from .paths import DEEP, Path, Tag, names_of
from .rule import Case, Rule
from .tree import Mention, clauses_of, mentions, mentions_in, mentions_of_fix, walk

DEPLOYMENT = {
    "infra": "infra",
    "database": "secret/database",
    "redis": "secret/redis",
    **dict.fromkeys(("server", "parameters", "file", "variables"), "server"),
}
"""The members of a deployment, by the first step of a path, with their catalogues."""


def catalogues(steps: tuple[Any, ...], kind: str) -> list[tuple[str, tuple[Any, ...]]]:
    """The kinds of the catalogues that describe documents of a kind, each with the steps of a path in documents of that."""
    if kind == "deployment":
        members = [DEPLOYMENT.get(steps[0], "server")] if isinstance(steps[0], str) else settings.KINDS
        return [(member, steps[1:]) for member in members if steps[1:]]
    return [(one, steps) for one in settings.KINDS if one == catalogue_kind(kind) or one.startswith(f"{kind}/")]


def check_settings(rule: Rule) -> None:
    """Raise :class:`RuleError`, with its place, for the first setting of a rule that none of the catalogues of its kinds knows."""
    for case in rule.cases:
        kinds = case.info.kinds
        for path, text, place, *_ in _mentions(case):
            steps = path.steps
            if '"' in text or path.start != "root" or not steps or any(step is DEEP or isinstance(step, Tag) for step in steps):
                continue  # a name that is quoted, a path that depends on the document, a tag, which is always known
            names = names_of(steps)
            if not any(_is_known(names, kind) for kind in kinds):
                near = did_you_mean(".".join(names), [known for kind in kinds for known in _names(names, kind)])
                raise RuleError(f'there is no setting "{".".join(names)}"{near} (quote a name to use it as it is)', place)


def _mentions(case: Case) -> Iterator[Mention]:
    """The paths that a case names."""
    for clause in (*case.must, *clauses_of(case.when)):
        yield from mentions(clause)
    at = _place(case)
    for template, place in case.texts:
        yield from mentions_in(template, place, at)
    for fix in case.fix:
        yield from mentions_of_fix(fix, at)


def _place(case: Case) -> Path | None:
    """The place that the texts and fixes of a case are about; None where it can be one of several, or a member that ``keys`` finds."""
    only = case.must[0] if len(case.must) == 1 else None
    if only is None or '"' in only.text or any(member is not None for asked in walk(only) for member, _ in asked.part.inner):
        return None
    return only.path


def _is_known(names: tuple[str, ...], kind: str) -> bool:
    if kind == "deployment" and (names[0] not in DEPLOYMENT or len(names) == 1):
        return names[0] in DEPLOYMENT
    return any(_has(settings.catalogue(one), inner) for one, inner in catalogues(names, kind))


def _has(known: Catalogue, names: tuple[str, ...]) -> bool:
    if names[0] == "*" or known.get(names) is not None:
        return True
    holders = [known.get(names[:length]) for length in range(1, len(names))]
    last = holders[-1] if holders else None
    if last is None:
        return any(holder is not None and holder.pass_through for holder in holders)
    return last.pass_through or (names[-1] == "*" and bool({"array", "object"}.intersection(last.types)))


def _names(names: tuple[str, ...], kind: str) -> list[str]:
    """The names that could have been meant."""
    if kind == "deployment" and names[0] not in DEPLOYMENT:
        return list(DEPLOYMENT)
    above = f"{names[0]}." if kind == "deployment" else ""
    return [f"{above}{name}" for one, _ in catalogues(names, kind) for name in settings.catalogue(one).names()] or list(DEPLOYMENT)
