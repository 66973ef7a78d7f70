"""Closed cases have the postings that they stopped"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_former_posting",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("posting_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case.id"], name=op.f("fk_case_former_posting_case_id_case")
        ),
        sa.ForeignKeyConstraint(
            ["posting_id"], ["posting.id"], name=op.f("fk_case_former_posting_posting_id_posting")
        ),
        sa.PrimaryKeyConstraint("case_id", "posting_id", name=op.f("pk_case_former_posting")),
    )


def downgrade() -> None:
    op.drop_table("case_former_posting")
