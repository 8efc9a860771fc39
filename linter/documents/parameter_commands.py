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
from ..model import ABSENT, UNKNOWN, Change, Command, Document, Known, Operation, SettingPath, Stored, child
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


class Held:
    """The parameters of one environment by their settings: worked out once for all findings in it."""

    def __init__(self, environment: Environment, parameters: Iterable[Parameter]) -> None:
        self.prefix = environment.prefix
        self.by_key: dict[Key, Parameter] = {_key(environment.path(one)): one for one in parameters}
        self.keys = {one.name: key for key, one in self.by_key.items()}
        regions = {_region(one) for one in self.by_key.values()} - {None}
        self.region = next(iter(regions)) if len(regions) == 1 else None  # parameters of one environment are in one region
        self.accounts = tuple(sorted({match[2] for one in self.by_key.values() if (match := _ARN.fullmatch(one.arn or "")) and match[2]}))
        self._within: dict[Key, list[Key]] = {}
        for key in self.by_key:
            for length in range(1, len(key) + 1):
                self._within.setdefault(key[:length], []).append(key)

    def within(self, key: Key) -> Sequence[Key]:
        """The settings that are given at a path and beneath it, in their order."""
        return self._within.get(key, ()) if key else tuple(self.by_key)


def commands_for(document: Document, held: Held, changes: Sequence[Change]) -> list[Command] | None:
    """The commands that make changes of the settings of one environment; None where there are none that do just that."""
    store = _Store(document, held, changes)
    made: list[Command] = []
    within: dict[Key, list[Change]] = {}
    for index, change in enumerate(changes):
        whole = store.holder(change.path)
        if whole is not None:
            within.setdefault(whole, []).append(change)
            continue
        commands = store.commands(change, store.sources(index))
        if commands is None:
            return None
        made += commands
    for whole, inner in within.items():
        commands = store.put(whole, _changed(document.get(whole), len(whole), inner), store.all_sources(), itself=True)
        if commands is None:
            return None
        made += commands
    return [_placed(command, held.accounts) for command in _in_order(made)] or None


def _placed(command: Command, accounts: tuple[str, ...]) -> Command:
    """A command with the accounts of its environment, whose operations have its region."""
    operations = tuple(one._replace(region=command.region) for one in command.operations)
    return command._replace(accounts=accounts, operations=operations, then=tuple(_placed(one, accounts) for one in command.then))


def _in_order(commands: list[Command]) -> list[Command]:
    """Commands of one fix as one, where it writes some parameters and deletes others: these at the end, and only if all was written."""
    deletes = [command.lines[-1].startswith(_DELETION) for command in commands]
    if not any(deletes) or all(deletes):
        return commands
    first, *others = sorted(commands, key=lambda command: command.lines[0].startswith(_DELETION))
    names = tuple(dict.fromkeys(name for command in commands for name in command.names))
    return [first._replace(names=names, then=tuple(others))]


class _Store:
    """The parameters of one environment, and the commands that change them."""

    def __init__(self, document: Document, held: Held, changes: Iterable[Change]) -> None:
        self._document = document
        self._prefix = held.prefix
        self._within = held.within
        self._held = held.by_key
        self._keys = held.keys
        self._region = held.region
        self._sources = [self._sources_of(change) if change.action == "remove" else None for change in changes]

    def sources(self, index: int) -> list[_Source]:
        """What a change may come out of: what the next ones take away, for of several fixes in one each does that at its end; else all."""
        following = dropwhile(lambda sources: sources is None, self._sources[index:])
        found = [one for sources in takewhile(lambda sources: sources is not None, following) for one in sources or ()]
        return found if any(one.is_hidden for one in found) else self.all_sources()

    def all_sources(self) -> list[_Source]:
        """What any of the changes may come out of."""
        return [one for sources in self._sources for one in sources or ()]

    def _sources_of(self, removal: Change) -> list[_Source]:
        return [self._source(parameter, removal.path) for parameter in self._given(removal.path)]

    def holder(self, path: SettingPath) -> Key | None:
        """The parameter in whose JSON or list a setting is; None for one that is a parameter itself, or would be."""
        key = _key(path)
        return next((key[:length] for length in range(1, len(key)) if key[:length] in self._held), None)

    def _given(self, path: SettingPath) -> list[Parameter]:
        """The parameters that give a setting: itself or its members, or the one in whose JSON it is."""
        holder = self.holder(path)
        if holder is None:
            return [self._held[key] for key in self._within(_key(path))]
        both = {holder, *self._within(_key(path))}
        return [one for key, one in self._held.items() if key in both] if len(both) > 1 else [self._held[holder]]

    def _source(self, parameter: Parameter, path: SettingPath) -> _Source:
        """A type that a dump does not give is taken for that of a secret where the value is one."""
        is_seen = _is_shown(path, self._document.get(path))
        is_secure = parameter.type == "SecureString" or (parameter.type is None and not is_seen)
        return _Source(parameter, is_seen, is_secure, self.holder(path) is None, self._known(parameter))

    def commands(self, change: Change, sources: Sequence[_Source]) -> list[Command] | None:
        """The commands for one change of a setting that is a parameter, or that parameters give the members of."""
        key = _key(change.path)
        if change.action == "set":
            return self.put(key, change.value, sources)
        given = [self._held[one] for one in self._within(key)]
        if change.action == "remove":
            is_given_otherwise = not given and self._document.get(change.path) is not ABSENT
            return None if is_given_otherwise else _all(self._delete(one) for one in given)
        parameter = self._held.get(key)
        if parameter is None or len(given) > 1:
            return None
        if change.action == "store":
            return self._store_again(parameter, str(change.value))
        return self._rename(parameter, _key(change.value))

    def put(self, key: Key, value: Any, sources: Sequence[_Source], *, itself: bool = False) -> list[Command] | None:
        """The command that writes a value; for an object that the loader cannot read from one text, one for each member.

        ``itself``: the parameter keeps all of the value that the fix leaves in it, and its type.
        """
        if value is ABSENT or value is UNKNOWN:
            return None
        parameter = self._held.get(key)
        setting = settings.catalogue().get(key)
        if parameter is None and setting is None:
            return None  # it would be a parameter that no server reads
        text = ssm_text(value, setting, self._document.server.release)
        if text is not None:
            is_switch = _is_switch(value, setting)
            deleted = [one for one in sources if one.is_deleted]
            sources = [one for one in sources if one.is_hidden and not (itself and one.is_seen)]
            sources = sources if _says_something(value) and not is_switch else []
            whole = parameter is None or _is_shown(key, self._document.get(key))  # what else was in it may be masked
            shown = (_is_shown(key, value) or is_switch) and whole and not sources
            return self._put(key, parameter, text, sources, deleted, shown=shown, scalar=not isinstance(value, dict | list))
        if not isinstance(value, dict) or parameter is not None:
            return None
        written = [(*key, str(member)) for member in value]
        if any(not any(path[: len(one)] == one for one in written) for path in self._within(key)):
            return None  # the object would keep members that it should not have
        return _all(self.put((*key, str(member)), one, sources) for member, one in value.items()) or None  # none holds an empty object

    def _put(
        self,
        key: Key,
        parameter: Parameter | None,
        text: str,
        sources: Sequence[_Source],
        deleted: Sequence[_Source],
        *,
        shown: bool,
        scalar: bool,
    ) -> list[Command] | None:
        name = self._name(key) if parameter is None else parameter.name
        if not _is_taken(name, text) or not (shown or scalar) or (shown and "\r" in text):
            return None
        secure = next((one.parameter for one in sources if one.is_secure), None)
        kind = "SecureString" if secure is not None else _type(key, parameter)
        encrypted_by = (parameter.key_id if parameter is not None else None) or (secure.key_id if secure is not None else None)
        options = [*_options(name, kind, parameter, text, encrypted_by), "--overwrite", *self._at(parameter)]
        leaves = (_left(name, kind, parameter, text, encrypted_by),)
        region = self._region_of(parameter)
        moved = next(
            (one for one in deleted if one.parameter.text == text and text not in _SAY_NOTHING and _can_be_copied(one.parameter)), None
        )
        written = self._written(name, kind, parameter, moved or next((one for one in deleted if not one.known.is_public), None))
        if moved is not None:
            kept = parameter is not None and parameter.text == text and not written.type
            written = written._replace(action="copy", kept=kept)
        if shown:
            written = written if moved is not None else written._replace(text=text)
            line = f"aws ssm put-parameter {' '.join(options)} {_value(text)}"
            return [Command((line,), (name,), region, operations=(written,), leaves=leaves)]
        if moved is not None:
            return [Command(tuple(self._copied(moved.parameter, options)), (name,), region, operations=(written,), leaves=leaves)]
        line = f'printf %s "$VALUE" | aws ssm put-parameter {" ".join(options)} {_FROM_PIPE}'
        out_of = "".join(f", out of {one.parameter.name}" for one in sources[:1] if name_reason(one.parameter.name) is None)
        asked = (written._replace(action="ask"),)
        return [Command((line,), (name,), region, value=f"the new value of {name}{out_of}", operations=asked, leaves=leaves)]

    def _written(self, name: str, kind: str, parameter: Parameter | None, source: _Source | None) -> Operation:
        """The operation that writes a public value, which is still to be filled in."""
        written = Operation("put", name, self._known(parameter) if parameter is not None else None, type=_new_type(kind, parameter))
        if source is not None:
            return written._replace(source=source.parameter.name, source_is_public=source.known.is_public)
        return written._replace(beside=self._beside()) if parameter is None and self._region is None else written

    def _delete(self, parameter: Parameter) -> list[Command] | None:
        """``delete-parameters`` names what is gone already in its answer, and does not fail as ``delete-parameter`` does."""
        if name_reason(parameter.name) is not None:
            return None
        gone = (Stored(parameter.name, None, gone=True),)
        deleted = (Operation("delete", parameter.name, self._known(parameter)),)
        return [Command((self._deletion(parameter),), (parameter.name,), self._region_of(parameter), operations=deleted, leaves=gone)]

    def _deletion(self, parameter: Parameter) -> str:
        return " ".join([_DELETION, shlex.quote(parameter.name), *self._at(parameter)])

    def _rename(self, parameter: Parameter, key: Key) -> list[Command] | None:
        """The new parameter is not to take the place of one that the dump does not show, so nothing is overwritten."""
        name = self._name(key)
        if key in self._held or not _can_be_copied(parameter) or name_reason(name) is not None:
            return None
        kind, text = _type(key, parameter, new=True), parameter.text or ""
        options = [*_options(name, kind, parameter, text, parameter.key_id), *self._at(parameter)]
        leaves = (_left(name, kind, parameter, parameter.text, parameter.key_id), Stored(parameter.name, None, gone=True))
        known = self._known(parameter)
        encrypted = "SecureString" if kind == "SecureString" else ""
        operations = (
            Operation("copy", name, None, type=encrypted, source=parameter.name, source_is_public=known.is_public),
            Operation("delete", parameter.name, known),
        )
        lines = (*self._copied(parameter, options), self._deletion(parameter))
        return [Command(lines, (parameter.name, name), self._region_of(parameter), operations=operations, leaves=leaves)]

    def _store_again(self, parameter: Parameter, kind: str) -> list[Command] | None:
        """The parameter with another type, its value fetched and never shown.

        PutParameter knows an error for a change of the type (HierarchyTypeMismatchException), but makes the change if it overwrites: so
        does Terraform, whose test of that runs against AWS (https://github.com/hashicorp/terraform-provider-aws/pull/10819). Where it
        refuses, nothing has changed; deleting first could lose the secret.
        """
        if not _can_be_copied(parameter):
            return None
        options = [*_options(parameter.name, kind, parameter, parameter.text or "", parameter.key_id), "--overwrite", *self._at(parameter)]
        leaves = (_left(parameter.name, kind, parameter, parameter.text, parameter.key_id),)
        operations = (Operation("encrypt", parameter.name, self._known(parameter)),)
        lines = tuple(self._copied(parameter, options))
        return [Command(lines, (parameter.name,), self._region_of(parameter), operations=operations, leaves=leaves)]

    def _copied(self, parameter: Parameter, options: Sequence[str]) -> list[str]:
        """The lines that read a value and write it with some options. What stands behind it keeps line breaks at its end."""
        name, how = shlex.quote(parameter.name), "--with-decryption --query Parameter.Value --output text && printf x"
        return [
            f"COPY=$({' '.join(['aws ssm get-parameter --name', name, *self._at(parameter), how])})",
            f'printf %s "${{COPY%?x}}" | aws ssm put-parameter {" ".join(options)} {_FROM_PIPE}',
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
        return (_region(parameter) if parameter is not None else None) or self._region

    def _at(self, parameter: Parameter | None) -> list[str]:
        region = self._region_of(parameter)
        return [] if region is None else ["--region", region]


def _key(path: SettingPath) -> Key:
    return tuple(map(str, path))


def _region(parameter: Parameter) -> str | None:
    """The region that the ARN of a parameter names."""
    match = _ARN.fullmatch(parameter.arn or "")
    return match[1] if match is not None else None


def _all(commands: Iterable[list[Command] | None]) -> list[Command] | None:
    """All commands of several changes; None where one of these has none."""
    made: list[Command] = []
    for some in commands:
        if some is None:
            return None
        made += some
    return made


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


def _options(name: str, kind: str, parameter: Parameter | None, text: str, key: str | None) -> list[str]:
    options = ["--name", shlex.quote(name), *(["--type", kind] if kind else [])]
    tier = _tier(parameter, text)
    if tier not in (None, "Standard"):
        options += ["--tier", str(tier)]
    return [*options, *(["--key-id", shlex.quote(key)] if key and kind == "SecureString" and key != _DEFAULT_KEY else [])]


def _tier(parameter: Parameter | None, text: str) -> str | None:
    """The tier of a parameter that is to hold a text: its own, unless that is too small."""
    tier = parameter.tier if parameter is not None and parameter.tier in LIMITS else None
    return "Advanced" if len(text) > LIMITS["Standard"] and tier in (None, "Standard") else tier


def _left(name: str, kind: str, parameter: Parameter | None, text: str | None, key: str | None) -> Stored:
    """What is in the store after a parameter was written."""
    return Stored(name, text, kind, _tier(parameter, text or "") or "", key or "")


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


def _says_something(value: Any) -> bool:
    """Whether a value can hold a part of another: a switch cannot, nor can an object without members."""
    return not isinstance(value, bool) and value not in ({}, [])


def _is_switch(value: Any, setting: Setting | None) -> bool:
    """Whether a text says only that something is on, where there can be options too, which may not be seen: in ``redis.tls``."""
    return value == "true" and setting is not None and "boolean" in setting.types and "object" in setting.types


def _is_shown(path: SettingPath, value: Any) -> bool:
    """Whether all of a value may be shown."""
    known = settings.catalogue()
    found: list[tuple[SettingPath, Any]] = list(leaves(path, value))
    return all(known.is_public(where) and _is_seen(visible(known, where, one), one) for where, one in found)


def _is_seen(shown: Any, value: Any) -> bool:
    return shown is not HIDDEN and bool(shown == value)


def _changed(value: Any, depth: int, changes: Sequence[Change]) -> Any:
    """A value with changes of what is in it, whose paths have so many steps to the value itself; ``ABSENT`` where they cannot be made."""
    value = copy.deepcopy(value)
    for change in changes:
        *above, last = change.path[depth:]
        node = value
        for step in above:
            node = node.setdefault(step, {}) if isinstance(node, dict) else child(node, step)
        if not _change(node, last, change):
            return ABSENT
    return value


def _change(node: Any, last: str | int, change: Change) -> bool:
    if not isinstance(node, dict | list) or child(node, last) is UNKNOWN:
        return False
    is_there = child(node, last) is not ABSENT
    if change.action == "set" and (is_there or isinstance(node, dict)):
        node[last] = change.value  # type: ignore[index]
    elif change.action == "remove" and is_there:
        del node[last]  # type: ignore[arg-type]
    elif change.action == "rename" and is_there and isinstance(node, dict):
        node[change.value[-1]] = node.pop(last)
    else:
        return False
    return True
