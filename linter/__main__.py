"""``medplum-lint``, which is also ``python -m linter``."""

from __future__ import annotations

import gc


def main() -> None:
    """Run the command line.

    The garbage collector waits until everything is imported: nothing of that is garbage, and looking for some takes a tenth of the time
    of a whole run.
    """
    gc.disable()
    from .cli import main as run

    gc.freeze()
    gc.enable()
    run()


if __name__ == "__main__":
    main()
