"""The documentation as a site, a hook of MkDocs: the pages of ``docs/`` in their order, those at the top, and links that fit both places.

In the repository the pages link to each other as files. On the site a link to another file (a folder of rules, a schema) leads to the
repository, and one to the README to the front page. ``mkdocs build --strict`` fails if one leads nowhere.
"""

from __future__ import annotations

import html
import posixpath
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent))

import address  # noqa: E402

ROOT: Final = Path(__file__).resolve().parent.parent
HOME: Final = "index.md"
TOP: Final = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md", "SECURITY.md": "security.md"}
"""Files at the top of the repository, and the pages that they are."""
ORDER: Final[dict[str, tuple[str, ...]]] = {
    "Home": (HOME,),
    "Get started": ("get-started.md",),
    "Check": ("check.md", "deployments.md", "live.md", "running-server.md", "report.md", "accept.md"),
    "Fix": ("fix.md",),
    "Upgrade": ("upgrade.md",),
    "In your editor": ("editors.md",),
    "Pipelines": ("pipelines.md",),
    "Your own policies": ("your-policies.md", "cookbook.md", "policies.md", "policy-words.md"),
    "For auditors": ("auditors.md", "dependencies.md", "security.md"),
    "Reference": ("options.md", "cli.md", "configuration.md", "json.md", "outputs.md", "exit-codes.md", "python.md", "rules", "settings"),
    "How it works": ("architecture.md", "extending.md", "server-differences.md", "contributing.md", "changelog.md"),
}
"""The pages by task, in the order of the site. A folder stands for its index and its pages, in the order of the links of the index."""
_FOUND_FIRST: Final = ("rules/", "settings/")
_FOUND_LAST: Final = (*TOP.values(), "/README.md", "/names-that-do-nothing.md")
_TITLES: Final = {"rules": "Every rule", "settings": "Every setting"}

_FENCED: Final = re.compile(r"(^ *```.*?^ *```$)", re.DOTALL | re.MULTILINE)
_TABLE: Final = re.compile(r"<table>.*?</table>", re.DOTALL)
_CODE: Final = re.compile(r"`([^`\n]*\\\|[^`\n]*)`")
_LINK: Final = re.compile(r"\]\((?!https?://|mailto:)([^)\s#]*)(#[^)\s]*)?\)")


def slug(text: str, separator: str = "-") -> str:
    """The name by which a heading is linked to, as on GitHub."""
    return re.sub(r"[^\w -]", "", text.lower()).replace(" ", separator)


def barred(text: str) -> str:
    """A text whose tables keep a bar in code marks, which Python-Markdown would show with the backslash before it."""

    def code(match: re.Match[str]) -> str:
        return f"<code>{html.escape(match[1].replace(chr(92) + '|', '|')).replace('|', '&#124;')}</code>"

    return "\n".join(_CODE.sub(code, line) if line.startswith("|") else line for line in text.split("\n"))


def labelled(table: str) -> str:
    """A table in HTML whose cells have the heading of their column as an attribute, for screens that show them one below the other."""
    headings = [re.sub(r"<[^>]*>|\"", "", one) for one in re.findall(r"<th[^>]*>(.*?)</th>", table)]
    rows = re.split(r"(?<=</tr>)", table)
    return "".join(_labelled_row(row, headings) for row in rows)


def _labelled_row(row: str, headings: list[str]) -> str:
    column = iter(headings)
    return re.sub(r"<td", lambda match: f'<td data-heading="{next(column, "")}"', row)


def pages(docs: Iterable[str]) -> dict[str, str]:
    """Where each page is on the site, by its path in the repository."""
    return {**{f"docs/{name}": name for name in docs}, **TOP, "README.md": HOME}


def linked(text: str, source: str, page: str, where: Mapping[str, str]) -> str:
    """A text of the file ``source`` whose links fit the page that it is shown on; ``where`` as of :func:`pages`."""

    def fitting(match: re.Match[str]) -> str:
        return f"]({_fitting(match[1], match[2] or '', source, page, where)})"

    return "".join(part if part.lstrip().startswith("```") else _LINK.sub(fitting, part) for part in _FENCED.split(text))


def _fitting(path: str, heading: str, source: str, page: str, where: Mapping[str, str]) -> str:
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), path)) if path else source
    if target in where:
        there = where[target]
        shown = "" if there == page and heading else posixpath.relpath(there, posixpath.dirname(page) or ".")
        return f"{shown}{heading}"
    if not (ROOT / target).exists():
        return path  # which MkDocs reports
    return f"{address.repository()}/{'tree' if (ROOT / target).is_dir() else 'blob'}/main/{target}{heading}"


def navigation(docs: Iterable[str]) -> list[dict[str, Any]]:
    """The pages in their order; one in ``docs/`` that is nowhere in it is left out, which MkDocs reports."""
    there = {*docs, *TOP.values()}

    def entry(name: str) -> Any:
        return name if name.endswith(".md") else {_TITLES[name]: _of_folder(name, there)}

    return [
        {title: names[0]} if len(names) == 1 and names[0].endswith(".md") else {title: [entry(name) for name in names]}
        for title, names in ORDER.items()
    ]


def _of_folder(folder: str, there: set[str]) -> list[str]:
    index = f"{folder}/README.md"
    text = (ROOT / "docs" / index).read_text(encoding="utf-8")
    found = [name for name in there if name.startswith(f"{folder}/") and name != index]
    return [index, *sorted(found, key=lambda name: (text.find(f"]({name.removeprefix(f'{folder}/')})"), name))]


# --- What MkDocs calls --------------------------------------------------------------------------------------------------------------


def docs() -> list[str]:
    """The pages in ``docs/``, relative to it."""
    folder = ROOT / "docs"
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.md"))


def on_config(config: Any) -> Any:
    """Set what follows from setup.cfg and from the files that are there."""
    config.site_url = address.site()
    config.extra = {
        "social": [{"icon": "fontawesome/brands/github", "link": address.repository(), "name": "The repository"}],
        "generator": False,
    }
    config.nav = navigation(docs())
    config.mdx_configs["toc"]["slugify"] = slug
    return config


def on_files(files: Any, *, config: Any) -> Any:
    """Add the pages that are in no file of ``docs/``."""
    from mkdocs.structure.files import File

    for name, page in TOP.items():
        files.append(File.generated(config, page, content=(ROOT / name).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Any) -> str:
    """Make the links of a page fit, and those pages come first in a search that have rules and settings."""
    path = page.file.src_uri
    if path == HOME:
        page.meta["hide"] = ["navigation"]
    page.meta["search"] = {"boost": 0.3 if path.endswith(_FOUND_LAST) else 2 if path.startswith(_FOUND_FIRST) else 1}
    source = next((name for name, shown in TOP.items() if shown == path), f"docs/{path}")
    return barred(linked(markdown, source, path, pages(docs())))


def on_page_content(text: str, *, page: Any, config: Any, files: Any) -> str:
    """Give each cell of a table its heading, and keep examples out of the search: a word such as https is in nearly all of them."""
    if page.file.src_uri.startswith(_FOUND_FIRST):
        text = text.replace('<div class="language-json', '<div data-search-exclude class="language-json')
    return _TABLE.sub(lambda match: labelled(match[0]), text)
