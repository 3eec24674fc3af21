"""A meeting for tests of its subscribers: a real record, a hub told only what the test lets through, the truth."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import ParamSpec, TypeVar

from record_updates import plain
from roompulse_server.bus.bus import Item
from roompulse_server.bus.hub import Hub
from roompulse_server.storage.block import quantise
from roompulse_server.storage.store import Store
from roompulse_server.subscriptions import catch_up_subscription as feeds
from roompulse_server.subscriptions.catch_up_subscription import CatchUpSubscription, Filter, Start
from roompulse_server.types import (
    Event,
    EventKind,
    Meeting,
    MeetingKey,
    MeetingState,
    Purpose,
    Rollup,
    SlowPolicy,
    Update,
)
from roompulse_server.types.log import Committed, Entry

P = ParamSpec("P")
T = TypeVar("T")
SECOND = 1_000_000
MEETING = Meeting(MeetingKey("default", "standup", ""), Purpose.RESEARCH, MeetingState.ACTIVE, 1)


class Record:
    """Reads the store where it stands, and lets others run meanwhile, as threads would."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.reads = 0
        self.meanwhile: Callable[[], None] = lambda: None

    async def read(self, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        self.reads += 1
        await asyncio.sleep(0)
        result = method(*args, **kwargs)
        await asyncio.sleep(0)
        self.meanwhile()
        return result


class World:
    """One meeting with a record, a hub that tells of commits only as far as it is allowed to, and the whole truth."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.record = Record(store)
        self.hub = Hub()
        self.key = store.create_meeting(MEETING).key
        self.updates: dict[str, list[Update]] = {}
        self.epochs: dict[str, int] = {}
        self.events: list[Event] = []
        self.rollups: list[Rollup] = []

    def join(self, name: str) -> list[Item]:
        self.updates.setdefault(name, [])
        self.epochs[name] = self.store.open_stream(self.key, name, offset_us=0, time_us=0).epoch
        return self._taken()

    def commit(self, *names: str, events: int = 0, windows: int = 0) -> list[Item]:
        """Record an update for each name, in one commit with events and windows; returns what should be published."""
        entries = []
        for name in names:
            at = len(self.updates[name]) + 1
            entries.append(Entry(self.key, (quantise(plain(at, participant=name, epoch=self.epochs[name])),)))
        camera = tuple(Event(EventKind.CAMERA_ON, 0, 0, "ada") for _ in range(events))
        entries += [Entry(self.key, (), (event,)) for event in camera]
        entries += [Entry(self.key, rollups=(window(len(self.rollups) + i),)) for i in range(windows)]
        items: list[Item] = []
        for committed in self.store.commit(entries):
            assert committed.refusals == ()
            for update in committed.updates:
                self.updates[update.participant].append(update)
            self.events += committed.events
            self.rollups += committed.rollups
            items += [*committed.updates, *committed.events, *committed.rollups]
        return items

    def end(self) -> list[Item]:
        self.store.end_meeting(self.key, time_us=0, offset_us=0, reason="test")
        return self._taken()

    def erase(self, name: str, hold_us: int = 0) -> None:
        """Erase somebody; the hub tells of that alone, not of the event."""
        self.store.erase_participant(self.key, name, hold_us=hold_us, offset_us=0, time_us=1)
        self.store.take_committed()
        self.hub.publish(Committed(self.key, erased=(name,)))

    def publish(self, items: Sequence[Item]) -> None:
        for item in items:
            if isinstance(item, Rollup) and not item.final:
                self.hub.announce(self.key.uid, [item])
            else:
                self.hub.publish(committed(self.key, item))

    def _taken(self) -> list[Item]:
        events = [event for item in self.store.take_committed() for event in item.events]
        self.events += events
        return list(events)

    @asynccontextmanager
    async def feed(
        self,
        wanted: Filter = feeds.EVERYTHING,
        start: Start = feeds.NOW,
        policy: SlowPolicy = SlowPolicy.DISCONNECT,
        capacity: int = 1024,
    ) -> AsyncIterator[CatchUpSubscription]:
        feed = CatchUpSubscription(
            self.record, self.hub, self.key, wanted, start=start, slow_policy=policy, capacity=capacity
        )
        async with feed:
            yield feed


def window(second: int, *, final: bool = True, revision: int = 1) -> Rollup:
    nobody = (0.5,) * 9
    return Rollup(second * SECOND, SECOND, revision, final, 0, 0, None, None, None, None, nobody, None, None, "f", "m")


def committed(key: MeetingKey, *items: Item) -> Committed:
    """Return what a bus is told of items."""
    return Committed(
        key,
        tuple(item for item in items if isinstance(item, Update)),
        tuple(item for item in items if isinstance(item, Event)),
        tuple(item for item in items if isinstance(item, Rollup)),
    )


async def next_of(feed: CatchUpSubscription) -> Item | None:
    """Wait for the next item, as a subscription does; None after the meeting's end."""
    while (item := feed.poll()) is None:
        if feed.must_read:
            await feed.read()
        elif feed.ended:
            return None
        else:
            await feed.wait()
    return item


def caught_up(feed: CatchUpSubscription) -> bool:
    """Whether everything known to be recorded was delivered."""
    return not feed._line and not feed._behind()


async def settle() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def take(feed: CatchUpSubscription) -> list[Item]:
    """Everything that comes without waiting for more."""
    found: list[Item] = []
    while True:
        task = asyncio.ensure_future(next_of(feed))
        await settle()
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return found
        item = task.result()
        if item is None:
            return found
        found.append(item)


def brief(items: Sequence[Item]) -> list[str]:
    """a3: ada's third update; e2: the second event; r1: the first window, r1~ while it may change."""
    said = []
    for item in items:
        if isinstance(item, Update):
            said.append(f"{item.participant[0]}{item.sequence}")
        elif isinstance(item, Event):
            said.append(f"e{item.position}")
        else:
            said.append(f"r{item.sequence}" if item.final else f"r{item.start_us // SECOND + 1}~")
    return said


def check_whole(world: World, found: Sequence[Item]) -> None:
    """Everything that was recorded, once, and each counter in its order."""
    for name, updates in world.updates.items():
        assert [item for item in found if isinstance(item, Update) and item.participant == name] == updates
    assert [item for item in found if isinstance(item, Event)] == world.events
    assert [item for item in found if isinstance(item, Rollup)] == world.rollups
    assert found[-1:] == world.events[-1:]
