"""The contract of every source: a failure says which file to write or to change."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from support.checkout import ROOT
from support.contract import (
    Given,
    demand,
    fixtures,
    fixtures_of,
    lacks_of_source,
    loader,
    mypy_refuses,
    name_of,
    planted_for,
    require,
    shapes_of,
    source,
    source_names,
)
from support.helpers import deep
from support.hostile import TEXTS
from support.pages import code, rows, section
from support.quick import part_and_all

from linter.documents.source import Loaded, Recognised, Source, SourceFile
from linter.model import Document, SettingPath
from linter.options.globs import Globs
from linter.policy.rule_set import all_rules
from linter.settings.kinds import DOCUMENT_KINDS, catalogue_kind
from linter.sources import members_of, modules
from linter.text import Span

sys.path.insert(0, str(ROOT / "tools"))

from fuzz.mutate import mutate_bytes  # noqa: E402
from fuzz.renderers import RENDERERS  # noqa: E402

SOURCES: Final = source_names()
every_source = pytest.mark.parametrize("name", SOURCES)
RULES: Final = {rule.info.id: rule for rule in all_rules(())[0]}


def file_of(name: str) -> str:
    return f"linter/sources/{name}.py"


# --- What it has --------------------------------------------------------------------------------------------------------------------


@every_source
def test_it_has_its_parts(name: str) -> None:
    demand(lacks_of_source(source(name)))


@pytest.mark.slow
def test_mypy_accepts_every_source(tmp_path: Path) -> None:
    demand(mypy_refuses(Source, modules(), tmp_path))


@every_source
def test_its_kinds_are_known(name: str) -> None:
    """To the catalogue, and to the rules."""
    wanted = {kind for rule in RULES.values() for kind in rule.info.kinds}
    for kind in source(name).KINDS:
        require(kind in DOCUMENT_KINDS, f"{file_of(name)}: add the kind {kind} to DOCUMENT_KINDS of linter/settings/kinds.py")
        require({kind, catalogue_kind(kind)} & wanted, f"{file_of(name)}: no rule is for documents of the kind {kind}: write one in rules/")
    default = getattr(source(name), "DEFAULT_FOR", None)
    require(default is None or default in source(name).KINDS, f"{file_of(name)}: DEFAULT_FOR is {default!r}, which is not in KINDS")


def test_a_kind_has_one_source_that_makes_it_by_default() -> None:
    given = [default for name in SOURCES if (default := getattr(source(name), "DEFAULT_FOR", None)) is not None]
    demand(f"DEFAULT_FOR is {kind} in several modules of linter/sources" for kind in {one for one in given if given.count(one) > 1})


@every_source
def test_its_names_are_globs_that_a_search_can_use(name: str) -> None:
    names = source(name).NAMES
    demand(
        f"{file_of(name)}: NAMES has {glob!r}: a search looks at the last part of a path, with a glob that leaves something out"
        for glob in names
        if "/" in glob or not glob.strip("*?")
    )
    for glob in names:
        Globs([glob])
    demand(
        f"{file_of(name)}: no name in NAMES ends as {given.where}/{given.name} does, so that no search would find it"
        for given in fixtures_of(name)
        if not any(fnmatch(Path(given.name).suffix, f"*{Path(glob).suffix}") for glob in names)
    )


# --- What else is written for it ----------------------------------------------------------------------------------------------------


@every_source
def test_it_has_a_fixture(name: str) -> None:
    inputs = " or ".join(sorted({f"input{Path(glob).suffix or Path(f'x{glob}').suffix}" for glob in source(name).NAMES}))
    require(
        fixtures_of(name),
        f"{file_of(name)} has no fixture: write tests/fixtures/{name}-mistakes/{inputs}, a realistic file that it recognises; then\n"
        "    UPDATE_GOLDEN=1 .venv/bin/pytest tests/test_fixtures.py tests/test_clauses.py\n"
        "writes expected.txt beside it, and its messages into golden/clauses.txt, which are to be read",
    )
    demand(
        f"{given.where}/expected.txt is missing: UPDATE_GOLDEN=1 .venv/bin/pytest tests/test_fixtures.py writes it"
        for given in fixtures_of(name)
        if not (ROOT / given.where / "expected.txt").is_file()
    )


@every_source
def test_secrets_are_planted_in_its_files(name: str) -> None:
    """(``test_canaries.py`` looks for them in all that every command prints.)"""
    planted = planted_for(name)
    require(
        planted,
        f"{file_of(name)} has no canaries: add a file of its format, with the given values in it, to server_files, infra_files or "
        "secret_files of tests/support/canaries.py",
    )
    require(
        any(fnmatch(given.name, glob) for given in planted for glob in source(name).NAMES),
        f"{file_of(name)}: tests/support/canaries.py gives its files no name that NAMES has: {', '.join(given.name for given in planted)}",
    )


@every_source
def test_it_has_shapes(name: str) -> None:
    """(``test_scaling.py`` counts the work on them, and that it is linear.)"""
    require(
        shapes_of(name),
        f"{file_of(name)} has no shapes: add functions with @shape to tests/support/shapes.py, which make a file of its format of any "
        "size: of many settings, many documents, long values, deep nesting",
    )


@cache
def fuzzed() -> frozenset[str]:
    """The sources that read the files that the fuzzer makes up."""
    data = {"baseUrl": "https://api.example.com/", "database": {"host": "db", "port": 5432}, "redis": {"host": "cache"}}
    return frozenset(
        loader(Given("tools/fuzz/renderers.py", file, render(data, Random(seed)).encode(), None if kind == "server/env" else kind))
        for written in RENDERERS.values()
        for file, kind, render in written
        for seed in range(5)
    )


@every_source
def test_the_fuzzer_writes_files_for_it(name: str) -> None:
    require(
        name in fuzzed(),
        f"{file_of(name)} is not fuzzed: add a function that writes a configuration in its format to tools/fuzz/renderers.py, and put it "
        "into RENDERERS",
    )


Row = tuple[list[str], list[str]]
"""The kinds in the first cell of a row of docs/check.md, and the names in the last one."""


def row_of(name: str) -> Row:
    return sorted(source(name).KINDS), sorted(source(name).NAMES)


def rows_of_docs() -> dict[str, Row]:
    """Each row of the table of inputs, with what it says."""
    return {
        " | ".join(row): (sorted(code(row[0])), sorted(glob for word in code(row[-1]) for glob in _expanded(word)))
        for row in rows(section("check.md", "Inputs"))
        if row[0].startswith("`")
    }


@every_source
def test_it_has_a_row_among_the_inputs(name: str) -> None:
    kinds, names = (", ".join(f"`{text}`" for text in texts) for texts in (source(name).KINDS, source(name).NAMES))
    require(
        row_of(name) in rows_of_docs().values(),
        f"{file_of(name)} has no row in the table of docs/check.md, Inputs, with its KINDS and NAMES: add it, or make the one it has\n"
        f"| {kinds} | what it reads, for people | {names} |",
    )


def test_every_row_among_the_inputs_is_of_a_source() -> None:
    known = [row_of(name) for name in SOURCES]
    demand(
        f"docs/check.md, Inputs: no module of linter/sources has the KINDS and NAMES of this row: | {line} |"
        for line, row in rows_of_docs().items()
        if row not in known
    )


def _expanded(glob: str) -> Iterator[str]:
    """A glob in which braces hold several, as a shell has them."""
    match = re.fullmatch(r"(.*?)\{(.*?)\}(.*)", glob)
    if match is None:
        yield glob
    else:
        for one in match[2].split(","):
            yield from _expanded(f"{match[1]}{one}{match[3]}")


# --- What it must bear --------------------------------------------------------------------------------------------------------------

_MOST_PATHS: Final = 40
"""Paths and problems of a document that are looked at."""
_MOST_CHARACTERS: Final = 300
"""Characters of a line that are looked at in pieces."""
_DEEPEST: Final = 200
"""Levels of a document that are looked at: a path is as long as its setting is deep."""


@cache
def hostile_files() -> tuple[Given, ...]:
    """Bytes that were not meant for a source: ``--kind`` gives it any file, and another source's file can be truncated."""
    bare = {
        "nothing": b"",
        "a byte order mark": b"\xef\xbb\xbf",
        "two byte order marks": b"\xef\xbb\xbf\xef\xbb\xbf{}",
        "blanks": b" \t\r\n\x0b\x0c\xc2\xa0",
        "NUL": b"\x00" * 100,
        "NUL in JSON": b'{"baseUrl": "a\x00b", "\x00": 1}',
        "UTF-8 that is none": b'{"baseUrl": "\xff\xfe\x80", "\xc3": 1}',
        "surrogates": b'{"baseUrl": "\xed\xa0\x80", "\\ud800": "\\udc00"}',
        "UTF-16": '{"baseUrl": "x"}'.encode("utf-16"),
        "UTF-16 without a mark": "MEDPLUM_PORT=1\n".encode("utf-16-le"),
        "noise": bytes(range(256)) * 4,
        "returns": b"MEDPLUM_PORT=1\rMEDPLUM_BASE_URL=x\r\r\n",
        "deep objects": deep(3_000).encode(),
        "deep objects never closed": b'{"a":' * 3_000,
        "deep lists": b"[" * 3_000,
        "deep YAML": b"a: " + b"{b: " * 180 + b"1" + b"}" * 180,
        "deeper YAML": b"- " * 2_000 + b"a",
        "digits": b'{"port": ' + b"9" * 20_000 + b', "redis": {"port": -' + b"1" * 400 + b"}}",
        "aliases": b"a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b, *c]\n<<: *a\n",
        "quotes": b'MEDPLUM_PORT="\nMEDPLUM_X=\'\n"' + b"'\"" * 500,
        "separators": "MEDPLUM_PORT=1\u2028MEDPLUM_X=\x85{}\u2029".encode(),
    }
    return (
        *(Given(f"hostile: {what}", "compose.yaml", data) for what, data in bare.items()),
        *(Given(f"hostile: text {number}", "medplum.json", text.encode("utf-8", "surrogatepass")) for number, text in enumerate(TEXTS)),
    )


@pytest.mark.parametrize("part", part_and_all(5))
@every_source
def test_it_survives_hostile_bytes(name: str, part: slice) -> None:
    """Whatever the name of the file, and with the name of its own files."""
    own = source(name).NAMES[0].replace("*", "medplum")
    both = [one for given in hostile_files() for one in (given._replace(name=own), given)]
    demand(sentence for given in both[part] for sentence in broken(source(name), given))


@pytest.mark.quick_cases(5)
@pytest.mark.parametrize("part", part_and_all(12))
@every_source
def test_it_survives_its_own_and_other_files(name: str, part: slice) -> None:
    """Whole, and cut off."""
    own = [*fixtures_of(name), *planted_for(name), *shapes_of(name)]
    whole = [*own, *fixtures()]
    cut = [given._replace(data=given.data[: len(given.data) * part // 7]) for given in whole for part in (1, 4, 6)]
    demand(sentence for given in (*whole, *cut)[part] for sentence in broken(source(name), given))


@pytest.mark.parametrize("part", part_and_all(40))
@every_source
def test_it_survives_random_changes(name: str, part: slice) -> None:
    cases = [(seed, given) for seed in range(15) for given in (*fixtures_of(name), *planted_for(name))]
    for seed, given in cases[part]:
        chance = Random(f"{seed} {given.where} {given.name}")
        data = mutate_bytes(given.data.decode(), [], [], chance)
        demand(broken(source(name), given._replace(data=data, where=f"{given.where}, changed with seed {seed}")))


def broken(module: Source, given: Given) -> Iterator[str]:
    """The promises that a source breaks on a file."""
    place = f"{file_of(name_of(module))}, on {given.name} ({given.where})"
    try:
        answer = module.detect(SourceFile(given.name, given.data))
    except Exception as error:
        yield f"{place}: detect raises {error!r}: give None where nothing can be made of a file"
    else:
        yield from (f"{place}: detect gives {mistake}" for mistake in wrong_answer(module, given, answer))
    for kind in module.KINDS:
        file = SourceFile(given.name, given.data)
        try:
            loaded = module.load(file, kind)
        except Exception as error:
            yield f"{place}: load raises {error!r}: a mistake in the text is a Problem"
            continue
        if not isinstance(loaded, list) or not all(isinstance(one, Loaded) for one in loaded):
            yield f"{place}: load gives {type(loaded).__name__}, not a list of Loaded"
            continue
        for one in loaded:
            yield from (f"{place}: load as {kind} gives {mistake}" for mistake in wrong_document(module, file, one))


def wrong_answer(module: Source, given: Given, answer: object) -> Iterator[str]:
    """What is wrong with an answer of ``detect``."""
    if answer is None:
        return
    if not isinstance(answer, Recognised):
        yield f"{type(answer).__name__}, neither a Recognised nor None"
        return
    if answer.kind is not None and answer.kind not in module.KINDS:
        yield f"the kind {answer.kind}, which is not in KINDS"
    if not 1 <= answer.confidence <= 100:
        yield f"a confidence of {answer.confidence}, not one from 1 to 100"
    if answer.kind is None and not (answer.note or answer.unread):
        yield "a Recognised without a kind that does not say what the file is: give it a note"
    content = SourceFile(given.name, given.data)
    if content.text.content.lstrip()[:1] in ("{", "[") and not content.json.problems:
        marks, members, value = getattr(module, "MARKS", ()), getattr(module, "MEMBERS", ()), members_of(content.json.value)
        if not any(glob.endswith(".json") for glob in module.NAMES):
            yield "an answer to JSON, though no name in NAMES ends in .json: a run does not ask it then"
        elif marks and not any(mark in content.text.content for mark in marks):
            yield "an answer to JSON without any of its MARKS: a run does not ask it then, so add one"
        elif members and not any(name in value for name in members):
            yield "an answer to JSON without any of its MEMBERS: a run does not ask it then, so add one"
        elif getattr(module, "FLAT", False) and any(isinstance(one, dict) for one in value.values()):
            yield "an answer to JSON with an object in its object, though it is FLAT: a run does not ask it then"


def wrong_document(module: Source, file: SourceFile, loaded: Loaded) -> Iterator[str]:
    """What is wrong with a document and what is reported of it."""
    document, end = loaded.document, len(file.text.content)
    if document.kind not in module.KINDS:
        yield f"a document of the kind {document.kind}, which is not in KINDS"
    if document.uri != file.uri or document.text is not file.text:
        yield "a document of another file"
    for problem in loaded.problems:
        if not any(problem.name in rule.found_by for rule in RULES.values()):
            yield f'a Problem "{problem.name}": write a rule for it in rules/, with found_by: {problem.name}'
        if not problem.message:
            yield f'a Problem "{problem.name}" without a message'
    spans = {
        **{f"the Problem {one.name}": one.span for one in loaded.problems},
        **{f"Suppression {number}": one.span for number, one in enumerate(loaded.suppressions)},
        **{f"the place of Suppression {number}": one.place for number, one in enumerate(loaded.suppressions)},
        **{f"anchor {number}": one for number, (one, _) in enumerate(loaded.anchors)},
        **{f"the name of anchor {number}": Span(one, one) for number, (_, one) in enumerate(loaded.anchors)},
    }
    yield from (
        f"{what} at {tuple(span)}, outside of the text, which has {end} characters" for what, span in spans.items() if outside(span, end)
    )
    places: dict[Span, SettingPath | None] = {problem.span: problem.path for problem in loaded.problems[:_MOST_PATHS]}
    for path in (*islice(paths(document.data), _MOST_PATHS), (), ("no such setting",), ("database", 3, "x"), (0,)):
        yield from wrong_places(document, path, places)
    for span, about in places.items():
        yield from wrong_excerpt(document, about, span)
    for line in {document.position(span.start).line for span in places}:
        yield from wrong_pieces(document, line)


def outside(span: object, end: int) -> bool:
    """Whether this is not part of a text."""
    return not isinstance(span, Span) or not 0 <= span.start <= span.end <= end


def paths(data: Any) -> Iterator[SettingPath]:
    """The path of every value in a tree, a level at a time."""
    level: list[tuple[SettingPath, Any]] = [((), data)]
    for _ in range(_DEEPEST):
        below = [
            ((*path, step), inner)
            for path, value in level
            for step, inner in (value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
        ]
        yield from (path for path, _ in below)
        level = below


def wrong_places(document: Document, path: SettingPath, places: dict[Span, SettingPath | None]) -> Iterator[str]:
    """What is wrong with where a document says that a setting is; what is right is added to the places."""
    if not all(isinstance(step, str | int) for step in path):
        yield f"the path {path!r}, whose steps are not all texts and numbers"
        return
    end = len(document.text.content)
    try:
        facts = document.origin.facts(path)
        spans = {part: document.origin.locate(path, part) for part in ("value", "key", "type", "tier")}
    except Exception as error:
        yield f"an origin that raises {error!r} at {path!r}"
        return
    if not all(isinstance(name, str) and isinstance(fact, str | int | float) for name, fact in facts.items()):
        yield f"the facts {facts!r} at {path!r}: a fact is a text or a number"
    for part, span in spans.items():
        if outside(span, end):
            yield f"an origin whose {part} at {path!r} is at {span!r}, outside of the text, which has {end} characters"
        else:
            places.setdefault(span, path)


def wrong_excerpt(document: Document, path: SettingPath | None, span: Span) -> Iterator[str]:
    """What is wrong with the line that is shown for a place."""
    line = document.position(span.start).line
    try:
        shown = document.origin.excerpt(path, span)
    except Exception as error:
        yield f"an origin that raises {error!r} for the excerpt of {path!r}"
        return
    length = len(shown.text)
    if shown.line != line or not 0 <= shown.start <= min(shown.end, length) or shown.end > max(length, shown.start + 1):
        yield (
            f"the excerpt {shown!r} of {path!r} at {tuple(span)}: it must be of line {line}, and underline a part of its text or what "
            "would follow it"
        )


def wrong_pieces(document: Document, line: int) -> Iterator[str]:
    """What is wrong with the pieces of a line."""
    whole = document.text.line_span(line)
    part = Span(whole.start, min(whole.end, whole.start + _MOST_CHARACTERS))
    try:
        pieces = list(document.origin.pieces(part))
    except Exception as error:
        yield f"an origin that raises {error!r} for the pieces of line {line}"
        return
    at = part.start
    for piece in pieces:
        if not at <= piece.start <= piece.end <= whole.end:
            yield f"the piece {piece!r} of line {line}: pieces must be in order, and within {tuple(whole)}"
        at = piece.end
