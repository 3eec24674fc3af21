"""One meeting inside one transaction: judges what is to be recorded, numbers it, writes it.

    load ─► accept(entry) … ─► write
            epoch, sequence     blocks, events, roll-ups, heads, the meeting's counters

Fencing is here and only here: the head rows are read with a lock in the same transaction that writes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Executable,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from roompulse_server.errors import Reason
from roompulse_server.storage.block import Block, Extent, compressed, merge, split
from roompulse_server.storage.queries import of_participant
from roompulse_server.storage.schema import blocks, events, heads, meetings, participants, rollups
from roompulse_server.storage.seal import CHECKPOINT, block_place, seal, unseal
from roompulse_server.storage.table_values import Values, event_to_values, key_values, rollup_to_values
from roompulse_server.types import Event, EventKind, MeetingKey, MeetingState, Rollup
from roompulse_server.types.log import Committed, Entry, QuantisedUpdate, Refusal

MERGE_ROWS = 256  # single rows wait for this many before they are joined and compressed: 20 KB payloads
_OF_ANY_EPOCH = (EventKind.STREAM_CLOSED, EventKind.COUNTERS)  # say what became of packets, nothing about a person

_COUNTERS = (
    "participant_count",
    "last_number",
    "last_position",
    "last_rollup",
    "last_rollup_start_us",
    "last_offset_us",
)
_HEAD = ("epoch", "last_sequence", "merged_sequence", "streaming", "first_offset_us", "last_offset_us")


def _update(table: Table, where: tuple[Column[Any], ...], **new: Any) -> Executable:
    """Return an update of the rows that `of_…` parameters name."""
    return update(table).where(*(column == bindparam(f"of_{column.name}") for column in where)).values(new)


# Made once: making a statement takes longer than SQLite does to run it.
_SELECT_MEETING = (
    select(meetings.c.state, *(meetings.c[name] for name in _COUNTERS))
    .where(meetings.c.tenant == bindparam("tenant"), meetings.c.uid == bindparam("meeting_uid"))
    .with_for_update()
)
_SELECT_HEADS = (
    select(participants.c.id, heads.c.number, participants.c.key, *(heads.c[name] for name in _HEAD))
    .join_from(participants, heads, of_participant(heads))
    .where(
        participants.c.tenant == bindparam("tenant"),
        participants.c.meeting_uid == bindparam("meeting_uid"),
        participants.c.id.in_(bindparam("names", expanding=True)),
    )
    .with_for_update()
)
_UPDATE_MEETING = _update(
    meetings, (meetings.c.tenant, meetings.c.uid), **{name: bindparam(f"new_{name}") for name in _COUNTERS}
)
_UPDATE_HEAD = _update(
    heads,
    (heads.c.tenant, heads.c.meeting_uid, heads.c.number),
    **{name: bindparam(f"new_{name}") for name in _HEAD},
    checkpoint=func.coalesce(bindparam("new_checkpoint", type_=heads.c.checkpoint.type), heads.c.checkpoint),
)
_INSERT_BLOCK, _INSERT_EVENT, _INSERT_ROLLUP = insert(blocks), insert(events), insert(rollups)


@dataclass(slots=True)
class ParticipantHead:
    """A participant's head while the transaction lasts. `checkpoint` is a new one, sealed; None keeps the recorded."""

    number: int
    key: bytes
    epoch: int
    last_sequence: int
    merged_sequence: int
    streaming: bool
    first_offset_us: int | None
    last_offset_us: int | None
    checkpoint: bytes | None = None
    pending: list[QuantisedUpdate] = field(default_factory=list)


@dataclass(slots=True)
class MeetingTransaction:
    """See the module. `state` is None for a meeting that does not exist."""

    connection: Connection
    key: MeetingKey
    state: MeetingState | None
    participant_count: int = 0
    last_number: int = 0
    last_position: int = 0
    last_rollup: int = 0
    last_rollup_start_us: int | None = None
    last_offset_us: int | None = None
    heads_by_id: dict[str, ParticipantHead] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    events: list[Event] = field(default_factory=list)
    rollups: list[Rollup] = field(default_factory=list)

    def accept(self, entry: Entry) -> Committed:
        """Take what may be recorded of an entry, and say what may not."""
        refusals: dict[Refusal, None] = {}
        updates = tuple(item.update for item in entry.updates if self._takes(item, refusals))
        for checkpoint in entry.checkpoints:
            head = self.heads_by_id.get(checkpoint.participant)
            if self.state == MeetingState.ACTIVE and head and head.epoch == checkpoint.epoch:
                head.checkpoint = seal(head.key, checkpoint.state, CHECKPOINT)
                self.touched.add(checkpoint.participant)
        numbered = tuple(self.add_event(item) for item in entry.events if self._takes_event(item, refusals))
        windows = tuple(self._add_rollup(item) for item in entry.rollups if self._takes_rollup(item, refusals))
        return Committed(entry.key, updates, numbered, windows, tuple(refusals))

    def add_event(self, event: Event) -> Event:
        """Give an event its position."""
        self.last_position += 1
        self._reach(event.offset_us)
        head = self.heads_by_id.get(event.participant)
        if head and event.kind == EventKind.STREAM_CLOSED and event.epoch == head.epoch:
            head.streaming = False
            self.touched.add(event.participant)
        event = replace(event, position=self.last_position)
        self.events.append(event)
        return event

    def write(self) -> None:
        """Write everything that was taken."""
        touched = [self.heads_by_id[name] for name in sorted(self.touched)]
        self._execute(_INSERT_BLOCK, [row for head in touched for row in self._block_rows(head)])
        self._execute(_UPDATE_HEAD, [self._head_row(head) for head in touched])
        self._execute(_INSERT_EVENT, [self._event_row(item) for item in self.events])
        self._execute(_INSERT_ROLLUP, [rollup_to_values(item, self.key) for item in self.rollups])
        self._execute(_UPDATE_MEETING, [self._meeting_row()])

    def _execute(self, statement: Executable, rows: list[Values]) -> None:
        if rows:
            self.connection.execute(statement, rows)

    def _takes(self, quantised: QuantisedUpdate, refusals: dict[Refusal, None]) -> bool:
        item = quantised.update
        reason = self._judge(item.participant, item.epoch)
        head = self.heads_by_id.get(item.participant)
        if reason is None and head and item.sequence != head.last_sequence + 1:
            reason = Reason.INVALID_ARGUMENT
        if reason is not None or head is None:
            refusals[Refusal(item.participant, item.epoch, reason or Reason.PARTICIPANT_NOT_FOUND)] = None
            return False
        head.last_sequence = item.sequence
        head.first_offset_us = _least(head.first_offset_us, item.offset_us)
        head.last_offset_us = _most(head.last_offset_us, item.offset_us)
        head.pending.append(quantised)
        self.touched.add(item.participant)
        self._reach(item.offset_us)
        return True

    def _takes_event(self, item: Event, refusals: dict[Refusal, None]) -> bool:
        of_stream = item.participant and item.epoch and item.kind not in _OF_ANY_EPOCH
        reason = self._judge(item.participant, item.epoch if of_stream else None)
        if reason is not None:
            refusals[Refusal(item.participant, item.epoch, reason)] = None
        return reason is None

    def _takes_rollup(self, item: Rollup, refusals: dict[Refusal, None]) -> bool:
        """Take final windows once: another replica may have recorded the same ones."""
        reason = self._judge("", None)
        if reason is not None:
            refusals[Refusal("", 0, reason)] = None
        known = self.last_rollup_start_us is not None and item.start_us <= self.last_rollup_start_us
        return reason is None and item.final and not known

    def _judge(self, participant: str, epoch: int | None) -> Reason | None:
        if self.state != MeetingState.ACTIVE:
            return Reason.MEETING_NOT_FOUND if self.state is None else Reason.MEETING_ENDED
        if not participant:
            return None
        head = self.heads_by_id.get(participant)
        if head is None:
            return Reason.PARTICIPANT_NOT_FOUND
        return Reason.STREAM_REPLACED if epoch not in (None, head.epoch) else None

    def _add_rollup(self, item: Rollup) -> Rollup:
        self.last_rollup += 1
        self.last_rollup_start_us = item.start_us
        item = replace(item, sequence=self.last_rollup)
        self.rollups.append(item)
        return item

    def _reach(self, offset_us: int) -> None:
        self.last_offset_us = _most(self.last_offset_us, offset_us)

    def _event_row(self, event: Event) -> Values:
        head = self.heads_by_id[event.participant] if event.participant else None
        return event_to_values(event, self.key, head.number if head else None, head.key if head else b"")

    def _block_rows(self, head: ParticipantHead) -> list[Values]:
        """Return what is new; where enough small blocks wait, joined with them: reading many back is slow."""
        parts, full = split(head.pending), head.last_sequence - head.merged_sequence >= MERGE_ROWS
        if full:
            parts = merge((*self._take_waiting(head), *parts))
            head.merged_sequence = head.last_sequence
        of_head = key_values(self.key) | {"number": head.number}
        return [of_head | _block_values(block, head.key, compressing=full) for block in parts]

    def _head_row(self, head: ParticipantHead) -> Values:
        return {
            "of_tenant": self.key.tenant,
            "of_meeting_uid": self.key.uid,
            "of_number": head.number,
            "new_epoch": head.epoch,
            "new_last_sequence": head.last_sequence,
            "new_merged_sequence": head.merged_sequence,
            "new_checkpoint": head.checkpoint,
            "new_streaming": head.streaming,
            "new_first_offset_us": head.first_offset_us,
            "new_last_offset_us": head.last_offset_us,
        }

    def _meeting_row(self) -> Values:
        return {
            "of_tenant": self.key.tenant,
            "of_uid": self.key.uid,
            "new_participant_count": self.participant_count,
            "new_last_number": self.last_number,
            "new_last_position": self.last_position,
            "new_last_rollup": self.last_rollup,
            "new_last_rollup_start_us": self.last_rollup_start_us,
            "new_last_offset_us": self.last_offset_us,
        }

    def _take_waiting(self, head: ParticipantHead) -> list[Block]:
        """Return a participant's newest small blocks, and delete them."""
        waiting = and_(
            blocks.c.tenant == self.key.tenant,
            blocks.c.meeting_uid == self.key.uid,
            blocks.c.number == head.number,
            blocks.c.first_sequence > head.merged_sequence,
        )
        query = select(blocks).where(waiting).order_by(blocks.c.first_sequence)
        taken = [block_from_row(row, head.key) for row in self.connection.execute(query)]
        if taken:
            self.connection.execute(delete(blocks).where(waiting))
        return taken


def load(connection: Connection, key: MeetingKey, names: Iterable[str]) -> MeetingTransaction:
    """Read a meeting's counters and the heads of the participants named, and lock them."""
    row = connection.execute(_SELECT_MEETING, key_values(key)).one_or_none()
    if row is None:
        return MeetingTransaction(connection, key, None)
    state, *counters = row
    transaction = MeetingTransaction(connection, key, MeetingState(state), *counters)
    found = connection.execute(_SELECT_HEADS, key_values(key) | {"names": sorted(names)})
    transaction.heads_by_id = {name: ParticipantHead(*rest) for name, *rest in found}
    return transaction


def block_from_row(row: Any, key: bytes) -> Block:
    """Read a row of blocks with its participant's key."""
    payload = unseal(key, row.payload, block_place(row.first_sequence))
    extent = Extent(row.first_sequence, row.last_sequence, row.first_offset_us, row.last_offset_us, row.count)
    return Block(row.epoch, row.model_id, row.formula_id, payload, extent, row.format)


def _block_values(block: Block, key: bytes, *, compressing: bool) -> Values:
    block = compressed(block) if compressing else block
    extent = block.extent
    return {
        "first_sequence": extent.first_sequence,
        "last_sequence": extent.last_sequence,
        "first_offset_us": extent.first_offset_us,
        "last_offset_us": extent.last_offset_us,
        "count": extent.count,
        "epoch": block.epoch,
        "model_id": block.model_id,
        "formula_id": block.formula_id,
        "format": block.format,
        "payload": seal(key, block.payload, block_place(extent.first_sequence)),
    }


def _least(one: int | None, other: int) -> int:
    return other if one is None else min(one, other)


def _most(one: int | None, other: int) -> int:
    return other if one is None else max(one, other)
