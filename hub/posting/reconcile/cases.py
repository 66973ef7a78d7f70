"""Open and close the cases of posted documents that differ from QuickBooks, and tell the source."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.cases import inbox
from hub.contract.documents import ReceiptState
from hub.models import Case, Posting
from hub.posting import case_texts, receipts
from hub.posting.reconcile.posted_documents import Discrepancy, PostedDocument

CAUSE_SUFFIX = "-in-quickbooks"
# The title, action and instruction of the case of each discrepancy.
TEXTS = {
    Discrepancy.MISSING: (
        "No longer in QuickBooks",
        "retry",
        "Press Retry to post it anew, or Skip to leave it out.",
    ),
    Discrepancy.VOIDED: (
        "Voided in QuickBooks",
        "retry",
        "Press Retry to post it anew, or Skip to leave it voided.",
    ),
    Discrepancy.DIFFERS: (
        "Changed in QuickBooks",
        "none",
        "Compare the two and correct the one that is wrong, or close this.",
    ),
}


def postings_with_case(session: Session, company_id: int) -> set[int]:
    """Return the postings that have an open case about a discrepancy."""
    query = select(Case.cause).where(
        Case.company_id == company_id,
        Case.closed_at.is_(None),
        Case.cause.like(f"posting:%{CAUSE_SUFFIX}"),
    )
    return {int(cause.split(":")[1]) for cause in session.scalars(query)}


def update_case(
    session: Session, document: PostedDocument, discrepancy: Discrepancy, reason: str
) -> bool:
    """Open the case of a discrepancy, close those of the others, and tell the source.

    Return False if a person has accepted the same discrepancy.
    """
    posting = document.posting
    for other in TEXTS:
        if other != discrepancy:
            inbox.close(session, _cause(posting, other))
    if discrepancy == Discrepancy.NONE:
        return True
    cause = _cause(posting, discrepancy)
    if inbox.dismissed(session, cause, reason):
        return False
    title, action, instruction = TEXTS[discrepancy]
    inbox.open(
        session,
        cause,
        title=title,
        reason=reason,
        act=action,
        do=instruction,
        company_id=posting.company_id,
        installation_id=posting.installation_id,
        postings=[posting],
    )
    state: ReceiptState = "changed" if discrepancy == Discrepancy.DIFFERS else "missing"
    receipts.queue(
        session, posting.document, state, posting=document.last_write, message=reason, again=False
    )
    return True


def reason(document: PostedDocument) -> str:
    """Return the sentence that says how a document differs from QuickBooks."""
    name = case_texts.called(document.posting)
    id = document.posting.quickbooks_id
    return f"{name} was posted as transaction {id}, which {document.discrepancy_text}."


def _cause(posting: Posting, discrepancy: Discrepancy) -> str:
    return f"posting:{posting.id}:{discrepancy}{CAUSE_SUFFIX}"
