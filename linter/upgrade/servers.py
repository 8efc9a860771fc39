"""Which documents of a run belong to one server, what each release loads from them together, and which defaults change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from functools import cache, partial, reduce

from ..conformance.mismatch import check_as
from ..deployment.members import deployments, environment_of, role
from ..documents.source import folder_of
from ..model import ABSENT, PART, UNKNOWN, Document, SettingPath, gathered, value_at
from ..release import Release
from ..server.defaults import mail_provider, with_defaults
from ..server.effective import loaded
from ..server.loader import SECRETS
from ..server.shown import visible
from ..server.start import merge
from ..settings.kinds import DOCUMENT_KINDS
from ..typed import Any, Final
from .compare import History, Pair, View, change_of, default_where_read, is_ignored, is_same
from .notes import Notes, UpgradeChange

_ORDER: Final = tuple(DOCUMENT_KINDS)
"""The kinds of document; those of a server in their usual order of precedence."""
_PAGED: Final = "server/ssm"
"""The kind of document that can be one page of several: then the content of the others is not known, whatever this one gives."""
_BASE: Final = "baseUrl"
_DATABASE: Final = frozenset({"database", "DatabaseSecrets", "databaseProxyEndpoint"})


class Holding:
    """What one release loads from the documents of a server, or from another document; a null value counts as not given."""

    def __init__(self, views: Iterable[View | None], main: View, release: Release) -> None:
        self.main = main
        self.release = release
        given = (_without_nulls(loaded(view.document)) for view in views if view is not None)
        self.written: dict[str, Any] = reduce(merge, given, {})
        self.data = with_defaults(self.written, release) if main.known.kind == "server" else self.written

    def gives(self, path: SettingPath) -> bool:
        """Whether the documents give a setting, other than as a text that the release ignores in favour of its default."""
        return value_at(self.written, path) is not ABSENT and not self.ignores(path)

    def ignores(self, path: SettingPath) -> bool:
        """Whether the documents give a setting as a text that the release ignores."""
        return is_ignored(path, value_at(self.written, path), self.release)

    def default(self, path: SettingPath) -> Any:
        """What the release uses for a setting that is not given; ``ABSENT`` if that is nothing, or only known in words.

        ``UNKNOWN`` if the server does not have the section of the setting.
        """
        filled = {SECRETS[name] for name in SECRETS if name in self.written}
        if len(path) > 1 and path[0] not in filled and not isinstance(self.written.get(str(path[0])), dict):
            return UNKNOWN
        if path == ("emailProvider",):  # also in releases that do not have the setting (``sendEmail`` in ``email/email.ts``)
            return mail_provider(self.written.get("smtp"))
        value = value_at(self.data, path)
        return value if value is not ABSENT else default_where_read(self.main.setting(path), self.release)

    def document(self, shown: Document, *, whole: bool) -> Document:
        """The server's configuration as a document to test conditions on, with places in the text of its own document.

        Conditions see each value as it is, even one that the server misreads, because that is what they are about.
        """
        document = copy(shown)
        document.__dict__.update(data={**self.data, **_sign_in(self.data)}, unread={} if whole else PART, given=None, _cached={})
        check_as(document, {})
        return document


def _sign_in(data: Mapping[str, Any]) -> dict[str, Any]:
    """The external providers, each with the user-info address that counts (``externalAuthConfig`` in ``oauth/utils.ts``)."""
    providers = data.get("externalAuthProviders")
    if not isinstance(providers, list):
        return {}
    addresses = [_member(_member(provider, "identityProvider"), "userInfoUrl") for provider in providers]
    made = [one if address is None else {**one, "userInfoUrl": address} for one, address in zip(providers, addresses, strict=True)]
    return {"externalAuthProviders": made}


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _without_nulls(data: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration without nulls, at the top and in its sections: they have no defaults."""
    return {
        name: {inner: one for inner, one in value.items() if one is not None} if isinstance(value, dict) else value
        for name, value in data.items()
        if value is not None
    }


class Group:
    """The documents of one server, or another document alone. ``whole``: as far as is known, they show all of its configuration."""

    def __init__(self, history: History, pairs: Iterable[Pair]) -> None:
        self.pairs = sorted(pairs, key=lambda pair: _ORDER.index(pair.new.document.kind))
        given = {path[0] for pair in self.pairs if pair.new.document.kind != _PAGED for path in pair.new.given}
        complete = [pair for pair in self.pairs if pair.new.document.complete]
        self.whole = bool(complete) or (_BASE in given and not _DATABASE.isdisjoint(given))
        self.main = next(iter([*complete, *(pair for pair in self.pairs if (_BASE,) in pair.new.given), *self.pairs]))
        """The document for which absent settings are reported: one that is whole, else the one with the address of the server."""
        self.place = folder_of(self.main.new.document.uri), environment_of(self.main.new.document)
        """The folder and the environment of that one."""
        keys = [pair.key for pair in self.pairs]
        self.at = cache(lambda release: Holding(map(history.at(release).get, keys), self.main.new, release))
        """What a release holds of them."""

    def giver(self, path: SettingPath) -> Pair:
        """The document that gives a setting, or the one that takes precedence; the main one if none does."""
        return next((pair for pair in reversed(self.pairs) if path in pair.new.given), self.main)

    def _uses(self, path: SettingPath, default: Any, release: Release) -> bool:
        return is_same(self.at(release).default(path), default)

    def default_changes(self, history: History, notes: Notes) -> Iterator[UpgradeChange]:
        """The changed defaults of settings that are not given, if they matter to operators."""
        main = self.main.new
        for name, note in notes.settings.get(main.known.kind, {}).items():
            path: SettingPath = tuple(name.split("."))
            if note.default and not self.at(history.newest).gives(path):
                before, after = (self.at(release).default(path) for release in (history.oldest, history.newest))
                if UNKNOWN not in (before, after) and after is not ABSENT and not is_same(before, after):
                    release = history.turn(partial(self._uses, path, after))
                    comes = f"{release} adds a default for it" if before is ABSENT else f"its default changes in {release}"
                    message = f"{main.name(path)} is not given, and {comes}: {note.message}"
                    shown = visible(main.known, path, before), visible(main.known, path, after)
                    yield change_of(main, path, release, "default", message, note, *shown)


def groups(history: History, pairs: Iterable[Pair]) -> list[Group]:
    """The documents of a run: those of one server together, and each other one alone.

    A server has the documents of one deployment; in each folder, partial documents go with the one beside them.
    """
    every = [Group(history, own) for own in _of_servers(pairs)]
    whole = [group for group in every if group.whole]
    parts = gathered((group.place, pair) for group in every if not group.whole for pair in group.pairs)
    beside = {group.place for group in whole}
    together = [[*group.pairs, *parts.get(group.place, [])] for group in whole]
    together += [own for place, own in parts.items() if place not in beside]
    together += [[pair] for pair in pairs if role(pair.new.document) != "server"]
    return [Group(history, own) for own in together]


def _of_servers(pairs: Iterable[Pair]) -> Iterator[list[Pair]]:
    """The documents of servers that deployments put together, and the remaining server documents one by one."""
    pairs_of = {pair.new.document: pair for pair in pairs}
    for deployment in deployments(pairs_of):
        yield [pairs_of.pop(document) for document in deployment.documents if role(document) == "server"]
    yield from ([pair] for document, pair in pairs_of.items() if role(document) == "server")
