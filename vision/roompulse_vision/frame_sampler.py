"""Which pictures of a stream are due. Pure."""


class FrameSampler:
    """Decides which pictures are due, by their own time, keeping the mean rate."""

    def __init__(self) -> None:
        self._next_us: int | None = None

    def awaits(self, offset_us: int, rate_hz: float) -> bool:
        """Whether a picture at `offset_us` would be due now."""
        early_us = 0 if self._next_us is None else self._next_us - offset_us
        return rate_hz <= 0 or not 0 < early_us <= 2 * round(1e6 / rate_hz)

    def late_us(self, offset_us: int) -> int | None:
        """Return how late a picture at `offset_us` is; None before the first."""
        return None if self._next_us is None else offset_us - self._next_us

    def due(self, offset_us: int, rate_hz: float) -> bool:
        """Whether a picture at `offset_us` is due at `rate_hz`; 0 means that each one is."""
        if not self.awaits(offset_us, rate_hz):
            return False
        if rate_hz <= 0:
            return True
        period_us = round(1e6 / rate_hz)
        late = self._next_us is None or not 0 <= offset_us - self._next_us < period_us
        self._next_us = (offset_us if late else self._next_us or 0) + period_us
        return True
