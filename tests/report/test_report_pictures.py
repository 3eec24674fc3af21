"""The geometry of the pictures: thinning, curves, axes, the plane, bars, moments."""

import itertools
import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import MOMENTS, a_meeting
from roompulse_server.report.axis import Scale, reach, score_scale, time_marks_us
from roompulse_server.report.curve import HEIGHT, WIDTH, band, line, steps
from roompulse_server.report.moment_mark import moment_marks
from roompulse_server.report.naming import by_name
from roompulse_server.report.plane import BADGE, SIDE, plane_of
from roompulse_server.report.resolution import MAX_SLOTS, Slots, meeting_slots, participant_slots, slots_for
from roompulse_server.report.share import expression_parts, time_parts
from roompulse_server.report.wall_clock import wall_clock
from roompulse_vision.types import LABELS

S = 1_000_000
FOUR = Slots(4, 10 * S, 40 * S)
scores = st.lists(st.none() | st.floats(0.2, 1.0), min_size=4, max_size=4).map(tuple)


def places(path: str) -> list[tuple[int, int]]:
    return [(int(x), int(y)) for x, y in re.findall(r"(-?\d+) (-?\d+)", path)]


def test_short_meetings_keep_their_ten_seconds_and_long_ones_share_slots() -> None:
    assert slots_for(a_meeting(8, 10)) == Slots(60, 10 * S, 600 * S)
    long = slots_for(a_meeting(1, 150))
    assert (long.count, long.length_us) == (300, 30 * S)
    assert slots_for(a_meeting(100, 30)).count * 104 <= 12_500
    assert slots_for(a_meeting(0, 0)).count == 0


def test_merging_keeps_the_weighted_means() -> None:
    summary = a_meeting(3, 150)
    slots = slots_for(summary)
    assert slots.length_us == 30 * S
    assert slots.count <= MAX_SLOTS
    first = [point.engagement_median for point in summary.timeline[:3]]
    assert meeting_slots(summary, slots).engagement[0] == pytest.approx(np.mean([one for one in first if one]))
    values, coverage = participant_slots(summary.participants[0], slots)
    means = [(v, c) for v, c in zip(values, coverage, strict=True) if v is not None and c is not None]
    whole = sum(v * c for v, c in means) / sum(c for _, c in means)
    assert whole == pytest.approx(summary.participants[0].engagement.mean, abs=1e-3)


def test_windows_that_were_not_given_out_leave_a_gap_and_means_stand_for_medians() -> None:
    summary = a_meeting(6, 2)
    points = [replace(point, engagement_median=None) for point in summary.timeline]
    groups = replace(summary, participants=(), timeline=(points[1], *points[7:]))
    slots = slots_for(groups)
    values = meeting_slots(groups, slots)
    assert (slots.count, values.average) == (12, "mean")
    assert values.engagement[0] is None
    assert values.engagement[1] == points[1].engagement_mean
    assert values.engagement[2:7] == (None,) * 5
    assert values.engagement[7:] == pytest.approx([point.engagement_mean for point in points[7:]])
    assert values.seen[0] is None
    assert meeting_slots(summary, slots).average == "median"


@given(scores)
def test_a_line_has_a_piece_for_each_run_and_stays_in_its_frame(values: tuple[float | None, ...]) -> None:
    path = line(values, FOUR, Scale(0.2))
    runs = sum(v is not None and (not i or values[i - 1] is None) for i, v in enumerate(values))
    assert path.count("M") == runs
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in places(path))
    assert len(places(path)) == sum(v is not None for v in values) + 2 * runs  # and both edges of each run


def test_a_curve_is_where_its_numbers_are() -> None:
    assert line((None, 0.6, None, 1.0), FOUR, Scale(0.2)) == "M250 100L375 100L500 100M750 0L875 0L1000 0"
    assert steps((1.0, 2.0, None, None), FOUR, 2.0) == "M0 200V100H250V0H500V200Z"
    assert places(band((0.2, None, None, None), (1.0, None, None, None), FOUR, Scale(0.2)))[0] == (0, 0)
    assert band((None,) * 4, (None,) * 4, FOUR, Scale(0.2)) == ""


@given(st.integers(0, 100_000))
def test_time_marks_are_few_and_within_the_meeting(seconds: int) -> None:
    marks = time_marks_us(seconds * S)
    assert 1 <= len(marks) <= 7
    assert marks[0] == 0
    assert marks[-1] <= seconds * S


def test_scores_below_the_formula_s_lowest_widen_the_scale() -> None:
    summary = a_meeting(2, 1)
    assert score_scale(summary) == Scale(0.2)
    person = summary.participants[0]
    low = replace(person, engagement=replace(person.engagement, minimum=0.05))
    scale = score_scale(replace(summary, participants=(low,)))
    assert scale == Scale(0.0)
    assert scale.marks[-1] == 0.0
    assert [scale.y(score) for score in (1.0, 0.25, 0.0)] == [0.0, 0.75, 1.0]


@given(st.lists(st.floats(-1, 1), max_size=5))
def test_the_plane_reaches_everything(values: list[float]) -> None:
    assert 0.2 <= reach(values) <= 1.0
    assert all(abs(value) <= reach(values) + 1e-3 for value in values)


def test_numbers_in_the_plane_do_not_hide_each_other() -> None:
    summary = a_meeting(25, 5)  # twenty with a camera, all of them alike
    plane = plane_of(summary, by_name(summary.participants))
    badges = [mark.badge for mark in plane.marks if mark.badge]
    assert [mark.number for mark in plane.marks] == list(range(1, 21))
    assert len(badges) == 20
    assert all(BADGE <= x <= SIDE - BADGE and BADGE <= y <= SIDE - BADGE for x, y in badges)
    distances = [math.dist(one, other) for i, one in enumerate(badges) for other in badges[:i]]
    assert min(distances) >= 1.6 * BADGE  # their figures stay apart


def test_a_crowd_has_no_numbers() -> None:
    summary = a_meeting(100, 1)
    assert not any(mark.badge for mark in plane_of(summary, by_name(summary.participants)).marks)


def test_bars_are_whole() -> None:
    summary = a_meeting(5, 3)
    for person in summary.participants:
        for parts in (time_parts(person), expression_parts(person.expressions)):
            assert not parts or sum(part.share for part in parts) == pytest.approx(1.0)
            assert all(a.start + a.share == pytest.approx(b.start) for a, b in itertools.pairwise(parts))
    assert expression_parts((math.nan,) * len(LABELS)) == ()
    (alone,) = time_parts(summary.participants[4])
    assert (alone.key, alone.caption) == ("reason-camera-off", "camera off 100\u00a0%")


def test_moments_near_each_other_stand_in_different_lanes() -> None:
    marks = moment_marks(MOMENTS, {"p000": "Ada", "p001": "Bob"}, Slots(360, 10 * S, 3600 * S), wall_clock(0, "UTC"))
    assert [mark.lane for mark in marks] == [0, 1, 0]
    assert [mark.who for mark in marks] == ["Ada", "Bob", "Ada, p002 and p003"]
    assert (marks[0].time, marks[0].wall_time) == ("10:00 to 10:45", "00:10")
    assert (marks[0].start, marks[0].stop) == (600 / 3600, 645 / 3600)
