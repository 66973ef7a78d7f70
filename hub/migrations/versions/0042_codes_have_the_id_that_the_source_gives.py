"""Codes have the id that the source gives"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("seen_code", schema=None) as batch_op:
        batch_op.add_column(sa.Column("quickbooks_id", sa.String(length=60), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("seen_code", schema=None) as batch_op:
        batch_op.drop_column("quickbooks_id")
