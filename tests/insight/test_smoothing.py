"""Smoothing against the exact answer of its differential equation."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from roompulse_server.insight.scoring.smoothing import Smoother

NAN = math.nan


@settings(deadline=None)
@given(times=st.lists(st.floats(0.01, 1.4), min_size=1, max_size=30), tau_s=st.floats(0.1, 5), slope=st.floats(-5, 5))
def test_a_ramp_is_followed_exactly_at_any_times(times: list[float], tau_s: float, slope: float) -> None:
    smoother, now_s = Smoother(tau_s, 1.5, 1), 0.0
    smoother.put(0.0, (0.0,))
    for wait_s in times:
        now_s += wait_s
        (value,) = smoother.put(now_s, (slope * now_s,))
        exact = slope * (now_s - tau_s * (1 - math.exp(-now_s / tau_s)))
        assert value == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize(("rate_hz", "allowed"), [(1, 0.06), (2, 0.02), (5, 0.003)])
def test_a_wave_comes_out_the_same_at_any_rate(rate_hz: int, allowed: float) -> None:
    def after(rate: int) -> list[float]:
        smoother = Smoother(1.0, 1.5, 1)
        values = [smoother.put(n / rate, (math.sin(n / rate),))[0] for n in range(20 * rate)]
        return values[::rate]

    assert after(rate_hz)[3:] == pytest.approx(after(100)[3:], abs=allowed)


def test_after_a_gap_it_starts_afresh() -> None:
    smoother = Smoother(1.0, 1.5, 2)
    smoother.put(0.0, (1.0, 1.0))
    assert smoother.put(1.6, (0.0, 0.5)) == (0.0, 0.5)


def test_an_unknown_value_stays_unknown_and_harms_no_other() -> None:
    smoother = Smoother(1.0, 1.5, 2)
    smoother.put(0.0, (NAN, 1.0))
    first, second = smoother.put(1.0, (0.5, 1.0))
    assert first == 0.5
    assert second == pytest.approx(1.0)
    first, _ = smoother.put(1.2, (NAN, 1.0))
    assert math.isnan(first)


def test_two_samples_of_one_moment_leave_the_value_alone() -> None:
    smoother = Smoother(1.0, 1.5, 1)
    smoother.put(0.0, (1.0,))
    assert smoother.put(0.0, (5.0,)) == (1.0,)


def test_no_time_constant_is_no_smoothing() -> None:
    smoother = Smoother(0.0, 1.5, 1)
    smoother.put(0.0, (1.0,))
    assert smoother.put(0.1, (0.25,)) == (0.25,)
