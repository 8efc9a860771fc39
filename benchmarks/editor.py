"""How soon the language server answers a change: the median and the 95th percentile, from the change to the diagnostics.

python benchmarks/editor.py [--edits 100]

The pause in typing that the server waits for is in the times.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from test_editor import editor  # noqa: E402

from linter.commands.lsp.server import PAUSE  # noqa: E402


def texts() -> dict[str, str]:
    """A config of 3 KB, and a dump of 3,000 lines."""
    parameters = [{"Name": f"/medplum/prod/allowedOrigins.{number}", "Type": "String", "Value": "x", "Version": 1} for number in range(490)]
    dump = {"Parameters": [{"Name": "/medplum/prod/baseUrl", "Type": "String", "Value": "https://a.org/", "Version": 1}, *parameters]}
    return {"medplum.config.json": (ROOT / "benchmarks/clean.json").read_text(encoding="utf-8"), "ssm.json": json.dumps(dump, indent=2)}


async def measured(folder: Path, name: str, text: str, edits: int) -> list[float]:
    """The seconds of some changes."""
    times = []
    async with editor(folder) as one:
        await one.open(folder / name, text)
        for number in range(edits):
            began = time.perf_counter()
            one.change(folder / name, text + " " * (number % 2))
            await one.diagnostics(folder / name)
            times.append(time.perf_counter() - began)
    return times


def main() -> None:
    """Measure, print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edits", type=int, default=100, help="how many changes of each text (default 100)")
    options = parser.parse_args()
    print(f"| text | lines | median, ms | 95th percentile, ms |  (the pause is {1000 * PAUSE:.0f} ms)\n| --- | ---: | ---: | ---: |")
    for name, text in texts().items():
        with tempfile.TemporaryDirectory() as folder:
            times = asyncio.run(measured(Path(folder), name, text, options.edits))
        middle, late = statistics.median(times), statistics.quantiles(times, n=20)[-1]
        print(f"| {name} | {text.count(chr(10)):,} | {1000 * middle:.0f} | {1000 * late:.0f} |")


if __name__ == "__main__":
    main()
