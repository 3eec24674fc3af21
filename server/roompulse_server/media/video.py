"""Encoded video: access units into a codec context, frames out, each with the packet that brought it.

    packet → key frame? → size as before? → decode → frame by its number → packet
                │ no           │ no: end what was       │ damaged
                ▼              ▼                        ▼
             waiting        same context            fault; waiting for the next key frame

Never a demuxer, and one thread: the worker process is the unit of parallelism and of trust.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import av

from roompulse_server.errors import MediaError
from roompulse_server.media.bitstream import MAX_REORDERED_PACKETS, UnitKind, unit_kind
from roompulse_server.media.coded_size import coded_size
from roompulse_server.types import Encoding, FaultReason, MediaLimits, Packet

av.logging.set_level(None)  # damaged video is a reply to its sender, not a line in the log

CODECS = {
    Encoding.H264: "h264",
    Encoding.VP8: "vp8",
    Encoding.VP9: "vp9",
    Encoding.AV1: "libdav1d",  # FFmpeg's own "av1" decodes on hardware only
}
MAX_PARAMETER_BYTES = 64 * 1024
ALIGNMENT_PIXELS = 64  # FFmpeg counts the padding of its rows as pixels; limits here do not


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A frame, the packet that brought it, and the pixel aspect ratio that the bitstream says (0 and 0: none)."""

    packet: Packet
    frame: av.VideoFrame
    pixel_aspect: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Decoding:
    """What one access unit led to: frames to show, packets known to bring none, and whether it was given up itself."""

    shown: tuple[Shown, ...]
    without_picture: tuple[Packet, ...]
    waiting: bool


class VideoStream:
    """Decodes the access units of one stream of one encoding, one a call, in order.

    FFmpeg says of most damage only when the picture is shown. With B-frames that is some packets later: the fault then
    names the packet that showed it, and pictures shown before it may have been predicted from the damaged one. The
    stricter `err_detect=explode` would tell at once, but refuses whole streams for an odd SEI message.
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

    def decode(self, packet: Packet) -> Decoding:
        """Decode one access unit, admitted before.

        Frames that the unit before a fault had finished come with the next call.

        Raises:
            MediaError: `CORRUPT`: the unit is damaged; the stream then waits for the next key frame.
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
            frames = self._context.decode(unit)
        except av.FFmpegError as error:
            self._fail(number, (), self._remedy(kind, error.strerror or "no reason given"), error)
        if any(frame.is_corrupt for frame in frames):
            self._fail(number, frames, self._remedy(kind, "parts of the picture are missing"))
        self.waiting &= kind is not UnitKind.KEY
        self._show(frames)
        self._give_up_before(number + 1 - (MAX_REORDERED_PACKETS if self.encoding is Encoding.H264 else 0))

    def _number(self, packet: Packet) -> int:
        self._count += 1
        self._pending[self._count] = packet
        return self._count

    def _fail(self, number: int, frames: Iterable[av.VideoFrame], message: str, cause: Exception | None = None) -> None:
        self._pending.pop(number, None)
        self._show(frames)
        self.lose_reference()
        raise MediaError(FaultReason.CORRUPT, message) from cause

    def _remedy(self, kind: UnitKind, why: str) -> str:
        what = f"the {self.encoding.name} access unit cannot be decoded ({why})"
        if self.encoding is Encoding.H264 and kind is UnitKind.KEY and self._size is None:
            return f"{what}: no parameter sets came; send SPS and PPS in band, before each key frame"
        return f"{what}; send one whole access unit a packet, and a key frame now"

    def _show(self, frames: Iterable[av.VideoFrame]) -> None:
        """Keep the frames that are whole. Where a packet brings several (spatial layers), the last is the best."""
        by_number = {frame.pts: frame for frame in frames if not frame.is_corrupt}
        for number, frame in by_number.items():
            packet = None if number is None else self._pending.pop(number, None)
            if packet is not None and packet.decode_only:
                self._without_picture.append(packet)
            elif packet is not None:
                self._shown.append(Shown(packet, frame, self._pixel_aspect()))

    def _pixel_aspect(self) -> tuple[int, int]:
        ratio = self._context.sample_aspect_ratio
        return (ratio.numerator, ratio.denominator) if ratio else (0, 0)

    def _give_up_before(self, number: int) -> None:
        for known in [pending for pending in self._pending if pending < number]:
            self._without_picture.append(self._pending.pop(known))

    def _drain(self) -> None:
        with suppress(av.FFmpegError):  # then nothing whole is left in it
            self._show(self._context.decode(None) if self._context.is_open else ())
        self._context.flush_buffers()
        self._give_up_before(self._count + 1)

    def _hand_out(self, *, waiting: bool) -> Decoding:
        decoding = Decoding(tuple(self._shown), tuple(self._without_picture), waiting)
        self._shown.clear()
        self._without_picture.clear()
        return decoding


def _open(encoding: Encoding, limits: MediaLimits) -> av.VideoCodecContext:
    context = av.CodecContext.create(CODECS[encoding], "r")
    if not isinstance(context, av.VideoCodecContext):
        raise TypeError(f"{CODECS[encoding]} is no video codec")
    context.thread_count = 1
    context.options = {"max_pixels": str(limits.max_pixels + ALIGNMENT_PIXELS * limits.max_side)}
    return context
