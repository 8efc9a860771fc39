"""What a rule of a configuration that was merely found may know: that a secret is there, never its content.

The author of a configuration in the linted tree may not own the secrets that are linted with it. Each answer of a rule about a value
reveals one bit of it, and a hundred rules reveal all of it. So such a rule sees a different document, in which every setting that is not
known to be public is UNKNOWN: whatever operator a rule uses, the answer is unknown. A rule that names a secret is refused when it is read,
because it would otherwise be silent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy

from .. import settings
from ..conformance.mismatch import OF_NAMES, check_as, mismatches
from ..model import UNKNOWN, Change, Document, Fact, Finding, SettingPath
from ..redaction.values import is_read_from_hidden, shown_value
from ..settings import Catalogue
from ..typed import Any, Final
from .display import described_by, is_shown_whole, may_be_shown
from .errors import RuleError
from .known import catalogues
from .node import FACTS_OF_A_FINDING, FACTS_OF_THE_CATALOGUE
from .paths import ANY, DEEP, Path, expanded, names_of
from .rule import Case, Rule
from .tree import Mention, mentions, mentions_of_fix

_OPEN_FACTS: Final = frozenset(
    {"path", "key", "name", "type", "tier", "key_id", "limit", "meant_name", *FACTS_OF_A_FINDING, *FACTS_OF_THE_CATALOGUE}
)
"""The facts about a secret that may be known: none of them depends on the secret."""


# --- What an untrusted rule sees. --------------------------------------------------------------------------------------------------------


def public_view(document: Document) -> Document:
    """A document in which every setting that is not known to be public is ``UNKNOWN``; made once for each document."""
    view = document.cached("public", lambda: _view(document))
    view.now, view.target, view.targets = document.now, document.target, document.targets
    return view


def with_document(finding: Finding, document: Document) -> Finding:
    """A finding about the view of a document, moved to the document itself; the parts of a sum are not views."""
    owners = {public_view(one): one for one in (document, *document.members.values())}
    view, fix = finding.document, finding.fix
    related = tuple(one._replace(document=owners.get(one.document, one.document)) for one in finding.related)
    may_fix = fix is not None and all(_may_change(view, change) for change in fix.changes)
    return finding._replace(document=owners.get(view, view), related=related, fix=fix._replace(safe=False) if fix and may_fix else None)


def _may_change(view: Document, change: Change) -> bool:
    """Whether the fix of an untrusted rule may make a change: not to a setting that is not public, and without moving a hidden value."""
    if change.action in ("remove", "store"):  # neither reveals a value: SecureString is the only type to store one as
        return True
    is_moved = change.action == "rename"
    described = [described_by(view, path) for path in (change.path, *([change.value] if is_moved else []))]
    are_public = all(known is not None and _is_public_setting(known, inner) for known, inner, _ in described)
    return are_public and not (is_moved and view.get(change.path) is UNKNOWN)


def _view(document: Document) -> Document:
    view = copy(document)
    view.members = {name: public_view(member) for name, member in document.members.items()}
    view.data = {name: member.data for name, member in view.members.items()}
    view.origin, view.given, view.memo, view._cached = _Origin(document), None, None, {}
    if not view.members:
        view.data = _public(document, described_by(document, ())[0], (), document.data)
        every = mismatches(document).items()
        public = {path: one for path, one in every if may_be_shown(document, path) and view.get(path) is not UNKNOWN}
        check_as(view, {path: one for path, one in every if one.aspect in OF_NAMES or path in public})
    return view


def _public(document: Document, known: Catalogue | None, path: SettingPath, value: Any) -> Any:
    """A value of a document with UNKNOWN in place of everything that may be secret, or is nested more deeply than any setting."""
    setting = known.get(path) if known is not None else None
    if isinstance(value, dict):
        # The names in an object are not secret, unless a text belongs there, such as JSON that was pasted into a password.
        if len(path) > _DEEPEST or (setting is not None and setting.secret and not setting.is_container):
            return UNKNOWN
        return {step: _public(document, known, (*path, step), member) for step, member in value.items()}
    if isinstance(value, list):
        if setting is None or "array" not in setting.types:
            return UNKNOWN
        return [_public(document, known, (*path, index), member) for index, member in enumerate(value)]
    if value is None:
        return None
    if known is None or not _is_public_setting(known, path) or shown_value(known, path, value) != value:
        return UNKNOWN
    return UNKNOWN if is_read_from_hidden(known, path, value, document.origin.facts(path).get("raw")) else value


_DEEPEST: Final = 100
"""The depth below which there is no setting."""


def _is_public_setting(known: Catalogue, path: SettingPath) -> bool:
    """Whether a setting is public, or a scalar item of a list of public texts or numbers, such as one of ``approvedSenderEmails``."""
    is_member = bool(path) and (path[-1] == "*" or isinstance(path[-1], int)) and known.get(path) is None
    return known.is_public(path) or (is_member and known.is_public(path[:-1]))


class _Origin:
    """The way back to the text, without the facts that reveal the content of a secret."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.locate = document.origin.locate
        self.excerpt = document.origin.excerpt
        self.pieces = document.origin.pieces

    def facts(self, path: SettingPath) -> Mapping[str, Fact]:
        """The source's facts; for a setting that is not public, only those that do not depend on the value."""
        facts = self._document.origin.facts(path)
        owner, inner = self._document.owner(path)
        raw = facts.get("raw")
        is_shown = may_be_shown(owner, inner) and (raw is None or is_shown_whole(owner, inner, str(raw)))
        if is_shown and public_view(owner).get(inner) is not UNKNOWN:
            return facts
        return {name: fact for name, fact in facts.items() if name in _OPEN_FACTS}


# --- What an untrusted rule must not ask. ------------------------------------------------------------------------------------------------


def check_knows_no_secret(rule: Rule) -> None:
    """Raise :class:`RuleError` if a rule asks for the content of a setting that is not public, or its fix sets or renames one."""
    for case in rule.cases:  # if only a document gives the target of a fix, it is checked there
        in_clauses = (mention for clause in case.clauses for mention in mentions(clause))
        in_fixes = (mention for clause in case.must for fix in case.fix for mention in mentions_of_fix(fix, clause.path))
        for mention in (*in_clauses, *in_fixes):
            if mention.asks:
                _check_open(case, mention, '"{text}" asks what {name} holds, which {why}', asks=True)
            if mention.changes:
                _check_open(case, mention, 'the fix changes "{text}", and {name} {why}', asks=False)


_NOT_ALLOWED: Final = "a policy whose configuration file was only found cannot do that; name its folder with --rules"


def _check_open(case: Case, mention: Mention, says: str, *, asks: bool) -> None:
    of_kinds = [list(_hidden(mention.path, kind, asks=asks)) for kind in case.info.kinds]
    for known, path in (one for of_kind in of_kinds for one in of_kind):
        setting, why = known.get(path), ""
        if setting is not None:
            why = "can hold secrets" if setting.is_container else "is secret"
        elif all(of_kinds):  # else it is public in another kind of document; in this one its content is hidden
            why = "may be secret, because no setting of this name is known"
        if why:
            raise RuleError(f"{says.format(text=mention.text, name='.'.join(path), why=why)}: {_NOT_ALLOWED}", mention.place)


def _hidden(path: Path, kind: str, *, asks: bool) -> Iterator[tuple[Catalogue, tuple[str, ...]]]:
    """The settings that a path names and that are not public. Settings that only ``*`` or ``**`` reaches are not named.

    If a rule asks for an object, its members are checked one by one.
    """
    if path.fact in _OPEN_FACTS or not path.steps or path.steps[-1] in (ANY, DEEP):
        return
    for one, inner in catalogues(path.steps, kind):
        known = settings.catalogue(one)
        for steps in expanded(inner, one):
            paths = [names_of(steps)]
            if DEEP in steps:
                tail = names_of(steps[steps.index(DEEP) + 1 :])
                every = (tuple(name.split(".")) for name in known.names())
                paths = [name for name in every if name[-len(tail) :] == tail] or [tail]
            for name in paths:
                setting = known.get(name)
                if not _is_public_setting(known, name) and not (asks and setting is not None and setting.is_container):
                    yield known, name
