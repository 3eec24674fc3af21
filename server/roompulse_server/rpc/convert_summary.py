"""Summaries → protos. Pure; one function a message."""

from collections.abc import Iterable

from roompulse.v1 import summary_pb2 as pb
from roompulse.v1 import update_pb2

from roompulse_server.insight.summary import summary_types as types
from roompulse_server.rpc import convert


def summary_to_proto(summary: types.MeetingSummary) -> pb.MeetingSummary:
    return pb.MeetingSummary(
        meeting=convert.key_to_proto(summary.meeting),
        purpose=convert.wire(summary.purpose),
        start_time=convert.timestamp(summary.start_time_us),
        end_time=convert.timestamp(summary.end_time_us),
        duration=convert.duration(summary.duration_us),
        participants=[participant_to_proto(participant) for participant in summary.participants],
        timeline=[meeting_point_to_proto(point) for point in summary.timeline],
        engagement=summary.engagement,
        expressions=convert.expressions_to_proto(summary.expressions),
        valence=summary.valence,
        arousal=summary.arousal,
        moments=[moment_to_proto(moment) for moment in summary.moments],
        formula_id=summary.formula_id,
        model_ids=summary.model_ids,
        counters=convert.counters_to_proto(summary.counters),
        notes=summary.notes,
        time_zone=summary.time_zone,
        engagement_deviation=summary.engagement_deviation,
        engagement_median=summary.engagement_median,
        coverage=summary.coverage,
        synchrony=None if summary.synchrony is None else synchrony_to_proto(summary.synchrony),
        highest_minute=None if summary.highest_minute is None else minute_to_proto(summary.highest_minute),
        lowest_minute=None if summary.lowest_minute is None else minute_to_proto(summary.lowest_minute),
        title=summary.title,
        change=None if summary.change is None else change_to_proto(summary.change),
        composition_effects=[composition_effect_to_proto(effect) for effect in summary.composition_effects],
        consent_basis=consent_basis_to_proto(summary.consent_basis),
        aggregate_only=summary.aggregate_only,
    )


def participant_to_proto(person: types.ParticipantSummary) -> pb.ParticipantSummary:
    return pb.ParticipantSummary(
        participant_id=person.participant_id,
        display_name=person.display_name,
        first_offset=convert.duration(person.first_offset_us),
        last_offset=convert.duration(person.last_offset_us),
        attended=convert.duration(person.attended_us),
        present=convert.duration(person.present_us),
        coverage=person.coverage,
        presence_times=[presence_time_to_proto(time) for time in person.presence_times],
        no_score_times=[no_score_time_to_proto(time) for time in person.no_score_times],
        engagement=statistics_to_proto(person.engagement),
        expressions=convert.expressions_to_proto(person.expressions),
        valence=person.valence,
        arousal=person.arousal,
        valence_deviation=person.valence_deviation,
        arousal_deviation=person.arousal_deviation,
        longest_absence=convert.duration(person.longest_absence_us),
        longest_absence_start=convert.duration(person.longest_absence_start_us),
        action_units=unit_means_to_proto(person.action_units),
        updates=person.updates,
        counters=convert.counters_to_proto(person.counters),
        model_id=person.model_id,
        valence_arousal_provenance=convert.wire(person.valence_arousal_provenance),
        action_unit_provenance=convert.wire(person.action_unit_provenance),
        timeline=[participant_point_to_proto(point) for point in person.timeline],
        notes=person.notes,
        facing_times=[
            pb.FacingTime(state=convert.wire(time.state), duration=convert.duration(time.duration_us))
            for time in person.facing_times
        ],
        facing_share=person.facing_share,
        change=None if person.change is None else change_to_proto(person.change),
        synchrony=person.synchrony,
        action_unit_times=[
            pb.ActionUnitTime(number=unit.number, duration=convert.duration(unit.duration_us), count=unit.count)
            for unit in person.action_unit_times
        ],
        attendance_intervals=intervals_to_proto(person.attendance_intervals),
        camera_intervals=intervals_to_proto(person.camera_intervals),
        speaking=convert.duration(person.speaking_us),
        speaking_known=convert.duration(person.speaking_known_us),
        speaking_share=person.speaking_share,
        without_consent=convert.duration(person.without_consent_us),
    )


def presence_time_to_proto(time: types.PresenceTime) -> pb.PresenceTime:
    return pb.PresenceTime(presence=convert.wire(time.presence), duration=convert.duration(time.duration_us))


def no_score_time_to_proto(time: types.NoScoreTime) -> pb.NoScoreTime:
    return pb.NoScoreTime(reason=convert.wire(time.reason), duration=convert.duration(time.duration_us))


def intervals_to_proto(intervals: Iterable[types.Interval]) -> list[pb.Interval]:
    return [pb.Interval(start=convert.duration(one.start_us), end=convert.duration(one.end_us)) for one in intervals]


def unit_means_to_proto(units: Iterable[types.ActionUnitMean]) -> list[update_pb2.ActionUnit]:
    return [update_pb2.ActionUnit(number=unit.number, probability=unit.probability) for unit in units]


def statistics_to_proto(statistics: types.EngagementStatistics) -> pb.EngagementStatistics:
    return pb.EngagementStatistics(
        mean=statistics.mean,
        standard_deviation=statistics.standard_deviation,
        median=statistics.median,
        minimum=statistics.minimum,
        maximum=statistics.maximum,
        trend_per_minute=statistics.trend_per_minute,
        bands=[
            pb.BandTime(band=convert.wire(time.band), duration=convert.duration(time.duration_us))
            for time in statistics.bands
        ],
        trend_standard_error=statistics.trend_standard_error,
        facing=statistics.facing,
        expression=statistics.expression,
    )


def change_to_proto(change: types.Change) -> pb.Change:
    return pb.Change(
        difference=change.difference,
        standard_error=change.standard_error,
        p_value=change.p_value,
        rule=change.rule,
    )


def participant_point_to_proto(point: types.ParticipantPoint) -> pb.ParticipantPoint:
    return pb.ParticipantPoint(
        start=convert.duration(point.start_us),
        engagement=point.engagement,
        coverage=point.coverage,
        valence=point.valence,
        arousal=point.arousal,
        action_units=unit_means_to_proto(point.action_units),
    )


def meeting_point_to_proto(point: types.MeetingPoint) -> pb.MeetingPoint:
    return pb.MeetingPoint(
        start=convert.duration(point.start_us),
        length=convert.duration(point.length_us),
        engagement_median=point.engagement_median,
        engagement_mean=point.engagement_mean,
        seen=point.seen,
        total=point.total,
        expressions=convert.expressions_to_proto(point.expressions),
        valence=point.valence,
        arousal=point.arousal,
        engagement_p10=point.engagement_p10,
        engagement_p90=point.engagement_p90,
    )


def synchrony_to_proto(synchrony: types.Synchrony) -> pb.Synchrony:
    return pb.Synchrony(
        correlation=synchrony.correlation,
        p_value=synchrony.p_value,
        participants=synchrony.participants,
        rule=synchrony.rule,
    )


def composition_effect_to_proto(effect: types.CompositionEffect) -> pb.CompositionEffect:
    return pb.CompositionEffect(
        start=convert.duration(effect.start_us),
        difference=effect.difference,
        difference_of_same=effect.difference_of_same,
        left_ids=effect.left_ids,
        joined_ids=effect.joined_ids,
        rule=effect.rule,
    )


def consent_basis_to_proto(basis: types.ConsentBasis) -> pb.ConsentBasis:
    return pb.ConsentBasis(
        analyzed=basis.analyzed, granted=basis.granted, attested=basis.attested, unrecorded=basis.unrecorded
    )


def minute_to_proto(minute: types.NotableMinute) -> pb.NotableMinute:
    return pb.NotableMinute(
        start=convert.duration(minute.start_us),
        length=convert.duration(minute.length_us),
        engagement=minute.engagement,
        standard_error=minute.standard_error,
        coverage=minute.coverage,
        rule=minute.rule,
    )


def moment_to_proto(moment: types.Moment) -> pb.Moment:
    return pb.Moment(
        kind=convert.wire(moment.kind),
        start=convert.duration(moment.start_us),
        length=convert.duration(moment.length_us),
        participant_ids=moment.participant_ids,
        rule=moment.rule,
        p_value=moment.p_value,
        magnitude=moment.magnitude,
    )
