"""The smallest IAM policy that allows every call in :data:`linter.live.aws.ALLOWED`."""

from __future__ import annotations

from collections.abc import Sequence

from ..server.start import Layer
from ..typed import Any, Final
from .aws import ALLOWED

_PARTITIONS: Final = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}
"""The partitions of AWS, by how the names of their regions begin (``partitions.json`` of botocore)."""


def parameters_arn(layer: Layer) -> str:
    """The ARN of the parameters under a path."""
    return _arn(layer.region, "ssm", f"parameter{layer.path}*")


def policy(layer: Layer, secrets: Sequence[str] = ()) -> dict[str, Any]:
    """The policy for an ``aws:`` source, and for the secrets that its parameters name, by name or ARN; without any, for all of them."""
    parameters = parameters_arn(layer)
    named = [arn for secret in secrets for arn in _secret_arns(layer.region, secret)] or [_arn(layer.region, "secretsmanager", "secret:*")]
    keys = _arn(layer.region, "kms", "key/*")
    by_path = "GetParametersByPath"
    return {
        "Version": "2012-10-17",
        "Statement": [
            _allow("Parameters", [f"ssm:{by_path}"], [parameters]),
            _allow("ParameterFacts", [f"ssm:{one}" for one in ALLOWED["ssm"] if one != by_path], ["*"]),
            _decrypt("ParameterKeys", layer.region, keys, "ssm", "PARAMETER_ARN", [parameters]),
            _allow("Secrets", [f"secretsmanager:{one}" for one in ALLOWED["secretsmanager"]], named),
            _decrypt("SecretKeys", layer.region, keys, "secretsmanager", "SecretARN", named),
            _allow("Tasks", [f"ecs:{one}" for one in ALLOWED["ecs"]], ["*"]),
        ],
    }


def _arn(region: str, service: str, resource: str) -> str:
    partition = next((name for start, name in _PARTITIONS.items() if region.startswith(start)), "aws")
    return f"arn:{partition}:{service}:{region}:*:{resource}"


def _secret_arns(region: str, secret: str) -> list[str]:
    """The ARNs that a secret can have. A name lacks the six characters that Secrets Manager appends to it; an ARN may lack them too."""
    return [secret, f"{secret}-??????"] if secret.startswith("arn:") else [_arn(region, "secretsmanager", f"secret:{secret}-??????")]


def _allow(name: str, actions: Sequence[str], resources: Sequence[str], **more: Any) -> dict[str, Any]:
    return {"Sid": name, "Effect": "Allow", "Action": list(actions), "Resource": list(resources), **more}


def _decrypt(name: str, region: str, keys: str, service: str, context: str, resources: Sequence[str]) -> dict[str, Any]:
    """The right to decrypt through a service, and only what it has encrypted for some resources."""
    only = {"kms:ViaService": f"{service}.{region}.amazonaws.com*", f"kms:EncryptionContext:{context}": list(resources)}
    return _allow(name, ["kms:Decrypt"], [keys], Condition={"StringLike": only})
