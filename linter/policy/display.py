"""How values are named in messages. A value is shown only when the catalogue knows its setting and knows it to be no secret."""

from __future__ import annotations

from .. import settings
from ..model import ABSENT, UNKNOWN, Document, SettingPath
from ..settings.kinds import catalogue_kind
from ..text import MASK
from ..typed import Any


def shown(document: Document, path: SettingPath, value: Any) -> str:
    """The value of a setting for a message: cut at 80 characters, on one line, and masked unless it may be shown."""
    if value is ABSENT:
        return "(absent)"
    if value is UNKNOWN:
        return "(unknown)"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    from ..redaction.values import is_read_from_hidden, value_text  # only when there is something to say

    owner, inner = document.owner(path)
    kind = catalogue_kind(owner.kind)
    if kind not in settings.KINDS:
        return MASK
    known = settings.catalogue(kind)
    return MASK if is_read_from_hidden(known, inner, value, owner.origin.facts(inner).get("raw")) else value_text(known, inner, value)


def may_be_shown(document: Document, path: SettingPath) -> bool:
    """Whether the catalogue knows a setting, and knows it to be no secret."""
    owner, inner = document.owner(path)
    kind = catalogue_kind(owner.kind)
    return bool(inner) and kind in settings.KINDS and settings.catalogue(kind).is_public(inner)


def is_shown_whole(document: Document, path: SettingPath, text: str) -> bool:
    """Whether all of a text may be shown: it is that of a public setting, and no part of it is masked."""
    if not may_be_shown(document, path):
        return False
    from ..redaction.values import shown_value

    owner, inner = document.owner(path)
    return bool(shown_value(settings.catalogue(catalogue_kind(owner.kind)), inner, text) == text)


def flow(value: Any) -> str:
    """Data of a rule as YAML has it on one line."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {flow(one)}' for key, one in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(flow, value))}]"
    import json  # only to show a rule
    import re

    if isinstance(value, str) and re.fullmatch(r"[A-Za-z][\w./-]*(?: [\w./-]+)*", value) and value not in ("true", "false", "null"):
        return value
    return json.dumps(value, ensure_ascii=False)
