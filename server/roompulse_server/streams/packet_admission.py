"""A stream's packets as they come: in order, in time, within limits; then they have a place in the meeting.

A packet whose time alone is wrong may be one that others are predicted from: encoded video is decoded all the same, and
its picture not looked at. Where a packet of encoded video cannot be used at all, decoding waits for a key frame.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

from roompulse_vision.bitstream.access_unit import MAX_REORDERED_PACKETS, is_encoded_video
from roompulse_vision.enumerations import Delivery, Encoding, FaultReason
from roompulse_vision.errors import MediaError
from roompulse_vision.media.admission import check_packet
from roompulse_vision.types import MediaLimits, Packet, VideoFormat

from roompulse_server.errors import InvalidArgumentError
from roompulse_server.streams.capture_clock import (
    MAX_CAPTURE_US,
    CaptureMap,
    CaptureStamp,
    CodingOrder,
    LiveClock,
    Placed,
)
from roompulse_server.types import Clock
from roompulse_server.types.requests import StreamConfig

MAX_GAP_US = 86_400_000_000  # between packets of a recording; a state without pictures is recorded every second of it
MAX_AHEAD_US = 7 * 86_400_000_000  # of the meeting's own clock; what is read later costs as much as a meeting is long
MAX_INDEX = 2**63 - 1  # what the record holds
HARMLESS = frozenset({FaultReason.EMPTY, FaultReason.WRONG_INDEX})  # nothing is predicted from these packets


@dataclass(frozen=True, slots=True)
class IncomingPacket:
    """A packet as it came. `capture_us` is by the stream's clock; `format` is set where it changes.

    `wrong_format` and `wrong_time` say what is wrong with a format or a time that cannot be told: it costs the packet,
    not the stream.
    """

    index: int
    data: bytes
    capture_us: int | None
    speaking: bool | None = None
    format: VideoFormat | None = None
    wrong_format: str = ""
    wrong_time: str = ""
    decode_only: bool = False


class AdmittedPacket(NamedTuple):
    """A packet to be decoded, if it can be; what is wrong with it, and what would be right, if anything is."""

    packet: Packet | None
    fault: MediaError | None = None


class PacketAdmission:
    """Checks and places one stream's packets. Pure; the server's time is passed in."""

    def __init__(self, config: StreamConfig, began_us: int, limits: MediaLimits) -> None:
        self._every_frame = config.delivery is Delivery.EVERY_FRAME
        self._wall = config.clock is Clock.WALL
        self._limits, self._began_us = limits, began_us
        self._map = CaptureMap(began_us, config.clock, config.delivery, config.media_zero_us)
        fixed = config.media_zero_us is not None and not self._wall
        self._anchored = self._every_frame or fixed
        self._zero_us = 0 if fixed else None
        self._format = config.format
        self._last_index: int | None = None
        self._counts = True  # the caller has given no index yet
        self._last_capture_us: int | None = None
        self._placed: Placed | None = None
        self._order = CodingOrder(MAX_REORDERED_PACKETS)
        self._clock = LiveClock()
        self._lost = False

    def numbered(self, incoming: IncomingPacket) -> IncomingPacket:
        """Return the packet with its number: counted here from 0 while the caller gives none."""
        self._counts = self._counts and not incoming.index
        counted = self._counts and self._last_index is not None
        return replace(incoming, index=(self._last_index or 0) + 1) if counted else incoming

    def accept(self, incoming: IncomingPacket, receive_us: int) -> AdmittedPacket:
        """Return a numbered packet with its place in the meeting, or why it cannot be used."""
        try:
            return self._accept(incoming, receive_us)
        except MediaError as fault:
            self._lost |= is_encoded_video(self._format.encoding) and fault.reason not in HARMLESS
            return AdmittedPacket(None, fault)

    def _accept(self, incoming: IncomingPacket, receive_us: int) -> AdmittedPacket:
        self._format = incoming.format or self._format
        self._check_index(incoming.index)
        if incoming.wrong_format:
            raise MediaError(FaultReason.UNKNOWN_FORMAT, f"packet {incoming.index}: {incoming.wrong_format}")
        placed, fault = self._place(incoming, receive_us)
        packet = Packet(
            index=incoming.index,
            data=incoming.data,
            format=self._format,
            offset_us=placed.offset_us,
            capture_us=placed.capture_us,
            receive_us=receive_us,
            speaking=incoming.speaking,
            decode_only=incoming.decode_only or fault is not None,
            after_loss=self._lost,
        )
        check_packet(packet, self._limits)
        self._lost = False
        return AdmittedPacket(packet, fault)

    def _place(self, incoming: IncomingPacket, receive_us: int) -> tuple[Placed, MediaError | None]:
        """Return a packet's place; one that is only decoded has the last one's."""
        fault: MediaError | None = None
        if not incoming.decode_only:
            try:
                self._placed = self._timed(incoming, receive_us)
            except MediaError as error:
                if not is_encoded_video(self._format.encoding):
                    raise
                fault = error
        return self._placed or self._map.untimed(receive_us), fault

    def _timed(self, incoming: IncomingPacket, receive_us: int) -> Placed:
        capture_us = self._check_time(incoming, receive_us)
        if capture_us is None:
            return self._map.untimed(receive_us)
        placed = self._map.place(capture_us, receive_us, self._clock.step_us)
        if what := self._ahead(placed.offset_us, receive_us):
            raise _wrong_time(incoming, what)
        return placed

    def offset_us(self, capture_us: int | None, receive_us: int) -> int | None:
        """Return where a capture time, or without one the last packet's, lies in the meeting; None before both.

        Raises:
            InvalidArgumentError: The time is out of range.
        """
        at_us = self._last_capture_us if capture_us is None else capture_us
        if what := self._beyond(at_us or 0):
            raise InvalidArgumentError("camera.capture_time" if self._wall else "camera.capture_offset", what)
        if at_us is None:
            return None
        offset_us = self._map.place(at_us, receive_us).offset_us
        if what := self._ahead(offset_us, receive_us):
            raise InvalidArgumentError("camera.capture_time" if self._wall else "camera.capture_offset", what)
        return offset_us

    def _check_index(self, index: int) -> None:
        if index > MAX_INDEX:
            raise MediaError(FaultReason.WRONG_INDEX, f"packet {index}: the index must be below 2^63")
        last = self._last_index
        if last is not None and index <= last:
            message = f"packet {index} comes after packet {last}; indices must rise, or be left out in every packet"
            raise MediaError(FaultReason.WRONG_INDEX, message)
        self._last_index = index

    def _beyond(self, capture_us: int) -> str:
        """Say why a time is too far ahead where nothing anchors it again, or nothing."""
        before_us = self._zero_us if self._last_capture_us is None else self._last_capture_us
        if not self._anchored or before_us is None or capture_us <= before_us + MAX_GAP_US:
            return ""
        return f"jumps from {before_us / 1e6:g} s to {capture_us / 1e6:g} s; a day is the most"

    def _ahead(self, offset_us: int, receive_us: int) -> str:
        """Say why a place in the meeting is too far ahead, or nothing."""
        now_us = max(0, receive_us - self._began_us)
        if offset_us <= now_us + MAX_AHEAD_US:
            return ""
        return (
            f"lies at {offset_us / 1e6:g} s of a meeting that is {now_us / 1e6:g} s old; seven days ahead is the most"
        )

    def _check_time(self, incoming: IncomingPacket, receive_us: int) -> int | None:
        """Return when it was captured, by the stream's clock; None: when it came."""
        name = "capture_time" if self._wall else "capture_offset"
        capture_us = incoming.capture_us
        if incoming.wrong_time:
            raise _wrong_time(incoming, incoming.wrong_time)
        if capture_us is None and self._anchored:
            raise _wrong_time(incoming, f"has no {name}; only LIVE packets without media_zero_ms may leave it out")
        if capture_us is None:
            return None
        if not self._wall and abs(capture_us) > MAX_CAPTURE_US:
            raise _wrong_time(incoming, f"{name} {capture_us / 1e6:g} s must be within a year of the media's zero")
        if self._anchored and (what := self._beyond(capture_us)):
            raise _wrong_time(incoming, f"{name} {what}")
        if what := self._out_of_order(capture_us) if self._every_frame else self._wild(capture_us, receive_us):
            raise _wrong_time(incoming, f"{name} {what}")
        newest_us = capture_us if self._last_capture_us is None else max(capture_us, self._last_capture_us)
        self._last_capture_us = newest_us if self._every_frame else capture_us
        return capture_us

    def _out_of_order(self, capture_us: int) -> str:
        """Say that time went back in a recording, or nothing."""
        before_us = capture_us if self._last_capture_us is None else self._last_capture_us
        may_be_reordered = is_encoded_video(self._format.encoding) and self._order.holds(capture_us)
        if capture_us < before_us and not may_be_reordered:
            return f"went back from {before_us / 1e6:g} s to {capture_us / 1e6:g} s"
        self._order.add(capture_us)
        return ""

    def _wild(self, capture_us: int, receive_us: int) -> str:
        """Say by how much a live sender's stamp is off, or nothing."""
        reordered = self._format.encoding is Encoding.H264
        jump_us = self._clock.jump_us(CaptureStamp(capture_us, receive_us), reordered=reordered)
        if jump_us is None:
            return ""
        return f"jumps by {jump_us / 1e6:+g} s while packets came as ever; if the clock was set, the next one is taken"


def _wrong_time(incoming: IncomingPacket, what: str) -> MediaError:
    return MediaError(FaultReason.WRONG_TIME, f"packet {incoming.index}: {what}")
