"""Where one face is looked for: everywhere at first, then around its last place, at a size that suits the detector.

    none known, or lost ─▶ the whole view as it is; a slow detector waits a little after it found nobody
    known               ─▶ its surroundings, shrunk by 2ⁿ until the face has about FACE_PX
                           once a second, or where others were near: the whole view, shrunk alike

The surroundings begin on the detector's own grid (its stride, times the factor), so that it sees the face exactly as in
the whole view: shifted regions double the noise of landmarks. Measured: docs/detection.md, "Looking where it was".
"""

import math
from dataclasses import dataclass

from roompulse_vision.faces.detection import Detection, Detector, Picture, PixelBox
from roompulse_vision.faces.sampling import halved
from roompulse_vision.faces.view import View
from roompulse_vision.types import Box

FACE_PX = 80  # longer side that a known face is shrunk to, between 57 and 113: landmarks are as steady as at full size
KEEP_FACTOR = 1.8  # a face may grow or shrink by so much before its factor changes: a change is a small jump of pose
SPAN = 1.75  # surroundings, in sides of the face: it may move by a third of itself between two looks
WHOLE_EVERY_S = 1.0  # who comes in is found within this time
UNSEEN_S = 1.5  # longer ago, and the last place says nothing
MAX_GROWTH = 1.6  # another size within one look is another face
MAX_FACES = 50  # of one view, the largest: bounds what a hostile one costs


@dataclass(frozen=True, slots=True)
class _Known:
    time_s: float
    box: Box  # in fractions of the view: it may change its size
    factor: int
    alone: bool


class Seeker:
    """Finds the faces of one stream or tile; `remember` or `forget` after each `find`."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._known: _Known | None = None
        self._whole_s = self._empty_s = -math.inf  # when the whole view was searched, and found empty

    def find(self, view: View, time_s: float) -> list[Detection]:
        """Return faces in the view's pixels, largest first: all of them, or the known one alone."""
        known = self._known
        if known is not None and time_s - known.time_s <= UNSEEN_S and not view.empty:
            box = view.pixel_box(known.box)
            near = known.alone and time_s - self._whole_s < WHOLE_EVERY_S
            factor = known.factor
            found = self._near(view, box, factor) if near else self._search(view.pixels, 0, 0, factor, None)
            if (len(found) == 1 or not near) and any(_alike(face.box_px, box) for face in found):
                self._whole_s = self._whole_s if near else time_s
                return found
        return self._everywhere(view, time_s)

    def remember(self, view: View, time_s: float, face: Detection, *, alone: bool) -> None:
        """Keep where the face was; `alone`: no other was found."""
        factor = _factor(face.box_px, self._known.factor if self._known else None)
        self._known = _Known(time_s, view.own(face.box_px), factor, alone)

    def forget(self) -> None:
        """Look everywhere next time."""
        self._known = None

    def _everywhere(self, view: View, time_s: float) -> list[Detection]:
        """Search the view as it is; a slow detector does so now and then only while there is nobody."""
        if time_s - self._empty_s < self._detector.search_every_s:
            return []
        found = search(self._detector, view)
        self._whole_s, self._empty_s = time_s, -math.inf if found else time_s
        return found

    def _near(self, view: View, box: PixelBox, factor: int) -> list[Detection]:
        left, top, right, bottom = _surroundings(view, box, self._detector.stride_px * factor)
        return self._search(view.pixels[top:bottom, left:right], left, top, factor, box.longer_side / factor)

    def _search(self, part: Picture, left: int, top: int, factor: int, face_px: float | None) -> list[Detection]:
        small = halved(part, factor)
        if not small.size:
            return []
        return _largest([face.seen_from(left, top, factor) for face in self._detector.detect(small, face_px)])


def search(detector: Detector, view: View) -> list[Detection]:
    """Return the faces of a view, in its pixels, largest first, at most `MAX_FACES`."""
    return [] if view.empty else _largest(detector.detect(view.pixels))


def _largest(found: list[Detection]) -> list[Detection]:
    return sorted(found, key=lambda face: -face.box_px.area)[:MAX_FACES]


def _alike(box: PixelBox, before: PixelBox) -> bool:
    return before.longer_side / MAX_GROWTH <= box.longer_side <= before.longer_side * MAX_GROWTH


def _factor(box: PixelBox, before: int | None) -> int:
    size = box.longer_side / FACE_PX
    if before is not None and before / KEEP_FACTOR <= size <= before * KEEP_FACTOR:
        return before
    return 1 << max(0, round(math.log2(max(size, 1e-6))))


def _surroundings(view: View, box: PixelBox, step: int) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom in the view's pixels, on multiples of `step` where the view goes on."""
    height, width = view.pixels.shape[:2]
    reach = box.longer_side * SPAN / 2
    x, y = box.x + box.width / 2, box.y + box.height / 2
    left, top = (max(0, math.floor((centre - reach) / step) * step) for centre in (x, y))
    right, bottom = (math.ceil((centre + reach) / step) * step for centre in (x, y))
    return left, top, min(right, width), min(bottom, height)
