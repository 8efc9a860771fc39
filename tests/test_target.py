"""What decides whether a configuration is for production, and for which of its settings."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from linter import cli
from linter.documents.inputs import Input
from linter.model import dotted
from linter.options.config import Overrides
from linter.run import Options, lint_input, lint_paths

LOCAL = {"baseUrl": "http://localhost:8103/", "appBaseUrl": "http://localhost:3000/", "storageBaseUrl": "http://localhost:8103/storage/"}
RDS = "m.cxyz.eu-central-1.rds.amazonaws.com"
SUPABASE = "db.abc.supabase.co"
PASSWORD = "Tr0ub4dor-and-3-horses"
NAMES_OF_KINDS = {"server/json": "medplum.config.json", "server/env": ".env", "server/ssm": "dump.json"}


def settings(database: str = "localhost", redis: str = "localhost", **more: Any) -> dict[str, Any]:
    """A developer's configuration, with the hosts of its database and Redis. A value of None leaves a setting out."""
    data = {
        "port": 8103,
        **LOCAL,
        "binaryStorage": "file:./binary/",
        "database": {"host": database, "port": 5432, "dbname": "postgres", "username": "postgres", "password": PASSWORD},
        "redis": {"host": redis, "port": 6379, "password": "medplum"},
        "signingKeyPassphrase": "top_secret",
        **more,
    }
    return {name: value for name, value in data.items() if value is not None}


def flat(data: dict[str, Any]) -> dict[str, Any]:
    return {
        ".".join((name, *rest)): inner
        for name, value in data.items()
        for rest, inner in ([((step,), one) for step, one in value.items()] if isinstance(value, dict) else [((), value)])
    }


def variables(data: dict[str, Any]) -> dict[str, Any]:
    return {"MEDPLUM_" + re.sub("([A-Z])", r"_\1", name).replace(".", "_").upper(): value for name, value in flat(data).items()}


def env(data: dict[str, Any]) -> str:
    return "".join(f"{name}={value}\n" for name, value in variables(data).items())


def dump(*each: dict[str, Any]) -> str:
    every = [(f"/medplum/{number}/{name}", value) for number, data in enumerate(each) for name, value in flat(data).items()]
    secret = re.compile("assword|assphrase")
    rows = [{"Name": name, "Type": "SecureString" if secret.search(name) else "String", "Value": str(value)} for name, value in every]
    return json.dumps({"Parameters": rows})


def compose(**services: dict[str, Any]) -> str:
    given = {
        name: "".join(f"      {variable}: {value}\n" for variable, value in variables(data).items()) for name, data in services.items()
    }
    server = "    image: medplum/medplum-server:5.1.20\n    command: env\n    environment:\n"
    return "services:\n" + "".join(f"  {name}:\n{server}{environment}" for name, environment in given.items())


def seen(text: str, name: str = "medplum.config.json", **options: Any) -> list[str]:
    """The targets of the documents in a text, and what is found there."""
    given = Input(name, text.encode(), Path("nowhere") / name)
    result = lint_input(given, Options(Overrides(**options), isolated=True)).result
    targets = [str(file.target) for file in result.files]
    return [*targets, *sorted(f"{one.severity} {one.rule} {dotted(one.path or ())}" for one in result.findings)]


def explained(rule: str, data: dict[str, Any], tmp_path: Path) -> list[str]:
    (tmp_path / "x.json").write_text(json.dumps(data), encoding="utf-8")
    result = CliRunner().invoke(cli.cli, ["explain", rule, "--isolated", str(tmp_path / "x.json")])
    assert (result.exit_code, result.stderr) == (0, "")
    rows = re.findall(r"^(?:.*: (silent: .*)|  target +(.*)|  severity +(.*))$", result.stdout, re.MULTILINE)
    return ["".join(row) for row in rows]


# --- A remote database among local URLs ---------------------------------------------------------------------------------------------

OPEN = "error unencrypted-database database.ssl"
PLAIN = "error plaintext-secret database.password"


def test_a_remote_database_decides_about_its_own_connection_alone() -> None:
    data = settings(SUPABASE, googleClientId="921088377005-3j1sa10vr6hj86jgmdfh2l53v3mp7lfi.apps.googleusercontent.com")
    assert seen(env(data), ".env") == ["development", PLAIN, OPEN]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (RDS, [PLAIN, OPEN]),
        ("203.0.113.7", [PLAIN, OPEN]),
        ("/cloudsql/project:europe-west1:instance", [PLAIN]),  # the proxy encrypts it
        ("/var/run/postgresql", []),
        ("10.0.0.7", []),
        ("postgres", []),
        ("${DATABASE_HOST}", []),
    ],
)
def test_which_hosts_are_remote(host: str, expected: list[str]) -> None:
    assert seen(env(settings(host)), ".env") == ["development", *expected]


def test_it_is_so_in_every_source() -> None:
    data = settings(RDS)
    assert seen(json.dumps(data)) == ["development", PLAIN, OPEN]
    assert seen(dump(data), "dump.json") == ["development", OPEN]
    assert seen(compose(server=data), "compose.yaml") == ["development", PLAIN, OPEN, "error unreachable-localhost redis.host"]


def test_a_connection_with_tls_that_is_not_verified() -> None:
    data = settings(RDS)
    data["database"]["ssl"] = {"rejectUnauthorized": False}
    assert seen(json.dumps(data)) == ["development", PLAIN, "warning unverified-certificate database.ssl.rejectUnauthorized"]


def test_each_connection_has_its_own_target() -> None:
    local = settings()["database"]
    readonly = settings(readonlyDatabase={**local, "host": RDS})
    assert seen(json.dumps(readonly)) == [
        "development",
        "error plaintext-secret readonlyDatabase.password",
        "error unencrypted-database readonlyDatabase.ssl",
    ]
    redis = settings(redis="master.x.y.euc1.cache.amazonaws.com")
    assert seen(env(redis), ".env") == ["development", "error published-credential redis.password", "error unencrypted-redis redis.tls"]
    smtp = {"host": "mail.a.health", "port": 587, "username": "a", "password": "local-mail"}
    assert seen(json.dumps(settings(smtp=smtp))) == ["development"]  # a developer sends mail by any provider


def test_options_win_over_all_evidence() -> None:
    text = env(settings(RDS))
    assert seen(text, ".env", target="development") == ["development"]
    assert "error local-url baseUrl" in seen(text, ".env", target="production")


def test_without_urls_the_rest_is_not_known() -> None:
    text = f"MEDPLUM_DATABASE_HOST={RDS}\nMEDPLUM_DATABASE_PASSWORD={PASSWORD}\nMEDPLUM_REGISTER_ENABLED=true\n"
    assert seen(text, ".env") == ["None", PLAIN]


def test_one_document_after_the_other(tmp_path: Path) -> None:
    remote, local, public = settings(RDS), settings(), settings(RDS, baseUrl="https://api.a.health/", appBaseUrl="https://app.a.health/")
    alone = {name: seen(dump(data), "dump.json") for name, data in {"r": remote, "l": local, "p": public}.items()}
    for order in ("rlrp", "lrpl", "prlr"):
        each = [{"r": remote, "l": local, "p": public}[name] for name in order]
        together = seen(dump(*each), "dump.json")
        assert sorted(together) == sorted(one for name in order for one in alone[name])


def test_a_policy_that_asks_for_the_target_gets_that_of_the_place(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(
        "id: acme/own\ntitle: T\nseverity: note\nfor: server\nwhen: {$@target: {equals: production}}\n"
        "must: {'{database.port,redis.port,port}': {equals: 1}}\nmessage: '${@path} in ${$@target}'\n"
        "examples: {good: [{data: {port: 1}}], bad: [{data: {port: 2}, finds: {port: note}}]}\n",
        encoding="utf-8",
    )
    (tmp_path / "medplum.config.json").write_text(json.dumps(settings(RDS)), encoding="utf-8")
    outcome = lint_paths(
        [str(tmp_path / "medplum.config.json")], Options(Overrides(select=("acme/own",)), rules=(tmp_path,), isolated=True)
    )
    assert [one.message for one in outcome.result.findings] == ["database.port in production"]


def test_what_is_explained(tmp_path: Path) -> None:
    target = "development (all its URLs are local; production for database, by the host there)"
    off = "off (the rule: error in production, off in development)"
    silent = "silent: it is off in development (the rule: error in production, off in development)"
    assert explained("local-url", settings(RDS), tmp_path) == [silent, target, off]
    assert explained("plaintext-secret", {**settings(RDS)}, tmp_path) == [
        target,
        "error (the rule: error in production, off in development)",
    ]
    data = settings(RDS)
    data["database"]["ssl"] = {"rejectUnauthorized": True}
    assert explained("unverified-certificate", data, tmp_path)[0] == "silent: every clause is satisfied"


# --- URLs that disagree -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("public", "target", "says"),
    [
        ("", "development", "all its URLs are local"),
        ("baseUrl", "production", "baseUrl is not local, although appBaseUrl is"),
        ("appBaseUrl", "not known", "appBaseUrl is not local, although baseUrl is: secrets are reported, and what applies to both"),
        ("storageBaseUrl", "not known", "storageBaseUrl is not local, although baseUrl is: secrets are reported, and what applies to both"),
        ("baseUrl appBaseUrl", "production", "baseUrl is not local, although storageBaseUrl is"),
        ("baseUrl storageBaseUrl", "production", "baseUrl is not local, although appBaseUrl is"),
        ("appBaseUrl storageBaseUrl", "production", "appBaseUrl is not local, although baseUrl is"),
        ("baseUrl appBaseUrl storageBaseUrl", "production", "baseUrl is not local"),
    ],
)
def test_which_urls_decide(public: str, target: str, says: str, tmp_path: Path) -> None:
    data = settings(**{name: f"https://{name.lower()}.a.health/" for name in public.split()})
    assert f"{target} ({says})" in explained("local-url", data, tmp_path)
    local = [f"error local-url {name}" for name in LOCAL if name not in public.split()]
    found = [one for one in seen(json.dumps(data)) if "local-url" in one]
    assert found == (sorted(local) if target == "production" else [])


def test_where_urls_disagree_a_remote_database_still_decides_about_itself(tmp_path: Path) -> None:
    data = settings(RDS, appBaseUrl="https://app.a.health/", signingKeyPassphrase=None)
    assert seen(json.dumps(data)) == ["None", PLAIN, OPEN, "warning published-credential redis.password"]
    why = "appBaseUrl is not local, although baseUrl is: secrets are reported, and what applies to both"
    assert f"not known ({why}; production for database, by the host there)" in explained("local-url", data, tmp_path)


def test_a_store_in_a_cloud_is_not_a_developers() -> None:
    data = settings(appBaseUrl="https://app.a.health/")
    assert seen(dump(data), "dump.json")[0] == "production"


def test_documents_of_a_file_that_disagree_decide_about_no_other() -> None:
    part = {"maxJsonSize": "1mb"}
    local, public = {**LOCAL, **part}, {"baseUrl": "https://api.a.health/", **part}

    def maps(*each: dict[str, Any]) -> str:
        head = {"apiVersion": "v1", "kind": "ConfigMap"}
        every = [{**head, "metadata": {"name": f"m{number}"}, "data": variables(data)} for number, data in enumerate(each)]
        return "\n---\n".join(map(json.dumps, every))

    assert seen(maps(local, public, part), "k8s.yaml")[:3] == ["development", "production", "None"]
    assert seen(maps(local, part), "k8s.yaml")[:2] == ["development", "development"]


# --- A client's variables -----------------------------------------------------------------------------------------------------------

CLIENT = "MEDPLUM_BASE_URL=${API_URL}\nMEDPLUM_CLIENT_ID=4d2dd0a6-1111-4222-8333-444455556666\nMEDPLUM_CLIENT_SECRET=${SECRET}\n"


@pytest.mark.parametrize("more", ["REDIS_PASSWORD", "REDIS_PASSWORD DATABASE_PASSWORD", "DATABASE_USERNAME DATABASE_DBNAME DATABASE_PORT"])
def test_what_a_compose_file_inserts_for_postgresql_and_redis_makes_no_server_of_a_client(more: str) -> None:
    text = "".join(f"MEDPLUM_{name}={PASSWORD}\n" for name in more.split())
    outcome = lint_input(Input(".env", (CLIENT + text).encode(), Path("nowhere/.env")), Options(isolated=True))
    assert ([file.status for file in outcome.result.files], outcome.result.findings) == (["ignored"], ())
    assert seen(text, ".env")[0] == "None"  # without a client


def test_a_database_makes_a_server_of_a_client_too() -> None:
    text = f"{CLIENT}MEDPLUM_REDIS_PASSWORD={PASSWORD}\nMEDPLUM_DATABASE_HOST=localhost\n"
    assert "error plaintext-secret redis.password" in seen(text, ".env")


def test_a_login_without_the_prefix_is_that_of_any_program() -> None:
    assert "error plaintext-secret redis.password" in seen(f"CLIENT_ID=a\nCLIENT_SECRET=b\nMEDPLUM_REDIS_PASSWORD={PASSWORD}\n", ".env")
