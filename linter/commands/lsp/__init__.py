"""``medplum-lint lsp``: the language server, for editors: another caller of the engine, with the texts of an editor in place of files.

:mod:`.session` checks the open texts, without the protocol; the other modules turn what it finds into the protocol's types.
"""

from __future__ import annotations

from ...options import Given
from ...output.say import Failed


def run(_given: Given) -> int:
    """Run the language server on standard input and output.

    An editor starts it. It needs the packages of the extra lsp.

    Examples:
      medplum-lint lsp
    """
    try:
        from .server import server  # only here
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        if package == "linter":
            raise
        raise Failed(f"the language server needs the package {package}, which is not installed: pip install 'medplum-lint[lsp]'") from None
    made = server()
    made.start_io()
    return 0 if made.is_shut else 1
