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
from roompulse_server.media import exif
from roompulse_server.media.decoder import Decoder
from roompulse_server.media.still_header import still_size
from roompulse_server.types import MediaLimits

# What a camera stores for each orientation, so that turning it gives the picture back (Exif 2.32, 4.6.4).
AS_STORED: dict[int, Callable[[Picture], Picture]] = {
    1: lambda picture: picture,
    2: np.fliplr,
    3: lambda picture: np.rot90(picture, 2),
    4: np.flipud,
    5: lambda picture: picture.transpose(1, 0, 2),
    6: np.rot90,
    7: lambda picture: np.rot90(picture, 2).transpose(1, 0, 2),
    8: lambda picture: np.rot90(picture, 3),
}


def tiff(orientation: int, order: str = "<") -> bytes:
    head = (b"II*\x00" if order == "<" else b"MM\x00*") + struct.pack(f"{order}I", 8)
    entries = struct.pack(f"{order}HHII", 0x010F, 2, 1, 0) + struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0)
    return head + struct.pack(f"{order}H", 2) + entries + bytes(4)


def jpeg_with(block: bytes, data: bytes) -> bytes:
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 8) + b"Exif\0\0" + block + data[2:]


def png_with(block: bytes, data: bytes) -> bytes:
    chunk = b"eXIf" + block
    return data[:33] + struct.pack(">I", len(block)) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[33:]


def webp_with(block: bytes, data: bytes) -> bytes:
    """Put a simple WebP into the extended container."""
    _, width, height = still_size(data)
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    extended = b"VP8X" + struct.pack("<I", 10) + bytes((0x08, 0, 0, 0)) + canvas
    chunks = extended + data[12:] + b"EXIF" + struct.pack("<I", len(block)) + block + bytes(len(block) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


CONTAINERS: dict[str, tuple[Callable[[bytes, bytes], bytes], tuple[int, ...], float]] = {
    ".jpg": (jpeg_with, (cv2.IMWRITE_JPEG_QUALITY, 95), 2.0),
    ".png": (png_with, (), 0.0),
    ".webp": (webp_with, (cv2.IMWRITE_WEBP_QUALITY, 101), 0.0),
}


def oriented(expected: Picture, extension: str, orientation: int, order: str = "<") -> bytes:
    wrap, parameters, _ = CONTAINERS[extension]
    stored = np.ascontiguousarray(AS_STORED[orientation](expected))
    return wrap(tiff(orientation, order), still(stored, extension, *parameters))


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


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_both_byte_orders(orientation: int, order: str) -> None:
    assert exif.orientation(tiff(orientation, order)) == orientation
    assert exif.orientation(b"Exif\0\0" + tiff(orientation, order)) == orientation


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_a_senseless_orientation_is_upright(value: int) -> None:
    assert exif.orientation(tiff(value)) == exif.UPRIGHT


@given(st.binary(max_size=80), st.sampled_from([b"", b"II*\x00", b"MM\x00*", tiff(6)[:20]]))
def test_any_bytes_have_an_orientation(tail: bytes, head: bytes) -> None:
    assert exif.orientation(head + tail) in exif.ORIENTATIONS
