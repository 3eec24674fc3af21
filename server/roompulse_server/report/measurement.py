"""A summary as one tidy table: every number a row, so that it can be filtered, pivoted and joined.

A row says of whom (an empty participant is the whole meeting), over which time (`start_s`, `length_s`), what was
measured, and how much. `span` is "whole", "timeline", "interval" or "moment". A value that does not exist has no row:
absent is not zero.
"""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from roompulse_vision.types import LABELS, Probabilities

from roompulse_server.insight.summary.remedies import reason_in_words
from roompulse_server.insight.summary.summary_types import (
    Change,
    EngagementStatistics,
    MeetingPoint,
    MeetingSummary,
    Moment,
    ParticipantPoint,
    ParticipantSummary,
)
from roompulse_server.insight.summary.timeline import BUCKET_US
from roompulse_server.report.attendee_row import camera_on_us
from roompulse_server.types import NoScoreReason

Numbers = Iterable[tuple[str, float | None]]


class Measurement(NamedTuple):
    meeting_id: str
    meeting_uid: str
    meeting_title: str
    participant_id: str
    display_name: str
    span: str
    start_s: float
    length_s: float
    measure: str
    value: float


class _Subject(NamedTuple):
    """Whom rows are about."""

    meeting_id: str
    meeting_uid: str
    meeting_title: str
    participant_id: str = ""
    display_name: str = ""

    def rows(self, span: str, start_us: int, length_us: int, numbers: Numbers) -> Iterator[Measurement]:
        for measure, value in numbers:
            if value is not None and not math.isnan(value):
                yield Measurement(*self, span, start_us / 1e6, length_us / 1e6, measure, float(value))


def measurements(summary: MeetingSummary) -> Iterator[Measurement]:
    """Yield the whole summary: the meeting, its moments, then each participant by id."""
    meeting = _Subject(summary.meeting.id, summary.meeting.uid, summary.title)
    yield from meeting.rows("whole", 0, summary.duration_us, _meeting_numbers(summary))
    for point in summary.timeline:
        yield from meeting.rows("timeline", point.start_us, point.length_us, _meeting_point_numbers(point))
    for which, minute in (("highest", summary.highest_minute), ("lowest", summary.lowest_minute)):
        if minute is not None:
            numbers = (
                (f"{which}_minute", minute.engagement),
                (f"{which}_minute_standard_error", minute.standard_error),
            )
            yield from meeting.rows("moment", minute.start_us, minute.length_us, numbers)
    for effect in summary.composition_effects:
        numbers = (
            ("composition_step", effect.difference),
            ("composition_step_of_same", effect.difference_of_same),
        )
        yield from meeting.rows("moment", effect.start_us, 0, numbers)
    for moment in summary.moments:
        yield from _of_moment(meeting, moment, summary.participants)
    for person in summary.participants:
        yield from _of_participant(meeting, person, summary.duration_us)


def _of_moment(meeting: _Subject, moment: Moment, participants: Iterable[ParticipantSummary]) -> Iterator[Measurement]:
    names = {person.participant_id: person.display_name for person in participants}
    kind = moment.kind.name.lower()
    for who in moment.participant_ids or ("",):
        subject = meeting._replace(participant_id=who, display_name=names.get(who, ""))
        numbers = ((kind, 1.0), (f"{kind}_p_value", moment.p_value), (f"{kind}_magnitude", moment.magnitude))
        yield from subject.rows("moment", moment.start_us, moment.length_us, numbers)


def _of_participant(meeting: _Subject, person: ParticipantSummary, duration_us: int) -> Iterator[Measurement]:
    subject = meeting._replace(participant_id=person.participant_id, display_name=person.display_name)
    length_us = person.last_offset_us - person.first_offset_us
    yield from subject.rows("whole", person.first_offset_us, length_us, _participant_numbers(person))
    for measure, intervals in (("attendance", person.attendance_intervals), ("camera_on", person.camera_intervals)):
        for interval in intervals:
            yield from subject.rows("interval", interval.start_us, interval.length_us, ((measure, 1.0),))
    for point in person.timeline:
        length_us = min(BUCKET_US, duration_us - point.start_us)
        yield from subject.rows("timeline", point.start_us, length_us, _participant_point_numbers(point))


def _meeting_numbers(summary: MeetingSummary) -> Numbers:
    yield from _of(summary, "engagement", "engagement_deviation", "engagement_median", "coverage", "valence", "arousal")
    if summary.change is not None:
        yield from _change(summary.change)
    if summary.synchrony is not None:
        yield "synchrony", summary.synchrony.correlation
        yield "synchrony_p_value", summary.synchrony.p_value
    yield from _expressions(summary.expressions)


def _meeting_point_numbers(point: MeetingPoint) -> Numbers:
    yield from _of(point, "engagement_median", "engagement_mean", "engagement_p10", "engagement_p90")
    yield from _of(point, "seen", "total", "valence", "arousal")
    yield from _expressions(point.expressions)


def _participant_numbers(person: ParticipantSummary) -> Numbers:
    yield from _of(person, "coverage", "facing_share", "synchrony")
    yield from _of(person, "valence", "valence_deviation", "arousal", "arousal_deviation")
    for what in ("attended", "present", "longest_absence"):
        yield f"{what}_s", getattr(person, f"{what}_us") / 1e6
    yield from _engagement(person.engagement)
    yield "camera_on_s", camera_on_us(person) / 1e6
    if person.speaking_us is not None:
        yield "speaking_s", person.speaking_us / 1e6
        yield "speaking_known_s", person.speaking_known_us / 1e6
    yield "speaking_share", person.speaking_share
    if person.without_consent_us:
        yield "without_consent_s", person.without_consent_us / 1e6
    if person.change is not None:
        yield from _change(person.change)
    yield from _expressions(person.expressions)
    yield from ((f"action_unit_{unit.number}", unit.probability) for unit in person.action_units)
    yield from ((f"{time.state.name.lower()}_s", time.duration_us / 1e6) for time in person.facing_times)
    yield from ((f"no_score_{_key(time.reason)}_s", time.duration_us / 1e6) for time in person.no_score_times)


def _change(change: Change) -> Numbers:
    yield "change", change.difference
    yield "change_standard_error", change.standard_error
    yield "change_p_value", change.p_value


def _engagement(scores: EngagementStatistics) -> Numbers:
    yield "engagement", scores.mean
    yield "engagement_deviation", scores.standard_deviation
    parts = ("median", "minimum", "maximum", "trend_per_minute", "trend_standard_error")
    yield from ((f"engagement_{name}", value) for name, value in _of(scores, *parts))
    yield from _of(scores, "facing", "expression")
    yield from ((f"band_{time.band.name.lower()}_s", time.duration_us / 1e6) for time in scores.bands)


def _participant_point_numbers(point: ParticipantPoint) -> Numbers:
    return _of(point, "engagement", "coverage", "valence", "arousal")


def _of(values: object, *names: str) -> Numbers:
    """Return fields under their own names."""
    return ((name, getattr(values, name)) for name in names)


def _expressions(probabilities: Probabilities) -> Numbers:
    return zip(LABELS, probabilities, strict=True)


def _key(reason: NoScoreReason) -> str:
    return reason_in_words(reason).replace(" ", "_")
