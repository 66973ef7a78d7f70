"""The list of documents, and the page of one: its source data, its postings and its history."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub import outbox
from hub.contract.document_kinds import LIST_KINDS, PAYABLE_KINDS
from hub.db.engine import read_only_session
from hub.models import (
    Attempt,
    AuditEntry,
    Case,
    Posting,
    Proof,
    ReceiptRow,
    SourceDocument,
    TransactionHead,
    case_posting,
)
from hub.models.enums import WRITE_OPERATIONS, DocumentState, Operation, PostingState
from hub.outbox import approvals
from hub.outbox.listing import load_part_states
from hub.posting.actions import retries
from hub.qbo import display
from hub.web.authentication.access import ANYWHERE, load_scope, may_here, require_role
from hub.web.codes import code_lookup
from hub.web.codes.record_names import build_record_namer
from hub.web.documents import source_files
from hub.web.documents.document_facts import pair_facts
from hub.web.documents.document_lines import Payment, pair_lines
from hub.web.documents.timeline import (
    ACTION_SENTENCES,
    ADOPTION,
    OUTCOME_LABELS,
    VERDICT_LABELS,
    DocumentRecords,
    TimelineEvent,
    build_timeline,
)
from hub.web.frame import paging, viewer
from hub.web.frame.app_filter import list_installation_choices
from hub.web.frame.case_titles import load_subjects
from hub.web.frame.kind_labels import KIND_LABELS, count_kinds
from hub.web.frame.lookup import get_row_or_404
from hub.web.frame.moments import use_zone_of
from hub.web.frame.paging import drop_unset, load_page
from hub.web.frame.source_view import build_source_view
from hub.web.lists import exports, saved_filters
from hub.web.lists.document_filters import (
    SHOWN_STATES,
    SORT_ORDERS,
    describe_left_out,
    find_payment_state,
    find_problems,
    get_order,
    read_as_amount,
    read_document_filters,
    select_ids,
    summarize,
)
from hub.web.lists.document_rows import describe, load_rows, load_state_and_main_posting
from hub.web.request import row_ids
from hub.web.transactions.transaction_facts import find_page

EXPORT_COLUMNS = (
    "id",
    "app",
    "company_id",
    "source_id",
    "kind",
    "number",
    "party",
    "date",
    "due",
    "total",
    "currency",
    "state",
    "reason",
    "quickbooks_id",
)
Row = TypeVar("Row", AuditEntry, Posting, Attempt, Proof, ReceiptRow, Case)
pages = Blueprint("documents", __name__)


@pages.get("/documents", strict_slashes=False)
@require_role("viewer", of=ANYWHERE)
def index() -> str | Response:
    """List documents by text, app, state, kind, date and amount, with their number and sum."""
    filters = read_document_filters(request.args)
    order = get_order(filters)
    with read_only_session() as session:
        query = select_ids(session, filters)
        summary = summarize(session, filters)
        documents = load_page(
            session, query, order_by=order.columns, is_descending=order.is_descending
        )
        if paging.is_past_end(documents):
            return redirect(paging.build_first_address())
        return render_template(
            "documents.html",
            page=replace(documents, rows=load_rows(session, documents.rows)),
            summary=summary,
            made_records=count_kinds(summary.made_records) if summary.made_records else "",
            filters=filters,
            run_id=row_ids.parse(filters["run"]),
            problems=find_problems(filters),
            left_out=describe_left_out(filters),
            active_filters=drop_unset(filters),
            amount_filters=read_as_amount(filters),
            saved_filters=saved_filters.list_saved(session),
            states=SHOWN_STATES,
            kind_labels=KIND_LABELS,
            sort_orders=SORT_ORDERS,
            installations=list_installation_choices(session, filters["installation"]),
        )


@pages.get("/documents/export")
@require_role("viewer", of=ANYWHERE)
def export() -> Response:
    """Download the documents that the filters choose, in the order of the list."""
    filters = read_document_filters(request.args)
    exports.require_no_problem(find_problems(filters))
    with read_only_session() as session:
        query = select_ids(session, filters)
    order = get_order(filters)
    rows = exports.read_in_chunks(
        query, order.columns, _export_rows, is_descending=order.is_descending
    )
    return exports.download("documents", EXPORT_COLUMNS, rows)


def _export_rows(session: Session, ids: Sequence[int]) -> Iterator[exports.Row]:
    """Yield documents as a file has them: with the amounts of the list, credits negative."""
    for row in load_rows(session, ids):
        values = describe(*row)
        if values["total"] is not None:
            total = outbox.apply_sign(values["kind"], values["total"])
            values["total"] = exports.round_total(total, values["currency"])
        yield values


@pages.get("/documents/<int:document_id>")
@require_role("viewer")
def one(document_id: int) -> str:
    """Show everything that is known of one document."""
    with read_only_session() as session:
        document = get_row_or_404(session, SourceDocument, document_id)
        use_zone_of(document.installation)
        labels = {"OUTCOME_LABELS": OUTCOME_LABELS, "VERDICT_LABELS": VERDICT_LABELS}
        return render_template(
            "document.html", document=document, **labels, **_build_context(session, document)
        )


@pages.get("/postings/<int:posting_id>")
@require_role("viewer")
def posting(posting_id: int) -> Response:
    """Redirect to the place of a posting on the page of its document."""
    with read_only_session() as session:
        document_id = get_row_or_404(session, Posting, posting_id).document_id
    anchor = f"posting-{posting_id}"
    return redirect(url_for("documents.one", document_id=document_id, _anchor=anchor))


def _build_context(session: Session, document: SourceDocument) -> dict[str, Any]:
    """Return the values of the page of a document."""
    state, main = load_state_and_main_posting(session, document)
    records = _load_records(session, document, state)
    ids = [posting.id for posting in records.postings]
    return {
        **_build_posting_values(session, document, records.postings, main),
        **_build_state_values(session, document, main, state),
        "main": main,
        "awaited_postings": _load_awaited_postings(session, main),
        "attempts": _group_by_posting(records.attempts),
        "proofs": _group_by_posting(records.proofs),
        "adopted_ids": {int(act.subject) for act in records.acts if act.what == ADOPTION},
        "approvers": approvals.load_approvers(session, ids),
        "receipts": records.receipts,
        "cases": [case for case in records.cases if case.closed_at is None],
        "case_subjects": load_subjects(session, records.cases),
        "events": _list_events(records),
    }


def _load_records(session: Session, document: SourceDocument, state: str) -> DocumentRecords:
    """Return the rows about a document from which its page and its history are built."""
    postings = _load_in_order(session, Posting, Posting.document_id == document.id)
    ids = [posting.id for posting in postings]
    stops = select(case_posting.c.case_id).where(case_posting.c.posting_id.in_(ids))
    is_act = (
        AuditEntry.what.in_(ACTION_SENTENCES),
        AuditEntry.subject.in_([str(id) for id in ids]),
    )
    return DocumentRecords(
        document=document,
        state=state,
        postings=postings,
        attempts=_load_in_order(session, Attempt, Attempt.posting_id.in_(ids)),
        proofs=_load_in_order(session, Proof, Proof.posting_id.in_(ids)),
        receipts=_load_in_order(session, ReceiptRow, ReceiptRow.document_id == document.id),
        cases=_load_in_order(session, Case, Case.id.in_(stops), *load_scope().cases())[::-1],
        acts=_load_in_order(session, AuditEntry, *is_act),
    )


def _load_awaited_postings(session: Session, main: Posting | None) -> list[Posting]:
    """Return the postings whose ids in QuickBooks a waiting posting needs."""
    if main is None or main.state != PostingState.WAITING or not main.payload:
        return []
    ids = outbox.find_awaited_ids(main.payload)
    return _load_in_order(session, Posting, Posting.id.in_(ids), *load_scope().postings())


def _build_posting_values(
    session: Session, document: SourceDocument, postings: Sequence[Posting], main: Posting | None
) -> dict[str, Any]:
    """Return the postings as the page shows them, and the main one beside the source."""
    parts = load_part_states(session, document.id)
    views = {posting.id: _build_payload_view(session, posting) for posting in postings}
    view = _build_main_view(main, postings, views)
    fields = list(code_lookup.load_fields_by_name(document.installation).values())
    source = build_source_view(
        document,
        build_record_namer(session, document.installation),
        {field.name: field.label for field in fields},
    )
    # What belongs to the document itself comes first, the files after it; each newest first.
    in_order = sorted(
        postings, key=lambda posting: (posting.operation == Operation.ATTACH, -posting.id)
    )
    return {
        "postings": in_order,
        "payload_views": views,
        "states": {
            posting.id: parts.get(posting.id) or _get_replaced_state(posting)
            for posting in postings
        },
        "page_urls": {
            posting.id: _build_page_address(posting)
            for posting in postings
            if parts.get(posting.id) == DocumentState.POSTED
        },
        "main_view": view,
        "source": source,
        "facts": pair_facts(document, source, view, fields),
        "framed_file": source_files.choose_framed_file(document, source.attachments),
        "main_file": source_files.find_main_file(document, source.attachments),
        "line_pairs": pair_lines(source.lines, view.lines) if view and view.lines else [],
    }


def _build_state_values(
    session: Session, document: SourceDocument, main: Posting | None, state: str
) -> dict[str, Any]:
    """Return the state of a document, what is paid of it, and what the person may do with it."""
    payment = _build_payment(session, main, state)
    is_posted = state == DocumentState.POSTED and document.kind not in LIST_KINDS
    is_removable = is_posted and not document.installation.company.is_disconnected
    may_act = may_here("operator")
    return {
        "state": state,
        "badge_state": _get_badge_state(state, main, payment),
        "payment": payment,
        "number_in_quickbooks": _find_other_number(session, main, state),
        "undoable_posting_id": main.id if main and is_removable and may_act else None,
        "can_post_again": main is not None and may_act and retries.is_repostable(document, state),
        "revocable_skips": retries.find_revocable_skips(session, document) if may_act else set(),
    }


def _build_main_view(
    main: Posting | None,
    postings: Sequence[Posting],
    views: dict[int, display.TransactionView | None],
) -> display.TransactionView | None:
    """Return the content of the main posting, to stand beside the source.

    Return None if the document is posted in several parts, because its lines are divided among
    them.
    """
    parts = {posting.part for posting in postings if posting.operation != Operation.ATTACH}
    if main is None or len(parts) > 1:
        return None
    return views.get(main.id)


def _build_payment(session: Session, main: Posting | None, state: str) -> Payment | None:
    """Return the payment of a posted bill or invoice; None while QuickBooks has no balance."""
    if main is None or state != DocumentState.POSTED:
        return None
    head = _find_payable_head(session, main)
    if head is None or head.balance is None or not head.total:
        return None
    return Payment(head.total - head.balance, head.balance)


def _find_other_number(session: Session, main: Posting | None, state: str) -> str:
    """Return the number of a posted transaction in QuickBooks; "" if it is the posted one."""
    if main is None or state != DocumentState.POSTED or main.kind in LIST_KINDS:
        return ""
    head = session.get(TransactionHead, (main.company_id, main.kind, main.quickbooks_id or ""))
    if head is None or head.number in (main.number, main.summary.number):
        return ""
    return head.number


def _find_payable_head(session: Session, main: Posting) -> TransactionHead | None:
    """Return the head of a bill or invoice in QuickBooks; None for other kinds."""
    if main.kind not in PAYABLE_KINDS:
        return None
    key = main.company_id, main.kind, main.quickbooks_id or ""
    return session.get(TransactionHead, key)


def _get_badge_state(state: str, main: Posting | None, payment: Payment | None) -> str:
    """Return the state for the badge: of a posted bill or invoice, whether it is paid."""
    if main is None or payment is None:
        return state
    return find_payment_state(state, main.kind, payment.paid + payment.open, payment.open)


def _load_in_order(
    session: Session, model: type[Row], *conditions: ColumnElement[bool]
) -> list[Row]:
    """Return the rows of a table that fit all conditions, oldest first."""
    query = select(model).where(*conditions).order_by(model.id)
    return list(session.scalars(query))


def _get_replaced_state(posting: Posting) -> str:
    """Return the state to show for a posting that no longer counts, or for a file."""
    is_file = posting.operation == Operation.ATTACH
    if posting.state == PostingState.POSTED and not is_file:
        return "replaced"
    return posting.state


def _build_payload_view(session: Session, posting: Posting) -> display.TransactionView | None:
    """Return the payload as a person reads it; None for operations without content."""
    if posting.operation not in WRITE_OPERATIONS:
        return None
    return display.view_payload(session, posting.company_id, posting.kind, posting.payload)


def _build_page_address(posting: Posting) -> str | None:
    """Return where a person opens the posted transaction."""
    if not posting.quickbooks_id:
        return None
    return find_page(posting.kind, posting.quickbooks_id)


def _group_by_posting(rows: Sequence[Any]) -> dict[int, list[Any]]:
    """Group rows by the id of their posting, in the order in which they come."""
    by_posting: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        by_posting[row.posting_id].append(row)
    return dict(by_posting)


def _list_events(records: DocumentRecords) -> list[TimelineEvent]:
    """Return the history of a document, with reasons in the language of the person."""
    with viewer.translate_reasons():
        return build_timeline(records)
