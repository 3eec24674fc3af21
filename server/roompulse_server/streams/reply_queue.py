"""The bounded queue in which an analyse stream's replies wait for the caller."""

import asyncio
from collections import deque

from roompulse_server.errors import RoompulseError
from roompulse_server.streams.replies import Control, Reply
from roompulse_server.types import Update

UPDATES_BOUND = 256
CONTROL_BOUND = 1024


class ReplyQueue:
    """Replies on their way to the caller, in order.

    Full: an update of a LIVE stream displaces the oldest waiting one (it is in the record). An EVERY_FRAME stream
    reserves a place for each update before it is recorded, and waits for it, which slows the sender down; the updates
    that are being recorded and those that wait here are `UPDATES_BOUND` together. Faults and notices displace the
    oldest of their kind.
    """

    def __init__(self, *, live: bool) -> None:
        self._live = live
        self._items: deque[Reply] = deque()
        self._updates = 0
        self._reserved = 0
        self._came = asyncio.Event()  # a reply, or the end
        self._room = asyncio.Event()  # for an update, or no need of it
        self._ended = False
        self._error: RoompulseError | None = None

    @property
    def live(self) -> bool:
        """Whether nobody ever waits for a place."""
        return self._live

    async def reserve(self) -> None:
        """Take a place for an update; see the class for what happens when there is none."""
        while not self._live and not self._ended and self._updates + self._reserved >= UPDATES_BOUND:
            self._room.clear()
            await self._room.wait()
        self._reserved += 1

    def release(self, count: int = 1) -> None:
        """Give reserved places back: these updates are not sent."""
        self._reserved -= count
        self._room.set()

    def put(self, update: Update) -> None:
        """Add an update, whose place was reserved."""
        self._reserved -= 1
        if self._updates >= UPDATES_BOUND:
            self._displace(Update)
        self._updates += 1
        self._items.append(update)
        self._came.set()

    def post(self, reply: Control) -> None:
        """Add what is no update; see the class for what happens when full."""
        if len(self._items) - self._updates >= CONTROL_BOUND:
            self._displace(type(reply))
        self._items.append(reply)
        self._came.set()

    def forget(self, participant: str) -> None:
        """Drop the waiting updates of a participant who was erased."""
        kept = [item for item in self._items if not (isinstance(item, Update) and item.participant == participant)]
        self._updates -= len(self._items) - len(kept)
        self._items = deque(kept)
        self._room.set()

    def relax(self) -> None:
        """Never wait again: the stream is being ended from this side."""
        self._live = True
        self._room.set()

    def end(self, error: RoompulseError | None = None) -> None:
        """Say that nothing follows; the first call counts."""
        if not self._ended:
            self._ended, self._error = True, error
        self._came.set()
        self._room.set()

    async def get(self) -> Reply | None:
        """Return the next reply; None when the stream ended well.

        Raises:
            RoompulseError: Why the stream ended, after everything before was taken.
        """
        while not self._items:
            if self._ended:
                if self._error is not None:
                    raise self._error
                return None
            self._came.clear()
            await self._came.wait()
        reply = self._items.popleft()
        if isinstance(reply, Update):
            self._updates -= 1
            self._room.set()
        return reply

    def _displace(self, kind: type) -> None:
        for index, item in enumerate(self._items):
            if isinstance(item, kind):
                del self._items[index]
                if kind is Update:
                    self._updates -= 1
                return
