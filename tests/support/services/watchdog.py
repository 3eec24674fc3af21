"""A pytest plugin that ends what hangs, and names the test.

pytest-timeout raises an exception in the main thread. Where that works, the test fails and the run goes on. Then the
processes that the run has started are killed: a browser or a service that did not answer would take each later test to
its limit, too.

Event loops swallow the exception, blocked signals and C code that holds the interpreter lock delay it for ever, and a
fixture that hangs afterwards has no limit left. So there is a watchdog, a process of its own. It needs nothing from the
run except what the run says before each test:

    run ── "limit, test" ──▶ watchdog process: nothing new within the limit
                               ─▶ names the test, ends the run's processes, and the run itself

The stacks of all threads are written by `faulthandler`, whose thread is in C and does not wait for the interpreter.
"""

import contextlib
import faulthandler
import os
import pathlib
import re
import sys
from collections.abc import Generator

import pytest
from watchdog_process import descendants, kill

PROCESS = pathlib.Path(__file__).with_name("watchdog_process.py")
GRACE_S = 30.0  # pytest-timeout acts at a test's limit, and usually ends the test alone: the run goes on
OUTSIDE_S = 300.0  # for collecting tests, and for leaving after the last one
Reporting = Generator[None, pytest.TestReport, pytest.TestReport]
TIMED_OUT = re.compile(r"Timeout \(>[\d.]+s\) from pytest-timeout")
FOREVER_S = 0.0  # while somebody debugs


class Watchdog:
    """Tells the watchdog process what the run does; `notices` is the pipe to it, `errors` the run's own stderr."""

    def __init__(self, process: int, notices: int, errors: int, limit_s: float, grace_s: float) -> None:
        self._process, self._notices, self._errors = process, notices, errors
        self._limit_s, self._grace_s = limit_s, grace_s

    def expect(self, what: str, limit_s: float) -> None:
        """Give the run `limit_s` from now for `what`; FOREVER_S: as long as it takes."""
        faulthandler.cancel_dump_traceback_later()
        if limit_s:
            faulthandler.dump_traceback_later(limit_s, file=self._errors)
        with contextlib.suppress(BrokenPipeError):
            os.write(self._notices, f"{limit_s} {what}\n".encode(errors="replace"))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._expect(item)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        """Begin anew: after a failure pytest has taken the order to write stacks back."""
        self._expect(item)

    def _expect(self, item: pytest.Item) -> None:
        limit_s = self._limit_of(item)
        self.expect(item.nodeid, limit_s + self._grace_s if limit_s else FOREVER_S)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> Reporting:
        report = yield
        if call.excinfo is not None and TIMED_OUT.match(str(call.excinfo.value)):
            killed = kill([pid for pid in descendants(os.getpid()) if pid != self._process])
            report.sections.append(("watchdog", f"{killed} processes of this run were killed: one may have hung"))
        return report

    def pytest_enter_pdb(self) -> None:
        self.expect("debugging", FOREVER_S)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        self.expect("what comes after the last test", OUTSIDE_S)

    def _limit_of(self, item: pytest.Item) -> float:
        marker = item.get_closest_marker("timeout")
        if marker is None:
            return self._limit_s
        return float(marker.args[0] if marker.args else marker.kwargs["timeout"])


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("watchdog_grace", f"seconds beyond a test's timeout, {GRACE_S:g} by default", default=str(GRACE_S))


def pytest_configure(config: pytest.Config) -> None:
    """Start before anything is captured, so that the watchdog's words reach the terminal."""
    hands_out = config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput")
    if config.getoption("usepdb") or hands_out:  # tests run in processes that have a watchdog of their own
        return
    reading, notices = os.pipe()
    command = [sys.executable, "-I", "-S", str(PROCESS), str(os.getpid())]
    stdin = (os.POSIX_SPAWN_DUP2, reading, 0)
    process = os.posix_spawn(sys.executable, command, os.environ, file_actions=[stdin], setsid=True)
    os.close(reading)  # the process ends with the run
    limit_s = float(config.getoption("timeout") or config.getini("timeout") or 0.0)
    watchdog = Watchdog(process, notices, os.dup(2), limit_s, float(config.getini("watchdog_grace")))
    watchdog.expect("the collection of tests", OUTSIDE_S)
    config.pluginmanager.register(watchdog, "watchdog of this run")
