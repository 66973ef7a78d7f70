"""Read changed or single rows of the four lists of CostCertified."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub import Checkpoint, Document, Gone, Row, Sentence, Site, Unreadable, Yielded, readable
from hub_costcertified import expenses, invoices, known_refunds, names, payments, payouts
from hub_costcertified.client import CostCertified
from hub_costcertified.known_refunds import KnownRefunds

Outcome = Document | Gone | Unreadable
# The modules of the lists, by the streams of their cursors; invoices come before their payments.
MODULES_BY_STREAM = {"": invoices, "payments": payments, "payouts": payouts, "expenses": expenses}
# The modules of the lists, by the prefixes of source ids.
MODULES_BY_PREFIX = {
    "invoice": invoices,
    "payment": payments,
    "refund": payments,
    "fee": payments,
    "payout": payouts,
    "expense": expenses,
    "expense-payment": expenses,
}

NO_ID = "?"  # in place of the id of a row that has none


def iter_changes(
    site: Site, source: CostCertified, cursors: Mapping[str, str]
) -> Iterator[Yielded]:
    """Yield every row that changed since the cursors, with a Checkpoint after each page.

    The payments of a payout that arrived since then come before it.
    """
    refunds = KnownRefunds(cursors.get(known_refunds.STREAM, ""))
    for stream, module in MODULES_BY_STREAM.items():
        for rows, after in source.pages(module.LIST_NAME, cursors.get(stream)):
            for row in rows:
                if module is payouts and cursors.get(stream):
                    yield from _read_payments_of(site, source, row)
                outcomes = list(read(site, module, row))
                yield from outcomes
                if module is payments:
                    yield from refunds.find_missing(row, outcomes)
            yield from _store_refunds(refunds)
            if after:
                yield Checkpoint(cursor=after, stream=stream)


def _store_refunds(refunds: KnownRefunds) -> Iterator[Checkpoint]:
    """Yield a Checkpoint of the refunds that payments have, if they have changed."""
    cursor = refunds.new_cursor()
    if cursor is not None:
        yield Checkpoint(cursor=cursor, stream=known_refunds.STREAM)


def _read_payments_of(site: Site, source: CostCertified, row: Row) -> Iterator[Outcome]:
    """Yield the payments of a payout that arrived, and their fees.

    The settings say whether a payout is one deposit. They may have changed since its payments were
    posted, which would then be in the bank twice, or never.
    """
    for payment_id in payouts.list_paid_out(row):
        payment = source.row(payments.LIST_NAME, payment_id)
        if payment is not None:
            yield from read(site, payments, payment)
            yield from _read_gone_fee(site, payment)


def _read_gone_fee(site: Site, payment: Row) -> Iterator[Outcome]:
    """Yield the Gone of a fee that is no expense any more, if there is one."""
    if not _has_id(payment):
        return
    source_id = f"{payments.PREFIX}{payment[names.Row.ID]}"
    outcome = readable(source_id, payments.build_gone_fee, site, payment)
    if isinstance(outcome, list):  # else the payment itself is unreadable, too
        yield from outcome


def read_exactly(site: Site, source: CostCertified, ids: Sequence[str]) -> Iterator[Yielded]:
    """Yield the documents with these source ids; request each row once."""
    items_by_row: dict[tuple[str, str], list[Outcome]] = {}
    for source_id in ids:
        prefix, _, _ = source_id.partition(":")
        module = MODULES_BY_PREFIX[prefix]
        if source_id == f"{module.PREFIX}{NO_ID}":  # CostCertified cannot be asked for it
            yield _build_unidentified(module)
            continue
        key = (module.LIST_NAME, payments.get_row_id(source_id))
        if key not in items_by_row:
            row = source.row(*key)
            items_by_row[key] = [] if row is None else list(read(site, module, row))
        yield _find_item(source_id, items_by_row[key])


def _find_item(source_id: str, items: Sequence[Outcome]) -> Outcome:
    """Return the document with this id; if its row is gone or unreadable, so is the document."""
    for item in items:
        if item.source_id == source_id:
            return item
    for item in items:
        if isinstance(item, Gone):
            return Gone(source_id=source_id, reason=item.reason)
        if isinstance(item, Unreadable):
            return Unreadable(source_id=source_id, reason=item.reason)
    return Gone(source_id=source_id, reason=Sentence("CostCertified does not have it any more."))


def _build_unidentified(module: Any) -> Unreadable:
    """Return what stands for the rows of a list that have no id."""
    reason = Sentence("CostCertified sent a row without an id.")
    return Unreadable(source_id=f"{module.PREFIX}{NO_ID}", reason=reason)


def _has_id(row: Any) -> bool:
    """Return whether CostCertified sent a row with an id."""
    return isinstance(row, dict) and bool(row.get(names.Row.ID))


def read(site: Site, module: Any, row: Row) -> Iterator[Outcome]:
    """Yield the documents of a row, or Unreadable if it cannot be converted."""
    if not _has_id(row):
        yield _build_unidentified(module)
        return
    source_id = f"{module.PREFIX}{row[names.Row.ID]}"
    outcome = readable(source_id, module.build_documents, site, row)
    if isinstance(outcome, list):
        yield from outcome
    else:
        yield outcome
