"""The running median of head angles, against numpy's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from roompulse_server.insight.formula import Formula
from roompulse_server.insight.reference import BINS, STATE_SIZE, AngleMedian, PoseReference

BIN_DEG = 40.0 / BINS


@settings(deadline=None)
@given(angles=st.lists(st.floats(-60, 60), min_size=1, max_size=101).filter(lambda angles: len(angles) % 2 == 1))
def test_it_is_the_clamped_median_within_a_bin(angles: list[float]) -> None:
    median = AngleMedian(20.0, 1e9)
    for angle in angles:
        median.put(angle, 0.2)
    assert median.median_deg() == pytest.approx(float(np.clip(np.median(angles), -20, 20)), abs=BIN_DEG)


@settings(deadline=None)
@given(angles=st.lists(st.tuples(st.floats(-60, 60), st.floats(0.01, 1.5)), min_size=1, max_size=40))
def test_mirrored_angles_have_the_mirrored_median(angles: list[tuple[float, float]]) -> None:
    one, other = AngleMedian(20.0, 600.0), AngleMedian(20.0, 600.0)
    for angle, seconds in angles:
        one.put(angle, seconds)
        other.put(-angle, seconds)
    assert one.median_deg() == pytest.approx(-other.median_deg(), abs=1e-6)


def test_time_counts_not_samples() -> None:
    median = AngleMedian(20.0, 1e9)
    for _ in range(100):
        median.put(-10.0, 0.05)
    for _ in range(6):
        median.put(10.0, 1.0)
    assert median.median_deg() == pytest.approx(10.0, abs=BIN_DEG)


def test_old_evidence_fades() -> None:
    median = AngleMedian(20.0, 600.0)
    for second in range(2500):
        median.put(15.0 if second < 1800 else -15.0, 1.0)
    assert median.median_deg() == pytest.approx(-15.0, abs=BIN_DEG)


@pytest.mark.parametrize(("seconds", "share"), [(20, 0.0), (40, 0.5), (60, 1.0), (600, 1.0)])
def test_the_reference_takes_effect_slowly(seconds: int, share: float) -> None:
    reference = PoseReference(Formula())
    for _ in range(seconds):
        reference.put(20.0, 0.0, 1.0)
    yaw, pitch = reference.angles_deg()
    assert yaw == pytest.approx(share * 20.0, abs=BIN_DEG)
    assert pitch == pytest.approx(0.0, abs=1e-6)
    assert reference.count == seconds


def test_state_travels() -> None:
    reference, other = PoseReference(Formula()), PoseReference(Formula())
    for step in range(300):
        reference.put(step % 25 - 5, step % 9, 0.3)
    state = reference.state()
    assert len(state) == STATE_SIZE
    other.restore(state)
    assert (other.angles_deg(), other.count) == (reference.angles_deg(), reference.count)
    reference.clear()
    assert (reference.angles_deg(), reference.count) == ((0.0, 0.0), 0)


def test_without_a_limit_there_is_no_reference() -> None:
    median = AngleMedian(0.0, 600.0)
    median.put(30.0, 60.0)
    assert median.median_deg() == 0.0
