"""One bounded request to a host that the user has typed.

No redirect is followed, no proxy is used, no cookie and no credential is sent, and nothing but plain text from this machine's user goes
into a request: see :data:`HOST`. What is asked at once is given up together, after :data:`SECONDS`.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping

from .. import __version__
from ..files import reason_of
from ..typed import Any, Final, NamedTuple, TypeVar

SECONDS = 10.0
"""How long an answer may take in all, from the look-up of the name to the last byte."""
LARGEST: Final = 256 * 1024
"""Bytes of an answer that are read at most, headers and all."""
HOST: Final = r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+"
"""What a host name or an address may be made of: nothing that could begin a header or another request."""
_USUAL_PORTS: Final = {"http": 80, "https": 443}

Key = TypeVar("Key")
Value = TypeVar("Value")


class Host(NamedTuple):
    """Where to connect. An address of IPv6 has its brackets."""

    scheme: str
    name: str
    port: int

    @property
    def text(self) -> str:
        """The name, with the port if that is not the usual one."""
        return self.name if self.port == _USUAL_PORTS[self.scheme] else f"{self.name}:{self.port}"

    @property
    def origin(self) -> str:
        """The origin as a browser sends it."""
        return f"{self.scheme}://{self.text}"

    @property
    def bare(self) -> str:
        """The name without brackets."""
        return self.name.strip("[]")


class Answer(NamedTuple):
    """An answer, whatever its status. The names of ``headers`` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Shown(NamedTuple):
    """A certificate (DER) that a host shows, and why this machine does not accept it; empty if it does."""

    certificate: bytes
    refused: str


class Unanswered(Exception):
    """There is no answer to work with. The text says why, to follow the name of the host."""


class _Bounded(http.client.HTTPResponse):
    """An answer that cannot be longer than :data:`LARGEST`, whatever it says of its length and that of its chunks."""

    def __init__(self, sock: socket.socket, *args: Any, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        self.fp = io.BufferedReader(_Counted(self.fp))


class _Counted(io.RawIOBase):
    """The bytes of a file, up to :data:`LARGEST`."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file, self._left = file, LARGEST

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = self._file.readinto1(buffer)
        self._left -= size
        if self._left < 0:
            raise Unanswered(f"answers with more than {LARGEST // 1024} KiB, which is not read")
        return size

    def close(self) -> None:
        self._file.close()
        super().close()


def get(host: Host, path: str, headers: Mapping[str, str]) -> Answer:
    """The answer to one GET request. Raises :exc:`Unanswered`."""
    connection = http.client.HTTPConnection(host.bare, host.port)
    connection.response_class = _Bounded
    try:
        connection.sock = _connected(host)
        if host.scheme == "http" and not ipaddress.ip_address(connection.sock.getpeername()[0]).is_loopback:
            raise Unanswered("is not this machine, and only https:// is asked elsewhere")  # whatever its name is
        always = {"Host": host.text, "Accept": "application/json", "User-Agent": f"medplum-lint/{__version__}"}
        connection.request("GET", path, headers={**always, **headers})
        response = connection.getresponse()
        got = {name.lower(): ", ".join(response.headers.get_all(name, ())) for name in response.headers}
        return Answer(response.status, got, response.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unanswered(_reason(error)) from None
    finally:
        connection.close()


def certificate(host: Host) -> Shown:
    """The certificate that a host shows. No request is sent. Raises :exc:`Unanswered`."""
    try:
        try:
            return Shown(_shown_by(host), "")
        except ssl.SSLCertVerificationError as error:
            return Shown(_shown_by(host, trusts_all=True), error.verify_message)
    except (OSError, ValueError) as error:
        raise Unanswered(_reason(error)) from None


def _shown_by(host: Host, *, trusts_all: bool = False) -> bytes:
    with _connected(host, trusts_all=trusts_all) as encrypted:
        return (isinstance(encrypted, ssl.SSLSocket) and encrypted.getpeercert(binary_form=True)) or b""


def _connected(host: Host, *, trusts_all: bool = False) -> socket.socket:
    """A connection to the first address of a host that answers; each has its share of the time."""
    context = ssl.create_default_context() if host.scheme == "https" else None
    addresses = socket.getaddrinfo(host.bare, host.port, type=socket.SOCK_STREAM)
    plain = socket.create_connection((host.bare, host.port), SECONDS / len(addresses))
    plain.settimeout(SECONDS)
    if context is None:
        return plain
    if trusts_all:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(plain, server_hostname=host.bare)


def _reason(error: OSError | http.client.HTTPException | ValueError) -> str:
    """Why there is no answer, without any text of the server's."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"has a certificate that this machine does not accept: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"cannot be reached by TLS: {(error.reason or 'no handshake').replace('_', ' ').lower()}"
    if isinstance(error, UnicodeError):
        return "cannot be reached: no host has such a name"
    if isinstance(error, (http.client.HTTPException, ValueError)):  # a length that is not a number
        return "does not answer in HTTP"
    return _too_slow() if isinstance(error, TimeoutError) else f"cannot be reached: {reason_of(error)}"


def _too_slow() -> str:
    return f"does not answer within {SECONDS:g} seconds"


def at_once(questions: Mapping[Key, Callable[[], Value]]) -> dict[Key, Value | Unanswered]:
    """The answers to questions that are asked at the same time. Those that take too long are given up, wherever they wait.

    A socket's own timeout starts again with every byte, and the look-up of a name has none.
    """
    answers: dict[Key, Any] = {}

    def ask(key: Key, question: Callable[[], Value]) -> None:
        try:
            answers[key] = question()
        except Exception as error:  # which is raised below, unless it is only an answer that is missing
            answers[key] = error

    threads = [threading.Thread(target=ask, args=one, daemon=True) for one in questions.items()]
    until = time.monotonic() + SECONDS
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    found = {key: answers.get(key, Unanswered(_too_slow())) for key in questions}
    for answer in found.values():
        if isinstance(answer, Exception) and not isinstance(answer, Unanswered):
            raise answer
    return found
