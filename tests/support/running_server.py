"""A Medplum server for tests, on loopback, with the faults that the tests give it; and certificates of an authority of the tests' own."""

from __future__ import annotations

import base64
import ipaddress
import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID, NameOID

from .keys import pem

HEALTH: Final = {"ok": True, "version": "5.1.23-0bc44b2", "platform": "linux", "runtime": "v22", "postgres": True, "redis": True}


class Reply(NamedTuple):
    """What the server answers to a path.

    ``pause`` are the seconds before each byte of the body, ``held`` those before the end of the connection.
    """

    body: bytes | str | Mapping[str, Any]
    status: int = 200
    headers: Mapping[str, str] = {}
    pause: float = 0
    held: float = 0


class Request(NamedTuple):
    """A request that the server got: the names of its headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]


class FakeServer:
    """A server at ``url`` that answers as one with ``baseUrl`` there does, but for the ``replies`` of a test.

    ``origin`` is the one that it allows.
    """

    def __init__(self, url: str, origin: str = "https://app.example.com") -> None:
        self.url = url
        self.origin = origin
        self.requests: list[Request] = []
        self.replies: dict[str, Reply] = {
            "/healthcheck": Reply(HEALTH),
            "/.well-known/openid-configuration": Reply({"scopes_supported": ["openid"]}),
            "/fhir/R4/.well-known/smart-configuration": Reply({"capabilities": ["launch-ehr"]}),
        }
        self.move(url)

    def move(self, base: str) -> None:
        """Announce the addresses under another ``baseUrl``."""
        self.announce(
            issuer=base,
            authorization_endpoint=f"{base}oauth2/authorize",
            token_endpoint=f"{base}oauth2/token",
            userinfo_endpoint=f"{base}oauth2/userinfo",
            jwks_uri=f"{base}.well-known/jwks.json",
            introspection_endpoint=f"{base}oauth2/introspect",
            registration_endpoint=f"{base}oauth2/register",
        )

    def health(self, **changed: Any) -> None:
        """Change members of the health check."""
        self.replies["/healthcheck"] = Reply({**HEALTH, **changed})

    def announce(self, **changed: Any) -> None:
        """Change members of both discovery documents."""
        for path in ("/.well-known/openid-configuration", "/fhir/R4/.well-known/smart-configuration"):
            body = self.replies[path].body
            assert isinstance(body, Mapping)
            self.replies[path] = Reply({**body, **changed})

    def reply_everywhere(self, reply: Reply) -> None:
        """Answer the same to each path."""
        self.replies.update(dict.fromkeys(self.replies, reply))


def _handler(fake: Callable[[], FakeServer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server = fake()
            server.requests.append(Request(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}))
            reply = server.replies.get(self.path, Reply({"resourceType": "OperationOutcome"}, 404))
            body = reply.body if isinstance(reply.body, bytes) else reply.body.encode() if isinstance(reply.body, str) else None
            body = json.dumps(reply.body).encode() if body is None else body
            self.send_response(reply.status)
            if self.headers.get("Origin") == server.origin and self.path.startswith(("/.well-known/", "/fhir/")):
                self.send_header("Access-Control-Allow-Origin", server.origin)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if "Transfer-Encoding" not in reply.headers:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            for at in range(0, len(body), 1 if reply.pause else len(body) or 1):
                time.sleep(reply.pause)
                self.wfile.write(body[at : at + 1] if reply.pause else body)
            time.sleep(reply.held)

        def log_message(self, *_args: Any) -> None:
            """Be silent."""

    return Handler


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_args: Any) -> None:
        """Clients that refuse a certificate, or give up, are what the tests are about."""


@contextmanager
def running(certificate: Path | None = None, host: str = "localhost") -> Iterator[FakeServer]:
    """A running server: over TLS if there is a file with its certificate and key."""
    servers: list[FakeServer] = []
    listening = _Quiet(("127.0.0.1", 0), _handler(lambda: servers[0]))
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        listening.socket = context.wrap_socket(listening.socket, server_side=True, do_handshake_on_connect=False)
    scheme = "http" if certificate is None else "https"
    servers.append(FakeServer(f"{scheme}://{host}:{listening.server_address[1]}/"))
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield servers[0]
    finally:
        listening.shutdown()
        listening.server_close()


@cache
def _key(_of: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def authority() -> bytes:
    """The certificate (PEM) of the tests' authority."""
    key = _key("authority")
    now = datetime.now(timezone.utc)
    made = x509.CertificateBuilder().subject_name(_name("tests")).issuer_name(_name("tests")).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=900)).not_valid_after(now + timedelta(days=900))
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    return made.add_extension(usage, critical=True).sign(key, SHA256()).public_bytes(Encoding.PEM)


def certificate(file: Path, *names: str, begins: int = -100, ends: int = 100, raw: bytes = b"") -> Path:
    """Write a certificate of the authority for names and addresses, with its key; it is valid from and to days from now.

    ``raw`` is an extension with its names in DER instead.
    """
    key, now = _key("server"), datetime.now(timezone.utc)
    made = x509.CertificateBuilder().subject_name(_name("server")).issuer_name(_name("tests")).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number())
    made = made.not_valid_before(now + timedelta(days=begins)).not_valid_after(now + timedelta(days=ends))
    general = [x509.IPAddress(ipaddress.ip_address(one)) if one[0].isdigit() else x509.DNSName(one) for one in names]
    if general:
        made = made.add_extension(x509.SubjectAlternativeName(general), critical=False)
    if raw:
        made = made.add_extension(x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, raw), critical=False)
    made = made.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(_key("authority").public_key()), critical=False)
    signed = made.sign(_key("authority"), SHA256()).public_bytes(Encoding.PEM)
    file.write_bytes(signed + pem(key).encode())
    return file


def damage(file: Path, old: bytes, new: bytes) -> Path:
    """Replace what a regular expression finds in the certificate of a file, whose signature is then wrong."""
    _, begin, encoded, end, rest = re.split("(-----BEGIN CERTIFICATE-----|-----END CERTIFICATE-----)", file.read_text(), maxsplit=2)
    changed, count = re.subn(old, lambda _match: new, base64.b64decode(encoded), count=1, flags=re.DOTALL)
    assert count == 1
    file.write_text(f"{begin}\n{base64.encodebytes(changed).decode()}{end}{rest}")
    return file
