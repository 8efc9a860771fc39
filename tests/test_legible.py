"""What a reviewer can read: public values in diffs and reports, wherever they stand, and nothing of what is secret beside them."""

from __future__ import annotations

import json
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from linter import cli, settings
from linter.formats.placeholders import is_stock
from linter.redaction.values import shown_text, shown_value
from linter.text import MASK

SECRET = "hunter2Zq7"
TOKEN = "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5zA7b"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(name: str, text: str, *arguments: str) -> str:
    Path(name).write_text(text, encoding="utf-8")
    result = CliRunner().invoke(cli.cli, ["--pedantic", "--isolated", *arguments, name])
    assert result.exit_code in (0, 1), result.output
    assert SECRET not in result.output
    return result.stdout


def diff(name: str, text: str) -> list[str]:
    """The lines of a diff, without the report after it."""
    return list(takewhile(lambda line: line[:1] in tuple("-+@ \\"), run(name, text, "--diff", "--unsafe-fixes").splitlines()))


def changed(name: str, text: str) -> list[str]:
    """The lines that a diff removes and adds."""
    return [line for line in diff(name, text) if line[:1] in ("-", "+") and line[:3] not in ("---", "+++")]


def context(name: str, text: str) -> list[str]:
    """The lines around them."""
    return [line[1:] for line in diff(name, text) if line[:1] == " "]


def excerpts(name: str, text: str) -> list[str]:
    """The source lines in a report."""
    return [line.partition(" | ")[2] for line in run(name, text).splitlines() if line.partition(" | ")[0].strip().isdecimal()]


# --- Diffs ---------------------------------------------------------------------------------------------------------------------------

JSON = f"""{{
  "baseUrl": "https://api.clinic.example",
  "allowedOrigins": [
    "https://app.clinic.example",
    "https://me:{SECRET}@b.clinic.example",
    "{SECRET}",
    {{"baseUrl": "https://d.clinic.example", "password": "{SECRET}"}}
  ],
  "approvedSenderEmails": [
    "a@clinic.example",
    "b@clinic.example"
  ],
  "workers": {{"enabled": [
    "cron",
    "reindexx"
  ]}},
  "database": {{
    "database": "clinic",
    "password": "{SECRET}"
  }}
}}
"""
DENSE = '{"baseUrl":"https://a.example","database":{"database":"clinic","password":"%s"},"approvedSenderEmails":["a@b.example"]}\n'


def test_a_diff_of_a_json_file_shows_lists_and_names_that_are_secret_elsewhere() -> None:
    assert changed("medplum.config.json", JSON) == [
        '-  "baseUrl": "https://api.clinic.example",',
        '+  "baseUrl": "https://api.clinic.example/",',
        '-  "approvedSenderEmails": [',
        '-    "a@clinic.example",',
        '-    "b@clinic.example"',
        "-  ],",
        '+  "approvedSenderEmails": "a@clinic.example,b@clinic.example",',
        '-    "reindexx"',
        '+    "reindex"',
        '-    "database": "clinic",',
        '+    "dbname": "clinic",',
    ]
    assert context("medplum.config.json", JSON)[1:7] == [
        '  "allowedOrigins": [',
        '    "https://app.clinic.example",',
        '    "https://••••••@b.clinic.example",',
        '    "••••••",',
        '    {"baseUrl": "••••••", "password": "••••••"}',
        "  ],",
    ]


def test_a_diff_of_one_line_shows_what_is_public_in_it() -> None:
    assert changed("medplum.config.json", DENSE % SECRET) == [
        '-{"baseUrl":"https://a.example","database":{"database":"clinic","password":"••••••"},"approvedSenderEmails":["a@b.example"]}',
        '+{"baseUrl":"https://a.example/","database":{"dbname":"clinic","password":"••••••"},"approvedSenderEmails":"a@b.example"}',
    ]


def test_no_value_of_a_dropped_object_is_shown() -> None:
    first = '{"password": {"host": "secretly", "port": 1}, "redis": {"host": "x"}, "redis": {"host": "y"}}'
    text = f'{{"redis": {first},\n"baseUrl": "https://a.example",\n"redis": {{"host": "cache"}}}}\n'
    assert context("medplum.config.json", text) == [
        '{"redis": {"password": {"host": "••••••", "port": ••••••}, "redis": {"host": "••••••"}, "redis": {"host": "••••••"}},',
        '"redis": {"host": "cache"}}',
    ]


def test_no_list_is_shown_in_a_text_that_was_not_read_to_its_end() -> None:
    text = f'{{"database": {{}}, "redis": {{}}, "port": "8103,\n"allowedOrigins": [\n"https://a.example", "{SECRET}"\n]'
    assert "https://a.example" not in run("medplum.config.json", text)


VARIABLES = {
    "MEDPLUM_BASE_URL": "https://api.clinic.example",
    "MEDPLUM_ALLOWED_ORIGINS": '["https://app.clinic.example","https://b.clinic.example"]',
    "MEDPLUM_WORKERS": '{"enabled":["cron","reindexx"]}',
    "MEDPLUM_SUPPORT_EMAIL": "mailto:help@clinic.example",
    "MEDPLUM_DATABASE_DATABASE": "clinic",
    "MEDPLUM_DATABASE_PASSWORD": SECRET,
}
AFTER = {
    **VARIABLES,
    "MEDPLUM_BASE_URL": "https://api.clinic.example/",
    "MEDPLUM_WORKERS": '{"enabled":["cron","reindex"]}',
    "MEDPLUM_SUPPORT_EMAIL": "help@clinic.example",
    "MEDPLUM_DATABASE_DBNAME": "clinic",
}
SERVICE = "services:\n  server:\n    image: medplum/medplum-server:5.1.23\n    command: env\n    environment:\n"
POD = (
    "apiVersion: v1\nkind: Pod\nmetadata: {name: medplum}\nspec:\n  containers:\n    - name: server\n"
    "      image: medplum/medplum-server:5.1.23\n      args: [env]\n      env:\n"
)
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: medplum}\ndata:\n"
VALUES = "deployment: {image: {repository: medplum/medplum-server, tag: 5.1.23}}\nconfigSource: {type: env}\nextraEnv:\n"
TASK = '{"family": "m", "containerDefinitions": [{"image": "medplum/medplum-server:5.1.23", "command": ["env"], "environment": [\n'


def item(name: str, text: str) -> str:
    return json.dumps({"name": name, "value": text}, ensure_ascii=False)


LAYOUTS: dict[str, tuple[str, Any, str, str]] = {
    ".env": ("", lambda name, text: f"{name}='{text}'", "\n", "\n"),
    "compose.yaml": (SERVICE, lambda name, text: f"      {name}: '{text}'", "\n", "\n"),
    "docker-compose.yml": (SERVICE, lambda name, text: f"      - '{name}={text}'", "\n", "\n"),
    "pod.yaml": (POD, lambda name, text: f"        - name: {name}\n          value: '{text}'", "\n", "\n"),
    "flow.yaml": (POD, lambda name, text: f"        - {{value: '{text}', name: {name}}}", "\n", "\n"),
    "map.yaml": (CONFIG_MAP, lambda name, text: f"  {name}: '{text}'", "\n", "\n"),
    "values.yaml": (VALUES, lambda name, text: f"  - name: {name}\n    value: '{text}'", "\n", "\n"),
    "task.json": (TASK, item, ",\n", "\n]}]}\n"),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_diff_of_variables_shows_public_values(name: str) -> None:
    head, line, between, tail = LAYOUTS[name]
    lines = diff(name, head + between.join(line(*one) for one in VARIABLES.items()) + tail)
    assert "••••••" in "".join(lines)

    def shown(name: str, sign: str, text: str) -> bool:
        first, *others = line(name, text).replace("MEDPLUM_DATABASE_DATABASE", name).splitlines()
        written = [first, *others]
        return all(any(one[:1] in (sign, " ") and one[1:].rstrip(",") == part.rstrip(",") for one in lines) for part in written)

    hidden = {"MEDPLUM_DATABASE_PASSWORD"}
    assert [one for one in VARIABLES.items() if not shown(one[0], "-", one[1])] == [one for one in VARIABLES.items() if one[0] in hidden]
    after = [one for one in AFTER.items() if one[0] not in hidden and one[0] != "MEDPLUM_DATABASE_DATABASE"]
    assert [one for one in after if not shown(one[0], "+", one[1])] == []


def test_a_diff_of_a_list_of_manifests_masks_the_secret_alone() -> None:
    text = (
        "apiVersion: v1\nkind: List\nitems:\n"
        "  - apiVersion: v1\n    kind: Secret\n    metadata: {name: medplum}\n    stringData:\n"
        f"      MEDPLUM_DATABASE_PASSWORD: {SECRET}\n      MEDPLUM_APP_BASE_URL: https://app.clinic.example\n"
        "  - apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: medplum}\n    data:\n"
        "      MEDPLUM_BASE_URL: https://api.clinic.example\n      MEDPLUM_DATABASE_DATABASE: clinic\n"
        '      MEDPLUM_ALLOWED_ORIGINS: |\n        ["https://app.clinic.example",\n         "https://b.clinic.example"]\n'
    )
    assert changed("all.yaml", text) == [
        "-      MEDPLUM_APP_BASE_URL: ••••••",
        "+      MEDPLUM_APP_BASE_URL: ••••••",
        "-      MEDPLUM_BASE_URL: https://api.clinic.example",
        "-      MEDPLUM_DATABASE_DATABASE: clinic",
        "+      MEDPLUM_BASE_URL: https://api.clinic.example/",
        "+      MEDPLUM_DATABASE_DBNAME: clinic",
    ]
    assert context("all.yaml", text)[-3:] == [
        "      MEDPLUM_ALLOWED_ORIGINS: |",
        '        ["https://app.clinic.example",',
        '         "https://b.clinic.example"]',
    ]


def test_what_an_alias_stands_for_is_shown_by_the_name_where_it_is_written() -> None:
    text = POD + (
        f"        - {{name: MEDPLUM_DATABASE_PASSWORD, value: &it {SECRET}}}\n"
        "        - {name: MEDPLUM_DATABASE_DBNAME, value: *it}\n        - {name: MEDPLUM_BASE_URL, value: https://a.example}\n"
    )
    assert changed("pod.yaml", text)[-1] == "+        - {name: MEDPLUM_BASE_URL, value: https://a.example/}"


def test_a_variable_of_another_program_is_masked_though_a_setting_of_a_chart_has_its_name() -> None:
    text = (
        "global: {configSource: {type: env}}\nconfig: {server: {baseUrl: https://api.clinic.example}}\ndeployment:\n  env:\n"
        "    - {name: port, value: secretly}\n"
    )
    assert context("values.yaml", text)[-1] == "    - {name: ••••••, value: ••••••}"


def test_a_reference_masked_under_a_misspelt_name_stays_masked() -> None:
    text = POD + "        - {name: MEDPLUM_DATABASE_HOSST, value: '${HOST:-secretly}'}\n"
    assert changed("pod.yaml", text) == [
        "-        - {name: MEDPLUM_DATABASE_HOSST, value: '••••••'}",
        "+        - {name: MEDPLUM_DATABASE_HOST, value: '••••••'}",
    ]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("MEDPLUM_ALLOWED_ORIGINS='[\n\"https://a.example\"\n]'\n", ["MEDPLUM_ALLOWED_ORIGINS='[", '"https://a.example"', "]'"]),
        (f'MEDPLUM_ALLOWED_ORIGINS=\'[\n"https://a.example", "{SECRET}"\n]\'\n', ["MEDPLUM_ALLOWED_ORIGINS=••••••", "••••••", "••••••"]),
        (f"MEDPLUM_ALLOWED_ORIGINS='[\n\"https://a.example\"\n] {SECRET}'\n", ["MEDPLUM_ALLOWED_ORIGINS=••••••", "••••••", "••••••"]),
    ],
)
def test_a_list_over_several_lines_is_shown_where_all_of_it_is_public(text: str, lines: list[str]) -> None:
    assert context(".env", f"{text}MEDPLUM_BASE_URL=https://api.clinic.example\n") == lines


# --- Reports -------------------------------------------------------------------------------------------------------------------------

PARAMETERS = {"baseUrl": "https://a.example", "logLevel": "debugg", "database.password": SECRET, "unheardOf": SECRET}
DUMP = {"Parameters": [{"Name": f"/medplum/prod/{name}", "Type": "String", "Value": text} for name, text in PARAMETERS.items()]}


def test_a_dump_on_one_line_shows_the_names_of_parameters() -> None:
    found = excerpts("dump.json", json.dumps(DUMP))
    assert '…"/medplum/prod/unheardOf", "Type": "String", "Value": "••••••"}]}' in found
    assert any('"https://a.example"}, {"Name": "/medplum/prod/logLevel", "Type": "String", "Value": "debugg"}' in one for one in found)


def test_a_parameter_of_terraform_on_one_line_is_shown_by_its_name() -> None:
    resources = [
        {
            "mode": "managed",
            "address": f"aws_ssm_parameter.p{at}",
            "type": "aws_ssm_parameter",
            "name": "p",
            "values": {"name": one["Name"], "type": "String", "value": one["Value"]},
        }
        for at, one in enumerate(DUMP["Parameters"])
    ]
    plan = {"terraform_version": "1.5", "format_version": "1.0", "values": {"root_module": {"resources": resources}}}
    assert any(
        one.startswith('…"/medplum/prod/unheardOf", "type": "String", "value": "••••••"') for one in excerpts("plan.json", json.dumps(plan))
    )


NEAR = {
    "logLevel": ["debugg", "1NFO", "WARN1", "ERR0R", "INF"],
    "emailProvider": ["smtpp", "aws-ses"],
    "port": ["81o3", "8l03", "8103;", "81O3", "x8103"],
    "database.port": ["543s2"],
    "supportEmail": ['"Clinic" <mailto:help@clinic.example>', "Clinic <help@clinic>"],
    "workers": ['{"enabled":["cron"]}', "{}"],
    "allowedOrigins": ['["https://a.example", "https://b.example"]'],
    "approvedSenderEmails": ['["a@b.example"]'],
    "defaultProjectFeatures": ['["bots", "cronn"]'],
}  # fmt: skip
FAR = {
    "logLevel": [TOKEN, "DEBUG" + TOKEN, "1NF0x", SECRET],
    "port": [TOKEN, "81o3x", SECRET, "81034567x", "a1b2c3"],
    "workers": [
        f'{{"enabled":["{SECRET}"]}}',
        f'{{"{SECRET}":""}}',
        f'{{"enabled":["{SECRET}"],"enabled":["cron"]}}',
        '{"enabled":["cron"]',
    ],
    "allowedOrigins": [f'["https://a.example", "{SECRET}"]', f'["https://a.example"] {SECRET}', f'["https://me:{SECRET}@a.example"]'],
    "supportEmail": [f"mailto:{SECRET}"],
    "approvedSenderEmails": [f'["a@b.example", "{SECRET}"]'],
}


def setting(name: str) -> settings.Setting:
    found = settings.catalogue().get(tuple(name.split(".")))
    assert found is not None
    return found


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in NEAR.items() for text in texts])
def test_a_slip_in_a_public_value_is_shown(name: str, text: str) -> None:
    assert shown_text(text, [setting(name)]) == text


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in FAR.items() for text in texts])
def test_values_that_are_not_slips_are_masked(name: str, text: str) -> None:
    assert shown_text(text, [setting(name)]) is None


@pytest.mark.parametrize("text", ["<new secret>", "<password>", "<your key>"])
def test_what_says_that_a_secret_is_to_be_filled_in_is_shown(text: str) -> None:
    assert is_stock(text)
    assert shown_value(settings.catalogue(), ("database", "password"), text) == text
    config = json.dumps({"baseUrl": "https://a.example/", "port": 8103, "signingKey": text, "database": {}, "redis": {}})
    assert any(f'"signingKey": "{text}"' in one for one in excerpts("medplum.config.json", config))
    assert f"MEDPLUM_SIGNING_KEY={text}" in excerpts(".env", f"MEDPLUM_REDIS_HOST=r\nMEDPLUM_SIGNING_KEY={text}\n")


@pytest.mark.parametrize("text", ["CHANGE_ME", "changeme", "your-secure-secret-here", "TODO", "REPLACE_ME"])
def test_what_is_a_password_where_it_was_left_is_masked(text: str) -> None:
    """A server takes it as it is, so it is the secret; of a public setting it can be read."""
    assert is_stock(text)
    assert shown_value(settings.catalogue(), ("database", "password"), text) == MASK
    assert shown_value(settings.catalogue(), ("supportEmail",), text) == text


@pytest.mark.parametrize("text", ["<hunter2>", f"TODO {SECRET}", f"YOUR_KEY_{SECRET}", "<swordfish>", "secret", "password", "medplum", ""])
def test_a_possible_secret_is_not_a_stock_text(text: str) -> None:
    assert not is_stock(text)


# --- Lists with secrets in them ------------------------------------------------------------------------------------------------------

ORIGINS = st.sampled_from(["https://a.clinic.example", "https://b.clinic.example:8443", "http://localhost:3000"])
SECRETS = st.text("abcdefghijkmnpqrstuvwxyz23456789", min_size=6, max_size=20).map(lambda text: f"Zq7{text}K4x")
SLOWLY = hypothesis_settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SLOWLY
@given(st.lists(ORIGINS, min_size=1, max_size=4), SECRETS, st.integers(0, 4), st.sampled_from([None, 1]), st.booleans())
def test_a_public_value_in_a_list_is_shown_and_a_secret_beside_it_is_not(
    origins: list[str], secret: str, at: int, indent: int | None, is_item: bool
) -> None:
    items = [*origins[:at], *([secret] if is_item else []), *origins[at:]]
    data = {"database": {"database": "clinic", "password": secret}, "allowedOrigins": items, "baseUrl": "https://api.clinic.example"}
    lines = run("medplum.config.json", json.dumps(data, indent=indent) + "\n", "--diff", "--unsafe-fixes")
    assert secret not in lines
    assert all(json.dumps(origin) in lines for origin in origins if indent is None)
    assert '"database": "clinic"' in lines and '"dbname": "clinic"' in lines


@SLOWLY
@given(st.lists(ORIGINS, min_size=1, max_size=3), SECRETS, st.sampled_from([".env", "compose.yaml", "pod.yaml", "flow.yaml", "task.json"]))
def test_a_public_list_in_a_variable_is_shown_and_a_secret_beside_it_is_not(origins: list[str], secret: str, name: str) -> None:
    head, line, between, tail = LAYOUTS[name]
    written = json.dumps(origins)
    pairs = [
        ("MEDPLUM_DATABASE_PASSWORD", secret),
        ("MEDPLUM_ALLOWED_ORIGINS", written),
        ("MEDPLUM_BASE_URL", "https://api.clinic.example"),
    ]
    lines = run(name, head + between.join(line(*pair) for pair in pairs) + tail, "--diff", "--unsafe-fixes")
    assert secret not in lines
    assert (json.dumps(written)[1:-1] if name.endswith(".json") else written) in lines
    hidden = run(
        name, head + between.join(line(one, text.replace(origins[0], secret)) for one, text in pairs) + tail, "--diff", "--unsafe-fixes"
    )
    assert secret not in hidden


def test_a_token_gets_no_fix_by_which_it_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In lower case an AWS access key does not have its form, but can be read all the same."""
    monkeypatch.chdir(tmp_path)
    for value, is_seen in (("AKIAIOSFODNN7EXAMPLE", False), ("X-Client-Cert", True)):
        Path("medplum.config.json").write_text(json.dumps({"baseUrl": "https://a.example/", "port": 8103, "mtlsCertHeader": value}))
        for arguments in (["--diff", "--unsafe-fixes"], []):
            output = CliRunner().invoke(cli.cli, [*arguments, "--kind", "server/json", "medplum.config.json"]).output
            assert (value.lower() in output.replace(value, "")) is is_seen, output
