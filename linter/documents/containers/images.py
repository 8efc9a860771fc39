"""The release of a server image, by its tag; and the server images that a file names, in any format.

Medplum's own image has the tags ``4.3.5`` and ``4.3`` (which moves to each patch), ``latest`` and the hash of a commit
(``scripts/build-docker-server.sh``). The releases of the last two are not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...formats.placeholders import fallback_of
from ...model import Document
from ...release import Release, ServerVersion
from ...text import Span, printable
from ...typed import Any, Final
from ..source import Image, SourceFile, may_name_images
from ..variables.documents import VariableHolder, read_variables
from ..variables.in_yaml import is_sound, named_values, tokens_of

_SERVER: Final = "medplum-server"
_NAMED: Final = re.compile(rf"(?:\A|[/\-{{]){_SERVER}(?=[:@}}]|\Z)")
_OWN: Final = re.compile(rf"(?:\A|/)medplum/{_SERVER}(?::(?:[0-9.]+|latest|staging|[0-9a-f]{{7,40}}|[^/]*[${{].*))?(?:@.*)?\Z", re.DOTALL)
"""Its name, with a tag from Medplum's own build (``scripts/build-docker-server.sh``), or one that is not known here."""
_TAG: Final = re.compile(r":(?P<tag>[^:/@]+)(?:@sha256:[0-9a-f]+)?\Z")
_RELEASE: Final = re.compile(r"[0-9]{1,4}\.[0-9]{1,4}(?:\.[0-9]{1,4})?")
_FROM: Final = re.compile(r"^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*(\S+)", re.IGNORECASE | re.MULTILINE)
WITHOUT_SHELL: Final = Release((5, 0, 11))
"""The first release whose image has no shell (``FROM dhi.io/node:24`` in Medplum's Dockerfile)."""
_LONGEST: Final = 1_000
"""More characters than any image name has."""
_DEEPEST: Final = 40
"""Levels of nesting beneath which no format names an image."""


def is_server_image(image: Any) -> bool:
    """Whether a container's image is named like Medplum's server: ``medplum/medplum-server:latest``, in any registry."""
    return isinstance(image, str) and _NAMED.search(image) is not None


def is_own_image(image: Any) -> bool:
    """Whether a container's image is the one that Medplum publishes, in any registry, and not another of the same name."""
    return isinstance(image, str) and _OWN.search(image) is not None


def lacks_shell(image: Any, server: ServerVersion) -> bool:
    """Whether a container's image is certainly Medplum's, from Docker Hub, of a release without a shell: the newest, or a known one."""
    if not is_own_image(image) or not image.removeprefix("docker.io/").startswith("medplum/"):
        return False
    version = server if server.is_known else version_of(Image(image), "")
    return not version.may_be_before(WITHOUT_SHELL) if version is not None else image.endswith((_SERVER, f"{_SERVER}:latest"))


def is_app_image(image: Any) -> bool:
    """The same for Medplum's app, some of whose variables a server has too."""
    return isinstance(image, str) and re.search(r"(?:\A|[/\-{])medplum-app(?=[:@}]|\Z)", image) is not None


def version_of(image: Image, where: str) -> ServerVersion | None:
    """The server in an image that the file ``where`` names, perhaps for another file; None if its tag is not a release.

    For a reference such as ``medplum/medplum-server:${TAG:-4.3.5}`` the default counts. If the image is not Medplum's own, a number greater
    than any known release is a numbering of its own.
    """
    if len(image.text) > _LONGEST:
        return None
    text = _resolved(image.text.strip())
    tag = _TAG.search(text) if image.is_servers or is_server_image(text) else None
    if tag is None or _RELEASE.fullmatch(tag["tag"]) is None:
        return None
    from ...settings.releases import parse_server_version  # only for a release

    try:
        version = parse_server_version(tag["tag"], f"the image in {printable(image.where or where)}")
    except ValueError:  # a numbering of its own
        return None
    return version if not version.newer or is_own_image(text) else None


def _resolved(text: str) -> str:
    """The text with each reference that has a default, ``${NAME:-default}``, replaced by it."""
    return _REFERENCE.sub(lambda match: fallback_of(match[0]) or match[0], text) if "${" in text else text


_REFERENCE: Final = re.compile(r"\$\{[^${}]*\}")


def images_in(file: SourceFile) -> tuple[Image, ...]:
    """The server images that a file names, each once: in services, containers, task definitions, values and the CDK.

    A file that cannot name one is not parsed for it.
    """
    if not may_name_images(file):
        return ()
    if not (file.looks_like_yaml or file.json.whole):
        return tuple(Image(line[1]) for line in _FROM.finditer(file.text.content) if is_server_image(line[1]))
    return tuple(dict.fromkeys(image for document in file.documents for image in _in_tree(document.value)))


def document_without_settings(file: SourceFile) -> Document:
    """The document of a file that names images and gives no settings: its text, and what may be shown of it."""
    holder = VariableHolder(
        file, type="file", start=Span(0, 1), tokens=tokens_of(file), named=lambda: named_values(file), sound=is_sound(file), partial=True
    )
    return read_variables(holder, ()).document


def _in_tree(tree: Any) -> Iterator[Image]:
    if isinstance(tree, dict) and not {"apiVersion", "kind"} <= tree.keys():
        yield from _of_chart(tree)
    waiting: list[tuple[Any, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if isinstance(node, dict):
            yield from _in_mapping(node)
            node = list(node.values())
        if isinstance(node, list) and depth < _DEEPEST:
            waiting.extend((member, depth + 1) for member in reversed(node) if isinstance(member, dict | list))


def _in_mapping(node: dict[Any, Any]) -> Iterator[Image]:
    image, repository, of_cdk = node.get("image"), node.get("repository"), node.get("serverImage")
    if isinstance(image, str) and len(image) <= _LONGEST and is_server_image(_resolved(image)):
        yield Image(image)
    if isinstance(repository, str) and len(repository) <= _LONGEST and is_server_image(repository):
        yield from _tagged(repository, node.get("tag"))
    if isinstance(of_cdk, str):
        yield Image(of_cdk, is_servers=True)


def _of_chart(values: dict[Any, Any]) -> Iterator[Image]:
    """The tag in values of Medplum's chart, which names the repository separately (``charts/values.yaml``)."""
    deployment = values.get("deployment")
    image = deployment.get("image") if isinstance(deployment, dict) else None
    if isinstance(image, dict) and "repository" not in image:
        yield from _tagged(f"medplum/{_SERVER}", image.get("tag"))


def _tagged(repository: str, tag: Any) -> Iterator[Image]:
    """The image with a tag; a number, as YAML reads 4.3, becomes the text that a template makes of it."""
    if isinstance(tag, str | int | float) and not isinstance(tag, bool):
        yield Image(f"{repository}:{tag}")
