"""The commands of the AWS CLI that make a fix in Parameter Store, of which a dump is only a copy.

No command has a secret in it. A value that may not be shown is read from the shell variable ``VALUE``, which a person sets, or which
``get-parameter`` fills, and reaches the CLI through a pipe, so that a list of processes does not show it either.
"""

from __future__ import annotations

import copy
import json
import re
import shlex
from collections.abc import Iterable, Sequence
from typing import Any, Final

from .. import settings
from ..model import ABSENT, UNKNOWN, Change, Command, Document, SettingPath, child
from ..server.effective import HIDDEN, leaves, visible
from ..server.loader import ssm_text
from .parameter_problems import name_reason
from .parameters import LIMITS, Environment, Parameter

_ARN: Final = re.compile(r"arn:aws[a-z-]*:ssm:([a-z]+(?:-[a-z]+)+-[0-9]+):[0-9]*:parameter/.*")
_FROM_PIPE: Final = "--value file:///dev/stdin"
"""What the CLI reads from a file for ``--value`` it takes as it is, whatever that begins with (``awscli/paramfile.py``)."""
_NOT_AS_ARGUMENTS: Final = ("-", "file://", "fileb://", "http://", "https://")
"""What no value may begin with that is an argument.

The CLI takes a leading dash for an option (https://github.com/aws/aws-cli/issues/4395), reads a file for ``file://`` and, in version 1, an
address for ``https://`` (https://docs.aws.amazon.com/cli/v1/userguide/cli-usage-parameters-file.html). What ``--cli-input-json`` gives is
taken as it is (https://github.com/aws/aws-cli/issues/3076).
"""
_PLAIN: Final = re.compile(r"[ -~]+")
_DEFAULT_KEY: Final = "alias/aws/ssm"

Key = tuple[str, ...]
"""The path of a setting with its steps as they are in the name of a parameter."""


def commands_for(
    document: Document, environment: Environment, parameters: Iterable[Parameter], changes: Sequence[Change]
) -> list[Command] | None:
    """The commands that make changes of the settings of one environment; None where there are none that do just that."""
    store = _Store(document, environment, parameters)
    made: list[Command] = []
    within: dict[Key, list[Change]] = {}
    for change in changes:
        whole = store.holder(change.path)
        if whole is not None:
            within.setdefault(whole, []).append(change)
            continue
        commands = store.commands(change)
        if commands is None:
            return None
        made += commands
    for whole, inner in within.items():
        commands = store.put(whole, _changed(document.get(whole), len(whole), inner))
        if commands is None:
            return None
        made += commands
    return made or None


class _Store:
    """The parameters of one environment, and the commands that change them."""

    def __init__(self, document: Document, environment: Environment, parameters: Iterable[Parameter]) -> None:
        self._document = document
        self._prefix = environment.prefix
        self._held: dict[Key, Parameter] = {_key(environment.path(one)): one for one in parameters}
        regions = {_region(one) for one in self._held.values()}
        self._region = next(iter(regions)) if len(regions) == 1 else None

    def holder(self, path: SettingPath) -> Key | None:
        """The parameter in whose JSON or list a setting is; None for one that is a parameter itself, or would be."""
        key = _key(path)
        return next((key[:length] for length in range(1, len(key)) if key[:length] in self._held), None)

    def commands(self, change: Change) -> list[Command] | None:
        """The commands for one change of a setting that is a parameter, or that parameters give the members of."""
        key = _key(change.path)
        if change.action == "set":
            return self.put(key, change.value)
        given = [one for path, one in self._held.items() if path[: len(key)] == key]
        if change.action == "remove":
            return _all(self._delete(one) for one in given)
        parameter = self._held.get(key)
        if parameter is None or len(given) > 1:
            return None
        if change.action == "store":
            return self._store_again(parameter, str(change.value))
        return self._rename(parameter, _key(change.value))

    def put(self, key: Key, value: Any) -> list[Command] | None:
        """The command that writes a value; for an object that the loader cannot read from one text, one for each member."""
        if value is ABSENT or value is UNKNOWN:
            return None
        parameter = self._held.get(key)
        setting = settings.catalogue().get(key)
        if parameter is None and setting is None:
            return None  # it would be a parameter that no server reads
        text = ssm_text(value, setting, self._document.server.release)
        if text is not None:
            return self._put(key, parameter, text, shown=_is_shown(key, value), scalar=not isinstance(value, dict | list))
        if not isinstance(value, dict) or parameter is not None:
            return None
        written = [(*key, str(member)) for member in value]
        if any(path[: len(key)] == key and not any(path[: len(one)] == one for one in written) for path in self._held):
            return None  # the object would keep members that it should not have
        return _all(self.put((*key, str(member)), one) for member, one in value.items())

    def _put(self, key: Key, parameter: Parameter | None, text: str, *, shown: bool, scalar: bool) -> list[Command] | None:
        name = self._name(key) if parameter is None else parameter.name
        if not _is_taken(name, text) or not (shown or scalar):
            return None
        kind = _type(key, parameter)
        options = [*_options(name, kind, parameter, text), "--overwrite", *self._at(parameter)]
        if shown:
            line = f"aws ssm put-parameter {' '.join(options)} {_value(text)}"
            return [Command((line,), (name,), self._region_of(parameter))]
        line = f'printf %s "$VALUE" | aws ssm put-parameter {" ".join(options)} {_FROM_PIPE}'
        return [Command((line,), (name,), self._region_of(parameter), value=f"the new value of {name}")]

    def _delete(self, parameter: Parameter) -> list[Command] | None:
        """``delete-parameters`` names what is gone already in its answer, and does not fail as ``delete-parameter`` does."""
        if name_reason(parameter.name) is not None:
            return None
        return [Command((self._deletion(parameter),), (parameter.name,), self._region_of(parameter))]

    def _deletion(self, parameter: Parameter) -> str:
        return " ".join(["aws ssm delete-parameters --names", shlex.quote(parameter.name), *self._at(parameter)])

    def _rename(self, parameter: Parameter, key: Key) -> list[Command] | None:
        """The new parameter is not to take the place of one that the dump does not show, so nothing is overwritten."""
        name = self._name(key)
        if key in self._held or not _can_be_piped(parameter) or name_reason(name) is not None or name_reason(parameter.name) is not None:
            return None
        options = [*_options(name, _type(key, parameter, new=True), parameter, parameter.text or ""), *self._at(parameter)]
        found = f"aws ssm get-parameters --names {' '.join([shlex.quote(parameter.name), *self._at(parameter)])}"
        return [
            Command(
                (*self._copied(parameter, options), self._deletion(parameter)),
                (parameter.name, name),
                self._region_of(parameter),
                condition=f"[ \"$({found} --query 'length(Parameters)' --output text)\" != 0 ]",
            )
        ]

    def _store_again(self, parameter: Parameter, kind: str) -> list[Command] | None:
        """The parameter with another type, its value fetched and never shown.

        PutParameter knows an error for a change of the type (HierarchyTypeMismatchException), but makes the change if it overwrites: so
        does Terraform, whose test of that runs against AWS (https://github.com/hashicorp/terraform-provider-aws/pull/10819). Where it
        refuses, nothing has changed; deleting first could lose the secret.
        """
        if not _can_be_piped(parameter) or name_reason(parameter.name) is not None:
            return None
        options = [*_options(parameter.name, kind, parameter, parameter.text or ""), "--overwrite", *self._at(parameter)]
        return [Command(tuple(self._copied(parameter, options)), (parameter.name,), self._region_of(parameter))]

    def _copied(self, parameter: Parameter, options: Sequence[str]) -> list[str]:
        """The lines that read a value and write it with some options. What stands behind it keeps line breaks at its end."""
        name = shlex.quote(parameter.name)
        read = " ".join(
            ["aws ssm get-parameter --name", name, *self._at(parameter), "--with-decryption --query Parameter.Value --output text"]
        )
        return [
            f"VALUE=$({read} && printf x)",
            f'printf %s "${{VALUE%?x}}" | aws ssm put-parameter {" ".join(options)} {_FROM_PIPE}',
        ]

    def _name(self, key: Key) -> str:
        return f"{self._prefix}/{'.'.join(key)}"

    def _region_of(self, parameter: Parameter | None) -> str | None:
        return self._region if parameter is None else _region(parameter)

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


def _options(name: str, kind: str, parameter: Parameter | None, text: str) -> list[str]:
    options = ["--name", shlex.quote(name), *(["--type", kind] if kind else [])]
    tier = parameter.tier if parameter is not None and parameter.tier in LIMITS else None
    if len(text) > LIMITS["Standard"]:
        tier = tier if tier not in (None, "Standard") else "Advanced"
    if tier not in (None, "Standard"):
        options += ["--tier", str(tier)]
    key = parameter.key_id if parameter is not None else None
    return [*options, *(["--key-id", shlex.quote(key)] if key and kind == "SecureString" and key != _DEFAULT_KEY else [])]


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


def _can_be_piped(parameter: Parameter) -> bool:
    """Whether a value goes through the CLI unchanged: of a file it reads each kind of line break as a line feed."""
    return "\r" not in (parameter.text or "")


def _is_shown(key: Key, value: Any) -> bool:
    """Whether all of a value may be shown."""
    known = settings.catalogue()
    found: list[tuple[SettingPath, Any]] = list(leaves(key, value))
    return all(known.is_public(path) and _is_seen(visible(known, path, one), one) for path, one in found)


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
