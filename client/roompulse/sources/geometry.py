"""How a picture lies in its bytes: turned, mirrored, of pixels that are not square."""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import av
from av.sidedata.sidedata import SideData, Type

from roompulse.media import VideoFormat

FROM_EXIF = {  # Exif 2.32, 4.6.4 A: flipped back or not, then turned clockwise by degrees
    1: (False, 0),
    2: (True, 0),
    3: (False, 180),
    4: (True, 180),
    5: (True, 270),
    6: (False, 90),
    7: (True, 90),
    8: (False, 270),
}
MATRIX = struct.Struct("=9i")  # of a display matrix, as FFmpeg keeps it


@dataclass(frozen=True, slots=True)
class Geometry:
    """What makes a stored picture the upright one, in this order: pixel aspect, flip, turn; see `VideoFormat`."""

    rotation_deg: int = 0
    horizontal_flip: bool = False
    pixel_aspect: tuple[int, int] = (0, 0)

    @property
    def plain(self) -> bool:
        """Whether the picture is stored as it is shown."""
        return not self.rotation_deg and not self.horizontal_flip and self.square

    @property
    def square(self) -> bool:
        """Whether the pixels are square, or nothing is said of them."""
        return self.pixel_aspect[0] == self.pixel_aspect[1]

    def said_in(self, shape: VideoFormat) -> VideoFormat:
        """Return a format that says this geometry."""
        width, height = self.pixel_aspect
        return replace(
            shape,
            rotation_deg=self.rotation_deg,
            horizontal_flip=self.horizontal_flip,
            pixel_aspect_width=width,
            pixel_aspect_height=height,
        )

    def stretched(self, width: int, height: int) -> tuple[int, int]:
        """Return a picture's size with square pixels, before any turn."""
        if self.square or not all(self.pixel_aspect):
            return width, height
        ratio = Fraction(*self.pixel_aspect)
        return (round(width * ratio), height) if ratio > 1 else (width, round(height / ratio))

    def shown(self, width: int, height: int) -> tuple[int, int]:
        """Return the upright picture's size."""
        width, height = self.stretched(width, height)
        return (height, width) if self.rotation_deg in (90, 270) else (width, height)


def from_exif(orientation: int) -> Geometry:
    """Return what an Exif orientation, 1 to 8, says."""
    flip, turn = FROM_EXIF[orientation]
    return Geometry(turn, flip)


def from_matrix(matrix: Sequence[int], pixel_aspect: Fraction | None) -> Geometry:
    """Return what a display matrix says: nine numbers, x' = a x + c y, y' = b x + d y, rows downwards.

    A turn that is no multiple of 90° is taken to the next one.
    """
    a, b, _, c, d, *_ = matrix
    flip = a * d - b * c < 0
    turn = math.degrees(math.atan2(-b, -a) if flip else math.atan2(b, a))
    return Geometry(round(turn / 90) * 90 % 360, flip, _pair(pixel_aspect))


def from_frame(frame: av.VideoFrame, pixel_aspect: Fraction | None = None) -> Geometry:
    """Return what a decoded picture says of itself by its display matrix."""
    try:
        every: list[SideData] = list(frame.side_data)  # type: ignore[arg-type]  # by number, whatever its type says
    except ValueError:  # PyAV does not know one of the others
        return from_rotation(frame.rotation, pixel_aspect)
    matrices = [bytes(data) for data in every if data.type is Type.DISPLAYMATRIX]
    return from_matrix(MATRIX.unpack(matrices[0]), pixel_aspect) if matrices else from_rotation(0, pixel_aspect)


def from_rotation(degrees: float, pixel_aspect: Fraction | None) -> Geometry:
    """Return what a turn says, anticlockwise as FFmpeg counts."""
    return Geometry(-round(degrees / 90) * 90 % 360, False, _pair(pixel_aspect))


def _pair(ratio: Fraction | None) -> tuple[int, int]:
    return (ratio.numerator, ratio.denominator) if ratio else (0, 0)
