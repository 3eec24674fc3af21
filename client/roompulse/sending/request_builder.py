"""What a stream sends: packets get their number, time and format, and become requests. Pure but for its clock.

    Packet ─▶ number, capture time ─▶ group of pictures (kept) ─▶ AnalyzeVideoRequest, ≤ 64 packets, ≤ 512 KiB each

When the service asks for a key frame and the packets come from elsewhere (a file, a bot's encoder), the group kept so
far is sent again before the next packet, once for each group, with new numbers and the time of the newest packet: times
must not go back. In LIVE only short groups are: a long one would fill the queue whose overflow asked for it.

When the stream was cut and is opened again, the group goes first, too. A recording's keeps its own times: what the cut
lost of it is analysed after all.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from roompulse import argument
from roompulse.contract.codec import message_of
from roompulse.enums import Clock
from roompulse.errors import InvalidArgument
from roompulse.media import Packet, VideoFormat
from roompulse.sending.group_of_pictures import MAX_PACKETS, GroupOfPictures
from roompulse.v1 import analysis_service_pb2, media_pb2

MAX_REQUEST_PACKETS = 64
MAX_REQUEST_BYTES = 512 * 1024
LIVE_GROUP_PACKETS = 48  # the service queues 64 access units of a live stream
UNPLACED_PACKETS = 4096  # packets whose times are kept until the service has said where the first one lies

Request = analysis_service_pb2.AnalyzeVideoRequest


class RequestBuilder:
    """Numbers packets from 1; one a stream."""

    def __init__(
        self, shape: VideoFormat, clock: Clock, *, live: bool, now: Callable[[], float] = time.monotonic
    ) -> None:
        """Keep the stream's format and clock; media time, where a packet has none, counts from now."""
        self._first_shape = self._shape = shape
        self._live = live
        self.wall = clock is Clock.WALL
        self._now = now
        self._zero_s = now()
        self._group = GroupOfPictures(LIVE_GROUP_PACKETS if live else MAX_PACKETS)
        self._start_again = False
        self._started_again = False
        self._own_times = False
        self._times: dict[int, float] = {}
        self.last_index = 0
        self.packets_sent_again = 0

    @property
    def shape(self) -> VideoFormat:
        """The stream's own format."""
        return self._first_shape

    def want_key_frame(self) -> None:
        """Note that the service waits for a key frame."""
        self._start_again = not self._started_again

    def open_again(self) -> None:
        """Note that the service knows nothing of what was sent: it needs the format, and a group to start with."""
        self._shape = self._first_shape
        self._start_again, self._started_again = True, False
        self._own_times = not self._live

    def captured_s(self, index: int) -> float | None:
        """Return a packet's time in the media; None for one that came too late to be kept."""
        return self._times.get(index)

    def check_clock(self, capture_s: float | None, capture_time: datetime | None) -> None:
        """Refuse a time of the other clock, and one that is no media's: each would cost a fault for each packet.

        Raises:
            InvalidArgument: It is; says which one to give.
        """
        if self.wall and capture_s is not None:
            raise InvalidArgument("capture_s is for clock=MEDIA; this stream's clock is WALL: give capture_time")
        if not self.wall and capture_time is not None:
            raise InvalidArgument("capture_time is for clock=WALL; this stream's clock is MEDIA: give capture_s")
        if capture_s is not None:
            argument.media_seconds(capture_s, "capture_s")

    def requests(self, packets: Sequence[Packet]) -> list[Request]:
        """Return the messages that carry these packets, in order.

        Raises:
            InvalidArgument: A capture time is of the other clock.
        """
        return _packed([entry for packet in packets for entry in self._entries(self._timed(packet))])

    def again(self, packets: Sequence[Packet]) -> list[Request]:
        """Return the messages that carry packets over a new connection after a cut met them on their way."""
        timed = [self._timed(packet) for packet in packets]
        kept = self._restart(self._group.packets, timed[-1]) if timed else []
        self._start_again = False
        self.packets_sent_again += len(kept)
        return _packed([self._entry(packet) for packet in kept or timed])  # the group holds them, if there is one

    def _entries(self, packet: Packet) -> list[media_pb2.VideoPacket]:
        before = list(self._group.packets)
        if self._group.add(packet, packet.format or self._shape):
            self._start_again = self._started_again = False
        again: list[Packet] = []
        if self._start_again and before:
            again = self._restart(before, packet)
            self._start_again, self._started_again = False, True
            self.packets_sent_again += len(again)
        return [self._entry(each) for each in (*again, packet)]

    def _restart(self, group: Sequence[Packet], newest: Packet) -> list[Packet]:
        own_times, self._own_times = self._own_times, False
        return [
            replace(kept if own_times else kept.at(newest.capture_s, newest.capture_time), speaking=None)
            for kept in group
        ]

    def _entry(self, packet: Packet) -> media_pb2.VideoPacket:
        entry = message_of(
            media_pb2.VideoPacket,
            index=self.last_index + 1,
            data=packet.data,
            speaking=packet.speaking,
            decode_only=packet.decode_only,
            capture_time=packet.capture_time,
            capture_offset=packet.capture_s,
            format=packet.format if packet.format != self._shape else None,
        )
        self.last_index += 1
        self._shape = packet.format or self._shape
        if packet.capture_s is not None and self.last_index <= UNPLACED_PACKETS:
            self._times[self.last_index] = packet.capture_s
        return entry

    def _timed(self, packet: Packet) -> Packet:
        self.check_clock(packet.capture_s, packet.capture_time)
        if self.wall:
            return packet.at(None, packet.capture_time or datetime.now(UTC))
        return packet if packet.capture_s is not None else packet.at(self._now() - self._zero_s, None)


def _packed(entries: Sequence[media_pb2.VideoPacket]) -> list[Request]:
    requests: list[Request] = []
    size = MAX_REQUEST_BYTES
    for entry in entries:
        if size + len(entry.data) > MAX_REQUEST_BYTES or len(requests[-1].packets) >= MAX_REQUEST_PACKETS:
            requests.append(Request())
            size = 0
        requests[-1].packets.append(entry)
        size += len(entry.data)
    return requests
