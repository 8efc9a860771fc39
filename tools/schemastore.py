"""The entries of the schemas in the catalogue of https://www.schemastore.org, from which editors know a schema by the name of a file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import address

from linter.settings.json_schema import TITLES, file_name

FILES: Final[Mapping[str, Sequence[str]]] = {
    "server": ("medplum.config.json", "medplum.*.server.json"),
    "infra": ("medplum.*.config.json",),
}
"""The names of each kind of file: the server's in its repository, and those that Medplum's CLI writes (``packages/cli/src/utils.ts``)."""
NAMES: Final = {"server": "Medplum server", "infra": "Medplum infrastructure"}


def entries() -> list[dict[str, Any]]:
    """The entries, one for each kind of file."""
    raw = f"https://raw.githubusercontent.com/{address.UNKNOWN}/{address.NAME}/main/schemas"
    return [
        {"name": NAMES[kind], "description": TITLES[kind][1], "fileMatch": list(names), "url": f"{raw}/{file_name(kind)}"}
        for kind, names in FILES.items()
    ]


def build() -> str:
    """The entries as a JSON document, as they stand in ``schemas`` of that catalogue."""
    return json.dumps(entries(), indent=2, ensure_ascii=False) + "\n"
