"""From parameters of Parameter Store to documents of the kind ``server/ssm``, and what of their lines is safe to show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from .. import settings
from ..model import UNKNOWN, Document, SettingPath
from ..redaction.json_line import Visibility, excerpt, line_pieces
from ..redaction.token_line import LineExcerpts, yaml_tokens
from ..redaction.values import Public, is_of_a_format
from ..server.loader import ssm_value
from ..server.tree import plant
from ..syntax.json import Json
from ..syntax.yaml import Yaml
from ..text import Excerpt, Piece, Span
from .entries import EntriesOrigin
from .origin import public_at
from .parameter_problems import checked, is_refused, merge, misnamed, name_reason, not_found
from .parameters import KIND, Environment, Given, Parameter, environments
from .problems import encoding_problems, json_problems, yaml_problems
from .source import Loaded, Problem, SourceFile, Suppression


def load_parameters(
    file: SourceFile,
    documents: list[Json | Yaml],
    given: Given,
    show: FileLines,
    consequence: str,
    *,
    check_parameter: Callable[[Parameter, SettingPath], Problem | None] = lambda _parameter, _path: None,
    suppressions: tuple[Suppression, ...] = (),
    problems: Iterable[Problem] = (),
) -> list[Loaded]:
    """One document for each environment of a file; mistakes in its text are told with the first."""
    broken = any(problem.lossy for parsed in documents for problem in parsed.problems)
    # A lost quote can make a part of a secret a part of a name, which would be told.
    parameters = [one for one in given.parameters if not broken or name_reason(one.name) is None]
    found = environments([*parameters, *(one._replace(missing=True) for one in given.missing)])
    in_text = (*encoding_problems(file, consequence), *text_problems(documents, consequence), *problems)
    whole = all(parsed.whole for parsed in documents)
    loaded: list[Loaded] = []
    for environment in found:
        here = [parameter for parameter in environment.parameters if not parameter.missing]
        merged, duplicates = merge(here, environment)
        document = Document(
            file.uri,
            KIND,
            file.text,
            _tree(merged, environment),
            _origin(file, {environment.path(parameter): parameter for parameter in merged}, show),
            environment=environment.name,
            complete=whole and any(parameter.complete for parameter in here),
        )
        wrong = [*duplicates, *misnamed(environment), *checked(merged, environment, check_parameter)]
        wrong += [not_found(one, environment) for one in environment.parameters if one.missing]
        loaded.append(Loaded(document, (*(in_text if not loaded else ()), *wrong), suppressions=suppressions))
    if not loaded:
        document = Document(file.uri, KIND, file.text, {}, _origin(file, {}, show), complete=False)
        loaded = [Loaded(document, in_text, checkable=False)]
    return loaded


def _origin(file: SourceFile, parameters: Mapping[SettingPath, Parameter], lines: FileLines) -> EntriesOrigin:
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


def _tree(parameters: list[Parameter], environment: Environment) -> dict[str, Any]:
    """The configuration that the parameters make: each set at its dotted path, in order, as the server's loader does."""
    known = settings.catalogue()
    given: list[tuple[SettingPath, Any]] = []
    for parameter in parameters:
        path = environment.path(parameter)
        if known.get(path) is None and name_reason(parameter.name) is not None:
            continue  # that AWS refuses it is enough to say
        readable = isinstance(parameter.value, str) and not is_refused(parameter, path)
        given.append((path, ssm_value(parameter.value, known.get(path)) if readable else UNKNOWN))
    return plant(given)


class FileLines:
    """Shows lines of a file of parameters, with all masked that may be secret.

    ``public`` and ``other`` are the names of the file format itself, of those whose values may be shown and of the rest. ``names`` are
    those of the parameters, for files in which they stand before the values.
    """

    def __init__(self, file: SourceFile, public: frozenset[str], other: frozenset[str], names: Iterable[Parameter], *, whole: bool) -> None:
        self._text = file.text
        self._is_yaml = file.looks_like_yaml
        self._public = public
        self._other = other
        self._whole = whole
        self._parameters = names

    def excerpt(self, span: Span, *, show: Public | None) -> Excerpt:
        """The line on which a span starts; with ``show`` the value that stands there may be seen as one of these settings."""
        if self._is_yaml:
            return self._yaml.excerpt(span, self._visibility, show=show)
        return excerpt(self._text, span, span.start, self._visibility, show=show)

    def pieces(self, part: Span) -> Iterator[Piece]:
        """See :meth:`linter.model.Origin.pieces`."""
        return self._yaml.pieces(part, self._visibility) if self._is_yaml else line_pieces(self._text, part, self._visibility)

    @cached_property
    def _yaml(self) -> LineExcerpts:
        return LineExcerpts(self._text, yaml_tokens(self._text.content))

    @cached_property
    def _visibility(self) -> Visibility:
        known = settings.catalogue()
        paths = {
            parameter.name: environment.path(parameter)
            for environment in environments(self._parameters)
            for parameter in environment.parameters
        }
        names = {name for name, path in paths.items() if self._whole or known.get(path) is not None} | self._public | self._other
        lax = self._whole and not self._is_yaml
        given = {parameter.name for parameter in self._parameters}

        def own(text: str) -> bool:
            return text in given or is_of_a_format(text)

        def public(name: str) -> Public | None:
            return own if name in self._public else public_at(known, paths.get(name))

        return Visibility(public, (lambda _name: True) if lax else names.__contains__)
