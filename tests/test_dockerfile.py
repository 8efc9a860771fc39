"""Dockerfiles: what an instruction is and its words mean, what an image gives to a server, and how that is started."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_variables import MARKER, assert_no_secret, found, lint, messages, reports

from linter.documents.source import Loaded, SourceFile
from linter.model import UNKNOWN
from linter.run import Options, lint_paths
from linter.sources import dockerfile
from linter.syntax.dockerfile import meaning, read_dockerfile, words

FROM = "FROM medplum/medplum-server:5\n"
CMD = 'CMD ["env"]\n'


def load(text: str) -> list[Loaded]:
    return dockerfile.load(SourceFile("Dockerfile", text.encode()), "server/env")


def instructions(text: str) -> list[str]:
    return [f"{one.keyword} {one.rest}".rstrip() for one in read_dockerfile(text).instructions]


def variables(env: str) -> dict[str, str | None]:
    """The variables that an ``ENV`` sets; None for one whose value is not known."""
    stages = dockerfile._Dockerfile(SourceFile("Dockerfile", f"FROM a\nENV {env}".encode("utf-8", "surrogatepass"))).stages
    return {variable.name: variable.text for variable in stages[0].variables}


# --- Instructions --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a\nENV A=b", ["FROM a", "ENV A=b"]),
        ("from a\r\nenv A=b\r\n", ["FROM a", "ENV A=b"]),
        ("\n\n# FROM b\n  FROM a  \n", ["FROM a"]),
        ("ENV A=b \\\n    C=d", ["ENV A=b     C=d"]),
        ("ENV A=b \\  \r\nC=d", ["ENV A=b C=d"]),
        ("ENV A=b \\\n# comment \\\n\n  C=d", ["ENV A=b   C=d"]),
        ("ENV A=b\\\\\nC=d", ["ENV A=b\\\\", "C=D"]),
        ("ENV A=b \\", ["ENV A=b"]),
        ("# escape=`\nENV A=b `\nC=d", ["ENV A=b C=d"]),
        ("# syntax=docker/dockerfile:1\n# escape = `\nENV A=b `\nC=d", ["ENV A=b C=d"]),
        ("# a comment\n# escape=`\nENV A=b `\nC=d", ["ENV A=b `", "C=D"]),
        ("RUN <<EOF\nENV A=b\nEOF\nENV C=d", ["RUN <<EOF", "ENV C=d"]),
        ("RUN <<-'EOF'\n\tENV A=b\n\tEOF\nENV C=d", ["RUN <<-'EOF'", "ENV C=d"]),
        ("RUN <<EOF\n\tEOF\nEOF\nENV C=d", ["RUN <<EOF", "ENV C=d"]),
        ('COPY <<A <<"B" /x/\nENV A=b\nA\nENV A=c\nB\nENV C=d', ['COPY <<A <<"B" /x/', "ENV C=d"]),
        ("RUN cat <<EOF\nENV C=d", ["RUN cat <<EOF", "ENV C=d"]),
        ("ENV A=<<EOF\nENV C=d\nEOF", ["ENV A=<<EOF", "ENV C=d", "EOF"]),
        ("RUN echo $((1<<2))\nENV C=d", ["RUN echo $((1<<2))", "ENV C=d"]),
        ("", []),
    ],
)
def test_instructions(text: str, expected: list[str]) -> None:
    assert instructions(text) == expected


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ("A=b", {"A": "b"}),
        ("A=b C=d", {"A": "b", "C": "d"}),
        ("A=b C='d e' F=\"g h\"", {"A": "b", "C": "d e", "F": "g h"}),
        ("A=b\\ c", {"A": "b c"}),
        ("A=b\\nc", {"A": "bnc"}),
        ('A="b\\nc\\"\\$\\\\"', {"A": 'b\\nc"$\\'}),
        ("A='b\\nc\"$D'", {"A": 'b\\nc"$D'}),
        ("A=b'c d'\"e\"", {"A": "bc de"}),
        ("A=", {"A": ""}),
        ("A=''", {"A": ""}),
        ("A=$B", {"A": None}),
        ("A=${B:-c}", {"A": None}),
        ('A="x${B}"', {"A": None}),
        ("A=\\$B", {"A": "$B"}),
        ("A=b$", {"A": "b$"}),
        ("A={}", {"A": "{}"}),
        ('A={"b":true}', {"A": "{b:true}"}),
        ("A b", {"A": "b"}),
        ("A b c  d", {"A": "b c  d"}),
        ('A "b c"', {"A": "b c"}),
        ("A b=c", {"A": "b=c"}),
        ("A = b", {"A": "= b"}),
        ("A='b", {"A": None}),
        ('A="b\\"', {"A": None}),
        ("A=b c", {"A": None}),
        ("A", {}),
        ("", {}),
    ],
)
def test_variables(env: str, expected: dict[str, str | None]) -> None:
    assert variables(env) == expected


@given(st.text("AENV=\"'\\`$ \t\n\r#<-{x"))
def test_every_word_has_its_place(text: str) -> None:
    parsed = read_dockerfile(text)
    for instruction in parsed.instructions:
        for word in words(instruction, parsed.escape):
            span = instruction.span(*word)
            written = instruction.line[slice(*word)]
            assert text[span.start] == written[0] and text[span.end - 1] == written[-1]
            meaning(written, parsed.escape)


# --- What an image gives -------------------------------------------------------------------------------------------------------------

IMAGE = f"""\
# syntax=docker/dockerfile:1
{FROM}ENV MEDPLUM_PORT=8103 \\
    # the app
    MEDPLUM_APP_BASE_URL="http://localhost:3000/" \\

    MEDPLUM_DATABASE_PASSWORD=$PASSWORD MEDPLUM_CLIENT_ID=x
ENV MEDPLUM_REDIS_HOST redis
ENV MEDPLUM_REDIS_TLS={{}} NODE_ENV=production
{CMD}"""


def test_an_image() -> None:
    (loaded,) = load(IMAGE)
    document = loaded.document
    assert (document.kind, document.environment, document.complete) == ("server/env", None, False)
    assert document.data == {
        "port": 8103,
        "appBaseUrl": "http://localhost:3000/",
        "database": {"password": UNKNOWN},
        "redis": {"host": "redis", "tls": {}},
    }
    assert IMAGE[slice(*document.locate(("port",)))] == "8103"
    assert IMAGE[slice(*document.locate(("appBaseUrl",)))] == '"http://localhost:3000/"'
    assert IMAGE[slice(*document.locate(("database", "password"), "key"))] == "MEDPLUM_DATABASE_PASSWORD"
    assert IMAGE[slice(*document.locate(("redis", "host")))] == "redis"
    assert IMAGE[slice(*document.locate(("smtp",)))] == "MEDPLUM_PORT"
    assert loaded.problems == ()


def test_a_value_over_several_lines() -> None:
    text = f"{FROM}ENV MEDPLUM_DATABASE_SSL='{{\"require\\\n\":true}}'\n{CMD}"
    (loaded,) = load(text)
    assert loaded.document.data == {"database": {"ssl": {"require": True}}}
    assert text[slice(*loaded.document.locate(("database", "ssl")))] == "'{\"require\\\n\":true}'"


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ("MEDPLUM_BASE_URL=https://api.clinic.example", ["missing-trailing-slash baseUrl"]),
        ("MEDPLUM_PORT=8103 MEDPLUM_PORT=8104", ["duplicate-key port"]),
        ('MEDPLUM_DATABASE_SSL={"require":true}', ["misread-object database.ssl"]),
        ("MEDPLUM_DATABASE_SSL='{\\\"require\\\":true}'", ["mangled-variable database.ssl"]),
        (
            'MEDPLUM_SIGNING_KEY="-----BEGIN X-----\\nA\\n-----END X-----"',
            ["mangled-variable signingKey", "plaintext-secret signingKey"],
        ),
        ("MEDPLUM_THEME=dark", ["unknown-setting theme"]),
        ("MEDPLUM_SUPPORT_EMAIL=Help <help@clinic.example>", ["invalid-dockerfile"]),
        ("MEDPLUM_DATABASE_PASSWORD=hunter2 MEDPLUM_REDIS_PASSWORD=hunter3", ["plaintext-secret database.password"]),
    ],
)
def test_findings(env: str, expected: list[str]) -> None:
    assert found(f"{FROM}ENV {env}\n{CMD}", "Dockerfile") == expected


def test_a_key_has_no_line_breaks_in_an_image() -> None:
    text = f'{FROM}ENV MEDPLUM_SIGNING_KEY="-----BEGIN X-----\\nA\\n-----END X-----"\n{CMD}'
    assert "give the value when the container starts, because ENV cannot hold a line break" in messages(text, "Dockerfile")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f"{FROM}ENV MEDPLUM_PORT=8103\nEVN MEDPLUM_REDIS_HOST=r\n{CMD}", "3:1"),
        (f"{FROM}ENV MEDPLUM_PORT=8103\n    MEDPLUM_DATABASE_PASSWORD={MARKER}\n    MEDPLUM_REDIS_HOST=r\n{CMD}", "3:5"),
        (f"{FROM}ENV MEDPLUM_PORT=8103 {MARKER}\n{CMD}", "2:23"),
        (f'{FROM}ENV MEDPLUM_PORT=8103 MEDPLUM_DATABASE_PASSWORD="{MARKER}\n{CMD}', "2:49"),
    ],
)
def test_what_docker_cannot_build(text: str, place: str) -> None:
    (loaded,) = load(text)
    (problem,) = loaded.problems
    assert problem.name == "invalid-dockerfile"
    assert "{}:{}".format(*loaded.document.position(problem.span.start)) == place
    assert problem.span.end == problem.span.start + 1
    assert_no_secret(text, "Dockerfile")


@pytest.mark.parametrize("line", ["{% if a %}", "{{ b }}", "<% c %>"])
def test_a_template_line_is_not_a_mistake(line: str) -> None:
    (loaded,) = load(f"{FROM}{line}\nENV MEDPLUM_PORT=8103\n{CMD}")
    assert loaded.problems == ()


def test_only_the_lines_of_variables_are_shown() -> None:
    env = f"ENV MEDPLUM_BASE_URL=https://a.example MEDPLUM_DATABASE_PASSWORD={MARKER} THEIR_TOKEN={MARKER} \\\n  MEDPLUM_LOG_LEVEL=LOUD\n"
    text = f"{FROM}{env}{CMD}"
    report = reports(lint(text, "Dockerfile"))
    assert "2 | ENV MEDPLUM_BASE_URL=https://a.example MEDPLUM_DATABASE_PASSWORD=•••••• ••••••=•••••• \\\n" in report
    assert_no_secret(text, "Dockerfile")


# --- Stages --------------------------------------------------------------------------------------------------------------------------


def environments(text: str) -> list[str | None]:
    return [one.document.environment for one in load(text)]


def test_each_stage_with_variables_is_a_document() -> None:
    text = f"{FROM[:-1]} AS base\nENV MEDPLUM_PORT=1\nFROM base AS dev\nENV MEDPLUM_PORT=2\n{CMD}FROM base AS prod\n{CMD}"
    assert [(one.document.environment, one.document.data) for one in load(text)] == [("base", {"port": 1}), ("dev", {"port": 2})]


def test_what_is_only_copied_makes_no_image() -> None:
    build = "FROM node AS build\nENV MEDPLUM_DATABASE_HOST=db\n"
    assert environments(f"{build}FROM nginx\nCOPY --from=build /a /b\n") == []
    server = f"{FROM}ENV MEDPLUM_PORT=1\n{CMD}"
    assert environments(f"{build}{server}COPY --from=build /a /b\n") == [None]
    assert environments(f"{build}{server}COPY --from=0 /a /b\n") == [None]
    assert environments(f"{build}{server}RUN --mount=type=bind,from=build,target=/a make\n") == [None]
    assert environments(f"{build}{server}") == ["build", None]


@pytest.mark.parametrize(
    "image",
    [
        "medplum/medplum-server",
        "--platform=linux/amd64 medplum/medplum-server:5 AS server",
        "registry.example/medplum-server@sha256:abc",
        "medplum/medplum-server:${VERSION}",
        "${IMAGE}",
        "$IMAGE",
        "${OTHER:-medplum/medplum-server:5}",
    ],
)
def test_an_image_of_the_server(image: str) -> None:
    text = f"ARG IMAGE=medplum/medplum-server:5\nFROM {image}\nENV MEDPLUM_THEME=dark\n{CMD}"
    assert found(text, "Dockerfile") == ["unknown-setting theme"]


# --- How it is started ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "finding"),
    [
        ("", True),
        ('CMD ["env"]', False),
        ('CMD ["file:medplum.config.json,env"]', False),
        ('CMD ["file:medplum.config.json"]', True),
        ("CMD env", True),
        ("CMD ['env']", True),
        ('ENTRYPOINT ["node", "packages/server/dist/index.js", "env"]', False),
        ('ENTRYPOINT ["node", "packages/server/dist/index.js"]\nCMD ["env"]', False),
        ('ENTRYPOINT ["node", "packages/server/dist/index.js"]\nCMD env', True),
        ('CMD ["env"]\nENTRYPOINT ["node", "packages/server/dist/index.js"]', False),
        ("ENTRYPOINT node packages/server/dist/index.js env", False),
        ('ENTRYPOINT ["node", "packages/server/dist/index.js"]', True),
        ('ENTRYPOINT ["node", "-r", "./otel.js", "packages/server/dist/index.js"]\nCMD ["file:a.json"]', True),
        ("ENTRYPOINT node packages/server/dist/index.js", True),
        ("ENTRYPOINT []\nCMD node packages/server/dist/index.js", True),
        ('ENTRYPOINT []\nCMD ["node", "packages/server/dist/index.js"]', True),
        ("ENTRYPOINT []\nCMD node packages/server/dist/index.js env", False),
        ('CMD ["env"]\nENTRYPOINT ["/start.sh"]', False),
        ('CMD ["file:a.json"]\nCMD ["env"]', False),
        ('CMD ["env"]\nFROM scratch', False),
    ],
)
def test_variables_that_are_never_read(start: str, finding: bool) -> None:
    text = f"{FROM}ENV MEDPLUM_PORT=8103\n{start}\n"
    assert found(text, "Dockerfile") == (["ignored-environment"] if finding else [])
    assert found(text.replace("medplum/medplum-server", "acme/fhir").replace("PORT", "REDIS_PORT"), "Dockerfile") == []


def test_a_stage_is_started_as_the_one_that_it_is_from() -> None:
    base = f"{FROM[:-1]} AS base\nENV MEDPLUM_REDIS_HOST=r\n"
    assert found(f"{base}FROM base\nENV MEDPLUM_PORT=1\n{CMD}", "Dockerfile") == []
    assert found(f"{base}{CMD}FROM base\nENV MEDPLUM_PORT=1\n", "Dockerfile") == []
    assert found(f"{base}FROM base\nENV MEDPLUM_PORT=1\n", "Dockerfile") == ["ignored-environment"]


@pytest.mark.parametrize(
    ("lines", "rule", "place", "remedy"),
    [
        ("", "ignored-environment", "2:5", 'add CMD ["env"]'),
        ("COPY a/medplum.config.json ./", "ignored-environment", "2:5", 'add CMD ["file:medplum.config.json,env"]'),
        (
            "WORKDIR /etc\nWORKDIR medplum\nADD medplum.config.json .",
            "ignored-environment",
            "2:5",
            'file:/etc/medplum/medplum.config.json,env"]',
        ),
        ('COPY ["a.json", "/srv/medplum.config.json"]', "ignored-environment", "2:5", 'add CMD ["file:/srv/medplum.config.json,env"]'),
        ('  CMD ["file:a.json"]', "ignored-environment", "3:3", 'write CMD ["file:a.json,env"]'),
        ("CMD node index.js file:a.json", "ignored-environment", "3:1", 'write CMD ["file:a.json,env"]'),
        ('ENTRYPOINT ["node", "index.js", "file:a.json"]', "ignored-environment", "3:1", "write file:a.json,env as the only word after"),
        ("ENTRYPOINT []", "ignored-environment", "3:1", 'leave the entry point to the image, and write CMD ["env"]'),
        ("ENTRYPOINT []\nCMD node index.js", "missing-program", "4:1", 'leave the entry point to the image, and write CMD ["env"]'),
        ('ENTRYPOINT ["file:a.json"]', "missing-program", "3:1", 'leave the entry point to the image, and write CMD ["file:a.json,env"]'),
        ("ENTRYPOINT node index.js env", "missing-program", "3:1", 'leave the entry point to the image, and write CMD ["env"]'),
        ('CMD ["file:a.json, env"]', "invalid-start-argument", "3:1", ""),
    ],
)
def test_what_to_write_instead_and_where(lines: str, rule: str, place: str, remedy: str) -> None:
    text = f"FROM medplum/medplum-server:latest\nENV MEDPLUM_PORT=8103\n{lines}\n"
    (finding,) = lint(text, "Dockerfile").result.findings
    assert (finding.rule, "{}:{}".format(*finding.document.position(finding.span.start))) == (rule, place)
    assert finding.says.remedy.endswith(remedy) or remedy in finding.says.remedy


def test_a_shell_that_is_copied_into_an_image() -> None:
    text = "FROM medplum/medplum-server:latest\nCOPY --from=busybox /bin/sh /bin/sh\nENV MEDPLUM_PORT=8103\nENTRYPOINT node index.js env\n"
    assert found(text, "Dockerfile") == []
    assert found(text.replace("/bin/sh /bin/sh", "/bin/sh /opt/"), "Dockerfile") == ["missing-program"]


def test_a_shell_between_the_server_and_its_argument() -> None:
    assert "a shell starts between the server and its argument" in messages(f"{FROM}ENV MEDPLUM_PORT=1\nCMD env\n", "Dockerfile")


# --- Whose file ----------------------------------------------------------------------------------------------------------------------

CLIENTS = "FROM node AS build\nENV MEDPLUM_BASE_URL=__MEDPLUM_BASE_URL__ MEDPLUM_CLIENT_ID=a\nFROM nginx\nCOPY --from=build /a /b\n"


@pytest.mark.parametrize(
    ("name", "text", "kind", "known"),
    [
        ("Dockerfile", IMAGE, "server/env", True),
        ("Dockerfile.prod", IMAGE, "server/env", True),
        ("prod.Dockerfile", IMAGE, "server/env", True),
        ("build.txt", IMAGE, "server/env", True),
        ("<stdin>", "FROM acme/fhir\nENV MEDPLUM_DATABASE_HOST=db\n", "server/env", True),
        ("Dockerfile", CLIENTS, None, True),
        ("build.txt", CLIENTS, None, False),
        ("Dockerfile", "FROM medplum/medplum-app\nENV MEDPLUM_BASE_URL=a MEDPLUM_APP_BASE_URL=b MEDPLUM_PORT=1\n", None, True),
        ("Dockerfile", "FROM medplum/medplum-server\nENV MEDPLUM_VERSION=5\n", None, True),
        ("Dockerfile", "FROM medplum/medplum-server\nENV NODE_ENV=production\n# MEDPLUM_\n", None, False),
        ("Dockerfile", "ENV MEDPLUM_DATABASE_HOST=db\n", None, False),
        ("notes.txt", "From here on, MEDPLUM_DATABASE_HOST\nis the host\nENV MEDPLUM_DATABASE_HOST=db\n", None, False),
        ("README.md", f"# Image\n\n```\n{IMAGE}```\n", None, False),
    ],
)
def test_which_files_are_recognised(name: str, text: str, kind: str | None, known: bool) -> None:
    answer = dockerfile.detect(SourceFile(name, text.encode()))
    assert (answer is not None) == known
    assert answer is None or answer.kind == kind


def test_a_folder_is_searched_for_them(tmp_path: Path) -> None:
    for name in ("Dockerfile", "Dockerfile.prod", "server.Dockerfile"):
        (tmp_path / name).write_text(IMAGE)
    (tmp_path / "Dockerfile.web").write_text("FROM nginx\n")
    files = lint_paths([str(tmp_path)], Options()).result.files
    assert [(Path(file.path).name, file.status) for file in files] == [
        ("Dockerfile", "checked"),
        ("Dockerfile.prod", "checked"),
        ("server.Dockerfile", "checked"),
    ]


def test_a_finding_is_accepted_by_a_comment() -> None:
    comment = "# medplum-lint: ignore[misread-number] the entry point mends it"
    text = f"{FROM}ENV MEDPLUM_PORT=8103 \\\n    {comment}\n    MEDPLUM_REDIS_PORT=x\n{CMD}"
    assert found(text, "Dockerfile") == []
    assert found(text.replace("# medplum", "medplum"), "Dockerfile") != []


# --- Without variables ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "lines", "wanted"),
    [
        ("latest", "RUN chmod +x /start.sh", ["missing-program 2:1"]),
        ("latest", "RUN chmod +x /start.sh\nRUN ls", ["missing-program 2:1"]),
        ("5.0.11", "RUN <<EOF\nls\nEOF", ["missing-program 2:1"]),
        ("5.0.10", "RUN chmod +x /start.sh", []),
        ("${TAG}", "RUN chmod +x /start.sh", []),
        ("latest", 'RUN ["node", "-v"]', []),
        ("latest", "RUN --mount=type=bind,from=busybox,source=/bin,target=/bin ls", []),
        ("latest", "COPY --from=busybox /bin/ /bin/\nRUN ls", []),
        ("latest", "COPY start.sh /\nRUN chmod +x /start.sh", ["missing-program 3:1"]),
        ("latest", "ADD rootfs.tar.gz /\nRUN ls", []),
        ("latest", "COPY . /\nRUN ls", []),
        ("latest", "COPY busybox.bin /bin/sh\nRUN ls", []),
        ("latest", 'SHELL ["node", "-e"]\nRUN console.log(1)', []),
        ("latest", 'CMD ["node", "packages/server/dist/index.js", "env"]', ["ignored-environment 2:1"]),
        ("latest", 'CMD ["node", "packages/server/dist/index.js"]', []),
        ("latest", "CMD env", ["ignored-environment 2:1"]),
        ("latest", 'CMD ["env"]', []),
        ("latest", 'CMD ["file:medplum.config.json"]', []),
        ("latest", 'CMD ["file:medplum.config.json, env"]', ["invalid-start-argument 2:1"]),
        ("latest", 'ENTRYPOINT ["file:medplum.config.json"]', ["missing-program 2:1"]),
        ("latest AS base", "RUN ls\nFROM node\nCOPY --from=base /a /b", []),
    ],
)
def test_an_image_that_gets_its_variables_later(image: str, lines: str, wanted: list[str]) -> None:
    outcome = lint(f"FROM medplum/medplum-server:{image}\n{lines}\n", "Dockerfile")
    assert [f"{one.rule} {one.document.position(one.span.start)[0]}:1" for one in outcome.result.findings] == wanted
    assert outcome.bugs == () and bool(outcome.errors) == (not wanted)


def test_a_pinned_image_is_read_for_its_release(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text('FROM medplum/medplum-server:5.1.1\nCMD ["file:a,b.json"]\n')
    assert lint_paths([str(tmp_path)], Options()).bugs == ()
