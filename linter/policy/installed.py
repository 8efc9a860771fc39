"""Rules of installed Python packages: the folders that a package names as its entry points in the group ``medplum_lint.rules``.

Nothing of a package is imported or run: only its metadata and its rules, which are data, are read.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from importlib.util import find_spec
from pathlib import Path

from ..files import identity
from ..typed import Any, Final
from .errors import did_you_mean

GROUP: Final = "medplum_lint.rules"


def folders_of_package(name: str) -> list[Path]:
    """The rule folders of an installed package. Raises ValueError, with the reason, if it has none."""
    normal = re.sub(r"[-_.]+", "-", name.strip()).lower()
    package = next(_installed(name=normal), None) if normal else None
    if package is None:
        with_rules = [str(one.metadata["Name"]).lower() for one in _installed() if _modules(one)]
        raise ValueError(f'no package "{name}" is installed in the environment of medplum-lint{did_you_mean(normal, with_rules)}')
    modules = _modules(package)
    if not modules:
        raise ValueError(f'the package "{name}" has no rules: it has no entry point in the group {GROUP}')
    return [_folder(name, package, module) for module in modules]


def _installed(**named: Any) -> Iterator[Distribution]:
    """The packages that are installed where Python looks for modules; the current folder does not count."""
    here = identity(".")
    return iter(distributions(path=[entry for entry in sys.path if entry and identity(entry) != here], **named))


def _modules(package: Distribution) -> list[str]:
    """The values of a package's entry points in our group; none if these cannot be read."""
    try:
        return list(dict.fromkeys(entry.value for entry in package.entry_points.select(group=GROUP)))
    except Exception:  # any error in the file of another package
        return []


def _folder(name: str, package: Distribution, module: str) -> Path:
    """The folder that contains a module of a package: beside its metadata, or where an editable installation has it."""
    if re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*", module) is None:
        raise ValueError(f'the package "{name}" names "{module}" in the group {GROUP}, which is not a name such as acme_rules.policies')
    top, *below = module.split(".")
    for folder in (package.locate_file(top), *_elsewhere(top)):
        path = Path(str(folder), *below)
        if path.is_dir():
            return path
    raise ValueError(f'the package "{name}" names {module} in the group {GROUP}, and there is no such folder in it')


def _elsewhere(top: str) -> list[str]:
    """Where Python would find a package that is not beside its metadata. It is not imported."""
    try:
        spec = find_spec(top)
    except (ImportError, ValueError, AttributeError):  # errors of a broken finder of an editable installation
        return []
    return list((spec.submodule_search_locations if spec is not None else None) or ())
