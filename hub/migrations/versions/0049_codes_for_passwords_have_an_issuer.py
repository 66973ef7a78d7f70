"""Codes for passwords have an issuer"""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("password_reset", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("issued_by", sa.String(length=200), server_default="", nullable=False)
        )


def downgrade() -> None:
    op.drop_column("password_reset", "issued_by")
