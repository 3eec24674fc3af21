"""Sums per ten seconds, vectorised: a participant's row is split where it crosses a border."""

import math
from dataclasses import dataclass

import numpy as np

from roompulse_server.insight.holding import Holding, Kind, Mask
from roompulse_server.insight.summary_types import ParticipantPoint
from roompulse_server.series import Floats, Integers

BUCKET_US = 10_000_000  # longer than a row may hold: so a row touches two buckets at most


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """One participant over K buckets; means are nan where there is nothing. `scored_us` counts scores of any kind."""

    attended_us: Integers  # (K,)
    scored_us: Floats  # (K,)
    engagement: Floats  # (K,)
    expressions: Floats  # (K, len(LABELS))
    valence: Floats  # (K,)
    arousal: Floats  # (K,)


class _Rows:
    """Some rows of a holding, ready to be summed over K buckets."""

    def __init__(self, holding: Holding, mask: Mask, count: int) -> None:
        start_us, stop_us = holding.start_us[mask], holding.stop_us[mask]
        self._mask = mask
        self._count = count
        self._bucket = start_us // BUCKET_US
        border_us = (self._bucket + 1) * BUCKET_US
        self._first_us = np.minimum(stop_us, border_us) - start_us
        self._second_us = np.maximum(stop_us - border_us, 0)

    def time_us(self) -> Floats:
        return self._sum(np.ones(self._bucket.size))

    def mean(self, column: Floats) -> Floats:
        values = column[self._mask]
        missing = np.isnan(values)
        times = self._sum((~missing).astype(np.float64))
        sums = self._sum(np.where(missing, 0.0, values))
        means: Floats = np.divide(sums, times, out=np.full(self._count, np.nan), where=times > 0)
        return means

    def _sum(self, values: Floats) -> Floats:
        size = self._count + 1
        first = np.bincount(self._bucket, self._first_us * values, size)
        second = np.bincount(self._bucket + 1, self._second_us * values, size + 1)
        sums: Floats = (first[: self._count] + second[: self._count]).astype(np.float64)
        return sums


def bucketed(holding: Holding, kind: Kind, count: int) -> Buckets:
    """Sum a participant's values of one kind over the meeting's first `count` buckets, which hold all of them."""
    series, edges = holding.series, np.arange(count + 1, dtype=np.int64) * BUCKET_US
    faces = _Rows(holding, holding.faced_by(kind.model_id), count)
    columns = [faces.mean(column) for column in series.probabilities.T]
    return Buckets(
        attended_us=np.diff(holding.attendance.before(edges)),
        scored_us=_Rows(holding, holding.scored, count).time_us(),
        engagement=_Rows(holding, holding.scored_by(kind), count).mean(series.score),
        expressions=np.stack(columns, axis=1),
        valence=faces.mean(series.valence),
        arousal=faces.mean(series.arousal),
    )


def participant_points(buckets: Buckets) -> tuple[ParticipantPoint, ...]:
    """Return the buckets in which the participant attended."""
    engagement, valence, arousal = (
        column.tolist() for column in (buckets.engagement, buckets.valence, buckets.arousal)
    )
    attended_us, scored_us = buckets.attended_us.tolist(), buckets.scored_us.tolist()
    return tuple(
        ParticipantPoint(
            start_us=index * BUCKET_US,
            engagement=none_if_nan(engagement[index]),
            coverage=min(1.0, scored_us[index] / attended_us[index]),
            valence=none_if_nan(valence[index]),
            arousal=none_if_nan(arousal[index]),
        )
        for index in np.flatnonzero(buckets.attended_us).tolist()
    )


def none_if_nan(value: float) -> float | None:
    """Return the value, or None for nan."""
    return None if math.isnan(value) else value


def bucket_count(duration_us: int) -> int:
    """Return how many buckets a duration touches."""
    return -(-duration_us // BUCKET_US)
