"""Statistics of values that held for different times. Values that are nan are unknown and left out."""

from typing import NamedTuple

import numpy as np

from roompulse_server.series import Floats, Integers

MINUTE_US = 60_000_000


class Held(NamedTuple):
    """Values with the intervals they held in: (N,) each, lengths above 0."""

    value: Floats
    start_us: Integers
    stop_us: Integers

    @property
    def length_us(self) -> Integers:
        """Return how long each value held."""
        return self.stop_us - self.start_us


def known(value: Floats, start_us: Integers, stop_us: Integers) -> Held:
    """Return the values that are known and held for any time."""
    mask = ~np.isnan(value) & (stop_us > start_us)
    return Held(value[mask], start_us[mask], stop_us[mask])


def mean(held: Held) -> float | None:
    """Return the time-weighted mean."""
    return float(np.average(held.value, weights=held.length_us)) if held.value.size else None


def deviation(held: Held) -> float | None:
    """Return the time-weighted standard deviation (of the population)."""
    centre = mean(held)
    if centre is None:
        return None
    return float(np.sqrt(np.average((held.value - centre) ** 2, weights=held.length_us)))


def ratio(sums: Floats, weights: Floats) -> Floats:
    """Return sums over weights, nan where there is no weight."""
    means: Floats = np.divide(sums, weights, out=np.full(sums.shape, np.nan), where=weights > 0)
    return means


def median(held: Held) -> float | None:
    """Return the value above and below which half of the time lies; between two such, their mean."""
    if not held.value.size:
        return None
    order = np.argsort(held.value)
    values, times = held.value[order], held.length_us[order].cumsum()
    low = int(np.searchsorted(times * 2, times[-1], side="left"))
    high = int(np.searchsorted(times * 2, times[-1], side="right"))
    return float((values[low] + values[min(high, values.size - 1)]) / 2.0)


def trend_per_minute(held: Held) -> float | None:
    """Return the slope of the least-squares line through the steps; None with less than a minute of them."""
    if held.length_us.sum() < MINUTE_US:
        return None
    minutes = held.length_us / MINUTE_US
    middle = (held.start_us + held.stop_us) / 2.0 / MINUTE_US
    offset = middle - np.average(middle, weights=minutes)
    spread = float(np.sum(minutes * (offset**2 + minutes**2 / 12.0)))
    return float(np.sum(minutes * offset * held.value) / spread)
