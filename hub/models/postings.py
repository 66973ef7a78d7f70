"""Documents, their postings on the way with every attempt and proof, and receipts."""

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, defer, joinedload, mapped_column, relationship

from hub.db.engine import Model
from hub.models.enums import PostingState
from hub.models.installations import Installation
from hub.models.transaction_summary import TransactionSummary
from hub.reasons.texts import join_reasons

MAX_NUMBER_LENGTH = 200
MAX_PARTY_LENGTH = 500
CURRENCY_LENGTH = 3
# Conditions of indexes over few rows. A query uses the index only if it repeats the condition.
REREAD_DOCUMENTS = "(reread OR stage = 'pending' OR unreadable <> '')"
NOT_AT_SOURCE = "(absent_at IS NOT NULL OR gone_at IS NOT NULL)"
MADE_FOR_CODES = "made_for <> ''"
POSTED_CONDITION = "state = 'posted'"
OPEN_STATES = (PostingState.UNKNOWN, PostingState.HELD, PostingState.REVIEW)
OPEN_CONDITION = "state IN ('unknown', 'held', 'review')"
LEFT_OUT_STATES = (PostingState.SKIPPED, PostingState.WITHDRAWN)
LEFT_OUT = "state IN ('skipped', 'withdrawn')"
REQUESTED_CONDITION = "requested_by <> ''"
BEFORE_START = "before_start = 'excluded'"
OPEN_RECEIPTS = "next_try_at IS NOT NULL"
PARTIES_AND_ITEMS = "kind IN ('vendor', 'customer', 'item')"
FURTHER_POSTINGS = (
    "operation <> 'attach' AND (operation <> 'create' OR part <> '' OR generation > 0)"
)


def _build_partial_index(name: str, condition: str, *columns: str) -> Index:
    """Return an index over the rows that meet a condition; it is small if these are few."""
    where = text(condition)
    return Index(
        name,
        *columns,
        sqlite_where=where,
        postgresql_where=where,
    )


class SourceDocument(Model):
    """A document as its source last gave it.

    Company, slug, tenant and source id are its identity. `marker` is the short hash of the identity
    that the memo of its transaction contains.
    """

    __table_args__ = (
        UniqueConstraint("company_id", "slug", "tenant", "source_id"),
        # With a second column SQLite prefers them to the index over all documents.
        _build_partial_index(
            "ix_source_document_again", REREAD_DOCUMENTS, "installation_id", "made_for"
        ),
        _build_partial_index(
            "ix_source_document_absent", NOT_AT_SOURCE, "installation_id", "made_for"
        ),
        _build_partial_index("ix_source_document_made", MADE_FOR_CODES, "installation_id"),
        _build_partial_index(
            "ix_source_document_requested", REQUESTED_CONDITION, "installation_id", "made_for"
        ),
        _build_partial_index(
            "ix_source_document_before_start", BEFORE_START, "installation_id", "stage"
        ),
        Index("ix_source_document_date", "date", "id"),
        Index("ix_source_document_due", "due", "id"),
        Index("ix_source_document_kind", "kind", "id"),
        Index("ix_source_document_total", "total", "id"),
        Index("ix_source_document_stage", "stage", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    installation_id: Mapped[int] = mapped_column(ForeignKey("installation.id"), index=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
    slug: Mapped[str] = mapped_column(String(60))
    tenant: Mapped[str] = mapped_column(String(200))
    source_id: Mapped[str] = mapped_column(String(200))
    marker: Mapped[str] = mapped_column(String(20), index=True)
    kind: Mapped[str] = mapped_column(String(20), default="")
    stage: Mapped[str] = mapped_column(String(12), default="ready")
    number: Mapped[str] = mapped_column(String(MAX_NUMBER_LENGTH), default="")
    party: Mapped[str] = mapped_column(String(MAX_PARTY_LENGTH), default="")
    date: Mapped[dt.date | None]
    due: Mapped[dt.date | None]
    currency: Mapped[str] = mapped_column(String(CURRENCY_LENGTH), default="")
    total: Mapped[Decimal | None]
    # The whole document, as `hub.contract.codec` dumps it.
    body: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # Why the source's answer cannot be read or stored; "" if it can.
    unreadable: Mapped[str] = mapped_column(Text, default="")
    # Why the source no longer has it; "" if the source gave no reason, None while it has it.
    gone: Mapped[str | None] = mapped_column(Text)
    # It has to be read again before it is posted or changed.
    reread: Mapped[bool] = mapped_column(default=False)
    # When a notice of the source or a person last asked for that.
    reread_at: Mapped[dt.datetime | None]
    # The field of the code for which the hub creates this record; "" for a document of the source.
    made_for: Mapped[str] = mapped_column(String(60), default="")
    # One of `StartRule`.
    before_start: Mapped[str] = mapped_column(String(10), default="", server_default="")
    # The person who asked to post it again after it left QuickBooks; "" if nobody did.
    requested_by: Mapped[str] = mapped_column(String(200), default="", server_default="")
    # When the source last had it, and when it was last read with any result.
    seen_at: Mapped[dt.datetime]
    read_at: Mapped[dt.datetime | None]
    # When the source last did not have it, and since when such answers count towards a proof.
    absent_at: Mapped[dt.datetime | None]
    absent_since: Mapped[dt.datetime | None]
    # When `gone` was set.
    gone_at: Mapped[dt.datetime | None]
    installation: Mapped[Installation] = relationship()

    @property
    def known_currency(self) -> str:
        """Return the currency of its amounts: the source's, or else that of the company."""
        return self.currency or self.installation.company.currency

    @property
    def source_page(self) -> str:
        """Return the address of its page at the source; "" for none.

        That of a document of a former account is not shown, because it may lead to another document
        in the new account.
        """
        return "" if self.is_of_former_account else self.body.get("url", "")

    @hybrid_property
    def is_of_former_account(self) -> bool:
        """Return whether its app was changed to another account, so that it is not read any more.

        In a statement it is the condition for that.
        """
        return self.tenant != (self.installation.tenant or "")

    @is_of_former_account.inplace.expression
    @classmethod
    def _is_of_former_account_condition(cls) -> ColumnElement[bool]:
        return cls.installation.has(func.coalesce(Installation.tenant, "") != cls.tenant)


class Posting(Model):
    """One operation in QuickBooks for one part of a document.

    Once a request was sent under its key (`requestid`), the payload of that key never changes.
    """

    __table_args__ = (
        UniqueConstraint("company_id", "requestid"),
        Index("ix_posting_company_state", "company_id", "state", "id"),
        Index("ix_posting_quickbooks_id", "quickbooks_id", "kind", "company_id"),
        Index(
            "ix_posting_installation_state",
            "installation_id",
            "state",
            "operation",
            "part",
            "generation",
        ),
        _build_partial_index(
            "ix_posting_beside", FURTHER_POSTINGS, "installation_id", "document_id"
        ),
        _build_partial_index(
            "ix_posting_posted",
            POSTED_CONDITION,
            "changed_at",
            "installation_id",
            "operation",
            "part",
            "kind",
            "document_id",
            "state",
        ),
        # It has every column by which open documents are listed and summed.
        _build_partial_index(
            "ix_posting_open",
            OPEN_CONDITION,
            "installation_id",
            "document_id",
            "state",
            "operation",
            "kind",
            "currency",
            "total",
        ),
        _build_partial_index(
            "ix_posting_left_out", LEFT_OUT, "installation_id", "state", "document_id"
        ),
        _build_partial_index(
            "ix_posting_posted_of", POSTED_CONDITION, "installation_id", "changed_at"
        ),
        _build_partial_index("ix_posting_made", PARTIES_AND_ITEMS, "company_id", "state", "kind"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("source_document.id"), index=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
    installation_id: Mapped[int] = mapped_column(ForeignKey("installation.id"))
    # The run that sent it.
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"), index=True)
    # The posting that must be posted before this one is sent.
    after_id: Mapped[int | None] = mapped_column(ForeignKey("posting.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    # The name of a part of a split document, or the id of an attachment; else "".
    part: Mapped[str] = mapped_column(String(200), default="")
    # One of `Operation`.
    operation: Mapped[str] = mapped_column(String(10))
    # The object that a change is written against, as "Id:SyncToken"; of a file, the Id of its
    # transaction; "0" for a creation.
    base: Mapped[str] = mapped_column(String(80), default="0")
    # How many keys it had before this one, and how often the payload was planned anew.
    generation: Mapped[int] = mapped_column(default=0)
    requestid: Mapped[str] = mapped_column(String(50))
    revision: Mapped[int] = mapped_column(default=0)
    # The exact bytes to send, and the hash of the bytes as they were planned. A change is completed
    # right before it is sent.
    payload: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    planned: Mapped[str] = mapped_column(String(64), default="")
    # The content of `summary`; for a file its hash and size, for a removal who requested it.
    stored_summary: Mapped[dict[str, Any]] = mapped_column("meaning", default=dict)
    # One of `PostingState`, and one of `Holder`.
    state: Mapped[str] = mapped_column(String(10))
    held_by: Mapped[str] = mapped_column(String(12), default="")
    # Why it is held, waits or has ended: codes of `hub.reasons` with the values of their texts.
    reasons: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    # Its key is proved not to have landed, so that the next generation may be sent.
    rekey: Mapped[bool] = mapped_column(default=False)
    # A new random value for each claim; a result is stored only under the present one.
    fence: Mapped[str] = mapped_column(String(50), default="")
    # It is not sent before this time.
    next_try_at: Mapped[dt.datetime | None]
    # When the preflight last found nothing; None if it has to be checked.
    checked_at: Mapped[dt.datetime | None]
    # Who approved it, and the hash of exactly the bytes that were approved.
    approved_by: Mapped[str | None] = mapped_column(String(200))
    approved_payload: Mapped[str | None] = mapped_column(String(64))
    # By QuickBooks' clock: the newest date known before the first send, and the date at which the
    # present doubt was first seen.
    sent_date: Mapped[dt.datetime | None]
    doubted_date: Mapped[dt.datetime | None]
    # Ids of the objects in QuickBooks that this document is not: a person said so, or the document
    # was posted as them before they left QuickBooks; also the id of `FORGOTTEN`.
    rejected_ids: Mapped[list[Any]] = mapped_column(default=list)
    # The version, as "Id:SyncToken", that a person let this change write over or remove.
    overwrite_permitted: Mapped[str] = mapped_column(String(80), default="", server_default="")
    quickbooks_id: Mapped[str | None] = mapped_column(String(40))
    sync_token: Mapped[str | None] = mapped_column(String(20))
    number: Mapped[str] = mapped_column(String(MAX_NUMBER_LENGTH), default="")
    # The total as it was planned, and as QuickBooks answered.
    total: Mapped[Decimal | None]
    posted_total: Mapped[Decimal | None]
    currency: Mapped[str] = mapped_column(String(CURRENCY_LENGTH), default="")
    warnings: Mapped[list[Any]] = mapped_column(default=list)
    # The object as QuickBooks answered it.
    answer: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime]
    # When the matches were loaded by which it was planned last; an approval does not change it.
    planned_at: Mapped[dt.datetime | None]
    document: Mapped[SourceDocument] = relationship()

    @property
    def reason(self) -> str:
        """Return why it is held, waits or has ended, in the present words; "" without a reason."""
        return join_reasons(self.reasons)

    @property
    def summary(self) -> TransactionSummary:
        """Return the facts of the transaction or list entry that are compared.

        Each access loads them again.
        """
        return TransactionSummary.load(self.stored_summary)


class Attempt(Model):
    """One send of one posting: written before the request, completed after it, never deleted."""

    id: Mapped[int] = mapped_column(primary_key=True)
    posting_id: Mapped[int] = mapped_column(ForeignKey("posting.id"), index=True)
    generation: Mapped[int]
    # Of an item of a batch: the request id of the batch and the bId of the item.
    requestid: Mapped[str] = mapped_column(String(50))
    # The request id of the batch that it was sent in; "" if it was sent singly.
    batch: Mapped[str] = mapped_column(String(36), default="")
    # That of its claim.
    fence: Mapped[str] = mapped_column(String(50))
    sent_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    # One of `SendOutcome`.
    outcome: Mapped[str] = mapped_column(String(15), default="sent")
    # The HTTP status, the code of the first fault, and the explanation.
    status: Mapped[int | None]
    code: Mapped[str] = mapped_column(String(10), default="")
    text: Mapped[str] = mapped_column(Text, default="")
    # Intuit's id and date of the response.
    tid: Mapped[str] = mapped_column(String(80), default="")
    quickbooks_date: Mapped[dt.datetime | None]
    # The id in the response, or of the transaction that a refusal names.
    seen_id: Mapped[str | None] = mapped_column(String(40))


class Approval(Model):
    """A person's approval of exactly what a posting held, where two people must approve it."""

    __table_args__ = (UniqueConstraint("posting_id", "content", "who"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    posting_id: Mapped[int] = mapped_column(ForeignKey("posting.id"))
    # The hash that `Posting.planned` had.
    content: Mapped[str] = mapped_column(String(64))
    who: Mapped[str] = mapped_column(String(200))
    at: Mapped[dt.datetime]


class Proof(Model):
    """A complete search for a posting in doubt, and its result.

    It covers everything that was created in QuickBooks from `since` to `until`.
    """

    id: Mapped[int] = mapped_column(primary_key=True)
    posting_id: Mapped[int] = mapped_column(ForeignKey("posting.id"), index=True)
    generation: Mapped[int]
    at: Mapped[dt.datetime]
    since: Mapped[dt.datetime]
    until: Mapped[dt.datetime]
    # How many candidates it found, and how many attempts there were before it.
    rows: Mapped[int]
    sends: Mapped[int]
    # One of `SearchVerdict`.
    result: Mapped[str] = mapped_column(String(12))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class ReceiptRow(Model):
    """A receipt to deliver to the source, with retries of its own."""

    __table_args__ = (
        _build_partial_index(
            "ix_receipt_row_open", OPEN_RECEIPTS, "installation_id", "next_try_at"
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("source_document.id"), index=True)
    installation_id: Mapped[int] = mapped_column(ForeignKey("installation.id"))
    # One of `ReceiptState`.
    state: Mapped[str] = mapped_column(String(10))
    # The whole receipt, as `hub.contract.codec` dumps it.
    body: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # The reasons in the message of the body, as in `Posting.reasons`.
    reasons: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    at: Mapped[dt.datetime]
    tries: Mapped[int] = mapped_column(default=0)
    # When it is tried next, with the error of the last try; None once it has ended.
    next_try_at: Mapped[dt.datetime | None]
    # One of `ReceiptEnd`.
    ended: Mapped[str] = mapped_column(String(10), default="")
    error: Mapped[str] = mapped_column(Text, default="")


# The options of a query for postings whose names are read, but not their contents.
NAMES_ONLY = (
    defer(Posting.payload),
    defer(Posting.stored_summary),
    defer(Posting.answer),
    joinedload(Posting.document).defer(SourceDocument.body),
)
