"""Whether the service can do its work now, as health says it: looked at once a second, said when it changes.

record cannot be written │ its folder is gone │ no worker lives, or none answers ─▶ why not ─▶ health, log
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from roompulse_server.errors import StoreError
from roompulse_server.meetings.services import Services

log = structlog.get_logger(__name__)

LOOK_S = 1.0

Say = Callable[[bool], Awaitable[None]]


class Readiness:
    """Use as `async with`; `say` is told at the beginning and at each change."""

    def __init__(self, services: Services, say: Say) -> None:
        self._services, self._say = services, say
        self._why_not: str | None = None
        self._looking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Readiness":
        await self.look()
        self._looking = asyncio.create_task(self._look_on(), name="readiness")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def look(self) -> None:
        """Find out, and say what has changed."""
        before, self._why_not = self._why_not, await self._find_out()
        if before == self._why_not:
            return
        if self._why_not:
            log.error("the service is not ready: health says NOT_SERVING", why=self._why_not)
        elif before:
            log.warning("the service is ready again: health says SERVING")
        await self._say(not self._why_not)

    async def _find_out(self) -> str:
        """Return why the service cannot do its work; nothing where it can."""
        try:
            await asyncio.to_thread(self._services.store.check)
        except StoreError as error:
            return str(error)
        if self._services.recorder.statistics().failing:
            return "the record cannot be written"
        return self._services.engine.why_not(time.monotonic())

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look()
            except Exception:
                log.exception("it could not be found out whether the service is ready")
