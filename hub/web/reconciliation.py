"""The newest nightly proof of a company as the pages show it: when, how many of how many, and every difference."""

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.context import current
from hub.models import Run
from hub.money import ZERO
from hub.posting.reconcile.control_totals import differences

SUMMED = ("source", "posted", "quickbooks", "difference", "differing", "apart", "open")
FRESH = dt.timedelta(
    hours=36
)  # a proof of last night, or of the night before while this one's is under way


@dataclass(frozen=True)
class Proved:
    """What a proof found: `differences` are by currency, and all of them count, whichever way they go.

    `failed` is why a later one could not be done.
    """

    run_id: int
    at: dt.datetime
    documents: int
    found: int
    troubles: int
    accepted: int
    differences: dict[str, Decimal]
    sums: list[dict[str, Any]]
    failed: str = ""

    @property
    def is_good(self) -> bool:
        return not self.troubles and not any(self.differences.values())

    @property
    def told(self) -> dict[str, Decimal]:
        """The differences worth saying: those that are none only where there is no other, and then in one word."""
        found = {currency: amount for currency, amount in self.differences.items() if amount}
        return found or (self.differences if len(self.differences) == 1 else {"": ZERO})

    @property
    def is_fresh(self) -> bool:
        return not self.failed and current().clock.now() - self.at <= FRESH


def newest(session: Session, company_id: int) -> Proved | None:
    """The proof that ended last, None before the first."""
    mine = (
        select(Run)
        .where(Run.company_id == company_id, Run.kind == "reconcile")
        .order_by(Run.id.desc())
        .limit(1)
    )
    run = session.scalar(mine.where(Run.outcome == "done"))
    if run is None or not run.counts.get("proved_at"):
        return None
    failed = session.scalar(mine.where(Run.outcome == "stopped", Run.id > run.id))
    return replace(read(run), failed=failed.error if failed else "")


def read(run: Run) -> Proved:
    """The proof that a run of that kind kept."""
    counts: dict[str, Any] = run.counts
    return Proved(
        run_id=run.id,
        at=dt.datetime.fromisoformat(counts["proved_at"]),
        documents=counts["documents"],
        found=counts["found"],
        troubles=counts["troubles"],
        accepted=counts["accepted"],
        differences=differences(counts["totals"]),
        sums=_by_currency(counts["totals"]),
    )


def _by_currency(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The control totals added up."""
    found: dict[str, dict[str, Any]] = {}
    for line in lines:
        sum = found.setdefault(line["currency"], dict.fromkeys(SUMMED, ZERO) | {"documents": 0})
        sum["documents"] += line["documents"]
        for name in SUMMED:
            sum[name] += Decimal(line.get(name, 0))
    return [{"currency": currency, **sum} for currency, sum in sorted(found.items())]
