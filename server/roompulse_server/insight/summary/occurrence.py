"""An earlier occurrence of a meeting, in one line: what stands beside a report."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from roompulse_server.insight.summary.intervals import main_kind
from roompulse_server.insight.summary.meeting_totals import engagement_of, median_points
from roompulse_server.insight.summary.participant_summary import mean_score
from roompulse_server.insight.summary.roster import Attendee, duration_of
from roompulse_server.insight.summary.summary_types import EngagementStatistics, MeetingSummary
from roompulse_server.insight.summary.timeline import bucket_count, engagement_by_bucket
from roompulse_server.types import Event, Meeting


@dataclass(frozen=True, slots=True)
class Occurrence:
    """When it began, how long it was, how many people attended (None where that is not told), and its engagement."""

    uid: str
    start_time_us: int
    duration_us: int
    people: int | None
    engagement: float | None


def occurrence_of(meeting: Meeting, roster: Sequence[Attendee], events: Sequence[Event]) -> Occurrence:
    """Return the numbers that its summary has, computed without the rest of it."""
    holdings = [one.holding for one in roster]
    duration_us = duration_of(holdings, events)
    count, kind = bucket_count(duration_us), main_kind(holdings)
    scores = [engagement_by_bucket(holding, kind, count) for holding in holdings]
    people = [EngagementStatistics(mean=mean_score(holding, main_kind([holding]))) for holding in holdings]
    engagement, _, _ = engagement_of(median_points(np.stack(scores)) if scores else (), people)
    attended = sum(holding.attendance.total_us > 0 for holding in holdings)
    return Occurrence(meeting.key.uid, meeting.create_us, duration_us, attended, engagement)


def occurrence_of_group(meeting: Meeting, summary: MeetingSummary) -> Occurrence:
    """Return those of a meeting of which nobody's values leave the service."""
    return Occurrence(meeting.key.uid, meeting.create_us, summary.duration_us, None, summary.engagement)
