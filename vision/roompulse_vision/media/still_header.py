"""What a still picture says of itself, read without decoding: format, size, way up, and whether it is all there.

The first bytes decide the format; a declared encoding does not matter, because bots label PNG as JPEG and the other
way round. Nothing but JPEG, PNG and still WebP is read: every further decoder would be one more to attack.
"""

import struct
import zlib
from dataclasses import dataclass
from enum import StrEnum

from roompulse_vision.enumerations import FaultReason
from roompulse_vision.errors import MediaError
from roompulse_vision.media import exif, mistaken

JPEG_MAGIC = b"\xff\xd8\xff"
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
MAX_SEGMENTS = 4096  # of a JPEG, PNG or WebP; encoders write a few hundred at the very most

JPEG_EOI, JPEG_SOS, JPEG_APP1 = 0xD9, 0xDA, 0xE1
JPEG_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # the frame headers; the rest are tables and extensions
WEBP_ANIMATED = 0x02


class StillFormat(StrEnum):
    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WebP"


@dataclass(frozen=True, slots=True)
class StillHeader:
    """`width`, `height` in pixels as stored, before `orientation` (Exif, 1 to 8) turns the picture upright."""

    format: StillFormat
    width: int
    height: int
    orientation: int


def read_header(data: bytes) -> StillHeader:
    """Read a still picture's header and check that its structure is complete.

    Raises:
        MediaError: `UNKNOWN_FORMAT`: no JPEG, PNG or still WebP. `CORRUPT`: damaged or cut short.
    """
    try:
        if data.startswith(JPEG_MAGIC):
            return _read_jpeg(data)
        if data.startswith(PNG_MAGIC):
            return _read_png(data)
        if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            return _read_webp(data)
    except (struct.error, IndexError) as error:
        raise _corrupt("the picture is cut short") from error
    raise MediaError(FaultReason.UNKNOWN_FORMAT, f"the bytes are {mistaken.named(data)}")


def _corrupt(what: str) -> MediaError:
    return MediaError(FaultReason.CORRUPT, f"{what}; send the whole file as the encoder wrote it")


def _checked(header: StillHeader) -> StillHeader:
    if not header.width or not header.height:
        raise _corrupt(f"the {header.format} says it is {header.width}×{header.height} pixels")
    return header


def _read_jpeg(data: bytes) -> StillHeader:
    """Walk the segments up to the first scan (ITU-T T.81, B.1.1), then look for the end marker behind it.

    Where an editor left two Exif blocks, the first counts, as for viewers.
    """
    position, size, turn = 2, None, None
    for _ in range(MAX_SEGMENTS):
        if data[position] != 0xFF:
            raise _corrupt(f"the JPEG has no marker where one is due, at byte {position}")
        marker = data[position + 1]
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        if marker == JPEG_SOS:
            break
        (length,) = struct.unpack_from(">H", data, position + 2)
        if marker in JPEG_SOF:
            size = struct.unpack_from(">HH", data, position + 5)
        elif marker == JPEG_APP1 and turn is None and data.startswith(exif.PREFIX, position + 4):
            turn = exif.orientation(data[position + 4 : position + 2 + length])
        position += 2 + length
    if size is None or marker != JPEG_SOS:
        raise _corrupt("the JPEG has no frame header before its first scan")
    if data.rfind(bytes((0xFF, JPEG_EOI)), position) < 0:  # libjpeg would fill the missing rest with grey
        raise _corrupt(f"the JPEG is cut short: {len(data)} bytes without an end marker")
    return _checked(StillHeader(StillFormat.JPEG, size[1], size[0], turn or exif.UPRIGHT))


def _read_png(data: bytes) -> StillHeader:
    """Walk the chunks and their check sums (PNG specification, 5.3) to the end chunk."""
    width, height = struct.unpack_from(">II", data, 16)
    position, turn = len(PNG_MAGIC), exif.UPRIGHT
    for index in range(MAX_SEGMENTS):
        length, kind = struct.unpack_from(">I4s", data, position)
        (expected,) = struct.unpack_from(">I", data, position + 8 + length)
        body = memoryview(data)[position + 4 : position + 8 + length]
        if zlib.crc32(body) != expected or (index == 0) != (kind == b"IHDR"):
            raise _corrupt(f"the PNG is damaged at byte {position}")
        if kind == b"IEND":
            return _checked(StillHeader(StillFormat.PNG, width, height, turn))
        if kind == b"eXIf":
            turn = exif.orientation(bytes(body[4:]))
        position += 12 + length
    raise _corrupt(f"the PNG has more than {MAX_SEGMENTS} chunks")


def _read_webp(data: bytes) -> StillHeader:
    """Read the first chunk for the size (WebP container specification), the others for Exif."""
    (riff_bytes,) = struct.unpack_from("<I", data, 4)
    if riff_bytes + 8 > len(data):
        raise _corrupt(f"the WebP is cut short: {len(data)} of {riff_bytes + 8} bytes")
    first = data[12:16]
    width, height = _webp_size(first, data)
    turn = _webp_orientation(data) if first == b"VP8X" else exif.UPRIGHT
    return _checked(StillHeader(StillFormat.WEBP, width, height, turn))


def _webp_size(chunk: bytes, data: bytes) -> tuple[int, int]:
    if chunk == b"VP8X":
        if data[20] & WEBP_ANIMATED:
            raise MediaError(FaultReason.UNKNOWN_FORMAT, "the bytes are an animated WebP; send its pictures one by one")
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if chunk == b"VP8L":
        (packed,) = struct.unpack_from("<I", data, 21)
        return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise _corrupt(f"the WebP begins with an unknown chunk {chunk!r}")


def _webp_orientation(data: bytes) -> int:
    position = 12
    for _ in range(MAX_SEGMENTS):
        if position + 8 > len(data):
            break
        kind, length = struct.unpack_from("<4sI", data, position)
        if kind == b"EXIF":
            return exif.orientation(data[position + 8 : position + 8 + length])
        position += 8 + length + length % 2
    return exif.UPRIGHT
