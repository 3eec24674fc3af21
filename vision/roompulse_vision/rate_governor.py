"""How often a worker looks: the asked rates, scaled evenly when the machine is too slow for them. Pure.

    a turn ─▶ seconds decoding, seconds looking, looks, due pictures let go ─▶ a window of half a second
    window ─▶ what decoding takes, what looking would take at the asked rates ─▶ the scale that leaves HEADROOM

Decoding cannot be saved, looking can. The seconds are those of the wall: what other processes of the machine take is
not there for us either. Rates fall at once, because latency grows at once, and come back step by step.
"""

TARGET = 0.95  # of the time a worker may be busy: above, a look waits for the looks of others too long
TOLERANCE = 0.03  # and from there on rates are lowered, so that noise moves nothing
INCREASE = 1.15  # a window: back from a third in four seconds
MIN_RATE_HZ = 1.0  # towards this everyone falls before anyone is refused
MIN_SCALE = 0.02
WINDOW_S = 0.5


class Governor:
    """Keeps one worker's scale, in (0, 1], and its load: the share of its time that the asked rates would take."""

    def __init__(self, now_s: float) -> None:
        self.scale = 1.0
        self.load = 0.0
        self.busy_fraction = 0.0
        self._window_began_s = now_s
        self._busy_s = self._looking_s = 0.0
        self._looks = self._superseded = 0

    def worked(self, busy_s: float, looking_s: float, looks: int, superseded: int) -> None:
        """Count one turn: how long it took, how much of that looks took, how many, and how many due ones had to go."""
        self._busy_s += busy_s
        self._looking_s += looking_s
        self._looks += looks
        self._superseded += superseded

    def tick(self, now_s: float) -> bool:
        """Close the window when it is over; return whether the scale changed."""
        length_s = now_s - self._window_began_s
        if length_s < WINDOW_S:
            return False
        decoding = max(0.0, self._busy_s - self._looking_s) / length_s
        looking = self._looking_s / length_s
        if self._looks:
            looking *= (self._looks + self._superseded) / self._looks
        self.busy_fraction = min(1.0, self._busy_s / length_s)
        self.load = decoding + looking / self.scale
        before = self.scale
        self.scale = self._fitting(decoding, looking)
        self._window_began_s, self._busy_s, self._looking_s, self._looks, self._superseded = now_s, 0.0, 0.0, 0, 0
        return self.scale != before

    def rate_hz(self, asked_hz: float) -> float:
        """Return the rate granted to a stream that asked for `asked_hz` (> 0)."""
        return max(min(asked_hz, MIN_RATE_HZ), asked_hz * self.scale)

    def _fitting(self, decoding: float, looking: float) -> float:
        if decoding + looking > TARGET + TOLERANCE and looking > 0:
            return max(MIN_SCALE, min(1.0, self.scale * max(0.0, TARGET - decoding) / looking))
        if decoding + looking < TARGET - TOLERANCE:
            return min(1.0, self.scale * INCREASE)
        return self.scale
