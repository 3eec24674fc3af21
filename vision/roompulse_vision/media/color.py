"""YUV frames to full-range BGR, by the right matrix and range.

What the sender declares goes before what the bitstream says, and that before the convention (BT.709 from 720 coded
lines on, BT.601 below; limited range). Only the matrix is applied: transfer curves and primaries stay as they are.
"""

import av
import numpy as np
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange as AvRange
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter

from roompulse_vision.enumerations import ColorMatrix, ColorRange, FaultReason
from roompulse_vision.errors import MediaError
from roompulse_vision.media.orientation import Picture
from roompulse_vision.types import VideoFormat

HD_LINES = 720
DECLARED_MATRIX = {
    ColorMatrix.BT601: Colorspace.ITU601,
    ColorMatrix.BT709: Colorspace.ITU709,
    ColorMatrix.BT2020: Colorspace.BT2020,
}
BITSTREAM_MATRIX = {  # `matrix_coefficients` of ITU-T H.273, table 4, which every codec's own field is mapped to
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
FULL_RANGE_FORMATS = {"yuvj420p": "yuv420p", "yuvj422p": "yuv422p", "yuvj444p": "yuv444p"}


def matrix(frame: av.VideoFrame, declared: ColorMatrix) -> Colorspace:
    """Choose the matrix of a frame."""
    convention = Colorspace.ITU709 if frame.height >= HD_LINES else Colorspace.ITU601
    return DECLARED_MATRIX.get(declared) or BITSTREAM_MATRIX.get(frame.colorspace, convention)


def color_range(frame: av.VideoFrame, declared: ColorRange) -> AvRange:
    """Choose the range of a frame."""
    if declared is not ColorRange.UNSPECIFIED:
        return AvRange.JPEG if declared is ColorRange.FULL else AvRange.MPEG
    full = frame.format.name in FULL_RANGE_FORMATS or frame.color_range == AvRange.JPEG
    return AvRange.JPEG if full else AvRange.MPEG


class BgrConverter:
    """Converts frames to pictures; keeps swscale's tables between frames of the same kind. One for each stream."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def convert(self, frame: av.VideoFrame, declared: VideoFormat) -> Picture:
        """Return the frame as BGR (H, W, 3), full range, as coded (not turned).

        Raises:
            MediaError: `CORRUPT`: a pixel format that swscale cannot read.
        """
        options: dict[str, int] = {}
        if not frame.format.is_rgb:
            options = {
                "src_colorspace": matrix(frame, declared.matrix),
                "src_color_range": color_range(frame, declared.range),
            }
        try:
            converted = self._reformatter.reformat(
                _unlabelled(frame, declared.range),
                format="bgr24",
                dst_color_range=AvRange.JPEG,
                interpolation=Interpolation.BILINEAR,
                threads=1,  # the default, 0, starts one for each core
                **options,
            )
        except (av.FFmpegError, ValueError) as error:
            message = f"pictures of the pixel format {frame.format.name} cannot be read; send 8 bits, YUV 4:2:0"
            raise MediaError(FaultReason.CORRUPT, message) from error
        return np.ascontiguousarray(converted.to_ndarray(), np.uint8)


def plane_rows(plane: VideoPlane) -> Picture:
    """Return a frame's plane as it lies in memory, to read and to write: (rows, bytes of a row with its padding)."""
    return np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)


def _unlabelled(frame: av.VideoFrame, declared: ColorRange) -> av.VideoFrame:
    """Take the label "full range" off a frame that is declared to be limited: swscale heeds it more than its options.

    Bitstreams with a wrong label are rare, so the copy is too.
    """
    plain = FULL_RANGE_FORMATS.get(frame.format.name)
    if plain is None or declared is not ColorRange.LIMITED:
        return frame
    copy = av.VideoFrame(frame.width, frame.height, plain)
    for source, target in zip(frame.planes, copy.planes, strict=True):
        plane_rows(target)[:, : target.width] = plane_rows(source)[:, : target.width]
    return copy
