"""One streaming call: written to by whoever sends, read to its end by one task of its own.

A read is never cancelled (grpc leaks its buffers then): to stop, the call is cancelled, the read ends by itself, and
the task is awaited. So it is with a service that is silent for too long; while the caller makes us wait with what was
read, nobody listens, and nothing is silent.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc

from roompulse.errors import StreamClosed, StreamSilent, from_grpc
from roompulse.transport.channel import Ancestry

Handle = Callable[[Any], Awaitable[None]]

_TICKS = 4


class Call:
    """A grpc.aio streaming call (`call`; they have no public base class) with the client's own errors."""

    def __init__(self, call: Any, target: str, handle: Handle, first_s: float, silence_s: float) -> None:
        """Keep the call, who is told of every message, and how long the first and each next one may take, seconds."""
        Ancestry.hold(call)
        self._call = call
        self._target = target
        self._handle = handle
        self._first_s, self._silence_s = first_s, silence_s
        self._handling = self._cancelled = False
        self._silent: StreamSilent | None = None
        self._timer: asyncio.TimerHandle
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
        except asyncio.CancelledError as err:
            if _cancelling():
                raise
            raise await self.end() or StreamClosed("the stream was cancelled") from err  # the call was, not its writer

    async def half_close(self) -> None:
        """Say that no message follows."""
        await self._call.done_writing()

    async def end(self) -> Exception | None:
        """Wait for the end of the call; return its error, or None for a clean one."""
        return await asyncio.shield(self._task) if self._task is not None else StreamClosed("not started")

    def cancel(self) -> None:
        """End the call at once, and what is being done with its last message. Idempotent."""
        self._cancelled = True
        self._call.cancel()
        if self._handling and self._task is not None:
            self._task.cancel()

    async def _read(self) -> Exception | None:
        error: Exception | None = None
        try:
            wait_s = self._first_s
            while (message := await self._next(wait_s)) is not grpc.aio.EOF:
                self._handling = True
                await self._handle(message)
                self._handling = False
                wait_s = self._silence_s
        except grpc.aio.AioRpcError as err:
            error = from_grpc(err, self._target)
            error.__cause__ = err
        except asyncio.CancelledError:
            if _cancelling() and not self._cancelled:
                raise
            error = StreamClosed("the stream was cancelled")
        except Exception as err:
            error = err  # nobody who waits for the end may wait for ever
        finally:
            self._call.cancel()
        return self._silent or error

    async def _next(self, wait_s: float) -> Any:
        self._watch(wait_s, _TICKS)
        try:
            return await self._call.read()
        finally:
            self._timer.cancel()

    def _watch(self, wait_s: float, ticks: int) -> None:
        """Wait tick by tick: a loop that was kept from running hears one of them, and does not take it for silence."""
        if ticks:
            self._timer = asyncio.get_running_loop().call_later(wait_s / _TICKS, self._watch, wait_s, ticks - 1)
        else:
            self._silent = StreamSilent(f"{self._target} said nothing for {wait_s:g} s")
            self._call.cancel()


def _cancelling() -> bool:
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
