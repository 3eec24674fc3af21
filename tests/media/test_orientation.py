"""Exif orientation, from every kind of file and in every direction, and never together with the rotation field."""

import struct
import zlib
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from media_samples import Picture, mean_difference, packet, scene, still
from roompulse.sources import exif as of_client
from roompulse_vision.enumerations import Encoding
from roompulse_vision.media import exif
from roompulse_vision.media.decoder import Decoder
from roompulse_vision.media.orientation import geometry
from roompulse_vision.media.still_header import read_header
from roompulse_vision.types import MediaLimits, VideoFormat
from stills import LONG, SHORT, jpeg_with, stored, tiff


def png_with(block: bytes, data: bytes) -> bytes:
    chunk = b"eXIf" + block
    return data[:33] + struct.pack(">I", len(block)) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[33:]


def webp_with(block: bytes, data: bytes) -> bytes:
    """Put a simple WebP into the extended container."""
    header = read_header(data)
    width, height = header.width, header.height
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    extended = b"VP8X" + struct.pack("<I", 10) + bytes((0x08, 0, 0, 0)) + canvas
    chunks = extended + data[12:] + b"EXIF" + struct.pack("<I", len(block)) + block + bytes(len(block) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


CONTAINERS: dict[str, tuple[Callable[[bytes, bytes], bytes], tuple[int, ...], float]] = {
    ".jpg": (lambda block, data: jpeg_with(data, block), (cv2.IMWRITE_JPEG_QUALITY, 95), 2.0),
    ".png": (png_with, (), 0.0),
    ".webp": (webp_with, (cv2.IMWRITE_WEBP_QUALITY, 101), 0.0),
}


def oriented(expected: Picture, extension: str, orientation: int, order: str = "<") -> bytes:
    wrap, parameters, _ = CONTAINERS[extension]
    return wrap(tiff(orientation, order), still(stored(expected, orientation), extension, *parameters))


@pytest.mark.parametrize("rotation_deg", [0, 90])
@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("extension", CONTAINERS)
def test_exif_turns_once_and_replaces_the_rotation_field(extension: str, orientation: int, rotation_deg: int) -> None:
    expected = scene(96, 64)
    data = oriented(expected, extension, orientation)
    (frame,) = Decoder(MediaLimits()).decode(packet(data, rotation_deg=rotation_deg)).frames
    assert (frame.width, frame.height) == (96, 64)
    assert frame.picture().shape == expected.shape
    assert mean_difference(frame.picture(), expected) <= CONTAINERS[extension][2]


@pytest.mark.parametrize("extension", CONTAINERS)
def test_upright_exif_leaves_the_rotation_field_in_force(extension: str) -> None:
    data = oriented(scene(96, 64), extension, 1)
    (frame,) = Decoder(MediaLimits()).decode(packet(data, rotation_deg=90)).frames
    assert (frame.width, frame.height) == (64, 96)
    assert mean_difference(frame.picture(), np.rot90(scene(96, 64), -1)) <= CONTAINERS[extension][2]


@pytest.mark.parametrize("kind", [SHORT, LONG])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_both_byte_orders_and_both_lengths(orientation: int, order: str, kind: int) -> None:
    assert exif.orientation(tiff(orientation, order, kind)) == orientation
    assert exif.orientation(b"Exif\0\0" + tiff(orientation, order, kind)) == orientation


@pytest.mark.parametrize(("first", "second"), [(6, 1), (1, 6), (3, 8)])
def test_the_first_of_two_blocks_counts(first: int, second: int) -> None:
    data = jpeg_with(still(scene(96, 64), ".jpg"), tiff(first), tiff(second))
    assert read_header(data).orientation == first


def test_the_client_turns_a_still_as_the_service_does() -> None:
    for extension in CONTAINERS:
        for orientation in range(1, 9):
            for order in "<>":
                data = oriented(scene(96, 64), extension, orientation, order)
                assert of_client.orientation(data) == read_header(data).orientation == orientation


@given(st.binary(max_size=60), st.sampled_from([".jpg", ".png", ".webp"]), st.integers(0, 200))
def test_the_client_finds_an_orientation_in_any_bytes(tail: bytes, extension: str, end: int) -> None:
    assert of_client.orientation(oriented(scene(16, 16), extension, 6)[:end] + tail) in exif.ORIENTATIONS


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("rotation_deg", [0, 90, 180, 270])
def test_what_the_format_says_of_raw_pictures(rotation_deg: int, flip: bool) -> None:
    """The picture is flipped back first, then turned; so that is how it is stored, in the other order."""
    expected = scene(96, 64)
    pixels = np.rot90(expected, rotation_deg // 90)
    pixels = np.ascontiguousarray(np.fliplr(pixels) if flip else pixels)
    height, width = pixels.shape[:2]
    sent = packet(
        pixels.tobytes(), Encoding.BGR24, width=width, height=height, rotation_deg=rotation_deg, horizontal_flip=flip
    )
    (frame,) = Decoder(MediaLimits()).decode(sent).frames
    assert (frame.width, frame.height) == (96, 64)
    np.testing.assert_array_equal(frame.picture(), expected)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_exif_replaces_the_flip_of_the_format_too(orientation: int) -> None:
    data = oriented(scene(96, 64), ".png", orientation)
    (frame,) = Decoder(MediaLimits()).decode(packet(data, horizontal_flip=True, rotation_deg=90)).frames
    np.testing.assert_array_equal(frame.picture(), scene(96, 64))


@pytest.mark.parametrize(
    ("aspect", "size"),
    [
        ((4, 3), (128, 64)),
        ((2, 1), (192, 64)),
        ((1, 2), (96, 128)),
        ((10, 11), (96, 70)),
        ((1, 1), (96, 64)),
        ((4096, 4095), (96, 64)),  # what encoders write that round a size
    ],
)
def test_pixels_are_made_square_before_the_turn(aspect: tuple[int, int], size: tuple[int, int]) -> None:
    expected = scene(*size)
    squeezed = np.asarray(cv2.resize(expected, (96, 64), interpolation=cv2.INTER_AREA), np.uint8)
    shape = {"pixel_aspect_width": aspect[0], "pixel_aspect_height": aspect[1]}
    pixels = squeezed.tobytes()
    (frame,) = Decoder(MediaLimits()).decode(packet(pixels, Encoding.BGR24, width=96, height=64, **shape)).frames
    assert (frame.width, frame.height) == size
    assert mean_difference(frame.picture(), expected) < 2
    turned = packet(pixels, Encoding.BGR24, width=96, height=64, rotation_deg=90, **shape)
    (frame,) = Decoder(MediaLimits()).decode(turned).frames
    assert (frame.height, frame.width) == size


@given(st.integers(16, 4096), st.integers(16, 2048), st.integers(1, 70_000), st.integers(1, 70_000))
def test_whatever_aspect_a_bitstream_says_the_picture_keeps_to_the_limits(
    width: int, height: int, across: int, down: int
) -> None:
    limits = MediaLimits()
    how = geometry((width, height), VideoFormat(), limits, pixel_aspect=(across, down))
    assert how.width * how.height <= max(limits.max_pixels, width * height)
    assert max(how.width, how.height) <= limits.max_side
    if across <= 4 * down and down <= 4 * across:
        assert abs(how.width * down / (how.height * across) * height / width - 1) < 0.1
    else:
        assert (how.width, how.height) == (width, height)


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_a_senseless_orientation_is_upright(value: int) -> None:
    assert exif.orientation(tiff(value)) == exif.UPRIGHT


@given(st.binary(max_size=80), st.sampled_from([b"", b"II*\x00", b"MM\x00*", tiff(6)[:20]]))
def test_any_bytes_have_an_orientation(tail: bytes, head: bytes) -> None:
    assert exif.orientation(head + tail) in exif.ORIENTATIONS
