"""Packets of clients that leave out what the contract lets them leave out, and of those that leave out too much."""

import re
from dataclasses import replace

import pytest
from roompulse_server.streams.packet_admission import IncomingPacket, PacketAdmission
from roompulse_server.types import Clock
from roompulse_server.types.requests import MeetingRef, StreamConfig
from roompulse_vision.enumerations import Delivery, Encoding, FaultReason
from roompulse_vision.types import MediaLimits, Packet, VideoFormat

RAW = VideoFormat(Encoding.RGB24, 16, 16)
PIXELS = bytes(16 * 16 * 3)
LIVE = StreamConfig(MeetingRef("default", "standup"), "ada", format=RAW)
BEGAN_US, NOW_US = 1_000_000, 61_000_000


def intake(**fields: object) -> PacketAdmission:
    return PacketAdmission(replace(LIVE, **fields), BEGAN_US, MediaLimits())  # type: ignore[arg-type]


def taken(
    through: PacketAdmission, index: int, capture_us: int | None = None, now_us: int = NOW_US
) -> Packet | FaultReason:
    """Return the packet, or the fault that it costs."""
    packet, fault = through.accept(through.numbered(IncomingPacket(index, PIXELS, capture_us)), now_us)
    assert packet or fault
    return packet or fault.reason  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([0, 0, 0], [0, 1, 2]),
        ([0, 1, 2], [0, 1, 2]),
        ([1, 2, 3], [1, 2, 3]),
        ([5, 5, 6], [5, FaultReason.WRONG_INDEX, 6]),
        ([3, 0, 4], [3, FaultReason.WRONG_INDEX, 4]),
        ([0, 0, 1, 7], [0, 1, FaultReason.WRONG_INDEX, 7]),
    ],
)
def test_an_index_that_is_left_out_is_counted(given: list[int], told: list[int | FaultReason]) -> None:
    live = intake()
    found = [taken(live, index) for index in given]
    assert [one.index if isinstance(one, Packet) else one for one in found] == told


@pytest.mark.parametrize("clock", [Clock.MEDIA, Clock.WALL])
def test_a_live_picture_without_a_time_is_of_now(clock: Clock) -> None:
    live = intake(clock=clock)
    first, second = taken(live, 0), taken(live, 0, now_us=NOW_US + 40_000)
    assert isinstance(first, Packet)
    assert isinstance(second, Packet)
    assert (first.offset_us, first.capture_us) == (NOW_US - BEGAN_US, NOW_US)
    assert (second.offset_us, second.capture_us) == (NOW_US - BEGAN_US + 40_000, NOW_US + 40_000)


def test_a_live_picture_without_a_time_leaves_the_clock_of_the_others_alone() -> None:
    live = intake()
    first, _, third = taken(live, 1, 5_000_000), taken(live, 2), taken(live, 3, 5_500_000, NOW_US + 900_000)
    assert isinstance(first, Packet)
    assert isinstance(third, Packet)
    assert third.offset_us - first.offset_us == 500_000


@pytest.mark.parametrize("fields", [{"delivery": Delivery.EVERY_FRAME}, {"media_zero_us": 0}])
def test_a_recording_needs_times_and_the_fault_says_who_does_not(fields: dict[str, object]) -> None:
    _, fault = intake(**fields).accept(IncomingPacket(1, PIXELS, None), NOW_US)
    assert fault
    assert fault.reason is FaultReason.WRONG_TIME
    assert re.search(r"packet 1: has no capture_offset; only LIVE .* may leave it out", fault.message)
