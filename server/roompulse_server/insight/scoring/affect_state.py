"""What is remembered of the one person whose face is being followed; forgotten when the face may be another's."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from roompulse_vision.derived.circumplex import valence_arousal
from roompulse_vision.enumerations import Provenance
from roompulse_vision.types import LABELS, HeadPose, RawAffect

from roompulse_server.insight.scoring.adjustment import Adjusted, Adjustment, Evidence
from roompulse_server.insight.scoring.facing import STATE_SIZE as FACING_SIZE
from roompulse_server.insight.scoring.facing import FacingJudge, Turn, facing_factor
from roompulse_server.insight.scoring.formula import Formula
from roompulse_server.insight.scoring.gate import ReadableFace
from roompulse_server.insight.scoring.reference import STATE_SIZE as REFERENCE_SIZE
from roompulse_server.insight.scoring.reference import PoseReference
from roompulse_server.insight.scoring.scoring_method import Scoring
from roompulse_server.insight.scoring.smoothing import Smoother
from roompulse_server.insight.scoring.stillness import Liveness, StillnessGate
from roompulse_server.insight.scoring.window import STATE_SIZE as WINDOW_SIZE
from roompulse_server.insight.scoring.window import Sample, TrailingWindow
from roompulse_server.types import AffectReading

_AFFECT_SIZE = len(LABELS) + 2  # probabilities, valence, arousal
_STATE_SIZES = (5, 1 + 2 * _AFFECT_SIZE, 3, REFERENCE_SIZE, FACING_SIZE, WINDOW_SIZE)


class AffectState:
    """Smoothing, reference, motion and window of one face. Times never fall; `at_s` and `now_s` are meeting offsets."""

    def __init__(self, formula: Formula, adjustment: Adjustment, scoring: Scoring) -> None:
        self._formula, self._scoring = formula, scoring
        self._adjustment = adjustment
        self._pose = Smoother(formula.pose_smoothing_s, formula.hold_s, 2)
        self._affect = Smoother(formula.affect_smoothing_s, formula.hold_s, _AFFECT_SIZE)
        self.stillness = StillnessGate(formula.motion_floor_grey, formula.motion_within_s, formula.hold_s)
        self.reference = PoseReference(formula)
        self.facing = FacingJudge(formula)
        self.window = TrailingWindow(formula.window_s, formula.hold_s)

    def read(
        self, at_s: float, seen: ReadableFace, *, speaking: bool
    ) -> tuple[AffectReading, Turn | None, Sample | None]:
        """Take a readable face: return its affect over time, its turn, and its sample (None: unclear)."""
        self.stillness.put(at_s, seen.face.motion)
        turn = self._turned(at_s, seen.face.pose)
        facing = 1.0 if turn is None else facing_factor(self._formula, turn.yaw_deg, turn.pitch_deg)
        frontal = None if turn is None else facing >= 1.0
        affect = self._read_affect(at_s, seen.affect, frontal, speaking=speaking)
        value = self._scoring.value(affect.adjusted, speaking=speaking)
        return affect, turn, None if value is None else Sample(facing, value)

    def clear(self) -> None:
        """Forget the person."""
        parts = (self._adjustment, self._pose, self._affect, self.stillness, self.reference, self.facing, self.window)
        for part in parts:
            part.clear()

    def state(self, now_s: float) -> list[float]:
        """Return what `restore` needs: a few hundred numbers, no embedding."""
        return [
            *self._pose.state(now_s),
            *self._affect.state(now_s),
            *self.stillness.state(now_s),
            *self.reference.state(),
            *self.facing.state(now_s),
            *self.window.state(now_s),
            *self._adjustment.state(now_s),
        ]

    def restore(self, now_s: float, state: Sequence[float]) -> None:
        """Go on from the numbers of `state`.

        Raises:
            ValueError: There are too few of them.
        """
        restorers: tuple[Callable[[Sequence[float]], None], ...] = (
            lambda numbers: self._pose.restore(now_s, numbers),
            lambda numbers: self._affect.restore(now_s, numbers),
            lambda numbers: self.stillness.restore(now_s, numbers),
            self.reference.restore,
            lambda numbers: self.facing.restore(now_s, numbers),
            lambda numbers: self.window.restore(now_s, numbers),
        )
        if len(state) < sum(_STATE_SIZES):
            raise ValueError(f"{len(state)} numbers of state, at least {sum(_STATE_SIZES)} expected")
        start = 0
        for size, restore in zip(_STATE_SIZES, restorers, strict=True):
            restore(state[start : start + size])
            start += size
        self._adjustment.restore(now_s, state[start:])

    def _turned(self, at_s: float, pose: HeadPose | None) -> Turn | None:
        if pose is None:
            return None
        if before := self._pose.last():
            before_s, (yaw_deg, pitch_deg) = before
            self.reference.put(yaw_deg, pitch_deg, min(at_s - before_s, self._formula.hold_s))
        yaw_deg, pitch_deg = self._pose.put(at_s, (pose.yaw_deg, pose.pitch_deg))
        yaw_0_deg, pitch_0_deg = self.reference.angles_deg()
        turn = Turn(yaw_deg - yaw_0_deg, pitch_deg - pitch_0_deg)
        self.facing.put(at_s, turn)
        return turn

    def _read_affect(self, at_s: float, affect: RawAffect, frontal: bool | None, *, speaking: bool) -> AffectReading:
        still = self.stillness.judge(at_s) is Liveness.STILL
        adjusted = self._adjustment.adjust(Evidence(at_s, affect.probabilities, frontal, speaking, still))
        values = (*adjusted.probabilities, *_feelings(affect, adjusted))
        *smoothed, valence, arousal = self._affect.put(at_s, values)
        return AffectReading(
            model_id=affect.model_id,
            raw=affect.probabilities,
            adjusted=adjusted.probabilities,
            smoothed=tuple(smoothed),
            raw_valence=affect.valence,
            raw_arousal=affect.arousal,
            valence=_or_none(valence),
            arousal=_or_none(arousal),
            valence_arousal_provenance=affect.valence_arousal_provenance,
            action_units=affect.action_units,
            action_unit_provenance=affect.action_unit_provenance,
            action_units_active=affect.action_units_active,
            baseline_weight=adjusted.weight,
        )


def _feelings(affect: RawAffect, adjusted: Adjusted) -> tuple[float, float]:
    """Return valence and arousal, nan for none: derived ones follow from the adjusted expressions, the model's stay."""
    derived = affect.valence_arousal_provenance is Provenance.DERIVED
    if not derived or adjusted.probabilities == affect.probabilities:
        return _or_nan(affect.valence), _or_nan(affect.arousal)
    valence, arousal = valence_arousal(np.array([adjusted.probabilities]))[0].tolist()
    return valence, arousal


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
