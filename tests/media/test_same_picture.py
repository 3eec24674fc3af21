"""The law of the package: one picture, however it is sent, comes out as the same upright, full-range BGR picture."""

from itertools import product

import cv2
import numpy as np
import pytest
from media_samples import Picture, encode, mean_difference, packet, padded, scene, still, yuv420
from roompulse_vision.enumerations import ColorMatrix, ColorRange, Encoding
from roompulse_vision.media.decoder import Decoder, Frame
from roompulse_vision.types import MediaLimits, Packet

MATRICES = [ColorMatrix.BT601, ColorMatrix.BT709, ColorMatrix.BT2020]
RANGES = {False: ColorRange.LIMITED, True: ColorRange.FULL}
MATRICES_AND_RANGES = list(product(MATRICES, RANGES))
SIZES = [(160, 96), (193, 131), (1280, 720)]  # even, odd, and on the other side of the convention's border
LOSSY = 2.0  # grey levels, mean: chroma of half the size, swscale's fast path (measured: up to 1.8)


def only_frame(sent: Packet) -> Frame:
    decoder = Decoder(MediaLimits())
    frames = (*decoder.decode(sent).frames, *decoder.flush())
    assert len(frames) == 1
    return frames[0]


def turned_back(picture: Picture, rotation_deg: int) -> Picture:
    """Return the picture as a camera stores it that must be turned clockwise by `rotation_deg`."""
    return np.ascontiguousarray(np.rot90(picture, rotation_deg // 90))


def assert_same(sent: Packet, expected: Picture, tolerance: float) -> None:
    frame = only_frame(sent)
    picture = frame.picture()
    assert (frame.height, frame.width) == picture.shape[:2] == expected.shape[:2]
    assert picture.dtype == np.uint8
    assert picture.flags.c_contiguous
    assert mean_difference(picture, expected) <= tolerance


@pytest.mark.parametrize("rotation_deg", [0, 90, 180, 270])
@pytest.mark.parametrize(("extension", "parameters"), [(".png", ()), (".webp", (cv2.IMWRITE_WEBP_QUALITY, 101))])
def test_lossless_stills(extension: str, parameters: tuple[int, ...], rotation_deg: int) -> None:
    expected = scene(97, 65)
    data = still(turned_back(expected, rotation_deg), extension, *parameters)
    assert_same(packet(data, rotation_deg=rotation_deg), expected, 0)


@pytest.mark.parametrize("quality", [95, 100])
def test_jpeg(quality: int) -> None:
    expected = scene(160, 96)
    assert_same(packet(still(expected, ".jpg", cv2.IMWRITE_JPEG_QUALITY, quality)), expected, LOSSY)


def test_lossy_webp() -> None:
    expected = scene(160, 96)
    assert_same(packet(still(expected, ".webp", cv2.IMWRITE_WEBP_QUALITY, 100)), expected, LOSSY)


@pytest.mark.parametrize("padding", [0, 7])
@pytest.mark.parametrize("rotation_deg", [0, 90, 180, 270])
@pytest.mark.parametrize(
    ("encoding", "order"), [(Encoding.RGB24, [2, 1, 0]), (Encoding.BGR24, [0, 1, 2]), (Encoding.RGBA, [2, 1, 0, 0])]
)
def test_packed_pictures(encoding: Encoding, order: list[int], rotation_deg: int, padding: int) -> None:
    expected = scene(97, 65)
    pixels = turned_back(expected, rotation_deg)[..., order]
    height, width, _ = pixels.shape
    stride = width * len(order) + padding
    data = padded(pixels.reshape(height, -1), stride)
    strides = (stride,) if padding else ()
    sent = packet(data, encoding, width=width, height=height, strides=strides, rotation_deg=rotation_deg)
    assert_same(sent, expected, 0)


def planar(picture: Picture, encoding: Encoding, matrix: ColorMatrix, full: bool, padding: int) -> tuple[bytes, int]:
    y, u, v = yuv420(picture, matrix, full)
    chroma = [np.dstack([u, v]).reshape(u.shape[0], -1)] if encoding is Encoding.NV12 else [u, v]
    return b"".join(padded(plane, plane.shape[1] + padding) for plane in (y, *chroma)), u.shape[1]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("padding", [0, 13])
@pytest.mark.parametrize(("matrix", "full"), MATRICES_AND_RANGES)
@pytest.mark.parametrize("encoding", [Encoding.I420, Encoding.NV12])
def test_planar_pictures(
    encoding: Encoding, matrix: ColorMatrix, full: bool, padding: int, size: tuple[int, int]
) -> None:
    expected = scene(*size)
    data, half = planar(expected, encoding, matrix, full, padding)
    chroma_strides = (2 * half,) if encoding is Encoding.NV12 else (half, half)
    strides = tuple(row + padding for row in (size[0], *chroma_strides)) if padding else ()
    width, height = size
    sent = packet(data, encoding, width=width, height=height, strides=strides, matrix=matrix, range=RANGES[full])
    assert_same(sent, expected, LOSSY)


@pytest.mark.parametrize(("size", "convention"), [((160, 96), ColorMatrix.BT601), ((1280, 720), ColorMatrix.BT709)])
def test_undeclared_raw_pictures_follow_the_convention(size: tuple[int, int], convention: ColorMatrix) -> None:
    expected = scene(*size)
    data, _ = planar(expected, Encoding.I420, convention, full=False, padding=0)
    assert_same(packet(data, Encoding.I420, width=size[0], height=size[1]), expected, LOSSY)


@pytest.mark.parametrize("rotation_deg", [0, 90, 180, 270])
@pytest.mark.parametrize("encoding", [Encoding.H264, Encoding.VP8, Encoding.VP9, Encoding.AV1])
def test_encoded_video(encoding: Encoding, rotation_deg: int) -> None:
    expected = scene(160, 96)
    unit = encode(encoding, [turned_back(expected, rotation_deg)], labelled=False)[0]
    assert_same(packet(unit, encoding, rotation_deg=rotation_deg), expected, 1.5 * LOSSY)


@pytest.mark.parametrize(("matrix", "full"), MATRICES_AND_RANGES)
@pytest.mark.parametrize("encoding", [Encoding.H264, Encoding.VP9, Encoding.AV1])
def test_the_bitstream_says_matrix_and_range(encoding: Encoding, matrix: ColorMatrix, full: bool) -> None:
    expected = scene(160, 96)
    unit = encode(encoding, [expected], matrix=matrix, full=full)[0]
    assert_same(packet(unit, encoding), expected, 1.5 * LOSSY)


@pytest.mark.parametrize(("matrix", "full"), MATRICES_AND_RANGES)
@pytest.mark.parametrize("label_full", RANGES)
def test_the_declared_format_wins_over_the_bitstream(matrix: ColorMatrix, full: bool, label_full: bool) -> None:
    """The samples follow what is declared; the bitstream is labelled with BT.709 and any range."""
    expected = scene(160, 96)
    label = f"scenecut=0:colormatrix=bt709:fullrange={'on' if label_full else 'off'}"
    options = {"x264-params": label}
    unit = encode(Encoding.H264, [expected], matrix=matrix, full=full, labelled=False, options=options)[0]
    sent = packet(unit, Encoding.H264, matrix=matrix, range=RANGES[full])
    assert_same(sent, expected, 1.5 * LOSSY)
    by_label = mean_difference(only_frame(packet(unit, Encoding.H264)).picture(), expected)
    by_declaration = mean_difference(only_frame(sent).picture(), expected)
    label_is_right = full == label_full and matrix is ColorMatrix.BT709
    assert by_label == by_declaration if label_is_right else by_label > by_declaration + 0.5


@pytest.mark.parametrize(("size", "convention"), [((160, 96), ColorMatrix.BT601), ((1280, 720), ColorMatrix.BT709)])
def test_unlabelled_video_follows_the_convention(size: tuple[int, int], convention: ColorMatrix) -> None:
    expected = scene(*size)
    unit = encode(Encoding.H264, [expected], matrix=convention, labelled=False)[0]
    assert_same(packet(unit, Encoding.H264), expected, 1.5 * LOSSY)


def test_a_picture_can_be_made_twice() -> None:
    frame = only_frame(packet(still(scene(64, 48), ".png")))
    first = frame.picture()
    first[:] = 0
    assert np.array_equal(frame.picture(), scene(64, 48))
