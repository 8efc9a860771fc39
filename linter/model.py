"""The types that all other modules share: documents, rules, findings, results.

All but a document are immutable, and this module imports only :mod:`linter.text` and :mod:`linter.release` of this package, so that a
reporter can be written against the three alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from functools import reduce

from .release import ANY_SERVER, ServerVersion
from .text import Edit, Excerpt, Piece, Position, Span, Text
from .typed import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from datetime import date, datetime

    from .memo import Memo
    from .typed import dataclass_transform

    @dataclass_transform()
    class _Fields:
        """Tells a type checker that the fields of a class are the arguments of its constructor."""
else:
    _Fields = object


T = TypeVar("T")
Key = TypeVar("Key")

Level = Literal["error", "warning", "note"]
Target = Literal["production", "development"]
Part = Literal["value", "key", "type", "tier"]
"""The part of a setting that a place points at: its value, its name, or a fact that its source has beside it."""
SettingPath = tuple[str | int, ...]
"""The path of a setting: ``("database", "ssl", "ca")``, ``("externalAuthProviders", 0, "issuer")``."""

Fact = str | int | float
"""What a rule may ask of a setting beside its value (``path@fact``)."""

LEVELS: Final[tuple[Level, ...]] = ("error", "warning", "note")
AcceptedBy = Literal["comment", "configuration", "baseline"]
"""What accepts a finding."""
Precision = Literal["very-high", "high", "medium", "low"]
TARGETS: Final[tuple[Target, ...]] = ("production", "development")
State = Literal["given", "unknown", "not read", "absent"]
"""What is known of a setting: its value; that it has one that cannot be read; that what was not read may give it; or that it has none."""


class Mark:
    """A value that no document can hold; compared by identity."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name

    def __deepcopy__(self, _known: object) -> Mark:
        return self


ABSENT: Final = Mark("ABSENT")
"""The setting is not given."""
UNKNOWN: Final = Mark("UNKNOWN")
"""The setting is given, but its value cannot be read here (an encrypted or omitted value)."""
LEFT_OUT: Final = Mark("LEFT_OUT")
"""The setting was meant to be absent."""


def is_same(left: Any, right: Any) -> bool:
    """JSON equality: ``true`` is not ``1``, ``1`` is ``1.0``. A loop, because values can be nested to any depth."""
    waiting = [(left, right)]
    while waiting:
        one, other = waiting.pop()
        if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
            waiting.extend((member, other[key]) for key, member in one.items())
        elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
            waiting.extend(zip(one, other, strict=True))
        elif isinstance(one, bool | dict | list) or isinstance(other, bool | dict | list):
            if one is not other or not isinstance(one, bool):
                return False
        elif one != other:
            return False
    return True


PART: Final[Mapping[SettingPath, str]] = {(): "it is only a part of a configuration"}
"""The settings that may be given elsewhere, where the input itself shows that it is not all: any."""


class Origin(Protocol):
    """How a document finds its way back to the text; provided by the source that loaded it."""

    def locate(self, path: SettingPath, part: Part) -> Span:
        """Where the setting is; for an absent one the first character of what lacks it. Never fails."""

    def facts(self, path: SettingPath) -> Mapping[str, Fact]:
        """What the source knows beside the value, such as the ``type`` and ``tier`` of this setting's own parameter."""

    def excerpt(self, path: SettingPath | None, span: Span) -> Excerpt:
        """The line on which the span of a finding about ``path`` starts, with everything that may be secret masked."""

    def pieces(self, part: Span) -> Iterator[Piece]:
        """A part of one line, cut into pieces without gaps, each masked unless its own line shows that it is public."""


def _fact(document: Document, path: SettingPath, name: str) -> Fact | None:
    if document.view_of is not None:  # this is asked for each value
        document, path = document.as_written(path)
    return document.origin.facts(path).get(name)


def state_of(document: Document, path: SettingPath) -> State:
    """The state of a setting, for :meth:`Document.ask`."""
    value = document.get(path)
    if value is ABSENT:
        return "not read" if document.is_unread(path) else "absent"
    return "unknown" if value is UNKNOWN else "given"


class Parts(Protocol):
    """The places that a sum was put together from, each with a document of its own: its text, and what it gives."""

    @property
    def documents(self) -> tuple[Document, ...]:
        """The documents of the places; a missing setting would be written in the first."""

    @property
    def layers(self) -> tuple[Document, ...]:
        """The documents of the sources that a start argument names, each overriding those before; empty if one source holds everything."""

    def layer(self, path: SettingPath) -> Document:
        """The source whose value of a setting, or of its parent, applies; the main one if none gives it."""

    def giver(self, path: SettingPath, part: Part) -> Document:
        """The document that gives a setting, or a fact about it; the first one if none does."""

    def givers(self, path: SettingPath) -> tuple[Document, ...]:
        """Every document that gives a setting, its parent, or a member of it, even where another one overrides it."""


class Document(_Fields):
    """One configuration as the server would hold it, and the way back to where it is written.

    ``data`` is a tree of dict, list and scalars; values are as the server sees them after its loader; ``UNKNOWN`` stands for a value that
    cannot be read. ``unread`` are the settings that may be given by what was not read, each with the reason: ``()`` stands for all of them,
    and a section for its members. ``uri`` is the path as the user gave it, with forward slashes. ``target`` is None if nothing shows it;
    where connections have another one than the rest, ``targets`` are those of each section, and of the rest under the empty path.
    ``server`` is the server that it is for: ``data`` is that server's reading of the text. ``now`` is the time to check certificates at;
    None is the machine's clock.

    ``members`` are the documents that this one is made of, by the first step of their paths here; an ordinary document has none. ``given``
    are the entries of a source that is a flat list of names, in order, each with its text, or ``UNKNOWN`` if that cannot be read; None if
    ``data`` is what is written. ``parts`` are the places where a sum is written (:meth:`written_in`). ``holders`` are the things in a file
    that it configures, for people: pairs such as ``("service", "server")``; for a part of sums those of all of them. Without any it is
    named after its ``environment``; with some, ``environment`` is not one, but only tells the document from others in its file.

    ``contained``: it belongs to a container whose environment is known (:mod:`linter.documents.containers.workload`). ``trusts``: a
    variable beside it may make Node.js trust further certificate authorities. ``section`` is what a secret becomes in the configuration of
    the server whose parameters name it. ``is_filled`` says whether a program is known to replace the references in it; None without such a
    check. ``view_of`` is the document of which this one corrects the names of some objects, and those names by the right ones.
    """

    uri: str
    kind: str
    text: Text
    data: dict[str, Any]
    origin: Origin
    environment: str | None = None
    unread: Mapping[SettingPath, str] = {}
    target: Target | None = "production"
    targets: Mapping[SettingPath, Target | None] = {}
    members: Mapping[str, Document] = {}
    given: tuple[tuple[SettingPath, Any], ...] | None = None
    server: ServerVersion = ANY_SERVER
    parts: Parts | None = None
    holders: tuple[tuple[str, str], ...] = ()
    contained: bool = False
    trusts: bool = False
    section: str = ""
    is_filled: Callable[[], bool] | None = None
    view_of: tuple[Document, Mapping[SettingPath, SettingPath]] | None = None
    now: datetime | None = None
    memo: Memo | None = None
    """Records what is asked while rules run."""
    _cached: dict[str, Any] = {}

    if not TYPE_CHECKING:

        def __init__(self, uri, kind, text, data, origin, **more):
            self.__dict__.update(more, uri=uri, kind=kind, text=text, data=data, origin=origin, _cached={})

    @property
    def complete(self) -> bool:
        """Whether the input shows the whole configuration, except for what secrets give."""
        return () not in self.unread

    def is_unread(self, path: SettingPath) -> bool:
        """Whether what was not read may give a setting, or a member of it."""
        for at in self.unread:  # noqa: SIM110 (this is asked for each absent setting, and a generator costs a call for each step)
            if not at or not path or (at[0] == path[0] and path[: len(at)] == at[: len(path)]):
                return True
        return False

    @property
    def layers(self) -> tuple[Document, ...]:
        """The sources that the server merges, each overriding those before: the document itself, unless a start argument names several."""
        return (self.parts.layers if self.parts is not None else ()) or (self,)

    @property
    def texts(self) -> tuple[Document, ...]:
        """The documents in whose texts it is written: those of its parts, or itself."""
        return self.parts.documents if self.parts is not None else (self,)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of its sources."""
        return tuple(layer.kind for layer in self.layers) if self.parts is not None else (self.kind,)

    def layer(self, path: SettingPath) -> Document:
        """The source whose value of a setting applies: see :meth:`Parts.layer`."""
        return self if self.parts is None or not self.parts.layers else self.parts.layer(path)

    def ask(self, question: Callable[..., T], *about: Hashable) -> T:
        """The result of a function of this document and further arguments; rules ask this way for everything but :meth:`get`."""
        if self.memo is not None:
            self.memo.note((question, *about))
        return question(self, *about)

    def each_target(self) -> Iterator[Target | None]:
        """Each target of its places, the one of most of them last; it is :attr:`target` meanwhile."""
        for target in dict.fromkeys(self.targets.values()) or (self.target,):
            self.target = target
            yield target

    def has_target(self, path: SettingPath) -> bool:
        """Whether :attr:`target` is that of a place."""
        return not self.targets or self.targets.get(path[:1], self.targets[()]) == self.target

    def fact(self, path: SettingPath, name: str) -> Fact | None:
        """What the source knows about a setting beside its value, such as its ``type``; None if nothing."""
        return self.ask(_fact, path, name)

    def cached(self, name: str, make: Callable[[], T], *, noted: bool = False) -> T:
        """The result of ``make`` for this document, computed once and kept under a name.

        The memo does not see what it depends on, unless the caller asks for that with ``noted``.
        """
        if not noted and self.memo is not None:
            self.memo.note(self.memo.UNTRACED)
        if name not in self._cached:
            self._cached[name] = make()
        value: T = self._cached[name]
        return value

    def get(self, path: SettingPath) -> Any:
        """The value at a path; ``ABSENT`` if it is not given; ``UNKNOWN`` if it, or its parent, cannot be known.

        A step into a value of the wrong type (``database.host`` where ``database`` is a string) is unknown, not absent, so that one mistake
        is reported once.
        """
        return value_at(self.data, path)

    def owner(self, path: SettingPath) -> tuple[Document, SettingPath]:
        """The document that holds a setting, and the setting's path there: this one, or one of its members."""
        member = self.members.get(str(path[0])) if path else None
        return (self, path) if member is None else (member, path[1:])

    def written_in(self, path: SettingPath, part: Part = "value") -> tuple[Document, SettingPath]:
        """The document in whose text a setting is written, and the setting's path there: like :meth:`owner`, but a part for a sum."""
        document, path = self.owner(path)
        document, path = document.as_written(path)
        return (document, path) if document.parts is None else document.parts.giver(path, part).owner(path)

    def as_written(self, path: SettingPath) -> tuple[Document, SettingPath]:
        """The document with the names as they are written, and a setting's path there.

        One that is missing would be written into the object that is there, but in a flat list under its right name.
        """
        document = self
        while document.view_of is not None:
            is_there = document.given is None or document.get(path) is not ABSENT
            document, names = document.view_of
            path = moved(path, names) if is_there else path
        return document, path

    def locate(self, path: SettingPath, part: Part = "value") -> Span:
        """The place of a setting in the text that :meth:`written_in` names; see :meth:`Origin.locate`."""
        return self.origin.locate(path, part)

    def position(self, offset: int) -> Position:
        """The line and column of a character of the text."""
        return self.text.position(offset)


def gathered(pairs: Iterable[tuple[Key, T]]) -> dict[Key, list[T]]:
    """All values of each key, in order."""
    groups: defaultdict[Key, list[T]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return dict(groups)


def child(node: Any, step: str | int) -> Any:
    """One step down the tree: a member, a list item, ``ABSENT``, or ``UNKNOWN`` below a value that can have no members."""
    if isinstance(node, dict):
        return node.get(step, ABSENT)
    if isinstance(node, list):
        if isinstance(step, int):
            return node[step] if 0 <= step < len(node) else ABSENT
        return UNKNOWN
    return ABSENT if node is ABSENT else UNKNOWN


def value_at(tree: Any, path: SettingPath) -> Any:
    """The value at a path of a tree: see :meth:`Document.get`."""
    return reduce(child, path, tree)


def children(node: Any) -> Iterable[tuple[Any, Any]]:
    """The members of an object, or the items of a list, each after the step to it; none for any other value."""
    return node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()


def scalars_in(value: Any) -> Iterator[Any]:
    """The scalars in a tree, or the value itself if it is one. A tree can be nested more deeply than Python can recurse."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict | list):
            waiting.extend(part.values() if isinstance(part, dict) else part)
        else:
            yield part


class Framework(NamedTuple):
    """A law, standard or benchmark that has controls, with a few words about it, and where its ids and titles are from."""

    name: str
    says: str
    organization: str
    version: str
    url: str
    date: str = ""


class Control(NamedTuple):
    """A control that checks support. It has no title where the texts of its framework are licensed."""

    id: str
    title: str
    framework: Framework

    @property
    def name(self) -> str:
        """Its id and its title."""
        return f"{self.id}, {self.title}" if self.title else self.id


class RuleInfo(NamedTuple):
    """A rule as reporters and rule selection see it.

    ``severity`` gives the level for each target; None means the rule is off there. ``kinds`` are the kinds of document that it applies to,
    ``docs`` is Markdown, ``links`` are addresses.
    """

    id: str
    title: str
    severity: Mapping[Target, Level | None]
    kinds: tuple[str, ...]
    tags: tuple[str, ...]
    docs: str
    links: tuple[str, ...]
    fixable: bool
    security_severity: str | None = None
    precision: Precision = "high"
    """How likely a finding of the rule is right, in GitHub's words."""
    category: str = ""
    """The name by which rules are selected together: the folder of a built-in rule, the part before the slash of another one."""
    pedantic: frozenset[Target] = frozenset()
    """The targets on which the rule gives an opinion, or advice that applies to almost every installation: it is checked when asked for."""
    controls: Mapping[str, str] = {}
    """The controls that it supports, by their ids, each with why; of a built-in rule only where a report shows them."""

    @property
    def level(self) -> Level:
        """The most severe level that the rule can have."""
        given = [level for level in self.severity.values() if level is not None]
        return min(given, key=LEVELS.index)


def level_on(severity: Mapping[Target, Level | None], target: Target | None) -> Level | None:
    """The level on a target; for an unknown target the milder one, so as not to overstate."""
    levels = severity.values() if target is None else [severity[target]]
    return max((level for level in levels if level is not None), key=LEVELS.index) if None not in levels else None


class Change(NamedTuple):
    """One step of a fix, independent of format: set the setting at ``path`` to ``value``, remove it, or move it to the path ``value``.

    A renamed setting keeps its value, and its place among others if only its last name changes. A setting that is stored again keeps it
    too: ``value`` is then the new type of its parameter.
    """

    action: Literal["set", "remove", "rename", "store"]
    path: SettingPath
    value: Any = None

    @property
    def paths(self) -> tuple[SettingPath, ...]:
        """The settings that it sets, removes or stores."""
        return (self.path, self.value) if self.action == "rename" else (self.path,)


class Stored(NamedTuple):
    """A parameter after a command; ``text`` is None if it is not known, and empty fields are unchanged."""

    name: str
    text: str | None
    type: str = ""
    tier: str = ""
    key_id: str = ""
    gone: bool = False


class Operation(NamedTuple):
    """One change to one parameter: as ``lines`` for a POSIX shell, and as data for a script, which takes more care.

    ``put`` writes ``text``, which is public; ``ask`` a value that the user enters, described by ``asks``; ``copy`` the value of ``source``;
    ``encrypt`` its own value as a SecureString; ``delete`` deletes it. ``source`` is the parameter that a value is taken from, which the
    same fix deletes, and ``source_is_public`` whether its value is. ``type`` is the type to write: ``same`` is that of the parameter, or of
    ``source``, and ``kept`` says that the value is there already. ``region`` is the region of the parameter, if known. ``dump`` is what the
    dump says about the parameter, to detect changes since, in the words of ``fix_script.sh``, and ``accounts`` are those of the dump.
    Nothing in here is secret.
    """

    action: Literal["put", "ask", "copy", "encrypt", "delete"]
    name: str
    lines: tuple[str, ...]
    dump: tuple[str, ...]
    region: str | None = None
    accounts: tuple[str, ...] = ()
    type: str = "same"
    text: str = ""
    source: str = ""
    source_is_public: bool = False
    asks: str = ""


class Command(NamedTuple):
    """A part of a fix for a store, where there is no file to edit: operations, each of which needs those before it to succeed.

    ``leaves`` is what is in the store afterwards, which may be secret and is never reported.
    """

    operations: tuple[Operation, ...]
    leaves: tuple[Stored, ...] = ()

    @property
    def printed(self) -> tuple[str, ...]:
        """The lines as one list for a shell, which stops at the first that fails, even when pasted.

        The first lines stop it if a variable is not set. If there are several values, each has its own variable.
        """
        asked = [one for one in self.operations if one.asks]
        lines: list[str] = []
        tests: list[str] = []
        for one in self.operations:
            variable = f"VALUE_{len(tests) + 1}" if len(asked) > 1 else "VALUE"
            if one.asks:
                tests.append(f': "${{{variable}:?{one.asks}}}"')
            lines += [line.replace('"$VALUE"', f'"${variable}"', 1) if one.asks else line for line in one.lines]
        lines = [*tests, *lines]
        return (*(f"{line} && \\" for line in lines[:-1]), *lines[-1:])


class Fix(NamedTuple):
    """Changes that would fix a finding.

    ``safe``: they do not change the meaning of anything else. ``description`` is one line for people, in which secrets are masked.
    ``edits`` make the changes in the text of the document, None if that is not possible; ``shown``: they contain nothing secret.
    ``commands`` make the changes in the store that the document is a dump of.
    """

    changes: tuple[Change, ...]
    safe: bool
    description: str
    edits: tuple[Edit, ...] | None = None
    shown: bool = False
    commands: tuple[Command, ...] | None = None
    without_mark: bool = False
    """Whether the file becomes UTF-8 without a byte order mark."""

    @property
    def can_be_made(self) -> bool:
        """Whether edits or commands make it; else the description tells the user what to do."""
        return self.edits is not None or self.commands is not None


class Related(NamedTuple):
    """Another place that a finding is about, such as the setting that this one should agree with."""

    document: Document
    path: SettingPath
    span: Span
    message: str


class Message(NamedTuple):
    """What is wrong, why it matters and what to do, each as a clause, and ``text``, the sentence that they make.

    ``also`` names further settings that it is about. ``stops``: it keeps the server from starting. Secrets are masked in all of it. Made by
    :func:`sentence`.
    """

    what: str
    text: str
    why: str = ""
    remedy: str = ""
    also: str = ""
    stops: bool = False

    def add(self, part: Literal["why", "remedy", "also"], clause: str, by: str = "; ") -> Message:
        """The message with one more clause at the end of its sentence, joined by ``by``; unchanged if the clause is empty."""
        if not clause:
            return self
        before: str = getattr(self, part)
        added: dict[str, Any] = {part: f"{before}; {clause}" if before else clause}
        return self._replace(text=f"{self.text}{by}{clause}", **added)

    def about(self, name: str) -> Message:
        """The message, preceded by the name of what it is about."""
        return self._replace(what=f"{name} {self.what}", text=f"{name} {self.text}")


def sentence(what: str, why: str = "", remedy: str = "", *, by: str = ": ", then: str = "; ", stops: bool = False) -> Message:
    """A message: what is wrong, why it matters (joined by ``by``), and what to do (joined by ``then``)."""
    return Message(what, what, stops=stops).add("why", why, by).add("remedy", remedy, then)


def as_message(says: str | Message) -> Message:
    """A message, or a text turned into one that only says what is wrong."""
    return Message(says, says) if isinstance(says, str) else says


class Identity(NamedTuple):
    """What identifies a finding when its place in the text changes: baselines, fingerprints and fixes are keyed by it."""

    rule: str
    uri: str
    kind: str
    environment: str | None
    path: SettingPath

    @property
    def setting(self) -> str:
        """The name of the setting, with ``*`` for list indexes: an item inserted at the start of a list makes no other finding new."""
        return dotted(members_as_one(self.path))


class Acceptance(NamedTuple):
    """What accepts the findings of a rule, and why; the fields that are given limit it to some of them.

    ``path`` is a glob, ``setting`` a dotted name in which ``*`` stands for any member of a list; an empty one is for findings about no
    setting. ``by`` is who accepts them, ``since`` the day on which they did, ``until`` the last day on which it counts. ``file``, relative
    to the current folder, and ``line`` are where it is written; the line is None if it is not known yet. ``source`` says what it is.
    """

    rule: str
    reason: str
    path: str | None = None
    setting: str | None = None
    environment: str | None = None
    by: str | None = None
    until: date | None = None
    since: date | None = None
    line: int | None = None
    file: str = ""
    source: AcceptedBy = "configuration"

    def days_left(self, today: date | None) -> int | None:
        """The days until its last one, negative afterwards; None if it has no end. ``today`` is the machine's if it is None."""
        return (self.until - (today or self.until.today())).days if self.until is not None else None

    def is_over(self, today: date | None) -> bool:
        """Whether its last day is over; ``today`` as above."""
        return (self.days_left(today) or 0) < 0

    @property
    def described(self) -> str:
        """The rule, and what it is limited to."""
        setting = f" at {self.setting}" if self.setting else ""
        path = f" in {self.path}" if self.path is not None else ""
        environment = f" (environment {self.environment})" if self.environment is not None else ""
        return f"{self.rule}{setting}{path}{environment}"


class Finding(NamedTuple):
    """Something wrong at one place: the id of the rule, what it ``says``, and the place in a document.

    ``path`` is None if it is not about a setting, and ``part`` is the part of the setting at ``span``. ``acceptance`` is what accepts it,
    None if nothing does. ``holders`` are the holders of :class:`Document` that it applies to; None for all of them. ``case`` is the index
    of the rule's case that found it.
    """

    rule: str
    severity: Level
    says: Message
    document: Document
    path: SettingPath | None
    span: Span
    fix: Fix | None = None
    acceptance: Acceptance | None = None
    related: tuple[Related, ...] = ()
    holders: tuple[tuple[str, str], ...] | None = None
    part: Part = "value"
    case: int = 0

    @property
    def message(self) -> str:
        """The message, in one sentence."""
        return self.says.text

    @property
    def suppressed(self) -> str | None:
        """The reason why it is accepted; None if it is not."""
        return self.acceptance.reason if self.acceptance is not None else None

    @property
    def accepted_by(self) -> AcceptedBy | None:
        """What accepts it; None if nothing does."""
        return self.acceptance.source if self.acceptance is not None else None

    @property
    def commands(self) -> tuple[Command, ...]:
        """The commands that fix it."""
        return (self.fix.commands or ()) if self.fix is not None else ()

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The operations of these commands."""
        return tuple(one for command in self.commands for one in command.operations)

    @property
    def severity_rank(self) -> int:
        """Its rank in a sort by severity: 0 for an error that keeps the server from starting, then by level."""
        return 0 if self.severity == "error" and self.says.stops else 1 + LEVELS.index(self.severity)

    @property
    def held_by(self) -> tuple[tuple[str, str], ...]:
        """What it applies to, for people: if services share a file, perhaps only one of them."""
        return self.document.holders if self.holders is None else self.holders

    @property
    def identity(self) -> Identity:
        """What it is about, independent of its position in the file."""
        return Identity(self.rule, self.document.uri, self.document.kind, self.document.environment, self.path or ())

    @property
    def is_missing(self) -> bool:
        """Whether it is about a setting that is not given, so that its place is only what lacks it."""
        if not self.path or self.document.get(self.path) is not ABSENT:
            return False
        return self.span == self.document.locate((*self.path[:-1], "\0"))  # a name that no document has


class FileStatus(NamedTuple):
    """What happened to one document of one input; ``environment`` and ``holders`` are those of the document.

    ``status``: ``checked``; ``ignored`` (recognised as something else, or as nothing); ``failed`` (it could not be read). ``note`` says
    more in a few words, for people. ``server`` is the server it was checked against; None if it was not checked.
    """

    path: str
    kind: str | None
    environment: str | None
    target: Target | None
    status: Literal["checked", "ignored", "failed"]
    note: str = ""
    server: ServerVersion | None = None
    holders: tuple[tuple[str, str], ...] = ()


class Deployment(NamedTuple):
    """Documents that configure one server, and so were checked against each other. ``name`` is the environment's, if known."""

    name: str | None
    documents: tuple[Document, ...]


class Configuration(NamedTuple):
    """A configuration file that affected a run, and what it removed from the run.

    ``path`` is relative to the current folder; ``named``: the command line names it, it was not just found. ``rules_off`` are the ids of
    the rules that would have been checked without it; ``excluded`` counts the files and folders that a search skipped for it;
    ``accepted`` counts the findings it accepts; ``fail_on`` is its threshold for the exit code, None if it has none or the command line
    overrides it.
    """

    path: str
    named: bool
    rules_off: tuple[str, ...]
    excluded: int
    accepted: int
    fail_on: str | None


NoticeKind = Literal[
    "expired-acceptance",
    "expiring-acceptance",
    "unused-acceptance",
    "stale-baseline",
    "unused-pattern",
    "unread-block",
    "not-asked",
]


class Notice(NamedTuple):
    """Something to tidy up in the configuration of a run, or to know about a file that is not read; not a finding.

    ``path`` is relative to the current folder.
    """

    kind: NoticeKind
    path: str
    line: int | None
    message: str

    @property
    def text(self) -> str:
        """Where it is and what to do, in one line."""
        return f"{self.path}:{self.line}: {self.message}" if self.line is not None else f"{self.path}: {self.message}"


Status = Literal["found", "undecided", "checked", "off", "not-applicable"]


class RuleStatus(NamedTuple):
    """The status of a rule on a document, and the reason in words. See docs/auditors.md."""

    status: Status
    why: str


class RuleCoverage(NamedTuple):
    """Each status of a rule in a run, the most important first, with the number of documents."""

    rule: RuleInfo
    statuses: tuple[tuple[RuleStatus, int], ...]


class Digest(NamedTuple):
    """A SHA-256 digest in hexadecimal digits, ``of`` the ``content`` of a file, or of its ``masked content`` if anything is hidden."""

    of: str
    sha256: str


class Record(NamedTuple):
    """What a report records besides its findings: the coverage of each rule, sorted by id, and what the run depends on.

    ``options`` are those in force, each group with the paths of the files; ``data`` is the SHA-256 digest of the built-in rules and
    settings; ``now`` is the time that the caller gives, in ISO 8601. ``digests`` reads whole files, and is called only to show it.
    """

    rules: tuple[RuleCoverage, ...] = ()
    options: tuple[tuple[Mapping[str, Any], tuple[str, ...]], ...] = ()
    digests: Callable[[], Mapping[Document, Digest]] = dict
    data: str = ""
    now: str | None = None


class Result(NamedTuple):
    """A whole run, in reporting order."""

    version: str
    files: tuple[FileStatus, ...]
    documents: tuple[Document, ...]
    findings: tuple[Finding, ...]
    rules: Mapping[str, RuleInfo]
    """Every rule that was checked, by id, in order of the ids."""
    deployments: tuple[Deployment, ...] = ()
    configurations: tuple[Configuration, ...] = ()
    notices: tuple[Notice, ...] = ()
    hidden: Mapping[Level, int] = {}
    """How many findings are left out because they are less severe than requested."""
    controls: Mapping[str, Control] = {}
    """The catalogue of controls, for a report that shows them."""
    record: Callable[[], Record] = Record
    """What a report records besides the findings; computed only for the reports that show it."""


class Style(NamedTuple):
    """How a report for people looks: with ``color`` (ANSI), and ``quiet``: only findings. Machine formats have no style.

    ``width`` is the width of the terminal, which excerpts must fit, and which shows standard error too; 0 if there is none. ``links``:
    names of rules are hyperlinks (OSC 8). ``statistics``: a table of the rules; None leaves it to the format. ``category`` is the SARIF
    category for GitHub, empty if its upload sets one. ``suppressed``: formats that can express accepted findings report them too.
    ``before`` is the size in bytes of what the file has already: a format with a limit is shortened to fit behind it.
    """

    color: bool = False
    quiet: bool = False
    width: int = 0
    links: bool = False
    statistics: bool | None = None
    category: str = ""
    suppressed: bool = False
    before: int = 0


def prefixes(path: SettingPath) -> Iterator[SettingPath]:
    """The paths of the parents of a setting, the outermost first, and its own."""
    return (path[:length] for length in range(1, len(path) + 1))


def moved(path: SettingPath, names: Mapping[SettingPath, SettingPath]) -> SettingPath:
    """The path of a setting after the objects above it, or it itself, get other ``names``."""
    above = next((one for one in prefixes(path) if one in names), ())
    return (*names[above], *path[len(above) :]) if above else path


def dotted(path: Iterable[str | int]) -> str:
    """A dotted name as people write it: ``externalAuthProviders.0.issuer``; one with a dot or an outer blank, or none, is quoted."""
    return ".".join(_step(step) for step in path)


def members_as_one(path: SettingPath) -> tuple[str, ...]:
    """A path with ``*`` in place of each list index, as the catalogue names settings."""
    return tuple("*" if isinstance(step, int) else step for step in path)


def _step(step: str | int) -> str:
    if isinstance(step, str) and ("." in step or not step or step != step.strip()):
        return f'"{step}"'
    return str(step)
