"""Work that goes on behind the calls: loops that survive failures, and deeds that outlive their caller.

A loop that fails says so, counts it, and goes on at the next interval.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import structlog

from roompulse_server.errors import Reason, RoompulseError

log = structlog.get_logger(__name__)

T = TypeVar("T")
OnFailure = Callable[[str], None]


class Periodic:
    """Calls `work` each `interval_s`, the pause counted from its end. Use as `async with`; leaving ends the loop.

    Args:
        name: Of the loop, for the log and `on_failure`.
        work: What to do. An error of the service's own is logged as a sentence, any other with its traceback.
        on_failure: Told the name of a loop whose work failed.
        at_once: The first call comes at once, not after a pause.
    """

    def __init__(
        self,
        name: str,
        interval_s: float,
        work: Callable[[], Awaitable[None]],
        on_failure: OnFailure,
        *,
        at_once: bool = False,
    ) -> None:
        self._name, self._interval_s, self._work, self._on_failure = name, interval_s, work, on_failure
        self._at_once = at_once
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Periodic":
        self._task = asyncio.create_task(self._run(), name=self._name)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        if not self._at_once:
            await asyncio.sleep(self._interval_s)
        while True:
            await attempt(self._name, self._work(), self._on_failure)
            await asyncio.sleep(self._interval_s)


async def attempt(name: str, work: Awaitable[None], on_failure: OnFailure, **values: str) -> None:
    """Await a piece of a loop's work; a failure is logged with `values`, counted, and goes no further."""
    try:
        await work
    except RoompulseError as error:
        on_failure(name)
        said = error.reason is Reason.RECORD_UNAVAILABLE  # by the recorder, with the cause, once a minute
        level = logging.DEBUG if said else logging.WARNING
        log.log(level, "background work failed", loop=name, error=str(error), **values)
    except Exception:
        on_failure(name)
        log.exception("background work failed", loop=name, **values)


class Deeds:
    """Owns work that must come to its end although its caller may be cancelled."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def complete(self, deed: Coroutine[Any, Any, T]) -> T:
        """Do something to its end, and return its result; a caller that is cancelled waits no longer."""
        self._tasks.add(task := asyncio.create_task(deed))
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    def start(self, deed: Coroutine[Any, Any, None]) -> None:
        """Do something to its end while the caller goes on."""
        self._tasks.add(task := asyncio.create_task(deed))
        task.add_done_callback(self._done)

    async def aclose(self) -> None:
        """Wait for everything that is under way."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, RoompulseError):
            log.debug("refused", reason=error.reason.value)  # its caller is told
        else:
            log.error("work that outlives its caller failed", exc_info=error)
