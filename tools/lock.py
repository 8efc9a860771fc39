"""The locked dependencies: ``python tools/lock.py`` rewrites them, with ``--check`` it says whether they fit setup.cfg.

requirements.txt is what a run needs, and what builds it, each at one version with the hash of every file of it: ``pip install
--require-hashes`` takes them on every Python and platform that we support. ``requirements/`` has the same for what builds the site, and for
what builds and checks a release; ``python tools/lock.py requirements/docs.txt`` writes only that.

Writing needs ``uv`` (``pip install uv``) and the package registry, checking needs neither.
"""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.txt"
LOCKS: Final = {"requirements.txt": "", "requirements/docs.txt": "docs", "requirements/release.txt": "release"}
"""Each lock, and the extra of setup.cfg that it is of; the first is of what a run needs."""
PYTHONS: Final = ("3.10", "3.11", "3.12", "3.13", "3.14")
PLATFORMS: Final = (
    ("linux", "x86_64"),
    ("linux", "aarch64"),
    ("darwin", "x86_64"),
    ("darwin", "arm64"),
    ("win32", "AMD64"),
    ("win32", "ARM64"),
)
"""What Python calls the platforms: ``sys.platform`` and ``platform.machine()``."""

_CONSTRAINTS: Final = (
    # The last releases with wheels for two platforms, a newer one for the others: a build from source would fetch tools that no hash pins.
    'cryptography<49 ; sys_platform == "darwin" and platform_machine == "x86_64"',
    'cryptography<46.0.4 ; sys_platform == "win32" and platform_machine == "ARM64"',
    'cryptography>=49 ; (sys_platform != "darwin" or platform_machine != "x86_64")'
    ' and (sys_platform != "win32" or platform_machine != "ARM64")',
)
_HEADER: Final = "# Written by: python tools/lock.py\n"


class Locked(NamedTuple):
    """One entry of the lock; ``marker`` tells where it counts, None is everywhere."""

    name: str
    version: Version
    marker: Marker | None
    hashes: tuple[str, ...]


def wanted(extra: str = "") -> list[Requirement]:
    """What setup.cfg says a run needs (with patterns), or an extra, and what pyproject.toml says a build needs, which no site does."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    [build] = re.findall(r"^requires = \[(.*)\]$", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    extras = parser["options.extras_require"]
    asked = extras[extra] if extra else parser["options"]["install_requires"] + extras["patterns"]
    built = [] if extra == "docs" else re.findall(r'"([^"]+)"', build)
    return [Requirement(line) for line in [*asked.split("\n"), *built] if line]


def locked(text: str) -> Iterator[Locked]:
    """The entries of a lock; raises ValueError for any other line: an address, an option, an inexact version."""
    for line in re.sub(r"\\\n", "", text).splitlines():
        entry, *hashes = re.split(r"\s--hash=", line.strip())
        if not entry or entry.startswith("#"):
            continue
        match = re.fullmatch(r"([A-Za-z0-9._-]+)==([^ ;]+)(?: *; *(.+))?", entry.strip())
        if match is None or not all(re.fullmatch(r"sha256:[0-9a-f]{64}", each.strip()) for each in hashes):
            raise ValueError(f"no entry with hashes: {entry}")
        yield Locked(_normal(match[1]), Version(match[2]), Marker(match[3]) if match[3] else None, tuple(hashes))


def mistakes(text: str, extra: str = "") -> list[str]:
    """What of setup.cfg, or of an extra there, a lock does not satisfy, on some Python and platform."""
    entries = list(locked(text))
    found = [f"{entry.name} {entry.version} has no hash" for entry in entries if not entry.hashes]
    for environment in _environments():
        here = {entry.name: entry for entry in entries if entry.marker is None or entry.marker.evaluate(environment)}
        for requirement in wanted(extra):
            if requirement.marker is None or requirement.marker.evaluate(environment):
                found += _mistake(requirement, here.get(_normal(requirement.name)), environment)
    return list(dict.fromkeys(found))


def _mistake(requirement: Requirement, entry: Locked | None, environment: dict[str, str]) -> Iterator[str]:
    where = f"on Python {environment['python_version']} ({environment['sys_platform']}, {environment['platform_machine']})"
    if entry is None:
        yield f"{requirement.name} is not locked {where}"
    elif entry.version not in requirement.specifier:
        yield f"{entry.name} {entry.version} is locked {where}, but {requirement.specifier} is required"


def _environments() -> Iterator[dict[str, str]]:
    names = {"linux": ("posix", "Linux"), "darwin": ("posix", "Darwin"), "win32": ("nt", "Windows")}
    for python in PYTHONS:
        for platform, machine in PLATFORMS:
            yield {
                "python_version": python,
                "python_full_version": f"{python}.0",
                "sys_platform": platform,
                "os_name": names[platform][0],
                "platform_system": names[platform][1],
                "platform_machine": machine,
                "implementation_name": "cpython",
                "platform_python_implementation": "CPython",
                "extra": "",
            }


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def write(name: str) -> None:
    """Lock the newest versions that fit, in one of ``LOCKS``."""
    program = shutil.which("uv", path=f"{Path(sys.executable).parent}") or shutil.which("uv")
    if program is None:
        raise SystemExit("tools/lock.py needs uv: pip install uv")
    constraints = LOCK.with_suffix(".constraints")
    constraints.write_text("".join(f"{line}\n" for line in _CONSTRAINTS), encoding="utf-8")
    options = [
        "--universal",
        "--python-version",
        PYTHONS[0],
        "--generate-hashes",
        "--no-header",
        "--no-emit-index-url",
        "--no-emit-find-links",
    ]
    try:
        done = subprocess.run(
            [program, "pip", "compile", "-", *options, "--constraint", constraints, "--quiet"],
            input="".join(f"{requirement}\n" for requirement in wanted(LOCKS[name])),
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=True,
        )
    finally:
        constraints.unlink()
    (ROOT / name).parent.mkdir(exist_ok=True)
    (ROOT / name).write_text(_HEADER + re.sub(r" {4}#.*\n", "", done.stdout), encoding="utf-8", newline="\n")


def main(arguments: list[str]) -> int:
    """Write the locks that are named, or all of them, or check all."""
    if arguments != ["--check"]:
        for name in arguments or LOCKS:
            write(name)
    found = [
        f"{name}: {mistake}; write it anew: python tools/lock.py {name}"
        for name, extra in LOCKS.items()
        for mistake in mistakes((ROOT / name).read_text(encoding="utf-8"), extra)
    ]
    print("".join(f"{mistake}\n" for mistake in found), end="")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
