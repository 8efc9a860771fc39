"""``docs/settings.md``: every setting of the catalogue, from the catalogue."""

from __future__ import annotations

import json
from collections.abc import Iterator

from linter.formats import FORMATS
from linter.settings import KINDS, ByGeneration, Setting, catalogue, page_link
from linter.settings.json_schema import has_literal_default

_INTRODUCTION = """\
# Settings

<!-- Made by tools/generate.py from linter/settings/*.yaml: edit those. -->

What medplum-lint knows about each setting: from Medplum's documentation and, where the two differ, from what the server's code does.
As JSON Schema for editors: [medplum-server-config.schema.json](../schemas/medplum-server-config.schema.json).

The server reads a setting from a JSON config file, from AWS Parameter Store, or from an environment variable. The last two hold only text.
"As an integer" means that the server converts the text to a number; "as text" means that it does not, so a setting of another type does
not work as intended. Where older servers do otherwise, the first release that does so is named.
"""
_TITLES = {
    "server": "Server",
    "infra": "Infrastructure (the configuration of the CDK)",
    "secret/database": "The secret behind DatabaseSecrets",
    "secret/redis": "The secret behind RedisSecrets",
}
_STATUS = {
    "documented": "Documented",
    "undocumented": "Not documented",
    "obsolete": "Names that do nothing",
}
_READ = {
    "none": "as text",
    "integer": "as an integer",
    "boolean": "as a boolean",
    "object": "as JSON",
    "csv": "split at commas",
    "secret": "as the id of a secret",
}
_ORIGIN = {
    "older-version": "From an older version.",
    "docs-typo": "A typo in the documentation.",
    "near-miss": "Often written instead of the right name.",
    "never-read": "No version has ever read it.",
}


def build() -> str:
    """The text of the page."""
    lines = [_INTRODUCTION]
    for kind in KINDS:
        lines += [f"## {_TITLES[kind]}", ""]
        settings = _settings(kind)
        for status, title in _STATUS.items():
            found = [setting for setting in settings if setting.status == status]
            if not found:
                continue
            if len({setting.status for setting in settings}) > 1:
                lines += [f"### {title}", ""]
            for setting in found:
                lines += [*_section(setting), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _settings(kind: str) -> list[Setting]:
    known = catalogue(kind)
    found = (known.get(tuple(name.split("."))) for name in known.names())
    return [setting for setting in found if setting is not None]


def _section(setting: Setting) -> Iterator[str]:
    """A heading, what it is, and a list of facts."""
    yield from (f"#### `{setting.name}`", "", _prose(setting))
    facts = [f"- {fact}" for fact in _facts(setting)]
    yield from ["", *facts] if facts else ()


def _prose(setting: Setting) -> str:
    sentences = [_ORIGIN.get(setting.origin, ""), setting.meaning, setting.consequence]
    return " ".join(text.replace("<", "&lt;").replace("*", "\\*") for text in sentences if text)


def _facts(setting: Setting) -> Iterator[str]:
    if setting.deprecated or setting.removed:
        yield f"**{'Deprecated' if setting.deprecated else 'Ignored by current servers'}**"
    if setting.use:
        yield f"Use: `{setting.use}`"
    if setting.types:
        yield f"Type: {' or '.join(setting.types)}{_range(setting)}"
    if setting.format:
        yield f"Form: {FORMATS[setting.format].describes}"
    if setting.enum:
        yield f"One of: {', '.join(_code(value) for value in setting.enum)}{' (in any case)' if setting.ignore_case else ''}"
    if setting.required:
        yield "Required"
    if setting.secret:
        yield "Secret: its value is never shown"
    yield from _defaults(setting)
    yield from _sources(setting)
    if setting.page_differs:
        yield f"Page and code: {setting.page_differs}"
    if setting.link:
        yield f"[Documentation]({page_link(setting)})"


def _range(setting: Setting) -> str:
    limits, advice = (("from", setting.min), ("to", setting.max)), (("from", setting.advised_min), ("to", setting.advised_max))
    bounds = [f" {word} {bound:,}" for word, bound in limits if bound is not None]
    advised = [f", better {word} {bound:,}" for word, bound in advice if bound is not None]
    special = [f", or {value:,}" for value in setting.special]
    unit = [f" ({setting.unit})"] if setting.unit else []
    return "".join([*bounds, *special, *advised, *unit])


def _defaults(setting: Setting) -> Iterator[str]:
    if setting.secret:
        return
    real = setting.real_default
    default = "" if real is None else _code(real) if has_literal_default(setting) else str(real)
    if setting.default and default and setting.default.strip("'") != default.strip("`"):
        yield f"Default: {default}; the page says {_code(setting.default)}"
    elif default or setting.default:
        yield f"Default: {default or _code(setting.default)}"


def _sources(setting: Setting) -> Iterator[str]:
    if not setting.readable_from or setting.status == "obsolete":
        return
    if setting.readable_from == ("json",):
        yield "Only in a JSON file"
        return
    if "json" not in setting.readable_from:
        yield "Not in a JSON file"
    if "ssm" in setting.readable_from and "*" not in setting.name:
        yield f"Parameter Store: {_coerced(setting, setting.ssm_coercion, 'ssm')}"
    if "env" in setting.readable_from and setting.env:
        landed = setting.env_unsettable.newest
        where = f" (sets `{landed}`)" if landed else ""
        if not landed and "variable" in setting.since:
            where = f" (before {setting.since['variable']} it sets nothing)"
        yield f"Environment: `{setting.env}`, {_coerced(setting, setting.env_coercion, 'env')}{where}"


def _coerced(setting: Setting, coercion: ByGeneration, source: str) -> str:
    since = f" since {setting.since[source]}, before as text" if source in setting.since else ""
    return f"{_READ[coercion.newest]}{since}"


def _code(value: object) -> str:
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"
