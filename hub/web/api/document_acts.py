"""The actions on one document in the API: check it, post it again, or remove it."""

from collections.abc import Callable
from typing import Any

from flask import abort
from marshmallow import Schema, fields

from hub.db.engine import read_only_session
from hub.models import Installation, Posting, SourceDocument
from hub.models.enums import RunKind
from hub.posting.actions import document_repetition, retries, undo
from hub.posting.actions.undo import UndoPlan
from hub.scheduling import dry_run, run_log
from hub.web.api import documents, problems, release_scope
from hub.web.api.documents import DocumentWithPostingsSchema
from hub.web.api.resources import PREFIX, ConfirmationSchema, Resource, operation
from hub.web.authentication.access import person_name
from hub.web.frame.lookup import get_row_or_404
from hub.web.lists.document_rows import load_state_and_main_posting

CONFIRM_MESSAGE = "It is removed from QuickBooks. Send confirmed: true to do so."
NOTHING_REMOVED = "Nothing was removed: it is being removed already, or has changed meanwhile."
resource = Resource(
    "api_document_acts",
    __name__,
    url_prefix=f"{PREFIX}/documents/<int:document_id>",
    description="what is done with a document on its own page",
)


class CheckSchema(Schema):
    """What would stop a document."""

    reasons = fields.List(
        fields.String(), required=True, metadata={"description": "empty if nothing would"}
    )


class RemovalSchema(Schema):
    """Whether a document can be removed from QuickBooks."""

    removable = fields.Boolean(required=True)
    reasons = fields.List(fields.String(), required=True, metadata={"description": "why not"})


@operation(resource, "/check", method="POST", role="operator", response=CheckSchema)
def check(document_id: int) -> Any:
    """Return what would stop a document by the rules of posting; nothing is written."""
    with read_only_session() as session:
        get_row_or_404(session, SourceDocument, document_id)
    return {"reasons": dry_run.check(document_id)}


@operation(
    resource, "/post-again", method="POST", role="operator", response=DocumentWithPostingsSchema
)
def post_again(document_id: int) -> Any:
    """Post a document again that is no longer in QuickBooks; it is looked for there first."""
    with read_only_session() as session:
        installation = get_row_or_404(session, SourceDocument, document_id).installation
    posting_id = _load_main_posting_id(document_id)
    return _release(document_id, installation, posting_id, document_repetition.post_document_again)


@operation(
    resource,
    "/postings/<int:posting_id>/take-back-skip",
    method="POST",
    role="operator",
    response=DocumentWithPostingsSchema,
)
def take_back_skip(document_id: int, posting_id: int) -> Any:
    """Have a skipped posting of a document sent after all, from what its source has now."""
    with read_only_session() as session:
        installation = get_row_or_404(session, SourceDocument, document_id).installation
        posting = get_row_or_404(session, Posting, posting_id)
        if posting.document_id != document_id:
            abort(404)
    return _release(document_id, installation, posting_id, retries.take_back_skip)


@operation(resource, "/removal", role="operator", response=RemovalSchema)
def plan_removal(document_id: int) -> Any:
    """Return whether a document can be removed from QuickBooks, and why not."""
    plan = undo.plan_posting(_load_main_posting_id(document_id))
    return {
        "removable": bool(plan.removable),
        "reasons": [str(posting.reason) for posting in plan.blocked],
    }


@operation(
    resource,
    "/removal",
    method="POST",
    role="operator",
    body=ConfirmationSchema,
    response=DocumentWithPostingsSchema,
)
def remove(document_id: int, body: dict[str, Any]) -> Any:
    """Remove a document from QuickBooks; a run carries it out."""
    plan = undo.plan_posting(_load_main_posting_id(document_id))
    if not body["confirmed"]:
        return problems.build_problem(409, CONFIRM_MESSAGE)
    if not plan.removable:
        return problems.build_problem(409, _get_first_reason(plan))
    if not undo.undo(plan, person_name()):
        return problems.build_problem(409, NOTHING_REMOVED)
    for installation_id in {removable.posting.installation_id for removable in plan.removable}:
        run_log.request(RunKind.POST, installation_id, person_name())
    return documents.load(document_id)


def _release(
    document_id: int, installation: Installation, posting_id: int, act: Callable[[int, str], None]
) -> Any:
    """Do an act that posts what the source has now, if the token may approve it."""
    problem = release_scope.find_problem([posting_id], posts_again=True)
    if problem:
        return problem
    act(posting_id, person_name())
    if installation.can_run:
        run_log.request(RunKind.SYNC, installation.id, person_name())
    return documents.load(document_id)


def _get_first_reason(plan: UndoPlan) -> str:
    """Return why a document cannot be removed."""
    reasons = [str(posting.reason) for posting in plan.blocked]
    return reasons[0] if reasons else "It is not in QuickBooks."


def _load_main_posting_id(document_id: int) -> int:
    """Return the id of the main posting of a document, or abort with 404."""
    with read_only_session() as session:
        document = get_row_or_404(session, SourceDocument, document_id)
        _, main = load_state_and_main_posting(session, document)
        if main is None:
            abort(404)
        return session.get_one(Posting, main.id).id
