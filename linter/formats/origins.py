"""Origins, as browsers send them and the server compares them."""

from __future__ import annotations

import re

from . import format
from .urls import url


@format("origin", "An origin as a browser sends it (RFC 6454): scheme, host and perhaps a port; the server compares it as text.")
def origin(text: str) -> str | None:
    if url(text) is not None:
        return "must be an origin such as https://app.example.com"
    if "*" in text:
        return "must be an exact origin: the server does not expand wildcards"
    if re.search(r"[/?#]", text.partition("://")[2]):
        return "must be an origin without a slash or path after the host"
    return None


@format("origins", "Origins, separated by commas, or a single `*`. The server trims spaces and compares each as text (`cors.ts`).")
def origins(text: str) -> str | None:
    if text.strip() == "*":
        return None if text == "*" else "must be a single *, without spaces"
    for number, one in enumerate(text.split(","), 1):
        reason = origin(one.strip()) if one.strip() else "must not be empty"
        if reason is not None:
            which = f"entry {number} " if "," in text else ""
            return f"{which}{reason}; anything else never matches, and browsers block the requests"
    return None
