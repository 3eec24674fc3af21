"""Numbers, times, formats and groups of what is sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from roompulse.enums import Clock, Encoding
from roompulse.media import Packet, VideoFormat, starts_anew
from roompulse.sending.group_of_pictures import GroupOfPictures
from roompulse.sending.request_builder import LIVE_GROUP_PACKETS, MAX_REQUEST_BYTES, MAX_REQUEST_PACKETS, RequestBuilder

VP8 = VideoFormat(Encoding.VP8)
KEY, DELTA = b"\x00\x00\x00\x9d\x01\x2a", b"\x01"


def outbox(shape: VideoFormat = VP8, *, live: bool = False) -> RequestBuilder:
    return RequestBuilder(shape, Clock.MEDIA, live=live, now=lambda: 0.0)


def unit(data: bytes, at_s: float = 0.0) -> Packet:
    return Packet(data, capture_s=at_s)


def test_media_time_counts_from_the_opening_where_none_is_given() -> None:
    moments = iter([10.0, 12.5])
    box = RequestBuilder(VP8, Clock.MEDIA, live=True, now=lambda: next(moments))
    (request,) = box.requests([Packet(KEY)])
    assert request.packets[0].capture_offset.ToMilliseconds() == 2500


def test_a_format_is_said_once_for_each_change() -> None:
    box = outbox(VideoFormat(Encoding.JPEG))
    shapes = [Encoding.JPEG, Encoding.PNG, Encoding.PNG, Encoding.JPEG]
    (request,) = box.requests([Packet(b"x", 0.0, format=VideoFormat(each)) for each in shapes])
    assert [packet.HasField("format") for packet in request.packets] == [False, True, False, True]


@given(st.lists(st.integers(1, 3 * MAX_REQUEST_BYTES // 2), max_size=8), st.integers(0, 150))
def test_requests_are_bounded_and_lose_nothing(sizes: list[int], small: int) -> None:
    packets = [unit(KEY + bytes(size)) for size in sizes] + [unit(KEY)] * small
    requests = outbox().requests(packets)
    sent = [packet for request in requests for packet in request.packets]
    assert [packet.index for packet in sent] == list(range(1, len(packets) + 1))
    assert [packet.data for packet in sent] == [packet.data for packet in packets]
    for request in requests:
        assert len(request.packets) <= MAX_REQUEST_PACKETS
        assert len(request.packets) == 1 or sum(len(each.data) for each in request.packets) <= MAX_REQUEST_BYTES


def test_a_group_is_sent_again_once() -> None:
    box = outbox()
    box.requests([unit(KEY), unit(DELTA)])
    box.want_key_frame()
    (again,) = box.requests([unit(DELTA, 1.0)])
    assert [packet.data for packet in again.packets] == [KEY, DELTA, DELTA]
    box.want_key_frame()
    (after,) = box.requests([unit(DELTA, 2.0)])
    assert len(after.packets) == 1
    assert box.packets_sent_again == 2


def test_a_key_frame_of_its_own_makes_it_unnecessary() -> None:
    box = outbox()
    box.requests([unit(KEY), unit(DELTA)])
    box.want_key_frame()
    (request,) = box.requests([unit(KEY, 1.0)])
    assert len(request.packets) == 1
    box.want_key_frame()
    (again,) = box.requests([unit(DELTA, 2.0)])
    assert len(again.packets) == 2


def test_a_long_group_is_not_sent_again_live() -> None:
    box = outbox(live=True)
    box.requests([unit(KEY), *[unit(DELTA)] * LIVE_GROUP_PACKETS])
    box.want_key_frame()
    (request,) = box.requests([unit(DELTA, 1.0)])
    assert len(request.packets) == 1


def test_a_group_over_its_bytes_is_given_up_until_the_next_key_frame() -> None:
    group = GroupOfPictures(max_bytes=10)
    group.add(unit(KEY + bytes(6)), VP8)
    group.add(unit(DELTA + bytes(6)), VP8)
    group.add(unit(DELTA), VP8)
    assert not group.packets
    group.add(unit(KEY), VP8)
    assert len(group.packets) == 1


@pytest.mark.parametrize(
    ("encoding", "data", "key"),
    [
        (Encoding.H264, b"\0\0\0\1\x67ab\0\0\1\x68c\0\0\1\x65d", True),
        (Encoding.H264, b"\0\0\1\x65d", False),  # IDR without its parameter sets
        (Encoding.H264, b"\0\0\1\x41d", False),
        (Encoding.VP8, b"\x10\x00\x00\x9d\x01\x2a", True),
        (Encoding.VP8, b"\x11", False),
        (Encoding.VP9, b"\x82\x00", True),
        (Encoding.VP9, b"\x86", False),
        (Encoding.VP9, b"\x8a", False),  # shows an existing frame
        (Encoding.AV1, b"\x12\x00\x0a\x01\x00\x32\x01\x10", True),  # temporal delimiter, sequence header, key frame
        (Encoding.AV1, b"\x12\x00\x0a\x01\x00", False),  # no frame
        (Encoding.AV1, b"\x12\x00\x32\x01\x00", False),
        (Encoding.AV1, b"", False),
        (Encoding.JPEG, b"anything", True),
    ],
)
def test_bytes_tell_where_decoding_can_start(encoding: Encoding, data: bytes, key: bool) -> None:
    assert starts_anew(encoding, data) is key
