"""What stands in QuickBooks already of a document, and what of it is settled once it does."""

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

from hub import outbox
from hub.collect import cases
from hub.contract.documents import Code, Document, Item
from hub.mapping import Mapped, Missing, Ref, standing
from hub.models import Head, Posting, Record, SourceDocument

if TYPE_CHECKING:
    from hub.collect.batch import Group


def found(
    group: "Group", row: SourceDocument, document: Document
) -> tuple[str | None, tuple[cases.Held, ...]]:
    """The id of what a document is already, or why that cannot be told; never once something was sent."""
    if document.kind == "purchase_order":
        return _taken_over(group, row), ()
    field = next((one for one in group.setup.fields if one.role == document.kind == "item"), None)
    if (
        field is None
        or row.made_for
        or document.stage != "ready"
        or not isinstance(document.details, Item)
    ):
        return None, ()
    if any(outbox.was_sent(group.session, posting) for posting in group.postings(row)):
        return None, ()
    details = document.details
    code = Code(id=row.source_id, name=details.name, number=details.sku, create=details)
    known = standing(field, code, group.setup.book)
    if isinstance(known, Missing):
        return None, (cases.of_missing(group.installation, known, cases.called(row)),)
    return known.id if isinstance(known, Ref) else None, ()


def _taken_over(group: "Group", row: SourceDocument) -> str | None:
    """The order in QuickBooks that the source took this one over from."""
    names = [field.name for field in group.setup.fields if field.role == "purchase_order"]
    links = (group.setup.book.matches.get((name, row.source_id)) for name in names)
    return next((link.record for link in links if link), None)


def settled(group: "Group", mapped: Mapped, id: str, landed: Posting | None) -> Mapped:
    """An item keeps the name that it has in QuickBooks, an order the day on which it was first sent."""
    document = mapped.document
    if isinstance(document.details, Item) and document.kind == "item":
        record = group.session.get(Record, (group.installation.company_id, "item", id))
        if record and record.name:
            return replace(
                mapped,
                document=replace(document, details=replace(document.details, name=record.name)),
            )
    if document.kind == "purchase_order" and (day := _first_day(group, id, landed)):
        return replace(mapped, document=replace(document, date=day))
    return mapped


def _first_day(group: "Group", id: str, landed: Posting | None) -> dt.date | None:
    """The day that an order has in QuickBooks: as it was posted, or as it was found there."""
    if landed:
        day = (landed.meaning or {}).get("date")
        return dt.date.fromisoformat(day) if day else None
    head = group.session.get(Head, (group.installation.company_id, "purchase_order", id))
    return head.date if head else None
