"""``medplum-lint``, which is also ``python -m linter``."""

from __future__ import annotations

import gc
import os
import signal
import sys

from .typed import NoReturn


def _stop(*_: object) -> NoReturn:
    """End at once, without a word: Ctrl-C may hit anywhere, in an import too, and where Python would only tell of it and go on."""
    os._exit(130)


def main() -> None:
    """Run the command line.

    The garbage collector waits until everything is imported: nothing of that is garbage, and looking for some takes a tenth of the time
    of a whole run.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)
    gc.disable()
    from .plain import command

    run = command(sys.argv[1:])
    gc.freeze()
    gc.enable()
    run()


if __name__ == "__main__":
    main()
