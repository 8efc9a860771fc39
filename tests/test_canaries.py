"""Canaries: secrets of every form, in every setting, in every format, and none of them in any command's output."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from support.canaries import (
    ADDRESSES,
    CANARY,
    FORMS,
    LOGINS,
    Planted,
    Values,
    everywhere,
    planted_files,
    planted_values,
    printed,
    server_files,
)
from support.helpers import EVERY_RULE, rule

from linter.commands import diff, show
from linter.commands.explain import explained
from linter.commands.fix import unified_diff
from linter.commands.fix_script import printed as printed_commands
from linter.commands.fix_script import script
from linter.commands.rules import rule_file_of
from linter.documents.inputs import Input
from linter.fixes.plan import fixed
from linter.fixes.store_plan import tried
from linter.model import Document, Result
from linter.policy import rule_file
from linter.policy.engine import check
from linter.policy.rule import Rule
from linter.policy.rule_file import RuleFile, read_rule_file
from linter.reporters import names, reporter
from linter.reporters._fingerprint import raw_hashes
from linter.run import Options, Outcome, lint_input, load_documents

QUICK, SLOW = (0, 6), (11, 1)
"""Which forms the canaries have, and in how many settings of each file there is one: in every sixth of every third file, in every one."""
every_file = pytest.mark.parametrize(
    ("forms", "planted"),
    [
        pytest.param(forms, planted, id=f"{planted.name}-{forms[0]}", marks=pytest.mark.slow if forms == SLOW else ())
        for forms in (QUICK, SLOW)
        for planted in planted_files(*forms)[:: 3 if forms == QUICK else 1]
    ],
    scope="module",
)
"""(With a scope, so that the tests of one file run one after the other, and its reports are made once.)"""


@cache
def curious() -> tuple[Rule, ...]:
    """Policies that say all they can of every value."""
    text = "${.} ${@raw} ${@path} ${@name} ${$@environment} ${@reason}"
    by_kind = {"server": "server", "infra": "infra", "secret/database": "secret/database", "secret/redis": "secret/redis"}
    rules = [rule({"**": {"equals": "${^.host}"}}, text, **{"for": kind}) for kind in by_kind]
    fixes = [rule({path: {"equals": "x"}}, text, fix={"safe": False, "set": {path: "${.}/"}}) for path in ("baseUrl", "logLevel", "port")]
    return (*rules, *fixes)


@cache
def linted(planted: Planted) -> Outcome:
    """A run on a file, with what the curious policies say in its result."""
    outcome = lint(planted)
    return outcome._replace(result=with_policies(outcome))


@cache
def reports_of(planted: Planted) -> dict[str, str]:
    return reports(linted(planted).result)


def reports(result: Result) -> dict[str, str]:
    return {name: report(result, name) for name in names()}


def report(result: Result, name: str) -> str:
    stream = io.StringIO()
    reporter(name).report(result, stream)
    return stream.getvalue()


def loaded(planted: Planted) -> list[Document]:
    given = Input(planted.name, planted.content.encode(), Path(planted.name))
    return load_documents([given], planted.kind)[0]


def lint(planted: Planted, baseline: Path | None = None) -> Outcome:
    given = Input(planted.name, planted.content.encode(), Path("/nowhere") / planted.name)
    outcome = lint_input(given, Options(EVERY_RULE, planted.kind, write_baseline=baseline))
    assert outcome.bugs == ()
    return outcome


def with_policies(outcome: Outcome) -> Result:
    """The result with what the curious policies say."""
    found = [finding for document in outcome.result.documents for one in curious() for finding in check(one, document)]
    return outcome.result._replace(findings=(*outcome.result.findings, *found))


@pytest.mark.quick_cases(5)
@every_file
def test_no_command_prints_a_canary(forms: tuple[int, int], planted: Planted) -> None:
    assert CANARY in planted.content or planted.name == "encoded.yaml"
    outcome = linted(planted)
    assert len(outcome.result.findings) > 5
    assert {name: printed(text) for name, text in reports_of(planted).items() if printed(text)} == {}
    assert not any(printed(error) for error in outcome.errors)
    documents = loaded(planted)
    for document in documents:
        assert not printed(show.as_text([document], only_changed=False, defaults=True))
        assert not printed(show.as_json([document], only_changed=False, defaults=True))
        for other in (document, *documents[:1]):
            assert not printed(diff.as_text(document, other))
            assert not printed(diff.as_json(document, other))


@every_file
def test_a_baseline_holds_no_canary(forms: tuple[int, int], planted: Planted) -> None:
    baseline = lint(planted, Path("/nowhere/known")).baseline
    assert baseline is not None and baseline.entries > 0
    assert printed(baseline.text) == []


@pytest.mark.quick_cases(4)
@pytest.mark.parametrize(("form", "number"), [(form, number) for form in FORMS for number in range(len(everywhere(FORMS[0])))])
def test_no_setting_shows_a_canary_of_any_form(form: str, number: int) -> None:
    """Each form in every public setting, where the files above have one form each."""
    planted = everywhere(form)[number]
    outcome = lint(planted)
    said = [outcome.errors, report(outcome.result, "text")]
    for document in outcome.result.documents:
        said += [shown([document], only_changed=False, defaults=True) for shown in (show.as_text, show.as_json)]
    assert {part for text in said for part in printed(str(text))} == set(), planted.name


@every_file
def test_two_configurations_are_compared_without_a_canary(forms: tuple[int, int], planted: Planted) -> None:
    shift, every = forms
    (other,) = (file for file in planted_files((shift + 5) % len(FORMS), every) if file.name == planted.name)
    for before, after in zip(loaded(planted), loaded(other), strict=True):
        assert not printed(diff.as_text(before, after))
        assert not printed(diff.as_json(before, after))


@every_file
def test_sarif_reveals_no_canary(forms: tuple[int, int], planted: Planted) -> None:
    """Neither by the hash of its line, which can be inverted, nor by its length."""
    result = linted(planted).result
    run = json.loads(reports_of(planted)["sarif"])["runs"][0]
    text = result.documents[0].text
    lines = text.position(len(text.content)).line
    raw = [f"{value:x}" for value in raw_hashes(text, lines)]
    for found in run["results"]:
        region = found["locations"][0]["physicalLocation"]["region"]
        line = region["startLine"]
        if _window_holds_canary(text.content, text.line_span(line).start):
            assert found["partialFingerprints"]["primaryLocationLineHash"].partition(":")[0] != raw[line - 1]
        assert not _ends_behind_canary(text, region["startLine"], region["startColumn"], region["endLine"], region["endColumn"])
    for one in json.loads(reports_of(planted)["json"])["findings"]:
        start, end = one["range"]["start"], one["range"]["end"]
        assert not _ends_behind_canary(text, start["line"], start["column"], end["line"], end["column"])


def _window_holds_canary(content: str, start: int) -> bool:
    window = "".join(char for char in content[start : start + 2_000] if char not in " \t")[:100]
    return CANARY in window


def _ends_behind_canary(text: Any, line: int, column: int, last_line: int, last_column: int) -> bool:
    """Whether a range holds a canary on the line on which it ends."""
    last = text.line_span(last_line).start
    start, end = text.line_span(line).start + column - 1, last + last_column - 1
    return CANARY in text.content[max(start, last) : end]


def test_results_of_one_line_are_distinct() -> None:
    (planted,) = (planted for planted in planted_files(0) if planted.name == "oneline.json")
    run = json.loads(report(lint(planted).result, "sarif"))["runs"][0]
    assert len(run["results"]) > 50
    own = [found["partialFingerprints"]["medplumLintSetting/v1"] for found in run["results"]]
    assert len(set(own)) == len(own)


CLEAN = {
    "baseUrl": "https://api.clinic.test",
    "port": "8103",
    "supportEmail": "support@clinic.test",
    "database.host": "db.clinic.test",
    "logLevel": "info",
    "signingKeyId": "",
    "database.password": "",
}


def test_values_that_are_not_secret_are_shown() -> None:
    """An empty text, public values, the names of parameters, the words of a suppression comment."""
    fields = [{"Name": f"/medplum/prod/{name}", "Type": "String", "Value": text} for name, text in {**CLEAN, "unheardOf": "x"}.items()]
    planted = Planted("dump.json", json.dumps({"Parameters": fields}, indent=1))
    text = show.as_text(loaded(planted), only_changed=False, defaults=False)
    assert all(f'"{value}"' in text or value == "8103" for value in CLEAN.values())
    assert text.count("••••••") == 1
    text = report(lint(planted).result, "text")
    assert '"Name": "/medplum/prod/unheardOf"' in text
    assert '"Value": "https://api.clinic.test"' in text


def test_the_words_of_a_suppression_comment_are_shown() -> None:
    content = (
        "# medplum-lint: ignore[no-such-rule] we know\nMEDPLUM_BASE_URL=https://api.clinic.test/ # hunter2\n# medplum-lint: ignore\n"
        "MEDPLUM_DATABASE_HOST=db.clinic.test\n"
    )
    text = report(lint(Planted(".env", content)).result, "text")
    assert "1 | # medplum-lint: ignore[no-such-rule] we know\n" in text
    assert "3 | # medplum-lint: ignore\n" in text
    assert "hunter2" not in text


@pytest.mark.parametrize("length", [1, 30, 95, 130, 900])
def test_no_fingerprint_gives_the_length_of_a_secret(length: int) -> None:
    """Neither where the secret fills the 100 characters that GitHub hashes, nor where it leaves room for what follows."""
    content = (
        '{"password": "%s", "x": 1, "baseUrl": "http://a.example",\n "y": 2, "zz": {"a": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]}}\n'
    )

    def prints(secret: str) -> list[dict[str, str]]:
        text = report(lint(Planted("server.json", content % secret, "server/json")).result, "sarif")
        return [found["partialFingerprints"] for found in json.loads(text)["runs"][0]["results"]]

    assert prints("s" * length) == prints("hunter2")


# --- What fixes print -----------------------------------------------------------------------------------------------------------------

FIXED = ("baseUrl", "port", "logLevel", "database.host", "database.password", "database.ssl.require", "redis.host", "signingKey")
FIXES = {
    "remove": "  remove: [.]\n",
    "set": "  set: {.: x}\n",
    "add": "  set: {.: '${.}/'}\n",
    "all": "  set: {adminClientId: y, redis.port: 1}\n  remove: [baseUrl, database.host]\n",
}
"""Changes by custom rules, to public settings, secrets, and unknown names."""


@pytest.fixture(scope="module")
def fixing(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder of rules for each way to fix."""
    folders = {}
    for name, fix in FIXES.items():
        folders[name] = tmp_path_factory.mktemp(name)
        for number, path in enumerate(FIXED):
            must = f"must:\n  {path}: {{not: {{one_of: [q]}}, ends_with: q q}}\nwhen:\n  {path}: present\n"
            example = f"examples:\n  good: [{{data: {{x: 1}}}}]\n  bad: [{{data: {json.dumps(_nested(path))}, finds: {{{path}: safe}}}}]\n"
            head = f"id: acme/fix-{number}\ntitle: A fix\nseverity: error\nfor: server\n"
            rest = "message: It is wrong\ndocs: Why.\n"
            (folders[name] / f"fix-{number}.yaml").write_text(f"{head}{must}{rest}fix:\n  safe: true\n{fix}{example}")
    return folders


@cache
def read_once(path: Path, *, trusted: bool) -> RuleFile:
    """A rule file, which each of the many runs that fix a file would read again."""
    return read_rule_file(path, trusted=trusted)


def _nested(path: str) -> Any:
    value: Any = "a"
    for step in reversed(path.split(".")):
        value = {step: value}
    return value


def fixable_files() -> list[Planted]:
    """Files with a canary in every setting that is changed, and in some of the others."""
    server = planted_values("server", 0)
    few = {path: text for number, (path, text) in enumerate(server.items()) if ".".join(path) in FIXED or number % 6 == 0}
    return [*server_files(few), *(planted for planted in planted_files(0) if (planted.kind or "").startswith(("infra", "secret")))]


IN_QUICK = {("medplum.config.json", "add"), (".env", "remove"), ("compose.yaml", "set"), ("broken.json", "all")}


@pytest.mark.parametrize(
    ("planted", "way"),
    [
        pytest.param(planted, way, id=f"{planted.name}-{way}", marks=() if (planted.name, way) in IN_QUICK else pytest.mark.slow)
        for number, (planted, way) in enumerate(product(fixable_files(), FIXES))
        if number % 3 == 0 or (planted.name, way) in IN_QUICK
    ],
)
def test_no_fix_prints_a_canary(planted: Planted, way: str, fixing: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the report that offers it, nor the difference that it would make."""
    monkeypatch.setattr(rule_file, "read_rule_file", read_once)
    check = checking(planted, Options(EVERY_RULE._replace(select=("acme",)), planted.kind, (fixing[way],), isolated=True))
    fixes = fixed(check, unsafe=True)
    first = check({})
    assert (first.bugs, first.errors, fixes.bugs) == ((), (), ())
    assert {name: printed(text) for name, text in reports(first.result).items() if printed(text)} == {}
    assert not any(printed(text) for text in (*fixes.refused, *map(unified_diff, fixes.files)))
    is_edited = planted.kind != "server/azure" and planted.name not in UNEDITED and not (planted.kind or "").startswith(("infra", "secret"))
    assert bool(fixes.files) == (is_edited and way != "all")  # "all" brings other findings, so it is only reported


ORIGINS = ("allowedOrigins",)
HOLDERS = [
    *(ORIGINS, ("baseUrl",), ("appBaseUrl",), ("storageBaseUrl",), ("issuer",), ("jwksUrl",), ("introspectUrl",), ("vmContextBaseUrl",)),
    *(("aiRealtimeTranscriptionUrl",), ("database", "host"), ("redis", "url"), ("database", "url"), ("redisUrl",), ("databaseUrl",)),
    *(("otlpMetricsEndpoint",), ("webhookUrl",), ("alowedOrigins",), ("databaseProxyEndpoint",), ("binaryStorage",)),
]
"""Settings that hold a URL, and names that are none."""
OF_URLS = {"baseUrl": "https://api.clinic.test/", "appBaseUrl": "https://app.clinic.test/"}
WITH_URLS = ("medplum.config.json", "dump.json", ".env", "compose.yaml", "values.yaml")


def with_url(path: tuple[str, ...], text: str) -> list[Planted]:
    """A server's configuration with a text at a setting, in several formats."""
    values: Values = {**{(name,): url for name, url in OF_URLS.items()}, path: text}
    return [one for one in server_files(values) if one.name in WITH_URLS]


def outputs(planted: Planted) -> Iterator[tuple[str, str]]:
    """All that the commands print about a file and its fixes, each with what prints it."""
    check = checking(planted, Options(EVERY_RULE, planted.kind, isolated=True))
    first = check({})
    outcome, dumps, notes = tried(first, check, unsafe=True)
    fixes = fixed(check, unsafe=True)
    assert (first.bugs, outcome.bugs, fixes.bugs) == ((), (), ())
    yield from reports(outcome.result).items()
    yield from ((f"fixed {name}", text) for name, text in reports(fixes.outcome.result).items())
    yield "notes", "\n".join((*first.errors, *notes, *fixes.refused))
    yield "commands", printed_commands(dumps)
    yield "script", script(dumps).text
    yield from (("difference", unified_diff(file)) for file in fixes.files)
    for document in first.result.documents:
        yield "show", show.as_text([document], only_changed=False, defaults=True)
        yield "show as JSON", show.as_json([document], only_changed=False, defaults=True)
        yield "diff", diff.as_text(document, first.result.documents[0])
        yield "diff as JSON", diff.as_json(document, first.result.documents[0])
    for found in {finding.rule for finding in first.result.findings}:
        yield f"explain {found}", explained(built_in(found), first)
    baseline = lint(planted, Path("/nowhere/known")).baseline
    yield "baseline", baseline.text if baseline is not None else ""


@cache
def built_in(rule_id: str) -> RuleFile:
    return rule_file_of(rule_id, [])


OF_LOGINS = [(ORIGINS, login) for login in LOGINS] + [(path, LOGINS[number % len(LOGINS)]) for number, path in enumerate(HOLDERS)]


@pytest.mark.quick_cases(5)
@pytest.mark.parametrize(
    ("address", "part"),
    [
        param
        for number, address in enumerate(ADDRESSES)
        for param in (
            pytest.param(address, slice(number, None, 2 * len(ADDRESSES)), id=f"{address}-some"),
            pytest.param(address, slice(number % 3, None, 3), id=f"{address}-more", marks=pytest.mark.slow),
        )
    ],
)
def test_no_output_has_the_login_of_a_url(address: str, part: slice) -> None:
    """Neither as it is nor as a host in small letters, which is what an origin was once made of."""
    for number, (path, login) in list(enumerate(OF_LOGINS))[part]:
        planted = with_url(path, address.format(login))[number % len(WITH_URLS)]
        said = {name: printed(text) for name, text in outputs(planted) if printed(text)}
        assert said == {}, (planted.name, path, login)


@pytest.mark.parametrize("login", [login for login in LOGINS if login.strip(f"{CANARY}:@usrp%4F02x") == ""])
def test_the_fix_of_an_origin_removes_the_login(login: str) -> None:
    for planted in with_url(ORIGINS, f"https://a.clinic.test,https://{login}@db.clinic.test/"):
        if planted.name in ("medplum.config.json", ".env"):
            (file,) = fixed(checking(planted, Options(EVERY_RULE, planted.kind, isolated=True)), unsafe=True).files
            assert "https://a.clinic.test,https://db.clinic.test" in file.after.decode()
            assert printed(file.after.decode()) == []


def checking(planted: Planted, options: Options) -> Callable[[Mapping[str, bytes]], Outcome]:
    """A check of a file with other contents instead; what is asked again is answered at once."""

    @cache
    def check(data: bytes) -> Outcome:
        outcome = lint_input(Input(planted.name, data, Path("/nowhere") / planted.name), options)
        return outcome._replace(contents={planted.name: data})

    return lambda instead: check(instead.get(planted.name, planted.content.encode()))


UNEDITED = {
    "broken.json",
    *("dump.json", "oneline.json", "map.json", "rows.json", "dump.jsonl", "dump-ssm.yaml", "map-ssm.yaml"),
    *("template.json", "template.yaml", "terraform.tfstate", "Dockerfile", "Dockerfile.old", "medplum.service", "bare.service", "app.yaml"),
    "deploy.yml",
}
"""Files that no editor is for, that cannot be read without doubt, or in which an alias shares the variables."""
