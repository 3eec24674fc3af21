"""Pictures, streams and packets for tests, made here: no file is needed."""

import os
import struct
import zlib
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

os.environ.setdefault("SVT_LOG", "1")  # the AV1 encoder tells the terminal all about itself otherwise

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from roompulse_vision.enumerations import ColorMatrix, Encoding
from roompulse_vision.types import Packet, VideoFormat

Picture = NDArray[np.uint8]
Planes = tuple[Picture, Picture, Picture]

ENCODERS = {Encoding.H264: "libx264", Encoding.VP8: "libvpx", Encoding.VP9: "libvpx-vp9", Encoding.AV1: "libsvtav1"}
OPTIONS = {
    Encoding.H264: {"preset": "fast", "crf": "10", "x264-params": "scenecut=0"},
    Encoding.VP8: {"deadline": "realtime", "cpu-used": "8", "b": "4M", "qmax": "20"},
    Encoding.VP9: {"deadline": "realtime", "cpu-used": "8", "b": "4M", "qmax": "20"},
    Encoding.AV1: {"preset": "10", "crf": "10"},
}
KR_KB = {  # ITU-T H.273, table 4
    ColorMatrix.BT601: (0.299, 0.114),
    ColorMatrix.BT709: (0.2126, 0.0722),
    ColorMatrix.BT2020: (0.2627, 0.0593),
}
BITSTREAM_MATRIX = {ColorMatrix.BT601: 6, ColorMatrix.BT709: 1, ColorMatrix.BT2020: 9}


def scene(width: int, height: int, seed: int = 0) -> Picture:
    """Return a smooth, colourful picture (H, W, 3), BGR, that differs from each of its own turns and mirrorings."""
    coarse = np.random.default_rng(seed).integers(30, 226, (4, 4, 3), dtype=np.uint8)
    coarse[0, 0] = (20, 20, 235)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def moving(count: int, width: int = 160, height: int = 96) -> list[Picture]:
    """Return pictures of a scene that moves to the right."""
    return [np.roll(scene(width, height), 3 * index, axis=1) for index in range(count)]


def mean_difference(one: Picture, other: Picture) -> float:
    """Return the mean absolute difference, grey levels."""
    return float(np.abs(one.astype(np.int16) - other.astype(np.int16)).mean())


def yuv420(picture: Picture, matrix: ColorMatrix, full: bool) -> Planes:
    """Convert by the textbook (ITU-T H.273, 8.3); chroma is the mean of its pixels, sides are rounded up."""
    kr, kb = KR_KB[matrix]
    blue, green, red = (picture[..., index].astype(np.float64) for index in range(3))
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    chroma = (luma, (blue - luma) / (2 * (1 - kb)), (red - luma) / (2 * (1 - kr)))
    scales, offsets = ((1, 1, 1), (0, 128, 128)) if full else ((219 / 255, 224 / 255, 224 / 255), (16, 128, 128))
    y, u, v = (plane * scale + offset for plane, scale, offset in zip(chroma, scales, offsets, strict=True))
    return _rounded(y), _rounded(_halved(u)), _rounded(_halved(v))


def _rounded(plane: NDArray[np.float64]) -> Picture:
    return np.clip(np.rint(plane), 0, 255).astype(np.uint8)


def _halved(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    rows, columns = plane.shape
    even = np.pad(plane, ((0, rows % 2), (0, columns % 2)), mode="edge")
    return (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4


def padded(plane: Picture, stride: int) -> bytes:
    """Return a plane's bytes with rows of `stride` bytes, the padding full of rubbish."""
    rows = np.full((plane.shape[0], stride), 0xA5, np.uint8)
    rows[:, : plane.shape[1]] = plane
    return rows.tobytes()


def encode(
    encoding: Encoding,
    pictures: Sequence[Picture],
    *,
    group: int = 12,
    b_frames: int = 0,
    matrix: ColorMatrix = ColorMatrix.BT601,
    full: bool = False,
    labelled: bool = True,
    options: dict[str, str] | None = None,
) -> list[bytes]:
    """Return the access units of pictures of one size, a key frame each `group` pictures.

    The samples follow `matrix` and `full`; the bitstream says so where `labelled`.
    """
    height, width = pictures[0].shape[:2]
    context = av.CodecContext.create(ENCODERS[encoding], "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 30), Fraction(30)
    context.gop_size, context.max_b_frames, context.thread_count = group, b_frames, 1
    if labelled:
        context.colorspace, context.color_range = BITSTREAM_MATRIX[matrix], 2 if full else 1
    context.options = {**OPTIONS[encoding], **(options or {})}
    units = []
    for index, picture in enumerate(pictures):
        frame = av.VideoFrame(width, height, "yuv420p")
        for target, plane in zip(frame.planes, yuv420(picture, matrix, full), strict=True):
            target.update(padded(plane, target.line_size))
        frame.pts = index
        frame.colorspace, frame.color_range = context.colorspace, context.color_range
        units += context.encode(frame)
    return [bytes(unit) for unit in (*units, *context.encode(None))]


def still(picture: Picture, extension: str, *parameters: int) -> bytes:
    """Return a picture as a file: ".jpg", ".png", ".webp" …"""
    done, data = cv2.imencode(extension, picture, parameters)
    assert done
    return data.tobytes()


def black_png(width: int, height: int, bits: int = 1) -> bytes:
    """Return a black grey PNG of `bits` a pixel: few bytes, however large it is."""
    rows = bytes(1 + (width * bits + 7) // 8) * height
    chunks = [
        b"IHDR" + struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0),
        b"IDAT" + zlib.compress(rows, 9),
        b"IEND",
    ]
    framed = [struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body)) for body in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


def packet(data: bytes, encoding: Encoding = Encoding.UNSPECIFIED, index: int = 0, **format_: Any) -> Packet:
    """Return a packet; `format_` are fields of `VideoFormat`."""
    return Packet(index, data, VideoFormat(encoding=encoding, **format_), index * 33_333, 0, 0)


def packets(units: Sequence[bytes], encoding: Encoding, first: int = 0) -> list[Packet]:
    """Return numbered packets of access units."""
    return [packet(unit, encoding, first + index) for index, unit in enumerate(units)]
