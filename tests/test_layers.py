"""Which module may know which, read from the sources; and what a run on a small file must not import, read from runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest
from support.checkout import ROOT, installation
from support.imports import FILES, MODULES, imports, module_name, ours, part

from linter.release import NEWEST

sys.path.insert(0, str(ROOT))

from benchmarks.inputs import MISTAKES, server_config  # noqa: E402

EVERYWHERE = {"typed", "patterns"}
"""The parts that all others may import."""
LAYERS: dict[str, set[str]] = {
    "typed": set(),
    "patterns": set(),
    "_built": set(),
    "files": set(),
    "registry": {"_built"},
    "formats": {"model", "registry"},
    "text": set(),
    "release": set(),
    "memo": set(),
    "model": {"memo", "release", "text"},
    "suggest": set(),
    "settings": {"_built", "formats", "model", "release", "text"},
    "syntax": {"model", "text"},
    "redaction": {"formats", "model", "text", "settings", "suggest", "syntax"},
    "server": {"formats", "model", "release", "text", "redaction", "settings", "suggest", "syntax"},
    "conformance": {"formats", "model", "release", "text", "redaction", "server", "settings", "suggest", "syntax"},
    "policy": {"_built", "conformance", "files", "formats", "model", "release", "text", "redaction", "registry", "settings", "suggest"},
    "documents": {"files", "formats", "model", "release", "text", "redaction", "server", "settings", "suggest", "syntax"},
    "sources": {"_built", "conformance", "documents", "model", "release", "text", "redaction", "server", "settings", "suggest", "syntax"},
    "deployment": {"documents", "model", "release", "server", "settings", "sources", "text"},
    "upgrade": {
        "_built",
        "conformance",
        "deployment",
        "documents",
        "model",
        "policy",
        "redaction",
        "release",
        "server",
        "settings",
        "syntax",
        "text",
    },
    "live": {"deployment", "documents", "files", "formats", "model", "release", "server", "settings", "syntax", "text"},
    "reporters": {"files", "model", "release", "text", "redaction"},
}
"""What the parts below ``run`` may import of ours, beside themselves."""
THIRD_PARTY = {
    "attr": {"reporters.sarif"},
    "boto3": {"live.aws"},
    "botocore": {"live.aws"},
    "click": {"cli", "commands.completion", "options.parameters"},
    "cryptography": {"live.server", "policy.keys"},
    "lsprotocol": {
        "commands.lsp.actions",
        "commands.lsp.completion",
        "commands.lsp.diagnostics",
        "commands.lsp.positions",
        "commands.lsp.server",
    },
    "pygls": {"commands.lsp.server"},
    "jsonschema": {"policy.rule_file", "settings.build"},
    "re2": {"options.globs", "policy.operators.matches"},
    "sarif_om": {"reporters.sarif"},
    "tomli": {"options.config_file"},
    "typing_extensions": {"typed"},  # for a type checker only
    "yaml": {"_built", "policy.rule_file", "syntax.yaml_events"},
}
"""Who imports what is not ours and not Python's."""


def test_imports_go_one_way() -> None:
    layered = [(path, part(module_name(path))) for path in FILES if part(module_name(path)) in LAYERS]
    assert {name for _, name in layered} == LAYERS.keys()
    wrong = [
        f"{module_name(path)} imports {other}"
        for path, name in layered
        for other in ours(path)
        if part(other) not in LAYERS[name] | {name} | EVERYWHERE
    ]
    assert wrong == []


def test_no_two_modules_import_each_other() -> None:
    """Not within a part either, nor for a type, nor in a function: each module can be read, and tested, after those that it imports."""
    graph = {module_name(path): ours(path) - {module_name(path)} for path in FILES}
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = " imports ".join(reversed(error.args[1]))
        pytest.fail(f"{circle}: move what they share to a module that both import", pytrace=False)


def test_no_two_parts_import_each_other() -> None:
    graph = {part(module_name(path)): {part(other) for other in ours(path)} for path in FILES}
    for path in FILES:
        graph[part(module_name(path))] |= {part(other) for other in ours(path)} - {part(module_name(path))}
    without_itself = {name: others - {name} for name, others in graph.items()}
    order = list(TopologicalSorter(without_itself).static_order())
    assert order.index("run") < order.index("cli") < order.index("__main__")


def test_the_command_line_is_at_the_top() -> None:
    assert [module_name(path) for path in FILES if "cli" in {part(other) for other in ours(path)}] == ["__main__"]


def test_sources_and_reporters_do_not_know_each_other_by_name() -> None:
    """A format is one file: nothing but its own parts may name it, so that none is ever to be entered in a list."""
    for folder in ("sources", "reporters"):
        formats = {name for name in MODULES if name.startswith(f"{folder}.") and not name.startswith(f"{folder}._")}
        assert formats
        wrong = [f"{module_name(path)} imports {name}" for path in FILES for name in ours(path) & formats]
        assert wrong == []


def test_what_is_not_ours_is_imported_where_it_is_meant_to_be() -> None:
    found: dict[str, set[str]] = {}
    for path in FILES:
        for name in {part(name) for name in imports(path)} - sys.stdlib_module_names - {"linter"}:
            found.setdefault(name, set()).add(module_name(path))
    tomllib = found.pop("tomllib", {"options.config_file"})  # Python 3.10 has none
    assert found == THIRD_PARTY
    assert tomllib == {"options.config_file"}


# --- What a run imports. ------------------------------------------------------------------------------------------------------------

HEAVY = [
    "asyncio",
    "attr",
    "boto3",
    "botocore",
    "click",
    "concurrent.futures",
    "dataclasses",
    "difflib",
    "doctest",
    "email",
    "html",
    "http.client",
    "importlib.metadata",
    "importlib.resources",
    "jsonschema",
    "linter.options.config_file",
    "linter.documents.editing.changes",
    "linter.documents.editing.json",
    "linter.documents.editing.lines",
    "linter.documents.editing.tree",
    "linter.documents.editing.variables",
    "linter.formats.pem",
    "linter.live",
    "linter.formats.times",
    "linter.policy.controls",
    "linter.policy.grammar",
    "linter.policy.keys",
    "linter.policy.operators.aws",
    "linter.policy.operators.matches",
    "linter.policy.rule_file",
    "linter.policy.installed",
    "linter.reporters._columns",
    "linter.reporters._places",
    "linter.reporters.azure",
    "linter.reporters.github",
    "linter.reporters.html",
    "linter.reporters.json",
    "linter.reporters.junit",
    "linter.reporters.markdown",
    "linter.reporters.sarif",
    "linter.commands.explain",
    "linter.commands.inputs",
    "linter.commands.new_rule",
    "linter.commands.rules",
    "linter.commands.test",
    "linter.commands.upgrade",
    "linter.upgrade",
    "linter.syntax.edits",
    "linter.syntax.json_edits",
    "linter.syntax.json_tolerant",
    "linter.syntax.tree_edits",
    "linter.syntax.yaml_edits",
    "linter.suggest",
    "logging",
    "multiprocessing",
    "pydoc",
    "random",
    "re2",
    "sarif_om",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "tempfile",
    "tomli",
    "tomllib",
    "typing",
    "unittest",
    "urllib.request",
    "xml.etree",
    "yaml",
]
FOR_FINDINGS = {
    *("linter.documents.editing.changes", "linter.documents.editing.json", "linter.syntax.edits", "linter.syntax.json_edits"),
    "linter.syntax.tree_edits",
    *("linter.policy.operators.matches", "linter.reporters._columns", "linter.suggest", "difflib"),
}
"""Those of them that a run needs for what it finds, for the edits that put it right, or for the report."""
HEAVY_FOR_FINDINGS = [
    *(name for name in HEAVY if name not in FOR_FINDINGS),
    *("linter.server.addresses", "linter.server.defaults", "linter.server.effective", "unicodedata"),
]
"""The same for a run that reports findings, with their edits, as text."""


class Most(NamedTuple):
    """What a run on a small file does at most."""

    modules: int
    """Modules of ours that it imports, in a checkout: each takes 0.1 ms, and the run 40."""
    patterns: int
    """Regular expressions of ours that it compiles: half of them take 1 ms. Python's own differ by release."""
    classes: int
    """Our named tuples that it compiles: those with hundreds of instances."""


MOST = {"clean": Most(100, 26, 6), "ten": Most(124, 51, 6)}
"""For a file without mistakes, and for one with ten, each of another kind, three of them fixable."""
RUN = """
import collections, gc, importlib, re, sys
compiler = importlib.import_module("re._compiler" if sys.version_info >= (3, 11) else "sre_compile")
made = {"patterns": 0, "classes": 0, "looks": 0}

def counted(what, make):
    def count(*given, **named):
        frame = sys._getframe(1)
        while frame.f_globals["__name__"].partition(".")[0] in {"re", "functools", "typing"}:
            frame = frame.f_back
        made[what] += frame.f_globals["__name__"].startswith("linter.")
        return make(*given, **named)
    return count

def look(phase, _):
    made["looks"] += phase == "start" and gc.get_freeze_count() > 0

before = set(sys.modules)  # an editable installation has imported modules of its own
re.purge()
compiler.compile = counted("patterns", compiler.compile)
collections.namedtuple = counted("classes", collections.namedtuple)
gc.callbacks.append(look)
sys.argv = ["medplum-lint", sys.argv[1]]
from linter.__main__ import main
try:
    main()
except SystemExit as stop:
    print(stop.code, *made.values(), *set(sys.modules) - before)
"""


class Start(NamedTuple):
    """What a run whose report is text does to begin with."""

    report: str
    exit_code: int
    patterns: int
    classes: int
    looks: int
    """How often it looked for garbage, once everything was imported."""
    modules: frozenset[str]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file without findings, alone in its folder."""
    path = tmp_path_factory.mktemp("clean") / "medplum.config.json"
    path.write_bytes((ROOT / "benchmarks/clean.json").read_bytes())
    return path


@pytest.fixture(scope="module")
def starts(clean: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Start]:
    """A run on a clean file, and one on a file with ten mistakes."""
    ten = tmp_path_factory.mktemp("ten") / "medplum.template.json"
    ten.write_text(json.dumps(server_config(MISTAKES), indent=2), encoding="utf-8")
    return {"clean": started(clean), "ten": started(ten)}


def started(path: Path) -> Start:
    """What a run on a path does to begin with."""
    # The packages of this Python, and this one as it would be installed; nothing of the user's.
    code = f"import sys; sys.path.insert(0, {installation()!r})\n{RUN}"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, path],
        env=os.environ | {"MEDPLUM_LINT_DEBUG": "1"},
        capture_output=True,
        text=True,
        cwd=path.parent,
        check=True,
    )
    *report, counts = done.stdout.splitlines()
    exit_code, patterns, classes, looks, *names = counts.split()
    return Start("\n".join(report), int(exit_code), int(patterns), int(classes), int(looks), frozenset(names))


def test_what_the_runs_report(starts: dict[str, Start]) -> None:
    assert starts["clean"].report == f"No findings in 1 file, checked against server {NEWEST} (the newest known release)."
    assert starts["clean"].exit_code == 0
    assert "\nFound 8 errors and 2 warnings in 1 file" in starts["ten"].report
    assert starts["ten"].exit_code == 1


def test_the_search_of_a_folder_imports_no_more(starts: dict[str, Start], clean: Path) -> None:
    more = started(clean.parent).modules - starts["clean"].modules
    assert more <= {"fnmatch"}, "a search has the names of files from the index of sources"


@pytest.mark.parametrize("name", MOST)
def test_a_small_file_costs_few_modules_patterns_and_classes(name: str, starts: dict[str, Start]) -> None:
    """Counts, for the time of a start is made of them, and no clock is the same twice."""
    start, most = starts[name], MOST[name]
    ours = sorted(name for name in start.modules if name.partition(".")[0] == "linter")
    assert len(ours) <= most.modules, f"import where it is used what such a file does not need, of {', '.join(ours)}"
    assert start.patterns <= most.patterns, "compile a pattern where it is used, and only where a sign of it is seen: re keeps it"
    assert start.classes <= most.classes


@pytest.mark.parametrize("name", MOST)
def test_no_garbage_collection_on_a_small_file(name: str, starts: dict[str, Start]) -> None:
    """Once, when looking is allowed again, there is nothing to look through: see ``linter.__main__``."""
    assert starts[name].looks <= 1


@pytest.mark.parametrize(("run", "name"), [*(("clean", name) for name in HEAVY), *(("ten", name) for name in HEAVY_FOR_FINDINGS)])
def test_nothing_heavy_is_imported_for_a_small_file(run: str, name: str, starts: dict[str, Start]) -> None:
    assert name not in starts[run].modules, (
        f"a run on such a file imports {name}: import it where it is used; or is a generated file stale? "
        "python tools/generate.py writes them anew"
    )
