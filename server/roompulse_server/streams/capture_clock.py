"""How a stream's capture times map to the meeting's offset."""

import heapq
from dataclasses import dataclass

from roompulse_vision.enumerations import Delivery

from roompulse_server.types import Clock

STEP_US = 2_000_000  # a capture clock that is off by more has stepped: it is anchored again
WILD_US = 30_000_000  # a live stamp that jumps by more is refused; what plays a recording fast may jump by less
MAX_CAPTURE_US = 366 * 86_400 * 1_000_000
REORDERED_PICTURES = 16  # H.264 shows a picture at most so many later than it is coded (ITU-T H.264, A.3.1)
MAX_PERIOD_US = 2_000_000  # longer pauses between packets say nothing about the rate of pictures
PERIOD_SHARE = 8  # of its difference to the last one, that a period is corrected by


@dataclass(frozen=True, slots=True)
class Placed:
    """A capture time, placed: `offset_us` in the meeting, `capture_us` on the server's wall clock."""

    offset_us: int
    capture_us: int


@dataclass(frozen=True, slots=True)
class CaptureStamp:
    """A capture time by the sender's clock, and when it came by ours."""

    capture_us: int
    receive_us: int


class LiveClock:
    """Tells a live sender's clock that has stepped from one stamp that is wild. Pure; one a stream.

    A stamp far ahead of all that came so far, or far behind, is refused. When the next one agrees with it, the clock
    has stepped, and is followed. `step_us` is by how much stamps may be off without any step: where pictures are
    reordered, as long as sixteen of them.
    """

    def __init__(self) -> None:
        self._newest_us: int | None = None
        self._received_us = 0
        self._delay_us = 0  # the least so far, by the two clocks
        self._refused: CaptureStamp | None = None
        self._period_us: int | None = None
        self.step_us = STEP_US

    def jump_us(self, stamp: CaptureStamp, *, reordered: bool) -> int | None:
        """Return by how much a stamp jumps that must be refused; None: it is in line, or the clock has stepped."""
        newest_us, delay_us = self._newest_us, stamp.receive_us - stamp.capture_us
        if newest_us is None:
            self._follow(stamp)
            return None
        self.step_us = max(STEP_US, REORDERED_PICTURES * self._period(stamp.receive_us) if reordered else 0)
        wild_us = max(WILD_US, self.step_us)
        if self._delay_us - delay_us > wild_us or newest_us - stamp.capture_us > wild_us:
            refused, self._refused = self._refused, stamp
            if refused is None or abs(delay_us - (refused.receive_us - refused.capture_us)) > wild_us:
                return stamp.capture_us - newest_us
            self._follow(stamp)
            return None
        self._refused = None
        self._newest_us, self._delay_us = max(newest_us, stamp.capture_us), min(self._delay_us, delay_us)
        return None

    def _follow(self, stamp: CaptureStamp) -> None:
        self._newest_us, self._delay_us = stamp.capture_us, stamp.receive_us - stamp.capture_us
        self._received_us, self._refused = stamp.receive_us, None

    def _period(self, receive_us: int) -> int:
        """Take a pause between packets in; return their usual one."""
        pause_us = min(max(0, receive_us - self._received_us), MAX_PERIOD_US)
        before_us = pause_us if self._period_us is None else self._period_us
        self._period_us, self._received_us = before_us + (pause_us - before_us) // PERIOD_SHARE, receive_us
        return self._period_us


class CodingOrder:
    """Tells capture times out of order, as coding with B-frames brings them, from time that went back. Pure.

    How far apart pictures lie does not matter: a picture is shown before a bounded number of those that came before it.
    """

    def __init__(self, reordered_packets: int) -> None:
        self._newest_us: list[int] = []  # a heap of the newest times, one more than may be shown later
        self._size = reordered_packets + 1

    def holds(self, capture_us: int) -> bool:
        """Whether a picture of this time may still come."""
        return len(self._newest_us) < self._size or capture_us >= self._newest_us[0]

    def add(self, capture_us: int) -> None:
        """Take a picture's time in."""
        keep = heapq.heappush if len(self._newest_us) < self._size else heapq.heappushpop
        keep(self._newest_us, capture_us)


class CaptureMap:
    """Maps one stream's capture times to the meeting's offset. Pure; one a stream.

    The first packet anchors: it is "now", or for recordings where `media_zero_us` says. From then on the sender's
    clock counts, so that jitter on the way does not bend the time line. In LIVE a sender's clock that steps, or runs
    away from ours by more than `step_us`, is anchored again.
    """

    def __init__(self, meeting_began_us: int, clock: Clock, delivery: Delivery, media_zero_us: int | None) -> None:
        self._began_us = meeting_began_us
        self._steps = delivery is not Delivery.EVERY_FRAME
        self._shift_us = media_zero_us if clock is not Clock.WALL else None
        self._fixed = self._shift_us is not None

    def untimed(self, receive_us: int) -> Placed:
        """Place a picture that says no capture time: at its media's zero where that is fixed, else now."""
        fixed_us = self._shift_us if self._fixed else None
        offset_us = max(0, receive_us - self._began_us if fixed_us is None else fixed_us)
        return Placed(offset_us, self._began_us + offset_us)

    def place(self, capture_us: int, receive_us: int, step_us: int = STEP_US) -> Placed:
        """Place a capture time that came at `receive_us` (server's wall clock)."""
        arrived_us = receive_us - self._began_us
        if self._shift_us is None or (
            self._steps and not self._fixed and abs(capture_us + self._shift_us - arrived_us) > step_us
        ):
            self._shift_us = arrived_us - capture_us
        offset_us = max(0, capture_us + self._shift_us)
        return Placed(offset_us, self._began_us + offset_us)
