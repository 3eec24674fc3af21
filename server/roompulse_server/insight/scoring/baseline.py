"""The neutral baseline: what a person's face looks like at rest, taken out of what the model says of it.

    raw ─▶ deviation: centred log p, less the population's profile ─▶ running medians, of samples that may teach
                                                                              │ × weight × -strength, capped
    raw ─▶ p·exp(shift), the same sum as before ◀─ shift, slewed ◀────────────┘

Some faces at rest are read as sad or angry. Half of a person's lasting deviation from the population's neutral face
is taken back (judgement; no published effect size was found, `docs/baseline.md` says what it changes). That is the
prior shift p·(π/p̄)^½ of Menon et al. 2021, for medians. It may hide a lasting mood; so raw values stay beside it.

Centred: log p less its mean, weighted by the population's neutral probabilities. Which mean is taken does not change
what the shift does, since a shift of all labels drops out; but a plain mean would be driven by labels that are all but
absent, and neutral and sadness would reach the cap together, where their difference is lost.

Happiness and "other" are outside: their probabilities leave as they came, bit for bit, and play no part in the
deviation. So a smile counts the same with and without a baseline, and so does what is called unclear.
"""

import math
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from roompulse_vision.types import LABELS, Probabilities

from roompulse_server.insight.scoring.adjustment import Adjusted, Adjustment, Evidence, NoAdjustment
from roompulse_server.insight.scoring.formula import WEIGHED_LABELS, Formula
from roompulse_server.insight.scoring.median import RunningMedians
from roompulse_server.series import Floats

BINS = 21  # over ± the deviation that reaches the cap: a bin is 0.29 wide with the defaults, 0.14 of shift
FLOOR = 1e-4  # probabilities below say no more than "not this": their logarithms are a network's noise
STEADY_MOVE, STEADY_S = 0.03, 10.0  # the score is moved by no more than that in that time while the shift changes
VERSION = 1  # of the state's layout and of what its numbers mean

_HAPPINESS = LABELS.index("happiness")
_OTHER = LABELS.index("other")
_KEPT = (_HAPPINESS, _OTHER)


class NeutralBaseline:
    """An `Adjustment` with the population's profile `population_logp`: by `LABELS`, nan for labels that are absent.

    Only samples that are frontal, not speaking, not still, clear and without a smile teach; each counts for the time
    until the next one. With E the score and w the weights of the formula: the shift of any label changes by at most
    2·0.03 / (max w - min w) in 10 s, w without happiness. That moves the score of a face that does not change by at
    most 0.03 in 10 s, since |dx/dt| ≤ Σ p·|w - x|·|dshift/dt| ≤ (max w - min w) / 2 · max |dshift/dt|.

    Raises:
        ValueError: The profile has fewer than two labels that can be shifted.
    """

    def __init__(self, population_logp: Probabilities, settings: Formula) -> None:
        self._settings = settings
        self._labels = shifted_labels(population_logp)
        if len(self._labels) < 2:
            raise ValueError(f"a neutral profile of {population_logp} leaves nothing to shift")
        profile = np.array([population_logp[label] for label in self._labels])
        powers = np.exp(profile - profile.max())
        self._population: Floats = powers / powers.sum()
        self._profile: Floats = profile - profile @ self._population
        weights = [settings.weights[label] for label in self._labels]
        self._slew_per_s = 2.0 * STEADY_MOVE / STEADY_S / max(max(weights) - min(weights), 1e-9)
        self._fingerprint = _fingerprint(self._profile, self._labels, settings)
        reach = settings.baseline_limit / settings.baseline_strength
        count = len(self._labels)
        self._medians = RunningMedians([reach] * count, settings.baseline_half_life_s, BINS)
        self._nothing: Floats = np.full(count, np.nan)
        self.clear()

    def adjust(self, evidence: Evidence) -> Adjusted:
        """Learn from the sample before this one, for the time it was held, and return this one's probabilities."""
        self._pass(evidence.at_s)
        known = np.array([evidence.raw[label] for label in self._labels])
        if np.isnan(known).any():  # another model's labels
            self._held = self._nothing
            return Adjusted(evidence.raw, 0.0)
        if self._teaches(evidence):
            logp = np.log(np.maximum(known, FLOOR))
            self._held = logp - logp @ self._population - self._profile
        else:
            self._held = self._nothing
        return Adjusted(self._shifted(evidence.raw, known), self.weight)

    @property
    def weight(self) -> float:
        """How much of the baseline is aimed at, 0 to 1, by the seconds of evidence."""
        ramp_s = self._settings.baseline_full_s - self._settings.baseline_start_s
        return min(1.0, max(0.0, (self.taught_s - self._settings.baseline_start_s) / ramp_s))

    def shift(self) -> dict[str, float]:
        """Return what is added to the log-probabilities now, by label, before they are normalised."""
        return {LABELS[label]: float(shift) for label, shift in zip(self._labels, self._shift, strict=True)}

    def clear(self) -> None:
        """Forget the person."""
        self._at_s = math.nan
        self.taught_s = 0.0
        self._held = self._nothing
        self._shift: Floats = np.zeros(len(self._labels))
        self._medians.clear()

    def state(self, now_s: float) -> list[float]:
        """Return what `restore` needs: 25 numbers a label and three."""
        moment = [self._fingerprint, self.taught_s, now_s - self._at_s]
        return [*moment, *self._held.tolist(), *self._shift.tolist(), *self._medians.state()]

    def restore(self, now_s: float, state: Sequence[float]) -> None:
        """Go on from the numbers of `state`; a state of another layout, profile or setting is a new start."""
        self.clear()
        count = len(self._labels)
        if len(state) != 3 + count * (BINS + 4) or state[0] != self._fingerprint:
            return
        self.taught_s, self._at_s = state[1], now_s - state[2]
        self._held, self._shift = np.array(state[3 : 3 + count]), np.array(state[3 + count : 3 + 2 * count])
        self._medians.restore(state[3 + 2 * count :])

    def _pass(self, at_s: float) -> None:
        elapsed_s = 0.0 if math.isnan(self._at_s) else min(at_s - self._at_s, self._settings.hold_s)
        self._at_s = at_s
        if elapsed_s <= 0.0:
            return
        if not np.isnan(self._held[0]):
            self._medians.put(self._held.tolist(), elapsed_s)
            self.taught_s += elapsed_s
        if (weight := self.weight) > 0.0:
            aim = -self._settings.baseline_strength * weight * np.array(self._medians.medians())
            most = self._slew_per_s * elapsed_s
            self._shift = self._shift + np.minimum(np.maximum(aim - self._shift, -most), most)

    def _teaches(self, evidence: Evidence) -> bool:
        happy, other = evidence.raw[_HAPPINESS], evidence.raw[_OTHER]
        smiling = happy >= self._settings.baseline_happiness_below  # an absent label is nan, and no reason
        unclear = other > self._settings.unclear_above
        return bool(evidence.frontal) and not (evidence.speaking or evidence.still or smiling or unclear)

    def _shifted(self, raw: Probabilities, known: Floats) -> Probabilities:
        moved = known * np.exp(self._shift)
        total = float(moved.sum())
        if not self._shift.any() or total <= 0.0:
            return raw
        moved = np.minimum(moved * (float(known.sum()) / total), 1.0)
        values = list(raw)
        for label, probability in zip(self._labels, moved, strict=True):
            values[label] = float(probability)
        return tuple(values)


def adjustment_for(formula: Formula, population_logp: Probabilities | None) -> Adjustment:
    """Return a participant's adjustment: none where the formula says so, or the model's card has no profile."""
    if not formula.baseline or population_logp is None or len(shifted_labels(population_logp)) < 2:
        return NoAdjustment()
    return NeutralBaseline(population_logp, formula)


def is_setting_in(weight: float | Floats) -> NDArray[np.bool_]:
    """Tell where the baseline ramps, by `AffectReading.baseline_weight` (nan: no): no moment may begin then."""
    ramping: NDArray[np.bool_] = np.greater(weight, 0.0) & np.less(weight, 1.0)
    return ramping


def shifted_labels(population_logp: Probabilities) -> list[int]:
    """Return the places in `LABELS` that a profile lets a baseline shift."""
    return [i for i in range(len(WEIGHED_LABELS)) if i not in _KEPT and math.isfinite(population_logp[i])]


def _fingerprint(profile: Floats, labels: Sequence[int], settings: Formula) -> float:
    """Return a number that a 32-bit float holds exactly, different for states that mean different things."""
    meaning = (
        VERSION,
        BINS,
        tuple(labels),
        tuple(profile.round(6).tolist()),
        settings.baseline_limit / settings.baseline_strength,
    )
    return float(zlib.crc32(repr(meaning).encode()) & 0xFFFFFF)
