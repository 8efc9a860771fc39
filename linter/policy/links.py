"""The pages that a rule leads to where it names none: those that describe the settings which it is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .. import settings
from ..settings import Setting, page_link, page_of
from ..settings.kinds import catalogue_kind
from ..typed import Any, Final
from .known import DEPLOYMENT
from .paths import DEEP, Path, Tag, names_of
from .rule import Case, Rule, kind_matches

MOST_LINKS: Final = 3
"""Pages at most: a rule about many settings is about none of them in particular."""


def with_links(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The data of a rule, with the pages of its settings as ``links`` unless it names some. Raises what :class:`Rule` raises."""
    return data if "links" in data else {**data, "links": default_links(Rule(data))}


def default_links(rule: Rule) -> tuple[str, ...]:
    """Addresses on medplum.com that describe the settings in ``must``; the page of all settings where these are too many, or none."""
    pages = dict.fromkeys(page for case in rule.cases for page in _pages(case))
    if 0 < len(pages) <= MOST_LINKS:
        return tuple(pages)
    of_infra = all(kind_matches(kind, "infra") for kind in rule.info.kinds)
    return tuple(dict.fromkeys(page.partition("#")[0] for page in pages)) or (page_of("infra" if of_infra else "server"),)


def _pages(case: Case) -> Iterator[str]:
    for clause in case.must:
        for kind in case.info.kinds:
            setting = _setting(clause.path, kind)
            if setting is not None and page_link(setting):
                yield page_link(setting)


def _setting(path: Path, kind: str) -> Setting | None:
    """The setting that a path from the root leads to in documents of a kind; None where it leads to several or to none."""
    steps: tuple[Any, ...] = path.steps
    if path.start != "root" or any(step is DEEP or isinstance(step, Tag) for step in steps):
        return None
    if kind == "deployment":
        kind, steps = DEPLOYMENT.get(str(steps[0]), "") if steps else "", steps[1:]
    names = names_of(steps)
    catalogues = [one for one in settings.KINDS if one == catalogue_kind(kind) or one.startswith(f"{kind}/")]
    return next(filter(None, (settings.catalogue(one).get(names) for one in catalogues)), None) if names else None
