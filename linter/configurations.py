"""Which configuration counts for a file: the one that the command line names, or the nearest one above it."""

from __future__ import annotations

import os.path
from pathlib import Path

from .config import PROJECT_FILE, Config, ConfigError
from .files import LARGEST_CONFIGURATION, Unreadable, read_regular, reason_of
from .typed import Final

OWN_FILE: Final = ".medplum-lint.toml"


class Configurations:
    """Which configuration counts for a folder: the one that the command line names, else the nearest one upwards; none if ``isolated``."""

    def __init__(self, named: Config | None = None, *, isolated: bool = False) -> None:
        self._always = Config() if isolated else named
        self._known: dict[Path, Config] = {}

    def of(self, folder: Path) -> Config:
        """The configuration for the files of a folder. Raises :exc:`~linter.config.ConfigError` where it cannot be used.

        Its path is absolute or relative as the folder is given, for messages.
        """
        if self._always is not None:
            return self._always
        try:
            at = Path(os.path.abspath(folder))
            passed: list[Path] = []
            for one in (at, *at.parents):
                config = self._known.get(one)
                if config is not None:
                    break
                passed.append(one)
                config = _find(one) if folder.is_absolute() else _find(Path(os.path.relpath(one)), one)
                if config is not None:
                    break
        except OSError as error:
            raise ConfigError(f"{error.filename or 'the working directory'}: cannot be read: {reason_of(error)}") from None
        config = config or Config()
        self._known.update(dict.fromkeys(passed, config))
        return config


def _find(folder: Path, base: Path | None = None) -> Config | None:
    """The configuration in a folder; ``base`` is its absolute path where ``folder`` is a relative one."""
    own, project = folder / OWN_FILE, folder / PROJECT_FILE
    if os.path.lexists(own):
        path = own
    elif os.path.isfile(project) and _may_name_us(project):
        path = project
    else:
        return None
    from .config_file import read_config  # only when there is a file to read

    config = read_config(path, within=folder)
    return config._replace(base=base) if config is not None else None


def _may_name_us(project: Path) -> bool:
    """Whether a ``pyproject.toml`` has our name in it, however it is spelt, or cannot be read, which its reader reports."""
    try:
        return b"medplum" in read_regular(project, LARGEST_CONFIGURATION)
    except Unreadable:
        return True


def named_config(path: Path) -> Config:
    """The configuration in a file that the command line names; its globs are relative to the current folder.

    Raises :exc:`~linter.config.ConfigError` where it cannot be used.
    """
    from .config_file import read_config

    config = read_config(path)
    if config is None:
        raise ConfigError(f"{path}: there is no table [tool.medplum-lint] in this file")
    try:
        return config._replace(base=Path.cwd(), trusted=True)
    except OSError as error:
        raise ConfigError(f"the working directory: cannot be read: {reason_of(error)}") from None
