"""One reconciliation as its page, its files and its PDF show it, for all apps or one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.cases.discrepancies import Discrepancy, cause_of
from hub.models import Case, ConnectedCompany, Run
from hub.money import ZERO
from hub.security.rights import Scope
from hub.translations.messages import gettext_noop
from hub.web import reconciliation
from hub.web.layout import app_name
from hub.web.layout import kind_label as kind_name
from hub.web.reconciliation import ReconciliationSummary

CASES_PER_QUERY = 500
AMOUNTS = ("source", "posted", "quickbooks")
LABELS: dict[str, str] = {
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
Line = dict[str, Any]


@dataclass(frozen=True)
class ReportedDifference:
    """A document that differs from QuickBooks.

    A reconciliation of an older version stored only its name and the reason.
    """

    posting_id: int
    document: str
    discrepancy: str
    reason: str
    is_accepted: bool
    slug: str = ""
    kind: str = ""
    number: str = ""
    party: str = ""
    date: str = ""
    currency: str = ""
    source: Decimal | None = None
    posted: Decimal | None = None
    quickbooks: Decimal | None = None
    quickbooks_id: str = ""
    case_id: int | None = None

    @property
    def label(self) -> str:
        """Return in a few words how it differs."""
        return LABELS.get(self.discrepancy, self.discrepancy)

    @property
    def amount(self) -> Decimal | None:
        """Return by how much QuickBooks has more than was posted."""
        if self.quickbooks is None or self.posted is None:
            return None
        return self.quickbooks - self.posted


@dataclass(frozen=True)
class KindSums:
    """The sums of one kind of document and currency."""

    kind: str
    currency: str
    documents: int = 0
    differing: int = 0
    source: Decimal = ZERO
    posted: Decimal = ZERO
    quickbooks: Decimal = ZERO

    @property
    def difference(self) -> Decimal:
        """Return by how much QuickBooks has more than was posted."""
        return self.quickbooks - self.posted


@dataclass(frozen=True)
class ReconciliationReport:
    """The result of a reconciliation; `slug` is "" for all apps of the company."""

    run: Run
    company: ConnectedCompany
    slug: str

    @cached_property
    def summary(self) -> ReconciliationSummary:
        """Return how many documents match, and the differences by currency."""
        return reconciliation.read(self.run, self.slug)

    @property
    def slugs(self) -> list[str]:
        """Return the apps that posted documents."""
        return sorted({line["app"] for line in self.run.counts["totals"]})

    @cached_property
    def lines(self) -> list[Line]:
        """Return the control totals by app, kind, month and currency."""
        return reconciliation.load_lines(self.run, self.slug)

    @property
    def differing_lines(self) -> list[Line]:
        """Return the control totals that differ."""
        return [line for line in self.lines if _differs(line)]

    @cached_property
    def differences(self) -> list[ReportedDifference]:
        """Return the documents that differ from QuickBooks, those that are open first."""
        stored = self.run.counts.get("wrong", ())
        own = [difference for difference in stored if self.slug in ("", difference.get("app"))]
        return sorted(map(_difference, own), key=lambda difference: difference.is_accepted)

    @property
    def unlisted(self) -> int:
        """Return how many documents differ beyond those that the list holds."""
        return max(self.summary.differing - len(self.differences), 0)

    @property
    def marker_findings(self) -> Sequence[Mapping[str, Any]]:
        """Return the transactions whose marker leads to no document, or to one with another."""
        return () if self.slug else self.run.counts.get("strangers", ())

    @property
    def other_source_totals(self) -> Sequence[Mapping[str, Any]]:
        """Return the documents of which the source says another total now."""
        return () if self.slug else self.run.counts.get("apart", ())

    @property
    def months(self) -> tuple[str, str]:
        """Return the first and the last month of the documents, such as 2026-03; "" for none."""
        months = [line["period"] for line in self.lines if line["period"]]
        return min(months, default=""), max(months, default="")

    def sums_by_kind(self) -> list[KindSums]:
        """Add up the control totals by kind and currency."""
        sums: dict[tuple[str, str], KindSums] = {}
        for line in self.lines:
            key = line["kind"], line["currency"]
            total = sums.get(key, KindSums(*key))
            amounts = {name: getattr(total, name) + Decimal(line[name]) for name in AMOUNTS}
            sums[key] = replace(
                total,
                documents=total.documents + line["documents"],
                differing=total.differing + line.get("differing", 0),
                **amounts,
            )
        return [sums[key] for key in sorted(sums)]

    def with_cases(
        self, session: Session, visible: Scope, differences: Sequence[ReportedDifference]
    ) -> Iterator[ReportedDifference]:
        """Yield differences with the newest case of each, in one query for some hundreds."""
        for start in range(0, len(differences), CASES_PER_QUERY):
            chunk = differences[start : start + CASES_PER_QUERY]
            causes = {
                cause_of(difference.posting_id, difference.discrepancy): difference.posting_id
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


def _differs(line: Line) -> bool:
    """Return whether a line of the control totals has documents that differ, in sum or alone."""
    return bool(line.get("differing") or Decimal(line["difference"]))


def _difference(stored: Mapping[str, Any]) -> ReportedDifference:
    """Return a document that differs as the run stored it."""
    return ReportedDifference(
        posting_id=stored["posting"],
        document=stored["document"],
        discrepancy=stored["why"],
        reason=stored["reason"],
        is_accepted=bool(stored["accepted"]),
        slug=stored.get("app", ""),
        kind=stored.get("kind", ""),
        number=stored.get("number", ""),
        party=stored.get("party", ""),
        date=stored.get("date", ""),
        currency=stored.get("currency", ""),
        source=_decimal(stored.get("source")),
        posted=_decimal(stored.get("posted")),
        quickbooks=_decimal(stored.get("quickbooks")),
        quickbooks_id=stored.get("quickbooks_id") or "",
    )


def _decimal(text: str | None) -> Decimal | None:
    """Return an amount that is stored as text, None if there is none."""
    return None if text is None else Decimal(text)


def describe_line(line: Line) -> dict[str, Any]:
    """Return a line of the control totals as a file has it."""
    return {
        "app": app_name(line["app"]),
        "kind": kind_name(line["kind"]),
        "month": line["period"],
        "currency": line["currency"],
        "documents": line["documents"],
        "differing": line.get("differing", 0),
        **{name: Decimal(line[name]) for name in TOTAL_COLUMNS[6:]},
    }


def describe_difference(difference: ReportedDifference) -> dict[str, Any]:
    """Return a document that differs as a file has it."""
    return {
        "document": difference.document,
        "app": app_name(difference.slug),
        "kind": kind_name(difference.kind),
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
