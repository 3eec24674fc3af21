"""Turning pictures upright: stretched to square pixels, then turned as one of Exif's eight orientations says."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roompulse_vision.media.admission import MAX_ASPECT
from roompulse_vision.media.exif import UPRIGHT
from roompulse_vision.types import MediaLimits, VideoFormat

Picture = NDArray[np.uint8]

FLIP_BOTH, FLIP_VERTICAL, FLIP_HORIZONTAL = -1, 0, 1

SIDEWAYS = range(5, 9)  # orientations whose width and height change places
SQUARE_WITHIN = 1 / 50  # encoders that round a size write 4096 : 4095 and the like

_FROM_TURN = {  # flipped back or not, then turned clockwise
    (False, 0): UPRIGHT,
    (False, 90): 6,
    (False, 180): 3,
    (False, 270): 8,
    (True, 0): 2,
    (True, 90): 7,
    (True, 180): 4,
    (True, 270): 5,
}
_TURNS: dict[int, Callable[[Picture], cv2.typing.MatLike]] = {
    2: lambda picture: cv2.flip(picture, FLIP_HORIZONTAL),
    3: lambda picture: cv2.rotate(picture, cv2.ROTATE_180),
    4: lambda picture: cv2.flip(picture, FLIP_VERTICAL),
    5: cv2.transpose,
    6: lambda picture: cv2.rotate(picture, cv2.ROTATE_90_CLOCKWISE),
    7: lambda picture: cv2.flip(cv2.transpose(picture), FLIP_BOTH),
    8: lambda picture: cv2.rotate(picture, cv2.ROTATE_90_COUNTERCLOCKWISE),
}


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a stored picture becomes the upright one: `width` and `height` with square pixels, before the turn."""

    width: int
    height: int
    orientation: int

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height of the upright picture."""
        return (self.height, self.width) if self.orientation in SIDEWAYS else (self.width, self.height)


def geometry(
    size: tuple[int, int],
    declared: VideoFormat,
    limits: MediaLimits,
    *,
    pixel_aspect: tuple[int, int] = (0, 0),
    orientation: int = UPRIGHT,
) -> Geometry:
    """Return the geometry of a picture of `size`.

    Args:
        size: Width and height as stored, pixels.
        declared: What the sender says of it.
        limits: The stretched picture keeps to them.
        pixel_aspect: What the bitstream says, for a sender who says nothing.
        orientation: What a still picture says itself; if it is not upright, it goes before `declared`.
    """
    aspect = (declared.pixel_aspect_width, declared.pixel_aspect_height)
    if orientation == UPRIGHT:
        orientation = _FROM_TURN[declared.horizontal_flip, declared.rotation_deg]
    return Geometry(*_stretched(size, aspect if all(aspect) else pixel_aspect, limits), orientation)


def upright(picture: Picture, how: Geometry) -> Picture:
    """Return a stored picture (H, W, 3) with square pixels and the right way up (Exif 2.32, 4.6.4 A)."""
    if picture.shape[1::-1] != (how.width, how.height):
        resized = cv2.resize(picture, (how.width, how.height), interpolation=cv2.INTER_LINEAR)
        picture = np.asarray(resized, np.uint8)
    turn = _TURNS.get(how.orientation)
    return picture if turn is None else np.asarray(turn(picture), np.uint8)


def _stretched(size: tuple[int, int], aspect: tuple[int, int], limits: MediaLimits) -> tuple[int, int]:
    """Stretch the shorter way, as players do, so that nothing is lost; where that is too large, shrink the other."""
    width, height = size
    ratio = aspect[0] / aspect[1] if all(aspect) else 1.0
    if abs(ratio - 1) < SQUARE_WITHIN or not 1 / MAX_ASPECT <= ratio <= MAX_ASPECT:
        return size
    larger = (round(width * ratio), height) if ratio > 1 else (width, round(height / ratio))
    if max(larger) <= limits.max_side and larger[0] * larger[1] <= limits.max_pixels:
        return larger
    return (width, max(1, round(height / ratio))) if ratio > 1 else (max(1, round(width * ratio)), height)
