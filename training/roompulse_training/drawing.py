"""Faces drawn from action units: enough for a network to learn from, and nobody's. Pure numpy, deterministic.

Coordinates: x right, y down, -1 to 1 over the picture. Edges are soft over a pixel or two.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from roompulse_vision.types import ACTION_UNITS

Doubles = NDArray[np.float64]
Picture = NDArray[np.uint8]
SIDE = 112  # pixels, as Aff-Wild2's aligned crops


@dataclass(frozen=True, slots=True)
class Person:
    """Who is drawn. Colours are BGR, 0 to 255; the rest is relative to the picture's half side."""

    skin: tuple[float, ...]
    hair: tuple[float, ...]
    backdrop: tuple[float, ...]
    eye_distance: float
    face_width: float

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Self:
        """Return somebody."""
        tone = rng.uniform(0.45, 1.0)
        skin = tuple((np.array([170, 195, 235]) * tone + rng.normal(0, 6, 3)).tolist())
        hair, backdrop = (tuple(rng.uniform(low, high, 3).tolist()) for low, high in ((10, 90), (60, 220)))
        return cls(skin, hair, backdrop, float(rng.uniform(0.32, 0.40)), float(rng.uniform(0.66, 0.76)))


class Canvas:
    """A picture in the making."""

    def __init__(self, side: int, backdrop: tuple[float, ...]) -> None:
        self._edge = side / 3
        axis = (np.arange(side) + 0.5) * 2 / side - 1
        self.x, self.y = axis[None, :].repeat(side, 0), axis[:, None].repeat(side, 1)
        self.pixels = np.full((side, side, 3), backdrop, np.float64)

    def fill(self, depth: Doubles, colour: tuple[float, ...]) -> None:
        """Paint where `depth`, the distance inside a shape's edge, is positive."""
        share = (depth * self._edge + 0.5).clip(0, 1)[:, :, None]
        self.pixels = self.pixels * (1 - share) + np.array(colour) * share

    def disc(self, x: float, y: float, width: float, height: float) -> Doubles:
        """Return the depth in an ellipse with these half axes."""
        radius = np.hypot((self.x - x) / width, (self.y - y) / max(height, 1e-3))
        return np.asarray((1 - radius) * min(width, max(height, 1e-3)), np.float64)

    def line(self, start: tuple[float, float], end: tuple[float, float], thickness: float) -> Doubles:
        """Return the depth in a line with round ends."""
        (ax, ay), (bx, by) = start, end
        along = ((self.x - ax) * (bx - ax) + (self.y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2)
        along = along.clip(0, 1)
        return np.asarray(thickness - np.hypot(self.x - ax - along * (bx - ax), self.y - ay - along * (by - ay)))


def face(units: Doubles, person: Person, side: int = SIDE, noise: np.random.Generator | None = None) -> Picture:
    """Return a face, uint8 (side, side, 3) BGR, that shows `units` (12,), 0 to 1 in the order of `ACTION_UNITS`."""
    au = dict(zip(ACTION_UNITS, units.tolist(), strict=True))
    canvas = Canvas(side, person.backdrop)
    canvas.fill(canvas.disc(0, -0.15, person.face_width + 0.12, 0.92), person.hair)
    canvas.fill(canvas.disc(0, 0.02 + 0.04 * au[26], person.face_width, 0.86 + 0.06 * au[26]), person.skin)
    for way in (-1, 1):
        _eye(canvas, au, person, way)
    canvas.fill(canvas.line((0, -0.05), (0.03, 0.18), 0.035), tuple(0.8 * c for c in person.skin))
    _mouth(canvas, au)
    grain = 0 if noise is None else noise.normal(0, 4, canvas.pixels.shape)
    picture: Picture = (canvas.pixels + grain).clip(0, 255).round().astype(np.uint8)
    return picture


def _eye(canvas: Canvas, au: dict[int, float], person: Person, way: int) -> None:
    middle, dark = way * person.eye_distance, tuple(0.7 * c for c in person.skin)
    opening = 0.085 * (1 - 0.35 * au[6]) * (1 - 0.45 * au[7])
    canvas.fill(canvas.disc(middle, -0.2, 0.15, opening), (245, 245, 245))
    canvas.fill(
        np.minimum(canvas.disc(middle, -0.2, 0.065, 0.065), canvas.disc(middle, -0.2, 0.15, opening)), (40, 30, 20)
    )
    cheek = -0.02 - 0.06 * au[6]
    canvas.fill(canvas.line((middle - 0.12, cheek), (middle + 0.12, cheek), 0.012 + 0.025 * au[6]), dark)
    inner = (middle - way * (0.15 + 0.05 * au[4]), -0.38 - 0.14 * au[1] + 0.10 * au[4])
    outer = (middle + way * 0.17, -0.38 - 0.14 * au[2] + 0.04 * au[4])
    canvas.fill(canvas.line(inner, outer, 0.035), person.hair)


def _mouth(canvas: Canvas, au: dict[int, float]) -> None:
    half = 0.27 + 0.09 * au[12] - 0.09 * au[24] - 0.04 * au[23]
    bend = (canvas.x / half) ** 2 * (-0.16 * au[12] + 0.14 * au[15])
    middle = 0.47 + 0.06 * au[12] - 0.05 * au[15]
    gap = (0.05 * au[25] + 0.17 * au[26]) * (1 - (canvas.x / half) ** 2)
    lips = 0.045 * (1 - 0.45 * au[23]) * (1 - 0.5 * au[24])
    upper, lower = middle + bend - gap / 2 - lips - 0.08 * au[10], middle + bend + gap / 2 + lips
    inside = np.minimum(half - np.abs(canvas.x), np.minimum(canvas.y - upper, lower - canvas.y))
    canvas.fill(inside, (90, 85, 185))
    hollow = np.minimum(canvas.y - (middle + bend - gap / 2), (middle + bend + gap / 2) - canvas.y)
    canvas.fill(np.minimum(half - np.abs(canvas.x), hollow - 0.012), (35, 20, 60))
