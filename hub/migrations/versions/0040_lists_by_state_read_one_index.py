"""Lists by state read one index"""

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_posting_installation_state"))
        batch_op.create_index(
            "ix_posting_installation_state",
            [
                "installation_id",
                "state",
                "operation",
                "part",
                "generation",
                "document_id",
                "kind",
                "currency",
                "total",
            ],
            unique=False,
        )


def downgrade() -> None:
    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.drop_index("ix_posting_installation_state")
        batch_op.create_index(
            batch_op.f("ix_posting_installation_state"),
            ["installation_id", "state", "operation", "part", "generation"],
            unique=False,
        )
