"""Cases store a code and its parameters; those that are there keep their texts"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("case") as batch:
        batch.add_column(sa.Column("code", sa.String(60), nullable=False, server_default=""))
        batch.add_column(sa.Column("params", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    with op.batch_alter_table("case") as batch:
        batch.drop_column("params")
        batch.drop_column("code")
