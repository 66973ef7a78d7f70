"""Links between the transactions of QuickBooks, as the index stores them at both ends."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from hub.models import TransactionHead
from hub.payloads.entities import get_linked_kind

Row = dict[str, Any]
Link = tuple[str, str]  # kind and Id of a linked transaction


def list_transaction_links(entity: dict[str, Any]) -> list[dict[str, str]]:
    """Return the links of a transaction and of its lines, each once."""
    lines = entity.get("Line") or []
    links = {}
    for part in (entity, *lines):
        for link in part.get("LinkedTxn") or []:
            type = str(link.get("TxnType") or "")
            id = str(link.get("TxnId") or "")
            links[type, id] = {"type": type, "id": id}
    return list(links.values())


def find_ended_links(
    stored_heads: Mapping[str, TransactionHead], current: Iterable[Row], deleted_ids: Iterable[str]
) -> dict[str, list[Link]]:
    """Return, by Id, the transactions to which each of these was linked and no longer is."""
    current_links: dict[str, Sequence[Any]] = {}
    for row in current:
        current_links[row["quickbooks_id"]] = row["links"]
    for id in deleted_ids:
        current_links[id] = ()

    ended_links = {}
    for id, links in current_links.items():
        head = stored_heads.get(id)
        if head is not None:
            lost_links = [link for link in head.links if link not in links]
            ended_links[id] = [_get_link_key(link) for link in lost_links]
    return ended_links


def remove_links(
    session: Session, company_id: int, kind: str, ended_links: Mapping[str, list[Link]]
) -> None:
    """Remove an ended link from the heads at its other end.

    QuickBooks' response to a void or a deletion contains that transaction alone. The open balances
    of the transactions that it settled are unknown until they are read again.
    """
    for id, linked_keys in ended_links.items():
        for linked_key in linked_keys:
            head = session.get(TransactionHead, (company_id, *linked_key))
            if head is None:
                continue
            remaining = [link for link in head.links if _get_link_key(link) != (kind, id)]
            if remaining != head.links:
                head.links, head.balance = remaining, None


def forget_balances(
    session: Session,
    company_id: int,
    stored_heads: Mapping[str, TransactionHead],
    changed: Iterable[Row],
) -> None:
    """Remove the open balances of the transactions that changed ones settle.

    QuickBooks' response to a changed payment contains the payment alone, although it may settle
    more or less than before. The balances are unknown until the transactions are read again.
    """
    for row in changed:
        if row["quickbooks_id"] not in stored_heads:
            continue  # it is new
        for link in row["links"]:
            head = session.get(TransactionHead, (company_id, *_get_link_key(link)))
            if head is not None:
                head.balance = None


def _get_link_key(link: Mapping[str, str]) -> Link:
    """Return the kind and the Id of the transaction to which a link leads."""
    kind = get_linked_kind(link["type"])
    return kind, link["id"]
