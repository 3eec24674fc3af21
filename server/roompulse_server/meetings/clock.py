"""Time in a meeting: the server's clock, and how a stream's capture times map to the meeting's offset."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from roompulse_server.types import Clock, Delivery

STEP_US = 2_000_000  # a capture clock that is off by more has stepped: it is anchored again
MAX_CAPTURE_US = 366 * 86_400 * 1_000_000


class ServerClock:
    """Wall time that never steps: the wall clock at start, moved on by the monotonic clock."""

    def __init__(
        self, wall_ns: Callable[[], int] = time.time_ns, monotonic_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._monotonic_ns = monotonic_ns
        self._zero_us = wall_ns() // 1000 - monotonic_ns() // 1000

    def now_us(self) -> int:
        """Return microseconds since 1970."""
        return self._zero_us + self._monotonic_ns() // 1000


@dataclass(frozen=True, slots=True)
class Placed:
    """A capture time, placed: `offset_us` in the meeting, `capture_us` on the server's wall clock."""

    offset_us: int
    capture_us: int


class CaptureMap:
    """Maps one stream's capture times to the meeting's offset. Pure; one a stream.

    The first packet anchors: it is "now", or for recordings where `media_zero_us` says. From then on the sender's
    clock counts, so that jitter on the way does not bend the time line. In LIVE a sender's clock that steps, or runs
    away from ours by more than two seconds, is anchored again.
    """

    def __init__(self, meeting_began_us: int, clock: Clock, delivery: Delivery, media_zero_us: int | None) -> None:
        self._began_us = meeting_began_us
        self._steps = delivery is not Delivery.EVERY_FRAME
        self._shift_us = media_zero_us if clock is not Clock.WALL else None
        self._fixed = self._shift_us is not None
        self.reanchored = 0

    def arrived(self, receive_us: int) -> Placed:
        """Place a picture that says no capture time: it is of now."""
        offset_us = max(0, receive_us - self._began_us)
        return Placed(offset_us, self._began_us + offset_us)

    def place(self, capture_us: int, receive_us: int) -> Placed:
        """Place a capture time that came at `receive_us` (server's wall clock)."""
        arrived_us = receive_us - self._began_us
        if self._shift_us is None:
            self._shift_us = arrived_us - capture_us
        elif self._steps and not self._fixed and abs(capture_us + self._shift_us - arrived_us) > STEP_US:
            self._shift_us = arrived_us - capture_us
            self.reanchored += 1
        offset_us = max(0, capture_us + self._shift_us)
        return Placed(offset_us, self._began_us + offset_us)
