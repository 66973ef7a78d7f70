"""The cases that need a person, and which postings each of them stops."""

import datetime as dt
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hub.db.engine import Model
from hub.models.postings import Posting
from hub.reasons.texts import RenderedText, list_reposting_codes, render

IS_OPEN = text("closed_at IS NULL")
DIFFERENCES = "differences"  # in the details and the text of a case: sentences about them
MAX_NOTE_LENGTH = 2000  # characters
case_posting = Table(
    "case_posting",
    Model.metadata,
    Column("case_id", ForeignKey("case.id"), primary_key=True),
    Column("posting_id", ForeignKey("posting.id"), primary_key=True, index=True),
)
# The postings that an open case no longer stops. Once the case closes, they are linked to it again,
# so that a closed case has all documents that it was about.
case_former_posting = Table(
    "case_former_posting",
    Model.metadata,
    Column("case_id", ForeignKey("case.id"), primary_key=True),
    Column("posting_id", ForeignKey("posting.id"), primary_key=True),
)


class Case(Model):
    """One cause that needs a person; at most one is open per cause.

    Its texts are those of `code` and `params`, rendered when they are read.
    """

    __table_args__ = (
        Index("ix_case_open", "cause", unique=True, sqlite_where=IS_OPEN, postgresql_where=IS_OPEN),
        Index("ix_case_open_id", "id", sqlite_where=IS_OPEN, postgresql_where=IS_OPEN),
        Index(
            "ix_case_open_of",
            "installation_id",
            "company_id",
            "id",
            sqlite_where=IS_OPEN,
            postgresql_where=IS_OPEN,
        ),
        Index("ix_case_cause", "cause", "id"),
        Index("ix_case_closed", "closed_at", "id"),
        # Every page counts the open cases, and the inbox by what solves them.
        Index(
            "ix_case_counted",
            "closed_at",
            "code",
            "stored_action",
            "snoozed_until",
            "installation_id",
            "company_id",
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int | None] = mapped_column(ForeignKey("company.id"))
    installation_id: Mapped[int | None] = mapped_column(ForeignKey("installation.id"))
    cause: Mapped[str] = mapped_column(String(400))
    # A code of the catalogue in `hub.reasons`, and the values of the placeholders in its texts.
    code: Mapped[str] = mapped_column(String(60), default="", server_default="")
    params: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    # The texts of a case that was opened before codes were stored; empty if there is a code.
    stored_title: Mapped[str] = mapped_column(Text, default="")
    stored_reason: Mapped[str] = mapped_column(Text, default="")
    stored_instruction: Mapped[str] = mapped_column(Text, default="")
    stored_action: Mapped[str] = mapped_column(String(20), default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    opened_at: Mapped[dt.datetime]
    closed_at: Mapped[dt.datetime | None]
    closed_by: Mapped[str | None] = mapped_column(String(200))
    # When the people who can solve it were notified.
    mailed_at: Mapped[dt.datetime | None]
    # What a person decided last: one of `CaseDecision`. The case closes when its cause is gone.
    decision: Mapped[str] = mapped_column(String(20), default="", server_default="")
    decision_note: Mapped[str] = mapped_column(Text, default="", server_default="")
    decided_by: Mapped[str] = mapped_column(String(200), default="", server_default="")
    # The name of the person who takes care of it.
    assignee: Mapped[str] = mapped_column(String(200), default="", server_default="")
    # The inbox does not list it before this time.
    snoozed_until: Mapped[dt.datetime | None]
    postings: Mapped[list[Posting]] = relationship(secondary=case_posting)

    @property
    def text(self) -> RenderedText:
        """Return the texts as they read now."""
        if self.code:
            return render(self.code, self.params)
        return RenderedText(
            title=self.stored_title,
            reason=self.stored_reason,
            instruction=self.stored_instruction,
            action=self.stored_action,
        )

    @property
    def title(self) -> str:
        """Return the title: a few words about the problem."""
        return self.text.title

    @property
    def reason(self) -> str:
        """Return the reason why it is open."""
        return self.text.reason

    @property
    def instruction(self) -> str:
        """Return the next step, in the words of the person who takes it."""
        return self.text.instruction

    @property
    def action(self) -> str:
        """Return the action that solves it: one of `hub.reasons.template.CaseAction`."""
        return self.text.action

    @property
    def posts_again(self) -> bool:
        """Return whether a retry posts again what somebody removed, or may have removed."""
        return self.code in list_reposting_codes()


class CaseNote(Model):
    """A note that a person wrote on a case."""

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    at: Mapped[dt.datetime]
    who: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
