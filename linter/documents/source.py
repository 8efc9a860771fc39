"""The interface of sources: their input and their output."""

from __future__ import annotations

import os.path
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from enum import IntEnum
from functools import cached_property, wraps
from pathlib import Path

from ..files import LARGEST_CONFIGURATION, STANDARD_INPUT, Unreadable, identity, is_within, read_regular
from ..model import Change, Command, Document, Message, SettingPath, Stored
from ..release import ANY_SERVER, Release, ServerVersion
from ..syntax.json import parse_json
from ..syntax.places import NOTHING, Json
from ..text import Edit, Edits, Span, Text
from ..typed import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from ..syntax.yaml import Yaml

Value = TypeVar("Value")
OfFile = TypeVar("OfFile", bound="Callable[[SourceFile], Any]")
_LOOKED_AT = 20_000
"""The number of characters that are tested for signs of a binary file."""
_MOST_ABOVE = 20
"""The maximum number of parent folders that are searched."""
_BY_MARK = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
"""The encodings of files that begin with one of these marks, as PowerShell writes them; every other file is read as UTF-8."""


class Nearby(NamedTuple):
    """A file of a run, and how to read it, which may fail."""

    path: Path
    read: Callable[[], bytes | None]


class Cached:
    """Something with results that are computed once and kept under a name."""

    @cached_property
    def _results(self) -> dict[object, Any]:
        return {}

    def cached(self, name: object, make: Callable[[], Value]) -> Value:
        """The result of ``make``, computed when it is first asked for."""
        if name not in self._results:
            self._results[name] = make()
        value: Value = self._results[name]
        return value


class Surroundings(Cached):
    """The files around each file of a run, by their paths in the report, read for the same server.

    ``inputs`` are read again on demand, so that they are not all held at once. Another file is read only if a source asks for its path, and
    if it is an ordinary file, small, and not ``excluded``. ``found`` are these files.

    The author of a file may not be the user who runs the check. So files that a file names are read only within its repository: the nearest
    folder above it with ``.git``, or its own folder if there is none. Files that a source looks for by itself are read within the
    repository of the folder it looks in, so that no link leads out of that. An input is read wherever it is.
    """

    def __init__(self, inputs: Mapping[str, Nearby] = {}, excluded: Callable[[Path], bool] = lambda _path: False) -> None:
        self._excluded = excluded
        self._inputs = inputs
        self._paths = {uri: str(nearby.path) for uri, nearby in inputs.items()}
        self.found: dict[str, Path] = {}

    def find(self, file: SourceFile, path: str) -> SourceFile | None:
        """The file at a path relative to the folder of another one; None if there is none, or it cannot be read."""
        if not _can_be_found(file, path) or posixpath.isabs(path) or os.path.isabs(path):
            return None
        uri, on_disk = self._resolve(file, path)
        if self._is_outside(uri, on_disk, os.path.dirname(on_disk)):
            return None
        self._paths.setdefault(uri, on_disk)
        return file if uri == file.uri else self._file(uri, file.server)

    def first(self, file: SourceFile, paths: Iterable[str]) -> SourceFile | None:
        """The file at the first of these paths where there is one."""
        return next((found for path in paths if (found := self.find(file, path)) is not None), None)

    def find_named(self, file: SourceFile, path: str) -> SourceFile | None:
        """The same for a path that the file contains; None also if it leads outside the repository of that file."""
        return None if self.leads_out(file, path) else self.find(file, path)

    def near(self, file: SourceFile, folders: Iterable[str], name: re.Pattern[str]) -> Iterator[SourceFile]:
        """The files of some names in given folders relative to a file's folder, and to each folder above it in its repository."""
        for folder in (f"{above}{folder}" for above in map("../".__mul__, range(_MOST_ABOVE)) for folder in folders):
            if self.has_folder(file, folder or ".") and not self.leads_out(file, folder or "."):
                with suppress(OSError):
                    fitting = filter(name.fullmatch, sorted(os.listdir(self._resolve(file, folder)[1])))
                    yield from filter(None, (self.find_named(file, posixpath.join(folder, entry)) for entry in fitting))

    def has_folder(self, file: SourceFile, path: str) -> bool:
        """Whether there is a folder at a path relative to a file's."""
        return _can_be_found(file, path) and os.path.isdir(self._resolve(file, path)[1])

    def leads_out(self, file: SourceFile, path: str) -> bool:
        """Whether a path in a file leads outside its repository, and to no input; whether the target exists makes no difference."""
        if not _can_be_found(file, path):
            return False
        folder = os.path.dirname(self._paths.get(file.uri, file.uri))
        return self._is_outside(*self._resolve(file, path), folder)

    def given(self, file: SourceFile, *marks: str) -> Sequence[SourceFile]:
        """The files of the run that contain one of some texts, including the asking one."""
        marked = self.cached(("marked", marks), lambda: [uri for uri in self._inputs if self._has(uri, file, marks)])
        others = [file if uri == file.uri else self._file(uri, file.server) for uri in marked]
        known = [other for other in others if other is not None]
        return known if file in known else [*known, file]

    def _resolve(self, file: SourceFile, path: str) -> tuple[str, str]:
        """The path in the report, and the path on disk, of a file at a path relative to the folder of another one."""
        uri = posixpath.normpath(posixpath.join(posixpath.dirname(file.uri), path))
        on_disk = os.path.normpath(os.path.join(os.path.dirname(self._paths.get(file.uri, file.uri)), path))
        names = self.cached("names", self._names)
        return names.get(uri) or names.get(identity(on_disk)) or uri, on_disk

    def _names(self) -> dict[object, str]:
        """The inputs by identity, whatever their names."""
        return {key: uri for uri in self._inputs for key in (identity(self._paths[uri]), posixpath.normpath(uri)) if key is not None}

    def _is_outside(self, uri: str, on_disk: str, folder: str) -> bool:
        """Whether a file is outside the repository of a folder, and was not given itself: a given link may come from the repository."""
        if uri in self._inputs and not os.path.islink(self._paths[uri]):
            return False
        repository = self.cached(("repository", folder), lambda: _repository(folder))
        return not is_within(os.path.realpath(on_disk), repository)

    def _has(self, uri: str, file: SourceFile, marks: Iterable[str]) -> bool:
        data = file.text.content.encode() if uri == file.uri else self._inputs[uri].read()
        return data is not None and any(mark.encode() in data for mark in marks)

    def _file(self, uri: str, server: ServerVersion) -> SourceFile | None:
        def read() -> SourceFile | None:
            data = self._inputs[uri].read() if uri in self._inputs else self._beside(uri)
            return None if data is None else SourceFile(uri, data, server, self)

        return self.cached(("file", uri, server.release), read)

    def _beside(self, uri: str) -> bytes | None:
        path = Path(self._paths[uri])
        try:
            data = read_regular(path, LARGEST_CONFIGURATION)
        except Unreadable:
            return None
        if self._excluded(path):
            return None
        self.found[uri] = path
        return data


def _can_be_found(file: SourceFile, path: str) -> bool:
    """Standard input without a name is in no folder."""
    return file.uri != STANDARD_INPUT and bool(path) and "\0" not in path


def _repository(folder: str) -> str:
    """The nearest folder with ``.git`` at or above a folder; the folder itself if there is none."""
    real = Path(os.path.realpath(folder))
    return str(next((at for at in (real, *real.parents) if os.path.lexists(at / ".git")), real))


def folder_of(uri: str) -> str:
    """The real path of a file's folder, however it is written; as written if the current folder is gone."""
    folder = os.path.dirname(uri)
    try:
        return os.path.realpath(folder)
    except (OSError, ValueError):
        return folder


class SourceFile(Cached):
    """One input: its ``uri`` (a path with forward slashes, or the name of standard input), its text, its server, and its surroundings.

    ``part`` is the place of a file that is inside another one.
    """

    def __init__(
        self, uri: str, data: bytes | Text, server: ServerVersion = ANY_SERVER, around: Surroundings | None = None, part: int | None = None
    ) -> None:
        self.uri = uri
        self.part = part
        self.server = server
        self.around = around if around is not None else Surroundings(excluded=lambda _path: True)
        self.encoding_error: int | None = None
        if isinstance(data, Text):
            self.text = data
            return
        encoding = "utf-8" if data[2:4] == b"\0\0" else _BY_MARK.get(data[:2], "utf-8")  # two more bytes would make it UTF-32
        try:
            content = data.decode(encoding)
        except UnicodeDecodeError as error:
            # As Node.js reads it: a byte that is not UTF-8 becomes U+FFFD.
            self.encoding_error = len(data[: error.start].decode(encoding))
            content = data.decode(encoding, "replace")
        self.text = Text(content, encoding)
        if self.encoding_error is not None:
            self.encoding_error -= len(self.text.bom)

    @property
    def release(self) -> Release:
        """The release of the server whose loader reads it."""
        return self.server.release

    @property
    def is_binary(self) -> bool:
        """Whether this is UTF-16 or binary: not UTF-8, and with a NUL near its start."""
        return self.encoding_error is not None and "\0" in self.text.content[:_LOOKED_AT]

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.uri.rpartition("/")[2]

    @cached_property
    def json(self) -> Json:
        """The text parsed as JSON, once for all sources."""
        parsed = NOTHING if self.is_binary else parse_json(self.text.content)
        return NOTHING if parsed.is_bare and self.looks_like_yaml else parsed

    @property
    def only_looks_like_json(self) -> bool:
        """Whether the text is named as another format that can begin like JSON."""
        if self.json.intact:
            return False
        from .looks import called  # only for what is broken

        return bool(called(self.name))

    @property
    def is_meant_as_json(self) -> bool:
        """Whether the text is evidently JSON, perhaps with mistakes, judging by its beginning."""
        from .looks import looks_like_json  # only for what is broken

        return not self.only_looks_like_json and looks_like_json(self.text.content, is_named_so=self.name.endswith(".json"))

    def for_all_servers(self, name: str, make: Callable[[], Value]) -> Value:
        """The result of ``make`` for this file, whichever server it is read for, computed once in a run and kept under a name."""
        return self.around.cached((name, self.uri, self.text.content), make)

    @property
    def looks_like_yaml(self) -> bool:
        """Whether the text is to be parsed as YAML: by its name, else by its first lines. JSON is never parsed as YAML."""
        if self.text.content.lstrip()[:1] in ("{", "["):
            return self.name.endswith((".yaml", ".yml")) and not self.json.whole
        if self.name.endswith((".yaml", ".yml")):
            return True
        if self.name.endswith(".json"):
            return False
        from .looks import has_yaml_member

        return has_yaml_member(self.text.content)

    @cached_property
    def yaml(self) -> tuple[Yaml, ...]:
        """The YAML documents of the text, parsed once for all sources and servers; empty if it does not look like YAML."""
        if self.is_binary or not self.looks_like_yaml:
            return ()
        from ..syntax.yaml import parse_yaml  # no need to parse JSON as YAML

        content = self.text.content
        return self.for_all_servers("YAML", lambda: tuple(parse_yaml(content)))

    @property
    def documents(self) -> tuple[Json | Yaml, ...]:
        """The text as YAML if it looks like that, else as JSON: for a format that is written in both."""
        return self.yaml if self.looks_like_yaml else (self.json,)


def once_per_file(function: OfFile) -> OfFile:
    """Compute the result of a function of a file once for each file."""

    @wraps(function)
    def cached(file: SourceFile) -> Any:
        return file.cached(function, lambda: function(file))

    return cast("OfFile", cached)


class Repair(NamedTuple):
    """A fix for a problem: ``says`` describes it in a few words. It edits the text, or changes settings; the rule says if it is safe.

    ``edits`` gives the edits of the text, or None if there are none after all; ``changes`` are changes of settings. ``without_mark``: the
    file becomes UTF-8 without a byte order mark.
    """

    says: str
    edits: Callable[[], Sequence[Edit] | None] | None = None
    changes: tuple[Change, ...] = ()
    without_mark: bool = False


BESIDE: Final = ("object-beside-its-members", "overridden-members")
"""The problems of an object that is given beside its members: the server can stop at it, or one only overrides the other."""


class Problem(NamedTuple):
    """Something that a source itself finds wrong. The case of a rule that reports it has its ``name`` in ``found_by``.

    ``fatal``: the production reader of the configuration gets no further. ``lossy``: the text was not read completely, or not as it was
    meant, so that there may be more mistakes than were found. ``repair`` is a fix for it, if known.
    """

    name: str
    message: Message
    span: Span
    path: SettingPath | None = None
    fatal: bool = False
    lossy: bool = False
    repair: Repair | None = None


class Suppression(NamedTuple):
    """A suppression comment: it accepts findings of some rules at the characters of ``span``.

    ``place`` is the comment's own place; ``terms`` are the ``by``, ``until`` and ``since`` of :class:`linter.model.Acceptance` that it has.
    """

    span: Span
    rules: frozenset[str]
    reason: str
    place: Span
    terms: Mapping[str, Any] = {}


Editor = Callable[[Sequence[Change]], Edits]
"""Turns changes of a document's settings into edits of its text; returns None if that has side effects."""


Commander = Callable[[Sequence[Change]], "list[Command] | None"]
"""Turns changes of a dump's settings into commands for its store; returns None if there are none."""

Rewriter = Callable[[Iterable[Stored]], bytes]
"""Gives the dump, to be checked, that commands would lead to: bytes in place of this file's."""


Place = tuple[str, object]
"""The place that documents are made of: a file, and what tells it from others in it."""


class Unread(NamedTuple):
    """What is not read although it may contain settings of the server, and why: a block of a file, or a source that it names."""

    uri: str
    line: int | None
    why: str


class Image(NamedTuple):
    """A server image that a file names, as it is written, such as ``medplum/medplum-server:4.3.5``."""

    text: str
    is_servers: bool = False
    """Whether it is known to be a server's whatever its name, such as ``serverImage`` of the CDK."""
    where: str = ""
    """The file that contains it, if that is another one."""


class Started(NamedTuple):
    """How a server is started: its argument, how to find its files, and whether all of its variables are known.

    ``find`` takes an absolute path in the server's container, and returns None for a file that is not known. ``lacks`` tells whether there
    is certainly none. ``at`` is where the argument is written: the file, and the place in it; None if that is in no file.
    """

    argument: str
    find: Callable[[str], SourceFile | None] = lambda _path: None
    whole: bool = True
    working_folder: str = ""
    lacks: Callable[[str], bool] = lambda _path: False
    at: tuple[str, Span] | None = None


class Loaded(NamedTuple):
    """One document of a file. ``checkable`` is False if too little of it could be read for rules to check it.

    ``suppressions`` are those of the whole file, the same for all of its documents. ``anchors`` are values over several lines, in order,
    each with the place of its name: a suppression of a finding there applies to the value too. ``image`` is the image of the container that
    the document configures. ``editor`` turns fixes of the document into edits of its text; ``commander`` turns them into commands if it is
    a dump, since editing that would change nothing; ``rewriter`` gives the file that they would result in. ``hidden``: no value in it may
    be shown.

    ``places`` are the places that it is made of: a document made of only some of them is a part of this one, and not checked by itself. The
    document of a sum has ``parts``: the documents of its places, which have the mistakes in how each is written. ``started``: it is a
    server of its own, though another one of its file contains it too. ``start`` names the sources of the server, of which the document is
    the variables (:mod:`linter.deployment.servers`). ``of_text`` are the mistakes in the text of the file itself, which are reported with
    its first document. ``names`` are those of a secret in a vault, by which other documents refer to it.
    ``region`` is that of a parameter store, if its parameters say it.
    """

    document: Document
    problems: tuple[Problem, ...]
    checkable: bool = True
    suppressions: tuple[Suppression, ...] = ()
    anchors: tuple[tuple[Span, int], ...] = ()
    image: Image | None = None
    editor: Editor | None = None
    commander: Commander | None = None
    rewriter: Rewriter | None = None
    hidden: bool = False
    places: frozenset[Place] = frozenset()
    parts: tuple[Loaded, ...] = ()
    started: bool = False
    unread: tuple[Unread, ...] = ()
    start: Started | None = None
    of_text: tuple[Problem, ...] = ()
    names: tuple[str, ...] = ()
    region: str = ""

    def with_text(self) -> Loaded:
        """The document with the mistakes in the text of its file, if it becomes the first one."""
        return self.with_problems((*self.of_text, *self.texts[0].problems))

    def with_problems(self, problems: Iterable[Problem]) -> Loaded:
        """The document with these problems in place of those of its first text."""
        first, *others = self.texts
        first = first._replace(problems=tuple(problems))
        return self._replace(parts=(first, *others)) if self.parts else first

    def with_problems_in(self, uri: str, problems: Sequence[Problem]) -> Loaded:
        """The document with further problems of the first of its texts that is in a file."""
        here = next((text for text in self.texts if text.document.uri == uri), None)
        texts = tuple(text._replace(problems=(*text.problems, *problems)) if text is here else text for text in self.texts)
        return self._replace(parts=texts) if self.parts else texts[0]

    @property
    def texts(self) -> tuple[Loaded, ...]:
        """The documents of single texts: its parts, or itself."""
        return self.parts or (self,)

    def set_server(self, server: ServerVersion) -> None:
        """Set the server that the document, and its parts, are read for."""
        for part in (self, *self.parts):
            part.document.server = server


_MARKS_OF_IMAGES = (("medplum-server",), ("serverImage",), ("deployment", "image", "tag"))
"""Words, all of one row of which are in a file that names a server image."""


def may_name_images(file: SourceFile) -> bool:
    """Whether a file can name a server image: others need not be parsed for one (:mod:`linter.documents.containers.images`)."""
    content = file.text.content
    return not file.is_binary and any(all(word in content for word in words) for words in _MARKS_OF_IMAGES)


class Confidence(IntEnum):
    """How certain a source is about a file; the most certain source reads it, and among equals the first by name."""

    CERTAIN = 90
    """The file has the marks of another program's format (AWS, Terraform), which is unambiguous."""
    LIKELY = 80
    """It is structured like the format, and has settings that belong there."""
    PROBABLE = 65
    """It is structured like the format, which other formats resemble."""
    PLAUSIBLE = 60
    """Names in it are those of one thing only."""
    POSSIBLE = 50
    """Names in it are those of one thing, or of a rarer one."""
    WEAK = 40
    """It has the right name, or the right names in it; other things can have them too."""
    HINT = 30
    """One name suggests it."""
    EMPTY = 20
    """Only its name suggests it."""
    GUESS = 10
    """It cannot be read, and has the right name. A file below this confidence is not read unless it is named."""
    BROKEN = 9
    """It cannot be read, and has another name."""
    ANY = 8
    """Nothing speaks against it."""


class Recognised(NamedTuple):
    """A source's verdict on a file. ``kind`` is None if it recognises the file and leaves it alone.

    ``note`` says in a few words what the file is. The highest ``confidence`` of all sources wins. ``unread`` is why an expected part cannot
    be read (a dump without parameters, a truncated text), with the way out, and empty if nothing is wrong: a file of which nothing is read
    for such a reason is not left alone silently. ``partial``: it is a part of a configuration, and missing settings are elsewhere; unless
    the user says otherwise.
    """

    kind: str | None
    confidence: Confidence
    note: str = ""
    unread: str = ""
    partial: bool = False


class Source(Protocol):
    """One input format: the interface of each module of ``linter/sources``."""

    __name__: str

    @property
    def KINDS(self) -> tuple[str, ...]:
        """The kinds of document that it makes, such as ``server/json``."""

    @property
    def NAMES(self) -> tuple[str, ...]:
        """Globs of file names that a search of a folder looks for."""

    def detect(self, file: SourceFile) -> Recognised | None:
        """What the content of a file is; None if this source does not recognise it."""

    def load(self, file: SourceFile, kind: str) -> list[Loaded]:
        """The documents of a file, loaded as one of its kinds. A mistake in the text is a problem of theirs, never an exception."""
