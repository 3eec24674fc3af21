"""Erasure: the row that knows somebody goes at once, what was sealed with its key piece by piece after it.

    erase_participant ─► participants, heads: gone; events: ERASED in place; windows they were in: empty
    delete_meeting    ─► all of that, and the meeting
                    └─► erasures ─► sweep, sweep, … ─► blocks: gone

Between two pieces the live writer commits. A crash in between loses nothing: the list of what is to be swept is in the
record, and the key is gone already.
"""

import math
import os

import numpy as np
from roompulse_vision.types import LABELS
from sqlalchemy import Connection, delete, func, insert, select, update

from roompulse_server.storage import audit_log, lifecycle, queries
from roompulse_server.storage.consent_record import found_in
from roompulse_server.storage.meeting_transaction import ParticipantHead
from roompulse_server.storage.schema import blocks, erasures, events, meetings, participants, rollups
from roompulse_server.storage.seal import digest
from roompulse_server.storage.table_values import key_values
from roompulse_server.types import AuditAction, Event, EventKind, MeetingKey, MeetingState
from roompulse_server.types.log import Committed

SWEEP_BLOCKS = 32  # removed at once: 1.6 MB, a few milliseconds
_SALT_BYTES = 16
_NOTHING = {
    "seen": 0,
    "median": None,
    "mean": None,
    "p10": None,
    "p90": None,
    "expressions": np.full(len(LABELS), math.nan, "<f8").tobytes(),
    "valence": None,
    "arousal": None,
}


def erase_participant(
    connection: Connection, key: MeetingKey, participant_id: str, hold_us: int, offset_us: int, time_us: int
) -> Committed:
    """Erase one participant; a room with everybody who was found in it."""
    names = [participant_id, *found_in(connection, key, participant_id)]
    transaction = lifecycle.existing(connection, key, {participant_id, *names})
    if participant_id not in transaction.heads_by_id:
        raise queries.no_participant(participant_id)
    added = []
    for name in names:
        head = transaction.heads_by_id.pop(name)
        _forget(connection, key, name, head, hold_us)
        audit_log.note(connection, AuditAction.PARTICIPANT_ERASED, key, head.number, time_us, "by request")
        if transaction.state is MeetingState.ACTIVE:
            event = Event(EventKind.ERASED, offset_us, time_us, detail=_pseudonym(head.number))
            added.append(transaction.add_event(event))
    transaction.participant_count -= len(names)
    transaction.write()
    return Committed(key, events=tuple(added), erased=tuple(names))


def delete_meeting(connection: Connection, key: MeetingKey, time_us: int, why: str) -> Committed:
    """Erase a meeting and everybody in it."""
    lifecycle.existing(connection, key, ())
    p, e = participants.c, erasures.c
    here = (p.tenant == key.tenant, p.meeting_uid == key.uid)
    people = connection.execute(select(p.id, p.number).where(*here)).all()
    earlier = (e.tenant == key.tenant, e.meeting_uid == key.uid)
    connection.execute(delete(erasures).where(*earlier, e.swept))
    connection.execute(update(erasures).where(*earlier).values(salt=b"", digest=b""))
    doomed = [key_values(key) | _doomed(row.number, b"", b"") for row in people]
    if doomed:
        connection.execute(insert(erasures), doomed)
    connection.execute(delete(meetings).where(meetings.c.tenant == key.tenant, meetings.c.uid == key.uid))
    audit_log.note(connection, AuditAction.MEETING_DELETED, key, None, time_us, why)
    return Committed(key, erased=tuple(row.id for row in people))


def sweep(connection: Connection) -> bool:
    """Remove some blocks of somebody erased; False when there are none."""
    e, b = erasures.c, blocks.c
    columns = (e.tenant, e.meeting_uid, e.number, e.digest)
    row = connection.execute(select(*columns).where(e.swept.is_(False)).limit(1)).one_or_none()
    if row is None:
        return False
    theirs = (b.tenant == row.tenant, b.meeting_uid == row.meeting_uid, b.number == row.number)
    firsts = (
        connection.execute(select(b.first_sequence).where(*theirs).order_by(b.first_sequence).limit(SWEEP_BLOCKS))
        .scalars()
        .all()
    )
    if firsts:
        connection.execute(delete(blocks).where(*theirs, b.first_sequence <= firsts[-1]))
    if len(firsts) < SWEEP_BLOCKS:
        done = (e.tenant == row.tenant, e.meeting_uid == row.meeting_uid, e.number == row.number)
        remember = update(erasures).values(swept=True) if row.digest else delete(erasures)
        connection.execute(remember.where(*done))
    return True


def expired(connection: Connection, now_us: int, retention_s: float, limit: int) -> list[MeetingKey]:
    """Return ended meetings whose time has come, oldest first; `retention_s` is for those that name none.

    `now_us` is by the clock that retention goes by.
    """
    c = meetings.c
    kept_us = func.coalesce(c.retention_s, retention_s) * 1e6
    end_us = func.coalesce(c.end_kept_us, c.end_us)
    query = select(c.tenant, c.id, c.uid).where(c.state == MeetingState.ENDED, end_us + kept_us <= now_us)
    rows = connection.execute(query.order_by(end_us).limit(limit))
    return [MeetingKey(row.tenant, row.id, row.uid) for row in rows]


def _forget(connection: Connection, key: MeetingKey, name: str, head: ParticipantHead, hold_us: int) -> None:
    salt = os.urandom(_SALT_BYTES)
    connection.execute(insert(erasures), key_values(key) | _doomed(head.number, salt, digest(salt, name)))
    p, e = participants.c, events.c
    connection.execute(
        delete(participants).where(p.tenant == key.tenant, p.meeting_uid == key.uid, p.number == head.number)
    )
    scrubbed = {"kind": EventKind.ERASED, "detail": _pseudonym(head.number), "counters": None, "consent": None}
    connection.execute(
        update(events).where(e.tenant == key.tenant, e.meeting_uid == key.uid, e.number == head.number).values(scrubbed)
    )
    if head.first_offset_us is not None and head.last_offset_us is not None:
        r = rollups.c
        overlaps = (r.start_us + r.length_us > head.first_offset_us, r.start_us <= head.last_offset_us + hold_us)
        here = (r.tenant == key.tenant, r.meeting_uid == key.uid)
        connection.execute(update(rollups).where(*here, *overlaps).values(_NOTHING))


def _doomed(number: int, salt: bytes, name_digest: bytes) -> dict[str, object]:
    return {"number": number, "swept": False, "salt": salt, "digest": name_digest}


def _pseudonym(number: int) -> str:
    return f"participant {number}"
