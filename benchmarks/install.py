"""What is measured, installed in a folder: each version of ours in an environment of its own, the other tools in two more.

What cannot be installed is missing, with the reason, and the rest is measured.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from .measure import clean_environment

ROOT: Final = Path(__file__).resolve().parent.parent
HERE: Final = ROOT / "benchmarks"
REQUIREMENTS: Final = HERE / "requirements.txt"
PYTHON_TOOLS: Final = ("yamllint", "check-jsonschema", "jsonvet", "cfn-lint", "zizmor")
NPM_TOOLS: Final[Mapping[str, str]] = {"ajv": "ajv-cli", "spectral": "@stoplight/spectral-cli", "biome": "@biomejs/biome"}
"""The package of each command."""
NOW: Final = "now"
"""The version of this checkout."""


class Version(NamedTuple):
    """A version of ours: what tables call it, its commit, and the folder of its commands."""

    name: str
    commit: str
    commands: Path


class Installed(NamedTuple):
    """All that is measured: our versions, the newest first; the commands of other tools; versions by package; why a thing is missing."""

    versions: Sequence[Version]
    tools: Mapping[str, Path]
    packages: Mapping[str, str]
    missing: Mapping[str, str]


class NotInstalled(Exception):
    """Why something cannot be installed."""


def install(folder: Path, against: Sequence[str], with_tools: bool, say: Callable[[str], object]) -> Installed:
    """Install our versions, and the other tools if they are wanted. What the folder has is taken as it is, but for this checkout."""
    missing: dict[str, str] = {}
    versions = [_this_checkout(folder, say)]
    for revision in against:
        try:
            versions.append(_older(folder, revision, say))
        except NotInstalled as error:
            missing[f"medplum-lint of {revision}"] = str(error)
    packages = _python_packages(versions[0].commands)
    tools: dict[str, Path] = {}
    if with_tools:
        for make in (_python_tools, _npm_tools):
            found, of_these, lacking = make(folder, say)
            tools.update(found)
            packages.update(of_these)
            missing.update(lacking)
    return Installed(versions, tools, packages, missing)


def install_matplotlib(folder: Path, say: Callable[[str], object]) -> Path:
    """The Python that can draw: it has this checkout's extra ``benchmark``."""
    commands = _environment(folder / "plot")
    say("installing matplotlib")
    [wheel] = (folder / "wheel-now").glob("*.whl")
    _run(commands / "python", "-m", "pip", "install", "--quiet", "--constraint", REQUIREMENTS, f"{wheel}[benchmark]")
    return commands / "python"


# --- Ours ---


def _this_checkout(folder: Path, say: Callable[[str], object]) -> Version:
    say("installing this checkout")
    commit = "no checkout"
    if (ROOT / ".git").exists():
        changed = _git("status", "--porcelain", "--untracked-files=no", "--", "linter", "rules", "setup.py", "setup.cfg").strip()
        commit = _git("rev-parse", "--short", "HEAD").decode().strip() + (", changed" if changed else "")
    source = folder / "source-now"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "node_modules", "build", "*.egg-info", "tests"))
    return _version(folder, NOW, commit, source)


def _older(folder: Path, revision: str, say: Callable[[str], object]) -> Version:
    commit = _git("rev-parse", "--short", f"{revision}^{{commit}}").decode().strip()
    source = folder / f"source-{commit}"
    if not source.exists():
        say(f"installing {commit}")
        with tarfile.open(fileobj=io.BytesIO(_git("archive", "--format=tar", commit))) as archive:
            archive.extraction_filter = getattr(tarfile, "data_filter", None)  # which the first releases of Python 3.10 and 3.11 lack
            archive.extractall(source)
    return _version(folder, commit, commit, source)


def _version(folder: Path, name: str, commit: str, source: Path) -> Version:
    """A version in an environment of its own, with the same dependencies for each."""
    commands = _environment(folder / f"venv-{name}")
    python, wheels = commands / "python", folder / f"wheel-{name}"
    if name == NOW or not (commands / "medplum-lint").exists():
        shutil.rmtree(wheels, ignore_errors=True)
        _run(python, "-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", ROOT / "requirements.txt")
        _run(python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", wheels, source)
        [wheel] = wheels.glob("*.whl")
        _run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall", wheel)
    return Version(name, commit, commands)


def _git(*arguments: str) -> bytes:
    try:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True).stdout
    except FileNotFoundError:
        raise NotInstalled("there is no git") from None
    except subprocess.CalledProcessError as error:
        raise NotInstalled(_last_line(error.stderr.decode(errors="replace"))) from None


# --- The others ---

_Tools = tuple[dict[str, Path], dict[str, str], dict[str, str]]


def _python_tools(folder: Path, say: Callable[[str], object]) -> _Tools:
    commands = _environment(folder / "tools")
    missing = {}
    if not all((commands / name).exists() for name in PYTHON_TOOLS):
        say("installing " + ", ".join(PYTHON_TOOLS))
        for name in PYTHON_TOOLS:
            try:
                _run(commands / "python", "-m", "pip", "install", "--quiet", "--constraint", REQUIREMENTS, name)
            except NotInstalled as error:
                missing[name] = str(error)
    packages = _python_packages(commands)
    found = {name: commands / name for name in PYTHON_TOOLS if name not in missing}
    return found, {name: packages[name] for name in found}, missing


def _npm_tools(folder: Path, say: Callable[[str], object]) -> _Tools:
    npm = folder / "npm"
    modules = npm / "node_modules"
    if not modules.exists():
        say("installing " + ", ".join(NPM_TOOLS.values()))
        npm.mkdir(exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, npm / name)
        try:
            _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", cwd=npm)
        except NotInstalled as error:
            shutil.rmtree(modules, ignore_errors=True)
            return {}, {}, dict.fromkeys(NPM_TOOLS, str(error))
    found = {name: _npm_command(modules, name) for name in NPM_TOOLS}
    versions = {
        package: json.loads((modules / package / "package.json").read_text(encoding="utf-8"))["version"] for package in NPM_TOOLS.values()
    }
    return found, {**versions, "node": _run("node", "--version").strip().removeprefix("v")}, {}


def _npm_command(modules: Path, name: str) -> Path:
    """Biome's own program rather than the script that starts it, which takes longer than itself."""
    return next(modules.glob("@biomejs/cli-*/biome"), modules / ".bin" / "biome") if name == "biome" else modules / ".bin" / name


# --- Environments ---


def _environment(folder: Path) -> Path:
    """The commands of a virtual environment, which is made if it is not there."""
    commands = folder / ("Scripts" if sys.platform == "win32" else "bin")
    if not (commands / "python").exists():
        _run(sys.executable, "-m", "venv", folder)
    return commands


_LISTING: Final = """\
import json
from importlib.metadata import distributions
print(json.dumps({package.metadata["Name"]: package.version for package in distributions()}))
"""


def _python_packages(commands: Path) -> dict[str, str]:
    """The version of each package in an environment, read by its own Python: what `pip list` prints depends on `PIP_…` variables."""
    packages: dict[str, str] = json.loads(_run(commands / "python", "-c", _LISTING))
    return packages


def _run(*command: str | Path, cwd: Path | None = None) -> str:
    """What a command writes to its standard output."""
    environment = {**clean_environment(), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    try:
        done = subprocess.run(list(map(str, command)), cwd=cwd, env=environment, capture_output=True, encoding="utf-8", check=True)
    except FileNotFoundError:
        raise NotInstalled(f"there is no {command[0]}") from None
    except subprocess.CalledProcessError as error:
        raise NotInstalled(_last_line(error.stderr or error.stdout)) from None
    return done.stdout


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if re.search(r"\w", line)]
    return lines[-1] if lines else "it says nothing"
