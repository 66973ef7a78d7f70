"""Invitations carry rights for companies and apps, beside a role for everything"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "invitation_right",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("invitation_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=True),
        sa.Column("slug", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["company.id"],
            name=op.f("fk_invitation_right_company_id_company"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitation.id"],
            name=op.f("fk_invitation_right_invitation_id_invitation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation_right")),
    )
    index = op.f("ix_invitation_right_invitation_id")
    op.create_index(index, "invitation_right", ["invitation_id"])


def downgrade() -> None:
    """Keep the invitations with a role for everything; the others give nothing any more."""
    op.execute("DELETE FROM invitation WHERE role = ''")
    op.drop_index(op.f("ix_invitation_right_invitation_id"), table_name="invitation_right")
    op.drop_table("invitation_right")
