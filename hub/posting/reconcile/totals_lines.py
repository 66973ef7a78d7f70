"""The lines of control totals that a reconciliation stores, and their sums."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from hub.money import ZERO

Key = tuple[str, str, str, str]  # app, kind, period, currency
# The attributes that are added up.
SUMMED_FIELDS = (
    "documents",
    "differing",
    "absent",
    "source",
    "posted",
    "quickbooks",
    "difference",
    "absolute_difference",
    "open_difference",
    "unaccepted",
)


@dataclass(frozen=True, kw_only=True)
class TotalsLine:
    """The sums of one app, kind, month and currency; those of credits are negative.

    `difference` is the total in QuickBooks less the posted total, and `unaccepted` the part of it
    that nobody has accepted. `absolute_difference` and `open_difference` are the same without
    signs.
    """

    app: str
    kind: str
    period: str
    currency: str
    documents: int
    differing: int
    absent: int
    source: Decimal
    posted: Decimal
    quickbooks: Decimal
    difference: Decimal
    absolute_difference: Decimal
    open_difference: Decimal
    unaccepted: Decimal

    @classmethod
    def load(cls, stored_line: Mapping[str, Any]) -> "TotalsLine":
        """Return the line that `dump` or an older version stored.

        The oldest version stored neither the number of documents that differ nor which part of a
        difference was accepted; all of it then counts as open.
        """
        difference = Decimal(stored_line["difference"])
        open_difference = Decimal(stored_line.get("open", abs(difference)))
        unaccepted_difference = difference if open_difference else ZERO
        return cls(
            app=stored_line["app"],
            kind=stored_line["kind"],
            period=stored_line["period"],
            currency=stored_line["currency"],
            documents=stored_line["documents"],
            differing=stored_line.get("differing", 0),
            absent=stored_line.get("absent", 0),
            source=Decimal(stored_line["source"]),
            posted=Decimal(stored_line["posted"]),
            quickbooks=Decimal(stored_line["quickbooks"]),
            difference=difference,
            absolute_difference=Decimal(stored_line.get("apart", abs(difference))),
            open_difference=open_difference,
            unaccepted=Decimal(stored_line.get("unaccepted", unaccepted_difference)),
        )

    def dump(self) -> dict[str, Any]:
        """Return the line as plain JSON, money as text."""
        return {
            "app": self.app,
            "kind": self.kind,
            "period": self.period,
            "currency": self.currency,
            "documents": self.documents,
            "differing": self.differing,
            "absent": self.absent,
            "source": str(self.source),
            "posted": str(self.posted),
            "quickbooks": str(self.quickbooks),
            "difference": str(self.difference),
            "apart": str(self.absolute_difference),
            "open": str(self.open_difference),
            "unaccepted": str(self.unaccepted),
        }

    def plus(self, other: "TotalsLine") -> "TotalsLine":
        """Return the line with the sums of another one added."""
        sums = {name: getattr(self, name) + getattr(other, name) for name in SUMMED_FIELDS}
        return replace(self, **sums)


def add_up(lines: Iterable[TotalsLine]) -> list[TotalsLine]:
    """Return one line for each app, kind, period and currency, in the order of these."""
    sums: dict[Key, TotalsLine] = {}
    for line in lines:
        key = line.app, line.kind, line.period, line.currency
        sums[key] = sums[key].plus(line) if key in sums else line
    return [sums[key] for key in sorted(sums)]


def count_differing(lines: Iterable[TotalsLine]) -> int:
    """Return how many documents differ from QuickBooks, including those that it does not have."""
    return sum(line.differing for line in lines)


def sum_differences(lines: Iterable[TotalsLine]) -> dict[str, Decimal]:
    """Return, by currency, how much more QuickBooks has, without accepted differences.

    Opposite differences cancel each other out; `open_currencies` finds them nevertheless.
    """
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for line in lines:
        sums[line.currency] += line.unaccepted
    return dict(sums)


def open_currencies(lines: Iterable[TotalsLine]) -> list[str]:
    """Return the currencies in which a document differs, unless a person accepted it."""
    return sorted({line.currency for line in lines if line.open_difference})
