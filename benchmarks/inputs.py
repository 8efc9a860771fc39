"""The files that are measured: the same in each run, but for the keys, which are generated again and used nowhere else.

python -m benchmarks.inputs FOLDER [--quick] NAME ...

Nothing here imports the linter, so that every version of it gets the same files. To make keys takes cryptography.
"""

from __future__ import annotations

import argparse
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations, islice
from pathlib import Path
from textwrap import indent
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parent.parent
CLEAN: Final = ROOT / "benchmarks" / "clean.json"
PASSPHRASE: Final = "not-a-real-passphrase"


class Sizes(NamedTuple):
    """How many there are: configurations, parameters of a dump, environments, parameters of the huge dump, environments with mistakes."""

    files: int
    parameters: int
    environments: int
    huge: int
    wrong: int


FULL: Final = Sizes(1_000, 10_000, 500, 300_000, 2_500)
QUICK: Final = Sizes(20, 400, 20, 2_000, 50)
MISTAKES: Final = 10
"""Findings of an environment with mistakes, and of the file that has as many."""


_BYTES: Final = 380
"""Bytes of a parameter in a dump, about."""


class Parameter(NamedTuple):
    """One of AWS's Parameter Store."""

    name: str
    value: str
    secure: bool = False


# --- Settings ---

ENVIRONMENT: Final[Mapping[str, str]] = {
    "port": "8103",
    "baseUrl": "https://api.{}.clinic.example/",
    "appBaseUrl": "https://app.{}.clinic.example/",
    "issuer": "https://api.{}.clinic.example/",
    "jwksUrl": "https://api.{}.clinic.example/.well-known/jwks.json",
    "authorizeUrl": "https://api.{}.clinic.example/oauth2/authorize",
    "tokenUrl": "https://api.{}.clinic.example/oauth2/token",
    "userInfoUrl": "https://api.{}.clinic.example/oauth2/userinfo",
    "binaryStorage": "s3:storage-{}-clinic",
    "storageBaseUrl": "https://storage.{}.clinic.example/binary/",
    "supportEmail": "support@clinic.example",
    "awsRegion": "us-east-1",
    "registerEnabled": "false",
    "maxJsonSize": "1mb",
    "maxBatchSize": "20mb",
    "DatabaseSecrets": "medplum/{}/database",
    "database.ssl.require": "true",
    "database.ssl.ca": (ROOT / "linter" / "policy" / "samples" / "certificate.pem").read_text(encoding="ascii"),
    "RedisSecrets": "medplum/{}/redis",
}
"""An environment without mistakes, but for its signing key."""
_ONLY_IN_DUMPS: Final = ("DatabaseSecrets", "database.ssl.require", "database.ssl.ca", "RedisSecrets")
"""What a config file holds as objects instead."""
_SEVEN_WITH_THE_KEY: Final = 6
"""Mistakes of the file with seven: its key, which is stored in plain text, is the last."""
_SIGNING: Final = {"signingKeyId": "K2JCJMDEHXQW5F", "signingKey": "", "signingKeyPassphrase": PASSPHRASE}
PER_ENVIRONMENT: Final = len(ENVIRONMENT) + len(_SIGNING)
WRONG: Final[Mapping[str, str]] = {
    "port": "81o3",
    "appBaseUrl": "https://app.{}.clinic.example",
    "jwksUrl": "api.{}.clinic.example/jwks",
    "storageBaseUrl": "https://storage.{}.clinic.example/binary",
    "maxJsonSize": "1 megabyte",
    "emailAdress": "help@clinic.example",
    "bcryptHashSalt": "many",
    "logLevel": "LOUD",
    "heartbeatEnabled": "maybe",
    "keepAliveTimeout": "soon",
}
"""What can be wrong with a setting: one finding each."""
_HALF_WRONG: Final = ("port", "appBaseUrl", "jwksUrl", "maxJsonSize", "emailAdress", "logLevel", "bcryptHashSalt")
"""What is wrong in an environment that lacks three other settings besides."""


def environment(name: str, settings: Mapping[str, str] = ENVIRONMENT, key: str | None = None) -> Iterator[Parameter]:
    """The parameters of an environment, with the signing key that it is given."""
    for setting, value in (settings if key is None else {**settings, **_SIGNING, "signingKey": key}).items():
        yield Parameter(f"/medplum/{name}/{setting}", value.replace("{}", name), setting in ("signingKey", "signingKeyPassphrase"))


def wrong(name: str) -> Iterator[Parameter]:
    """The parameters of an environment with ten mistakes: wrong values, and settings that are missing."""
    right = {setting: ENVIRONMENT[setting] for setting in ("baseUrl", "RedisSecrets")}
    return environment(name, right | {setting: WRONG[setting] for setting in _HALF_WRONG})


def of_others(count: int) -> Iterator[Parameter]:
    """Parameters of other applications."""
    for number in range(count):
        yield Parameter(f"/billing/e{number % 40}/service-{number // 40}/setting-{number}", f"value {number}")


def server_config(mistakes: int = 0, **more: Any) -> dict[str, Any]:
    """A production server's config file with so many mistakes, each of which is one finding. At most as many as there are in WRONG."""
    made: dict[str, Any] = {
        **{name: value.replace("{}", "e0") for name, value in ENVIRONMENT.items() if name not in _ONLY_IN_DUMPS},
        "port": 8103,
        "registerEnabled": False,
        **_SIGNING,
        "signingKey": "${SIGNING_KEY}",
        "signingKeyPassphrase": "${SIGNING_KEY_PASSPHRASE}",
        "database": {
            "host": "database.clinic.example",
            "dbname": "medplum",
            "username": "medplum",
            "password": "${DATABASE_PASSWORD}",
            "ssl": {"require": True},
        },
        "redis": {"host": "redis.clinic.example", "password": "${REDIS_PASSWORD}", "tls": {}},
        **more,
    }
    return {**made, **{name: value.replace("{}", "e0") for name, value in islice(WRONG.items(), mistakes)}}


def many_settings(count: int, scheme: str = "https://") -> dict[str, Any]:
    """A config file with so many settings, besides a few. Without the scheme, every second one is a mistake."""
    providers = [
        {"issuer": f"https://login{number}.clinic.example/", "userInfoUrl": f"{scheme}login{number}.clinic.example/userinfo"}
        for number in range(count // 2)
    ]
    return server_config(externalAuthProviders=providers)


def clean_config(number: int) -> str:
    """The clean config file, as that of another clinic."""
    return CLEAN.read_text(encoding="utf-8").replace("clinic", f"clinic{number}")


# --- Keys ---


def keys(count: int) -> list[str]:
    """So many different RSA keys of 2,048 bits, encrypted as OpenSSL 3 encrypts them.

    Each pair of a few primes is one: to find primes takes long.
    """
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import rsa

    primes: list[int] = []
    while math.comb(len(primes), 2) < count:
        made = rsa.generate_private_key(65_537, 2_048).private_numbers()
        primes += [made.p, made.q]
    encryption = form.BestAvailableEncryption(PASSPHRASE.encode())
    return [
        _key_of(p, q).private_key().private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, encryption).decode()
        for p, q in islice(combinations(primes, 2), count)
    ]


def _key_of(p: int, q: int) -> Any:
    from cryptography.hazmat.primitives.asymmetric import rsa

    d = pow(65_537, -1, math.lcm(p - 1, q - 1))
    public = rsa.RSAPublicNumbers(65_537, p * q)
    return rsa.RSAPrivateNumbers(p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q), public)


# --- Texts ---

_JSON = """\
        {{
            "Name": {name},
            "Type": "{type}",
            "Value": {value},
            "Version": 1,
            "LastModifiedDate": "2026-01-05T10:11:12.345000+00:00",
            "ARN": {arn},
            "DataType": "text"
        }}"""
_YAML = """\
- ARN: {arn}
  DataType: text
  LastModifiedDate: '2026-01-05T10:11:12.345000+00:00'
  Name: {name}
  Type: {type}
  Value: {value}
  Version: 1
"""


def write_dump(path: Path, parameters: Iterable[Parameter]) -> None:
    """A dump, as the AWS CLI prints it: as YAML if the file's name says so, else as JSON."""
    is_yaml = path.suffix == ".yaml"
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("Parameters:\n" if is_yaml else '{\n    "Parameters": [')
        for number, parameter in enumerate(parameters):
            if not is_yaml:
                file.write(",\n" if number else "\n")
            file.write(_entry(parameter, _YAML if is_yaml else _JSON, _in_yaml if is_yaml else json.dumps))
        if not is_yaml:
            file.write("\n    ]\n}\n")


def _entry(parameter: Parameter, form: str, quoted: Callable[[str], str]) -> str:
    arn = f"arn:aws:ssm:us-east-1:123456789012:parameter{parameter.name}"
    kind = "SecureString" if parameter.secure else "String"
    return form.format(name=quoted(parameter.name), type=kind, value=quoted(parameter.value), arn=quoted(arn))


def _in_yaml(text: str) -> str:
    if "\n" in text:
        return "|\n" + indent(text, "    ").rstrip("\n")
    return text if re.fullmatch(r"[a-zA-Z/](?:[\w/ .@-]|:(?! ))*", text) and text not in ("true", "false") else f"'{text}'"


def _write_config(path: Path, config: Any) -> None:
    """Write a server's config, and that a start script fills in its references."""
    _write(path, config)
    with (path.parent / "start.sh").open("a", encoding="utf-8") as script:
        script.write(f"envsubst < {path.name} > config.json\n")


def _write(path: Path, data: object) -> None:
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


# --- What other tools read ---


def template(size: int) -> dict[str, Any]:
    """A CloudFormation template of about so many bytes.

    It has 500 resources at most, as CloudFormation allows; what is left is in their values.
    """
    count = min(size // 195, 500)
    filler = "x" * max(size // count - 220, 0)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Parameters of the billing service",
        "Resources": {
            f"Setting{number}": {
                "Type": "AWS::SSM::Parameter",
                "Properties": {"Name": f"/billing/e{number % 40}/setting-{number}", "Type": "String", "Value": f"value {number}{filler}"},
            }
            for number in range(count)
        },
    }


_WORKFLOW = """\
name: Check {number}

on:
  push:
    branches: [main]
  pull_request:

permissions: {{}}

concurrency:
  group: ${{{{ github.workflow }}}}-${{{{ github.ref }}}}
  cancel-in-progress: true

jobs:
"""
_JOB = """\
  check-{number}:
    name: Check {number}
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
        with:
          persist-credentials: false
      - name: Install
        run: python -m pip install medplum-lint
      - name: Check
        run: medplum-lint config/{number}
"""


def workflow(number: int, size: int) -> str:
    """A GitHub workflow of about so many bytes in which zizmor finds nothing."""
    head, job = _WORKFLOW.format(number=number), _JOB.format(number=0)
    return head + "".join(_JOB.format(number=job_number) for job_number in range(max((size - len(head)) // len(job), 1)))


SCHEMA_OF_DUMPS: Final = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "required": ["Parameters"],
    "properties": {
        "Parameters": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["Name", "Type", "Value"],
                "properties": {
                    "Name": {"type": "string", "pattern": "^/"},
                    "Type": {"enum": ["String", "StringList", "SecureString"]},
                    "Value": {"type": "string", "minLength": 1},
                    "Version": {"type": "integer"},
                },
            },
        }
    },
}
_RULESETS: Final = {
    "ruleset.yaml": """\
rules:
  has-a-base-url:
    severity: error
    given: "$"
    then: {field: baseUrl, function: truthy}
  base-url-ends-with-a-slash:
    severity: error
    given: "$.baseUrl"
    then: {function: pattern, functionOptions: {match: "/$"}}
""",
    "dump-ruleset.yaml": """\
rules:
  name-is-a-path:
    severity: error
    given: "$.Parameters[*]"
    then: {field: Name, function: pattern, functionOptions: {match: "^/"}}
  has-a-value:
    severity: error
    given: "$.Parameters[*]"
    then: {field: Value, function: truthy}
""",
}
_BIOME: Final = {"root": True, "files": {"maxSize": 1_000_000_000}, "formatter": {"enabled": False}, "json": {"linter": {"enabled": True}}}
_BROKEN: Final = '{"port": "x", "port": "y"}\n'
_BROKEN_WORKFLOW: Final = "on: pull_request_target\njobs: {a: {runs-on: ubuntu-24.04, steps: [{run: 'echo ${{ github.head_ref }}'}]}}\n"


def _settings_of_others(folder: Path) -> None:
    """What each tool is to do, and a file of each kind with a mistake that it must find."""
    _write(folder / "dump.schema.json", SCHEMA_OF_DUMPS)
    _write(folder / "biome.json", _BIOME)
    for name, text in _RULESETS.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "broken.json").write_text(_BROKEN, encoding="utf-8")
    _write(folder / "broken-dump.json", {"Parameters": [{"Name": 1, "Type": "String"}]})
    _write(folder / "broken-template.json", {"Resources": {"A": {"Type": "AWS::SSM::Parameter"}}})
    _in_repository(folder / "broken-repository").joinpath("a.yml").write_text(_BROKEN_WORKFLOW, encoding="utf-8")


def _in_repository(folder: Path) -> Path:
    made = folder / ".github" / "workflows"
    made.mkdir(parents=True, exist_ok=True)
    return made


# --- The files ---


def _clean(folder: Path, sizes: Sizes) -> None:
    (folder / "clean.json").write_text(CLEAN.read_text(encoding="utf-8"), encoding="utf-8")
    size = CLEAN.stat().st_size
    _write(folder / "template.json", template(size))
    _in_repository(folder / "repository").joinpath("check.yml").write_text(workflow(0, size), encoding="utf-8")


def _files(folder: Path, sizes: Sizes) -> None:
    write_files(folder / "files", sizes.files)
    size = CLEAN.stat().st_size
    (folder / "templates").mkdir(exist_ok=True)
    workflows = _in_repository(folder / "repositories")
    for number in range(sizes.files):
        _write(folder / "templates" / f"template-{number}.json", template(size))
        (workflows / f"check-{number}.yml").write_text(workflow(number, size), encoding="utf-8")


def write_files(folder: Path, count: int) -> None:
    """So many config files without mistakes in a folder."""
    folder.mkdir(exist_ok=True)
    for number in range(count):
        (folder / f"medplum-{number}.config.json").write_text(clean_config(number), encoding="utf-8")


def in_one_environment(parameters: int) -> Iterator[Parameter]:
    """An environment without mistakes among parameters of other applications, so many in all."""
    [key] = keys(1)
    yield from environment("e0", key=key)
    yield from of_others(parameters - PER_ENVIRONMENT)


def _dump(folder: Path, sizes: Sizes) -> None:
    write_dump(folder / "dump.json", in_one_environment(sizes.parameters))
    _write(folder / "dump-template.json", template(_BYTES * sizes.parameters))


def _environments(folder: Path, sizes: Sizes) -> None:
    own = keys(sizes.environments)
    names = [f"e{number}" for number in range(sizes.environments)]
    write_dump(folder / "own-keys.json", (one for name, key in zip(names, own, strict=True) for one in environment(name, key=key)))
    write_dump(folder / "same-key.json", (one for name in names for one in environment(name, key=own[0])))


def _huge(folder: Path, sizes: Sizes) -> None:
    write_dump(folder / "huge.json", in_one_environment(sizes.huge))
    _write(folder / "huge-template.json", template(_BYTES * sizes.huge))


def _findings(folder: Path, sizes: Sizes) -> None:
    [key] = keys(1)
    signing = {**_SIGNING, "signingKey": key}
    _write_config(folder / "seven.json", server_config(_SEVEN_WITH_THE_KEY, **signing))
    _write_config(folder / "ten.json", server_config(MISTAKES))


def _report(folder: Path, sizes: Sizes) -> None:
    _write_config(folder / "wrong.json", many_settings(2 * MISTAKES * sizes.wrong, scheme=""))
    write_dump(folder / "wrong-dump.json", (one for number in range(sizes.wrong) for one in wrong(f"e{number}")))


def _yaml(folder: Path, sizes: Sizes) -> None:
    write_dump(folder / "dump.yaml", in_one_environment(2 * sizes.parameters))


MAKERS: Final[Mapping[str, Callable[[Path, Sizes], None]]] = {
    "clean": _clean,
    "files": _files,
    "dump": _dump,
    "environments": _environments,
    "huge": _huge,
    "findings": _findings,
    "report": _report,
    "yaml": _yaml,
}
"""What makes the files, by name."""


# --- Files that grow ---


def _grown_findings(path: Path, size: int) -> None:
    _write_config(path, many_settings(2 * size, scheme=""))


def _grown_findings_in_dump(path: Path, size: int) -> None:
    write_dump(path, (one for number in range(size // MISTAKES) for one in wrong(f"e{number}")))


def _grown_environments(path: Path, size: int) -> None:
    [key] = keys(1)
    write_dump(path, (one for number in range(size) for one in environment(f"e{number}", key=key)))


class Growing(NamedTuple):
    """A file that is made in several sizes: what is counted, the smallest size, and what makes one."""

    counted: str
    smallest: int
    suffix: str
    write: Callable[[Path, int], None]


GROWING: Final[Mapping[str, Growing]] = {
    "settings": Growing("settings of one config file", 5_000, ".json", lambda path, size: _write_config(path, many_settings(size))),
    "findings": Growing("findings in one config file", 2_500, ".json", _grown_findings),
    "findings-in-dump": Growing("findings in one dump", 500, ".json", _grown_findings_in_dump),
    "files": Growing("config files", 250, "", write_files),
    "parameters": Growing("parameters of one dump", 10_000, ".json", lambda path, size: write_dump(path, in_one_environment(size))),
    "environments": Growing("environments of one dump", 125, ".json", _grown_environments),
    "yaml": Growing("parameters of one dump in YAML", 5_000, ".yaml", lambda path, size: write_dump(path, in_one_environment(size))),
}
STEPS: Final = (1, 2, 4, 8)
"""The sizes of a file that grows: so many times the smallest."""


def grown_path(folder: Path, name: str, size: int) -> Path:
    """Where a file of this size is."""
    return folder / f"growing-{name}-{size}{GROWING[name].suffix}"


def size_of(path: Path) -> int:
    """Bytes of a file, or of those in a folder."""
    return sum(file.stat().st_size for file in path.iterdir()) if path.is_dir() else path.stat().st_size


def sizes_of(name: str, quick: bool) -> list[int]:
    """The sizes of a file that grows, the smallest first. Those of a quick run show nothing but that it runs."""
    return [max(GROWING[name].smallest // (50 if quick else 1), 20) * step for step in STEPS]


def main() -> None:
    """Write what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", metavar="NAME", nargs="+", choices=[*MAKERS, "growth"], help=", ".join([*MAKERS, "growth"]))
    parser.add_argument("--quick", action="store_true", help="small files")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    _settings_of_others(options.folder)
    for name in options.names:
        if name == "growth":
            for series, growing in GROWING.items():
                for size in sizes_of(series, options.quick):
                    growing.write(grown_path(options.folder, series, size), size)
        else:
            MAKERS[name](options.folder, QUICK if options.quick else FULL)


if __name__ == "__main__":
    main()
