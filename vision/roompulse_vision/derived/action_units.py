"""Action units as expected under expression probabilities, by the table of Du, Tao and Martinez.

Du, Tao and Martinez 2014 (PNAS 111(15):E1454), table 1: prototypical units (in more than 70 % of their 230 posing
subjects) count 1, others their share; restricted to the twelve of ABAW. The mixture follows Kollias 2021
(arXiv 2105.03790). Contempt is not in that table: half a lip corner pulled, judgement. Probabilities only: expected,
never detected, never counted as events.
"""

import numpy as np

from roompulse_vision.derived.mixture import Doubles, Mixture
from roompulse_vision.types import ACTION_UNITS, LABELS

SHARES: dict[str, dict[int, float]] = {
    "neutral": {},
    "happiness": {6: 0.51, 12: 1.0, 25: 1.0},
    "surprise": {1: 1.0, 2: 1.0, 25: 1.0, 26: 1.0},
    "sadness": {1: 0.60, 4: 1.0, 6: 0.50, 15: 1.0},
    "anger": {4: 1.0, 7: 1.0, 10: 0.26, 23: 0.29, 24: 1.0},
    "disgust": {4: 0.31, 10: 1.0, 24: 0.26},
    "fear": {1: 1.0, 2: 0.57, 4: 1.0, 25: 1.0, 26: 0.33},
    "contempt": {12: 0.5},
}


def _row(label: str) -> list[float]:
    shares = SHARES.get(label)
    return [np.nan] * len(ACTION_UNITS) if shares is None else [shares.get(unit, 0.0) for unit in ACTION_UNITS]


MIXTURE = Mixture(np.array([_row(label) for label in LABELS]))


def action_units(probabilities: Doubles) -> Doubles:
    """Return (N, len(ACTION_UNITS)), 0 to 1, from `probabilities` (N, len(LABELS)), nan where absent."""
    return MIXTURE.expectation(probabilities)
