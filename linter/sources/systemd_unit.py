"""systemd units that start a server with variables: ``Environment`` and ``EnvironmentFile`` of ``[Service]``.

Files override ``Environment``, an empty assignment removes earlier ones, and ``$`` means nothing in a value, whereas ``%`` and a backslash
do (``systemd.exec(5)``). A file has its path on the server: one of the same name beside the unit is read for it. ``ExecStart`` tells
whether the server reads variables at all.
"""

from __future__ import annotations

import re

from ..documents.containers.command_lines import Start, problems_of_start
from ..documents.containers.documents import Container, Given, load_servers, load_sum, recognised
from ..documents.problems import encoding_problems
from ..documents.source import Loaded, Recognised, SourceFile
from ..documents.suppression_comments import read_suppression_comments, within
from ..documents.variables.documents import Variable, VariableHolder, configures_server, is_servers, unless_reference
from ..documents.variables.files import environment_holder
from ..model import sentence
from ..redaction.tokens import ListedTokens, Token
from ..text import Span

KINDS = ("server/env",)
NAMES = ("*.service",)

_LINE = re.compile(r"^[ \t]*(?P<name>\[?[A-Za-z]+\]?)[ \t]*(?:=[ \t]*(?P<value>(?:[^\\\r\n]|\\(?:\r?\n)?)*))?", re.MULTILINE)
_QUOTES = ("'", '"')
_BROKEN_OFF = (
    "blank-outside-quotes",
    sentence("ends at its first space", "systemd ignores the rest, which is not an assignment", "put the whole assignment in quotes"),
)
"""The message for a variable followed by words that are not assignments."""
_WORD = re.compile(r"""(?:"(?:\\.|[^"\\\n])*"|'[^'\n]*'|\\.|[^\s\\])+""")


class _Unit:
    """The content of ``[Service]`` in a unit."""

    def __init__(self, file: SourceFile) -> None:
        self.variables: list[Variable] = []
        self.files: list[str] = []
        self.command: str | None = None
        self.at = Span(0, 1)
        self.tokens: list[Token] = []
        section = ""
        for line in _LINE.finditer(file.text.content):
            name, value, place = line["name"], (line["value"] or "").strip(), Span(*line.span("name"))
            section = name if name.startswith("[") else section
            if section != "[Service]":
                continue
            self.tokens.append(Token(place, "name", name, name))
            if name == "Environment":
                del self.variables[: 0 if value else None]
                self.variables += self._assigned(line)
            elif name == "EnvironmentFile":
                del self.files[: 0 if value else None]
                self.files += [value.removeprefix("-")] if value else []
            elif name == "ExecStart":
                self.command, self.at = value.lstrip("@-:+!|") or None, place

    def _assigned(self, line: re.Match[str]) -> list[Variable]:
        """The variables of words; a word that is not an assignment is the rest of a value with an unquoted blank."""
        found: list[Variable] = []
        for word in _WORD.finditer(line["value"] or ""):
            is_quoted = word[0][0] in _QUOTES and word[0][-1] == word[0][0]
            name, sign, text = (word[0][1:-1] if is_quoted else word[0]).partition("=")
            if not sign or not name.isidentifier():
                found[-1:] = [one._replace(text=None, mistake=_BROKEN_OFF) for one in found[-1:]]
                continue
            at = line.start("value") + word.start() + is_quoted
            key, value = Span(at, at + len(name)), Span(at + len(name) + 1, at + len(name) + 1 + len(text))
            if not is_quoted and text[:1] in _QUOTES and len(text) > 1 and text[-1] == text[0]:
                text = text[1:-1]
            is_known = text[:1] not in _QUOTES and "\\" not in text and "%" not in text
            found.append(Variable(name, unless_reference(text) if is_known else None, key, value if text else key))
        self.tokens += (Token(one.key, "name", one.name, one.name) for one in found)
        self.tokens += (Token(one.value, "value", one.name if one.text else "", one.text) for one in found if one.value != one.key)
        return found


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file is a unit that starts a server configured by variables."""
    if "[Service]" not in file.text.content or "medplum" not in file.text.content.lower():
        return None
    found = recognised(file, [_container(file)], "a systemd unit without variables of a Medplum server")
    return found and found._replace(unread="")  # its first line is not JSON


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """The one document of the unit."""
    return load_servers([_container(file)], ())


def _container(file: SourceFile) -> Container:
    unit: _Unit = file.cached("unit", lambda: _Unit(file))
    found = [file.around.find_named(file, path.rpartition("/")[2]) for path in unit.files]
    files = [environment_holder(one) for one in found if one is not None]
    is_known = None not in found and not file.around.has_folder(file, f"{file.name}.d")  # drop-ins, which can set any variable
    in_files = [Given(variable, holder) for holder in files for variable in holder.variables]
    start = Start("unit", None, None, unit.command, None, "{} at the end of ExecStart")

    def load() -> Loaded:
        lines = re.finditer(r"(?m)^[ \t]*#[^\r\n]*", file.text.content)
        comments = read_suppression_comments(file.text, within(Span(*line.span()) for line in lines))
        whole = start.reads(file.release) == "only" and is_known
        wrong = problems_of_start(start, file.server, unit.at)
        main = VariableHolder(
            file,
            "unit",
            unit.variables[0].key if unit.variables else unit.at,
            tokens=lambda: ListedTokens(sorted(unit.tokens, key=lambda one: one.span)),
            names=frozenset({"Environment", "EnvironmentFile", "ExecStart"}),
            complete=whole,
            partial=not whole,
            strict=start.arguments is not None,
            problems=(*encoding_problems(file, "systemd ignores the line"), *comments.problems, *wrong),
            suppressions=comments.suppressions,
        )
        given = [*(Given(variable, main) for variable in unit.variables), *in_files]
        started = start.started(whole=is_known)
        return load_sum(main, given, files)._replace(start=started and started._replace(at=(file.uri, unit.at)))

    names = [variable.name for variable in (*unit.variables, *(given.variable for given in in_files))]
    return Container(names, configures_server(names) or (start.arguments is not None and any(map(is_servers, names))), load)
