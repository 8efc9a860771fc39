"""Canaries: secrets of every form, planted in every setting in files of every kind, and how they are found in what is printed."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

import yaml

from linter import settings
from linter.settings.env_names import variable_of

Values = Mapping[tuple[str, ...], str]


class Planted(NamedTuple):
    """A file and the kind that it is read as; None for the kind that its content shows."""

    name: str
    content: str
    kind: str | None = None


def nested(values: Values, *, parsed: bool = False) -> dict[str, Any]:
    """Objects in objects; ``parsed``: texts that are JSON as what they say."""
    tree: dict[str, Any] = {}
    for path, text in values.items():
        node = tree
        for step in path[:-1]:
            below = node.get(step)
            node[step] = node = below if isinstance(below, dict) else {}
        node[path[-1]] = _parsed(text) if parsed else text
    return tree


def _yaml(data: Any, **how: Any) -> str:
    text: str = yaml.dump(data, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), **how)
    return text


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def server_files(values: Values) -> list[Planted]:
    """The values as settings of a server, in every format in which a server's settings can be written."""
    dotted = {".".join(path): text for path, text in values.items()}
    names = {f"/medplum/prod/{name}": text for name, text in dotted.items()}
    variables = {variable_of(path): text for path, text in values.items()}
    fields = [{"Name": name, "Type": "String", "Value": text, "Version": 1} for name, text in names.items()]
    return [
        Planted("medplum.config.json", json.dumps(nested(values), indent=2), "server/json"),
        Planted("line.json", json.dumps(nested(values)), "server/json"),
        Planted("objects.json", json.dumps(nested(values, parsed=True), indent="\t", ensure_ascii=False), "server/json"),
        Planted("broken.json", json.dumps(nested(values), indent=2).replace('",\n', '"\n', 1), "server/json"),
        Planted("dump.json", json.dumps({"Parameters": fields}, indent=4)),
        Planted("oneline.json", json.dumps({"Parameters": fields})),
        Planted("map.json", json.dumps(names, indent=2)),
        Planted("rows.json", json.dumps([[name, "String", text] for name, text in names.items()], indent=1)),
        Planted("dump.jsonl", "".join(f"{json.dumps(one)}\n" for one in fields)),
        Planted("dump-ssm.yaml", _yaml({"Parameters": fields}, width=10_000)),
        Planted("map-ssm.yaml", _yaml(names, default_style='"')),
        Planted("vault.json", json.dumps(dotted, indent=2), "server/azure"),
        Planted(".env", "".join(f'export {name}="{_quoted(text)}"\n' for name, text in variables.items())),
        Planted("single.env", "".join(f"{name}='{text}'\n" for name, text in variables.items() if "'" not in text)),
        Planted("bare.env", "".join(f"{name}={text}\n" for name, text in variables.items() if "\n" not in text)),
        Planted("compose.yaml", _yaml(_compose(variables))),
        Planted("compose.yml", _yaml(_compose([f"{name}={text}" for name, text in variables.items()]), width=10_000)),
        Planted("flow.yml", _yaml(_compose([f"{name}={text}" for name, text in variables.items()]), default_flow_style=True)),
        Planted("map.yaml", _yaml(_manifest("ConfigMap", data=variables), default_style="'")),
        Planted("folded.yaml", _yaml(_manifest("ConfigMap", data=variables), default_style=">", width=20)),
        Planted("literal.yaml", _yaml(_manifest("Secret", stringData=variables), default_style="|")),
        Planted("encoded.yaml", _yaml(_manifest("Secret", data={name: encoded(text) for name, text in variables.items()}))),
        Planted("pod.yaml", _yaml(_pod([{"name": name, "value": text} for name, text in variables.items()]))),
        Planted("values.yaml", _yaml(_chart(values, variables))),
        Planted("deploy.yml", _yaml(_workflow(variables))),
        Planted("medplum.service", _unit(f"'{name}={text}'" for name, text in variables.items() if "\n" not in text and "'" not in text)),
        Planted("bare.service", _unit(f"{name}={text}" for name, text in variables.items() if "\n" not in text)),
        Planted("app.yaml", _yaml(_app(variables))),
        Planted("Dockerfile", _dockerfile(f'{name}="{_quoted(text)}"' for name, text in variables.items() if "\n" not in text)),
        Planted("Dockerfile.old", _dockerfile(f"{name} {text}" for name, text in variables.items() if "\n" not in text)),
        Planted("task-definition.json", json.dumps(_task(variables), indent=2)),
        Planted("taskdef.json", json.dumps({"taskDefinition": _task(variables)}, ensure_ascii=False)),
        Planted("task-def.yaml", _yaml(_task(variables), width=10_000)),
        Planted("template.json", json.dumps(_template(names), indent=2)),
        Planted("template.yaml", _yaml(_template(names))),
        Planted("terraform.tfstate", json.dumps(_state(names), indent=2)),
    ]


def encoded(text: str) -> str:
    """Base64, as under ``data`` of a Secret."""
    return base64.b64encode(text.encode()).decode()


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")


def _dockerfile(variables: Iterable[str]) -> str:
    lines = "".join(f"ENV {one}\n" for one in variables)
    return f'FROM medplum/medplum-server:5\n{lines}CMD ["env"]\n'


def _compose(environment: Any) -> dict[str, Any]:
    return {"services": {"server": {"image": "medplum/medplum-server:4.3.5", "command": "env", "environment": environment}}}


def _manifest(kind: str, **data: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "medplum"}, **data}


def _pod(env: list[dict[str, str]]) -> dict[str, Any]:
    container = {"name": "server", "image": "medplum/medplum-server:4.3.5", "args": ["env"], "env": env}
    return _manifest("Pod", spec={"containers": [container]})


def _workflow(variables: Mapping[str, str]) -> dict[str, Any]:
    step = {"run": "docker stack deploy", "env": variables}
    return {"on": "push", "jobs": {"deploy": {"runs-on": "ubuntu-latest", "env": variables, "steps": [step]}}}


def _unit(assignments: Iterable[str]) -> str:
    lines = "".join(f"Environment={one}\n" for one in assignments)
    return f"[Service]\n{lines}ExecStart=/usr/bin/node packages/server/dist/index.js env\n"


def _app(variables: Mapping[str, str]) -> dict[str, Any]:
    envs = [{"key": name, "value": text, "type": "SECRET"} for name, text in variables.items()]
    run = "node packages/server/dist/index.js env"
    return {"name": "medplum", "services": [{"name": "server", "run_command": run, "envs": envs}]}


def _task(variables: Mapping[str, str]) -> dict[str, Any]:
    environment = [{"name": name, "value": text} for name, text in variables.items()]
    secrets = [{"name": f"{name}_FILE", "valueFrom": text} for name, text in variables.items()]
    container = {"image": "medplum/medplum-server:4.3.5", "command": ["env"], "environment": environment, "secrets": secrets}
    return {"family": "medplum", "containerDefinitions": [container]}


def _chart(values: Values, variables: Mapping[str, str]) -> dict[str, Any]:
    sections = {"server": {str(path[0]): text for path, text in values.items() if len(path) == 1}}
    for path, text in values.items():
        if len(path) == 2 and path[0] in ("database", "redis", "fission"):
            sections.setdefault(str(path[0]), {})[str(path[1])] = text
    extra = [{"name": name, "value": text} for name, text in variables.items()]
    return {"global": {"configSource": {"type": "env"}}, "config": sections, "deployment": {"env": extra}}


def _template(names: Mapping[str, str]) -> dict[str, Any]:
    properties = [{"Name": name, "Type": "String", "Value": text} for name, text in names.items()]
    resources = {f"P{number}": {"Type": "AWS::SSM::Parameter", "Properties": one} for number, one in enumerate(properties)}
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}


def _state(names: Mapping[str, str]) -> dict[str, Any]:
    instances = [
        {
            "mode": "managed",
            "type": "aws_ssm_parameter",
            "name": f"p{number}",
            "instances": [{"attributes": {"name": name, "type": "String", "value": text}}],
        }
        for number, (name, text) in enumerate(names.items())
    ]
    return {"version": 4, "terraform_version": "1.9.0", "resources": instances}


def secret_files(values: Values, kind: str) -> list[Planted]:
    """The values as members of a secret in Secrets Manager."""
    content = nested(values)
    name = "medplum/prod/redis" if kind == "secret/redis" else "medplum/prod/database"
    printed = {
        "ARN": f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}-AbCdEf",
        "Name": name,
        "SecretString": json.dumps(content),
    }
    return [
        Planted("bare-secret.json", json.dumps(content, indent=2), kind),
        Planted("printed-secret.json", json.dumps(printed, indent=2), kind),
        Planted("printed-secret.yaml", _yaml(printed, width=10_000), kind),
    ]


def infra_files(values: Values) -> list[Planted]:
    """The values as settings of the CDK."""
    return [
        Planted("medplum.prod.config.json", json.dumps(nested(values), indent=2), "infra/json"),
        Planted("infra.json", json.dumps(nested(values, parsed=True)), "infra/json"),
    ]


# --- What is planted, and how it is found -------------------------------------------------------------------------------------------

CANARY = "kJ4jZ7qW"
"""Eight characters that appear nowhere else: a part of every secret here, so that a part of a secret is found too."""
DIGITS = "84736219"
"""Eight digits of the same kind: what a number, or a token that begins with one, is found by."""
TOKEN = f"{CANARY}3mXv9RpT2wYd5hLs"
"""What only a generator makes: 24 letters and digits."""
PARTS = {secret[at : at + 6] for secret in (CANARY, DIGITS, TOKEN) for at in range(len(secret) - 5)}

FORMS = [
    f"https://user:{CANARY}@db.example.com/",
    f"https://{CANARY}@db.example.com/",
    f"{CANARY}@db.example.com",
    f"{CANARY}:x@db.example.com",
    f"https://a.example/?token={CANARY}",
    f"https://a.example/x?a=b&X-Amz-Signature={CANARY}#top",
    f"https://a.example/#access_token={CANARY}",
    f"host=db.example.com user=medplum password={CANARY} dbname=medplum",
    f"jdbc:postgresql://db/x?user=medplum&password={CANARY}",
    f"DefaultEndpointsProtocol=https;AccountKey={CANARY}==;EndpointSuffix=core.windows.net",
    f"Server=db;User Id=sa;Password={CANARY};Encrypt=true",
    f"GOCSPX-{CANARY}",
    f"AKIA{CANARY.upper()}{CANARY.upper()}",
    f"SG.{CANARY}.{CANARY}",
    f"sk_live_{CANARY}",
    f"ghp_{CANARY}{CANARY}",
    f"8103 MEDPLUM_DATABASE_PASSWORD={CANARY}",
    f"8103\nMEDPLUM_DATABASE_PASSWORD={CANARY}\nMEDPLUM_REDIS_HOST=x",
    json.dumps({"connection": {"password": CANARY}}),
    json.dumps({"removeOnComplete": {"age": 5}, "dbPassword": f'{CANARY}"{CANARY}'}),
    json.dumps({"": json.dumps({"password": CANARY})}),
    json.dumps([{"secret": CANARY}]),
    f'{{"password": "{CANARY}", "{CANARY}',
    f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\n-----END RSA PRIVATE KEY-----\n",
    f"-----BEGIN PRIVATE KEY-----\\n{CANARY}\\n-----END PRIVATE KEY-----",
    f"${{URL:-https://u:{CANARY}@x.example/}}",
    f"Bearer {CANARY}",
    f"{DIGITS}{CANARY}",
    f"{DIGITS} {CANARY}",
    f"{DIGITS}{DIGITS}{DIGITS}",
    f"{DIGITS}{DIGITS}{DIGITS}{DIGITS}",
    f"1.{DIGITS}{DIGITS}e5",
    TOKEN,
    f"s3:bucket:{TOKEN}",
    f"azure:{TOKEN}",
    f"https://a.example:{CANARY}/",
    f"https://a.example/{TOKEN}/x",
    f"https:/{TOKEN}",
    f"-----BEGIN CERTIFICATE-----\n{CANARY}\n-----END CERTIFICATE-----\n",
]
"""A secret in place of something public."""


LOGINS = [
    *(f"{CANARY}", f"user:{CANARY}", f":{CANARY}", f"{CANARY}:", f"user:p@{CANARY}", f"{CANARY}@ss", f"@{CANARY}"),
    *(f"{CANARY}%2F", f"{CANARY}%40x", f"${{USER}}:{CANARY}", f"${{X:-{CANARY}}}", f"{CANARY} x"),
    *(f"{CANARY}\\", f"{CANARY}?", f"{CANARY}#", f"{CANARY}/", f"{CANARY},x", f"{CANARY};x"),
]
"""The part before the "@" of an authority."""
ADDRESSES = [
    *("https://{}@db.clinic.test/", "HTTPS://{}@Db.clinic.test:443/x", "http://{}@db.clinic.test", "https://{}@[::1]/"),
    *("https://a.clinic.test, https://{}@db.clinic.test/", "https://{}@app.clinic.test,https://b.clinic.test"),
    *("https://{}@${{HOST}}/", "https://{}@$HOST/", "https://{}@@@HOST@@/", " https://{}@db.clinic.test/ "),
    *("https:/{}@db.clinic.test/", "https:\\\\{}@db.clinic.test/", "https:{}@db.clinic.test/", "//{}@db.clinic.test/", "{}@db.clinic.test"),
    *("redis://{}@db.clinic.test:6379", "postgres://{}@db.clinic.test:5432/medplum?sslmode=require", "wss://{}@db.clinic.test/"),
]
"""Where such a login can stand."""


def public_paths(kind: str) -> list[tuple[str, ...]]:
    """Every public setting of a kind that is not beneath a list, and so has a name everywhere."""
    known = settings.catalogue(kind)
    paths = [tuple(name.split(".")) for name in known.names() if "*" not in name]
    holders = {path[:length] for path in paths for length in range(1, len(path))}
    return [path for path in paths if known.is_public(path) and (path not in holders or path == ("bullmq",))]


def hidden_paths(kind: str) -> list[tuple[str, ...]]:
    """Settings without public values, and unknown names."""
    known = settings.catalogue(kind)
    secret = [tuple(name.split(".")) for name in known.names() if "*" not in name and known.is_secret(tuple(name.split(".")))]
    return [*secret, ("pasword",), ("databse",), ("dbPassword",), ("database", "pass")]


def planted_values(kind: str, shift: int, part: slice = slice(None)) -> Values:
    """A canary of some form in every setting, or in a part of them; ``shift`` chooses the form of each."""
    public = {path: _form(kind, path, FORMS[(number + shift) % len(FORMS)]) for number, path in enumerate(public_paths(kind))}
    hidden = {path: [CANARY, f"x{CANARY}x", *FORMS][(number + shift) % 7] for number, path in enumerate(hidden_paths(kind))}
    return dict([*public.items()][part] + [*hidden.items()][part])


@cache
def everywhere(form: str) -> list[Planted]:
    """A file of each kind of setting, and of each way to read them, with this form of a canary in every public one."""
    names = ("medplum.config.json", "objects.json", "dump.json", "vault.json", ".env", "medplum.prod.config.json", "infra.json")
    values = {kind: {path: _form(kind, path, form) for path in public_paths(kind)} for kind in settings.KINDS}
    files = [*server_files(values["server"]), *infra_files(values["infra"])]
    for kind in ("secret/database", "secret/redis"):
        files += secret_files(values[kind], kind)
    return [one for one in files if one.name in names or one.kind in ("secret/database", "secret/redis")]


def _form(kind: str, path: tuple[str, ...], form: str) -> str:
    """The form itself, but for a token before a host, which is an address where mail is meant."""
    setting = settings.catalogue(kind).get(path)
    is_mail = setting is not None and setting.format in ("email", "email-list", "mailbox")
    return f"{CANARY}!" if is_mail and form == f"{CANARY}@db.example.com" else form


@cache
def planted_files(shift: int, every: int = 1) -> tuple[Planted, ...]:
    """Files of every source with a canary in every setting; ``shift`` chooses the forms.

    With ``every``, a file of a server or of the CDK has a canary only in every so many-th setting, and the next file in others.
    """
    parts = [
        (*server_files(planted_values("server", shift, part)), *infra_files(planted_values("infra", shift, part)))
        for part in (slice(start, None, every) for start in range(every))
    ]
    return (
        *(files[number % every] for number, files in enumerate(zip(*parts, strict=True))),
        *(
            file._replace(name=f"{kind.rpartition('/')[2]}-{file.name}")
            for kind in ("secret/database", "secret/redis")
            for file in secret_files(planted_values(kind, shift), kind)
        ),
    )


def printed(text: str) -> list[str]:
    """The parts of the canary that a text gives away, as they are or encoded."""
    forms = {
        **{part: part for part in PARTS},
        **{part.upper(): part for part in PARTS},
        **{part.lower(): part for part in PARTS},
        **{f"{number[:3]},{number[3:6]}": number for at in range(3) for number in [DIGITS[at : at + 6]]},
        **{base64.b64encode(f"{pad}{CANARY}".encode()).decode()[4:10]: "base64" for pad in ("", "x", "xx")},
    }
    return sorted({name for form, name in forms.items() if form in text})
