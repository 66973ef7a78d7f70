"""Sessions of people who are logged in, their second factors, and their API tokens."""

import datetime as dt

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.engine import Model


class LoginSession(Model):
    """One browser in which a person logged in, from the password to the end of the session."""

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)  # a hash of the id in the cookie
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    began_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime]
    confirmed_at: Mapped[dt.datetime]  # when the person last proved who they are
    address: Mapped[str] = mapped_column(String(64))
    browser: Mapped[str] = mapped_column(String(200))
    factors: Mapped[str] = mapped_column(String(60))
    needs_factor: Mapped[bool]  # the password was right, the second factor is outstanding
    failures: Mapped[int]  # wrong passwords and codes since the last right one
    challenge: Mapped[str | None] = mapped_column(String(100))  # for a passkey, single use
    # A hash of the challenge with which a passkey began the session, so that none begins two.
    used_challenge: Mapped[str | None] = mapped_column(String(64), unique=True)
    ended_at: Mapped[dt.datetime | None]
    end_reason: Mapped[str | None] = mapped_column(String(40))


class Authenticator(Model):
    """The authenticator app of a person; its secret is in the vault."""

    user_id: Mapped[int] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), primary_key=True
    )
    added_at: Mapped[dt.datetime]
    last_counter: Mapped[int]  # the counter of the newest accepted code: none is accepted twice


class RecoveryCode(Model):
    """A code that replaces the second factor once."""

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    code: Mapped[str] = mapped_column(String(64))  # a hash
    used_at: Mapped[dt.datetime | None]


class Passkey(Model):
    """A WebAuthn credential of a person: its public key and what its authenticator reports."""

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(1024), unique=True)
    credential: Mapped[bytes] = mapped_column(LargeBinary)  # as the FIDO2 library encodes it
    sign_count: Mapped[int] = mapped_column(BigInteger)
    added_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]


class ApiToken(Model):
    """A token with which a program uses the JSON API with the rights of a person, or fewer."""

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    key: Mapped[str] = mapped_column(String(64), unique=True)  # a hash of the token
    hint: Mapped[str] = mapped_column(String(8))  # the last characters, to tell tokens apart
    scopes: Mapped[str] = mapped_column(String(60))  # separated by spaces
    created_at: Mapped[dt.datetime]
    created_by: Mapped[str] = mapped_column(String(200))
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]
    revoked_at: Mapped[dt.datetime | None]
    revoked_by: Mapped[str | None] = mapped_column(String(200))


class ProviderAccount(Model):
    """The account at the identity provider with which a person logs in; at most one."""

    user_id: Mapped[int] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), primary_key=True
    )
    # A hash of issuer and subject, which together identify the account (OpenID Connect Core 5.7).
    key: Mapped[str] = mapped_column(String(64), unique=True)
    label: Mapped[str] = mapped_column(String(254))  # how the provider calls the account
    linked_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]
