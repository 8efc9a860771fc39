"""The start argument, as the loaders of the releases read it: ``python -m tools.release`` asks them for the same."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_variables import lint, reports

from linter.documents.containers.command_lines import Start, arguments_of, problems_of_start
from linter.documents.containers.images import is_own_image, lacks_shell
from linter.documents.containers.mounts import Mount, Mounts, target_of
from linter.release import ANY_SERVER, MAIN, Release, ServerVersion
from linter.server.start import DEFAULT, Layer, argument_of, fault, layers, merge
from linter.text import Span
from linter.typed import Any


@pytest.mark.parametrize(
    ("argument", "release", "wanted"),
    [
        ("env", "3.0.0", [("env", "")]),
        ("file:medplum.config.json,env", "5.1.2", [("file", "medplum.config.json"), ("env", "")]),
        ("file:medplum.config.json,env", "5.1.1", [("file", "medplum.config.json,env")]),
        ("env,,env,", "main", [("env", ""), ("env", "")]),
        ("env, env", "main", [("env", ""), (" env", "")]),
        ("file:a,b.json", "main", [("file", "a"), ("b.json", "")]),
        ("aws:eu-west-1:/medplum/prod/,env", "main", [("aws", "eu-west-1:/medplum/prod/"), ("env", "")]),
        (",", "main", []),
        ("", "main", []),
        ("", "5.1.1", [("", "")]),
    ],
)
def test_the_sources_that_an_argument_names(argument: str, release: str, wanted: list[tuple[str, str]]) -> None:
    assert layers(argument, Release.of(release)) == tuple(Layer(*one) for one in wanted)


@pytest.mark.parametrize(
    ("words", "wanted"), [([], DEFAULT), (["env"], "env"), (["env", "file:a.json"], DEFAULT), (["", "env"], DEFAULT), ([""], "")]
)
def test_only_a_single_argument_counts(words: list[str], wanted: str) -> None:
    assert argument_of(words) == wanted


@pytest.mark.parametrize(
    ("text", "release", "fault"),
    [
        ("env", "3.0.0", None),
        ("env:x", "main", None),
        (" env", "main", "begins with whitespace, which the server does not strip"),
        ("ENV", "main", "begins with none of env, file, aws, gcp and azure"),
        ("gcp:a:b", "3.2.19", "begins with none of env, file and aws; gcp: is read from 3.2.20 on"),
        ("gcp:a:b", "3.2.20", None),
        ("azure:v.vault.azure.net:s", "3.2.27", "begins with none of env, file, aws and gcp; azure: is read from 3.2.28 on"),
        ("azure:v.vault.azure.net:s", "3.2.28", None),
        ("azure:https://v.vault.azure.net:s", "main", "has a scheme, which the server adds itself: azure:NAME.vault.azure.net:SECRET"),
        ("azure:v.vault.azure.net", "main", "lacks the vault or the name of the secret: azure:NAME.vault.azure.net:SECRET"),
        ("gcp:project", "main", "lacks the project or the name of the secret: gcp:PROJECT:SECRET"),
        ("file", "main", "names no file"),
        ("file:", "main", "names no file"),
        ("aws:/medplum/prod/", "main", None),
        ("aws:medplum/prod/", "main", "names no path of Parameter Store, which begins with a slash"),
        ("aws:eu-west-1", "main", "names no path of Parameter Store, which begins with a slash"),
        (
            "aws:eu-west-1:/medplum/prod",
            "main",
            "names a path that does not end with a slash: no setting is found under it",
        ),
    ],
)
def test_where_the_server_stops(text: str, release: str, fault: str | None) -> None:
    (layer,) = layers(text, Release.of(release))
    assert layer.fault(Release.of(release)) == fault


@pytest.mark.parametrize(
    ("text", "region", "path"),
    [
        ("aws:/medplum/prod/", "us-east-1", "/medplum/prod/"),
        ("aws:eu-west-1:/medplum/prod/", "eu-west-1", "/medplum/prod/"),
        ("aws:eu-west-1:/a:b/", "eu-west-1", "/a:b/"),
    ],
)
def test_where_parameters_are(text: str, region: str, path: str) -> None:
    (layer,) = layers(text, MAIN)
    assert (layer.region, layer.path) == (region, path)


@pytest.mark.parametrize(
    ("text", "release", "working_folder", "wanted"),
    [
        ("file:medplum.config.json", "5.0.0", "/usr/src/medplum", "/usr/src/medplum/medplum.config.json"),
        ("file:medplum.config.json", "4.5.2", "/usr/src/medplum", "/usr/src/medplum/packages/server/medplum.config.json"),
        ("file:a.json", "4.5.2", "/srv", "/usr/src/medplum/packages/server/a.json"),
        ("file:a.json", "5.0.0", "/srv", "/srv/a.json"),
        ("file:../config/./a.json", "main", "/srv/app", "/srv/config/a.json"),
        ("file:/etc/medplum/a.json", "3.0.0", "/srv", "/etc/medplum/a.json"),
        ("file:/etc/medplum/a.json", "main", "/srv", "/etc/medplum/a.json"),
    ],
)
def test_where_a_file_is_looked_for(text: str, release: str, working_folder: str, wanted: str) -> None:
    (layer,) = layers(text, Release.of(release))
    assert layer.file(Release.of(release), working_folder) == wanted


def test_objects_are_merged_and_all_else_is_replaced() -> None:
    base = {"a": {"b": 1, "c": [1, 2], "d": {"e": 1}}, "f": {"g": 1}, "h": 1}
    over = {"a": {"c": [3], "d": {"i": 2}}, "f": None, "h": {"j": 1}}
    assert merge(base, over) == {"a": {"b": 1, "c": [3], "d": {"e": 1, "i": 2}}, "f": None, "h": {"j": 1}}
    assert base["a"] == {"b": 1, "c": [1, 2], "d": {"e": 1}}


@pytest.mark.parametrize(
    ("argument", "release", "wanted"),
    [
        ("file:a.json,env", "5.1.2", None),
        ("file:a.json,env", "5.1.1", "names several sources, which are read from 5.1.2 on"),
        ("aws:/medplum/prod/,gcp:a:b", "5.1.1", "names several sources, which are read from 5.1.2 on"),
        ("file:a,b.json", "5.1.1", None),
        ("file:a,b.json", "5.1.2", "has a source that begins with none of env, file, aws, gcp and azure"),
        ("file:a.json, env", "main", "has a source that begins with whitespace, which the server does not strip"),
        ("file:a.json, env", "5.1.1", "names several sources, which are read from 5.1.2 on and without spaces"),
        (",", "main", "names no source"),
    ],
)
def test_what_is_wrong_with_an_argument(argument: str, release: str, wanted: str | None) -> None:
    assert fault(argument, Release.of(release)) == wanted


ONE_SOURCE = "command: env and give all settings as variables, or move these to the other source: before 5.1.2 the server reads only one"


def container(**members: Any) -> Start:
    given = {"image": "medplum/medplum-server:5.1.23", "entry_point": None, "command": None, "mounts": [], **members}
    given["mounts"] = Mounts([Mount(target_of(one)) for one in given["mounts"]])
    return Start("service", "api", spelling="command: {}", **given)


def messages_of(start: Start, release: str) -> list[str]:
    server = ServerVersion(Release.of(release), Release.of(release))
    return [f"{one.name}: {one.message.text}" for one in problems_of_start(start, server, Span(0, 1))]


@pytest.mark.parametrize(
    ("entry_point", "command", "wanted"),
    [
        (["dumb-init", "--", "node", "packages/server/dist/index.js"], ["env"], ("env",)),
        (["/sbin/tini", "-g", "--", "/nodejs/bin/node", "packages/server/dist/index.js", "env"], None, ("env",)),
        (["/sbin/tini", "-p", "SIGTERM", "--", "node", "index.js", "env"], None, None),
        (["dumb-init", "sh", "-c", "exec node index.js file:a.json,env"], None, ("file:a.json,env",)),
        (["tini", "tini", "node", "index.js"], None, None),
        (["/bin/sh", "-c", "node packages/server/dist/index.js"], None, ()),
        (["/bin/sh", "-c", "node packages/server/dist/index.js"], ["env"], ()),
        (["bash", "-ec"], ["exec node --require './a b.js' index.js env\n"], ("env",)),
        (["sh", "-c", "node index.js env # comment"], None, None),
        (["sh", "-c", "cd /app\nnode index.js env"], None, None),
        (["sh", "-c", "npm run migrate && node index.js env"], None, None),
        (["sh", "-c", "npm start"], None, None),
        (["sh", "start.sh", "env"], None, None),
        (["env", "-i", "node", "index.js", "env"], None, None),
        (["node"], ["packages/server/dist/index.js", "env"], ("env",)),
        ([], ["node", "index.js", "env"], ("env",)),
        (None, ["/bin/sh", "-c", "node index.js ${SOURCE}"], ("/bin/sh", "-c", "node index.js ${SOURCE}")),
        (["node", "index.js"], ["$(SOURCE)"], None),
    ],
)
def test_the_arguments_after_an_entry_point(entry_point: object, command: object, wanted: tuple[str, ...] | None) -> None:
    assert arguments_of("medplum/medplum-server", entry_point, command) == wanted


@pytest.mark.parametrize(
    ("members", "release", "remedy"),
    [
        ({}, "5.1.2", "add command: env"),
        ({"command": ["file:a.json"]}, "5.1.2", "write command: file:a.json,env"),
        (
            {"mounts": ["./a.json:/usr/src/medplum/medplum.config.json:ro"]},
            "5.1.2",
            "add command: file:medplum.config.json,env",
        ),
        (
            {"mounts": [{"mountPath": "/etc/medplum/medplum.config.json"}]},
            "5.1.2",
            "add command: file:/etc/medplum/medplum.config.json,env",
        ),
        ({"mounts": [{"target": "/srv/medplum.config.json"}], "folder": "/srv"}, "5.1.2", "add command: file:medplum.config.json,env"),
        ({"mounts": [{"target": "/${HUNTER2}/medplum.config.json"}]}, "5.1.2", "add command: …,env"),
        ({"mounts": ["/a/medplum.config.json:/b.json", 1, None, {"target": 1}]}, "5.1.2", "add command: env"),
        (
            {"mounts": ["./a.json:/usr/src/medplum/packages/server/medplum.config.json"]},
            "4.5.2",
            f"add {ONE_SOURCE}",
        ),
        (
            {"command": "file:a.json"},
            "5.1.1",
            f"write {ONE_SOURCE}",
        ),
        ({"entry_point": ["node", "index.js", "file:a.json"]}, "5.1.2", "write file:a.json,env as the only word after the script"),
        ({"entry_point": ["node", "index.js"], "command": ["file:a.json"]}, "5.1.2", "write command: file:a.json,env"),
        ({"command": "node packages/server/dist/index.js file:a.json"}, "5.1.2", "write command: file:a.json,env"),
        ({"command": ["/bin/sh", "-c", "file:a.json"]}, "5.1.2", "write command: file:a.json,env"),
        ({"command": "file:a.json, env"}, "5.1.2", "write command: file:a.json,env"),
    ],
)
def test_the_remedy_keeps_what_the_server_reads(members: dict[str, object], release: str, remedy: str) -> None:
    (message,) = messages_of(container(**members), release)
    assert message.startswith(("environment-not-read: ", "start-without-env: ")) and message.partition("; ")[2] == remedy


@pytest.mark.parametrize(
    ("members", "release", "wanted"),
    [
        (
            {"entry_point": ["file:a.json"]},
            "3.0.0",
            "starts a source of its configuration as a program, in place of the image's entry point",
        ),
        ({"entry_point": "env"}, "main", "starts a source of its configuration as a program, in place of the image's entry point"),
        ({"entry_point": [], "command": ["aws:/a/"]}, "main", "starts a source of its configuration as a program"),
        ({"entry_point": ["env", "node", "index.js"]}, "main", ""),
        ({"entry_point": []}, "main", "has neither an entry point nor a command"),
        ({"entry_point": ["/bin/sh", "-c", "./start.sh"]}, "5.0.10", ""),
        ({"entry_point": ["/bin/sh", "-c", "./start.sh"]}, "5.0.11", "a shell, which Medplum's image does not have from 5.0.11 on"),
        ({"entry_point": ["bash"], "command": ["a.sh"]}, "5.0.11", "a shell, which Medplum's image does not have from 5.0.11 on"),
        ({"entry_point": ["bash"], "mounts": ["tools:/usr/bin"]}, "5.0.11", ""),
        ({"entry_point": ["sh"], "image": "acme/medplum-server:5.1.23"}, "5.1.23", ""),
        ({"entry_point": ["/start.sh"]}, "5.1.23", ""),
        ({"entry_point": ["${SHELL}"]}, "5.1.23", ""),
    ],
)
def test_a_program_that_the_image_lacks(members: dict[str, object], release: str, wanted: str) -> None:
    found = messages_of(container(**members), release)
    assert [one for one in found if wanted in one] == found and bool(found) == bool(wanted)


@pytest.mark.parametrize(
    ("image", "server", "wanted"),
    [
        ("medplum/medplum-server", ANY_SERVER, True),
        ("docker.io/medplum/medplum-server:latest", ANY_SERVER, True),
        ("registry.example.com/medplum/medplum-server", ANY_SERVER, False),
        ("medplum/medplum-server:${TAG}", ANY_SERVER, False),
        ("medplum/medplum-server@sha256:0123", ANY_SERVER, False),
        ("medplum/medplum-server:5.0", ServerVersion(Release((5, 0, 0)), Release((5, 0, 15))), False),
        ("medplum/medplum-server:5.1", ServerVersion(Release((5, 1, 0)), Release((5, 1, 44))), True),
        ("acme/medplum-server", ANY_SERVER, False),
        (None, ANY_SERVER, False),
    ],
)
def test_which_image_has_no_shell(image: str | None, server: ServerVersion, wanted: bool) -> None:
    assert lacks_shell(image, server) == wanted


@pytest.mark.parametrize(
    "tag",
    ["", ":5.1.23", ":5.1", ":latest", ":0123456789abcdef", ":${TAG}", ":${TAG:-a/b}", ":{{ .tag }}", "@sha256:0123", ":5@sha256:0123"],
)
def test_an_image_that_medplum_builds(tag: str) -> None:
    assert is_own_image(f"registry.example.com/medplum/medplum-server{tag}")


@pytest.mark.parametrize(
    "image", ["medplum/medplum-server:acme-17", "ghcr.io/medplum/medplum-server:5.1.23-acme", "acme/medplum-server:5.1.23"]
)
def test_another_image_with_the_name_of_medplums(image: str) -> None:
    assert not is_own_image(image)


@pytest.mark.parametrize(
    ("members", "folder"),
    [
        ({}, "/usr/src/medplum"),
        ({"folder": "/srv"}, "/srv"),
        ({"folder": "srv"}, None),
        ({"folder": "/${DIR}"}, None),
        ({"folder": 1}, None),
        ({"image": "acme/medplum-server"}, None),
        ({"image": "acme/medplum-server", "folder": "/srv"}, "/srv"),
    ],
)
def test_the_working_folder_of_a_server(members: dict[str, object], folder: str | None) -> None:
    assert container(**members).working_folder == folder


SECRET = "hunter2SecretXyz"
"""What a user wrote, which no message may repeat."""
WORDS = st.sampled_from(
    [SECRET, f"file:{SECRET}", f"gcp:a:{SECRET}", f"/{SECRET}", f"env,{SECRET}", "env", "file:a.json", "node", "index.js"]
)
LINES = st.one_of(
    st.none(),
    st.lists(st.one_of(WORDS, st.sampled_from(["sh", "-c", "--", "tini", "", f"exec node index.js {SECRET}"]))),
    st.lists(WORDS).map(" ".join),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
        lambda one: st.lists(one) | st.dictionaries(st.text(), one),
    ),
)


def test_a_source_in_place_of_the_entry_point_goes_where_it_belongs() -> None:
    start = container(entry_point=["file:medplum.config.json"])
    assert [messages_of(start, release)[0].rpartition("write ")[2] for release in ("4.5.2", "5.1.2")] == [
        "command: file:medplum.config.json",
        "command: file:medplum.config.json,env",
    ]


@given(LINES, LINES, LINES, st.lists(LINES), st.sampled_from(["3.0.0", "5.0.11", "5.1.1", "main"]))
def test_no_message_repeats_a_command(entry_point: object, command: object, folder: object, mounts: list[object], release: str) -> None:
    start = container(image="medplum/medplum-server", entry_point=entry_point, command=command, folder=folder, mounts=mounts)
    assert not any(SECRET in one for one in messages_of(start, release))
    assert isinstance(start.working_folder, str | None)


@given(LINES, LINES, LINES, st.sampled_from(["compose.yaml", "pod.yaml", "task-definition.json", "workflow.yml"]))
def test_no_command_crashes(entry_point: object, command: object, mounts: object, name: str) -> None:
    image, variable = "medplum/medplum-server:5.1.23", {"name": "MEDPLUM_PORT", "value": "8103"}
    compose = {"image": image, "entrypoint": entry_point, "command": command, "volumes": mounts, "environment": {"MEDPLUM_PORT": "8103"}}
    pod = {"image": image, "command": entry_point, "args": command, "volumeMounts": mounts, "workingDir": mounts, "env": [variable]}
    task = {"image": image, "entryPoint": entry_point, "command": command, "mountPoints": mounts, "environment": [variable]}
    files = {
        "compose.yaml": {"services": {"api": compose}},
        "pod.yaml": {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [pod]}},
        "task-definition.json": {"containerDefinitions": [task]},
        "workflow.yml": {"on": "push", "jobs": {"a": {"steps": [], "services": {"api": {**compose, "env": {"MEDPLUM_PORT": "1"}}}}}},
    }
    outcome = lint(json.dumps(files[name], ensure_ascii=True), name)
    assert outcome.bugs == ()
    assert SECRET not in reports(outcome)
