"""Open postings have an index"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.create_index(
            "ix_posting_open",
            ["installation_id", "document_id", "state", "operation", "kind", "currency", "total"],
            unique=False,
            sqlite_where=sa.text("state IN ('unknown', 'held', 'review')"),
            postgresql_where=sa.text("state IN ('unknown', 'held', 'review')"),
        )


def downgrade() -> None:
    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_posting_open",
            sqlite_where=sa.text("state IN ('unknown', 'held', 'review')"),
            postgresql_where=sa.text("state IN ('unknown', 'held', 'review')"),
        )
