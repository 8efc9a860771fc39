"""``.env`` files that hold variables of a Medplum server."""

from __future__ import annotations

from ..documents.environment_files import COMPOSE_FILES, environment_holder, is_environment, read_environment
from ..documents.source import Confidence, Loaded, Recognised, SourceFile
from ..documents.variables import configures_server, read_variables, unless_kind

KINDS = ("server/env",)
NAMES = (".env", ".env.*", "*.env")
DEFAULT_FOR = "server/env"


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file is called as an environment file, and has variables of a server."""
    if "MEDPLUM_" not in file.text.content:
        return None
    named = _is_named(file.name)
    if not named and not is_environment(file):
        return None  # a script, or prose
    read = read_environment(file)
    names = [variable.name for variable in read.variables]
    if configures_server(names):
        return Recognised("server/env", Confidence.LIKELY if named else Confidence.HINT)
    note = f"an environment file with variables of a client, not of a server{unless_kind(names)}"
    return Recognised(None, Confidence.PROBABLE, note) if named else None


def _is_named(name: str) -> bool:
    return name.startswith(".env") or name.endswith(".env")


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """The one document of the file, with what is wrong with its lines."""
    holder = environment_holder(file)
    return [read_variables(holder._replace(partial=_is_part(file)), holder.variables).loaded]


def _is_part(file: SourceFile) -> bool:
    """Whether a project of Compose in its folder, or in the one above, gives its server more than the file."""
    projects = (file.around.find(file, f"{folder}{name}") for folder in ("", "../") for name in COMPOSE_FILES)
    return any("env_file" in one.text.content and file.name in one.text.content for one in projects if one is not None) or (
        file.name == ".env" and _is_beside_server(file)
    )


def _is_beside_server(file: SourceFile) -> bool:
    """Whether the file is ``.env`` of a project in which there is a server."""
    beside = (file.around.find(file, name) for name in COMPOSE_FILES)
    return any("medplum-server" in one.text.content or "MEDPLUM_" in one.text.content for one in beside if one is not None)
