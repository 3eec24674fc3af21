"""What access units say of themselves, on streams of real encoders and on rubbish."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from media_samples import encode, moving
from roompulse_vision.bitstream.access_unit import is_annex_b, is_disposable, is_encoded_video, is_raw
from roompulse_vision.bitstream.bits import Bits
from roompulse_vision.bitstream.key_frames import UnitKind, unit_kind
from roompulse_vision.enumerations import Encoding
from roompulse_vision.media.coded_size import coded_size

VIDEO = [Encoding.H264, Encoding.VP8, Encoding.VP9, Encoding.AV1]
START = b"\x00\x00\x00\x01"


def split_nals(unit: bytes) -> list[bytes]:
    return [START + nal.rstrip(b"\x00") for nal in unit.split(b"\x00\x00\x01")[1:]]


@pytest.mark.parametrize("encoding", Encoding)
def test_no_encoding_is_raw_and_video_at_once(encoding: Encoding) -> None:
    assert not (is_raw(encoding) and is_encoded_video(encoding))


@pytest.mark.parametrize("size", [(64, 64), (160, 96), (178, 98), (1280, 720), (1920, 1080)])
@pytest.mark.parametrize("encoding", VIDEO)
def test_announced_sizes(encoding: Encoding, size: tuple[int, int]) -> None:
    key, *others = encode(encoding, moving(2, *size))
    whole_blocks = tuple((side + 15) // 16 * 16 for side in size)
    assert coded_size(encoding, key) == (whole_blocks if encoding is Encoding.H264 else size)
    assert [coded_size(encoding, other) for other in others] == [None]


@pytest.mark.parametrize("profile", ["baseline", "main", "high", "high10", "high422", "high444"])
def test_sizes_in_every_h264_profile(profile: str) -> None:
    unit = encode(Encoding.H264, moving(1, 176, 144), options={"profile": profile, "x264-params": "cqm=jvt"})[0]
    assert coded_size(Encoding.H264, unit) == (176, 144)


def test_interlaced_h264_counts_both_fields() -> None:
    options = {"x264-params": "interlaced=1"}
    unit = encode(Encoding.H264, moving(1, 176, 160), options=options)[0]
    assert coded_size(Encoding.H264, unit) == (176, 160)


def test_a_recovery_point_is_a_place_to_start() -> None:
    options = {"x264-params": "keyint=4:min-keyint=2:scenecut=0:open-gop=1"}
    units = encode(Encoding.H264, moving(12), b_frames=2, options=options)
    recovery_points = [unit for unit in units[1:] if unit_kind(Encoding.H264, unit) is UnitKind.KEY]
    assert recovery_points
    assert all(nal[4] & 0x1F != 5 for unit in recovery_points for nal in split_nals(unit))


def test_parameter_sets_alone_are_no_picture() -> None:
    nals = split_nals(encode(Encoding.H264, moving(1))[0])
    parameters = b"".join(nal for nal in nals if nal[4] & 0x1F in (7, 8))
    assert unit_kind(Encoding.H264, parameters) is UnitKind.PARAMETERS
    assert coded_size(Encoding.H264, parameters) == (160, 96)


def test_b_frames_that_nobody_refers_to_are_disposable() -> None:
    options = {"x264-params": "scenecut=0:b-adapt=0:b-pyramid=none"}
    units = encode(Encoding.H264, moving(13), b_frames=2, group=12, options=options)
    key, *others = [is_disposable(Encoding.H264, unit) for unit in units[:-1]]
    assert not key
    assert others == [False, True, True] * 3 + [False, True]


@pytest.mark.parametrize("encoding", VIDEO)
def test_without_b_frames_every_picture_is_needed(encoding: Encoding) -> None:
    assert not any(is_disposable(encoding, unit) for unit in encode(encoding, moving(6)))


def test_a_disposable_slice_with_parameter_sets_is_needed() -> None:
    sps = next(nal for nal in split_nals(encode(Encoding.H264, moving(1))[0]) if nal[4] & 0x1F == 7)
    slice_ = START + b"\x01\x9a"
    assert is_disposable(Encoding.H264, slice_)
    assert not is_disposable(Encoding.H264, sps + slice_)
    assert not is_disposable(Encoding.H264, START + b"\x41\x9a")
    assert not is_disposable(Encoding.H264, b"")


def test_annex_b_is_told_from_avcc() -> None:
    unit = encode(Encoding.H264, moving(1))[0]
    avcc = b"".join(len(nal[4:]).to_bytes(4, "big") + nal[4:] for nal in split_nals(unit))
    assert is_annex_b(unit)
    assert is_annex_b(unit[1:])
    assert not is_annex_b(avcc)


NAL_HEADERS = st.sampled_from([0x01, 0x21, 0x41, 0x61, 0x65, 0x25, 0x45])  # slices, with every nal_ref_idc


def escaped(payload: bytes) -> bytes:
    """Return a payload as it stands in a NAL unit: no start code in it (ITU-T H.264, 7.4.1.1)."""
    out = bytearray()
    for byte in payload:
        if len(out) >= 2 and out[-2:] == b"\x00\x00" and byte <= 3:
            out.append(3)
        out.append(byte)
    return bytes(out) + b"\x80"


@given(header=NAL_HEADERS, payload=st.binary(min_size=200, max_size=500), before=st.booleans())
def test_avcc_of_any_size_is_no_annex_b(header: int, payload: bytes, before: bool) -> None:
    """A unit of 256 to 511 bytes has the length prefix 00 00 01 xx, which looks like a short start code."""
    nal = bytes((header,)) + escaped(payload)
    parameters = b"\x68\xee\x3c\x80" if before else b""
    units = [parameters, nal] if before else [nal]
    assert not is_annex_b(b"".join(len(unit).to_bytes(4, "big") + unit for unit in units))


@given(
    header=NAL_HEADERS,
    payload=st.binary(min_size=1, max_size=500),
    code=st.sampled_from([b"\x00\x00\x01", b"\x00\x00\x00\x01"]),
    parameters=st.sampled_from([b"", b"\x67\x42\x00\x0a\xf8\x41\xa2", b"\x09\xf0", b"\x06\x05\x01\x80\x80"]),
)
def test_annex_b_of_any_size_is_no_avcc(header: int, payload: bytes, code: bytes, parameters: bytes) -> None:
    """A slice that begins with the first macroblock begins with a 1 (`first_mb_in_slice`), and no NAL unit does."""
    slice_ = code + bytes((header, payload[0] | 0x80)) + escaped(payload[1:])
    assert is_annex_b(slice_)
    assert is_annex_b(code + parameters + slice_ if parameters else slice_)


@pytest.mark.parametrize("size", [260, 300, 400, 511])
def test_a_real_unit_of_that_size_is_told_as_well(size: int) -> None:
    options = {"x264-params": f"slice-max-size={size}:scenecut=0"}
    units = encode(Encoding.H264, moving(6, 320, 192), options=options)
    for unit in units:
        for nal in split_nals(unit):
            short = b"\x00\x00\x01" + nal[4:]
            avcc = (len(nal) - 4).to_bytes(4, "big") + nal[4:]
            assert not is_annex_b(avcc)
            if nal[4] & 0x1F not in (1, 5) or nal[5] & 0x80:
                assert is_annex_b(short)


def test_an_empty_nal_unit_hides_nothing() -> None:
    unit = encode(Encoding.H264, moving(1))[0]
    assert coded_size(Encoding.H264, b"\x00\x00\x01" + unit) == (160, 96)


def test_endless_units_before_a_picture_are_not_searched() -> None:
    flood = b"\x00\x00\x01\x0c" * 500_000
    assert unit_kind(Encoding.H264, flood) is UnitKind.DELTA
    assert unit_kind(Encoding.AV1, bytes((0x12, 0)) * 500_000) is UnitKind.DELTA


@pytest.mark.parametrize("encoding", VIDEO)
@given(data=st.binary(min_size=1, max_size=300), cut=st.integers(0, 60))
def test_any_bytes_have_a_kind_and_perhaps_a_size(encoding: Encoding, data: bytes, cut: int) -> None:
    for rubbish in (data, KEY_FRAMES[encoding][:cut] + data):
        assert unit_kind(encoding, rubbish) in UnitKind
        size = coded_size(encoding, rubbish)
        assert size is None or len(size) == 2


KEY_FRAMES = {encoding: encode(encoding, moving(1))[0] for encoding in VIDEO}


def test_exponential_golomb_codes() -> None:
    bits = Bits(bytes((0b1_010_011_0, 0b0100_0010, 0b1_0000000)))  # H.264, table 9-2: 0, 1, 2, 3, 4
    assert [bits.golomb() for _ in range(5)] == [0, 1, 2, 3, 4]
    signed = Bits(bytes((0b1_010_011_0, 0b0100_0010, 0b1_0000000)))  # table 9-3: 0, 1, −1, 2, −2
    assert [signed.signed_golomb() for _ in range(5)] == [0, 1, -1, 2, -2]
    with pytest.raises(EOFError):
        bits.take(8)
