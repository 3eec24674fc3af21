"""The neutral baseline does what it is for, and nothing else: made faces, made profiles."""

import math
import pathlib
from collections.abc import Callable

import numpy as np
import pytest
from insight_samples import face, feed, mixed, moments, score_of, seen
from roompulse_server.insight.scoring.adjustment import Evidence, NoAdjustment
from roompulse_server.insight.scoring.baseline import NeutralBaseline, adjustment_for, is_setting_in
from roompulse_server.insight.scoring.formula import Formula, load_formula
from roompulse_server.insight.scoring.scorer import ParticipantScorer
from roompulse_server.types import AffectReading
from roompulse_vision.enumerations import Provenance
from roompulse_vision.faces.card import read_card
from roompulse_vision.types import LABELS, FaceReading, Probabilities, RawAffect

FORMULA = Formula()
SHIPPED = (*read_card().neutral_logp, math.nan)
RESTING = mixed(neutral=0.55, sadness=0.40, anger=0.05)  # misread at rest
BLANK = mixed(neutral=0.9, sadness=0.05, anger=0.02, surprise=0.02, happiness=0.01)


def place(label: str) -> int:
    return LABELS.index(label)


def scorers() -> tuple[ParticipantScorer, ParticipantScorer]:
    """Return one without a baseline and one with the shipped profile."""
    return ParticipantScorer(FORMULA), ParticipantScorer(FORMULA, NeutralBaseline(SHIPPED, FORMULA))


def taught(probabilities: Probabilities, seconds: float, **evidence: bool | None) -> NeutralBaseline:
    baseline = NeutralBaseline(SHIPPED, FORMULA)
    for at_s in moments(0, seconds + 0.2, 5.0):
        baseline.adjust(evidence_of(at_s, probabilities, **evidence))
    return baseline


def evidence_of(at_s: float, probabilities: Probabilities, **evidence: bool | None) -> Evidence:
    known = {"frontal": True, "speaking": False, "still": False, **evidence}
    return Evidence(at_s, probabilities, known["frontal"], bool(known["speaking"]), bool(known["still"]))


def affect_of(scorer: ParticipantScorer, at_s: float, shown: FaceReading) -> AffectReading:
    affect = scorer.observe(seen(at_s, shown)).affect
    assert affect is not None
    return affect


def half_the_time_sad(at_s: float) -> FaceReading:
    sad = int(at_s) % 2 == 0
    return face(mixed(neutral=0.3, sadness=0.65, anger=0.05) if sad else mixed(neutral=0.75, sadness=0.22, anger=0.03))


def test_a_resting_face_misread_as_sad_moves_towards_the_neutral_score() -> None:
    bare, based = scorers()
    without, adjusted = (score_of(feed(scorer, 0, 150, half_the_time_sad)) for scorer in (bare, based))
    neutral = FORMULA.weight("neutral")
    assert without < adjusted < neutral
    assert neutral - adjusted < 0.75 * (neutral - without)


@pytest.mark.parametrize(("seconds", "weight"), [(10, 0.0), (20, 0.0), (40, 0.5), (60, 1.0), (600, 1.0)])
def test_it_takes_effect_slowly(seconds: float, weight: float) -> None:
    baseline = taught(RESTING, seconds)
    assert baseline.weight == pytest.approx(weight, abs=1e-6)
    assert any(baseline.shift().values()) == (weight > 0)
    assert is_setting_in(baseline.weight) == (0 < weight < 1)


@pytest.mark.parametrize(
    ("probabilities", "evidence"),
    [
        (RESTING, {"speaking": True}),
        (RESTING, {"frontal": False}),
        (RESTING, {"frontal": None}),  # a detector without landmarks
        (RESTING, {"still": True}),
        (mixed(happiness=0.4, sadness=0.5), {}),
        (mixed(other=0.6, sadness=0.4), {}),
    ],
)
def test_only_a_calm_living_face_towards_the_screen_teaches(
    probabilities: Probabilities, evidence: dict[str, bool | None]
) -> None:
    baseline = taught(probabilities, 300, **evidence)
    assert baseline.weight == 0.0
    assert baseline.adjust(evidence_of(301, RESTING)) == (RESTING, 0.0)


def test_what_was_learnt_holds_for_every_picture() -> None:
    baseline = taught(RESTING, 300)
    for at_s, evidence in enumerate(({}, {"speaking": True}, {"frontal": False}), start=301):
        adjusted = baseline.adjust(evidence_of(at_s, RESTING, **evidence))
        assert adjusted.probabilities[place("sadness")] < 0.3
        assert adjusted.weight == 1.0


def test_it_takes_back_half_of_a_lasting_deviation() -> None:
    twice_as_sad = np.array(SHIPPED[:-1])
    twice_as_sad[place("sadness")] += 2.0
    powers = np.exp(twice_as_sad)
    shift = taught((*(powers / powers.sum()).tolist(), math.nan), 300).shift()
    others = [shift[label] for label in shift if label != "sadness"]
    assert shift["sadness"] - np.mean(others) == pytest.approx(-1.0, abs=0.15)
    assert np.ptp(others) < 0.15


def test_a_face_like_the_populations_is_left_alone() -> None:
    powers = np.exp(np.array(SHIPPED[:-1]))
    population = (*(powers / powers.sum()).tolist(), math.nan)
    adjusted = taught(population, 300).adjust(evidence_of(301, population))
    assert adjusted.probabilities == pytest.approx(population, abs=1e-6, nan_ok=True)


def test_shifts_are_capped() -> None:
    shift = taught(mixed(contempt=1.0), 600).shift()
    assert max(map(abs, shift.values())) == FORMULA.baseline_limit
    assert "happiness" not in shift
    assert "other" not in shift


def test_old_evidence_fades() -> None:
    baseline = taught(RESTING, 1200)
    for at_s in moments(1200.2, 3600, 1.0):
        baseline.adjust(evidence_of(at_s, BLANK))
    fresh = taught(BLANK, 1200).shift()
    assert baseline.shift() == pytest.approx(fresh, abs=0.15)


@pytest.mark.parametrize("happiness", [1.0, 0.9, 0.6])
def test_a_constant_smiler_scores_high_for_half_an_hour(happiness: float) -> None:
    _, based = scorers()
    for start_s in range(0, 1800, 60):
        smiling = feed(based, start_s, start_s + 60, face(mixed(happiness=happiness)), rate_hz=1.0)
        assert score_of(smiling) >= 0.85


def test_a_smile_after_a_resting_face_counts_as_it_would_have() -> None:
    bare, based = scorers()
    for scorer in (bare, based):
        feed(scorer, 0, 300, face(RESTING), rate_hz=2.0)
    scores = [score_of(feed(scorer, 300, 320, face(mixed(happiness=1.0)))) for scorer in (bare, based)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-9)


@pytest.mark.parametrize("shown", [lambda _: face(RESTING), half_the_time_sad])
def test_the_setting_in_moves_the_score_slowly(shown: Callable[[float], FaceReading]) -> None:
    bare, based = scorers()
    moved = []
    for second in range(150):
        one, other = (feed(scorer, second, second + 1, shown) for scorer in (bare, based))
        moved.append(0.0 if one.engagement.score is None else score_of(other) - score_of(one))
    assert max(moved) > 0.02
    steps = [abs(moved[i] - moved[i - 10]) for i in range(10, len(moved))]
    assert max(steps) <= 0.03


def test_a_lasting_change_of_the_face_is_taken_in_slowly_too() -> None:
    """The median flips from one face to the other at once, when it has been there for half of the time."""
    baseline, before = taught(BLANK, 120), 0.0
    shifts = []
    for at_s in moments(120.2, 400, 5.0):
        baseline.adjust(evidence_of(at_s, RESTING))
        shifts.append(baseline.shift()["sadness"])
    assert shifts[-1] < -0.5
    for now in shifts:
        assert abs(now - before) <= 0.015 * 0.2 + 1e-9 or before == 0.0
        before = now


def test_another_person_starts_without_the_last_ones_baseline() -> None:
    _, based = scorers()
    feed(based, 0, 100, face(RESTING))
    assert affect_of(based, 100, face(RESTING)).baseline_weight == 1.0
    other = affect_of(based, 100.2, face(RESTING, track=2))
    assert (other.adjusted, other.baseline_weight) == (other.raw, 0.0)


def shows(provenance: Provenance) -> FaceReading:
    shown = face(RESTING)
    affect = RawAffect("model-a", RESTING, -0.3, 0.1, provenance)
    return FaceReading(shown.track, shown.box, shown.quality, pose=shown.pose, motion=shown.motion, affect=affect)


def test_derived_valence_follows_what_is_adjusted_and_the_models_own_stays() -> None:
    readings = {}
    for provenance in (Provenance.DERIVED, Provenance.MODEL):
        _, based = scorers()
        feed(based, 0, 150, shows(provenance))
        readings[provenance] = affect_of(based, 150, shows(provenance))
    derived, model = readings[Provenance.DERIVED], readings[Provenance.MODEL]
    assert derived.valence is not None
    assert derived.valence > -0.2
    assert derived.raw_valence == model.raw_valence == -0.3
    assert (model.valence, model.arousal) == pytest.approx((-0.3, 0.1))


@pytest.mark.parametrize("line", ["", "baseline = true", "baseline = false"])
def test_a_formula_switches_it(tmp_path: pathlib.Path, line: str) -> None:
    weights = [f"{label} = 0.5" for label in LABELS[:-1]]
    path = tmp_path / "formula.toml"
    path.write_text("\n".join(['id = "acme-1"', line, "[weights]", *weights]), encoding="utf-8")
    off = isinstance(adjustment_for(load_formula(path), SHIPPED), NoAdjustment)
    assert off == (line == "baseline = false")


@pytest.mark.parametrize("profile", [None, (math.nan,) * 9, (2.0, 1.0, -3.0, *(math.nan,) * 6)])
def test_without_a_profile_there_is_none(profile: Probabilities | None) -> None:
    adjustment = adjustment_for(FORMULA, profile)
    expected = profile is None or not math.isfinite(profile[0])
    assert isinstance(adjustment, NoAdjustment) == expected


def test_a_profile_that_shifts_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="leaves nothing to shift"):
        NeutralBaseline((1.0, 0.5, *(math.nan,) * 7), FORMULA)
