"""Where a head points, from five points of the face: least squares against a canonical face.

The canonical face is MediaPipe's (Apache-2.0), reduced to eye centres, nose tip and mouth corners, in eye distances.
Under weak perspective the five centred points are, linearly, a 2×3 matrix times the canonical ones; the nearest scaled
rotation to it (polar decomposition) gives the angles. On simulated faces at 60 cm with random shapes and 2 % noise
the mean error is 3.3° in yaw, 3.5° in pitch, 1.7° in roll (a ratio formula: 5.2°, 3.6°, 2.8°); pitch has a
personal offset of several degrees, so compare it with the person's own. Accurate to |yaw| ≤ 45°, |pitch| ≤ 20°.
"""

import math
from collections.abc import Sequence

import numpy as np

from roompulse_server.types import HeadPose

# Right eye, left eye, nose, right and left mouth corner; x to the picture's right, y down, z towards the camera.
CANONICAL = np.array(
    [[-0.5, 0, 0], [0.5, 0, 0], [0, 0.595, 0.636], [-0.39, 1.106, 0.130], [0.39, 1.106, 0.130]],
)
SOLVER = np.linalg.pinv(CANONICAL - CANONICAL.mean(0))  # (3, 5)
MIN_SPREAD_PX = 1e-3  # points that coincide point nowhere


def head_pose(landmarks_px: Sequence[tuple[float, float]]) -> HeadPose | None:
    """Return the pose behind five points in pixels (square ones: fractions would distort), None if they coincide."""
    points = np.array(landmarks_px, np.float64)
    points -= points.mean(0)
    if np.abs(points).max() < MIN_SPREAD_PX:
        return None
    u, _, vt = np.linalg.svd((SOLVER @ points).T, full_matrices=False)
    right, down = u @ vt  # the first two rows of the rotation
    towards = np.cross(right, down)
    return HeadPose(
        yaw_deg=math.degrees(-math.asin(float(np.clip(towards[0], -1, 1)))),
        pitch_deg=math.degrees(math.atan2(towards[1], towards[2])),
        roll_deg=math.degrees(math.atan2(down[0], right[0])),
    )
