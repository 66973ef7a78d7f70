"""Apps receive files"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "file_mapping",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("installation_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["installation_id"],
            ["installation.id"],
            name=op.f("fk_file_mapping_installation_id_installation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_mapping")),
        sa.UniqueConstraint(
            "installation_id", "name", name=op.f("uq_file_mapping_installation_id_name")
        ),
    )
    op.create_table(
        "received_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("installation_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_by", sa.String(length=200), nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("document_count", sa.Integer(), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(
            ["installation_id"],
            ["installation.id"],
            name=op.f("fk_received_file_installation_id_installation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_file")),
        sa.UniqueConstraint(
            "installation_id", "digest", name=op.f("uq_received_file_installation_id_digest")
        ),
        sa.UniqueConstraint(
            "installation_id", "position", name=op.f("uq_received_file_installation_id_position")
        ),
    )
    op.create_table(
        "received_file_document",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"],
            ["received_file.id"],
            name=op.f("fk_received_file_document_file_id_received_file"),
        ),
        sa.PrimaryKeyConstraint(
            "file_id", "document_id", name=op.f("pk_received_file_document")
        ),
    )
    op.create_index(
        "ix_received_file_document", "received_file_document", ["document_id", "file_id"]
    )


def downgrade() -> None:
    op.drop_table("received_file_document")
    op.drop_table("received_file")
    op.drop_table("file_mapping")
