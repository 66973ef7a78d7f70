"""The order of removals: what settles a transaction is taken out of QuickBooks before the transaction itself."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import outbox
from hub.models import Head, Posting
from hub.posting import case_texts
from hub.qbo.entities import linked_kind

ON_THEIR_WAY = ("review", "ready", "waiting", *outbox.IN_FLIGHT)
WAITS = "It waits until {name} is removed from QuickBooks."


def pending(session: Session, company_id: int, targets: Mapping[int, Head]) -> dict[int, int]:
    """Return, by posting, our removal of something that hangs on the target of its change."""
    linked = {
        id: [(linked_kind(str(link["type"])), str(link["id"])) for link in head.links or ()]
        for id, head in targets.items()
        if outbox.settled(head)
    }
    ids = {id for links in linked.values() for _, id in links}
    if not ids:
        return {}
    mine = (
        Posting.company_id == company_id,
        Posting.quickbooks_id.in_(ids),
        Posting.operation.in_(outbox.REMOVALS),
        Posting.state.in_(ON_THEIR_WAY),
    )
    rows = session.execute(select(Posting.kind, Posting.quickbooks_id, Posting.id).where(*mine))
    going = {(kind, str(id)): posting_id for kind, id, posting_id in rows}
    first = {
        id: next((going[key] for key in links if key in going), 0) for id, links in linked.items()
    }
    return {id: posting_id for id, posting_id in first.items() if posting_id}


def wait(session: Session, removals: Mapping[int, int]) -> None:
    """Have each posting wait for the removal that goes first; one in review waits from its approval on."""
    for id, removal_id in removals.items():
        posting, removal = session.get_one(Posting, id), session.get_one(Posting, removal_id)
        posting.after_id, posting.reason = removal_id, WAITS.format(name=case_texts.called(removal))
        if posting.state == "ready":
            posting.state = "waiting"
