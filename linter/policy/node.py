"""A place in a document's tree, found directly: what a path of a rule leads to."""

from __future__ import annotations

import re

from .. import settings
from ..conformance.mismatch import DEEPEST, stop_at
from ..conformance.table import Entry
from ..formats.placeholders import fallback_of, is_reference
from ..model import ABSENT, UNKNOWN, Document, Fact, SettingPath, child, dotted, state_of
from ..patterns import pattern
from ..redaction.numbers import number_text
from ..release import MAIN, ReleaseText
from ..settings import Setting
from ..settings.kinds import catalogue_kind, environment_in_name, is_uploaded
from ..typed import Any, Final

Link = tuple[Any, str | int] | None
"""A path as a chain from its end; ``None`` is the root. Extending it costs the same at any depth, where a tuple costs its length."""


_DEEPEST_WITH_FACTS: Final = 100
"""The depth to which a catalogue or a source knows facts about a setting."""


class Node:
    """A place of a document, and its value, which may be ``ABSENT`` or ``UNKNOWN``."""

    __slots__ = ("_entry", "_path", "document", "link", "value")

    def __init__(self, document: Document, link: Link, value: Any) -> None:
        self.document = document
        self.link = link
        """The path as a chain."""
        self.value = value
        self._path: SettingPath | None = None
        self._entry: Entry | None = None

    @classmethod
    def at(cls, document: Document, path: SettingPath) -> Node:
        """The node at a path that may lead nowhere."""
        link: Link = None
        for step in path:
            link = (link, step)
        node = cls(document, link, document.get(path))
        node._path = path
        return node

    @property
    def path(self) -> SettingPath:
        """The path from the root."""
        if self._path is None:
            steps: list[str | int] = []
            link = self.link
            while link is not None:
                link, step = link
                steps.append(step)
            self._path = tuple(reversed(steps))
        return self._path

    def is_deeper_than(self, steps: int) -> bool:
        """Whether the path has more steps; the cost is independent of the depth of the node."""
        link = self.link
        while link is not None and steps >= 0:
            link, steps = link[0], steps - 1
        return steps < 0

    def child(self, step: str | int) -> Node:
        """The node one step down."""
        return Node(self.document, (self.link, step), child(self.value, step))

    def fact(self, name: str) -> Any:
        """A fact about this node, else ``ABSENT``: from its path, the catalogue, or the source; at the root about the document."""
        if name not in ("path", "key") and self.is_deeper_than(_DEEPEST_WITH_FACTS):
            return "" if name in FACTS_OF_THE_CATALOGUE else ABSENT
        if name == "fallback" and self.value is not UNKNOWN:  # evaluated for everything in a document
            return (fallback_of(self.value) if isinstance(self.value, str) else "") or ABSENT
        if name == "literal" and not is_reference(self.value):
            return ABSENT
        document, path = self.document.owner(self.path)
        if name == "path":
            return dotted(document.as_written(path)[1])
        if name == "key":
            return str(path[-1]) if path else ABSENT
        if not path:
            return document.ask(document_fact, name)
        if name == "state":
            return document.ask(state_of, path)
        if name == "text":
            return number_text(self.value) if isinstance(self.value, bool | int | float) else self.value
        if name in FACTS_OF_A_REPAIR:
            return _repair(document.layer(path), path, name)
        if name == "literal":
            return self.value if document.ask(_is_literal, path) else ABSENT
        if name == "stops":
            return document.ask(stop_at, path) or ABSENT
        if name in FACTS_OF_RELEASES:  # if the newest release reads a setting too, there is no last one
            release = getattr(self.setting, FACTS_OF_RELEASES[name], None)
            return ABSENT if release is None or (release == MAIN and name == "until") else ReleaseText.of(str(release), release)
        if name in FACTS_OF_THE_CATALOGUE:
            return getattr(self.setting, name, "")
        fact = document.fact(path, name)
        return ABSENT if fact is None else fact

    @property
    def entry(self) -> Entry:
        """What is known of its setting. Far below the deepest setting, not even its path is built."""
        if self._entry is None:
            self._entry = Entry(self.document, () if self.is_deeper_than(DEEPEST) else self.path)
        return self._entry

    @property
    def setting(self) -> Setting | None:
        """The setting in the catalogue."""
        document, path = self.document.owner(self.path)
        return settings.catalogue(catalogue_kind(document.kind)).get(path) if path else None


def _repair(document: Document, path: SettingPath, name: str) -> Any:
    """The fix for a setting, for the facts ``meant`` and ``meant_name``; ``ABSENT`` if there is none."""
    from ..conformance.repairs import meant_name, meant_value  # only for a finding that has a fix

    if name == "meant":
        return meant_value(document, path)
    meant_path = meant_name(document, path)
    return ABSENT if meant_path is None else dotted(meant_path)


def _is_literal(document: Document, path: SettingPath) -> bool:
    """Whether nothing is known to replace a reference; in place of a secret that is only known about a whole JSON file."""
    known, is_filled = settings.catalogue(catalogue_kind(document.kind)), document.layer(path).is_filled
    may_be = is_filled is not None and document.complete and known.get(path) is not None and not document_fact(document, "template")
    return (known.is_public(path) or may_be) and (is_filled is None or not is_filled())


def document_fact(document: Document, name: str) -> Fact | Any:
    """A fact about a document as a whole.

    ``$@target``, ``$@kind``, ``$@environment``, ``$@uploaded`` (does ``medplum aws update-config`` write the file into Parameter Store,
    where the CDK adds the secrets?), ``$@template`` (does its name say that it is to be filled in?), ``$@mounted`` (is it known how the
    server that reads it is started?), ``$@contained`` (is the environment of the server's container known?), ``$@trusts`` (may a variable
    make Node.js trust further certificate authorities?) and ``$@server`` (the release of the server that it is checked against).
    """
    if name == "server":
        return ReleaseText.of(document.server.text, document.server.release)
    if name == "mounted":
        return document.parts is not None and bool(document.parts.layers)
    if name == "uploaded":
        return is_uploaded(document.uri)
    if name == "template":
        return _OF_TEMPLATES.search(document.uri) is not None
    if name in ("contained", "trusts"):
        return bool(getattr(document, name))
    value = getattr(document, name) if name in ("target", "kind", "environment") else None
    if name == "environment" and (value is None or document.holders):
        value = environment_in_name(document.uri)
    return value if value is not None else UNKNOWN if name == "target" else ABSENT


_OF_TEMPLATES: Final = pattern(r"(?:^|[/._-])(?:example|sample|template|tmpl|tpl|j2|jinja2?|dist)(?:[._-][^/]*)?$", re.IGNORECASE)
FACTS_OF_A_DOCUMENT = ("target", "kind", "environment", "contained", "trusts", "uploaded", "template", "mounted", "server")
FACTS_OF_RELEASES = {"since": "first", "until": "last"}
"""The first and the last release that reads a setting, with their names there."""
FACTS_OF_THE_CATALOGUE = ("meaning", "use")
FACTS_OF_A_REPAIR = ("meant", "meant_name")
"""For a misfit: the value that was meant, or the name of the setting that was."""
SENTENCES = frozenset({"meaning", "consequence"})
"""The facts that a message uses as a clause."""
FACTS_OF_A_FINDING = ("reason", "consequence", "first", "paths", "count")
"""What only a message knows: why the value is wrong and what happens because of it; of several settings the message about the first, the
names of all, their number."""
FACTS_OF_A_SETTING = (
    "path",
    "key",
    "state",
    "type",
    "tier",
    "key_id",
    "name",
    "raw",
    "text",
    "fallback",
    "length",
    "limit",
    "used",
    "literal",
    "stops",
    *FACTS_OF_A_REPAIR,
    *FACTS_OF_RELEASES,
    *FACTS_OF_THE_CATALOGUE,
)
"""What the catalogue says: the ``meaning`` of the setting, the one to ``use`` instead, and ``since`` and ``until``; and the
``type``, ``tier``, ``key_id`` and ``name`` of the parameter, its ``raw`` text; what is no text as ``text``; a
reference that nothing is known to replace as ``literal``; what the server ``stops`` with at its value; its
``length`` and the tier's ``limit`` in characters, and
``used``, the one in percent of the other; and the ``fallback`` of a reference such as ``${NAME:-default}``."""
