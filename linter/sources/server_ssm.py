"""``server/ssm``: the AWS CLI's output for Parameter Store, saved or piped: JSON, YAML, JSON Lines, or trimmed by ``--query``.

The name of a parameter is ``/medplum/{environment}/{setting}``, where the setting may be dotted; other paths work too, because the path is
an argument of the server. One dump may contain several environments, and one file several dumps; each environment is a document of its own.

An object with ``Parameters`` may also have the ``Path`` that the server reads, its running ``tasks``, as ``aws ecs describe-tasks`` prints
them, and the ``Errors`` of ``aws secretsmanager batch-get-secret-value``, which say why the secrets that it names cannot be read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import partial
from itertools import groupby

from .. import settings
from ..documents.parameters.documents import ParameterFile, load_parameters
from ..documents.parameters.store import Environment, Parameter, Written, environments, merge, moment_of, text_of, type_of
from ..documents.problems import broken_off
from ..documents.source import Confidence, Loaded, Problem, Recognised, SourceFile, folder_of, once_per_file
from ..model import UNKNOWN, SettingPath, Stored, dotted, sentence
from ..server.loader import SECRET_FAULTS
from ..syntax.json import json_documents
from ..syntax.places import Json, JsonPath
from ..syntax.yaml import Yaml
from ..text import printable
from ..typed import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime


KINDS = ("server/ssm",)
MARKS = ("Parameter", "parameters", "PARAMETERS", '"/', '"\\/', "medplum/", "medplum\\/", "MEDPLUM/", "Medplum/")
NAMES = (
    "*ssm*.json",
    "*parameter*.json",
    "*medplum*.json",
    *(f"*{word}*.{end}" for word in ("ssm", "parameter") for end in ("yaml", "yml", "jsonl")),
)

_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "key": ("Name", "name", "Key", "key", "n"),
    "value": ("Value", "value", "v"),
    "type": ("Type", "type", "t"),
    "tier": ("Tier", "tier"),
}
"""The members of a parameter in AWS, and after people's ``--query 'Parameters[].{name: Name, …}'``."""
_OF_AWS: Final[dict[str, tuple[str, tuple[type, ...]]]] = {
    "version": ("Version", (int,)),
    "key_id": ("KeyId", (str,)),
    "arn": ("ARN", (str,)),
    "modified": ("LastModifiedDate", (str, int, float)),
}
"""Members of a parameter that only AWS gives, with their types."""
_PUBLIC_FIELDS: Final = frozenset(
    "Parameters InvalidParameters Parameter Name Type Version LastModifiedDate LastModifiedUser ARN DataType KeyId Tier NextToken "
    "name type tier Key key n t parameters invalidParameters parameter version lastModifiedDate arn dataType".split()
)
_OTHER_FIELDS: Final = frozenset({"Value", "value", "v", "Policies", "Description"})
_MOST_DUMPS: Final = 20
"""The maximum number of dumps of one environment that are combined and compared."""
_CONSEQUENCE: Final = sentence("what follows can be neither read nor checked", remedy="save the dump again")
_NAME: Final = re.compile(r"/(?<![\w:/.]/)[\w.-]+/")
"""The form of a parameter's name with levels. It begins with something that is fast to search for."""
_NAME_OF_MEDPLUM: Final = re.compile(r"\bmedplum/", re.IGNORECASE)
_CIPHERTEXT: Final = re.compile(r"AQIC[!-,.-~]{76,}")
_EMPTY: Final = re.compile(r"^Parameters:[ \t]*\[\]", re.MULTILINE)
"""A response of AWS without any parameter, in YAML."""
_ANSWER: Final = frozenset({"parameters", "invalidparameters", "nexttoken", "responsemetadata", "tasks", "errors", "path"})
"""The members of such a response, in lower case."""
_NOTHING_FOUND: Final = "AWS found no parameter at this path: names are case-sensitive, and each belongs to one account and region"
_NONE_OF_THESE: Final = "AWS found none of these parameters: names are case-sensitive, and each belongs to one account and region"
_NO_NAME: Final = "{} has no name that can be read: keep Name in the --query of the AWS CLI"
_NO_ENVIRONMENT: Final = "has no environment in its name, as /medplum/prod/port has, so no server reads it"
_NO_TEXT: Final = "the value of a parameter is not text here: give the output of the AWS CLI"
_NO_ANSWER: Final = "this is not a response of Parameter Store"


Tree = Json | Yaml
_Dump = tuple["list[_Named]", str]
"""The parameters of a document, and why there are none, or why something in it cannot be read."""


class _List(NamedTuple):
    """Parameters that are together in a document: a list, or an object with them as members."""

    tree: Tree
    items: Any
    path: JsonPath = ()
    complete: bool = False
    missing: bool = False


class _Named(NamedTuple):
    """A parameter of which only the name is known yet: the item at a ``step``, or without one the whole of ``of``."""

    name: str
    of: _List
    step: int | str | None = None


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file is a dump with parameters of a Medplum server."""
    read, dumps = _read(file)
    if not any(dumps):
        return None
    reasons = (_unread(file, parsed, dump, alone=len(dumps) == 1) for parsed, dump in zip(read.documents, dumps, strict=True))
    unread = next(filter(None, reasons), "")
    if read.environments or (not read.is_dump and environments(read.given, _parameter, read.asked)):
        return Recognised("server/ssm", Confidence.CERTAIN, unread=unread)
    given = any(not one.of.missing for one in read.given)
    nowhere = next((one.name for one in read.given if one.name.lower().startswith("/medplum/")), "")
    unread = unread or broken_off(file, *read.documents) or ("" if given else _NONE_OF_THESE)
    unread = unread or (f"{printable(nowhere)} {_NO_ENVIRONMENT}" if nowhere else "")
    return Recognised(None, Confidence.CERTAIN, "a Parameter Store dump without parameters of a Medplum server", unread)


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """One document for each environment of the dump; mistakes in the text are reported with the first.

    Other dumps of the run about the same environment, such as the tiers from describe-parameters, are in the document of the first that has
    values.
    """
    dump, _ = _read(file)
    loaded = load_parameters(dump, partial(_others, file))
    return [one if one.parts or not dump.is_dump else one._replace(rewriter=partial(_changed, dump)) for one in loaded]


def _changed(dump: ParameterFile, stored: Iterable[Stored]) -> bytes:
    """A dump of the store after commands that leave some parameters there, in the form of AWS.

    It exists to be checked: data that no check needs is left out. Of other programs' parameters there is one, if there are any.
    """
    ours = [parameter for environment in dump.environments.values() for parameter in (*environment.parameters, *environment.wrong_case)]
    names = {our.name for our in ours}
    other = next((one for one in dump.given if not one.of.missing and one.name not in names), None)
    others = [] if other is None else [_parameter(other)]
    held = after_commands([*others, *(our for our in ours if not our.missing)], stored)
    answers: list[dict[str, Any]] = [
        {"Parameters": [*map(_as_printed, run)], "Path": dump.asked, **({} if complete else {"InvalidParameters": []})}
        for complete, run in groupby(held, key=lambda one: dump.complete or one.complete)
    ]
    missing = [one.name for one in dump.given if one.of.missing]
    if missing or not answers:
        answers.append({"Parameters": [], "InvalidParameters": missing})
    return "\n".join(map(json.dumps, answers)).encode()


def after_commands(parameters: Iterable[Parameter], every: Iterable[Stored]) -> list[Parameter]:
    """The parameters in the store after commands, each once: a changed one in its place, a new one after all others."""
    held = {one.name: one for one in merge(parameters)[0]}
    for stored in every:
        if stored.gone:
            held.pop(stored.name, None)
            continue
        path = f"{stored.name.rpartition('/')[0]}/"
        before = held.get(stored.name)
        if before is None:
            complete = any(one.complete for one in held.values() if one.name.startswith(path) and "/" not in one.name[len(path) :])
            before = Parameter(stored.name, None, complete=complete)
        changes: dict[str, Any] = {"type": type_of(stored.type), "tier": stored.tier, "key_id": stored.key_id}
        held[stored.name] = before._replace(text=stored.text, **{field: value for field, value in changes.items() if value})
    return list(held.values())


def _as_printed(parameter: Parameter) -> dict[str, Any]:
    """A parameter as AWS prints it."""
    fields = {"Name": "name", "Type": "type", "Value": "text", "Tier": "tier", **{name: field for field, (name, _) in _OF_AWS.items()}}
    return {name: value for name, field in fields.items() if (value := getattr(parameter, field)) is not None}


# --- Several dumps of one environment ------------------------------------------------------------------------------------------------


def _others(file: SourceFile, environment: Environment) -> list[ParameterFile]:
    """The other dumps about an environment, if this one is the first: dumps with values come first, then by path."""
    index = file.around.cached(("dumps", file.release), lambda: _index(file))
    group = sorted(index.get((environment.prefix, file.uri), ()), key=lambda one: (one.lacks_values, one.file.uri))
    return [_read(one.file)[0] for one in group[1:]] if group and group[0].file.uri == file.uri else []


class _Part(NamedTuple):
    """A dump's data about an environment."""

    lacks_values: bool
    file: SourceFile
    parameters: dict[str, Parameter]

    def contradicts(self, other: _Part) -> bool:
        """Whether two dumps cannot both be right: they are from different regions or accounts, or a parameter differs."""
        every = (*self.parameters.values(), *other.parameters.values())
        stores = {one.arn.partition(":parameter")[0] for one in every if one.arn is not None}
        both = [(one, other.parameters[name]) for name, one in self.parameters.items() if name in other.parameters]
        return len(stores) > 1 or any(one.contradicts(more, "arn", "version", "type", "tier", "text") for one, more in both)


def _index(file: SourceFile) -> dict[tuple[str, str], list[_Part]]:
    """The dumps of the run that describe an environment together, by its path and each of their files."""
    known: dict[tuple[str, str], list[list[_Part]]] = {}
    for other in file.around.given(file, *MARKS):
        for environment in _read(other)[0].environments.values():
            own = {parameter.name: parameter for parameter in environment.parameters if not parameter.missing}
            part = _Part(all(one.text is None for one in own.values()), other, own)
            groups = known.setdefault((environment.prefix, folder_of(other.uri)), [])
            together = (some for some in groups[:_MOST_DUMPS] if len(some) < _MOST_DUMPS and not any(map(part.contradicts, some)))
            group = next(together, None)
            if group is None:
                groups.append(group := [])
            group.append(part)
    return {(prefix, part.file.uri): group for (prefix, _), groups in known.items() for group in groups for part in group}


@once_per_file
def _read(file: SourceFile) -> tuple[ParameterFile, list[_Dump | None]]:
    """The parameters of a file, with those that AWS did not find at the end, and the content of each document."""
    trees = _documents(file)
    dumps = list(map(read_dump, trees))
    known = [given for given, _ in filter(None, dumps)]
    given = sorted((one for some in known for one in some), key=lambda one: one.of.missing)
    # JSON Lines from a loop have one bare parameter each.
    is_loop = len(known) > 1 and all(len(some) == 1 and some[0].step is None for some in known)
    deployed = _Deployed.of(trees)
    made = ParameterFile(file, trees, given, _PUBLIC_FIELDS, _OTHER_FIELDS, _CONSEQUENCE, _parameter, asked=deployed.path)
    made = made._replace(is_dump=all(parsed.intact for parsed in trees), complete=is_loop)
    if deployed.starts and len(made.environments) > 1:  # it is not known whose tasks they are
        deployed = deployed._replace(starts=[])
    return made._replace(check=deployed.problem), dumps


class _Deployed(NamedTuple):
    """What a dump says of the deployment: its path, when the running tasks started, in order, and what is wrong with secrets, by name."""

    path: str
    starts: list[datetime]
    faults: dict[str, str]

    @classmethod
    def of(cls, trees: Iterable[Tree]) -> _Deployed:
        """What stands beside the parameters of responses."""
        answers = [tree.value for tree in trees if isinstance(tree.value, dict)]
        every = {name: [one for answer in answers for one in _objects(answer.get(name))] for name in ("tasks", "Errors")}
        starts = filter(None, (moment_of(one.get("startedAt")) for one in every["tasks"]))
        known = {str(one.get("SecretId")): SECRET_FAULTS.get(str(one.get("ErrorCode"))) for one in every["Errors"]}
        paths = (answer["Path"] for answer in answers if isinstance(answer.get("Path"), str))
        return cls(next(paths, ""), sorted(starts), {name: fault for name, fault in known.items() if fault})

    def problem(self, parameter: Parameter, path: SettingPath) -> Problem | None:
        """What is wrong with a parameter in this deployment."""
        if not self.faults and not self.starts:
            return None
        name, setting = printable(dotted(path)), settings.catalogue().get(path)
        fault = self.faults.get(parameter.text or "") if setting is not None and setting.format == "secret-id" else None
        if fault is not None:
            stops = fault != SECRET_FAULTS["NoSecretString"]
            why = "the server cannot fetch it and does not start" if stops else "the server reads it as if none were named"
            message = sentence(f"{name} names a secret that {fault}", why, "store the secret, or name another one", stops=stops)
            return Problem("unfetched-secret" if stops else "secret-without-text", message, parameter.span("value"), path)
        changed = moment_of(parameter.modified) if self.starts else None
        older = sum(start < changed for start in self.starts) if changed is not None else 0
        if changed is None or not older or "/" in name:  # what is nested deeper the server never reads
            return None
        several = "all running tasks" if older == len(self.starts) else f"{older} of {len(self.starts)} running tasks"
        tasks = several if len(self.starts) > 1 else "the running task"
        what = f"{name} was written at {changed:%Y-%m-%d %H:%M} UTC, after {tasks} started"
        message = sentence(what, "a server reads its parameters only when it starts", "deploy the service again")
        return Problem("written-after-start", message, parameter.span("value"), path)


def _objects(items: Any) -> list[dict[str, Any]]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _documents(file: SourceFile) -> list[Tree]:
    """The documents of the file, in JSON or YAML. YAML is parsed if it has something like a parameter's name, or an empty response."""
    content = file.text.content
    if not file.looks_like_yaml:
        return list(json_documents(content, file.json))
    marks = (_NAME, _NAME_OF_MEDPLUM, _EMPTY)
    return list(file.yaml) if file.for_all_servers("may be a dump", lambda: any(mark.search(content) for mark in marks)) else []


def _unread(file: SourceFile, parsed: Tree, dump: _Dump | None, *, alone: bool) -> str:
    """What of a document cannot be read, with its line unless it is ``alone``; mistakes in its text are reported elsewhere."""
    reason = dump[1] if dump is not None else _NO_ANSWER if parsed.value not in (None, UNKNOWN) else ""
    if not reason or not parsed.whole:
        return ""
    place = parsed.places.find(()) if not alone else None
    return f"line {file.text.position(place.value.start).line}: {reason}" if place is not None else reason


def read_dump(tree: Tree) -> _Dump | None:
    """The parameters in any form that the AWS CLI and people's scripts print; None for anything else."""
    value = tree.value
    if isinstance(value, dict):
        return _read_object(tree, value)
    if not isinstance(value, list) or not value:
        return None
    if all(map(_is_item, value)):
        return _listed(_List(tree, value, complete=True)), _without_text(value)
    # A list of responses, as from --output yaml-stream and jq --slurp.
    if not all(isinstance(page, dict) and isinstance(page.get("Parameters"), list) for page in value):
        return None
    complete = not any(map(_is_partial, value))
    dumps = [_read_answer(_List(tree, page, (index,), complete), "Parameters") for index, page in enumerate(value)]
    given = [one for dump, _ in dumps for one in dump]
    return given, "" if any(not one.of.missing for one in given) else dumps[0][1]


def _read_object(tree: Tree, value: dict[str, Any]) -> _Dump | None:
    of = _List(tree, value, complete=not _is_partial(value))
    listed, one = _member(value, "Parameters"), _member(value, "Parameter")
    if isinstance(value.get(listed), list) and (listed == "Parameters" or (value[listed] and all(map(_is_item, value[listed])))):
        return _read_answer(of, listed)
    if isinstance(value.get(one), dict) and (one == "Parameter" or _is_item(value[one])):
        name = _name_of(value[one])
        if name is None:
            return [], _NO_NAME.format(one)
        return [_Named(name, _List(tree, value), one)], _without_text([value[one]])
    if _is_item(value) and len(value) > 1 and "SecretBinary" not in value:  # which is a secret's
        return [_Named(str(_name_of(value)), _List(tree, value))], _without_text([value])
    names = [name for name in value if _is_name(name) and "/" in name[1:] and not name.startswith("//")]  # "//" is a comment
    flat = [_Named(name, of, name) for name in names if not isinstance(value[name], dict | list)]
    return (flat, "" if len(flat) == len(names) else _NO_TEXT) if flat else None


def _is_partial(answer: dict[str, Any]) -> bool:
    """Whether AWS was asked for only some parameters, or has more."""
    return _member(answer, "InvalidParameters") in answer or bool(answer.get(_member(answer, "NextToken")))


def _read_answer(answer: _List, listed: str) -> _Dump:
    """A response of AWS: ``Parameters``, and ``InvalidParameters`` or a ``NextToken``."""
    value: dict[str, Any] = answer.items
    unknown = _member(value, "InvalidParameters")
    absent, items = value.get(unknown), value[listed]
    missing = _listed(_List(answer.tree, absent, (*answer.path, unknown), missing=True)) if isinstance(absent, list) else []
    given = _listed(answer._replace(items=items, path=(*answer.path, listed)))
    unread = _without_text(items)
    if len(given) < len(items):
        unread = _NO_NAME.format(f"an entry of {listed}")
    elif not given and _ANSWER.issuperset(name.lower() for name in value):
        unread = _NONE_OF_THESE if absent else _NOTHING_FOUND
    return [*given, *missing], unread


def _listed(of: _List) -> list[_Named]:
    """The parameters of a list, each a parameter as AWS prints it, a row, or a name."""
    return [_Named(name, of, index) for index, name in enumerate(map(_name_of, of.items)) if name is not None]


def _without_text(items: list[Any]) -> str:
    """A note about entries whose value is an object or list, which no parameter has; a StringList may be written as a list."""
    values = (item.get(_field(item, "value")) for item in items if isinstance(item, dict))
    lists = (isinstance(value, dict) or (isinstance(value, list) and not _are_texts(value)) for value in values)
    return _NO_TEXT if any(lists) else ""


def _are_texts(items: list[Any]) -> bool:
    return all(isinstance(item, str) for item in items)


def _member(value: dict[str, Any], name: str) -> str:
    """The local name of a member; libraries of other languages write ``parameters`` for AWS's ``Parameters``."""
    return name if name in value else next((one for one in value if one.lower() == name.lower()), name)


def _field(item: dict[str, Any], field: str) -> str:
    """The local name of a member of an item; AWS's name for it if it is missing."""
    names = _FIELDS[field]
    return next((name for name in names if name in item), None) or _member(item, names[0])


def _is_name(name: Any) -> bool:
    """Whether this can be the name of a parameter of a server: it has levels."""
    return isinstance(name, str) and (name.startswith("/") or name.lower().startswith("medplum/"))


def _called(item: Any) -> Any:
    """The place of an item's name in a list."""
    if isinstance(item, dict):
        return item.get(_field(item, "key"))
    return item[0] if isinstance(item, list) and 0 < len(item) < 5 else item


def _is_item(item: Any) -> bool:
    return _is_name(_called(item))


def _name_of(item: Any) -> str | None:
    """The name of a parameter in a list; None if it is not a parameter, or has no name."""
    name = _called(item)
    return name if isinstance(name, str) and (isinstance(item, dict) or _is_name(name)) else None


def _parameter(named: _Named) -> Parameter:
    """A parameter as AWS prints it (perhaps without value or type), a row, a member of an object of names and values, or a name."""
    (tree, items, path, complete, missing), step = named.of, named.step
    item, at = (items, path) if step is None else (items[step], (*path, step))
    if isinstance(item, dict):
        found = _as_aws_prints(tree, item, at)
    elif isinstance(item, list):
        # --query 'Parameters[].[Name,Type,Value]': the name comes first, the others in any order.
        kind = next(filter(None, map(type_of, item[1:])), None) if len(item) > 2 else None
        index = next((index for index in range(1, len(item)) if kind is None or item[index] != kind), None)
        text = None if index is None else _value(tree, (*at, index), item[index], kind)
        found = Parameter.of(item[0], text, Written(tree.places, at, 0, index, item.index(kind) if kind else None), kind, None)
    elif isinstance(items, dict):
        found = Parameter.of(named.name, _value(tree, at, item, None), Written(tree.places, path, named.name, named.name), None, None)
    else:
        found = Parameter.of(item, None, Written(tree.places, path, step or 0), None, None)
    return found._replace(complete=complete, missing=missing)


def _as_aws_prints(tree: Tree, item: dict[str, Any], at: JsonPath) -> Parameter:
    names = {part: _field(item, part) for part in _FIELDS}
    kind, value = type_of(item.get(names["type"])), names["value"]
    text = _value(tree, (*at, value), item.get(value), kind)
    written = Written(tree.places, at, names["key"], *(names[part] if names[part] in item else None for part in ("value", "type", "tier")))
    of_aws = {field: item.get(_member(item, name)) for field, (name, _) in _OF_AWS.items()}
    known: dict[str, Any] = {field: one for field, one in of_aws.items() if type(one) in _OF_AWS[field][1]}
    stored = of_aws["arn"] is not None or of_aws["modified"] is not None
    return Parameter.of(item[names["key"]], text, written, kind, item.get(names["tier"]))._replace(stored=stored, **known)


def _value(parsed: Tree, path: JsonPath, value: Any, kind: str | None) -> str | None:
    """The text of a parameter; None if it is not given, or is the ciphertext that AWS returns without --with-decryption.

    The server gets a StringList as AWS stores it: one text with commas.
    """
    if kind == "StringList" and isinstance(value, list) and _are_texts(value):
        return ",".join(value)
    text = text_of(parsed.places, path, value)
    is_ciphertext = kind in (None, "SecureString") and text is not None and _CIPHERTEXT.fullmatch(text)
    return None if is_ciphertext else text
