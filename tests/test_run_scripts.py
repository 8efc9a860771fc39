"""Commands of scripts that start servers: which variables they give, and where these are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linter.documents.containers.run_scripts import Command, commands_in

IMAGE = "medplum/medplum-server:5.1.23"
HANDED = "-e MEDPLUM_PORT -p 8103:8103 -v A=b:/c"


def command(script: str) -> Command:
    (found,) = commands_in(script, 0)
    return found


@pytest.mark.parametrize(
    ("options", "variables"),
    [
        ("-e MEDPLUM_PORT=8103", {"MEDPLUM_PORT": "8103"}),
        ("--env MEDPLUM_PORT=8103 --env=TZ=UTC", {"MEDPLUM_PORT": "8103", "TZ": "UTC"}),
        ("--env='MEDPLUM_PORT=8103' -e \"TZ=UTC\"", {"MEDPLUM_PORT": "8103", "TZ": "UTC"}),
        ("-e MEDPLUM_SUPPORT_EMAIL='Help <a@b.org>'", {"MEDPLUM_SUPPORT_EMAIL": "Help <a@b.org>"}),
        ("-e MEDPLUM_PORT=$PORT -e TZ=\"${TZ}\" -e A=`b` -e B='a b'c", {"MEDPLUM_PORT": None, "TZ": None, "A": None, "B": "'a b'c"}),
        ("-e MEDPLUM_REDIS_PASSWORD=${{ secrets.A }} -e B=1", {"MEDPLUM_REDIS_PASSWORD": None, "B": "1"}),
        ("-e MEDPLUM_PORT= ", {"MEDPLUM_PORT": ""}),
        (HANDED, {}),
        ("\\\n  -e MEDPLUM_PORT=8103 \\\n", {"MEDPLUM_PORT": "8103"}),
    ],
)
def test_the_variables_of_docker_run(options: str, variables: dict[str, str | None]) -> None:
    script = f"npm ci\n# docker run -e A=b {IMAGE}\ndocker run -d {options} {IMAGE} env && sleep 5\n"
    found = command(script)
    assert {one.name: one.text for one in found.variables} == variables
    assert [script[slice(*one.key)] for one in found.variables] == list(variables)
    assert all(script[slice(*one.value)] in (one.text, one.name) for one in found.variables if one.text is not None)
    assert found.handed == (("MEDPLUM_PORT",) if options == HANDED else ())
    assert found.start.arguments == ("env",) and script[slice(*found.at)] == IMAGE


@pytest.mark.parametrize(
    ("options", "variables"),
    [
        ("--set-env-vars MEDPLUM_PORT=8103,TZ=UTC", {"MEDPLUM_PORT": "8103", "TZ": "UTC"}),
        ('--set-env-vars "MEDPLUM_PORT=8103,TZ=UTC"', {"MEDPLUM_PORT": "8103", "TZ": "UTC"}),
        ("--update-env-vars=^--^MEDPLUM_ORIGINS=a,b--TZ=UTC", {"MEDPLUM_ORIGINS": "a,b", "TZ": "UTC"}),
        ("--set-env-vars A=1 --set-secrets=MEDPLUM_SIGNING_KEY=key:latest", {"A": "1", "MEDPLUM_SIGNING_KEY": None}),
    ],
)
def test_the_variables_of_cloud_run(options: str, variables: dict[str, str | None]) -> None:
    script = f"gcloud beta run deploy fhir --image={IMAGE} {options} --args=env\n"
    found = command(script)
    assert {one.name: one.text for one in found.variables} == variables
    assert [script[slice(*one.key)] for one in found.variables] == list(variables)
    assert all(script[slice(*one.value)] == one.text for one in found.variables if one.text is not None)
    assert found.start.arguments == ("env",) and script[slice(*found.at)] == IMAGE


@pytest.mark.parametrize(
    ("script", "arguments", "lacks", "network"),
    [
        (f"docker run {IMAGE}", (), False, "own"),
        (f"docker run --env-file .env --network host {IMAGE} file:a.json,env", ("file:a.json,env",), True, "host"),
        (f"docker run >out.log -e A=b {IMAGE} env 2>&1 | tee server.log", ("env",), False, "own"),
        (f"docker run {IMAGE} env > 'a log' 2>> b & sleep 5", ("env",), False, "own"),
        (f"docker run {IMAGE} file:'a b.json',env", None, False, "own"),
        (f"docker run {IMAGE} `cat sources`", None, False, "own"),
        (f"docker run --net=container:db --entrypoint sh {IMAGE} -c x", None, False, "shared"),
        (f"gcloud run deploy --image {IMAGE} --args=a,b", ("a", "b"), True, "own"),
        (f"gcloud run deploy --image {IMAGE} --set-env-vars=A=b --command=sh --args=-c,x", None, False, "own"),
        (f"gcloud run deploy --container a --image {IMAGE} --env-vars-file=x.yaml", (), True, "shared"),
    ],
)
def test_how_a_command_starts_a_server(script: str, arguments: tuple[str, ...] | None, lacks: bool, network: str) -> None:
    found = command(script)
    assert (found.start.arguments, found.lacks, found.network) == (arguments, lacks, network)


@pytest.mark.parametrize(
    "script",
    [
        "docker run postgres:16",
        f"docker pull {IMAGE}",
        f"echo docker run {IMAGE}",
        f"# docker run {IMAGE}",
        "gcloud run deploy --image gcr.io/acme/app",
        f"gcloud builds submit --image {IMAGE}",
        "docker run",
        "",
    ],
)
def test_commands_that_start_no_server(script: str) -> None:
    assert list(commands_in(script, 0)) == []


@given(
    st.lists(
        st.sampled_from(
            [
                "docker run ",
                "gcloud run deploy ",
                f"{IMAGE} ",
                "-e ",
                "A=",
                "b",
                "'",
                '"',
                "\\",
                "\n",
                ";",
                "${{ ",
                "}} ",
                "^",
                ",",
                "--image=",
                "--set-env-vars ",
                "# ",
            ]
        ),
        max_size=30,
    ).map("".join)
)
def test_any_script_is_read_with_exact_places(script: str) -> None:
    for one in (variable for found in commands_in(script, 0) for variable in found.variables):
        assert script[slice(*one.key)] == one.name
        assert one.text is None or script[slice(*one.value)] in (one.text, one.name)
