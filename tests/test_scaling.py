"""Linear in every shape: the work of three sizes is counted (:mod:`support.work`), or their memory, never their time."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from datetime import date
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any, Final

import pytest
from support.shapes import SHAPES, Sample, Shape
from support.work import Counted

from linter import reporters
from linter.documents.inputs import Input
from linter.model import Style
from linter.run import Options, lint_input

pytestmark = pytest.mark.slow

EMPTY: Final = b'{"baseUrl": "https://a.example/"}'
_MOST_GROWTH: Final = 2.6
"""How much more the step to the largest file may cost than the one to the middle one, which is half of it. In quadratic time it is four."""


@pytest.fixture(scope="module")
def counted() -> Counted:
    """The package with its work counted, and with all made that is made once, such as the rules."""
    made = Counted()
    with made.loaded() as load:
        bounds = load("linter.syntax.yaml")  # lower, so that small files reach them
        bounds.FEW_EXPANDED, bounds.EXPANDED_PER_CHARACTER = 20, 0.2
        load("linter.documents.sums").MOST_SHARED = 100
        load("linter.documents.editing.tree")._MOST_READ = 2_000
        load("linter.redaction.lines")._KEPT = 8
        load("linter.redaction.tokens").JsonTokens.farthest = 1_000
        for name in ("json-unknown-names", "env-unknown-names", "compose-services"):
            for command in commands(load, SHAPES[name].make(1)).values():
                command()
    return made


def sizes(shape: Shape) -> list[int]:
    """A size whose file is long enough, twice and four times that. Long files are made no longer than they need to be."""
    size = 16
    while len(shape.make(size).text) < shape.least and size < 1_000_000:
        size = size * 5 // 4 if shape.is_long else 2 * size
    return [size, 2 * size, 4 * size]


def growth(work: list[int]) -> float:
    """How the second step compares with the first; work that does not grow with the size is in neither."""
    return (work[2] - work[1]) / max(work[1] - work[0], work[1] / 8, 1)


SEVERAL: Final = ("html", "sarif", "text")
"""Formats that show excerpts and fixes in three ways. The others show them as one of these does, whatever file a finding is in, so that
it is enough to measure them with short JSON files.
"""


def commands(load: Callable[[str], Any], sample: Sample, *, every: bool = True) -> dict[str, Callable[[], object]]:
    """What can be done with a file, by name; in every format, or in several."""
    run, model, formats = load("linter.run"), load("linter.model"), load("linter.reporters")
    given = load("linter.documents.inputs").Input(sample.name, sample.text.encode("utf-8", "surrogatepass"), Path(sample.name))
    outcome: list[Any] = []

    def lint() -> None:
        checked = run.lint_input(given, run.Options(kind=sample.kind))
        assert checked.bugs == (), checked.bugs
        outcome.append(checked.result._replace(rules={}))  # to describe all rules costs more than all else, and the same for every file

    def report(name: str) -> Callable[[], object]:
        return lambda: formats.reporter(name).report(outcome[0], StringIO(), model.Style())

    shown, compared = load("linter.commands.show"), load("linter.commands.diff")

    def show(name: str) -> Callable[[], object]:
        return lambda: getattr(shown, name)(outcome[0].documents, only_changed=False, defaults=True)

    def diff() -> None:
        for document in outcome[0].documents[:1]:
            compared.as_text(document, empty)

    empty = (
        load("linter.run")
        .load_documents([load("linter.documents.inputs").Input("empty.json", EMPTY, Path("empty.json"))], "server/json")
        .documents[0]
    )
    more = {"show": show("as_text"), "show-json": show("as_json"), "diff": diff}
    return {"lint": lint, **{name: report(name) for name in (formats.names() if every else SEVERAL)}, **more}


def test_acceptances_of_many_findings(counted: Counted) -> None:
    """As many acceptances as findings, whether they name one each, or all of them, or are over."""
    with counted.loaded() as load:
        config, model = load("linter.options.config"), load("linter.model")
        checked, accept = load("linter.acceptance"), load("linter.acceptance.configured")
        loaded = (
            load("linter.run.load").load(load("linter.documents.inputs").Input("a.json", EMPTY, Path("a.json")), "server/json").loaded[0]
        )
        none: frozenset[str] = frozenset()

        def work(size: int, setting: str | None, until: date | None) -> int:
            entries = [config.Acceptance("r", "x", setting=setting and f"{setting}{number}", until=until) for number in range(size)]
            span = load("linter.text").Span(0, 1)
            given = config.Config(path=Path("c"), accept=tuple(entries))
            findings = [model.Finding("r", "error", model.sentence("x"), loaded.document, (f"zq{number}",), span) for number in range(size)]

            def accepted() -> None:
                every = accept.Acceptances(
                    [checked.Checked(loaded, given, Path("a.json"), none, none, none, {}, True, True)], date(2026, 1, 1)
                )
                for one in findings:
                    every.acceptance(one)

            return counted.of(accepted)

        for setting in ("zq", None):
            for until in (None, date(2025, 1, 1)):
                assert growth([work(size, setting, until) for size in (100, 200, 400)]) < _MOST_GROWTH


def many_globs(size: int) -> dict[str, list[str]]:
    """Globs of as many files, by what they are like."""
    return {
        "of one file": [f"deploy/site{number}/medplum.json" for number in range(size)],
        "of a name": [f"site{number}" for number in range(size)],
        "of a folder": [f"deploy/site{number}/**" for number in range(size)],
        "with stars": [f"**/s?te{number}/*.json" for number in range(size)],
        "that fit nothing": [f"*-{number}.json" for number in range(size)],
    }


def files_of(folder: Path, size: int) -> list[Path]:
    return [folder / "deploy" / f"site{number}" / "medplum.json" for number in range(size)]


OPTIONS: Final = ("exclude", "include", "per-file", "accept")


@pytest.mark.parametrize("like", many_globs(0))
@pytest.mark.parametrize("option", OPTIONS)
def test_as_many_globs_as_files(option: str, like: str, counted: Counted, tmp_path: Path) -> None:
    with counted.loaded() as load:
        config = load("linter.options.config")

        def fitted(size: int) -> None:
            globs = many_globs(size)[like]
            per_file = dict.fromkeys(globs, config.Overrides())
            accept = tuple(config.Acceptance("r", "x", glob) for glob in globs)
            given = {"exclude": tuple(globs), "include": tuple(globs), "per-file": per_file, "accept": accept}[option]
            held = config.Config(path=tmp_path / "c", **{option.replace("-", "_"): given})
            found = [held.fitting(option, file) for file in files_of(tmp_path, size)]
            assert found == ([()] * size if like == "that fit nothing" else [(glob,) for glob in globs])

        assert growth([counted.of(partial(fitted, size)) for size in (100, 200, 400)]) < _MOST_GROWTH


@pytest.mark.parametrize("like", ["of one file", "that fit nothing"])
def test_folders_that_a_search_would_skip(like: str, counted: Counted, tmp_path: Path) -> None:
    with counted.loaded() as load:
        config = load("linter.options.config")

        def asked(size: int) -> None:
            held = config.Config(path=tmp_path / "c", include=tuple(many_globs(size)[like]))
            for file in files_of(tmp_path, size):
                assert held.leads_to_included(file.parent) is (like == "of one file")

        assert growth([counted.of(partial(asked, size)) for size in (100, 200, 400)]) < _MOST_GROWTH


@pytest.mark.parametrize("where", ["path", "environment", "setting", ""])
def test_as_many_acceptances_as_documents(where: str, counted: Counted, tmp_path: Path) -> None:
    with counted.loaded() as load:
        config = load("linter.options.config")
        checked, accept = load("linter.acceptance"), load("linter.acceptance.configured")
        given = load("linter.documents.inputs").Input("a.json", EMPTY, Path("a.json"))
        none: frozenset[str] = frozenset()

        def accepted(size: int) -> None:
            entries = [config.Acceptance("r", "x", **({where: f"deploy/site{number}"} if where else {})) for number in range(size)]
            held = config.Config(path=tmp_path / "c", accept=tuple(entries))
            of = [checked.Checked(loaded[file], held, file, none, none, none, {}, True, True) for file in files_of(tmp_path, size)]
            every = accept.Acceptances(of, date(2026, 1, 1))
            list(every.notices(checked.Reach((str(tmp_path),), tuple(files_of(tmp_path, size)))))

        loaded = {}
        for number, file in enumerate(files_of(tmp_path, 400)):
            loaded[file] = load("linter.run.load").load(given, "server/json").loaded[0]
            loaded[file].document.environment = f"deploy/site{number}"
        assert growth([counted.of(partial(accepted, size)) for size in (100, 200, 400)]) < _MOST_GROWTH


@pytest.mark.parametrize("option", ["exclude", "include", "per-file", "environment", "accept"])
def test_a_configuration_of_many_patterns_is_read(option: str, counted: Counted) -> None:
    """Each has a line, which is looked for."""

    def text(size: int) -> bytes:
        globs = [json.dumps(glob) for glob in many_globs(size)["with stars"]]
        table = {"per-file": "[per-file.{}]\ntarget = 'production'", "environment": "[environment.{}]\ntarget = 'production'"}
        table["accept"] = "[[accept]]\nrule = 'wrong-type'\nreason = 'x'\npath = {}"
        lines = [table[option].format(glob) for glob in globs] if option in table else [f"{option} = [", *(f"{one}," for one in globs), "]"]
        return "\n".join(lines).encode()

    with counted.loaded() as load:
        read = load("linter.options.config_file").parsed_file
        work = [counted.of(partial(read, Path("c"), text(size))) for size in (100, 200, 400)]
    assert growth(work) < _MOST_GROWTH


_LOOKS_AT_10_000: Final = {
    "ssm-json-text-with-many-mistakes": {"text"},
    "env-json-texts": {"text"},
    "secret-with-many-mistakes": {"text"},
    "env-escapes": {"azure"},
    "compose-block-scalars": {"lint"},
}
"""Where an excerpt looks at the whole of the value that a finding is in, up to a length that these small files do not reach; and where more
is looked at in a value from a length on that only the largest of them have (in files eight times as large each step doubles).
"""


@pytest.mark.parametrize("name", SHAPES)
def test_work_grows_as_the_file_does(name: str, counted: Counted) -> None:
    shape = SHAPES[name]
    with counted.loaded() as load:

        def measured(size: int) -> dict[str, int]:
            counted.forget()
            every = name.startswith("json-") and not shape.is_long
            return {what: counted.of(command) for what, command in commands(load, shape.make(size), every=every).items()}

        work = [measured(size) for size in (sizes(shape)[0], *sizes(shape))][1:]  # the first has made what is made once
    grown = {what: growth([one[what] for one in work]) for what in work[0].keys() - _LOOKS_AT_10_000.get(name, set())}
    assert {what: round(times, 2) for what, times in grown.items() if times > _MOST_GROWTH} == {}, work


# --- Memory --------------------------------------------------------------------------------------------------------------------------

_CHARACTERS: Final = 400_000
_HOST: Final = "MEDPLUM_REDIS_HOST=cache\n"
LONG: Final[dict[str, tuple[str, str]]] = {
    "a value without quotes": (".env", f"{_HOST}MEDPLUM_SUPPORT_EMAIL={'a' * _CHARACTERS}"),
    "a value in double quotes": (".env", f'{_HOST}MEDPLUM_SUPPORT_EMAIL="{"a" * _CHARACTERS}"'),
    "a value in single quotes": (".env", f"{_HOST}MEDPLUM_SUPPORT_EMAIL='{'a' * _CHARACTERS}'"),
    "backslashes": (".env", f'{_HOST}MEDPLUM_SUPPORT_EMAIL="{chr(92) * _CHARACTERS}"'),
    "escapes": (".env", f'{_HOST}MEDPLUM_SUPPORT_EMAIL="{(chr(92) + "n") * (_CHARACTERS // 2)}"'),
    "lines": (".env", f'{_HOST}MEDPLUM_SUPPORT_EMAIL="' + "a\n" * (_CHARACTERS // 2) + '"'),
    "lines of a key": (".env", f'{_HOST}MEDPLUM_SIGNING_KEY="-----BEGIN RSA PRIVATE KEY-----\n' + "MIIB\n" * (_CHARACTERS // 5) + '"'),
    "a quote that is never closed": (".env", f'{_HOST}MEDPLUM_SUPPORT_EMAIL="{"a" * _CHARACTERS}'),
    "escapes in JSON": ("medplum.config.json", '{"baseUrl": "https://a.example/", "supportEmail": "' + r"\n" * (_CHARACTERS // 2) + '"}'),
    "wrong escapes in JSON": ("medplum.config.json", '{"baseUrl": "https://a.example/", "x": "' + r"\q" * (_CHARACTERS // 2) + '"}'),
    "JSON in JSON": (
        "secret.json",
        json.dumps({"SecretString": json.dumps({"host": "x", "password": '"' * (_CHARACTERS // 8), "username": 1, "port": "x"})}),
    ),
}
KINDS_OF_LONG: Final = {".env": "server/env", "medplum.config.json": "server/json", "secret.json": "secret/database"}
_MOST_BYTES: Final = 24
"""Bytes of memory for each character at most, of all that is made of a file."""


@pytest.mark.parametrize("name", LONG)
def test_memory_for_each_character(name: str) -> None:
    uri, text = LONG[name]
    given = Input(uri, text.encode(), Path(uri))
    small = Input(uri, text[:500].encode(), Path(uri))
    for one in (small, given):  # the small one has made what is made once
        tracemalloc.start()
        result = lint_input(one, Options(kind=KINDS_OF_LONG[uri])).result
        for report in reporters.names():
            reporters.reporter(report).report(result._replace(rules={}), StringIO(), Style())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert result.files[0].status == "checked"
    assert peak < _MOST_BYTES * len(text)
