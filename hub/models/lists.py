"""Records and transactions of QuickBooks as last read, and the matches of codes with records."""

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.engine import Model

# Conditions of indexes below. A query uses the index only if it repeats the text.
NOT_LIVE = "head.state <> 'live'"
PAID_CONDITION = "head.balance = 0"
# PostgreSQL refuses texts that are longer than their columns; SQLite stores them.
MAX_CODE_LENGTH = 200
MAX_CODE_NAME_LENGTH = 500
MAX_CODE_NUMBER_LENGTH = 200
MAX_STATED_ID_LENGTH = 60
MAX_RECORD_NAME_LENGTH = 500
MAX_FULL_NAME_LENGTH = 1000
MAX_TYPE_LENGTH = 60


class Match(Model):
    """The match of a code of a source to a record in QuickBooks."""

    __table_args__ = (UniqueConstraint("company_id", "scope", "tenant", "field", "code"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
    # The name of the plugin: its apps share the matches of fields with the same name.
    scope: Mapped[str] = mapped_column(String(60))
    tenant: Mapped[str] = mapped_column(String(200))
    field: Mapped[str] = mapped_column(String(60))
    code: Mapped[str] = mapped_column(String(MAX_CODE_LENGTH))
    name: Mapped[str] = mapped_column(String(MAX_CODE_NAME_LENGTH), default="")
    role: Mapped[str] = mapped_column(String(30))
    # A QuickBooks id; "" if a person left the code out, "+" if a record is to be created.
    record: Mapped[str] = mapped_column(String(40))
    # What a person entered for the record to create, in place of the source's data.
    details: Mapped[dict[str, Any] | None]
    # One of `MatchOrigin`, or the name of the rule that found the record.
    match_method: Mapped[str] = mapped_column(String(12))
    who: Mapped[str] = mapped_column(String(200))
    at: Mapped[dt.datetime]


class SeenCode(Model):
    """A code that documents have used, listed on the matching page whether or not it is matched."""

    __table_args__ = (
        UniqueConstraint("installation_id", "field", "code"),
        Index("ix_seen_code_name", "installation_id", "field", "name", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    installation_id: Mapped[int] = mapped_column(ForeignKey("installation.id"))
    field: Mapped[str] = mapped_column(String(60))
    code: Mapped[str] = mapped_column(String(MAX_CODE_LENGTH))
    name: Mapped[str] = mapped_column(String(MAX_CODE_NAME_LENGTH), default="")
    number: Mapped[str] = mapped_column(String(MAX_CODE_NUMBER_LENGTH), default="")
    # The id in QuickBooks that the source states; "" if it has none, None if it states nothing.
    quickbooks_id: Mapped[str | None] = mapped_column(String(MAX_STATED_ID_LENGTH))
    seen_at: Mapped[dt.datetime]


class StoredRecord(Model):
    """A record of QuickBooks as last read; `list` is the name of its list, such as "vendor"."""

    __tablename__ = "record"
    __table_args__ = (
        Index(
            "ix_record_active",
            "company_id",
            "list",
            sqlite_where=text("active"),
            postgresql_where=text("active"),
        ),
    )
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), primary_key=True)
    list: Mapped[str] = mapped_column(String(20), primary_key=True)
    quickbooks_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(MAX_RECORD_NAME_LENGTH), default="")
    full_name: Mapped[str] = mapped_column(String(MAX_FULL_NAME_LENGTH), default="")
    number: Mapped[str] = mapped_column(String(100), default="")
    type: Mapped[str] = mapped_column(String(MAX_TYPE_LENGTH), default="")
    sub_type: Mapped[str] = mapped_column(String(MAX_TYPE_LENGTH), default="")
    parent: Mapped[str | None] = mapped_column(String(40))
    active: Mapped[bool] = mapped_column(default=True)
    currency: Mapped[str] = mapped_column(String(3), default="")
    email: Mapped[str] = mapped_column(String(200), default="")
    # The numbers under which a party is registered or taxed, one on each line; None if they were
    # not read yet.
    tax_numbers: Mapped[str | None] = mapped_column(String(200))
    rate: Mapped[str] = mapped_column(String(20), default="")
    body: Mapped[dict[str, Any]] = mapped_column(default=dict)
    read_at: Mapped[dt.datetime]

    @property
    def qualified_name(self) -> str:
        """Return the name with those of the records above it, as far as QuickBooks gave them."""
        return self.full_name or self.name

    @property
    def title(self) -> str:
        """Return number and name, as a person chooses a record."""
        return f"{self.number} {self.qualified_name}".strip()


class ListState(Model):
    """The times up to which a stored list is complete."""

    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), primary_key=True)
    list: Mapped[str] = mapped_column(String(20), primary_key=True)
    # When the whole list was last read.
    read_at: Mapped[dt.datetime]
    # When QuickBooks last refused to list it; None if it was read since.
    refused_at: Mapped[dt.datetime | None]
    # Up to when changes are stored, by QuickBooks' clock.
    changed_to: Mapped[dt.datetime | None]
    # Of stored transactions: those dated before this day were not read.
    since: Mapped[dt.date | None]
    # Grows with every change of an entry.
    version: Mapped[int] = mapped_column(default=0)


class TransactionHead(Model):
    """The head of a transaction in QuickBooks; `state` is one of `TransactionState`."""

    __tablename__ = "head"
    __table_args__ = (
        Index("ix_head_number", "company_id", "kind", "number"),
        Index("ix_head_marker", "company_id", "kind", "marker"),
        Index("ix_head_looks", "company_id", "kind", "date", "total"),
        Index("ix_head_created", "company_id", "kind", "created_at"),
        Index(
            "ix_head_news", "company_id", sqlite_where=text("news"), postgresql_where=text("news")
        ),
        Index(
            "ix_head_not_live",
            "company_id",
            "kind",
            sqlite_where=text("state <> 'live'"),
            postgresql_where=text("state <> 'live'"),
        ),
        Index(
            "ix_head_paid",
            "company_id",
            "kind",
            sqlite_where=text("balance = 0"),
            postgresql_where=text("balance = 0"),
        ),
    )
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    quickbooks_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    number: Mapped[str] = mapped_column(String(100), default="")
    party: Mapped[str] = mapped_column(String(40), default="")
    # The account from or into which it was paid.
    account: Mapped[str] = mapped_column(String(40), default="")
    date: Mapped[dt.date | None]
    currency: Mapped[str] = mapped_column(String(3), default="")
    total: Mapped[Decimal | None]
    balance: Mapped[Decimal | None]
    links: Mapped[list[Any]] = mapped_column(default=list)
    sync_token: Mapped[str] = mapped_column(String(20), default="")
    marker: Mapped[str] = mapped_column(String(20), default="")
    state: Mapped[str] = mapped_column(String(10), default="live")
    # The digest of the facts that are compared, lines included.
    content: Mapped[str] = mapped_column(String(32), default="")
    # Others changed it, and the hub has not compared it since.
    news: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[dt.datetime | None]
    updated_at: Mapped[dt.datetime | None]
