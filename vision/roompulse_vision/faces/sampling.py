"""Pixels out of pictures: shrinking whole ones, cutting patches at sub-pixel places, border repeated outside."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from roompulse_vision.faces.detection import Picture, PixelBox

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


def halved(picture: Picture, factor: int) -> Picture:
    """Return a picture shrunk by a power of two, in halves: OpenCV averages 2×2 pixels five times as fast as 4×4."""
    while factor > 1:
        height, width = picture.shape[0] // 2, picture.shape[1] // 2
        even = picture[: 2 * height, : 2 * width]
        picture = np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        factor //= 2
    return picture


def patch(picture: Picture, area: PixelBox, size: int, conversion: int | None = None) -> Patch:
    """Return what `area` shows, resized to `size`×`size`, in BGR or after an OpenCV colour conversion.

    Sampled at sub-pixel places (a box that moves by a fraction of a pixel moves the patch by as much) and as finely as
    the picture is, then averaged: sampling at the final size alone would blur or alias, and costs a point of accuracy.
    Only the pixels around `area` are touched. An area outside the picture shows the nearest pixels.
    """
    longer = max(area.width, area.height)
    factor = _halves(min(longer / (MAX_FINER * size), *picture.shape[:2]))
    left, top, right, bottom = _window(picture, area, factor)
    pixels = picture[top:bottom, left:right]
    if conversion is not None:
        pixels = np.asarray(cv2.cvtColor(pixels, conversion), np.uint8)
    pixels = halved(pixels, factor)
    fine = size * min(max(round(longer / size), 1), MAX_FINER)
    matrix = np.array(
        [
            _look_up(area.x - left, area.width, fine, 1 / factor, column=0),
            _look_up(area.y - top, area.height, fine, 1 / factor, column=1),
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


def _halves(ratio: float) -> int:
    """Return the largest power of two that is not above `ratio`, 1 at least; what is left is below 2.

    Bilinear sampling still touches every pixel then.
    """
    return 1 << max(0, math.floor(math.log2(max(ratio, 1.0))))


def _window(picture: Picture, area: PixelBox, factor: int) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of the pixels that `area` needs: within the picture, never empty.

    Sides are multiples of `factor`, which no side of the picture is below.
    """
    height, width = picture.shape[:2]
    left, right = _stretch(area.x, area.width, width, factor)
    top, bottom = _stretch(area.y, area.height, height, factor)
    return left, top, right, bottom


def _stretch(start: float, length: float, size: int, factor: int) -> tuple[int, int]:
    first = min(max(math.floor(start) - 1, 0), size - factor)
    last = min(max(math.ceil(start + length) + factor, first + factor), size)
    return first, first + (last - first) // factor * factor
