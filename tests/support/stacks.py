"""What AWS has of a deployment: a session of boto3 asks an :class:`~support.endpoint.Endpoint` in this process, without a connection."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, Final

import boto3
import pytest
from botocore.exceptions import ClientError

from support.endpoint import ACCOUNT, Endpoint, Refusal

DENIED: Final = Refusal("AccessDeniedException", "User: arn:aws:iam::123456789012:user/linter is not authorized to perform this")
_ECS: Final = f"arn:aws:ecs:us-east-1:{ACCOUNT}"
_UNPAGED: Final = ("describe_services", "describe_tasks")


class Stack(Endpoint):
    """The account in which the parameters, secrets and task definitions of files are; a secret that no file holds may not be read.

    It has no running tasks: when one started is in no file.
    """

    def __init__(self, files: Mapping[str, str]) -> None:
        super().__init__()
        self.cluster = f"{_ECS}:cluster/MedplumProd-BackEndCluster"
        every = [json.loads(text) for name, text in files.items() if name.endswith(".json")]
        self.parameters = {one["Name"]: one for read in every for one in read.get("Parameters", ())}
        stages = {"SecretString": None, "VersionIdsToStages": {"v1": ["AWSCURRENT"]}}
        self.secrets = {read[name]: {**stages, **read} for read in every if "ARN" in read for name in ("ARN", "Name")}
        self.definitions = {f"{_ECS}:task-definition/{read['family']}:1": read for read in every if "containerDefinitions" in read}

    def _found(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["SecretId"] not in self.secrets:
            raise DENIED
        return self.secrets[asked["SecretId"]]

    def _ListServices(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"serviceArns": [one.replace(":task-definition/", ":service/") for one in self.definitions]}

    def _DescribeServices(self, asked: dict[str, Any]) -> dict[str, Any]:
        named = {one: one.replace(":service/", ":task-definition/") for one in asked["services"]}
        return {"services": [{"clusterArn": self.cluster, "serviceName": one, "taskDefinition": named[one]} for one in named]}

    def _DescribeTaskDefinition(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"taskDefinition": {"taskDefinitionArn": asked["taskDefinition"], **self.definitions[asked["taskDefinition"]]}}


class _Client:
    """A client of botocore, as far as :mod:`linter.live.aws` uses it."""

    meta = SimpleNamespace(events=SimpleNamespace(register_first=lambda *_call: None))

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def can_paginate(self, name: str) -> bool:
        return name not in _UNPAGED

    def get_paginator(self, name: str) -> Any:
        return SimpleNamespace(paginate=lambda **asked: self._pages(name, asked))

    def _pages(self, name: str, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
        token: dict[str, str] | None = {}
        while token is not None:
            page = self._answer(name, {**asked, **token})
            token = {"NextToken": page["NextToken"]} if "NextToken" in page else None
            yield page

    def _answer(self, name: str, asked: dict[str, Any]) -> dict[str, Any]:
        operation = re.sub("(?:^|_)([a-z])", lambda match: match[1].upper(), name)
        try:
            answer: dict[str, Any] = json.loads(json.dumps(self._endpoint.answer(operation, asked)))
        except Refusal as refusal:
            raise ClientError({"Error": {"Code": refusal.code, "Message": refusal.message}}, operation) from None
        return answer

    def __getattr__(self, name: str) -> Any:
        return lambda **asked: self._answer(name, asked)


@contextmanager
def reached(endpoint: Endpoint) -> Iterator[None]:
    """Let what calls AWS reach an endpoint: without a connection and a client for each service, which cost more than a check."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boto3.session, "Session", lambda **_region: SimpleNamespace(client=lambda *_service, **_options: _Client(endpoint)))
        yield
