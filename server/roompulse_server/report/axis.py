"""How far an axis reaches, and where it has its marks."""

from collections.abc import Iterable
from dataclasses import dataclass

from roompulse_server.insight.summary.summary_types import MeetingSummary

_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
_MARKS = 6  # at most, beside the one at zero: they fit on a telephone


_SCORES = (1.0, 0.8, 0.6, 0.4, 0.2, 0.0)
_LOWEST_OF_FORMULA = 0.2  # of `rp-engagement-1`; a network's scores and other formulas' may lie below


@dataclass(frozen=True, slots=True)
class Scale:
    """Of scores: 1 is the top, `lowest` the bottom."""

    lowest: float

    @property
    def marks(self) -> tuple[float, ...]:
        return tuple(score for score in _SCORES if score >= self.lowest)

    def y(self, score: float) -> float:
        """Return the place of a score, as a share from the top."""
        return (1.0 - score) / (1.0 - self.lowest)


def score_scale(summary: MeetingSummary) -> Scale:
    """Return the scale of the usual formula, or the whole one where a score lies below that."""
    lows = [person.engagement.minimum for person in summary.participants]
    lows += [low for point in summary.timeline for low in (point.engagement_median, point.engagement_p10)]
    return Scale(0.0 if any(low is not None and low < _LOWEST_OF_FORMULA for low in lows) else _LOWEST_OF_FORMULA)


def time_marks_us(duration_us: int) -> tuple[int, ...]:
    """Return round times from 0 on, a few of them."""
    seconds = duration_us // 1_000_000
    step = next((step for step in _STEPS_S if seconds <= step * _MARKS), -(-seconds // _MARKS))
    return tuple(at * 1_000_000 for at in range(0, int(seconds) + 1, int(step)))


def reach(values: Iterable[float]) -> float:
    """Return how far an axis from -x to x must go, 0.2 to 1 in steps of 0.1, so that small differences can be seen."""
    largest = max((abs(value) for value in values), default=0.0)
    return min(1.0, max(0.2, -(-round(largest * 1000) // 100) / 10))
