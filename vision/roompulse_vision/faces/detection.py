"""A face as a detector reports it, in pixels, and what every detector offers."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # (H, W, 3), BGR, upright
Grey = NDArray[np.uint8]  # (H, W)


@dataclass(frozen=True, slots=True)
class PixelBox:
    """A rectangle in pixels of the picture: corner of least x and y, width, height; may reach outside."""

    x: float
    y: float
    width: float
    height: float

    @property
    def area(self) -> float:
        return self.width * self.height

    @property
    def shorter_side(self) -> float:
        return min(self.width, self.height)

    @property
    def longer_side(self) -> float:
        return max(self.width, self.height)


PixelPoint = tuple[float, float]
FivePoints = tuple[PixelPoint, PixelPoint, PixelPoint, PixelPoint, PixelPoint]


@dataclass(frozen=True, slots=True)
class Detection:
    """One face of one picture.

    `landmarks_px`: right eye, left eye, nose, right and left mouth corner (the person's sides), or None where the
    detector has none. `score`: 0 to 1, or None where the detector has none.
    """

    box_px: PixelBox
    landmarks_px: FivePoints | None = None
    score: float | None = None

    def seen_from(self, left: int, top: int, factor: int) -> "Detection":
        """Return the face of a part of a picture, which begins at (`left`, `top`) and was shrunk by `factor`."""
        box, marks = self.box_px, self.landmarks_px
        if marks is not None:
            a, b, c, d, e = ((left + factor * x, top + factor * y) for x, y in marks)
            marks = (a, b, c, d, e)
        outer = PixelBox(left + factor * box.x, top + factor * box.y, factor * box.width, factor * box.height)
        return Detection(outer, marks, self.score)


class Detector(Protocol):
    """Finds faces in one picture. Holds no state between pictures; not to be shared between threads."""

    @property
    def id(self) -> str:
        """Name the detector as model cards and clients know it: "yunet" or "haar"."""

    @property
    def stride_px(self) -> int:
        """Give the grid, pixels, on which a part of a picture must begin to look as it does within the whole."""

    @property
    def search_every_s(self) -> float:
        """Give the shortest time, seconds, after which a stream without a face is searched again; 0: every picture."""

    def detect(self, picture: Picture, face_px: float | None = None) -> list[Detection]:
        """Return the faces of `picture`, in its own pixels, in no particular order. Empty where there is none.

        `face_px`: the longer side, pixels, of the one face that is looked for; faces of other sizes may be left out.
        """
