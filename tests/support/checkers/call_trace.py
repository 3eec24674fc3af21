"""Which functions of ours are called, in what order: in this process, its threads, and its worker processes."""

import contextlib
import json
import pathlib
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

PACKAGES = ("roompulse_server", "roompulse_vision")
Events = list[tuple[int, CodeType]]

# What a worker process runs first: it notes its own calls, and writes them down when it ends.
SITE = """
import atexit, os, sys
if any("roompulse_server.engine.worker" in word for word in sys.orig_argv):
    sys.path.insert(0, {here!r})
    import call_trace
    events = call_trace.begin()
    atexit.register(lambda: call_trace.write(events, {target!r} + str(os.getpid())))
"""


@dataclass(frozen=True, slots=True, order=True)
class Call:
    """A call: when, by the monotonic clock, in which file from its package on, of which function."""

    at_ns: int
    file: str
    function: str


def begin() -> Events:
    """Note the calls of this thread, and of threads that start later."""
    events: Events = []

    def note(frame: FrameType, event: str, argument: Any) -> None:
        code = frame.f_code
        if event == "call" and any(package in code.co_filename for package in PACKAGES):
            events.append((time.monotonic_ns(), code))

    threading.setprofile(note)
    sys.setprofile(note)
    return events


def end() -> None:
    sys.setprofile(None)
    threading.setprofile(None)


@contextlib.contextmanager
def noted() -> Iterator[Events]:
    """Note calls for the length of the block."""
    try:
        yield begin()
    finally:
        end()


def calls(events: Events) -> list[Call]:
    return [Call(at_ns, _place(code), code.co_qualname) for at_ns, code in events]


def prepare(folder: pathlib.Path) -> str:
    """Make a folder whose place in PYTHONPATH lets worker processes note their calls; return it."""
    here, target = str(pathlib.Path(__file__).parent), str(folder / "trace-")
    (folder / "sitecustomize.py").write_text(SITE.format(here=here, target=target))
    return str(folder)


def write(events: Events, path: str) -> None:
    end()
    pathlib.Path(path).write_text(json.dumps([(call.at_ns, call.file, call.function) for call in calls(events)]))


def read(folder: pathlib.Path) -> list[Call]:
    """Return what worker processes have written."""
    return [Call(*row) for path in folder.glob("trace-*") for row in json.loads(path.read_text())]


def _place(code: CodeType) -> str:
    parts = pathlib.PurePath(code.co_filename).parts
    return "/".join(parts[max(n for n, part in enumerate(parts) if part in PACKAGES) :])
