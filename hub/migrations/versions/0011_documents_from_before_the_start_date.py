"""Documents from before the start date"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None
INDEX = "ix_source_document_before_start"
EXCLUDED = sa.text("before_start = 'excluded'")


def upgrade() -> None:
    with op.batch_alter_table("source_document", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("before_start", sa.String(length=10), nullable=False, server_default="")
        )
        batch_op.create_index(
            INDEX, ["installation_id"], sqlite_where=EXCLUDED, postgresql_where=EXCLUDED
        )
    # Only the sentence tells which documents an earlier version left out for their date.
    op.execute(
        sa.text(
            "UPDATE source_document SET before_start = 'excluded' WHERE gone IS NULL AND id IN"
            " (SELECT document_id FROM posting WHERE state = 'withdrawn'"
            " AND reason LIKE 'It was % the first day that counts for %')"
        )
    )


def downgrade() -> None:
    with op.batch_alter_table("source_document", schema=None) as batch_op:
        batch_op.drop_index(INDEX)
        batch_op.drop_column("before_start")
