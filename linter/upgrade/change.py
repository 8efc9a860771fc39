"""One thing that an upgrade changes for a configuration."""

from __future__ import annotations

from ..model import ABSENT, Document, SettingPath
from ..release import Release
from ..text import Span
from ..typed import Any, Final, Literal, NamedTuple

Kind = Literal["step", "requirement", "removed", "added", "read-differently", "default"]
KINDS: Final[tuple[Kind, ...]] = ("step", "requirement", "removed", "added", "read-differently", "default")
"""What can change, in the order in which it is reported for a release."""


class UpgradeChange(NamedTuple):
    """A change: the ``release`` that brings it, and a ``message`` of one sentence in which secrets are masked.

    ``before`` and ``after`` are values as they may be shown, ``HIDDEN`` where they may not be, and ``ABSENT`` where there is none.
    ``setting`` is the name as it may be shown; empty where it is about none. ``document`` is None where it concerns every upgrade, and
    ``span`` where nothing of the document's text shows it.
    """

    release: Release
    kind: Kind
    message: str
    link: str
    needs_hand: bool
    setting: str = ""
    before: Any = ABSENT
    after: Any = ABSENT
    document: Document | None = None
    path: SettingPath | None = None
    span: Span | None = None
