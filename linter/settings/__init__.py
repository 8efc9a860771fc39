"""The catalogue: the only place that knows which settings Medplum has and what each of them means.

The settings are written in the YAML files of this folder, for people; ``_built/settings.json`` is built from them (see ``build.py``),
for speed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from types import MappingProxyType

from .. import _built
from ..model import SettingPath
from ..release import LAST_READ, MAIN, OLDEST, Release, ServerVersion
from ..typed import Any, Final, Literal, TypeVar, cast
from .history import ByRelease, has_begun

KINDS: Final = ("server", "infra", "secret/database", "secret/redis")
"""The kinds of document whose settings are catalogued."""

_declared: Final[set[str]] = set()
_forget: Final[list[Callable[[], object]]] = []
"""What forgets all that was made from the catalogue."""

Status = Literal["documented", "undocumented", "obsolete"]
Rows = Mapping[str, Mapping[str, Any]]
"""The settings of one kind as built: their fields by name, without those that are at their default."""

_DOCUMENTATION: Final = "https://www.medplum.com/docs/self-hosting/"


class Setting:
    """One setting, as its documentation and the server's code describe it. An empty or false field says nothing. Immutable.

    (Not a NamedTuple, because making one with this many fields takes longer than all the rest of the import.)
    """

    name: str
    """Dotted; ``*`` stands for any member of a list, ``externalAuthProviders.*.issuer``, or one that users name, ``shards.*.database``."""
    status: Status
    """``documented`` on Medplum's page, real but ``undocumented``, or ``obsolete``: a name that the server does not read."""
    types: tuple[str, ...] = ()
    """The JSON types that the server takes, the one it wants first; of an obsolete name those that it had, empty where no release since
    ``OLDEST`` read it."""
    format: str = ""
    """What kind of text it is; the names are listed in ``build.py``."""
    enum: tuple[str | int, ...] = ()
    """The only values allowed."""
    enum_first: Mapping[str, Release] = MappingProxyType({})
    """The first releases that know some of them, where older ones do not; see :meth:`enum_in`."""
    enum_after: Mapping[str, Release] = MappingProxyType({})
    """The last release that is known not to know one of these, where that is not the one before its first."""
    ignore_case: bool = False
    """Whether upper and lower case are the same in ``enum``."""
    min: int | None = None
    """The least number that works, in ``unit``."""
    max: int | None = None
    """The greatest number that works, in ``unit``."""
    advised_min: int | None = None
    """The least number that is advisable, though less works."""
    advised_max: int | None = None
    """The greatest number that is advisable, though more works."""
    special: tuple[int, ...] = ()
    """Numbers outside of ``min`` and ``max`` that have a meaning of their own."""
    unit: str = ""
    """What a number counts: ``milliseconds``, ``seconds``, ``bytes``, ``characters``, ``points per minute`` …"""
    required: bool = False
    """Whether the page (for infra: the deployment) says that it must be given."""
    created_by: str = ""
    """What creates it, as the page says: ``init`` or ``cdk``."""
    default: str = ""
    """The default as the page prints it; empty where the page says "None" or nothing."""
    unread_beside: str = ""
    """The name of another setting of the document: where that is given, this one is not read, whatever its value is."""
    real_default: Any = None
    """What the server uses when it is not given: a value, or a few words where the value depends on others."""
    default_history: ByRelease[Any] | None = None
    """What each release uses, where that is known to have changed; see :meth:`default_in`."""
    digits_until: Release | None = None
    """The last release that takes digits in quotes as the number; None where that did not change."""
    zero_means_default: bool = False
    """Whether the server, or its client library, uses the default for 0 and NaN too (``||``)."""
    secret: bool = False
    """Whether its value must never be shown; true also of objects that hold a password when they are stored as one text."""
    holds_secrets: bool = False
    """Whether a member of it, at any depth, is secret."""
    pass_through: bool = False
    """Whether members that the catalogue lacks are handed on to a library or are named by the user, and so are not unknown."""
    readable_from: tuple[str, ...] = ("json", "ssm", "env")
    """From where the server can read it, as the page says."""
    ssm_coercion: ByRelease[str] = ByRelease("none")
    """What becomes of the text of a parameter: ``none`` (it stays text), ``integer`` (``parseInt``), ``number`` (``parseFloat``),
    ``boolean`` (``=== 'true'``), ``object`` (``JSON.parse``), ``csv`` (split at commas), ``secret`` (the secret of that name is fetched and
    parsed), ``unknown`` (not known)."""
    env_coercion: ByRelease[str] = ByRelease("none")
    """The same for an environment variable that lands on the setting."""
    first: Release = OLDEST
    """The first release that is known to read it; ``OLDEST`` also where an older one may have."""
    after: Release | None = None
    """The last release that is known not to read it, where that is not the one before ``first``: what those between do is not known."""
    proved: Release = LAST_READ
    """The last release in which its type, default, coercion and allowed values were seen; they hold until a change is known."""
    last: Release = MAIN
    """The last release that reads it; of an obsolete name ``MAIN`` where no release since ``OLDEST`` did."""
    back_ported: Release | None = None
    """An earlier release that reads it too, with those after it of the same line, though ``first`` is of a later line."""
    env: str = ""
    """The environment variable of the setting, or the one that people would try."""
    env_unsettable: ByRelease[str] = ByRelease("")
    """Where the value of that variable lands instead of here; empty where it works."""
    deprecated: bool = False
    """It still works, but ``use`` is preferred."""
    removed: bool = False
    """It is documented, but current servers ignore it."""
    use: str = ""
    """The name of the setting to use instead."""
    origin: str = ""
    """Where an obsolete name comes from: ``older-version``, ``docs-typo``, ``near-miss`` or ``never-read``."""
    link: str = ""
    """Page and anchor that describe it; see :func:`page_link`."""
    meaning: str = ""
    """What it is, in one line."""
    consequence: Mapping[str, ByRelease[str]] = MappingProxyType({})
    """What happens because of a mistake: a clause for each kind of ``MISTAKES`` in ``build.py``, or one under ``""`` for all of them."""
    if_true: ByRelease[str] = ByRelease("")
    """Of a switch: what happens when it is on; a clause that follows "so"."""
    if_false: ByRelease[str] = ByRelease("")
    """Of a switch: what happens when it is off; a clause that follows "so"."""
    unsafe_when: tuple[bool, ...] = ()
    """Of a switch: the states that endanger data or keep a part from working; a value that is misread as one of them is an error."""
    page_differs: str = ""
    """Where the page and the server's code disagree."""
    tags: tuple[str, ...] = ()
    """Its own tags and those that follow from the fields above."""
    declared: bool = False
    """Whether only a user says that there is such a setting; see :func:`declare_secrets`."""

    @property
    def is_container(self) -> bool:
        """Whether it is meant to have members."""
        return "object" in self.types or "array" in self.types

    def __init__(self, name: str, fields: Mapping[str, Any]) -> None:
        self.__dict__.update(fields, name=name)

    def __setattr__(self, field: str, value: object) -> None:
        raise AttributeError(f"a setting cannot be changed: {field}")

    def __repr__(self) -> str:
        return f"Setting({self.name!r})"

    def is_read_by(self, release: Release) -> bool | None:
        """Whether a release reads it; None where that is not known, and nothing may be claimed that depends on it."""
        if self.back_ported is not None and self.back_ported <= release and self.back_ported[:2] == release[:2]:
            return True
        if release > self.last or (self.status == "obsolete" and self.last == MAIN):
            return False
        return has_begun(release, self.first, self.after)

    def is_unread_by(self, server: ServerVersion) -> bool:
        """Whether it is known which server it is, and that no release which it may be reads the setting."""
        if not server.is_known or server.newer or self.is_read_by(server.release) is not False:
            return False
        from .releases import RELEASES  # only where an old setting is found

        return all(self.is_read_by(release) is False for release in RELEASES if server.oldest <= release <= server.release)

    @property
    def read_from(self) -> str:
        """Since when it is read, for a sentence: ``from 5.1.4 on``."""
        return f"from {self.first} on" if self.after is None else f"by {self.first} and later, but not yet by {self.after}"

    def default_in(self, release: Release) -> Any:
        """What a release uses when it is not given, as ``real_default`` says it of the newest."""
        return self.real_default if self.default_history is None else self.default_history.at(release)

    def enum_in(self, release: Release) -> tuple[str | int, ...]:
        """The only values that a release may allow."""
        if release is MAIN or not self.enum_first:
            return self.enum
        return tuple(value for value in self.enum if self.allows(str(value), release) is not False)

    def may_allow_more(self, release: Release) -> bool:
        """Whether it is not known of some value whether a release allows it."""
        return any(self.allows(word, release) is None for word in self.enum_after)

    def allows(self, word: str, release: Release) -> bool | None:
        """Whether a release knows one of the values of ``enum``; None where that is not known."""
        return has_begun(release, self.enum_first.get(word, OLDEST), self.enum_after.get(word))

    def consequence_of(self, mistake: str, release: Release) -> str:
        """What happens in a release because of a kind of mistake, one of ``MISTAKES`` in ``build.py``; empty where that is not known."""
        kinds = (mistake, _WIDER_MISTAKES.get(mistake, ""), "")
        return next((self.consequence[kind].at(release) for kind in kinds if kind in self.consequence), "")


_WIDER_MISTAKES: Final = {"text": "type", "number": "type", "low": "below"}


class Catalogue:
    """The settings of one kind of document."""

    __slots__ = ("_by_tag", "_deepest", "_named_by_users", "_names", "_rows", "_settings", "_top_level", "kind")

    def __init__(self, kind: str, rows: Rows) -> None:
        self.kind = kind
        self._rows: dict[SettingPath, Mapping[str, Any]] = {_path(name): row for name, row in rows.items()}
        self._settings: dict[SettingPath, Setting] = {}
        self._by_tag: dict[str, tuple[SettingPath, ...]] | None = None
        self._names: tuple[str, ...] | None = None
        self._top_level: frozenset[str] | None = None
        self._deepest = max(map(len, self._rows), default=0)
        holders = [path[:-1] for path in self._rows if path[-1] == "*"]
        self._named_by_users = tuple(holder for holder in holders if "array" not in self.types(holder))

    def get(self, path: SettingPath) -> Setting | None:
        """The setting at a path of a document (see :meth:`name_of`); None when there is no such setting."""
        if len(path) > self._deepest:
            return None
        setting = self._settings.get(path)
        if setting is not None:
            return setting
        key = self.name_of(path)
        setting = self._settings.get(key)
        if setting is None and key in self._rows:
            setting = self._settings[key] = _setting(key, self._rows[key])
        return setting

    def name_of(self, path: SettingPath) -> SettingPath:
        """A path of a document as the catalogue names its settings: with ``"*"`` for a member of a list, or one that users name."""
        key: SettingPath = tuple(["*" if isinstance(step, int) else step for step in path])
        for holder in self._named_by_users:
            length = len(holder)
            if key[:length] == holder and len(key) > length:
                key = (*holder, "*", *key[length + 1 :])
        return key

    def names(self) -> tuple[str, ...]:
        """Every name, in the order in which the YAML files have them."""
        if self._names is None:
            self._names = tuple(".".join(map(str, path)) for path in self._rows)
        return self._names

    def paths(self) -> Iterable[SettingPath]:
        """The same as paths, with ``"*"`` for the members of lists."""
        return self._rows

    def current(self) -> Iterator[SettingPath]:
        """Every setting that is not obsolete, in the order of :meth:`names`: without making what is known of each."""
        return (path for path, row in self._rows.items() if row["status"] != "obsolete")

    def types(self, path: SettingPath) -> Sequence[str]:
        """The types of the setting at a path, with ``"*"`` for the members of lists; none where there is no such setting."""
        types: Sequence[str] = self._rows.get(path, {}).get("types", ())
        return types

    def values(self) -> Iterator[tuple[str, bool]]:
        """The last step of every current setting that is not meant to have members, and whether it is secret."""
        for path in self.current():
            row = self._rows[path]
            if not {"object", "array"}.intersection(row.get("types", ())):
                yield str(path[-1]), row.get("secret", False)

    def top_level(self) -> frozenset[str]:
        """The names at the top of a document of this kind, without the obsolete ones: what it is recognised by."""
        if self._top_level is None:
            rows = self._rows.items()
            self._top_level = frozenset(str(path[0]) for path, row in rows if row["status"] != "obsolete" and not row.get("declared"))
        return self._top_level

    def tags(self) -> frozenset[str]:
        """Every tag that some setting has."""
        return frozenset(self._tagged())

    def tagged(self, tag: str) -> tuple[SettingPath, ...]:
        """The settings that have a tag, with ``"*"`` for the members of lists; none when nothing is so tagged."""
        return self._tagged().get(tag, ())

    def is_secret(self, path: SettingPath) -> bool:
        """Whether this is a secret setting or beneath a secret that is not meant to have members. Says nothing of unknown names."""
        setting = self.get(path)
        if setting is not None and setting.secret:
            return True
        return self.secret_above(path) is not None

    def secret_above(self, path: SettingPath) -> SettingPath | None:
        """The secret above a path that is not meant to have members; None where there is none."""
        above = (path[:length] for length in range(1, min(len(path), self._deepest + 1)))
        return next((one for one in above if (holder := self.get(one)) is not None and holder.secret and not holder.is_container), None)

    def is_public(self, path: SettingPath) -> bool:
        """Whether the value may be shown: only that of a known setting which neither is a secret nor can hold one.

        A name that only comes near one (``database`` for ``dbname``) must not mean anything else in another kind of document either:
        where it is wrong nobody knows what was meant.
        """
        setting = self.get(path)
        if setting is None or not _holds_nothing_secret(setting):
            return False
        return setting.origin != "near-miss" or all(
            other is None or _holds_nothing_secret(other) for other in (catalogue(kind).get(path) for kind in KINDS)
        )

    def _tagged(self) -> dict[str, tuple[SettingPath, ...]]:
        if self._by_tag is None:
            paths: dict[str, list[SettingPath]] = {}
            for path, row in self._rows.items():
                for tag in row["tags"]:
                    paths.setdefault(tag, []).append(path)
            self._by_tag = {tag: tuple(tagged) for tag, tagged in paths.items()}
        return self._by_tag


def _holds_nothing_secret(setting: Setting) -> bool:
    return not (setting.secret or setting.holds_secrets or setting.pass_through)


def catalogue(kind: str = "server") -> Catalogue:
    """The settings of a kind of document, one of :data:`KINDS`."""
    if not _catalogues:
        _catalogues.update((each, Catalogue(each, _with_declared(rows))) for each, rows in _load().items())
    return _catalogues[kind]


Function = TypeVar("Function", bound=Callable[..., Any])


def derived(function: Function) -> Function:
    """A function whose results are kept for as long as the catalogue, which they are made from, stays what it is."""
    cached = cache(function)
    _forget.append(cached.cache_clear)
    return cast("Function", cached)


def declare_secrets(names: Iterable[str]) -> None:
    """Take settings for secrets, by their dotted names, instead of those that were declared before.

    They are masked and found in plain text as the secrets of the catalogue are. One that the catalogue lacks is in it from then on.
    """
    wanted = frozenset(names)
    if wanted == _declared:
        return
    _declared.clear()
    _declared.update(wanted)
    _catalogues.clear()
    for forget in _forget:
        forget()


def _with_declared(rows: Rows) -> Rows:
    if not _declared:
        return rows
    more = dict(rows)
    for name in sorted(_declared):
        row = more.get(name, _ANYTHING)
        tags = sorted({*row["tags"], "secret"} - {"public"})
        more[name] = {**row, "secret": True, "tags": tags}
        while name := name.rpartition(".")[0]:
            more[name] = {**more.get(name, _HOLDER), "holds_secrets": True}
    return more


def public_settings(leaf: str, kind: str = "") -> tuple[Setting, ...] | None:
    """The settings with this last name, members of a list of this name included; None unless they are public in all kinds of document.

    Of a ``kind`` that has some only those of this kind; names that are no setting any more only where there is no other.
    """
    return _public_settings(leaf, kind) if leaf in _by_leaf() else None


@derived
def _public_settings(leaf: str, kind: str) -> tuple[Setting, ...] | None:
    paths = _by_leaf()[leaf]
    if not all(catalogue(one).is_public(path) for one, path in paths if path[-1] != "*"):
        return None
    public = [(one, path) for one, path in paths if catalogue(one).is_public(path)]
    own = [(one, path) for one, path in public if one == kind] or public
    settings = [setting for one, path in own if (setting := catalogue(one).get(path)) is not None]
    return tuple(setting for setting in settings if setting.status != "obsolete") or tuple(settings)


@derived
def _by_leaf() -> Mapping[str, list[tuple[str, SettingPath]]]:
    """The kind and path of each setting, by its last name; a member of a list by that of the list."""
    leaves: dict[str, list[tuple[str, SettingPath]]] = {}
    for kind in KINDS:
        for path in catalogue(kind).paths():
            leaf = path[-1] if path[-1] != "*" else next((step for step in reversed(path) if step != "*"), "")
            leaves.setdefault(str(leaf), []).append((kind, path))
    return leaves


def page_of(kind: str) -> str:
    """The address of the page that describes the settings of the server, or of the CDK (``infra``)."""
    return _DOCUMENTATION + ("aws-cdk-settings" if kind == "infra" else "server-config")


def page_link(setting: Setting) -> str:
    """The address of the documentation of a setting; empty when the documentation does not describe it."""
    return _DOCUMENTATION + setting.link if setting.link else ""


_catalogues: Final[dict[str, Catalogue]] = {}
_HOLDER: Final[Mapping[str, Any]] = {"status": "undocumented", "types": ["object"], "tags": [], "pass_through": True, "declared": True}
"""What is known of an object that only a user speaks of."""
_ANYTHING: Final[Mapping[str, Any]] = {**_HOLDER, "types": ["string", "number", "integer", "boolean", "array", "object"]}
"""What is known of a setting that only a user speaks of."""
_TUPLES: Final = ("types", "enum", "special", "readable_from", "unsafe_when", "tags")
_BY_RELEASE: Final = {
    "ssm_coercion": "none",
    "env_coercion": "none",
    "env_unsettable": "",
    "default_history": None,
    "if_true": "",
    "if_false": "",
}
"""Fields that depend on the release, with what holds before the first one that is named."""
_RELEASES: Final = ("first", "after", "proved", "last", "back_ported", "digits_until")


def _path(name: str) -> SettingPath:
    return tuple(name.split("."))


def _setting(path: SettingPath, row: Mapping[str, Any]) -> Setting:
    fields = dict(row)
    for field in _TUPLES:
        if field in fields:
            fields[field] = tuple(fields[field])
    for field, before in _BY_RELEASE.items():
        if field in fields:
            fields[field] = ByRelease.of(fields[field], before)
    for field in _RELEASES:
        if field in fields:
            fields[field] = Release.of(fields[field])
    if "consequence" in fields:
        fields["consequence"] = {mistake: ByRelease.of(clause, "") for mistake, clause in fields["consequence"].items()}
    for field in ("enum_first", "enum_after"):
        if field in fields:
            fields[field] = {word: Release.of(release) for word, release in fields[field].items()}
    return Setting(".".join(map(str, path)), fields)


def _load() -> Mapping[str, Rows]:
    """What was built; in a checkout whose YAML was edited since, the YAML itself, so that an edit always counts."""
    built = _built.read("settings", _made_of)
    if built is None:
        from . import build

        return build.read_catalogue()
    return cast("Mapping[str, Rows]", built)


def _made_of() -> list[str]:
    from . import build  # only a checkout asks

    return build.made_of()
