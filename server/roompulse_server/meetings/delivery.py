"""A stream's own values back to it: from the hub, in order, gaps filled from the record; only what is on disk is sent.

record ─▶ hub ─▶ Subscription (relaxed: when it overflows, the record has it) ─▶ run ─▶ ReplyQueue
"""

import asyncio

from roompulse_server.bus.hub import Subscription
from roompulse_server.meetings.participant import ParticipantState
from roompulse_server.meetings.reply_queue import UPDATES_BOUND, ReplyQueue
from roompulse_server.meetings.services import Services
from roompulse_server.storage.store import Position
from roompulse_server.types import MeetingKey, Update

BEYOND = 1 << 62  # a position after everything: of events and roll-ups nothing is read
TURN = 16  # values recorded in a row: a gallery's tiles are many
REFILL = 512  # rows read from the record at once


class Delivered:
    """Knows of each participant how far values were scored, and how far they were sent."""

    def __init__(self, services: Services, key: MeetingKey, replies: ReplyQueue, silent: bool) -> None:
        """`silent`: nobody's values leave the service; they count as sent."""
        self._services, self._key, self._replies = services, key, replies
        self._watched: set[str] = set()
        self._subscription: Subscription = services.hub.subscribe(key.uid, only=self._watched)
        self._subscription.relaxed = True
        self._sent: dict[str, int] = {}
        self._expected: dict[str, int] = {}
        self._moved = asyncio.Event()
        self._sending = asyncio.Lock()
        self._given_up = False
        self._in_a_row = 0
        self._silent = silent

    def watch(self, seat: ParticipantState) -> None:
        """Send this participant's values from now on."""
        self._watched.add(seat.id)
        self._sent.setdefault(seat.id, seat.row.last_sequence)

    def expect(self, update: Update) -> None:
        """Count on a value to come back from the record."""
        self._expected[update.participant] = update.sequence

    async def room(self) -> None:
        """Wait until no more values are on their way than the replies holds; LIVE only lets others have their turn."""
        if self._replies.live:
            self._in_a_row = (self._in_a_row + 1) % TURN
            if not self._in_a_row:
                await asyncio.sleep(0)
            return
        while not self._given_up and self._missing() >= UPDATES_BOUND:
            self._moved.clear()
            await self._moved.wait()

    async def drain(self) -> None:
        """Send whatever is recorded and was not sent; the record must have been flushed."""
        await self._refill()

    def give_up(self) -> None:
        """Expect nothing any more: the record refused what was scored."""
        self._given_up = True
        self._moved.set()

    def forget(self, participant: str) -> None:
        """Expect and send nothing any more of somebody who was erased, nor of who comes after them elsewhere."""
        self._watched.discard(participant)
        self._sent.pop(participant, None)
        self._expected.pop(participant, None)
        self._moved.set()

    def close(self) -> None:
        self._subscription.close()

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            item = await self._subscription.get()
            if self._subscription.overflowed:
                self._subscription.overflowed = False
                await self._refill()
            if isinstance(item, Update):
                if item.sequence > self._sent.get(item.participant, BEYOND) + 1:
                    await self._refill()
                await self._send(item)

    def _missing(self) -> int:
        return sum(max(0, last - self._sent.get(name, 0)) for name, last in self._expected.items())

    async def _refill(self) -> None:
        store, recorder = self._services.store, self._services.recorder
        while True:
            after = Position(dict(self._sent), event=BEYOND, rollup=BEYOND)
            updates = [
                item
                for item in await recorder.read(store.read_after, self._key, after, limit=REFILL)
                if isinstance(item, Update)
            ]
            if not updates:
                return
            for update in updates:
                await self._send(update)

    async def _send(self, update: Update) -> None:
        async with self._sending:  # refills and the hub bring the same values
            if update.sequence > self._sent.get(update.participant, BEYOND):
                await self._put(update)

    async def _put(self, update: Update) -> None:
        if update.packet_index is not None:
            age_us = self._services.clock.now_us() - update.receive_us
            self._services.metrics.published.observe(max(0, age_us) / 1e6)
        if not self._silent:
            await self._replies.put(update, lambda: update.participant in self._sent)
        if update.participant in self._sent:
            self._sent[update.participant] = update.sequence
        self._moved.set()
