"""The language, time zone and number format that a person chose"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

LENGTHS = {"language": 20, "zone": 60, "number_format": 20}


def upgrade() -> None:
    with op.batch_alter_table("user", schema=None) as batch_op:
        for name, length in LENGTHS.items():
            batch_op.add_column(sa.Column(name, sa.String(length=length), nullable=True))


def downgrade() -> None:
    for name in LENGTHS:  # not in a batch, which would replace a table that others refer to
        op.drop_column("user", name)
