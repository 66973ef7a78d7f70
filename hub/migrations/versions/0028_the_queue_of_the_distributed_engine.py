"""The queue of the distributed engine, procrastinate 3.10, on PostgreSQL only"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

# The statements of the release itself. A later release with other tables needs a revision that
# applies its migrations.
SCHEMA = Path(__file__).with_name("0028_procrastinate_3_10.sql")
TABLES = ("periodic_defers", "events", "jobs", "workers")
TYPES = ("job_to_defer_v1", "job_event_type", "job_status")
FUNCTIONS = sa.text(
    "SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
    " WHERE n.nspname = current_schema() AND starts_with(p.proname, 'procrastinate_')"
)


def upgrade() -> None:
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return
    # Without parameters the driver sends all statements at once.
    options = {"no_parameters": True}
    bind.exec_driver_sql(SCHEMA.read_text(encoding="utf-8"), execution_options=options)


def downgrade() -> None:
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return
    for name in TABLES:
        op.execute(f"DROP TABLE procrastinate_{name} CASCADE")
    for signature in bind.scalars(FUNCTIONS).all():
        op.execute(f"DROP FUNCTION {signature} CASCADE")
    for name in TYPES:
        op.execute(f"DROP TYPE procrastinate_{name}")
