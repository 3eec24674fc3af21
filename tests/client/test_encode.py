"""Pictures keep their colours, whatever they travel as."""

from fractions import Fraction

import av
import numpy as np
import pytest
from clips import stripes
from numpy.typing import NDArray
from roompulse.enums import ColorMatrix, ColorRange, Encoding
from roompulse.errors import InvalidArgument
from roompulse.media import Packet, starts_anew
from roompulse.sending import encoder as encode

pytestmark = pytest.mark.versions

COLOURS = [(40, 40, 200), (30, 200, 60), (210, 70, 40), (128, 128, 128), (16, 16, 16), (240, 240, 240)]


def blocks(width: int, height: int) -> NDArray[np.uint8]:
    """Return a picture of flat colours, one beside the other."""
    picture = np.zeros((height, width, 3), np.uint8)
    for number, colour in enumerate(COLOURS):
        picture[:, number * width // len(COLOURS) : (number + 1) * width // len(COLOURS)] = colour
    return picture


def middles(picture: NDArray[np.uint8]) -> NDArray[np.int64]:
    height, width = picture.shape[:2]
    columns = [(2 * number + 1) * width // (2 * len(COLOURS)) for number in range(len(COLOURS))]
    return picture[height // 2, columns].astype(np.int64)


def decoded(packet: Packet) -> av.VideoFrame:
    assert packet.format is not None
    context = av.CodecContext.create({Encoding.JPEG: "mjpeg", Encoding.H264: "h264"}[packet.format.encoding], "r")
    assert isinstance(context, av.VideoCodecContext)
    return [*context.decode(av.Packet(packet.data)), *context.decode(None)][0]


def as_bgr(frame: av.VideoFrame, matrix: ColorMatrix, full: bool) -> NDArray[np.uint8]:
    """Return the picture's colours, read with exactly this matrix and range."""
    space = "ITU709" if matrix is ColorMatrix.BT709 else "ITU601"
    converted = frame.reformat(
        format="bgr24", src_colorspace=space, src_color_range="JPEG" if full else "MPEG", dst_color_range="JPEG"
    )
    return converted.to_ndarray().astype(np.uint8)


@pytest.mark.parametrize(("width", "height"), [(120, 64), (1284, 720)])
def test_jpeg_is_bt601_full_at_any_size(width: int, height: int) -> None:
    packet = encode.JpegEncoder().encode(encode.picture_of(blocks(width, height)))
    assert packet.format is not None
    assert packet.format.encoding is Encoding.JPEG
    shown = as_bgr(decoded(packet), ColorMatrix.BT601, full=True)
    assert np.abs(middles(shown) - COLOURS).max() <= 6


@pytest.mark.parametrize(("width", "height", "matrix"), [(120, 64, ColorMatrix.BT601), (1284, 720, ColorMatrix.BT709)])
def test_h264_says_its_colours_and_has_them(width: int, height: int, matrix: ColorMatrix) -> None:
    packet = encode.H264Encoder().encode(encode.picture_of(blocks(width, height)))
    assert packet.format is not None
    assert (packet.format.matrix, packet.format.range) == (matrix, ColorRange.LIMITED)
    frame = decoded(packet)
    assert encode.MATRICES[frame.colorspace] is matrix
    assert np.abs(middles(as_bgr(frame, matrix, full=False)) - COLOURS).max() <= 8


@pytest.mark.parametrize("height", [64, 720])
def test_video_of_one_matrix_becomes_jpeg_of_another(height: int) -> None:
    video = decoded(encode.H264Encoder(10).encode(encode.picture_of(blocks(1284, height))))
    shown = as_bgr(decoded(encode.JpegEncoder(2).encode(video)), ColorMatrix.BT601, full=True)
    assert np.abs(middles(shown) - COLOURS).max() <= 8


def test_raw_planes_keep_matrix_and_range() -> None:
    frame = decoded(encode.JpegEncoder().encode(encode.picture_of(blocks(120, 64))))
    packet = encode.RawEncoder().encode(frame)
    assert packet.format is not None
    assert (packet.format.encoding, packet.format.width, packet.format.height) == (Encoding.I420, 120, 64)
    assert (packet.format.matrix, packet.format.range) == (ColorMatrix.BT601, ColorRange.FULL)
    assert len(packet.data) == 120 * 64 * 3 // 2
    luma = np.frombuffer(packet.data, np.uint8)[: 120 * 64].reshape(64, 120)
    assert np.array_equal(luma, frame.to_ndarray()[:64])


def test_h264_brings_one_unit_for_each_picture_and_a_key_frame_when_asked() -> None:
    encoder = encode.H264Encoder()
    keys = []
    for number in range(8):
        if number == 5:
            encoder.force_key_frame()
        packet = encoder.encode(encode.picture_of(stripes(number)))
        assert packet.key_frame == starts_anew(Encoding.H264, packet.data)
        keys.append(packet.key_frame)
    assert keys == [True, False, False, False, False, True, False, False]


@pytest.mark.parametrize("name", ["jpeg", "h264", "raw"])
def test_a_size_change_needs_nothing(name: encode.EncoderName) -> None:
    encoder = encode.make_encoder(name)
    for width, height in ((64, 48), (97, 51), (64, 48)):
        packet = encoder.encode(encode.picture_of(stripes(0, width, height)))
        assert packet.key_frame
        if name == "jpeg":
            frame = decoded(packet)
            assert (frame.width, frame.height) == (width, height)


def test_an_unknown_encoder_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="no encoder 'gif'; use jpeg, h264 or raw"):
        encode.make_encoder("gif")  # type: ignore[arg-type]


def test_encoders_ignore_the_picture_s_own_time() -> None:
    picture = encode.picture_of(stripes(0))
    picture.pts, picture.time_base = -5, Fraction(1, 3)
    for name in ("jpeg", "h264"):
        encoder = encode.make_encoder(name)
        assert encoder.encode(picture).data
        assert encoder.encode(picture).data
