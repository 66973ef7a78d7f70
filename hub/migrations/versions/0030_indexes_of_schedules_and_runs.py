"""Schedules are indexed by app and company, and runs of a company by outcome."""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.create_index(
            "ix_run_company_outcome", ["company_id", "kind", "outcome", "id"], unique=False
        )

    with op.batch_alter_table("schedule", schema=None) as batch_op:
        batch_op.create_index("ix_schedule_company", ["company_id"], unique=False)
        batch_op.create_index("ix_schedule_installation", ["installation_id", "kind"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("schedule", schema=None) as batch_op:
        batch_op.drop_index("ix_schedule_installation")
        batch_op.drop_index("ix_schedule_company")

    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.drop_index("ix_run_company_outcome")
