"""How the time of a run grows when a file of some shape is doubled: a table of ratios, the worst shape first.

python benchmarks/scaling.py [--seconds 1] [SHAPE ...]

The shapes are those of ``tests/support/shapes.py``. Each is doubled until a run takes as long as is asked for; a run is linted, reported in
every format, shown and compared with an empty configuration, each timed by itself. A ratio of 2 is linear time, 4 quadratic.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.shapes import SHAPES, Sample  # noqa: E402

from linter.commands import diff, show  # noqa: E402
from linter.documents.inputs import Input  # noqa: E402
from linter.model import Document, Style  # noqa: E402
from linter.reporters import names, reporter  # noqa: E402
from linter.run import Options, lint_input, load_documents  # noqa: E402

_SHORTEST = 0.02
"""Seconds below which a time is not reliable."""
_DOUBLINGS = 3
"""The last doublings, of which the ratio is the geometric mean."""
_LARGEST = 1 << 20


class Row(NamedTuple):
    """A shape at its largest size: the file's characters, the seconds of a run, and the part of it that grows most."""

    shape: str
    characters: int
    seconds: float
    slowest: str
    ratio: float


def main() -> None:
    """Measure, print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1.0, help="double until a run takes so long (default 1)")
    parser.add_argument("shapes", metavar="SHAPE", nargs="*", help="the shapes to measure (default: all)")
    options = parser.parse_args()
    rows = [measured(name, options.seconds) for name in options.shapes or SHAPES]
    print("| shape | characters | seconds | grows most | ratio for each doubling |\n| --- | ---: | ---: | --- | ---: |")
    for row in sorted(rows, key=lambda row: -row.ratio):
        print(f"| {row.shape} | {row.characters:,} | {row.seconds:.2f} | {row.slowest} | {row.ratio:.2f} |")


def measured(name: str, seconds: float) -> Row:
    """Double a shape until a run takes so many seconds."""
    size = 64
    times: list[dict[str, float]] = []
    while True:
        sample = SHAPES[name].make(size)
        times.append({part: _seconds(run) for part, run in parts(sample)})
        total = sum(times[-1].values())
        if total > seconds or size >= _LARGEST:
            break
        size *= 2
    ratios = {part: _ratio([one[part] for one in times]) for part in times[-1]}
    slowest = max(ratios, key=lambda part: ratios[part])
    return Row(name, len(sample.text), total, slowest, ratios[slowest])


def parts(sample: Sample) -> Iterator[tuple[str, Callable[[], object]]]:
    """What is done with a file, in its order."""
    given = Input(sample.name, sample.text.encode("utf-8", "surrogatepass"), Path(sample.name))
    outcome = lint_input(given, Options(kind=sample.kind))
    yield "lint", lambda: lint_input(given, Options(kind=sample.kind))
    for name in names():
        yield name, lambda name=name: reporter(name).report(outcome.result, StringIO(), Style())  # type: ignore[misc]
    documents = load_documents([given], sample.kind).documents
    empty = _empty()
    yield "show", lambda: show.as_text(documents, only_changed=False, defaults=True)
    yield "show --format json", lambda: show.as_json(documents, only_changed=False, defaults=True)
    if documents:
        yield "diff", lambda: diff.as_text(documents[0], empty)


def _empty() -> Document:
    documents = load_documents([Input("empty.json", b'{"baseUrl": "https://a.example/"}', Path("empty.json"))], "server/json").documents
    return documents[0]


def _seconds(run: Callable[[], object]) -> float:
    """Processor time; it excludes a garbage collection that another run made due."""
    gc.collect()
    start = time.process_time()
    run()
    return time.process_time() - start


def _ratio(times: list[float]) -> float:
    last = [one for one in times[-_DOUBLINGS - 1 :] if one >= _SHORTEST]
    return statistics.geometric_mean(b / a for a, b in zip(last, last[1:], strict=False)) if len(last) > 1 else 1.0


if __name__ == "__main__":
    main()
