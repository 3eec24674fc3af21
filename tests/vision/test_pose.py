"""Angles from five points, against a face of the same shape that is turned and projected."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pose_twin import matrix_pose
from roompulse_training.posing import Marks, Setting, marks
from roompulse_vision.faces.pose import CANONICAL, head_pose
from roompulse_vision.types import HeadPose

yaws, pitches, rolls = st.floats(-45, 45), st.floats(-20, 20), st.floats(-30, 30)


def projected(yaw_deg: float, pitch_deg: float, roll_deg: float, distance_cm: float = 60.0) -> Marks:
    """Return the canonical face in a pose, at (320, 180)."""
    points = marks(CANONICAL, (yaw_deg, pitch_deg, roll_deg), Setting(distance_cm=distance_cm), np.random.default_rng())
    return [(320 + x, 180 + y) for x, y in points]


def angles(pose: HeadPose | None) -> list[float]:
    assert pose is not None
    return [pose.yaw_deg, pose.pitch_deg, pose.roll_deg]


@given(yaws, pitches, rolls)
def test_a_face_at_60_cm_is_read_within_half_a_degree(yaw_deg: float, pitch_deg: float, roll_deg: float) -> None:
    pose = head_pose(projected(yaw_deg, pitch_deg, roll_deg))
    assert angles(pose) == pytest.approx([yaw_deg, pitch_deg, roll_deg], abs=0.5)


@given(yaws, pitches, rolls, st.floats(40, 200))
def test_a_face_elsewhere_is_read_within_five_degrees(
    yaw_deg: float, pitch_deg: float, roll_deg: float, distance_cm: float
) -> None:
    pose = head_pose(projected(yaw_deg, pitch_deg, roll_deg, distance_cm))
    assert angles(pose) == pytest.approx([yaw_deg, pitch_deg, roll_deg], abs=5)


@given(yaws, pitches, rolls, st.floats(0, 0.1), st.integers(0, 1000))
def test_the_closed_form_is_what_matrices_give(
    yaw_deg: float, pitch_deg: float, roll_deg: float, noise: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    points = marks(CANONICAL, (yaw_deg, pitch_deg, roll_deg), Setting(noise=noise), rng)
    assert angles(head_pose(points)) == pytest.approx(angles(matrix_pose(points)), abs=1e-9)


@pytest.mark.parametrize("yaw_deg", [-80, -60, 60, 80])
def test_a_profile_is_one(yaw_deg: float) -> None:
    assert angles(head_pose(projected(yaw_deg, 5, 5))) == pytest.approx([yaw_deg, 5, 5], abs=1)


@given(yaws, pitches, rolls, st.floats(0.05, 20), st.floats(-1e4, 1e4))
def test_size_and_place_do_not_matter(
    yaw_deg: float, pitch_deg: float, roll_deg: float, scale: float, shift: float
) -> None:
    points = projected(yaw_deg, pitch_deg, roll_deg)
    moved = [(scale * x + shift, scale * y - shift) for x, y in points]
    assert angles(head_pose(moved)) == pytest.approx(angles(head_pose(points)), abs=1e-6)


@given(yaws, pitches, rolls)
def test_a_mirrored_face_turns_and_tilts_the_other_way(yaw_deg: float, pitch_deg: float, roll_deg: float) -> None:
    points = projected(yaw_deg, pitch_deg, roll_deg)
    a, b, c, d, e = ((640 - x, y) for x, y in points)
    yaw, pitch, roll = angles(head_pose(points))
    assert angles(head_pose([b, a, c, e, d])) == pytest.approx([-yaw, pitch, -roll], abs=1e-6)


def test_the_signs_are_those_of_the_contract() -> None:
    right, up, clockwise = (head_pose(projected(*t)) for t in ((30, 0, 0), (0, 15, 0), (0, 0, 20)))
    nose_x = [projected(yaw, 0, 0)[2][0] for yaw in (0, 30)]
    assert nose_x[1] > nose_x[0]  # the nose goes to the picture's right
    assert angles(right)[0] > 25
    assert angles(up)[1] > 10
    assert angles(clockwise)[2] == pytest.approx(20, abs=1)


def test_points_that_coincide_point_nowhere() -> None:
    assert head_pose([(5.0, 5.0)] * 5) is None


@pytest.mark.parametrize("toward", [(1.0, 0.0), (0.0, 1.0), (0.7, -0.4)])
def test_points_on_a_line_are_some_face(toward: tuple[float, float]) -> None:
    pose = head_pose([(step * toward[0], step * toward[1]) for step in range(5)])
    assert all(math.isfinite(angle) for angle in angles(pose))


@given(st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)), min_size=5, max_size=5))
def test_any_points_give_finite_angles(points: list[tuple[float, float]]) -> None:
    pose = head_pose(points)
    assert pose is None or all(math.isfinite(angle) for angle in angles(pose))
