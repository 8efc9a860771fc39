"""Which module may know which, read from the sources; and what a run on a clean file must not import, read from a run."""

from __future__ import annotations

import os
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest
from support.checkout import ROOT
from support.imports import FILES, MODULES, imports, module_name, ours, part

EVERYWHERE = {"typed", "patterns"}
"""The parts that all others may import."""
LAYERS: dict[str, set[str]] = {
    "typed": set(),
    "patterns": set(),
    "_built": set(),
    "files": set(),
    "registry": {"_built"},
    "formats": {"registry"},
    "text": set(),
    "release": set(),
    "model": {"release", "text"},
    "suggest": set(),
    "settings": {"_built", "formats", "model", "release", "text"},
    "syntax": {"model", "text"},
    "redaction": {"formats", "model", "text", "settings", "suggest", "syntax"},
    "server": {"formats", "model", "release", "text", "redaction", "settings", "suggest", "syntax"},
    "conformance": {"formats", "model", "release", "text", "redaction", "server", "settings", "suggest", "syntax"},
    "policy": {"_built", "conformance", "files", "formats", "model", "release", "text", "redaction", "registry", "settings", "suggest"},
    "documents": {"formats", "model", "release", "text", "redaction", "server", "settings", "suggest", "syntax"},
    "sources": {"_built", "conformance", "documents", "model", "release", "text", "redaction", "server", "settings", "suggest", "syntax"},
    "upgrade": {"conformance", "documents", "model", "policy", "redaction", "release", "server", "settings", "syntax", "text"},
    "reporters": {"model", "release", "text", "redaction"},
}
"""What the parts below ``run`` may import of ours, beside themselves."""
THIRD_PARTY = {
    "click": {"cli", "console", "options"},
    "cryptography": {"policy.keys", "policy.rsa"},
    "jsonschema": {"policy.rule_file"},
    "re2": {"policy.operators.matches"},
    "tomli": {"config_file"},
    "yaml": {"policy.rule_file", "policy.rule_set", "settings.build", "syntax.yaml_events", "upgrade.notes"},
}
"""Who imports what is not ours and not Python's."""


@pytest.mark.parametrize("name", LAYERS)
def test_imports_go_one_way(name: str) -> None:
    files = [path for path in FILES if part(module_name(path)) == name]
    assert files
    wrong = [
        f"{module_name(path)} imports {other}"
        for path in files
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
    assert [module_name(path) for path in FILES if "cli" in {part(other) for other in ours(path)}] == ["plain"]


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
    tomllib = found.pop("tomllib", {"config_file"})  # Python 3.10 has none
    assert found == THIRD_PARTY
    assert tomllib == {"config_file"}


# --- What a run on a clean file imports. --------------------------------------------------------------------------------------------

HEAVY = [
    "asyncio",
    "attr",
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
    "linter.config_file",
    "linter.documents.changes",
    "linter.documents.json_editor",
    "linter.documents.line_editor",
    "linter.documents.tree_editor",
    "linter.documents.variables_editor",
    "linter.formats.google",
    "linter.formats.identifiers",
    "linter.formats.pem",
    "linter.formats.times",
    "linter.policy.grammar",
    "linter.policy.keys",
    "linter.policy.rsa",
    "linter.policy.operators.aws",
    "linter.policy.operators.deployment",
    "linter.policy.operators.matches",
    "linter.policy.rule_file",
    "linter.policy.examples",
    "linter.policy.installed",
    "linter.policy.trace",
    "linter.reporters._columns",
    "linter.reporters._json_writer",
    "linter.reporters._sentences",
    "linter.reporters.azure",
    "linter.reporters.github",
    "linter.reporters.html",
    "linter.reporters.json",
    "linter.reporters.junit",
    "linter.reporters.markdown",
    "linter.reporters.sarif",
    "linter.commands.explain",
    "linter.commands.new_rule",
    "linter.commands.rules",
    "linter.commands.upgrade",
    "linter.upgrade",
    "linter.syntax.edits",
    "linter.syntax.env_edits",
    "linter.syntax.json_edits",
    "linter.syntax.json_tolerant",
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
MOST_MODULES = 92
"""Modules of ours that a run on a clean file imports at most, in a checkout: each takes 0.1 ms, and the run 40."""
MOST_PATTERNS = 44
"""Regular expressions that it compiles at most, those of Python's own modules included: half of them take 1 ms."""
MOST_CLASSES = 14
"""Named tuples that it compiles at most, Python's own included: those of ours of which several instances are made."""
RUN = """
import collections, importlib, re, sys
compiler = importlib.import_module("re._compiler" if sys.version_info >= (3, 11) else "sre_compile")
made = {"patterns": 0, "classes": 0}

def counted(what, make):
    def count(*given, **named):
        made[what] += 1
        return make(*given, **named)
    return count

before = set(sys.modules)  # an editable installation has imported modules of its own
re.purge()
compiler.compile = counted("patterns", compiler.compile)
collections.namedtuple = counted("classes", collections.namedtuple)
sys.argv = ["medplum-lint", sys.argv[1]]
from linter.__main__ import main
try:
    main()
except SystemExit as stop:
    print(stop.code, made["patterns"], made["classes"], *set(sys.modules) - before)
"""


class Start(NamedTuple):
    """What a run on a clean file, whose report is text, does to begin with."""

    patterns: int
    classes: int
    modules: frozenset[str]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of which nothing is found, alone in its folder."""
    path = tmp_path_factory.mktemp("clean") / "medplum.config.json"
    path.write_bytes((ROOT / "benchmarks/clean.json").read_bytes())
    return path


@pytest.fixture(scope="module")
def start(clean: Path) -> Start:
    return started(clean)


def started(path: Path) -> Start:
    """What a run on a path does to begin with."""
    # The packages of this Python, and this checkout whatever is installed; nothing of the user's.
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{RUN}"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, path],
        env=os.environ | {"MEDPLUM_LINT_DEBUG": "1"},
        capture_output=True,
        text=True,
        cwd=path.parent,
        check=True,
    )
    report, counts = done.stdout.splitlines()
    assert report == "No findings in 1 file, judged by server 5.1.23 (the newest known release)."
    exit_code, patterns, classes, *names = counts.split()
    assert exit_code == "0"
    return Start(int(patterns), int(classes), frozenset(names))


def test_the_search_of_a_folder_imports_no_more(start: Start, clean: Path) -> None:
    more = started(clean.parent).modules - start.modules
    assert more <= {"fnmatch"}, "a search has the names of files from the index of sources"


def test_a_clean_file_costs_few_modules_patterns_and_classes(start: Start) -> None:
    """Counts, for the time of a start is made of them, and no clock is the same twice."""
    ours = sorted(name for name in start.modules if name.partition(".")[0] == "linter")
    assert len(ours) <= MOST_MODULES, f"import where it is used what a clean file does not need, of {', '.join(ours)}"
    assert start.patterns <= MOST_PATTERNS, "compile a pattern where it is used: re keeps it"
    assert start.classes <= MOST_CLASSES


@pytest.mark.parametrize("name", HEAVY)
def test_nothing_heavy_is_imported_for_a_clean_file(name: str, start: Start) -> None:
    assert name not in start.modules, (
        f"a run on a clean file imports {name}: import it where it is used; or is a generated file stale? "
        "python tools/generate.py writes them anew"
    )
