"""Where a person's screen is, learnt from where their head points."""

import pytest
from roompulse_server.insight.scoring.formula import Formula
from roompulse_server.insight.scoring.reference import BINS, STATE_SIZE, PoseReference

BIN_DEG = 40.0 / BINS


@pytest.mark.parametrize(("seconds", "share"), [(20, 0.0), (40, 0.5), (60, 1.0), (600, 1.0)])
def test_the_reference_takes_effect_slowly(seconds: int, share: float) -> None:
    reference = PoseReference(Formula())
    for _ in range(seconds):
        reference.put(20.0, 0.0, 1.0)
    yaw, pitch = reference.angles_deg()
    assert yaw == pytest.approx(share * 20.0, abs=BIN_DEG)
    assert pitch == pytest.approx(0.0, abs=1e-6)
    assert reference.count == seconds


def test_each_angle_has_its_own_limit() -> None:
    reference = PoseReference(Formula())
    for _ in range(600):
        reference.put(-50.0, 50.0, 1.0)
    assert reference.angles_deg() == pytest.approx((-20.0, 15.0), abs=BIN_DEG)


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
