"""A living face, a photo, and what is neither."""

import pytest
from roompulse_server.insight.scoring.stillness import Liveness, StillnessGate


def gate(*pictures: tuple[float, float | None]) -> StillnessGate:
    made = StillnessGate(floor_grey=1.0, within_s=10.0, hold_s=1.5)
    for at_s, motion in pictures:
        made.put(at_s, motion)
    return made


def still(start: int, stop: int) -> list[tuple[float, float | None]]:
    return [(float(at), 0.5) for at in range(start, stop)]


@pytest.mark.parametrize(
    ("pictures", "at_s", "verdict"),
    [
        ([], 30.0, Liveness.UNKNOWN),
        ([(float(at), None) for at in range(30)], 29.0, Liveness.UNKNOWN),
        ([(0.0, 1.01)], 10.0, Liveness.LIVING),
        ([(0.0, 1.01)], 10.1, Liveness.UNKNOWN),
        ([(0.0, 1.0), *still(1, 11)], 9.9, Liveness.UNKNOWN),
        ([(0.0, 1.0), *still(1, 11)], 10.0, Liveness.STILL),
        ([(0.0, 9.0), *still(1, 12)], 10.1, Liveness.STILL),
        ([*still(0, 9), (9.0, 2.0), *still(10, 12)], 11.0, Liveness.LIVING),
        ([*still(0, 6), *still(9, 15)], 14.0, Liveness.UNKNOWN),  # a gap: nobody watched for 3 s
        ([*still(0, 20), (20.0, 2.0)], 20.0, Liveness.LIVING),
    ],
)
def test_verdicts(pictures: list[tuple[float, float | None]], at_s: float, verdict: Liveness) -> None:
    assert gate(*pictures).judge(at_s) is verdict


def test_state_travels_and_is_forgotten() -> None:
    first, second = gate(*still(0, 8)), gate()
    second.restore(7.5, first.state(7.5))
    for at_s, motion in still(8, 11):
        second.put(at_s, motion)
    assert second.judge(10.0) is Liveness.STILL
    second.clear()
    assert second.judge(10.0) is Liveness.UNKNOWN
