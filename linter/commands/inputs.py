"""What commands share: loading configurations, rules and inputs."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable
from pathlib import Path

from ..documents.inputs import Input, Inputs
from ..files import STANDARD_INPUT, Unreadable, is_deployed, read_standard_input, why_missing
from ..options import Given
from ..options.choose import Configurations, folders_of, named_config
from ..options.config import Config
from ..output.say import Failed, UsageError, on_terminal, say
from ..policy.rule_set import Folder


def why_no_file(path: str) -> str:
    """Why a path is not a file, as an error; empty if it is."""
    return "" if os.path.isfile(path) else f"{path}: {'is a folder: name one file' if os.path.isdir(path) else why_missing(path, 'file')}"


def config_named_by(given: Given) -> Config | None:
    """The configuration that ``--config`` names. Raises :exc:`UsageError` with ``--isolated``."""
    if given.config is None:
        return None
    if getattr(given, "isolated", False):
        raise UsageError("--isolated uses no configuration file, but --config names one: give only one of the two")
    return named_config(Path(given.config))


def rule_folders(given: Given, paths: Iterable[str] = ()) -> list[Folder]:
    """The rule folders named by the configurations of paths, or by that of the current folder, and then by the command line."""
    configurations = Configurations(config_named_by(given), isolated=given.isolated)
    beside = [Path(path) if os.path.isdir(path) else Path(path).parent for path in paths if path != "-"] or [Path(os.curdir)]
    configured = [folder for one in beside for folder in folders_of(configurations.of(one))]
    return [*dict.fromkeys(configured), *getattr(given, "rules", ())]


def inputs(paths: Collection[str], given: Given, *, tasks: bool = True) -> Inputs:
    """The paths, with standard input in place of "-" and what AWS has in place of ``aws:`` arguments, and notes on standard error."""
    found = deployed((path for path in paths if path != "-"), given, tasks=tasks)
    say("note", *(notice.text for notice in found.notices))
    return found._replace(read=[*found.read, *([piped(given.max_size)] if "-" in paths else [])])


def deployed(paths: Iterable[str], given: Given, *, tasks: bool = True) -> Inputs:
    """The paths, with what AWS has in place of ``aws:`` arguments. Only these use the network."""
    every = tuple(dict.fromkeys(paths))
    arguments = [path for path in every if is_deployed(path)]
    if not arguments:
        return Inputs(every, [])
    from ..live.aws import Unread  # only with an aws: argument
    from ..live.read import Wanted, read

    wanted = Wanted(given.endpoint_url, not given.no_decryption, given.cluster if tasks else None, given.max_size, tasks)
    try:
        with on_terminal() as step:
            live = read(arguments, wanted, step)
    except Unread as why:
        raise Failed(str(why)) from None
    return live._replace(files=[*(path for path in every if path not in arguments), *live.files])


def piped(max_size: int, name: str | None = None) -> Input:
    """Standard input, named for reports."""
    try:
        data = read_standard_input(sys.stdin.buffer if sys.stdin is not None else None, max_size)
    except Unreadable as error:
        raise Failed(f"standard input: cannot be read: {error}") from None
    return Input(Path(name or STANDARD_INPUT).as_posix(), data, Path(name or "stdin"), piped=True)
