"""``server/ssm``: what the AWS CLI prints of Parameter Store, as people save or pipe it: JSON, YAML, JSON Lines, or trimmed by ``--query``.

A parameter is called ``/medplum/{environment}/{setting}``, where the setting may be dotted; another path does as well, for it is an
argument of the server. One dump may hold several environments, and several dumps may stand in one file; each environment is a document
of its own.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import accumulate, groupby

from ..documents.parameter_documents import ParameterFile, lines_of, load_parameters
from ..documents.parameters import Environment, Given, Parameter, Parameters, Spot, Spots, environments, text_of, type_of
from ..documents.problems import broken_off
from ..documents.source import Confidence, Loaded, Recognised, SourceFile
from ..documents.variables_in_yaml import suppression_comments_of
from ..model import UNKNOWN, Part, Stored, sentence
from ..syntax.json import json_documents
from ..syntax.places import Json, JsonPath
from ..syntax.yaml import Yaml
from ..typed import Any, Final, NamedTuple

KINDS = ("server/ssm",)
MARKS = ("Parameter", "parameters", "PARAMETERS", '"/', '"\\/', "medplum/", "medplum\\/", "MEDPLUM/", "Medplum/")
NAMES = (
    "*ssm*.json",
    "*parameter*.json",
    "*medplum*.json",
    *(f"*{word}*.{end}" for word in ("ssm", "parameter") for end in ("yaml", "yml", "jsonl")),
)

_FIELDS: Final = {
    "name": ("Name", "name", "Key", "key", "n"),
    "value": ("Value", "value", "v"),
    "type": ("Type", "type", "t"),
    "tier": ("Tier", "tier"),
}
"""What the members of a parameter are called by AWS, and after people's ``--query 'Parameters[].{name: Name, …}'``."""
_AS_AWS: Final = {field: names[0] for field, names in _FIELDS.items()}
_PUBLIC_FIELDS: Final = frozenset(
    "Parameters InvalidParameters Parameter Name Type Version LastModifiedDate LastModifiedUser ARN DataType KeyId Tier NextToken "
    "name type tier Key key n t parameters invalidParameters parameter version lastModifiedDate arn dataType".split()
)
_OTHER_FIELDS: Final = frozenset({"Value", "value", "v", "Policies", "Description"})
_OF_AWS: Final = ("Version", "KeyId", "ARN", "LastModifiedDate")
"""Members of a parameter that nobody but AWS gives; the last two show that it is stored there."""
_USUAL: Final = frozenset(
    "Name Value Type Tier Version ARN KeyId LastModifiedDate LastModifiedUser DataType Description Policies AllowedPattern".split()
)
"""Members as AWS calls them: where there are no others, none is spelt otherwise."""
_MOST_DUMPS: Final = 20
"""Dumps of one environment at most that are held against another one: of more that differ nobody knows which belong together."""
_CONSEQUENCE: Final = sentence("what follows can be neither read nor checked", remedy="save the dump again")
_NAME: Final = re.compile(r"/(?<![\w:/.]/)[\w.-]+/")
"""What the name of a parameter with levels looks like. It begins with what is quick to look for."""
_NAME_OF_MEDPLUM: Final = re.compile(r"\bmedplum/", re.IGNORECASE)
_EMPTY: Final = re.compile(r"^Parameters:[ \t]*\[\]", re.MULTILINE)
"""An answer of AWS without any parameter, in YAML."""
_ANSWER: Final = frozenset({"parameters", "invalidparameters", "nexttoken", "responsemetadata"})
"""The members of such an answer, in lower case."""
_NOTHING_FOUND: Final = "AWS found no parameter at this path: names are case-sensitive, and each belongs to one account and region"
_NONE_OF_THESE: Final = "AWS found none of these parameters: names are case-sensitive, and each belongs to one account and region"
_NO_NAME: Final = "{} has no name that can be read: keep Name in the --query of the AWS CLI"
_NO_TEXT: Final = "the value of a parameter is not text here: give the output of the AWS CLI"
_NO_ANSWER: Final = "this is not a response of Parameter Store"


class _Run(NamedTuple):
    """Parameters that stand together in a document, with their names.

    ``steps`` lead from ``at`` to each of them, where ``items`` stand; without any ``items`` is the one parameter itself.
    """

    parsed: Json | Yaml
    names: Sequence[str]
    items: Any
    at: JsonPath
    steps: Sequence[int] | Sequence[str] | None
    read: Callable[[Json | Yaml, Any, JsonPath, bool], Parameter]

    def parameter(self, index: int, *, complete: bool) -> Parameter:
        """One of them; ``complete``: it was given together with all others of its path."""
        if self.steps is None:
            return self.read(self.parsed, self.items, self.at, complete)
        step = self.steps[index]
        return self.read(self.parsed, self.items[step], (*self.at, step), complete)


class _Loop(NamedTuple):
    """Parameters each of which is a document, as in JSON Lines: of those there can be more than of anything else."""

    names: list[str]
    documents: list[Json | Yaml]

    def parameter(self, index: int, *, complete: bool) -> Parameter:
        """See :meth:`_Run.parameter`."""
        parsed = self.documents[index]
        return _parameter(parsed, parsed.value, (), complete)


class _Dump(NamedTuple):
    runs: list[_Run]
    complete: bool
    missing: list[_Run] = []
    single: bool = False
    """Whether it is one parameter without anything around it, as in JSON Lines."""
    unread: str = ""
    """Why there is nothing in it, or why something in it cannot be read."""


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file is a dump that holds parameters of a Medplum server."""
    documents, given, unread = _read(file)
    if given is None:
        return None
    if given.environments:
        return Recognised("server/ssm", Confidence.CERTAIN, unread=unread)
    unread = unread or broken_off(file, *documents) or ("" if len(given.parameters) else _NONE_OF_THESE)
    return Recognised(None, Confidence.CERTAIN, "a Parameter Store dump without parameters of a Medplum server", unread)


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """One document for each environment of the dump; mistakes in the text are reported with the first.

    What other dumps of the run say of the same environment, such as the tiers in one of describe-parameters, is in the document of the
    first that has values.
    """
    read = _parameter_file(file)
    loaded = load_parameters(read, others=lambda environment: _others(file, environment))
    if not read.is_dump:
        return loaded
    return [one if one.parts else one._replace(rewriter=partial(_changed, read.given)) for one in loaded]


def _parameter_file(file: SourceFile) -> ParameterFile:
    read: ParameterFile = file.cached("parameter file", lambda: _read_parameters(file))
    return read


def _read_parameters(file: SourceFile) -> ParameterFile:
    documents, answer, _ = _read(file)
    given = answer or Given(Parameters.of(()))
    whole = all(parsed.intact if isinstance(parsed, Json) else parsed.whole for parsed in documents)
    lines = lines_of(file, _PUBLIC_FIELDS, _OTHER_FIELDS, given, whole=whole)
    comments = suppression_comments_of(file) if file.looks_like_yaml else None
    return ParameterFile(
        file,
        documents,
        given,
        lines,
        _CONSEQUENCE,
        suppressions=comments.suppressions if comments is not None else (),
        problems=tuple(comments.problems) if comments is not None else (),
        is_dump=whole,
    )


def _changed(given: Given, stored: Iterable[Stored]) -> bytes:
    """A dump of what is in the store after commands were run that leave some parameters there, in the form of AWS.

    It is there to be checked: what no check asks for is left out of it.
    """
    held = _Held(given)
    for one in stored:
        held.take(one)
    answers: list[dict[str, Any]] = [
        {"Parameters": [_as_printed(one) for one in run], **({} if complete else {"InvalidParameters": []})}
        for complete, run in groupby(held.parameters, key=lambda one: one.complete)
    ]
    if len(given.missing):
        part = next((answer for answer in answers if "InvalidParameters" in answer), None)
        if part is None:
            part = {"Parameters": []}
            answers.append(part)
        part["InvalidParameters"] = list(given.missing.names)
    return "\n".join(map(json.dumps, answers or [{"Parameters": []}])).encode()


class _Place:
    """A place in a list of parameters, which keeps it when the parameter is replaced, and is passed over when that is gone."""

    __slots__ = ("following", "parameter")

    def __init__(self, parameter: Parameter | None, following: _Place | None = None) -> None:
        self.parameter = parameter
        self.following = following


class _Held:
    """The parameters that are in the store, in an order that changes only where it must.

    Of those of other programs there is one, if there are any: more of them say no more of the servers.
    """

    def __init__(self, given: Given) -> None:
        self._start = self._end = _Place(None)
        self._by_name: dict[str, list[_Place]] = {}
        self._by_path: dict[str, deque[_Place]] = {}
        self._complete: Counter[str] = Counter()
        """How many of each path are complete."""
        ours = {one.name for environment in given.environments for one in (*environment.parameters, *environment.wrong_case)}
        other = next((index for index, name in enumerate(given.parameters.names) if name not in ours), None)
        for index, name in enumerate(given.parameters.names):
            if name in ours or index == other:
                self._end.following = place = _Place(given.parameters[index])
                self._end = place
                self._by_path.setdefault(_path(name), deque()).append(place)
                self._enter(place)

    @property
    def parameters(self) -> Iterator[Parameter]:
        """Them in their order."""
        place: _Place | None = self._start
        while place is not None:
            if place.parameter is not None:
                yield place.parameter
            place = place.following

    def take(self, stored: Stored) -> None:
        """Take what a command leaves of a parameter: in its place, or with the others of its path."""
        places = self._by_name.pop(stored.name, [])
        complete = self._complete[_path(stored.name)] > 0
        before = places[0].parameter if places else None
        for place in places:
            self._leave(place)
        if stored.gone:
            return
        before = before or Parameter(stored.name, UNKNOWN, {}, complete=complete)
        place = places[0] if places else self._new_place(_path(stored.name))
        place.parameter = before._replace(
            value=UNKNOWN if stored.text is None else stored.text,
            type=type_of(stored.type) or before.type,
            tier=stored.tier or before.tier,
            key_id=stored.key_id or before.key_id,
        )
        self._enter(place)

    def _enter(self, place: _Place) -> None:
        if place.parameter is not None:
            self._by_name.setdefault(place.parameter.name, []).append(place)
            self._complete[_path(place.parameter.name)] += place.parameter.complete

    def _leave(self, place: _Place) -> None:
        if place.parameter is not None:
            self._complete[_path(place.parameter.name)] -= place.parameter.complete
            place.parameter = None

    def _new_place(self, path: str) -> _Place:
        """A place behind the first parameter of a path, or else behind all."""
        beside = self._by_path.setdefault(path, deque())
        while beside and beside[0].parameter is None:
            beside.popleft()
        first = beside[0] if beside else self._end
        place = first.following = _Place(None, first.following)
        beside.insert(1, place)
        if first is self._end:
            self._end = place
        return place


def _path(name: str) -> str:
    """The levels of a name but the last."""
    return name.rpartition("/")[0]


def _as_printed(parameter: Parameter) -> dict[str, Any]:
    """A parameter as AWS prints it."""
    fields = {
        "Name": parameter.name,
        "Type": parameter.type,
        "Value": parameter.value if isinstance(parameter.value, str) else None,
        "Tier": parameter.tier,
        "Version": parameter.version,
        "ARN": parameter.arn,
        "KeyId": parameter.key_id,
        "LastModifiedDate": parameter.modified,
    }
    kept = {name: value for name, value in fields.items() if value is not None}
    return ({"LastModifiedDate": ""} if parameter.stored and parameter.arn is None else {}) | kept


# --- Several dumps of one environment ------------------------------------------------------------------------------------------------


def _others(file: SourceFile, environment: Environment) -> list[ParameterFile]:
    """The other dumps that say more of an environment, where this one is the first of them: by whether it has values, then by its path."""
    index: dict[tuple[str, str], _Dumps] = file.around.cached(("dumps", file.release), lambda: _index(file))
    together = index.get((environment.prefix, file.uri))
    files = [one for _, _, one in sorted(together.files)] if together is not None else []
    return [_parameter_file(other) for other in files[1:]] if files and files[0].uri == file.uri else []


class _Dumps(NamedTuple):
    """Dumps of one environment that say different things of it: of each whether it lacks values, its path, and the file."""

    files: list[tuple[bool, str, SourceFile]]
    parameters: dict[str, Parameter]
    folder: str
    stores: frozenset[str]
    """The regions and accounts in which AWS says that the parameters are."""


def _index(file: SourceFile) -> dict[tuple[str, str], _Dumps]:
    """The dumps of the run by the path of the environment and each of their files; those of which one contradicts the other are of two."""
    by_prefix: dict[str, list[_Dumps]] = {}
    for other in file.around.given(file, *MARKS):
        answer = _read(other).given
        for one in _found(answer) if answer is not None else ():
            _enter(by_prefix.setdefault(one.prefix, []), other, one.parameters)
    return {(prefix, uri): dumps for prefix, every in by_prefix.items() for dumps in every for _, uri, _ in dumps.files}


def _found(given: Given) -> list[Environment]:
    """The servers of which a dump holds parameters, as if it had been asked for no others."""
    return given.environments if not len(given.missing) else environments(given.parameters)


def _enter(known: list[_Dumps], file: SourceFile, parameters: list[Parameter]) -> None:
    own = {one.name: one for one in parameters}
    folder = file.uri.rpartition("/")[0]
    lacks_values = not any(isinstance(one.value, str) for one in parameters)
    stores = frozenset(one.arn.partition(":parameter")[0] for one in parameters if one.arn is not None)
    for number, dumps in enumerate(known[:_MOST_DUMPS]):
        both = [(dumps.parameters[name], one) for name, one in own.items() if name in dumps.parameters]
        if dumps.folder == folder and len(dumps.stores | stores) < 2 and all(_agree(one, other) for one, other in both):
            files = [*dumps.files, (lacks_values, file.uri, file)]
            new = {name: one for name, one in own.items() if isinstance(one.value, str) or name not in dumps.parameters}
            known[number] = _Dumps(files, {**dumps.parameters, **new}, folder, dumps.stores | stores)
            return
    known.append(_Dumps([(lacks_values, file.uri, file)], own, folder, stores))


def _agree(one: Parameter, other: Parameter) -> bool:
    """Whether what two dumps say of a parameter can be true at once, and one of them does not just repeat what the other says."""
    pairs = ((one.arn, other.arn), (one.version, other.version), (one.type, other.type), (one.tier, other.tier))
    known = isinstance(one.value, str) and isinstance(other.value, str)
    return all(None in pair or pair[0] == pair[1] for pair in pairs) and (not known or one.value == other.value)


class _Read(NamedTuple):
    documents: list[Json | Yaml]
    given: Given | None
    unread: str


def _read(file: SourceFile) -> _Read:
    """The documents of a file and what they hold, worked out once."""

    def read() -> _Read:
        documents = _documents(file)
        gathered = _Gathered()
        unread = ""
        for parsed in documents:
            dump = read_dump(parsed)
            if dump is not None:
                gathered.add(dump)
            unread = unread or _unread(file, parsed, dump, alone=len(documents) == 1)
        return _Read(documents, gathered.given, unread)

    result: _Read = file.cached("dump", read)
    return result


def _may_be_dump(content: str) -> bool:
    """Whether something in YAML looks like the name of a parameter, or it is an answer without one."""
    named = _NAME.search(content) or ("medplum/" in content.lower() and _NAME_OF_MEDPLUM.search(content))
    return bool(named or _EMPTY.search(content))


def _documents(file: SourceFile) -> list[Json | Yaml]:
    """The documents of the file, in JSON or YAML. YAML without anything like the name of a parameter is not read."""
    if file.looks_like_yaml:
        return list(file.yaml) if file.for_all_servers("may be a dump", lambda: _may_be_dump(file.text.content)) else []
    return list(json_documents(file.text.content, file.json))


def _unread(file: SourceFile, parsed: Json | Yaml, dump: _Dump | None, *, alone: bool) -> str:
    """What of a document cannot be read, with its line unless it is ``alone``; mistakes in its text are reported elsewhere."""
    reason = dump.unread if dump is not None else _NO_ANSWER if parsed.value not in (None, UNKNOWN) else ""
    if not reason or not parsed.whole:
        return ""
    place = parsed.places.find(()) if not alone else None
    return f"line {file.text.position(place.value.start).line}: {reason}" if place is not None else reason


class _Gathered:
    """What the dumps of a file hold together."""

    def __init__(self) -> None:
        self._runs: list[tuple[_Run | _Loop, bool]] = []
        """With whether each is complete."""
        self._missing: list[tuple[_Run | _Loop, bool]] = []
        self._dumps = 0
        self._is_loop = True

    def add(self, dump: _Dump) -> None:
        """Take what a document holds."""
        self._dumps += 1
        self._is_loop = self._is_loop and dump.single
        for run in dump.runs:
            if dump.single:
                self._add_single(run)
            else:
                self._runs.append((run, dump.complete))
        self._missing += [(run, False) for run in dump.missing]

    def _add_single(self, run: _Run) -> None:
        loop = self._runs[-1][0] if self._runs else None
        if not isinstance(loop, _Loop):
            loop = _Loop([], [])
            self._runs.append((loop, False))
        loop.names.extend(run.names)
        loop.documents.append(run.parsed)

    @property
    def given(self) -> Given | None:
        """All of it; None when no document was a dump."""
        if not self._dumps:
            return None
        loop = self._dumps > 1 and self._is_loop
        return Given(_parameters([(run, complete or loop) for run, complete in self._runs]), _parameters(self._missing))


def _parameters(runs: Sequence[tuple[_Run | _Loop, bool]]) -> Parameters:
    """The parameters of runs, and of each run whether it is complete."""
    starts = list(accumulate((len(run.names) for run, _ in runs), initial=0))

    def read(index: int) -> Parameter:
        number = bisect_right(starts, index) - 1
        run, complete = runs[number]
        return run.parameter(index - starts[number], complete=complete)

    return Parameters(runs[0][0].names if len(runs) == 1 else [name for run, _ in runs for name in run.names], read)


def read_dump(parsed: Json | Yaml) -> _Dump | None:
    """The parameters of any of the shapes that the AWS CLI and people's scripts give; None for anything else."""
    value = parsed.value
    if isinstance(value, dict):
        return _read_object(parsed, value, ())
    if isinstance(value, list) and value and all(_is_item(item) for item in value):
        return _Dump([_listed(parsed, value, ())], complete=True, unread=_without_text(value))
    return _read_pages(parsed, value) if isinstance(value, list) else None


def _read_pages(parsed: Json | Yaml, pages: list[Any]) -> _Dump | None:
    """A list of answers, as ``--output yaml-stream`` and ``jq --slurp`` make it."""
    if not pages or not all(isinstance(page, dict) and isinstance(page.get("Parameters"), list) for page in pages):
        return None
    dumps = [dump for index, page in enumerate(pages) if (dump := _read_object(parsed, page, (index,))) is not None]
    return _Dump(
        [run for dump in dumps for run in dump.runs],
        complete=all(dump.complete for dump in dumps),
        missing=[run for dump in dumps for run in dump.missing],
        unread="" if any(run.names for dump in dumps for run in dump.runs) else dumps[0].unread,
    )


def _read_object(parsed: Json | Yaml, value: dict[str, Any], at: JsonPath) -> _Dump | None:
    """``at`` is where the object stands in its document."""
    if _is_usual(value):
        return _Dump(_single(parsed, value, at), complete=False, single=True, unread=_without_text([value]))
    listed = _member(value, "Parameters")
    if isinstance(value.get(listed), list) and (listed == "Parameters" or (value[listed] and all(map(_is_item, value[listed])))):
        return _read_answer(parsed, value, listed, at)
    one = _member(value, "Parameter")
    if isinstance(value.get(one), dict) and (one == "Parameter" or _is_item(value[one])):
        runs = _single(parsed, value[one], (*at, one))
        return _Dump(runs, complete=False, unread=_without_text([value[one]]) if runs else _NO_NAME.format(one))
    if _is_item(value) and len(value) > 1:
        return _Dump(_single(parsed, value, at), complete=False, single=True, unread=_without_text([value]))
    names = [name for name in value if _is_name(name)]
    flat = [name for name in names if not isinstance(value[name], dict | list)]
    if flat:
        return _Dump([_Run(parsed, flat, value, (), flat, _flat)], complete=True, unread="" if flat == names else _NO_TEXT)
    return None


def _is_usual(value: dict[str, Any]) -> bool:
    """Whether this is nothing but a parameter as AWS prints it, as there can be many in JSON Lines."""
    return len(value) > 1 and value.keys() <= _USUAL and _is_name(value.get("Name"))


def _single(parsed: Json | Yaml, item: dict[str, Any], at: JsonPath) -> list[_Run]:
    """A parameter by itself; none where it has no name."""
    name = _name_of(item)
    return [] if name is None else [_Run(parsed, (name,), item, at, None, _parameter)]


def _read_answer(parsed: Json | Yaml, value: dict[str, Any], listed: str, at: JsonPath) -> _Dump:
    """What AWS answers: ``Parameters``, and ``InvalidParameters`` or a ``NextToken``."""
    unknown = _member(value, "InvalidParameters")
    missing = value.get(unknown)
    absent = [_listed(parsed, missing, (*at, unknown))] if isinstance(missing, list) else []
    parameters = _listed(parsed, value[listed], (*at, listed))
    partial = unknown in value or bool(value.get(_member(value, "NextToken")))
    unread = _without_text(value[listed])
    if len(parameters.names) < len(value[listed]):
        unread = _NO_NAME.format(f"an entry of {listed}")
    elif not parameters.names and _ANSWER.issuperset(name.lower() for name in value):
        unread = _NONE_OF_THESE if missing else _NOTHING_FOUND
    return _Dump([parameters], complete=not partial, missing=absent, unread=unread)


def _without_text(items: list[Any]) -> str:
    """What to say of entries whose value is an object or list, as no parameter has it; a StringList may be written as a list."""
    return _NO_TEXT if any(isinstance(item, dict) and _is_without_text(item) for item in items) else ""


def _is_without_text(item: dict[str, Any]) -> bool:
    value = item["Value"] if "Value" in item else item.get(_field(item, "value"))
    if isinstance(value, str):
        return False
    return isinstance(value, dict) or (isinstance(value, list) and not all(isinstance(one, str) for one in value))


def _member(value: dict[str, Any], name: str) -> str:
    """What a member is called here; libraries of other languages write ``parameters`` for what AWS calls ``Parameters``."""
    return name if name in value else next((one for one in value if one.lower() == name.lower()), name)


def _is_name(name: Any) -> bool:
    """Whether this can be the name of a parameter of a server: it has levels."""
    return isinstance(name, str) and (name.startswith("/") or name.lower().startswith("medplum/"))


def _is_item(item: Any) -> bool:
    if isinstance(item, dict):
        return _is_name(item["Name"] if "Name" in item else item.get(_field(item, "name")))
    return _is_name(item[0] if isinstance(item, list) and 0 < len(item) < 5 else item)


def _field(item: dict[str, Any], field: str) -> str:
    """What a member is called in an item; the name that AWS gives it when it has none."""
    names = _FIELDS[field]
    return next((name for name in names if name in item), None) or _member(item, names[0])


def _name_of(item: Any) -> str | None:
    """The name of the parameter that an item of a list is; None for what is none, or has no name."""
    if isinstance(item, dict):
        name = item["Name"] if "Name" in item else item.get(_field(item, "name"))
        return name if isinstance(name, str) else None
    if isinstance(item, list):
        return str(item[0]) if _is_item(item) else None
    return item if _is_name(item) else None


def _listed(parsed: Json | Yaml, items: list[Any], path: JsonPath) -> _Run:
    names = list(map(_name_of, items))
    found = [name for name in names if name is not None]
    steps = range(len(names)) if len(found) == len(names) else [index for index, name in enumerate(names) if name is not None]
    return _Run(parsed, found, items, path, steps, _item)


def _item(parsed: Json | Yaml, item: Any, at: JsonPath, complete: bool) -> Parameter:
    """An item of a list that is a parameter, or the name of one."""
    if isinstance(item, dict):
        return _parameter(parsed, item, at, complete)
    if isinstance(item, list):
        return _row(parsed, item, at)._replace(complete=complete)
    spot = (parsed.places, at)
    return Parameter(item, UNKNOWN, {"key": spot, "value": spot}, complete=complete)


def _parameter(parsed: Json | Yaml, item: dict[str, Any], at: JsonPath, complete: bool) -> Parameter:
    """A parameter as AWS prints it, which may lack its value or its type."""
    names = _AS_AWS if "Name" in item else {field: _field(item, field) for field in _FIELDS}
    of_aws = _OF_AWS if item.keys() <= _USUAL else [_member(item, field) for field in _OF_AWS]
    kind, tier = type_of(item.get(names["type"])), item.get(names["tier"])
    tier = tier if isinstance(tier, str) and tier else None
    version, key_id, arn, modified = map(item.get, of_aws)
    return Parameter(
        item[names["name"]],
        _value(parsed, (*at, names["value"]), item.get(names["value"]), kind),
        Spots(
            parsed.places,
            at,
            _parts(names["name"], names["value"] if names["value"] in item else "", kind and names["type"], tier and names["tier"]),
        ),
        kind,
        tier,
        stored=of_aws[-1] in item or of_aws[-2] in item,
        version=version if isinstance(version, int) and not isinstance(version, bool) else None,
        arn=arn if isinstance(arn, str) else None,
        key_id=key_id if isinstance(key_id, str) else None,
        modified=modified if isinstance(modified, str | int | float) and not isinstance(modified, bool) else None,
        complete=complete,
    )


@lru_cache(maxsize=64)
def _parts(name: str, value: str, kind: str | None, tier: str | None) -> Mapping[Part, str]:
    """The members in which the parts of a parameter stand: its name where its value is not given, and no others that are not given."""
    parts: dict[Part, str] = {"key": name, "value": value or name}
    if kind is not None:
        parts["type"] = kind
    if tier is not None:
        parts["tier"] = tier
    return parts


def _row(parsed: Json | Yaml, item: list[Any], at: JsonPath) -> Parameter:
    """``--query 'Parameters[].[Name,Type,Value]'``: the name comes first, the others in any order."""
    kind = next(filter(None, map(type_of, item[1:])), None) if len(item) > 2 else None
    others = [index for index in range(1, len(item)) if kind is None or item[index] != kind]
    index = others[0] if others else 0
    spots: dict[Part, Spot] = {"key": (parsed.places, (*at, 0)), "value": (parsed.places, (*at, index))}
    if kind is not None:
        spots["type"] = (parsed.places, (*at, item.index(kind)))
    value = _value(parsed, (*at, index), item[index], kind) if index else UNKNOWN
    return Parameter.of(item[0], value, {"type": kind}, spots)


def _flat(parsed: Json | Yaml, value: Any, at: JsonPath, complete: bool) -> Parameter:
    """A member of an object of names and values."""
    spot = (parsed.places, at)
    return Parameter(str(at[-1]), _value(parsed, at, value, None), {"key": spot, "value": spot}, complete=complete)


def _value(parsed: Json | Yaml, path: JsonPath, value: Any, kind: str | None) -> Any:
    """The text of a parameter; ``UNKNOWN`` for one that is not given, or is the ciphertext that AWS gives without --with-decryption.

    The server gets a StringList as AWS stores it: one text with commas.
    """
    if kind == "StringList" and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ",".join(value)
    text = text_of(parsed.places, path, value)
    return UNKNOWN if isinstance(text, str) and kind in (None, "SecureString") and _is_ciphertext(text) else text


def _is_ciphertext(value: str) -> bool:
    return len(value) >= 80 and value.startswith("AQIC") and value.isascii() and not any(blank in value for blank in " \n-")
