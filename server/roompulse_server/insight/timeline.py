"""Sums per ten seconds, vectorised: a participant's row is split where it crosses a border."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from roompulse_server.insight.holding import Holding, Kind, Mask
from roompulse_server.insight.statistic import ratio
from roompulse_server.insight.summary_types import ActionUnitMean, ParticipantPoint
from roompulse_server.series import Floats, Integers
from roompulse_server.types import ACTION_UNITS, LABELS

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
    action_units: Floats  # (K, len(ACTION_UNITS))


class _Rows:
    """Some rows of a holding, ready to be summed over K buckets. Rows come in order, so buckets are slices of them."""

    def __init__(self, holding: Holding, mask: Mask, count: int) -> None:
        start_us, stop_us = holding.start_us[mask], holding.stop_us[mask]
        bucket = start_us // BUCKET_US
        border_us = (bucket + 1) * BUCKET_US
        self._count = count
        self._first_us = (np.minimum(stop_us, border_us) - start_us).astype(np.float64)
        self._firsts = np.flatnonzero(np.diff(bucket, prepend=-1))
        self._buckets = bucket[self._firsts]
        self._crossing = np.flatnonzero(stop_us > border_us)
        self._next = bucket[self._crossing] + 1
        self._second_us = (stop_us - border_us)[self._crossing].astype(np.float64)

    def time_us(self) -> Floats:
        """Return the time of all rows in each bucket: (K,)."""
        return self._sum(np.ones((self._first_us.size, 1)))[:, 0]

    def means(self, table: Floats) -> Floats:
        """Return the mean of each column of the rows' (N, C) values by bucket: (K, C), nan where nothing is known."""
        known = ~np.isnan(table)
        some = np.flatnonzero(known.any(0))  # labels or units that a model lacks cost nothing
        means = np.full((self._count, table.shape[1]), np.nan)
        table, known = table[:, some], known[:, some]
        means[:, some] = ratio(self._sum(np.where(known, table, 0.0)), self._sum(known.astype(np.float64)))
        return means

    def _sum(self, table: Floats) -> Floats:
        sums = np.zeros((self._count, table.shape[1]))
        if table.size:
            sums[self._buckets] = np.add.reduceat(table * self._first_us[:, None], self._firsts, axis=0)
            np.add.at(sums, self._next, table[self._crossing] * self._second_us[:, None])
        return sums


def bucketed(holding: Holding, kind: Kind, count: int) -> Buckets:
    """Sum a participant's values of one kind over the meeting's first `count` buckets, which hold all of them."""
    series, edges = holding.series, np.arange(count + 1, dtype=np.int64) * BUCKET_US
    faces, scored = holding.faced_by(kind.model_id), holding.scored_by(kind)
    columns = (series.probabilities, series.valence, series.arousal, series.action_units)
    shown = np.column_stack([column[faces] for column in columns])
    means = _Rows(holding, faces, count).means(shown)
    return Buckets(
        attended_us=np.diff(holding.attendance.before(edges)),
        scored_us=_Rows(holding, holding.scored, count).time_us(),
        engagement=_Rows(holding, scored, count).means(series.score[scored][:, None])[:, 0],
        expressions=means[:, : len(LABELS)],
        valence=means[:, len(LABELS)],
        arousal=means[:, len(LABELS) + 1],
        action_units=means[:, len(LABELS) + 2 :],
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
            action_units=unit_means(buckets.action_units[index].tolist()),
        )
        for index in np.flatnonzero(buckets.attended_us).tolist()
    )


def unit_means(means: Iterable[float | None]) -> tuple[ActionUnitMean, ...]:
    """Return the means, in the order of `ACTION_UNITS`, of the units that are known."""
    known = ((number, mean) for number, mean in zip(ACTION_UNITS, means, strict=True) if mean is not None)
    return tuple(ActionUnitMean(number, mean) for number, mean in known if not math.isnan(mean))


def none_if_nan(value: float) -> float | None:
    """Return the value, or None for nan."""
    return None if math.isnan(value) else value


def bucket_count(duration_us: int) -> int:
    """Return how many buckets a duration touches."""
    return -(-duration_us // BUCKET_US)
