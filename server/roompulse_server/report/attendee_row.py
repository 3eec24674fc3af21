"""A person as one row: when they came and left by the meeting's wall clock, camera, speaking, score."""

from collections.abc import Iterator, Sequence

from roompulse_server.insight.summary.remedies import reason_in_words
from roompulse_server.insight.summary.summary_types import Interval, MeetingSummary, ParticipantSummary
from roompulse_server.report.explanation import main_reason
from roompulse_server.report.wall_clock import WallClock, wall_clock_of

COLUMNS = (
    "meeting_id",
    "meeting_uid",
    "meeting_title",
    "time_zone",
    "participant_id",
    "display_name",
    "join_time",
    "leave_time",
    "attended_s",
    "attendance",
    "camera_on_s",
    "camera_on",
    "speaking_s",
    "speaking_share",
    "present_s",
    "coverage",
    "engagement",
    "engagement_deviation",
    "no_score_reason",
    "valence",
    "arousal",
)

Row = Sequence[str | float | None]


def attendee_rows(summary: MeetingSummary) -> Iterator[Row]:
    """Yield everybody by id, a cell for each of `COLUMNS`; None where nothing is known."""
    clock = wall_clock_of(summary)
    meeting = (summary.meeting.id, summary.meeting.uid, summary.title, clock.zone_name)
    return ((*meeting, *_row(person, clock)) for person in summary.participants)


def camera_on_us(person: ParticipantSummary) -> int:
    return sum(interval.length_us for interval in person.camera_intervals)


def _row(person: ParticipantSummary, clock: WallClock) -> Row:
    scores, there = person.engagement, person.attended_us > 0
    return (
        person.participant_id,
        person.display_name,
        clock.iso(person.first_offset_us) if there else None,
        clock.iso(person.last_offset_us) if there else None,
        person.attended_us / 1e6,
        _intervals(person.attendance_intervals, clock),
        camera_on_us(person) / 1e6,
        _intervals(person.camera_intervals, clock),
        None if person.speaking_us is None else person.speaking_us / 1e6,
        person.speaking_share,
        person.present_us / 1e6,
        person.coverage,
        scores.mean,
        scores.standard_deviation,
        reason_in_words(main_reason(person.no_score_times)) if person.no_score_times else None,
        person.valence,
        person.arousal,
    )


def _intervals(intervals: Sequence[Interval], clock: WallClock) -> str:
    """Return ISO 8601 intervals, start/end, apart by spaces."""
    return " ".join(f"{clock.iso(one.start_us)}/{clock.iso(one.end_us)}" for one in intervals)
