"""Open cases are counted by action"""

from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("case", schema=None) as batch_op:
        batch_op.drop_index("ix_case_closed")
        batch_op.create_index("ix_case_closed", ["closed_at", "id"], unique=False)
        batch_op.create_index(
            "ix_case_counted",
            [
                "closed_at",
                "code",
                "stored_action",
                "snoozed_until",
                "installation_id",
                "company_id",
            ],
            unique=False,
        )


def downgrade() -> None:
    with op.batch_alter_table("case", schema=None) as batch_op:
        batch_op.drop_index("ix_case_counted")
        batch_op.drop_index("ix_case_closed")
        batch_op.create_index(
            "ix_case_closed",
            ["closed_at", "id", "snoozed_until", "code", "stored_action"],
            unique=False,
        )
