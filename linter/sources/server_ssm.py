"""``server/ssm``: what the AWS CLI prints of Parameter Store, as people save or pipe it: JSON, YAML, JSON Lines, or trimmed by ``--query``.

A parameter is called ``/medplum/{environment}/{setting}``, where the setting may be dotted; another path does as well, for it is an
argument of the server. One dump may hold several environments, and several dumps may stand in one file; each environment is a document
of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import groupby

from ..documents.parameter_documents import ParameterFile, load_parameters
from ..documents.parameters import Environment, Named, Parameter, environments, text_of, type_of
from ..documents.problems import broken_off
from ..documents.source import Confidence, Loaded, Recognised, SourceFile
from ..model import UNKNOWN, Stored, sentence
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


Tree = Json | Yaml


class _Dump(NamedTuple):
    given: list[Named]
    missing: Sequence[Named] = ()
    single: bool = False
    """Whether it is one parameter without anything around it, as in JSON Lines."""
    unread: str = ""
    """Why there is nothing in it, or why something in it cannot be read."""


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file is a dump that holds parameters of a Medplum server."""
    read = _read(file)
    if not read.is_dump:
        return None
    if _parameter_file(file).known:
        return Recognised("server/ssm", Confidence.CERTAIN, unread=read.unread)
    unread = read.unread or broken_off(file, *read.documents) or ("" if read.given else _NONE_OF_THESE)
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
    return [one if one.parts else one._replace(rewriter=partial(_changed, read)) for one in loaded]


def _parameter_file(file: SourceFile) -> ParameterFile:
    read = _read(file)
    whole = all(parsed.intact if isinstance(parsed, Json) else parsed.whole for parsed in read.documents)
    given = [*read.given, *read.missing]
    return ParameterFile(
        file, read.documents, given, _PUBLIC_FIELDS, _OTHER_FIELDS, _CONSEQUENCE, whole, is_dump=whole, complete=read.is_loop
    )


def _changed(read: ParameterFile, stored: Iterable[Stored]) -> bytes:
    """A dump of what is in the store after commands were run that leave some parameters there, in the form of AWS.

    It is there to be checked: what no check asks for is left out of it. Of parameters of other programs there is one, if there are any.
    """
    ours = {one.name for environment in read.known for one in (*environment.parameters, *environment.wrong_case)}
    missing = [one.name for one in read.given if one.read is _missing]
    given = [one for one in read.given if one.read is not _missing]
    other = next((one for one in given if one.name not in ours), None)
    held = after_commands([one.read(one.of, one.step) for one in given if one.name in ours or one is other], stored)
    answers: list[dict[str, Any]] = [
        {"Parameters": [_as_printed(one) for one in run], **({} if complete else {"InvalidParameters": []})}
        for complete, run in groupby(held, key=lambda one: read.complete or one.complete)
    ]
    if missing:
        part = next((answer for answer in answers if "InvalidParameters" in answer), None)
        if part is None:
            part = {"Parameters": []}
            answers.append(part)
        part["InvalidParameters"] = missing
    return "\n".join(map(json.dumps, answers or [{"Parameters": []}])).encode()


def after_commands(parameters: Iterable[Parameter], every: Iterable[Stored]) -> list[Parameter]:
    """The parameters in the store after commands: a changed one in its place, a new one behind all others."""
    held: dict[object, Parameter] = dict(enumerate(parameters))
    keys: dict[str, list[object]] = {}
    paths: dict[str, set[object]] = {}
    for key, one in held.items():
        keys.setdefault(one.name, []).append(key)
        paths.setdefault(one.name.rpartition("/")[0], set()).add(key)
    for stored in every:
        beside = paths.setdefault(stored.name.rpartition("/")[0], set())
        complete = any(held[key].complete for key in beside)
        known = keys.pop(stored.name, [])
        before = held[known[0]] if known else Parameter(stored.name, UNKNOWN, complete=complete)
        for key in known[0 if stored.gone else 1 :]:
            del held[key]
            beside.discard(key)
        if stored.gone:
            continue
        key = known[0] if known else stored.name
        keys[stored.name] = [key]
        beside.add(key)
        held[key] = before._replace(
            value=UNKNOWN if stored.text is None else stored.text,
            type=type_of(stored.type) or before.type,
            tier=stored.tier or before.tier,
            key_id=stored.key_id or before.key_id,
        )
    return list(held.values())


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
        read = _read(other)
        # The servers of which a dump holds parameters, as if it had been asked for no others.
        for one in environments(read.given) if read.missing else _parameter_file(other).known if read.is_dump else ():
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
    """The documents of a file, and what they hold: parameters, and those that AWS did not find.

    ``is_loop``: each is a parameter, as a loop over all of them gives it.
    """

    documents: list[Tree]
    is_dump: bool
    is_loop: bool
    given: list[Named]
    missing: list[Named]
    unread: str


def _read(file: SourceFile) -> _Read:
    """The documents of a file and what they hold, worked out once."""

    def read() -> _Read:
        documents = _documents(file)
        dumps = list(map(read_dump, documents))
        known = [dump for dump in dumps if dump is not None]
        unread = (_unread(file, parsed, dump, alone=len(documents) == 1) for parsed, dump in zip(documents, dumps, strict=True))
        return _Read(
            documents,
            bool(known),
            len(known) > 1 and all(dump.single for dump in known),
            [one for dump in known for one in dump.given],
            [one for dump in known for one in dump.missing],
            next(filter(None, unread), ""),
        )

    result: _Read = file.cached("dump", read)
    return result


def _may_be_dump(content: str) -> bool:
    """Whether something in YAML looks like the name of a parameter, or it is an answer without one."""
    named = _NAME.search(content) or ("medplum/" in content.lower() and _NAME_OF_MEDPLUM.search(content))
    return bool(named or _EMPTY.search(content))


def _documents(file: SourceFile) -> list[Tree]:
    """The documents of the file, in JSON or YAML. YAML without anything like the name of a parameter is not read."""
    if file.looks_like_yaml:
        return list(file.yaml) if file.for_all_servers("may be a dump", lambda: _may_be_dump(file.text.content)) else []
    return list(json_documents(file.text.content, file.json))


def _unread(file: SourceFile, parsed: Tree, dump: _Dump | None, *, alone: bool) -> str:
    """What of a document cannot be read, with its line unless it is ``alone``; mistakes in its text are reported elsewhere."""
    reason = dump.unread if dump is not None else _NO_ANSWER if parsed.value not in (None, UNKNOWN) else ""
    if not reason or not parsed.whole:
        return ""
    place = parsed.places.find(()) if not alone else None
    return f"line {file.text.position(place.value.start).line}: {reason}" if place is not None else reason


def read_dump(parsed: Tree) -> _Dump | None:
    """The parameters of any of the shapes that the AWS CLI and people's scripts give; None for anything else."""
    value = parsed.value
    if isinstance(value, dict):
        return _read_object(parsed, value, ())
    if isinstance(value, list) and value and all(_is_item(item) for item in value):
        return _Dump(_listed(parsed, value, (), complete=True), unread=_without_text(value))
    return _read_pages(parsed, value) if isinstance(value, list) else None


def _read_pages(parsed: Tree, pages: list[Any]) -> _Dump | None:
    """A list of answers, as ``--output yaml-stream`` and ``jq --slurp`` make it."""
    if not pages or not all(isinstance(page, dict) and isinstance(page.get("Parameters"), list) for page in pages):
        return None
    complete = not any(map(_is_partial, pages))
    dumps = [_read_answer(parsed, page, "Parameters", (index,), complete=complete) for index, page in enumerate(pages)]
    given = [one for dump in dumps for one in dump.given]
    missing = [one for dump in dumps for one in dump.missing]
    return _Dump(given, missing, unread="" if given else dumps[0].unread)


def _read_object(parsed: Tree, value: dict[str, Any], at: JsonPath) -> _Dump | None:
    """``at`` is where the object stands in its document."""
    if _is_usual(value):
        return _single(parsed, value, at, single=True)
    listed = _member(value, "Parameters")
    if isinstance(value.get(listed), list) and (listed == "Parameters" or (value[listed] and all(map(_is_item, value[listed])))):
        return _read_answer(parsed, value, listed, at, complete=not _is_partial(value))
    one = _member(value, "Parameter")
    if isinstance(value.get(one), dict) and (one == "Parameter" or _is_item(value[one])):
        dump = _single(parsed, value[one], (*at, one))
        return dump if dump.given else dump._replace(unread=_NO_NAME.format(one))
    if _is_item(value) and len(value) > 1:
        return _single(parsed, value, at, single=True)
    names = [name for name in value if _is_name(name)]
    flat = [name for name in names if not isinstance(value[name], dict | list)]
    if flat:
        given = [Named(name, _flat, (parsed, value), name) for name in flat]
        return _Dump(given, unread="" if flat == names else _NO_TEXT)
    return None


def _is_usual(value: dict[str, Any]) -> bool:
    """Whether this is nothing but a parameter as AWS prints it, as there can be many in JSON Lines."""
    return len(value) > 1 and value.keys() <= _USUAL and _is_name(value.get("Name"))


def _single(parsed: Tree, item: dict[str, Any], at: JsonPath, *, single: bool = False) -> _Dump:
    """A parameter by itself; none where it has no name."""
    name = _name_of(item)
    given = [] if name is None else [Named(name, _item, (parsed, item, at, False) if at else parsed)]
    return _Dump(given, single=single, unread=_without_text([item]))


def _is_partial(answer: dict[str, Any]) -> bool:
    """Whether AWS was asked for some parameters only, or has more."""
    return _member(answer, "InvalidParameters") in answer or bool(answer.get(_member(answer, "NextToken")))


def _read_answer(parsed: Tree, value: dict[str, Any], listed: str, at: JsonPath, *, complete: bool) -> _Dump:
    """What AWS answers: ``Parameters``, and ``InvalidParameters`` or a ``NextToken``."""
    unknown = _member(value, "InvalidParameters")
    absent = value.get(unknown)
    missing = _listed(parsed, absent, (*at, unknown), _missing) if isinstance(absent, list) else []
    given = _listed(parsed, value[listed], (*at, listed), complete=complete)
    unread = _without_text(value[listed])
    if len(given) < len(value[listed]):
        unread = _NO_NAME.format(f"an entry of {listed}")
    elif not given and _ANSWER.issuperset(name.lower() for name in value):
        unread = _NONE_OF_THESE if absent else _NOTHING_FOUND
    return _Dump(given, missing, unread=unread)


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


def _listed(
    parsed: Tree, items: list[Any], path: JsonPath, read: Callable[[Any, Any], Parameter] | None = None, *, complete: bool = False
) -> list[Named]:
    """The parameters of a list, each a parameter as AWS prints it, a row, or a name."""
    of = (parsed, items, path, complete)
    return [Named(name, read or _item, of, index) for index, name in enumerate(map(_name_of, items)) if name is not None]


def _missing(of: tuple[Tree, Any, JsonPath, bool], step: int) -> Parameter:
    """A parameter that AWS did not find."""
    return _item(of, step)._replace(missing=True)


def _item(of: tuple[Tree, Any, JsonPath, bool] | Tree, step: int | None) -> Parameter:
    """An item of a list that is a parameter, or the name of one; or the only one of a document."""
    parsed, item, at, complete = of if not isinstance(of, Json | Yaml) else (of, of.value, (), False)
    if step is not None:
        item, at = item[step], (*at, step)
    if isinstance(item, dict):
        found = _parameter(parsed, item, at)
    elif isinstance(item, list):
        found = _row(parsed, item, at)
    else:
        found = Parameter.of(item, UNKNOWN, parsed.places, at[:-1], {"key": at[-1]}, None, None)
    return found._replace(complete=complete)


def _parameter(parsed: Tree, item: dict[str, Any], at: JsonPath) -> Parameter:
    """A parameter as AWS prints it, which may lack its value or its type."""
    names = _AS_AWS if "Name" in item else {field: _field(item, field) for field in _FIELDS}
    of_aws = _OF_AWS if item.keys() <= _USUAL else [_member(item, field) for field in _OF_AWS]
    version, key_id, arn, modified = map(item.get, of_aws)
    kind, value = type_of(item.get(names["type"])), names["value"]
    fields = {"key": names["name"], "value": value if value in item else None, "type": names["type"], "tier": names["tier"]}
    text = _value(parsed, (*at, value), item.get(value), kind)
    return Parameter.of(item[names["name"]], text, parsed.places, at, fields, kind, item.get(names["tier"]))._replace(
        stored=of_aws[-1] in item or of_aws[-2] in item,
        version=version if isinstance(version, int) and not isinstance(version, bool) else None,
        arn=arn if isinstance(arn, str) else None,
        key_id=key_id if isinstance(key_id, str) else None,
        modified=modified if isinstance(modified, str | int | float) and not isinstance(modified, bool) else None,
    )


def _row(parsed: Tree, item: list[Any], at: JsonPath) -> Parameter:
    """``--query 'Parameters[].[Name,Type,Value]'``: the name comes first, the others in any order."""
    kind = next(filter(None, map(type_of, item[1:])), None) if len(item) > 2 else None
    index = next((index for index in range(1, len(item)) if kind is None or item[index] != kind), 0)
    value = _value(parsed, (*at, index), item[index], kind) if index else UNKNOWN
    fields = {"key": 0, "value": index, "type": item.index(kind) if kind is not None else None}
    return Parameter.of(item[0], value, parsed.places, at, fields, kind, None)


def _flat(of: tuple[Tree, dict[str, Any]], name: str) -> Parameter:
    """A member of an object of names and values."""
    parsed, values = of
    text = _value(parsed, (name,), values[name], None)
    return Parameter.of(name, text, parsed.places, (), {"key": name}, None, None)._replace(complete=True)


def _value(parsed: Tree, path: JsonPath, value: Any, kind: str | None) -> Any:
    """The text of a parameter; ``UNKNOWN`` for one that is not given, or is the ciphertext that AWS gives without --with-decryption.

    The server gets a StringList as AWS stores it: one text with commas.
    """
    if kind == "StringList" and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ",".join(value)
    text = text_of(parsed.places, path, value)
    return UNKNOWN if isinstance(text, str) and kind in (None, "SecureString") and _is_ciphertext(text) else text


def _is_ciphertext(value: str) -> bool:
    return len(value) >= 80 and value.startswith("AQIC") and value.isascii() and not any(blank in value for blank in " \n-")
