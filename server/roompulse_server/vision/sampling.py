"""Pixels out of pictures: shrinking whole ones, cutting patches at sub-pixel places, border repeated outside."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from roompulse_server.vision.detection import Picture, PixelBox

MAX_FINER = 4  # samples per output pixel and side; larger areas are shrunk first, so that 4K costs no more

Patch = NDArray[np.uint8]  # (size, size, 3), or (size, size) where grey


def shrink(picture: Picture, longer_side: int) -> Picture:
    """Return `picture` no larger than `longer_side`; smaller ones as they are."""
    height, width = picture.shape[:2]
    scale = longer_side / max(height, width)
    if scale >= 1:
        return picture
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def patch(picture: Picture, area: PixelBox, size: int, conversion: int | None = None) -> Patch:
    """Return what `area` shows, resized to `size`×`size`, in BGR or after an OpenCV colour conversion.

    Sampled at sub-pixel places (a box that moves by a fraction of a pixel moves the patch by as much) and as finely as
    the picture is, then averaged: sampling at the final size alone would blur or alias, and costs a point of accuracy.
    Only the pixels around `area` are touched. An area outside the picture shows the nearest pixels.
    """
    left, top, right, bottom = _window(picture, area)
    pixels = picture[top:bottom, left:right]
    if conversion is not None:
        pixels = np.asarray(cv2.cvtColor(pixels, conversion), np.uint8)
    pixels = shrink(
        pixels, math.ceil(max(pixels.shape[:2]) * min(1.0, MAX_FINER * size / max(area.width, area.height)))
    )
    fine = size * min(max(round(max(area.width, area.height) / size), 1), MAX_FINER)
    matrix = np.array(
        [
            _look_up(area.x - left, area.width, fine, pixels.shape[1] / (right - left), column=0),
            _look_up(area.y - top, area.height, fine, pixels.shape[0] / (bottom - top), column=1),
        ]
    )
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    sampled = cv2.warpAffine(pixels, matrix, (fine, fine), flags=how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(sampled, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def stretched(picture: Picture, area: PixelBox, size: int, conversion: int | None = None) -> Patch:
    """Return the whole pixels of `area` that lie in the picture, resized bilinearly to `size`×`size`, aspect not kept.

    As published classifiers were fed: corners cut off to whole numbers, `cv2.resize` with its defaults, no
    anti-aliasing (EmotiEffLib, facial_analysis.py). `patch` looks better, and is not what they know.
    """
    height, width = picture.shape[:2]
    left, top = min(max(int(area.x), 0), width - 1), min(max(int(area.y), 0), height - 1)
    right = min(max(int(area.x + area.width), left + 1), width)
    bottom = min(max(int(area.y + area.height), top + 1), height)
    resized = cv2.resize(picture[top:bottom, left:right], (size, size), interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized if conversion is None else cv2.cvtColor(resized, conversion), np.uint8)


def _look_up(start: float, length: float, count: int, scale: float, column: int) -> list[float]:
    """Return a row of the matrix that says where, in shrunk pixels, the centre of each of `count` samples lies."""
    step = length * scale / count
    row = [0.0, 0.0, start * scale + step / 2 - 0.5]
    row[column] = step
    return row


def _window(picture: Picture, area: PixelBox) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of the pixels that `area` needs: within the picture, never empty."""
    height, width = picture.shape[:2]
    left, top = min(max(math.floor(area.x) - 1, 0), width - 1), min(max(math.floor(area.y) - 1, 0), height - 1)
    right = min(max(math.ceil(area.x + area.width) + 1, left + 1), width)
    bottom = min(max(math.ceil(area.y + area.height) + 1, top + 1), height)
    return left, top, right, bottom
