"""``medplum-lint init``: create a configuration file."""

from __future__ import annotations

import os
from pathlib import Path

from ..files import relative_to_here
from ..options import Given
from ..options.choose import OWN_FILE, Configurations
from ..options.config_file import beginning
from ..output import write_file
from ..output.say import Failed, say


def run(_given: Given) -> None:
    """Create a configuration file in the current folder.

    It has every option, in a comment. An existing file is not replaced.

    Examples:
      medplum-lint init
    """
    if os.path.lexists(OWN_FILE):
        raise Failed(f"{OWN_FILE}: already exists")
    config = Configurations().of(Path(os.curdir))
    if config.path is not None and config.folder == Path.cwd():
        raise Failed(f"{relative_to_here(config.path)}: has a table [tool.medplum-lint] already, for which {OWN_FILE} would count instead")
    write_file(OWN_FILE, beginning().encode())
    say("note", f"{OWN_FILE}: wrote every option, in a comment")
