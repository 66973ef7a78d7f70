"""Control totals: by app, kind, month and currency what the source says, what was posted and what QuickBooks holds."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.money import ZERO, to_cents
from hub.outbox import CREDITS
from hub.posting.standing import Stands

Key = tuple[str, str, str, str]  # app, kind, period, currency


@dataclass
class Sums:
    """The sums of one line; credits count as negative."""

    documents: int = 0
    source: Decimal = ZERO
    posted: Decimal = ZERO
    quickbooks: Decimal = ZERO
    accepted: Decimal = ZERO  # of the difference, what people have looked at and let stand


class Totals:
    """The lines of one proof; as many as there are months and kinds, however many documents."""

    def __init__(self) -> None:
        self.documents = 0
        self._lines: dict[Key, Sums] = defaultdict(Sums)

    def add(self, one: Stands, *, accepted: bool = False) -> None:
        """Counts a document."""
        posting = one.posting
        sums = self._lines[posting.document.slug, posting.kind, _period(one), posting.currency]
        sign = -1 if posting.kind in CREDITS else 1
        whole = posting.total if posting.part or posting.document.total is None else posting.document.total
        posted = one.total or ZERO
        held = posted if one.busy else one.held  # what is half done is neither here nor there
        self.documents += 1
        sums.documents += 1
        sums.source += sign * (whole or ZERO)
        sums.posted += sign * posted
        sums.quickbooks += sign * held
        sums.accepted += sign * (held - posted) if accepted else ZERO

    def lines(self) -> list[dict[str, Any]]:
        """As plain JSON, money as text."""
        return [_line(key, sums) for key, sums in sorted(self._lines.items())]


def _period(one: Stands) -> str:
    """The month that it is dated in."""
    dated = (one.newest.meaning or {}).get("date") or one.posting.document.date
    return str(dated or "")[:7]


def _line(key: Key, sums: Sums) -> dict[str, Any]:
    app, kind, period, currency = key
    amounts = {
        "source": sums.source, "posted": sums.posted, "quickbooks": sums.quickbooks,
        "difference": sums.quickbooks - sums.posted, "accepted": sums.accepted,
    }  # fmt: skip
    told = {name: str(to_cents(amount, currency or "USD")) for name, amount in amounts.items()}
    return {"app": app, "kind": kind, "period": period, "currency": currency, "documents": sums.documents, **told}
