"""The part of a picture that is watched (all of it, or a gallery's tile), and the ways between its coordinates.

Three kinds: pixels of the view (detecting, cutting), fractions of the view (tracking, so that a tile may move),
fractions of the whole picture (what is reported).
"""

from dataclasses import dataclass

from roompulse_vision.faces.detection import Picture, PixelBox, PixelPoint
from roompulse_vision.types import Box, Point


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """`pixels` begin at (`left`, `top`) of a picture of `width`×`height`; they may be empty."""

    pixels: Picture
    left: int
    top: int
    width: int
    height: int

    @property
    def empty(self) -> bool:
        return self.pixels.size == 0

    def reported(self, box: PixelBox) -> Box:
        """Return a box as fractions of the whole picture."""
        x, y = (self.left + box.x) / self.width, (self.top + box.y) / self.height
        return Box(x, y, box.width / self.width, box.height / self.height)

    def reported_point(self, point: PixelPoint) -> Point:
        return Point((self.left + point[0]) / self.width, (self.top + point[1]) / self.height)

    def own(self, box: PixelBox) -> Box:
        """Return a box as fractions of the view."""
        height, width = self.pixels.shape[:2]
        return Box(box.x / width, box.y / height, box.width / width, box.height / height)

    def pixel_box(self, box: Box) -> PixelBox:
        """Return what `own` was made from, in this view's pixels."""
        height, width = self.pixels.shape[:2]
        return PixelBox(box.x * width, box.y * height, box.width * width, box.height * height)


def view_of(picture: Picture, region: Box | None = None) -> View:
    """Return what `region` (fractions; None: everything) shows, at the picture's own resolution, without a copy."""
    height, width = picture.shape[:2]
    if region is None:
        return View(picture, 0, 0, width, height)
    left, right = _span(region.x, region.width, width)
    top, bottom = _span(region.y, region.height, height)
    return View(picture[top:bottom, left:right], left, top, width, height)


def _span(start: float, length: float, size: int) -> tuple[int, int]:
    first = min(max(round(start * size), 0), size)
    return first, min(max(round((start + length) * size), first), size)
