"""All participants together: the meeting per ten seconds, and its numbers as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from roompulse_vision.types import Probabilities

from roompulse_server.insight.rollup.window_aggregate import PEOPLE_FOR_PERCENTILES
from roompulse_server.insight.summary import statistic
from roompulse_server.insight.summary.summary_types import EngagementStatistics, MeetingPoint
from roompulse_server.insight.summary.timeline import BUCKET_US, COLUMNS, Buckets, Shown, none_if_nan
from roompulse_server.series import Floats


def meeting_points(everybody: Sequence[Buckets], duration_us: int) -> tuple[MeetingPoint, ...]:
    """Return all buckets of the meeting; in each everybody's mean counts the same, however long they were seen."""
    if not everybody or not duration_us:
        return ()
    engagement = np.stack([one.engagement for one in everybody])
    expressions = _mean(np.stack([one.expressions for one in everybody])).tolist()
    medians, means = _median(engagement).tolist(), _mean(engagement).tolist()
    p10, p90 = (_percentile(engagement, share).tolist() for share in (0.1, 0.9))
    valence = _mean(np.stack([one.valence for one in everybody])).tolist()
    arousal = _mean(np.stack([one.arousal for one in everybody])).tolist()
    seen = (~np.isnan(engagement)).sum(axis=0).tolist()
    total = (np.stack([one.attended_us for one in everybody]) > 0).sum(axis=0).tolist()
    return tuple(
        MeetingPoint(
            start_us=index * BUCKET_US,
            length_us=min(BUCKET_US, duration_us - index * BUCKET_US),
            engagement_median=none_if_nan(medians[index]),
            engagement_mean=none_if_nan(means[index]),
            seen=seen[index],
            total=total[index],
            expressions=tuple(expressions[index]),
            valence=none_if_nan(valence[index]),
            arousal=none_if_nan(arousal[index]),
            engagement_p10=none_if_nan(p10[index]),
            engagement_p90=none_if_nan(p90[index]),
        )
        for index in range(len(medians))
    )


def median_points(engagement: Floats) -> tuple[MeetingPoint, ...]:
    """Return the buckets with the median of everybody's means, (people, K), and the number seen, and nothing else."""
    medians, seen = _median(engagement).tolist(), (~np.isnan(engagement)).sum(axis=0).tolist()
    return tuple(
        MeetingPoint(
            start_us=index * BUCKET_US,
            length_us=BUCKET_US,
            engagement_median=none_if_nan(median),
            engagement_mean=None,
            seen=count,
            total=count,
            expressions=(),
            valence=None,
            arousal=None,
        )
        for index, (median, count) in enumerate(zip(medians, seen, strict=True))
    )


def engagement_of(
    points: Sequence[MeetingPoint], people: Sequence[EngagementStatistics] = ()
) -> tuple[float | None, float | None, float | None]:
    """Return the middle person's score over a meeting: its mean, standard deviation and median.

    The mean is that of the points' medians, weighted by the number seen; deviation and median are plain. Where one of
    `people` alone has scores, they are the middle person, and the three numbers are their own.
    """
    medians = [(point.engagement_median, point.seen) for point in points if point.engagement_median is not None]
    if not medians:
        return None, None, None
    scored = [one for one in people if one.mean is not None]
    if len(scored) == 1:
        return scored[0].mean, scored[0].standard_deviation, scored[0].median
    values = np.array([median for median, _ in medians])
    weighted = np.average(values, weights=[seen for _, seen in medians])
    return float(weighted), float(np.std(values)), float(np.median(values))


def coverage_of(everybody: Sequence[Buckets]) -> float:
    """Return the time with a score over the time attended, everybody together."""
    attended_us = sum(int(one.attended_us.sum()) for one in everybody)
    return min(1.0, float(sum(one.scored_us.sum() for one in everybody)) / attended_us) if attended_us else 0.0


@dataclass(frozen=True, slots=True)
class Pooled:
    """Means over everybody's time with a face: a second of anybody's counts the same. Labels nobody has are nan."""

    expressions: Probabilities
    valence: float | None
    arousal: float | None


def pooled(everybody: Sequence[Buckets]) -> Pooled:
    """Pool everybody's values."""
    parts = [np.stack((one.whole.sums, one.whole.times_us)) for one in everybody]
    together = Shown(*np.sum(parts or [np.zeros((2, COLUMNS))], axis=0))
    valence, arousal = float(together.valence), float(together.arousal)
    return Pooled(tuple(together.expressions.tolist()), none_if_nan(valence), none_if_nan(arousal))


def _mean(values: Floats) -> Floats:
    """Return the mean over the first axis of what is known."""
    return statistic.ratio(np.nansum(values, axis=0), (~np.isnan(values)).sum(axis=0))


def _median(values: Floats) -> Floats:
    """Return the median over the first axis of what is known."""
    ordered = np.sort(values, axis=0)  # nan comes last
    count = (~np.isnan(values)).sum(axis=0)
    columns = np.arange(values.shape[1])
    low, high = np.maximum(count - 1, 0) // 2, count // 2
    middle = (ordered[low, columns] + ordered[np.minimum(high, len(values) - 1), columns]) / 2.0
    medians: Floats = np.where(count > 0, middle, np.nan)
    return medians


def _percentile(values: Floats, share: float) -> Floats:
    """Return a quantile over the first axis of what is known, straight between neighbours; nan with too few people."""
    ordered = np.sort(values, axis=0)  # nan comes last
    count = (~np.isnan(values)).sum(axis=0)
    place = share * np.maximum(count - 1, 0)
    below, columns = np.floor(place).astype(np.int64), np.arange(values.shape[1])
    low = ordered[below, columns]
    high = ordered[np.minimum(below + 1, len(values) - 1), columns]
    percentiles: Floats = np.where(count >= PEOPLE_FOR_PERCENTILES, low + (place - below) * (high - low), np.nan)
    return percentiles
