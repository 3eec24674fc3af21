"""Whether the service can do its work now, as health says it: looked at once a second, said when it changes.

record cannot be written │ its folder is gone │ no worker lives, or none answers ─▶ why not ─▶ health, log
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from roompulse_server.background import OnFailure, Periodic
from roompulse_server.engine.engine import Engine
from roompulse_server.errors import StoreError
from roompulse_server.storage.recorder import Recorder

log = structlog.get_logger(__name__)

LOOK_S = 1.0

Say = Callable[[bool], Awaitable[None]]


class Readiness:
    """Use as `async with`; `say` is told at the beginning and at each change."""

    def __init__(self, recorder: Recorder, engine: Engine, say: Say, on_failure: OnFailure) -> None:
        self._recorder, self._engine, self._say = recorder, engine, say
        self._why_not: str | None = None
        self._loop = Periodic("readiness", LOOK_S, self.look, on_failure)

    async def __aenter__(self) -> "Readiness":
        await self.look()
        await self._loop.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._loop.__aexit__()

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
            await asyncio.to_thread(self._recorder.store.check)
        except StoreError as error:
            return str(error)
        if self._recorder.statistics().failing:
            return "the record cannot be written"
        return self._engine.why_not(time.monotonic())
