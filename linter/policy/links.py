"""The pages that a rule leads to where it names none: those that describe the settings which it is about."""

from __future__ import annotations

from collections.abc import Mapping

from .. import settings
from ..settings import Setting, page_link, page_of
from ..typed import Any, Final
from .known import catalogues
from .paths import DEEP, Path, Tag, names_of
from .rule import Rule, kind_matches

MOST_LINKS: Final = 3
"""Pages at most: a rule about many settings is about none of them in particular."""


def with_links(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The data of a rule, with the pages of its settings as ``links`` unless it names some. Raises what :class:`Rule` raises."""
    return data if "links" in data else {**data, "links": default_links(Rule(data))}


def default_links(rule: Rule) -> tuple[str, ...]:
    """Addresses on medplum.com that describe the settings in ``must``; the page of all settings where these are too many, or none."""
    about = [_setting(clause.path, kind) for case in rule.cases for clause in case.must for kind in case.info.kinds]
    pages = dict.fromkeys(link for setting in about if setting is not None and (link := page_link(setting)))
    if 0 < len(pages) <= MOST_LINKS:
        return tuple(pages)
    of_infra = all(kind_matches(kind, "infra") for kind in rule.info.kinds)
    return tuple(dict.fromkeys(page.partition("#")[0] for page in pages)) or (page_of("infra" if of_infra else "server"),)


def _setting(path: Path, kind: str) -> Setting | None:
    """The setting that a path from the root leads to in documents of a kind; None where it leads to several or to none."""
    steps = path.steps
    if path.start != "root" or not steps or any(step is DEEP or isinstance(step, Tag) for step in steps):
        return None
    found = (settings.catalogue(one).get(names_of(inner)) for one, inner in catalogues(steps, kind))
    return next(filter(None, found), None)
