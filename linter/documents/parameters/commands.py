"""Commands of the AWS CLI that apply a fix to Parameter Store, of which a dump is only a copy.

No command contains a secret. A value that may not be shown is read from the shell variable ``VALUE``, which the user sets, or from
``COPY``, which ``get-parameter`` fills, and reaches the CLI through a pipe, so that a list of processes does not show it either. There are
two variables so that a command that asks for a value never uses one that another command copied. Parts that a fix takes out of a secret,
such as the host of a URL with a password, may not be shown either.
"""

from __future__ import annotations

import copy
import json
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, zip_longest

from ... import settings
from ...model import ABSENT, UNKNOWN, Change, Command, Document, Operation, SettingPath, Stored, gathered
from ...server.effective import leaves
from ...server.loader import ssm_text
from ...server.shown import visible
from ...settings import Setting
from ...typed import Any, Final, NamedTuple
from .store import LIMITS, Environment, Parameter, has_reference, moment_of, name_reason

_ARN: Final = re.compile(r"arn:aws[a-z-]*:ssm:([a-z]+(?:-[a-z]+)+-[0-9]+):([0-9]*):parameter/.*")
_FROM_PIPE: Final = "--value file:///dev/stdin"
"""The CLI uses a file's content for ``--value`` as it is, whatever it begins with (``awscli/paramfile.py``)."""
_NOT_AS_ARGUMENTS: Final = ("-", "file://", "fileb://", "http://", "https://")
"""Prefixes that a value cannot have as an argument. The CLI reads a leading dash as an option (https://github.com/aws/aws-cli/issues/4395),
``file://`` as a file and, in version 1, ``https://`` as an address
(https://docs.aws.amazon.com/cli/v1/userguide/cli-usage-parameters-file.html). It uses values in ``--cli-input-json`` as they are
(https://github.com/aws/aws-cli/issues/3076)."""
_PLAIN: Final = re.compile(r"[ -~]+")
_DEFAULT_KEY: Final = "alias/aws/ssm"
_COMMON_TEXTS: Final = ("true", "false", "{}", "[]")
"""Texts that are too common to count as a part of another value."""


Step = tuple[Operation, Stored]
Chain = list[Step]
"""Operations, each of which needs those before it to succeed, with what they leave."""


class _Source(NamedTuple):
    """A parameter that a fix removes or takes something from, and that the written value may come from.

    ``is_seen``: reports show the value. ``is_deleted``: nothing is left in it.
    """

    parameter: Parameter
    is_seen: bool
    is_deleted: bool

    @property
    def is_secure(self) -> bool:
        """Whether a value taken from it must be a SecureString. If a dump lacks the type, it is secure if the value is secret."""
        return self.parameter.type == "SecureString" or (self.parameter.type is None and not self.is_seen)

    @property
    def is_hidden(self) -> bool:
        """Whether a value taken from it may not be shown."""
        return self.is_secure or not self.is_seen


class _Refused(Exception):
    """There are no commands for such a change."""


class Store:
    """The parameters of one environment by their settings, and the commands that change them."""

    def __init__(self, document: Document, environment: Environment, parameters: Iterable[Parameter]) -> None:
        self._document = document
        self._environment = environment
        self._held = {environment.path(parameter): parameter for parameter in parameters}
        arns = [match for parameter in self._held.values() if (match := _ARN.fullmatch(parameter.arn or ""))]
        regions = {match[1] for match in arns}
        self._region = next(iter(regions)) if len(regions) == 1 else None  # parameters of one environment are in one region
        self._accounts = tuple(sorted({match[2] for match in arns if match[2]}))
        self._within = gathered((path[:length], path) for path in self._held for length in range(len(path) + 1))

    def commands(self, changes: Sequence[Change]) -> list[Command] | None:
        """The commands that make changes of settings; None if no commands do exactly that.

        If some write and others delete, one command does it all: deletions come last, and only if everything was written.
        """
        try:
            chains = [*self._chains(changes)]
        except _Refused:
            return None
        if len({chain[-1][0].action == "delete" for chain in chains}) > 1:
            chains.sort(key=lambda chain: chain[0][0].action == "delete")
            chains = [[step for chain in chains for step in chain]]
        return [Command(*zip(*chain, strict=True)) for chain in chains] or None

    def _chains(self, changes: Sequence[Change]) -> Iterator[Chain]:
        every = self._sources(changes)
        within: dict[SettingPath, list[Change]] = {}
        runs = [list(run) for _, run in groupby(changes, key=lambda change: change.action == "remove")]
        for run, following in zip_longest(runs, runs[1:], fillvalue=()):
            # what the next changes remove, since each of several combined fixes removes at its end; else all
            found = self._sources(following)
            sources = found if any(source.is_hidden for source in found) else every
            for change in run:
                whole = self._holder(change.path)
                if whole is None:
                    yield from self._change(change, sources)
                else:
                    within.setdefault(whole, []).append(change)
        for whole, inner in within.items():
            yield from self._put(whole, self._changed(whole, inner), every, itself=True)

    def _sources(self, changes: Iterable[Change]) -> list[_Source]:
        """The parameters that give a removed setting: itself or its members, or the one in whose JSON it is."""
        found: list[_Source] = []
        for removed in (change.path for change in changes if change.action == "remove"):
            holder = self._holder(removed)
            is_seen = _is_shown(removed, self._document.get(removed))
            paths = [*([holder] if holder is not None else []), *self._within.get(_key(removed), ())]
            found += [_Source(self._held[path], is_seen, holder is None) for path in paths]
        return found

    def _holder(self, path: SettingPath) -> SettingPath | None:
        """The parameter in whose JSON or list a setting is; None for one that is a parameter itself, or would be."""
        key = _key(path)
        return next((key[:length] for length in range(1, len(key)) if key[:length] in self._held), None)

    def _change(self, change: Change, sources: Sequence[_Source]) -> Iterator[Chain]:
        """The operations for one change of a setting that is a parameter, or whose members are parameters."""
        key = _key(change.path)
        given = [self._held[path] for path in self._within.get(key, ())]
        if change.action == "set":
            yield from self._put(key, change.value, sources)
        elif change.action == "remove":
            if not given and self._document.get(change.path) is not ABSENT:
                raise _Refused  # it is given in another way
            yield from ([self._delete(parameter)] for parameter in given)
        elif len(given) != 1 or key not in self._held:
            raise _Refused
        elif change.action == "store":
            yield [self._copy(given[0], given[0].name, str(change.value))]
        else:
            new = _key(change.value)
            if new in self._held:
                raise _Refused
            yield [self._copy(given[0], self._name(new), _type(new, given[0], new=True)), self._delete(given[0])]

    def _changed(self, whole: SettingPath, changes: Sequence[Change]) -> Any:
        """The value of a parameter after changes inside it."""
        value = copy.deepcopy(self._document.get(whole))
        for change in changes:
            *above, last = change.path[len(whole) :]
            node = value
            try:
                for step in above:
                    node = node.setdefault(step, {}) if isinstance(node, dict) else node[step]
                if self._document.get(change.path) is UNKNOWN:
                    raise _Refused
                if change.action == "rename":
                    node[change.value[-1]] = node[last]
                if change.action == "set":
                    node[last] = change.value
                else:
                    del node[last]
            except (LookupError, TypeError):
                raise _Refused from None
        return value

    def _put(self, key: SettingPath, value: Any, sources: Sequence[_Source], *, itself: bool = False) -> Iterator[Chain]:
        """The operations that write a value; if the loader cannot read an object from one text, one for each member.

        ``itself``: the parameter keeps its type and everything that the fix leaves in its value.
        """
        parameter, setting = self._held.get(key), settings.catalogue().get(key)
        if value is ABSENT or value is UNKNOWN or (parameter is None and setting is None):
            raise _Refused  # not known, or a parameter that no server would read
        text = ssm_text(value, setting, self._document.server.release)
        if text is not None:
            is_switch = _is_switch(value, setting)
            says_something = (
                not isinstance(value, bool) and value not in ({}, []) and not is_switch
            )  # it can contain a part of another value
            hidden = [source for source in sources if says_something and source.is_hidden and not (itself and source.is_seen)]
            whole = parameter is None or _is_shown(key, self._document.get(key))  # the rest of it may be masked
            shown = (_is_shown(key, value) or is_switch) and whole and not hidden
            if not (shown or not isinstance(value, dict | list)) or (shown and "\r" in text):
                raise _Refused
            yield [self._write(key, text, hidden, [source.parameter for source in sources if source.is_deleted], shown=shown)]
            return
        members = {(*key, str(member)): member_value for member, member_value in value.items()} if isinstance(value, dict) else {}
        keeps_others = any(not any(path[: len(member)] == member for member in members) for path in self._within.get(key, ()))
        if parameter is not None or not members or keeps_others:  # no parameter can hold an empty object
            raise _Refused
        for member, member_value in members.items():
            yield from self._put(member, member_value, sources)

    def _write(self, key: SettingPath, text: str, hidden: Sequence[_Source], deleted: Sequence[Parameter], *, shown: bool) -> Step:
        parameter = self._held.get(key)
        name = self._name(key) if parameter is None else parameter.name
        if not _is_taken(name, text):
            raise _Refused
        secure = next((source.parameter for source in hidden if source.is_secure), None)
        kind = "SecureString" if secure is not None else _type(key, parameter)
        key_id = next((candidate.key_id for candidate in (parameter, secure) if candidate is not None and candidate.key_id), "")
        stored = Stored(name, text, kind, _tier(parameter, text), key_id)
        moved = next((other for other in deleted if other.text == text and text not in _COMMON_TEXTS and _can_be_copied(other)), None)
        operation = self._operation(name, parameter, moved or next((other for other in deleted if self._public(other) is None), None))
        if parameter is None or kind != (parameter.type or ""):
            operation = operation._replace(type=kind)
        elif moved is not None and parameter.text == text:
            operation = operation._replace(type="kept")
        put = _put_parameter(stored, operation.region, "--overwrite")
        if shown:
            operation = operation._replace(action="put", text=text, lines=(f"{put} {_value(text)}",))
        elif moved is None:
            out_of = "".join(f", out of {source.parameter.name}" for source in hidden[:1] if name_reason(source.parameter.name) is None)
            lines = (f'printf %s "$VALUE" | {put} {_FROM_PIPE}',)
            operation = operation._replace(action="ask", lines=lines, asks=f"the new value of {name}{out_of}")
        if moved is not None:
            operation = operation._replace(action="copy", text="", lines=operation.lines or self._copied(moved, put))
        return operation, stored

    def _copy(self, parameter: Parameter, name: str, kind: str) -> Step:
        """Write the value again, fetched and never shown: with another type, or under another name, where it overwrites nothing.

        The new parameter must not replace one that the dump does not show. PutParameter documents an error for a change of the type
        (HierarchyTypeMismatchException), but makes the change with overwrite: Terraform does so too, and tests it against AWS
        (https://github.com/hashicorp/terraform-provider-aws/pull/10819). If AWS refuses, nothing has changed; deleting first could lose the
        secret.
        """
        if not _can_be_copied(parameter) or name_reason(name) is not None:
            raise _Refused
        stored = Stored(name, parameter.text, kind, _tier(parameter, parameter.text or ""), parameter.key_id or "")
        region, is_new = self._region_of(parameter), name != parameter.name
        operation = self._operation(name, None, parameter) if is_new else self._operation(name, parameter)
        lines = self._copied(parameter, _put_parameter(stored, region, *([] if is_new else ["--overwrite"])))
        kind = kind if kind == "SecureString" else "same"
        return operation._replace(action="copy" if is_new else "encrypt", lines=lines, region=region, type=kind), stored

    def _delete(self, parameter: Parameter) -> Step:
        """``delete-parameters`` lists parameters that are already gone in its response, and does not fail as ``delete-parameter`` does."""
        if name_reason(parameter.name) is not None:
            raise _Refused
        line = " ".join(["aws ssm delete-parameters --names", shlex.quote(parameter.name), *_at(self._region_of(parameter))])
        return self._operation(parameter.name, parameter)._replace(lines=(line,)), Stored(parameter.name, None, gone=True)

    def _operation(self, name: str, parameter: Parameter | None, source: Parameter | None = None) -> Operation:
        """The deletion of a parameter, or for None a new operation, to which the caller adds the action and the lines."""
        region = self._region_of(parameter)
        dump = ("absent",) if parameter is None else self._dump(parameter)
        if parameter is None and source is None and region is None:
            # a parameter of the dump, which ensures that the new one is in the same region
            dump += next((("beside", parameter.name) for parameter in self._held.values() if name_reason(parameter.name) is None), ())
        operation = Operation("delete", name, (), dump, region, self._accounts)
        return operation if source is None else operation._replace(source=source.name, source_is_public=self._public(source) is not None)

    def _copied(self, parameter: Parameter, put: str) -> tuple[str, ...]:
        """Lines that read a value and write it with a command. The suffix keeps line breaks at its end."""
        get = ["aws ssm get-parameter --name", shlex.quote(parameter.name), *_at(self._region_of(parameter)), "--with-decryption"]
        copy = f"COPY=$({' '.join(get)} --query Parameter.Value --output text && printf x)"
        return copy, f'printf %s "${{COPY%?x}}" | {put} {_FROM_PIPE}'

    def _dump(self, parameter: Parameter) -> tuple[str, ...]:
        """What the dump says about the parameter, as far as a script may show it: enough to detect a change since."""
        public = self._public(parameter)
        known = "secret" if public is None else "public"
        if parameter.version is not None:
            return known, "version", str(parameter.version)
        if public is not None:
            return known, "value", public
        dates = _dates(parameter.modified)
        return (known, "date", *dates) if dates else (known, "unknown")

    def _public(self, parameter: Parameter) -> str | None:
        """The text of a parameter if a script may save it in a file; None if it is secret, or says more than reports show of its value."""
        key, text = self._environment.path(parameter), parameter.text
        value = self._document.get(key)
        is_all = text is not None and text in (value, ssm_text(value, settings.catalogue().get(key), self._document.server.release))
        return text if is_all and parameter.type != "SecureString" and _is_shown(key, value) else None

    def _name(self, key: SettingPath) -> str:
        return f"{self._environment.prefix}/{'.'.join(map(str, key))}"

    def _region_of(self, parameter: Parameter | None) -> str | None:
        match = _ARN.fullmatch((parameter.arn if parameter is not None else None) or "")
        return match[1] if match is not None else self._region


def _at(region: str | None) -> list[str]:
    return [] if region is None else ["--region", region]


def _put_parameter(stored: Stored, region: str | None, *more: str) -> str:
    """``put-parameter`` with options that keep the parameter's attributes."""
    key = stored.key_id if stored.type == "SecureString" and stored.key_id != _DEFAULT_KEY else ""
    given = (("name", stored.name), ("type", stored.type), ("tier", "" if stored.tier == "Standard" else stored.tier), ("key-id", key))
    options = [word for option, value in given if value for word in (f"--{option}", shlex.quote(value))]
    return " ".join(["aws ssm put-parameter", *options, *more, *_at(region)])


def _key(path: SettingPath) -> SettingPath:
    """The path of a setting with its steps as they are in the name of a parameter."""
    return tuple(map(str, path))


def _type(key: SettingPath, parameter: Parameter | None, *, new: bool = False) -> str:
    """The type to write: a secret's, or the parameter's own; empty if AWS knows it and the dump does not."""
    known = settings.catalogue()
    if known.is_secret(key):
        return "SecureString"
    if parameter is not None and (parameter.type is not None or not new):
        return parameter.type or ""
    return "String" if known.is_public(key) else "SecureString"


def _dates(modified: str | float | None) -> tuple[str, ...]:
    """How the AWS CLI prints a time in UTC: as in the dump, in version 2, and in version 1; empty if it is not a time."""
    at = moment_of(modified)
    return tuple(dict.fromkeys((str(modified), at.isoformat(), repr(at.timestamp())))) if at is not None else ()


def _tier(parameter: Parameter | None, text: str) -> str:
    """The tier of a parameter that is to hold a text: its own, unless that is too small; empty if the dump does not give it."""
    tier = parameter.tier if parameter is not None and parameter.tier in LIMITS else None
    return "Advanced" if len(text) > LIMITS["Standard"] and tier in (None, "Standard") else tier or ""


def _value(text: str) -> str:
    """A value as an argument. JSON keeps it on one line, and whatever it holds from being read by the CLI in another way."""
    if _PLAIN.fullmatch(text) and not text.startswith(_NOT_AS_ARGUMENTS) and "##[" not in text:
        return f"--value {shlex.quote(text)}"
    given = json.dumps({"Value": text}).replace("##[", r"\u0023#[")  # in a log, a command to a runner of GitHub Actions
    return f"--cli-input-json {shlex.quote(given)}"


def _is_taken(name: str, text: str) -> bool:
    """Whether AWS accepts a parameter with this name and value."""
    return name_reason(name) is None and 0 < len(text) <= LIMITS["Advanced"] and not has_reference(text)


def _can_be_copied(parameter: Parameter) -> bool:
    """Whether the CLI passes a value on unchanged: it turns every line break of a file into a line feed."""
    return "\r" not in (parameter.text or "") and name_reason(parameter.name) is None


def _is_switch(value: Any, setting: Setting | None) -> bool:
    """Whether a text says only that ``redis.tls`` is on, which can also hold options, and those may be secret."""
    return value == "true" and setting is not None and "boolean" in setting.types and "object" in setting.types


def _is_shown(path: SettingPath, value: Any) -> bool:
    """Whether all of a value may be shown."""
    known = settings.catalogue()
    return all(known.is_public(where) and visible(known, where, part) == part for where, part in leaves(path, value))
