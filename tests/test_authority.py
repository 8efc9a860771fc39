"""Where the authority of a URL ends, and what in it is a credential: one answer for checks, fixes and what is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.helpers import verdict

from linter.conformance.spellings import in_form
from linter.formats import FORMATS
from linter.formats.hosts import host_of
from linter.formats.urls import authority_of, origin_of, without_login
from linter.model import as_message
from linter.redaction.credentials import without_credentials

HOSTS = {
    "https://host": "host",
    "https://token@host/": "host",
    "https://user:p@ss@host:8443/x@y": "host",
    "https://user:p%40ss@host?x@y": "host",
    "HTTPS://@host#x@y": "host",
    "https://host\\@other/": "host",
    "https://u@[::1]:3000/": "[::1]",
    "https://token@@@HOST@@/": "@@HOST@@",
    "https://": "",
}
"""URLs with the host that Node.js connects to, or that a program has still to put in."""


@pytest.mark.parametrize("url", HOSTS)
def test_the_host_follows_the_last_at_of_the_authority(url: str) -> None:
    assert host_of(url) == HOSTS[url]


@pytest.mark.parametrize("text", ["host", "token@host", "//token@host", "https:/token@host", "https:token@host", "1https://a"])
def test_no_authority_without_a_scheme_and_slashes(text: str) -> None:
    assert authority_of(text) is None
    assert without_login(text) == text


@given(st.text(alphabet=st.characters(exclude_characters="/\\?#@", codec="utf-8")), st.text("ab:@%", max_size=5))
def test_the_login_is_removed_and_nothing_else(user: str, more: str) -> None:
    assert without_login(f"https://{user}@{more}@host:1/x@y?z@#@") == "https://host:1/x@y?z@#@"


STARTS = st.sampled_from(["https://", "HTTP://", "https:\\\\", "https:/", "redis://", "", " //", "https://a.example,https://"])


@given(STARTS, st.text(max_size=10), st.text(max_size=10))
def test_nothing_before_an_at_is_shown(start: str, before: str, behind: str) -> None:
    assert "kJ4jZ7qW" not in without_credentials(f"{start}{before}kJ4jZ7qW{behind}@host/x")


@pytest.mark.parametrize("sign", ["%40", "\uff20", "\ufe6b"])
def test_nothing_is_shown_before_what_a_parser_reads_as_an_at(sign: str) -> None:
    assert without_credentials(f"https://token{sign}host/x{sign}y") == f"https://••••••{sign}host/x{sign}y"


def test_an_origin_has_no_login() -> None:
    reason = FORMATS["origins"].reason("https://a.example,https://token@b.example")
    assert reason is not None
    assert as_message(reason).text == (
        "entry 2 must be an origin without a user, password or token before the host; "
        "anything else never matches, and browsers block the requests"
    )
    assert in_form("origins", "https://a.example, https://user:p@ss@B.example:443/x") == "https://a.example, https://b.example"
    assert origin_of("https://user:p@ss@B.example/") == ("https", "b.example", 443)


@pytest.mark.parametrize(
    "text",
    [
        "https://tok/en@host",
        "https://tok?en@host",
        "https://tok#en@host",
        "https://tok\\en@host",
        "https://tok en@host",
        "https://tok\uff20host",
    ],
)
def test_a_possible_part_of_a_credential_never_becomes_an_origin(text: str) -> None:
    assert in_form("origins", text) is None


@pytest.mark.parametrize(
    ("name", "text", "meant"),
    [
        ("url", "https:/token@host/", "https://host/"),
        ("url", " https://token@host/ ", "https://host/"),
        ("websocket-url", "https://token@host/", "wss://host/"),
        ("redirect-uri", " https://token@host/callback", "https://host/callback"),
    ],
)
def test_no_fix_of_a_url_keeps_a_login(name: str, text: str, meant: str) -> None:
    assert in_form(name, text) == meant


def test_a_digest_hides_no_login() -> None:
    digest = f"@sha256:{'0' * 64}"
    assert without_credentials(f"registry.example/server{digest}") == f"registry.example/server{digest}"
    assert without_credentials(f"user:hunter2@registry.example/server{digest}") == f"••••••@registry.example/server{digest}"


def test_a_redirect_to_the_same_machine_can_have_a_login() -> None:
    reason = FORMATS["redirect-uri"].reason
    assert reason("http://u:p@ss@localhost:3000/callback") is None
    other = reason("http://localhost:3000@evil.example/")
    assert other is not None
    assert as_message(other).text == "must begin with https://: over http anyone on the network path can read the code"


def test_a_login_does_not_make_a_host_medplums() -> None:
    assert verdict({"host": "medplum"}, "https://api.medplum.com@clinic.example/") == ["must have a host of Medplum"]
    assert verdict({"host": "medplum"}, "https://token@api.medplum.com/") is True
