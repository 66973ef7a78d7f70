"""Control totals: what the source says, what was posted and what QuickBooks has.

There is a line for each app, kind, month and currency.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.cases.discrepancies import ABSENCES, Discrepancy
from hub.money import ZERO, to_cents
from hub.outbox import statistics
from hub.posting.reconcile.posted_documents import PostedSummary

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
    unaccepted: Decimal = ZERO  # the same part with signs: what QuickBooks has more


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
            sums.unaccepted += sign * (current - posted)
        if summary.discrepancy != Discrepancy.NONE and not summary.is_changing:
            sums.differing += 1
            sums.absent += summary.discrepancy in ABSENCES
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
        "unaccepted": sums.unaccepted,
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


def sum_differences(lines: Iterable[Mapping[str, str]]) -> dict[str, Decimal]:
    """Add up by currency how much more QuickBooks has; what a person accepted does not count.

    Differences that go both ways cancel each other out; `open_currencies` counts them all the same.
    """
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for line in lines:
        sums[line["currency"]] += Decimal(line.get("unaccepted", _unaccepted_of(line)))
    return dict(sums)


def _unaccepted_of(line: Mapping[str, str]) -> str:
    """Return the open difference of a line of an older version, which stored no sign for it."""
    is_accepted = "open" in line and not Decimal(line["open"])
    return "0" if is_accepted else line["difference"]


def open_currencies(lines: Iterable[Mapping[str, str]]) -> list[str]:
    """Return the currencies in which a document differs, unless a person accepted it."""
    currencies = set()
    for line in lines:
        # A reconciliation of an older version did not store which part was accepted.
        if Decimal(line.get("open", line["difference"])):
            currencies.add(line["currency"])
    return sorted(currencies)
