"""A document as it is meant: an object with a misspelt name is read under the right one, so that its members are checked too."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import partial

from ..model import Document, SettingPath, moved, value_at
from ..typed import Any
from .mismatch import has_unknown_object
from .reader import reader_of


def as_meant(document: Document) -> Document:
    """A view of a document in which misspelt objects have the names that are meant; the document itself if it has none.

    :meth:`~linter.model.Document.as_written` leads back.
    """
    if document.members:
        members = {name: as_meant(member) for name, member in document.members.items()}
        if all(member is document.members[name] for name, member in members.items()):
            return document
        view = _copy(document, {}, {name: member.data for name, member in members.items()})
        view.members = members
        return view
    names = document.cached("misspelt", partial(_misspelt, document), noted=True)
    if not names:
        return document
    view = document.cached("as meant", partial(_view, document, names), noted=True)
    view.now, view.target, view.targets = document.now, document.target, document.targets
    return as_meant(view)  # which can have misspelt members


def _misspelt(document: Document) -> Mapping[SettingPath, SettingPath]:
    """The names of misspelt objects, by the right ones."""
    reader = reader_of(document)
    if reader is None or not has_unknown_object(document):
        return {}
    from .repairs import meant_names  # only after a mistake

    return {
        target: path
        for path, target in meant_names(document).items()
        if isinstance(document.get(path), dict) and path[:-1] == target[:-1] and reader.catalogue.get(path) is None
        if all(isinstance(step, str) for step in path)
    }


def _view(document: Document, names: Mapping[SettingPath, SettingPath]) -> Document:
    from ..server.effective import loaded  # only after a mistake

    data: dict[str, Any] = document.data
    for right, path in names.items():
        data = _renamed(data, path, str(right[-1]))
    view = _copy(document, names, data)
    if document.given is not None:
        right_names = {path: right for right, path in names.items()}
        view.given = tuple((moved(path, right_names), text) for path, text in document.given)
        read = loaded(view)  # the name of a setting says how its text is read
        view.data = {**data, **{str(right[0]): value_at(read, right[:1]) for right in names}}
    return view


def _copy(document: Document, names: Mapping[SettingPath, SettingPath], data: dict[str, Any]) -> Document:
    view = copy(document)
    view.view_of, view.data, view.memo, view._cached = (document, names), data, None, {}
    return view


def _renamed(holder: dict[str, Any], path: SettingPath, name: str) -> dict[str, Any]:
    """An object with another name for a member, which stays where it is."""
    first, rest = path[0], path[1:]
    if not rest:
        return {name if key == first else key: value for key, value in holder.items()}
    return {key: _renamed(value, rest, name) if key == first else value for key, value in holder.items()}
