"""Valence and arousal from expression probabilities, by the coordinates that people gave to emotion words.

Russell and Mehrabian 1977 (Journal of Research in Personality 11:273-294), table 4, means of pleasure and arousal on
-1 to 1; neutral is zero by definition; contempt is not among their six and is assumed. A mixture of such points is an
expectation and no measurement (a map of this kind, fitted to Aff-Wild2, reached CCC 0.43 and 0.50 there): derived.
"""

import numpy as np

from roompulse_vision.derived.mixture import Doubles, Mixture
from roompulse_vision.types import LABELS

COORDINATES: dict[str, tuple[float, float]] = {
    "neutral": (0.0, 0.0),
    "happiness": (0.81, 0.51),
    "surprise": (0.40, 0.67),
    "sadness": (-0.63, -0.27),
    "anger": (-0.51, 0.59),
    "disgust": (-0.60, 0.35),
    "fear": (-0.64, 0.60),
    "contempt": (-0.45, 0.25),  # assumed
}
MIXTURE = Mixture(np.array([COORDINATES.get(label, (np.nan, np.nan)) for label in LABELS]))


def valence_arousal(probabilities: Doubles) -> Doubles:
    """Return (N, 2), valence and arousal, -1 to 1, from `probabilities` (N, len(LABELS)), nan where absent."""
    return MIXTURE.expectation(probabilities)
