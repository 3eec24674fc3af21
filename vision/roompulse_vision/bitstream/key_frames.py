"""Where decoding can start, told from an access unit's first bytes: the one place that knows, for sender and service.

`unit_kind` says whether a decoder that has the parameter sets can start here, `starts_decoding` whether one that has
seen nothing can. They differ for H.264 and AV1 whose parameter sets or
sequence headers come apart from the key frames.
"""

from enum import Enum

from roompulse_vision.bitstream.access_unit import (
    NAL_IDR,
    NAL_SEI,
    NAL_SLICES,
    NAL_SPS,
    OBU_FRAMES,
    OBU_SEQUENCE_HEADER,
    is_encoded_video,
    nal_units,
    obus,
    unescape,
    vp9_key_frame_profile,
)
from roompulse_vision.bitstream.bits import Bits
from roompulse_vision.enumerations import Encoding

SEI_RECOVERY_POINT = 6
MAX_SEI_BYTES = 4096
VP8_START_CODE = b"\x9d\x01\x2a"


class UnitKind(Enum):
    """What an access unit can do for a decoder."""

    KEY = "decoding can start here"
    DELTA = "needs what came before"
    PARAMETERS = "parameter sets only, no picture"


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


def starts_decoding(encoding: Encoding, data: bytes) -> bool:
    """Tell whether a decoder that has seen nothing can start with this packet; with stills and raw pictures always."""
    if not is_encoded_video(encoding):
        return True
    if unit_kind(encoding, data) is not UnitKind.KEY:
        return False
    if encoding is Encoding.H264:
        return any(nal[0] & 0x1F == NAL_SPS for nal in nal_units(data))
    return encoding is not Encoding.AV1 or any(kind == OBU_SEQUENCE_HEADER for kind, _ in obus(data))


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


def _av1_kind(data: bytes) -> UnitKind:
    reduced_header = False
    for kind, payload in obus(data):
        if kind == OBU_SEQUENCE_HEADER:
            reduced_header = bool(payload[0] & 0x08)
        elif kind in OBU_FRAMES:
            shows_existing_frame_or_type = payload[0] & 0xE0
            return UnitKind.KEY if reduced_header or not shows_existing_frame_or_type else UnitKind.DELTA
    return UnitKind.PARAMETERS
