"""``python -m tools.release``: its parts on what is made up, and the whole on a server that is made of what the catalogue says."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from support.checkout import ROOT, missing, offline

sys.path.insert(0, str(ROOT / "tools"))

from release import checkout, loader, probes, rows  # noqa: E402
from release.__main__ import main  # noqa: E402
from release.difference import coercion_field, differences, with_step  # noqa: E402
from release.members import members  # noqa: E402
from release.probes import COERCIONS, TEXTS, Observed, Read, classify, read, reads_of, same  # noqa: E402

from linter.model import ABSENT, dotted
from linter.release import MAIN, NEWEST, ByRelease, Release
from linter.server.defaults import with_defaults
from linter.server.loader import SECRETS, Stop, coercion_of, converted
from linter.settings import catalogue
from linter.settings.env_names import sections, setting_of, variable_of
from linter.settings.releases import RELEASES

NEXT = Release((*NEWEST[:2], NEWEST[2] + 1))


# --- what becomes of the probes ---------------------------------------------------------------------------------------------------------


def held_by(coercion: str) -> list[Any]:
    values = [converted(text, coercion) for text in TEXTS]
    return [ABSENT if isinstance(value, Stop) else value for value in values]


@pytest.mark.parametrize("coercion", [one for one in COERCIONS if one != "secret"])
def test_a_coercion_is_recognised_by_its_results(coercion: str) -> None:
    assert classify(held_by(coercion), ABSENT) == coercion


def test_a_number_may_come_out_whole() -> None:
    assert classify([8127, float("nan"), 12.5, float("nan"), float("nan")], ABSENT) == "number"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (True, 1),
        (0, False),
        (1, "1"),
        (None, 0),
        (ABSENT, None),
        ([1], [True]),
        ([1], [1, 1]),
        ({"a": 1}, {"b": 1}),
        ({"a": 0}, {"a": False}),
    ],
)
def test_values_that_are_not_the_same(one: Any, other: Any) -> None:
    assert not same(one, other) and same(one, one) and same(other, other)


def test_a_default_may_stand_for_what_is_false() -> None:
    held = [8127, 8103, 12, 8103, 8103]  # a port, for which the server uses its default if the text is not a number
    assert classify(held, 8103) == "integer"
    assert classify(held, 80).startswith("like no other: '8127' is 8127, 'true' is 8103")


def test_a_value_may_be_merged_with_its_default() -> None:
    default = {"concurrency": 20}
    spread = [{**default, **{str(place): one for place, one in enumerate(text)}} for text in TEXTS]
    assert classify(spread, default) == "none"


def test_what_no_coercion_makes_is_said_in_words() -> None:
    assert classify([8127, ABSENT, 12.5, ABSENT, ABSENT], ABSENT) == (
        "like no other: '8127' is 8127, 'true' is a stop, '12.5abc' is 12.5, '{\"a\":1}' is a stop, 'a, b' is a stop"
    )


def outcomes(at: Callable[[Any], Mapping[str, Any]], coercion: str) -> list[Mapping[str, Any]]:
    return [{"error": "SyntaxError: no JSON"} if value is ABSENT else {"config": at(value)} for value in held_by(coercion)]


@pytest.mark.parametrize("coercion", ["none", "integer", "boolean", "object", "csv"])
def test_a_value_is_found_where_it_should_be_and_elsewhere(coercion: str) -> None:
    made = outcomes(lambda value: {"baseUrl": "x", "a": {"b": value}}, coercion)
    assert read(made, {"baseUrl": "x"}, ("a", "b")) == Read(coercion, ("a", "b"))
    assert read(made, {"baseUrl": "x"}, ("aB",)) == Read(coercion, ("a", "b"))


def test_a_switch_that_is_off_by_default_is_found_by_the_text_that_turns_it_on() -> None:
    made = outcomes(lambda value: {"on": value}, "boolean")
    assert read(made, {"on": False}, ("on",)) == Read("boolean", ("on",))
    assert read(made, {"on": True}, ("elsewhere",)) == Read("boolean", ("on",))


def test_a_text_that_changes_nothing() -> None:
    assert read([{"config": {"baseUrl": "x"}}] * len(TEXTS), {"baseUrl": "x"}, ("a",)) == Read("nothing", ())


# --- the type ---------------------------------------------------------------------------------------------------------------------------

TYPES = """
import type { Elsewhere } from 'elsewhere'; // interface Wrong { x: string }
/** interface MedplumServerConfig { wrong: string; } */
export interface MedplumServerConfig {
  readonly port: number;
  name?: string; // 'x: number;'
  level: 'low' | 'high';
  on?: boolean | undefined;
  nested: Named;
  partly?: Partial<Named>;
  inline: { a: string; 'b'?: number };
  keyed?: { [key: string]: Named };
  recorded: Record<string, Named>;
  list: ('a' | 'b')[];
  others?: readonly Other[];
  again: Array<Other>;
  far: Elsewhere;
  path: Elsewhere['x'];
  readonly?: string;
  url: 'https://one' | "two;";
  choose: (one: string) => void;
}
interface Base { base: string }
interface Named extends Base, Elsewhere { own: Alias; self?: Named }
interface Other { issuer: string; nested?: { deep: boolean } }
type Alias = number | 'x';
"""


def test_the_members_of_a_type() -> None:
    assert members([TYPES]) == {
        "port": "integer",
        "name": "string",
        "level": "string",
        "on": "boolean",
        "nested": "object",
        "nested.base": "string",
        "nested.own": "integer",
        "nested.self": "object",
        "partly": "object",
        "partly.base": "string",
        "partly.own": "integer",
        "partly.self": "object",
        "inline": "object",
        "inline.a": "string",
        "inline.b": "integer",
        "keyed": "object",
        "recorded": "object",
        "list": "array",
        "others": "array",
        "others.*": "object",
        "others.*.issuer": "string",
        "others.*.nested": "object",
        "others.*.nested.deep": "boolean",
        "again": "array",
        "again.*": "object",
        "again.*.issuer": "string",
        "again.*.nested": "object",
        "again.*.nested.deep": "boolean",
        "far": "object",
        "path": "object",
        "readonly": "string",
        "url": "string",
        "choose": "object",
    }


def test_a_type_that_is_not_there_or_not_whole() -> None:
    assert members([]) == members(["interface Other { a: string }"]) == members(["interface MedplumServerConfig"]) == {}
    assert members(["interface MedplumServerConfig { a: string; b: {"]) == {}


# --- the difference ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def all_is_known(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue that knows how every text is read: the behaviour of a server is never unknown."""
    if "unknown" in request.node.name:
        return
    for name in catalogue().names():
        setting = catalogue().get(tuple(name.split(".")))
        for by in ("ssm_coercion", "env_coercion"):
            if "unknown" in getattr(setting, by).values:
                monkeypatch.setitem(vars(setting), by, ByRelease("none"))


def as_catalogued(release: Release) -> tuple[Observed, dict[str, str]]:
    """The behaviour of a server, and its type names, all of them in the catalogue."""
    known = catalogue()
    settings = {name: setting for name in known.names() if (setting := known.get(tuple(name.split(".")))) is not None}
    typed = {name: [*setting.types, "object"][0] for name, setting in settings.items() if setting.is_read_by(release)}
    paths = [tuple(name.split(".")) for name in settings if "*" not in name]
    secrets = {name: SECRETS[name] for name in typed if name in SECRETS}
    ssm = {".".join(path): Read(coercion_of(path, "ssm_coercion", release), path) for path in paths}
    landed = {path: setting_of(variable_of(path), release) for path in paths}
    env = {".".join(path): Read(coercion_of(at, "env_coercion", release), at) for path, at in landed.items()}
    defaults = with_defaults({"baseUrl": probes.BASE["baseUrl"]}, release)
    kept = {name: [with_defaults({**probes.BASE, name: empty}, release)[name] for empty in probes.EMPTIES] for name in defaults}
    replaced = {
        name: tuple(empty for empty, value in zip(probes.EMPTIES, values, strict=True) if not same(empty, value))
        for name, values in kept.items()
        if name not in probes.BASE
    }
    starts = {argument: reads_of(argument, release) for argument in probes.ARGUMENTS}
    return Observed(ssm, env, sections(release), secrets, defaults, replaced, starts), typed


def said(observed: Observed, typed: Mapping[str, str], release: Release = NEWEST) -> list[tuple[str, ...]]:
    return [tuple(map(in_general, one)) for one in differences(observed, typed, release)]


def in_general(text: str) -> str:
    """A text that stays as it is when there is a newer release."""
    numbers = ", ".join(map(str, tuple(NEWEST)))
    return text.replace(str(NEWEST), "NEWEST").replace(str(RELEASES[-2]), "BEFORE").replace(numbers, "NEWEST")


@pytest.mark.parametrize("text", ["4.1.0", "4.1.12", "4.3.14", "5.0.5", "5.1.15", "5.1.23", "main"])
def test_no_difference(text: str) -> None:
    observed, typed = as_catalogued(Release.of(text))
    assert said(observed, typed, Release.of(text)) == []


def test_a_text_that_is_read_otherwise() -> None:
    observed, typed = as_catalogued(NEWEST)
    ssm = {**observed.ssm, "supportEmail": Read("csv", ("supportEmail",)), "queer": Read("integer", ("queer",))}
    env = {**observed.env, "database.port": Read("none", ("database", "port")), "port": Read("like no other: …", ("port",))}
    assert said(observed._replace(ssm=ssm, env=env), typed) == [
        ("how texts are read", "supportEmail: a parameter is csv, and not none", "supportEmail:\n  coercion: {ssm: {NEWEST: csv}}"),
        ("how texts are read", "queer: a parameter is integer, and not none", "queer:\n  coercion: {ssm: {NEWEST: integer}}"),
        ("how texts are read", "port: a variable is like no other: …, and not integer", ""),
        (
            "how texts are read",
            "database.port: a variable is none, and not integer",
            "database.port:\n  coercion: {ssm: {4.3.5: integer}, env: {3.0.0: integer, NEWEST: none}}",
        ),
    ]


def test_a_new_section_says_where_its_variables_land() -> None:
    observed, typed = as_catalogued(NEWEST)
    env = {**observed.env, "workers.enabled": Read("object", ("lost",))}
    found = observed._replace(sections={**observed.sections, "MAIL_IN_": ("mail", "in")}, env=env)
    assert said(found, typed) == [
        ("linter/settings/env_names.py", "MEDPLUM_MAIL_IN_… goes into mail.in", '"MAIL_IN_": (Release((NEWEST)), ("mail", "in",)),'),
        ("where variables land", "MEDPLUM_WORKERS_ENABLED lands on lost, and not on workers.enabled", ""),
        ("how texts are read", "lost: a variable is object, and not none", "lost:\n  coercion: {env: {NEWEST: object}}"),
    ]


def test_a_removed_section() -> None:
    observed, typed = as_catalogued(NEWEST)
    kept = {prefix: path for prefix, path in observed.sections.items() if prefix != "WORKERS_"}
    names = ("workers.enabled", "workers.bullmq")
    env = {**observed.env, **{name: Read("none", ("workers" + name[8:].capitalize(),)) for name in names}}
    env = {name: seen for name, seen in env.items() if not name.startswith("workers.bullmq.")}
    assert said(observed._replace(sections=kept, env=env), typed) == [
        ("linter/settings/env_names.py", "MEDPLUM_WORKERS_… does not go into workers", "")
    ]


def test_how_an_unknown_text_is_read_is_found_out() -> None:
    observed, typed = as_catalogued(NEWEST)
    ssm = {**observed.ssm, "database.idleTimeoutMs": Read("integer", ("database", "idleTimeoutMs"))}
    [(_, what, line)] = said(observed._replace(ssm=ssm), typed)
    assert what == "database.idleTimeoutMs: a parameter is integer, and not unknown"
    assert line == "database.idleTimeoutMs:\n  coercion: {ssm: {5.1.28: unknown, NEWEST: integer}, env: {5.1.28: unknown}}"


def test_names_that_came_and_went() -> None:
    observed, typed = as_catalogued(MAIN)
    del typed["supportEmail"], typed["database.host"]
    typed.update(newOne="boolean", storeBotInput="boolean", chainedSearchWithReferenceTables="boolean")
    typed["readonlyDatabase.runMigrations"] = "boolean"
    ssm = {**observed.ssm, "newOne": Read("boolean", ("newOne",))}
    found = observed._replace(ssm=ssm, env={**observed.env, "newOne": Read("none", ("newOne",))})
    group = "names of the type MedplumServerConfig"
    assert said(found, typed, MAIN) == [
        (
            group,
            "newOne is not in the catalogue",
            "newOne:\n  type: boolean\n  coercion: {ssm: {main: boolean}}\n  first: main\n  meaning: …",
        ),
        (
            group,
            "chainedSearchWithReferenceTables is in the type, though the catalogue has first: 3.0.12 and last: 3.3.0",
            "chainedSearchWithReferenceTables:\n  (without last)",
        ),
        (group, "supportEmail is not in the type", "supportEmail:\n  last: NEWEST"),
        (group, "database.host is not in the type", "database.host:\n  last: NEWEST"),
    ]


def test_what_the_main_branch_had_before_a_release() -> None:
    observed, typed = as_catalogued(MAIN)
    lines = [line for _, _, line in said(observed, typed, NEXT)]
    assert lines[0] == f"{NEXT} and its day"
    of_main = [name for name in typed if (setting := catalogue().get(tuple(name.split(".")))) is not None and setting.first == MAIN]
    assert {f"{name}:\n  first: {NEXT}" for name in of_main} <= set(lines)
    assert not any("real_default" in line for line in lines)


def test_defaults_that_changed() -> None:
    observed, typed = as_catalogued(NEWEST)
    defaults = {**observed.defaults, "port": 80, "newOne": 7, "bullmq": {"concurrency": 1}}
    del defaults["awsRegion"]
    found = observed._replace(defaults=defaults, empties={**observed.empties, "maxSearchOffset": (None, 0), "maxJsonSize": (None,)})
    assert said(found, typed) == [
        ("defaults", "port is filled in with another value: 80", "port:\n  real_default: {3.0.0: 8103, NEWEST: 80}"),
        (
            "defaults",
            'bullmq is filled in with another value: {"concurrency": 1}',
            'bullmq:\n  real_default: {3.0.0: {"concurrency": 10, "removeOnComplete": {"count": 1}, "removeOnFail": {"count": 1}}, '
            '4.1.0: {"concurrency": 20, "removeOnComplete": {"count": 1}, "removeOnFail": {"count": 1}}, NEWEST: {"concurrency": 1}}',
        ),
        ("defaults", "newOne is filled in with a default that linter/server/defaults.py lacks: 7", "newOne:\n  real_default: 7"),
        ("defaults", 'awsRegion is not filled in, though linter/server/defaults.py says "us-east-1"', ""),
        ("defaults", 'the default of maxJsonSize replaces null, and not null and false and 0 and ""', WHICH),
        ("defaults", "the default of maxSearchOffset replaces null and 0, and not null", WHICH),
    ]


WHICH = "_FOR_EMPTY or _FOR_NULL in linter/server/defaults.py"


def test_a_start_argument_that_is_read_otherwise() -> None:
    observed, typed = as_catalogued(NEWEST)
    starts = {**observed.starts, "gcp:a": ("gcp a",), "env, env": ("env", "env")}
    assert said(observed._replace(starts=starts), typed) == [
        ("start arguments", "'gcp:a' reads gcp a, and not (stop)", "linter/server/start.py"),
        ("start arguments", "'env, env' reads env, env, and not env, (stop)", "linter/server/start.py"),
    ]


def test_a_secret_that_fills_a_section() -> None:
    observed, typed = as_catalogued(NEWEST)
    secrets = {**observed.secrets, "MailSecrets": "smtp", "RedisSecrets": "cacheRedis"}
    del secrets["CacheRedisSecrets"]
    group = "parameters that name a secret"
    assert said(observed._replace(secrets=secrets), typed) == [
        (group, "RedisSecrets fills cacheRedis", 'SECRETS of linter/server/loader.py: "RedisSecrets": "cacheRedis",'),
        (group, "MailSecrets fills smtp", 'SECRETS of linter/server/loader.py: "MailSecrets": "smtp",'),
        (group, "MailSecrets is read", "MailSecrets:\n  coercion: {ssm: secret}\n  first: NEWEST"),
        (group, "CacheRedisSecrets fetches no secret any more", "CacheRedisSecrets:\n  last: BEFORE"),
    ]


@pytest.mark.parametrize(
    ("steps", "release", "value", "wanted"),
    [
        ({}, str(NEXT), "integer", {str(NEXT): "integer"}),
        ({str(NEXT): "integer"}, str(NEXT), "none", {}),
        ({"main": "boolean"}, str(NEXT), "boolean", {str(NEXT): "boolean"}),
        ({"4.3.5": "integer"}, str(NEXT), "none", {"4.3.5": "integer", str(NEXT): "none"}),
        ({"4.3.5": "integer"}, "4.3.4", "csv", {"4.3.4": "csv", "4.3.5": "integer"}),
        ({"4.3.5": "integer"}, "4.3.2", "csv", {"4.3.2": "csv", "4.3.3": "none", "4.3.5": "integer"}),
        ({"4.3.5": "integer"}, "5.1.22", "csv", {"4.3.5": "integer", "5.1.22": "csv", "5.1.23": "integer"}),
    ],
)
def test_a_step_goes_where_it_belongs(steps: dict[str, str], release: str, value: str, wanted: dict[str, str]) -> None:
    assert with_step(ByRelease("none", steps), Release.of(release), value).steps == wanted


@pytest.mark.parametrize(
    ("ssm", "env", "field"),
    [
        (ByRelease("none"), ByRelease("none"), ""),
        (ByRelease("integer"), ByRelease("integer"), "coercion: integer"),
        (ByRelease("integer"), ByRelease("none"), "coercion: {ssm: integer}"),
        (ByRelease("none", {"4.3.5": "csv"}), ByRelease("none", {"4.3.5": "csv"}), "coercion: {4.3.5: csv}"),
        (ByRelease("integer"), ByRelease("none", {"5.1.1": "csv"}), "coercion: {ssm: integer, env: {5.1.1: csv}}"),
        (ByRelease("integer", {"main": "none"}), ByRelease("none"), "coercion: {ssm: {3.0.0: integer, main: none}}"),
    ],
)
def test_the_field_is_as_the_catalogue_has_it(ssm: ByRelease[str], env: ByRelease[str], field: str) -> None:
    assert coercion_field(ssm, env) == field


# --- the whole --------------------------------------------------------------------------------------------------------------------------


def made_up(folder: Path, release: Release, **changed: Any) -> Path:
    """A checkout of a server that does what the catalogue says of a release, but for the tables that are changed."""
    observed, typed = as_catalogued(release)
    tables: dict[str, Any] = {
        "parameters": {name: seen.coercion for name, seen in observed.ssm.items() if seen.coercion != "none"},
        "variables": {dotted(seen.landed): seen.coercion for seen in observed.env.values() if seen.coercion != "none"},
        "sections": {prefix: dotted(path) for prefix, path in observed.sections.items()},
        "secrets": dict(observed.secrets),
        "defaults": [[name, value, len(observed.empties.get(name, (0, 0))) > 1] for name, value in observed.defaults.items()],
        "typed": typed,
    }
    for name, change in changed.items():
        change(tables[name])
    types = tables.pop("typed")
    server, core = folder / "packages/server", folder / "packages/core"
    for place, text in {
        server / "package.json": json.dumps({"version": str(release)}),
        server / "src/config/types.ts": f"export interface MedplumServerConfig {_declared(types)}",
        server / "src/config/utils.ts": f"export const tables: any = {json.dumps(tables)};\nexport const words = [{_quoted(tables)}];\n",
        server / "src/config/loader.ts": (ROOT / "tests/data/made-up-loader.ts").read_text(encoding="utf-8"),
        core / "package.json": json.dumps({"name": "@medplum/core", "sideEffects": False}),
        core / "src/index.ts": "export * from './words';\n",
        core / "src/words.ts": "export const camel = (text: string): string =>\n"
        "  text.toLowerCase().replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());\n",
    }.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return folder


def _quoted(tables: Mapping[str, Any]) -> str:
    names = [*tables["parameters"], *tables["variables"], *tables["sections"], *tables["secrets"]]
    return ", ".join(f"'{name}'" for name in names)


def _declared(typed: Mapping[str, str]) -> str:
    """The body of a type that has these names."""
    words = {"integer": "number", "string": "string", "boolean": "boolean", "array": "unknown[]"}
    beneath: dict[str, dict[str, str]] = {}
    for name, type_ in typed.items():
        first, _, rest = name.partition(".")
        beneath.setdefault(first, {}).update({rest: type_} if rest else {})
    lines = []
    for first, inner in beneath.items():
        of_items = {name[2:]: type_ for name, type_ in inner.items() if name.startswith("*.")}
        own = {name: type_ for name, type_ in inner.items() if name[0] != "*"}
        body = f"{_declared(of_items)}[]" if of_items else _declared(own) if own else words.get(typed.get(first, ""), "object")
        lines.append(f"{first}?: {body};")
    return f"{{ {' '.join(lines)} }}"


needs_node = pytest.mark.usefixtures("node")


@pytest.fixture
def node() -> None:
    if shutil.which("node") is None or shutil.which("npm") is None:
        missing("there is no Node.js, or no npm")


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str]:
    status = main([str(one) for one in arguments])
    printed = capsys.readouterr()
    if status == 2 and "npm cannot install" in printed.err:
        offline(printed.err)
    return status, printed.out + printed.err


@pytest.mark.slow
@needs_node
def test_a_server_that_does_what_the_catalogue_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = made_up(tmp_path, NEWEST)
    assert run(capsys, folder) == (0, f"{folder}, taken for {NEWEST}: as the catalogue says\n")


@pytest.mark.slow
@needs_node
def test_a_server_that_does_otherwise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = made_up(
        tmp_path,
        NEWEST,
        parameters=lambda table: table.update(supportEmail="csv"),
        variables=lambda table: table.pop("bullmq.concurrency"),
        sections=lambda table: table.update(MAIL_="mail"),
        secrets=lambda table: table.update(MailSecrets="mail"),
        defaults=lambda table: table.append(["newOne", 7, False]),
        typed=lambda table: table.update({"mail": "object", "mail.host": "string"}),
    )
    status, printed = run(capsys, folder)
    assert (status, in_general(printed)) == (1, f"{folder}, taken for NEWEST: 8 differences from the catalogue\n{OTHERWISE}")


OTHERWISE = """
linter/settings/env_names.py
  MEDPLUM_MAIL_… goes into mail
      "MAIL_": (Release((NEWEST)), ("mail",)),

parameters that name a secret
  MailSecrets fills mail
      SECRETS of linter/server/loader.py: "MailSecrets": "mail",
  MailSecrets is read
      MailSecrets:
        coercion: {ssm: secret}
        first: NEWEST

names of the type MedplumServerConfig
  mail is not in the catalogue
      mail:
        type: object
        first: NEWEST
        meaning: …
  mail.host is not in the catalogue
      mail.host:
        type: string
        first: NEWEST
        meaning: …

how texts are read
  supportEmail: a parameter is csv, and not none
      supportEmail:
        coercion: {ssm: {NEWEST: csv}}
  bullmq.concurrency: a variable is none, and not integer
      bullmq.concurrency:
        coercion: {ssm: {4.3.5: integer}, env: {5.1.1: integer, NEWEST: none}}

defaults
  newOne is filled in with a default that linter/server/defaults.py lacks: 7
      newOne:
        real_default: 7
"""


@pytest.mark.slow
@needs_node
def test_a_revision_of_a_git_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if shutil.which("git") is None:
        missing("there is no git")
    folder = made_up(tmp_path, NEWEST)
    git = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@y.test"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *words], check=True)
    shutil.rmtree(folder / "packages")
    assert run(capsys, folder, "--revision", "HEAD") == (0, f"{folder} at HEAD, taken for {NEWEST}: as the catalogue says\n")


@pytest.mark.slow
@needs_node
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("export function loadConfig( {", "the loader cannot be bundled: "),
        ("throw new Error('broken');", "the bundled loader does not run: Error: broken"),
        (
            "export const loadConfig = async () => { throw new Error('no key'); };",
            "the loader stops at a configuration with nothing but baseUrl",
        ),
    ],
)
def test_a_loader_that_cannot_be_run(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, wanted: str) -> None:
    folder = made_up(tmp_path, NEWEST)
    (folder / "packages/server/src/config/loader.ts").write_text(text, encoding="utf-8")
    status, printed = run(capsys, folder)
    assert (status, printed.startswith(f"tools.release: {wanted}")) == (2, True), printed


# --- bad input --------------------------------------------------------------------------------------------------------------------------


def refused(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    status, printed = run(capsys, *arguments)
    assert status == 2
    return printed


def test_a_folder_that_is_not_a_checkout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere, no_core = tmp_path / "nowhere", tmp_path / "no-core"
    made_up(no_core, NEWEST)
    shutil.rmtree(no_core / "packages/core")
    files = "packages/server/src/config/loader.ts nor packages/server/src/config.ts"
    assert refused(capsys, nowhere) == f"tools.release: {nowhere}: there is no such folder\n"
    assert refused(capsys, tmp_path) == f"tools.release: {tmp_path}: is no checkout of Medplum, for it has neither {files}\n"
    assert refused(capsys, no_core) == f"tools.release: {no_core}: lacks packages/core/src/index.ts, which the loader needs\n"
    (tmp_path / "objects").mkdir()
    assert refused(capsys, tmp_path).endswith("; of a git directory say which --revision\n")


def test_a_checkout_that_names_no_version_or_has_no_type(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = made_up(tmp_path, NEWEST)
    (folder / "packages/server/src/config/types.ts").write_text("", encoding="utf-8")
    assert refused(capsys, folder).endswith("there is no type MedplumServerConfig beside it\n")
    (folder / "packages/server/package.json").write_text('{"version": "next"}', encoding="utf-8")
    assert refused(capsys, folder).endswith(f"package.json: names no version; say --release {NEWEST} or --release main\n")


def test_a_revision_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if shutil.which("git") is None:
        missing("there is no git")
    assert refused(capsys, tmp_path / "nowhere", "--revision", "x") == f"tools.release: {tmp_path / 'nowhere'}: there is no such folder\n"
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    assert refused(capsys, tmp_path, "--revision=--x").startswith(f"tools.release: {tmp_path}: has no revision --x (")


@pytest.mark.parametrize("program", ["node", "npm", "git"])
def test_a_program_that_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    folder = made_up(tmp_path / "server", NEWEST)
    empty = tmp_path / "bin"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    monkeypatch.setattr(shutil, "which", lambda name: None if name == program else name)
    more = ["--revision", "x"] if program == "git" else []
    assert refused(capsys, folder, *more).startswith(f"tools.release: {program} is not found")


def test_an_invalid_release(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["x", "--release", "5.1"])
    assert stopped.value.code == 2
    assert "'5.1' is no release of the server: give three numbers, or main" in capsys.readouterr().err
    assert (checkout.parse("5.1.99"), checkout.parse("main")) == (Release((5, 1, 99)), MAIN)


@pytest.mark.parametrize(
    ("stderr", "told"),
    [
        ("", "it does not say why"),
        ("one\n\nlast\n", "last"),
        ("x.cjs:3\nthrow new Error('broken');\n^\n\nError: broken\n    at x.cjs:3\n\nNode.js v20\n", "Error: broken"),
        ("✘ [ERROR] Could not resolve\n\n  x.ts:1\n1 error\n", "✘ [ERROR] Could not resolve"),
        (
            "npm error code ENOTFOUND\nnpm error errno ENOTFOUND\nnpm error network request failed\nnpm error more\n",
            "npm error network request failed",
        ),
    ],
)
def test_the_most_telling_line_of_an_error_is_shown(stderr: str, told: str) -> None:
    assert loader._complaint(stderr) == told


# --- A release that the catalogue lacks -------------------------------------------------------------------------------------------------


def test_unambiguous_changes_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table here is a made-up one, in which each release has its place whatever the real one has by now."""
    table = "5.1.1 2026-02-27  5.1.23 2026-07-01\n5.2.0 2026-10-02  5.2.4 2026-10-30  5.2.13 2026-10-30\n"
    words = table.split()
    monkeypatch.setattr(rows, "DATES", {Release.of(release): day for release, day in zip(words[::2], words[1::2], strict=True)})
    monkeypatch.setattr(rows, "LAST_READ", Release.of("5.1.23"))
    monkeypatch.setattr(rows, "NEWEST", Release.of("5.2.13"))
    lines = [
        "v5.2.14 2099-01-02",
        "5.2.13 2099-01-02",
        "v5.1.1 2026-02-27",
        "v5.2.5 2026-10-10",
        "4.1.19 2026-11-01",
        "v6.0.0-beta 2099-01-01",
        "$(x)",
    ]
    new = rows.lacking(lines)
    assert new == {
        Release.of("5.2.5"): "2026-10-10",
        Release.of("5.2.14"): "2099-01-02",
    }  # 4.1.19 is before what was read, and for a person
    names, releases = tmp_path / "linter/release.py", tmp_path / "linter/settings/releases.py"
    releases.parent.mkdir(parents=True)
    names.write_text((ROOT / "linter/release.py").read_text(encoding="utf-8"), encoding="utf-8")
    before = rows._TABLE.sub(table, (ROOT / "linter/settings/releases.py").read_text(encoding="utf-8"))
    releases.write_text(before, encoding="utf-8")
    rows.write(new, tmp_path)
    assert "NEWEST: Final = Release((5, 2, 14))" in names.read_text(encoding="utf-8").splitlines()
    longer = table.replace("5.2.13", "5.2.5 2026-10-10  5.2.13").replace("30\n", "30  5.2.14 2099-01-02\n")
    assert releases.read_text(encoding="utf-8") == before.replace(table, longer) != before


def test_a_line_of_the_table_is_not_too_long() -> None:
    table = "".join(f"{minor}.{patch} 2026-10-02\n" for minor in ("5.2", "5.3") for patch in (0,))
    many = {Release((5, 2, patch)): "2026-10-30" for patch in range(1, 20)}
    assert [len(line.split()) // 2 for line in rows.with_rows(table, many).splitlines()] == [7, 7, 6, 1]
    assert max(map(len, rows.with_rows(table, many).splitlines())) <= 140


def test_a_new_minor_release_gets_a_line_of_its_own() -> None:
    table = "5.1.23 2026-07-01\n5.2.13 2026-10-30\n"
    assert rows.with_rows(table, {Release.of("6.0.0"): "2099-01-01"}) == f"{table}6.0.0 2099-01-01\n"
    assert rows.with_rows(table, {Release.of("5.1.99"): "2026-10-01"}) == "5.1.23 2026-07-01  5.1.99 2026-10-01\n5.2.13 2026-10-30\n"


@pytest.mark.slow
@needs_node
def test_a_made_up_release_that_the_catalogue_lacks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The update that docs/extending.md tells: what the tool says of it, as a checklist too."""
    folder = made_up(
        tmp_path, NEXT, parameters=lambda table: table.update(supportEmail="csv"), typed=lambda table: table.update(acmeFlag="boolean")
    )
    status, text = run(capsys, folder)
    assert status == 1 and f"taken for {NEXT}: " in text and "supportEmail" in text and "acmeFlag" in text
    status, text = run(capsys, folder, "--checklist")
    boxes = [line for line in text.splitlines() if line.startswith("- [ ] ")]
    assert status == 1 and text.startswith(f"## {NEXT}\n")
    assert [name for name in ("supportEmail", "acmeFlag") if any(name in box for box in boxes)] == ["supportEmail", "acmeFlag"]
