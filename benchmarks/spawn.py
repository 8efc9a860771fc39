"""Run one command, and say how long it took and how much memory.

python -I -S spawn.py SECONDS FOLDER OUTPUT COMMAND ...

COMMAND runs in FOLDER, what it writes goes to the file OUTPUT, and after SECONDS it is stopped. Printed are, as JSON: the seconds of the
clock and of the processor, the peak of the resident memory in bytes, and the exit code, which is null of what was stopped.

This is a process of its own because Linux counts as a child's memory also what its parent had when it started it: so that has to be little.
"""

from __future__ import annotations

import os
import signal
import sys
import time


def main() -> None:
    """Run the command, print what it took."""
    limit, folder, output, *command = sys.argv[1:]
    os.chdir(folder)
    written = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    files = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_DUP2, written, 1), (os.POSIX_SPAWN_DUP2, written, 2)]
    stopped = []
    start = time.perf_counter()
    child = os.posix_spawn(command[0], command, os.environ, file_actions=files, setpgroup=0)

    def stop(*_: object) -> None:
        stopped.append(True)
        os.killpg(child, signal.SIGKILL)

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, float(limit))
    _, status, usage = os.wait4(child, 0)
    taken = time.perf_counter() - start
    signal.setitimer(signal.ITIMER_REAL, 0)
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    code = "null" if stopped else os.waitstatus_to_exitcode(status)
    print(f'{{"seconds": {taken}, "processor": {usage.ru_utime + usage.ru_stime}, "peak": {peak}, "status": {code}}}')


if __name__ == "__main__":
    main()
