"""Rates: kept on average, lowered evenly, given back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from roompulse_vision.frame_sampler import FrameSampler
from roompulse_vision.rate_governor import MIN_RATE_HZ, TARGET, TOLERANCE, WINDOW_S, Governor


@given(st.floats(0.5, 30), st.floats(1, 60))
def test_a_beat_keeps_the_mean_rate(rate_hz: float, frames_hz: float) -> None:
    beat, seconds = FrameSampler(), 20
    due = sum(beat.due(round(i * 1e6 / frames_hz), rate_hz) for i in range(round(frames_hz * seconds)))
    expected = min(rate_hz, frames_hz) * seconds
    assert expected * 0.5 - 2 <= due <= expected + 2  # a period is never cut short; frames quantise it


def test_a_beat_is_exact_where_frames_allow() -> None:
    beat = FrameSampler()
    due = sum(beat.due(round(i * 1e6 / 24), 3.0) for i in range(24 * 60))
    assert 178 <= due <= 181


def test_a_beat_survives_a_clock_that_jumps() -> None:
    beat = FrameSampler()
    assert beat.due(10_000_000, 5)
    assert beat.due(0, 5)
    assert not beat.due(100_000, 5)
    assert beat.due(90_000_000, 5)
    assert not beat.due(90_100_000, 5)


def test_zero_means_every_picture() -> None:
    assert all(FrameSampler().due(i, 0.0) for i in range(5))


class Served:
    """A worker whose streams ask for `asked` looks a second in all, each `look_s` long, beside decoding."""

    def __init__(self) -> None:
        self.governor, self.now_s = Governor(0.0), 0.0

    def run(self, seconds: int, *, decoding: float, look_s: float, asked: float) -> None:
        for _ in range(round(seconds / WINDOW_S)):
            due = asked * self.governor.scale * WINDOW_S
            looks = min(due, (1.0 - decoding) * WINDOW_S / look_s)
            busy_s = decoding * WINDOW_S + looks * look_s
            self.governor.worked(busy_s, looks * look_s, round(looks), round(due - looks))
            self.now_s += WINDOW_S
            self.governor.tick(self.now_s)


@given(st.floats(0.1, 0.7), st.floats(0.002, 0.02), st.integers(20, 600))
def test_rates_fall_until_there_is_headroom_and_no_further(decoding: float, look_s: float, asked: int) -> None:
    worker = Served()
    worker.run(30, decoding=decoding, look_s=look_s, asked=asked)
    wanted = decoding + look_s * asked
    assert worker.governor.busy_fraction <= TARGET + TOLERANCE + 0.05
    assert worker.governor.busy_fraction >= min(wanted, TARGET - TOLERANCE) - 0.05
    assert worker.governor.load == pytest.approx(wanted, rel=0.25)  # looks are whole numbers


def test_an_overload_is_answered_within_a_second_and_rest_gives_all_back() -> None:
    worker = Served()
    worker.run(1, decoding=0.4, look_s=0.01, asked=120)
    assert worker.governor.rate_hz(3.0) == pytest.approx(3 * (TARGET - 0.4) / 1.2, abs=0.2)
    worker.run(10, decoding=0.2, look_s=0.01, asked=30)
    assert worker.governor.scale == 1.0
    assert worker.governor.rate_hz(3.0) == 3.0


def test_nobody_falls_below_one_look_a_second_or_what_was_asked() -> None:
    worker = Served()
    worker.run(5, decoding=0.95, look_s=0.02, asked=500)
    assert worker.governor.rate_hz(5.0) == MIN_RATE_HZ
    assert worker.governor.rate_hz(0.5) == 0.5


def test_a_load_that_fits_changes_nothing() -> None:
    governor = Governor(0.0)
    governor.worked(0.42, 0.2, looks=20, superseded=0)
    assert not governor.tick(WINDOW_S)
    assert governor.busy_fraction == pytest.approx(0.84)
    assert governor.scale == 1.0
