"""Sum the amounts of the documents of each case; each document counts once, credits negatively."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from hub.contract.chunks import iter_chunks
from hub.contract.document_kinds import CREDIT_KINDS
from hub.models import ConnectedCompany, Posting, SourceDocument, case_posting
from hub.models.enums import Operation
from hub.money import round_amount
from hub.outbox.currencies import currency_or_home

CASES_PER_QUERY = 500
# The currency of an amount: that of the posting, or else of the document, or of the company.
CURRENCY: ColumnElement[str] = case(
    (Posting.operation == Operation.ATTACH, currency_or_home(SourceDocument.currency)),
    else_=currency_or_home(Posting.currency, SourceDocument.currency),
)


def select_documents(*columns: Any) -> Select[Any]:
    """Select from the links of cases to postings, so that each document of a case occurs once.

    An attached file is left out if its document, or an earlier file of it, is linked to the case
    too.
    """
    return (
        select(case_posting.c.case_id, *columns)
        .select_from(case_posting)
        .join(Posting, Posting.id == case_posting.c.posting_id)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .outerjoin(ConnectedCompany, ConnectedCompany.id == Posting.company_id)
        .where(or_(Posting.operation != Operation.ATTACH, ~_has_earlier_link()))
    )


def sum_by_case(session: Session, case_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """Return the totals of the documents of each case by currency, as text; {} without amounts."""
    amounts: dict[int, dict[str, str]] = {id: {} for id in case_ids}
    columns = CURRENCY, func.sum(signed_amount())
    for chunk in iter_chunks(case_ids, CASES_PER_QUERY):
        of_cases = case_posting.c.case_id.in_(chunk)
        sums = select_documents(*columns).where(of_cases)
        sums = sums.group_by(case_posting.c.case_id, CURRENCY).order_by(CURRENCY)
        for case_id, currency, total in session.execute(sums):
            if total is not None:
                amounts[case_id][currency] = str(
                    round_amount(total, currency) if currency else total
                )
    return amounts


def signed_amount() -> ColumnElement[Any]:
    """Return the amount of a posting, negative for a credit.

    A file, or a posting that could not be planned, has the amount of its document.
    """
    total = case(
        (Posting.operation == Operation.ATTACH, SourceDocument.total),
        else_=func.coalesce(Posting.total, SourceDocument.total),
    )
    return case((Posting.kind.in_(CREDIT_KINDS), -total), else_=total)


@cache
def _has_earlier_link() -> ColumnElement[bool]:
    """Return whether the case of a file also has its document or an earlier file of it."""
    other = aliased(Posting)
    link = case_posting.alias()
    return (
        select(link.c.posting_id)
        .join(other, other.id == link.c.posting_id)
        .where(
            link.c.case_id == case_posting.c.case_id,
            other.document_id == Posting.document_id,
            or_(other.operation != Operation.ATTACH, other.id < Posting.id),
        )
        .correlate(case_posting, Posting)
        .exists()
    )
