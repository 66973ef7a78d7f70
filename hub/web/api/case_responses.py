"""Cases as the API answers them."""

from typing import Any

from marshmallow import Schema, fields
from sqlalchemy.orm import Session

from hub.cases import advice
from hub.models import Case
from hub.models.cases import MAX_NOTE_LENGTH
from hub.web.api.resources import Amount, build_text_field
from hub.web.frame.lookup import get_row_or_404
from hub.web.lists import case_list

CLOSED_MESSAGE = "The case is closed already."


class AmountSchema(Schema):
    """A sum in one currency."""

    currency = fields.String(required=True)
    amount = Amount(required=True)


class CaseSchema(Schema):
    """A case: what is wrong, why, what to do, and which documents it stops."""

    id = fields.Integer(required=True)
    company_id = fields.Integer(required=True, allow_none=True)
    installation_id = fields.Integer(required=True, allow_none=True)
    code = fields.String(
        required=True, metadata={"description": "names the reason; it does not change with wording"}
    )
    title = fields.String(required=True)
    reason = fields.String(required=True)
    instruction = fields.String(required=True, metadata={"description": "what to do"})
    document = fields.String(required=True, metadata={"description": "what it is about"})
    documents = fields.Integer(required=True, metadata={"description": "how many it stops"})
    amounts = fields.List(fields.Nested(AmountSchema), required=True)
    due = fields.Date(required=True, allow_none=True)
    assignee = fields.String(required=True)
    snoozed_until = fields.AwareDateTime(required=True, allow_none=True)
    opened_at = fields.AwareDateTime(required=True)
    closed_at = fields.AwareDateTime(required=True, allow_none=True)


class ReasonSchema(Schema):
    """Why something is done."""

    text = build_text_field("the reason or note", most=MAX_NOTE_LENGTH, least=1, is_required=True)


def load(session: Session, case_id: int) -> dict[str, Any]:
    """Return a case as the API answers it, or abort with 404."""
    case = get_row_or_404(session, Case, case_id)
    (row,) = case_list.build_rows(session, [case])
    return describe(row)


def describe(row: case_list.CaseRow) -> dict[str, Any]:
    """Return the row of a case as the API answers it."""
    case = row.case
    slug = row.installation.slug if row.installation else ""
    amounts = [
        {"currency": currency, "amount": amount} for currency, amount in sorted(row.amounts.items())
    ]
    return {
        "id": case.id,
        "company_id": case.company_id,
        "installation_id": case.installation_id,
        "code": case.code,
        "title": case.title,
        "reason": case.reason,
        "instruction": advice.get_instruction(case, slug),
        "document": row.subject,
        "documents": row.documents,
        "amounts": amounts,
        "due": row.due,
        "assignee": case.assignee,
        "snoozed_until": case.snoozed_until,
        "opened_at": case.opened_at,
        "closed_at": case.closed_at,
    }
