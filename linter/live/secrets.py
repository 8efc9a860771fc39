"""The secrets in Secrets Manager that parameters such as ``DatabaseSecrets`` name, as the server fetches them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ..server.loader import SECRET_FAULTS, SECRETS
from ..server.start import Layer
from ..typed import Any, Final, NamedTuple
from .aws import Aws, Unread

_NO_TEXT: Final = "NoSecretString"
"""The code of a secret that has no text; see :data:`~linter.server.loader.SECRET_FAULTS`."""
_NOT_READ: Final = "NotRead"
"""The code of one whose text is not read, though it may have one."""


class Secrets(NamedTuple):
    """What ``get-secret-value`` prints, by the settings that name secrets, and errors as ``batch-get-secret-value`` prints them."""

    answers: dict[str, dict[str, Any]]
    errors: list[dict[str, str]]


def secrets(aws: Aws, layer: Layer, parameters: Iterable[Mapping[str, Any]], *, decrypt: bool, note: Callable[[str], object]) -> Secrets:
    """The secrets that parameters name, each once. Without ``decrypt`` it is only asked whether they are there.

    ``note`` is called with what is not read.
    """
    found = Secrets({}, [])
    values = {parameter["Name"].removeprefix(layer.path): parameter.get("Value") for parameter in parameters}
    for secret, name in {str(values[name]): name for name in reversed(SECRETS) if values.get(name)}.items():
        answer: dict[str, Any] = {}
        on = f"the secret that {name} names"
        try:
            answer, code = _answer(aws, on, secret) if decrypt else ({}, _state(aws, on, secret) or _NOT_READ)
        except Unread as why:
            code = why.code if why.code in SECRET_FAULTS else _NOT_READ
            if code == _NOT_READ:
                note(f"{on} is not read: {why}")
        if code:
            found.errors.append({"SecretId": secret, "ErrorCode": code})
        elif answer["ARN"] not in [one["ARN"] for one in found.answers.values()]:
            found.answers[name] = answer
    return found


def _answer(aws: Aws, on: str, secret: str) -> tuple[dict[str, Any], str]:
    """What AWS says of a secret with its text, and the code of an error if it has none."""
    answer = aws.ask("secretsmanager", "GetSecretValue", on, ("ARN", "Name"), SecretId=secret)
    return {one: answer[one] for one in ("ARN", "Name", "SecretString") if one in answer}, "" if answer.get("SecretString") else _NO_TEXT


def _state(aws: Aws, on: str, secret: str) -> str:
    """The code of the error that fetching a secret would give; empty if it can be fetched."""
    known = aws.ask("secretsmanager", "DescribeSecret", on, ("ARN",), SecretId=secret)
    stages = known.get("VersionIdsToStages", {}).values()
    is_current = any("AWSCURRENT" in stage for stage in stages)
    return "InvalidRequestException" if "DeletedDate" in known else "" if is_current else "ResourceNotFoundException"
