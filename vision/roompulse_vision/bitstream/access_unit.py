"""The syntax of access units: NAL units, OBUs, headers. Pure Python; nothing is decoded."""

from collections.abc import Iterator

from roompulse_vision.bitstream.bits import HEADER_BYTES, Bits
from roompulse_vision.enumerations import Encoding

ENCODED_VIDEO = frozenset({Encoding.H264, Encoding.VP8, Encoding.VP9, Encoding.AV1})
RAW = frozenset({Encoding.I420, Encoding.NV12, Encoding.RGB24, Encoding.BGR24, Encoding.RGBA})

START_CODE = b"\x00\x00\x01"
NAL_SLICES = range(1, 6)  # ITU-T H.264, table 7-1: 1 slice, 2 to 4 data partitions, 5 slice of an IDR picture
NAL_SLICE, NAL_IDR, NAL_SEI, NAL_SPS = 1, 5, 6, 7
NAL_PARAMETERS = (NAL_SPS, 8)
NAL_TYPES = range(1, 24)  # above are those of RTP, below none
AVCC_PREFIX_BYTES = 4
MAX_REORDERED_PACKETS = (
    32  # H.264 shows a picture up to 16 later than it is coded, and a picture may come as two fields
)
VP9_FRAME_MARKER = 2
MAX_UNITS = 64  # before the first slice or frame; real access units have a handful
OBU_SEQUENCE_HEADER = 1  # AV1 specification, 6.2.2
OBU_FRAMES = (3, 6)  # a frame header; a frame with its header


def is_encoded_video(encoding: Encoding) -> bool:
    return encoding in ENCODED_VIDEO


def is_raw(encoding: Encoding) -> bool:
    return encoding in RAW


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
