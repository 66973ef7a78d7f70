"""The review: exactly what will be posted, beside what QuickBooks holds; approve all or some."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub import outbox
from hub.context import current
from hub.db.engine import reading, transaction
from hub.installations import enable
from hub.models import Installation, Posting, SourceDocument
from hub.models.enums import InstallationMode, Operation, PostingState, RunKind
from hub.outbox import approvals
from hub.qbo import display
from hub.scheduling import run_log
from hub.security import audit
from hub.web import confirmation, listed_rows
from hub.web.access import fresh, needs, who
from hub.web.installation import in_review, left_out, tabs
from hub.web.layout import may_configure
from hub.web.paging import page, row_or_404
from hub.web.second_approvals import Outcome, SecondApprovals, flash_outcome
from hub.web.source_view import money

PAGE_SIZE = 20
CHUNK = 500  # postings approved in one transaction
MAX_APPROVED = 20_000  # postings in one approval, so that their list fits into a form
# An approval of more postings asks again who it is, as `hub.web.confirmation` describes.
MAX_UNCONFIRMED = 50
MAX_LISTED = 500  # rows on the page that asks for confirmation
REMOVING = (Operation.DELETE, Operation.VOID)
pages = Blueprint("review", __name__, url_prefix="/installations/<int:installation_id>/review")


@dataclass(frozen=True)
class Preview:
    """A posting, what it says, what the document's last posting said, and where they differ."""

    posting: Posting
    seal: str
    planned: display.TransactionView | None
    posted: display.TransactionView | None
    differs: set[str]


class Waiting(NamedTuple):
    """A posting in review as a list shows it."""

    id: int
    document_id: int
    operation: str
    kind: str
    total: Decimal | None
    currency: str
    planned: str
    number: str
    source_id: str
    party: str


@pages.get("/")
@needs("viewer")
def show(installation_id: int) -> str:
    """List what waits for approval, oldest first."""
    with reading() as session:
        installation = row_or_404(session, Installation, installation_id)
        query = select(Posting).where(*in_review(installation_id))
        postings = page(session, query, by=[Posting.id], down=False, size=PAGE_SIZE)
        previews = [preview(session, posting) for posting in postings.rows]
        context = tabs(session, installation)
        sums = _sums_in_review(session, installation_id)
        return render_template(
            "review.html",
            page=postings,
            previews=previews,
            sums=sums,
            second_approvals=SecondApprovals.of(session, postings.rows),
            left_out=left_out(session, installation_id),
            asks_for_automatic=_may_become_automatic(installation),
            **context,
        )


@pages.get("/approve")
@needs("operator")
def confirm(installation_id: int) -> str | Response:
    """List what is about to be approved with its sum, and ask for confirmation."""
    with reading() as session:
        installation = row_or_404(session, Installation, installation_id)
        which = request.args.get("which", "selected")
        chosen = None if which == "all" else listed_rows.from_pairs(request.args.getlist(which))
        rows = list(_waiting(session, installation_id, chosen))
        second_approvals = SecondApprovals.of(session, rows)
        context = tabs(session, installation)
    unchanged = []
    for row in rows:
        if chosen is None or listed_rows.is_same(chosen.get(row.id), row.planned):
            unchanged.append(row)
    changed = 0
    if chosen is not None:
        changed = len(chosen) - len(unchanged)
    if not unchanged:
        if changed:
            _flash_changed(changed)
        else:
            flash("Select at least one document.", "look")
        return redirect(url_for("review.show", installation_id=installation_id))
    return render_template(
        "approve.html",
        rows=unchanged[:MAX_LISTED],
        count=len(unchanged),
        more=unchanged[MAX_LISTED:],
        left=context["to_review"] - len(unchanged),
        changed=changed,
        sums=_sums(unchanged),
        more_sums=_sums(unchanged[MAX_LISTED:]),
        removed=sum(row.operation in REMOVING for row in unchanged),
        firsts=second_approvals.count_firsts(row.id for row in unchanged),
        listed=listed_rows.encode({row.id: row.planned for row in unchanged}),
        **context,
    )


@pages.post("/approve")
@needs("operator")
def approve(installation_id: int) -> Response | str:
    """Approve exactly what was listed; what has changed since then stays in review."""
    with reading() as session:
        row_or_404(session, Installation, installation_id)
    chosen = listed_rows.decode(request.form.get("listed", ""))
    ids = sorted(chosen)
    if len(ids) > MAX_UNCONFIRMED:
        question: Response | str | None = confirmation.ask()
        if question is not None:
            return question
    outcome = Outcome()
    for start in range(0, len(ids), CHUNK):
        chunk_ids = ids[start : start + CHUNK]
        seals = {id: chosen[id] for id in chunk_ids}
        outcome = outcome.plus(_approve(installation_id, seals))
    approved = outcome.released
    if approved:
        _note_preview(installation_id)
        run_log.request(RunKind.POST, installation_id, who())
        documents = "document" if approved == 1 else "documents"
        flash(f"Approved {approved:,} {documents}. Posting now.", "success")
        waiting = _count_waiting(installation_id, chosen)
        _flash_waiting(waiting)
    flash_outcome(outcome)
    _flash_changed(len(ids) - sum(outcome))
    return redirect(url_for("review.show", installation_id=installation_id))


@pages.post("/automatic")
@needs("app-owner")
@fresh
def automatic(installation_id: int) -> Response:
    """Let the app post without review from now on.

    Without a first approval the mode stays as it is.
    """
    with reading() as session:
        installation = row_or_404(session, Installation, installation_id)
    if not may_configure(installation):
        abort(403)
    if _may_become_automatic(installation):
        enable.set_mode(installation.id, "auto", who=who())
        run_log.request(RunKind.SYNC, installation_id, who())
        flash("New documents are now posted automatically.", "success")
    return redirect(url_for("review.show", installation_id=installation_id))


def preview(session: Session, posting: Posting) -> Preview:
    """Return a posting as it will be sent."""
    planned = display.view_payload(session, posting.company_id, posting.kind, posting.payload)
    earlier = select(Posting).where(
        Posting.document_id == posting.document_id,
        Posting.part == posting.part,
        Posting.state == PostingState.POSTED,
        Posting.id < posting.id,
    )
    posted = session.scalar(earlier.order_by(Posting.id.desc()).limit(1))
    present = None
    if posted is not None:
        present = display.view_payload(session, posted.company_id, posted.kind, posted.payload)
    differs = set()
    if planned and present:
        differs = display.differences(planned, present)
    seal = listed_rows.pair(posting.id, posting.planned)
    return Preview(posting, seal, planned, present, differs)


def _waiting(
    session: Session, installation_id: int, chosen: Mapping[int, str] | None
) -> Iterable[Waiting]:
    """Return what is in review, oldest first: all, or the chosen ones."""
    columns = (
        Posting.id,
        Posting.document_id,
        Posting.operation,
        Posting.kind,
        Posting.total,
        Posting.currency,
        Posting.planned,
        SourceDocument.number,
        SourceDocument.source_id,
        SourceDocument.party,
    )
    query: Any = select(*columns).join(SourceDocument)
    query = query.where(*in_review(installation_id)).order_by(Posting.id).limit(MAX_APPROVED)
    if chosen is not None:
        query = query.where(Posting.id.in_(chosen))
    return (Waiting(*row) for row in session.execute(query))


def _approve(installation_id: int, seals: Mapping[int, str]) -> Outcome:
    """Approve those of the listed postings that are as they were listed.

    One that needs two people is released by the second of them. `seals` holds the digest of each
    as it was listed, by id; the audit log keeps it.
    """
    query = (
        select(Posting.id, Posting.planned)
        .where(*in_review(installation_id))
        .where(Posting.id.in_(seals))
        .with_for_update()
    )
    with transaction() as session:
        unchanged = {}
        for id, planned in session.execute(query):
            if listed_rows.is_same(seals[id], planned):
                unchanged[id] = planned
        given = approvals.add(session, unchanged, who())
        lacking = approvals.lacking(session, unchanged)
        released = {id: seal for id, seal in unchanged.items() if id not in lacking}
        first = {id: seal for id, seal in unchanged.items() if id in lacking & given}
        outbox.approve(session, released, who())
        _record(session, "posting approved", released)
        _record(session, "first approval given", first)
    return Outcome(len(released), len(first), len(lacking - given))


def _record(session: Session, what: str, seals: Mapping[int, str]) -> None:
    """Record an act on each posting with the digest of what was approved."""
    details = {str(id): {"seal": seal} for id, seal in seals.items()}
    audit.record_each(session, who(), what, details)


def _count_waiting(installation_id: int, approved: Collection[int]) -> int:
    """Count those of the approved postings that need a record which is still in review.

    A person who approved them should approve the new supplier, customer or item too.
    """
    waiting = select(Posting.id, Posting.payload).where(
        Posting.installation_id == installation_id,
        Posting.state == PostingState.WAITING,
        Posting.after_id.is_not(None),
    )
    still_in_review = select(Posting.id).where(*in_review(installation_id))
    count = 0
    with reading() as session:
        ids_in_review = set(session.scalars(still_in_review))
        for id, payload in session.execute(waiting):
            if id not in approved:
                continue
            awaited = outbox.awaited_ids(payload)
            count += not ids_in_review.isdisjoint(awaited)
    return count


def _flash_waiting(count: int) -> None:
    """Say how many approved documents wait for something else."""
    which = "a new supplier, customer or item that is still in review"
    if count == 1:
        flash(f"1 document waits for {which}; approve that too.", "look")
    elif count:
        flash(f"{count:,} documents wait for {which}; approve that too.", "look")


def _note_preview(installation_id: int) -> None:
    """Note that a person has approved postings; only then is automatic posting offered."""
    with transaction() as session:
        installation = session.get_one(Installation, installation_id)
        if installation.previewed_at is None:
            installation.previewed_at = current().clock.now()


def _may_become_automatic(installation: Installation) -> bool:
    """Tell whether to offer posting without review.

    Only after a first approval, and to a person who may decide it.
    """
    if installation.mode != InstallationMode.REVIEW or installation.previewed_at is None:
        return False
    return may_configure(installation)


def _flash_changed(count: int) -> None:
    """Say how many documents changed since they were shown."""
    if count == 1:
        flash("1 document changed since it was listed and stays in review.", "look")
    elif count:
        flash(f"{count:,} documents changed since they were listed and stay in review.", "look")


def _sums(rows: Iterable[Waiting]) -> list[str]:
    """Add up what is posted, by currency; credits count as negative, removals not at all."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        _add(sums, row.kind, row.operation, row.currency, row.total)
    return _amounts(sums)


def _sums_in_review(session: Session, installation_id: int) -> list[str]:
    """Return the total to approve in each currency as text, summed by the database."""
    columns = Posting.kind, Posting.operation, Posting.currency
    totals = (
        select(*columns, func.sum(Posting.total))
        .where(*in_review(installation_id))
        .group_by(*columns)
    )
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for kind, operation, currency, total in session.execute(totals):
        _add(sums, kind, operation, currency, total)
    return _amounts(sums)


def _add(
    sums: dict[str, Decimal], kind: str, operation: str, currency: str, total: Decimal | None
) -> None:
    """Add the total of one kind and operation; removals do not count."""
    if not total or operation in REMOVING:
        return
    if kind in outbox.CREDIT_KINDS:
        total = -total
    sums[currency] += total


def _amounts(sums: Mapping[str, Decimal]) -> list[str]:
    """Return the sums as text, one for each currency, sorted by its code."""
    amounts = []
    for currency, total in sorted(sums.items()):
        amounts.append(money(total, currency))
    return amounts
