"""Cases as the rows of a file."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from sqlalchemy.orm import Session

from hub.cases import advice
from hub.models import Case
from hub.web import case_list, exports

COLUMNS = (
    "id",
    "company_id",
    "installation_id",
    "opened",
    "title",
    "document",
    "party",
    "documents",
    "amounts",
    "due",
    "reason",
    "instruction",
    "assignee",
    "closed",
    "closed_by",
)


def _amounts(amounts: Mapping[str, Decimal]) -> Iterator[str]:
    """Yield sums with their currency, in the order of the currencies."""
    for currency, total in sorted(amounts.items()):
        yield f"{exports.amount(total, currency)} {currency}"


def iter_rows(session: Session, cases: Sequence[Case]) -> Iterator[exports.Row]:
    """Yield cases as a file has them."""
    for row in case_list.build_rows(session, cases):
        case = row.case
        slug = row.installation.slug if row.installation else ""
        yield {
            "id": case.id,
            "company_id": case.company_id,
            "installation_id": case.installation_id,
            "opened": case.opened_at,
            "title": case.title,
            "document": row.subject,
            "party": row.party,
            "documents": row.documents,
            "amounts": ", ".join(_amounts(row.amounts)),
            "due": row.due,
            "reason": advice.reason_alone(case.reason, case.instruction),
            "instruction": advice.instruction_of(case, slug),
            "assignee": case.assignee,
            "closed": case.closed_at,
            "closed_by": case.decided_by or case.closed_by,
        }
