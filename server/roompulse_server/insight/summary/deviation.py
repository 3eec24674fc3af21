"""Excursions: times in which somebody's score is far from where it was before.

    score by second ─▶ medians of the two and of the ten minutes before ─▶ how far off both ─▶ drops, peaks
                                                                              └─ shuffled ─▶ the largest by chance

After a minute's drop the two minutes before are half of it: without the ten minutes its end would pass for a peak.

The rule of thumb alone (far off by two spreads) fires several times an hour on noise, since scores of neighbouring
seconds are alike. So how far off each second is changes places in blocks as long as seconds are alike, and an
excursion is measured by what it adds up to: longer ones than blocks do not come about by chance.
"""

from dataclasses import dataclass

import numpy as np

from roompulse_server.insight.summary import surrogate
from roompulse_server.series import Floats, Integers

BEFORE_S, RENEWED_S = 120, 5  # the two minutes before; taken anew every 5 s
LONG_BEFORE_S, LONG_RENEWED_S = 600, 30
APART_S = 10  # less the last seconds: a score's own window
BEFORE_KNOWN_S = 60
FAR_Z, BACK_Z = 2.0, 1.0
FAR, LEAST_S = 0.15, 10
GAP_S = 3  # an excursion goes on over so long without a score
REFRACTORY_S = 30
EVIDENCE_S = 300
CHANCE = 0.01  # of a false drop or peak anywhere in a meeting
_LEAST_SPREAD = 0.02
_BLOCK_S = (10, 40)  # the score's own window, and what an excursion of a minute can still be told from
_TO_SIGMA = 1.4826
_ALIKE, _ALIKE_TO_S = 0.2, 120


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """How far off somebody is, at the seconds where that is known."""

    second: Integers  # (N,)
    deviation: Floats  # (N,) score less the nearer of the medians before; 0 between them
    z: Floats  # (N,)
    block_s: int


@dataclass(frozen=True, slots=True)
class Excursion:
    """From `start_s` until `stop_s`. `mass` is the deviation, summed over the seconds that are far off."""

    start_s: int
    stop_s: int
    mass: float
    deviation: float


def trace_of(score: Floats) -> Trace | None:
    """Return how far off a score, by second, is; None with too little evidence."""
    if (~np.isnan(score)).sum() < EVIDENCE_S:
        return None  # before anything as long as the meeting is made for it
    windows = _before(score, BEFORE_S, RENEWED_S)
    centre = _medians(windows)
    spread = np.repeat(_medians(_deviations(windows, centre)), RENEWED_S)[: score.size]
    short = score - np.repeat(centre, RENEWED_S)[: score.size]
    long_centre = _medians(_before(score, LONG_BEFORE_S, LONG_RENEWED_S))
    long = score - np.repeat(long_centre, LONG_RENEWED_S)[: score.size]
    second = np.flatnonzero(~np.isnan(short + long))
    if second.size < EVIDENCE_S:
        return None
    short, long = short[second], long[second]
    nearer = np.sign(short) * np.minimum(np.abs(short), np.abs(long))
    deviation = np.where(short * long > 0, nearer, 0.0)
    z = deviation / np.maximum(_TO_SIGMA * spread[second], _LEAST_SPREAD)
    return Trace(second, deviation, z, int(np.clip(round(alike_s(long)), *_BLOCK_S)))


def excursions(trace: Trace, sign: int) -> list[Excursion]:
    """Return the drops (`sign` -1) or peaks (1) that the rule of thumb names, in order."""
    far = _far(trace, sign)
    runs = np.split(far, np.flatnonzero(np.diff(trace.second[far]) > GAP_S) + 1) if far.size else []
    found: list[Excursion] = []
    for run in runs:
        first_s, last_s = trace.second[run[[0, -1]]].tolist()
        refractory = bool(found) and first_s < found[-1].stop_s + REFRACTORY_S
        if last_s - first_s + 1 >= LEAST_S and not refractory:
            found.append(_excursion(trace, sign, run))
    return found


def largest_by_chance(trace: Trace, sign: int, random: np.random.Generator) -> Floats:
    """Return the largest mass of each surrogate; 0 where there is no excursion."""
    far = _far(trace, sign)
    largest = np.zeros(surrogate.COUNT)
    if not far.size:
        return largest
    places = surrogate.shuffled(far, trace.second.size, trace.block_s, random)
    order = np.argsort(places, axis=1)
    second = trace.second[np.take_along_axis(places, order, axis=1)]
    begins = np.ones(second.shape, dtype=np.bool_)
    begins[:, 1:] = np.diff(second, axis=1) > GAP_S
    first = np.flatnonzero(begins)
    last = np.append(first[1:], second.size) - 1
    mass = np.add.reduceat((sign * trace.deviation[far])[order].ravel(), first)
    long = second.ravel()[last] - second.ravel()[first] + 1 >= LEAST_S
    np.maximum.at(largest, first[long] // far.size, mass[long])
    return largest


def alike_s(values: Floats) -> float:
    """Return for how many values neighbours are alike: 1 + 2 Σ autocorrelation, up to where that is below 0.2.

    Of values clipped at one spread, so that a few large excursions do not count as likeness.
    """
    middle = np.median(values)
    spread = _TO_SIGMA * np.median(np.abs(values - middle))
    clipped = np.clip(values, middle - spread, middle + spread)
    centred = clipped - clipped.mean()
    power = np.abs(np.fft.rfft(centred, 2 * centred.size)) ** 2
    products = np.fft.irfft(power)[: _ALIKE_TO_S + 1]
    if products[0] <= 1e-12:
        return float(_ALIKE_TO_S)
    alike = products[1:] / products[0]
    below = np.flatnonzero(alike < _ALIKE)
    return 1.0 + 2.0 * float(alike[: below[0] if below.size else None].sum())


def _far(trace: Trace, sign: int) -> Integers:
    far: Integers = np.flatnonzero((sign * trace.z > FAR_Z) & (sign * trace.deviation >= FAR))
    return far


def _excursion(trace: Trace, sign: int, run: Integers) -> Excursion:
    """Let it last until the score is back, or unknown for too long."""
    after = np.arange(run[-1] + 1, trace.second.size)
    gap = np.flatnonzero(np.diff(trace.second[run[-1] :]) > GAP_S)
    back = np.flatnonzero(sign * trace.z[after] <= BACK_Z)
    stop = run[-1] + 1 + min([*back[:1].tolist(), *gap[:1].tolist(), after.size])
    return Excursion(
        start_s=int(trace.second[run[0]]),
        stop_s=int(trace.second[stop - 1]) + 1,
        mass=float((sign * trace.deviation[run]).sum()),
        deviation=float(trace.deviation[run[0] : stop].mean()),
    )


def _before(score: Floats, before_s: int, renewed_s: int) -> Floats:
    """Return the scores of the time before every so many seconds, a window a row; infinite where unknown."""
    known = np.where(np.isnan(score), np.inf, score)
    padded = np.concatenate((np.full(before_s, np.inf), known))
    return np.lib.stride_tricks.sliding_window_view(padded, before_s - APART_S)[: score.size : renewed_s]


def _deviations(windows: Floats, centre: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        away = np.abs(windows - centre[:, None])
    return np.where(np.isnan(away), np.inf, away)


def _medians(windows: Floats) -> Floats:
    """Return the median of each row, without what is infinite; nan with too little of it."""
    ordered = np.sort(windows, axis=1)
    count = np.isfinite(ordered).sum(axis=1)
    rows, low = np.arange(len(ordered)), np.maximum(count - 1, 0) // 2
    high = np.minimum(count // 2, ordered.shape[1] - 1)
    enough = count >= BEFORE_KNOWN_S
    with np.errstate(invalid="ignore"):
        medians: Floats = np.where(enough, (ordered[rows, low] + ordered[rows, high]) / 2.0, np.nan)
    return medians
