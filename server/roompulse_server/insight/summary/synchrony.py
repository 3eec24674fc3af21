"""Synchrony: how much each participant's valence moves with the mean of the others', beyond chance.

    valence by second, less its mean of thirty seconds ─▶ correlation with the others' mean at every circular shift
                                      up to three seconds off: as it is ◀─┴─▶ ten seconds off or more: chance

Leave-one-out sums and one Fourier transform a participant give all of it, O(P·N log N) for P people and N seconds.
Correlations are averaged as Fisher's z.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roompulse_server.insight.summary import surrogate
from roompulse_server.insight.summary.second_grid import Seconds
from roompulse_server.insight.summary.summary_types import Synchrony
from roompulse_server.series import Floats

WINDOW_S, WINDOW_KNOWN_S = 30, 10
LAG_S = 3
CHANCE_FROM_S = 10
EVIDENCE_S = 180  # of valence known of somebody and of others
_OVERLAP_S = 60  # of a shifted series, so that its correlation means something
_LEAST_VARIANCE = 1e-6
_MOST_CORRELATION = 1.0 - 1e-9
_EACH_PAIR_TWICE = 2.0**0.5  # every pair is part of two correlations, so their mean spreads √2 times as far
SYNCHRONY_RULE = (
    "correlation of somebody's valence with the mean of the others', each less its mean of thirty seconds, the largest "
    "of up to three seconds earlier or later, less the mean of the same for circular shifts by ten seconds or more; "
    "three minutes known together or more"
)


@dataclass(frozen=True, slots=True, eq=False)
class _Tie:
    """One participant's Fisher z with the others: as it is, and at each shift that counts as chance."""

    found: float
    chance: Floats

    @property
    def beyond(self) -> float:
        return self.found - float(self.chance.mean())


def synchrony_of(uid: str, seconds: Mapping[str, Seconds]) -> tuple[Synchrony | None, dict[str, float]]:
    """Return the meeting's synchrony, None with too little evidence, and that of each participant with enough."""
    centred = {name: _centred(one.valence) for name, one in seconds.items()}
    known = np.sum([~np.isnan(one) for one in centred.values()] or [np.zeros(0)], axis=0)
    total = np.sum([np.nan_to_num(one) for one in centred.values()] or [np.zeros(0)], axis=0)
    ties: dict[str, _Tie] = {}
    for name, own in centred.items():
        others = known - ~np.isnan(own)
        mean = np.divide(total - np.nan_to_num(own), others, out=np.full(own.size, np.nan), where=others > 0)
        if tie := _tie(own, mean):
            ties[name] = tie
    each = {name: float(np.tanh(tie.beyond)) for name, tie in ties.items()}
    return (_meeting(uid, ties) if len(ties) > 1 else None), each


def _meeting(uid: str, ties: Mapping[str, _Tie]) -> Synchrony:
    found = float(np.mean([tie.beyond for tie in ties.values()]))
    chance = [
        tie.chance[surrogate.generator(uid, "SYNCHRONY", name).integers(0, tie.chance.size, surrogate.COUNT)]
        - tie.chance.mean()
        for name, tie in ties.items()
    ]
    p_value = surrogate.p_value(_EACH_PAIR_TWICE * np.mean(chance, axis=0), found)
    return Synchrony(float(np.tanh(found)), p_value, len(ties), SYNCHRONY_RULE)


def _centred(valence: Floats) -> Floats:
    """Take the mean of each thirty seconds off; nan where fewer than ten of them are known. The last are filled up."""
    windows = -(-valence.size // WINDOW_S)
    padded = np.full(windows * WINDOW_S, np.nan)
    padded[: valence.size] = valence
    table = padded.reshape(windows, WINDOW_S)
    known = (~np.isnan(table)).sum(axis=1)
    enough = known >= WINDOW_KNOWN_S
    mean = np.divide(np.nansum(table, axis=1), known, out=np.full(windows, np.nan), where=enough)
    centred: Floats = (table - mean[:, None]).ravel()
    return centred


def _tie(own: Floats, others: Floats) -> _Tie | None:
    known = ~(np.isnan(own) | np.isnan(others))
    if known.sum() < EVIDENCE_S:
        return None
    z = np.arctanh(_largest_near(_correlations(own, others)))
    chance = z[CHANCE_FROM_S : z.size - CHANCE_FROM_S + 1]
    chance = chance[~np.isnan(chance)]
    if np.isnan(z[0]) or not chance.size:
        return None
    return _Tie(float(z[0]), chance)


def _correlations(own: Floats, others: Floats) -> Floats:
    """Return the correlation at each circular shift of `own`; nan where too little is known, or nothing varies."""
    here, x, square_x = _spectra(own)
    there, y, square_y = _spectra(others)
    pairs = ((here, there), (x, y), (square_x, there), (here, square_y))
    overlap, products, squares_x, squares_y = (np.fft.irfft(np.conj(one) * other, own.size) for one, other in pairs)
    varies = (squares_x > _LEAST_VARIANCE * overlap) & (squares_y > _LEAST_VARIANCE * overlap)
    usable = (overlap >= _OVERLAP_S - 0.5) & varies
    scale = np.sqrt(np.where(usable, squares_x * squares_y, 1.0))
    return np.where(usable, np.clip(products / scale, -_MOST_CORRELATION, _MOST_CORRELATION), np.nan)


def _spectra(values: Floats) -> NDArray[np.complex128]:
    """Return the transforms of what is known (1 or 0), of the values, and of their squares."""
    filled = np.nan_to_num(values)
    spectra: NDArray[np.complex128] = np.fft.rfft(np.stack((~np.isnan(values), filled, filled**2)))
    return spectra


def _largest_near(correlations: Floats) -> Floats:
    """Return the largest correlation of those up to three seconds around each shift; nan where none is known."""
    near = np.stack([np.roll(correlations, lag) for lag in range(-LAG_S, LAG_S + 1)])
    largest = np.where(np.isnan(near), -np.inf, near).max(axis=0)
    return np.where(np.isinf(largest), np.nan, largest)
