"""The address of this repository. It is ``url`` in setup.cfg, and nowhere else: to publish it, edit that one line.

Texts that people copy, such as recipes, name the address too; :func:`filled_in` keeps them to it, and ``tools/generate.py`` writes them.
What is built (the site, the metadata of the package) takes it from setup.cfg.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT = Path(__file__).resolve().parent.parent

PLACEHOLDER: Final = "OWNER"
"""The owner in setup.cfg until the repository is published. GitHub has a user of that name."""
UNKNOWN: Final = "<owner>"
"""What texts say until then: no GitHub name looks like this, so copying it unread gives an error, and not a stranger's repository."""
NAME: Final = "medplum-lint"

_OWNER: Final = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})"
_URL: Final = re.compile(rf"https://github\.com/({_OWNER})/{NAME}")
_WRITTEN: Final = rf"(?:{UNKNOWN}|{_OWNER})"
_NAMED: Final = re.compile(
    rf"(?P<before>github\.com[/:]|githubusercontent\.com/|ghcr\.io/|uses: [\"']?|--repo [\"']?){_WRITTEN}(?P<after>/{NAME}\b)"
    rf"|(?P<scheme>https://){_WRITTEN}(?P<pages>\.github\.io/{NAME}\b)"
)
_FOLDERS: Final = (".github", "docs", "examples", "recipes")
_SINGLE: Final = ("editors/vscode/package.json", "editors/vscode/*.md", "linter/reporters/sarif.py", "tests/golden/*.sarif")
_SUFFIXES: Final = {".cfg", ".md", ".toml", ".txt", ".yaml", ".yml", ""}
_MOST: Final = 1_000_000  # bytes of a file that may name the address; except requirements.txt


@cache
def owner() -> str:
    """Who the repository belongs to on GitHub. Raises ValueError, with what to write, where setup.cfg has no such address."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    url = parser["metadata"].get("url", "")
    match = _URL.fullmatch(url)
    if match is None:
        raise ValueError(f'setup.cfg: url is "{url}": write the address of the repository, https://github.com/{PLACEHOLDER}/{NAME}')
    return match[1]


def repository() -> str:
    """The address of the repository, without a slash at the end."""
    return f"https://github.com/{owner()}/{NAME}"


def site() -> str:
    """The address of the documentation, with a slash at the end."""
    return f"https://{owner()}.github.io/{NAME}/"


def filled_in(text: str) -> str:
    """A text with the address of this repository wherever it names one."""
    return _NAMED.sub(_named, text)


def _named(match: re.Match[str]) -> str:
    before, after = (match["before"], match["after"]) if match["before"] else (match["scheme"], match["pages"])
    return f"{before}{UNKNOWN if owner() == PLACEHOLDER else owner()}{after}"


def without(text: str) -> str:
    """A text without the addresses in it: what is left must not name the owner."""
    return _NAMED.sub("", text)


def pages() -> Iterator[Path]:
    """The files that may name the address, setup.cfg aside: those at the top, all in a few folders, and single ones."""
    found = [*ROOT.iterdir(), *(path for folder in _FOLDERS for path in (ROOT / folder).rglob("*"))]
    for path in sorted(found):
        if path.is_file() and path.suffix in _SUFFIXES and path.name not in ("setup.cfg", ".git") and path.stat().st_size < _MOST:
            yield path
    yield from (path for pattern in _SINGLE for path in sorted(ROOT.glob(pattern)))
