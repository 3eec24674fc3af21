"""The feed is exact, whatever happens to publishes: a history checker over random faults."""

import asyncio
import pathlib
import random
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field

import pytest
from meeting_world import World, caught_up, check_whole, next_of, settle, take, window
from roompulse_server.bus.bus import Item
from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.storage.sqlite import SqliteStore
from roompulse_server.subscriptions.catch_up_subscription import CatchUpSubscription, FromOffset, FromToken, Start
from roompulse_server.types import (
    Event,
    Rollup,
    SlowPolicy,
    Update,
)

SEEDS = [*range(12), *(pytest.param(seed, marks=pytest.mark.verify) for seed in range(12, 200))]


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
        assert await next_of(feed) is None
    return [item for item in found if not (isinstance(item, Rollup) and not item.final)]


async def stay_a_while(faults: Faults, feed: CatchUpSubscription, found: list[Item]) -> None:
    chance = faults.chance
    for _ in range(chance.randint(1, 8)):
        for _ in range(chance.randint(0, 8)):
            faults.happen()
            if chance.random() < 0.5:
                await asyncio.sleep(0)
        if chance.random() < 0.4:
            await feed.reconcile()
        for _ in range(chance.randint(0, 10)):
            if caught_up(feed) and chance.random() < 0.5:
                break
            task = asyncio.ensure_future(next_of(feed))
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
