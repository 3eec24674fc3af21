"""Time-weighted running medians with a bounded state: one histogram for each value."""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain


class RunningMedians:
    """A running median of each of K values, clamped to ± its limit, with `bins` + 2 numbers of state each.

    `bins` is odd: 0 lies in the middle of one. Beyond a limit only the side is kept: a clamped median needs no more.
    Old evidence fades by `half_life_s`. Lists, since numpy takes longer for so few numbers.
    """

    def __init__(self, limits: Sequence[float], half_life_s: float, bins: int) -> None:
        self._limits = list(limits)
        self._per_bin = [bins / 2.0 / limit if limit > 0.0 else 0.0 for limit in limits]
        self._half_life_s = half_life_s
        self._bins = bins
        self.clear()

    def put(self, values: Iterable[float], seconds: float) -> None:
        """Take K values that were held for some seconds."""
        middle, fading = (self._bins + 1) // 2, math.exp2(-seconds / self._half_life_s)
        for row, (value, per_bin) in enumerate(zip(values, self._per_bin, strict=True)):
            mass_s = [held_s * fading for held_s in self._mass_s[row]]
            place = round(value * per_bin) + middle
            mass_s[0 if place < 0 else min(place, 2 * middle)] += seconds
            self._mass_s[row] = mass_s

    def medians(self) -> list[float]:
        """Return the K medians; 0 before anything came. Seen from both ends, so that mirrored values mirror them."""
        return [
            (self._from_below(mass_s) * limit - self._from_below(mass_s[::-1]) * limit) / 2.0
            for mass_s, limit in zip(self._mass_s, self._limits, strict=True)
        ]

    def clear(self) -> None:
        """Forget everything."""
        self._mass_s = [[0.0] * (self._bins + 2) for _ in self._limits]  # seconds

    def state(self) -> list[float]:
        """Return what `restore` needs, row by row."""
        return list(chain.from_iterable(self._mass_s))

    def restore(self, state: Sequence[float]) -> None:
        """Go on from the numbers of `state`."""
        size = self._bins + 2
        self._mass_s = [list(state[row * size : (row + 1) * size]) for row in range(len(self._limits))]

    def _from_below(self, mass_s: list[float]) -> float:
        """Return where the middle of a histogram lies, as a share of the limit."""
        sums = list(accumulate(mass_s))
        half_s = sums[-1] / 2.0
        if half_s == 0.0:
            return 0.0
        index = bisect_left(sums, half_s)
        inside = 1.0 - (sums[index] - half_s) / mass_s[index]
        share = (index - 1 + inside) / self._bins * 2.0 - 1.0
        return share if -1.0 <= share <= 1.0 else math.copysign(1.0, share)  # cheaper than calling min and max
