"""One database transaction of a collect: up to fifty documents and their postings.

The planners read the batch and return plans. `CollectBatch.apply` writes a plan to the outbox, and
collects the work that is left for the whole batch, such as cases and attachments.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.cases import inbox
from hub.cases.causes import build_former_part_cause, build_posting_cause
from hub.cases.discrepancies import close_as_gone_everywhere, compare_transaction_again
from hub.collect import case_updates
from hub.collect.absence import Absent
from hub.collect.case_updates import HeldPosting
from hub.collect.codes import CodeCollector
from hub.collect.document_plan import (
    AttachmentParent,
    DocumentPlan,
    PartPlan,
    PostingPlanWithFindings,
)
from hub.collect.settings_check import load_accepted_files, lock_installation
from hub.collect.setup import Setup
from hub.context import current_hub
from hub.contract.documents import Document, Gone, Unreadable
from hub.mapping import party_name
from hub.models import Posting, SourceDocument, TransactionHead
from hub.models.enums import (
    DocumentOutcome,
    Holder,
    Operation,
    PostingState,
    TransactionState,
)
from hub.models.postings import CURRENCY_LENGTH, MAX_NUMBER_LENGTH, MAX_PARTY_LENGTH
from hub.outbox import planning, transitions
from hub.outbox.identity import build_identity, derive_marker
from hub.outbox.plan_values import Repetition
from hub.outbox.states import REMOVALS, UNSENT

DOCUMENTS_PER_BATCH = 50
# The outcomes of parts in ascending order: the highest one of its parts is that of a document.
PART_OUTCOMES = (
    DocumentOutcome.NONE,
    DocumentOutcome.UNCHANGED,
    DocumentOutcome.CHANGED,
    DocumentOutcome.NEW,
    DocumentOutcome.HELD,
)
# The outcomes of documents that are not wanted any more.
UNWANTED_OUTCOMES = (DocumentOutcome.WITHDRAWN, DocumentOutcome.GONE)
Item = Document | Gone | Unreadable | Absent


class CollectBatch:
    """The documents of one transaction, their postings, and what is planned for them."""

    def __init__(
        self, session: Session, setup: Setup, items: Sequence[Item], *, from_list: bool = False
    ) -> None:
        """Load the documents of the items, and their postings."""
        self.session = session
        self.setup = setup
        self.items = items
        self.from_list = from_list  # the source sent the items unasked, in its list
        self._listed_ids: set[str] = set()  # source ids of the items that were ingested
        # Source ids of items that are older than what the hub has.
        self.outdated_ids: set[str] = set()
        self.installation = lock_installation(
            session, setup.app.name, setup.installation, setup.match_count
        )
        setup.files = load_accepted_files(session, setup.app, self.installation, setup.files)
        self.now = current_hub().clock.now()
        self.counts: Counter[DocumentOutcome] = Counter()
        self.codes = CodeCollector(setup.installation.id, setup.fields, setup.stored_codes)
        # By source id; documents that the hub never had are missing.
        self.rows: dict[str, SourceDocument] = {}
        # By the id of the document, oldest first.
        self._postings: dict[int, list[Posting]] = defaultdict(list)
        self.held: list[HeldPosting] = []  # what `case_updates` opens cases for
        # Postings that were held and wait now, whose cases are to be closed. The preflight closes
        # the cases of those that are ready now.
        self.released_ids: list[int] = []
        # By document; its last plan counts if it occurs twice.
        self.attachment_parents: dict[SourceDocument, AttachmentParent] = {}
        # Role and code of each party whose contact data was compared.
        self.parties_with_contact_data: set[tuple[str, str]] = set()
        source_ids = {item.source_id for item in items}
        self.load_documents(source_ids)

    def note_listed(self, source_id: str) -> bool:
        """Remember an id of the list; return whether it has occurred in this reading before."""
        if not self.from_list:
            return False
        was_listed = source_id in self.setup.read_ids or source_id in self._listed_ids
        self._listed_ids.add(source_id)
        return was_listed

    def load_documents(self, source_ids: Iterable[str]) -> None:
        """Load these documents and their postings, except those that are loaded."""
        missing = set(source_ids) - self.rows.keys()
        if not missing:
            return
        query = select(SourceDocument).where(
            SourceDocument.company_id == self.installation.company_id,
            SourceDocument.slug == self.installation.slug,
            SourceDocument.tenant == self.installation.tenant,
            SourceDocument.source_id.in_(missing),
        )
        rows = self.session.scalars(query).all()
        self.rows |= {row.source_id: row for row in rows}
        self._postings |= planning.load_history(self.session, rows)

    def postings(self, row: SourceDocument) -> list[Posting]:
        """Return all postings of a document, oldest first."""
        return self._postings[row.id]

    def transaction_postings(self, row: SourceDocument) -> list[Posting]:
        """Return the postings of a document without those of its attachments, oldest first."""
        postings = self.postings(row)
        return [posting for posting in postings if posting.operation != Operation.ATTACH]

    def creations(self, row: SourceDocument) -> list[Posting]:
        """Return the postings of a document that create a record or transaction, oldest first."""
        postings = self.postings(row)
        return [posting for posting in postings if posting.operation == Operation.CREATE]

    def postings_in_books(self, row: SourceDocument) -> list[Posting]:
        """Return the newest posting of each part of a document that QuickBooks holds."""
        newest: dict[str, Posting] = {}
        for posting in self.transaction_postings(row):
            if posting.state == PostingState.POSTED:
                newest[posting.part] = posting
        return [posting for posting in newest.values() if posting.operation not in REMOVALS]

    def find_departure(self, posting: Posting) -> str:
        """Return "voided" or "deleted" if a posting's transaction has left QuickBooks, else ""."""
        key = (posting.company_id, posting.kind, posting.quickbooks_id)
        head = self.session.get(TransactionHead, key)
        if head and head.state != TransactionState.LIVE:
            return head.state
        return ""

    def add_document(self, source_id: str, kind: str, made_for: str = "") -> SourceDocument:
        """Add the row of a document that the hub does not have yet."""
        installation = self.installation
        tenant = installation.tenant or ""
        document_identity = build_identity(
            installation.company.realm, installation.slug, tenant, source_id
        )
        row = SourceDocument(
            installation=installation,
            company_id=installation.company_id,
            slug=installation.slug,
            tenant=tenant,
            source_id=source_id,
            marker=derive_marker(document_identity),
            kind=kind,
            made_for=made_for,
            seen_at=self.now,
        )
        self.rows[source_id] = row
        self.session.add(row)
        return row

    def find_or_add_record_row(self, source_id: str, kind: str, field: str) -> SourceDocument:
        """Return the row of a record that is created for a code; add it if there is none.

        If the id of the code is that of a document of the source, return its row, whose `made_for`
        is "".
        """
        self.load_documents([source_id])
        if source_id not in self.rows:
            self.add_document(source_id, kind, made_for=field)
            self.session.flush()
        return self.rows[source_id]

    def store_document(self, row: SourceDocument, document: Document, body: dict[str, Any]) -> None:
        """Store what the source says about a document now.

        If the row was that of a record created for a code with the same id, it becomes the row of
        the document, so that a match of the code does not withdraw the document.
        """
        self.forget_defect(row)
        if row.kind != document.kind:
            row.made_for = ""
        party = party_name(document, self.setup.fields)
        row.kind = document.kind
        row.stage = document.stage
        row.body = body
        row.number = _shorten_for_column(document.number, MAX_NUMBER_LENGTH)
        row.party = _shorten_for_column(party, MAX_PARTY_LENGTH)
        row.date = document.date
        row.due = document.due
        row.total = document.total
        row.currency = _shorten_for_column(document.currency, CURRENCY_LENGTH)
        row.gone = row.gone_at = None
        row.reread = False
        self.codes.add(document)

    def forget_defect(self, row: SourceDocument) -> None:
        """Close the case of a document that can be read again, or that is gone."""
        if not row.unreadable:
            return
        for posting in self.postings(row):
            inbox.close(self.session, build_posting_cause(posting.id, "unreadable"))
        row.unreadable = ""

    def store_defect(self, row: SourceDocument, reason: str) -> None:
        """Store why a document cannot be read now."""
        row.unreadable = reason
        row.gone = row.gone_at = None
        row.reread = False

    def apply(self, plan: DocumentPlan) -> DocumentOutcome:
        """Carry out the plan of one document; return the outcome for the document."""
        row = plan.row
        self.attachment_parents.pop(row, None)
        if plan.reread:
            row.reread = True
        if plan.start_rule is not None:
            row.before_start = plan.start_rule
        self._withdraw_postings(plan)
        for posting_plan in plan.postings:
            self._write_posting(row, posting_plan)
        outcomes = [self._apply_part(row, part) for part in plan.parts]
        if _ends_request(plan, outcomes):
            row.requested_by = ""
        self._apply_cases(plan)
        if plan.attachment_parent:
            self.attachment_parents[row] = plan.attachment_parent
        if plan.outcome:
            return plan.outcome
        return max(outcomes, key=PART_OUTCOMES.index)

    def _withdraw_postings(self, plan: DocumentPlan) -> None:
        """Withdraw the unsent postings that are no longer wanted."""
        for posting, reason in plan.withdrawals:
            transitions.withdraw(self.session, posting, reason)
            if posting.operation == Operation.UPDATE:
                # The update may have been to put back what somebody had edited in QuickBooks.
                compare_transaction_again(self.session, posting)

    def _apply_cases(self, plan: DocumentPlan) -> None:
        """Open and close the cases about postings that stay as they are."""
        for posting, finding in plan.cases:
            case_updates.open_case(self.session, posting, finding)
        for posting in plan.gone_everywhere:
            close_as_gone_everywhere(self.session, posting)
        for posting in plan.of_present_parts:
            inbox.close(self.session, build_former_part_cause(posting.id))

    def _apply_part(self, row: SourceDocument, part: PartPlan) -> DocumentOutcome:
        """Carry out the plan of one part, and remember its attachments; return its outcome."""
        if part.outcome is not None:
            return part.outcome
        posting = self._find_posting_of_part(row, part)
        if part.has_files:
            self.attachment_parents[row] = AttachmentParent(row, part.document, posting)
        return _get_outcome(part, posting)

    def _find_posting_of_part(self, row: SourceDocument, part: PartPlan) -> Posting:
        """Return the posting that represents a part: retried, planned, or the current one."""
        if part.posting is None:
            assert part.current
            return part.current
        if part.to_retry and self._retry(part.to_retry):
            return part.to_retry
        return self._write_posting(row, part.posting)

    def _retry(self, posting: Posting) -> bool:
        """Retry a refused posting in the name of its app; return whether it is sent again."""
        if transitions.retry(self.session, [posting.id], self.setup.app.name) != 1:
            return False
        inbox.detach(self.session, posting)
        return True

    def _write_posting(self, row: SourceDocument, plan: PostingPlanWithFindings) -> Posting:
        """Write a posting to the outbox, and remember the reasons that hold it.

        The outbox may change an unsent posting of the part instead of adding a new one.
        """
        postings = self.postings(row)
        held_ids = {posting.id for posting in postings if posting.state == PostingState.HELD}
        posting = planning.plan_posting(self.session, row, plan, postings=postings)
        if posting not in postings:
            postings.append(posting)
        if posting.state in UNSENT:
            posting.planned_at = self.setup.loaded_at  # by which matches it is planned
        was_held = posting.id in held_ids
        if was_held and posting.state == PostingState.WAITING:
            self.released_ids.append(posting.id)
        self._follow_up(row, posting, plan)
        return posting

    def _follow_up(
        self, row: SourceDocument, posting: Posting, plan: PostingPlanWithFindings
    ) -> None:
        """Remember the reasons that hold a posting; release it if a person has requested it.

        A person may request that a document is posted again after it has left QuickBooks.
        """
        disposition = plan.disposition
        if plan.findings and posting.held_by == disposition.holder:
            self.held.append(HeldPosting(posting, plan.findings))

        is_held = disposition.state is PostingState.HELD or disposition.holder is not Holder.NOBODY
        is_requested = plan.operation.repetition is Repetition.REQUESTED
        if is_requested and not is_held and posting.state in UNSENT:
            planning.approve_when_planned(self.session, posting, row.requested_by)


def _ends_request(plan: DocumentPlan, outcomes: Sequence[DocumentOutcome]) -> bool:
    """Return whether this plan ends a person's request to post a document again.

    It does if the document is no longer wanted, or if no requested part is held. If the request
    stayed, it would also repeat a transaction that somebody removes from QuickBooks much later.
    """
    if plan.outcome in UNWANTED_OUTCOMES:
        return True
    return bool(outcomes) and not _is_repetition_held(plan.parts, outcomes)


def _is_repetition_held(parts: Iterable[PartPlan], outcomes: Iterable[DocumentOutcome]) -> bool:
    """Return whether a part that a person wants posted again is held."""
    for part, outcome in zip(parts, outcomes, strict=True):
        if outcome is not DocumentOutcome.HELD or part.posting is None:
            continue
        if part.posting.operation.repetition is Repetition.REQUESTED:
            return True
    return False


def _get_outcome(part: PartPlan, posting: Posting) -> DocumentOutcome:
    """Return the outcome for a part whose posting is this one now."""
    if posting is part.current:
        return DocumentOutcome.UNCHANGED
    if posting.state == PostingState.HELD:
        return DocumentOutcome.HELD
    if part.current or posting.revision:
        return DocumentOutcome.CHANGED
    return DocumentOutcome.NEW


def _shorten_for_column(text: str | None, max_length: int) -> str:
    """Return a text that a column of this length can hold on every database."""
    if text is None:
        return ""
    without_nulls = text.replace("\x00", "")
    return without_nulls[:max_length]
