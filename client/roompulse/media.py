"""What a caller gives: packets, their format, the tiles of a gallery."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from roompulse import argument
from roompulse.enums import ColorMatrix, ColorRange, ConsentState, Encoding
from roompulse.results import Box, Consent

ANNEX_B_START = (b"\x00\x00\x01", b"\x00\x00\x00\x01")
H264_IDR, H264_SPS = 5, 7
MAX_PACKET_BYTES = 2 * 1024 * 1024  # what the service takes: of a still or an access unit …
MAX_PIXELS = 3840 * 2160
MAX_SIDE = 8192  # … and of any picture


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """What the pictures of a stream are.

    Attributes:
        encoding: How the bytes are to be read.
        width: Pixels, 16 to 8192; needed for raw pictures, ignored for others.
        height: Pixels, 16 to 8192; needed for raw pictures, ignored for others.
        strides: Bytes from one row to the next, a value for each plane; empty means rows without padding.
        matrix: The YUV matrix; unspecified means what the bitstream says.
        range: The YUV range; unspecified means what the bitstream says.
        rotation_deg: Clockwise turn that makes the picture upright: 0, 90, 180 or 270.
        horizontal_flip: The bytes hold the picture mirrored; it is flipped back, then turned. (A self-view is said by
            `mirrored` of `Client.analyze`, and stays as it is.)
        pixel_aspect_width: With `pixel_aspect_height` the shape of a pixel by the bytes' own rows and columns, 4 and 3
            for example; the picture is stretched to square pixels. Both 0: what the bitstream says, else square.
        pixel_aspect_height: See `pixel_aspect_width`; from 1 : 4 to 4 : 1.
    """

    encoding: Encoding = Encoding.UNSPECIFIED
    width: int = 0
    height: int = 0
    strides: tuple[int, ...] = ()
    matrix: ColorMatrix = ColorMatrix.UNSPECIFIED
    range: ColorRange = ColorRange.UNSPECIFIED
    rotation_deg: int = 0
    horizontal_flip: bool = False
    pixel_aspect_width: int = 0
    pixel_aspect_height: int = 0


@dataclass(frozen=True, slots=True)
class Packet:
    """One encoded picture, access unit or raw picture, ready to be sent.

    Attributes:
        data: The bytes; at most 2 MiB for stills and encoded video. A `bytearray` or `memoryview` is copied.
        capture_s: When it was captured, seconds since the media's own zero (`Clock.MEDIA`).
        capture_time: When it was captured, by the sender's clock (`Clock.WALL`); naive datetimes are refused.
        format: Its format, where it differs from the stream's.
        key_frame: Whether decoding can start here; None lets the client look into the bytes.
        speaking: Whether the participant was speaking, where that is known.
        decode_only: Later packets need it, and its picture is not part of what is shown: it is never looked at.

    Raises:
        InvalidArgument: A value is of another type, or a time is not finite or has no time zone.
    """

    data: bytes = field(repr=False)
    capture_s: float | None = None
    capture_time: datetime | None = None
    format: VideoFormat | None = None
    key_frame: bool | None = None
    speaking: bool | None = None
    decode_only: bool = False

    def __post_init__(self) -> None:
        """Refuse what no packet can say."""
        if type(self.data) is not bytes:
            object.__setattr__(self, "data", argument.blob(self.data, "data"))
        if self.capture_s is not None:
            object.__setattr__(self, "capture_s", argument.media_seconds(self.capture_s, "capture_s"))
        if self.capture_time is not None:
            argument.moment(self.capture_time, "capture_time")
        if not isinstance(self.format, VideoFormat | None):
            raise argument.refused("format", self.format, "a VideoFormat")
        for name in ("key_frame", "speaking", "decode_only"):
            if getattr(self, name) is not None:
                argument.flag(getattr(self, name), name)

    def at(self, capture_s: float | None, capture_time: datetime | None) -> "Packet":
        """Return the same packet with other capture times."""
        return replace(self, capture_s=capture_s, capture_time=capture_time)


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle of a gallery picture that shows one participant, in fractions of the upright picture."""

    participant_id: str
    box: Box
    display_name: str = ""
    consent: Consent | None = None
    speaking: bool | None = None


def consent_of(value: "Consent | ConsentState | str | None") -> Consent | None:
    """Return a consent from a member or its name (`"granted"`), a whole `Consent`, or None.

    Raises:
        InvalidArgument: There is no such state of consent.
    """
    return value if value is None or isinstance(value, Consent) else Consent(ConsentState.of(value))


def starts_anew(encoding: Encoding, data: bytes) -> bool:
    """Return whether decoding can start at these bytes, told from the bitstream itself.

    H.264: an IDR slice with its parameter sets in band (Annex B). VP8 (RFC 6386, 9.1): bit 0 of the frame tag. VP9
    (bitstream specification, 6.2): frame_type of the first frame's header. AV1: a temporal unit with a sequence header,
    which encoders write before key frames. Still and raw pictures always.
    """
    if not encoding.depends_on_earlier:
        return True
    if not data:
        return False
    if encoding is Encoding.H264:
        return {H264_SPS, H264_IDR} <= _nal_types(data)
    if encoding is Encoding.VP8:
        return not data[0] & 1
    return _vp9_key(data[0]) if encoding is Encoding.VP9 else _av1_has_sequence_header(data)


def _nal_types(data: bytes) -> set[int]:
    """Return the NAL unit types before and including the first slice: the rest of an access unit is slices too."""
    types: set[int] = set()
    at = data.find(ANNEX_B_START[0])
    while 0 <= at < len(data) - 3:
        kind = data[at + 3] & 0x1F
        types.add(kind)
        if 1 <= kind <= H264_IDR:
            break
        at = data.find(ANNEX_B_START[0], at + 3)
    return types


def _vp9_key(first: int) -> bool:
    """frame_marker (2), profile low and high bit, a reserved bit for profile 3, show_existing_frame, frame_type."""
    at = 3 if (first >> 4) & 3 == 3 else 4
    shows_existing, inter = (first >> (at - 1)) & 1, (first >> (at - 2)) & 1
    return not shows_existing and not inter


def _av1_has_sequence_header(data: bytes) -> bool:
    """Walk the open bitstream units: header byte, optional extension, leb128 size; type 1 is a sequence header."""
    at = 0
    while at < len(data):
        header = data[at]
        if (header >> 3) & 15 == 1:
            return True
        at += 2 if header & 4 else 1
        if not header & 2:
            return False  # no size field: this unit fills the rest
        size, shift = 0, 0
        while at < len(data):
            byte = data[at]
            at, size, shift = at + 1, size | (byte & 127) << shift, shift + 7
            if not byte & 128:
                break
        at += size
    return False
