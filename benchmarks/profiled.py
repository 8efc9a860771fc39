"""One run of the linter under Python's profiler, as JSON: python -I profiled.py OUTPUT ARGUMENT ...

It is run by the Python of a version of ours, and so imports nothing of the checkout. The file OUTPUT gets the seconds of each part of the
program and of the functions that take most, and how often functions are called.
"""

from __future__ import annotations

import cProfile
import json
import os
import pstats
import sys
from collections import Counter
from typing import Any, Final

COUNTED: Final = {
    "rules run": ("policy/engine.py:_found", "policy/engine.py:check"),
    "rules compiled": ("policy/rule.py:must",),
    "clauses run": ("policy/engine.py:look_at",),
}
"""What is counted: calls of the first of these functions that a version has and calls."""
_MOST: Final = 12
_Key = tuple[str, int, str]


def main() -> None:
    """Run, and write what it took."""
    output, *arguments = sys.argv[1:]
    sys.argv = ["medplum-lint", *arguments]
    profile = cProfile.Profile()
    real = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    profile.enable()
    try:
        from linter.__main__ import main as run

        run()
    except SystemExit:
        pass
    profile.disable()
    os.dup2(real, 1)
    with open(output, "w", encoding="utf-8") as file:
        json.dump(summary(pstats.Stats(profile).stats), file)  # type: ignore[attr-defined]


def summary(stats: dict[_Key, Any]) -> dict[str, Any]:
    """What the profiler found, by part and by function. What C does counts for the Python function that called it."""
    own: Counter[_Key] = Counter()
    calls: Counter[str] = Counter()
    for key, (_, count, seconds, _, callers) in stats.items():
        if key[0] == "~":
            for caller, (_, _, of_caller, _) in callers.items():
                own[caller] += of_caller
        else:
            own[key] += seconds
            calls[_name(key)] += count
    parts: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    for key, seconds in own.items():
        parts[part_of(key)] += seconds
        functions[_name(key)] += seconds
    return {
        "seconds": sum(own.values()),
        "parts": dict(parts),
        "functions": [[name, calls[name], seconds] for name, seconds in functions.most_common(_MOST)],
        "counts": {says: next((calls[name] for name in names if calls[name]), 0) for says, names in COUNTED.items()},
        "modules": len(sys.modules),
    }


def _name(key: _Key) -> str:
    file, _, function = key
    folder, found, inside = file.replace(os.sep, "/").rpartition("/linter/")
    return f"{inside if found else folder.rpartition('/')[2] or os.path.basename(file)}:{function}"


def part_of(key: _Key) -> str:
    """Which part of the program a function is of."""
    file, _, function = key
    path = file.replace(os.sep, "/")
    if function == "<module>" or path.startswith("<frozen importlib"):
        return "imports"
    if "/linter/" in path:
        head, below, _ = path.rpartition("/linter/")[2].partition("/")
        return f"linter.{head if below else head.removesuffix('.py')}"
    return "other packages" if "/site-packages/" in path else "standard library"


if __name__ == "__main__":
    main()
