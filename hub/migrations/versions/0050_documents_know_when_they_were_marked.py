"""Documents know when they were marked for rereading"""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("source_document", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reread_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    # Without a copy of the table, which SQLite refuses while other tables refer to its rows.
    op.drop_column("source_document", "reread_at")
