"""Where a clause of a rule can fail, found without a question to every place that its path leads to.

That is worked out for the clauses that lead to the most places: what the catalogue says of a value (``fits``) is known for the whole
document, what a text must hold to fail is looked for in many texts at once, and most assertions hold of what is not given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from operator import itemgetter

from ..conformance.mismatch import mismatches
from ..formats import FORMATS
from ..model import UNKNOWN, Document, SettingPath
from ..settings.kinds import catalogue_kind
from ..typed import Any, Final
from .guard import can_fail_where_absent
from .node import Link, Node
from .paths import ANY, DEEP, Path, Step, Tag, beneath, expanded

Suspects = Callable[[Document, Mapping[str, Any] | None], Iterator[Node]]
"""The places of a document at which a clause can fail, in the order in which its path leads to them: in all of it, or only within some
settings at the top."""


def suspects_of(path: Path, assertion: Any) -> Suspects | None:
    """What finds the places at which an assertion can fail; None where each that the path leads to has to be asked."""
    if path.start != "root" or path.is_single:
        return None
    if _only_word(assertion) == "fits" and path.fact is None:
        if path.steps == (DEEP,):
            return partial(_misfits_anywhere, assertion["fits"])
        if all(map(_is_found_by_name, path.steps)):
            return partial(_misfits, path.steps, assertion["fits"])
        return None
    places = _everything if path.steps == (DEEP,) else partial(_at_path, path)
    if path.fact == "fallback" and _only_word(assertion) == "format":
        return partial(_references, places)
    look = _look_of(assertion) if path.fact is None and isinstance(assertion, dict) else None
    if look is not None:
        return partial(_suspected, look, places)
    if path.steps == (DEEP,) or path.fact not in (None, "fallback") or can_fail_where_absent(assertion):
        return None
    return path.given


def _only_word(assertion: Any) -> str:
    """The one word that an assertion is made of; empty where it is made of others, or of several."""
    return str(*assertion) if isinstance(assertion, dict) and len(assertion) == 1 else ""


# --- By what the catalogue says -----------------------------------------------------------------------------------------------------------


def _is_found_by_name(step: Step) -> bool:
    """Whether a step of a path is the same in the path of each place that it leads to; digits can be the number of a member."""
    return isinstance(step, Tag) or step is ANY or (isinstance(step, str) and not step.isdecimal())


def _misfits_anywhere(aspect: str, document: Document, within: Mapping[str, Any] | None) -> Iterator[Node]:
    for path, mismatch in mismatches(document).items():
        if mismatch.aspect == aspect and (within is None or path[0] in within):
            yield Node.at(document, path)


def _misfits(steps: tuple[Step, ...], aspect: str, document: Document, within: Mapping[str, Any] | None) -> Iterator[Node]:
    by_length = _by_length(document).get(aspect, {})
    for wanted in expanded(steps, catalogue_kind(document.kind)):
        paths = by_length.get(len(wanted), ())
        named = [position for position, step in enumerate(wanted) if step is not ANY]
        if named and paths:
            names = itemgetter(*named)
            paths = [path for path in paths if names(path) == names(wanted)]
        for path in paths:
            if within is None or path[0] in within:
                yield Node.at(document, path)


_ByLength = Mapping[str, Mapping[int, list[SettingPath]]]


def _by_length(document: Document) -> _ByLength:
    """The places that do not fit, by the aspect and the length of their paths."""

    def make() -> _ByLength:
        found: dict[str, dict[int, list[SettingPath]]] = {}
        for path, mismatch in mismatches(document).items():
            found.setdefault(mismatch.aspect, {}).setdefault(len(path), []).append(path)
        return found

    made: _ByLength = document.cached("mismatches by length", make)
    return made


# --- By what is in a text -----------------------------------------------------------------------------------------------------------------

Look = Callable[[str], bool]
"""Whether a text, or one of several in it, can be one at which a clause fails."""

Places = Callable[[Document, Mapping[str, Any] | None], Iterator[tuple[Link, Any]]]
"""Places of a document, each with its value."""

_AT_ONCE: Final = 16_384
"""Characters of texts that are looked at together."""
_OPEN: Final = "${"
"""How a reference with a default begins."""


def _look_of(assertion: Mapping[str, Any]) -> Look | None:
    """What tells of texts that the assertion can fail at one; None where it can fail at others, or at what is no text."""
    if _only_word(assertion) == "format":
        form = FORMATS[assertion["format"]]
        return form.may_lack if form.sees_placeholders else None
    if list(assertion) != ["if", "then"] or not isinstance(assertion["if"], dict):
        return None
    asked, wanted = assertion["if"], assertion["then"]
    if asked.get("type") != "string" or _only_word(wanted) != "format":
        return None
    sign = asked.get("contains")
    if isinstance(sign, str) and "$" not in sign:
        return lambda texts: sign in texts
    return FORMATS[wanted["format"]].may_lack


def _everything(document: Document, within: Mapping[str, Any] | None) -> Iterator[tuple[Link, Any]]:
    for holder, key, value in beneath(None, document.data if within is None else within):
        yield (holder, key), value


def _at_path(path: Path, document: Document, within: Mapping[str, Any] | None) -> Iterator[tuple[Link, Any]]:
    return ((node.link, node.value) for node in path.given(document, within))


def _references(places: Places, document: Document, within: Mapping[str, Any] | None) -> Iterator[Node]:
    """The places that can have a default: a reference in the text, or one that the source has taken out of it."""
    for link, value in places(document, within):
        if value is UNKNOWN or (isinstance(value, str) and _OPEN in value):
            yield Node(document, link, value)


def _suspected(look: Look, places: Places, document: Document, within: Mapping[str, Any] | None) -> Iterator[Node]:
    """The places of texts at which a look at them together, and then one at each, sees something."""
    for links, texts in _together(places(document, within)):
        if look("\n".join(texts)):
            for link, text in zip(links, texts, strict=True):
                if look(text):
                    yield Node(document, link, text)


def _together(places: Iterator[tuple[Link, Any]]) -> Iterator[tuple[list[Link], list[str]]]:
    """The texts among some values, in their order, several at once: none is much longer than the others."""
    links: list[Link] = []
    texts: list[str] = []
    size = 0
    for link, value in places:
        if not isinstance(value, str):
            continue
        size += len(value) + 1
        if size > _AT_ONCE and texts:
            yield links, texts
            links, texts, size = [], [], len(value) + 1
        links.append(link)
        texts.append(value)
    yield links, texts
