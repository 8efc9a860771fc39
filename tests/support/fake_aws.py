"""An ``aws`` for tests of scripts: the commands that they use, against parameters that are kept in a folder.

It reads its arguments as version 1 of the AWS CLI does: a leading dash is an option, ``file://`` a file and ``https://`` an address, which
fails here; an option that a command does not have is refused with exit code 252, and what AWS refuses with 254. ``--query`` is evaluated
by the library of the CLI.

The folder has a file for each parameter as :func:`stored_file` names it: what AWS says of it, its ``Tags``, and its ``History``, the fields
of each version. ``log`` has the calls, one a line. The variables of the script that calls it may say

* ``FAKE_AWS_ACCOUNT``: the account;
* ``FAKE_AWS_FAILS``: a command that fails whatever it is given, or the number of the call that does;
* ``FAKE_AWS_FAILS_AFTER``: the number of a call that does its work and fails then, as where the answer gets lost.

A script makes dozens of calls, and to start Python for each takes longer than all else. So the program that a script finds is a few lines
of shell, :data:`CLIENT`, which hand the call to a thread of the test: :func:`serving`.
"""

import json
import os
import re
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

FLAGS: Final = {"--overwrite", "--with-decryption"}
GLOBAL: Final = {"--query", "--output", "--region", "--cli-input-json"}
OPTIONS: Final = {
    "get-caller-identity": set(),
    "get-parameter": {"--name", "--with-decryption"},
    "get-parameters": {"--names", "--with-decryption"},
    "put-parameter": set(
        "--name --description --value --type --key-id --overwrite --allowed-pattern --tags --tier --policies --data-type".split()
    ),
    "delete-parameters": {"--names"},
    "describe-parameters": {"--parameter-filters"},
    "list-tags-for-resource": {"--resource-type", "--resource-id"},
    "add-tags-to-resource": {"--resource-type", "--resource-id", "--tags"},
}
LIMITS: Final = {"Standard": 4096, "Advanced": 8192, "Intelligent-Tiering": 8192}
CHANGED: Final = ("Type", "Value", "KeyId", "Description", "AllowedPattern", "DataType", "Tier", "Policies")
"""What put-parameter sets, and AWS keeps of each version."""
DATE: Final = "2026-06-01T12:00:00.500000+00:00"
"""When everything is changed that this changes."""

Parameter = dict[str, Any]

CLIENT: Final = """\
#!/bin/sh
cd {folder}
for ARGUMENT; do
  if [ "$ARGUMENT" = file:///dev/stdin ]; then cat >input; fi
done
printf '%s\\0' "$@" >arguments
echo >asked
read -r CODE <answered
if [ "$CODE" = 0 ]; then exec cat output; fi
cat errors >&2
exit "$CODE"
"""
"""One call at a time: ``asked`` and ``answered`` are pipes, the others files."""


class Failure(Exception):
    """What the CLI says where it fails, and its exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Call(NamedTuple):
    """A call of the CLI, made by a script with these variables; ``folder`` has its input."""

    arguments: list[str]
    variables: Mapping[str, str]
    folder: Path


@contextmanager
def serving(store: Path, folder: Path, variables: Mapping[str, str]) -> Iterator[None]:
    """Answer the calls of ``folder/aws`` for a while."""
    client = folder / "aws"
    if not client.exists():
        client.write_text(CLIENT.format(folder=f"'{folder}'"), encoding="utf-8")
        client.chmod(0o700)
        for pipe in ("asked", "answered"):
            os.mkfifo(folder / pipe)
    # open for both, so that neither side waits until the other opens it
    asked, answered = (os.open(folder / pipe, os.O_RDWR) for pipe in ("asked", "answered"))

    def serve() -> None:
        while os.read(asked, 1) == b"\n":
            arguments = (folder / "arguments").read_text(encoding="utf-8", errors="surrogateescape").split("\0")[:-1]
            code, output, errors = 0, b"", ""
            try:
                output = answer(store, Call(arguments, variables, folder))
            except Failure as failure:
                code, errors = failure.code, str(failure)
            except Exception:
                code, errors = 1, traceback.format_exc()
            (folder / "output").write_bytes(output)
            (folder / "errors").write_text(f"{errors}\n", encoding="utf-8", errors="surrogateescape")
            os.write(answered, f"{code}\n".encode())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        os.write(asked, b".")
        thread.join()
        os.close(asked)
        os.close(answered)


def answer(store: Path, call: Call) -> bytes:
    """What the CLI prints. Raises Failure."""
    service, command, *rest = call.arguments
    with (store / "log").open("a", encoding="utf-8") as log:
        log.write(json.dumps(call.arguments) + "\n")
    number = str(len((store / "log").read_text(encoding="utf-8").splitlines()))
    if call.variables.get("FAKE_AWS_FAILS") in (command, number):
        fail("ExpiredTokenException")
    if command not in OPTIONS or service != ("sts" if command == "get-caller-identity" else "ssm"):
        fail(f"Invalid choice: {service} {command}", 252)
    options = read(command, rest, call.folder / "input")
    account = call.variables.get("FAKE_AWS_ACCOUNT", "123456789012")
    found = Store(store, options.get("--region", "default"), account).answer(command, options)
    if call.variables.get("FAKE_AWS_FAILS_AFTER") == number:
        fail("Connection was closed before we received a valid response")
    return as_printed(found, options)


def read(command: str, arguments: list[str], given: Path) -> dict[str, Any]:
    options: dict[str, Any] = {}
    known = OPTIONS[command] | GLOBAL
    while arguments:
        name = arguments.pop(0)
        if name not in known:
            fail(f"Unknown options: {name}", 252)
        if name in FLAGS:
            options[name] = True
            continue
        if not arguments or arguments[0].startswith("-"):
            fail(f"argument {name}: expected one argument", 252)
        if name == "--cli-input-json" and arguments[0] == "file:///dev/stdin":
            fail("Error parsing parameter 'cli-input-json': Invalid JSON", 252)  # the CLI reads the file twice
        options[name] = loaded(arguments.pop(0), given)
    for member, value in json.loads(options.pop("--cli-input-json", "{}")).items():
        name = "-" + re.sub("([A-Z])", lambda match: f"-{match[1].lower()}", member)
        if name not in known or value is None:
            fail(f"Parameter validation failed: {member}", 252)
        options.setdefault(name, value)
    return options


def loaded(value: str, given: Path) -> str:
    if value == "file:///dev/stdin":
        return given.read_text(encoding="utf-8")
    if value.startswith(("http://", "https://")):
        fail(f"Unable to retrieve {value}", 252)
    if value.startswith("file://"):
        return Path(value.removeprefix("file://")).read_text(encoding="utf-8")
    return value


def as_printed(answer: Any, options: dict[str, Any]) -> bytes:
    if "--query" in options:
        answer = import_module("jmespath").search(options["--query"], answer)
    if options.get("--output") == "text":
        return ("\t".join(map(str, answer)) if isinstance(answer, list) else str(answer)).encode() + b"\n"
    return json.dumps(answer, indent=4).encode() + b"\n" if answer != {} else b""  # nothing is printed for an empty object


def stored_file(store: Path, region: str, name: str) -> Path:
    """The file of a parameter."""
    return store / f"{region}{name.replace('/', '!')}.json"


class Store:
    def __init__(self, folder: Path, region: str, account: str) -> None:
        self.folder = folder
        self.region = region
        self.account = account

    def answer(self, command: str, options: dict[str, Any]) -> Any:
        method = getattr(self, command.replace("-", "_"))
        return method(options)

    def get_caller_identity(self, options: dict[str, Any]) -> Any:
        return {"UserId": "x", "Account": self.account, "Arn": "arn:aws:iam::1:user/x"}

    def found(self, name: str) -> Parameter | None:
        file = stored_file(self.folder, self.region, name)
        return {"Name": name, **json.loads(file.read_text(encoding="utf-8"))} if file.exists() else None

    def get_parameter(self, options: dict[str, Any]) -> Any:
        name, _, version = options["--name"].partition(":")
        found = self.found(name)
        if found is None:
            fail("ParameterNotFound")
        if version and version != str(found.get("Version", 1)):
            if version not in found.get("History", {}):
                fail("ParameterVersionNotFound")
            found |= {"Version": int(version), **found["History"][version]}
        return {"Parameter": printed(found, decrypted="--with-decryption" in options)}

    def get_parameters(self, options: dict[str, Any]) -> Any:
        found = self.found(options["--names"])
        names = [options["--names"]] if found is None else []
        return {"Parameters": [printed(found, decrypted="--with-decryption" in options)] if found else [], "InvalidParameters": names}

    def describe_parameters(self, options: dict[str, Any]) -> Any:
        match = re.fullmatch(r"Key=Name,Option=Equals,Values=([^,]+)", options["--parameter-filters"])
        if match is None:
            fail("InvalidFilterValue")
        if options.get("--output") == "text":
            fail("text has one answer for each page", 252)
        found = self.found(match[1])
        if found is None:
            return {"Parameters": []}
        shown = {name: value for name, value in found.items() if name not in ("Value", "History", "Tags")}
        shown = {"Tier": "Standard", "DataType": "text", "Version": 1, "LastModifiedUser": "arn:aws:iam::1:user/x"} | dates(found) | shown
        if found["Type"] == "SecureString":
            shown = {"KeyId": "alias/aws/ssm"} | shown
        texts = json.loads(found.get("Policies", "[]"))
        shown["Policies"] = [
            {"PolicyText": json.dumps(one, separators=(",", ":")), "PolicyType": one["Type"], "PolicyStatus": "Finished"} for one in texts
        ]
        return {"Parameters": [shown]}

    def put_parameter(self, options: dict[str, Any]) -> Any:
        before = self.found(options["--name"])
        if before is not None and "--overwrite" not in options:
            fail("ParameterAlreadyExists")
        if "--overwrite" in options and "--tags" in options:
            fail("ValidationException: tags and overwrite can't be used together")
        given = {name: options[option] for name in CHANGED if (option := option_of(name)) in options}
        now = {"Tier": "Standard", **{name: value for name, value in (before or {}).items() if name in CHANGED}, **given}
        if now["Type"] == "SecureString":
            now = {"KeyId": "alias/aws/ssm"} | now
        else:
            if "KeyId" in given:
                fail("ValidationException: KeyId is for a SecureString")
            now.pop("KeyId", None)
        check(before or {}, now)
        old = {str(before.get("Version", 1)): {name: before[name] for name in CHANGED if name in before}} if before else {}
        version = before.get("Version", 1) + 1 if before else 1
        tags = options.get("--tags", "[]")
        kept = {
            "Version": version,
            "LastModifiedDate": DATE,
            "LastModifiedUser": "arn:aws:iam::1:user/script",
            "Tags": before.get("Tags", []) if before else json.loads(tags) if isinstance(tags, str) else tags,
            "History": {**((before or {}).get("History", {})), **old},
        }
        self.keep(options["--name"], now | kept)
        return {"Version": version, "Tier": now["Tier"]}

    def keep(self, name: str, parameter: Parameter) -> None:
        parameter = {member: value for member, value in parameter.items() if member != "Name"}
        stored_file(self.folder, self.region, name).write_text(json.dumps(parameter), encoding="utf-8")

    def delete_parameters(self, options: dict[str, Any]) -> Any:
        name = options["--names"]
        found = self.found(name) is not None
        stored_file(self.folder, self.region, name).unlink(missing_ok=True)
        return {"DeletedParameters": [name] if found else [], "InvalidParameters": [] if found else [name]}

    def tagged(self, options: dict[str, Any]) -> Parameter:
        found = self.found(options["--resource-id"])
        if options["--resource-type"] != "Parameter" or found is None:
            fail("InvalidResourceId")
        return found

    def list_tags_for_resource(self, options: dict[str, Any]) -> Any:
        return {"TagList": self.tagged(options).get("Tags", [])}

    def add_tags_to_resource(self, options: dict[str, Any]) -> Any:
        found = self.tagged(options)
        new = json.loads(options["--tags"])
        if any(one["Key"].startswith("aws:") for one in new):
            fail("ValidationException: aws: is reserved")
        others = [one for one in found.get("Tags", []) if one["Key"] not in {tag["Key"] for tag in new}]
        self.keep(options["--resource-id"], found | {"Tags": others + new})
        return {}


def option_of(member: str) -> str:
    return "-" + re.sub("([A-Z])", lambda match: f"-{match[1].lower()}", member)


def dates(found: Parameter) -> Parameter:
    return {"LastModifiedDate": found.get("LastModifiedDate", "2026-01-01T00:00:00.250000+00:00")}


def printed(found: Parameter, *, decrypted: bool) -> Parameter:
    value = found["Value"] if decrypted or found["Type"] != "SecureString" else "AQICciphertext"
    return {"Name": found["Name"], "Type": found["Type"], "Value": value, "Version": found.get("Version", 1), **dates(found)}


def check(before: Parameter, now: Parameter) -> None:
    """Refuse what AWS refuses."""
    if not now.get("Value") or now.get("Type") not in ("String", "StringList", "SecureString"):
        fail("ValidationException")
    if len(now["Value"]) > LIMITS[now["Tier"]]:
        fail("ValidationException: Standard tier parameters support a maximum parameter value of 4096 characters")
    if before.get("Tier") == "Advanced" and now["Tier"] == "Standard":
        fail("ValidationException: You can't downgrade a parameter from the advanced-parameter tier")
    if now.get("Policies") and now["Tier"] == "Standard":
        fail("ValidationException: policies need the advanced-parameter tier")
    if "AllowedPattern" in now and not re.fullmatch(now["AllowedPattern"], now["Value"], re.DOTALL):
        fail("ParameterPatternMismatchException")


def fail(message: str, code: int = 254) -> NoReturn:
    raise Failure(message, code)
