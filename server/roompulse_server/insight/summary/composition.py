"""Steps of the meeting's median that come from who had a score: people who leave take their scores along."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from roompulse_server.insight.summary.summary_types import CompositionEffect
from roompulse_server.insight.summary.timeline import BUCKET_US, Buckets
from roompulse_server.series import Floats, Integers

WINDOW = 3  # points: the half minutes before and after that are compared
LEAST_STEP = 0.05
MOST_OF_SAME = 0.25  # of the step: more, and those who were there all the time have changed too
COMPOSITION_RULE = (
    "the median of the means of the half minute after differs by 0.05 or more from that before, and by at most a "
    "quarter of it where only those with scores in both count"
)


@dataclass(frozen=True, slots=True)
class _Turnover:
    """Between points `first` - 1 and `last` somebody's scores ended or began."""

    first: int
    last: int


def composition_effects(ids: Sequence[str], everybody: Sequence[Buckets]) -> tuple[CompositionEffect, ...]:
    """Compare the median before and after each change of who has a score, with and without that change."""
    if not everybody:
        return ()
    engagement = np.stack([one.engagement for one in everybody])  # (people, points)
    effects = (_effect(ids, engagement, turnover) for turnover in _turnovers(engagement))
    return tuple(effect for effect in effects if effect is not None)


def _turnovers(engagement: Floats) -> list[_Turnover]:
    known = ~np.isnan(engagement)
    count = known.shape[1]
    ends = [point for point in range(WINDOW, count - WINDOW + 1) if _turns(known[:, point - WINDOW : point + WINDOW])]
    joined: list[_Turnover] = []
    for point in ends:
        if joined and point - joined[-1].last < WINDOW:
            joined[-1] = _Turnover(joined[-1].first, point)
        else:
            joined.append(_Turnover(point, point))
    return joined


def _turns(known: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> bool:
    """Say whether somebody's scores end, or begin, in the middle of a stretch."""
    before, after = known[:, :WINDOW], known[:, WINDOW:]
    ends = before[:, -1] & ~after.any(axis=1)
    begins = after[:, 0] & ~before.any(axis=1)
    return bool((ends | begins).any())


def _effect(ids: Sequence[str], engagement: Floats, turnover: _Turnover) -> CompositionEffect | None:
    before = _means(engagement[:, turnover.first - WINDOW : turnover.first])
    after = _means(engagement[:, turnover.last : turnover.last + WINDOW])
    same = ~np.isnan(before) & ~np.isnan(after)
    if not same.any():
        return None
    difference = float(np.nanmedian(after) - np.nanmedian(before))
    of_same = float(np.median(after[same]) - np.median(before[same]))
    if abs(difference) < LEAST_STEP or abs(of_same) > MOST_OF_SAME * abs(difference):
        return None
    return CompositionEffect(
        start_us=turnover.first * BUCKET_US,
        difference=difference,
        difference_of_same=of_same,
        left_ids=_named(ids, np.flatnonzero(~np.isnan(before) & np.isnan(after))),
        joined_ids=_named(ids, np.flatnonzero(np.isnan(before) & ~np.isnan(after))),
        rule=COMPOSITION_RULE,
    )


def _means(points: Floats) -> Floats:
    """Return each one's mean of what is known, nan for nothing."""
    known = (~np.isnan(points)).sum(axis=1)
    means: Floats = np.divide(np.nansum(points, axis=1), known, out=np.full(len(points), np.nan), where=known > 0)
    return means


def _named(ids: Sequence[str], places: Integers) -> tuple[str, ...]:
    return tuple(ids[place] for place in places.tolist())
