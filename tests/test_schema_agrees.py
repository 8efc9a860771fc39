"""The JSON Schemas for editors and the rules say the same about types, allowed values and ranges. What has a wrong form is an error."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.helpers import bare, within
from support.rules import built_in_files
from test_every_setting import ROWS, nested

from linter import settings
from linter.conformance.mismatch import mismatches
from linter.conformance.reader import reader_of
from linter.conformance.values import wrong_type
from linter.documents.inputs import Input
from linter.formats import FORMATS
from linter.formats.placeholders import is_unresolved
from linter.model import Document, Target
from linter.options.config import Overrides
from linter.run import Options, lint_input
from linter.settings import Setting
from linter.settings.json_schema import config_schema


def as_editors_read_it(schema: Any) -> Any:
    """A schema whose patterns end where JavaScript ends them: to Python, "$" is also before a line break at the end."""
    if isinstance(schema, list):
        return [as_editors_read_it(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: re.sub(r"(?<![\\[])[$]", r"\\Z", one) if name == "pattern" and isinstance(one, str) else as_editors_read_it(one)
        for name, one in schema.items()
    }


SCHEMAS: dict[str, dict[str, Any]] = {kind: as_editors_read_it(config_schema(kind)) for kind in ("server", "infra")}
VALIDATORS = {kind: jsonschema.Draft7Validator(schema) for kind, schema in SCHEMAS.items()}
SETTINGS: list[tuple[str, Setting]] = [
    (kind, setting)
    for kind in SCHEMAS
    for name in settings.catalogue(kind).names()
    if (setting := settings.catalogue(kind).get(tuple(name.split(".")))) is not None
    and setting.status != "obsolete"
    and "ssm-only" not in setting.tags
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


def schema_says(kind: str, setting: Setting, value: Any) -> bool:
    """Whether the schema takes a value for a setting, whatever else the document lacks."""
    path = setting.name.split(".")
    here = [step if step != "*" else 0 for step in path]
    errors = VALIDATORS[kind].iter_errors(nested(path, value))
    checked = ("type", "enum", "minimum", "maximum", "anyOf", "pattern")
    return not any(list(one.absolute_path) == here and one.validator in checked for error in errors for one in within(error))


def rules_say(kind: str, setting: Setting, value: Any) -> bool:
    document: Document = bare(nested(setting.name.split("."), value), f"{kind}/json")
    path = tuple(0 if step == "*" else step for step in setting.name.split("."))
    mismatch = mismatches(document).get(path)
    reader = reader_of(document)
    assert reader is not None
    if mismatch is not None and mismatch.aspect == "advice":
        return wrong_type(value, setting, reader) is None  # a fraction that works, but should not be so small or large
    return mismatch is None or mismatch.aspect not in CHECKED_BY_BOTH


def test_both_accept_the_bounds_of_each_range() -> None:
    bounds = [(kind, setting, bound) for kind, setting in SETTINGS for bound in (setting.min, setting.max) if bound is not None]
    assert bounds
    assert [(one.name, bound) for kind, one, bound in bounds if not (schema_says(kind, one, bound) and rules_say(kind, one, bound))] == []


def is_said_by_both(setting: Setting, value: Any) -> bool:
    """Whether it is for both to say what a setting makes of a value."""
    if value == "" or is_unresolved(value):
        return False  # an empty text is not a value, and a reference is not known yet: the rules leave both to others
    if isinstance(value, str) and (setting.format or value.isdecimal()):
        return False  # forms: see below; a pattern can say no range
    return not setting.unread_beside  # another setting can keep it from being read


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "setting"), SETTINGS, ids=lambda one: getattr(one, "name", one))
@given(value=VALUES)
def test_the_schema_and_the_rules_agree(kind: str, setting: Setting, value: Any) -> None:
    assert not is_said_by_both(setting, value) or schema_says(kind, setting, value) == rules_say(kind, setting, value)


@pytest.mark.parametrize("value", [True, False, 0, 1, -1, 65_536, 0.5, "x", "false", "INFO", [], {}], ids=repr)
def test_the_schema_and_the_rules_agree_about_each_setting(value: Any) -> None:
    said = [(kind, setting) for kind, setting in SETTINGS if is_said_by_both(setting, value)]
    assert [setting.name for kind, setting in said if schema_says(kind, setting, value) != rules_say(kind, setting, value)] == []


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if "wrong-type" in row["json_findings"] or "boolean" in row["json_findings"]],
    ids=lambda row: row["setting"],
)
def test_what_is_of_a_wrong_type_for_the_rules_is_so_for_the_schema(row: dict[str, str]) -> None:
    setting = settings.catalogue().get(tuple(row["setting"].split(".")))
    assert setting is not None
    assert not schema_says("server", setting, json.loads(row["json_value"]))


def texts_of(value: Any) -> Iterator[str]:
    """The texts in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            yield from texts_of(member)


EXAMPLES = sorted(
    {
        text
        for file in built_in_files()
        for name in ("good", "bad")
        for text in texts_of([*file.data["examples"][name]])
        if len(text) < 5_000
    }
)
"""Every text of an example of a rule, each tried as every setting."""
FORMED = [(kind, setting) for kind, setting in SETTINGS if setting.format]
LIKE_ONE = (
    st.sampled_from(EXAMPLES) | st.text(max_size=30) | st.from_regex(r"(https?|wss?|s3|file|arn:aws):[a-z/.:@*-]{1,12}", fullmatch=True)
)


def has_form(setting: Setting, text: str) -> bool:
    """Whether a text is as the rules want it, or left to other rules: empty, or still to be replaced."""
    if text == "" or is_unresolved(text):
        return True
    return FORMATS[setting.format].reason(text) is None and ("server-url" not in setting.tags or text.endswith("/"))


@pytest.mark.quick_cases(20)
@pytest.mark.parametrize(("kind", "setting"), FORMED, ids=lambda one: getattr(one, "name", one))
@given(text=LIKE_ONE)
def test_the_schema_takes_each_text_of_the_right_form(kind: str, setting: Setting, text: str) -> None:
    assert schema_says(kind, setting, text) or not has_form(setting, text)


def test_the_schema_takes_each_example_of_the_right_form() -> None:
    by_form = {(kind, one.format, "server-url" in one.tags): one for kind, one in FORMED}
    for (kind, *_), setting in by_form.items():
        refused = [text for text in EXAMPLES if has_form(setting, text) and not schema_says(kind, setting, text)]
        assert refused == [], setting.name


@pytest.mark.quick_cases(40)
@pytest.mark.parametrize("target", ["production", "development"])
@pytest.mark.parametrize(("kind", "setting"), FORMED, ids=lambda one: getattr(one, "name", one))
def test_what_the_schema_refuses_is_an_error(kind: str, setting: Setting, target: Target) -> None:
    wrong = "*:,"
    if schema_says(kind, setting, wrong):
        return
    given = Input("x.json", json.dumps(nested(setting.name.split("."), wrong)).encode(), Path("x.json"))
    outcome = lint_input(given, Options(Overrides(target=target), f"{kind}/json"))
    here = [tuple(0 if step == "*" else step for step in setting.path)]
    assert [one.severity for one in outcome.result.findings if [one.path] == here and one.severity == "error"]
