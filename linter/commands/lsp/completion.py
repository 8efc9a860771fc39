"""Names and values that fit where the cursor is, in the spelling of the kind of file.

A text is mostly broken while it is typed, so only what is before the cursor counts: tokens of JSON, or the line of a variable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from lsprotocol import types

from ... import settings
from ...model import SettingPath, dotted
from ...settings import Setting
from ...settings.described import prose
from ...settings.env_names import setting_of, variable_of
from ...settings.json_schema import has_literal_default
from ...settings.kinds import DOCUMENT_KINDS, catalogue_kind
from ...text import Span, Text
from ...typed import Any, Final, NamedTuple
from .positions import Positions

_TOKEN: Final = re.compile(r'"(?P<string>(?:[^"\\]|\\.)*)(?P<end>"?)|(?P<sign>[{}\[\],:])|[^\s{}\[\],:"]+')
_VARIABLE: Final = re.compile(r"""(?:^|[\s"'{,-])(?P<name>M[A-Z0-9_]*)$""")
_VALUE: Final = re.compile(r"""\b(?P<name>MEDPLUM_[A-Z0-9_]+)["']?\s*[=:][ \t]*["']?(?P<value>[^\s"']*)$""")
_VALUE_BESIDE: Final = re.compile(
    r"""\bname["']?:\s*["']?(?P<name>MEDPLUM_[A-Z0-9_]+)["']?,?\s*["']?value["']?:[ \t]*["']?(?P<value>[^\s"']*)$"""
)
"""The value of a variable whose name is a member before it, as in Kubernetes and in a task definition."""
_FORMS: Final[Mapping[str, Sequence[str]]] = {
    "binary-storage": ("file:", "s3:", "gs:", "azure:"),
    "url": ("https://",),
    "websocket-url": ("wss://",),
}
"""How values of a format begin."""
_REST: Final = re.compile(r"[A-Za-z0-9_.-]*")
"""The rest of a word that the cursor is in."""
_NEAR: Final = 300
"""Characters before the cursor in which the name of a variable is looked for."""


class Context(NamedTuple):
    """Where the cursor is: in the name or in the value of a member, whose path is that of the object or of the member.

    ``typed`` is what is before the cursor, and ``quoted``: it is in quotes. ``given`` are the names that the object has already.
    """

    path: SettingPath
    is_value: bool
    typed: str
    quoted: bool
    given: Sequence[str] = ()


class _Frame:
    def __init__(self, sign: str) -> None:
        self.is_list = sign == "["
        self.step: Any = 0 if self.is_list else None
        self.is_value = self.is_list
        self.given: list[str] = []


def context_in_json(before: str) -> Context | None:
    """Where the cursor is after a text of JSON, which may be broken; None outside of an object."""
    frames: list[_Frame] = []
    typed, quoted = "", False
    for token in _TOKEN.finditer(before):
        typed, quoted = "", False
        sign, top = token["sign"], frames[-1] if frames else None
        if sign in ("{", "["):
            frames.append(_Frame(sign))
        elif sign in ("}", "]"):
            frames = frames[:-1]
        elif top is None:
            continue
        elif sign == ",":
            top.step, top.is_value = (top.step + 1, True) if top.is_list else (None, False)
        elif sign == ":":
            top.is_value = True
        elif token["string"] is not None and token["end"]:
            if not top.is_value:
                top.step = token["string"]
                top.given.append(token["string"])
        elif token.end() == len(before):
            typed, quoted = (token["string"], True) if token["string"] is not None else (token[0], False)
    if not frames:
        return None
    path = tuple(frame.step for frame in frames[:-1])
    top = frames[-1]
    return Context((*path, top.step) if top.is_value else path, top.is_value, typed, quoted, top.given)


def completions(text: Text, position: types.Position, kind: str, encoding: str) -> Iterator[types.CompletionItem]:
    """What can be written at a position of a text of some kind."""
    offset = Positions(text, encoding).offset(position)
    before = text.content[:offset]
    line = before[text.line_around(offset)[1].start :]
    rest = _REST.match(text.content, offset)
    end = rest.end() if rest is not None else offset

    def items(typed: str, words: Iterable[tuple[str, Setting | None]], kind: types.CompletionItemKind) -> Iterator[types.CompletionItem]:
        place = Positions(text, encoding).range(Span(offset - len(typed), end))
        for word, setting in words:
            if setting is not None and word.lower().startswith(typed.lower().strip('"')):
                yield _item(word, setting, kind, types.TextEdit(place, word))

    written = _VALUE.search(line) or _VALUE_BESIDE.search(before[-_NEAR:])
    if written is not None:
        setting = settings.catalogue().get(setting_of(written["name"]))
        values = ((value.strip('"'), setting) for value in _values(setting, quoted=False))  # a variable is a text
        yield from items(written["value"], values, types.CompletionItemKind.EnumMember)
    elif (named := _VARIABLE.search(line)) is not None and not kind.startswith(("infra", "secret")) and kind != "server/json":
        variables = ((variable_of(tuple(map(str, path))), setting) for path, setting in _server_settings())
        yield from items(named["name"], variables, types.CompletionItemKind.Property)
    elif text.content.lstrip()[:1] in ("{", "[") and (context := context_in_json(before)) is not None:
        words = _of_parameters(context) if kind == "server/ssm" else _of_members(context, kind)
        label = types.CompletionItemKind.EnumMember if context.is_value else types.CompletionItemKind.Property
        yield from items(context.typed, words, label)


def _of_members(context: Context, kind: str) -> Iterator[tuple[str, Setting | None]]:
    if kind not in DOCUMENT_KINDS or DOCUMENT_KINDS[kind].coercion is not None:
        return
    known = settings.catalogue(catalogue_kind(kind))
    if context.is_value:
        setting = known.get(context.path)
        yield from ((value, setting) for value in _values(setting, quoted=context.quoted))
        return
    depth = len(context.path) + 1
    for path in known.current():
        is_member = len(path) == depth and (depth == 1 or known.name_of((*context.path, path[-1])) == path)
        if is_member and path[-1] != "*" and path[-1] not in context.given:
            name = str(path[-1])
            yield name if context.quoted else json.dumps(name), known.get(path)


def _of_parameters(context: Context) -> Iterator[tuple[str, Setting | None]]:
    """The names of parameters beside the one that is typed: what is typed says the path."""
    is_name = context.quoted and (not context.is_value or context.path[-1:] == ("Name",))
    for path, setting in _server_settings() if is_name and "/" in context.typed else ():
        yield context.typed.rpartition("/")[0] + "/" + dotted(path), setting


def _server_settings() -> Iterator[tuple[SettingPath, Setting | None]]:
    """The settings of a server that have a name of their own, unlike the items of a list."""
    known = settings.catalogue()
    return ((path, known.get(path)) for path in known.current() if "*" not in path)


def _values(setting: Setting | None, *, quoted: bool) -> Iterator[str]:
    """The values of a setting: those that are allowed, the default, or how they begin."""
    if setting is None or setting.secret:
        return
    values = setting.enum or ((True, False) if "boolean" in setting.types else ())
    default = [setting.real_default] if has_literal_default(setting) and not isinstance(setting.real_default, dict | list) else []
    for value in dict.fromkeys((*values, *default, *_FORMS.get(setting.format, ()))):
        if not quoted or isinstance(value, str):
            yield value if quoted else json.dumps(value)


def _item(word: str, setting: Setting, kind: types.CompletionItemKind, edit: types.TextEdit) -> types.CompletionItem:
    return types.CompletionItem(
        word,
        kind=kind,
        detail=" or ".join(setting.types),
        documentation=types.MarkupContent(types.MarkupKind.Markdown, prose(setting)),
        tags=[types.CompletionItemTag.Deprecated] if setting.deprecated or setting.removed else None,
        sort_text=f"{int(setting.deprecated or setting.removed)}{word}",
        filter_text=edit.new_text,
        text_edit=edit,
    )
