"""A transaction in QuickBooks as the page of a case shows it beside a posting."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.models import Posting, SourceDocument, TransactionHead
from hub.models.enums import Operation, PostingState, TransactionState
from hub.qbo import display
from hub.web.authentication.access import load_scope
from hub.web.transactions.case_transactions import Entities, Key
from hub.web.transactions.transaction_facts import (
    find_page,
    list_present_facts,
    list_stored_facts,
)

NOT_IN_BOOKS = (TransactionState.DELETED, TransactionState.VOIDED)


@dataclass(frozen=True)
class Transaction:
    """A transaction in QuickBooks: its facts, its address, and the document named by its marker."""

    kind: str
    id: str
    facts: list[tuple[str, str]]
    head: TransactionHead | None
    url: str | None
    owner: SourceDocument | None = None
    is_foreign: bool = False  # it was posted from another document, so it cannot be this one
    # As QuickBooks has it now, and its version; None and "" if QuickBooks could not be asked.
    present: display.TransactionView | None = None
    sync_token: str = ""

    @property
    def can_be_adopted(self) -> bool:
        """Return whether a person may say that this is the document."""
        return self.is_in_books and not self.is_foreign

    @property
    def is_in_books(self) -> bool:
        """Return whether it was neither voided nor deleted, as far as is known."""
        return self.head is None or self.head.state not in NOT_IN_BOOKS


def build_transaction(
    session: Session, key: Key, entities: Entities, posting: Posting | None
) -> Transaction:
    """Return a transaction as it is shown beside a posting."""
    company_id, kind, id = key
    head = session.get(TransactionHead, key)
    is_foreign = _bears_other_marker(head, posting)
    owner = None
    if is_foreign or not posting:  # else its document is on the page already
        owner = find_document_of_marker(session, head)
    elif _is_posted_from_other(session, key, posting):  # a person removed its marker
        is_foreign = True
    currency = head.currency if head else ""
    if not currency and posting:
        currency = posting.currency
    facts = list_stored_facts(session, head, currency) if head else []
    present = None
    sync_token = ""
    if key in entities:
        sync_token = str(entities[key].get("SyncToken", ""))
        present = display.view_entity(session, company_id, kind, entities[key])
        facts = list_present_facts(present, currency, facts)
    url = find_page(kind, id)
    return Transaction(kind, id, facts, head, url, owner, is_foreign, present, sync_token)


def _bears_other_marker(head: TransactionHead | None, posting: Posting | None) -> bool:
    """Return whether a transaction bears the marker of another document than the posting's."""
    if head is None or posting is None or not head.marker:
        return False
    return head.marker != posting.document.marker


def _is_posted_from_other(session: Session, key: Key, posting: Posting) -> bool:
    """Return whether a transaction was posted from another document than a posting's."""
    company_id, kind, id = key
    query = select(Posting.id).where(
        Posting.company_id == company_id,
        Posting.kind == kind,
        Posting.quickbooks_id == id,
        Posting.operation == Operation.CREATE,
        Posting.state == PostingState.POSTED,
        Posting.document_id != posting.document_id,
    )
    return session.scalar(query.limit(1)) is not None


def find_document_of_marker(
    session: Session, head: TransactionHead | None
) -> SourceDocument | None:
    """Return the document whose marker a transaction bears, if the person may see it."""
    if head is None or not head.marker:
        return None
    bears_marker = (
        SourceDocument.company_id == head.company_id,
        SourceDocument.marker == head.marker,
        *load_scope().documents(),
    )
    query = select(SourceDocument).where(*bears_marker)
    return session.scalars(query).first()
