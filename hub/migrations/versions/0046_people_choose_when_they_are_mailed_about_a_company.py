"""People choose when they are mailed about a company"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "company_notification",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("timing", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["company.id"],
            name=op.f("fk_company_notification_company_id_company"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user.id"],
            name=op.f("fk_company_notification_user_id_user"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "company_id", name=op.f("pk_company_notification")),
    )
    with op.batch_alter_table("company_notification", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_company_notification_company_id"), ["company_id"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("company_notification", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_company_notification_company_id"))

    op.drop_table("company_notification")
