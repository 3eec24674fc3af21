"""The one-second windows of a live meeting: fed by the log, recorded once they are final."""

import asyncio

from roompulse_server.bus.bus import Bus
from roompulse_server.insight.rollup.rollup_builder import RollupBuilder
from roompulse_server.storage.recorder import Recorder
from roompulse_server.types import EventKind, MeetingKey
from roompulse_server.types.log import Committed, Entry

END_OF_TIME_US = 1 << 60
WINDOWS = 16  # that are closed before everybody else has a turn


class MeetingRollups:
    """`committed` with what the log holds, in its order; `close_windows` as time goes on."""

    def __init__(self, key: MeetingKey, builder: RollupBuilder, recorder: Recorder, bus: Bus) -> None:
        self._key, self._builder, self._recorder, self._bus = key, builder, recorder, bus
        self._recorded = False  # whether there was anything to roll up
        self._closing = asyncio.Lock()  # windows are recorded in the order in which they became final

    def committed(self, entry: Committed) -> None:
        """Take in what the log holds."""
        for update in entry.updates:
            self._recorded = True
            self._builder.add(update)
        for event in entry.events:
            if event.kind is EventKind.STREAM_OPENED:
                self._builder.join(event.participant, event.offset_us, event.epoch)
            elif event.kind is EventKind.STREAM_CLOSED:
                self._builder.leave(event.participant, event.offset_us, event.epoch)
        for participant in entry.erased:
            self._builder.forget(participant)

    async def roll_up(self, watermark_us: int, now_us: int) -> None:
        """Record the windows that end before the watermark, and announce the present state of the others.

        Time in an empty meeting closes no windows: a recording may still come and fill them.
        """
        if self._recorded:
            await self._close_windows(watermark_us)
            self._bus.announce(self._key.uid, self._builder.revised(now_us))

    async def finish(self) -> None:
        """Record every window that is left."""
        await self._close_windows(END_OF_TIME_US)

    async def _close_windows(self, watermark_us: int) -> None:
        """Record what has become final, a slice at a time: a recording may have kept hours of windows open."""
        async with self._closing:
            while True:
                if final := self._builder.advance(watermark_us, WINDOWS):
                    await self._recorder.append(Entry(self._key, rollups=tuple(final)))
                if not self._builder.due(watermark_us):
                    return
                await asyncio.sleep(0)
