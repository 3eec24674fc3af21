"""What a score is made of: the formula's two parts, or what a network says. The gate before it is the same.

readable face ─▶ value ─▶ trailing window ─▶ enough evidence? ─▶ score
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from roompulse_vision.types import FaceReading, Probabilities

from roompulse_server.errors import SettingsError
from roompulse_server.insight.scoring.expression import expression_value
from roompulse_server.insight.scoring.formula import DEFAULT_ID, Formula
from roompulse_server.insight.scoring.window import Sums


class Score(NamedTuple):
    """A score with its parts, None for what it does not have or know."""

    value: float
    facing: float | None = None
    expression: float | None = None


class Scoring(Protocol):
    """Makes scores of one kind, which are told apart from others by their id alone. Holds no state."""

    @property
    def id(self) -> str:
        """Name the kind of score; state of another kind is of no use."""

    def id_for(self, *, facing_known: bool) -> str:
        """Return the id that scores carry."""

    def value(self, adjusted: Probabilities, *, speaking: bool) -> float | None:
        """Return what is averaged over the window; None makes the sample invalid: its expression is unclear."""

    def score(self, means: Sums, face: FaceReading | None) -> Score | None:
        """Return the score for what was averaged and the newest face, which passed the gate; None: not yet."""

    def window_s(self, face: FaceReading | None) -> float:
        """Return the length of what the score is made of, seconds; 0 where there is nothing yet."""

    def banded(self, *, facing_known: bool) -> bool:
        """Say whether low, medium and high mean anything for these scores."""


@dataclass(frozen=True, slots=True)
class FormulaScoring:
    """Facing times expression, each a mean over the window."""

    formula: Formula

    @property
    def id(self) -> str:
        return self.formula.id

    def id_for(self, *, facing_known: bool) -> str:
        return self.formula.id_for(facing_known=facing_known)

    def value(self, adjusted: Probabilities, *, speaking: bool) -> float | None:
        return expression_value(self.formula, adjusted, speaking=speaking)

    def score(self, means: Sums, face: FaceReading | None) -> Score:
        weights = self.formula.weights
        facing = min(1.0, max(self.formula.facing_floor, means.facing))
        expression = min(max(weights), max(min(weights), means.expression))
        known = face is not None and face.pose is not None
        return Score(facing * expression, facing if known else None, expression)

    def window_s(self, face: FaceReading | None) -> float:
        return self.formula.window_s

    def banded(self, *, facing_known: bool) -> bool:
        return facing_known


@dataclass(frozen=True, slots=True)
class LearnedScoring:
    """The probability of "engaged" that a network gave the newest picture, as it is.

    It has a window of its own, of embeddings, and knows neither facing nor expression. Its bands would mean nothing:
    nobody has said which probability is high.

    Raises:
        SettingsError: The id is the default formula's.
    """

    network_id: str

    def __post_init__(self) -> None:
        if self.network_id == DEFAULT_ID:
            raise SettingsError(f"formula = {self.network_id!r} in an engagement network's card must be another id")

    @property
    def id(self) -> str:
        return self.network_id

    def id_for(self, *, facing_known: bool) -> str:
        return self.network_id

    def value(self, adjusted: Probabilities, *, speaking: bool) -> float:
        return 0.0  # nothing is averaged: a sample is evidence that somebody was there, and no more

    def score(self, means: Sums, face: FaceReading | None) -> Score | None:
        engaged = None if face is None or face.affect is None else face.affect.engaged
        return None if engaged is None else Score(engaged.probability)

    def window_s(self, face: FaceReading | None) -> float:
        engaged = None if face is None or face.affect is None else face.affect.engaged
        return 0.0 if engaged is None else engaged.span_s

    def banded(self, *, facing_known: bool) -> bool:
        return False
