"""Documents in the API: what the source has, and its result in QuickBooks."""

from typing import Any

from flask import request
from marshmallow import Schema, ValidationError, fields
from sqlalchemy import select

from hub.db.engine import read_only_session
from hub.models import Posting, SourceDocument
from hub.web.api.resources import (
    PREFIX,
    Amount,
    PageQuery,
    Resource,
    build_choice_field,
    build_formatted_field,
    build_id_field,
    build_text_field,
    list_of,
    operation,
    to_list,
)
from hub.web.authentication.access import ANYWHERE
from hub.web.frame.kind_labels import KIND_LABELS
from hub.web.frame.lookup import get_row_or_404
from hub.web.frame.paging import load_page
from hub.web.lists.document_filters import (
    SHOWN_STATES,
    SORT_ORDERS,
    get_order,
    parse_amounts,
    read_document_filters,
    select_ids,
)
from hub.web.lists.document_rows import ListedDocument, ListedPosting, describe, load_rows

resource = Resource(
    "api_documents", __name__, url_prefix=f"{PREFIX}/documents", description="documents of sources"
)


class DocumentSchema(Schema):
    """A document of a source, with its state in QuickBooks."""

    id = fields.Integer(required=True)
    app = fields.String(required=True)
    installation_id = fields.Integer(required=True)
    company_id = fields.Integer(required=True)
    source_id = fields.String(required=True)
    kind = fields.String(required=True)
    number = fields.String(required=True)
    party = fields.String(required=True, metadata={"description": "supplier or customer"})
    date = fields.Date(required=True, allow_none=True)
    due = fields.Date(required=True, allow_none=True)
    total = Amount(required=True, allow_none=True)
    currency = fields.String(required=True)
    state = fields.String(required=True)
    reason = fields.String(required=True, metadata={"description": "why it is not posted"})
    quickbooks_id = fields.String(required=True, allow_none=True)


class PostingSchema(Schema):
    """One write to QuickBooks for a document."""

    id = fields.Integer(required=True)
    kind = fields.String(required=True)
    operation = fields.String(required=True)
    state = fields.String(required=True)
    reason = fields.String(required=True)
    quickbooks_id = fields.String(required=True, allow_none=True)
    number = fields.String(required=True)
    total = Amount(required=True, allow_none=True)
    currency = fields.String(required=True)
    changed_at = fields.AwareDateTime(required=True)


class DocumentWithPostingsSchema(DocumentSchema):
    """A document with everything that was, or will be, written for it."""

    postings = fields.List(fields.Nested(PostingSchema), required=True)


def check_amounts(text: str) -> None:
    """Refuse what is neither one amount nor two; an empty filter chooses all documents."""
    if text.strip() and parse_amounts(text.strip()) is None:
        raise ValidationError("Send one amount such as 1250.50, or two such as 1000-2000.")


class DocumentQuery(PageQuery):
    """The filters of the list of documents."""

    q = build_text_field("words in number, party and text")
    installation = build_id_field("the id of an installation")
    state = build_choice_field(SHOWN_STATES)
    kind = build_choice_field(KIND_LABELS)
    first_day = fields.Date(data_key="from", metadata={"description": "first date"})
    last_day = fields.Date(data_key="to", metadata={"description": "last date"})
    amount = build_formatted_field(
        "an amount, or two such as 1000-2000", text_format="amounts", check=check_amounts
    )
    run = build_id_field("the id of a run that posted, corrected or removed something of them")
    sort = build_choice_field(
        SORT_ORDERS, "documents without this date or amount are not listed in its order"
    )


@operation(
    resource, "/", role="viewer", of=ANYWHERE, query=DocumentQuery, response=list_of(DocumentSchema)
)
def index(query: dict[str, Any]) -> Any:
    """List documents, the newest first unless `sort` says otherwise."""
    filters = read_document_filters(request.args)
    order = get_order(filters)
    with read_only_session() as session:
        documents = load_page(
            session,
            select_ids(session, filters),
            order_by=order.columns,
            is_descending=order.is_descending,
        )
        rows = load_rows(session, documents.rows)
        return to_list(documents, [_describe(*row) for row in rows])


@operation(resource, "/<int:document_id>", role="viewer", response=DocumentWithPostingsSchema)
def one(document_id: int) -> Any:
    """Return a document with all its postings, oldest first."""
    return load(document_id)


def load(document_id: int) -> dict[str, Any]:
    """Return a document with its postings as the API answers it, or abort with 404."""
    with read_only_session() as session:
        get_row_or_404(session, SourceDocument, document_id)
        (row,) = load_rows(session, [document_id])
        of_document = select(Posting).where(Posting.document_id == document_id)
        postings = session.scalars(of_document.order_by(Posting.id)).all()
        return _describe(*row) | {"postings": [_describe_posting(posting) for posting in postings]}


def _describe(
    document: ListedDocument, posting: ListedPosting | None, state: str
) -> dict[str, Any]:
    """Return a document as the API answers it, with the last id that it had in QuickBooks."""
    row = describe(document, posting, state)
    return row | {"quickbooks_id": posting.quickbooks_id if posting else None}


def _describe_posting(posting: Posting) -> dict[str, Any]:
    """Return a posting as the API answers it."""
    return {
        "id": posting.id,
        "kind": posting.kind,
        "operation": posting.operation,
        "state": posting.state,
        "reason": posting.reason,
        "quickbooks_id": posting.quickbooks_id,
        "number": posting.number,
        "total": posting.total,
        "currency": posting.currency,
        "changed_at": posting.changed_at,
    }
