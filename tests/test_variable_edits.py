"""Fixes in files of variables: the setting that was meant is changed, and every other character stays as it is."""

from __future__ import annotations

import base64
import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from support.canaries import encoded
from support.helpers import EVERY_RULE, golden

from linter.commands.fix import unified_diff
from linter.documents.inputs import Input
from linter.documents.source import Loaded, SourceFile
from linter.documents.variables import files as environment_files
from linter.fixes.plan import Fixes, fixed
from linter.model import ABSENT, Change, Document, Finding, Fix, Result, dotted, is_same, sentence
from linter.options.config import Overrides
from linter.release import ANY_SERVER, MAIN, Release, ServerVersion
from linter.run import Options, Outcome, lint_input, lint_paths
from linter.run.load import load
from linter.sources import dotenv, server_json
from linter.syntax.edits import apply_edits
from linter.text import Edit, Span, Text

# --- Texts before and after, to be read -----------------------------------------------------------------------------------------------


class Case(NamedTuple):
    """A file, and each of the changes that are tried in one of its documents."""

    name: str
    uri: str
    text: str
    tries: tuple[tuple[Change, ...], ...]
    document: int = 0
    server: str = ""


def setting(name: str, value: Any) -> Change:
    return Change("set", steps(name), value)


def removing(name: str) -> Change:
    return Change("remove", steps(name))


def renaming(name: str, new: str) -> Change:
    return Change("rename", steps(name), steps(new))


def steps(name: str) -> tuple[str | int, ...]:
    return tuple(int(step) if step.isdigit() else step for step in name.split("."))


ENV = """\
# The server
export MEDPLUM_PORT=8103
MEDPLUM_BASE_URL='https://api.acme.org' # the address
  MEDPLUM_APP_BASE_URL = "https://app.acme.org"
OTHER=1
MEDPLUM_SIGNING_KEY="-----BEGIN KEY-----
abc
-----END KEY-----"
MEDPLUM_STORAGE_BASE_URL=https://storage.acme.org
MEDPLUM_SUPPORT_EMAIL=${MAIL}
MEDPLUM_BASEURL=https://x.acme.org
MEDPLUM_DATABASE_SSL='{"ca":"x",  "require": false}'
MEDPLUM_LOG_LEVEL=
MEDPLUM_REDIS_HOST=redis
MEDPLUM_REDIS_HOST=redis2
"""
JSON_ENV = """\
MEDPLUM_DATABASE_HOST=db
MEDPLUM_DATABASE_SSL="{\\"ca\\": \\"x\\", \\"require\\": false}"
MEDPLUM_DEFAULT_PROJECT_FEATURES="[\\"a\\",\\n\\"b\\"]"
MEDPLUM_READONLY_DATABASE_SSL={"require":false}
MEDPLUM_EXTERNAL_AUTH_PROVIDERS='[{"issuer": "x"}, {"issuer": "y", "clientId": "z"}]'
MEDPLUM_REDIS_TLS='{"ca": "${CA}"}'
MEDPLUM_SMTP='{"host": "no JSON'
MEDPLUM_BULLMQ='{"concurrency": 5}'
MEDPLUM_BULLMQ_CONCURRENCY=6
"""
COMPOSE = """\
x-common: &common {MEDPLUM_LOG_LEVEL: info}
services:
  server:
    image: medplum/medplum-server:5.1.20  # pinned
    command: env
    environment:
      MEDPLUM_PORT: 8103
      # the address
      MEDPLUM_BASE_URL: 'https://api.acme.org'   # public
      MEDPLUM_APP_BASE_URL: "https://app.acme.org"
      OTHER: 1
      MEDPLUM_STORAGE_BASE_URL: >-
        https://storage.acme.org
      MEDPLUM_SUPPORT_EMAIL: ${MAIL}
      MEDPLUM_DATABASE_SSL: '{"ca":"x",  "require": false}'
      MEDPLUM_REDIS_PASSWORD:
      <<: *common
"""
SHARED = """\
x-env: &env
  MEDPLUM_BASE_URL: https://api.acme.org
  MEDPLUM_PORT: &port "8103"
services:
  server:
    image: medplum/medplum-server:5.1.20
    environment: *env
  worker:
    image: medplum/medplum-server:5.1.20
    environment:
      <<: *env
      MEDPLUM_APP_BASE_URL: &app https://app.acme.org
      MEDPLUM_STORAGE_BASE_URL: *app
      MEDPLUM_DATABASE_HOST: db
"""
COMPOSE_LIST = """\
services:
  server:
    image: medplum/medplum-server:5.1.20
    command: env
    environment:
    - MEDPLUM_PORT=8103
    # the address
    - 'MEDPLUM_BASE_URL=https://api.acme.org'   # public
    - "MEDPLUM_APP_BASE_URL=https://app.acme.org"
    - OTHER=1
    - MEDPLUM_STORAGE_BASE_URL=https://storage.acme.org
    - MEDPLUM_SUPPORT_EMAIL=${MAIL}
    - 'MEDPLUM_DATABASE_SSL={"ca":"x",  "require": false}'
    - MEDPLUM_REDIS_PASSWORD
"""
COMPOSE_PAIRS = """\
services:
  server:
    image: medplum/medplum-server:5.1.20
    command: env
    environment:
      - name: MEDPLUM_PORT
        value: "8103"
      - {name: MEDPLUM_BASE_URL, value: 'https://api.acme.org'}
      - value: https://app.acme.org
        name: MEDPLUM_APP_BASE_URL
"""
CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: medplum
data:
  MEDPLUM_PORT: "8103"
  # the address
  MEDPLUM_BASE_URL: 'https://api.acme.org'   # public
  MEDPLUM_APP_BASE_URL: "https://app.acme.org"
  OTHER: "1"
  MEDPLUM_STORAGE_BASE_URL: |-
    https://storage.acme.org
  MEDPLUM_SUPPORT_EMAIL: "{{ .Values.mail }}"
  MEDPLUM_DATABASE_SSL: |-
    {"ca":"x",  "require": false}
---
apiVersion: v1
kind: Secret
metadata:
  name: medplum
data:
  MEDPLUM_APP_BASE_URL: aHR0cHM6Ly9hcHAuYWNtZS5vcmc=
  MEDPLUM_DATABASE_PASSWORD: eA==
  MEDPLUM_DATABASE_SSL: eyJyZXF1aXJlIjpmYWxzZX0=
  MEDPLUM_BASE_URL: "no base64"
---
apiVersion: v1
kind: Secret
metadata:
  name: medplum-text
stringData:
  MEDPLUM_APP_BASE_URL: https://app.acme.org
  MEDPLUM_DATABASE_PASSWORD: "x"
"""
POD = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: medplum
spec:
  template:
    spec:
      containers:
        - name: server
          image: medplum/medplum-server:5.1.20
          args: ["env"]
          env:
            - name: MEDPLUM_PORT
              value: "8103"
            # the address
            - name: MEDPLUM_BASE_URL
              value: 'https://api.acme.org'   # public
            - name: MEDPLUM_APP_BASE_URL
              value: https://app.acme.org
            - name: MEDPLUM_REDIS_PASSWORD
              valueFrom:
                secretKeyRef: {name: redis, key: password}
            - {name: MEDPLUM_DATABASE_SSL, value: '{"ca":"x",  "require": false}'}
            - name: MEDPLUM_STORAGE_BASE_URL
              value: https://storage.acme.org
          ports:
            - containerPort: 8103
"""
CHART = """\
global:
  configSource:
    type: env
config:
  server:
    # where it listens
    port: 8103
    baseUrl: https://api.acme.org  # public
    appBaseUrl: "https://app.acme.org"
    introspectionEnabled: false
    maxJsonSize: ""
    storageBaseUrl: {{ .Values.storage }}
  database:
    host: db
    password: 'x'
deployment:
  env:
    - name: MEDPLUM_STORAGE_BASE_URL
      value: https://storage.acme.org
    - name: MEDPLUM_DATABASE_SSL
      value: '{"ca":"x",  "require": false}'
""".replace("    storageBaseUrl: {{ .Values.storage }}\n", "")
VALUES = """\
server:
  extraEnv:
    MEDPLUM_PORT: 8103
    MEDPLUM_BASE_URL: https://api.acme.org
    MEDPLUM_APP_BASE_URL: "https://app.acme.org"
    MEDPLUM_DATABASE_HOST: db
other:
  env:
    - name: MEDPLUM_REDIS_HOST
      value: redis
"""
TASK = """\
{
  "family": "medplum",
  "containerDefinitions": [
    {
      "name": "server",
      "image": "medplum/medplum-server:5.1.20",
      "command": ["env"],
      "environment": [
        {"name": "MEDPLUM_PORT", "value": "8103"},
        {"name": "MEDPLUM_BASE_URL", "value": "https://api.acme.org"},
        {
          "name": "MEDPLUM_APP_BASE_URL",
          "value": "https://app.acme.org"
        },
        {"name": "MEDPLUM_STORAGE_BASE_URL", "value": "https:\\/\\/storage.acme.org"},
        {"name": "MEDPLUM_DATABASE_SSL", "value": "{\\"ca\\":\\"x\\",  \\"require\\": false}"}
      ],
      "secrets": [
        {"name": "MEDPLUM_REDIS_PASSWORD", "valueFrom": "arn:aws:ssm:us-east-1:123456789012:parameter/redis"}
      ]
    }
  ]
}
"""
TASK_YAML = """\
family: medplum
containerDefinitions:
  - name: server
    image: medplum/medplum-server:5.1.20
    command: [env]
    environment:
      - {name: MEDPLUM_PORT, value: "8103"}
      - {name: MEDPLUM_BASE_URL, value: 'https://api.acme.org'}
      - {name: MEDPLUM_APP_BASE_URL, value: "https://app.acme.org"}
"""
WORKFLOW = """\
on: push
jobs:
  deploy:
    runs-on: ubuntu-latest
    env:
      MEDPLUM_PORT: 8103
      # the address
      MEDPLUM_BASE_URL: 'https://api.acme.org'
      MEDPLUM_APP_BASE_URL: "https://app.acme.org"
      MEDPLUM_SUPPORT_EMAIL: ${{ vars.MAIL }}
      MEDPLUM_REDIS_PASSWORD: ${{ secrets.REDIS }}
      MEDPLUM_INTROSPECTION_ENABLED: false
    steps:
      - run: npm run deploy
"""
COMMON = (
    (setting("port", 8104),),
    (setting("port", "8104"),),
    (setting("baseUrl", "https://api.acme.org/"),),
    (setting("appBaseUrl", "https://app.acme.org/"),),
    (removing("port"),),
    (removing("appBaseUrl"),),
    (renaming("appBaseUrl", "issuer"),),
    (renaming("appBaseUrl", "baseUrl"),),
    (renaming("appBaseUrl", "database.host"),),
    (setting("introspectionEnabled", True),),
    (setting("database.host", "db.acme.org"),),
    (setting("googleClientSecret", "it's $5 # all"),),
    (setting("auditEventLogGroup", None),),
    (setting("appBaseUrl", "https://app.acme.org/"), removing("port")),
    (setting("appBaseUrl", "https://app.acme.org/"), setting("appBaseUrl", "https://app2.acme.org/")),
)
REST = (
    (setting("storageBaseUrl", "https://storage.acme.org/"),),
    (removing("storageBaseUrl"),),
    (setting("supportEmail", "a@acme.org"),),
    (removing("supportEmail"),),
    (setting("database.ssl.require", True),),
    (removing("database.ssl.ca"),),
    (renaming("database.ssl.ca", "database.ssl.cert"),),
    (setting("database.ssl", {"require": True}),),
    (setting("database.ssl.require", True), removing("database.ssl.ca")),
    (setting("redis.password", "x"),),
    (removing("database"),),
    (setting("redis", {"host": "x"}),),
)
OF_CHART = (
    (setting("introspectionEnabled", True),),
    (setting("port", 1_234_567),),
    (setting("baseUrl", ""),),
    (setting("maxJsonSize", "1mb"),),
    (setting("database.port", 5433),),
    (setting("redis.host", "redis"),),
    (setting("logLevel", "debug"),),
    (renaming("baseUrl", "logLevel"),),
    (renaming("baseUrl", "supportEmail"),),
    (removing("database"),),
)
IN_JSON = (
    (setting("database.ssl.require", True),),
    (setting("database.ssl.cert", 'it\'s "x"\n'),),
    (setting("readonlyDatabase.ssl.require", True),),
    (setting("readonlyDatabase.ssl.ca", "it's"),),
    (setting("readonlyDatabase.ssl.ca", "its"),),
    (setting("externalAuthProviders.0.issuer", "https://idp.acme.org/"),),
    (setting("externalAuthProviders.1", {"issuer": "w"}),),
    (removing("externalAuthProviders.0"),),
    (removing("externalAuthProviders.0.issuer"),),
    (removing("externalAuthProviders.1.issuer"), removing("externalAuthProviders.1.clientId")),
    (removing("database.ssl.ca"), removing("database.ssl.require")),
    (setting("defaultProjectFeatures.2", "c"),),
    (setting("redis.tls.ca", "x"),),
    (setting("smtp.host", "x"),),
    (setting("bullmq.concurrency", 7),),
    (removing("bullmq"),),
)
IN_SHARED = (
    (setting("baseUrl", "https://api.acme.org/"),),
    (removing("baseUrl"),),
    (setting("appBaseUrl", "https://app.acme.org/"),),
    (removing("appBaseUrl"),),
    (setting("storageBaseUrl", "https://app.acme.org/"),),
    (removing("storageBaseUrl"),),
    (setting("database.host", "db2"),),
    (removing("database.host"),),
    (setting("redis.host", "redis"),),
)
CASES = [
    Case(
        "an environment file",
        ".env",
        ENV,
        (
            *COMMON,
            *REST,
            (setting("signingKey", "-----BEGIN KEY-----\nabcd\n-----END KEY-----"),),
            (removing("signingKey"),),
            (renaming("baseurl", "issuer"),),
            (setting("logLevel", "debug"),),
            (setting("redis.host", "x"),),
            (removing("redis.host"),),
            (setting("externalAuthProviders", [{"issuer": "https://idp.acme.org/"}]),),
        ),
    ),
    Case("an environment file with JSON", ".env", JSON_ENV, IN_JSON),
    Case("an environment file of an older server", ".env", ENV, ((setting("smtp.host", "x"),), (setting("port", 1),)), server="4.1.0"),
    Case("a service with a mapping", "compose.yaml", COMPOSE, (*COMMON, *REST, (setting("logLevel", "debug"),))),
    Case("a service whose variables are an alias", "compose.yaml", SHARED, ((setting("baseUrl", "x"),), (removing("port"),))),
    Case("a service with aliases", "compose.yaml", SHARED, IN_SHARED, document=1),
    Case("a service with a list", "compose.yaml", COMPOSE_LIST, (*COMMON, *REST)),
    Case("a service with names and values", "compose.yaml", COMPOSE_PAIRS, COMMON),
    Case("a ConfigMap", "medplum.yaml", CONFIG_MAP, (*COMMON, *REST)),
    Case("a Secret in base64", "medplum.yaml", CONFIG_MAP, (*COMMON, *REST), document=1),
    Case("a Secret as text", "medplum.yaml", CONFIG_MAP, COMMON, document=2),
    Case("a container", "deployment.yaml", POD, (*COMMON, *REST)),
    Case("values of the chart", "values.yaml", CHART, (*COMMON, *REST, *OF_CHART)),
    Case("values of another chart", "values.yaml", VALUES, (*COMMON, (setting("redis.port", 6379),))),
    Case("a task definition", "task-definition.json", TASK, (*COMMON, *REST)),
    Case("a task definition in YAML", "task-definition.yaml", TASK_YAML, COMMON),
    Case("a workflow", "deploy.yml", WORKFLOW, (*COMMON, *REST)),
]


def document_of(case: Case, text: str) -> Loaded:
    """The document of a case, of another text."""
    release = Release.of(case.server) if case.server else MAIN
    return load(Input(case.uri, text.encode(), Path(case.uri)), None, ServerVersion(release, release)).loaded[case.document]


def shown(changes: Iterable[Change]) -> str:
    values: Mapping[str, Callable[[Any], str]] = {"set": repr, "rename": dotted, "remove": lambda _: ""}
    return ", ".join(f"{one.action} {dotted(one.path)} {values[one.action](one.value)}".rstrip() for one in changes)


def test_texts_before_and_after() -> None:
    lines: list[str] = []
    for case in CASES:
        lines += [f"=== {case.name}", "", *(f"    {line}" for line in case.text.splitlines()), ""]
        editor = document_of(case, case.text).editor
        for changes in case.tries:
            edits = editor(changes) if editor is not None else None
            lines.append(shown(changes))
            if edits is None:
                lines += ["  is left alone", ""]
                continue
            after = apply_edits(case.text, edits)
            difference = difflib.unified_diff(case.text.splitlines(), after.splitlines(), lineterm="", n=1)
            lines += [*(f"  {line}" for line in [*difference][3:]), ""]
    golden("variable-edits.txt", lines)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_line_ends_are_kept(case: Case) -> None:
    text = case.text.replace("\n", "\r\n")
    editor, windows = document_of(case, case.text).editor, document_of(case, text).editor
    assert editor is not None and windows is not None
    for changes in case.tries:
        edits, others = editor(changes), windows(changes)
        assert (edits is None) == (others is None), shown(changes)
        if edits is not None and others is not None:
            assert apply_edits(text, others) == apply_edits(case.text, edits).replace("\n", "\r\n")


# --- Through the engine ---------------------------------------------------------------------------------------------------------------


def engine(uri: str, content: bytes, changes: Sequence[Change]) -> Fixes:
    """What fixing makes of a file, in whose first document one finding asks for the changes until they are made."""

    def check(instead: Mapping[str, bytes]) -> Outcome:
        data = instead.get(uri, content)
        every = load(Input(uri, data, Path(uri)), None, ANY_SERVER).loaded
        findings = tuple(finding_of(one, changes) for one in every[:1] if not is_made(one.document, changes))
        result = Result("0", (), tuple(one.document for one in every), findings, {})
        return Outcome(result, (), (), False, contents={uri: data})

    return fixed(check, unsafe=False)


def is_made(document: Document, changes: Sequence[Change]) -> bool:
    return all(is_same(document.get(one.path), one.value) if one.action == "set" else document.get(one.path) is ABSENT for one in changes)


def finding_of(loaded: Loaded, changes: Sequence[Change]) -> Finding:
    edits = loaded.editor(changes) if loaded.editor is not None else None
    fix = Fix(tuple(changes), True, "", tuple(edits) if edits is not None else None)
    return Finding("test/wanted", "error", sentence(""), loaded.document, changes[0].path, Span(0, 1), fix)


@pytest.mark.quick_cases(6)
@pytest.mark.parametrize("case", [case for case in CASES if not case.document and not case.server], ids=lambda case: case.name)
def test_a_fix_is_what_was_meant_and_is_made_once(case: Case) -> None:
    """Also by the check of all settings of a file after each fix, which would call anything else a bug."""
    editor = document_of(case, case.text).editor
    assert editor is not None
    for changes in case.tries:
        if len({change.path for change in changes}) < len(changes):
            continue  # they contradict each other
        fixes = engine(case.uri, case.text.encode(), changes)
        assert (fixes.bugs, fixes.refused) == ((), ()), shown(changes)
        assert bool(fixes.files) == (editor(changes) is not None), shown(changes)
        for file in fixes.files:
            assert engine(case.uri, file.after, changes).files == ()


class Layout(NamedTuple):
    """A way to write variables: the text around them, and how one of them is written in quotes (none, single or double)."""

    name: str
    uri: str
    head: str
    one: Callable[[str, str, str], str]
    read: Callable[[str], dict[str, str]]
    tail: str = ""
    between: str = ""
    safe: bool = False
    """Whether a text is only planted where it needs no escape."""


def yaml_scalar(text: str, quote: str) -> str:
    if quote == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return text if not quote and PLAIN.fullmatch(text) and text not in ("true", "false") else json.dumps(text)


def env_value(text: str, quote: str) -> str:
    if PLAIN.fullmatch(text):
        return f"{quote}{text}{quote}"
    return f"'{text}'"


def env_names(text: str) -> dict[str, str]:
    return {one.name: one.text or "" for one in environment_files.EnvironmentLines(Text(text)).variables}


def environment(text: str) -> Any:
    return yaml.safe_load(text)["services"]["server"]["environment"]


def assigned(items: Iterable[str]) -> dict[str, str]:
    return {one.partition("=")[0]: one.partition("=")[2] for one in items}


def paired(items: Iterable[dict[str, Any]]) -> dict[str, str]:
    return {one["name"]: str(one["value"]) for one in items}


def undollared(given: dict[str, Any]) -> dict[str, str]:
    """As Compose hands texts on."""
    return {name: str(text).replace("$$", "$") for name, text in given.items()}


PLAIN = re.compile("[a-z][a-z0-9/.]*[a-z0-9]|[1-9][0-9]*")
SERVICE = """\
services:
  server:
    image: medplum/medplum-server:5.1.20
    environment:
"""
BEHIND = "    restart: always\n"
LAYOUTS = [
    Layout("env", "a.env", "# x\n", lambda name, text, quote: f"{name}={env_value(text, quote)}\n", env_names, "OTHER=1\n", safe=True),
    Layout(
        "exported",
        "b.env",
        "",
        lambda name, text, quote: f"export {name}={env_value(text, quote)} # why\n",
        env_names,
        "# end\n",
        safe=True,
    ),
    Layout(
        "compose mapping",
        "compose.yaml",
        SERVICE,
        lambda name, text, quote: f"      {name}: {yaml_scalar(text.replace('$', '$$'), quote)}  # why\n",
        lambda text: undollared(environment(text)),
        BEHIND,
    ),
    Layout(
        "compose list",
        "compose.yaml",
        SERVICE,
        lambda name, text, quote: f"    - {yaml_scalar(name + '=' + text.replace('$', '$$'), quote)}\n",
        lambda text: undollared(assigned(environment(text))),
        BEHIND,
    ),
    Layout(
        "compose pairs",
        "compose.yaml",
        SERVICE,
        lambda name, text, quote: f"      - name: {name}\n        value: {yaml_scalar(text.replace('$', '$$'), quote)}\n",
        lambda text: undollared(paired(environment(text))),
        BEHIND,
    ),
    Layout(
        "compose flow",
        "compose.yaml",
        SERVICE.rstrip() + " {",
        lambda name, text, quote: f"{name}: {yaml_scalar(text.replace('$', '$$'), quote or chr(34))}",
        lambda text: undollared(environment(text)),
        "}\n" + BEHIND,
        between=", ",
    ),
    Layout(
        "ConfigMap",
        "medplum.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: medplum}\ndata:\n",
        lambda name, text, quote: f"  {name}: {yaml_scalar(text, quote or chr(39))}\n",
        lambda text: yaml.safe_load(text)["data"],
        "immutable: true\n",
    ),
    Layout(
        "Secret",
        "medplum.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: medplum}\ndata:\n",
        lambda name, text, quote: f"  {name}: {quote}{encoded(text)}{quote}\n",
        lambda text: {name: base64.b64decode(one).decode() for name, one in yaml.safe_load(text)["data"].items()},
        "type: Opaque\n",
    ),
    Layout(
        "container",
        "pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: medplum}\nspec:\n  containers:\n  - name: server\n    env:\n",
        lambda name, text, quote: f"    - name: {name}\n      value: {yaml_scalar(text, quote or chr(34))}\n",
        lambda text: paired(yaml.safe_load(text)["spec"]["containers"][0]["env"]),
        "    image: medplum/medplum-server:5.1.20\n",
    ),
    Layout(
        "values",
        "values.yaml",
        "server:\n  extraEnv:\n",
        lambda name, text, quote: f"    {name}: {yaml_scalar(text, quote)}\n",
        lambda text: {name: str(one) for name, one in yaml.safe_load(text)["server"]["extraEnv"].items()},
        "  replicas: 1\n",
    ),
    Layout(
        "task definition",
        "task-definition.json",
        '{"family": "medplum", "containerDefinitions": [{"environment": [\n',
        lambda name, text, quote: f'  {{"name": "{name}", "value": {json.dumps(text, ensure_ascii=not quote)}}}',
        lambda text: paired(json.loads(text)["containerDefinitions"][0]["environment"]),
        '\n], "image": "medplum/medplum-server:5.1.20"}]}\n',
        between=",\n",
    ),
    Layout(
        "workflow",
        "deploy.yml",
        "on: push\nenv:\n",
        lambda name, text, quote: f"  {name}: {yaml_scalar(text, quote)}\n",
        lambda text: {name: str(one) for name, one in yaml.safe_load(text)["env"].items()},
        "jobs: {deploy: {runs-on: ubuntu-latest, steps: []}}\n",
    ),
]
NAMED = {
    "baseUrl": "MEDPLUM_BASE_URL",
    "appBaseUrl": "MEDPLUM_APP_BASE_URL",
    "storageBaseUrl": "MEDPLUM_STORAGE_BASE_URL",
    "supportEmail": "MEDPLUM_SUPPORT_EMAIL",
    "database.host": "MEDPLUM_DATABASE_HOST",
    "database.password": "MEDPLUM_DATABASE_PASSWORD",
    "port": "MEDPLUM_PORT",
    "introspectionEnabled": "MEDPLUM_INTROSPECTION_ENABLED",
    "database.ssl": "MEDPLUM_DATABASE_SSL",
}
MEMBERS = ("database.ssl.require", "database.ssl.ca")
"""What is given within the JSON of a variable."""
ANCHOR = "database.host"
"""What shows that a file is a server's."""
texts = st.text("abz/.:=,#'\"\\$ é", min_size=1, max_size=12)
plain_texts = st.text("abz/.", min_size=1, max_size=12)
values = {
    **dict.fromkeys(NAMED, texts),
    "port": st.integers(0, 65_535),
    "introspectionEnabled": st.booleans(),
    "database.ssl": st.fixed_dictionaries({"ca": texts, "require": st.booleans()}),
}


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class Planted(NamedTuple):
    layout: Layout
    given: dict[str, str]
    """The texts of settings."""
    chunks: dict[str, str]
    """How each is written."""
    changes: list[Change]

    @property
    def text(self) -> str:
        return self.layout.head + self.layout.between.join(self.chunks.values()) + self.layout.tail


@st.composite
def planted(draw: st.DrawFn) -> Planted:
    layout = draw(st.sampled_from(LAYOUTS))
    names = draw(st.lists(st.sampled_from(list(NAMED)), min_size=2, unique=True))
    names = names if ANCHOR in names else [*names, ANCHOR]
    given, chunks = {}, {}
    for name in names:
        text = as_text(draw(values[name] if not layout.safe or values[name] is not texts else plain_texts))
        if layout.safe and "'" in text:
            text = "{}"
        given[name] = text
        chunks[name] = layout.one(NAMED[name], text, draw(st.sampled_from(["", "'", '"'])))
    return Planted(layout, given, chunks, draw(wanted(names)))


@st.composite
def wanted(draw: st.DrawFn, names: list[str]) -> list[Change]:
    """Changes of settings, some of which are given; of an object and its members one alone."""
    changes: dict[str, Change] = {}
    known = [*NAMED, *(MEMBERS if "database.ssl" in names else ())]
    for name in draw(st.lists(st.sampled_from(known), min_size=1, max_size=3, unique=True)):
        if name in ("database.ssl", *MEMBERS) and not changes.keys().isdisjoint(("database.ssl", *MEMBERS)):
            continue
        if name in MEMBERS:
            changes[name] = draw(st.sampled_from([removing(name), setting(name, True), setting(name, "a 'b'")]))
        elif name in names and name != ANCHOR and draw(st.booleans()):
            changes[name] = removing(name)
        else:
            changes[name] = setting(name, draw(values[name]))
    return list(changes.values())


def meant(given: Mapping[str, str]) -> dict[str, Any]:
    """Texts, that of an object as what it says."""
    return {name: json.loads(text) if name == "MEDPLUM_DATABASE_SSL" else text for name, text in given.items()}


def check_engine(one: Planted) -> None:
    """The settings that were meant and no others, by another reader; all else as it was; and nothing left to fix."""
    before = one.layout.read(one.text)
    assert {NAMED[name]: text for name, text in one.given.items()}.items() <= before.items()
    fixes = engine(one.layout.uri, one.text.encode(), one.changes)
    assert (fixes.bugs, fixes.refused) == ((), ())
    for file in fixes.files:
        after = file.after.decode()
        expected = dict(before)
        for change in one.changes:
            name = NAMED[".".join(map(str, change.path[:2]))]
            if len(change.path) > 2:
                whole = json.loads(expected[name])
                whole.pop(str(change.path[-1]), None)
                expected[name] = json.dumps(whole | ({str(change.path[-1]): change.value} if change.action == "set" else {}))
            else:
                expected.pop(name, None)
                if change.action == "set":
                    expected[name] = as_text(change.value)
        assert meant(one.layout.read(after)) == meant(expected)
        assert engine(one.layout.uri, file.after, one.changes).files == ()
        touched = {change.path[:2] for change in one.changes}
        untouched = [chunk for name, chunk in one.chunks.items() if steps(name) not in touched]
        kept = [one.layout.head.rstrip(), *untouched, one.layout.tail]
        at = 0
        for piece in kept:
            at = after.index(piece, at) + len(piece)
        assert at == len(after)


@given(planted())
@settings(max_examples=50, deadline=None)
def test_the_engine_changes_what_was_meant(one: Planted) -> None:
    check_engine(one)


@pytest.mark.slow
@given(planted())
@settings(max_examples=2000, deadline=None)
def test_the_engine_changes_what_was_meant_of_many(one: Planted) -> None:
    check_engine(one)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda one: one.name)
def test_most_fixes_can_be_made(layout: Layout) -> None:
    """In files without anything special each of these is."""
    given = {"port": "8103", "baseUrl": "https://api.acme.org", "database.ssl": '{"require": false}'}
    chunks = {name: layout.one(NAMED[name], text, "'") for name, text in given.items()}
    for change in (setting("baseUrl", "https://api.acme.org/"), setting("port", 80), removing("port"), setting("database.host", "db")):
        assert engine(layout.uri, Planted(layout, given, chunks, [change]).text.encode(), [change]).files, shown([change])


PARTS = {"host": "db.acme.org", "port": 5432, "dbname": "it's x", "username": "true", "password": 'p#"$1'}
BESIDE = {"MEDPLUM_DATABASE_SSL": "{}", "MEDPLUM_BASE_URL": "https://api.acme.org/", "MEDPLUM_PORT": "8103"}


@pytest.mark.quick_cases(18)
@pytest.mark.parametrize("quote", ["", "'", '"'])
@pytest.mark.parametrize("at", [0, 1, 3])
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda one: one.name)
def test_several_variables_replace_one(layout: Layout, at: int, quote: str) -> None:
    """In every layout, in the documentation's order, whatever comes before and after."""
    url = "a/b" if layout.safe else "postgres://medplum:pw@db.acme.org/medplum"
    given = [*BESIDE.items()][:at] + [("MEDPLUM_DATABASE_URL", url)] + [*BESIDE.items()][at:]
    chunks = [layout.one(name, text, quote) for name, text in given]
    text = layout.head + layout.between.join(chunks) + layout.tail
    changes = [*(setting(f"database.{name}", value) for name, value in reversed(PARTS.items())), removing("database.url")]
    fixes = engine(layout.uri, text.encode(), changes)
    assert (fixes.bugs, fixes.refused) == ((), ())
    after = fixes.files[0].after.decode()
    made = {f"MEDPLUM_DATABASE_{name.upper()}": as_text(value) for name, value in PARTS.items()}
    expected = [*given[:at], *made.items(), *given[at + 1 :]]
    assert [*layout.read(after).items()][: len(expected)] == expected
    before, behind = layout.between.join(chunks[:at]), layout.between.join(chunks[at + 1 :])
    assert after.startswith(layout.head + before) and after.endswith(behind + layout.tail)


def test_no_difference_shows_what_a_secret_holds() -> None:
    """Of a file in which other objects show the same settings: neither the difference nor the edits in a report."""
    manifest = "apiVersion: v1\nkind: {kind}\nmetadata: {{name: x}}\n{data}:\n  MEDPLUM_DATABASE_HOST: db\n"
    manifest += "  MEDPLUM_BASE_URL: https://{host}.acme.org\n"
    text = "---\n".join(
        manifest.format(kind=kind, data=data, host=host)
        for kind, data, host in (("ConfigMap", "data", "open"), ("Secret", "stringData", "hidden"))
    )

    def check(instead: Mapping[str, bytes]) -> Outcome:
        data = instead.get("a.yaml", text.encode())
        options = Options(Overrides(select=("missing-trailing-slash",)), isolated=True)
        return lint_input(Input("a.yaml", data, Path("a.yaml")), options)._replace(contents={"a.yaml": data})

    found = check({}).result.findings
    assert [one.fix is not None and one.fix.edits is not None and one.fix.shown for one in found] == [True, False]
    (file,) = fixed(check, unsafe=True).files
    assert file.after.decode() == text.replace(".org", ".org/")
    assert "hidden" not in unified_diff(file)
    assert unified_diff(file).count("\n-") == unified_diff(file).count("\n+") - 1 == 2


def test_a_file_that_is_not_utf_8_is_left_alone() -> None:
    content = b"MEDPLUM_BASE_URL=https://api.acme.org\n# caf" + b"\xe9\n"
    for source, data in ((dotenv, content), (server_json, b'{"baseUrl": "caf\xe9"}')):
        (loaded,) = source.load(SourceFile("x", data), source.KINDS[0])
        assert loaded.editor is None


RIGHT = "MEDPLUM_BASE_URL=https://a.acme.org/\nMEDPLUM_PORT=8103\nMEDPLUM_DATABASE_SSL='{}'\n"


@pytest.mark.parametrize(
    "made",
    [
        RIGHT,
        RIGHT.replace("8103", "08103"),
        RIGHT.replace("8103", "8104"),
        RIGHT.replace("{}", "{ }"),
        RIGHT.replace("_SSL", "_SSL_CA"),
        RIGHT.replace("acme", "a"),
        RIGHT + "MEDPLUM_LOG_LEVEL=info\n",
    ],
)
def test_an_edit_with_side_effects_is_a_bug(made: str) -> None:
    """As it is with an editor that changes more than it should, be it only the text of a value."""
    before = RIGHT.replace("org/", "org")
    changes = (setting("baseUrl", "https://a.acme.org/"),)

    def check(instead: Mapping[str, bytes]) -> Outcome:
        data = instead.get(".env", before.encode())
        (one,) = load(Input(".env", data, Path(".env")), None, ANY_SERVER).loaded
        fix = Fix(changes, True, "", (Edit(Span(0, len(before)), made),))
        found = (Finding("a/b", "error", sentence(""), one.document, ("baseUrl",), Span(0, 1), fix),)
        result = Result("0", (), (one.document,), found if data == before.encode() else (), {})
        return Outcome(result, (), (), False, contents={".env": data})

    fixes = fixed(check, unsafe=False)
    assert (bool(fixes.files), bool(fixes.bugs)) == (made == RIGHT, made != RIGHT)


def test_fixes_that_touch_are_made_one_after_the_other() -> None:
    """An insertion after the only item of a list relies on the item staying."""
    text = TASK.partition('"environment"')[0] + '"environment": [{"name": "MEDPLUM_LOG_LEVEL", "value": "INFO"}]}]}\n'
    changes = [setting("baseUrl", "https://api.acme.org/"), removing("logLevel"), setting("redis.host", "redis")]

    def check(instead: Mapping[str, bytes]) -> Outcome:
        data = instead.get("task.json", text.encode())
        (one,) = load(Input("task.json", data, Path("task.json")), None, ANY_SERVER).loaded
        found = tuple(finding_of(one, [change]) for change in changes if not is_made(one.document, [change]))
        return Outcome(Result("0", (), (one.document,), found, {}), (), (), False, contents={"task.json": data})

    fixes = fixed(check, unsafe=False)
    assert (fixes.bugs, fixes.refused) == ((), ())
    (container,) = json.loads(fixes.files[0].after)["containerDefinitions"]
    assert paired(container["environment"]) == {"MEDPLUM_BASE_URL": "https://api.acme.org/", "MEDPLUM_REDIS_HOST": "redis"}
    (loaded,) = load(Input("task.json", text.encode(), Path("task.json")), None, ANY_SERVER).loaded
    assert loaded.editor is not None
    for several in permutations(changes):
        edits = loaded.editor(several)
        assert edits is None or json.loads(apply_edits(text, edits)) == json.loads(fixes.files[0].after)


@pytest.mark.slow
def test_only_so_many_fixes_are_looked_for_in_one_file() -> None:
    """Each takes reading the file again, which may have thousands of places."""
    service = "  s{number}:\n    image: medplum/medplum-server:5\n    environment: {{MEDPLUM_BASE_URL: 'https://a.acme.org'}}\n"
    text = "services:\n" + "".join(service.format(number=number) for number in range(280))
    every = load(Input("compose.yaml", text.encode(), Path("compose.yaml")), None, ANY_SERVER).loaded
    changes = [setting("baseUrl", "https://a.acme.org/")]
    made = [one.editor is not None and one.editor(changes) is not None for one in every]
    assert 20 < made.count(True) < 100
    assert made == sorted(made, reverse=True)


# --- The fixtures ---------------------------------------------------------------------------------------------------------------------

FIXTURES = Path(__file__).parent / "fixtures"
FILES = sorted(path for path in FIXTURES.rglob("*") if path.is_file() and path.name not in ("expected.txt", "README.md"))


@pytest.mark.quick_cases(9)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(FIXTURES).as_posix())
def test_the_fixes_of_a_fixture_do_not_crash(path: Path) -> None:
    def check(instead: Mapping[str, bytes]) -> Outcome:
        data = instead.get(path.name, path.read_bytes())
        outcome = lint_input(Input(path.name, data, path), Options(EVERY_RULE, isolated=True))
        return outcome._replace(contents={path.name: data})

    fixes = fixed(check, unsafe=True)
    assert (fixes.bugs, fixes.outcome.bugs) == ((), ())
    for file in fixes.files:
        assert unified_diff(file)


UNSAID: dict[str, tuple[str, str, str]] = {
    "lines": (
        ".env",
        'MEDPLUM_REDIS_HOST=r\nMEDPLUM_DATABASE_USER=${U} # theirs\nexport MEDPLUM_REDIS_PASS="$PW"\n',
        'MEDPLUM_REDIS_HOST=r\nMEDPLUM_DATABASE_USERNAME=${U} # theirs\nexport MEDPLUM_REDIS_PASSWORD="$PW"\n',
    ),
    "a mapping": (
        "compose.yaml",
        "services:\n  s:\n    image: medplum/medplum-server\n    environment:\n"
        "      MEDPLUM_DATABASE_USER: ${U}\n      MEDPLUM_REDIS_PASS: '${PW}'\n",
        "services:\n  s:\n    image: medplum/medplum-server\n    environment:\n"
        "      MEDPLUM_DATABASE_USERNAME: ${U}\n      MEDPLUM_REDIS_PASSWORD: '${PW}'\n",
    ),
    "a list": (
        "compose.yaml",
        "services:\n  s:\n    image: medplum/medplum-server\n    environment:\n"
        "      - MEDPLUM_DATABASE_USER=${U}\n      - MEDPLUM_REDIS_PASS=${PW}\n",
        "services:\n  s:\n    image: medplum/medplum-server\n    environment:\n"
        "      - MEDPLUM_DATABASE_USERNAME=${U}\n      - MEDPLUM_REDIS_PASSWORD=${PW}\n",
    ),
    "what is handed on under its own name": (
        "compose.yaml",
        "services:\n  s:\n    image: medplum/medplum-server\n    environment:\n      - MEDPLUM_DATABASE_USER\n",
        "services:\n  s:\n    image: medplum/medplum-server\n    environment:\n      - MEDPLUM_DATABASE_USER\n",
    ),
    "and in a mapping": (
        "compose.yaml",
        "services:\n  s:\n    image: medplum/medplum-server\n    environment:\n      MEDPLUM_DATABASE_USER:\n",
        "services:\n  s:\n    image: medplum/medplum-server\n    environment:\n      MEDPLUM_DATABASE_USER:\n",
    ),
    "and in lines": (
        ".env",
        "MEDPLUM_REDIS_HOST=r\nMEDPLUM_DATABASE_USER\n",
        "MEDPLUM_REDIS_HOST=r\nMEDPLUM_DATABASE_USER\n",
    ),
    "a secret of Kubernetes": (
        "pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: m}\nspec:\n  containers:\n    - name: s\n      image: medplum/medplum-server\n"
        "      env:\n        - name: MEDPLUM_DATABASE_USER\n          valueFrom: {secretKeyRef: {name: db, key: user}}\n",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: m}\nspec:\n  containers:\n    - name: s\n      image: medplum/medplum-server\n"
        "      env:\n        - name: MEDPLUM_DATABASE_USERNAME\n          valueFrom: {secretKeyRef: {name: db, key: user}}\n",
    ),
}


@pytest.mark.parametrize("name", UNSAID)
def test_what_is_given_elsewhere_gets_another_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uri, before, after = UNSAID[name]
    monkeypatch.chdir(tmp_path)
    Path(uri).write_bytes(before.encode())
    options = Options(Overrides(), isolated=True, keep_contents=True)
    fixes = fixed(lambda contents: lint_paths([uri], options._replace(instead=contents)), unsafe=True)
    assert (fixes.refused, fixes.bugs) == ((), ())
    assert [file.after.decode() for file in fixes.files] == ([after] if after != before else [])


POD = """\
apiVersion: v1
kind: Pod
metadata: {name: m}
spec:
  containers:
    - name: s
      image: medplum/medplum-server
      env:
        - name: MEDPLUM_PORT
          value: 8103
        - {name: MEDPLUM_REGISTER_ENABLED, value: False}
        - name: MEDPLUM_DATABASE_PASSWORD
          value: |  # theirs
            hunter2
"""
SECRET = """\
apiVersion: v1
kind: Secret
metadata: {name: medplum}
data:
  MEDPLUM_DATABASE_PASSWORD: aHVudGVyMgo=
stringData:
  MEDPLUM_REDIS_PASSWORD: 12345
"""
WRITTEN_OTHERWISE: dict[str, tuple[str, str, str]] = {
    "a container": (
        "pod.yaml",
        POD,
        POD.replace("8103", '"8103"').replace("False", '"False"').replace("|  #", "|-  #"),
    ),
    "a secret": ("secret.yaml", SECRET, SECRET.replace("aHVudGVyMgo=", "aHVudGVyMg==").replace("12345", '"12345"')),
    "lines": (".env", 'MEDPLUM_REDIS_HOST=r\nMEDPLUM_DATABASE_HOST="db\n"\n', 'MEDPLUM_REDIS_HOST=r\nMEDPLUM_DATABASE_HOST="db"\n'),
    "a value of two variables": (
        "pod.yaml",
        POD.replace("value: 8103", "value: &x 8103").replace("value: False", "value: *x"),
        POD.replace("value: 8103", "value: &x 8103").replace("value: False", "value: *x"),
    ),
}


@pytest.mark.parametrize("name", WRITTEN_OTHERWISE)
def test_values_are_written_as_their_reader_needs_them(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uri, before, after = WRITTEN_OTHERWISE[name]
    monkeypatch.chdir(tmp_path)
    Path(uri).write_bytes(before.encode())
    rules = ("unquoted-value", *(["mangled-variable"] if before != after else []))
    options = Options(Overrides(select=rules), isolated=True, keep_contents=True)
    fixes = fixed(lambda contents: lint_paths([uri], options._replace(instead=contents)), unsafe=True)
    assert (fixes.refused, fixes.bugs) == ((), ())
    assert [file.after.decode() for file in fixes.files] == ([after] if after != before else [])


def test_a_port_is_split_off_its_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_bytes(b"MEDPLUM_PORT=8103\nMEDPLUM_REDIS_HOST='cache:6379' # ours\nMEDPLUM_REDIS_DB=1\n")
    options = Options(Overrides(select=("invalid-hostname",)), isolated=True, keep_contents=True)
    fixes = fixed(lambda contents: lint_paths([".env"], options._replace(instead=contents)), unsafe=True)
    assert (fixes.refused, fixes.bugs) == ((), ())
    (file,) = fixes.files
    lines = file.after.decode().splitlines()
    assert "MEDPLUM_REDIS_HOST='cache' # ours" in lines
    assert "MEDPLUM_REDIS_PORT" in " ".join(lines)
    assert len(lines) == 4
