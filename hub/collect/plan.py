"""What the planners decide for a document; `CollectBatch.apply` carries it out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hub.collect.cases import Hold
from hub.contract.documents import Document
from hub.models import Posting, SourceDocument
from hub.models.enums import DocumentOutcome, Holder, PostingState


class Withdrawal(NamedTuple):
    """An unsent posting that is no longer wanted."""

    posting: Posting
    reason: str


class PostingCase(NamedTuple):
    """A case about a posting that stays as it is."""

    posting: Posting
    hold: Hold


@dataclass(frozen=True, kw_only=True)
class PostingPlan:
    """A posting to write to the outbox, and the reasons that hold it."""

    values: Mapping[str, Any]  # the arguments of `outbox.plan`
    holds: tuple[Hold, ...] = ()
    approved_by: str = ""  # the person who wants the document posted again


@dataclass(frozen=True, kw_only=True)
class PartPlan:
    """What happens to one part of a document that is mapped.

    The part keeps its `current` posting if there is no `posting` to plan. A `refused` posting is
    retried instead of planned again.
    """

    document: Document
    part: str
    outcome: DocumentOutcome | None = None  # set if nothing happens to the part
    current: Posting | None = None
    posting: PostingPlan | None = None
    refused: Posting | None = None


@dataclass
class DocumentPlan:
    """All that follows from what the source says about one document.

    Without an `outcome`, the parts determine it.
    """

    row: SourceDocument
    outcome: DocumentOutcome | None = None
    reread: bool = False  # ask the source again, once a posting under way is settled
    withdrawals: list[Withdrawal] = field(default_factory=list)
    postings: list[PostingPlan] = field(default_factory=list)
    parts: list[PartPlan] = field(default_factory=list)
    cases: list[PostingCase] = field(default_factory=list)
    attachment_parent: tuple[Document, Posting] | None = None  # posted already, as it is

    def withdraw(self, posting: Posting, reason: str) -> None:
        """Plan to withdraw an unsent posting."""
        self.withdrawals.append(Withdrawal(posting, reason))

    def add_posting(self, *holds: Hold, **values: Any) -> None:
        """Plan a posting with these arguments of `outbox.plan`."""
        self.postings.append(PostingPlan(values=values, holds=holds))

    def open_case(self, posting: Posting, hold: Hold) -> None:
        """Plan a case about a posting that stays as it is."""
        self.cases.append(PostingCase(posting, hold))


def empty_content(state: PostingState, holder: Holder, reason: str) -> dict[str, Any]:
    """Return the content of a posting that has no bytes to send, as arguments of `outbox.plan`."""
    return {"payload": b"", "meaning": {}, "state": state, "hold": holder, "reason": reason}
