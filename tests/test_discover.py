"""Which files the paths of the command line stand for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from linter.log import Log
from linter.options.choose import Choices, Configurations
from linter.options.config import Config, Overrides
from linter.run.discover import NameGlobs, Search, what_is_searched_for
from linter.sources import file_names


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with configurations and other things, which is the current one."""
    for name in [
        "medplum.config.json",
        "package.json",
        "a/parameters.json",
        "a/b/my-medplum.json",
        "a/b/readme.md",
        "c/config.json",
        ".hidden/medplum.config.json",
        "node_modules/x/medplum.config.json",
        "odd[1].json",
    ]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    yield tmp_path


def found(*paths: str, excluded: str = "") -> list[str]:
    """The files, those found in a folder in brackets; errors with a mark."""
    config = Config(exclude=(excluded,) if excluded else (), base=Path.cwd())
    files, errors = Search(lambda _path: config).find(paths)
    return [f"({file.path.as_posix()})" if file.searched else file.path.as_posix() for file in files] + [f"! {error}" for error in errors]


def too_large(*paths: str) -> list[tuple[str, bool]]:
    """The names of the files, each with whether it is too large to be read."""
    return [(file.path.name, file.too_large) for file in Search().find(paths)[0]]


@pytest.mark.usefixtures("tree")
class TestPaths:
    def test_a_named_file_is_read_whatever_its_name(self) -> None:
        assert found("package.json", "./a/../package.json", "a/b/readme.md") == ["package.json", "a/b/readme.md"]

    def test_a_folder_is_searched_for_names_of_configurations(self) -> None:
        assert found(".") == ["(medplum.config.json)", "(a/parameters.json)", "(a/b/my-medplum.json)", "(c/config.json)"]
        assert found("a") == ["(a/parameters.json)", "(a/b/my-medplum.json)"]

    def test_a_hidden_folder_is_searched_when_it_is_named(self) -> None:
        assert found(".hidden", "node_modules") == ["(.hidden/medplum.config.json)", "(node_modules/x/medplum.config.json)"]

    def test_the_name_of_the_folder_that_is_searched_counts(self, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tree / "x/ssm/prod/more").mkdir(parents=True)
        for name in ("x/values.json", "x/ssm/values.json", "x/ssm/prod/values.json", "x/ssm/prod/more/values.json"):
            (tree / name).write_text("{}")
        monkeypatch.chdir(tree / "x/ssm")
        assert found(".") == ["(values.json)", "(prod/values.json)"]
        assert found("../ssm") == ["(../ssm/values.json)", "(../ssm/prod/values.json)"]
        assert len(found(str(tree / "x/ssm"))) == 2
        monkeypatch.chdir("prod")
        assert found(".") == ["(values.json)"]

    def test_a_file_that_is_named_and_found_is_taken_as_named(self) -> None:
        assert found("c", "c/config.json") == found("c/config.json", "c") == ["c/config.json"]

    def test_globs(self) -> None:
        assert found("a/*.json") == ["a/parameters.json"]
        assert found("a/**/*.json") == ["a/b/my-medplum.json", "a/parameters.json"]
        assert found("?/config.json") == ["c/config.json"]
        assert found("a/*") == ["a/parameters.json"]

    def test_a_name_with_signs_of_a_glob_is_a_name_first(self) -> None:
        assert found("odd[1].json") == ["odd[1].json"]

    def test_nothing_found(self) -> None:
        assert found("*.yaml", "empty", "nowhere.json", "", "x" * 5000, "a\0b") == [
            "! *.yaml: no file matches this glob",
            f"! empty: no file in this folder has the name of a Medplum configuration: {what_is_searched_for()}",
            "! nowhere.json: no such file or folder",
            "! '': no such file or folder",
            f"! {'x' * 5000}: no such file or folder",
            "! a\0b: no such file or folder",
        ]

    def test_exclude_concerns_folders_and_globs_but_not_files_that_are_named(self) -> None:
        assert found(".", excluded="a") == ["(medplum.config.json)", "(c/config.json)"]
        assert found("c", excluded="c/config.json") == [
            f"! c: no file in this folder has the name of a Medplum configuration: {what_is_searched_for()}"
        ]
        assert found("c/*.json", excluded="c/config.json") == []
        assert found("c/config.json", excluded="c/config.json") == ["c/config.json"]


class TestStrangeThings:
    def test_links_in_a_circle(self, tree: Path) -> None:
        (tree / "c" / "loop").symlink_to(tree, target_is_directory=True)
        (tree / "c" / "medplum-self.json").symlink_to("medplum-self.json")
        (tree / "c" / "medplum-gone.json").symlink_to("nowhere")
        (tree / "c" / "medplum-link.json").symlink_to("config.json")
        assert found("c") == ["(c/config.json)"]
        assert found("c/medplum-link.json", "c") == ["c/medplum-link.json"]
        assert found("c/medplum-gone.json") == ["c/medplum-gone.json"]  # reading it says why not

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
    def test_a_pipe_in_a_folder_is_not_waited_for(self, tree: Path) -> None:
        os.mkfifo(tree / "c" / "medplum-pipe.json")
        assert found("c", "c/*.json") == ["c/config.json"]

    def test_a_folder_with_the_name_of_a_file(self, tree: Path) -> None:
        (tree / "c" / "medplum.json").mkdir()
        assert found("c") == ["(c/config.json)"]
        assert found("c/medplum.json") == [
            f"! c/medplum.json: no file in this folder has the name of a Medplum configuration: {what_is_searched_for()}"
        ]

    def test_a_huge_file_is_read_only_when_it_is_named(self, tree: Path) -> None:
        os.truncate(tree / "c" / "config.json", 65 * 1024 * 1024)
        assert too_large("c", "a/parameters.json") == [("config.json", True), ("parameters.json", False)]
        assert too_large("c/config.json") == [("config.json", False)]

    def test_a_folder_that_cannot_be_read(self, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        scan = os.scandir

        def closed(path: str) -> object:
            if os.path.basename(path) == "b":
                raise PermissionError(13, "Permission denied", path)
            return scan(path)

        monkeypatch.setattr(os, "scandir", closed)
        assert found("a") == ["(a/parameters.json)", "! a/b: cannot be read: permission denied"]


PARTS = "a M x . - _ medplum ssm compose values tfstate Dockerfile .env .json .JSON .yml .template".split()
NAMES = st.lists(st.sampled_from(PARTS)).map("".join)


@given(NAMES)
@example("Dockerfile.prod")
@example("app.tfstate.backup")
def test_a_search_takes_the_names_that_its_globs_fit(name: str) -> None:
    assert NameGlobs(file_names()).fitting(name) == next((glob for glob in file_names() if fnmatch(name, glob)), "")


@pytest.mark.usefixtures("tree")
def test_the_nearest_configuration_counts_however_a_path_is_written(tree: Path) -> None:
    for folder in ("", "a", "a/b"):
        (tree / folder / ".medplum-lint.toml").write_text("")
    log = Log()
    choices = Choices(Overrides(), (), Configurations(), log)
    above = Configurations().of(tree.parent).path
    counts = {
        "x.json": "",
        str(tree / "x.json"): "",
        "a/x.json": "a",
        "./a/../x.json": "a/..",
        "a/b/x.json": "a/b",
        "a": "",
        "a/b": "a",
        "c/x.json": "",
        "a/b/..": "a/b",
    }
    for _ in range(2):  # the second time by what is remembered
        for path, folder in counts.items():
            config = choices.config(Path(path))
            assert config is not None and config.path is not None, path
            assert os.path.abspath(config.path) == os.path.join(os.path.abspath(tree / folder), ".medplum-lint.toml"), path
        of_here = choices.config(Path("."))
        assert of_here is not None and of_here.path == above
    assert not log.errors
