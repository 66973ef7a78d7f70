"""Documents have their due date as a column with an index"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

CHUNK = 50_000  # ids of documents that one statement updates
# The source's document has its dates as texts; only those that are dates are taken.
FROM_BODY = {
    "postgresql": (
        "UPDATE source_document SET due = CAST(body ->> 'due' AS date)"
        " WHERE id > :first AND id <= :last"
        " AND body ->> 'due' ~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'"
    ),
    "sqlite": (
        "UPDATE source_document SET due = json_extract(body, '$.due')"
        " WHERE id > :first AND id <= :last"
        " AND date(json_extract(body, '$.due')) = json_extract(body, '$.due')"
    ),
}


def upgrade() -> None:
    op.add_column("source_document", sa.Column("due", sa.Date(), nullable=True))
    connection = op.get_bind()
    newest = connection.scalar(sa.text("SELECT max(id) FROM source_document")) or 0
    statement = sa.text(FROM_BODY[connection.dialect.name])
    for first in range(0, newest, CHUNK):
        connection.execute(statement, {"first": first, "last": first + CHUNK})
    op.create_index("ix_source_document_due", "source_document", ["due", "id"])


def downgrade() -> None:
    op.drop_index("ix_source_document_due", table_name="source_document")
    op.drop_column("source_document", "due")
