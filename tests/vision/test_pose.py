"""Angles from five points, against a face of the same shape that is turned and projected."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from roompulse_server.types import HeadPose
from roompulse_server.vision.pose import CANONICAL, head_pose

EYE_DISTANCE_CM = 6.3
DISTANCE_CM = 60.0
FOCAL_PX = 600.0

yaws, pitches, rolls = st.floats(-45, 45), st.floats(-20, 20), st.floats(-30, 30)


def rotation(yaw_deg: float, pitch_deg: float, roll_deg: float) -> NDArray[np.float64]:
    """Return what turns a face: first nod, then turn, then tilt; x right, y down, z towards the camera."""
    y, p, r = map(math.radians, (yaw_deg, pitch_deg, roll_deg))
    nod = np.array([[1, 0, 0], [0, math.cos(p), -math.sin(p)], [0, math.sin(p), math.cos(p)]])
    turn = np.array([[math.cos(y), 0, math.sin(y)], [0, 1, 0], [-math.sin(y), 0, math.cos(y)]])
    tilt = np.array([[math.cos(r), -math.sin(r), 0], [math.sin(r), math.cos(r), 0], [0, 0, 1]])
    whole: NDArray[np.float64] = tilt @ turn @ nod
    return whole


def projected(yaw_deg: float, pitch_deg: float, roll_deg: float, perspective: bool) -> list[tuple[float, float]]:
    points = (CANONICAL - CANONICAL.mean(0)) @ rotation(yaw_deg, pitch_deg, roll_deg).T * EYE_DISTANCE_CM
    depth = DISTANCE_CM - points[:, 2] if perspective else np.full(5, DISTANCE_CM)
    return [(320 + FOCAL_PX * x / z, 180 + FOCAL_PX * y / z) for (x, y, _), z in zip(points, depth, strict=True)]


def angles(pose: HeadPose | None) -> list[float]:
    assert pose is not None
    return [pose.yaw_deg, pose.pitch_deg, pose.roll_deg]


@given(yaws, pitches, rolls)
def test_a_face_far_away_is_read_exactly(yaw_deg: float, pitch_deg: float, roll_deg: float) -> None:
    pose = head_pose(projected(yaw_deg, pitch_deg, roll_deg, perspective=False))
    assert angles(pose) == pytest.approx([yaw_deg, pitch_deg, roll_deg], abs=1e-6)


@given(yaws, pitches, st.floats(-15, 15))
def test_a_face_at_60_cm_is_read_within_5_degrees(yaw_deg: float, pitch_deg: float, roll_deg: float) -> None:
    pose = head_pose(projected(yaw_deg, pitch_deg, roll_deg, perspective=True))
    assert angles(pose) == pytest.approx([yaw_deg, pitch_deg, roll_deg], abs=5)


def test_trembling_points_cost_a_few_degrees_on_average() -> None:
    rng = np.random.default_rng(3)
    errors = []
    for _ in range(300):
        truth = rng.uniform(-45, 45), rng.uniform(-20, 20), rng.uniform(-15, 15)
        points = np.array(projected(*truth, perspective=True))
        points += rng.normal(0, 0.02 * 63, points.shape)  # 2 % of the distance between the eyes
        errors.append(np.abs(np.subtract(angles(head_pose([(x, y) for x, y in points.tolist()])), truth)))
    assert (np.mean(errors, 0) < [3, 4, 2]).all()


@given(yaws, pitches, rolls)
def test_a_mirrored_face_turns_and_tilts_the_other_way(yaw_deg: float, pitch_deg: float, roll_deg: float) -> None:
    points = projected(yaw_deg, pitch_deg, roll_deg, perspective=True)
    a, b, c, d, e = ((640 - x, y) for x, y in points)
    yaw, pitch, roll = angles(head_pose(points))
    assert angles(head_pose([b, a, c, e, d])) == pytest.approx([-yaw, pitch, -roll], abs=1e-6)


def test_the_signs_are_those_of_the_contract() -> None:
    right, up, clockwise = (head_pose(projected(*t, perspective=True)) for t in ((30, 0, 0), (0, 15, 0), (0, 0, 20)))
    nose_x = [projected(yaw, 0, 0, perspective=True)[2][0] for yaw in (0, 30)]
    assert nose_x[1] > nose_x[0]  # the nose goes to the picture's right
    assert angles(right)[0] > 25
    assert angles(up)[1] > 10
    assert angles(clockwise)[2] == pytest.approx(20, abs=1)


def test_points_that_coincide_point_nowhere() -> None:
    assert head_pose([(5.0, 5.0)] * 5) is None


@given(st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)), min_size=5, max_size=5))
def test_any_points_give_finite_angles(points: list[tuple[float, float]]) -> None:
    pose = head_pose(points)
    assert pose is None or all(math.isfinite(angle) for angle in angles(pose))
