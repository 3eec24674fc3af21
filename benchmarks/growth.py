"""What one more costs, from what so many cost. Pure."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """What the tree spends and holds with so many there."""

    count: int
    cpu_ms: float  # a second, of all of them
    memory_mb: float
    worker_mb: float  # of the largest worker
    least_hz: float  # analyses a second of the participant that got the fewest


@dataclass(frozen=True, slots=True)
class Step:
    """What one more costs, from `before` to `count`."""

    before: int
    count: int
    cpu_ms: float  # a second
    memory_mb: float


def steps(points: Sequence[Point]) -> list[Step]:
    """Return what one more costs between each two points."""
    return [
        Step(a.count, b.count, (b.cpu_ms - a.cpu_ms) / more, (b.memory_mb - a.memory_mb) / more)
        for a, b in itertools.pairwise(points)
        if (more := b.count - a.count)
    ]


def unevenness(costs: Sequence[float]) -> float:
    """Return how far the dearest and the cheapest lie from their mean, the farther one, over the mean: 0 is flat."""
    mean = sum(costs) / len(costs)
    return max(abs(cost - mean) for cost in costs) / mean
