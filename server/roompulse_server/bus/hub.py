"""The bus inside one process.

    publish(committed) ─► followers ─► each listener of the meeting: a bounded buffer ─► pop

A buffer that is full does what its subscriber asked for. CONFLATE keeps each participant's newest update (the others
are skipped for good) beside events and roll-ups. DISCONNECT ends the subscription. A subscriber that is reading the
record anyway lets it drop: then its buffer is emptied instead, and it finds what it lost in the record.
"""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from roompulse_server.bus.bus import CAPACITY, Follower, Item
from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.types import Rollup, SlowPolicy, Update
from roompulse_server.types.log import Committed

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class HubStatistics:
    """The state now, and counters since the start."""

    meetings: int
    listeners: int
    published: int  # items, however many listeners they had
    delivered: int  # items put into buffers
    conflated: int  # items that a newer one replaced or pushed out
    disconnected: int  # listeners that were too slow
    follower_failures: int


@dataclass(slots=True)
class HubCounters:
    published: int = 0
    delivered: int = 0
    conflated: int = 0
    disconnected: int = 0
    follower_failures: int = 0


class HubFollowing:
    """A follower's registration in a hub."""

    def __init__(self, hub: "Hub", uid: str, follower: Follower) -> None:
        self._hub, self.uid, self.follower = hub, uid, follower

    def close(self) -> None:
        self._hub.unfollow(self)


class Hub:
    """Fans out by meeting uid. Belongs to one event loop; nothing here waits except `HubListener.wait`."""

    def __init__(self) -> None:
        self._listeners: defaultdict[str, set[HubListener]] = defaultdict(set)
        self._followers: defaultdict[str, set[HubFollowing]] = defaultdict(set)
        self._counters = HubCounters()

    def publish(self, committed: Committed) -> None:
        """Tell of an entry that is on disk: followers first, then listeners."""
        uid = committed.key.uid
        for following in tuple(self._followers.get(uid, ())):
            try:
                following.follower(committed)
            except Exception:
                self._counters.follower_failures += 1
                log.exception("a follower of a meeting failed; the entry is in the record")
        for participant in committed.erased:
            for listener in self._listeners.get(uid, ()):
                listener.erase(participant)
        self._push(uid, (*committed.updates, *committed.events, *committed.rollups))

    def announce(self, uid: str, rollups: Iterable[Rollup]) -> None:
        """Tell listeners of windows that are not final yet, and in no record."""
        self._push(uid, rollups)

    def follow(self, uid: str, follower: Follower) -> HubFollowing:
        """Call `follower` with each entry that is committed to a meeting's log."""
        following = HubFollowing(self, uid, follower)
        self._followers[uid].add(following)
        return following

    def unfollow(self, following: HubFollowing) -> None:
        """Call a follower no longer."""
        _drop(self._followers, following.uid, following)

    def listen(
        self, uid: str, *, capacity: int = CAPACITY, slow_policy: SlowPolicy = SlowPolicy.DISCONNECT
    ) -> "HubListener":
        """Begin to buffer what is published of a meeting. The subscriber closes it."""
        listener = HubListener(self, uid, capacity, slow_policy, self._counters)
        self._listeners[uid].add(listener)
        return listener

    def statistics(self) -> HubStatistics:
        """Return the counters."""
        c = self._counters
        count = sum(map(len, self._listeners.values()))
        return HubStatistics(
            len(self._listeners), count, c.published, c.delivered, c.conflated, c.disconnected, c.follower_failures
        )

    def forget(self, listener: "HubListener") -> None:
        """Hand nothing more to a listener."""
        _drop(self._listeners, listener.uid, listener)

    def _push(self, uid: str, items: Iterable[Item]) -> None:
        listeners = self._listeners.get(uid, ())
        for item in items:
            self._counters.published += 1
            for listener in tuple(listeners):
                listener.push(item)


class HubListener:
    """See `bus.Listener`. Made by `Hub.listen`."""

    def __init__(self, hub: Hub, uid: str, capacity: int, slow_policy: SlowPolicy, counters: HubCounters) -> None:
        self.uid = uid
        self.drops_when_full = False
        self.has_gap = False
        self._hub = hub
        self._capacity = capacity
        self._conflates = slow_policy == SlowPolicy.CONFLATE
        self._counters = counters
        self._buffer: deque[Item] = deque()
        self._skipped: dict[str, int] = {}  # participant: last sequence that was conflated away
        self._error: RoompulseError | None = None
        self._ready = asyncio.Event()

    def push(self, item: Item) -> None:
        """Buffer an item, or do what the policy says when the buffer is full. For the hub."""
        if len(self._buffer) >= self._capacity and not self._make_room():
            return
        self._counters.delivered += 1
        self._buffer.append(item)
        self._ready.set()

    def pop(self) -> Item | None:
        """Take the oldest item, None when nothing is there.

        Raises:
            RoompulseError: SUBSCRIBER_TOO_SLOW, from then on.
        """
        if self._error is not None:
            raise self._error
        if self._buffer:
            return self._buffer.popleft()
        self._ready.clear()
        return None

    async def wait(self) -> None:
        """Wait until `pop` may have an answer, or somebody calls `wake`."""
        await self._ready.wait()

    def wake(self) -> None:
        """Let `wait` return."""
        self._ready.set()

    def take_skipped(self, participant: str) -> int:
        """Return, once, the last sequence of a participant that a newer update replaced; 0 for none."""
        return self._skipped.pop(participant, 0)

    def erase(self, participant: str) -> None:
        """Drop what waits of a participant, and windows that they may be in: the record has these without them."""
        kept = (item for item in self._buffer if not isinstance(item, Rollup) and item.participant != participant)
        self._buffer = deque(kept)
        self._skipped.pop(participant, None)
        self.has_gap = True
        self._ready.set()

    def close(self) -> None:
        """Stop buffering. Idempotent."""
        self._end(RoompulseError(Reason.DRAINING, "the subscription is closed"))

    def _make_room(self) -> bool:
        if self._conflates:
            self._conflate()
        elif self.drops_when_full:
            self._buffer.clear()
            self.has_gap = True
        else:
            self._counters.disconnected += 1
            message = f"the subscriber is too slow: {self._capacity} values wait for it"
            self._end(RoompulseError(Reason.SUBSCRIBER_TOO_SLOW, message))
            return False
        return True

    def _conflate(self) -> None:
        """Keep each participant's newest update and what is no update; the newest half, if even that is too much."""
        kept: deque[Item] = deque()
        seen: set[str] = set()
        for item in reversed(self._buffer):
            if isinstance(item, Update) and item.participant in seen:
                self._skip(item)
            else:
                kept.appendleft(item)
            if isinstance(item, Update):
                seen.add(item.participant)
        if len(kept) >= self._capacity:
            for _ in range(len(kept) - self._capacity // 2):
                self._skip(kept.popleft())
        self._buffer = kept

    def _skip(self, item: Item) -> None:
        self._counters.conflated += 1
        if isinstance(item, Update):
            self._skipped[item.participant] = max(item.sequence, self._skipped.get(item.participant, 0))

    def _end(self, error: RoompulseError) -> None:
        if self._error is None:
            self._error = error
            self._buffer.clear()
            self._hub.forget(self)
            self._ready.set()


def _drop(by_uid: dict[str, set[T]], uid: str, member: T) -> None:
    members = by_uid.get(uid)
    if members is not None:
        members.discard(member)
        if not members:
            del by_uid[uid]
