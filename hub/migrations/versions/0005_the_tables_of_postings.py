"""The tables of postings"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "source_document",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("installation_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("source_id", sa.String(length=200), nullable=False),
        sa.Column("marker", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("stage", sa.String(length=12), nullable=False),
        sa.Column("number", sa.String(length=200), nullable=False),
        sa.Column("party", sa.String(length=500), nullable=False),
        sa.Column("date", sa.Date(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("unreadable", sa.Text(), nullable=False),
        sa.Column("gone", sa.Text(), nullable=True),
        sa.Column("reread", sa.Boolean(), nullable=False),
        sa.Column("made_for", sa.String(length=60), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_source_document_company_id_company")),
        sa.ForeignKeyConstraint(
            ["installation_id"], ["installation.id"], name=op.f("fk_source_document_installation_id_installation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_document")),
        sa.UniqueConstraint(
            "company_id",
            "slug",
            "tenant",
            "source_id",
            name=op.f("uq_source_document_company_id_slug_tenant_source_id"),
        ),
    )
    with op.batch_alter_table("source_document", schema=None) as batch_op:
        batch_op.create_index(
            "ix_source_document_again",
            ["installation_id", "made_for"],
            unique=False,
            sqlite_where=sa.text("(reread OR stage = 'pending' OR unreadable <> '')"),
            postgresql_where=sa.text("(reread OR stage = 'pending' OR unreadable <> '')"),
        )
        batch_op.create_index(batch_op.f("ix_source_document_installation_id"), ["installation_id"], unique=False)
        batch_op.create_index(
            "ix_source_document_made",
            ["installation_id"],
            unique=False,
            sqlite_where=sa.text("made_for <> ''"),
            postgresql_where=sa.text("made_for <> ''"),
        )
        batch_op.create_index(batch_op.f("ix_source_document_marker"), ["marker"], unique=False)

    op.create_table(
        "receipt_row",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("installation_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended", sa.String(length=10), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["source_document.id"], name=op.f("fk_receipt_row_document_id_source_document")
        ),
        sa.ForeignKeyConstraint(
            ["installation_id"], ["installation.id"], name=op.f("fk_receipt_row_installation_id_installation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_row")),
    )
    with op.batch_alter_table("receipt_row", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_receipt_row_document_id"), ["document_id"], unique=False)
        batch_op.create_index(
            "ix_receipt_row_open",
            ["installation_id", "next_try_at"],
            unique=False,
            sqlite_where=sa.text("next_try_at IS NOT NULL"),
            postgresql_where=sa.text("next_try_at IS NOT NULL"),
        )

    op.create_table(
        "posting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("installation_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("after_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("part", sa.String(length=200), nullable=False),
        sa.Column("operation", sa.String(length=10), nullable=False),
        sa.Column("base", sa.String(length=80), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("requestid", sa.String(length=50), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("planned", sa.String(length=64), nullable=False),
        sa.Column("meaning", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("hold", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("rekey", sa.Boolean(), nullable=False),
        sa.Column("fence", sa.String(length=50), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.String(length=200), nullable=True),
        sa.Column("approved_payload", sa.String(length=64), nullable=True),
        sa.Column("sent_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("doubted_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("not_these", sa.JSON(), nullable=False),
        sa.Column("quickbooks_id", sa.String(length=40), nullable=True),
        sa.Column("sync_token", sa.String(length=20), nullable=True),
        sa.Column("number", sa.String(length=200), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("posted_total", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["after_id"], ["posting.id"], name=op.f("fk_posting_after_id_posting")),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_posting_company_id_company")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["source_document.id"], name=op.f("fk_posting_document_id_source_document")
        ),
        sa.ForeignKeyConstraint(
            ["installation_id"], ["installation.id"], name=op.f("fk_posting_installation_id_installation")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_posting_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posting")),
        sa.UniqueConstraint("company_id", "requestid", name=op.f("uq_posting_company_id_requestid")),
    )
    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_posting_after_id"), ["after_id"], unique=False)
        batch_op.create_index(
            "ix_posting_beside",
            ["installation_id", "document_id"],
            unique=False,
            sqlite_where=sa.text("operation <> 'attach' AND (operation <> 'create' OR part <> '' OR generation > 0)"),
            postgresql_where=sa.text(
                "operation <> 'attach' AND (operation <> 'create' OR part <> '' OR generation > 0)"
            ),
        )
        batch_op.create_index("ix_posting_company_state", ["company_id", "state", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_posting_document_id"), ["document_id"], unique=False)
        batch_op.create_index(
            "ix_posting_installation_state",
            ["installation_id", "state", "operation", "part", "generation"],
            unique=False,
        )
        batch_op.create_index(
            "ix_posting_made",
            ["company_id", "state", "kind"],
            unique=False,
            sqlite_where=sa.text("kind IN ('vendor', 'customer', 'item')"),
            postgresql_where=sa.text("kind IN ('vendor', 'customer', 'item')"),
        )
        batch_op.create_index(
            "ix_posting_posted",
            ["changed_at"],
            unique=False,
            sqlite_where=sa.text("state = 'posted'"),
            postgresql_where=sa.text("state = 'posted'"),
        )
        batch_op.create_index("ix_posting_quickbooks_id", ["quickbooks_id", "kind", "company_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_posting_run_id"), ["run_id"], unique=False)

    op.create_table(
        "attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("posting_id", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("requestid", sa.String(length=50), nullable=False),
        sa.Column("batch", sa.String(length=36), nullable=False),
        sa.Column("fence", sa.String(length=50), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=15), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("tid", sa.String(length=80), nullable=False),
        sa.Column("quickbooks_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_id", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["posting_id"], ["posting.id"], name=op.f("fk_attempt_posting_id_posting")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attempt_posting_id"), ["posting_id"], unique=False)

    op.create_table(
        "proof",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("posting_id", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("sends", sa.Integer(), nullable=False),
        sa.Column("found", sa.String(length=12), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["posting_id"], ["posting.id"], name=op.f("fk_proof_posting_id_posting")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proof")),
    )
    with op.batch_alter_table("proof", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_proof_posting_id"), ["posting_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("proof", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_proof_posting_id"))

    op.drop_table("proof")
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_attempt_posting_id"))

    op.drop_table("attempt")
    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_posting_run_id"))
        batch_op.drop_index("ix_posting_quickbooks_id")
        batch_op.drop_index(
            "ix_posting_posted", sqlite_where=sa.text("state = 'posted'"), postgresql_where=sa.text("state = 'posted'")
        )
        batch_op.drop_index(
            "ix_posting_made",
            sqlite_where=sa.text("kind IN ('vendor', 'customer', 'item')"),
            postgresql_where=sa.text("kind IN ('vendor', 'customer', 'item')"),
        )
        batch_op.drop_index("ix_posting_installation_state")
        batch_op.drop_index(batch_op.f("ix_posting_document_id"))
        batch_op.drop_index("ix_posting_company_state")
        batch_op.drop_index(
            "ix_posting_beside",
            sqlite_where=sa.text("operation <> 'attach' AND (operation <> 'create' OR part <> '' OR generation > 0)"),
            postgresql_where=sa.text(
                "operation <> 'attach' AND (operation <> 'create' OR part <> '' OR generation > 0)"
            ),
        )
        batch_op.drop_index(batch_op.f("ix_posting_after_id"))

    op.drop_table("posting")
    with op.batch_alter_table("receipt_row", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_receipt_row_open",
            sqlite_where=sa.text("next_try_at IS NOT NULL"),
            postgresql_where=sa.text("next_try_at IS NOT NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_receipt_row_document_id"))

    op.drop_table("receipt_row")
    with op.batch_alter_table("source_document", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_source_document_marker"))
        batch_op.drop_index(
            "ix_source_document_made",
            sqlite_where=sa.text("made_for <> ''"),
            postgresql_where=sa.text("made_for <> ''"),
        )
        batch_op.drop_index(batch_op.f("ix_source_document_installation_id"))
        batch_op.drop_index(
            "ix_source_document_again",
            sqlite_where=sa.text("(reread OR stage = 'pending' OR unreadable <> '')"),
            postgresql_where=sa.text("(reread OR stage = 'pending' OR unreadable <> '')"),
        )

    op.drop_table("source_document")
