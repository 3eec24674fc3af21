"""Pixels out of pictures: shrinking whole ones, cutting patches at sub-pixel places, border repeated outside."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from roompulse_server.vision.detection import Picture, PixelBox

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

    Large areas are first shrunk by averaging, so that nothing aliases; the rest is bilinear at sub-pixel precision, so
    that a box that moves by a fraction of a pixel moves the patch by as much. Only the pixels around `area` are
    touched. An area outside the picture shows the nearest pixels.
    """
    left, top, right, bottom = _window(picture, area)
    pixels = picture[top:bottom, left:right]
    if conversion is not None:
        pixels = np.asarray(cv2.cvtColor(pixels, conversion), np.uint8)
    step_x, step_y = _averaging(area.width, size, right - left), _averaging(area.height, size, bottom - top)
    if step_x > 1 or step_y > 1:
        smaller = (math.ceil((right - left) / step_x), math.ceil((bottom - top) / step_y))
        pixels = np.asarray(cv2.resize(pixels, smaller, interpolation=cv2.INTER_AREA), np.uint8)
    scale_x, scale_y = pixels.shape[1] / (right - left), pixels.shape[0] / (bottom - top)
    # Pixel centres: output i lies at area.x + (i + ½)·width/size of the picture.
    zoom_x, zoom_y = area.width * scale_x / size, area.height * scale_y / size
    matrix = np.array(
        [
            [zoom_x, 0, (area.x - left) * scale_x + zoom_x / 2 - 0.5],
            [0, zoom_y, (area.y - top) * scale_y + zoom_y / 2 - 0.5],
        ]
    )
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(pixels, matrix, (size, size), flags=how, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def _window(picture: Picture, area: PixelBox) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of the pixels that `area` needs: within the picture, never empty."""
    height, width = picture.shape[:2]
    left, top = min(max(math.floor(area.x) - 1, 0), width - 1), min(max(math.floor(area.y) - 1, 0), height - 1)
    right = min(max(math.ceil(area.x + area.width) + 1, left + 1), width)
    bottom = min(max(math.ceil(area.y + area.height) + 1, top + 1), height)
    return left, top, right, bottom


def _averaging(length: float, size: int, available: int) -> float:
    """Return by how much to average beforehand: down to the output's own resolution, never below one pixel."""
    return min(max(length / size, 1.0), float(available))
