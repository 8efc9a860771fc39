"""The site has all that the README and ``docs/`` say, each page once, and its links lead to pages. (CI builds it with ``--strict``.)"""

from __future__ import annotations

import re
import sys
from typing import Any

import pytest
import yaml
from support.checkout import ROOT

sys.path.insert(0, str(ROOT / "tools"))

import address  # noqa: E402
import site_pages  # noqa: E402
from site_pages import GUIDE, HOME, Map, barred, cut, guide, linked, navigation, sections, site_map, slug  # noqa: E402

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = site_pages._docs()


def test_ci_builds_the_site_strictly_from_the_lock() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert 'locked docs\nNO_MKDOCS_2_WARNING=1 "$work/docs/bin/mkdocs" build --quiet --strict ' in script


def test_nothing_is_fetched_from_elsewhere() -> None:
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert config["theme"]["name"] == "material" and config["theme"]["font"] is False
    assert config["plugins"] == ["search"] and not {"extra_javascript", "extra_css", "repo_url", "site_url"} & set(config)


# Pages


def test_all_of_the_readme_is_there_once() -> None:
    shown = "".join(cut(README).values())
    for title, text in sections(README).items():
        body = text.partition("\n")[2] if title else text
        assert shown.count(body) == 1, f'README.md: "{title}" is not on one page of the site'
    assert "".join(sections(README).values()) == README


def test_every_heading_that_the_guide_names_is_there() -> None:
    named = {*site_pages._AT_HOME, *(title for page in GUIDE.values() for title in page.headings)}
    assert named - set(sections(README)) == set(), "README.md has no such heading: write what it is called now in tools/site_pages.py"


def test_a_new_heading_gets_a_page() -> None:
    readme = f"{README}\n## Azure & Jenkins\n\nSee [above](#inputs).\n"
    assert guide(readme)["guide/azure--jenkins.md"].headings == ("Azure & Jenkins",)
    assert cut(readme)["guide/azure--jenkins.md"] == "# Azure & Jenkins\n\nSee [above](#inputs).\n"


def test_a_heading_in_a_block_of_code_is_none() -> None:
    assert list(sections("# A\n\n```sh\n## no heading\n```\n\n## B\n\ntext\n")) == ["", "B"]


def test_every_page_is_in_the_navigation_once() -> None:
    def paths(entry: Any) -> list[str]:
        if isinstance(entry, str):
            return [entry]
        return [path for value in (entry.values() if isinstance(entry, dict) else entry) for path in paths(value)]

    found = paths(navigation(README, DOCS))
    assert sorted(found) == sorted([HOME, *GUIDE, *DOCS, *site_pages._TOP.values()])


def test_the_rules_are_by_category() -> None:
    [rules] = [entry["Rules"] for entry in navigation(README, DOCS) if "Rules" in entry]
    assert (
        rules[:3] == ["rules/README.md", "rules/syntax.md", "rules/settings.md"] and len(rules) == len(list((ROOT / "rules").iterdir())) + 1
    )


def test_a_new_page_is_in_the_reference() -> None:
    assert {"Reference": ["cli.md", "settings.md", "policies.md", "cookbook.md", "server-differences.md"]} in navigation(
        README,
        [
            *(name for name in DOCS if name.startswith("rules/")),
            "settings.md",
            "policies.md",
            "cli.md",
            "server-differences.md",
            "cookbook.md",
        ],
    )


# Links

WHERE = site_map(README, DOCS)


@pytest.mark.parametrize(
    ("link", "source", "page", "expected"),
    [
        ("#inputs", "README.md", HOME, "guide/sources.md"),
        ("#five-minutes", "README.md", HOME, "#five-minutes"),
        ("#exit-codes", "README.md", "guide/pipelines.md", "outputs.md#exit-codes"),
        ("#fixing", "README.md", "guide/configuration.md", "#fixing"),
        ("docs/rules/README.md", "README.md", "guide/options.md", "../rules/README.md"),
        ("docs/cli.md#completion", "README.md", HOME, "cli.md#completion"),
        ("CONTRIBUTING.md", "README.md", HOME, "contributing.md"),
        ("../README.md", "docs/policies.md", "policies.md", "index.md"),
        ("../README.md#pull-requests-and-secrets", "docs/policies.md", "policies.md", "guide/configuration.md#pull-requests-and-secrets"),
        ("../../README.md#choosing-rules", "docs/rules/tls.md", "rules/tls.md", "../guide/configuration.md#choosing-rules"),
        ("../policies.md", "docs/rules/README.md", "rules/README.md", "../policies.md"),
        ("#tags", "docs/policies.md", "policies.md", "#tags"),
        ("../rules", "docs/policies.md", "policies.md", f"{address.repository()}/tree/main/rules"),
        ("requirements.txt", "README.md", "guide/pipelines.md", f"{address.repository()}/blob/main/requirements.txt"),
        ("docs/architecture.md", "CONTRIBUTING.md", "contributing.md", "architecture.md"),
        ("docs/no-such-page.md", "README.md", HOME, "docs/no-such-page.md"),  # MkDocs reports it
        ("https://www.medplum.com/", "README.md", HOME, "https://www.medplum.com/"),
    ],
)
def test_a_link(link: str, source: str, page: str, expected: str) -> None:
    assert linked(f"See [it]({link}), `[code](here)` and:\n\n```md\n[x]({link})\n```\n", source, page, WHERE) == (
        f"See [it]({expected}), `[code](here)` and:\n\n```md\n[x]({link})\n```\n"
    )


def test_the_readme_is_called_the_guide() -> None:
    assert (
        linked("see the [README](../../README.md#inputs).", "docs/rules/tls.md", "rules/tls.md", WHERE)
        == "see the [guide](../guide/sources.md)."
    )


def test_no_link_leads_to_a_heading_that_is_nowhere() -> None:
    """Links to headings of the README, from it and from all other pages."""
    known = set(WHERE.headings)
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / name for name in site_pages._TOP)]:
        plain = re.sub(r"^ *```.*?^ *```$|`[^`\n]*`", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
        own = r"\]\(#([^)]+)\)" if path.name == "README.md" and path.parent == ROOT else r"\]\((?:\.\./)*README\.md#([^)]+)\)"
        if path.parent.name != "rules" or path.name != "README.md":
            assert set(re.findall(own, plain)) <= known, path


@pytest.mark.parametrize(
    ("title", "name"),
    [("The server's version", "the-servers-version"), ("What is `x.y`?", "what-is-xy"), ("A & B", "a--b"), ("pre-commit", "pre-commit")],
)
def test_headings_are_named_as_on_github(title: str, name: str) -> None:
    assert slug(title) == name


def test_bars_in_tables() -> None:
    assert barred("| `a \\| <b>` | c |\n`a \\| b`\n") == "| <code>a &#124; &lt;b&gt;</code> | c |\n`a \\| b`\n"


def test_lists_are_indented_as_both_readers_take_them() -> None:
    """Python-Markdown wants four spaces for what belongs to a member of a list, where GitHub takes three."""
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / name for name in site_pages._TOP)]:
        wrong = re.findall(r"(?:^|\n)( {1,3}```)", path.read_text(encoding="utf-8"))
        assert wrong == [], f"{path.relative_to(ROOT)}: indent blocks of code in lists by four spaces"


def test_a_map_is_of_paths_in_the_repository() -> None:
    assert isinstance(WHERE, Map) and WHERE.pages["SECURITY.md"] == "security.md" and WHERE.pages["docs/rules/tls.md"] == "rules/tls.md"
