"""The documentation as a site, a hook of MkDocs: pages that are cut from README.md, their order, and links that fit both places.

In the repository the pages link to each other as files, and to the headings of the README. Here each link leads to the page that has the
heading, and one to what is no page (a folder of rules, a schema) to the repository. ``mkdocs build --strict`` fails if one leads nowhere.
"""

from __future__ import annotations

import html
import posixpath
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent))

import address  # noqa: E402

ROOT: Final = Path(__file__).resolve().parent.parent


class Page(NamedTuple):
    """A page that is made of headings of the README."""

    title: str
    headings: tuple[str, ...]


HOME: Final = "index.md"
GUIDE: Final = {
    "guide/sources.md": Page("Sources", ("Inputs",)),
    "guide/options.md": Page("Options", ("Options",)),
    "guide/configuration.md": Page("Configuration", ("Configuration file", "Production and development", "The server's version")),
    "guide/upgrades.md": Page("Upgrades", ("Upgrades",)),
    "guide/outputs.md": Page("Outputs", ("JSON output", "Exit codes")),
    "guide/pipelines.md": Page("Pipelines", ("pre-commit", "GitHub code scanning", "Other pipelines")),
}
"""The pages of the guide, in order. A heading of the README that is on none of them, nor at home, gets a page of its own."""
_AT_HOME: Final = ("Five minutes", "Policies of your own", "What it will not do")
_TOP: Final = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md", "SECURITY.md": "security.md"}
"""Files at the top of the repository, and the pages that they are."""
_REFERENCE: Final = ("cli.md", "settings.md", "policies.md")  # the first of them; others in docs/ follow
_OF_GUIDE: Final = ("recipes.md",)
"""Files in docs/ that stand in the guide, after what the README says."""
_PROJECT: Final = ("changelog.md", "security.md", "contributing.md", "architecture.md")

_FENCED: Final = re.compile(r"(^ *```.*?^ *```$)", re.DOTALL | re.MULTILINE)
_CODE: Final = re.compile(r"`([^`\n]*\\\|[^`\n]*)`")
_LINK: Final = re.compile(r"(\[README(?=\]))?\]\((?!https?://|mailto:)([^)\s#]*)(#[^)\s]*)?\)")


def slug(text: str, separator: str = "-") -> str:
    """The name by which a heading is linked to, as on GitHub."""
    return re.sub(r"[^\w -]", "", text.lower()).replace(" ", separator)


def sections(readme: str) -> dict[str, str]:
    """The text beneath each heading of the second rank, the heading included; what comes before the first is that of an empty one."""
    found: dict[str, str] = {"": ""}
    title = ""
    for part in _FENCED.split(readme):
        for index, text in enumerate([part] if part.lstrip().startswith("```") else re.split(r"^(?=## )", part, flags=re.MULTILINE)):
            if index or (text.startswith("## ") and not part.lstrip().startswith("```")):
                title = text.partition("\n")[0].removeprefix("## ")
                found[title] = ""
            found[title] += text
    return found


def guide(readme: str) -> dict[str, Page]:
    """The pages that the README is cut into, home aside: those of ``GUIDE``, and one for each heading that is on none of them."""
    there = [title for title in sections(readme) if title]
    placed = {title for page in GUIDE.values() for title in page.headings} | set(_AT_HOME)
    pages = {path: page._replace(headings=tuple(title for title in page.headings if title in there)) for path, page in GUIDE.items()}
    pages.update({f"guide/{slug(title)}.md": Page(title, (title,)) for title in there if title not in placed})
    return {path: page for path, page in pages.items() if page.headings}


def cut(readme: str) -> dict[str, str]:
    """The text of each page that is made of the README."""
    texts = sections(readme)
    pages = {HOME: "".join([texts[""], *(texts[title] for title in _AT_HOME if title in texts)])}
    for path, page in guide(readme).items():
        first = page.headings[0]
        if len(page.headings) == 1:
            pages[path] = f"# {page.title}\n{texts[first].partition(chr(10))[2]}"
        else:
            pages[path] = f"# {page.title}\n\n" + "".join(texts[title] for title in page.headings)
    return pages


def barred(text: str) -> str:
    """A text whose tables keep a bar in code marks, which Python-Markdown would show with the backslash before it."""

    def code(match: re.Match[str]) -> str:
        return f"<code>{html.escape(match[1].replace(chr(92) + '|', '|')).replace('|', '&#124;')}</code>"

    return "\n".join(_CODE.sub(code, line) if line.startswith("|") else line for line in text.split("\n"))


class Map(NamedTuple):
    """Where things are on the site: ``pages`` by their path in the repository, ``headings`` of the README by name."""

    pages: Mapping[str, str]
    headings: Mapping[str, str]


def site_map(readme: str, docs: Iterable[str]) -> Map:
    """The map of a site of these files in ``docs/``."""
    headings = {}
    for path, text in cut(readme).items():
        plain = "".join(part for part in _FENCED.split(text) if not part.lstrip().startswith("```"))
        headings.update({slug(title.replace("`", "")): path for title in re.findall(r"^#{1,6} (.*)$", plain, re.MULTILINE)})
    for path, page in guide(readme).items():
        headings.update({slug(title): path for title in page.headings})
    return Map({**{f"docs/{name}": name for name in docs}, **_TOP}, headings)


def linked(text: str, source: str, page: str, where: Map) -> str:
    """A text of the file ``source`` whose links fit the page that it is shown on."""

    def fitting(match: re.Match[str]) -> str:
        target = _fitting(match[2], (match[3] or "").removeprefix("#"), source, page, where)
        return f"{'[guide' if match[1] else ''}]({target})"  # here nobody sees a README

    return "".join(part if part.lstrip().startswith("```") else _LINK.sub(fitting, part) for part in _FENCED.split(text))


def _fitting(path: str, heading: str, source: str, page: str, where: Map) -> str:
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), path)) if path else source
    if target == "README.md":
        there = where.headings.get(heading, HOME)
        heading = "" if there in GUIDE and [slug(title) for title in GUIDE[there].headings] == [heading] else heading
    elif target in where.pages:
        there = where.pages[target]
    elif not (ROOT / target).exists():
        return path  # which MkDocs reports
    else:
        kind = "tree" if (ROOT / target).is_dir() else "blob"
        return f"{address.repository()}/{kind}/main/{target}{'#' * bool(heading)}{heading}"
    shown = "" if there == page and heading else posixpath.relpath(there, posixpath.dirname(page) or ".")
    return f"{shown}{'#' * bool(heading)}{heading}"


def navigation(readme: str, docs: Iterable[str]) -> list[dict[str, Any]]:
    """The pages in their order: home, guide, rules by category, reference, project."""
    docs = sorted(docs)
    rules = [name for name in docs if name.startswith("rules/") and name != "rules/README.md"]
    index = (ROOT / "docs" / "rules" / "README.md").read_text(encoding="utf-8")
    rules.sort(key=lambda name: (index.find(f"]({name.removeprefix('rules/')})"), name))
    known = {*_REFERENCE, *_OF_GUIDE, *_PROJECT, *rules, "rules/README.md"}
    more = [name for name in docs if name not in known]
    return [
        {"Home": HOME},
        {"Guide": [*({page.title: path} for path, page in guide(readme).items()), *(name for name in _OF_GUIDE if name in docs)]},
        {"Rules": ["rules/README.md", *rules]},
        {"Reference": [*(name for name in _REFERENCE if name in docs), *more]},
        {"Project": [name for name in _PROJECT if name in docs or name in _TOP.values()]},
    ]


# --- What MkDocs calls --------------------------------------------------------------------------------------------------------------


def _readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def _docs() -> list[str]:
    docs = ROOT / "docs"
    return sorted(path.relative_to(docs).as_posix() for path in docs.rglob("*.md"))


def on_config(config: Any) -> Any:
    """Set what follows from setup.cfg and from the files that are there."""
    config.site_url = address.site()
    config.repo_url, config.repo_name = address.repository(), address.repository().partition("github.com/")[2]
    config.nav = navigation(_readme(), _docs())
    config.mdx_configs["toc"]["slugify"] = slug
    return config


def on_files(files: Any, *, config: Any) -> Any:
    """Add the pages that are in no file of ``docs/``."""
    from mkdocs.structure.files import File

    made = {**cut(_readme()), **{page: (ROOT / name).read_text(encoding="utf-8") for name, page in _TOP.items()}}
    for path, text in made.items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Any) -> str:
    """Make the links of a page fit."""
    path = page.file.src_uri
    source = next(
        (name for name, shown in _TOP.items() if shown == path), f"docs/{path}" if (ROOT / "docs" / path).is_file() else "README.md"
    )
    return barred(linked(markdown, source, path, site_map(_readme(), _docs())))
