"""A participant's recorded values as columns: what summaries and timelines are computed from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """All recorded updates of one participant, ordered by sequence. N rows; absent floats are nan.

    `presence`, `no_score_reason`, `band`, `facing_state` hold the numbers of their enumerations in `types`. `model` and
    `formula` index `model_ids` and `formula_ids`; -1 means none. Scores of different formulas and values of different
    models are not mixed.
    """

    participant: str
    sequence: Integers  # (N,)
    epoch: Integers  # (N,)
    offset_us: Integers  # (N,) since the meeting began, never falling
    presence: Integers  # (N,)
    no_score_reason: Integers  # (N,) 0 where there is a score
    band: Integers  # (N,)
    facing_state: Integers  # (N,)
    score: Floats  # (N,)
    facing: Floats  # (N,)
    expression: Floats  # (N,)
    coverage: Floats  # (N,)
    probabilities: Floats  # (N, len(LABELS)) smoothed
    valence: Floats  # (N,) smoothed
    arousal: Floats  # (N,) smoothed
    action_units: Floats  # (N, len(ACTION_UNITS))
    active_units: Flags  # (N, len(ACTION_UNITS)) by a head's thresholds; False without one
    valence_arousal_provenance: Integers  # (N,)
    action_unit_provenance: Integers  # (N,)
    baseline_weight: Floats  # (N,) of the neutral baseline, 0 to 1
    speaking: Floats  # (N,) 1 where the sender said that they spoke, 0 where it said that they did not
    model: Integers  # (N,)
    formula: Integers  # (N,)
    model_ids: tuple[str, ...]
    formula_ids: tuple[str, ...]
