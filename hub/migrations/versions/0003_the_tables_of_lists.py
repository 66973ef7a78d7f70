"""The tables of lists"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "head",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("quickbooks_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=100), nullable=False),
        sa.Column("party", sa.String(length=40), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("date", sa.Date(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("balance", sa.BigInteger(), nullable=True),
        sa.Column("links", sa.JSON(), nullable=False),
        sa.Column("sync_token", sa.String(length=20), nullable=False),
        sa.Column("marker", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("content", sa.String(length=32), nullable=False),
        sa.Column("news", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_head_company_id_company")),
        sa.PrimaryKeyConstraint("company_id", "kind", "quickbooks_id", name=op.f("pk_head")),
    )
    with op.batch_alter_table("head", schema=None) as batch_op:
        batch_op.create_index("ix_head_created", ["company_id", "kind", "created_at"], unique=False)
        batch_op.create_index("ix_head_looks", ["company_id", "kind", "date", "total"], unique=False)
        batch_op.create_index("ix_head_marker", ["company_id", "kind", "marker"], unique=False)
        batch_op.create_index(
            "ix_head_news", ["company_id"], unique=False, sqlite_where=sa.text("news"), postgresql_where=sa.text("news")
        )
        batch_op.create_index("ix_head_number", ["company_id", "kind", "number"], unique=False)

    op.create_table(
        "list_state",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("list", sa.String(length=20), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_list_state_company_id_company")),
        sa.PrimaryKeyConstraint("company_id", "list", name=op.f("pk_list_state")),
    )
    op.create_table(
        "match",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(length=60), nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("field", sa.String(length=60), nullable=False),
        sa.Column("code", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("role", sa.String(length=30), nullable=False),
        sa.Column("record", sa.String(length=40), nullable=False),
        sa.Column("how", sa.String(length=12), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_match_company_id_company")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match")),
        sa.UniqueConstraint(
            "company_id", "scope", "tenant", "field", "code", name=op.f("uq_match_company_id_scope_tenant_field_code")
        ),
    )
    op.create_table(
        "record",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("list", sa.String(length=20), nullable=False),
        sa.Column("quickbooks_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("full_name", sa.String(length=1000), nullable=False),
        sa.Column("number", sa.String(length=100), nullable=False),
        sa.Column("type", sa.String(length=60), nullable=False),
        sa.Column("sub_type", sa.String(length=60), nullable=False),
        sa.Column("parent", sa.String(length=40), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=False),
        sa.Column("rate", sa.String(length=20), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_record_company_id_company")),
        sa.PrimaryKeyConstraint("company_id", "list", "quickbooks_id", name=op.f("pk_record")),
    )
    op.create_table(
        "seen_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("installation_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=60), nullable=False),
        sa.Column("code", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("number", sa.String(length=200), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["installation_id"], ["installation.id"], name=op.f("fk_seen_code_installation_id_installation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seen_code")),
        sa.UniqueConstraint("installation_id", "field", "code", name=op.f("uq_seen_code_installation_id_field_code")),
    )


def downgrade() -> None:
    op.drop_table("seen_code")
    op.drop_table("record")
    op.drop_table("match")
    op.drop_table("list_state")
    with op.batch_alter_table("head", schema=None) as batch_op:
        batch_op.drop_index("ix_head_number")
        batch_op.drop_index("ix_head_news", sqlite_where=sa.text("news"), postgresql_where=sa.text("news"))
        batch_op.drop_index("ix_head_marker")
        batch_op.drop_index("ix_head_looks")
        batch_op.drop_index("ix_head_created")

    op.drop_table("head")
