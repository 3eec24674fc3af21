"""One participant's readings: affect over time and the engagement score, or the reason why there is none."""

from roompulse_vision.enumerations import Presence
from roompulse_vision.types import FaceReading

from roompulse_server.insight.scoring.adjustment import Adjustment, NoAdjustment
from roompulse_server.insight.scoring.affect_state import AffectState
from roompulse_server.insight.scoring.band import band_of
from roompulse_server.insight.scoring.checkpoint import ScorerState, pack, unpack
from roompulse_server.insight.scoring.facing import Turn
from roompulse_server.insight.scoring.formula import Formula
from roompulse_server.insight.scoring.gate import REASONS, SEEN_IN_PICTURES, ReadableFace, presence_of, readable
from roompulse_server.insight.scoring.scoring_method import FormulaScoring, Scoring
from roompulse_server.insight.scoring.stillness import Liveness
from roompulse_server.insight.scoring.window import Sample
from roompulse_server.types import AffectReading, Band, Engagement, FaceObservation, FacingState, NoScoreReason, Reading

_EVIDENCE_SLACK_S = 1e-3  # sums of many intervals, and 32-bit floats in checkpoints


class ParticipantScorer:
    """Turns observations into readings, causally; pure, so the same observations always give the same readings.

    There is a score exactly while the newest sample is valid (one clear, living face whose expression can be named)
    and at least `valid_s` of the trailing window are. So a camera that goes off, or a face that is gone, ends the
    score at once, with its own reason; TOO_LITTLE_EVIDENCE is for the wait after it came back.
    The formula's numbers rule the gate, whatever the `scoring`, which is the formula's by default.
    Not for several threads.
    """

    def __init__(self, formula: Formula, adjustment: Adjustment | None = None, scoring: Scoring | None = None) -> None:
        self._formula = formula
        self._scoring = scoring if scoring is not None else FormulaScoring(formula)
        self._person = AffectState(formula, adjustment if adjustment is not None else NoAdjustment(), self._scoring)
        self._model_id = ""
        self._posed: bool | None = None
        self._track: int | None = None
        self._band = Band.UNSPECIFIED
        self._now_s = 0.0
        self._observed_s: float | None = None
        self._presence = Presence.NO_PICTURES
        self._reason = NoScoreReason.NO_PICTURES
        self._face: FaceReading | None = None
        self._affect: AffectReading | None = None
        self._turn: Turn | None = None

    def observe(self, observation: FaceObservation) -> Reading:
        """Take an analysed picture or a known state, and return the reading of that moment.

        An offset before the last one counts as the last one.
        """
        self._now_s = max(self._now_s, observation.offset_s)
        self._observed_s = self._now_s
        self._presence, self._face = presence_of(observation), observation.face
        self._affect, self._turn, sample = None, None, None
        if seen := readable(observation):
            sample = self._read(seen, speaking=bool(observation.speaking))
        elif self._presence is Presence.NO_CONSENT:
            self._start_afresh()
        self._reason = REASONS[self._presence]
        if seen and self._presence is Presence.PRESENT and sample is None:
            self._reason = NoScoreReason.EXPRESSION_UNCLEAR
        self._person.window.put(self._now_s, sample)
        return self._reading()

    def at(self, offset_s: float) -> Reading:
        """Return the reading of a moment without a new sample: the window slides, and what was seen grows old.

        A sample older than `hold_s` is nothing to go by: presence becomes NO_PICTURES.
        """
        self._now_s = max(self._now_s, offset_s)
        stale = self._observed_s is None or self._now_s - self._observed_s > self._formula.hold_s
        if stale and self._presence in SEEN_IN_PICTURES:
            self._presence, self._reason = Presence.NO_PICTURES, NoScoreReason.NO_PICTURES
            self._face, self._affect, self._turn = None, None, None
        return self._reading()

    def checkpoint(self) -> bytes:
        """Return the state, below 2 KB, for `restore`; it holds affect and angles, so it is personal data."""
        numbers = (float(self._posed is True), float(self._band), *self._person.state(self._now_s))
        return pack(ScorerState((self._scoring.id, self._model_id), self._now_s, numbers))

    def restore(self, data: bytes) -> bool:
        """Go on from a checkpoint, and return whether it was of use: made by this version and this kind of score.

        The next face is taken for the same person, whatever its track: tracks are numbered within a stream.

        Raises:
            ValueError: The bytes are damaged.
        """
        checkpoint = unpack(data) if data else None
        if checkpoint is None or len(checkpoint.ids) != 2 or checkpoint.ids[0] != self._scoring.id:
            return False
        posed, band, *numbers = checkpoint.numbers
        self._person.restore(checkpoint.at_s, numbers)
        self._now_s, self._model_id = checkpoint.at_s, checkpoint.ids[1]
        self._posed = bool(posed) if self._model_id else None
        self._track, self._band = None, Band(int(band))
        return True

    def _read(self, seen: ReadableFace, *, speaking: bool) -> Sample | None:
        self._follow(seen)
        affect, turn, sample = self._person.read(self._now_s, seen, speaking=speaking)
        if self._person.stillness.judge(self._now_s) is Liveness.STILL:
            self._presence = Presence.STATIC_IMAGE
            return None
        self._affect, self._turn = affect, turn
        return sample

    def _follow(self, seen: ReadableFace) -> None:
        """Start afresh where values would be mixed: another person, another model, pose known or not."""
        track, model_id, posed = seen.face.track, seen.affect.model_id, seen.face.pose is not None
        other_person = self._track is not None and self._track != track
        other_kind = self._posed is not None and (self._model_id, self._posed) != (model_id, posed)
        if other_person or other_kind:
            self._start_afresh()
        self._track, self._model_id, self._posed = track, model_id, posed

    def _start_afresh(self) -> None:
        self._person.clear()
        self._track, self._band = None, Band.UNSPECIFIED

    def _reading(self) -> Reading:
        return Reading(presence=self._presence, face=self._face, affect=self._affect, engagement=self._engagement())

    def _engagement(self) -> Engagement:
        means = self._person.window.means(self._now_s)
        reason, score = self._missing(means.valid_s), None
        if reason is NoScoreReason.UNSPECIFIED and (score := self._scoring.score(means, self._face)) is None:
            reason = NoScoreReason.TOO_LITTLE_EVIDENCE
        return Engagement(
            formula_id=self._scoring.id_for(facing_known=self._posed is not False),
            score=score.value if score else None,
            band=self._band_of(score.value if score else None, means.valid_s),
            no_score_reason=reason,
            facing=score.facing if score else None,
            expression=score.expression if score else None,
            coverage=min(1.0, means.valid_s / self._formula.window_s),
            yaw_from_reference_deg=None if self._turn is None else self._turn.yaw_deg,
            pitch_from_reference_deg=None if self._turn is None else self._turn.pitch_deg,
            reference_count=self._person.reference.count,
            window_s=self._scoring.window_s(self._face),
            facing_state=FacingState.UNSPECIFIED if self._turn is None else self._person.facing.verdict,
        )

    def _missing(self, valid_s: float) -> NoScoreReason:
        if self._reason is not NoScoreReason.UNSPECIFIED:
            return self._reason
        living = self._person.stillness.judge(self._now_s) is Liveness.LIVING
        if not living or valid_s + _EVIDENCE_SLACK_S < self._formula.valid_s:
            return NoScoreReason.TOO_LITTLE_EVIDENCE
        return NoScoreReason.UNSPECIFIED

    def _band_of(self, score: float | None, valid_s: float) -> Band:
        if valid_s == 0.0:
            self._band = Band.UNSPECIFIED
        if score is None or not self._scoring.banded(facing_known=self._posed is True):
            return Band.UNSPECIFIED
        self._band = band_of(self._formula, score, self._band)
        return self._band
