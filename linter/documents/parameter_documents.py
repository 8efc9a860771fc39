"""From parameters of Parameter Store to documents of the kind ``server/ssm``, and what of their lines is safe to show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial

from .. import settings
from ..model import UNKNOWN, Change, Command, Document, SettingPath
from ..model import Part as FactPart
from ..redaction.tokens import yaml_tokens
from ..redaction.values import Public, Visibility, is_of_a_format
from ..release import Release
from ..server.loader import build_tree, ssm_value
from ..syntax.places import Json, Places
from ..syntax.yaml import Yaml
from ..text import Span
from ..typed import Any, Final, NamedTuple
from .entries import EntriesOrigin
from .lines import Lines
from .origin import public_at
from .parameter_problems import checked, is_refused, merge, misnamed, misplaced, name_reason, not_found
from .parameters import KIND, Environment, Given, Parameter, Parameters, environments
from .problems import Consequence, encoding_problems, json_problems, yaml_problems
from .source import Loaded, Problem, SourceFile, Suppression
from .sums import SumOrigin, SumParts


class ParameterFile(NamedTuple):
    """A file of parameters: the documents of its text, what they hold, and how its lines are shown.

    ``problems`` are those beside the mistakes of the text, of which ``consequence`` says what comes of each. ``is_dump``: the file is what
    AWS prints, whole, so that a fix is made by commands.
    """

    file: SourceFile
    documents: list[Json | Yaml]
    given: Given
    lines: Lines
    consequence: Consequence
    suppressions: tuple[Suppression, ...] = ()
    problems: tuple[Problem, ...] = ()
    is_dump: bool = False

    @property
    def text_problems(self) -> tuple[Problem, ...]:
        """What is wrong with its text."""
        found = text_problems(self.documents, self.consequence)
        return (*encoding_problems(self.file, self.consequence), *found, *self.problems)

    @property
    def whole(self) -> bool:
        """Whether all of its documents were read to their ends."""
        whole: bool = self.file.cached("whole", lambda: all(parsed.whole for parsed in self.documents))
        return whole

    @property
    def places(self) -> frozenset[Places]:
        """The places of all of its documents."""
        places: frozenset[Places] = self.file.cached("places", lambda: frozenset(parsed.places for parsed in self.documents))
        return places

    @property
    def environments(self) -> Mapping[str, Environment]:
        """The servers that its parameters configure, by their paths, worked out once."""
        every: Mapping[str, Environment] = self.file.cached("environments", self._environments)
        return every

    def _environments(self) -> Mapping[str, Environment]:
        broken = any(problem.lossy for parsed in self.documents for problem in parsed.problems)
        if not broken:
            return {one.prefix: one for one in self.given.environments}
        # A lost quote can make a part of a secret a part of a name, which would be printed.
        parameters = Parameters.of(one for one in self.given.parameters if name_reason(one.name) is None)
        return {one.prefix: one for one in environments(parameters, self.given.missing)}


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
        problems = read.text_problems if not loaded else ()
        beside = others(environment)
        part = _part(read, environment, problems)
        if beside:
            loaded.append(_sum([part, *(_part_of(one, environment) for one in beside)], check_parameter))
            continue
        wrong = checked(part.merged, environment, read.file.release, check_parameter)
        loaded.append(part.loaded._replace(problems=(*part.loaded.problems, *wrong)))
    if not loaded:
        document = Document(read.file.uri, KIND, read.file.text, {}, _origin(read.file, {}, read.lines), complete=False)
        loaded = [Loaded(document, read.text_problems, checkable=False)]
    return loaded


class _Part(NamedTuple):
    """What one file says of an environment: each parameter once, and the document with what is wrong with how it is written."""

    read: ParameterFile
    environment: Environment
    merged: list[Parameter]
    loaded: Loaded


def _part_of(read: ParameterFile, environment: Environment) -> _Part:
    """What another file says of an environment."""
    same = read.environments[environment.prefix]
    is_first = next(iter(read.environments)) == environment.prefix
    return _part(read, same._replace(name=environment.name), read.text_problems if is_first else ())


def _part(read: ParameterFile, environment: Environment, problems: Iterable[Problem]) -> _Part:
    file = read.file
    here = [parameter for parameter in environment.parameters if not parameter.missing]
    merged, duplicates = merge(here, environment)
    parameters = {environment.path(parameter): parameter for parameter in merged}
    document = Document(
        file.uri,
        KIND,
        file.text,
        _tree(parameters, file.release),
        _origin(file, parameters, read.lines),
        environment=environment.name,
        complete=read.whole and any(parameter.complete for parameter in here),
        given=_entries(parameters),
    )
    wrong = [
        *duplicates,
        *misnamed(environment),
        *misplaced(environment),
        *(not_found(one, environment) for one in environment.parameters if one.missing),
    ]
    loaded = Loaded(
        document,
        (*problems, *wrong),
        suppressions=read.suppressions,
        commander=partial(_commands, document, environment, merged) if read.is_dump else None,
        places=frozenset({(file.uri, environment.prefix)}),
    )
    return _Part(read, environment, merged, loaded)


def _entries(parameters: Mapping[SettingPath, Parameter]) -> tuple[tuple[SettingPath, Any], ...]:
    return tuple((path, one.value if _is_readable(one, path) else UNKNOWN) for path, one in parameters.items())


def _sum(parts: Sequence[_Part], check_parameter: CheckParameter) -> Loaded:
    """The document of what several files say of one environment: each fact of a parameter is that of the file which says it."""
    first, environment = parts[0].loaded.document, parts[0].environment
    merged, _ = merge([parameter for part in parts for parameter in part.merged], environment)
    parameters = {environment.path(one): one for one in merged}
    owners = {path: _giver(parts, parameter, "value") for path, parameter in parameters.items()}
    facts_of: dict[tuple[SettingPath, FactPart], Document] = {
        (path, part): _giver(parts, parameter, part)
        for path, parameter in parameters.items()
        for part in _FACTS
        if part in parameter.places
    }
    every = [(environment.path(one), part.loaded.document) for part in parts for one in part.merged]
    sum_parts = SumParts(tuple(part.loaded.document for part in parts), owners, every, facts_of)
    release = parts[0].read.file.release
    document = Document(
        first.uri,
        KIND,
        first.text,
        _tree(parameters, release),
        SumOrigin(sum_parts, lambda path: parameters[path].facts() if path in parameters else {}),
        environment=environment.name,
        complete=any(part.loaded.document.complete for part in parts),
        given=_entries(parameters),
        parts=sum_parts,
    )
    is_dump = all(part.loaded.commander is not None for part in parts)
    commander = partial(_commands, document, environment, merged) if is_dump else None
    return Loaded(
        document,
        tuple(checked(merged, environment, release, check_parameter)),
        places=frozenset(place for part in parts for place in part.loaded.places),
        parts=tuple(part.loaded._replace(commander=commander) for part in parts),
    )


_FACTS: Final[tuple[FactPart, ...]] = ("type", "tier")


def _giver(parts: Sequence[_Part], parameter: Parameter, part: FactPart) -> Document:
    """The document of the file in which a part of a parameter stands that is put together of several."""
    places = parameter.places[part][0]
    return next(one.loaded.document for one in parts if places in one.read.places)


def _commands(document: Document, environment: Environment, parameters: list[Parameter], changes: Sequence[Change]) -> list[Command] | None:
    from .parameter_commands import Held, commands_for  # only for a finding that can be fixed

    held: Held = document.cached("parameters held", lambda: Held(environment, parameters))
    return commands_for(document, held, changes)


def _origin(file: SourceFile, parameters: Mapping[SettingPath, Parameter], lines: Lines) -> EntriesOrigin:
    def start() -> Span:
        """The first character of the document in which the first parameter stands: what lacks a setting is all of it."""
        first = next(iter(parameters.values()), None)
        root = first.places["key"][0].find(()) if first is not None else None
        return Span(root.value.start, root.value.start + 1) if root is not None else Span(0, 0)

    return EntriesOrigin(file.text.content, parameters, lines, start)


def text_problems(documents: Iterable[Json | Yaml], consequence: Consequence) -> Iterator[Problem]:
    """Mistakes in the text of the documents of a file."""
    for parsed in documents:
        yield from json_problems(parsed, consequence) if isinstance(parsed, Json) else yaml_problems(parsed, consequence)


def _tree(parameters: Mapping[SettingPath, Parameter], release: Release) -> dict[str, Any]:
    """The configuration that the parameters make: each set at its dotted path, in order, as the loader of a release does."""
    known = settings.catalogue()
    given: list[tuple[SettingPath, Any]] = []
    for path, parameter in parameters.items():
        setting = known.get(path)
        if setting is None and name_reason(parameter.name) is not None:
            continue  # that AWS refuses it is enough to say
        given.append((path, ssm_value(parameter.value, setting, release) if _is_readable(parameter, path) else UNKNOWN))
    return build_tree(given)


def _is_readable(parameter: Parameter, path: SettingPath) -> bool:
    return isinstance(parameter.value, str) and not is_refused(parameter, path)


class _Placed:
    """The parts of the parameters of a file, by where they stand; ``own`` tells which texts are names of them."""

    def __init__(self, given: Given, own: Callable[[str], bool]) -> None:
        self._given = given
        self._own = own

    def at(self, offset: int) -> Public | None:
        """What the text that starts at an offset may be shown as."""
        return self._parts.get(offset)

    @cached_property
    def _parts(self) -> Mapping[int, Public | None]:
        found: dict[int, Public | None] = {}
        for environment in self._given.environments:
            for one in environment.parameters:
                path = environment.path(one)
                for part, (places, at) in one.places.items():
                    span, holder = one.span(part), places.find(at[:-1])
                    if holder is None or not holder.value.start <= span.start < holder.value.end:
                        continue  # an alias stands for what is elsewhere
                    if part == "key":
                        found[span.start] = self._own
                    else:
                        found.setdefault(span.start, one.shown_as(path, span))
        return found


def lines_of(file: SourceFile, public: frozenset[str], other: frozenset[str], given: Given, *, whole: bool) -> Lines:
    """Lines of a file of parameters.

    ``public`` and ``other`` are the names of the file format itself, of those whose values may be shown and of the rest.
    """
    is_yaml = file.looks_like_yaml

    def visibility() -> Visibility:
        known = settings.catalogue()
        paths = {one.name: environment.path(one) for environment in given.environments for one in environment.parameters}
        names = {name for name, path in paths.items() if whole or known.get(path) is not None} | public | other
        given_names = set(given.names)

        def own(text: str) -> bool:
            return text in given_names or is_of_a_format(text)

        return Visibility(
            lambda name: own if name in public else public_at(known, paths.get(name)),
            (lambda _name: True) if whole and not is_yaml else names.__contains__,
            placed=_Placed(given, own).at if whole else lambda _offset: None,
        )

    return Lines(file.text, visibility, (lambda: yaml_tokens(file.text.content, file.yaml)) if is_yaml else None)
