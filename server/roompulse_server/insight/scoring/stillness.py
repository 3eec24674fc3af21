"""Is this a living face, or a photo, an avatar, a stalled encoder?"""

import math
from collections.abc import Sequence
from enum import Enum


class Liveness(Enum):
    """What motion has shown so far."""

    UNKNOWN = "too little was watched"
    LIVING = "it moved lately"
    STILL = "it was watched long enough and did not move"


class StillnessGate:
    """Calls a face living while its last motion above `floor_grey` is at most `within_s` old.

    It is still after `within_s` of watching without such motion. Watching is broken by `hold_s` without a measurement;
    a picture without a measurement says nothing either way. The floor is the noise of a camera that looks at
    something lifeless.
    """

    def __init__(self, floor_grey: float, within_s: float, hold_s: float) -> None:
        self._floor_grey = floor_grey
        self._within_s = within_s
        self._hold_s = hold_s
        self._moved_s = -math.inf
        self._still_since_s = math.nan
        self._measured_s = -math.inf

    def put(self, at_s: float, motion_grey: float | None) -> None:
        """Take one picture's motion in grey levels (0 to 255); None where there was nothing to compare with."""
        if motion_grey is None:
            return
        if motion_grey > self._floor_grey:
            self._moved_s, self._still_since_s = at_s, math.nan
        elif at_s - self._measured_s > self._hold_s:
            self._still_since_s = at_s
        elif math.isnan(self._still_since_s):
            self._still_since_s = self._measured_s
        self._measured_s = at_s

    def judge(self, at_s: float) -> Liveness:
        """Return what is known at a moment."""
        if at_s - self._moved_s <= self._within_s:
            return Liveness.LIVING
        if min(at_s, self._measured_s + self._hold_s) - self._still_since_s >= self._within_s:
            return Liveness.STILL
        return Liveness.UNKNOWN

    def clear(self) -> None:
        """Forget everything."""
        self._moved_s, self._still_since_s, self._measured_s = -math.inf, math.nan, -math.inf

    def state(self, now_s: float) -> list[float]:
        """Return what `restore` needs: three ages in seconds."""
        return [now_s - self._moved_s, now_s - self._still_since_s, now_s - self._measured_s]

    def restore(self, now_s: float, state: Sequence[float]) -> None:
        """Go on from the numbers of `state`."""
        self._moved_s, self._still_since_s, self._measured_s = (now_s - age for age in state)
