"""All participants together: the meeting per ten seconds, and its numbers as a whole."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from roompulse_server.insight import statistic
from roompulse_server.insight.holding import Holding, Kind
from roompulse_server.insight.summary_types import MeetingPoint
from roompulse_server.insight.timeline import BUCKET_US, Buckets, none_if_nan
from roompulse_server.series import Floats, Series

Column = Callable[[Series], Floats]


def meeting_points(everybody: Sequence[Buckets], duration_us: int) -> tuple[MeetingPoint, ...]:
    """Return all buckets of the meeting; in each everybody's mean counts the same, however long they were seen."""
    if not everybody or not duration_us:
        return ()
    engagement = np.stack([one.engagement for one in everybody])
    expressions = _mean(np.stack([one.expressions for one in everybody])).tolist()
    medians, means = _median(engagement).tolist(), _mean(engagement).tolist()
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
        )
        for index in range(len(medians))
    )


def engagement_of(points: Sequence[MeetingPoint]) -> tuple[float | None, float | None]:
    """Return the mean of the points' medians, weighted by the number seen, and their (plain) standard deviation."""
    medians = [(point.engagement_median, point.seen) for point in points if point.engagement_median is not None]
    if not medians:
        return None, None
    values = np.array([median for median, _ in medians])
    return float(np.average(values, weights=[seen for _, seen in medians])), float(np.std(values))


def pooled_mean(holdings: Sequence[Holding], kind: Kind, column: Column) -> float | None:
    """Return the mean of a column over everybody's time with a face: a second of anybody's counts the same."""
    if not holdings:
        return None
    masks = [holding.faced_by(kind.model_id) for holding in holdings]
    values = [column(holding.series)[mask] for holding, mask in zip(holdings, masks, strict=True)]
    starts = [holding.start_us[mask] for holding, mask in zip(holdings, masks, strict=True)]
    stops = [holding.stop_us[mask] for holding, mask in zip(holdings, masks, strict=True)]
    return statistic.mean(statistic.known(np.concatenate(values), np.concatenate(starts), np.concatenate(stops)))


def pooled_expressions(holdings: Sequence[Holding], kind: Kind, labels: int) -> tuple[float, ...]:
    """Return the same for each label, nan where nobody has it."""
    means = (pooled_mean(holdings, kind, _label_column(label)) for label in range(labels))
    return tuple(math.nan if mean is None else mean for mean in means)


def _label_column(label: int) -> Column:
    return lambda series: series.probabilities[:, label]


def _mean(values: Floats) -> Floats:
    """Return the mean over the first axis of what is known."""
    count = (~np.isnan(values)).sum(axis=0)
    sums = np.nansum(values, axis=0)
    means: Floats = np.divide(sums, count, out=np.full(sums.shape, np.nan), where=count > 0)
    return means


def _median(values: Floats) -> Floats:
    """Return the median over the first axis of what is known."""
    ordered = np.sort(values, axis=0)  # nan comes last
    count = (~np.isnan(values)).sum(axis=0)
    columns = np.arange(values.shape[1])
    low, high = np.maximum(count - 1, 0) // 2, count // 2
    middle = (ordered[low, columns] + ordered[np.minimum(high, len(values) - 1), columns]) / 2.0
    medians: Floats = np.where(count > 0, middle, np.nan)
    return medians
