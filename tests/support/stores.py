"""Parameter Store in a folder, and scripts that change it with the ``aws`` of :mod:`support.fake_aws`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pytest

from support.checkout import REQUIRE_ALL
from support.fake_aws import serving, stored_file

SHELL: Final = shutil.which("dash") or shutil.which("sh")
needs_shell: Final = pytest.mark.skipif(SHELL is None or os.name != "posix", reason="there is no POSIX shell")
needs_aws: Final = pytest.mark.skipif(
    SHELL is None or os.name != "posix" or (find_spec("jmespath") is None and not REQUIRE_ALL),
    reason="there is no POSIX shell, or no jmespath",
)
SHELLS: Final = [[path] for name in ("dash", "bash") if (path := shutil.which(name)) is not None]
"""The shells that scripts must run in."""
_OF_AWS: Final = ("Name", "ARN", "History")

Parameter = dict[str, Any]
Stored = dict[str, Parameter]


def parameter(name: str, value: str, kind: str | None = "String", *, region: str = "us-east-1", **more: Any) -> Parameter:
    """A parameter as a dump has it."""
    arn = f"arn:aws:ssm:{region}:123456789012:parameter{name}"
    return {"Name": name, **({"Type": kind} if kind else {}), "Value": value, "ARN": arn, **more}


def keep(folder: Path, parameters: Iterable[Parameter]) -> Path:
    """A store in a new folder: each parameter as a dump has it, in the region of its ARN, and what else AWS says of it."""
    folder.mkdir()
    for one in parameters:
        region = one["ARN"].split(":")[3] if "ARN" in one else "default"
        held = {"Type": "String", **{field: value for field, value in one.items() if field not in _OF_AWS}}
        stored_file(folder, region, one["Name"]).write_text(json.dumps(held), encoding="utf-8")
    return folder


def stored(folder: Path, *fields: str) -> Stored:
    """What a store holds, by region and name: of each parameter some fields, by default the type and the value."""
    found = {path.stem.replace("!", "/"): json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
    return {name: {field: one[field] for field in fields or ("Type", "Value") if field in one} for name, one in found.items()}


def everything(folder: Path) -> Stored:
    """What a store holds, but for what changes with each call that writes the same again."""
    return stored(folder, "Type", "Value", "Tier", "KeyId", "Description", "AllowedPattern", "DataType", "Policies", "Tags")


def calls(folder: Path) -> list[list[str]]:
    """The calls of the CLI since the store was made, each without the name of the service."""
    log = folder / "log"
    return [json.loads(line)[1:] for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []


@contextmanager
def environment_with_aws(store: Path, variables: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The variables of a process that finds the ``aws`` of tests, for as long as it runs."""
    programs = store.parent / "bin"
    programs.mkdir(exist_ok=True)
    with serving(store, programs, variables):
        yield {"PATH": f"{programs}:/usr/bin:/bin", **variables}


def execute(
    script: Path | str, store: Path, *arguments: str, shell: Sequence[str] = (SHELL or "sh",), variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a script on a store; the number of its first call is 1."""
    (store / "log").unlink(missing_ok=True)
    command = [*shell, str(script), *arguments]
    with environment_with_aws(store, variables or {}) as environment:
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120, errors="replace")
