"""Where only the suspects of a clause are asked, the same is found as where every place is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.checkout import ROOT
from support.helpers import bare, rule
from support.rules import built_in_files

from linter.choose import rule_kinds
from linter.commands.rules import load_example
from linter.config import Overrides
from linter.formats import FORMATS
from linter.model import UNKNOWN, Document, Finding, SettingPath
from linter.policy import engine, suspects
from linter.policy.engine import applies, found_by
from linter.policy.examples import _kind
from linter.policy.rule import Rule
from linter.run import Options, lint_paths

EVERY = 1 << 60


def found(one: Rule, document: Document, *, large: bool, within: Mapping[str, Any] | None = None) -> list[Finding]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "_LARGE", -1 if large else EVERY)
        return found_by(one, document, "error", None, within)


def compare(one: Rule, document: Document, within: Mapping[str, Any] | None = None) -> list[SettingPath]:
    """The places that a rule finds in a document, which are the same in either way, in the same order and with the same words."""
    expected = found(one, document, large=False, within=within)
    assert found(one, document, large=True, within=within) == expected
    return [finding.path or () for finding in expected]


# --- The built-in rules -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["deployment", "sums", "fixtures"])
def test_all_inputs_of_the_tests(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for least in (-1, EVERY):
        monkeypatch.setattr(engine, "_LARGE", least)
        outcome = lint_paths([str(ROOT / "tests" / folder)], Options(Overrides(pedantic=True), isolated=True))
        assert not outcome.bugs
        findings = outcome.result.findings
        made.append([(one.rule, one.document.uri, one.path, one.message, one.span, one.fix and one.fix.description) for one in findings])
    assert made[0] == made[1]


def test_all_examples() -> None:
    for file in built_in_files():
        data, one = file.data, Rule(file.data)
        for example in (*data["examples"]["good"], *data["examples"]["bad"]):
            text = example["text"] if "text" in example else json.dumps(example["data"], ensure_ascii=False)
            kind = _kind(one, example, rule_kinds())
            for sample in load_example(text.encode(example.get("encoding", "utf-8")), kind, example.get("server", "")):
                if applies(one, sample.document):
                    compare(one, sample.document)


TEXTS = [
    *("", "x", "https://a.example/", "<your domain>", "TODO", "F\u0131XME later", "YOUR_KEY", "\u2026", "${NAME}", "%NAME%", "1"),
    *("${NAME:-TODO}", "${NAME:-AKIAQ3EGRIWLRQ7ZPXSB}", "AKIAQ3EGRIWLRQ7ZPXSB", "x" * 20_000, f"{'x' * 20_000} <a>", "s \u00fc"),
]
DEFAULTS = ["AKIAQ3EGRIWLRQ7ZPXSB", "", "x", "medplum_admin"]
NAMES = ["externalAuthProviders", "issuer", "userInfoUrl", "database", "host", "ssl", "password", "port", "x", "0", "*", "a.b"]
values = st.recursive(
    st.sampled_from(TEXTS) | st.sampled_from([None, True, 0, 1.5, UNKNOWN]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=30,
)
documents = st.dictionaries(st.sampled_from(NAMES), values, max_size=6)

MUSTS = [
    {"**": {"fits": "type"}},
    {"**": {"fits": "known"}, "<url>": {"fits": "format"}},
    {"*": {"fits": "known"}, "externalAuthProviders.*": {"fits": "type"}, "externalAuthProviders.*.*": {"fits": "format"}},
    {"externalAuthProviders.0.issuer": {"fits": "format"}, "*.0": {"fits": "type"}, "*.*.issuer": {"fits": "format"}},
    {"**": {"format": "filled-in"}, "<public>": {"format": "resolved"}, "*.host": {"format": "filled-in"}},
    {"**@fallback": {"format": "no-issued-credential"}, "**": {"if": {"type": "string"}, "then": {"format": "no-issued-credential"}}},
    {"**": {"if": {"type": "string", "contains": "x"}, "then": {"format": "url"}}},
    {"**": {"if": {"type": "string"}, "then": {"format": "url"}}},
    {"**": {"format": "url"}},
    {"**": {"not": {"contains": "x"}}},
    {"**.host": {"type": "string"}, "database.**": {"min_length": 2}, "**.x.*": "absent"},
    {"externalAuthProviders.*.issuer": {"present": True, "min_length": 2}, "*.host": ["present", {"min_length": 1}]},
    {"externalAuthProviders.*.issuer": "present", "externalAuthProviders.*.x.host": {"type": "string"}},
    {"*.*.host": {"not": {"equals": "x"}}, "*.ssl": {"if": "present", "then": {"type": "object"}}, "<secret>": {"holds_secret": False}},
    {"<secret>@fallback": {"if": "present", "then": {"holds_secret": False}}, "*.port@text": {"min_length": 2}},
    {"**@fallback": {"if": "present", "then": {"holds_secret": False}}, "*.host@fallback": {"min_length": 2}, "x.**@fallback": "absent"},
    {"**@fallback": {"holds_secret": False}, "<secret>@fallback": {"not": {"holds_secret": True}}, "*.host@fallback": {"format": "url"}},
]


DOCUMENTS: list[dict[str, Any]] = [
    {"externalAuthProviders": [1, {}, {"issuer": "x", "x": 1}, "TODO", {"issuer": 1, "x": {"host": None}}, [{"issuer": "x"}]]},
    {"externalAuthProviders": {"a": {"issuer": "x"}, "0": {"issuer": 1}, "*": {"x": "${NAME:-AKIAQ3EGRIWLRQ7ZPXSB}"}}, "x": {"0": "x"}},
    {
        "database": {"ssl": "x", "host": ["TODO"], "password": {"x": UNKNOWN}},
        "host": UNKNOWN,
        "x": UNKNOWN,
        "port": "8103",
        "redis": {"host": "<a>"},
    },
]


@pytest.mark.parametrize("must", MUSTS)
def test_what_is_left_out_and_what_has_another_type(must: dict[str, Any]) -> None:
    for data in DOCUMENTS:
        for kind in ("server/json", "server/ssm", "infra/json"):
            compare(rule(must), bare(data, kind, facts={path: {"fallback": text} for path, text in unknown(data)}))


@pytest.mark.parametrize("must", MUSTS)
@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(data=documents, within=st.none() | st.sets(st.sampled_from(NAMES)))
def test_any_document(must: dict[str, Any], data: dict[str, Any], within: set[str] | None) -> None:
    top = None if within is None else {name: value for name, value in data.items() if name in within}
    compare(rule(must), bare(data, facts={path: {"fallback": text} for path, text in unknown(data)}), top)


def unknown(value: Any, path: SettingPath = ()) -> Iterator[tuple[SettingPath, str]]:
    """What is unknown in a document, each with another default, of which a source tells that it stands in the text there."""
    if value is UNKNOWN:
        yield path, DEFAULTS[len("".join(map(str, path))) % len(DEFAULTS)]
    elif isinstance(value, dict | list):
        for step, member in value.items() if isinstance(value, dict) else enumerate(value):
            yield from unknown(member, (*path, step))


@pytest.mark.parametrize("text", ["${ID:-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}", "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"])
@pytest.mark.parametrize("size", [0, 30_000])
def test_the_default_of_a_variable(text: str, size: int, tmp_path: Path) -> None:
    compose = tmp_path / "compose.yaml"
    compose.write_text(
        "services:\n  server:\n    image: medplum/medplum-server:5.1.23\n    environment:\n      MEDPLUM_BASE_URL: https://api.example.com/\n"
        f"      MEDPLUM_GOOGLE_CLIENT_ID: {text}\n#{'x' * size}\n"
    )
    findings = lint_paths([str(compose)], Options(Overrides(select=("live-credential",)), isolated=True)).result.findings
    assert [(one.rule, one.severity, one.path) for one in findings] == [("live-credential", "error", ("googleClientId",))]


def test_what_is_found_in_texts_that_are_looked_at_together() -> None:
    texts = ["plain"] * 5_000
    for index in (0, 1_234, 4_999):
        texts[index] = "TODO"
    document = bare({"list": texts, "long": "x" * 30_000, "then": ["TODO", {"deep": "<a>"}]})
    paths = compare(rule({"**": {"format": "filled-in"}}), document)
    assert paths == [("list", 0), ("list", 1_234), ("list", 4_999), ("then", 0), ("then", 1, "deep")]


def test_few_of_many_places_are_asked() -> None:
    asked: list[object] = []
    many = bare({"externalAuthProviders": [{"issuer": f"https://i{number}.example/", "x": number} for number in range(2_000)] + [{}]})
    for must in (
        {"**": {"fits": "type"}},
        {"<url>": {"fits": "format"}},
        {"**": {"format": "filled-in"}},
        {"**@fallback": {"format": "no-issued-credential"}},
        {"<public>": {"format": "resolved"}},
        {"externalAuthProviders.*.identityProvider.tokenUrl": {"format": "url"}},
    ):
        (find,) = rule(must).suspects
        assert find is not None
        asked += find(many, None)
    assert asked == []


# --- A quick look -----------------------------------------------------------------------------------------------------------------------

LOOKED_FOR = sorted(name for name in FORMATS if FORMATS[name].may_lack is not None)
parts = st.sampled_from(
    [
        *(
            "<",
            "a>",
            "TODO",
            "fixme",
            "F\u0131XME",
            "change",
            "_me",
            "re",
            "PLEASE ",
            "YOUR",
            "_KEY",
            "__",
            "HOST",
            "xxxxx",
            "...",
            "\u2026",
            " ",
        ),
        *(
            "PASTE KEY HERE",
            "${",
            "}",
            "{{",
            "$(",
            ")",
            "%A_B%",
            "@@AB@@",
            "https://",
            "\n",
            "\u017f",
            "\u212a",
            "\u0130",
            "-----BEGIN KEY-----",
        ),
        *("AKIAQ3EGRIWLRQ7ZPXSB", "GOCSPX-q7VbZ3kLw9RtYh2NfJ5cX", "SG.q7VbZ3kLw9RtYh2Nf.q7VbZ3kLw9RtYh2Nf", "rk_live_q7VbZ3kLw9RtYh2NfJ5"),
        *(
            "ghr_q7VbZ3kLw9RtYh2NfJ5cXe8PmD4uq7VbZ3kL",
            "github_pat_q7VbZ3kLw9RtYh2NfJ5cXe8PmD4uq7VbZ3kLw9RtYh",
            "glpat-q7VbZ3kLw9RtYh2NfJ5c",
        ),
        *("xoxb-q7VbZ3kLw9RtYh2NfJ5c", "npm_q7VbZ3kLw9RtYh2NfJ5cXe8PmD4uq7VbZ3kL", "sk-proj-q7VbZ3kLw9RtYh2NfJ5cXe8PmD4uq7Vb"),
        "key-0a1b2c3d4e5f60718293a4b5c6d7e8f9",
    ]
)


@pytest.mark.parametrize("name", LOOKED_FOR)
@given(texts=st.lists(st.lists(parts, max_size=4).map("".join), min_size=1, max_size=4))
def test_a_quick_look_misses_nothing(name: str, texts: list[str]) -> None:
    form = FORMATS[name]
    assert form.may_lack is not None
    lacking = [text for text in texts if form.reason(text) is not None]
    assert all(map(form.may_lack, lacking))
    assert not lacking or form.may_lack("\n".join(texts))


@pytest.mark.parametrize("name", LOOKED_FOR)
def test_a_quick_look_passes_over_plain_texts(name: str) -> None:
    look: Callable[[str], bool] | None = FORMATS[name].may_lack
    assert look is not None and not look("https://api.clinic.example/\ndb.internal\nus-east-1")


def test_texts_are_looked_at_in_pieces_of_one_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suspects, "_AT_ONCE", 10)
    document = bare({"list": ["abc", "defg", "", "a longer one than that", "x", "y", 1, "z"]})
    pieces = [texts for _, texts in suspects._together(suspects._everything(document, None))]
    assert pieces == [["abc", "defg", ""], ["a longer one than that"], ["x", "y", "z"]]
