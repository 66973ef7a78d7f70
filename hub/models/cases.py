"""The cases that need a person, and which postings each of them stops."""

import datetime as dt
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hub.db.engine import Model
from hub.models.postings import Posting

case_posting = Table(
    "case_posting",
    Model.metadata,
    Column("case_id", ForeignKey("case.id"), primary_key=True),
    Column("posting_id", ForeignKey("posting.id"), primary_key=True, index=True),
)


class Case(Model):
    """One cause that needs a person; at most one is open per cause."""

    __table_args__ = (
        Index(
            "ix_case_open", "cause", unique=True,
            sqlite_where=text("closed_at IS NULL"), postgresql_where=text("closed_at IS NULL"),
        ),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int | None] = mapped_column(ForeignKey("company.id"))
    installation_id: Mapped[int | None] = mapped_column(ForeignKey("installation.id"))
    cause: Mapped[str] = mapped_column(String(400))
    title: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    act: Mapped[str] = mapped_column(
        String(20)
    )  # what the button does: match, settings, reconnect, retry, choose, …
    do: Mapped[str] = mapped_column(Text)  # the next step in the admin's words
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    opened_at: Mapped[dt.datetime]
    closed_at: Mapped[dt.datetime | None]
    closed_by: Mapped[str | None] = mapped_column(String(200))
    mailed_at: Mapped[dt.datetime | None]  # when those who can act were told
    postings: Mapped[list[Posting]] = relationship(secondary=case_posting)
