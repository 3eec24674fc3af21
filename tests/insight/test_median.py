"""The running medians, against numpy's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from roompulse_server.insight.scoring.median import RunningMedians

BINS = 31
BIN = 40.0 / BINS

values = st.floats(-60, 60)


@settings(deadline=None)
@given(pairs=st.lists(st.tuples(values, values), min_size=1, max_size=101).filter(lambda pairs: len(pairs) % 2 == 1))
def test_they_are_the_clamped_medians_within_a_bin(pairs: list[tuple[float, float]]) -> None:
    medians = RunningMedians((20.0, 40.0), 1e9, BINS)
    for pair in pairs:
        medians.put(pair, 0.2)
    one, other = medians.medians()
    expected = np.median(np.array(pairs), axis=0)
    assert one == pytest.approx(float(np.clip(expected[0], -20, 20)), abs=BIN)
    assert other == pytest.approx(float(np.clip(expected[1], -40, 40)), abs=2 * BIN)


@settings(deadline=None)
@given(held=st.lists(st.tuples(values, st.floats(0.01, 1.5)), min_size=1, max_size=40))
def test_mirrored_values_have_the_mirrored_median(held: list[tuple[float, float]]) -> None:
    medians = RunningMedians((20.0, 20.0), 600.0, BINS)
    for value, seconds in held:
        medians.put((value, -value), seconds)
    one, other = medians.medians()
    assert one == pytest.approx(-other, abs=1e-6)


def test_time_counts_not_samples() -> None:
    medians = RunningMedians((20.0,), 1e9, BINS)
    for _ in range(100):
        medians.put((-10.0,), 0.05)
    for _ in range(6):
        medians.put((10.0,), 1.0)
    assert medians.medians()[0] == pytest.approx(10.0, abs=BIN)


def test_old_evidence_fades() -> None:
    medians = RunningMedians((20.0,), 600.0, BINS)
    for second in range(2500):
        medians.put((15.0 if second < 1800 else -15.0,), 1.0)
    assert medians.medians()[0] == pytest.approx(-15.0, abs=BIN)


def test_state_travels() -> None:
    medians, other = RunningMedians((20.0, 3.0), 600.0, BINS), RunningMedians((20.0, 3.0), 600.0, BINS)
    for step in range(300):
        medians.put((step % 25 - 5, step % 9 / 4), 0.3)
    state = medians.state()
    assert len(state) == 2 * (BINS + 2)
    other.restore(state)
    assert other.medians() == medians.medians()
    medians.clear()
    assert medians.medians() == [0.0, 0.0]


def test_without_a_limit_there_is_no_median() -> None:
    medians = RunningMedians((0.0,), 600.0, BINS)
    medians.put((30.0,), 60.0)
    assert medians.medians() == [0.0]
