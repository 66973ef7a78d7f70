"""Audit entries name their installation"""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.add_column(sa.Column("installation_id", sa.Integer(), nullable=True))
        batch_op.create_index(
            "ix_audit_entry_installation",
            ["installation_id", "id"],
            unique=False,
            sqlite_where=sa.text("installation_id IS NOT NULL"),
            postgresql_where=sa.text("installation_id IS NOT NULL"),
        )


def downgrade() -> None:
    op.drop_index("ix_audit_entry_installation", table_name="audit_entry")
    op.drop_column("audit_entry", "installation_id")
