"""``.env`` files that hold variables of a Medplum server."""

from __future__ import annotations

from collections.abc import Iterator

from ..documents.source import Confidence, Loaded, Recognised, SourceFile
from ..documents.variables.documents import configures_server, read_variables, unless_kind
from ..documents.variables.files import COMPOSE_FILES, environment_holder, read_environment

KINDS = ("server/env",)
NAMES = (".env", ".env.*", "*.env")
DEFAULT_FOR = "server/env"


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file is named as an environment file, and has variables of a server."""
    if "MEDPLUM_" not in file.text.content:
        return None
    named = file.name.startswith(".env") or file.name.endswith(".env")
    read = read_environment(file)
    if not named and read.problems:
        return None  # a script or prose
    names = [variable.name for variable in read.variables]
    if configures_server(names):
        return Recognised("server/env", Confidence.LIKELY if named else Confidence.HINT)
    note = f"an environment file with variables of a client, not of a server{unless_kind(names)}"
    return Recognised(None, Confidence.PROBABLE, note) if named else None


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """The one document of the file, with what is wrong with its lines."""
    holder = environment_holder(file)
    return [read_variables(holder._replace(partial=_is_part(file)), holder.variables)]


def _is_part(file: SourceFile) -> bool:
    """Whether a Compose project in its folder, or in the one above, gives its server more than the file."""

    def projects(folder: str) -> Iterator[str]:
        found = (file.around.find(file, f"{folder}{name}") for name in COMPOSE_FILES)
        return (one.text.content for one in found if one is not None)

    if any("env_file" in content and file.name in content for folder in ("", "../") for content in projects(folder)):
        return True
    return file.name == ".env" and any("medplum-server" in content or "MEDPLUM_" in content for content in projects(""))
