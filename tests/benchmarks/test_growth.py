"""What one more costs."""

import pytest

from benchmarks.growth import Point, steps, unevenness


def point(count: int, cpu_ms: float, memory_mb: float) -> Point:
    return Point(count, cpu_ms, memory_mb, worker_mb=90.0, least_hz=1.0)


def test_one_more_costs_the_difference_not_the_share() -> None:
    first, second = steps([point(0, 30.0, 350.0), point(10, 230.0, 380.0), point(20, 400.0, 400.0)])
    assert (first.before, first.count, first.cpu_ms, first.memory_mb) == (0, 10, 20.0, 3.0)
    assert (second.before, second.count, second.cpu_ms, second.memory_mb) == (10, 20, 17.0, 2.0)


def test_flat_is_measured_from_the_mean() -> None:
    assert unevenness([20.0, 20.0]) == 0.0
    assert unevenness([18.0, 22.0]) == pytest.approx(0.1)
