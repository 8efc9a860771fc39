"""Rules of installed Python packages: the folders that a package names as its entry points in the group ``medplum_lint.rules``.

Nothing of a package is imported or run: what is installed beside medplum-lint is read from its ``entry_points.txt``, and its rules are
data. ``importlib.metadata`` could read that file too, but its import costs a third of a start.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from ..typed import Final, NamedTuple
from .errors import did_you_mean

GROUP: Final = "medplum_lint.rules"


class _Installed(NamedTuple):
    """A package that is installed: where its metadata are, by which name people install it."""

    name: str
    metadata: Path


def folders_of_package(name: str) -> list[Path]:
    """The folders of rules of an installed package. Raises ValueError, with the reason, where it has none."""
    package = next((one for one in _installed() if one.name == _normal(name)), None)
    if package is None:
        raise ValueError(f'no package "{name}" is installed in the environment of medplum-lint{did_you_mean(_normal(name), _with_rules())}')
    entries = _entry_points(package.metadata)
    if not entries:
        raise ValueError(f'the package "{name}" has no rules: it has no entry point in the group {GROUP}')
    return [_folder(name, package, module) for module in dict.fromkeys(entries.values())]


def _normal(name: str) -> str:
    """The name of a package as pip compares it."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def _installed() -> Iterator[_Installed]:
    """Every package that is installed where Python looks for modules, in that order; what lies in the current folder is not installed."""
    here = _real(os.curdir)
    for entry in dict.fromkeys(sys.path):
        if not entry or _real(entry) == here:
            continue
        try:
            names = sorted(os.listdir(entry))
        except OSError:  # a zip file, or a folder that is not there
            continue
        for file in names:
            if file.endswith((".dist-info", ".egg-info")):
                stem = file.rpartition(".")[0]
                yield _Installed(_normal(stem.partition("-")[0]), Path(entry, file))


def _real(path: str) -> str | None:
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return None


def _with_rules() -> list[str]:
    """The names of the packages that have rules."""
    return [one.name for one in _installed() if _entry_points(one.metadata)]


def _entry_points(metadata: Path) -> Mapping[str, str]:
    """The entry points of a package in our group, by their names."""
    try:
        text = (metadata / "entry_points.txt").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    entries: dict[str, str] = {}
    group = ""
    for line in (line.strip() for line in text.splitlines()):
        if line.startswith("["):
            group = line.strip("[] \t")
        elif group == GROUP and "=" in line and not line.startswith(("#", ";")):
            name, _, module = line.partition("=")
            entries[name.strip()] = module.strip()
    return entries


def _folder(name: str, package: _Installed, module: str) -> Path:
    """The folder that a module of a package is in: beside its metadata, or where an editable installation has it."""
    if re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*", module) is None:
        raise ValueError(f'the package "{name}" names "{module}" in the group {GROUP}, which is no package such as acme_rules.policies')
    top, *below = module.split(".")
    for folder in (package.metadata.parent / top, *_elsewhere(top)):
        path = folder.joinpath(*below)
        if path.is_dir():
            return path
    raise ValueError(f'the package "{name}" names {module} in the group {GROUP}, and there is no such folder in it')


def _elsewhere(top: str) -> Iterator[Path]:
    """Where Python would find a package that is not beside its metadata. It is not imported."""
    try:
        spec = find_spec(top)
    except (ImportError, ValueError, AttributeError):  # what a broken finder of an editable installation raises
        return
    yield from map(Path, (spec.submodule_search_locations or ()) if spec is not None else ())
