"""Whether a repository has a program that fills in the references in a configuration file."""

from __future__ import annotations

import re
from itertools import islice

from ..patterns import pattern
from ..typed import Final
from .source import SourceFile

_FOLDERS: Final = ("", "scripts", "bin", "docker", "deploy", ".github/workflows")
"""Where such files are, relative to the folder of the configuration and those above it."""
_FILES: Final = pattern(
    r"(?:.*[.-])?Dockerfile.*|.*\.(?:sh|bash|mk|ps1)|[^.]*entrypoint[^.]*|(?:GNU)?[Mm]akefile|[Jj]ustfile|Taskfile\.ya?ml|package\.json"
    r"|(?:docker-)?compose.*\.ya?ml|\.gitlab-ci\.yml|(?:.*/)?[^/]*(?:pipelines?|cloudbuild|buildspec|deploy|release|ci|cd)[^/]*\.ya?ml"
)
_PROGRAM: Final = pattern(
    r"(?<![\w-])(?:envsubst|sed|perl|awk|gomplate|confd|consul-template|dockerize|envtpl|esh|j2|jinja2?|mustache|ytt|yq|jq|replacetokens"
    r"|op inject|vals eval|vault agent|render_template|os\.path\.expandvars)(?![\w-])"
)
_MOST: Final = 50
"""The maximum number of files that are examined."""


def is_filled_in(file: SourceFile) -> bool:
    """Whether a start script, a Dockerfile or a workflow of the repository names a file, and runs a program that replaces references.

    A text inside another file goes by the name of that file.
    """
    around, name = file.around, re.compile(rf"(?<![\w-]){re.escape(file.name)}(?![\w-])")
    every = islice(around.near(file, _FOLDERS, _FILES), _MOST)
    return any(name.search(script.text.content) and _PROGRAM.search(script.text.content) for script in every)
