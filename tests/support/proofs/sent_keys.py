"""Checks of what was sent: request keys that nothing justifies, and batches sent in part."""

from collections import defaultdict

from sqlalchemy import func, select

from hub.models import Attempt, Proof
from hub.models.enums import UNPROCESSED_OUTCOMES


def unproved_keys(session):
    """Return postings sent under more keys than they have proofs.

    A new key needs no proof if the posting was refused and never in doubt.
    """
    proofs = dict(
        session.execute(select(Proof.posting_id, func.count()).group_by(Proof.posting_id)).all()
    )
    sends = select(Attempt).where(Attempt.outcome.not_in(UNPROCESSED_OUTCOMES)).order_by(Attempt.id)
    keys = defaultdict(dict)  # for each posting its keys, and whether a new one needed a proof
    doubted = set()
    for attempt in session.scalars(sends):
        keys[attempt.posting_id].setdefault(attempt.requestid, attempt.posting_id in doubted)
        if attempt.outcome != "refused":
            doubted.add(attempt.posting_id)
    return [id for id, needed in keys.items() if sum(needed.values()) > proofs.get(id, 0)]


def torn_batches(session):
    """Return batches sent in part, and batches with a posting that was in doubt before."""
    sends, torn, doubted = defaultdict(lambda: defaultdict(list)), [], set()
    for attempt in session.scalars(select(Attempt).order_by(Attempt.id)):
        if attempt.batch:
            item = attempt.requestid, attempt.posting_id
            sends[attempt.batch][attempt.fence].append(item)
            if attempt.posting_id in doubted:
                torn.append(attempt.batch)
        if attempt.outcome in ("sent", "doubt"):
            doubted.add(attempt.posting_id)
    for batch, items_by_fence in sends.items():
        compositions = {tuple(items) for items in items_by_fence.values()}
        if len(compositions) > 1:
            torn.append(batch)
    return torn
