"""Sums per ten seconds, vectorised: a participant's row is split where it crosses a border."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from roompulse_vision.types import ACTION_UNITS, LABELS

from roompulse_server.insight.summary.intervals import Holding, Kind, Mask
from roompulse_server.insight.summary.statistic import ratio
from roompulse_server.insight.summary.summary_types import ActionUnitMean, ParticipantPoint
from roompulse_server.series import Floats, Integers

BUCKET_US = 10_000_000  # longer than a row may hold: so a row touches two buckets at most
COLUMNS = len(LABELS) + 2 + len(ACTION_UNITS)


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """Sums over the time with a face, each value times how long it held, and the time in which it was known.

    COLUMNS columns: expressions, valence, arousal, action units.
    """

    sums: Floats  # (..., COLUMNS)
    times_us: Floats  # (..., COLUMNS)

    @property
    def expressions(self) -> Floats:
        """Return the mean of each: (..., len(LABELS)), nan where unknown."""
        return self._means(slice(len(LABELS)))

    @property
    def valence(self) -> Floats:
        """Return the mean: (...)."""
        return self._means(len(LABELS))

    @property
    def arousal(self) -> Floats:
        """Return the mean: (...)."""
        return self._means(len(LABELS) + 1)

    @property
    def action_units(self) -> Floats:
        """Return the mean of each: (..., len(ACTION_UNITS)), nan where unknown."""
        return self._means(slice(len(LABELS) + 2, None))

    def _means(self, columns: slice | int) -> Floats:
        return ratio(self.sums[..., columns], self.times_us[..., columns])


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """One participant over K buckets; means are nan where there is nothing. `scored_us` counts scores of any kind."""

    attended_us: Integers  # (K,)
    scored_us: Floats  # (K,)
    engagement: Floats  # (K,)
    expressions: Floats  # (K, len(LABELS))
    valence: Floats  # (K,)
    arousal: Floats  # (K,)
    action_units: Floats  # (K, len(ACTION_UNITS))
    whole: Shown  # all buckets together


class _Rows:
    """Some rows of a holding, ready to be summed over K buckets. Rows come in order, so buckets are slices of them."""

    def __init__(self, holding: Holding, mask: Mask, count: int) -> None:
        self._rows = np.flatnonzero(mask)
        start_us, stop_us = holding.start_us[self._rows], holding.stop_us[self._rows]
        bucket = start_us // BUCKET_US
        border_us = (bucket + 1) * BUCKET_US
        self._count = count
        self._first_us = (np.minimum(stop_us, border_us) - start_us).astype(np.float64)
        self._firsts = np.flatnonzero(np.diff(bucket, prepend=-1))
        self._buckets = bucket[self._firsts]
        self._crossing = np.flatnonzero(stop_us > border_us)  # one a border: rows are disjoint
        self._next = bucket[self._crossing] + 1
        self._second_us = (stop_us - border_us)[self._crossing].astype(np.float64)
        self.time_us = self._sum(np.ones(self._rows.size))  # (K,) of all rows

    def sums(self, column: Floats) -> tuple[Floats, Floats]:
        """Return the sum of value times time of one of the series' columns, and the time in which it is known: (K,)."""
        values = column[self._rows]
        unknown = np.isnan(values)
        if not unknown.any():
            return self._sum(values), self.time_us
        return self._sum(np.where(unknown, 0.0, values)), self._sum((~unknown).astype(np.float64))

    def _sum(self, values: Floats) -> Floats:
        sums = np.zeros(self._count)
        if values.size:
            sums[self._buckets] = np.add.reduceat(values * self._first_us, self._firsts)
            sums[self._next] += values[self._crossing] * self._second_us
        return sums


def bucketed(holding: Holding, kind: Kind, count: int) -> Buckets:
    """Sum a participant's values of one kind over the meeting's first `count` buckets, which hold all of them."""
    series, edges = holding.series, np.arange(count + 1, dtype=np.int64) * BUCKET_US
    faces = _Rows(holding, holding.faced_by(kind.model_id), count)
    columns = (*series.probabilities.T, series.valence, series.arousal, *series.action_units.T)
    sums, times_us = np.stack([faces.sums(column) for column in columns], axis=-1)
    shown = Shown(sums, times_us)
    return Buckets(
        attended_us=np.diff(holding.attendance.before(edges)),
        scored_us=_Rows(holding, holding.scored, count).time_us,
        engagement=engagement_by_bucket(holding, kind, count),
        expressions=shown.expressions,
        valence=shown.valence,
        arousal=shown.arousal,
        action_units=shown.action_units,
        whole=Shown(sums.sum(axis=0), times_us.sum(axis=0)),
    )


def engagement_by_bucket(holding: Holding, kind: Kind, count: int) -> Floats:
    """Return a participant's mean scores of one kind over the meeting's first `count` buckets, nan where none: (K,)."""
    return ratio(*_Rows(holding, holding.scored_by(kind), count).sums(holding.series.score))


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
            action_units=unit_means(buckets.action_units[index].tolist()),
        )
        for index in np.flatnonzero(buckets.attended_us).tolist()
    )


def unit_means(means: Iterable[float]) -> tuple[ActionUnitMean, ...]:
    """Return the means, in the order of `ACTION_UNITS`, of the units that are known."""
    # a list, and no call to find nan: this runs for each ten seconds of everybody
    return tuple(
        [ActionUnitMean(number, mean) for number, mean in zip(ACTION_UNITS, means, strict=True) if mean == mean]
    )


def none_if_nan(value: float) -> float | None:
    """Return the value, or None for nan."""
    return None if math.isnan(value) else value


def bucket_count(duration_us: int) -> int:
    """Return how many buckets a duration touches."""
    return -(-duration_us // BUCKET_US)
