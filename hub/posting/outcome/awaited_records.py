"""Complete the content of a posting that was found in QuickBooks before the records it waited for.

A search after a restore may find a document whose supplier, customer or item the hub would still
create.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import exact_json, outbox
from hub.contract.document_kinds import LIST_KINDS
from hub.mapping.placeholders import format_placeholder
from hub.models import Posting, TransactionSummary

# The references of a transaction that may name a record, by the kind of the record.
REFERENCES = {
    "vendor": ("VendorRef", "EntityRef"),
    "customer": ("CustomerRef", "EntityRef"),
    "item": ("ItemRef",),
}


def complete_summary(
    session: Session, posting: Posting, entity: dict[str, Any]
) -> TransactionSummary:
    """Return the summary of a posting, with ids for the records that it waits for.

    Such a record gets the id of the one with its name in the transaction `entity`. If the
    transaction names others only, the record gets its own name, which differs from every id.
    """
    if posting.state in outbox.IN_FLIGHT:  # it was sent, so it waited for nothing
        return posting.summary
    summary_json = exact_json.dumps(posting.stored_summary)
    awaited_ids = outbox.find_awaited_ids(summary_json.encode())
    if not awaited_ids:
        return posting.summary
    query = select(Posting).where(Posting.id.in_(awaited_ids), Posting.kind.in_(LIST_KINDS))
    for creation in session.scalars(query):
        name = creation.summary.name or ""
        ids = _collect_ids(entity, REFERENCES[creation.kind])
        if name and ids:
            placeholder = exact_json.dumps(format_placeholder(creation.id))
            id = ids.get(name.casefold(), name)
            summary_json = summary_json.replace(placeholder, exact_json.dumps(id))
    return TransactionSummary.load(exact_json.loads(summary_json))


def _collect_ids(entity: dict[str, Any], references: tuple[str, ...]) -> dict[str, str]:
    """Return the ids of the records that these references name, by their names in lower case.

    A project or an item of a category also counts under the last part of its name.
    """
    ids: dict[str, str] = {}
    for reference in _find_references(entity, references):
        name = str(reference.get("name") or "").casefold()
        if name:
            id = str(reference.get("value", ""))
            ids[name] = id
            ids.setdefault(name.rpartition(":")[2], id)
    return ids


def _find_references(value: Any, references: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Yield each of these references within an entity."""
    if isinstance(value, list):
        for item in value:
            yield from _find_references(item, references)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in references and isinstance(item, dict):
                yield item
            else:
                yield from _find_references(item, references)
