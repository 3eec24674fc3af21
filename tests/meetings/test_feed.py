"""The feed is exact, whatever happens to publishes: a history checker over random faults, and each promise alone."""

import asyncio
import pathlib
import random
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

import pytest
from record_updates import plain
from roompulse_server.bus.hub import Hub, Item
from roompulse_server.bus.token import Token, encode
from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.meetings import feed as feeds
from roompulse_server.meetings.feed import After, Feed, Filter, FromOffset, FromToken, Start
from roompulse_server.storage.block import quantise
from roompulse_server.storage.sqlite import SqliteStore
from roompulse_server.storage.store import Entry, Store
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

SEEDS = [*range(12), *(pytest.param(seed, marks=pytest.mark.verify) for seed in range(12, 200))]
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

    def publish(self, items: Sequence[Item]) -> None:
        self.hub.publish(self.key.uid, items)

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
    ) -> AsyncIterator[Feed]:
        feed = Feed(self.record, self.hub, self.key, wanted, start=start, slow_policy=policy, capacity=capacity)
        async with feed:
            yield feed


def window(second: int, *, final: bool = True, revision: int = 1) -> Rollup:
    nobody = (0.5,) * 9
    return Rollup(second * SECOND, SECOND, revision, final, 0, 0, None, None, None, None, nobody, None, None, "f", "m")


@pytest.fixture
def store(tmp_path: pathlib.Path) -> Iterator[Store]:
    store = SqliteStore(tmp_path)
    store.open()
    yield store
    store.close()


@pytest.fixture
def world(store: Store) -> World:
    world = World(store)
    world.publish(world.join("ada"))
    return world


async def settle() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def take(feed: Feed) -> list[Item]:
    """Everything that comes without waiting for more."""
    found: list[Item] = []
    while True:
        task = asyncio.ensure_future(feed.get())
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


async def test_live_items_pass_without_a_look_at_the_record(world: World) -> None:
    world.commit("ada")
    async with world.feed() as feed:
        reads = world.record.reads
        world.publish(world.commit("ada", events=1, windows=1))
        world.publish(world.commit("ada"))
        assert brief(await take(feed)) == ["a2", "e2", "r1", "a3"]
        assert world.record.reads == reads


async def test_what_is_recorded_while_the_feed_begins_is_not_lost(world: World) -> None:
    world.record.meanwhile = lambda: world.publish(world.commit("ada"))
    async with world.feed() as feed:
        world.record.meanwhile = lambda: None
        assert brief(await take(feed)) == ["a1"]


async def test_a_gap_is_filled_from_the_record_and_repeats_are_dropped(world: World) -> None:
    async with world.feed() as feed:
        lost = world.commit("ada", events=1, windows=1) + world.commit("ada")
        last = world.commit("ada", events=1, windows=1)
        world.publish(last)
        found = brief(await take(feed))
        assert sorted(found) == ["a1", "a2", "a3", "e2", "e3", "r1", "r2"]
        assert [said for said in found if said[0] == "a"] == ["a1", "a2", "a3"]
        world.publish(lost)
        world.publish(last)
        assert await take(feed) == []


async def test_a_lost_last_publish_is_found_by_looking(world: World) -> None:
    async with world.feed() as feed:
        waiting = asyncio.create_task(feed.get())
        world.commit("ada")
        await settle()
        assert not waiting.done()
        assert feed.caught_up
        await feed.reconcile()
        assert await waiting == world.updates["ada"][0]


async def test_somebody_new_is_seen_from_their_first_update_on(world: World) -> None:
    async with world.feed() as feed:
        world.join("bob")
        world.commit("bob")
        world.publish(world.commit("bob"))
        assert [said for said in brief(await take(feed)) if said[0] == "b"] == ["b1", "b2"]


async def test_a_token_goes_on_after_the_item_it_came_with(world: World) -> None:
    world.join("bob")
    for _ in range(3):
        world.commit("ada", "bob", events=1, windows=1)
    async with world.feed(start=FromOffset(0)) as feed:
        whole = brief(await take(feed))
    for count in range(len(whole) + 1):
        async with world.feed(start=FromOffset(0)) as feed:
            head = [await feed.get() for _ in range(count)]
            token = feed.token()
        async with world.feed(start=FromToken(token)) as feed:
            rest = await take(feed)
        assert sorted(brief([item for item in head if item] + rest)) == sorted(whole)


async def test_an_offset_starts_with_what_came_then(world: World) -> None:
    for _ in range(10):
        world.commit("ada", windows=1)
    async with world.feed(start=FromOffset(1_000_000)) as feed:
        assert brief(await take(feed))[:2] == ["a5", "a6"]
    async with world.feed(Filter(updates=False), FromOffset(3_500_000)) as feed:
        assert brief(await take(feed)) == ["r4", "r5", "r6", "r7", "r8", "r9", "r10"]


async def test_only_what_is_wanted_comes_and_the_token_passes_over_the_rest(world: World) -> None:
    world.join("bob")
    async with world.feed(Filter(frozenset({"bob"}), rollups=False)) as feed:
        world.publish(world.commit("ada", "bob", events=1, windows=2))
        world.publish([window(7, final=False)])
        assert brief(await take(feed)) == ["b1"]
        token = feed.token()
    async with world.feed(Filter(frozenset({"bob"})), FromToken(token)) as feed:
        assert brief(await take(feed)) == []


async def test_a_streams_own_view_starts_at_its_epoch_and_can_take_in_more(world: World) -> None:
    world.commit("ada")
    world.commit("ada")
    wanted = Filter(frozenset({"ada"}), rollups=False, events=False)
    async with world.feed(wanted, After({"ada": 1})) as feed:
        world.join("ada/1")
        feed.watch("ada/1")
        world.publish(world.commit("ada/1"))
        assert brief(await take(feed)) == ["a2", "a1"]


async def test_windows_that_may_change_pass_until_they_are_final(world: World) -> None:
    async with world.feed() as feed:
        world.publish([window(0, final=False, revision=1), window(0, final=False, revision=2)])
        world.publish(world.commit(windows=1))
        world.publish([window(0, final=False, revision=3), window(1, final=False)])
        assert brief(await take(feed)) == ["r1~", "r1~", "r1", "r2~"]
    async with world.feed(Filter(final_rollups_only=True)) as feed:
        world.publish([window(1, final=False)])
        world.publish(world.commit(windows=1))
        assert brief(await take(feed)) == ["r2"]


@pytest.mark.parametrize("events", [True, False])
async def test_the_end_comes_last_and_then_nothing(world: World, events: bool) -> None:
    async with world.feed(Filter(events=events)) as feed:
        world.commit("ada", windows=1)
        world.publish(world.end())
        found = brief(await take(feed))
        assert found[-1] == ("e2" if events else "r1")
        assert {"a1", "r1"} <= set(found)
        assert await feed.get() is None
    async with world.feed() as feed:
        assert await feed.get() is None


async def test_the_end_is_found_by_looking_when_its_publish_was_lost(world: World) -> None:
    async with world.feed(Filter(events=False)) as feed:
        waiting = asyncio.create_task(feed.get())
        await settle()
        world.end()
        await feed.reconcile()
        assert await waiting is None


async def test_history_longer_than_a_page_comes_whole(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "PAGE", 7)
    world.join("bob")
    for _ in range(40):
        world.commit("ada", "bob", events=1, windows=1)
    world.end()
    async with world.feed(start=FromOffset(0)) as feed:
        check_whole(world, await take(feed))


async def test_reading_history_is_never_too_slow(world: World) -> None:
    for _ in range(30):
        world.commit("ada")
    async with world.feed(start=FromOffset(0), capacity=4) as feed:
        found = [await feed.get()]
        for _ in range(20):
            world.publish(world.commit("ada"))
        found += await take(feed)
    assert brief([item for item in found if item and isinstance(item, Update)]) == [f"a{i}" for i in range(1, 51)]


async def test_what_a_full_buffer_lost_while_history_was_read_is_read_too(world: World) -> None:
    world.publish(world.join("bob"))
    world.commit("ada")
    async with world.feed(Filter(events=False), FromOffset(0), capacity=4) as feed:
        world.publish(world.commit("bob"))
        for _ in range(4):
            world.publish(world.commit("ada"))
        assert sorted(brief(await take(feed))) == ["a1", "a2", "a3", "a4", "a5", "b1"]


async def test_a_slow_reader_is_disconnected_with_a_token_that_loses_nothing(world: World) -> None:
    async with world.feed(capacity=4) as feed:
        assert await take(feed) == []
        for _ in range(6):
            world.publish(world.commit("ada"))
        with pytest.raises(RoompulseError) as error:
            await feed.get()
        assert error.value.reason == Reason.SUBSCRIBER_TOO_SLOW
        token = feed.token()
    async with world.feed(start=FromToken(token)) as feed:
        assert brief(await take(feed)) == [f"a{i}" for i in range(1, 7)]


async def test_a_slow_reader_that_asked_for_it_gets_the_newest(world: World) -> None:
    world.publish(world.join("bob"))
    async with world.feed(policy=SlowPolicy.CONFLATE, capacity=4) as feed:
        assert await take(feed) == []
        world.publish(world.commit("bob", events=1))
        lost = world.commit("ada")
        for _ in range(8):
            world.publish(world.commit("ada"))
        found = brief(await take(feed))
        assert [said for said in found if said[0] != "a"] == ["b1", "e3"]
        assert found[-1] == "a9"
        assert len(found) <= 6
        world.publish(lost)
        assert await take(feed) == []


async def test_a_token_ahead_of_the_record_is_refused(world: World) -> None:
    for position in (Token({1: 1}), Token(event=9), Token(rollup=1)):
        with pytest.raises(RoompulseError) as error:
            async with world.feed(start=FromToken(encode(position, world.key, ()))):
                pass
        assert error.value.reason == Reason.RESUME_TOKEN_INVALID
        assert "ahead" in error.value.message
    assert world.hub.statistics().subscriptions == 0


async def test_what_the_record_no_longer_has_is_said(world: World) -> None:
    for _ in range(5):
        world.commit("ada")
    assert isinstance(world.store, SqliteStore)
    assert world.store._writer is not None
    with world.store._writer.begin() as connection:
        connection.exec_driver_sql("DELETE FROM blocks WHERE first_sequence <= 3")
    async with world.feed(start=After({"ada": 0})) as feed:
        with pytest.raises(RoompulseError) as error:
            await feed.get()
    assert error.value.reason == Reason.POSITION_EXPIRED
    assert error.value.values == {"oldest": "4"}


async def test_somebody_erased_holds_nobody_up(world: World) -> None:
    world.publish(world.join("bob"))
    assert isinstance(world.store, SqliteStore)
    assert world.store._writer is not None
    async with world.feed(Filter(events=False)) as feed:
        gone = world.commit("ada") + world.commit("ada")
        with world.store._writer.begin() as connection:
            connection.exec_driver_sql("DELETE FROM participants WHERE id = 'ada'")
        world.publish(gone[1:])
        world.publish(world.commit("bob"))
        assert brief(await take(feed)) == ["b1"]


async def test_closing_wakes_the_reader(world: World) -> None:
    async with world.feed() as feed:
        waiting = asyncio.create_task(feed.get())
        await settle()
        feed.close()
        with pytest.raises(RoompulseError) as error:
            await waiting
    assert error.value.reason == Reason.DRAINING


def check_whole(world: World, found: Sequence[Item]) -> None:
    """Everything that was recorded, once, and each counter in its order."""
    for name, updates in world.updates.items():
        assert [item for item in found if isinstance(item, Update) and item.participant == name] == updates
    assert [item for item in found if isinstance(item, Event)] == world.events
    assert [item for item in found if isinstance(item, Rollup)] == world.rollups
    assert found[-1:] == world.events[-1:]


@dataclass
class Faults:
    """A hub between record and subscribers that loses, delays, repeats and reorders."""

    world: World
    chance: random.Random
    held: list[Item] = field(default_factory=list)

    def publish(self, items: Sequence[Item]) -> None:
        for item in items:
            match self.chance.choice(["now", "now", "lost", "held", "twice"]):
                case "now":
                    self.world.publish([item])
                case "held":
                    self.held.append(item)
                case "twice":
                    self.world.publish([item, item])
        if self.chance.random() < 0.3:
            self.chance.shuffle(self.held)
            self.world.publish(self.held)
            self.held.clear()

    def happen(self) -> None:
        """Something random happens in the meeting."""
        names = [name for name in ("ada", "bob", "carl") if name in self.world.updates]
        match self.chance.choice(["join", "commit", "commit", "commit", "commit", "provisional"]):
            case "join":
                self.publish(self.world.join(self.chance.choice(["ada", "bob", "carl"])))
            case "provisional":
                self.world.publish([window(len(self.world.rollups), final=False)])
            case _:
                some = self.chance.sample(names, self.chance.randint(0, len(names)))
                self.publish(
                    self.world.commit(*some, events=self.chance.randint(0, 1), windows=self.chance.randint(0, 1))
                )


async def history(world: World, chance: random.Random, policy: SlowPolicy) -> list[Item]:
    """Run a meeting under faults, with a subscriber that stalls, leaves and resumes; returns all that it saw."""
    faults, found = Faults(world, chance), list[Item]()
    start: Start = FromOffset(0)
    for _ in range(5):
        async with world.feed(start=start, policy=policy, capacity=chance.choice([5, 1000])) as feed:
            try:
                await stay_a_while(faults, feed, found)
            except RoompulseError as error:
                if error.reason != Reason.SUBSCRIBER_TOO_SLOW:
                    raise
            start = FromToken(feed.token())
    async with world.feed(start=start) as feed:
        faults.publish(world.end())
        await feed.reconcile()
        found += await take(feed)
        assert await feed.get() is None
    return [item for item in found if not (isinstance(item, Rollup) and not item.final)]


async def stay_a_while(faults: Faults, feed: Feed, found: list[Item]) -> None:
    chance = faults.chance
    for _ in range(chance.randint(1, 8)):
        for _ in range(chance.randint(0, 8)):
            faults.happen()
            if chance.random() < 0.5:
                await asyncio.sleep(0)
        if chance.random() < 0.4:
            await feed.reconcile()
        for _ in range(chance.randint(0, 10)):
            if feed.caught_up and chance.random() < 0.5:
                break
            task = asyncio.ensure_future(feed.get())
            await settle()
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                break
            item = task.result()
            assert item is not None
            found.append(item)


def lived(seed: int, policy: SlowPolicy) -> tuple[World, list[Item]]:
    with tempfile.TemporaryDirectory() as folder, closing(SqliteStore(pathlib.Path(folder))) as store:
        store.open()
        assert store._writer is not None
        with closing(store._writer.raw_connection()) as connection:
            connection.cursor().execute("PRAGMA synchronous = OFF")  # power cuts are not the question here
        world = World(store)
        world.join("ada")
        return world, asyncio.run(history(world, random.Random(seed), policy))


@pytest.mark.parametrize("seed", SEEDS)
def test_history_is_exact_under_faults(seed: int) -> None:
    check_whole(*lived(seed, SlowPolicy.DISCONNECT))


@pytest.mark.parametrize("seed", SEEDS)
def test_conflation_loses_only_updates_that_a_newer_one_replaced(seed: int) -> None:
    world, found = lived(seed, SlowPolicy.CONFLATE)
    assert [item for item in found if isinstance(item, Event)] == world.events
    assert [item for item in found if isinstance(item, Rollup)] == world.rollups
    for name, updates in world.updates.items():
        seen = [item for item in found if isinstance(item, Update) and item.participant == name]
        assert [item.sequence for item in seen] == sorted({item.sequence for item in seen})
        assert all(updates[item.sequence - 1] == item for item in seen)
        assert seen[-1:] == updates[-1:]
