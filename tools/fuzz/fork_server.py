"""Runs commands of the ``medplum-lint`` that is installed with this Python, each in a fork of one process that has imported all of it.

``PYTHON fork_server.py`` writes a line with the version and the folder of the package, then reads requests from standard input, a line of
JSON each: ``arguments``, ``folder``, ``environment``, and the paths ``stdin``, ``stdout`` and ``stderr``. It answers each with a line that
has the exit code; a negative one is the number of a signal. It imports nothing of the checkout that it lies in.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import signal
import sys
from collections.abc import Callable
from typing import Any, BinaryIO, Final

PATIENCE: Final = 300
"""Seconds after which a command is ended."""


def main() -> None:
    """Serve until there are no more requests; in a fork, run the command of one."""
    sys.path[0] = os.path.dirname(sys.executable)  # as for a console script
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    try:
        entry = _imported()
    except ImportError as error:
        sys.exit(f"{sys.executable}: {error}")
    _answer(answers, json.dumps({"version": sys.modules["linter"].__version__, "path": sys.modules["linter"].__path__[0]}))
    for line in requests:
        process = os.fork()
        if process == 0:
            _prepare(json.loads(line))
            entry()
            return
        _answer(answers, str(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])))


def _imported() -> Callable[[], object]:
    """The entry point of the console script, with everything imported that a command may import."""
    entry: Callable[[], object] = importlib.import_module("linter.__main__").main
    package = importlib.import_module("linter")
    for module in pkgutil.walk_packages(package.__path__, "linter."):
        importlib.import_module(module.name)
    gc.collect()
    gc.freeze()
    return entry


def _prepare(request: dict[str, Any]) -> None:
    """Make this process what the console script is when it starts."""
    signal.alarm(PATIENCE)
    os.chdir(request["folder"])
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        opened = os.open(request[name], (os.O_WRONLY if number else os.O_RDONLY) | os.O_NOCTTY)
        os.dup2(opened, number)
        os.close(opened)
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = ["medplum-lint", *request["arguments"]]


def _answer(answers: BinaryIO, text: str) -> None:
    answers.write(f"{text}\n".encode())
    answers.flush()


if __name__ == "__main__":
    main()
