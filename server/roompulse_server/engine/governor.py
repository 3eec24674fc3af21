"""How often a worker looks: the asked rates, scaled evenly when the machine is too slow for them. Pure.

Additive increase, multiplicative decrease over one-second windows: a window in which the worker had no rest and had
to let due pictures go lowers everybody's scale; an idle one raises it.
"""

HIGH_BUSY = 0.92  # above: no room left for latency
LOW_BUSY = 0.75  # below: room for more
DECREASE = 0.75
INCREASE = 1.15
MIN_RATE_HZ = 1.0  # towards this everyone falls before anyone is refused
WINDOW_S = 1.0


class Governor:
    """Keeps one worker's scale, in (0, 1]."""

    def __init__(self, now_s: float) -> None:
        self.scale = 1.0
        self.busy_fraction = 0.0
        self._window_began_s = now_s
        self._busy_s = 0.0
        self._superseded = 0

    def worked(self, busy_s: float, superseded: int) -> None:
        """Count one turn: how long it took, how many due pictures it had to let go."""
        self._busy_s += busy_s
        self._superseded += superseded

    def tick(self, now_s: float) -> bool:
        """Close the window when it is over; return whether the scale changed."""
        length_s = now_s - self._window_began_s
        if length_s < WINDOW_S:
            return False
        self.busy_fraction = min(1.0, self._busy_s / length_s)
        before = self.scale
        if self.busy_fraction > HIGH_BUSY and self._superseded:
            self.scale = max(0.02, self.scale * DECREASE)
        elif self.busy_fraction < LOW_BUSY:
            self.scale = min(1.0, self.scale * INCREASE)
        self._window_began_s, self._busy_s, self._superseded = now_s, 0.0, 0
        return self.scale != before

    def rate_hz(self, asked_hz: float) -> float:
        """Return the rate granted to a stream that asked for `asked_hz` (> 0)."""
        return max(min(asked_hz, MIN_RATE_HZ), asked_hz * self.scale)


class Beat:
    """Decides which pictures are due, by their own time, keeping the mean rate."""

    def __init__(self) -> None:
        self._next_us: int | None = None

    def due(self, offset_us: int, rate_hz: float) -> bool:
        """Whether a picture at `offset_us` is due at `rate_hz`; 0 means that each one is."""
        if rate_hz <= 0:
            return True
        period_us = round(1e6 / rate_hz)
        if self._next_us is not None and offset_us < self._next_us and self._next_us - offset_us <= 2 * period_us:
            return False
        late = self._next_us is None or not 0 <= offset_us - self._next_us < period_us
        self._next_us = (offset_us if late else self._next_us or 0) + period_us
        return True
