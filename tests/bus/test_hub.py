"""The hub: order, bounds, and what gives when a subscriber is slow."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meeting_world import committed
from record_updates import plain
from roompulse_server.bus.bus import Item
from roompulse_server.bus.hub import Hub, HubListener
from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.types import Event, EventKind, MeetingKey, Rollup, SlowPolicy, Update
from roompulse_server.types.log import Committed


def drain(listener: HubListener) -> list[Item]:
    found = []
    while (item := listener.pop()) is not None:
        found.append(item)
    return found


def key(uid: str) -> MeetingKey:
    return MeetingKey("default", uid, uid)


def publish(hub: Hub, uid: str, items: Sequence[Item]) -> None:
    for item in items:
        hub.publish(committed(key(uid), item))


async def got(listener: HubListener) -> Item:
    while (item := listener.pop()) is None:
        await listener.wait()
    return item


def event(position: int) -> Event:
    return Event(EventKind.CAMERA_ON, 0, 0, "ada", position=position)


async def test_everybody_gets_everything_of_their_meeting_in_order() -> None:
    hub = Hub()
    first, second, other = hub.listen("a"), hub.listen("a"), hub.listen("b")
    items: list[Item] = [plain(1), event(1), plain(2)]
    publish(hub, "a", items)
    publish(hub, "nobody listens", items)
    assert drain(first) == drain(second) == items
    assert drain(other) == []
    statistics = hub.statistics()
    assert (statistics.meetings, statistics.listeners) == (2, 3)
    assert (statistics.published, statistics.delivered) == (6, 6)


async def test_a_waiting_subscriber_wakes_for_an_item_and_for_nothing_else() -> None:
    hub = Hub()
    listener = hub.listen("a")
    waiting = asyncio.create_task(got(listener))
    listener.wake()
    publish(hub, "b", [plain(1)])
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    publish(hub, "a", [plain(1)])
    assert await waiting == plain(1)


async def test_one_who_leaves_is_forgotten() -> None:
    hub = Hub()
    stays, leaves = hub.listen("a"), hub.listen("a")
    leaves.close()
    leaves.close()
    publish(hub, "a", [plain(1)])
    assert drain(stays) == [plain(1)]
    assert hub.statistics().listeners == 1
    stays.close()
    assert hub.statistics().meetings == 0


async def test_a_slow_subscriber_is_disconnected_alone() -> None:
    hub = Hub()
    slow, quick = hub.listen("a", capacity=2), hub.listen("a", capacity=3)
    publish(hub, "a", [plain(1), plain(2), plain(3)])
    assert len(drain(quick)) == 3
    with pytest.raises(RoompulseError) as error:
        slow.pop()
    assert error.value.reason == Reason.SUBSCRIBER_TOO_SLOW
    assert hub.statistics().disconnected == 1
    assert hub.statistics().listeners == 1


async def test_one_who_relaxes_loses_the_buffer_instead_and_is_told() -> None:
    hub = Hub()
    listener = hub.listen("a", capacity=2)
    listener.drops_when_full = True
    publish(hub, "a", [plain(1), plain(2), plain(3)])
    assert listener.has_gap
    assert drain(listener) == [plain(3)]


async def test_nothing_of_who_is_erased_waits_and_every_subscriber_looks_again() -> None:
    hub = Hub()
    one, other = hub.listen("a", slow_policy=SlowPolicy.CONFLATE, capacity=4), hub.listen("b")
    window = Rollup(0, 1, 1, True, 1, 1, 0.7, 0.7, None, None, (), None, None, "f", "m")
    items: list[Item] = [plain(1), plain(1, participant="bob"), event(1), plain(2), window]
    for uid in ("a", "b"):
        publish(hub, uid, items)
    hub.publish(Committed(key("a"), erased=("ada",)))
    hub.publish(Committed(key("nobody listens"), erased=("ada",)))
    await asyncio.wait_for(one.wait(), 1)
    assert drain(one) == [items[1]]
    assert one.has_gap
    assert one.take_skipped("ada") == 0
    assert (drain(other), other.has_gap) == (items, False)


async def test_conflation_keeps_the_newest_of_each_and_says_what_it_skipped() -> None:
    hub = Hub()
    listener = hub.listen("a", capacity=4, slow_policy=SlowPolicy.CONFLATE)
    bob = plain(1, participant="bob")
    publish(hub, "a", [plain(1), bob, event(1), plain(2), plain(3)])
    assert drain(listener) == [bob, event(1), plain(2), plain(3)]
    assert listener.take_skipped("ada") == 1
    assert listener.take_skipped("ada") == 0
    assert listener.take_skipped("bob") == 0
    assert hub.statistics().conflated == 1


@given(st.lists(st.sampled_from(["ada", "bob", "carl", "event"]), max_size=60), st.integers(4, 9))
def test_conflation_is_bounded_ordered_and_never_loses_the_newest(names: list[str], capacity: int) -> None:
    hub = Hub()
    listener = hub.listen("a", capacity=capacity, slow_policy=SlowPolicy.CONFLATE)
    items: list[Item] = []
    for index, name in enumerate(names, 1):
        items.append(event(index) if name == "event" else plain(index, participant=name))
    publish(hub, "a", items)
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


async def test_followers_hear_of_an_entry_before_listeners_and_one_that_fails_costs_nobody_anything() -> None:
    hub, heard = Hub(), list[str]()
    listener = hub.listen("a")

    def follow(entry: Committed) -> None:
        heard.append(f"{entry.key.uid}, {len(drain(listener))} before")

    def fail(entry: Committed) -> None:
        raise ValueError("a bug")

    failing, following = hub.follow("a", fail), hub.follow("a", follow)
    publish(hub, "a", [plain(1)])
    publish(hub, "b", [plain(1)])
    assert heard == ["a, 0 before"]
    assert drain(listener) == [plain(1)]
    assert hub.statistics().follower_failures == 1
    following.close()
    following.close()
    failing.close()
    publish(hub, "a", [plain(2)])
    assert len(heard) == 1
