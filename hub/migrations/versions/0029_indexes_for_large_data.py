"""Documents have search terms, and lists, counts and pages use indexes.

The indexes are created in the transaction of the upgrade, not concurrently: the hub upgrades all
revisions in one transaction under an advisory lock, so that a failed upgrade leaves nothing behind,
and CREATE INDEX CONCURRENTLY can run in no transaction. Reading goes on meanwhile; writers wait.
"""

import re
import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

CHUNK = 5000
MAX_TERM_LENGTH = 60
MAX_TERMS_PER_WORD = 8
MAX_TERMS_PER_DOCUMENT = 40
PART = re.compile(r"[^\W_]+")
TERM = sa.String(length=MAX_TERM_LENGTH).with_variant(
    sa.String(length=MAX_TERM_LENGTH, collation="C"), "postgresql"
)
DOCUMENT = sa.table(
    "source_document",
    sa.column("id", sa.Integer()),
    sa.column("number", sa.String()),
    sa.column("party", sa.String()),
    sa.column("source_id", sa.String()),
)
DOCUMENT_TERM = sa.table("document_term", sa.column("document_id"), sa.column("term"))
IS_OPEN = "closed_at IS NULL"
INDEXES = (
    ("ix_source_document_date", "source_document", ["date", "id"], None),
    ("ix_source_document_kind", "source_document", ["kind", "id"], None),
    ("ix_source_document_stage", "source_document", ["stage", "id"], None),
    ("ix_case_open_id", "case", ["id"], IS_OPEN),
    ("ix_case_open_of", "case", ["installation_id", "company_id", "id"], IS_OPEN),
    ("ix_case_cause", "case", ["cause", "id"], None),
    ("ix_run_installation", "run", ["installation_id", "id"], None),
    ("ix_run_company", "run", ["company_id", "kind", "id"], None),
    ("ix_run_kind", "run", ["kind", "id"], None),
    ("ix_run_outcome", "run", ["outcome", "id"], None),
    ("ix_seen_code_name", "seen_code", ["installation_id", "field", "name", "id"], None),
    ("ix_record_active", "record", ["company_id", "list"], "active"),
    ("ix_audit_entry_at", "audit_entry", ["at", "id"], None),
    ("ix_audit_entry_who", "audit_entry", ["who", "id"], None),
    ("ix_audit_entry_what", "audit_entry", ["what", "subject", "id"], None),
    ("ix_company_name", "company", ["name", "id"], None),
)
POSTED = ["changed_at", "installation_id", "operation", "part", "kind", "document_id", "state"]


def upgrade() -> None:
    op.create_table(
        "document_term",
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("term", TERM, nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["source_document.id"],
            name=op.f("fk_document_term_document_id_source_document"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("document_id", "term", name=op.f("pk_document_term")),
        sqlite_with_rowid=False,
    )
    _add_terms()
    op.create_index("ix_document_term_term", "document_term", ["term", "document_id"])
    for name, table, columns, condition in INDEXES:
        _create(name, table, columns, condition)
    op.drop_index("ix_run_installation_id", table_name="run")
    op.drop_index("ix_posting_posted", table_name="posting")
    _create("ix_posting_posted", "posting", POSTED, "state = 'posted'")


def downgrade() -> None:
    op.drop_index("ix_posting_posted", table_name="posting")
    _create("ix_posting_posted", "posting", ["changed_at"], "state = 'posted'")
    op.create_index("ix_run_installation_id", "run", ["installation_id"])
    for name, table, _, _ in reversed(INDEXES):
        op.drop_index(name, table_name=table)
    op.drop_table("document_term")


def _create(name: str, table: str, columns: list[str], condition: str | None) -> None:
    """Create an index, over the rows that meet the condition if there is one."""
    where = sa.text(condition) if condition else None
    op.create_index(
        name, table, columns, unique=False, sqlite_where=where, postgresql_where=where
    )


def _add_terms() -> None:
    """Add the terms of the documents that are there, some thousands at a time."""
    connection = op.get_bind()
    last_id = 0
    while True:
        query = sa.select(DOCUMENT).where(DOCUMENT.c.id > last_id).order_by(DOCUMENT.c.id)
        documents = connection.execute(query.limit(CHUNK)).all()
        if not documents:
            return
        rows = []
        for document in documents:
            texts = (document.number, document.party, document.source_id)
            rows += [{"document_id": document.id, "term": term} for term in _terms_of(texts)]
        if rows:
            connection.execute(sa.insert(DOCUMENT_TERM), rows)
        last_id = documents[-1].id


def _terms_of(texts: tuple[str, ...]) -> list[str]:
    """Return the words of the texts, and the parts of words behind a hyphen or another sign."""
    terms: dict[str, None] = {}
    for text in texts:
        decomposed = unicodedata.normalize("NFKD", (text or "").casefold())
        plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
        for word in plain.split():
            parts = list(PART.finditer(word))
            if not parts:
                continue
            trimmed = word[parts[0].start() : parts[-1].end()][:MAX_TERM_LENGTH]
            for part in list(PART.finditer(trimmed))[:MAX_TERMS_PER_WORD]:
                terms[trimmed[part.start() :]] = None
    return list(terms)[:MAX_TERMS_PER_DOCUMENT]
