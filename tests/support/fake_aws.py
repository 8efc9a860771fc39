"""An ``aws`` for tests of scripts: the commands of ``aws ssm`` that they use, against parameters that are kept in a folder.

It reads its arguments as version 1 of the AWS CLI does: a leading dash is an option, ``file://`` a file and ``https://`` an address, which
fails here. ``FAKE_AWS`` is the folder, with one file for each parameter; ``FAKE_AWS/log`` has the calls. ``FAKE_AWS_FAILS`` names a command
that fails whatever it is given.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

STORE = Path(os.environ["FAKE_AWS"])
FLAGS = {"--overwrite", "--with-decryption"}


def main() -> None:
    service, command, *rest = sys.argv[1:]
    assert service == "ssm", service
    with (STORE / "log").open("a", encoding="utf-8") as log:
        log.write(" ".join(sys.argv[1:]) + "\n")
    if command == os.environ.get("FAKE_AWS_FAILS"):
        fail("ExpiredTokenException")
    options = read(rest)
    answer = {
        "put-parameter": put,
        "get-parameter": get,
        "get-parameters": get_several,
        "delete-parameters": delete,
    }[command](options)
    if "--query" in options:
        answer = query(answer, options["--query"])
    print(answer if options.get("--output") == "text" else json.dumps(answer))


def read(arguments: list[str]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    while arguments:
        name = arguments.pop(0)
        if name in FLAGS:
            options[name] = True
            continue
        if not arguments or arguments[0].startswith("-"):
            fail(f"argument {name}: expected one argument")
        options[name] = loaded(arguments.pop(0))
    for name, value in json.loads(options.pop("--cli-input-json", "{}")).items():
        options.setdefault(f"--{name.lower()}", value)
    return options


def loaded(value: str) -> str:
    if value.startswith(("http://", "https://")):
        fail(f"Unable to retrieve {value}")
    if value.startswith("file://"):
        return Path(value.removeprefix("file://")).read_text(encoding="utf-8")
    return value


def file_of(options: dict[str, Any], name: str) -> Path:
    return STORE / f"{options.get('--region', 'default')}{name.replace('/', '!')}.json"


def put(options: dict[str, Any]) -> Any:
    file = file_of(options, options["--name"])
    before = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if before and "--overwrite" not in options:
        fail("ParameterAlreadyExists")
    if not options.get("--value") or not (before or "--type" in options):
        fail("ValidationException")
    now = {"Type": options.get("--type") or before["Type"], "Value": options["--value"]}
    tier = options.get("--tier") or before.get("Tier")
    file.write_text(json.dumps(now | ({"Tier": tier} if tier else {})), encoding="utf-8")
    return {"Version": 1}


def get(options: dict[str, Any]) -> Any:
    file = file_of(options, options["--name"])
    if not file.exists():
        fail("ParameterNotFound")
    return {"Parameter": json.loads(file.read_text(encoding="utf-8"))}


def get_several(options: dict[str, Any]) -> Any:
    file = file_of(options, options["--names"])
    return {"Parameters": [json.loads(file.read_text(encoding="utf-8"))] if file.exists() else []}


def delete(options: dict[str, Any]) -> Any:
    file_of(options, options["--names"]).unlink(missing_ok=True)
    return {}


def query(answer: Any, asked: str) -> Any:
    return answer["Parameter"]["Value"] if asked == "Parameter.Value" else len(answer["Parameters"])


def fail(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(254)


if __name__ == "__main__":
    main()
