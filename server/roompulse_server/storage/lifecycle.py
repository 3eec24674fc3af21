"""What changes the record besides commits: meetings made and ended, streams opened. Each inside one transaction."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, func, insert, select, update

from roompulse_server.errors import InvalidArgumentError, Reason, RoompulseError
from roompulse_server.storage import audit_log, meeting_transaction, queries
from roompulse_server.storage.idempotency import remember, requested
from roompulse_server.storage.meeting_transaction import MeetingTransaction, ParticipantHead
from roompulse_server.storage.schema import events, heads, meetings, participants
from roompulse_server.storage.seal import new_key
from roompulse_server.storage.table_values import consent_to_values, key_values, meeting_to_values
from roompulse_server.storage.tombstone import check_not_erased
from roompulse_server.types import (
    MAX_PARTICIPANTS,
    AuditAction,
    Consent,
    ConsentState,
    Event,
    EventKind,
    Meeting,
    MeetingKey,
    MeetingState,
    Participant,
    is_found_id,
)
from roompulse_server.types.log import Committed, Entry

_CREATE, _END = "CreateMeeting", "EndMeeting"


def create_meeting(connection: Connection, meeting: Meeting, request_id: str) -> Meeting:
    """Insert a new occurrence, or return the one that this request has made."""
    tenant = meeting.key.tenant
    known = requested(connection, _CREATE, request_id, meeting.key)
    if known:
        return known
    same_id = (meetings.c.tenant == tenant, meetings.c.id == meeting.key.id)
    active = select(meetings.c.uid).where(*same_id, meetings.c.state == MeetingState.ACTIVE)
    uid = connection.execute(active).scalar()
    if uid is not None:
        message = f'the meeting "{meeting.key.id}" is active: end it before a new one begins'
        raise RoompulseError(Reason.MEETING_EXISTS, message, field="meeting.id", meeting_uid=uid)
    last = connection.execute(select(func.max(meetings.c.occurrence)).where(*same_id)).scalar() or 0
    meeting = replace(meeting, key=replace(meeting.key, uid=meeting.key.uid or uuid.uuid4().hex), participant_count=0)
    counters = dict.fromkeys(("participant_count", "last_number", "last_position", "last_rollup"), 0)
    connection.execute(insert(meetings), meeting_to_values(meeting) | counters | {"occurrence": last + 1})
    remember(connection, _CREATE, request_id, meeting.key, meeting.create_us)
    said = f"purpose {meeting.purpose.name.lower()}" + ", aggregate only" * meeting.aggregate_only
    audit_log.note(connection, AuditAction.MEETING_CREATED, meeting.key, None, meeting.create_us, said)
    return meeting


def ended_by(connection: Connection, key: MeetingKey, request_id: str) -> Meeting | None:
    """Return the meeting that a request to end one has ended."""
    return requested(connection, _END, request_id, key)


def end_meeting(
    connection: Connection,
    key: MeetingKey,
    time_us: int,
    offset_us: int,
    reason: str,
    request_id: str,
    kept_us: int | None,
) -> tuple[Meeting, Committed]:
    """Close the log: take everybody's epoch, append MEETING_ENDED."""
    transaction = existing(connection, key, ())
    if requested(connection, _END, request_id, key) is None:
        remember(connection, _END, request_id, key, time_us)
    if transaction.state == MeetingState.ENDED:
        return queries.get_meeting(connection, key), Committed(key)
    taken = update(heads).where(heads.c.tenant == key.tenant, heads.c.meeting_uid == key.uid)
    connection.execute(taken.values(epoch=heads.c.epoch + 1, streaming=False))
    event = transaction.add_event(Event(EventKind.MEETING_ENDED, offset_us, time_us, detail=reason))
    transaction.write()
    ended = update(meetings).where(meetings.c.tenant == key.tenant, meetings.c.uid == key.uid)
    values = {"state": MeetingState.ENDED, "end_us": time_us, "end_kept_us": kept_us, "end_reason": reason}
    connection.execute(ended.values(values))
    return queries.get_meeting(connection, key), Committed(key, events=(event,))


@dataclass(frozen=True, slots=True)
class Opening:
    """A stream to open; see `Store.open_stream`."""

    participant_id: str
    display_name: str
    consent: Consent | None
    found_in: str
    face: bool
    offset_us: int
    time_us: int
    stream_id: str
    resumed: bool


def open_stream(connection: Connection, key: MeetingKey, opening: Opening) -> tuple[Participant, Committed]:
    """Take the participant's next epoch, and append what happened."""
    participant_id, found_in = opening.participant_id, opening.found_in
    transaction = existing(connection, key, {participant_id, found_in})
    if transaction.state == MeetingState.ENDED:
        raise RoompulseError(Reason.MEETING_ENDED, f'the meeting "{key.id or key.uid}" has ended')
    if found_in and found_in not in transaction.heads_by_id:
        raise queries.no_participant(found_in)
    if opening.resumed:
        _check_own(connection, transaction, participant_id, found_in, opening.stream_id)
    if participant_id not in transaction.heads_by_id:
        check_not_erased(connection, key, participant_id)
        transaction.heads_by_id[participant_id] = new_head(connection, transaction, participant_id, found_in)
    before = queries.get_participant(connection, key, participant_id)
    _check_namesake(before, opening)
    if before.consent.state is ConsentState.WITHDRAWN:
        message = "this participant has withdrawn their consent; only a call of its own (SetConsent) grants it again"
        raise RoompulseError(Reason.CONSENT_WITHDRAWN, message, field="participant_id")
    head = transaction.heads_by_id[participant_id]
    head.epoch += 1
    head.streaming = True
    transaction.touched.add(participant_id)
    grant = _recorded(opening) if before.consent.state == ConsentState.UNSPECIFIED else None
    describe(connection, key, head.number, opening.display_name, grant)
    at_us, time_us = opening.offset_us, opening.time_us
    opened = Event(EventKind.STREAM_OPENED, at_us, time_us, participant_id, head.epoch, opening.stream_id)
    appended = [transaction.add_event(opened)]
    if grant and grant.state != ConsentState.UNSPECIFIED:
        appended.append(transaction.add_event(replace(opened, kind=EventKind.CONSENT_CHANGED, consent=grant)))
        audit_log.note_consent(connection, key, head.number, grant, time_us)
    transaction.write()
    return queries.get_participant(connection, key, participant_id), Committed(key, events=tuple(appended))


def commit(connection: Connection, entries: Sequence[Entry]) -> list[Committed]:
    """Record entries of any meetings, in order."""
    names: dict[tuple[str, str], set[str]] = defaultdict(set)
    for entry in entries:
        of_meeting = names[entry.key.tenant, entry.key.uid]
        of_meeting.update(item.update.participant for item in entry.updates)
        for items in (entry.events, entry.checkpoints):
            of_meeting.update(item.participant for item in items if item.participant)
    opened = {
        (tenant, uid): meeting_transaction.load(connection, MeetingKey(tenant, "", uid), ids)
        for (tenant, uid), ids in names.items()
    }
    committed = [opened[entry.key.tenant, entry.key.uid].accept(entry) for entry in entries]
    for transaction in opened.values():
        if transaction.touched or transaction.events or transaction.rollups:
            transaction.write()
    return committed


def existing(connection: Connection, key: MeetingKey, names: set[str] | tuple[()]) -> MeetingTransaction:
    """Return the transaction of a meeting that must exist."""
    transaction = meeting_transaction.load(connection, key, names)
    if transaction.state is None:
        raise queries.no_meeting(key)
    return transaction


def _recorded(opening: Opening) -> Consent | None:
    """Return the consent that a stream says, with the time at which it was recorded."""
    consent = opening.consent
    return replace(consent, record_us=consent.record_us or opening.time_us) if consent else None


def _check_namesake(before: Participant, opening: Opening) -> None:
    """Keep faces that the service has named, and people whom the caller has named, apart."""
    room = before.found_in if is_found_id(before.id, before.found_in) else ""
    if room != (opening.found_in if opening.face else ""):
        whose = f"of a face found in {room!r}" if room else "that the caller gave somebody"
        raise InvalidArgumentError("participant_id", f"{before.id!r} is the id {whose}; take another one")


def _check_own(
    connection: Connection, transaction: MeetingTransaction, participant_id: str, found_in: str, stream_id: str
) -> None:
    """Refuse to resume a stream after which another one of the participant was opened.

    A gallery may also show who had no stream yet, or an older one: it gives way to those opened since it began.
    """
    head = transaction.heads_by_id.get(participant_id)
    if head is None:
        check_not_erased(connection, transaction.key, participant_id)
        if found_in:
            return
        raise queries.no_participant(participant_id)
    e = events.c
    opened = (
        e.tenant == transaction.key.tenant,
        e.meeting_uid == transaction.key.uid,
        e.kind == EventKind.STREAM_OPENED,
    )
    own = (e.number == transaction.heads_by_id[found_in or participant_id].number, e.detail == stream_id)
    began = connection.execute(select(func.min(e.position)).where(*opened, *own)).scalar() or 0
    last = select(e.detail, e.position).where(*opened, e.number == head.number).order_by(e.position.desc()).limit(1)
    newest = connection.execute(last).one_or_none()
    known = began > 0 if newest is None else newest.detail == stream_id or (found_in and newest.position < began)
    if not known:
        message = f"another stream of participant {participant_id!r} was opened since this one was cut off"
        raise RoompulseError(Reason.STREAM_REPLACED, message)


def new_head(
    connection: Connection, transaction: MeetingTransaction, participant_id: str, found_in: str, epoch: int = 0
) -> ParticipantHead:
    """Make a participant, with a key of their own; `epoch` is the last one that the id has had."""
    if transaction.last_number >= MAX_PARTICIPANTS:
        message = (
            f"this meeting has had {transaction.last_number} participants, found faces included; no more are taken"
        )
        raise RoompulseError(Reason.TOO_MANY_STREAMS, message)
    transaction.last_number += 1
    transaction.participant_count += 1
    head = ParticipantHead(transaction.last_number, new_key(), epoch, 0, 0, False, None, None)
    row = key_values(transaction.key) | {"number": head.number}
    who = {
        "key": head.key,
        "id": participant_id,
        "display_name": "",
        "found_in": transaction.heads_by_id[found_in].number if found_in else None,
    }
    connection.execute(insert(participants), row | who | consent_to_values(Consent()))
    state = {"epoch": epoch, "last_sequence": 0, "merged_sequence": 0, "checkpoint": b"", "streaming": False}
    connection.execute(insert(heads), row | state)
    return head


def describe(connection: Connection, key: MeetingKey, number: int, name: str, consent: Consent | None) -> None:
    values = ({"display_name": name} if name else {}) | (consent_to_values(consent) if consent else {})
    if values:
        p = participants.c
        where = (p.tenant == key.tenant, p.meeting_uid == key.uid, p.number == number)
        connection.execute(update(participants).where(*where).values(values))
