"""The hub: order, bounds, and what gives when a subscriber is slow."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from record_updates import plain
from roompulse_server.bus.hub import Hub, Item, Subscription
from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.types import Event, EventKind, Rollup, SlowPolicy, Update


def drain(subscription: Subscription) -> list[Item]:
    found = []
    while (item := subscription.pop()) is not None:
        found.append(item)
    return found


def event(position: int) -> Event:
    return Event(EventKind.CAMERA_ON, 0, 0, "ada", position=position)


async def test_everybody_gets_everything_of_their_meeting_in_order() -> None:
    hub = Hub()
    first, second, other = hub.subscribe("a"), hub.subscribe("a"), hub.subscribe("b")
    items: list[Item] = [plain(1), event(1), plain(2)]
    hub.publish("a", items)
    hub.publish("nobody listens", items)
    assert drain(first) == drain(second) == items
    assert drain(other) == []
    statistics = hub.statistics()
    assert (statistics.topics, statistics.subscriptions) == (2, 3)
    assert (statistics.published, statistics.delivered) == (6, 6)


async def test_who_names_participants_gets_their_updates_and_nothing_else() -> None:
    hub, names = Hub(), set[str]()
    subscription = hub.subscribe("a", only=names)
    hub.publish("a", [plain(1), event(1)])
    names.add(plain(1).participant)
    hub.publish("a", [plain(2), event(2)])
    assert drain(subscription) == [plain(2)]
    assert hub.statistics().delivered == 1


async def test_a_waiting_subscriber_wakes_for_an_item_and_for_nothing_else() -> None:
    hub = Hub()
    subscription = hub.subscribe("a")
    waiting = asyncio.create_task(subscription.get())
    subscription.wake()
    hub.publish("b", [plain(1)])
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    hub.publish("a", [plain(1)])
    assert await waiting == plain(1)


async def test_closing_wakes_every_waiter_and_takes_nobody_new() -> None:
    hub = Hub()
    waiting = [asyncio.create_task(hub.subscribe(uid).get()) for uid in "aab"]
    await asyncio.sleep(0)
    hub.close()
    hub.close()
    for error in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(error, RoompulseError)
        assert error.reason == Reason.DRAINING
    with pytest.raises(RoompulseError):
        hub.subscribe("a")
    assert hub.statistics().topics == 0


async def test_one_who_leaves_is_forgotten() -> None:
    hub = Hub()
    stays, leaves = hub.subscribe("a"), hub.subscribe("a")
    leaves.close()
    leaves.close()
    hub.publish("a", [plain(1)])
    assert drain(stays) == [plain(1)]
    assert hub.statistics().subscriptions == 1
    stays.close()
    assert hub.statistics().topics == 0


async def test_a_slow_subscriber_is_disconnected_alone() -> None:
    hub = Hub()
    slow, quick = hub.subscribe("a", capacity=2), hub.subscribe("a", capacity=3)
    hub.publish("a", [plain(1), plain(2), plain(3)])
    assert len(drain(quick)) == 3
    with pytest.raises(RoompulseError) as error:
        slow.pop()
    assert error.value.reason == Reason.SUBSCRIBER_TOO_SLOW
    assert hub.statistics().disconnected == 1
    assert hub.statistics().subscriptions == 1


async def test_one_who_relaxes_loses_the_buffer_instead_and_is_told() -> None:
    hub = Hub()
    subscription = hub.subscribe("a", capacity=2)
    subscription.relaxed = True
    hub.publish("a", [plain(1), plain(2), plain(3)])
    assert subscription.overflowed
    assert drain(subscription) == [plain(3)]


async def test_nothing_of_who_is_erased_waits_and_every_subscriber_looks_again() -> None:
    hub = Hub()
    one, other = hub.subscribe("a", slow_policy=SlowPolicy.CONFLATE, capacity=4), hub.subscribe("b")
    window = Rollup(0, 1, 1, True, 1, 1, 0.7, 0.7, None, None, (), None, None, "f", "m")
    items: list[Item] = [plain(1), plain(1, participant="bob"), event(1), plain(2), window]
    for uid in ("a", "b"):
        hub.publish(uid, items)
    hub.erase("a", "ada")
    hub.erase("nobody listens", "ada")
    await asyncio.wait_for(one.wait(), 1)
    assert drain(one) == [items[1]]
    assert one.overflowed
    assert one.take_skipped("ada") == 0
    assert (drain(other), other.overflowed) == (items, False)


async def test_conflation_keeps_the_newest_of_each_and_says_what_it_skipped() -> None:
    hub = Hub()
    subscription = hub.subscribe("a", capacity=4, slow_policy=SlowPolicy.CONFLATE)
    bob = plain(1, participant="bob")
    hub.publish("a", [plain(1), bob, event(1), plain(2), plain(3)])
    assert drain(subscription) == [bob, event(1), plain(2), plain(3)]
    assert subscription.take_skipped("ada") == 1
    assert subscription.take_skipped("ada") == 0
    assert subscription.take_skipped("bob") == 0
    assert hub.statistics().conflated == 1


@given(st.lists(st.sampled_from(["ada", "bob", "carl", "event"]), max_size=60), st.integers(4, 9))
def test_conflation_is_bounded_ordered_and_never_loses_the_newest(names: list[str], capacity: int) -> None:
    hub = Hub()
    subscription = hub.subscribe("a", capacity=capacity, slow_policy=SlowPolicy.CONFLATE)
    items: list[Item] = []
    for index, name in enumerate(names, 1):
        items.append(event(index) if name == "event" else plain(index, participant=name))
    hub.publish("a", items)
    found = drain(subscription)
    assert len(found) <= capacity
    assert [items.index(item) for item in found] == sorted(items.index(item) for item in found)
    assert items[-1:] == found[-1:]
    for name in {"ada", "bob", "carl"} & set(names):
        of_name = [item.sequence for item in items if isinstance(item, Update) and item.participant == name]
        kept = [item.sequence for item in found if isinstance(item, Update) and item.participant == name]
        gone = [sequence for sequence in of_name if sequence not in kept]
        assert subscription.take_skipped(name) == max(gone, default=0)
        assert not kept or max(kept) == max(of_name)
