"""A streaming call that is opened again when it is cut.

    handler.call() ─▶ Call ─▶ send_initial_request ─▶ accepted ─▶ … ─▶ its end ─▶ final_error ─┬─ on_closed(error)
        ▲                                                                 └─ cut ─▶ wait ─┐
        └─────────────────────────────────────────────────────────────────────────────────┘

Before the service has accepted it for the first time, an end is the end.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from roompulse.errors import RoompulseError, StreamClosed, StreamSilent, Unavailable
from roompulse.transport.call import Call
from roompulse.transport.reconnect import Backoff, passes


class CallHandler(Protocol):
    """Whose calls they are."""

    def call(self) -> Call:
        """Make the next call and start it."""

    async def send_initial_request(self, call: Call) -> None:
        """Say what has to be said first; errors are those of the call."""

    def final_error(self, error: Exception | None) -> Exception | None:
        """Return what a call's end means; None is a good end."""

    def replace_channel(self) -> None:
        """Make the next call over a new connection: this one swallows what is sent."""

    async def on_closed(self, error: Exception | None) -> None:
        """Learn that there will be no other call."""


class ResumableCall:
    """One task of its own keeps it up, from `start` to `stop` or the end.

    Attributes:
        cut_by: What cut the line last.
        tries: How often it was tried to open it again since.
    """

    def __init__(
        self,
        handler: CallHandler,
        backoff: Backoff,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep whose it is."""
        self._handler, self._backoff, self._sleep, self._clock = handler, backoff, sleep, clock
        self._call: Call | None = None
        self._accepted = self._was_accepted = self._finishing = self._over = False
        self._changed = asyncio.Condition()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[Exception | None] | None = None
        self._cut_at_s = 0.0
        self.cut_by: Exception | None = None
        self.tries = 0

    @property
    def reopened(self) -> bool:
        """Whether the present call follows one that was cut."""
        return self.cut_by is not None

    @property
    def away_s(self) -> float:
        """Seconds since the line was cut."""
        return self._clock() - self._cut_at_s

    def start(self, name: str) -> None:
        """Open the first call."""
        self._task = asyncio.create_task(self._run(), name=name)

    async def accept(self) -> None:
        """Note that the service has accepted the present call. More than once changes nothing."""
        if self._accepted:
            return
        self._backoff.held()
        await self._change(accepted=True)
        if self._finishing and self._call is not None:
            await self._call.half_close()

    async def up(self, after: Call | None = None) -> Call:
        """Return an accepted call other than `after`, waiting while it is being opened.

        Raises:
            RoompulseError: Why the line is over.
        """
        async with self._changed:
            await self._changed.wait_for(lambda: self._over or (self._accepted and self._call is not after))
        if self._over or self._call is None:
            raise await self.end() or StreamClosed("the stream has ended")
        return self._call

    async def finish(self) -> Exception | None:
        """Half-close the call, and any that follows it; return the line's error, None for a good end."""
        self._finishing = True
        if self._accepted and self._call is not None:
            await self._call.half_close()
        return await self.end()

    async def end(self) -> Exception | None:
        """Wait for the line's end; return its error, None for a good one."""
        return await asyncio.shield(self._task) if self._task is not None else StreamClosed("not started")

    async def stop(self) -> None:
        """Cancel the call or the wait for the next one. Idempotent."""
        self._stopping.set()
        if self._call is not None:
            self._call.cancel()
        await self.end()

    async def _run(self) -> Exception | None:
        while True:
            self._call = self._handler.call()
            with contextlib.suppress(RoompulseError):  # the call's end says it, too
                await self._handler.send_initial_request(self._call)
            error = self._handler.final_error(await self._call.end())
            wait_s = await self._judge(error)
            if wait_s is None:
                break
            await self._pause(wait_s)
            if self._stopping.is_set():
                break
        error = self._final(error)
        await self._handler.on_closed(error)
        self._over = True
        await self._change(accepted=False)
        return error

    async def _judge(self, error: Exception | None) -> float | None:
        """Return how long to wait before the next call; None when there is none."""
        if self._accepted:
            self._cut_at_s, self.tries = self._clock(), 0
        await self._change(accepted=False)
        if self._stopping.is_set() or not self._was_accepted or not isinstance(error, RoompulseError):
            return None
        if isinstance(error, StreamSilent):
            self._handler.replace_channel()
        wait_s = self._backoff.wait_s(error)
        if wait_s is not None:
            self.cut_by = error
            self.tries += 1
        return wait_s

    async def _change(self, *, accepted: bool) -> None:
        async with self._changed:
            self._accepted = accepted
            self._was_accepted = self._was_accepted or accepted
            self._changed.notify_all()

    async def _pause(self, wait_s: float) -> None:
        waits = {asyncio.ensure_future(self._sleep(wait_s)), asyncio.create_task(self._stopping.wait())}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)

    def _final(self, error: Exception | None) -> Exception | None:
        """Say why the line is over, where that is not the error itself."""
        if passes(error) and self._stopping.is_set():
            return StreamClosed("the stream was cancelled")
        if not self.tries or not passes(error):
            return error
        text = f"gave up after {self.tries} tries to open the stream again; the last one: {error}"
        resigned = Unavailable(text, reason=getattr(error, "reason", ""))
        resigned.__cause__ = error
        return resigned
