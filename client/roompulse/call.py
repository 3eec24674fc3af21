"""One streaming call: written to by whoever sends, read to its end by one task of its own.

A read is never cancelled (grpc leaks its buffers then): to stop, the call is cancelled, the read ends by itself, and
the task is awaited.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc

from roompulse.errors import StreamClosed, from_grpc

Handle = Callable[[Any], Awaitable[None]]
Ended = Callable[[Exception | None], Awaitable[Exception | None]]


class Call:
    """A grpc.aio streaming call (`call`; they have no public base class) with the client's own errors."""

    def __init__(self, call: Any, target: str, handle: Handle, ended: Ended) -> None:
        """Keep the call and who is told: `handle` every message, `ended` once, the error or None for a clean end.

        `ended` returns the error that is to be known, perhaps a better one.
        """
        self._call = call
        self._target = target
        self._handle = handle
        self._ended = ended
        self._task: asyncio.Task[Exception | None] | None = None

    def start(self, name: str) -> None:
        """Start reading."""
        self._task = asyncio.create_task(self._read(), name=name)

    async def write(self, request: Any) -> None:
        """Send a message; wait while the connection's flow control says so.

        Raises:
            RoompulseError: The call has ended, with its reason.
        """
        try:
            await self._call.write(request)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError) as err:
            raise await self.end() or StreamClosed(f"{self._target} has ended the stream") from err

    async def half_close(self) -> None:
        """Say that no message follows."""
        await self._call.done_writing()

    async def end(self) -> Exception | None:
        """Wait for the end of the call; return its error, or None for a clean one."""
        return await asyncio.shield(self._task) if self._task is not None else StreamClosed("not started")

    async def stop(self) -> None:
        """Cancel the call where it still runs, and wait for the reading task. Idempotent."""
        self._call.cancel()
        await self.end()

    async def _read(self) -> Exception | None:
        error: Exception | None = None
        try:
            while (message := await self._call.read()) is not grpc.aio.EOF:
                await self._handle(message)
        except grpc.aio.AioRpcError as err:
            error = from_grpc(err, self._target)
            error.__cause__ = err
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            error = StreamClosed("the stream was cancelled")  # the call was, this task was not
        except Exception as err:
            error = err  # nobody who waits for the end may wait for ever
        finally:
            self._call.cancel()
        return await self._ended(error)
