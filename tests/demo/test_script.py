"""The demo's meeting: who does what when."""

import dataclasses
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.script import CAST, DURATION_S, Act, Role, beat, camera_is_on, envelope, idle, pose
from demo.warp import Pose

MEMBERS = {field.name for field in dataclasses.fields(Pose)}


@pytest.mark.parametrize("role", CAST, ids=lambda role: role.participant_id)
def test_all_acts_are_within_the_meeting_and_move_something(role: Role) -> None:
    for act in role.acts:
        assert 0 <= act.start_s < act.end_s <= DURATION_S
        assert act.member in MEMBERS


def test_the_cast_does_all_that_the_demo_promises() -> None:
    done = {act.member for role in CAST for act in role.acts}
    assert {"turn_deg", "raise_deg", "smile", "gone"} <= done
    assert any(role.camera_off for role in CAST)


@given(at_s=st.floats(0, DURATION_S), delay_s=st.floats(1e-4, 0.02))
def test_movement_is_continuous(at_s: float, delay_s: float) -> None:
    """No member jumps: the largest step is that of a nod, 7° · 2π · 1.1 Hz, beside the idle sway and a blink."""
    for role in CAST:
        before, after = (dataclasses.astuple(pose(role, moment)) for moment in (at_s, at_s + delay_s))
        assert max(abs(a - b) for a, b in zip(before, after, strict=True)) <= 130 * delay_s


@given(at_s=st.floats(0, DURATION_S - 1))
def test_nobody_ever_stands_still_for_a_second(at_s: float) -> None:
    for role in CAST:
        poses = [pose(role, at_s + step / 4) for step in range(5)]
        for one, next_one in itertools.combinations(poses, 2):
            moved = abs(one.turn_deg - next_one.turn_deg) + abs(one.breath - next_one.breath)
            if moved > 0.2:
                break
        else:
            raise AssertionError(f"{role.participant_id} hardly moves at {at_s}")


def test_an_act_fades_in_and_out() -> None:
    act = Act(10, 20, "smile", 1.0)
    assert [envelope(act, at) for at in (9.9, 10, 15, 20, 20.1)] == [0, 0, 1, 0, 0]
    assert 0.4 < envelope(act, 10.35) < 0.6


def test_a_beat_swings_and_a_held_act_does_not() -> None:
    assert beat(Act(0, 9, "raise_deg", 1.0), 3.3) == 1
    assert beat(Act(0, 9, "raise_deg", 1.0, beat_hz=1.0), 0.25) == pytest.approx(1)
    assert beat(Act(0, 9, "raise_deg", 1.0, beat_hz=1.0), 0.75) == pytest.approx(-1)


def test_acts_come_on_top_of_the_idle_movements() -> None:
    grace = CAST[0]
    assert pose(grace, 48).turn_deg == pytest.approx(idle(48, grace.phase).turn_deg + 40)


def test_the_camera_is_off_when_the_script_says_so() -> None:
    grace, eileen = CAST
    assert [camera_is_on(grace, at) for at in (63.9, 64.0, 83.9, 84.0)] == [True, False, False, True]
    assert camera_is_on(eileen, 70)
