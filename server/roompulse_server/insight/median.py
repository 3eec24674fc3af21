"""Time-weighted running medians with a bounded state: one histogram for each value."""

import math
from collections.abc import Sequence

import numpy as np

from roompulse_server.series import Floats


class RunningMedians:
    """A running median of each of K values, clamped to ± its limit, with `bins` + 2 numbers of state each.

    `bins` is odd: 0 lies in the middle of one. Beyond a limit only the side is kept: a clamped median needs no more.
    Old evidence fades by `half_life_s`. `mass_s` is (K, bins + 2), seconds.
    """

    def __init__(self, limits: Sequence[float], half_life_s: float, bins: int) -> None:
        self._limits: Floats = np.array(limits, dtype=np.float64)
        self._per_bin = np.divide(bins / 2.0, self._limits, out=np.zeros(len(limits)), where=self._limits > 0.0)
        self._half_life_s = half_life_s
        self._bins = bins
        self._rows = np.arange(len(limits))
        self.mass_s: Floats = np.zeros((len(limits), bins + 2))

    def put(self, values: Sequence[float] | Floats, seconds: float) -> None:
        """Take K values that were held for some seconds."""
        middle = (self._bins + 1) // 2
        places = np.rint(np.asarray(values) * self._per_bin).clip(-middle, middle).astype(np.intp) + middle
        self.mass_s *= math.exp2(-seconds / self._half_life_s)
        self.mass_s[self._rows, places] += seconds

    def medians(self) -> Floats:
        """Return the K medians; 0 before anything came. Seen from both ends, so that mirrored values mirror them."""
        if not self.mass_s.any():
            return np.zeros(len(self._rows))
        return (self._from_below(self.mass_s) - self._from_below(self.mass_s[:, ::-1])) / 2.0

    def clear(self) -> None:
        """Forget everything."""
        self.mass_s = np.zeros_like(self.mass_s)

    def state(self) -> list[float]:
        """Return what `restore` needs, row by row."""
        return [float(mass_s) for mass_s in self.mass_s.ravel()]

    def restore(self, state: Sequence[float]) -> None:
        """Go on from the numbers of `state`."""
        self.mass_s = np.array(state, dtype=np.float64).reshape(self.mass_s.shape)

    def _from_below(self, mass_s: Floats) -> Floats:
        sums = mass_s.cumsum(axis=1)
        halves = sums[:, -1] / 2.0
        indices = (sums < halves[:, None]).sum(axis=1)
        inside = 1.0 - (sums[self._rows, indices] - halves) / mass_s[self._rows, indices]
        shares: Floats = ((indices - 1 + inside) / self._bins * 2.0 - 1.0).clip(-1.0, 1.0)
        return shares * self._limits
