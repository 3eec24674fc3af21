"""The tables of the record. `migrations/` makes them; a test holds the two together.

    meetings ◄─ participants ◄─ heads      what may commit next (epoch, last sequence, checkpoint)
             ◄─ events                     the rest of the typed log, by position
             ◄─ rollups                    final windows, by sequence
    blocks                                 the updates, packed
    erasures                               whose blocks are still to be removed, and who may not come back unasked
    requests                               which meeting a request_id has made
    audit                                  what was done to people's data, under pseudonyms; only ever longer
    clock                                  what the clocks showed when the record was last looked after

Every key begins with tenant and meeting uid. Only `participants` knows who somebody is: every other table names a
number, and what was measured or said of somebody is sealed with the key in that row (`seal`). So erasing that one row
leaves numbers of nobody and bytes that nobody can read. Blocks have no foreign key: they are many, and are removed
piece by piece after their participant, so that the writer goes on meanwhile.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.sql.schema import SchemaItem

from roompulse_server.types import MeetingState

metadata = MetaData()


def _key(*rest: Column[Any]) -> tuple[Column[Any], ...]:
    """Return the columns of a primary key within a meeting."""
    return Column("tenant", String(128), primary_key=True), Column("meeting_uid", String(32), primary_key=True), *rest


def _of_meeting() -> SchemaItem:
    columns = ["tenant", "meeting_uid"]
    return ForeignKeyConstraint(columns, ["meetings.tenant", "meetings.uid"], ondelete="CASCADE")


def _of_participant() -> SchemaItem:
    columns = ["tenant", "meeting_uid", "number"]
    targets = ["participants.tenant", "participants.meeting_uid", "participants.number"]
    return ForeignKeyConstraint(columns, targets, ondelete="CASCADE")


meetings = Table(
    "meetings",
    metadata,
    Column("tenant", String(128), primary_key=True),
    Column("uid", String(32), primary_key=True),
    Column("id", String(128), nullable=False),
    Column("occurrence", Integer, nullable=False),  # 1, 2, 3 … of this id: the newest is told without a clock
    Column("state", Integer, nullable=False),  # types.MeetingState
    Column("purpose", Integer, nullable=False),  # types.Purpose
    Column("create_us", BigInteger, nullable=False),
    Column("end_us", BigInteger),
    Column("end_reason", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("idle_timeout_s", Double),
    Column("retention_s", Double),
    Column("everyone_consented", Boolean, nullable=False),
    Column("aggregate_only", Boolean, nullable=False),
    Column("participant_count", Integer, nullable=False),
    Column("last_number", Integer, nullable=False),  # never falls, also when participants are erased
    Column("last_position", BigInteger, nullable=False),  # of events
    Column("last_rollup", BigInteger, nullable=False),  # sequence of final roll-ups
    Column("last_rollup_start_us", BigInteger),
    Column("last_offset_us", BigInteger),  # newest recorded moment
    Column("create_steady_us", BigInteger),  # by the record's own clock (`store.ClockMark`); null: as `create_us`
    Column("end_kept_us", BigInteger),  # by the clock that retention goes by; null: as `end_us`
    UniqueConstraint("tenant", "id", "occurrence", name="uq_meetings_occurrence"),
    Index(
        "uq_meetings_active",
        "tenant",
        "id",
        unique=True,
        sqlite_where=text(f"state = {int(MeetingState.ACTIVE)}"),
        postgresql_where=text(f"state = {int(MeetingState.ACTIVE)}"),
    ),
    Index("ix_meetings_newest", "tenant", "create_us", "uid"),
)

participants = Table(
    "participants",
    metadata,
    *_key(Column("number", Integer, primary_key=True)),
    Column("key", LargeBinary, nullable=False),  # of `seal`; what is kept under it is unreadable once the row is gone
    Column("id", String(128), nullable=False),
    Column("display_name", Text, nullable=False),
    Column("consent_state", Integer, nullable=False),  # types.ConsentState
    Column("consent_recorded_by", Text, nullable=False),
    Column("consent_wording_version", Text, nullable=False),
    Column("consent_record_us", BigInteger, nullable=False),
    Column("found_in", Integer),  # number of the room or gallery
    _of_meeting(),
    UniqueConstraint("tenant", "meeting_uid", "id", name="uq_participants_id"),
    sqlite_with_rowid=False,
)

heads = Table(
    "heads",
    metadata,
    *_key(Column("number", Integer, primary_key=True)),
    Column("epoch", Integer, nullable=False),
    Column("last_sequence", BigInteger, nullable=False),
    Column("merged_sequence", BigInteger, nullable=False),  # blocks up to here are joined into large ones
    Column("checkpoint", LargeBinary, nullable=False),  # sealed; empty for none
    Column("streaming", Boolean, nullable=False),
    Column("first_offset_us", BigInteger),
    Column("last_offset_us", BigInteger),
    _of_participant(),
    sqlite_with_rowid=False,
)

blocks = Table(
    "blocks",
    metadata,
    *_key(Column("number", Integer, primary_key=True), Column("first_sequence", BigInteger, primary_key=True)),
    Column("last_sequence", BigInteger, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("first_offset_us", BigInteger, nullable=False),  # smallest of the block
    Column("last_offset_us", BigInteger, nullable=False),  # largest of the block
    Column("count", Integer, nullable=False),
    Column("model_id", Text, nullable=False),
    Column("formula_id", Text, nullable=False),
    Column("format", Integer, nullable=False),  # row.FORMAT
    Column("payload", LargeBinary, nullable=False),  # sealed
    sqlite_with_rowid=False,
)

events = Table(
    "events",
    metadata,
    *_key(Column("position", BigInteger, primary_key=True)),
    Column("kind", Integer, nullable=False),  # types.EventKind
    Column("number", Integer),  # the participant's; null for the meeting
    Column("epoch", Integer, nullable=False),
    Column("offset_us", BigInteger, nullable=False),
    Column("time_us", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Column("counters", JSON(none_as_null=True)),
    Column("consent", LargeBinary),  # sealed JSON: who recorded it may be the participant
    _of_meeting(),
    sqlite_with_rowid=False,
)

rollups = Table(
    "rollups",
    metadata,
    *_key(Column("sequence", BigInteger, primary_key=True)),
    Column("start_us", BigInteger, nullable=False),
    Column("length_us", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("seen", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("median", Double),
    Column("mean", Double),
    Column("p10", Double),
    Column("p90", Double),
    Column("expressions", LargeBinary, nullable=False),  # a little-endian double for each of types.LABELS
    Column("valence", Double),
    Column("arousal", Double),
    Column("formula_id", Text, nullable=False),
    Column("model_id", Text, nullable=False),
    _of_meeting(),
    sqlite_with_rowid=False,
)

requests = Table(
    "requests",
    metadata,
    Column("tenant", String(128), primary_key=True),
    Column("method", String(64), primary_key=True),
    Column("request_id", String(64), primary_key=True),
    Column("meeting_uid", String(32), nullable=False),
    Column("create_us", BigInteger, nullable=False),
    _of_meeting(),
)

erasures = Table(
    "erasures",
    metadata,
    *_key(Column("number", Integer, primary_key=True)),
    Column("swept", Boolean, nullable=False),  # whether the blocks are gone
    Column("salt", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),  # of the id, salted; empty where the meeting is gone too
    sqlite_with_rowid=False,
)

audit = Table(
    "audit",
    metadata,
    Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("tenant", String(128), nullable=False),
    Column("time_us", BigInteger, nullable=False),
    Column("action", Integer, nullable=False),  # types.AuditAction
    Column("meeting_uid", String(32), nullable=False),
    Column("number", Integer),  # the participant's; null for the meeting
    Column("detail", Text, nullable=False),
    Index("ix_audit_meeting", "tenant", "meeting_uid", "position"),
)

clock = Table(
    "clock",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("wall_us", BigInteger, nullable=False),
    Column("boot_id", String(64), nullable=False),
    Column("boot_us", BigInteger, nullable=False),
    Column("steady_us", BigInteger, nullable=False),
    Column("kept_us", BigInteger, nullable=False),
    Column("doubted_us", BigInteger, nullable=False),
    Column("doubt_us", BigInteger, nullable=False),
)
