"""Requests as clients of any language write them become values of the service."""

import re

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from roompulse.v1 import media_pb2
from roompulse_server.errors import InvalidArgumentError
from roompulse_server.rpc.convert_request import capture_from_proto, incoming_from_proto
from roompulse_server.types import Clock

OFFSET, TIME = Duration(seconds=2), Timestamp(seconds=1_790_000_000)


def test_a_time_is_read_by_the_clock_of_the_stream() -> None:
    both = media_pb2.VideoPacket(capture_offset=OFFSET, capture_time=TIME)
    assert capture_from_proto(both, Clock.MEDIA) == 2_000_000
    assert capture_from_proto(both, Clock.WALL) == 1_790_000_000_000_000
    assert capture_from_proto(media_pb2.VideoPacket(), Clock.WALL) is None


@pytest.mark.parametrize(
    ("packet", "clock", "told"),
    [
        (media_pb2.VideoPacket(capture_time=TIME), Clock.MEDIA, "capture_time: it is for CLOCK_WALL.*capture_offset"),
        (media_pb2.VideoPacket(capture_offset=OFFSET), Clock.WALL, "capture_offset: it is for CLOCK_MEDIA.*e_time"),
    ],
)
def test_a_time_of_the_other_clock_costs_its_packet(packet: media_pb2.VideoPacket, clock: Clock, told: str) -> None:
    assert re.search(told, incoming_from_proto(packet, clock).wrong_time)


def test_a_camera_change_of_the_other_clock_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="CLOCK_WALL"):
        capture_from_proto(media_pb2.CameraChange(on=True, capture_time=TIME), Clock.MEDIA)
