"""From parameters of Parameter Store to documents of the kind ``server/ssm``, and what of their lines is safe to show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from .. import settings
from ..model import UNKNOWN, Change, Command, Document, SettingPath
from ..model import Part as FactPart
from ..redaction.tokens import yaml_tokens
from ..redaction.values import Public, Visibility, is_of_a_format
from ..server.loader import build_tree, ssm_value
from ..syntax.places import Json
from ..syntax.yaml import Yaml
from ..text import Span
from ..typed import Final, NamedTuple
from .entries import EntriesOrigin
from .lines import Lines
from .origin import first_character, public_at
from .parameter_problems import checked, is_refused, merge, misplaced, name_reason
from .parameters import KIND, Environment, Named, Parameter, environments
from .problems import Consequence, encoding_problems, tree_problems
from .source import Loaded, Problem, SourceFile
from .sums import SumOrigin, SumParts
from .variables_in_yaml import suppression_comments_of


class ParameterFile(NamedTuple):
    """A file of parameters: the documents of its text, what they hold, and how its lines are shown.

    ``public`` and ``other`` are the names of the file format itself, of those whose values may be shown and of the rest. ``whole``: no text
    can have been taken for a name. ``consequence`` is what comes of mistakes in the text. ``is_dump``: the file is what AWS prints, whole,
    so that a fix is made by commands. ``complete``: all of its parameters were given together with all others of their paths.
    """

    file: SourceFile
    documents: list[Json | Yaml]
    given: Sequence[Named]
    public: frozenset[str]
    other: frozenset[str]
    consequence: Consequence
    whole: bool
    is_dump: bool = False
    complete: bool = False

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with its text."""
        found = (one for parsed in self.documents for one in tree_problems(parsed, self.consequence))
        return (*encoding_problems(self.file, self.consequence), *found, *suppression_comments_of(self.file).problems)

    @property
    def lines(self) -> Lines:
        """Its lines as they may be shown."""
        return self.file.cached("lines of parameters", lambda: _lines_of(self))

    @property
    def known(self) -> list[Environment]:
        """The servers that its parameters configure, worked out once."""
        return self.file.cached("environments", lambda: environments(self.given))

    @property
    def environments(self) -> Mapping[str, Environment]:
        """The same by their paths, with those parameters only whose names are sound."""

        def found() -> Mapping[str, Environment]:
            broken = any(problem.lossy for parsed in self.documents for problem in parsed.problems)
            # A lost quote can make a part of a secret a part of a name, which would be printed.
            every = environments([one for one in self.given if name_reason(one.name) is None]) if broken else self.known
            return {one.prefix: one for one in every}

        return self.file.cached("sound environments", found)


CheckParameter = Callable[[Parameter, SettingPath], Problem | None]
"""What a source has to say of one parameter."""


def load_parameters(
    read: ParameterFile,
    *,
    check_parameter: CheckParameter = lambda _parameter, _path: None,
    others: Callable[[Environment], Sequence[ParameterFile]] = lambda _environment: (),
) -> list[Loaded]:
    """One document for each environment of a file; mistakes in its text are reported with the first.

    ``others`` are the files that say more of the parameters of an environment: these are one document.
    """
    loaded: list[Loaded] = []
    for environment in read.environments.values():
        part = _part(read, environment)
        beside = [_part(one, environment) for one in others(environment)]
        if beside:
            loaded.append(_sum([part, *beside], check_parameter))
            continue
        wrong = checked(part.merged, environment, read.file.release, check_parameter)
        loaded.append(part.loaded._replace(problems=(*part.loaded.problems, *wrong)))
    if not loaded:
        document = Document(read.file.uri, KIND, read.file.text, {}, _origin(read, {}), complete=False)
        loaded = [Loaded(document, read.problems, checkable=False)]
    return loaded


class _Part(NamedTuple):
    """What one file says of an environment: each parameter once, and the document with what is wrong with how it is written."""

    read: ParameterFile
    environment: Environment
    merged: list[Parameter]
    loaded: Loaded


def _part(read: ParameterFile, meant: Environment) -> _Part:
    """What a file says of an environment; mistakes in its text are reported with its first one."""
    file, environment = read.file, read.environments[meant.prefix]._replace(name=meant.name)
    here = [parameter for parameter in environment.parameters if not parameter.missing]
    merged, duplicates = merge(here, environment)
    parameters = {environment.path(parameter): parameter for parameter in merged}
    complete = file.cached("whole", lambda: all(parsed.whole for parsed in read.documents)) and (
        read.complete or any(parameter.complete for parameter in here)
    )
    document = _document(read, environment, parameters, _origin(read, parameters), complete)
    is_first = next(iter(read.environments)) == environment.prefix
    wrong = [
        *(read.problems if is_first else ()),
        *duplicates,
        *misplaced(environment),
    ]
    loaded = Loaded(
        document,
        tuple(wrong),
        suppressions=suppression_comments_of(file).suppressions,
        commander=partial(_commands, document, environment, parameters) if read.is_dump else None,
        places=frozenset({(file.uri, environment.prefix)}),
    )
    return _Part(read, environment, merged, loaded)


def _document(
    read: ParameterFile,
    environment: Environment,
    parameters: Mapping[SettingPath, Parameter],
    origin: EntriesOrigin | SumOrigin,
    complete: bool,
    parts: SumParts | None = None,
) -> Document:
    """The configuration that parameters make: each set at its dotted path, in order, as the loader of a release does."""
    file, known = read.file, settings.catalogue()
    texts = {path: one.value if isinstance(one.value, str) and not is_refused(one, path) else UNKNOWN for path, one in parameters.items()}
    values = (
        (path, ssm_value(text, known.get(path), file.release) if isinstance(text, str) else UNKNOWN)
        for path, text in texts.items()
        if known.get(path) is not None or name_reason(parameters[path].name) is None  # else that AWS refuses it is enough to say
    )
    return Document(
        file.uri,
        KIND,
        file.text,
        build_tree(values),
        origin,
        environment=environment.name,
        complete=complete,
        given=tuple(texts.items()),
        parts=parts,
    )


def _sum(parts: Sequence[_Part], check_parameter: CheckParameter) -> Loaded:
    """The document of what several files say of one environment: each fact of a parameter is that of the file which says it."""
    environment = parts[0].environment
    merged, _ = merge([parameter for part in parts for parameter in part.merged], environment)
    parameters = {environment.path(one): one for one in merged}
    documents = {tree.places: part.loaded.document for part in parts for tree in part.read.documents}
    givers = {
        (path, part): documents[spot[0]]
        for path, parameter in parameters.items()
        for part in _PARTS
        if (spot := parameter.spot(part)) is not None
    }
    owners = {path: givers[path, "value"] for path in parameters}
    every = [(environment.path(one), part.loaded.document) for part in parts for one in part.merged]
    sum_parts = SumParts(tuple(part.loaded.document for part in parts), owners, every, givers)
    origin = SumOrigin(sum_parts, lambda path: parameters[path].facts() if path in parameters else {})
    complete = any(part.loaded.document.complete for part in parts)
    document = _document(parts[0].read, environment, parameters, origin, complete, sum_parts)
    is_dump = all(part.loaded.commander is not None for part in parts)
    commander = partial(_commands, document, environment, parameters) if is_dump else None
    return Loaded(
        document,
        tuple(checked(merged, environment, parts[0].read.file.release, check_parameter)),
        places=frozenset(place for part in parts for place in part.loaded.places),
        parts=tuple(part.loaded._replace(commander=commander) for part in parts),
    )


_PARTS: Final[tuple[FactPart, ...]] = ("value", "type", "tier")


def _commands(
    document: Document, environment: Environment, parameters: Mapping[SettingPath, Parameter], changes: Sequence[Change]
) -> list[Command] | None:
    from .parameter_commands import Store  # only for a finding that can be fixed

    store: Store = document.cached("store", lambda: Store(document, environment, parameters))
    return store.commands(changes)


def _origin(read: ParameterFile, parameters: Mapping[SettingPath, Parameter]) -> EntriesOrigin:
    first = next((spot for one in parameters.values() if (spot := one.spot("key")) is not None), None)
    start = partial(first_character, first[0]) if first is not None else lambda: Span(0, 0)
    return EntriesOrigin(read.file.text.content, parameters, read.lines, start)


def _placed(read: ParameterFile, own: Callable[[str], bool]) -> Iterator[tuple[int, Public | None]]:
    """What the parts of the parameters of a file may be shown as, by where they start; ``own`` tells which texts are names of them."""
    for environment in read.known:
        for one in environment.parameters:
            path = environment.path(one)
            for places, at, fields in one.written:
                holder = places.find(at)
                for part in fields:
                    span = one.span(part)
                    if holder is not None and holder.value.start <= span.start < holder.value.end:  # else an alias for what is elsewhere
                        yield span.start, own if part == "key" else one.shown_as(path, span)


def _lines_of(read: ParameterFile) -> Lines:
    file, is_yaml = read.file, read.file.looks_like_yaml

    def visibility() -> Visibility:
        known = settings.catalogue()
        paths = {one.name: environment.path(one) for environment in read.known for one in environment.parameters}
        names = {name for name, path in paths.items() if read.whole or known.get(path) is not None} | read.public | read.other
        given_names = {one.name for one in read.given}

        def own(text: str) -> bool:
            return text in given_names or is_of_a_format(text)

        placed: dict[int, Public | None] = {}

        def shown_at(offset: int) -> Public | None:
            if not placed and read.whole:
                for start, shown in _placed(read, own):
                    placed[start] = own if shown is own else placed.get(start, shown)
            return placed.get(offset)

        return Visibility(
            lambda name: own if name in read.public else public_at(known, paths.get(name)),
            (lambda _name: True) if read.whole and not is_yaml else names.__contains__,
            placed=shown_at,
        )

    return Lines(file.text, visibility, (lambda: yaml_tokens(file.text.content, file.yaml)) if is_yaml else None)
