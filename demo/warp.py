"""Move a portrait's head and face by smooth warps: pure, deterministic, about two milliseconds a picture.

Lengths are in eye distances, from the point between the eyes, x to the right and y down. A turn slides the face over
a head that is round: each point of the new picture looks up where on the old one it comes from (a backward warp, so
nothing tears), most in the middle, not at all at the head's edge, and steadily between, so nothing folds. The nose
stands out from the head by what the canonical face has between eyes and nose tip; smile, brows, jaw and lids are pulls
on the skin around a point.
"""

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from demo.portrait import HEIGHT, WIDTH, Picture, Portrait

Number = TypeVar("Number", np.float64, np.uint8)
Field = NDArray[np.float64]  # (rows, columns) or (rows, columns, 2) on the grid

GRID_PX = 4  # one field value for 4×4 pixels: finer than any movement below
HEAD = (0.0, 0.35)
HEAD_HALF_WIDTH, HEAD_HALF_HEIGHT = 1.35, 1.75
NOSE, NOSE_REACH, NOSE_HEIGHT = (0.0, 0.6), 0.45, 0.55
NECK = (0.0, 2.0)


@dataclass(frozen=True, slots=True)
class Pose:
    """What a person does at one moment. Angles in degrees, below 45; the others from 0 (not at all) to 1 (fully)."""

    turn_deg: float = 0.0  # positive to the picture's right
    raise_deg: float = 0.0  # positive up
    tilt_deg: float = 0.0  # positive clockwise
    smile: float = 0.0
    surprise: float = 0.0  # brows up, jaw down
    blink: float = 0.0
    gone: float = 0.0  # 1: out of the picture, to its left
    breath: float = 0.0  # pixels up


class Puppet:
    """A portrait that takes poses."""

    def __init__(self, portrait: Portrait) -> None:
        self._portrait = portrait
        columns, rows = np.meshgrid(np.arange(0, WIDTH, GRID_PX), np.arange(0, HEIGHT, GRID_PX))
        pixels = np.stack([columns, rows], axis=-1)
        self._points: Field = (pixels - np.array(portrait.centre)) / portrait.eye_distance
        self._smile, self._surprise, self._blink = expressions(self._points)

    def picture(self, pose: Pose) -> Picture:
        """Return the portrait in this pose, WIDTH × HEIGHT, BGR."""
        moved = self._points + np.array([pose.gone * WIDTH, pose.breath]) / self._portrait.eye_distance
        source = self._pixels(self._without_expression(turned(moved, pose), pose))
        # A grid value belongs to the corner of its 4×4 pixels; a plain resize would put it into their middle.
        scale = np.array([[GRID_PX, 0.0, 0.0], [0.0, GRID_PX, 0.0]])
        every = cv2.warpAffine(source, scale, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
        return looked_up(self._portrait.picture, np.asarray(every, dtype=np.float32))

    def _without_expression(self, points: Field, pose: Pose) -> Field:
        """Undo the pulls on the skin, which are looked up where the points are on the unturned face."""
        pulls = pose.smile * self._smile + pose.surprise * self._surprise + pose.blink * self._blink
        return points - looked_up(pulls, self._pixels(points) / np.float32(GRID_PX))

    def _pixels(self, points: Field) -> NDArray[np.float32]:
        return (points * self._portrait.eye_distance + self._portrait.centre).astype(np.float32)


def looked_up(values: NDArray[Number], at: NDArray[np.float32]) -> NDArray[Number]:
    """Return the values at fractional (x, y) positions; beyond the edge, those of the edge."""
    nothing = np.empty(0, dtype=np.float32)
    found = cv2.remap(values, at, nothing, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, dtype=values.dtype)


def turned(points: Field, pose: Pose) -> Field:
    """Return where each point of a turned, raised and tilted head is on the head as it was pictured."""
    points = tilted(points, np.radians(pose.tilt_deg))
    turn, lift = np.radians(pose.turn_deg), np.radians(pose.raise_deg)
    across, down = points[..., 0] - HEAD[0], points[..., 1] - HEAD[1]
    half_width = HEAD_HALF_WIDTH * np.sqrt(np.clip(1 - (down / HEAD_HALF_HEIGHT) ** 2, 1e-3, 1))
    half_height = HEAD_HALF_HEIGHT * np.sqrt(np.clip(1 - (across / HEAD_HALF_WIDTH) ** 2, 1e-3, 1))
    x = HEAD[0] + slid(across, half_width, turn)
    y = HEAD[1] + slid(down, half_height, -lift)
    nose = NOSE_HEIGHT * hill(np.stack([x, y], -1) - 0.5 * nose_shift(turn, lift), NOSE, NOSE_REACH)
    return np.stack([x, y], -1) - nose[..., None] * nose_shift(turn, lift)


def nose_shift(turn: float, lift: float) -> Field:
    return np.array([np.sin(turn), -np.sin(lift)])


def slid(position: Field, half: Field, angle: float) -> Field:
    """Slide positions back around a round body of half-width `half`; those outside it stay.

    On the body a position is an angle a = arcsin(position / half). It moves by `angle` in the middle, by
    angle · cos²(a) elsewhere: the edges hold, and below 57° the order of points is kept (1 − angle · sin 2a > 0).
    """
    inside = np.abs(position) < half
    a = np.arcsin(np.clip(position / half, -1, 1))
    return np.where(inside, half * np.sin(a - angle * np.cos(a) ** 2), position)


def tilted(points: Field, angle: float) -> Field:
    """Turn the head back in the picture's plane about the neck, the less the further away."""
    weight = hill(points, HEAD, 1.6)
    x, y = points[..., 0] - NECK[0], points[..., 1] - NECK[1]
    return points + angle * np.stack([y * weight, -x * weight], -1)


def hill(points: Field, centre: tuple[float, float], reach: float) -> Field:
    """A smooth hill of height 1 around a point; `reach` is its standard deviation."""
    return np.asarray(np.exp(-0.5 * ((points - centre) ** 2).sum(axis=-1) / reach**2))


def expressions(points: Field) -> tuple[Field, Field, Field]:
    """Return the pulls of a full smile, surprise and blink."""
    corners = both(points, (0.42, 1.10), (0.2, -0.26), 0.16)
    cheeks = both(points, (0.5, 0.7), (0.02, -0.1), 0.25) + both(points, (0.5, 0.1), (0.0, -0.06), 0.12)
    jaw = hill(points, (0.0, 1.32), 0.24)[..., None] * np.array([0.0, 0.22])
    surprise = both(points, (0.5, -0.38), (0.0, -0.14), 0.26) + jaw
    return corners + cheeks, surprise, both(points, (0.5, -0.07), (0.0, 0.12), 0.10)


def both(points: Field, at: tuple[float, float], by: tuple[float, float], reach: float) -> Field:
    """Pull the skin around a point, and around its twin on the other side of the face."""
    right = hill(points, at, reach)[..., None] * np.array(by)
    left = hill(points, (-at[0], at[1]), reach)[..., None] * np.array([-by[0], by[1]])
    return np.asarray(right + left)
