"""Where a database moved to, and which versions of the hub work with it"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("database_origin", sa.Column("copied_from", sa.String(length=500), nullable=True))
    op.add_column("database_origin", sa.Column("moved_to", sa.String(length=500), nullable=True))
    op.add_column(
        "database_origin", sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "database_origin",
        sa.Column("oldest_revision", sa.String(length=4), server_default="", nullable=False),
    )


def downgrade() -> None:
    with op.batch_alter_table("database_origin") as table:
        table.drop_column("oldest_revision")
        table.drop_column("moved_at")
        table.drop_column("moved_to")
        table.drop_column("copied_from")
