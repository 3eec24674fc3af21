"""One worker process and the channel to it, seen from the parent."""

import asyncio
import os
import pickle
import socket
import subprocess
import sys
from collections.abc import Callable

from roompulse_server.engine import channel
from roompulse_server.engine.messages import FromWorker, Ready, Setup, SetupFailed, ToWorker
from roompulse_server.errors import ModelError

STOP_TIMEOUT_S = 2.0


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
    ) -> None:
        self.streams: set[int] = set()
        self.stills: set[int] = set()
        self.busy_fraction = self.load = 0.0
        self.scale = 1.0
        self.ready: Ready | None = None
        self._setup = setup
        self._on_message, self._on_lost = on_message, on_lost
        self._process: subprocess.Popen[bytes] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._outgoing: list[ToWorker] = []
        self._reading: asyncio.Task[None] | None = None
        self._closing = False

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    async def start(self) -> None:
        """Start the process and wait until its models are loaded.

        Raises:
            ModelError: The worker cannot load its models; says which and why.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - returns at once; start-up is awaited on the channel
                [sys.executable, "-m", "roompulse_server.engine.worker", str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )
        reader, self._writer = await asyncio.open_unix_connection(sock=ours)
        self.send(self._setup)
        try:
            (first,) = await channel.receive(reader)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise ModelError(f"a worker process ended while it started, exit code {self._process.poll()}") from error
        if isinstance(first, SetupFailed):
            raise ModelError(first.message)
        assert isinstance(first, Ready)
        self.ready = first
        self._reading = asyncio.create_task(self._read(reader), name=f"worker {self.pid}")

    def send(self, message: ToWorker) -> None:
        """Write a message, together with all that are sent before the loop turns.

        What is unanswered per stream is bounded, so the socket's buffer is, too.
        """
        if not self._outgoing:
            asyncio.get_running_loop().call_soon(self._flush)
        self._outgoing.append(message)

    def _flush(self) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(channel.pack(*self._outgoing))
        self._outgoing.clear()

    async def aclose(self) -> None:
        """End the process: by end-of-file, by force after two seconds. Idempotent."""
        self._closing = True
        if self._writer is not None:
            self._writer.close()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        if self._process is not None:
            await asyncio.to_thread(_reap, self._process)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                for message in await channel.receive(reader):
                    self._on_message(self, message)  # type: ignore[arg-type]
        except (asyncio.IncompleteReadError, ConnectionError, pickle.UnpicklingError):
            if not self._closing:
                self._on_lost(self)


def _reap(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
