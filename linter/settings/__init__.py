"""The catalogue: the only place that knows which settings Medplum has and what each of them means.

The settings are written in the YAML files of this folder, for people; ``_built/settings.json`` is built from them (see ``build.py``), for
speed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from types import MappingProxyType

from .. import _built
from ..model import SettingPath, gathered, prefixes
from ..release import LAST_READ, MAIN, OLDEST, ByRelease, Release, ServerVersion, has_begun
from ..typed import Any, Final, TypeVar, cast

KINDS: Final = ("server", "infra", "secret/database", "secret/redis")
"""The kinds of document that configure something, whose settings are catalogued."""
CATALOGUED: Final = (*KINDS, "workload", "live")
"""These, the environment of a server, and what it answers, whose names say nothing about what may be shown of a text."""

Rows = Mapping[str, Mapping[str, Any]]
"""The settings of one kind as built: their fields by name, without those that are at their default."""

_DOCUMENTATION: Final = "https://www.medplum.com/docs/self-hosting/"

Function = TypeVar("Function", bound=Callable[..., Any])
_declared: Final[set[str]] = set()
"""The names that :func:`declare_secrets` was given."""
_clear: Final[list[Callable[[], object]]] = []
"""The functions that clear the caches of :func:`derived`."""


def derived(function: Function) -> Function:
    """Cache the results of a function that depend on the catalogue, until that changes."""
    cached = cache(function)
    _clear.append(cached.cache_clear)
    return cast("Function", cached)


class Setting:
    """One setting, as its documentation and the server's code describe it. Empty and false fields state nothing. Immutable.

    (Not a NamedTuple, because making one with this many fields takes longer than all the rest of the import.)
    """

    name: str
    """Dotted; ``*`` stands for any member of a list, ``externalAuthProviders.*.issuer``, or one that users name, ``shards.*.database``."""
    status: str
    """``documented`` on Medplum's page, real but ``undocumented``, or ``obsolete``: a name that the server does not read."""
    types: tuple[str, ...] = ()
    """The JSON types that the server takes, the one it wants first; of an obsolete name those that it had, empty where no release since
    ``OLDEST`` read it."""
    format: str = ""
    """What kind of text it is; one of :data:`linter.formats.FORMATS`."""
    enum: tuple[str | int, ...] = ()
    """The only values allowed."""
    enum_first: Mapping[str, Release] = MappingProxyType({})
    """The first releases that know some of them, if older ones do not; see :meth:`enum_in`."""
    enum_after: Mapping[str, Release] = MappingProxyType({})
    """The last release that is known not to know one of these, if that is not the one before its first."""
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
    """The name of another setting of the document: if that is given, this one is not read, whatever its value is."""
    real_default: Any = None
    """The value that the server uses when it is not given, or a few words if that depends on others."""
    default_history: ByRelease[Any] | None = None
    """The value that each release uses, if that is known to have changed; see :meth:`default_in`."""
    digits_until: Release | None = None
    """The last release that accepts digits in quotes as a number; None if that did not change."""
    zero_means_default: bool = False
    """Whether the server, or its client library, uses the default for 0 and NaN too (``||``)."""
    secret: bool = False
    """Whether its value must never be shown; also true of objects with a password when they are stored as one text."""
    holds_secrets: bool = False
    """Whether a member of it, at any depth, is secret."""
    pass_through: bool = False
    """Whether members that the catalogue lacks are passed on to a library or are named by the user, and so are not unknown."""
    readable_from: tuple[str, ...] = ("json", "ssm", "env")
    """The sources that the server can read it from, according to the page."""
    ssm_coercion: ByRelease[str] = ByRelease("none")
    """How the text of a parameter is converted: ``none`` (it stays text), ``integer`` (``parseInt``), ``number`` (``parseFloat``),
    ``boolean`` (``=== 'true'``), ``object`` (``JSON.parse``), ``csv`` (split at commas), ``secret`` (the secret of that name is fetched and
    parsed), ``unknown`` (not known)."""
    env_coercion: ByRelease[str] = ByRelease("none")
    """The same for an environment variable of the setting."""
    first: Release = OLDEST
    """The first release that is known to read it; ``OLDEST`` also where an older one may have."""
    after: Release | None = None
    """The last release that is known not to read it, if that is not the one before ``first``: those between may or may not read it."""
    proved: Release = LAST_READ
    """The last release in which its type, default, coercion and allowed values were seen; they hold until a change is known."""
    last: Release = MAIN
    """The last release that reads it; for an obsolete name ``MAIN`` if no release since ``OLDEST`` did."""
    back_ported: Release | None = None
    """An earlier release that reads it too, with those after it of the same line, though ``first`` is of a later line."""
    env: str = ""
    """The environment variable of the setting, or the one that people would try."""
    env_unsettable: ByRelease[str] = ByRelease("")
    """The setting that the variable sets instead of this one; empty if it works."""
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
    """The consequence of a mistake: a clause for each kind that ``schema.yaml`` lists, or one under ``""`` for all of them."""
    stops: tuple[str, ...] = ()
    """The kinds of mistakes that keep the server from starting."""
    if_true: ByRelease[str] = ByRelease("")
    """For a switch: what happens when it is on; a clause that follows "so"."""
    if_false: ByRelease[str] = ByRelease("")
    """For a switch: what happens when it is off; a clause that follows "so"."""
    unsafe_when: tuple[bool, ...] = ()
    """For a switch: the states that endanger data or keep a part from working; a value that is misread as one of them is an error."""
    page_differs: str = ""
    """Where the page and the server's code disagree."""
    tags: tuple[str, ...] = ()
    """Its own tags and those that follow from the fields above."""
    declared: bool = False
    """Whether only the user declares this setting; see :func:`declare_secrets`."""

    @property
    def path(self) -> tuple[str, ...]:
        """The steps of its name."""
        return tuple(self.name.split("."))

    @property
    def use_path(self) -> tuple[str, ...]:
        """The steps of the name in ``use``."""
        return tuple(self.use.split("."))

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
        """Whether a release reads it; None if that is not known, and nothing that depends on it may be claimed."""
        if self.back_ported is not None and self.back_ported <= release and self.back_ported[:2] == release[:2]:
            return True
        if release > self.last or (self.status == "obsolete" and self.last == MAIN):
            return False
        return has_begun(release, self.first, self.after)

    def is_unread_by(self, server: ServerVersion) -> bool:
        """Whether the server is known, and none of its possible releases reads the setting."""
        if not server.is_known or server.newer or self.is_read_by(server.release) is not False:
            return False
        from .releases import RELEASES  # only for an old setting

        return all(self.is_read_by(release) is False for release in RELEASES if server.oldest <= release <= server.release)

    @property
    def read_from(self) -> str:
        """The release since which it is read, for a sentence: ``from 5.1.4 on``."""
        return f"from {self.first} on" if self.after is None else f"by {self.first} and later, but not yet by {self.after}"

    def default_in(self, release: Release) -> Any:
        """The value that a release uses when it is not given, like ``real_default`` for the newest."""
        return self.real_default if self.default_history is None else self.default_history.at(release)

    def literal_default_in(self, release: Release) -> Any:
        """The same as a value; None too if it is only described in words, or is the value of another setting."""
        default = self.default_in(release)
        is_literal = not isinstance(default, str) or ("string" in self.types and " " not in default and default != "baseUrl")
        return default if is_literal else None

    def enum_in(self, release: Release) -> tuple[str | int, ...]:
        """The only values that a release may allow."""
        return tuple(value for value in self.enum if self.allows(str(value), release) is not False)

    def may_allow_more(self, release: Release) -> bool:
        """Whether it is not known of some value whether a release allows it."""
        return any(self.allows(word, release) is None for word in self.enum_after)

    def allows(self, word: str, release: Release) -> bool | None:
        """Whether a release knows one of the values of ``enum``; None if that is not known."""
        return has_begun(release, self.enum_first.get(word, OLDEST), self.enum_after.get(word))

    def consequence_of(self, mistake: str, release: Release) -> str:
        """The consequence of a kind of mistake in a release (see ``consequence``); empty if it is not known."""
        kind = self._kind(mistake)
        return "" if kind is None else self.consequence[kind].at(release)

    def stops_with(self, mistake: str, release: Release) -> bool:
        """Whether a kind of mistake keeps a release from starting. If releases differ, only those with the newest consequence stop."""
        kind = self._kind(mistake)
        return kind in self.stops and self.consequence_of(mistake, release) == self.consequence[kind].newest

    def _kind(self, mistake: str) -> str | None:
        """The kind of mistake whose entry in the catalogue has the consequence."""
        return next((kind for kind in (mistake, _WIDER_MISTAKES.get(mistake, ""), "") if kind in self.consequence), None)


_WIDER_MISTAKES: Final = {"text": "type", "number": "type", "low": "below"}


class Catalogue:
    """The settings of one kind of document."""

    def __init__(self, kind: str, rows: Rows) -> None:
        self.kind = kind
        self._names = tuple(rows)
        self._rows: dict[SettingPath, Mapping[str, Any]] = {tuple(name.split(".")): row for name, row in rows.items()}
        self._settings: dict[SettingPath, Setting] = {}
        self._deepest = max(map(len, self._rows), default=0)
        holders = [path[:-1] for path in self._rows if path[-1] == "*"]
        self._named_by_users = tuple(holder for holder in holders if "array" not in self.types(holder))

    def get(self, path: SettingPath) -> Setting | None:
        """The setting at a path of a document (see :meth:`name_of`); None when there is no such setting."""
        if len(path) > self._deepest:
            return None
        key = path if path in self._settings else self.name_of(path)
        if key not in self._settings and key in self._rows:
            self._settings[key] = _setting(key, self._rows[key])
        return self._settings.get(key)

    def name_of(self, path: SettingPath) -> SettingPath:
        """A path of a document as the catalogue names its settings: with ``"*"`` for a list index, or a user-defined name."""
        key: SettingPath = tuple(["*" if isinstance(step, int) else step for step in path])
        for holder in self._named_by_users:
            length = len(holder)
            if key[:length] == holder and len(key) > length:
                key = (*holder, "*", *key[length + 1 :])
        return key

    def names(self) -> tuple[str, ...]:
        """Every name, in the order of the YAML files."""
        return self._names

    def paths(self) -> Iterable[SettingPath]:
        """The same as paths, with ``"*"`` for the members of lists."""
        return self._rows

    def current(self) -> Iterator[SettingPath]:
        """Every setting that is not obsolete, in the order of :meth:`names`, without creating the settings."""
        return (path for path, row in self._rows.items() if row["status"] != "obsolete")

    def types(self, path: SettingPath) -> Sequence[str]:
        """The types of the setting at a path, with ``"*"`` for list indexes; none if there is no such setting."""
        types: Sequence[str] = self._rows.get(path, {}).get("types", ())
        return types

    @derived
    def top_level(self) -> frozenset[str]:
        """The names at the top of a document of this kind, without the obsolete ones: it is recognised by them."""
        return frozenset(str(path[0]) for path in self.current() if not self._rows[path].get("declared"))

    def spelt(self, path: SettingPath) -> list[SettingPath]:
        """The settings whose names have the same letters, in order: without ``MEDPLUM_``, ``PUB_SUB_REDIS_HOST`` is one."""
        return self._by_letters().get(letters_of(path), [])

    @derived
    def _by_letters(self) -> Mapping[str, list[SettingPath]]:
        return gathered((letters_of(path), path) for path in self._rows)

    def tags(self) -> frozenset[str]:
        """Every tag that some setting has."""
        return frozenset(self._by_tag())

    def tagged(self, tag: str) -> tuple[SettingPath, ...]:
        """The settings with a tag, with ``"*"`` for list indexes; none if no setting has it."""
        return tuple(self._by_tag().get(tag, ()))

    @derived
    def _by_tag(self) -> Mapping[str, list[SettingPath]]:
        return gathered((tag, path) for path, row in self._rows.items() for tag in row["tags"])

    def is_secret(self, path: SettingPath) -> bool:
        """Whether this is a secret setting, or beneath a secret that should not have members. False for unknown names."""
        setting = self.get(path)
        return (setting is not None and setting.secret) or self.secret_above(path) is not None

    def secret_above(self, path: SettingPath) -> SettingPath | None:
        """The secret above a path that should not have members; None if there is none."""
        above = prefixes(path[:-1][: self._deepest])
        return next((one for one in above if (holder := self.get(one)) is not None and holder.secret and not holder.is_container), None)

    def is_public(self, path: SettingPath) -> bool:
        """Whether the value may be shown: only for a known setting that is neither a secret nor can contain one.

        A name similar to a setting's (``database`` for ``dbname``) must not mean anything else in another kind of document either, because
        if it is wrong it is not known what was meant.
        """
        setting = self.get(path)
        if setting is None:
            return False
        others = (catalogue(kind).get(path) for kind in KINDS) if setting.origin == "near-miss" else ()
        return not any(one.secret or one.holds_secrets or one.pass_through for one in (setting, *others) if one is not None)


def letters_of(path: SettingPath) -> str:
    """A name without case and separators."""
    return "".join(map(str, path)).replace(".", "").replace("_", "").replace("-", "").lower()


def catalogue(kind: str = "server") -> Catalogue:
    """The settings of a kind of document, one of :data:`KINDS`."""
    return _catalogues()[kind]


PROVIDED: Final = ("database", "redis", "storage", "mail", "identity")
"""The kinds of provider in ``providers.yaml``, which explains the columns."""


@cache
def providers() -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """The table of providers: their rows by kind, in matching order."""
    return _built.read("providers", lambda: _build().made_of(), lambda: _build().read_yaml(_build().PROVIDERS))


def provider_of(kind: str, host: str) -> Mapping[str, Any]:
    """The row of the provider of a host or socket folder; empty if it is not known."""
    name = host.lower().rstrip(".")
    globs = ((row, glob) for row in providers()[kind] for glob in row["host"])
    near = ((row, glob) for row, glob in globs if name.startswith(glob.partition("*")[0]) and name.endswith(glob.rpartition("*")[2]))
    return next((row for row, glob in near if fnmatchcase(name, glob)), {})


@derived
def _catalogues() -> Mapping[str, Catalogue]:
    kinds: Mapping[str, Rows] = _built.read("settings", lambda: _build().made_of(), lambda: _build().read_catalogue())
    return {kind: Catalogue(kind, _with_declared(rows)) for kind, rows in kinds.items()}


def _build() -> Any:
    """The module that reads the YAML files, which only a checkout needs."""
    from . import build

    return build


def declare_secrets(names: Iterable[str]) -> None:
    """Declare settings as secret, by their dotted names, in place of earlier declarations.

    They are masked and found in plain text like the secrets of the catalogue. Names that the catalogue lacks are added to it.
    """
    wanted = set(names)
    if wanted != _declared:
        _declared.clear()
        _declared.update(wanted)
        for clear in _clear:
            clear()


def _with_declared(rows: Rows) -> Rows:
    more = dict(rows)
    for name in sorted(_declared):
        row = more.get(name, _ANYTHING)
        more[name] = {**row, "secret": True, "tags": sorted({*row["tags"], "secret"} - {"public"})}
        while name := name.rpartition(".")[0]:
            more[name] = {**more.get(name, _HOLDER), "holds_secrets": True}
    return more


_HOLDER: Final[Mapping[str, Any]] = {"status": "undocumented", "types": ["object"], "tags": [], "pass_through": True, "declared": True}
"""The fields of an object that only the user declares."""
_ANYTHING: Final[Mapping[str, Any]] = {**_HOLDER, "types": ["string", "number", "integer", "boolean", "array", "object"]}
"""The fields of a setting that only the user declares."""


@derived
def _by_leaf() -> Mapping[str, list[tuple[Catalogue, SettingPath]]]:
    """The catalogue and path of each setting, by its last name; a list item is under the name of its list."""
    every = [(known, path) for known in map(catalogue, KINDS) for path in known.paths()]
    return gathered((str(next((step for step in reversed(path) if step != "*"), "")), (known, path)) for known, path in every)


def public_settings(leaf: str, kind: str = "") -> tuple[Setting, ...] | None:
    """The settings with this last name, including items of a list of this name; None unless they are public in all kinds of document.

    If the ``kind`` has any, only those of this kind; obsolete names only if there is no other.
    """
    return _public_settings(leaf, kind) if leaf in _by_leaf() else None


@derived
def _public_settings(leaf: str, kind: str) -> tuple[Setting, ...] | None:
    named = _by_leaf()[leaf]
    public = [(known, path) for known, path in named if known.is_public(path)]
    if any(path[-1] != "*" for known, path in named if (known, path) not in public):
        return None
    own = [(known, path) for known, path in public if known.kind == kind] or public
    settings = [setting for known, path in own if (setting := known.get(path)) is not None]
    return tuple(setting for setting in settings if setting.status != "obsolete") or tuple(settings)


def page_of(kind: str) -> str:
    """The address of the page that describes the settings of the server, or of the CDK (``infra``)."""
    return _DOCUMENTATION + ("aws-cdk-settings" if kind == "infra" else "server-config")


def page_link(setting: Setting) -> str:
    """The address of the documentation of a setting; empty if it is not documented."""
    return _DOCUMENTATION + setting.link if setting.link else ""


_DECODERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    **dict.fromkeys(("types", "enum", "special", "readable_from", "stops", "unsafe_when", "tags"), tuple),
    **dict.fromkeys(("first", "after", "proved", "last", "back_ported", "digits_until"), Release.of),
    **dict.fromkeys(("enum_first", "enum_after"), lambda built: {word: Release.of(release) for word, release in built.items()}),
    **dict.fromkeys(("ssm_coercion", "env_coercion"), lambda built: ByRelease.of(built, "none")),
    **dict.fromkeys(("env_unsettable", "if_true", "if_false"), lambda built: ByRelease.of(built, "")),
    "default_history": lambda built: ByRelease.of(built, None),
    "consequence": lambda built: {mistake: ByRelease.of(clause, "") for mistake, clause in built.items()},
}
"""How the fields of a built row become those of a :class:`Setting`, where they are not the same."""


def _setting(path: SettingPath, row: Mapping[str, Any]) -> Setting:
    fields = {field: _DECODERS[field](value) if field in _DECODERS else value for field, value in row.items()}
    return Setting(".".join(map(str, path)), fields)
