"""Values that no setting expects, given to every setting in every source: no bug, and what cannot be checked is that setting's alone."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.helpers import EVERY_RULE, deep, loaded
from support.hostile import DIGITS, TEXTS, VALUES

from linter import settings
from linter.conformance import mismatch, values
from linter.conformance import names as name_checks
from linter.conformance.reader import Reader
from linter.documents.inputs import Input
from linter.model import Document, Message
from linter.run import Options, Outcome, lint_input

BASE: Final = '"baseUrl": "https://api.example.com/", "database": {"host": "db"}, "redis": {"host": "cache"}'


def lint(text: str, name: str = "medplum.config.json", kind: str | None = None) -> Outcome:
    return lint_input(Input(name, text.encode("utf-8", "surrogatepass"), Path("/nowhere") / name), Options(EVERY_RULE, kind))


def found(outcome: Outcome, rule: str) -> list[str]:
    """The messages of a rule in a run without a bug."""
    assert outcome.bugs == ()
    return [finding.message for finding in outcome.result.findings if finding.rule == rule]


def names(kind: str) -> list[str]:
    known = settings.catalogue(kind)
    return [name for name in known.names() if (setting := known.get(tuple(name.split(".")))) is not None and setting.status != "obsolete"]


def tree(values: dict[str, str]) -> str:
    """A JSON object with a text of JSON at each dotted name; those of one name together stand in one object."""
    root: dict[str, Any] = {}
    for name, value in values.items():
        *above, last = name.split(".")
        node = root
        for step in above:
            node = node.setdefault(step, {})
            if not isinstance(node, dict):
                break
        else:
            node.setdefault(last, value)
    return _text(root)


def _text(node: dict[str, Any] | str) -> str:
    if isinstance(node, str):
        return node
    if node.keys() == {"*"}:
        return f"[{_text(node['*'])}]"
    return "{" + ", ".join(f"{json.dumps(name)}: {_text(member)}" for name, member in node.items()) + "}"


def leaves(kind: str) -> list[str]:
    """The settings that hold no others."""
    all_names = names(kind)
    return [name for name in all_names if not any(other.startswith(f"{name}.") for other in all_names)]


def in_quotes(text: str) -> str:
    for sign in '\\"$':
        text = text.replace(sign, f"\\{sign}")
    return f'"{text}"'


def files(seed: int) -> Iterator[tuple[str, str, str]]:
    """Files in which every setting has some hostile value: ``name``, ``text``, ``kind``."""
    choice = random.Random(seed)
    for kind, name in (
        ("server", "medplum.config.json"),
        ("infra", "medplum.prod.config.json"),
        ("secret/database", "database.json"),
        ("secret/redis", "redis.json"),
    ):
        for given_names in (leaves(kind), names(kind)):
            shuffled = choice.sample(given_names, len(given_names))
            values = {one: choice.choice(VALUES) for one in shuffled}
            yield name, tree(values), kind if kind.startswith("secret") else f"{kind}/json"
    texts = {name: choice.choice(TEXTS) for name in names("server") if "*" not in name}
    parameters = [{"Name": f"/medplum/prod/{name}", "Type": "String", "Value": text} for name, text in texts.items()]
    yield "ssm.json", json.dumps({"Parameters": parameters}), "server/ssm"
    yield "vault.json", json.dumps(texts), "server/azure"
    numbers = ", ".join(f"{json.dumps(name)}: {choice.choice(VALUES)}" for name in texts)
    yield "vault.json", f"{{{numbers}}}", "server/azure"
    variables = {setting.env: text for name, text in texts.items() if (setting := settings.catalogue().get(tuple(name.split("."))))}
    yield ".env", "".join(f"{name}={in_quotes(text)}\n" for name, text in variables.items() if name), "server/env"
    listed = "".join(f"      {name}: {json.dumps(text)}\n" for name, text in variables.items() if name and text.isprintable())
    service = f"services:\n  s:\n    image: medplum/medplum-server\n    environment:\n{listed}"
    yield "compose.yaml", service, "server/env"
    container = {
        "image": "medplum/medplum-server",
        "environment": [{"name": name, "value": text} for name, text in variables.items() if name],
    }
    yield "task-definition.json", json.dumps({"containerDefinitions": [container]}), "server/env"
    secret = json.dumps({"SecretString": tree({one: choice.choice(VALUES) for one in leaves("secret/database")})})
    yield "secret.json", secret, "secret/database"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_no_value_of_any_setting_crashes(seed: int) -> None:
    for name, text, kind in files(seed):
        assert lint(text, name, kind).bugs == (), (name, kind)


@pytest.mark.quick_cases(6)
@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_no_numeric_value_crashes(value: str) -> None:
    numbers = [name for name in names("server") if "integer" in settings.catalogue().get(tuple(name.split("."))).types]  # type: ignore[union-attr]
    assert lint(tree(dict.fromkeys(numbers, value)), kind="server/json").bugs == ()
    kind = "secret/database"
    assert lint(tree(dict.fromkeys(names(kind), value)), "secret.json", kind).bugs == ()


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(TEXTS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | st.sampled_from(names("server")), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.dictionaries(st.sampled_from([name for kind in settings.KINDS for name in leaves(kind) if "*" not in name]), ANYTHING, max_size=6)
)
def test_no_tree_of_values_crashes(values: dict[str, Any]) -> None:
    text = tree({name: json.dumps(value) for name, value in values.items()})
    for kind in ("server/json", "infra/json", "server/azure", "secret/database", "secret/redis"):
        assert lint(text, kind=kind).bugs == ()


# --- Numbers beyond the range of a double ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("digits", ["9" * 309, "-" + "9" * 309, "9" * 5_000, "-" + "9" * 5_000, "1e400", "-1e400"])
def test_an_endless_number_is_infinite_as_in_javascript(digits: str) -> None:
    infinity = "-Infinity" if digits.startswith("-") else "Infinity"
    (one,) = loaded(f'{{"mfaAuthenticatorWindow": {digits}, "port": 1}}')
    assert one.problems == () and one.document.data == {"mfaAuthenticatorWindow": float(digits), "port": 1}
    assert one.document.text.content[slice(*one.document.locate(("port",)))] == "1"
    (message,) = found(lint(f'{{{BASE}, "mfaAuthenticatorWindow": {digits}}}'), "wrong-type")
    assert message.startswith(
        f"mfaAuthenticatorWindow must be a whole number, not {infinity}, which is how the server reads a number this large"
    )


@pytest.mark.parametrize(("digits", "value"), [("-0", 0), ("1E-400", 0.0), ("1e308", 1e308), ("9" * 308, 1e308), ("0.5e1", 5.0)])
def test_a_number_within_its_range_is_itself(digits: str, value: float) -> None:
    for text in (f'{{"a": {digits}}}', f'{{"a": {digits},}}'):
        (one,) = loaded(text)
        assert one.document.data == {"a": value}


@pytest.mark.parametrize("digits", DIGITS)
def test_every_json_reader_accepts_every_number(digits: str) -> None:
    (strict,), (tolerant,) = loaded(f'{{"a": {digits}}}'), loaded(f'{{"a": {digits},}}')
    if not digits.startswith("00"):
        assert strict.problems == () and [problem.name for problem in tolerant.problems] == ["json-trailing-comma"]
        assert strict.document.data == tolerant.document.data
    parameter = {"Name": "/medplum/prod/workers", "Type": "String", "Value": f'{{"enabled": [{digits}]}}'}
    lines = json.dumps({"Parameters": [parameter]})
    assert lint(f"{lines}\n{lines}", "ssm.json").bugs == ()


def test_a_parameter_and_a_variable_without_end() -> None:
    parameters = [{"Name": f"/medplum/prod/{name}", "Type": "String", "Value": "9" * 309} for name in ("baseUrl", "mfaAuthenticatorWindow")]
    for outcome in (
        lint(json.dumps({"Parameters": parameters}), "ssm.json"),
        lint(f"MEDPLUM_MFA_AUTHENTICATOR_WINDOW={'9' * 309}", ".env"),
    ):
        (message,) = found(outcome, "inadvisable-number")
        assert message.startswith("mfaAuthenticatorWindow should be at most 2 time steps of 30 seconds, not Infinity")


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ("9" * 309 + "gb", None),
        ("-" + "9" * 5_000 + "gb", "must be more than 0"),
        ("9" * 5_000, "is over 10^15 bytes to the server"),
        ("-" + "9" * 5_000, "is under -10^15 bytes to the server"),
        ("01m", "is 1 byte to the server"),
        ("1²", "is 1 byte to the server"),
        ("٣gb", "is not a size"),
    ],
)
def test_a_size_of_any_length(size: str, message: str | None) -> None:
    messages = found(lint(f'{{{BASE}, "maxBatchSize": "{size}", "maxJsonSize": "1mb"}}'), "misread-number")
    assert [one.startswith(f"maxBatchSize {message}") for one in messages] == ([True] if message else [])


@pytest.mark.parametrize("digit", ["٣", "²", "①", "１２", "𝟏"])
def test_unicode_digits_are_not_digits(digit: str) -> None:
    (message,) = found(lint(f"MEDPLUM_PORT={digit}\nMEDPLUM_REDIS_HOST=cache\n", ".env"), "misread-number")
    assert message.startswith("port is read as NaN, for which the server uses its default, 8103")


# --- Depth ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("name", ["port", "accurateCountThreshold", "bullmq.removeOnComplete", "smtp.port"])
def test_1_500_levels_under_the_name_of_a_number(name: str) -> None:
    values = {"baseUrl": '"https://api.example.com"', name: deep(1_500)}
    assert found(lint(tree(values), kind="server/json"), "missing-trailing-slash") != []
    secret = json.dumps({"SecretString": tree({"username": '"u"', "password": '"p"', "port": deep(1_500), "host": deep(1_500)})})
    assert lint(secret, "secret.json").bugs == ()
    joined = deep(1_500, '"x"', '{"Fn::Join": ["", [', "]]}")
    template = f'{{"Resources": {{"A": {{"Type": "AWS::SSM::Parameter", "Properties": {{"Name": {joined}}}}}}}}}'
    assert lint(template, "template.json").bugs == ()


def test_json_in_a_text_is_read_at_any_depth() -> None:
    value = deep(3_000, "", "[", "]")
    dump = json.dumps({"Parameters": [{"Name": "/medplum/prod/workers", "Type": "String", "Value": value}]})
    outcome = lint(dump, "ssm.json")
    assert found(outcome, "misread-object") == []
    assert [message.split(":")[0] for message in found(outcome, "wrong-type")] == ["workers must be an object, not an array"]


def test_unknown_values_of_the_chart() -> None:
    values = (
        "config:\n  server:\n    baseUrl: https://a.example/\n    port: 8103\n  redis:\n    tls: {a: {{ .Values.x }}, b: .inf, c: !Ref x}\n"
    )
    assert lint(values, "values.yaml").bugs == ()


# --- One setting's bug is its own -----------------------------------------------------------------------------------------------------

WRONG: Final = f'{{{BASE}, "mfaAuthenticatorWindow": 99, "maxSearchOffset": -1, "emailAdress": "x"}}'


def test_a_failing_mismatch_affects_only_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    before = lint(WRONG)

    def fail(value: Any, setting: settings.Setting, reader: Reader) -> Any:
        return values.out_of_range(value, setting, reader) if setting.name != "mfaAuthenticatorWindow" else 1 // 0

    monkeypatch.setattr(mismatch, "_OF_JSON", tuple(fail if one is values.out_of_range else one for one in mismatch._OF_JSON))
    outcome = lint(WRONG)
    (bug,) = outcome.bugs
    assert bug.startswith("medplum.config.json: checking a setting on mfaAuthenticatorWindow failed with ZeroDivisionError at ")
    assert outcome.exit_code == 3
    kept = [(finding.rule, finding.path) for finding in before.result.findings if finding.path != ("mfaAuthenticatorWindow",)]
    assert [(finding.rule, finding.path) for finding in outcome.result.findings] == kept
    assert ("unknown-setting", ("emailAdress",)) in kept and ("number-out-of-range", ("maxSearchOffset",)) in kept


def test_a_failing_reason_affects_only_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([ValueError("hunter2")])
    not_known = name_checks.not_known

    def fail() -> Message:
        for error in answers:
            raise error
        return not_known()

    monkeypatch.setattr(name_checks, "not_known", fail)
    outcome = lint(f'{{{BASE}, "zqa": 1, "zqb": 2, "mfaAuthenticatorWindow": 99}}')
    (bug,) = outcome.bugs
    assert bug.startswith("medplum.config.json: the rule unknown-setting failed with ValueError at ") and "hunter2" not in bug
    assert {("unknown-setting", ("zqb",)), ("inadvisable-number", ("mfaAuthenticatorWindow",))} <= {
        (finding.rule, finding.path) for finding in outcome.result.findings
    }


def test_a_bug_that_shows_at_many_places_is_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: Any) -> Any:
        raise KeyError

    monkeypatch.setattr(mismatch, "check", fail)
    outcome = lint("{" + ", ".join(f'"zq{number}": 1' for number in range(50)) + "}", kind="server/json")
    assert len(outcome.bugs) == 1
    assert any(finding.rule == "missing-setting" for finding in outcome.result.findings)


def test_what_is_unchecked_is_known_of_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong_type = values.wrong_type
    monkeypatch.setattr(values, "wrong_type", lambda value, *others: 1 // 0 if value == 1 else wrong_type(value, *others))
    document: Document = loaded('{"port": 1, "baseUrl": 2}')[0].document
    assert mismatch.unchecked(document) == {}
    assert set(mismatch.mismatches(document)) == {("baseUrl",)}
    assert set(mismatch.unchecked(document)) == {("port",)}
