"""Rates: kept on average, lowered evenly, given back."""

from hypothesis import given
from hypothesis import strategies as st
from roompulse_server.engine.governor import MIN_RATE_HZ, Beat, Governor


@given(st.floats(0.5, 30), st.floats(1, 60))
def test_a_beat_keeps_the_mean_rate(rate_hz: float, frames_hz: float) -> None:
    beat, seconds = Beat(), 20
    due = sum(beat.due(round(i * 1e6 / frames_hz), rate_hz) for i in range(round(frames_hz * seconds)))
    expected = min(rate_hz, frames_hz) * seconds
    assert expected * 0.5 - 2 <= due <= expected + 2  # a period is never cut short; frames quantise it


def test_a_beat_is_exact_where_frames_allow() -> None:
    beat = Beat()
    due = sum(beat.due(round(i * 1e6 / 24), 3.0) for i in range(24 * 60))
    assert 178 <= due <= 181


def test_a_beat_survives_a_clock_that_jumps() -> None:
    beat = Beat()
    assert beat.due(10_000_000, 5)
    assert beat.due(0, 5)
    assert not beat.due(100_000, 5)
    assert beat.due(90_000_000, 5)
    assert not beat.due(90_100_000, 5)


def test_zero_means_every_picture() -> None:
    assert all(Beat().due(i, 0.0) for i in range(5))


def test_overload_lowers_rates_towards_one_a_second_and_rest_gives_them_back() -> None:
    governor = Governor(0.0)
    for second in range(1, 60):
        governor.worked(0.99, superseded=5)
        governor.tick(float(second))
    assert governor.rate_hz(5.0) == MIN_RATE_HZ
    assert governor.rate_hz(0.5) == 0.5
    for second in range(60, 100):
        governor.worked(0.3, superseded=0)
        governor.tick(float(second))
    assert governor.scale == 1.0


def test_busy_without_loss_changes_nothing() -> None:
    governor = Governor(0.0)
    governor.worked(0.99, superseded=0)
    assert not governor.tick(1.0)
    assert governor.busy_fraction == 0.99
