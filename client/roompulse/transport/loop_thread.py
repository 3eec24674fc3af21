"""An event loop in a thread of its own, for callers that block."""

import asyncio
import os
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterator
from typing import Any, TypeVar

from roompulse.errors import RoompulseError, StreamClosed, WrongUse

T = TypeVar("T")


class LoopThread:
    """An event loop in a thread; `run` waits here for what is done there. It is started once, in one process."""

    def __init__(self) -> None:
        """Keep a name; `start` makes the thread."""
        self._runner = asyncio.Runner()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._serve, name="roompulse", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pid = 0

    @property
    def forked(self) -> bool:
        """Whether this process was forked from the one that started the thread: here there is none."""
        return self._pid not in (0, os.getpid())

    def start(self) -> None:
        """Start the thread and wait until its loop runs.

        Raises:
            WrongUse: It was started before.
        """
        if self._pid:
            raise WrongUse("a client is entered once; ask roompulse.blocking.connect for another one")
        self._pid = os.getpid()
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """End the loop and the thread. Idempotent."""
        loop, self._loop = self._loop, None
        if loop is not None and not self.forked:
            loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` in the loop; return its result or raise its error here. An interrupt here cancels it there.

        Raises:
            StreamClosed: The loop does not run.
            WrongUse: It runs in another process, or this is the loop's own thread: nothing would ever come.
        """
        try:
            loop = self._usable()
        except RoompulseError:
            work.close()
            raise
        future = asyncio.run_coroutine_threadsafe(work, loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def iterate(self, source: AsyncIterator[T]) -> Iterator[T]:
        """Yield what `source` yields there, and close it when this is closed."""
        try:
            while True:
                try:
                    yield self.run(_next(source))
                except StopAsyncIteration:
                    return
        finally:
            mine = self._loop is not None and not self.forked
            if mine and isinstance(source, AsyncGenerator):
                self.run(source.aclose())

    def _usable(self) -> asyncio.AbstractEventLoop:
        if self.forked:
            raise WrongUse(
                "this client was opened before the process was forked, and works only where it was opened; "
                "open the first client after the fork"
            )
        if self._loop is None:
            raise StreamClosed("the client is not open; use `with roompulse.blocking.connect(…) as client`")
        if threading.current_thread() is self._thread:
            raise WrongUse(
                "a callback runs in the client's own thread and cannot wait for it; hand the work to another"
            )
        return self._loop

    def _serve(self) -> None:
        with self._runner as runner:
            runner.run(self._until_stopped())

    async def _until_stopped(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        await self._stop.wait()


async def _next(source: AsyncIterator[T]) -> T:
    return await anext(source)
