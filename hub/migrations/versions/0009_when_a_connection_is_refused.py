"""When a connection is refused"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("company", schema=None) as batch_op:
        batch_op.add_column(sa.Column("refused_since", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("refusals", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("refuses_reads", sa.Boolean(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("refuses_writes", sa.Boolean(), server_default="0", nullable=False))
    company = sa.table("company", sa.column("state", sa.String()), sa.column("refuses_reads", sa.Boolean()))
    op.execute(company.update().where(company.c.state == "reconnect").values(refuses_reads=True))


def downgrade() -> None:
    company = sa.table("company", sa.column("state", sa.String()))
    unknown_before = company.c.state.not_in(("connected", "disconnected"))
    op.execute(company.update().where(unknown_before).values(state="reconnect"))
    with op.batch_alter_table("company", schema=None) as batch_op:
        for name in ("refuses_writes", "refuses_reads", "next_try_at", "refusals", "refused_since"):
            batch_op.drop_column(name)
