"""A handful of requests that tell what a running server can do, each as its users make it."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from .services import MailServer

TIMEOUT = 45
"""Seconds to wait for an answer: longer than the server's clients retry before they give up."""
SLOW = 5
"""Seconds from which on it is said how long an answer took."""
EMAIL, FIRST_PASSWORD = "admin@example.com", "medplum_admin"
_ENDPOINTS = (
    ("authorization_endpoint", "GET", 400),
    ("token_endpoint", "POST", 400),
    ("userinfo_endpoint", "GET", 401),
    ("jwks_uri", "GET", 200),
)
"""Where the discovery document leads to, with the status of a request that names no client and no user."""


class Answer(NamedTuple):
    """The answer to a request."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def data(self) -> Any:
        """Its JSON; an empty object if it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return {}


class Failed(Exception):
    """A request had another result than one of a server that works."""


class Client:
    """Someone who uses the server at a port of this machine, through an app at another address."""

    def __init__(self, port: int, app: str, mail: MailServer) -> None:
        self._port, self._app, self._mail = port, app, mail
        self._token = self._project = ""
        self._binary: dict[str, Any] = {}

    def ask(self, method: str, path: str, content: Any = None, kind: str = "application/fhir+json", **headers: str) -> Answer:
        """Send a request; raises OSError, or HTTPException, if no answer comes."""
        body = content if content is None or isinstance(content, str) else json.dumps(content)
        sent = {"Host": f"localhost:{self._port}", "Content-Type": kind, **headers} | (
            {"Authorization": f"Bearer {self._token}"} if self._token else {}
        )
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT)
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def needs(self, status: int, method: str, path: str, *content: Any, **headers: str) -> Answer:
        """Send a request; raises :class:`Failed` if its answer has another status."""
        answer = self.ask(method, path, *content, **headers)
        if answer.status != status:
            raise Failed(f"{answer.status} {_words(answer)}".strip())
        return answer

    def failures(self) -> Iterator[tuple[str, str]]:
        """The name of each request that fails, with what happened. A request that needs one that failed is not sent."""
        for name, request in self._requests():
            start = time.monotonic()
            try:
                request()
            except Failed as error:
                said = str(error)
            except TimeoutError:
                said = "no answer"
            except (OSError, http.client.HTTPException) as error:
                said = f"no connection ({type(error).__name__})"
            else:
                continue
            took = round((time.monotonic() - start) / 5) * 5
            yield name, f"{said}, after {took} s" if took >= SLOW else said

    def _requests(self) -> Iterator[tuple[str, Callable[[], object]]]:
        yield "health", self._health
        yield "metadata", lambda: self.needs(200, "GET", "/fhir/R4/metadata")
        yield "discovery", self._discovery
        yield "app", self._from_app
        yield "sign-in", self.sign_in
        if not self._token:
            return
        yield "search", self._search
        yield "application", self._sign_in_to_application
        yield "upload", self._upload
        if self._binary:
            yield "attachment", self._attachment
        yield "invitation", self._invite
        yield "bot", self._run_bot

    def _health(self) -> None:
        data = self.needs(200, "GET", "/healthcheck").data
        false = [name for name, ok in data.items() if ok is False]
        if false:
            raise Failed(f"200, with {', '.join(false)} false")

    def _discovery(self) -> None:
        data = self.needs(200, "GET", "/.well-known/openid-configuration").data
        for name, method, status in _ENDPOINTS:
            self._follow(method, str(data.get(name)), status, name)

    def _from_app(self) -> None:
        answer = self.ask("OPTIONS", "/auth/login", Origin=self._app, **{"Access-Control-Request-Method": "POST"})
        if answer.headers.get("access-control-allow-origin") != self._app:
            raise Failed("the browser refuses the answer (no Access-Control-Allow-Origin)")

    def sign_in(self) -> None:
        """Sign the first administrator in; raises :class:`Failed`."""
        secret = "of-a-test-" * 5
        login = {"email": EMAIL, "password": FIRST_PASSWORD, "scope": "openid", "codeChallengeMethod": "plain", "codeChallenge": secret}
        code = self.needs(200, "POST", "/auth/login", login, "application/json").data.get("code")
        form = urlencode({"grant_type": "authorization_code", "code": code, "code_verifier": secret})
        token = self.needs(200, "POST", "/oauth2/token", form, "application/x-www-form-urlencoded").data
        self._project = str(token["project"]["reference"]).split("/")[1]
        self._token = str(token["access_token"])
        try:
            self.needs(200, "GET", "/auth/me")
        except Failed:
            self._token = ""
            raise

    def _search(self) -> None:
        links = self.needs(200, "GET", "/fhir/R4/Patient?name=smith").data["link"]
        self._follow("GET", next(one["url"] for one in links if one["relation"] == "self"), 200, "the link to itself")

    def _sign_in_to_application(self) -> None:
        there = "https://application.example/"
        made = {"name": "an application", "redirectUri": there}
        client = self.needs(201, "POST", f"/admin/projects/{self._project}/client", made, "application/json").data["id"]
        asked = {"response_type": "code", "client_id": client, "redirect_uri": there, "scope": "openid", "nonce": "1"}
        answer = self.needs(302, "GET", f"/oauth2/authorize?{urlencode(asked)}")
        if not answer.headers["location"].startswith(f"{self._app}/"):
            raise Failed(f"its users are sent to {answer.headers['location'].split('?')[0]}")

    def _upload(self) -> None:
        self._binary = self.needs(201, "POST", "/fhir/R4/Binary", "a text", "text/plain").data

    def _attachment(self) -> None:
        reference = f"Binary/{self._binary['id']}"
        media = {"resourceType": "Media", "status": "completed", "content": {"contentType": "text/plain", "url": reference}}
        made = self.needs(201, "POST", "/fhir/R4/Media", media).data
        link = str(self.needs(200, "GET", f"/fhir/R4/Media/{made['id']}").data["content"]["url"])
        self._token, token = "", self._token  # a link is opened without
        try:
            if self._follow("GET", link, 200, "the link").body != b"a text":
                raise Failed("the link has another content")
        finally:
            self._token = token

    def _follow(self, method: str, link: str, status: int, what: str) -> Answer:
        """The answer at an address that the server gives out."""
        url = urlsplit(link)
        if url.netloc != f"localhost:{self._port}":
            raise Failed(f"{what} leads to {link.split('?')[0]}")
        answer = self.ask(method, f"{url.path}?{url.query}" if url.query else url.path)
        if answer.status != status:
            raise Failed(f"{what} is answered with {answer.status}")
        return answer

    def _invite(self) -> None:
        before = self._mail.received
        person = {"resourceType": "Practitioner", "firstName": "A", "lastName": "B", "email": "a.b@example.com", "sendEmail": True}
        self.needs(200, "POST", f"/admin/projects/{self._project}/invite", person, "application/json")
        if self._mail.received == before:
            raise Failed("200, and no mail is sent")

    def enable_bots(self) -> None:
        """Switch bots on in the project of the administrator, who must be signed in."""
        project = self.needs(200, "GET", f"/fhir/R4/Project/{self._project}").data
        self.needs(200, "PUT", f"/fhir/R4/Project/{self._project}", {**project, "features": ["bots"]})

    def _run_bot(self) -> None:
        bot = self.needs(201, "POST", f"/admin/projects/{self._project}/bot", {"name": "a bot"}, "application/json").data
        code = {"code": "exports.handler = async () => 'done';", "filename": "index.js"}
        self.needs(200, "POST", f"/fhir/R4/Bot/{bot['id']}/$deploy", code, "application/json")
        self.needs(200, "POST", f"/fhir/R4/Bot/{bot['id']}/$execute", {}, "application/json")


def _words(answer: Answer) -> str:
    """The text of an error; empty if it has none."""
    data = answer.data
    if not isinstance(data, dict):
        return ""
    issue: dict[str, Any] = next(iter(data.get("issue") or [{}]), {})
    said = issue.get("diagnostics") or (issue.get("details") or {}).get("text") or data.get("error_description") or data.get("error") or ""
    return " ".join(str(said).split())[:200]
