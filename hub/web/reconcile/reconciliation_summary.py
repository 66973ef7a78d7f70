"""The newest reconciliation of a company as the pages show it, with every difference."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.models import ConnectedCompany, Run
from hub.models.enums import RunKind, RunOutcome
from hub.money import ZERO
from hub.posting.reconcile.result import ReconciliationResult, load_result
from hub.posting.reconcile.totals_lines import (
    TotalsLine,
    add_up,
    count_differing,
    open_currencies,
    sum_differences,
)

MAX_AGE = dt.timedelta(hours=36)  # last night's, or that of the night before while one is under way


@dataclass(frozen=True)
class ReconciliationSummary:
    """The result of a reconciliation; `differences` are by currency.

    `open_currencies` are those in which documents differ, even if their sum does not. `failed` is
    why a later reconciliation could not be done, and `unread` the number of documents of the
    company that could not be compared.
    """

    run_id: int
    at: dt.datetime
    documents: int
    matching: int
    troubles: int
    accepted: int
    differences: dict[str, Decimal]
    open_currencies: list[str]
    sums: list[TotalsLine]  # one for each currency
    unread: int = 0
    failed: str = ""

    @property
    def is_good(self) -> bool:
        """Return whether nothing was missing and all totals agreed."""
        if self.troubles:
            return False
        return self.is_exact

    @property
    def is_exact(self) -> bool:
        """Return whether no total differs in any currency."""
        return not self.open_currencies

    @property
    def differing(self) -> int:
        """Return how many documents differ by an amount; 0 if the run did not count them."""
        return count_differing(self.sums)

    @property
    def open_differing(self) -> int:
        """Return how many of them nobody has accepted."""
        return max(self.differing - self.accepted, 0)

    @property
    def stated_differences(self) -> dict[str, Decimal]:
        """Return the differences to state.

        Currencies without a difference are left out; if none differs, zero is stated once.
        """
        if self.open_currencies:
            return {currency: self.differences[currency] for currency in self.open_currencies}
        return self.differences if len(self.differences) == 1 else {"": ZERO}

    @property
    def is_fresh(self) -> bool:
        """Return whether it succeeded recently enough to count."""
        if self.failed:
            return False
        age = current_hub().clock.now() - self.at
        return age <= MAX_AGE


def load_newest_reconciliations(
    session: Session, company_ids: Collection[int]
) -> dict[int, ReconciliationSummary]:
    """Return the reconciliation of each company that ended last; none before the first."""
    newest_runs = load_newest_runs(session, company_ids, RunKind.RECONCILE, RunOutcome.DONE)
    stopped_runs = load_newest_runs(session, company_ids, RunKind.RECONCILE, RunOutcome.STOPPED)
    summaries = {}
    for company_id, run in newest_runs.items():
        result = load_result(run)
        if result is None:
            continue
        summary = summarize(run, result)
        failure = stopped_runs.get(company_id)
        if failure is not None and failure.id > run.id:
            summary = replace(summary, failed=failure.error)
        summaries[company_id] = summary
    return summaries


def load_newest_runs(
    session: Session, company_ids: Collection[int], kind: str, outcome: str | None = None
) -> dict[int, Run]:
    """Return the newest run of a kind of each company, of any outcome or of this one.

    The index is entered once for each company, however many runs it has.
    """
    newest = (
        select(Run.id)
        .where(Run.company_id == ConnectedCompany.id, Run.kind == kind)
        .order_by(Run.id.desc())
        .limit(1)
        .correlate(ConnectedCompany)
    )
    if outcome is not None:
        newest = newest.where(Run.outcome == outcome)
    ids = select(newest.scalar_subquery()).where(ConnectedCompany.id.in_(company_ids))
    runs = session.scalars(select(Run).where(Run.id.in_(list(session.scalars(ids)))))
    return {run.company_id: run for run in runs if run.company_id is not None}


def summarize(run: Run, result: ReconciliationResult, slug: str = "") -> ReconciliationSummary:
    """Return the result of a reconciliation for the pages; with a slug, that of one app."""
    lines = list_lines(result, slug)
    documents, matching = result.documents, result.matching
    troubles, accepted_count = result.troubles, result.accepted
    if slug:
        documents = sum(line.documents for line in lines)
        matching = documents - count_differing(lines)
        own = [difference for difference in result.differences if difference.slug == slug]
        accepted_count = sum(difference.is_accepted for difference in own)
        troubles = len(own) - accepted_count
    return ReconciliationSummary(
        run_id=run.id,
        at=result.reconciled_at,
        documents=documents,
        matching=matching,
        troubles=troubles,
        accepted=accepted_count,
        differences=sum_differences(lines),
        open_currencies=open_currencies(lines),
        unread=sum(result.unread.values()),
        sums=add_up(replace(line, app="", kind="", period="") for line in lines),
    )


def list_lines(result: ReconciliationResult, slug: str) -> list[TotalsLine]:
    """Return the control totals of an app, or of all if the slug is empty."""
    return [line for line in result.totals if slug in ("", line.app)]
