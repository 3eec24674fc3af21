"""Where a person's head points when it points at their screen: a camera beside or above it shifts that."""

import math
from collections.abc import Sequence

import numpy as np

from roompulse_server.insight.formula import Formula
from roompulse_server.series import Floats

BINS = 31  # over ± the limit, odd: 0 lies in the middle of a bin
STATE_SIZE = 2 + 2 * (BINS + 2)


class AngleMedian:
    """A time-weighted running median of one angle, clamped to ±`limit_deg`, with `BINS` + 2 numbers of state.

    Beyond the limits only the side is kept: a clamped median needs no more. Old evidence fades by `half_life_s`.
    """

    def __init__(self, limit_deg: float, half_life_s: float) -> None:
        self._limit_deg = limit_deg
        self._half_life_s = half_life_s
        self.mass_s: Floats = np.zeros(BINS + 2)

    def put(self, angle_deg: float, seconds: float) -> None:
        """Take an angle that was held for some seconds."""
        self.mass_s *= math.exp2(-seconds / self._half_life_s)
        self.mass_s[self._bin(angle_deg)] += seconds

    def median_deg(self) -> float:
        """Return the median; 0 before anything came. Seen from both ends, so that a mirrored picture mirrors it."""
        if not self.mass_s.any():
            return 0.0
        return (self._from_below(self.mass_s) - self._from_below(self.mass_s[::-1])) / 2.0

    def clear(self) -> None:
        """Forget everything."""
        self.mass_s = np.zeros(BINS + 2)

    def _bin(self, angle_deg: float) -> int:
        middle = (BINS + 1) // 2
        if self._limit_deg == 0.0:
            return middle
        place = round(angle_deg / self._limit_deg * BINS / 2.0)
        return middle + min(max(place, -middle), middle)

    def _from_below(self, mass_s: Floats) -> float:
        sums = mass_s.cumsum()
        half = sums[-1] / 2.0
        index = int(np.searchsorted(sums, half))
        inside = 1.0 - (sums[index] - half) / mass_s[index]
        return float(np.clip(((index - 1 + inside) / BINS * 2.0 - 1.0), -1.0, 1.0)) * self._limit_deg


class PoseReference:
    """The person's own yaw₀ and pitch₀, from everything their head did while it was seen.

    It counts from `reference_start_s` of evidence on and fully at `reference_full_s`; before, straight ahead is
    assumed: somebody who begins turned away is not taken for somebody whose screen is there.
    """

    def __init__(self, formula: Formula) -> None:
        self._formula = formula
        self._yaw = AngleMedian(formula.yaw_reference_limit_deg, formula.reference_half_life_s)
        self._pitch = AngleMedian(formula.pitch_reference_limit_deg, formula.reference_half_life_s)
        self._seconds = 0.0
        self.count = 0

    def put(self, yaw_deg: float, pitch_deg: float, seconds: float) -> None:
        """Take a pose that was held for some seconds."""
        self._yaw.put(yaw_deg, seconds)
        self._pitch.put(pitch_deg, seconds)
        self._seconds += seconds
        self.count += 1

    def angles_deg(self) -> tuple[float, float]:
        """Return yaw₀ and pitch₀ as far as they count by now."""
        ramp_s = self._formula.reference_full_s - self._formula.reference_start_s
        weight = min(1.0, max(0.0, (self._seconds - self._formula.reference_start_s) / ramp_s))
        if weight == 0.0:
            return 0.0, 0.0
        return weight * self._yaw.median_deg(), weight * self._pitch.median_deg()

    def clear(self) -> None:
        """Forget the person."""
        self._yaw.clear()
        self._pitch.clear()
        self._seconds = 0.0
        self.count = 0

    def state(self) -> list[float]:
        """Return what `restore` needs: seconds, count and both histograms."""
        return [self._seconds, float(self.count), *self._yaw.mass_s.tolist(), *self._pitch.mass_s.tolist()]

    def restore(self, state: Sequence[float]) -> None:
        """Go on from the numbers of `state`."""
        self._seconds, self.count = state[0], int(state[1])
        self._yaw.mass_s = np.array(state[2 : BINS + 4], dtype=np.float64)
        self._pitch.mass_s = np.array(state[BINS + 4 :], dtype=np.float64)
