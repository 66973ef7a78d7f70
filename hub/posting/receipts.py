"""Receipts: what the source is told of its documents, each a row with its own back-off."""

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cache
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import ColumnElement, Table, and_, func, insert, or_, select, update
from sqlalchemy.orm import Session

from hub import context as hub_context
from hub.cases import inbox
from hub.contract import codec
from hub.contract.documents import Cause, Receipt, ReceiptState
from hub.contract.registry import Plugins
from hub.db import bulk
from hub.models import Installation, Posting, ReceiptRow, SourceDocument
from hub.qbo.deep_links import address

OPEN = ("ready", "review", "held")
CURRENCY: Final = (
    "currency"  # the own cause of a case about a currency, and what a receipt calls it
)
CAUSES: dict[str, Cause] = {
    "mapping": "match",
    "source": "source",
    "preflight": "check",
    "quickbooks": "quickbooks",
    "person": "person",
}
_NEW = insert(cast(Table, ReceiptRow.__table__))


def queue(
    session: Session,
    document: SourceDocument,
    state: ReceiptState,
    *,
    posting: Posting | None = None,
    message: str | None = None,
    paid: Decimal | None = None,
    paid_on: dt.date | None = None,
    again: bool = True,
) -> None:
    """Has the source told, if its app wants to know; what it was not told yet of this document is replaced.

    Unless `again`, it is not told what it was told last.
    """
    if not is_wanted(document.slug, state) or not document.body:
        return
    before = None if again else last(session, document)
    if before and (before.state, before.body.get("message")) == (state, message):
        return
    facts = _facts(posting) | {"message": message, "paid": paid, "paid_on": paid_on}
    if posting and state in ("held", "failed"):
        facts["cause"] = _what_holds(session, posting)
    _replace(session, [document.id])
    session.add(ReceiptRow(**_values(document, state, facts)))


def removed(session: Session, document: SourceDocument, message: str) -> None:
    """Have the source told that a person removed its document from QuickBooks.

    An app that is not told what is missing there is told that the document is held: a person may post it again.
    """
    app = hub_context.current().plugins.apps.get(document.slug)
    state: ReceiptState = "held" if app and "missing" not in app.wants else "missing"
    queue(session, document, state, message=message)


class Transaction(NamedTuple):
    """What a receipt says of a transaction in QuickBooks."""

    kind: str
    id: str
    number: str


def queue_posted(session: Session, postings: Sequence[tuple[Posting, Transaction]]) -> None:
    """Queue receipts for many documents that were just posted, if their apps want to know."""
    slugs = {posting.document.slug for posting, _ in postings}
    wanted_slugs = {slug for slug in slugs if is_wanted(slug, "posted")}
    news = [one for one in postings if one[0].document.slug in wanted_slugs]
    if not news:
        return
    from_source = _brought_by_source(session, [posting.document_id for posting, _ in news])
    news = [one for one in news if one[0].document_id in from_source]
    if not news:
        return
    ids = [posting.document_id for posting, _ in news]
    waiting = select(ReceiptRow.document_id).where(ReceiptRow.ended == "")
    replaced = set(session.scalars(waiting.where(ReceiptRow.document_id.in_(ids))))
    if replaced:
        _replace(session, replaced)
    rows = []
    for posting, transaction in news:
        rows.append(_values(posting.document, "posted", _transaction_facts(transaction)))
    bulk.each(session, _NEW, rows)


def _brought_by_source(session: Session, document_ids: Iterable[int]) -> set[int]:
    """Those of the documents that the source brought, which are all but what the hub makes for a code."""
    brought = SourceDocument.body["source_id"].as_string().is_not(None)
    return set(
        session.scalars(
            select(SourceDocument.id).where(SourceDocument.id.in_(document_ids), brought)
        )
    )


def _replace(session: Session, document_ids: Iterable[int]) -> None:
    waiting = update(ReceiptRow).where(
        ReceiptRow.document_id.in_(list(document_ids)), ReceiptRow.ended == ""
    )
    quick = {"synchronize_session": False}
    session.execute(waiting.values(ended="replaced", next_try_at=None), execution_options=quick)


def _values(document: SourceDocument, state: ReceiptState, facts: dict[str, Any]) -> dict[str, Any]:
    now = hub_context.current().clock.now()
    return {
        "document_id": document.id,
        "installation_id": document.installation_id,
        "state": state,
        "body": codec.dump(Receipt(state=state, at=now, **facts)),
        "at": now,
        "next_try_at": now,
    }


def last(
    session: Session, document: SourceDocument, states: Iterable[ReceiptState] = ()
) -> ReceiptRow | None:
    """The newest receipt of a document, of these states if any are named."""
    mine = select(ReceiptRow).where(ReceiptRow.document_id == document.id)
    if states:
        mine = mine.where(ReceiptRow.state.in_(list(states)))
    return session.scalars(mine.order_by(ReceiptRow.id.desc()).limit(1)).first()


def tell_open(session: Session, installation_ids: Iterable[int]) -> None:
    """Queues the news of what is held, and of what is checked and waits for a person or for its turn.

    What is held for another reason than the source was told is told again.
    """
    told, message = _newest(ReceiptRow.state), _newest(ReceiptRow.body["message"].as_string())
    checked = and_(
        Posting.state.in_(("ready", "review")), Posting.checked_at.is_not(None), told != "queued"
    )
    is_news = or_(told.not_in(("held", "failed")), message != Posting.reason)
    held = and_(Posting.state == "held", is_news)
    curious = [id for id in installation_ids if _is_curious(session, id)]
    mains = (
        Posting.installation_id.in_(curious),
        Posting.operation == "create",
        Posting.state.in_(OPEN),
    )
    for posting in (
        session.scalars(select(Posting).where(*mains, or_(checked, held))) if curious else ()
    ):
        state: ReceiptState = "held" if posting.state == "held" else "queued"
        queue(session, posting.document, state, posting=posting, message=posting.reason or None)


def _newest(told: Any) -> ColumnElement[str]:
    """What the newest receipt of a posting's document says, as a part of a query on postings; "" without one."""
    mine = select(told).where(ReceiptRow.document_id == Posting.document_id)
    newest = mine.order_by(ReceiptRow.id.desc()).limit(1).correlate(Posting)
    return func.coalesce(newest.scalar_subquery(), "")


def _is_curious(session: Session, installation_id: int) -> bool:
    slug = session.get_one(Installation, installation_id).slug
    return is_wanted(slug, "held") or is_wanted(slug, "queued")


def _what_holds(session: Session, posting: Posting) -> Cause | None:
    """Return what holds a posting, as a receipt names it."""
    if inbox.open_causes(session, f"posting:{posting.id}:{CURRENCY}"):
        return CURRENCY
    return CAUSES.get(posting.hold)


def is_wanted(slug: str, *states: ReceiptState) -> bool:
    """Whether anyone is to be told of one of these states."""
    plugins = hub_context.current().plugins
    app = plugins.apps.get(slug)
    if app and set(states) & set(app.wants) and plugins.has(slug, "hub_report"):
        return True
    return _listeners(plugins)


@cache
def _listeners(plugins: Plugins) -> bool:
    """Whether a plugin without an app of its own hears every receipt."""
    return any(not told["apps"] and not told["broken"] for told in plugins.describe())


def _facts(posting: Posting | None) -> dict[str, Any]:
    """What a receipt says of the transaction."""
    if posting is None or not posting.quickbooks_id:
        return {"kind": posting.kind if posting else None}
    number = posting.summary.number or posting.number
    return _transaction_facts(Transaction(posting.kind, posting.quickbooks_id, number))


def _transaction_facts(made: Transaction) -> dict[str, Any]:
    return {
        "kind": made.kind,
        "id": made.id,
        "number": made.number or None,
        "url": address(made.kind, made.id),
    }
