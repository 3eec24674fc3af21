"""The minutes with the highest and the lowest engagement, if they stand out from the meeting's others."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from roompulse_server.insight.summary.summary_types import MeetingPoint, NotableMinute
from roompulse_server.insight.summary.timeline import Buckets
from roompulse_server.insight.summary.uncertainty import MINUTE_POINTS, MINUTE_US, autocovariance, by_minute, long_run
from roompulse_server.series import Floats

LEAST_COVERAGE = 0.6
STANDARD_ERRORS = 2.0
EVIDENCE = 5  # minutes
NOTABLE_RULE = (
    "the {most} of the whole minutes with a score for 60 % or more of the time attended, all together, if it is "
    "{where} their median by more than two standard errors of a minute's mean"
)


@dataclass(frozen=True, slots=True)
class NotableMinutes:
    highest: NotableMinute | None
    lowest: NotableMinute | None
    note: str


def notable_minutes(points: Sequence[MeetingPoint], everybody: Sequence[Buckets]) -> NotableMinutes:
    """Name the minutes; `note` says why there are none."""
    count = len(points) // MINUTE_POINTS
    medians = np.array([math.nan if one.engagement_median is None else one.engagement_median for one in points])
    minutes, coverage = by_minute(medians), _coverage(everybody, count)
    able = np.flatnonzero((coverage >= LEAST_COVERAGE) & ~np.isnan(minutes))
    if able.size < EVIDENCE:
        note = f"too little evidence to name single minutes: {EVIDENCE} with scores are needed, not {able.size}"
        return NotableMinutes(None, None, note if points else "")
    error = _standard_error(medians)
    off = minutes[able] - np.median(minutes[able])
    high, low = int(off.argmax()), int(off.argmin())
    highest = _minute(able[high], minutes, coverage, error, "highest") if off[high] > STANDARD_ERRORS * error else None
    lowest = _minute(able[low], minutes, coverage, error, "lowest") if -off[low] > STANDARD_ERRORS * error else None
    return NotableMinutes(highest, lowest, "" if highest or lowest else "no minute stands out from the others")


def _coverage(everybody: Sequence[Buckets], count: int) -> Floats:
    scored_us, attended_us = (
        np.sum([getattr(one, name)[: count * MINUTE_POINTS] for one in everybody] or [np.zeros(0)], axis=0)
        .reshape(count, MINUTE_POINTS)
        .sum(axis=1)
        for name in ("scored_us", "attended_us")
    )
    coverage: Floats = np.divide(scored_us, attended_us, out=np.zeros(count), where=attended_us > 0)
    return np.minimum(coverage, 1.0)


def _standard_error(medians: Floats) -> float:
    """Return the standard error of a minute's mean, by how points of the whole meeting vary and are alike."""
    residual = medians - np.nanmean(medians)
    products = autocovariance(residual, MINUTE_POINTS - 1)
    return math.sqrt(long_run(products) / int((~np.isnan(residual)).sum()) / MINUTE_POINTS)


def _minute(index: int, minutes: Floats, coverage: Floats, error: float, most: str) -> NotableMinute:
    return NotableMinute(
        start_us=int(index) * MINUTE_US,
        length_us=MINUTE_US,
        engagement=float(minutes[index]),
        standard_error=error,
        coverage=float(coverage[index]),
        rule=NOTABLE_RULE.format(most=most, where="above" if most == "highest" else "below"),
    )
