"""Stages, states of receipts, and policies: enums, and the plain words that plugins may write."""

from enum import StrEnum
from typing import Literal

StageName = Literal["ready", "pending", "update_only", "closed"]
ReceiptStateName = Literal[
    "queued", "posted", "part_paid", "paid", "held", "failed", "changed", "missing"
]
GonePolicyName = Literal["case", "void", "delete", "close", "leave"]


class Stage(StrEnum):
    """The progress of a document at its source; `Document.stage` accepts the plain words too."""

    READY = "ready"
    PENDING = "pending"  # not wanted in the books yet
    UPDATE_ONLY = "update_only"  # never creates; updates what is posted
    CLOSED = "closed"  # never to be posted


class ReceiptState(StrEnum):
    """The states that receipts report; `App.wants` accepts the plain words too."""

    QUEUED = "queued"  # checked, and not sent yet
    POSTED = "posted"
    PART_PAID = "part_paid"
    PAID = "paid"
    HELD = "held"
    FAILED = "failed"  # QuickBooks refused it
    CHANGED = "changed"  # others changed it in QuickBooks
    MISSING = "missing"  # it is no longer in QuickBooks


class GonePolicy(StrEnum):
    """What happens to a posted document that disappears at its source, as `App.gone` says."""

    CASE = "case"  # a person is asked
    VOID = "void"
    DELETE = "delete"
    CLOSE = "close"  # an order is closed; about others a person is asked
    LEAVE = "leave"

    @classmethod
    def _missing_(cls, value: object) -> "GonePolicy":
        """Ask a person if a setting that decides has no value."""
        return cls.CASE
