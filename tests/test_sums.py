"""Several files that configure one server: the findings in the sum, and their places.

``sums/CASE`` holds the files, ``expected.txt`` what is found in them; ``UPDATE_GOLDEN=1 pytest tests/test_sums.py`` rewrites it.
"""

from __future__ import annotations

import itertools
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.helpers import EVERY_RULE, compare_with

from linter.cli import cli
from linter.commands.show import as_text
from linter.fixes.plan import Fixes, fixed
from linter.model import PART, Finding, dotted
from linter.options.config import Overrides
from linter.redaction.mask import holder_text
from linter.run import Options, Outcome, lint_paths, load_documents
from linter.settings.releases import parse_server_version

SUMS = Path(__file__).parent / "sums"
CASES = sorted(path.name for path in SUMS.iterdir() if path.is_dir())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, in which the test runs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def copied(case: str, folder: Path) -> list[str]:
    """The names of the files of a case, which are in the folder then."""
    shutil.copytree(SUMS / case, folder, dirs_exist_ok=True)
    (folder / "expected.txt").unlink(missing_ok=True)
    return sorted(path.name for path in folder.iterdir())


def whom(finding: Finding) -> str:
    """What a finding is true of."""
    return holder_text(finding.document, finding.held_by)


def found(outcome: Outcome) -> list[str]:
    """Each finding with its file, line and column, what it is shown with, and the setting."""
    assert outcome.bugs == ()
    lines = []
    for one in outcome.result.findings:
        line, column = one.document.position(one.span.start)
        setting = "-" if one.path is None else dotted(one.path)
        suppressed = "" if one.suppressed is None else f" (suppressed: {one.suppressed})"
        lines.append(f"{one.document.uri}:{line}:{column} {one.severity}[{one.rule}] {whom(one)}: {setting}{suppressed}")
    return lines


def lint(*paths: str) -> list[str]:
    return found(lint_paths(list(paths), Options()))


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.quick_cases(8)
@pytest.mark.parametrize("case", CASES)
def test_what_is_found_in_a_sum(case: str, folder: Path) -> None:
    copied(case, folder)
    outcome = lint_paths(["."], Options(EVERY_RULE))
    assert outcome.errors == ()
    files = [f"{file.path}: {file.status} {file.kind or file.note}" for file in outcome.result.files]
    shown = as_text(
        load_documents(sorted({file.path for file in outcome.result.files}), None).documents,
        only_changed=False,
        defaults=False,
    )
    compare_with(SUMS / case / "expected.txt", "\n".join([*files, "", *found(outcome), "", shown]))


@pytest.mark.quick_cases(4)
@pytest.mark.parametrize("case", CASES)
def test_the_order_of_the_files_changes_nothing(case: str, folder: Path) -> None:
    names = [name for name in copied(case, folder) if name != "Chart.yaml"]
    expected = lint(*names)
    assert all(lint(*order) == expected for order in itertools.islice(itertools.permutations(names), 0, 120, 17))


@pytest.mark.quick_cases(8)
@pytest.mark.parametrize("case", CASES)
def test_a_file_is_checked_with_its_sum_alone(case: str, folder: Path) -> None:
    """What is found twice is one finding, and each file has one status."""
    copied(case, folder)
    outcome = lint_paths(["."], Options(EVERY_RULE))
    places = [(one.rule, one.document.uri, one.span, one.message) for one in outcome.result.findings]
    assert len(places) == len(set(places))
    statuses = [(file.path, file.environment) for file in outcome.result.files]
    assert len(statuses) == len(set(statuses))


# --- Kubernetes ----------------------------------------------------------------------------------------------------------------------


DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: medplum}}
spec:
  template:
    spec:
      containers:
        - image: medplum/medplum-server:5.1.4
          args: [env]
          {container}
"""
CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata: {{name: {name}}}
data: {{{data}}}
"""


def deployment(container: str) -> str:
    return DEPLOYMENT.format(container=container)


def config_map(data: str, name: str = "config") -> str:
    return CONFIG_MAP.format(data=data, name=name)


def shown(*paths: str) -> list[str]:
    """The settings of the documents of files, each with its value and its place."""
    text = as_text(load_documents(list(paths), None).documents, only_changed=False, defaults=False)
    return [" ".join(line.split()) for line in text.splitlines() if line.startswith("  ") and line != f"  {PART[()]}"]


@pytest.mark.parametrize(
    ("container", "row"),
    [
        ("envFrom: [{configMapRef: {name: config}}]", 'logLevel "WARN" c.yaml:4'),
        ("envFrom: [{configMapRef: {name: config}}, {configMapRef: {name: other}}]", 'logLevel "ERROR" o.yaml:4'),
        ("envFrom: [{configMapRef: {name: other}}, {configMapRef: {name: config}}]", 'logLevel "WARN" c.yaml:4'),
        ("envFrom: [{prefix: MEDPLUM_, configMapRef: {name: bare}}]", 'logLevel "INFO" b.yaml:4'),
        (
            "envFrom: [{configMapRef: {name: config}}]\n          env: [{name: MEDPLUM_LOG_LEVEL, value: DEBUG}]",
            'logLevel "DEBUG" d.yaml:11',
        ),
        ("env: [{name: MEDPLUM_LOG_LEVEL, valueFrom: {configMapKeyRef: {name: bare, key: LOG_LEVEL}}}]", 'logLevel "INFO" b.yaml:4'),
        (
            "env: [{name: MEDPLUM_LOG_LEVEL, valueFrom: {configMapKeyRef: {name: none, key: a}}}]",
            "logLevel (value not in the input) line 10",
        ),
        (
            "envFrom: [{configMapRef: {name: config}}]\n"
            "          env: [{name: MEDPLUM_LOG_LEVEL, valueFrom: {configMapKeyRef: {name: bare, key: none, optional: true}}}]",
            'logLevel "WARN" c.yaml:4',
        ),
    ],
)
def test_what_counts_in_a_container(container: str, row: str, folder: Path) -> None:
    write(
        folder,
        d_dot_yaml=deployment(container),
        c_dot_yaml=config_map("MEDPLUM_LOG_LEVEL: WARN"),
        o_dot_yaml=config_map("MEDPLUM_LOG_LEVEL: ERROR", "other"),
        b_dot_yaml=config_map("LOG_LEVEL: INFO", "bare"),
    )
    assert row in shown("d.yaml", "c.yaml", "o.yaml", "b.yaml")


MISSING = "missing-setting"


@pytest.mark.parametrize(
    ("source", "is_known"),
    [
        ("{configMapRef: {name: config}}", True),
        ("{configMapRef: {name: elsewhere}}", False),
        ("{configMapRef: {name: elsewhere, optional: true}}", False),
        ("{secretRef: {name: config}}", False),
        ("{prefix: [a], configMapRef: {name: config}}", False),
        ("{}", False),
    ],
)
def test_nothing_is_missing_where_an_object_is_not_known(source: str, is_known: bool, folder: Path) -> None:
    container = f"envFrom: [{source}]\n          env: [{{name: MEDPLUM_REDIS_HOST, value: redis}}]"
    write(folder, d_dot_yaml=deployment(container), c_dot_yaml=config_map("MEDPLUM_BASE_URL: https://api.hospital.health/"))
    assert any(MISSING in line for line in lint("d.yaml", "c.yaml")) == is_known
    assert not any(MISSING in line for line in lint("d.yaml"))


def test_a_file_that_does_not_mention_medplum_can_name_what_does(folder: Path) -> None:
    container = "envFrom: [{configMapRef: {name: config}}]"
    own = deployment(container).replace("{name: medplum}", "{name: api}").replace("medplum/medplum-server:5.1.4", "acme/fhir:1")
    write(
        folder,
        d_dot_yaml=own,
        c_dot_yaml=config_map("MEDPLUM_SUPPORT_EMAIL: nobody, MEDPLUM_REDIS_HOST: redis"),
        compose_dot_yml="services: {api: {image: acme/fhir, env_file: a.env}}\n",
        a_dot_env="MEDPLUM_SUPPORT_EMAIL=nobody\nMEDPLUM_REDIS_HOST=redis\n",
    )
    emails = [line for line in lint(".") if "invalid-email" in line]
    assert emails == [
        "a.env:1:23 error[invalid-email] service api: supportEmail",
        "c.yaml:4:31 error[invalid-email] container api: supportEmail",
    ]
    assert lint_paths(["d.yaml"], Options()).result.files[0].status == "ignored"


def test_objects_of_one_name_for_several_environments(folder: Path) -> None:
    """Each Deployment has the one of its folder; where two can be meant, neither is."""
    container = "envFrom: [{configMapRef: {name: config}}]\n          env: [{name: MEDPLUM_REDIS_HOST, value: redis}]"
    for name in ("prod", "staging"):
        write(
            folder,
            **{
                f"{name}__d_dot_yaml": deployment(container),
                f"{name}__c_dot_yaml": config_map(f"MEDPLUM_BASE_URL: http://{name}.hospital.health/"),
            },
        )
    write(folder, d_dot_yaml=deployment(container))
    files = ["d.yaml", *(f"{name}/{file}.yaml" for name in ("prod", "staging") for file in "cd")]
    assert [line for line in shown(*files) if "baseUrl" in line] == [
        'baseUrl "http://prod.hospital.health/" prod/c.yaml:4',
        'baseUrl "http://staging.hospital.health/" staging/c.yaml:4',
    ]


def test_a_secret_that_is_overridden_can_be_read_all_the_same(folder: Path) -> None:
    """Of what is wrong with a value that does not count only that is said."""
    container = (
        "envFrom: [{configMapRef: {name: config}}]\n          env:\n"
        "            - {name: MEDPLUM_DATABASE_PASSWORD, valueFrom: {secretKeyRef: {name: s, key: p}}}\n"
        "            - {name: MEDPLUM_PORT, value: '8103'}"
    )
    write(folder, d_dot_yaml=deployment(container), c_dot_yaml=config_map("MEDPLUM_DATABASE_PASSWORD: Zq7xKpW3vT9m, MEDPLUM_PORT: x"))
    assert [line for line in lint(".") if line.startswith("c.yaml")] == [
        "c.yaml:4:35 error[plaintext-secret] container medplum: database.password"
    ]


def test_an_object_of_another_namespace_is_another_one(folder: Path) -> None:
    container = "envFrom: [{configMapRef: {name: config}}]\n          env: [{name: MEDPLUM_REDIS_HOST, value: redis}]"
    write(
        folder,
        d_dot_yaml=deployment(container).replace("{name: medplum}", "{name: medplum, namespace: a}"),
        c_dot_yaml=config_map("MEDPLUM_BASE_URL: https://api.hospital.health/").replace("{name: config}", "{name: config, namespace: b}"),
    )
    assert not any(MISSING in line for line in lint("d.yaml", "c.yaml"))


# --- Compose -------------------------------------------------------------------------------------------------------------------------


def compose(service: str, image: str = "medplum/medplum-server:5.1.4") -> str:
    return f"services:\n  server:\n    image: {image}\n    command: env\n{service}"


SERVER = "    environment: {MEDPLUM_REDIS_HOST: redis}\n"


@pytest.mark.parametrize(
    ("service", "row"),
    [
        ("    env_file: a.env\n", 'logLevel "WARN" a.env:1'),
        ("    env_file: [a.env, b.env]\n", 'logLevel "ERROR" b.env:1'),
        ("    env_file: [{path: b.env, required: false}, ./a.env]\n", 'logLevel "WARN" a.env:1'),
        ("    env_file: [a.env]\n    environment: {MEDPLUM_LOG_LEVEL: DEBUG}\n", 'logLevel "DEBUG" docker-compose.yml:6'),
        ("    environment: {MEDPLUM_LOG_LEVEL: '${LEVEL}'}\n", 'logLevel "INFO" .env:1'),
        ("    environment: ['MEDPLUM_LOG_LEVEL=${LEVEL:-NONE}']\n", 'logLevel "INFO" .env:1'),
        ("    environment: [MEDPLUM_PORT=1, MEDPLUM_LOG_LEVEL]\n", 'logLevel "NONE" .env:2'),
        ("    environment: {MEDPLUM_PORT: 1, MEDPLUM_LOG_LEVEL: null}\n", 'logLevel "NONE" .env:2'),
        ("    environment: {MEDPLUM_LOG_LEVEL: '${EMPTY:-WARN}'}\n", 'logLevel "WARN" line 5'),
        ("    environment: {MEDPLUM_LOG_LEVEL: '${UNKNOWN:-WARN}'}\n", "logLevel (value not in the input) line 5"),
        ("    environment: {MEDPLUM_LOG_LEVEL: '${LEVEL:+WARN}'}\n", 'logLevel "WARN" line 5'),
        (
            "    environment: {MEDPLUM_BASE_URL: 'https://${HOST}:$PORT/'}\n",
            'baseUrl "https://api.hospital.health:444/" line 5',
        ),
        ("    extends: {file: common.yml, service: base}\n", 'logLevel "WARN" sub/c.env:1'),
        (
            "    extends: {file: common.yml, service: base}\n    environment: {MEDPLUM_LOG_LEVEL: DEBUG}\n",
            'logLevel "DEBUG" docker-compose.yml:6',
        ),
        ("    extends: base\n  base:\n    environment: {MEDPLUM_LOG_LEVEL: DEBUG}\n", 'logLevel "DEBUG" line 7'),
    ],
)
def test_what_counts_in_a_service(service: str, row: str, folder: Path) -> None:
    write(
        folder,
        **{"docker-compose_dot_yml": compose(service)},
        a_dot_env="MEDPLUM_LOG_LEVEL=WARN\n",
        b_dot_env="MEDPLUM_LOG_LEVEL=ERROR\n",
        _dot_env="LEVEL=INFO\nMEDPLUM_LOG_LEVEL=NONE\nEMPTY=\nHOST=api.hospital.health\nPORT=444\n",
        common_dot_yml="services:\n  base:\n    extends: {file: sub/deep.yml, service: deep}\n",
        sub__deep_dot_yml="services:\n  deep:\n    env_file: c.env\n",
        sub__c_dot_env="MEDPLUM_LOG_LEVEL=WARN\n",
    )
    assert row in [line.replace("docker-compose.yml:7", "line 7") for line in shown("docker-compose.yml")]


@pytest.mark.parametrize(
    ("service", "is_known"),
    [
        ("    env_file: a.env\n", True),
        ("    env_file: none.env\n", False),
        ("    env_file: [a.env, {path: none.env, required: false}]\n", False),
        ("    env_file: ['${FILE}']\n", False),
        ("    env_file: /etc/hostname\n", False),
        ("    env_file: [{path: a.env, format: other}]\n", False),
        ("    env_file: .\n", False),
        ("    extends: {file: none.yml, service: base}\n", False),
        ("    extends: none\n", False),
        ("    extends: server\n", False),
        ("    extends: other\n  other:\n    extends: server\n", False),
        ("    extends: [1]\n", False),
    ],
)
def test_nothing_is_missing_where_a_file_is_not_known(service: str, is_known: bool, folder: Path) -> None:
    write(folder, **{"docker-compose_dot_yml": compose(SERVER + service)}, a_dot_env="MEDPLUM_PORT=8103\n")
    assert any(MISSING in line for line in lint("docker-compose.yml")) == is_known


def test_a_file_alone_and_the_folder_give_the_same(folder: Path) -> None:
    copied("compose", folder)
    everything = lint(".")
    assert everything
    assert lint("docker-compose.yml") == everything
    assert lint("docker-compose.override.yml") == everything
    assert lint("server.env", "docker-compose.yml", ".env") == everything


def test_the_release_is_that_of_the_tag_in_dot_env(folder: Path) -> None:
    write(folder, compose_dot_yaml=compose(SERVER, "${IMAGE}:$TAG"), _dot_env="TAG=4.3.5\nIMAGE=medplum/medplum-server\n")
    outcome = lint_paths(["compose.yaml"], Options())
    assert [str(file.server.release) for file in outcome.result.files if file.server is not None] == ["4.3.5"]


def test_the_requested_release_applies_to_each_part(folder: Path) -> None:
    write(folder, compose_dot_yaml=compose(SERVER + "    env_file: a.env\n", "medplum/medplum-server"), a_dot_env="MEDPLUM_PORT=1\n")
    outcome = lint_paths(["."], Options(Overrides(server=parse_server_version("4.3.5", "the test"))))
    assert {str(file.server.release) for file in outcome.result.files if file.server is not None} == {"4.3.5"}


def test_one_file_under_several_names_counts_once(folder: Path) -> None:
    write(folder, **{"docker-compose_dot_yml": compose(SERVER + "    env_file: link.env\n")}, a_dot_env="MEDPLUM_SUPPORT_EMAIL=nobody\n")
    (folder / "link.env").symlink_to("a.env")
    expected = lint("docker-compose.yml", "a.env")
    assert [line.split()[0] for line in expected if "invalid-email" in line] == ["a.env:1:23"]
    assert lint("./docker-compose.yml", "docker-compose.yml", "./a.env", "link.env", str(folder / "a.env"))[-1:] == expected[-1:]
    assert len(load_documents(["docker-compose.yml", "./docker-compose.yml"], None).documents) == 1


def test_standard_input_without_a_name_is_in_no_folder(folder: Path) -> None:
    from linter.documents.inputs import Input
    from linter.files import STANDARD_INPUT
    from linter.run import lint_input

    write(folder, a_dot_env="MEDPLUM_PORT=8103\n")
    data = compose(SERVER + "    env_file: a.env\n").encode()
    assert not any(MISSING in line for line in found(lint_input(Input(STANDARD_INPUT, data, Path("stdin"), piped=True), Options())))
    assert any(MISSING in line for line in found(lint_input(Input("compose.yml", data, Path("compose.yml"), piped=True), Options())))


def test_a_file_shared_by_too_many_servers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong in it is found with the first of them, and for the others nothing is called missing."""
    monkeypatch.setattr("linter.documents.sums.MOST_SHARED", 4)
    one = "  s{}: {{image: 'medplum/medplum-server:5.1.4', command: env, env_file: a.env}}\n"
    write(folder, compose_dot_yml="services:\n" + "".join(map(one.format, range(4))))
    write(folder, a_dot_env="MEDPLUM_SUPPORT_EMAIL=nobody\nMEDPLUM_PORT=8103\n")
    lines = lint("compose.yml")
    assert [line for line in lines if "invalid-email" in line] == ["a.env:1:23 error[invalid-email] services s0 and s1: supportEmail"]
    assert {line.split("] ")[1].split(":")[0] for line in lines if MISSING in line} == {"service s0", "service s1"}


# --- What lies outside of the repository ---------------------------------------------------------------------------------------------

STOLEN = "MEDPLUM_PORT=8103\nMEDPLUM_SUPPORT_EMAIL=nobody\n"
BASE = "services:\n  base:\n    environment: {MEDPLUM_SUPPORT_EMAIL: nobody}\n"
OUTSIDE = "it lies outside the repository of this file"


def notes(*paths: str) -> list[str]:
    """The notes of a check, which must not mention ``supportEmail`` or call anything missing."""
    outcome = lint_paths(list(paths), Options())
    assert [line for line in found(outcome) if "supportEmail" in line or MISSING in line] == []
    return [one.text for one in outcome.result.notices]


@pytest.mark.parametrize("git", ["repository/.git", ""])
@pytest.mark.parametrize(
    ("service", "line", "named"),
    [
        ("    env_file: ../stolen.env\n", 6, "../stolen.env"),
        ("    env_file:\n      - own.env\n      - path: ../../stolen.env\n        required: false\n", 8, "../../stolen.env"),
        ("    env_file: inner/../../stolen.env\n", 6, "inner/../../stolen.env"),
        ("    env_file: link.env\n", 6, "link.env"),
        ("    env_file: linked/stolen.env\n", 6, "linked/stolen.env"),
        ("    extends: {file: ../base.yml, service: base}\n", 6, "../base.yml"),
        ("    extends: {file: link.yml, service: base}\n", 6, "link.yml"),
        ("    env_file: ../nothing.env\n", 6, "../nothing.env"),
        ("    env_file: FOLDER/stolen.env\n", 6, "FOLDER/stolen.env"),
    ],
)
def test_files_outside_the_repository_are_not_read(service: str, line: int, named: str, git: str, folder: Path) -> None:
    """What the file names, links included, whether or not it is there: it is noted, and nothing is missing."""
    write(folder, stolen_dot_env=STOLEN, base_dot_yml=BASE, repository__own_dot_env="")
    write(folder, repository__compose_dot_yml=compose(SERVER + service.replace("FOLDER", str(folder))))
    write(folder, repository__inner__x="")
    if git:
        (folder / git).mkdir()
    for name, target in (("link.env", "../stolen.env"), ("link.yml", "../base.yml"), ("linked", "..")):
        if name in service:
            (folder / "repository" / name).symlink_to(target)
    expected = [f"repository/compose.yml:{line}: {named.replace('FOLDER', str(folder))} is not read: {OUTSIDE}"]
    assert notes("repository/compose.yml") == expected
    if not named.startswith("link"):  # a search comes upon a link to a file by itself
        assert notes("repository") == expected


def test_what_a_base_in_the_repository_extends_outside_it(folder: Path) -> None:
    """The base is still read, and the file that names what lies outside is the one of the note."""
    write(folder, base_dot_yml=BASE)
    middle = "services:\n  middle:\n    extends: {file: ../base.yml, service: base}\n    environment: {MEDPLUM_BASE_URL: nonsense}\n"
    service = compose("    extends: {file: middle.yml, service: middle}\n    environment: {MEDPLUM_PORT: '8103'}\n")
    write(folder, repository__middle_dot_yml=middle, repository__compose_dot_yml=service)
    assert notes("repository/compose.yml") == [f"repository/middle.yml:3: ../base.yml is not read: {OUTSIDE}"]
    outcome = lint_paths(["repository/compose.yml"], Options())
    assert any(line.startswith("repository/middle.yml:4:") and "invalid-url" in line for line in found(outcome))


def test_what_is_in_the_repository_is_read(folder: Path) -> None:
    """The nearest folder with ``.git`` is that of the file that names another one; a submodule is a repository of its own."""
    write(folder, common__a_dot_env="MEDPLUM_SUPPORT_EMAIL=nobody\n")
    write(folder, deploy__prod__compose_dot_yml=compose(SERVER + "    env_file: ../../common/a.env\n"))
    assert notes("deploy/prod/compose.yml") == [f"deploy/prod/compose.yml:6: ../../common/a.env is not read: {OUTSIDE}"]
    (folder / ".git").mkdir()
    assert [line.split()[0] for line in lint("deploy/prod/compose.yml") if "invalid-email" in line] == ["common/a.env:1:23"]
    (folder / "deploy" / ".git").write_text("gitdir: ../.git/modules/deploy\n")
    assert notes("deploy/prod/compose.yml") == [f"deploy/prod/compose.yml:6: ../../common/a.env is not read: {OUTSIDE}"]


def test_a_given_file_is_read_wherever_it_is(folder: Path) -> None:
    write(folder, common__a_dot_env="MEDPLUM_SUPPORT_EMAIL=nobody\n")
    write(folder, deploy__compose_dot_yml=compose(SERVER + "    env_file: ../common/a.env\n"))
    for paths in (["."], ["common/a.env", "deploy/compose.yml"]):
        outcome = lint_paths(paths, Options())
        assert [line.split()[0] for line in found(outcome) if "invalid-email" in line] == ["common/a.env:1:23"]
        assert outcome.result.notices == ()


def test_a_link_that_a_search_comes_upon_gives_no_service_anything(folder: Path) -> None:
    write(folder, stolen_dot_env=STOLEN, repository__compose_dot_yml=compose(SERVER + "    env_file: link.env\n"))
    (folder / "repository" / "link.env").symlink_to("../stolen.env")
    outcome = lint_paths(["repository"], Options())
    assert [one.text for one in outcome.result.notices] == [f"repository/compose.yml:6: link.env is not read: {OUTSIDE}"]
    assert [line for line in found(outcome) if "compose.yml" in line and ("supportEmail" in line or MISSING in line)] == []


def test_a_service_known_only_from_outside_files(folder: Path) -> None:
    write(folder, stolen_dot_env=STOLEN)
    service = "services: {api: {image: medplum/medplum-server:5.1.4, env_file: ../stolen.env}}\n"
    write(folder, repository__compose_dot_yml=service)
    [status] = lint_paths(["repository/compose.yml"], Options()).result.files
    assert status.note.endswith(f"; ../stolen.env is not read: {OUTSIDE}")


@pytest.mark.parametrize("name", [".env", "compose.override.yml"])
def test_a_link_in_place_of_a_default_file(name: str, folder: Path) -> None:
    write(folder, stolen_dot_env="MAIL=nobody\n", override_dot_yml="services: {server: {environment: {MEDPLUM_SUPPORT_EMAIL: nobody}}}\n")
    write(folder, repository__compose_dot_yml=compose("    environment: ['MEDPLUM_SUPPORT_EMAIL=${MAIL}']\n"))
    (folder / "repository" / name).symlink_to("../stolen.env" if name == ".env" else "../override.yml")
    assert not any("invalid-email" in line for line in lint("repository/compose.yml"))
    (folder / ".git").mkdir()
    assert any("invalid-email" in line for line in lint("repository/compose.yml"))


# --- Helm ----------------------------------------------------------------------------------------------------------------------------


CHART = """\
global: {configSource: {type: env}}
config:
  server: {baseUrl: http://localhost:8103/, port: 8103, logLevel: x, binaryStorage: file:./binary}
  database: {host: db, port: 5432}
deployment:
  env: [{name: MEDPLUM_LOG_LEVEL, value: WARN}, MEDPLUM_SUPPORT_EMAIL=a@hospital.health]
extraEnv: {MEDPLUM_REDIS_HOST: cache, MEDPLUM_REDIS_PORT: "1"}
"""
OF_CHART = {
    'baseUrl "http://localhost:8103/" values.yaml:3',
    "port 8103 values.yaml:3",
    'binaryStorage "file:./binary" values.yaml:3',
    'database.host "db" values.yaml:4',
    "database.port 5432 values.yaml:4",
    'logLevel "WARN" values.yaml:6',
    'supportEmail "a@hospital.health" values.yaml:6',
    'redis.host "cache" values.yaml:7',
    "redis.port 1 values.yaml:7",
}


@pytest.mark.parametrize(
    ("values", "gone", "new"),
    [
        ("replicas: 3", set(), set()),
        ("config: {server: {port: 1}}", {"port"}, {"port 1 values-prod.yaml:1"}),
        ("config: {server: {port: null}}", {"port"}, set()),
        ("config: {server: {port: ''}}", {"port"}, set()),
        ("config: {database: null}", {"database.host", "database.port"}, set()),
        (
            "config: {server: 7, database: {host: other}}",
            {"baseUrl", "port", "binaryStorage", "database.host"},
            {'database.host "other" values-prod.yaml:1'},
        ),
        (
            "deployment: {env: [{name: MEDPLUM_LOG_LEVEL, value: INFO}]}",
            {"logLevel", "supportEmail"},
            {'logLevel "INFO" values-prod.yaml:1'},
        ),
        ("deployment: {env: null}", {"logLevel", "supportEmail"}, set()),
        (
            "extraEnv: {MEDPLUM_REDIS_HOST: null, MEDPLUM_REDIS_PORT: '2'}",
            {"redis.host", "redis.port"},
            {"redis.port 2 values-prod.yaml:1"},
        ),
    ],
)
def test_what_counts_in_a_release(values: str, gone: set[str], new: set[str], folder: Path) -> None:
    write(folder, **{"values_dot_yaml": CHART, "values-prod_dot_yaml": f"{values}\n"})
    expected = {row for row in OF_CHART if row.split()[0] not in gone} | new
    found_rows = {row for row in shown("values-prod.yaml") if "(value not in the input)" not in row}
    assert found_rows == expected


def test_values_in_another_folder_are_read_over_the_one_chart_of_the_run(folder: Path) -> None:
    write(
        folder,
        **{
            "chart__values_dot_yaml": CHART,
            "chart__Chart_dot_yaml": "apiVersion: v2\nname: medplum\n",
            "prod__medplum-values_dot_yaml": "config: {server: {baseUrl: 'https://api.hospital.health/'}}\n",
            "other__values_dot_yaml": "config: {server: {baseUrl: 'https://other.hospital.health/'}}\n",
        },
    )
    rows = shown("chart/values.yaml", "prod/medplum-values.yaml")
    assert 'baseUrl "https://api.hospital.health/" prod/medplum-values.yaml:1' in rows
    assert 'database.host "db" chart/values.yaml:4' in rows
    assert not any("chart" in row for row in shown("prod/medplum-values.yaml"))


# --- Parameter Store -----------------------------------------------------------------------------------------------------------------


def dump(*parameters: str, more: str = "") -> str:
    return f'{{"Parameters": [{", ".join(parameters)}]{more}}}'


def parameter(name: str, **fields: str) -> str:
    return json.dumps({"Name": f"/medplum/prod/{name}", "Type": "String", **fields})


BASE = parameter("baseUrl", Value="https://api.hospital.health/")


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        (dump(BASE), dump(parameter("baseUrl", Tier="Standard")), True),
        (dump(BASE, more=', "NextToken": "x"'), dump(parameter("port", Value="8103")), True),
        (dump(BASE), dump(parameter("baseUrl", Value="https://old.hospital.health/")), False),
        (dump(BASE), dump(parameter("baseUrl", Type="SecureString")), False),
        (
            dump(parameter("port", Value="1", ARN="arn:aws:ssm:us-east-1:1:parameter/medplum/prod/port")),
            dump(parameter("baseUrl", ARN="arn:aws:ssm:eu-west-1:1:parameter/medplum/prod/baseUrl")),
            False,
        ),
    ],
)
def test_dumps_that_belong_together(first: str, second: str, together: bool, folder: Path) -> None:
    write(folder, **{"ssm-a_dot_json": first, "ssm-b_dot_json": second})
    for order in (["ssm-a.json", "ssm-b.json"], ["ssm-b.json", "ssm-a.json"]):
        documents = load_documents(order, None).documents
        assert [document.uri for document in documents] == (["ssm-a.json"] if together else order)


def test_a_tier_in_one_dump_is_that_of_the_value_in_the_other(folder: Path) -> None:
    """Its limit is not reached, and the finding is where the value is."""
    long = parameter("allowedOrigins", Value="a" * 5000)
    write(folder, **{"ssm-a_dot_json": dump(long), "ssm-b_dot_json": dump(parameter("allowedOrigins", Tier="Advanced"))})
    assert any("refused-parameter" in line for line in lint("ssm-a.json"))
    assert not any("refused-parameter" in line for line in lint("ssm-a.json", "ssm-b.json"))


# --- Fixes ---------------------------------------------------------------------------------------------------------------------------


def fixes(*paths: str) -> Fixes:
    def check(contents: object) -> Outcome:
        return lint_paths(list(paths), Options(keep_contents=True, instead=contents))  # type: ignore[arg-type]

    return fixed(check, unsafe=True)


def test_a_fix_is_made_where_the_value_is_written(folder: Path) -> None:
    write(
        folder,
        **{"docker-compose_dot_yml": compose(SERVER + "    env_file: a.env\n")},
        a_dot_env="MEDPLUM_BASE_URL=https://api.hospital.health\n",
    )
    made = fixes("docker-compose.yml", "a.env")
    assert made.bugs == () and made.refused == ()
    assert [(file.uri, file.after) for file in made.files] == [("a.env", b"MEDPLUM_BASE_URL=https://api.hospital.health/\n")]


def test_a_file_that_was_not_named_is_not_edited(folder: Path) -> None:
    write(
        folder,
        **{"docker-compose_dot_yml": compose(SERVER + "    env_file: a.env\n")},
        a_dot_env="MEDPLUM_BASE_URL=https://api.hospital.health\n",
    )
    made = fixes("docker-compose.yml")
    assert made.files == () and made.bugs == ()


SERVER_OF_SUM = "services:\n  api:\n    image: medplum/medplum-server\n    command: env\n"


def fixed_files(*paths: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """What the fixes of files make of them, and which ones are not made."""
    made = fixes(*paths)
    assert made.bugs == ()
    return {file.uri: file.after.decode() for file in made.files}, made.refused


def test_what_a_fix_in_one_file_brings_to_light_in_another_stops_neither(folder: Path) -> None:
    """With ``MEDPLUM_REDIS_HOST`` the variables are a whole configuration, part of which the service lacks, as before."""
    service = '    command: env\n    env_file: a.env\n    environment:\n      MEDPLUM_BASE_URL: "https://api.hospital.health"\n'
    text = "services:\n  api:\n    image: medplum/medplum-server\n" + service
    write(folder, compose_dot_yml=text, a_dot_env="MEDPLUM_DATABASE_HOST=db\nMEDPLUM_REDIS_URL=redis://cache:6379\n")
    assert fixed_files("compose.yml", "a.env") == (
        {
            "compose.yml": text.replace('health"', 'health/"'),
            "a.env": "MEDPLUM_DATABASE_HOST=db\nMEDPLUM_REDIS_HOST=cache\nMEDPLUM_REDIS_PORT=6379\n",
        },
        (),
    )


def test_a_fix_is_left_out_for_what_it_brings_in_another_file(folder: Path) -> None:
    """The text ``false`` counts as true: without it the bots that another file asks for cannot run."""
    service = (
        "    env_file: [a.env, b.env]\n    environment:\n      MEDPLUM_DEFAULT_BOT_RUNTIME_VERSION: vmcontext\n      MEDPLUM_BASE_URL: {}\n"
    )
    text = SERVER_OF_SUM + service
    write(
        folder,
        compose_dot_yml=text.format("https://api.hospital.health"),
        a_dot_env="MEDPLUM_REDIS_HOST=cache\n",
        b_dot_env="MEDPLUM_VM_CONTEXT_BOTS_ENABLED=false\n",
    )
    why = "they would cause error[disabled-bot-runtime] in compose.yml at line 6, column 5"
    made, refused = fixed_files("compose.yml", "a.env", "b.env")
    assert made == {"compose.yml": text.format("https://api.hospital.health/")}
    assert refused == (f"b.env: the fixes of misread-boolean are left out, because {why}",)


def test_a_fix_that_leaves_another_file_without_a_server_is_left_out(folder: Path) -> None:
    services = """\
services:
  one:
    image: medplum/medplum-server:4.1.12
    command: env
    env_file: a.env
    environment:
      MEDPLUM_REDIS_HOST: cache
      MEDPLUM_BASE_URL: https://api.hospital.health
  two:
    image: registry.hospital.health/medplum-server:4.1.12
    command: [file:medplum.config.json]
    env_file: a.env
"""
    write(folder, compose_dot_yml=services, a_dot_env="MEDPLUM_AUDIENCE=http://localhost:8103/\n")
    made, refused = fixed_files("compose.yml", "a.env")
    assert made == {"compose.yml": services.replace("health\n", "health/\n")}
    why = "are left out, because they would leave no setting of a server in compose.yml"
    assert refused == (f"a.env: the fixes of ignored-setting at line 1 {why}",)


@pytest.mark.quick_cases(8)
@pytest.mark.parametrize("case", CASES)
def test_no_fix_is_made_in_the_wrong_place(case: str, folder: Path) -> None:
    """After all fixes the sums hold nothing that has a fix, and nothing else has changed."""
    copied(case, folder)
    made = fixes(".")
    assert made.bugs == ()
    for file in made.files:
        assert len(file.before.splitlines()) <= len(file.after.splitlines()) + 1


def test_a_variable_that_another_file_gives_too_is_not_removed(folder: Path) -> None:
    """Without the one in the service that of the file would count, which is no better."""
    write(
        folder,
        **{
            "docker-compose_dot_yml": compose("    env_file: a.env\n    environment: {MEDPLUM_REDIS_HOST: redis, MEDPLUM_LOGLEVEL: WARN}\n")
        },
        a_dot_env="MEDPLUM_LOGLEVEL=ERROR\n",
    )
    assert fixes("docker-compose.yml", "a.env").files == ()


def test_a_file_that_is_read_in_two_ways_is_not_edited(folder: Path) -> None:
    service = "    env_file: .env\n    environment: {MEDPLUM_REDIS_HOST: redis, MEDPLUM_BASE_URL: '${URL}'}\n"
    write(folder, **{"docker-compose_dot_yml": compose(service)}, _dot_env="URL=https://api.hospital.health\nMEDPLUM_PORT=8103\n")
    assert any(f".env:1:5 error[{SLASH}]" in line for line in lint("."))
    made = fixes(".", ".env")
    assert made.files == () and made.bugs == ()


def test_what_is_excluded_is_not_read_for_another_file(folder: Path) -> None:
    write(
        folder,
        **{"docker-compose_dot_yml": compose(SERVER + "    env_file: a.env\n")},
        a_dot_env="MEDPLUM_SUPPORT_EMAIL=nobody\n",
        _dot_medplum="",
    )
    assert any("a.env" in line for line in lint("."))
    (folder / ".medplum-lint.toml").write_text('exclude = ["*.env"]\n')
    assert not any("a.env" in line or MISSING in line for line in lint("."))


def test_a_file_that_is_named_twice_gives_nothing_twice(folder: Path) -> None:
    service = SERVER + "    env_file: [a.env, b.env, ./a.env]\n"
    write(folder, **{"docker-compose_dot_yml": compose(service)}, a_dot_env="MEDPLUM_PORT=1\n", b_dot_env="MEDPLUM_PORT=2\n")
    assert "port 1 a.env:1" in shown("docker-compose.yml")
    assert not any("duplicate" in line for line in lint("."))


# --- Secrets -------------------------------------------------------------------------------------------------------------------------


SECRET = "Zq7xKpW3vT9mRb2Ls"


def planted(folder: Path) -> None:
    """A secret in each kind of place that is a part of a sum, and findings about it and beside it."""
    write(
        folder,
        compose_dot_yml=compose(
            "    env_file: [a.env, {path: r.env, format: raw}]\n"
            "    environment:\n      MEDPLUM_DATABASE_PASSWORD: ${PASSWORD}\n"
            "      MEDPLUM_SIGNING_KEY_PASSPHRASE: pre-${PASSWORD}\n      MEDPLUM_BASE_URL: http://u:${PASSWORD}@api.hospital.health\n"
        ),
        _dot_env=f"PASSWORD={SECRET}\nURL=http://u:{SECRET}@x.hospital.health # {SECRET}\n",
        a_dot_env=f"MEDPLUM_REDIS_PASSWORD={SECRET}\nMEDPLUM_RECAPTCHA_SECRET_KEY='{SECRET}'\nMEDPLUM_SUPPORT_EMAIL={SECRET}\n",
        r_dot_env=f'MEDPLUM_DEFAULT_SUPER_ADMIN_PASSWORD="{SECRET}"\nMEDPLUM_PORT={SECRET}\n',
        k8s__d_dot_yaml=deployment(
            "envFrom: [{secretRef: {name: s}}, {prefix: MEDPLUM_, configMapRef: {name: config}}]\n          env:\n"
            "            - {name: MEDPLUM_DATABASE_PASSWORD, valueFrom: {configMapKeyRef: {name: config, key: pw}}}\n"
            "            - {name: MEDPLUM_PORT, valueFrom: {secretKeyRef: {name: s, key: pw}}}"
        ),
        k8s__c_dot_yaml=config_map(f"pw: {SECRET}, REDIS_PASSWORD: {SECRET}, BASE_URL: 'http://u:{SECRET}@a.hospital.health'"),
        k8s__s_dot_yaml=config_map(f"pw: {SECRET}, MEDPLUM_SIGNING_KEY: {SECRET}", "s")
        .replace("ConfigMap", "Secret")
        .replace("data", "stringData"),
        chart__values_dot_yaml="config:\n"
        f"  server: {{baseUrl: 'http://u:{SECRET}@a.hospital.health', port: 1}}\n  database: {{password: {SECRET}}}\n",
        **{"chart__values-prod_dot_yaml": f"config:\n  server: {{signingKey: {SECRET}, supportEmail: {SECRET}}}\n"},
    )


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize(
    "command",
    [
        *(["check", "--pedantic", "--format", name] for name in ("text", "json", "sarif", "gitlab")),
        ["check", "--diff", "--unsafe-fixes"],
        ["show", "--defaults"],
        ["show", "--format", "json"],
        ["upgrade", "--from", "3.0.0"],
    ],
    ids=" ".join,
)
def test_no_secret_of_a_part_is_shown(command: list[str], folder: Path) -> None:
    planted(folder)
    name, *options = command
    paths = ["compose.yml", *(f"k8s/{one}.yaml" for one in "dcs"), "chart/values.yaml", "chart/values-prod.yaml"]
    result = CliRunner().invoke(cli, [name, *options, *paths])
    assert result.exit_code in (0, 1, 2) and result.output
    assert SECRET not in result.output and SECRET[:6] not in result.output


def test_the_name_under_which_a_container_reads_a_key_is_not_edited(folder: Path) -> None:
    container = "env: [{name: MEDPLUM_BASE_URL, valueFrom: {configMapKeyRef: {name: config, key: url}}}]"
    write(folder, d_dot_yaml=deployment(container), c_dot_yaml=config_map("url: https://api.hospital.health"))
    assert any("c.yaml:4" in line and f"[{SLASH}]" in line for line in lint("."))
    assert fixes(".").files == ()


def test_a_service_is_not_an_environment(folder: Path) -> None:
    service = "image: medplum/medplum-server:5.1.23, command: env, environment: {MEDPLUM_BASE_URL: 'https://api.hospital.health'}"
    write(folder, compose_dot_yaml=f"services:\n  prod: {{{service}}}\n")
    (folder / "policies").mkdir()
    (folder / "policies/in-prod.yaml").write_text(IN_PROD)
    (folder / ".medplum-lint.toml").write_text('rules = ["policies"]\n[environment.prod]\nignore = ["urls"]\n')

    def checked(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["compose.yaml", *arguments])

    report = json.loads(checked("--format", "json").stdout)
    holders = [{"type": "service", "name": "prod"}]
    slash = next(one for one in report["findings"] if one["rule"] == "missing-trailing-slash")
    for one in (slash, report["files"][0]):
        assert (one["environment"], one["holders"]) == (None, holders)
    assert "acme/in-prod" not in {one["rule"] for one in report["findings"]}
    sarif = json.loads(checked("--format", "sarif").stdout)
    kinds = {one["kind"] for result in sarif["runs"][0]["results"] for one in result["locations"][0].get("logicalLocations", ())}
    assert kinds == {"property"}
    assert "<td>service prod</td>" in checked("--format", "html").stdout
    assert "server/env, service prod, production" in checked("--show-settings").stdout
    told = 'environment "prod" matches no configuration that was checked, for prod is a service: give it in [per-file], or delete the table'
    assert told in CliRunner().invoke(cli, ["."]).stderr


IN_PROD = """id: acme/in-prod
title: The address in prod ends in a slash
severity: error
for: server
when: {$@environment: {equals: prod}}
must: {baseUrl: {ends_with: /}}
message: "baseUrl ${@reason} in ${$@environment}"
docs: As it is.
examples:
  good: [{data: {baseUrl: https://a.example}, environment: staging}]
  bad: [{data: {baseUrl: https://a.example}, environment: prod, finds: [baseUrl]}]
"""


# --- Each service, and whom a finding is about ---------------------------------------------------------------------------------------


API = (
    "services:\n  api:\n    image: medplum/medplum-server:5.1.4\n    command: env\n    environment:\n"
    "      MEDPLUM_BASE_URL: https://api.hospital.health\n      MEDPLUM_SUPPORT_EMAIL: nobody\n"
)


def about(rule: str, *paths: str) -> list[str]:
    """Where a rule finds something, and whom it names."""
    outcome = lint_paths(list(paths or ["."]), Options())
    assert outcome.bugs == ()
    return [
        f"{one.document.uri}:{one.document.position(one.span.start).line} {whom(one)}"
        for one in outcome.result.findings
        if one.rule == rule
    ]


SLASH = "missing-trailing-slash"


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("", ["compose.yaml:6 service api"]),
        ("    profiles: [debug]\n", []),  # Compose starts it only when it is asked to
    ],
)
def test_a_service_that_another_one_extends_is_started_too(base: str, expected: list[str], folder: Path) -> None:
    worker = "  worker:\n    extends: {service: api}\n    environment: {MEDPLUM_BASE_URL: https://w.hospital.health/}\n"
    write(folder, compose_dot_yaml=API + base + worker)
    assert about(SLASH) == expected
    assert about("invalid-email") == [f"compose.yaml:7 {'service worker' if base else 'services api and worker'}"]


def test_a_service_that_no_project_starts_is_only_a_part(folder: Path) -> None:
    """That of another file, and one that has nothing to run."""
    write(
        folder,
        compose_dot_yaml="services:\n  base:\n    environment: {MEDPLUM_SUPPORT_EMAIL: nobody}\n  api:\n    extends: base\n"
        "    image: medplum/medplum-server:5.1.4\n  worker:\n    extends: {file: b.yaml, service: api}\n"
        "    environment: {MEDPLUM_BASE_URL: https://w.hospital.health/}\n",
        b_dot_yaml=API,
    )
    assert about(SLASH) == []
    assert about("invalid-email") == ["b.yaml:7 service worker", "compose.yaml:3 service api"]


def test_only_the_affected_services_are_named(folder: Path) -> None:
    service = "    image: medplum/medplum-server:5.1.4\n    command: env\n    env_file: c.env\n"
    write(
        folder,
        compose_dot_yaml=f"services:\n  api:\n{service}  worker:\n{service}    environment: {{MEDPLUM_BASE_URL: https://w.hospital.health/}}\n",
        c_dot_env="MEDPLUM_BASE_URL=https://api.hospital.health\nMEDPLUM_SUPPORT_EMAIL=nobody\n",
    )
    assert about(SLASH) == ["c.env:1 service api"]
    assert about("invalid-email") == ["c.env:2 services api and worker"]
    lines = CliRunner().invoke(cli, ["check", "."]).output.splitlines()
    assert [line.strip() for line in lines if line.strip().startswith("= of:")] == ["= of: service api"]


# --- A part alone --------------------------------------------------------------------------------------------------------------------


CORE = {"BASE_URL": "https://api.hospital.health", "DATABASE_HOST": "db", "DATABASE_PASSWORD": "''", "REDIS_HOST": "redis"}
"""What by itself makes a whole configuration."""


def findings(*paths: str) -> list[str]:
    """All findings, as ``file:line rule severity``."""
    outcome = lint_paths(list(paths), Options())
    assert outcome.bugs == outcome.errors == ()
    return [f"{one.document.uri}:{one.document.position(one.span.start).line} {one.rule} {one.severity}" for one in outcome.result.findings]


def claims(*paths: str) -> list[str]:
    """What is said to be missing, or not read."""
    outcome = lint_paths(list(paths), Options())
    assert outcome.bugs == ()
    assert outcome.result.documents
    rules = {one.rule for one in outcome.result.findings} - {SLASH}
    return sorted(rule for rule in rules if rule.startswith("missing-") or rule == "ignored-environment")


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
def test_an_object_of_kubernetes_is_a_part(kind: str, folder: Path) -> None:
    data = ", ".join(f"MEDPLUM_{name}: {value}" for name, value in CORE.items())
    text = config_map(data).replace("ConfigMap", kind)
    write(folder, c_dot_yaml=text.replace("data:", "stringData:") if kind == "Secret" else text)
    assert claims("c.yaml") == []


@pytest.mark.parametrize(
    ("file", "project", "is_part"),
    [
        ("server.env", {"compose_dot_yaml": "services: {api: {image: medplum/medplum-server, env_file: server.env}}\n"}, True),
        ("env/server.env", {"docker-compose_dot_yml": "services: {api: {env_file: [env/server.env]}}\n"}, True),
        (".env", {"compose_dot_yaml": "services: {api: {image: medplum/medplum-server, environment: [MEDPLUM_PORT]}}\n"}, True),
        (".env", {"compose_dot_yaml": "services: {db: {image: postgres}}\n"}, False),
        ("server.env", {"compose_dot_yaml": "services: {api: {env_file: other.env}}\n"}, False),
        ("server.env", {}, False),
    ],
)
def test_a_file_that_a_project_names_is_a_part(file: str, project: dict[str, str], is_part: bool, folder: Path) -> None:
    (folder / "env").mkdir()
    (folder / file).write_text("".join(f"MEDPLUM_{name}={value}\n" for name, value in CORE.items()))
    write(folder, **project)
    assert (claims(file) == []) == is_part


def test_a_service_that_the_project_extends_is_a_part(folder: Path) -> None:
    service = "    image: medplum/medplum-server:5.1.4\n    environment: {MEDPLUM_BASE_URL: https://api.hospital.health}\n"
    write(
        folder,
        compose_dot_yaml="services: {api: {extends: {file: base.yml, service: common}, command: env}}\n",
        base_dot_yml=f"services:\n  common:\n{service}",
        alone__base_dot_yml=f"services:\n  other:\n{service}",
    )
    assert claims("base.yml") == []
    assert about(SLASH, "base.yml") == ["base.yml:4 service common"]
    assert claims("alone/base.yml") == ["ignored-environment"]


# --- Overlays ------------------------------------------------------------------------------------------------------------------------


PINNED = "services:\n  {name}:\n    image: medplum/medplum-server:5.1.4\n    environment: {{MEDPLUM_LOG_LEVEL: INFO}}\n"


@pytest.mark.parametrize(
    ("name", "service", "rest", "is_over"),
    [
        ("docker-compose.prod.yml", "api", "  db: {restart: always}\n", True),
        ("docker-compose-prod.yml", "api", "  db: {restart: always}\n", True),
        ("docker-compose.override.yml", "api", "", True),
        ("docker-compose.prod.yml", "api", "", False),
        ("compose.prod.yaml", "api", "  db: {image: 'postgres:16'}\n", False),
        ("docker-compose.prod.yml", "other", "  db: {restart: always}\n", False),
        ("prod.yml", "api", "  db: {restart: always}\n", False),
    ],
)
def test_a_file_is_laid_over_the_project_if_compose_refuses_it_alone(
    name: str, service: str, rest: str, is_over: bool, folder: Path
) -> None:
    """One of its services does not say what it runs. Then the project says what is run, and the tag is that of the overlay."""
    write(folder, **{"docker-compose_dot_yml": API})
    (folder / name).write_text(PINNED.format(name=service) + rest)
    for paths in (["."], [name], ["docker-compose.yml"]):
        assert (about("ignored-environment", *paths) == []) == (is_over or paths == ["docker-compose.yml"])
        assert about("invalid-email", *paths) == (["docker-compose.yml:7 service api"] if is_over or paths != [name] else [])


def test_a_file_that_several_others_can_complete_lacks_nothing_by_itself(folder: Path) -> None:
    part = "services: {api: {environment: {MEDPLUM_LOG_LEVEL: INFO}}}\n"
    write(folder, **{"docker-compose_dot_yml": API})
    assert about("missing-setting", "docker-compose.yml")
    write(folder, **{"docker-compose.dev_dot_yml": part, "docker-compose.prod_dot_yml": part})
    assert about("missing-setting", "docker-compose.yml") == []
    assert about("missing-setting", ".")


BASE = """\
services:
  medplum:
    image: medplum/medplum-server:5.1.20
    environment:
      MEDPLUM_BASE_URL: http://localhost:8103
      MEDPLUM_DATABASE_PASSWORD: local-only-7
"""
ALONE = """\
services:
  medplum:
    image: medplum/medplum-server:5.1.20
    command: env
    environment:
      MEDPLUM_BASE_URL: https://api.hospital.health/
      MEDPLUM_DATABASE_HOST: db.hospital.health
      MEDPLUM_DATABASE_PASSWORD: "${DB_PASSWORD:?}"
"""


def test_a_file_that_is_started_alone_changes_nothing_beside_it(folder: Path) -> None:
    write(folder, **{"docker-compose_dot_yml": BASE, "docker-compose_dot_prod_dot_yml": ALONE})
    names = ["docker-compose.yml", "docker-compose.prod.yml"]
    by_file = [[one for one in findings(name) if name in one] for name in names]
    assert [findings(name) for name in names] == by_file
    assert findings(".") == findings(*names) == findings(*reversed(names)) == sorted(by_file[0] + by_file[1])
    assert by_file[0] == ["docker-compose.yml:4 ignored-environment error", "docker-compose.yml:5 missing-trailing-slash error"]


def test_a_secret_that_is_replaced_is_judged_by_what_its_own_file_is_for(folder: Path) -> None:
    over = ALONE.replace("    image: medplum/medplum-server:5.1.20\n", "")
    write(folder, **{"docker-compose_dot_yml": BASE, "docker-compose_dot_prod_dot_yml": over})
    assert not any("plaintext-secret" in one for one in findings("."))
    (folder / "docker-compose.yml").write_text(BASE.replace("http://localhost:8103", "https://api.hospital.health/"))
    assert [one for one in findings(".") if "plaintext-secret" in one] == ["docker-compose.yml:6 plaintext-secret error"]


def test_a_service_that_extends_the_projects_is_not_an_overlay(folder: Path) -> None:
    write(
        folder,
        **{
            "docker-compose_dot_yml": API,
            "docker-compose.prod_dot_yml": PINNED.format(name="api") + "    extends: {file: docker-compose.yml, service: api}\n",
        },
    )
    assert about("invalid-email") == ["docker-compose.yml:7 service api"]


# --- Which server --------------------------------------------------------------------------------------------------------------------


def judged(*paths: str) -> list[str]:
    """The files with the server that each is checked against, and why."""
    files = lint_paths(list(paths), Options()).result.files
    return [f"{file.path}: {file.server.release} ({file.server.reason})" for file in files if file.server is not None]


def test_a_search_checks_values_in_another_folder_as_if_named(folder: Path) -> None:
    write(
        folder,
        **{
            "chart__values_dot_yaml": "image: {repository: medplum/medplum-server, tag: 4.3.5}\nenv: {MEDPLUM_REDIS_HOST: redis}\n",
            "chart__Chart_dot_yaml": "apiVersion: v2\nname: medplum\n",
            "env__values-prod_dot_yaml": "env: {MEDPLUM_LOG_LEVEL: INFO}\n",
        },
    )
    expected = [f"{path}: 4.3.5 (the image in chart/values.yaml)" for path in ("chart/values.yaml", "env/values-prod.yaml")]
    assert judged(".") == judged("chart/values.yaml", "env/values-prod.yaml") == expected


@pytest.mark.parametrize("paths", [["."], ["docker-compose.prod.yml"]])
def test_the_reason_for_a_server_is_the_file_that_has_the_image(paths: list[str], folder: Path) -> None:
    over = "services: {api: {environment: {MEDPLUM_LOG_LEVEL: INFO}}}\n"
    write(folder, **{"docker-compose_dot_yml": API, "docker-compose.prod_dot_yml": over})
    why = "5.1.4 (the image in docker-compose.yml)"
    assert judged(*paths) == [f"docker-compose.prod.yml: {why}", f"docker-compose.yml: {why}"]


# --- Why a rule speaks ---------------------------------------------------------------------------------------------------------------


POLICY = """\
id: acme/sum
title: t
severity: error
for: server
when: {baseUrl: {present: true}}
must: {logLevel: {equals: INFO}}
message: "${@path} ${@reason}"
docs: x
examples:
  good: [{data: {logLevel: INFO}}]
  bad: [{data: {baseUrl: "https://a.example/", logLevel: WARN}, finds: [logLevel]}]
"""


def test_a_trace_is_that_of_the_sum(folder: Path) -> None:
    """The condition is about what another file gives, and of two services it holds for one."""
    service = "    image: medplum/medplum-server:5.1.4\n    command: env\n    env_file: {file}\n"
    write(
        folder,
        compose_dot_yaml=f"services:\n  api:\n{service.format(file='[a.env, b.env]')}  worker:\n{service.format(file='a.env')}",
        a_dot_env="MEDPLUM_LOG_LEVEL=WARN\n",
        b_dot_env="MEDPLUM_BASE_URL=https://api.hospital.health/\n",
        p__sum_dot_yaml=POLICY,
    )
    output = CliRunner().invoke(cli, ["explain", "acme/sum", "--rules", "p", "compose.yaml"]).output
    shown = [line.strip() for line in output.splitlines() if ": " in line and not line.startswith("  ") or ".env" in line]
    assert shown == [
        "acme/sum: t",
        "compose.yaml + a.env + b.env (service api): 1 finding",
        "true     baseUrl at b.env:1:18 is https://api.hospital.health/",
        'false    logLevel at a.env:1:19 is WARN: must be "INFO"',
        'a.env:1:19 error: logLevel must be "INFO"',
        "compose.yaml + a.env (service worker): silent: its condition does not hold",
        'false    logLevel at a.env:1:19 is WARN: must be "INFO"',
    ]


# --- Containers ----------------------------------------------------------------------------------------------------------------------


def test_a_container_goes_by_its_name_with_and_without_another_one(folder: Path) -> None:
    """What a baseline knows it by is the same."""
    container = "name: server\n          env: [{name: MEDPLUM_REDIS_HOST, value: redis}, {name: MEDPLUM_SUPPORT_EMAIL, value: nobody}]\n"
    seen = []
    for sidecar in ("", "        - {name: proxy, image: envoy}\n"):
        write(folder, d_dot_yaml=deployment(container) + sidecar)
        seen.append([(one.document.environment, whom(one)) for one in lint_paths(["."], Options()).result.findings])
    assert seen[0] == seen[1] and set(seen[0]) == {("medplum/server", "container server of medplum")}


def test_the_list_of_files_says_of_what_a_file_is_a_part(folder: Path) -> None:
    service = "    env_file: server.env\n    environment: {MEDPLUM_LOG_LEVEL: '${L}'}\n"
    write(folder, compose_dot_yaml=compose(service), server_dot_env="TZ=UTC\n", _dot_env="L=INFO\n", other_dot_env="A=1\n")
    lines = CliRunner().invoke(cli, ["check", "--show-files", "."]).output.splitlines()
    assert [line for line in lines if "part of" in line] == [
        ".env          included: as a part of compose.yaml",
        "server.env    included: as a part of compose.yaml",
    ]
    assert any(line.startswith("other.env     skipped: ") for line in lines)


@pytest.mark.quick_cases(6)
@pytest.mark.parametrize("case", CASES)
def test_an_older_server_gets_the_same_sum_whichever_file_comes_first(case: str, folder: Path) -> None:
    names = copied(case, folder)
    options = Options(Overrides(server=parse_server_version("4.3.5", "the test")), isolated=True)
    outcomes = [lint_paths(order, options) for order in (names, names[::-1])]
    assert [outcome.bugs for outcome in outcomes] == [(), ()]
    one, other = ([(found.document.uri, found.span, found.rule, found.path) for found in outcome.result.findings] for outcome in outcomes)
    assert one == other


# --- The start -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("comment", ["", " # medplum-lint: ignore[ignored-environment] the file holds all of it"])
def test_a_start_is_found_where_its_command_is_written(comment: str, folder: Path) -> None:
    write(
        folder,
        compose_dot_yaml=(
            "services:\n  api:\n    extends: {file: base.yml, service: common}\n    environment: {MEDPLUM_PORT: 8103}\n"
            "  worker:\n    extends: {file: base.yml, service: common}\n    environment: {MEDPLUM_PORT: 8104}\n"
        ),
        base_dot_yml=f"services:\n  common:\n    image: medplum/medplum-server:5.1.4\n    command: file:a.json{comment}\n",
    )
    findings = [one for one in lint_paths(["."], Options()).result.findings if one.rule == "ignored-environment"]
    assert [(one.document.uri, one.document.position(one.span.start).line) for one in findings] == [("base.yml", 4)]
    assert [one.suppressed is not None for one in findings] == [bool(comment)]


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ("", []),
        ("SOURCE=env\n", []),
        ("SOURCE=file:a.json,env\n", []),
        ("SOURCE=file:a.json\n", ["compose.yaml:4 service api"]),
        ("SOURCE=${OTHER}\n", []),
    ],
)
@pytest.mark.parametrize("command", ["${SOURCE:-file:b.json}", "[$SOURCE]"])
def test_a_start_argument_that_dot_env_gives(command: str, variables: str, wanted: list[str], folder: Path) -> None:
    service = f"services:\n  api:\n    image: medplum/medplum-server:5.1.4\n    command: {command}\n    environment: [MEDPLUM_PORT=1]\n"
    write(folder, compose_dot_yaml=service, _dot_env=variables)
    assert about("ignored-environment", "compose.yaml") == wanted
