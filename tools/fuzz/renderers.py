"""One configuration, written in every form that a server or the linter reads."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final

import yaml

from linter.settings.env_names import variable_of

from .corpus import as_json

Tree = dict[str, Any]

_SECTIONS = ("database", "readonlyDatabase", "redis", "smtp", "bullmq", "fission", "workers", "dataWarehouse")


def flat(data: Tree, random: Random) -> list[tuple[tuple[str, ...], str]]:
    """The settings as paths and texts: the members of sections each, or now and then the whole section as one JSON text."""
    return list(_flat(data, (), random))


def _flat(value: Any, path: tuple[str, ...], random: Random) -> Iterator[tuple[tuple[str, ...], str]]:
    opened = isinstance(value, dict) and value and (not path or (path[0] in _SECTIONS and random.random() < 0.8))
    if not opened:
        yield path, as_json(value)
        return
    for name, member in value.items():
        yield from _flat(member, (*path, str(name)), random)


def _text(value: Any, random: Random) -> str:
    """JSON in one of its manners."""
    indent = random.choice([None, 2, 2, 4, "\t"])
    separators = random.choice([None, None, (",", ":"), (" , ", " : ")])
    return json.dumps(value, indent=indent, separators=separators, ensure_ascii=random.random() < 0.5)


def server_json(data: Tree, random: Random) -> str:
    """The server's JSON config file."""
    return _text(data, random)


def parameters(data: Tree, random: Random) -> str:
    """A dump of Parameter Store, as the AWS CLI prints it in JSON or YAML, or with a query."""
    return listing(listed(data, random.choice(["prod", "prod", "staging", "a.b-c_d"]), random), random)


def listed(data: Tree, environment: str, random: Random) -> list[Tree]:
    """The parameters of an environment, as the AWS CLI prints them."""
    made = [
        {
            "Name": f"/medplum/{environment}/{'.'.join(path)}",
            "Type": random.choice(["String", "SecureString", "SecureString"]),
            "Value": text,
            "Version": 1,
            "LastModifiedDate": "2026-01-31T10:00:00+00:00",
            "ARN": f"arn:aws:ssm:us-east-1:123456789012:parameter/medplum/{environment}/{'.'.join(path)}",
            "DataType": "text",
        }
        for path, text in flat(data, random)
    ]
    if random.random() < 0.3:
        for one in made:
            one["Tier"] = random.choice(["Standard", "Advanced"])
    return made


def listing(parameters: list[Tree], random: Random) -> str:
    """A dump of these parameters."""
    forms: list[Callable[[], str]] = [
        lambda: _text({"Parameters": parameters}, random),
        lambda: _text({"Parameters": parameters, "InvalidParameters": []}, random),
        lambda: _yaml({"Parameters": parameters}, random),
        lambda: "\n".join(_text({"Parameters": [one]}, random) for one in parameters),
        lambda: "\n".join(json.dumps({"Parameter": one}) for one in parameters),
        lambda: _text(parameters, random),
        lambda: _text([[one["Name"], one["Value"]] for one in parameters], random),
        lambda: _text({one["Name"]: one["Value"] for one in parameters}, random),
    ]
    return random.choice(forms)()


def azure(data: Tree, random: Random) -> str:
    """The secret in Key Vault."""
    return _text({".".join(path): text for path, text in flat(data, random)}, random)


def terraform(data: Tree, random: Random) -> str:
    """What ``terraform show -json`` prints of a state."""
    resources = [
        {
            "address": f"aws_ssm_parameter.p{number}",
            "mode": "managed",
            "type": "aws_ssm_parameter",
            "name": f"p{number}",
            "values": {"name": f"/medplum/prod/{'.'.join(path)}", "type": "SecureString", "tier": "Standard", "value": text},
            "sensitive_values": {"value": True},
        }
        for number, (path, text) in enumerate(flat(data, random))
    ]
    return _text({"format_version": "1.0", "terraform_version": "1.9.5", "values": {"root_module": {"resources": resources}}}, random)


def cloudformation(data: Tree, random: Random) -> str:
    """A template, in JSON or YAML."""
    resources = {
        f"P{number}": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": f"/medplum/prod/{'.'.join(path)}", "Type": "String", "Value": text},
        }
        for number, (path, text) in enumerate(flat(data, random))
    }
    template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}
    return _text(template, random) if random.random() < 0.5 else _yaml(template, random)


def _variables(data: Tree, random: Random) -> list[tuple[str, str]]:
    return [(variable_of(path), text) for path, text in flat(data, random)]


def dotenv(data: Tree, random: Random) -> str:
    """A ``.env`` file in many a style."""
    lines = ["# made by hand", ""] if random.random() < 0.3 else []
    for name, text in _variables(data, random):
        export = random.choice(["", "", "", "export "])
        lines.append(f"{export}{name}{random.choice(['=', '=', '=', ' = '])}{_quoted(text, random)}")
    return "\n".join(lines) + "\n"


def _quoted(text: str, random: Random) -> str:
    style = random.choice(["none", "single", "double", "double"])
    if style == "none" and not set(text) & set("\r\n"):
        return text
    if style == "single" and "'" not in text:
        return f"'{text}'"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return '"' + (escaped if random.random() < 0.3 else escaped.replace("\r", "\\r").replace("\n", "\\n")) + '"'


def dockerfile(data: Tree, random: Random) -> str:
    """A Dockerfile in one of its manners. A value cannot hold a line break, so one that does is left out."""
    escape = random.choice(["\\", "\\", "`"])
    given = [(name, text) for name, text in _variables(data, random) if not set(text) & set("\r\n")]
    lines = ["# escape=`"] if escape == "`" else []
    lines.append(random.choice(["FROM medplum/medplum-server:5.1", "FROM node AS build\nFROM medplum/medplum-server:5.1 AS server"]))
    if random.random() < 0.3:
        lines.extend(f"ENV {name} {text}" for name, text in given)
    elif random.random() < 0.5:
        lines.extend(f"ENV {name}={_word(text, escape, random)}" for name, text in given)
    else:
        words = [f"{name}={_word(text, escape, random)}" for name, text in given]
        lines.append(f"ENV {f' {escape}{chr(10)}    '.join(words or ['NODE_ENV=production'])}")
    lines.extend(random.choice([['CMD ["env"]'], ["CMD env"], []]))
    return "\n".join(lines) + "\n"


def _word(text: str, escape: str, random: Random) -> str:
    if random.random() < 0.3 and "'" not in text:
        return f"'{text}'"
    for sign in (escape, '"', "$"):
        text = text.replace(sign, escape + sign)
    return f'"{text}"'


def compose(data: Tree, random: Random) -> str:
    """A Compose file, with the variables as a mapping or as a list."""
    given = _variables(data, random)
    environment: Any = dict(given) if random.random() < 0.5 else [f"{name}={text}" for name, text in given]
    server: Tree = {"image": "medplum/medplum-server:5.1", "command": "env", "environment": environment}
    return _yaml({"services": {"postgres": {"image": "postgres:16"}, "medplum-server": server}}, random)


def kubernetes(data: Tree, random: Random) -> str:
    """Manifests: the variables in a Deployment, a ConfigMap or a Secret, where they are base64."""
    given = _variables(data, random)
    form = random.choice(["env", "config", "secret", "stringData"])
    if form == "env":
        container = {
            "name": "server",
            "image": "medplum/medplum-server:5.1",
            "env": [{"name": name, "value": text} for name, text in given],
        }
        spec = {"template": {"spec": {"containers": [container]}}}
        return _yaml({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "medplum"}, "spec": spec}, random)
    encoded = {name: base64.b64encode(text.encode("utf-8", "surrogatepass")).decode() for name, text in given}
    kind = "ConfigMap" if form == "config" else "Secret"
    members = {"config": {"data": dict(given)}, "secret": {"data": encoded}, "stringData": {"stringData": dict(given)}}[form]
    return _yaml({"apiVersion": "v1", "kind": kind, "metadata": {"name": "medplum"}, **members}, random)


def ecs_task_definition(data: Tree, random: Random) -> str:
    """A task definition, as it is registered or printed; of some variables ECS fetches the value."""
    given = _variables(data, random)
    fetched = {name for name, _ in given if random.random() < 0.1}
    container = {
        "name": "server",
        "image": "medplum/medplum-server:5.1",
        "command": [random.choice(["env", "env", "aws:us-east-1:/medplum/prod/,env", "aws:us-east-1:/medplum/prod/"])],
        "environment": [{"name": name, "value": text} for name, text in given if name not in fetched],
        "secrets": [{"name": name, "valueFrom": f"/medplum/prod/{name.lower()}"} for name in sorted(fetched)],
    }
    sidecar = {"name": "collector", "image": "public.ecr.aws/aws-observability/aws-otel-collector:v0.41.1"}
    task = {"family": "medplum", "containerDefinitions": random.choice([[container], [sidecar, container]])}
    forms: list[Callable[[], str]] = [
        lambda: _text(task, random),
        lambda: _text({"taskDefinition": task, "tags": []}, random),
        lambda: _text([container], random),
        lambda: _yaml(task, random),
    ]
    return random.choice(forms)()


def helm(data: Tree, random: Random) -> str:
    """Values of the chart."""
    top = {name: value for name, value in data.items() if not isinstance(value, dict)}
    sections = {name: value for name, value in data.items() if isinstance(value, dict) and name in ("database", "redis", "fission")}
    more = [{"name": name, "value": text} for name, text in _variables(data, random)[:3]]
    return _yaml({"global": {"configSource": {"type": "env"}}, "config": {"server": top, **sections}, "deployment": {"env": more}}, random)


def workflow(data: Tree, random: Random) -> str:
    """A workflow of GitHub Actions, with the variables for all jobs, for one, for a step or for a service."""
    given = dict(_variables(data, random))
    form = random.choice(["workflow", "job", "step", "service"])
    job: Tree = {"runs-on": "ubuntu-latest", "steps": [{"uses": "actions/checkout@v4"}, {"run": "npm start"}]}
    if form == "job":
        job["env"] = given
    elif form == "step":
        job["steps"][1]["env"] = given
    elif form == "service":
        job["services"] = {"server": {"image": "medplum/medplum-server:5.1", "env": given}}
    top = {"env": given} if form == "workflow" else {}
    return _yaml({"name": "deploy", "on": "push", **top, "jobs": {"deploy": job}}, random)


def systemd_unit(data: Tree, random: Random) -> str:
    """A unit of systemd, with an assignment a line, or all in one."""
    quote = random.choice(["", "'", '"'])
    given = [f"{quote}{name}={text}{quote}" for name, text in _variables(data, random) if "\n" not in text]
    lines = [f"Environment={' '.join(given)}"] if random.random() < 0.3 else [f"Environment={one}" for one in given]
    start = f"ExecStart=/usr/bin/node packages/server/dist/index.js {random.choice(['env', '', 'file:/etc/medplum.json'])}"
    return "\n".join(["[Unit]", "Description=Medplum", "[Service]", *lines, start, ""])


def digitalocean(data: Tree, random: Random) -> str:
    """An app spec with one component."""
    envs = [{"key": name, "value": text, "scope": "RUN_TIME"} for name, text in _variables(data, random)]
    service = {"name": "server", "run_command": "node packages/server/dist/index.js env", "envs": envs}
    return _yaml({"name": "medplum", "services": [service]}, random)


class _Dumper(yaml.SafeDumper):
    """Writes no anchors, which only some cases want."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _yaml(value: Any, random: Random) -> str:
    return dumped(value, random.choice([None, None, None, '"', "'", "|", ">"]), random.choice([False, False, False, None, True]))


def dumped(value: Any, style: str | None, flow: bool | None) -> str:
    """A value as YAML: ``style`` of its texts, and whether in flow style (None: where it is short)."""
    text = yaml.dump(value, Dumper=_Dumper, default_style=style, default_flow_style=flow, sort_keys=False, allow_unicode=True, width=10_000)
    return str(text)


def infra_json(data: Tree, random: Random) -> str:
    """The CDK's config."""
    return _text(data, random)


def secret(data: Tree, random: Random) -> str:
    """A value of Secrets Manager, bare or as the AWS CLI prints it."""
    if random.random() < 0.5:
        return _text(data, random)
    printed = {"ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:medplum/prod/database-AbCdEf", "Name": "medplum/prod/database"}
    one = {**printed, "SecretString": json.dumps(data), "VersionStages": ["AWSCURRENT"]}
    return random.choice([_text(one, random), _text({"SecretValues": [one], "Errors": []}, random), _yaml(one, random)])


Renderer = Callable[[Tree, Random], str]

RENDERERS: Final[dict[str, tuple[tuple[str, str, Renderer], ...]]] = {
    "server": (
        ("medplum.config.json", "server/json", server_json),
        ("medplum.config.json", "server/json", server_json),
        ("ssm.json", "server/ssm", parameters),
        ("ssm.json", "server/ssm", parameters),
        ("ssm.yaml", "server/ssm", parameters),
        ("vault.json", "server/azure", azure),
        ("show.json", "server/ssm", terraform),
        ("template.yaml", "server/ssm", cloudformation),
        (".env", "server/env", dotenv),
        ("server.env", "server/env", dotenv),
        ("Dockerfile", "server/env", dockerfile),
        ("compose.yaml", "server/env", compose),
        ("manifest.yaml", "server/env", kubernetes),
        ("values.yaml", "server/env", helm),
        ("deploy.yml", "server/env", workflow),
        ("medplum.service", "server/env", systemd_unit),
        ("app.yaml", "server/env", digitalocean),
        ("task-definition.json", "server/env", ecs_task_definition),
    ),
    "infra": (("medplum.prod.config.json", "infra/json", infra_json),),
    "secret/database": (("database.json", "secret/database", secret),),
    "secret/redis": (("redis.json", "secret/redis", secret),),
}
"""By the catalogue: the name of a file, its kind, and what writes it."""
