"""Represent index rows and entities as the objects that the protocol judges."""

import json
from typing import Any

from hub import context as hub_context
from hub import mapping
from hub.models import Posting, TransactionHead
from hub.models.enums import Operation, TransactionState
from hub.posting.protocol.history import Agreement, QuickBooksObject
from hub.qbo import search, transaction_index


def from_head(head: TransactionHead, foreign: bool) -> QuickBooksObject:
    """Return a transaction as the index has it."""
    state = TransactionState(head.state)
    return QuickBooksObject(
        id=head.quickbooks_id,
        state=state,
        token=head.sync_token,
        marker=head.marker,
        number=head.number,
        party=head.party,
        total=head.total,
        foreign=foreign,
        content_known=state != TransactionState.DELETED or head.created_at is not None,
    )


def from_entity(posting: Posting, entity: dict[str, Any]) -> QuickBooksObject:
    """Return a list entry or file; only suppliers and customers carry the hub's marker."""
    if entity.get("status") == "Deleted":
        return QuickBooksObject(id=str(entity["Id"]), state=TransactionState.DELETED)
    is_file = posting.operation == Operation.ATTACH
    identity = search.identify(entity)
    own_identity = search.identify(parse_body(posting))
    name = own_identity.name
    if is_file and not name:
        name = posting.number  # a file that was not fetched yet has no body to send
    has_same_name = mapping.fold_name(identity.name) == mapping.fold_name(name)
    agreements = set()
    if has_same_name and identity.type in ("", own_identity.type):
        if is_file:
            agreements.add(Agreement.SAME_FILE)
        elif not _is_other_party(posting, entity):
            agreements.add(Agreement.SAME_NAME)
    return QuickBooksObject(
        id=identity.id,
        state=TransactionState.LIVE if identity.active else TransactionState.INACTIVE,
        token=identity.token,
        marker="" if is_file else transaction_index.extract_marker(identity.memo),
        agreements=frozenset(agreements),
    )


def _is_other_party(posting: Posting, entity: dict[str, Any]) -> bool:
    """Return whether a party of the same name has another e-mail address, where that counts."""
    own_email = _get_email(parse_body(posting))
    return mapping.has_other_email(own_email, _get_email(entity)) and _is_matched_by_email(posting)


def _is_matched_by_email(posting: Posting) -> bool:
    """Return whether the field for whose code a posting creates a record matches by e-mail."""
    row = posting.document
    plugins = hub_context.current_hub().plugins
    if not row.made_for or row.slug not in plugins.apps:
        return False
    fields = plugins.call(row.slug, "hub_fields") or ()
    return any(field.name == row.made_for and "email" in field.match for field in fields)


def _get_email(entity: dict[str, Any]) -> str:
    """Return the e-mail addresses of a party; "" if it has none."""
    return str((entity.get("PrimaryEmailAddr") or {}).get("Address") or "")


def build_deleted_entity(id: str) -> dict[str, Any]:
    """Return an entity that stands for a deleted object, in the form of QuickBooks' change feed."""
    return {"Id": id, "status": "Deleted"}


def parse_body(posting: Posting) -> dict[str, Any]:
    """Return what a posting sends; empty if that is not known yet."""
    body: dict[str, Any] = json.loads(posting.payload or b"{}")
    return body
