"""Control totals: the sums according to the source, as posted, and in QuickBooks.

There is a line for each app, kind, month and currency.
"""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from hub.cases.discrepancies import ABSENT_DISCREPANCIES, Discrepancy
from hub.money import ZERO, round_amount
from hub.outbox import get_sign_of_kind
from hub.posting.reconcile.posted_documents import PostedSummary
from hub.posting.reconcile.totals_lines import Key, TotalsLine


@dataclass
class Sums:
    """The sums of one line; credits count as negative."""

    documents: int = 0
    source: Decimal = ZERO
    posted: Decimal = ZERO
    quickbooks: Decimal = ZERO
    differing: int = 0  # documents that are absent or have another total
    absent: int = 0
    absolute_difference: Decimal = ZERO  # the sum of the absolute differences of the documents
    open_difference: Decimal = ZERO  # its part that nobody has accepted
    unaccepted: Decimal = ZERO  # the same part with signs; positive if QuickBooks has more


class Totals:
    """The lines of one reconciliation: one for each app, kind, month and currency."""

    def __init__(self) -> None:
        self.documents = 0
        self._lines: dict[Key, Sums] = defaultdict(Sums)

    def add(self, summary: PostedSummary, *, is_accepted: bool = False) -> None:
        """Count a document; `is_accepted` says that a person accepted its difference."""
        sign = get_sign_of_kind(summary.kind)
        posted_total = summary.posted_total or ZERO
        # While a change is being sent, QuickBooks may have either version: count the posted total.
        current = posted_total if summary.is_changing else summary.quickbooks_total
        difference = abs(current - posted_total)

        sums = self._lines[summary.slug, summary.kind, summary.period, summary.currency]
        sums.documents += 1
        sums.source += sign * (summary.expected_total or ZERO)
        sums.posted += sign * posted_total
        sums.quickbooks += sign * current
        sums.absolute_difference += difference
        if not is_accepted:
            sums.open_difference += difference
            sums.unaccepted += sign * (current - posted_total)
        if summary.discrepancy != Discrepancy.NONE and not summary.is_changing:
            sums.differing += 1
            sums.absent += summary.discrepancy in ABSENT_DISCREPANCIES
        self.documents += 1

    def lines(self) -> list[TotalsLine]:
        """Return the lines in the order of app, kind, month and currency."""
        return [_build_totals_line(key, sums) for key, sums in sorted(self._lines.items())]


def _build_totals_line(key: Key, sums: Sums) -> TotalsLine:
    """Return a line with its amounts rounded to the decimals of the currency."""
    app, kind, period, currency = key
    cents = partial(round_amount, currency=currency)
    return TotalsLine(
        app=app,
        kind=kind,
        period=period,
        currency=currency,
        documents=sums.documents,
        differing=sums.differing,
        absent=sums.absent,
        source=cents(sums.source),
        posted=cents(sums.posted),
        quickbooks=cents(sums.quickbooks),
        difference=cents(sums.quickbooks - sums.posted),
        absolute_difference=cents(sums.absolute_difference),
        open_difference=cents(sums.open_difference),
        unaccepted=cents(sums.unaccepted),
    )
