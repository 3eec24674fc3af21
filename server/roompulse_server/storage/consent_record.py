"""Consent, changed by its own call. What takes it back takes the epoch too: nothing of the person commits after."""

from typing import Any

from sqlalchemy import Connection, and_, select, update

from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.storage import audit_log, lifecycle, queries
from roompulse_server.storage.meeting_transaction import MeetingTransaction
from roompulse_server.storage.schema import heads, participants
from roompulse_server.storage.table_values import consent_to_values
from roompulse_server.storage.tombstone import admit_again
from roompulse_server.types import (
    ATTESTED,
    Consent,
    ConsentState,
    Event,
    EventKind,
    MeetingKey,
    MeetingState,
    Participant,
)
from roompulse_server.types.log import Committed


def set_consent(
    connection: Connection, key: MeetingKey, participant_id: str, consent: Consent, offset_us: int
) -> tuple[Participant, Committed]:
    """Put a consent in force: of the participant, and of all whom it speaks for (see `spoken_for`)."""
    granted = consent.state is ConsentState.GRANTED
    state = lifecycle.existing(connection, key, ()).state
    if granted and state is MeetingState.ENDED:
        raise RoompulseError(
            Reason.MEETING_ENDED, f'the meeting "{key.id or key.uid}" has ended: there is no more to agree to'
        )
    names = spoken_for(connection, key, participant_id)
    if not names and state is MeetingState.ENDED:
        raise queries.no_participant(participant_id)
    epoch = 0 if names else admit_again(connection, key, participant_id, granted)
    transaction = lifecycle.existing(connection, key, {participant_id, *names})
    if not names:
        transaction.heads_by_id[participant_id] = lifecycle.new_head(connection, transaction, participant_id, "", epoch)
    changed = [name for name in names or [participant_id] if _differs(connection, key, name, consent)]
    added = tuple(_apply(connection, transaction, name, consent, offset_us) for name in changed)
    if state is MeetingState.ACTIVE:
        transaction.write()
    committed = Committed(key, events=added if state is MeetingState.ACTIVE else ())
    return queries.get_participant(connection, key, participant_id), committed


def describe(
    connection: Connection,
    key: MeetingKey,
    participant_id: str,
    display_name: str,
    consent: Consent | None,
    offset_us: int,
) -> tuple[Participant, Committed]:
    """Take a name and, only where none is recorded, a consent: in one transaction, so that it undoes no other one."""
    before = queries.get_participant(connection, key, participant_id)
    lifecycle.describe(connection, key, before.number, display_name, None)
    if consent is not None and before.consent.state is ConsentState.UNSPECIFIED:
        return set_consent(connection, key, participant_id, consent, offset_us)
    return queries.get_participant(connection, key, participant_id), Committed(key)


def spoken_for(connection: Connection, key: MeetingKey, participant_id: str) -> list[str]:
    """Return the participant and, of a room's attested faces, the room and every other: nobody can tell who is who."""
    p = participants.c
    room = participants.alias()
    attested = select(room.c.id).join_from(
        participants,
        room,
        and_(room.c.tenant == p.tenant, room.c.meeting_uid == p.meeting_uid, room.c.number == p.found_in),
    )
    of_room = attested.where(*_of(key, participant_id), p.consent_recorded_by == ATTESTED)
    root = connection.execute(of_room).scalar() or participant_id
    known = connection.execute(select(p.id).where(*_of(key, participant_id))).scalar()
    return list(dict.fromkeys([participant_id, root, *found_in(connection, key, root)])) if known else []


def found_in(connection: Connection, key: MeetingKey, participant_id: str) -> list[str]:
    """Return who was found in a room's pictures and is there by attestation only."""
    p = participants.c
    number = select(p.number).where(*_of(key, participant_id)).scalar_subquery()
    found = (p.tenant == key.tenant, p.meeting_uid == key.uid, p.found_in == number)
    return list(connection.execute(select(p.id).where(*found, p.consent_recorded_by == ATTESTED)).scalars())


def _of(key: MeetingKey, participant_id: str) -> tuple[Any, ...]:
    p = participants.c
    return p.tenant == key.tenant, p.meeting_uid == key.uid, p.id == participant_id


def _differs(connection: Connection, key: MeetingKey, name: str, consent: Consent) -> bool:
    """Say whether a consent is news: who calls again because an answer was lost must not end a stream again."""
    now = queries.get_participant(connection, key, name).consent
    said = (consent.state, consent.recorded_by, consent.wording_version)
    return (now.state, now.recorded_by, now.wording_version) != said


def _apply(
    connection: Connection, transaction: MeetingTransaction, name: str, consent: Consent, offset_us: int
) -> Event:
    key, head = transaction.key, transaction.heads_by_id[name]
    p, h = participants.c, heads.c
    who = (p.tenant == key.tenant, p.meeting_uid == key.uid, p.number == head.number)
    connection.execute(update(participants).where(*who).values(consent_to_values(consent)))
    if consent.state is not ConsentState.GRANTED:
        head.epoch += 1
        head.streaming = False
        of_head = (h.tenant == key.tenant, h.meeting_uid == key.uid, h.number == head.number)
        connection.execute(update(heads).where(*of_head).values(epoch=head.epoch, streaming=False))
    audit_log.note_consent(connection, key, head.number, consent, consent.record_us)
    event = Event(EventKind.CONSENT_CHANGED, offset_us, consent.record_us, name, head.epoch, consent=consent)
    return transaction.add_event(event)
