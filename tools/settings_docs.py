"""``docs/settings/``: every setting of the catalogue on the page of its section, with its rules, and an index."""

from __future__ import annotations

from collections.abc import Iterator

from rule_settings import Place, anchor, heading, pages, rules_about_all, rules_of, sections, words_of

from linter.release import LAST_READ
from linter.settings import Setting
from linter.settings.described import facts, prose

_MADE = "<!-- Made by tools/generate.py from linter/settings/*.yaml: edit those. -->"
_INDEX = f"""\
# Settings

{_MADE}

What medplum-lint knows about each setting: from Medplum's documentation and, where the two differ, from what the server's code does.
As JSON Schemas [for editors](../get-started.md#in-your-editor):
[medplum-server-config.schema.json](../../schemas/medplum-server-config.schema.json) and
[medplum-infra-config.schema.json](../../schemas/medplum-infra-config.schema.json).
"""
_READING = f"""\
## How to read them

The server reads a setting from a JSON config file, from AWS Parameter Store, or from an environment variable. The last two hold only text.
"As an integer" means that the server converts the text to a number; "as text" means that it does not, so a setting of another type does
not work as intended. That is what the newest server does. The history says what older ones do differently, from 3.0.0 on: since when
they read the setting, and how they read its text. The history of an infrastructure
setting is that of the CDK, whose releases are numbered like the server's.

The source was read up to {LAST_READ}; later releases are known from pull requests, tests and published types.
"By 5.2.13, not yet in 5.1.38" means that one of the releases in between brought the setting: about these releases, medplum-lint
makes no claim that depends on it. Types, defaults and how texts are read were seen in {LAST_READ}, or in the release that a setting names,
and apply to later ones as far as is known.

The rules of a setting are those about it in particular. These rules check every setting: {{general}}.
"""


def index() -> str:
    """The text of the index: the pages, how to read them, and every name."""
    lines = [_INDEX, "| settings | what they are about |", "| --- | --- |"]
    lines += [f"| [{section.title}]({section.page}.md) | {section.about} |" for section in sections()]
    general = [f"[`{info.id}`](../rules/{info.category}.md#{info.id})" for info in rules_about_all()]
    lines += ["", _READING.replace("{general}", ", ".join(general)), "## All settings", "", "| setting | page |", "| --- | --- |"]
    there = sorted(((place.name, page) for place, page in pages().items()), key=lambda one: (one[0].lower(), one[1]))
    titles = {section.page: section.title for section in sections()}
    lines += [f"| [`{name}`]({page}.md#{anchor(name)}) | {titles[page]} |" for name, page in dict.fromkeys(there)]
    return "\n".join(lines) + "\n"


def page(name: str) -> str:
    """The text of the page of a section."""
    [section] = (one for one in sections() if one.page == name)
    lines = [f"# {section.title}", "", _MADE, "", f"{section.about} [How to read this page](README.md#how-to-read-them).", ""]
    for kind, setting in section.settings:
        lines += [*_section(kind, setting), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _section(kind: str, setting: Setting) -> Iterator[str]:
    """A heading, what it is, and a list of facts."""
    yield from (f"## {heading(setting.name)}", "", prose(setting))
    lines = [f"- {fact}" for fact in (*facts(setting), *_leads(Place(kind, setting.name)))]
    yield from ["", *lines] if lines else ()


def _leads(place: Place) -> Iterator[str]:
    """The rules about a setting, and the words by which people look for it."""
    rules = [f"[`{info.id}`](../rules/{info.category}.md#{info.id})" for info in rules_of(place)]
    if rules:
        yield f"Rules: {', '.join(rules)}"
    words = words_of(place.name) if place.kind in ("server", "infra") else []
    if words:
        yield f"Keywords: {', '.join(words)}"
