"""Queries of a meeting's log: updates, events and roll-ups, from a position, an offset or a cursor on."""

from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from itertools import accumulate, groupby, islice
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Select, func, or_, select
from sqlalchemy import and_ as all_of

from roompulse_server.series import Series
from roompulse_server.storage.block import rows, to_series, to_updates
from roompulse_server.storage.meeting_transaction import block_from_row
from roompulse_server.storage.queries import of_participant, read_cursor, tail, write_cursor
from roompulse_server.storage.schema import blocks, events, participants, rollups
from roompulse_server.storage.store import LogItem, Page, Position
from roompulse_server.storage.table_values import event_from_row, rollup_from_row
from roompulse_server.types import Event, MeetingKey, Rollup, Update

_FETCH = 64  # blocks at once: a large one is 50 KB when read


def read_updates(
    connection: Connection,
    key: MeetingKey,
    participant_id: str,
    start_us: int,
    end_us: int | None,
    limit: int,
    cursor: str,
) -> Page[Update]:
    """Page through updates by participant id and sequence."""
    last_id, last_sequence = read_cursor(cursor, str, int) if cursor else ("", 0)
    query = _blocks(key).where(blocks.c.last_offset_us >= start_us)
    if end_us is not None:
        query = query.where(blocks.c.first_offset_us < end_us)
    if participant_id:
        query = query.where(participants.c.id == participant_id)
    if cursor:
        later = all_of(participants.c.id == last_id, blocks.c.last_sequence > last_sequence)
        query = query.where(or_(participants.c.id > last_id, later))
    items: list[Update] = []
    for update in _updates(connection, query, {last_id: last_sequence}):
        inside = start_us <= update.offset_us and (end_us is None or update.offset_us < end_us)
        if not inside:
            continue
        if len(items) == limit:
            return Page(tuple(items), write_cursor(items[-1].participant, items[-1].sequence))
        items.append(update)
    return Page(tuple(items))


def read_after(connection: Connection, key: MeetingKey, after: Position, limit: int) -> list[LogItem]:
    """Read a fair piece of everything, in the order of offsets; each counter keeps its own order where those fall."""
    each = max(1, limit // max(1, len(after.updates)))
    series: list[Sequence[LogItem]] = [_some(connection, key, name, last, each) for name, last in after.updates.items()]
    series.append(read_rollups(connection, key, after.rollup, limit))
    series.append(read_events(connection, key, after.event, limit))
    reached = (zip(accumulate(map(_recorded_us, items), max), items, strict=True) for items in series)
    return [item for _, item in merge(*reached, key=itemgetter(0))]


def read_events(connection: Connection, key: MeetingKey, after: int, limit: int) -> list[Event]:
    """Read events by position."""
    e = events.c
    query = (
        select(events, participants.c.id.label("participant_id"), participants.c.key)
        .outerjoin_from(events, participants, of_participant(events))
        .where(e.tenant == key.tenant, e.meeting_uid == key.uid, e.position > after)
    )
    return [event_from_row(row) for row in connection.execute(query.order_by(e.position).limit(limit))]


def read_rollups(connection: Connection, key: MeetingKey, after: int, limit: int) -> list[Rollup]:
    """Read final roll-ups by sequence."""
    r = rollups.c
    query = select(rollups).where(r.tenant == key.tenant, r.meeting_uid == key.uid, r.sequence > after)
    return [rollup_from_row(row) for row in connection.execute(query.order_by(r.sequence).limit(limit))]


def read_series(connection: Connection, key: MeetingKey) -> list[Series]:
    """Read every participant's updates as columns; one without updates has empty ones."""
    query = _blocks(key).execution_options(yield_per=_FETCH)
    found = {
        name: to_series(name, [block_from_row(row, row.key) for row in group])
        for name, group in groupby(connection.execute(query), key=lambda row: str(row.participant_id))
    }
    p = participants.c
    names = connection.execute(select(p.id).where(p.tenant == key.tenant, p.meeting_uid == key.uid).order_by(p.id))
    return [found.get(name) or to_series(name, ()) for name in names.scalars()]


def position_at(connection: Connection, key: MeetingKey, offset_us: int) -> Position:
    """Find the last of everything before an offset."""
    end = tail(connection, key)
    updates = {name: head.last_sequence for name, head in end.heads.items()}
    for name in updates:
        query = _blocks(key).where(participants.c.id == name, blocks.c.last_offset_us >= offset_us).limit(1)
        row = connection.execute(query).one_or_none()
        if row is not None:
            head = rows(block_from_row(row, row.key))["head"]
            updates[name] = int(head["sequence"][head["offset_us"] >= offset_us][0]) - 1
    e, r = events.c, rollups.c
    first_event = select(func.min(e.position)).where(
        e.tenant == key.tenant, e.meeting_uid == key.uid, e.offset_us >= offset_us
    )
    first_rollup = select(func.min(r.sequence)).where(
        r.tenant == key.tenant, r.meeting_uid == key.uid, r.start_us + r.length_us > offset_us
    )
    event, rollup = connection.execute(first_event).scalar(), connection.execute(first_rollup).scalar()
    return Position(updates, event - 1 if event else end.event, rollup - 1 if rollup else end.rollup)


def _recorded_us(item: LogItem) -> int:
    return item.start_us + item.length_us if isinstance(item, Rollup) else item.offset_us


def _blocks(key: MeetingKey) -> Select[Any]:
    b, p = blocks.c, participants.c
    extent = (b.first_sequence, b.last_sequence, b.first_offset_us, b.last_offset_us, b.count)
    columns = (b.epoch, b.model_id, b.formula_id, b.format, b.payload)
    return (
        select(p.id.label("participant_id"), p.key, *extent, *columns)
        .join_from(participants, blocks, of_participant(blocks))
        .where(p.tenant == key.tenant, p.meeting_uid == key.uid)
        .order_by(p.id, b.first_sequence)
    )


def _updates(connection: Connection, query: Select[Any], after: Mapping[str, int]) -> Iterator[Update]:
    """Unpack blocks one by one; updates up to a participant's sequence in `after` are passed over."""
    for row in connection.execute(query.execution_options(yield_per=_FETCH)):
        yield from to_updates(block_from_row(row, row.key), row.participant_id, after.get(row.participant_id, 0))


def _some(connection: Connection, key: MeetingKey, name: str, last: int, limit: int) -> list[Update]:
    query = _blocks(key).where(participants.c.id == name, blocks.c.last_sequence > last).limit(limit)
    return list(islice(_updates(connection, query, {name: last}), limit))
