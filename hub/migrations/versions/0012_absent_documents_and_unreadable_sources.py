"""Absent documents, and sources that cannot be read"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

MOMENTS = ("read_at", "absent_at", "absent_since", "gone_at")


def upgrade() -> None:
    with op.batch_alter_table("source_document", schema=None) as batch_op:
        for name in MOMENTS:
            batch_op.add_column(sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    # The day on which a document went was not kept before: the last time it was heard of is near.
    op.execute("UPDATE source_document SET gone_at = seen_at WHERE gone IS NOT NULL")
    with op.batch_alter_table("source_document", schema=None) as batch_op:
        batch_op.create_index(
            "ix_source_document_absent",
            ["installation_id"],
            unique=False,
            sqlite_where=sa.text("(absent_at IS NOT NULL OR gone_at IS NOT NULL)"),
            postgresql_where=sa.text("(absent_at IS NOT NULL OR gone_at IS NOT NULL)"),
        )
    with op.batch_alter_table("installation", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True)
        )
        batch_op.add_column(
            sa.Column("failed_syncs", sa.Integer(), nullable=False, server_default="0")
        )
        batch_op.add_column(sa.Column("failure", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("installation", schema=None) as batch_op:
        for name in ("failure", "failed_syncs", "failing_since"):
            batch_op.drop_column(name)
    with op.batch_alter_table("source_document", schema=None) as batch_op:
        batch_op.drop_index("ix_source_document_absent")
        for name in reversed(MOMENTS):
            batch_op.drop_column(name)
