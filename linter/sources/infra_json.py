"""``infra/json``: the CDK's config, ``medplum.TAG.config.json``, which defines the stack in AWS.

The CDK reads it with ``JSON.parse`` and fetches the external secrets in it (``packages/cdk/src/index.ts``); the CLI reads it too.
"""

from __future__ import annotations

import re

from ..documents.origin import JsonOrigin, editor_of
from ..documents.problems import object_problems
from ..documents.recognise import INFRA, is_infra, is_infra_fragment
from ..documents.source import Confidence, Loaded, Problem, Recognised, Repair, SourceFile
from ..model import PART, Change, Document, dotted, sentence
from ..server.cdk_secrets import Flaw, message, resolved
from ..syntax.places import Json
from ..text import Span, printable

KINDS = ("infra/json",)
NAMES = ("*medplum*.json", "*.config.json", "*infra*.json")
MEMBERS = tuple(INFRA)

_CONSEQUENCE = "the CDK and the CLI read their config with JSON.parse, fail at this, and nothing is deployed"

_NOT_AN_OBJECT = sentence("the configuration must be a JSON object of settings", "the CDK finds no region in it and stops", by="; ")


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file is an infra configuration, by the settings that only those have."""
    value = file.json.value
    is_ours = isinstance(value, dict) and is_infra(value) and not file.only_looks_like_json
    return Recognised("infra/json", Confidence.LIKELY, partial=is_infra_fragment(value)) if is_ours else None


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """The one document of the file, with what is wrong with its text and its external secrets."""
    parsed = file.json
    given, problems, checkable = object_problems(parsed, _CONSEQUENCE, _NOT_AN_OBJECT, file, as_it_is=True)
    data, flaws = resolved(given)
    name, origin = data.get("name"), JsonOrigin(file.text, parsed, "infra")
    environment = name if isinstance(name, str) and re.fullmatch(r"[A-Za-z0-9._-]+", name) else None
    unread = {} if parsed.whole and not parsed.is_bare else PART
    document = Document(file.uri, kind, file.text, data, origin, environment=environment, unread=unread)
    problems += (_problem(flaw, parsed) for flaw in flaws)
    return [Loaded(document, tuple(problems), checkable, editor=editor_of(file, "infra"))]


def _problem(flaw: Flaw, parsed: Json) -> Problem:
    place = parsed.places.find((*flaw.path, flaw.member)) if flaw.member else None
    place = place or parsed.places.find(flaw.path)
    repair = None
    if flaw.rule == "null-in-infra-config" and isinstance(flaw.path[-1], str):
        repair = Repair(f"remove {printable(dotted(flaw.path))}", changes=(Change("remove", flaw.path),))
    return Problem(flaw.rule, message(flaw), place.value if place is not None else Span(0, 1), flaw.path, repair=repair)
