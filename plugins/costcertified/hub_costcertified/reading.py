"""What CostCertified has: its four lists one after the other, or exactly some rows of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub import Checkpoint, Document, Gone, Row, Sentence, Site, Unreadable, Yielded, readable
from hub_costcertified import expenses, invoices, names, payments, payouts
from hub_costcertified.client import CostCertified

Outcome = Document | Gone | Unreadable
STREAMS = {"": invoices, "payments": payments, "payouts": payouts, "expenses": expenses}
KINDS = {
    "invoice": invoices,
    "payment": payments,
    "refund": payments,
    "fee": payments,
    "payout": payouts,
    "expense": expenses,
    "expense-payment": expenses,
}


def iter_changes(
    site: Site, source: CostCertified, cursors: Mapping[str, str]
) -> Iterator[Yielded]:
    """Yield every row that changed since the cursors, with a Checkpoint after each page."""
    for stream, kind in STREAMS.items():
        for rows, after in source.pages(kind.THINGS, cursors.get(stream)):
            for row in rows:
                yield from read(site, kind, row)
            if after:
                yield Checkpoint(cursor=after, stream=stream)


def read_exactly(site: Site, source: CostCertified, ids: Sequence[str]) -> Iterator[Yielded]:
    """Yield the documents with these source ids; request each row once."""
    items_by_row: dict[tuple[str, str], list[Outcome]] = {}
    for source_id in ids:
        prefix, _, _ = source_id.partition(":")
        kind = KINDS[prefix]
        key = (kind.THINGS, payments.row_of(source_id))
        if key not in items_by_row:
            row = source.one(*key)
            items_by_row[key] = [] if row is None else list(read(site, kind, row))
        yield _item_of(source_id, items_by_row[key])


def _item_of(source_id: str, items: Sequence[Outcome]) -> Outcome:
    """Return the document with this id, or the outcome for its whole row."""
    for item in items:
        if item.source_id == source_id:
            return item
    for item in items:
        if isinstance(item, Gone):
            return Gone(source_id=source_id, reason=item.reason)
        if isinstance(item, Unreadable):
            return Unreadable(source_id=source_id, reason=item.reason)
    return Gone(source_id=source_id, reason=Sentence("CostCertified does not have it any more."))


def read(site: Site, kind: Any, row: Row) -> Iterator[Outcome]:
    """Yield the documents of a row, or Unreadable if it cannot be converted."""
    if not isinstance(row, dict) or not row.get(names.Row.ID):
        yield Unreadable(
            source_id=f"{kind.PREFIX}?",
            reason=Sentence("CostCertified sent a row without an id."),
        )
        return
    source_id = f"{kind.PREFIX}{row[names.Row.ID]}"
    outcome = readable(source_id, kind.read_documents, site, row)
    if isinstance(outcome, list):
        yield from outcome
    else:
        yield outcome
