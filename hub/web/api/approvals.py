"""Documents that wait for approval in the API: what would be posted, and its approval."""

from typing import Any

from marshmallow import Schema, fields, validate

from hub.context import current_hub
from hub.db.engine import read_only_session
from hub.models import Installation
from hub.security import api_tokens
from hub.web.api import problems
from hub.web.api.resources import (
    PREFIX,
    Amount,
    PageQuery,
    Resource,
    build_id_field,
    list_of,
    operation,
    to_list,
)
from hub.web.api.transactions import TransactionSchema, describe_transaction
from hub.web.authentication.access import person_name
from hub.web.frame import listed_rows
from hub.web.frame.lookup import get_row_or_404
from hub.web.postings import review_approvals, review_rows
from hub.web.postings.review_rows import PostingPreview
from hub.web.postings.second_approvals import SecondApprovals
from hub.web.transactions.present_transactions import Basis, ChangePreview

TOO_MANY_MESSAGE = (
    "One call approves at most {most} documents; more are approved on the page Review, which asks"
    " who you are."
)
COMPARED_WITH = {
    Basis.NOW: "quickbooks",
    Basis.MISSING: "missing",
    Basis.LAST_POSTED: "last_posting",
}
resource = Resource(
    "api_approvals",
    __name__,
    url_prefix=f"{PREFIX}/installations/<int:installation_id>/approvals",
    description="what waits for the approval of a person before it is posted",
)


class ApproverSchema(Schema):
    """Somebody who has approved a posting as it is."""

    person = fields.String(required=True, attribute="who")
    at = fields.AwareDateTime(required=True)


class WaitingPostingSchema(Schema):
    """A posting that waits for approval: what it would write, and what it would change."""

    posting_id = fields.Integer(required=True)
    version = fields.String(
        required=True, metadata={"description": "names what is listed; it changes with the content"}
    )
    document_id = fields.Integer(required=True)
    source_id = fields.String(required=True)
    kind = fields.String(required=True)
    operation = fields.String(required=True)
    number = fields.String(required=True)
    party = fields.String(required=True, metadata={"description": "supplier or customer"})
    date = fields.Date(required=True, allow_none=True)
    due = fields.Date(required=True, allow_none=True)
    total = Amount(required=True, allow_none=True)
    currency = fields.String(required=True)
    planned = fields.Nested(
        TransactionSchema, required=True, allow_none=True, metadata={"description": "what to write"}
    )
    posted = fields.Nested(
        TransactionSchema,
        required=True,
        allow_none=True,
        metadata={"description": "what was written before, null if it is new"},
    )
    changes = fields.String(required=True, metadata={"description": "what differs between both"})
    warnings = fields.List(fields.String(), required=True)
    needs_two_people = fields.Boolean(required=True)
    approved_by = fields.List(fields.Nested(ApproverSchema), required=True)


class ComparisonSchema(Schema):
    """A change or a removal that waits for approval, beside what QuickBooks has at this moment."""

    posting_id = fields.Integer(required=True)
    version = fields.String(required=True)
    compared_with = fields.String(
        required=True,
        validate=validate.OneOf(COMPARED_WITH.values()),
        metadata={"description": "`last_posting` if QuickBooks could not be read"},
    )
    present = fields.Nested(
        TransactionSchema,
        required=True,
        allow_none=True,
        metadata={"description": "what it is compared with; null if QuickBooks has it no more"},
    )
    changes = fields.String(required=True, metadata={"description": "what differs between both"})
    failure = fields.String(
        required=True, metadata={"description": "why QuickBooks could not be read, or empty"}
    )


class ListedPostingSchema(Schema):
    """A posting in the version that the list showed."""

    posting_id = build_id_field("the id of a posting that the list showed", is_required=True)
    version = fields.String(
        required=True,
        validate=validate.Regexp(f"^[0-9a-f]{{{listed_rows.SEAL_DIGITS}}}$"),
        metadata={"description": "its version in the list"},
    )


class ApprovalSchema(Schema):
    """What is approved."""

    postings = fields.List(
        fields.Nested(ListedPostingSchema),
        required=True,
        validate=validate.Length(1, review_rows.MAX_APPROVED),
    )


class ApprovalOutcomeSchema(Schema):
    """The outcome for each posting of an approval, by id."""

    approved = fields.List(
        fields.Integer(),
        required=True,
        attribute="released",
        metadata={"description": "posted by the run"},
    )
    first_approvals = fields.List(
        fields.Integer(),
        required=True,
        attribute="first",
        metadata={"description": "a second person must approve them too"},
    )
    approved_before = fields.List(
        fields.Integer(),
        required=True,
        attribute="repeated",
        metadata={"description": "by the same person; another one must approve them too"},
    )
    changed = fields.List(
        fields.Integer(),
        required=True,
        metadata={"description": "not as they were listed, or not in review; not approved"},
    )
    run_id = fields.Integer(
        required=True, allow_none=True, metadata={"description": "the run that posts them"}
    )


@operation(resource, "/", role="viewer", query=PageQuery, response=list_of(WaitingPostingSchema))
def index(installation_id: int, query: dict[str, Any]) -> Any:
    """List what waits for approval, oldest first, as it would be written to QuickBooks."""
    with read_only_session() as session:
        get_row_or_404(session, Installation, installation_id)
        page = review_rows.load_page_in_review(session, installation_id)
        second_approvals = SecondApprovals.of(session, page.rows)
        rows = review_rows.build_previews(session, page.rows)
        return to_list(page, [_describe(row, second_approvals) for row in rows])


@operation(
    resource, "/comparisons", role="operator", query=PageQuery, response=list_of(ComparisonSchema)
)
def compare(installation_id: int, query: dict[str, Any]) -> Any:
    """Compare the changes and removals on a page of the list with what QuickBooks has now.

    It reads QuickBooks for up to five seconds. The pages are those of the list, so one without
    changes is empty.
    """
    read = review_rows.read_page_now(installation_id)
    with read_only_session() as session:
        page = review_rows.load_page_in_review(session, installation_id)
        rows = review_rows.build_previews(session, page.rows, read)
        comparisons = []
        for row in rows:
            if row.comparison is not None:
                comparisons.append(_describe_comparison(row, row.comparison, read.failure))
        return to_list(page, comparisons)


@operation(
    resource,
    "/",
    method="POST",
    role="operator",
    scope=api_tokens.APPROVE,
    body=ApprovalSchema,
    response=ApprovalOutcomeSchema,
)
def approve(installation_id: int, body: dict[str, Any]) -> Any:
    """Approve postings in the version that the list showed; those that changed are not approved."""
    with read_only_session() as session:
        get_row_or_404(session, Installation, installation_id)
    versions = {approval["posting_id"]: approval["version"] for approval in body["postings"]}
    if review_approvals.is_bulk(len(versions)):
        most = current_hub().config.confirm_approvals_above
        return problems.build_problem(403, TOO_MANY_MESSAGE.format(most=most))
    return review_approvals.approve(installation_id, versions, person_name())


def _describe_comparison(
    row: PostingPreview, comparison: ChangePreview, failure: str
) -> dict[str, Any]:
    """Return a change or a removal beside what QuickBooks has as the API answers it."""
    return {
        "posting_id": row.posting.id,
        "version": listed_rows.shorten(row.posting.planned),
        "compared_with": COMPARED_WITH[comparison.basis],
        "present": describe_transaction(comparison.view),
        "changes": row.changes,
        "failure": failure if comparison.basis == Basis.LAST_POSTED else "",
    }


def _describe(row: PostingPreview, second_approvals: SecondApprovals) -> dict[str, Any]:
    """Return a posting in review as the API answers it."""
    posting, document = row.posting, row.posting.document
    return {
        "posting_id": posting.id,
        "version": listed_rows.shorten(posting.planned),
        "document_id": document.id,
        "source_id": document.source_id,
        "kind": posting.kind,
        "operation": posting.operation,
        "number": document.number,
        "party": document.party,
        "date": document.date,
        "due": document.due,
        "total": posting.total,
        "currency": posting.currency,
        "planned": describe_transaction(row.planned),
        "posted": describe_transaction(row.posted),
        "changes": row.changes,
        "warnings": posting.warnings,
        "needs_two_people": posting.id in second_approvals.lacking,
        "approved_by": second_approvals.people.get(posting.id, ()),
    }
