"""What may be shown of the values of a document."""

from __future__ import annotations

from .. import settings
from ..model import ABSENT, Change, Document, Mark, SettingPath, dotted, gathered, state_of
from ..redaction.values import is_hidden, shown_value
from ..settings import Catalogue
from ..settings.kinds import catalogue_kind
from ..text import MASK
from ..typed import Any, Final

HIDDEN: Final = Mark("HIDDEN")
"""Stands for a value of which nothing may be shown."""
GENERATED_KEY_ID: Final = "medplum-generated-key"
GENERATED: Final = "generated at each start"
"""Stands for the key and the passphrase that the server generates."""


def catalogue_of(document: Document) -> Catalogue:
    """The settings that documents of this kind have."""
    return settings.catalogue(catalogue_kind(document.kind))


def shown_name(known: Catalogue, path: SettingPath) -> str:
    """The dotted name of a setting as it may be shown, without the names of members of an object in place of a secret."""
    holder = known.secret_above(path)
    return dotted(path) if holder is None else f"{dotted(holder)}.{MASK}"


def not_read(document: Document) -> dict[str, list[str]]:
    """What was not read of a server: the reasons, each with the names of the settings that it may give; none for any other setting."""
    known = catalogue_of(document)
    reasons = gathered((why, path) for path, why in document.unread.items() if not path or state_of(document, path) == "not read")
    return {why: [shown_name(known, path) for path in paths if path] for why, paths in reasons.items()}


def visible(known: Catalogue, path: SettingPath, value: Any) -> Any:
    """A value as it may be shown (see :func:`~linter.redaction.values.shown_value`); ``HIDDEN`` if nothing may be."""
    if isinstance(value, str) and value in (GENERATED, GENERATED_KEY_ID):
        return value
    return HIDDEN if is_hidden(known, path, value) else shown_value(known, path, value)


def is_shown_whole(document: Document, change: Change) -> bool:
    """Whether both values of a change, and so their places, may be shown.

    Not inside the JSON of an entry: the edit replaces the whole entry. Nor for a renamed entry: the edit can cover its name and text
    together, and the text can contain more than its value.
    """
    known = catalogue_of(document)
    is_whole = not any(change.path[: len(path)] == path != change.path for path, _ in document.given or ())
    if document.given is not None and (change.action == "rename" or not is_whole):
        return False
    values = [document.get(change.path), *([change.value] if change.action == "set" else [])]
    given = [value for value in values if value is not ABSENT]
    shown = all(not isinstance(value, dict | list | Mark) and visible(known, change.path, value) == value for value in given)
    return shown and known.is_public(change.path)
