"""The lines that a fix changes, in the report as text: long ones are cut around the change, and no secret is seen."""

from __future__ import annotations

import json
import random
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from support.helpers import loaded

from linter import cli, reporters
from linter.documents.inputs import Input
from linter.model import Change, Fix, Style
from linter.reporters._changes import changed_lines
from linter.run import Options, lint_input
from linter.text import Edit, Span

MARKER = "hunter2"


def report(text: str, name: str, form: str = "text", kind: str | None = None) -> str:
    result = lint_input(Input(name, text.encode(), Path(name)), Options(kind=kind)).result
    stream = StringIO()
    reporters.reporter(form).report(result, stream, Style())
    return stream.getvalue()


def fix_lines(text: str, name: str, kind: str | None = None) -> list[str]:
    """The lines of fixes in a report."""
    lines = (line.strip() for line in report(text, name, kind=kind).splitlines())
    return [re.sub(r"^([-+]) +", r"\1 ", line) for line in lines if line[:2] in ("- ", "+ ")]


PAD = {"allowedOrigins": "https://x.clinic.example", "supportEmail": "help@clinic.example", "bcryptHashSalt": 10}
SECRETS = {"database": {"host": "db", "password": MARKER}, "signingKeyPassphrase": MARKER}


def one_line(*parts: dict[str, Any]) -> str:
    return json.dumps({name: value for part in parts for name, value in part.items()}, separators=(",", ":"))


LONG = "p" * 300
ENV = "MEDPLUM_REDIS_HOST=cache\n"
INFRA = {"name": "clinic", "stackName": "Clinic", "region": "us-east-1", "accountNumber": "123456789012", "domainName": "clinic.example"}
COMPOSE = "services: {{s: {{image: medplum/medplum-server, command: env, environment: {{{}, MEDPLUM_DATABASE_PASSWORD: hunter2}}}}}}\n"
SHOWN = {
    "a value": (
        one_line({"port": 8103}, SECRETS, {"baseUrl": "https://api.clinic.example"}, SECRETS, PAD),
        "medplum.config.json",
        [
            '- …"baseUrl":"https://api.clinic.example","allowedOrigins":"https://x.clinic.example","supportEmail":"h…',
            '+ …"baseUrl":"https://api.clinic.example/","allowedOrigins":"https://x.clinic.example","supportEmail":"h…',
        ],
    ),
    "a value behind which a secret stands": (
        one_line(PAD, {"baseUrl": "https://api.clinic.example"}, SECRETS),
        "medplum.config.json",
        [
            '- …"baseUrl":"https://api.clinic.example","database":{"host":"db","password":"••••••"},"signingKeyPassp…',
            '+ …"baseUrl":"https://api.clinic.example/","database":{"host":"db","password":"••••••"},"signingKeyPassp…',
        ],
    ),
    "a long value": (
        one_line(SECRETS, {"baseUrl": f"https://api.clinic.example/{LONG}"}, PAD),
        "medplum.config.json",
        ['- …"baseUrl":…pppppppppppppppppppp"…', '+ …"baseUrl":…pppppppppppppppppppp/"…'],
    ),
    "a long value that ends the line": (
        f"{ENV}MEDPLUM_BASE_URL=https://api.clinic.example/{LONG}\n",
        ".env",
        ["- MEDPLUM_BASE_URL=…pppppppppppppppppppp", "+ MEDPLUM_BASE_URL=…pppppppppppppppppppp/"],
    ),
    "a long comment behind a value": (
        f"{ENV}MEDPLUM_BASE_URL=https://api.clinic.example # {MARKER}{LONG}\n",
        ".env",
        ["- MEDPLUM_BASE_URL=https://api.clinic.example # ••••••", "+ MEDPLUM_BASE_URL=https://api.clinic.example/ # ••••••"],
    ),
    "a line of flow YAML": (
        COMPOSE.format(f"MEDPLUM_SIGNING_KEY: {MARKER}, MEDPLUM_BASE_URL: 'https://api.clinic.example'"),
        "compose.yml",
        [
            "- …MEDPLUM_BASE_URL: 'https://api.clinic.example', MEDPLUM_DATABASE_PASSWORD: ••••••}}}",
            "+ …MEDPLUM_BASE_URL: 'https://api.clinic.example/', MEDPLUM_DATABASE_PASSWORD: ••••••}}}",
        ],
    ),
    "what goes from a line": (
        one_line(INFRA, {"appDomainName": "app.clinic.example", "vpcId": None, "maxAzs": 2}),
        "medplum.clinic.config.json",
        ['- …,"vpcId":null,"maxAzs":2}', '+ …,"maxAzs":2}'],
    ),
    "a name": (
        one_line(PAD, {"baseUrl": "https://api.clinic.example/"}, SECRETS, {"logLevl": "WARN"}),
        "medplum.config.json",
        ['- …"logLevl":"••••••"}', '+ …"logLevel":"••••••"}'],
    ),
    "a whole line": (
        f"services:\n  s:\n    image: medplum/medplum-server:4.1.12\n    command: env\n    environment:\n"
        f"      MEDPLUM_REDIS_HOST: cache\n      MEDPLUM_LOG_LEVEL: WARN\n      MEDPLUM_AUDIENCE: https://x.clinic.example/{LONG}\n",
        "compose.yml",
        ["- MEDPLUM_AUDIENCE: https://x.clinic.example/" + "p" * 51 + "…"],
    ),
}


@pytest.mark.parametrize("name", SHOWN)
def test_a_long_line_is_cut_around_what_changes(name: str) -> None:
    text, file, shown = SHOWN[name]
    assert fix_lines(text, file) == shown
    assert MARKER not in report(text, file)


def test_of_several_changes_on_a_line_each_is_shown_unless_they_are_near() -> None:
    text = one_line({"port": 8103, "maxBatchSize": "50mb"}, PAD, SECRETS, {"logLevel": "WARN"})
    document = loaded(text)[0].document
    near, far = (Edit(Span(text.index(old), text.index(old) + len(old)), new) for old, new in (("8103", "1"), ('"WARN"', '"INFO"')))
    between = Edit(Span(text.index('"50mb"'), text.index('"50mb"') + 6), "2")

    def lines(*edits: Edit) -> list[str]:
        changes = (Change("set", ("port",), 1), Change("set", ("maxBatchSize",), 2), Change("set", ("logLevel",), "INFO"))
        return changed_lines(document, ("port",), Fix(changes, True, "", edits, shown=True))

    start = '…"port":8103,"maxBatchSize":"50mb","allowedOrigins":"https://x.clinic.example","supportEmail":"help@c…'
    assert lines(near, between) == [f"- {start}", "+ " + start.replace("8103", "1").replace('"50mb"', "2")]
    assert lines(far, near) == [
        f"- {start}",
        f"+ {start.replace('8103', '1')}",
        '- …"logLevel":"WARN"}',
        '+ …"logLevel":"INFO"}',
    ]


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_programs_get_edits_and_no_lines(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their edits are what ``--fix`` makes, and as long as what changes, however long the line is."""
    monkeypatch.chdir(tmp_path)
    text = one_line(
        INFRA,
        {
            "desiredServerCount": "2",
            "workerServices": [{"id": f"w{number}", "serverMemory": 512} for number in range(500)],
            "apiPort": "8103",
        },
    )
    Path("clinic.json").write_text(text)
    options = ["--kind", "infra/json", "--select", "wrong-type", "clinic.json"]
    written = CliRunner().invoke(cli.cli, ["--format", form, *options]).stdout
    report = json.loads(written)
    found = report["findings"] if form == "json" else report["runs"][0]["results"]
    assert len(json.dumps(found)) < 4_000
    for start, end, new in sorted(edits_in(report), reverse=True):
        text = text[:start] + new + text[end:]
    assert CliRunner().invoke(cli.cli, ["--fix", *options]).exit_code == 0
    assert Path("clinic.json").read_text() == text
    assert '"apiPort":8103' in text and '"desiredServerCount":2' in text


def edits_in(report: Any) -> list[tuple[int, int, str]]:
    """The edits of a report on a file of one line: from the first character to after the last one, and the new text."""
    if "runs" not in report:
        found = [edit for finding in report["findings"] for edit in finding["fix"]["edits"]]
        return [(one["range"]["start"]["column"] - 1, one["range"]["end"]["column"] - 1, one["text"]) for one in found]
    changes = [fix["artifactChanges"][0]["replacements"] for result in report["runs"][0]["results"] for fix in result["fixes"]]
    regions = [(one["deletedRegion"], one["insertedContent"]["text"]) for replacements in changes for one in replacements]
    return [(region["startColumn"] - 1, region["endColumn"] - 1, text) for region, text in regions]


# --- Secrets --------------------------------------------------------------------------------------------------------------------------

HIDDEN = [f'"{name}":"{MARKER}"' for name in ("signingKey", "recaptchaSecretKey", "unheardOf")] + [
    f'"database":{{"password":"{MARKER}","host":"db"}}',
    f'"database":{{"host":"{MARKER}\\",\\"port\\":\\"1","password":"x"}}',
    f'"storageBaseUrl":"https://u:{MARKER}@api.clinic.example"',
    f'"redis":{{"password":"{MARKER}\\u0022,"}}',
    f'"smtp":{{"host":"smtp","port":"465","password":"{MARKER}"}}',
]
FIXED = [
    *('"port":"8103"', '"baseUrl":"https://api.clinic.example"', '"logLevl":"WARN"', '"maxBatchSize":50', '"registerEnabled":"false"'),
    *(
        f'"appBaseUrl":"https://app.clinic.example/{LONG}"',
        '"port":8103,"port":8103',
        '"vmContextBotsEnabled":"true"',
        '"logLevel":"WARN",',
    ),
]


@given(st.lists(st.sampled_from([*HIDDEN, *FIXED]), min_size=4, max_size=14), st.integers(0, 2**32).map(random.Random))
def test_no_secret_is_seen_on_a_line_that_is_cut(members: list[str], chance: random.Random) -> None:
    text = "{" + ",".join([*members, f'"allowedOrigins":"{LONG}"']) + "}"
    for _ in range(chance.randrange(3)):  # what is not well formed must not show more
        at = chance.randrange(len(text))
        text = text[:at] + chance.choice(["", '"', ":", ",", "/*x*/", "{", "\n"]) + text[at:]
    for line in fix_lines(text, "medplum.config.json", "server/json"):
        assert MARKER not in line
        assert len(line) <= 2 + 160 + 120
