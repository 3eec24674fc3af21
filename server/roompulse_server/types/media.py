"""What bytes become pictures, and places in pictures."""

from dataclasses import dataclass

from roompulse_server.types.enumerations import ColorMatrix, ColorRange, Encoding


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """How a packet's bytes are to be read; `width`, `height`, `strides` matter for raw pictures only.

    `horizontal_flip` comes before the turn by `rotation_deg`. The pixel aspect is by the bytes' own rows and columns;
    0 and 0: what the bitstream says.
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
class MediaLimits:
    """What is refused before it is decoded."""

    max_packet_bytes: int = 2 * 1024 * 1024
    max_raw_bytes: int = 3840 * 2160 * 4
    max_pixels: int = 3840 * 2160
    max_side: int = 8192


@dataclass(frozen=True, slots=True)
class Packet:
    """One picture or access unit on its way to a worker. `format` is the one in force for it.

    `decode_only`: later packets need it, its picture is never looked at. `after_loss`: a packet of encoded video before
    it was refused, so decoding waits for a key frame.
    """

    index: int
    data: bytes
    format: VideoFormat
    offset_us: int
    capture_us: int
    receive_us: int
    speaking: bool | None = None
    decode_only: bool = False
    after_loss: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """Fractions of the upright picture."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Box:
    """Fractions of the upright picture; may reach outside 0 to 1."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle of a gallery that shows one participant."""

    participant_id: str
    box: Box
    display_name: str = ""
    speaking: bool | None = None
