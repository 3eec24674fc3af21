"""Domain values → protos: updates, roll-ups, events, meetings. Pure; one function a message."""

import math
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, overload

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from roompulse.v1 import common_pb2, meeting_service_pb2, update_pb2
from roompulse_vision import types as vision

from roompulse_server import types

LANDMARKS = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")


def wire(member: IntEnum) -> Any:
    """Return an enumeration's number; the contract's twin has the same one, and a type of its own for each."""
    return member.value


@overload
def duration(us: int) -> Duration: ...
@overload
def duration(us: int | None) -> Duration | None: ...
def duration(us: int | None) -> Duration | None:
    """Return a Duration of `us` microseconds."""
    if us is None:
        return None
    seconds, rest = divmod(abs(us), 1_000_000)
    sign = -1 if us < 0 else 1
    return Duration(seconds=sign * seconds, nanos=sign * rest * 1000)


@overload
def timestamp(us: int) -> Timestamp: ...
@overload
def timestamp(us: int | None) -> Timestamp | None: ...
def timestamp(us: int | None) -> Timestamp | None:
    """Return a Timestamp of `us` microseconds since 1970."""
    if us is None:
        return None
    seconds, rest = divmod(us, 1_000_000)
    return Timestamp(seconds=seconds, nanos=rest * 1000)


def us_from_duration(value: Duration) -> int:
    return value.seconds * 1_000_000 + value.nanos // 1000


def us_from_timestamp(value: Timestamp) -> int:
    return value.seconds * 1_000_000 + value.nanos // 1000


def key_to_proto(key: types.MeetingKey) -> common_pb2.MeetingKey:
    return common_pb2.MeetingKey(tenant=key.tenant, id=key.id, uid=key.uid)


def consent_to_proto(consent: types.Consent) -> common_pb2.Consent:
    return common_pb2.Consent(
        state=wire(consent.state),
        recorded_by=consent.recorded_by,
        wording_version=consent.wording_version,
        record_time=timestamp(consent.record_us or None),
    )


def expressions_to_proto(probabilities: Sequence[float]) -> update_pb2.Expressions:
    """Return the probabilities by label; nan is absent."""
    given = {label: p for label, p in zip(vision.LABELS, probabilities, strict=True) if not math.isnan(p)}
    return update_pb2.Expressions(**given)


def face_to_proto(face: vision.FaceReading) -> update_pb2.Face:
    message = update_pb2.Face(track=face.track, box=box_to_proto(face.box))
    message.quality.size_px = face.quality.size_px
    message.quality.sharpness = face.quality.sharpness
    if face.quality.detector_score is not None:
        message.quality.detector_score = face.quality.detector_score
    for name, point in zip(LANDMARKS, face.landmarks or (), strict=False):
        place = getattr(message.landmarks, name)
        place.x, place.y = point.x, point.y
    if face.pose is not None:
        message.pose.yaw_deg, message.pose.pitch_deg = face.pose.yaw_deg, face.pose.pitch_deg
        message.pose.roll_deg = face.pose.roll_deg
    return message


def box_to_proto(box: vision.Box) -> common_pb2.Box:
    return common_pb2.Box(x=box.x, y=box.y, width=box.width, height=box.height)


def action_units_to_proto(
    probabilities: Sequence[float] | None, active: Sequence[bool] | None = None
) -> list[update_pb2.ActionUnit]:
    units = []
    for index, (number, p) in enumerate(zip(vision.ACTION_UNITS, probabilities or (), strict=False)):
        if not math.isnan(p):
            unit = update_pb2.ActionUnit(number=number, probability=p)
            if active:
                unit.active = active[index]
            units.append(unit)
    return units


def affect_to_proto(affect: types.AffectReading) -> update_pb2.Affect:
    return update_pb2.Affect(
        model_id=affect.model_id,
        raw=expressions_to_proto(affect.raw),
        adjusted=expressions_to_proto(affect.adjusted),
        smoothed=expressions_to_proto(affect.smoothed),
        expression_provenance=common_pb2.PROVENANCE_MODEL,
        valence=affect.valence,
        arousal=affect.arousal,
        raw_valence=affect.raw_valence,
        raw_arousal=affect.raw_arousal,
        valence_arousal_provenance=wire(affect.valence_arousal_provenance),
        action_units=action_units_to_proto(affect.action_units, affect.action_units_active),
        action_unit_provenance=wire(affect.action_unit_provenance),
        baseline_weight=affect.baseline_weight,
    )


def raw_affect_to_proto(affect: vision.RawAffect) -> update_pb2.Affect:
    """Return a still picture's affect: nothing to smooth with, so the raw values stand alone."""
    return update_pb2.Affect(
        model_id=affect.model_id,
        raw=expressions_to_proto(affect.probabilities),
        expression_provenance=common_pb2.PROVENANCE_MODEL,
        raw_valence=affect.valence,
        raw_arousal=affect.arousal,
        valence_arousal_provenance=wire(affect.valence_arousal_provenance),
        action_units=action_units_to_proto(affect.action_units, affect.action_units_active),
        action_unit_provenance=wire(affect.action_unit_provenance),
    )


def engagement_to_proto(engagement: types.Engagement) -> update_pb2.Engagement:
    return update_pb2.Engagement(
        score=engagement.score,
        band=wire(engagement.band),
        no_score_reason=wire(engagement.no_score_reason),
        formula_id=engagement.formula_id,
        facing=engagement.facing,
        expression=engagement.expression,
        coverage=engagement.coverage,
        yaw_from_reference_deg=engagement.yaw_from_reference_deg,
        pitch_from_reference_deg=engagement.pitch_from_reference_deg,
        reference_count=engagement.reference_count,
        window=duration(round(engagement.window_s * 1e6)),
        facing_state=wire(engagement.facing_state),
    )


def update_to_proto(update: types.Update, key: types.MeetingKey) -> update_pb2.ParticipantUpdate:
    reading = update.reading
    return update_pb2.ParticipantUpdate(
        meeting=key_to_proto(key),
        participant_id=update.participant,
        sequence=update.sequence,
        epoch=update.epoch,
        capture_time=timestamp(update.capture_us),
        receive_time=timestamp(update.receive_us),
        meeting_offset=duration(update.offset_us),
        analysis_age=duration(update.analysis_age_us),
        presence=wire(reading.presence),
        face=face_to_proto(reading.face) if reading.face else None,
        affect=affect_to_proto(reading.affect) if reading.affect else None,
        engagement=engagement_to_proto(reading.engagement),
        speaking=update.speaking,
        packet_index=update.packet_index,
        scoring_latency=duration(update.scoring_latency_us),
    )


def rollup_to_proto(rollup: types.Rollup, key: types.MeetingKey) -> update_pb2.Rollup:
    return update_pb2.Rollup(
        meeting=key_to_proto(key),
        window_start=duration(rollup.start_us),
        window_length=duration(rollup.length_us),
        revision=rollup.revision,
        final=rollup.final,
        seen=rollup.seen,
        total=rollup.total,
        engagement_median=rollup.median,
        engagement_mean=rollup.mean,
        engagement_p10=rollup.p10,
        engagement_p90=rollup.p90,
        expressions=expressions_to_proto(rollup.expressions),
        valence=rollup.valence,
        arousal=rollup.arousal,
        formula_id=rollup.formula_id,
        model_id=rollup.model_id,
        sequence=rollup.sequence,
    )


def counters_to_proto(counters: types.PacketCounters) -> common_pb2.PacketCounters:
    dropped = [common_pb2.DroppedPackets(reason=wire(r), count=n) for r, n in sorted(counters.dropped.items()) if n]
    return common_pb2.PacketCounters(
        received=counters.received,
        analyzed=counters.analyzed,
        dropped=dropped,
        not_due=counters.not_due,
        pending=counters.pending,
    )


def event_to_proto(event: types.Event, key: types.MeetingKey) -> update_pb2.MeetingEvent:
    return update_pb2.MeetingEvent(
        meeting=key_to_proto(key),
        position=event.position,
        kind=wire(event.kind),
        participant_id=event.participant,
        meeting_offset=duration(event.offset_us),
        time=timestamp(event.time_us),
        detail=event.detail,
        counters=counters_to_proto(event.counters) if event.counters else None,
        consent=consent_to_proto(event.consent) if event.consent else None,
        epoch=event.epoch,
    )


def meeting_to_proto(meeting: types.Meeting) -> meeting_service_pb2.Meeting:
    return meeting_service_pb2.Meeting(
        key=key_to_proto(meeting.key),
        title=meeting.title,
        purpose=wire(meeting.purpose),
        state=wire(meeting.state),
        create_time=timestamp(meeting.create_us),
        end_time=timestamp(meeting.end_us),
        time_zone=meeting.time_zone,
        participant_count=meeting.participant_count,
        idle_timeout=_seconds(meeting.idle_timeout_s),
        everyone_consented=meeting.everyone_consented,
        aggregate_only=meeting.aggregate_only,
        retention=_seconds(meeting.retention_s),
        end_reason=meeting.end_reason,
    )


def participant_to_proto(participant: types.Participant) -> meeting_service_pb2.Participant:
    return meeting_service_pb2.Participant(
        id=participant.id,
        display_name=participant.display_name,
        consent=consent_to_proto(participant.consent),
        epoch=participant.epoch,
        last_sequence=participant.last_sequence,
        streaming=participant.streaming,
        found_in=participant.found_in,
        first_offset=duration(participant.first_offset_us),
        last_offset=duration(participant.last_offset_us),
        number=participant.number,
    )


def _seconds(seconds: float | None) -> Duration | None:
    return None if seconds is None else duration(round(seconds * 1e6))
