"""The settings that a rule names: one that its kinds' catalogues do not know is a typo, which its own examples would hide.

A name in quotes is literal: ``"acmeFlag"`` is any such member. Settings that are passed on to a library and not described in the catalogue
(``redis.tls.servername``) and obsolete names need no quotes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .. import settings
from ..settings import Catalogue, Setting, page_link, page_of
from ..settings.kinds import DOCUMENT_KINDS, catalogue_kind
from ..typed import Any, Final
from .errors import RuleError, did_you_mean
from .paths import DEEP, Path, Tag, names_of
from .rule import Case, Rule, kind_matches
from .tree import Mention, mentions, mentions_in, mentions_of_fix, walk

DEPLOYMENT: Final = {name: one.catalogue for one in DOCUMENT_KINDS.values() for name in (one.role, one.beside) if name}
"""The members of a deployment, by the first step of a path, with their catalogues."""


def catalogues(steps: tuple[Any, ...], kind: str) -> list[tuple[str, tuple[Any, ...]]]:
    """The kinds of the catalogues for documents of a kind, each with the steps of a path in such documents."""
    if kind == "deployment":
        members = [DEPLOYMENT.get(steps[0], "server")] if isinstance(steps[0], str) else settings.KINDS
        return [(member, steps[1:]) for member in members if steps[1:]]
    return [(one, steps) for one in settings.CATALOGUED if one == catalogue_kind(kind) or one.startswith(f"{kind}/")]


def check_settings(rule: Rule) -> None:
    """Raise :class:`RuleError`, with its place, for the first setting of a rule that is in no catalogue of its kinds."""
    for case in rule.cases:
        kinds = case.info.kinds
        for path, text, place, *_ in _mentions(case):
            names = names_of(path.steps)
            if '"' not in text and _is_fixed(path) and not any(_is_known(names, kind) for kind in kinds):
                near = did_you_mean(".".join(names), [known for kind in kinds for known in names_like(names, kind)])
                raise RuleError(f'there is no setting "{".".join(names)}"{near} (quote a name to use it as it is)', place)


def _is_fixed(path: Path) -> bool:
    """Whether a path names settings from the root: it does not depend on the document and has no tag, which is always known."""
    return path.start == "root" and bool(path.steps) and not any(step is DEEP or isinstance(step, Tag) for step in path.steps)


def _mentions(case: Case) -> Iterator[Mention]:
    """The paths that a case names. Its texts and fixes refer to one place, unless it can be one of several, or a member of one."""
    for clause in case.clauses:
        yield from mentions(clause)
    at = case.must[0].path if len(case.must) == 1 and '"' not in case.must[0].text else None
    if at is not None and any(member is not None for asked in walk(case.must[0]) for member, _ in asked.part.inner):
        at = None
    for template, place in case.texts:
        yield from mentions_in(template, place, at)
    for fix in case.fix:
        yield from mentions_of_fix(fix, at)


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


def names_like(names: tuple[str, ...], kind: str) -> list[str]:
    """The names that could have been meant."""
    if kind == "deployment" and names[0] not in DEPLOYMENT:
        return list(DEPLOYMENT)
    above = f"{names[0]}." if kind == "deployment" else ""
    return [f"{above}{name}" for one, _ in catalogues(names, kind) for name in settings.catalogue(one).names()] or list(DEPLOYMENT)


# --- The default links of a rule: the pages that describe its settings. -------------------------------------------------------------


_MOST_LINKS: Final = 3
"""The maximum number of pages: a rule about many settings is about none of them in particular."""


def with_links(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The data of a rule, with the pages of its settings as ``links`` unless it has some. Raises the errors of :class:`Rule`."""
    return data if "links" in data else {**data, "links": _default_links(Rule(data))}


def _default_links(rule: Rule) -> tuple[str, ...]:
    """Addresses on medplum.com that describe the settings in ``must``; the page of all settings if these are too many, or none."""
    about = [setting_at(clause.path, kind) for case in rule.cases for clause in case.must for kind in case.info.kinds]
    pages = dict.fromkeys(link for setting in about if setting is not None and (link := page_link(setting)))
    if 0 < len(pages) <= _MOST_LINKS:
        return tuple(pages)
    of_infra = all(kind_matches(kind, "infra") for kind in rule.info.kinds)
    return tuple(dict.fromkeys(page.partition("#")[0] for page in pages)) or (page_of("infra" if of_infra else "server"),)


def setting_at(path: Path, kind: str) -> Setting | None:
    """The setting at a path from the root in documents of a kind; None if there are several or none."""
    found = (settings.catalogue(one).get(names_of(inner)) for one, inner in (catalogues(path.steps, kind) if _is_fixed(path) else ()))
    return next(filter(None, found), None)
