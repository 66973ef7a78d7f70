"""Control totals: by app, kind, month and currency what the source says, what was posted and what QuickBooks holds."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.money import ZERO, to_cents
from hub.outbox import CREDITS
from hub.posting.reconcile.posted_documents import PostedSummary

Key = tuple[str, str, str, str]  # app, kind, period, currency


@dataclass
class Sums:
    """The sums of one line; credits count as negative."""

    documents: int = 0
    source: Decimal = ZERO
    posted: Decimal = ZERO
    quickbooks: Decimal = ZERO
    differing: int = 0  # documents that are away or have another total
    apart: Decimal = ZERO  # their differences, whichever way each goes
    open: Decimal = ZERO  # of that, what nobody has looked at and let stand


class Totals:
    """The lines of one proof; as many as there are months and kinds, however many documents."""

    def __init__(self) -> None:
        self.documents = 0
        self._lines: dict[Key, Sums] = defaultdict(Sums)

    def add(self, one: PostedSummary, *, accepted: bool = False) -> None:
        """Counts a document."""
        sums = self._lines[one.slug, one.kind, one.period, one.currency]
        sign = -1 if one.kind in CREDITS else 1
        posted = one.total or ZERO
        held = posted if one.busy else one.held  # what is half done is neither here nor there
        self.documents += 1
        sums.documents += 1
        sums.source += sign * (one.whole or ZERO)
        sums.posted += sign * posted
        sums.quickbooks += sign * held
        sums.differing += bool(one.trouble) and not one.busy
        sums.apart += abs(held - posted)
        sums.open += ZERO if accepted else abs(held - posted)

    def lines(self) -> list[dict[str, Any]]:
        """As plain JSON, money as text."""
        return [_line(key, sums) for key, sums in sorted(self._lines.items())]


def _line(key: Key, sums: Sums) -> dict[str, Any]:
    app, kind, period, currency = key
    amounts = {
        "source": sums.source,
        "posted": sums.posted,
        "quickbooks": sums.quickbooks,
        "difference": sums.quickbooks - sums.posted,
        "apart": sums.apart,
        "open": sums.open,
    }
    told = {name: str(to_cents(amount, currency or "USD")) for name, amount in amounts.items()}
    about = {"app": app, "kind": kind, "period": period, "currency": currency}
    return {**about, "documents": sums.documents, "differing": sums.differing, **told}


def differences(lines: Iterable[Mapping[str, str]]) -> dict[str, Decimal]:
    """Add up by currency, without their signs, the differences that nobody has accepted."""
    sums: dict[str, Decimal] = {}
    for line in lines:
        # A proof of an older version did not store which part was accepted.
        unaccepted = line.get("open", line["difference"])
        sums[line["currency"]] = sums.get(line["currency"], ZERO) + abs(Decimal(unaccepted))
    return sums
