"""Which configuration counts for a file: the one that the command line names, or the nearest one above it."""

from __future__ import annotations

import os.path
from pathlib import Path

from .config import PROJECT_FILE, Config, ConfigError
from .files import LARGEST_CONFIGURATION, Unreadable, read_regular, reason_of
from .typed import Final

OWN_FILE: Final = ".medplum-lint.toml"
_NONE: Final = Config()


class Configurations:
    """Which configuration counts for a folder: the one that the command line names, else the nearest one upwards; none if ``isolated``."""

    def __init__(self, named: Config | None = None, *, isolated: bool = False) -> None:
        self._always = Config() if isolated else named and named._replace()  # with a use of its own
        self._known: dict[str, Config] = {}
        """By the folders that were asked for."""
        self._in: dict[Path, Config | None] = {}
        """By the folders in which they are."""

    def of(self, folder: Path | str) -> Config:
        """The configuration for the files of a folder. Raises :exc:`~linter.config.ConfigError` where it cannot be used.

        Its path is absolute or relative as the folder is given, for messages.
        """
        if self._always is not None:
            return self._always
        text = str(folder)
        if text not in self._known:
            try:
                self._known[text] = self._nearest(Path(os.path.abspath(text)), is_absolute=os.path.isabs(text))
            except OSError as error:
                raise ConfigError(f"{error.filename or 'the working directory'}: cannot be read: {reason_of(error)}") from None
        return self._known[text]

    def _nearest(self, folder: Path, *, is_absolute: bool) -> Config:
        for one in (folder, *folder.parents):
            if one not in self._in:
                self._in[one] = _find(one) if is_absolute else _find(Path(os.path.relpath(one)), one)
            config = self._in[one]
            if config is not None:
                return config
        return _NONE

    def used(self) -> list[Config]:
        """The configuration files that did something."""
        files = filter(None, [self._always, *self._in.values()])
        return [one for one in files if one.path is not None and (one.use.counts or one.use.patterns)]


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
