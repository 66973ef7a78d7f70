"""The plan from which `planning` writes a posting: its operation, content and first state."""

from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from hub.contract.value_object import value_object
from hub.models.enums import Holder, Operation, PostingState
from hub.outbox.identity import compute_fingerprint
from hub.reasons.texts import CaseText


class RemovalSummary(NamedTuple):
    """The stored summary of a removal: the person who requested it; "" if the source did."""

    removed_by: str = ""

    @classmethod
    def load(cls, values: Mapping[str, Any] | None) -> "RemovalSummary":
        """Return the summary that `dump` stored; an empty one for a removal by the source."""
        if not values:
            return cls()
        return cls(removed_by=str(values.get("removed_by", "")))

    def dump(self) -> dict[str, Any]:
        """Return the summary as plain JSON."""
        return self._asdict()


class Repetition(StrEnum):
    """Who requests that a part is posted again after its transaction has left QuickBooks."""

    NONE = ""
    OFFERED = "offered"  # its source
    REQUESTED = "requested"  # a person, who may also have skipped it


@value_object
class PartOperation:
    """One operation on one part of a document."""

    operation: Operation
    part: str = ""
    base: str = "0"  # the id and SyncToken that a change is written against
    quickbooks_id: str | None = None
    repetition: Repetition = Repetition.NONE

    @classmethod
    def of_change(
        cls,
        operation: Operation,
        quickbooks_id: str,
        sync_token: str,
        *,
        part: str,
        repetition: Repetition = Repetition.NONE,
    ) -> "PartOperation":
        """Return the operation that changes or removes a transaction as of this version."""
        return cls(
            operation=operation,
            part=part,
            base=f"{quickbooks_id}:{sync_token}",
            quickbooks_id=quickbooks_id,
            repetition=repetition,
        )


def get_target_id(base: str) -> str:
    """Return the QuickBooks id in the base of an operation; "0" for the base of a creation."""
    return base.partition(":")[0]


@value_object
class Content:
    """The payload of a posting, and the facts by which it is listed and compared."""

    kind: str
    payload: bytes = b""
    stored_summary: dict[str, Any] = field(default_factory=dict)
    number: str = ""
    total: Decimal | None = None
    currency: str = ""
    warnings: tuple[str, ...] = ()
    after_id: int | None = None  # the posting whose id the payload waits for

    @property
    def fingerprint(self) -> str:
        """Return the hash of the payload, by which an approval identifies it."""
        return compute_fingerprint(self.payload)


@value_object
class Disposition:
    """The state in which a posting begins, who holds it there, and why."""

    state: PostingState
    holder: Holder = Holder.NOBODY
    reasons: tuple[CaseText, ...] = ()


@value_object
class PostingPlan:
    """A posting to write: its operation, the bytes to send, and the state in which it begins."""

    operation: PartOperation
    content: Content
    disposition: Disposition
