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

    The state `missing` means that the document is no longer in QuickBooks: somebody deleted or
    voided it there, or a person removed it with the hub. An app without `missing` in its `wants`
    gets `held` after such a removal.

    - `at`: the time of the state, by which receipts are ordered.
    - `cause`: why the document is held: a code without a match ("match"), its source ("source"), a
      check before sending ("check"), a currency that QuickBooks or the party there does not have
      ("currency"), a refusal by QuickBooks ("quickbooks"), or a decision of a person ("person").
    - `kind`, `id`, `number` and `url`: of the transaction in QuickBooks.
    - `message`: the reason or a remark, for people.
    - `paid`: the amount paid so far; `paid_on`: the date of the last payment.
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
