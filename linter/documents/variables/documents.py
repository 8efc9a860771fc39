"""Environment variables of a Medplum server, in any format: from names and texts to a document of the kind ``server/env``.

Names map to settings as in the newest server's loader (:mod:`linter.settings.env_names`), and so do texts to values
(``packages/server/src/config/loader.ts`` and ``utils.ts``). Other programs have variables that begin with ``MEDPLUM_`` too: only the
server's are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from ... import settings
from ...formats.credentials import SECRET_OF, is_secret_of, issued_credential
from ...formats.placeholders import fallback_of as fallback_of
from ...model import PART, UNKNOWN, Change, Document, Fact, Message, Origin, Part, SettingPath, sentence
from ...redaction.tokens import ListedTokens
from ...redaction.values import Hidden, Public, Visibility
from ...release import MAIN, Release
from ...server.loader import build_tree, loaded_value
from ...settings.env_names import PREFIX, setting_of, variable_of
from ...syntax.json import is_valid_json
from ...syntax.places import JsonPath
from ...text import Edit, Span, printable
from ...typed import Any, Final, NamedTuple
from ..entries import EntriesOrigin
from ..lines import Lines
from ..origin import public_at
from ..problems import problems_beside
from ..source import Editor, Image, Loaded, Place, Problem, Repair, SourceFile, Suppression
from ..sums import Sum

KIND: Final = "server/env"


def _prefixed(names: str) -> frozenset[str]:
    return frozenset(PREFIX + name for name in names.split())


_FOR_CLIENTS: Final = _prefixed(
    "ACCESS_TOKEN AGENT_ID APP_NAME AUTH_PROVIDER_ID AWS_TEXTRACT_ENABLED CLI_CLIENT_ID CLIENT_ACCESS_TOKEN CLIENT_ID "
    "CLIENT_SECRET FHIR_URL_PATH LOGO_URL MEMBERSHIP_ID PROFILE PROJECT_ID TOKEN"
)
"""Variables of clients: of the app, the agent and the CLI (``packages/app``, ``packages/agent``, ``packages/cli/src/util/client.ts``)."""
_FOR_OTHERS: Final = _FOR_CLIENTS | _prefixed(
    "APP_IMAGE APP_TAG APP_VERSION CONFIG CONFIG_PATH DB_PASSWORD IMAGE IMAGE_TAG SERVER_IMAGE SERVER_TAG SERVER_VERSION TAG VERSION"
)
"""Variables of clients, scripts and images: the server does not know them, and is not meant to."""
_OF_CLIENTS_TOO: Final = _prefixed(
    "ADMIN_EMAIL ADMIN_PASSWORD AUDIENCE AUTHORIZE_URL BASE_URL GOOGLE_CLIENT_ID INTROSPECT_URL JWKS_URL LOG_LEVEL "
    "RECAPTCHA_SITE_KEY REGISTER_ENABLED REGISTER_URL TOKEN_URL USER_INFO_URL"
)
"""Variables of the server that its clients read too: however many there are, they do not prove that a server is configured."""
_COMMON: Final = _prefixed("APP_BASE_URL ISSUER PORT STORAGE_BASE_URL SUPPORT_EMAIL")
"""Variables of the server that apps and Compose files can have too: one alone proves nothing, but two do if no variable is a client's."""
_OF_COMPANIONS: Final = _prefixed("DATABASE_DBNAME DATABASE_PASSWORD DATABASE_PORT DATABASE_USERNAME REDIS_PASSWORD REDIS_PORT")
"""Variables of the server that a Compose file can insert for PostgreSQL and Redis alone: beside those of a client they prove nothing."""
_OF_A_WHOLE: Final = frozenset({("baseUrl",), ("database", "host"), ("database", "password"), ("redis", "host")})
"""If all of these are given, including passwords, no others are given elsewhere."""
_OF_TRUST: Final = ("NODE_EXTRA_CA_CERTS", "NODE_TLS_REJECT_UNAUTHORIZED", "NODE_USE_SYSTEM_CA", "SSL_CERT_DIR", "SSL_CERT_FILE")
_WORDS: Final = {"file": "", "image": "stage", "values": "", "workflow": "job"}
"""The name for a holder of variables, by those types that people call otherwise; empty if only its own name is used."""
_REFERENCE: Final = re.compile(r"(?<!\$)\$(?:[{(]|[A-Za-z_])|\{\{")
"""References that are replaced before the server sees them: ``${NAME}``, ``${NAME:-default}``, ``$NAME``, ``$(NAME)``, ``{{ .Values.name
}}``."""
_NAME: Final = re.compile(f"{PREFIX}[A-Z0-9_]+")
"""A name of a variable that may be shown. ``{MEDPLUM_REDIS_PASSWORD:secret}`` is a name to YAML too."""
PEM: Final = "-----BEGIN "
"""The beginning of a key or a certificate."""


class Variable(NamedTuple):
    """One variable where it is written. ``text`` is None if the value is elsewhere, or it is not known what it will be."""

    name: str
    text: str | None
    key: Span
    value: Span
    quoting: str = ""
    """How to write the value so that its escapes count, for people; empty if they do already."""
    fallback: str = ""
    """The default in a reference such as ``${NAME:-default}``: not a value, but it shows the purpose of the file, and can be a secret."""
    mistake: tuple[str, Message] | None = None
    """The mistake in how it is written here: the rule, and the message after the name. Its value is not checked then."""
    at: JsonPath = ()
    """The place of the member or item that gives it, in YAML and JSON."""
    replaced: bool = False
    """Whether a part of its text is elsewhere, and here is only a reference to it."""


class VariableHolder(NamedTuple):
    """Something in a file that has variables: a container, an object or the file itself. A server can have several of them.

    ``type`` is one of ``file``, ``service``, ``ConfigMap``, ``Secret``, ``container``, ``image``, ``values``, ``workflow``, ``task
    definition``. ``at`` tells it from others in its file. ``start`` is where to point for what is not given. ``tokens`` finds the names and
    values of a text that is not JSON, and ``named`` gives the offsets of values that are next to a name, with these names. ``names`` are
    names in it, other than of variables, that may be shown, ``public_names`` those whose values may be too. ``problems`` are those of its
    text; ``editor`` is None if its variables cannot be edited without side effects.
    """

    file: SourceFile
    type: str
    start: Span
    tokens: Callable[[], ListedTokens] | None = None
    named: Callable[[], Mapping[int, str]] = dict
    at: object = ""
    environment: str | None = None
    names: frozenset[str] = frozenset()
    public_names: frozenset[str] = frozenset()
    closed: Callable[[int], Hidden | None] = lambda _offset: None
    """What is hidden at an offset of the text, whatever the names there are."""
    complete: bool = False
    """Whether the server has no other configuration."""
    partial: bool = False
    """Whether the holder names other places with variables, so that absent settings are unknown."""
    sound: bool = True
    """Whether the structure of the text is unambiguous; if not, no value is shown."""
    strict: bool = False
    """Whether the variables certainly reach a server, so that one that it does not know is a mistake."""
    image: Image | None = None
    """The image of a server that the holder runs."""
    throwaway: frozenset[SettingPath] = frozenset()
    """The settings whose secrets belong to services that end with a CI job: their ``type`` is ``test job``."""
    variables: tuple[Variable, ...] = ()
    """All of its variables, for a holder that is only a part of what a server gets."""
    problems: tuple[Problem, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    editor: Editor | None = None

    @property
    def place(self) -> Place:
        """Its place."""
        return self.file.uri, self.at

    @property
    def hidden(self) -> bool:
        """Whether no value in it may be shown."""
        return self.type == "Secret" or not self.sound


def unless_reference(text: str) -> str | None:
    """The text itself; None if it contains something that is replaced before the server sees it, so that its value cannot be known."""
    return None if ("$" in text or "{{" in text) and _REFERENCE.search(text) is not None else text


def is_servers(name: str, *, strict: bool = False) -> bool:
    """Whether a variable is meant for the server: it is known, or a slip in the name of one that is.

    ``strict``: all of ``MEDPLUM_…`` except those that are known to be for another program.
    """
    path = setting_of(name)
    if not path or name in _FOR_OTHERS:
        return False
    return strict or _is_known(path) or bool(_near(name))


def _is_known(path: SettingPath) -> bool:
    return len(path) > 1 or settings.catalogue().get(path) is not None


def _near(name: str) -> str:
    """The variable of the server that a name was probably meant to be."""
    known = settings.catalogue()
    if meant := known.spelt((name.removeprefix(PREFIX),)):
        return variable_of(tuple(map(str, meant[0])))
    from ... import suggest  # only for unknown names

    nearest = suggest.nearest(name.removeprefix(PREFIX), _known_variables(), 0.85)
    return PREFIX + nearest if nearest is not None else ""


@settings.derived
def _known_variables() -> tuple[str, ...]:
    """The part after the prefix of every variable that any server knows."""
    return tuple(name.removeprefix(PREFIX) for name in variable_names(MAIN))


@settings.derived
def variable_names(release: Release) -> tuple[str, ...]:
    """The variables of all settings that any server knows, as a release names them, in the order of the documentation."""
    return tuple(variable_of(tuple(name.split(".")), release) for name in settings.catalogue().names() if "*" not in name)


def configures_server(names: Iterable[str]) -> bool:
    """Whether these are the variables of a server, and not of a client, an app or an agent."""
    given = dict.fromkeys(name for name in names if name.startswith(PREFIX))  # in order, so that every run does the same work
    unclear = _FOR_OTHERS | _OF_CLIENTS_TOO | _COMMON | (_OF_COMPANIONS if given.keys() & _FOR_CLIENTS else frozenset())
    clear = [name for name in given if name not in unclear]
    if any(_is_known(setting_of(name)) for name in clear):
        return True
    if given.keys() & _FOR_CLIENTS:
        return False
    return len(given.keys() & _COMMON) > 1 or any((near := _near(name)) and near not in unclear for name in clear)


def unless_kind(names: Iterable[str]) -> str:
    """The end of the note on a file with variables that a server has too: how to check it all the same."""
    given = set(names)
    if given & _FOR_CLIENTS or not any(map(is_servers, given)):
        return ""
    return f"; --kind {KIND} checks the variables that clients have too"


def _trusts(variable: Variable) -> bool:
    """Whether a variable may make Node.js trust further certificate authorities."""
    return variable.name in _OF_TRUST or (variable.name == "NODE_OPTIONS" and (variable.text is None or "-ca" in variable.text))


def read_variables(holder: VariableHolder, variables: Iterable[Variable], parts: Sum | None = None) -> Loaded:
    """The document that the server's variables among these make, with what is wrong with how they are written.

    A file that is not UTF-8 has no editor, because an edit would lose bytes. The document of variables in several places has ``parts``.
    """
    file, every = holder.file, list(variables)
    given = [variable for variable in every if is_servers(variable.name, strict=holder.strict)]
    last: dict[SettingPath, Variable] = {setting_of(variable.name, file.release): variable for variable in given}
    mistakes = [*_written_wrong(given, last, file), *_credentials(variable for variable in every if not variable.name.startswith(PREFIX))]
    misread = {problem.path for problem in mistakes if problem.name != "duplicate-variable"}
    texts = {path: UNKNOWN if path in misread or variable.text is None else variable.text for path, variable in last.items()}
    values = {path: _value(path, text, file.release) if isinstance(text, str) else UNKNOWN for path, text in texts.items()}
    if parts is not None:
        texts = {path: text if values[path] is not UNKNOWN else UNKNOWN for path, text in texts.items()}
    origin: Origin | None = parts
    if origin is None:
        entries = {path: _VariableEntry(variable, texts[path] is not UNKNOWN, holder) for path, variable in last.items()}
        lines = Lines(file.text, lambda: visibility_of(holder), holder.tokens)
        origin = EntriesOrigin(entries, lines, lambda: holder.start)
    beside = problems_beside(last, _described, "env_coercion", file.release, ", in whatever order the environment has them")
    word = _WORDS.get(holder.type, holder.type)
    document = Document(
        file.uri,
        KIND,
        file.text,
        build_tree(values.items()),
        origin,
        environment=holder.environment,
        unread={} if holder.complete or (not holder.partial and _OF_A_WHOLE.issubset(last)) else PART,
        given=tuple(texts.items()),
        parts=parts,
        holders=((word, holder.environment),) if word and holder.environment is not None else (),
        trusts=any(map(_trusts, every)) or (parts is not None and any(part.trusts for part in parts.documents)),
    )
    return Loaded(
        document,
        (*holder.problems, *mistakes, *beside),
        suppressions=holder.suppressions,
        # A suppression comment that covers the name of a variable covers its value too, whatever lines that is on.
        anchors=tuple(sorted((variable.value, variable.key.start) for variable in given)) if holder.suppressions else (),
        image=holder.image,
        editor=holder.editor if file.encoding_error is None else None,
        hidden=holder.hidden,
        places=frozenset({holder.place}),
    )


def _value(path: SettingPath, text: str, release: Release) -> Any:
    setting = settings.catalogue().get(path)
    return loaded_value(text, setting, setting.env_coercion.at(release)) if setting is not None else text


# --- Mistakes in how a variable is written -------------------------------------------------------------------------------------------


def _written_wrong(given: list[Variable], last: Mapping[SettingPath, Variable], file: SourceFile) -> Iterator[Problem]:
    """The problems in the text of variables; of those with one name the last counts."""
    seen: dict[str, Variable] = {}
    for variable in given:
        if variable.name in seen:
            name = printable(variable.name)
            message = sentence(f"{name} is given twice", "this one counts, and the earlier one is silently dropped", "keep one")
            yield Problem("duplicate-variable", message, variable.key, setting_of(variable.name, file.release))
        seen[variable.name] = variable
    for variable in seen.values():
        path = setting_of(variable.name, file.release)
        mistake = _mistake(variable, path, file.release)
        if mistake is not None:
            is_last = last[path].value == variable.value and file.encoding_error is None
            if variable.text is not None and _stops_at(variable.text, path, file.release):
                mistake = mistake[0], mistake[1]._replace(stops=True).add("why", "the server does not start with it")
            yield Problem(*mistake, variable.value, path, repair=_repair(mistake[0], path, last[path], file) if is_last else None)


def _credentials(others: Iterable[Variable]) -> Iterator[Problem]:
    """Issued credentials in the variables of other programs; the server's libraries read those of AWS."""
    texts = {variable: variable.text or variable.fallback for variable in others}
    for variable, published in texts.items():
        reason = issued_credential(published) if published else None
        if is_secret_of(texts.values(), published):
            reason = SECRET_OF
        if reason is not None:
            message = sentence(
                f"{printable(variable.name)} {reason} in plain text",
                "anyone with access to this file or its history can use it",
                "revoke it, and inject a new one at deployment",
            )
            yield Problem("credential-beside-variables", message, variable.value)


def _described(_path: SettingPath, variable: Variable) -> tuple[Any, str, Span]:
    return UNKNOWN if variable.text is None else variable.text, printable(variable.name), variable.key


def _stops_at(text: str, path: SettingPath, release: Release) -> bool:
    """Whether the server refuses to start with the text as it is."""
    from ...server.stops import why_it_stops  # only after a mistake

    setting = settings.catalogue().get(path)
    if setting is None or setting.env_coercion.at(release) == "object":
        return setting is not None and not is_valid_json(text)
    return (bool(setting.enum) and setting.stops_with("word", release)) or bool(why_it_stops({str(path[0]): text}, path, release))


def is_misread(variable: Variable) -> bool:
    """Whether a variable is written so that its value is not the one that was meant, and is not checked."""
    return _mistake(variable, setting_of(variable.name)) is not None


def _mistake(variable: Variable, path: SettingPath, release: Release = MAIN) -> tuple[str, Message] | None:
    """The mistake in the text of a variable: the name of the problem, and its message.

    A line break at the end of a text that the server converts (a number, an object) is left to the check of that.
    """
    name, text, setting = printable(variable.name), variable.text or "", settings.catalogue().get(path)
    if variable.mistake is not None:
        return variable.mistake[0], variable.mistake[1].about(name)
    if variable.quoting and "\\" in text and not is_valid_json(text):
        if PEM in text and "\\n" in text and "\n" not in text.strip():
            effect = "the key or certificate has no line breaks and the server cannot read it"
            return "escape-kept-as-text", sentence(f"{name} keeps \\n as two characters", effect, variable.quoting, by=", so ")
        if '\\"' in text:
            rule = "escape-kept-as-text" if text.lstrip()[:1] in ("{", "[") else "quote-kept-as-text"
            effect = "a backslash before each quote becomes part of the value"
            return rule, sentence(f'{name} keeps \\" as two characters', effect, variable.quoting, by=", so ")
    is_kept = not is_valid_json(text) if setting is None else "string" in setting.types and setting.env_coercion.at(release) == "none"
    if text.endswith("\n") and PEM not in text and is_kept:
        what = f"the value of {name} ends with a line break, which the server keeps as part of it"
        why = "a password, name or address is not the one that was meant"
        return "line-break-at-end-of-value", sentence(what, why, "write the value without it", by=", so ")
    return None


_UNQUOTED: Final = re.compile(r"[A-Za-z0-9_.+-]+")
"""An unquoted number or word, without a tag or an anchor."""
_ALIAS: Final = re.compile(r"(?:^|[\s\[{,:-])\*[^\s*]", re.MULTILINE)
"""A sign that one value may be shared by several variables."""


def _repair(name: str, path: SettingPath, variable: Variable, file: SourceFile) -> Repair | None:
    """The fix for a problem of a variable, if it is unambiguous."""
    if name == "line-break-at-end-of-value" and variable.text is not None:
        value = _value(path, variable.text.rstrip("\r\n"), file.release)
        return Repair("leave out the line break at its end", changes=(Change("set", path, value),))
    content, (start, end) = file.text.content, variable.value
    if name != "unquoted-value-in-manifest" or not _UNQUOTED.fullmatch(content, start, end):
        return None
    if file.cached("has an alias", lambda: _ALIAS.search(content) is not None):
        return None
    value = _value(path, content[start:end], file.release)
    edits = [Edit(Span(start, start), '"'), Edit(Span(end, end), '"')]
    return Repair("put it in quotes", lambda: edits, (Change("set", path, value),))


# --- The way back --------------------------------------------------------------------------------------------------------------------


class _VariableEntry(NamedTuple):
    """A variable as the entry that gives a setting. ``known``: rules may check its value."""

    variable: Variable
    known: bool
    holder: VariableHolder
    text: str | None = None
    """Nothing: a finding in the JSON of a variable is shown at the whole of its value."""

    def span(self, part: Part) -> Span:
        """See :meth:`linter.documents.entries.Entry.span`."""
        return self.variable.key if part == "key" else self.variable.value

    def facts(self) -> Mapping[str, Fact]:
        """The ``name``; if its value is known also its ``raw`` text; the ``fallback`` of a reference; the ``type`` of its holder.

        If the text is not the one that was meant, the meant one is the ``raw`` text: it is just as secret.
        """
        variable, path = self.variable, setting_of(self.variable.name)
        facts: dict[str, Fact] = {"name": variable.name}
        if variable.fallback:
            facts["fallback"] = variable.fallback
        if variable.text is not None and not (variable.replaced and settings.catalogue().is_secret(path)):
            if self.known:
                facts["raw"] = variable.text
            elif is_misread(variable):
                facts["raw"] = variable.text.strip("\"'\r\n").replace('\\"', '"')
        if "fallback" in facts or facts.get("raw"):
            facts["type"] = "test job" if path in self.holder.throwaway else self.holder.type
        return facts

    def shown_as(self, path: SettingPath, span: Span) -> Public | None:
        """See :meth:`linter.documents.entries.Entry.shown_as`."""
        return None if self.holder.hidden or span == self.variable.key else _public(self.variable.name)


def visibility_of(holder: VariableHolder) -> Visibility:
    """What may be shown of the lines of a variable holder."""

    def public(name: str) -> Public | None:
        if not holder.sound:
            return None
        if name == "name":  # beside the value of a variable
            return _is_nameable
        return settings.public_settings(name) if name in holder.public_names else _public(name)

    def placed(offset: int) -> Public | None:
        name = holder.named().get(offset)
        return public(name) if name is not None and holder.closed(offset) is None else None

    return Visibility(public, lambda name: _is_nameable(name) or name in _STRUCTURE or name in holder.names, holder.closed, placed)


def _is_nameable(text: str) -> bool:
    """Whether a text is the name of a variable that may be shown."""
    return _NAME.fullmatch(text) is not None


def _public(variable: str) -> Public | None:
    """The setting of a variable, if its value may be shown: only if the setting is known to be public."""
    return public_at(settings.catalogue(), setting_of(variable))


_STRUCTURE: Final = frozenset(
    "apiVersion args command config configSource containers data database deployment entrypoint env env_file envFrom environment extraEnv "
    "fission global image items kind metadata name namespace ports redis server services spec stringData template tls type value "
    "valueFrom".split()
)
"""Names in Compose files, manifests and values files that contain variables."""
