"""Queries of the record, each on a connection with a transaction of its own: meetings, participants, the log's end."""

import json
from typing import Any

from sqlalchemy import Connection, Select, and_, select, tuple_

from roompulse_server.errors import InvalidArgumentError, Reason, RoompulseError
from roompulse_server.storage.schema import heads, meetings, participants
from roompulse_server.storage.store import Head, Page, Tail
from roompulse_server.storage.table_values import meeting_from_row, participant_from_row
from roompulse_server.types import Meeting, MeetingKey, MeetingState, Participant

_rooms = participants.alias("rooms")


def no_meeting(key: MeetingKey) -> RoompulseError:
    """Return the error of a meeting that does not exist."""
    name = f'"{key.id}"' if key.id else "of this uid"
    occurrence = f" with uid {key.uid}" if key.id and key.uid else ""
    return RoompulseError(Reason.MEETING_NOT_FOUND, f"there is no meeting {name}{occurrence}", field="meeting")


def no_participant(participant_id: str) -> RoompulseError:
    """Return the error of a participant that does not exist."""
    message = f'there is no participant "{participant_id}" in this meeting'
    return RoompulseError(Reason.PARTICIPANT_NOT_FOUND, message, field="participant_id")


def get_meeting(connection: Connection, key: MeetingKey) -> Meeting:
    """Find one meeting, by uid, or the newest by id."""
    query = select(meetings).where(meetings.c.tenant == key.tenant)
    if key.id or not key.uid:
        query = query.where(meetings.c.id == key.id)
    if key.uid:
        query = query.where(meetings.c.uid == key.uid)
    row = connection.execute(query.order_by(meetings.c.occurrence.desc()).limit(1)).one_or_none()
    if row is None:
        raise no_meeting(key)
    return meeting_from_row(row)


def list_meetings(
    connection: Connection, tenant: str, meeting_id: str, state: MeetingState | None, limit: int, cursor: str
) -> Page[Meeting]:
    """Page through meetings by time of creation, newest first; the uid breaks ties."""
    order = (meetings.c.create_us, meetings.c.uid)
    query = select(meetings).where(meetings.c.tenant == tenant)
    if meeting_id:
        query = query.where(meetings.c.id == meeting_id)
    if state:
        query = query.where(meetings.c.state == state)
    if cursor:
        query = query.where(tuple_(*order) < tuple_(*read_cursor(cursor, int, str)))
    rows = connection.execute(query.order_by(*(column.desc() for column in order)).limit(limit + 1)).all()
    items = tuple(meeting_from_row(row) for row in rows[:limit])
    return Page(items, write_cursor(items[-1].create_us, items[-1].key.uid) if len(rows) > limit else "")


def list_earlier(connection: Connection, key: MeetingKey, limit: int) -> list[Meeting]:
    """Return the occurrences before one, newest first."""
    this, c = meetings.alias(), meetings.c
    number = select(this.c.occurrence).where(this.c.tenant == key.tenant, this.c.uid == key.uid).scalar_subquery()
    query = select(meetings).where(c.tenant == key.tenant, c.id == key.id, c.occurrence < number)
    return [meeting_from_row(row) for row in connection.execute(query.order_by(c.occurrence.desc()).limit(limit))]


def get_participant(connection: Connection, key: MeetingKey, participant_id: str) -> Participant:
    """Find one participant by id."""
    row = connection.execute(_participants(key).where(participants.c.id == participant_id)).one_or_none()
    if row is None:
        raise no_participant(participant_id)
    return participant_from_row(row)


def list_participants(connection: Connection, key: MeetingKey, limit: int, cursor: str) -> Page[Participant]:
    """Page through participants by id."""
    query = _participants(key)
    if cursor:
        query = query.where(participants.c.id > read_cursor(cursor, str)[0])
    rows = connection.execute(query.order_by(participants.c.id).limit(limit + 1)).all()
    items = tuple(participant_from_row(row) for row in rows[:limit])
    return Page(items, write_cursor(items[-1].id) if len(rows) > limit else "")


def tail(connection: Connection, key: MeetingKey) -> Tail:
    """Read the meeting's counters and heads."""
    c = meetings.c
    columns = (c.state, c.last_position, c.last_rollup, c.last_rollup_start_us, c.last_offset_us)
    row = connection.execute(select(*columns).where(c.tenant == key.tenant, c.uid == key.uid)).one_or_none()
    if row is None:
        raise no_meeting(key)
    h, p = heads.c, participants.c
    query = select(p.id, h.number, h.epoch, h.last_sequence).join_from(participants, heads, of_participant(heads))
    found = connection.execute(query.where(p.tenant == key.tenant, p.meeting_uid == key.uid))
    return Tail(MeetingState(row.state), *row[1:], heads={name: Head(*rest) for name, *rest in found})


def of_participant(table: Any) -> Any:
    """Return the condition that joins a table's rows to their participant."""
    same = (table.c[name] == participants.c[name] for name in ("tenant", "meeting_uid", "number"))
    return and_(*same)


def write_cursor(*values: int | str) -> str:
    """Return the place after a row as text."""
    return json.dumps(values, separators=(",", ":"))


def read_cursor(cursor: str, *kinds: type) -> list[Any]:
    """Return what `write_cursor` was given.

    Raises:
        InvalidArgumentError: The text is no such cursor.
    """
    try:
        values = json.loads(cursor)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, list) or [type(value) for value in values] != list(kinds) or not all(map(_fits, values)):
        raise InvalidArgumentError("page_token", "the page token is damaged or of another list")
    return values


def _fits(value: int | str) -> bool:
    """Tell whether a database takes a value: JSON may hold larger numbers, and halves of characters."""
    if isinstance(value, str):
        return not any("\ud800" <= letter <= "\udfff" for letter in value)
    return abs(value) < 1 << 63


def _participants(key: MeetingKey) -> Select[Any]:
    p, h = participants.c, heads.c
    room = and_(_rooms.c.tenant == p.tenant, _rooms.c.meeting_uid == p.meeting_uid, _rooms.c.number == p.found_in)
    columns = (h.epoch, h.last_sequence, h.checkpoint, h.streaming, h.first_offset_us, h.last_offset_us)
    return (
        select(participants, *columns, _rooms.c.id.label("room_id"))
        .join_from(participants, heads, of_participant(heads))
        .outerjoin(_rooms, room)
        .where(p.tenant == key.tenant, p.meeting_uid == key.uid)
    )
