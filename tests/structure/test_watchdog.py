"""A test that hangs is ended and named, whatever it hangs in, and nothing that it started is left."""

import os
import pathlib
import signal
import subprocess
import sys
from dataclasses import dataclass

import pytest
from source_tree import ROOT

SETTINGS = "[pytest]\ntimeout = 1\nwatchdog_grace = 0.5\nasyncio_default_fixture_loop_scope = function\n"
PREAMBLE = """
import asyncio, ctypes, os, signal, subprocess, sys, threading, time
import pytest

held_open = int(os.environ["HELD_OPEN"])
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"], pass_fds=[held_open], start_new_session=True)
os.close(held_open)
"""
HANGS = {
    "test_in_c_code_that_keeps_the_interpreter_lock": """
def {name}():
    mutex = ctypes.create_string_buffer(128)
    for _ in range(2):
        ctypes.PyDLL(None).pthread_mutex_lock(mutex)
""",
    "test_with_all_signals_blocked": """
def {name}():
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    threading.Event().wait()
""",
    "test_in_an_event_loop_that_swallows_exceptions": """
def {name}():
    loop = asyncio.new_event_loop()

    def busy():
        loop.call_soon(busy)
        time.sleep(0.01)

    busy()
    loop.run_forever()
""",
    "test_whose_fixture_hangs_after_the_timeout": """
@pytest.fixture
def fixture():
    yield
    threading.Event().wait()

def {name}(fixture):
    threading.Event().wait()
""",
}


WAITS_FOR_A_PROCESS = """
@pytest.fixture(scope="module")
def process():
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"]) as process:
        yield process

def {name}(process):
    process.wait()

def test_next(process):
    assert process.wait() == -signal.SIGKILL

def test_last():
    pass
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """A run of one hanging test."""

    status: int
    said: str
    complained: str


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ended]:
    """Run each hanging test in a pytest of its own, all at the same time; return how they ended."""
    codes = HANGS | {"test_that_waits": WAITS_FOR_A_PROCESS}
    started = {name: _started(tmp_path_factory.mktemp("hang"), name, code) for name, code in codes.items()}
    return {name: _ended(*run) for name, run in started.items()}


def _started(folder: pathlib.Path, name: str, code: str) -> tuple[subprocess.Popen[str], int]:
    (folder / "pytest.ini").write_text(SETTINGS, encoding="utf-8")
    (folder / "test_hang.py").write_text(PREAMBLE + code.format(name=name), encoding="utf-8")
    reading, writing = os.pipe()
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "watchdog", "-p", "no:cacheprovider", "test_hang.py"],
        cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[writing],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests" / "support" / "services"), "HELD_OPEN": str(writing)},
    )  # fmt: skip
    os.close(writing)
    return run, reading


def _ended(run: subprocess.Popen[str], held_open: int) -> Ended:
    said, complained = run.communicate()
    with os.fdopen(held_open, "rb") as pipe:
        assert pipe.read() == b""  # comes when the test's own child has ended, too
    return Ended(run.returncode, said, complained)


@pytest.mark.parametrize("name", HANGS)
def test_a_test_that_hangs_is_ended_and_named(runs: dict[str, Ended], name: str) -> None:
    run = runs[name]
    assert run.status == -signal.SIGKILL, run
    assert f"watchdog: test_hang.py::{name} took more than 1.5 s" in run.complained


@pytest.mark.parametrize("name", HANGS)
def test_the_stacks_of_a_test_that_hangs_are_shown(runs: dict[str, Ended], name: str) -> None:
    stacks = runs[name].complained.partition("watchdog:")[0]
    assert "most recent call first" in stacks
    assert "test_hang.py" in stacks


def test_a_process_that_does_not_answer_costs_one_test_and_not_the_run(runs: dict[str, Ended]) -> None:
    run = runs["test_that_waits"]
    assert run.status == 1, run
    assert "FAILED test_hang.py::test_that_waits - Failed: Timeout (>1.0s)" in run.said
    assert "1 failed, 2 passed" in run.said
    assert "2 processes of this run were killed" in run.said
