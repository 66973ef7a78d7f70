"""Receipts: the reports to a source about its documents."""

import datetime as dt
from decimal import Decimal
from typing import Literal

from hub.contract.documents import Kind
from hub.contract.states import ReceiptState, ReceiptStateName
from hub.contract.value_object import value_object

Cause = Literal["match", "source", "check", "currency", "quickbooks", "person"]


@value_object
class Receipt:
    """A state of a document that is reported to the source.

    Receipts are ordered by `at`. `paid` is the amount paid so far.

    `cause` is the reason for a hold: a code without a match, a hold by the source, a check before
    sending, a currency that QuickBooks or the party there does not have, a refusal by QuickBooks,
    or a decision that a person must make.

    `missing` means that the document is no longer in QuickBooks: somebody deleted or voided it
    there, or a person removed it with the hub. An app without `missing` in its `wants` gets `held`
    after such a removal.
    """

    state: ReceiptState | ReceiptStateName
    at: dt.datetime
    cause: Cause | None = None
    kind: Kind | None = None
    id: str | None = None
    number: str | None = None
    url: str | None = None
    message: str | None = None
    paid: Decimal | None = None
    paid_on: dt.date | None = None

    def __post_init__(self) -> None:
        """Turn a state that is a plain word into a ReceiptState."""
        object.__setattr__(self, "state", ReceiptState(self.state))
