"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ACTIVE = sa.text("state = 1")
_MEETING = (["tenant", "meeting_uid"], ["meetings.tenant", "meetings.uid"])
_PARTICIPANT = (
    ["tenant", "meeting_uid", "number"],
    ["participants.tenant", "participants.meeting_uid", "participants.number"],
)


def upgrade() -> None:
    """Make every table."""
    _make_meetings()
    _make_participants()
    _make_heads()
    _make_blocks()
    _make_events()
    _make_rollups()
    _make_requests()


def downgrade() -> None:
    """Drop every table."""
    for table in ("requests", "rollups", "events", "blocks", "heads", "participants", "meetings"):
        op.drop_table(table)


def _make_meetings() -> None:
    op.create_table(
        "meetings",
        sa.Column("tenant", sa.String(128), primary_key=True),
        sa.Column("uid", sa.String(32), primary_key=True),
        sa.Column("id", sa.String(128), nullable=False),
        sa.Column("occurrence", sa.Integer, nullable=False),
        sa.Column("state", sa.Integer, nullable=False),
        sa.Column("purpose", sa.Integer, nullable=False),
        sa.Column("create_us", sa.BigInteger, nullable=False),
        sa.Column("end_us", sa.BigInteger),
        sa.Column("end_reason", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("idle_timeout_s", sa.Double),
        sa.Column("retention_s", sa.Double),
        sa.Column("everyone_consented", sa.Boolean, nullable=False),
        sa.Column("aggregate_only", sa.Boolean, nullable=False),
        sa.Column("participant_count", sa.Integer, nullable=False),
        sa.Column("last_number", sa.Integer, nullable=False),
        sa.Column("last_position", sa.BigInteger, nullable=False),
        sa.Column("last_rollup", sa.BigInteger, nullable=False),
        sa.Column("last_rollup_start_us", sa.BigInteger),
        sa.Column("last_offset_us", sa.BigInteger),
        sa.UniqueConstraint("tenant", "id", "occurrence", name="uq_meetings_occurrence"),
    )
    op.create_index(
        "uq_meetings_active", "meetings", ["tenant", "id"], unique=True, sqlite_where=_ACTIVE, postgresql_where=_ACTIVE
    )
    op.create_index("ix_meetings_newest", "meetings", ["tenant", "create_us", "uid"])


def _make_participants() -> None:
    op.create_table(
        "participants",
        sa.Column("tenant", sa.String(128), primary_key=True),
        sa.Column("meeting_uid", sa.String(32), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("id", sa.String(128), nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("consent_state", sa.Integer, nullable=False),
        sa.Column("consent_recorded_by", sa.Text, nullable=False),
        sa.Column("consent_wording_version", sa.Text, nullable=False),
        sa.Column("consent_record_us", sa.BigInteger, nullable=False),
        sa.Column("found_in", sa.Integer),
        sa.ForeignKeyConstraint(*_MEETING, ondelete="CASCADE"),
        sa.UniqueConstraint("tenant", "meeting_uid", "id", name="uq_participants_id"),
        sqlite_with_rowid=False,
    )


def _make_heads() -> None:
    op.create_table(
        "heads",
        sa.Column("tenant", sa.String(128), primary_key=True),
        sa.Column("meeting_uid", sa.String(32), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("last_sequence", sa.BigInteger, nullable=False),
        sa.Column("merged_sequence", sa.BigInteger, nullable=False),
        sa.Column("checkpoint", sa.LargeBinary, nullable=False),
        sa.Column("streaming", sa.Boolean, nullable=False),
        sa.Column("first_offset_us", sa.BigInteger),
        sa.Column("last_offset_us", sa.BigInteger),
        sa.ForeignKeyConstraint(*_PARTICIPANT, ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )


def _make_blocks() -> None:
    op.create_table(
        "blocks",
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
        sa.ForeignKeyConstraint(*_PARTICIPANT, ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )


def _make_events() -> None:
    op.create_table(
        "events",
        sa.Column("tenant", sa.String(128), primary_key=True),
        sa.Column("meeting_uid", sa.String(32), primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True),
        sa.Column("kind", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("offset_us", sa.BigInteger, nullable=False),
        sa.Column("time_us", sa.BigInteger, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("counters", sa.JSON),
        sa.Column("consent", sa.JSON),
        sa.ForeignKeyConstraint(*_MEETING, ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )


def _make_rollups() -> None:
    op.create_table(
        "rollups",
        sa.Column("tenant", sa.String(128), primary_key=True),
        sa.Column("meeting_uid", sa.String(32), primary_key=True),
        sa.Column("sequence", sa.BigInteger, primary_key=True),
        sa.Column("start_us", sa.BigInteger, nullable=False),
        sa.Column("length_us", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("seen", sa.Integer, nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("median", sa.Double),
        sa.Column("mean", sa.Double),
        sa.Column("p10", sa.Double),
        sa.Column("p90", sa.Double),
        sa.Column("expressions", sa.LargeBinary, nullable=False),
        sa.Column("valence", sa.Double),
        sa.Column("arousal", sa.Double),
        sa.Column("formula_id", sa.Text, nullable=False),
        sa.Column("model_id", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(*_MEETING, ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )


def _make_requests() -> None:
    op.create_table(
        "requests",
        sa.Column("tenant", sa.String(128), primary_key=True),
        sa.Column("method", sa.String(64), primary_key=True),
        sa.Column("request_id", sa.String(64), primary_key=True),
        sa.Column("meeting_uid", sa.String(32), nullable=False),
        sa.Column("create_us", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(*_MEETING, ondelete="CASCADE"),
    )
