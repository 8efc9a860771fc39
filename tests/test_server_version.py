"""Which server a document is checked against, and findings for servers older than the newest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from linter import cli
from linter.documents.containers.images import images_in, version_of
from linter.documents.source import Image, SourceFile
from linter.model import dotted
from linter.options.config import Overrides
from linter.release import ANY_SERVER, MAIN, NEWEST, Release, is_in_range
from linter.run import Options, Outcome, lint_paths
from linter.settings.releases import parse_server_version


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, content: object) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return name


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.cli, list(arguments))


def lint(*paths: str, server: str = "", select: tuple[str, ...] = ("unknown-setting",)) -> Outcome:
    version = parse_server_version(server, "--server-version") if server else None
    outcome = lint_paths(list(paths) or ["."], Options(Overrides(select=select, server=version)))
    assert outcome.errors == () and outcome.bugs == ()
    return outcome


def servers(outcome: Outcome) -> dict[str, str]:
    """The server of each document, by its path and environment."""
    return {
        file.path + (f"#{file.environment}" if file.environment else ""): file.server.described
        for file in outcome.result.files
        if file.server is not None
    }


def findings(outcome: Outcome) -> list[str]:
    return [f"{one.severity} {one.rule} {dotted(one.path or ())}: {one.message}" for one in outcome.result.findings]


CHECKED_AGAINST = f"server {NEWEST} (the newest known release)"
UNSAID = f"server {NEWEST} (the newest known release; the images do not say which it is)"
JSON = {"baseUrl": "https://api.clinic.example/", "database": {}, "redis": {}}


# --- What an image says -------------------------------------------------------------------------------------------------------------------

IMAGES = {
    "medplum/medplum-server:4.3.5": "4.3.5 to 4.3.5",
    "docker.io/medplum/medplum-server:4.3.5@sha256:0123abcd": "4.3.5 to 4.3.5",
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com/medplum-server:5.0.5": "5.0.5 to 5.0.5",
    "localhost:5000/medplum-server:5.0.5": "5.0.5 to 5.0.5",
    "medplum/medplum-server:4.3": "4.3.0 to 4.3.15",
    "medplum/medplum-server:${TAG:-4.3.5}": "4.3.5 to 4.3.5",
    "${IMAGE:-medplum/medplum-server:4.3.5}": "4.3.5 to 4.3.5",
    "medplum/medplum-server:5.99.0": f"{NEWEST} to main, newer 5.99.0",
    "medplum/medplum-server:6.0.0": f"{NEWEST} to main, newer 6.0.0",
    "acme/medplum-server:6.0.0": "nothing",
    "medplum/medplum-server": "nothing",
    "medplum/medplum-server:latest": "nothing",
    "acme/medplum-server:v4.3.5": "nothing",
    "medplum/medplum-server:4": "nothing",
    "medplum/medplum-server:4.3.99": "nothing",
    "medplum/medplum-server:4.3.5-rc1": "nothing",
    "medplum/medplum-server:04a1c96651d3e65ffa25ec5713f1df999b71eb46": "nothing",
    "medplum/medplum-server@sha256:0123abcd": "nothing",
    "medplum/medplum-server:${TAG}": "nothing",
    "medplum/medplum-server:${TAG:-latest}": "nothing",
    "localhost:5000/medplum-server": "nothing",
    "medplum/medplum-app:4.3.5": "nothing",
    "postgres:16.1": "nothing",
    "": "nothing",
}


def test_what_the_tag_of_an_image_says() -> None:
    found = {}
    for image in IMAGES:
        version = version_of(Image(image), "compose.yaml")
        newer = f", newer {version.newer}" if version is not None and version.newer else ""
        found[image] = "nothing" if version is None else f"{version.oldest} to {version.release}{newer}"
    assert found == IMAGES


def test_the_image_of_the_cdk_may_be_called_anything() -> None:
    assert version_of(Image("acme/health:4.3.5"), "x") is None
    version = version_of(Image("acme/health:4.3.5", is_servers=True), "x")
    assert version is not None and version.release == Release((4, 3, 5))


FILES = {
    "compose.yaml": "services: {server: {image: 'medplum/medplum-server:4.3.5'}, db: {image: 'postgres:16'}}",
    "pod.yaml": "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: 'medplum/medplum-server:4.3.5'}]}",
    "values.yaml": "deployment: {image: {tag: 4.3.5}}",
    "own-values.yaml": "medplum: {image: {registry: ghcr.io, repository: acme/medplum-server, tag: '4.3.5'}}",
    "task.json": '{"containerDefinitions": [{"image": "medplum/medplum-server:4.3.5"}]}',
    "infra.json": '{"serverImage": "medplum/medplum-server:4.3.5", "region": "us-east-1"}',
    "Dockerfile": "ARG X\nFROM --platform=linux/amd64 medplum/medplum-server:4.3.5 AS server\nENV A=b",
}


@pytest.mark.parametrize("name", FILES)
def test_each_format_names_its_image(name: str) -> None:
    versions = [version_of(image, name) for image in images_in(SourceFile(name, FILES[name].encode()))]
    assert [version and str(version.release) for version in versions] == ["4.3.5"]


def test_a_minor_version_in_yaml_is_a_number() -> None:
    (image,) = images_in(SourceFile("values.yaml", b"deployment: {image: {tag: 5.1}}"))
    assert image.text == "medplum/medplum-server:5.1"


# --- Which documents it holds for ---------------------------------------------------------------------------------------------------------


def compose(*services: tuple[str, str]) -> str:
    every = {name: {"image": image, "environment": {"MEDPLUM_MAX_SEARCH_OFFSET": "5"}} for name, image in services}
    return f"services: {json.dumps(every)}\n"


def test_each_container_has_its_own() -> None:
    write("compose.yaml", compose(("old", "medplum/medplum-server:4.3.4"), ("new", "medplum/medplum-server:latest")))
    assert servers(lint()) == {"compose.yaml#old": "server 4.3.4 (the image in compose.yaml)", "compose.yaml#new": UNSAID}


def test_the_image_applies_to_a_config_file_beside_the_compose_file() -> None:
    write("compose.yaml", "services: {server: {image: 'medplum/medplum-server:4.3.4', volumes: ['./medplum.config.json:/c.json']}}")
    write("medplum.config.json", {**JSON, "rateLimitsEnabled": False})
    outcome = lint()
    assert servers(outcome) == {"medplum.config.json": "server 4.3.4 (the image in compose.yaml)"}
    assert findings(outcome) == [
        "warning unknown-setting rateLimitsEnabled: rateLimitsEnabled is read from 5.1.22 on; your server is 4.3.4, which ignores it"
    ]


def test_two_images_do_not_decide_the_files_beside_them() -> None:
    write("compose.yaml", compose(("one", "medplum/medplum-server:4.3.4"), ("two", "medplum/medplum-server:4.4.0")))
    write("medplum.config.json", JSON)
    assert servers(lint())["medplum.config.json"] == UNSAID


def test_the_image_of_the_cdk_applies_to_its_environment() -> None:
    infra = {"name": "prod", "region": "us-east-1", "accountNumber": "123456789012", "serverImage": "acme/health:5.0.5"}
    write("medplum.prod.config.json", infra)
    write("elsewhere/medplum.prod.server.json", JSON)
    write("elsewhere/ssm.json", dump("prod", "staging"))
    found = servers(lint())
    image = "server 5.0.5 (the image in medplum.prod.config.json)"
    assert found == {
        "medplum.prod.config.json#prod": image,
        "elsewhere/medplum.prod.server.json": image,
        "elsewhere/ssm.json#prod": image,
        "elsewhere/ssm.json#staging": CHECKED_AGAINST,
    }


def dump(*environments: str) -> object:
    parameters = [{"Name": f"/medplum/{name}/bcryptHashSalt", "Type": "String", "Value": "12"} for name in environments]
    return {"Parameters": [*parameters, *({**one, "Name": f"{one['Name'][:-14]}port", "Value": "8103"} for one in parameters)]}


def test_an_image_in_another_folder_says_nothing() -> None:
    write("deploy/compose.yaml", "services: {server: {image: 'medplum/medplum-server:4.3.4'}}")
    write("config/medplum.config.json", JSON)
    assert servers(lint("."))["config/medplum.config.json"] == CHECKED_AGAINST
    assert servers(lint("deploy/compose.yaml", "config/medplum.config.json")) == {"config/medplum.config.json": CHECKED_AGAINST}


def test_the_command_line_counts_before_the_configuration_and_that_before_the_image() -> None:
    write("compose.yaml", compose(("server", "medplum/medplum-server:4.3.4")))
    assert servers(lint()) == {"compose.yaml#server": "server 4.3.4 (the image in compose.yaml)"}
    write(".medplum-lint.toml", 'server-version = "4.4"\n')
    assert servers(lint()) == {"compose.yaml#server": "server 4.4.3 (server-version in .medplum-lint.toml, 4.4.0 or later)"}
    assert servers(lint(server="5.0.5")) == {"compose.yaml#server": "server 5.0.5 (--server-version)"}


def test_the_configuration_knows_environments() -> None:
    write("ssm.json", dump("prod", "staging"))
    write(".medplum-lint.toml", 'server-version = "4.4.0"\n[environment.staging]\nserver-version = ">=5.1.4,<5.1.9"\n')
    assert servers(lint()) == {
        "ssm.json#prod": "server 4.4.0 (server-version in .medplum-lint.toml)",
        "ssm.json#staging": "server 5.1.8 (server-version in .medplum-lint.toml for staging, 5.1.4 or later)",
    }
    assert servers(lint(server="4.3.5"))["ssm.json#staging"] == "server 4.3.5 (--server-version)"


@pytest.mark.parametrize(
    ("config", "message"),
    {
        'server-version = "4.3.99"': "1: server-version: 4.3.99 is not a known release of the server; did you mean 4.3.15?",
        "\nserver-version = 4.3": '2: server-version must be text, such as "5.1.23"',
        '[environment.prod]\nserver-version = "x"': "2: server-version: 'x' is neither a release of the server nor a range such as",
        '[environment.prod]\nserver_version = "x"': '2: there is no option "server_version"; did you mean "server-version"?',
        '[environment]\nprod = "4.3.5"': '2: environment "prod" must be a table',
        "environment = 1": "1: environment must be a table of environments",
    }.items(),
)
def test_a_mistake_in_the_configuration(config: str, message: str) -> None:
    write("medplum.config.json", JSON)
    write(".medplum-lint.toml", config)
    result = run("medplum.config.json")
    assert result.exit_code == 2 and f".medplum-lint.toml:{message}" in result.output


def test_a_mistake_on_the_command_line() -> None:
    write("medplum.config.json", JSON)
    for command in ("check", "show"):
        result = run(command, "--server-version", ">=4.4,<4.3", "medplum.config.json")
        assert result.exit_code == 2
        assert "no known release of the server is in >=4.4,<4.3; did you mean 4.4.3?" in result.output


@pytest.mark.parametrize("version", ["9" * 5000, ">=4," * 5000 + "<5", "4.3.5\x1b[31m", ">=\n4.3.99"])
def test_a_hostile_version(version: str) -> None:
    write("medplum.config.json", JSON)
    result = run("--server-version", version, "medplum.config.json")
    assert result.exit_code == 2 and len(result.output) < 600 and "\x1b" not in result.output


def test_a_variable_of_the_shell_says_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDPLUM_LINT_SERVER_VERSION", "4.3.5")
    write("medplum.config.json", JSON)
    assert run("medplum.config.json").output.startswith("Checked against server 4.3.5 (MEDPLUM_LINT_SERVER_VERSION).\n")


# --- What is reported ---------------------------------------------------------------------------------------------------------------------


def test_every_report_says_it() -> None:
    write("medplum.config.json", JSON)
    arguments = ("--server-version", "7.1", "--select", "unknown-setting", "medplum.config.json")
    assert run(*arguments).output == (
        f"Checked against server {NEWEST} (the newest known release; --server-version says 7.1).\n\nNo findings in 1 file.\n"
    )
    (file,) = json.loads(run("-f", "json", *arguments).output)["files"]
    assert (file["server_version"], file["server_version_from"]) == (str(NEWEST), "the newest known release; --server-version says 7.1")
    (sarif,) = json.loads(run("-f", "sarif", *arguments).output)["runs"]
    expected = {"version": str(NEWEST), "from": "the newest known release; --server-version says 7.1", "files": ["medplum.config.json"]}
    assert sarif["properties"] == {"servers": [expected]}


def test_of_several_servers_each_file_is_named() -> None:
    write("compose.yaml", compose(("server", "medplum/medplum-server:4.3.4")))
    write("config/medplum.config.json", JSON)
    assert run("--select", "unknown-setting", ".").output == (
        "compose.yaml: checked against server 4.3.4 (the image in compose.yaml).\n"
        f"config/medplum.config.json: checked against server {NEWEST} (the newest known release).\n\n"
        "No findings in 2 files.\n"
    )


# --- What an old server reads -------------------------------------------------------------------------------------------------------------


NUMBERS = ("misread-number", "inexact-value")


def test_a_number_that_stays_text() -> None:
    write("ssm.json", dump("prod"))
    assert findings(lint(server="4.3.4", select=NUMBERS)) == [
        "error misread-number bcryptHashSalt: bcryptHashSalt stays text, because servers before 4.3.5 do not convert it to a number: "
        'every password change fails with "Invalid salt"; leave it out or use a JSON config file'
    ]
    assert findings(lint(server="4.3.5", select=NUMBERS)) == []


def test_a_number_that_stays_text_and_works() -> None:
    write("compose.yaml", compose(("server", "medplum/medplum-server:4.3.4")))
    assert findings(lint(select=NUMBERS)) == [
        "note inexact-value maxSearchOffset: maxSearchOffset stays text, because servers before 4.3.5 do not convert it to a number, and "
        "works only where JavaScript converts it by itself; leave it out or use a JSON config file"
    ]


def test_a_switch_that_stays_text() -> None:
    write(".env", "MEDPLUM_BASE_URL=https://api.clinic.example/\nMEDPLUM_DATABASE_RUN_MIGRATIONS=false\n")
    assert findings(lint(server="5.1.0", select=("misread-boolean",))) == [
        "error misread-boolean database.runMigrations: database.runMigrations counts as true, because servers before 5.1.1 keep it as text "
        "and any text is true, so this server migrates the database when it starts; it is on by default, so only a JSON config file "
        "can switch it off"
    ]
    assert findings(lint(server="5.1.1", select=("misread-boolean",))) == []


def test_an_object_that_stays_text() -> None:
    parameter = {"Name": "/medplum/prod/defaultProjectFeatures", "Type": "String", "Value": '["bots"]'}
    write("ssm.json", {"Parameters": [parameter, {**parameter, "Name": "/medplum/prod/port", "Value": "8103"}]})
    assert findings(lint(server="5.1.11", select=("misread-object",))) == [
        "error misread-object defaultProjectFeatures: defaultProjectFeatures stays text, because servers before 5.1.12 do not parse it "
        "here, and none of its entries has an effect: use a JSON config file"
    ]
    assert findings(lint(server="5.1.12", select=("misread-object",))) == []


OLDER = ("version-dependent-setting",)


def test_older_servers_are_those_of_the_range() -> None:
    write("ssm.json", dump("prod"))
    write(".env", "MEDPLUM_BASE_URL=https://api.clinic.example/\nMEDPLUM_DATABASE_SSL_REQUIRE=true\n")
    said = {server: [one.path for one in lint(server=server, select=OLDER).result.findings] for server in RANGES}
    assert {server: [dotted(path or ()) for path in paths] for server, paths in said.items()} == RANGES


RANGES = {
    "4.3.5": [],
    "4.3": ["bcryptHashSalt"],
    ">=4.3.5": ["database.ssl.require"],
    ">=5.1.14": [],
    ">=4.3": ["database.ssl.require", "bcryptHashSalt"],
    "latest": [],
}


def test_a_range_is_more_than_advice() -> None:
    write("ssm.json", dump("prod"))
    assert "version-dependent-setting" in run("--server-version", "4.3", "ssm.json").output
    assert "version-dependent-setting" not in run("ssm.json").output


def test_a_variable_that_maps_elsewhere() -> None:
    write(".env", "MEDPLUM_BASE_URL=https://api.clinic.example/\nMEDPLUM_DATABASE_SSL_REQUIRE=true\nMEDPLUM_SMTP_HOST=mail.example\n")
    assert findings(lint(server="5.1.13", select=("misnamed-setting",))) == [
        "error misnamed-setting database.sslRequire: MEDPLUM_DATABASE_SSL_REQUIRE sets database.sslRequire, which is not a setting, "
        "so the server ignores it: it is read from 5.1.14 on, as database.ssl.require; your server is 5.1.13: use "
        "MEDPLUM_DATABASE_SSL='{\"require\": true}'"
    ]


def test_what_only_later_servers_put_in_its_place_is_not_missing_too() -> None:
    variables = {
        "BASE_URL": "https://api.clinic.example/",
        "DATABASE_HOST": "db.clinic.example",
        "DATABASE_PASSWORD": "${DB}",
        "REDIS_HOST": "redis.clinic.example",
        "DATABASE_SSL_REQUIRE": "true",
        "DATABASE_SSL_REJECT_UNAUTHORIZED": "false",
    }
    write(".env", "".join(f"MEDPLUM_{name}={value}\n" for name, value in variables.items()))
    rules = ("unencrypted-database", "misnamed-setting")
    found = lint(server="5.1.13", select=rules).result.findings
    assert [(one.severity, one.rule, dotted(one.path or ())) for one in found] == [
        ("error", "misnamed-setting", "database.sslRequire"),
        ("warning", "misnamed-setting", "database.sslRejectUnauthorized"),
    ]


def test_no_rule_requires_an_unread_setting() -> None:
    write("medplum.config.json", {**JSON, "dataWarehouse": {"enabled": True, "destination": "nowhere"}})
    newest = {one.rule for one in lint(select=("values", "storage", "unknown-setting")).result.findings}
    old = lint(server="5.1.13", select=("values", "storage", "unknown-setting"))
    assert "unknown-value" in newest and "unknown-setting" not in newest
    assert [line for line in findings(old) if "dataWarehouse" in line] == [
        "warning unknown-setting dataWarehouse: dataWarehouse is read from 5.1.14 on; your server is 5.1.13, which ignores it"
    ]


def test_show_goes_by_the_image_too() -> None:
    write("compose.yaml", compose(("server", "medplum/medplum-server:4.3.4")))
    assert run("show", "compose.yaml").output.startswith("compose.yaml (server/env, service server, server 4.3.4)\n")
    rows = {server: effective(server) for server in ("4.3.4", "4.3.5")}
    assert rows == {"4.3.4": "5", "4.3.5": 5}


def effective(server: str) -> object:
    [document] = json.loads(run("show", "--format", "json", "--server-version", server, "compose.yaml").output)["documents"]
    assert document["server_version"] == server
    return document["settings"][0]["effective"]


def test_a_secret_is_one_for_every_server() -> None:
    secrets = dict.fromkeys(("SMTP_PASSWORD", "CACHE_REDIS_PASSWORD", "SSE_CUSTOMER_KEY"), "hunter2hunter2")
    environment = {f"MEDPLUM_{name}": value for name, value in {**secrets, "DATABASE_HOST": "db"}.items()}
    service = {"image": "medplum/medplum-server:4.1.0", "environment": environment}
    write("compose.yaml", f"services: {json.dumps({'server': service})}\n")
    write("medplum.config.json", {**JSON, "cacheRedis": {"password": "hunter4hunter4"}})
    outcome = lint(select=("plaintext-secret",), server="4.1.0")
    found = {
        one.document.kind: [dotted(path or ()) for path in (one.path, *(other.path for other in one.related))]
        for one in outcome.result.findings
    }
    assert found == {
        "server/env": ["smtp.password", "cacheRedis.password", "sseCustomerKey"],
        "server/json": ["cacheRedis.password"],
    }


def test_secrets_stay_masked_where_an_old_server_puts_them_elsewhere() -> None:
    write(".env", "MEDPLUM_BASE_URL=https://api.clinic.example/\nMEDPLUM_SMTP_PASSWORD=hunter2hunter2\n")
    for command in (("check", "--format", "json"), ("check",), ("show",), ("show", "--format", "json")):
        for server in ("3.0.0", "4.1.7", "4.1.8", "5.1.23"):
            assert "hunter2" not in run(*command, "--server-version", server, ".env").output


def test_nothing_is_claimed_if_the_server_may_not_read_the_setting() -> None:
    path = write("medplum.config.json", JSON | {"storeBotInput": False, "defaultProjectFeatures": ["archive"]})
    found = {
        server: [one[: one.index(": ")] for one in findings(lint(path, server=server, select=("unknown-setting", "unknown-value")))]
        for server in ("5.1.38", "5.1.39", "5.2.5", "5.2.13", "")
    }
    claims = ["warning unknown-setting storeBotInput", "error unknown-value defaultProjectFeatures.0"]
    assert found == {"5.1.38": claims, "5.1.39": [], "5.2.5": [], "5.2.13": [], "": []}


def test_what_is_wrong_with_it_is_a_warning_there() -> None:
    path = write("medplum.config.json", JSON | {"storeBotInput": "false"})
    levels = {server: [one.severity for one in lint(path, server=server, select=("misread-boolean",)).result.findings] for server in SPAN}
    assert levels == {"5.1.38": [], "5.1.39": ["warning"], "5.2.12": ["warning"], "5.2.13": ["error"], "": ["error"]}


def test_how_a_text_is_read_may_not_be_known() -> None:
    text = "MEDPLUM_BASE_URL=https://api.clinic.example/\nMEDPLUM_DISPATCH_ENABLED=flase\nMEDPLUM_DATABASE_IDLE_TIMEOUT_MS=30s\n"
    path = write("server.env", text)
    told = [dotted(one.path or ()) for one in lint(path, server="5.2.13").result.findings]
    assert "dispatchEnabled" not in told and "database.idleTimeoutMs" not in told
    assert "dispatchEnabled         (not known)" in run("show", path).output


SPAN = ("5.1.38", "5.1.39", "5.2.12", "5.2.13", "")


# --- Ranges of rules ----------------------------------------------------------------------------------------------------------------------


def test_a_range_of_a_rule() -> None:
    inside = {"4.3.5": ">=4.3,<5", "5.1.23": ">=5.0", "4.3.15": "<=4.3", "3.0.0": "<3.0.1", "5.0.0": "=5.0", "main": f">{NEWEST}"}
    inside |= {"main": "<6"}
    outside = {"4.2.6": ">=4.3,<5", "5.0.0": "<5.0", "main": f"<={NEWEST}", "4.3.14": "=4.3.15"}
    assert is_in_range(MAIN, ".".join(map(str, NEWEST[:2]))) and not is_in_range(MAIN, ">=9")
    assert [release for release, text in inside.items() if not is_in_range(Release.of(release), text)] == []
    assert [release for release, text in outside.items() if is_in_range(Release.of(release), text)] == []


@pytest.mark.parametrize("text", ["6.0.0", ">=6,<7", "v7", ">5.99.0", "=5.99", f">{NEWEST}", f">{NEWEST[0]}"])
def test_a_range_of_newer_releases_is_checked_against_the_newest(text: str) -> None:
    version = parse_server_version(text, "x")
    assert (version.text, version.newer, version.release) == (str(NEWEST), text, MAIN)


def test_the_newest_release_is_not_newer_than_itself() -> None:
    assert parse_server_version("5.1.23", "x").described == "server 5.1.23 (x)"


def test_a_release_may_be_written_as_its_tag_in_git() -> None:
    assert parse_server_version("v4.3.5", "x").text == "4.3.5"


def test_any_server_is_the_newest() -> None:
    assert (ANY_SERVER.release, ANY_SERVER.text, ANY_SERVER.is_known) == (MAIN, str(NEWEST), False)
    assert parse_server_version("latest", "x").text == str(NEWEST) and parse_server_version("main", "x").text == "main"


# --- Policies of one's own ----------------------------------------------------------------------------------------------------------------

POLICY = """
id: acme/new-setting
title: A setting that our oldest server does not read
severity: warning
for: server
when:
  server: {when}
must:
  <documented>@since: {server: "<=5.0"}
message: "${@path} is read from ${@since} on, and this server is ${$@server}"
docs: Some of our servers are old.
examples:
  good: [{data: {port: 1}}]
  bad: [{server: 5.1.23, data: {dataWarehouse: {enabled: true}}, finds: [dataWarehouse.enabled]}]
"""


def policy(when: str, must: str = "<documented>@since") -> Result:
    write("policies/new-setting.yaml", POLICY.replace("{when}", when).replace("<documented>@since", must))
    write("medplum.config.json", {**JSON, "dataWarehouse": {"enabled": True}})
    return run("--rules", "policies", "--select", "acme", "--server-version", "5.1.20", "medplum.config.json")


def test_a_policy_asks_for_the_server_and_for_the_releases_of_a_setting() -> None:
    result = policy("'>=5.1'", "dataWarehouse.enabled@since")
    message = "warning[acme/new-setting]: dataWarehouse.enabled is read from 5.1.14 on, and this server is 5.1.20"
    assert message in " ".join(result.output.split())
    assert "acme/" not in policy("'<5.1'", "dataWarehouse.enabled@since").output


@pytest.mark.parametrize(
    ("when", "message"),
    {
        "newest": '"newest" is not a range of releases of the server, such as ">=5.0" or ">=4.3,<5"',
        "'>=5.0 <6'": '">=5.0 <6" is not a range of releases of the server, such as ">=5.0" or ">=4.3,<5"',
        "5.0": 'server must be a range of releases in quotes, such as ">=5.0"',
        "{sever: '5'}": 'there is no operator "sever"; did you mean "server"?',
    }.items(),
)
def test_a_mistake_in_a_range(when: str, message: str) -> None:
    result = policy(when)
    assert result.exit_code == 2 and "policies/new-setting.yaml:7: " in result.output and message in result.output


# --- What a fix does to the older servers of a range --------------------------------------------------------------------------------------

SAFE_ON = [
    ("auditEventLogGroup", "g", "", False),  # nothing says which server it is
    ("auditEventLogGroup", "g", "5.1", True),
    ("auditEventLogGroup", "g", ">=5", True),
    ("auditEventLogGroup", "g", ">=4.5.2,<6", False),  # 4.5.2 reads it
    ("auditEventLogGroup", "g", ">=4.3,<6", False),
    ("maxCompartments", 5, ">=5.1", True),
    ("defaultFhirInteractionLimit", 50000, ">=4.1,<6", False),
    ("adminClientId", "x", ">=3.0,<6", True),  # no release since 3.0.0 has read it
    ("databaseProxyEndpoint", "proxy.clinic.example", ">=4.3", True),
    ("databaseProxyEndpoint", "proxy.clinic.example", ">=3.0", False),  # 3.0.0 ignores it, and would use the proxy from then on
    ("databaseProxyEndpoint", "proxy.clinic.example", ">=3.0.2", True),
]
REMOVALS = ("ignored-setting", "deprecated-setting", "deprecated-proxy-endpoint")


@pytest.mark.parametrize(("name", "value", "server", "safe"), SAFE_ON)
def test_a_fix_is_safe_only_if_it_is_so_on_every_server_of_the_range(name: str, value: object, server: str, safe: bool) -> None:
    found = lint(write("medplum.config.json", JSON | {name: value}), server=server, select=REMOVALS).result.findings
    assert [(dotted(one.path or ()), one.fix is not None and one.fix.safe) for one in found] == [(name, safe)]


def test_what_an_older_server_of_the_range_reads_is_left_in_the_file() -> None:
    path = write("medplum.config.json", JSON | {"auditEventLogGroup": "g"})
    run("--fix", "--server-version", ">=4.3,<6", path)
    assert json.loads(Path(path).read_text()) == JSON | {"auditEventLogGroup": "g"}
    run("--unsafe-fixes", "--fix", "--server-version", ">=4.3,<6", "--select", "ignored-setting", path)
    assert json.loads(Path(path).read_text()) == JSON | {"auditEventLogGroup": "g"}
    run("--fix", "--server-version", ">=5,<6", "--select", "ignored-setting", path)
    assert json.loads(Path(path).read_text()) == JSON


def test_a_server_that_reads_other_parameters_says_nothing_of_a_dump(tmp_path: Path) -> None:
    (tmp_path / "dump.json").write_text(
        '{"Parameters": [{"Name": "/medplum/prod/baseUrl", "Type": "String", "Value": "https://a.example/"}]}'
    )
    service = "services: {{medplum: {{image: 'medplum/medplum-server:4.1.0', command: ['aws:us-east-1:/medplum/{name}/']}}}}\n"
    for name, release in (("sandbox", str(MAIN)), ("prod", "4.1.0")):
        (tmp_path / "compose.yaml").write_text(service.format(name=name))
        outcome = lint_paths([str(tmp_path / "dump.json"), str(tmp_path / "compose.yaml")], Options())
        [server] = {file.server for file in outcome.result.files if file.path.endswith("dump.json") and file.server is not None}
        assert str(server.release) == release, name
