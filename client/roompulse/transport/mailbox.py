"""What the service said and the caller has not read yet: bounded.

    reader task ──put──▶ [ ≤ capacity ] ──get──▶ the caller

When full: `DROP_OLDEST` lets the oldest go (live values age); `WAIT` makes the reader, and so the service, wait.
Because a caller may well send without reading, `WAIT` waits only while somebody reads: when nothing was taken for
`patience_s` it lets the oldest go too, until something is taken again. So a caller that reads loses nothing, and one
that does not is never blocked for good. What went is counted in `dropped`. Without `patience_s` it waits for good.
"""

import asyncio
import logging
from collections import deque
from enum import Enum
from typing import Generic, TypeVar

log = logging.getLogger("roompulse")

T = TypeVar("T")


class WhenFull(Enum):
    """What a full mailbox does."""

    DROP_OLDEST = "drop oldest"
    WAIT = "wait"


class Mailbox(Generic[T]):
    """One task puts, any number get; each item goes to one of them."""

    def __init__(self, capacity: int, when_full: WhenFull, patience_s: float | None = 10.0) -> None:
        """Keep the bounds; empty and open."""
        self._items: deque[T] = deque()
        self._capacity = capacity
        self._when_full = when_full
        self._patience_s = patience_s
        self._changed = asyncio.Condition()
        self._closed = False
        self._error: BaseException | None = None
        self._abandoned = False
        self.dropped = 0

    async def put(self, item: T) -> None:
        """Put an item in, by the rule above when full."""
        async with self._changed:
            if self._full and self._when_full is WhenFull.WAIT and not self._abandoned:
                await self._wait_for_room()
            if self._full:
                self._items.popleft()
                self.dropped += 1
            self._items.append(item)
            self._changed.notify_all()

    async def get(self) -> T:
        """Return the oldest item, waiting for one.

        Raises:
            StopAsyncIteration: Closed, and everything was taken.
            BaseException: What it was closed with, after everything was taken; each time.
        """
        async with self._changed:
            await self._changed.wait_for(lambda: self._items or self._closed)
            if self._items:
                self._abandoned = False
                item = self._items.popleft()
                self._changed.notify_all()
                return item
        raise self._error or StopAsyncIteration

    async def close(self, error: BaseException | None = None) -> None:
        """Take nothing more in; wake everybody. Idempotent: the first error counts."""
        async with self._changed:
            if not self._closed:
                self._closed, self._error = True, error
            self._changed.notify_all()

    async def abandon(self) -> None:
        """Say that nobody will read any more: a waiting put goes on at once."""
        async with self._changed:
            self._abandoned = True
            self._changed.notify_all()

    @property
    def _full(self) -> bool:
        return len(self._items) >= self._capacity

    async def _wait_for_room(self) -> None:
        try:
            async with asyncio.timeout(self._patience_s):
                await self._changed.wait_for(lambda: not self._full or self._closed or self._abandoned)
        except TimeoutError:
            self._abandoned = True
            log.warning("nobody reads the results: %d wait, the oldest go from now on", len(self._items))
