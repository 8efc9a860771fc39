"""The catalogue's requirements for a value, and the forms of texts: named formats, hosts, origins, regions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase

from ...conformance.mismatch import ASPECTS, BOTS, COMMENTS, DEEPEST, OF_NAMES, can_misfit, mismatch_of
from ...formats import FORMATS
from ...formats.hosts import hosts_in, is_local_host, is_medplums_host, is_private_host, is_reserved_host
from ...formats.placeholders import is_unresolved
from ...formats.urls import origin_of
from ...model import ABSENT, UNKNOWN, Part, SettingPath
from ...settings import PROVIDED, provider_of, providers
from ...typed import Any, Final
from ..display import described_by
from ..errors import RuleError, did_you_mean
from ..node import Node
from ..template import operand_of
from ..verdict import Check, Failure, Verdict, failed
from . import TEXT, always, operator


@operator(
    "fits",
    schema=TEXT,
    operand="aspect",
    says="agrees with the catalogue in this [aspect](#aspects)",
    checks_unknown=always,
    asks_value=lambda operand: operand not in OF_NAMES,
)
def fits(operand: str) -> Check:
    """The check that a value fits its setting in the catalogue, in one aspect; see :mod:`linter.conformance.mismatch`."""
    if operand not in ASPECTS:
        raise RuleError(f'there is no aspect "{operand}"{did_you_mean(operand, ASPECTS)}')
    part: Part = "key" if operand in OF_NAMES else "value"

    def check(_value: Any, node: Node) -> Verdict:
        mismatch = None if node.is_deeper_than(DEEPEST) else mismatch_of(node.document, node.path)
        if mismatch is None or operand not in (mismatch.aspect, mismatch.part):
            return None if part == "value" and _may_misfit(node, operand) else True
        return (Failure(lambda: mismatch.reason, part=part, may_be_newer=mismatch.may_be_newer, mistake=mismatch.mistake),)

    return check


def _may_misfit(node: Node, aspect: str) -> bool:
    """Whether a setting has no known value, and can get one that does not fit in an aspect."""
    if node.value is not UNKNOWN and not is_unresolved(node.value):
        return node.value is ABSENT
    catalogue, path, _ = described_by(node.document, node.path)
    return catalogue is not None and can_misfit(catalogue.get(path), aspect)


_OF_PLACEHOLDERS: Final = ("resolved", "filled-in", "genuine")
"""The formats that check placeholders, which no other check does."""


@operator(
    "format",
    schema=TEXT,
    operand="name",
    says="is a text of this [format](#formats)",
    denial=lambda operand, _value: f"must not be of the format {operand}",
    checks_unknown=lambda operand: operand in _OF_PLACEHOLDERS,
    asks_rest=lambda operand: operand.endswith("url"),
)
def has_format(operand: str) -> Check:
    if operand not in FORMATS:
        raise RuleError(f'there is no format "{operand}"{did_you_mean(operand, FORMATS)}')
    form = FORMATS[operand]

    def check(value: Any, node: Node) -> Verdict:
        if value is UNKNOWN and operand in _OF_PLACEHOLDERS[1:]:
            value = node.fact("raw")  # a value that a loader would have converted
        if value is ABSENT or value is UNKNOWN:
            return None
        if not isinstance(value, str):
            return True if operand in _OF_PLACEHOLDERS else failed("must be a string")
        reason = form.reason(value)
        if reason is None or (operand in _OF_PLACEHOLDERS and _is_unread_path(node.path)):
            return True
        return failed(reason)

    return check


def _is_unread_path(path: SettingPath) -> bool:
    """Whether no server reads the value at a path: in a comment, or in the list of bots that the CLI keeps."""
    return path[:1] == BOTS or any(str(step).startswith(COMMENTS) for step in path)


_HOSTS: Final[Mapping[str, tuple[Callable[[str], bool], str]]] = {
    "local": (is_local_host, "name a host of a single machine or Docker network"),
    "private": (is_private_host, "name a host of a private network"),
    "reserved": (is_reserved_host, "have a host that is reserved for examples"),
    "medplum": (is_medplums_host, "have a host of Medplum"),
}
"""The sorts of host, and the requirement for each, after "must"."""


@operator(
    "host",
    schema={"enum": list(_HOSTS)},
    operand="local",
    says="is a URL, a bare host, or e-mail addresses separated by commas, whose host is on the same machine or on a Docker network; "
    "`private`: there, or on a private network, or the folder of a UNIX socket; `reserved`: reserved for documentation (RFC 2606); "
    "`medplum`: that of Medplum's own service",
    denial=lambda operand, _value: f"must not {_HOSTS[operand][1]}",
)
def host(operand: str) -> Check:
    is_such, asks = _HOSTS[operand]
    failure = failed(f"must {asks}")
    return lambda value, _node: True if isinstance(value, str) and any(map(is_such, hosts_in(value))) else failure


_KIND: Final = {"kind": {"enum": list(PROVIDED)}}


def _demand(text: str, known: set[str]) -> None:
    if text not in known:
        raise RuleError(f'no provider in the table has "{text}"{did_you_mean(text, sorted(known))}')


@operator(
    "provider",
    schema={"type": "object", "properties": _KIND, "required": ["kind"]},
    operand="{kind: database, …}",
    says="is a host, or a URL with one, of a provider of this kind (`database`, `redis`, `storage`, `mail`, `identity`) that the "
    "[table](../linter/settings/providers.yaml) has with these values too, such as `tls: required`",
    denial=lambda _operand, _value: "must not be a host of such a provider",
)
def provider(operand: Mapping[str, Any]) -> Check:
    wanted, failure = {**operand}, failed("must be a host of such a provider")
    kind = wanted.pop("kind")
    known = {f"{column}: {value}" for row in providers()[kind] for column, value in row.items()}
    for column, value in wanted.items():
        _demand(f"{column}: {value}", known)

    def check(value: Any, _node: Node) -> Verdict:
        row = provider_of(kind, hosts_in(value)[0]) if isinstance(value, str) else {}
        return True if row and wanted.items() <= row.items() else failure

    return check


@operator(
    "provider_takes",
    schema={"type": "object", "properties": {**_KIND, "host": TEXT, "column": TEXT}, "required": ["kind", "host", "column"]},
    operand="{kind: mail, host: text, column: username}",
    says="is what the provider of this kind at this host takes there, as a column of the [table](../linter/settings/providers.yaml) says",
)
def provider_takes(operand: Mapping[str, str]) -> Check:
    kind, column, host_at = operand["kind"], operand["column"], operand_of(operand["host"])
    _demand(column, {name for row in providers()[kind] for name in row})

    def check(value: Any, node: Node) -> Verdict:
        named = host_at.value(node)
        row = provider_of(kind, hosts_in(named)[0]) if isinstance(named, str) else {}
        if column not in row or any(fnmatchcase(str(value), glob) for glob in row[column]):
            return True
        return failed(f"must be {row['means'][column]} for {row['name']}")

    return check


@operator(
    "same_origin",
    schema=TEXT,
    operand="text",
    says="is a URL with the scheme, host and port of this one, however they are written",
)
def same_origin(operand: str) -> Check:
    other = operand_of(operand)

    def check(value: Any, node: Node) -> Verdict:
        given, wanted = (origin_of(one) if isinstance(one, str) else None for one in (value, other.value(node)))
        if wanted is None:
            return None
        return True if given == wanted else failed(lambda: f"must begin with {other.quoted(node)}")

    return check


@operator(
    "aws_region",
    schema={"enum": ["known"]},
    operand="known",
    says="is an AWS region that this version of medplum-lint knows, in any partition; a value of another form is left to `format`",
)
def is_known_region(_operand: str) -> Check:
    from ...formats.aws import REGIONS

    def check(value: Any, _node: Node) -> Verdict:
        if not isinstance(value, str) or FORMATS["aws-region"].reason(value) is not None:
            return None
        if value in REGIONS:
            return True
        return failed(lambda: f"is not a region known to this version of medplum-lint{_near_region(value, REGIONS)}")

    return check


def _near_region(name: str, known: frozenset[str]) -> str:
    from ...suggest import is_slip  # only after a mistake

    near = [region for region in known if is_slip(name, region)]
    # Another number is more likely a new region than a typo.
    is_new = any(region.rstrip("0123456789") == name.rstrip("0123456789") for region in known)
    return f" (did you mean {near[0]}?)" if len(near) == 1 and not is_new else ""
