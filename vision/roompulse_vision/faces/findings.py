"""What a model says, before it means anything."""

from dataclasses import dataclass

from roompulse_vision.faces.inference import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What one run says of N crops: `scores` (N, columns), and what else the card names as outputs, else None.

    `embeddings` (N, D), `feelings` (N, 2) valence and arousal, `units` (N, K) in the card's order, not activated.
    """

    scores: Floats
    embeddings: Floats | None = None
    feelings: Floats | None = None
    units: Floats | None = None
