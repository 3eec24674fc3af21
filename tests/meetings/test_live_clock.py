"""Stamps out of order and stamps that are wild, from the first check of a packet to its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from media_samples import encode, moving, scene
from roompulse_server.streams.capture_clock import CaptureStamp, CodingOrder, LiveClock
from roompulse_server.streams.packet_admission import AdmittedPacket, IncomingPacket, PacketAdmission
from roompulse_server.types.requests import MeetingRef, StreamConfig
from roompulse_vision.enumerations import Delivery, Encoding, FaultReason
from roompulse_vision.types import MediaLimits, VideoFormat

S = 1_000_000
BEGAN_US = 1_700_000_000 * S
UNIT = encode(Encoding.H264, moving(1))[0]
PIXELS = scene(64, 48).tobytes()
H264, RAW = VideoFormat(Encoding.H264), VideoFormat(Encoding.BGR24, 64, 48)


def intake(format: VideoFormat, delivery: Delivery, zero_us: int | None = None) -> PacketAdmission:
    config = StreamConfig(MeetingRef("default", "m"), "ada", delivery=delivery, format=format, media_zero_us=zero_us)
    return PacketAdmission(config, BEGAN_US, MediaLimits())


class Sender:
    """Sends packets of one format, each when and with what time it is told to."""

    def __init__(self, format: VideoFormat, delivery: Delivery, zero_us: int | None = None) -> None:
        self._data = UNIT if format.encoding is Encoding.H264 else PIXELS
        self._intake, self._index = intake(format, delivery, zero_us), 0

    def send(
        self, capture_s: float, at_s: float = 0.0, data: bytes | None = None, *, decode_only: bool = False
    ) -> AdmittedPacket:
        self._index += 1
        incoming = IncomingPacket(self._index, data or self._data, round(capture_s * S), decode_only=decode_only)
        return self._intake.accept(incoming, BEGAN_US + round(at_s * S))


def reason(accepted: AdmittedPacket) -> FaultReason | None:
    return accepted.fault.reason if accepted.fault else None


def test_a_live_stamp_that_is_wild_costs_its_packet_and_moves_nothing() -> None:
    sender = Sender(RAW, Delivery.LIVE)
    places = [sender.send(number / 10, number / 10) for number in range(5)]
    wild = sender.send(100.5, 0.5)
    assert (reason(wild), wild.packet) == (FaultReason.WRONG_TIME, None)
    assert wild.fault is not None
    assert "jumps by +100.1 s" in wild.fault.message
    after = sender.send(0.6, 0.6)
    assert [place.packet.offset_us for place in (*places, after) if place.packet] == [
        *(100_000 * number for number in range(5)),
        600_000,
    ]


def test_the_packet_of_a_wild_stamp_is_decoded_where_others_need_it() -> None:
    sender = Sender(H264, Delivery.LIVE)
    sender.send(0.0, 0.0)
    wild = sender.send(100.0, 0.1)
    assert reason(wild) is FaultReason.WRONG_TIME
    assert wild.packet is not None
    assert wild.packet.decode_only
    after = sender.send(0.2, 0.2).packet
    assert after is not None
    assert (after.decode_only, after.after_loss, after.offset_us) == (False, False, 200_000)


@pytest.mark.parametrize("by_s", [3600.0, -3600.0])
def test_a_live_clock_that_was_set_costs_one_packet_and_is_followed(by_s: float) -> None:
    sender = Sender(RAW, Delivery.LIVE)
    sender.send(5000.0, 0.0)
    found = [sender.send(5000.0 + by_s + number / 10, number / 10) for number in range(1, 6)]
    assert [reason(one) for one in found] == [FaultReason.WRONG_TIME, None, None, None, None]
    assert [one.packet.offset_us for one in found if one.packet] == [200_000, 300_000, 400_000, 500_000]


def test_a_sender_that_paused_or_was_held_up_has_no_wild_stamp() -> None:
    sender = Sender(RAW, Delivery.LIVE)
    for capture_s, at_s in ((0.0, 0.0), (90.0, 90.0), (90.1, 140.0), (90.2, 140.0), (140.0, 140.1)):
        assert reason(sender.send(capture_s, at_s)) is None


@given(st.lists(st.integers(86_400, 10**6), min_size=1, max_size=20), st.sampled_from([None, 0]))
def test_days_between_live_packets_are_never_believed(days_s: list[int], zero_us: int | None) -> None:
    sender = Sender(RAW, Delivery.LIVE, zero_us)
    sender.send(0.0, 0.0)
    at_s = 0.0
    for number, day_s in enumerate(days_s, 1):
        at_s += day_s
        assert reason(sender.send(at_s, number / 100)) is FaultReason.WRONG_TIME


@pytest.mark.parametrize("delivery", [Delivery.LIVE, Delivery.EVERY_FRAME])
@pytest.mark.parametrize("period_s", [0.01, 1.0, 2.0])
def test_reordering_is_a_number_of_pictures_however_far_apart_they_are(delivery: Delivery, period_s: float) -> None:
    """As deep as H.264 allows: sixteen pictures that are shown before the one that was coded before them."""
    sender = Sender(H264, delivery)
    order = [0]
    for group in range(3):
        order += [17 * group + 17, *range(17 * group + 1, 17 * group + 17)]
    found = [sender.send(place * period_s, number * period_s) for number, place in enumerate(order)]
    assert not any(one.fault for one in found)
    offsets = [one.packet.offset_us for one in found if one.packet]
    assert offsets == [round(place * period_s * S) for place in order]


def test_time_that_goes_back_farther_is_refused_in_a_recording() -> None:
    sender = Sender(H264, Delivery.EVERY_FRAME)
    for number in range(60):
        sender.send(number / 30)
    refused = sender.send(0.5)
    assert reason(refused) is FaultReason.WRONG_TIME
    assert refused.packet is not None
    assert refused.packet.decode_only
    stills = Sender(RAW, Delivery.EVERY_FRAME)
    stills.send(1.0)
    assert reason(stills.send(0.99)) is FaultReason.WRONG_TIME


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=200))
def test_what_may_still_come_is_newer_than_all_but_some(times: list[int]) -> None:
    order = CodingOrder(5)
    taken: list[int] = []
    for time_us in times:
        newer = sorted(other for other in taken if other > time_us)
        assert order.holds(time_us) == (len(newer) <= 5)
        if order.holds(time_us):
            order.add(time_us)
            taken.append(time_us)


def test_a_packet_that_is_only_decoded_needs_no_time_and_places_nothing() -> None:
    for delivery, zero_us in ((Delivery.EVERY_FRAME, 30 * S), (Delivery.LIVE, None)):
        sender = Sender(H264, delivery, zero_us)
        first = sender.send(-7.0, 4.0, decode_only=True).packet
        shown = sender.send(0.0, 6.0).packet
        assert first is not None
        assert shown is not None
        assert first.decode_only
        assert (first.offset_us, shown.offset_us) == ((30 * S, 30 * S) if zero_us else (4 * S, 6 * S))


def test_video_never_goes_on_over_a_packet_that_was_refused() -> None:
    """What comes after it was predicted from what the decoder never got."""
    sender = Sender(H264, Delivery.EVERY_FRAME)
    sender.send(0.0)
    assert reason(sender.send(0.1, data=UNIT + bytes(MediaLimits().max_packet_bytes))) is FaultReason.TOO_MANY_BYTES
    after, later = sender.send(0.2).packet, sender.send(0.3).packet
    assert after is not None
    assert later is not None
    assert (after.after_loss, later.after_loss) == (True, False)


def test_a_live_clock_begins_with_any_time() -> None:
    assert LiveClock().jump_us(CaptureStamp(10**12, 0), reordered=False) is None
