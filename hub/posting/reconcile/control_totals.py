"""Control totals: what the source says, what was posted and what QuickBooks has.

There is a line for each app, kind, month and currency.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.money import ZERO, to_cents
from hub.outbox import statistics
from hub.posting.reconcile.posted_documents import ABSENT, Discrepancy, PostedSummary

Key = tuple[str, str, str, str]  # app, kind, period, currency


@dataclass
class Sums:
    """The sums of one line; credits count as negative."""

    documents: int = 0
    source: Decimal = ZERO
    posted: Decimal = ZERO
    quickbooks: Decimal = ZERO
    differing: int = 0  # documents that are absent or have another total
    absent: int = 0
    absolute_difference: Decimal = ZERO  # of all documents, whether QuickBooks has more or less
    open_difference: Decimal = ZERO  # the part of it that nobody has accepted


class Totals:
    """The lines of one reconciliation: one for each app, kind, month and currency."""

    def __init__(self) -> None:
        self.documents = 0
        self._lines: dict[Key, Sums] = defaultdict(Sums)

    def add(self, summary: PostedSummary, *, accepted: bool = False) -> None:
        """Count a document; `accepted` says that a person accepted its difference."""
        sign = statistics.sign_of_kind(summary.kind)
        posted = summary.posted_total or ZERO
        # QuickBooks may show half of a change that is under way, so the document counts as posted.
        current = posted if summary.is_changing else summary.quickbooks_total
        difference = abs(current - posted)

        sums = self._lines[summary.slug, summary.kind, summary.period, summary.currency]
        sums.documents += 1
        sums.source += sign * (summary.expected_total or ZERO)
        sums.posted += sign * posted
        sums.quickbooks += sign * current
        sums.absolute_difference += difference
        if not accepted:
            sums.open_difference += difference
        if summary.discrepancy != Discrepancy.NONE and not summary.is_changing:
            sums.differing += 1
            sums.absent += summary.discrepancy in ABSENT
        self.documents += 1

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines as plain JSON, money as text."""
        return [_as_json(key, sums) for key, sums in sorted(self._lines.items())]


def _as_json(key: Key, sums: Sums) -> dict[str, Any]:
    app, kind, period, currency = key
    amounts = {
        "source": sums.source,
        "posted": sums.posted,
        "quickbooks": sums.quickbooks,
        "difference": sums.quickbooks - sums.posted,
        "apart": sums.absolute_difference,
        "open": sums.open_difference,
    }
    line: dict[str, Any] = {
        "app": app,
        "kind": kind,
        "period": period,
        "currency": currency,
        "documents": sums.documents,
        "differing": sums.differing,
        "absent": sums.absent,
    }
    for name, amount in amounts.items():
        line[name] = str(to_cents(amount, currency or "USD"))
    return line


def count_differing(lines: Iterable[Mapping[str, Any]]) -> int:
    """Return how many documents differ from QuickBooks, those that it does not have included."""
    return sum(int(line.get("differing", 0)) for line in lines)


def differences(lines: Iterable[Mapping[str, str]]) -> dict[str, Decimal]:
    """Add up by currency the differences that nobody has accepted.

    The sum is negative if QuickBooks has less in every line. Differences that go both ways do not
    cancel each other out: they are added up without their signs.
    """
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    signed_sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for line in lines:
        # A reconciliation of an older version did not store which part was accepted.
        unaccepted = line.get("open", line["difference"])
        sums[line["currency"]] += abs(Decimal(unaccepted))
        signed_sums[line["currency"]] += Decimal(line["difference"])
    for currency, signed_sum in signed_sums.items():
        if signed_sum == -sums[currency]:
            sums[currency] = signed_sum
    return dict(sums)
