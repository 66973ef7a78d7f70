"""Receipts: states of documents that are reported to their source, each a row until delivered."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from decimal import Decimal
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import ColumnElement, Table, func, insert, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from hub.cases import inbox
from hub.cases.causes import CURRENCY_KEY, build_posting_cause
from hub.context import current_hub
from hub.contract import codec
from hub.contract.receipts import Cause, Receipt
from hub.contract.states import ReceiptState
from hub.db import bulk
from hub.models import Installation, Posting, ReceiptRow, SourceDocument
from hub.models.enums import (
    CHANGE_OPERATIONS,
    DocumentState,
    Holder,
    ReceiptEnd,
)
from hub.models.postings import LEFT_OUT_STATES
from hub.outbox import listing
from hub.outbox.main_posting import select_main_posting_id
from hub.qbo.deep_links import build_page_address
from hub.reasons import texts
from hub.reasons.texts import CaseText, StoredReason

# The reasons whose case all documents in a currency share.
UNUSED_CURRENCY_CODES = ("currency.unused", "currency.only_home")
# How a receipt names the cause of a hold.
CAUSES_BY_HOLDER: dict[str, Cause] = {
    Holder.MAPPING: "match",
    Holder.SOURCE: "source",
    Holder.PREFLIGHT: "check",
    Holder.QUICKBOOKS: "quickbooks",
    Holder.PERSON: "person",
}
HELD_STATES: Final = (ReceiptState.HELD, ReceiptState.FAILED)
IN_QUICKBOOKS_STATES: Final = (
    ReceiptState.POSTED,
    ReceiptState.PART_PAID,
    ReceiptState.PAID,
    ReceiptState.CHANGED,
)
_INSERT = insert(cast(Table, ReceiptRow.__table__))


class TransactionFacts(NamedTuple):
    """The fields of a receipt about a transaction in QuickBooks."""

    kind: str
    id: str
    number: str


def queue(
    session: Session,
    document: SourceDocument,
    state: ReceiptState,
    *,
    posting: Posting | None = None,
    reasons: Sequence[StoredReason] = (),
    paid: Decimal | None = None,
    paid_on: dt.date | None = None,
) -> None:
    """Queue a receipt if its app wants it; it replaces the open receipts of the document.

    Its message is the text of `reasons`, in the form in which a posting stores them.
    """
    if not _is_reported(session, document, state):
        return
    facts = _build_posting_facts(posting)
    facts |= {"message": texts.join_reasons(reasons) or None, "paid": paid, "paid_on": paid_on}
    if posting and state in HELD_STATES:
        facts["cause"] = _find_cause_of_hold(session, posting, reasons)
    _replace_open(session, [document.id])
    session.add(ReceiptRow(**_build_receipt_values(document, state, facts, reasons)))


def queue_unless_repeated(
    session: Session,
    document: SourceDocument,
    state: ReceiptState,
    *,
    posting: Posting,
    reasons: Sequence[StoredReason],
) -> None:
    """Queue a receipt, unless the last one of the document has the same state and reasons.

    A new wording of the same reasons is no change.
    """
    if not _is_reported(session, document, state):
        return
    last = find_last(session, document)
    if last and last.state == state and texts.are_same(last.reasons, reasons):
        last.reasons = list(reasons)  # it may be a sentence from before codes were stored
        return
    queue(session, document, state, posting=posting, reasons=reasons)


def _is_reported(session: Session, document: SourceDocument, state: ReceiptState) -> bool:
    """Return whether a document in this state is reported to its source.

    A document of a former account is not, because the app no longer calls that account.
    """
    if not document.body or not is_wanted(document.slug, state):
        return False
    # The document may come from a session that has ended, which cannot load its installation.
    installation = session.get_one(Installation, document.installation_id)
    return document.tenant == (installation.tenant or "")


def queue_removed(session: Session, document: SourceDocument, who: str) -> None:
    """Queue the receipt of a document that a person removed from QuickBooks.

    An app that does not want `missing` gets `held`, because a person may post the document again.
    """
    app = current_hub().plugins.apps.get(document.slug)
    state = ReceiptState.MISSING
    if app and ReceiptState.MISSING not in app.wants:
        state = ReceiptState.HELD
    reasons = texts.dump(CaseText("posting.removed_by", who=who))
    queue(session, document, state, reasons=reasons)


def queue_posted(session: Session, postings: Sequence[tuple[Posting, TransactionFacts]]) -> None:
    """Queue receipts for many documents that were just posted, if their apps want to know."""
    wanted_postings = _select_wanted(session, postings)
    if not wanted_postings:
        return
    document_ids = [posting.document_id for posting, _ in wanted_postings]
    is_open = ReceiptRow.ended == ReceiptEnd.OPEN
    open_receipts = select(ReceiptRow.document_id).where(
        ReceiptRow.document_id.in_(document_ids), is_open
    )
    replaced_ids = set(session.scalars(open_receipts))
    if replaced_ids:
        _replace_open(session, replaced_ids)
    rows = []
    for posting, transaction in wanted_postings:
        rows.append(
            _build_receipt_values(
                posting.document, ReceiptState.POSTED, _build_transaction_facts(transaction)
            )
        )
    bulk.execute_each(session, _INSERT, rows)


def _select_wanted(
    session: Session, postings: Sequence[tuple[Posting, TransactionFacts]]
) -> list[tuple[Posting, TransactionFacts]]:
    """Return the postings of documents from the source whose app wants receipts of this state."""
    wants_posted: dict[str, bool] = {}
    reporting_ids = []
    for posting, _ in postings:
        slug = posting.document.slug
        if slug not in wants_posted:
            wants_posted[slug] = is_wanted(slug, ReceiptState.POSTED)
        if wants_posted[slug]:
            reporting_ids.append(posting.document_id)
    if not reporting_ids:
        return []
    ids_from_source = _load_documents_from_source(session, reporting_ids)
    return [item for item in postings if item[0].document_id in ids_from_source]


def _load_documents_from_source(session: Session, document_ids: Collection[int]) -> set[int]:
    """Return which documents come from the source, and were not created by the hub."""
    source_id = SourceDocument.body["source_id"].as_string()
    is_from_source = SourceDocument.id.in_(document_ids) & source_id.is_not(None)
    ids = session.scalars(select(SourceDocument.id).where(is_from_source))
    return set(ids)


def _replace_open(session: Session, document_ids: Collection[int]) -> None:
    """End the receipts of documents that were not delivered yet."""
    is_open = (ReceiptRow.document_id.in_(document_ids), ReceiptRow.ended == ReceiptEnd.OPEN)
    open_receipts = update(ReceiptRow).where(bulk.is_locked_in_order(ReceiptRow.id, *is_open))
    session.execute(
        open_receipts.values(ended=ReceiptEnd.REPLACED, next_try_at=None),
        execution_options={"synchronize_session": False},
    )


def _build_receipt_values(
    document: SourceDocument,
    state: ReceiptState,
    facts: dict[str, Any],
    reasons: Sequence[StoredReason] = (),
) -> dict[str, Any]:
    """Return the columns of a new receipt."""
    now = current_hub().clock.now()
    return {
        "document_id": document.id,
        "installation_id": document.installation_id,
        "state": state,
        "body": codec.dump(Receipt(state=state, at=now, **facts)),
        "reasons": list(reasons),
        "at": now,
        "next_try_at": now,
    }


def find_last(
    session: Session, document: SourceDocument, states: Collection[ReceiptState] = ()
) -> ReceiptRow | None:
    """Return the newest receipt of a document, or None.

    With `states`, only receipts in these states count.
    """
    query = select(ReceiptRow).where(ReceiptRow.document_id == document.id)
    if states:
        query = query.where(ReceiptRow.state.in_(states))
    newest = query.order_by(ReceiptRow.id.desc()).limit(1)
    return session.scalars(newest).first()


def queue_still_posted(session: Session, installation_ids: Iterable[int]) -> None:
    """Queue receipts for posted documents whose last receipt is about a change that was given up.

    The change was held, and then a person skipped it or the source reverted it. The source gets the
    state from before the change again.
    """
    reporting_ids = [id for id in installation_ids if _reports_held_and_posted(session, id)]
    if not reporting_ids:
        return
    query = (
        select(Posting.document_id)
        .join(Posting.document)
        .where(
            Posting.installation_id.in_(reporting_ids),
            Posting.state.in_(LEFT_OUT_STATES),
            ~SourceDocument.is_of_former_account,
            Posting.operation.in_(CHANGE_OPERATIONS),
            select_last_receipt_column(ReceiptRow.state).in_(HELD_STATES),
        )
        .distinct()
    )
    document_ids = session.scalars(query).all()
    for document_id, state in listing.load_document_states(session, document_ids).items():
        if state == DocumentState.POSTED:
            _queue_posted_again(session, session.get_one(SourceDocument, document_id))


def _queue_posted_again(session: Session, document: SourceDocument) -> None:
    """Queue the last receipt that a document in QuickBooks had before it was held.

    If there is none, the receipt says that the document is posted. If the body of the old receipt
    was removed, it is built from the transaction.
    """
    previous = find_last(session, document, IN_QUICKBOOKS_STATES)
    if previous is None or not previous.body:
        query = select(Posting).join(SourceDocument, Posting.id == select_main_posting_id())
        posting = session.scalars(query.where(SourceDocument.id == document.id)).one()
        state = ReceiptState(previous.state) if previous else ReceiptState.POSTED
        reasons = previous.reasons if previous else ()
        queue(session, document, state, posting=posting, reasons=reasons)
        return
    receipt = codec.load(Receipt, previous.body)
    facts = {field.name: getattr(receipt, field.name) for field in fields(receipt)}
    del facts["state"], facts["at"]
    _replace_open(session, [document.id])
    values = _build_receipt_values(document, ReceiptState(receipt.state), facts, previous.reasons)
    session.add(ReceiptRow(**values))


def select_last_receipt_column(
    column: InstrumentedAttribute[str] | ColumnElement[str],
) -> ColumnElement[str]:
    """Return a column of the last receipt of a posting's document, for a query on postings.

    The value is "" if the document has no receipt.
    """
    receipts = select(column).where(ReceiptRow.document_id == Posting.document_id)
    newest = receipts.order_by(ReceiptRow.id.desc()).limit(1).correlate(Posting)
    return func.coalesce(newest.scalar_subquery(), "")


def _reports_held_and_posted(session: Session, installation_id: int) -> bool:
    """Return whether any plugin wants receipts of both held and posted documents."""
    slug = session.get_one(Installation, installation_id).slug
    return is_wanted(slug, *HELD_STATES) and is_wanted(slug, ReceiptState.POSTED)


def _find_cause_of_hold(
    session: Session, posting: Posting, reasons: Sequence[StoredReason]
) -> Cause | None:
    """Return the cause of a hold as a receipt names it; None if the contract has no name for it."""
    if any(reason["code"] in UNUSED_CURRENCY_CODES for reason in reasons):
        return "currency"
    if inbox.is_open(session, build_posting_cause(posting.id, CURRENCY_KEY)):
        return "currency"
    return CAUSES_BY_HOLDER.get(posting.held_by)


def is_wanted(slug: str, *states: ReceiptState) -> bool:
    """Return whether any plugin wants receipts of an app in one of these states.

    While the plugin of the app is not loaded, this is not known, and the receipts of the app wait.
    """
    plugins = current_hub().plugins
    app = plugins.apps.get(slug)
    if app is None:
        return True
    if plugins.has(slug, "hub_report"):
        wanted_states = set(states).intersection(app.wants)
        if wanted_states:
            return True
    return plugins.has_listeners


def _build_posting_facts(posting: Posting | None) -> dict[str, Any]:
    """Return the fields of a receipt about the transaction of a posting, if there is one yet."""
    if posting is None:
        return {"kind": None}
    if not posting.quickbooks_id:
        return {"kind": posting.kind}
    number = posting.summary.number or posting.number
    transaction = TransactionFacts(posting.kind, posting.quickbooks_id, number)
    return _build_transaction_facts(transaction)


def _build_transaction_facts(transaction: TransactionFacts) -> dict[str, Any]:
    """Return the fields of a receipt that name a transaction, with the address of its page."""
    return {
        "kind": transaction.kind,
        "id": transaction.id,
        "number": transaction.number or None,
        "url": build_page_address(transaction.kind, transaction.id),
    }
