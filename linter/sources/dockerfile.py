"""Dockerfiles whose ``ENV`` gives variables to a Medplum server, or that evidently fail to build or start one.

Each stage with variables of its own is a document: which stages make up one image is not tracked. Stages that are only a source of copied
files make none. More variables can be given when a container is started, so not even ``CMD ["env"]`` makes a document complete.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from posixpath import basename, join, normpath, splitext

from ..documents.containers.command_lines import (
    CONFIGURATION,
    IGNORES,
    TOOLS,
    Start,
    missing_shell,
    never_read,
    remedy_of,
    unstartable_start,
)
from ..documents.containers.documents import Container, container, for_server, load_servers
from ..documents.containers.images import is_server_image
from ..documents.containers.mounts import Mount, Mounts
from ..documents.problems import encoding_problems
from ..documents.source import Confidence, Loaded, Problem, Recognised, SourceFile, once_per_file
from ..documents.suppression_comments import read_suppression_comments, within
from ..documents.variables.documents import Variable, VariableHolder, fallback_of, is_servers, read_variables, unless_kind
from ..model import Message, sentence
from ..redaction.tokens import ListedTokens, Token
from ..release import ANY_SERVER, ServerVersion
from ..server.start import WORKING_FOLDER
from ..syntax.dockerfile import KEYWORDS, Instruction, Meaning, assignments, meaning, read_dockerfile, words
from ..syntax.json import parse_json
from ..text import Span
from ..typed import Any, Final

KINDS = ("server/env",)
NAMES = ("Dockerfile", "Dockerfile.*", "*.Dockerfile")

_CONSEQUENCE: Final = "docker build cannot read it"
_AT_RUNTIME: Final = "give the value when the container starts, because ENV cannot hold a line break"
_WITHOUT_BACKSLASHES: Final = "write the quotes without backslashes, in single quotes"
_ARGUMENT: Final = re.compile(r"\$(?:\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}|(?P<bare>[A-Za-z_][A-Za-z0-9_]*))")
_NO_ASSIGNMENT: Final = sentence(
    "this word of ENV sets no variable, and docker build fails", remedy="write NAME=value, and a value with spaces in quotes"
)
_NOT_CLOSED: Final = sentence("the quote is never closed, and docker build fails", remedy="close it")
_NO_INSTRUCTION: Final = sentence(
    "there is no such instruction, and docker build fails", remedy="correct it, or end the line before with a backslash"
)
_OF_TEMPLATES: Final = ("{", "<", "%")
_WORD: Final = re.compile(r'[^\s",\[\]]+')
_LONGEST: Final = 4_096
"""The maximum length of a path, in characters."""
_COPIED: Final = re.compile(r"(?:--from=|[,=]from=)(?P<stage>[^\s,]+)")


class _Stage:
    """A stage: its name, the image that it is built from, its own variables, and how it starts its program."""

    def __init__(self, name: str, image: str, at: Span) -> None:
        self.name = name
        self.image = image
        self.variables: list[Variable] = []
        self.starts: dict[str, tuple[Any, Span]] = {}
        """Its entry point and its command, each with its place, by their instructions."""
        self.folder: str = WORKING_FOLDER
        self.mounts: dict[bool, str] = {}
        """Where a configuration file is put, and where a shell may be."""
        self.runs: Span | None = None
        """Where it first runs something in a shell that none of its files provides."""
        self.at = at
        self.is_copied_from = False
        self.is_last = True
        """Whether no other stage is built from it."""

    def build_from(self, parent: _Stage) -> None:
        """Take over what another stage has so far."""
        self.image, self.folder = parent.image, parent.folder
        self.starts, self.mounts = dict(parent.starts), dict(parent.mounts)
        parent.is_last = False

    def start(self, keyword: str) -> Any:
        """Its entry point or its command; None if the image's applies."""
        return self.starts[keyword][0] if keyword in self.starts else None


def detect(file: SourceFile) -> Recognised | None:
    """Whether a file is a Dockerfile for the image of a server that is configured by variables, or that does not start."""
    if "MEDPLUM_" not in file.text.content and "medplum-server" not in file.text.content:
        return None
    name = file.name.lower()
    is_named = name.partition(".")[0] == "dockerfile" or name.endswith(".dockerfile")
    if not is_named and re.search(r"^[ \t]*FROM[ \t]", file.text.content, re.IGNORECASE | re.MULTILINE) is None:
        return None  # not parsed unless it looks like a Dockerfile
    read = _read(file)
    if not read.stages or not (is_named or read.is_dockerfile):
        return None
    if any(container.is_server for container in _containers(file)):
        return Recognised("server/env", Confidence.LIKELY if is_named else Confidence.HINT)
    names = [variable.name for stage in read.stages for variable in stage.variables if variable.name.startswith("MEDPLUM_")]
    if not is_named or not names:
        return None
    return Recognised(None, Confidence.PROBABLE, f"a Dockerfile with variables of a client, not of a server{unless_kind(names)}")


def load(file: SourceFile, kind: str) -> list[Loaded]:
    """One document for each image of a server; mistakes in the text are reported with the first."""
    return load_servers(_containers(file), _read(file).problems)


def _containers(file: SourceFile) -> list[Container]:
    return [_container(file, number, stage) for number, stage in enumerate(_read(file).stages)]


def _container(file: SourceFile, number: int, stage: _Stage) -> Container:
    read, ours = _read(file), is_server_image(stage.image)
    variables = stage.variables if not stage.is_copied_from else []
    names = [variable.name for variable in variables if not ours or is_servers(variable.name, strict=True)]

    def load() -> Loaded:
        holder = VariableHolder(
            file,
            type="image",
            start=next((variable.key for variable in stage.variables if is_servers(variable.name, strict=ours)), stage.at),
            tokens=lambda: read.tokens,
            at=number,
            environment=stage.name or None,
            names=frozenset({"CMD", "ENTRYPOINT", "ENV", "FROM", "RUN", "\\", "`"}),
            sound=read.is_sound,
            suppressions=read.suppressions,
        )
        wrong = _mistakes(stage, file.server, holder.start, bool(names)) if ours else ()
        holder = for_server(holder, stage.image)
        return read_variables(holder._replace(problems=(*read.problems, *wrong)), stage.variables)

    made = container(names, stage.image, load)
    is_wrong = ours and not made.is_server and not stage.is_copied_from and any(_mistakes(stage, ANY_SERVER, stage.at, has_variables=False))
    return made._replace(is_server=made.is_server or is_wrong)


def _mistakes(stage: _Stage, server: ServerVersion, start: Span, has_variables: bool) -> Iterator[Problem]:
    """The mistakes in how a stage of the server's image is built, and in how the last one starts the server."""
    mistake = _mistake_in_start(stage, server, has_variables) if stage.is_last else None
    if mistake is not None:
        yield Problem(*mistake, next((stage.starts[keyword][1] for keyword in ("CMD", "ENTRYPOINT") if keyword in stage.starts), start))
    if stage.runs is not None and (shell := missing_shell("RUN", Start("image", None, stage.image, None, None, "{}"), server)):
        message = sentence(shell, "docker build fails", "copy what it makes from another stage", by=", so ")
        yield Problem("missing-shell-at-build", message, stage.runs)


def _mistake_in_start(stage: _Stage, server: ServerVersion, has_variables: bool) -> tuple[str, Message] | None:
    """The name of the problem with how a stage starts the server, and its message.

    The entry point of the server's image uses the command as the arguments of the server.
    """
    entry_point, command = (["/bin/sh", "-c", one] if isinstance(one, str) else one for one in map(stage.start, ("ENTRYPOINT", "CMD")))
    mounts = Mounts([*map(Mount, stage.mounts.values())])
    start = Start("image", None, stage.image, entry_point, command, 'CMD ["{}"]', mounts=mounts)
    unstartable = unstartable_start(start, server)
    if unstartable is not None:
        if start.line != []:
            return unstartable
        what, why = "the image has neither an entry point nor a command", "unless it is given one, the container does not start"
        return "image-starts-without-env", sentence(what, why, unstartable[1].remedy, by=", so ")
    if start.reads(server.release) != "never" or not (has_variables or "env" in start.sources(server.release)):
        return None
    if entry_point is None and isinstance(stage.start("CMD"), str):
        message = sentence("CMD is not a list", "a shell starts between the server and its argument", by=", so ")
        message = message.add("why", "it gets three arguments, reads medplum.config.json and ignores its variables", ": ")
    elif start.is_whole:
        starter = "CMD" if entry_point == [] else "ENTRYPOINT"
        message = sentence(f"{starter} starts the server without the argument env", f"it {IGNORES}", by=", so ")
    else:
        message = sentence(never_read(start), f"unless the container is started with it, the server {IGNORES}", by=", so ")
    return "image-starts-without-env", message.add("remedy", remedy_of(start, server))


# --- Reading -------------------------------------------------------------------------------------------------------------------------


@once_per_file
def _read(file: SourceFile) -> _Dockerfile:
    return _Dockerfile(file)


class _Dockerfile:
    """The content of a file."""

    def __init__(self, file: SourceFile) -> None:
        parsed = read_dockerfile(file.text.content)
        self.stages: list[_Stage] = []
        self.problems: list[Problem] = []
        self._escape = parsed.escape
        self._by_name: dict[str, _Stage] = {}
        self._arguments: dict[str, str] = {}
        """The defaults of arguments in ``FROM``."""
        self._of_stage: dict[str, str] = {}
        """The defaults of the arguments of a stage, which the history of its image shows."""
        self._tokens = [Token(span, "name", parsed.escape, parsed.escape) for span in parsed.continuations]
        is_known = True
        for instruction in parsed.instructions:
            if instruction.keyword not in KEYWORDS and is_known and not instruction.keyword.startswith(_OF_TEMPLATES):
                # Of several in a row, as after a missing backslash, one is reported.
                at = len(instruction.line) - len(instruction.line.lstrip())
                self.problems.append(_invalid(_NO_INSTRUCTION, instruction.span(at, at + 1)))
            is_known = instruction.keyword in KEYWORDS
            self._instruction(instruction)
        self.is_sound = not self.problems
        """Whether every instruction could be read."""
        self.is_dockerfile = _is_dockerfile(parsed.instructions)
        """Whether this is a Dockerfile, whatever its name."""
        self.suppressions, problems = read_suppression_comments(file.text, within(parsed.comments))
        self.problems = [*encoding_problems(file, _CONSEQUENCE), *self.problems, *problems]

    @cached_property
    def tokens(self) -> ListedTokens:
        """Its names and values in order, without those inside others: a value can span several lines."""
        apart: list[Token] = []
        for token in sorted(self._tokens, key=lambda one: one.span):
            if not apart or token.span.start >= apart[-1].span.end:
                apart.append(token)
        return ListedTokens(apart)

    def _instruction(self, instruction: Instruction) -> None:
        if instruction.keyword == "FROM":
            self._from(instruction)
        elif instruction.keyword == "ARG":
            # Arguments before the first stage are for ``FROM``; a stage that redeclares one has it too.
            for name, _, value, _, meant in self._assignments(instruction):
                if self.stages:
                    self._of_stage[name] = self._arguments.get(name, "") if value is None else meant.text or ""
                else:
                    self._arguments[name] = meant.text or ""
        elif not self.stages:
            return
        elif instruction.keyword == "ENV":
            self._env(instruction)
        elif instruction.keyword in ("CMD", "ENTRYPOINT"):
            self._start(instruction, self.stages[-1])
        elif instruction.keyword == "SHELL":
            self.stages[-1].mounts[False] = "/bin/sh"  # a shell other than the image's
        elif instruction.keyword == "WORKDIR":
            self.stages[-1].folder = join(self.stages[-1].folder, instruction.rest.strip())[:_LONGEST]
        elif instruction.keyword in ("COPY", "ADD", "RUN"):
            self._copy(instruction, self.stages[-1])
            for copied in _COPIED.finditer(instruction.line):
                stage = self._stage(copied["stage"])
                if stage is not None:
                    stage.is_copied_from = True

    def _place(self, instruction: Instruction) -> Span:
        """The place of an instruction's keyword, which may be shown."""
        at = len(instruction.line) - len(instruction.line.lstrip())
        place = instruction.span(at, at + len(instruction.keyword))
        self._tokens.append(Token(place, "name", instruction.keyword, instruction.keyword))
        return place

    def _start(self, instruction: Instruction, stage: _Stage) -> None:
        stage.starts[instruction.keyword] = _start(instruction), self._place(instruction)
        is_explicit = "CMD" in stage.starts and stage.starts["CMD"][1] > stage.at
        if instruction.keyword == "ENTRYPOINT" and not is_explicit:
            stage.starts.pop("CMD", None)

    def _copy(self, instruction: Instruction, stage: _Stage) -> None:
        if instruction.keyword == "RUN":
            is_shell = False not in stage.mounts and "--mount" not in instruction.rest and not instruction.rest.startswith("[")
            stage.runs = stage.runs or (self._place(instruction) if is_shell else None)
            return
        *files, target = [word for word in _WORD.findall(instruction.rest) if not word.startswith("--")] or [""]
        folder = normpath(join(stage.folder, target))[:_LONGEST]
        are_files = instruction.keyword == "COPY" and target.endswith("/") and all(splitext(file)[1] for file in files)
        for path in (*([] if are_files else [folder]), *(join(folder, basename(file)) for file in files)):
            if path.endswith(CONFIGURATION) or TOOLS.fullmatch(path):
                stage.mounts[path.endswith(CONFIGURATION)] = path

    def _stage(self, name: str) -> _Stage | None:
        """The stage of a name or number."""
        if not name.isdecimal():
            return self._by_name.get(name.lower())
        return self.stages[int(name)] if len(name) < 6 and int(name) < len(self.stages) else None

    def _assignments(self, instruction: Instruction) -> Iterator[tuple[str, Span, Span | None, str, Meaning]]:
        """The assignments of an instruction: the name with its place, the place of the value, its text, and its meaning."""
        for assignment in assignments(instruction, self._escape):
            written = "" if assignment.value is None else instruction.line[slice(*assignment.value)]
            yield instruction.line[slice(*assignment.name)], assignment.name, assignment.value, written, meaning(written, self._escape)

    def _from(self, instruction: Instruction) -> None:
        written = (instruction.line[slice(*word)] for word in words(instruction, self._escape))
        image, *rest = [_ARGUMENT.sub(self._argument, word) for word in written if not word.startswith("--")] or [""]
        name = rest[1] if len(rest) > 1 and rest[0].upper() == "AS" else ""
        self.stages.append(_Stage(name, image, self._place(instruction)))
        if (parent := self._by_name.get(image.lower())) is not None:
            self.stages[-1].build_from(parent)
        self._of_stage = {}
        if name:
            self._by_name[name.lower()] = self.stages[-1]

    def _argument(self, match: re.Match[str]) -> str:
        return self._arguments.get(match["name"] or match["bare"]) or match[0]

    def _env(self, instruction: Instruction) -> None:
        self._place(instruction)
        variables = self.stages[-1].variables
        first = len(variables)
        for name, place, value, written, meant in self._assignments(instruction):
            key = instruction.span(place.start, max(place.end, place.start + 1))
            self._tokens.append(Token(key, "name", name, name))
            if value is None:
                self.problems.append(_invalid(_NO_ASSIGNMENT, Span(key.start, key.start + 1)))
                if len(variables) > first:  # only the first word of a value with a blank was read
                    variables[-1] = variables[-1]._replace(text=None)
                continue
            span = instruction.span(*value) if written else Span(key.start, key.end + 1)
            if not meant.closed:
                self.problems.append(_invalid(_NOT_CLOSED, Span(span.start, span.start + 1)))
            if written:
                known = ("", written) if meant.text is None else (name, meant.text)
                self._tokens.append(Token(span, "value", *known))
            # The default of a reference is its own, or its argument's.
            argument = _ARGUMENT.fullmatch(bare := written.strip("\"'"))
            fallback = self._of_stage.get(argument["name"] or argument["bare"], "") if argument is not None else fallback_of(bare)
            quoting = _WITHOUT_BACKSLASHES if '\\"' in (meant.text or "") else _AT_RUNTIME
            variables.append(Variable(name, meant.text, key, span, quoting, fallback))


def _is_dockerfile(instructions: Sequence[Instruction]) -> bool:
    """Whether a text begins like a Dockerfile, and most of its lines are instructions."""
    known = [instruction for instruction in instructions if instruction.keyword in KEYWORDS]
    is_begun = bool(instructions) and instructions[0].keyword in ("ARG", "FROM") and 2 * len(known) > len(instructions)
    images = [[word for word in one.rest.split() if not word.startswith("--")] for one in known if one.keyword == "FROM"]
    return is_begun and all(len(image) == 1 or (len(image) == 3 and image[1].upper() == "AS") for image in images)


def _invalid(message: Message, span: Span) -> Problem:
    return Problem("invalid-dockerfile", message, span, fatal=True, lossy=True)


def _start(instruction: Instruction) -> Any:
    """What an instruction starts: a list of words, or the text that a shell reads."""
    if not instruction.rest.startswith("["):
        return instruction.rest
    parsed = parse_json(instruction.rest)
    return parsed.value if parsed.intact and isinstance(parsed.value, list) else instruction.rest
