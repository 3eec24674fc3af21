"""Pictures into packets: JPEG, H.264 or raw, with the colours said as they are.

    numpy ──picture_of──▶ av.VideoFrame ──encoder.encode──▶ Packet (bytes + VideoFormat)

What is larger than the service takes is scaled down, and where a picture's bytes are too many it is made coarser.
JPEG is BT.601 full range by definition. H.264 is limited range with the matrix of its size (BT.709 from 720 lines),
written into the bitstream too. Raw is I420, in the matrix and range that the picture already has. Encoders are
synchronous and burn CPU: call them off the event loop, one call at a time.
"""

import math
from fractions import Fraction
from typing import Literal, Protocol

import av
import numpy as np
from av.video.frame import PictureType
from numpy.typing import NDArray

from roompulse import argument
from roompulse.enums import ColorMatrix, ColorRange, Encoding
from roompulse.errors import InvalidArgument
from roompulse.media import MAX_PACKET_BYTES, MAX_PIXELS, MAX_SIDE, Packet, VideoFormat

Pixels = Literal["bgr", "rgb", "bgra", "rgba", "gray"]
EncoderName = Literal["jpeg", "h264", "raw"]
Bytes3 = NDArray[np.uint8]

LEAST_SIDE, MOST_SIDE = 16, 16384  # beyond it FFmpeg does not scale
_ORDERS: dict[str, dict[int, Pixels]] = {
    "bgr": {3: "bgr", 4: "bgra", 1: "gray"},
    "rgb": {3: "rgb", 4: "rgba", 1: "gray"},
    "bgra": {4: "bgra"},
    "rgba": {4: "rgba"},
    "gray": {1: "gray"},
}
_AV_ORDER = {"bgr": "bgr24", "rgb": "rgb24"}

HD_LINES = 720
JPEG_QUANTISER = 3  # FFmpeg's scale, 1 best to 31 worst; 3 is about quality 90
COARSEST_QUANTISER = 12  # beyond it a smaller picture shows more
FF_QP2LAMBDA = 118
H264_RATE_FACTOR = 21
H264_GOP_PICTURES = 60  # short, so that a lost worker or a late joiner waits two seconds at most
H264_BUFFER_BITS = MAX_PACKET_BYTES * 8 * 3 // 4  # no access unit may be larger; the encoder is not exact
BLOCK_PIXELS = 16  # the sides of a block of H.264
TIME_BASE = Fraction(1, 1_000_000)
SCALING = "AREA"  # what is scaled down keeps its detail without flicker

MATRICES = {1: ColorMatrix.BT709, 5: ColorMatrix.BT601, 6: ColorMatrix.BT601, 9: ColorMatrix.BT2020}
_AV_MATRIX = {ColorMatrix.BT709: 1, ColorMatrix.BT601: 5, ColorMatrix.BT2020: 9}
_AV_LIMITED, _AV_FULL = 1, 2


class Encoder(Protocol):
    """Turns pictures into packets, one for each."""

    def encode(self, picture: av.VideoFrame) -> Packet:
        """Return the picture's packet, without capture time."""

    def force_key_frame(self) -> None:
        """Make the next packet one that decoding can start at."""


def check_array(array: Bytes3, pixels: Pixels = "bgr") -> Pixels:
    """Return the order of an array's pixels: `pixels`, with alpha or as grey where the array's shape says so.

    Raises:
        InvalidArgument: Another shape, type or order; or a side is not 16 to 16384 pixels long.
    """
    found, shape = _ORDERS[argument.one_of(pixels, "pixels", tuple(_ORDERS))], array.shape
    order = found.get(shape[2] if array.ndim == 3 else 1) if array.ndim in (2, 3) else None
    if order is None or array.dtype != np.uint8:
        channels = " or ".join(map(str, found))
        right = f"(height, width, channels) of uint8 with {channels} channels for pixels={pixels!r}"
        raise InvalidArgument(f"a picture is {right}, not {shape} of {array.dtype}")
    if not all(LEAST_SIDE <= side <= MOST_SIDE for side in shape[:2]):
        raise InvalidArgument(f"the picture is {shape[1]}×{shape[0]}; a side has {LEAST_SIDE} to {MOST_SIDE} pixels")
    return order


def picture_of(array: Bytes3, pixels: Pixels = "bgr") -> av.VideoFrame:
    """Return a picture from an array of uint8, which is copied.

    Args:
        array: (height, width, 3), with a fourth channel for alpha, which is ignored; or (height, width) for grey.
        pixels: The order of the colours, "bgr" or "rgb", whether there is alpha or not; "bgra", "rgba" and "gray" take
            that kind of array alone.

    Raises:
        InvalidArgument: Another shape, type or order; or a side is not 16 to 16384 pixels long.
    """
    order = check_array(array, pixels)
    flat = array.reshape(array.shape[:2]) if order == "gray" else array
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(flat), format=_AV_ORDER.get(order, order))
    if order == "gray":
        frame.color_range = _AV_FULL
    return frame


def fitting(width: int, height: int) -> tuple[int, int]:
    """Return the size at which the service takes a picture: as it is, or scaled down with its proportions.

    Video is coded in whole blocks, and their pixels count.
    """
    coded = -(-width // BLOCK_PIXELS) * -(-height // BLOCK_PIXELS) * BLOCK_PIXELS**2
    if max(width, height) <= MAX_SIDE and coded <= MAX_PIXELS:
        return width, height
    scale = min(MAX_SIDE / max(width, height), math.sqrt(MAX_PIXELS / coded))
    wide, high = (max(BLOCK_PIXELS, int(side * scale) // BLOCK_PIXELS * BLOCK_PIXELS) for side in (width, height))
    return wide, high


def make_encoder(name: EncoderName, quality: int | None = None) -> Encoder:
    """Return an encoder: "jpeg", "h264" or "raw" (I420).

    Args:
        name: Which one.
        quality: JPEG: FFmpeg's quantiser, 1 (best) to 31. H.264: constant rate factor, 0 (best) to 51.

    Raises:
        InvalidArgument: There is no such encoder.
    """
    if name == "jpeg":
        return JpegEncoder(quality or JPEG_QUANTISER)
    if name == "h264":
        return H264Encoder(quality or H264_RATE_FACTOR)
    if name == "raw":
        return RawEncoder()
    raise InvalidArgument(f"there is no encoder {name!r}; use jpeg, h264 or raw")


def color_of(picture: av.VideoFrame) -> tuple[ColorMatrix, ColorRange]:
    """Return what the picture says of its colours; where it says nothing, the rule of the contract by its size."""
    by_size = ColorMatrix.BT709 if picture.height >= HD_LINES else ColorMatrix.BT601
    full = picture.color_range == _AV_FULL or picture.format.name.startswith("yuvj")
    return MATRICES.get(picture.colorspace, by_size), ColorRange.FULL if full else ColorRange.LIMITED


class JpegEncoder:
    """Baseline JPEG 4:2:0; a size change needs nothing.

    Attributes:
        shrunk: Width and height of the last picture that had too many bytes at any other size; None: there was none.
    """

    def __init__(self, quantiser: int = JPEG_QUANTISER) -> None:
        """Keep the quantiser, 1 (best) to 31 (worst)."""
        self._quantiser = quantiser
        self._context: av.VideoCodecContext | None = None
        self.shrunk: tuple[int, int] | None = None

    def encode(self, picture: av.VideoFrame) -> Packet:
        """Return the picture as one JPEG."""
        size = fitting(picture.width, picture.height)
        data = self._encoded(picture, *size)
        while len(data) > MAX_PACKET_BYTES:
            if self._quantiser < COARSEST_QUANTISER:
                self._quantiser, self._context = min(COARSEST_QUANTISER, 2 * self._quantiser), None
            else:
                self.shrunk = size = (size[0] * 3 // 4, size[1] * 3 // 4)
            data = self._encoded(picture, *size)
        return Packet(data, format=VideoFormat(Encoding.JPEG), key_frame=True)

    def _encoded(self, picture: av.VideoFrame, width: int, height: int) -> bytes:
        planes = _converted(picture, width, height, ColorMatrix.BT601, ColorRange.FULL)
        if self._context is None or _size(self._context) != _size(planes):
            self._context = self._open(planes.width, planes.height)
        planes.pts, planes.time_base = None, TIME_BASE
        return b"".join(bytes(packet) for packet in self._context.encode(planes))

    def force_key_frame(self) -> None:
        """Do nothing: every JPEG stands alone."""

    def _open(self, width: int, height: int) -> av.VideoCodecContext:
        context = _context("mjpeg", width, height)
        context.color_range = _AV_FULL
        context.qscale = True
        context.global_quality = FF_QP2LAMBDA * self._quantiser
        return context


class H264Encoder:
    """Baseline H.264, Annex B, parameter sets in band, no reordering: one access unit out for each picture in."""

    def __init__(self, rate_factor: int = H264_RATE_FACTOR) -> None:
        """Keep the constant rate factor, 0 (best) to 51 (worst)."""
        self._rate_factor = rate_factor
        self._context: av.VideoCodecContext | None = None
        self._count = 0
        self._force_key = False

    def encode(self, picture: av.VideoFrame) -> Packet:
        """Return the picture's access unit; odd sides lose a line, and a size change starts with a key frame."""
        width, height = (side & ~1 for side in fitting(picture.width, picture.height))
        matrix = ColorMatrix.BT709 if height >= HD_LINES else ColorMatrix.BT601
        planes = _converted(picture, width, height, matrix, ColorRange.LIMITED)
        if self._context is None or _size(self._context) != (width, height):
            self._context = self._open(width, height, matrix)
        self._count += 1
        planes.pts, planes.time_base = self._count * 1000, TIME_BASE
        planes.pict_type = PictureType.I if self._force_key else PictureType.NONE
        self._force_key = False
        units = self._context.encode(planes)
        return Packet(
            b"".join(bytes(unit) for unit in units),
            format=VideoFormat(Encoding.H264, matrix=matrix, range=ColorRange.LIMITED),
            key_frame=any(unit.is_keyframe for unit in units),
        )

    def force_key_frame(self) -> None:
        """Make the next picture an IDR picture with its parameter sets."""
        self._force_key = True

    def _open(self, width: int, height: int, matrix: ColorMatrix) -> av.VideoCodecContext:
        context = _context("libx264", width, height)
        context.framerate = Fraction(30)
        context.gop_size = H264_GOP_PICTURES
        context.max_b_frames = 0
        context.colorspace, context.color_range = _AV_MATRIX[matrix], _AV_LIMITED
        context.options = {
            "preset": "veryfast",
            "tune": "zerolatency",
            "profile": "baseline",
            "crf": str(self._rate_factor),
            "maxrate": str(H264_BUFFER_BITS * 10),
            "bufsize": str(H264_BUFFER_BITS),
            "forced-idr": "1",
        }
        return context


class RawEncoder:
    """I420 without padding, colours as they are."""

    def encode(self, picture: av.VideoFrame) -> Packet:
        """Return the picture's planes."""
        matrix, full = color_of(picture)
        width, height = (side & ~1 for side in fitting(picture.width, picture.height))
        planes = _converted(picture, width, height, matrix, full)
        shape = VideoFormat(Encoding.I420, planes.width, planes.height, (), matrix, full)
        return Packet(planes.to_ndarray().tobytes(), format=shape, key_frame=True)

    def force_key_frame(self) -> None:
        """Do nothing: every picture stands alone."""


def _converted(picture: av.VideoFrame, width: int, height: int, matrix: ColorMatrix, full: ColorRange) -> av.VideoFrame:
    """Return a yuv420p picture of these colours; RGB is always full range, and its own matrix does not matter."""
    own_matrix, own_range = color_of(picture)
    try:
        planes = picture.reformat(
            width,
            height,
            "yuv420p",
            interpolation=SCALING if (width, height) != (picture.width & ~1, picture.height & ~1) else None,
            src_colorspace=_AV_MATRIX[own_matrix],
            dst_colorspace=_AV_MATRIX[matrix],
            src_color_range=_AV_FULL if picture.format.is_rgb else int(own_range),
            dst_color_range=int(full),
        )
    except (av.FFmpegError, ValueError) as err:
        what = f"{picture.width}×{picture.height} {picture.format.name}"
        raise InvalidArgument(f"a picture of {what} cannot be converted for sending: {err}") from err
    planes.pict_type = PictureType.NONE
    return planes


def _context(codec: str, width: int, height: int) -> av.VideoCodecContext:
    context = av.CodecContext.create(codec, "w")
    if not isinstance(context, av.VideoCodecContext):
        raise TypeError(f"{codec} is no video codec")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base = TIME_BASE
    context.thread_count = 1  # several threads would hold pictures back
    return context


def _size(one: av.VideoCodecContext | av.VideoFrame) -> tuple[int, int]:
    return one.width, one.height
