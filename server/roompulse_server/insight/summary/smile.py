"""Smiles, and who smiles at the same time."""

from dataclasses import dataclass

import numpy as np
from roompulse_vision.types import LABELS

from roompulse_server.insight.scoring.baseline import is_setting_in
from roompulse_server.insight.summary import surrogate
from roompulse_server.insight.summary.intervals import Holding, Kind, Mask
from roompulse_server.series import Floats, Integers

BIN_US = 2_000_000  # longer than a row may hold: so a row touches two bins at most
ON, OFF, LEAST_US = 0.6, 0.4, 500_000
LEAST_PEOPLE, LEAST_SHARE = 2, 0.4
SHIFT_BINS = 5  # 10 s
CHANCE = 0.05  # of a false shared smile anywhere in a meeting
_ROUNDING = 1e-9

_HAPPINESS = LABELS.index("happiness")


@dataclass(frozen=True, slots=True, eq=False)
class Smiles:
    """One participant over K bins of two seconds. While the neutral baseline sets in nobody counts as visible."""

    visible: Mask  # (K,)
    smiling: Mask  # (K,)


@dataclass(frozen=True, slots=True)
class SharedSmile:
    """Bins `first` to `last`; the largest number of people smiling at once, and the largest share of the visible."""

    first: int
    last: int
    people: int
    share: float


def smiles_of(holding: Holding, kind: Kind, duration_us: int) -> Smiles:
    """Return when a participant is seen, and smiles.

    A smile begins where p(happiness) is 0.6 or more for half a second, and ends where it falls below 0.4, or is
    unknown.
    """
    happiness = holding.series.probabilities[:, _HAPPINESS]
    seen = holding.faced_by(kind.model_id) & ~np.isnan(happiness) & (holding.stop_us > holding.start_us)
    seen &= ~is_setting_in(holding.series.baseline_weight)
    start_us, stop_us = holding.start_us[seen], holding.stop_us[seen]
    smiling = _smiling(happiness[seen], start_us, stop_us)
    count = -(-duration_us // BIN_US)
    return Smiles(_touched(start_us, stop_us, count), _touched(start_us[smiling], stop_us[smiling], count))


def shared_smiles(everybody: list[Smiles]) -> list[SharedSmile]:
    """Return the runs of bins in which two or more smile, and at least 40 % of the visible."""
    people, visible = (np.sum([getattr(one, name) for one in everybody], axis=0) for name in ("smiling", "visible"))
    bins = np.flatnonzero(_shared(people, visible))
    runs = np.split(bins, np.flatnonzero(np.diff(bins) > 1) + 1) if bins.size else []
    return [
        SharedSmile(int(run[0]), int(run[-1]), int(people[run].max()), float((people[run] / visible[run]).max()))
        for run in runs
    ]


def most_by_chance(everybody: list[Smiles], randoms: list[np.random.Generator]) -> Floats:
    """Return the largest number that smile at once in each surrogate: everybody's smiles shifted in a circle.

    Each on their own, by ten seconds or more, over the bins in which they are visible, twenty seconds or more of them;
    who is seen when stays.
    """
    visible = np.sum([one.visible for one in everybody], axis=0)
    bins = np.flatnonzero(
        visible
    )  # those with nobody in them are left out: a meeting may be far longer than what is seen
    people = np.zeros((surrogate.COUNT, bins.size), dtype=np.int64)
    for one, random in zip(everybody, randoms, strict=True):
        places = np.flatnonzero(one.visible)
        shift = random.integers(SHIFT_BINS, places.size - SHIFT_BINS + 1, surrogate.COUNT)[:, None]
        moved = places[(np.flatnonzero(one.smiling[places]) + shift) % places.size]
        people[np.arange(surrogate.COUNT)[:, None], np.searchsorted(bins, moved)] += 1
    most: Floats = np.where(_shared(people, visible[bins]), people, 0).max(axis=1, initial=0).astype(np.float64)
    return most


def _smiling(happiness: Floats, start_us: Integers, stop_us: Integers) -> Mask:
    """Tell which rows are part of a smile."""
    if not happiness.size:
        return np.zeros(0, dtype=np.bool_)
    after_gap = np.append(True, start_us[1:] > stop_us[:-1])
    high = happiness >= ON
    run = np.cumsum(after_gap | (high != np.append(False, high[:-1])))
    lit = high & (np.bincount(run, stop_us - start_us)[run] >= LEAST_US)
    decided = lit | (happiness < OFF) | after_gap
    last = np.maximum.accumulate(np.where(decided, np.arange(happiness.size), 0))
    smiling: Mask = lit[last]
    return smiling


def _touched(start_us: Integers, stop_us: Integers, count: int) -> Mask:
    touched = np.zeros(count, dtype=np.bool_)
    touched[start_us // BIN_US] = True
    touched[(stop_us - 1) // BIN_US] = True
    return touched


def _shared(people: Integers, visible: Integers) -> Mask:
    shared: Mask = (people >= LEAST_PEOPLE) & (people >= LEAST_SHARE * visible - _ROUNDING)
    return shared
