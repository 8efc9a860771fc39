"""Write every file that is made from others, or with ``--check`` say which of them are stale (exit code 1).

python tools/generate.py [--check]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from linter.policy import library  # noqa: E402  # from this checkout, whatever is installed
from linter.settings import build as settings_build  # noqa: E402

FILES: dict[str, Callable[[], str]] = {
    "linter/settings/catalogue.json": settings_build.build,
    "linter/policy/rules.json": library.build,
}


def stale() -> list[str]:
    """The generated files whose content is not what would be written now, as paths relative to the repository."""
    return [name for name, make in FILES.items() if not (ROOT / name).exists() or (ROOT / name).read_text(encoding="utf-8") != make()]


def main(arguments: list[str]) -> int:
    """Write or check; the exit code."""
    names = stale()
    for name in names:
        if arguments == ["--check"]:
            print(f"{name} is stale: run python tools/generate.py")
        else:
            (ROOT / name).write_text(FILES[name](), encoding="utf-8", newline="\n")
            print(f"wrote {name}")
    return 1 if names and arguments == ["--check"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
