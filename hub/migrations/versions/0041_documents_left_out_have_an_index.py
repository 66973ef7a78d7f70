"""Documents that were left out have an index"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.create_index(
            "ix_posting_left_out",
            ["installation_id", "state", "document_id"],
            unique=False,
            sqlite_where=sa.text("state IN ('skipped', 'withdrawn')"),
            postgresql_where=sa.text("state IN ('skipped', 'withdrawn')"),
        )


def downgrade() -> None:
    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_posting_left_out",
            sqlite_where=sa.text("state IN ('skipped', 'withdrawn')"),
            postgresql_where=sa.text("state IN ('skipped', 'withdrawn')"),
        )
