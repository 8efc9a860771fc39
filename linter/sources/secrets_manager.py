"""``secret/database`` and ``secret/redis``: the values in AWS Secrets Manager that ``DatabaseSecrets`` and ``RedisSecrets`` name.

They are bare JSON, or printed by the AWS CLI (``get-secret-value``, ``batch-get-secret-value``; with ``--query`` the list or the text
alone). Then the JSON is a text inside JSON, and places point into it.
"""

from __future__ import annotations

import re

from ..documents.lines import Lines
from ..documents.origin import JsonOrigin
from ..documents.problems import broken_off, encoding_problems, object_problems, tree_problems
from ..documents.source import Confidence, Loaded, Problem, Recognised, SourceFile
from ..model import PART, Document, sentence
from ..server.loader import SECRETS, is_false
from ..syntax.json import parse_json
from ..syntax.places import Json, JsonPath
from ..text import Span
from ..typed import TYPE_CHECKING, Any, NamedTuple
from . import source_of

if TYPE_CHECKING:
    from ..redaction.values import Visibility
    from ..syntax.yaml import Yaml

DATABASE, REDIS = "secret/database", "secret/redis"
KINDS = (DATABASE, REDIS)
NAMES = ("*secret*.json", "*secret*.yaml", "*secret*.yml")
MEMBERS = ("SecretString", "SecretBinary", "SecretValues", "host", "password")

_CONSEQUENCE = sentence("the server reads the secret with JSON.parse, fails at this and does not start", stops=True)
_NO_MEMBERS = "the secret must be a JSON object with the connection as its members"
_LOOKS_HERE = "the server looks for Redis in its own container, or stops at a parameter that adds a member"
_NOT_AN_OBJECT = {
    DATABASE: sentence(_NO_MEMBERS, "the server finds no host in it and does not start", by="; ", stops=True),
    REDIS: sentence(_NO_MEMBERS, _LOOKS_HERE, by="; "),
}
_OUTER_CONSEQUENCE = sentence("what follows can be neither read nor checked", remedy="save it again")
_FIELDS = frozenset({"ARN", "Name", "VersionId", "VersionStages", "CreatedDate", "SecretValues", "Errors", "SecretString"})
_PUBLIC_FIELDS = _FIELDS - {"SecretString"}


class Secret(NamedTuple):
    """A secret of a file: its text, its place, and its name and ARN, as far as they are known."""

    text: str
    at: JsonPath
    names: tuple[str, ...]

    @property
    def label(self) -> str:
        """Its name, or else its ARN; empty if neither is known."""
        return next(iter(self.names), "")


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file is the connection to a database or to Redis, as the server reads it from Secrets Manager."""
    answers = _answers(file)
    if not answers:
        return _detect_bare(file)
    unread = next(filter(None, (_lacking(parsed.value) for parsed, _ in answers)), "")
    kinds = (_kind_of_secret(file, secret) for _, secrets in answers for secret in secrets)
    kind = next((kind for kind in kinds if kind is not None), None)
    if kind is not None:
        return Recognised(kind, Confidence.CERTAIN, unread=unread)
    note = "a value of Secrets Manager without the connection of a Medplum server"
    return Recognised(None, Confidence.CERTAIN, note, unread or broken_off(file, *file.documents))


def _answers(file: SourceFile) -> list[tuple[Json | Yaml, list[Secret]]]:
    """The responses of Secrets Manager in a file, each with its secrets."""
    return [(parsed, secrets) for parsed in file.documents if (secrets := read_secrets(parsed.value)) is not None]


def _lacking(value: Any) -> str:
    """What a response of Secrets Manager should contain but does not."""
    if not isinstance(value, dict):
        return ""
    if value.get("Errors"):
        return "AWS could not return every secret: see Errors in its response for the reasons"
    if value.get("SecretValues") == []:
        return "AWS found no secret: names are case-sensitive, and each belongs to one account and region"
    if "SecretBinary" in value and not isinstance(value.get("SecretString"), str):
        return "this secret is binary: the server reads SecretString, a text"
    return ""


def _detect_bare(file: SourceFile) -> Recognised | None:
    value = file.json.value
    if not isinstance(value, dict) or not _is_connection(value):
        return None
    kind = kind_of_content(value)
    if kind is not None:
        return Recognised(kind, Confidence.POSSIBLE)
    return Recognised(_kind_of_label(file.name) or DATABASE, Confidence.ANY)


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """One document for each secret; mistakes in the text of the file itself are reported with the first."""
    secrets = [(parsed, secret) for parsed, secrets in _answers(file) for secret in secrets]
    if not secrets:
        data, problems, checkable = _members(file.json, kind, file)
        document = Document(file.uri, kind, file.text, data, JsonOrigin(file.text, file.json, kind), unread={} if file.json.whole else PART)
        return [Loaded(document, tuple(problems), checkable)]
    kinds = [(parsed, secret, kind if len(secrets) == 1 else _kind_of_secret(file, secret)) for parsed, secret in secrets]
    known = [(parsed, secret, one) for parsed, secret, one in kinds if one is not None] or [(*secrets[0], kind)]
    outer = (problem for parsed in file.documents for problem in tree_problems(parsed, _OUTER_CONSEQUENCE))
    of_text = (*encoding_problems(file, _OUTER_CONSEQUENCE), *outer)
    first, *others = [_load_secret(file, *one)._replace(of_text=of_text) for one in known]
    return [first.with_text(), *others]


def _load_secret(file: SourceFile, parsed: Json | Yaml, secret: Secret, kind: str) -> Loaded:
    from ..syntax.json_in_text import InnerJson  # only for a file with a secret

    place = parsed.places.find(secret.at)
    inner = InnerJson(file.text.content, place.value if place is not None else Span(0, 0), secret.text)
    data, problems, checkable = _members(inner.json, kind)
    origin = JsonOrigin(file.text, inner.json, kind, inner, Lines(file.text, _outer_visibility))
    document = Document(
        file.uri, kind, file.text, data, origin, environment=environment_of(secret.label), unread={} if inner.json.whole else PART
    )
    outward = tuple(problem._replace(span=inner.outward(problem.span)) for problem in problems)
    return Loaded(document, outward, checkable, names=secret.names)


def _members(parsed: Json, kind: str, file: SourceFile | None = None) -> tuple[dict[str, Any], list[Problem], bool]:
    """See :func:`.object_problems`. To the server a value that is false, or an empty list, is an object without members."""
    data, problems, checkable = object_problems(parsed, _CONSEQUENCE, _NOT_AN_OBJECT[kind], file)
    if parsed.whole and (parsed.value == [] or is_false(parsed.value)):
        return {}, [one for one in problems if one.name != "json-not-an-object"], True
    return data, [one._replace(fatal=one.fatal and (kind == DATABASE or one.name != "json-not-an-object")) for one in problems], checkable


# --- What the AWS CLI prints ---------------------------------------------------------------------------------------------------------


def read_secrets(value: Any) -> list[Secret] | None:
    """The secrets in the output of the AWS CLI; None for anything else."""
    items: list[tuple[JsonPath, Any]]
    if isinstance(value, str):
        return [Secret(value, (), ())] if value.lstrip().startswith("{") else None
    if isinstance(value, dict) and isinstance(value.get("SecretValues"), list):
        items = [(("SecretValues", index), item) for index, item in enumerate(value["SecretValues"])]
    elif isinstance(value, list) and value and all(map(_is_item, value)):
        items = [((index,), item) for index, item in enumerate(value)]
    elif _is_item(value):
        items = [((), value)]
    else:
        return None
    texts = [(at, item) for at, item in items if isinstance(item, dict) and isinstance(item.get("SecretString"), str)]
    return [Secret(item["SecretString"], (*at, "SecretString"), _names(item)) for at, item in texts]


def _is_item(item: Any) -> bool:
    return isinstance(item, dict) and ("SecretString" in item or "SecretBinary" in item)


def _names(item: dict[str, Any]) -> tuple[str, ...]:
    """Its name, its ARN, and its ARN without the six characters that Secrets Manager adds."""
    names = tuple(item[field] for field in ("Name", "ARN") if isinstance(item.get(field), str))
    return (*names, *(name[:-7] for name in names if name.startswith("arn:") and name[-7:-6] == "-"))


# --- What kind of secret it is -------------------------------------------------------------------------------------------------------

_OF_DATABASE = frozenset({"dbname", "dbClusterIdentifier", "dbInstanceIdentifier", "queryTimeout", "ssl"})
_OF_REDIS = frozenset({"tls", "unused", "db"})


def _kind_of_secret(file: SourceFile, secret: Secret) -> str | None:
    """The kind of a secret by its content, else by the parameter that names it, else by its name; None for that of another program."""
    parsed = parse_json(secret.text)
    is_object = isinstance(parsed.value, dict)
    is_connection = is_object and _is_connection(parsed.value)
    by_parameter = _kinds_by_parameter(file)
    kind = kind_of_content(parsed.value) if is_connection else None
    kind = kind or next((by_parameter[name] for name in secret.names if name in by_parameter), None)
    is_unreadable = not parsed.whole or not is_object or not parsed.value
    is_ours = is_connection or (is_unreadable and "medplum" in secret.label.lower())
    return kind or (_kind_of_label(secret.label) if is_ours else None)


def _kinds_by_parameter(file: SourceFile) -> dict[str, str]:
    """The kinds of the secrets that the dumps of the run name."""

    def kinds() -> dict[str, str]:
        dumps = (one for one in file.around.given(file, "DatabaseSecrets", "RedisSecrets") if one.uri != file.uri)
        every = [loaded.document for dump in dumps for loaded in source_of("server/ssm").load(dump, "server/ssm")]
        named = ((document.get((name,)), REDIS if "Redis" in name else DATABASE) for document in every for name in SECRETS)
        return {value: kind for value, kind in named if isinstance(value, str)}

    return file.around.cached(("kinds of secrets", file.release), kinds)


def _is_connection(value: dict[str, Any]) -> bool:
    return ("password" in value and ("username" in value or "host" in value)) or {"host", "dbname"} <= value.keys()


def _kind_of_label(label: str) -> str | None:
    if _is_redis(label):
        return REDIS
    is_database = re.search(r"database|postgres|aurora|(?<![a-z])(rds|db|pg)(?![a-z])", label, re.IGNORECASE)
    return DATABASE if is_database else None


def _is_redis(label: str) -> bool:
    return re.search(r"redis|valkey|elasticache", label, re.IGNORECASE) is not None


def kind_of_content(value: dict[str, Any]) -> str | None:
    """The kind of a connection, by members that only one of the two has, its host or its port; None if these are inconclusive."""
    given = (value.get(name) for name in ("host", "port", "engine"))
    host, port, engine = (str(one) if isinstance(one, str | int) else "" for one in given)
    if _OF_DATABASE.intersection(value) or ("engine" in value and not _is_redis(engine)):
        return DATABASE
    if _OF_REDIS.intersection(value) or ".cache." in host or port in ("6379", "6380"):
        return REDIS
    return DATABASE if ".rds." in host or port == "5432" else None


def environment_of(label: str) -> str | None:
    """The environment in a secret's name or ARN: ``medplum/prod/redis``, ``prod/medplum-db``; None if there is none."""
    match = re.search(r"(?:^|[:/])medplum/([A-Za-z0-9_.-]+)/", label)
    if match is None:
        match = re.search(r"(?:^|[:/])(prod|production|staging|stage|dev|development|test|qa|uat|demo|sandbox|preprod)/", label)
    return match[1] if match else None


def _outer_visibility() -> Visibility:
    """What may be shown of the file around the secrets."""
    from ..redaction.values import Visibility, is_of_a_format

    return Visibility(lambda name: is_of_a_format if name in _PUBLIC_FIELDS else None, _FIELDS.__contains__)
