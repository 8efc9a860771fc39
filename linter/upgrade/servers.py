"""Which documents of a run are of one server, and what that server holds of them together, as each release loads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from .. import settings
from ..conformance.mismatch import check_as
from ..documents.deployment import Candidate, deployments, environment_of, role
from ..model import ABSENT, UNKNOWN, Document, SettingPath, child
from ..release import Release
from ..server.assembly import is_false
from ..server.defaults import with_defaults
from ..server.effective import loaded
from ..server.loader import SECRETS
from ..typed import Any, Final
from .change import UpgradeChange
from .compare import History, Pair, View, changes_default, default_change, default_where_read, is_ignored, is_same
from .notes import Notes

_ORDER: Final = ("server/json", "server/ssm", "server/azure", "server/env")
"""The kinds of document in the order in which one usually counts over another."""
_PAGED: Final = "server/ssm"
"""The kind of document that can be one page of several: then nobody knows what stands on the others, whatever this one gives."""
_BASE: Final = "baseUrl"
_DATABASE: Final = frozenset({"database", "DatabaseSecrets", "databaseProxyEndpoint"})


class Holding:
    """What a server holds of its documents in one release; a value that is null is not given."""

    def __init__(self, views: Sequence[View], release: Release) -> None:
        self.release = release
        self.written: dict[str, Any] = {}
        for view in views:
            self.written = _merged(self.written, _without_nulls(loaded(view.document)))
        self.data = with_defaults(self.written, release)

    def gives(self, path: SettingPath) -> bool:
        """Whether the documents give a setting, and not as a text that the release passes over in favour of its default."""
        value = _at(self.written, path)
        return value is not ABSENT and not self.ignores(path)

    def ignores(self, path: SettingPath) -> bool:
        """Whether the documents give a setting as a text that the release passes over."""
        return is_ignored(path, _at(self.written, path), self.release)

    def default(self, path: SettingPath) -> Any:
        """What the release uses for a setting that is not given; ``ABSENT`` where that is nothing, or only known in words."""
        if path == ("emailProvider",):
            return self._mailer()
        value = _at(self.data, path)
        if value is not ABSENT:
            return value
        setting = settings.catalogue().get(path)
        return ABSENT if setting is None or not self.can_have(path) else default_where_read(setting, self.release)

    def _mailer(self) -> Any:
        """How e-mail is sent by default, also by releases that do not have the setting (``sendEmail`` in ``email/email.ts``)."""
        smtp = self.written.get("smtp", ABSENT)
        return UNKNOWN if smtp is UNKNOWN else "awsses" if is_false(smtp) else "smtp"

    def can_have(self, path: SettingPath) -> bool:
        """Whether it has the section in which a setting is."""
        filled = {SECRETS[name] for name in SECRETS if name in self.written}
        return len(path) == 1 or path[0] in filled or isinstance(self.written.get(str(path[0])), dict)

    def document(self, shown: Document, *, whole: bool) -> Document:
        """What the server holds as a document to ask conditions of, found again in the text of one of its own.

        Conditions see each value as it is, also one that the server misreads: that is what they are about.
        """
        document = Document(
            shown.uri,
            shown.kind,
            shown.text,
            {**self.data, **_sign_in(self.data)},
            shown.origin,
            environment=shown.environment,
            complete=whole,
            target=shown.target,
            server=shown.server,
            parts=shown.parts,
            holders=shown.holders,
        )
        check_as(document, {})
        return document


def _sign_in(data: Mapping[str, Any]) -> dict[str, Any]:
    """The external providers, each with the address of its users that counts (``externalAuthConfig`` in ``oauth/utils.ts``)."""
    providers = data.get("externalAuthProviders")
    if not isinstance(providers, list):
        return {}
    return {"externalAuthProviders": [_with_address(one) if isinstance(one, dict) else one for one in providers]}


def _with_address(provider: dict[str, Any]) -> dict[str, Any]:
    inner = provider.get("identityProvider")
    address = inner.get("userInfoUrl") if isinstance(inner, dict) else None
    return provider if address is None else {**provider, "userInfoUrl": address}


def _merged(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Two configurations as the server merges those of several sources (``deepMerge`` in ``config/loader.ts``)."""
    result = dict(base)
    for name, value in over.items():
        below = result.get(name)
        result[name] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def _without_nulls(data: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration without what is null, at the top and in its sections: no default of those is for them."""
    return {
        name: {inner: one for inner, one in value.items() if one is not None} if isinstance(value, dict) else value
        for name, value in data.items()
        if value is not None
    }


def _at(tree: Any, path: SettingPath) -> Any:
    for step in path:
        tree = child(tree, step)
        if tree is ABSENT or tree is UNKNOWN:
            return tree
    return tree


class Server:
    """The documents of one server. ``whole``: they show all of its configuration, as far as can be told."""

    def __init__(self, pairs: Iterable[Pair]) -> None:
        self.pairs = sorted(pairs, key=lambda pair: _ORDER.index(pair.new.document.kind))
        self.whole = any(pair.new.document.complete for pair in self.pairs) or self._has_the_essential()
        self._holdings: dict[Release, Holding] = {}

    def _has_the_essential(self) -> bool:
        given = {path[0] for pair in self.pairs if pair.new.document.kind != _PAGED for path in pair.new.given}
        return _BASE in given and not _DATABASE.isdisjoint(given)

    @property
    def main(self) -> Pair:
        """The one of which is told what none of them gives: one that is whole, else that with the address of the server."""
        complete = [pair for pair in self.pairs if pair.new.document.complete]
        based = [pair for pair in self.pairs if (_BASE,) in pair.new.given]
        return next(iter([*complete, *based, *self.pairs]))

    def giver(self, path: SettingPath) -> Pair:
        """The one that gives a setting, where several do the one that counts; of what none of them gives the main one."""
        return next((pair for pair in reversed(self.pairs) if path in pair.new.given), self.main)

    def at(self, release: Release, history: History) -> Holding:
        """What a release holds of them."""
        if release not in self._holdings:
            found = history.at(release)
            self._holdings[release] = Holding([found[pair.key] for pair in self.pairs if pair.key in found], release)
        return self._holdings[release]


def servers(pairs: Iterable[Pair]) -> list[Server]:
    """The servers of a run: the documents of one deployment; and in each folder what is only a part goes with what it lies beside."""
    groups = [Server(group) for group in _groups(pairs)]
    parts: dict[tuple[str, str | None], list[Pair]] = {}
    for server in groups:
        if not server.whole:
            parts.setdefault(_place(server.main), []).extend(server.pairs)
    whole = [server for server in groups if server.whole]
    beside = {_place(server.main) for server in whole}
    joined = [Server([*server.pairs, *_parts_of(server, parts)]) for server in whole]
    return [*joined, *(Server(own) for place, own in parts.items() if place not in beside)]


def _groups(pairs: Iterable[Pair]) -> Iterator[list[Pair]]:
    """The documents of servers that deployments put together, and each other one alone."""
    pairs_of = {pair.new.document: pair for pair in pairs}
    for deployment in deployments(map(Candidate, pairs_of)):
        yield [pairs_of.pop(document) for document in deployment.documents if role(document) == "server"]
    yield from ([pair] for document, pair in pairs_of.items() if role(document) == "server")


def _place(pair: Pair) -> tuple[str, str | None]:
    """The folder and the environment of a document."""
    document = pair.new.document
    return document.uri.rpartition("/")[0], environment_of(document)


def _parts_of(server: Server, parts: Mapping[tuple[str, str | None], list[Pair]]) -> list[Pair]:
    return parts.get(_place(server.main), [])


def default_changes_of(history: History, server: Server, notes: Notes) -> Iterator[UpgradeChange]:
    """The defaults that change under settings which no document of a server gives, of those that matter to whoever runs it."""
    old, new = server.at(history.oldest, history), server.at(history.newest, history)
    for name, note in notes.settings.get("server", {}).items():
        path: SettingPath = tuple(name.split("."))
        if not note.default or not server.whole or new.gives(path) or not old.can_have(path):
            continue
        before, after = old.default(path), new.default(path)
        if changes_default(before, after):
            release = history.turn(_with_default(history, server, path, after))
            yield default_change(server.main, path, note, release, (before, after))


def _with_default(history: History, server: Server, path: SettingPath, default: Any) -> Callable[[Release], bool]:
    return lambda release: is_same(server.at(release, history).default(path), default)
