"""The start argument, as the loaders of the releases read it: ``python -m tools.release`` asks them for the same."""

import pytest

from linter.release import MAIN, Release
from linter.server.start import DEFAULT, Layer, argument_of, fault, layers, merge


@pytest.mark.parametrize(
    ("argument", "release", "wanted"),
    [
        ("env", "3.0.0", [("env", None)]),
        ("file:medplum.config.json,env", "5.1.2", [("file", "medplum.config.json"), ("env", None)]),
        ("file:medplum.config.json,env", "5.1.1", [("file", "medplum.config.json,env")]),
        ("env,,env,", "main", [("env", None), ("env", None)]),
        ("env, env", "main", [("env", None), (" env", None)]),
        ("file:a,b.json", "main", [("file", "a"), ("b.json", None)]),
        ("aws:eu-west-1:/medplum/prod/,env", "main", [("aws", "eu-west-1:/medplum/prod/"), ("env", None)]),
        (",", "main", []),
        ("", "main", []),
        ("", "5.1.1", [("", None)]),
    ],
)
def test_the_sources_that_an_argument_names(argument: str, release: str, wanted: list[tuple[str, str | None]]) -> None:
    assert layers(argument, Release.of(release)) == tuple(Layer(*one) for one in wanted)


@pytest.mark.parametrize(
    ("words", "wanted"), [([], DEFAULT), (["env"], "env"), (["env", "file:a.json"], DEFAULT), (["", "env"], DEFAULT), ([""], "")]
)
def test_only_an_argument_that_is_alone_counts(words: list[str], wanted: str) -> None:
    assert argument_of(words) == wanted


@pytest.mark.parametrize(
    ("text", "release", "fault"),
    [
        ("env", "3.0.0", None),
        ("env:x", "main", None),
        (" env", "main", "begins with a blank, which the server does not take off"),
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
            "names a path that does not end with a slash: no setting is found beneath it",
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
        ("file:a.json, env", "main", "has a source that begins with a blank, which the server does not take off"),
        (",", "main", "names no source"),
    ],
)
def test_what_is_wrong_with_an_argument(argument: str, release: str, wanted: str | None) -> None:
    assert fault(argument, Release.of(release)) == wanted
