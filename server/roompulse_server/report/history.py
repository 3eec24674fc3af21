"""This meeting among its earlier occurrences: a line for each."""

from collections.abc import Sequence
from dataclasses import dataclass

from roompulse_server.insight.summary.occurrence import Occurrence
from roompulse_server.insight.summary.summary_types import MeetingSummary
from roompulse_server.report.sentence import NOTHING, clock, number
from roompulse_server.report.wall_clock import wall_clock, wall_clock_of


@dataclass(frozen=True, slots=True)
class Line:
    """`this` marks the occurrence that the report is about."""

    date: str
    length: str
    people: str
    engagement: str
    this: bool


def history_of(summary: MeetingSummary, earlier: Sequence[Occurrence]) -> tuple[Line, ...]:
    """Return this occurrence and the earlier ones, newest first, dated in this one's time zone; () without any."""
    if not earlier:
        return ()
    attended = sum(person.attended_us > 0 for person in summary.participants)
    people = NOTHING if summary.aggregate_only else str(attended)
    own = _date(summary.start_time_us, summary.time_zone)
    this = Line(own, clock(summary.duration_us), people, number(summary.engagement), this=True)
    return (this, *(_line(one, wall_clock_of(summary).zone_name) for one in earlier))


def _line(one: Occurrence, zone_name: str) -> Line:
    people = NOTHING if one.people is None else str(one.people)
    date = _date(one.start_time_us, zone_name)
    return Line(date, clock(one.duration_us), people, number(one.engagement), this=False)


def _date(start_us: int, zone_name: str) -> str:
    at = wall_clock(start_us, zone_name).at(0)
    return f"{at:%a} {at.day} {at:%b %Y, %H:%M}"
