"""Codes of the source in the API: the record of QuickBooks that each is matched with."""

from typing import Any

from flask import abort
from marshmallow import Schema, fields
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.db.engine import read_only_session
from hub.mapping import NEW, Ref
from hub.models import Installation, SeenCode
from hub.web.api.resources import (
    PREFIX,
    PageQuery,
    Resource,
    build_text_field,
    list_of,
    name_unknown_value,
    operation,
    to_list,
)
from hub.web.authentication.access import person_name
from hub.web.cases import continuation
from hub.web.codes import code_decisions, code_lookup, code_view
from hub.web.codes.code_view import CodeView
from hub.web.frame.lookup import get_row_or_404
from hub.web.frame.paging import load_page

NEW_RECORD = "new"  # what a program sends to have the record of a code created
resource = Resource(
    "api_matches",
    __name__,
    url_prefix=f"{PREFIX}/installations/<int:installation_id>/matches",
    description="codes of the source, and the records of QuickBooks that they are matched with",
)


class RecordSchema(Schema):
    """A record of QuickBooks, such as a supplier or an account."""

    id = fields.String(required=True)
    name = fields.String(required=True)


class MatchSchema(Schema):
    """A code of the source and its match."""

    field = fields.String(required=True, metadata={"description": "which kind of code it is"})
    code = fields.String(required=True)
    name = fields.String(required=True)
    number = fields.String(required=True)
    state = fields.String(
        required=True,
        metadata={"description": "open, decided, link, rule, new, or left out"},
    )
    record = fields.String(required=True, metadata={"description": "name of the record, or why"})
    suggestions = fields.List(fields.Nested(RecordSchema), required=True)


class CodeSchema(Schema):
    """A code of the source."""

    field = build_text_field("which kind of code it is", least=1, is_required=True)
    code = build_text_field("the code", least=1, is_required=True)


class DecisionSchema(CodeSchema):
    """What a code is matched with."""

    record = build_text_field(
        "the id of a record in QuickBooks; none to leave the code out; new to create a record when"
        " the code is used next",
        least=1,
        is_required=True,
    )


@operation(resource, "/", role="viewer", query=PageQuery, response=list_of(MatchSchema))
def index(installation_id: int, query: dict[str, Any]) -> Any:
    """List the codes that documents used, by field and name."""
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
        fields_by_name = code_lookup.load_fields_by_name(installation)
        codes = select(SeenCode).where(
            SeenCode.installation_id == installation_id, SeenCode.field.in_(list(fields_by_name))
        )
        page = load_page(session, codes, order_by=code_lookup.CODE_ORDER, is_descending=False)
        match_index = code_lookup.load_match_index(session, installation)
        rows = []
        for source_code in page.rows:
            field = fields_by_name[source_code.field]
            rows.append(
                _describe(
                    code_view.view_code(session, installation, source_code, field, match_index)
                )
            )
        return to_list(page, rows)


@operation(resource, "/", method="PUT", role="operator", body=DecisionSchema, response=MatchSchema)
def decide(installation_id: int, body: dict[str, Any]) -> Any:
    """Decide what a code is matched with; a sync continues with the documents that wait for it."""
    field, code = body["field"], body["code"]
    with read_only_session() as session:
        get_row_or_404(session, Installation, installation_id)
    choice = parse_choice(body["record"])
    with name_unknown_value("field"):
        code_decisions.decide(installation_id, field, code, choice, person_name())
    decision = code_decisions.get_case_decision(choice)
    continuation.continue_decided(installation_id, {(field, code): decision})
    with read_only_session() as session:
        return _load(session, installation_id, field, code)


@operation(resource, "/", method="DELETE", role="operator", query=CodeSchema, response=MatchSchema)
def forget(installation_id: int, query: dict[str, Any]) -> Any:
    """Take the decision about a code back; the rules of its field decide again."""
    field, code = query["field"], query["code"]
    with read_only_session() as session:
        get_row_or_404(session, Installation, installation_id)
    code_decisions.forget(installation_id, field, code, person_name())
    with read_only_session() as session:
        return _load(session, installation_id, field, code)


def parse_choice(record: str) -> str:
    """Return what is chosen for a code: the record of this id, none, or a new one."""
    return NEW if record == NEW_RECORD else record


def _load(session: Session, installation_id: int, field: str, code: str) -> dict[str, Any]:
    """Return a code as the API answers it."""
    installation = session.get_one(Installation, installation_id)
    code_field = code_lookup.load_fields_by_name(installation).get(field) or abort(404)
    source_code = code_lookup.find_code_as_used(session, installation_id, field, code)
    match_index = code_lookup.load_match_index(session, installation)
    return _describe(
        code_view.view_code(session, installation, source_code, code_field, match_index)
    )


def _describe(view: CodeView) -> dict[str, Any]:
    """Return a code as the API answers it."""
    return {
        "field": view.field.name,
        "code": view.code,
        "name": view.name,
        "number": view.number,
        "state": view.state,
        "record": view.record or view.explanation,
        "suggestions": [_describe_record(suggestion) for suggestion in view.suggestions],
    }


def _describe_record(record: Ref) -> dict[str, str]:
    """Return a record as the API answers it."""
    return {"id": record.id, "name": record.name}
