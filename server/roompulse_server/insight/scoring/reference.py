"""Where a person's head points when it points at their screen: a camera beside or above it shifts that."""

from collections.abc import Sequence

from roompulse_server.insight.scoring.formula import Formula
from roompulse_server.insight.scoring.median import RunningMedians

BINS = 31
STATE_SIZE = 2 + 2 * (BINS + 2)


class PoseReference:
    """The person's own yaw₀ and pitch₀, from everything their head did while it was seen.

    It counts from `reference_start_s` of evidence on and fully at `reference_full_s`; before, straight ahead is
    assumed: somebody who begins turned away is not taken for somebody whose screen is there.
    """

    def __init__(self, formula: Formula) -> None:
        self._formula = formula
        limits_deg = (formula.yaw_reference_limit_deg, formula.pitch_reference_limit_deg)
        self._angles_deg = RunningMedians(limits_deg, formula.reference_half_life_s, BINS)
        self._seconds = 0.0
        self.count = 0

    def put(self, yaw_deg: float, pitch_deg: float, seconds: float) -> None:
        """Take a pose that was held for some seconds."""
        self._angles_deg.put((yaw_deg, pitch_deg), seconds)
        self._seconds += seconds
        self.count += 1

    def angles_deg(self) -> tuple[float, float]:
        """Return yaw₀ and pitch₀ as far as they count by now."""
        ramp_s = self._formula.reference_full_s - self._formula.reference_start_s
        weight = min(1.0, max(0.0, (self._seconds - self._formula.reference_start_s) / ramp_s))
        if weight == 0.0:
            return 0.0, 0.0
        yaw_deg, pitch_deg = self._angles_deg.medians()
        return weight * yaw_deg, weight * pitch_deg

    def clear(self) -> None:
        """Forget the person."""
        self._angles_deg.clear()
        self._seconds = 0.0
        self.count = 0

    def state(self) -> list[float]:
        """Return what `restore` needs: seconds, count and both histograms."""
        return [self._seconds, float(self.count), *self._angles_deg.state()]

    def restore(self, state: Sequence[float]) -> None:
        """Go on from the numbers of `state`."""
        self._seconds, self.count = state[0], int(state[1])
        self._angles_deg.restore(state[2:])
