"""Parameters of Parameter Store, wherever they are written: from names and texts to documents of the kind ``server/ssm``.

The server reads all parameters directly beneath the path that its argument names (``aws:REGION:/medplum/prod/``), and takes the rest of
each name for a dotted setting (``packages/server/src/cloud/aws/config.ts``). What names and values can be is said in the AWS Systems
Manager documentation ("Creating Parameter Store parameters", "Managing parameter tiers").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final, NamedTuple

from .. import settings
from ..model import UNKNOWN, Document, Fact, Part, SettingPath
from ..redaction.json_line import Visibility, excerpt, line_pieces
from ..redaction.token_line import LineExcerpts, yaml_tokens
from ..redaction.values import Public, is_of_a_format
from ..server.loader import ssm_value
from ..server.tree import dotted_path, plant
from ..syntax.json import Json, JsonPath, Place, Places
from ..syntax.json_in_text import InnerJson
from ..syntax.yaml import Yaml, YamlPlaces
from ..text import Excerpt, Piece, Span, printable
from .origin import public_at
from .problems import encoding_problems, json_problems, yaml_problems
from .recognise import GENERIC, SHARED_WITH_APPS, server_settings
from .source import Loaded, Problem, SourceFile, Suppression

KIND: Final = "server/ssm"
TYPES: Final = frozenset({"String", "StringList", "SecureString"})
LIMITS: Final = {"Standard": 4096, "Advanced": 8192, "Intelligent-Tiering": 8192}
"""Characters that a parameter of each tier can hold."""

_MOST_LEVELS: Final = 15
_LONGEST_NAME: Final = 1011
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_.\-/]")
_VARIABLE: Final = re.compile(r"\$\{[^{}]*\}")
_TOLD_BY_RULES: Final = frozenset({("database", "ssl", "ca"), ("readonlyDatabase", "ssl", "ca")})
"""Settings whose length rules of their own judge."""

Spot = tuple[Places, JsonPath]
"""A place in one of the documents of a file."""


class Parameter(NamedTuple):
    """One parameter where it is written. ``value`` is ``UNKNOWN`` where there is none, or it cannot be read."""

    name: str
    value: Any
    places: Mapping[Part, Spot]
    type: str | None = None
    tier: str | None = None
    stored: bool = False
    """Whether AWS holds it, so that its value fits whatever tier it has."""
    version: int | None = None
    arn: str | None = None
    complete: bool = False
    """Whether it was given together with all other parameters of its path."""

    @property
    def limit(self) -> int:
        """The characters that its value can have; without a tier it is taken for Standard, as AWS does."""
        return LIMITS.get(str(self.tier), LIMITS["Advanced" if self.stored else "Standard"])

    def facts(self) -> dict[str, Fact]:
        """What rules may ask of it."""
        facts: dict[str, Fact] = {"name": self.name}
        if self.type is not None:
            facts["type"] = self.type
        if self.tier is not None:
            facts["tier"] = self.tier
        if isinstance(self.value, str):
            length = len(self.value)
            facts |= {"raw": self.value, "length": length, "limit": self.limit, "used": 100 * length / self.limit}
        return facts

    def spot(self, part: Part) -> tuple[Place | None, Spot]:
        """Where a part of it stands; the name where the part is not given."""
        spot = self.places.get(part, self.places["key"])
        return spot[0].find(spot[1]), spot

    def span(self, part: Part) -> Span:
        """The same as characters."""
        place, (_, path) = self.spot(part)
        if place is None:
            return Span(0, 1)
        is_key = place.key is not None and (part == "key" and path[-1:] == (self.name,) or place.value.start == place.value.end)
        return place.key if is_key and place.key is not None else place.value


class Environment(NamedTuple):
    """The parameters of one server. ``strays`` are meant for it, but their names begin otherwise, so that it never sees them."""

    name: str
    prefix: str
    parameters: list[Parameter]
    strays: list[Parameter]

    def path(self, parameter: Parameter) -> SettingPath:
        """The path of the setting that a parameter gives. One that is nested too deeply is called ``database/host``."""
        setting = parameter.name[len(self.prefix) + 1 :]
        return (setting,) if "/" in setting else dotted_path(setting)


class Given(NamedTuple):
    """What a file holds: its parameters, and names that AWS did not find."""

    parameters: list[Parameter]
    missing: list[Parameter] = []


# --- Environments --------------------------------------------------------------------------------------------------------------------


def environments(parameters: Iterable[Parameter]) -> list[Environment]:
    """The servers that parameters configure, in the order of the file. Parameters of other programs are left out."""
    by_prefix: dict[str, list[Parameter]] = {}
    for parameter in parameters:
        by_prefix.setdefault(_prefix(parameter.name), []).append(parameter)
    ours = {prefix: given for prefix, given in by_prefix.items() if _is_medplum(prefix) or _configures_server(prefix, given)}
    beneath: dict[str, list[Parameter]] = {}
    for prefix, given in by_prefix.items():
        holder = _above(prefix, ours) if prefix not in ours else None
        if holder is not None:
            beneath.setdefault(holder, []).extend(given)
    return _named(_by_spelling({prefix: [*given, *beneath.get(prefix, [])] for prefix, given in ours.items()}))


def _prefix(name: str) -> str:
    """The path of a server's parameters: two levels under ``/medplum``, all but the last level elsewhere."""
    parts = name.split("/")
    start = 0 if parts[0] else 1
    if len(parts) > start + 2 and parts[start].lower() == "medplum":
        return "/".join(parts[: start + 2])
    return "/".join(parts[:-1])


def _is_medplum(prefix: str) -> bool:
    parts = prefix.removeprefix("/").split("/")
    return len(parts) == 2 and parts[0].lower() == "medplum" and bool(parts[1])


def _configures_server(prefix: str, parameters: list[Parameter]) -> bool:
    """Whether the names beneath another path are a server's: at least two, of which one is nobody else's, unless the path says so."""
    names = {parameter.name[len(prefix) + 1 :] for parameter in parameters}
    known = {name: None for name in names if settings.catalogue().get(tuple(name.split("."))) is not None}
    if not prefix or len(known) < 2:
        return False
    dotted = {name for name in known if "." in name}
    return "medplum" in prefix.lower() or bool((server_settings(known) | dotted) - GENERIC - SHARED_WITH_APPS)


def _above(prefix: str, known: Collection[str]) -> str | None:
    """The nearest path above another one that is known. AWS takes no name with as many levels as are looked at here."""
    for _ in range(2 * _MOST_LEVELS):
        prefix, slash, _level = prefix.rpartition("/")
        if not slash or prefix in known:
            return prefix if slash else None
    return None


def _by_spelling(ours: Mapping[str, list[Parameter]]) -> list[tuple[str, list[Parameter], list[Parameter]]]:
    """Paths that differ in upper and lower case only are one server's, to which all but the most usual are lost."""
    spellings: dict[str, list[str]] = {}
    for prefix in ours:
        spellings.setdefault(prefix.lower(), []).append(prefix)
    found = []
    for prefixes in spellings.values():
        main = max(prefixes, key=lambda prefix: (len(ours[prefix]), prefix.startswith("/medplum/")))
        strays = [parameter for prefix in prefixes if prefix != main for parameter in ours[prefix]]
        found.append((main, ours[main], strays))
    return found


def _named(found: list[tuple[str, list[Parameter], list[Parameter]]]) -> list[Environment]:
    """Each is called by the last level of its path, or if that is not enough by the whole of it."""
    last = Counter(prefix.rpartition("/")[2] for prefix, _, _ in found)
    return [
        Environment(name if last[name := prefix.rpartition("/")[2]] == 1 else prefix.removeprefix("/"), prefix, given, strays)
        for prefix, given, strays in found
    ]


# --- Documents -----------------------------------------------------------------------------------------------------------------------


def load_parameters(
    file: SourceFile,
    documents: list[Json | Yaml],
    given: Given,
    show: FileLines,
    consequence: str,
    *,
    judge_parameter: Callable[[Parameter, SettingPath], Problem | None] = lambda _parameter, _path: None,
    suppressions: tuple[Suppression, ...] = (),
    problems: Iterable[Problem] = (),
) -> list[Loaded]:
    """One document for each environment of a file; mistakes in its text are told with the first."""
    broken = any(problem.rule in ("invalid-json", "invalid-yaml") for parsed in documents for problem in parsed.problems)
    # A lost quote can make a part of a secret a part of a name, which would be told.
    parameters = [one for one in given.parameters if not broken or _name_reason(one.name) is None]
    found = environments([*parameters, *given.missing])
    in_text = (*encoding_problems(file, consequence), *text_problems(documents, consequence), *problems)
    whole = all(parsed.whole for parsed in documents)
    missing = {id(parameter) for parameter in given.missing}
    loaded: list[Loaded] = []
    for environment in found:
        here = [parameter for parameter in environment.parameters if id(parameter) not in missing]
        settled, twice = _settled(here, environment)
        origin = ParameterOrigin(file.text.content, environment, settled, show)
        document = Document(
            file.uri,
            KIND,
            file.text,
            _tree(settled, environment),
            origin,
            environment=environment.name,
            complete=whole and any(parameter.complete for parameter in here),
        )
        wrong = [*twice, *_misnamed(environment), *_judged(settled, environment, judge_parameter)]
        wrong += [_missing(one, environment) for one in environment.parameters if id(one) in missing]
        loaded.append(Loaded(document, (*(in_text if not loaded else ()), *wrong), suppressions=suppressions))
    if not loaded:
        origin = ParameterOrigin(file.text.content, Environment("", "", [], []), [], show)
        loaded = [Loaded(Document(file.uri, KIND, file.text, {}, origin, complete=False), in_text, judge=False)]
    return loaded


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
        if known.get(path) is None and _name_reason(parameter.name) is not None:
            continue  # that AWS refuses it is enough to say
        judged = isinstance(parameter.value, str) and not _is_refused(parameter, path)
        given.append((path, ssm_value(parameter.value, known.get(path)) if judged else UNKNOWN))
    return plant(given)


# --- What is wrong with parameters, whatever they say --------------------------------------------------------------------------------


def _settled(parameters: list[Parameter], environment: Environment) -> tuple[list[Parameter], list[Problem]]:
    """Each parameter once: what two outputs of AWS say of one is put together, and of two that differ the last counts."""
    settled: dict[str, Parameter] = {}
    problems: list[Problem] = []
    for parameter in parameters:
        older = settled.get(parameter.name)
        if older is None:
            settled[parameter.name] = parameter
        elif _differ(older, parameter):
            settled[parameter.name] = parameter
            message = (
                f"{printable(parameter.name)} is given twice and differs: a name exists once in an account and region, so these come "
                "from two, or one is out of date; here the last one counts"
            )
            problems.append(Problem("duplicate-parameter", message, parameter.span("key"), environment.path(parameter)))
        else:
            settled[parameter.name] = _together(older, parameter)
    return list(settled.values()), problems


def _differ(older: Parameter, newer: Parameter) -> bool:
    if older.arn is not None and newer.arn is not None and older.arn != newer.arn:
        return True
    if older.version is not None and newer.version is not None and older.version != newer.version:
        return False  # its history
    known = isinstance(older.value, str) and isinstance(newer.value, str)
    types = older.type is not None and newer.type is not None and older.type != newer.type
    return types or (known and older.value != newer.value)


def _together(older: Parameter, newer: Parameter) -> Parameter:
    """One parameter of which two outputs tell, such as the one with values and the one with tiers. A newer version replaces an older."""
    if (newer.version or 0) < (older.version or 0):
        older, newer = newer, older
    base, more = (older, newer) if isinstance(older.value, str) and not isinstance(newer.value, str) else (newer, older)
    return base._replace(
        type=base.type or more.type,
        tier=base.tier or more.tier,
        stored=base.stored or more.stored,
        arn=base.arn or more.arn,
        places={**more.places, **base.places},
    )


def _misnamed(environment: Environment) -> Iterator[Problem]:
    """Parameters that the server never sees because of upper or lower case in the first levels of the name."""
    for parameter in environment.strays:
        message = (
            f"the server never sees {printable(parameter.name)}: names are case-sensitive, and the others of this environment begin "
            f"with {printable(environment.prefix)}/"
        )
        yield Problem("parameter-name-case", message, parameter.span("key"))
    first = environment.prefix.removeprefix("/").partition("/")[0]
    if first.lower() == "medplum" and first != "medplum" and environment.parameters:
        message = (
            f"{printable(environment.prefix)}/ is not {printable(environment.prefix.replace(first, 'medplum', 1))}/, for names are "
            "case-sensitive: the server finds these parameters only if its argument is spelt like this"
        )
        yield Problem("parameter-name-case", message, environment.parameters[0].span("key"))


def _missing(parameter: Parameter, environment: Environment) -> Problem:
    message = f"there is no parameter {printable(parameter.name)}: AWS found none of this name; put it, or correct the name"
    return Problem("parameter-not-found", message, parameter.span("key"), environment.path(parameter))


def _judged(
    parameters: list[Parameter], environment: Environment, judge_parameter: Callable[[Parameter, SettingPath], Problem | None]
) -> Iterator[Problem]:
    for parameter in parameters:
        path = environment.path(parameter)
        for problem in (
            _wrong_name(parameter, path),
            _too_long(parameter, path),
            _braces(parameter, path),
            judge_parameter(parameter, path),
        ):
            if problem is not None:
                yield problem
    yield from _beside_members(parameters, environment)


def _wrong_name(parameter: Parameter, path: SettingPath) -> Problem | None:
    reason = _name_reason(parameter.name)
    if reason is None:
        return None
    message = f"AWS refuses the name {printable(parameter.name)}: it {reason}"
    return Problem("invalid-parameter-name", message, parameter.span("key"), path)


def _name_reason(name: str) -> str | None:
    """Why AWS refuses a name; None if it does not. What a template replaces in it is taken for fitting."""
    name = _VARIABLE.sub("x", name)
    if not name.startswith("/"):
        return "has levels and must begin with a slash"
    if not name.isascii() or _NOT_IN_NAMES.search(name):
        return "can hold letters, digits, dots, hyphens, underscores and slashes only"
    if "//" in name or name.endswith("/"):
        return "has a level without a name"
    if name.count("/") > _MOST_LEVELS:
        return f"has {name.count('/')} levels, and {_MOST_LEVELS} are allowed"
    return f"has {len(name):,} characters, and {_LONGEST_NAME:,} are allowed" if len(name) > _LONGEST_NAME else None


def _too_long(parameter: Parameter, path: SettingPath) -> Problem | None:
    if not isinstance(parameter.value, str) or len(parameter.value) <= parameter.limit or path in _TOLD_BY_RULES:
        return None
    advice = "" if parameter.limit == LIMITS["Advanced"] else f"; an Advanced one can hold {LIMITS['Advanced']:,}"
    message = (
        f"{_shown(path)} has {len(parameter.value):,} characters, and its parameter can hold {parameter.limit:,}: AWS refuses it{advice}"
    )
    return Problem("parameter-too-long", message, parameter.span("value"), path)


def _braces(parameter: Parameter, path: SettingPath) -> Problem | None:
    if not _is_refused(parameter, path):
        return None
    message = f"{_shown(path)} holds {{{{ … }}}}, which AWS refuses: what is to replace it has to do so before the parameter is put"
    return Problem("braces-in-parameter", message, parameter.span("value"), path)


def _is_refused(parameter: Parameter, path: SettingPath) -> bool:
    """Whether AWS takes a value for a reference to another parameter. In place of a secret one is how it should be in a template."""
    value = parameter.value
    if not isinstance(value, str) or (start := value.find("{{")) < 0 or value.find("}}", start + 2) < 0:
        return False
    return not settings.catalogue().is_secret(path)


def _beside_members(parameters: list[Parameter], environment: Environment) -> Iterator[Problem]:
    """Parameters that give a member of what another parameter gives as a whole: the loader sets both, in the order in which they come."""
    by_path = {environment.path(parameter): parameter for parameter in parameters}
    told: set[SettingPath] = set()
    for path, parameter in by_path.items():
        for length in range(1, len(path)):
            whole = path[:length]
            if whole in by_path and whole not in told:
                told.add(whole)
                yield Problem("object-beside-its-members", _beside_message(path, whole), parameter.span("key"), path)


def _beside_message(path: SettingPath, whole: SettingPath) -> str:
    member, holder = (_shown(one) for one in (path, whole))
    setting = settings.catalogue().get(whole)
    if setting is not None and setting.ssm_coercion.newest == "object":
        effect = f"whichever the server gets last overrides the other, and AWS promises no order; put the members into {holder}"
    else:
        effect = (
            f'if the server gets {holder} first, it fails with "Cannot create property" and does not start, else it loses the members; '
            f"delete {holder}"
        )
    return f"{member} is given beside {holder}, which is one text: {effect}"


def _shown(path: SettingPath) -> str:
    return printable(".".join(map(str, path)))


# --- The way back --------------------------------------------------------------------------------------------------------------------


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


class ParameterOrigin:
    """The way back from settings to the parameters of one environment and their places in the file."""

    def __init__(self, content: str, environment: Environment, parameters: list[Parameter], lines: FileLines) -> None:
        self._content = content
        self._lines = lines
        self._parameters = {environment.path(parameter): parameter for parameter in parameters}
        self._facts: dict[SettingPath, Mapping[str, Fact]] = {}
        self._inner: dict[str, InnerJson] = {}
        """The JSON in the values of parameters, by their names: each is read once, however much is found in it."""
        self._excerpts: dict[SettingPath, Excerpt] = {}
        """The same for excerpts of values."""

    def _holder(self, path: SettingPath) -> tuple[SettingPath, Parameter] | None:
        """The parameter whose value holds a setting: its own, or that of an object above it."""
        return next(
            ((path[:length], self._parameters[path[:length]]) for length in range(len(path), 0, -1) if path[:length] in self._parameters),
            None,
        )

    def locate(self, path: SettingPath, part: Part) -> Span:
        """See :meth:`linter.model.Origin.locate`."""
        found = self._holder(path)
        if found is not None:
            holder, parameter = found
            return parameter.span(part) if holder == path else self._inside(parameter, path[len(holder) :], part)
        inner = next((one for at, one in self._parameters.items() if path and at[: len(path)] == path), None)
        return inner.span("key") if inner is not None else self._start()

    def _inside(self, parameter: Parameter, path: SettingPath, part: Part) -> Span:
        """A place in the JSON that a parameter holds."""
        span = parameter.span("value")
        if not isinstance(parameter.value, str):
            return span
        if parameter.name not in self._inner:
            self._inner[parameter.name] = InnerJson(self._content, span, parameter.value)
        inner = self._inner[parameter.name]
        place = next((place for length in range(len(path), 0, -1) if (place := inner.find(path[:length])) is not None), None)
        if place is None:
            return span
        return place.key if part == "key" and place.key is not None else place.value

    def _start(self) -> Span:
        """The first character of the document in which the first parameter stands: what lacks a setting is all of it."""
        first = next(iter(self._parameters.values()), None)
        root = first.places["key"][0].find(()) if first is not None else None
        start = root.value.start if root is not None else 0
        return Span(start, start + 1)

    def facts(self, path: SettingPath) -> Mapping[str, Fact]:
        """``name``, ``type``, ``tier``, ``raw``, ``length``, ``limit`` and ``used`` of the setting's own parameter, if it has one.

        What stands inside the JSON of a parameter has none: one parameter of the wrong type is one mistake.
        """
        if path not in self._facts:
            self._facts[path] = self._parameters[path].facts() if path in self._parameters else {}
        return self._facts[path]

    def excerpt(self, path: SettingPath | None, span: Span) -> Excerpt:
        """See :meth:`linter.model.Origin.excerpt`."""
        found = self._holder(path) if path else None
        if found is None:
            return self._lines.excerpt(span, show=None)
        value = found[1].span("value")
        if value.start <= span.start and span.end <= value.end:  # a text of its own, in which nobody knows what is what
            return self._of_value(found[0], value)
        a_fact = span in (found[1].span("type"), found[1].span("tier"))
        return self._lines.excerpt(span, show=is_of_a_format if a_fact else public_at(settings.catalogue(), found[0]))

    def _of_value(self, holder: SettingPath, value: Span) -> Excerpt:
        if holder not in self._excerpts:
            self._excerpts[holder] = self._lines.excerpt(value, show=public_at(settings.catalogue(), holder))
        return self._excerpts[holder]

    def pieces(self, part: Span) -> Iterator[Piece]:
        """See :meth:`linter.model.Origin.pieces`."""
        return self._lines.pieces(part)


def type_of(value: Any) -> str | None:
    """The type of a parameter, if that is what a value says."""
    return value if isinstance(value, str) and value in TYPES else None


def text_of(places: Places, path: JsonPath, value: Any) -> Any:
    """The text of a scalar as AWS gets it, whatever YAML or JSON takes it for; ``UNKNOWN`` for what is no scalar."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, int | float):
        return UNKNOWN
    raw = places.raw(path) if isinstance(places, YamlPlaces) else None
    return raw if raw is not None else repr(value)
