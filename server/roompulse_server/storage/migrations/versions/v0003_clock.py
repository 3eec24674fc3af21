"""The record has a clock of its own, which goes on where the host's is set; meetings say what it showed."""

import sqlalchemy as sa
from alembic import op

revision = "0003_0002"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the clock, and two columns that a meeting from before has none of."""
    op.create_table(
        "clock",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("wall_us", sa.BigInteger, nullable=False),
        sa.Column("boot_id", sa.String(64), nullable=False),
        sa.Column("boot_us", sa.BigInteger, nullable=False),
        sa.Column("steady_us", sa.BigInteger, nullable=False),
        sa.Column("kept_us", sa.BigInteger, nullable=False),
        sa.Column("doubted_us", sa.BigInteger, nullable=False),
        sa.Column("doubt_us", sa.BigInteger, nullable=False),
    )
    op.add_column("meetings", sa.Column("create_steady_us", sa.BigInteger))
    op.add_column("meetings", sa.Column("end_kept_us", sa.BigInteger))


def downgrade() -> None:
    """Take them away: the version before goes by the host's clock."""
    with op.batch_alter_table("meetings") as meetings:
        meetings.drop_column("end_kept_us")
        meetings.drop_column("create_steady_us")
    op.drop_table("clock")
