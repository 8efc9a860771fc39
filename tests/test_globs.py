"""Globs: what they fit, and that matching takes linear time, whatever the glob, with RE2 and without."""

from __future__ import annotations

import glob
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linter.options.globs import LONGEST, Globs, files_matching

PIECES = st.sampled_from(
    ["*", "**", "**/", "/", "a", "b", "?", "[ab]", "[!a]", "[a-b]", "[.-a]", ".", "[", "]", "[]a]", "-", "[a-]", "\\", "^", "[^a]"]
)
PATHS = st.text("ab/.]-[\\^", min_size=1, max_size=9).map(lambda text: str(PurePosixPath(text.strip("/") or "a")))


@pytest.fixture(autouse=True, scope="module", params=["with RE2", "without RE2"])
def _matcher(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "with RE2":
            pytest.importorskip("re2")
        else:
            patch.setitem(sys.modules, "re2", None)  # so that importing it fails
        yield


def matches(path: str | PurePosixPath, glob: str) -> bool:
    return bool(Globs([glob]).fitting(str(PurePosixPath(path))))


def as_expression(pattern: str) -> re.Pattern[str]:
    """What a glob of whole paths means, as a regular expression, which takes too long on some but is plain."""

    def member(piece: str) -> str:
        if len(piece) > 2 and piece.startswith("[") and piece.endswith("]"):
            members = piece[1:-1].replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^")
            return f"(?!/)[^{members[1:]}]" if members.startswith("!") else f"(?!/)[{members}]"
        return {"*": "[^/]*", "?": "[^/]"}.get(piece) or re.escape(piece)

    def part(name: str) -> str:
        return "".join(map(member, re.split(r"(\*|\?|\[!?\]?[^\]]*\])", name)))

    *above, last = pattern.split("/")
    return re.compile("".join("(?:.*/)?" if name == "**" else f"{part(name)}/" for name in above) + part(last), re.DOTALL)


@given(st.lists(PIECES, min_size=1, max_size=7).map("".join), PATHS)
def test_a_glob_means_what_its_expression_means(pattern: str, path: str) -> None:
    pattern = f"/{pattern.strip('/')}"  # of whole paths, though it has no slash
    try:
        expected: Any = as_expression(pattern.strip("/"))
    except re.error:
        with pytest.raises(ValueError, match="backwards"):
            Globs([pattern])
        return
    above = [str(one) for one in (PurePosixPath(path), *PurePosixPath(path).parents) if one.name]
    assert bool(Globs([pattern]).fitting(path)) == any(expected.fullmatch(one) for one in above)


CONFIGURED = st.sampled_from(
    ["a", "a/", "/a", "./a", "a/b", "a/**", "**/a", "**/a/**", "**/a/b", "b/a/", "[a", "a[", "/", "", ".", "**", "*a"]
)


@given(st.lists(st.one_of(CONFIGURED, st.lists(PIECES, min_size=1, max_size=4).map("".join)), max_size=6), PATHS)
def test_many_globs_fit_what_each_fits(patterns: list[str], path: str) -> None:
    try:
        expected = tuple(pattern for pattern in patterns if matches(path, pattern))
    except ValueError:
        return
    assert Globs(patterns).fitting(path) == expected


def test_members_of_brackets() -> None:
    assert [char for char in "]a!b" if matches(char, "[!]a]")] == ["!", "b"]
    assert [char for char in "ab-c" if matches(char, "[a-]")] == ["a", "-"]
    assert not matches("b/c", "b[!a]c")
    assert [path for path in ("b.c", "b/c", "b0c", "b1c", "b-c") if matches(path, "b[.-0]c")] == ["b.c", "b0c"]


@pytest.mark.parametrize(
    "pattern",
    [
        "**/**/**/a*b*c*",
        "*a*a*a*a*a*a*a*a*b",
        "**/*a/**/*a/**/*a/**/b",
        "**a**a**a**a**a**b",
        "?*?*?*?*?*b",
        "****************b",
        "[!b]*[!b]*[!b]*b",
    ],
)
@pytest.mark.parametrize("unit", ["a", "a/", "ab/", "abc"])
def test_matching_takes_linear_time(pattern: str, unit: str) -> None:
    """Each name takes as long as its length times that of the glob: 20,000 characters as one name, or as many names."""
    assert Globs([pattern]).fitting((unit * 20_000).rstrip("/") + "x") == (
        () if "b" not in unit else Globs([pattern]).fitting(unit * 20 + "x")
    )


def test_a_path_of_any_depth_is_matched_with_all_folders_above_it() -> None:
    path = PurePosixPath("/".join(["a"] * 100_000))
    assert not matches(path, "**/**/**/a*b*c*")
    assert matches(path, "a/**")
    assert matches(path / "x.json", "*.json")


def test_a_glob_has_an_end() -> None:
    Globs(["a/" + "*" * (LONGEST - 2)])
    with pytest.raises(ValueError, match="at most 1,024 characters"):
        Globs(["a" * (LONGEST + 1)])


# --- Globs of the command line. -----------------------------------------------------------------------------------------------------


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("a/b/x.json", "a/x.json", "b/.h/x.json", ".h/a/x.json", "a/.d.json", "x.json", "a.json/b/y", "a/b/a/b/x.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "a" / "loop").symlink_to("..")
    monkeypatch.chdir(tmp_path)
    return tmp_path


PATTERNS = st.lists(
    st.sampled_from(["*", "**", "**/", "/", "a", "b", "?", "[ab]", "[!a]", ".", "x.json", "*.json", "./", "link/", "../", "**/**/"]),
    min_size=1,
    max_size=6,
).map(lambda pieces: "".join(pieces).lstrip("/"))


@given(PATTERNS.filter(lambda pattern: any(sign in pattern for sign in "*?[")))
def test_a_glob_of_the_command_line_finds_what_a_shell_finds(tree_of_session: Path, pattern: str) -> None:
    before = os.getcwd()
    os.chdir(tree_of_session)
    try:
        expected = {os.path.realpath(name) for name in glob.glob(pattern, recursive=True) if os.path.isfile(name)}
        assert {os.path.realpath(name) for name in files_matching(pattern)} == expected
    finally:
        os.chdir(before)


@pytest.fixture(scope="session")
def tree_of_session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    for name in ("a/b/x.json", "a/x.json", "b/.h/x.json", ".h/a/x.json", "a/.d.json", "x.json", "a.json/b/y", "a/b/a/b/x.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (folder / "link").symlink_to("a")
    return folder


def test_each_folder_is_read_once(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Links that lead round in a circle, and several ``**``, would be read again and again."""
    read: list[str] = []
    scan = os.scandir

    def scandir(folder: str) -> Any:
        read.append(folder)
        return scan(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    found = sorted(files_matching("**/a/**/b/**/*.json"))
    assert found == ["a/b/a/b/x.json", "a/b/x.json"]
    assert len(read) <= 40
