"""AWS's requirements for names, and for sizes that go together."""

from __future__ import annotations

from functools import partial

from ...formats import FORMATS
from ...typed import Any
from ..node import Node
from ..template import Template, operand_of
from ..verdict import Check, Verdict, failed
from . import NUMBER_OR_SETTING, TEXT, operator
from .compare import is_number

_ARN_PARTS = {"service": 2, "region": 3, "account": 4, "resource": 5}
"""The position of the parts of an ARN between its colons (AWS General Reference, "ARN format")."""


@operator(
    "arn",
    schema={
        "type": "object",
        "minProperties": 1,
        "properties": dict.fromkeys(_ARN_PARTS, TEXT),
        "additionalProperties": False,
    },
    operand="{service: text, …}",
    says="is an ARN with this `service`, `region` and `account`, and a `resource` that begins with this; each is optional",
)
def has_parts(operand: dict[str, str]) -> Check:
    """The check of the parts of an ARN, each against a literal or a template."""
    parts = [(name, operand_of(wanted)) for name, wanted in operand.items()]

    def check(value: Any, node: Node) -> Verdict:
        if not isinstance(value, str) or FORMATS["arn"].reason(value) is not None:
            return failed("must be an ARN")
        fields = value.split(":", 5)
        verdict: Verdict = True
        for name, wanted in parts:
            other, given = wanted.value(node), fields[_ARN_PARTS[name]]
            if not isinstance(other, str):
                verdict = None
            elif not (given.startswith(other) if name == "resource" else given == other):
                return failed(partial(_other_part, name, wanted, node))
        return verdict

    return check


def _other_part(name: str, wanted: Template, node: Node) -> str:
    return f"must be an ARN whose {name} {'begins with' if name == 'resource' else 'is'} {wanted.quoted(node)}"


_GIB = 1024
FARGATE_MEMORY = {
    256: (512, 1 * _GIB, 2 * _GIB),
    512: tuple(range(1 * _GIB, 4 * _GIB + 1, _GIB)),
    1024: tuple(range(2 * _GIB, 8 * _GIB + 1, _GIB)),
    2048: tuple(range(4 * _GIB, 16 * _GIB + 1, _GIB)),
    4096: tuple(range(8 * _GIB, 30 * _GIB + 1, _GIB)),
    8192: tuple(range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB)),
    16384: tuple(range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB)),
}
"""The MiB of memory that a Fargate task can have, by CPU units (Amazon ECS Developer Guide, "Task CPU and memory")."""


@operator(
    "fargate_memory",
    schema=NUMBER_OR_SETTING,
    operand="n",
    says='is a memory size (MiB) that AWS Fargate offers with this many CPU units; a number, or `"${path}"`',
)
def fargate_memory(operand: Any) -> Check:
    cpu = operand_of(operand)

    def check(value: Any, node: Node) -> Verdict:
        units = _size(cpu.value(node))
        sizes = FARGATE_MEMORY.get(units) if units is not None else None
        if sizes is None or _size(value) in sizes:
            return None if sizes is None else True
        return failed(f"must be {_sizes_text(sizes)} with {units} CPU units")

    return check


def _size(value: Any) -> int | None:
    """A size as CloudFormation accepts it: a number, or its digits as text."""
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) <= 9 else None
    return int(value) if is_number(value) and value == int(value) else None


def _sizes_text(sizes: tuple[int, ...]) -> str:
    if len(sizes) <= 4:
        return f"{', '.join(map(str, sizes[:-1]))} or {sizes[-1]} MiB"
    return f"{sizes[0]} to {sizes[-1]} MiB in steps of {sizes[1] - sizes[0]}"
