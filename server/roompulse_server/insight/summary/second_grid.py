"""Everybody's values at each second of the meeting: what moments and synchrony are looked for in."""

from dataclasses import dataclass

import numpy as np

from roompulse_server.insight.scoring.baseline import is_setting_in
from roompulse_server.insight.summary.intervals import Holding, Kind
from roompulse_server.series import Floats

SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Seconds:
    """One participant at the beginning of each second, 0, 1, 2 … of the meeting: the value that holds then, or nan.

    `score` is unknown, too, while the neutral baseline sets in: its ramp is no change of the person.
    """

    score: Floats  # (N,)
    valence: Floats  # (N,)


def seconds_of(holding: Holding, kind: Kind, duration_us: int) -> Seconds:
    """Return a participant's values of one kind at each second of a meeting."""
    series = holding.series
    at_us = np.arange(-(-duration_us // SECOND_US), dtype=np.int64) * SECOND_US
    row = np.searchsorted(holding.start_us, at_us, side="right") - 1
    held = row >= 0
    held[held] = holding.stop_us[row[held]] > at_us[held]
    score = np.where(holding.scored_by(kind) & ~is_setting_in(series.baseline_weight), series.score, np.nan)
    valence = np.where(holding.faced_by(kind.model_id), series.valence, np.nan)
    return Seconds(*(_at(column, row, held) for column in (score, valence)))


def _at(column: Floats, row: np.ndarray, held: np.ndarray) -> Floats:
    values = np.full(row.size, np.nan)
    values[held] = column[row[held]]
    return values
