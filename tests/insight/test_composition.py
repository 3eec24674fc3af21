"""Steps of the meeting's line that are due to who has a score, and the course of those who have one throughout."""

import math

import numpy as np
import pytest
from eventful_meeting import PARTS, Part, S, an_eventful_meeting
from roompulse_server.insight.summary.composition import LEAST_STEP, MOST_OF_SAME


def test_a_step_that_comes_with_leaving_is_told_with_who_left() -> None:
    meeting = an_eventful_meeting()
    joined, left = meeting.composition_effects
    assert (joined.start_us, joined.joined_ids, joined.left_ids) == (180 * S, ("p001",), ())
    assert (left.start_us, left.left_ids, left.joined_ids) == (540 * S, ("p000", "p004"), ())
    assert joined.difference > LEAST_STEP
    assert left.difference < -LEAST_STEP
    for effect in (joined, left):
        assert abs(effect.difference_of_same) <= MOST_OF_SAME * abs(effect.difference)


def test_a_fall_of_those_who_stay_is_not_put_down_to_who_left() -> None:
    stayers = [Part(f"Guest {n}", 0.8, drops=((300, 900),)) for n in range(3)]
    meeting = an_eventful_meeting((Part("Ada", 0.8, there=((0, 300),)), *stayers))
    assert meeting.composition_effects == ()


def test_nobody_s_leaving_is_told_where_the_line_does_not_move() -> None:
    same = (Part("Ada", there=((0, 450),)), Part("Bob"), Part("Cyd"))
    assert an_eventful_meeting(same).composition_effects == ()


def test_people_who_leave_one_after_the_other_make_one_step() -> None:
    leaving = [Part(f"Guest {n}", 0.85, there=((0, 400 + 12 * n),)) for n in range(3)]
    (effect,) = an_eventful_meeting((*leaving, Part("Ada", 0.5), Part("Bob", 0.5))).composition_effects
    assert effect.left_ids == ("p000", "p001", "p002")
    assert effect.difference == pytest.approx(-0.35, abs=0.03)


def test_the_last_to_leave_leave_nothing_to_compare_with() -> None:
    ends = (Part("Ada", 0.85, there=((0, 450),)), Part("Bob", 0.5, there=((0, 450),)))
    assert an_eventful_meeting(ends).composition_effects == ()


def test_the_step_is_that_of_the_timeline() -> None:
    meeting = an_eventful_meeting()
    medians = [point.engagement_median or math.nan for point in meeting.timeline]
    for effect in meeting.composition_effects:
        border = effect.start_us // (10 * S)
        seen = np.mean(medians[border + 1 : border + 4]) - np.mean(medians[border - 3 : border])
        assert effect.difference == pytest.approx(seen, abs=0.03)


def test_the_course_is_of_those_who_are_there_from_start_to_end() -> None:
    leaving = (Part("Ada", 0.85, there=((0, 500),)), Part("Bob", 0.85, there=((0, 500),)), Part("Cyd", 0.6))
    change = an_eventful_meeting(leaving).change
    assert change is not None
    assert change.difference == pytest.approx(0.0, abs=0.03)
    falling = an_eventful_meeting(tuple(Part(part.name, 0.8, drops=((600, 900),)) for part in PARTS[:3])).change
    assert falling is not None
    assert falling.difference == pytest.approx(-0.3, abs=0.05)
    assert falling.p_value < 0.01


def test_of_people_who_never_meet_there_is_no_course() -> None:
    apart = (Part("Ada", there=((0, 400),)), Part("Bob", there=((400, 900),)))
    assert an_eventful_meeting(apart).change is None
