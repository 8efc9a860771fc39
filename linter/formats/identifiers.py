"""Names and ids that are neither of AWS nor of Google."""

from __future__ import annotations

import re

from . import format


@format(
    "header-name",
    "The name of an HTTP header in lower case, as Node.js presents it.",
    r"[A-Za-z]+(?:[-_][A-Za-z0-9]+)*",
    shown="[A-Za-z0-9-]+",
)
def header_name(text: str) -> str | None:
    if text != text.lower():
        return "must be in lower case, as Node.js gives the names of headers"
    return None if re.fullmatch(r"[a-z0-9!#$%&'*+.^_`|~-]+", text) else "must be the name of an HTTP header"


@format("container-image", "A container image with a tag or digest.", r"[\w.-]+(?::\d+)?(?:/[\w.-]+)+(?:[:@]\S*)?|[a-z]+(?:-[a-z]+)*")
def container_image(text: str) -> str | None:
    behind = text[max(text.rfind("/") + 1, 1) : -1]  # of the last slash; a tag needs something before it and a sign of its own
    fits = not re.search(r"\s", text) and (":" in behind or "@" in behind)
    return None if fits else "must be a container image with a tag, such as medplum/medplum-server:4.2.0"
