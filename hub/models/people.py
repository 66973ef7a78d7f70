"""People and their rights, the audit log, and the sealed secrets."""

import datetime as dt
from typing import TYPE_CHECKING, Any

from flask_security.models import fsqla_v3 as fsqla
from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hub.db.engine import Model, db

fsqla.FsModels.set_db_info(db)  # type: ignore[attr-defined,no-untyped-call]


class Role(Model, fsqla.FsRoleMixin):
    """A role as Flask-Security's models need it; `RoleAssignment` holds the roles of people."""


class RoleAssignment(Model):
    """A role of a person: for one company or all of them, and for one app or all of them."""

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    role: Mapped[str] = mapped_column(String(20))  # owner, app-owner, operator or viewer
    company_id: Mapped[int | None] = mapped_column(ForeignKey("company.id"))  # None: all companies
    slug: Mapped[str | None] = mapped_column(String(60))  # None: all apps


class User(Model, fsqla.FsUserMixin):
    """A person who may log in.

    All spellings of a name share the `normalized_name`. It is empty for a person whose name was
    another spelling of an older person's name when this column was added.
    """

    if TYPE_CHECKING:  # Flask-Security declares these columns without the types of their values
        id: Mapped[int]  # type: ignore[assignment]
        username: Mapped[str | None]  # type: ignore[assignment]
        email: Mapped[str]  # type: ignore[assignment]
        password: Mapped[str | None]  # type: ignore[assignment]
        active: Mapped[bool]
        fs_uniquifier: Mapped[str]  # type: ignore[assignment]
        last_login_at: Mapped[dt.datetime | None]  # type: ignore[assignment]

    normalized_name: Mapped[str | None] = mapped_column(String(255), index=True, unique=True)
    must_change_password: Mapped[bool] = mapped_column(default=False, server_default=false())
    # When the hub first asked for a second factor; it may be postponed for some days after that.
    factor_asked_at: Mapped[dt.datetime | None]
    # How pages are shown to the person; None where they have not chosen.
    language: Mapped[str | None] = mapped_column(String(20))
    zone: Mapped[str | None] = mapped_column(String(60))
    number_format: Mapped[str | None] = mapped_column(String(20))
    assignments: Mapped[list[RoleAssignment]] = relationship(
        order_by=RoleAssignment.id, cascade="all, delete-orphan"
    )

    @property
    def name(self) -> str:
        """Return the name with which the person logs in; the audit log has it, too."""
        return self.username or self.email


class SavedFilter(Model):
    """Filters of the list of documents that a person named; `query` is that of their address."""

    __table_args__ = (UniqueConstraint("user_id", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(60))
    query: Mapped[str] = mapped_column(String(500))


class InvitationRight(Model):
    """A role for a company or an app that an invited person gets."""

    id: Mapped[int] = mapped_column(primary_key=True)
    invitation_id: Mapped[int] = mapped_column(
        ForeignKey("invitation.id", ondelete="CASCADE"), index=True
    )
    role: Mapped[str] = mapped_column(String(20))
    company_id: Mapped[int | None] = mapped_column(ForeignKey("company.id", ondelete="CASCADE"))
    slug: Mapped[str | None] = mapped_column(String(60))


class Invitation(Model):
    """An address that may become a person with a one-time code; the row ends when it is used.

    `role` is the role for everything, "" for none.
    """

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(String(255))
    normalized_name: Mapped[str] = mapped_column(String(255), unique=True)
    role: Mapped[str] = mapped_column(String(80))
    invited_by: Mapped[str] = mapped_column(String(200))
    invited_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    code_hash: Mapped[str] = mapped_column(String(64))
    guesses: Mapped[int] = mapped_column(default=0)
    rights: Mapped[list[InvitationRight]] = relationship(
        order_by=InvitationRight.id, cascade="all, delete-orphan", passive_deletes=True
    )


class PasswordReset(Model):
    """A one-time code with which a person may set a new password.

    `issued_by` is the owner who issued it; it is empty if the person asked for the code, or if
    somebody issued it on the server.
    """

    user_id: Mapped[int] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), primary_key=True
    )
    issued_by: Mapped[str] = mapped_column(String(200), default="", server_default="")
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    code_hash: Mapped[str] = mapped_column(String(64))
    guesses: Mapped[int] = mapped_column(default=0)


class PasswordResetRequest(Model):
    """A name for which somebody asked for a code by mail, whether or not it is a person's."""

    normalized_name: Mapped[str] = mapped_column(String(255), primary_key=True)
    requested_at: Mapped[dt.datetime]
    tried_at: Mapped[dt.datetime | None]
    # The language of the browser, for a person who has chosen none.
    language: Mapped[str | None] = mapped_column(String(20))


class OAuthState(Model):
    """A consent under way: single use, bound to a browser session, ten minutes."""

    # A hash of what the browser carries.
    state: Mapped[str] = mapped_column(String(64), primary_key=True)
    session: Mapped[str] = mapped_column(String(64))
    realm: Mapped[str | None] = mapped_column(String(40))  # which company a reconnect must return
    created_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]


class Access(Model):
    """A request to use an app that needs one, and who granted it."""

    slug: Mapped[str] = mapped_column(String(60), primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), primary_key=True)
    requested_by: Mapped[str] = mapped_column(String(200))
    requested_at: Mapped[dt.datetime]
    granted_by: Mapped[str | None] = mapped_column(String(200))
    granted_at: Mapped[dt.datetime | None]


class AuditEntry(Model):
    """An entry of the audit log; each carries the hash of the one before it."""

    __table_args__ = (
        Index("ix_audit_entry_at", "at", "id"),
        Index("ix_audit_entry_who", "who", "id"),
        Index("ix_audit_entry_what", "what", "subject", "id"),
        Index(
            "ix_audit_entry_installation",
            "installation_id",
            "id",
            sqlite_where=text("installation_id IS NOT NULL"),
            postgresql_where=text("installation_id IS NOT NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime]
    who: Mapped[str] = mapped_column(String(200))
    what: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(300))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    previous: Mapped[str] = mapped_column(String(64), unique=True)  # so that the chain cannot fork
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    # The installation that the details name, to find its entries by; older versions stored none.
    installation_id: Mapped[int | None]
    # Its place in the chain, and the data folder that wrote it; older versions did not store them.
    number: Mapped[int | None]
    origin: Mapped[str] = mapped_column(String(16), default="", server_default="")


class Secret(Model):
    """A sealed value; `place` is bound into the seal, so it opens nowhere else."""

    place: Mapped[str] = mapped_column(String(200), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
