"""Capture times → meeting offsets."""

from hypothesis import given
from hypothesis import strategies as st
from roompulse_server.meetings.server_clock import ServerClock
from roompulse_server.streams.capture_clock import CaptureMap
from roompulse_server.types import Clock
from roompulse_vision.enumerations import Delivery

BEGAN = 1_700_000_000_000_000
S = 1_000_000


def test_the_first_packet_is_now_and_the_senders_clock_counts_from_there() -> None:
    places = CaptureMap(BEGAN, Clock.MEDIA, Delivery.LIVE, None)
    assert places.place(40 * S, BEGAN + 5 * S).offset_us == 5 * S
    late = places.place(41 * S, BEGAN + 6 * S + 300_000)  # jitter on the way does not bend the line
    assert late.offset_us == 6 * S
    assert late.capture_us == BEGAN + 6 * S


def test_a_live_clock_that_steps_is_anchored_again() -> None:
    places = CaptureMap(BEGAN, Clock.WALL, Delivery.LIVE, None)
    places.place(100 * S, BEGAN)
    assert places.place(3700 * S, BEGAN + 1 * S).offset_us == 1 * S


def test_a_recording_lies_where_it_says_however_fast_it_comes() -> None:
    places = CaptureMap(BEGAN, Clock.MEDIA, Delivery.EVERY_FRAME, 30 * S)
    assert [places.place(t * S, BEGAN + 1).offset_us for t in (0, 50, 100)] == [30 * S, 80 * S, 130 * S]


@given(st.lists(st.integers(0, 10**12), min_size=1), st.sampled_from([Delivery.LIVE, Delivery.EVERY_FRAME]))
def test_offsets_are_never_negative(captures: list[int], delivery: Delivery) -> None:
    places = CaptureMap(BEGAN, Clock.MEDIA, delivery, None)
    assert all(places.place(capture, BEGAN + i).offset_us >= 0 for i, capture in enumerate(captures))


def test_the_servers_clock_does_not_step_with_the_wall() -> None:
    wall, monotonic = [5_000_000_000], [0]
    clock = ServerClock(lambda: wall[0], lambda: monotonic[0])
    assert clock.now_us() == 5_000_000
    wall[0] += 3_600_000_000_000
    monotonic[0] += 1_000_000
    assert clock.now_us() == 5_001_000
