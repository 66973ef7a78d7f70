"""The plan for a document, which `planning` makes and `CollectBatch.apply` carries out."""

from dataclasses import dataclass, field
from typing import NamedTuple

from hub.cases.findings import Finding
from hub.contract.documents import Document
from hub.contract.value_object import value_object
from hub.mapping import MatchedParty, NewRecord
from hub.models import Posting, SourceDocument
from hub.models.enums import DocumentOutcome, StartRule
from hub.outbox.plan_values import Content, Disposition, PartOperation, PostingPlan
from hub.reasons.texts import CaseText


class Withdrawal(NamedTuple):
    """An unsent posting that is no longer wanted."""

    posting: Posting
    reason: CaseText


class PostingCase(NamedTuple):
    """A case about a posting that stays as it is."""

    posting: Posting
    finding: Finding


class AttachmentParent(NamedTuple):
    """A document whose attachments are to be planned, and the posting that they belong to."""

    row: SourceDocument
    document: Document
    posting: Posting


@value_object
class PostingPlanWithFindings(PostingPlan):
    """A posting to write to the outbox, and the findings that open its cases."""

    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PartPlan:
    """The plan for one part of a document that is mapped.

    - `has_files`: whether the files of the document belong to this part; one part of a document has
      them.
    - `outcome`: set if nothing happens to the part.
    - `current`: the posting that the part keeps if no `posting` is planned.
    - `to_retry`: a posting that QuickBooks refused; it is retried instead of planned again.
    """

    document: Document
    has_files: bool = False
    outcome: DocumentOutcome | None = None
    current: Posting | None = None
    posting: PostingPlanWithFindings | None = None
    to_retry: Posting | None = None


@dataclass
class DocumentPlan:
    """The plan for one document, from its state at the source.

    Without an `outcome`, the parts determine it.
    """

    row: SourceDocument
    outcome: DocumentOutcome | None = None
    reread: bool = False  # read the document again once a posting under way is settled
    withdrawals: list[Withdrawal] = field(default_factory=list)
    postings: list[PostingPlanWithFindings] = field(default_factory=list)
    parts: list[PartPlan] = field(default_factory=list)
    cases: list[PostingCase] = field(default_factory=list)
    # Postings whose transactions have left QuickBooks, and which the source does not have either.
    gone_everywhere: list[Posting] = field(default_factory=list)
    # The postings of the parts that the document has now, if it was ever split.
    of_present_parts: list[Posting] = field(default_factory=list)
    # An unchanged document that is posted, if only its attachments are to be planned.
    attachment_parent: AttachmentParent | None = None
    start_rule: StartRule | None = None  # None if it stays as it is
    # Records whose postings have to be planned before the document is planned again.
    new_records: list[NewRecord] = field(default_factory=list)
    matched_parties: list[MatchedParty] = field(default_factory=list)

    def withdraw(self, posting: Posting, reason: CaseText) -> None:
        """Plan to withdraw an unsent posting."""
        self.withdrawals.append(Withdrawal(posting, reason))

    def add_posting(
        self,
        operation: PartOperation,
        content: Content,
        disposition: Disposition,
        findings: tuple[Finding, ...] = (),
    ) -> None:
        """Plan a posting."""
        self.postings.append(
            PostingPlanWithFindings(
                operation=operation, content=content, disposition=disposition, findings=findings
            )
        )

    def open_case(self, posting: Posting, finding: Finding) -> None:
        """Plan a case about a posting that stays as it is."""
        case = PostingCase(posting, finding)
        self.cases.append(case)
