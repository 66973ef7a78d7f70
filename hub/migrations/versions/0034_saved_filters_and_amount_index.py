"""Saved filters of people, and indexes of documents by amount and of what is paid"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "saved_filter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("query", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_saved_filter_user_id_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filter")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_saved_filter_user_id_name")),
    )
    op.create_index("ix_source_document_total", "source_document", ["total", "id"])
    paid = sa.text("balance = 0")
    op.create_index(
        "ix_head_paid", "head", ["company_id", "kind"], sqlite_where=paid, postgresql_where=paid
    )


def downgrade() -> None:
    op.drop_index("ix_head_paid", table_name="head")
    op.drop_index("ix_source_document_total", table_name="source_document")
    op.drop_table("saved_filter")
