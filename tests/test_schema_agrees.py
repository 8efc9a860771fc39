"""The JSON Schema for editors and the rules say the same about types, allowed values and ranges."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.helpers import bare
from test_every_setting import ROWS, nested

from linter import settings
from linter.conformance.mismatch import mismatches
from linter.conformance.reader import reader_of
from linter.conformance.values import wrong_type
from linter.formats.placeholders import is_unresolved
from linter.model import Document
from linter.settings import Setting
from linter.settings.json_schema import config_schema

SCHEMA: dict[str, Any] = config_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
KNOWN = settings.catalogue()
SETTINGS = [
    setting
    for name in KNOWN.names()
    if (setting := KNOWN.get(tuple(name.split(".")))) is not None and setting.status != "obsolete" and "ssm-only" not in setting.tags
]
CHECKED_BY_BOTH = {"boolean", "boolean-spelling", "integer-spelling", "type", "value", "range"}
"""Aspects that a JSON Schema can say; forms of texts, advice and loaders are ours alone."""
VALUES = st.one_of(
    st.booleans(),
    st.integers(-5, 100_000),
    st.floats(-5, 5),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
    st.sampled_from(["false", "10", "INFO"]),
)


def schema_says(setting: Setting, value: Any) -> bool:
    """Whether the schema takes a value for a setting, whatever else the document lacks."""
    path = setting.name.split(".")
    here = [step if step != "*" else 0 for step in path]
    errors = VALIDATOR.iter_errors(nested(path, value))
    return not any(
        list(error.absolute_path) == here and error.validator in ("type", "enum", "const", "minimum", "maximum", "anyOf", "pattern")
        for error in errors
    )


def rules_say(setting: Setting, value: Any) -> bool:
    document: Document = bare(nested(setting.name.split("."), value))
    path = tuple(0 if step == "*" else step for step in setting.name.split("."))
    mismatch = mismatches(document).get(path)
    reader = reader_of(document)
    assert reader is not None
    if mismatch is not None and mismatch.aspect == "advice":
        return wrong_type(value, setting, reader) is None  # a fraction that works, but should not be so small or large
    return mismatch is None or mismatch.aspect not in CHECKED_BY_BOTH


def test_both_accept_the_bounds_of_each_range() -> None:
    bounds = [(setting, bound) for setting in SETTINGS for bound in (setting.min, setting.max) if bound is not None]
    assert bounds
    assert [(setting.name, bound) for setting, bound in bounds if not (schema_says(setting, bound) and rules_say(setting, bound))] == []


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
@given(value=VALUES)
def test_the_schema_and_the_rules_agree(setting: Setting, value: Any) -> None:
    if value == "" or is_unresolved(value):
        return  # an empty text is not a value, and a reference is not known yet: the rules leave both to others
    assert schema_says(setting, value) == rules_say(setting, value), (setting.name, value)


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if "wrong-type" in row["json_findings"] or "boolean" in row["json_findings"]],
    ids=lambda row: row["setting"],
)
def test_what_is_of_a_wrong_type_for_the_rules_is_so_for_the_schema(row: dict[str, str]) -> None:
    setting = KNOWN.get(tuple(row["setting"].split(".")))
    assert setting is not None
    assert not schema_says(setting, json.loads(row["json_value"]))
