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
from hub.models.enums import ConnectionState, InstallationMode

# PostgreSQL refuses texts that are longer than their columns; SQLite stores them.
MAX_COMPANY_NAME_LENGTH = 500
MAX_SCHEDULE_LENGTH = 100


class ConnectedCompany(Model):
    """A QuickBooks company that an admin connected; `realm` is Intuit's id of it."""

    __tablename__ = "company"
    __table_args__ = (Index("ix_company_name", "name", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    realm: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(MAX_COMPANY_NAME_LENGTH), default="")
    country: Mapped[str] = mapped_column(String(3), default="")
    currency: Mapped[str] = mapped_column(String(3), default="")
    # One of `ConnectionState`.
    state: Mapped[str] = mapped_column(String(20), default="connected")
    state_reason: Mapped[str] = mapped_column(Text, default="")
    # When QuickBooks began to refuse the connection, and the number of pauses since then, each
    # longer than the last one.
    refused_since: Mapped[dt.datetime | None]
    refusals: Mapped[int] = mapped_column(default=0)
    # When a refused connection is tried again; None: with the next scheduled run.
    next_try_at: Mapped[dt.datetime | None]
    refuses_reads: Mapped[bool] = mapped_column(default=False)
    refuses_writes: Mapped[bool] = mapped_column(default=False)
    # How the company is set up, as QuickBooks answered.
    preferences: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # The newest date in a header of QuickBooks' responses.
    newest_date: Mapped[dt.datetime | None]
    # When a webhook of QuickBooks last arrived for it, to within an hour, and when one last
    # reported a change.
    webhook_received_at: Mapped[dt.datetime | None]
    webhook_news_at: Mapped[dt.datetime | None]
    # When a poll last found a change, and when the last poll began.
    changed_at: Mapped[dt.datetime | None]
    polled_at: Mapped[dt.datetime | None]
    # The number of claims so far; a file of the data folder has it, too.
    sends: Mapped[int] = mapped_column(default=0)
    # After a restore of an older database, by QuickBooks' dates: the newest posting that it has,
    # when the restore was noticed, up to when QuickBooks was searched completely, and when a search
    # began that nothing can have escaped, because it was long after the restore.
    restored_since: Mapped[dt.datetime | None]
    restored_seen: Mapped[dt.datetime | None]
    restored_until: Mapped[dt.datetime | None]
    restore_settled: Mapped[dt.datetime | None]
    # The kinds of documents that QuickBooks refused to list and that are still to be searched, each
    # with the date from which on, and the reason.
    unsearched_kinds: Mapped[dict[str, Any] | None]
    # The identity of the database at the last send, if several machines share it.
    database_identity: Mapped[dict[str, Any] | None]
    # How documents are sent: one of `BatchMode`.
    batches: Mapped[str] = mapped_column(String(10), default="single")
    # How many documents go into one batch now, which is adjusted to the responses, and the most
    # that QuickBooks accepts.
    batch_size: Mapped[int] = mapped_column(default=10)
    batch_most: Mapped[int] = mapped_column(default=30)
    # When a person last connected it.
    connected_at: Mapped[dt.datetime]
    # When QuickBooks first answered for it; None if it never did.
    verified_at: Mapped[dt.datetime | None]

    @property
    def first_connected_at(self) -> dt.datetime:
        """Return when it was first connected; a new sign-in only changes `connected_at`."""
        return min(self.verified_at or self.connected_at, self.connected_at)

    @property
    def is_disconnected(self) -> bool:
        """Return whether a person has disconnected it, so that QuickBooks is not called."""
        return self.state == ConnectionState.DISCONNECTED

    @property
    def has_ended(self) -> bool:
        """Return whether its connection works again only after a person has connected it."""
        return self.state in (ConnectionState.RECONNECT, ConnectionState.DISCONNECTED)

    @hybrid_property
    def display_name(self) -> str:
        """Return the name, or the realm while the name is not known."""
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
    """The number of reads of a company's QuickBooks on a day, which Intuit meters."""

    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), primary_key=True)
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    count: Mapped[int]


class Installation(Model):
    """An app enabled for one company; `slug` identifies the app."""

    __table_args__ = (UniqueConstraint("company_id", "slug"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
    slug: Mapped[str] = mapped_column(String(60))
    enabled: Mapped[bool] = mapped_column(default=True)
    # One of `InstallationMode`.
    mode: Mapped[str] = mapped_column(String(10), default="review")
    # What was entered, without the secrets.
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # The account at the source.
    tenant: Mapped[str | None] = mapped_column(String(200))
    tenant_name: Mapped[str] = mapped_column(String(500), default="")
    # The name of the person who saved the settings first, or took the app over.
    owner: Mapped[str] = mapped_column(String(200), default="")
    # Documents dated before this day are not posted.
    start_date: Mapped[dt.date | None]
    # Minutes after the last run ("15m"), or cron in the zone.
    schedule: Mapped[str] = mapped_column(String(MAX_SCHEDULE_LENGTH), default="15m")
    zone: Mapped[str] = mapped_column(String(60), default="UTC")
    # Documents above this amount of the company's currency need the approval of two people.
    second_approval_above: Mapped[Decimal | None]
    # When a person approved the first preview.
    previewed_at: Mapped[dt.datetime | None]
    # Of the syncs in a row that could not read the source: the end of the first one, their number,
    # and the reason of the last one.
    failing_since: Mapped[dt.datetime | None]
    failed_syncs: Mapped[int] = mapped_column(default=0)
    failure: Mapped[str] = mapped_column(Text, default="")
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

    @property
    def can_run(self) -> bool:
        """Return whether runs of the app post: it is active, and its company not disconnected."""
        return self.is_active and not self.company.is_disconnected


class Cursor(Model):
    """The cursor of a stream of a source, as text that only its plugin understands."""

    installation_id: Mapped[int] = mapped_column(ForeignKey("installation.id"), primary_key=True)
    stream: Mapped[str] = mapped_column(String(100), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
