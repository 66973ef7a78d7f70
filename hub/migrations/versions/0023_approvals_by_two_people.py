"""Approvals by two people above an amount"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    limit = sa.Column("second_approval_above", sa.BigInteger(), nullable=True)
    op.add_column("installation", limit)
    op.create_table(
        "approval",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("posting_id", sa.Integer(), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["posting_id"], ["posting.id"], name=op.f("fk_approval_posting_id_posting")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
        sa.UniqueConstraint(
            "posting_id", "content", "who", name=op.f("uq_approval_posting_id_content_who")
        ),
    )


def downgrade() -> None:
    op.drop_table("approval")
    op.drop_column("installation", "second_approval_above")
