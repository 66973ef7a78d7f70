"""One posting in review as QuickBooks would show it, with the files of the source."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub.db.engine import read_only_session
from hub.models import Posting
from hub.models.enums import PostingState
from hub.money import ZERO
from hub.outbox import approvals
from hub.qbo import display
from hub.web.apps.installation import build_tabs
from hub.web.authentication.access import require_role
from hub.web.documents import source_files
from hub.web.frame import listed_rows
from hub.web.frame.lookup import get_row_or_404
from hub.web.frame.moments import use_zone_of
from hub.web.frame.source_view import build_source_view
from hub.web.postings import review_rows
from hub.web.postings.review_rows import PostingPreview
from hub.web.postings.second_approvals import SecondApprovals
from hub.web.transactions import present_transactions

pages = Blueprint("preview", __name__)


@pages.get("/postings/<int:posting_id>/review")
@require_role("viewer")
def show(posting_id: int) -> str | Response:
    """Show a posting in review as a form; once it has left review, show its document."""
    with read_only_session() as session:
        posting = get_row_or_404(session, Posting, posting_id)
        if posting.state != PostingState.REVIEW:
            return redirect(url_for("documents.posting", posting_id=posting_id))
        use_zone_of(posting.document.installation)
        keys = review_rows.list_keys_to_read(session, [posting])
        company_id = posting.company_id
    read = present_transactions.read_now(company_id, keys)
    with read_only_session() as session:
        posting = get_row_or_404(session, Posting, posting_id)
        preview = review_rows.build_previews(session, [posting], read)[0]
        source = build_source_view(posting.document)
        files = source.attachments
        return render_template(
            "posting_preview.html",
            preview=preview,
            listed_rows=listed_rows.encode({posting.id: posting.planned}),
            posting=posting,
            document=posting.document,
            failure=read.failure,
            subtotal=_compute_subtotal(preview.planned),
            uses_own_rate=_uses_own_rate(preview),
            files=files,
            framed_types=source_files.OPENED_TYPES.values(),
            framed_file=source_files.choose_file(files, request.args.get("file", "")),
            warnings=source.warnings,
            second_approvals=SecondApprovals.of(session, [posting]),
            **_find_neighbors(session, posting),
            **build_tabs(session, posting.document.installation),
        )


def _uses_own_rate(preview: PostingPreview) -> bool:
    """Return whether QuickBooks converts a foreign currency with its own rate of that day."""
    posting, view = preview.posting, preview.planned
    company = posting.document.installation.company
    if view is None or posting.currency in ("", company.currency):
        return False
    return display.EXCHANGE_RATE not in dict(view.facts)


def _compute_subtotal(view: display.TransactionView | None) -> Any:
    """Return the sum of the lines if there is a tax to add to it; None otherwise."""
    if view is None or not view.tax:
        return None
    return sum((line.amount for line in view.lines if line.amount), ZERO)


def _find_neighbors(session: Session, posting: Posting) -> dict[str, int | None]:
    """Return the ids of the postings in review before and after this one."""
    others = approvals.build_review_conditions(posting.installation_id)
    before = select(func.max(Posting.id)).where(*others, Posting.id < posting.id)
    after = select(func.min(Posting.id)).where(*others, Posting.id > posting.id)
    return {"before": session.scalar(before), "after": session.scalar(after)}
