"""The form that acts on many cases of the inbox."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.models import Case
from hub.reasons.template import CaseAction
from hub.web.authentication.access import find_chosen_company_id
from hub.web.cases import case_assignees
from hub.web.lists import case_list

CREATED_ROLES = ("vendor", "customer")


def build(
    session: Session, filters: case_list.Filters, listed_cases: Sequence[Case], total: int
) -> dict[str, Any]:
    """Return the values of the form for many cases: their number, and who may take them.

    Cases that were ticked on other pages of the list stay ticked.
    """
    ticked_ids = case_list.read_ticked_ids()
    elsewhere = set(ticked_ids) - {case.id for case in listed_cases}
    chosen = select(Case.id).where(*case_list.build_conditions(session, filters))
    return {
        "total": total,
        "newest": session.scalar(chosen.order_by(case_list.NEWEST_FIRST).limit(1)) or 0,
        "company_id": find_chosen_company_id(),
        "people": case_assignees.list_choices(session),
        "ticked_ids": ticked_ids,
        "ticked_elsewhere": case_list.load_open_rows(session, elsewhere),
        "is_full": len(ticked_ids) == case_list.MAX_TICKED,
        "has_missing_records": any(map(_may_lack_record, listed_cases)),
    }


def _may_lack_record(case: Case) -> bool:
    """Return whether a case is about a supplier or customer that can perhaps be created."""
    is_undecided = case.action == CaseAction.MATCH and not case.decision
    return is_undecided and case.details.get("role") in CREATED_ROLES
