"""One stream's packets to upright pictures, whatever each packet's format is.

Packet ─ check_packet ─┬─ still ──────────────────────┐
                       ├─ raw ────────────────────────┼─ Frame ─ picture(): convert, turn   (only when due)
                       └─ encoded video ─ VideoStream ┘
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from roompulse_vision.bitstream.access_unit import is_disposable, is_encoded_video, is_raw
from roompulse_vision.enumerations import FaultReason
from roompulse_vision.errors import MediaError
from roompulse_vision.media.admission import check_packet
from roompulse_vision.media.color import BgrConverter
from roompulse_vision.media.orientation import Geometry, Picture, geometry, upright
from roompulse_vision.media.raw import raw_picture
from roompulse_vision.media.still import still_picture
from roompulse_vision.media.still_header import read_header
from roompulse_vision.media.video import Decoding, VideoStream
from roompulse_vision.types import MediaLimits, Packet


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A picture that could be made: `width` and `height` (pixels) are those of the upright picture.

    It holds the packet's bytes or the decoder's buffer: let go of frames that are not due.
    """

    packet: Packet
    width: int
    height: int
    _geometry: Geometry = field(repr=False)
    _convert: Callable[[], Picture] = field(repr=False)

    def picture(self) -> Picture:
        """Make the picture, anew at each call: (height, width, 3), full-range BGR, upright, C-contiguous.

        Raises:
            MediaError: `CORRUPT`: the header was whole, the data is not (still pictures are decoded only here).
        """
        return upright(self._convert(), self._geometry)


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """What one packet led to.

    `frames` are in the order of showing and may belong to earlier packets (B-frames). `waiting_for_key_frame`: this
    packet was given up for lack of a key frame. `without_picture`: packets, perhaps this one, now known to bring no
    picture (parameter sets, hidden frames, packets that are decoded only, frames lost between a fault and a key frame).
    `damaged`: packets whose picture came out damaged, and what is wrong. Every packet that raised no fault ends in
    exactly one of the four, those still in the decoder at the end of the stream after `finish`.
    """

    frames: tuple[Frame, ...]
    waiting_for_key_frame: bool = False
    without_picture: tuple[Packet, ...] = ()
    damaged: tuple[tuple[Packet, MediaError], ...] = ()

    def then(self, later: "Decoded") -> "Decoded":
        """Return both in one, this one first."""
        return Decoded(
            self.frames + later.frames,
            later.waiting_for_key_frame,
            self.without_picture + later.without_picture,
            self.damaged + later.damaged,
        )


class Decoder:
    """Decodes one stream; synchronous, not to be shared between threads."""

    def __init__(self, limits: MediaLimits, *, admitted: bool = False) -> None:
        """`admitted`: packets have passed `check_packet` by these limits before."""
        self._limits, self._admitted = limits, admitted
        self._video: VideoStream | None = None
        self._converter = BgrConverter()

    @property
    def needs_key_frame(self) -> bool:
        """Whether encoded video is under way and nothing more of it can be decoded before a key frame."""
        return self._video is not None and self._video.waiting

    @property
    def under_way(self) -> bool:
        """Whether encoded video is being decoded."""
        return self._video is not None and not self._video.waiting

    def can_do_without(self, packet: Packet) -> bool:
        """Whether the packet may be left out, because decoding is under way and no other picture needs this one."""
        video, encoding = self._video, packet.format.encoding
        same = video is not None and video.encoding is encoding
        return same and self.under_way and is_disposable(encoding, packet.data)

    def decode(self, packet: Packet) -> Decoded:
        """Take one packet, in its own format.

        Raises:
            MediaError: The packet cannot be used. Encoded video then waits for the next key frame (`needs_key_frame`),
                unless the packet was merely empty, or damaged and no key frame.
        """
        try:
            if not self._admitted:
                check_packet(packet, self._limits)
        except MediaError as error:
            if error.reason is not FaultReason.EMPTY:
                self.skip_to_key_frame()
            raise
        if is_encoded_video(packet.format.encoding):
            return self._decode_video(packet)
        earlier = self.finish()
        if packet.decode_only:
            return earlier.then(Decoded((), without_picture=(packet,)))
        return earlier.then(Decoded((self._frame(packet),)))

    def skip_to_key_frame(self) -> None:
        """Say that packets of encoded video were left out: nothing is decoded before the next key frame."""
        if self._video is not None:
            self._video.lose_reference()

    def flush(self) -> tuple[Frame, ...]:
        """Return the frames that the decoder still holds, at the end of the stream or of its encoding."""
        return self.finish().frames

    def finish(self) -> Decoded:
        """Return all that the decoder still knows of packets, at the end of the stream or of its encoding."""
        return Decoded(()) if self._video is None else self._decoded(self._video.end())

    def close(self) -> None:
        """Let go of the decoder's memory; frames handed out stay good."""
        self._video = None

    def _decode_video(self, packet: Packet) -> Decoded:
        earlier = Decoded(())
        if self._video is None or self._video.encoding is not packet.format.encoding:
            earlier = self.finish()
            self._video = VideoStream(packet.format.encoding, self._limits)
        decoding = self._video.decode(packet)
        return earlier.then(self._decoded(decoding, waiting=decoding.waiting))

    def _decoded(self, decoding: Decoding, *, waiting: bool = False) -> Decoded:
        return Decoded(self._video_frames(decoding), waiting, decoding.without_picture, decoding.damaged)

    def _video_frames(self, decoding: Decoding) -> tuple[Frame, ...]:
        frames = []
        for shown in decoding.shown:
            packet, frame = shown.packet, shown.frame
            size = (frame.width, frame.height)
            how = geometry(size, packet.format, self._limits, pixel_aspect=shown.pixel_aspect)
            convert = partial(self._converter.convert, frame, packet.format)
            frames.append(Frame(packet, *how.upright_size, how, convert))
        return tuple(frames)

    def _frame(self, packet: Packet) -> Frame:
        if is_raw(packet.format.encoding):
            how = geometry((packet.format.width, packet.format.height), packet.format, self._limits)
            return Frame(packet, *how.upright_size, how, partial(raw_picture, packet, self._converter))
        header = read_header(packet.data)
        size = (header.width, header.height)
        how = geometry(size, packet.format, self._limits, orientation=header.orientation)
        return Frame(packet, *how.upright_size, how, partial(still_picture, packet.data, header))
