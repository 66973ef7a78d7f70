"""Changes know which version they may overwrite

A rejected id of an earlier version names no SyncToken, so it permits nothing any more: a person is
asked once more about a change that was permitted but not yet sent.
"""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "overwrite_permitted", sa.String(length=80), nullable=False, server_default=""
            )
        )


def downgrade() -> None:
    # Without a copy of the table, which SQLite refuses while other tables refer to its rows.
    op.drop_column("posting", "overwrite_permitted")
