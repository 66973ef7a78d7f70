"""Indexes over few documents get a second column, so that SQLite prefers them to the index over all"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_source_document_absent", "made_for", "(absent_at IS NOT NULL OR gone_at IS NOT NULL)"),
    ("ix_source_document_requested", "made_for", "requested_by <> ''"),
    ("ix_source_document_before_start", "stage", "before_start = 'excluded'"),
)


def upgrade() -> None:
    for name, column, condition in INDEXES:
        _replace(name, ["installation_id", column], condition)


def downgrade() -> None:
    for name, _, condition in INDEXES:
        _replace(name, ["installation_id"], condition)


def _replace(name: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.drop_index(name, table_name="source_document")
    op.create_index(
        name,
        "source_document",
        columns,
        unique=False,
        sqlite_where=where,
        postgresql_where=where,
    )
