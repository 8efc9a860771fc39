"""Why nothing is read from a file that no source recognises, in words for people, with the way out. Imported only when needed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .. import settings
from ..typed import Final
from .looks import called
from .problems import broken_off
from .recognise import names_in
from .source import SourceFile
from .variables.documents import configures_server

_WANTED: Final = {
    "server/ssm": "no parameter of a Medplum server can be read from it",
    "server/env": "no variable of a Medplum server (MEDPLUM_…) can be read from it",
    "server/azure": "no JSON object of names and texts can be read from it",
    "secret/database": "no JSON object with the connection to a database can be read from it",
    "secret/redis": "no JSON object with the connection to Redis can be read from it",
}
_AWS_TEXT: Final = re.compile(
    r"""
    (?: PARAMETERS?\t | INVALIDPARAMETERS\t | SECRETVALUES\t | SECRETLIST\t | NEXTTOKEN\t )
    | arn:aws[a-z-]*:secretsmanager:\S+\t    # get-secret-value begins with the ARN
    | /[\w./-]+\t                            # --query 'Parameters[].[Name,Value]'
    """,
    re.VERBOSE,
)
_LOOKED_AT: Final = 20_000
"""The number of characters of a text that are examined."""
_ANSI: Final = re.compile(r"\x1b\[[0-9;]*m")
_AWS_TABLE: Final = re.compile(r"[-+]{4,}[ \t]*\r?\n\|")
_AWS_ERROR: Final = re.compile(
    r"\s*(?:aws: error:|An error occurred \(\w+\)|Unable to locate credentials|usage: aws |Could not connect to the endpoint)"
)
_HCL: Final = re.compile(
    r'^(?:(?:resource|data|variable|provider|module|output)[ \t]+"[^"\n]+"|terraform|locals)[ \t"\w-]*\{', re.MULTILINE
)
_A_VALUE: Final = {list: "a list", str: "text", bool: "true or false"}
_SET: Final = re.compile(r"^[ \t]*(?:export[ \t]+)?(MEDPLUM_[A-Z0-9_]+)=", re.MULTILINE)
_OF_NO_FORMAT: Final = {
    "a template": "it is a template: give the file that is made from it",
    "a Dockerfile": "its ENV sets no variable of a Medplum server",
}
_OF_OTHERS: Final = frozenset({"package.json", "package-lock.json", "tsconfig.json"})


def why_unread(file: SourceFile, kind: str | None) -> str:
    """The reason why a file is not read, as a clause without a full stop; ``kind`` is the one that the user gave, if any.

    The text itself is not repeated, because it may be a secret.
    """
    known = next(_binary(file), "") or evidently(file)
    if known:
        return known
    if file.json.intact and file.json.value in ([], None):
        return f"this is {'null' if file.json.value is None else 'an empty list'}, which the AWS CLI prints when --query finds nothing"
    wanted = "" if kind is None else _WANTED.get(kind, "no JSON object of settings can be read from it")
    broken = _broken(file)
    if wanted:
        return f"{wanted}; it is {broken}" if broken else wanted
    return broken or _unrecognised(file)


def evidently(file: SourceFile) -> str:
    """A clause that says what a file evidently is instead of a configuration, and how to get one; empty if that is not known."""
    head = file.text.content[:_LOOKED_AT]
    plain = _ANSI.sub("", head).lstrip()
    if _AWS_TEXT.match(plain):
        return "this is the AWS CLI's text output: use --output json"
    if _AWS_TABLE.match(plain):
        return "this is the AWS CLI's table output: use --output json"
    if _AWS_ERROR.match(plain):
        return "this is an error message from the AWS CLI, not its output: run the command by itself"
    if called(file.name) == "Terraform" or (not file.is_meant_as_json and _HCL.search(head)):
        return "this is Terraform's own language: give the output of terraform show -json"
    value = file.json.value
    if not isinstance(value, dict):
        return ""
    if isinstance(value.get("SecretList"), list):
        return "this is a list of secrets without their values: use aws secretsmanager get-secret-value"
    if "MEDPLUM_" not in file.text.content:
        return ""
    if {"apiVersion", "kind"} <= value.keys():
        return "these are Kubernetes manifests in JSON, but only YAML is read: use kubectl --output yaml"
    return "this is a Compose file in JSON, but only YAML is read: give the YAML" if isinstance(value.get("services"), dict) else ""


def foreign(file: SourceFile) -> str:
    """What a file is that has nothing to do with Medplum, and is left alone; empty if that is not known.

    The sources themselves only examine files that mention Medplum, because a search reads many files.
    """
    if file.name in _OF_OTHERS:
        return "not a Medplum configuration"
    documents = file.yaml or (file.json,)
    if broken_off(file, *documents):
        return ""
    values = [parsed.value for parsed in documents if isinstance(parsed.value, dict)]
    if any({"apiVersion", "kind"} <= value.keys() for value in values):
        return "Kubernetes manifests without variables of a Medplum server"
    if any(isinstance(value.get("services"), dict) for value in values):
        return "a Compose file without a Medplum server that is configured by variables"
    return ""


def _binary(file: SourceFile) -> Iterator[str]:
    content = file.text.content
    if not content.strip("\ufeff \t\r\n\f\v"):
        blank = "a byte order mark" if not content and file.text.bom else "white space" if content else ""
        yield f"the file contains nothing but {blank}" if blank else "the file is empty"
    head = content[:_LOOKED_AT]
    if "\0" in head:
        half = len(head) // 4
        wide = head[:2] == "\ufffd\ufffd" or head[1::2].count("\0") > half or head[::2].count("\0") > half
        yield "this is UTF-16, as PowerShell writes it: save it as UTF-8" if wide else "this is not text"
    if head.count("\ufffd") > len(head) // 4:
        yield "this is not text"


def _broken(file: SourceFile) -> str:
    """Where a text that is meant as JSON or YAML breaks off."""
    if file.name.endswith((".yaml", ".yml")) or (file.looks_like_yaml and "." not in file.name.strip(".")):
        return broken_off(file, *file.yaml)
    return broken_off(file, file.json) if file.is_meant_as_json else ""


def _unrecognised(file: SourceFile) -> str:
    lacking = _lacking(file)
    of_no_format = _OF_NO_FORMAT.get(called(file.name), "it is neither JSON nor YAML nor a list of variables of a Medplum server")
    said = f"{lacking}; say with --kind what it is, or leave it out" if lacking else of_no_format
    return f"not recognised as a Medplum configuration: {said}"


def _lacking(file: SourceFile) -> str:
    """What a text would need to be recognised as a configuration; empty if it is in no supported format."""
    value = file.json.value
    if isinstance(value, dict) and (file.json.intact or file.is_meant_as_json):
        return _lacking_names(names_in(value))
    if file.json.intact:
        return f"it is {_A_VALUE.get(type(value), 'a number')}, not an object of settings"
    if file.is_meant_as_json:
        return "no setting can be read from it"
    if "MEDPLUM_" in file.text.content:
        variables = _SET.findall(file.text.content)
        if variables and not configures_server(variables):
            return "its MEDPLUM_ variables are ones that clients have too"
        return "it names MEDPLUM_ variables, but is no list of them"
    return "it has no parameter or variable of a Medplum server" if file.name.endswith((".yaml", ".yml")) else ""


def _lacking_names(names: frozenset[str]) -> str:
    """For an object: how few of its names are a server's. Only names that the catalogue knows are repeated."""
    known = sorted(name for name in names if settings.catalogue().get((name,)) is not None)
    if not names:
        return "it is empty"
    if not known:
        return f"none of its {len(names)} names is a setting" if len(names) > 1 else "its only name is not a setting"
    if len(names) == 1:
        return f"{known[0]} alone can be another program's"
    if len(known) == 1:
        return f"{known[0]} is the only setting among its {len(names)} names"
    return f"only {len(known)} of its {len(names)} names are settings, and other programs have {', '.join(known[:-1])} and {known[-1]} too"
