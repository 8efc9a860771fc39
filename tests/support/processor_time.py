"""The processor time that the tests take: printed after each run, and limited where CI asks for it.

That of a test is that of its setup, call and teardown, in this process and in the processes that it waited for. Clock time would say more
about the machine than about the test. ``MEDPLUM_LINT_CPU_LIMIT`` and ``MEDPLUM_LINT_CPU_BUDGET`` are the options for runs that another
command starts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

try:
    import resource
except ImportError:  # on Windows, where nothing is measured
    resource = None  # type: ignore[assignment]

SHOWN = 10


def add_options(parser: pytest.Parser) -> None:
    """Add the options that limit the time."""
    group = parser.getgroup("processor time")
    limit, budget = map(os.environ.get, ("MEDPLUM_LINT_CPU_LIMIT", "MEDPLUM_LINT_CPU_BUDGET"))
    group.addoption("--cpu-limit", default=limit, type=float, metavar="SECONDS", help="fail if one test takes more processor time")
    group.addoption("--cpu-budget", default=budget, type=float, metavar="SECONDS", help="fail if all together take more processor time")


def used(*, children: bool = True) -> float:
    """The seconds that this process has used, and those of its children that have ended."""
    if resource is None:
        return 0.0
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN) if children else (resource.RUSAGE_SELF,)
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, kinds))


class ProcessorTime:
    """Measures the tests of a process, and adds up in the first one what the workers of xdist report."""

    def __init__(self, config: pytest.Config) -> None:
        self.limit: float | None = config.getoption("--cpu-limit")
        self.budget: float | None = config.getoption("--cpu-budget")
        self.output: dict[str, Any] | None = getattr(config, "workeroutput", None)
        self.of_workers: list[float] = []
        self.of_tests: dict[str, float] = {}
        self.started = 0.0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self) -> None:
        self.started = used()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
        if call.when == "teardown":
            item.user_properties.append(("processor time", used() - self.started))
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            self.of_tests[report.nodeid] = dict(report.user_properties).get("processor time", 0.0)  # type: ignore[assignment]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.of_workers.append(getattr(node, "workeroutput", {}).get("processor time", 0.0))

    @property
    def total(self) -> float:
        """Of all tests, and of collecting them in each worker."""
        return used(children=not self.of_workers) + sum(self.of_workers)

    def exceeded(self) -> list[str]:
        """What takes too long, and what to do about it."""
        found = [
            f"{test} takes {seconds:.1f} s of processor time, and a quick test may take {self.limit:g} s: make it cheaper, or mark it slow"
            for test, seconds in self.of_tests.items()
            if self.limit is not None and seconds > self.limit
        ]
        if self.budget is not None and self.total > self.budget:
            found.append(f"all tests take {self.total:.0f} s of processor time, and may take {self.budget:g} s: make the dearest cheaper")
        return found

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.output is not None:
            self.output["processor time"] = used()
        elif session.exitstatus == pytest.ExitCode.OK and self.exceeded():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if resource is None or not self.of_tests:
            return
        terminalreporter.section(f"{self.total:.0f} s of processor time")
        for test, seconds in sorted(self.of_tests.items(), key=lambda item: -item[1])[:SHOWN]:
            terminalreporter.write_line(f"{seconds:6.2f} s  {test}")
        for line in self.exceeded():
            terminalreporter.write_line(line, red=True)
