"""One worker process and the channel to it, seen from the parent."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable

from roompulse_vision.errors import ModelError

from roompulse_server.engine.channel import Connection
from roompulse_server.engine.messages import FromWorker, PacketsFor, ReadStill, Ready, Setup, SetupFailed, ToWorker
from roompulse_server.engine.native_output import NativeOutput
from roompulse_server.engine.progress import Progress, Step, process_time
from roompulse_server.engine.step_watch import LOOK_S, StepWatch

STOP_TIMEOUT_S = 2.0
STEP_LIMIT_S = 10.0
START_LIMIT_S = 120.0
SILENT_S = 10.0  # a worker that has said nothing for so long although it was asked does not answer


class WorkerProcess:
    """Starts in `start`, ends in `aclose`; `on_message` and `on_lost` are called on the event loop.

    The process ends with its parent, however that ends: it reads end-of-file from the channel, and the kernel kills
    it when the parent dies while it computes.
    """

    def __init__(
        self,
        setup: Setup,
        on_message: Callable[["WorkerProcess", FromWorker], None],
        on_lost: Callable[["WorkerProcess"], None],
        *,
        step_limit_s: float = STEP_LIMIT_S,
        start_limit_s: float = START_LIMIT_S,
    ) -> None:
        self.streams: set[int] = set()
        self.stills: set[int] = set()
        self.busy_fraction = self.load = 0.0
        self.scale = 1.0
        self.ready: Ready | None = None
        self._setup = setup
        self._on_message, self._on_lost = on_message, on_lost
        self._process: subprocess.Popen[bytes] | None = None
        self._connection = Connection(self._receive, self._lose)
        self._native = NativeOutput()
        self._progress = Progress.create()
        self._watch = StepWatch(start_limit_s)
        self._step_limit_s = step_limit_s
        self.hung: Step | None = None  # what it did not come to an end with
        self.hung_s = 0.0
        self._first: asyncio.Future[object] | None = None
        self._closing = False
        self._asked_s: float | None = None  # by the monotonic clock: the first thing since it last said anything

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    @property
    def last_words(self) -> str:
        """What its C libraries printed last."""
        return self._native.last

    async def start(self) -> None:
        """Start the process and wait until its models are loaded.

        Raises:
            ModelError: The worker cannot load its models; says which and why.
        """
        ours, theirs = socket.socketpair()
        native = await self._native.open()
        with theirs:
            self._process = _launch(theirs.fileno(), native, self._progress)
        self._progress.let_go()
        loop = asyncio.get_running_loop()
        self._first = loop.create_future()
        await loop.create_unix_connection(lambda: self._connection, sock=ours)
        self.send(self._setup)
        first = await self._started(self._first)
        if isinstance(first, SetupFailed):
            raise ModelError(first.message)
        if self._connection.lost:
            words = f": {self.last_words}" if self.last_words else ""
            how = f"took more than {self.hung_s:.0f} s" if self.hung else "ended"
            raise ModelError(f"a worker process {how} while it started, exit code {self._process.poll()}{words}")
        assert isinstance(first, Ready)
        self.ready = first
        self._watch = StepWatch(self._step_limit_s)

    async def _started(self, first: "asyncio.Future[object]") -> object:
        """Return the first message, or None of a process that was ended because it hangs."""
        while not first.done():
            await asyncio.wait([first], timeout=LOOK_S)
            if not first.done():
                self.look(time.monotonic())
        return first.result()

    def look(self, now_s: float) -> None:
        """End the process where it hangs; it is lost then as one that ends by itself."""
        process = self._process
        if process is None or self.hung is not None or self._closing:
            return
        step = self._progress.read()
        seconds = self._watch.look(now_s, step, process_time(process.pid))
        if seconds is not None and step is not None:
            self.hung, self.hung_s = step, seconds
            process.kill()

    def send(self, message: ToWorker) -> None:
        """Write a message, together with all that are sent before the loop turns.

        What is unanswered per stream is bounded, so the socket's buffer is, too.
        """
        if self._asked_s is None and isinstance(message, PacketsFor | ReadStill):
            self._asked_s = time.monotonic()
        self._connection.send(message)

    def answers(self, now_s: float) -> bool:
        """Whether it has said something since it was asked, or has some time left to."""
        return self._asked_s is None or now_s - self._asked_s < SILENT_S

    async def aclose(self) -> None:
        """End the process: by end-of-file, by force after two seconds. Idempotent."""
        self._closing = True
        self._connection.close()
        if self._process is not None:
            await asyncio.to_thread(_reap, self._process)
        self._native.close()
        self._progress.close()

    def _receive(self, message: object) -> None:
        self._asked_s = None
        if self.ready is not None:
            self._on_message(self, message)  # type: ignore[arg-type]
        elif self._first is not None and not self._first.done():
            self._first.set_result(message)

    def _lose(self) -> None:
        if self.ready is not None and not self._closing:
            self._on_lost(self)
        elif self._first is not None and not self._first.done():
            self._first.set_result(None)


def _launch(channel: int, native: int, progress: Progress) -> "subprocess.Popen[bytes]":
    """Start the process: what libraries print goes to `native`, the worker's log to our standard error."""
    try:
        log = os.dup(sys.__stderr__.fileno() if sys.__stderr__ else 2)
    except OSError:
        log = os.open(os.devnull, os.O_WRONLY)
    passed = (channel, log, progress.descriptor)
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "roompulse_server.engine.worker", *map(str, passed)],
            pass_fds=passed,
            stdin=subprocess.DEVNULL,
            stderr=native,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
    finally:
        os.close(log)
        os.close(native)


def _reap(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
