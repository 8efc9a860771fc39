"""The processor time that the tests take: printed after each run, and limited where CI asks for it.

That of a test is that of its setup, call and teardown, in this process and in the processes that it waited for. Clock time would say more
about the machine than about the test, and so would the processor's: one machine takes twice the seconds of another, or of itself when it
is busy. So while the tests run, a piece of work is measured again and again, and the seconds are those of a machine that does it in
``NOMINAL``. ``MEDPLUM_LINT_CPU_LIMIT`` and ``MEDPLUM_LINT_CPU_BUDGET`` are the options for runs that another command starts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import pytest

try:
    import resource
except ImportError:  # on Windows, where nothing is measured
    resource = None  # type: ignore[assignment]

SHOWN = 10
EVERY = 50
"""How many tests a process runs from one measurement of the machine to the next."""
NOMINAL = 0.003
"""The seconds of processor time that ``standard_work`` takes where a second counts as one."""


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


def standard_work() -> int:
    """Something of what the tests do, in as little time as can be measured: make texts, lists and a table, look through them, sort."""
    table = {f"key {number}": [number, str(number)] for number in range(4_000)}
    return sum(len(str(value[1])) for key, value in sorted(table.items()) if key.endswith("7"))


class ProcessorTime:
    """Measures the tests of a process, and adds up in the first one what the workers of xdist report."""

    def __init__(self, config: pytest.Config) -> None:
        self.limit: float | None = config.getoption("--cpu-limit")
        self.budget: float | None = config.getoption("--cpu-budget")
        self.output: dict[str, Any] | None = getattr(config, "workeroutput", None)
        self.of_workers: list[float] = []
        self.of_tests: dict[str, float] = {}
        self.of_work: list[float] = []
        self.tests = 0
        self.started = 0.0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self) -> None:
        self.started = used()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
        if call.when == "teardown":
            item.user_properties.append(("processor time", used() - self.started))
            self.measure_machine()
        return (yield)

    def measure_machine(self) -> None:
        """Do the standard work, where it is time to."""
        if self.tests % EVERY == 0:
            started = time.process_time()
            standard_work()
            self.of_work.append(time.process_time() - started)
        self.tests += 1

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            self.of_tests[report.nodeid] = dict(report.user_properties).get("processor time", 0.0)  # type: ignore[assignment]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        output = getattr(node, "workeroutput", {})
        self.of_workers.append(output.get("processor time", 0.0))
        self.of_work += output.get("standard work", [])

    @property
    def pace(self) -> float:
        """How many seconds of this machine, as it was during the run, are one that counts."""
        return median(self.of_work) / NOMINAL if any(self.of_work) else 1.0

    @property
    def total(self) -> float:
        """Of all tests, and of collecting them in each worker."""
        return (used(children=not self.of_workers) + sum(self.of_workers)) / self.pace

    def by_test(self) -> list[tuple[str, float]]:
        """Each test and its seconds, the dearest first."""
        return sorted(((test, seconds / self.pace) for test, seconds in self.of_tests.items()), key=lambda item: -item[1])

    def exceeded(self) -> list[str]:
        """What takes too long, and what to do about it."""
        found = [
            f"{test} takes {seconds:.1f} s of processor time, and a quick test may take {self.limit:g} s: make it cheaper, or mark it slow"
            for test, seconds in self.by_test()
            if self.limit is not None and seconds > self.limit
        ]
        if self.budget is not None and self.total > self.budget:
            found.append(f"all tests take {self.total:.0f} s of processor time, and may take {self.budget:g} s: make the dearest cheaper")
        return found

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.output is not None:
            self.output |= {"processor time": used(), "standard work": self.of_work}
        elif session.exitstatus == pytest.ExitCode.OK and self.exceeded():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if resource is None or not self.of_tests:
            return
        terminalreporter.section(f"{self.total:.0f} s of processor time, where a second counts as {self.pace:.2f} s of this machine")
        for test, seconds in self.by_test()[:SHOWN]:
            terminalreporter.write_line(f"{seconds:6.2f} s  {test}")
        for line in self.exceeded():
            terminalreporter.write_line(line, red=True)
