"""What an access unit is, read from its first bytes: a place to start decoding, or one that needs what came before.

Pure Python, so that the parent process may ask too; nothing is decoded.
"""

from collections.abc import Iterator
from enum import Enum

from roompulse_vision.enumerations import Encoding
from roompulse_vision.media.bits import HEADER_BYTES, Bits

ENCODED_VIDEO = frozenset({Encoding.H264, Encoding.VP8, Encoding.VP9, Encoding.AV1})
RAW = frozenset({Encoding.I420, Encoding.NV12, Encoding.RGB24, Encoding.BGR24, Encoding.RGBA})

START_CODE = b"\x00\x00\x01"
NAL_SLICES = range(1, 6)  # ITU-T H.264, table 7-1: 1 slice, 2 to 4 data partitions, 5 slice of an IDR picture
NAL_SLICE, NAL_IDR, NAL_SEI, NAL_SPS = 1, 5, 6, 7
NAL_PARAMETERS = (NAL_SPS, 8)
NAL_TYPES = range(1, 24)  # above are those of RTP, below none
AVCC_PREFIX_BYTES = 4
SEI_RECOVERY_POINT = 6
MAX_REORDERED_PACKETS = (
    32  # H.264 shows a picture up to 16 later than it is coded, and a picture may come as two fields
)
VP8_START_CODE = b"\x9d\x01\x2a"
VP9_FRAME_MARKER = 2
MAX_UNITS = 64  # before the first slice or frame; real access units have a handful
MAX_SEI_BYTES = 4096
OBU_SEQUENCE_HEADER = 1  # AV1 specification, 6.2.2
OBU_FRAMES = (3, 6)  # a frame header; a frame with its header


class UnitKind(Enum):
    """What an access unit can do for a decoder."""

    KEY = "decoding can start here"
    DELTA = "needs what came before"
    PARAMETERS = "parameter sets only, no picture"


def is_encoded_video(encoding: Encoding) -> bool:
    return encoding in ENCODED_VIDEO


def is_raw(encoding: Encoding) -> bool:
    return encoding in RAW


def is_still(encoding: Encoding) -> bool:
    """Tell whether a packet is a still picture; an undeclared encoding is one."""
    return encoding not in ENCODED_VIDEO and encoding not in RAW


def is_key_frame(encoding: Encoding, data: bytes) -> bool:
    """Tell whether decoding can start with this packet; stills and raw pictures always can."""
    return not is_encoded_video(encoding) or unit_kind(encoding, data) is UnitKind.KEY


def unit_kind(encoding: Encoding, data: bytes) -> UnitKind:
    """Tell what an access unit of encoded video is. Bytes that make no sense are `DELTA`: nothing can start there."""
    try:
        match encoding:
            case Encoding.H264:
                return _h264_kind(data)
            case Encoding.VP8:
                return UnitKind.KEY if not data[0] & 1 and data[3:6] == VP8_START_CODE else UnitKind.DELTA
            case Encoding.VP9:
                return UnitKind.DELTA if vp9_key_frame_profile(Bits(data[:2])) is None else UnitKind.KEY
            case _:
                return _av1_kind(data)
    except (EOFError, IndexError):
        return UnitKind.DELTA


def is_disposable(encoding: Encoding, data: bytes) -> bool:
    """Tell whether no other picture needs this one: H.264 says so in its first slice (`nal_ref_idc` 0).

    B-frames are, and every second picture of a sender with two temporal layers. Of other encodings False is returned.
    """
    if encoding is not Encoding.H264:
        return False
    try:
        if begins_with_slice(data):
            return data[data.find(START_CODE) + len(START_CODE)] & 0x7F == NAL_SLICE
        *before, first = [nal[0] for nal in nal_units(data)]
    except (EOFError, IndexError, ValueError):
        return False
    brings_parameters = any(header & 0x1F in NAL_PARAMETERS for header in before)
    return first & 0x7F == NAL_SLICE and not brings_parameters


def is_annex_b(data: bytes) -> bool:
    """Tell whether H.264 bytes begin with a start code, as Annex B does and AVCC (length prefixes) does not.

    The length prefix of an AVCC unit of 256 to 511 bytes begins as a short start code does: 00 00 01.
    """
    return data.startswith(b"\x00" + START_CODE) or (data.startswith(START_CODE) and not _is_avcc(data))


def _is_avcc(data: bytes) -> bool:
    """Tell whether length prefixes divide the bytes into NAL units whose first one is possible.

    A NAL unit's first bit is 0, and no start code lies within it (ITU-T H.264, 7.4.1). In Annex B the byte at that
    place begins a slice at the first macroblock, and its first bit is 1, or a start code follows.
    """
    position, count = 0, 0
    while position < len(data):
        length = int.from_bytes(data[position : position + AVCC_PREFIX_BYTES], "big")
        position += AVCC_PREFIX_BYTES + length
        count += 1
        if not length or position > len(data) or count > MAX_UNITS:
            return False
    first = data[AVCC_PREFIX_BYTES : AVCC_PREFIX_BYTES + int.from_bytes(data[:AVCC_PREFIX_BYTES], "big")]
    return first[0] < 0x80 and first[0] & 0x1F in NAL_TYPES and START_CODE not in first


def begins_with_slice(data: bytes) -> bool:
    """Tell whether nothing comes before H.264's first slice, as in most access units: no parameters, no messages.

    Raises:
        IndexError: There is no NAL unit.
    """
    return data[data.find(START_CODE) + len(START_CODE)] & 0x1F in NAL_SLICES


def nal_units(data: bytes) -> Iterator[bytes]:
    """Yield the NAL units of an Annex B access unit before its first slice, then the first slice's header byte alone.

    Slices are most of the bytes and say nothing more here, so they are not searched.

    Raises:
        EOFError: There are more than `MAX_UNITS` before a slice.
    """
    start = data.find(START_CODE)
    for _ in range(MAX_UNITS):
        start += len(START_CODE)
        if data[start] & 0x1F in NAL_SLICES:
            yield data[start : start + 1]
            return
        end = data.find(START_CODE, start)
        if end != start:
            yield data[start:] if end < 0 else data[start:end]
        if end < 0:
            return
        start = end
    raise EOFError("too many NAL units")


def unescape(nal: bytes) -> bytes:
    """Remove the emulation prevention bytes of a NAL unit (ITU-T H.264, 7.4.1.1)."""
    return nal.replace(b"\x00\x00\x03", b"\x00\x00")


def _h264_kind(data: bytes) -> UnitKind:
    recovery_point = False
    for nal in nal_units(data):
        kind = nal[0] & 0x1F
        if kind in NAL_SLICES:
            return UnitKind.KEY if kind == NAL_IDR or recovery_point else UnitKind.DELTA
        recovery_point |= kind == NAL_SEI and _has_recovery_point(unescape(nal[1:MAX_SEI_BYTES]))
    return UnitKind.PARAMETERS


def _has_recovery_point(sei: bytes) -> bool:
    """Look through the messages of an SEI unit: type and size are sums of bytes, 255 meaning "more" (7.3.2.3.1)."""
    position = 0
    while position < len(sei) - 2:  # the last byte holds the stop bit
        values = []
        for _ in range(2):
            value = 0
            while sei[position] == 255:
                value, position = value + 255, position + 1
            values.append(value + sei[position])
            position += 1
        if values[0] == SEI_RECOVERY_POINT:
            return True
        position += values[1]
    return False


def vp9_key_frame_profile(bits: Bits) -> int | None:
    """Read a VP9 uncompressed header up to `frame_type` (VP9 bitstream specification, 6.2); None: no key frame."""
    if bits.take(2) != VP9_FRAME_MARKER:
        return None
    profile = bits.take(1) | bits.take(1) << 1
    if profile == 3:
        bits.flag()
    shows_existing_frame = bits.flag()
    return None if shows_existing_frame or bits.flag() else profile


def obus(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and payload of the OBUs of an AV1 temporal unit, up to its first frame (AV1 specification, 5.3).

    Raises:
        EOFError: There is no such thing, or there are more than `MAX_UNITS` before a frame.
    """
    position = 0
    for _ in range(MAX_UNITS):
        if position >= len(data):
            return
        header = data[position]
        kind = header >> 3 & 0x0F
        if header & 0x80:
            raise EOFError("no OBU begins here")
        position += 2 if header & 0x04 else 1
        size = len(data) - position
        if header & 0x02:
            size, position = _leb128(data, position)
        yield kind, data[position : position + min(size, HEADER_BYTES)]
        if kind in OBU_FRAMES:
            return
        position += size
    raise EOFError("too many OBUs")


def _leb128(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for index in range(8):
        byte = data[position + index]
        value |= (byte & 0x7F) << 7 * index
        if not byte & 0x80:
            return value, position + index + 1
    raise EOFError("a size of more than eight bytes")


def _av1_kind(data: bytes) -> UnitKind:
    reduced_header = False
    for kind, payload in obus(data):
        if kind == OBU_SEQUENCE_HEADER:
            reduced_header = bool(payload[0] & 0x08)
        elif kind in OBU_FRAMES:
            shows_existing_frame_or_type = payload[0] & 0xE0
            return UnitKind.KEY if reduced_header or not shows_existing_frame_or_type else UnitKind.DELTA
    return UnitKind.PARAMETERS
