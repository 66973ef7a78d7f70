"""Transactions that are missing in QuickBooks, and documents that are to be posted again"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("head", schema=None) as batch_op:
        batch_op.create_index(
            "ix_head_not_live",
            ["company_id", "kind"],
            unique=False,
            sqlite_where=sa.text("state <> 'live'"),
            postgresql_where=sa.text("state <> 'live'"),
        )

    with op.batch_alter_table("source_document", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("requested_by", sa.String(length=200), server_default="", nullable=False)
        )
        batch_op.create_index(
            "ix_source_document_requested",
            ["installation_id"],
            unique=False,
            sqlite_where=sa.text("requested_by <> ''"),
            postgresql_where=sa.text("requested_by <> ''"),
        )


def downgrade() -> None:
    with op.batch_alter_table("source_document", schema=None) as batch_op:
        batch_op.drop_index("ix_source_document_requested")
        batch_op.drop_column("requested_by")

    with op.batch_alter_table("head", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_head_not_live",
            sqlite_where=sa.text("state <> 'live'"),
            postgresql_where=sa.text("state <> 'live'"),
        )
