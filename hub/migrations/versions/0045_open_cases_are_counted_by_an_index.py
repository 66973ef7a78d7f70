"""Open cases are counted by an index"""

from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("case", schema=None) as batch_op:
        batch_op.drop_index("ix_case_closed")
        batch_op.create_index(
            "ix_case_closed",
            ["closed_at", "id", "snoozed_until", "code", "stored_action"],
            unique=False,
        )


def downgrade() -> None:
    with op.batch_alter_table("case", schema=None) as batch_op:
        batch_op.drop_index("ix_case_closed")
        batch_op.create_index("ix_case_closed", ["closed_at", "id"], unique=False)
