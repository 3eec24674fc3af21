"""What every bus promises: order, bounds, what gives when a subscriber is slow, and followers before listeners."""

import asyncio
from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from meeting_world import committed
from record_updates import plain
from roompulse_server.bus.bus import Bus, Item, Listener
from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.types import Event, EventKind, MeetingKey, Rollup, SlowPolicy, Update
from roompulse_server.types.log import Committed


def drain(listener: Listener) -> list[Item]:
    found = []
    while (item := listener.pop()) is not None:
        found.append(item)
    return found


def key(uid: str) -> MeetingKey:
    return MeetingKey("default", uid, uid)


def publish(bus: Bus, uid: str, items: Sequence[Item]) -> None:
    for item in items:
        bus.publish(committed(key(uid), item))


async def got(listener: Listener) -> Item:
    while (item := listener.pop()) is None:
        await listener.wait()
    return item


def event(position: int) -> Event:
    return Event(EventKind.CAMERA_ON, 0, 0, "ada", position=position)


async def test_everybody_gets_everything_of_their_meeting_in_order(bus: Bus) -> None:
    first, second, other = bus.listen("a"), bus.listen("a"), bus.listen("b")
    items: list[Item] = [plain(1), event(1), plain(2)]
    publish(bus, "a", items)
    publish(bus, "nobody listens", items)
    assert drain(first) == drain(second) == items
    assert drain(other) == []


async def test_a_waiting_subscriber_wakes_for_an_item_and_for_nothing_else(bus: Bus) -> None:
    listener = bus.listen("a")
    waiting = asyncio.create_task(got(listener))
    listener.wake()
    publish(bus, "b", [plain(1)])
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    publish(bus, "a", [plain(1)])
    assert await waiting == plain(1)


async def test_one_who_leaves_is_forgotten(bus: Bus) -> None:
    stays, leaves = bus.listen("a"), bus.listen("a")
    leaves.close()
    leaves.close()
    publish(bus, "a", [plain(1)])
    assert drain(stays) == [plain(1)]
    stays.close()


async def test_a_slow_subscriber_is_disconnected_alone(bus: Bus) -> None:
    slow, quick = bus.listen("a", capacity=2), bus.listen("a", capacity=3)
    publish(bus, "a", [plain(1), plain(2), plain(3)])
    assert len(drain(quick)) == 3
    with pytest.raises(RoompulseError) as error:
        slow.pop()
    assert error.value.reason == Reason.SUBSCRIBER_TOO_SLOW


async def test_one_who_relaxes_loses_the_buffer_instead_and_is_told(bus: Bus) -> None:
    listener = bus.listen("a", capacity=2)
    listener.drops_when_full = True
    publish(bus, "a", [plain(1), plain(2), plain(3)])
    assert listener.has_gap
    assert drain(listener) == [plain(3)]


async def test_nothing_of_who_is_erased_waits_and_every_subscriber_looks_again(bus: Bus) -> None:
    one, other = bus.listen("a", slow_policy=SlowPolicy.CONFLATE, capacity=4), bus.listen("b")
    window = Rollup(0, 1, 1, True, 1, 1, 0.7, 0.7, None, None, (), None, None, "f", "m")
    items: list[Item] = [plain(1), plain(1, participant="bob"), event(1), plain(2), window]
    for uid in ("a", "b"):
        publish(bus, uid, items)
    bus.publish(Committed(key("a"), erased=("ada",)))
    bus.publish(Committed(key("nobody listens"), erased=("ada",)))
    await asyncio.wait_for(one.wait(), 1)
    assert drain(one) == [items[1]]
    assert one.has_gap
    assert one.take_skipped("ada") == 0
    assert (drain(other), other.has_gap) == (items, False)


async def test_conflation_keeps_the_newest_of_each_and_says_what_it_skipped(bus: Bus) -> None:
    listener = bus.listen("a", capacity=4, slow_policy=SlowPolicy.CONFLATE)
    bob = plain(1, participant="bob")
    publish(bus, "a", [plain(1), bob, event(1), plain(2), plain(3)])
    assert drain(listener) == [bob, event(1), plain(2), plain(3)]
    assert listener.take_skipped("ada") == 1
    assert listener.take_skipped("ada") == 0
    assert listener.take_skipped("bob") == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.sampled_from(["ada", "bob", "carl", "event"]), max_size=60), capacity=st.integers(4, 9))
def test_conflation_is_bounded_ordered_and_never_loses_the_newest(
    new_bus: Callable[[], Bus], names: list[str], capacity: int
) -> None:
    bus = new_bus()
    listener = bus.listen("a", capacity=capacity, slow_policy=SlowPolicy.CONFLATE)
    items: list[Item] = []
    for index, name in enumerate(names, 1):
        items.append(event(index) if name == "event" else plain(index, participant=name))
    publish(bus, "a", items)
    found = drain(listener)
    assert len(found) <= capacity
    assert [items.index(item) for item in found] == sorted(items.index(item) for item in found)
    assert items[-1:] == found[-1:]
    for name in {"ada", "bob", "carl"} & set(names):
        of_name = [item.sequence for item in items if isinstance(item, Update) and item.participant == name]
        kept = [item.sequence for item in found if isinstance(item, Update) and item.participant == name]
        gone = [sequence for sequence in of_name if sequence not in kept]
        assert listener.take_skipped(name) == max(gone, default=0)
        assert not kept or max(kept) == max(of_name)


async def test_followers_hear_of_an_entry_before_listeners_and_one_that_fails_costs_nobody_anything(bus: Bus) -> None:
    heard = list[str]()
    listener = bus.listen("a")

    def follow(entry: Committed) -> None:
        heard.append(f"{entry.key.uid}, {len(drain(listener))} before")

    def fail(entry: Committed) -> None:
        raise ValueError("a bug")

    failing, following = bus.follow("a", fail), bus.follow("a", follow)
    publish(bus, "a", [plain(1)])
    publish(bus, "b", [plain(1)])
    assert heard == ["a, 0 before"]
    assert drain(listener) == [plain(1)]
    following.close()
    following.close()
    failing.close()
    publish(bus, "a", [plain(2)])
    assert len(heard) == 1
