"""Posted documents of an app are indexed by when they were posted."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.create_index(
            "ix_posting_posted_of",
            ["installation_id", "changed_at"],
            unique=False,
            sqlite_where=sa.text("state = 'posted'"),
            postgresql_where=sa.text("state = 'posted'"),
        )


def downgrade() -> None:
    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_posting_posted_of",
            sqlite_where=sa.text("state = 'posted'"),
            postgresql_where=sa.text("state = 'posted'"),
        )
