"""Deployments made from a matrix: sources, secrets, how the server is started, by what, and one mistake at most."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from linter import policy

SOURCES: Final = ("dump", "file", "vault", "both")
"""Where the configuration is: Parameter Store, a mounted file, a vault, or Parameter Store with a file over it."""
SECRETS: Final = ("inline", "named", "alone", "read", "unreadable", "no object")
"""The connections: settings of their own; in secrets that the parameters name and nobody gives, with or without TLS beside them; in secrets
that are given; given without a text that can be read; given with a text that is no object."""
VARIABLES: Final = ("no task", "none", "not read", "read")
"""What is given of the container: nothing; its start argument; a variable beside that, which it does not read; one that it reads."""
ORCHESTRATORS: Final = ("compose", "kubernetes", "helm", "ecs")
FAULTS: Final[Mapping[str, Mapping[str, str | None]]] = {
    "none": {},
    "slash": {"baseUrl": "https://api.hospital.health"},
    "no app": {"appBaseUrl": None},
    "no storage": {"binaryStorage": None},
    "address": {"supportEmail": "nobody"},
    "no TLS": {"database.ssl.require": None, "database.ssl.ca": None},
    "port": {"port": "eighty"},
}
"""The settings that a fault changes, or takes away."""
EXPECTED: Final[Mapping[str, tuple[str, str]]] = {
    "slash": ("missing-trailing-slash", "baseUrl"),
    "no app": ("missing-setting", "appBaseUrl"),
    "no storage": ("missing-setting", "binaryStorage"),
    "address": ("invalid-email", "supportEmail"),
    "no TLS": ("unencrypted-database", "database.ssl"),
}
"""What is to be found of a fault, if the server reads all of it; the port has another rule in each source."""
ACCOUNT: Final = "arn:aws:secretsmanager:us-east-1:123456789012:secret:medplum/prod/"
IMAGE: Final = "medplum/medplum-server:5.1.20"
PATH: Final = "/medplum/prod/"
ARGUMENT: Final = f"aws:us-east-1:{PATH}"
CHART: Final = "name: medplum\nhome: https://www.medplum.com\nversion: 5.1.20\n"
"""Medplum's own chart, of which each service is a release: one that depends on it gives the server more than its values name."""
_STAGING: Final = "arn:aws:secretsmanager:us-east-1:123456789012:secret:medplum/staging/database-AbCdEf"
_INFRA: Final = "medplum.staging.config.json"
_SANDBOX: Final = "sandbox.compose.yaml"
NEIGHBOURS: Final[Mapping[str, str]] = {
    "staging.json": json.dumps(
        {
            "Parameters": [
                {"Name": "/medplum/staging/baseUrl", "Type": "String", "Value": "https://staging.hospital.health"},
                {"Name": "/medplum/staging/port", "Type": "String", "Value": "8104"},
                {"Name": "/medplum/staging/DatabaseSecrets", "Type": "SecureString", "Value": _STAGING},
            ]
        }
    ),
    "staging-secret.json": json.dumps(
        {"ARN": _STAGING, "Name": "medplum/staging/database", "SecretString": '{"host": "db.staging.health", "password": "${PASSWORD}"}'}
    ),
    _INFRA: json.dumps(
        {
            "name": "staging",
            "stackName": "MedplumStaging",
            "accountNumber": "210987654321",
            "region": "eu-west-1",
            "domainName": "staging.health",
            "apiPort": 9000,
            "apiDomainName": "api.staging.health",
            "storageBucketName": "staging-storage",
        }
    ),
    "monitoring.compose.yaml": "{services: {grafana: {image: 'grafana/grafana:11.1.0'}, postgres: {image: 'postgres:16'}}}\n",
    _SANDBOX: yaml.safe_dump(
        {
            "name": "sandbox",
            "services": {
                "medplum": {
                    "image": "medplum/medplum-server:4.1.0",
                    "command": ["aws:us-east-1:/medplum/sandbox/"],
                    "environment": {"MEDPLUM_PORT": "9000"},
                }
            },
        }
    ),
    "client.env": "MEDPLUM_BASE_URL=https://api.hospital.health/\nGOOGLE_CLIENT_ID=x\n",
    "package.json": "{}",
}
"""What belongs to other environments, projects and programs: some of it has mistakes."""
_SETTINGS: Final = {
    "port": "8103",
    "baseUrl": "https://api.hospital.health/",
    "appBaseUrl": "https://app.hospital.health/",
    "binaryStorage": "s3:hospital-storage",
    "storageBaseUrl": "https://storage.hospital.health/binary/",
    "signingKeyId": "K1234567890123",
    "signingKey": "${SIGNING_KEY}",
    "signingKeyPassphrase": "${PASSPHRASE}",
    "supportEmail": "help@hospital.health",
    "saveAuditEvents": "true",
    "defaultSuperAdminPassword": "${SUPER_ADMIN_PASSWORD}",
    "database.ssl.require": "true",
    "database.ssl.ca": (Path(policy.__file__).parent / "samples" / "certificate.pem").read_text(encoding="ascii"),
}
_DATABASE: Final = {"host": "db.hospital.health", "port": 5432, "dbname": "medplum", "username": "medplum", "password": "${PASSWORD}"}
_REDIS: Final = {"host": "cache.hospital.health", "port": 6379, "password": "${PASSWORD}", "tls": {}}


class Deployment(NamedTuple):
    """One point of the matrix; ``services`` is the number of servers that read the same."""

    source: str
    secrets: str
    variables: str
    orchestrator: str
    services: int
    fault: str

    def __str__(self) -> str:
        return " · ".join(map(str, self))

    @property
    def argument(self) -> str:
        """The start argument of its servers."""
        known = {
            "dump": [ARGUMENT],
            "file": ["file:medplum.config.json"],
            "vault": ["azure:hospital.vault.azure.net:medplum"],
        }
        named = [*known["dump"], *known["file"]] if self.source == "both" else known[self.source]
        return ",".join([*named, "env"] if self.variables == "read" else named)

    @property
    def knows_all(self) -> bool:
        """Whether everything that its servers read is given."""
        return self.secrets in ("inline", "read")

    @property
    def gives(self) -> list[str]:
        """The settings that its sources give, apart from variables."""
        own = [name for name, value in {**_SETTINGS, **FAULTS[self.fault]}.items() if value is not None]
        if self.secrets in ("unreadable", "no object"):  # of which the server makes nothing
            return own
        return [*own, *(f"{section}.{name}" for section, members in (("database", _DATABASE), ("redis", _REDIS)) for name in members)]

    def among_others(self) -> list[tuple[str, str]]:
        """The files among some of its neighbours, in the same folder or another one, in any order: always the same ones.

        Often it is one alone: what several say can make it unclear to whom anything belongs, which hides mistakes.
        """
        chance = random.Random(str(self))
        files = [*self.files().items()]
        for name in chance.sample([*NEIGHBOURS], chance.choice((1, 1, 2, 4))):
            # What names no environment belongs to the only one in its folder, and a file for which none names a release has that of the
            # only image there.
            is_of_folder = self.source in ("file", "both") and not self._names_release
            is_apart = (name == _INFRA and self.source in ("file", "vault")) or (name == _SANDBOX and is_of_folder)
            folder = "elsewhere/" if is_apart or chance.random() < 0.3 else ""
            files.append((f"{folder}{name}", NEIGHBOURS[name]))
        chance.shuffle(files)
        return files

    @property
    def _names_release(self) -> bool:
        """Whether what starts the servers names an image; of a chart's values without variables nothing is read."""
        return self.variables != "no task" and (self.orchestrator, self.variables) != ("helm", "none")

    def files(self) -> dict[str, str]:
        """The files by name."""
        given = {name: value for name, value in {**_SETTINGS, **FAULTS[self.fault]}.items() if value is not None}
        is_apart = self.secrets != "inline" and self.source in ("dump", "both")
        connections = {
            f"{section}.{name}": value for section, own in (("database", _DATABASE), ("redis", _REDIS)) for name, value in own.items()
        }
        texts = given | (
            {} if is_apart else {name: value if isinstance(value, str) else json.dumps(value) for name, value in connections.items()}
        )
        made: dict[str, str] = {}
        if self.source in ("dump", "both"):
            named = {"DatabaseSecrets": f"{ACCOUNT}database-AbCdEf", "RedisSecrets": "medplum/prod/redis"} if is_apart else {}
            beside = {"redis.tls": "{}"} if self.secrets == "alone" else {}
            moved = ("supportEmail", "saveAuditEvents") if self.source == "both" else ()
            made["dump.json"] = _dump({name: text for name, text in {**texts, **named, **beside}.items() if name not in moved})
            made |= {f"{name}-secret.json": text for name, text in self._secrets() if is_apart}
            if moved:
                made["medplum.config.json"] = json.dumps({"supportEmail": given["supportEmail"], "saveAuditEvents": True})
        elif self.source == "file":
            made["medplum.config.json"] = json.dumps(_tree(texts))
        else:
            made["vault.json"] = json.dumps(texts)
        return made if self.variables == "no task" else made | self._tasks()

    def _secrets(self) -> Iterator[tuple[str, str]]:
        for name, members in (("database", _DATABASE), ("redis", _REDIS)):
            answer: dict[str, object] = {"ARN": f"{ACCOUNT}{name}-AbCdEf", "Name": f"medplum/prod/{name}"}
            if self.secrets == "read":
                yield name, json.dumps({**answer, "SecretString": json.dumps(members)})
            elif self.secrets == "no object":
                yield name, json.dumps({**answer, "SecretString": '"none"'})
            elif self.secrets == "unreadable":
                yield name, json.dumps({**answer, "SecretBinary": "AAECAw=="})

    def _tasks(self) -> dict[str, str]:
        variables = {"MEDPLUM_LOG_LEVEL": "INFO"} if self.variables in ("not read", "read") else {}
        listed = [{"name": name, "value": value} for name, value in variables.items()]
        names = ["api", "worker"][: self.services]
        if self.orchestrator == "compose":
            mounted = ["./medplum.config.json:/usr/src/medplum/medplum.config.json"] if self.source in ("file", "both") else []
            service = {"image": IMAGE, "command": [self.argument], "environment": variables, "volumes": mounted}
            return {"compose.yaml": yaml.safe_dump({"services": {name: dict(service) for name in names}})}
        if self.orchestrator == "ecs":
            task = {"image": IMAGE, "command": [self.argument], "environment": listed}
            return {f"{name}.json": json.dumps({"family": name, "containerDefinitions": [{"name": name, **task}]}) for name in names}
        if self.orchestrator == "helm":
            image = dict(zip(("repository", "tag"), IMAGE.split(":"), strict=True))
            values = {"global": {"configSource": {"type": self.argument}}, "deployment": {"image": image, "env": listed}}
            files = {"Chart.yaml": CHART, "values.yaml": yaml.safe_dump(values)}
            return {f"{name}/{file}": text for name in names for file, text in files.items()}
        container = {"name": "server", "image": IMAGE, "args": [self.argument], "env": listed}
        pods = [
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": name},
                "spec": {"selector": {"matchLabels": {"app": name}}, "template": {"spec": {"containers": [container]}}},
            }
            for name in names
        ]
        return {"deployment.yaml": yaml.safe_dump_all(pods)}


def _dump(texts: Mapping[str, str]) -> str:
    secure = ("DatabaseSecrets", "RedisSecrets")
    return json.dumps(
        {
            "Parameters": [
                {"Name": f"{PATH}{name}", "Type": "SecureString" if name in secure or "assword" in name else "String", "Value": text}
                for name, text in texts.items()
            ]
        },
        indent=1,
    )


def _tree(texts: Mapping[str, str]) -> dict[str, Any]:
    """A JSON configuration of settings that are texts under dotted names."""
    tree: dict[str, Any] = {}
    for name, text in texts.items():
        *above, last = name.split(".")
        at = tree
        for step in above:
            at = at.setdefault(step, {})
        at[last] = json.loads(text) if text in ("true", "{}") or text.isdigit() else text
    return tree


def matrix() -> Iterator[Deployment]:
    """Every deployment that makes sense.

    Only parameters name secrets, what is not started has no orchestrator and no second service, and only Compose names files by paths:
    Medplum's chart, for example, mounts no file that its values name.
    """
    for one in map(Deployment._make, itertools.product(SOURCES, SECRETS, VARIABLES, ORCHESTRATORS, (1, 2), FAULTS)):
        has_file = one.source in ("file", "both")
        is_first = (one.orchestrator, one.services) == ("compose", 1)
        if (
            (one.secrets == "inline" or one.source in ("dump", "both"))
            and (is_first if one.variables == "no task" else True)
            and not (has_file and one.orchestrator != "compose")
            and not (one.source == "both" and one.variables == "no task")
        ):
            yield one
