"""The order of removals: what settles a transaction is taken out of QuickBooks before the transaction itself."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import outbox
from hub.models import Posting, TransactionHead
from hub.posting import case_texts
from hub.qbo.dependents import blocking_link
from hub.qbo.entities import linked_kind

ON_THEIR_WAY = ("review", "ready", "waiting", *outbox.IN_FLIGHT)
WAITS = "It waits until {name} is removed from QuickBooks."


def pending(
    session: Session, company_id: int, targets: Mapping[int, TransactionHead]
) -> dict[int, int]:
    """Return, by posting, our removal of something that depends on the target of its change."""
    linked: dict[int, list[tuple[str, str]]] = {}
    for id, head in targets.items():
        if blocking_link(head):
            links = head.links or ()
            linked[id] = [(linked_kind(str(link["type"])), str(link["id"])) for link in links]
    quickbooks_ids = {key[1] for keys in linked.values() for key in keys}
    if not quickbooks_ids:
        return {}
    rows = session.execute(
        select(Posting.kind, Posting.quickbooks_id, Posting.id).where(
            Posting.company_id == company_id,
            Posting.quickbooks_id.in_(quickbooks_ids),
            Posting.operation.in_(outbox.REMOVALS),
            Posting.state.in_(ON_THEIR_WAY),
        )
    )
    removal_ids = {(kind, str(id)): posting_id for kind, id, posting_id in rows}
    first: dict[int, int] = {}
    for id, keys in linked.items():
        for key in keys:
            if key in removal_ids:
                first[id] = removal_ids[key]
                break
    return first


def wait(session: Session, removals: Mapping[int, int]) -> None:
    """Have each posting wait for the removal that goes first; one in review waits from its approval on."""
    for id, removal_id in removals.items():
        posting, removal = session.get_one(Posting, id), session.get_one(Posting, removal_id)
        posting.after_id, posting.reason = removal_id, WAITS.format(name=case_texts.called(removal))
        if posting.state == "ready":
            posting.state = "waiting"
