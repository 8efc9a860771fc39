"""The edits and commands that make the fixes of findings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from .documents.source import Loaded, Place
from .log import Log
from .model import Document, Finding, Fix
from .typed import NamedTuple


class Texts(NamedTuple):
    """The texts of a run that fixes can change.

    ``loaded`` are the documents by themselves, ``given`` the files of the run by their paths in the report: no other one is ever edited.
    ``sums`` are the documents of which something at a place is a part; at a ``shared`` place sums have different parts, so that an edit
    would be meant for one of them.
    """

    loaded: Mapping[Document, Loaded]
    given: Collection[str]
    sums: Mapping[Place, Sequence[Document]]
    shared: Collection[Place]

    def fix_of(self, finding: Finding, log: Log) -> Fix | None:
        """The fix of a finding with the edits, or for a dump the commands, that would make it."""
        fix, loaded = finding.fix, self.loaded.get(finding.document)
        if fix is None or loaded is None:
            return fix
        with log.surviving(finding.document.uri, f"the fix of {finding.rule}", finding.path or ()):
            fix = self._with_edits(fix, loaded)
            commands = loaded.commander(fix.changes) if loaded.commander is not None else None
            return fix._replace(commands=tuple(commands)) if commands else fix
        return fix

    def _with_edits(self, fix: Fix, loaded: Loaded) -> Fix:
        """A fix with its edits, and whether these may be shown."""
        if any(change.action == "store" for change in fix.changes) or (fix.edits is None and not self._is_in_one_place(fix, loaded)):
            return fix
        document, edits = loaded.document, fix.edits
        is_editable = document.uri in self.given and not any(place in self.shared for place in loaded.places)
        if edits is None and loaded.editor is not None and is_editable:
            edits = tuple(loaded.editor(fix.changes) or ()) or None
        if edits is None:
            return fix
        from .server.shown_edits import as_shown  # only for a finding that can be fixed

        made, shown = as_shown(document, fix.changes, edits)
        return fix._replace(edits=made, shown=shown and not loaded.hidden)

    def _is_in_one_place(self, fix: Fix, loaded: Loaded) -> bool:
        """Whether a fix of a part of sums changes nothing that another part of one of them gives too."""
        sums = (one.parts for place in loaded.places for one in self.sums.get(place, ()))
        paths = [path for change in fix.changes for path in (change.path, *([change.value] if change.action == "rename" else []))]
        givers = (giver for one in sums if one is not None for path in paths for giver in one.givers(path))
        return all(self.loaded[giver].places == loaded.places for giver in givers)
