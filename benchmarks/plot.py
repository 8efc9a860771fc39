"""Draw how the time of a run grows: python plot.py FILE, with what benchmarks/growth.py measured on standard input, as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot  # noqa: E402


def main() -> None:
    """Write the picture."""
    series = json.load(sys.stdin)
    columns = 4
    figure, axes = pyplot.subplots(-(-len(series) // columns), columns, figsize=(14, 6.4), squeeze=False)
    for axis in axes.flat[len(series) :]:
        axis.set_visible(False)
    for axis, one in zip(axes.flat, series, strict=False):
        _draw(axis, one)
    figure.suptitle("medplum-lint: the time of a whole run, by how much it is given")
    figure.tight_layout()
    figure.savefig(sys.argv[1], dpi=100, metadata={"Software": None})


def _draw(axis: Any, one: Mapping[str, Any]) -> None:
    """One series: points, and the straight line through them. Readable in black and white."""
    largest = max(one["sizes"]) * 1.05
    axis.plot([0, largest], [one["intercept"], one["intercept"] + one["slope"] * largest], color="0.55", linestyle="--", linewidth=1)
    axis.plot(one["sizes"], one["seconds"], color="black", marker="o", linestyle="none", markersize=5)
    axis.set_xlim(0, largest)
    axis.set_ylim(0, max(one["seconds"]) * 1.2)
    axis.set_xticks([0, *one["sizes"][1:]])
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axis.set_xlabel(one["counted"])
    axis.set_ylabel("time, s")
    axis.text(0.04, 0.94, f"{1e6 * one['slope']:,.0f} µs each, R² = {one['fit']:.3f}", transform=axis.transAxes, va="top")
    axis.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    main()
