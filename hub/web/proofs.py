"""The newest nightly proof of a company as the pages show it: when, how many of how many, and every difference."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.models import Run
from hub.money import ZERO


@dataclass(frozen=True)
class Proved:
    """What a proof found: `differences` are by currency, and all of them count, whichever way they go."""

    run_id: int
    at: dt.datetime
    documents: int
    found: int
    wrong: int
    differences: dict[str, Decimal]

    @property
    def is_good(self) -> bool:
        return self.found == self.documents and not self.wrong and not any(self.differences.values())


def newest(session: Session, company_id: int) -> Proved | None:
    """The proof that ended last, None before the first."""
    mine = Run.company_id == company_id, Run.kind == "reconcile", Run.outcome == "done"
    run = session.scalar(select(Run).where(*mine).order_by(Run.id.desc()).limit(1))
    return read(run) if run and run.counts.get("proved_at") else None


def read(run: Run) -> Proved:
    """The proof that a run of that kind kept."""
    counts: dict[str, Any] = run.counts
    differences: dict[str, Decimal] = {}
    for line in counts["totals"]:
        differences[line["currency"]] = differences.get(line["currency"], ZERO) + abs(Decimal(line["difference"]))
    return Proved(
        run_id=run.id,
        at=dt.datetime.fromisoformat(counts["proved_at"]),
        documents=counts["documents"],
        found=counts["found"],
        wrong=len(counts["wrong"]) + len(counts["strangers"]),
        differences=differences,
    )
