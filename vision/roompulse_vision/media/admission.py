"""What is refused before anything is decoded or allocated. Pure Python: the parent process may ask too."""

from roompulse_vision.bitstream.access_unit import is_annex_b, is_encoded_video, is_raw
from roompulse_vision.bitstream.key_frames import UnitKind, unit_kind
from roompulse_vision.enumerations import Encoding, FaultReason
from roompulse_vision.errors import MediaError
from roompulse_vision.media.coded_size import coded_size
from roompulse_vision.media.layout import check_sides, planes
from roompulse_vision.media.mistaken import container, named
from roompulse_vision.media.still_header import JPEG_MAGIC, PNG_MAGIC, read_header
from roompulse_vision.types import MediaLimits, Packet, VideoFormat

ROTATIONS_DEG = (0, 90, 180, 270)
MAX_ASPECT = 4  # the widest pixels of any standard are 2 : 1


def check_packet(packet: Packet, limits: MediaLimits) -> None:
    """Refuse a packet that cannot be used, by what its header and length say.

    Raises:
        MediaError: `EMPTY`, `TOO_MANY_BYTES`, `WRONG_LAYOUT` (sizes, strides, length of raw pictures; rotation, pixel
            aspect), `TOO_MANY_PIXELS`, `UNKNOWN_FORMAT` (stills), `CORRUPT` (stills cut short, H.264 without start
            codes, bytes of another encoding than was declared).
    """
    encoding = packet.format.encoding
    raw = is_raw(encoding)
    _check_bytes(len(packet.data), limits.max_raw_bytes if raw else limits.max_packet_bytes)
    if wrong := wrong_geometry(packet.format):
        raise MediaError(FaultReason.WRONG_LAYOUT, ": ".join(wrong))
    if raw:
        check_sides(packet.format, limits.max_side)
        check_size(packet.format.width, packet.format.height, limits)
        planes(packet.format, len(packet.data))
    elif is_encoded_video(encoding):
        _check_encoded(packet, limits)
    else:
        header = read_header(packet.data)
        check_size(header.width, header.height, limits)


def wrong_geometry(declared: VideoFormat) -> tuple[str, str] | None:
    """Return the field that says something impossible of the picture's geometry, and what would be right; or None."""
    if declared.rotation_deg not in ROTATIONS_DEG:
        return "rotation_deg", f"{declared.rotation_deg} must be 0, 90, 180 or 270"
    width, height = declared.pixel_aspect_width, declared.pixel_aspect_height
    if (width or height) and not (width <= MAX_ASPECT * height and height <= MAX_ASPECT * width):
        right = f"must lie between 1:{MAX_ASPECT} and {MAX_ASPECT}:1, or be left out"
        return "pixel_aspect_width", f"{width}:{height} {right}"
    return None


def check_size(width: int, height: int, limits: MediaLimits) -> None:
    """Refuse pictures larger than the limits.

    Raises:
        MediaError: `TOO_MANY_PIXELS`.
    """
    if max(width, height) > limits.max_side or width * height > limits.max_pixels:
        raise MediaError(
            FaultReason.TOO_MANY_PIXELS,
            f"the picture is {width}×{height}; at most {limits.max_pixels} pixels "
            f"and {limits.max_side} a side are taken: send it smaller",
        )


def _check_bytes(count: int, limit: int) -> None:
    if not count:
        raise MediaError(FaultReason.EMPTY, "the packet has no bytes; send a picture or an access unit")
    if count > limit:
        raise MediaError(FaultReason.TOO_MANY_BYTES, f"the packet has {count} bytes; at most {limit} are taken")


def _check_encoded(packet: Packet, limits: MediaLimits) -> None:
    encoding = packet.format.encoding
    if other := _mistaken(encoding, packet.data):
        raise MediaError(FaultReason.CORRUPT, f"the bytes are {other}")
    if encoding is Encoding.H264 and not is_annex_b(packet.data):
        message = (
            f"the H.264 packet does not begin with a start code but with {packet.data[:4].hex(' ')}; "
            "convert AVCC (length prefixes) to Annex B, for example with h264_mp4toannexb"
        )
        raise MediaError(FaultReason.CORRUPT, message)
    size = coded_size(encoding, packet.data)
    if size is not None:
        check_size(*size, limits)


def _mistaken(encoding: Encoding, data: bytes) -> str:
    """Say what bytes are that were declared as encoded video and are surely something else, or nothing.

    A frame of video may begin with the few bytes that a file or a still does. So what decoding can start at is taken
    for what it was declared, and a still must be there as a whole.
    """
    h264, starts_code = encoding is Encoding.H264, is_annex_b(data)
    if h264 and starts_code:
        return ""
    file, still = container(data), data.startswith((JPEG_MAGIC, PNG_MAGIC, b"RIFF"))
    suspect = starts_code or still or file is not None
    if not suspect or (not h264 and unit_kind(encoding, data) is UnitKind.KEY):
        return ""
    if not still or file:
        return named(data)
    try:
        found = read_header(data).format
    except MediaError:
        return ""
    return f"{found}, not {encoding.name}; declare ENCODING_{found.name}"
