"""Who is who, by laws: stable under trembling, no swap on passing, sticky, never taking over a neighbour."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from roompulse_vision.faces.tracker import MultiTracker, Primary, PrimaryTracker, iou
from roompulse_vision.types import Box

LEFT, RIGHT = Box(0.1, 0.3, 0.2, 0.3), Box(0.6, 0.3, 0.2, 0.3)
rates = st.sampled_from([0.2, 0.5, 1.0, 2.0, 5.0, 30.0])


def moved(box: Box, dx: float, dy: float = 0.0, scale: float = 1.0) -> Box:
    return Box(box.x + dx, box.y + dy, box.width * scale, box.height * scale)


def scores(*boxes: Box) -> list[float | None]:
    return [0.9] * len(boxes)


@given(st.lists(st.tuples(*[st.floats(-0.02, 0.02)] * 4, st.floats(0.9, 1.1)), min_size=1, max_size=20), rates)
def test_trembling_faces_keep_their_tracks(jitters: list[tuple[float, ...]], rate_hz: float) -> None:
    tracker = MultiTracker()
    for i, (a, b, c, d, scale) in enumerate(jitters):
        boxes = [moved(LEFT, a, b, scale), moved(RIGHT, c, d, scale)]
        order = [1, 0] if i % 2 else [0, 1]  # a detector's order means nothing
        assert tracker.follow(i / rate_hz, [boxes[k] for k in order]) == [k + 1 for k in order]


@given(
    apart=st.floats(0.55, 1.5),
    steps=st.integers(15, 60),
    rate_hz=st.sampled_from([5.0, 10.0, 30.0]),
)
def test_faces_that_pass_one_another_do_not_swap(apart: float, steps: int, rate_hz: float) -> None:
    """One above the other by `apart` of their height: they overlap by at most 0.3 (IoU)."""
    tracker = MultiTracker()
    for i in range(steps + 1):
        at = i / steps
        first, second = Box(0.1 + 0.6 * at, 0.1, 0.2, 0.3), Box(0.7 - 0.6 * at, 0.1 + apart * 0.3, 0.2, 0.3)
        assert iou(first, second) <= 0.3
        assert tracker.follow(i / rate_hz, [first, second]) == [1, 2]


def test_numbers_count_on_and_are_never_used_again() -> None:
    tracker = MultiTracker(first_track=7)
    assert tracker.follow(0, [LEFT, RIGHT]) == [7, 8]
    assert tracker.follow(1, [RIGHT]) == [8]
    assert tracker.follow(2.5, [RIGHT]) == [8]
    assert tracker.alive == {8}
    assert tracker.follow(3, [RIGHT, LEFT]) == [8, 9]


@pytest.mark.parametrize(("back_s", "track"), [(1.9, 1), (2.1, 2)])
def test_a_short_gap_is_survived_and_a_long_one_is_not(back_s: float, track: int) -> None:
    tracker = MultiTracker()
    assert tracker.follow(0, [LEFT]) == [1]
    assert tracker.follow(0.5, []) == []
    assert tracker.follow(back_s, [LEFT]) == [track]


@pytest.mark.parametrize(("next_s", "track"), [(5.0, 1), (7.0, 2)])
def test_the_slowest_rate_keeps_a_track_and_a_hole_does_not(next_s: float, track: int) -> None:
    tracker = MultiTracker()
    tracker.follow(0, [LEFT])
    assert tracker.follow(next_s, [moved(LEFT, 0.02)]) == [track]


def test_reach_grows_with_time_but_ends_before_the_next_chair() -> None:
    far = moved(LEFT, 0.26)  # 1.3 widths
    tracker = MultiTracker()
    tracker.follow(0, [LEFT])
    assert tracker.follow(0.2, [far]) == [2]
    tracker = MultiTracker()
    tracker.follow(0, [LEFT])
    assert tracker.follow(1.0, [far]) == [1]
    tracker = MultiTracker()
    tracker.follow(0, [LEFT])
    assert tracker.follow(1.9, [moved(LEFT, 0.4)]) == [2]


def test_a_face_of_another_size_within_reach_is_another_face() -> None:
    tracker = MultiTracker()
    tracker.follow(0, [LEFT])
    assert tracker.follow(0.2, [Box(LEFT.x + 0.07, LEFT.y + 0.12, 0.04, 0.06)]) == [2]


@given(st.lists(st.lists(st.builds(Box, *[st.floats(-1, 2)] * 2, *[st.floats(0, 1)] * 2), max_size=6), max_size=12))
def test_tracks_of_one_picture_differ_and_are_known(looks: list[list[Box]]) -> None:
    tracker = MultiTracker()
    for i, boxes in enumerate(looks):
        tracks = tracker.follow(i * 0.7, boxes)
        assert len(set(tracks)) == len(boxes)
        assert set(tracks) <= tracker.alive


@given(*[st.builds(Box, *[st.floats(-1, 1)] * 2, *[st.floats(0.01, 1)] * 2)] * 2)
def test_iou_is_symmetric_and_one_for_the_same(a: Box, b: Box) -> None:
    assert iou(a, b) == pytest.approx(iou(b, a))
    assert 0 <= iou(a, b) <= 1 + 1e-9
    assert iou(a, a) == pytest.approx(1)


def test_the_primary_face_is_the_largest_and_stays_it() -> None:
    tracker, small = PrimaryTracker(), moved(RIGHT, 0, scale=0.5)
    assert tracker.follow(0, [small, LEFT], scores(small, LEFT)) == Primary(1, 1, several=False)
    grown = moved(RIGHT, 0, scale=1.3)
    assert tracker.follow(1, [grown, LEFT], scores(grown, LEFT)) == Primary(1, 1, several=True)


def test_a_neighbour_never_takes_over_from_a_face_that_just_left() -> None:
    tracker, neighbour = PrimaryTracker(), moved(LEFT, 0.25, scale=0.7)  # within reach of a second
    assert tracker.follow(0, [LEFT, neighbour], scores(LEFT, neighbour)) is not None
    for time_s in (0.5, 1.0, 1.5, 2.0):
        assert tracker.follow(time_s, [neighbour], scores(neighbour)) is None
    assert tracker.follow(2.5, [neighbour], scores(neighbour)) == Primary(0, 2, several=False)


@given(rates, st.integers(1, 9))
def test_a_lone_face_is_one_track_at_any_rate(rate_hz: float, first: int) -> None:
    tracker = PrimaryTracker(first)
    for i in range(12):
        assert tracker.follow(i / rate_hz, [moved(LEFT, 0.01 * (i % 2))], [None]) == Primary(0, first, several=False)


def test_a_face_after_a_long_absence_may_be_another_one() -> None:
    tracker = PrimaryTracker()
    tracker.follow(0, [LEFT], [0.9])
    assert tracker.follow(1, [], []) is None
    assert tracker.follow(3, [], []) is None
    assert tracker.follow(3.2, [LEFT], [0.9]) == Primary(0, 2, several=False)


@pytest.mark.parametrize(
    ("scale", "score", "several"),
    [(0.56, 0.9, True), (0.53, 0.9, False), (1.0, 0.74, False), (1.0, 0.76, True), (1.0, None, True)],
)
def test_another_face_counts_when_large_and_sure(scale: float, score: float | None, several: bool) -> None:
    other = moved(RIGHT, 0, scale=scale)
    primary = PrimaryTracker().follow(0, [moved(LEFT, 0, scale=1.001), other], [0.9, score])
    assert primary == Primary(0, 1, several)
