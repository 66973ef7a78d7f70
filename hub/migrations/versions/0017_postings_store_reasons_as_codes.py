"""Postings and receipts store codes and parameters as their reasons; sentences become parameters"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

CODE = "posting.stored_text"


def upgrade() -> None:
    for table in ("posting", "receipt_row"):
        column = sa.Column("reasons", sa.JSON(), nullable=False, server_default="[]")
        op.add_column(table, column)
    if op.get_bind().dialect.name == "postgresql":
        message = "body ->> 'message'"
        stored = (
            "json_build_array(json_build_object("
            "'code', CAST(:code AS text), 'params', json_build_object('text', {text})))"
        )
    else:
        message = "json_extract(body, '$.message')"
        stored = "json_array(json_object('code', :code, 'params', json_object('text', {text})))"
    _store("posting", stored, "reason")
    _store("receipt_row", stored, message)
    op.drop_column("posting", "reason")


def _store(table: str, stored: str, text: str) -> None:
    """Store a sentence as the parameter of the code for sentences, where there is one."""
    value = stored.format(text=text)
    statement = f"UPDATE {table} SET reasons = {value} WHERE {text} <> ''"  # noqa: S608 (constants)
    op.execute(sa.text(statement).bindparams(code=CODE))


def downgrade() -> None:
    """Take back the columns; of the reasons only those that are sentences are kept."""
    op.add_column("posting", sa.Column("reason", sa.Text(), nullable=False, server_default=""))
    if op.get_bind().dialect.name == "postgresql":
        text = "reasons -> 0 -> 'params' ->> 'text'"
    else:
        text = "json_extract(reasons, '$[0].params.text')"
    op.execute(f"UPDATE posting SET reason = coalesce({text}, '')")  # noqa: S608 (constants)
    op.drop_column("receipt_row", "reasons")
    op.drop_column("posting", "reasons")
