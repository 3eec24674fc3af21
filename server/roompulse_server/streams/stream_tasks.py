"""The tasks of one stream: whatever fails in one ends the stream with that error, and the stream alone."""

import asyncio
from collections.abc import Callable, Coroutine

import structlog

from roompulse_server.errors import Reason, RoompulseError

log = structlog.get_logger(__name__)

Stop = Callable[[RoompulseError], Coroutine[None, None, None]]


class StreamTasks:
    """Owns them until `aclose`. `stop` ends the stream."""

    def __init__(self, name: str, stop: Stop) -> None:
        self._name, self._stop = name, stop
        self._tasks: list[asyncio.Task[None]] = []
        self.failure: RoompulseError | None = None  # the first, for a stream that is ending already

    def start(self, work: Coroutine[None, None, None], what: str) -> asyncio.Task[None]:
        task = asyncio.create_task(self._guard(work), name=f"{what} {self._name}")
        self._tasks.append(task)
        return task

    def stop_soon(self, error: RoompulseError) -> None:
        """End the stream, in a task of its own."""
        self.failure = self.failure or error
        self._tasks.append(asyncio.create_task(self._stop(error)))

    async def aclose(self) -> None:
        """End all of them but the one that asks."""
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _guard(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except RoompulseError as error:
            self.stop_soon(error)
        except Exception as error:
            log.exception("a stream failed", participant_task=True)
            self.stop_soon(
                RoompulseError(Reason.ENGINE_UNAVAILABLE, "the stream failed inside the service; open it again")
            )
            raise error from None
