"""The editors of documents that are made of variables, for their sources. What they do is imported for a finding that has a fix."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ..model import Change
from ..text import Edit
from ..typed import TYPE_CHECKING
from .source import Editor, SourceFile
from .variables import Variable

if TYPE_CHECKING:
    from .variables_in_yaml import Node, VariablePart


def editor_of_lines(file: SourceFile, read: Callable[[str], Sequence[Variable]]) -> Editor:
    """What edits a file in which each line sets a variable; ``read`` finds them in a text."""

    def edit(changes: Sequence[Change]) -> list[Edit] | None:
        from .line_editor import line_edits

        return line_edits(file.text.content, read, file.release, changes)

    return edit


def editor_in(holder: Node, read: Callable[[Node], Sequence[Variable]], parts: Callable[[Node], Iterable[VariablePart]]) -> Editor:
    """What edits the variables of a holder in YAML or JSON: ``read`` finds them in it, and ``parts`` says where they can be edited."""

    def edit(changes: Sequence[Change]) -> list[Edit] | None:
        from .tree_editor import tree_edits

        return tree_edits(holder, read, parts, changes)

    return edit
