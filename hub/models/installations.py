"""Companies, the lifetimes of their tokens, installations, and how far sources are read."""

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    and_,
    func,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hub.db.engine import Model
from hub.models.enums import InstallationMode

# PostgreSQL refuses texts that are longer than their columns; SQLite stores them.
MAX_COMPANY_NAME_LENGTH = 500
MAX_SCHEDULE_LENGTH = 100


class ConnectedCompany(Model):
    """A QuickBooks company that an admin connected; `state` is one of `ConnectionState`."""

    __tablename__ = "company"
    __table_args__ = (Index("ix_company_name", "name", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    realm: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(MAX_COMPANY_NAME_LENGTH), default="")
    country: Mapped[str] = mapped_column(String(3), default="")
    currency: Mapped[str] = mapped_column(String(3), default="")
    state: Mapped[str] = mapped_column(String(20), default="connected")
    state_reason: Mapped[str] = mapped_column(Text, default="")
    refused_since: Mapped[dt.datetime | None]  # when QuickBooks began to refuse the connection
    refusals: Mapped[int] = mapped_column(default=0)  # pauses since then, each longer than the last
    next_try_at: Mapped[dt.datetime | None]  # None while refused: the next scheduled run tries
    refuses_reads: Mapped[bool] = mapped_column(default=False)
    refuses_writes: Mapped[bool] = mapped_column(default=False)
    preferences: Mapped[dict[str, Any]] = mapped_column(default=dict)
    newest_date: Mapped[dt.datetime | None]  # newest Date header seen from QuickBooks
    # When a webhook of QuickBooks last arrived for it, to within an hour.
    webhook_received_at: Mapped[dt.datetime | None]
    webhook_news_at: Mapped[dt.datetime | None]  # when a webhook last reported a change
    changed_at: Mapped[dt.datetime | None]  # when a poll last found a change
    polled_at: Mapped[dt.datetime | None]  # when the last poll began
    # The number of claims so far; a file of the data folder has it, too.
    sends: Mapped[int] = mapped_column(default=0)
    # The newest known posting when an older database was restored.
    restored_since: Mapped[dt.datetime | None]
    restored_seen: Mapped[dt.datetime | None]  # QuickBooks date at which the restore was noticed
    # QuickBooks is searched completely from restored_since up to here.
    restored_until: Mapped[dt.datetime | None]
    # QuickBooks date of the search long after the restore that nothing can have escaped.
    restore_settled: Mapped[dt.datetime | None]
    # The identity of the database at the last send, if several machines share it.
    database_identity: Mapped[dict[str, Any] | None]
    # How documents are sent: single, auto or batch.
    batches: Mapped[str] = mapped_column(String(10), default="single")
    # How many documents go into one batch now; it is adjusted to the responses.
    batch_size: Mapped[int] = mapped_column(default=10)
    batch_most: Mapped[int] = mapped_column(default=30)  # the maximum that QuickBooks accepts
    connected_at: Mapped[dt.datetime]
    # When QuickBooks first answered for it; None if it never did.
    verified_at: Mapped[dt.datetime | None]

    @hybrid_property
    def display_name(self) -> str:
        """Return the name; the realm until QuickBooks has told the name."""
        return self.name or self.realm

    @display_name.inplace.expression
    @classmethod
    def _display_name_expression(cls) -> ColumnElement[str]:
        return func.coalesce(func.nullif(cls.name, ""), cls.realm)


class Token(Model):
    """The lifetimes of a company's tokens; the tokens themselves are secrets."""

    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), primary_key=True)
    access_expires_at: Mapped[dt.datetime]
    refresh_expires_at: Mapped[dt.datetime | None]
    # The five-year end, after which only a person can reconnect.
    ends_at: Mapped[dt.datetime | None]
    refreshed_at: Mapped[dt.datetime]
    refreshing_since: Mapped[dt.datetime | None]
    fence: Mapped[str] = mapped_column(String(40), default="")


class ReadDay(Model):
    """How often a company's QuickBooks was read on a day, which Intuit meters."""

    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), primary_key=True)
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    count: Mapped[int]


class Installation(Model):
    """An app enabled for one company; `mode` is auto, review, manual, once or paused."""

    __table_args__ = (UniqueConstraint("company_id", "slug"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
    slug: Mapped[str] = mapped_column(String(60))
    enabled: Mapped[bool] = mapped_column(default=True)
    mode: Mapped[str] = mapped_column(String(10), default="review")
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    tenant: Mapped[str | None] = mapped_column(String(200))
    tenant_name: Mapped[str] = mapped_column(String(500), default="")
    owner: Mapped[str] = mapped_column(String(200), default="")
    start_date: Mapped[dt.date | None]
    schedule: Mapped[str] = mapped_column(String(MAX_SCHEDULE_LENGTH), default="15m")
    zone: Mapped[str] = mapped_column(String(60), default="UTC")
    # Documents above this amount of the company's currency need the approval of two people.
    second_approval_above: Mapped[Decimal | None]
    previewed_at: Mapped[dt.datetime | None]  # when a person approved the first preview
    # The end of the first of the failed syncs that could not read the source.
    failing_since: Mapped[dt.datetime | None]
    failed_syncs: Mapped[int] = mapped_column(default=0)  # the number of failed syncs in a row
    failure: Mapped[str] = mapped_column(Text, default="")  # the reason of the last one
    created_at: Mapped[dt.datetime]
    company: Mapped[ConnectedCompany] = relationship(lazy="joined")

    @hybrid_property
    def is_active(self) -> bool:
        """Return whether the app is enabled and not paused: its runs may start, and it may post.

        In a statement it is the condition for that.
        """
        return self.enabled and self.mode != InstallationMode.PAUSED

    @is_active.inplace.expression
    @classmethod
    def _is_active_condition(cls) -> ColumnElement[bool]:
        return and_(cls.enabled, cls.mode != InstallationMode.PAUSED)


class Cursor(Model):
    """How far a source has been read."""

    installation_id: Mapped[int] = mapped_column(ForeignKey("installation.id"), primary_key=True)
    stream: Mapped[str] = mapped_column(String(100), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
