"""Order the removals of linked transactions, and withdraw the files of removed ones.

A payment is removed from QuickBooks before the transaction that it settles.
"""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import outbox
from hub.models import Posting, TransactionHead
from hub.models.display_names import format_posting_name
from hub.models.enums import Operation, PostingState
from hub.payloads.entities import get_linked_kind
from hub.qbo.dependents import describe_dependent
from hub.reasons import texts
from hub.reasons.texts import CaseText


def find_pending_removals(
    session: Session, company_id: int, targets: Mapping[int, TransactionHead]
) -> dict[int, int]:
    """Return, by posting, a pending removal that has to be carried out before it."""
    dependents = _find_dependents(targets)
    quickbooks_ids = {key[1] for keys in dependents.values() for key in keys}
    if not quickbooks_ids:
        return {}
    rows = session.execute(
        select(Posting.kind, Posting.quickbooks_id, Posting.id).where(
            Posting.company_id == company_id,
            Posting.quickbooks_id.in_(quickbooks_ids),
            Posting.operation.in_(outbox.REMOVALS),
            Posting.state.in_(outbox.UNDER_WAY),
        )
    )
    removal_ids = {(kind, str(id)): posting_id for kind, id, posting_id in rows}
    first_removals: dict[int, int] = {}
    for id, keys in dependents.items():
        for key in keys:
            if key in removal_ids:
                first_removals[id] = removal_ids[key]
                break
    return first_removals


def _find_dependents(
    targets: Mapping[int, TransactionHead],
) -> dict[int, list[tuple[str, str]]]:
    """Return, by posting, the kinds and ids of the transactions that depend on its target."""
    dependents: dict[int, list[tuple[str, str]]] = {}
    for id, head in targets.items():
        if describe_dependent(head):
            links = head.links or ()
            dependents[id] = [
                (get_linked_kind(str(link["type"])), str(link["id"])) for link in links
            ]
    return dependents


def wait_for_removals(session: Session, removals: Mapping[int, int]) -> None:
    """Make each posting wait for the removal before it; one in review waits after its approval."""
    for id, removal_id in removals.items():
        posting = session.get_one(Posting, id)
        removal = session.get_one(Posting, removal_id)
        posting.after_id = removal_id
        name = format_posting_name(removal)
        posting.reasons = texts.dump(CaseText("posting.waits_for_removal", name=name))
        if posting.state == PostingState.READY:
            posting.state = PostingState.WAITING


def withdraw_files(session: Session, posting: Posting) -> None:
    """Withdraw the unsent files of a transaction that has left QuickBooks, and close their cases.

    They are planned again if the document becomes another transaction. A file that is locked by
    another process is skipped: waiting for it could deadlock, because a later posting of the
    document is already locked. Such a file is withdrawn before it would be sent.
    """
    files = select(Posting).where(
        Posting.document_id == posting.document_id,
        Posting.operation == Operation.ATTACH,
        Posting.base == posting.quickbooks_id,
        Posting.state.in_(outbox.UNSENT),
    )
    unlocked_files = files.order_by(Posting.id).with_for_update(of=Posting, skip_locked=True)
    for file in session.scalars(unlocked_files).all():
        if not outbox.may_have_landed(session, file):
            outbox.withdraw(session, file, CaseText("posting.parent_not_posted"))
