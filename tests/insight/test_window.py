"""The window against a slow twin that keeps everything, and its bounds."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from roompulse_server.insight.scoring.window import Sample, Sums, TrailingWindow

LENGTH_S, HOLD_S = 10.0, 1.5
samples = st.none() | st.builds(Sample, st.floats(0.4, 1), st.floats(0.5, 1))
steps = st.lists(st.tuples(st.floats(0.03, 3), samples), min_size=1, max_size=40)


def slow(history: list[tuple[float, Sample | None]], now_s: float) -> Sums:
    """Integrate over every interval of the whole history."""
    valid_s = facing = expression = 0.0
    following: list[tuple[float, Sample | None]] = [*history[1:], (now_s, None)]
    for (start_s, sample), (next_s, after) in zip(history, following, strict=True):
        if sample is None:
            continue
        stop_s = min(next_s, start_s + HOLD_S)
        value = sample
        if after is not None and stop_s == next_s:
            value = Sample((sample.facing + after.facing) / 2, (sample.expression + after.expression) / 2)
        overlap_s = max(0.0, min(stop_s, now_s) - max(start_s, now_s - LENGTH_S))
        valid_s += overlap_s
        facing += overlap_s * value.facing
        expression += overlap_s * value.expression
    return Sums(valid_s, facing / valid_s, expression / valid_s) if valid_s else Sums(0, 0, 0)


@settings(max_examples=200, deadline=None)
@given(steps=steps, later_s=st.floats(0, 12))
def test_the_means_are_those_of_the_whole_history(steps: list[tuple[float, Sample | None]], later_s: float) -> None:
    window, history, now_s = TrailingWindow(LENGTH_S, HOLD_S), list[tuple[float, Sample | None]](), 0.0
    for wait_s, sample in steps:
        now_s += wait_s
        window.put(now_s, sample)
        history.append((now_s, sample))
        assert window.means(now_s) == pytest.approx(slow(history, now_s), abs=1e-9)
    assert window.means(now_s + later_s) == pytest.approx(slow(history, now_s + later_s), abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(steps=steps)
def test_a_restored_window_says_the_same_at_that_moment(steps: list[tuple[float, Sample | None]]) -> None:
    window, now_s = TrailingWindow(LENGTH_S, HOLD_S), 0.0
    for wait_s, sample in steps:
        now_s += wait_s
        window.put(now_s, sample)
    other = TrailingWindow(LENGTH_S, HOLD_S)
    other.restore(now_s + 0.1, window.state(now_s + 0.1))
    assert other.means(now_s + 0.1) == pytest.approx(window.means(now_s + 0.1), abs=1e-9)


def test_hours_leave_no_error_and_no_memory_behind() -> None:
    window, chance = TrailingWindow(LENGTH_S, HOLD_S), random.Random(1)
    now_s = 0.0
    for _ in range(100_000):
        now_s += chance.uniform(0.0001, 0.004)
        window.put(now_s, Sample(chance.uniform(0.4, 1), chance.uniform(0.5, 1)))
    assert len(list(window._segments())) < 2 * LENGTH_S / 0.02
    for _ in range(60):
        now_s += 0.2
        window.put(now_s, Sample(0.7, 0.55))
    assert window.means(now_s) == pytest.approx((10.0, 0.7, 0.55), abs=1e-12)


def test_a_sample_holds_for_a_second_and_a_half() -> None:
    window = TrailingWindow(LENGTH_S, HOLD_S)
    window.put(0.0, Sample(1.0, 1.0))
    assert [window.means(at).valid_s for at in (0.0, 1.0, 1.5, 9.0)] == [0.0, 1.0, 1.5, 1.5]
    assert window.means(11.0).valid_s == pytest.approx(0.5)
    assert window.means(11.5) == Sums(0.0, 0.0, 0.0)
