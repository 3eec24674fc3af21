"""Who was there when: bars over the meeting's time, and the times in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from roompulse_server.insight.summary.summary_types import Interval, ParticipantSummary
from roompulse_server.report.attendee_row import camera_on_us
from roompulse_server.report.resolution import Slots
from roompulse_server.report.sentence import NOTHING, clock, listed, percent
from roompulse_server.report.wall_clock import WallClock

_BREAK_US = 10_000_000  # a connection that was lost for less is no leaving: it stands in the data alone


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of the timeline: shares of its width."""

    start: float
    width: float


@dataclass(frozen=True, slots=True)
class PresenceBars:
    """One person's: `stays` and `camera` as bars, and each time as text."""

    stays: tuple[Bar, ...]
    camera: tuple[Bar, ...]
    joined: str
    left: str
    times: str
    attended: str
    camera_on: str
    camera_times: str
    speaking: str
    speaking_share: str

    @property
    def words(self) -> str:
        """What stands beside the bar, and what it is called by somebody who cannot see it."""
        if not self.stays:
            return "nothing was received"
        parts = [self.times, f"camera on for {self.camera_on}" if self.camera else "camera never on"]
        if self.speaking_share != NOTHING:
            parts.append(f"{self.speaking_share} of all speaking")
        return ", ".join(parts)


def presence_of(person: ParticipantSummary, slots: Slots, wall: WallClock) -> PresenceBars:
    stays, camera = _joined(person.attendance_intervals), _joined(person.camera_intervals)
    return PresenceBars(
        stays=_bars(stays, slots),
        camera=_bars(camera, slots),
        joined=wall.time(stays[0].start_us) if stays else NOTHING,
        left=wall.time(stays[-1].end_us) if stays else NOTHING,
        times=_times(stays, wall),
        attended=clock(person.attended_us),
        camera_on=clock(camera_on_us(person)),
        camera_times=_times(camera, wall),
        speaking=NOTHING if person.speaking_us is None else clock(person.speaking_us),
        speaking_share=percent(person.speaking_share),
    )


def _joined(intervals: Sequence[Interval]) -> tuple[Interval, ...]:
    """Return the intervals without short breaks between them."""
    joined: list[Interval] = []
    for interval in intervals:
        if joined and interval.start_us - joined[-1].end_us < _BREAK_US:
            joined[-1] = Interval(joined[-1].start_us, interval.end_us)
        else:
            joined.append(interval)
    return tuple(joined)


def _bars(intervals: Sequence[Interval], slots: Slots) -> tuple[Bar, ...]:
    edges = ((slots.share(one.start_us), slots.share(one.end_us)) for one in intervals)
    return tuple(Bar(start, end - start) for start, end in edges)


def _times(intervals: Sequence[Interval], wall: WallClock) -> str:
    spans = [f"{wall.time(one.start_us)} to {wall.time(one.end_us)}" for one in intervals]
    return listed(spans) or NOTHING
