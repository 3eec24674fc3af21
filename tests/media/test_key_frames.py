"""Where decoding can start, held to FFmpeg on real streams of all four codecs."""

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st
from media_samples import encode, moving
from roompulse.enums import Encoding as SdkEncoding
from roompulse.media import starts_anew
from roompulse_vision.bitstream.key_frames import UnitKind, starts_decoding, unit_kind
from roompulse_vision.enumerations import Encoding

DECODERS = {Encoding.H264: "h264", Encoding.VP8: "vp8", Encoding.VP9: "vp9", Encoding.AV1: "libdav1d"}


def begins(encoding: Encoding, unit: bytes) -> bool:
    """Whether FFmpeg's decoder, new, shows a picture of this unit."""
    decoder = av.CodecContext.create(DECODERS[encoding], "r")
    assert isinstance(decoder, av.VideoCodecContext)
    try:
        return bool(decoder.decode(av.Packet(unit)) or decoder.decode(None))
    except av.FFmpegError:
        return False


def streams(encoding: Encoding) -> list[list[bytes]]:
    some = [encode(encoding, moving(9), group=4), encode(encoding, moving(7, 176, 144), group=3)]
    if encoding is Encoding.H264:
        some.append(encode(encoding, moving(12), group=6, b_frames=2))
    return some


@pytest.mark.parametrize("encoding", DECODERS)
def test_decoding_starts_where_ffmpeg_starts(encoding: Encoding) -> None:
    for units in streams(encoding):
        assert [starts_decoding(encoding, unit) for unit in units] == [begins(encoding, unit) for unit in units]


@pytest.mark.parametrize("encoding", DECODERS)
def test_with_the_parameter_sets_at_hand_key_frames_are_the_same(encoding: Encoding) -> None:
    for units in streams(encoding):
        keys = [unit_kind(encoding, unit) is UnitKind.KEY for unit in units]
        assert keys == [starts_decoding(encoding, unit) for unit in units]


def test_a_key_frame_without_its_parameter_sets_needs_a_decoder_that_has_them() -> None:
    unit = encode(Encoding.H264, moving(1))[0]
    idr = b"\x00\x00\x01" + next(nal for nal in unit.split(b"\x00\x00\x01")[1:] if nal[0] & 0x1F == 5)
    assert unit_kind(Encoding.H264, idr) is UnitKind.KEY
    assert not starts_decoding(Encoding.H264, idr)
    assert not begins(Encoding.H264, idr)


@pytest.mark.parametrize("encoding", [Encoding.UNSPECIFIED, Encoding.JPEG, Encoding.I420])
def test_stills_and_raw_pictures_start_always(encoding: Encoding) -> None:
    assert starts_decoding(encoding, b"anything")


@given(st.sampled_from(list(DECODERS)), st.binary(max_size=200))
def test_rubbish_is_no_error_and_both_sides_agree(encoding: Encoding, data: bytes) -> None:
    assert starts_anew(SdkEncoding(encoding.value), data) == starts_decoding(encoding, data)
