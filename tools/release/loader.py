"""The server's own loader: bundled with esbuild, and run on cases in one process of Node.js."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from .checkout import Checkout, Unusable

_HERE: Final = Path(__file__).resolve().parent
_ESBUILD: Final = "0.25.12"

Case = Mapping[str, Any]
"""What ``run.cjs`` describes: ``{"source": "env", "entries": {"MEDPLUM_PORT": "80"}}``."""
Outcome = Mapping[str, Any]
"""What it gives: ``{"config": {…}, "secrets": […]}`` or ``{"error": "…"}``."""


class Loader:
    """The loader of one checkout. Raises Unusable where it cannot be bundled, or does not run."""

    def __init__(self, checkout: Checkout, folder: Path) -> None:
        self.folder = folder
        # Where the loader of an old release looks for files depends on where it is itself.
        self.bundle = folder / "packages/server/dist" / checkout.entry.relative_to(checkout.server).with_suffix(".cjs")
        for program in ("node", "npm"):
            if shutil.which(program) is None:
                raise Unusable(f"{program} is not found: to run the server's loader takes Node.js and npm")
        if not (folder / "node_modules" / "esbuild").is_dir():
            _install(folder)
        done = _run(["node", _HERE / "bundle.mjs", checkout.entry, checkout.server, checkout.core, self.bundle], folder)
        if done.returncode:
            raise Unusable(f"the loader cannot be bundled: {_complaint(done.stderr)}")

    def run(self, cases: Sequence[Case]) -> list[Outcome]:
        """What comes of each case, in their order."""
        lines = "".join(f"{json.dumps(case)}\n" for case in cases)
        done = _run(["node", _HERE / "run.cjs", self.bundle, self.folder], self.folder, lines)
        outcomes = [json.loads(line, object_hook=_number) for line in done.stdout.splitlines()]
        if done.returncode or len(outcomes) != len(cases):
            raise Unusable(f"the bundled loader does not run: {_complaint(done.stderr)}")
        return outcomes


def _install(folder: Path) -> None:
    (folder / "package.json").write_text(json.dumps({"private": True, "dependencies": {"esbuild": _ESBUILD}}), encoding="utf-8")
    npm = shutil.which("npm") or "npm"  # npm.cmd on Windows
    done = _run([npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], folder)
    if done.returncode:
        raise Unusable(f"npm cannot install esbuild: {_complaint(done.stderr)}")


def _run(words: Sequence[str | Path], folder: Path, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in words], cwd=folder, input=text, capture_output=True, encoding="utf-8", errors="replace")


def _complaint(stderr: str) -> str:
    """The line of an error message that says most: the first that is one of esbuild, of npm or of JavaScript, or the last of all."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return next((line for line in lines if _ERROR.search(line)), lines[-1] if lines else "it does not say why")


_ERROR: Final = re.compile(r"\[ERROR\]|^\w*Error: |^npm (?:error|ERR!) (?!code|errno|syscall)")


def _number(value: dict[str, Any]) -> Any:
    return float(value["$number"]) if set(value) == {"$number"} else value
