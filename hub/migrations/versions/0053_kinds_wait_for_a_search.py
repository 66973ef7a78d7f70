"""Kinds wait for a search"""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("company", schema=None) as batch_op:
        batch_op.add_column(sa.Column("unsearched_kinds", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("company", "unsearched_kinds")
