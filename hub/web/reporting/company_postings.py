"""Count what was posted of a month by company: how fast it was, and who approved it."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import func
from sqlalchemy.orm import Session

from hub.models import ConnectedCompany, Posting, SourceDocument, TransactionHead
from hub.models.enums import DocumentState
from hub.outbox.main_posting import build_state_column
from hub.outbox.sums import apply_sign
from hub.web.reporting.company_totals import build_currency_column
from hub.web.reporting.report_tables import (
    AUTOMATIC,
    DELAY_LABELS,
    Month,
    Sum,
    build_amount_column,
    build_delay_column,
    select_parts,
    select_timed_postings,
)


class CompanyDelays(NamedTuple):
    """The numbers of a company's documents by the time between source and posting."""

    company: ConnectedCompany
    counts: Sequence[int]


class CompanyApproval(NamedTuple):
    """The approvals of a person in a company and currency; `who` is empty for automatic posting."""

    company: ConnectedCompany
    who: str
    currency: str
    documents: int
    amount: Decimal


def count_delays(session: Session, documents: Any, month: Month) -> list[int]:
    """Return how many documents dated in a month were posted within each of the times."""
    delay = build_delay_column(session)
    query = select_timed_postings(delay, func.count())
    query = query.where(month.contains_date(), *documents).group_by(delay)
    counts = [0] * len(DELAY_LABELS)
    for number, count in session.execute(query):
        counts[number] = count
    return counts


def load_delays(
    session: Session, documents: Any, month: Month, companies: Collection[ConnectedCompany]
) -> list[CompanyDelays]:
    """Return the times of each of some companies that has any, in the order of the companies."""
    keys = Posting.company_id, build_delay_column(session)
    query = select_timed_postings(*keys, func.count())
    query = query.where(month.contains_date(), _is_of(companies), *documents).group_by(*keys)
    counts: dict[int, list[int]] = {}
    for company_id, place, count in session.execute(query):
        counts.setdefault(company_id, [0] * len(DELAY_LABELS))[place] = count
    return [
        CompanyDelays(company, counts[company.id]) for company in companies if company.id in counts
    ]


def load_approvals(
    session: Session, documents: Any, month: Month, companies: Collection[ConnectedCompany]
) -> list[CompanyApproval]:
    """Return who approved what was posted for each of some companies, the largest number first."""
    who = func.coalesce(Posting.approved_by, AUTOMATIC)
    currency = build_currency_column()
    keys = Posting.company_id, who, currency, Posting.kind
    query = select_parts(*keys, func.count(Posting.document_id.distinct()), build_amount_column())
    query = query.join(ConnectedCompany, ConnectedCompany.id == Posting.company_id)
    is_posted = build_state_column(Posting, TransactionHead) == DocumentState.POSTED
    query = query.where(month.contains_date(), _is_of(companies), is_posted, *documents)
    sums: dict[int, dict[tuple[str, str], Sum]] = defaultdict(lambda: defaultdict(Sum))
    for company_id, name, code, kind, count, amount in session.execute(query.group_by(*keys)):
        sums[company_id][name, code].add(count, apply_sign(kind, amount))
    rows = []
    for company in companies:
        own = [
            CompanyApproval(company, *key, one.count, one.amount)
            for key, one in sums[company.id].items()
        ]
        rows += sorted(own, key=lambda row: (-row.documents, row.who, row.currency))
    return rows


def _is_of(companies: Collection[ConnectedCompany]) -> Any:
    """Return the condition of documents of some companies."""
    return SourceDocument.company_id.in_([company.id for company in companies])
