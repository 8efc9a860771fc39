"""The connection to AWS: a client that can call nothing but :data:`ALLOWED`, and what its errors mean.

boto3 finds credentials, profiles and proxies as the AWS CLI does, from its variables and files; to sign in it may call STS or SSO.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ..files import reason_of
from ..text import printable
from ..typed import Any, Final

ALLOWED: Final = {
    "ssm": ("GetParametersByPath", "DescribeParameters"),
    "secretsmanager": ("GetSecretValue", "DescribeSecret"),
    "ecs": ("ListClusters", "ListServices", "DescribeServices", "ListTasks", "DescribeTasks", "DescribeTaskDefinition"),
}
"""Every operation that is called, by service. None writes; the clients refuse any other."""
_MISSING: Final = "reading AWS needs the package boto3, which is not installed: pip install 'medplum-lint[aws]'"
_SIGN_IN: Final = "sign in again, as for the AWS CLI"
_EXPIRED: Final = f"the credentials have expired: {_SIGN_IN}"
_REFUSED: Final = f"AWS refuses the credentials: {_SIGN_IN}, and check the region"
_THROTTLED: Final = "AWS limits how often it is asked, and still does after all retries: try again later"
_UNREACHABLE: Final = "AWS cannot be reached: check the region, the network and --endpoint-url"
_STRANGE: Final = "the configuration of AWS, or its answer, cannot be read: check the profile, the variables, and --endpoint-url"
_REASONS: Final = {
    **dict.fromkeys(("ExpiredToken", "ExpiredTokenException", "RequestExpired"), _EXPIRED),
    **dict.fromkeys(("InvalidClientTokenId", "MissingAuthenticationToken", "UnrecognizedClientException"), _REFUSED),
    **dict.fromkeys(("IncompleteSignature", "InvalidSignatureException", "SignatureDoesNotMatch"), _REFUSED),
    **dict.fromkeys(("RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequestsException"), _THROTTLED),
    "NoCredentialsError": "no credentials are found: sign in as for the AWS CLI, or set AWS_PROFILE",
    "PartialCredentialsError": "the credentials are incomplete: sign in as for the AWS CLI",
    "ProfileNotFound": "there is no such profile as AWS_PROFILE names",
    **dict.fromkeys(("CredentialRetrievalError", "SSOError", "TokenRetrievalError"), _EXPIRED),
    **dict.fromkeys(("ConnectionError", "HTTPClientError"), _UNREACHABLE),
    "ReadTimeoutError": "AWS does not answer in time",
    "SSLError": "the certificate of the endpoint is not trusted",
    "InvalidRegionError": "there is no such region",
    "ResponseParserError": _STRANGE,
}
"""What error codes of AWS and classes of botocore's errors mean. Their own texts can hold an address with a password."""


class Unread(Exception):
    """Something that is not read; the text says why, without anything that AWS says. ``code`` is the error code of AWS, if it is one."""

    def __init__(self, reason: str, code: str = "") -> None:
        super().__init__(reason)
        self.code = code


class Forbidden(Exception):
    """A call that is not in :data:`ALLOWED`: a bug, which no input can cause."""


class Aws:
    """AWS in one region, at an endpoint of its own if one is given."""

    def __init__(self, region: str, endpoint: str | None = None) -> None:
        try:
            import boto3  # only with an aws: argument
        except ModuleNotFoundError:
            raise Unread(_MISSING) from None
        self._endpoint = endpoint
        self._clients: dict[str, Any] = {}
        with _explained():
            self._session = boto3.session.Session(region_name=region)

    def ask(self, service: str, operation: str, on: str, known: Sequence[str], **parameters: Any) -> dict[str, Any]:
        """The response to one call, which has the members that are ``known``.

        Raises :exc:`Unread`, which names the resource that it is ``on``.
        """
        with _explained(f"{service}:{operation}", on):
            return sound(getattr(self._client(service), _snake(operation))(**parameters), known)

    def listed(self, service: str, operation: str, on: str, member: str, known: Sequence[str] = (), **parameters: Any) -> Iterator[Any]:
        """The items that a response has as a member, on all of its pages, each with members that are ``known``; of none these are texts."""
        with _explained(f"{service}:{operation}", on):
            client, name = self._client(service), _snake(operation)
            has_pages = client.can_paginate(name)
            for page in client.get_paginator(name).paginate(**parameters) if has_pages else [getattr(client, name)(**parameters)]:
                yield from _items(page, member, known)

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            from botocore.config import Config

            retries = {} if "AWS_MAX_ATTEMPTS" in os.environ else {"retries": {"mode": "standard", "total_max_attempts": 8}}
            config = Config(connect_timeout=10, read_timeout=30, user_agent_extra="medplum-lint", **retries)
            client = self._session.client(service, endpoint_url=self._endpoint, config=config)
            client.meta.events.register_first("before-call", _only_allowed)
            self._clients[service] = client
        return self._clients[service]


def _only_allowed(model: Any, **_more: Any) -> None:
    """Raise :exc:`Forbidden` for a call that is not in :data:`ALLOWED`, before it leaves the process."""
    if model.name not in ALLOWED.get(model.service_model.service_name, ()):
        raise Forbidden(f"{model.service_model.service_name}:{model.name}")


def sound(answer: Any, known: Sequence[str]) -> dict[str, Any]:
    """A response, or an item of one, if it has what is known of it. Raises :exc:`Unread`."""
    if not isinstance(answer, dict) or any(not answer.get(name) for name in known):
        raise Unread(_STRANGE)
    return answer


def _items(answer: Any, member: str, known: Sequence[str]) -> list[Any]:
    items = answer.get(member) if isinstance(answer, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict if known else str) for item in items):
        raise Unread(_STRANGE)
    return [sound(item, known) for item in items] if known else items


def _snake(operation: str) -> str:
    """The name of an operation as a method: ``get_secret_value``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


@contextmanager
def _explained(action: str = "", on: str = "") -> Iterator[None]:
    """Raise what goes wrong in the block as :exc:`Unread`."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        given = error.response.get("Error", {})
        code, message = str(given.get("Code")), str(given.get("Message"))
        if code.startswith("AccessDenied") or code == "403":  # the status, of a response that is not AWS's own
            is_key = "perform: kms:Decrypt" in message or ("perform:" not in message and ("KMS" in message or "ciphertext" in message))
            way_out = ": --no-decryption reads only what needs no key" if is_key else ""
            raise Unread(f"{'kms:Decrypt' if is_key else action} is not allowed on {on}{way_out}", code) from None
        raise Unread(_REASONS.get(code, f"AWS answers {action} with {printable(code)}"), code) from None
    except BotoCoreError as error:
        known = (_REASONS[one.__name__] for one in type(error).__mro__ if one.__name__ in _REASONS)
        raise Unread(next(known, f"AWS cannot be asked: {type(error).__name__}")) from None
    except OSError as error:  # of a program or a file that the configuration of AWS names
        raise Unread(f"AWS cannot be asked: {reason_of(error)}") from None
    except ValueError as error:
        is_address = str(error).startswith("Invalid endpoint")
        raise Unread("the endpoint is not an address" if is_address else _STRANGE) from None
    except (AttributeError, KeyError, RecursionError, TypeError):  # botocore trusts the form of a response
        raise Unread(_STRANGE) from None
