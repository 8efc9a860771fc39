"""A fix that splits a variable: the new ones take its place, in the documentation's order, and everything else stays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from linter.fixes.plan import Fixes, fixed
from linter.options.config import Overrides
from linter.run import Options, lint_paths

URL = "postgres://medplum:hunter2@db.acme.org:5432/medplum"
COMPOSE = """\
services:
  server:
    image: medplum/medplum-server:5.1.20
    command: env
    environment:
"""
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: m}
spec:
  containers:
    - name: s
      image: medplum/medplum-server:5.1.20
      args: ["env"]
      env:
"""
TASK = """\
{"family": "medplum", "containerDefinitions": [{"image": "medplum/medplum-server:5.1.20", "command": ["env"], "environment": [
"""

CASES: dict[str, tuple[str, str, str]] = {
    "lines": (
        "a.env",
        f"""\
# head
MEDPLUM_LOG_LEVEL=INFO
export MEDPLUM_DATABASE_URL='{URL}'  # the main one
OTHER=x

MEDPLUM_BASE_URL=https://api.acme.org/
""",
        """\
# head
MEDPLUM_LOG_LEVEL=INFO
export MEDPLUM_DATABASE_HOST='db.acme.org'  # the main one
export MEDPLUM_DATABASE_PORT='5432'
export MEDPLUM_DATABASE_DBNAME='medplum'
export MEDPLUM_DATABASE_USERNAME='medplum'
export MEDPLUM_DATABASE_PASSWORD='hunter2'
OTHER=x

MEDPLUM_BASE_URL=https://api.acme.org/
""",
    ),
    "the last line, without an end": (
        "a.env",
        f"MEDPLUM_DATABASE_SSL={{}}\nMEDPLUM_BASE_URL=https://api.acme.org/\nMEDPLUM_DATABASE_URL={URL}",
        "MEDPLUM_DATABASE_SSL={}\nMEDPLUM_BASE_URL=https://api.acme.org/\nMEDPLUM_DATABASE_HOST=db.acme.org\nMEDPLUM_DATABASE_PORT=5432\n"
        "MEDPLUM_DATABASE_DBNAME=medplum\nMEDPLUM_DATABASE_USERNAME=medplum\nMEDPLUM_DATABASE_PASSWORD=hunter2",
    ),
    "lines of which one is there": (
        "a.env",
        f"MEDPLUM_DATABASE_URL={URL} # main\nMEDPLUM_LOG_LEVEL=INFO\nMEDPLUM_DATABASE_PORT=5432\n",
        "MEDPLUM_DATABASE_HOST=db.acme.org # main\nMEDPLUM_DATABASE_DBNAME=medplum\nMEDPLUM_DATABASE_USERNAME=medplum\n"
        "MEDPLUM_DATABASE_PASSWORD=hunter2\nMEDPLUM_LOG_LEVEL=INFO\nMEDPLUM_DATABASE_PORT=5432\n",
    ),
    "a password with a sign that begins a reference": (
        "a.env",
        "MEDPLUM_BASE_URL=https://api.acme.org/\nMEDPLUM_DATABASE_URL=postgres://m:p%24%7BX%7D@db.acme.org/medplum\n",
        "MEDPLUM_BASE_URL=https://api.acme.org/\nMEDPLUM_DATABASE_HOST=db.acme.org\nMEDPLUM_DATABASE_DBNAME=medplum\n"
        "MEDPLUM_DATABASE_USERNAME=m\nMEDPLUM_DATABASE_PASSWORD='p${X}'\n",
    ),
    "another section": (
        "a.env",
        "MEDPLUM_LOG_LEVEL=INFO\nMEDPLUM_REDIS_URL=rediss://cache.acme.org:6380 # queue\nMEDPLUM_BASE_URL=https://api.acme.org/\n",
        "MEDPLUM_LOG_LEVEL=INFO\nMEDPLUM_REDIS_HOST=cache.acme.org # queue\nMEDPLUM_REDIS_PORT=6380\nMEDPLUM_REDIS_TLS='{}'\n"
        "MEDPLUM_BASE_URL=https://api.acme.org/\n",
    ),
    "a mapping": (
        "compose.yaml",
        f"""\
{COMPOSE}      MEDPLUM_LOG_LEVEL: INFO
      # the database
      MEDPLUM_DATABASE_URL: {URL}  # main

      OTHER: "x"
      MEDPLUM_BASE_URL: https://api.acme.org/
""",
        f"""\
{COMPOSE}      MEDPLUM_LOG_LEVEL: INFO
      # the database
      MEDPLUM_DATABASE_HOST: db.acme.org  # main
      MEDPLUM_DATABASE_PORT: "5432"
      MEDPLUM_DATABASE_DBNAME: medplum
      MEDPLUM_DATABASE_USERNAME: medplum
      MEDPLUM_DATABASE_PASSWORD: hunter2

      OTHER: "x"
      MEDPLUM_BASE_URL: https://api.acme.org/
""",
    ),
    "a mapping in brackets": (
        "compose.yaml",
        COMPOSE.rstrip() + f" {{MEDPLUM_LOG_LEVEL: INFO, MEDPLUM_DATABASE_URL: '{URL}', OTHER: x}} # all\n",
        COMPOSE.rstrip() + " {MEDPLUM_LOG_LEVEL: INFO, MEDPLUM_DATABASE_HOST: 'db.acme.org', MEDPLUM_DATABASE_PORT: '5432',"
        " MEDPLUM_DATABASE_DBNAME: 'medplum', MEDPLUM_DATABASE_USERNAME: 'medplum', MEDPLUM_DATABASE_PASSWORD: 'hunter2', OTHER: x}"
        " # all\n",
    ),
    "a list": (
        "compose.yaml",
        f"""\
{COMPOSE}    - MEDPLUM_LOG_LEVEL=INFO
    - "MEDPLUM_DATABASE_URL={URL}"  # main
    - OTHER=x
    - MEDPLUM_BASE_URL=https://api.acme.org/
""",
        f"""\
{COMPOSE}    - MEDPLUM_LOG_LEVEL=INFO
    - "MEDPLUM_DATABASE_HOST=db.acme.org"  # main
    - "MEDPLUM_DATABASE_PORT=5432"
    - "MEDPLUM_DATABASE_DBNAME=medplum"
    - "MEDPLUM_DATABASE_USERNAME=medplum"
    - "MEDPLUM_DATABASE_PASSWORD=hunter2"
    - OTHER=x
    - MEDPLUM_BASE_URL=https://api.acme.org/
""",
    ),
    "a container": (
        "pod.yaml",
        f"""\
{POD}        - name: MEDPLUM_LOG_LEVEL
          value: INFO
        - name: MEDPLUM_DATABASE_URL
          value: "{URL}" # main
        - name: OTHER
          value: x
        - name: MEDPLUM_BASE_URL
          value: https://api.acme.org/
""",
        f"""\
{POD}        - name: MEDPLUM_LOG_LEVEL
          value: INFO
        - name: MEDPLUM_DATABASE_HOST
          value: "db.acme.org" # main
        - name: MEDPLUM_DATABASE_PORT
          value: "5432"
        - name: MEDPLUM_DATABASE_DBNAME
          value: "medplum"
        - name: MEDPLUM_DATABASE_USERNAME
          value: "medplum"
        - name: MEDPLUM_DATABASE_PASSWORD
          value: "hunter2"
        - name: OTHER
          value: x
        - name: MEDPLUM_BASE_URL
          value: https://api.acme.org/
""",
    ),
    "a container with items in brackets": (
        "pod.yaml",
        f"""\
{POD}        - {{name: MEDPLUM_DATABASE_URL, value: '{URL}'}} # main
        - {{name: MEDPLUM_DATABASE_PORT, value: '5432'}}
        - {{name: MEDPLUM_BASE_URL, value: https://api.acme.org/}}
""",
        f"""\
{POD}        - {{name: MEDPLUM_DATABASE_HOST, value: 'db.acme.org'}} # main
        - {{name: MEDPLUM_DATABASE_DBNAME, value: 'medplum'}}
        - {{name: MEDPLUM_DATABASE_USERNAME, value: 'medplum'}}
        - {{name: MEDPLUM_DATABASE_PASSWORD, value: 'hunter2'}}
        - {{name: MEDPLUM_DATABASE_PORT, value: '5432'}}
        - {{name: MEDPLUM_BASE_URL, value: https://api.acme.org/}}
""",
    ),
    "values of the chart": (
        "values.yaml",
        f"""\
global:
  configSource:
    type: env
config:
  server:
    baseUrl: https://api.acme.org/
deployment:
  env:
    - name: OTHER
      value: x
    - name: MEDPLUM_DATABASE_URL
      value: {URL} # main
    - name: MEDPLUM_LOG_LEVEL
      value: INFO
""",
        """\
global:
  configSource:
    type: env
config:
  server:
    baseUrl: https://api.acme.org/
deployment:
  env:
    - name: OTHER
      value: x
    - name: MEDPLUM_DATABASE_HOST
      value: db.acme.org # main
    - name: MEDPLUM_DATABASE_PORT
      value: "5432"
    - name: MEDPLUM_DATABASE_DBNAME
      value: medplum
    - name: MEDPLUM_DATABASE_USERNAME
      value: medplum
    - name: MEDPLUM_DATABASE_PASSWORD
      value: hunter2
    - name: MEDPLUM_LOG_LEVEL
      value: INFO
""",
    ),
    "values of another chart": (
        "values.yaml",
        f"server:\n  extraEnv:\n    OTHER: x\n    MEDPLUM_DATABASE_URL: '{URL}'\n    MEDPLUM_LOG_LEVEL: INFO\n    MEDPLUM_PORT: 8103\n",
        "server:\n  extraEnv:\n    OTHER: x\n    MEDPLUM_DATABASE_HOST: 'db.acme.org'\n    MEDPLUM_DATABASE_PORT: '5432'\n"
        "    MEDPLUM_DATABASE_DBNAME: 'medplum'\n    MEDPLUM_DATABASE_USERNAME: 'medplum'\n    MEDPLUM_DATABASE_PASSWORD: 'hunter2'\n"
        "    MEDPLUM_LOG_LEVEL: INFO\n    MEDPLUM_PORT: 8103\n",
    ),
    "a task definition": (
        "task-definition.json",
        f"""\
{TASK}  {{ "name": "MEDPLUM_LOG_LEVEL", "value": "INFO" }},
  {{ "name": "MEDPLUM_DATABASE_URL", "value": "{URL}" }},
  {{ "name": "OTHER", "value": "x" }},
  {{ "name": "MEDPLUM_DATABASE_SSL", "value": "{{}}" }}
]}}]}}
""",
        f"""\
{TASK}  {{ "name": "MEDPLUM_LOG_LEVEL", "value": "INFO" }},
  {{ "name": "MEDPLUM_DATABASE_HOST", "value": "db.acme.org" }},
  {{ "name": "MEDPLUM_DATABASE_PORT", "value": "5432" }},
  {{ "name": "MEDPLUM_DATABASE_DBNAME", "value": "medplum" }},
  {{ "name": "MEDPLUM_DATABASE_USERNAME", "value": "medplum" }},
  {{ "name": "MEDPLUM_DATABASE_PASSWORD", "value": "hunter2" }},
  {{ "name": "OTHER", "value": "x" }},
  {{ "name": "MEDPLUM_DATABASE_SSL", "value": "{{}}" }}
]}}]}}
""",
    ),
    "a configuration": (
        "medplum.config.json",
        f"""\
{{
  "baseUrl": "https://api.acme.org/", "appBaseUrl": "https://app.acme.org/",
  "database": {{
    "ssl": {{"require": true}},
    "url": "{URL}",
    "maxConnections": 5
  }}
}}
""",
        """\
{
  "baseUrl": "https://api.acme.org/", "appBaseUrl": "https://app.acme.org/",
  "database": {
    "ssl": {"require": true},
    "host": "db.acme.org",
    "port": 5432,
    "dbname": "medplum",
    "username": "medplum",
    "password": "hunter2",
    "maxConnections": 5
  }
}
""",
    ),
}
RULES = ("misnamed-setting", "misnamed-setting", "misnamed-setting")


def fixes_of(uri: str, content: str, rules: tuple[str, ...] = RULES) -> Fixes:
    Path(uri).write_bytes(content.encode())
    options = Options(Overrides(select=rules), isolated=True, keep_contents=True)
    return fixed(lambda contents: lint_paths([uri], options._replace(instead=contents)), unsafe=True)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_they_take_its_place(name: str, newline: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uri, before, after = CASES[name]
    monkeypatch.chdir(tmp_path)
    fixes = fixes_of(uri, before.replace("\n", newline))
    assert (fixes.refused, fixes.bugs) == ((), ())
    assert [file.after.decode() for file in fixes.files] == [after.replace("\n", newline)]


SPLIT = ("HOST", "PORT", "DBNAME", "USERNAME", "PASSWORD")
PARTS = dict(zip(SPLIT, ("db.acme.org", "5432", "medplum", "medplum", "hunter2"), strict=True))


def lines(form: str, behind: dict[str, str], above: Mapping[str, str] = MappingProxyType({})) -> str:
    """The variables of the connection in a form, some of them with a comment after or above them."""
    texts = {one: form.format(f"MEDPLUM_DATABASE_{one}", PARTS[one]) for one in SPLIT}
    return "".join(f"{above.get(one, '')}{text}{behind.get(one, '')}\n" for one, text in texts.items())


FORMS = {
    "a.env": ("", "{}={}", "MEDPLUM_BASE_URL=https://api.acme.org/\n", "plaintext-secret"),
    "compose.yaml": (
        COMPOSE,
        "      {}: '{}'",
        "      MEDPLUM_BASE_URL: https://api.acme.org/\n",
        "plaintext-secret",
    ),
    "compose.list.yaml": (
        COMPOSE,
        "      - {}={}",
        "      - MEDPLUM_BASE_URL=https://api.acme.org/\n",
        "plaintext-secret",
    ),
    "pod.yaml": (
        POD,
        "        - name: {}\n          value: '{}'",
        "        - name: MEDPLUM_BASE_URL\n          value: https://api.acme.org/\n",
        "plaintext-secret",
    ),
}


@pytest.mark.parametrize("uri", FORMS)
@pytest.mark.parametrize("above", [False, True], ids=["behind", "above"])
@pytest.mark.parametrize("others", [False, True], ids=["alone", "with another rule"])
def test_accepted_secrets_stay_accepted(uri: str, above: bool, others: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comment goes with the secret; what it accepts of anything else stays at the first."""
    head, form, tail, rule = FORMS[uri]
    monkeypatch.chdir(tmp_path)
    pad = " " * (len(form) - len(form.lstrip()))
    of_secret, of_rest = f"# medplum-lint: ignore[{rule}] local only", "# medplum-lint: ignore[unreachable-localhost] local only"
    both = f"# medplum-lint: ignore[{rule}, unreachable-localhost] local only" if others else of_secret
    one = form.format("MEDPLUM_DATABASE_URL", URL)
    before = head + (f"{pad}{both}\n{one}\n" if above else f"{one} {both}\n") + tail
    if above:
        made = (f"{pad}{of_rest}\n" if others else "") + lines(form, {}, {"PASSWORD": f"{pad}{of_secret}\n"})
    else:
        made = lines(form, {"PASSWORD": f" {of_secret}"} | ({"HOST": f" {of_rest}"} if others else {}))
    fixes = fixes_of(uri, before, (*RULES, rule, "unused-suppression"))
    assert (fixes.refused, fixes.bugs) == ((), ())
    assert [file.after.decode() for file in fixes.files] == [head + made + tail]
    assert [one.rule for one in fixes.outcome.result.findings if one.suppressed is None] == []


def test_other_comments_stay_at_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those that accept findings about other things, or that are not suppression comments."""
    monkeypatch.chdir(tmp_path)
    comment = "# medplum-lint: ignore[unreachable-localhost] here"
    fixes = fixes_of("a.env", f"MEDPLUM_BASE_URL=https://api.acme.org/\n{comment}\nMEDPLUM_DATABASE_URL={URL}  {comment}\n")
    assert [file.after.decode() for file in fixes.files] == [
        f"MEDPLUM_BASE_URL=https://api.acme.org/\n{comment}\n" + lines("{}={}", {"HOST": f"  {comment}"})
    ]
