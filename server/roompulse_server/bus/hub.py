"""Live fan-out inside one process. A hint, not a promise: who must not miss anything checks against the record.

    publish(uid, items) ─► each subscription of the meeting: a bounded buffer ─► pop / get

A buffer that is full does what its subscriber asked for. CONFLATE keeps each participant's newest update (the others
are skipped for good) beside events and roll-ups. DISCONNECT ends the subscription. A subscriber that is reading the
record anyway may relax: then its buffer is emptied instead, and it finds what it lost in the record.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass

from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.types import Event, Rollup, SlowPolicy, Update

Item = Update | Event | Rollup

CAPACITY = 1024  # items of one subscriber: ten seconds of twenty participants at 5 updates a second


@dataclass(frozen=True, slots=True)
class HubStatistics:
    """The state now, and counters since the start."""

    topics: int
    subscriptions: int
    published: int  # items, however many subscribers they had
    delivered: int  # items put into buffers
    conflated: int  # items that a newer one replaced or pushed out
    disconnected: int  # subscribers that were too slow


@dataclass(slots=True)
class _Counters:
    published: int = 0
    delivered: int = 0
    conflated: int = 0
    disconnected: int = 0


class Hub:
    """Fans items out by meeting uid. Belongs to one event loop; nothing here waits except `Subscription.get`."""

    def __init__(self) -> None:
        self._topics: defaultdict[str, set[Subscription]] = defaultdict(set)
        self._counters = _Counters()
        self._closed = False

    def publish(self, uid: str, items: Iterable[Item]) -> None:
        """Hand items, in order, to every subscription of a meeting."""
        subscriptions = self._topics.get(uid, ())
        for item in items:
            self._counters.published += 1
            who = item.participant if isinstance(item, Update) else ""
            for subscription in tuple(subscriptions):
                if subscription.only is None or who in subscription.only:
                    subscription.push(item)

    def subscribe(
        self,
        uid: str,
        *,
        capacity: int = CAPACITY,
        slow_policy: SlowPolicy = SlowPolicy.DISCONNECT,
        only: set[str] | None = None,
    ) -> "Subscription":
        """Begin to buffer what is published of a meeting. The subscriber closes it.

        `only`: updates of these participants and nothing else; the subscriber may add to the set. Without it each
        stream of a large meeting would be woken by the values of all the others.

        Raises:
            RoompulseError: DRAINING, when the hub is closed.
        """
        if self._closed:
            raise _closed()
        subscription = Subscription(self, uid, capacity, slow_policy, self._counters, only)
        self._topics[uid].add(subscription)
        return subscription

    def erase(self, uid: str, participant: str) -> None:
        """Drop what waits of somebody who was erased; subscribers are woken, to look who is left."""
        for subscription in self._topics.get(uid, ()):
            subscription.erase(participant)

    def statistics(self) -> HubStatistics:
        """Return the counters."""
        c = self._counters
        subscriptions = sum(len(topic) for topic in self._topics.values())
        return HubStatistics(len(self._topics), subscriptions, c.published, c.delivered, c.conflated, c.disconnected)

    def close(self) -> None:
        """Close every subscription, which wakes who waits for it. Doing it twice changes nothing."""
        self._closed = True
        for topic in list(self._topics.values()):
            for subscription in list(topic):
                subscription.close()

    def forget(self, subscription: "Subscription") -> None:
        """Stop handing items to a subscription."""
        topic = self._topics.get(subscription.uid)
        if topic is not None:
            topic.discard(subscription)
            if not topic:
                del self._topics[subscription.uid]


class Subscription:
    """What one subscriber has not taken yet, oldest first. Made by `Hub.subscribe`; read by one task."""

    def __init__(
        self,
        hub: Hub,
        uid: str,
        capacity: int,
        slow_policy: SlowPolicy,
        counters: _Counters,
        only: set[str] | None = None,
    ) -> None:
        self.uid = uid
        self.only = only
        self.relaxed = False  # while set, a full DISCONNECT buffer is emptied, and `overflowed` says so
        self.overflowed = False  # something was lost or erased: look at the record
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
            RoompulseError: SUBSCRIBER_TOO_SLOW, from then on; DRAINING, after closing.
        """
        if self._error is not None:
            raise self._error
        if self._buffer:
            return self._buffer.popleft()
        self._ready.clear()
        return None

    async def get(self) -> Item:
        """Wait for the oldest item.

        Raises:
            RoompulseError: As `pop`.
        """
        while (item := self.pop()) is None:
            await self.wait()
        return item

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
        self.overflowed = True
        self._ready.set()

    def close(self) -> None:
        """Stop buffering; who waits gets DRAINING. Doing it twice changes nothing."""
        self._end(_closed())

    def _make_room(self) -> bool:
        if self._conflates:
            self._conflate()
        elif self.relaxed:
            self._buffer.clear()
            self.overflowed = True
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


def _closed() -> RoompulseError:
    return RoompulseError(Reason.DRAINING, "the subscription is closed")
