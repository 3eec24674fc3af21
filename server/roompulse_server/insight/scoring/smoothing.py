"""Causal smoothing that does not mind how often or how regularly samples come."""

import math
from collections.abc import Sequence

Values = tuple[float, ...]


class Smoother:
    """A first-order low-pass, y' = (u − y)/τ, solved exactly for a signal that is straight between its samples.

    So the same signal gives the same result at any rate, to second order in the interval; taking samples as held until
    the next one would delay it by half an interval, half a second at 1 Hz. Every result is a convex mixture of
    samples: probabilities stay probabilities. After a gap longer than `hold_s` it starts afresh. A value that is nan is
    unknown, and starts afresh on its own.
    """

    def __init__(self, tau_s: float, hold_s: float, size: int) -> None:
        self._tau_s = tau_s
        self._hold_s = hold_s
        self._size = size
        self._at_s: float | None = None
        self._sample: Values = ()
        self._value: Values = ()

    def put(self, at_s: float, sample: Values) -> Values:
        """Take the sample of a moment, not before the last one, and return the smoothed values."""
        if self._at_s is None or at_s - self._at_s > self._hold_s:
            self._value = sample
        else:
            old, last, new = _shares(at_s - self._at_s, self._tau_s)
            pairs = zip(self._value, self._sample, sample, strict=True)
            self._value = tuple(
                [u1 if y != y or u0 != u0 else old * y + last * u0 + new * u1 for y, u0, u1 in pairs]  # nan is not nan
            )
        self._at_s, self._sample = at_s, sample
        return self._value

    def last(self) -> tuple[float, Values] | None:
        """Return the last sample with its moment, as it came."""
        return None if self._at_s is None else (self._at_s, self._sample)

    def clear(self) -> None:
        """Forget everything."""
        self._at_s, self._sample, self._value = None, (), ()

    def state(self, now_s: float) -> list[float]:
        """Return what `restore` needs: 1 + 2·size numbers."""
        if self._at_s is None:
            return [math.nan] * (1 + 2 * self._size)
        return [now_s - self._at_s, *self._sample, *self._value]

    def restore(self, now_s: float, state: Sequence[float]) -> None:
        """Go on from the numbers of `state`."""
        self.clear()
        if not math.isnan(state[0]):
            self._at_s = now_s - state[0]
            self._sample = tuple(state[1 : 1 + self._size])
            self._value = tuple(state[1 + self._size :])


def _shares(dt_s: float, tau_s: float) -> tuple[float, float, float]:
    """Return the shares of the old value, the last sample and the new sample; they sum to 1."""
    if tau_s == 0.0:
        return 0.0, 0.0, 1.0
    if dt_s <= 0.0:
        return 1.0, 0.0, 0.0
    steps = dt_s / tau_s
    decay = math.exp(-steps)
    mean_decay = -math.expm1(-steps) / steps
    return decay, mean_decay - decay, 1.0 - mean_decay
