"""``docs/settings/`` and ``docs/rules/`` lead to each other, and people find both by the words that they have."""

from __future__ import annotations

import re
import sys

import pytest
from support.checkout import ROOT

from linter.settings import CATALOGUED, catalogue

sys.path.insert(0, str(ROOT / "tools"))

import rule_settings  # noqa: E402
from rule_settings import Place, anchor, pages, rules_of, sections, settings_of  # noqa: E402

DOCS = ROOT / "docs"


def test_every_setting_is_on_one_page() -> None:
    assert len(pages()) == sum(len(catalogue(kind).names()) for kind in CATALOGUED)


def test_every_setting_of_a_page_has_a_heading_of_its_own() -> None:
    for section in sections():
        anchors = [anchor(setting.name) for _, setting in section.settings]
        assert len(anchors) == len(set(anchors)), section.page


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ("wildcard-origin", Place("server", "allowedOrigins")),
        ("missing-trailing-slash", Place("infra", "baseUrl")),
        ("misread-boolean", Place("server", "vmContextBotsEnabled")),
        ("plaintext-secret", Place("server", "database.password")),
        ("server-differs-from-infra", Place("server", "awsRegion")),
        ("incomplete-connection-secret", Place("secret/redis", "host")),
        ("short-grace-period", Place("workload", "gracePeriod")),
    ],
)
def test_a_rule_and_its_setting(rule: str, place: Place) -> None:
    assert place in settings_of(rule) and rule in {info.id for info in rules_of(place)}


def test_a_rule_about_every_setting_is_not_listed_with_each() -> None:
    assert settings_of("unknown-setting") == [] and "unknown-setting" in {info.id for info in rule_settings.rules_about_all()}


def sections_with(word: str) -> set[str]:
    """The headings of rules and settings that a search for a word leads to: it stands in the heading or in the text beneath."""
    texts = (path.read_text(encoding="utf-8") for folder in ("rules", "settings") for path in (DOCS / folder).glob("*.md"))
    parts = (part.partition("\n") for text in texts for part in text.split("\n## ")[1:])
    return {title.strip("`") for title, _, body in parts if re.search(word, f"{title}\n{body}", re.IGNORECASE)}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("cors", {"allowedOrigins", "appBaseUrl", "wildcard-origin", "unmatchable-origin"}),
        ("origin", {"allowedOrigins", "wildcard-origin", "unmatchable-origin"}),
        ("https", {"baseUrl", "apiSslCertArn", "insecure-url", "invalid-url"}),
        ("password", {"database.password", "DatabaseSecrets", "plaintext-secret", "default-super-admin-password"}),
        ("lambda", {"botLambdaRoleArn", "botLambdaLayerName", "inaccessible-bot-layer", "disabled-bot-runtime"}),
    ],
)
def test_a_word_leads_to_rules_and_settings(word: str, expected: set[str]) -> None:
    assert expected <= sections_with(rf"\b{word}|Keywords: .*\b{word}|{word.capitalize()}")
