"""The newest reconciliation of a company as the pages show it, with every difference."""

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.context import current
from hub.models import Run
from hub.models.enums import RunKind, RunOutcome
from hub.money import ZERO
from hub.posting.reconcile.control_totals import differences

SUM_NAMES = ("source", "posted", "quickbooks", "difference", "differing", "apart", "open")
MAX_AGE = dt.timedelta(
    hours=36
)  # a proof of last night, or of the night before while this one's is under way


@dataclass(frozen=True)
class ReconciliationSummary:
    """The result of a reconciliation; `differences` are by currency.

    All differences count, whichever way they go. `failed` is why a later reconciliation could not
    be done.
    """

    run_id: int
    at: dt.datetime
    documents: int
    matching: int
    troubles: int
    accepted: int
    differences: dict[str, Decimal]
    sums: list[dict[str, Any]]
    failed: str = ""

    @property
    def is_good(self) -> bool:
        """Tell whether nothing was missing and all totals agreed."""
        if self.troubles:
            return False
        return not any(self.differences.values())

    @property
    def stated_differences(self) -> dict[str, Decimal]:
        """Return the differences to state.

        Currencies without a difference are left out; if none differs, zero is stated once.
        """
        nonzero = {currency: amount for currency, amount in self.differences.items() if amount}
        if nonzero:
            return nonzero
        return self.differences if len(self.differences) == 1 else {"": ZERO}

    @property
    def is_fresh(self) -> bool:
        """Tell whether it succeeded recently enough to count."""
        if self.failed:
            return False
        age = current().clock.now() - self.at
        return age <= MAX_AGE


def newest(session: Session, company_id: int) -> ReconciliationSummary | None:
    """Return the reconciliation that ended last, None before the first."""
    query = (
        select(Run)
        .where(Run.company_id == company_id, Run.kind == RunKind.RECONCILE)
        .order_by(Run.id.desc())
        .limit(1)
    )
    run = session.scalar(query.where(Run.outcome == RunOutcome.DONE))
    if run is None or not run.counts.get("proved_at"):
        return None
    is_later_failure = (Run.outcome == RunOutcome.STOPPED, Run.id > run.id)
    failure = session.scalar(query.where(*is_later_failure))
    if failure is None:
        return read(run)
    return replace(read(run), failed=failure.error)


def read(run: Run) -> ReconciliationSummary:
    """Return the result that a reconciliation run stored."""
    counts: dict[str, Any] = run.counts
    return ReconciliationSummary(
        run_id=run.id,
        at=dt.datetime.fromisoformat(counts["proved_at"]),
        documents=counts["documents"],
        matching=counts["found"],
        troubles=counts["troubles"],
        accepted=counts["accepted"],
        differences=differences(counts["totals"]),
        sums=_by_currency(counts["totals"]),
    )


def _by_currency(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add up the control totals by currency; one row for each, in the order of their codes."""
    sums: dict[str, dict[str, Any]] = {}
    for line in lines:
        currency = line["currency"]
        if currency not in sums:
            sums[currency] = {"currency": currency, "documents": 0}
            sums[currency] |= dict.fromkeys(SUM_NAMES, ZERO)
        row = sums[currency]
        row["documents"] += line["documents"]
        for name in SUM_NAMES:
            row[name] += Decimal(line.get(name, 0))
    return [sums[currency] for currency in sorted(sums)]
