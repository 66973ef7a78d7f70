"""Convert index rows and entities to the objects that the protocol compares with postings."""

import json
from collections.abc import Iterable, Set
from typing import Any

from hub import mapping
from hub.context import current_hub
from hub.contract.types import MatchMethod
from hub.models import Posting, TransactionHead
from hub.models.enums import Operation, TransactionState
from hub.posting.protocol.history import Agreement, QuickBooksObject
from hub.qbo import search, transaction_index


def from_head(head: TransactionHead, *, foreign: bool) -> QuickBooksObject:
    """Convert a row of the transaction index."""
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
    """Convert the entity of a list entry or file; of these, only parties carry the hub's marker."""
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
    return bool(posting.document.made_for) and is_matched_by(posting, "email")


def is_matched_by(posting: Posting, rule: MatchMethod) -> bool:
    """Return whether the field of a new record's code is matched by a rule.

    Return True while the plugin of the app is not loaded, so that no record is adopted that the
    rule might exclude.
    """
    row = posting.document
    plugins = current_hub().plugins
    if row.slug not in plugins.apps:
        return True
    for field in plugins.call(row.slug, "hub_fields") or ():
        is_own = field.name == row.made_for if row.made_for else field.role == posting.kind
        if is_own and rule in field.match:
            return True
    return False


def _get_email(entity: dict[str, Any]) -> str:
    """Return the e-mail addresses of a party; "" if it has none."""
    return str((entity.get("PrimaryEmailAddr") or {}).get("Address") or "")


def select_foreign_ids(
    posting: Posting, entities: Iterable[dict[str, Any]], owned_ids: Set[str]
) -> set[str]:
    """Return the ids of the list entries or files that belong to other postings.

    Several codes may share one list entry. An exception are fields matched by whole words: there an
    item created for another code is foreign if its name differs, even if only in case, which
    QuickBooks ignores.
    """
    if posting.operation == Operation.ATTACH:
        return set(owned_ids)
    if not owned_ids or posting.kind != "item" or not is_matched_by(posting, "words"):
        return set()
    own_name = search.identify(parse_body(posting)).name
    foreign_ids = set()
    for identity in map(search.identify, entities):
        if identity.id in owned_ids and identity.name != own_name:
            foreign_ids.add(identity.id)
    return foreign_ids


def build_deleted_entity(id: str) -> dict[str, Any]:
    """Return an entity that stands for a deleted object, in the form of QuickBooks' change feed."""
    return {"Id": id, "status": "Deleted"}


def parse_body(posting: Posting) -> dict[str, Any]:
    """Return the body that a posting sends; empty if it is not known yet."""
    body: dict[str, Any] = json.loads(posting.payload or b"{}")
    return body
