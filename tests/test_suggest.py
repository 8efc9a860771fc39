"""Suggestions are those of ``difflib``."""

from __future__ import annotations

import difflib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linter import settings
from linter.documents.inputs import Input
from linter.options.config import Overrides
from linter.run import Options, lint_input
from linter.suggest import did_you_mean, nearest

NAMES = settings.catalogue().names()


@st.composite
def misspelt(draw: st.DrawFn) -> str:
    """A known name with a few slips in it."""
    letters = list(draw(st.sampled_from(NAMES)))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(letters)))
        letters[at : at + draw(st.integers(0, 2))] = draw(st.text("abcABC._é", max_size=2))
    return "".join(letters) * draw(st.sampled_from([1, 1, 1, 2, 30]))


@given(misspelt() | st.text(max_size=40), st.sampled_from([0.6, 0.7, 0.8, 0.85, 0.01, 1.0]))
def test_the_answer_is_that_of_difflib(word: str, cutoff: float) -> None:
    expected = difflib.get_close_matches(word, NAMES, n=1, cutoff=cutoff)
    assert [one for one in [nearest(word, NAMES, cutoff)] if one is not None] == expected


@given(st.text("ab", max_size=6), st.lists(st.text("ab", max_size=6), max_size=8), st.sampled_from([0.0, 0.3, 0.6, 1.0]))
def test_the_answer_is_that_of_difflib_for_any_words(word: str, known: list[str], cutoff: float) -> None:
    expected = difflib.get_close_matches(word, known, n=1, cutoff=cutoff)
    assert [one for one in [nearest(word, known, cutoff)] if one is not None] == expected


@given(st.text("abc", max_size=3), st.integers(150, 260), st.integers(150, 260), st.text("abc", max_size=3))
def test_the_answer_is_that_of_difflib_for_long_words(start: str, length: int, other_length: int, end: str) -> None:
    word, known = (start + "ab" * length)[:length] + end, [(end + "ab" * other_length)[:other_length] + start]
    expected = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    assert [one for one in [nearest(word, known, 0.6)] if one is not None] == expected


def test_what_cannot_be_near_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("difflib.SequenceMatcher.real_quick_ratio", None)
    assert nearest("maxBatchSize" * 100_000, NAMES, 0.6) is None
    assert nearest("zzzzqqqq", NAMES, 0.6) is None


def test_in_words() -> None:
    assert did_you_mean("baseURL", NAMES) == '; did you mean "baseUrl"?'
    assert did_you_mean("zzzzqqqq", NAMES) == ""


# --- Settings ------------------------------------------------------------------------------------------------------------------------

INFRA = {
    "name": "prod",
    "stackName": "Medplum",
    "region": "us-east-1",
    "baseUrl": "https://api.example.com/",
    "accountNumber": "123456789012",
}
SERVER = {"baseUrl": "https://api.example.com/", "port": 8103, "database": {"host": "db"}, "redis": {"host": "r"}}


def suggested(data: dict[str, Any] | str, name: str) -> list[str]:
    """Suggestions in messages about unknown names."""
    text = data if isinstance(data, str) else json.dumps(data)
    outcome = lint_input(Input(name, text.encode(), Path("/nowhere") / name), Options(Overrides()))
    named = [one for one in outcome.result.findings if one.rule in ("unknown-setting", "misnamed-setting", "misplaced-setting")]
    assert named
    return [found for one in named for found in re.findall(r"did you mean (\S+)\?", one.message)]


@pytest.mark.parametrize(
    "name", ["recaptchaSecretKey", "recaptchaSecret", "signingKey", "signingkey", "signingKeey", "signingKeyPassphrase"]
)
def test_no_suggestion_leads_from_a_secret_to_what_is_public(name: str) -> None:
    assert suggested({**INFRA, name: "hunter2"}, "medplum.prod.config.json") == []


def test_a_secret_may_lead_to_a_secret() -> None:
    assert suggested({**SERVER, "recaptchaSecret": "hunter2"}, "medplum.config.json") == ["recaptchaSecretKey"]
    assert suggested({**SERVER, "signingKeey": "hunter2"}, "medplum.config.json") == ["signingKey"]
    assert suggested({**INFRA, "recaptchaSiteKeys": "x"}, "medplum.prod.config.json") == ["recaptchaSiteKey"]
    assert suggested({**INFRA, "signingKeyIds": "x"}, "medplum.prod.config.json") == ["signingKeyId"]


def test_no_suggestion_leads_into_another_list() -> None:
    assert suggested({**SERVER, "externalAuthProviders": [{"secret": "hunter2"}]}, "medplum.config.json") == []
    assert suggested({**SERVER, "secret": "hunter2"}, "medplum.config.json") == []
    providers = {**SERVER, "externalAuthProviders": [{"issuers": "https://login.example.com/"}]}
    assert suggested(providers, "medplum.config.json") == ["externalAuthProviders.0.issuer"]


@pytest.mark.parametrize(
    ("variable", "near"),
    [
        ("RECAPTCHA_SECRET", ["RECAPTCHA_SECRET_KEY"]),
        ("SIGNING_KEY_IDS", ["SIGNING_KEY_ID"]),
        ("RECAPTCHA_SITE_SECRET", []),
        ("SIGNING_KEY_SECRET", []),
        ("GOOGLE_CLIENT_TOKEN", []),
    ],
)
def test_variables_too(variable: str, near: list[str]) -> None:
    environment = f"{{MEDPLUM_BASE_URL: https://api.example.com/, MEDPLUM_{variable}: hunter2}}"
    text = f"services:\n  s: {{image: medplum/medplum-server, command: env, environment: {environment}}}\n"
    assert suggested(text, "compose.yaml") == [f"MEDPLUM_{one}" for one in near]


@pytest.mark.parametrize("kind", settings.KINDS)
def test_no_near_miss_of_the_catalogue_publishes_a_secret(kind: str) -> None:
    known = settings.catalogue(kind)
    names = {name: known.get(tuple(name.split("."))) for name in known.names()}
    wrong = [
        name
        for name, one in names.items()
        if one is not None and one.use and one.secret and known.is_public(tuple(one.use.split("."))) and one.origin == "near-miss"
    ]
    assert [name for name in wrong if name not in ("databaseUrl", "redisUrl", "smtp.auth")] == []  # addresses, and an object
