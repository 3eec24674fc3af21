"""Where a head points, from five points of the face: perspective least squares against a canonical face.

    points ─▶ scaled rotation nearest to the affine fit (weak perspective) ─▶ one Gauss-Newton step with perspective

The canonical face is MediaPipe's (Apache-2.0), reduced to eye centres, nose tip and mouth corners, in eye distances.
The first guess overrates a turn and is some 4° off in pitch, because the nose is nearer to the camera than the eyes;
the step takes that back for a face at `DISTANCE`. A face at another distance, or a lens of another angle, costs about
a degree. A step further changes the mean error by less than 0.1°. What remains is the person's shape, above all in
pitch: so compare with the person's own reference. Simulated errors, cost and rivals: docs/pose.md.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from roompulse_server.types import HeadPose

# Right eye, left eye, nose, right and left mouth corner; x to the picture's right, y down, z towards the camera.
CANONICAL = np.array(
    [[-0.5, 0, 0], [0.5, 0, 0], [0, 0.595, 0.636], [-0.39, 1.106, 0.130], [0.39, 1.106, 0.130]],
)
DISTANCE = 9.5  # eye distances to the camera: 60 cm for the canonical 6.3 cm
SOLVER = np.linalg.pinv(CANONICAL - CANONICAL.mean(0))  # (3, 5)
MIN_SPREAD_PX = 1e-3  # points that coincide point nowhere
MIN_SCALE = 1e-3  # of the spread: points that no face projects to
DAMPING = 1e-6 * np.eye(4)  # points on a line leave a direction open: then stay there
MAX_STEP = 0.5  # radians, and share of the scale

Array = NDArray[np.float64]


def head_pose(landmarks_px: Sequence[tuple[float, float]]) -> HeadPose | None:
    """Return the pose behind five points in pixels (square ones: fractions would distort), None if they coincide."""
    points = np.array(landmarks_px, np.float64)
    points -= points.mean(0)
    spread = float(np.abs(points).max())
    if spread < MIN_SPREAD_PX:
        return None
    return angles(in_perspective(points / spread, *nearest_rotation(points / spread)))


def angles(rotation: Array) -> HeadPose:
    """Return the angles of a rotation whose rows say where the face's right, down and towards go."""
    right, down, towards = rotation
    return HeadPose(
        yaw_deg=math.degrees(-math.asin(min(1.0, max(-1.0, towards[0])))),
        pitch_deg=math.degrees(math.atan2(towards[1], towards[2])),
        roll_deg=math.degrees(math.atan2(down[0], right[0])),
    )


def nearest_rotation(points: Array) -> tuple[Array, float]:
    """Return rotation (3, 3) and scale behind centred points (5, 2), without perspective (polar decomposition)."""
    u, sizes, vt = np.linalg.svd((SOLVER @ points).T, full_matrices=False)
    (a, b, c), (d, e, f) = (u @ vt).tolist()
    rotation = np.array([(a, b, c), (d, e, f), (b * f - c * e, c * d - a * f, a * e - b * d)])
    return rotation, max(float(sizes.mean()), MIN_SCALE)


def in_perspective(points: Array, rotation: Array, scale: float) -> Array:
    """Return a rotation that fits better: one Gauss-Newton step over turn and scale, with the place eliminated.

    The model is (x, y) / (1 - z / DISTANCE) of the rotated canonical face. A small turn ω moves a point (x, y, z) by
    ω × (x, y, z) = (ωy·z - ωz·y, ωz·x - ωx·z, ωx·y - ωy·x).
    """
    x, y, z = rotation @ CANONICAL.T
    near = 1 / (1 - z / DISTANCE)
    u, v = x * near, y * near
    lean_u, lean_v = u * near / DISTANCE, v * near / DISTANCE
    slopes = np.array(
        [
            (lean_u * y, lean_v * y - near * z),
            (near * z - lean_u * x, -lean_v * x),
            (-near * y, near * x),
            (u, v),
        ]
    )
    slopes -= slopes.mean(2, keepdims=True)
    misfit = (points.T / scale - slopes[3]).ravel()
    jacobian = slopes.reshape(4, -1)
    step = np.linalg.solve(jacobian @ jacobian.T + DAMPING, jacobian @ misfit)
    return turned(rotation, *step[:3].clip(-MAX_STEP, MAX_STEP).tolist())


def turned(rotation: Array, x: float, y: float, z: float) -> Array:
    """Return a rotation turned further about the axes, radians (Rodrigues)."""
    angle = math.sqrt(x * x + y * y + z * z)
    if angle == 0.0:
        return rotation
    axis = np.array([(0, -z, y), (z, 0, -x), (-y, x, 0)]) / angle
    across = axis @ rotation
    whole: Array = rotation + math.sin(angle) * across + (1 - math.cos(angle)) * (axis @ across)
    return whole
