"""Read changed or single rows of the four lists of CostCertified."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub import (
    Checkpoint,
    Gone,
    Outcome,
    PartSweep,
    Row,
    Sentence,
    Site,
    Unreadable,
    Yielded,
    readable,
)
from hub_costcertified import expenses, invoices, names, payments, payouts
from hub_costcertified.client import CostCertified

# The modules of the lists, by the streams of their cursors; invoices come before their payments.
MODULES_BY_STREAM = {"": invoices, "payments": payments, "payouts": payouts, "expenses": expenses}
PAYMENTS_STREAM, PAYOUTS_STREAM = "payments", "payouts"
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

REFUND_DELETIONS_STREAM = "refund deletions"
NO_ID = "?"  # in place of the id of a row that has none


def iter_changes(
    site: Site, source: CostCertified, cursors: Mapping[str, str]
) -> Iterator[Yielded]:
    """Yield every row that changed since the cursors, with a Checkpoint after each page.

    What else is in the payouts of changed payments comes after them, as PayoutParts explains.
    """
    refunds = PartSweep(
        cursors.get(REFUND_DELETIONS_STREAM, ""),
        prefix=payments.REFUND_PREFIX,
        separator=payments.REFUND_SEPARATOR,
        stream=REFUND_DELETIONS_STREAM,
    )
    return refunds.watch(_iter_lists(site, source, cursors, refunds))


def _iter_lists(
    site: Site, source: CostCertified, cursors: Mapping[str, str], refunds: PartSweep
) -> Iterator[Yielded]:
    """Yield the changed rows of each list, and the refunds that payments have lost."""
    parts = PayoutParts(site, source)
    for stream, module in MODULES_BY_STREAM.items():
        for rows, after in source.pages(module.LIST_NAME, cursors.get(stream)):
            for row in rows:
                if module is payouts and cursors.get(PAYMENTS_STREAM):
                    yield from parts.read_parts(row)
                outcomes = list(read(site, module, row))
                if module is payments:
                    yield from _find_missing_refunds(refunds, row, outcomes)
                yield from outcomes
                if module is payments and cursors.get(PAYOUTS_STREAM):
                    yield from parts.read_payouts(row)
            if after:
                yield Checkpoint(cursor=after, stream=stream)


def _find_missing_refunds(
    refunds: PartSweep, row: Row, outcomes: Sequence[Outcome]
) -> Sequence[Gone]:
    """Return the Gone of each refund that a payment had; `outcomes` are what it has now.

    A payment that could not be read, or that does not state its refunds, keeps them.
    """
    if any(isinstance(outcome, Unreadable) for outcome in outcomes):
        return ()
    is_deleted = bool(row.get(names.Payment.DELETED_AT))
    if not is_deleted and names.Payment.REFUNDS not in row:
        return ()
    source_ids = [outcome.source_id for outcome in outcomes]
    return refunds.compare(
        row[names.Payment.ID],
        payments.list_refund_ids(source_ids),
        reason=Sentence("CostCertified does not have the refund any more."),
        inferred=not is_deleted,
    )


class PayoutParts:
    """Reads what is in a payout that arrived: payments with their fees, and refunds.

    The settings say whether a payout is one deposit. They may have changed since its parts were
    posted. If only some of them were posted again, as the settings say now, money would be in the
    bank twice, or never. So all parts are read with each change of one, but not the parts of other
    payouts. Each payout is read once.
    """

    def __init__(self, site: Site, source: CostCertified) -> None:
        self._site = site
        self._source = source
        self._ids_read: set[str] = set()

    def read_payouts(self, payment: Row) -> Iterator[Outcome]:
        """Yield the payouts that a payment and its refunds are in, each after its parts."""
        if not _has_id(payment):
            return
        for id in payments.list_payout_ids(payment):
            payout = None if id in self._ids_read else self._source.row(payouts.LIST_NAME, id)
            if payout is not None:
                yield from self.read_parts(payout)
                yield from read(self._site, payouts, payout)

    def read_parts(self, payout: Row) -> Iterator[Outcome]:
        """Yield the parts of a payout that arrived."""
        if not _has_id(payout) or str(payout[names.Row.ID]) in self._ids_read:
            return
        self._ids_read.add(str(payout[names.Row.ID]))
        for movement in payouts.list_movements(payout):
            payment_id = str(movement[names.Movement.PAYMENT_ID])
            payment = self._source.row(payments.LIST_NAME, payment_id)
            if payment is None:
                continue
            unidentified_id = f"{payments.PREFIX}{NO_ID}"
            source_ids = [*payments.list_moved_ids(movement), unidentified_id]
            for outcome in read(self._site, payments, payment):
                if outcome.source_id in source_ids:
                    yield outcome


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
