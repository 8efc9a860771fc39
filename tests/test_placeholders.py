"""What is taken for a reference that a program replaces: names without brackets only as a whole, or in the host of a URL."""

from __future__ import annotations

import pytest

from linter.formats.placeholders import fallback_of, is_blank, is_reference


@pytest.mark.parametrize(
    "text",
    [
        "$API_URL",
        "%API_URL%",
        "@@API_URL@@",
        "https://$API_HOST/",
        "https://%API_HOST%/fhir/R4",
        "https://@@API@@:8103/",
        "https://api.$DOMAIN/",
        "https://$ENV.example.com/",
        "https://${HOST}/",
    ],
)
def test_a_name_that_a_program_replaces(text: str) -> None:
    assert is_reference(text) and not is_blank(text)


@pytest.mark.parametrize(
    "text",
    [
        "$api_url",  # a name of a variable that a deployment replaces is in upper case
        "pa$WORD",
        "$WORD!",
        "%WORD",
        "100%",
        "WORD%40HOME%",
        "a@@b",
        "@@api@@",
        "$1",
        "$A",
        "$$NAME",
        "https://api.example.com/$PATH",
        "https://api.example.com/%2F%2F",
        "https://%61pi.example.com/",
        "postgres://app:$WORD@db.example.com/",
        "https://app@@home.example.com/",
        "",
    ],
)
def test_a_sign_alone_makes_no_reference(text: str) -> None:
    assert not is_reference(text)


@pytest.mark.parametrize(
    ("text", "default"),
    [
        ("${A:-b}", "b"),
        ("${A-b}", "b"),
        ("${A:=b}", "b"),
        ("${A=b}", "b"),
        ('${A:-{"a": {}}}', '{"a": {}}'),
        ("${A:-${B:-c}}", "c"),
        ("${{ secrets.A || 'it''s' }}", "it's"),
        ("${A:-${B}}", ""),
        ("${A:-$B}", ""),
        ("${A:-a}${B:-b}", ""),
        ("${A:-a}}", ""),
        ("${A:?b}", ""),
        ("${A:+b}", ""),
        ("${A}", ""),
        ("x${A:-b}", ""),
        ("${{ secrets.A || secrets.B }}", ""),
        ("${A:-" * 6 + "x" + "}" * 6, ""),
        ("", ""),
    ],
)
def test_the_default_of_a_reference(text: str, default: str) -> None:
    assert fallback_of(text) == default
