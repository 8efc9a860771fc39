"""From parameters of Parameter Store to documents of the kind ``server/ssm``, and which parts of their lines are safe to show."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial

from ... import settings
from ...model import PART, UNKNOWN, Change, Command, Document, SettingPath, sentence
from ...model import Part as FactPart
from ...redaction.tokens import yaml_tokens
from ...redaction.values import Public, Visibility, is_of_a_format
from ...server.loader import SECRET_MEMBERS, SECRETS, build_tree, ssm_value
from ...syntax.places import Json
from ...syntax.yaml import Yaml
from ...text import Span, printable
from ...typed import Any, Final, NamedTuple
from ..entries import EntriesOrigin
from ..lines import Lines
from ..origin import first_character, public_at
from ..problems import Consequence, encoding_problems, problems_beside, tree_problems
from ..source import Loaded, Problem, SourceFile, Unread
from ..sums import Sum
from ..variables.in_yaml import suppression_comments_of
from .store import KIND, LIMITS, Environment, Parameter, environments, has_reference, is_medplum, merge, name_reason


class ParameterFile(NamedTuple):
    """A file of parameters: the documents of its text, the parameters in them, and how to show its lines.

    ``given`` are parameters, or objects with the ``name`` of one that is ``read`` later. ``public`` and ``other`` are the names of the file
    format itself, those whose values may be shown and the rest. ``consequence`` is the effect of mistakes in the text. ``check`` gives the
    source's own problems of one parameter. ``is_dump``: the file is the complete output of AWS, so that a fix is made by commands.
    ``complete``: all of its parameters were given together with all others of their paths. ``asked`` is the path of the server, if the file
    says it.
    """

    file: SourceFile
    documents: Sequence[Json | Yaml]
    given: Sequence[Any]
    public: frozenset[str]
    other: frozenset[str]
    consequence: Consequence
    read: Callable[[Any], Parameter] = lambda parameter: parameter
    check: Callable[[Parameter, SettingPath], Problem | None] = lambda _parameter, _path: None
    is_dump: bool = False
    complete: bool = False
    asked: str = ""

    @property
    def whole(self) -> bool:
        """Whether the text was read completely."""
        return self.file.cached("whole", lambda: all(parsed.whole for parsed in self.documents))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with its text."""
        found = (problem for parsed in self.documents for problem in tree_problems(parsed, self.consequence))
        return (*encoding_problems(self.file, self.consequence), *found, *suppression_comments_of(self.file).problems)

    @property
    def environments(self) -> Mapping[str, Environment]:
        """The servers that its parameters configure, by their paths, with only those parameters whose names are sound."""

        def found() -> Mapping[str, Environment]:
            broken = any(problem.lossy for parsed in self.documents for problem in parsed.problems)
            # A missing quote can make a part of a secret a part of a name, which would be printed.
            sound = [parameter for parameter in self.given if name_reason(parameter.name) is None] if broken else self.given
            return {environment.prefix: environment for environment in environments(sound, self.read, self.asked)}

        return self.file.cached("environments", found)


def load_parameters(
    read: ParameterFile, others: Callable[[Environment], Sequence[ParameterFile]] = lambda _environment: ()
) -> list[Loaded]:
    """One document for each environment of a file; mistakes in its text are reported with the first.

    ``others`` are further files about the parameters of an environment: together they are one document.
    """
    loaded = (_loaded([read, *others(environment)], environment) for environment in read.environments.values())
    nothing = Document(read.file.uri, KIND, read.file.text, {}, _origin(read, {}), unread=PART)
    return [one._replace(of_text=read.problems) for one in loaded] or [Loaded(nothing, read.problems, checkable=False)]


def _loaded(files: Sequence[ParameterFile], environment: Environment) -> Loaded:
    """The document of an environment; mistakes in the text of a file are reported with its first one."""
    given: list[list[Parameter]] = []
    parts: list[Loaded] = []
    for read in files:
        own = read.environments[environment.prefix]
        here = [parameter for parameter in own.parameters if not parameter.missing]
        merged, repeated = merge(here)
        complete = read.complete or any(parameter.complete for parameter in here)
        document = _document(read, environment, merged, complete and read.whole)
        text = read.problems if own is next(iter(read.environments.values())) else ()
        found, place = suppression_comments_of(read.file).suppressions, (read.file.uri, environment.prefix)
        unread = tuple(Unread(read.file.uri, None, why) for why in dict.fromkeys(document.unread.values()) if why not in PART.values())
        parts.append(Loaded(document, (*text, *_misplaced(own, repeated)), suppressions=found, places=frozenset({place}), unread=unread))
        given.append(merged)
    merged, document = given[0], parts[0].document
    if len(files) > 1:
        merged, _ = merge(parameter for some in given for parameter in some)
        complete = any(part.document.complete for part in parts)
        document = _document(files[0], environment, merged, complete, _sum_of(files, parts, given, environment, merged))
    commander = partial(_commands, document, environment, merged) if all(read.is_dump for read in files) else None
    parts = [part._replace(commander=commander) for part in parts]
    wrong = tuple(_checked(files[0], merged, environment))
    regions = {match[1] for one in merged if (match := re.match("arn:[^:]*:ssm:([a-z0-9-]+):", one.arn or "")) is not None}
    region = regions.pop() if len(regions) == 1 else ""
    if len(files) == 1:
        return parts[0]._replace(problems=(*parts[0].problems, *wrong), region=region)
    places = frozenset(place for part in parts for place in part.places)
    return Loaded(document, wrong, places=places, parts=tuple(parts), region=region)


def _document(
    read: ParameterFile, environment: Environment, merged: Iterable[Parameter], complete: bool, parts: Sum | None = None
) -> Document:
    """The configuration that parameters make: each is set at its dotted path, in order, as the loader of a release does."""
    file, known = read.file, settings.catalogue()
    parameters = {environment.path(parameter): parameter for parameter in merged}
    texts = {
        path: UNKNOWN if parameter.text is None or _is_refused(parameter.text, path) else parameter.text
        for path, parameter in parameters.items()
    }
    values = (
        (path, ssm_value(text, known.get(path), file.release) if isinstance(text, str) else UNKNOWN)
        for path, text in texts.items()
        if known.get(path) is not None or name_reason(parameters[path].name) is None  # otherwise it is enough to say that AWS refuses it
    )
    named = {name: section for name, section in SECRETS.items() if texts.get((name,), "") != ""}
    secrets: dict[SettingPath, str] = {
        (section, member): f"the secret that {name} names is not read: give the output of aws secretsmanager get-secret-value too"
        for name, section in named.items()
        for member in SECRET_MEMBERS["redis" if "Redis" in name else "database"]
    }
    return Document(
        file.uri,
        KIND,
        file.text,
        build_tree(values),
        _origin(read, parameters) if parts is None else parts,
        environment=environment.name,
        unread=secrets if complete else {**PART, **secrets},
        given=tuple(texts.items()),
        parts=parts,
    )


# --- What is wrong -------------------------------------------------------------------------------------------------------------------


_CHECKED_BY_RULES: Final = frozenset({("database", "ssl", "ca"), ("readonlyDatabase", "ssl", "ca")})
"""Settings whose length is checked by rules of their own."""


def _misplaced(environment: Environment, repeated: Iterable[Parameter]) -> Iterator[Problem]:
    """Parameters that the server ignores, always or sometimes, because of their names or others of the same name."""
    for parameter in repeated:
        why = "a name exists once in an account and region, so these come from two of them, or one is out of date"
        message = sentence(f"{printable(parameter.name)} is given twice and differs", f"{why}; here the last one counts", "keep one")
        yield Problem("duplicate-parameter", message, parameter.span("key"), environment.path(parameter))
    prefix, place = printable(environment.prefix), environment.parameters[0].span("key")
    for parameter in environment.wrong_case:
        why = f"names are case-sensitive, and the others of this environment begin with {prefix}/"
        message = sentence(f"the server never sees {printable(parameter.name)}", why, "rename it")
        yield Problem("parameter-name-case", message, parameter.span("key"))
    first = prefix.removeprefix("/").partition("/")[0]
    if first.lower() == "medplum" and first != "medplum" and not environment.asked:
        what = f"{prefix}/ is not {prefix.replace(first, 'medplum', 1)}/"
        message = sentence(what, "names are case-sensitive", "rename them", by=", because ")
        message = message.add("why", "the server finds these parameters only if its argument has the same spelling", ": ")
        yield Problem("parameter-name-case", message, place)
    for parameter in environment.strays:
        remedy = f"put the environment into the name, as in {prefix}/{printable(parameter.name.rpartition('/')[2])}"
        message = sentence(f"{printable(parameter.name)} has no environment in its name", "the server does not read it", remedy)
        yield Problem("stray-parameter", message, parameter.span("key"))
    if not environment.asked and not is_medplum(prefix.lstrip("/")) and "$" not in prefix and "{" not in prefix:
        what = f"{prefix}/ is not of the documented form /medplum/{{environment}}/"
        why = "the server finds these parameters only if its argument has this path"
        yield Problem("unusual-parameter-path", sentence(what, why, "use the documented one"), place)
    for parameter in environment.parameters:
        if parameter.missing:
            what = f"there is no parameter {printable(parameter.name)}"
            message = sentence(what, "AWS found no parameter with this name", "create it, or correct the name")
            yield Problem("parameter-not-found", message, parameter.span("key"), environment.path(parameter))


def _checked(read: ParameterFile, parameters: Sequence[Parameter], environment: Environment) -> Iterator[Problem]:
    """The problems of each parameter by itself, and of those that give members of another one."""
    for parameter in parameters:
        path, text, limit = environment.path(parameter), parameter.text or "", parameter.limit
        reason, shown = name_reason(parameter.name), _shown(path)
        if reason is not None:
            message = sentence(f"AWS refuses the name {printable(parameter.name)}", f"it {reason}")
            yield Problem("invalid-parameter-name", message, parameter.span("key"), path)
        if len(text) > limit and path not in _CHECKED_BY_RULES:
            message = sentence(f"{shown} has {len(text):,} characters, but its parameter can hold {limit:,}", "AWS refuses it", by=", so ")
            if limit != LIMITS["Advanced"]:
                message = message.add("why", f"an Advanced parameter can hold {LIMITS['Advanced']:,}")
            yield Problem("parameter-too-long", message, parameter.span("value"), path)
        if _is_refused(text, path):
            message = sentence(f"{shown} contains {{{{ … }}}}, which AWS refuses", remedy="replace it before you create the parameter")
            yield Problem("braces-in-parameter", message, parameter.span("value"), path)
        problem = read.check(parameter, path)
        if problem is not None:
            yield problem
    by_path = {environment.path(parameter): parameter for parameter in parameters}
    order = ", and AWS promises no order"

    def described(path: SettingPath, parameter: Parameter) -> tuple[Any, str, Span]:
        return UNKNOWN if parameter.text is None else parameter.text, _shown(path), parameter.span("key")

    yield from problems_beside(by_path, described, "ssm_coercion", read.file.release, order)


def _is_refused(text: str, path: SettingPath) -> bool:
    """Whether AWS refuses a value for a reference in it. In a template, a reference in place of a secret is right."""
    return has_reference(text) and not settings.catalogue().is_secret(path)


def _shown(path: SettingPath) -> str:
    return printable(".".join(map(str, path)))


def _sum_of(
    files: Sequence[ParameterFile],
    parts: Sequence[Loaded],
    given: Sequence[Iterable[Parameter]],
    environment: Environment,
    merged: Iterable[Parameter],
) -> Sum:
    """An environment that several files describe: each fact of a parameter belongs to the file that gives it."""
    documents = {tree.places: part.document for read, part in zip(files, parts, strict=True) for tree in read.documents}
    every = [(environment.path(parameter), part.document) for part, some in zip(parts, given, strict=True) for parameter in some]
    facts: tuple[FactPart, ...] = ("value", "type", "tier")
    of_facts = (((environment.path(parameter), fact), parameter.giver(fact)) for parameter in merged for fact in facts)
    givers = {about: documents[giver.places] for about, giver in of_facts if giver is not None}
    own = {environment.path(parameter): parameter for parameter in merged}
    owners = {path: documents[(parameter.giver("value") or parameter.written[0]).places] for path, parameter in own.items()}
    return Sum(tuple(part.document for part in parts), owners, every, givers, lambda path: own[path].facts() if path in own else {})


def _commands(document: Document, environment: Environment, merged: Iterable[Parameter], changes: Sequence[Change]) -> list[Command] | None:
    from .commands import Store  # only for a finding that can be fixed

    return document.cached("store", lambda: Store(document, environment, merged)).commands(changes)


def _origin(read: ParameterFile, parameters: Mapping[SettingPath, Parameter]) -> EntriesOrigin:
    first = next(iter(parameters.values()), None)
    start = partial(first_character, first.written[0].places) if first is not None else lambda: Span(0, 0)
    lines = read.file.cached("lines of parameters", lambda: _lines_of(read))
    return EntriesOrigin(parameters, lines, start)


def _lines_of(read: ParameterFile) -> Lines:
    file, is_yaml = read.file, read.file.looks_like_yaml
    whole = all(parsed.intact for parsed in read.documents)  # so that no text can be mistaken for a name

    def visibility() -> Visibility:
        known = settings.catalogue()
        environments = read.environments.values()
        every = [(environment.path(parameter), parameter) for environment in environments for parameter in environment.parameters]
        paths = {parameter.name: path for path, parameter in every}
        names = {name for name, path in paths.items() if whole or known.get(path) is not None} | read.public | read.other
        given_names = {parameter.name for parameter in read.given}

        def own(text: str) -> bool:
            return text in given_names or is_of_a_format(text)

        @cache
        def placed() -> Mapping[int, Public | None]:
            """The settings as which the parts of parameters may be shown, by where they start."""
            found: dict[int, Public | None] = {}
            parts: tuple[FactPart, ...] = ("key", "value", "type", "tier")
            for path, parameter, part in ((path, parameter, part) for path, parameter in every for part in parts) if whole else ():
                giver, span = parameter.giver(part), parameter.span(part)
                holder = giver.places.find(giver.at) if giver is not None else None
                if holder is not None and holder.value.start <= span.start < holder.value.end:  # else an alias for a value elsewhere
                    found[span.start] = own if part == "key" else found.get(span.start, parameter.shown_as(path, span))
            return found

        return Visibility(
            lambda name: own if name in read.public else public_at(known, paths.get(name)),
            (lambda _name: True) if whole and not is_yaml else names.__contains__,
            placed=lambda offset: placed().get(offset),
        )

    return Lines(file.text, visibility, (lambda: yaml_tokens(file.text.content, file.yaml)) if is_yaml else None)
