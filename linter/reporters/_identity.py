"""What a finding is about, wherever in its file that stands, as a hash by which a platform knows it again in the next run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ..model import Finding, dotted
from ..redaction.mask import name_in_file
from ..typed import TypeVar

Hash = TypeVar("Hash")


def identities(findings: Iterable[Finding], uri: Callable[[str], str]) -> list[str]:
    """Of each finding a hash of what it is about, a colon, and how many so far are about the same: no two of one run are equal.

    It is about the rule, the file (its path as ``uri`` makes it, the same on every machine), the kind of the document, its name there,
    and the setting. The hash is 32 hexadecimal digits of SHA-256.
    """
    return numbered(identity(finding, uri) for finding in findings)


def numbered(hashes: Iterable[str]) -> list[str]:
    """Hashes of what findings are about, each with how many so far are about the same."""
    return [f"{value}:{number}" for value, number in counted(hashes)]


def counted(hashes: Iterable[Hash]) -> Iterator[tuple[Hash, int]]:
    """Hashes, each with how many so far are the same, itself included."""
    seen: dict[Hash, int] = {}
    for value in hashes:
        seen[value] = number = seen.get(value, 0) + 1
        yield value, number


def identity(finding: Finding, uri: Callable[[str], str]) -> str:
    """The hash of what a finding is about; see :func:`identities`."""
    return hash_of(_subject(finding, uri))


def hash_of(subject: Iterable[str]) -> str:
    """32 hexadecimal digits of SHA-256 over what something is about."""
    from hashlib import sha256

    return sha256("\0".join(subject).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _subject(finding: Finding, uri: Callable[[str], str]) -> tuple[str, ...]:
    document = finding.document
    setting = dotted(finding.path) if finding.path else ""
    return (finding.rule, uri(document.uri), document.kind, name_in_file(document), setting)
