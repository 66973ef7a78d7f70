"""What stands in QuickBooks already of a document, and what of it is settled once it does."""

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

from hub import outbox
from hub.collect import holds
from hub.documents import Code, Document, Item
from hub.mapping import Mapped, Missing, Ref, standing
from hub.models import Posting, Record, SourceDocument

if TYPE_CHECKING:
    from hub.collect.group import Group


def found(group: "Group", row: SourceDocument, document: Document) -> tuple[str | None, tuple[holds.Held, ...]]:
    """The id of the record that an item is already, or why that cannot be told; never once something was sent."""
    field = next((one for one in group.setup.fields if one.role == document.kind == "item"), None)
    if field is None or row.made_for or document.stage != "ready" or not isinstance(document.details, Item):
        return None, ()
    if any(outbox.was_sent(group.session, posting) for posting in group.postings(row)):
        return None, ()
    details = document.details
    code = Code(id=row.source_id, name=details.name, number=details.sku, create=details)
    known = standing(field, code, group.setup.book)
    if isinstance(known, Missing):
        return None, (holds.of_missing(group.installation, known, holds.called(row)),)
    return known.id if isinstance(known, Ref) else None, ()


def settled(group: "Group", mapped: Mapped, id: str, landed: Posting | None) -> Mapped:
    """An item keeps the name that it has in QuickBooks, an order the day on which it was first sent."""
    document = mapped.document
    if isinstance(document.details, Item) and document.kind == "item":
        record = group.session.get(Record, (group.installation.company_id, "item", id))
        if record and record.name:
            return replace(mapped, document=replace(document, details=replace(document.details, name=record.name)))
    if document.kind == "purchase_order" and landed and (day := (landed.meaning or {}).get("date")):
        return replace(mapped, document=replace(document, date=dt.date.fromisoformat(day)))
    return mapped
