"""People have normalized names, are invited, and set forgotten passwords with one-time codes"""

import unicodedata

import idna
import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

MAX_LENGTH = 254
USER = sa.table(
    "user",
    sa.column("id", sa.Integer()),
    sa.column("username", sa.String()),
    sa.column("email", sa.String()),
    sa.column("normalized_name", sa.String()),
)


def upgrade() -> None:
    op.add_column("user", sa.Column("normalized_name", sa.String(length=255), nullable=True))
    op.add_column(
        "user",
        sa.Column("must_change_password", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    _normalize_names()
    op.create_index(op.f("ix_user_normalized_name"), "user", ["normalized_name"], unique=True)
    op.create_table(
        "invitation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=255), nullable=False),
        sa.Column("normalized_name", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=80), nullable=False),
        sa.Column("invited_by", sa.String(length=200), nullable=False),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("guesses", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("normalized_name", name=op.f("uq_invitation_normalized_name")),
    )
    op.create_table(
        "password_reset",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("guesses", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user.id"],
            name=op.f("fk_password_reset_user_id_user"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_password_reset")),
    )
    op.create_table(
        "password_reset_request",
        sa.Column("normalized_name", sa.String(length=255), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("normalized_name", name=op.f("pk_password_reset_request")),
    )


def _normalize_names() -> None:
    """Normalize the names of people, oldest first.

    If two names differ only in their spelling, the older person has the normalized name. The other
    one has none and logs in with the exact spelling of the name, as before.
    """
    connection = op.get_bind()
    taken = set()
    people = connection.execute(sa.select(USER).order_by(USER.c.id)).all()
    for person in people:
        name = _normalized(person.username or person.email)
        if name in taken or len(name) > 255:
            continue
        taken.add(name)
        statement = sa.update(USER).where(USER.c.id == person.id).values(normalized_name=name)
        connection.execute(statement)


def _normalized(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    text = " ".join(unicodedata.normalize("NFKC", folded).split())
    local, at, domain = text.rpartition("@")
    if not at or len(text) > MAX_LENGTH:
        return text
    try:
        ascii_domain = idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return text
    return f"{local}@{ascii_domain}"


def downgrade() -> None:
    op.drop_table("password_reset_request")
    op.drop_table("password_reset")
    op.drop_table("invitation")
    op.drop_index(op.f("ix_user_normalized_name"), table_name="user")
    op.drop_column("user", "must_change_password")
    op.drop_column("user", "normalized_name")
