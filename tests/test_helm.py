"""Values files: what the Medplum chart makes of them, and the variables that other charts are given."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from test_variables import found, lint, messages

from linter.documents.containers import charts
from linter.documents.inputs import Input
from linter.documents.source import SourceFile
from linter.model import UNKNOWN, Document
from linter.run import Options, lint_input, lint_paths
from linter.sources import helm


def document(text: str) -> Document:
    (loaded,) = helm.load(SourceFile("values.yaml", text.encode()), "server/env")
    return loaded.document


CHART = """\
global: {configSource: {type: env}}
config:
  server:
    port: 8103
    baseUrl: https://api.hospital.example/
    appBaseUrl: ''
    vmContextBotsEnabled: true
    introspectionEnabled: false
    signingKey: '{{ .Values.key }}'
  database: {host: db, port: null, password: x}
  redis:
    tls: {ca: y}
  fission: {routerHost: {ca: y}}
deployment:
  env:
    - name: MEDPLUM_LOG_LEVEL
      value: WARN
"""


def test_what_the_chart_makes_variables_of() -> None:
    made = document(CHART)
    assert made.data == {
        "port": 8103,
        "baseUrl": "https://api.hospital.example/",
        "vmContextBotsEnabled": True,  # the text "true", which is on
        "introspectionEnabled": "false",
        "signingKey": UNKNOWN,
        "database": {"host": "db", "password": "x"},
        "fission": {"routerHost": '{"ca": "y"}'},
        "logLevel": "WARN",
    }
    assert not made.complete and made.environment is None
    assert CHART[slice(*made.locate(("database", "host")))] == "db"
    assert CHART[slice(*made.locate(("database", "host"), "key"))] == "host"
    assert CHART[slice(*made.locate(("fission", "routerHost")))] == "{ca: y}"
    assert CHART[slice(*made.locate(("smtp",)))] == "config"
    assert made.origin.facts(("database", "host")) == {"name": "MEDPLUM_DATABASE_HOST", "raw": "db", "type": "values"}


def test_a_switch_that_the_chart_writes_as_text() -> None:
    assert found(CHART, "values.yaml") == [
        "vmcontext-bots vmContextBotsEnabled",
        "misread-boolean introspectionEnabled",
        "plaintext-secret database.password",
        "unknown-chart-value redis.tls",
        "invalid-hostname fission.routerHost",
    ]


def test_a_chart_whose_server_reads_its_configuration_elsewhere_is_left_alone() -> None:
    text = "global: {configSource: {type: 'gcp:clinic:medplum-config'}}\ndeployment: {image: {repository: medplum/medplum-server}}\n"
    outcome = lint_input(Input("values.yaml", text.encode(), Path("values.yaml")), Options())
    assert not outcome.errors
    assert [file.note for file in outcome.result.files] == ["the values of a chart whose server reads its configuration from elsewhere"]


def test_an_empty_value_makes_no_variable() -> None:
    assert found("config:\n  server: {baseUrl: 'https://a.hospital.example/', supportEmail: '', port: null}\n", "values.yaml") == []


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        (
            "server: {logLevel: WARN}",
            "config.server.logLevel is not a value of the Medplum chart, which makes no variable from it, so the ",
        ),
        ("server: {logLevel: WARN}", "; give MEDPLUM_LOG_LEVEL under deployment.env"),
        ("database: {user: a}", "; use config.database.username"),
        ("database: {ssl: {require: true}}", "; give MEDPLUM_DATABASE_SSL under deployment.env"),
        (
            "redis: {acme: a}",
            "config.redis.acme is not a value of the Medplum chart, which makes no variable from it, so the server never sees it",
        ),
    ],
)
def test_what_the_chart_drops(line: str, advice: str) -> None:
    text = f"global: {{configSource: {{type: env}}}}\nconfig:\n  {line}\ndeployment: {{env: [{{name: MEDPLUM_REDIS_HOST, value: a}}]}}\n"
    assert [line.split()[0] for line in found(text, "values.yaml")] == ["unknown-chart-value"]
    assert advice in messages(text, "values.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "medplum: {env: {MEDPLUM_DATABASE_USER: a}}",
        "medplum: {extraEnv: [{name: MEDPLUM_DATABASE_USER, value: a}]}",
        "a: {b: {c: {extraEnvVars: [{name: MEDPLUM_DATABASE_USER, value: a}]}}}",
        "environment: [MEDPLUM_DATABASE_USER=a]",
    ],
)
def test_other_charts_have_lists_and_mappings(text: str) -> None:
    assert found(text, "values.yaml") == ["misnamed-setting database.user"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (CHART, "server/env"),
        ("global: {configSource: {type: 'aws:eu-west-1:/medplum/prod/'}}\ndeployment: {replicaCount: 2}", None),
        ("config: {server: {host: a, port: 1}}\nimage: medplum", None),
        ("env: {MEDPLUM_BASE_URL: a, MEDPLUM_CLIENT_ID: b}", None),
        ("services: {s: {environment: {MEDPLUM_DATABASE_HOST: a}}}", None),
        ("apiVersion: v1\nkind: X\nenv: {MEDPLUM_DATABASE_HOST: a}", None),
        ("replicaCount: 1", None),
        ("- medplum", None),
        ("config: medplum", None),
        ("config: {server: [baseUrl]}", None),
    ],
)
def test_which_files_are_recognised(text: str, kind: str | None) -> None:
    answer = helm.detect(SourceFile("values.yaml", text.encode()))
    assert (answer.kind if answer is not None else None) == kind


@pytest.mark.parametrize(
    "text",
    [
        "config: {server: {baseUrl: [a], port: {b: c}, supportEmail: 1}, database: [x], redis: {tls: true}}",
        "config: {server: {baseUrl: 'a'}}\ndeployment: {env: {MEDPLUM_PORT: [1]}}",
        "env: [MEDPLUM_DATABASE_HOST, {name: MEDPLUM_PORT}, {value: a}, null, 1]",
        "config: {server: {baseUrl: &a [*a]}}",
    ],
)
def test_odd_values_do_not_crash(text: str) -> None:
    outcome = lint(text, "values.yaml")
    assert outcome.bugs == () and outcome.errors == ()


def test_nesting_is_followed_only_so_far() -> None:
    deep = "".join(f"{'  ' * level}a:\n" for level in range(30)) + "  " * 30 + "env: {MEDPLUM_DATABASE_HOST: a}\n"
    assert helm.detect(SourceFile("values.yaml", f"# medplum\n{deep}".encode())) is None


@pytest.mark.parametrize(
    ("values", "host"),
    [
        ("config: {MEDPLUM_DATABASE_HOST: db}", "db"),
        ("medplum: {server: {settings: {MEDPLUM_DATABASE_HOST: db}}}", "db"),
        ("secret: {MEDPLUM_DATABASE_HOST: db}", "db"),
        ("secrets: {stringData: {MEDPLUM_DATABASE_HOST: db}}", "db"),
        ("configMap: {data: {MEDPLUM_DATABASE_HOST: db, OTHER: x}}", "db"),
        ("podVariables: [{name: MEDPLUM_DATABASE_HOST, value: db}]", "db"),
        ("podVariables: [MEDPLUM_DATABASE_HOST=db]", "db"),
        ("secret: {data: {MEDPLUM_DATABASE_HOST: ZGI=}}", UNKNOWN),  # of some charts base64, of others not
        ("existingSecretKeys: {MEDPLUM_DATABASE_HOST: host}", UNKNOWN),
        ("externalSecret: {MEDPLUM_DATABASE_HOST: clinic/db}", UNKNOWN),
        ("secretRefs: {MEDPLUM_DATABASE_HOST: {name: db, key: host}}", UNKNOWN),
    ],
)
def test_a_block_is_one_of_variables_whatever_it_is_called(values: str, host: object) -> None:
    made = document(f"{values}\nextraEnv: [{{name: MEDPLUM_REDIS_HOST, value: cache}}]\n")
    assert made.data == {"database": {"host": host}, "redis": {"host": "cache"}}
    assert not made.complete


def test_the_block_with_a_known_name_is_read() -> None:
    """The other may be that of another server, or of another environment."""
    text = "env: {MEDPLUM_REDIS_HOST: a}\nworker: {config: {MEDPLUM_REDIS_HOST: b, MEDPLUM_LOG_LEVEL: INFO}}\n"
    made = document(text)
    assert made.data == {"redis": {"host": "a"}}
    outcome = lint_input(Input("values.yaml", text.encode(), Path("values.yaml")), Options())
    assert [one.text for one in outcome.result.notices] == [
        "values.yaml:2: worker.config is not read: MEDPLUM_REDIS_HOST is given in another block too"
    ]


def test_blocks_alone_do_not_make_a_values_file() -> None:
    text = b"variables: {MEDPLUM_BASE_URL: 'https://api.hospital.health/', MEDPLUM_DATABASE_HOST: db}\n"
    recognised = [helm.detect(SourceFile(name, text)) for name in ("ci.yaml", "values.yaml")]
    assert [one.kind if one is not None else None for one in recognised] == [None, "server/env"]


def test_blocks_of_different_containers_are_not_duplicates() -> None:
    """Unless a block under another name of the same mapping gives the variable too."""
    given = "[{name: MEDPLUM_BASE_URL, value: 'https://a.hospital.health/'}, {name: MEDPLUM_DATABASE_HOST, value: db}]"
    app = "[{name: MEDPLUM_BASE_URL, value: 'https://a.hospital.health/'}]"
    text = f"api: {{env: {given}}}\nworker: {{env: {given}}}\napp: {{env: {app}}}\n".encode()
    loaded = helm.load(SourceFile("values.yaml", text), "server/env")
    assert [(one.document.environment, sorted(one.document.data)) for one in loaded] == [
        ("api", ["baseUrl", "database"]),
        ("worker", ["baseUrl", "database"]),
    ]
    assert [one.problems for one in loaded] == [(), ()]
    assert [one.split()[0] for one in found(f"api: {{env: {given}, extraEnv: {given}}}\n", "values.yaml")] == ["duplicate-key"] * 2


# --- Medplum's chart -----------------------------------------------------------------------------------------------------------------


UMBRELLA = "name: clinic\ndependencies:\n  - {name: medplum, repository: 'https://charts.medplum.com', version: %s}\n"
OWN = "name: medplum\nhome: https://www.medplum.com\nversion: %s\n"


def found_beside(folder: Path, chart: str, values: str, **templates: str) -> list[str]:
    (folder / "Chart.yaml").write_text(chart)
    (folder / "values.yaml").write_text(values)
    for name, text in templates.items():
        (folder / "templates").mkdir(exist_ok=True)
        (folder / "templates" / f"{name}.yaml").write_text(text)
    outcome = lint_paths([str(folder / "values.yaml")], Options())
    assert outcome.bugs == ()
    return [f"{one.rule} {Path(one.document.uri).name} {one.message}" for one in outcome.result.findings]


MANY = "server: {baseUrl: 'https://a.hospital.health/'}"


@pytest.mark.parametrize(
    ("version", "unread"),
    [
        ("0.1.0", []),  # many versions called themselves so
        ("4.3.3", ["config.server.baseUrl", "deployment.envFrom", "service.type"]),
        ("4.3.7", ["config.server.baseUrl", "deployment.envFrom"]),
        ("5.1.13", ["config.server.baseUrl"]),
        ("5.1.14", []),
        ("5.1.23", []),
        ("5.9.0", []),  # what it reads is not known
        ("'>=5.1.0'", []),
        ("5.1", []),
        ("[5]", []),
    ],
)
def test_what_each_version_of_the_chart_reads(version: str, unread: list[str], tmp_path: Path) -> None:
    values = f"medplum:\n  config: {{{MANY}}}\n  service: {{type: NodePort}}\n  deployment: {{envFrom: [{{secretRef: {{name: a}}}}]}}\n"
    more = "  global: {configSource: {type: env}}\n  namespace: medplum\n  podLabels: {a: b}\n  extra: {}\n"
    lines = found_beside(tmp_path, UMBRELLA % version, values + more)
    assert sorted(one.split()[2] for one in lines if one.startswith("unknown-chart-value")) == unread


def test_a_chart_whose_templates_were_edited_reads_more(tmp_path: Path) -> None:
    values = f"config: {{{MANY[:-1]}, logLevel: WARN}}}}\nreplicaCount: 2\nextra: {{a: 1}}\n"
    assert [one.split()[2] for one in found_beside(tmp_path, OWN % "5.1.20", values) if "unknown" in one] == [
        "config.server.logLevel",
        "replicaCount",
        "extra",
    ]
    edited = "{{ .logLevel | quote }} {{ .Values.replicaCount }} {{- with .Values.extra }}"
    assert [one for one in found_beside(tmp_path, OWN % "5.1.20", values, configmap=edited) if "unknown" in one] == []


def test_a_default_that_stays_is_reported_at_the_version_of_the_chart(tmp_path: Path) -> None:
    lines = found_beside(tmp_path, UMBRELLA % "5.1.20", f"medplum:\n  config: {{{MANY}}}\n")
    assert "Chart.yaml" in next(one for one in lines if one.startswith("local-url"))
    assert not any(one.startswith(("plaintext-secret", "published-credential")) for one in lines)  # it can be given at installation
    lines = found_beside(tmp_path, UMBRELLA % "5.1.13", f"medplum:\n  config: {{{MANY}}}\n")
    assert [one.split()[0] for one in lines] == ["unknown-chart-value"]  # nothing is made of config
    newer = found_beside(tmp_path, OWN % "5.9.0", f"config: {{{MANY[:-1]}, logLevel: WARN}}}}\nreplicaCount: 2\n")
    assert not any(one.startswith("unknown-chart-value") for one in newer)  # which can read more


@pytest.mark.parametrize(
    ("source", "note"),
    [
        ("env", "the values of Medplum's chart as it is shipped, which no server has"),
        ("'aws:eu-west-1:/medplum/prod/'", "the values of a chart whose server reads its configuration from elsewhere"),
    ],
)
def test_shipped_values_with_another_source_are_not_as_shipped(source: str, note: str, tmp_path: Path) -> None:
    config = yaml.safe_dump(charts._tree().value["defaults"])
    (tmp_path / "Chart.yaml").write_text(OWN % "5.1.20")
    (tmp_path / "values.yaml").write_text(f"global: {{configSource: {{type: {source}}}}}\n{config}")
    assert [file.note for file in lint_paths([str(tmp_path)], Options()).result.files] == [note]


@pytest.mark.parametrize(
    ("source", "rules"),
    [
        ("env", []),
        ("aws:eu-west-1:/medplum/prod/", ["ignored-environment"]),
        ("aws:eu-west-1:/medplum/prod/,env", ["overriding-chart-default"]),
        ("env,aws:eu-west-1:/medplum/prod/", []),
        ("azure:https://a.vault.azure.net:medplum", ["invalid-start-argument"]),
        ("env, aws:eu-west-1:/medplum/prod/", ["invalid-start-argument"]),
        ("", ["invalid-start-argument"]),
        ("{{ .Values.source }}", []),
    ],
)
def test_the_start_argument_of_the_chart(source: str, rules: list[str]) -> None:
    text = f"global: {{configSource: {{type: '{source}'}}}}\nconfig:\n  {MANY}\n  database: {{host: localhost}}\n"
    known = ("ignored-environment", "invalid-start-argument", "overriding-chart-default")
    lines = [one.split()[0] for one in found(text, "values.yaml")]
    assert [one for one in lines if one in known] == rules


@pytest.mark.parametrize(
    "chart",
    [
        "",
        "- medplum",
        "name: [medplum]",
        "name: medplum\nversion: {a: b}\nhome: [https://www.medplum.com]",
        "name: medplum\nhome: https://www.medplum.com\nversion: 99999999999.1.1",
        "dependencies: {name: medplum}",
        "dependencies: [medplum, {name: medplum, alias: [a], version: 5.1.20, repository: https://charts.medplum.com}]",
        "dependencies: [{name: medplum, alias: 'a.b', version: 5.1.20, repository: https://charts.medplum.com}]",
        "name: medplum\nversion: &a [*a]",
    ],
)
def test_an_odd_chart_does_not_crash(chart: str, tmp_path: Path) -> None:
    values = (
        "medplum: {config: [], deployment: x, global: [1], service: 3}\n"
        "global: {configSource: {type: [env]}, gcp: x}\nconfig: {server: {baseUrl: a, port: [1]}}\nservice: 1\n"
    )
    found_beside(tmp_path, chart, values)
