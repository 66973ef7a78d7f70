"""The choices of people about their mail, and the messages that wait for the daily mail."""

import datetime as dt

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.engine import Model

OF_EVERYTHING = text("installation_id IS NULL")


class NotificationChoice(Model):
    """A person's choice of mail about an app, or about everything else: now, daily or off."""

    __table_args__ = (
        UniqueConstraint("user_id", "installation_id"),
        Index(
            "ix_notification_choice_else",
            "user_id",
            unique=True,
            sqlite_where=OF_EVERYTHING,
            postgresql_where=OF_EVERYTHING,
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    installation_id: Mapped[int | None] = mapped_column(
        ForeignKey("installation.id", ondelete="CASCADE"), index=True
    )
    timing: Mapped[str] = mapped_column(String(10))


class CompanyNotification(Model):
    """A person's choice of mail about a company and its apps without a choice of their own."""

    user_id: Mapped[int] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), primary_key=True
    )
    company_id: Mapped[int] = mapped_column(
        ForeignKey("company.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    timing: Mapped[str] = mapped_column(String(10))


class Notice(Model):
    """A message to a person that is not sent yet; daily ones wait for the mail of the day."""

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    case_id: Mapped[int | None] = mapped_column(
        ForeignKey("case.id", ondelete="CASCADE"), index=True
    )
    title: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Text)
    is_daily: Mapped[bool]
    created_at: Mapped[dt.datetime]
