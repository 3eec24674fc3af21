"""The size that encoded video announces, read before anything is allocated for it."""

from roompulse_vision.bitstream.access_unit import (
    NAL_SPS,
    OBU_SEQUENCE_HEADER,
    begins_with_slice,
    nal_units,
    obus,
    unescape,
    vp9_key_frame_profile,
)
from roompulse_vision.bitstream.bits import Bits
from roompulse_vision.bitstream.key_frames import UnitKind, unit_kind
from roompulse_vision.enumerations import Encoding

Size = tuple[int, int]

H264_PROFILES_WITH_CHROMA = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
CHROMA_444 = 3
VP9_SYNC_CODE = 0x498342
VP9_SRGB = 7


def coded_size(encoding: Encoding, data: bytes) -> Size | None:
    """Return the width and height, pixels, that an access unit announces, or None where it announces none.

    H.264: whole macroblocks, before cropping, because that is what a decoder allocates. AV1: the sequence's largest.
    """
    try:
        match encoding:
            case Encoding.H264:
                return _h264_size(data)
            case Encoding.VP8:
                return _vp8_size(data)
            case Encoding.VP9:
                return _vp9_size(Bits(data[:32]))
            case _:
                return _av1_size(data)
    except (EOFError, IndexError):
        return None


def _h264_size(data: bytes) -> Size | None:
    if begins_with_slice(data):
        return None
    parameters = next((nal for nal in nal_units(data) if nal[0] & 0x1F == NAL_SPS), None)
    return None if parameters is None else _sequence_parameters_size(Bits(unescape(parameters[1:])))


def _sequence_parameters_size(bits: Bits) -> Size:
    """Read a sequence parameter set (ITU-T H.264, 7.3.2.1.1) as far as its size."""
    profile = bits.take(24) >> 16
    bits.golomb()  # id
    if profile in H264_PROFILES_WITH_CHROMA:
        _skip_chroma(bits)
    bits.golomb()  # log2_max_frame_num_minus4
    _skip_order_count(bits)
    bits.golomb()  # max_num_ref_frames
    bits.flag()  # gaps_in_frame_num_value_allowed_flag
    columns, rows = bits.golomb() + 1, bits.golomb() + 1
    fields = 1 if bits.flag() else 2
    return columns * 16, rows * 16 * fields


def _skip_chroma(bits: Bits) -> None:
    chroma = bits.golomb()
    if chroma == CHROMA_444:
        bits.flag()
    bits.golomb()
    bits.golomb()
    bits.flag()
    if bits.flag():
        for index in range(12 if chroma == CHROMA_444 else 8):
            if bits.flag():
                _skip_scaling_list(bits, 16 if index < 6 else 64)


def _skip_scaling_list(bits: Bits, length: int) -> None:
    last = 8
    for _ in range(length):
        last = (last + bits.signed_golomb()) % 256
        if last == 0:
            return


def _skip_order_count(bits: Bits) -> None:
    kind = bits.golomb()
    if kind == 0:
        bits.golomb()
    elif kind == 1:
        bits.flag()
        bits.golomb()
        bits.golomb()
        for _ in range(bits.golomb()):
            bits.golomb()


def _vp8_size(data: bytes) -> Size | None:
    """Read a VP8 key frame's size (RFC 6386, 9.1): 14 bits each, above them the scale that players may apply."""
    if unit_kind(Encoding.VP8, data) is not UnitKind.KEY or len(data) < 10:
        return None
    return int.from_bytes(data[6:8], "little") & 0x3FFF, int.from_bytes(data[8:10], "little") & 0x3FFF


def _vp9_size(bits: Bits) -> Size | None:
    """Read a VP9 key frame's size (VP9 bitstream specification, 6.2)."""
    profile = vp9_key_frame_profile(bits)
    if profile is None:
        return None
    bits.take(2)  # show_frame, error_resilient_mode
    if bits.take(24) != VP9_SYNC_CODE:
        return None
    if profile >= 2:
        bits.flag()  # ten or twelve bits
    if bits.take(3) == VP9_SRGB:
        bits.take(profile & 1)
    else:
        bits.take(4 if profile & 1 else 1)  # range; in odd profiles the subsampling and a reserved bit
    return bits.take(16) + 1, bits.take(16) + 1


def _av1_size(data: bytes) -> Size | None:
    header = next((payload for kind, payload in obus(data) if kind == OBU_SEQUENCE_HEADER), None)
    return None if header is None else _sequence_header_size(Bits(header))


def _sequence_header_size(bits: Bits) -> Size:
    """Read an AV1 sequence header (AV1 specification, 5.5.1) as far as its size."""
    bits.take(4)  # profile, still_picture
    if bits.flag():  # reduced_still_picture_header
        bits.take(5)
    else:
        _skip_operating_points(bits)
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    return bits.take(width_bits) + 1, bits.take(height_bits) + 1


def _skip_operating_points(bits: Bits) -> None:
    delay_bits = _skip_timing(bits) if bits.flag() else 0
    has_display_delay = bits.flag()
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:
            bits.flag()
        if delay_bits and bits.flag():
            bits.take(2 * delay_bits + 1)
        if has_display_delay and bits.flag():
            bits.take(4)


def _skip_timing(bits: Bits) -> int:
    """Skip `timing_info` and `decoder_model_info`; return the bits of a buffer delay, 0 without a decoder model."""
    bits.take(64)
    if bits.flag():
        bits.golomb()
    if not bits.flag():
        return 0
    delay_bits = bits.take(5) + 1
    bits.take(42)
    return delay_bits
