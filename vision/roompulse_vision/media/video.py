"""Encoded video: access units into a codec context, frames out, each with the packet that brought it.

    packet → key frame? → size as before? → decode → frame by its number → packet
                │ no           │ no: end what was       │ damaged
                ▼              ▼                        ▼
             waiting        same context            fault; decoding goes on, unless it was a key frame

Never a demuxer, and one thread: the worker process is the unit of parallelism and of trust.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import av
from av.stream import Stream

from roompulse_vision.bitstream.access_unit import MAX_REORDERED_PACKETS
from roompulse_vision.bitstream.key_frames import UnitKind, unit_kind
from roompulse_vision.enumerations import Encoding, FaultReason
from roompulse_vision.errors import MediaError
from roompulse_vision.media.coded_size import coded_size
from roompulse_vision.types import MediaLimits, Packet

av.logging.set_level(None)  # damaged video is a reply to its sender, not a line in the log

CODECS = {
    Encoding.H264: "h264",
    Encoding.VP8: "vp8",
    Encoding.VP9: "vp9",
    Encoding.AV1: "libdav1d",  # FFmpeg's own "av1" decodes on hardware only
}
MAX_PARAMETER_BYTES = 64 * 1024
MAX_FAILURES_IN_A_ROW = 3  # of units that need earlier ones: then those are what is missing
ALIGNMENT_PIXELS = 64  # FFmpeg counts the padding of its rows as pixels; limits here do not


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A frame, the packet that brought it, and the pixel aspect ratio that the bitstream says (0 and 0: none)."""

    packet: Packet
    frame: av.VideoFrame
    pixel_aspect: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Decoding:
    """What one access unit led to: frames to show, packets known to bring none, and whether it was given up itself.

    `damaged` are packets, earlier ones perhaps, whose picture came out damaged, with what is wrong.
    """

    shown: tuple[Shown, ...]
    without_picture: tuple[Packet, ...]
    damaged: tuple[tuple[Packet, MediaError], ...]
    waiting: bool


class VideoStream:
    """Decodes the access units of one stream of one encoding, one a call, in order.

    A damaged unit costs its own picture. Decoding goes on with what the decoder makes of the gap, as players do, until
    the next key frame heals what is left of it: a recording has no other to send. A damaged key frame leaves nothing to
    go on with, and the same is true where unit after unit fails. FFmpeg says of most damage only when the picture is
    shown, with B-frames some packets later. The stricter `err_detect=explode` would tell at once, but refuses whole
    streams for an odd SEI message.
    """

    def __init__(self, encoding: Encoding, limits: MediaLimits) -> None:
        self.encoding = encoding
        self.waiting = True
        self._context = _open(encoding, limits)
        self._size: tuple[int, int] | None = None
        self._parameters = b""
        self._count = 0
        self._pending: dict[int, Packet] = {}
        self._shown: list[Shown] = []
        self._without_picture: list[Packet] = []
        self._damaged: list[tuple[Packet, MediaError]] = []
        self._failures = 0
        self._key_damaged = False

    def decode(self, packet: Packet) -> Decoding:
        """Decode one access unit, admitted before.

        Frames that the unit before a fault had finished come with the next call.

        Raises:
            MediaError: `CORRUPT`: the unit is damaged.
        """
        kind = unit_kind(self.encoding, packet.data)
        if kind is UnitKind.PARAMETERS and self.encoding is Encoding.H264:
            self._keep_parameters(packet)
        elif kind is UnitKind.DELTA and self.waiting:
            return self._hand_out(waiting=True)
        else:
            self._feed(packet, kind)
        return self._hand_out(waiting=False)

    def lose_reference(self) -> None:
        """Wait for the next key frame, because a unit before it is missing; finished frames come with the next call."""
        self._drain()
        self.waiting = True

    def end(self) -> Decoding:
        """Return what the decoder still holds. Decoding may start again, with a key frame."""
        self.lose_reference()
        self._parameters = b""
        return self._hand_out(waiting=True)

    def _keep_parameters(self, packet: Packet) -> None:
        """Keep parameter sets that come alone for the next unit: FFmpeg calls H.264 without a picture an error."""
        kept = self._parameters + packet.data
        self._parameters = kept if len(kept) <= MAX_PARAMETER_BYTES else packet.data
        self._without_picture.append(packet)

    def _feed(self, packet: Packet, kind: UnitKind) -> None:
        data = self._parameters + packet.data
        size = coded_size(self.encoding, data)
        if size is not None and size != self._size:
            self._drain()  # a decoder may drop what it holds back when the size changes
            self._size = size
        self._parameters = b""
        number = self._number(packet)
        unit = av.Packet(data)
        unit.pts = number
        try:
            frames = self._decoded(unit, number, kind)
        except av.FFmpegError as error:
            self._pending.pop(number, None)
            self._failures += 1
            if kind is UnitKind.KEY or self._failures >= MAX_FAILURES_IN_A_ROW:
                self.lose_reference()
            raise self._corrupt(kind, error.strerror or "no reason given") from error
        self._failures = 0
        self.waiting &= kind is not UnitKind.KEY
        self._show(frames)
        if self._key_damaged:
            self._start_over()
        self._give_up_before(number + 1 - (MAX_REORDERED_PACKETS if self.encoding is Encoding.H264 else 0))

    def _decoded(self, unit: "av.Packet[Stream]", number: int, kind: UnitKind) -> list[av.VideoFrame]:
        """Decode a unit. Where a key frame fails, what is left of damaged units before it may be why: try once more."""
        try:
            return self._context.decode(unit)
        except av.FFmpegError:
            if kind is not UnitKind.KEY:
                raise
            packet = self._pending.pop(number)
            self._drain()
            self._pending[number] = packet
            return self._context.decode(unit)

    def _number(self, packet: Packet) -> int:
        self._count += 1
        self._pending[self._count] = packet
        return self._count

    def _corrupt(self, kind: UnitKind, why: str) -> MediaError:
        what = f"the {self.encoding.name} access unit cannot be decoded ({why})"
        remedy = "; send one whole access unit a packet, and a key frame now"
        if self.encoding is Encoding.H264 and kind is UnitKind.KEY and self._size is None:
            remedy = ": no parameter sets came; send SPS and PPS in band, before each key frame"
        return MediaError(FaultReason.CORRUPT, what + remedy)

    def _show(self, frames: Iterable[av.VideoFrame]) -> None:
        """Keep the frames that are whole. Where a packet brings several (spatial layers), the last is the best."""
        damaged_first = sorted(frames, key=lambda frame: not frame.is_corrupt)
        for number, frame in {frame.pts: frame for frame in damaged_first}.items():
            packet = None if number is None else self._pending.pop(number, None)
            if packet is not None:
                self._keep(packet, frame)

    def _keep(self, packet: Packet, frame: av.VideoFrame) -> None:
        if frame.is_corrupt:
            kind = unit_kind(self.encoding, packet.data)
            self._key_damaged |= kind is UnitKind.KEY
            self._damaged.append((packet, self._corrupt(kind, "parts of the picture are missing")))
        elif packet.decode_only or self._key_damaged:
            self._without_picture.append(packet)
        else:
            self._shown.append(Shown(packet, frame, self._pixel_aspect()))

    def _pixel_aspect(self) -> tuple[int, int]:
        ratio = self._context.sample_aspect_ratio
        return (ratio.numerator, ratio.denominator) if ratio else (0, 0)

    def _give_up_before(self, number: int) -> None:
        for known in [pending for pending in self._pending if pending < number]:
            self._without_picture.append(self._pending.pop(known))

    def _start_over(self) -> None:
        """Give up what was predicted from a damaged key frame."""
        self._context.flush_buffers()
        self._give_up_before(self._count + 1)
        self._key_damaged, self.waiting = False, True

    def _drain(self) -> None:
        with suppress(av.FFmpegError):  # then nothing whole is left in it
            self._show(self._context.decode(None) if self._context.is_open else ())
        self._key_damaged = False
        self._context.flush_buffers()
        self._give_up_before(self._count + 1)

    def _hand_out(self, *, waiting: bool) -> Decoding:
        decoding = Decoding(tuple(self._shown), tuple(self._without_picture), tuple(self._damaged), waiting)
        self._shown.clear()
        self._without_picture.clear()
        self._damaged.clear()
        return decoding


def _open(encoding: Encoding, limits: MediaLimits) -> av.VideoCodecContext:
    context = av.CodecContext.create(CODECS[encoding], "r")
    if not isinstance(context, av.VideoCodecContext):
        raise TypeError(f"{CODECS[encoding]} is no video codec")
    context.thread_count = 1
    context.options = {"max_pixels": str(limits.max_pixels + ALIGNMENT_PIXELS * limits.max_side)}
    return context
