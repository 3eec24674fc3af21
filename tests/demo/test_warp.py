"""The warps of the demo: smooth, deterministic, and where they should be."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.portrait import HEIGHT, WIDTH, Portrait, eileen_collins, grace_hopper
from demo.warp import Field, Pose, Puppet, slid, turned

ANGLES = st.floats(-0.78, 0.78)  # ±45°


def points(x: float, y: float) -> Field:
    return np.array([[[x, y]]])


@pytest.mark.parametrize("make", [grace_hopper, eileen_collins])
def test_a_portrait_at_rest_stays_as_it_is(make: Callable[[], Portrait]) -> None:
    portrait = make()
    still = Puppet(portrait).picture(Pose())
    assert still.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(still.astype(int) - portrait.picture).mean() < 0.5


def test_the_same_pose_gives_the_same_picture() -> None:
    pose = Pose(turn_deg=30, smile=1, blink=0.5)
    portrait = grace_hopper()
    np.testing.assert_array_equal(Puppet(portrait).picture(pose), Puppet(portrait).picture(pose))


@given(angle=ANGLES)
def test_sliding_never_folds_and_holds_the_edges(angle: float) -> None:
    positions = np.linspace(-1.5, 1.5, 301)
    moved = slid(positions, np.full_like(positions, 1.0), angle)
    assert (np.diff(moved) > 0).all()
    np.testing.assert_allclose(moved[np.abs(positions) >= 1], positions[np.abs(positions) >= 1])


@given(angle=ANGLES)
def test_the_middle_slides_by_the_angle(angle: float) -> None:
    assert slid(np.array(0.0), np.array(1.0), angle) == pytest.approx(-np.sin(angle))


def test_a_turn_to_the_right_takes_the_nose_from_its_left() -> None:
    (x, y) = turned(points(0.6, 0.6), Pose(turn_deg=25))[0, 0]
    assert x < 0.25
    assert y == pytest.approx(0.6, abs=0.05)


def test_what_is_beside_the_head_does_not_turn() -> None:
    np.testing.assert_allclose(turned(points(4.0, 1.0), Pose(turn_deg=40)), points(4.0, 1.0), atol=1e-3)


def test_gone_leaves_only_the_backdrop() -> None:
    gone = Puppet(eileen_collins()).picture(Pose(gone=1.0)).astype(float)
    across = np.abs(np.diff(gone, axis=1)).mean()
    there = np.abs(np.diff(eileen_collins().picture.astype(float), axis=1)).mean()
    assert across < 0.05 * there
