"""A restore is settled"""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("company", schema=None) as batch_op:
        batch_op.add_column(sa.Column("restore_settled", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    # Without a copy of the table, which SQLite refuses while other tables refer to its rows.
    op.drop_column("company", "restore_settled")
