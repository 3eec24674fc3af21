"""What a lower rate loses: the bounds beside the figure, on series whose answer is known."""

import math

import numpy as np
import pytest
from roompulse_server.insight.scoring.smoothing import Smoother

from benchmarks.fidelity import compare, thinned
from benchmarks.load import Streamed, Value
from benchmarks.material import RATE_HZ

STEP = 8
LENGTH = 12 * RATE_HZ


def value(unit: int, raw: float, smoothed: float) -> Value:
    at_s = unit / RATE_HZ
    return Value(
        unit, at_s, at_s, at_s, at_s, valence=smoothed, arousal=-smoothed, raw_valence=raw, raw_arousal=-raw,
        smile=smoothed, yaw_deg=40 * raw, facing=1.0, score=0.5,
    )  # fmt: skip


def streamed(raw: np.ndarray[tuple[int], np.dtype[np.float64]], step: int = 1) -> Streamed:
    """What a service sends of a series at every `step`-th frame."""
    smoother = Smoother(1.0, 1.5, 1)
    values = [
        value(unit, float(raw[unit]), smoother.put(unit / RATE_HZ, (float(raw[unit]),))[0])
        for unit in range(0, len(raw), step)
    ]
    return Streamed("p0", 0, values)


def waving(period_s: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.sin(2 * np.pi * np.arange(LENGTH) / RATE_HZ / period_s) * 0.8


def test_a_slow_wave_is_the_same_at_three_looks_a_second() -> None:
    lost = compare([streamed(waving(6.0))], [streamed(waving(6.0), STEP)])
    assert lost.valence.ccc > 0.999
    assert lost.valence.ccc == pytest.approx(lost.arousal.ccc)
    assert lost.valence.path_ccc == pytest.approx(1.0)
    assert lost.onsets >= 1
    assert lost.onsets_missed == 0
    assert lost.latest_s < STEP / RATE_HZ
    assert lost.score_p95 == 0.0
    assert lost.facing_agrees == 1.0


def test_what_is_sent_agrees_as_the_thinned_series_does() -> None:
    raw = waving(1.3) + np.random.default_rng(1).normal(0, 0.1, LENGTH)
    lost = compare([streamed(raw)], [streamed(raw, STEP)])
    assert lost.valence.ccc == pytest.approx(lost.valence.thinned_ccc[0], abs=1e-6)
    assert len(lost.valence.thinned_ccc) == STEP
    assert 0.5 < lost.valence.ccc < 0.999


def test_a_worse_path_shows_where_thinning_does_not() -> None:
    raw = waving(6.0)
    worse = raw + np.random.default_rng(2).normal(0, 0.4, LENGTH)
    lost = compare([streamed(raw)], [streamed(worse, STEP)])
    assert lost.valence.path_ccc < 0.9
    assert min(lost.valence.thinned_ccc) > 0.999
    assert lost.valence.ccc < min(lost.valence.thinned_ccc)


def test_a_face_that_does_not_move_says_nothing() -> None:
    lost = compare([streamed(np.zeros(LENGTH))], [streamed(np.zeros(LENGTH), STEP)])
    assert math.isnan(lost.valence.ccc)
    assert all(math.isnan(found) for found in thinned([], STEP))
