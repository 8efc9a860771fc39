"""What conformance says of a node: whether its value is misread, and what it plainly stands for.

Far below the deepest setting not even the path of a node is made out.
"""

from __future__ import annotations

from ..conformance.meaning import meant, switch
from ..conformance.mismatch import DEEPEST, is_misread, is_misspelt, is_set_later, is_unread, mismatch_of
from ..conformance.reader import Mismatch
from ..model import UNKNOWN, Document, SettingPath, is_complete
from ..release import MAIN
from ..typed import Any
from .node import Node


def mismatch_at(node: Node) -> Mismatch | None:
    """The mismatch of a node of an ordinary document."""
    return None if node.is_deeper_than(DEEPEST) else mismatch_of(node.document, node.path)


def is_misread_at(node: Node) -> bool:
    """See :func:`~linter.conformance.mismatch.is_misread`."""
    return not node.is_deeper_than(DEEPEST) and is_misread(node.document, node.path)


def switch_at(node: Node) -> Any:
    """See :func:`~linter.conformance.meaning.switch`."""
    return UNKNOWN if node.is_deeper_than(DEEPEST) else switch(node.document, node.path, node.value)


def is_unread_at(node: Node) -> bool:
    """See :func:`~linter.conformance.mismatch.is_unread`."""
    document = node.document  # one for the newest server reads everything
    is_older = bool(document.members) or document.server.release != MAIN
    return is_older and not node.is_deeper_than(DEEPEST) and is_unread(document, node.path)


def is_given_otherwise_at(node: Node) -> bool:
    """Whether a setting that is not given stands under another name, which has a finding: in another spelling, or for later servers.

    Only settings at the top are asked for in any spelling.
    """
    if node.is_deeper_than(DEEPEST):
        return False
    return (not node.is_deeper_than(1) and is_misspelt(node.document, node.path)) or is_set_later(node.document, node.path)


def may_be_elsewhere(node: Node) -> bool:
    """Whether what is absent at a node may be given in a part of the configuration that the document does not show.

    The members of a value that is written in one piece stand there, or nowhere.
    """
    document, path = node.document.owner(node.path)
    return not document.ask(is_complete) and not document.ask(_is_in_one_piece, path)


def _is_in_one_piece(document: Document, path: SettingPath) -> bool:
    """Whether what holds a setting is one object in a file, or one parameter or variable."""
    if document.given is None:
        return len(path) > 1 and isinstance(document.get(path[:-1]), dict | list)
    return any(path[: len(given)] == given and len(given) < len(path) for given, _ in document.given)


def meant_at(node: Node) -> Any:
    """What the value of a node plainly stands for, for a condition: a text of which no other reading is known is taken as it is."""
    if node.is_deeper_than(DEEPEST):
        return node.value
    value = meant(node.document, node.path, node.value)
    return node.value if value is UNKNOWN and not is_misread(node.document, node.path) else value
