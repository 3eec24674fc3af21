"""What a caller gives: packets, their format, the tiles of a gallery."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from roompulse_vision.bitstream.key_frames import starts_decoding
from roompulse_vision.enumerations import Encoding as CodedEncoding

from roompulse import argument
from roompulse.enums import ColorMatrix, ColorRange, ConsentState, Encoding
from roompulse.results import Box, Consent

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
    """Return whether a decoder that has seen nothing can start at these bytes, told from the bitstream itself."""
    return starts_decoding(CodedEncoding(encoding.value), data)
