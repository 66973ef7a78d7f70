"""Cases as the rows of a file."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy.orm import Session

from hub.cases import advice
from hub.models import Case
from hub.web.frame.case_outcomes import describe_outcome
from hub.web.frame.names import app_name
from hub.web.lists import case_list, exports
from hub.web.lists.case_list import CaseRow

COLUMNS = (
    "id",
    "company_id",
    "company",
    "installation_id",
    "app",
    "opened",
    "title",
    "document",
    "party",
    "documents",
    "amount",
    "currency",
    "due",
    "reason",
    "instruction",
    "assignee",
    "closed",
    "closed_by",
    "why",
)


def iter_rows(session: Session, cases: Sequence[Case]) -> Iterator[exports.Row]:
    """Yield cases as a file has them: a row for each currency of a case, one at least."""
    for row in case_list.build_rows(session, cases):
        about = _describe(row)
        for currency, total in sorted(row.amounts.items()):
            yield about | {"amount": exports.round_total(total, currency), "currency": currency}
        if not row.amounts:
            yield about | {"amount": None, "currency": ""}


def _describe(row: CaseRow) -> dict[str, Any]:
    """Return the columns of a case in the file, besides its amount."""
    case = row.case
    # Of an open case somebody may have decided already, for example with Retry.
    closed_by = (case.decided_by or case.closed_by) if case.closed_at else None
    slug = row.installation.slug if row.installation else ""
    return {
        "id": case.id,
        "company_id": case.company_id,
        "company": row.company.display_name if row.company else "",
        "installation_id": case.installation_id,
        "app": app_name(slug) if slug else "",
        "opened": case.opened_at,
        "title": case.title,
        "document": row.subject,
        "party": row.party,
        "documents": row.documents,
        "due": row.due,
        "reason": advice.drop_instruction(case.reason, case.instruction),
        "instruction": advice.get_instruction(case, slug),
        "assignee": case.assignee,
        "closed": case.closed_at,
        "closed_by": closed_by,
        "why": describe_outcome(case) if case.closed_at else "",
    }
