"""`vision.pose` once more, written with numpy's matrices as the method is usually put down: slower, easily checked."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from roompulse_vision.faces.pose import CANONICAL, DAMPING, DISTANCE, MAX_STEP
from roompulse_vision.types import HeadPose

Array = NDArray[np.float64]


def matrix_pose(landmarks_px: Sequence[tuple[float, float]]) -> HeadPose:
    """Return the pose behind five points that do not coincide."""
    points = np.array(landmarks_px, np.float64)
    points -= points.mean(0)
    points /= np.abs(points).max()
    right, down, towards = in_perspective(points, *nearest_rotation(points))
    return HeadPose(
        yaw_deg=math.degrees(-math.asin(towards[0])),
        pitch_deg=math.degrees(math.atan2(towards[1], towards[2])),
        roll_deg=math.degrees(math.atan2(down[0], right[0])),
    )


def nearest_rotation(points: Array) -> tuple[Array, float]:
    """Return rotation (3, 3), rows right, down, towards, and scale: polar decomposition by singular values."""
    solver = np.linalg.pinv(CANONICAL - CANONICAL.mean(0))
    u, sizes, vt = np.linalg.svd((solver @ points).T, full_matrices=False)
    plane = u @ vt
    return np.vstack([plane, np.cross(*plane)]), float(sizes.mean())


def in_perspective(points: Array, rotation: Array, scale: float) -> Array:
    """Return the rotation after one Gauss-Newton step over three angles and the scale."""
    x, y, z = rotation @ CANONICAL.T
    near = 1 / (1 - z / DISTANCE)
    u, v = x * near, y * near
    lean_u, lean_v = u * near / DISTANCE, v * near / DISTANCE
    nod, turn = (lean_u * y, lean_v * y - near * z), (near * z - lean_u * x, -lean_v * x)
    slopes = np.array([nod, turn, (-near * y, near * x), (u, v)])
    slopes -= slopes.mean(2, keepdims=True)
    misfit, jacobian = (points.T / scale - slopes[3]).ravel(), slopes.reshape(4, -1)
    step = np.linalg.solve(jacobian @ jacobian.T + DAMPING * np.eye(4), jacobian @ misfit)[:3].clip(-MAX_STEP, MAX_STEP)
    angle = float(np.linalg.norm(step))
    a, b, c = step / angle
    axis = np.array([(0, -c, b), (c, 0, -a), (-b, a, 0)])
    turned: Array = (np.eye(3) + math.sin(angle) * axis + (1 - math.cos(angle)) * axis @ axis) @ rotation
    return turned
