"""The service's clock."""

import time
from collections.abc import Callable


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
