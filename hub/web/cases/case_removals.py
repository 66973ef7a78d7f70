"""The page on which a removal from QuickBooks is confirmed."""

from collections.abc import Sequence
from decimal import Decimal

from flask import render_template
from sqlalchemy.orm import Session

from hub.models import Case, Posting, TransactionHead
from hub.models.enums import Operation
from hub.reasons.template import CaseAction
from hub.web.lists import case_list


def render(
    session: Session,
    case: Case,
    postings: Sequence[Posting],
    address: str,
    sync_token: str | None = None,
) -> str:
    """Draw the page for the removals of a case; its form is sent to `address`.

    `sync_token` is the version that may be removed, if somebody has changed the transaction.
    """
    [row] = case_list.build_rows(session, [case])
    voids = case.action == CaseAction.VOID or postings[0].operation == Operation.VOID
    return render_template(
        "case_removal.html",
        case=case,
        row=row,
        postings=postings,
        voids=voids,
        address=address,
        sync_token=sync_token,
        present_total=_find_present_total(session, postings[0], sync_token),
        next_arguments=case_list.build_arguments() | {"then": "next"},
    )


def _find_present_total(
    session: Session, posting: Posting, sync_token: str | None
) -> Decimal | None:
    """Return what a transaction that somebody changed amounts to in the version to be removed.

    Return None if nobody changed it, or if the hub has not read this version.
    """
    if sync_token is None:
        return None
    quickbooks_id = posting.base.rpartition(":")[0]  # of what the removal is written against
    key = posting.company_id, posting.kind, quickbooks_id
    head = session.get(TransactionHead, key)
    if head is None or head.sync_token != sync_token:
        return None
    return head.total
