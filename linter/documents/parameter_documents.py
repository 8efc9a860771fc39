"""From parameters of Parameter Store to documents of the kind ``server/ssm``, and what of their lines is safe to show."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from .. import settings
from ..model import UNKNOWN, Change, Command, Document, SettingPath
from ..redaction.token_line import LineExcerpts, yaml_tokens
from ..redaction.values import Visibility, is_of_a_format
from ..release import Release
from ..server.loader import build_tree, ssm_value
from ..syntax.places import Json
from ..syntax.yaml import Yaml
from ..text import Span
from .entries import EntriesOrigin
from .lines import JsonLines, Lines, TokenLines
from .origin import public_at
from .parameter_problems import checked, is_refused, merge, misnamed, name_reason, not_found
from .parameters import KIND, Environment, Given, Parameter, environments
from .problems import encoding_problems, json_problems, yaml_problems
from .source import Loaded, Problem, SourceFile, Suppression


def load_parameters(
    file: SourceFile,
    documents: list[Json | Yaml],
    given: Given,
    lines: Lines,
    consequence: str,
    *,
    check_parameter: Callable[[Parameter, SettingPath], Problem | None] = lambda _parameter, _path: None,
    suppressions: tuple[Suppression, ...] = (),
    problems: Iterable[Problem] = (),
    is_dump: bool = False,
) -> list[Loaded]:
    """One document for each environment of a file; mistakes in its text are reported with the first.

    ``is_dump``: the file is what AWS prints, whole, so that a fix is made by commands.
    """
    broken = any(problem.lossy for parsed in documents for problem in parsed.problems)
    # A lost quote can make a part of a secret a part of a name, which would be printed.
    parameters = [one for one in given.parameters if not broken or name_reason(one.name) is None]
    every = environments([*parameters, *(one._replace(missing=True) for one in given.missing)])
    in_text = (*encoding_problems(file, consequence), *text_problems(documents, consequence), *problems)
    whole = all(parsed.whole for parsed in documents)
    loaded: list[Loaded] = []
    for environment in every:
        here = [parameter for parameter in environment.parameters if not parameter.missing]
        merged, duplicates = merge(here, environment)
        document = Document(
            file.uri,
            KIND,
            file.text,
            _tree(merged, environment, file.release),
            _origin(file, {environment.path(parameter): parameter for parameter in merged}, lines),
            environment=environment.name,
            complete=whole and any(parameter.complete for parameter in here),
            given=tuple((environment.path(one), one.value if _is_readable(one, environment.path(one)) else UNKNOWN) for one in merged),
        )
        wrong = [*duplicates, *misnamed(environment), *checked(merged, environment, file.release, check_parameter)]
        wrong += [not_found(one, environment) for one in environment.parameters if one.missing]
        loaded.append(
            Loaded(
                document,
                (*(in_text if not loaded else ()), *wrong),
                suppressions=suppressions,
                commander=partial(_commands, document, environment, merged) if is_dump else None,
            )
        )
    if not loaded:
        document = Document(file.uri, KIND, file.text, {}, _origin(file, {}, lines), complete=False)
        loaded = [Loaded(document, in_text, checkable=False)]
    return loaded


def _commands(document: Document, environment: Environment, parameters: list[Parameter], changes: Sequence[Change]) -> list[Command] | None:
    from .parameter_commands import commands_for  # only for a finding that can be fixed

    return commands_for(document, environment, parameters, changes)


def _origin(file: SourceFile, parameters: Mapping[SettingPath, Parameter], lines: Lines) -> EntriesOrigin:
    def start() -> Span:
        """The first character of the document in which the first parameter stands: what lacks a setting is all of it."""
        first = next(iter(parameters.values()), None)
        root = first.places["key"][0].find(()) if first is not None else None
        return Span(root.value.start, root.value.start + 1) if root is not None else Span(0, 0)

    return EntriesOrigin(file.text.content, parameters, lines, start)


def text_problems(documents: Iterable[Json | Yaml], consequence: str) -> Iterator[Problem]:
    """Mistakes in the text of the documents of a file."""
    for parsed in documents:
        yield from json_problems(parsed, consequence) if isinstance(parsed, Json) else yaml_problems(parsed, consequence)


def _tree(parameters: list[Parameter], environment: Environment, release: Release) -> dict[str, Any]:
    """The configuration that the parameters make: each set at its dotted path, in order, as the loader of a release does."""
    known = settings.catalogue()
    given: list[tuple[SettingPath, Any]] = []
    for parameter in parameters:
        path = environment.path(parameter)
        if known.get(path) is None and name_reason(parameter.name) is not None:
            continue  # that AWS refuses it is enough to say
        given.append((path, ssm_value(parameter.value, known.get(path), release) if _is_readable(parameter, path) else UNKNOWN))
    return build_tree(given)


def _is_readable(parameter: Parameter, path: SettingPath) -> bool:
    return isinstance(parameter.value, str) and not is_refused(parameter, path)


def lines_of(file: SourceFile, public: frozenset[str], other: frozenset[str], given: Collection[Parameter], *, whole: bool) -> Lines:
    """Lines of a file of parameters.

    ``public`` and ``other`` are the names of the file format itself, of those whose values may be shown and of the rest.
    """
    is_yaml = file.looks_like_yaml

    def visibility() -> Visibility:
        known = settings.catalogue()
        paths = {one.name: environment.path(one) for environment in environments(given) for one in environment.parameters}
        names = {name for name, path in paths.items() if whole or known.get(path) is not None} | public | other
        given_names = {parameter.name for parameter in given}

        def own(text: str) -> bool:
            return text in given_names or is_of_a_format(text)

        return Visibility(
            lambda name: own if name in public else public_at(known, paths.get(name)),
            (lambda _name: True) if whole and not is_yaml else names.__contains__,
        )

    if is_yaml:
        return TokenLines(lambda: LineExcerpts(file.text, yaml_tokens(file.text.content)), visibility)
    return JsonLines(file.text, visibility)
