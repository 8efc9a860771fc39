"""The start argument: the sources that the server's configuration is made of, in order, and where the server stops at them.

The server uses its only argument, or :data:`DEFAULT` if it has none or several (``main`` in ``packages/server/src/index.ts``), loads its
sources from left to right, and merges them (``loadConfig`` in ``config/loader.ts``, ``cloud/*/config.ts``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from posixpath import basename, join, normpath

from ..patterns import pattern
from ..redaction.credentials import without_credentials
from ..release import Release
from ..typed import Any, Final, Literal, NamedTuple

Reads = Literal["only", "too", "never", "unknown"]
"""Whether the server reads variables: as its only configuration, besides another, never, or unknown."""

DEFAULT: Final = "file:medplum.config.json"
"""What the server reads without an argument, and with more than one."""
SEVERAL: Final = Release((5, 1, 2))
"""The first release that reads several sources; an older one reads the whole argument as one."""
WORKING_FOLDER: Final = "/usr/src/medplum"
"""The working directory of Medplum's image (``WORKDIR`` in its Dockerfile)."""
_BESIDE_PACKAGE: Final = Release((5, 0, 0))
"""The first release that looks for a file in its working directory, and not beside its package."""
_KINDS: Final = {"env": Release(()), "file": Release(()), "aws": Release(()), "gcp": Release((3, 2, 20)), "azure": Release((3, 2, 28))}
"""The kinds of sources, each with the first release that supports it."""
_REGION: Final = "us-east-1"


class Layer(NamedTuple):
    """One source of a configuration: its ``kind``, and the text after the first colon. Each overrides those before it."""

    kind: str
    address: str

    @property
    def region(self) -> str:
        """The AWS region of an ``aws:`` source."""
        region, colon, _ = self.address.partition(":")
        return region if colon else _REGION

    @property
    def path(self) -> str:
        """The path of an ``aws:`` source in Parameter Store."""
        return self.address.split(":", 1)[-1]

    @property
    def file_name(self) -> str:
        """The name of the file of a ``file:`` source; empty for any other source."""
        return basename(self.address) if self.kind == "file" else ""

    def file(self, release: Release, working_folder: str = WORKING_FOLDER) -> str:
        """The absolute path of a ``file:`` source in the container."""
        return normpath(join(working_folder if release >= _BESIDE_PACKAGE else f"{WORKING_FOLDER}/packages/server", self.address))

    def fault(self, release: Release) -> str | None:
        """Why the server stops at this source before it has read anything; follows the text of the source."""
        if release < _KINDS.get(self.kind, Release((release[0] + 1,))):
            known = [kind for kind, first in _KINDS.items() if release >= first]
            if self.kind.strip() in known:
                return "begins with whitespace, which the server does not strip"
            since = f"; {self.kind}: is read from {_KINDS[self.kind]} on" if self.kind in _KINDS else ""
            return f"begins with none of {', '.join(known[:-1])} and {known[-1]}{since}"
        forms = _FORMS.get(self.kind, ())
        return next((why for form, why in forms if form.fullmatch(self.address) is None), None)


_FORMS: Final = {
    "file": ((pattern(r"(?s).+"), "names no file"),),
    # Parameter Store refuses a path that does not begin with a slash; the server removes exactly the path from each name.
    "aws": (
        (pattern(r"(?s)[^:]*:/.*|/[^:]*"), "names no path of Parameter Store, which begins with a slash"),
        (pattern(r"(?s).*/"), "names a path that does not end with a slash: no setting is found under it"),
    ),
    "gcp": ((pattern(r"(?s)[^:]+:.+"), "lacks the project or the name of the secret: gcp:PROJECT:SECRET"),),
    "azure": (
        (pattern(r"(?s)(?![^:]*://).*"), "has a scheme, which the server adds itself: azure:NAME.vault.azure.net:SECRET"),
        (pattern(r"(?s)[^:]+:.+"), "lacks the vault or the name of the secret: azure:NAME.vault.azure.net:SECRET"),
    ),
}
"""The forms that an address must have, by the kind of source, each with what is wrong with one that does not."""


def folded(path: str) -> str:
    """A path of Parameter Store in lower case, between single slashes: two paths that agree in it are easily confused."""
    return re.sub("/+", "/", f"/{path}/").lower()


def names_source(word: str) -> bool:
    """Whether a word names a source in any release."""
    return _layer(word).kind in _KINDS


def argument_of(words: Sequence[str]) -> str:
    """The start argument of a server that is started with some words after its script."""
    return words[0] if len(words) == 1 else DEFAULT


def layers(argument: str, release: Release) -> tuple[Layer, ...]:
    """The sources that a release reads, from left to right: nothing is trimmed, and empty parts are dropped."""
    texts = [text for text in argument.split(",") if text] if release >= SEVERAL else [argument]
    return tuple(map(_layer, texts))


def fault(argument: str, release: Release) -> str | None:
    """Why a server does not start with an argument; follows a name for it. None if nothing in the argument itself is wrong."""
    several = _SEVERAL.search(argument) if release < SEVERAL else None
    if several is not None:
        return f"names several sources, which are read from {SEVERAL} on{' and without spaces' if several['blank'] else ''}"
    sources = layers(argument, release)
    faults = (one.fault(release) for one in sources)
    first = next(filter(None, faults), None if sources else "names no source")
    return f"has a source that {first}" if first is not None and len(sources) > 1 else first


_SEVERAL: Final = re.compile(r",(?P<blank>\s*)(?:env\s*(?:,|\Z)|(?:file|aws|gcp|azure):)")
"""The start of another source, in a release that reads the whole argument as the name of one."""


def _layer(text: str) -> Layer:
    kind, _, address = text.partition(":")
    return Layer(kind, address)


def reads_variables(argument: str | None, release: Release) -> Reads:
    """Whether a release reads variables with a start argument; None stands for an unknown one."""
    if argument is None:
        return "unknown"
    kinds = {layer.kind for layer in layers(argument, release)}
    return "never" if "env" not in kinds else "only" if len(kinds) == 1 else "too"


def shown(source: str) -> str:
    """A source as a message may show it: one that looks like the name of a file or a path; else an ellipsis, which may hide a secret."""
    is_plain = source == "env" or (_PLAIN.fullmatch(source) is not None and without_credentials(source) == source)
    return source if is_plain else "…"


def with_variables(arguments: Sequence[str], release: Release) -> str:
    """The start argument that makes a release read variables besides the given sources, or only variables if it cannot do both."""
    given = [text for argument in arguments for text in argument.split(",") if text not in ("", "env")]
    if release < SEVERAL or any(_layer(text).fault(release) is not None for text in given):
        return "env"
    return ",".join([*map(shown, given), "env"])


_PLAIN: Final = re.compile(r"file:[A-Za-z0-9_./-]+\.json|aws:(?:[a-z0-9-]+:)?/+(?:[A-Za-z0-9_.-]+/+)*")


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Two configurations merged like the server's sources: objects are merged, everything else is replaced (``deepMerge``)."""
    result = type(base)(base) if isinstance(base, dict) else dict(base)
    for name, value in over.items():
        below = result.get(name)
        result[name] = merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result
