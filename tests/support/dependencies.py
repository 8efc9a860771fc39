"""The packages that setup.cfg names, and what docs/dependencies.md and they themselves say of each. Names are in PyPI's normal form."""

from __future__ import annotations

import re
from collections.abc import Iterable
from configparser import ConfigParser
from importlib.metadata import Distribution, distributions

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .checkout import ROOT
from .pages import code, rows, section

USED, BROUGHT, EXTRAS = "What a run uses", "What these bring along", "Extras"
"""The tables of the page."""
_CLASSIFIED = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",  # of google-re2, whose LICENSE has the three clauses
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}


def extras() -> dict[str, list[Requirement]]:
    """What setup.cfg asks for: for a run beneath ``""``, and for each extra."""
    parser = ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = {"": parser["options"]["install_requires"], **parser["options.extras_require"]}
    return {extra: [Requirement(line) for line in text.splitlines() if line] for extra, text in lines.items()}


def names(requirements: Iterable[Requirement]) -> set[str]:
    return {canonicalize_name(one.name) for one in requirements}


def table(title: str) -> list[list[str]]:
    """The rows of a table of the page, without its head."""
    return [row for row in rows(section("dependencies.md", title)) if row[0].startswith("`")]


def package(cell: str) -> str:
    [name] = code(cell)
    return canonicalize_name(name)


def licences() -> dict[str, str]:
    """The licence of each package, as the page has it."""
    found: dict[str, str] = {}
    for title in (USED, BROUGHT, EXTRAS):
        for *_, name, _why, _who, licence in table(title):
            assert found.setdefault(package(name), licence) == licence
    return found


def installed(*path: str) -> dict[str, Distribution]:
    """The packages of these folders, or of this Python."""
    found = distributions(path=list(path)) if path else distributions()
    return {canonicalize_name(one.metadata["Name"]): one for one in found}


def spdx(licence: str) -> str:
    """The SPDX expression of a licence that may be a classifier."""
    return _CLASSIFIED.get(re.sub("^License :: (OSI Approved :: )?", "", licence), licence)


def declared_licence(distribution: Distribution) -> str:
    """The licence that an installed package declares: in new metadata, as a classifier, or in a word of its own."""
    metadata = distribution.metadata
    classified = [spdx(one) for one in metadata.get_all("Classifier", []) if one.startswith("License :: ")]
    return " OR ".join([metadata["License-Expression"]] if "License-Expression" in metadata else classified or [metadata["License"]])
