"""Cases of the inbox in the API, and what a person may do about them."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields

from hub.db.engine import read_only_session
from hub.models import Case
from hub.web.api import case_responses as responses
from hub.web.api import problems, release_scope
from hub.web.api.case_responses import CaseSchema, ReasonSchema
from hub.web.api.resources import (
    PREFIX,
    PageQuery,
    Resource,
    build_choice_field,
    build_id_field,
    build_text_field,
    list_of,
    name_unknown_value,
    operation,
    to_list,
)
from hub.web.authentication.access import ANYWHERE
from hub.web.cases import case_bulk
from hub.web.frame.lookup import get_row_or_404
from hub.web.lists import case_list

resource = Resource(
    "api_cases", __name__, url_prefix=f"{PREFIX}/cases", description="what needs a person"
)


class CaseQuery(PageQuery):
    """The filters of the inbox."""

    show = build_choice_field(case_list.CASE_LISTS, "open cases unless another list is named")
    act = build_choice_field(case_list.ACTION_LABELS, "what solves the cases")
    company = build_id_field("the id of a company")
    installation = build_id_field("the id of an installation")
    words = build_text_field("words in title or reason")
    sort = build_choice_field(case_list.SORT_ORDERS)


class AssigneeSchema(Schema):
    """Who takes care of a case; the empty text for nobody."""

    assignee = build_text_field("a name, or the empty text for nobody", is_required=True)


class SnoozeSchema(Schema):
    """Until which day a case is hidden."""

    until = fields.Date(required=True)


@operation(resource, "/", role="viewer", of=ANYWHERE, query=CaseQuery, response=list_of(CaseSchema))
def index(query: dict[str, Any]) -> Any:
    """List cases, the newest first unless `sort` says otherwise."""
    with read_only_session() as session:
        page = case_list.load_page(session, case_list.read_filters())
        return to_list(page, map(responses.describe, case_list.build_rows(session, page.rows)))


@operation(resource, "/<int:case_id>", role="viewer", response=CaseSchema)
def one(case_id: int) -> Any:
    """Return one case."""
    with read_only_session() as session:
        return responses.load(session, case_id)


@operation(resource, "/<int:case_id>/retry", method="POST", role="operator", response=CaseSchema)
def retry(case_id: int) -> Any:
    """Retry what a case stops, after what it says was corrected."""
    problem = release_scope.find_problem_of_case(case_id)
    if problem:
        return problem
    return _perform_act(case_id, "retry", {})


@operation(
    resource,
    "/<int:case_id>/skip",
    method="POST",
    role="operator",
    body=ReasonSchema,
    response=CaseSchema,
)
def skip(case_id: int, body: dict[str, Any]) -> Any:
    """Skip the documents that a case stops: they will not be posted."""
    return _perform_act(case_id, "skip", body)


@operation(
    resource,
    "/<int:case_id>/notes",
    method="POST",
    role="operator",
    body=ReasonSchema,
    response=CaseSchema,
)
def note(case_id: int, body: dict[str, Any]) -> Any:
    """Add a note to a case."""
    return _perform_act(case_id, "note", body)


@operation(
    resource,
    "/<int:case_id>/assignee",
    method="PUT",
    role="operator",
    body=AssigneeSchema,
    response=CaseSchema,
)
def assign(case_id: int, body: dict[str, Any]) -> Any:
    """Assign a case to a person who may act on it, or to nobody."""
    with name_unknown_value("assignee"):
        return _perform_act(case_id, "assign", body)


@operation(
    resource,
    "/<int:case_id>/snooze",
    method="PUT",
    role="operator",
    body=SnoozeSchema,
    response=CaseSchema,
)
def snooze(case_id: int, body: dict[str, Any]) -> Any:
    """Hide a case until the morning of a day."""
    return _perform_act(case_id, "snooze", {"until": body["until"].isoformat()})


@operation(resource, "/<int:case_id>/snooze", method="DELETE", role="operator", response=CaseSchema)
def wake(case_id: int) -> Any:
    """List a case again that is hidden."""
    return _perform_act(case_id, "wake", {})


def _perform_act(case_id: int, name: str, form: Mapping[str, str]) -> Any:
    """Do an act of the inbox on one open case; answer with the case as it is afterwards."""
    with read_only_session() as session:
        case = get_row_or_404(session, Case, case_id)
    if case.closed_at is not None:
        return problems.build_problem(409, responses.CLOSED_MESSAGE)
    action = case_bulk.BULK_ACTIONS[name]
    reasons = case_bulk.act_on([case], action.act, form).reasons
    if reasons:
        detail = f"The case could not be {action.word}: {reasons[case_id]}"
        return problems.build_problem(409, detail)
    with read_only_session() as session:
        return responses.load(session, case_id)
