"""Entries of the audit log have a number in the chain and name the data folder that wrote them"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit_entry", sa.Column("number", sa.Integer(), nullable=True))
    origin = sa.Column("origin", sa.String(length=16), nullable=False, server_default="")
    op.add_column("audit_entry", origin)


def downgrade() -> None:
    op.drop_column("audit_entry", "origin")
    op.drop_column("audit_entry", "number")
