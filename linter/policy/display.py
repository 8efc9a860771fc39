"""How messages show values. A value is shown only if the catalogue knows its setting and knows that it is not secret."""

from __future__ import annotations

from .. import settings
from ..model import Document, Mark, SettingPath
from ..settings import Catalogue
from ..settings.kinds import catalogue_kind
from ..text import MASK
from ..typed import Any


def described_by(document: Document, path: SettingPath) -> tuple[Catalogue | None, SettingPath, Document]:
    """The catalogue for the document that a setting is in, if there is one, the path in that document, and the document."""
    owner, inner = document.owner(path)
    kind = catalogue_kind(owner.kind)
    return settings.catalogue(kind) if kind in settings.CATALOGUED else None, inner, owner


def shown(document: Document, path: SettingPath, value: Any) -> str:
    """The value of a setting for a message: cut at 80 characters, on one line, and masked unless it may be shown."""
    if isinstance(value, Mark):
        return f"({value.name.lower()})"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    from ..redaction.values import is_read_from_hidden, value_text  # only if there is something to report

    known, inner, owner = described_by(document, path)
    if known is None or is_read_from_hidden(known, inner, value, owner.fact(inner, "raw")):
        return MASK
    return value_text(known, inner, value)


def may_be_shown(document: Document, path: SettingPath) -> bool:
    """Whether the catalogue knows a setting, and knows that it is not secret."""
    known, inner, _ = described_by(document, path)
    return bool(inner) and known is not None and known.is_public(inner)


def is_shown_whole(document: Document, path: SettingPath, text: str) -> bool:
    """Whether a text may be shown whole: its setting is public, and no part of it is masked."""
    from ..redaction.values import shown_value

    known, inner, _ = described_by(document, path)
    return bool(inner) and known is not None and known.is_public(inner) and bool(shown_value(known, inner, text) == text)


def flow(value: Any) -> str:
    """Data of a rule as YAML on one line."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {flow(one)}' for key, one in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(flow, value))}]"
    import json  # only to show a rule
    import re

    if isinstance(value, str) and re.fullmatch(r"[A-Za-z][\w./-]*(?: [\w./-]+)*", value) and value not in ("true", "false", "null"):
        return value
    return json.dumps(value, ensure_ascii=False)
