"""What the hub counts. What it promises as a bus: tests/contract/test_bus_contract.py."""

import pytest
from meeting_world import committed
from record_updates import plain
from roompulse_server.bus.hub import Hub
from roompulse_server.errors import RoompulseError
from roompulse_server.types import MeetingKey, SlowPolicy
from roompulse_server.types.log import Committed


def publish(hub: Hub, uid: str, *sequences: int) -> None:
    for sequence in sequences:
        hub.publish(committed(MeetingKey("default", uid, uid), plain(sequence)))


def test_what_is_published_and_delivered_is_counted() -> None:
    hub = Hub()
    listeners = [hub.listen("a"), hub.listen("a"), hub.listen("b")]
    publish(hub, "a", 1, 2)
    publish(hub, "nobody listens", 3)
    statistics = hub.statistics()
    assert (statistics.meetings, statistics.listeners) == (2, 3)
    assert (statistics.published, statistics.delivered) == (3, 4)
    for listener in listeners:
        listener.close()
    assert hub.statistics().meetings == 0


def test_slow_listeners_are_counted_by_what_gave() -> None:
    hub = Hub()
    slow = hub.listen("a", capacity=2)
    hub.listen("a", capacity=4, slow_policy=SlowPolicy.CONFLATE)
    publish(hub, "a", 1, 2, 3, 4, 5)
    with pytest.raises(RoompulseError):
        slow.pop()
    statistics = hub.statistics()
    assert (statistics.disconnected, statistics.listeners) == (1, 1)
    assert statistics.conflated == 3


def test_a_follower_that_fails_is_counted() -> None:
    hub = Hub()

    def fail(entry: Committed) -> None:
        raise ValueError("a bug")

    hub.follow("a", fail)
    publish(hub, "a", 1)
    assert hub.statistics().follower_failures == 1
