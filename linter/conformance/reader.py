"""How the server of a release, or the CDK, reads documents of a kind, and how a value does not fit its setting."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, cached_property

from .. import settings
from ..model import Document, Message, SettingPath, as_message
from ..release import MAIN, NEWEST, ByRelease, Release, ServerVersion
from ..settings import Catalogue, Setting
from ..settings.env_names import PREFIX, variable_of
from ..settings.kinds import DOCUMENT_KINDS, Coercion, catalogue_kind
from ..typed import Final, NamedTuple

_MISTAKES: Final = {"type": "type", "value": "word", "format": "form"}
"""The kind of mistake of a mismatch in each aspect, unless it is given."""


class Mismatch(NamedTuple):
    """How a value does not fit: the aspect, one of :data:`~linter.conformance.mismatch.ASPECTS`, and the reason.

    The reason is a clause that follows the setting's name. It can be given as a function, which is called on demand. ``part`` is a narrower
    aspect within the aspect, which a rule can ask for alone. ``may_be_newer`` says that no known release reads it, but that the server is
    newer than those: that is only worth a note, whatever the rule.
    """

    aspect: str
    says: str | Message | Callable[[], Message]
    part: str = ""
    may_be_newer: bool = False
    kind: str | None = None
    """The kind of mistake, if it differs from the aspect's."""
    lost: SettingPath = ()
    """The setting that is lost with a misspelt name."""

    @property
    def reason(self) -> Message:
        """The reason, which follows the setting's name."""
        return as_message(self.says() if callable(self.says) else self.says)

    @property
    def mistake(self) -> str:
        """The kind of mistake, see :attr:`Setting.consequence`; empty if the reason itself has the consequence."""
        return _MISTAKES.get(self.aspect, "") if self.kind is None else self.kind


class Reader(NamedTuple):
    """The program that reads documents of a ``kind``: ``who`` is ``the server`` or ``the CDK``.

    ``release`` is the release of the ``server`` to check against; for the CDK the newest. ``by`` says how the text of a parameter or
    variable becomes a value; None if values have types already.
    """

    kind: str
    server: ServerVersion
    catalogue: Catalogue
    who: str
    release: Release
    by: Coercion | None

    def coercions(self, setting: Setting) -> ByRelease[str]:
        """How loaders convert the text of a setting, by release."""
        history: ByRelease[str] = getattr(setting, self.by or "ssm_coercion")
        return history

    def coercion(self, setting: Setting) -> str:
        """How this loader converts the text of a setting; ``none`` if it does not."""
        return self.coercions(setting).at(self.release) if self.by is not None else "none"

    def reads_later(self, setting: Setting) -> bool:
        """Whether only later releases than this one are known to read a setting, and this one is known not to."""
        return self.release < setting.first and setting.is_read_by(self.release) is False


def reader_of(document: Document) -> Reader | None:
    """The reader of a document; None if its settings are not in the catalogue."""
    return _reader(document.kind, document.server)


@settings.derived
def _reader(kind: str, server: ServerVersion) -> Reader | None:
    catalogued, known = catalogue_kind(kind), DOCUMENT_KINDS.get(kind)
    if catalogued not in settings.KINDS:
        return None
    return Reader(
        kind,
        server,
        settings.catalogue(catalogued),
        "the CDK" if catalogued == "infra" else "the server",
        server.release if catalogued == "server" else MAIN,
        known.coercion if known is not None else None,
    )


def read_later(setting: Setting) -> str:
    """The message about a setting that only later servers read; follows its name."""
    first, last = setting.first, setting.last
    if first == MAIN:
        return f"is read only by servers after {NEWEST}"
    if last == MAIN:
        return f"is read {setting.read_from}"
    return f"is read only by {first}" if first == last else f"is read only from {first} to {last}"


class Names:
    """The names that can be suggested for a release: settings that it reads, or may read, and that are not deprecated."""

    def __init__(self, catalogue: Catalogue, release: Release) -> None:
        self.release = release
        is_newest = release == MAIN
        gone = {*catalogue.tagged("deprecated"), *catalogue.tagged("removed")}
        every = (path for path in (catalogue.current() if is_newest else catalogue.paths()) if path not in gone)
        self.paths = [path for path in every if is_newest or ((one := catalogue.get(path)) and one.is_read_by(release) is not False)]

    @cached_property
    def plain(self) -> tuple[str, ...]:
        """The dotted names without members of lists, or of objects with user-defined names."""
        return tuple(".".join(map(str, path)) for path in self.paths if "*" not in path)

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """The part after the prefix in the environment variables of these."""
        return tuple(variable_of(tuple(name.split(".")), self.release).removeprefix(PREFIX) for name in self.plain)


names_in = cache(Names)
"""The names of a catalogue in a release."""
