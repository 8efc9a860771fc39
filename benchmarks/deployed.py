"""How long reading a deployment takes, and with how many calls.

python benchmarks/deployed.py [--parameters 10000] [--runs 5]

The endpoint is the tests' own, on this machine, so the time is that of the two programs: to each call AWS adds some 20 to 100 ms.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.endpoint import ARGUMENT, Endpoint, serving  # noqa: E402


def main() -> None:
    """Measure, print a line for each command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parameters", type=int, default=10_000, help="how many there are (default 10000)")
    parser.add_argument("--runs", type=int, default=5, help="how often each command is run (default 5)")
    options = parser.parse_args()
    endpoint = Endpoint()
    endpoint.put("baseUrl", "https://api.hospital.example.net/")
    for number in range(options.parameters - 1):
        endpoint.put(f"allowedOrigins.{number}", "x")
    with serving(endpoint):
        names = {"ACCESS_KEY_ID": "A" * 20, "SECRET_ACCESS_KEY": "x" * 40, "ENDPOINT_URL": endpoint.url, "EC2_METADATA_DISABLED": "true"}
        environment = {**os.environ, **{f"AWS_{name}": value for name, value in names.items()}}
        for command in ("show", "check"):
            times = []
            for _ in range(options.runs):
                endpoint.calls.clear()
                began = time.perf_counter()
                done = [sys.executable, "-m", "linter", command, ARGUMENT]
                subprocess.run(done, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                times.append(time.perf_counter() - began)
            calls = ", ".join(f"{count:,} {name}" for name, count in endpoint.calls.most_common())
            median, total = statistics.median(times), sum(endpoint.calls.values())
            print(f"{command}: median {median:.1f} s of {options.runs} runs, {total:,} calls: {calls}")


if __name__ == "__main__":
    main()
