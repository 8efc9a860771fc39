"""What a round of fixes made: whether every document reads as meant, and which findings are new."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from ..conformance.spellings import holder
from ..formats.connections import parts_of
from ..model import LEVELS, UNKNOWN, Change, Document, Finding, SettingPath, gathered, is_same, prefixes, value_at
from ..policy.make_fix import apply_change, members_first
from ..run import Outcome
from ..server.loader import loaded_value
from ..server.shown import catalogue_of
from ..settings.kinds import DOCUMENT_KINDS
from ..text import Span
from ..typed import Any, NamedTuple, TypeVar

T_Found = TypeVar("T_Found", bound="Document | Finding")
Check = Callable[[Mapping[str, bytes]], Outcome]
"""A check of all files, some of them with other contents, by their paths in the report."""
Identity = tuple[str, str, "str | None"]
"""What identifies a document while its text changes: file, kind, environment."""
Pair = tuple[Document, "Document | None"]
"""A document, and the result of a round; None if it has no setting left."""


class Key(NamedTuple):
    """What identifies a finding while its place in the text changes."""

    rule: str
    uri: str
    environment: str | None
    path: SettingPath | None


class Place(NamedTuple):
    """One of the places that a finding is about."""

    finding: Finding
    document: Document
    span: Span
    key: Key


def is_in(path: SettingPath, others: Collection[SettingPath]) -> bool:
    """Whether a setting is one of others, or is inside of one."""
    return bool(others) and any(one in others for one in prefixes(path))


def by_file(found: Iterable[T_Found]) -> dict[str, list[T_Found]]:
    """Documents or findings by the file that they are in."""
    return gathered((one.uri if isinstance(one, Document) else one.document.uri, one) for one in found)


def identity(document: Document) -> Identity:
    """What identifies a document. An infra config is the only one in its file, and a fix can change its environment."""
    return document.uri, document.kind, _environment(document)


def _environment(document: Document) -> str | None:
    return None if document.kind == "infra/json" else document.environment


def changed_by(changes: Sequence[Change]) -> set[SettingPath]:
    """The settings that changes set or remove."""
    return {path for change in changes for path in change.paths}


# --- Whether documents read as meant --------------------------------------------------------------------------------------------------


def is_as_meant(findings: Sequence[Finding], pairs: Iterable[Pair]) -> bool | None:
    """Whether the documents of a file hold the result of the changes, and nothing else; None if that is not known."""
    changes = gathered((finding.document, change) for finding in findings if finding.fix is not None for change in finding.fix.changes)
    return _all(_holds(new, old, changes.get(old, ())) for old, new in pairs)


def _all(answers: Iterable[bool | None]) -> bool | None:
    """Whether all answers are yes; None if some are not known and none is no."""
    found = set(answers)
    return False if False in found else None if None in found else True


def _holds(new: Document | None, old: Document, changes: Sequence[Change]) -> bool | None:
    """Whether a document holds the result of changes to an old one; in a flat list of names the text of all other entries is the same."""
    changed = changed_by(changes)
    above = {parent for path in changed for parent in prefixes(path[:-1])}

    def untouched(document: Document | None) -> list[tuple[SettingPath, Any]]:
        given = (document.given if document is not None else None) or ()
        return [entry for entry in given if entry[0] not in above and not is_in(entry[0], changed)]

    return _all((_same(_changed(old, changes), new.data if new is not None else {}), untouched(old) == untouched(new)))


def _changed(document: Document, changes: Sequence[Change]) -> dict[str, Any]:
    """The result of changes to the settings of a document."""
    data: dict[str, Any] = copy.deepcopy(document.data) if changes else document.data
    given: Mapping[SettingPath, Any] = dict(document.given or ())
    for change in members_first(changes):
        apply_change(data, change)
        if change.action == "rename":
            _read_again(document, given.get(change.path), change.value, data)
        if document.given is not None and change.action != "set":
            _drop_emptied(given, change.path, data)
    return data


def _read_again(document: Document, text: Any, path: SettingPath, data: dict[str, Any]) -> None:
    """Give a renamed entry of a flat list the value that the loader reads from its text under the new name."""
    coercion, setting = DOCUMENT_KINDS[document.kind].coercion, catalogue_of(document).get(path)
    if isinstance(text, str) and coercion is not None and setting is not None:
        steps = getattr(setting, coercion)
        apply_change(data, Change("set", path, loaded_value(text, setting, steps.at(document.server.release))))


def _drop_emptied(given: Mapping[SettingPath, Any], path: SettingPath, data: dict[str, Any]) -> None:
    """Remove the objects above a removed entry that exist only for it; objects that an entry gives stay."""
    for parent in reversed([*prefixes(path[:-1])]):
        holder = value_at(data, parent[:-1])
        if is_in(parent, given) or holder[parent[-1]] != {}:
            return
        del holder[parent[-1]]


def _same(wanted: Any, found: Any) -> bool | None:
    """Whether two trees are the same; None if a value is known in one of them only. NaN equals itself."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return wanted.keys() == found.keys() and _all(_same(value, found[name]) for name, value in wanted.items())
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and _all(map(_same, wanted, found))
    if wanted is UNKNOWN or found is UNKNOWN:
        return True if wanted is found else None
    if wanted != wanted:  # a text that the loader reads no number in
        return bool(found != found)
    return wanted is found or is_same(wanted, found)


# --- New findings ---------------------------------------------------------------------------------------------------------------------


def key_of(finding: Finding) -> Key:
    """The key of the first place of a finding."""
    return Key(finding.rule, finding.document.uri, _environment(finding.document), finding.path)


def _places(finding: Finding) -> Iterator[Place]:
    """All places that a finding is about: it would move to the next one if the first was fixed."""
    yield Place(finding, finding.document, finding.span, key_of(finding))
    for document, path, span, _ in finding.related:
        yield Place(finding, document, span, Key(finding.rule, document.uri, _environment(document), path or None))


def keys_of(finding: Finding) -> Iterator[Key]:
    """The keys of all places that a finding is about."""
    return (place.key for place in _places(finding))


def own_places(finding: Finding) -> Iterator[Place]:
    """The places in the finding's own document: a finding about several settings there counts as many."""
    return (place for place in _places(finding) if place.document is finding.document)


def new_places(before: Outcome, after: Outcome) -> Iterator[Place]:
    """The places with findings that were not there before."""
    known = Counter(key for finding in before.result.findings for key in keys_of(finding))
    for finding in after.result.findings:
        for place in own_places(finding) if finding.suppressed is None else ():
            known[place.key] -= 1
            if known[place.key] < 0:
                yield place


def is_as_severe(new: Finding, made: Iterable[Finding]) -> bool:
    """Whether a new finding is as severe as the least severe of those that are fixed."""
    return LEVELS.index(new.severity) <= max(LEVELS.index(finding.severity) for finding in made)


def configured_together(*outcomes: Outcome) -> dict[str, set[str]]:
    """For each file the files that configure a server together with it; no entry for a file that does so alone."""
    groups: dict[str, set[str]] = {}
    for outcome in outcomes:
        sums = (one.parts.documents for one in outcome.sums if one.parts is not None)
        for documents in (*sums, *(deployment.documents for deployment in outcome.result.deployments)):
            files = {document.uri for document in documents}
            group = files.union(*(groups.get(uri, ()) for uri in files))
            groups.update(dict.fromkeys(group, group))
    return groups


def uncovered_by(fixed: Iterable[Finding], before: Outcome, after: Outcome, uncovered: set[Key]) -> None:
    """Add to ``uncovered`` the findings about old values that a round of fixes only brings to light; discard those that it causes.

    A value that a fix moves, by a rename, out of a URL or out of a text in JSON, was in the file already: a finding at its new place, such
    as that it is a secret in plain text, was true before. And a fix that turns a partial configuration into a whole one brings all
    requirements of a whole; of these only findings about the settings that it changed are caused by it.
    """
    moved: dict[Identity, set[SettingPath]] = {}
    changed: dict[Identity, set[SettingPath]] = {}
    for finding in fixed:
        changes = finding.fix.changes if finding.fix is not None else ()
        moved.setdefault(identity(finding.document), set()).update(_moved_by(finding.document, changes))
        changed.setdefault(identity(finding.document), set()).update(changed_by(changes))
    whole = _made_whole(before, after)
    known = {key for finding in before.result.findings for key in keys_of(finding)}
    for place in (place for finding in after.result.findings for place in own_places(finding) if place.key not in known):
        document, path = identity(place.finding.document), place.key.path
        parts = whole.get(document, ())
        is_of_whole = parts and path is not None and not any(is_in(path, changed.get(part, ())) for part in parts)
        if is_of_whole or (path is not None and is_in(path, moved.get(document, ()))):
            uncovered.add(place.key)
        else:
            uncovered.discard(place.key)


def _made_whole(before: Outcome, after: Outcome) -> dict[Identity, Sequence[Identity]]:
    """The documents that a round turns into a whole configuration, or a part of one, each with all parts of that."""
    old, new = ({identity(document): document for document in (*outcome.result.documents, *outcome.sums)} for outcome in (before, after))
    wholes = [one for key, one in new.items() if one.complete and key in old and not old[key].complete]
    parts = [list(map(identity, whole.texts)) for whole in wholes]
    return {part: others for others in parts for part in others}


def _moved_by(document: Document, changes: Sequence[Change]) -> Iterator[SettingPath]:
    """The settings to which changes move a value of a document from another one.

    Out of a URL the whole connection moves: what that lacks the URL lacked too.
    """
    removed = [document.get(change.path) for change in changes if change.action == "remove"]
    is_connection = any(isinstance(value, str) and parts_of(value) is not None for value in removed)
    for change in changes:
        if change.action == "rename":
            yield change.value
        elif change.action == "set" and (
            any(_is_of(change.value, value) for value in removed) or _is_read_from(change.value, document.get(change.path))
        ):
            yield change.path[:-1] if is_connection and len(change.path) > 1 else change.path


def _is_of(value: Any, other: Any) -> bool:
    """Whether a value equals another one, is its parsed JSON, or is a member of the connection whose URL it is."""
    parts = (parts_of(other) or {}).values() if isinstance(other, str) else ()
    return any(part is not UNKNOWN and is_same(value, part) for part in (other, *parts)) or _is_read_from(value, other)


def _is_read_from(value: Any, text: Any) -> bool:
    """Whether a value is the parsed JSON of a text."""
    return isinstance(text, str) and is_same(value, holder(text))
