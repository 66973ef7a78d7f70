"""Open and close the cases of posted documents that differ from QuickBooks.

Each opened case is also reported to the source by a receipt.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.cases import inbox
from hub.cases.causes import build_discrepancy_cause, parse_posting_id
from hub.cases.discrepancies import (
    ABSENT_DISCREPANCIES,
    IS_DISCREPANCY,
    Discrepancy,
    close_as_gone_everywhere,
    is_former_part,
)
from hub.context import current_hub
from hub.contract.states import GonePolicy, ReceiptState, Stage
from hub.models import Case, Installation
from hub.models.cases import DIFFERENCES
from hub.models.display_names import format_posting_name
from hub.money import ZERO, format_amount
from hub.posting import receipts
from hub.posting.reconcile.posted_documents import PostedDocument
from hub.reasons import texts
from hub.reasons.texts import CaseText
from hub.sources.site import build_site, get_gone_policy

DISCREPANCIES = (Discrepancy.MISSING, Discrepancy.VOIDED, Discrepancy.DIFFERS)


def list_postings_with_case(session: Session, company_id: int) -> set[int]:
    """Return the postings that have an open case about a discrepancy."""
    query = select(Case.cause).where(
        Case.company_id == company_id, Case.closed_at.is_(None), IS_DISCREPANCY
    )
    posting_ids = set()
    for cause in session.scalars(query):
        posting_id = parse_posting_id(cause)
        if posting_id is not None:
            posting_ids.add(posting_id)
    return posting_ids


def has_open_case(session: Session, posting_id: int) -> bool:
    """Return whether a case about a discrepancy of a document is open."""
    causes = [build_discrepancy_cause(posting_id, discrepancy) for discrepancy in DISCREPANCIES]
    return any(inbox.is_open(session, cause) for cause in causes)


def close_cases(session: Session, posting_id: int) -> None:
    """Close the cases about the discrepancies of a document that is no longer compared."""
    for discrepancy in DISCREPANCIES:
        inbox.close(session, build_discrepancy_cause(posting_id, discrepancy))


def settle_if_unwanted(session: Session, document: PostedDocument) -> bool:
    """Close the case of a document that neither the source nor QuickBooks has.

    Return whether it was closed. If the app leaves documents in QuickBooks when they are gone at
    their source, or was changed to another account, the case stays open, because the document
    should still be in the books.
    """
    posting = document.posting
    row = posting.document
    is_wanted = row.gone is None and row.stage != Stage.CLOSED
    app = current_hub().plugins.apps.get(row.slug)
    if app is None or document.discrepancy not in ABSENT_DISCREPANCIES:
        return False
    # The document may come from a session that has ended, which cannot load its installation.
    installation = session.get_one(Installation, posting.installation_id)
    if is_former_part(session, posting):
        close_as_gone_everywhere(session, posting)
        return True
    if is_wanted or row.tenant != (installation.tenant or ""):
        return False
    policy = get_gone_policy(app, build_site(installation).settings)
    if policy is GonePolicy.LEAVE:
        return False
    close_as_gone_everywhere(session, posting)
    return True


def update_case(
    session: Session,
    document: PostedDocument,
    discrepancy: Discrepancy,
    text: CaseText | None = None,
    differences: Sequence[str] = (),
) -> bool:
    """Open the case of a discrepancy, close those of other discrepancies and report to the source.

    By default, the text of the case is derived from the head of the transaction. If the transaction
    was read, `text` describes its `differences` instead. Return False if a person has accepted the
    same discrepancy.
    """
    posting = document.posting
    for other in DISCREPANCIES:
        if other != discrepancy:
            inbox.close(session, build_discrepancy_cause(posting.id, other))
    if discrepancy == Discrepancy.NONE:
        return True
    text = text or format_discrepancy(document)
    cause = build_discrepancy_cause(posting.id, discrepancy)
    if inbox.is_dismissed(session, cause, text):
        return False
    inbox.open(
        session,
        cause,
        text,
        company_id=posting.company_id,
        installation_id=posting.installation_id,
        details={DIFFERENCES: list(differences)} if differences else None,
        postings=[posting],
    )
    is_changed = discrepancy == Discrepancy.DIFFERS
    state = ReceiptState.CHANGED if is_changed else ReceiptState.MISSING
    receipts.queue_unless_repeated(
        session,
        posting.document,
        state,
        posting=document.last_write,
        reasons=texts.dump(text),
    )
    return True


def format_discrepancy(document: PostedDocument) -> CaseText:
    """Return how a document differs from QuickBooks, according to the head of its transaction."""
    names = {
        "name": format_posting_name(document.posting),
        "quickbooks_id": str(document.posting.quickbooks_id),
    }
    if document.discrepancy == Discrepancy.VOIDED:
        return CaseText("posted.voided", **names)
    if document.discrepancy != Discrepancy.DIFFERS or document.head is None:
        return CaseText("posted.missing", **names)
    currency = document.head.currency or document.posting.currency or "USD"
    return CaseText(
        "posted.total_differs",
        **names,
        present_total=format_amount(document.head.total or ZERO, currency),
        posted_total=format_amount(document.posted_total or ZERO, currency),
    )
