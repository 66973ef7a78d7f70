"""One reconciliation as its page, its files and its PDF show it, for all apps or one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.cases.causes import build_discrepancy_cause
from hub.cases.discrepancies import Discrepancy
from hub.contract.chunks import iter_chunks
from hub.models import Case, ConnectedCompany, Run
from hub.posting.reconcile.result import (
    DocumentDifference,
    MarkerDifference,
    OtherSourceTotal,
    ReconciliationResult,
)
from hub.posting.reconcile.totals_lines import TotalsLine, add_up
from hub.scheduling import run_log
from hub.security.rights import Scope
from hub.translations.messages import gettext, gettext_noop
from hub.web.frame import names
from hub.web.frame.kind_labels import kind_label
from hub.web.frame.names import app_name
from hub.web.reconcile.reconciliation_summary import ReconciliationSummary, list_lines, summarize

CASES_PER_QUERY = 500
DISCREPANCY_LABELS: dict[str, str] = {
    Discrepancy.MISSING: gettext_noop("Missing in QuickBooks"),
    Discrepancy.VOIDED: gettext_noop("Voided in QuickBooks"),
    Discrepancy.DIFFERS: gettext_noop("Other total in QuickBooks"),
}
TOTAL_COLUMNS = (
    "app",
    "kind",
    "month",
    "currency",
    "documents",
    "differing",
    "source",
    "posted",
    "quickbooks",
    "difference",
)


@dataclass(frozen=True, kw_only=True)
class ReportedDifference(DocumentDifference):
    """A document that differs from QuickBooks, with the newest case about it."""

    case_id: int | None = None

    @property
    def label(self) -> str:
        """Return in a few words how it differs."""
        return DISCREPANCY_LABELS.get(self.discrepancy, self.discrepancy)

    @property
    def amount(self) -> Decimal | None:
        """Return by how much QuickBooks has more than was posted."""
        if self.quickbooks is None or self.posted is None:
            return None
        return self.quickbooks - self.posted


@dataclass(frozen=True)
class ReconciliationReport:
    """The result of a reconciliation; `slug` is "" for all apps of the company."""

    run: Run
    result: ReconciliationResult
    company: ConnectedCompany
    slug: str

    @cached_property
    def summary(self) -> ReconciliationSummary:
        """Return how many documents match, and the differences by currency."""
        return summarize(self.run, self.result, self.slug)

    @property
    def slugs(self) -> list[str]:
        """Return the apps that posted documents."""
        return sorted({line.app for line in self.result.totals})

    @cached_property
    def lines(self) -> list[TotalsLine]:
        """Return the control totals by app, kind, month and currency."""
        return list_lines(self.result, self.slug)

    @property
    def differing_lines(self) -> list[TotalsLine]:
        """Return the control totals that differ."""
        return [line for line in self.lines if _differs(line)]

    @cached_property
    def differences(self) -> list[ReportedDifference]:
        """Return the documents that differ from QuickBooks, those that are open first."""
        own = []
        for difference in self.result.differences:
            if self.slug in ("", difference.slug):
                own.append(ReportedDifference(**vars(difference)))
        return sorted(own, key=lambda difference: difference.is_accepted)

    @property
    def unlisted(self) -> int:
        """Return how many documents differ beyond those that the list holds."""
        return max(self.summary.differing - len(self.differences), 0)

    @property
    def marker_differences(self) -> Sequence[MarkerDifference]:
        """Return the transactions whose marker leads to no document, or to one with another."""
        return () if self.slug else self.result.marker_differences

    @property
    def other_source_totals(self) -> Sequence[OtherSourceTotal]:
        """Return the documents of which the source says another total now."""
        return () if self.slug else self.result.other_source_totals

    @property
    def months(self) -> tuple[str, str]:
        """Return the first and the last month of the documents, such as 2026-03; "" for none."""
        months = [line.period for line in self.lines if line.period]
        return min(months, default=""), max(months, default="")

    def sums_by_kind(self) -> list[TotalsLine]:
        """Add up the control totals by kind and currency."""
        return add_up(replace(line, app="", period="") for line in self.lines)

    def with_cases(
        self, session: Session, visible: Scope, differences: Sequence[ReportedDifference]
    ) -> Iterator[ReportedDifference]:
        """Yield differences with the newest case of each, in one query for some hundreds."""
        for chunk in iter_chunks(differences, CASES_PER_QUERY):
            causes = {
                build_discrepancy_cause(
                    difference.posting_id, difference.discrepancy
                ): difference.posting_id
                for difference in chunk
            }
            newest = (
                select(Case.cause, func.max(Case.id))
                .where(Case.cause.in_(list(causes)), *visible.cases())
                .group_by(Case.cause)
            )
            case_ids = {}
            for cause, case_id in session.execute(newest):
                case_ids[causes[cause]] = case_id
            for difference in chunk:
                yield replace(difference, case_id=case_ids.get(difference.posting_id))


def _differs(line: TotalsLine) -> bool:
    """Return whether a line of the control totals has documents that differ, in sum or alone."""
    return bool(line.differing or line.difference)


def format_requester(name: str) -> str:
    """Return who asked for a reconciliation: a person, or the schedule of every night."""
    if name == run_log.SCHEDULE:
        return gettext("Nightly schedule")
    return names.format_requester(name)


def describe_line(line: TotalsLine) -> dict[str, Any]:
    """Return a line of the control totals as a file has it."""
    return {
        "app": app_name(line.app),
        "kind": kind_label(line.kind),
        "month": line.period,
        "currency": line.currency,
        "documents": line.documents,
        "differing": line.differing,
        **{name: getattr(line, name) for name in TOTAL_COLUMNS[6:]},
    }


def describe_difference(difference: ReportedDifference) -> dict[str, Any]:
    """Return a document that differs as a file has it."""
    return {
        "document": difference.document,
        "app": app_name(difference.slug),
        "kind": kind_label(difference.kind),
        "number": difference.number,
        "party": difference.party,
        "date": difference.date,
        "currency": difference.currency,
        "source": difference.source,
        "posted": difference.posted,
        "quickbooks": difference.quickbooks,
        "difference": difference.amount,
        "state": difference.label,
        "accepted": "yes" if difference.is_accepted else "no",
        "reason": difference.reason,
        "quickbooks_id": difference.quickbooks_id,
        "case": difference.case_id,
    }
