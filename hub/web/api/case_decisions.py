"""The decisions in the API about a case, or about one of the postings that it stops."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from flask import abort
from marshmallow import Schema, fields, validate
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from hub.db.engine import read_only_session
from hub.models import Case, Posting
from hub.models.enums import CaseDecision
from hub.posting.actions import manual, put_back
from hub.web.api import case_responses, problems, release_scope
from hub.web.api.case_responses import CaseSchema, ReasonSchema
from hub.web.api.matches import parse_choice
from hub.web.api.resources import (
    PREFIX,
    Amount,
    ConfirmationSchema,
    PageQuery,
    Resource,
    build_text_field,
    list_of,
    name_unknown_value,
    operation,
    to_list,
)
from hub.web.api.transactions import TransactionSchema, describe_transaction
from hub.web.authentication.access import person_name
from hub.web.cases import case_acts
from hub.web.codes import code_decisions, record_creation
from hub.web.codes.record_form import Invalid
from hub.web.frame.lookup import get_row_or_404
from hub.web.frame.paging import ListPage, load_page
from hub.web.transactions import case_comparison, case_transactions
from hub.web.transactions.case_comparison import Side

CONFIRM_MESSAGE = "It is voided or deleted in QuickBooks. Send confirmed: true to do so."
OTHER_DECISION = "The case needs another decision: it removes nothing from QuickBooks."
NO_CODE = "The case is not about a code that can be matched."
NOT_CLOSED_BY_HAND = "It closes by itself once what stops its documents is solved."
MAX_RECORD_FIELDS = 40
resource = Resource(
    "api_case_decisions",
    __name__,
    url_prefix=f"{PREFIX}/cases/<int:case_id>",
    description="what is decided about a case on its own page",
)
# Every decision answers with the case as it is then.
case_decision = partial(operation, resource, method="POST", role="operator", response=CaseSchema)


class NothingRemoved(Exception):
    """No document of a case could be removed; its text says why."""


class TransactionOfCaseSchema(Schema):
    """A transaction in QuickBooks that a posting is or may be."""

    quickbooks_id = fields.String(required=True, attribute="id")
    may_be_taken = fields.Boolean(
        required=True, metadata={"description": "it is no other document's, and not deleted"}
    )
    transaction = fields.Nested(TransactionSchema, required=True, allow_none=True)


class PostingOfCaseSchema(Schema):
    """A posting that a case stops or is about, beside what QuickBooks has."""

    posting_id = fields.Integer(required=True)
    document_id = fields.Integer(required=True)
    kind = fields.String(required=True)
    operation = fields.String(required=True)
    state = fields.String(required=True)
    reason = fields.String(required=True)
    number = fields.String(required=True)
    party = fields.String(required=True)
    total = Amount(required=True, allow_none=True)
    currency = fields.String(required=True)
    ours = fields.Nested(
        TransactionSchema,
        required=True,
        allow_none=True,
        metadata={"description": "what the hub would write or has written; null if not compared"},
    )
    in_quickbooks = fields.List(fields.Nested(TransactionOfCaseSchema), required=True)
    sync_token = fields.String(
        required=True,
        metadata={
            "description": "the version that put-back or overwrite writes over; empty if none can"
        },
    )


class ChosenRecordSchema(Schema):
    """The record that a code is matched with."""

    record = build_text_field("the id of a record, none, or new", least=1, is_required=True)


class NewRecordSchema(Schema):
    """A record that is created in QuickBooks, with the fields of the form on the page."""

    values = fields.Dict(
        keys=build_text_field(least=1),
        values=build_text_field(most=4000),
        required=True,
        validate=validate.Length(1, MAX_RECORD_FIELDS),
        metadata={"description": "texts by field, such as name, email or account"},
    )


class TransactionIdSchema(Schema):
    """A transaction in QuickBooks."""

    quickbooks_id = build_text_field("its id in QuickBooks", least=1, is_required=True)


class VersionSchema(Schema):
    """The version of a transaction that was seen."""

    sync_token = build_text_field("the sync_token that the list showed", least=1, is_required=True)


class OverwriteSchema(VersionSchema, ConfirmationSchema):
    """The version that a change may overwrite; a removal has to be confirmed."""


@operation(
    resource, "/postings", role="operator", query=PageQuery, response=list_of(PostingOfCaseSchema)
)
def index(case_id: int, query: dict[str, Any]) -> Any:
    """List what a case stops or is about; transactions are read from QuickBooks as they are now."""
    with read_only_session() as session:
        case = get_row_or_404(session, Case, case_id)
        postings = _load_page_of_postings(session, case_id).rows
        keys = [] if case.closed_at else case_transactions.list_transaction_keys(case, postings)
    entities = case_transactions.read_entities(keys)  # while no transaction is open
    with read_only_session() as session:
        case = get_row_or_404(session, Case, case_id)
        page = _load_page_of_postings(session, case_id)
        all_sides = case_comparison.build_sides(session, case, page.rows, entities)
        sides = {side.posting.id: side for side in all_sides if side.posting is not None}
        return to_list(page, [_describe(posting, sides.get(posting.id)) for posting in page.rows])


@case_decision("/match", body=ChosenRecordSchema)
def match(case_id: int, body: dict[str, Any]) -> Any:
    """Match the code that a case is about; a sync continues with what it stopped."""
    code = _find_code(case_id)
    if code is None:
        return problems.build_problem(409, NO_CODE)
    choice = parse_choice(body["record"])
    work = partial(code_decisions.decide, *code, choice, person_name())
    return _carry_out(case_id, work, code_decisions.get_case_decision(choice))


@case_decision("/create", body=NewRecordSchema)
def create(case_id: int, body: dict[str, Any]) -> Any:
    """Have the record of a case created in QuickBooks; 422 says which values cannot be used."""
    code = _find_code(case_id)
    if code is None:
        return problems.build_problem(409, NO_CODE)
    form = MultiDict(body["values"])
    work = partial(record_creation.create, *code, form, person_name())
    try:
        return _carry_out(case_id, work, CaseDecision.CREATED)
    except Invalid as error:
        return problems.build_problem(422, errors={"values": error.errors})


@case_decision("/remove", body=ConfirmationSchema)
def remove(case_id: int, body: dict[str, Any]) -> Any:
    """Void or delete in QuickBooks what the source no longer has."""
    if not _asks_for_removal(case_id):
        return problems.build_problem(409, OTHER_DECISION)
    if not body["confirmed"]:
        return problems.build_problem(409, CONFIRM_MESSAGE)
    problem = release_scope.find_problem_of_case(case_id)
    if problem:
        return problem

    def work() -> None:
        """Retry each removal; fail with the first reason if none could be."""
        retried_ids, reasons = case_acts.retry_postings(case_id, is_confirmed=True)
        if reasons and not retried_ids:
            raise NothingRemoved(reasons[0])

    try:
        return _carry_out(case_id, work, CaseDecision.RETRIED)
    except NothingRemoved as error:
        return problems.build_problem(409, str(error))


@case_decision("/leave")
def leave(case_id: int) -> Any:
    """Leave in QuickBooks what the source no longer has."""
    if not _asks_for_removal(case_id):
        return problems.build_problem(409, OTHER_DECISION)
    return _carry_out(case_id, partial(case_acts.leave, case_id), CaseDecision.LEFT)


@case_decision("/close")
def close(case_id: int) -> Any:
    """Close a case that stops nothing, or accept what QuickBooks has."""
    with read_only_session() as session:
        case = get_row_or_404(session, Case, case_id)
        is_blocking = case_acts.is_blocking(session, case_id)
        is_closable = case_acts.is_closable(case, is_blocking=is_blocking)
    if not case.closed_at and not is_closable:
        return problems.build_problem(409, NOT_CLOSED_BY_HAND)
    work = partial(case_acts.close, case_id)
    return _carry_out(case_id, work, CaseDecision.CLOSED, syncs=False)


@case_decision("/postings/<int:posting_id>/retry", body=ConfirmationSchema)
def retry(case_id: int, posting_id: int, body: dict[str, Any]) -> Any:
    """Retry one posting of a case."""
    problem = release_scope.find_problem_of_retry(posting_id)
    if problem:
        return problem
    is_confirmed = body["confirmed"]
    work = partial(case_acts.retry_one, case_id, posting_id, is_confirmed=is_confirmed)
    return _carry_out(case_id, work, CaseDecision.RETRIED, posting_id=posting_id)


@case_decision("/postings/<int:posting_id>/adopt", body=TransactionIdSchema)
def adopt(case_id: int, posting_id: int, body: dict[str, Any]) -> Any:
    """Take a transaction in QuickBooks as the document (“This is it”): nothing is posted."""
    with name_unknown_value("quickbooks_id"):
        return _decide_about(
            case_id, posting_id, manual.adopt, body["quickbooks_id"], CaseDecision.ADOPTED
        )


@case_decision("/postings/<int:posting_id>/reject", body=TransactionIdSchema)
def reject(case_id: int, posting_id: int, body: dict[str, Any]) -> Any:
    """Say that a transaction is another document (“Not this one”): this one is posted beside it."""
    problem = release_scope.find_problem([posting_id])
    if problem:
        return problem
    return _decide_about(
        case_id, posting_id, manual.reject_match, body["quickbooks_id"], CaseDecision.REJECTED
    )


@case_decision("/postings/<int:posting_id>/overwrite", body=OverwriteSchema)
def overwrite(case_id: int, posting_id: int, body: dict[str, Any]) -> Any:
    """Let a change overwrite, or remove, the version of its transaction that was seen."""
    problem = release_scope.find_problem([posting_id])
    if problem:
        return problem
    work = partial(
        case_acts.overwrite, posting_id, body["sync_token"], is_confirmed=body["confirmed"]
    )
    return _carry_out(case_id, work, CaseDecision.OVERWRITTEN, posting_id=posting_id)


@case_decision("/postings/<int:posting_id>/skip", body=ReasonSchema)
def skip(case_id: int, posting_id: int, body: dict[str, Any]) -> Any:
    """Leave one document of a case out of the books, with a reason."""
    reason = body["text"].strip()
    return _decide_about(case_id, posting_id, manual.skip, reason, CaseDecision.SKIPPED)


@case_decision("/postings/<int:posting_id>/put-back", body=VersionSchema)
def restore(case_id: int, posting_id: int, body: dict[str, Any]) -> Any:
    """Write a document to QuickBooks again as it was posted, over the version that was seen."""
    work = partial(put_back.put_back, posting_id, body["sync_token"], person_name())
    return _carry_out(case_id, work, CaseDecision.PUT_BACK, posting_id=posting_id)


def _decide_about(
    case_id: int,
    posting_id: int,
    act: Callable[[int, str, str], None],
    value: str,
    decision: CaseDecision,
) -> Any:
    """Do an act about a posting and a value, which is kept as the note of the decision."""
    work = partial(act, posting_id, value, person_name())
    return _carry_out(case_id, work, decision, value, posting_id=posting_id)


def _carry_out(
    case_id: int,
    work: Callable[[], object],
    decision: CaseDecision,
    note: str = "",
    *,
    posting_id: int | None = None,
    syncs: bool = True,
) -> Any:
    """Do what was decided about an open case; answer with the case as it is afterwards."""
    with read_only_session() as session:
        if get_row_or_404(session, Case, case_id).closed_at is not None:
            return problems.build_problem(409, case_responses.CLOSED_MESSAGE)
        if posting_id is not None and posting_id not in _load_posting_ids(session, case_id):
            abort(404)

    def work_without_message() -> str:
        work()
        return ""

    case_acts.carry_out(case_id, work_without_message, decision, note, syncs=syncs)
    with read_only_session() as session:
        return case_responses.load(session, case_id)


def _load_page_of_postings(session: Session, case_id: int) -> ListPage:
    """Return one page of the postings of a case that the person may see, oldest first."""
    query = case_acts.select_postings(case_id, "viewer").order_by(None)
    return load_page(
        session, query, order_by=[Posting.id], is_descending=False, size=case_acts.MAX_SHOWN
    )


def _load_posting_ids(session: Session, case_id: int) -> set[int]:
    """Return the ids of the postings of a case that the person may act on."""
    query = case_acts.select_postings(case_id, "operator").with_only_columns(Posting.id)
    return set(session.scalars(query))


def _asks_for_removal(case_id: int) -> bool:
    """Return whether a case asks for a removal from QuickBooks."""
    with read_only_session() as session:
        return get_row_or_404(session, Case, case_id).action in case_acts.REMOVING_ACTIONS


class _CaseCode(NamedTuple):
    """The code that a case is about."""

    installation_id: int
    field: str
    code: str


def _find_code(case_id: int) -> _CaseCode | None:
    """Return the code that a case is about; None if it is about something else."""
    with read_only_session() as session:
        about = record_creation.find_code_of_case(session, get_row_or_404(session, Case, case_id))
        if about is None:
            return None
        installation, source_code, field = about
        return _CaseCode(installation.id, field.name, source_code.code)


def _describe(posting: Posting, side: Side | None) -> dict[str, Any]:
    """Return a posting of a case as the API answers it."""
    document = posting.document
    in_quickbooks = [
        {
            "id": transaction.id,
            "may_be_taken": side is not None and side.may_adopt(transaction),
            "transaction": describe_transaction(transaction.present),
        }
        for transaction in (side.transactions if side else ())
    ]
    return {
        "posting_id": posting.id,
        "document_id": document.id,
        "kind": posting.kind,
        "operation": posting.operation,
        "state": posting.state,
        "reason": posting.reason,
        "number": document.number,
        "party": document.party,
        "total": posting.total,
        "currency": posting.currency,
        "ours": describe_transaction(side.ours if side else None),
        "in_quickbooks": in_quickbooks,
        "sync_token": side.overwritable_token if side else "",
    }
