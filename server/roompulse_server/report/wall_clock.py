"""A meeting's times as the clocks of its people showed them. The zone is always named."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from roompulse_server.insight.summary.summary_types import MeetingSummary

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class WallClock:
    """Tells times of day for offsets since the meeting began. `zone_name` is the IANA name, or UTC."""

    start_us: int
    zone: tzinfo
    zone_name: str

    def at(self, offset_us: int) -> datetime:
        """Return a moment, exact to the microsecond."""
        return (_EPOCH + timedelta(microseconds=self.start_us + offset_us)).astimezone(self.zone)

    def hour(self, offset_us: int) -> str:
        """Return "14:03", whatever the day."""
        return f"{self.at(offset_us):%H:%M}"

    def second(self, offset_us: int) -> str:
        """Return "14:03:20", whatever the day."""
        return f"{self.at(offset_us):%H:%M:%S}"

    def time(self, offset_us: int) -> str:
        """Return "14:03"; on another day than the meeting's first "Fri 00:12"."""
        at = self.at(offset_us)
        return self.hour(offset_us) if at.date() == self.at(0).date() else f"{at:%a %H:%M}"

    def date(self) -> str:
        """Return the day on which the meeting began: "Tuesday, 14 November 2023"."""
        began = self.at(0)
        return f"{began:%A}, {began.day} {began:%B %Y}"

    def iso(self, offset_us: int) -> str:
        """Return ISO 8601 with the zone's offset and always six digits, so that a column of it has one format."""
        return self.at(offset_us).isoformat(timespec="microseconds")


def wall_clock_of(summary: MeetingSummary) -> WallClock:
    return wall_clock(summary.start_time_us, summary.time_zone)


def wall_clock(start_us: int, time_zone: str) -> WallClock:
    """Return the clock of a zone; that of UTC where there is none, or where this machine does not know it."""
    try:
        zone = ZoneInfo(time_zone) if time_zone else None
    except (ZoneInfoNotFoundError, ValueError):
        zone = None
    return WallClock(start_us, UTC, "UTC") if zone is None else WallClock(start_us, zone, time_zone)
