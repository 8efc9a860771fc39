"""A running server that is asked over the network: what is asked, of whom, and what comes of each fault."""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner
from support.running_server import FakeServer, Reply, authority, certificate, damage, running

from linter import __version__
from linter.cli import cli
from linter.live import http
from linter.live.server import RunningServer

pytestmark = pytest.mark.loopback

SECRET = "hunter2-hunter2-hunter2"
CHUNKED = {"Transfer-Encoding": "chunked"}


class Run(NamedTuple):
    """A run of the command line: its exit code, its findings as ``rule path``, and all that it printed."""

    exit_code: int
    findings: list[str]
    output: str
    report: dict[str, Any]

    @property
    def notes(self) -> list[str]:
        return [one["message"] for one in self.report.get("notices", ())]


def lint(*arguments: str) -> Run:
    """Run ``medplum-lint``, with a report in JSON."""
    result = CliRunner().invoke(cli, ["check", "--format", "json", "--isolated", *arguments])
    assert "Traceback" not in result.output and result.exit_code != 3, result.output
    report = json.loads(result.stdout) if result.stdout.startswith("{") else {}
    findings = [f"{one['rule']} {one['setting']}" for one in report.get("findings", ())]
    return Run(result.exit_code, findings, result.output, report)


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A server without a fault, over http."""
    with running() as fake:
        yield fake


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for certificates, whose authority this machine trusts."""
    (tmp_path / "ca.pem").write_bytes(authority())
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return tmp_path


@pytest.fixture
def config(tmp_path: Path, server: FakeServer) -> Callable[..., str]:
    """Writes the configuration of the server, with changes, and returns its path."""

    def write(**changed: Any) -> str:
        settings = {"baseUrl": server.url, "appBaseUrl": "https://app.example.com/", "port": 8103, "redis": {"host": "redis"}, **changed}
        (tmp_path / "medplum.config.json").write_text(json.dumps(settings), encoding="utf-8")
        return str(tmp_path / "medplum.config.json")

    return write


def live(run: Run) -> list[str]:
    """The findings of a run that come from what the server answers."""
    ids = "failing-health-check|refused-certificate|refused-app-origin|misdirected-clients|differs-from-running-server"
    return [one for one in run.findings if re.match(ids, one)]


# --- What is asked ---


def test_a_server_without_a_fault_has_no_finding(server: FakeServer) -> None:
    run = lint(server.url)
    assert (run.exit_code, run.findings, run.notes) == (0, [], [])
    assert [(one["path"], one["kind"], one["status"]) for one in run.report["files"]] == [(server.url, "live", "checked")]


def test_each_address_is_asked_once_and_without_credentials(server: FakeServer, config: Callable[..., str]) -> None:
    lint(server.url, config(), "--diff")  # which checks several times
    asked = {one.path: one for one in server.requests}
    assert sorted(one.path for one in server.requests) == sorted(server.replies)
    assert {one.method for one in server.requests} == {"GET"}
    for one in server.requests:
        assert one.headers["user-agent"] == f"medplum-lint/{__version__}"
        assert one.headers.keys() <= {"host", "accept", "accept-encoding", "user-agent", "origin"}
    assert asked["/.well-known/openid-configuration"].headers["origin"] == "https://app.example.com"
    assert "origin" not in asked["/healthcheck"].headers


def test_a_path_of_the_address_is_kept(server: FakeServer) -> None:
    server.replies = {f"/api{path}": reply for path, reply in server.replies.items()}
    run = lint(f"{server.url}api")
    assert run.exit_code == 0 and sorted(one.path for one in server.requests) == sorted(server.replies)


def test_proxy_variables_are_not_used(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert lint(server.url).exit_code == 0


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com/",
        "http://127.0.0.2.example.com/",
        "http://localhost.example.com/",
        f"https://user:{SECRET}@api.example.com/",
        f"https://api.example.com/?token={SECRET}",
        "https://api.example.com/#x",
        "https://api.example.com/\r\nX-Injected: 1",
        "https://api.example.com:99999/",
        "https://api.example.com/a b",
        "https://api.exämple.com/",
        "https:///",
    ],
)
def test_what_is_no_plain_address_is_refused_before_anything_is_sent(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", lambda *_args: pytest.fail("there is a connection"))
    run = lint(url)
    assert run.exit_code == 2 and SECRET not in run.output


def test_http_is_only_sent_to_this_machine_whatever_its_name_leads_to(monkeypatch: pytest.MonkeyPatch, server: FakeServer) -> None:
    monkeypatch.setattr("linter.live.http.ipaddress.ip_address", lambda _text: type("Elsewhere", (), {"is_loopback": False}))
    run = lint(server.url)
    assert run.exit_code == 2 and "is not this machine" in run.output and server.requests == []


@pytest.mark.parametrize("arguments", [["--also", "app.example.com", "."], ["https://a.example/", "https://b.example/"]])
def test_contradictions_are_refused(arguments: list[str]) -> None:
    assert lint(*arguments).exit_code == 2


@pytest.mark.parametrize(
    "host", ["https://app.example.com", "app.example.com/", "a b", f"user:{SECRET}@x", "x:99999", f"x:{'9' * 5_000}", "x\r\ny", ""]
)
def test_a_host_is_named_without_anything_else(host: str) -> None:
    with pytest.raises(ValueError, match="is not a host"):
        RunningServer("https://api.example.com/", [host])


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("HTTPS://API.Example.com", "https://api.example.com/"),
        ("https://[0:0:0:0:0:0:0:1]:443/", "https://[::1]/"),
        ("https://[2001:DB8::0001]:8443/", "https://[2001:db8::1]:8443/"),
    ],
)
def test_an_address_is_asked_as_certificates_name_it(url: str, asked: str) -> None:
    assert RunningServer(url).uri == asked


# --- Faults of the answers ---


def test_the_health_check_says_what_does_not_work(server: FakeServer) -> None:
    server.health(postgres=False, redis=False)
    run = lint(server.url)
    assert (run.exit_code, run.findings) == (
        1,
        ["failing-health-check healthcheck.postgres", "failing-health-check healthcheck.redis"],
    )


def test_a_failing_health_check(server: FakeServer) -> None:
    server.replies["/healthcheck"] = Reply({"msg": SECRET}, 500)
    run = lint(server.url)
    assert (run.exit_code, run.findings) == (1, ["failing-health-check healthcheck.status"])
    assert SECRET not in run.output


@pytest.mark.quick_cases(9)
@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (
            Reply("", 302, {"Location": f"https://login.example.com/?t={SECRET}"}),
            "redirects to https://login.example.com, which is not followed",
        ),
        (Reply("", 301, {"Location": f"https://{SECRET}:{SECRET}@login.example.com/x"}), "redirects to https://login.example.com"),
        (Reply("", 307, {"Location": "/login"}), "redirects to another address"),
        (Reply("", 307, {"Location": f"//{SECRET}.example.com/x"}), "redirects to another address"),
        (Reply("", 308), "redirects to another address"),
        *((Reply(b"%s\r\nhello\r\n0\r\n\r\n" % size, headers=CHUNKED), "does not answer in HTTP") for size in (b"-5", b"zz", b"0x")),
        (Reply("x" * (http.LARGEST + 1)), "answers with more than 256 KiB"),
        (Reply("[" * 20_000), "does not answer as a Medplum server does"),
        (Reply("[" * 10_000 + "]" * 10_000), "does not answer as a Medplum server does"),
        (Reply('{"ok": true, "issuer": ' + '{"a":' * 5_000 + "1" + "}" * 5_001), ""),
        (Reply(f"<html>{SECRET}</html>"), "does not answer as a Medplum server does"),
        (Reply(b"\xff\xfe\0"), "does not answer as a Medplum server does"),
        (Reply({"status": "fine"}), "does not answer as a Medplum server does"),
        (Reply({}, 404), "answers with status 404"),
        (Reply({}, 403), "answers with status 403"),
    ],
)
def test_an_answer_that_cannot_be_used_is_a_note(server: FakeServer, reply: Reply, says: str) -> None:
    server.replies["/healthcheck"] = reply
    run = lint(server.url)
    assert (run.exit_code, run.findings) == (0, [])
    assert [one for one in run.notes if one.startswith(f"healthcheck {says}")] == run.notes and len(run.notes) == bool(says)
    assert SECRET not in run.output
    assert not any(one.path not in server.replies for one in server.requests)


@pytest.mark.parametrize("reply", [Reply("<html></html>"), Reply("", 302, {"Location": "/login"}), Reply({}, 404)])
def test_what_is_no_medplum_server_is_an_error(server: FakeServer, reply: Reply) -> None:
    server.reply_everywhere(reply)
    run = lint(server.url)
    assert (run.exit_code, run.findings) == (2, [])
    assert f"medplum-lint: error: {server.url}: " in run.output


def test_a_server_that_is_not_there_is_an_error(server: FakeServer, config: Callable[..., str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        run = lint(f"http://127.0.0.1:{free.getsockname()[1]}/", config())
    assert run.exit_code == 2 and "cannot be reached" in run.output
    assert [one["status"] for one in run.report["files"]].count("checked") == 1  # the file is checked all the same


@pytest.mark.parametrize("pause", [0.05, 30.0])
def test_a_slow_server_is_given_up(server: FakeServer, monkeypatch: pytest.MonkeyPatch, pause: float) -> None:
    """Whether it sends nothing, or a byte now and then."""
    monkeypatch.setattr(http, "SECONDS", 0.4)
    server.replies["/healthcheck"] = server.replies["/healthcheck"]._replace(pause=pause)
    began = time.monotonic()
    run = lint(server.url)
    assert run.notes == ["healthcheck does not answer within 0.4 seconds"] and run.exit_code == 0
    assert time.monotonic() - began < 5


def test_an_answer_that_is_not_http(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        import threading

        def greet() -> None:
            for _ in range(3):
                connection, _address = listening.accept()
                connection.sendall(b"220 mail.example.com ESMTP\r\n")
                connection.close()

        threading.Thread(target=greet, daemon=True).start()
        run = lint(f"http://127.0.0.1:{listening.getsockname()[1]}/")
    assert run.exit_code == 2 and "mail.example.com" not in run.output


def test_an_answer_is_bounded_whatever_it_says_of_its_length(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "SECONDS", 3.0)
    endless = Reply(b"-1\r\n" + b"x" * (http.LARGEST + 1), headers=CHUNKED, held=30)
    server.replies["/healthcheck"] = endless
    assert lint(server.url).notes == ["healthcheck answers with more than 256 KiB, which is not read"]


def test_an_address_that_does_not_answer_leaves_time_for_the_next(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host can have several, of IPv6 and IPv4."""
    port = int(server.url.rpartition(":")[2].strip("/"))
    addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in ("127.0.0.9", "127.0.0.1")]
    with socket.socket() as full, ExitStack() as waiting:
        full.bind(("127.0.0.9", port))
        full.listen(0)
        for _ in range(4):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(("127.0.0.9", port))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: addresses)
        monkeypatch.setattr(http, "SECONDS", 2.0)
        assert lint(server.url).exit_code == 0
    assert len(server.requests) == 3


def test_a_log_of_keys_that_cannot_be_written_is_an_error(trusted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", "/nonexistent/x")
    with running(certificate(trusted / "server.pem", "localhost")) as fake:
        run = lint(fake.url)
    assert run.exit_code == 2 and "cannot be reached: no such file or directory" in run.output


def test_a_text_of_another_form_is_not_kept(server: FakeServer, config: Callable[..., str]) -> None:
    server.announce(issuer=SECRET, token_endpoint=SECRET, jwks_uri=f"//{SECRET}/")
    server.health(version=SECRET, postgres=False)
    result = CliRunner().invoke(cli, ["check", "--format", "text", "--isolated", server.url, config()])
    assert result.exit_code == 1 and SECRET not in result.output
    server.health(version=f"5.1.23-{SECRET}", postgres=False)
    result = CliRunner().invoke(cli, ["check", "--format", "text", "--isolated", server.url, config()])
    assert "5.1.23" in result.output and SECRET not in result.output


def test_one_of_several_redis_servers_does_not_answer(server: FakeServer) -> None:
    server.health(redisInstances={"default": True, "cacheRedis": False})
    assert lint(server.url).findings == ["failing-health-check healthcheck.redis"]
    server.health(redisInstances={"default": True, "cacheRedis": True})
    assert lint(server.url).findings == []


def test_the_two_discovery_documents_are_compared(server: FakeServer) -> None:
    path = "/fhir/R4/.well-known/smart-configuration"
    body = server.replies[path].body
    assert isinstance(body, dict)
    server.replies[path] = Reply({**body, "token_endpoint": "https://old.example.com/oauth2/token"})
    run = lint(server.url)
    assert run.findings == ["misdirected-clients smartConfiguration.tokenEndpoint"]
    assert "https://old.example.com/oauth2/token" in run.output


def test_hostile_members_are_kept_out(server: FakeServer) -> None:
    server.health(version="\x1b[31m" + "9" * 5_000, postgres="no", redis=None)
    server.announce(issuer=f"https://user:{SECRET}@api.example.com/\x1b[31m", token_endpoint=[SECRET], password=SECRET, scopes=SECRET)
    run = lint(server.url)
    assert SECRET not in run.output and "\x1b" not in run.output


# --- The configuration ---


def test_the_configuration_is_compared(server: FakeServer, config: Callable[..., str]) -> None:
    assert live(lint(server.url, config())) == []
    changed = config(issuer="https://login.example.com/", tokenUrl="https://login.example.com/token")
    assert live(lint(server.url, changed)) == ["differs-from-running-server issuer", "differs-from-running-server tokenUrl"]


def test_the_slash_of_the_running_server_counts(server: FakeServer, config: Callable[..., str]) -> None:
    server.announce(issuer=server.url.rstrip("/"))
    assert live(lint(server.url, config())) == ["differs-from-running-server baseUrl"]
    assert live(lint(server.url, config(baseUrl=server.url.rstrip("/")))) == []  # one cause, one finding


def test_an_origin_that_the_server_does_not_allow(server: FakeServer, config: Callable[..., str]) -> None:
    server.origin = "https://other.example.com"
    run = lint(server.url, config())
    assert live(run) == ["refused-app-origin cors.allowed"] and "https://app.example.com" in run.output


def test_an_origin_that_is_named_twice_is_refused(server: FakeServer, config: Callable[..., str]) -> None:
    path = "/.well-known/openid-configuration"
    server.replies[path] = server.replies[path]._replace(headers={"Access-Control-Allow-Origin": server.origin})
    assert live(lint(server.url, config())) == ["refused-app-origin cors.allowed"]


def test_an_app_of_the_same_origin_needs_no_permission(server: FakeServer, config: Callable[..., str]) -> None:
    server.origin = "https://nobody.example.com"
    server.move("https://api.example.org/api/")
    assert live(lint(server.url, config(baseUrl="https://api.example.org/api/", appBaseUrl="https://API.example.org:443/app/"))) == []
    base = f"{server.url}api/"
    server.move(base)
    server.replies = {f"/api{path}": reply for path, reply in server.replies.items()}
    assert live(lint(base, config(baseUrl=base, appBaseUrl=server.url))) == []


def test_an_empty_address_is_the_default(server: FakeServer, config: Callable[..., str]) -> None:
    assert live(lint(server.url, config(issuer="", tokenUrl=""))) == []
    server.announce(token_endpoint="https://old.example.com/oauth2/token")
    assert live(lint(server.url, config(issuer="", tokenUrl=""))) == ["differs-from-running-server openidConfiguration.tokenEndpoint"]


@pytest.mark.parametrize("written", ["https://API.example.org/", "https://api.example.org:443/", "https://api.exämple.org/"])
def test_addresses_under_a_url_that_is_not_in_its_normal_form(server: FakeServer, config: Callable[..., str], written: str) -> None:
    """The server builds them with ``new URL``, and takes the issuer as it is."""
    normal = "https://api.xn--exmple-cua.org/" if "ä" in written else "https://api.example.org/"
    server.move(normal)
    server.announce(issuer=written)
    assert live(lint(server.url, config(baseUrl=written))) == []


def test_the_release_of_the_server_is_that_of_the_configuration(server: FakeServer, config: Callable[..., str]) -> None:
    def servers(*arguments: str) -> list[Any]:
        return [one["server_version"] for one in lint(server.url, config(), *arguments).report["files"]]

    server.health(version="4.3.5-0123456")
    assert servers() == ["4.3.5", "4.3.5"]
    assert servers("--server-version", "4.1.9") == ["4.1.9", "4.3.5"]
    server.health(version="nonsense")
    assert "4.3.5" not in servers()


def test_configurations_of_several_environments_are_not_compared(server: FakeServer, tmp_path: Path) -> None:
    for name in ("staging", "prod"):
        settings = {"baseUrl": f"https://{name}.example.com/", "appBaseUrl": f"https://app.{name}.example.com/", "port": 8103}
        (tmp_path / f"medplum.{name}.config.json").write_text(json.dumps(settings), encoding="utf-8")
    run = lint(server.url, str(tmp_path))
    assert live(run) == [] and any(one.startswith("is compared with nothing") for one in run.notes)
    settings["baseUrl"] = server.url
    (tmp_path / "medplum.prod.config.json").write_text(json.dumps({**settings, "issuer": "https://x.example.com/"}), encoding="utf-8")
    found = live(lint(server.url, str(tmp_path)))
    assert found == ["differs-from-running-server issuer", "refused-app-origin cors.allowed"]


def infra(folder: Path, name: str, domain: str) -> Path:
    """An infra config."""
    settings = {"name": name, "region": "us-east-1", "accountNumber": "123456789012", "stackName": "x", "domainName": domain}
    names = {f"{one}DomainName": f"{one}.{domain}" for one in ("api", "app", "storage")}
    file = folder / f"medplum.{name}.config.json"
    file.write_text(json.dumps({**settings, **names, "baseUrl": f"https://api.{domain}/", "apiPort": 8103}), encoding="utf-8")
    return file


def test_the_hosts_of_an_infra_config_are_known(server: FakeServer, tmp_path: Path) -> None:
    run = lint(server.url, str(infra(tmp_path, "prod", "acme.org")))
    hosts = "api.acme.org, app.acme.org, storage.acme.org"
    assert run.notes == [
        "is compared with nothing: no file has the settings of a server",
        f"the certificates of other hosts are not asked for unless --also names them: {hosts}",
    ]


def test_an_infra_config_of_another_environment_is_not_this_servers(server: FakeServer, tmp_path: Path) -> None:
    for name in ("prod", "staging"):
        infra(tmp_path, name, f"{name}.org")
    settings = {"baseUrl": server.url, "appBaseUrl": "https://app.example.com/", "port": 8103}
    (tmp_path / "medplum.prod.server.json").write_text(json.dumps(settings), encoding="utf-8")
    [note] = lint(server.url, str(tmp_path)).notes
    assert "api.prod.org" in note and "app.example.com" in note and "staging" not in note


# --- Its name is no path ---


def report(name: str, folder: Path, *arguments: str) -> str:
    """What a run in a folder prints in a format."""
    here = Path.cwd()
    os.chdir(folder)
    try:
        return CliRunner().invoke(cli, ["check", "--format", name, *arguments]).output
    finally:
        os.chdir(here)


def test_a_baseline_is_the_same_from_every_folder(server: FakeServer, tmp_path: Path) -> None:
    server.health(postgres=False)
    deep = tmp_path / "sub" / "deep"
    deep.mkdir(parents=True)
    known = tmp_path / "sub" / "known.json"
    report("json", tmp_path, server.url, "--write-baseline", str(known))
    entries = [json.loads(one) for one in known.read_text(encoding="ascii").splitlines() if one.startswith("{")]
    assert [{**one, "since": ""} for one in entries] == [
        {"path": server.url, "setting": "healthcheck.postgres", "rule": "failing-health-check", "since": ""}
    ]
    assert "failing-health-check" not in report("concise", deep, server.url, "--baseline", str(known))
    assert "stale" not in report("concise", tmp_path, ".", "--baseline", str(known))
    server.health()
    assert "stale" in report("concise", deep, server.url, "--baseline", str(known))


def test_a_finding_is_accepted_by_the_address(server: FakeServer, tmp_path: Path) -> None:
    server.health(postgres=False)
    deep = tmp_path / "deep"
    deep.mkdir()
    (tmp_path / "medplum.config.json").write_text('{"port": 8103}', encoding="utf-8")
    table = f'[[accept]]\nrule = "failing-health-check"\nreason = "x"\nsince = 2026-01-01\npath = "{server.url}"\n'
    (tmp_path / ".medplum-lint.toml").write_text(table, encoding="utf-8")
    for folder in (tmp_path, deep):
        assert "failing-health-check" not in report("concise", folder, server.url)
    assert "unused" not in report("concise", tmp_path, ".")  # where it was not asked
    server.health()
    assert "is unused, because the rule finds nothing there: delete it" in report("concise", tmp_path, server.url)
    table = f'[per-file."{server.url}"]\nignore = ["failing-health-check"]\n'
    (tmp_path / ".medplum-lint.toml").write_text(table, encoding="utf-8")
    server.health(postgres=False)
    assert "failing-health-check" not in report("concise", deep, server.url)
    assert "matches nothing" not in report("concise", tmp_path, ".")


# --- Certificates ---


@pytest.mark.parametrize(
    ("names", "days", "found"),
    [
        (["localhost"], (-100, 100), []),
        (["*.example.com", "127.0.0.1", "localhost"], (-100, 100), []),
        (["localhost"], (-85, 5), ["refused-certificate certificates.0.state"]),
        (["localhost"], (-2, 4), []),  # one of few days is renewed late
    ],
)
def test_a_certificate_that_is_accepted(trusted: Path, names: list[str], days: tuple[int, int], found: list[str]) -> None:
    with running(certificate(trusted / "server.pem", *names, begins=days[0], ends=days[1])) as fake:
        run = lint(fake.url)
    assert (run.exit_code, run.findings, len(fake.requests)) == (0, found, 3)


@pytest.mark.parametrize(
    ("names", "days", "found"),
    [
        (["www.example.com"], (-100, 100), "refused-certificate certificates.0.covers"),
        ([], (-100, 100), "refused-certificate certificates.0.covers"),
        (["localhost"], (-100, -1), "refused-certificate certificates.0.state"),
        (["localhost"], (1, 100), "refused-certificate certificates.0.state"),
    ],
)
def test_nothing_is_asked_where_the_certificate_is_refused(trusted: Path, names: list[str], days: tuple[int, int], found: str) -> None:
    with running(certificate(trusted / "server.pem", *names, begins=days[0], ends=days[1])) as fake:
        run = lint(fake.url)
    assert (run.exit_code, run.findings, fake.requests) == (2, [found], [])
    assert "has a certificate that this machine does not accept" in run.output


@pytest.mark.parametrize(
    ("old", "new"),
    [
        *((rb"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01" + bytes([version])) for version in (1, 3, 5)),
        (rb"\x18\x0f[0-9]{14}Z", b"\x18\x0f00001231235959Z"),
    ],
)
def test_a_certificate_that_no_program_should_make(trusted: Path, config: Callable[..., str], old: bytes, new: bytes) -> None:
    with running(damage(certificate(trusted / "server.pem", "localhost", ends=30_000), old, new)) as fake:
        run = lint(fake.url, config(port=0))
    assert run.exit_code == 2 and "has a certificate that this machine does not accept" in run.output
    assert "number-out-of-range port" in run.findings


def test_a_certificate_that_is_accepted_but_cannot_be_parsed_is_a_note(trusted: Path) -> None:
    names = b"\x82\x09localhost\x82\x01\xff"
    with running(certificate(trusted / "server.pem", raw=b"\x30" + bytes([len(names)]) + names)) as fake:
        run = lint(fake.url)
    assert (run.exit_code, run.findings) == (0, [])
    assert run.notes == [f"{fake.url.removeprefix('https://').rstrip('/')} shows a certificate that cannot be parsed"]


def test_the_port_of_a_host_is_shown(trusted: Path, config: Callable[..., str], server: FakeServer) -> None:
    with running(certificate(trusted / "app.pem", "localhost", ends=-1)) as app:
        host = app.url.removeprefix("https://").rstrip("/")
        server.origin = app.url.rstrip("/")
        run = lint(server.url, config(appBaseUrl=app.url), "--also", host)
    assert f"the certificate of {host} expired on" in run.output


def test_a_host_of_other_letters_is_listed(server: FakeServer, config: Callable[..., str]) -> None:
    run = lint(server.url, config(storageBaseUrl="https://storage.exämple.org/"))
    assert ["storage.xn--exmple-cua.org" in one for one in run.notes] == [True]


def test_an_unknown_authority_is_an_error_and_no_finding(tmp_path: Path) -> None:
    with running(certificate(tmp_path / "server.pem", "localhost")) as fake:
        run = lint(fake.url)
    assert (run.exit_code, run.findings, fake.requests) == (2, [], [])


def test_other_hosts_are_asked_only_if_they_are_named(trusted: Path, config: Callable[..., str], server: FakeServer) -> None:
    with (
        running(certificate(trusted / "app.pem", "localhost", ends=-1)) as app,
        running(certificate(trusted / "storage.pem", "localhost")) as storage,
    ):
        path = config(appBaseUrl=app.url, storageBaseUrl=storage.url)
        server.origin = app.url.rstrip("/")
        run = lint(server.url, path)
        hosts = [one.url.removeprefix("https://").rstrip("/") for one in (app, storage)]
        assert live(run) == [] and len(run.notes) == 1 and all(one in run.notes[0] for one in hosts)
        run = lint(server.url, path, "--also", hosts[0])
        assert live(run) == ["refused-certificate certificates.0.state"] and hosts[0] not in run.notes[0] and hosts[1] in run.notes[0]
        run = lint(server.url, path, "--also", hosts[0], "--also", hosts[1])
        assert run.notes == [] and run.exit_code == 1
        assert app.requests == storage.requests == []


def test_an_authority_that_this_machine_does_not_know_is_a_note(config: Callable[..., str], server: FakeServer, tmp_path: Path) -> None:
    with running(certificate(tmp_path / "app.pem", "localhost")) as app:
        server.origin = app.url.rstrip("/")
        run = lint(server.url, config(appBaseUrl=app.url), "--also", app.url.removeprefix("https://").rstrip("/"))
    assert live(run) == [] and len(run.notes) == 1 and "does not accept" in run.notes[0]


def test_a_folder_without_a_configuration_is_no_clean_run(server: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "medplum.txt.json").write_text('{"name": "x"}', encoding="utf-8")
    run = lint(server.url, str(tmp_path))
    assert run.exit_code == 2 and "no file is recognised" in run.output


def test_a_start_argument_joins_the_files_beside_the_server(server: FakeServer, config: Callable[..., str], tmp_path: Path) -> None:
    path = config(issuer="https://old.example.com/")
    (tmp_path / ".env").write_text("MEDPLUM_ISSUER=https://new.example.com/\n", encoding="utf-8")
    run = lint("--start", "file:medplum.config.json,env", server.url, path, str(tmp_path / ".env"))
    assert live(run) == ["differs-from-running-server issuer"] and "new.example.com" in run.output


def test_a_host_that_no_configuration_has_is_an_error(server: FakeServer, config: Callable[..., str]) -> None:
    run = lint(server.url, config(), "--also", "elsewhere.example.com")
    assert run.exit_code == 2 and "--also elsewhere.example.com: no https:// address in the configuration has this host" in run.output
    run = lint(server.url, config(appBaseUrl="http://app.example.com/"), "--also", "app.example.com")
    assert run.exit_code == 2 and "--also app.example.com: no https:// address in the configuration has this host" in run.output


@pytest.mark.quick_cases(4)
@pytest.mark.parametrize(
    "format_", ["text", "grouped", "concise", "sarif", "github", "gitlab", "junit", "markdown", "html", "azure", "json"]
)
def test_every_report_can_show_it(server: FakeServer, config: Callable[..., str], format_: str) -> None:
    server.health(postgres=False)
    result = CliRunner().invoke(cli, ["check", "--format", format_, server.url, config()])
    assert result.exit_code == 1 and "database" in result.output
