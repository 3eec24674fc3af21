"""What is kept of somebody is sealed with their key; erasures and the audit log have tables.

Blocks move to a table without foreign keys, so that their removal may take its time while their participant's is at
once.
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from roompulse_server.storage.seal import CHECKPOINT, block_place, event_place, seal

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_AT_ONCE = 64
_OF = ("tenant", "meeting_uid", "number")
_APPEND_ONLY = """
CREATE TRIGGER audit_no_{deed} BEFORE {deed} ON audit BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END
"""
_participants = sa.table("participants", *(sa.column(name) for name in (*_OF, "key")))
_events = sa.table("events", *(sa.column(name) for name in (*_OF, "position", "consent", "sealed")))
_heads = sa.table("heads", *(sa.column(name) for name in (*_OF, "checkpoint")))

Keys = dict[tuple[str, str, int], bytes]


def upgrade() -> None:
    """Make the new tables, seal what was recorded, remove it in the clear."""
    _make_erasures()
    _make_audit()
    rows = op.get_bind().execute(sa.select(_participants))
    keys: Keys = {(row.tenant, row.meeting_uid, row.number): row.key for row in rows}
    _seal_blocks(keys)
    _seal_checkpoints(keys)
    _seal_consents(keys)


def downgrade() -> None:
    """Refuse: a version that reads no sealed values would take them for damage."""
    raise NotImplementedError("a record whose values are sealed cannot go back; restore a backup that is older")


def _make_erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("tenant", sa.String(128), primary_key=True),
        sa.Column("meeting_uid", sa.String(32), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("swept", sa.Boolean, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )


def _make_audit() -> None:
    position = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "audit",
        sa.Column("position", position, primary_key=True, autoincrement=True),
        sa.Column("tenant", sa.String(128), nullable=False),
        sa.Column("time_us", sa.BigInteger, nullable=False),
        sa.Column("action", sa.Integer, nullable=False),
        sa.Column("meeting_uid", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("ix_audit_meeting", "audit", ["tenant", "meeting_uid", "position"])
    if op.get_bind().dialect.name == "sqlite":
        for deed in ("UPDATE", "DELETE"):
            op.execute(_APPEND_ONLY.format(deed=deed))


def _seal_blocks(keys: Keys) -> None:
    sealed = op.create_table(
        "sealed_blocks",
        sa.Column("tenant", sa.String(128), primary_key=True),
        sa.Column("meeting_uid", sa.String(32), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("first_sequence", sa.BigInteger, primary_key=True),
        sa.Column("last_sequence", sa.BigInteger, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("first_offset_us", sa.BigInteger, nullable=False),
        sa.Column("last_offset_us", sa.BigInteger, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("model_id", sa.Text, nullable=False),
        sa.Column("formula_id", sa.Text, nullable=False),
        sa.Column("format", sa.Integer, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    plain = sa.table("blocks", *(sa.column(column.name) for column in sealed.columns))
    rows = op.get_bind().execute(sa.select(plain).execution_options(yield_per=_AT_ONCE))
    for part in rows.mappings().partitions():
        op.bulk_insert(sealed, [_sealed_block(dict(row), keys) for row in part])
    op.drop_table("blocks")
    op.rename_table("sealed_blocks", "blocks")


def _sealed_block(row: dict[str, Any], keys: Keys) -> dict[str, Any]:
    key = keys[row["tenant"], row["meeting_uid"], row["number"]]
    return row | {"payload": seal(key, row["payload"], block_place(row["first_sequence"]))}


def _seal_checkpoints(keys: Keys) -> None:
    rows = op.get_bind().execute(sa.select(_heads)).all()
    for row in rows:
        if row.checkpoint:
            key = keys[row.tenant, row.meeting_uid, row.number]
            sealed = seal(key, row.checkpoint, CHECKPOINT)
            op.execute(_heads.update().where(*_same(_heads, row, _OF)).values(checkpoint=sealed))


def _seal_consents(keys: Keys) -> None:
    op.add_column("events", sa.Column("sealed", sa.LargeBinary))
    rows = op.get_bind().execute(sa.select(_events).where(_events.c.consent.is_not(None))).all()
    for row in rows:
        key = keys[row.tenant, row.meeting_uid, row.number]
        consent = row.consent if isinstance(row.consent, str) else json.dumps(row.consent)
        sealed = seal(key, consent.encode(), event_place(row.position))
        op.execute(_events.update().where(*_same(_events, row, (*_OF[:2], "position"))).values(sealed=sealed))
    op.drop_column("events", "consent")
    op.execute("ALTER TABLE events RENAME COLUMN sealed TO consent")


def _same(table: Any, row: Any, names: tuple[str, ...]) -> list[Any]:
    return [table.c[name] == getattr(row, name) for name in names]
