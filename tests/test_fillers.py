"""Whether something of the repository fills in the references of a JSON file, without which the server takes them literally."""

from __future__ import annotations

from pathlib import Path

import pytest

from linter.run import Options, lint_paths

CONFIG = """{
  "baseUrl": "https://api.hospital.example/",
  "port": 8103,
  "_old": {"password": "${OLD_PASSWORD}"},
  "database": {"host": "db", "password": "%s"}
}
"""


def reported(path: Path) -> list[str]:
    """The settings at which placeholders are reported, with the severity."""
    found = lint_paths([str(path)], Options()).result.findings
    return [f"{one.severity} {'.'.join(map(str, one.path or ()))}" for one in found if one.rule == "unfilled-placeholder"]


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("reference", ["${DB_PASSWORD}", "{{ db_password }}", "%DB_PASSWORD%", "$(DB_PASSWORD)", "@@DB_PASSWORD@@"])
def test_a_password_that_nothing_fills_in(tmp_path: Path, reference: str) -> None:
    assert reported(written(tmp_path / "medplum.config.json", CONFIG % reference)) == ["warning database.password"]


@pytest.mark.parametrize(
    "name", ["medplum.config.json.tmpl", "medplum.config.template.json", "medplum.config.json.j2", "medplum.config.json.example"]
)
def test_the_name_of_a_template(tmp_path: Path, name: str) -> None:
    assert reported(written(tmp_path / name, CONFIG % "${DB_PASSWORD}")) == []


FILLERS = [
    ("Dockerfile", 'CMD ["sh", "-c", "envsubst < medplum.config.json > /tmp/c.json && node dist/index.js file:/tmp/c.json"]'),
    ("docker/server.Dockerfile", "RUN sed -i s/@@X@@/x/ deploy/config/medplum.config.json"),
    ("start.sh", "gomplate -f config/medplum.config.json -o /out.json"),
    ("scripts/entrypoint", "consul-template -template medplum.config.json:/out.json"),
    (".github/workflows/deploy.yml", "on: push\njobs: {a: {steps: [{run: envsubst < deploy/config/medplum.config.json > c.json}]}}"),
]


@pytest.mark.parametrize(("name", "text"), FILLERS)
def test_a_program_of_the_repository(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / ".git").mkdir()
    config = written(tmp_path / "deploy" / "config" / "medplum.config.json", CONFIG % "${DB_PASSWORD}")
    written(tmp_path / name, text)
    assert reported(config) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("start.sh", "gomplate -f other.config.json"),  # another file
        ("start.sh", "cp my-medplum.config.json /out.json; envsubst < x"),
        ("start.sh", "node index.js file:medplum.config.json"),  # no such program
        ("start.sh", "echo medplum.config.json used"),
        ("README.md", "envsubst < medplum.config.json"),
        ("../start.sh", "envsubst < medplum.config.json"),  # outside of the repository
    ],
)
def test_what_fills_in_nothing(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    config = written(tmp_path / "repository" / "medplum.config.json", CONFIG % "${DB_PASSWORD}")
    written(tmp_path / "repository" / name, text)
    assert reported(config) == ["warning database.password"]


def test_links_out_of_the_repository_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    config = written(tmp_path / "repository" / "medplum.config.json", CONFIG % "${DB_PASSWORD}")
    written(tmp_path / "secret.sh", "envsubst < medplum.config.json")
    (tmp_path / "repository" / "start.sh").symlink_to(tmp_path / "secret.sh")
    assert reported(config) == ["warning database.password"]
