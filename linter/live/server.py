"""A running server: what it is asked, and what its answers mean.

What it answers becomes a document of the kind ``live`` (``linter/settings/live.yaml``), which rules check by itself and beside the
configuration of the same run. Only names of that catalogue are kept of an answer. Other hosts of the configuration, which can come from
a pull request, are asked only if the user names them too.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from functools import partial

from ..deployment.members import environment_of, role
from ..documents.origin import JsonOrigin
from ..documents.source import Loaded, SourceFile
from ..formats.urls import origin_of, url
from ..model import Document
from ..release import ANY_SERVER, ServerVersion
from ..settings import catalogue
from ..settings.kinds import LIVE
from ..settings.releases import parse_server_version
from ..syntax.json import valid_value
from ..text import Text, clipped, printable
from ..typed import Any, Final, NamedTuple
from .http import HOST, Answer, Host, Shown, Unanswered, at_once, certificate, get

_ENDPOINTS: Final = {
    "healthcheck": "healthcheck",
    "openidConfiguration": ".well-known/openid-configuration",
    "smartConfiguration": "fhir/R4/.well-known/smart-configuration",  # the one that every release has
}
"""What a server is asked, by its name in the document (``packages/server/src/app.ts``, ``wellknown.ts``, ``fhir/routes.ts``)."""
_ADDRESSES: Final = {
    "server": ("baseUrl", "appBaseUrl", "storageBaseUrl"),
    "infra": ("baseUrl", "apiDomainName", "appDomainName", "storageDomainName"),
}
"""The settings whose hosts are a deployment's own, by the role of the document."""
_URL: Final = re.compile(rf"((?i:https?))://({HOST})(?::([0-9]{{1,5}}))?((?:/[A-Za-z0-9._~-]+)*)/?")
_HOST: Final = re.compile(HOST)
_RELEASE: Final = re.compile(r"([0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4})(?![0-9.])(?:-[0-9a-f]{1,40}\b)?")
"""A release, and the commit that it was built from, such as ``5.1.23-0bc44b2``."""
_TYPES: Final[Mapping[str, type]] = {"string": str, "boolean": bool}
"""Python's types of what is taken over from an answer."""
_LONGEST_NAME: Final = 253
"""Characters of a host name (RFC 1035)."""
_LONGEST: Final = 2_000
"""Characters of a text that is kept."""
_MOST_NAMES: Final = 100
"""Names of a certificate that are kept."""
_SOON: Final = timedelta(days=10)
"""A certificate that ends within this time should have been renewed already, unless it was issued for less than :data:`_LONG`."""
_LONG: Final = timedelta(days=40)


class Asked(NamedTuple):
    """What a server answers: a document unless there is no answer at all, and its release where it names one.

    ``notices`` say what was not asked, or not answered in a usable way; ``errors`` why nothing was.
    """

    loaded: Loaded | None
    version: ServerVersion | None
    notices: Sequence[str]
    errors: Sequence[str]


class RunningServer:
    """The server at a URL that the user types, and ``also`` other hosts: asked once, however often a run is repeated.

    Raises ValueError, with the reason, for what is no such URL or host.
    """

    def __init__(self, url: str, also: Iterable[str] = ()) -> None:
        match = _URL.fullmatch(url)
        host = _host(match[1].lower(), match[2], match[3]) if match is not None else None
        if match is None or host is None:
            raise ValueError("the address of a server is https://HOST/, perhaps with a port and a path, and nothing else")
        if host.scheme == "http" and host.bare not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError("http:// is only for a server on this machine, such as http://localhost:8103/: write https://")
        self.host, self.path = host, f"{match[4]}/"
        self.uri = f"{host.origin}{self.path}"
        self._also = list(dict.fromkeys(map(_host_named, also)))
        self._asked: Asked | None = None

    def serves(self, documents: Iterable[Document]) -> list[Document]:
        """The documents that configure this server: those with its host in ``baseUrl``, else all if they are of one environment."""
        servers = [document for document in documents if role(document) == "server"]
        base = {server: _host_at(server, "baseUrl") for server in servers}
        here = [server for server in servers if base[server] == self.host]
        environments = {environment_of(server) for server in here or servers}
        theirs = [server for server in servers if environment_of(server) in environments]
        return [server for server in theirs if not here or base[server] in (self.host, None)] if len(environments) == 1 else []

    def ask(self, documents: Iterable[Document], now: datetime | None) -> Asked:
        """What the server answers; ``documents`` are the configuration of the run."""
        if self._asked is None:
            ours = [document for document in documents if role(document) in _ADDRESSES]
            self._asked = self._answers(ours, now or datetime.now(timezone.utc))
        return self._asked

    def _answers(self, documents: list[Document], now: datetime) -> Asked:
        own = self.serves(documents)
        known = self._known(documents, own)
        origin = self._app_origin(own)
        also = [one for one in self._also if one in known]
        got, shown = self._got(origin, [one for one in (self.host, *also) if one.scheme == "https"])
        data: dict[str, Any] = {"url": self.uri}
        reasons = {name: reason for name, answer in got.items() if (reason := _put(data, name, answer))}
        certificates, refused = _certificates(shown, now)
        data |= {**_cors(origin, got["openidConfiguration"], data), **({"certificates": certificates} if certificates else {})}
        errors = [f"--also {one.text}: no https:// address in the configuration has this host" for one in self._also if one not in also]
        notices = list(self._not_asked(documents, own, known))
        if len(reasons) == len(_ENDPOINTS):
            errors += [f"{self.uri}: {reason}" for reason in dict.fromkeys(reasons.values())]
            refused.pop(self.host, None)  # which is why
        notices += [f"{_ENDPOINTS[name]} {reason}" for name, reason in reasons.items() if len(reasons) < len(_ENDPOINTS)]
        notices += [f"{host.text} {reason}" for host, reason in refused.items()]
        version = _version(data.get("healthcheck", {}).get("version", ""))
        return Asked(self._loaded(data, version) if len(data) > 1 else None, version, notices, errors)

    def _known(self, documents: list[Document], own: list[Document]) -> list[Host]:
        """The hosts of the deployment in the configuration, or of all where it is not known which one is this server's."""
        environments = {environment_of(one) for one in own}

        def is_near(document: Document) -> bool:
            return not own or document in own or (role(document) == "infra" and environment_of(document) in environments)

        hosts = [_host_at(one, name) for one in filter(is_near, documents) for name in _ADDRESSES[role(one)]]
        return list(dict.fromkeys(host for host in hosts if host is not None))

    def _not_asked(self, documents: list[Document], own: list[Document], known: list[Host]) -> Iterator[str]:
        """What in the configuration is not compared, or not asked."""
        if documents and not own:
            several = any(role(document) == "server" for document in documents)
            why = "the configurations are of several environments, all elsewhere" if several else "no file has the settings of a server"
            yield f"is compared with nothing: {why}"
        others = [one.text for one in known if one.scheme == "https" and one not in (self.host, *self._also)]
        if others:
            yield f"the certificates of other hosts are not asked for unless --also names them: {clipped(', '.join(others), _LONGEST)}"

    def _app_origin(self, own: list[Document]) -> str:
        """The origin of the app; empty if it is not known, or the server's own, for which browsers ask nobody."""
        apps, bases = ({host.origin for one in own if (host := _host_at(one, name))} for name in ("appBaseUrl", "baseUrl"))
        return apps.pop() if len(apps) == 1 and not apps & {self.host.origin, *bases} else ""

    def _got(self, origin: str, hosts: Iterable[Host]) -> tuple[dict[str, Answer | Unanswered], dict[Host, Shown | Unanswered]]:
        """What the endpoints answer, and the certificates of hosts; all of them are asked at once."""
        headers = {"openidConfiguration": {"Origin": origin}} if origin else {}
        questions: dict[Any, Any] = {host: partial(certificate, host) for host in hosts}
        for name, path in _ENDPOINTS.items():
            questions[name] = partial(get, self.host, self.path + path, headers.get(name, {}))
        answers = at_once(questions)
        return {name: answers.pop(name) for name in _ENDPOINTS}, answers

    def _loaded(self, data: Mapping[str, Any], version: ServerVersion | None) -> Loaded:
        file = SourceFile(self.uri, Text(f"{json.dumps(data, indent=2)}\n"))
        origin = JsonOrigin(file.text, file.json, LIVE)
        return Loaded(Document(self.uri, LIVE, file.text, file.json.value, origin, server=version or ANY_SERVER), ())


def _host_named(text: str) -> Host:
    name, _, port = text.rpartition(":") if re.search(r":[0-9]{1,5}\Z", text) else (text, "", "")
    host = _host("https", name, port) if _HOST.fullmatch(name) else None
    if host is None:
        raise ValueError(f'"{printable(clipped(text, 80))}" is not a host such as app.example.com, or app.example.com:8443')
    return host


def _host(scheme: str, name: str, port: str | None) -> Host | None:
    """A host that is safe to put into a request, as certificates name it; None if it is not."""
    number = int(port) if port else 443 if scheme == "https" else 80
    try:
        name = f"[{ipaddress.IPv6Address(name[1:-1])}]" if name.startswith("[") else name.rstrip(".").encode("idna").decode().lower()
    except ValueError:
        return None
    return Host(scheme, name, number) if number <= 65535 and len(name) <= _LONGEST_NAME and _HOST.fullmatch(name) else None


def _host_at(document: Document, setting: str) -> Host | None:
    """The host of a URL, or the one that is the value itself; None if there is none, or it is not known."""
    value = document.get((setting,))
    return _host_of(value if setting.endswith("Url") else f"https://{value}") if isinstance(value, str) else None


def _host_of(address: str) -> Host | None:
    origin = origin_of(address)
    return _host(origin[0], origin[1], str(origin[2])) if origin is not None else None


def _version(text: str) -> ServerVersion | None:
    """The release in the version of a health check; None if it is no release that is known."""
    match = _RELEASE.match(text)
    try:
        return parse_server_version(match[1], "its health check") if match is not None else None
    except ValueError:
        return None


# --- What the answers mean -----------------------------------------------------------------------------------------------------------


def _put(data: dict[str, Any], name: str, answer: Answer | Unanswered) -> str:
    """Put an answer into the document; returns why that cannot be done, or an empty text."""
    if isinstance(answer, Unanswered):
        return str(answer)
    if name == "healthcheck" and answer.status >= 500:
        data[name] = {"status": answer.status}
        return ""
    if 300 <= answer.status < 400:
        host = _host_of(answer.headers.get("location", ""))
        return f"redirects to {host.origin if host is not None else 'another address'}, which is not followed"
    if answer.status != 200:
        return f"answers with status {answer.status}"
    value = valid_value(answer.body.decode("utf-8", "replace"))
    if not isinstance(value, dict) or ("ok" if name == "healthcheck" else "issuer") not in value:
        return "does not answer as a Medplum server does"
    data[name] = {**({"status": 200} if name == "healthcheck" else {}), **dict(_members(name, value))}
    return ""


def _cors(origin: str, answer: Answer | Unanswered, data: Mapping[str, Any]) -> dict[str, Any]:
    """Whether the server allows an origin, in the words of the catalogue; nothing if that is not known."""
    if not origin or "openidConfiguration" not in data or isinstance(answer, Unanswered):
        return {}
    return {"cors": {"origin": origin, "allowed": answer.headers.get("access-control-allow-origin") == origin}}


def _members(name: str, value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The members of an answer that the catalogue knows, unless they are texts of another form, which may be anything."""
    known = catalogue(LIVE)
    instances = value.get("redisInstances")  # since 5.1.0
    value = {**value, "redis": False} if isinstance(instances, dict) and False in instances.values() else value
    for path in known.current():
        member = value.get(re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", str(path[-1]))) if path[:-1] == (name,) else None
        if isinstance(member, str):
            release = _RELEASE.match(member)
            member = (release and release[0]) if path[-1] == "version" else member if url(member) is None else None
        if isinstance(member, _TYPES.get(known.types(path)[0], ())) and len(str(member)) <= _LONGEST:
            yield str(path[-1]), member


def _certificates(shown: Mapping[Host, Shown | Unanswered], now: datetime) -> tuple[list[dict[str, Any]], dict[Host, str]]:
    """The certificates of hosts in the words of the catalogue, and why one is not there, or is not accepted for a reason of its own."""
    found: list[dict[str, Any]] = []
    reasons: dict[Host, str] = {}
    for host, answer in shown.items():
        if isinstance(answer, Unanswered):
            reasons[host] = str(answer)
            continue
        described = _certificate(host, answer.certificate, now)
        if described is None:
            reasons[host] = "shows a certificate that cannot be parsed"
            continue
        found.append(described)
        if answer.refused and described["covers"] and described["state"] in ("valid", "expiring"):
            reasons[host] = f"has a certificate that this machine does not accept: {answer.refused}"
    return found, reasons


def _certificate(host: Host, der: bytes, now: datetime) -> dict[str, Any] | None:
    """A certificate in the words of the catalogue; None if it cannot be parsed."""
    from cryptography import x509

    try:
        one = x509.load_der_x509_certificate(der)
        start, end = one.not_valid_before_utc, one.not_valid_after_utc
        names = one.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        texts = [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]
    except x509.ExtensionNotFound:
        texts = []  # clients have not looked at the common name for years
    except (ValueError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return None
    is_late = end - start >= _LONG and end - now < _SOON
    state = "expired" if end < now else "not-yet-valid" if start > now else "expiring" if is_late else "valid"
    covers = any(_covers(text.lower(), host.bare) for text in texts)
    kept = [clipped(text, _LONGEST) for text in texts[:_MOST_NAMES]]
    return {"host": host.text, "names": kept, "covers": covers, "expires": end.date().isoformat(), "state": state}


def _covers(name: str, host: str) -> bool:
    """Whether a name of a certificate is that of a host; an asterisk stands for one label (RFC 6125)."""
    return name == host or (name.startswith("*.") and name[1:] == f".{host.partition('.')[2]}" and "." in name[2:])
