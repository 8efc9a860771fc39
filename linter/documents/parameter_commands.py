"""The commands of the AWS CLI that make a fix in Parameter Store, of which a dump is only a copy.

No command has a secret in it. A value that may not be shown is read from the shell variable ``VALUE``, which a person sets, or from
``COPY``, which ``get-parameter`` fills, and reaches the CLI through a pipe, so that a list of processes does not show it either. There are
two variables so that a command that asks for a value never takes what another copied. What a fix takes out of a secret, such as the host
of a URL with a password, may not be shown either.
"""

from __future__ import annotations

import copy
import datetime
import json
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from itertools import dropwhile, takewhile

from .. import settings
from ..model import ABSENT, UNKNOWN, Change, Command, Document, Known, Operation, SettingPath, Stored
from ..server.effective import leaves
from ..server.loader import ssm_text
from ..server.shown import HIDDEN, visible
from ..settings import Setting
from ..typed import Any, Final, NamedTuple
from .parameter_problems import name_reason
from .parameters import LIMITS, Environment, Parameter

_ARN: Final = re.compile(r"arn:aws[a-z-]*:ssm:([a-z]+(?:-[a-z]+)+-[0-9]+):([0-9]*):parameter/.*")
_ISO_DATE: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,6}))?(Z|[+-][0-9]{2}:[0-9]{2})")
_FROM_PIPE: Final = "--value file:///dev/stdin"
"""What the CLI reads from a file for ``--value`` it takes as it is, whatever that begins with (``awscli/paramfile.py``)."""
_NOT_AS_ARGUMENTS: Final = ("-", "file://", "fileb://", "http://", "https://")
"""What no value may begin with that is an argument.

The CLI takes a leading dash for an option (https://github.com/aws/aws-cli/issues/4395), reads a file for ``file://`` and, in version 1, an
address for ``https://`` (https://docs.aws.amazon.com/cli/v1/userguide/cli-usage-parameters-file.html). What ``--cli-input-json`` gives is
taken as it is (https://github.com/aws/aws-cli/issues/3076).
"""
_DELETION: Final = "aws ssm delete-parameters --names"
_PLAIN: Final = re.compile(r"[ -~]+")
_DEFAULT_KEY: Final = "alias/aws/ssm"
_SAY_NOTHING: Final = ("true", "false", "{}", "[]")
"""Texts that are no part of another value where they are the same."""

Key = tuple[str, ...]
"""The path of a setting with its steps as they are in the name of a parameter."""


class _Source(NamedTuple):
    """A parameter that a fix takes something away from, which what it writes may come out of.

    ``is_seen``: reports show the value. ``is_secure``: what comes out of it is to be stored as a SecureString. ``is_deleted``: nothing is
    left in it. ``known`` is what the dump says of it.
    """

    parameter: Parameter
    is_seen: bool
    is_secure: bool
    is_deleted: bool
    known: Known

    @property
    def is_hidden(self) -> bool:
        """Whether what comes out of it may not be shown."""
        return self.is_secure or not self.is_seen


class _Refused(Exception):
    """No commands make just a change."""


class Store:
    """The parameters of one environment by their settings, and the commands that change them."""

    def __init__(self, document: Document, environment: Environment, parameters: Iterable[Parameter]) -> None:
        self._document = document
        self._prefix = environment.prefix
        self._held: dict[Key, Parameter] = {_key(environment.path(one)): one for one in parameters}
        self._keys = {one.name: key for key, one in self._held.items()}
        arns = [match for one in self._held.values() if (match := _ARN.fullmatch(one.arn or ""))]
        regions = {match[1] for match in arns}
        self._region = next(iter(regions)) if len(regions) == 1 else None  # parameters of one environment are in one region
        self._accounts = tuple(sorted({match[2] for match in arns if match[2]}))
        self._within: dict[Key, list[Key]] = {(): list(self._held)}
        for key in self._held:
            for length in range(1, len(key) + 1):
                self._within.setdefault(key[:length], []).append(key)

    def commands(self, changes: Sequence[Change]) -> list[Command] | None:
        """The commands that make changes of settings; None where there are none that do just that."""
        try:
            return _in_order([*self._commands(changes)]) or None
        except _Refused:
            return None

    def _commands(self, changes: Sequence[Change]) -> Iterator[Command]:
        sources = [self._sources(change.path) if change.action == "remove" else None for change in changes]
        every = [one for some in sources for one in some or ()]
        within: dict[Key, list[Change]] = {}
        for index, change in enumerate(changes):
            whole = self._holder(change.path)
            if whole is None:
                # what the next changes take away, for of several fixes in one each does that at its end; else all
                following = takewhile(lambda some: some is not None, dropwhile(lambda some: some is None, sources[index:]))
                found = [one for some in following for one in some or ()]
                yield from self._change(change, found if any(one.is_hidden for one in found) else every)
            else:
                within.setdefault(whole, []).append(change)
        for whole, inner in within.items():
            yield from self._put(whole, _changed(self._document.get(whole), len(whole), inner), every, itself=True)

    def _sources(self, removed: SettingPath) -> list[_Source]:
        """The parameters that give a setting: itself or its members, or the one in whose JSON it is.

        A type that a dump does not give is taken for that of a secret where the value is one.
        """
        holder = self._holder(removed)
        keys = {*self._within.get(_key(removed), ()), *([holder] if holder is not None else [])}
        is_seen = _is_shown(removed, self._document.get(removed))
        given = [one for key, one in self._held.items() if key in keys] if len(keys) > 1 else [self._held[key] for key in keys]
        return [
            _Source(one, is_seen, one.type == "SecureString" or (one.type is None and not is_seen), holder is None, self._known(one))
            for one in given
        ]

    def _holder(self, path: SettingPath) -> Key | None:
        """The parameter in whose JSON or list a setting is; None for one that is a parameter itself, or would be."""
        key = _key(path)
        return next((key[:length] for length in range(1, len(key)) if key[:length] in self._held), None)

    def _change(self, change: Change, sources: Sequence[_Source]) -> Iterator[Command]:
        """The commands for one change of a setting that is a parameter, or that parameters give the members of."""
        key = _key(change.path)
        given = [self._held[one] for one in self._within.get(key, ())]
        parameter = self._held.get(key)
        if change.action == "set":
            yield from self._put(key, change.value, sources)
        elif change.action == "remove":
            if not given and self._document.get(change.path) is not ABSENT:
                raise _Refused  # it is given otherwise
            yield from map(self._delete, given)
        elif parameter is None or len(given) > 1:
            raise _Refused
        elif change.action == "store":
            yield self._store_again(parameter, str(change.value))
        else:
            yield self._rename(parameter, _key(change.value))

    def _put(self, key: Key, value: Any, sources: Sequence[_Source], *, itself: bool = False) -> Iterator[Command]:
        """The command that writes a value; for an object that the loader cannot read from one text, one for each member.

        ``itself``: the parameter keeps all of the value that the fix leaves in it, and its type.
        """
        parameter, setting = self._held.get(key), settings.catalogue().get(key)
        if value is ABSENT or value is UNKNOWN or (parameter is None and setting is None):
            raise _Refused  # not known, or it would be a parameter that no server reads
        text = ssm_text(value, setting, self._document.server.release)
        if text is not None:
            is_switch = _is_switch(value, setting)
            says_something = not isinstance(value, bool) and value not in ({}, []) and not is_switch  # it can hold a part of another value
            hidden = [one for one in sources if says_something and one.is_hidden and not (itself and one.is_seen)]
            whole = parameter is None or _is_shown(key, self._document.get(key))  # what else was in it may be masked
            shown = (_is_shown(key, value) or is_switch) and whole and not hidden
            if not (shown or not isinstance(value, dict | list)) or (shown and "\r" in text):
                raise _Refused
            yield self._write(key, text, hidden, [one for one in sources if one.is_deleted], shown=shown)
            return
        members = {(*key, str(member)): one for member, one in value.items()} if isinstance(value, dict) else {}
        keeps_others = any(not any(path[: len(one)] == one for one in members) for path in self._within.get(key, ()))
        if parameter is not None or not members or keeps_others:  # none holds an empty object
            raise _Refused
        for member, one in members.items():
            yield from self._put(member, one, sources)

    def _write(self, key: Key, text: str, hidden: Sequence[_Source], deleted: Sequence[_Source], *, shown: bool) -> Command:
        parameter = self._held.get(key)
        name = self._name(key) if parameter is None else parameter.name
        if not _is_taken(name, text):
            raise _Refused
        secure = next((one.parameter for one in hidden if one.is_secure), None)
        kind = "SecureString" if secure is not None else _type(key, parameter)
        encrypted_by = (parameter.key_id if parameter is not None else None) or (secure.key_id if secure is not None else None)
        stored = Stored(name, text, kind, _tier(parameter, text), encrypted_by or "")
        put = " ".join(["aws ssm put-parameter", *_options(stored), "--overwrite", *self._at(parameter)])
        moved = next(
            (one for one in deleted if one.parameter.text == text and text not in _SAY_NOTHING and _can_be_copied(one.parameter)), None
        )
        source = moved or next((one for one in deleted if not one.known.is_public), None)
        operation = Operation("put", name, self._known(parameter) if parameter is not None else None, type=_new_type(kind, parameter))
        if source is not None:
            operation = operation._replace(source=source.parameter.name, source_is_public=source.known.is_public)
        elif parameter is None and self._region is None:
            operation = operation._replace(beside=self._beside())
        asks = ""
        lines = [f"{put} {_value(text)}"]
        if moved is not None:
            operation = operation._replace(action="copy", kept=parameter is not None and parameter.text == text and not operation.type)
            lines = lines if shown else self._copied(moved.parameter, put)
        elif shown:
            operation = operation._replace(text=text)
        else:
            operation = operation._replace(action="ask")
            lines = [f'printf %s "$VALUE" | {put} {_FROM_PIPE}']
            out_of = "".join(f", out of {one.parameter.name}" for one in hidden[:1] if name_reason(one.parameter.name) is None)
            asks = f"the new value of {name}{out_of}"
        return self._command(parameter, lines, [operation], [stored], asks=asks)

    def _delete(self, parameter: Parameter) -> Command:
        """``delete-parameters`` names what is gone already in its answer, and does not fail as ``delete-parameter`` does."""
        if name_reason(parameter.name) is not None:
            raise _Refused
        deleted = Operation("delete", parameter.name, self._known(parameter))
        return self._command(parameter, [self._deletion(parameter)], [deleted], [Stored(parameter.name, None, gone=True)])

    def _deletion(self, parameter: Parameter) -> str:
        return " ".join([_DELETION, shlex.quote(parameter.name), *self._at(parameter)])

    def _rename(self, parameter: Parameter, key: Key) -> Command:
        """The new parameter is not to take the place of one that the dump does not show, so nothing is overwritten."""
        name = self._name(key)
        if key in self._held or not _can_be_copied(parameter) or name_reason(name) is not None:
            raise _Refused
        stored = _stored_as(parameter, name, _type(key, parameter, new=True))
        known = self._known(parameter)
        encrypted = stored.type if stored.type == "SecureString" else ""
        operations = [
            Operation("copy", name, None, type=encrypted, source=parameter.name, source_is_public=known.is_public),
            Operation("delete", parameter.name, known),
        ]
        put = " ".join(["aws ssm put-parameter", *_options(stored), *self._at(parameter)])
        lines = [*self._copied(parameter, put), self._deletion(parameter)]
        command = self._command(parameter, lines, operations, [stored, Stored(parameter.name, None, gone=True)])
        return command._replace(names=(parameter.name, name))

    def _store_again(self, parameter: Parameter, kind: str) -> Command:
        """The parameter with another type, its value fetched and never shown.

        PutParameter knows an error for a change of the type (HierarchyTypeMismatchException), but makes the change if it overwrites: so
        does Terraform, whose test of that runs against AWS (https://github.com/hashicorp/terraform-provider-aws/pull/10819). Where it
        refuses, nothing has changed; deleting first could lose the secret.
        """
        if not _can_be_copied(parameter):
            raise _Refused
        stored = _stored_as(parameter, parameter.name, kind)
        put = " ".join(["aws ssm put-parameter", *_options(stored), "--overwrite", *self._at(parameter)])
        return self._command(
            parameter, self._copied(parameter, put), [Operation("encrypt", parameter.name, self._known(parameter))], [stored]
        )

    def _command(
        self, parameter: Parameter | None, lines: Sequence[str], operations: Iterable[Operation], leaves: Iterable[Stored], asks: str = ""
    ) -> Command:
        """A command in the region of a parameter."""
        region = self._region_of(parameter)
        operations = tuple(one._replace(region=region) for one in operations)
        names = tuple(one.name for one in operations)
        return Command(tuple(lines), names, region, self._accounts, asks, operations, leaves=tuple(leaves))

    def _copied(self, parameter: Parameter, put: str) -> list[str]:
        """The lines that read a value and write it with a command. What stands behind it keeps line breaks at its end."""
        name, how = shlex.quote(parameter.name), "--with-decryption --query Parameter.Value --output text && printf x"
        return [
            f"COPY=$({' '.join(['aws ssm get-parameter --name', name, *self._at(parameter), how])})",
            f'printf %s "${{COPY%?x}}" | {put} {_FROM_PIPE}',
        ]

    def _known(self, parameter: Parameter) -> Known:
        """What the dump says of a parameter. A text that says more than its value as a report shows it is not public."""
        key, text = self._keys[parameter.name], parameter.text
        value = self._document.get(key)
        release = self._document.server.release
        is_all = text is not None and (value == text or ssm_text(value, settings.catalogue().get(key), release) == text)
        public = text if is_all and _is_shown(key, value) else None
        return Known(parameter.version, tuple(_dates(parameter.modified)), public, parameter.type == "SecureString")

    def _beside(self) -> str:
        """A parameter of the dump, which shows that a new one gets into the same region."""
        return next((one.name for one in self._held.values() if name_reason(one.name) is None), "")

    def _name(self, key: Key) -> str:
        return f"{self._prefix}/{'.'.join(key)}"

    def _region_of(self, parameter: Parameter | None) -> str | None:
        match = _ARN.fullmatch((parameter.arn if parameter is not None else None) or "")
        return match[1] if match is not None else self._region

    def _at(self, parameter: Parameter | None) -> list[str]:
        region = self._region_of(parameter)
        return [] if region is None else ["--region", region]


def _in_order(commands: list[Command]) -> list[Command]:
    """Commands of one fix as one, where it writes some parameters and deletes others: these at the end, and only if all was written."""
    deletes = [command.lines[-1].startswith(_DELETION) for command in commands]
    if not any(deletes) or all(deletes):
        return commands
    first, *others = sorted(commands, key=lambda command: command.lines[0].startswith(_DELETION))
    names = tuple(dict.fromkeys(name for command in commands for name in command.names))
    return [first._replace(names=names, then=tuple(others))]


def _key(path: SettingPath) -> Key:
    return tuple(map(str, path))


def _type(key: Key, parameter: Parameter | None, *, new: bool = False) -> str:
    """The type to write: a secret's, or that which the parameter has; empty where AWS knows it and the dump does not."""
    known = settings.catalogue()
    if known.is_secret(key):
        return "SecureString"
    if parameter is not None and (parameter.type is not None or not new):
        return parameter.type or ""
    return "String" if known.is_public(key) else "SecureString"


def _new_type(kind: str, parameter: Parameter | None) -> str:
    """The type that is written to a parameter, empty where it keeps its own."""
    return "" if parameter is not None and kind == (parameter.type or "") else kind


def _dates(modified: str | float | None) -> Iterator[str]:
    """The forms in which the AWS CLI prints a time in UTC: as in the dump, as version 2 does, and as version 1."""
    match = _ISO_DATE.fullmatch(modified) if isinstance(modified, str) else None
    try:
        if match is not None:
            zone = "+00:00" if match[3] == "Z" else match[3]
            at = datetime.datetime.fromisoformat(f"{match[1]}.{(match[2] or '').ljust(6, '0')}{zone}")
        elif isinstance(modified, int | float):
            at = datetime.datetime.fromtimestamp(round(modified, 3), datetime.timezone.utc)
        else:
            return
    except (ValueError, OverflowError, OSError):
        return
    yield from dict.fromkeys((str(modified), at.astimezone(datetime.timezone.utc).isoformat(), repr(at.timestamp())))


def _options(stored: Stored) -> list[str]:
    """The options of ``put-parameter`` that leave a parameter so."""
    key = stored.key_id if stored.type == "SecureString" and stored.key_id != _DEFAULT_KEY else ""
    given = (("name", stored.name), ("type", stored.type), ("tier", "" if stored.tier == "Standard" else stored.tier), ("key-id", key))
    return [word for option, value in given if value for word in (f"--{option}", shlex.quote(value))]


def _stored_as(parameter: Parameter, name: str, kind: str) -> Stored:
    """What is in the store where the value of a parameter is written again."""
    return Stored(name, parameter.text, kind, _tier(parameter, parameter.text or ""), parameter.key_id or "")


def _tier(parameter: Parameter | None, text: str) -> str:
    """The tier of a parameter that is to hold a text: its own, unless that is too small; empty where the dump does not say it."""
    tier = parameter.tier if parameter is not None and parameter.tier in LIMITS else None
    return "Advanced" if len(text) > LIMITS["Standard"] and tier in (None, "Standard") else tier or ""


def _value(text: str) -> str:
    """A value as an argument. JSON keeps it on one line, and whatever it holds from being read by the CLI in another way."""
    if _PLAIN.fullmatch(text) and not text.startswith(_NOT_AS_ARGUMENTS) and "##[" not in text:
        return f"--value {shlex.quote(text)}"
    given = json.dumps({"Value": text}).replace("##[", r"\u0023#[")  # in a log, a command to a runner of GitHub Actions
    return f"--cli-input-json {shlex.quote(given)}"


def _is_taken(name: str, text: str) -> bool:
    """Whether AWS takes a parameter of this name and value."""
    start = text.find("{{")
    return name_reason(name) is None and 0 < len(text) <= LIMITS["Advanced"] and (start < 0 or text.find("}}", start + 2) < 0)


def _can_be_copied(parameter: Parameter) -> bool:
    """Whether a value goes through the CLI unchanged: of a file it reads each kind of line break as a line feed."""
    return "\r" not in (parameter.text or "") and name_reason(parameter.name) is None


def _is_switch(value: Any, setting: Setting | None) -> bool:
    """Whether a text says only that something is on, where there can be options too, which may not be seen: in ``redis.tls``."""
    return value == "true" and setting is not None and "boolean" in setting.types and "object" in setting.types


def _is_shown(path: SettingPath, value: Any) -> bool:
    """Whether all of a value may be shown."""
    known = settings.catalogue()
    for where, one in leaves(path, value):
        shown = visible(known, where, one) if known.is_public(where) else HIDDEN
        if shown is HIDDEN or shown != one:
            return False
    return True


def _changed(value: Any, depth: int, changes: Sequence[Change]) -> Any:
    """A value with changes of what is in it, whose paths have so many steps to the value itself."""
    value = copy.deepcopy(value)
    try:
        for change in changes:
            *above, last = change.path[depth:]
            node = value
            for step in above:
                node = node.setdefault(step, {}) if isinstance(node, dict) else node[step]
            if change.action == "set" and isinstance(node, dict):
                node.setdefault(last, change.value)
            if node[last] is UNKNOWN:
                raise _Refused
            if change.action == "set":
                node[last] = change.value
            elif change.action == "rename":
                node[change.value[-1]] = node[last]
            if change.action != "set":
                del node[last]
    except (LookupError, TypeError):
        raise _Refused from None
    return value
