"""``server/ssm``: what the AWS CLI prints of Parameter Store, as people save or pipe it: JSON, YAML, JSON Lines, or trimmed by ``--query``.

A parameter is called ``/medplum/{environment}/{setting}``, where the setting may be dotted; another path does as well, for it is an
argument of the server. One dump may hold several environments, and several dumps may stand in one file; each environment is a document
of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import groupby

from ..documents.parameter_documents import ParameterFile, lines_of, load_parameters
from ..documents.parameters import Environment, Given, Parameter, Spot, environments, text_of, type_of
from ..documents.problems import broken_off
from ..documents.source import Confidence, Loaded, Recognised, SourceFile
from ..documents.variables_in_yaml import suppression_comments_of
from ..model import UNKNOWN, Part, Stored
from ..syntax.json_stream import json_documents
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
_MOST_DUMPS: Final = 20
"""Dumps of one environment at most that are held against another one: of more that differ nobody knows which belong together."""
_CONSEQUENCE: Final = "what follows can be neither read nor checked; save the dump again"
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


class _Dump(NamedTuple):
    parameters: list[Parameter]
    complete: bool
    missing: list[Parameter] = []
    single: bool = False
    """Whether it is one parameter without anything around it, as in JSON Lines."""
    unread: str = ""
    """Why there is nothing in it, or why something in it cannot be read."""


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file is a dump that holds parameters of a Medplum server."""
    documents, given, unread = _read(file)
    if given is None:
        return None
    if environments([*given.parameters, *given.missing]):
        return Recognised("server/ssm", Confidence.CERTAIN, unread=unread)
    unread = unread or broken_off(file, *documents) or ("" if given.parameters else _NONE_OF_THESE)
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
    given = answer or Given([])
    whole = all(parsed.intact if isinstance(parsed, Json) else parsed.whole for parsed in documents)
    lines = lines_of(file, _PUBLIC_FIELDS, _OTHER_FIELDS, [*given.parameters, *given.missing], whole=whole)
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
    held = list(given.parameters)
    for one in stored:
        held = _with(held, one)
    answers: list[dict[str, Any]] = [
        {"Parameters": [_as_printed(one) for one in run], **({} if complete else {"InvalidParameters": []})}
        for complete, run in groupby(held, key=lambda one: one.complete)
    ]
    if given.missing:
        part = next((answer for answer in answers if "InvalidParameters" in answer), None)
        if part is None:
            part = {"Parameters": []}
            answers.append(part)
        part["InvalidParameters"] = [one.name for one in given.missing]
    return "\n".join(json.dumps(answer, indent=1) for answer in answers or [{"Parameters": []}]).encode()


def _with(held: list[Parameter], stored: Stored) -> list[Parameter]:
    """The parameters with one of them as it is after a command: in its place, or with the others of its path."""
    others = [one for one in held if one.name != stored.name]
    if stored.gone:
        return others
    path = stored.name.rpartition("/")[0]
    beside = [index for index, one in enumerate(held) if one.name.rpartition("/")[0] == path]
    at = next((index for index in beside if held[index].name == stored.name), None)
    if at is None:
        at = beside[0] + 1 if beside else len(held)
        before = Parameter(stored.name, UNKNOWN, {}, complete=any(held[index].complete for index in beside))
    else:
        before = held[at]
    new = before._replace(
        value=UNKNOWN if stored.text is None else stored.text,
        type=type_of(stored.type) or before.type,
        tier=stored.tier or before.tier,
        key_id=stored.key_id or before.key_id,
    )
    return [*(one for one in held[:at] if one.name != stored.name), new, *(one for one in held[at:] if one.name != stored.name)]


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
    }
    kept = {name: value for name, value in fields.items() if value is not None}
    return kept | ({"LastModifiedDate": ""} if parameter.stored and parameter.arn is None else {})


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
        for one in environments(answer.parameters) if answer is not None else ():
            _enter(by_prefix.setdefault(one.prefix, []), other, one.parameters)
    return {(prefix, uri): dumps for prefix, every in by_prefix.items() for dumps in every for _, uri, _ in dumps.files}


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
        dumps = [read_dump(parsed) for parsed in documents]
        return _Read(documents, _given([dump for dump in dumps if dump is not None]), _unread(file, documents, dumps))

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


def _unread(file: SourceFile, documents: list[Json | Yaml], dumps: list[_Dump | None]) -> str:
    """What of a file that holds dumps cannot be read, with its line where it holds several; mistakes in its text are reported elsewhere."""
    for parsed, dump in zip(documents, dumps, strict=True):
        reason = dump.unread if dump is not None else _NO_ANSWER if parsed.value not in (None, UNKNOWN) else ""
        if reason and parsed.whole:
            place = parsed.places.find(()) if len(documents) > 1 else None
            return f"line {file.text.position(place.value.start).line}: {reason}" if place is not None else reason
    return ""


def _given(dumps: list[_Dump]) -> Given | None:
    """What all dumps of a file hold together; None when none of its documents is one."""
    if not dumps:
        return None
    loop = len(dumps) > 1 and all(dump.single for dump in dumps)
    return Given(
        [parameter._replace(complete=dump.complete or loop) for dump in dumps for parameter in dump.parameters],
        [parameter for dump in dumps for parameter in dump.missing],
    )


def read_dump(parsed: Json | Yaml) -> _Dump | None:
    """The parameters of any of the shapes that the AWS CLI and people's scripts give; None for anything else."""
    value = parsed.value
    if isinstance(value, dict):
        return _read_object(parsed, value, ())
    if isinstance(value, list) and value and all(_is_item(item) for item in value):
        return _Dump(list(_items(parsed, value, ())), complete=True, unread=_without_text(value))
    return _read_pages(parsed, value) if isinstance(value, list) else None


def _read_pages(parsed: Json | Yaml, pages: list[Any]) -> _Dump | None:
    """A list of answers, as ``--output yaml-stream`` and ``jq --slurp`` make it."""
    if not pages or not all(isinstance(page, dict) and isinstance(page.get("Parameters"), list) for page in pages):
        return None
    dumps = [dump for index, page in enumerate(pages) if (dump := _read_object(parsed, page, (index,))) is not None]
    return _Dump(
        [parameter for dump in dumps for parameter in dump.parameters],
        complete=all(dump.complete for dump in dumps),
        missing=[parameter for dump in dumps for parameter in dump.missing],
        unread="" if any(dump.parameters for dump in dumps) else dumps[0].unread,
    )


def _read_object(parsed: Json | Yaml, value: dict[str, Any], at: JsonPath) -> _Dump | None:
    """``at`` is where the object stands in its document."""
    listed = _member(value, "Parameters")
    if isinstance(value.get(listed), list) and (listed == "Parameters" or (value[listed] and all(map(_is_item, value[listed])))):
        return _read_answer(parsed, value, listed, at)
    one = _member(value, "Parameter")
    if isinstance(value.get(one), dict) and (one == "Parameter" or _is_item(value[one])):
        parameters = list(_parameter(parsed, value[one], (*at, one)))
        return _Dump(parameters, complete=False, unread=_without_text([value[one]]) if parameters else _NO_NAME.format(one))
    if _is_item(value) and len(value) > 1:
        return _Dump(list(_parameter(parsed, value, at)), complete=False, single=True, unread=_without_text([value]))
    names = [name for name in value if _is_name(name)]
    flat = [name for name in names if not isinstance(value[name], dict | list)]
    if flat:
        return _Dump([_flat(parsed, name, value[name]) for name in flat], complete=True, unread="" if flat == names else _NO_TEXT)
    return None


def _read_answer(parsed: Json | Yaml, value: dict[str, Any], listed: str, at: JsonPath) -> _Dump:
    """What AWS answers: ``Parameters``, and ``InvalidParameters`` or a ``NextToken``."""
    unknown = _member(value, "InvalidParameters")
    missing = value.get(unknown)
    absent = list(_items(parsed, missing, (*at, unknown))) if isinstance(missing, list) else []
    parameters = list(_items(parsed, value[listed], (*at, listed)))
    partial = unknown in value or bool(value.get(_member(value, "NextToken")))
    unread = _without_text(value[listed])
    if len(parameters) < len(value[listed]):
        unread = _NO_NAME.format(f"an entry of {listed}")
    elif not parameters and _ANSWER.issuperset(name.lower() for name in value):
        unread = _NONE_OF_THESE if missing else _NOTHING_FOUND
    return _Dump(parameters, complete=not partial, missing=absent, unread=unread)


def _without_text(items: list[Any]) -> str:
    """What to say of entries whose value is an object or list, as no parameter has it; a StringList may be written as a list."""
    values = (item.get(_field(item, "value")) for item in items if isinstance(item, dict))
    wrong = (isinstance(value, dict) or (isinstance(value, list) and not all(isinstance(one, str) for one in value)) for value in values)
    return _NO_TEXT if any(wrong) else ""


def _member(value: dict[str, Any], name: str) -> str:
    """What a member is called here; libraries of other languages write ``parameters`` for what AWS calls ``Parameters``."""
    return name if name in value else next((one for one in value if one.lower() == name.lower()), name)


def _is_name(name: Any) -> bool:
    """Whether this can be the name of a parameter of a server: it has levels."""
    return isinstance(name, str) and (name.startswith("/") or name.lower().startswith("medplum/"))


def _is_item(item: Any) -> bool:
    if isinstance(item, dict):
        return _is_name(item.get(_field(item, "name")))
    return _is_name(item[0] if isinstance(item, list) and 0 < len(item) < 5 else item)


def _field(item: dict[str, Any], field: str) -> str:
    """What a member is called in an item; the name that AWS gives it when it has none."""
    names = _FIELDS[field]
    return next((name for name in names if name in item), None) or _member(item, names[0])


def _items(parsed: Json | Yaml, items: list[Any], path: JsonPath) -> Iterator[Parameter]:
    for index, item in enumerate(items):
        at = (*path, index)
        if isinstance(item, dict):
            yield from _parameter(parsed, item, at)
        elif isinstance(item, list) and _is_item(item):
            yield _row(parsed, item, at)
        elif _is_name(item):
            spot = (parsed.places, at)
            yield Parameter(item, UNKNOWN, {"key": spot, "value": spot})


def _parameter(parsed: Json | Yaml, item: dict[str, Any], at: JsonPath) -> Iterator[Parameter]:
    """A parameter as AWS prints it, which may lack its value or its type."""
    names = _AS_AWS if "Name" in item else {field: _field(item, field) for field in _FIELDS}
    name = item.get(names["name"])
    if not isinstance(name, str):
        return
    kind = type_of(item.get(names["type"]))
    fields = {"type": kind, "tier": item.get(names["tier"])}
    given: dict[Part, str] = {"key": names["name"], "value": names["value"], "type": names["type"], "tier": names["tier"]}
    spots: dict[Part, Spot] = {part: (parsed.places, (*at, field)) for part, field in given.items() if field in item}
    version, arn, key_id = (item.get(_member(item, field)) for field in ("Version", "ARN", "KeyId"))
    value = _value(parsed, (*at, names["value"]), item.get(names["value"]), kind)
    yield Parameter.of(name, value, fields, spots)._replace(
        stored=_member(item, "ARN") in item or _member(item, "LastModifiedDate") in item,
        version=version if isinstance(version, int) and not isinstance(version, bool) else None,
        arn=arn if isinstance(arn, str) else None,
        key_id=key_id if isinstance(key_id, str) else None,
    )


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


def _flat(parsed: Json | Yaml, name: str, value: Any) -> Parameter:
    spot = (parsed.places, (name,))
    return Parameter(name, _value(parsed, (name,), value, None), {"key": spot, "value": spot})


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
