"""Where a head points, from five points of the face: perspective least squares against a canonical face.

    points ─▶ scaled rotation nearest to the affine fit (weak perspective) ─▶ one Gauss-Newton step with perspective

The canonical face is MediaPipe's (Apache-2.0), reduced to eye centres, nose tip and mouth corners, in eye distances.
The first guess overrates a turn and is some 4° off in pitch, because the nose is nearer to the camera than the eyes;
the step takes that back for a face at `DISTANCE`. A face at another distance, or a lens of another angle, costs about
a degree. A step further changes the mean error by less than 0.1°. What remains is the person's shape, above all in
pitch: so compare with the person's own reference. Simulated errors, cost and rivals: docs/pose.md.

What lies in the picture's plane is a complex number, x + iy: a roll is then a factor, and everything is solved in
closed form. With matrices, as in the tests, the same takes numpy more than twice as long.
"""

import cmath
import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul

import numpy as np

from roompulse_vision.types import HeadPose

# Right eye, left eye, nose, right and left mouth corner; x to the picture's right, y down, z towards the camera.
CANONICAL = np.array(
    [[-0.5, 0, 0], [0.5, 0, 0], [0, 0.595, 0.636], [-0.39, 1.106, 0.130], [0.39, 1.106, 0.130]],
)
DISTANCE = 9.5  # eye distances to the camera: 60 cm for the canonical 6.3 cm
MIN_SPREAD_PX = 1e-3  # points that coincide point nowhere
MIN_SCALE = 1e-3  # of the spread: points that no face projects to
FRONTAL = 1e-12  # of the spread: points on a line leave a direction open; then it is that of a face in front
DAMPING = 1e-6  # the same for the step: then stay there
MAX_STEP = 0.5  # radians, and share of the scale

_FACE: list[list[float]] = CANONICAL.tolist()
_SOLVER: list[list[float]] = np.linalg.pinv(CANONICAL - CANONICAL.mean(0)).tolist()  # (3, 5)

Points = list[complex]


@dataclass(frozen=True, slots=True)
class Rotation:
    """Where the face's axes (right, down, towards the camera) go: in the picture's plane, and towards the camera."""

    plane: tuple[complex, complex, complex]
    towards: tuple[float, float, float]


def head_pose(landmarks_px: Sequence[tuple[float, float]]) -> HeadPose | None:
    """Return the pose behind five points in pixels (square ones: fractions would distort), None if they coincide."""
    points = centred(landmarks_px)
    spread = max(max(abs(point.real), abs(point.imag)) for point in points)
    if spread < MIN_SPREAD_PX:
        return None
    points = [point / spread for point in points]
    return angles(in_perspective(points, *nearest_rotation(points)))


def centred(marks: Sequence[tuple[float, float]]) -> Points:
    """Return points about their middle."""
    return _about_middle([complex(x, y) for x, y in marks])


def angles(rotation: Rotation) -> HeadPose:
    """Return the angles of a rotation."""
    x, y, z = rotation.towards
    return HeadPose(
        yaw_deg=math.degrees(-math.asin(min(1.0, max(-1.0, x)))),
        pitch_deg=math.degrees(math.atan2(y, z)),
        roll_deg=math.degrees(cmath.phase(rotation.plane[0])),
    )


def nearest_rotation(points: Points) -> tuple[Rotation, float]:
    """Return rotation and scale behind centred points, without perspective (polar decomposition).

    With the affine fit w = p + iq, p and q in space, and n the direction of p × q, the orthonormal pair nearest to p
    and q is (w + i n × w) / t, t² = |w|² + 2 |p × q| the sum of the two singular values.
    """
    a, b, c = (sum(map(mul, row, points)) for row in _SOLVER)
    a, b = a + FRONTAL, b + FRONTAL * 1j
    x, y, z = (b.conjugate() * c).imag, (c.conjugate() * a).imag, (a.conjugate() * b).imag
    area = math.hypot(x, y, z)
    sizes = math.sqrt(abs(a) ** 2 + abs(b) ** 2 + abs(c) ** 2 + 2 * area)
    x, y, z = x / area, y / area, z / area
    right = (a + 1j * (y * c - z * b)) / sizes
    down = (b + 1j * (z * a - x * c)) / sizes
    towards = (c + 1j * (x * b - y * a)) / sizes
    return Rotation((right, down, towards), (x, y, z)), max(sizes / 2, MIN_SCALE)


def in_perspective(points: Points, rotation: Rotation, scale: float) -> Rotation:
    """Return a rotation that fits better: one Gauss-Newton step over turn and scale, with the place eliminated.

    The model is (x, y) / (1 - z / DISTANCE) of the rotated canonical face. A small turn ω moves a point (x, y, z) by
    ω × (x, y, z) = (ωy·z - ωz·y, ωz·x - ωx·z, ωx·y - ωy·x). So `nods` and `turns` are its slopes over ωx and ωy; over
    ωz it is i · `seen`, over the scale `seen`: one complex unknown, eliminated first.
    """
    nods, turns, seen = _slopes(rotation)
    misfit = [point / scale - model for point, model in zip(points, seen, strict=True)]
    stiffness = _dot(seen, seen).real + DAMPING
    by_nod, by_turn, by_misfit = (_dot(seen, column) / stiffness for column in (nods, turns, misfit))

    def left(a: Points, b: Points, by_a: complex, by_b: complex) -> float:
        return (_dot(a, b) - stiffness * by_a.conjugate() * by_b).real

    xx = left(nods, nods, by_nod, by_nod) + DAMPING
    yy = left(turns, turns, by_turn, by_turn) + DAMPING
    xy = left(nods, turns, by_nod, by_turn)
    x, y = left(nods, misfit, by_nod, by_misfit), left(turns, misfit, by_turn, by_misfit)
    area = xx * yy - xy * xy
    nod, turn = (yy * x - xy * y) / area, (xx * y - xy * x) / area
    roll = (by_misfit - by_nod * nod - by_turn * turn).imag
    return turned(rotation, *(min(MAX_STEP, max(-MAX_STEP, step)) for step in (nod, turn, roll)))


def _slopes(rotation: Rotation) -> tuple[Points, Points, Points]:
    """Return how the five points move with a nod and a turn, and where they are seen, each centred."""
    (right, down, out), (p, q, r) = rotation.plane, rotation.towards
    nods, turns, seen = [], [], []
    for a, b, c in _FACE:
        place, z = a * right + b * down + c * out, a * p + b * q + c * r
        near = 1 / (1 - z / DISTANCE)
        point = place * near
        lean = point * near / DISTANCE
        nods.append(lean * place.imag - 1j * near * z)
        turns.append(near * z - lean * place.real)
        seen.append(point)
    return _about_middle(nods), _about_middle(turns), _about_middle(seen)


def turned(rotation: Rotation, x: float, y: float, z: float) -> Rotation:
    """Return a rotation turned further about the axes, radians (Rodrigues)."""
    angle = math.hypot(x, y, z)
    if angle == 0.0:
        return rotation
    axis, spin = complex(x, y) / angle, z / angle
    sine, rest = math.sin(angle), 1 - math.cos(angle)
    plane, towards = [], []
    for point, depth in zip(rotation.plane, rotation.towards, strict=True):
        product = axis.conjugate() * point
        along = product.real + spin * depth
        plane.append(point + sine * 1j * (spin * point - axis * depth) + rest * (axis * along - point))
        towards.append(depth + sine * product.imag + rest * (spin * along - depth))
    return Rotation((plane[0], plane[1], plane[2]), (towards[0], towards[1], towards[2]))


def _about_middle(points: Points) -> Points:
    middle = sum(points) / len(points)
    return [point - middle for point in points]


def _dot(a: Points, b: Points) -> complex:
    """Return the sum over a* · b; of columns of real numbers its real part is their product."""
    return sum(map(mul, map(complex.conjugate, a), b), 0j)
