"""What may stand between the model's probabilities and the score: the seam for the neutral baseline."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from roompulse_vision.types import Probabilities


class Evidence(NamedTuple):
    """One picture's probabilities with what decides whether a baseline may learn from them.

    `frontal`: the facing ramp is at 1; None where facing is unknown. `still`: it is a picture, not a living face.
    """

    at_s: float
    raw: Probabilities
    frontal: bool | None
    speaking: bool
    still: bool = False


class Adjusted(NamedTuple):
    """Probabilities after the baseline, and how much of it is in them (0 none, 1 full)."""

    probabilities: Probabilities
    weight: float


class Adjustment(Protocol):
    """Learns a person's neutral face and takes it out; one for each participant."""

    def adjust(self, evidence: Evidence) -> Adjusted:
        """Learn from one picture and return its adjusted probabilities."""
        ...

    def clear(self) -> None:
        """Forget the person."""
        ...

    def state(self, now_s: float) -> list[float]:
        """Return the few numbers `restore` needs."""
        ...

    def restore(self, now_s: float, state: Sequence[float]) -> None:
        """Go on from the numbers of `state`."""
        ...


class NoAdjustment:
    """Adjusted is raw: the model's card carries no neutral profile, or the baseline is off."""

    def adjust(self, evidence: Evidence) -> Adjusted:
        """Return the probabilities as they are, with weight 0."""
        return Adjusted(evidence.raw, 0.0)

    def clear(self) -> None:
        """Nothing was learnt."""

    def state(self, now_s: float) -> list[float]:
        """Nothing was learnt."""
        return []

    def restore(self, now_s: float, state: Sequence[float]) -> None:
        """Nothing to go on from."""
