"""Parameters as AWS holds them: names, values, types, versions and dates, and the tiers and keys that only a second call tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ..server.start import Layer
from ..typed import Any, Final
from .aws import Aws, Unread
from .policy import parameters_arn

_VALUED: Final = ("Name", "Type", "Value", "Version", "LastModifiedDate", "ARN", "DataType")
_DESCRIBED: Final = ("Tier", "KeyId")

Step = Callable[[str, int, int, str], object]
"""Is called for progress: with what is done, how many are done, how many there are, and a name."""


def parameters(aws: Aws, layer: Layer, *, decrypt: bool, step: Step, note: Callable[[str], object]) -> Iterator[dict[str, Any]]:
    """The parameters under a path, each as the AWS CLI prints it, and then only the names of those that may be meant to be there.

    These are one level above, or under the path in another case. Without ``decrypt`` a SecureString has no value. ``note`` is called with
    what is not known of the parameters. Raises :exc:`~linter.live.aws.Unread`.
    """
    described = _described(aws, layer, note)
    given = {"Path": layer.path, "Recursive": True, "WithDecryption": decrypt}
    every = aws.listed("ssm", "GetParametersByPath", parameters_arn(layer), "Parameters", ("Name", "Type"), **given)
    count = sum(name.startswith(layer.path) for name in described)
    for number, one in enumerate(every):
        step("reading parameter", number, max(count, number + 1), layer.path)
        fields = {**one, **described.get(one["Name"], {})}
        known = [name for name in (*_VALUED, *_DESCRIBED) if name in fields]
        yield {name: fields[name] for name in known if decrypt or name != "Value" or one["Type"] != "SecureString"}
    above = layer.path.rstrip("/").rpartition("/")[0]
    for name in described:
        is_near = name.lower().startswith(layer.path.lower()) or name.rpartition("/")[0] == above
        if is_near and not name.startswith(layer.path):
            yield {"Name": name}


def _described(aws: Aws, layer: Layer, note: Callable[[str], object]) -> Mapping[str, Mapping[str, Any]]:
    """The tiers and keys of parameters by their names; empty if they may not be asked for.

    Those that begin like the path in any case are asked for: the server never sees one that only differs in case from its own.
    """
    start = "/" + layer.path.split("/")[1]
    beginning = [{"Key": "Name", "Option": "BeginsWith", "Values": sorted({start, start.lower(), start.upper(), start.title()})}]
    try:
        every = list(aws.listed("ssm", "DescribeParameters", "*", "Parameters", ("Name",), ParameterFilters=beginning, MaxResults=50))
    except Unread as why:
        note(f"tiers, keys and parameters at other paths are not read: {why}")
        return {}
    return {one["Name"]: {name: one[name] for name in _DESCRIBED if name in one} for one in every}
