"""The address of the repository is in one place, ``url`` of setup.cfg, and one edit there fills it in everywhere."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from support.checkout import ROOT, copy_of_repository, needs_git, run

sys.path.insert(0, str(ROOT / "tools"))

import address  # noqa: E402

OTHER = "acme-health"
OURS = ("setup.cfg", "tools/address.py", "tests/test_address.py", "man/medplum-lint.1")
"""The place itself, the files that mention it, and those generated from it (in the manual page a hyphen is written otherwise)."""


def tracked() -> list[Path]:
    needs_git()
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def text_of(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


def names_the_owner(text: str) -> bool:
    return re.search(rf"\b{re.escape(address.owner())}\b", text) is not None


def test_the_place() -> None:
    lines = [line for line in text_of(ROOT / "setup.cfg").splitlines() if names_the_owner(line)]
    assert lines == [f"url = {address.repository()}"]


def test_everything_else_follows_from_it() -> None:
    pages = set(address.pages())
    lost = [
        path.relative_to(ROOT).as_posix()
        for path in tracked()
        if path.relative_to(ROOT).as_posix() not in OURS
        and names_the_owner(text_of(path) if path not in pages else address.without(text_of(path)))
    ]
    assert lost == [], (
        f"{', '.join(lost)}: names {address.owner()} in a way that an edit of url in setup.cfg would not change: write it as an address "
        f"({address.repository()}, uses: {address.owner()}/{address.NAME}@…) in a file of address.pages(), or take it from tools/address.py"
    )


@pytest.mark.parametrize(
    "text",
    [
        "repo: https://github.com/{}/medplum-lint # here",
        "git@github.com:{}/medplum-lint.git",
        "- uses: {}/medplum-lint@0000000000000000000000000000000000000000 # v0.1.0",
        "uses: '{}/medplum-lint/sub@v1'",
        "https://raw.githubusercontent.com/{}/medplum-lint/main/schemas/x.json",
        "gh attestation verify FILE --repo '{}/medplum-lint'",
        "image: ghcr.io/{}/medplum-lint:0.1.0",
        "https://{}.github.io/medplum-lint/rules/",
    ],
)
def test_what_is_filled_in(text: str) -> None:
    known = address.UNKNOWN if address.owner() == address.PLACEHOLDER else address.owner()
    assert address.filled_in(text.format("Some-One")) == address.filled_in(text.format(address.UNKNOWN)) == text.format(known)
    assert not names_the_owner(address.without(text.format(address.owner())))


@pytest.mark.parametrize(
    "text", ["/tmp/medplum-lint", "medplum/medplum-lint-x", "https://github.com/medplum/medplum", "pip install a/medplum-lint"]
)
def test_what_is_not(text: str) -> None:
    assert address.filled_in(text) == text


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://github.com/medplum-lint",
        "https://gitlab.com/a/medplum-lint",
        "https://github.com/a/medplum-lint/",
        "https://github.com/a b/medplum-lint",
    ],
)
def test_an_invalid_address(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "setup.cfg").write_text(f"[metadata]\nurl = {url}\n")
    monkeypatch.setattr(address, "ROOT", tmp_path)
    with pytest.raises(ValueError, match="setup.cfg: url is .* write the address of the repository, https://github.com/OWNER/medplum-lint"):
        address.owner.__wrapped__()


def test_the_placeholder_is_not_copied() -> None:
    """GitHub has a user of its name, whose repository a recipe would run. A shell would take what stands for it for redirections."""
    for path in tracked():
        text = text_of(path)
        if path.relative_to(ROOT).as_posix() not in (*OURS, "tests/test_workflows.py"):
            assert not re.search(rf"\b{address.PLACEHOLDER}\b", text), path
        if path.suffix in (".md", ".yml", "") and address.UNKNOWN in text:
            assert not re.search(rf"^\s*(- )?(git|docker|gh|pip)\b[^'\n]*{address.UNKNOWN}", text, re.MULTILINE), path


@pytest.mark.slow
def test_one_edit_fills_it_in(tmp_path: Path) -> None:
    """In a copy: the line of setup.cfg, then ``tools/generate.py``, and nothing names the owner of before."""
    copy = copy_of_repository(tmp_path / "copy")
    config = text_of(copy / "setup.cfg")
    (copy / "setup.cfg").write_text(config.replace(f"url = {address.repository()}\n", f"url = https://github.com/{OTHER}/medplum-lint\n"))
    wrote = run(sys.executable, copy / "tools" / "generate.py", cwd=copy).stdout.split("\n")
    assert {"wrote README.md", "wrote man/medplum-lint.1"} <= set(wrote)
    assert run(sys.executable, copy / "tools" / "generate.py", "--check", cwd=copy).stdout == ""
    left = [
        path.relative_to(copy).as_posix()
        for path in copy.rglob("*")
        if path.is_file() and path.suffix != ".pyc" and (names_the_owner(text_of(path)) or address.UNKNOWN in text_of(path))
    ]
    assert sorted(left) == [name for name in sorted(OURS) if name.endswith(".py") and names_the_owner(text_of(ROOT / name))]
    assert f"{OTHER}.github.io/medplum-lint/" in text_of(copy / "man" / "medplum-lint.1").replace("\\-", "-")
    assert f"- uses: {OTHER}/medplum-lint@" in text_of(copy / "README.md")
