"""The user's configuration: where it is found, what wins, and what is reported of mistakes in it."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.helpers import compact, golden

from linter import config_file
from linter.config import Config, ConfigError, Overrides, Severity, matches
from linter.config_file import ConfigChecker
from linter.configurations import OWN_FILE, Configurations
from linter.files import Unreadable
from linter.run import Options, Outcome, lint_paths


def read(folder: Path, text: str | bytes, name: str = OWN_FILE) -> Config:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return Configurations().of(folder)


def mistake(folder: Path, text: str | bytes, name: str = OWN_FILE) -> str:
    """What is reported of a configuration, without the folder."""
    with pytest.raises(ConfigError) as caught:
        read(folder, text, name)
    return str(caught.value).replace(f"{folder}/", "")


# --- What it can say. ---------------------------------------------------------------------------------------------------------------

WHOLE = """\
# Everything that there is.
select = ["missing-port", "acme/own"]
ignore = ["missing-redis"]
rules = ["policies", "/shared/policies"]
exclude = ["build", "*.bak.json"]
target = "production"
fail-on = "warning"

[severity]
missing-port = "off"
"acme/own" = {production = "error", development = "note"}

[per-file."deploy/**"]
target = "development"
ignore = []

[per-file."deploy/prod.json"]
target = "auto"
severity = {missing-port = "note"}
"""


def test_everything_that_it_can_say(tmp_path: Path) -> None:
    own = read(tmp_path, WHOLE)
    assert own.path == tmp_path / OWN_FILE
    assert own.rules == (tmp_path / "policies", Path("/shared/policies"))
    assert own.exclude == ("build", "*.bak.json")
    severity: dict[str, Severity] = {
        "missing-port": {"production": None, "development": None},
        "acme/own": {"production": "error", "development": "note"},
    }
    assert own.general == Overrides(("missing-port", "acme/own"), ("missing-redis",), severity, "production", "warning")
    assert list(own.mentions()) == [
        ("missing-port", f"{own.path}:2", True),
        ("acme/own", f"{own.path}:2", True),
        ("missing-redis", f"{own.path}:3", True),
        ("missing-port", f"{own.path}:2", False),
        ("acme/own", f"{own.path}:2", False),
        ("missing-port", f"{own.path}:2", False),
    ]


def test_the_settings_of_a_file_are_those_of_every_glob_that_fits_and_the_last_wins(tmp_path: Path) -> None:
    own = read(tmp_path, WHOLE)
    general = own.overrides_for(tmp_path / "other.json")
    assert general == own.general
    deployed = own.overrides_for(tmp_path / "deploy" / "dev" / "x.json")
    assert deployed == general._replace(target="development", ignore=())
    production = own.overrides_for(tmp_path / "deploy" / "prod.json")
    level: Severity = {"production": "note", "development": "note"}
    assert production == deployed._replace(target="auto", severity={**(general.severity or {}), "missing-port": level})
    assert own.overrides_for(tmp_path.parent / "deploy" / "prod.json") == general


def test_the_command_line_wins_over_both(tmp_path: Path) -> None:
    given = Overrides(ignore=("a",), target="development", fail_on="never")
    merged = given.over(read(tmp_path, WHOLE).overrides_for(tmp_path / "deploy" / "prod.json"))
    assert (merged.select, merged.ignore) == (("missing-port", "acme/own"), ("a",))
    assert (merged.target, merged.fail_on) == ("development", "never")
    assert merged.severity is not None and merged.severity["missing-port"]["production"] == "note"


def test_nothing_is_set_by_default(tmp_path: Path) -> None:
    assert read(tmp_path, "") == Config(path=tmp_path / OWN_FILE, general=Overrides(severity=None))
    assert Overrides().over(Overrides()) == Overrides(severity={})


# --- Where it is found. -------------------------------------------------------------------------------------------------------------


def test_the_nearest_file_upwards_counts(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.medplum-lint]\ntarget = "production"\n')
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\ndependencies = ['medplum-lint']\n[tool.ruff]\nselect = []\n")
    assert Configurations().of(inner).path == tmp_path / "pyproject.toml"
    assert read(tmp_path / "a", 'target = "auto"').general.target == "auto"
    assert Configurations().of(inner).path == tmp_path / "a" / OWN_FILE
    assert Configurations().of(tmp_path).path == tmp_path / "pyproject.toml"


def test_the_own_file_goes_before_the_project(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.medplum-lint]\ntarget = "production"\n')
    assert read(tmp_path, 'target = "auto"').general.target == "auto"


def test_what_is_above_a_file_is_above_it_when_it_is_reached_through_a_sibling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
    (tmp_path / "here" / OWN_FILE).write_text("exclude = ['x.json']")
    monkeypatch.chdir(tmp_path / "here")
    assert Configurations().of(Path("../there").absolute()).path is None
    assert Configurations().of(Path("../here")).excludes(Path("../here/x.json"))


@pytest.mark.parametrize(
    "text",
    [
        '[tool.medplum-lint]\ntarget = "auto"',
        ' [ tool . "medplum-lint" ]\r\n\ttarget = "auto"\r\n',
        '[tool]\nmedplum-lint = {target = "auto"}',
        '[tool]\nmedplum-lint.target = "auto"',
        'tool.medplum-lint.target = "auto"',
        '\ufeff[tool.medplum-lint]\ntarget = "auto"',
        '[tool.medplum-lint.per-file."x"]\nignore = []\n[tool.medplum-lint]\ntarget = "auto"',
    ],
)
def test_how_a_project_can_be_written(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text, "pyproject.toml").general.target == "auto"


@pytest.mark.parametrize("text", ["[tool.medplum-lint-extra]\nx = 1", "[project]\nmedplum-lint = 1", "# [tool.medplum-lint]", "]["])
def test_a_project_that_does_not_speak_of_us(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text, "pyproject.toml").path is None


def test_python_3_10_reads_with_tomli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = pytest.importorskip("tomllib" if sys.version_info >= (3, 11) else "tomli")
    tomli = ModuleType("tomli")
    texts: list[str] = []

    def loads(text: str) -> Any:
        texts.append(text)
        return real.loads(text)

    vars(tomli).update(TOMLDecodeError=real.TOMLDecodeError, loads=loads)
    monkeypatch.setitem(sys.modules, "tomllib", None)
    monkeypatch.setitem(sys.modules, "tomli", tomli)
    assert read(tmp_path, 'target = "auto"').general.target == "auto"
    assert mistake(tmp_path, "a = \n") == ".medplum-lint.toml:1: not valid TOML: invalid value"
    assert texts == ['target = "auto"', "a = \n"]


# --- Mistakes. ----------------------------------------------------------------------------------------------------------------------

MISTAKES = {
    "unknown option": "ignores = []",
    "unknown option without a near one": "colour = true",
    "several texts wanted": 'select = "missing-port"',
    "texts wanted": "exclude = [1]",
    "rules is no list": "rules = {a = 1}",
    "unknown target": 'target = "prod"',
    "target is no text": "target = ['production']",
    "unknown fail-on": 'fail-on = "errors"',
    "severity is no table": '# severity\nseverity = "error"',
    "unknown level": '[severity]\na = "error"\nb = "warn"',
    "level is no text": "severity.a = 1",
    "level of one target only": "[severity]\n\na = {production = 'error'}",
    "unknown level of a target": "[severity]\n[severity.a]\nproduction = 'error'\ndevelopment = 'none'",
    "level of an unknown target": "[severity]\na = {production = 'error', staging = 'off', development = 'off'}",
    "per-file is no table": "per-file = []",
    "per-file of a glob is no table": "[per-file]\n'*.json' = true",
    "unknown option per file": "target = 'auto'\n[per-file.'a.json']\ntarget = 'auto'\n[per-file.'b.json']\ntarget = 'auto'\nrule = []",
    "fail-on cannot be set per file": "fail-on = 'error'\n[per-file.'a.json']\nfail-on = 'error'",
    "wrong type per file": "ignore = []\n[per-file.'a.json']\nignore = 'x'\n",
    "unknown level per file": "[severity]\na = 'note'\n[per-file.'a.json'.severity]\na = 'warn'\n",
    "no glob": "exclude = ['ok', '[z-a].json']",
    "no glob per file": "\n[per-file.'[z-a].json']",
    "no TOML": "select = [\n'a'\nignore = []\n",
    "no TOML at the end": "select = ['a'",
    "the same key twice": "target = 'auto'\ntarget = 'auto'\n",
    "line separators of other kinds": "# \u2028 \x85 \u2029\nselct = []",
    "the word stands before in a value": "exclude = ['target = ']\nselect = ['fail-on']\nfail-on = 1",
}
PROJECT_MISTAKES = {
    "no table": "[tool]\nmedplum-lint = 5",
    "option of another tool before": "[tool.ruff]\nselect = 1\nselct = 2\n[tool.medplum-lint]\nselect = ['a']\nselct = ['a']",
    "per file": "[tool.x]\ntarget = 1\n[tool.medplum-lint]\ntarget = 'auto'\n[tool.medplum-lint.per-file.'x']\ntarget = 1",
}


def test_what_is_reported_of_mistakes(tmp_path: Path) -> None:
    lines = []
    for file, mistakes in ((OWN_FILE, MISTAKES), ("pyproject.toml", PROJECT_MISTAKES)):
        for name, text in mistakes.items():
            lines += [f"{name}:", f"    {mistake(tmp_path, text, file)}"]
        (tmp_path / file).unlink()
    golden("config-mistakes.txt", lines)


def test_not_utf_8(tmp_path: Path) -> None:
    assert mistake(tmp_path, b"# a\n\n# \xff\n") == ".medplum-lint.toml:3: not UTF-8"


def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(path: Path, limit: int) -> bytes:
        raise Unreadable("permission denied")

    monkeypatch.setattr(config_file, "read_regular", closed)
    (tmp_path / OWN_FILE).touch()
    with pytest.raises(ConfigError) as caught:
        Configurations().of(tmp_path)
    assert str(caught.value) == f"{tmp_path}/{OWN_FILE}: cannot be read: permission denied"


def test_a_folder_called_as_the_file_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / OWN_FILE).mkdir()
    with pytest.raises(ConfigError) as caught:
        Configurations().of(tmp_path)
    assert str(caught.value) == f"{tmp_path}/{OWN_FILE}: cannot be read: is a directory"


# --- Globs. -------------------------------------------------------------------------------------------------------------------------

FITS = [
    ("*.json", ["a.json", "x/y/a.json", "a.json/x"], ["a.jsonx", "json"]),
    ("build", ["build", "build/a", "x/build/y/z"], ["builds", "x/rebuild"]),
    ("build/", ["build", "x/build/a"], ["builds"]),
    ("/build", ["build", "build/a"], ["x/build"]),
    ("./a/*.json", ["a/x.json"], ["b/a/x.json", "a/b/x.json"]),
    ("a/**", ["a/x", "a/x/y"], ["a", "b/a/x"]),
    ("a/**/z.json", ["a/z.json", "a/b/z.json", "a/b/c/z.json"], ["a/bz.json", "z.json"]),
    ("**/z.json", ["z.json", "a/b/z.json"], ["az.json"]),
    ("**/**/**/z", ["z", "a/z"], ["az"]),
    ("?.json", ["a.json", "x/b.json"], ["ab.json", ".json"]),
    ("?", ["a", "x/y/b"], ["ab", "xx/yy"]),
    ("[ab].json", ["a.json"], ["c.json", "ab.json"]),
    ("[!ab].json", ["c.json"], ["a.json", "cd.json"]),
    ("[!a]/x", ["b/x"], ["a/x", "/x"]),
    ("[^a]", ["^", "a"], ["b"]),
    ("[]a]", ["]", "a"], ["b"]),
    ("[a-c]", ["b"], ["d", "-"]),
    ("[a\\]", ["a", "\\"], ["b"]),
    ("[a", ["[a"], ["a"]),
    ("a.b+(c)", ["a.b+(c)"], ["axb+(c)"]),
    ("a\nb*", ["a\nb\nc"], ["a"]),
    ("*", ["a", "a/b"], []),
    ("**", ["a", "a/b"], []),
]


@pytest.mark.parametrize(("glob", "fitting", "others"), FITS, ids=[glob for glob, _, _ in FITS])
def test_globs(glob: str, fitting: list[str], others: list[str]) -> None:
    assert [path for path in fitting if not matches(PurePosixPath(path), glob)] == []
    assert [path for path in others if matches(PurePosixPath(path), glob)] == []


@given(st.text("a*?/[]!-\\.^", max_size=12), st.text("ab/.-]\\", min_size=1, max_size=12))
def test_a_glob_of_a_configuration_never_raises_when_it_is_used(glob: str, path: str) -> None:
    reader = ConfigChecker(Path("x"), "")
    try:
        reader.check_glob((), glob)
    except ConfigError:
        return
    assert matches(PurePosixPath(path), glob) in (True, False)


def test_a_long_glob_takes_linear_time() -> None:
    assert not matches(PurePosixPath("a/" * 200 + "b"), "**/" * 200 + "c")


# --- In a run. ----------------------------------------------------------------------------------------------------------------------


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, *paths: str, **overrides: object) -> Outcome:
    monkeypatch.chdir(folder)
    return lint_paths(list(paths) or ["."], Options(Overrides(**overrides)))  # type: ignore[arg-type]


@pytest.fixture
def server(tmp_path: Path) -> Path:
    """A folder with two configurations of servers that lack the slash of baseUrl."""
    for name in ("medplum.config.json", "dev/medplum.config.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(compact({"baseUrl": "https://api.example.com", "supportEmail": "a@b.example", "database": {}}))
    return tmp_path


def test_severities_targets_and_ignores_per_file(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read(
        server,
        """
        select = ["base-url-without-trailing-slash", "missing-port"]
        severity = {missing-port = {production = "warning", development = "off"}}
        [per-file."dev/**"]
        target = "development"
        severity = {base-url-without-trailing-slash = "note"}
        """,
    )
    outcome = run(server, monkeypatch)
    assert [(finding.document.uri, finding.rule, finding.severity) for finding in outcome.result.findings] == [
        ("dev/medplum.config.json", "base-url-without-trailing-slash", "note"),
        ("medplum.config.json", "missing-port", "warning"),
        ("medplum.config.json", "base-url-without-trailing-slash", "error"),
    ]
    assert (outcome.exit_code, outcome.errors) == (1, ())
    assert run(server, monkeypatch, ignore=("base-url-without-trailing-slash",)).exit_code == 0
    assert run(server, monkeypatch, ignore=("base-url-without-trailing-slash",), fail_on="warning").exit_code == 1
    assert run(server, monkeypatch, "dev", fail_on="never").exit_code == 0


def test_exclude(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read(server, "exclude = ['dev']")
    assert [file.path for file in run(server, monkeypatch).result.files] == ["medplum.config.json"]


def test_a_mistake_is_reported_once_and_nothing_is_linted(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (server / OWN_FILE).write_text("targt = 'auto'")
    outcome = run(server, monkeypatch, "medplum.config.json", "dev/medplum.config.json")
    assert outcome.errors == (f'{server}/{OWN_FILE}:1: there is no option "targt"; did you mean "target"?',)
    assert (outcome.exit_code, outcome.result.findings) == (2, ())


def test_ids_of_rules_that_do_not_exist(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read(server, '\nignore = ["missing-ports"]\n[per-file."x"]\nseverity = {missing-prt = "off"}\n')
    assert run(server, monkeypatch, ignore=("nonsense",)).errors == (
        f'{server}/{OWN_FILE}:2: there is no rule "missing-ports"; did you mean "missing-port"?',
        f'{server}/{OWN_FILE}:4: there is no rule "missing-prt"; did you mean "missing-port"?',
        'there is no rule or category "nonsense"',
    )
