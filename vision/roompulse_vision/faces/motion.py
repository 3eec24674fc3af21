"""Does a face live? How much of it changed within a second that no movement of the whole explains.

    thumbnail now ──┐
                    ├─ aligned three ways: same box · same place in the picture · affine registration ─▶ the least of
    about 1 s ago ──┘   the three; of each: the mean absolute difference of the block of 8×8 pixels that changed most

A photo, an avatar or a stalled encoder changes by re-encoding, by sensor noise and by panning. The detector's box
trembles even on a still, so the same place in the picture is compared too; a photo that is moved about is registered.
What is left of a still is spread evenly, while a blink, a word, a glance changes a block: so the block that changed
most tells the two apart two times better than the mean over the face (figures: docs/detection.md).
"""

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roompulse_vision.faces.quality import SIDE, Thumbnail
from roompulse_vision.types import Box

STILL_BELOW = 6.0  # grey levels: stills stay below 5, real faces exceed 15 within ten seconds
REFERENCE_AGE_S = 1.0
TOLERANCE_S = 0.1  # frames come a little early
MAX_AGE_S = 2.5  # older references say nothing about a second
KEEP_EVERY_S = 0.15  # no need for more at high rates
MEASURE_EVERY_S = 0.9  # while a face lives beyond doubt: registration takes as long as reading a tenth of an expression
LIVELY = 2.0  # times STILL_BELOW
REGISTER_ABOVE = 2.0  # grey levels: what lies below is still, registered or not
BLOCK = 8
MARGIN = 4  # pixels lost at the edges, where registration has nothing to look at
STEPS = 3  # of registration; each halves what is left, at least

_INNER = slice(MARGIN, SIDE - MARGIN)
_PLACES = (np.mgrid[0:SIDE, 0:SIDE][::-1] - (SIDE - 1) / 2)[:, _INNER, _INNER].reshape(2, -1).astype(np.float32)
_TO_CENTRE = np.array([[1, 0, -(SIDE - 1) / 2], [0, 1, -(SIDE - 1) / 2], [0, 0, 1.0]])
_TO_CORNER = np.linalg.inv(_TO_CENTRE)


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A face as it was: `box` in fractions of the watched region, `face` smoothed."""

    time_s: float
    box: Box
    face: Thumbnail


def smoothed(face: Thumbnail) -> Thumbnail:
    """Return `face` with noise of single pixels averaged away."""
    return np.asarray(cv2.blur(face, (3, 3)), np.float32)


class MotionMeter:
    """The last seconds of one track."""

    def __init__(self) -> None:
        self._past: deque[Snapshot] = deque()
        self._measured_s, self._measured = 0.0, 0.0

    def reference(self, time_s: float) -> Snapshot | None:
        """Return the newest snapshot that is about a second old, None where there is none."""
        while self._past and time_s - self._past[0].time_s > MAX_AGE_S:
            self._past.popleft()
        old = [snapshot for snapshot in self._past if time_s - snapshot.time_s >= REFERENCE_AGE_S - TOLERANCE_S]
        return old[-1] if old else None

    def lively(self, time_s: float) -> float | None:
        """Return what was measured within the last second, if it left no doubt: then it need not be measured again."""
        young = 0 <= time_s - self._measured_s < MEASURE_EVERY_S
        return self._measured if young and self._measured > LIVELY * STILL_BELOW else None

    def note(self, time_s: float, measured: float) -> None:
        """Remember a motion."""
        self._measured_s, self._measured = time_s, measured

    def keep(self, snapshot: Snapshot) -> None:
        """Remember a face for later comparisons."""
        if not self._past or snapshot.time_s - self._past[-1].time_s >= KEEP_EVERY_S:
            self._past.append(snapshot)


def motion(now: Thumbnail, at_old_place: Thumbnail, reference: Thumbnail) -> float:
    """Return the motion in grey levels, 0 to 255.

    Args:
        now: The face, smoothed.
        at_old_place: What the picture shows now where the reference's box was, smoothed.
        reference: The face about a second before, smoothed.
    """
    least = min(largest_block(now, reference), largest_block(at_old_place, reference))
    return least if least < REGISTER_ABOVE else min(least, largest_block(now, registered(now, reference)))


def largest_block(a: Thumbnail, b: Thumbnail) -> float:
    """Return the largest mean absolute difference over the blocks, after `b` is given the light of `a`."""
    x, y = _centred(b), _centred(a)
    spread = float(np.vdot(x, x))
    gain = float(np.vdot(x, y)) / spread if spread > 1e-6 * x.size else 0.0
    blocks = cv2.resize(np.abs(y - gain * x), (x.shape[1] // BLOCK, x.shape[0] // BLOCK), interpolation=cv2.INTER_AREA)
    return float(blocks.max())


def _centred(face: Thumbnail) -> Thumbnail:
    inner = face[_INNER, _INNER]
    return inner - np.float32(cv2.mean(inner)[0])


def registered(target: Thumbnail, moving: Thumbnail) -> Thumbnail:
    """Return `moving` warped onto `target`: affine, least squares on gradients, light free.

    The gradients are the target's, so that one matrix serves every step: a step says by which small map the target
    would look more like what was warped, and the warp takes it back (inverse compositional: Baker and Matthews 2004,
    10.1023/B:VISI.0000011205.11775.fd).
    """
    level = target[_INNER, _INNER].ravel()
    solver = _solver(target, level)
    towards, warped = np.eye(3), moving
    for _ in range(STEPS):
        x, y, xx, xy, yx, yy = (solver @ (warped[_INNER, _INNER].ravel() - level)).tolist()
        towards = np.array([[1 + xx, xy, x], [yx, 1 + yy, y], [0, 0, 1]]) @ towards
        matrix = (_TO_CORNER @ towards @ _TO_CENTRE)[:2]
        warped = np.asarray(cv2.warpAffine(moving, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE), np.float32)
    return warped


def _solver(target: Thumbnail, level: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return (6, pixels): what makes of a difference from the target the small affine map, about the centre, behind it.

    Rows: shift x and y, what x gains by x and by y, what y gains by x and by y. Light (gain and offset) is left free.
    """
    gx = cv2.Sobel(target, cv2.CV_32F, 1, 0, scale=1 / 8)[_INNER, _INNER].ravel()
    gy = cv2.Sobel(target, cv2.CV_32F, 0, 1, scale=1 / 8)[_INNER, _INNER].ravel()
    jacobian = np.empty((8, level.size), np.float32)
    jacobian[0], jacobian[1], jacobian[6], jacobian[7] = gx, gy, level, 1
    np.multiply(gx, _PLACES, out=jacobian[2:4])
    np.multiply(gy, _PLACES, out=jacobian[4:6])
    normal = (jacobian @ jacobian.T).astype(np.float64) + 1e-3 * np.eye(8)  # a flat face has no gradients: then stay
    return np.linalg.inv(normal)[:6] @ jacobian
