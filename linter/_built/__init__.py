"""What is made of other files, so that a run need not read or import those: the rules and settings out of their YAML, the index of sources.

Each file beside this one is ``{"digest": …, "content": …}``. An installed package trusts it. In a checkout the digest, a checksum of all
that the content is made of, tells whether one of those has been edited since: then the edit counts, and the file is as good as absent.
``python tools/generate.py`` makes them anew.
"""

from __future__ import annotations

import os.path
from collections.abc import Callable, Iterable

from ..typed import Any

HERE = os.path.dirname(__file__)
"""The folder of the built files; a checkout is two levels above it."""


def read(name: str, made_of: Callable[[], Iterable[str]]) -> Any:
    """The content of the built file ``NAME.json``; None where it is stale or absent. ``made_of`` gives the paths of what it is made of."""
    import json

    try:
        with open(os.path.join(HERE, f"{name}.json"), encoding="utf-8") as file:
            built = json.load(file)
    except FileNotFoundError:
        return None
    return built["content"] if not in_checkout() or built.get("digest") == digest(made_of()) else None


def text(content: str, made_of: Iterable[str]) -> str:
    """The text of a built file with this content, which is JSON."""
    return f'{{"digest":"{digest(made_of)}","content":{content}}}\n'


def digest(made_of: Iterable[str]) -> str:
    """A checksum of some files: of the name of each, with that of its folder, and of its bytes."""
    import zlib  # only for a checkout

    checksum = 0
    for path in made_of:
        with open(path, "rb") as file:
            name = "/".join(path.split(os.sep)[-2:])
            checksum = zlib.crc32(name.encode() + b"\0" + file.read(), checksum)
    return f"{checksum:08x}"


def in_checkout() -> bool:
    """Whether this package lies in a checkout, where files can be edited, and is not installed."""
    return os.path.exists(os.path.join(HERE, "..", "..", "setup.cfg"))
