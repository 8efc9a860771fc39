"""What people read about a setting, in Markdown: on its page of the documentation, and in an editor."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby

from ..formats import FORMATS
from ..release import LAST_READ, MAIN, OLDEST, ByRelease, Release
from ..typed import Any, Final
from . import Setting, page_link
from .json_schema import consequences, has_literal_default
from .releases import NEWEST

_READ: Final = {
    "none": "as text",
    "integer": "as an integer",
    "number": "as a number",
    "boolean": "as a boolean",
    "object": "as JSON",
    "csv": "split at commas",
    "secret": "as the id of a secret",
    "unknown": "in a way that is not known",
}
_ORIGIN: Final = {
    "older-version": "From an older version.",
    "docs-typo": "A typo in the documentation.",
    "near-miss": "Often written instead of the right name.",
    "never-read": "No version has ever read it.",
}


def prose(setting: Setting) -> str:
    """What a setting is, and what follows from mistakes in it."""
    sentences = [_ORIGIN.get(setting.origin, ""), setting.meaning, *consequences(setting)]
    return " ".join(text.replace("<", "&lt;").replace("*", "\\*") for text in sentences if text)


def facts(setting: Setting) -> Iterator[str]:
    """Its type, form, default, sources and history, each in a line."""
    if setting.status == "undocumented" and not setting.name.startswith("shards.") and setting.first:
        yield "Not on Medplum's page of settings"
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
    history = [*_span(setting), *_landing(setting), *_readings(setting), *_earlier_defaults(setting)]
    if history:
        yield f"History: {'; '.join(history)}"
    if setting.proved != LAST_READ:
        yield f"Seen in: {setting.proved}"
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
        yield f"Parameter Store: {_READ[setting.ssm_coercion.newest]}"
    if "env" in setting.readable_from and setting.env:
        landed = setting.env_unsettable.newest
        where = f" (sets `{landed}`)" if landed else ""
        yield f"Environment: `{setting.env}`, {_READ[setting.env_coercion.newest]}{where}"


def _span(setting: Setting) -> Iterator[str]:
    """The releases that read a setting; empty if that is all of them, or none."""
    if setting.first == setting.last != MAIN:
        yield f"only in {setting.first}"
    elif setting.last != MAIN:
        yield f"{'from ' + str(setting.first) if setting.first != OLDEST else 'up'} to {setting.last}"
    elif setting.after is not None:
        yield f"{'after' if setting.first == MAIN else 'by'} {min(setting.first, NEWEST)}, not yet in {setting.after}"
    elif setting.first != OLDEST:
        yield _since(setting.first)
    if setting.back_ported is not None:
        line = ".".join(str(number) for number in setting.back_ported[:2])
        yield f"in {line} since {setting.back_ported}"


def _readings(setting: Setting) -> Iterator[str]:
    """Since when the text of a parameter and that of a variable are read as they are, and what came between.

    Of an old name also how it was read at first: of all others the last reading is said by :func:`_sources`.
    """
    began: dict[tuple[Release, str], list[str]] = {}
    for coercion, source, known in (
        (setting.ssm_coercion, "Parameter Store", setting.first),
        (setting.env_coercion, "a variable", max(setting.first, setting.env_unsettable.began)),
    ):
        for release, read in _changes(coercion, setting):
            if release > known or setting.status == "obsolete":
                began.setdefault((release, read), []).append(f"from {source}")
    for read, steps in groupby(sorted(began.items()), lambda step: step[0][1]):
        phrases = [f"{' and '.join(sources)}{'' if release == setting.first else ' ' + _since(release)}" for (release, _), sources in steps]
        yield f"{_READ[read]} {', '.join(phrases)}"


def _landing(setting: Setting) -> Iterator[str]:
    """Since when its variable sets it, or does so no more."""
    before = setting.env_unsettable.at(setting.first)
    for release, landed in _changes(setting.env_unsettable, setting):
        if release > setting.first and setting.status != "obsolete":
            if not landed:
                yield f"its variable sets it {_since(release)}"
            elif not before:
                yield f"its variable sets `{landed}` instead {_since(release)}"
        before = landed


def _earlier_defaults(setting: Setting) -> Iterator[str]:
    if setting.default_history is None or setting.secret:
        return
    steps = []
    for release, default in _changes(setting.default_history, setting):
        is_described = isinstance(default, str) and " " in default
        steps.append(f"{default if is_described else _code(default)}{'' if release == OLDEST else ' ' + _since(release)}")
    yield f"default {', '.join(steps)}"


def _changes(fact: ByRelease[Any], setting: Setting) -> Iterator[tuple[Release, Any]]:
    """The steps of a fact, up to the last release that reads the setting."""
    for text, value in fact.steps.items():
        if Release.of(text) <= setting.last:
            yield Release.of(text), value


def _since(release: Release) -> str:
    return f"after {NEWEST}" if release == MAIN else f"since {release}"


def _code(value: object) -> str:
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"
