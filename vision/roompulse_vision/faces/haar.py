"""OpenCV's Haar cascade (Viola and Jones 2001): the fallback where YuNet's weights cannot be had.

No landmarks, so no pose and no facing; no score. It finds seven of ten FER+ faces where YuNet finds nine. A search of a
whole picture costs four times as much, so it is done rarely: a known face is looked for at about its size, and a stream
without a face is not searched in every picture (docs/detection.md). Whoever chooses it says so once.
"""

import math
import pathlib

import cv2
import numpy as np

from roompulse_vision.errors import ModelError
from roompulse_vision.faces.detection import Detection, Picture, PixelBox
from roompulse_vision.faces.sampling import shrink

CASCADE = "haarcascade_frontalface_alt2.xml"  # of OpenCV's frontal ones the fewest false faces on real video
DEFAULT_WORKING_SIDE = 320  # 480 costs twice as much and finds hardly more
SCALE_STEP = 1.1
MIN_NEIGHBOURS = 5  # with 3, two of the three dogs and llamas are faces
MIN_SIDE = 24  # pixels of the shrunk picture; the cascade's own window is 20
GROWTH = 1.3  # a known face is looked for from 1 / GROWTH to GROWTH of its size: one that changes faster is a new one


class Haar:
    """The detector.

    Args:
        working_side: Longer side, pixels, that larger pictures are shrunk to.

    Raises:
        ModelError: This OpenCV has no Haar cascades (5.x dropped them).
    """

    id = "haar"
    stride_px = 1
    search_every_s = 0.15  # every picture of a live stream at three to five a second, fewer of a recording's

    def __init__(self, working_side: int = DEFAULT_WORKING_SIDE) -> None:
        self._working_side = working_side
        folder = getattr(getattr(cv2, "data", None), "haarcascades", None)
        if folder is None or not hasattr(cv2, "CascadeClassifier"):
            raise ModelError(f"expected OpenCV 4 with its Haar cascades, found OpenCV {cv2.__version__} without")
        cv2.setNumThreads(1)  # there is a worker for each core
        file = pathlib.Path(folder) / CASCADE
        self._cascade = cv2.CascadeClassifier(str(file))
        if self._cascade.empty():
            raise ModelError(f"{file}: expected a Haar cascade, found nothing that OpenCV can read")

    def detect(self, picture: Picture, face_px: float | None = None) -> list[Detection]:
        """Return the faces of `picture` (any size from 1×1), in its own pixels; no landmarks, no score."""
        grey = cv2.cvtColor(shrink(picture, self._working_side), cv2.COLOR_BGR2GRAY)
        scale_x, scale_y = picture.shape[1] / grey.shape[1], picture.shape[0] / grey.shape[0]
        least, most = MIN_SIDE, 0  # 0: as large as the picture
        if face_px is not None:
            side = face_px / max(scale_x, scale_y)
            least, most = max(MIN_SIDE, math.floor(side / GROWTH)), max(MIN_SIDE, math.ceil(side * GROWTH))
        found = self._cascade.detectMultiScale(
            grey, SCALE_STEP, MIN_NEIGHBOURS, minSize=(least, least), maxSize=(most, most)
        )
        boxes = np.asarray(found, np.float64).reshape(-1, 4) * [scale_x, scale_y, scale_x, scale_y]
        return [Detection(PixelBox(*map(float, box))) for box in boxes]
