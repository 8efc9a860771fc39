"""Arguments that name the deployment: the server's start argument, ``aws:eu-west-1:/medplum/prod/``, alone or in a list with commas."""

from __future__ import annotations

import re

from ..release import MAIN
from ..server.start import Layer, layers
from ..typed import NamedTuple


class Asked(NamedTuple):
    """What an argument asks for: the ``aws:`` sources by their texts, and the files beside them.

    ``start`` is the start argument that joins them; None for a single source, which its own task joins. ``variables``: it names variables
    without a file that holds them.
    """

    sources: dict[str, Layer]
    files: tuple[str, ...]
    start: str | None
    variables: bool


def asked(argument: str) -> Asked:
    """What an argument asks for. Raises :exc:`ValueError`, with the reason, for one that cannot be read.

    A part without a kind is a file of variables.
    """
    sources: dict[str, Layer] = {}
    files: list[str] = []
    start: list[str] = []
    for text in filter(None, argument.split(",")):
        [layer] = layers(text, MAIN)
        if layer.kind in ("gcp", "azure"):
            raise ValueError(f"{layer.kind}: is not read: save the secret to a file, and give that with --start")
        is_file = layer.kind not in ("aws", "env", "file")
        fault = layer.fault(MAIN) if not is_file else None
        if fault is None and layer.kind == "aws" and not re.fullmatch("[a-z]+(-[a-z0-9]+)+", layer.region):
            fault = "names a region that does not exist"
        if fault is not None:
            raise ValueError(f"the source {fault}" if sources or files else fault)
        if layer.kind == "aws":
            sources[text] = layer
        elif layer.kind == "file":
            files.append(layer.address or "")
        elif is_file:
            files.append(text)
        start.append("env" if is_file else text)
    is_joined = bool(files) or len(sources) > 1
    return Asked(sources, tuple(files), ",".join(start) if is_joined else None, "env" in start and not files)
