"""``server/azure``: the secret in Azure Key Vault that ``azure:VAULT:SECRET`` names: one flat JSON object of dotted names and texts.

The loader sets each entry like the one for Parameter Store (``packages/server/src/cloud/azure/config.ts``). A file counts as such a secret
only if it has no object of settings, as a JSON config file has, and if more names are dotted and more numbers and switches are texts than
there are values of other types; ``--kind server/azure`` forces it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .. import settings
from ..documents.entries import EntriesOrigin
from ..documents.lines import Lines
from ..documents.origin import first_character, public_at
from ..documents.problems import object_problems, problems_beside
from ..documents.recognise import server_settings
from ..documents.source import Confidence, Loaded, Problem, Recognised, SourceFile
from ..model import UNKNOWN, Document, Fact, Part, SettingPath, sentence
from ..release import Release
from ..server.loader import build_tree, dotted_path, ssm_value
from ..syntax.places import Json, Places
from ..text import Span, lookup, printable
from ..typed import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from ..redaction.values import Public, Visibility

KINDS = ("server/azure",)
NAMES = ("*vault*.json", "*medplum*.json", "*azure*.json")
FLAT = True

_CONSEQUENCE = sentence("the server reads the secret with JSON.parse, fails at this and does not start", stops=True)
_READS_FALSE: Final = " reads everything except the text true as false"
_NOT_AN_OBJECT: Final = sentence(
    "the secret must be a JSON object of names and texts", "the server finds no baseUrl in it and does not start", by="; ", stops=True
)
_FEWEST: Final = 3
"""The minimum number of settings in a file without dotted names."""


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file is a flat map unlike any JSON config file; a value in it that is not a text is a mistake in the map."""
    value = file.json.value
    if not isinstance(value, dict) or any(isinstance(one, dict) for one in value.values()):
        return None
    known = settings.catalogue()
    dotted = sum("." in name and known.get(dotted_path(name)) is not None for name in value)
    if not dotted and not ("baseUrl" in value and len(server_settings(value)) >= _FEWEST):
        return None
    as_text = sum(_stands_for_another(name, one) for name, one in value.items())
    others = sum(not isinstance(one, str) for one in value.values())
    return Recognised("server/azure", Confidence.LIKELY) if dotted + as_text > others else None


def _stands_for_another(name: str, text: Any) -> bool:
    """Whether a text is a number or switch, which only a loader that converts texts accepts."""
    setting = settings.catalogue().get((name,))
    if not isinstance(text, str) or setting is None or setting.types[:1] == ("string",):
        return False
    return text in ("true", "false") if "boolean" in setting.types else text.isdecimal()


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """The one document of the file, with what is wrong with its text."""
    parsed, known = file.json, settings.catalogue()
    entries, problems, checkable = object_problems(parsed, _CONSEQUENCE, _NOT_AN_OBJECT, file)
    of_path = {dotted_path(name): _VaultEntry(name, value, parsed.places) for name, value in entries.items()}
    wrong = list(_not_text(of_path.values(), file.release))
    lost = {problem.path for problem in wrong}
    texts = {path: one.value for path, one in of_path.items()}
    values = ((path, ssm_value(one, known.get(path), file.release) if isinstance(one, str) else one) for path, one in texts.items())
    tree = build_tree((path, UNKNOWN if path in lost else value) for path, value in values)
    document = Document(file.uri, kind, file.text, tree, _origin(file, parsed, of_path), given=tuple(texts.items()))
    wrong += problems_beside(of_path, lambda _, one: (one.value, printable(one.name), one.span("key")), "ssm_coercion", file.release)
    return [Loaded(document, (*problems, *wrong), checkable, places=frozenset({(file.uri, file.part)}))]


def _not_text(entries: Iterable[_VaultEntry], release: Release) -> Iterator[Problem]:
    """Values that are not texts, although the loader expects them."""
    for entry in entries:
        if isinstance(entry.value, str):
            continue
        from ..server.loader import Stop, coercion_of, converted  # only for a value that is not a text

        path = dotted_path(entry.name)
        coercion = coercion_of(path, "ssm_coercion", release)
        effect = _READS_FALSE if coercion == "boolean" and entry.value is True else ""
        if isinstance(converted(entry.value, coercion), Stop):
            effect = ", which splits it at commas, does not start" if coercion == "csv" else ", which parses it as JSON, does not start"
        if effect:
            what = f"{printable(entry.name)} is not text, and the server{effect}"
            stops = effect != _READS_FALSE
            message = sentence(what, remedy="put it in quotes", stops=stops)
            yield Problem("key-vault-value-not-text" if stops else "key-vault-switch-not-text", message, entry.span("value"), path)


class _VaultEntry(NamedTuple):
    """An entry of the secret."""

    name: str
    value: Any
    places: Places
    text: str | None = None
    """Nothing: a finding in the JSON of an entry is shown at the whole of its value."""

    def span(self, part: Part) -> Span:
        """See :meth:`linter.documents.entries.Entry.span`."""
        place = self.places.find((self.name,))
        return Span(0, 0) if place is None else place.span(part)

    @property
    def has_object(self) -> bool:
        """Whether it contains an object: nothing tells what the values of that are."""
        return any(isinstance(inner, dict) for inner in (self.value if isinstance(self.value, list) else [self.value]))

    def facts(self) -> Mapping[str, Fact]:
        """The ``name`` and its ``raw`` text."""
        return {"name": self.name, "raw": self.value} if isinstance(self.value, str) else {"name": self.name}

    def shown_as(self, path: SettingPath, span: Span) -> Public | None:
        """See :meth:`linter.documents.entries.Entry.shown_as`."""
        return public_at(settings.catalogue(), path)


def _origin(file: SourceFile, parsed: Json, entries: Mapping[SettingPath, _VaultEntry]) -> EntriesOrigin:
    known = settings.catalogue()

    def visibility() -> Visibility:
        from ..redaction.values import Visibility

        return Visibility(
            lambda name: public_at(known, dotted_path(name)),
            lambda name: parsed.whole or known.get(dotted_path(name)) is not None,
            lookup(lambda: [(one.span("value"), "values") for one in entries.values() if one.has_object]),
        )

    return EntriesOrigin(entries, Lines(file.text, visibility), lambda: first_character(parsed.places))
