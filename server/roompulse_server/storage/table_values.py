"""Rows of the tables to values of `types`, and back."""

import json
import math
from typing import Any

import numpy as np
from roompulse_vision.enumerations import DropReason
from roompulse_vision.types import Probabilities
from sqlalchemy import Row

from roompulse_server.storage.seal import CHECKPOINT, event_place, seal, unseal
from roompulse_server.types import (
    Consent,
    ConsentState,
    Event,
    EventKind,
    Meeting,
    MeetingKey,
    MeetingState,
    PacketCounters,
    Participant,
    Purpose,
    Rollup,
)

Values = dict[str, Any]
_DOUBLE = "<f8"


def key_values(key: MeetingKey) -> Values:
    """Return the columns with which every key within a meeting begins."""
    return {"tenant": key.tenant, "meeting_uid": key.uid}


def meeting_from_row(row: Row[Any]) -> Meeting:
    return Meeting(
        key=MeetingKey(row.tenant, row.id, row.uid),
        purpose=Purpose(row.purpose),
        state=MeetingState(row.state),
        create_us=row.create_us,
        end_us=row.end_us,
        end_reason=row.end_reason,
        title=row.title,
        time_zone=row.time_zone,
        idle_timeout_s=row.idle_timeout_s,
        retention_s=row.retention_s,
        everyone_consented=row.everyone_consented,
        aggregate_only=row.aggregate_only,
        participant_count=row.participant_count,
        create_steady_us=row.create_steady_us,
    )


def meeting_to_values(meeting: Meeting) -> Values:
    return {
        "tenant": meeting.key.tenant,
        "uid": meeting.key.uid,
        "id": meeting.key.id,
        "state": meeting.state,
        "purpose": meeting.purpose,
        "create_us": meeting.create_us,
        "end_us": meeting.end_us,
        "end_reason": meeting.end_reason,
        "title": meeting.title,
        "time_zone": meeting.time_zone,
        "idle_timeout_s": meeting.idle_timeout_s,
        "retention_s": meeting.retention_s,
        "everyone_consented": meeting.everyone_consented,
        "aggregate_only": meeting.aggregate_only,
        "create_steady_us": meeting.create_steady_us,
    }


def participant_from_row(row: Row[Any]) -> Participant:
    """Read a row of participants with its head, and the id of the room as `room_id`."""
    checkpoint = unseal(row.key, row.checkpoint, CHECKPOINT) if row.checkpoint else b""
    return Participant(
        number=row.number,
        id=row.id,
        display_name=row.display_name,
        consent=Consent(
            ConsentState(row.consent_state),
            row.consent_recorded_by,
            row.consent_wording_version,
            row.consent_record_us,
        ),
        epoch=row.epoch,
        last_sequence=row.last_sequence,
        checkpoint=checkpoint,
        found_in=row.room_id or "",
        streaming=row.streaming,
        first_offset_us=row.first_offset_us,
        last_offset_us=row.last_offset_us,
    )


def consent_to_values(consent: Consent) -> Values:
    """Return the consent's columns of a participant."""
    return {
        "consent_state": consent.state,
        "consent_recorded_by": consent.recorded_by,
        "consent_wording_version": consent.wording_version,
        "consent_record_us": consent.record_us,
    }


def event_from_row(row: Row[Any]) -> Event:
    """Read a row of events with its participant's id as `participant_id` and key as `key`."""
    consent = unseal(row.key, row.consent, event_place(row.position)) if row.consent else b""
    return Event(
        kind=EventKind(row.kind),
        offset_us=row.offset_us,
        time_us=row.time_us,
        participant=row.participant_id or "",
        epoch=row.epoch,
        detail=row.detail,
        counters=None if row.counters is None else _counters_from_json(row.counters),
        consent=_consent_from_json(json.loads(consent)) if consent else None,
        position=row.position,
    )


def event_to_values(event: Event, key: MeetingKey, number: int | None, participant_key: bytes) -> Values:
    """Return the columns of an event; what is said of a participant is sealed with their key."""
    consent = json.dumps(_consent_to_json(event.consent)).encode() if event.consent else b""
    return key_values(key) | {
        "position": event.position,
        "kind": event.kind,
        "number": number,
        "epoch": event.epoch,
        "offset_us": event.offset_us,
        "time_us": event.time_us,
        "detail": event.detail,
        "counters": None if event.counters is None else _counters_to_json(event.counters),
        "consent": seal(participant_key, consent, event_place(event.position)) if consent else None,
    }


def _counters_to_json(counters: PacketCounters) -> Values:
    return {
        "received": counters.received,
        "analyzed": counters.analyzed,
        "dropped": {str(int(reason)): count for reason, count in counters.dropped.items()},
        "not_due": counters.not_due,
        "pending": counters.pending,
    }


def _counters_from_json(values: Values) -> PacketCounters:
    dropped = {DropReason(int(reason)): count for reason, count in values["dropped"].items()}
    return PacketCounters(values["received"], values["analyzed"], dropped, values["not_due"], values["pending"])


def _consent_to_json(consent: Consent) -> Values:
    return {
        "state": int(consent.state),
        "recorded_by": consent.recorded_by,
        "wording_version": consent.wording_version,
        "record_us": consent.record_us,
    }


def _consent_from_json(values: Values) -> Consent:
    state = ConsentState(values["state"])
    return Consent(state, values["recorded_by"], values["wording_version"], values["record_us"])


def rollup_from_row(row: Row[Any]) -> Rollup:
    return Rollup(
        start_us=row.start_us,
        length_us=row.length_us,
        revision=row.revision,
        final=True,
        seen=row.seen,
        total=row.total,
        median=row.median,
        mean=row.mean,
        p10=row.p10,
        p90=row.p90,
        expressions=_expressions(row.expressions),
        valence=row.valence,
        arousal=row.arousal,
        formula_id=row.formula_id,
        model_id=row.model_id,
        sequence=row.sequence,
    )


def rollup_to_values(rollup: Rollup, key: MeetingKey) -> Values:
    return key_values(key) | {
        "sequence": rollup.sequence,
        "start_us": rollup.start_us,
        "length_us": rollup.length_us,
        "revision": rollup.revision,
        "seen": rollup.seen,
        "total": rollup.total,
        "median": rollup.median,
        "mean": rollup.mean,
        "p10": rollup.p10,
        "p90": rollup.p90,
        "expressions": np.array(rollup.expressions, _DOUBLE).tobytes(),
        "valence": rollup.valence,
        "arousal": rollup.arousal,
        "formula_id": rollup.formula_id,
        "model_id": rollup.model_id,
    }


def _expressions(payload: bytes) -> Probabilities:
    values: list[float] = np.frombuffer(payload, _DOUBLE).tolist()
    return tuple(math.nan if math.isnan(value) else value for value in values)
