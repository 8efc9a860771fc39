"""An endpoint of AWS for tests, on loopback: it has what it is given, and answers what moto does not: tasks, limits, refusals."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

ACCOUNT = "123456789012"
REGION = "eu-west-1"
PATH = "/medplum/prod/"
ARGUMENT = f"aws:{REGION}:{PATH}"
CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/MedplumProd-BackEndCluster6B6DC4A8-AbCdEf"
SERVICE = f"{CLUSTER.replace(':cluster/', ':service/')}/MedplumProd-BackEndFargateService9C6B3E7A-AbCdEf"
DEFINITION = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/MedplumProdBackEndTaskDefinition:7"
CHANGED = 1_777_629_600.5
"""When parameters are changed: 2026-05-01, 10:00 UTC."""


class Refusal(Exception):
    """An error of AWS: its code, and the status of the response."""

    def __init__(self, code: str, message: str = "no", status: int = 400) -> None:
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


class Endpoint:
    """The state of an account in one region, and a count of the calls.

    ``refusals`` are errors by the name of the operation; one under ``""`` is that of all. ``calls`` counts what was asked.
    """

    def __init__(self) -> None:
        self.url = ""
        self.parameters: dict[str, dict[str, Any]] = {}
        self.secrets: dict[str, dict[str, Any]] = {}
        self.refusals: dict[str, Refusal] = {}
        self.calls: Counter[str] = Counter()
        self.started: list[float] = []
        self.command: list[str] = [ARGUMENT]
        self.environment: list[dict[str, str]] = []
        self.cluster = CLUSTER
        self.workers: list[str] = []
        """The command of a second service, if there is one."""

    def put(self, name: str, value: str, type: str = "String", modified: float = CHANGED, **more: Any) -> None:
        """Add a parameter."""
        arn = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{PATH}{name}"
        facts = {"Name": f"{PATH}{name}", "Type": type, "Version": 3, "LastModifiedDate": modified, "ARN": arn, "DataType": "text"}
        self.parameters[name] = {**facts, "Value": value, "Tier": "Standard", **more}

    def secret(self, parameter: str, text: str | None, **facts: Any) -> None:
        """Add a secret, and the parameter that names it."""
        arn = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:Medplum{parameter}-AbCdEf"
        self.put(parameter, arn)
        stages = {"VersionIdsToStages": {"v1": ["AWSCURRENT"]}}
        self.secrets[arn] = {"ARN": arn, "Name": f"Medplum{parameter}", "SecretString": text, **stages, **facts}

    def answer(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        """The response to a call."""
        self.calls[operation] += 1
        refusal = self.refusals.get(operation) or self.refusals.get("")
        if refusal is not None:
            raise refusal
        answer: dict[str, Any] = getattr(self, f"_{operation}")(asked)
        return answer

    def _GetParametersByPath(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert asked["Path"].endswith("/") and asked["Recursive"] is True
        items, token = _page([one for one in self.parameters.values() if one["Name"].startswith(asked["Path"])], asked, 10)
        plain = [{name: value for name, value in one.items() if name not in ("Tier", "KeyId")} for one in items]
        if not asked["WithDecryption"]:
            plain = [{**one, "Value": "AQIC" + "x" * 80} if one["Type"] == "SecureString" else one for one in plain]
        return {"Parameters": plain, **token}

    def _DescribeParameters(self, asked: dict[str, Any]) -> dict[str, Any]:
        [beginning] = asked["ParameterFilters"]
        own = [one for one in self.parameters.values() if one["Name"].startswith(tuple(beginning["Values"]))]
        items, token = _page(own, asked, asked["MaxResults"])
        return {"Parameters": [{name: value for name, value in one.items() if name != "Value"} for one in items], **token}

    def _GetSecretValue(self, asked: dict[str, Any]) -> dict[str, Any]:
        secret = self._found(asked)
        if "DeletedDate" in secret:
            raise Refusal("InvalidRequestException")
        if not any("AWSCURRENT" in stages for stages in secret["VersionIdsToStages"].values()):
            raise Refusal("ResourceNotFoundException")
        text = {} if secret["SecretString"] is None else {"SecretString": secret["SecretString"]}
        return {"ARN": secret["ARN"], "Name": secret["Name"], **text}

    def _DescribeSecret(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in self._found(asked).items() if name != "SecretString"}

    def _found(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["SecretId"] not in self.secrets:
            raise Refusal("ResourceNotFoundException")
        return self.secrets[asked["SecretId"]]

    def _ListClusters(self, _asked: dict[str, Any]) -> dict[str, Any]:
        return {"clusterArns": [f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/another", self.cluster]}

    def _ListServices(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert asked["cluster"] in (self.cluster, self.cluster.rpartition("/")[2])
        return {"serviceArns": [SERVICE, *([f"{SERVICE}-workers"] if self.workers else [])] if self.started else []}

    def _DescribeServices(self, asked: dict[str, Any]) -> dict[str, Any]:
        known = [
            {
                "serviceArn": arn,
                "serviceName": arn.rpartition("/")[2],
                "clusterArn": self.cluster,
                "taskDefinition": DEFINITION + arn[len(SERVICE) :],
            }
            for arn in asked["services"]
        ]
        return {"services": known, "failures": []}

    def _ListTasks(self, _asked: dict[str, Any]) -> dict[str, Any]:
        return {"taskArns": [self._task(number) for number in range(len(self.started))]}

    def _DescribeTasks(self, asked: dict[str, Any]) -> dict[str, Any]:
        known = {self._task(number): at for number, at in enumerate(self.started)}
        return {"tasks": [{"taskArn": one, "lastStatus": "RUNNING", "startedAt": known[one]} for one in asked["tasks"]], "failures": []}

    def _task(self, number: int) -> str:
        return f"{self.cluster.replace(':cluster/', ':task/')}/{number:032x}"

    def _DescribeTaskDefinition(self, asked: dict[str, Any]) -> dict[str, Any]:
        is_worker = asked["taskDefinition"] != DEFINITION
        container = {
            "name": "MedplumTaskDefinition",
            "image": "medplum/medplum-server:5.1.13",
            "command": self.workers if is_worker else self.command,
            "environment": [{"name": "MEDPLUM_WORKERS_ENABLED", "value": '["*"]'}] if is_worker else self.environment,
            "portMappings": [{"containerPort": 8103, "hostPort": 8103, "protocol": "tcp"}],
        }
        facts = {
            "taskDefinitionArn": asked["taskDefinition"],
            "family": "Workers" if is_worker else "MedplumProdBackEndTaskDefinition",
            "registeredAt": CHANGED,
        }
        size = {"cpu": "2048", "memory": "4096", "networkMode": "awsvpc"}
        return {"taskDefinition": {**facts, **size, "containerDefinitions": [container]}, "tags": []}


def _page(items: list[Any], asked: dict[str, Any], size: int) -> tuple[list[Any], dict[str, str]]:
    start = int(asked.get("NextToken", "0"))
    more = {"NextToken": str(start + size)} if start + size < len(items) else {}
    return items[start : start + size], more


@contextmanager
def serving(endpoint: Endpoint) -> Iterator[None]:
    """Serve an endpoint at its ``url`` while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # which would wait 40 ms between head and body

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            try:
                status, answer = 200, endpoint.answer(operation, asked)
            except Refusal as refusal:
                status, answer = refusal.status, {"__type": refusal.code, "message": refusal.message}
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    endpoint.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
