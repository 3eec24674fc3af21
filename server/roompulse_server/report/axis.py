"""Where an axis has its marks."""

from collections.abc import Iterable

_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
_MARKS = 6  # at most, beside the one at zero: they fit on a telephone


def time_marks_us(duration_us: int) -> tuple[int, ...]:
    """Return round times from 0 on, a few of them."""
    seconds = duration_us // 1_000_000
    step = next((step for step in _STEPS_S if seconds <= step * _MARKS), -(-seconds // _MARKS))
    return tuple(at * 1_000_000 for at in range(0, int(seconds) + 1, int(step)))


def reach(values: Iterable[float]) -> float:
    """Return how far an axis from -x to x must go, 0.2 to 1 in steps of 0.1, so that small differences can be seen."""
    largest = max((abs(value) for value in values), default=0.0)
    return min(1.0, max(0.2, -(-round(largest * 1000) // 100) / 10))
