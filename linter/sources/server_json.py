"""``server/json``: the server's JSON config file, as ``file:PATH`` loads it: ``JSON.parse``, and no coercion of any value."""

from __future__ import annotations

from .. import settings
from ..documents.origin import JsonOrigin, editor_of
from ..documents.problems import broken_off, object_problems
from ..documents.recognise import has_settings, is_medplum_name, recognise_object
from ..documents.source import Confidence, Loaded, Recognised, SourceFile
from ..model import PART, Document, sentence

KINDS = ("server/json",)
NAMES = ("*medplum*.json", "*.config.json", "config.json")

_OF_A_WHOLE = ("baseUrl", "appBaseUrl", "port", "binaryStorage", "database", "redis")
"""Settings of which a whole configuration has some. One without any is a fragment, which overrides parts of another file."""
_CONSEQUENCE = sentence("the server reads its config with JSON.parse, fails at this and does not start", stops=True)

_NOT_AN_OBJECT = sentence(
    "the configuration must be a JSON object of settings", "the server finds no baseUrl in it and does not start", by="; ", stops=True
)


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file is a server's configuration, or another file that uses the same names."""
    parsed = file.json
    if file.only_looks_like_json:
        return None
    recognised = recognise_object(parsed.value, file.name, broken_off(file, parsed)) if isinstance(parsed.value, dict) else None
    if recognised is not None:
        return recognised
    whole = parsed.whole and not parsed.is_bare
    if is_medplum_name(file.name) and not (whole and isinstance(parsed.value, dict)):
        return Recognised("server/json", Confidence.GUESS)  # broken, but with the name of a configuration: never skipped
    if whole or not file.is_meant_as_json or file.looks_like_yaml:
        return None
    is_known = isinstance(parsed.value, dict) and has_settings(parsed.value)
    return Recognised("server/json", Confidence.BROKEN) if is_known or (".json" in file.name and not parsed.is_bare) else None


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """The one document of the file, with what is wrong with its text."""
    parsed = file.json
    data, problems, checkable = object_problems(parsed, _CONSEQUENCE, _NOT_AN_OBJECT, file, as_it_is=True)
    is_whole = any(name in data for name in _OF_A_WHOLE) or not any(settings.catalogue().get((name,)) for name in data)
    unread = {} if is_whole and not parsed.is_bare else PART

    def is_filled() -> bool:
        from ..documents.fillers import is_filled_in  # only for a reference

        return file.around.cached(("filled in", file.uri, file.part), lambda: is_filled_in(file))

    document = Document(file.uri, kind, file.text, data, JsonOrigin(file.text, parsed), unread=unread, is_filled=is_filled)
    return [Loaded(document, tuple(problems), checkable, editor=editor_of(file, "server"), places=frozenset({(file.uri, file.part)}))]
