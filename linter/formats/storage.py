"""Where the server keeps files."""

from __future__ import annotations

import re

from ..model import Message, sentence
from . import format


@format(
    "binary-storage",
    "`s3:BUCKET`, `file:PATH`, `azure:ACCOUNT:CONTAINER` or `gs:BUCKET` (`packages/server/src/storage`).",
    r"(?i:s3|gs):[/\\]*[\w.-]{1,80}(?:/[\w./-]*)?|azure:[/\\]*[\w.-]{1,80}(?:[/\\]+[\w./-]*)?|(?:s3|gs|azure|file):?|\.{0,2}/[\w./-]+",
)
def binary_storage(text: str) -> Message | str | None:
    prefix, colon, rest = text.partition(":")
    if not colon or prefix not in ("s3", "file", "azure", "gs"):
        why = "with anything else there is no storage, and uploads fail"
        return sentence("must begin with s3:, file:, azure: or gs:", why, by="; ")
    if prefix in ("s3", "gs"):
        if rest.startswith("//"):
            why = "the server reads the slashes as part of the name"
            return sentence(f"must be {prefix}: and the bucket's bare name", why, by=", because ")
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]", rest):
            return f"must be {prefix}: and the name of a bucket (lower-case letters, digits, hyphens and dots)"
    if prefix == "azure" and not re.fullmatch(r"[^:]+:[^:]+", rest):
        return "must name the account and the container, as in azure:account:container"
    if prefix == "file" and not rest:
        return "must name a folder after file:"
    return None
