"""Turning pictures upright, with Exif's eight orientations as the one way to say how."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from roompulse_server.media.exif import UPRIGHT

Picture = NDArray[np.uint8]

FLIP_BOTH, FLIP_VERTICAL, FLIP_HORIZONTAL = -1, 0, 1

FROM_ROTATION_DEG = {0: UPRIGHT, 90: 6, 180: 3, 270: 8}  # clockwise turns that make the picture upright
SIDEWAYS = range(5, 9)  # orientations whose width and height change places

_TURNS: dict[int, Callable[[Picture], cv2.typing.MatLike]] = {
    2: lambda picture: cv2.flip(picture, FLIP_HORIZONTAL),
    3: lambda picture: cv2.rotate(picture, cv2.ROTATE_180),
    4: lambda picture: cv2.flip(picture, FLIP_VERTICAL),
    5: cv2.transpose,
    6: lambda picture: cv2.rotate(picture, cv2.ROTATE_90_CLOCKWISE),
    7: lambda picture: cv2.flip(cv2.transpose(picture), FLIP_BOTH),
    8: lambda picture: cv2.rotate(picture, cv2.ROTATE_90_COUNTERCLOCKWISE),
}


def upright(picture: Picture, orientation: int) -> Picture:
    """Return a picture (H, W, 3) the right way up; `orientation` is Exif's, 1 to 8 (Exif 2.32, 4.6.4 A)."""
    turn = _TURNS.get(orientation)
    return picture if turn is None else np.asarray(turn(picture), np.uint8)


def upright_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Return width and height of the upright picture."""
    return (height, width) if orientation in SIDEWAYS else (width, height)
