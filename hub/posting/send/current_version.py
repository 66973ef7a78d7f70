"""Write a change against the version of its transaction that was just read from QuickBooks."""

import json
from collections import Counter
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from hub import payloads
from hub.db.engine import read_only_session, transaction
from hub.models import Posting
from hub.models.enums import Operation, PostingState, SendOutcome
from hub.outbox.keys import choose_generation
from hub.payloads.currency_fields import has_other_currency
from hub.payloads.entities import ORDER_ENTITY
from hub.posting.outcome.load import PostingSnapshot
from hub.posting.outcome.record import change_state
from hub.posting.outcome.session import PostingSession
from hub.posting.protocol.history import Send


def write_against_current(
    posting_session: PostingSession, snapshot: PostingSnapshot, step: Send
) -> bool:
    """Write a change against the version just read; return False if it cannot be sent now.

    It cannot if another process has changed it, or if QuickBooks did not answer which exchange rate
    it needs.

    Bytes that may have been sent stay unchanged. Bytes that were planned again after a doubt were
    never sent. They still lack the id of the transaction, so QuickBooks would create another one.
    """
    posting = snapshot.posting
    was_sent = any(send.generation == posting.generation for send in snapshot.history.sends)
    if step.resend and step.rebase is None and was_sent:
        return True
    entity = snapshot.entity
    assert entity is not None
    base = f"{entity['Id']}:{entity['SyncToken']}"
    body = _build_change_body(posting, entity)
    needs_rate = _needs_exchange_rate(posting_session, posting, body, entity)
    if needs_rate and not _set_exchange_rate(posting_session, posting, body, entity):
        return False
    payload = payloads.encode(body)
    if (payload, base) == (posting.payload, posting.base):
        return True
    with transaction() as session:
        generation = choose_generation(session, posting, base)
        values = {
            "payload": payload,
            "base": base,
            "generation": generation,
            "requestid": posting_session.build_key(posting, base, generation),
        }
        return change_state(session, posting, PostingState.READY, **values)


def _build_change_body(posting: Posting, entity: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a change, written against the version of `entity`, which was just read."""
    id = entity["Id"]
    sync_token = entity["SyncToken"]
    if posting.operation == Operation.DELETE:
        return payloads.build_delete_body(id, sync_token)
    if posting.operation == Operation.VOID:
        return payloads.build_void_body(id, sync_token)
    planned_body = json.loads(posting.payload, parse_float=Decimal)
    last = _load_last_posted(posting)
    if last is None:
        return payloads.build_update_body(planned_body, entity, summary=posting.summary)
    last_summary = payloads.complete_last_write(last.summary, last.answer or {})
    unlinked_orders = _list_unlinked_orders(planned_body, posting, last)
    return payloads.build_update_body(
        planned_body, entity, last_summary, posting.summary, unlinked_orders
    )


def _needs_exchange_rate(
    posting_session: PostingSession, posting: Posting, body: dict[str, Any], entity: dict[str, Any]
) -> bool:
    """Return whether a change would keep the rate of the former currency, or of the former date.

    QuickBooks looks a rate up only when a transaction is created. A rate that the source states
    stays.
    """
    if entity.get("ExchangeRate") is None or posting.summary.exchange_rate:
        return False
    if has_other_currency(body, entity):
        is_foreign = posting.summary.currency != posting_session.company.currency
        return is_foreign and "ExchangeRate" not in body
    return _has_rate_of_former_day(posting, body, entity)


def _has_rate_of_former_day(posting: Posting, body: dict[str, Any], entity: dict[str, Any]) -> bool:
    """Return whether a change of the date would keep QuickBooks' rate of the former date.

    A rate that the source stated, or that a person has changed, stays. So does a rate of 1: it was
    never looked up.
    """
    if payloads.has_rate_of_one(entity):
        return False
    if body.get("TxnDate", entity.get("TxnDate")) == entity.get("TxnDate"):
        return False
    last = _load_last_posted(posting)
    if last is None or last.summary.exchange_rate:
        return False
    written_rate = (last.answer or {}).get("ExchangeRate")
    rate = str(entity["ExchangeRate"])
    return written_rate is not None and Decimal(str(written_rate)) == Decimal(rate)


def _set_exchange_rate(
    posting_session: PostingSession, posting: Posting, body: dict[str, Any], entity: dict[str, Any]
) -> bool:
    """Set QuickBooks' exchange rate of the date; return False if QuickBooks did not answer.

    If QuickBooks refuses to state one, the former rate stays. It stays, too, if QuickBooks states
    1, which is what it enters for a currency without a rate. The rate of another currency becomes
    1 then, which opens a case.
    """
    currency = posting.summary.currency
    response = posting_session.client().exchange_rate(currency, body["TxnDate"])
    posting_session.note_date(response)
    rate = (response.entity or {}).get("Rate")
    if response.landed and rate is not None and Decimal(str(rate)) != 1:
        body["ExchangeRate"] = Decimal(str(rate))
    elif has_other_currency(body, entity):
        body["ExchangeRate"] = Decimal(1)
    return response.landed or response.outcome == SendOutcome.REFUSED


def _list_unlinked_orders(
    planned_body: dict[str, Any], posting: Posting, last: Posting
) -> set[str]:
    """Return the purchase orders billed by fewer lines than the hub last wrote, or by none."""
    counts = _count_billing_lines(posting)
    unlinked_orders = set()
    for order, count in _count_billing_lines(last).items():
        if counts[order] < count:
            unlinked_orders.add(order)
    last_payload = json.loads(last.payload or b"{}")
    # A full update also contains links that people made.
    if not payloads.is_whole_update(last_payload):
        planned_orders = payloads.list_linked_orders(planned_body)
        unlinked_orders |= payloads.list_linked_orders(last_payload) - planned_orders
    return unlinked_orders


def _count_billing_lines(posting: Posting) -> Counter[str]:
    """Return how many lines of a posting bill each purchase order."""
    lines = posting.summary.lines
    return Counter(line.linked for line in lines if line.linked_type == ORDER_ENTITY)


def _load_last_posted(posting: Posting) -> Posting | None:
    """Return the posting that wrote the transaction last.

    Its content shows which memo, classes and links the hub wrote; all others are people's.
    """
    query = (
        select(Posting)
        .where(
            Posting.document_id == posting.document_id,
            Posting.part == posting.part,
            Posting.id < posting.id,
            Posting.state == PostingState.POSTED,
        )
        .order_by(Posting.id.desc())
        .limit(1)
    )
    with read_only_session() as session:
        return session.scalars(query).first()
