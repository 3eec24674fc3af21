"""Keeps the record's clocks going, and says when the host's was set.

the host's clocks ─▶ steady.go_on ─▶ mark ─▶ record, every ten seconds: which also shows that it can be written
"""

import asyncio
import contextlib
import functools
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import structlog

from roompulse_server.errors import RoompulseError
from roompulse_server.meetings.server_clock import ServerClock
from roompulse_server.meetings.steady import DOUBT_US, TICK_US, Clocks, Passed, first, go_on
from roompulse_server.storage.recorder import Recorder
from roompulse_server.storage.store import ClockMark
from roompulse_server.types import Meeting

log = structlog.get_logger(__name__)

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_THIS_PROCESS = uuid.uuid4().hex  # stands for the host's start where that has no name: within a process all is known


@functools.cache
def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip() if hasattr(time, "CLOCK_BOOTTIME") else ""
    except (OSError, ValueError):
        return ""


def host_clocks() -> Clocks:
    """Read the host's clocks."""
    wall_us = time.time_ns() // 1000
    if boot_id := _boot_id():
        return Clocks(wall_us, boot_id, time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000)
    return Clocks(wall_us, _THIS_PROCESS, time.monotonic_ns() // 1000)


class Timekeeper:
    """Use as `async with`, inside the recorder's."""

    def __init__(self, recorder: Recorder, clock: ServerClock, read: Callable[[], Clocks]) -> None:
        self._recorder, self._clock, self._read = recorder, clock, read
        self._mark: ClockMark
        self._at_us = 0  # of the mark, by the service's clock
        self._ticking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Timekeeper":
        """Go on from what the record says.

        Raises:
            RoompulseError: The record cannot be read or written.
        """
        last, now = await self._recorder.read(self._recorder.store.read_clock), self._read()
        self._take(Passed(first(now)) if last is None else go_on(last, now))
        await self._recorder.call(self._recorder.store.write_clock, self._mark)
        self._ticking = asyncio.create_task(self._tick(), name="timekeeper")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)
        with contextlib.suppress(RoompulseError):  # said already
            await self.look()

    def steady_us(self) -> int:
        """Return now, by the clock that dates what happens in meetings."""
        return self._mark.steady_us + self._clock.now_us() - self._at_us

    def kept_us(self) -> int:
        """Return now, by the clock that retention goes by."""
        return self._mark.kept_us + self._clock.now_us() - self._at_us

    def began_us(self, meeting: Meeting) -> int:
        """Return when a meeting's offset was zero, by the service's clock."""
        steady_us = meeting.create_us if meeting.create_steady_us is None else meeting.create_steady_us
        return self._clock.now_us() - (self.steady_us() - steady_us)

    async def look(self) -> None:
        """Look at the clocks, and keep what they show.

        Raises:
            RoompulseError: RECORD_UNAVAILABLE.
        """
        self._take(go_on(self._mark, self._read()))
        await self._recorder.call(self._recorder.store.write_clock, self._mark)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_US / 1e6)
            with contextlib.suppress(RoompulseError):  # the recorder has said it
                await self.look()

    def _take(self, passed: Passed) -> None:
        self._mark, self._at_us = passed.mark, self._clock.now_us()
        if passed.stepped_us:
            log.warning(
                "the host's clock was set; meetings go on after their last moment", by_s=passed.stepped_us / 1e6
            )
        if passed.leapt_us:
            log.warning(
                "the host's clock is far ahead of where the record was left: the service has not run for so long, or "
                "the clock was or is wrong. Retention does not count that time until the service has run for a day: "
                "set the clock right before then if it is wrong, or stop the service and keep a backup",
                ahead_s=passed.leapt_us / 1e6,
                run_s=DOUBT_US / 1e6,
            )
        if passed.accepted_us:
            log.warning("retention counts the time by which the clock was ahead", ahead_s=passed.accepted_us / 1e6)
