"""The user's configuration: where it is found, what wins, and what is reported of mistakes in it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.helpers import compact, golden

from linter.files import Unreadable
from linter.options import config_file
from linter.options.choose import OWN_FILE, Configurations
from linter.options.config import Config, ConfigError, Overrides, Severity
from linter.options.config_file import Mistake, check_glob
from linter.options.globs import Globs
from linter.run import Options, Outcome, lint_paths


def matches(path: str | PurePosixPath, glob: str) -> bool:
    return bool(Globs([glob]).fitting(str(PurePosixPath(path))))


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
select = ["missing-host", "acme/own"]
ignore = ["missing-setting"]
rules = ["policies", "/shared/policies"]
exclude = ["build", "*.bak.json"]
target = "production"
fail-on = "warning"

[severity]
missing-host = "off"
"acme/own" = {production = "error", development = "note"}

[per-file."deploy/**"]
target = "development"
ignore = []

[per-file."deploy/prod.json"]
target = "auto"
severity = {missing-host = "note"}
"""


def test_everything_that_it_can_say(tmp_path: Path) -> None:
    own = read(tmp_path, WHOLE)
    assert own.path == tmp_path / OWN_FILE
    assert own.rules == (tmp_path / "policies", Path("/shared/policies"))
    assert own.exclude == ("build", "*.bak.json")
    severity: dict[str, Severity] = {
        "missing-host": {"production": None, "development": None},
        "acme/own": {"production": "error", "development": "note"},
    }
    assert own.general == Overrides(("missing-host", "acme/own"), ("missing-setting",), severity, "production", "warning")
    assert own.selectors == {"missing-host": 2, "acme/own": 2, "missing-setting": 3}


def test_the_settings_of_a_file_are_those_of_every_glob_that_fits_and_the_last_wins(tmp_path: Path) -> None:
    own = read(tmp_path, WHOLE)
    general = own.overrides_for(tmp_path / "other.json")
    assert general == own.general
    deployed = own.overrides_for(tmp_path / "deploy" / "dev" / "x.json")
    assert deployed == general._replace(target="development", ignore=())
    production = own.overrides_for(tmp_path / "deploy" / "prod.json")
    level: Severity = {"production": "note", "development": "note"}
    assert production == deployed._replace(target="auto", severity={**(general.severity or {}), "missing-host": level})
    assert own.overrides_for(tmp_path.parent / "deploy" / "prod.json") == general


def test_the_command_line_wins_over_both(tmp_path: Path) -> None:
    given = Overrides(ignore=("a",), target="development", fail_on="never")
    merged = given.over(read(tmp_path, WHOLE).overrides_for(tmp_path / "deploy" / "prod.json"))
    assert (merged.select, merged.ignore) == (("missing-host", "acme/own"), ("a",))
    assert (merged.target, merged.fail_on) == ("development", "never")
    assert merged.severity is not None and merged.severity["missing-host"]["production"] == "note"


def test_nothing_is_set_by_default(tmp_path: Path) -> None:
    assert read(tmp_path, "") == Config(path=tmp_path / OWN_FILE, general=Overrides(severity=None))
    assert Overrides().over(Overrides()) == Overrides(severity={})


PLACES = """\
a.b = [1, "x]", [ 'q', {z = 1.5, "w\\u0020w" = 1979-05-27 07:32:00}],
 \'\'\'two
 lines\'\'\' ] # c = 1
[t."u.v"]
k = {}
[[list]]
[list.sub]
q = 2
[[list]]
[[list.inner]]
"""


def test_each_key_has_its_line() -> None:
    """Also in what no option of ours is written as."""
    assert config_file._places(PLACES) == {
        **dict.fromkeys([(), ("a",), ("a", "b"), *(("a", "b", number) for number in range(3))], 1),
        **dict.fromkeys([("a", "b", 2, 0), ("a", "b", 2, 1), ("a", "b", 2, 1, "z"), ("a", "b", 2, 1, "w w")], 1),
        ("a", "b", 3): 2,
        ("t",): 4,
        ("t", "u.v"): 4,
        ("t", "u.v", "k"): 5,
        ("list",): 6,
        ("list", 0): 6,
        ("list", 0, "sub"): 7,
        ("list", 0, "sub", "q"): 8,
        ("list", 1): 9,
        ("list", 1, "inner"): 10,
        ("list", 1, "inner", 0): 10,
    }


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


def test_our_own_file_takes_precedence_over_the_project(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.medplum-lint]\ntarget = "production"\n')
    assert read(tmp_path, 'target = "auto"').general.target == "auto"


def test_what_is_above_a_file_is_above_it_when_it_is_reached_through_a_sibling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
    (tmp_path / "here" / OWN_FILE).write_text("exclude = ['x.json']")
    monkeypatch.chdir(tmp_path / "here")
    assert Configurations().of(Path("../there").absolute()).path is None
    assert Configurations().of(Path("../here")).fitting("exclude", Path("../here/x.json"))


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
def test_a_project_that_does_not_mention_us(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text, "pyproject.toml").path is None


# --- Mistakes. ----------------------------------------------------------------------------------------------------------------------

MISTAKES = {
    "unknown option": "ignores = []",
    "unknown option without a near one": "colour = true",
    "several texts wanted": 'select = "missing-host"',
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
    "no glob to include": "include = ['ok',\n'[z-a].json']",
    "force-exclude is no truth": "force-exclude = 'yes'",
    "extend-select is no list": "extend-select = 'tls'",
    "baseline is no file": "baseline = ''",
    "environment is no table": "environment = []",
    "an environment is no table": "[environment]\nprod = 'production'",
    "unknown option of an environment": "[environment.prod]\nseverty = {}",
    "unknown level of an environment": "[environment.prod.severity]\ntls = 'warn'",
    "fail-on cannot be set for an environment": "[environment.prod]\nfail-on = 'error'",
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


def test_a_folder_with_the_name_of_the_file_is_not_skipped(tmp_path: Path) -> None:
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
    assert [path for path in fitting if not matches(path, glob)] == []
    assert [path for path in others if matches(path, glob)] == []


@given(st.text("a*?/[]!-\\.^", max_size=12), st.text("ab/.-]\\", min_size=1, max_size=12))
def test_a_glob_of_a_configuration_never_raises_when_it_is_used(glob: str, path: str) -> None:
    try:
        check_glob((), glob)
    except Mistake:
        return
    assert matches(path, glob) in (True, False)


def test_a_long_glob_takes_linear_time() -> None:
    assert not matches("a/" * 200 + "b", "**/" * 200 + "c")


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
        select = ["missing-trailing-slash", "missing-host"]
        severity = {missing-host = {production = "warning", development = "off"}}
        [per-file."dev/**"]
        target = "development"
        severity = {missing-trailing-slash = "note"}
        """,
    )
    outcome = run(server, monkeypatch)
    assert [(finding.document.uri, finding.rule, finding.severity) for finding in outcome.result.findings] == [
        ("dev/medplum.config.json", "missing-trailing-slash", "note"),
        ("medplum.config.json", "missing-trailing-slash", "error"),
        ("medplum.config.json", "missing-host", "warning"),
    ]
    assert (outcome.exit_code, outcome.errors) == (1, ())
    assert run(server, monkeypatch, ignore=("missing-trailing-slash",)).exit_code == 0
    assert run(server, monkeypatch, ignore=("missing-trailing-slash",), fail_on="warning").exit_code == 1
    assert run(server, monkeypatch, "dev", fail_on="never").exit_code == 0


def test_exclude(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read(server, "exclude = ['dev']")
    assert [file.path for file in run(server, monkeypatch).result.files] == ["medplum.config.json"]


def test_a_mistake_is_reported_once_and_nothing_is_linted(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (server / OWN_FILE).write_text("targt = 'auto'")
    outcome = run(server, monkeypatch, "medplum.config.json", "dev/medplum.config.json")
    assert outcome.errors == (f'{OWN_FILE}:1: there is no option "targt"; did you mean "target"?',)
    assert (outcome.exit_code, outcome.result.findings) == (2, ())


def test_ids_of_rules_that_do_not_exist(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read(server, '\nignore = ["missing-hosts"]\n[per-file."x"]\nseverity = {missing-hst = "off"}\n')
    assert run(server, monkeypatch, ignore=("nonsense",)).errors == (
        f'{OWN_FILE}:2: there is no rule "missing-hosts"; did you mean "missing-host"?',
        f'{OWN_FILE}:4: there is no rule "missing-hst"; did you mean "missing-host"?',
        'there is no rule or category "nonsense"',
    )


# --- Severities of categories, and rules beside the selected ones. -------------------------------------------------------------------

SLASH = "missing-trailing-slash"


def levels(outcome: Outcome) -> dict[str, str]:
    """The severity of each finding, by rule; with the folder for those of dev."""
    assert (outcome.errors, outcome.bugs) == ((), ())
    return {f"{finding.document.uri.rpartition('/')[0]} {finding.rule}".strip(): finding.severity for finding in outcome.result.findings}


def test_the_severity_of_a_category_is_that_of_the_rules_of_it_that_are_checked(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"baseUrl": "https://api.hospital.org", "appBaseUrl": "https://app.hospital.org/?tenant=1", "supportEmail": "x", "database": {}}
    (server / "medplum.config.json").write_text(compact(wrong))
    before = levels(run(server, monkeypatch, "medplum.config.json"))
    read(server, "[severity]\nurls = 'note'\nmail = 'off'\nhardening = 'error'\ninvalid-url = 'warning'\n")
    after = levels(run(server, monkeypatch, "medplum.config.json"))
    assert (before[SLASH], before["invalid-url"], before["invalid-email"]) == ("error", "error", "error")
    assert (after[SLASH], after["invalid-url"]) == ("note", "warning")
    assert before.keys() - after.keys() == {"invalid-email"}
    assert after.keys() <= before.keys()  # what is pedantic is not made a finding by the severity of its category


def test_a_category_of_which_one_target_is_off(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (server / "dev" / "medplum.config.json").write_text(
        compact({"baseUrl": "http://localhost:8103", "database": {"password": "x-real-one"}})
    )
    read(server, "severity.secrets = 'note'\nseverity.urls = {production = 'off', development = 'warning'}")
    found = levels(run(server, monkeypatch))
    assert found[f"dev {SLASH}"] == "warning" and SLASH not in found
    assert "dev plaintext-secret" not in found  # off in development, and not switched on


def test_the_severity_of_a_mistake_in_the_text_is_that_of_the_target(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    twice = '{"baseUrl": "%s", "port": 8103, "port": 8103}'
    (server / "medplum.config.json").write_text(twice % "https://api.hospital.org/")
    (server / "dev" / "medplum.config.json").write_text(twice % "http://localhost:8103/")
    read(server, "severity.duplicate-key = {production = 'error', development = 'note'}")
    found = levels(run(server, monkeypatch))
    assert (found["duplicate-key"], found["dev duplicate-key"]) == ("error", "note")


def test_a_category_that_does_not_exist(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read(server, "[severity]\ntsl = 'note'\n")
    assert run(server, monkeypatch).errors == (f'{OWN_FILE}:2: there is no rule "tsl"; did you mean "tls"?',)


def test_rules_beside_the_selected_ones(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read(server, 'select = ["mail"]\nextend-select = ["missing-trailing-slash"]\n')
    here = "medplum.config.json"
    assert set(levels(run(server, monkeypatch, here))) == {SLASH}
    assert set(levels(run(server, monkeypatch, here, extend_select=("missing-setting",)))) >= {SLASH, "missing-setting"}
    assert set(levels(run(server, monkeypatch, here, select=("missing-setting",)))) == {"missing-setting"}
    assert set(levels(run(server, monkeypatch, here, select=("missing-setting",), extend_select=(SLASH,)))) == {"missing-setting", SLASH}


def test_a_rule_that_is_off_until_it_is_requested(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = "medplum.config.json"
    assert "disabled-audit-trail" not in levels(run(server, monkeypatch, here))
    read(server, 'extend-select = ["disabled-audit-trail"]\n')
    assert {"disabled-audit-trail", SLASH} <= set(levels(run(server, monkeypatch, here)))
    read(server, 'extend-select = ["disabled-audit-trail"]\nignore = ["hardening"]\n')
    assert "disabled-audit-trail" in levels(run(server, monkeypatch, here))
    read(server, 'extend-select = ["disabled-audit-trail"]\nignore = ["disabled-audit-trail"]\n')
    assert "disabled-audit-trail" not in levels(run(server, monkeypatch, here))


def test_what_is_added_for_a_file_is_added_to_what_is_added_for_all() -> None:
    inner, outer = Overrides(extend_select=("b",)), Overrides(select=("x",), extend_select=("a",))
    assert inner.over(outer).extend_select == ("a", "b")
    assert Overrides(select=("y",)).over(outer).extend_select is None
    assert Overrides(select=("y",), extend_select=("b",)).over(outer) == Overrides(("y",), severity={}, extend_select=("b",))


# --- Environments. ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """A folder with a dump of two environments in which the same is wrong."""
    names = [("prod", "baseUrl"), ("staging", "baseUrl")]
    given = [{"Name": f"/medplum/{one}/{name}", "Type": "String", "Value": "https://api.hospital.org"} for one, name in names]
    (tmp_path / "ssm.json").write_text(compact(given))
    return tmp_path


def in_environments(outcome: Outcome) -> dict[str, list[str]]:
    assert (outcome.errors, outcome.bugs) == ((), ())
    found: dict[str, list[str]] = {"prod": [], "staging": []}
    for finding in outcome.result.findings:
        found[finding.document.environment or ""].append(f"{finding.severity} {finding.rule}")
    return found


ENVIRONMENTS = [
    ("severity.missing-trailing-slash = 'note'", ["note missing-trailing-slash"]),
    ("severity = {urls = 'warning'}", ["warning missing-trailing-slash"]),
    ("ignore = ['missing-trailing-slash']", []),
    ("select = ['tls']", []),
    ("select = ['tls']\nextend-select = ['missing-trailing-slash']", ["error missing-trailing-slash"]),
    ("severity = {urls = {production = 'error', development = 'note'}}\ntarget = 'development'", ["note missing-trailing-slash"]),
]


@pytest.mark.parametrize(("options", "staging"), ENVIRONMENTS)
def test_options_for_an_environment(dump: Path, monkeypatch: pytest.MonkeyPatch, options: str, staging: list[str]) -> None:
    read(dump, f"select = ['{SLASH}', 'tls']\n[per-file.'*']\nseverity.urls = 'error'\n[environment.staging]\n{options}\n")
    found = in_environments(run(dump, monkeypatch, "ssm.json"))
    assert found["prod"] == [f"error {SLASH}"]
    assert found["staging"] == staging


def test_the_command_line_wins_over_an_environment(dump: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read(dump, "[environment.staging]\nselect = ['tls']\ntarget = 'development'\n")
    found = in_environments(run(dump, monkeypatch, "ssm.json", select=(SLASH,), target="production"))
    assert found == {"prod": [f"error {SLASH}"], "staging": [f"error {SLASH}"]}


def test_an_environment_with_no_rule_left(dump: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read(dump, "[environment.staging]\nselect = ['urls']\nignore = ['urls']\n")
    error = "no rule is left to check in environment staging: every selected rule is also ignored"
    assert run(dump, monkeypatch, "ssm.json").errors == (f"{OWN_FILE}: {error}",)


def test_rules_that_an_environment_switches_off_are_reported(dump: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read(dump, f"[environment.staging]\nignore = ['{SLASH}']\n")
    [configuration] = run(dump, monkeypatch, "ssm.json").result.configurations
    assert configuration.rules_off == (SLASH,)


# --- What a search takes. -----------------------------------------------------------------------------------------------------------


def taken(outcome: Outcome) -> list[str]:
    assert outcome.errors == ()
    return [file.path for file in outcome.result.files]


@pytest.mark.parametrize(
    ("include", "path"),
    [
        ("settings.json", "a/settings.json"),
        ("a/*.json", "a/settings.json"),
        (".deploy/*.json", ".deploy/settings.json"),
        (".deploy/x/settings.json", ".deploy/x/settings.json"),
        ("node_modules/ours/", "node_modules/ours/settings.json"),
        ("./a/settings.conf", "a/settings.conf"),
    ],
)
def test_what_is_included(server: Path, monkeypatch: pytest.MonkeyPatch, include: str, path: str) -> None:
    (server / path).parent.mkdir(parents=True, exist_ok=True)
    (server / path).write_text((server / "medplum.config.json").read_text())
    before = ["dev/medplum.config.json", "medplum.config.json"]
    assert taken(run(server, monkeypatch)) == before
    read(server, f"include = ['{include}']")
    outcome = run(server, monkeypatch)
    assert taken(outcome) == sorted([*before, path]) and outcome.result.notices == ()
    read(server, f"include = ['{include}']\nexclude = ['{path}']")
    assert taken(run(server, monkeypatch)) == before


def test_an_included_file_that_is_not_a_configuration_is_reported(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (server / "settings.txt").write_text("hello")
    read(server, "include = ['settings.txt']")
    outcome = run(server, monkeypatch)
    [file] = [file for file in outcome.result.files if file.path == "settings.txt"]
    assert file.status == "ignored" and file.note and outcome.errors == ()


def test_hidden_folders_are_searched_only_if_named(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (server / ".git").mkdir()
    (server / ".git" / "settings.json").write_text((server / "medplum.config.json").read_text())
    read(server, "include = ['**/settings.json', '*/settings.json']")
    assert taken(run(server, monkeypatch)) == ["dev/medplum.config.json", "medplum.config.json"]


CONTENT = [
    ("config/prod.json", True),
    ("config/eu/prod.json", True),
    ("config/eu/west/prod.json", False),
    ("ssm/prod.yaml", True),
    ("deploy/medplum/prod.json", True),
    ("configs/prod.json", False),
    ("config/prod.txt", False),
]


@pytest.mark.parametrize(("path", "found"), CONTENT)
def test_in_some_folders_a_search_goes_by_content(server: Path, monkeypatch: pytest.MonkeyPatch, path: str, found: bool) -> None:
    (server / path).parent.mkdir(parents=True)
    ours = {
        "baseUrl": "https://api.hospital.org",
        "signingKeyId": "a",
        "storageBaseUrl": "https://s.hospital.org",
        "supportEmail": "a@b.org",
    }
    (server / path).write_text(compact([{"Name": "/medplum/p/baseUrl", "Value": "x"}]) if path.startswith("ssm") else compact(ours))
    assert (path in taken(run(server, monkeypatch))) is found
    for arguments in ((path.partition("/")[0],), (str(Path(path).parent),)):
        monkeypatch.chdir(server)
        outcome = lint_paths(list(arguments), Options())
        assert (path in [file.path for file in outcome.result.files]) is found


FOREIGN = {
    "of another program": compact({"port": 3000, "database": {"host": "x"}, "redis": {"host": "y"}, "logLevel": "info"}),
    "broken": '{"baseUrl": "x", "signingKeyId"',
    "of the app": compact({"baseUrl": "https://a.example", "clientId": "x"}),
    "a list": "[1, 2]",
    "YAML": "a: b\nc: [",
    "empty": "",
    "bytes": "\0\1\2",
    "a dump of something else": compact([{"Name": "/acme/x", "Type": "String", "Value": "y"}]),
    "bots": compact({"bots": [], "baseUrl": "x"}),
}


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("kind", [None, "server/json", "server/ssm"])
def test_what_others_keep_in_such_folders_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: str | None
) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "default.json").write_text(FOREIGN[name])
    monkeypatch.chdir(tmp_path)
    outcome = lint_paths(["."], Options(kind=kind))
    assert outcome.result.files == () and outcome.bugs == ()


def test_a_search_that_finds_nothing_says_what_it_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "default.json").write_text("{}")
    [nothing_recognised] = run(tmp_path, monkeypatch).errors
    (tmp_path / "config" / "default.json").unlink()
    [nothing_found] = run(tmp_path, monkeypatch).errors
    for error in (nothing_recognised, nothing_found):
        assert "*.config.json" in error and "Dockerfile.*" in error and "config, medplum or ssm" in error and '"include"' in error


# --- What is excluded though it is named. --------------------------------------------------------------------------------------------


def test_force_exclude(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = "dev/medplum.config.json"
    read(server, "exclude = ['dev']")
    assert taken(run(server, monkeypatch, named)) == [named]
    monkeypatch.chdir(server)
    by_option = lint_paths([named], Options(force_exclude=True))
    read(server, "exclude = ['dev']\nforce-exclude = true")
    for outcome in (by_option, run(server, monkeypatch, named)):
        assert (outcome.exit_code, taken(outcome)) == (0, [])
        assert [one.excluded for one in outcome.result.configurations] == [1]
    assert taken(run(server, monkeypatch, named, "medplum.config.json")) == ["medplum.config.json"]


# --- Patterns that fit nothing. -----------------------------------------------------------------------------------------------------

PATTERNS = """\
exclude = ["old/**", "node_modules",
           'dev']
include = ["*.conf"]
per-file."a*.json".ignore = []
per-file."medplum.*".ignore = []
[environment.prod]
ignore = ["urls"]
"""


def test_patterns_that_match_nothing_are_noted_after_a_full_search(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (server / "node_modules").mkdir()
    read(server, PATTERNS)
    expected = [
        (1, 'exclude "old/**" matches nothing that a search finds: correct it, or delete it'),
        (3, 'include "*.conf" matches no file: correct it, or delete it'),
        (4, 'per-file "a*.json" matches no file that was checked: correct it, or delete it'),
        (6, 'environment "prod" matches no configuration that was checked: correct its name, or delete the table'),
    ]
    found = run(server, monkeypatch).result.notices
    assert [(one.line, one.message) for one in found] == expected
    assert {(one.kind, one.path) for one in found} == {("unused-pattern", OWN_FILE)}
    for paths in (["dev"], ["medplum.config.json"], ["dev", "medplum.config.json"]):
        assert run(server, monkeypatch, *paths).result.notices == ()
