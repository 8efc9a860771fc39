"""The types that every other module speaks: documents, rules, findings, results.

All but a document are immutable, and this module imports nothing of ours but :mod:`linter.text` and :mod:`linter.release`, so that a
reporter can be written against the three alone.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping

from .release import ANY_SERVER, ServerVersion
from .text import Edit, Excerpt, Piece, Position, Span, Text
from .typed import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from datetime import datetime

    from .memo import Memo
    from .typed import TypedDict, Unpack

    class _More(TypedDict, total=False):
        """What a source can give a document beside its content; see :class:`Document`."""

        environment: str | None
        complete: bool
        target: Target | None
        members: Mapping[str, Document]
        given: tuple[tuple[SettingPath, Any], ...] | None
        server: ServerVersion
        parts: Parts | None
        holders: tuple[tuple[str, str], ...]
        trusts: bool
        is_filled: Callable[[], bool] | None


T = TypeVar("T")
Key = TypeVar("Key")

Level = Literal["error", "warning", "note"]
Target = Literal["production", "development"]
Part = Literal["value", "key", "type", "tier"]
"""What of a setting a place points at: its value, its name, or a fact that its source gives beside it."""
SettingPath = tuple[str | int, ...]
"""Where a setting stands: ``("database", "ssl", "ca")``, ``("externalAuthProviders", 0, "issuer")``."""

Fact = str | int | float
"""What a rule may ask of a setting beside its value (``path@fact``)."""

LEVELS: Final[tuple[Level, ...]] = ("error", "warning", "note")
AcceptedBy = Literal["comment", "configuration", "baseline"]
"""Where it is said that a finding is accepted."""
Precision = Literal["very-high", "high", "medium", "low"]
TARGETS: Final[tuple[Target, ...]] = ("production", "development")


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
"""What was meant by a setting is that it is not given."""


def is_same(left: Any, right: Any) -> bool:
    """Equality as JSON means it: ``true`` is not ``1``, ``1`` is ``1.0``. A loop, for values can be nested without end."""
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


class Origin(Protocol):
    """How a document finds its way back to the text; the source that loaded the document provides it."""

    def locate(self, path: SettingPath, part: Part) -> Span:
        """Where the setting stands; for one that is absent the first character of what lacks it. Never fails."""

    def facts(self, path: SettingPath) -> Mapping[str, Fact]:
        """What the source knows beside the value, such as the ``type`` and ``tier`` of this setting's own parameter."""

    def excerpt(self, path: SettingPath | None, span: Span) -> Excerpt:
        """The line on which the span of a finding about ``path`` starts, with all that may be secret masked."""

    def pieces(self, part: Span) -> Iterator[Piece]:
        """A part of one line, cut into pieces without gaps, each masked unless its own line shows that it is public."""


def _fact(document: Document, path: SettingPath, name: str) -> Fact | None:
    return document.origin.facts(path).get(name)


def is_complete(document: Document) -> bool:
    """Whether the input shows the whole configuration, for :meth:`Document.ask`."""
    return document.complete


class Parts(Protocol):
    """What a document is the sum of that is written in several places, each with a document of its own: its text, and what it gives."""

    @property
    def documents(self) -> tuple[Document, ...]:
        """The documents of the places; the first one is where what is missing would be written."""

    @property
    def layers(self) -> tuple[Document, ...]:
        """The documents of the sources that a start argument names, each over those before; none where one source holds it all."""

    def layer(self, path: SettingPath) -> Document:
        """The source whose value of a setting counts, or of what holds it; the first one where none gives it."""

    def giver(self, path: SettingPath, part: Part) -> Document:
        """The one that gives a setting, or says a fact of it; the first one where none does."""

    def givers(self, path: SettingPath) -> tuple[Document, ...]:
        """Each that gives a setting, what holds it, or something in it, also where another one of them overrides it."""


class Document:
    """One configuration as the server would hold it, and the way back to where it is written.

    ``data`` is a tree of dict, list and scalars; values are as the server sees them after its loader; ``UNKNOWN`` stands for a value
    that cannot be read. ``complete`` is False when the input shows only a part of the configuration (one parameter, one page).
    ``uri`` is the path as the user gave it, with forward slashes. ``target`` is None where nothing shows it.
    ``server`` is the server that it is for: ``data`` is what that one makes
    of what is written. ``now`` is the time to check certificates at; None is the machine's
    clock. ``members`` are the documents that this one is made of, by the first
    step of their paths here; an ordinary document has none. ``given`` are the entries of a source that is a flat list of names, in
    their order, each with its text, or ``UNKNOWN`` where that cannot be read; None where ``data`` is what is written.

    ``parts`` are the places where a sum is written (:meth:`written_in`). ``holders`` are what in a file it configures, for people: pairs
    such as ``("service", "server")``; of a part of sums those of all of them. Without any it is called by its ``environment``.
    Where there are some ``environment`` is none: it only tells the document from others in its file. ``contained``: it is that of a
    container whose surroundings are known (:mod:`linter.documents.workload`). ``trusts``: a variable beside it may have Node.js trust other
    authorities than its own. ``is_filled`` says whether a program is known to replace the references in it; None where that is not asked.
    """

    environment: str | None = None
    complete: bool = True
    target: Target | None = "production"
    members: Mapping[str, Document] = {}
    given: tuple[tuple[SettingPath, Any], ...] | None = None
    server: ServerVersion = ANY_SERVER
    parts: Parts | None = None
    holders: tuple[tuple[str, str], ...] = ()
    contained: bool = False
    trusts: bool = False
    is_filled: Callable[[], bool] | None = None
    now: datetime | None = None
    memo: Memo | None = None
    """Notes what is asked, while rules run."""

    def __init__(self, uri: str, kind: str, text: Text, data: dict[str, Any], origin: Origin, **more: Unpack[_More]) -> None:
        self.uri = uri
        self.kind = kind
        self.text = text
        self.data = data
        self.origin = origin
        self._cached: dict[str, Any] = {}
        self.__dict__.update(more)

    @property
    def layers(self) -> tuple[Document, ...]:
        """The sources of what the server holds, each over those before: the document itself, unless a start argument names several."""
        return (self.parts.layers if self.parts is not None else ()) or (self,)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of its sources."""
        return tuple(layer.kind for layer in self.layers) if self.parts is not None else (self.kind,)

    def layer(self, path: SettingPath) -> Document:
        """The source whose value of a setting counts: see :meth:`Parts.layer`."""
        return self if self.parts is None or not self.parts.layers else self.parts.layer(path)

    def ask(self, question: Callable[..., T], *about: Hashable) -> T:
        """What a function works out of this document and further arguments; a rule asks so for all that :meth:`get` does not answer."""
        if self.memo is not None:
            self.memo.note((question, *about))
        return question(self, *about)

    def fact(self, path: SettingPath, name: str) -> Fact | None:
        """What the source says of a setting beside its value, such as its ``type``; None where it says nothing."""
        return self.ask(_fact, path, name)

    def cached(self, name: str, make: Callable[[], Any], *, noted: bool = False) -> Any:
        """What ``make`` returns for this document, worked out once and kept under a name.

        The memo does not see what it depends on, unless the caller has that ``noted``.
        """
        if not noted and self.memo is not None:
            self.memo.note_untraced()
        if name not in self._cached:
            self._cached[name] = make()
        return self._cached[name]

    def get(self, path: SettingPath) -> Any:
        """The value at a path; ``ABSENT`` when it is not given; ``UNKNOWN`` when it, or what would hold it, cannot be known.

        A step into a value of the wrong type (``database.host`` where ``database`` is a string) is unknown, not absent, so that one
        mistake is reported once.
        """
        node: Any = self.data
        for step in path:
            node = child(node, step)
            if node is ABSENT or node is UNKNOWN:
                return node
        return node

    def owner(self, path: SettingPath) -> tuple[Document, SettingPath]:
        """The document that holds a setting, and the setting's path there: this one, or one of its members."""
        member = self.members.get(str(path[0])) if path else None
        return (self, path) if member is None else (member, path[1:])

    def written_in(self, path: SettingPath, part: Part = "value") -> tuple[Document, SettingPath]:
        """The document in whose text a setting stands, and the setting's path there: as :meth:`owner`, and of a sum one of its parts."""
        document, path = self.owner(path)
        return (document if document.parts is None else document.parts.giver(path, part)), path

    def locate(self, path: SettingPath, part: Part = "value") -> Span:
        """The place of a setting in the text that :meth:`written_in` names; see :meth:`Origin.locate`."""
        return self.origin.locate(path, part)

    def position(self, offset: int) -> Position:
        """The line and column of a character of the text."""
        return self.text.position(offset)


def gathered(pairs: Iterable[tuple[Key, T]]) -> dict[Key, list[T]]:
    """All values of each key, in the order in which they come."""
    groups: dict[Key, list[T]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups


def child(node: Any, step: str | int) -> Any:
    """One step down the tree: a member, a list item, ``ABSENT``, or ``UNKNOWN`` below a value that can have none."""
    if isinstance(node, dict):
        return node.get(step, ABSENT)
    if isinstance(node, list):
        if isinstance(step, int):
            return node[step] if 0 <= step < len(node) else ABSENT
        return UNKNOWN
    return ABSENT if node is ABSENT else UNKNOWN


class RuleInfo(NamedTuple):
    """A rule as reporters and choices of rules know it. ``severity`` gives the level for each target; None means the rule is off there.

    ``kinds`` are the kinds of document that it is for, ``docs`` is Markdown, ``links`` are addresses.
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
    """What rules are chosen by together: the folder of a built-in rule, the name in front of the slash of another one."""
    pedantic: frozenset[Target] = frozenset()
    """The targets on which the rule gives an opinion, or advice that applies to almost every installation: it is checked when asked for."""
    formerly: tuple[str, ...] = ()
    """The ids that it had, or that were made part of it."""

    @property
    def level(self) -> Level:
        """The gravest level that the rule can have."""
        given = [level for level in self.severity.values() if level is not None]
        return min(given, key=LEVELS.index)


def level_on(severity: Mapping[Target, Level | None], target: Target | None) -> Level | None:
    """The level on a target; where that is not known the milder one, so that no more is said than is true of both."""
    levels = severity.values() if target is None else [severity[target]]
    return max((level for level in levels if level is not None), key=LEVELS.index) if None not in levels else None


class Change(NamedTuple):
    """One step of a fix, free of any format: set the setting at ``path`` to ``value``, remove it, or give it the path ``value``.

    A setting that is renamed keeps its value, and its place among others where only its last name changes. One that is stored again keeps
    it too: ``value`` is the type that its parameter is to have.
    """

    action: Literal["set", "remove", "rename", "store"]
    path: SettingPath
    value: Any = None


class Stored(NamedTuple):
    """What a command leaves of a parameter; ``text`` is None where it is not known, and what is empty is left as it is."""

    name: str
    text: str | None
    type: str = ""
    tier: str = ""
    key_id: str = ""
    gone: bool = False


class Operation(NamedTuple):
    """What is done to one parameter: as ``lines`` for a POSIX shell, and as data for a script, which does it with more care.

    ``put`` writes ``text``, which is public; ``ask`` what a person gives, which ``asks`` describes; ``copy`` the value of ``source``;
    ``encrypt`` its own value as a SecureString; ``delete`` deletes it. ``source`` is the parameter that a value comes out of, which the
    same fix deletes, and ``source_is_public`` whether its value is. ``type`` is the type to write: ``same`` is that of the parameter, or
    of ``source``, and ``kept`` says that the value is there already. ``region`` is where it is, if that is known. ``dump`` is what the dump
    says of the parameter, to tell whether that has changed since, in the words of ``fix_script.sh``, and ``accounts`` are those of the
    dump. Nothing in here is secret.
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
    """What makes a part of a fix where no file is to be edited: operations, each of which needs that those before it have done their work.

    ``leaves`` is what is in the store afterwards, which may be secret and is never reported.
    """

    operations: tuple[Operation, ...]
    leaves: tuple[Stored, ...] = ()

    @property
    def printed(self) -> tuple[str, ...]:
        """The lines as one list for a shell, which stops at the first that fails, also where a person pastes it.

        The first lines stop it where a variable is not set. Of several values each has a variable of its own.
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
    """Changes that would put a finding right. ``safe``: they keep the meaning of all else.

    ``description`` is one line for people, in which secrets are masked. ``edits`` are what would make the changes in the text of the
    document, None where nothing can; ``shown``: nothing in them is secret. ``commands`` make the changes in the store that the document is
    a dump of.
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
        """Whether anything here makes it; else the description says what a person is to do."""
        return self.edits is not None or self.commands is not None


class Related(NamedTuple):
    """Another place that a finding is about, such as the setting that the one in question should agree with."""

    document: Document
    path: SettingPath
    span: Span
    message: str


class Message(NamedTuple):
    """What is wrong, why that matters and what to do, each as a clause, and the one sentence that they make: ``text``.

    ``also`` names further settings that it is about. ``stops``: because of it the server does not start. Secrets are masked in all of it.
    :func:`sentence` makes one.
    """

    what: str
    text: str
    why: str = ""
    remedy: str = ""
    also: str = ""
    stops: bool = False

    def add(self, part: Literal["why", "remedy", "also"], clause: str, by: str = "; ") -> Message:
        """The message with one more clause at the end of its sentence, joined by ``by``; the same message if the clause is empty."""
        if not clause:
            return self
        before: str = getattr(self, part)
        added: dict[str, Any] = {part: f"{before}; {clause}" if before else clause}
        return self._replace(text=f"{self.text}{by}{clause}", **added)

    def about(self, name: str) -> Message:
        """The message behind the name of what it is about."""
        return self._replace(what=f"{name} {self.what}", text=f"{name} {self.text}")


def sentence(what: str, why: str = "", remedy: str = "", *, by: str = ": ", then: str = "; ", stops: bool = False) -> Message:
    """A message: what is wrong, why that matters (joined by ``by``), and what to do (joined by ``then``)."""
    return Message(what, what, stops=stops).add("why", why, by).add("remedy", remedy, then)


def as_message(says: str | Message) -> Message:
    """A message, or a text as one that only says what is wrong."""
    return Message(says, says) if isinstance(says, str) else says


class Identity(NamedTuple):
    """What identifies a finding while its place in the text changes: baselines, fingerprints and fixes are made with it."""

    rule: str
    uri: str
    kind: str
    environment: str | None
    path: SettingPath

    @property
    def setting(self) -> str:
        """The name of the setting, with ``*`` for any member of a list: one more at its start makes no other one new."""
        return dotted(members_as_one(self.path))


class Finding(NamedTuple):
    """Something wrong at one place: the id of the rule, what it ``says``, and the place in a document.

    ``path`` is None when it is about no setting, and ``part`` is what of that stands at ``span``. ``suppressed`` is the reason why it is
    accepted, None where it is not, and ``accepted_by`` is what says so. ``holders`` are those of :class:`Document` of which it is true;
    None where it is of all of them. ``case`` is the case of its rule that found it, by its number.
    """

    rule: str
    severity: Level
    says: Message
    document: Document
    path: SettingPath | None
    span: Span
    fix: Fix | None = None
    suppressed: str | None = None
    related: tuple[Related, ...] = ()
    accepted_by: AcceptedBy | None = None
    holders: tuple[tuple[str, str], ...] | None = None
    part: Part = "value"
    case: int = 0

    @property
    def message(self) -> str:
        """What it says, in one sentence."""
        return self.says.text

    @property
    def commands(self) -> tuple[Command, ...]:
        """The commands that fix it."""
        return (self.fix.commands or ()) if self.fix is not None else ()

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What these do."""
        return tuple(one for command in self.commands for one in command.operations)

    @property
    def gravity(self) -> int:
        """How far down it stands among others: 0 for an error that keeps the server from starting, then by severity."""
        return 0 if self.severity == "error" and self.says.stops else 1 + LEVELS.index(self.severity)

    @property
    def held_by(self) -> tuple[tuple[str, str], ...]:
        """What it is true of, for people: of the services that have a file in common perhaps only one."""
        return self.document.holders if self.holders is None else self.holders

    @property
    def identity(self) -> Identity:
        """What it is about, wherever in its file that stands."""
        return Identity(self.rule, self.document.uri, self.document.kind, self.document.environment, self.path or ())

    @property
    def is_missing(self) -> bool:
        """Whether it is about a setting that is not given, so that its place is only what lacks it."""
        if not self.path or self.document.get(self.path) is not ABSENT:
            return False
        return self.span == self.document.locate((*self.path[:-1], "\0"))  # where a name stands that no document has


class FileStatus(NamedTuple):
    """What became of one document of one input; ``environment`` and ``holders`` are those of the document.

    ``status``: ``checked``; ``ignored`` (recognised as something else, or as nothing); ``failed`` (it could not be read).
    ``note`` says more in a few words, for people. ``server`` is the server that it was checked against; None where it was not checked.
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
    """Documents that configure one server, and so were checked against each other. ``name`` is that of the environment, if known."""

    name: str | None
    documents: tuple[Document, ...]


class Configuration(NamedTuple):
    """A configuration file that counted in a run, and what of the run it took away.

    ``path`` is relative to the current folder; ``named``: the command line names it, it was not just found. ``rules_off`` are the ids of
    the rules that would have been checked without it; ``excluded`` is how many files and folders a search passed over for it;
    ``fail_on`` is what it says of the exit code, None where it says nothing or the command line says otherwise; ``accepted`` is how many
    findings it accepts.
    """

    path: str
    named: bool
    rules_off: tuple[str, ...]
    excluded: int
    fail_on: str | None
    accepted: int = 0


NoticeKind = Literal["expired-acceptance", "unused-acceptance", "stale-baseline", "unused-pattern", "unread-block", "older-policy"]


class Notice(NamedTuple):
    """Something to tidy up in what configures a run, or to know of what is not read; no finding. ``path`` is from the current folder."""

    kind: NoticeKind
    path: str
    line: int | None
    message: str

    @property
    def text(self) -> str:
        """Where it is and what is to be done, in one line."""
        return f"{self.path}:{self.line}: {self.message}" if self.line is not None else f"{self.path}: {self.message}"


class Result(NamedTuple):
    """A whole run, in the order in which it is reported."""

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
    """How many findings are left out for being less severe than asked for."""


class Style(NamedTuple):
    """How a report for people looks: with ``color`` (ANSI), and ``quiet``: only findings. Formats for machines have no style.

    ``width`` is that of the terminal, in which the lines of excerpts fit, and on which standard error is seen too; 0 where there is none.
    ``links``: names of rules are hyperlinks (OSC 8). ``statistics``: a table of the rules; None leaves it to the format.
    ``category`` is what GitHub is to know a SARIF log by, empty where its upload says so. ``suppressed``: formats that have a word for
    accepted findings report them too. ``room`` is how many bytes there are for a format that is shortened to fit; None is its own limit.
    """

    color: bool = False
    quiet: bool = False
    width: int = 0
    links: bool = False
    statistics: bool | None = None
    category: str = ""
    suppressed: bool = False
    room: int | None = None


def dotted(path: Iterable[str | int]) -> str:
    """The name of a setting as people write it: ``externalAuthProviders.0.issuer``; a key that holds a dot or nothing is quoted."""
    return ".".join(_step(step) for step in path)


def members_as_one(path: SettingPath) -> tuple[str, ...]:
    """A path with ``*`` in the place of each number of a list's member, as the catalogue names settings."""
    return tuple("*" if isinstance(step, int) else step for step in path)


def _step(step: str | int) -> str:
    if isinstance(step, str) and ("." in step or not step):
        return f'"{step}"'
    return str(step)
