"""YuNet (Wu, Peng and Yu 2023, 10.1007/s11633-023-1423-y) on ONNX Runtime, with decoding and NMS of our own.

    picture → shrink to the working side → pad to a multiple of 32 → network → cells above the threshold → boxes → NMS
                                  └─ a face beyond its range there? → once more at half the size ─┘

The network has three grids (strides 8, 16, 32). In each cell: score = √(class · object), centre = (cell + d) · stride,
size = exp(d) · stride, landmark = (cell + d) · stride. Proved against `cv2.FaceDetectorYN` in the tests; three times
as fast, and its threads are under our control. Figures: docs/detection.md.
"""

import pathlib
from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from roompulse_vision.errors import ModelError
from roompulse_vision.faces.detection import Detection, Picture, PixelBox
from roompulse_vision.faces.inference import Floats, Network
from roompulse_vision.faces.sampling import shrink

STRIDES = (8, 16, 32)
OUTPUTS = [f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps") for stride in STRIDES]
DEFAULT_THRESHOLD = 0.75  # above the dogs and the llama (with either file); real meeting faces score 0.9 and more
DEFAULT_WORKING_SIDE = 640  # 320 costs a quarter and loses a fifth of the faces
LARGE_PX = 256.0  # trained for faces of about 10 to 300 pixels: above, scores fall and boxes are off
DOUBT = 0.3  # a large face scores too low at full size; from here on it earns the look at half size
NMS_IOU = 0.3  # as in the zoo's wrapper
MAX_CANDIDATES = 5000  # as in the zoo's wrapper: bounds the NMS on hostile pictures

Rows = NDArray[np.float32]  # (N, 15): x, y, width, height, five points (x, y), score


class YuNet:
    """The detector.

    Args:
        file: `yunet_s_dynamic.onnx`, or the zoo's static 640×640 file.
        threshold: Least score of a face, 0 to 1.
        working_side: Longer side, pixels, that larger pictures are shrunk to.

    Raises:
        ModelError: The file cannot be loaded, or is no YuNet.
    """

    id = "yunet"
    stride_px = 32  # the largest of its three
    search_every_s = 0.0

    def __init__(
        self,
        file: pathlib.Path,
        threshold: float = DEFAULT_THRESHOLD,
        working_side: int = DEFAULT_WORKING_SIDE,
    ) -> None:
        self._file, self._network = file, Network(file)
        missing = sorted(set(OUTPUTS) - set(self._network.outputs)) + sorted({"input"} - set(self._network.inputs))
        if missing:
            raise ModelError(f"{file}: expected YuNet's inputs and outputs, found none called {', '.join(missing)}")
        self._threshold = threshold
        height = self._network.inputs["input"][2]
        self._fixed_side = height if isinstance(height, int) else None
        self._working_side = working_side if self._fixed_side is None else min(working_side, self._fixed_side)

    def detect(self, picture: Picture, face_px: float | None = None) -> list[Detection]:
        """Return the faces of `picture` (any size from 1×1), best first, in its own pixels; of any size."""
        small = shrink(picture, self._working_side)
        rows = self.look(small, min(self._threshold, DOUBT))
        if len(rows) and (sides := shorter_sides(rows)).max() > LARGE_PX:
            rows = suppress(np.concatenate([rows[sides <= LARGE_PX], self._look_at_half(small)]), NMS_IOU)
        scale = (picture.shape[1] / small.shape[1], picture.shape[0] / small.shape[0])
        return [detection(row, scale) for row in rows.tolist() if row[14] >= self._threshold]

    def prove(self) -> None:
        """Look at a made picture.

        Raises:
            ModelError: The network cannot be run, or says what is no number.
        """
        ramp = np.linspace(0, 255, 64 * 64 * 3).reshape(64, 64, 3).astype(np.uint8)
        grids = self._network.run(OUTPUTS, "input", padded(ramp, self._fixed_side))
        if not all(np.isfinite(grid).all() for grid in grids):
            raise ModelError(f"{self._file}: expected finite numbers for a test picture, found others")

    def look(self, picture: Picture, threshold: float) -> Rows:
        """Return what the network finds in `picture` as it is (with the static file: up to 640×640), best first."""
        tensor = padded(picture, self._fixed_side)
        grids = self._network.run(OUTPUTS, "input", tensor)
        return suppress(decode(grids, tensor.shape[2:], threshold), NMS_IOU)

    def _look_at_half(self, picture: Picture) -> Rows:
        half = shrink(picture, max(picture.shape[:2]) // 2)
        rows = self.look(half, self._threshold)
        rows[:, 0:14:2] *= picture.shape[1] / half.shape[1]
        rows[:, 1:14:2] *= picture.shape[0] / half.shape[0]
        return rows[shorter_sides(rows) > 0.75 * LARGE_PX]  # the smaller ones were better seen at full size


def shorter_sides(rows: Rows) -> Floats:
    sides: Floats = rows[:, 2:4].min(1)
    return sides


def padded(picture: Picture, fixed_side: int | None = None) -> Floats:
    """Return (1, 3, H, W), BGR, 0 to 255, zero on the right and below up to a multiple of 32 (or `fixed_side`)."""
    height, width = picture.shape[:2]
    rows, columns = fixed_side or -(-height // 32) * 32, fixed_side or -(-width // 32) * 32
    tensor = np.empty((1, 3, rows, columns), np.float32)
    tensor[:, :, height:], tensor[:, :, :height, width:] = 0, 0
    for channel, plane in enumerate(cv2.split(picture)):  # numpy would take the channels apart six times as slowly
        tensor[0, channel, :height, :width] = plane
    return tensor


def decode(grids: Sequence[Floats], sides: Sequence[int], threshold: float) -> Rows:
    """Return the cells with a score of at least `threshold`.

    Args:
        grids: What the network gave, in the order of `OUTPUTS`.
        sides: Height and width of what it was given.
        threshold: From 0 to 1.
    """
    classes, objects, boxes, points = (np.concatenate(grids[i : i + 3], 1)[0] for i in (0, 3, 6, 9))
    score = np.sqrt(classes * objects)[:, 0]  # both come out of sigmoids
    index = np.flatnonzero(score >= threshold)
    cell, stride = (table[index] for table in cells(*sides))
    rows = np.empty((len(index), 15), np.float32)
    rows[:, 2:4] = size = np.exp(boxes[index, 2:]) * stride
    rows[:, :2] = (cell[:, :2] + boxes[index, :2]) * stride - size / 2
    rows[:, 4:14] = (cell + points[index]) * stride
    rows[:, 14] = score[index]
    return rows


@lru_cache(maxsize=32)
def cells(height: int, width: int) -> tuple[Floats, Floats]:
    """Return the columns and rows of all cells, in the order of `STRIDES`, five times (N, 10), and strides (N, 1)."""
    grids = [np.mgrid[: height // stride, : width // stride].reshape(2, -1) for stride in STRIDES]
    places = np.concatenate([np.tile(grid[::-1].T, 5) for grid in grids])
    strides = np.repeat(STRIDES, [grid.shape[1] for grid in grids])[:, None]
    return places.astype(np.float32), strides.astype(np.float32)


def suppress(rows: Rows, iou: float) -> Rows:
    """Return the rows that no row of a higher score overlaps by more than `iou`, best first (greedy NMS)."""
    if len(rows) < 2:
        return rows
    return rows[cv2.dnn.NMSBoxes(rows[:, :4].tolist(), rows[:, 14].tolist(), 0.0, iou, top_k=MAX_CANDIDATES)]


def detection(row: Sequence[float], scale: tuple[float, float]) -> Detection:
    """Return one row in the pixels of a picture that is `scale` times as large."""
    across, down = scale
    x, y, width, height, *marks, score = row
    a, b, c, d, e = ((across * u, down * v) for u, v in zip(marks[::2], marks[1::2], strict=True))
    return Detection(PixelBox(across * x, down * y, across * width, down * height), (a, b, c, d, e), score)
