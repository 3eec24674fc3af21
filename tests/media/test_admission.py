"""Each wrong input has its answer, given before anything is decoded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from media_samples import black_png, encode, moving, packet, scene, still
from roompulse_vision.enumerations import Encoding, FaultReason
from roompulse_vision.errors import MediaError
from roompulse_vision.media.admission import check_packet
from roompulse_vision.media.decoder import Decoder
from roompulse_vision.media.still_header import StillFormat, read_header
from roompulse_vision.types import MediaLimits, Packet
from shared_data import image, needs_shared

LIMITS = MediaLimits()
JPEG, PNG, WEBP = (still(scene(64, 48), extension) for extension in (".jpg", ".png", ".webp"))
H264 = encode(Encoding.H264, moving(1))[0]


def avcc(unit: bytes) -> bytes:
    nals = [nal.rstrip(b"\x00") for nal in unit.split(b"\x00\x00\x01")[1:]]
    return b"".join(len(nal).to_bytes(4, "big") + nal for nal in nals)


def raw(encoding: Encoding, width: int, height: int, count: int, *strides: int) -> Packet:
    return packet(bytes(count), encoding, width=width, height=height, strides=strides)


WRONG = {
    "empty": (packet(b""), FaultReason.EMPTY, "no bytes"),
    "empty video": (packet(b"", Encoding.VP8), FaultReason.EMPTY, "no bytes"),
    "many bytes": (
        packet(bytes(LIMITS.max_packet_bytes + 1)),
        FaultReason.TOO_MANY_BYTES,
        "2097153 bytes; at most 2097152",
    ),
    "many raw bytes": (
        raw(Encoding.RGBA, 64, 64, LIMITS.max_raw_bytes + 1),
        FaultReason.TOO_MANY_BYTES,
        f"at most {LIMITS.max_raw_bytes}",
    ),
    "rotation": (packet(PNG, rotation_deg=45), FaultReason.WRONG_LAYOUT, "rotation_deg: 45 must be 0, 90"),
    "truncated JPEG": (packet(JPEG[: len(JPEG) * 2 // 3]), FaultReason.CORRUPT, "the JPEG is cut short"),
    "JPEG without its last bytes": (packet(JPEG[:-2]), FaultReason.CORRUPT, "without an end marker"),
    "JPEG header": (packet(JPEG[:40]), FaultReason.CORRUPT, "cut short"),
    "JPEG without a frame": (packet(b"\xff\xd8\xff\xda\x00\x02\xff\xd9"), FaultReason.CORRUPT, "no frame header"),
    "JPEG without markers": (packet(b"\xff\xd8\xff\xe0\x00\x02abcd"), FaultReason.CORRUPT, "no marker .* at byte 6"),
    "truncated PNG": (packet(PNG[:-20]), FaultReason.CORRUPT, "cut short"),
    "damaged PNG": (packet(PNG[:60] + b"\x00\x01" + PNG[62:]), FaultReason.CORRUPT, "the PNG is damaged at byte 33"),
    "PNG of no size": (packet(black_png(0, 5)), FaultReason.CORRUPT, "0×5 pixels"),
    "truncated WebP": (packet(WEBP[:-20]), FaultReason.CORRUPT, "the WebP is cut short: .* of .* bytes"),
    "PNG bomb": (packet(black_png(8000, 8000)), FaultReason.TOO_MANY_PIXELS, "8000×8000; at most 8294400 pixels"),
    "PNG ribbon": (packet(black_png(8193, 16)), FaultReason.TOO_MANY_PIXELS, "8192 a side"),
    "GIF": (packet(b"GIF89a" + bytes(30)), FaultReason.UNKNOWN_FORMAT, "are GIF; send JPEG, PNG or WebP"),
    "TIFF": (packet(still(scene(64, 48), ".tiff"), Encoding.JPEG), FaultReason.UNKNOWN_FORMAT, "are TIFF"),
    "BMP": (packet(still(scene(64, 48), ".bmp")), FaultReason.UNKNOWN_FORMAT, "are BMP"),
    "JPEG 2000": (packet(still(scene(64, 48), ".jp2")), FaultReason.UNKNOWN_FORMAT, "are JPEG 2000"),
    "AVIF": (packet(bytes(4) + b"ftypavif" + bytes(30)), FaultReason.UNKNOWN_FORMAT, "ISO media file .*avif"),
    "text": (packet(b"hello, picture", Encoding.PNG), FaultReason.UNKNOWN_FORMAT, "begin with 68 65 6c"),
    "one byte": (packet(b"\xff"), FaultReason.UNKNOWN_FORMAT, "begin with ff"),
    "raw size missing": (raw(Encoding.I420, 0, 0, 100), FaultReason.WRONG_LAYOUT, "at least 16"),
    "raw too small": (raw(Encoding.BGR24, 64, 15, 64 * 15 * 3), FaultReason.WRONG_LAYOUT, "64×15 .* at least 16"),
    "raw too long": (raw(Encoding.BGR24, 8193, 16, 100), FaultReason.TOO_MANY_PIXELS, "8193×16 .* exceed 8192"),
    "raw too large": (raw(Encoding.NV12, 8000, 8000, 100), FaultReason.TOO_MANY_PIXELS, "8000×8000; at most"),
    "raw too short": (raw(Encoding.RGB24, 64, 48, 64 * 48 * 3 - 1), FaultReason.WRONG_LAYOUT, "9216 bytes, 9215 came"),
    "raw with padding untold": (raw(Encoding.I420, 64, 48, 5000), FaultReason.WRONG_LAYOUT, "4608 bytes, 5000 came"),
    "stride too small": (raw(Encoding.BGR24, 64, 48, 9216, 191), FaultReason.WRONG_LAYOUT, "stride 191 .* takes 192"),
    "chroma stride": (raw(Encoding.NV12, 65, 48, 5000, 65, 65), FaultReason.WRONG_LAYOUT, "plane 1 .* takes 66"),
    "stride too large": (raw(Encoding.BGR24, 64, 48, 9216, 200), FaultReason.WRONG_LAYOUT, "9600 bytes, 9216 came"),
    "stride count": (raw(Encoding.I420, 64, 48, 4608, 64), FaultReason.WRONG_LAYOUT, r"3 plane\(s\), 1 stride"),
    "Annex B as a still": (packet(H264, Encoding.JPEG), FaultReason.UNKNOWN_FORMAT, "Annex B .* ENCODING_H264"),
    "Annex B as VP8": (packet(H264, Encoding.VP8), FaultReason.CORRUPT, "Annex B .* ENCODING_H264"),
    "JPEG as H.264": (packet(JPEG, Encoding.H264), FaultReason.CORRUPT, "are JPEG, not H264; declare ENCODING_JPEG"),
    "JPEG as VP9": (packet(JPEG, Encoding.VP9), FaultReason.CORRUPT, "are JPEG, not VP9; declare ENCODING_JPEG"),
    "WebP as AV1": (packet(WEBP, Encoding.AV1), FaultReason.CORRUPT, "are WebP, not AV1; declare ENCODING_WEBP"),
    "MP4 as H.264": (packet(bytes(4) + b"ftypisom" + bytes(30), Encoding.H264), FaultReason.CORRUPT, "ISO media file"),
    "WebM as VP8": (packet(b"\x1a\x45\xdf\xa3" + bytes(9), Encoding.VP8), FaultReason.CORRUPT, "a WebM .*, not the f"),
    "AVCC": (packet(avcc(H264), Encoding.H264), FaultReason.CORRUPT, "convert AVCC .* to Annex B"),
    "no H.264": (packet(b"hello, unit", Encoding.H264), FaultReason.CORRUPT, "begin with a start code but with 68 65"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_has_its_answer_and_the_next_frame_works(name: str) -> None:
    wrong, reason, message = WRONG[name]
    decoder = Decoder(LIMITS)
    with pytest.raises(MediaError, match=message) as caught:
        decoder.decode(wrong)
    assert caught.value.reason is reason
    assert len(decoder.decode(packet(JPEG)).frames) == 1


@pytest.mark.parametrize("encoding", [Encoding.H264, Encoding.VP8, Encoding.VP9, Encoding.AV1])
def test_encoded_video_is_measured_before_it_is_decoded(encoding: Encoding) -> None:
    key, other = encode(encoding, moving(2, 320, 192))
    small = MediaLimits(max_pixels=320 * 192 - 1)
    with pytest.raises(MediaError, match="320×192; at most 61439 pixels") as caught:
        check_packet(packet(key, encoding), small)
    assert caught.value.reason is FaultReason.TOO_MANY_PIXELS
    check_packet(packet(other, encoding), small)
    check_packet(packet(key, encoding), MediaLimits(max_pixels=320 * 192))
    with pytest.raises(MediaError, match="319 a side"):
        check_packet(packet(key, encoding), MediaLimits(max_side=319))


@pytest.mark.parametrize("encoding", [Encoding.H264, Encoding.VP8, Encoding.VP9, Encoding.AV1])
def test_a_video_of_exactly_the_allowed_size_is_decoded(encoding: Encoding) -> None:
    width, height = 176, 144
    unit = encode(encoding, moving(1, width, height))[0]
    decoder = Decoder(MediaLimits(max_pixels=width * height, max_side=width))
    assert len((*decoder.decode(packet(unit, encoding)).frames, *decoder.flush())) == 1


@pytest.mark.parametrize("declared", [Encoding.UNSPECIFIED, Encoding.JPEG, Encoding.PNG, Encoding.WEBP])
@pytest.mark.parametrize("data", [JPEG, PNG, WEBP])
def test_the_first_bytes_decide_the_format_of_a_still(data: bytes, declared: Encoding) -> None:
    (frame,) = Decoder(LIMITS).decode(packet(data, declared)).frames
    assert frame.picture().shape == (48, 64, 3)


@pytest.mark.parametrize("size", [(1, 1), (17, 300), (640, 360)])
@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp"])
def test_still_sizes(extension: str, size: tuple[int, int]) -> None:
    kind = {".jpg": StillFormat.JPEG, ".png": StillFormat.PNG, ".webp": StillFormat.WEBP}[extension]
    header = read_header(still(scene(*size), extension))
    assert (header.format, header.width, header.height) == (kind, *size)


@needs_shared
@pytest.mark.parametrize("name", ["multi_face.jpg", "single_face.jpg", "portrait_s1.jpg", "negative_dog_1.jpg"])
def test_real_photographs_are_admitted_and_made(name: str) -> None:
    data = image(name).read_bytes()
    (frame,) = Decoder(MediaLimits(max_packet_bytes=len(data), max_pixels=2**25)).decode(packet(data)).frames
    assert frame.picture().shape == (frame.height, frame.width, 3)


def test_bytes_after_the_end_of_a_jpeg_do_no_harm() -> None:
    (frame,) = Decoder(LIMITS).decode(packet(JPEG + bytes(500))).frames
    assert frame.picture().shape == (48, 64, 3)


def test_an_animated_webp_is_refused() -> None:
    data = bytearray(b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00" + bytes(60))
    data[4:8] = (len(data) - 8).to_bytes(4, "little")
    with pytest.raises(MediaError, match="animated WebP"):
        read_header(bytes(data))


@given(st.sampled_from([JPEG, PNG, WEBP]), st.integers(0, 4000), st.binary(max_size=40))
def test_a_still_cut_anywhere_is_refused(data: bytes, cut: int, tail: bytes) -> None:
    """A picture whose end is missing is refused by its header alone, whatever stands in the end's place."""
    kept = data[: cut % (len(data) - 1)]
    if b"\xff\xd9" not in tail:
        with pytest.raises(MediaError):
            read_header(kept + tail[: len(data) - len(kept) - 1])
