"""The site has every page of ``docs/`` once, in order, and its links lead to pages. (CI builds it with ``--strict``.)"""

from __future__ import annotations

import re
import sys
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from support.checkout import ROOT

sys.path.insert(0, str(ROOT / "tools"))

import address  # noqa: E402
import site_pages  # noqa: E402
from site_pages import HOME, ORDER, TOP, barred, linked, navigation, pages, slug  # noqa: E402

DOCS = site_pages.docs()


def test_ci_builds_the_site_strictly_from_the_lock() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert 'locked docs\nNO_MKDOCS_2_WARNING=1 "$work/docs/bin/mkdocs" build --quiet --strict ' in script


def test_nothing_is_fetched_from_elsewhere() -> None:
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert config["theme"]["name"] == "material" and config["theme"]["font"] is False
    assert config["plugins"] == ["search"] and config["extra_css"] == ["site.css"]  # which is in docs/
    assert not {"extra_javascript", "repo_url", "site_url"} & set(config)
    assert "url(" not in (ROOT / "docs" / "site.css").read_text(encoding="utf-8")
    settings = SimpleNamespace(mdx_configs={"toc": {}})
    site_pages.on_config(settings)
    assert not hasattr(settings, "repo_url"), "with it, each page asks GitHub for the stars of the repository"


# Pages


def paths(entry: Any) -> list[str]:
    """The pages of a part of the navigation."""
    if isinstance(entry, str):
        return [entry]
    return [path for value in (entry.values() if isinstance(entry, dict) else entry) for path in paths(value)]


def test_every_page_is_in_the_navigation_once() -> None:
    left = {*DOCS, *TOP.values()} - set(paths(navigation(DOCS)))
    assert left == set(), f"{', '.join(sorted(left))}: add it to ORDER of tools/site_pages.py, where its readers look for it"
    assert sorted(paths(navigation(DOCS))) == sorted([*DOCS, *TOP.values()])


def test_the_tasks_come_in_their_order() -> None:
    assert list(ORDER)[:4] == ["Home", "Get started", "Check", "Fix"] and list(ORDER)[-2:] == ["Reference", "How it works"]
    assert navigation(DOCS)[0] == {"Home": HOME}


def test_the_rules_are_by_category() -> None:
    [reference] = [entry["Reference"] for entry in navigation(DOCS) if "Reference" in entry]
    [rules] = [entry["Every rule"] for entry in reference if isinstance(entry, dict) and "Every rule" in entry]
    assert rules[:3] == ["rules/README.md", "rules/syntax.md", "rules/settings.md"]
    assert len(rules) == len(list((ROOT / "rules").iterdir())) + 1


# Links

WHERE = pages(DOCS)


@pytest.mark.parametrize(
    ("link", "source", "page", "expected"),
    [
        ("check.md", "docs/index.md", HOME, "check.md"),
        ("#inputs", "docs/check.md", "check.md", "#inputs"),
        ("check.md#inputs", "docs/check.md", "check.md", "#inputs"),
        ("exit-codes.md", "docs/pipelines.md", "pipelines.md", "exit-codes.md"),
        ("docs/cli.md#completion", "CONTRIBUTING.md", "contributing.md", "cli.md#completion"),
        ("CONTRIBUTING.md", "SECURITY.md", "security.md", "contributing.md"),
        ("../CONTRIBUTING.md", "docs/index.md", HOME, "contributing.md"),
        ("../README.md", "docs/policies.md", "policies.md", "index.md"),
        ("../configuration.md#choose-rules", "docs/rules/tls.md", "rules/tls.md", "../configuration.md#choose-rules"),
        ("../rules", "docs/policies.md", "policies.md", f"{address.repository()}/tree/main/rules"),
        ("../requirements.txt", "docs/pipelines.md", "pipelines.md", f"{address.repository()}/blob/main/requirements.txt"),
        ("docs/architecture.md", "CONTRIBUTING.md", "contributing.md", "architecture.md"),
        ("no-such-page.md", "docs/index.md", HOME, "no-such-page.md"),  # MkDocs reports it
        ("https://www.medplum.com/", "docs/index.md", HOME, "https://www.medplum.com/"),
    ],
)
def test_a_link(link: str, source: str, page: str, expected: str) -> None:
    assert linked(f"See [it]({link}), `[code](here)` and:\n\n```md\n[x]({link})\n```\n", source, page, WHERE) == (
        f"See [it]({expected}), `[code](here)` and:\n\n```md\n[x]({link})\n```\n"
    )


@pytest.mark.parametrize(
    ("title", "name"),
    [("The server's version", "the-servers-version"), ("What is `x.y`?", "what-is-xy"), ("A & B", "a--b"), ("pre-commit", "pre-commit")],
)
def test_headings_are_named_as_on_github(title: str, name: str) -> None:
    assert slug(title) == name


def test_bars_in_tables() -> None:
    assert barred("| `a \\| <b>` | c |\n`a \\| b`\n") == "| <code>a &#124; &lt;b&gt;</code> | c |\n`a \\| b`\n"


def test_cells_have_the_headings_of_their_columns() -> None:
    table = (
        "<table><tr><th>name</th><th><code>x</code> &amp; y</th></tr>\n<tr><td>a</td><td></td></tr><tr><td>b</td><td>c</td></tr></table>"
    )
    assert re.findall(r'<td data-heading="([^"]*)">(.*?)</td>', site_pages.labelled(table)) == [
        ("name", "a"),
        ("x &amp; y", ""),
        ("name", "b"),
        ("x &amp; y", "c"),
    ]


def test_lists_are_indented_for_both_readers() -> None:
    """Python-Markdown wants four spaces for what belongs to a member of a list, where GitHub takes three."""
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / name for name in TOP)]:
        wrong = re.findall(r"(?:^|\n)( {1,3}```)", path.read_text(encoding="utf-8"))
        assert wrong == [], f"{path.relative_to(ROOT)}: indent blocks of code in lists by four spaces"


def test_a_page_is_known_by_its_path_in_the_repository() -> None:
    assert (WHERE["SECURITY.md"], WHERE["docs/rules/tls.md"], WHERE["README.md"]) == ("security.md", "rules/tls.md", HOME)
