"""What the neutral baseline keeps, whatever comes: laws over made faces, profiles and settings."""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from insight_samples import face, feed, mixed, moments, score_of, seen
from roompulse_server.insight.scoring.adjustment import Adjusted, Evidence
from roompulse_server.insight.scoring.baseline import BINS, NeutralBaseline, adjustment_for
from roompulse_server.insight.scoring.expression import expression_value
from roompulse_server.insight.scoring.formula import Formula
from roompulse_server.insight.scoring.scorer import ParticipantScorer
from roompulse_server.series import Floats
from roompulse_vision.faces.card import read_card
from roompulse_vision.types import LABELS, FaceReading, Probabilities

FORMULA = Formula()
SHIPPED = (*read_card().neutral_logp, math.nan)
HAPPINESS, OTHER = LABELS.index("happiness"), LABELS.index("other")
REACH = 6.0  # of the histogram, from deviation to deviation
ALWAYS = (0, 3)  # a profile that shifts anything has two labels

logits = st.lists(st.floats(-8, 8), min_size=len(LABELS), max_size=len(LABELS)).map(np.array)
absences = st.sets(st.integers(0, len(LABELS) - 1).filter(lambda label: label not in ALWAYS)).map(frozenset)


def softmax(scores: Floats, absent: frozenset[int] = frozenset()) -> Probabilities:
    powers = np.exp(scores - scores.max())
    powers[list(absent)] = 0.0
    values = powers / powers.sum()
    values[list(absent)] = np.nan
    return tuple(values.tolist())


def profile_of(scores: Floats, absent: frozenset[int]) -> Probabilities:
    return tuple(math.nan if label in absent else float(scores[label]) for label in range(len(LABELS)))


def shown_to(baseline: NeutralBaseline, probabilities: Probabilities, seconds: float = 240.0) -> Adjusted:
    """Show one face for some minutes, frontal and calm, and return the last picture's."""
    adjusted = Adjusted(probabilities, 0.0)
    for at_s in moments(0.0, seconds, 1.0):
        adjusted = baseline.adjust(Evidence(at_s, probabilities, frontal=True, speaking=False))
    return adjusted


@settings(deadline=None, max_examples=40)
@given(taught=logits, scores=logits, profile=logits, absent=absences)
def test_what_comes_out_is_a_distribution_with_the_same_happiness(
    taught: Floats, scores: Floats, profile: Floats, absent: frozenset[int]
) -> None:
    baseline = NeutralBaseline(profile_of(profile, absent), FORMULA)
    shown_to(baseline, softmax(taught, absent))
    raw = softmax(scores, absent)
    adjusted = baseline.adjust(Evidence(240.0, raw, frontal=True, speaking=False)).probabilities
    known = [p for p in adjusted if not math.isnan(p)]
    assert all(0.0 <= p <= 1.0 for p in known)
    assert math.fsum(known) == pytest.approx(1.0, abs=1e-9)
    assert [math.isnan(p) for p in adjusted] == [label in absent for label in range(len(LABELS))]
    for kept in {HAPPINESS, OTHER} - absent:
        assert adjusted[kept] == raw[kept]  # not shifted, and not raised by what the others lost


@settings(deadline=None, max_examples=40)
@given(scores=logits)
def test_no_more_than_half_is_taken_back_and_never_added(scores: Floats) -> None:
    baseline, raw = NeutralBaseline(SHIPPED, FORMULA), softmax(scores, frozenset({OTHER}))
    adjusted = shown_to(baseline, raw)
    if raw[HAPPINESS] >= FORMULA.baseline_happiness_below:
        assert adjusted == (raw, 0.0)
        return
    labels = [LABELS.index(label) for label in baseline.shift()]
    profile, logp = np.array(SHIPPED)[labels], np.log(np.maximum(np.array(raw)[labels], 1e-4))
    weights = np.exp(profile) / np.exp(profile).sum()
    deviations = (logp - logp @ weights) - (profile - profile @ weights)
    bin_width = REACH / BINS
    for deviation, shift in zip(deviations, baseline.shift().values(), strict=True):
        assert shift == pytest.approx(-0.5 * np.clip(deviation, -3.0, 3.0), abs=0.5 * bin_width)
        assert abs(shift) <= FORMULA.baseline_limit


@settings(deadline=None, max_examples=40)
@given(scores=logits, profile=logits, weights=st.lists(st.floats(0, 1), min_size=8, max_size=8).map(tuple))
def test_setting_in_moves_a_constant_face_by_no_more_than_promised(
    scores: Floats, profile: Floats, weights: tuple[float, ...]
) -> None:
    """For every face, card and formula: x, and so the score, moves by at most 0.03 in 10 s."""
    formula = dataclasses.replace(FORMULA, id="acme-1", weights=weights)
    baseline = NeutralBaseline(profile_of(profile, frozenset({OTHER})), formula)
    raw, values = softmax(scores, frozenset({OTHER})), []
    for at_s in moments(0.0, 240.0, 1.0):
        adjusted = baseline.adjust(Evidence(at_s, raw, frontal=True, speaking=False))
        values.append(expression_value(formula, adjusted.probabilities, speaking=False) or 0.0)
    assert max(abs(values[i] - values[i - 10]) for i in range(10, len(values))) <= 0.03 + 1e-9


@settings(deadline=None, max_examples=20)
@given(scores=logits, offset=st.floats(-50, 50))
def test_a_constant_on_the_logits_changes_nothing(scores: Floats, offset: float) -> None:
    one, other = NeutralBaseline(SHIPPED, FORMULA), NeutralBaseline(SHIPPED, FORMULA)
    absent = frozenset({OTHER})
    adjusted = shown_to(one, softmax(scores, absent)).probabilities
    moved = shown_to(other, softmax(scores + offset, absent)).probabilities
    assert moved == pytest.approx(adjusted, abs=1e-3, nan_ok=True)  # a bin's border may lie between the two


@settings(deadline=None, max_examples=20)
@given(scores=logits, offset=st.floats(-50, 50))
def test_a_constant_on_the_profile_changes_nothing(scores: Floats, offset: float) -> None:
    raw = softmax(scores, frozenset({OTHER}))
    adjusted = shown_to(NeutralBaseline(SHIPPED, FORMULA), raw).probabilities
    lifted = tuple(value + offset for value in SHIPPED)
    assert shown_to(NeutralBaseline(lifted, FORMULA), raw).probabilities == pytest.approx(
        adjusted, abs=1e-3, nan_ok=True
    )


@settings(deadline=None, max_examples=30)
@given(
    lean=st.lists(st.floats(-1.2, 1.2), min_size=9, max_size=9).map(np.array),
    per_label=st.lists(st.floats(-1, 1), min_size=9, max_size=9).map(np.array),
    temperature=st.floats(0.85, 1.4),
)
def test_a_models_own_offsets_and_temperature_drop_out(lean: Floats, per_label: Floats, temperature: float) -> None:
    """Offsets and a temperature that a model has for everybody, and so for the population, change no deviation.

    What is taken back of a person, in logits before the temperature, is the same but for an offset of all labels,
    which does nothing, and for the histogram's bins.
    """
    absent = frozenset({OTHER})
    population = np.array([1.5, 0.0, -0.5, 0.8, 0.0, -1.0, -0.8, -0.5, 0.0])  # nothing comes below the floor
    population[HAPPINESS] = lean[HAPPINESS] = per_label[HAPPINESS] = -2.0  # no smile
    plain = NeutralBaseline(profile_of(population, absent), FORMULA)
    other = NeutralBaseline(profile_of((population + per_label) / temperature, absent), FORMULA)
    shown_to(plain, softmax(population + lean, absent))
    shown_to(other, softmax((population + per_label + lean) / temperature, absent))
    assert plain.weight == other.weight == 1.0
    shifts, scaled = (np.array(list(baseline.shift().values())) for baseline in (plain, other))
    assert np.ptp(scaled * temperature - shifts) <= 2 * (1 + temperature) * 0.25 * REACH / BINS


def wandering(phase: float) -> Callable[[float], FaceReading]:
    def shown(at_s: float) -> FaceReading:
        lean = 0.5 + 0.4 * math.sin(at_s / 4 + phase)
        return face(mixed(sadness=0.8 * lean, anger=0.1, happiness=0.05), yaw=12.0 * math.sin(at_s / 3))

    return shown


@settings(deadline=None, max_examples=15)
@given(moved_s=st.floats(6, 150), gap_s=st.floats(0, 3), rate_hz=st.sampled_from([1, 2, 5]), phase=st.floats(0, 6))
def test_a_stream_goes_on_elsewhere_without_a_jump(moved_s: float, gap_s: float, rate_hz: int, phase: float) -> None:
    stayed, before, after = (ParticipantScorer(FORMULA, adjustment_for(FORMULA, SHIPPED)) for _ in range(3))
    for scorer in (stayed, before):
        feed(scorer, 0, moved_s, wandering(phase), rate_hz=rate_hz)
    data = before.checkpoint()
    assert len(data) <= 2048
    assert after.restore(data)
    for at_s in moments(moved_s + gap_s, moved_s + gap_s + 60, rate_hz):
        one, other = (scorer.observe(seen(at_s, wandering(phase)(at_s))) for scorer in (stayed, after))
        assert one.affect is not None
        assert other.affect is not None
        assert other.affect.baseline_weight == pytest.approx(one.affect.baseline_weight, abs=1e-4)
        assert other.affect.adjusted == pytest.approx(one.affect.adjusted, abs=0.002, nan_ok=True)
        assert (other.engagement.score or 0.0) == pytest.approx(one.engagement.score or 0.0, abs=0.01)


def test_a_checkpoint_from_before_there_were_baselines_is_of_use() -> None:
    before = ParticipantScorer(FORMULA)
    feed(before, 0, 100, wandering(0))
    after = ParticipantScorer(FORMULA, adjustment_for(FORMULA, SHIPPED))
    assert after.restore(before.checkpoint())
    one, other = (scorer.observe(seen(100.2, wandering(0)(100.2))) for scorer in (before, after))
    assert score_of(other) == pytest.approx(score_of(one), abs=1e-4)
    assert other.affect is not None
    assert other.affect.baseline_weight == 0.0
    assert score_of(feed(after, 100.2, 250, wandering(0))) > score_of(feed(before, 100.2, 250, wandering(0)))


@pytest.mark.parametrize("other", ["off", "profile", "limit"])
def test_a_baseline_that_means_something_else_starts_anew(other: str) -> None:
    before = ParticipantScorer(FORMULA, adjustment_for(FORMULA, SHIPPED))
    feed(before, 0, 100, wandering(0))
    formula = dataclasses.replace(FORMULA, baseline=other != "off", baseline_limit=1.0 if other == "limit" else 1.5)
    profile = tuple(value + (other == "profile") * place for place, value in enumerate(SHIPPED))
    after = ParticipantScorer(formula, adjustment_for(formula, profile))
    assert after.restore(before.checkpoint())
    reading = after.observe(seen(100.2, wandering(0)(100.2)))
    assert reading.affect is not None
    assert reading.affect.baseline_weight == 0.0
    assert reading.affect.adjusted == reading.affect.raw
    assert reading.engagement.score is not None


@pytest.mark.parametrize("rate_hz", [1.0, 2.0, 24.0])
def test_time_counts_not_pictures(rate_hz: float) -> None:
    scores = []
    for rate in (5.0, rate_hz):
        based = ParticipantScorer(FORMULA, adjustment_for(FORMULA, SHIPPED))
        scores.append(score_of(feed(based, 0, 90, wandering(0), rate_hz=rate)))
    assert scores[0] == pytest.approx(scores[1], abs=0.02)
