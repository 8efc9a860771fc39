"""Files built from other files, so that a run need not parse or import those: rules and settings from YAML, the index of sources.

Each file beside this one is ``{"digest": …, "content": …}``. An installed package trusts it. In a checkout the digest, a checksum of every
file that the content is built from, shows whether one of them has changed; if so, the built file is ignored. ``python tools/generate.py``
rebuilds them.
"""

from __future__ import annotations

import os
import os.path
from collections.abc import Callable, Iterable

from ..typed import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")

HERE = os.path.dirname(__file__)
"""The folder of the built files; a checkout is two levels above it."""


def read(name: str, made_of: Callable[[], Iterable[str]] | None, make: Callable[[], T]) -> T:
    """The content of the built file ``NAME.json``; if it is stale or absent, what ``make`` returns, which is of the same form.

    ``made_of`` gives the paths that it is built from; None for what is used even when it is stale.
    """
    import json

    try:
        with open(os.path.join(HERE, f"{name}.json"), encoding="utf-8") as file:
            built = json.load(file)
    except FileNotFoundError:
        return make()
    content: T = built["content"]
    return content if made_of is None or not in_checkout() or built.get("digest") == digest(made_of()) else make()


def read_yaml(path: str | Path) -> Any:
    """The data of one of our own YAML files: a run reads only what is built from it."""
    import yaml

    with open(path, "rb") as file:
        return yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # a SafeLoader


def text(content: str, made_of: Iterable[str]) -> str:
    """The text of a built file with this content, which is JSON."""
    return f'{{"digest":"{digest(made_of)}","content":{content}}}\n'


def digest(made_of: Iterable[str]) -> str:
    """A checksum of files: of their names, the names of their folders, and their bytes."""
    import zlib  # only for a checkout

    checksum = 0
    for path in made_of:
        with open(path, "rb") as file:
            name = "/".join(path.split(os.sep)[-2:])
            checksum = zlib.crc32(name.encode() + b"\0" + file.read(), checksum)
    return f"{checksum:08x}"


def in_checkout() -> bool:
    """Whether this package is in a checkout, where files can be edited, and not installed."""
    return os.path.exists(os.path.join(HERE, "..", "..", "setup.cfg"))


def sha256() -> str:
    """The SHA-256 digest of all built files, in hexadecimal digits: which rules and which data these are."""
    from hashlib import sha256

    whole = sha256()
    for name in sorted(one for one in os.listdir(HERE) if one.endswith(".json")):
        with open(os.path.join(HERE, name), "rb") as file:
            whole.update(name.encode() + b"\0" + file.read())
    return whole.hexdigest()
