"""JSON as Python indents it, and no command to a runner in it: the writer of two reports is held against ``json``."""

from __future__ import annotations

import json
from json.encoder import encode_basestring_ascii
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from linter.reporters._json_writer import JsonWriter
from linter.reporters.json import _string
from linter.text import inert

TEXTS = st.text() | st.sampled_from(["::error::", "##[error]", "a ##vso[task] ##[x]", "\n::error::", "\ud800", "\x7f\u2028"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    TEXTS | st.integers() | st.booleans() | st.none(),
    lambda values: st.lists(values) | st.lists(values).map(tuple) | st.dictionaries(TEXTS, values),
)


@given(VALUES)
def test_it_is_what_python_writes(value: Any) -> None:
    assert JsonWriter(encode_basestring_ascii).text(value) == json.dumps(value, indent=2)


@given(VALUES)
def test_no_text_is_a_command(value: Any) -> None:
    assert JsonWriter(_string).text(value) == "".join(map(inert, json.JSONEncoder(indent=2).iterencode(value)))
